/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <string.h>

#include "agent/link_rules.h"

/* A fake node: links are told by name, and found again by name. */
struct node {
	struct rw_link links[16];
	struct rw_link_address addresses[16];
	struct rw_links picture;
	const char *named[8];
	struct rw_prefix cidrs[2];
	struct rw_link_wish wish;
	struct rw_link_decision *decisions;
};

static int make_node(void **state)
{
	struct node *node = calloc(1, sizeof(*node));

	assert_non_null(node);
	node->picture.links = node->links;
	node->picture.addresses = node->addresses;
	node->wish.named = node->named;
	node->wish.network_cidrs = node->cidrs;
	assert_int_equal(rw_prefix_parse("10.0.0.0/8", &node->cidrs[0], NULL), 0);
	node->wish.network_cidr_count = 1;
	*state = node;
	return 0;
}

static int free_node(void **state)
{
	struct node *node = *state;

	free(node->decisions);
	free(node);
	return 0;
}

static struct rw_link *add(struct node *node, const char *name, const char *kind)
{
	struct rw_link *link = &node->links[node->picture.count++];

	link->ifindex = (unsigned int)node->picture.count;
	strcpy(link->name, name);
	strcpy(link->kind, kind);
	link->type = ARPHRD_ETHER;
	return link;
}

static struct rw_link *add_device(struct node *node, const char *name)
{
	struct rw_link *link = add(node, name, "");

	link->has_device = true;
	return link;
}

/* Addresses must be added in the order of the links. */
static void add_address(struct node *node, const struct rw_link *link, const char *text)
{
	struct rw_link_address *entry = &node->addresses[node->picture.address_count++];

	entry->ifindex = link->ifindex;
	assert_int_equal(rw_address_parse(text, &entry->address, NULL), 0);
}

static void name(struct node *node, const char *text)
{
	node->named[node->wish.named_count++] = text;
}

static const struct rw_link_decision *decided(struct node *node, const char *text)
{
	if (!node->decisions)
		assert_int_equal(rw_link_rules_decide(&node->picture, &node->wish, &node->decisions), 0);
	for (size_t i = 0; i < node->picture.count; i++)
		if (strcmp(node->decisions[i].name, text) == 0)
			return &node->decisions[i];
	fail_msg("no link %s", text);
	return NULL;
}

static void enforces_devices_with_a_default_route_or_a_network_address(void **state)
{
	struct node *node = *state;

	add_device(node, "eth0")->has_default_route = true;
	add_address(node, add_device(node, "eth1"), "10.1.2.3");
	add_address(node, add_device(node, "eth2"), "192.0.2.1");
	add_device(node, "eth3");

	assert_int_equal(decided(node, "eth0")->role, RW_LINK_ENFORCED);
	assert_string_equal(decided(node, "eth0")->reason, "has a default route");
	assert_string_equal(decided(node, "eth0")->kind, "ethernet");
	assert_int_equal(decided(node, "eth1")->role, RW_LINK_ENFORCED);
	assert_string_equal(decided(node, "eth1")->reason, "has an address of the network");
	assert_int_equal(decided(node, "eth2")->role, RW_LINK_CANDIDATE);
	assert_int_equal(decided(node, "eth3")->role, RW_LINK_CANDIDATE);
}

static void never_decides_the_loopback_even_when_named(void **state)
{
	struct node *node = *state;
	struct rw_link *lo = add(node, "lo", "");

	lo->type = ARPHRD_LOOPBACK;
	lo->flags = IFF_LOOPBACK;
	name(node, "lo");
	assert_int_equal(decided(node, "lo")->role, RW_LINK_IGNORED);
	assert_string_equal(decided(node, "lo")->reason, "loopback");
}

static void decides_virtual_links_only_when_named(void **state)
{
	static const char *const kinds[] = {"veth", "dummy", "tun", "vxlan", "ifb", "geneve"};
	struct node *node = *state;

	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++)
		add(node, kinds[i], kinds[i])->has_default_route = true;
	add(node, "eth0", "veth");
	name(node, "eth0");

	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++)
		assert_int_equal(decided(node, kinds[i])->role, RW_LINK_IGNORED);
	assert_non_null(strstr(decided(node, "veth")->reason, "--interface veth"));
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_ENFORCED);
	assert_string_equal(decided(node, "eth0")->interface, "eth0");
}

static void decides_a_bond_on_the_master(void **state)
{
	struct node *node = *state;
	struct rw_link *bond = add(node, "bond0", "bond");
	struct rw_link *eth0 = add_device(node, "eth0");
	struct rw_link *eth1 = add_device(node, "eth1");

	bond->has_default_route = true;
	eth0->master = bond->ifindex;
	eth1->master = bond->ifindex;
	assert_int_equal(decided(node, "bond0")->role, RW_LINK_ENFORCED);
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_IGNORED);
	assert_string_equal(decided(node, "eth1")->reason, "decided on bond bond0");
}

static void leaves_a_bond_without_physical_slaves(void **state)
{
	struct node *node = *state;
	struct rw_link *bond = add(node, "bond0", "bond");

	bond->has_default_route = true;
	add(node, "veth0", "veth")->master = bond->ifindex;
	assert_int_equal(decided(node, "bond0")->role, RW_LINK_IGNORED);
}

