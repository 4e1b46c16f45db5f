/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "scratch.h"

/*
 * Three machines with a controller and a member of etcd each, two nodes: what nodes do to packets while controllers and
 * etcd fail.  What becomes of changes meanwhile is in test_controllers.py.
 */

#define MACHINES 3
#define LOOKS    60 /* looks at what is not there yet: each takes half a second and more */

static const char *const addresses[MACHINES] = {CONTROLLER, "10.77.0.5", "10.77.0.6"};
static const char *const urls[MACHINES] = {URL, "https://10.77.0.5:8443", "https://10.77.0.6:8443"};
#define ALL_URLS URL ",https://10.77.0.5:8443,https://10.77.0.6:8443"
#define MEMBERS  "a=http://" CONTROLLER ":2380,b=http://10.77.0.5:2380,c=http://10.77.0.6:2380"

static const char *const options[] = {
	"--etcd", "http://" CONTROLLER ":2379", "--etcd", "http://10.77.0.5:2379",
	"--etcd", "http://10.77.0.6:2379",      NULL};

struct several {
	struct world *world;
	int machines[MACHINES];
	struct process members[MACHINES];
	struct process standbys[MACHINES]; /* the first is the world's */
	struct process agents[MACHINES];   /* of machines that are nodes, too */
};

static struct several several;

static struct process *controller(size_t index)
{
	return index ? &several.standbys[index] : &several.world->controller;
}

/* ---- the programs ---- */

static void start_member(size_t index)
{
	static const char *const names[MACHINES] = {"a", "b", "c"};
	char folder[128], log[160], client[64], peer[64];
	const char *argv[] = {"/usr/bin/etcd",
			      "--name",
			      names[index],
			      "--data-dir",
			      folder,
			      "--listen-client-urls",
			      client,
			      "--advertise-client-urls",
			      client,
			      "--listen-peer-urls",
			      peer,
			      "--initial-advertise-peer-urls",
			      peer,
			      "--initial-cluster",
			      MEMBERS,
			      "--logger",
			      "zap",
			      "--log-level",
			      "error",
			      "--unsafe-no-fsync",
			      NULL};

	fleet_path(several.world, names[index], folder);
	(void)snprintf(log, sizeof(log), "%s.log", folder);
	(void)snprintf(client, sizeof(client), "http://%s:2379", addresses[index]);
	(void)snprintf(peer, sizeof(peer), "http://%s:2380", addresses[index]);
	process_start(&several.members[index], several.machines[index], log, argv);
}

static void start_controller(size_t index)
{
	char name[32], state[128], log[160], listen[32];
	const char *argv[] = {fleet_programs.controller,
			      "--state",
			      state,
			      "--listen",
			      listen,
			      "--name",
			      addresses[index],
			      options[0],
			      options[1],
			      options[2],
			      options[3],
			      options[4],
			      options[5],
			      NULL};

	if (index == 0) {
		fleet_start_controller(several.world);
		return;
	}
	(void)snprintf(name, sizeof(name), "controller-%zu", index);
	fleet_path(several.world, name, state);
	(void)snprintf(log, sizeof(log), "%s.log", state);
	(void)snprintf(listen, sizeof(listen), "%s:8443", addresses[index]);
	process_start(&several.standbys[index], several.machines[index], log, argv);
	process_expect_log(&several.standbys[index], "listening");
}

static void copy_master_key(size_t index)
{
	char from[128], to[128], name[32];

	fleet_path(several.world, "controller/master-key", from);
	(void)snprintf(name, sizeof(name), "controller-%zu", index);
	fleet_path(several.world, name, to);
	netns_run(several.world->control, "install -d -m 700 %s && install -m 600 %s %s/master-key", to, from,
		  to);
}

/* ---- machines that are nodes, too ---- */

static const char *const machine_names[MACHINES] = {"machine-0", "machine-1", "machine-2"};

static void machine_paths(size_t index, char state[128], char pins[128])
{
	scratch_state(state, 128, several.world->folder, machine_names[index]);
	fleet_pin_folder(several.world, NODES + index, pins);
}

