/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <assert.h>
#include <stdlib.h>

#include "loop/internal.h"

struct rw_loop_deferred {
	struct rw_loop *loop;
	rw_loop_fn fn;
	void *userdata;
	struct rw_loop_deferred *next; /* in the list of armed ones */
	struct rw_loop_deferred *previous;
	bool armed;
};

struct loop_work {
	uv_work_t request;
	struct rw_loop *loop;
	void (*compute)(void *job);
	void (*done)(void *job, int status);
	void *job;
	struct loop_work *next;
	struct loop_work *previous;
};

void loop_source_add(struct rw_loop *loop)
{
	assert(!loop->freeing);
	loop->source_count++;
}

void loop_source_remove(struct rw_loop *loop)
{
	assert(loop->source_count > 0);
	loop->source_count--;
}

static void unlink_deferred(struct rw_loop_deferred *deferred)
{
	struct rw_loop *loop = deferred->loop;

	if (deferred->previous)
		deferred->previous->next = deferred->next;
	else
		loop->armed_first = deferred->next;
	if (deferred->next)
		deferred->next->previous = deferred->previous;
	else
		loop->armed_last = deferred->previous;
	deferred->next = deferred->previous = NULL;
	deferred->armed = false;
}

static void never_called(uv_idle_t *handle)
{
	(void)handle; /* an active idle handle only keeps the loop from waiting */
}

/*
 * Runs what is armed now, not what that arms in turn: those calls get their own turn, so a call that arms
 * itself for ever cannot starve input.  The end is marked by a sentinel in the list, because any call may
 * free any other.
 */
static void run_deferred(struct rw_loop *loop)
{
	struct rw_loop_deferred sentinel = {.loop = loop};

	if (!loop->armed_first) {
		uv_idle_stop(&loop->no_wait); /* what was armed has been freed */
		return;
	}
	rw_loop_deferred_arm(&sentinel);
	while (loop->armed_first != &sentinel) {
		struct rw_loop_deferred *deferred = loop->armed_first;

		unlink_deferred(deferred);
		deferred->fn(deferred->userdata);
	}
	unlink_deferred(&sentinel);
	if (!loop->armed_first)
		uv_idle_stop(&loop->no_wait);
}

static void run_deferred_before_wait(uv_prepare_t *handle)
{
	run_deferred(handle->data);
}

static void run_deferred_after_wait(uv_check_t *handle)
{
	run_deferred(handle->data);
}

int rw_loop_new(struct rw_loop **ret_loop, struct rw_error *err)
{
	struct rw_loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return rw_error_oom(err);
	r = uv_loop_init(&loop->uv);
	if (r < 0) {
		free(loop);
		return rw_error_set(err, r, "cannot make an event loop: %s", uv_strerror(r));
	}
	loop->uv.data = loop;
	/* None of these four can fail (libuv documentation, "prepare", "check", "idle"). */
	(void)uv_prepare_init(&loop->uv, &loop->before_wait);
	(void)uv_check_init(&loop->uv, &loop->after_wait);
	(void)uv_idle_init(&loop->uv, &loop->no_wait);
	loop->before_wait.data = loop->after_wait.data = loop->no_wait.data = loop;
	(void)uv_prepare_start(&loop->before_wait, run_deferred_before_wait);
	(void)uv_check_start(&loop->after_wait, run_deferred_after_wait);
	uv_unref((uv_handle_t *)&loop->before_wait);
	uv_unref((uv_handle_t *)&loop->after_wait);
	*ret_loop = loop;
	return 0;
}

struct rw_loop *rw_loop_free(struct rw_loop *loop)
{
	int r;

