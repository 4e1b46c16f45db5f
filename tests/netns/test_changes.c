/* SPDX-License-Identifier: Apache-2.0 */
#include "saved_node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/*
 * What happens to a node that enforces: its addresses, routes, devices and clock change, its agent is replaced.
 * Datagrams that the policy refuses come all the while and none arrives; a connection lives on where it can.
 */

#define FIFTH  "10.77.0.5"
#define BRIDGE "10.77.0.6"

static const char *clock_library; /* to be preloaded: a real-time clock that jumps */
static const char *torn_library;  /* ... dumps of links that are torn */

/* Enforces on eth0, with a storm and, if asked for, a connection. */
static void enforce(struct saved_node *world, const char *interface, bool talk)
{
	saved_node_plug(world);
	saved_node_start(world, interface);
	process_expect_log(&world->agent, "saved policy in force");
	saved_node_configure(world);
	process_expect_connects(world->peer, NODE, 80, true);
	if (talk) {
		/* The attempts above wait to be accepted. */
		saved_node_drain(world);
		saved_node_talk(world);
	}
	saved_node_storm(world);
}

static void assert_unchanged(const struct saved_node *world)
{
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(process_connects(world->peer, NODE, 22));
}

static void holds_while_dhcp_takes_the_address_and_gives_it_again(void **state)
{
	struct saved_node *world = *state;

	enforce(world, NULL, true);
	for (int i = 0; i < 5; i++) {
		storm_hush(&world->storm, true);
		netns_run(world->node, "ip address del " NODE "/24 dev eth0");
		storm_await(&world->storm, 50);
		netns_run(world->node, "ip address add " NODE "/24 dev eth0");
		storm_await(&world->storm, 50);
		storm_hush(&world->storm, false);
		storm_await(&world->storm, 50);
	}
	assert_unchanged(world);
	saved_node_calm(world);
}

static void holds_when_the_address_changes(void **state)
{
	struct saved_node *world = *state;

	enforce(world, NULL, false);
	netns_run(world->node, "ip address del " NODE "/24 dev eth0 && ip address add " FIFTH "/24 dev eth0");
	process_expect_connects(world->peer, FIFTH, 80, true);
	assert_false(process_connects(world->peer, FIFTH, 22));
	for (int i = 0; i < 200; i++)
		assert_true(filter_send_to(world->storm.sender, FIFTH, REFUSED, 8));
	saved_node_calm(world);
}

static void holds_when_the_default_route_changes(void **state)
{
	struct saved_node *world = *state;

	enforce(world, NULL, true);
	netns_veth(world->peer, "eth1", world->node, "eth1");
	netns_run(world->node, "ip address add 10.78.0.1/24 dev eth1");
	for (int i = 0; i < 3; i++) {
		netns_run(world->node, "ip route replace default via " PEER);
		storm_await(&world->storm, 50);
		netns_run(world->node, "ip route replace default dev eth1");
		storm_await(&world->storm, 50);
	}
	netns_run(world->node, "ip route del default");
	assert_unchanged(world);
	saved_node_calm(world);
}

static void drops_all_under_another_name_and_goes_on_under_its_own(void **state)
{
	struct saved_node *world = *state;

	enforce(world, "lan0", true);
	storm_hush(&world->storm, true);
	netns_run(world->node, "ip link set eth0 down && ip link set eth0 name lan0 && ip link set lan0 up");
	process_expect_log(&world->agent, "interface lan0 is under control");
	saved_node_expect_status(world, "interface lan0 is in no group: everything on it is dropped");
	assert_false(process_connects(world->peer, NODE, 80));
	storm_await(&world->storm, 50);
	netns_run(world->node, "ip link set lan0 down && ip link set lan0 name eth0 && ip link set eth0 up");
	process_expect_connects(world->peer, NODE, 80, true);
	storm_hush(&world->storm, false);
	assert_unchanged(world);
	saved_node_calm(world);
}

static void takes_a_device_that_is_gone_and_back(void **state)
{
	struct saved_node *world = *state;

	enforce(world, NULL, false);
	for (int i = 1; i <= 3; i++) {
		netns_run(world->node, "ip link del eth0");
		saved_node_expect_status(world, "none under control");
		saved_node_plug(world);
		saved_node_expect_status(world, "eth0: enforced");
		saved_node_configure(world);
		storm_await(&world->storm, 50);
		assert_unchanged(world);
	}
	saved_node_calm(world);
}

