/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What 'ringwall-agent status' shows, as text for people or as one JSON object. */

#include "agent/keeper.h"
#include "agent/session.h"
#include "agent/state.h"

/* All borrowed. */
struct rw_agent_view {
	const struct rw_agent_place *place;
	const struct rw_keeper *keeper;
	const struct rw_agent_session *session; /* NULL without a controller */
	const char *node;                       /* name or id; "" = not known */
	const char *server;                     /* NULL without a controller */
	const char *file;                       /* the model file of standalone mode, or NULL */
	const char *file_problem;               /* why its newest form was refused, or "" */
};

void rw_agent_view_write_json(const struct rw_agent_view *view, struct rw_buf *buf);
void rw_agent_view_write_text(const struct rw_agent_view *view, struct rw_buf *buf);
