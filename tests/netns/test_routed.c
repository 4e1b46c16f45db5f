/* SPDX-License-Identifier: Apache-2.0 */

/* Containers that are routed: their sources are genuine only where the kernel routes them back. */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "frame.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* 'there' are containers of the peer, 'here' those of the node. */
struct family {
	const char *node, *there, *here, *route_there, *route_here, *container_cidr, *network_cidr;
};

static const struct family families[] = {
	{"10.0.0.2", "172.16.1.5", "172.16.2.5", "172.16.1.0/24", "172.16.2.0/24", "172.16.0.0/16",
	 "10.0.0.0/24"},
	{"fd00:1::2", "fd00:c:1::5", "fd00:c:2::5", "fd00:c:1::/64", "fd00:c:2::/64", "fd00:c::/32",
	 "fd00:1::/64"},
};

static int node, peer;
static struct rw_enforcer *enforcer;

static void set_forwarding(int value)
{
	netns_run(
		node,
		"echo %d > /proc/sys/net/ipv4/ip_forward; echo %d > /proc/sys/net/ipv6/conf/all/forwarding; "
		"echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > "
		"/proc/sys/net/ipv4/conf/eth0/rp_filter",
		value, value);
}

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, "eth0");
	netns_veth(node, "c0", peer, "c1");
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0; ip addr add fd00:1::1/64 dev p0 nodad");
	netns_run(node, "ip addr add 10.0.0.2/24 dev eth0; ip addr add fd00:1::2/64 dev eth0 nodad");
	for (size_t i = 0; i < 2; i++) {
		const struct family *family = &families[i];

		netns_run(peer, "ip addr add %s dev lo %s; ip addr add %s dev lo %s", family->there,
			  i ? "nodad" : "", family->here, i ? "nodad" : "");
		netns_run(node, "ip route add %s via %s dev eth0; ip route add %s dev c0",
			  family->route_there, i ? "fd00:1::1" : "10.0.0.1", family->route_here);
	}
	set_forwarding(1);
	enforcer = filter_open(node, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enforcer = rw_enforcer_close(enforcer);
	(void)close(node);
	(void)close(peer);
	return 0;
}

static void enforce(enum rw_container_network kind)
{
	RW_CLEANUP(rw_policy_unref)
	struct rw_policy *policy = filter_policy(
		"eth0", RULES("sgr-1 in accept udp 80/80 0.0.0.0/0", "sgr-2 in accept udp 80/80 ::/0"));
	struct rw_error err = RW_ERROR_NONE;

	policy->container_network = kind;
	policy->container_cidrs = calloc(2, sizeof(struct rw_prefix));
	policy->network_cidrs = calloc(2, sizeof(struct rw_prefix));
	policy->container_cidr_count = policy->network_cidr_count = 2;
	for (size_t i = 0; i < 2; i++) {
		policy->container_cidrs[i] = world_prefix(families[i].container_cidr);
		policy->network_cidrs[i] = world_prefix(families[i].network_cidr);
	}
	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	filter_attach(enforcer, node, "eth0", "eth0");
	filter_enforce(enforcer, node);
}

/* One datagram of a new flow from 'source' to the node. */
static bool hears(const struct family *family, const char *source)
{
	int server = filter_udp(node, family->node, 80), client = filter_udp(peer, source, 0);
	bool heard = filter_tells(client, server, family->node, 80);

	(void)close(server);
	(void)close(client);
	return heard;
}

static void passes_where_the_kernel_routes_back(void **state)
{
	(void)state;
	enforce(RW_CONTAINER_ROUTED);
	for (size_t i = 0; i < 2; i++) {
		assert_true(hears(&families[i], families[i].there));
		assert_false(hears(&families[i], families[i].here));
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_SPOOFED), i + 1);
	}
}

static void follows_the_routes(void **state)
{
	(void)state;
	enforce(RW_CONTAINER_ROUTED);
	for (size_t i = 0; i < 2; i++) {
		netns_run(node, "ip route replace %s dev c0", families[i].route_there);
		assert_false(hears(&families[i], families[i].there));
		netns_run(node, "ip route del %s", families[i].route_there);
		assert_false(hears(&families[i], families[i].there));
		netns_run(node, "ip route replace %s via %s dev eth0", families[i].route_here,
			  i ? "fd00:1::1" : "10.0.0.1");
		assert_true(hears(&families[i], families[i].here));
	}
}

static void passes_on_a_node_that_does_not_forward(void **state)
{
	(void)state;
	set_forwarding(0);
	enforce(RW_CONTAINER_ROUTED);
	assert_true(hears(&families[0], families[0].there));
	assert_true(hears(&families[0], families[0].here));
}

/* The kernel looks for no way with an address that is of one link, or of none: the rules decide. */
static void addresses_of_the_link_alone_are_left_to_the_rules(void **state)
{
	static const char *const destinations[] = {"::1", "fe80::9", "ff02::9", "ff05::9"};
	int frames = netns_frames(peer, "p0");

	(void)state;
	enforce(RW_CONTAINER_ROUTED);
	for (size_t i = 0; i < RW_ARRAY_COUNT(destinations); i++) {
		struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
					   .protocol = RW_PROTOCOL_UDP,
					   .hop_limit = 64,
					   .remote = world_address(families[1].there),
					   .local = world_address(destinations[i]),
					   .remote_port = 4000,
					   .local_port = 81};
		uint8_t frame[FRAME_MAX];
		size_t size = frame_build(&packet, 0, 1, frame);
		time_t end = time(NULL) + FILTER_YES_MS / 1000;

		assert_int_equal(send(frames, frame, size, 0), size);
		while (filter_dropped(enforcer, RW_CAUSE_DEFAULT) < i + 1 && time(NULL) < end)
			;
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), i + 1);
	}
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_SPOOFED), 0);
	(void)close(frames);
}

static void never_passes_in_an_overlay(void **state)
{
	(void)state;
	enforce(RW_CONTAINER_OVERLAY);
	for (size_t i = 0; i < 2; i++)
		assert_false(hears(&families[i], families[i].there));
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_SPOOFED), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(passes_where_the_kernel_routes_back),
		TEST(follows_the_routes),
		TEST(passes_on_a_node_that_does_not_forward),
		TEST(addresses_of_the_link_alone_are_left_to_the_rules),
		TEST(never_passes_in_an_overlay),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
