/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <assert.h>
#include <stdlib.h>

#include "loop/internal.h"

/*
 * A libuv handle may be freed only when its close callback has run, one turn later.  So each source is
 * detached by its _free and released by that callback; 'fn' is not looked at after _free, since a closed
 * handle never calls back.
 */

static void release_handle(uv_handle_t *handle)
{
	free(handle->data);
}

/* ---- timers ---- */

struct rw_loop_timer {
	uv_timer_t uv;
	struct rw_loop *loop;
	rw_loop_fn fn;
	void *userdata;
};

static void timer_fired(uv_timer_t *handle)
{
	struct rw_loop_timer *timer = handle->data;

	timer->fn(timer->userdata);
}

int rw_loop_timer_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata, struct rw_loop_timer **ret_timer)
{
	struct rw_loop_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return -ENOMEM;
	*timer = (struct rw_loop_timer){.loop = loop, .fn = fn, .userdata = userdata};
	(void)uv_timer_init(&loop->uv, &timer->uv); /* cannot fail */
	timer->uv.data = timer;
	loop_source_add(loop);
	*ret_timer = timer;
	return 0;
}

void rw_loop_timer_start(struct rw_loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
	loop_refresh_time(timer->loop);
	/* Fails only for a handle that is being closed, which an owned one is not. */
	(void)uv_timer_start(&timer->uv, timer_fired, delay_ms, repeat_ms);
}

void rw_loop_timer_stop(struct rw_loop_timer *timer)
{
	(void)uv_timer_stop(&timer->uv);
}

struct rw_loop_timer *rw_loop_timer_free(struct rw_loop_timer *timer)
{
	if (!timer)
		return NULL;
	loop_source_remove(timer->loop);
	uv_close((uv_handle_t *)&timer->uv, release_handle);
	return NULL;
}

/* ---- file descriptors ---- */

struct rw_loop_watch {
	uv_poll_t uv;
	struct rw_loop *loop;
	rw_loop_watch_fn fn;
	void *userdata;
	unsigned int events;
};

static void watch_fired(uv_poll_t *handle, int status, int uv_events)
{
	struct rw_loop_watch *watch = handle->data;
	unsigned int events = 0;

	if (status < 0) {
		/* libuv has stopped polling; who wants to hear more says so by _set. */
		events = watch->events;
		watch->events = 0;
	} else {
		if (uv_events & UV_READABLE)
			events |= RW_LOOP_READABLE;
		if (uv_events & UV_WRITABLE)
			events |= RW_LOOP_WRITABLE;
		if (uv_events & UV_DISCONNECT)
			events |= RW_LOOP_HANGUP;
		events &= watch->events;
	}
	if (events)
		watch->fn(events, watch->userdata);
}

int rw_loop_watch_new(struct rw_loop *loop, int fd, rw_loop_watch_fn fn, void *userdata,
		      struct rw_loop_watch **ret_watch)
{
	struct rw_loop_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	*watch = (struct rw_loop_watch){.loop = loop, .fn = fn, .userdata = userdata};
	r = uv_poll_init(&loop->uv, &watch->uv, fd);
	if (r < 0) {
		free(watch);
		return r;
	}
	watch->uv.data = watch;
	loop_source_add(loop);
	*ret_watch = watch;
	return 0;
}

void rw_loop_watch_set(struct rw_loop_watch *watch, unsigned int events)
{
	int uv_events = 0;

	if (events == watch->events)
		return;
	watch->events = events;
	if (events & RW_LOOP_READABLE)
		uv_events |= UV_READABLE;
	if (events & RW_LOOP_WRITABLE)
		uv_events |= UV_WRITABLE;
	if (events & RW_LOOP_HANGUP)
		uv_events |= UV_DISCONNECT;
	/* Both fail only for a handle that is being closed, which an owned one is not. */
	if (uv_events)
		(void)uv_poll_start(&watch->uv, uv_events, watch_fired);
	else
		(void)uv_poll_stop(&watch->uv);
}

struct rw_loop_watch *rw_loop_watch_free(struct rw_loop_watch *watch)
{
	if (!watch)
		return NULL;
	loop_source_remove(watch->loop);
	/* Stops polling at once (and invalidates events already fetched), so the owner may close the
	 * descriptor. */
	(void)uv_poll_stop(&watch->uv);
	uv_close((uv_handle_t *)&watch->uv, release_handle);
	return NULL;
}

/* ---- signals ---- */

struct rw_loop_signal {
	uv_signal_t uv;
	struct rw_loop *loop;
	rw_loop_fn fn;
	void *userdata;
};

static void signal_fired(uv_signal_t *handle, int signal_number)
{
	struct rw_loop_signal *signal = handle->data;

	(void)signal_number;
	signal->fn(signal->userdata);
}

int rw_loop_signal_new(struct rw_loop *loop, int signal_number, rw_loop_fn fn, void *userdata,
		       struct rw_loop_signal **ret_signal)
{
	struct rw_loop_signal *signal = calloc(1, sizeof(*signal));
	int r;

	if (!signal)
		return -ENOMEM;
	*signal = (struct rw_loop_signal){.loop = loop, .fn = fn, .userdata = userdata};
	r = uv_signal_init(&loop->uv, &signal->uv);
	if (r < 0) {
		free(signal);
		return r;
	}
	signal->uv.data = signal;
	r = uv_signal_start(&signal->uv, signal_fired, signal_number);
	if (r < 0) {
		uv_close((uv_handle_t *)&signal->uv, release_handle);
		return r;
	}
	loop_source_add(loop);
	*ret_signal = signal;
	return 0;
}

struct rw_loop_signal *rw_loop_signal_free(struct rw_loop_signal *signal)
{
	if (!signal)
		return NULL;
	loop_source_remove(signal->loop);
	uv_close((uv_handle_t *)&signal->uv, release_handle);
	return NULL;
}

/* ---- other threads ---- */

struct rw_loop_wakeup {
	uv_async_t uv;
	struct rw_loop *loop;
	rw_loop_fn fn;
	void *userdata;
};

static void wakeup_fired(uv_async_t *handle)
{
	struct rw_loop_wakeup *wakeup = handle->data;

	wakeup->fn(wakeup->userdata);
}

int rw_loop_wakeup_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata,
		       struct rw_loop_wakeup **ret_wakeup)
{
	struct rw_loop_wakeup *wakeup = calloc(1, sizeof(*wakeup));
	int r;

	if (!wakeup)
		return -ENOMEM;
	*wakeup = (struct rw_loop_wakeup){.loop = loop, .fn = fn, .userdata = userdata};
	r = uv_async_init(&loop->uv, &wakeup->uv, wakeup_fired);
	if (r < 0) {
		free(wakeup);
		return r;
	}
	wakeup->uv.data = wakeup;
	loop_source_add(loop);
	*ret_wakeup = wakeup;
	return 0;
}

void rw_loop_wakeup_send(struct rw_loop_wakeup *wakeup)
{
	(void)uv_async_send(&wakeup->uv);
}

struct rw_loop_wakeup *rw_loop_wakeup_free(struct rw_loop_wakeup *wakeup)
{
	if (!wakeup)
		return NULL;
	loop_source_remove(wakeup->loop);
	uv_close((uv_handle_t *)&wakeup->uv, release_handle);
	return NULL;
}
