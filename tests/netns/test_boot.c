/* SPDX-License-Identifier: Apache-2.0 */
#include "saved_node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "enforce/bpf/bpf.h"

/*
 * How a node boots: before its devices are there, without a controller, with a saved policy, with one that is
 * spoiled, with none.  Datagrams that the policy refuses come all the while.
 */

/* ---- readiness ---- */

/* A service manager's socket, told to what is started from now on. */
static int listen_for_readiness(const struct saved_node *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", world->folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
	return fd;
}

static void expect_readiness(int fd)
{
	char text[32] = "";

	assert_true(netns_readable(fd, 10000));
	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 7);
	assert_string_equal(text, "READY=1");
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	(void)close(fd);
}

/* The device comes, is held while it is down, gets up and gets its address. */
static void expect_held_when_plugged(struct saved_node *world)
{
	saved_node_plug(world);
	process_expect_log(&world->agent, "interface eth0 is under control");
	saved_node_storm(world);
	saved_node_configure(world);
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(process_connects(world->peer, NODE, 22));
	saved_node_calm(world);
}

static void is_ready_before_any_device_is_there(void **state)
{
	struct saved_node *world = *state;
	int fd = listen_for_readiness(world);

	saved_node_start(world, NULL);
	expect_readiness(fd);
	saved_node_expect_status(world, "not enforcing: no interface of this node is enforced");
	expect_held_when_plugged(world);
}

static void holds_a_device_before_it_is_up(void **state)
{
	struct saved_node *world = *state;
	int fd = listen_for_readiness(world);

	saved_node_plug(world);
	saved_node_start(world, NULL);
	expect_readiness(fd);
	saved_node_expect_status(world, "eth0: enforced");
	saved_node_storm(world);
	netns_run(world->node, "ip link set eth0 up");
	/* Up without an address: whatever comes is decided already. */
	storm_await(&world->storm, 200);
	netns_run(world->node, "ip address add " NODE "/24 dev eth0");
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(process_connects(world->peer, NODE, 22));
	saved_node_calm(world);
}

static void does_not_enforce_what_never_was(void **state)
{
	struct saved_node *world = *state;
	struct rw_enforce_bpf_look look;

	saved_node_spoil(world, "", "policy");
	saved_node_plug(world);
	saved_node_configure(world);
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "the saved policy is of no use");
	saved_node_expect_status(world, "not enforcing: no policy yet");
	process_assert_connects(world->peer, NODE, 22);
	process_assert_connects(world->peer, NODE, 81);
	rw_enforce_bpf_look(world->pins, &look);
	assert_int_equal(look.device_count, 0);
}

/* ---- sealed ---- */

/* Enforces until the mark of that is written, and reboots. */
static void enforce_once(struct saved_node *world)
{
	saved_node_plug(world);
	saved_node_configure(world);
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "saved policy in force");
	assert_false(process_connects(world->peer, NODE, 81));
	netns_run(world->node, "timeout 20 sh -c 'until test -f %s-seal/policy; do sleep 0.1; done'",
		  world->state);
	saved_node_reboot(world);
	process_expect_connects(world->peer, NODE, 81, true);
}

static void remember_peer(const struct saved_node *world, const char *address)
{
	struct rw_seal_peers *peers = calloc(1, sizeof(*peers));

	assert_int_equal(rw_address_parse(address, &peers->items[0], NULL), 0);
	peers->count = 1;
	assert_int_equal(rw_seal_peers_save(&world->place, peers, NULL), 0);
	free(peers);
}

