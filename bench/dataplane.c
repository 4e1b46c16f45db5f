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
 *   tcp_rr   requests that are answered a second on one connection, by the median of the time of each
 *   stream1, stream8  bytes a second through one TCP connection, and through eight
 *   iperf1, iperf8    the same as iperf3 measures it, bits a second; in every third round
 *   flooded  connect, request, answer, close a second while the second processor sends SYNs from random sources
 *   refused  packets a second that the receiver took and refused, offered more than it can take
 *
 * All but the last two run on one processor and by the time of that processor, so that cost shows as time, and
 * neither waiting nor other programs do: "a second" is one of processor time, of iperf3 that of both its ends.  In
 * flooded it is one of the clock.
 * 'passing' has programs that do nothing at both hooks: what it costs to have any.
 * In refused, the sender has the first processor and the receiver's NAPI thread the second; what overruns the
 * ring between them counts for nobody, and a second is one of that thread's.  'floor' and 'early_floor' are programs
 * that refuse everything, at tc and at XDP: no filter at that place can be faster; 'early_reading_floor' looks at the
 * source before, as every filter must.  'early' is ringwall with its early stage in the driver, 'many' with ten
 * times the rules, 'few' with ten of them.
 *
 * The policy and the packets refused are those of policy.h.  nftables has it in its best stateful forms
 * (nftables.h), of which the faster counts.
 */

#include "test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "flood.h"
#include "flood.skel.h"
#include "frame.h"
#include "median.h"
#include "nftables.h"
#include "policy.h"
#include "world.h"

enum {
	NONE,
	RINGWALL,
	NFTABLES,
	CONCATENATED, /* nftables in one look-up */
	PASSING,      /* programs that do nothing, at both hooks */
	FLOOR,
	EARLY,
	EARLY_FLOOR,
	EARLY_READING,
	MANY,
	FEW,
	SCENES,
	FILTERS = FLOOR
};
enum { FLOWS = 64, ROUNDS_MAX = 101 };
enum { UDP, TCP_CRR, TCP_RR, STREAM1, STREAM8, IPERF1, IPERF8, FLOODED, REFUSED, KINDS };

static const char *const scene_names[SCENES] = {
	"none",  "ringwall", "nftables",    "nftables_concatenated", "passing",
	"floor", "early",    "early_floor", "early_reading_floor",   "many",
	"few"};
static const char *const kind_names[KINDS] = {"udp",    "tcp_crr", "tcp_rr",  "stream1", "stream8",
					      "iperf1", "iperf8",  "flooded", "refused"};

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS; older headers have no name for it */
#define TCX_EGRESS  47
#define DEVICE      "rwbench0" /* of the nodes; the threads of its NAPI are named after it */
#define SLICE_NS    100000000ull
#define WARM_MS     30
#define WINDOW_MS   200
#define EXCHANGES   4096
#define STREAMS_MAX 8
#define ENDLESS     (1 << 25) /* frames: seconds; ended by a signal */
#define IPERF_EVERY 3         /* rounds */

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
static int measured[KINDS]; /* rounds so far */
static struct flood_bpf *flood;

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static uint64_t used_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static void set_up_nftables(int node, const struct nftables *form, bool concatenated)
{
	FILE *stream = tmpfile();

	assert_non_null(stream);
	nftables_print(form, concatenated, stream);
	assert_int_equal(fflush(stream), 0);
	netns_run(node, "nft -f /proc/%d/fd/%d", (int)getpid(), fileno(stream));
	(void)fclose(stream);
}

