/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The ways of packets through nodes as they are built, with real packets in both families: published ports,
 * masquerade, hairpin, direct server return, two uplinks, a gateway with an egress policy, an overlay of VXLAN
 * between nodes.
 */

#include "test.h"

#include <arpa/inet.h>
#include <linux/mroute.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_RULES   ((const char *const[]){NULL})

/* Addresses of one family. */
struct family {
	const char *peer, *node;             /* at the wire eth0 */
	const char *second, *gate;           /* behind eth1, and the node's there */
	const char *container;               /* behind the node's docker0 */
	const char *bridge;                  /* the node's at docker0 */
	const char *service;                 /* an address of the service, of no wire */
	const char *inner_peer, *inner_node; /* in the overlay */
};

static const struct family families[] = {
	{"10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2", "172.17.0.2", "172.17.0.1", "10.9.0.1", "10.200.0.1",
	 "10.200.0.2"},
	{"fd00::1", "fd00::2", "fd01::1", "fd01::2", "fd17::2", "fd17::1", "fd09::1", "fdc8::1", "fdc8::2"},
};

static int node, peer, second, container;
static struct rw_enforcer *enforcer;

static void add_address(int ns, const char *device, const char *address)
{
	bool is6 = strchr(address, ':');

	netns_run(ns, "ip addr add %s/%d dev %s %s", address, is6 ? 64 : 24, device, is6 ? "nodad" : "");
}

static void join(int ns_a, const char *a, int ns_b, const char *b)
{
	netns_veth(ns_a, a, ns_b, b);
	/* Addresses are the same for all pairs otherwise. */
	netns_run(ns_a, "ip link set %s address 02:00:00:00:%02x:01", a,
		  (unsigned int)(unsigned char)b[strlen(b) - 1]);
	netns_run(ns_b, "ip link set %s address 02:00:00:00:%02x:02", b,
		  (unsigned int)(unsigned char)b[strlen(b) - 1]);
}

static void set_forwarding(int ns)
{
	netns_run(ns,
		  "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; "
		  "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
}

/* peer -- eth0 node eth1 -- second; node docker0 -- container. */
static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	second = netns_new();
	container = netns_new();
	join(peer, "p0", node, "eth0");
	join(second, "s0", node, "eth1");
	join(container, "c0", node, "docker0");
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];

		add_address(peer, "p0", family->peer);
		add_address(node, "eth0", family->node);
		add_address(second, "s0", family->second);
		add_address(node, "eth1", family->gate);
		add_address(container, "c0", family->container);
		add_address(node, "docker0", family->bridge);
		netns_run(peer, "ip route add default via %s", family->node);
		netns_run(second, "ip route add default via %s", family->gate);
		netns_run(container, "ip route add default via %s", family->bridge);
	}
	set_forwarding(node);
	enforcer = filter_open(node, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enforcer = rw_enforcer_close(enforcer);
	(void)close(node);
	(void)close(peer);
	(void)close(second);
	(void)close(container);
	return 0;
}

static void rule(const char *interfaces, const char *const rules[])
{
	filter_apply(enforcer, node, interfaces, rules);
	filter_enforce(enforcer, node);
}

/* Ports 8080 of the node's own addresses lead to port 80 of the container; what leaves by eth0 has the node's source. */
static void translate(void)
{
	netns_run(node, "nft 'table inet nat { "
			"chain pre { type nat hook prerouting priority dstnat; "
			"fib daddr type local tcp dport 8080 dnat ip to 172.17.0.2:80; "
			"fib daddr type local tcp dport 8080 dnat ip6 to [fd17::2]:80; }; "
			"chain out { type nat hook output priority -100; "
			"fib daddr type local tcp dport 8080 dnat ip to 172.17.0.2:80; "
			"fib daddr type local tcp dport 8080 dnat ip6 to [fd17::2]:80; }; "
			"chain post { type nat hook postrouting priority srcnat; "
			"ip saddr 172.17.0.0/24 masquerade; ip6 saddr fd17::/64 masquerade; }; }'");
}

