/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/seal.h"
#include "base/file.h"
#include "fake_enforcer.h"
#include "scratch.h"

#define MINUTE 60000u

struct world {
	char folder[64];
	struct rw_agent_place place;
	struct rw_seal_peers peers;
	struct rw_connection items[RW_SEAL_CANDIDATES_MAX + 8];
	struct rw_connections connections;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	(void)snprintf(world->place.seal, sizeof(world->place.seal), "%s/seal", world->folder);
	world->connections.items = world->items;
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	rw_seal_remove(&world->place);
	assert_int_equal(rmdir(world->folder), 0);
	free(world);
	return 0;
}

/* A connection from 'remote' that this node serves at 'port'. */
static struct rw_connection *add(struct world *world, const char *remote, uint16_t port)
{
	struct rw_connection *connection = &world->items[world->connections.count++];

	*connection = (struct rw_connection){
		.interface = "eth0",
		.opener = {.direction = RW_DIRECTION_INGRESS,
			   .local_port = port,
			   .remote_port = (uint16_t)(40000 + world->connections.count)},
	};
	assert_int_equal(rw_address_parse(remote, &connection->opener.remote, NULL), 0);
	assert_int_equal(rw_address_parse("10.0.0.1", &connection->opener.local, NULL), 0);
	return connection;
}

static bool look(struct world *world, uint64_t now_ms)
{
	static const uint16_t ports[] = {22, 2222};

	return rw_seal_peers_look(&world->peers, &world->connections, ports, 2, now_ms);
}

static bool is_peer(const struct world *world, size_t index, const char *text)
{
	char own[RW_ADDRESS_TEXT_SIZE];

	if (index >= world->peers.count)
		return false;
	rw_address_format(&world->peers.items[index], own);
	return strcmp(own, text) == 0;
}

static void remembers_who_stays_longer_than_a_login_may_take(void **state)
{
	struct world *world = *state;

	(void)add(world, "192.0.2.1", 22);
	assert_false(look(world, 0));
	assert_false(look(world, 2 * MINUTE));
	assert_int_equal(world->peers.count, 0);
	assert_true(look(world, 3 * MINUTE));
	assert_true(is_peer(world, 0, "192.0.2.1"));
	assert_false(look(world, 4 * MINUTE));
}

static void forgets_those_who_were_thrown_out(void **state)
{
	struct world *world = *state;

	(void)add(world, "192.0.2.1", 22);
	assert_false(look(world, 0));
	world->connections.count = 0;
	assert_false(look(world, 1 * MINUTE));
	/* The same tuple again is another connection. */
	(void)add(world, "192.0.2.1", 22);
	assert_false(look(world, 3 * MINUTE));
	assert_int_equal(world->peers.count, 0);
	assert_true(look(world, 6 * MINUTE));
}

static void remembers_nobody_but_ssh_from_outside(void **state)
{
	struct world *world = *state;

	(void)add(world, "192.0.2.1", 443);
	add(world, "192.0.2.2", 22)->opener.direction = RW_DIRECTION_EGRESS;
	add(world, "192.0.2.3", 22)->interface[0] = '\0';
	assert_false(look(world, 0));
	assert_false(look(world, 9 * MINUTE));
	assert_int_equal(world->peers.count, 0);
}

static void puts_the_latest_first_and_drops_the_oldest(void **state)
{
	struct world *world = *state;
	char text[32];

	for (unsigned int i = 1; i <= RW_SEAL_PEERS_MAX + 1; i++) {
		world->connections.count = 0;
		(void)snprintf(text, sizeof(text), "192.0.2.%u", i);
		(void)add(world, text, 2222);
		(void)look(world, i * 10 * MINUTE);
		assert_true(look(world, i * 10 * MINUTE + 3 * MINUTE));
		assert_true(is_peer(world, 0, text));
	}
	assert_int_equal(world->peers.count, RW_SEAL_PEERS_MAX);
	assert_true(is_peer(world, RW_SEAL_PEERS_MAX - 1, "192.0.2.2"));
	/* Somebody who comes again is put first, and nobody is lost. */
	world->connections.count = 0;
	(void)add(world, "192.0.2.2", 22);
	(void)look(world, 1000 * MINUTE);
	assert_true(look(world, 1003 * MINUTE));
	assert_true(is_peer(world, 0, "192.0.2.2"));
	assert_true(is_peer(world, RW_SEAL_PEERS_MAX - 1, "192.0.2.3"));
}

static void bounds_what_it_watches(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < RW_ARRAY_COUNT(world->items); i++)
		(void)add(world, "192.0.2.1", 22);
	assert_false(look(world, 0));
	assert_int_equal(world->peers.candidate_count, RW_SEAL_CANDIDATES_MAX);
	assert_true(look(world, 3 * MINUTE));
	assert_int_equal(world->peers.count, 1);
}

