/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the filter costs and what it spares, on real packets through veth pairs in one run.
 *
 * usage: dataplane [ROUNDS]     one JSON object on standard output; as root
 *
 * Three pairs of namespaces: no filter, ringwall, nftables; each with the same policy of 1,000 rules.  Rounds
 * of all are interleaved and medians told, because the machine has slow phases: only ratios within one run
 * count.  Everything runs on one processor and by the time of that processor, so that cost shows as time, and
 * neither waiting nor other programs do: "a second" is one of processor time.
 *
 *   udp      accepted datagrams a second, 64 flows, sent and received
 *   tcp_crr  connect, request, answer, close a second
 *   refused  frames a second from random sources to a port that no rule opens; sent from inside the kernel, so
 *            that a second is nearly all the receiver's
 *
 * nftables in its best stateful form: established flows accepted first, then one look-up in a set of
 * (source, protocol, port) intervals in prerouting; everything else dropped.
 */

#include "test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flood.skel.h"
#include "filter.h"
#include "frame.h"
#include "world.h"

enum {
	NONE,
	RINGWALL,
	NFTABLES,
	SCENES,
	RULES = 1000,
	FLOWS = 64,
	FLOOD = 1000000, /* frames of one run */
	BATCH = 64,      /* less than a veth's ring */
	ROUNDS_MAX = 101
};
enum { UDP, TCP_CRR, REFUSED, KINDS };

static const char *const scene_names[SCENES] = {"none", "ringwall", "nftables"};
static const char *const kind_names[KINDS] = {"udp", "tcp_crr", "refused"};

#define SLICE_NS 100000000ull

struct scene {
	int node;
	int peer;
	int clients[FLOWS];
	int server;
	int listener;
	unsigned int peer_ifindex;
	struct rw_enforcer *enforcer; /* RINGWALL only */
	double rates[KINDS][ROUNDS_MAX];
};

static struct scene scenes[SCENES];
static struct flood_bpf *flood;
static uint8_t refused[FRAME_MAX];
static size_t refused_size;
static char rules[RULES][96];
static const char *rule_list[RULES + 1];

static uint64_t used_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Random prefixes and ports; the one that the benchmark uses stands in the middle. */
static void make_rules(FILE *elements)
{
	static const char *const protocols[] = {"tcp", "tcp", "udp"};

	srand(7);
	for (int i = 0; i < RULES; i++) {
		const char *protocol = protocols[rand() % 3];
		int port = 1024 + rand() % 30000, last = port + rand() % 10;
		char cidr[32];

		(void)snprintf(cidr, sizeof(cidr), "%d.%d.%d.0/24", 11 + rand() % 100, rand() % 256,
			       rand() % 256);
		if (i == RULES / 2 || i == RULES / 2 + 1) {
			protocol = i % 2 ? "udp" : "tcp";
			port = last = 80;
			(void)snprintf(cidr, sizeof(cidr), "10.0.0.0/24");
		}
		(void)snprintf(rules[i], sizeof(rules[i]), "sgr-%04d in accept %s %d/%d %s", i, protocol,
			       port, last, cidr);
		rule_list[i] = rules[i];
		(void)fprintf(elements, "%s%s . %s . %d-%d", i ? ", " : "", cidr, protocol, port, last);
	}
}

static void set_up_nftables(int node, const char *elements)
{
	char path[] = "/tmp/rw-bench-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)dprintf(fd,
		      "table ip bench {\n"
		      " set ok { type ipv4_addr . inet_proto . inet_service; flags interval; auto-merge; "
		      "elements = { %s } }\n"
		      " chain in { type filter hook prerouting priority -150; policy drop;\n"
		      "  ct state established,related accept\n"
		      "  ip saddr . meta l4proto . th dport @ok accept\n }\n}\n",
		      elements);
	(void)close(fd);
	netns_run(node, "nft -f %s; r=$?; rm %s; exit $r", path, path);
}

static void set_up(struct scene *scene, int kind, const char *elements)
{
	scene->node = netns_new();
	scene->peer = netns_new();
	netns_veth(scene->peer, "p0", scene->node, "eth0");
	netns_run(scene->peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(scene->node, "ip addr add 10.0.0.2/24 dev eth0");
	if (kind == RINGWALL) {
		struct rw_enforcer *enforcer = filter_open(scene->node, NULL);

		filter_apply(enforcer, scene->node, "eth0", rule_list);
		filter_enforce(enforcer, scene->node);
		scene->enforcer = enforcer;
	} else if (kind == NFTABLES) {
		set_up_nftables(scene->node, elements);
	}
	scene->server = filter_udp(scene->node, "10.0.0.2", 80);
	scene->listener = filter_listen(scene->node, "10.0.0.2", 80);
	for (int i = 0; i < FLOWS; i++) {
		scene->clients[i] = filter_udp(scene->peer, "10.0.0.1", (uint16_t)(20000 + i));
		assert_true(filter_tells(scene->clients[i], scene->server, "10.0.0.2", 80));
		assert_true(
			filter_tells(scene->server, scene->clients[i], "10.0.0.1", (uint16_t)(20000 + i)));
	}
	scene->peer_ifindex = netns_ifindex(scene->peer, "p0");
}

/* Frames that a program sends into a veth are taken by NAPI, which it has with generic receive offload. */
static void take_flood(struct scene *scene)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq request = {.ifr_name = "eth0", .ifr_data = (char *)&value};
	int fd = netns_socket(scene->node, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	(void)close(fd);
}

static void make_refused(void)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .local = world_address("10.0.0.2"),
				   .local_port = 9,
				   .remote = world_address("11.0.0.1"),
				   .remote_port = 1024};

	refused_size = frame_build(&packet, 0, 7, refused);
	flood = flood_bpf__open_and_load();
	assert_non_null(flood);
}

