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

/* A draft on the state of the first one, whose list of touched objects is empty. */
static void restart(void)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);

	(void)rw_draft_free(draft);
	draft = rw_draft_new(model, &world_context);
}

static const struct rw_group *group(const char *reference)
{
	return rw_model_find_group(rw_draft_model(draft), reference);
}

static void creates_a_cluster_with_its_one_managed_group(void **state)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(rw_draft_model(draft), "c1");

	(void)state;
	assert_string_equal(cluster->security_group, "sg-c1");
	assert_string_equal(group("sg-c1")->managed_by, "c1");
	assert_int_equal(group("sg-c1")->kind, RW_GROUP_BASIC);
	assert_int_equal(group("sg-c1")->inner_access, RW_VERDICT_ACCEPT);
	assert_int_equal(group("sg-c1")->rule_count, 5);
	assert_int_equal(rw_validate_model(rw_draft_model(draft), NULL, NULL, NULL), 0);
}

static void makes_ids_and_keeps_them(void **state)
{
	const void *made;

	(void)state;
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, world_group("", "vpc-1"), &made, NULL),
			 -EINVAL);
	{
		struct rw_group *unnamed = world_group("", "vpc-1");

		free(unnamed->name);
		unnamed->name = strdup("web");
		assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, unnamed, &made, NULL), 0);
	}
	assert_int_equal(strlen(rw_object_id(RW_KIND_GROUP, made)), 3 + 16);
	assert_ptr_equal(group("web"), made);
	assert_ptr_equal(group(rw_object_id(RW_KIND_GROUP, made)), made);
}

static void keeps_when_an_object_was_made(void **state)
{
	struct rw_group *imported = world_group("sg-imported", "vpc-1");
	struct rw_group *changed;

	(void)state;
	for (enum rw_kind kind = 0; kind < RW_KIND_LOAD_BALANCER; kind++)
		for (size_t i = 0; i < rw_model_count(rw_draft_model(draft), kind); i++)
			assert_int_equal(rw_object_created(kind, rw_model_at(rw_draft_model(draft), kind, i)),
					 world_context.now_ms);
	assert_int_equal(group("sg-c1")->created_ms, world_context.now_ms);
	assert_int_equal(rw_model_find_cluster(rw_draft_model(draft), "c1")->created_ms,
			 world_context.now_ms);
	imported->created_ms = 7;
	world_create(draft, RW_KIND_GROUP, imported);
	assert_int_equal(group("sg-imported")->created_ms, 7);

	/* No update makes it anew, whatever it says. */
	changed = rw_group_dup(group("sg-imported"));
	free(changed->description);
	changed->description = strdup("changed");
	changed->created_ms = 8;
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, changed, NULL, NULL), 0);
	assert_string_equal(group("sg-imported")->description, "changed");
	assert_int_equal(group("sg-imported")->created_ms, 7);
}

static void takes_a_rebound_group_for_a_new_one(void **state)
{
	struct rw_edit_context later = world_context;
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);

	(void)state;
	later.now_ms = world_context.now_ms + 5000;
	(void)rw_draft_free(draft);
	draft = rw_draft_new(model, &later);
	assert_int_equal(rw_edit_rebind_cluster(draft, "c1", NULL, NULL), 0);
	assert_int_equal(rw_model_find_cluster(rw_draft_model(draft), "c1")->created_ms,
			 world_context.now_ms);
	assert_int_equal(
		group(rw_model_find_cluster(rw_draft_model(draft), "c1")->security_group)->created_ms,
		later.now_ms);
}

static struct rw_prefix_list *described_list(const char *cidrs)
{
	struct rw_prefix_list *list = world_list("pl-1", 4, cidrs);

	assert_true(rw_tags_set(&list->entry_descriptions, "10.0.0.0/8", "ten"));
	assert_true(rw_tags_set(&list->entry_descriptions, "192.0.2.0/24", "office"));
	return list;
}

static void takes_the_description_away_with_its_entry(void **state)
{
	const struct rw_prefix_list *list;
	struct rw_prefix_list *changed;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	world_create(draft, RW_KIND_PREFIX_LIST, described_list("10.0.0.0/8,192.0.2.0/24"));
	assert_int_equal(rw_edit_update(draft, RW_KIND_PREFIX_LIST,
					described_list("192.0.2.0/24,198.51.100.0/24"), NULL, &err),
			 0);
	list = rw_model_find_prefix_list(rw_draft_model(draft), "pl-1");
	assert_int_equal(list->entry_descriptions.count, 1);
	assert_string_equal(rw_tags_find(&list->entry_descriptions, "192.0.2.0/24"), "office");

	/* One that is new is a mistake. */
	changed = rw_prefix_list_dup(list);
	assert_true(rw_tags_set(&changed->entry_descriptions, "10.0.0.0/8", "again"));
	assert_int_equal(rw_edit_update(draft, RW_KIND_PREFIX_LIST, changed, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "entry_descriptions");
}

static void refuses_a_taken_id_or_name(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_group *twin = world_group("sg-other", "vpc-1");

	(void)state;
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, world_group("sg-free", "vpc-1"), NULL, &err),
			 -EEXIST);
	assert_string_equal(err.field, "id");
	free(twin->name);
	twin->name = strdup("sg-free");
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, twin, NULL, &err), -EEXIST);
	assert_string_equal(err.field, "name");
}

