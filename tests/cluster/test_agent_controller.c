/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "filter.h"
#include "scratch.h"
#include "storm.h"

/*
 * A real controller, two real agents and the operator's command line on one switch.  Agents are killed, the
 * controller is killed, streams are cut: what is refused stays refused all the time, and in the end every
 * node has what was ordered.
 */

#define STORM_SECONDS  20 /* of killing, unless the caller says otherwise */
#define STORM_PORT     9999
#define RETURN_SECONDS 45

static unsigned int storm_seconds = STORM_SECONDS;

static void enforces_a_rule_when_the_command_returns(void **state)
{
	struct world *world = *state;

	fleet_assert_unchanged(world);
	assert_int_equal(fleet_allow(world, "9379"), 0);
	for (size_t i = 0; i < NODES; i++)
		fleet_assert_opens(world, i, 9379);
	assert_int_equal(FLEET_COMMAND(world, "rule", "revoke", "demo", "allow", "tcp", "9379", "from", "any",
				       "--wait=5s"),
			 0);
	fleet_assert_unchanged(world);
}

/* Waits until the record of a node, as people see it, holds 'text'. */
static void expect_record(const struct world *world, size_t index, const char *text)
{
	const char *const words[] = {"node", "show", fleet_names[index], NULL};
	char output[8192] = "";

	for (int i = 0; i < 150; i++) {
		assert_int_equal(fleet_command(world, output, sizeof(output), words), 0);
		if (strstr(output, text))
			return;
		(void)usleep(100000);
	}
	fail_msg("\"%s\" is not in:\n%s", text, output);
}

static void does_not_believe_a_node_that_takes_the_address_of_another(void **state)
{
	struct world *world = *state;
	char held[128];

	/* It must not answer for it, or the network itself would be fooled. */
	netns_run(world->nodes[0],
		  "echo 8 > /proc/sys/net/ipv4/conf/eth0/arp_ignore; ip address add %s/32 dev eth0",
		  fleet_addresses[1]);
	(void)snprintf(held, sizeof(held), "%s on eth0 is held by node ", fleet_addresses[1]);
	expect_record(world, 0, held);
	expect_record(world, 1, fleet_addresses[1]);
	netns_run(world->nodes[0], "ip address del %s/32 dev eth0", fleet_addresses[1]);
	netns_run(world->nodes[0], "echo 0 > /proc/sys/net/ipv4/conf/eth0/arp_ignore");
	fleet_assert_unchanged(world);
}

/* What root on a node has, tried on what operators may. */
static void certificate_of_a_node_opens_nothing_of_operators(void **state)
{
	static const char script[] =
		"import http.client, ssl, sys\n"
		"context = ssl.create_default_context(cafile=sys.argv[1] + '/ca.pem')\n"
		"context.load_cert_chain(sys.argv[1] + '/cert.pem', sys.argv[1] + '/key.pem')\n"
		"for path in '/v1/nodes', '/v1/security-groups', '/v1/keys', '/v1/log', '/v1/model':\n"
		"    connection = http.client.HTTPSConnection('" CONTROLLER "', 8443, context=context)\n"
		"    connection.request('GET', path)\n"
		"    print(connection.getresponse().status, end=' ')\n";
	struct world *world = *state;
	char folder[128], output[256] = "";
	const char *const argv[] = {"/usr/bin/python3", "-c", script, folder, NULL};

	fleet_state(world, 0, folder);
	assert_int_equal(process_run(world->nodes[0], output, sizeof(output), argv), 0);
	assert_string_equal(output, "401 401 401 401 401 ");
}

static void enforces_on_and_converges_when_agents_are_killed(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < NODES; i++)
		process_stop(&world->agents[i], SIGKILL);
	fleet_assert_unchanged(world);
	assert_int_equal(FLEET_COMMAND(world, "rule", "add", "demo", "allow", "tcp", "9701", "from", "any"),
			 0);
	fleet_assert_unchanged(world);
	assert_false(fleet_opens(world, 0, 9701));
	for (size_t i = 0; i < NODES; i++)
		fleet_start_agent(world, i);
	fleet_expect_open(world, 9701);
	fleet_assert_unchanged(world);
}

