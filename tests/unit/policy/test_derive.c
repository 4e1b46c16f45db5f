/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "policy/policy.h"

static struct rw_draft *draft;
static struct rw_policy_cache *cache;

static int setup(void **state)
{
	(void)state;
	draft = world_vpc();
	cache = rw_policy_cache_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	draft = rw_draft_free(draft);
	cache = rw_policy_cache_free(cache);
	return 0;
}

static struct rw_policy *derive(const char *node)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_policy *policy = NULL;

	if (rw_policy_derive(rw_draft_model(draft), node, NULL, cache, &policy, &err) < 0)
		fail_msg("%s", err.text);
	return policy;
}

/* The members of a group as node 'n-1' sees them must be exactly these, in order. */
static void check_set(const char *id, const char *expected)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = derive("n-1");
	const struct rw_address_set *set = rw_policy_find_set(policy, id);
	char text[1024] = "";

	assert_non_null(set);
	for (size_t i = 0; i < set->count; i++) {
		char prefix[RW_PREFIX_TEXT_SIZE];

		rw_prefix_format(&set->prefixes[i], prefix);
		strcat(text, i ? " " : "");
		strcat(text, prefix);
	}
	assert_string_equal(text, expected);
}

static struct rw_node *change(const char *node)
{
	return rw_node_dup(rw_model_find_node(rw_draft_model(draft), node));
}

static void update(struct rw_node *node)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_edit_update(draft, RW_KIND_NODE, node, NULL, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
}

/* Changes a node behind the back of validation, as a model file with old sins might. */
static struct rw_policy *derive_with(struct rw_node *node)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_model_put(model, RW_KIND_NODE, node, NULL), 0);
	assert_int_equal(rw_policy_derive(model, "n-1", NULL, cache, &policy, NULL), 0);
	return policy;
}

static void resolves_groups_rules_and_members(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)state;
	assert_int_equal(rw_edit_join(draft, "n-1", "eth0", "sg-free", NULL), 0);
	policy = derive("n-1");
	assert_string_equal(policy->node, "n-1");
	assert_int_equal(policy->group_count, 2);
	assert_string_equal(policy->groups[0]->id, "sg-c1");
	assert_string_equal(policy->groups[1]->id, "sg-free");
	assert_int_equal(policy->groups[0]->rule_count, 5);
	assert_int_equal(policy->interface_count, 1);
	assert_int_equal(policy->interfaces[0].group_count, 2);
	assert_int_equal(policy->interfaces[0].groups[1], 1);
	assert_int_equal(policy->own_address_count, 1);
	assert_int_equal(policy->ssh_port_count, 1);
	assert_int_equal(policy->ssh_ports[0], 22);
	assert_int_equal(policy->network_cidr_count, 1);
	assert_int_equal(policy->container_cidr_count, 1);
	check_set("sg-c1", "10.0.0.1/32 10.0.0.2/32");
	check_set("sg-free", "10.0.0.1/32 10.0.0.9/32");
}

/* What a node is told, whoever is root there may read. */
static void tells_a_node_nothing_of_groups_that_do_not_concern_it(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = derive("n-1");

	(void)state;
	for (size_t i = 0; i < policy->group_count; i++)
		assert_string_equal(policy->groups[i]->id, "sg-c1");
	assert_null(rw_policy_find_set(policy, "sg-free"));
}

static void counts_addresses_inside_the_network_and_shared_ones(void **state)
{
	struct rw_node *node = change("n-2");

	(void)state;
	free(node->interfaces[0].addresses);
	world_addresses("10.0.0.2,192.0.2.2,10.0.7.7", &node->interfaces[0].addresses,
			&node->interfaces[0].address_count);
	world_addresses("203.0.113.7", &node->interfaces[0].elastic_ips,
			&node->interfaces[0].elastic_ip_count);
	world_addresses("198.51.100.9", &node->interfaces[0].shared_addresses,
			&node->interfaces[0].shared_address_count);
	(void)world_interface(node, "eth1", RW_NIC_INTRANET, "10.0.8.8");
	update(node);
	check_set("sg-c1", "10.0.0.1/32 10.0.0.2/32 10.0.7.7/32 10.0.8.8/32 198.51.100.9/32");
}

static void never_counts_container_addresses(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_network *network = rw_network_dup(rw_model_find_network(rw_draft_model(draft), "vpc-1"));
	RW_CLEANUP(rw_model_free) struct rw_model *model = rw_draft_dup_model(draft);
	struct rw_node *node = change("n-2");

	(void)state;
	network->cidrs[0] = world_prefix("0.0.0.0/0");
	assert_int_equal(rw_model_put(model, RW_KIND_NETWORK, network, NULL), 0);
	node->interfaces[0].addresses[0] = world_address("172.16.9.9");
	assert_int_equal(rw_model_put(model, RW_KIND_NODE, node, NULL), 0);
	assert_int_equal(rw_policy_derive(model, "n-1", NULL, cache, &policy, NULL), 0);
	assert_int_equal(rw_policy_find_set(policy, "sg-c1")->count, 1);
}

