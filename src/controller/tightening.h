/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The way back of a tightening
 * ============================
 *
 * What the steps of a plan (audit/tighten.h) did to the rules of a group and was not undone yet.  It stands in the store
 * beside the group, written in the same transaction as each step, so it is whole however long ago the first step was
 * and however little of the change log is kept; it goes with its undo, and with its group.
 *
 *     request.tightens = group;     a change whose rules are added to the way back
 *     request.loosens = group;      the change that takes it
 */

#include "controller/change.h"

/* Most bytes that the way back of one group takes; a step beyond is refused. */
#define RW_TIGHTENING_MAX (512u * 1024)

struct rw_tightening {
	struct rw_vec deleted; /* struct rw_rule *: references */
	struct rw_vec added;   /* char[RW_ID_SIZE]: ids */
};
void rw_tightening_done(struct rw_tightening *tightening);
RW_DEFINE_DONE(struct rw_tightening, rw_tightening_done)

/*
 * Reads it from the store, into one that need not be initialised and is done with by the caller in any case; empty when there
 * is none.  Errors: the store's, -EUCLEAN, -ENOMEM.
 */
RW_NODISCARD int rw_tightening_read(struct rw_controller *controller, const char *group,
				    struct rw_tightening *ret_tightening, struct rw_error *err);
