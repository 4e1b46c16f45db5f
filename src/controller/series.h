/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The last day over time
 * ======================
 *
 * Out of agents' reports: how many flows of each verdict there were, in steps of five minutes, and how often each
 * rule decided, in hours.  For pictures; nothing is decided by it.  In memory alone, so a restart of the
 * controller begins with nothing, and rw_series_since says from when on it is known.
 *
 * Steps and hours are those of Unix time; what a report brings counts in the one in which it arrives.  Hits are
 * totals in the nodes' kernels: what counts is what they grew by from report to report.  The first report of an
 * agent's run is where growth begins, and a total that fell began anew at zero.
 *
 * Reports are claims: a node has room for RW_SERIES_RULES_MAX rules, the others are not kept over time, and none
 * takes another node's room.  A node that is deleted is forgotten with what it told.  Without memory less is kept.
 */

#include "controller/controller.h"
#include "wire/report.h"

#define RW_SERIES_STEP_MS   (INT64_C(5) * 60 * 1000)
#define RW_SERIES_STEPS     288
#define RW_SERIES_HOUR_MS   (INT64_C(60) * 60 * 1000)
#define RW_SERIES_HOURS     24
#define RW_SERIES_RULES_MAX 2048 /* of a node */

/* From when on everything is known (Unix time): the start of this process. */
int64_t rw_series_since(const struct rw_controller *controller);

/* The last one is under way. */
struct rw_flow_series {
	int64_t begin_ms; /* of the first step */
	uint64_t counts[RW_FLOW_VERDICT_COUNT_][RW_SERIES_STEPS];
};

/* Sums up the nodes of a cluster (id; NULL = all), or one node (id; NULL = all).  O(nodes x steps). */
void rw_series_flows(const struct rw_controller *controller, const char *cluster, const char *node,
		     struct rw_flow_series *ret_series);

/* Begin of the first of RW_SERIES_HOURS hours; the last one is under way. */
int64_t rw_series_hours_begin(const struct rw_controller *controller);

/* Packets that a rule (id) decided in each hour, over all nodes; false when there are none.
 * O(nodes x log rules). */
bool rw_series_rule(const struct rw_controller *controller, const char *rule,
		    uint64_t ret_packets[RW_SERIES_HOURS]);
