/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cutter.h"
#include "filter.h"
#include "netns.h"
#include "process.h"
#include "storm.h"

/*
 * A real controller, two real agents and the operator's command line on one switch.  Agents are killed, the
 * controller is killed, streams are cut: what is refused stays refused all the time, and in the end every
 * node has what was ordered.
 */

#define CONTROLLER "10.77.0.2"
#define RELAY      "10.77.0.3"
#define CLIENT     "10.77.0.4"
#define URL        "https://" CONTROLLER ":8443"
#define RELAY_URL  "https://" RELAY ":8443"

#define NODES 2

#define STORM_SECONDS 20 /* of killing, unless the caller says otherwise */
#define STORM_PORT    9999

static const char *ringwalld, *ringwall_agent, *ringwall;
static unsigned int storm_seconds = STORM_SECONDS;

static const char *const node_names[NODES] = {"one", "two"};
static const char *const node_addresses[NODES] = {"10.77.0.11", "10.77.0.12"};

/* Ports that listen on every node: 80 is open by default, the others as the tests go. */
static const uint16_t ports[] = {80, 6379, 7001, 7002};

struct world {
	char folder[64];
	char pins[96];
	int hub, control, relay_host, client;
	int nodes[NODES];
	int listeners[NODES][RW_ARRAY_COUNT(ports)];
	struct process controller;
	struct process agents[NODES];
	struct cutter cutter;
};

static void path_of(const struct world *world, const char *name, char *path)
{
	(void)snprintf(path, 128, "%s/%s", world->folder, name);
}

/* ---- the wires ---- */

static int join_switch(const struct world *world, const char *name, const char *address)
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

static void start_controller(struct world *world)
{
	char state[128], log[128];
	const char *argv[] = {ringwalld, "--state",  state,    "--listen", CONTROLLER ":8443",
			      "--name",  CONTROLLER, "--name", RELAY,      NULL};

	path_of(world, "controller", state);
	path_of(world, "controller.log", log);
	process_start(&world->controller, world->control, log, argv);
	process_expect_log(&world->controller, "listening");
}

/* Runs the command line on the controller's host: up to six words. */
static int command(const struct world *world, char *output, size_t size, const char *const *words)
{
	const char *argv[16] = {ringwall};

	for (size_t i = 0; words[i] && i < 14; i++)
		argv[i + 1] = words[i];
	return process_run(world->control, output, size, argv);
}

#define COMMAND(world, ...) command(world, NULL, 0, (const char *const[]){__VA_ARGS__, NULL})

static void pin_folder(const struct world *world, size_t index, char *path)
{
	(void)snprintf(path, 128, "%s-%zu", world->pins, index);
}

static void start_agent(struct world *world, size_t index)
{
	char state[128], log[128], pins[128];
	const char *argv[] = {
		ringwall_agent,   "run", "--state",        state,  "--pin-dir", pins, "--interface", "eth0",
		"--table-memory", "16",  "--flow-entries", "4096", NULL};

	path_of(world, node_names[index], state);
	pin_folder(world, index, pins);
	(void)snprintf(log, sizeof(log), "%.90s.log", state);
	process_start(&world->agents[index], world->nodes[index], log, argv);
}

static void join(struct world *world, size_t index, const char *url)
{
	char state[128], answer[4096], token[160], fingerprint[80];
	const char *argv[] = {ringwall_agent,
			      "join",
			      "--server",
			      url,
			      "--token",
			      token,
			      "--ca-fingerprint",
			      fingerprint,
			      "--name",
			      node_names[index],
			      "--state",
			      state,
			      "--interface",
			      "eth0",
			      NULL};
	const char *const words[] = {"cluster", "join-token", "demo", "-o", "json", NULL};
	const char *at;

	path_of(world, node_names[index], state);
	assert_int_equal(command(world, answer, sizeof(answer), words), 0);
	at = strstr(answer, "\"token\":");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "\"token\":%*[ ]\"%159[^\"]\"", token) == 1 ||
				 sscanf(at, "\"token\":\"%159[^\"]\"", token) == 1,
			 1);
	at = strstr(answer, "\"ca_fingerprint\":");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "\"ca_fingerprint\":%*[ ]\"%79[^\"]\"", fingerprint) == 1 ||
				 sscanf(at, "\"ca_fingerprint\":\"%79[^\"]\"", fingerprint) == 1,
			 1);
	assert_int_equal(process_run(world->nodes[index], NULL, 0, argv), 0);
}

