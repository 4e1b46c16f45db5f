/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "group/default_rules.h"

/* Makes a cluster's rules and compares them, as texts in any order, with those expected. */
static void check(struct rw_default_rules wanted, const char *const *expected, size_t expected_count)
{
	struct rw_rule **rules = NULL;
	size_t count = 0;

	wanted.now_ms = 7;
	wanted.author = "tester";
	wanted.random = &world_random;
	assert_int_equal(rw_default_rules_make(&wanted, &rules, &count, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		char object[RW_PREFIX_TEXT_SIZE], protocol[RW_PROTOCOL_TEXT_SIZE], ports[RW_PORTS_TEXT_SIZE];
		char text[128];
		size_t j = 0;

		rw_prefix_format(&rules[i]->object.cidr, object);
		rw_protocol_format(rules[i]->protocol, protocol);
		rw_ports_format(rules[i]->ports, ports);
		(void)snprintf(text, sizeof(text), "%s %s %s %s",
			       rules[i]->nic_type == RW_NIC_INTERNET ? "internet" : "intranet", protocol,
			       ports, object);
		while (j < expected_count && strcmp(expected[j], text) != 0)
			j++;
		if (j == expected_count)
			fail_msg("not expected: %s", text);
		assert_int_equal(rules[i]->priority, 1);
		assert_int_equal(rules[i]->policy, RW_VERDICT_ACCEPT);
		assert_int_equal(rules[i]->direction, RW_DIRECTION_INGRESS);
		assert_int_equal(rules[i]->created_ms, 7);
		assert_string_equal(rules[i]->author, "tester");
		assert_int_equal(rw_validate_rule(rules[i], NULL, NULL), 0);
		if (i > 0)
			assert_true(strcmp(rules[i - 1]->id, rules[i]->id) < 0);
	}
	for (size_t i = 0; i < count; i++)
		(void)rw_rule_unref(rules[i]);
	free(rules);
	assert_int_equal(count, expected_count);
}

#define CHECK(network_, cluster_, settings, ...)                                                             \
	do {                                                                                                 \
		static const char *const expected_[] = {__VA_ARGS__};                                        \
		RW_CLEANUP(rw_network_unref) struct rw_network *n = network_;                                \
		RW_CLEANUP(rw_cluster_unref) struct rw_cluster *c = cluster_;                                \
		struct rw_default_rules wanted_ = {.network = n, .cluster = c};                              \
                                                                                                             \
		settings;                                                                                    \
		check(wanted_, expected_, RW_ARRAY_COUNT(expected_));                                        \
	} while (0)

#define VPC(cidrs)     world_network("vpc-1", RW_NETWORK_VPC, cidrs)
#define CLASSIC(cidrs) world_network("vpc-1", RW_NETWORK_CLASSIC, cidrs)
#define CLUSTER(cidrs) world_cluster("c1", "vpc-1", cidrs)

static void opens_the_reinforced_rules_in_a_vpc(void **state)
{
	(void)state;
	CHECK(VPC("10.0.0.0/8"), CLUSTER("172.18.3.0/24,172.19.0.0/16"), (void)0,
	      "intranet icmp -1/-1 0.0.0.0/0", "intranet tcp 22/22 0.0.0.0/0", "intranet tcp 80/80 0.0.0.0/0",
	      "intranet tcp 443/443 0.0.0.0/0", "intranet all -1/-1 172.18.3.0/24",
	      "intranet all -1/-1 172.19.0.0/16");
}

static void opens_both_tables_of_a_classic_network_without_containers(void **state)
{
	(void)state;
	CHECK(CLASSIC("10.0.0.0/8"), CLUSTER("172.18.3.0/24"), (void)0, "intranet icmp -1/-1 0.0.0.0/0",
	      "intranet tcp 22/22 0.0.0.0/0", "intranet tcp 80/80 0.0.0.0/0",
	      "intranet tcp 443/443 0.0.0.0/0", "internet icmp -1/-1 0.0.0.0/0",
	      "internet tcp 22/22 0.0.0.0/0", "internet tcp 80/80 0.0.0.0/0",
	      "internet tcp 443/443 0.0.0.0/0");
}

static void twins_every_rule_for_ipv6(void **state)
{
	(void)state;
	CHECK(VPC("10.0.0.0/8,2001:db8::/32"), CLUSTER(""), (void)0, "intranet icmp -1/-1 0.0.0.0/0",
	      "intranet tcp 22/22 0.0.0.0/0", "intranet tcp 80/80 0.0.0.0/0",
	      "intranet tcp 443/443 0.0.0.0/0", "intranet icmpv6 -1/-1 ::/0", "intranet tcp 22/22 ::/0",
	      "intranet tcp 80/80 ::/0", "intranet tcp 443/443 ::/0");
	CHECK(VPC("10.0.0.0/8"), CLUSTER(""), wanted_.ipv6 = true;
	      wanted_.no_web = true, "intranet icmp -1/-1 0.0.0.0/0", "intranet tcp 22/22 0.0.0.0/0",
	      "intranet icmpv6 -1/-1 ::/0", "intranet tcp 22/22 ::/0");
}

static void narrows_ssh_to_the_management_cidrs(void **state)
{
	(void)state;
	CHECK(VPC("10.0.0.0/8"), CLUSTER(""),
	      world_prefixes("198.51.100.0/24,2001:db8:5::/48", &c->management_cidrs,
			     &c->management_cidr_count),
	      "intranet icmp -1/-1 0.0.0.0/0", "intranet tcp 22/22 198.51.100.0/24",
	      "intranet tcp 22/22 2001:db8:5::/48", "intranet tcp 80/80 0.0.0.0/0",
	      "intranet tcp 443/443 0.0.0.0/0");
}

static void adds_the_api_server_for_kubernetes(void **state)
{
	(void)state;
	CHECK(VPC("10.0.0.0/8"), CLUSTER("172.18.3.0/24"), c->profile = RW_PROFILE_KUBERNETES;
	      world_prefixes("198.51.100.0/24", &c->management_cidrs, &c->management_cidr_count),
	      "intranet icmp -1/-1 0.0.0.0/0", "intranet tcp 22/22 198.51.100.0/24",
	      "intranet tcp 80/80 0.0.0.0/0", "intranet tcp 443/443 0.0.0.0/0",
	      "intranet all -1/-1 172.18.3.0/24", "intranet tcp 6443/6443 198.51.100.0/24");
	CHECK(VPC("10.0.0.0/8"), CLUSTER(""), c->profile = RW_PROFILE_KUBERNETES;
	      wanted_.no_web = true, "intranet icmp -1/-1 0.0.0.0/0", "intranet tcp 22/22 0.0.0.0/0",
	      "intranet tcp 6443/6443 0.0.0.0/0");
}

static void names_every_port_between_nodes_when_strict(void **state)
{
	(void)state;
	CHECK(VPC("10.0.0.0/8"), CLUSTER("172.18.3.0/24"), c->profile = RW_PROFILE_KUBERNETES_STRICT;
	      wanted_.no_web = true, "intranet icmp -1/-1 0.0.0.0/0", "intranet tcp 22/22 0.0.0.0/0",
	      "intranet tcp 6443/6443 0.0.0.0/0", "intranet all -1/-1 172.18.3.0/24",
	      "intranet tcp 53/53 10.0.0.0/8", "intranet tcp 443/443 10.0.0.0/8",
	      "intranet tcp 2379/2380 10.0.0.0/8", "intranet tcp 6443/6443 10.0.0.0/8",
	      "intranet tcp 10250/10250 10.0.0.0/8", "intranet udp 53/53 10.0.0.0/8",
	      "intranet udp 8472/8472 10.0.0.0/8", "intranet udp 51820/51820 10.0.0.0/8",
	      "intranet icmp -1/-1 10.0.0.0/8");
}

static void opens_everything_when_loose(void **state)
{
	(void)state;
	CHECK(CLASSIC("10.0.0.0/8"), CLUSTER("172.18.3.0/24"), c->profile = RW_PROFILE_LOOSE,
	      "intranet all -1/-1 0.0.0.0/0", "internet all -1/-1 0.0.0.0/0");
	CHECK(VPC("10.0.0.0/8,2001:db8::/32"), CLUSTER(""), c->profile = RW_PROFILE_LOOSE,
	      "intranet all -1/-1 0.0.0.0/0", "intranet all -1/-1 ::/0");
}

static void isolates_members_of_public_networks_and_strict_clusters(void **state)
{
	RW_CLEANUP(rw_network_unref) struct rw_network *network = VPC("10.0.0.0/8");

	(void)state;
	assert_int_equal(rw_default_inner_access(network, RW_PROFILE_STANDARD), RW_VERDICT_ACCEPT);
	assert_int_equal(rw_default_inner_access(network, RW_PROFILE_LOOSE), RW_VERDICT_ACCEPT);
	assert_int_equal(rw_default_inner_access(network, RW_PROFILE_KUBERNETES_STRICT), RW_VERDICT_DROP);
	network->is_public = true;
	assert_int_equal(rw_default_inner_access(network, RW_PROFILE_STANDARD), RW_VERDICT_DROP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_the_reinforced_rules_in_a_vpc),
		cmocka_unit_test(opens_both_tables_of_a_classic_network_without_containers),
		cmocka_unit_test(twins_every_rule_for_ipv6),
		cmocka_unit_test(narrows_ssh_to_the_management_cidrs),
		cmocka_unit_test(adds_the_api_server_for_kubernetes),
		cmocka_unit_test(names_every_port_between_nodes_when_strict),
		cmocka_unit_test(opens_everything_when_loose),
		cmocka_unit_test(isolates_members_of_public_networks_and_strict_clusters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
