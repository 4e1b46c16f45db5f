/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct rw_draft *draft;

static int setup(void **state)
{
	(void)state;
	draft = world_vpc();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	draft = rw_draft_free(draft);
	return 0;
}

static const struct rw_group *group(void)
{
	return rw_model_find_group(rw_draft_model(draft), "sg-free");
}

static void adds_many_rules_at_once(void **state)
{
	struct rw_rule *rules[] = {world_rule("- in accept tcp 80/80 0.0.0.0/0"),
				   world_rule("- in accept tcp 443/443 0.0.0.0/0"),
				   world_rule("sgr-mine in drop udp 53/53 ::/0")};
	struct rw_rule_outcome outcomes[3];

	(void)state;
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", rules, 3, outcomes, NULL), 0);
	assert_int_equal(group()->rule_count, 3);
	assert_int_equal(outcomes[0].fate, RW_RULE_ADDED);
	assert_int_equal(strlen(outcomes[0].id), 4 + 16);
	assert_string_equal(outcomes[2].id, "sgr-mine");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(group()->rules[i]->created_ms, 1000);
		assert_string_equal(group()->rules[i]->author, "tester");
	}
	assert_int_equal(rw_validate_model(rw_draft_model(draft), NULL, NULL, NULL), 0);
}

static void adds_all_or_nothing(void **state)
{
	struct rw_rule *rules[] = {world_rule("- in accept tcp 80/80 0.0.0.0/0"),
				   world_rule("- in accept tcp 81/81 sg-nobody")};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", rules, 2, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "rules[1].object.group");
	assert_int_equal(group()->rule_count, 0);
}

static void adds_nothing_for_an_identical_rule(void **state)
{
	struct rw_rule *rules[] = {world_rule("- in accept tcp 80/80 0.0.0.0/0"),
				   world_rule("sgr-other in accept tcp 80/80 0.0.0.0/0")};
	struct rw_rule *again[] = {world_rule("- in accept tcp 80/80 0.0.0.0/0")};
	struct rw_rule_outcome outcomes[2];
	char id[RW_ID_SIZE];

	(void)state;
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", rules, 2, outcomes, NULL), 0);
	assert_int_equal(outcomes[1].fate, RW_RULE_EXISTED);
	assert_string_equal(outcomes[1].id, outcomes[0].id);
	memcpy(id, outcomes[0].id, sizeof(id));
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", again, 1, outcomes, NULL), 0);
	assert_int_equal(outcomes[0].fate, RW_RULE_EXISTED);
	assert_string_equal(outcomes[0].id, id);
	assert_int_equal(group()->rule_count, 1);
}

static void normalises_the_nic_type_in_a_vpc(void **state)
{
	struct rw_rule *rule = world_rule("- in accept tcp 80/80 0.0.0.0/0");
	struct rw_rule *same = world_rule("- in accept tcp 80/80 0.0.0.0/0");
	struct rw_rule_outcome outcome;

	(void)state;
	rule->nic_type = RW_NIC_INTERNET;
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", &rule, 1, NULL, NULL), 0);
	assert_int_equal(group()->rules[0]->nic_type, RW_NIC_INTRANET);
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", &same, 1, &outcome, NULL), 0);
	assert_int_equal(outcome.fate, RW_RULE_EXISTED);
}

static void expect_ids(const char *wanted)
{
	char text[200] = "";

	for (size_t i = 0; i < group()->rule_count; i++) {
		(void)strcat(text, group()->rules[i]->id + strlen("sgr-"));
		(void)strcat(text, " ");
	}
	assert_string_equal(text, wanted);
	assert_int_equal(rw_validate_model(rw_draft_model(draft), NULL, NULL, NULL), 0);
}

static void keeps_rules_sorted_by_id(void **state)
{
	const char *ids[] = {"sgr-a", "sgr-m"};
	struct rw_rule *rules[] = {world_rule("sgr-m in accept tcp 80/80 0.0.0.0/0"),
				   world_rule("sgr-z in accept tcp 81/81 0.0.0.0/0"),
				   world_rule("sgr-a in accept tcp 82/82 0.0.0.0/0"),
				   world_rule("sgr-n in accept tcp 83/83 0.0.0.0/0")};
	struct rw_rule *set[] = {world_rule("sgr-y in accept tcp 90/90 0.0.0.0/0"),
				 world_rule("sgr-x in accept tcp 81/81 0.0.0.0/0"),
				 world_rule("sgr-b in accept tcp 83/83 0.0.0.0/0"),
				 world_rule("sgr-c in accept tcp 91/91 0.0.0.0/0")};

	(void)state;
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", rules, 4, NULL, NULL), 0);
	expect_ids("a m n z ");
	assert_int_equal(rw_edit_revoke_rules(draft, "sg-free", ids, 2, NULL, NULL), 0);
	expect_ids("n z ");
	world_add_rule(draft, "sg-free", "sgr-o in accept tcp 84/84 0.0.0.0/0");
	expect_ids("n o z ");
	/* Two of these mean what rules do that are there: those stay, with their ids. */
	assert_int_equal(rw_edit_set_rules(draft, "sg-free", set, 4, NULL, NULL), 0);
	expect_ids("c n y z ");
}

