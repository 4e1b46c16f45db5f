/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Views and deciders
 * ==================
 *
 * A *view* is one direction of one interface of a node's policy: the unit that decides packets, and the unit
 * of every analysis.  Its *deciders* are everything that can decide a packet there, strongest first:
 *
 *     own address, spoofed (ingress)  >  failsafe  >  inner access  >  rules of all groups  >  default
 *
 * so that "which rule decides" is one number, the rank of the first decider that matches; the last one, the
 * default, always does.  (Semantics 3, 5.4 and 5.6.  The system passes of 5.3 -- neighbour discovery,
 * multicast membership, DHCP -- are the same under every policy and take no part, and neither do packets that
 * open no flow: analysis is about what opens one.)
 *
 * The order comes from the compiler's plan (classify/plan.h), so analysis and data plane cannot disagree
 * about it.
 */

#include "classify/plan.h"
#include "policy/evaluate.h"

struct rw_view {
	const struct rw_policy *policy; /* borrowed */
	size_t interface;               /* < policy->interface_count */
	enum rw_direction direction;
	bool rules_only; /* semantics section 3 alone: no own address, spoofing or failsafe */
	/*
	 * The node's own addresses are sources like any other.  No genuine packet comes from them, and without
	 * them "from anywhere" reads 0.0.0.0/0 on every node of a cluster.
	 */
	bool ignore_own;
};

enum { RW_FAMILY_4 = 1, RW_FAMILY_6 = 2, RW_FAMILY_ANY = 3 };

struct rw_decider {
	enum rw_verdict verdict;
	enum rw_cause cause;
	const char *detail;         /* as in struct rw_decision; lent by the policy */
	const struct rw_rule *rule; /* for RW_CAUSE_RULE; lent by the policy */
	uint32_t group;       /* index in the policy for rules and inner access, else RW_PLAN_NO_GROUP */
	uint32_t atom;        /* what it says of the remote address */
	uint8_t families;     /* RW_FAMILY_*: ICMP and ICMPv6 match in one only */
	uint32_t first, last; /* services: protocol << 16 | port */
};

struct rw_deciders {
	struct rw_decider *list; /* by rank; the last is the default, without an atom */
	uint32_t count;
};

void rw_deciders_done(struct rw_deciders *deciders);
RW_DEFINE_DONE(struct rw_deciders, rw_deciders_done)

/*
 * Lists the deciders of 'view', naming what they say of remote addresses in 'atoms' (added to).  Rules whose
 * object has no address set are left out: they match nobody.  'service_first'..'service_last' keeps only
 * those that have a say there.  -ENOMEM, -E2BIG as rw_plan_make.
 */
RW_NODISCARD int rw_deciders_list(const struct rw_view *view, uint32_t service_first, uint32_t service_last,
				  struct rw_atoms *atoms, struct rw_deciders *ret_deciders,
				  struct rw_error *err);

/* The decision that a decider makes. */
struct rw_decision rw_decider_decision(const struct rw_decider *decider);

#define RW_SERVICE_FIRST 0u
#define RW_SERVICE_LAST  0xffffffu

/* The services of a rule: RW_PROTOCOL_ALL is all of them. */
void rw_service_range(uint16_t protocol, struct rw_ports ports, uint32_t *ret_first, uint32_t *ret_last);