static void decides_vlans_on_themselves_and_tells_the_parent_their_tags(void **state)
{
	struct node *node = *state;
	struct rw_link *bond = add(node, "bond0", "bond");
	struct rw_link *vlan = add(node, "bond0.100", "vlan");
	struct rw_link *other = add(node, "bond0.200", "vlan");

	bond->has_default_route = true;
	add_device(node, "eth0")->master = bond->ifindex;
	vlan->parent = bond->ifindex;
	vlan->vlan_id = 100;
	other->parent = bond->ifindex;
	other->vlan_id = 200;
	other->keeps_tag = true;
	add_address(node, vlan, "10.9.9.9");

	assert_int_equal(decided(node, "bond0.100")->role, RW_LINK_ENFORCED);
	assert_string_equal(decided(node, "bond0.100")->kind, "vlan");
	assert_int_equal(decided(node, "bond0.200")->role, RW_LINK_CANDIDATE);
	for (size_t i = 0; i < RW_ENFORCER_VLAN_WORDS; i++)
		assert_int_equal(decided(node, "bond0")->vlans[i], i == 100 / 64   ? 1ull << 100 % 64
								   : i == 200 / 64 ? 1ull << 200 % 64
										   : 0);
	assert_false(decided(node, "bond0.100")->keeps_tag);
	assert_true(decided(node, "bond0.200")->keeps_tag);
	assert_true(decided(node, "bond0")->vlans_keep_tags);
	assert_false(decided(node, "eth0")->vlans_keep_tags);
}

static void leaves_a_vlan_whose_parent_is_in_another_namespace(void **state)
{
	struct node *node = *state;

	add(node, "eth0.5", "vlan")->has_default_route = true;
	assert_int_equal(decided(node, "eth0.5")->role, RW_LINK_IGNORED);
}

static void decides_a_bridge_on_its_physical_ports(void **state)
{
	struct node *node = *state;
	struct rw_link *bridge = add(node, "br0", "bridge");
	struct rw_link *port = add_device(node, "eth0");

	bridge->has_default_route = true;
	port->master = bridge->ifindex;
	add(node, "vnet0", "tun")->master = bridge->ifindex;

	assert_int_equal(decided(node, "br0")->role, RW_LINK_IGNORED);
	assert_string_equal(decided(node, "br0")->reason, "bridge: decided on its physical ports");
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_ENFORCED);
	assert_true(decided(node, "eth0")->bridge_port);
	assert_string_equal(decided(node, "eth0")->interface, "br0");
	assert_int_equal(decided(node, "vnet0")->role, RW_LINK_IGNORED);
}

/* As where the bridge is for virtual machines and the host has its address in a VLAN of it. */
static void decides_a_vlan_of_a_bridge_by_itself(void **state)
{
	struct node *node = *state;
	struct rw_link *bridge = add(node, "br0", "bridge");
	struct rw_link *vlan = add(node, "br0.100", "vlan");

	add_device(node, "eth0")->master = bridge->ifindex;
	vlan->parent = bridge->ifindex;
	vlan->vlan_id = 100;
	vlan->has_default_route = true;
	add_address(node, vlan, "10.9.9.9");
	node->wish.hold_pending = true;

	assert_int_equal(decided(node, "br0.100")->role, RW_LINK_ENFORCED);
	assert_string_equal(decided(node, "br0.100")->interface, "br0.100");
	/* Nothing waits at the port: what is for the VLAN would be dropped there. */
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_CANDIDATE);
	/* With an address of its own the bridge is decided at the port, but for that tag. */
	bridge->has_default_route = true;
	free(node->decisions);
	node->decisions = NULL;
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_ENFORCED);
	assert_int_equal(decided(node, "eth0")->vlans[1], 1ull << (100 - 64));
	assert_int_equal(decided(node, "br0.100")->role, RW_LINK_ENFORCED);
}

static void leaves_the_vlans_of_bridges_of_containers_alone(void **state)
{
	struct node *node = *state;
	struct rw_link *bridge = add(node, "docker0", "bridge");
	struct rw_link *vlan = add(node, "docker0.5", "vlan");

	vlan->parent = bridge->ifindex;
	add(node, "veth1", "veth")->master = bridge->ifindex;
	assert_int_equal(decided(node, "docker0.5")->role, RW_LINK_IGNORED);
}

static void leaves_the_bridges_of_containers_alone(void **state)
{
	struct node *node = *state;
	struct rw_link *bridge = add(node, "docker0", "bridge");

	add_address(node, bridge, "10.200.0.1");
	add(node, "veth1", "veth")->master = bridge->ifindex;
	assert_int_equal(decided(node, "docker0")->role, RW_LINK_IGNORED);
	assert_int_equal(decided(node, "veth1")->role, RW_LINK_IGNORED);
}

static void waits_with_the_ports_of_a_bridge_that_is_not_in_use(void **state)
{
	struct node *node = *state;
	struct rw_link *bridge = add(node, "br0", "bridge");

	add_device(node, "eth0")->master = bridge->ifindex;
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_CANDIDATE);
}