static void published_port_is_opened_by_its_outer_number(void **state)
{
	(void)state;
	translate();
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];

		rule("eth0",
		     RULES("sgr-1 in accept tcp 8080/8080 0.0.0.0/0", "sgr-2 in accept tcp 8080/8080 ::/0"));
		filter_assert_talks(peer, family->peer, family->node, 8080, container, family->container, 80);
		rule("eth0", RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept tcp 80/80 ::/0"));
		filter_assert_silent(peer, family->peer, family->node, 8080, container, family->container,
				     80);
	}
}

static void masqueraded_connection_is_decided_as_the_nodes_own(void **state)
{
	(void)state;
	translate();
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];

		/* Answers need no rule; nobody comes in. */
		rule("eth0", NO_RULES);
		filter_assert_talks(container, family->container, family->peer, 443, peer, family->peer, 443);
		filter_assert_silent(peer, family->peer, family->container, 80, container, family->container,
				     80);
		rule("eth0",
		     RULES("sgr-1 out drop tcp 443/443 0.0.0.0/0", "sgr-2 out drop tcp 443/443 ::/0"));
		filter_assert_silent(container, family->container, family->peer, 443, peer, family->peer,
				     443);
	}
}

static void hairpin_inside_the_node_crosses_no_interface(void **state)
{
	(void)state;
	translate();
	rule("eth0", NO_RULES);
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];

		/* The container to itself, and the node to the container, by the node's outer address. */
		filter_assert_talks(container, family->container, family->node, 8080, container,
				    family->container, 80);
		filter_assert_talks(node, family->node, family->node, 8080, container, family->container, 80);
		filter_assert_silent(peer, family->peer, family->node, 8080, container, family->container,
				     80);
	}
}

/* In by eth0 and out again by it, to another machine there. */
static void hairpin_by_one_interface_is_decided_twice(void **state)
{
	(void)state;
	netns_run(peer, "ip addr add 10.0.0.9/24 dev p0; ip addr add fd00::9/64 dev p0 nodad; "
			"echo 1 > /proc/sys/net/ipv4/conf/all/accept_local; "
			"for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	netns_run(node,
		  "nft 'table inet nat { "
		  "chain pre { type nat hook prerouting priority dstnat; "
		  "tcp dport 8080 dnat ip to 10.0.0.9:80; tcp dport 8080 dnat ip6 to [fd00::9]:80; }; "
		  "chain post { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }; }'; "
		  "echo 0 > /proc/sys/net/ipv4/conf/eth0/send_redirects");
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];
		const char *behind = i ? "fd00::9" : "10.0.0.9";

		rule("eth0",
		     RULES("sgr-1 in accept tcp 8080/8080 0.0.0.0/0", "sgr-2 in accept tcp 8080/8080 ::/0"));
		filter_assert_talks(peer, family->peer, family->node, 8080, peer, behind, 80);
		rule("eth0",
		     RULES("sgr-1 in accept tcp 8080/8080 0.0.0.0/0", "sgr-2 in accept tcp 8080/8080 ::/0",
			   "sgr-3 out drop tcp 80/80 0.0.0.0/0", "sgr-4 out drop tcp 80/80 ::/0"));
		filter_assert_silent(peer, family->peer, family->node, 8080, peer, behind, 80);
	}
}

