/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "policy/delta.h"

static uint32_t seed;

static unsigned int pick(unsigned int below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static struct rw_policy *derive(const struct rw_draft *draft, const char *node, struct rw_policy_cache *cache)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_policy *policy = NULL;

	if (rw_policy_derive(rw_draft_model(draft), node, NULL, cache, &policy, &err) < 0)
		fail_msg("%s", err.text);
	return policy;
}

static bool same_digest(const struct rw_policy *a, const struct rw_policy *b)
{
	struct rw_policy_digest one = rw_policy_digest(a);
	struct rw_policy_digest other = rw_policy_digest(b);

	return memcmp(&one, &other, sizeof(one)) == 0;
}

/* The one that hashes everything in its order. */
static bool same_first_digest(const struct rw_policy *a, const struct rw_policy *b)
{
	struct rw_policy_digest one = rw_policy_digest_as(a, 1);
	struct rw_policy_digest other = rw_policy_digest_as(b, 1);

	return memcmp(&one, &other, sizeof(one)) == 0;
}

/* One random edit; some are refused, which is fine: the negative errno, or 0. */
static int edit(struct rw_draft *draft)
{
	static const char *const groups[] = {"sg-free", "sg-c1", "sg-a", "sg-b"};
	static const char *const objects[] = {"0.0.0.0/0", "::/0",    "10.0.0.0/8", "sg-a",
					      "sg-b",      "sg-free", "pl-1"};
	const char *group = groups[pick(4)];
	char text[128];
	struct rw_rule *rule;

	switch (pick(7)) {
	case 0:
	case 1:
		(void)snprintf(text, sizeof(text), "- %s %s tcp %u/65535 %s %u", pick(2) ? "in" : "out",
			       pick(2) ? "accept" : "drop", 1 + pick(500), objects[pick(7)], 1 + pick(100));
		rule = world_rule(text);
		return rw_edit_add_rules(draft, group, &rule, 1, NULL, NULL);
	case 2: {
		const struct rw_group *found = rw_model_find_group(rw_draft_model(draft), group);
		const char *id =
			found->rule_count ? found->rules[pick((unsigned int)found->rule_count)]->id : "sgr-";
		char copy[RW_ID_SIZE];
		const char *ids = copy;

		memcpy(copy, id, strlen(id) + 1);
		return rw_edit_revoke_rules(draft, group, &ids, 1, NULL, NULL);
	}
	case 3:
		return rw_edit_join(draft, pick(2) ? "n-1" : "n-free", pick(2) ? "eth0" : NULL, group, NULL);
	case 4:
		return rw_edit_leave(draft, pick(2) ? "n-1" : "n-free", pick(2) ? "eth0" : NULL, group, NULL);
	case 5:
		return rw_edit_set_inner_access(draft, group, pick(2), NULL);
	default: {
		char id[16];

		(void)snprintf(text, sizeof(text), "10.0.%u.%u", 1 + pick(2), pick(8));
		(void)snprintf(id, sizeof(id), "n-x%u", pick(20));
		if (rw_edit_delete(draft, RW_KIND_NODE, id, false, NULL) == 0)
			return 0;
		return rw_edit_create(draft, RW_KIND_NODE,
				      world_node(id, "vpc-1", pick(2) ? "c1" : "", "sg-a,sg-b", text), NULL,
				      NULL);
	}
	}
}

static struct rw_draft *world(void)
{
	struct rw_draft *draft = world_vpc();

