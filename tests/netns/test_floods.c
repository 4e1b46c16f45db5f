/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Floods through a flow table that is far too small for them: connections that are established are never lost,
 * and new ones are still made.  How fast is for bench/; here nothing depends on speed.
 */

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "random_policy.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPEN       RULES("sgr-1 in accept all -1/-1 0.0.0.0/0", "sgr-2 in accept all -1/-1 ::/0")

enum {
	ENTRIES = RW_ENFORCE_FLOW_ENTRIES_MIN,
	CONNECTIONS = 24,
	ROUNDS = 6,                /* in each, all connections speak and a new one is made */
	FRAMES_MIN = 12 * ENTRIES, /* before the end */
	FRAMES_MAX = 400000,
	ATTEMPTS = 60, /* of a new connection, each of which waits for an answer */
	WORD_MS = 20000,
};

static const char *const peers[2] = {"10.0.0.1", "fd00::1"}, *const nodes[2] = {"10.0.0.2", "fd00::2"};

static int node, peer;
static struct rw_enforcer *enforcer;

static int set_up(void **state)
{
	struct rw_enforce_bpf_options options = {.table_memory = 8 << 20, .flow_entries = ENTRIES};

	(void)state;
	netns_pair(&node, &peer);
	/* Answers to the flood go to the peer, who does not know of them. */
	netns_run(node, "ip route add 10.1.0.0/16 via 10.0.0.1; ip route add fd0a::/16 via fd00::1; "
			"ip neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent; "
			"ip neigh replace fd00::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
	netns_run(peer, "ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev p0 nud permanent; "
			"ip neigh replace fd00::2 lladdr 02:00:00:00:00:02 dev p0 nud permanent");
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	filter_apply(enforcer, node, "eth0", OPEN);
	filter_enforce(enforcer, node);
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

/* ---- the flood ---- */

/* Makes the next packet of a flood. */
typedef struct rw_packet next_fn(struct rw_dice *dice, size_t family);

struct flood {
	next_fn *next;
	size_t family;
	int frames;
	atomic_bool stop;
	atomic_uint sent;
};

static struct rw_packet from_anywhere(struct rw_dice *dice, size_t family, uint8_t protocol, uint16_t port)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = protocol,
				   .tcp_flags = RW_TCP_SYN,
				   .hop_limit = 64,
				   .remote = world_address(family ? "fd0a::" : "10.1.0.0"),
				   .local = world_address(nodes[family]),
				   .remote_port = (uint16_t)(1024 + rw_dice_below(dice, 60000)),
				   .local_port = port};

	packet.remote.bytes[family ? 14 : 2] = (uint8_t)rw_dice_below(dice, 256);
	packet.remote.bytes[family ? 15 : 3] = (uint8_t)(1 + rw_dice_below(dice, 254));
	return packet;
}

static struct rw_packet next_syn(struct rw_dice *dice, size_t family)
{
	return from_anywhere(dice, family, RW_PROTOCOL_TCP, 80);
}

static struct rw_packet next_question(struct rw_dice *dice, size_t family)
{
	return from_anywhere(dice, family, RW_PROTOCOL_UDP, 53);
}

static struct rw_packet next_ping(struct rw_dice *dice, size_t family)
{
	struct rw_packet packet =
		from_anywhere(dice, family, family ? RW_PROTOCOL_ICMPV6 : RW_PROTOCOL_ICMP, 0);

	packet.icmp_type = family ? 128 : 8;
	return packet;
}

static struct rw_packet next_anything(struct rw_dice *dice, size_t family)
{
	static const uint8_t protocols[] = {RW_PROTOCOL_TCP, RW_PROTOCOL_UDP, RW_PROTOCOL_GRE, 132};
	struct rw_packet packet =
		from_anywhere(dice, family, protocols[rw_dice_below(dice, RW_ARRAY_COUNT(protocols))],
			      (uint16_t)(1 + rw_dice_below(dice, 65535)));

	packet.tcp_flags = (uint8_t)rw_dice_below(dice, 64);
	return packet;
}

/* Handshakes by who does not receive the answers: a SYN, then a packet that says nothing, or an ACK of what was not said. */
static struct rw_packet next_forged(struct rw_dice *dice, size_t family)
{
	static struct rw_packet packet;
	static bool begun;

	begun = !begun;
	if (begun)
		packet = next_syn(dice, family);
	else
		packet.tcp_flags = rw_dice_chance(dice, 50) ? RW_TCP_ACK : 0;
	return packet;
}

static void *send_flood(void *argument)
{
	struct flood *flood = argument;
	struct rw_dice dice = {7};
	uint8_t frame[FRAME_MAX];

	while (!atomic_load(&flood->stop) && atomic_load(&flood->sent) < FRAMES_MAX) {
		struct rw_packet packet = flood->next(&dice, flood->family);
		size_t size = frame_build(&packet, 0, (uint16_t)rw_dice_below(&dice, 65536), frame);

		if (send(flood->frames, frame, size, 0) == (ssize_t)size)
			flood->sent++;
		else
			(void)usleep(100); /* the queue is full */
	}
	return NULL;
}

