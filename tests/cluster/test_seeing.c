/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "exposition.h"

/* What a real controller and real agents tell people and Prometheus. */

#define LOOK_MS     250
#define LOOKS       160
#define ANSWER_SIZE (256u << 10)

static const char *page; /* docs/metrics.md */
static char answer[ANSWER_SIZE];

static const struct exposition *scrape(const struct world *world)
{
	/* As Prometheus does: with a key and the authority's certificate. */
	static const char script[] =
		"import os, ssl, sys, urllib.request as request\n"
		"key = open(os.environ['RINGWALL_KEY_FILE']).read().strip()\n"
		"context = ssl.create_default_context(cafile=os.environ['RINGWALL_CA'])\n"
		"wanted = request.Request(os.environ['RINGWALL_SERVER'] + '/metrics',\n"
		"                         headers={'Authorization': 'Bearer ' + key})\n"
		"sys.stdout.write(request.urlopen(wanted, context=context).read().decode())\n";
	static const char *const argv[] = {"/usr/bin/python3", "-c", script, NULL};
	static struct exposition exposition;

	assert_int_equal(process_run(world->control, answer, sizeof(answer), argv), 0);
	exposition_read(&exposition, answer);
	return &exposition;
}

/* Waits until a sample is at least so large. */
static void expect_at_least(const struct world *world, const char *sample, double wanted)
{
	for (int look = 0; look < LOOKS; look++) {
		if (exposition_value(scrape(world), sample) >= wanted)
			return;
		(void)poll(NULL, 0, LOOK_MS);
	}
	fail_msg("%s never was %f", sample, wanted);
}

static const char *agent_says(const struct world *world, size_t index, const char *word)
{
	char state[128], pins[128];
	const char *argv[] = {fleet_programs.agent, word, "--state", state, "--pin-dir", pins, NULL};

	fleet_state(world, index, state);
	fleet_pin_folder(world, index, pins);
	assert_int_equal(process_run(world->nodes[index], answer, sizeof(answer), argv), 0);
	return answer;
}

static const char *cli_says(const struct world *world, const char *const *words)
{
	assert_int_equal(fleet_command(world, answer, sizeof(answer), words), 0);
	return answer;
}
#define CLI_SAYS(world, ...) cli_says(world, (const char *const[]){__VA_ARGS__, NULL})

static void counts_what_nodes_drop_and_hold(void **state)
{
	struct world *world = *state;

	exposition_expect_documented(scrape(world), page, "## Controller");
	expect_at_least(world, "ringwall_nodes{state=\"connected\"}", NODES);
	assert_true(exposition_value(scrape(world), "ringwall_agent_streams") == NODES);
	assert_true(exposition_value(scrape(world), "ringwall_store_commit_seconds_count") > 0);
	/* Counting begins with a node's second report. */
	expect_at_least(world, "ringwall_agent_reports_total", 3 * NODES);
	assert_false(fleet_opens(world, 0, 9379));
	fleet_assert_opens(world, 0, 80);
	expect_at_least(world, "ringwall_dropped_packets_total{cause=\"default\"}", 1);
	assert_int_equal(fleet_allow(world, "9379"), 0);
	expect_at_least(world, "ringwall_apply_seconds_count", NODES);
	assert_true(exposition_value(scrape(world), "ringwall_applied_lag_seconds") == 0);
	assert_true(exposition_value(scrape(world), "ringwall_flow_capacity") > 0);
}

static void tells_people_of_each_node(void **state)
{
	struct world *world = *state;
	const char *text;

	expect_at_least(world, "ringwall_nodes{state=\"connected\"}", NODES);
	text = CLI_SAYS(world, "status");
	assert_non_null(strstr(text, "2 nodes: 2 connected\n"));
	assert_null(strstr(text, "certificate"));
	assert_false(fleet_opens(world, 0, 9379));
	for (int look = 0; look < LOOKS; look++) {
		text = CLI_SAYS(world, "node", "show", "one");
		if (strstr(text, "default "))
			break;
		(void)poll(NULL, 0, LOOK_MS);
	}
	assert_non_null(strstr(text, "default "));
	assert_non_null(strstr(text, "POLICY OF"));
	assert_non_null(strstr(text, "enforced"));
	assert_non_null(strstr(text, "generation"));
	assert_non_null(strstr(text, "full bucket pairs    0.0000 %"));
	assert_non_null(
		strstr(CLI_SAYS(world, "node", "show", "one", "-o", "json"), "\"certificate_expires\""));

	process_stop(&world->agents[1], SIGKILL);
	expect_at_least(world, "ringwall_nodes{state=\"offline\"}", 1);
	text = CLI_SAYS(world, "status");
	assert_non_null(strstr(text, "2 nodes: 1 connected, 1 offline\n"));
}

