/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshots
 * =========
 *
 * A state of the model with all that policies come from beside it (where controllers and sshd listen, as it is
 * now).  Nothing of it changes and it borrows nothing, so questions can be computed on any one thread while the
 * controller goes on.  It costs the references to the model's objects, not copies of them.
 */

#include "analyze/source.h"
#include "controller/controller.h"

struct rw_snapshot;

/* Takes 'model', also on failure; NULL = the model as it is now.  -ENOMEM. */
RW_NODISCARD int rw_snapshot_new(struct rw_controller *controller, struct rw_model *model,
				 struct rw_snapshot **ret_snapshot, struct rw_error *err);
struct rw_snapshot *rw_snapshot_free(struct rw_snapshot *snapshot);
RW_DEFINE_CLEANUP(struct rw_snapshot *, rw_snapshot_free)

/* What questions are asked of (src/analyze); lent.  Used by one thread at a time. */
struct rw_source rw_snapshot_source(struct rw_snapshot *snapshot);
