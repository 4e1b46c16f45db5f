/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/control.h"
#include "agent/file_policy.h"
#include "agent/report.h"
#include "agent/session.h"
#include "agent/uplink.h"
#include "agent/view.h"
#include "base/log.h"

#define CHECK_MS    1000u /* how long a foreign detach may last */
#define SETTLE_MS   50u   /* changes of links come in swarms */
#define LISTENERS_S 60u   /* between looks at what listens */
#define HITS_S      4u    /* between readings of the rules' counters: less than a heartbeat */

struct agent {
	const struct rw_agent_options *options;
	struct rw_agent_identity identity;
	int lock;
	struct rw_loop *loop;
	struct rw_keeper *keeper;
	struct rw_reporter reporter;
	struct rw_control *control;

	struct rw_loop_timer *check_timer;
	struct rw_loop_timer *settle_timer;
	struct rw_loop_timer *session_timer;
	struct rw_loop_signal *signals[3];
	int links_fd;
	struct rw_loop_watch *links_watch;
	struct rw_loop_watch *drops_watch; /* NULL while there is no enforcer */
	uint64_t checks;

	/* with a controller */
	struct rw_uplink *uplink;
	struct rw_agent_session *session;
	bool policy_unsaved; /* what is in force differs from the file */

	/* standalone */
	struct rw_model *model;
	char file_problem[768];
	uint64_t file_revision;
};

static void log_error(const struct rw_error *err, const char *what)
{
	rw_log_error("%s: %s%s%s%s%s", what, err->field[0] ? err->field : "", err->field[0] ? ": " : "",
		     err->text, err->hint[0] ? "  hint: " : "", err->hint);
}

static void on_notice(void *context, bool is_warning, const char *text)
{
	(void)context;
	rw_log(is_warning ? RW_LOG_WARNING : RW_LOG_INFO, "%s", text);
}

/* Gives back what parsing and compiling a policy took. */
static void release_memory(void)
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

/* Something the controller should hear of now. */
static void report_soon(struct agent *agent)
{
	if (agent->session)
		rw_agent_session_report_soon(agent->session);
}

static void save_policy(struct agent *agent)
{
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;

	rw_keeper_status(agent->keeper, &status);
	agent->policy_unsaved = false;
	if (!status.policy)
		return;
	if (rw_agent_policy_save(&agent->options->place, &status.in_force, status.policy, &err) < 0)
		log_error(&err, "cannot save the policy for the next start");
}

/*
 * Puts a policy in force.  0 also when it is, but not on every device: the keeper says so in its state and
 * tries on.  Negative: the old one stays.
 */
static int put_in_force(struct agent *agent, const struct rw_position *position,
			const struct rw_policy *policy, struct rw_error *err)
{
	struct rw_keeper_status status;
	int r = rw_keeper_set_policy(agent->keeper, position, policy, err);

	if (r == 0)
		return 0;
	rw_keeper_status(agent->keeper, &status);
	if (status.policy != policy)
		return r;
	log_error(err, "the policy is not in force everywhere");
	return 0;
}

static void on_policy(void *context, const struct rw_position *position, const struct rw_policy *policy)
{
	struct agent *agent = context;
	struct rw_error err = RW_ERROR_NONE;

	rw_agent_policy_set_stale(&agent->options->place);
	if (put_in_force(agent, position, policy, &err) < 0)
		rw_log_error("policy is not in force; the old one stays  revision=%llu reason=\"%s\"",
			     (unsigned long long)position->revision, err.text);
	else
		rw_log_info("policy in force  revision=%llu", (unsigned long long)position->revision);
	agent->policy_unsaved = true;
	report_soon(agent);
}

static void on_confirm(void *context, const struct rw_position *position)
{
	struct agent *agent = context;

	rw_keeper_confirm(agent->keeper, position);
	agent->policy_unsaved = true;
}

/* ---- detach and attach ---- */

static void watch_drops(struct agent *agent);

static int detach(struct agent *agent, struct rw_error *err)
{
	int r;

	agent->drops_watch = rw_loop_watch_free(agent->drops_watch);
	r = rw_keeper_detach(agent->keeper, err);
	release_memory();
	report_soon(agent);
	return r;
}