/* The client's packets come by a balancer at eth0, the answers go straight by eth1. */
static void direct_server_return_needs_the_rule_of_the_way_in(void **state)
{
	(void)state;
	/* 'second' is the client, 'peer' the balancer. */
	join(second, "b0", peer, "b1");
	set_forwarding(peer);
	netns_run(second, "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];
		const char *client = i ? "fdb0::1" : "10.8.0.1", *balancer = i ? "fdb0::2" : "10.8.0.2";

		add_address(second, "b0", client);
		add_address(peer, "b1", balancer);
		netns_run(node, "ip addr add %s dev lo %s; ip route add %s via %s", family->service,
			  i ? "nodad" : "", i ? "fdb0::/64" : "10.8.0.0/24", family->second);
		netns_run(second, "ip route add %s via %s", family->service, balancer);
		netns_run(peer, "ip route add %s via %s", family->service, family->node);
		rule("eth0,eth1",
		     RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept tcp 80/80 ::/0"));
		filter_assert_talks(second, client, family->service, 80, node, family->service, 80);
		filter_assert_silent(second, client, family->service, 81, node, family->service, 81);
		rule("eth0,eth1", NO_RULES);
		filter_assert_silent(second, client, family->service, 80, node, family->service, 80);
	}
}

/* Two ways to the same peer: what comes in by one may be answered by the other, whichever opened. */
static void two_uplinks_share_their_flows(void **state)
{
	(void)state;
	netns_veth(peer, "p1", node, "eth2");
	netns_run(peer, "ip link set p1 address 02:00:00:00:77:01; "
			"for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	netns_run(node, "ip link set eth2 address 02:00:00:00:77:02; "
			"for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];
		const char *far = i ? "fd02::1" : "10.0.2.1", *near = i ? "fd02::2" : "10.0.2.2";

		add_address(peer, "p1", far);
		add_address(node, "eth2", near);
		netns_run(node, "ip route add %s via %s dev eth2", family->peer, far);
		rule("eth0,eth2",
		     RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept tcp 80/80 ::/0"));
		filter_assert_talks(peer, family->peer, family->node, 80, node, family->node, 80);
		/* The node's own connection leaves by eth2; its answers come by eth0. */
		rule("eth0,eth2", NO_RULES);
		filter_assert_talks(node, family->node, family->peer, 443, peer, family->peer, 443);
		filter_assert_silent(peer, family->peer, family->node, 80, node, family->node, 80);
	}
}

static void gateway_lets_out_what_its_egress_rules_accept(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];

		rule("eth0,eth1",
		     RULES("sgr-1 in accept all -1/-1 0.0.0.0/0", "sgr-2 in accept all -1/-1 ::/0",
			   "sgr-3 out drop tcp 81/81 0.0.0.0/0", "sgr-4 out drop tcp 81/81 ::/0"));
		filter_assert_talks(peer, family->peer, family->second, 80, second, family->second, 80);
		filter_assert_silent(peer, family->peer, family->second, 81, second, family->second, 81);
		filter_assert_talks(second, family->second, family->peer, 80, peer, family->peer, 80);
		filter_assert_silent(second, family->second, family->peer, 81, peer, family->peer, 81);
		/* Where it enters decides as well. */
		rule("eth0,eth1", NO_RULES);
		filter_assert_silent(peer, family->peer, family->second, 80, second, family->second, 80);
	}
}