static bool ssh_opens_from(const struct saved_node *world, const char *address)
{
	int fd = filter_connect(world->peer, address, NODE, 22);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* Starts on a device that is down, and sees that nothing passes but what a sealed node lets pass. */
static void expect_sealed(struct saved_node *world, const char *interface)
{
	int controller = process_listen(world->peer, PEER, 8443),
	    other = process_listen(world->peer, PEER, 81);

	netns_run(world->node, "ip link set eth0 down");
	saved_node_start(world, interface);
	saved_node_expect_status(world, "sealed: no saved policy is of use");
	saved_node_storm(world);
	netns_run(world->node, "ip link set eth0 up && ip route replace 10.77.0.0/24 dev eth0");
	process_expect_connects(world->node, PEER, 8443, true);
	assert_false(process_connects(world->node, PEER, 81));
	assert_true(ssh_opens_from(world, PEER));
	assert_false(ssh_opens_from(world, SECOND));
	assert_false(process_connects(world->peer, NODE, 80));
	saved_node_calm(world);
	(void)close(controller);
	(void)close(other);
}

static void is_sealed_when_every_saved_policy_is_spoiled(void **state)
{
	struct saved_node *world = *state;
	char status[8192];

	enforce_once(world);
	remember_peer(world, PEER);
	saved_node_spoil(world, "", "policy");
	netns_run(world->node, "rm -f %s/policy-previous", world->state);
	expect_sealed(world, NULL);
	assert_int_equal(saved_node_command(world, status, sizeof(status), "status", "-o", "json"), 0);
	assert_non_null(strstr(status, "\"state\": \"sealed\""));
	/* The sealed policy is not saved as if it were the controller's. */
	process_stop(&world->agent, SIGTERM);
	netns_run(world->node, "! test -f %s/policy", world->state);
}

static void is_sealed_when_the_state_folder_is_gone(void **state)
{
	struct saved_node *world = *state;

	enforce_once(world);
	remember_peer(world, PEER);
	netns_run(world->node, "rm -rf %s", world->state);
	expect_sealed(world, NULL);
	process_expect_log(&world->agent, "this machine has not joined");
	saved_node_expect_status(world, "controller    none: this machine has not joined");
}

/* Its pins are there still, but hold nothing: the device went while no agent ran, and came back. */
static void is_sealed_when_what_an_earlier_agent_held_is_gone(void **state)
{
	struct saved_node *world = *state;

	saved_node_plug(world);
	saved_node_configure(world);
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "saved policy in force");
	netns_run(world->node, "timeout 20 sh -c 'until test -f %s-seal/policy; do sleep 0.1; done'",
		  world->state);
	process_stop(&world->agent, SIGKILL);
	netns_run(world->node, "ip link del eth0");
	saved_node_plug(world);
	saved_node_configure(world);
	process_expect_connects(world->peer, NODE, 81, true);
	remember_peer(world, PEER);
	saved_node_spoil(world, "", "policy");
	netns_run(world->node, "rm -f %s/policy-previous", world->state);
	expect_sealed(world, NULL);
}

static void is_sealed_when_the_seal_is_spoiled_too(void **state)
{
	struct saved_node *world = *state;

	enforce_once(world);
	saved_node_spoil(world, "", "policy");
	netns_run(world->node, "rm -f %s/policy-previous", world->state);
	saved_node_spoil(world, "-seal", "policy");
	netns_run(world->node, "ip link set eth0 down");
	saved_node_start(world, "eth0");
	saved_node_expect_status(world, "sealed: no saved policy is of use");
	saved_node_storm(world);
	netns_run(world->node, "ip link set eth0 up");
	assert_false(process_connects(world->peer, NODE, 22));
	assert_false(process_connects(world->peer, NODE, 80));
	saved_node_calm(world);
}

/* Puts the newest saved policy, monitoring, in place of the one that enforces. */
static void save_monitoring(const struct saved_node *world)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;

	assert_int_equal(rw_agent_policy_load(&world->place, &position, &policy, NULL), 0);
	policy->enforcement = RW_MONITOR;
	assert_int_equal(rw_agent_policy_save(&world->place, &position, policy, NULL), 0);
}

static void is_not_sealed_once_it_is_monitored(void **state)
{
	struct saved_node *world = *state;

	enforce_once(world);
	save_monitoring(world);
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "saved policy in force");
	netns_run(world->node, "timeout 20 sh -c 'while test -e %s-seal; do sleep 0.1; done'", world->state);
	saved_node_reboot(world);
	netns_run(world->node, "rm -f %s/policy*", world->state);
	saved_node_start(world, NULL);
	saved_node_expect_status(world, "not enforcing: no policy yet");
	process_assert_connects(world->peer, NODE, 81);
}

static void takes_the_saved_policy_when_its_model_file_is_bad(void **state)
{
	struct saved_node *world = *state;
	char model[96];
	const char *argv[] = {saved_node_program, "--file",    model,       "--node",      "one",  "--state",
			      world->state,       "--pin-dir", world->pins, "--interface", "eth0", NULL};

	(void)snprintf(model, sizeof(model), "%s/model.json", world->folder);
	netns_run(world->node, "echo '{\"version\":1,' >%s", model);
	/* Nothing was enforced: a person who tries it out is told, and nothing happens. */
	process_start(&world->agent, world->node, world->log, argv);
	assert_int_equal(process_wait(&world->agent), 1);
	enforce_once(world);
	netns_run(world->node, "ip link set eth0 down");
	process_start(&world->agent, world->node, world->log, argv);
	process_expect_log(&world->agent, "model file refused");
	saved_node_expect_status(world, "its newest form is refused");
	saved_node_storm(world);
	netns_run(world->node, "ip link set eth0 up");
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(process_connects(world->peer, NODE, 81));
	saved_node_calm(world);
}

