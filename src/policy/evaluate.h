/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The reference evaluator
 * =======================
 *
 * What a policy means, written to be obviously right: a plain walk over all rules of all groups of the
 * interface, packet by packet, without flow state (semantics sections 3 and 5.2-5.7).  Every other
 * implementation -- decision tables, eBPF, analysis -- is compared with it.  O(rules x log members).
 *
 * The order is that of semantics section 5.  Where that page leaves a detail open, it is decided here:
 *
 * - The source of a packet is its remote end at ingress and its local end at egress.
 * - System passes (5.3) hold in both directions.  A later fragment is none of them, having no ports or type.
 * - Own address and spoofing (5.4) are judged at ingress only.  'routed' container addresses pass on any
 *   intranet NIC here; that the kernel routes them back by it is checked where routes are known, in the data
 *   plane.  A link-local, multicast or shared source is nobody's own.
 * - A later fragment is dropped as system:fragment: without flow state its first was never seen.
 * - What opens a TCP flow is a SYN without ACK, RST and FIN (rw_packet_opens).  Any other TCP packet is
 *   decided at ingress as if it were that SYN, unless a group of the interface says midstream drop: then
 *   system:no-flow.  At egress it is system:no-flow, except a RST, which gets the decision of the SYN it
 *   answers (ingress, same ends, failsafe included) if that accepts.
 * - Failsafe (5.6) looks at addresses and ports only.  RW_CAUSE_CONTROLLER_LINK, asked first: TCP at egress
 *   to a controller's address and port; UDP and TCP port 53 at egress to a resolver; TCP at ingress to a
 *   hosted port from anywhere.  RW_CAUSE_MANAGEMENT: TCP at ingress to an SSH port from a management CIDR.
 * - An interface without groups drops by RW_CAUSE_DEFAULT, after the system rules.
 * - Port 0 is matched by rules without ports only.
 * - Monitor changes no verdict: it is what would be.
 */

#include "policy/policy.h"

struct rw_decision {
	enum rw_verdict verdict;
	enum rw_cause cause;
	const char *detail; /* lent by the policy: rule id for RULE, group id for INNER_ACCESS, else NULL */
};

/* Decides 'packet' on interface 'interface' (< interface_count).  Cannot fail. */
struct rw_decision rw_evaluate(const struct rw_policy *policy, size_t interface,
			       const struct rw_packet *packet);

/* Semantics 5.3 alone: true, with the decision, for a packet that passes whatever the policy is. */
bool rw_evaluate_system(const struct rw_packet *packet, struct rw_decision *ret_decision);

/* The word of a cause other than RULE: "inner-access", "default", "system:spoofed", ... */
const char *rw_cause_name(enum rw_cause cause);

/* The cause as people see it: the rule id, or its word.  Lent. */
const char *rw_decision_cause(const struct rw_decision *decision);

/*
 * True when 'a' decides before 'b' among matching rules: priority, then drop before accept, then smaller id.
 */
bool rw_rule_decides_before(const struct rw_rule *a, const struct rw_rule *b);

/*
 * True when the rule, of a group of the interface, matches 'packet', whether or not it decides it
 * (semantics 2 and 3.1).
 */
bool rw_rule_matches(const struct rw_policy *policy, const struct rw_policy_interface *interface,
		     const struct rw_rule *rule, const struct rw_packet *packet);