static void make_cluster(const struct world *world)
{
	assert_int_equal(
		COMMAND(world, "network", "create", "net", "--kind", "vpc", "--cidr", "10.77.0.0/24"), 0);
	assert_int_equal(COMMAND(world, "cluster", "create", "demo", "--network", "net", "--type", "generic",
				 "--profile", "standard", "--container-cidr", "172.18.0.0/16",
				 "--container-network", "overlay"),
			 0);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char key[128], ca[128];

	assert_non_null(world);
	strcpy(world->folder, "/tmp/ringwall-test-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	(void)snprintf(world->pins, sizeof(world->pins), "%s", netns_pin_dir());
	world->hub = netns_new();
	netns_run(world->hub, "ip link add br0 type bridge && ip link set br0 up");
	world->control = join_switch(world, "control", CONTROLLER);
	world->relay_host = join_switch(world, "relay", RELAY);
	world->client = join_switch(world, "client", CLIENT);
	for (size_t i = 0; i < NODES; i++) {
		world->nodes[i] = join_switch(world, node_names[i], node_addresses[i]);
		for (size_t k = 0; k < RW_ARRAY_COUNT(ports); k++)
			world->listeners[i][k] = process_listen(world->nodes[i], node_addresses[i], ports[k]);
	}
	path_of(world, "controller/admin-key", key);
	path_of(world, "controller/ca.pem", ca);
	start_controller(world);
	/* The file goes with its first use; the copy stays. */
	netns_run(world->control, "cp %s %s/key", key, world->folder);
	path_of(world, "key", key);
	assert_int_equal(setenv("RINGWALL_SERVER", URL, 1), 0);
	assert_int_equal(setenv("RINGWALL_CA", ca, 1), 0);
	assert_int_equal(setenv("RINGWALL_KEY_FILE", key, 1), 0);
	make_cluster(world);
	cutter_start(&world->cutter, world->relay_host, RELAY, CONTROLLER, 8443);
	for (size_t i = 0; i < NODES; i++) {
		join(world, i, i ? RELAY_URL : URL);
		start_agent(world, i);
	}
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "policy in force");
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < NODES; i++) {
		char node_state[128], pins[128];
		const char *argv[] = {ringwall_agent, "detach", "--state", node_state,
				      "--pin-dir",    pins,     NULL};

		path_of(world, node_names[i], node_state);
		pin_folder(world, i, pins);
		process_stop(&world->agents[i], SIGKILL);
		(void)process_run(world->nodes[i], NULL, 0, argv);
		for (size_t k = 0; k < RW_ARRAY_COUNT(ports); k++)
			(void)close(world->listeners[i][k]);
		netns_run(world->hub,
			  "rm -rf $(grep -ls %s-%zu /run/ringwall-agent/*/pin-dir | xargs -r dirname)",
			  world->pins, i);
		(void)close(world->nodes[i]);
	}
	cutter_stop(&world->cutter);
	process_stop(&world->controller, SIGKILL);
	netns_run(world->hub, "rm -rf %s", world->folder);
	(void)close(world->hub);
	(void)close(world->control);
	(void)close(world->relay_host);
	(void)close(world->client);
	free(world);
	return 0;
}

/* ---- what is seen ---- */

static bool opens(const struct world *world, size_t index, uint16_t port)
{
	return process_connects(world->client, node_addresses[index], port);
}

static void expect_open(const struct world *world, uint16_t port)
{
	for (size_t i = 0; i < NODES; i++)
		process_expect_connects(world->client, node_addresses[i], port, true);
}

