/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "netns.h"
#include "pcapng_reader.h"
#include "process.h"
#include "scratch.h"

/* What 'table' and 'capture' show of a standalone agent's node with eth0, and a peer at the other end of the wire. */

#define NODE         "10.77.0.1"
#define PEER         "10.77.0.2"
#define POLLS        600
#define POLL_US      50000
#define OUTPUT_SIZE  65536
#define ECHO_ID      7701
#define CLIENT_PORT  40001
#define REFUSED_PORT 40002

static const char *program; /* ringwall-agent */

struct world {
	char folder[64];
	char model[96];
	char state[96];
	char log[96];
	const char *pins;
	int node, peer;
	int listener;
	int client; /* a TCP connection from the peer to port 80; -1 = none */
	struct process agent;
	char output[OUTPUT_SIZE];
};

static void write_model(const struct world *world, const char *rules)
{
	FILE *file = fopen(world->model, "we");

	assert_non_null(file);
	fprintf(file,
		"{\"version\":1,"
		"\"networks\":[{\"id\":\"vpc-1\",\"name\":\"net\",\"kind\":\"vpc\",\"cidrs\":[\"10.77.0.0/"
		"16\"]}],"
		"\"nodes\":[{\"id\":\"n-1\",\"name\":\"one\",\"network\":\"net\",\"security_groups\":["
		"\"web\"],"
		"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.77.0.1\"]}]}],"
		"\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"web\",\"network\":\"net\",\"kind\":"
		"\"basic\","
		"\"rules\":[%s]}]}",
		rules);
	assert_int_equal(fclose(file), 0);
}

#define RULE(id, verdict, protocol, ports)                                                                   \
	"{\"id\":\"" id "\",\"direction\":\"ingress\",\"policy\":\"" verdict "\",\"protocol\":\"" protocol   \
	"\",\"ports\":\"" ports "\",\"object\":{\"cidr\":\"0.0.0.0/0\"}}"
#define RULES                                                                                                \
	RULE("sgr-web", "accept", "tcp", "80/80")                                                            \
	"," RULE("sgr-dns", "accept", "udp", "53/53") "," RULE(                                              \
		"sgr-ping", "accept", "icmp", "-1/-1") "," RULE("sgr-no", "drop", "udp", "99/99")

static void start_agent(struct world *world)
{
	const char *argv[] = {program,     "--file",         world->model, "--node",
			      "one",       "--state",        world->state, "--pin-dir",
			      world->pins, "--table-memory", "16",         "--flow-entries",
			      "4096",      "--interface",    "eth0",       NULL};

	process_start(&world->agent, world->node, world->log, argv);
}

/* Runs a command with options, ended by NULL; its output is in world->output. */
static int command(struct world *world, const char *const *words)
{
	const char *argv[20] = {program};
	size_t count = 1;

	for (size_t i = 0; words[i]; i++)
		argv[count++] = words[i];
	argv[count++] = "--state";
	argv[count++] = world->state;
	argv[count++] = "--pin-dir";
	argv[count++] = world->pins;
	return process_run(world->node, world->output, sizeof(world->output), argv);
}

#define COMMAND(world, ...) command(world, (const char *const[]){__VA_ARGS__, NULL})

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->folder);
	(void)snprintf(world->model, sizeof(world->model), "%s/model.json", world->folder);
	scratch_state(world->state, sizeof(world->state), world->folder, "node");
	(void)snprintf(world->log, sizeof(world->log), "%s/log", world->folder);
	world->pins = netns_pin_dir();
	world->node = netns_new();
	world->peer = netns_new();
	world->client = -1;
	netns_veth(world->node, "eth0", world->peer, "eth0");
	netns_run(world->node, "ip address add " NODE "/24 dev eth0");
	netns_run(world->peer, "ip address add " PEER "/24 dev eth0");
	world->listener = process_listen(world->node, NODE, 80);
	write_model(world, RULES);
	start_agent(world);
	process_expect_log(&world->agent, "policy in force");
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	(void)COMMAND(world, "detach");
	process_stop(&world->agent, SIGKILL);
	(void)COMMAND(world, "attach");
	if (world->client >= 0)
		(void)close(world->client);
	(void)close(world->listener);
	(void)close(world->node);
	(void)close(world->peer);
	assert_int_equal(scratch_remove(world->folder), 0);
	free(world);
	return 0;
}

