/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A first day: a monitored node with an SSH session on another port than 22, told what its policy would cut.
 * What the preview says is then held against what happens to the packets.
 */

#include "test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/state.h"
#include "base/file.h"
#include "filter.h"
#include "process.h"
#include "scratch.h"

#define NODE     "10.0.0.2"
#define PEER     "10.0.0.1"
#define SSH_PORT 2222

static const char *program; /* ringwall-agent */

struct session {
	int client, served;
	uint16_t client_port;
};

struct world {
	char folder[64];
	struct rw_agent_place place;
	int node, peer, ssh, web, wireguard;
	struct rw_enforcer *enforcer;
};

static struct session log_in(const struct world *world)
{
	struct session session = {.client = filter_connect(world->peer, PEER, NODE, SSH_PORT)};
	struct sockaddr_in name;
	socklen_t size = sizeof(name);

	session.served = filter_accept(world->ssh);
	assert_true(session.client >= 0 && session.served >= 0);
	assert_int_equal(getsockname(session.client, (struct sockaddr *)&name, &size), 0);
	session.client_port = ntohs(name.sin_port);
	return session;
}

static void log_out(const struct session *session)
{
	(void)close(session->client);
	(void)close(session->served);
}

static bool talks(const struct session *session)
{
	return filter_says(session->client, session->served) && filter_says(session->served, session->client);
}

static bool web_opens(const struct world *world)
{
	int client = filter_connect(world->peer, PEER, NODE, 80), served;

	if (client < 0)
		return false;
	served = filter_accept(world->web);
	(void)close(served);
	(void)close(client);
	return served >= 0;
}

