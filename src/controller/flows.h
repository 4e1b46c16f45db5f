/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Observed flows
 * ==============
 *
 * What agents report of new flows goes two ways: to those who follow, out of a ring of the newest ones, and into
 * the history (store/flows.h), some rows at every tick.  Neither is part of the policy store, and nothing that is
 * decided depends on them.
 *
 * Reports are claims: times are taken into the bounds of the report's own arrival, and a node fills no more than
 * its cluster's share of the history.  When the history fails, that is logged once, rows are lost and counted,
 * and everything else goes on; it is tried again with the next rows.
 *
 * The scope of a node's flows is its cluster, or itself when it is in none.  A node that is deleted is forgotten.
 */

#include "controller/controller.h"
#include "store/flows.h"
#include "wire/report.h"

#define RW_FLOWS_RING        1024  /* of the newest, for those who follow */
#define RW_FLOWS_PENDING_MAX 50000 /* rows that wait for the history */
#define RW_FLOWS_TICK_ROWS   2000  /* written at a tick */

struct rw_flow_seen {
	uint64_t number; /* counts up from 1 */
	char scope[RW_ID_SIZE];
	char node[RW_ID_SIZE];
	struct rw_report_flow flow;
};

/* Number of the newest; 0 = none yet. */
uint64_t rw_flows_newest(const struct rw_controller *controller);

/* The next one after *cursor, which moves to it; NULL when there is none.  *ret_lost: others in between are no
 * longer known.  Lent until the next report. */
const struct rw_flow_seen *rw_flows_next(const struct rw_controller *controller, uint64_t *cursor,
					 bool *ret_lost);

/* Runs 'fn' after a report brought flows; one listener. */
void rw_flows_listen(struct rw_controller *controller, void (*fn)(void *userdata), void *userdata);

/*
 * Asks the history, with what waits for it.  -ENOENT when none is kept; else as rw_flow_history_query.
 */
RW_NODISCARD int rw_flows_query(struct rw_controller *controller, const struct rw_flow_query *query,
				rw_flow_row_fn *each, void *context, bool *ret_more, struct rw_error *err);

/* The same by day: as rw_flow_history_days. */
RW_NODISCARD int rw_flows_days(struct rw_controller *controller, const struct rw_flow_query *query,
			       rw_flow_day_fn *each, void *context, struct rw_error *err);

/* A row of the history in the words of reports. */
void rw_flows_of_row(const struct rw_flow_row *row, struct rw_flow_seen *ret_seen);
