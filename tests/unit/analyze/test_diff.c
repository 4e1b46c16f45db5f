/* SPDX-License-Identifier: Apache-2.0 */

/* Diffs of random policies against the evaluator, and how a small one reads. */

#include "world.h"

#include "analyze/diff.h"
#include "random_policy.h"

static struct rw_policy *derive(const struct rw_draft *draft, const char *node)
{
	const struct rw_policy_surroundings surroundings = {0};
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_policy_derive(rw_draft_model(draft), node, &surroundings, NULL, &policy, NULL),
			 0);
	return policy;
}

/* The policy with some rules gone, some moved to another priority, some turned round. */
static struct rw_policy *mutate(struct rw_dice *dice, const struct rw_policy *policy)
{
	struct rw_policy *copy = rw_policy_new();

	*copy = *policy;
	copy->references = 1;
	copy->groups = calloc(policy->group_count + 1, sizeof(struct rw_policy_group *));
	for (size_t i = 0; i < policy->group_count; i++) {
		const struct rw_policy_group *old = policy->groups[i];
		struct rw_policy_group *group = rw_policy_group_new();

		*group = *old;
		group->references = 1;
		group->rule_count = 0;
		group->rules = calloc(old->rule_count + 1, sizeof(struct rw_rule *));
		for (size_t j = 0; j < old->rule_count; j++) {
			struct rw_rule *rule;

			if (rw_dice_chance(dice, 15))
				continue;
			rule = rw_rule_dup(old->rules[j]);
			if (rw_dice_chance(dice, 15))
				rule->priority = (uint8_t)(1 + rw_dice_below(dice, 5));
			if (rw_dice_chance(dice, 15))
				rule->policy = !rule->policy;
			group->rules[group->rule_count++] = rule;
		}
		copy->groups[i] = group;
	}
	return copy;
}

static void free_mutated(struct rw_policy *copy)
{
	for (size_t i = 0; i < copy->group_count; i++)
		(void)rw_policy_group_unref(copy->groups[i]);
	free(copy->groups);
	free(copy);
}

static void check_packets(struct rw_dice *dice, const struct rw_sets *sets, const struct rw_diff *diff,
			  const struct rw_view *before, const struct rw_view *after)
{
	for (unsigned int i = 0; i < 100; i++) {
		struct rw_packet packet =
			rw_random_packet(dice, before->policy, before->interface, RW_RANDOM_FIVE);
		struct rw_decision was, is;

		packet.direction = before->direction;
		if (!rw_packet_opens(&packet) || rw_evaluate_system(&packet, &was))
			continue;
		was = rw_evaluate(before->policy, before->interface, &packet);
		is = rw_evaluate(after->policy, after->interface, &packet);
		assert_int_equal(rw_set_contains(sets, diff->opens, &packet), !was.verdict && is.verdict);
		assert_int_equal(rw_set_contains(sets, diff->closes, &packet), was.verdict && !is.verdict);
	}
}

static void check_boxes(const struct rw_diff *diff, const struct rw_view *before, const struct rw_view *after)
{
	for (size_t i = 0; i < diff->boxes.count; i++) {
		const struct rw_diff_change *change = &diff->changes[i];
		struct rw_decision was = rw_evaluate(before->policy, before->interface, &change->witness);
		struct rw_decision is = rw_evaluate(after->policy, after->interface, &change->witness);
		bool found = false;

		assert_int_equal(was.verdict, change->opens ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT);
		assert_int_equal(is.verdict, change->opens ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP);
		for (size_t j = 0; j < change->reason_count; j++)
			found |= change->reasons[j].before.detail == was.detail &&
				 change->reasons[j].after.detail == is.detail;
		assert_true(found || change->reasons_omitted);
	}
}

static void equals_the_evaluator_on_random_changes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct rw_dice dice = {.state = seed};
		struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
		struct rw_policy *changed = mutate(&dice, policy);
		struct rw_sets *sets = NULL;

		assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
		for (size_t i = 0; i < policy->interface_count * 2; i++) {
			const struct rw_view before = {.policy = policy,
						       .interface = i / 2,
						       .direction = (enum rw_direction)(i % 2)};
			const struct rw_view after = {
				.policy = changed, .interface = i / 2, .direction = before.direction};
			struct rw_diff diff = {0}, back = {0};

			assert_int_equal(rw_diff_views(sets, &before, &after, &diff, NULL), 0);
			assert_int_equal(rw_diff_views(sets, &after, &before, &back, NULL), 0);
			assert_int_equal(diff.opens, back.closes);
			assert_int_equal(diff.closes, back.opens);
			check_packets(&dice, sets, &diff, &before, &after);
			check_boxes(&diff, &before, &after);
			rw_diff_done(&diff);
			rw_diff_done(&back);
		}
		(void)rw_sets_free(sets);
		free_mutated(changed);
		(void)rw_policy_unref(policy);
	}
}

static void names_what_opens_and_why(void **state)
{
	struct rw_draft *draft = world_vpc();
	struct rw_policy *before, *after;
	struct rw_sets *sets = NULL;
	struct rw_diff diff = {0};

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-a in drop tcp 6379/6379 203.0.113.0/24");
	before = derive(draft, "n-free");
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 6379/6379 0.0.0.0/0");
	after = derive(draft, "n-free");
	assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
	assert_int_equal(rw_diff_views(sets, &(struct rw_view){.policy = before, .ignore_own = true},
				       &(struct rw_view){.policy = after, .ignore_own = true}, &diff, NULL),
			 0);
	assert_int_equal(diff.closes, RW_SET_EMPTY);
	assert_int_equal(diff.boxes.count, 1);
	assert_true(diff.changes[0].opens);
	assert_int_equal(diff.boxes.list[0].protocol_first, RW_PROTOCOL_TCP);
	assert_int_equal(diff.boxes.list[0].ports[0].first, 6379);
	assert_int_equal(diff.changes[0].reason_count, 1);
	assert_int_equal(diff.changes[0].reasons[0].before.cause, RW_CAUSE_DEFAULT);
	assert_string_equal(diff.changes[0].reasons[0].after.detail, "sgr-b");
	assert_int_equal(diff.changes[0].witness.local_port, 6379);
	rw_diff_done(&diff);
	(void)rw_sets_free(sets);
	(void)rw_policy_unref(before);
	(void)rw_policy_unref(after);
	(void)rw_draft_free(draft);
}

static void a_policy_does_not_differ_from_itself(void **state)
{
	struct rw_draft *draft = world_vpc();
	struct rw_policy *policy = derive(draft, "n-1");
	struct rw_sets *sets = NULL;
	struct rw_diff diff = {0};

	(void)state;
	assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
	assert_int_equal(rw_diff_views(sets, &(struct rw_view){.policy = policy},
				       &(struct rw_view){.policy = policy}, &diff, NULL),
			 0);
	assert_int_equal(diff.boxes.count, 0);
	rw_diff_done(&diff);
	(void)rw_sets_free(sets);
	(void)rw_policy_unref(policy);
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_evaluator_on_random_changes),
		cmocka_unit_test(names_what_opens_and_why),
		cmocka_unit_test(a_policy_does_not_differ_from_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
