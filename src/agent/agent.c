/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_internal.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "agent/drop_line.h"
#include "agent/view.h"
#include "base/log.h"
#include "base/notify.h"

#define CHECK_MS 1000u /* how long a foreign detach may last */

void agent_log_error(const struct rw_error *err, const char *what)
{
	rw_log_error("%s: %s%s%s%s%s", what, err->field[0] ? err->field : "", err->field[0] ? ": " : "",
		     err->text, err->hint[0] ? "  hint: " : "", err->hint);
}

static void on_notice(void *context, bool is_warning, const char *text)
{
	(void)context;
	rw_log(is_warning ? RW_LOG_WARNING : RW_LOG_INFO, "%s", text);
}

void agent_release_memory(void)
{
	(void)malloc_trim(0);
}

/* ---- the session's turn ---- */

static void schedule_session(struct agent *agent)
{
	uint64_t now_ms, next_ms;

	if (!agent->session)
		return;
	now_ms = rw_loop_now_ms(agent->loop);
	next_ms = rw_agent_session_tick(agent->session, now_ms);
	rw_loop_timer_start(agent->session_timer, next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

static void on_session_timer(void *userdata)
{
	schedule_session(userdata);
}

/* Ticks in the next turn, not from inside a callback of the session. */
static void on_wake(void *context)
{
	struct agent *agent = context;

	rw_loop_timer_start(agent->session_timer, 0, 0);
}

void agent_report_soon(struct agent *agent)
{
	if (agent->session)
		rw_agent_session_report_soon(agent->session);
}

/* ---- the control socket ---- */

static int on_command(void *context, const char *command, struct rw_buf *answer, struct rw_error *err)
{
	struct agent *agent = context;
	const struct rw_agent_view view = {
		.place = &agent->options->place,
		.keeper = agent->keeper,
		.session = agent->session,
		.renewal = agent->uplink ? rw_uplink_renewal(agent->uplink) : NULL,
		.node = agent->identity.name[0] ? agent->identity.name : agent->identity.node,
		.controllers = agent->session ? rw_uplink_controllers(agent->uplink) : NULL,
		.file = agent->options->file,
		.file_problem = agent->file_problem,
		.orphan = agent->orphan[0] ? agent->orphan : NULL,
	};

	if (strcmp(command, "status") == 0)
		rw_agent_view_write_text(&view, answer);
	else if (strcmp(command, "status json") == 0)
		rw_agent_view_write_json(&view, answer);
	else if (strcmp(command, "metrics") == 0)
		rw_agent_view_write_metrics(&view, answer);
	else if (strcmp(command, "capture") == 0)
		return RW_CONTROL_FOLLOW;
	else if (strncmp(command, "early-drop ", 11) == 0)
		return agent_switch_early(agent, command + 11, answer, err);
	else if (strcmp(command, "detach") == 0)
		return agent_follow_command(agent, true, err);
	else if (strcmp(command, "attach") == 0)
		return agent_follow_command(agent, false, err);
	else
		return rw_error_set(err, -EINVAL, "unknown command: %s", command);
	return 0;
}

/* Of the reporter: every refused packet that the kernel tells of. */
static void on_drop(void *context, const struct rw_enforcer_drop *drop)
{
	struct agent *agent = context;
	RW_CLEANUP(rw_buf_done) struct rw_buf line = {0};

	if (!agent->control || !rw_control_is_followed(agent->control))
		return;
	rw_buf_init(&line, RW_DROP_LINE_MAX);
	rw_drop_line_write(drop, &line);
	if (rw_buf_check(&line, NULL) == 0)
		rw_control_tell(agent->control, line.data, line.size);
}

/* ---- start ---- */

static void on_terminate(void *userdata)
{
	struct agent *agent = userdata;

	rw_log_info("ending; enforcement goes on without the agent");
	rw_loop_stop(agent->loop);
}

static int make_report(void *context, bool brief, struct rw_buf *buf, struct rw_error *err)
{
	struct agent *agent = context;

	return rw_reporter_encode(&agent->reporter, agent->keeper, brief, buf, err);
}

static int start_session(struct agent *agent, struct rw_error *err)
{
	const struct rw_uplink_options options = {
		.loop = agent->loop,
		.clock = agent->options->clock,
		.random = agent->options->random,
		.place = &agent->options->place,
		.identity = &agent->identity,
		.make_report = make_report,
		.context = agent,
	};
	const struct rw_agent_host host = {
		.apply = agent_on_policy,
		.judge = agent_on_question,
		.confirm = agent_on_confirm,
		.detach = agent_on_let_go,
		.wake = on_wake,
		.notice = on_notice,
		.context = agent,
	};
	struct rw_agent_transport transport;
	struct rw_keeper_status status;
	int r = rw_uplink_new(&options, &agent->uplink, err);

	if (r < 0)
		return r;
	agent->reporter.renewal = rw_uplink_renewal(agent->uplink);
	transport = rw_uplink_transport(agent->uplink);
	if (rw_agent_session_new(&transport, rw_uplink_controllers(agent->uplink), &host,
				 agent->options->random, &agent->session) < 0)
		return rw_error_oom(err);
	rw_uplink_set_session(agent->uplink, agent->session);
	rw_keeper_status(agent->keeper, &status);
	if (status.policy)
		rw_agent_session_hold(agent->session, &status.in_force, status.policy);
	schedule_session(agent);
	return 0;
}

static int start_enforcement(struct agent *agent, struct rw_error *err)
{
	struct rw_early_wishes early = *agent->options->early;
	const struct rw_keeper_options keeper = {
		.early = &early,
		.backend = agent->options->backend,
		.named = agent->options->named,
		.named_count = agent->options->named_count,
		.notice = on_notice,
	};
	struct rw_error unfit = RW_ERROR_NONE;
	int r;

	/* It is a help only: no reason not to enforce. */
	if (rw_early_load(&agent->options->place, &early, &unfit) < 0)
		agent_log_error(&unfit, "the early drop that was switched on or off is not known");
	r = rw_keeper_new(&keeper, &agent->keeper, err);
	if (r < 0)
		return r;
	if (rw_agent_detached(&agent->options->place)) {
		rw_log_warning("this node is detached: nothing is enforced until 'ringwall-agent attach'");
		r = rw_keeper_detach(agent->keeper, err);
	} else {
		r = rw_keeper_start(agent->keeper, err);
	}
	if (r == 0)
		r = agent_read_links(agent, err);
	return r;
}

static int start_loop(struct agent *agent, struct rw_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int r = rw_loop_new(&agent->loop, err);

	if (r < 0)
		return r;
	if (rw_saver_new(agent->loop, &agent->options->place, agent_on_saved, agent, &agent->saver) < 0)
		return rw_error_oom(err);
	r = rw_links_watch_open(&agent->links_fd, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(numbers); i++)
		r = rw_loop_signal_new(agent->loop, numbers[i],
				       numbers[i] == SIGHUP ? agent_on_hangup : on_terminate, agent,
				       &agent->signals[i]);
	if (r == 0)
		r = rw_loop_timer_new(agent->loop, agent_on_check, agent, &agent->check_timer);
	if (r == 0)
		r = rw_loop_timer_new(agent->loop, agent_on_settled, agent, &agent->settle_timer);
	if (r == 0)
		r = rw_loop_timer_new(agent->loop, on_session_timer, agent, &agent->session_timer);
	if (r == 0)
		r = rw_loop_watch_new(agent->loop, agent->links_fd, agent_on_links, agent,
				      &agent->links_watch);
	if (r < 0)
		return rw_error_set(err, r, "cannot set up the event loop: %s", strerror(-r));
	rw_loop_watch_set(agent->links_watch, RW_LOOP_READABLE);
	rw_loop_timer_start(agent->check_timer, CHECK_MS, CHECK_MS);
	return 0;
}

static int load_identity(struct agent *agent, struct rw_error *err)
{
	int r;

	if (agent->options->file) {
		(void)snprintf(agent->identity.name, sizeof(agent->identity.name), "%s",
			       agent->options->node);
		return 0;
	}
	r = rw_agent_identity_load(&agent->options->place, &agent->identity, err);
	if (r == RW_AGENT_FILE_ABSENT) {
		(void)rw_error_set(err, -ENOENT, "this machine has not joined: no identity in %s",
				   agent->options->place.state);
		(void)rw_error_hint(err, "Join by 'ringwall-agent join', or enforce a model file by --file.");
		return -ENOENT;
	}
	return r;
}

/* Says why there is no session, once. */
static void note_orphan(struct agent *agent, const struct rw_error *err)
{
	char text[sizeof(agent->orphan)];

	(void)snprintf(text, sizeof(text), "%.400s", err->text);
	if (strcmp(text, agent->orphan) != 0)
		agent_log_error(err, "cannot follow the controller; what is in force stays");
	memcpy(agent->orphan, text, sizeof(text));
}

/*
 * A node that has enforced before, or has a policy to enforce, starts also when it does not know who it is: it must not
 * be open.  Without a reason for that a failure here ends the agent.
 */
static int start_identity(struct agent *agent, struct rw_error *err)
{
	int r = load_identity(agent, err);

	/* Without an identity the machine has not joined, or has left; one that cannot be read is lost. */
	if (r >= 0 || (!rw_seal_exists(&agent->options->place) &&
		       (r == -ENOENT || !rw_agent_policy_exists(&agent->options->place))))
		return r;
	note_orphan(agent, err);
	*err = RW_ERROR_NONE;
	return 0;
}

void agent_try_session(struct agent *agent)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = load_identity(agent, &err);

	if (r == 0)
		r = start_session(agent, &err);
	if (r == 0) {
		agent->orphan[0] = '\0';
		return;
	}
	note_orphan(agent, &err);
	agent->reporter.renewal = NULL;
	agent->uplink = rw_uplink_free(agent->uplink);
}

/*
 * Follows the controller.  Where something is in force, or is to be as soon as its devices come, it is held also
 * without one.
 */
static int begin_session(struct agent *agent, struct rw_error *err)
{
	struct rw_keeper_status status;

	agent_try_session(agent);
	if (agent->session)
		return 0;
	rw_keeper_status(agent->keeper, &status);
	if (status.policy || status.enforcing || status.adopted || rw_seal_exists(&agent->options->place))
		return 0;
	return rw_error_set(err, -ENOENT, "%s", agent->orphan);
}

static int start(struct agent *agent, struct rw_error *err)
{
	int r = rw_agent_run_make(&agent->options->place, err);

	if (r == 0)
		r = rw_agent_lock(&agent->options->place, &agent->lock, err);
	if (r == 0)
		r = rw_agent_tell_pin_dir(&agent->options->place, err);
	if (r == 0)
		r = start_identity(agent, err);
	if (r == 0)
		r = start_loop(agent, err);
	if (r == 0)
		r = start_enforcement(agent, err);
	if (r < 0)
		return r;
	rw_reporter_read_listeners(&agent->reporter);
	if (agent->options->file) {
		r = agent_start_from_file(agent, err);
		if (r < 0)
			return r;
	} else {
		agent_load_saved_policy(agent);
	}
	rw_seal_peers_load(&agent->options->place, &agent->peers);
	agent_watch_enforcer(agent);
	r = rw_control_new(agent->loop, &agent->options->place, on_command, agent, &agent->control, err);
	if (r == 0 && !agent->options->file)
		r = begin_session(agent, err);
	return r;
}

/* When nothing but a save that is under way is left in the loop. */
static void finish_saving(struct agent *agent)
{
	struct rw_keeper_status status = {0};

	if (agent->keeper)
		rw_keeper_status(agent->keeper, &status);
	if (agent->saver)
		rw_saver_finish(agent->saver, &status.in_force, status.policy);
	agent->saver = rw_saver_free(agent->saver);
}

static void stop(struct agent *agent)
{
	if (agent->keeper)
		agent_update_seal(agent);
	agent_forget_seal(agent);
	agent->kept = rw_policy_unref(agent->kept);
	agent->session = rw_agent_session_free(agent->session);
	agent->reporter.renewal = NULL;
	agent->uplink = rw_uplink_free(agent->uplink);
	agent->control = rw_control_free(agent->control);
	agent_unwatch_enforcer(agent);
	agent->links_watch = rw_loop_watch_free(agent->links_watch);
	agent->links_fd = rw_close(agent->links_fd);
	agent->check_timer = rw_loop_timer_free(agent->check_timer);
	agent->settle_timer = rw_loop_timer_free(agent->settle_timer);
	agent->session_timer = rw_loop_timer_free(agent->session_timer);
	for (size_t i = 0; i < RW_ARRAY_COUNT(agent->signals); i++)
		agent->signals[i] = rw_loop_signal_free(agent->signals[i]);
	finish_saving(agent);
	agent->keeper = rw_keeper_free(agent->keeper);
	rw_reporter_done(&agent->reporter);
	agent->model = rw_model_free(agent->model);
	agent->loop = rw_loop_free(agent->loop);
	agent->lock = rw_close(agent->lock);
}

int rw_agent_run(const struct rw_agent_options *options, struct rw_error *err)
{
	RW_CLEANUP(rw_free) struct agent *agent = calloc(1, sizeof(*agent));
	int r;

	if (!agent)
		return rw_error_oom(err);
	agent->options = options;
	agent->lock = -EBADF;
	agent->links_fd = -EBADF;
	/* One arena: threads look up names and save in small pieces, and memory that was given back stays given back. */
	(void)mallopt(M_ARENA_MAX, 1);
	rw_reporter_init(&agent->reporter, options->clock);
	agent->reporter.helper = options->helper;
	agent->reporter.tap = on_drop;
	agent->reporter.tap_context = agent;
	r = start(agent, err);
	if (r == 0) {
		/* What waits for this, as the network's configuration at boot, finds the saved policy in force. */
		rw_notify_ready();
		agent_release_memory();
		rw_loop_run(agent->loop);
	}
	stop(agent);
	return r;
}
