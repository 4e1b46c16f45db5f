/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void keeps_pairs_sorted_and_keys_unique(void **state)
{
	RW_CLEANUP(rw_tags_done) struct rw_tags tags = {0};

	(void)state;
	assert_true(rw_tags_set(&tags, "team", "a"));
	assert_true(rw_tags_set(&tags, "env", "prod"));
	assert_true(rw_tags_set(&tags, "zone", ""));
	assert_true(rw_tags_set(&tags, "env", "test"));
	assert_int_equal(tags.count, 3);
	assert_string_equal(tags.list[0].key, "env");
	assert_string_equal(tags.list[1].key, "team");
	assert_string_equal(rw_tags_find(&tags, "env"), "test");
	assert_string_equal(rw_tags_find(&tags, "zone"), "");
	assert_null(rw_tags_find(&tags, "owner"));
	assert_true(rw_tags_remove(&tags, "env"));
	assert_false(rw_tags_remove(&tags, "env"));
	assert_string_equal(tags.list[0].key, "team");
	assert_int_equal(tags.count, 2);
}

static void compares_copies_as_equal(void **state)
{
	RW_CLEANUP(rw_tags_done) struct rw_tags tags = {0};
	RW_CLEANUP(rw_tags_done) struct rw_tags copy = {0};

	(void)state;
	assert_true(rw_tags_set(&tags, "env", "prod"));
	assert_true(rw_tags_set(&tags, "team", "a"));
	assert_true(rw_tags_copy(&copy, &tags));
	assert_true(rw_tags_equal(&tags, &copy));
	assert_true(rw_tags_set(&copy, "team", "b"));
	assert_false(rw_tags_equal(&tags, &copy));
	assert_true(rw_tags_remove(&copy, "team"));
	assert_false(rw_tags_equal(&tags, &copy));
}

/* Tags of a group are part of it: an update changes them, and a limit bounds them. */
static void changes_tags_of_a_group_within_the_limit(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();
	struct rw_error err = RW_ERROR_NONE;
	struct rw_group *group = rw_group_dup(rw_model_find_group(rw_draft_model(draft), "sg-free"));
	char key[16];

	(void)state;
	assert_true(rw_tags_set(&group->tags, "env", "prod"));
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, group, NULL, &err), 0);
	group = rw_group_dup(rw_model_find_group(rw_draft_model(draft), "sg-free"));
	assert_string_equal(rw_tags_find(&group->tags, "env"), "prod");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_true(rw_tags_set(&group->tags, key, ""));
	}
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, group, NULL, &err), -ENOSPC);
	assert_string_equal(err.field, "tags");
	group = rw_group_dup(rw_model_find_group(rw_draft_model(draft), "sg-free"));
	assert_true(rw_tags_set(&group->tags, "a\tb", ""));
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, group, NULL, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_pairs_sorted_and_keys_unique),
		cmocka_unit_test(compares_copies_as_equal),
		cmocka_unit_test(changes_tags_of_a_group_within_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
