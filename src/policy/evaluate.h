/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The reference evaluator
 * =======================
 *
 * What a policy means, written to be obviously right: a plain walk over all rules of all groups of the
 * interface, packet by packet, without flow state (semantics sections 3 and 5.2-5.7).  Every other
 * implementation -- decision tables, eBPF, analysis -- is compared with it.  O(rules x log members).
 */

#include "policy/policy.h"

struct rw_decision {
	enum rw_verdict verdict;
	enum rw_cause cause;
	const char *detail; /* rule id for RW_CAUSE_RULE, group id for INNER_ACCESS, else NULL; lent by the
			       policy */
};

/* Decides 'packet' on interface 'interface' (< interface_count).  Cannot fail. */
struct rw_decision rw_evaluate(const struct rw_policy *policy, size_t interface,
			       const struct rw_packet *packet);

/* The contract's word of a cause other than RULE: "inner-access", "default", "system:spoofed", ... */
const char *rw_cause_name(enum rw_cause cause);

/* The cause as people see it: the rule id, or its word.  Lent. */
const char *rw_decision_cause(const struct rw_decision *decision);
