/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Waiting until a change is in force
 * ==================================
 *
 * When a change is committed, the set of managed nodes whose policy it touches is fixed and remembered under
 * its revision (limits.changes of them, fewer where they concern more than limits.change_nodes together, and those
 * that are waited for).  A node is then
 *
 *     applied   its agent reported an applied revision not below this one
 *     failed    its agent could not apply this or a later policy; the old one is in force; with the reason
 *     offline   its agent is not connected (or the node was deleted since)
 *     pending   none of these yet
 *
 * A wait ends when no connected node is pending (`--wait`), or when none is pending or offline
 * (`--wait-all`), or at its time-out.  It never undoes anything.
 */

#include "controller/controller.h"
#include "wire/writer.h"

enum rw_apply_state {
	RW_APPLY_PENDING,
	RW_APPLY_APPLIED,
	RW_APPLY_OFFLINE,
	RW_APPLY_FAILED,
	RW_APPLY_COUNT_
};

struct rw_change_node {
	char id[RW_ID_SIZE];
	char *name;
	enum rw_apply_state state;
	char *reason; /* "" when there is nothing to say */
};

struct rw_change_progress {
	uint64_t revision;
	struct rw_change_node *nodes; /* by id */
	size_t count;
	size_t counts[RW_APPLY_COUNT_];
};
void rw_change_progress_done(struct rw_change_progress *progress);
RW_DEFINE_DONE(struct rw_change_progress, rw_change_progress_done)

/* How far the change of 'revision' is.  -ENOENT: no such change, or too long ago; -ENOMEM. */
RW_NODISCARD int rw_change_progress_get(const struct rw_controller *controller, uint64_t revision,
					struct rw_change_progress *ret_progress, struct rw_error *err);

/* Writes "nodes": [{"id","name","state","reason"}] into an open object. */
void rw_change_progress_write(struct rw_json_writer *json, const struct rw_change_progress *progress);

struct rw_wait;

/*
 * Runs once, from a report or a tick; the wait is dead by then.  May make any call but a change or a report.
 */
typedef void rw_wait_fn(void *userdata, uint64_t revision, bool timed_out);

#define RW_WAIT_OVER 1 /* there is nothing to wait for: 'done' will not run */

/* 0, RW_WAIT_OVER; -ENOENT as above; -ENOMEM. */
RW_NODISCARD int rw_wait_start(struct rw_controller *controller, uint64_t revision, uint64_t timeout_ms,
			       bool all, rw_wait_fn *done, void *userdata, struct rw_wait **ret_wait,
			       struct rw_error *err);

/* Forgets a wait whose function has not run: the client went away.  NULL is fine. */
void rw_wait_cancel(struct rw_wait *wait);