	if (!loop)
		return NULL;
	/* Of the works, those that have not begun are cancelled; uv_run waits for the others. */
	for (struct loop_work *work = loop->works; work; work = work->next)
		(void)uv_cancel((uv_req_t *)&work->request);
	while (loop->work_count > 0)
		(void)uv_run(&loop->uv, UV_RUN_ONCE);
	assert(loop->source_count == 0);
	loop->freeing = true;
	uv_close((uv_handle_t *)&loop->before_wait, NULL);
	uv_close((uv_handle_t *)&loop->after_wait, NULL);
	uv_close((uv_handle_t *)&loop->no_wait, NULL);
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	r = uv_loop_close(&loop->uv);
	assert(r == 0);
	(void)r;
	free(loop);
	return NULL;
}

static void run(struct rw_loop *loop, uv_run_mode mode)
{
	assert(!loop->running);
	loop->running = true;
	(void)uv_run(&loop->uv, mode);
	loop->running = false;
}

void rw_loop_run(struct rw_loop *loop)
{
	run(loop, UV_RUN_DEFAULT);
}

void rw_loop_stop(struct rw_loop *loop)
{
	uv_stop(&loop->uv);
}

void rw_loop_turn(struct rw_loop *loop)
{
	run(loop, UV_RUN_NOWAIT);
}

void loop_refresh_time(struct rw_loop *loop)
{
	if (!loop->running)
		uv_update_time(&loop->uv);
}

uint64_t rw_loop_now_ms(struct rw_loop *loop)
{
	loop_refresh_time(loop);
	return uv_now(&loop->uv);
}

/* ---- deferred calls ---- */

int rw_loop_deferred_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata,
			 struct rw_loop_deferred **ret_deferred)
{
	struct rw_loop_deferred *deferred = calloc(1, sizeof(*deferred));

	if (!deferred)
		return -ENOMEM;
	*deferred = (struct rw_loop_deferred){.loop = loop, .fn = fn, .userdata = userdata};
	loop_source_add(loop);
	*ret_deferred = deferred;
	return 0;
}

void rw_loop_deferred_arm(struct rw_loop_deferred *deferred)
{
	struct rw_loop *loop = deferred->loop;

	if (deferred->armed)
		return;
	deferred->armed = true;
	deferred->previous = loop->armed_last;
	if (loop->armed_last)
		loop->armed_last->next = deferred;
	else
		loop->armed_first = deferred;
	loop->armed_last = deferred;
	(void)uv_idle_start(&loop->no_wait, never_called);
}

struct rw_loop_deferred *rw_loop_deferred_free(struct rw_loop_deferred *deferred)
{
	if (!deferred)
		return NULL;
	if (deferred->armed)
		unlink_deferred(deferred);
	loop_source_remove(deferred->loop);
	free(deferred);
	return NULL;
}

/* ---- work ---- */

static void compute_on_pool_thread(uv_work_t *request)
{
	struct loop_work *work = request->data;

	work->compute(work->job);
}

static void finish_on_loop_thread(uv_work_t *request, int status)
{
	struct loop_work *work = request->data;
	struct rw_loop *loop = work->loop;

	if (work->previous)
		work->previous->next = work->next;
	else
		loop->works = work->next;
	if (work->next)
		work->next->previous = work->previous;
	loop->work_count--;
	work->done(work->job, status == UV_ECANCELED ? -ECANCELED : 0);
	free(work);
}

int rw_loop_work(struct rw_loop *loop, void (*compute)(void *job), void (*done)(void *job, int status),
		 void *job)
{
	struct loop_work *work;

	if (loop->work_count >= RW_LOOP_MAX_WORKS)
		return -EAGAIN;
	work = calloc(1, sizeof(*work));
	if (!work)
		return -ENOMEM;
	*work = (struct loop_work){.loop = loop, .compute = compute, .done = done, .job = job};
	work->request.data = work;
	if (uv_queue_work(&loop->uv, &work->request, compute_on_pool_thread, finish_on_loop_thread) < 0) {
		free(work);
		return -ENOMEM;
	}
	work->next = loop->works;
	if (loop->works)
		loop->works->previous = work;
	loop->works = work;
	loop->work_count++;
	return 0;
}
