/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/link_rules.h"
#include "netns.h"

/* What the kernel really says of links, and what is decided from it. */

struct world {
	int node, peer;
	struct rw_links links;
	struct rw_link_decision *decisions;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->node = netns_new();
	world->peer = netns_new();
	netns_veth(world->node, "eth0", world->peer, "eth0");
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	rw_links_done(&world->links);
	free(world->decisions);
	(void)close(world->node);
	(void)close(world->peer);
	free(world);
	return 0;
}

/* Reads the links of the node and decides with eth0 named, as hosts name what stands for a device here. */
static void look(struct world *world)
{
	static const char *const named[] = {"eth0"};
	const struct rw_link_wish wish = {.named = named, .named_count = 1};

	netns_enter(world->node);
	assert_int_equal(rw_links_read(&world->links, NULL), 0);
	netns_leave();
	assert_int_equal(rw_link_rules_decide(&world->links, &wish, &world->decisions), 0);
}

static const struct rw_link *link_of(const struct world *world, const char *name)
{
	const struct rw_link *link = rw_links_find_name(&world->links, name);

	if (!link)
		fail_msg("there is no link %s", name);
	return link;
}

static const struct rw_link_decision *decision_of(const struct world *world, const char *name)
{
	return &world->decisions[link_of(world, name) - world->links.links];
}

static void reads_addresses_and_the_device_below_in_another_namespace(void **state)
{
	struct world *world = *state;
	struct rw_address address;
	const struct rw_link_address *addresses;
	size_t count;

	netns_run(world->node, "ip address add 10.0.0.1/24 dev eth0 && ip -6 address add 2001:db8::1/64 dev "
			       "eth0 nodad");
	look(world);
	assert_string_equal(link_of(world, "eth0")->kind, "veth");
	assert_int_equal(link_of(world, "eth0")->parent, 0);
	assert_true(link_of(world, "eth0")->has_mac);
	addresses = rw_links_addresses(&world->links, link_of(world, "eth0")->ifindex, &count);
	assert_true(count >= 2);
	assert_int_equal(rw_address_parse("10.0.0.1", &address, NULL), 0);
	assert_true(rw_address_equal(&addresses[0].address, &address));
	assert_int_equal(rw_address_parse("2001:db8::1", &address, NULL), 0);
	assert_true(rw_address_equal(&addresses[1].address, &address));
}

/* The kernel takes control characters and bytes that are no text; nobody who reads of the device should get them. */
static void shows_names_as_text(void **state)
{
	struct world *world = *state;

	netns_run(world->node, "ip link add \"$(printf 'a\\033[2J\\377')\" type bridge");
	look(world);
	assert_string_equal(link_of(world, "a?[2J?")->kind, "bridge");
}

static void decides_a_bridge_on_its_port(void **state)
{
	struct world *world = *state;

	netns_run(world->node,
		  "ip link add br0 type bridge && ip link set eth0 master br0 && ip link set br0 up "
		  "&& ip address add 10.1.0.1/24 dev br0 && ip route add default via 10.1.0.2");
	look(world);
	assert_int_equal(link_of(world, "eth0")->master, link_of(world, "br0")->ifindex);
	assert_string_equal(link_of(world, "eth0")->slave_kind, "bridge");
	assert_int_equal(decision_of(world, "eth0")->role, RW_LINK_ENFORCED);
	assert_string_equal(decision_of(world, "eth0")->interface, "br0");
	assert_int_equal(decision_of(world, "br0")->role, RW_LINK_IGNORED);
}

static void decides_a_macvlan_on_its_parent(void **state)
{
	struct world *world = *state;

	netns_run(world->node, "ip link add link eth0 name mv0 type macvlan mode bridge");
	look(world);
	assert_int_equal(link_of(world, "mv0")->parent, link_of(world, "eth0")->ifindex);
	assert_string_equal(decision_of(world, "mv0")->reason, "macvlan: decided on its parent eth0");
}

static void sees_default_routes_over_several_hops_and_of_both_families(void **state)
{
	struct world *world = *state;

	netns_veth(world->node, "eth1", world->peer, "eth1");
	netns_run(world->node,
		  "ip address add 10.0.0.1/24 dev eth0 && ip address add 10.0.1.1/24 dev eth1 && "
		  "ip route add default nexthop via 10.0.0.2 nexthop via 10.0.1.2");
	look(world);
	assert_true(link_of(world, "eth0")->has_default_route);
	assert_true(link_of(world, "eth1")->has_default_route);

	rw_links_done(&world->links);
	free(world->decisions);
	netns_run(world->node, "ip route del default && ip -6 route add default dev eth1");
	look(world);
	assert_false(link_of(world, "eth0")->has_default_route);
	assert_true(link_of(world, "eth1")->has_default_route);
}

/* Runs a command in the node and tells whether the watch rings for it. */
static bool rings(const struct world *world, int watch, const char *command)
{
	(void)rw_links_watch_drain(watch);
	netns_run(world->node, "%s", command);
	(void)netns_readable(watch, 1000);
	return rw_links_watch_drain(watch);
}

/* A new device is said to have a carrier when it pleases the kernel: waits until nothing rings any more. */
static void settle(int watch)
{
	for (int i = 0; i < 20 && netns_readable(watch, 1000); i++)
		(void)rw_links_watch_drain(watch);
}

static void rings_for_links_addresses_and_default_routes_only(void **state)
{
	struct world *world = *state;
	int watch;

	/* Its address of IPv6 would ring once more when no other has claimed it. */
	netns_run(world->node, "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6 && "
			       "ip address add 10.0.0.1/24 dev eth0");
	netns_enter(world->node);
	assert_int_equal(rw_links_watch_open(&watch, NULL), 0);
	netns_leave();
	settle(watch);
	assert_true(rings(world, watch, "ip address add 10.0.0.7/24 dev eth0"));
	assert_true(rings(world, watch, "ip route add default via 10.0.0.2"));
	assert_false(rings(world, watch, "ip route add 192.0.2.0/24 via 10.0.0.2"));
	assert_true(rings(world, watch, "ip route del default"));
	assert_true(rings(world, watch, "ip link set eth0 mtu 1400"));
	(void)close(watch);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_addresses_and_the_device_below_in_another_namespace),
		TEST(shows_names_as_text),
		TEST(decides_a_bridge_on_its_port),
		TEST(decides_a_macvlan_on_its_parent),
		TEST(sees_default_routes_over_several_hops_and_of_both_families),
		TEST(rings_for_links_addresses_and_default_routes_only),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
