/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"

#include "policy/evaluate.h"

/* A packet and what must become of it: "accept" or "drop", and the cause as people see it. */
struct expected {
	const char *packet;
	const char *verdict;
	const char *cause;
};

static struct rw_draft *draft;
static struct rw_policy *policy;

static int setup(void **state)
{
	(void)state;
	draft = world_vpc();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	policy = rw_policy_unref(policy);
	draft = rw_draft_free(draft);
	return 0;
}

static void derive_with(const char *node, const struct rw_policy_surroundings *surroundings)
{
	struct rw_error err = RW_ERROR_NONE;

	policy = rw_policy_unref(policy);
	if (rw_policy_derive(rw_draft_model(draft), node, surroundings, NULL, &policy, &err) < 0)
		fail_msg("%s", err.text);
}

static void check_on(const char *interface, const struct expected *cases, size_t count)
{
	int index = rw_policy_find_interface(policy, interface);

	assert_true(index >= 0);
	for (size_t i = 0; i < count; i++) {
		struct rw_packet packet = world_packet(cases[i].packet);
		struct rw_decision decision = rw_evaluate(policy, (size_t)index, &packet);
		const char *verdict = decision.verdict == RW_VERDICT_ACCEPT ? "accept" : "drop";

		if (strcmp(verdict, cases[i].verdict) != 0 ||
		    strcmp(rw_decision_cause(&decision), cases[i].cause) != 0)
			fail_msg("%s: %s by %s, not %s by %s", cases[i].packet, verdict,
				 rw_decision_cause(&decision), cases[i].verdict, cases[i].cause);
	}
}

#define CHECK(interface, ...)                                                                                \
	do {                                                                                                 \
		static const struct expected cases_[] = {__VA_ARGS__};                                       \
                                                                                                             \
		check_on(interface, cases_, RW_ARRAY_COUNT(cases_));                                         \
	} while (0)

/* Replaces the default rules of the cluster's group. */
static void set_rules(const char *group, const char *const *texts, size_t count)
{
	struct rw_rule *rules[16];
	struct rw_error err = RW_ERROR_NONE;

	assert_true(count <= 16);
	/* Rules that were there would keep their ids. */
	assert_int_equal(rw_edit_set_rules(draft, group, NULL, 0, NULL, NULL), 0);
	for (size_t i = 0; i < count; i++)
		rules[i] = world_rule(texts[i]);
	if (rw_edit_set_rules(draft, group, rules, count, NULL, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
}

#define RULES(group, ...)                                                                                    \
	do {                                                                                                 \
		static const char *const texts_[] = {__VA_ARGS__};                                           \
                                                                                                             \
		set_rules(group, texts_, RW_ARRAY_COUNT(texts_));                                            \
	} while (0)

static void decides_by_priority_then_drop_then_id(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-b in accept tcp 22/22 0.0.0.0/0 2", "sgr-a in accept tcp 22/22 203.0.113.0/24 2",
	      "sgr-c in drop tcp 22/22 203.0.113.9/32 2", "sgr-d in accept tcp 22/22 203.0.113.8/31 1",
	      "sgr-e in drop tcp 1/65535 198.51.100.0/24 3");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 203.0.113.9 4000 10.0.0.1 22", "accept", "sgr-d"},
	      {"in tcp 203.0.113.10 4000 10.0.0.1 22", "accept", "sgr-a"},
	      {"in tcp 192.0.2.1 4000 10.0.0.1 22", "accept", "sgr-b"},
	      {"in tcp 198.51.100.1 4000 10.0.0.1 22", "accept", "sgr-b"},
	      {"in tcp 198.51.100.1 4000 10.0.0.1 23", "drop", "sgr-e"},
	      {"in tcp 192.0.2.1 4000 10.0.0.1 23", "drop", "default"});
	RULES("sg-c1", "sgr-b in accept tcp 22/22 0.0.0.0/0 2", "sgr-c in drop tcp 22/22 203.0.113.9/32 2");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 203.0.113.9 4000 10.0.0.1 22", "drop", "sgr-c"});
}

