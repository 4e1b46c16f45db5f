/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * History
 * =======
 *
 * The model as it was at a revision of the store, whatever that revision changed: read from the store's
 * history and folded by the code that folds the present.  It is read in steps of some milliseconds, so that a
 * large model holds nobody up:
 *
 *     r = rw_history_new(controller, "from", revision, &history, err);
 *     while (r >= 0 && (r = rw_history_step(history, err)) == RW_HISTORY_MORE)
 *             ...                                     // let others go ahead
 *     model = rw_history_take_model(history);
 *
 * History is bounded (rw_controller_limits.revisions): what was compacted is refused, also when that happens
 * between two steps, with a text that names the oldest revision that is kept.  Memory is that of one more model.
 */

#include "controller/controller.h"

enum { RW_HISTORY_MORE = 1 };

struct rw_history;

/*
 * Begins to read.  'field' names the revision in errors: -EINVAL for 0 and for revisions to come; -ENOENT for one
 * that is gone; -ENOMEM.  Borrows the controller and 'field'.
 */
RW_NODISCARD int rw_history_new(struct rw_controller *controller, const char *field, uint64_t revision,
				struct rw_history **ret_history, struct rw_error *err);
struct rw_history *rw_history_free(struct rw_history *history);
RW_DEFINE_CLEANUP(struct rw_history *, rw_history_free)

/* RW_HISTORY_MORE, 0 = the model is complete, -ENOENT as above, or a failure of the store. */
RW_NODISCARD int rw_history_step(struct rw_history *history, struct rw_error *err);

/* Gives the model, once, after a step that returned 0. */
struct rw_model *rw_history_take_model(struct rw_history *history);