static void set_up_ringwall(struct scene *scene, const struct rw_policy *policy, bool early)
{
	struct rw_enforcer_device device = {.ifindex = scene->ifindex,
					    .name = DEVICE,
					    .interface = DEVICE,
					    .early = early ? RW_ENFORCER_EARLY_NATIVE
							   : RW_ENFORCER_EARLY_NONE};
	struct rw_enforcer_device_status status;
	struct rw_error err = RW_ERROR_NONE;

	scene->enforcer = filter_open_with(scene->node, &(struct rw_enforce_bpf_options){0});
	if (rw_enforcer_apply(scene->enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	netns_enter(scene->node);
	if (rw_enforcer_attach(scene->enforcer, &device, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
	assert_int_equal(scene->enforcer->ops->devices(scene->enforcer, &status, 1), 1);
	assert_int_equal(status.early, device.early);
	filter_enforce(scene->enforcer, scene->node);
}

static void set_up_floor(struct scene *scene, int kind)
{
	const struct bpf_program *early =
		kind == EARLY_READING ? flood->progs.refuse_reading : flood->progs.refuse_early;

	netns_enter(scene->node);
	if (kind != FLOOR)
		assert_int_equal(
			bpf_xdp_attach((int)scene->ifindex, bpf_program__fd(early), XDP_FLAGS_DRV_MODE, NULL),
			0);
	else
		assert_true(bpf_link_create(bpf_program__fd(flood->progs.refuse), (int)scene->ifindex,
					    TCX_INGRESS, NULL) >= 0);
	netns_leave();
}

static void set_up_passing(struct scene *scene)
{
	int program = bpf_program__fd(flood->progs.nothing);

	netns_enter(scene->node);
	assert_true(bpf_link_create(program, (int)scene->ifindex, TCX_INGRESS, NULL) >= 0);
	assert_true(bpf_link_create(program, (int)scene->ifindex, TCX_EGRESS, NULL) >= 0);
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
	netns_run(scene->node, "ip addr add 10.0.0.2/24 dev " DEVICE "; ip addr add 10.0.0.3/24 dev " DEVICE);
	scene->ifindex = netns_ifindex(scene->node, DEVICE);
	scene->peer_ifindex = netns_ifindex(scene->peer, "p0");
	if (kind == RINGWALL || kind == EARLY || kind == MANY || kind == FEW)
		set_up_ringwall(scene, policy, kind == EARLY);
	else if (kind == NFTABLES || kind == CONCATENATED)
		set_up_nftables(scene->node, form, kind == CONCATENATED);
	else if (kind == PASSING)
		set_up_passing(scene);
	if (kind == FLOOR || kind == EARLY_FLOOR || kind == EARLY_READING)
		set_up_floor(scene, kind);
	else if (kind < FILTERS)
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

static double run_crr_by(struct scene *scene, clockid_t clock)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct linger linger = {.l_onoff = 1};
	uint64_t begin = read_clock(clock), count = 0, elapsed;
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
		elapsed = read_clock(clock) - begin;
	} while (elapsed < SLICE_NS);
	netns_leave();
	return (double)count * 1e9 / (double)elapsed;
}

static double run_crr(struct scene *scene)
{
	return run_crr_by(scene, CLOCK_THREAD_CPUTIME_ID);
}

/* A connection from the peer to the node: [0] the client's end, [1] the server's. */
static void open_connection(struct scene *scene, int ends[2])
{
	ends[0] = filter_connect(scene->peer, "10.0.0.1", "10.0.0.2", 80);
	ends[1] = filter_accept(scene->listener);
	assert_true(ends[0] >= 0 && ends[1] >= 0);
}

static double run_rr(struct scene *scene)
{
	static double times[EXCHANGES];
	int ends[2], one = 1;
	char byte = 'r';

	open_connection(scene, ends);
	for (int i = 0; i < 2; i++)
		(void)setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (int i = 0; i < EXCHANGES; i++) {
		uint64_t begin = used_ns();

		for (int side = 0; side < 2; side++) {
			assert_int_equal(send(ends[side], &byte, 1, 0), 1);
			assert_int_equal(recv(ends[!side], &byte, 1, 0), 1);
		}
		times[i] = (double)(used_ns() - begin);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 1e9 / median(times, EXCHANGES);
}

static double run_streams(struct scene *scene, int count)
{
	static char bytes[65536];
	int ends[STREAMS_MAX][2];
	uint64_t begin, elapsed, received = 0;

	for (int i = 0; i < count; i++) {
		open_connection(scene, ends[i]);
		for (int side = 0; side < 2; side++)
			(void)fcntl(ends[i][side], F_SETFL, O_NONBLOCK);
	}
	begin = used_ns();
	do {
		for (int i = 0; i < count; i++) {
			ssize_t got;

			(void)!send(ends[i][0], bytes, sizeof(bytes), 0);
			while ((got = recv(ends[i][1], bytes, sizeof(bytes), 0)) > 0)
				received += (uint64_t)got;
		}
		elapsed = used_ns() - begin;
	} while (elapsed < SLICE_NS);
	for (int i = 0; i < count; i++) {
		(void)close(ends[i][0]);
		(void)close(ends[i][1]);
	}
	return (double)received * 1e9 / (double)elapsed;
}

static double run_stream1(struct scene *scene)
{
	return run_streams(scene, 1);
}

static double run_stream8(struct scene *scene)
{
	return run_streams(scene, STREAMS_MAX);
}

/* Starts iperf3 in a namespace, on this processor; its output is the caller's to read. */
static pid_t start_iperf(int ns, const char *const arguments[], int *ret_output)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		netns_enter(ns);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)dup2(ends[1], STDERR_FILENO);
		(void)execvp("iperf3", (char **)(uintptr_t)arguments);
		_exit(127);
	}
	(void)close(ends[1]);
	*ret_output = ends[0];
	return pid;
}

/* Reads what it writes until it ends; false when it has failed.  Adds what it used of the processor. */
static bool end_iperf(pid_t pid, int output, char *text, size_t size, double *used_s)
{
	struct rusage used;
	size_t length = 0;
	ssize_t got;
	int status;

	while (length < size - 1 && (got = read(output, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	(void)close(output);
	assert_int_equal(wait4(pid, &status, 0, &used), pid);
	*used_s += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == pid;
}

static double run_iperf(struct scene *scene, const char *streams)
{
	const char *const serve[] = {"iperf3", "-s", "-1", "-B", "10.0.0.3", "-p", "80", NULL};
	/* A congestion control that every kernel has and that does not pace. */
	const char *const ask[] = {"iperf3", "-c",   "10.0.0.3", "-p",    "80", "-t", "1",
				   "-C",     "reno", "-P",       streams, "-J", NULL};
	static char text[1 << 20], served[1 << 16];
	int server_output, output;
	pid_t server = start_iperf(scene->node, serve, &server_output), client;
	double used_s = 0;
	const char *found;
	bool done = false;

	/* Until the server listens it is refused; a server serves once, and may take a client that fails for that. */
	for (int i = 0; i < 200 && !done; i++) {
		if (has_ended(server)) {
			(void)end_iperf(server, server_output, served, sizeof(served), &used_s);
			server = start_iperf(scene->node, serve, &server_output);
		}
		(void)usleep(20000);
		used_s = 0;
		client = start_iperf(scene->peer, ask, &output);
		done = end_iperf(client, output, text, sizeof(text), &used_s);
	}
	found = done ? strstr(text, "\"sum_received\"") : NULL;
	found = found ? strstr(found, "\"bytes\":") : NULL;
	if (!found)
		fail_msg("iperf3 is needed: %.300s", text);
	(void)end_iperf(server, server_output, served, sizeof(served), &used_s);
	return strtod(strchr(found, ':') + 1, NULL) * 8 / used_s;
}

static double run_iperf1(struct scene *scene)
{
	return run_iperf(scene, "1");
}

static double run_iperf8(struct scene *scene)
{
	return run_iperf(scene, "8");
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

/* Sends SYNs from sources that nobody has, until it is told to stop. */
struct syns {
	int frames;
	atomic_bool stop;
};

static void *send_syns(void *argument)
{
	struct syns *syns = argument;
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = RW_PROTOCOL_TCP,
				   .tcp_flags = RW_TCP_SYN,
				   .hop_limit = 64,
				   .local = world_address("10.0.0.2"),
				   .local_port = 80,
				   .remote = world_address("10.0.0.3")};
	uint8_t frame[FRAME_MAX];

	pin(0, 1);
	for (uint32_t i = 0; !atomic_load(&syns->stop); i += 2654435761u) {
		packet.remote.bytes[3] = (uint8_t)(3 + (i >> 24) % 250);
		packet.remote_port = (uint16_t)(1024 + (i >> 8) % 60000);
		(void)!send(syns->frames, frame, frame_build(&packet, 0, 7, frame), 0);
	}
	return NULL;
}

static double run_flooded(struct scene *scene)
{
	struct syns syns = {.frames = netns_frames(scene->peer, "p0")};
	pthread_t sender;
	double rate;

	assert_int_equal(pthread_create(&sender, NULL, send_syns, &syns), 0);
	(void)usleep(WARM_MS * 1000);
	rate = run_crr_by(scene, CLOCK_MONOTONIC);
	atomic_store(&syns.stop, true);
	(void)pthread_join(sender, NULL);
	(void)close(syns.frames);
	return rate;
}

static void set_up_all(void)
{
	static uint32_t members[BENCH_MEMBERS], others[2][BENCH_MEMBERS];
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = bench_policy(DEVICE, members);
	RW_CLEANUP(rw_policy_unref)
	struct rw_policy *many = bench_policy_sized(DEVICE, 10 * BENCH_RULES, others[0], BENCH_MEMBERS);
	RW_CLEANUP(rw_policy_unref)
	struct rw_policy *few = bench_policy_sized(DEVICE, 10, others[1], BENCH_MEMBERS);
	struct nftables *form = nftables_new(policy);

	flood = flood_bpf__open_and_load();
	assert_non_null(flood);
	bench_samples(policy, form, members, RW_VERDICT_DROP, flood->bss->samples);
	for (int i = 0; i < SCENES; i++)
		set_up(&scenes[i], i, i == MANY ? many : i == FEW ? few : policy, form);
	nftables_free(form);
}

static double best(const double medians[SCENES])
{
	return medians[NFTABLES] > medians[CONCATENATED] ? medians[NFTABLES] : medians[CONCATENATED];
}

/* Ringwall to the host without a filter; of what takes time, the time. */
static void print_ratios(double medians[KINDS][SCENES])
{
	static const struct {
		const char *name;
		int kind;
	} rows[] = {{"udp", UDP},       {"tcp_crr", TCP_CRR}, {"stream1", STREAM1}, {"stream8", STREAM8},
		    {"iperf1", IPERF1}, {"iperf8", IPERF8},   {"flooded", FLOODED}};

	for (size_t i = 0; i < RW_ARRAY_COUNT(rows); i++)
		printf(",\"%s_filtered_to_unfiltered\":%.3f", rows[i].name,
		       medians[rows[i].kind][RINGWALL] / medians[rows[i].kind][NONE]);
	printf(",\"tcp_rr_time_filtered_to_unfiltered\":%.3f",
	       medians[TCP_RR][NONE] / medians[TCP_RR][RINGWALL]);
	printf(",\"tcp_crr_passing_to_unfiltered\":%.3f", medians[TCP_CRR][PASSING] / medians[TCP_CRR][NONE]);
	printf(",\"tcp_rr_time_passing_to_unfiltered\":%.3f",
	       medians[TCP_RR][NONE] / medians[TCP_RR][PASSING]);
}

static void print(double medians[KINDS][SCENES], int rounds)
{
	const double *refusing = medians[REFUSED];

	printf("{\"rounds\":%d,\"rules\":%d", rounds, BENCH_RULES);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < (kind == REFUSED ? SCENES : FILTERS); i++)
			printf(",\"%s_%s_per_s\":%.0f", kind_names[kind], scene_names[i], medians[kind][i]);
	print_ratios(medians);
	printf(",\"refused_ringwall_to_floor\":%.3f", refusing[RINGWALL] / refusing[FLOOR]);
	printf(",\"refused_ringwall_to_nftables\":%.2f", refusing[RINGWALL] / best(refusing));
	printf(",\"refused_early_to_floor\":%.3f", refusing[EARLY] / refusing[EARLY_FLOOR]);
	printf(",\"refused_early_to_reading_floor\":%.3f", refusing[EARLY] / refusing[EARLY_READING]);
	printf(",\"refused_early_to_nftables\":%.2f", refusing[EARLY] / best(refusing));
	printf(",\"refused_many_to_few\":%.3f}\n", refusing[MANY] / refusing[FEW]);
}

int main(int argc, char **argv)
{
	static double (*const runs[REFUSED])(struct scene *) = {
		run_udp, run_crr, run_rr, run_stream1, run_stream8, run_iperf1, run_iperf8, run_flooded};
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	double medians[KINDS][SCENES] = {{0}};

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	netns_require();
	pin(0, 0);
	(void)sigaction(SIGUSR1, &(struct sigaction){.sa_handler = ignore}, NULL);
	set_up_all();
	for (int round = 0; round < rounds; round++) {
		for (int kind = 0; kind < REFUSED; kind++) {
			if ((kind == IPERF1 || kind == IPERF8) && round % IPERF_EVERY)
				continue;
			for (int i = 0; i < FILTERS; i++)
				scenes[i].rates[kind][measured[kind]] = runs[kind](&scenes[i]);
			measured[kind]++;
		}
	}
	for (int i = 0; i < SCENES; i++) {
		take_flood(&scenes[i]);
		find_receiver(&scenes[i]);
	}
	for (; measured[REFUSED] < rounds; measured[REFUSED]++)
		for (int i = 0; i < SCENES; i++)
			scenes[i].rates[REFUSED][measured[REFUSED]] = run_refused(&scenes[i]);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < SCENES; i++)
			medians[kind][i] = median(scenes[i].rates[kind], measured[kind]);
	print(medians, rounds);
	flood_bpf__destroy(flood);
	return 0;
}