static void compares_destination_ports_in_both_directions(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-in in accept udp 53/53 0.0.0.0/0", "sgr-out out drop udp 53/54 0.0.0.0/0");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in udp 192.0.2.1 9 10.0.0.1 53", "accept", "sgr-in"},
	      {"in udp 192.0.2.1 53 10.0.0.1 9", "drop", "default"},
	      {"out udp 192.0.2.1 54 10.0.0.1 9", "drop", "sgr-out"},
	      {"out udp 192.0.2.1 9 10.0.0.1 54", "accept", "default"},
	      {"in tcp 192.0.2.1 9 10.0.0.1 53", "drop", "default"});
}

static void keeps_families_and_protocols_apart(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-all4 in accept all -1/-1 203.0.113.0/24",
	      "sgr-all6 in accept all -1/-1 2001:db8:1::/48", "sgr-icmp in accept icmp -1/-1 0.0.0.0/0",
	      "sgr-icmp6 in accept icmpv6 -1/-1 ::/0", "sgr-132 in accept 132 -1/-1 0.0.0.0/0",
	      "sgr-gre in drop gre -1/-1 0.0.0.0/0");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 203.0.113.1 1 10.0.0.1 0", "accept", "sgr-all4"},
	      {"in icmp 192.0.2.1 0 10.0.0.1 0 type=8", "accept", "sgr-icmp"},
	      {"in icmpv6 192.0.2.1 0 10.0.0.1 0 type=128", "drop", "default"},
	      {"in icmp 2001:db8::1 0 2001:db8::2 0 type=8", "drop", "default"},
	      {"in icmpv6 2001:db8::1 0 2001:db8::2 0 type=128", "accept", "sgr-icmp6"},
	      {"in udp 2001:db8:1::1 1 2001:db8::2 2", "accept", "sgr-all6"},
	      {"in udp 2001:db8:2::1 1 2001:db8::2 2", "drop", "default"},
	      {"in 132 192.0.2.1 0 10.0.0.1 0", "accept", "sgr-132"},
	      {"in 133 192.0.2.1 0 10.0.0.1 0", "drop", "default"},
	      {"in gre 203.0.113.1 0 10.0.0.1 0", "drop", "sgr-gre"});
}

static void reads_groups_and_prefix_lists_as_objects(void **state)
{
	(void)state;
	world_create(draft, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	RULES("sg-c1", "sgr-g in accept tcp 80/80 sg-free", "sgr-p in accept tcp 81/81 pl-1");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 10.0.0.9 1 10.0.0.1 80", "accept", "sgr-g"},
	      {"in tcp 10.0.0.8 1 10.0.0.1 80", "drop", "default"},
	      {"in tcp 192.0.2.200 1 10.0.0.1 81", "accept", "sgr-p"},
	      {"in tcp 192.0.3.1 1 10.0.0.1 81", "drop", "default"});
}

static void obeys_the_five_tuple_part(void **state)
{
	struct rw_rule *rule = world_rule("sgr-5 in accept tcp 80/80 0.0.0.0/0");

	(void)state;
	RULES("sg-c1", "sgr-6 in drop tcp 80/80 203.0.113.0/24 50");
	rule->local_cidr = world_prefix("10.0.0.100/32");
	rule->source_ports = (struct rw_ports){1000, 2000};
	assert_int_equal(rw_edit_add_rules(draft, "sg-c1", &rule, 1, NULL, NULL), 0);
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 203.0.113.1 1500 10.0.0.100 80", "accept", "sgr-5"},
	      {"in tcp 203.0.113.1 1500 10.0.0.1 80", "drop", "sgr-6"},
	      {"in tcp 203.0.113.1 2001 10.0.0.100 80", "drop", "sgr-6"});
}

