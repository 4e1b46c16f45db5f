/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Trace
 * =====
 *
 * Why one packet is accepted or dropped on an interface: the decision of the reference evaluator, and every
 * rule that matched with the reason why it did or did not decide.
 *
 *     RW_CLEANUP(rw_trace_done) struct rw_trace trace = {0};
 *     r = rw_trace(policy, interface, &packet, &trace, err);
 *     trace.decision                       verdict and cause
 *     trace.matches[i].rule / .group       what matched, in deciding order
 *     trace.matches[i].outcome             RW_TRACE_PRIORITY: a smaller number decided
 *
 * Everything in the trace is lent by the policy.
 */

#include "policy/evaluate.h"

enum rw_trace_outcome {
	RW_TRACE_DECIDED,
	RW_TRACE_SYSTEM,       /* a system rule decided before any rule was asked (semantics section 5) */
	RW_TRACE_INNER_ACCESS, /* the remote end is a member of a group with inner access (semantics 3.2) */
	RW_TRACE_PRIORITY,     /* a rule with a smaller priority number decided */
	RW_TRACE_DROP_WINS,    /* at equal priority drop beats accept */
	RW_TRACE_SMALLER_ID,   /* same priority and policy: the smallest id is named as the cause */
	RW_TRACE_OUTCOME_COUNT_,
};

struct rw_trace_match {
	const struct rw_rule *rule;
	const struct rw_policy_group *group; /* that the rule belongs to */
	enum rw_trace_outcome outcome;
	bool other_group; /* it lost to a rule of another group */
};

struct rw_trace {
	struct rw_decision decision;
	const struct rw_policy_group
		*group; /* of the deciding rule, or whose inner access decided; or NULL */
	/*
	 * What the rules were asked about: the packet itself, or the opener in whose place a TCP packet of no
	 * known flow was decided (semantics section 4).
	 */
	struct rw_packet asked;
	struct rw_trace_match *matches; /* in deciding order: the decider, if a rule, is the first */
	size_t match_count;
};

void rw_trace_done(struct rw_trace *trace);
RW_DEFINE_DONE(struct rw_trace, rw_trace_done)

/* The word of an outcome: "decided", "system", "inner-access", "priority", "drop-wins", "smaller-id". */
const char *rw_trace_outcome_name(enum rw_trace_outcome outcome);

/* Traces 'packet' on 'interface' (< interface_count).  0 or -ENOMEM.  O(rules). */
RW_NODISCARD int rw_trace(const struct rw_policy *policy, size_t interface, const struct rw_packet *packet,
			  struct rw_trace *ret_trace, struct rw_error *err);