/* What was open stays so, what was refused stays refused. */
static void assert_unchanged(const struct world *world)
{
	for (size_t i = 0; i < NODES; i++) {
		assert_true(opens(world, i, 80));
		assert_false(opens(world, i, 6379));
	}
}

/* Adds a rule and waits until the nodes enforce it. */
static int allow(const struct world *world, const char *port)
{
	return COMMAND(world, "rule", "add", "demo", "allow", "tcp", port, "from", "any", "--wait=5s");
}

static void enforces_a_rule_when_the_command_returns(void **state)
{
	struct world *world = *state;

	assert_unchanged(world);
	assert_int_equal(allow(world, "6379"), 0);
	for (size_t i = 0; i < NODES; i++)
		assert_true(opens(world, i, 6379));
	assert_int_equal(
		COMMAND(world, "rule", "revoke", "demo", "allow", "tcp", "6379", "from", "any", "--wait=5s"),
		0);
	assert_unchanged(world);
}

static void enforces_on_and_converges_when_agents_are_killed(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < NODES; i++)
		process_stop(&world->agents[i], SIGKILL);
	assert_unchanged(world);
	assert_int_equal(COMMAND(world, "rule", "add", "demo", "allow", "tcp", "7001", "from", "any"), 0);
	assert_unchanged(world);
	assert_false(opens(world, 0, 7001));
	for (size_t i = 0; i < NODES; i++)
		start_agent(world, i);
	expect_open(world, 7001);
	assert_unchanged(world);
}

static void enforces_on_and_converges_when_the_controller_is_killed(void **state)
{
	struct world *world = *state;

	process_stop(&world->controller, SIGKILL);
	assert_unchanged(world);

	/* Agents that start now have only what they saved. */
	for (size_t i = 0; i < NODES; i++) {
		process_stop(&world->agents[i], SIGTERM);
		start_agent(world, i);
		process_expect_log(&world->agents[i], "saved policy in force");
	}
	assert_unchanged(world);

	start_controller(world);
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "controller connected");
	assert_int_equal(allow(world, "7001"), 0);
	for (size_t i = 0; i < NODES; i++)
		assert_true(opens(world, i, 7001));
	assert_unchanged(world);
}

/* Makes the cluster's rules a large list: a delta of many lines. */
static void apply_rules(const struct world *world, unsigned int round, uint16_t open)
{
	char path[128];
	FILE *file;

	path_of(world, "rules", path);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file,
		"cluster: demo\n- allow tcp 22 from any\n- allow tcp 80 from any\n- allow icmp from any\n"
		"- allow tcp %u from any\n",
		open);
	for (unsigned int i = 0; i < 400; i++)
		fprintf(file, "- allow tcp %u from 192.0.2.%u/32\n", 10000 + i, round);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(COMMAND(world, "apply", "-f", path), 0);
}

static void never_opens_and_converges_when_the_stream_is_cut_in_a_delta(void **state)
{
	static const uint64_t cuts[] = {1, 700, 5000, 17000, 40000};
	struct world *world = *state;

	for (unsigned int round = 0; round < RW_ARRAY_COUNT(cuts); round++) {
		unsigned int before = cutter_cuts(&world->cutter);
		uint16_t open = round % 2 ? 7001 : 7002;

		cutter_arm(&world->cutter, cuts[round]);
		apply_rules(world, round + 1, open);
		assert_unchanged(world);
		expect_open(world, open);
		/* The rule of the round before is gone from both. */
		for (size_t i = 0; i < NODES; i++)
			process_expect_connects(world->client, node_addresses[i], open == 7001 ? 7002 : 7001,
						false);
		assert_unchanged(world);
		assert_int_equal(cutter_cuts(&world->cutter), before + 1);
	}
}

/* ---- killing at random ---- */

