/* SPDX-License-Identifier: Apache-2.0 */
#include "saved_node.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/cert.h"
#include "scratch.h"

#define STATUS_MS 20
#define LOOKS     1000

/* Probes that must have been sent in vain before a storm counts. */
#define STORM_LEAST 200

const char *saved_node_program;

static void write_text(const struct saved_node *world, const char *file, const char *text)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_state_path(&world->place, file, path);
	assert_int_equal(rw_file_write(path, text, strlen(text), 0600, NULL), 0);
}

/* What joining leaves. */
static void write_identity(const struct saved_node *world)
{
	const struct rw_agent_identity identity = {"n-0000000000000001", "one", "https://" PEER ":8443"};
	struct rw_cert_period period = rw_cert_period_days(rw_clock_realtime_ms(rw_clock_system()) / 1000, 9);
	char *ca = NULL, *ca_key = NULL, *key = NULL, *request = NULL, *cert = NULL;
	struct rw_cert_authority *authority;

	assert_int_equal(rw_cert_make_authority("test", rw_random_system(), period, &ca, &ca_key, NULL), 0);
	assert_int_equal(rw_cert_authority_new(ca, ca_key, rw_random_system(), &authority, NULL), 0);
	assert_int_equal(rw_cert_make_key(&key, NULL), 0);
	assert_int_equal(rw_cert_make_request(key, "one", &request, NULL), 0);
	assert_int_equal(rw_cert_issue_agent(authority, request, identity.node, period, &cert, NULL), 0);
	write_text(world, "key.pem", key);
	write_text(world, "cert.pem", cert);
	write_text(world, "ca.pem", ca);
	assert_int_equal(rw_agent_identity_save(&world->place, &identity, NULL), 0);
	(void)rw_cert_authority_free(authority);
	free(ca);
	free(ca_key);
	free(key);
	free(request);
	free(cert);
}

static void write_policy(const struct saved_node *world)
{
	static const char *const rules[] = {"sgr-1 in accept tcp 80/80 0.0.0.0/0", NULL};
	const struct rw_position position = {.incarnation = "i", .revision = 7};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", rules);

	policy->network_cidrs = calloc(1, sizeof(*policy->network_cidrs));
	policy->network_cidr_count = 1;
	assert_int_equal(rw_prefix_parse("10.77.0.0/16", &policy->network_cidrs[0], NULL), 0);
	policy->ssh_ports = calloc(1, sizeof(*policy->ssh_ports));
	policy->ssh_port_count = 1;
	policy->ssh_ports[0] = 22;
	policy->controllers = calloc(1, sizeof(*policy->controllers));
	policy->controller_count = 1;
	policy->controllers[0].port = 8443;
	assert_int_equal(rw_address_parse(PEER, &policy->controllers[0].address, NULL), 0);
	assert_int_equal(rw_agent_policy_save(&world->place, &position, policy, NULL), 0);
}

int saved_node_make(void **state)
{
	static const uint16_t ports[] = {22, 80, 81};
	struct saved_node *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	scratch_state(world->state, sizeof(world->state), world->folder, "node");
	(void)snprintf(world->log, sizeof(world->log), "%s/log", world->folder);
	world->pins = netns_pin_dir();
	assert_int_equal(rw_agent_place_find(world->state, world->pins, &world->place, NULL), 0);
	assert_int_equal(rw_agent_state_make(&world->place, NULL), 0);
	world->node = netns_new();
	world->peer = netns_new();
	world->client = world->server = -1;
	for (size_t i = 0; i < RW_ARRAY_COUNT(ports); i++)
		world->listeners[i] = process_listen(world->node, "0.0.0.0", ports[i]);
	write_identity(world);
	write_policy(world);
	*state = world;
	return 0;
}

int saved_node_free(void **state)
{
	struct saved_node *world = *state;

	(void)saved_node_command(world, NULL, 0, "detach", NULL, NULL);
	process_stop(&world->agent, SIGKILL);
	for (size_t i = 0; i < RW_ARRAY_COUNT(world->listeners); i++)
		(void)close(world->listeners[i]);
	(void)close(world->node);
	(void)close(world->peer);
	assert_int_equal(scratch_remove(world->folder), 0);
	free(world);
	return 0;
}

