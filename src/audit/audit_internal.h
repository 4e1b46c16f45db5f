/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/audit only: one subject while it is judged. */

#include "analyze/map.h"
#include "audit/audit.h"
#include "group/members.h"

/* Services (protocol << 16 | port) that are open to the internet. */
struct open_range {
	uint32_t first, last;
	bool v4, v6;
};

/* One way in which interfaces of a subject's nodes are exposed: those of one NIC type in the same groups. */
struct exposed {
	struct rw_policy *policy; /* of the first node that has it; owned */
	size_t interface;
	rw_set open;          /* what is accepted at ingress by rules and inner access */
	bool public;          /* a NIC by which the internet comes */
	rw_set world;         /* of 'open', what has a source in the internet; empty unless public */
	rw_set added;         /* of 'world', what was not open before; all of it without a model before */
	struct rw_vec ranges; /* struct open_range: open to so much of it that it counts; ascending */
	char key[1024];       /* NIC type and groups, also those before */
};

struct subject {
	struct run *run;
	enum rw_kind kind;
	const char *id, *name;
	const struct rw_cluster *cluster; /* NULL for a free-standing group */
	const struct rw_group *group;
	const struct rw_network *network;
	const struct rw_node **nodes;
	size_t node_count;
	bool hypothetical; /* it has no nodes: judged by what one would be */
	bool has_v4, has_v6;
	struct rw_sets *sets;
	rw_set internet;
	struct rw_vec exposed; /* struct exposed */
	struct rw_rule **default_rules;
	size_t default_rule_count;
};

struct run {
	const struct rw_audit_input *input;
	struct rw_audit *audit;
	struct rw_members *members; /* made when first needed */
	struct rw_policy_cache *cache;
	struct rw_policy_cache *before_cache; /* with input->before */
	struct rw_error *err;
};

/* Fills subject->exposed.  0, -ENOMEM, -E2BIG. */
int exposed_find(struct subject *subject);
void exposed_done(struct exposed *exposed);

/* Appends the CIDRs that are not of the internet: private ranges and those of the network.  -ENOMEM. */
int internet_find_others(const struct rw_network *network, struct rw_vec *ret_prefixes, struct rw_error *err);

/* Adds what the ranges (struct open_range, ascending) open to 'list' (struct rw_audit_open), once each.  -ENOMEM. */
int opens_add(struct rw_vec *list, const struct rw_vec *ranges, struct rw_error *err);
/* By protocol and port. */
void opens_sort(struct rw_vec *list);

/* The judges.  Each adds findings and unknown checks; 0, -ENOMEM, -E2BIG. */
int judge_services(struct subject *subject);
int judge_network(struct subject *subject);
int judge_rules(struct subject *subject);

/* Adds a finding, lent until the next, in *ret_finding (nullable). */
int finding_add(struct subject *subject, const struct rw_check *check, struct rw_finding **ret_finding,
		const char *format, ...) RW_PRINTF(4, 5);

/* Adds a rule that causes the finding.  A rule that is no default rule ends its being default. */
void finding_add_rule(const struct subject *subject, struct rw_finding *finding, const struct rw_rule *rule);

/*
 * Takes a packet of 'set' (not empty) as the finding's witness and blames the rules that accept it.  'is_first'
 * for the first family: else the rules are added and the witness stays.
 */
int finding_show(const struct subject *subject, const struct exposed *exposed, rw_set set,
		 struct rw_finding *finding);

/* Says that the check cannot be made for want of evidence about 'nodes' nodes. */
int unknown_add(struct subject *subject, enum rw_check_number number, size_t nodes);

/* Whether box is wholly in 'set', or meets it. */
int set_covers(const struct subject *subject, rw_set set, const struct rw_set_box *box, bool *ret_covers);
int set_meets(const struct subject *subject, rw_set set, const struct rw_set_box *box, bool *ret_meets);

/* True when the rule means the same as a default rule of the subject's cluster. */
bool is_default_rule(const struct subject *subject, const struct rw_rule *rule);
