/* SPDX-License-Identifier: Apache-2.0 */

/*
 * VLAN devices of the kernel's, by real packets: each is decided on itself, one tag or two; its parent leaves them
 * to it and decides the rest.
 */

#include "test.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/link_rules.h"
#include "attach.h"
#include "filter.h"
#include "frame.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PATIENCE_S 60

#define ACCEPT(id, protocol, port, network4, network6)                                                       \
	"sgr-" id "4 in accept " protocol " " port "/" port " " network4,                                    \
		"sgr-" id "6 in accept " protocol " " port "/" port " " network6

/* Without a tag port 81, behind one 80, behind two 82. */
#define PLAIN_81  ACCEPT("p", "tcp", "81", "10.0.0.0/24", "fd00::/64")
#define TAGGED_80 ACCEPT("t", "tcp", "80", "10.7.0.0/24", "fd07::/64")
#define TWICE_82  ACCEPT("w", "tcp", "82", "10.8.0.0/24", "fd08::/64")
#define TAGGED_53 ACCEPT("u", "udp", "53", "10.7.0.0/24", "fd07::/64")

struct ends {
	const char *peer, *node;
};

/* By family. */
static const struct ends plain[2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
static const struct ends tagged[2] = {{"10.7.0.1", "10.7.0.2"}, {"fd07::1", "fd07::2"}};
static const struct ends twice[2] = {{"10.8.0.1", "10.8.0.2"}, {"fd08::1", "fd08::2"}};

static int node, peer;
static struct rw_enforcer *enforcer;

static int set_up(void **state)
{
	(void)state;
	netns_pair(&node, &peer);
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

/* A VLAN device 'name' on 'parent', up, with one address of each family. */
static void add_vlan(int ns, const char *parent, const char *name, const char *options, const char *address4,
		     const char *address6)
{
	netns_run(ns,
		  "ip link add link %s name %s type vlan %s && echo 0 > "
		  "/proc/sys/net/ipv6/conf/%s/accept_dad && "
		  "ip link set %s up && ip addr add %s/24 dev %s && ip addr add %s/64 dev %s nodad",
		  parent, name, options, name, name, address4, name, address6, name);
}

static void add_tagged(int ns)
{
	if (ns == peer)
		add_vlan(peer, "p0", "p0.100", "id 100", tagged[0].peer, tagged[1].peer);
	else
		add_vlan(node, "eth0", "eth0.100", "id 100", tagged[0].node, tagged[1].node);
}

/* Decides 'interfaces' by those rules. */
static void rule(const char *interfaces, const char *const rules[])
{
	filter_change(enforcer, interfaces, rules, RW_ESTABLISHED_CUT);
	attach_named(enforcer, node, interfaces, RW_ENFORCER_EARLY_NONE);
	filter_enforce(enforcer, node);
}

static void assert_talks(const struct ends *ends, uint16_t port)
{
	filter_assert_talks(peer, ends->peer, ends->node, port, node, ends->node, port);
}

static void assert_silent(const struct ends *ends, uint16_t port)
{
	filter_assert_silent(peer, ends->peer, ends->node, port, node, ends->node, port);
}

static struct rw_enforcer_status status(void)
{
	struct rw_enforcer_status now;

	assert_int_equal(enforcer->ops->status(enforcer, &now, NULL), 0);
	return now;
}

/* A datagram to a port with no rule is dropped, and by one device only. */
static void assert_dropped_once(const struct ends *ends)
{
	uint64_t before = filter_dropped(enforcer, RW_CAUSE_DEFAULT);
	int client = filter_udp(peer, ends->peer, 0), server = filter_udp(node, ends->node, 54);

	assert_true(filter_send_to(client, ends->node, 54, 8));
	assert_false(netns_readable(server, FILTER_NO_MS));
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), before + 1);
	(void)close(client);
	(void)close(server);
}

static void vlan_device_is_decided_by_its_own_rules(void **state)
{
	(void)state;
	add_tagged(peer);
	add_tagged(node);
	rule("eth0.100",
	     RULES(TAGGED_80, "sgr-1 out drop tcp 444/444 0.0.0.0/0", "sgr-2 out drop tcp 444/444 ::/0"));
	for (size_t i = 0; i < 2; i++) {
		assert_talks(&tagged[i], 80);
		assert_silent(&tagged[i], 81);
		assert_dropped_once(&tagged[i]);
		filter_assert_talks(node, tagged[i].node, tagged[i].peer, 443, peer, tagged[i].peer, 443);
		filter_assert_silent(node, tagged[i].node, tagged[i].peer, 444, peer, tagged[i].peer, 444);
		/* Nobody decides on the parent. */
		assert_talks(&plain[i], 81);
	}
}

