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
	uint32_t first_run; /* in rw_columns.runs */
	uint32_t run_count;
};

/* Columns first..last. */
struct rw_column_run {
	uint32_t first;
	uint32_t last;
};

struct rw_columns {
	uint32_t count;
	struct rw_port_range *ranges;
	uint32_t range_count;
	uint32_t *range_of; /* by position in the view's list of rules */
	struct rw_column_run *runs;
	uint32_t run_count;
	uint32_t run_capacity;
};

void rw_columns_done(struct rw_columns *columns);
RW_DEFINE_DONE(struct rw_columns, rw_columns_done)

/*
 * Gives the columns of the rules plan->rules[list[0..count)] and fills 'protocol' of the view's page
 * (number 'view_page').  -ENOMEM, -E2BIG, -ENOSPC.
 */
RW_NODISCARD int rw_columns_make(const struct rw_plan *plan, const uint32_t *list, uint32_t count,
				 struct rw_image *image, uint32_t view_page, struct rw_columns *ret_columns);
