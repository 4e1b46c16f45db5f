/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What there is to compile (private to src/classify and src/analyze)
 *
 * The policy without its names: interface policies, and everything that accepts or drops as one list of
 * rules in deciding order -- failsafe, inner access, rules -- each about one atom.
 *
 * The rule indexes of a plan that was just made are in deciding order, so that cells compare as numbers.  A
 * rule that comes later has the next index that nobody had, so that all others stay what they are; from
 * then on cells are compared by rank.
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
	struct rw_plan_rule *rules; /* in deciding order */
	uint32_t rule_count;
	uint32_t rule_capacity;
	struct rw_table_five *fives;
	uint32_t five_count;
	uint32_t five_capacity;
	struct rw_plan_policy *policies; /* [0] is that without groups */
	uint32_t policy_count;
	uint8_t *policy_of;                 /* by interface */
	struct rw_classify_origin *origins; /* by rule index */
	uint32_t origin_count;
	uint32_t origin_capacity;
	uint32_t *ranks; /* by rule index: its place in deciding order; NULL = indexes are in that order */
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

/* The direction of a view by its number. */
static inline enum rw_direction rw_plan_direction(uint32_t view)
{
	return view % 2 ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS;
}

/* The cell of class 0 in a view: what holds when no rule matches. */
static inline uint32_t rw_plan_initial(const struct rw_plan *plan, uint32_t view)
{
	return view % 2 && !plan->policies[view / 2].drop_egress ? plan->default_accept : plan->default_drop;
}

/* True when cell 'a' decides before cell 'b'. */
static inline bool rw_plan_before(const struct rw_plan *plan, uint32_t a, uint32_t b)
{
	return plan->ranks ? plan->ranks[RW_CELL_INDEX(a)] < plan->ranks[RW_CELL_INDEX(b)] : a < b;
}

/*
 * Enters 'rule' (borrowed) of the policy's group 'group' where it decides, with a new index.  'atom' is
 * what it is about; RW_PLAN_NO_ATOM when its object has no addresses: it then has an index and decides
 * nothing.  Gives its place in plan->rules.  -ENOMEM, -E2BIG; nothing is changed then.
 */
#define RW_PLAN_NO_ATOM UINT32_MAX
RW_NODISCARD int rw_plan_insert(struct rw_plan *plan, uint32_t group, const struct rw_rule *rule,
				uint32_t atom, uint32_t *ret_place);

/*
 * Takes 'rule' (by address) out; its index is about nothing from then on.  True with what it was in
 * *ret_removed, false when it decided nothing.
 */
bool rw_plan_remove(struct rw_plan *plan, const struct rw_rule *rule, struct rw_plan_rule *ret_removed);

/* Numbers the ranks anew, after rules were inserted or removed.  -ENOMEM. */
RW_NODISCARD int rw_plan_rank(struct rw_plan *plan);

/* The name of the group that asks for most addresses and rules, or NULL without groups. */
const char *rw_plan_largest_group(const struct rw_policy *policy);
