/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What loop.c and sources.c share. */

#include <uv.h>

#include "loop/loop.h"

struct rw_loop {
	uv_loop_t uv;
	uv_prepare_t before_wait; /* runs deferred calls that timers armed */
	uv_check_t after_wait;    /* runs deferred calls that input armed */
	uv_idle_t no_wait;        /* active while deferred calls are left for the next turn */
	struct rw_loop_deferred *armed_first;
	struct rw_loop_deferred *armed_last;
	struct loop_work *works; /* every work whose 'done' has not run */
	unsigned int work_count;
	unsigned int source_count; /* sources not yet freed by their owners */
	bool running;              /* inside uv_run */
	bool freeing;
};

/* Outside of a turn libuv's idea of the time is old; brings it up to date. */
void loop_refresh_time(struct rw_loop *loop);

void loop_source_add(struct rw_loop *loop);
void loop_source_remove(struct rw_loop *loop);