static void enforce_machine(size_t index)
{
	struct fleet_token made = fleet_make_token(several.world);
	char state[128], pins[128], log[160];
	const char *join[] = {fleet_programs.agent,
			      "join",
			      "--server",
			      urls[0],
			      "--server",
			      urls[1],
			      "--server",
			      urls[2],
			      "--token",
			      made.token,
			      "--ca-fingerprint",
			      made.fingerprint,
			      "--name",
			      machine_names[index],
			      "--state",
			      state,
			      "--interface",
			      "eth0",
			      "--yes",
			      NULL};
	const char *run[] = {fleet_programs.agent,
			     "run",
			     "--state",
			     state,
			     "--pin-dir",
			     pins,
			     "--interface",
			     "eth0",
			     "--table-memory",
			     "16",
			     "--flow-entries",
			     "4096",
			     NULL};

	machine_paths(index, state, pins);
	(void)snprintf(log, sizeof(log), "%s.log", state);
	assert_int_equal(process_run(several.machines[index], NULL, 0, join), 0);
	process_start(&several.agents[index], several.machines[index], log, run);
	process_expect_log(&several.agents[index], "policy in force");
}

static void release_machine(size_t index)
{
	char state[128], pins[128];
	const char *argv[] = {fleet_programs.agent, "detach", "--state", state, "--pin-dir", pins, NULL};

	if (!several.agents[index].pid)
		return;
	machine_paths(index, state, pins);
	process_stop(&several.agents[index], SIGKILL);
	(void)process_run(several.machines[index], NULL, 0, argv);
}

static int make(void **state)
{
	struct world *world = fleet_make_machines();

	several = (struct several){.world = world};
	*state = world;
	several.machines[0] = world->control;
	for (size_t i = 1; i < MACHINES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "machine-%zu", i);
		several.machines[i] = fleet_join_switch(world, name, addresses[i]);
	}
	for (size_t i = 0; i < MACHINES; i++)
		start_member(i);
	fleet_controller_options = options;
	fleet_begin(world);
	for (size_t i = 1; i < MACHINES; i++) {
		copy_master_key(i);
		start_controller(i);
	}
	assert_int_equal(setenv("RINGWALL_SERVER", ALL_URLS, 1), 0);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(fleet_join(world, i, URL, NULL), 0);
		fleet_start_agent(world, i);
	}
	for (size_t i = 0; i < NODES; i++) {
		process_expect_log(&world->agents[i], "policy in force");
		process_expect_log(&world->agents[i], "which ones there are  controllers=3");
	}
	return 0;
}

static int unmake(void **state)
{
	for (size_t i = 0; i < MACHINES; i++)
		release_machine(i);
	for (size_t i = 0; i < MACHINES; i++)
		process_stop(controller(i), SIGKILL);
	for (size_t i = 0; i < MACHINES; i++)
		process_stop(&several.members[i], SIGKILL);
	for (size_t i = 1; i < MACHINES; i++)
		(void)close(several.machines[i]);
	fleet_controller_options = NULL;
	return fleet_free(state);
}

/* ---- who serves ---- */

static bool serves(size_t index)
{
	return controller(index)->pid && FLEET_COMMAND(several.world, "status", "--server", urls[index]) == 0;
}

/* The one that serves; MACHINES when none does.  Nodes decide as ever while it is looked for. */
static size_t find_active(void)
{
	for (size_t i = 0; i < MACHINES; i++) {
		fleet_assert_unchanged(several.world);
		if (serves(i))
			return i;
	}
	return MACHINES;
}

/* Waits until one serves that is not 'gone'. */
static size_t expect_active(size_t gone)
{
	for (int look = 0; look < LOOKS; look++) {
		size_t index = find_active();

		if (index < MACHINES && index != gone)
			return index;
	}
	fail_msg("nobody has taken over");
	return MACHINES;
}