static int attach(struct agent *agent, struct rw_error *err)
{
	int r = rw_keeper_attach(agent->keeper, err);

	watch_drops(agent);
	report_soon(agent);
	return r;
}

static void on_let_go(void *context, const char *reason)
{
	struct agent *agent = context;
	struct rw_error err = RW_ERROR_NONE;

	rw_log_warning("the controller lets this node go; enforcement is taken off  reason=\"%s\"", reason);
	if (rw_agent_set_detached(&agent->options->place, true, &err) < 0)
		log_error(&err, "cannot note that this node is detached");
	if (detach(agent, &err) < 0)
		log_error(&err, "cannot take enforcement off");
}

static int follow_command(struct agent *agent, bool detached, struct rw_error *err)
{
	rw_log_warning("the operator has %s this node", detached ? "detached" : "attached");
	return detached ? detach(agent, err) : attach(agent, err);
}

/* Marks of 'detach' by somebody who could not reach us. */
static void follow_marks(struct agent *agent)
{
	bool wanted = rw_agent_detached(&agent->options->place);
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;

	rw_keeper_status(agent->keeper, &status);
	if (wanted == (status.state == RW_AGENT_STATE_DETACHED))
		return;
	if (follow_command(agent, wanted, &err) < 0)
		log_error(&err, wanted ? "cannot take enforcement off" : "cannot enforce");
}

/* ---- the model file ---- */

static int derive_from_file(struct agent *agent, struct rw_error *err)
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
	r = put_in_force(agent, &position, policy, err);
	if (r == 0)
		rw_log_info("policy in force  file=%s reload=%llu", agent->options->file,
			    (unsigned long long)agent->file_revision);
	return r;
}

/* Reads the file; a bad one leaves everything as it is. */
static int load_file(struct agent *agent, struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *old = NULL;
	struct rw_model *model = NULL;
	int r = rw_file_model_load(agent->options->file, agent->options->node, &model, err);

	if (r < 0)
		return r;
	old = RW_TAKE_PTR(agent->model);
	agent->model = model;
	r = derive_from_file(agent, err);
	if (r < 0 && old) {
		/* What is derived from now on, when links change, is the model in force. */
		model = agent->model;
		agent->model = RW_TAKE_PTR(old);
		old = model;
	}
	release_memory();
	return r;
}

static void on_hangup(void *userdata)
{
	struct agent *agent = userdata;
	struct rw_error err = RW_ERROR_NONE;

	if (!agent->options->file) {
		rw_log_info("SIGHUP: nothing to read again; the policy comes from the controller");
		return;
	}
	agent->file_problem[0] = '\0';
	if (load_file(agent, &err) < 0) {
		(void)snprintf(agent->file_problem, sizeof(agent->file_problem), "%s%s%s",
			       err.field[0] ? err.field : "", err.field[0] ? ": " : "", err.text);
		log_error(&err, "model file refused; the old policy stays in force");
	}
}

/* ---- links, checks, drops ---- */

static void on_drops(unsigned int events, void *userdata)
{
	struct agent *agent = userdata;
	struct rw_keeper_status status;

	(void)events;
	rw_keeper_status(agent->keeper, &status);
	rw_reporter_take_drops(&agent->reporter, status.enforcer);
}

static void watch_drops(struct agent *agent)
{
	struct rw_keeper_status status;
	int fd;

	rw_keeper_status(agent->keeper, &status);
	if (!status.enforcer || agent->drops_watch)
		return;
	fd = status.enforcer->ops->drops_fd(status.enforcer);
	if (fd >= 0 && rw_loop_watch_new(agent->loop, fd, on_drops, agent, &agent->drops_watch) == 0)
		rw_loop_watch_set(agent->drops_watch, RW_LOOP_READABLE);
}

static int read_links(struct agent *agent, struct rw_error *err)
{
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	struct rw_keeper_status status;
	int r = rw_links_read(&links, err);

	if (r < 0)
		return r;
	rw_keeper_status(agent->keeper, &status);
	if (status.decisions && rw_links_equal(&links, status.links))
		return 0;
	r = rw_keeper_set_links(agent->keeper, &links, err);
	if (r < 0)
		return r;
	if (agent->model)
		r = derive_from_file(agent, err);
	report_soon(agent);
	return r;
}