static void keeps_peers_on_disk(void **state)
{
	struct world *world = *state;
	static struct rw_seal_peers read;
	char path[RW_AGENT_PATH_SIZE];

	(void)add(world, "192.0.2.1", 22);
	(void)add(world, "2001:db8::1", 22);
	(void)look(world, 0);
	(void)look(world, 3 * MINUTE);
	assert_int_equal(rw_seal_peers_save(&world->place, &world->peers, NULL), 0);
	rw_seal_peers_load(&world->place, &read);
	assert_int_equal(read.count, 2);
	assert_memory_equal(read.items, world->peers.items, 2 * sizeof(read.items[0]));
	/* A damaged list lets nobody in. */
	rw_agent_seal_path(&world->place, "ssh-peers", path);
	assert_int_equal(rw_file_write(path, "203.0.113.9\ncheck=0\n", 20, 0600, NULL), 0);
	rw_seal_peers_load(&world->place, &read);
	assert_int_equal(read.count, 0);
	assert_int_equal(rw_file_write(path, "203.0.113.9\n", 12, 0600, NULL), 0);
	rw_seal_peers_load(&world->place, &read);
	assert_int_equal(read.count, 0);
}

static void keeps_what_a_sealed_node_must_know(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(2222);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *read = NULL;
	struct world *world = *state;

	policy->enforcement = RW_MONITOR;
	policy->controllers = calloc(1, sizeof(*policy->controllers));
	policy->controller_count = 1;
	policy->controllers[0].port = 8443;
	assert_int_equal(rw_address_parse("10.0.0.2", &policy->controllers[0].address, NULL), 0);
	sealed = rw_seal_make(policy);
	assert_int_equal(rw_seal_load(&world->place, &read, NULL), RW_SEAL_ABSENT);
	assert_int_equal(rw_seal_save(&world->place, sealed, NULL), 0);
	(void)add(world, "192.0.2.1", 22);
	(void)look(world, 0);
	(void)look(world, 3 * MINUTE);
	assert_int_equal(rw_seal_peers_save(&world->place, &world->peers, NULL), 0);
	assert_true(rw_seal_exists(&world->place));
	assert_int_equal(rw_seal_load(&world->place, &read, NULL), 0);
	assert_int_equal(read->enforcement, RW_ENFORCE);
	assert_int_equal(read->interface_count, 1);
	assert_int_equal(read->interfaces[0].group_count, 0);
	assert_int_equal(read->controller_count, 1);
	assert_int_equal(read->ssh_ports[0], 2222);
	assert_int_equal(read->management_cidr_count, 1);
	assert_int_equal(read->group_count, 0);
	assert_int_equal(read->set_count, 0);
	rw_seal_remove(&world->place);
	assert_false(rw_seal_exists(&world->place));
}

static void seals_also_by_a_damaged_mark(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *read = NULL;
	struct world *world = *state;
	struct rw_error err = RW_ERROR_NONE;
	char path[RW_AGENT_PATH_SIZE];

	assert_int_equal(rw_file_make_folder(world->place.seal, 0700, NULL), 0);
	rw_agent_seal_path(&world->place, "policy", path);
	assert_int_equal(rw_file_write(path, "rubbish", 7, 0600, NULL), 0);
	assert_int_equal(rw_seal_load(&world->place, &read, &err), RW_SEAL_DAMAGED);
	assert_non_null(strstr(err.text, path));
	/* Whatever has an address is held. */
	assert_int_equal(read->network_cidr_count, 2);
	assert_int_equal(read->enforcement, RW_ENFORCE);
	assert_int_equal(read->controller_count, 0);
	assert_int_equal(read->management_cidr_count, 0);
}

static ino_t file_number(const struct world *world)
{
	char path[RW_AGENT_PATH_SIZE];
	struct stat status;

	rw_agent_seal_path(&world->place, "policy", path);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static void writes_only_what_is_not_there(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *other = fake_policy(2222);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = rw_seal_make(policy);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *changed = rw_seal_make(other);
	struct world *world = *state;
	ino_t number;

	assert_int_equal(rw_seal_save(&world->place, sealed, NULL), 0);
	number = file_number(world);
	assert_int_equal(rw_seal_save(&world->place, sealed, NULL), 0);
	assert_int_equal(file_number(world), number);
	assert_int_equal(rw_seal_save(&world->place, changed, NULL), 0);
	assert_int_not_equal(file_number(world), number);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(remembers_who_stays_longer_than_a_login_may_take),
		TEST(forgets_those_who_were_thrown_out),
		TEST(remembers_nobody_but_ssh_from_outside),
		TEST(puts_the_latest_first_and_drops_the_oldest),
		TEST(bounds_what_it_watches),
		TEST(keeps_peers_on_disk),
		TEST(keeps_what_a_sealed_node_must_know),
		TEST(seals_also_by_a_damaged_mark),
		TEST(writes_only_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