/* A change is made through whoever serves, and both nodes, which call there again, enforce it. */
static void expect_change(const char *port)
{
	assert_int_equal(FLEET_COMMAND(several.world, "rule", "add", "demo", "allow", "tcp", port, "from",
				       "any", "--wait=60s", "--wait-all"),
			 0);
	for (size_t i = 0; i < NODES; i++)
		fleet_assert_opens(several.world, i, (uint16_t)atoi(port));
	fleet_assert_unchanged(several.world);
}

/* ---- what nodes do meanwhile ---- */

static void enforces_all_along_while_a_killed_controller_is_followed(void **state)
{
	size_t first = expect_active(MACHINES);
	size_t second;

	(void)state;
	expect_change("9701");
	process_stop(controller(first), SIGKILL);
	second = expect_active(first);
	expect_change("9702");
	/* Once more, with the first as one that stands by. */
	start_controller(first);
	process_stop(controller(second), SIGTERM);
	(void)expect_active(second);
	assert_int_equal(FLEET_COMMAND(several.world, "rule", "revoke", "demo", "allow", "tcp", "9701",
				       "from", "any", "--wait=60s", "--wait-all"),
			 0);
	for (size_t i = 0; i < NODES; i++)
		assert_false(fleet_opens(several.world, i, 9701));
}

static void enforces_all_along_while_a_frozen_controller_is_followed(void **state)
{
	size_t first = expect_active(MACHINES);

	(void)state;
	process_signal(controller(first), SIGSTOP);
	(void)expect_active(first);
	expect_change("9701");
	process_signal(controller(first), SIGCONT);
	expect_change("9702");
	assert_false(serves(first));
}

static void enforces_all_along_while_etcd_is_gone(void **state)
{
	(void)state;
	(void)expect_active(MACHINES);
	process_stop(&several.members[0], SIGKILL);
	expect_change("9701");
	process_stop(&several.members[1], SIGKILL);
	assert_int_not_equal(
		FLEET_COMMAND(several.world, "rule", "add", "demo", "allow", "tcp", "9999", "from", "any"),
		0);
	for (int look = 0; find_active() < MACHINES; look++)
		assert_true(look < LOOKS);
	/* Also who starts anew meanwhile: its agent has what it has saved. */
	process_stop(&several.world->agents[0], SIGKILL);
	fleet_start_agent(several.world, 0);
	process_expect_log(&several.world->agents[0], "policy in force");
	fleet_assert_unchanged(several.world);
	start_member(0);
	start_member(1);
	(void)expect_active(MACHINES);
	expect_change("9702");
}

/* Neither the default rules nor one that refuses everything that goes out come between controllers and etcd. */
static void lets_controllers_and_etcd_speak_on_machines_that_are_nodes(void **state)
{
	int elsewhere = process_listen(several.world->client, CLIENT, 9701);
	size_t first;

	(void)state;
	for (size_t i = 0; i < MACHINES; i++)
		enforce_machine(i);
	process_assert_connects(several.machines[1], CLIENT, 9701);
	assert_int_equal(FLEET_COMMAND(several.world, "rule", "add", "demo", "drop", "all", "to", "any",
				       "--wait=60s", "--wait-all"),
			 0);
	assert_false(process_connects(several.machines[1], CLIENT, 9701));
	(void)close(elsewhere);
	expect_change("9701");
	/* Whose turn it is, and which members of etcd are left to it: all ways are needed at some time. */
	for (size_t gone = 0; gone < MACHINES; gone++) {
		process_stop(&several.members[gone], SIGKILL);
		first = expect_active(MACHINES);
		process_stop(controller(first), SIGTERM);
		(void)expect_active(first);
		start_controller(first);
		start_member(gone);
	}
	expect_change("9702");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(enforces_all_along_while_a_killed_controller_is_followed),
		TEST(enforces_all_along_while_a_frozen_controller_is_followed),
		TEST(enforces_all_along_while_etcd_is_gone),
		TEST(lets_controllers_and_etcd_speak_on_machines_that_are_nodes),
	};

	if (argc != 4)
		return 2;
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