static void enforces_on_and_converges_when_the_controller_is_killed(void **state)
{
	struct world *world = *state;

	process_stop(&world->controller, SIGKILL);
	fleet_assert_unchanged(world);

	/* Agents that start now have only what they saved. */
	for (size_t i = 0; i < NODES; i++) {
		process_stop(&world->agents[i], SIGTERM);
		fleet_start_agent(world, i);
		process_expect_log(&world->agents[i], "saved policy in force");
	}
	fleet_assert_unchanged(world);

	fleet_start_controller(world);
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "controller connected");
	assert_int_equal(fleet_allow(world, "9701"), 0);
	for (size_t i = 0; i < NODES; i++)
		fleet_assert_opens(world, i, 9701);
	fleet_assert_unchanged(world);
}

static char *read_text(const char *folder, const char *name)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	rw_buf_init(&buf, 65536);
	assert_int_equal(rw_file_read(path, &buf, NULL), 0);
	return rw_buf_take_text(&buf);
}

/* Gives node 0 a certificate of its own that ended long ago, as if its clock had gone on meanwhile. */
static void let_certificate_expire(const struct world *world)
{
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	int64_t then_s = rw_clock_realtime_ms(rw_clock_system()) / 1000 - INT64_C(200) * 86400;
	RW_CLEANUP(rw_free) char *ca = read_text(world->folder, "controller/ca.pem");
	RW_CLEANUP(rw_free) char *ca_key = read_text(world->folder, "controller/ca-key.pem");
	RW_CLEANUP(rw_free) char *request = NULL;
	RW_CLEANUP(rw_free) char *expired = NULL;
	RW_CLEANUP(rw_free) char *cert = NULL;
	RW_CLEANUP(rw_free) char *key = NULL;
	struct rw_cert_info info;
	char folder[128], path[160];

	fleet_state(world, 0, folder);
	cert = read_text(folder, "cert.pem");
	key = read_text(folder, "key.pem");
	(void)snprintf(path, sizeof(path), "%s/cert.pem", folder);
	assert_int_equal(rw_cert_read(cert, &info, NULL), 0);
	assert_int_equal(rw_cert_authority_new(ca, ca_key, rw_random_system(), &authority, NULL), 0);
	assert_int_equal(rw_cert_make_request(key, info.common_name, &request, NULL), 0);
	assert_int_equal(rw_cert_issue_agent(authority, request, info.common_name,
					     rw_cert_period_days(then_s, RW_CERT_AGENT_DAYS), &expired, NULL),
			 0);
	assert_int_equal(rw_file_write(path, expired, strlen(expired), 0644, NULL), 0);
}

static void enforces_on_with_an_expired_certificate_and_joins_again(void **state)
{
	struct world *world = *state;

	process_stop(&world->agents[0], SIGTERM);
	let_certificate_expire(world);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "saved policy in force");
	process_expect_log(&world->agents[0], "this node's certificate has expired at ");
	fleet_assert_unchanged(world);
	process_stop(&world->agents[0], SIGTERM);
	assert_int_equal(fleet_join(world, 0, URL, "--replace"), 0);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "controller connected");
	assert_int_equal(fleet_allow(world, "9701"), 0);
	fleet_assert_unchanged(world);
}

/* Repeats a command until it is not refused any more. */
static void expect_at_last(const struct world *world, const char *const *words)
{
	for (int i = 0; i < 600; i++) {
		if (fleet_command(world, NULL, 0, words) == 0)
			return;
		usleep(100000);
	}
	fail_msg("'ringwall %s %s' is refused for ever", words[0], words[1]);
}