static void parent_leaves_its_vlans_to_themselves(void **state)
{
	(void)state;
	add_tagged(peer);
	add_tagged(node);
	rule("eth0,eth0.100", RULES(TAGGED_80, PLAIN_81));
	for (size_t i = 0; i < 2; i++) {
		assert_talks(&tagged[i], 80);
		assert_silent(&tagged[i], 81);
		assert_dropped_once(&tagged[i]);
		assert_talks(&plain[i], 81);
		assert_silent(&plain[i], 80);
		assert_dropped_once(&plain[i]);
	}
	/* Enforced alone, it decides nothing of theirs. */
	enforcer = rw_enforcer_close(enforcer);
	enforcer = filter_open(node, NULL);
	rule("eth0", RULES(PLAIN_81));
	for (size_t i = 0; i < 2; i++) {
		assert_talks(&tagged[i], 81);
		assert_silent(&plain[i], 80);
	}
}

static void tag_that_stays_in_the_frame_is_looked_through(void **state)
{
	(void)state;
	add_tagged(peer);
	add_vlan(node, "eth0", "eth0.100", "id 100 reorder_hdr off", tagged[0].node, tagged[1].node);
	rule("eth0,eth0.100", RULES(TAGGED_80, PLAIN_81));
	for (size_t i = 0; i < 2; i++) {
		assert_talks(&tagged[i], 80);
		assert_silent(&tagged[i], 81);
		assert_dropped_once(&tagged[i]);
	}
}

/* Has the device's driver take tags in the frame, as those do that cannot put them there. */
static void refuse_offload(int ns, const char *device)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq request = {.ifr_data = (char *)&value};
	int fd = netns_socket(ns, AF_INET, SOCK_DGRAM, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	value.cmd = ETHTOOL_SFLAGS;
	value.data &= ~(uint32_t)ETH_FLAG_TXVLAN;
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	(void)close(fd);
}

/* A datagram of the peer behind those tags, as no device sends it. */
static void send_tagged(size_t family, uint16_t port, const uint16_t *ids, size_t count)
{
	const struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
					 .protocol = RW_PROTOCOL_UDP,
					 .hop_limit = 64,
					 .remote = world_address(tagged[family].peer),
					 .local = world_address(tagged[family].node),
					 .remote_port = 4000,
					 .local_port = port};
	uint8_t frame[FRAME_MAX + 16];
	size_t size = frame_put_tags(frame, frame_build(&packet, 0, 1, frame), 0x8100, ids, count);
	int frames = netns_frames(peer, "p0");

	assert_int_equal(send(frames, frame, size, 0), size);
	(void)close(frames);
}

/* Behind two tags of priority alone, which the kernel looks through, it is still of VLAN 100 itself. */
static void assert_decided_behind_priorities(size_t family)
{
	static const uint16_t ids[] = {100, 0, 0};
	uint64_t before = filter_dropped(enforcer, RW_CAUSE_DEFAULT);
	int open = filter_udp(node, tagged[family].node, 53),
	    closed = filter_udp(node, tagged[family].node, 54);

	send_tagged(family, 53, ids, RW_ARRAY_COUNT(ids));
	assert_true(netns_readable(open, FILTER_YES_MS));
	send_tagged(family, 54, ids, RW_ARRAY_COUNT(ids));
	assert_false(netns_readable(closed, FILTER_NO_MS));
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), before + 1);
	(void)close(open);
	(void)close(closed);
}