static void on_settled(void *userdata)
{
	struct agent *agent = userdata;
	struct rw_error err = RW_ERROR_NONE;

	if (read_links(agent, &err) < 0)
		rw_log_warning("after a change of interfaces: %s", err.text);
}

static void on_links(unsigned int events, void *userdata)
{
	struct agent *agent = userdata;

	(void)events;
	if (rw_links_watch_drain(agent->links_fd))
		rw_loop_timer_start(agent->settle_timer, SETTLE_MS, 0);
}

static void on_check(void *userdata)
{
	struct agent *agent = userdata;
	struct rw_keeper_status status;

	follow_marks(agent);
	if (rw_keeper_check(agent->keeper))
		report_soon(agent);
	watch_drops(agent);
	if (agent->policy_unsaved) {
		save_policy(agent);
		release_memory();
	}
	if (agent->session && agent->checks % HITS_S == 0) {
		rw_keeper_status(agent->keeper, &status);
		rw_reporter_read_hits(&agent->reporter, status.enforcer);
	}
	if (agent->session && agent->checks % LISTENERS_S == 0)
		rw_reporter_read_listeners(&agent->reporter);
	agent->checks++;
}

/* ---- the control socket ---- */

static int on_command(void *context, const char *command, struct rw_buf *answer, struct rw_error *err)
{
	struct agent *agent = context;
	const struct rw_agent_view view = {
		.place = &agent->options->place,
		.keeper = agent->keeper,
		.session = agent->session,
		.node = agent->identity.name[0] ? agent->identity.name : agent->identity.node,
		.server = agent->session ? agent->identity.server : NULL,
		.file = agent->options->file,
		.file_problem = agent->file_problem,
	};

	if (strcmp(command, "status") == 0)
		rw_agent_view_write_text(&view, answer);
	else if (strcmp(command, "status json") == 0)
		rw_agent_view_write_json(&view, answer);
	else if (strcmp(command, "detach") == 0)
		return follow_command(agent, true, err);
	else if (strcmp(command, "attach") == 0)
		return follow_command(agent, false, err);
	else
		return rw_error_set(err, -EINVAL, "unknown command: %s", command);
	return 0;
}

/* ---- start ---- */

static void on_terminate(void *userdata)
{
	struct agent *agent = userdata;

	rw_log_info("ending; enforcement goes on without the agent");
	rw_loop_stop(agent->loop);
}

static int make_report(void *context, struct rw_buf *buf, struct rw_error *err)
{
	struct agent *agent = context;

	return rw_reporter_encode(&agent->reporter, agent->keeper, buf, err);
}

static int start_session(struct agent *agent, struct rw_error *err)
{
	const struct rw_uplink_options options = {
		.loop = agent->loop,
		.clock = agent->options->clock,
		.place = &agent->options->place,
		.identity = &agent->identity,
		.make_report = make_report,
		.context = agent,
	};
	const struct rw_agent_host host = {
		.apply = on_policy,
		.confirm = on_confirm,
		.detach = on_let_go,
		.wake = on_wake,
		.notice = on_notice,
		.context = agent,
	};
	struct rw_agent_transport transport;
	struct rw_keeper_status status;
	int r = rw_uplink_new(&options, &agent->uplink, err);

	if (r < 0)
		return r;
	transport = rw_uplink_transport(agent->uplink);
	if (rw_agent_session_new(&transport, &host, agent->options->random, &agent->session) < 0)
		return rw_error_oom(err);
	rw_uplink_set_session(agent->uplink, agent->session);
	rw_keeper_status(agent->keeper, &status);
	if (status.policy)
		rw_agent_session_hold(agent->session, &status.in_force, status.policy);
	schedule_session(agent);
	return 0;
}

