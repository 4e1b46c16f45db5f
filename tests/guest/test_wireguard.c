/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A tunnel of WireGuard between two nodes, by real packets: its own packets are decided on the device by which they
 * go, what is in it on the tunnel's device, which has no link layer.
 */

#include "test.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "filter.h"
#include "frame.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_RULES   ((const char *const[]){NULL})
#define PATIENCE_S 60

/* The tunnel's own packets; those in it have other addresses. */
#define OUTER "sgr-o1 in accept udp 51820/51820 10.0.0.0/24", "sgr-o2 in accept udp 51820/51820 fd00::/64"
#define HTTP  "sgr-h1 in accept tcp 80/80 10.6.0.0/24", "sgr-h2 in accept tcp 80/80 fd06::/64"
#define DNS   "sgr-d1 in accept udp 53/53 10.6.0.0/24", "sgr-d2 in accept udp 53/53 fd06::/64"

/* Made for this test. */
#define PEER_KEY    "qO+fu+DWXtLCZtG7fQWIExUc2Uh0o3QKEzjdQxdfzF0="
#define PEER_PUBLIC "w/IIuIkivOUDPbfOPiJA61t4WoHW1Id+4TvIuPpNnno="
#define NODE_KEY    "eFBisMjf+k+9maiV8msV4thfD1x5VrqebBQVmPEjS3I="
#define NODE_PUBLIC "m2OoJQTTxjxlKkotoVjD+3q8EX/JBFVbZdYUjzMywmA="

struct ends {
	const char *peer, *node;
};

/* By family: at the wire, and in the tunnel. */
static const struct ends outer[2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
static const struct ends inner[2] = {{"10.6.0.1", "10.6.0.2"}, {"fd06::1", "fd06::2"}};

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

static void make_end(int ns, const char *key, const char *other_public, const char *other_address)
{
	netns_run(ns,
		  "ip link add wg0 type wireguard && echo %s | wg set wg0 listen-port 51820 private-key "
		  "/dev/stdin peer %s endpoint '[%s]:51820' allowed-ips 0.0.0.0/0,::/0 && ip link set wg0 up",
		  key, other_public, other_address);
}

/* wg0 at both, by the outer addresses of one family, with inner ones of both. */
static void make_tunnel(size_t family)
{
	make_end(peer, PEER_KEY, NODE_PUBLIC, outer[family].node);
	make_end(node, NODE_KEY, PEER_PUBLIC, outer[family].peer);
	netns_run(peer, "ip addr add 10.6.0.1/24 dev wg0; ip addr add fd06::1/64 dev wg0");
	netns_run(node, "ip addr add 10.6.0.2/24 dev wg0; ip addr add fd06::2/64 dev wg0");
}

/* Decides 'interfaces' by those rules. */
static void rule(const char *interfaces, const char *const rules[])
{
	filter_change(enforcer, interfaces, rules, RW_ESTABLISHED_CUT);
	attach_named(enforcer, node, interfaces, RW_ENFORCER_EARLY_NONE);
	filter_enforce(enforcer, node);
}

static void assert_peer_talks(size_t family, uint16_t port)
{
	filter_assert_talks(peer, inner[family].peer, inner[family].node, port, node, inner[family].node,
			    port);
}

static void assert_peer_silent(size_t family, uint16_t port)
{
	filter_assert_silent(peer, inner[family].peer, inner[family].node, port, node, inner[family].node,
			     port);
}

static void assert_node_talks(size_t family, uint16_t port)
{
	filter_assert_talks(node, inner[family].node, inner[family].peer, port, peer, inner[family].peer,
			    port);
}

/* ---- on the outer device ---- */

static void tunnel_needs_its_outer_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_tunnel(i);
		rule("eth0", RULES(HTTP));
		assert_peer_silent(i, 80);
		assert_true(filter_dropped(enforcer, RW_CAUSE_DEFAULT) > 0);
		rule("eth0", RULES(OUTER));
		for (size_t family = 0; family < 2; family++) {
			assert_peer_talks(family, 80);
			assert_node_talks(family, 443);
		}
		/* What is in it is for who stands in it: rules about that change nothing, and cut all of it. */
		rule("eth0", RULES(HTTP));
		for (size_t family = 0; family < 2; family++)
			assert_peer_silent(family, 80);
		assert_true(filter_dropped(enforcer, RW_CAUSE_CUT) > 0);
		/* Anew, lest the node still has words for those connections and opens the next tunnel by them. */
		tear_down(state);
		set_up(state);
	}
}

