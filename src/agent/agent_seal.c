/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_internal.h"

#include "base/log.h"

/* What the running agent keeps for the day on which its node must be sealed, and that day. */

void agent_seal(struct agent *agent)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = NULL;
	const struct rw_keeper_backend *backend = &agent->options->backend;
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_seal_load(&agent->options->place, &sealed, &err);

	if (r == RW_SEAL_ABSENT)
		return;
	if (r < 0) {
		agent_log_error(&err, "cannot seal this node");
		return;
	}
	if (r == RW_SEAL_DAMAGED)
		agent_log_error(&err, "what a sealed node must know is lost, too");
	/* What it held and is gone, or has only been learnt, keeps nobody out. */
	if (backend->is_deciding(backend->context)) {
		rw_log_warning("the programs of an earlier agent go on deciding until the controller speaks");
		return;
	}
	r = rw_keeper_seal(agent->keeper, sealed, &err);
	rw_keeper_status(agent->keeper, &status);
	if (status.sealed)
		rw_log_error("this node has enforced and no saved policy is of use: it is sealed until the "
			     "controller speaks or somebody detaches it");
	else if (r < 0)
		agent_log_error(&err, "this node cannot be sealed");
}

/* Writes or removes the mark, by the policy in force. */
static int mark(const struct agent *agent, const struct rw_policy *policy, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = NULL;

	if (policy->enforcement == RW_MONITOR) {
		rw_seal_remove(&agent->options->place);
		return 0;
	}
	sealed = rw_seal_make(policy);
	return sealed ? rw_seal_save(&agent->options->place, sealed, err) : rw_error_oom(err);
}

void agent_update_seal(struct agent *agent)
{
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;

	rw_keeper_status(agent->keeper, &status);
	if (!status.policy || !status.enforcing || status.policy == agent->marked)
		return;
	if (mark(agent, status.policy, &err) < 0) {
		/* Tried again every second; said once. */
		if (!agent->mark_failed)
			agent_log_error(&err, "cannot note that this node enforces");
		agent->mark_failed = true;
		return;
	}
	agent->mark_failed = false;
	agent_forget_seal(agent);
	agent->marked = rw_policy_ref(status.policy);
}

void agent_forget_seal(struct agent *agent)
{
	agent->marked = rw_policy_unref(agent->marked);
}

void agent_look_at_peers(struct agent *agent)
{
	RW_CLEANUP(rw_connections_done) struct rw_connections connections = {0};
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;

	rw_keeper_status(agent->keeper, &status);
	if (!status.policy || !status.enforcing || status.policy->enforcement == RW_MONITOR)
		return;
	if (rw_connections_read(status.links, &agent->reporter.listeners, &connections, &err) < 0)
		return;
	if (rw_seal_peers_look(&agent->peers, &connections, status.policy->ssh_ports,
			       status.policy->ssh_port_count,
			       rw_clock_monotonic_ns(agent->options->clock) / 1000000u) &&
	    rw_seal_peers_save(&agent->options->place, &agent->peers, &err) < 0)
		agent_log_error(&err, "cannot remember who comes in by SSH");
}