/* The overlay's own packets are decided, what is in them is not: that is for whoever stands in the overlay. */
static void overlay_of_vxlan_needs_its_outer_port(void **state)
{
	(void)state;
	if (!netns_can("ip link add v type vxlan id 7 dstport 4789 local 127.0.0.1 2>/dev/null"))
		skip();
	for (size_t i = 0; i < 2; i++) {
		static const char *const add = "ip link add vx0 type vxlan id 7 dstport 4789 local %s "
					       "remote %s && ip link set vx0 up";

		netns_run(peer, add, families[i].peer, families[i].node);
		netns_run(node, add, families[i].node, families[i].peer);
		for (size_t k = 0; k < 2; k++) {
			add_address(peer, "vx0", families[k].inner_peer);
			add_address(node, "vx0", families[k].inner_node);
		}
		rule("eth0", RULES("sgr-1 in accept udp 4789/4789 10.0.0.0/24",
				   "sgr-2 in accept udp 4789/4789 fd00::/64"));
		for (size_t k = 0; k < 2; k++) {
			const struct family *inner = &families[k];

			filter_assert_talks(peer, inner->inner_peer, inner->inner_node, 80, node,
					    inner->inner_node, 80);
			filter_assert_talks(node, inner->inner_node, inner->inner_peer, 80, peer,
					    inner->inner_peer, 80);
		}
		/* A rule about what is inside changes nothing; one about the outside cuts all of it, both ways. */
		rule("eth0", RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept tcp 80/80 ::/0"));
		for (size_t k = 0; k < 2; k++)
			filter_assert_silent(peer, families[k].inner_peer, families[k].inner_node, 80, node,
					     families[k].inner_node, 80);
		netns_run(peer, "ip link del vx0");
		netns_run(node, "ip link del vx0");
	}
}

struct flow_count {
	uint8_t family;
	size_t count;
};

static bool count_flow(void *context, const struct rw_enforcer_flow *flow)
{
	struct flow_count *count = context;

	count->count += flow->protocol == RW_PROTOCOL_TCP && flow->opener.family == count->family;
	return true;
}

/* TCP flows of a family in the table, the cut ones among them. */
static size_t count_flows(uint8_t family)
{
	struct flow_count count = {.family = family};

	assert_int_equal(enforcer->ops->flows(enforcer, count_flow, &count, NULL), 0);
	return count.count;
}

/* A service by an address of no wire, whose server is the next to speak when enforcement begins. */
static void connection_of_a_service_address_is_known_from_the_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];
		int accepted[2], refused[2], near[2], listener;

		enforcer = rw_enforcer_close(enforcer);
		enforcer = filter_open(node, NULL);
		netns_run(node, "ip addr add %s dev lo %s", family->service, i ? "nodad" : "");
		netns_run(container, "ip route add %s via %s", family->service, family->bridge);
		filter_join(peer, family->peer, node, family->service, 80, accepted);
		/* Who listens did not open it. */
		listener = filter_listen(node, family->service, 81);
		refused[0] = filter_connect(peer, family->peer, family->service, 81);
		assert_true(refused[0] >= 0);
		refused[1] = filter_accept(listener);
		filter_join(container, family->container, node, family->service, 82, near);
		rule("eth0", RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept tcp 80/80 ::/0"));
		filter_assert_says(accepted[1], accepted[0]);
		assert_false(filter_says(refused[1], refused[0]));
		/* Crosses no enforced interface. */
		filter_assert_says(near[1], near[0]);
		assert_int_equal(count_flows(i ? 6 : 4), 2);
		for (size_t end = 0; end < 2; end++) {
			(void)close(accepted[end]);
			(void)close(refused[end]);
			(void)close(near[end]);
		}
		(void)close(listener);
	}
}

/* A client behind the node's NAT that has said all it has to say, and is still listening, when enforcement begins. */
static void half_closed_connection_behind_nat_goes_on(void **state)
{
	(void)state;
	translate();
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];
		char byte;
		int ends[2];

		enforcer = rw_enforcer_close(enforcer);
		enforcer = filter_open(node, NULL);
		filter_join(container, family->container, peer, family->peer, 443, ends);
		assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
		assert_true(netns_readable(ends[1], FILTER_YES_MS));
		assert_int_equal(recv(ends[1], &byte, 1, 0), 0);
		rule("eth0", NO_RULES);
		filter_assert_says(ends[1], ends[0]);
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}