static void tunnel_opened_by_the_node_needs_no_rule(void **state)
{
	(void)state;
	make_tunnel(0);
	rule("eth0", NO_RULES);
	assert_peer_silent(0, 80);
	for (size_t family = 0; family < 2; family++)
		assert_node_talks(family, 443);
	for (size_t family = 0; family < 2; family++)
		assert_peer_talks(family, 80);
}

/* ---- on the tunnel's ---- */

static void what_is_in_the_tunnel_is_decided_there(void **state)
{
	(void)state;
	make_tunnel(0);
	rule("eth0,wg0", RULES(OUTER, HTTP, DNS, "sgr-1 out drop tcp 444/444 0.0.0.0/0",
			       "sgr-2 out drop tcp 444/444 ::/0"));
	for (size_t i = 0; i < 2; i++) {
		int client = filter_udp(peer, inner[i].peer, 0), good = filter_udp(node, inner[i].node, 53);
		int bad = filter_udp(node, inner[i].node, 54);
		uint64_t dropped;

		assert_peer_talks(i, 80);
		assert_node_talks(i, 443);
		assert_true(filter_send_to(client, inner[i].node, 53, 8));
		assert_true(netns_readable(good, FILTER_YES_MS));
		dropped = filter_dropped(enforcer, RW_CAUSE_DEFAULT);
		assert_true(filter_send_to(client, inner[i].node, 54, 8));
		assert_false(netns_readable(bad, FILTER_NO_MS));
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), dropped + 1);
		assert_peer_silent(i, 81);
		/* Nor what only the outer addresses may, and the other way round. */
		assert_peer_silent(i, 51820);
		filter_assert_silent(peer, outer[i].peer, outer[i].node, 80, node, outer[i].node, 80);
		filter_assert_silent(node, inner[i].node, inner[i].peer, 444, peer, inner[i].peer, 444);
		(void)close(client);
		(void)close(good);
		(void)close(bad);
	}
}