/* What a VLAN device that leaves its tag in the frame sends looks like what a device above it of the same id sends. */
static void own_tag_in_the_frame_is_not_that_of_a_device_above(void **state)
{
	static const char *const above[] = {"id 100", "id 100 reorder_hdr off"};

	for (size_t i = 0; i < 2; i++) {
		refuse_offload(node, "eth0");
		add_tagged(peer);
		add_vlan(peer, "p0.100", "inner0", "id 100", twice[0].peer, twice[1].peer);
		add_vlan(node, "eth0", "eth0.100", "id 100 reorder_hdr off", tagged[0].node, tagged[1].node);
		add_vlan(node, "eth0.100", "inner0", above[i], twice[0].node, twice[1].node);
		rule("eth0,eth0.100,inner0",
		     RULES(TAGGED_80, TWICE_82, TAGGED_53, "sgr-1 out drop tcp 444/444 0.0.0.0/0",
			   "sgr-2 out drop tcp 444/444 ::/0"));
		for (size_t family = 0; family < 2; family++) {
			const struct ends *one = &tagged[family], *two = &twice[family];

			assert_talks(one, 80);
			assert_silent(one, 82);
			assert_dropped_once(one);
			filter_assert_talks(node, one->node, one->peer, 443, peer, one->peer, 443);
			filter_assert_silent(node, one->node, one->peer, 444, peer, one->peer, 444);
			assert_talks(two, 82);
			assert_silent(two, 80);
			assert_dropped_once(two);
			filter_assert_talks(node, two->node, two->peer, 443, peer, two->peer, 443);
			filter_assert_silent(node, two->node, two->peer, 444, peer, two->peer, 444);
			assert_decided_behind_priorities(family);
		}
		tear_down(state);
		set_up(state);
	}
}

/* p0 - p0.200 - inner0, and the same at the node. */
static void add_stacked(const char *outer_protocol)
{
	netns_run(peer,
		  "ip link add link p0 name p0.200 type vlan protocol %s id 200 && ip link set p0.200 up",
		  outer_protocol);
	netns_run(
		node,
		"ip link add link eth0 name eth0.200 type vlan protocol %s id 200 && ip link set eth0.200 up",
		outer_protocol);
	add_vlan(peer, "p0.200", "inner0", "id 100", twice[0].peer, twice[1].peer);
	add_vlan(node, "eth0.200", "inner0", "id 100", twice[0].node, twice[1].node);
}

static void two_tags_are_decided_on_the_innermost_device(void **state)
{
	static const char *const protocols[] = {"802.1ad", "802.1Q"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		add_stacked(protocols[i]);
		/* Its id is the inner one's, too: a tag is told from another by the device that it leads to. */
		add_tagged(peer);
		add_tagged(node);
		rule("eth0,eth0.100,eth0.200,inner0", RULES(TAGGED_80, PLAIN_81, TWICE_82));
		for (size_t family = 0; family < 2; family++) {
			assert_talks(&twice[family], 82);
			assert_silent(&twice[family], 80);
			assert_dropped_once(&twice[family]);
			assert_talks(&tagged[family], 80);
			assert_silent(&tagged[family], 82);
			assert_talks(&plain[family], 81);
		}
		tear_down(state);
		set_up(state);
	}
}

/* The peer knows the node's link address, so that nothing but what it is made to send arrives. */
static void set_neighbours(void)
{
	for (size_t i = 0; i < 2; i++)
		netns_run(peer, "ip neigh replace %s lladdr 02:00:00:00:00:02 dev p0.100", tagged[i].node);
}

/* What the peer sends to the VLAN is counted once as dropped, and once as passed. */
static void assert_decided_by_parent(const struct ends *ends)
{
	uint64_t dropped = filter_dropped(enforcer, RW_CAUSE_DEFAULT), passed = status().passed;
	int client = filter_udp(peer, ends->peer, 0);
	time_t end = time(NULL) + PATIENCE_S;

	assert_true(filter_send_to(client, ends->node, 54, 8));
	while (filter_dropped(enforcer, RW_CAUSE_DEFAULT) == dropped)
		assert_true(time(NULL) < end);
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), dropped + 1);
	assert_true(filter_send_to(client, ends->node, 53, 8));
	while (status().passed == passed)
		assert_true(time(NULL) < end);
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), dropped + 1);
	(void)close(client);
}

static void vlan_that_comes_and_goes_changes_who_decides(void **state)
{
	(void)state;
	add_tagged(peer);
	set_neighbours();
	rule("eth0", RULES(PLAIN_81, TAGGED_53));
	for (size_t i = 0; i < 2; i++)
		assert_decided_by_parent(&tagged[i]);
	add_tagged(node);
	rule("eth0,eth0.100", RULES(PLAIN_81, TAGGED_80, TAGGED_53));
	for (size_t i = 0; i < 2; i++) {
		assert_talks(&tagged[i], 80);
		assert_dropped_once(&tagged[i]);
	}
	netns_run(node, "ip link del eth0.100");
	rule("eth0", RULES(PLAIN_81, TAGGED_53));
	for (size_t i = 0; i < 2; i++)
		assert_decided_by_parent(&tagged[i]);
}

