/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An atom gets or loses the addresses of a prefix (private to src/classify)
 *
 * Their class becomes that of the same atoms with it or without it; a class that there was not yet is made first.
 */

#include "classify/compile.h"

struct rw_shift {
	struct rw_classify_table *table;
	struct rw_classify_memory *memory; /* where the image is that changes */
	struct rw_error *err;
	uint32_t atom;
	bool added;           /* the atom gets them; else it loses them */
	uint32_t class_limit; /* how many classes there may be then; 0 = any number */
	/* Private, zero at first. */
	uint32_t *all;                    /* room for every atom */
	uint32_t leaf_before, leaf_after; /* the last answer */
	bool has_answer;
};

void rw_shift_done(struct rw_shift *shift);
RW_DEFINE_DONE(struct rw_shift, rw_shift_done)

/*
 * Moves the addresses of 'prefix' by one store, which programs may see.  RW_CLASSIFY_BESIDE when it takes more stores
 * or more room, -ENOMEM; the addresses are then where they were.
 */
RW_NODISCARD int rw_shift_prefix(struct rw_shift *shift, const struct rw_prefix *prefix);

/* The same by as many stores as it takes, in an image that no program reads; after a failure it is of no use. */
RW_NODISCARD int rw_shift_prefix_unseen(struct rw_shift *shift, const struct rw_prefix *prefix);
