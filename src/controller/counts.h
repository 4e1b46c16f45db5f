/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a controller has counted since its process began, for metrics.  Soft: a restart begins at zero, which
 * whoever collects counters expects.
 *
 * Counters of nodes live in their kernels and outlive agents and controllers.  What is added up here is what
 * they grew by from report to report; the first report of a node in this process is where its growth begins,
 * and a counter that fell began anew at zero.
 */

#include "base/histogram.h"
#include "controller/controller.h"
#include "controller/guard.h"
#include "policy/flow_class.h"

/* How asking for a change ended. */
enum rw_change_outcome {
	RW_CHANGE_MADE,      /* durable */
	RW_CHANGE_UNCHANGED, /* everything was so already */
	RW_CHANGE_CHECKED,   /* a dry run; nothing was to be changed */
	RW_CHANGE_REPEATED,  /* done before under the same idempotency key */
	RW_CHANGE_REFUSED,   /* not valid, stale, or in conflict with what is there */
	RW_CHANGE_STOPPED,   /* refused by guards */
	RW_CHANGE_FAILED,    /* the store or the memory failed */
	RW_CHANGE_OUTCOME_COUNT_,
};
extern const struct rw_word rw_words_change_outcome[];

struct rw_controller_counts {
	uint64_t changes[RW_CHANGE_OUTCOME_COUNT_];
	uint64_t guarded[RW_GUARD_COUNT_]; /* changes that this guard stopped, alone or with others */
	struct rw_histogram commits;       /* durations of store commits that succeeded */
	uint64_t commits_failed;
	struct rw_histogram applies; /* from a policy being wanted to its being in force on a node */
	uint64_t reports;            /* taken from agents */
	uint64_t dropped[RW_CAUSE_COUNT_];
	uint64_t would_drop[RW_CAUSE_COUNT_];
	uint64_t flows_refused;
	uint64_t flow_records;      /* of observed flows, taken from reports */
	uint64_t flow_records_lost; /* ... that the history did not take */
};

/* Lent for the controller's life. */
const struct rw_controller_counts *rw_controller_counts(const struct rw_controller *controller);

/* How it is now. */
struct rw_controller_load {
	size_t sessions;  /* agent streams open */
	size_t snapshots; /* on their way to agents */
	size_t waits;     /* requests that wait for nodes */
	uint64_t events;  /* told since the process began */
	uint64_t lag_ns;  /* longest time that a node in touch has been without its newest policy */
	uint64_t flows[RW_FLOW_CLASS_COUNT_]; /* of all nodes, as reported last */
	uint64_t flow_capacity;               /* of all nodes, both families */
	size_t behind;                        /* nodes without it, in touch or not */
};
void rw_controller_load(const struct rw_controller *controller, struct rw_controller_load *ret_load);