static void tells_of_a_node_with_and_without_its_agent(void **state)
{
	struct world *world = *state;
	struct exposition exposition;

	assert_false(fleet_opens(world, 0, 9379));
	exposition_read(&exposition, agent_says(world, 0, "metrics"));
	exposition_expect_documented(&exposition, page, "## Node");
	assert_true(exposition_value(&exposition, "ringwall_node_enforcing") == 1);
	assert_true(exposition_value(&exposition, "ringwall_node_interfaces{state=\"enforced\"}") == 1);
	assert_true(exposition_value(&exposition, "ringwall_node_dropped_packets_total{cause=\"default\"}") >=
		    1);
	assert_true(exposition_value(&exposition, "ringwall_node_certificate_expiry_timestamp_seconds") > 0);
	process_stop(&world->agents[0], SIGKILL);
	exposition_read(&exposition, agent_says(world, 0, "metrics"));
	assert_true(exposition_value(&exposition, "ringwall_node_agent_running") == 0);
	assert_true(exposition_value(&exposition, "ringwall_node_enforcing") == 1);
	(void)agent_says(world, 0, "detach");
	exposition_read(&exposition, agent_says(world, 0, "metrics"));
	assert_true(exposition_value(&exposition, "ringwall_node_enforcing") == 0);
}

/* Asks until the answer has 'text'; leaves it in 'answer'. */
static void expect_flows(const struct world *world, const char *const *words, const char *text)
{
	for (int look = 0; look < LOOKS; look++) {
		if (strstr(cli_says(world, words), text))
			return;
		(void)poll(NULL, 0, LOOK_MS);
	}
	fail_msg("no %s in what '%s %s %s' says: %s", text, words[0], words[2], words[3], answer);
}

static void tells_which_flows_the_nodes_saw(void **state)
{
	static const char *const refused[] = {"flows", "--node", "one", "--refused", "--port", "9379", NULL};
	static const char *const accepted[] = {"flows",   "--cluster", "demo", "--accepted", "--direction",
					       "ingress", "--port",    "80",   NULL};
	static const char *const published[] = {"flows", "--node", "one",  "--port",
						"8081",  "-o",     "json", NULL};
	static const char *const rules[] = {"rule", "list", "demo", "--hits", NULL};
	static const char *const monitored[] = {"flows",  "--node", "two", "--would-drop",
						"--port", "9379",   NULL};
	struct world *world = *state;

	assert_false(fleet_opens(world, 0, 9379));
	fleet_assert_opens(world, 0, 80);
	expect_flows(world, refused, CLIENT);
	assert_non_null(strstr(answer, "default"));
	expect_flows(world, accepted, CLIENT);
	assert_non_null(strstr(answer, "sgr-"));
	assert_non_null(strstr(answer, "listener"));
	expect_flows(world, rules, "20");

	/* As a container engine publishes a port: what the client used is seen, and that no socket has it. */
	netns_run(world->nodes[0], "nft 'table ip t { chain c { type nat hook prerouting priority -100; "
				   "tcp dport 8081 redirect to :80; }; }'");
	assert_int_equal(fleet_allow(world, "8081"), 0);
	fleet_assert_opens(world, 0, 8081);
	expect_flows(world, published, "\"published\"");

	/* Where nothing is enforced, what would be refused. */
	assert_int_equal(
		FLEET_COMMAND(world, "node", "update", "two", "--enforcement", "monitor", "--wait=5s"), 0);
	process_expect_connects(world->client, fleet_addresses[1], 9379, true);
	expect_flows(world, monitored, CLIENT);
	assert_non_null(strstr(answer, "would-drop"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fleet_make, fleet_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_what_nodes_drop_and_hold),
		TEST(tells_people_of_each_node),
		TEST(tells_of_a_node_with_and_without_its_agent),
		TEST(tells_which_flows_the_nodes_saw),
	};

	if (argc != 5)
		return 2;
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	page = argv[4];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