static void deletes_a_cluster_with_its_group_only_without_nodes(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_edit_delete(draft, RW_KIND_CLUSTER, "c1", false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "n-1"));
	assert_non_null(strstr(err.text, "n-2"));
	assert_non_null(group("sg-c1"));
	assert_int_equal(rw_edit_delete(draft, RW_KIND_CLUSTER, "c1", true, &err), 0);
	assert_null(group("sg-c1"));
	assert_null(rw_model_find_node(rw_draft_model(draft), "n-1"));
	assert_non_null(rw_model_find_node(rw_draft_model(draft), "n-free"));
}

static void never_deletes_a_managed_group_by_itself(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_edit_delete(draft, RW_KIND_GROUP, "sg-c1", true, &err), -EPERM);
	assert_non_null(strstr(err.text, "c1"));
}

static void lists_who_refers_to_a_group(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec referrers;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_load_balancer *balancer = rw_load_balancer_new();
	struct rw_promise *promise = rw_promise_new();

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-web in accept tcp 80/80 sg-free");
	world_id(balancer->id, "lb-1");
	balancer->name = strdup("front");
	world_id(balancer->cluster, "c1");
	world_id(balancer->source_group, "sg-free");
	world_create(draft, RW_KIND_LOAD_BALANCER, balancer);
	world_id(promise->id, "pr-1");
	world_id(promise->network, "vpc-1");
	promise->from = world_object("sg-free");
	promise->to = world_object("sg-c1");
	promise->protocol = RW_PROTOCOL_ALL;
	promise->ports = RW_PORTS_ANY;
	world_create(draft, RW_KIND_PROMISE, promise);

	assert_int_equal(rw_edit_delete(draft, RW_KIND_GROUP, "sg-free", false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "in use by 4"));
	assert_non_null(strstr(err.text, "rule sgr-web of"));
	assert_non_null(strstr(err.text, "n-free"));
	assert_non_null(strstr(err.text, "front"));
	assert_non_null(strstr(err.text, "pr-1"));

	rw_vec_init(&referrers, sizeof(struct rw_referrer), 2);
	assert_int_equal(rw_model_referrers(rw_draft_model(draft), RW_KIND_GROUP, "sg-free", &referrers), 0);
	assert_int_equal(referrers.count, 2);
}

static void touches_what_it_changes_and_nothing_else(void **state)
{
	const struct rw_touched *touched;

	(void)state;
	restart();
	world_add_rule(draft, "sg-free", "sgr-x in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_draft_count(draft), 1);
	touched = rw_draft_at(draft, 0);
	assert_int_equal(touched->kind, RW_KIND_GROUP);
	assert_string_equal(touched->id, "sg-free");
	assert_int_equal(((const struct rw_group *)touched->before)->rule_count, 0);
	assert_int_equal(((const struct rw_group *)touched->after)->rule_count, 1);
}

static void forgets_a_change_that_is_taken_back(void **state)
{
	const char *id = "sgr-x";

	(void)state;
	restart();
	world_add_rule(draft, "sg-free", "sgr-x in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_edit_revoke_rules(draft, "sg-free", &id, 1, NULL, NULL), 0);
	assert_int_equal(rw_draft_count(draft), 0);
	world_create(draft, RW_KIND_GROUP, world_group("sg-new", "vpc-1"));
	assert_int_equal(rw_draft_count(draft), 1);
	assert_null(rw_draft_at(draft, 0)->before);
	assert_int_equal(rw_edit_delete(draft, RW_KIND_GROUP, "sg-new", false, NULL), 0);
	assert_int_equal(rw_draft_count(draft), 0);
}

static void leaves_the_draft_alone_when_an_edit_fails(void **state)
{
	struct rw_group *bad = world_group("sg-bad", "vpc-1");
	struct rw_cluster *cluster = world_cluster("c2", "vpc-1", "172.16.0.0/24");
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	restart();
	bad->rules = calloc(1, sizeof(struct rw_rule *));
	bad->rules[0] = world_rule("sgr-x in accept tcp 80/80 sg-nobody");
	bad->rule_count = 1;
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, bad, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "rules[0].object.group");
	assert_null(group("sg-bad"));
	assert_int_equal(rw_edit_create(draft, RW_KIND_CLUSTER, cluster, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "container_cidrs[0]");
	assert_null(rw_model_find_cluster(rw_draft_model(draft), "c2"));
	assert_int_equal(rw_model_count(rw_draft_model(draft), RW_KIND_GROUP), 2);
	assert_int_equal(rw_draft_count(draft), 0);
}

static void updates_without_touching_when_nothing_changes(void **state)
{
	(void)state;
	restart();
	assert_int_equal(rw_edit_update(draft, RW_KIND_NODE,
					rw_node_dup(rw_model_find_node(rw_draft_model(draft), "n-1")), NULL,
					NULL),
			 0);
	assert_int_equal(rw_draft_count(draft), 0);
}

static void keeps_the_rules_of_an_updated_group(void **state)
{
	struct rw_group *changed = rw_group_dup(group("sg-c1"));

	(void)state;
	for (size_t i = 0; i < changed->rule_count; i++)
		(void)rw_rule_unref(changed->rules[i]);
	changed->rule_count = 0;
	changed->inner_access = RW_VERDICT_DROP;
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, changed, NULL, NULL), 0);
	assert_int_equal(group("sg-c1")->rule_count, 5);
	assert_int_equal(group("sg-c1")->inner_access, RW_VERDICT_DROP);
}