static void lets_members_of_an_accepting_group_reach_each_other(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-no in drop all -1/-1 0.0.0.0/0", "sgr-out out drop all -1/-1 0.0.0.0/0");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 10.0.0.2 1 10.0.0.1 6379", "accept", "inner-access"},
	      {"out tcp 10.0.0.2 6379 10.0.0.1 1", "accept", "inner-access"},
	      {"in tcp 10.0.0.9 1 10.0.0.1 6379", "drop", "sgr-no"},
	      {"out udp 10.0.0.9 1 10.0.0.1 1", "drop", "sgr-out"});
	assert_int_equal(rw_edit_set_inner_access(draft, "sg-c1", RW_VERDICT_DROP, NULL), 0);
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 10.0.0.2 1 10.0.0.1 6379", "drop", "sgr-no"});
}

static void needs_one_common_accepting_group_and_names_the_smallest(void **state)
{
	struct rw_packet packet = world_packet("in tcp 10.0.0.9 1 10.0.0.1 80");
	struct rw_decision decision;

	(void)state;
	world_create(draft, RW_KIND_GROUP, world_group("sg-a", "vpc-1"));
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-free", NULL), 0);
	assert_int_equal(rw_edit_join(draft, "n-1", "eth0", "sg-a", NULL), 0);
	assert_int_equal(rw_edit_join(draft, "n-free", NULL, "sg-a", NULL), 0);
	derive_with("n-1", NULL);
	decision = rw_evaluate(policy, 0, &packet);
	assert_int_equal(decision.cause, RW_CAUSE_INNER_ACCESS);
	assert_string_equal(decision.detail, "sg-a");
	assert_int_equal(rw_edit_set_inner_access(draft, "sg-a", RW_VERDICT_DROP, NULL), 0);
	derive_with("n-1", NULL);
	decision = rw_evaluate(policy, 0, &packet);
	assert_string_equal(decision.detail, "sg-free");
}

static void defaults_depend_on_the_kind_of_groups(void **state)
{
	struct rw_group *enterprise = world_group("sg-e", "vpc-1");
	struct rw_node *node = world_node("n-e", "vpc-1", "", "sg-e", "10.0.0.20");

	(void)state;
	enterprise->kind = RW_GROUP_ENTERPRISE;
	enterprise->inner_access = RW_VERDICT_DROP;
	world_create(draft, RW_KIND_GROUP, enterprise);
	world_create(draft, RW_KIND_NODE, node);
	derive_with("n-e", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.20 80", "drop", "default"},
	      {"out tcp 192.0.2.1 80 10.0.0.20 1", "drop", "default"},
	      {"in tcp 10.0.0.9 1 10.0.0.20 80", "drop", "default"});
	derive_with("n-free", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.9 80", "drop", "default"},
	      {"out tcp 192.0.2.1 80 10.0.0.9 1", "accept", "default"});
}

static void drops_both_ways_on_an_interface_without_group(void **state)
{
	struct rw_node *node = world_node("n-3", "vpc-1", "", "", "10.0.0.30");
	struct rw_interface *other = world_interface(node, "eth1", RW_NIC_INTRANET, "10.0.0.31");

	(void)state;
	world_ids("sg-free", &other->security_groups, &other->security_group_count);
	world_create(draft, RW_KIND_NODE, node);
	derive_with("n-3", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.30 80", "drop", "default"},
	      {"out tcp 192.0.2.1 80 10.0.0.30 1", "drop", "default"},
	      {"out udp 192.0.2.1 67 10.0.0.30 68", "accept", "system:dhcp"});
	CHECK("eth1", {"out tcp 192.0.2.1 80 10.0.0.31 1", "accept", "default"});
}

