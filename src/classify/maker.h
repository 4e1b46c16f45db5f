/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a table is changed by (private to src/classify)
 *
 * The parts of a compilation that an image does not hold and that its changes need: the plan, and of each view its
 * columns and what makes rows.  Made when the first change comes that needs it, and handed on to the table
 * that a change of rules makes (revise.h).
 */

#include "classify/columns.h"
#include "classify/compile.h"
#include "classify/plan.h"
#include "classify/rows.h"

struct rw_maker_view {
	struct rw_columns columns;
	struct rw_row_maker *rows;
};

struct rw_classify_maker {
	struct rw_policy *policy; /* lends what the plan needs; its rules are those of the table's */
	struct rw_plan plan;
	struct rw_image image; /* continues that of the table */
	uint32_t *fives;       /* references of the plan's five-tuple parts */
	struct rw_maker_view *views;
	uint32_t view_count;
	uint32_t *rows;   /* room for one of each view */
	uint32_t changes; /* of rules, since the table was compiled */
};

/*
 * Sees to it that 'table', whose pages are in 'memory', has a maker.  0; RW_CLASSIFY_BESIDE when the one it has
 * failed, so that nothing can be made with it; -ENOMEM.
 */
RW_NODISCARD int rw_maker_need(struct rw_classify_table *table, struct rw_classify_memory *memory,
			       struct rw_error *err);

/*
 * Adds the class of the atoms 'all' (ascending), which there was not yet, with its record and rows: those of
 * 'parent' with the rules of 'laid' over them.  Nothing leads to it yet.  RW_CLASSIFY_BESIDE without room for the
 * record; -ENOMEM, -ENOSPC, -E2BIG.
 */
RW_NODISCARD int rw_maker_add_class(struct rw_classify_table *table, struct rw_classify_memory *memory,
				    uint32_t parent, const uint32_t *all, uint32_t all_count,
				    const uint32_t *laid, uint32_t laid_count, struct rw_error *err);
