/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether promises are kept
 * =========================
 *
 * A promise says that some traffic is accepted, or denied: from an object, to an object, protocol, ports.  It is
 * judged on exact header sets, at every interface of a node that it speaks of:
 *
 *     to    a node with an address in 'to': at ingress, what comes from 'from' to that address
 *     from  a node with an address in 'from': at egress, what that address sends to 'to'
 *
 * An accept is kept when all of it is accepted, at both ends.  A deny is kept when nothing of it is accepted at the
 * receiving end; the sending end is asked only about what is no node's address, since a machine that must be kept
 * out is not to be trusted with keeping itself out.  A promise that speaks of no interface is idle: it is neither.
 *
 * Judged are rules, inner access and the defaults (semantics section 3), as if every node enforced: monitored nodes
 * and nodes without an agent, too.
 *
 *     RW_CLEANUP(rw_promise_judge_free) struct rw_promise_judge *judge = NULL;
 *     r = rw_promise_judge_new(model, &judge, err);
 *     r = rw_promise_judge_all(judge, promise, &outcome, err);
 *
 * Pure.  Threads: a judge belongs to one.
 */

#include "policy/policy.h"

enum rw_promise_state { RW_PROMISE_IDLE, RW_PROMISE_KEPT, RW_PROMISE_BROKEN };

struct rw_promise_outcome {
	enum rw_promise_state state;
	size_t interfaces; /* ends that were judged until the first that breaks it */
	/* When broken: */
	char node[RW_ID_SIZE];
	char node_name[64];
	char interface[16];
	struct rw_packet witness; /* of the promise, and decided otherwise */
	enum rw_verdict verdict;
	char cause[RW_ID_SIZE]; /* what decides it: a rule's id, or a cause's word */
};

/* "idle", "kept", "broken". */
const char *rw_promise_state_name(enum rw_promise_state state);

/* Everything that judging promises in one model shares. */
struct rw_promise_judge;

/* 'model' is borrowed as long as the judge lives.  -ENOMEM. */
RW_NODISCARD int rw_promise_judge_new(const struct rw_model *model, struct rw_promise_judge **ret_judge,
				      struct rw_error *err);
struct rw_promise_judge *rw_promise_judge_free(struct rw_promise_judge *judge);
RW_DEFINE_CLEANUP(struct rw_promise_judge *, rw_promise_judge_free)

/*
 * Judges a promise at one node of the model, by its policy, and adds that to 'outcome' (all zero before the first):
 * what is broken stays so.  0 without doing anything for nodes of other networks.  -ENOMEM; -E2BIG when the rules are
 * too entangled for analysis.
 */
RW_NODISCARD int rw_promise_judge_node(struct rw_promise_judge *judge, const struct rw_promise *promise,
				       const struct rw_policy *policy, struct rw_promise_outcome *outcome,
				       struct rw_error *err);

/* The same at all nodes; derives each policy once.  The first end that breaks it, by id of the node, is told. */
RW_NODISCARD int rw_promise_judge_all(struct rw_promise_judge *judge, const struct rw_promise *promise,
				      struct rw_promise_outcome *ret_outcome, struct rw_error *err);
