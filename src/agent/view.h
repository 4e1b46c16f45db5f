/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What 'ringwall-agent status' shows, as text for people or as one JSON object, and 'ringwall-agent metrics' for
 * Prometheus.
 */

#include "agent/controllers.h"
#include "agent/keeper.h"
#include "agent/renewal.h"
#include "agent/session.h"
#include "agent/state.h"

/* All borrowed. */
struct rw_agent_view {
	const struct rw_agent_place *place;
	const struct rw_keeper *keeper;
	const struct rw_agent_session *session;   /* NULL without a controller */
	const struct rw_renewal *renewal;         /* NULL without a controller */
	const char *node;                         /* name or id; "" = not known */
	const struct rw_controllers *controllers; /* NULL without a controller */
	const char *file;                         /* the model file of standalone mode, or NULL */
	const char *file_problem;                 /* why its newest form was refused, or "" */
	const char *orphan; /* why no controller is followed; NULL = one is, or none should be */
};

void rw_agent_view_write_json(const struct rw_agent_view *view, struct rw_buf *buf);
void rw_agent_view_write_text(const struct rw_agent_view *view, struct rw_buf *buf);

/* The text format of Prometheus; docs/metrics.md lists the families. */
void rw_agent_view_write_metrics(const struct rw_agent_view *view, struct rw_buf *buf);

/* The few of them that are known while no agent runs. */
void rw_agent_view_write_orphan_metrics(bool is_enforcing, uint64_t held, uint64_t lost, struct rw_buf *buf);

/* What all forms show, gathered once. */
struct rw_agent_facts {
	struct rw_keeper_status keeper;
	struct rw_agent_session_status session;
	struct rw_enforcer_status counters;
	bool has_counters;
	struct rw_enforcer_device_status devices[RW_ENFORCER_DEVICE_MAX];
	size_t device_count;
};
void rw_agent_view_gather(const struct rw_agent_view *view, struct rw_agent_facts *facts);

/* enforced, pending, shared, lost */
const char *rw_agent_hold_word(const struct rw_enforcer_device_status *device);