static void holds_a_device_without_an_address_by_the_system_rules(void **state)
{
	struct saved_node *world = *state;
	int receiver = filter_udp(world->node, "0.0.0.0", 7777), sender;
	char status[8192];

	/* A bridge of which only the port is physical, that is: named. */
	netns_run(world->node, "ip link add br0 address 02:00:00:00:00:02 type bridge && ip link set br0 up");
	enforce(world, "eth1", false);
	sender = filter_udp(world->peer, SECOND, 0);
	netns_veth(world->peer, "eth1", world->node, "eth1");
	netns_run(world->peer,
		  "ip address add 10.77.9.2/24 dev eth1 && ip route add 192.168.9.0/24 dev eth1 && "
		  "for host in 10.77.9.1 192.168.9.1; do ip neigh replace $host lladdr "
		  "02:00:00:00:00:02 dev eth1 nud permanent; done");
	netns_run(world->node, "ip link set eth1 master br0");
	saved_node_expect_status(world, "eth1: pending");
	for (int i = 0; i < 200; i++)
		assert_true(filter_send_to(sender, "10.77.9.1", 7777, 8));
	assert_int_equal(saved_node_command(world, status, sizeof(status), "status", NULL, NULL), 0);
	assert_non_null(strstr(status, "by system:pending"));
	/* An address of the network: enforced, and as nobody has put it into a group, closed. */
	netns_run(world->node, "ip address add 10.77.9.1/24 dev br0");
	saved_node_expect_status(world, "eth1: enforced");
	for (int i = 0; i < 200; i++)
		assert_true(filter_send_to(sender, "10.77.9.1", 7777, 8));
	/* DHCP takes it away: pending, and not open in between. */
	netns_run(world->node, "ip address del 10.77.9.1/24 dev br0");
	saved_node_expect_status(world, "eth1: pending");
	assert_false(netns_readable(receiver, 0));
	/* One of another network: it is none of ours. */
	netns_run(world->node, "ip address add 192.168.9.1/24 dev br0 && ip route add 10.77.0.3 dev br0");
	process_expect_log(&world->agent, "interface eth1 is released");
	assert_true(filter_tells(sender, receiver, "192.168.9.1", 7777));
	(void)close(sender);
	(void)close(receiver);
	saved_node_calm(world);
}

static void does_not_care_for_the_time_of_day(void **state)
{
	struct saved_node *world = *state;
	static const char *const jumps[] = {"-1000000000", "1000000000", "0"};
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/clock", world->folder);
	assert_int_equal(rw_file_write(path, "0", 1, 0600, NULL), 0);
	saved_node_plug(world);
	assert_int_equal(setenv("RINGWALL_TEST_CLOCK", path, 1), 0);
	assert_int_equal(setenv("LD_PRELOAD", clock_library, 1), 0);
	saved_node_start(world, NULL);
	assert_int_equal(unsetenv("LD_PRELOAD"), 0);
	process_expect_log(&world->agent, "saved policy in force");
	saved_node_configure(world);
	process_expect_connects(world->peer, NODE, 80, true);
	saved_node_drain(world);
	saved_node_talk(world);
	saved_node_storm(world);
	for (size_t i = 0; i < RW_ARRAY_COUNT(jumps); i++) {
		assert_int_equal(rw_file_write(path, jumps[i], strlen(jumps[i]), 0600, NULL), 0);
		storm_hush(&world->storm, true);
		/* The agent goes on doing its work: what comes is held, what is asked is answered. */
		netns_run(world->node, "ip link set eth0 down && ip link set eth0 name away");
		saved_node_expect_status(world, "none under control");
		netns_run(world->node, "ip link set away name eth0");
		saved_node_expect_status(world, "eth0: enforced");
		netns_run(world->node, "ip link set eth0 up");
		storm_hush(&world->storm, false);
		storm_await(&world->storm, 50);
		assert_unchanged(world);
	}
	saved_node_calm(world);
}

static void is_upgraded_under_traffic(void **state)
{
	struct saved_node *world = *state;
	const char *installed = saved_node_program;
	char upgrade[128];

	/* Another file of the same program, as a package manager puts it in its place. */
	(void)snprintf(upgrade, sizeof(upgrade), "%s/ringwall-agent", world->folder);
	netns_run(world->node, "cp %s %s", installed, upgrade);
	enforce(world, NULL, true);
	for (int i = 0; i < 4; i++) {
		process_stop(&world->agent, SIGTERM);
		saved_node_program = i % 2 ? installed : upgrade;
		saved_node_start(world, NULL);
		process_expect_log(&world->agent, "saved policy in force");
		storm_await(&world->storm, 50);
		assert_unchanged(world);
	}
	saved_node_program = installed;
	saved_node_calm(world);
}

static void holds_a_device_that_came_while_links_could_not_be_read(void **state)
{
	struct saved_node *world = *state;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/torn", world->folder);
	assert_int_equal(setenv("RINGWALL_TEST_TORN", path, 1), 0);
	assert_int_equal(setenv("LD_PRELOAD", torn_library, 1), 0);
	saved_node_start(world, NULL);
	assert_int_equal(unsetenv("LD_PRELOAD"), 0);
	saved_node_expect_status(world, "no interface of this node is enforced");
	assert_int_equal(rw_file_write(path, "", 0, 0600, NULL), 0);
	/* What is told of it is over soon, and nobody tells once more that it is there. */
	netns_run(world->node, "ip link add eth0 type veth peer name eth7");
	process_expect_log(&world->agent, "after a change of interfaces: cannot read");
	for (int i = 0; i < 20; i++)
		saved_node_expect_status(world, "no interface of this node is enforced");
	assert_int_equal(unlink(path), 0);
	process_expect_log(&world->agent, "interface eth0 is under control");
	saved_node_expect_status(world, "eth0: enforced");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, saved_node_make, saved_node_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(holds_while_dhcp_takes_the_address_and_gives_it_again),
		TEST(holds_when_the_address_changes),
		TEST(holds_when_the_default_route_changes),
		TEST(drops_all_under_another_name_and_goes_on_under_its_own),
		TEST(takes_a_device_that_is_gone_and_back),
		TEST(holds_a_device_without_an_address_by_the_system_rules),
		TEST(does_not_care_for_the_time_of_day),
		TEST(holds_a_device_that_came_while_links_could_not_be_read),
		TEST(is_upgraded_under_traffic),
	};

	if (argc != 4)
		return 2;
	saved_node_program = argv[1];
	clock_library = argv[2];
	torn_library = argv[3];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