static void refuses_to_change_what_is_fixed(void **state)
{
	const struct rw_model *model = rw_draft_model(draft);
	struct rw_network *network = rw_network_dup(rw_model_find_network(model, "vpc-1"));
	struct rw_cluster *cluster = rw_cluster_dup(rw_model_find_cluster(model, "c1"));
	struct rw_node *node = rw_node_dup(rw_model_find_node(model, "n-1"));
	struct rw_group *free_group = rw_group_dup(group("sg-free"));
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	network->kind = RW_NETWORK_CLASSIC;
	assert_int_equal(rw_edit_update(draft, RW_KIND_NETWORK, network, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "kind");
	network = rw_network_dup(rw_model_find_network(model, "vpc-1"));
	network->cidrs[0] = world_prefix("10.0.0.0/17");
	assert_int_equal(rw_edit_update(draft, RW_KIND_NETWORK, network, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "cidrs");
	cluster->profile = RW_PROFILE_LOOSE;
	assert_int_equal(rw_edit_update(draft, RW_KIND_CLUSTER, cluster, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "profile");
	world_id(node->network, "vpc-2");
	assert_int_equal(rw_edit_update(draft, RW_KIND_NODE, node, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "network");
	free_group->kind = RW_GROUP_ENTERPRISE;
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, free_group, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "kind");
}

static void grows_a_network(void **state)
{
	struct rw_network *network = rw_network_dup(rw_model_find_network(rw_draft_model(draft), "vpc-1"));

	(void)state;
	network->cidrs[0] = world_prefix("10.0.0.0/8");
	assert_int_equal(rw_edit_update(draft, RW_KIND_NETWORK, network, NULL, NULL), 0);
}

static void says_what_is_not_there(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_edit_delete(draft, RW_KIND_NODE, "nobody", false, &err), -ENOENT);
	assert_string_equal(err.text, "there is no node \"nobody\"");
}

static void obeys_the_limits_of_the_context(void **state)
{
	struct rw_limits limits = rw_limits_default;
	struct rw_edit_context context = world_context;
	RW_CLEANUP(rw_draft_free) struct rw_draft *tight = NULL;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	limits.groups = 2;
	limits.nodes = 3;
	context.limits = &limits;
	tight = rw_draft_new(rw_draft_model(draft), &context);
	assert_int_equal(rw_edit_create(tight, RW_KIND_GROUP, world_group("sg-3", "vpc-1"), NULL, &err),
			 -ENOSPC);
	assert_int_equal(rw_edit_create(tight, RW_KIND_CLUSTER, world_cluster("c2", "vpc-1", ""), NULL, &err),
			 -ENOSPC);
	assert_int_equal(
		rw_edit_create(tight, RW_KIND_NODE, world_node("n-9", "vpc-1", "c1", "", ""), NULL, &err),
		-ENOSPC);
}

static void creates_a_group_for_ipv4_with_the_name_that_is_asked_for(void **state)
{
	const struct rw_cluster_options options = {
		.ipv4_only = true, .group_name = "auto-c2", .group_description = "of c2"};
	struct rw_network *network = rw_network_dup(rw_model_find_network(rw_draft_model(draft), "vpc-1"));
	struct rw_prefix more;

	(void)state;
	assert_int_equal(rw_prefix_parse("2001:db8::/32", &more, NULL), 0);
	network->cidrs = reallocarray(network->cidrs, network->cidr_count + 1, sizeof(more));
	network->cidrs[network->cidr_count++] = more;
	assert_int_equal(rw_edit_update(draft, RW_KIND_NETWORK, network, NULL, NULL), 0);
	assert_int_equal(rw_edit_create_cluster(draft, world_cluster("c2", "vpc-1", "172.17.0.0/16"),
						&options, NULL, NULL),
			 0);
	assert_non_null(group("auto-c2"));
	assert_string_equal(group("auto-c2")->description, "of c2");
	assert_int_equal(group("auto-c2")->rule_count, 5);
	for (size_t i = 0; i < group("auto-c2")->rule_count; i++)
		assert_int_equal(group("auto-c2")->rules[i]->object.cidr.address.family, 4);
}

static void adopts_a_free_standing_group_with_its_rules(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *before = rw_draft_dup_model(draft);
	struct rw_error err = RW_ERROR_NONE;
	struct rw_group *made = world_group("sg-new", "vpc-1");
	size_t count;

	(void)state;
	free(made->name);
	made->name = strdup("new");
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, made, NULL, NULL), 0);
	count = group("sg-new")->rule_count;
	assert_int_equal(rw_edit_adopt_group(draft, "c1", "new", &err), 0);
	assert_string_equal(rw_model_find_cluster(rw_draft_model(draft), "c1")->security_group, "sg-new");
	assert_string_equal(group("sg-new")->managed_by, "c1");
	assert_int_equal(group("sg-new")->rule_count, count);
	assert_string_equal(group("sg-c1")->managed_by, "");
	assert_int_equal(group("sg-c1")->rule_count, 5);
	assert_int_equal(rw_validate_model(rw_draft_model(draft), NULL, NULL, NULL), 0);
	/* And back: nothing is lost. */
	assert_int_equal(rw_edit_adopt_group(draft, "c1", "sg-c1", &err), 0);
	assert_int_equal(rw_edit_delete(draft, RW_KIND_GROUP, "sg-new", false, &err), 0);
	restart();
	assert_true(rw_model_count(before, RW_KIND_GROUP) ==
		    rw_model_count(rw_draft_model(draft), RW_KIND_GROUP));
}