/* ---- packets ---- */

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
	return address;
}

static int bound_socket(const struct world *world, int type, uint16_t port)
{
	struct sockaddr_in from = address_of(PEER, port);
	int fd = netns_socket(world->peer, AF_INET, type, 0), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	return fd;
}

static void open_connection(struct world *world)
{
	struct sockaddr_in to = address_of(NODE, 80);

	world->client = bound_socket(world, SOCK_STREAM, CLIENT_PORT);
	assert_int_equal(connect(world->client, (struct sockaddr *)&to, sizeof(to)), 0);
}

static void send_datagram(const struct world *world, uint16_t from, uint16_t to)
{
	struct sockaddr_in at = address_of(NODE, to);
	int fd = bound_socket(world, SOCK_DGRAM, from);

	assert_int_equal(sendto(fd, "question", 8, 0, (struct sockaddr *)&at, sizeof(at)), 8);
	(void)close(fd);
}

static void send_ping(const struct world *world)
{
	struct icmphdr echo = {.type = ICMP_ECHO, .un.echo = {.id = htons(ECHO_ID), .sequence = htons(1)}};
	struct sockaddr_in to = address_of(NODE, 0);
	int fd = netns_socket(world->peer, AF_INET, SOCK_RAW, IPPROTO_ICMP);

	echo.checksum = htons((uint16_t) ~((ICMP_ECHO << 8) + ECHO_ID + 1));
	assert_int_equal(sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(echo));
	(void)close(fd);
}

/* ---- table ---- */

/* The JSON of the flow that begins so, cut off behind it; NULL when there is none. */
static char *find_flow(char *output, const char *begins)
{
	char *flow = strstr(output, begins);
	char *end = flow ? strstr(flow, "}}") : NULL;

	if (end)
		end[2] = '\0';
	return flow;
}

/* Waits until the table has a flow that begins so, and then says who let it in. */
static void expect_flow(struct world *world, const char *begins, const char *in)
{
	for (int i = 0; i < POLLS; i++, usleep(POLL_US)) {
		char *flow;

		assert_int_equal(COMMAND(world, "table", "-o", "json"), 0);
		flow = find_flow(world->output, begins);
		if (flow && strstr(flow, in))
			return;
	}
	fail_msg("no flow %s ... %s in: %s", begins, in, world->output);
}

#define TCP_FLOW                                                                                             \
	"{\"protocol\":\"tcp\",\"class\":\"established\",\"opened\":\"ingress\",\"local\":\"" NODE           \
	"\",\"local_port\":80,\"remote\":\"" PEER "\",\"remote_port\":40001,"
#define UDP_FLOW                                                                                             \
	"{\"protocol\":\"udp\",\"class\":\"half-open\",\"opened\":\"ingress\",\"local\":\"" NODE             \
	"\",\"local_port\":53,\"remote\":\"" PEER "\",\"remote_port\":40001,"
#define PING_FLOW                                                                                            \
	"{\"protocol\":\"icmp\",\"class\":\"exchange\",\"opened\":\"ingress\",\"local\":\"" NODE             \
	"\",\"remote\":\"" PEER "\","
#define IN(cause) "\"in\":{\"interface\":\"eth0\",\"cause\":\"" cause "\"}"

static void lists_flows_with_class_and_rule(void **state)
{
	struct world *world = *state;

	open_connection(world);
	send_datagram(world, CLIENT_PORT, 53);
	send_ping(world);
	expect_flow(world, TCP_FLOW, IN("sgr-web"));
	expect_flow(world, UDP_FLOW, IN("sgr-dns"));
	expect_flow(world, PING_FLOW, IN("sgr-ping"));
}

static void lists_only_what_filters_take(void **state)
{
	struct world *world = *state;

	open_connection(world);
	send_datagram(world, CLIENT_PORT, 53);
	send_ping(world);
	expect_flow(world, PING_FLOW, IN("sgr-ping"));
	assert_int_equal(COMMAND(world, "table", "--port", "80"), 0);
	assert_non_null(strstr(world->output, NODE ":80"));
	assert_non_null(strstr(world->output, "eth0=sgr-web"));
	assert_null(strstr(world->output, "udp"));
	assert_int_equal(COMMAND(world, "table", "--protocol", "udp"), 0);
	assert_non_null(strstr(world->output, NODE ":53"));
	assert_null(strstr(world->output, "tcp"));
	assert_int_equal(COMMAND(world, "table", "--remote", "10.77.0.3"), 0);
	assert_null(strstr(world->output, "10.77"));
	assert_int_equal(COMMAND(world, "table", "--remote", "10.77.0.0/24", "--class", "exchange"), 0);
	assert_non_null(strstr(world->output, "icmp"));
	assert_null(strstr(world->output, "tcp"));
	assert_int_equal(COMMAND(world, "table", "--class", "lively"), 2);
}