static void passes_what_an_ip_host_cannot_do_without(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-no in drop all -1/-1 0.0.0.0/0", "sgr-no6 in drop all -1/-1 ::/0",
	      "sgr-out out drop all -1/-1 0.0.0.0/0", "sgr-out6 out drop all -1/-1 ::/0");
	derive_with("n-1", NULL);
	CHECK("eth0",
	      {"in icmpv6 fe80::1 0 fe80::2 0 type=135,hop=255", "accept", "system:neighbour-discovery"},
	      {"out icmpv6 2001:db8::1 0 2001:db8::2 0 type=136,hop=255", "accept",
	       "system:neighbour-discovery"},
	      {"in icmpv6 2001:db8::1 0 2001:db8::2 0 type=133,hop=255", "accept",
	       "system:neighbour-discovery"},
	      {"in icmpv6 fe80::1 0 fe80::2 0 type=135,hop=254", "drop", "sgr-no6"},
	      {"in icmpv6 fe80::1 0 fe80::2 0 type=132,hop=255", "drop", "sgr-no6"},
	      {"in icmpv6 fe80::1 0 fe80::2 0 type=137,hop=255", "accept", "system:neighbour-discovery"},
	      {"in icmpv6 2001:db8::1 0 fe80::2 0 type=137,hop=255", "drop", "sgr-no6"},
	      {"in icmpv6 fe80::1 0 fe80::2 0 type=138,hop=255", "drop", "sgr-no6"},
	      {"in icmpv6 fe80::1 0 fe80::2 0 type=135,hop=255,fragment", "drop", "system:fragment"},
	      {"in icmpv6 fe80::1 0 ff02::1 0 type=130,hop=1", "accept", "system:multicast-membership"},
	      {"out icmpv6 ff02::16 0 :: 0 type=143,hop=1", "accept", "system:multicast-membership"},
	      {"in icmpv6 2001:db8::1 0 ff02::1 0 type=130,hop=1", "drop", "sgr-no6"},
	      {"in icmpv6 fe80::1 0 ff02::1 0 type=130,hop=2", "drop", "sgr-no6"},
	      {"in 2 192.0.2.1 0 224.0.0.1 0 hop=1", "accept", "system:multicast-membership"},
	      {"in 2 192.0.2.1 0 224.0.0.1 0 hop=2", "drop", "sgr-no"},
	      {"in 2 2001:db8::1 0 ff02::1 0 hop=1", "drop", "sgr-no6"},
	      {"in udp 192.0.2.1 67 255.255.255.255 68", "accept", "system:dhcp"},
	      {"out udp 255.255.255.255 67 0.0.0.0 68", "accept", "system:dhcp"},
	      {"in udp 192.0.2.1 68 10.0.0.1 67", "drop", "sgr-no"},
	      {"in tcp 192.0.2.1 67 10.0.0.1 68", "drop", "sgr-no"},
	      {"in udp fe80::1 547 fe80::2 546", "accept", "system:dhcp"},
	      {"in udp 2001:db8::1 547 fe80::2 546", "drop", "sgr-no6"},
	      {"out udp ff02::1:2 547 fe80::2 546", "accept", "system:dhcp"},
	      {"in udp fe80::1 67 fe80::2 68", "drop", "sgr-no6"});
}

static void drops_malformed_packets_first(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-yes in accept all -1/-1 0.0.0.0/0");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.1 80 malformed", "drop", "system:malformed"},
	      {"out udp 192.0.2.1 67 10.0.0.1 68 malformed", "drop", "system:malformed"},
	      {"in tcp 10.0.0.1 1 10.0.0.1 80 malformed", "drop", "system:malformed"},
	      {"in udp 192.0.2.1 0 10.0.0.1 0 fragment", "drop", "system:fragment"},
	      {"out udp 192.0.2.1 0 10.0.0.1 0 fragment", "drop", "system:fragment"},
	      {"in udp 10.0.0.1 0 10.0.0.1 0 fragment", "drop", "system:own-address"});
}

static void drops_forged_sources_in_a_vpc(void **state)
{
	struct rw_node *node;

	(void)state;
	RULES("sg-c1", "sgr-yes in accept all -1/-1 0.0.0.0/0");
	node = rw_node_dup(rw_model_find_node(rw_draft_model(draft), "n-1"));
	world_addresses("10.0.0.77", &node->interfaces[0].shared_addresses,
			&node->interfaces[0].shared_address_count);
	node->interfaces[0].addresses =
		realloc(node->interfaces[0].addresses, 2 * sizeof(*node->interfaces[0].addresses));
	node->interfaces[0].addresses[node->interfaces[0].address_count++] = world_address("10.0.0.77");
	assert_int_equal(rw_edit_update(draft, RW_KIND_NODE, node, NULL, NULL), 0);
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 10.0.0.1 1 10.0.0.1 80", "drop", "system:own-address"},
	      {"out tcp 10.0.0.9 80 10.0.0.1 1", "accept", "default"},
	      {"in tcp 10.0.0.77 1 10.0.0.1 80", "accept", "inner-access"},
	      {"in tcp 172.16.5.5 1 10.0.0.1 80", "drop", "system:spoofed"},
	      {"out tcp 172.16.5.5 80 10.0.0.1 1", "accept", "default"},
	      {"in tcp 10.0.5.5 1 10.0.0.1 80", "accept", "sgr-yes"});
}