static void connection_in_a_vlan_lives_and_ends_by_its_rules(void **state)
{
	(void)state;
	add_tagged(peer);
	add_tagged(node);
	for (size_t i = 0; i < 2; i++) {
		int ends[2];

		rule("eth0,eth0.100", RULES(TAGGED_80));
		filter_join(peer, tagged[i].peer, node, tagged[i].node, 80, ends);
		filter_change(enforcer, "eth0,eth0.100", RULES(TAGGED_80, PLAIN_81), RW_ESTABLISHED_CUT);
		filter_assert_says(ends[0], ends[1]);
		filter_assert_says(ends[1], ends[0]);
		filter_change(enforcer, "eth0,eth0.100", RULES(PLAIN_81), RW_ESTABLISHED_KEEP);
		filter_assert_says(ends[0], ends[1]);
		filter_assert_says(ends[1], ends[0]);
		assert_silent(&tagged[i], 80);
		filter_change(enforcer, "eth0,eth0.100", RULES(PLAIN_81), RW_ESTABLISHED_CUT_KEPT);
		assert_false(filter_says(ends[0], ends[1]));
		assert_false(filter_says(ends[1], ends[0]));
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}

/* ---- the early stage ---- */

static struct rw_enforcer_device_status look(const char *name)
{
	struct rw_enforcer_device_status devices[4];
	size_t count = enforcer->ops->devices(enforcer, devices, 4);

	for (size_t i = 0; i < count && i < 4; i++)
		if (strcmp(devices[i].name, name) == 0)
			return devices[i];
	fail_msg("%s is not attached", name);
	return (struct rw_enforcer_device_status){0};
}

/* Refused datagrams until the early stage has dropped one, as tc is given those of which an event is due. */
static void flood(const struct ends *ends)
{
	uint64_t before = status().early;
	int client = filter_udp(peer, ends->peer, 0);
	time_t end = time(NULL) + PATIENCE_S;

	while (status().early == before) {
		assert_true(time(NULL) < end);
		for (int i = 0; i < 500; i++)
			(void)filter_send_to(client, ends->node, 99, 8);
	}
	(void)close(client);
}

/* Refused datagrams of more than tc tells of, none of which is dropped early. */
static void flood_in_vain(const struct ends *ends)
{
	uint64_t before = filter_dropped(enforcer, RW_CAUSE_DEFAULT), early = status().early;
	int client = filter_udp(peer, ends->peer, 0);
	time_t end = time(NULL) + PATIENCE_S;

	while (filter_dropped(enforcer, RW_CAUSE_DEFAULT) < before + 2000) {
		assert_true(time(NULL) < end);
		for (int i = 0; i < 500; i++)
			(void)filter_send_to(client, ends->node, 99, 8);
	}
	assert_int_equal(status().early, early);
	(void)close(client);
}

static void early_stage_of_a_parent_waits_while_it_has_vlans(void **state)
{
	static const enum rw_enforcer_early kinds[] = {RW_ENFORCER_EARLY_NATIVE, RW_ENFORCER_EARLY_GENERIC};

	(void)state;
	add_tagged(peer);
	filter_change(enforcer, "eth0,eth0.100", RULES(TAGGED_80, PLAIN_81), RW_ESTABLISHED_CUT);
	for (size_t i = 0; i < 2; i++) {
		add_tagged(node);
		attach_named(enforcer, node, "eth0,eth0.100", RW_ENFORCER_EARLY_NONE);
		attach_named(enforcer, node, "eth0", kinds[i]);
		filter_enforce(enforcer, node);
		assert_int_equal(look("eth0").early, kinds[i]);
		assert_true(look("eth0").early_idle);
		assert_non_null(look("eth0").early_text);
		for (size_t family = 0; family < 2; family++) {
			assert_talks(&tagged[family], 80);
			assert_talks(&plain[family], 81);
			assert_dropped_once(&tagged[family]);
			assert_dropped_once(&plain[family]);
			flood_in_vain(&tagged[family]);
			flood_in_vain(&plain[family]);
		}
		netns_run(node, "ip link del eth0.100");
		attach_named(enforcer, node, "eth0", kinds[i]);
		assert_false(look("eth0").early_idle);
		for (size_t family = 0; family < 2; family++) {
			flood(&plain[family]);
			assert_talks(&plain[family], 81);
		}
	}
}

static void early_stage_of_a_vlan_device_drops_what_is_refused_there(void **state)
{
	(void)state;
	add_tagged(peer);
	add_tagged(node);
	filter_change(enforcer, "eth0.100", RULES(TAGGED_80), RW_ESTABLISHED_CUT);
	attach_named(enforcer, node, "eth0.100", RW_ENFORCER_EARLY_GENERIC);
	filter_enforce(enforcer, node);
	assert_int_equal(look("eth0.100").early, RW_ENFORCER_EARLY_GENERIC);
	assert_false(look("eth0.100").early_idle);
	for (size_t i = 0; i < 2; i++) {
		assert_talks(&tagged[i], 80);
		flood(&tagged[i]);
		assert_talks(&tagged[i], 80);
		assert_silent(&tagged[i], 81);
	}
}

/* The link of that name and what the agent decides about it when eth0 is named. */
static const struct rw_link *find_link(const struct rw_links *links, const struct rw_link_decision *decisions,
				       const char *name, const struct rw_link_decision **ret_decision)
{
	const struct rw_link *link = rw_links_find_name(links, name);

	if (!link)
		fail_msg("there is no link %s", name);
	*ret_decision = &decisions[link - links->links];
	return link;
}

static void links_tell_of_vlans_and_their_parent(void **state)
{
	static const char *const named[] = {"eth0"};
	const struct rw_link_wish wish = {.named = named, .named_count = 1};
	RW_CLEANUP(rw_links_done) struct rw_links links = {0};
	RW_CLEANUP(rw_free) struct rw_link_decision *decisions = NULL;
	const struct rw_link_decision *about_vlan, *about_parent;
	const struct rw_link *vlan, *parent;

	(void)state;
	add_tagged(node);
	netns_run(node, "ip link add link eth0 name kept type vlan id 200 reorder_hdr off");
	netns_run(node, "ip route add default via %s", tagged[0].peer);
	netns_enter(node);
	assert_int_equal(rw_links_read(&links, NULL), 0);
	netns_leave();
	assert_int_equal(rw_link_rules_decide(&links, &wish, &decisions), 0);
	vlan = find_link(&links, decisions, "eth0.100", &about_vlan);
	parent = find_link(&links, decisions, "eth0", &about_parent);
	assert_int_equal(vlan->vlan_id, 100);
	assert_false(vlan->keeps_tag);
	assert_int_equal(vlan->parent, parent->ifindex);
	assert_true(vlan->has_default_route);
	assert_false(parent->has_default_route);
	assert_int_equal(about_vlan->role, RW_LINK_ENFORCED);
	for (size_t i = 0; i < RW_ENFORCER_VLAN_WORDS; i++)
		assert_int_equal(about_parent->vlans[i], i == 100 / 64   ? 1ull << 100 % 64
							 : i == 200 / 64 ? 1ull << 200 % 64
									 : 0);
	assert_false(about_vlan->keeps_tag);
	(void)find_link(&links, decisions, "kept", &about_vlan);
	assert_true(about_vlan->keeps_tag);
	assert_true(about_parent->vlans_keep_tags);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_tell_of_vlans_and_their_parent),
		TEST(vlan_device_is_decided_by_its_own_rules),
		TEST(parent_leaves_its_vlans_to_themselves),
		TEST(tag_that_stays_in_the_frame_is_looked_through),
		TEST(own_tag_in_the_frame_is_not_that_of_a_device_above),
		TEST(two_tags_are_decided_on_the_innermost_device),
		TEST(vlan_that_comes_and_goes_changes_who_decides),
		TEST(connection_in_a_vlan_lives_and_ends_by_its_rules),
		TEST(early_stage_of_a_parent_waits_while_it_has_vlans),
		TEST(early_stage_of_a_vlan_device_drops_what_is_refused_there),
	};

	netns_require();
	netns_require_command("VLAN devices (8021q)",
			      "ip link add v0 type veth peer name v1 && "
			      "ip link add link v0 name v0.9 type vlan id 9 2>/dev/null");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