static void follows_a_new_authority_without_a_gap(void **state)
{
	static const char *const switch_over[] = {"ca", "switch", NULL};
	static const char *const retire[] = {"ca", "retire", NULL};
	struct world *world = *state;

	assert_int_equal(FLEET_COMMAND(world, "ca", "renew"), 0);
	expect_at_last(world, switch_over);
	fleet_assert_unchanged(world);
	expect_at_last(world, retire);
	assert_int_equal(fleet_allow(world, "9701"), 0);
	/* What is left is of the new one alone, on both sides and over a start of both. */
	process_stop(&world->controller, SIGTERM);
	for (size_t i = 0; i < NODES; i++)
		process_stop(&world->agents[i], SIGTERM);
	fleet_start_controller(world);
	for (size_t i = 0; i < NODES; i++)
		fleet_start_agent(world, i);
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "controller connected");
	fleet_assert_unchanged(world);
	assert_int_equal(fleet_allow(world, "9379"), 0);
	for (size_t i = 0; i < NODES; i++)
		fleet_assert_opens(world, i, 9379);
}

/* Runs 'ringwalld COMMAND FILE' on the stopped controller's folder. */
static void keep_controller(const struct world *world, const char *word)
{
	char state[128], file[128];
	const char *argv[] = {fleet_programs.controller, "--state", state, word, file, NULL};

	fleet_path(world, "controller", state);
	fleet_path(world, "backup", file);
	assert_int_equal(process_run(world->control, NULL, 0, argv), 0);
}

static void takes_the_restored_policy_in_place_when_an_older_backup_comes_back(void **state)
{
	struct world *world = *state;
	char folder[128];

	assert_int_equal(fleet_allow(world, "9701"), 0);
	process_stop(&world->controller, SIGTERM);
	keep_controller(world, "backup");
	fleet_start_controller(world);
	/* The agents come back in their own time: packets tell, not --wait, which leaves out who is away. */
	assert_int_equal(
		FLEET_COMMAND(world, "rule", "revoke", "demo", "allow", "tcp", "9701", "from", "any"), 0);
	assert_int_equal(FLEET_COMMAND(world, "rule", "add", "demo", "allow", "tcp", "9702", "from", "any"),
			 0);
	for (size_t i = 0; i < NODES; i++) {
		process_expect_connects(world->client, fleet_addresses[i], 9702, true);
		process_expect_connects(world->client, fleet_addresses[i], 9701, false);
	}

	process_stop(&world->controller, SIGTERM);
	fleet_path(world, "controller", folder);
	netns_run(world->hub, "mv %s %s-lost", folder, folder);
	keep_controller(world, "restore");
	/* Nobody has told the agents: the policy that they have holds. */
	fleet_assert_unchanged(world);
	fleet_assert_opens(world, 0, 9702);
	assert_false(fleet_opens(world, 0, 9701));

	fleet_start_controller(world);
	/* Each look on the way: what both policies open is open, what neither does is refused. */
	for (unsigned int look = 0;
	     look < 40 && !(fleet_opens(world, 0, 9701) && fleet_opens(world, 1, 9701)); look++)
		fleet_assert_unchanged(world);
	for (size_t i = 0; i < NODES; i++) {
		fleet_assert_opens(world, i, 9701);
		process_expect_connects(world->client, fleet_addresses[i], 9702, false);
	}
	fleet_assert_unchanged(world);
	/* No fight: the next change arrives, and stays. */
	assert_int_equal(fleet_allow(world, "9702"), 0);
	for (size_t i = 0; i < NODES; i++) {
		fleet_assert_opens(world, i, 9702);
		fleet_assert_opens(world, i, 9701);
	}
	fleet_assert_unchanged(world);
}