static void accepts_routed_containers_on_intranet_nics_only(void **state)
{
	struct rw_cluster *cluster = world_cluster("c2", "vpc-2", "172.18.0.0/16");
	struct rw_node *node = world_node("n-c", "vpc-2", "c2", "", "10.1.0.1");

	(void)state;
	cluster->container_network = RW_CONTAINER_ROUTED;
	(void)world_interface(node, "eth1", RW_NIC_INTERNET, "203.0.113.50");
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-2", RW_NETWORK_CLASSIC, "10.1.0.0/16"));
	world_create(draft, RW_KIND_CLUSTER, cluster);
	world_create(draft, RW_KIND_NODE, node);
	derive_with("n-c", NULL);
	CHECK("eth0", {"in udp 172.18.0.5 1 10.1.0.1 9", "drop", "default"},
	      {"in udp 10.1.0.5 1 10.1.0.1 9", "drop", "default"},
	      {"in udp 203.0.113.50 1 10.1.0.1 9", "drop", "system:own-address"});
	CHECK("eth1", {"in udp 172.18.0.5 1 203.0.113.50 9", "drop", "system:spoofed"},
	      {"in udp 10.1.0.5 1 203.0.113.50 9", "drop", "system:spoofed"},
	      {"in udp 192.0.2.1 1 203.0.113.50 9", "drop", "default"});
}

static void keeps_the_four_tables_of_a_classic_network_apart(void **state)
{
	struct rw_node *node = world_node("n-c", "vpc-2", "", "sg-2", "10.1.0.1");
	struct rw_rule *internet = world_rule("sgr-inet in accept tcp 443/443 0.0.0.0/0");

	(void)state;
	internet->nic_type = RW_NIC_INTERNET;
	(void)world_interface(node, "eth1", RW_NIC_INTERNET, "203.0.113.50");
	world_create(draft, RW_KIND_NETWORK, world_network("vpc-2", RW_NETWORK_CLASSIC, ""));
	world_create(draft, RW_KIND_GROUP, world_group("sg-2", "vpc-2"));
	world_create(draft, RW_KIND_NODE, node);
	world_create(draft, RW_KIND_NODE, world_node("n-d", "vpc-2", "", "sg-2", "10.1.0.2"));
	world_add_rule(draft, "sg-2", "sgr-intra in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_edit_add_rules(draft, "sg-2", &internet, 1, NULL, NULL), 0);
	derive_with("n-c", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.1.0.1 80", "accept", "sgr-intra"},
	      {"in tcp 192.0.2.1 1 10.1.0.1 443", "drop", "default"},
	      {"in tcp 10.1.0.2 1 10.1.0.1 9", "accept", "inner-access"});
	CHECK("eth1", {"in tcp 192.0.2.1 1 203.0.113.50 443", "accept", "sgr-inet"},
	      {"in tcp 192.0.2.1 1 203.0.113.50 80", "drop", "default"},
	      {"out tcp 10.1.0.2 9 203.0.113.50 1", "accept", "default"});
}

static void decides_tcp_without_syn_at_ingress_as_its_opener(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-22 in accept tcp 22/22 0.0.0.0/0", "sgr-23 in drop tcp 23/23 0.0.0.0/0");
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.1 22 A", "accept", "sgr-22"},
	      {"in tcp 192.0.2.1 1 10.0.0.1 22 S,A", "accept", "sgr-22"},
	      {"in tcp 192.0.2.1 1 10.0.0.1 22 R", "accept", "sgr-22"},
	      {"in tcp 192.0.2.1 1 10.0.0.1 23 A", "drop", "sgr-23"},
	      {"in tcp 192.0.2.1 1 10.0.0.1 24 A", "drop", "default"},
	      {"in tcp 10.0.0.2 1 10.0.0.1 24 F,A", "accept", "inner-access"});
}

