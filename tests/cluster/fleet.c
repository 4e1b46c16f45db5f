/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "scratch.h"

struct fleet_programs fleet_programs;
const char *const *fleet_controller_options;

const char *const fleet_names[NODES] = {"one", "two"};
const char *const fleet_addresses[NODES] = {"10.77.0.11", "10.77.0.12"};
const uint16_t fleet_ports[FLEET_PORTS] = {80, 9379, 9701, 9702};

void fleet_path(const struct world *world, const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s", world->folder, name);
}

void fleet_state(const struct world *world, size_t index, char path[128])
{
	scratch_state(path, 128, world->folder, fleet_names[index]);
}

/* ---- the wires ---- */

int fleet_join_switch(const struct world *world, const char *name, const char *address)
{
	int ns = netns_new();

	netns_run(world->hub,
		  "ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d && "
		  "ip link set %s master br0 up",
		  name, getpid(), ns, name);
	netns_run(ns, "ip address add %s/24 dev eth0 && ip link set eth0 up", address);
	return ns;
}

/* ---- the programs ---- */

void fleet_start_controller(struct world *world)
{
	char state[128], log[128];
	const char *argv[32] = {fleet_programs.controller,
				"--state",
				state,
				"--listen",
				CONTROLLER ":8443",
				"--name",
				CONTROLLER,
				"--name",
				RELAY};

	for (size_t i = 0; fleet_controller_options && fleet_controller_options[i]; i++)
		argv[9 + i] = fleet_controller_options[i];
	fleet_path(world, "controller", state);
	fleet_path(world, "controller.log", log);
	process_start(&world->controller, world->control, log, argv);
	process_expect_log(&world->controller, "listening");
}

int fleet_command(const struct world *world, char *output, size_t size, const char *const *words)
{
	const char *argv[16] = {fleet_programs.cli};

	for (size_t i = 0; words[i] && i < 14; i++)
		argv[i + 1] = words[i];
	return process_run(world->control, output, size, argv);
}

void fleet_pin_folder(const struct world *world, size_t index, char path[128])
{
	(void)snprintf(path, 128, "%s-%zu", world->pins, index);
}

void fleet_start_agent(struct world *world, size_t index)
{
	char state[128], log[128], pins[128];
	const char *argv[] = {fleet_programs.agent,
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

	fleet_state(world, index, state);
	fleet_pin_folder(world, index, pins);
	(void)snprintf(log, sizeof(log), "%.90s.log", state);
	process_start(&world->agents[index], world->nodes[index], log, argv);
}

/* The text of a member of a JSON object, whatever the spacing. */
static void find_text(const char *json, const char *key, char *text, size_t size)
{
	const char *at = strstr(json, key);
	const char *end;

	assert_non_null(at);
	at = strchr(at + strlen(key), ':');
	at = at ? strchr(at, '"') : NULL;
	end = at ? strchr(at + 1, '"') : NULL;
	assert_non_null(end);
	assert_true((size_t)(end - at) < size);
	(void)snprintf(text, size, "%.*s", (int)(end - at - 1), at + 1);
}

struct fleet_token fleet_make_token(const struct world *world)
{
	const char *const words[] = {"cluster", "join-token", "demo", "-o", "json", NULL};
	struct fleet_token made;
	char answer[4096];

	assert_int_equal(fleet_command(world, answer, sizeof(answer), words), 0);
	find_text(answer, "\"token\"", made.token, sizeof(made.token));
	find_text(answer, "\"ca_fingerprint\"", made.fingerprint, sizeof(made.fingerprint));
	return made;
}

int fleet_join(const struct world *world, size_t index, const char *url, const char *flag)
{
	struct fleet_token made = fleet_make_token(world);
	char state[128];
	const char *argv[] = {fleet_programs.agent,
			      "join",
			      "--server",
			      url,
			      "--token",
			      made.token,
			      "--ca-fingerprint",
			      made.fingerprint,
			      "--name",
			      fleet_names[index],
			      "--state",
			      state,
			      "--interface",
			      "eth0",
			      "--yes",
			      flag,
			      NULL};

	fleet_state(world, index, state);
	return process_run(world->nodes[index], NULL, 0, argv);
}

static void make_cluster(const struct world *world)
{
	assert_int_equal(
		FLEET_COMMAND(world, "network", "create", "net", "--kind", "vpc", "--cidr", "10.77.0.0/24"),
		0);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "create", "demo", "--network", "net", "--type",
				       "generic", "--profile", "standard", "--container-cidr",
				       "172.18.0.0/16", "--container-network", "overlay"),
			 0);
}