static void adopts_no_group_that_cannot_be_a_clusters(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_group *closed = world_group("sg-closed", "vpc-1");

	(void)state;
	free(closed->name);
	closed->name = strdup("closed");
	closed->kind = RW_GROUP_ENTERPRISE;
	closed->inner_access = RW_VERDICT_DROP;
	assert_int_equal(rw_edit_create(draft, RW_KIND_GROUP, closed, NULL, NULL), 0);
	restart();
	assert_int_equal(rw_edit_adopt_group(draft, "c9", "sg-free", &err), -ENOENT);
	assert_int_equal(rw_edit_adopt_group(draft, "c1", "sg-9", &err), -ENOENT);
	assert_int_equal(rw_edit_adopt_group(draft, "c1", "sg-closed", &err), -EINVAL);
	assert_string_equal(err.field, "security_group");
	/* A node is in it by itself. */
	assert_int_equal(rw_edit_adopt_group(draft, "c1", "sg-free", &err), -EBUSY);
	/* The group that it has is no other one. */
	assert_int_equal(rw_edit_adopt_group(draft, "c1", "sg-c1", &err), 0);
	assert_int_equal(rw_draft_count(draft), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(creates_a_cluster_with_its_one_managed_group),
		T(makes_ids_and_keeps_them),
		T(keeps_when_an_object_was_made),
		T(takes_a_rebound_group_for_a_new_one),
		T(takes_the_description_away_with_its_entry),
		T(refuses_a_taken_id_or_name),
		T(deletes_a_cluster_with_its_group_only_without_nodes),
		T(never_deletes_a_managed_group_by_itself),
		T(lists_who_refers_to_a_group),
		T(touches_what_it_changes_and_nothing_else),
		T(forgets_a_change_that_is_taken_back),
		T(leaves_the_draft_alone_when_an_edit_fails),
		T(updates_without_touching_when_nothing_changes),
		T(keeps_the_rules_of_an_updated_group),
		T(refuses_to_change_what_is_fixed),
		T(grows_a_network),
		T(says_what_is_not_there),
		T(creates_a_group_for_ipv4_with_the_name_that_is_asked_for),
		T(adopts_a_free_standing_group_with_its_rules),
		T(adopts_no_group_that_cannot_be_a_clusters),
		T(obeys_the_limits_of_the_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
