/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Event loop
 * ==========
 *
 * One thread runs the loop and owns all state of a program; everything below calls back on that thread.
 * Only two things may be touched from elsewhere: rw_loop_wakeup_send(), from any thread, and the
 * 'compute' function of rw_loop_work(), which runs on a pool thread over data that nobody changes.
 *
 * Sources (timer, watch, signal, deferred call, wakeup) are objects made by _new and ended by _free.
 * After _free returns, the callback never runs again, also when it was due in this very turn; a
 * callback may free its own source.  A source belongs to whoever made it and must be freed before its
 * loop: rw_loop_free() asserts that none is left, which makes leaks loud and shutdown the same every time.
 *
 * Order inside one turn: timers, deferred calls, wait for input, watches and wakeups and signals,
 * deferred calls.  A deferred call therefore runs in the turn that armed it, before the loop sleeps.
 *
 * This folder is the only user of libuv.  Time has the resolution of milliseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct rw_loop;

RW_NODISCARD int rw_loop_new(struct rw_loop **ret_loop, struct rw_error *err);

/* Waits for work that is being computed, cancels what has not begun (see rw_loop_work), frees.  Asserts
 * that no other source is left. */
struct rw_loop *rw_loop_free(struct rw_loop *loop);
RW_DEFINE_CLEANUP(struct rw_loop *, rw_loop_free)

/* Calls back until rw_loop_stop(), or until no source is left that could ever call back.  May be called
 * again; not from inside a callback. */
void rw_loop_run(struct rw_loop *loop);

/* Makes rw_loop_run() return at the end of this turn.  Called outside of rw_loop_run() it has no effect. */
void rw_loop_stop(struct rw_loop *loop);

/* One turn without waiting: handles what is due or ready now.  For tests. */
void rw_loop_turn(struct rw_loop *loop);

/* Monotonic milliseconds, read once a turn; origin unspecified. */
uint64_t rw_loop_now_ms(struct rw_loop *loop);

typedef void (*rw_loop_fn)(void *userdata);

/* ---- timers ---- */

struct rw_loop_timer;

RW_NODISCARD int rw_loop_timer_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata,
				   struct rw_loop_timer **ret_timer);

/* Fires after 'delay_ms' (0 = next turn), then every 'repeat_ms' (0 = once).  Replaces an earlier start. */
void rw_loop_timer_start(struct rw_loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
void rw_loop_timer_stop(struct rw_loop_timer *timer);
struct rw_loop_timer *rw_loop_timer_free(struct rw_loop_timer *timer);
RW_DEFINE_CLEANUP(struct rw_loop_timer *, rw_loop_timer_free)

/* ---- file descriptors ---- */

enum rw_loop_event {
	RW_LOOP_READABLE = 1,
	RW_LOOP_WRITABLE = 2,
	RW_LOOP_HANGUP = 4, /* the other end has shut its side down, also while nothing is read */
};

struct rw_loop_watch;

/*
 * 'events' are those of enum rw_loop_event that hold; an error condition counts as all that were asked for.
 */
typedef void (*rw_loop_watch_fn)(unsigned int events, void *userdata);

/*
 * Watches 'fd', which stays the caller's and must stay open until the watch is freed; it is made
 * non-blocking.  At most one watch a descriptor.  Level-triggered.  Starts with no events: see _set.
 */
RW_NODISCARD int rw_loop_watch_new(struct rw_loop *loop, int fd, rw_loop_watch_fn fn, void *userdata,
				   struct rw_loop_watch **ret_watch);

/* Sets the events waited for (0 = none).  Cheap when nothing changes. */
void rw_loop_watch_set(struct rw_loop_watch *watch, unsigned int events);
struct rw_loop_watch *rw_loop_watch_free(struct rw_loop_watch *watch);
RW_DEFINE_CLEANUP(struct rw_loop_watch *, rw_loop_watch_free)

/* ---- signals ---- */

struct rw_loop_signal;

/* Calls back on the loop thread for each delivery of 'signal_number' (deliveries may merge). */
RW_NODISCARD int rw_loop_signal_new(struct rw_loop *loop, int signal_number, rw_loop_fn fn, void *userdata,
				    struct rw_loop_signal **ret_signal);
struct rw_loop_signal *rw_loop_signal_free(struct rw_loop_signal *signal);
RW_DEFINE_CLEANUP(struct rw_loop_signal *, rw_loop_signal_free)

/* ---- deferred calls ---- */

struct rw_loop_deferred;

RW_NODISCARD int rw_loop_deferred_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata,
				      struct rw_loop_deferred **ret_deferred);

/* Runs the function once, later in this turn (armed from a deferred call: in the next turn, at once). */
void rw_loop_deferred_arm(struct rw_loop_deferred *deferred);
struct rw_loop_deferred *rw_loop_deferred_free(struct rw_loop_deferred *deferred);
RW_DEFINE_CLEANUP(struct rw_loop_deferred *, rw_loop_deferred_free)

/* ---- other threads ---- */

struct rw_loop_wakeup;

RW_NODISCARD int rw_loop_wakeup_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata,
				    struct rw_loop_wakeup **ret_wakeup);

/* From any thread, or a signal handler: runs the function on the loop thread.  Sends may merge. */
void rw_loop_wakeup_send(struct rw_loop_wakeup *wakeup);
struct rw_loop_wakeup *rw_loop_wakeup_free(struct rw_loop_wakeup *wakeup);
RW_DEFINE_CLEANUP(struct rw_loop_wakeup *, rw_loop_wakeup_free)

/* Works queued or running at a time; more are refused with -EAGAIN. */
#define RW_LOOP_MAX_WORKS 256

/*
 * Runs compute(job) on a pool thread, then done(job, 0) on the loop thread.  'job' is the caller's; until
 * 'done' nobody else may touch what 'compute' writes, nor change what it reads.  After success 'done'
 * runs exactly once: if the loop is freed before the work began, with -ECANCELED.
 * Returns 0, -EAGAIN beyond RW_LOOP_MAX_WORKS, -ENOMEM.
 */
RW_NODISCARD int rw_loop_work(struct rw_loop *loop, void (*compute)(void *job),
			      void (*done)(void *job, int status), void *job);