static double run_udp(struct scene *scene)
{
	uint64_t begin = used_ns(), count = 0, elapsed;
	char bytes[64] = {0};

	do {
		for (int i = 0; i < FLOWS; i++)
			(void)filter_send_to(scene->clients[i], "10.0.0.2", 80, 64);
		while (recv(scene->server, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			count++;
		elapsed = used_ns() - begin;
	} while (elapsed < SLICE_NS);
	return (double)count * 1e9 / (double)elapsed;
}

static double run_crr(struct scene *scene)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct linger linger = {.l_onoff = 1};
	uint64_t begin = used_ns(), count = 0, elapsed;
	char byte = 'r';

	assert_int_equal(inet_pton(AF_INET, "10.0.0.2", &address.sin_addr), 1);
	netns_enter(scene->peer);
	do {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), served;

		if (connect(client, (struct sockaddr *)&address, sizeof(address)) < 0)
			fail_msg("connect: a filter refuses what it must accept");
		served = accept(scene->listener, NULL, NULL);
		assert_int_equal(send(client, &byte, 1, 0), 1);
		assert_int_equal(recv(served, &byte, 1, 0), 1);
		assert_int_equal(send(served, &byte, 1, 0), 1);
		assert_int_equal(recv(client, &byte, 1, 0), 1);
		/* No TIME_WAIT, or ports run out. */
		(void)setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		(void)close(client);
		(void)close(served);
		count++;
		elapsed = used_ns() - begin;
	} while (elapsed < SLICE_NS);
	netns_leave();
	return (double)count * 1e9 / (double)elapsed;
}

static double run_refused(struct scene *scene)
{
	struct xdp_md context = {.data_end = (uint32_t)refused_size, .ingress_ifindex = scene->peer_ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = refused, .data_size_in = (uint32_t)refused_size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = FLOOD,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	uint64_t dropped = scene->enforcer ? filter_dropped(scene->enforcer, RW_CAUSE_DEFAULT) : 0;
	uint64_t elapsed = used_ns();
	int r;

	netns_enter(scene->peer);
	r = bpf_prog_test_run_opts(bpf_program__fd(flood->progs.flood), &options);
	netns_leave();
	elapsed = used_ns() - elapsed;
	assert_int_equal(r, 0);
	/* All of them must have come to the filter, or this measures a full ring. */
	if (scene->enforcer)
		assert_true(filter_dropped(scene->enforcer, RW_CAUSE_DEFAULT) - dropped > FLOOD / 100 * 99);
	return (double)FLOOD * 1e9 / (double)elapsed;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	static double (*const runs[KINDS])(struct scene *) = {run_udp, run_crr, run_refused};
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	double medians[KINDS][SCENES];
	char *elements = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&elements, &size);
	cpu_set_t one;

	if (rounds < 1 || rounds > ROUNDS_MAX || !stream)
		return 2;
	netns_require();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	make_rules(stream);
	(void)fclose(stream);
	make_refused();
	for (int i = 0; i < SCENES; i++)
		set_up(&scenes[i], i, elements);
	for (int round = 0; round < rounds; round++)
		for (int kind = 0; kind < REFUSED; kind++)
			for (int i = 0; i < SCENES; i++)
				scenes[i].rates[kind][round] = runs[kind](&scenes[i]);
	for (int i = 0; i < SCENES; i++)
		take_flood(&scenes[i]);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < SCENES; i++)
			scenes[i].rates[REFUSED][round] = run_refused(&scenes[i]);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < SCENES; i++)
			medians[kind][i] = median(scenes[i].rates[kind], rounds);
	printf("{\"rounds\":%d,\"rules\":%d", rounds, RULES);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < SCENES; i++)
			printf(",\"%s_%s_per_s\":%.0f", kind_names[kind], scene_names[i], medians[kind][i]);
	printf(",\"udp_filtered_to_unfiltered\":%.3f,\"tcp_crr_filtered_to_unfiltered\":%.3f",
	       medians[UDP][RINGWALL] / medians[UDP][NONE],
	       medians[TCP_CRR][RINGWALL] / medians[TCP_CRR][NONE]);
	printf(",\"refused_ringwall_to_nftables\":%.2f}\n",
	       medians[REFUSED][RINGWALL] / medians[REFUSED][NFTABLES]);
	free(elements);
	flood_bpf__destroy(flood);
	return 0;
}
