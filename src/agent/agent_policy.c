/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/file_policy.h"
#include "base/log.h"

/* ---- from the controller, and from the disk ---- */

void agent_on_saved(void *context, const struct rw_error *err)
{
	(void)context;
	if (err)
		agent_log_error(err, "cannot save the policy for the next start");
}

/* From here on an agent that is killed must not go back to the saved policy. */
static void leave_saved_policy(struct agent *agent)
{
	rw_agent_policy_set_stale(&agent->options->place);
	rw_saver_want(agent->saver);
}

static void set_kept(struct agent *agent, const struct rw_policy *policy)
{
	struct rw_policy *reference = rw_policy_ref(policy);

	(void)rw_policy_unref(agent->kept);
	agent->kept = reference;
}

void agent_keep_policy(struct agent *agent)
{
	struct rw_keeper_status status;

	rw_keeper_status(agent->keeper, &status);
	if (!status.policy || status.policy == agent->kept)
		return;
	leave_saved_policy(agent);
	set_kept(agent, status.policy);
}

/*
 * Puts a policy in force.  0 also when it is, but not on every device: the keeper says so in its state and
 * tries on.  Negative: the old one stays.
 */
static int put_in_force(struct agent *agent, const struct rw_position *position,
			const struct rw_policy *policy, enum rw_established established, struct rw_error *err)
{
	struct rw_keeper_status status;
	int r = rw_keeper_set_policy(agent->keeper, position, policy, established, err);

	if (r == 0)
		return 0;
	rw_keeper_status(agent->keeper, &status);
	if (status.policy != policy)
		return r;
	agent_log_error(err, "the policy is not in force everywhere");
	return 0;
}

void agent_on_policy(void *context, const struct rw_position *position, const struct rw_policy *policy,
		     enum rw_established established)
{
	struct agent *agent = context;
	struct rw_error err = RW_ERROR_NONE;

	leave_saved_policy(agent);
	if (put_in_force(agent, position, policy, established, &err) < 0)
		rw_log_error("policy is not in force; the old one stays  revision=%llu reason=\"%s\"",
			     (unsigned long long)position->revision, err.text);
	else
		rw_log_info("policy in force  revision=%llu", (unsigned long long)position->revision);
}

void agent_on_question(void *context, uint64_t question, const struct rw_policy *policy)
{
	struct agent *agent = context;

	rw_reporter_judge(&agent->reporter, agent->keeper, question, policy);
	agent_release_memory();
}

void agent_on_confirm(void *context, const struct rw_position *position)
{
	struct agent *agent = context;

	rw_keeper_confirm(agent->keeper, position);
	rw_saver_want(agent->saver);
}

/* The same with a saved policy; false when it is not in force. */
static bool put_saved_in_force(struct agent *agent, const struct rw_position *position,
			       const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;
	bool done = put_in_force(agent, position, policy, RW_ESTABLISHED_CUT, &err) == 0;

	set_kept(agent, policy);
	if (!done)
		agent_log_error(&err, "the saved policy is not in force");
	else
		rw_log_info("saved policy in force  revision=%llu", (unsigned long long)position->revision);
	return done;
}

/* When the newest could be read but not be put in force. */
static bool fall_back(struct agent *agent)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;

	if (rw_agent_policy_load_previous(&agent->options->place, &position, &policy, NULL) != 0)
		return false;
	rw_log_warning("there is the one before it");
	return put_saved_in_force(agent, &position, policy);
}

/*
 * Whether a policy is in force already that an earlier agent left.  Its pins alone do not say so: the devices that they
 * held may have gone while no agent ran.
 */
static bool something_is_in_force(const struct agent *agent)
{
	const struct rw_keeper_backend *backend = &agent->options->backend;
	struct rw_keeper_status status;

	rw_keeper_status(agent->keeper, &status);
	return status.adopted && backend->is_deciding(backend->context);
}

