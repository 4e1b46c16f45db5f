/* SPDX-License-Identifier: Apache-2.0 */

/* Which packets of a device are decided (semantics section 6), with real ones. */

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_RULES   ((const char *const[]){NULL})

struct scene {
	int node;
	int peer;
	int guest;
	struct rw_enforcer *enforcer;
};

static struct scene scene;

static int set_up(void **state)
{
	(void)state;
	scene = (struct scene){.node = netns_new(), .peer = netns_new(), .guest = netns_new()};
	netns_veth(scene.peer, "p0", scene.node, "eth0");
	netns_run(scene.peer, "ip addr add 10.0.0.1/24 dev p0");
	scene.enforcer = filter_open(scene.node, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scene.enforcer = rw_enforcer_close(scene.enforcer);
	(void)close(scene.node);
	(void)close(scene.peer);
	(void)close(scene.guest);
	return 0;
}

/*
 * br0 (10.0.0.2, an address of its own) with the ports eth0, which is decided, and t0 of a guest (10.0.0.3).
 */
static void make_bridge(const char *address)
{
	netns_veth(scene.guest, "g0", scene.node, "t0");
	netns_run(scene.guest, "ip link set g0 address 02:00:00:00:00:03; ip addr add 10.0.0.3/24 dev g0");
	netns_run(scene.node,
		  "ip link add br0 address %s type bridge stp_state 0 forward_delay 0; ip link set eth0 "
		  "master br0; "
		  "ip link set t0 address 02:00:00:00:00:04 master br0; ip link set br0 up; "
		  "ip addr add 10.0.0.2/24 dev br0",
		  address);
}

/* Decides the bridge by rules that let nothing in. */
static void enforce_bridge(void)
{
	struct rw_enforcer_device port = {.name = "eth0", .interface = "br0", .bridge_port = true};

	filter_change(scene.enforcer, "br0", NO_RULES, RW_ESTABLISHED_CUT);
	filter_attach_as(scene.enforcer, scene.node, port);
	filter_enforce(scene.enforcer, scene.node);
}

static void bridge_is_decided_by_its_own_link_address(void **state)
{
	static const char *const addresses[] = {"02:00:00:00:00:02", "0a:11:22:33:44:55"};
	int client, server;

	for (size_t i = 0; i < 2; i++) {
		make_bridge(addresses[i]);
		enforce_bridge();
		client = filter_udp(scene.peer, "10.0.0.1", 5000);
		server = filter_udp(scene.node, "10.0.0.2", 53);
		assert_false(filter_tells(client, server, "10.0.0.2", 53));
		assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_DEFAULT), 1);
		(void)close(client);
		(void)close(server);
		tear_down(state);
		set_up(state);
	}
}

static void bridge_is_decided_after_its_link_address_changed(void **state)
{
	int client, server;

	(void)state;
	make_bridge("0a:11:22:33:44:55");
	enforce_bridge();
	client = filter_udp(scene.peer, "10.0.0.1", 5000);
	server = filter_udp(scene.node, "10.0.0.2", 53);
	netns_run(scene.node, "ip link set br0 address 0a:11:22:33:44:66");
	netns_enter(scene.node);
	assert_int_equal(scene.enforcer->ops->check(scene.enforcer, NULL, NULL, NULL), 0);
	netns_leave();
	assert_false(filter_tells(client, server, "10.0.0.2", 53));
}

/* Nobody has told yet that the bridge has another link address. */
static void bridge_is_decided_though_its_link_address_is_not_known(void **state)
{
	static const char *const peers[2] = {"10.0.0.1", "fd00::1"}, *const nodes[2] = {"10.0.0.2",
											"fd00::2"};
	struct rw_policy *policy = filter_policy("br0", NO_RULES);
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	make_bridge("0a:11:22:33:44:55");
	netns_run(scene.peer, "ip addr add fd00::1/64 dev p0 nodad");
	netns_run(scene.node, "ip addr add fd00::2/64 dev br0 nodad");
	enforce_bridge();
	policy->own_address_count = 2;
	policy->own_addresses = calloc(2, sizeof(*policy->own_addresses));
	for (size_t i = 0; i < 2; i++)
		policy->own_addresses[i] = world_address(nodes[i]);
	if (rw_enforcer_apply(scene.enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	rw_policy_unref(policy);
	netns_run(scene.node, "ip link set br0 address 0a:11:22:33:44:66");
	for (size_t i = 0; i < 2; i++) {
		int client = filter_udp(scene.peer, peers[i], 5000),
		    server = filter_udp(scene.node, nodes[i], 53);
		uint64_t dropped = filter_dropped(scene.enforcer, RW_CAUSE_DEFAULT);

		assert_false(filter_tells(client, server, nodes[i], 53));
		assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_DEFAULT), dropped + 1);
		(void)close(client);
		(void)close(server);
	}
}

static void live_connections_of_a_bridge_are_entered(void **state)
{
	int listener, ends[2];

	(void)state;
	make_bridge("0a:11:22:33:44:55");
	listener = filter_listen(scene.peer, "10.0.0.1", 80);
	ends[0] = filter_connect(scene.node, "10.0.0.2", "10.0.0.1", 80);
	assert_true(ends[0] >= 0);
	ends[1] = filter_accept(listener);
	assert_true(filter_says(ends[1], ends[0]));
	enforce_bridge();
	assert_true(filter_says(ends[1], ends[0]));
	assert_true(filter_says(ends[0], ends[1]));
	assert_int_equal(filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 80), -1);
}