/* Kills one of the three programs and starts it again, each after a time of chance. */
static void kill_and_restart(struct world *world)
{
	int victim = rand() % (NODES + 1);

	(void)poll(NULL, 0, rand() % 600);
	if (victim == NODES) {
		process_stop(&world->controller, SIGKILL);
		(void)poll(NULL, 0, rand() % 300);
		start_controller(world);
		return;
	}
	/* One time in four as an upgrade ends the old agent. */
	process_stop(&world->agents[victim], rand() % 4 ? SIGKILL : SIGTERM);
	(void)poll(NULL, 0, rand() % 300);
	start_agent(world, (size_t)victim);
}

static void aim(const struct world *world, size_t index, struct storm_target *target)
{
	target->address = node_addresses[index];
	target->port = STORM_PORT;
	target->receiver = filter_udp(world->nodes[index], target->address, STORM_PORT);
	target->client = filter_connect(world->client, CLIENT, target->address, 80);
	target->server = filter_accept(world->listeners[index][0]);
	assert_true(target->client >= 0 && target->server >= 0);
}

static time_t monotonic_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void refuses_and_keeps_flows_while_all_are_killed_at_random(void **state)
{
	struct world *world = *state;
	time_t end = monotonic_s() + (time_t)storm_seconds;
	unsigned int seed = (unsigned int)getpid(), kills = 0;
	struct storm storm;

	print_message("seed %u, %u s\n", seed, storm_seconds);
	srand(seed);
	memset(&storm, 0, sizeof(storm));
	storm.sender = filter_udp(world->client, CLIENT, 0);
	for (size_t i = 0; i < NODES; i++)
		aim(world, i, storm_add(&storm));
	storm_begin(&storm);
	for (; monotonic_s() < end; kills++)
		kill_and_restart(world);
	storm_end(&storm);
	print_message("%u kills, %lu refused datagrams sent, %lu passed, %lu words, %lu lost\n", kills,
		      storm.probes, storm.passed, storm.words, storm.lost);
	assert_true(kills > 0 && storm.probes > 0);
	assert_int_equal(storm.passed, 0);
	assert_int_equal(storm.lost, 0);
	/* All come together again; and a rule lets the same datagrams pass, so that the checker saw them. */
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "policy in force");
	assert_int_equal(
		COMMAND(world, "rule", "add", "demo", "allow", "udp", "9999", "from", "any", "--wait=15s"),
		0);
	for (size_t i = 0; i < NODES; i++)
		assert_true(
			filter_tells(storm.sender, storm.targets[i].receiver, node_addresses[i], STORM_PORT));
	assert_unchanged(world);
	storm_close(&storm);
}

static void refuses_to_join_a_foreign_controller(void **state)
{
	struct world *world = *state;
	char path[128];
	const char *argv[] = {ringwall_agent,
			      "join",
			      "--server",
			      URL,
			      "--token",
			      "j-0000000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			      "--ca-fingerprint",
			      "0000000000000000000000000000000000000000000000000000000000000000",
			      "--state",
			      path,
			      "--interface",
			      "eth0",
			      NULL};

	path_of(world, "stranger", path);
	assert_int_equal(process_run(world->client, NULL, 0, argv), 1);
	assert_int_equal(access(path, F_OK), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(enforces_a_rule_when_the_command_returns),
		TEST(enforces_on_and_converges_when_agents_are_killed),
		TEST(enforces_on_and_converges_when_the_controller_is_killed),
		TEST(never_opens_and_converges_when_the_stream_is_cut_in_a_delta),
		TEST(refuses_to_join_a_foreign_controller),
		TEST(refuses_and_keeps_flows_while_all_are_killed_at_random),
	};

	/* With seconds at the end: the killing alone, so long. */
	if (argc == 5) {
		storm_seconds = (unsigned int)strtoul(argv[4], NULL, 10);
		cmocka_set_test_filter("*killed_at_random");
	}
	if (argc < 4 || argc > 5 || !storm_seconds)
		return 2;
	ringwalld = argv[1];
	ringwall_agent = argv[2];
	ringwall = argv[3];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
