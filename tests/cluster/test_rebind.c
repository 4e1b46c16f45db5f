/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A cluster gets a new group while its nodes are in use. */

/* Far beyond what a packet takes; only a failure waits so long. */
#define PATIENCE_MS 20000

/* Both ends of a TCP connection from the client to a port of a node. */
struct connection {
	int client, node;
};

static struct connection connect_to(const struct world *world, size_t index, size_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(fleet_ports[port])};
	struct connection made;

	assert_int_equal(inet_pton(AF_INET, fleet_addresses[index], &to.sin_addr), 1);
	made.client = netns_socket(world->client, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(made.client, (struct sockaddr *)&to, sizeof(to)), 0);
	for (;;) {
		struct sockaddr_in own = {0}, peer = {0};
		socklen_t own_size = sizeof(own), peer_size = sizeof(peer);

		assert_true(netns_readable(world->listeners[index][port], PATIENCE_MS));
		made.node = accept4(world->listeners[index][port], (struct sockaddr *)&peer, &peer_size,
				    SOCK_CLOEXEC);
		assert_true(made.node >= 0);
		assert_int_equal(getsockname(made.client, (struct sockaddr *)&own, &own_size), 0);
		if (own.sin_port == peer.sin_port)
			return made;
		assert_int_equal(close(made.node), 0); /* somebody's who only tried the port */
	}
}

static void disconnect(const struct connection *connection)
{
	assert_int_equal(close(connection->client), 0);
	assert_int_equal(close(connection->node), 0);
}

/* A word there and back. */
static void assert_talks(const struct connection *connection)
{
	char word = 'x';

	assert_int_equal(send(connection->client, &word, 1, MSG_NOSIGNAL), 1);
	assert_true(netns_readable(connection->node, PATIENCE_MS));
	assert_int_equal(recv(connection->node, &word, 1, 0), 1);
	assert_int_equal(send(connection->node, &word, 1, MSG_NOSIGNAL), 1);
	assert_true(netns_readable(connection->client, PATIENCE_MS));
	assert_int_equal(recv(connection->client, &word, 1, 0), 1);
}

static void read_group(const struct world *world, char group[64])
{
	const char *const words[] = {"cluster", "show", "demo", "-o", "json", NULL};
	char answer[8192];
	const char *found;

	assert_int_equal(fleet_command(world, answer, sizeof(answer), words), 0);
	found = strstr(answer, "\"security_group\":\"");
	assert_non_null(found);
	assert_int_equal(sscanf(found, "\"security_group\":\"%63[^\"]", group), 1);
}

static void rebinding_cuts_nothing_that_both_groups_accept(void **state)
{
	struct world *world = *state;
	struct connection kept[NODES], cut;
	char before[64], after[64];

	assert_int_equal(fleet_allow(world, "9379"), 0);
	read_group(world, before);
	for (size_t i = 0; i < NODES; i++)
		kept[i] = connect_to(world, i, 0);
	cut = connect_to(world, 0, 1);
	assert_talks(&cut);
	/* Nobody can be asked here. */
	assert_int_equal(FLEET_COMMAND(world, "cluster", "rebind", "demo"), 1);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "rebind", "demo", "--dry-run"), 5);
	read_group(world, after);
	assert_string_equal(before, after);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "rebind", "demo", "--yes", "--wait=30s"), 0);
	read_group(world, after);
	assert_string_not_equal(before, after);
	for (size_t i = 0; i < NODES; i++) {
		assert_talks(&kept[i]);
		fleet_assert_opens(world, i, 80);
		assert_false(fleet_opens(world, i, 9379));
	}
	/* What only the old group accepted is cut: the word is sent and never arrives. */
	assert_int_equal(send(cut.client, "x", 1, MSG_NOSIGNAL), 1);
	for (size_t i = 0; i < NODES; i++)
		assert_talks(&kept[i]);
	assert_false(netns_readable(cut.node, 0));
	assert_int_not_equal(FLEET_COMMAND(world, "group", "show", before), 0);
	for (size_t i = 0; i < NODES; i++)
		disconnect(&kept[i]);
	disconnect(&cut);
}

static void fixing_closes_what_is_risky(void **state)
{
	struct world *world = *state;

	assert_int_equal(FLEET_COMMAND(world, "cluster", "fix", "demo", "--dry-run"), 0);
	assert_int_equal(FLEET_COMMAND(world, "rule", "add", "demo", "allow", "tcp", "9000-9999", "from",
				       "any", "--force", "open-elasticsearch,open-kafka,open-cassandra",
				       "--wait"),
			 0);
	fleet_assert_opens(world, 0, 9379);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "check", "demo"), 0);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "fix", "demo", "--dry-run"), 5);
	fleet_assert_opens(world, 0, 9379);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "fix", "demo", "--yes", "--wait"), 0);
	for (size_t i = 0; i < NODES; i++) {
		assert_false(fleet_opens(world, i, 9379));
		fleet_assert_opens(world, i, 80);
	}
	assert_int_equal(FLEET_COMMAND(world, "cluster", "fix", "demo", "--dry-run"), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fleet_make, fleet_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(rebinding_cuts_nothing_that_both_groups_accept),
		TEST(fixing_closes_what_is_risky),
	};

	if (argc != 4)
		return 2;
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
