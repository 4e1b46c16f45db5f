/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"

/*
 * What an operator says of live flows, from the command line to the packets of a connection: real programs, two
 * nodes, one client.
 */

#define PORT 9379

/* A connection from the client to each node. */
struct talk {
	int client[NODES], node[NODES];
};

static struct talk begin_talk(const struct world *world)
{
	struct talk talk;

	for (size_t i = 0; i < NODES; i++) {
		talk.client[i] = filter_connect(world->client, CLIENT, fleet_addresses[i], PORT);
		assert_true(talk.client[i] >= 0);
		/* The attempts before this one wait to be accepted, too; those ends are closed. */
		do {
			talk.node[i] = filter_accept(world->listeners[i][1]);
			assert_true(talk.node[i] >= 0);
		} while (!filter_says(talk.client[i], talk.node[i]));
	}
	return talk;
}

static bool goes_on(const struct talk *talk)
{
	for (size_t i = 0; i < NODES; i++)
		if (!filter_says(talk->client[i], talk->node[i]) ||
		    !filter_says(talk->node[i], talk->client[i]))
			return false;
	return true;
}

static bool is_cut(const struct talk *talk)
{
	for (size_t i = 0; i < NODES; i++)
		if (filter_says(talk->node[i], talk->client[i]) ||
		    filter_says(talk->client[i], talk->node[i]))
			return false;
	return true;
}

static void end_talk(const struct talk *talk)
{
	for (size_t i = 0; i < NODES; i++) {
		(void)close(talk->client[i]);
		(void)close(talk->node[i]);
	}
}

#define REVOKE "rule", "revoke", "demo", "allow", "tcp", "9379", "from", "any"

static void assert_says(const struct world *world, const char *const *words, const char *const *texts)
{
	char output[8192] = "";

	assert_int_equal(fleet_command(world, output, sizeof(output), words), 0);
	for (; *texts; texts++)
		if (!strstr(output, *texts))
			fail_msg("\"%s\" is not in:\n%s", *texts, output);
}
#define ASSERT_SAYS(world, words, ...) assert_says(world, words, (const char *const[]){__VA_ARGS__, NULL})

static const char *const dry[] = {REVOKE, "--dry-run", NULL};
static const char *const dry_keep[] = {REVOKE, "--dry-run", "--established=keep", NULL};
static const char *const dry_json[] = {REVOKE, "--dry-run", "-o", "json", NULL};

static void dry_run_tells_the_connections_that_a_change_would_cut(void **state)
{
	struct world *world = *state;
	struct talk talk;

	assert_int_equal(fleet_allow(world, "9379"), 0);
	talk = begin_talk(world);
	ASSERT_SAYS(world, dry, "cuts 1 live flow on one: tcp " CLIENT ":", "cuts 1 live flow on two: tcp ");
	ASSERT_SAYS(world, dry_keep, "keeps 1 live flow on one: tcp " CLIENT ":");
	ASSERT_SAYS(world, dry_json, "\"cuts\":{\"flows\":\"2\",\"kept\":\"0\"", "\"local_port\":9379");
	assert_true(goes_on(&talk));
	assert_int_equal(kill(world->agents[1].pid, SIGSTOP), 0);
	ASSERT_SAYS(world, dry_json, "\"flows\":\"1\"", "its agent did not answer in time");
	assert_int_equal(kill(world->agents[1].pid, SIGCONT), 0);
	end_talk(&talk);
}

static void keeps_connections_through_a_change_until_one_cuts_what_was_kept(void **state)
{
	struct world *world = *state;
	struct talk talk;

	assert_int_equal(fleet_allow(world, "9379"), 0);
	talk = begin_talk(world);
	assert_int_equal(FLEET_COMMAND(world, REVOKE, "--established=keep", "--wait=30s"), 0);
	assert_true(goes_on(&talk));
	fleet_assert_unchanged(world);
	for (size_t i = 0; i < NODES; i++)
		assert_false(fleet_opens(world, i, PORT));
	/* Another change, about something else; then agents that begin anew. */
	assert_int_equal(fleet_allow(world, "9701"), 0);
	assert_true(goes_on(&talk));
	for (size_t i = 0; i < NODES; i++) {
		process_stop(&world->agents[i], SIGTERM);
		fleet_start_agent(world, i);
	}
	fleet_expect_open(world, 9701);
	assert_int_equal(fleet_allow(world, "9702"), 0);
	assert_true(goes_on(&talk));
	assert_int_equal(FLEET_COMMAND(world, "rule", "revoke", "demo", "allow", "tcp", "9701", "from", "any",
				       "--established=cut-kept", "--wait=30s"),
			 0);
	assert_true(is_cut(&talk));
	end_talk(&talk);
}

static void cuts_connections_where_nothing_else_is_said(void **state)
{
	struct world *world = *state;
	struct talk talk;

	assert_int_equal(fleet_allow(world, "9379"), 0);
	talk = begin_talk(world);
	assert_int_equal(FLEET_COMMAND(world, REVOKE, "--wait=30s"), 0);
	assert_true(is_cut(&talk));
	end_talk(&talk);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fleet_make, fleet_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(dry_run_tells_the_connections_that_a_change_would_cut),
		TEST(keeps_connections_through_a_change_until_one_cuts_what_was_kept),
		TEST(cuts_connections_where_nothing_else_is_said),
	};

	if (argc != 4)
		return 2;
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