static void drops_tcp_without_syn_at_egress_but_for_answers_by_rst(void **state)
{
	(void)state;
	RULES("sg-c1", "sgr-22 in accept tcp 22/22 0.0.0.0/0", "sgr-out out accept all -1/-1 0.0.0.0/0");
	derive_with("n-1", NULL);
	CHECK("eth0", {"out tcp 192.0.2.1 80 10.0.0.1 1 A", "drop", "system:no-flow"},
	      {"out tcp 192.0.2.1 80 10.0.0.1 1 S,A", "drop", "system:no-flow"},
	      {"out tcp 192.0.2.1 80 10.0.0.1 1 S", "accept", "sgr-out"},
	      {"out tcp 192.0.2.1 4000 10.0.0.1 22 R,A", "accept", "sgr-22"},
	      {"out tcp 192.0.2.1 4000 10.0.0.1 22 R", "accept", "sgr-22"},
	      {"out tcp 192.0.2.1 4000 10.0.0.1 23 R,A", "drop", "system:no-flow"},
	      {"out tcp 10.0.0.2 4000 10.0.0.1 23 R,A", "accept", "inner-access"},
	      {"out tcp 192.0.2.1 4000 10.0.0.1 22 A", "drop", "system:no-flow"});
}

static void is_strict_about_midstream_when_one_group_is(void **state)
{
	struct rw_group *strict;

	(void)state;
	RULES("sg-c1", "sgr-22 in accept tcp 22/22 0.0.0.0/0");
	strict = rw_group_dup(rw_model_find_group(rw_draft_model(draft), "sg-free"));
	strict->midstream_drop = true;
	assert_int_equal(rw_edit_update(draft, RW_KIND_GROUP, strict, NULL, NULL), 0);
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-free", NULL), 0);
	derive_with("n-1", NULL);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.1 22 A", "drop", "system:no-flow"},
	      {"in tcp 192.0.2.1 1 10.0.0.1 22 S,A", "drop", "system:no-flow"},
	      {"in tcp 192.0.2.1 1 10.0.0.1 22 S", "accept", "sgr-22"},
	      {"out tcp 192.0.2.1 4000 10.0.0.1 22 R,A", "accept", "sgr-22"});
}