/* Puts the newest policy in force that can be; false when there is none and nothing else is in force. */
static bool load_saved(struct agent *agent)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;
	struct rw_error err = RW_ERROR_NONE;
	bool is_held = something_is_in_force(agent);
	int r;

	if (is_held && rw_agent_policy_is_stale(&agent->options->place)) {
		rw_log_warning("a newer policy than the saved one is in force; it stays until another comes");
		return true;
	}
	r = rw_agent_policy_load(&agent->options->place, &position, &policy, &err);
	if (r < 0)
		agent_log_error(&err, "the saved policy is of no use; waiting for the controller's");
	if (r == RW_AGENT_POLICY_PREVIOUS)
		agent_log_error(&err, "the saved policy is of no use; there is the one before it");
	if (r != 0 && r != RW_AGENT_FILE_ABSENT && r != -ENOMEM)
		rw_agent_policy_set_unfit(&agent->options->place);
	if (r == RW_AGENT_POLICY_PREVIOUS && is_held) {
		rw_log_warning("what is in force is newer than that; it stays until the controller speaks");
		return true;
	}
	if (r != 0 && r != RW_AGENT_POLICY_PREVIOUS)
		return is_held;
	return put_saved_in_force(agent, &position, policy) || is_held || (r == 0 && fall_back(agent));
}

void agent_load_saved_policy(struct agent *agent)
{
	if (!load_saved(agent))
		agent_seal(agent);
	agent_release_memory();
}

/* ---- from the model file ---- */

int agent_derive_from_file(struct agent *agent, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position = {.incarnation = "file", .revision = agent->file_revision + 1};
	struct rw_file_machine machine = {
		.named = agent->options->named,
		.named_count = agent->options->named_count,
		.ssh_ports = agent->reporter.listeners.ssh_ports,
		.ssh_port_count = agent->reporter.listeners.ssh_port_count,
	};
	struct rw_keeper_status status;
	struct rw_policy_digest fresh, old;
	int r;

	rw_keeper_status(agent->keeper, &status);
	machine.links = status.links;
	r = rw_file_policy_derive(agent->model, agent->options->node, &machine, &policy, err);
	if (r < 0)
		return r;
	fresh = rw_policy_digest(policy);
	if (status.policy)
		old = rw_policy_digest(status.policy);
	if (status.policy && memcmp(&fresh, &old, sizeof(fresh)) == 0)
		return 0;
	agent->file_revision++;
	r = put_in_force(agent, &position, policy, RW_ESTABLISHED_CUT, err);
	if (r < 0)
		return r;
	leave_saved_policy(agent);
	rw_log_info("policy in force  file=%s reload=%llu", agent->options->file,
		    (unsigned long long)agent->file_revision);
	return 0;
}

int agent_load_file(struct agent *agent, struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *old = NULL;
	struct rw_model *model = NULL;
	int r = rw_file_model_load(agent->options->file, agent->options->node, &model, err);

	if (r < 0)
		return r;
	old = RW_TAKE_PTR(agent->model);
	agent->model = model;
	r = agent_derive_from_file(agent, err);
	if (r < 0 && old) {
		/* What is derived from now on, when links change, is the model in force. */
		model = agent->model;
		agent->model = RW_TAKE_PTR(old);
		old = model;
	}
	agent_release_memory();
	return r;
}

static void note_bad_file(struct agent *agent, const struct rw_error *err)
{
	(void)snprintf(agent->file_problem, sizeof(agent->file_problem), "%s%s%s",
		       err->field[0] ? err->field : "", err->field[0] ? ": " : "", err->text);
	agent_log_error(err, "model file refused; the old policy stays in force");
}

void agent_on_hangup(void *userdata)
{
	struct agent *agent = userdata;
	struct rw_error err = RW_ERROR_NONE;

	if (!agent->options->file) {
		rw_log_info("SIGHUP: nothing to read again; the policy comes from the controller");
		return;
	}
	agent->file_problem[0] = '\0';
	if (agent_load_file(agent, &err) < 0)
		note_bad_file(agent, &err);
}

int agent_start_from_file(struct agent *agent, struct rw_error *err)
{
	int r = agent_load_file(agent, err);

	if (r == 0 || !rw_seal_exists(&agent->options->place))
		return r;
	/* Where was enforced, a slip of the pen must not open the node at the next boot. */
	note_bad_file(agent, err);
	agent_load_saved_policy(agent);
	*err = RW_ERROR_NONE;
	return 0;
}
