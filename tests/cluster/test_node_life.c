/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The rows of a node's life that need a controller: deletion, joining again, a start after a reboot. */

#define LOOK_MS 250
#define LOOKS   100

static int run_agent(const struct world *world, size_t index, const char *word)
{
	char state[128], pins[128];
	const char *argv[] = {fleet_programs.agent, word, "--state", state, "--pin-dir", pins, NULL};

	fleet_state(world, index, state);
	fleet_pin_folder(world, index, pins);
	return process_run(world->nodes[index], NULL, 0, argv);
}

/* Waits until the controller has missed a node for long enough. */
static void expect_offline(const struct world *world, const char *node)
{
	const char *const words[] = {"node", "show", node, NULL};
	char answer[8192];

	for (int look = 0; look < LOOKS; look++) {
		assert_int_equal(fleet_command(world, answer, sizeof(answer), words), 0);
		if (strstr(answer, "offline"))
			return;
		(void)poll(NULL, 0, LOOK_MS);
	}
	fail_msg("node %s never went offline", node);
}

/* What a reboot takes: the programs and all below /run; the agent with its chance to save is gone before. */
static void reboot(struct world *world, size_t index)
{
	char pins[128];

	process_stop(&world->agents[index], SIGKILL);
	fleet_pin_folder(world, index, pins);
	netns_run(world->nodes[index],
		  "run=$(grep -ls %s /run/ringwall-agent/*/pin-dir | xargs -r dirname); rm -rf \"$run\" %s",
		  pins, pins);
}

static void lets_a_deleted_node_go_and_refuses_its_certificate(void **state)
{
	struct world *world = *state;
	char pins[128];

	assert_false(fleet_opens(world, 0, 9379));
	assert_int_equal(FLEET_COMMAND(world, "node", "delete", "one"), 0);
	process_expect_connects(world->client, fleet_addresses[0], 9379, true);
	fleet_pin_folder(world, 0, pins);
	process_expect_log(&world->agents[0], "the controller lets this node go");
	assert_int_equal(access(pins, F_OK), -1);
	/* Its certificate opens no stream any more, so that 'attach' has no policy to follow but the old one. */
	process_stop(&world->agents[0], SIGTERM);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "this node is detached");
	process_expect_log(&world->agents[0], "this certificate belongs to no node");
	fleet_assert_opens(world, 0, 9379);
	/* The other is as it was. */
	assert_false(fleet_opens(world, 1, 9379));
}

static void deletes_an_offline_node_only_by_force(void **state)
{
	struct world *world = *state;

	process_stop(&world->agents[0], SIGKILL);
	expect_offline(world, "one");
	assert_int_not_equal(FLEET_COMMAND(world, "node", "delete", "one"), 0);
	assert_int_equal(FLEET_COMMAND(world, "node", "show", "one"), 0);
	assert_int_equal(FLEET_COMMAND(world, "node", "delete", "one", "--force", "offline-node"), 0);
	assert_int_not_equal(FLEET_COMMAND(world, "node", "show", "one"), 0);
	/* Nobody told it: its old policy stays on it. */
	fleet_assert_opens(world, 0, 80);
	assert_false(fleet_opens(world, 0, 9379));
}

static void joins_again_only_by_replace(void **state)
{
	struct world *world = *state;
	char folder[128];

	fleet_state(world, 0, folder);
	process_stop(&world->agents[0], SIGTERM);
	assert_int_not_equal(fleet_join(world, 0, URL, NULL), 0);
	/* Also when the machine has forgotten that it had joined: the controller knows it. */
	netns_run(world->nodes[0], "rm %s/identity", folder);
	assert_int_not_equal(fleet_join(world, 0, URL, NULL), 0);
	assert_int_equal(fleet_join(world, 0, URL, "--replace"), 0);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "policy in force");
	assert_int_equal(fleet_allow(world, "9701"), 0);
	fleet_assert_opens(world, 0, 9701);
	assert_false(fleet_opens(world, 0, 9379));
}

static void deletes_a_cluster_with_its_nodes_only_when_told(void **state)
{
	struct world *world = *state;

	assert_int_not_equal(FLEET_COMMAND(world, "cluster", "delete", "demo"), 0);
	fleet_assert_unchanged(world);
	assert_int_equal(FLEET_COMMAND(world, "cluster", "delete", "demo", "--with-nodes"), 0);
	for (size_t i = 0; i < NODES; i++)
		process_expect_connects(world->client, fleet_addresses[i], 9379, true);
}

static void boots_with_the_policy_before_when_the_saved_one_is_broken(void **state)
{
	struct world *world = *state;
	char folder[128];

	fleet_state(world, 0, folder);
	/* Saved once a second at most, and when the agent ends: two policies, two generations. */
	netns_run(world->nodes[0], "timeout 5 sh -c 'until test -f %s/policy; do sleep 0.1; done'", folder);
	assert_int_equal(fleet_allow(world, "9701"), 0);
	process_stop(&world->agents[0], SIGTERM);
	process_stop(&world->controller, SIGKILL);
	reboot(world, 0);
	process_expect_connects(world->client, fleet_addresses[0], 9379, true);
	netns_run(world->nodes[0], "test -f %s/policy-previous && echo broken >%s/policy", folder, folder);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "there is the one before it");
	process_expect_log(&world->agents[0], "saved policy in force");
	fleet_assert_opens(world, 0, 80);
	assert_false(fleet_opens(world, 0, 9379));
}

