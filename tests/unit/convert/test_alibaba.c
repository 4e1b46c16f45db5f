/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "conversion.h"

static struct rw_conversion conversion;

static int convert_example(void **state)
{
	(void)state;
	conversion_of(RW_CONVERT_ALIBABA, conversion_alibaba, &conversion);
	return 0;
}

static int release_example(void **state)
{
	(void)state;
	rw_conversion_done(&conversion);
	return 0;
}

static void reads_permissions_as_rules_with_ids_kept(void **state)
{
	RW_CLEANUP(rw_free) char *rules = conversion_rules(&conversion, "alicloud-cs");
	const struct rw_group *group = rw_model_find_group(conversion.model, "sg-bp1");
	const struct rw_rule *ping = NULL;

	(void)state;
	assert_string_equal(rules, "allow all from 0.0.0.0/0 priority 100\n"
				   "allow icmp from 0.0.0.0/0 # ping\n"
				   "allow tcp 5432 from group:sg-bp2\n"
				   "allow udp 53 to 10.0.0.2/32\n"
				   "drop tcp 22 from prefix-list:pl-x priority 2\n");
	for (size_t i = 0; i < group->rule_count; i++)
		if (strcmp(group->rules[i]->id, "sgr-a1") == 0)
			ping = group->rules[i];
	assert_true(ping && ping->created_ms == 1507716000000);
	assert_int_equal(group->inner_access, RW_VERDICT_ACCEPT);
}

static void keeps_times_and_descriptions(void **state)
{
	const struct rw_prefix_list *list = rw_model_find_prefix_list(conversion.model, "pl-x");

	(void)state;
	assert_int_equal(rw_model_find_group(conversion.model, "sg-bp1")->created_ms, 1507712400000);
	assert_int_equal(rw_model_find_group(conversion.model, "sg-bp2")->created_ms, 0);
	assert_int_equal(list->created_ms, 1507714200000);
	assert_int_equal(list->max_entries, 5);
	assert_string_equal(list->description, "all offices");
	assert_int_equal(list->entry_descriptions.count, 1);
	assert_string_equal(rw_tags_find(&list->entry_descriptions, "203.0.113.0/24"), "north");
}

static void binds_the_group_to_its_cluster(void **state)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(conversion.model, "shop");
	const struct rw_group *group = rw_model_find_group(conversion.model, "sg-bp1");

	(void)state;
	assert_non_null(cluster);
	assert_string_equal(cluster->security_group, "sg-bp1");
	assert_string_equal(group->managed_by, cluster->id);
	assert_int_equal(cluster->type, RW_CLUSTER_SWARM);
	assert_int_equal(cluster->container_cidr_count, 1);
}

static void makes_nodes_of_instances_with_the_primary_interface_first(void **state)
{
	const struct rw_node *node = rw_model_find_node(conversion.model, "web");
	char text[RW_ADDRESS_TEXT_SIZE];

	(void)state;
	assert_non_null(node);
	assert_string_equal(node->id, "n-i-bp1");
	assert_string_equal(node->cluster, rw_model_find_cluster(conversion.model, "shop")->id);
	assert_int_equal(node->security_group_count, 1);
	assert_string_equal(node->security_groups[0], "sg-bp2");
	assert_int_equal(node->interface_count, 2);
	rw_address_format(&node->interfaces[0].addresses[0], text);
	assert_string_equal(text, "10.0.0.5");
	assert_int_equal(node->interfaces[0].elastic_ip_count, 1);
}

static void joins_the_answers_about_a_load_balancer(void **state)
{
	const struct rw_load_balancer *balancer = rw_model_find_load_balancer(conversion.model, "front");

	(void)state;
	assert_non_null(balancer);
	assert_int_equal(balancer->listener_count, 2);
	assert_int_equal(balancer->listeners[0].backend_port, 8080);
	assert_int_equal(balancer->listeners[1].protocol, RW_PROTOCOL_UDP);
	assert_false(balancer->client_ip_kept);
	assert_int_equal(balancer->source_cidr_count, 1);
}

static void tells_what_it_leaves_out(void **state)
{
	RW_CLEANUP(rw_free) char *notes = conversion_notes(&conversion);

	(void)state;
	assert_int_equal(conversion.left_out, 3);
	assert_non_null(strstr(notes, "left out: Permissions.Permission[4]: its ports are the list prl-1"));
	assert_non_null(
		strstr(notes, "left out: Permissions.Permission[5]: security group sg-other is in none"));
	assert_non_null(strstr(notes, "left out: web: its group sg-gone is not there"));
	assert_non_null(strstr(notes, "note: Permissions.Permission[1]: priority 110"));
	assert_non_null(strstr(notes, "note: front: the port behind listener 53"));
}

