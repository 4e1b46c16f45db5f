/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What enforcing a monitored node would do
 * ========================================
 *
 * From what its agent reported last: listeners, live SSH sessions, connections that its policy would cut,
 * packets that it would have dropped.  Kept in memory only, one report deep; nothing of it is known after a
 * start until the agent has reported.  The verdicts are made anew when asked, by the newest policy, so that a
 * rule that was just added counts.
 */

#include "controller/change.h"
#include "controller/session.h"
#include "policy/evaluate.h"

struct rw_node_preview {
	struct rw_node_status status; /* lent, as rw_node_status_find gives it */
	struct rw_policy *policy;     /* owned: the newest, by which to judge */
	enum rw_enforcement cluster;  /* of its cluster; RW_ENFORCEMENT_INHERIT = it is in none */
	const struct rw_report_interface *interfaces; /* lent; without addresses */
	size_t interface_count;
	const struct rw_report_connection *connections; /* lent; those that the agent told */
	size_t connection_count;
	uint64_t connections_cut;    /* that the agent counted by the policy in force there */
	const uint64_t *would_drops; /* lent; by enum rw_cause */
};
void rw_node_preview_done(struct rw_node_preview *preview);
RW_DEFINE_DONE(struct rw_node_preview, rw_node_preview_done)

/*
 * Fills the preview of a managed node, by id or name; what is lent lasts until the next call.  -ENOENT; -ENOMEM.
 */
RW_NODISCARD int rw_node_preview_get(struct rw_controller *controller, const char *reference,
				     struct rw_node_preview *ret_preview, struct rw_error *err);

/*
 * Tries what setting a node or cluster (by id) to 'enforce' would do, as 'actor', and changes nothing:
 * ret_result->findings are the guards that would refuse.  Errors of rw_change_run.
 */
RW_NODISCARD int rw_preview_guards(struct rw_controller *controller, const struct rw_actor *actor,
				   enum rw_kind kind, const char *id, struct rw_change_result *ret_result,
				   struct rw_error *err);

/* Whether a connection would be cut by 'policy', and by what: see policy/preview.h. */
bool rw_node_preview_cuts(const struct rw_policy *policy, const struct rw_report_connection *connection,
			  struct rw_decision *ret_decision);