static void is_opened_by_detach_and_stays_open(void **state)
{
	struct saved_node *world = *state;
	int sender, receiver;

	enforce_once(world);
	netns_run(world->node, "rm -rf %s", world->state);
	saved_node_start(world, NULL);
	saved_node_expect_status(world, "sealed: no saved policy is of use");
	assert_false(process_connects(world->peer, NODE, 80));
	assert_int_equal(saved_node_command(world, NULL, 0, "detach", NULL, NULL), 0);
	process_assert_connects(world->peer, NODE, 80);
	process_assert_connects(world->peer, NODE, 22);
	/* What the storms send does arrive where nothing refuses it. */
	sender = filter_udp(world->peer, PEER, 0);
	receiver = filter_udp(world->node, "0.0.0.0", REFUSED);
	assert_true(filter_tells(sender, receiver, NODE, REFUSED));
	(void)close(sender);
	(void)close(receiver);
	saved_node_reboot(world);
	netns_run(world->node, "rm -rf %s; ! test -e %s-seal", world->state, world->state);
	/* Nobody is told who this node is, and it has not enforced: there is nothing to do. */
	saved_node_start(world, NULL);
	assert_int_equal(process_wait(&world->agent), 1);
	process_assert_connects(world->peer, NODE, 22);
}

static void goes_on_when_the_seal_is_not_needed(void **state)
{
	struct saved_node *world = *state;

	enforce_once(world);
	/* The agent alone is killed, and finds nothing when it comes back: the kernel knows better. */
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "saved policy in force");
	assert_false(process_connects(world->peer, NODE, 81));
	process_stop(&world->agent, SIGKILL);
	saved_node_storm(world);
	netns_run(world->node, "rm -rf %s", world->state);
	saved_node_start(world, NULL);
	saved_node_expect_status(world, "none: this machine has not joined");
	process_assert_connects(world->peer, NODE, 80);
	assert_false(process_connects(world->peer, NODE, 81));
	saved_node_calm(world);
}

static void holds_the_saved_policy_without_a_certificate_and_a_device(void **state)
{
	struct saved_node *world = *state;
	int fd;

	enforce_once(world);
	netns_run(world->node, "ip link delete eth0");
	saved_node_spoil(world, "", "cert.pem");
	fd = listen_for_readiness(world);
	saved_node_start(world, NULL);
	expect_readiness(fd);
	process_expect_log(&world->agent, "cannot follow the controller");
	expect_held_when_plugged(world);
}

/* Not even that it has enforced is noted: the policy is there, and says what to do. */
static void holds_the_saved_policy_though_the_identity_is_spoiled(void **state)
{
	struct saved_node *world = *state;

	saved_node_plug(world);
	saved_node_configure(world);
	saved_node_spoil(world, "", "identity");
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "saved policy in force");
	process_expect_log(&world->agent, "cannot follow the controller");
	process_expect_connects(world->peer, NODE, 80, true);
	assert_false(process_connects(world->peer, NODE, 22));
}

/* Two sets of programs would decide, and 'detach' would find one. */
static void does_not_pin_beside_what_is_pinned_elsewhere(void **state)
{
	struct saved_node *world = *state;
	char output[4096] = "", other[256], command[1024];
	const char *argv[] = {"/bin/sh", "-c", command, NULL};

	(void)snprintf(other, sizeof(other), "%s-other", world->pins);
	(void)snprintf(command, sizeof(command), "'%s' run --state '%s' --pin-dir '%s' 2>&1",
		       saved_node_program, world->state, other);
	saved_node_plug(world);
	saved_node_configure(world);
	saved_node_start(world, NULL);
	process_expect_log(&world->agent, "saved policy in force");
	process_stop(&world->agent, SIGKILL);
	assert_int_equal(process_run(world->node, output, sizeof(output), argv), 1);
	assert_non_null(strstr(output, "would stay so beside --pin-dir"));
	assert_non_null(strstr(output, world->pins));
	assert_int_not_equal(access(other, F_OK), 0);
	assert_false(process_connects(world->peer, NODE, 22));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, saved_node_make, saved_node_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(is_ready_before_any_device_is_there),
		TEST(holds_a_device_before_it_is_up),
		TEST(does_not_enforce_what_never_was),
		TEST(is_sealed_when_every_saved_policy_is_spoiled),
		TEST(is_sealed_when_the_state_folder_is_gone),
		TEST(is_sealed_when_what_an_earlier_agent_held_is_gone),
		TEST(is_sealed_when_the_seal_is_spoiled_too),
		TEST(is_not_sealed_once_it_is_monitored),
		TEST(takes_the_saved_policy_when_its_model_file_is_bad),
		TEST(is_opened_by_detach_and_stays_open),
		TEST(goes_on_when_the_seal_is_not_needed),
		TEST(holds_the_saved_policy_without_a_certificate_and_a_device),
		TEST(holds_the_saved_policy_though_the_identity_is_spoiled),
		TEST(does_not_pin_beside_what_is_pinned_elsewhere),
	};

	if (argc != 2)
		return 2;
	saved_node_program = argv[1];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
