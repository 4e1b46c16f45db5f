/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the filter costs and what it spares, on real packets through veth pairs in one run.
 *
 * usage: dataplane [ROUNDS]     one JSON object on standard output; as root, two processors
 *
 * Pairs of namespaces: no filter, ringwall, nftables in two forms; all with the same policy of 1,000 rules.
 * Rounds of all are interleaved and medians told, because the machine has slow phases: only ratios within one
 * run count.
 *
 *   udp      accepted datagrams a second, 64 flows, sent and received
 *   tcp_crr  connect, request, answer, close a second
 *   refused  packets a second that the receiver took and refused, offered more than it can take
 *
 * udp and tcp_crr run on one processor and by the time of that processor, so that cost shows as time, and
 * neither waiting nor other programs do: "a second" is one of processor time.  In refused, the sender has the
 * first processor and the receiver's NAPI thread the second; what overruns the ring between them counts for
 * nobody, and a second is one of that thread's.  'floor' is a program that refuses everything: no filter at that place can be faster.
 *
 * The policy and the packets refused are those of policy.h.  nftables has it in its best stateful forms
 * (nftables.h), of which the faster counts.
 */

#include "test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "flood.h"
#include "flood.skel.h"
#include "frame.h"
#include "nftables.h"
#include "policy.h"
#include "world.h"

enum {
	NONE,
	RINGWALL,
	NFTABLES,
	CONCATENATED, /* nftables in one look-up */
	FLOOR,
	SCENES,
	FILTERS = FLOOR
};
enum { FLOWS = 64, ROUNDS_MAX = 101 };
enum { UDP, TCP_CRR, REFUSED, KINDS };

static const char *const scene_names[SCENES] = {"none", "ringwall", "nftables", "nftables_concatenated",
						"floor"};
static const char *const kind_names[KINDS] = {"udp", "tcp_crr", "refused"};

#define TCX_INGRESS 46         /* BPF_TCX_INGRESS; older headers have no name for it */
#define DEVICE      "rwbench0" /* of the nodes; the threads of its NAPI are named after it */
#define SLICE_NS    100000000ull
#define WARM_MS     30
#define WINDOW_MS   200
#define ENDLESS     (1 << 25) /* frames: seconds; ended by a signal */

struct scene {
	int node;
	int peer;
	int clients[FLOWS];
	int server;
	int listener;
	pid_t receiver; /* its NAPI thread */
	unsigned int ifindex;
	unsigned int peer_ifindex;
	struct rw_enforcer *enforcer; /* RINGWALL only */
	double rates[KINDS][ROUNDS_MAX];
};

static struct scene scenes[SCENES];
static struct flood_bpf *flood;

static uint64_t used_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void set_up_nftables(int node, const struct nftables *form, bool concatenated)
{
	char path[] = "/tmp/rw-bench-XXXXXX";
	FILE *stream = fdopen(mkstemp(path), "w");

	assert_non_null(stream);
	nftables_print(form, concatenated, stream);
	(void)fclose(stream);
	netns_run(node, "nft -f %s; r=$?; rm %s; exit $r", path, path);
}