static void keeps_the_tables_of_a_classic_network_apart(void **state)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion classic = {0};
	RW_CLEANUP(rw_free) char *rules = NULL;

	(void)state;
	conversion_of(
		RW_CONVERT_ALIBABA,
		"{\"SecurityGroupId\":\"sg-c\",\"VpcId\":\"\",\"InnerAccessPolicy\":\"Accept\","
		"\"Permissions\":{"
		"\"Permission\":[{\"IpProtocol\":\"ALL\",\"PortRange\":\"-1/-1\",\"SourceCidrIp\":\"0.0.0.0/"
		"0\","
		"\"NicType\":\"internet\",\"Direction\":\"ingress\"},{\"IpProtocol\":\"ALL\",\"PortRange\":"
		"\"-1/"
		"-1\",\"SourceCidrIp\":\"0.0.0.0/0\",\"NicType\":\"intranet\",\"Direction\":\"ingress\"}]}}"
		"{\"Instances\":{\"Instance\":[{\"InstanceId\":\"i-1\",\"SecurityGroupIds\":{"
		"\"SecurityGroupId\":"
		"[\"sg-c\"]},\"InnerIpAddress\":{\"IpAddress\":[\"10.1.2.3\"]},\"PublicIpAddress\":{"
		"\"IpAddress\":"
		"[\"203.0.113.9\"]}}]}}",
		&classic);
	rules = conversion_rules(&classic, "sg-c");
	assert_string_equal(rules, "allow all from 0.0.0.0/0\nallow all from 0.0.0.0/0 nic internet\n");
	assert_int_equal(rw_model_find_node(classic.model, "n-i-1")->interfaces[1].nic_type, RW_NIC_INTERNET);
	assert_int_equal(rw_model_find_network(classic.model, "classic")->kind, RW_NETWORK_CLASSIC);
}

static void names_file_and_field_of_what_is_wrong(void **state)
{
	(void)state;
	conversion_refuses(RW_CONVERT_ALIBABA, "", "input: is empty");
	conversion_refuses(RW_CONVERT_ALIBABA, "{\"a\":", "input: not valid JSON at line 1");
	conversion_refuses(RW_CONVERT_ALIBABA, "{\"Code\":\"Forbidden\"}", "is no answer of Alibaba Cloud");
	conversion_refuses(RW_CONVERT_ALIBABA,
			   "{\"Vpcs\":{\"Vpc\":[{\"VpcId\":\"vpc-1\",\"CidrBlock\":\"10.0.0.0/40\"}]}}",
			   "Vpcs.Vpc[0].CidrBlock: input: ");
	conversion_refuses(RW_CONVERT_ALIBABA,
			   "{\"SecurityGroupId\":\"sg-1\",\"Permissions\":{\"Permission\":[{\"IpProtocol\":"
			   "\"TCP\",\"PortRange\":\"200/1\",\"SourceCidrIp\":\"0.0.0.0/0\"}]}}",
			   "Permissions.Permission[0].PortRange: input: ");
	conversion_refuses(
		RW_CONVERT_ALIBABA,
		"{\"SecurityGroupId\":\"sg-1\",\"Permissions\":{\"Permission\":[{\"IpProtocol\":"
		"\"TCP\",\"PortRange\":\"1/2\",\"SourceCidrIp\":\"0.0.0.0/0\",\"Priority\":\"0\"}]}}",
		"Permissions.Permission[0].Priority: input: ");
	conversion_refuses(RW_CONVERT_ALIBABA, "{\"Instances\":{\"Instance\":[7]}}", "Instances.Instance[0]");
}

#define EXAMPLE(test) cmocka_unit_test_setup_teardown(test, convert_example, release_example)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXAMPLE(reads_permissions_as_rules_with_ids_kept),
		EXAMPLE(keeps_times_and_descriptions),
		EXAMPLE(binds_the_group_to_its_cluster),
		EXAMPLE(makes_nodes_of_instances_with_the_primary_interface_first),
		EXAMPLE(joins_the_answers_about_a_load_balancer),
		EXAMPLE(tells_what_it_leaves_out),
		cmocka_unit_test(keeps_the_tables_of_a_classic_network_apart),
		cmocka_unit_test(names_file_and_field_of_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