	world_create(draft, RW_KIND_GROUP, world_group("sg-a", "vpc-1"));
	world_create(draft, RW_KIND_GROUP, world_group("sg-b", "vpc-1"));
	world_create(draft, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24,198.51.100.0/24"));
	return draft;
}

static void applying_the_difference_gives_the_new_policy(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world();
	RW_CLEANUP(rw_policy_cache_free) struct rw_policy_cache *cache = rw_policy_cache_new();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = derive(draft, "n-1", cache);
	unsigned int changed = 0;
	unsigned int done = 0;

	(void)state;
	seed = 20261124;
	for (int round = 0; round < 3000; round++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *after = NULL;
		RW_CLEANUP(rw_policy_unref) struct rw_policy *alone = NULL;
		RW_CLEANUP(rw_policy_unref) struct rw_policy *applied = NULL;
		RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
		struct rw_error err = RW_ERROR_NONE;

		for (unsigned int i = pick(4); i < 4; i++)
			done += edit(draft) == 0;
		after = derive(draft, "n-1", cache);
		alone = derive(draft, "n-1", NULL);
		/* 'alone' has been made of nothing, its digest, too; the others' digests follow the change. */
		if (!same_digest(after, alone))
			fail_msg("round %d: the cache is stale", round);
		if (same_digest(before, after) != same_first_digest(before, after))
			fail_msg("round %d: the digests do not agree what is equal", round);
		assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
		if (rw_policy_apply_delta(before, delta, &applied, &err) < 0)
			fail_msg("round %d: %s", round, err.text);
		if (!same_digest(applied, after))
			fail_msg("round %d: another policy", round);
		if ((delta->count > 0) == same_digest(before, after))
			fail_msg("round %d: %zu changes", round, delta->count);
		changed += delta->count > 0;
		(void)rw_policy_unref(before);
		before = rw_policy_ref(after);
	}
	assert_true(done > 3000);
	assert_true(changed > 1000);
}

static void sends_one_rule_for_one_rule(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = derive(draft, "n-1", NULL);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = NULL;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-new in accept tcp 8080/8080 0.0.0.0/0");
	after = derive(draft, "n-1", NULL);
	assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
	assert_int_equal(delta->count, 1);
	assert_int_equal(delta->changes[0].kind, RW_POLICY_PUT_RULES);
	assert_string_equal(delta->changes[0].id, "sg-c1");
	assert_int_equal(delta->changes[0].rule_count, 1);
	assert_string_equal(delta->changes[0].rules[0]->id, "sgr-new");
}

static void sends_one_member_for_one_member(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = derive(draft, "n-1", NULL);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = NULL;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;

	(void)state;
	world_create(draft, RW_KIND_NODE, world_node("n-3", "vpc-1", "c1", "", "10.0.0.3"));
	after = derive(draft, "n-1", NULL);
	assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
	assert_int_equal(delta->count, 1);
	assert_int_equal(delta->changes[0].kind, RW_POLICY_ADD_MEMBERS);
	assert_string_equal(delta->changes[0].id, "sg-c1");
	assert_int_equal(delta->changes[0].prefix_count, 1);
}

static void sends_nothing_for_a_description(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = NULL;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	struct rw_rule *rule = world_rule("sgr-1 in accept tcp 80/80 192.0.2.0/24");

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-1 in accept tcp 80/80 192.0.2.0/24");
	before = derive(draft, "n-1", NULL);
	free(rule->description);
	rule->description = strdup("office");
	assert_int_equal(rw_edit_modify_rule(draft, "sg-c1", rule, NULL), 0);
	after = derive(draft, "n-1", NULL);
	assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
	assert_int_equal(delta->count, 0);
	assert_true(same_digest(before, after));
}

static void shares_what_a_delta_does_not_change(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = derive(draft, "n-1", NULL);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *applied = NULL;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-new in accept tcp 8080/8080 0.0.0.0/0");
	after = derive(draft, "n-1", NULL);
	assert_int_equal(rw_policy_diff(before, after, &delta, NULL), 0);
	assert_int_equal(rw_policy_apply_delta(before, delta, &applied, NULL), 0);
	assert_ptr_equal(applied->sets[0], before->sets[0]);
	assert_ptr_not_equal(applied->groups[0], before->groups[0]);
}

static struct rw_policy_change *only_change(struct rw_policy_delta **delta, enum rw_policy_change_kind kind,
					    const char *id)
{
	struct rw_policy_change *change;

	(void)rw_policy_delta_free(*delta);
	*delta = rw_policy_delta_new();
	change = rw_policy_delta_add(*delta, kind);
	world_id(change->id, id);
	return change;
}

static void refuses_a_delta_made_for_another_policy(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world();
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = derive(draft, "n-1", NULL);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	struct rw_policy *none = NULL;
	struct rw_policy_change *change;
	static const enum rw_policy_change_kind absent[] = {RW_POLICY_REMOVE_GROUP, RW_POLICY_PUT_RULES,
							    RW_POLICY_REMOVE_RULES, RW_POLICY_REMOVE_SET,
							    RW_POLICY_ADD_MEMBERS,  RW_POLICY_REMOVE_MEMBERS};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(absent); i++) {
		(void)only_change(&delta, absent[i], "sg-nobody");
		assert_int_equal(rw_policy_apply_delta(policy, delta, &none, NULL), -EINVAL);
	}
	change = only_change(&delta, RW_POLICY_ADD_MEMBERS, "sg-c1");
	world_prefixes("10.0.0.1", &change->prefixes, &change->prefix_count);
	assert_int_equal(rw_policy_apply_delta(policy, delta, &none, NULL), -EINVAL);
	change = only_change(&delta, RW_POLICY_ADD_MEMBERS, "sg-c1");
	world_prefixes("10.0.0.7,10.0.0.7", &change->prefixes, &change->prefix_count);
	assert_int_equal(rw_policy_apply_delta(policy, delta, &none, NULL), -EINVAL);
	change = only_change(&delta, RW_POLICY_REMOVE_MEMBERS, "sg-c1");
	world_prefixes("10.0.0.7", &change->prefixes, &change->prefix_count);
	assert_int_equal(rw_policy_apply_delta(policy, delta, &none, NULL), -EINVAL);
	change = only_change(&delta, RW_POLICY_REMOVE_RULES, "sg-c1");
	world_ids("sgr-nobody", &change->rule_ids, &change->rule_id_count);
	assert_int_equal(rw_policy_apply_delta(policy, delta, &none, NULL), -EINVAL);
	/* An interface left pointing at a group that went. */
	(void)only_change(&delta, RW_POLICY_REMOVE_GROUP, "sg-c1");
	assert_int_equal(rw_policy_apply_delta(policy, delta, &none, NULL), -EINVAL);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applying_the_difference_gives_the_new_policy),
		cmocka_unit_test(sends_one_rule_for_one_rule),
		cmocka_unit_test(sends_one_member_for_one_member),
		cmocka_unit_test(sends_nothing_for_a_description),
		cmocka_unit_test(shares_what_a_delta_does_not_change),
		cmocka_unit_test(refuses_a_delta_made_for_another_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
