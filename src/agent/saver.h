/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Saving the policy in force
 * ==========================
 *
 * Encoding a large policy takes milliseconds, and a disk takes as long as it likes.  Neither may hold up the loop, where
 * changes, the controller and the operator wait.  So a pool thread does both, over a reference to the policy, which is
 * immutable:
 *
 *     rw_saver_want(saver);                             what is in force is not what is saved
 *     rw_saver_tick(saver, now_ms, &position, policy);  once a second: begins to save, if that is wanted
 *     rw_saver_finish(saver, &position, policy);        at the end of the program
 *
 * One save at a time: what comes into force while one is under way is saved by a later one.  So the files are written in
 * the order in which policies were in force, and each is whole (agent/state.h).  The file is said to be fresh when a save
 * has ended well and none was wanted since it began.
 *
 * A save that fails is told, and tried again half a minute later, or at the next tick when something else has come into
 * force.  A disk that does not answer holds up the end of the program and nothing else; after half a minute that is told.
 */

#include "agent/state.h"
#include "loop/loop.h"

#define RW_SAVER_RETRY_MS 30000u

struct rw_saver;

/* A save has ended well: 'err' is NULL.  It has failed, or the disk does not answer: 'err' says so. */
typedef void rw_saver_tell_fn(void *context, const struct rw_error *err);

/* Loop and place are borrowed for the saver's life.  -ENOMEM. */
RW_NODISCARD int rw_saver_new(struct rw_loop *loop, const struct rw_agent_place *place,
			      rw_saver_tell_fn *tell, void *context, struct rw_saver **ret_saver);

/* Not while a save is under way: see _finish. */
struct rw_saver *rw_saver_free(struct rw_saver *saver);
RW_DEFINE_CLEANUP(struct rw_saver *, rw_saver_free)

void rw_saver_want(struct rw_saver *saver);

/* 'policy' is what is in force now, NULL = nothing, then there is nothing to save.  True when a save has begun. */
bool rw_saver_tick(struct rw_saver *saver, uint64_t now_ms, const struct rw_position *position,
		   const struct rw_policy *policy);

/*
 * Waits for the save that is under way, and makes the one that is wanted, here.  To be called when nothing but that is left
 * in the loop, which it runs.
 */
void rw_saver_finish(struct rw_saver *saver, const struct rw_position *position,
		     const struct rw_policy *policy);
