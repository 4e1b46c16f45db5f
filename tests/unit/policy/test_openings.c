/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/openings.h"

#include "test.h"

static struct rw_rule *make_rule(enum rw_direction direction, enum rw_verdict policy, uint16_t port)
{
	struct rw_rule *rule = rw_rule_new();

	rule->direction = direction;
	rule->policy = policy;
	rule->protocol = RW_PROTOCOL_TCP;
	rule->ports = (struct rw_ports){port, port};
	return rule;
}

static void lists_ingress_rules_that_accept(void **state)
{
	RW_CLEANUP(rw_policy_group_unref) struct rw_policy_group *group = rw_policy_group_new();
	const struct rw_openings *openings;

	(void)state;
	group->rules = calloc(4, sizeof(*group->rules));
	group->rules[group->rule_count++] = make_rule(RW_DIRECTION_INGRESS, RW_VERDICT_DROP, 1);
	group->rules[group->rule_count++] = make_rule(RW_DIRECTION_INGRESS, RW_VERDICT_ACCEPT, 2);
	group->rules[group->rule_count++] = make_rule(RW_DIRECTION_EGRESS, RW_VERDICT_ACCEPT, 3);
	group->rules[group->rule_count++] = make_rule(RW_DIRECTION_INGRESS, RW_VERDICT_ACCEPT, 4);
	openings = rw_policy_group_openings(group);
	assert_int_equal(openings->count, 2);
	assert_int_equal(openings->list[0].rule, 1);
	assert_int_equal(openings->list[0].protocol, RW_PROTOCOL_TCP);
	assert_int_equal(openings->list[0].ports.first, 2);
	assert_int_equal(openings->list[1].rule, 3);
	assert_int_equal(openings->list[1].ports.last, 4);
	assert_ptr_equal(rw_policy_group_openings(group), openings);
}

static void a_group_without_rules_opens_nothing(void **state)
{
	RW_CLEANUP(rw_policy_group_unref) struct rw_policy_group *group = rw_policy_group_new();

	(void)state;
	assert_int_equal(rw_policy_group_openings(group)->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_ingress_rules_that_accept),
		cmocka_unit_test(a_group_without_rules_opens_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
