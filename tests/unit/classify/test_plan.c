/* SPDX-License-Identifier: Apache-2.0 */

/* A plan that is open for changes: rules that come and go keep to deciding order, by rank as by place. */

#include <stdio.h>

#include "classify/plan.h"
#include "policy/evaluate.h"
#include "random_policy.h"
#include "test.h"

enum { WORLDS = 40, STEPS = 200, POOL = 24 };

/* Rules that come and go beside those of the policy. */
struct pool {
	struct rw_rule *rules[POOL];
	uint32_t index[POOL]; /* of the plan, while it is in */
	bool is_in[POOL];
	bool has_atom[POOL];
};

/* Few ids and priorities, so that rules tie and stand at every place. */
static void pool_init(struct pool *pool, struct rw_dice *dice)
{
	*pool = (struct pool){0};
	for (size_t i = 0; i < POOL; i++) {
		struct rw_rule *rule = rw_rule_new();

		(void)snprintf(rule->id, sizeof(rule->id), "sgr-%08x", (unsigned int)rw_dice_below(dice, 8));
		rule->priority = (uint8_t)(1 + rw_dice_below(dice, 4));
		rule->policy = (enum rw_verdict)rw_dice_below(dice, 2);
		rule->protocol = RW_PROTOCOL_TCP;
		rule->ports = RW_PORTS_ANY;
		rule->source_ports = rw_dice_chance(dice, 20) ? (struct rw_ports){1, 9} : RW_PORTS_ANY;
		pool->rules[i] = rule;
		pool->has_atom[i] = rw_dice_chance(dice, 80);
	}
}

static void pool_done(struct pool *pool)
{
	for (size_t i = 0; i < POOL; i++)
		(void)rw_rule_unref(pool->rules[i]);
}

static bool is_in_order(const struct rw_plan *plan, const struct rw_rule *rule)
{
	for (uint32_t i = 0; i < plan->order_count; i++)
		if (plan->rules[plan->order[i]].rule == rule)
			return true;
	return false;
}

/* System rules first and policy rules as they decide; cells of all compare so, and the defaults come last. */
static void expect_order(const struct rw_plan *plan)
{
	for (uint32_t i = 0; i < plan->order_count; i++) {
		const struct rw_plan_rule *rule = &plan->rules[plan->order[i]], *next;

		assert_true(rw_plan_before(plan, rule->cell, plan->default_drop));
		assert_true(rw_plan_before(plan, rule->cell, plan->default_accept));
		assert_false(rw_plan_before(plan, plan->default_drop, rule->cell));
		if (i + 1 == plan->order_count)
			break;
		next = &plan->rules[plan->order[i + 1]];
		assert_false(rw_plan_before(plan, next->cell, rule->cell));
		if (rule->cell != next->cell)
			assert_true(rw_plan_before(plan, rule->cell, next->cell));
		if (!rule->rule)
			continue;
		assert_non_null(next->rule);
		assert_false(rw_rule_decides_before(next->rule, rule->rule));
	}
}

static void expect_pool(const struct rw_plan *plan, const struct pool *pool)
{
	for (size_t i = 0; i < POOL; i++) {
		const struct rw_classify_origin *origin = &plan->origins[pool->index[i]];

		assert_int_equal(is_in_order(plan, pool->rules[i]), pool->is_in[i] && pool->has_atom[i]);
		if (!pool->index[i])
			continue;
		assert_int_equal(origin->cause, pool->is_in[i] ? RW_CAUSE_RULE : RW_CAUSE_DEFAULT);
		assert_ptr_equal(origin->detail, pool->is_in[i] ? pool->rules[i]->id : NULL);
		if (!pool->is_in[i] || !pool->has_atom[i])
			assert_false(rw_plan_before(plan,
						    RW_CELL(pool->index[i], RW_CAUSE_RULE, RW_VERDICT_DROP),
						    plan->default_drop));
	}
}

static void put_in(struct rw_plan *plan, struct pool *pool, size_t i)
{
	uint32_t number, rules = plan->rule_count;

	pool->index[i] = plan->origin_count;
	assert_int_equal(
		rw_plan_insert(plan, 0, pool->rules[i], pool->has_atom[i] ? 0 : RW_PLAN_NO_ATOM, &number), 0);
	pool->is_in[i] = true;
	assert_int_equal(plan->rule_count, rules + pool->has_atom[i]);
	if (pool->has_atom[i])
		assert_ptr_equal(plan->rules[number].rule, pool->rules[i]);
}

static void take_out(struct rw_plan *plan, struct pool *pool, size_t i)
{
	uint32_t number = UINT32_MAX, index;

	assert_int_equal(rw_plan_remove(plan, pool->rules[i], &number, &index), pool->has_atom[i]);
	assert_int_equal(index, pool->index[i]);
	pool->is_in[i] = false;
	if (pool->has_atom[i])
		assert_int_equal(RW_CELL_INDEX(plan->rules[number].cell), pool->index[i]);
}

static void rules_that_come_and_go_keep_deciding_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct rw_dice dice = {.state = seed};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
		RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
		RW_CLEANUP(rw_plan_done) struct rw_plan plan = {0};
		struct pool pool;

		pool_init(&pool, &dice);
		assert_int_equal(rw_plan_make(policy, &atoms, &plan, NULL), 0);
		assert_int_equal(rw_plan_open(&plan), 0);
		expect_order(&plan);
		for (int step = 0; step < STEPS; step++) {
			size_t i = rw_dice_below(&dice, POOL);

			(pool.is_in[i] ? take_out : put_in)(&plan, &pool, i);
			expect_order(&plan);
			expect_pool(&plan, &pool);
		}
		pool_done(&pool);
	}
}

static void opening_twice_changes_nothing(void **state)
{
	struct rw_dice dice = {.state = 7};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
	RW_CLEANUP(rw_atoms_done) struct rw_atoms atoms = {0};
	RW_CLEANUP(rw_plan_done) struct rw_plan plan = {0};
	struct pool pool;

	(void)state;
	pool_init(&pool, &dice);
	pool.has_atom[0] = true;
	assert_int_equal(rw_plan_make(policy, &atoms, &plan, NULL), 0);
	assert_int_equal(rw_plan_open(&plan), 0);
	put_in(&plan, &pool, 0);
	assert_int_equal(rw_plan_open(&plan), 0);
	assert_true(is_in_order(&plan, pool.rules[0]));
	expect_order(&plan);
	pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_come_and_go_keep_deciding_order),
		cmocka_unit_test(opening_twice_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
