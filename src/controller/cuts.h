/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which live flows a change would cut
 * ===================================
 *
 * Only the nodes know their flows, so they are asked: each connected agent that a change concerns is sent what
 * its policy would become (RW_FRAME_QUESTION, wire/stream.h), judges its flow table by it, and answers with its
 * next report, at once.  Nothing changes by that.  Nodes that are not connected, cannot tell, or do not answer
 * within RW_CUTS_TIMEOUT_MS are told as not known, each with the reason.
 *
 * A node whose policy would only monitor cuts nothing and is not asked.
 */

#include "controller/change.h"
#include "wire/report.h"

#define RW_CUTS_TIMEOUT_MS 2000
#define RW_CUTS_ASKS_MAX   16  /* that wait for answers at a time */
#define RW_CUTS_NODES_MAX  500 /* that are asked by one; of the others nothing is known */

/* What a node says. */
struct rw_cuts_node {
	char id[RW_ID_SIZE];
	char *name;
	bool is_known;
	struct rw_report_judgement judgement; /* when it is */
	char reason[160];                     /* why not, when it is not */
	bool is_asked;                        /* its answer is awaited */
};

struct rw_cuts {
	struct rw_cuts_node *nodes; /* that the change concerns, by id */
	size_t count;
	uint64_t flows; /* sums over the known ones */
	uint64_t kept;
};

struct rw_cuts_ask;

/* Runs once, from a report or a tick.  May make any call but a change or a report. */
typedef void rw_cuts_fn(void *userdata, const struct rw_cuts *cuts);

#define RW_CUTS_OVER 1 /* all is known that can be: 'done' will not run */

/*
 * Asks the nodes of 'policies' (borrowed; of a dry run) for the flows that the policies after would refuse.  0,
 * RW_CUTS_OVER; in both cases *ret_ask is the caller's, see rw_cuts_free.  -EAGAIN beyond RW_CUTS_ASKS_MAX;
 * -ENOMEM.
 */
RW_NODISCARD int rw_cuts_ask(struct rw_controller *controller, const struct rw_change_policy *policies,
			     size_t count, rw_cuts_fn *done, void *userdata, struct rw_cuts_ask **ret_ask,
			     struct rw_error *err);

/* What is known so far; lent. */
const struct rw_cuts *rw_cuts_get(const struct rw_cuts_ask *ask);

/* Ends it, also while answers are awaited: 'done' will not run.  NULL is fine. */
void rw_cuts_free(struct rw_cuts_ask *ask);