/* Makes the cluster's rules a large list: a delta of many lines. */
static void apply_rules(const struct world *world, unsigned int round, uint16_t open)
{
	char path[128];
	FILE *file;

	fleet_path(world, "rules", path);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file,
		"cluster: demo\n- allow tcp 22 from 0.0.0.0/0\n- allow tcp 80 from any\n- allow icmp from "
		"any\n"
		"- allow tcp %u from any\n",
		open);
	for (unsigned int i = 0; i < 400; i++)
		fprintf(file, "- allow tcp %u from 192.0.2.%u/32\n", 10000 + i, round);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(FLEET_COMMAND(world, "apply", "-f", path), 0);
}

static void never_opens_and_converges_when_the_stream_is_cut_in_a_delta(void **state)
{
	static const uint64_t cuts[] = {1, 700, 5000, 17000, 40000};
	struct world *world = *state;

	for (unsigned int round = 0; round < RW_ARRAY_COUNT(cuts); round++) {
		unsigned int before = cutter_cuts(&world->cutter);
		uint16_t open = round % 2 ? 9701 : 9702;

		cutter_arm(&world->cutter, cuts[round]);
		apply_rules(world, round + 1, open);
		fleet_assert_unchanged(world);
		fleet_expect_open(world, open);
		/* The rule of the round before is gone from both. */
		for (size_t i = 0; i < NODES; i++)
			process_expect_connects(world->client, fleet_addresses[i], open == 9701 ? 9702 : 9701,
						false);
		fleet_assert_unchanged(world);
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
		fleet_start_controller(world);
		return;
	}
	/* One time in four as an upgrade ends the old agent. */
	process_stop(&world->agents[victim], rand() % 4 ? SIGKILL : SIGTERM);
	(void)poll(NULL, 0, rand() % 300);
	fleet_start_agent(world, (size_t)victim);
}

static void aim(const struct world *world, size_t index, struct storm_target *target)
{
	target->address = fleet_addresses[index];
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

/*
 * Waits until a rule lets the same datagrams pass: the node has come back, and the checker would have seen
 * them before.  An agent comes back after 30 s at the latest.
 */
static void expect_passes(const struct storm *storm, size_t index)
{
	const struct storm_target *target = &storm->targets[index];
	time_t end = monotonic_s() + RETURN_SECONDS;

	while (!filter_tells(storm->sender, target->receiver, target->address, target->port))
		assert_true(monotonic_s() < end);
}

static void refuses_and_keeps_flows_while_all_are_killed_at_random(void **state)
{
	struct world *world = *state;
	time_t end = monotonic_s() + (time_t)storm_seconds;
	unsigned int seed = (unsigned int)getpid(), kills = 0;
	struct storm storm;
	int status;

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
	/* Exit status 3 says that a node is still on its way back. */
	status = FLEET_COMMAND(world, "rule", "add", "demo", "allow", "udp", "9999", "from", "any");
	assert_true(status == 0 || status == 3);
	for (size_t i = 0; i < NODES; i++)
		expect_passes(&storm, i);
	fleet_assert_unchanged(world);
	storm_close(&storm);
}

static void refuses_to_join_a_foreign_controller(void **state)
{
	struct world *world = *state;
	char path[128];
	const char *argv[] = {fleet_programs.agent,
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

	scratch_state(path, sizeof(path), world->folder, "stranger");
	assert_int_equal(process_run(world->client, NULL, 0, argv), 1);
	assert_int_equal(access(path, F_OK), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fleet_make, fleet_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(enforces_a_rule_when_the_command_returns),
		TEST(does_not_believe_a_node_that_takes_the_address_of_another),
		TEST(certificate_of_a_node_opens_nothing_of_operators),
		TEST(enforces_on_and_converges_when_agents_are_killed),
		TEST(enforces_on_and_converges_when_the_controller_is_killed),
		TEST(takes_the_restored_policy_in_place_when_an_older_backup_comes_back),
		TEST(follows_a_new_authority_without_a_gap),
		TEST(enforces_on_with_an_expired_certificate_and_joins_again),
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
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