static void connection_in_the_tunnel_lives_and_ends_by_its_rules(void **state)
{
	(void)state;
	make_tunnel(1);
	for (size_t i = 0; i < 2; i++) {
		int ends[2];

		rule("eth0,wg0", RULES(OUTER, HTTP));
		filter_join(peer, inner[i].peer, node, inner[i].node, 80, ends);
		filter_assert_says(ends[0], ends[1]);
		filter_assert_says(ends[1], ends[0]);
		filter_change(enforcer, "eth0,wg0", RULES(OUTER, HTTP, DNS), RW_ESTABLISHED_CUT);
		filter_assert_says(ends[1], ends[0]);
		filter_assert_says(ends[0], ends[1]);
		filter_change(enforcer, "eth0,wg0", RULES(OUTER), RW_ESTABLISHED_KEEP);
		filter_assert_says(ends[0], ends[1]);
		filter_assert_says(ends[1], ends[0]);
		assert_peer_silent(i, 80);
		filter_change(enforcer, "eth0,wg0", RULES(OUTER), RW_ESTABLISHED_CUT_KEPT);
		assert_false(filter_says(ends[0], ends[1]));
		assert_false(filter_says(ends[1], ends[0]));
		assert_true(filter_dropped(enforcer, RW_CAUSE_CUT) > 0);
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}

static void connection_in_the_tunnel_outlives_a_cut_outside(void **state)
{
	int ends[2][2];

	(void)state;
	make_tunnel(0);
	rule("eth0,wg0", RULES(OUTER, HTTP));
	for (size_t i = 0; i < 2; i++)
		filter_join(peer, inner[i].peer, node, inner[i].node, 80, ends[i]);
	filter_change(enforcer, "eth0,wg0", RULES(HTTP), RW_ESTABLISHED_CUT);
	for (size_t i = 0; i < 2; i++)
		assert_false(filter_says(ends[i][0], ends[i][1]));
	/* As after any gap, TCP sends again what was lost. */
	filter_change(enforcer, "eth0,wg0", RULES(OUTER, HTTP), RW_ESTABLISHED_CUT);
	for (size_t i = 0; i < 2; i++) {
		assert_true(netns_readable(ends[i][1], PATIENCE_S * 1000));
		(void)close(ends[i][0]);
		(void)close(ends[i][1]);
	}
}

/* ---- ICMP ---- */

/* A datagram from 'from' to a port of 'to' at which nobody listens comes back as an error. */
static void assert_refused_by(int from_ns, const char *from, const char *to, uint16_t port)
{
	int client = filter_udp_to(from_ns, from, to, port), error = 0;
	socklen_t size = sizeof(error);
	time_t end = time(NULL) + PATIENCE_S;

	while (error == 0 && time(NULL) < end) {
		(void)send(client, "ringwall", 8, 0);
		(void)netns_readable(client, FILTER_NO_MS);
		assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	}
	assert_int_equal(error, ECONNREFUSED);
	(void)close(client);
}

static void icmp_errors_of_accepted_flows_pass_both_ways(void **state)
{
	(void)state;
	make_tunnel(0);
	rule("eth0,wg0", RULES(OUTER, DNS));
	for (size_t i = 0; i < 2; i++) {
		assert_refused_by(peer, inner[i].peer, inner[i].node, 53);
		assert_refused_by(node, inner[i].node, inner[i].peer, 99);
	}
}

/* "Too big" about a datagram that the node sent, as the peer would say it. */
static void send_error(int frames, size_t family, uint16_t from_port, uint16_t to_port)
{
	struct rw_packet error = {.direction = RW_DIRECTION_INGRESS,
				  .protocol = family ? RW_PROTOCOL_ICMPV6 : RW_PROTOCOL_ICMP,
				  .icmp_type = family ? 2 : 3,
				  .hop_limit = 64,
				  .remote = world_address(inner[family].peer),
				  .local = world_address(inner[family].node)};
	struct rw_packet quoted = error;
	uint8_t frame[FRAME_MAX];
	size_t size;

	quoted.direction = RW_DIRECTION_EGRESS;
	quoted.protocol = RW_PROTOCOL_UDP;
	quoted.local_port = from_port;
	quoted.remote_port = to_port;
	size = frame_build_error(&error, &quoted, frame) - FRAME_LINK_SIZE;
	assert_int_equal(send(frames, frame + FRAME_LINK_SIZE, size, 0), size);
}

static void icmp_errors_of_no_flow_are_refused(void **state)
{
	static const uint8_t types[2] = {3, 2};
	int frames;

	(void)state;
	make_tunnel(0);
	frames = netns_frames(peer, "wg0");
	rule("eth0,wg0", RULES(OUTER, DNS));
	for (size_t i = 0; i < 2; i++) {
		int raw = netns_socket(node, i ? AF_INET6 : AF_INET, SOCK_RAW,
				       i ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		int client = filter_udp(peer, inner[i].peer, 4000),
		    server = filter_udp(node, inner[i].node, 53);

		assert_true(filter_send_to(client, inner[i].node, 53, 8));
		assert_true(netns_readable(server, FILTER_YES_MS));
		send_error(frames, i, 53, 4000);
		assert_true(filter_hears_icmp(raw, types[i], FILTER_YES_MS));
		send_error(frames, i, 53, 4001);
		assert_false(filter_hears_icmp(raw, types[i], FILTER_NO_MS));
		(void)close(raw);
		(void)close(client);
		(void)close(server);
	}
	(void)close(frames);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tunnel_needs_its_outer_port),
		TEST(tunnel_opened_by_the_node_needs_no_rule),
		TEST(what_is_in_the_tunnel_is_decided_there),
		TEST(connection_in_the_tunnel_lives_and_ends_by_its_rules),
		TEST(connection_in_the_tunnel_outlives_a_cut_outside),
		TEST(icmp_errors_of_accepted_flows_pass_both_ways),
		TEST(icmp_errors_of_no_flow_are_refused),
	};

	netns_require();
	netns_require_command("devices of WireGuard", "ip link add wg0 type wireguard 2>/dev/null");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