static void lists_flows_without_an_agent(void **state)
{
	struct world *world = *state;

	open_connection(world);
	expect_flow(world, TCP_FLOW, IN("sgr-web"));
	process_stop(&world->agent, SIGKILL);
	expect_flow(world, TCP_FLOW, IN("sgr-web"));
}

static void says_when_a_flow_was_decided_by_an_older_policy(void **state)
{
	struct world *world = *state;

	open_connection(world);
	expect_flow(world, TCP_FLOW, IN("sgr-web"));
	write_model(world, RULE("sgr-other", "accept", "tcp", "80/80"));
	process_signal(&world->agent, SIGHUP);
	expect_flow(world, TCP_FLOW, IN("older-policy"));
	assert_int_equal(send(world->client, "more", 4, MSG_NOSIGNAL), 4);
	expect_flow(world, TCP_FLOW, IN("sgr-other"));
}

static void says_that_nothing_is_in_force(void **state)
{
	struct world *world = *state;

	assert_int_equal(COMMAND(world, "detach"), 0);
	assert_int_equal(COMMAND(world, "table"), 1);
}

/* ---- capture ---- */

/* Starts 'capture' with options, ended by NULL; its output goes to its log. */
static void start_capture(struct world *world, struct process *capture, const char *const *words)
{
	const char *argv[20] = {program, "capture"};
	char log[128];
	size_t count = 2;

	for (size_t i = 0; words[i]; i++)
		argv[count++] = words[i];
	argv[count++] = "--state";
	argv[count++] = world->state;
	argv[count++] = "--pin-dir";
	argv[count++] = world->pins;
	(void)snprintf(log, sizeof(log), "%s/capture", world->folder);
	process_start(capture, world->node, log, argv);
	process_expect_log(capture, "capturing refused packets");
}

#define CAPTURE(world, capture, ...)                                                                         \
	start_capture(world, capture, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void shows_refused_packets_with_cause_and_rule(void **state)
{
	struct world *world = *state;
	struct process capture = {0};

	CAPTURE(world, &capture);
	send_datagram(world, REFUSED_PORT, 99);
	send_datagram(world, REFUSED_PORT, 98);
	process_expect_log(&capture,
			   "eth0 in udp " PEER ":40002 > " NODE ":99 length 50: refused by sgr-no\n");
	process_expect_log(&capture,
			   "eth0 in udp " PEER ":40002 > " NODE ":98 length 50: refused by default\n");
	process_signal(&capture, SIGINT);
	assert_int_equal(process_wait(&capture), 0);
	assert_true(process_log_has(&capture, "2 packets shown, 0 lost here, 0 more refused"));
}

static void ends_after_so_many_packets_that_the_filter_takes(void **state)
{
	struct world *world = *state;
	struct process capture = {0};

	CAPTURE(world, &capture, "--port", "99", "-c", "2", "-o", "json");
	for (int i = 0; i < 3; i++) {
		send_datagram(world, REFUSED_PORT, 98);
		send_datagram(world, REFUSED_PORT, 99);
	}
	assert_int_equal(process_wait(&capture), 0);
	assert_true(
		process_log_has(&capture, "\"local_port\":99,\"remote_port\":40002,\"cause\":\"sgr-no\"}"));
	assert_false(process_log_has(&capture, "\"local_port\":98"));
	assert_true(process_log_has(&capture, "2 packets shown"));
}

static void captures_without_an_agent_and_goes_on_with_one(void **state)
{
	struct world *world = *state;
	struct process capture = {0};

	open_connection(world);
	expect_flow(world, TCP_FLOW, IN("sgr-web"));
	process_stop(&world->agent, SIGKILL);
	CAPTURE(world, &capture);
	process_expect_log(&capture, "no agent is running");
	send_datagram(world, REFUSED_PORT, 99);
	process_expect_log(&capture, "> " NODE ":99 length 50: refused by sgr-no\n");
	start_agent(world);
	process_expect_log(&capture, "an agent runs now");
	process_expect_log(&world->agent, "policy in force");
	send_datagram(world, REFUSED_PORT, 97);
	process_expect_log(&capture, "> " NODE ":97 length 50: refused by default\n");
	process_stop(&world->agent, SIGKILL);
	send_datagram(world, REFUSED_PORT, 96);
	process_expect_log(&capture, "> " NODE ":96 length 50: refused by default\n");
	process_signal(&capture, SIGTERM);
	assert_int_equal(process_wait(&capture), 0);
}

/* A datagram from the peer behind a tag of VLAN 0. */
static void send_tagged(const struct world *world)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .local_port = 99,
				   .remote_port = REFUSED_PORT};
	int fd = netns_frames(world->peer, "eth0");
	uint8_t frame[FRAME_MAX];
	size_t size;

	assert_int_equal(rw_address_parse(NODE, &packet.local, NULL), 0);
	assert_int_equal(rw_address_parse(PEER, &packet.remote, NULL), 0);
	size = frame_build(&packet, FRAME_TAGGED, 1, frame);
	assert_int_equal(send(fd, frame, size, 0), size);
	(void)close(fd);
}

