/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One rule in the rows of many classes (private to src/classify)
 *
 * A rule that comes is laid over the rows of the classes that have its atom.  Where one that is gone
 * decided, the strongest of the others takes its place: what an atom's rules say on the columns is worked
 * out once, when the first class asks, and a class takes the strongest of its atoms, behind those five-tuple
 * rules that come before it.  Only blocks with columns of the rule are read and written, and rows that are the
 * same before and meet the same are made once.
 */

#include "classify/rows.h"

struct rw_row_patch;

/* To lay rule 'number' of the plan over rows.  -ENOMEM. */
RW_NODISCARD int rw_row_patch_lay(struct rw_row_maker *maker, uint32_t number,
				  struct rw_row_patch **ret_patch);

/* To make a column as another one, in every row; what the maker has merged, too.  -ENOMEM. */
RW_NODISCARD int rw_row_patch_copy(struct rw_row_maker *maker, const struct rw_column_copy *copy,
				   struct rw_row_patch **ret_patch);

/*
 * To take rule 'number' of the plan, which the maker has no more, out of the rows of 'classes' classes, whose cell
 * without rules is 'initial'.  RW_ROW_PATCH_NONE when that takes longer than compiling; -ENOMEM.
 */
#define RW_ROW_PATCH_NONE 1
RW_NODISCARD int rw_row_patch_lift(struct rw_row_maker *maker, uint32_t number, uint32_t initial,
				   uint32_t classes, struct rw_row_patch **ret_patch);
struct rw_row_patch *rw_row_patch_free(struct rw_row_patch *patch);
RW_DEFINE_CLEANUP(struct rw_row_patch *, rw_row_patch_free)

/*
 * Gives the row in place of 'base' for a class of 'atoms', of which the rule's is one; 'base' itself when
 * nothing changes.  RW_ROW_PATCH_NONE when there is too much to work out; -ENOMEM, -ENOSPC, -E2BIG.
 */
RW_NODISCARD int rw_row_patch_apply(struct rw_row_patch *patch, uint32_t base, const uint32_t *atoms,
				    uint32_t count, uint32_t *ret_row);