/* Puts the policy of the last run in force; trouble with it is no reason not to start. */
static void load_saved_policy(struct agent *agent)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;
	struct rw_keeper_status status;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_keeper_status(agent->keeper, &status);
	if (status.adopted && rw_agent_policy_is_stale(&agent->options->place)) {
		rw_log_warning("a newer policy than the saved one is in force; it stays until the controller "
			       "speaks");
		return;
	}
	r = rw_agent_policy_load(&agent->options->place, &position, &policy, &err);
	if (r < 0)
		log_error(&err, "the saved policy is of no use; waiting for the controller's");
	if (r != 0)
		return;
	if (put_in_force(agent, &position, policy, &err) < 0)
		log_error(&err, "the saved policy is not in force");
	else
		rw_log_info("saved policy in force  revision=%llu", (unsigned long long)position.revision);
	release_memory();
}

static int start_enforcement(struct agent *agent, struct rw_error *err)
{
	const struct rw_keeper_options keeper = {
		.backend = agent->options->backend,
		.named = agent->options->named,
		.named_count = agent->options->named_count,
		.notice = on_notice,
	};
	int r = rw_keeper_new(&keeper, &agent->keeper, err);

	if (r < 0)
		return r;
	if (rw_agent_detached(&agent->options->place)) {
		rw_log_warning("this node is detached: nothing is enforced until 'ringwall-agent attach'");
		r = rw_keeper_detach(agent->keeper, err);
	} else {
		r = rw_keeper_start(agent->keeper, err);
	}
	if (r == 0)
		r = read_links(agent, err);
	return r;
}

static int start_loop(struct agent *agent, struct rw_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int r = rw_loop_new(&agent->loop, err);

	if (r < 0)
		return r;
	r = rw_links_watch_open(&agent->links_fd, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(numbers); i++)
		r = rw_loop_signal_new(agent->loop, numbers[i],
				       numbers[i] == SIGHUP ? on_hangup : on_terminate, agent,
				       &agent->signals[i]);
	if (r == 0)
		r = rw_loop_timer_new(agent->loop, on_check, agent, &agent->check_timer);
	if (r == 0)
		r = rw_loop_timer_new(agent->loop, on_settled, agent, &agent->settle_timer);
	if (r == 0)
		r = rw_loop_timer_new(agent->loop, on_session_timer, agent, &agent->session_timer);
	if (r == 0)
		r = rw_loop_watch_new(agent->loop, agent->links_fd, on_links, agent, &agent->links_watch);
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

static int start(struct agent *agent, struct rw_error *err)
{
	int r = rw_agent_run_make(&agent->options->place, err);

	if (r == 0)
		r = rw_agent_lock(&agent->options->place, &agent->lock, err);
	if (r == 0)
		r = load_identity(agent, err);
	if (r == 0)
		r = start_loop(agent, err);
	if (r == 0)
		r = start_enforcement(agent, err);
	if (r < 0)
		return r;
	rw_reporter_read_listeners(&agent->reporter);
	if (agent->options->file) {
		r = load_file(agent, err);
		if (r < 0)
			return r;
	} else {
		load_saved_policy(agent);
	}
	watch_drops(agent);
	r = rw_control_new(agent->loop, &agent->options->place, on_command, agent, &agent->control, err);
	if (r == 0 && !agent->options->file)
		r = start_session(agent, err);
	return r;
}

static void stop(struct agent *agent)
{
	if (agent->policy_unsaved)
		save_policy(agent);
	agent->session = rw_agent_session_free(agent->session);
	agent->uplink = rw_uplink_free(agent->uplink);
	agent->control = rw_control_free(agent->control);
	agent->drops_watch = rw_loop_watch_free(agent->drops_watch);
	agent->links_watch = rw_loop_watch_free(agent->links_watch);
	agent->links_fd = rw_close(agent->links_fd);
	agent->check_timer = rw_loop_timer_free(agent->check_timer);
	agent->settle_timer = rw_loop_timer_free(agent->settle_timer);
	agent->session_timer = rw_loop_timer_free(agent->session_timer);
	for (size_t i = 0; i < RW_ARRAY_COUNT(agent->signals); i++)
		agent->signals[i] = rw_loop_signal_free(agent->signals[i]);
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
	/* One arena: threads only look up names, and memory that was given back stays given back. */
	(void)mallopt(M_ARENA_MAX, 1);
	rw_reporter_init(&agent->reporter, options->clock);
	r = start(agent, err);
	if (r == 0) {
		release_memory();
		rw_loop_run(agent->loop);
	}
	stop(agent);
	return r;
}
