/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What there is to compile (private to src/classify and src/analyze)
 *
 * The policy without its names: interface policies, and everything that accepts or drops as one list of
 * rules in deciding order -- failsafe, inner access, rules -- each about one atom.
 */

#include "abi/rw_table.h"
#include "classify/atoms.h"
#include "classify/compile.h"

#define RW_PLAN_NO_GROUP UINT32_MAX

struct rw_plan_rule {
	const struct rw_rule *rule; /* lent by the policy; NULL for failsafe and inner access */
	uint32_t cell;
	uint32_t atom;
	uint32_t group; /* of the policy; RW_PLAN_NO_GROUP = on every interface */
	uint32_t five;  /* number of its five-tuple part, from 1; 0 = none */
	uint16_t protocol;
	struct rw_ports ports;  /* any unless TCP or UDP */
	uint8_t direction_mask; /* 1 << enum rw_direction */
	uint8_t nic_mask;       /* 1 << enum rw_nic_type */
};

struct rw_plan_policy {
	enum rw_nic_type nic_type;
	const uint32_t *groups; /* lent by the policy */
	size_t group_count;
	uint32_t view_flags;
	bool drop_egress; /* by default */
	struct rw_table_timeouts timeouts;
};

struct rw_plan {
	const struct rw_policy *policy;
	struct rw_plan_rule *rules; /* ascending cells */
	uint32_t rule_count;
	uint32_t rule_capacity;
	struct rw_table_five *fives;
	uint32_t five_count;
	uint32_t five_capacity;
	struct rw_plan_policy *policies; /* [0] is that without groups */
	uint32_t policy_count;
	uint8_t *policy_of; /* by interface */
	struct rw_classify_origin *origins;
	uint32_t origin_count;
	uint32_t default_drop; /* cells */
	uint32_t default_accept;
	uint32_t *atom_flags; /* RW_CLASS_* by atom */
	uint32_t flagged_count;
	uint32_t flagged_capacity;
};

void rw_plan_done(struct rw_plan *plan);
RW_DEFINE_DONE(struct rw_plan, rw_plan_done)

/*
 * Lists what 'policy' says, naming atoms by 'atoms'.  0; -ENOMEM; -E2BIG for a limit of the format; when
 * atoms->missing is set afterwards the plan is of no use and must be made anew with other atoms.
 */
RW_NODISCARD int rw_plan_make(const struct rw_policy *policy, struct rw_atoms *atoms,
			      struct rw_plan *ret_plan, struct rw_error *err);

/*
 * Lists the numbers of the rules that take part on interfaces with policy 'interface' in that direction, in
 * deciding order; gives how many.  'list' has room for plan->rule_count, 'has_group' (work space) for the
 * policy's groups.
 */
uint32_t rw_plan_list(const struct rw_plan *plan, const struct rw_plan_policy *interface,
		      enum rw_direction direction, bool *has_group, uint32_t *list);

/* The name of the group that asks for most addresses and rules, or NULL without groups. */
const char *rw_plan_largest_group(const struct rw_policy *policy);
