/* SPDX-License-Identifier: Apache-2.0 */

/* Rules that come to a plan, and that go. */

#include <assert.h>
#include <string.h>

#include "base/array.h"
#include "classify/plan_internal.h"
#include "policy/evaluate.h"

/* The defaults, and an index that decides nothing. */
#define RANK_DEFAULT (UINT32_MAX - 1)
#define RANK_NOTHING UINT32_MAX

static int need_changes(struct rw_plan *plan)
{
	bool ok = rw_array_make_room(&plan->origins, plan->origin_count, &plan->origin_capacity,
				     sizeof(*plan->origins)) &&
		  rw_array_make_room(&plan->rules, plan->rule_count, &plan->rule_capacity,
				     sizeof(*plan->rules)) &&
		  rw_array_make_room(&plan->order, plan->order_count, &plan->order_capacity,
				     sizeof(*plan->order)) &&
		  rw_array_make_room(&plan->ranks, plan->origin_count, &plan->rank_capacity,
				     sizeof(*plan->ranks));

	return ok ? 0 : -ENOMEM;
}

int rw_plan_open(struct rw_plan *plan)
{
	uint32_t *order, *ranks;

	if (plan->ranks)
		return 0;
	order = malloc((plan->rule_count + 1) * sizeof(*order));
	ranks = malloc(plan->origin_count * sizeof(*ranks));
	if (!order || !ranks) {
		free(order);
		free(ranks);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < plan->origin_count; i++)
		ranks[i] = RANK_NOTHING;
	ranks[RW_CELL_INDEX(plan->default_drop)] = RANK_DEFAULT;
	ranks[RW_CELL_INDEX(plan->default_accept)] = RANK_DEFAULT;
	/* Failsafe rules share an index: it has the first one's rank. */
	for (uint32_t i = plan->rule_count; i-- > 0;) {
		order[i] = i;
		ranks[RW_CELL_INDEX(plan->rules[i].cell)] = i;
	}
	plan->order = order;
	plan->order_count = plan->rule_count;
	plan->order_capacity = plan->rule_count + 1;
	plan->ranks = ranks;
	plan->rank_capacity = plan->origin_count;
	return 0;
}

/* The first place in the order whose rule does not decide before 'rule'. */
static uint32_t find_place(const struct rw_plan *plan, const struct rw_rule *rule)
{
	uint32_t first = 0, end = plan->order_count;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		const struct rw_rule *other = plan->rules[plan->order[middle]].rule;

		if (!other || rw_rule_decides_before(other, rule))
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* Moves the ranks from 'rank' on by one, up or down. */
static void shift_ranks(struct rw_plan *plan, uint32_t rank, uint32_t by)
{
	for (uint32_t i = 0; i < plan->origin_count; i++)
		plan->ranks[i] += plan->ranks[i] >= rank && plan->ranks[i] < RANK_DEFAULT ? by : 0;
}

static void insert_order(struct rw_plan *plan, uint32_t place, uint32_t number)
{
	memmove(&plan->order[place + 1], &plan->order[place],
		(plan->order_count - place) * sizeof(*plan->order));
	plan->order[place] = number;
	plan->order_count++;
}

int rw_plan_insert(struct rw_plan *plan, uint32_t group, const struct rw_rule *rule, uint32_t atom,
		   uint32_t *ret_number)
{
	uint32_t cell = RW_CELL(plan->origin_count, RW_CAUSE_RULE, rule->policy), place;
	struct rw_plan_rule planned;
	int r;

	if (plan->origin_count >= RW_TABLE_INDEX_MAX)
		return -E2BIG;
	r = need_changes(plan);
	if (!r)
		r = rw_plan_describe_rule(plan, rule, group, cell, &planned);
	if (r < 0)
		return r;
	(void)rw_plan_add_origin(plan, RW_CAUSE_RULE, rule->policy, rule->id);
	plan->ranks[RW_CELL_INDEX(cell)] = RANK_NOTHING;
	if (atom == RW_PLAN_NO_ATOM)
		return 0;
	planned.atom = atom;
	place = find_place(plan, rule);
	shift_ranks(plan, place, 1);
	plan->ranks[RW_CELL_INDEX(cell)] = place;
	insert_order(plan, place, plan->rule_count);
	*ret_number = plan->rule_count++;
	plan->rules[*ret_number] = planned;
	return 0;
}

/* The place of a rule in the order, which rules of the same id may stand before; order_count when it has none. */
static uint32_t find_rule(const struct rw_plan *plan, const struct rw_rule *rule)
{
	uint32_t place = find_place(plan, rule);

	while (place < plan->order_count && plan->rules[plan->order[place]].rule != rule)
		place = rw_rule_decides_before(rule, plan->rules[plan->order[place]].rule) ? plan->order_count
											   : place + 1;
	return place;
}

/* The index of a rule that is in; it need not decide anything. */
static uint32_t find_index(const struct rw_plan *plan, const struct rw_rule *rule)
{
	uint32_t index = 0;

	while (index < plan->origin_count && plan->origins[index].detail != rule->id)
		index++;
	assert(index < plan->origin_count);
	return index;
}

bool rw_plan_remove(struct rw_plan *plan, const struct rw_rule *rule, uint32_t *ret_number,
		    uint32_t *ret_index)
{
	uint32_t place = find_rule(plan, rule);
	bool decides = place < plan->order_count;

	*ret_index = decides ? RW_CELL_INDEX(plan->rules[plan->order[place]].cell) : find_index(plan, rule);
	plan->origins[*ret_index] = (struct rw_classify_origin){RW_CAUSE_DEFAULT, RW_VERDICT_DROP, NULL};
	plan->ranks[*ret_index] = RANK_NOTHING;
	if (!decides)
		return false;
	*ret_number = plan->order[place];
	plan->rules[*ret_number].rule = NULL;
	plan->order_count--;
	memmove(&plan->order[place], &plan->order[place + 1],
		(plan->order_count - place) * sizeof(*plan->order));
	shift_ranks(plan, place, UINT32_MAX); /* one down */
	return true;
}
