/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct rw_model *model;

static int setup(void **state)
{
	(void)state;
	model = rw_model_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model = rw_model_free(model);
	return 0;
}

static int put_group(const char *id, const char *name)
{
	struct rw_group *group = world_group(id, "vpc-1");

	free(group->name);
	group->name = strdup(name);
	return rw_model_put(model, RW_KIND_GROUP, group, NULL);
}

static void keeps_tables_in_the_order_of_ids(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "sg-%02u", i * 37 % 100);
		assert_int_equal(put_group(id, id), 0);
	}
	assert_int_equal(rw_model_count(model, RW_KIND_GROUP), 100);
	for (size_t i = 0; i < 100; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "sg-%02zu", i);
		assert_string_equal(rw_object_id(RW_KIND_GROUP, rw_model_at(model, RW_KIND_GROUP, i)), id);
	}
}

static void finds_by_id_and_by_name(void **state)
{
	(void)state;
	assert_int_equal(put_group("sg-1", "web"), 0);
	assert_int_equal(put_group("sg-2", "db"), 0);
	assert_string_equal(rw_model_find_group(model, "web")->id, "sg-1");
	assert_string_equal(rw_model_find_group(model, "sg-2")->name, "db");
	assert_null(rw_model_find_group(model, "sg-3"));
	assert_null(rw_model_find_group(model, ""));
}

static void keeps_names_unique(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_group *twin = world_group("sg-2", "vpc-1");

	(void)state;
	assert_int_equal(put_group("sg-1", "web"), 0);
	free(twin->name);
	twin->name = strdup("web");
	assert_int_equal(rw_model_put(model, RW_KIND_GROUP, twin, &err), -EEXIST);
	assert_string_equal(err.field, "name");
	assert_int_equal(put_group("sg-1", "other"), 0);
	assert_int_equal(put_group("sg-2", "web"), 0);
	assert_int_equal(rw_model_count(model, RW_KIND_GROUP), 2);
	assert_string_equal(rw_model_find_group(model, "web")->id, "sg-2");
}

static void shares_objects_with_its_copies(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *copy = NULL;
	const struct rw_group *group;

	(void)state;
	assert_int_equal(put_group("sg-1", "web"), 0);
	group = rw_model_find_group(model, "sg-1");
	copy = rw_model_dup(model);
	assert_ptr_equal(rw_model_find_group(copy, "web"), group);
	assert_true(rw_model_shares(model, copy, RW_KIND_GROUP));
	assert_int_equal(rw_model_remove(model, RW_KIND_GROUP, "sg-1"), 1);
	assert_int_equal(rw_model_remove(model, RW_KIND_GROUP, "sg-1"), 0);
	assert_false(rw_model_shares(model, copy, RW_KIND_GROUP));
	assert_true(rw_model_shares(model, copy, RW_KIND_NODE));
	assert_ptr_equal(rw_model_find_group(copy, "sg-1"), group);
	assert_string_equal(group->name, "web");
}

static void changes_of_one_copy_are_not_the_other_s(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *first = NULL, *second = NULL;

	(void)state;
	assert_int_equal(put_group("sg-1", "web"), 0);
	first = rw_model_dup(model);
	second = rw_model_dup(first);
	assert_int_equal(rw_model_put(first, RW_KIND_GROUP, world_group("sg-2", "vpc-1"), NULL), 0);
	assert_int_equal(put_group("sg-1", "other"), 0);
	assert_int_equal(rw_model_count(first, RW_KIND_GROUP), 2);
	assert_string_equal(rw_model_find_group(first, "sg-1")->name, "web");
	assert_int_equal(rw_model_count(model, RW_KIND_GROUP), 1);
	assert_null(rw_model_find_group(model, "web"));
	assert_int_equal(rw_model_count(second, RW_KIND_GROUP), 1);
	assert_string_equal(rw_model_find_group(second, "web")->id, "sg-1");
	/* The original may end before its copies. */
	model = rw_model_free(model);
	assert_int_equal(rw_model_remove(second, RW_KIND_GROUP, "sg-1"), 1);
	assert_string_equal(rw_model_find_group(first, "web")->id, "sg-1");
}

static void copies_objects_in_depth(void **state)
{
	RW_CLEANUP(rw_node_unref)
	struct rw_node *node = world_node("n-1", "vpc-1", "c1", "sg-a,sg-b", "10.0.0.1");
	RW_CLEANUP(rw_node_unref) struct rw_node *copy = NULL;
	RW_CLEANUP(rw_group_unref) struct rw_group *group = world_group("sg-1", "vpc-1");
	RW_CLEANUP(rw_group_unref) struct rw_group *group_copy = NULL;

	(void)state;
	world_addresses("203.0.113.1", &node->interfaces[0].elastic_ips,
			&node->interfaces[0].elastic_ip_count);
	copy = rw_node_dup(node);
	assert_ptr_not_equal(copy->name, node->name);
	assert_ptr_not_equal(copy->interfaces[0].addresses, node->interfaces[0].addresses);
	assert_memory_equal(copy->interfaces[0].elastic_ips, node->interfaces[0].elastic_ips,
			    sizeof(struct rw_address));
	assert_string_equal(copy->security_groups[1], "sg-b");
	assert_int_equal(copy->references, 1);
	group->rules = calloc(1, sizeof(struct rw_rule *));
	group->rules[group->rule_count++] = world_rule("sgr-1 in accept tcp 22/22 0.0.0.0/0");
	group_copy = rw_group_dup(group);
	assert_ptr_not_equal(group_copy->rules, group->rules);
	assert_ptr_equal(group_copy->rules[0], group->rules[0]);
	assert_int_equal(group->rules[0]->references, 2);
}

static void begins_a_rule_with_any_ports(void **state)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();

	(void)state;
	assert_true(rw_ports_is_any(rule->ports));
	assert_true(rw_ports_is_any(rule->source_ports));
	assert_int_equal(rule->priority, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(keeps_tables_in_the_order_of_ids),
		T(finds_by_id_and_by_name),
		T(keeps_names_unique),
		T(shares_objects_with_its_copies),
		T(changes_of_one_copy_are_not_the_other_s),
		T(copies_objects_in_depth),
		T(begins_a_rule_with_any_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
