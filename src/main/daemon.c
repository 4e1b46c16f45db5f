/* SPDX-License-Identifier: Apache-2.0 */
#include "main/daemon.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/notify.h"
#include "main/several.h"
#include "main/standby_answer.h"
#include "wire/reader.h"

struct daemon {
	struct rw_parts parts;
	struct rw_several several; /* with the store in etcd */
	struct rw_loop_timer *tick;
	struct rw_loop_signal *signals[2];
	struct rw_error failure; /* why it ends; code 0 = it was told to */
};

void rw_daemon_prepare_process(void)
{
	struct rlimit limit;
	uint64_t seed;

	rw_random_system()->fill(rw_random_system(), &seed, sizeof(seed));
	rw_json_init(seed);
	/* One thread does nearly everything; arenas of their own would only hold memory for the others. */
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TRIM_THRESHOLD, 256 * 1024);
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void handle(struct rw_http_exchange *exchange, void *userdata)
{
	const struct daemon *daemon = userdata;

	if (daemon->parts.api)
		rw_api_handle(exchange, daemon->parts.api);
	else
		rw_standby_answer(exchange, daemon->several.standby, &rw_assets_console,
				  daemon->parts.options->metrics_open);
}

static void tick(void *userdata)
{
	struct daemon *daemon = userdata;

	if (daemon->parts.options->etcd_count && rw_several_tick(&daemon->several, &daemon->failure) < 0) {
		rw_loop_stop(daemon->parts.loop);
		return;
	}
	if (!daemon->parts.api)
		return;
	rw_controller_tick(daemon->parts.controller);
	rw_api_tick(daemon->parts.api);
}

static void stop(void *userdata)
{
	rw_loop_stop(userdata);
}

static int watch_loop(struct daemon *daemon, struct rw_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	struct rw_loop *loop = daemon->parts.loop;
	int r = rw_loop_timer_new(loop, tick, daemon, &daemon->tick);

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(numbers); i++)
		r = rw_loop_signal_new(loop, numbers[i], stop, loop, &daemon->signals[i]);
	if (r < 0)
		return rw_error_set(err, r, "timer and signals: %s", strerror(-r));
	rw_loop_timer_start(daemon->tick, RW_SEVERAL_TICK_MS, RW_SEVERAL_TICK_MS);
	return 0;
}

static void daemon_done(struct daemon *daemon)
{
	rw_several_done(&daemon->several);
	for (size_t i = 0; i < RW_ARRAY_COUNT(daemon->signals); i++)
		if (daemon->signals[i])
			daemon->signals[i] = rw_loop_signal_free(daemon->signals[i]);
	if (daemon->tick)
		daemon->tick = rw_loop_timer_free(daemon->tick);
	rw_parts_done(&daemon->parts);
}
RW_DEFINE_DONE(struct daemon, daemon_done)

/* With the store in the state folder. */
static int start_alone(struct daemon *daemon, const struct rw_daemon_options *options, struct rw_error *err)
{
	struct rw_parts *parts = &daemon->parts;
	int r = rw_parts_open_folder(parts, err);

	if (r == 0)
		r = rw_parts_open_store(parts, err);
	if (r == 0)
		r = rw_parts_open_server(parts, handle, daemon, err);
	if (r < 0)
		return r;
	parts->flow_history = rw_daemon_open_flow_history(options->state, options->flow_days);
	r = rw_parts_serve(parts, err);
	if (r < 0)
		return r;
	rw_log_info("listening  address=%s port=%u url=%s revision=%llu", parts->listen.text, parts->port,
		    parts->url, (unsigned long long)rw_controller_revision(parts->controller));
	rw_notify_ready();
	return 0;
}

static int start(struct daemon *daemon, const struct rw_daemon_options *options, struct rw_error *err)
{
	int r = rw_parts_init(&daemon->parts, options, err);

	if (r == 0)
		r = rw_loop_new(&daemon->parts.loop, err);
	if (r == 0)
		r = watch_loop(daemon, err);
	if (r < 0)
		return r;
	return options->etcd_count
		       ? rw_several_start(&daemon->several, &daemon->parts, daemon->tick, handle, daemon, err)
		       : start_alone(daemon, options, err);
}

int rw_daemon_run(const struct rw_daemon_options *options, struct rw_error *err)
{
	RW_CLEANUP(daemon_done) struct daemon daemon = {0};
	int r = start(&daemon, options, err);

	if (r < 0)
		return r;
	rw_loop_run(daemon.parts.loop);
	rw_log_info("stopping");
	if (daemon.failure.code && err)
		*err = daemon.failure;
	return daemon.failure.code;
}