/* What passes as the node's own DHCP whatever the rules say is open to nobody whom it forwards for. */
static void dhcp_of_a_container_is_not_the_nodes(void **state)
{
	static const uint16_t client[2] = {68, 546}, server[2] = {67, 547};

	(void)state;
	rule("eth0", RULES("sgr-1 out drop udp 1/65535 0.0.0.0/0", "sgr-2 out drop udp 1/65535 ::/0"));
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];
		int heard = filter_udp(peer, family->peer, server[i]);
		int own = filter_udp(node, family->node, client[i]);
		int forwarded = filter_udp(container, family->container, client[i]);

		assert_true(filter_send_to(own, family->peer, server[i], 8));
		assert_true(netns_readable(heard, FILTER_YES_MS));
		assert_int_equal(recv(heard, (char[8]){0}, 8, 0), 8);
		assert_true(filter_send_to(forwarded, family->peer, server[i], 8));
		assert_false(netns_readable(heard, FILTER_NO_MS));
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_RULE), i + 1);
		(void)close(heard);
		(void)close(own);
		(void)close(forwarded);
	}
}

/* Has the kernel route 239.1.1.1 of the node's own from eth1 to eth0 for as long as the socket lives. */
static int route_multicast(void)
{
	const uint16_t devices[2] = {(uint16_t)netns_ifindex(node, "eth1"),
				     (uint16_t)netns_ifindex(node, "eth0")};
	struct mfcctl way = {.mfcc_parent = 0, .mfcc_ttls = {[1] = 1}};
	int fd = netns_socket(node, AF_INET, SOCK_RAW, IPPROTO_IGMP), one = 1;

	if (setsockopt(fd, IPPROTO_IP, MRT_INIT, &one, sizeof(one)) < 0)
		skip();
	for (uint16_t i = 0; i < 2; i++) {
		struct vifctl vif = {.vifc_vifi = i,
				     .vifc_flags = VIFF_USE_IFINDEX,
				     .vifc_threshold = 1,
				     .vifc_lcl_ifindex = devices[i]};

		assert_int_equal(setsockopt(fd, IPPROTO_IP, MRT_ADD_VIF, &vif, sizeof(vif)), 0);
	}
	assert_int_equal(inet_pton(AF_INET, families[0].gate, &way.mfcc_origin), 1);
	assert_int_equal(inet_pton(AF_INET, "239.1.1.1", &way.mfcc_mcastgrp), 1);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, MRT_ADD_MFC, &way, sizeof(way)), 0);
	return fd;
}

/* Sent by eth1, copied for listeners here, and the copy sent on by eth0. */
static void own_multicast_that_is_sent_on_is_decided_where_it_leaves(void **state)
{
	struct ip_mreqn by = {.imr_ifindex = (int)netns_ifindex(node, "eth1")};
	int router, sender, hops = 8;
	time_t end;

	(void)state;
	router = route_multicast();
	rule("eth0", RULES("sgr-1 out drop udp 99/99 0.0.0.0/0"));
	sender = filter_udp(node, families[0].gate, 0);
	assert_int_equal(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)), 0);
	assert_int_equal(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)), 0);
	assert_true(filter_send_to(sender, "239.1.1.1", 99, 8));
	end = time(NULL) + FILTER_YES_MS / 1000;
	while (!filter_dropped(enforcer, RW_CAUSE_RULE) && time(NULL) < end)
		;
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_RULE), 1);
	(void)close(sender);
	(void)close(router);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(published_port_is_opened_by_its_outer_number),
		TEST(masqueraded_connection_is_decided_as_the_nodes_own),
		TEST(hairpin_inside_the_node_crosses_no_interface),
		TEST(hairpin_by_one_interface_is_decided_twice),
		TEST(direct_server_return_needs_the_rule_of_the_way_in),
		TEST(two_uplinks_share_their_flows),
		TEST(gateway_lets_out_what_its_egress_rules_accept),
		TEST(overlay_of_vxlan_needs_its_outer_port),
		TEST(connection_of_a_service_address_is_known_from_the_start),
		TEST(half_closed_connection_behind_nat_goes_on),
		TEST(dhcp_of_a_container_is_not_the_nodes),
		TEST(own_multicast_that_is_sent_on_is_decided_where_it_leaves),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