struct world *fleet_make_machines(void)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	(void)snprintf(world->pins, sizeof(world->pins), "%s", netns_pin_dir());
	world->hub = netns_new();
	netns_run(world->hub, "ip link add br0 type bridge && ip link set br0 up");
	world->control = fleet_join_switch(world, "control", CONTROLLER);
	world->relay_host = fleet_join_switch(world, "relay", RELAY);
	world->client = fleet_join_switch(world, "client", CLIENT);
	for (size_t i = 0; i < NODES; i++) {
		world->nodes[i] = fleet_join_switch(world, fleet_names[i], fleet_addresses[i]);
		for (size_t k = 0; k < FLEET_PORTS; k++)
			world->listeners[i][k] =
				process_listen(world->nodes[i], fleet_addresses[i], fleet_ports[k]);
	}
	return world;
}

void fleet_begin(struct world *world)
{
	char key[128], ca[128];

	fleet_path(world, "controller/admin-key", key);
	fleet_path(world, "controller/ca.pem", ca);
	fleet_start_controller(world);
	process_expect_log(&world->controller, "first admin key written");
	/* The file goes with its first use; the copy stays. */
	netns_run(world->control, "cp %s %s/key", key, world->folder);
	fleet_path(world, "key", key);
	assert_int_equal(setenv("RINGWALL_SERVER", URL, 1), 0);
	assert_int_equal(setenv("RINGWALL_CA", ca, 1), 0);
	assert_int_equal(setenv("RINGWALL_KEY_FILE", key, 1), 0);
	make_cluster(world);
	cutter_start(&world->cutter, world->relay_host, RELAY, CONTROLLER, 8443);
}

int fleet_make_unjoined(void **state)
{
	struct world *world = fleet_make_machines();

	fleet_begin(world);
	*state = world;
	return 0;
}

int fleet_make(void **state)
{
	struct world *world;

	assert_int_equal(fleet_make_unjoined(state), 0);
	world = *state;
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(fleet_join(world, i, i ? RELAY_URL : URL, NULL), 0);
		/* Who joined by the relay has no other way, though it is told of one. */
		if (i)
			netns_run(world->nodes[i], "ip route add unreachable " CONTROLLER "/32");
		fleet_start_agent(world, i);
	}
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "policy in force");
	return 0;
}

int fleet_free(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < NODES; i++) {
		char node_state[128], pins[128];
		const char *argv[] = {fleet_programs.agent, "detach", "--state", node_state,
				      "--pin-dir",          pins,     NULL};

		fleet_state(world, i, node_state);
		fleet_pin_folder(world, i, pins);
		process_stop(&world->agents[i], SIGKILL);
		(void)process_run(world->nodes[i], NULL, 0, argv);
		for (size_t k = 0; k < FLEET_PORTS; k++)
			(void)close(world->listeners[i][k]);
		(void)close(world->nodes[i]);
	}
	cutter_stop(&world->cutter);
	process_stop(&world->controller, SIGKILL);
	assert_int_equal(scratch_remove(world->folder), 0);
	(void)close(world->hub);
	(void)close(world->control);
	(void)close(world->relay_host);
	(void)close(world->client);
	free(world);
	return 0;
}

/* ---- what is seen ---- */

bool fleet_opens(const struct world *world, size_t index, uint16_t port)
{
	return process_connects(world->client, fleet_addresses[index], port);
}

void fleet_assert_opens(const struct world *world, size_t index, uint16_t port)
{
	process_assert_connects(world->client, fleet_addresses[index], port);
}

void fleet_expect_open(const struct world *world, uint16_t port)
{
	for (size_t i = 0; i < NODES; i++)
		process_expect_connects(world->client, fleet_addresses[i], port, true);
}

void fleet_assert_unchanged(const struct world *world)
{
	for (size_t i = 0; i < NODES; i++) {
		fleet_assert_opens(world, i, 80);
		assert_false(fleet_opens(world, i, 9379));
	}
}

int fleet_allow(const struct world *world, const char *port)
{
	return FLEET_COMMAND(world, "rule", "add", "demo", "allow", "tcp", port, "from", "any", "--wait=5s");
}