static void refuses_an_id_that_any_group_has(void **state)
{
	const struct rw_group *managed = rw_model_find_group(rw_draft_model(draft), "sg-c1");
	struct rw_rule *rule = world_rule("- in accept tcp 80/80 0.0.0.0/0");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	world_id(rule->id, managed->rules[0]->id);
	assert_int_equal(rw_edit_add_rules(draft, "sg-free", &rule, 1, NULL, &err), -EEXIST);
	assert_string_equal(err.field, "rules[0].id");
}

static void revokes_by_id_and_reports_what_was_missing(void **state)
{
	const char *ids[] = {"sgr-a", "sgr-nobody", "sgr-a"};
	struct rw_rule_outcome outcomes[3];

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-a in accept tcp 80/80 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 81/81 0.0.0.0/0");
	assert_int_equal(rw_edit_revoke_rules(draft, "sg-free", ids, 3, outcomes, NULL), 0);
	assert_int_equal(outcomes[0].fate, RW_RULE_REVOKED);
	assert_int_equal(outcomes[1].fate, RW_RULE_MISSING);
	assert_string_equal(outcomes[1].id, "sgr-nobody");
	assert_int_equal(outcomes[2].fate, RW_RULE_MISSING);
	assert_int_equal(group()->rule_count, 1);
	assert_string_equal(group()->rules[0]->id, "sgr-b");
}

static void revokes_by_meaning(void **state)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *there = world_rule("- in accept tcp 80/80 0.0.0.0/0");
	RW_CLEANUP(rw_rule_unref) struct rw_rule *other = world_rule("- in accept tcp 80/80 0.0.0.0/0 2");
	const struct rw_rule *rules[] = {there, other};
	struct rw_rule_outcome outcomes[2];

	(void)state;
	there->nic_type = RW_NIC_INTERNET;
	world_add_rule(draft, "sg-free", "sgr-a in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_edit_revoke_matching(draft, "sg-free", rules, 2, outcomes, NULL), 0);
	assert_int_equal(outcomes[0].fate, RW_RULE_REVOKED);
	assert_string_equal(outcomes[0].id, "sgr-a");
	assert_int_equal(outcomes[1].fate, RW_RULE_MISSING);
	assert_string_equal(outcomes[1].id, "");
	assert_int_equal(group()->rule_count, 0);
}

static void modifies_a_rule_and_keeps_its_history(void **state)
{
	struct rw_rule *changed = world_rule("sgr-a in drop tcp 80/90 192.0.2.0/24 7");
	struct rw_rule *twin = world_rule("sgr-b in drop tcp 80/90 192.0.2.0/24 7");
	struct rw_rule *missing = world_rule("sgr-c in drop tcp 80/90 192.0.2.0/24 7");
	struct rw_rule *bad = world_rule("sgr-a in drop tcp 80/90 192.0.2.0/24 101");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-a in accept tcp 80/80 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 81/81 0.0.0.0/0");
	free(changed->author);
	changed->author = strdup("somebody");
	assert_int_equal(rw_edit_modify_rule(draft, "sg-free", changed, NULL), 0);
	assert_int_equal(group()->rules[0]->priority, 7);
	assert_int_equal(group()->rules[0]->created_ms, 1000);
	assert_string_equal(group()->rules[0]->author, "tester");
	assert_int_equal(rw_edit_modify_rule(draft, "sg-free", twin, &err), -EEXIST);
	assert_int_equal(rw_edit_modify_rule(draft, "sg-free", missing, &err), -ENOENT);
	assert_int_equal(rw_edit_modify_rule(draft, "sg-free", bad, &err), -EINVAL);
	assert_string_equal(err.field, "priority");
	assert_int_equal(group()->rules[0]->priority, 7);
}

static void sets_the_rules_of_a_group_by_meaning(void **state)
{
	struct rw_rule *rules[] = {world_rule("- in accept tcp 443/443 0.0.0.0/0"),
				   world_rule("- in accept tcp 80/80 0.0.0.0/0"),
				   world_rule("- in accept tcp 80/80 0.0.0.0/0")};
	struct rw_rule_outcome outcomes[3];
	const struct rw_rule *kept;

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-a in accept tcp 80/80 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 81/81 0.0.0.0/0");
	kept = group()->rules[0];
	assert_int_equal(rw_edit_set_rules(draft, "sg-free", rules, 3, outcomes, NULL), 0);
	assert_int_equal(outcomes[0].fate, RW_RULE_ADDED);
	assert_int_equal(outcomes[1].fate, RW_RULE_EXISTED);
	assert_string_equal(outcomes[1].id, "sgr-a");
	assert_int_equal(outcomes[2].fate, RW_RULE_EXISTED);
	assert_string_equal(outcomes[2].id, "sgr-a");
	assert_int_equal(group()->rule_count, 2);
	assert_true(group()->rules[0] == kept || group()->rules[1] == kept);
}