/* Captures one refused datagram into a file and reads that; gives the packet. */
static const struct pcapng_packet *capture_one(struct world *world, bool tagged)
{
	struct process capture = {0};
	static struct pcapng_file file;
	static uint8_t content[8192];
	char path[96];
	size_t size;
	FILE *stream;

	(void)snprintf(path, sizeof(path), "%s/refused.pcapng", world->folder);
	/* Longer and open to everybody before: it becomes ours alone, and is written anew. */
	netns_run(world->node, "seq 20000 >%s && chmod 644 %s", path, path);
	CAPTURE(world, &capture, "-w", path, "-c", "1", "--remote", PEER, "--protocol", "udp");
	if (tagged)
		send_tagged(world);
	else
		send_datagram(world, REFUSED_PORT, 99);
	assert_int_equal(process_wait(&capture), 0);
	stream = fopen(path, "re");
	assert_non_null(stream);
	size = fread(content, 1, sizeof(content), stream);
	assert_int_equal(fclose(stream), 0);
	pcapng_read(content, size, &file);
	netns_run(world->node, "test $(stat -c %%a %s) = 600", path);
	assert_int_equal(file.packet_count, 1);
	return &file.packets[0];
}

static void writes_refused_packets_as_pcapng(void **state)
{
	const struct pcapng_packet *packet = capture_one(*state, false);

	assert_string_equal(packet->interface, "eth0");
	assert_int_equal(packet->link, 1);
	assert_int_equal(packet->flags & 3, 1);
	assert_string_equal(packet->comment, "refused by sgr-no");
	/* Ethernet, IPv4, UDP and what was said. */
	assert_int_equal(packet->length, 14 + 20 + 8 + 8);
	assert_int_equal(packet->captured, packet->length);
	assert_memory_equal(packet->bytes + 12, "\x08\x00\x45", 3);
	assert_memory_equal(packet->bytes + 26, "\x0a\x4d\x00\x02\x0a\x4d\x00\x01", 8);
	assert_memory_equal(packet->bytes + 42, "question", 8);
}

static void writes_the_tag_that_the_kernel_keeps_apart(void **state)
{
	const struct pcapng_packet *packet = capture_one(*state, true);

	assert_int_equal(packet->link, 1);
	assert_int_equal(packet->captured, packet->length);
	assert_memory_equal(packet->bytes + 12, "\x81\x00\x00\x00\x08\x00\x45", 7);
	assert_memory_equal(packet->bytes + 30, "\x0a\x4d\x00\x02\x0a\x4d\x00\x01", 8);
	assert_string_equal(packet->comment, "refused by sgr-no");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, free_world)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_flows_with_class_and_rule),
		TEST(lists_only_what_filters_take),
		TEST(lists_flows_without_an_agent),
		TEST(says_when_a_flow_was_decided_by_an_older_policy),
		TEST(says_that_nothing_is_in_force),
		TEST(shows_refused_packets_with_cause_and_rule),
		TEST(ends_after_so_many_packets_that_the_filter_takes),
		TEST(captures_without_an_agent_and_goes_on_with_one),
		TEST(writes_refused_packets_as_pcapng),
		TEST(writes_the_tag_that_the_kernel_keeps_apart),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