static void decides_macvlans_on_the_parent(void **state)
{
	struct node *node = *state;
	struct rw_link *parent = add_device(node, "eth0");
	struct rw_link *macvlan = add(node, "mv0", "macvlan");

	macvlan->parent = parent->ifindex;
	macvlan->has_default_route = true;
	name(node, "mv0");
	assert_int_equal(decided(node, "mv0")->role, RW_LINK_IGNORED);
	assert_string_equal(decided(node, "mv0")->reason, "macvlan: decided on its parent eth0");
}

static void decides_layer3_links_when_named(void **state)
{
	struct node *node = *state;
	struct rw_link *wg = add(node, "wg0", "wireguard");

	wg->type = ARPHRD_NONE;
	name(node, "wg0");
	assert_int_equal(decided(node, "wg0")->role, RW_LINK_ENFORCED);
	assert_true(decided(node, "wg0")->layer3);
}

static void refuses_links_that_are_neither_ethernet_nor_ip(void **state)
{
	struct node *node = *state;
	struct rw_link *ib = add_device(node, "ib0");

	ib->type = ARPHRD_INFINIBAND;
	name(node, "ib0");
	assert_int_equal(decided(node, "ib0")->role, RW_LINK_IGNORED);
	assert_non_null(strstr(decided(node, "ib0")->reason, "link type 32"));
}

static void survives_links_that_point_in_a_circle(void **state)
{
	struct node *node = *state;
	struct rw_link *a = add(node, "a", "vlan");
	struct rw_link *b = add(node, "b", "vlan");

	a->parent = b->ifindex;
	b->parent = a->ifindex;
	assert_int_equal(decided(node, "a")->role, RW_LINK_IGNORED);
}

static void holds_what_has_no_address_yet_as_pending(void **state)
{
	struct node *node = *state;
	struct rw_link *decided_link, *linklocal;

	(void)add_device(node, "eth0");
	decided_link = add_device(node, "eth1");
	linklocal = add_device(node, "eth2");
	(void)add(node, "veth0", "veth");
	add_address(node, decided_link, "192.168.0.1");
	add_address(node, linklocal, "fe80::1");
	add_address(node, linklocal, "169.254.1.1");
	node->wish.hold_pending = true;
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_PENDING);
	assert_string_equal(decided(node, "eth0")->reason, "has no address yet");
	assert_int_equal(decided(node, "eth1")->role, RW_LINK_CANDIDATE);
	assert_int_equal(decided(node, "eth2")->role, RW_LINK_PENDING);
	assert_int_equal(decided(node, "veth0")->role, RW_LINK_IGNORED);
}

static void holds_the_ports_of_a_bridge_without_an_address_as_pending(void **state)
{
	struct node *node = *state;
	struct rw_link *bridge = add(node, "br0", "bridge");
	struct rw_link *port = add_device(node, "eth0");

	port->master = bridge->ifindex;
	node->wish.hold_pending = true;
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_PENDING);
	assert_true(decided(node, "eth0")->bridge_port);
	assert_string_equal(decided(node, "eth0")->interface, "br0");
}

static void leaves_what_is_in_use_without_an_address(void **state)
{
	struct node *node = *state;
	struct rw_link *parent = add_device(node, "eth0");
	struct rw_link *port = add_device(node, "eth1");
	struct rw_link *above = add(node, "mv0", "macvtap");
	struct rw_link *other = add(node, "ovs-system", "openvswitch");

	above->parent = parent->ifindex;
	port->master = other->ifindex;
	node->wish.hold_pending = true;
	assert_int_equal(decided(node, "eth0")->role, RW_LINK_CANDIDATE);
	assert_int_equal(decided(node, "eth1")->role, RW_LINK_CANDIDATE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_node, free_node)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(enforces_devices_with_a_default_route_or_a_network_address),
		TEST(never_decides_the_loopback_even_when_named),
		TEST(decides_virtual_links_only_when_named),
		TEST(decides_a_bond_on_the_master),
		TEST(leaves_a_bond_without_physical_slaves),
		TEST(decides_vlans_on_themselves_and_tells_the_parent_their_tags),
		TEST(leaves_a_vlan_whose_parent_is_in_another_namespace),
		TEST(decides_a_bridge_on_its_physical_ports),
		TEST(leaves_the_bridges_of_containers_alone),
		TEST(decides_a_vlan_of_a_bridge_by_itself),
		TEST(leaves_the_vlans_of_bridges_of_containers_alone),
		TEST(waits_with_the_ports_of_a_bridge_that_is_not_in_use),
		TEST(decides_macvlans_on_the_parent),
		TEST(holds_what_has_no_address_yet_as_pending),
		TEST(holds_the_ports_of_a_bridge_without_an_address_as_pending),
		TEST(leaves_what_is_in_use_without_an_address),
		TEST(decides_layer3_links_when_named),
		TEST(refuses_links_that_are_neither_ethernet_nor_ip),
		TEST(survives_links_that_point_in_a_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
