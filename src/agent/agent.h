/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The running agent
 * =================
 *
 * One loop that owns all: the keeper of enforcement, the watch on links, the check once a second, the drop
 * events, the control socket, and where the policy comes from -- a controller (session and uplink) or a model
 * file.
 *
 * Start: the saved policy (or the file's) is put in force first, then the controller is called.  Signals:
 * SIGTERM and SIGINT end the agent and leave enforcement in force; SIGHUP reads the model file again.
 */

#include "agent/helper.h"
#include "agent/keeper.h"
#include "agent/state.h"
#include "base/clock.h"

struct rw_agent_options {
	struct rw_agent_place place;
	struct rw_keeper_backend backend; /* where enforcement comes from */
	const char *const *named;         /* --interface */
	size_t named_count;
	const struct rw_early_wishes *early; /* --early-drop */
	const char *file;                    /* model file of standalone mode; NULL = follow the controller */
	const char *node;                    /* in the model file: id or name */
	struct rw_helper *helper;            /* lent; NULL = this process may see what it would tell */
	const struct rw_clock *clock;
	const struct rw_random *random;
};

/*
 * Runs until a signal ends it.  0 after SIGTERM or SIGINT; negative when it could not start: no identity, no
 * enforcement possible, an unfit model file, another agent running.
 */
RW_NODISCARD int rw_agent_run(const struct rw_agent_options *options, struct rw_error *err);
