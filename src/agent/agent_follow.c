/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_internal.h"

#include <string.h>

#include "base/log.h"

#define PICTURE_GAP_MS 50u /* changes of links come in swarms: least time between two pictures, and */
#define PICTURE_SHARE  20u /* ... least multiple of the time that a picture took */
#define LISTENERS_S    60u /* between looks at what listens */
#define SESSION_S      30u /* between attempts of an agent that has nobody to follow */
#define HITS_S         4u  /* between readings of counters and connections: less than a heartbeat */

/* ---- detach and attach ---- */

static int detach(struct agent *agent, struct rw_error *err)
{
	int r;

	agent_unwatch_enforcer(agent);
	r = rw_keeper_detach(agent->keeper, err);
	rw_seal_remove(&agent->options->place);
	agent_forget_seal(agent);
	agent_release_memory();
	agent_report_soon(agent);
	return r;
}

static int attach(struct agent *agent, struct rw_error *err)
{
	int r = rw_keeper_attach(agent->keeper, err);

	agent_keep_policy(agent);
	agent_watch_enforcer(agent);
	agent_report_soon(agent);
	return r;
}

void agent_on_let_go(void *context, const char *reason)
{
	struct agent *agent = context;
	struct rw_error err = RW_ERROR_NONE;

	rw_log_warning("the controller lets this node go; enforcement is taken off  reason=\"%s\"", reason);
	if (rw_agent_set_detached(&agent->options->place, true, &err) != 0)
		agent_log_error(&err, "cannot note on the disk that this node is detached");
	if (detach(agent, &err) < 0)
		agent_log_error(&err, "cannot take enforcement off");
}

int agent_follow_command(struct agent *agent, bool detached, struct rw_error *err)
{
	rw_log_warning("the operator has %s this node", detached ? "detached" : "attached");
	return detached ? detach(agent, err) : attach(agent, err);
}

static bool is_enforced(const struct agent *agent, const char *interface)
{
	struct rw_keeper_status status;

	rw_keeper_status(agent->keeper, &status);
	for (size_t i = 0; status.decisions && i < status.links->count; i++)
		if (strcmp(status.decisions[i].name, interface) == 0)
			return status.decisions[i].role == RW_LINK_ENFORCED;
	return false;
}