/* Waits until the policy in force is on the disk. */
static void expect_saved(const struct world *world, size_t index)
{
	char folder[128], pins[128];

	fleet_state(world, index, folder);
	fleet_pin_folder(world, index, pins);
	netns_run(world->nodes[index],
		  "run=$(grep -ls %s /run/ringwall-agent/*/pin-dir | xargs dirname) && "
		  "timeout 30 sh -c \"until test -f %s/policy && ! test -e $run/policy-stale; do sleep 0.1; "
		  "done\"",
		  pins, folder);
}

/* Whether it was saved already or not: what was in force when the agent was killed is what its successor enforces. */
static void comes_back_with_what_was_in_force_when_it_was_killed(void **state)
{
	struct world *world = *state;

	expect_saved(world, 0);
	assert_int_equal(fleet_allow(world, "9701"), 0);
	process_stop(&world->controller, SIGKILL);
	for (size_t i = 0; i < NODES; i++) {
		process_stop(&world->agents[i], SIGKILL);
		fleet_start_agent(world, i);
		process_expect_log(&world->agents[i], "in force");
	}
	fleet_assert_opens(world, 0, 9701);
	assert_false(fleet_opens(world, 0, 9379));

	fleet_start_controller(world);
	for (size_t i = 0; i < NODES; i++)
		process_expect_log(&world->agents[i], "controller connected");
	assert_int_equal(fleet_allow(world, "9702"), 0);
	expect_saved(world, 0);
	process_stop(&world->controller, SIGKILL);
	reboot(world, 0);
	process_expect_connects(world->client, fleet_addresses[0], 9379, true);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "saved policy in force");
	fleet_assert_opens(world, 0, 9701);
	fleet_assert_opens(world, 0, 9702);
	assert_false(fleet_opens(world, 0, 9379));
}

static void stays_detached_over_a_reboot(void **state)
{
	struct world *world = *state;

	assert_int_equal(run_agent(world, 0, "detach"), 0);
	reboot(world, 0);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "this node is detached");
	process_expect_log(&world->agents[0], "policy in force");
	fleet_assert_opens(world, 0, 9379);
	assert_int_equal(run_agent(world, 0, "attach"), 0);
	process_expect_connects(world->client, fleet_addresses[0], 9379, false);
	fleet_assert_opens(world, 0, 80);
}

/* Waits until the agent's file has such a line. */
static void expect_kept(const struct world *world, size_t index, const char *line)
{
	char folder[128];

	fleet_state(world, index, folder);
	netns_run(world->nodes[index],
		  "timeout 30 sh -c 'until grep -qx \"%s\" %s/controllers; do sleep 0.1; done'", line,
		  folder);
}

/* The relay stands for one of two controllers, which goes away. */
static void goes_to_the_next_controller_and_begins_with_it_from_then_on(void **state)
{
	struct world *world = *state;
	char output[8192], folder[128], pins[128];
	const char *argv[] = {fleet_programs.agent, "status", "--state", folder, "--pin-dir", pins, NULL};

	assert_int_equal(fleet_join(world, 0, RELAY_URL, "--server=" URL), 0);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "controller connected  server=" RELAY_URL);
	process_expect_log(&world->agents[0], "policy in force");
	expect_kept(world, 0, "told=" URL);
	cutter_stop(&world->cutter);
	process_expect_log(&world->agents[0], "controller connected  server=" URL);
	assert_int_equal(fleet_allow(world, "9701"), 0);
	fleet_assert_opens(world, 0, 9701);
	assert_false(fleet_opens(world, 0, 9379));
	fleet_state(world, 0, folder);
	fleet_pin_folder(world, 0, pins);
	assert_int_equal(process_run(world->nodes[0], output, sizeof(output), argv), 0);
	assert_non_null(strstr(output, "controller    " URL ": connected\nothers        "));
	assert_non_null(strstr(output, RELAY_URL "\n"));

	expect_kept(world, 0, "last=" URL);
	process_stop(&world->agents[0], SIGTERM);
	fleet_start_agent(world, 0);
	process_expect_log(&world->agents[0], "controller connected  server=" URL);
	assert_false(process_log_has(&world->agents[0], "controller not connected"));
	/* A machine that joins now passes over it. */
	assert_int_equal(fleet_join(world, 1, RELAY_URL, "--server=" URL), 0);
	expect_kept(world, 1, "last=" URL);
	expect_kept(world, 1, "joined=" RELAY_URL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fleet_make, fleet_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(lets_a_deleted_node_go_and_refuses_its_certificate),
		TEST(deletes_an_offline_node_only_by_force),
		TEST(joins_again_only_by_replace),
		TEST(deletes_a_cluster_with_its_nodes_only_when_told),
		TEST(boots_with_the_policy_before_when_the_saved_one_is_broken),
		TEST(comes_back_with_what_was_in_force_when_it_was_killed),
		TEST(stays_detached_over_a_reboot),
		cmocka_unit_test_setup_teardown(goes_to_the_next_controller_and_begins_with_it_from_then_on,
						fleet_make_unjoined, fleet_free),
	};

	if (argc != 4)
		return 2;
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