void saved_node_plug(struct saved_node *world)
{
	netns_run(world->peer,
		  "ip link add eth0 type veth peer name eth0 netns /proc/%d/fd/%d && ip address add " PEER
		  "/24 dev eth0 && ip address add " SECOND "/24 dev eth0 && ip link set eth0 up",
		  (int)getpid(), world->node);
	netns_run(world->node, "ip link set eth0 address 02:00:00:00:00:01");
	netns_run(world->peer, "for host in 1 5 6; do ip neigh replace 10.77.0.$host lladdr "
			       "02:00:00:00:00:01 dev eth0 nud permanent; done");
}

void saved_node_configure(const struct saved_node *world)
{
	netns_run(world->node, "ip link set eth0 up && ip address add " NODE "/24 dev eth0");
}

void saved_node_start(struct saved_node *world, const char *interface)
{
	const char *argv[] = {saved_node_program,
			      "run",
			      "--state",
			      world->state,
			      "--pin-dir",
			      world->pins,
			      "--table-memory",
			      "16",
			      "--flow-entries",
			      "4096",
			      interface ? "--interface" : NULL,
			      interface,
			      NULL};

	process_start(&world->agent, world->node, world->log, argv);
}

void saved_node_reboot(struct saved_node *world)
{
	process_stop(&world->agent, SIGKILL);
	netns_run(world->node, "rm -rf %s %s", world->pins, world->place.run);
}

int saved_node_command(const struct saved_node *world, char *output, size_t size, const char *word,
		       const char *option, const char *value)
{
	const char *argv[] = {saved_node_program, word,   "--state", world->state, "--pin-dir",
			      world->pins,        option, value,     NULL};

	return process_run(world->node, output, size, argv);
}

void saved_node_expect_status(const struct saved_node *world, const char *text)
{
	char status[8192] = "";

	for (int look = 0; look < LOOKS && !strstr(status, text); look++) {
		(void)saved_node_command(world, status, sizeof(status), "status", NULL, NULL);
		(void)poll(NULL, 0, STATUS_MS);
	}
	if (!strstr(status, text))
		fail_msg("status never says \"%s\":\n%s", text, status);
}

void saved_node_drain(const struct saved_node *world)
{
	while (netns_readable(world->listeners[1], 0))
		(void)close(filter_accept(world->listeners[1]));
}

void saved_node_talk(struct saved_node *world)
{
	world->client = filter_connect(world->peer, PEER, NODE, 80);
	world->server = filter_accept(world->listeners[1]);
	assert_true(world->client >= 0 && world->server >= 0);
}

void saved_node_storm(struct saved_node *world)
{
	struct storm_target *target;

	world->storm = (struct storm){.sender = filter_udp(world->peer, PEER, 0)};
	target = storm_add(&world->storm);
	*target = (struct storm_target){.address = NODE,
					.port = REFUSED,
					.receiver = filter_udp(world->node, "0.0.0.0", REFUSED),
					.client = world->client,
					.server = world->server};
	storm_begin(&world->storm);
}

void saved_node_calm(struct saved_node *world)
{
	storm_await(&world->storm, STORM_LEAST);
	storm_end(&world->storm);
	print_message("%lu refused datagrams sent, %lu passed, %lu words, %lu lost\n",
		      atomic_load(&world->storm.probes), world->storm.passed, world->storm.words,
		      world->storm.lost);
	assert_int_equal(world->storm.passed, 0);
	assert_int_equal(world->storm.lost, 0);
	storm_close(&world->storm);
	world->client = world->server = -1;
}

void saved_node_spoil(const struct saved_node *world, const char *suffix, const char *file)
{
	netns_run(world->node, "test -f %s%s/%s && echo spoiled >%s%s/%s", world->state, suffix, file,
		  world->state, suffix, file);
}