int agent_switch_early(struct agent *agent, const char *words, struct rw_buf *answer, struct rw_error *err)
{
	struct rw_early_wish wish;
	int r = rw_early_wish_change(rw_keeper_early(agent->keeper), words, &wish, err);

	if (r == 0)
		r = rw_keeper_set_early(agent->keeper, &wish, err);
	if (r < 0)
		return r;
	rw_log_info("the operator has switched early drop  interface=%s to=%s", wish.name,
		    wish.early == RW_ENFORCER_EARLY_NONE ? "none"
		    : wish.idle                          ? "off"
							 : "on");
	agent_report_soon(agent);
	r = rw_early_save(&agent->options->place, rw_keeper_early(agent->keeper), err);
	if (r < 0)
		return rw_error_wrap(err, "it is so now, but not after the agent's next start");
	return rw_buf_append_format(
		answer, "%s: early drop is %s%s\n", wish.name,
		wish.early == RW_ENFORCER_EARLY_NONE ? "taken off"
		: wish.idle                          ? "off: everything passes to tc"
						     : "on",
		wish.early == RW_ENFORCER_EARLY_NONE || is_enforced(agent, wish.name)
			? ""
			: "; no interface of that name is enforced now, so it waits for one");
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
	if (agent_follow_command(agent, wanted, &err) < 0)
		agent_log_error(&err, wanted ? "cannot take enforcement off" : "cannot enforce");
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

/* Somebody changed what hangs at the hooks: what of ours is gone comes back at once. */
static void on_hooks(unsigned int events, void *userdata)
{
	struct agent *agent = userdata;

	(void)events;
	if (rw_keeper_look(agent->keeper))
		agent_report_soon(agent);
}

static void watch(struct agent *agent, int fd, rw_loop_watch_fn fn, struct rw_loop_watch **watch)
{
	if (fd >= 0 && !*watch && rw_loop_watch_new(agent->loop, fd, fn, agent, watch) == 0)
		rw_loop_watch_set(*watch, RW_LOOP_READABLE);
}

void agent_watch_enforcer(struct agent *agent)
{
	struct rw_keeper_status status;

	rw_keeper_status(agent->keeper, &status);
	if (!status.enforcer)
		return;
	watch(agent, status.enforcer->ops->drops_fd(status.enforcer), on_drops, &agent->drops_watch);
	watch(agent, status.enforcer->ops->hooks_fd(status.enforcer), on_hooks, &agent->hooks_watch);
}

void agent_unwatch_enforcer(struct agent *agent)
{
	agent->drops_watch = rw_loop_watch_free(agent->drops_watch);
	agent->hooks_watch = rw_loop_watch_free(agent->hooks_watch);
}

int agent_read_links(struct agent *agent, struct rw_error *err)
{
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	struct rw_error file = RW_ERROR_NONE;
	struct rw_keeper_status status;
	int r = rw_links_read(&links, err);

	agent->picture_failed = r < 0;
	if (r < 0)
		return r;
	rw_keeper_status(agent->keeper, &status);
	if (status.decisions && rw_links_equal(&links, status.links))
		return 0;
	r = rw_keeper_set_links(agent->keeper, &links, err);
	agent_report_soon(agent);
	/* Its addresses are followed also while a device cannot be held. */
	if (agent->model && agent_derive_from_file(agent, &file) < 0 && r == 0)
		return rw_error_set(err, file.code, "%s", file.text);
	return r;
}

static uint64_t now_ms(const struct agent *agent)
{
	return rw_clock_monotonic_ns(agent->options->clock) / 1000000u;
}

/* Takes a new picture, and says from when on the next may be taken. */
static void follow_links(struct agent *agent)
{
	uint64_t before_ms = now_ms(agent), after_ms, gap_ms;
	struct rw_error err = RW_ERROR_NONE;
	bool is_known = agent->picture_failed;

	if (agent_read_links(agent, &err) < 0 && !(is_known && agent->picture_failed))
		rw_log_warning("after a change of interfaces: %s", err.text);
	after_ms = now_ms(agent);
	gap_ms = (after_ms - before_ms) * PICTURE_SHARE;
	agent->next_picture_ms = after_ms + (gap_ms > PICTURE_GAP_MS ? gap_ms : PICTURE_GAP_MS);
	agent->picture_due = false;
}

void agent_on_settled(void *userdata)
{
	follow_links(userdata);
}

/*
 * At once where that is possible: a device that has just come is to be held before somebody takes it up.
 */
void agent_on_links(unsigned int events, void *userdata)
{
	struct agent *agent = userdata;
	uint64_t now = now_ms(agent);

	(void)events;
	if (!rw_links_watch_drain(agent->links_fd) || agent->picture_due)
		return;
	if (now >= agent->next_picture_ms) {
		follow_links(agent);
		return;
	}
	agent->picture_due = true;
	rw_loop_timer_start(agent->settle_timer, agent->next_picture_ms - now, 0);
}

void agent_on_check(void *userdata)
{
	struct agent *agent = userdata;
	struct rw_keeper_status status;

	follow_marks(agent);
	if (agent->picture_failed && !agent->picture_due)
		follow_links(agent);
	if (rw_keeper_check(agent->keeper))
		agent_report_soon(agent);
	agent_watch_enforcer(agent);
	agent_keep_policy(agent);
	rw_keeper_status(agent->keeper, &status);
	/* Something has come into force: what that took is given back before anything else takes it. */
	if (rw_saver_tick(agent->saver, now_ms(agent), &status.in_force, status.policy))
		agent_release_memory();
	if (agent->session)
		rw_reporter_observe(&agent->reporter, agent->keeper);
	agent_update_seal(agent);
	if (agent->checks % LISTENERS_S == 0) {
		rw_reporter_read_listeners(&agent->reporter);
		agent_look_at_peers(agent);
	}
	if (agent->orphan[0] && agent->checks % SESSION_S == SESSION_S - 1)
		agent_try_session(agent);
	if (agent->session && agent->checks % HITS_S == 0) {
		rw_keeper_status(agent->keeper, &status);
		rw_reporter_read_hits(&agent->reporter, status.enforcer);
		rw_reporter_read_connections(&agent->reporter, agent->keeper);
	}
	agent->checks++;
}