static void bridged_packets_for_others_pass(void **state)
{
	int client, server;

	(void)state;
	make_bridge("0a:11:22:33:44:55");
	enforce_bridge();
	/* So that no broadcast, which is for the bridge as well, is needed. */
	netns_run(scene.peer, "ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev p0");
	netns_run(scene.guest, "ip neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev g0");
	client = filter_udp(scene.peer, "10.0.0.1", 5000);
	server = filter_udp(scene.guest, "10.0.0.3", 53);
	assert_true(filter_tells(client, server, "10.0.0.3", 53));
	assert_true(filter_tells(server, client, "10.0.0.1", 5000));
}

/*
 * A published port that is served by another host of the same network: in and out by eth0, under two names.
 */
static void live_connection_that_nat_turns_back_goes_on(void **state)
{
	int listener, ends[2];

	(void)state;
	netns_run(scene.node,
		  "ip addr add 10.0.0.2/24 dev eth0; echo 1 > /proc/sys/net/ipv4/ip_forward; "
		  "nft 'table ip t { chain in { type nat hook prerouting priority -100; tcp dport "
		  "8080 dnat to 10.0.0.3:80; }; chain out { type nat hook postrouting priority "
		  "100; ip daddr 10.0.0.3 masquerade; }; }'");
	netns_run(scene.peer, "ip addr add 10.0.0.3/24 dev p0");
	listener = filter_listen(scene.peer, "10.0.0.3", 80);
	ends[0] = filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 8080);
	assert_true(ends[0] >= 0);
	ends[1] = filter_accept(listener);
	assert_true(filter_says(ends[1], ends[0]));
	filter_apply(scene.enforcer, scene.node, "eth0", RULES("sgr-1 in accept tcp 8080/8080 0.0.0.0/0"));
	filter_enforce(scene.enforcer, scene.node);
	assert_true(filter_says(ends[1], ends[0]));
	assert_true(filter_says(ends[0], ends[1]));
	assert_int_equal(filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 80), -1);
}

static void own_multicast_reaches_listeners_here(void **state)
{
	struct in_addr own = {htonl(0x0a000002)};
	struct ip_mreq group = {{htonl(0xefffffff)}, {htonl(0x0a000002)}};
	int talker, listener;

	(void)state;
	netns_run(scene.node, "ip addr add 10.0.0.2/24 dev eth0");
	filter_apply(scene.enforcer, scene.node, "eth0", NO_RULES);
	filter_enforce(scene.enforcer, scene.node);
	listener = filter_udp(scene.node, "239.255.255.255", 5353);
	talker = filter_udp(scene.node, "10.0.0.2", 5354);
	assert_int_equal(setsockopt(listener, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	assert_int_equal(setsockopt(talker, IPPROTO_IP, IP_MULTICAST_IF, &own, sizeof(own)), 0);
	assert_true(filter_tells(talker, listener, "239.255.255.255", 5353));
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_MALFORMED), 0);
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_OWN_ADDRESS), 0);
}

static void foreign_filter_is_told(void **state)
{
	struct rw_enforce_bpf_options options = {
		.table_memory = 8 << 20, .flow_entries = 1 << 12, .without_tcx = true};
	struct rw_enforcer_device_status status;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	for (int tcx = 1; tcx >= 0; tcx--) {
		if (!tcx) {
			scene.enforcer = rw_enforcer_close(scene.enforcer);
			netns_enter(scene.node);
			assert_int_equal(rw_enforce_bpf_open(&options, &scene.enforcer, &err), 0);
			netns_leave();
		}
		filter_apply(scene.enforcer, scene.node, "eth0", NO_RULES);
		filter_enforce(scene.enforcer, scene.node);
		for (int step = 0; step < 3; step++) {
			if (step == 1)
				netns_run(scene.node,
					  "tc qdisc replace dev eth0 clsact 2>/dev/null; tc filter "
					  "add dev eth0 egress prio 7 bpf bytecode '1,6 0 0 0'");
			else if (step == 2)
				netns_run(scene.node, "tc filter del dev eth0 egress prio 7");
			netns_enter(scene.node);
			assert_int_equal(scene.enforcer->ops->check(scene.enforcer, NULL, NULL, NULL), 0);
			netns_leave();
			assert_int_equal(scene.enforcer->ops->devices(scene.enforcer, &status, 1), 1);
			assert_int_equal(status.hold, step == 1 ? RW_ENFORCER_SHARED : RW_ENFORCER_HELD);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bridge_is_decided_by_its_own_link_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bridge_is_decided_after_its_link_address_changed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(bridge_is_decided_though_its_link_address_is_not_known,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(live_connections_of_a_bridge_are_entered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bridged_packets_for_others_pass, set_up, tear_down),
		cmocka_unit_test_setup_teardown(live_connection_that_nat_turns_back_goes_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(own_multicast_reaches_listeners_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(foreign_filter_is_told, set_up, tear_down),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