static void set_up_ringwall(struct scene *scene, const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforce_bpf_options defaults = {0};

	netns_enter(scene->node);
	if (rw_enforce_bpf_open(&defaults, &scene->enforcer, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
	if (rw_enforcer_apply(scene->enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	filter_attach(scene->enforcer, scene->node, DEVICE, DEVICE);
	filter_enforce(scene->enforcer, scene->node);
}

static void set_up_floor(struct scene *scene)
{
	netns_enter(scene->node);
	assert_true(bpf_link_create(bpf_program__fd(flood->progs.refuse), (int)scene->ifindex, TCX_INGRESS,
				    NULL) >= 0);
	netns_leave();
}

static void open_flows(struct scene *scene)
{
	scene->server = filter_udp(scene->node, "10.0.0.2", 80);
	scene->listener = filter_listen(scene->node, "10.0.0.2", 80);
	for (int i = 0; i < FLOWS; i++) {
		uint16_t port = (uint16_t)(20000 + i);

		scene->clients[i] = filter_udp(scene->peer, "10.0.0.1", port);
		assert_true(filter_tells(scene->clients[i], scene->server, "10.0.0.2", 80));
		assert_true(filter_tells(scene->server, scene->clients[i], "10.0.0.1", port));
	}
}

static void set_up(struct scene *scene, int kind, const struct rw_policy *policy, const struct nftables *form)
{
	scene->node = netns_new();
	scene->peer = netns_new();
	netns_veth(scene->peer, "p0", scene->node, DEVICE);
	netns_run(scene->peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(scene->node, "ip addr add 10.0.0.2/24 dev " DEVICE);
	scene->ifindex = netns_ifindex(scene->node, DEVICE);
	scene->peer_ifindex = netns_ifindex(scene->peer, "p0");
	if (kind == RINGWALL)
		set_up_ringwall(scene, policy);
	else if (kind == NFTABLES || kind == CONCATENATED)
		set_up_nftables(scene->node, form, kind == CONCATENATED);
	if (kind == FLOOR)
		set_up_floor(scene);
	else
		open_flows(scene);
}

/*
 * Frames that a program sends into a veth are taken by NAPI, which it has with generic receive offload; in a
 * thread, so that it can be put on a processor.
 */
static void take_flood(struct scene *scene)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq request = {.ifr_name = DEVICE, .ifr_data = (char *)&value};
	int fd = netns_socket(scene->node, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	(void)close(fd);
	netns_run(scene->node, "unshare -m sh -c 'mount -t sysfs none /sys && "
			       "echo 1 >/sys/class/net/" DEVICE "/threaded'");
}

static void pin(pid_t thread, int processor)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	if (sched_setaffinity(thread, sizeof(one), &one) < 0)
		fail_msg("two processors are needed");
}

/*
 * Puts a thread ahead of all other programs (0: back among them).  Those would not take its time, which is
 * counted, but its caches; and a sender that must wait for them offers less than a receiver can take.
 */
static void prefer(pid_t thread, int priority)
{
	const struct sched_param param = {.sched_priority = priority};

	assert_int_equal(sched_setscheduler(thread, priority ? SCHED_FIFO : SCHED_OTHER, &param), 0);
}

static bool is_known(pid_t thread)
{
	for (int i = 0; i < SCENES; i++)
		if (scenes[i].receiver == thread)
			return true;
	return false;
}

/* Finds the NAPI thread that 'scene' has just got. */
static void find_receiver(struct scene *scene)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], name[64] = "";
		int thread = atoi(entry->d_name);
		FILE *stream;

		(void)snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (thread <= 0 || is_known(thread) || !(stream = fopen(path, "r")))
			continue;
		if (fgets(name, sizeof(name), stream) && strncmp(name, "napi/" DEVICE "-", 14) == 0)
			scene->receiver = thread;
		(void)fclose(stream);
	}
	(void)closedir(dir);
	assert_true(scene->receiver > 0);
	pin(scene->receiver, 1);
	prefer(scene->receiver, 1);
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

static void ignore(int number)
{
	(void)number;
}

/* The sender: until a signal comes. */
static void *send_flood(void *data)
{
	struct scene *scene = data;
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .local = world_address("10.0.0.2"),
				   .local_port = 9,
				   .remote = world_address("11.0.0.1"),
				   .remote_port = 1024};
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(&packet, 0, 7, frame);
	struct xdp_md context = {.data_end = (uint32_t)size, .ingress_ifindex = scene->peer_ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = ENDLESS,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	prefer(0, 1);
	netns_enter(scene->peer);
	if (bpf_prog_test_run_opts(bpf_program__fd(flood->progs.flood), &options) != -EINTR)
		fail_msg("the flood ended by itself");
	return NULL;
}

/* Packets that the receiver took, and what it has used of its processor. */
static uint64_t received(struct scene *scene, uint64_t *ret_ns)
{
	unsigned long long packets = 0, ns = 0;
	char path[64], line[512];
	FILE *stream;

	(void)snprintf(path, sizeof(path), "/proc/%d/schedstat", scene->receiver);
	netns_enter(scene->node);
	stream = fopen(path, "r");
	assert_true(stream && fscanf(stream, "%llu", &ns) == 1);
	(void)fclose(stream);
	stream = fopen("/proc/thread-self/net/dev", "r");
	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream))
		(void)sscanf(line, " " DEVICE ": %*u %llu", &packets);
	(void)fclose(stream);
	netns_leave();
	*ret_ns = ns;
	return packets;
}

