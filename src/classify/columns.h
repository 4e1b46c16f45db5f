/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ports to columns (private to src/classify)
 *
 * In one view, (protocol, destination port) pairs that lie in the same port ranges of its rules are one
 * column.  Column 0 lies in none but those of rules for all protocols.
 */

#include "classify/image.h"
#include "classify/plan.h"

/* A different (protocol, ports) of the view's rules, and the columns it covers. */
struct rw_port_range {
	uint16_t protocol; /* RW_PROTOCOL_ALL covers every column */
	struct rw_ports ports;
	uint32_t first_run; /* in rw_columns.runs, ascending */
	uint32_t run_count;
};

/* Columns first..last. */
struct rw_column_run {
	uint32_t first;
	uint32_t last;
};

/* Column 'to' is to become as column 'from' in every row. */
struct rw_column_copy {
	uint32_t from;
	uint32_t to;
};

#define RW_COLUMN_COPIES_MAX 16

/* Columns first..end-1 are as 'owner' and nobody's yet. */
struct rw_column_spare {
	uint32_t owner;
	uint32_t first;
	uint32_t end;
};

#define RW_COLUMN_OWNERS_MAX 6

struct rw_columns {
	uint32_t count;               /* spare ones included */
	struct rw_port_range *ranges; /* the first 'sorted_count' by protocol, first and last port */
	uint32_t range_count;
	uint32_t range_capacity;
	uint32_t sorted_count;
	uint32_t *range_of; /* by number of a rule that takes part */
	uint32_t rule_capacity;
	struct rw_column_run *runs;
	uint32_t run_count;
	uint32_t run_capacity;
	struct rw_column_spare spares[RW_COLUMN_OWNERS_MAX];
	uint32_t spare_count;
	struct rw_column_copy copies[RW_COLUMN_COPIES_MAX]; /* what the last rw_columns_insert asks for */
	uint32_t copy_count;
};

void rw_columns_done(struct rw_columns *columns);
RW_DEFINE_DONE(struct rw_columns, rw_columns_done)

/*
 * Gives the columns of the rules plan->rules[list[0..count)] and fills 'protocol' of the view's page
 * (number 'view_page'); 'spacious' with spare ones.  -ENOMEM, -E2BIG, -ENOSPC.
 */
RW_NODISCARD int rw_columns_make(const struct rw_plan *plan, const uint32_t *list, uint32_t count,
				 bool spacious, struct rw_image *image, uint32_t view_page,
				 struct rw_columns *ret_columns);

/* What the rule of that number covers. */
static inline const struct rw_port_range *rw_columns_range_of(const struct rw_columns *columns, uint32_t rule)
{
	return &columns->ranges[columns->range_of[rule]];
}

/* Whether a range covers a column. */
bool rw_columns_covers(const struct rw_columns *columns, const struct rw_port_range *range, uint32_t column);

/*
 * A rule on 'protocol' and 'ports' comes, number 'rule': gives it its range, which is made when there is
 * none like it.  The view's page, of an image that no program reads, is changed when ports are led to spare
 * columns: *ret_changed; rows are still to be changed by columns->copies, in this order.  RW_COLUMNS_NONE
 * when there are too few left, -ENOMEM, -ENOSPC; columns and page are of no use then.
 *
 * Cost: a search; a range that there was not yet costs what the columns and port intervals of its protocol do.
 * Ranges stay when their rules go.
 */
#define RW_COLUMNS_NONE 1
RW_NODISCARD int rw_columns_insert(struct rw_columns *columns, uint16_t protocol, struct rw_ports ports,
				   uint32_t rule, struct rw_image *image, uint32_t view_page,
				   bool *ret_changed);