/* Answers every question that comes to port 53. */
struct answerer {
	int fd;
	atomic_bool stop;
	atomic_uint answered;
};

static void *answer(void *argument)
{
	struct answerer *answerer = argument;

	while (!atomic_load(&answerer->stop)) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		char bytes[256];
		ssize_t got;

		if (!netns_readable(answerer->fd, 20))
			continue;
		got = recvfrom(answerer->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);
		if (got >= 0 && sendto(answerer->fd, bytes, 64, 0, (struct sockaddr *)&from, size) > 0)
			answerer->answered++;
	}
	return NULL;
}

/* ---- connections ---- */

struct connection {
	int client, server;
};

static bool hears(int from, int to)
{
	char word[8];

	return send(from, "ringwall", 8, MSG_NOSIGNAL) == 8 && netns_readable(to, WORD_MS) &&
	       recv(to, word, 8, MSG_WAITALL) == 8;
}

static void assert_speaks(const struct connection *connection, unsigned int number)
{
	if (!hears(connection->client, connection->server) || !hears(connection->server, connection->client))
		fail_msg("connection %u is lost", number);
}

/* Whose the next connection at the listener is, among others that gave up meanwhile. */
static int accept_from(int listener, int client)
{
	struct sockaddr_storage own, other;
	socklen_t own_size = sizeof(own), other_size = sizeof(other);

	assert_int_equal(getsockname(client, (struct sockaddr *)&own, &own_size), 0);
	for (;;) {
		int served;

		if (!netns_readable(listener, WORD_MS))
			return -1;
		other_size = sizeof(other);
		served = accept(listener, (struct sockaddr *)&other, &other_size);
		if (served >= 0 && other_size == own_size && memcmp(&own, &other, own_size) == 0)
			return served;
		(void)close(served);
	}
}

static struct connection open_connection(int listener, size_t family)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int client = filter_connect(peer, peers[family], nodes[family], 8080), served;

		if (client < 0)
			continue;
		served = accept_from(listener, client);
		if (served >= 0)
			return (struct connection){client, served};
		(void)close(client);
	}
	fail_msg("no new connection is made");
	return (struct connection){-1, -1};
}

static void close_connection(struct connection *connection)
{
	(void)close(connection->client);
	(void)close(connection->server);
}

/* ---- all together ---- */

static void withstand(next_fn *next, size_t family)
{
	struct flood flood = {.next = next, .family = family, .frames = netns_frames(peer, "p0")};
	struct answerer answerer = {.fd = filter_udp(node, nodes[family], 53)};
	int listener = filter_listen(node, nodes[family], 8080),
	    target = filter_listen(node, nodes[family], 80);
	struct connection connections[CONNECTIONS];
	struct rw_enforcer_status status;
	pthread_t sender, server;

	for (int i = 0; i < CONNECTIONS; i++)
		connections[i] = open_connection(listener, family);
	assert_int_equal(pthread_create(&server, NULL, answer, &answerer), 0);
	assert_int_equal(pthread_create(&sender, NULL, send_flood, &flood), 0);
	for (unsigned int round = 0; round < ROUNDS || atomic_load(&flood.sent) < FRAMES_MIN; round++) {
		struct connection fresh = open_connection(listener, family);

		assert_speaks(&fresh, CONNECTIONS);
		for (unsigned int i = 0; i < CONNECTIONS; i++)
			assert_speaks(&connections[i], i);
		close_connection(&fresh);
	}
	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_true(status.flows[RW_FLOW_ESTABLISHED] >= CONNECTIONS);
	atomic_store(&flood.stop, true);
	atomic_store(&answerer.stop, true);
	assert_int_equal(pthread_join(sender, NULL), 0);
	assert_int_equal(pthread_join(server, NULL), 0);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		close_connection(&connections[i]);
	for (size_t i = 0; i < 4; i++)
		(void)close(((int[]){flood.frames, answerer.fd, listener, target})[i]);
	/* A flood of questions is one only if there were answers. */
	assert_true(next != next_question || answerer.answered > ENTRIES);
}

static void withstand_both(next_fn *next)
{
	for (size_t family = 0; family < 2; family++)
		withstand(next, family);
}

static void connections_outlive_a_flood_of_syns(void **state)
{
	(void)state;
	withstand_both(next_syn);
}

static void connections_outlive_a_flood_of_forged_handshakes(void **state)
{
	(void)state;
	withstand_both(next_forged);
}

static void connections_outlive_a_flood_of_answered_questions(void **state)
{
	(void)state;
	withstand_both(next_question);
}

static void connections_outlive_a_flood_of_pings(void **state)
{
	(void)state;
	withstand_both(next_ping);
}

static void connections_outlive_a_flood_of_anything(void **state)
{
	(void)state;
	withstand_both(next_anything);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connections_outlive_a_flood_of_syns),
		TEST(connections_outlive_a_flood_of_forged_handshakes),
		TEST(connections_outlive_a_flood_of_answered_questions),
		TEST(connections_outlive_a_flood_of_pings),
		TEST(connections_outlive_a_flood_of_anything),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