/*
 * An exported file in which people have changed what rules mean, and kept their ids: whoever means what a rule meant
 * before is that rule, and no id is there twice.
 */
static void a_meaning_that_moves_to_another_id_takes_its_rule_along(void **state)
{
	struct rw_rule *moved[] = {world_rule("sgr-a in accept tcp 9999/9999 0.0.0.0/0"),
				   world_rule("sgr-b in accept tcp 80/80 0.0.0.0/0")};
	struct rw_rule *swapped[] = {world_rule("sgr-a in accept tcp 81/81 0.0.0.0/0"),
				     world_rule("sgr-b in accept tcp 80/80 0.0.0.0/0")};
	struct rw_rule_outcome outcomes[2];

	(void)state;
	world_add_rule(draft, "sg-free", "sgr-a in accept tcp 80/80 0.0.0.0/0");
	world_add_rule(draft, "sg-free", "sgr-b in accept tcp 81/81 0.0.0.0/0");
	assert_int_equal(rw_edit_set_rules(draft, "sg-free", swapped, 2, outcomes, NULL), 0);
	assert_int_equal(outcomes[0].fate, RW_RULE_EXISTED);
	assert_string_equal(outcomes[0].id, "sgr-b");
	assert_string_equal(outcomes[1].id, "sgr-a");
	assert_int_equal(rw_edit_set_rules(draft, "sg-free", moved, 2, outcomes, NULL), 0);
	assert_int_equal(outcomes[0].fate, RW_RULE_ADDED);
	assert_int_equal(outcomes[1].fate, RW_RULE_EXISTED);
	assert_string_equal(outcomes[1].id, "sgr-a");
	assert_int_equal(group()->rule_count, 2);
	assert_string_not_equal(group()->rules[0]->id, group()->rules[1]->id);
}

static void changes_nothing_the_second_time(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *second = NULL;
	struct rw_rule *rules[] = {world_rule("- in accept tcp 443/443 0.0.0.0/0")};
	struct rw_rule *again[] = {world_rule("- in accept tcp 443/443 0.0.0.0/0")};

	(void)state;
	assert_int_equal(rw_edit_set_rules(draft, "sg-free", rules, 1, NULL, NULL), 0);
	second = rw_draft_new(rw_draft_model(draft), &world_context);
	assert_int_equal(rw_edit_set_rules(second, "sg-free", again, 1, NULL, NULL), 0);
	assert_int_equal(rw_draft_count(second), 0);
}

static void obeys_the_limits_on_rules(void **state)
{
	struct rw_limits limits = rw_limits_default;
	struct rw_edit_context context = world_context;
	RW_CLEANUP(rw_draft_free) struct rw_draft *tight = NULL;
	struct rw_rule *rules[2] = {world_rule("- in accept tcp 80/80 0.0.0.0/0"),
				    world_rule("- in accept tcp 81/81 0.0.0.0/0")};
	struct rw_rule *third = world_rule("- in accept tcp 82/82 0.0.0.0/0");
	struct rw_rule *with_group = world_rule("- in accept tcp 82/82 sg-c1");
	const char *ids[] = {"sgr-1", "sgr-2", "sgr-3"};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	limits.rules_per_call = 2;
	limits.rules_per_group = 2;
	limits.group_rules_per_group = 0;
	context.limits = &limits;
	tight = rw_draft_new(rw_draft_model(draft), &context);
	assert_int_equal(rw_edit_revoke_rules(tight, "sg-free", ids, 3, NULL, &err), -ENOSPC);
	assert_int_equal(rw_edit_add_rules(tight, "sg-free", &with_group, 1, NULL, &err), -ENOSPC);
	assert_int_equal(rw_edit_add_rules(tight, "sg-free", rules, 2, NULL, &err), 0);
	assert_int_equal(rw_edit_add_rules(tight, "sg-free", &third, 1, NULL, &err), -ENOSPC);
	assert_int_equal(rw_edit_add_rules(tight, "sg-free", NULL, 0, NULL, &err), -EINVAL);
	assert_int_equal(rw_edit_revoke_rules(tight, "nobody", ids, 1, NULL, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(adds_many_rules_at_once),
		T(adds_all_or_nothing),
		T(adds_nothing_for_an_identical_rule),
		T(normalises_the_nic_type_in_a_vpc),
		T(keeps_rules_sorted_by_id),
		T(refuses_an_id_that_any_group_has),
		T(revokes_by_id_and_reports_what_was_missing),
		T(revokes_by_meaning),
		T(modifies_a_rule_and_keeps_its_history),
		T(sets_the_rules_of_a_group_by_meaning),
		T(a_meaning_that_moves_to_another_id_takes_its_rule_along),
		T(changes_nothing_the_second_time),
		T(obeys_the_limits_on_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