static void believes_the_smallest_id_when_two_nodes_hold_an_address(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_node *node = change("n-free");

	(void)state;
	/* n-2 and n-free both report 10.0.0.2: it stays n-2's. */
	world_add_rule(draft, "sg-c1", "sgr-f in accept tcp 80/80 sg-free");
	node->interfaces[0].addresses[0] = world_address("10.0.0.2");
	policy = derive_with(node);
	assert_int_equal(rw_policy_find_set(policy, "sg-free")->count, 0);
	assert_int_equal(rw_policy_find_set(policy, "sg-c1")->count, 2);
}

static void believes_a_declared_address_before_a_reported_one(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_node *node = change("n-free");

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-f in accept tcp 80/80 sg-free");
	node->agent = RW_AGENT_NONE;
	node->interfaces[0].addresses[0] = world_address("10.0.0.2");
	policy = derive_with(node);
	assert_int_equal(rw_policy_find_set(policy, "sg-free")->count, 1);
	assert_int_equal(rw_policy_find_set(policy, "sg-c1")->count, 1);
}

static void counts_declared_addresses_of_records_anywhere(void **state)
{
	struct rw_node *record = world_node("n-record", "vpc-1", "c1", "", "192.0.2.77");

	(void)state;
	record->agent = RW_AGENT_NONE;
	world_create(draft, RW_KIND_NODE, record);
	check_set("sg-c1", "10.0.0.1/32 10.0.0.2/32 192.0.2.77/32");
}

static void counts_only_intranet_nics_in_a_classic_network(void **state)
{
	struct rw_node *node = world_node("n-c", "vpc-2", "", "sg-2", "10.1.0.1");
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)state;
	(void)world_interface(node, "eth1", RW_NIC_INTERNET, "10.1.0.99");
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-2", RW_NETWORK_CLASSIC, ""));
	world_create(draft, RW_KIND_GROUP, world_group("sg-2", "vpc-2"));
	world_create(draft, RW_KIND_NODE, node);
	policy = derive("n-c");
	assert_int_equal(rw_policy_find_set(policy, "sg-2")->count, 1);
	assert_int_equal(policy->own_address_count, 2);
	assert_int_equal(policy->interfaces[1].nic_type, RW_NIC_INTERNET);
}

static void counts_declared_addresses_in_a_public_network(void **state)
{
	struct rw_network *network = world_network("vpc-p", RW_NETWORK_VPC, "");
	struct rw_group *group = world_group("sg-p", "vpc-p");
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)state;
	network->is_public = true;
	world_create(draft, RW_KIND_NETWORK, network);
	world_create(draft, RW_KIND_GROUP, group);
	world_create(draft, RW_KIND_NODE, world_node("n-p", "vpc-p", "", "sg-p", "203.0.113.1"));
	policy = derive("n-p");
	assert_int_equal(rw_policy_find_set(policy, "sg-p")->count, 1);
}

static void shares_what_did_not_change(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *before = derive("n-1");
	RW_CLEANUP(rw_policy_unref) struct rw_policy *after = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *other = NULL;

	(void)state;
	world_add_rule(draft, "sg-c1", "sgr-x in accept tcp 81/81 0.0.0.0/0");
	after = derive("n-1");
	assert_ptr_equal(after->sets[0], before->sets[0]);
	assert_ptr_not_equal(after->groups[0], before->groups[0]);
	other = derive("n-2");
	assert_ptr_equal(other->groups[0], after->groups[0]);
	assert_ptr_equal(other->sets[0], after->sets[0]);
	/* A node elsewhere joins: the set is made anew, found equal and shared. */
	world_create(draft, RW_KIND_NODE, world_node("n-far", "vpc-1", "", "sg-free", "10.0.0.77"));
	(void)rw_policy_unref(other);
	other = derive("n-1");
	assert_ptr_equal(other->sets[0], before->sets[0]);
}

static void says_which_node_is_unknown(void **state)
{
	struct rw_policy *policy = NULL;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_policy_derive(rw_draft_model(draft), "nobody", NULL, NULL, &policy, &err),
			 -ENOENT);
	assert_null(policy);
	assert_non_null(strstr(err.text, "nobody"));
}

static void inherits_the_enforcement_of_the_cluster(void **state)
{
	struct rw_cluster *cluster = rw_cluster_dup(rw_model_find_cluster(rw_draft_model(draft), "c1"));
	struct rw_node *node;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *monitored = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *overridden = NULL;

	(void)state;
	cluster->enforcement = RW_MONITOR;
	assert_int_equal(rw_edit_update(draft, RW_KIND_CLUSTER, cluster, NULL, NULL), 0);
	monitored = derive("n-1");
	assert_int_equal(monitored->enforcement, RW_MONITOR);
	node = change("n-1");
	node->enforcement = RW_ENFORCE;
	update(node);
	overridden = derive("n-1");
	assert_int_equal(overridden->enforcement, RW_ENFORCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(resolves_groups_rules_and_members),
		T(tells_a_node_nothing_of_groups_that_do_not_concern_it),
		T(counts_addresses_inside_the_network_and_shared_ones),
		T(never_counts_container_addresses),
		T(believes_the_smallest_id_when_two_nodes_hold_an_address),
		T(believes_a_declared_address_before_a_reported_one),
		T(counts_declared_addresses_of_records_anywhere),
		T(counts_only_intranet_nics_in_a_classic_network),
		T(counts_declared_addresses_in_a_public_network),
		T(shares_what_did_not_change),
		T(says_which_node_is_unknown),
		T(inherits_the_enforcement_of_the_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
