/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What there is to compile (private to src/classify and src/analyze)
 *
 * The policy without its names: interface policies, and everything that accepts or drops as one list of
 * rules in deciding order -- failsafe, inner access, rules -- each about one atom.
 *
 * The rules of a plan that was just made stand in deciding order, and so do their indexes: cells compare as
 * numbers.  A plan that is opened for changes keeps the order beside.  A rule that comes then has the next
 * place in 'rules' and the next index, so that whoever knows others by these goes on to; cells are compared
 * by rank.
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
	struct rw_plan_rule *rules;
	uint32_t rule_count;
	uint32_t rule_capacity;
	uint32_t *order; /* of an open plan: those that are left of 'rules', in deciding order */
	uint32_t order_count;
	uint32_t order_capacity;
	struct rw_table_five *fives;
	uint32_t five_count;
	uint32_t five_capacity;
	struct rw_plan_policy *policies; /* [0] is that without groups */
	uint32_t policy_count;
	uint8_t *policy_of;                 /* by interface */
	struct rw_classify_origin *origins; /* by rule index */
	uint32_t origin_count;
	uint32_t origin_capacity;
	uint32_t *ranks; /* of an open plan, by rule index: smaller ones decide first; else NULL */
	uint32_t rank_capacity;
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
 * deciding order, of a plan that is not open; gives how many.  'list' has room for plan->rule_count,
 * 'has_group' (work space) for the policy's groups.
 */
uint32_t rw_plan_list(const struct rw_plan *plan, const struct rw_plan_policy *interface,
		      enum rw_direction direction, bool *has_group, uint32_t *list);

/* Whether one rule does. */
bool rw_plan_takes_part(const struct rw_plan_rule *rule, const struct rw_plan_policy *interface,
			enum rw_direction direction);

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

/* Opens a plan for changes; nothing happens when it is open.  O(rules); -ENOMEM. */
RW_NODISCARD int rw_plan_open(struct rw_plan *plan);

/*
 * Enters 'rule' (borrowed) of the policy's group 'group' where it decides, with a new index.  'atom' is
 * what it is about; RW_PLAN_NO_ATOM when its object has no addresses: it then has an index and decides
 * nothing.  Gives its number in plan->rules.  -ENOMEM, -E2BIG; nothing is changed then.
 *
 * Cost: a search, and a pass over the numbers behind its place and over the ranks, 4 bytes a rule each.
 */
#define RW_PLAN_NO_ATOM UINT32_MAX
RW_NODISCARD int rw_plan_insert(struct rw_plan *plan, uint32_t group, const struct rw_rule *rule,
				uint32_t atom, uint32_t *ret_number);

/*
 * Takes 'rule' (by address) out; its index, *ret_index, is about nothing from then on.  True with its number, where
 * it still stands, in *ret_number; false when it decided nothing.  Cost: likewise.
 */
bool rw_plan_remove(struct rw_plan *plan, const struct rw_rule *rule, uint32_t *ret_number,
		    uint32_t *ret_index);

/* The name of the group that asks for most addresses and rules, or NULL without groups. */
const char *rw_plan_largest_group(const struct rw_policy *policy);
