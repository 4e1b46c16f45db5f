/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rows of one view (private to src/classify)
 *
 * The row of class 0 is the default.  That of any other is its parent's, with the rules of the atoms
 * that the parent does not have laid over it: the smaller cell stays.  Classes are walked as a tree, so
 * that only the rows on the way to the current one are in memory; blocks of 256 columns that did not
 * change keep the parent's span.
 */

#include "classify/address.h"
#include "classify/columns.h"

/*
 * Writes row 'view' into the record of every class, for the rules plan->rules[list[0..count)] with
 * 'columns', from 'initial' (a cell) on; blocks are plain nodes or spans.  'fives' are the references of
 * the plan's five-tuple parts. -ENOMEM, -ENOSPC, -E2BIG (*ret_group is then the group whose rules do not
 * fit, or RW_PLAN_NO_GROUP).
 */
RW_NODISCARD int rw_rows_make(const struct rw_plan *plan, const struct rw_classify_address *address,
			      const struct rw_columns *columns, const uint32_t *list, uint32_t count,
			      const uint32_t *fives, uint32_t initial, uint32_t view, bool plain,
			      struct rw_image *image, uint32_t *ret_group);

/*
 * Rows of single classes, later: for classes that come when the image is in use.  Borrows everything that it
 * is made of but 'list'; 'image' takes the nodes.
 */
struct rw_row_maker;

RW_NODISCARD int rw_row_maker_new(const struct rw_plan *plan, const struct rw_classify_address *address,
				  const struct rw_columns *columns, const uint32_t *list, uint32_t count,
				  const uint32_t *fives, bool plain, struct rw_image *image,
				  struct rw_row_maker **ret_maker);
struct rw_row_maker *rw_row_maker_free(struct rw_row_maker *maker);

/* There may be more atoms, and 'fives' may have moved.  -ENOMEM; the maker is of no use then. */
RW_NODISCARD int rw_row_maker_follow(struct rw_row_maker *maker, const uint32_t *fives);

/*
 * Rule 'number' of the plan, which is open, takes part in the view and has come, or has gone.  -ENOMEM; the maker is
 * of no use then.  Cost: a search, and a pass over 4 bytes of each rule and atom.
 */
RW_NODISCARD int rw_row_maker_insert(struct rw_row_maker *maker, uint32_t number);
void rw_row_maker_remove(struct rw_row_maker *maker, uint32_t number);

/*
 * Gives the row 'base' with the rules of 'atoms' laid over it; 'base' itself when they change nothing.  None of
 * them is laid over it yet.  -ENOMEM, -ENOSPC, -E2BIG.
 */
RW_NODISCARD int rw_row_maker_lay(struct rw_row_maker *maker, uint32_t base, const uint32_t *atoms,
				  uint32_t count, uint32_t *ret_row);