static void keeps_the_failsafe_paths_open(void **state)
{
	const struct rw_endpoint controllers[] = {{world_address("192.0.2.10"), 8443}};
	const struct rw_address resolvers[] = {world_address("192.0.2.53")};
	const uint16_t ssh_ports[] = {22, 2222};
	const uint16_t hosted[] = {8443};
	const struct rw_policy_surroundings surroundings = {
		.controllers = controllers,
		.controller_count = 1,
		.resolvers = resolvers,
		.resolver_count = 1,
		.ssh_ports = ssh_ports,
		.ssh_port_count = 2,
		.hosted_ports = hosted,
		.hosted_port_count = 1,
	};
	struct rw_cluster *cluster = rw_cluster_dup(rw_model_find_cluster(rw_draft_model(draft), "c1"));

	(void)state;
	world_prefixes("198.51.100.0/24", &cluster->management_cidrs, &cluster->management_cidr_count);
	assert_int_equal(rw_edit_update(draft, RW_KIND_CLUSTER, cluster, NULL, NULL), 0);
	RULES("sg-c1", "sgr-no in drop all -1/-1 0.0.0.0/0", "sgr-out out drop all -1/-1 0.0.0.0/0");
	derive_with("n-1", &surroundings);
	CHECK("eth0", {"out tcp 192.0.2.10 8443 10.0.0.1 1", "accept", "system:controller-link"},
	      {"out tcp 192.0.2.10 8444 10.0.0.1 1", "drop", "sgr-out"},
	      {"out tcp 192.0.2.11 8443 10.0.0.1 1", "drop", "sgr-out"},
	      {"out tcp 192.0.2.10 8443 10.0.0.1 1 A", "drop", "system:no-flow"},
	      {"out udp 192.0.2.10 8443 10.0.0.1 1", "drop", "sgr-out"},
	      {"out udp 192.0.2.53 53 10.0.0.1 1", "accept", "system:controller-link"},
	      {"out tcp 192.0.2.53 53 10.0.0.1 1", "accept", "system:controller-link"},
	      {"out udp 192.0.2.53 54 10.0.0.1 1", "drop", "sgr-out"},
	      {"in tcp 203.0.113.1 1 10.0.0.1 8443", "accept", "system:controller-link"},
	      {"in udp 203.0.113.1 1 10.0.0.1 8443", "drop", "sgr-no"},
	      {"in tcp 198.51.100.7 1 10.0.0.1 22", "accept", "system:management"},
	      {"in tcp 198.51.100.7 1 10.0.0.1 2222", "accept", "system:management"},
	      {"in tcp 198.51.100.7 1 10.0.0.1 22 A", "accept", "system:management"},
	      {"out tcp 198.51.100.7 1 10.0.0.1 22 R", "accept", "system:management"},
	      {"in tcp 198.51.100.7 1 10.0.0.1 23", "drop", "sgr-no"},
	      {"in tcp 203.0.113.7 1 10.0.0.1 22", "drop", "sgr-no"});
}

static void monitoring_changes_no_verdict(void **state)
{
	struct rw_cluster *cluster = rw_cluster_dup(rw_model_find_cluster(rw_draft_model(draft), "c1"));

	(void)state;
	cluster->enforcement = RW_MONITOR;
	assert_int_equal(rw_edit_update(draft, RW_KIND_CLUSTER, cluster, NULL, NULL), 0);
	derive_with("n-1", NULL);
	assert_int_equal(policy->enforcement, RW_MONITOR);
	CHECK("eth0", {"in tcp 192.0.2.1 1 10.0.0.1 6379", "drop", "default"});
}

static void has_a_word_for_every_cause(void **state)
{
	static const char *const words[] = {"rule",
					    "inner-access",
					    "default",
					    "system:controller-link",
					    "system:management",
					    "system:neighbour-discovery",
					    "system:multicast-membership",
					    "system:dhcp",
					    "system:not-ip",
					    "system:malformed",
					    "system:spoofed",
					    "system:own-address",
					    "system:fragment",
					    "system:no-flow",
					    "system:cut",
					    "system:flow-table-full",
					    "system:pending"};

	(void)state;
	assert_int_equal(RW_ARRAY_COUNT(words), RW_CAUSE_COUNT_);
	for (enum rw_cause cause = 0; cause < RW_CAUSE_COUNT_; cause++)
		assert_string_equal(rw_cause_name(cause), words[cause]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(decides_by_priority_then_drop_then_id),
		T(compares_destination_ports_in_both_directions),
		T(keeps_families_and_protocols_apart),
		T(reads_groups_and_prefix_lists_as_objects),
		T(obeys_the_five_tuple_part),
		T(lets_members_of_an_accepting_group_reach_each_other),
		T(needs_one_common_accepting_group_and_names_the_smallest),
		T(defaults_depend_on_the_kind_of_groups),
		T(drops_both_ways_on_an_interface_without_group),
		T(passes_what_an_ip_host_cannot_do_without),
		T(drops_malformed_packets_first),
		T(drops_forged_sources_in_a_vpc),
		T(accepts_routed_containers_on_intranet_nics_only),
		T(keeps_the_four_tables_of_a_classic_network_apart),
		T(decides_tcp_without_syn_at_ingress_as_its_opener),
		T(drops_tcp_without_syn_at_egress_but_for_answers_by_rst),
		T(is_strict_about_midstream_when_one_group_is),
		T(keeps_the_failsafe_paths_open),
		T(monitoring_changes_no_verdict),
		T(has_a_word_for_every_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