static uint64_t refused(struct scene *scene)
{
	return filter_dropped(scene->enforcer, RW_CAUSE_DEFAULT) +
	       filter_dropped(scene->enforcer, RW_CAUSE_RULE);
}

static double run_refused(struct scene *scene)
{
	uint64_t ns, begin_ns, end_ns, begin, end, all = received(scene, &ns);
	uint64_t dropped = scene->enforcer ? refused(scene) : 0;
	pthread_t sender;

	prefer(0, 2); /* or the sender, on the same processor, would never be ended */
	assert_int_equal(pthread_create(&sender, NULL, send_flood, scene), 0);
	(void)usleep(WARM_MS * 1000);
	begin = received(scene, &begin_ns);
	(void)usleep(WINDOW_MS * 1000);
	end = received(scene, &end_ns);
	(void)pthread_kill(sender, SIGUSR1);
	(void)pthread_join(sender, NULL);
	prefer(0, 0);
	(void)usleep(1000); /* what is in the ring */
	/* What was received was refused, or this measures something else. */
	all = received(scene, &ns) - all;
	if (scene->enforcer)
		assert_true((refused(scene) - dropped) > all / 100 * 99);
	return (double)(end - begin) * 1e9 / (double)(end_ns - begin_ns);
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

static void set_up_all(void)
{
	static uint32_t members[BENCH_MEMBERS];
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = bench_policy(DEVICE, members);
	struct nftables *form = nftables_new(policy);

	flood = flood_bpf__open_and_load();
	assert_non_null(flood);
	bench_samples(policy, form, members, RW_VERDICT_DROP, flood->bss->samples);
	for (int i = 0; i < SCENES; i++)
		set_up(&scenes[i], i, policy, form);
	nftables_free(form);
}

static double best(const double medians[SCENES])
{
	return medians[NFTABLES] > medians[CONCATENATED] ? medians[NFTABLES] : medians[CONCATENATED];
}

static void print(double medians[KINDS][SCENES], int rounds)
{
	printf("{\"rounds\":%d,\"rules\":%d", rounds, BENCH_RULES);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < (kind == REFUSED ? SCENES : FILTERS); i++)
			printf(",\"%s_%s_per_s\":%.0f", kind_names[kind], scene_names[i], medians[kind][i]);
	printf(",\"udp_filtered_to_unfiltered\":%.3f,\"tcp_crr_filtered_to_unfiltered\":%.3f",
	       medians[UDP][RINGWALL] / medians[UDP][NONE],
	       medians[TCP_CRR][RINGWALL] / medians[TCP_CRR][NONE]);
	printf(",\"refused_ringwall_to_floor\":%.3f", medians[REFUSED][RINGWALL] / medians[REFUSED][FLOOR]);
	printf(",\"refused_ringwall_to_nftables\":%.2f}\n",
	       medians[REFUSED][RINGWALL] / best(medians[REFUSED]));
}

int main(int argc, char **argv)
{
	static double (*const runs[REFUSED])(struct scene *) = {run_udp, run_crr};
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	double medians[KINDS][SCENES] = {{0}};

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	netns_require();
	pin(0, 0);
	(void)sigaction(SIGUSR1, &(struct sigaction){.sa_handler = ignore}, NULL);
	set_up_all();
	for (int round = 0; round < rounds; round++)
		for (int kind = 0; kind < REFUSED; kind++)
			for (int i = 0; i < FILTERS; i++)
				scenes[i].rates[kind][round] = runs[kind](&scenes[i]);
	for (int i = 0; i < SCENES; i++) {
		take_flood(&scenes[i]);
		find_receiver(&scenes[i]);
	}
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < SCENES; i++)
			scenes[i].rates[REFUSED][round] = run_refused(&scenes[i]);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < SCENES; i++)
			medians[kind][i] = median(scenes[i].rates[kind], rounds);
	print(medians, rounds);
	flood_bpf__destroy(flood);
	return 0;
}