/* The policy accepts TCP 80 and nothing else. */
static void put_in_force(const struct world *world, enum rw_enforcement enforcement)
{
	const char *const rules[] = {"sgr-1 in accept tcp 80/80 0.0.0.0/0", NULL};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", rules);
	const struct rw_position position = {.incarnation = "0123456789abcdef", .revision = 1};
	struct rw_error err = RW_ERROR_NONE;

	policy->enforcement = enforcement;
	if (rw_agent_policy_save(&world->place, &position, policy, &err) < 0 ||
	    rw_enforcer_apply(world->enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
}

static uint64_t would_drop(const struct world *world)
{
	struct rw_enforcer_status status;

	assert_int_equal(world->enforcer->ops->status(world->enforcer, &status, NULL), 0);
	assert_int_equal(status.mode, RW_ENFORCER_MONITOR);
	assert_int_equal(status.dropped[RW_CAUSE_DEFAULT], 0);
	return status.would_drop[RW_CAUSE_DEFAULT];
}

static void probe(const struct world *world, char *text, size_t size)
{
	const char *argv[] = {
		program,       "probe", "--state", world->place.state, "--pin-dir", world->place.pin_dir,
		"--interface", "eth0",  NULL};

	assert_int_equal(process_run(world->node, text, size, argv), 0);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char path[96];

	assert_non_null(world);
	scratch_make(world->folder);
	scratch_state(path, sizeof(path), world->folder, "node");
	assert_int_equal(rw_agent_place_find(path, netns_pin_dir(), &world->place, NULL), 0);
	assert_int_equal(rw_agent_state_make(&world->place, NULL), 0);
	world->node = netns_new();
	world->peer = netns_new();
	netns_veth(world->peer, "p0", world->node, "eth0");
	netns_run(world->peer, "ip addr add " PEER "/24 dev p0");
	netns_run(world->node, "ip addr add " NODE "/24 dev eth0");
	world->ssh = filter_listen(world->node, NODE, SSH_PORT);
	world->web = filter_listen(world->node, NODE, 80);
	world->wireguard = filter_udp(world->node, NODE, 51820);
	world->enforcer = filter_open(world->node, world->place.pin_dir);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	rw_enforcer_close(world->enforcer);
	netns_enter(world->node);
	assert_int_equal(rw_enforce_bpf_detach_all(world->place.pin_dir, NULL, NULL), 0);
	netns_leave();
	(void)close(world->ssh);
	(void)close(world->web);
	(void)close(world->wireguard);
	(void)close(world->node);
	(void)close(world->peer);
	(void)unsetenv("SSH_CONNECTION");
	assert_int_equal(scratch_remove(world->folder), 0);
	free(world);
	return 0;
}

static void start_monitoring(const struct world *world)
{
	put_in_force(world, RW_MONITOR);
	filter_attach(world->enforcer, world->node, "eth0", "eth0");
	filter_enforce(world->enforcer, world->node);
}

static void tells_what_enforcing_cuts_and_it_does(void **state)
{
	const struct world *world = *state;
	struct session session = log_in(world);
	char text[8192], line[160];

	start_monitoring(world);
	assert_true(talks(&session));
	(void)snprintf(line, sizeof(line), PEER " %u " NODE " %u", session.client_port, SSH_PORT);
	assert_int_equal(setenv("SSH_CONNECTION", line, 1), 0);
	probe(world, text, sizeof(text));
	(void)snprintf(line, sizeof(line),
		       "tcp  " NODE " port %u  from  " PEER
		       " port %u  on eth0  by default  (your SSH session)",
		       SSH_PORT, session.client_port);
	if (!strstr(text, line))
		fail_msg("\"%s\" is not in:\n%s", line, text);
	assert_non_null(strstr(text, "Your SSH session would be cut."));
	(void)snprintf(line, sizeof(line), "  udp/51820  %s  (no rule opens it)\n", "test_netns_prev");
	if (!strstr(text, line))
		fail_msg("\"%s\" is not in:\n%s", line, text);
	(void)snprintf(line, sizeof(line), "  tcp/80  %s\n", "test_netns_prev");
	if (!strstr(text, line))
		fail_msg("\"%s\" is not in:\n%s", line, text);
	assert_true(talks(&session)); /* Looking changes nothing. */

	put_in_force(world, RW_ENFORCE);
	assert_false(filter_says(session.client, session.served));
	assert_true(web_opens(world));
	log_out(&session);
}

static void says_when_the_saved_policy_is_unfit(void **state)
{
	const struct world *world = *state;
	char path[RW_AGENT_PATH_SIZE], text[8192];

	rw_agent_state_path(&world->place, "policy", path);
	assert_int_equal(rw_file_write(path, "{", 1, 0600, NULL), 0);
	probe(world, text, sizeof(text));
	assert_non_null(strstr(text, "The saved policy cannot be read: "));
	assert_null(strstr(text, "LIVE CONNECTIONS"));
}

static void counts_exactly_what_it_would_have_dropped(void **state)
{
	const struct world *world = *state;
	int sender = filter_udp(world->peer, PEER, 0);
	uint64_t before;

	start_monitoring(world);
	before = would_drop(world);
	for (int i = 0; i < 5; i++)
		assert_true(filter_tells(sender, world->wireguard, NODE, 51820));
	assert_int_equal(would_drop(world) - before, 5);
	assert_true(web_opens(world));
	assert_int_equal(would_drop(world) - before, 5);
	(void)close(sender);
}

static void switches_both_ways_without_losing_what_is_accepted(void **state)
{
	const struct world *world = *state;
	int client, served;

	start_monitoring(world);
	client = filter_connect(world->peer, PEER, NODE, 80);
	served = filter_accept(world->web);
	assert_true(client >= 0 && served >= 0);
	for (int i = 0; i < 6; i++) {
		int sender = filter_udp(world->peer, PEER, 0);
		bool enforced = i % 2 == 0;

		put_in_force(world, enforced ? RW_ENFORCE : RW_MONITOR);
		assert_true(filter_says(client, served) && filter_says(served, client));
		assert_int_equal(filter_tells(sender, world->wireguard, NODE, 51820), !enforced);
		(void)close(sender);
	}
	(void)close(client);
	(void)close(served);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_enforcing_cuts_and_it_does),
		TEST(says_when_the_saved_policy_is_unfit),
		TEST(counts_exactly_what_it_would_have_dropped),
		TEST(switches_both_ways_without_losing_what_is_accepted),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
