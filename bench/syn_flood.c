/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a flood of SYNs leaves of a service: connections that are alive, and new ones.
 *
 * usage: bench-syn-flood [ROUNDS [SECONDS]]      one JSON object on standard output; as root, two processors
 *
 * Two pairs of namespaces, without filter and with ringwall: the policy of policy.h and a flow table of the default size,
 * 65,536 entries.  Over each, 1,000 TCP connections exchange a byte a second, all the while; then for SECONDS (10)
 * the second processor sends SYNs from random sources to the service's port, which the policy opens to them, so that
 * each may take an entry: 100,000 a second, and as many as it can, without and with filter in turn.  The first
 * processor runs both ends of the connections, and 16 callers that connect, ask, are answered and close, over and
 * over.
 *
 *   broken   of the connections that were made before: ended, or reset
 *   stalled  a byte that was not answered within two seconds
 *   new      calls that were answered, a second of the clock, and a second of the processor time that all this took:
 *            of the two, the latter does not see other programs, nor what was lost and sent again
 *   resent   SYNs of callers that were not answered in time, so sent again a second later
 *   pause    the longest time in which this program itself was not run, in milliseconds: where that is not far below
 *            two seconds, other programs have taken the processors, and what stalled says nothing
 */

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "frame.h"
#include "median.h"
#include "policy.h"
#include "random_policy.h"
#include "world.h"

enum { NONE, RINGWALL, SCENES };
enum { PACED, FULL, RATES };
enum { KEEPERS = 1000, CALLERS = 16, BATCH = 100, EVENTS = 256, ROUNDS_MAX = 15 };

#define DEVICE   "rwbench0"
#define SERVICE  80
#define PACE     100000u /* SYNs a second */
#define STALL_NS 2000000000ull

static const char *const scene_names[SCENES] = {"none", "ringwall"};
static const char *const rate_names[RATES] = {"paced", "full"};

enum role {
	LISTENER, /* of the service */
	SERVER,   /* what it accepted */
	KEEPER,   /* the other end of one that was made before the floods */
	CALLER,   /* makes one after another */
};

struct end {
	enum role role;
	int fd;
	bool is_kept;     /* SERVER: of a keeper */
	bool is_broken;   /* KEEPER, or SERVER of one */
	uint64_t sent_ns; /* KEEPER: when the byte was sent that is not answered; 0 = there is none */
};

struct result {
	double new_per_s, new_per_cpu_s, sent_per_s, pause_ms;
	unsigned int broken, stalled, resent;
};

struct scene {
	int node, peer, poll;
	struct end listener;
	struct end keepers[KEEPERS];
	struct end callers[CALLERS];
	unsigned int kept; /* servers of keepers so far */
	unsigned int next; /* keeper to speak */
	unsigned int broken, stalled;
	uint64_t answered; /* calls */
	uint64_t pause_ns; /* longest one of this program itself in the run */
	struct result results[RATES][ROUNDS_MAX];
};

static struct scene scenes[SCENES];

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void pin(int processor)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		fail_msg("two processors are needed");
}

/* This thread ahead of other programs, which take the time of both processors as they like. */
static void prefer(void)
{
	assert_int_equal(setpriority(PRIO_PROCESS, (id_t)gettid(), -20), 0);
}

/* ---- the flood ---- */

struct flood {
	int frames; /* socket */
	unsigned int pace;
	atomic_bool stop;
	uint64_t sent;
};

struct syns {
	uint8_t frame[FRAME_MAX];
	size_t size;
	uint32_t ip_sum, tcp_sum; /* of all but the source */
	struct rw_dice dice;
};

/* Places in the frame. */
enum { IP_CHECK = 14 + 10, IP_SOURCE = 14 + 12, TCP_SOURCE = 34, TCP_CHECK = 34 + 16 };

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static void syns_init(struct syns *syns)
{
	const struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
					 .protocol = RW_PROTOCOL_TCP,
					 .tcp_flags = RW_TCP_SYN,
					 .hop_limit = 64,
					 .local = world_address("10.0.0.2"),
					 .local_port = SERVICE,
					 .remote = world_address("10.1.0.0")};

	*syns = (struct syns){.dice = {(uint32_t)now_ns()}};
	syns->size = frame_build(&packet, 0, 7, syns->frame);
	/* What the checks would be sums of without the source, whose words come on top. */
	syns->ip_sum = (uint16_t)~read16(syns->frame + IP_CHECK);
	syns->tcp_sum = (uint16_t)~read16(syns->frame + TCP_CHECK);
	for (int i = 0; i < 4; i += 2) {
		syns->ip_sum += (uint16_t)~read16(syns->frame + IP_SOURCE + i);
		syns->tcp_sum += (uint16_t)~read16(syns->frame + IP_SOURCE + i);
	}
	syns->tcp_sum += (uint16_t)~read16(syns->frame + TCP_SOURCE);
}

/* The next one into 'frame': from anywhere in 10.1.0.0 to 10.255.255.255. */
static void make_syn(struct syns *syns, uint8_t frame[FRAME_MAX])
{
	uint32_t high = 0x0a01 + rw_dice_below(&syns->dice, 255), low = rw_dice_below(&syns->dice, 1 << 16);
	uint32_t port = 1024 + rw_dice_below(&syns->dice, 64512);

	memcpy(frame, syns->frame, syns->size);
	write16(frame + IP_SOURCE, high);
	write16(frame + IP_SOURCE + 2, low);
	write16(frame + TCP_SOURCE, port);
	write16(frame + IP_CHECK, fold(syns->ip_sum + high + low));
	write16(frame + TCP_CHECK, fold(syns->tcp_sum + high + low + port));
}

static void *send_syns(void *argument)
{
	static uint8_t frames[BATCH][FRAME_MAX];
	static struct iovec parts[BATCH];
	static struct mmsghdr messages[BATCH];
	struct flood *flood = argument;
	uint64_t due_ns = now_ns();
	struct syns syns;

	pin(1);
	prefer();
	syns_init(&syns);
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){frames[i], syns.size};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	while (!atomic_load(&flood->stop)) {
		int sent;

		for (int i = 0; i < BATCH; i++)
			make_syn(&syns, frames[i]);
		sent = sendmmsg(flood->frames, messages, BATCH, 0);
		flood->sent += sent > 0 ? (uint64_t)sent : 0;
		due_ns += flood->pace ? BATCH * 1000000000ull / flood->pace : 0;
		if (flood->pace && due_ns > now_ns()) {
			const struct timespec due = {(time_t)(due_ns / 1000000000u),
						     (long)(due_ns % 1000000000u)};

			(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		}
	}
	return NULL;
}

/* ---- connections ---- */

static void watch(struct scene *scene, struct end *end, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = end};

	assert_int_equal(epoll_ctl(scene->poll, EPOLL_CTL_ADD, end->fd, &event), 0);
}

static int client(struct scene *scene)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(SERVICE)};
	int fd = netns_socket(scene->peer, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, "10.0.0.2", &to.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		fail_msg("connect: %s", strerror(errno));
	return fd;
}

static void call(struct scene *scene, struct end *caller)
{
	caller->fd = client(scene);
	watch(scene, caller, EPOLLOUT);
}

/* The caller has been connected, or answered, or refused. */
static void go_on(struct scene *scene, struct end *caller, uint32_t events)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
	const struct linger linger = {.l_onoff = 1};
	char byte = 'n';

	if (events == EPOLLOUT && send(caller->fd, &byte, 1, MSG_NOSIGNAL) == 1) {
		assert_int_equal(epoll_ctl(scene->poll, EPOLL_CTL_MOD, caller->fd, &event), 0);
		return;
	}
	scene->answered += events == EPOLLIN && recv(caller->fd, &byte, 1, 0) == 1;
	/* No TIME_WAIT, or ports run out. */
	(void)setsockopt(caller->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	(void)close(caller->fd);
	call(scene, caller);
}

static void accept_all(struct scene *scene)
{
	int fd;

	while ((fd = accept4(scene->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct end *server = calloc(1, sizeof(*server));

		assert_non_null(server);
		*server = (struct end){.role = SERVER, .fd = fd, .is_kept = scene->kept < KEEPERS};
		scene->kept += server->is_kept;
		watch(scene, server, EPOLLIN);
	}
}

static void end_of(struct scene *scene, struct end *end)
{
	scene->broken += !end->is_broken;
	end->is_broken = true;
	(void)epoll_ctl(scene->poll, EPOLL_CTL_DEL, end->fd, NULL);
}

static void serve(struct scene *scene, struct end *server)
{
	char bytes[64];
	ssize_t size = recv(server->fd, bytes, sizeof(bytes), 0);

	if (size > 0) {
		(void)!send(server->fd, bytes, (size_t)size, MSG_NOSIGNAL);
	} else if (size == 0 || errno != EAGAIN) {
		if (server->is_kept) {
			end_of(scene, server);
			return;
		}
		(void)close(server->fd);
		free(server);
	}
}

static void hear(struct scene *scene, struct end *keeper)
{
	char byte;
	ssize_t size = recv(keeper->fd, &byte, 1, 0);

	if (size == 0 || (size < 0 && errno != EAGAIN))
		end_of(scene, keeper);
	if (size != 1)
		return;
	scene->stalled += now_ns() - keeper->sent_ns > STALL_NS;
	keeper->sent_ns = 0;
}

static void handle(struct scene *scene, struct end *end, uint32_t events)
{
	switch (end->role) {
	case LISTENER:
		accept_all(scene);
		break;
	case SERVER:
		serve(scene, end);
		break;
	case KEEPER:
		hear(scene, end);
		break;
	case CALLER:
		go_on(scene, end, events);
		break;
	}
}

/* Each speaks once a second, one a millisecond; one that waits for its answer does not. */
static void speak(struct scene *scene)
{
	struct end *keeper = &scene->keepers[scene->next++ % KEEPERS];

	if (keeper->is_broken || keeper->sent_ns)
		return;
	keeper->sent_ns = now_ns();
	if (send(keeper->fd, "k", 1, MSG_NOSIGNAL) != 1)
		end_of(scene, keeper);
}

static void run_until(struct scene *scene, uint64_t end_ns, bool speaking)
{
	struct epoll_event events[EVENTS];
	uint64_t due_ns = now_ns(), last_ns = due_ns, ns;

	for (; (ns = now_ns()) < end_ns; last_ns = ns) {
		int count = epoll_wait(scene->poll, events, EVENTS, 1);

		for (int i = 0; i < count; i++)
			handle(scene, events[i].data.ptr, events[i].events);
		for (; speaking && due_ns <= now_ns(); due_ns += 1000000000ull / KEEPERS)
			speak(scene);
		if (ns - last_ns > scene->pause_ns)
			scene->pause_ns = ns - last_ns;
	}
}

/* ---- scenes ---- */

static void set_up(struct scene *scene, int kind, const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer *enforcer;

	scene->node = netns_new();
	scene->peer = netns_new();
	netns_veth(scene->peer, "p0", scene->node, DEVICE);
	/* Answers to the flood go to the peer, who does not know of them. */
	netns_run(scene->peer, "ip addr add 10.0.0.1/24 dev p0; "
			       "ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev p0 nud permanent");
	netns_run(scene->node,
		  "ip addr add 10.0.0.2/24 dev " DEVICE "; ip route add 10.0.0.0/8 via 10.0.0.1; "
		  "ip neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev " DEVICE " nud permanent");
	if (kind != RINGWALL)
		return;
	enforcer = filter_open_with(scene->node, &(struct rw_enforce_bpf_options){0});
	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	filter_attach(enforcer, scene->node, DEVICE, DEVICE);
	filter_enforce(enforcer, scene->node);
}

static void connect_all(struct scene *scene)
{
	int size = 4096;

	scene->poll = epoll_create1(EPOLL_CLOEXEC);
	scene->listener =
		(struct end){.role = LISTENER, .fd = filter_listen(scene->node, "10.0.0.2", SERVICE)};
	assert_true(fcntl(scene->listener.fd, F_SETFL, O_NONBLOCK) == 0 &&
		    listen(scene->listener.fd, size) == 0);
	watch(scene, &scene->listener, EPOLLIN);
	for (int i = 0; i < KEEPERS; i++) {
		struct end *keeper = &scene->keepers[i];

		*keeper = (struct end){.role = KEEPER, .fd = client(scene)};
		watch(scene, keeper, EPOLLIN);
		if (i % 50 == 49)
			run_until(scene, now_ns() + 5000000, false);
	}
	while (scene->kept < KEEPERS)
		run_until(scene, now_ns() + 10000000, false);
	for (int i = 0; i < CALLERS; i++) {
		scene->callers[i] = (struct end){.role = CALLER};
		call(scene, &scene->callers[i]);
	}
}

/* Every byte that is not answered by now; its connection is given up. */
static unsigned int forget_silent(struct scene *scene)
{
	unsigned int count = 0;

	for (int i = 0; i < KEEPERS; i++) {
		struct end *keeper = &scene->keepers[i];

		if (keeper->is_broken || !keeper->sent_ns)
			continue;
		count++;
		keeper->is_broken = true;
	}
	return count;
}

/* SYNs that the peer's kernel has sent again so far. */
static unsigned int read_resent(const struct scene *scene)
{
	static const char name[] = "TCPSynRetrans";
	static char names[8192], values[8192];
	unsigned int resent = 0;
	FILE *stream;

	netns_enter(scene->peer);
	stream = fopen("/proc/thread-self/net/netstat", "re");
	netns_leave();
	assert_non_null(stream);
	/* A line of names, and one of as many values. */
	while (fgets(names, sizeof(names), stream) && fgets(values, sizeof(values), stream)) {
		char *next_name = names, *next_value = values, *one, *value;

		while ((one = strsep(&next_name, " \n")) && (value = strsep(&next_value, " \n")))
			if (strcmp(one, name) == 0)
				resent = (unsigned int)strtoul(value, NULL, 10);
	}
	(void)fclose(stream);
	return resent;
}

static struct result run(struct scene *scene, unsigned int pace, unsigned int seconds)
{
	struct flood flood = {.frames = netns_frames(scene->peer, "p0"), .pace = pace};
	unsigned int broken = scene->broken, stalled = scene->stalled, resent = read_resent(scene);
	uint64_t begin_ns = now_ns(), answered = scene->answered,
		 used_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
	int one = 1;
	pthread_t sender;
	struct result result;
	double elapsed;

	scene->pause_ns = 0;
	(void)setsockopt(flood.frames, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	assert_int_equal(pthread_create(&sender, NULL, send_syns, &flood), 0);
	run_until(scene, begin_ns + seconds * 1000000000ull, true);
	elapsed = (double)(now_ns() - begin_ns) / 1e9;
	used_ns = read_clock(CLOCK_THREAD_CPUTIME_ID) - used_ns;
	answered = scene->answered - answered;
	result = (struct result){.new_per_s = (double)answered / elapsed,
				 .new_per_cpu_s = (double)answered * 1e9 / (double)used_ns};
	atomic_store(&flood.stop, true);
	(void)pthread_join(sender, NULL);
	(void)close(flood.frames);
	result.sent_per_s = (double)flood.sent / elapsed;
	/* What was late is answered by then, or is lost. */
	run_until(scene, now_ns() + STALL_NS, false);
	result.broken = scene->broken - broken;
	result.resent = read_resent(scene) - resent;
	result.pause_ms = (double)scene->pause_ns / 1e6;
	result.stalled = scene->stalled - stalled + forget_silent(scene);
	return result;
}

/* ---- the report ---- */

static double median_of(const struct scene *scene, int rate, int rounds, size_t offset)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds; i++)
		memcpy(&values[i], (const char *)&scene->results[rate][i] + offset, sizeof(values[i]));
	return median(values, rounds);
}

static void print_rate(int rate, int rounds)
{
	double rates[SCENES], cpu_rates[SCENES];

	for (int kind = 0; kind < SCENES; kind++) {
		const struct scene *scene = &scenes[kind];
		unsigned int broken = 0, stalled = 0, resent = 0;
		double pause_ms = 0;

		for (int i = 0; i < rounds; i++) {
			broken += scene->results[rate][i].broken;
			stalled += scene->results[rate][i].stalled;
			resent += scene->results[rate][i].resent;
			if (scene->results[rate][i].pause_ms > pause_ms)
				pause_ms = scene->results[rate][i].pause_ms;
		}
		rates[kind] = median_of(scene, rate, rounds, offsetof(struct result, new_per_s));
		cpu_rates[kind] = median_of(scene, rate, rounds, offsetof(struct result, new_per_cpu_s));
		printf(",\"%s_%s_new_per_s\":%.0f,\"%s_%s_new_per_cpu_s\":%.0f", rate_names[rate],
		       scene_names[kind], rates[kind], rate_names[rate], scene_names[kind], cpu_rates[kind]);
		printf(",\"%s_%s_syns_per_s\":%.0f", rate_names[rate], scene_names[kind],
		       median_of(scene, rate, rounds, offsetof(struct result, sent_per_s)));
		printf(",\"%s_%s_broken\":%u,\"%s_%s_stalled\":%u", rate_names[rate], scene_names[kind],
		       broken, rate_names[rate], scene_names[kind], stalled);
		printf(",\"%s_%s_resent\":%u,\"%s_%s_pause_ms\":%.0f", rate_names[rate], scene_names[kind],
		       resent, rate_names[rate], scene_names[kind], pause_ms);
	}
	printf(",\"%s_new_filtered_to_unfiltered\":%.3f,\"%s_new_cpu_filtered_to_unfiltered\":%.3f",
	       rate_names[rate], rates[RINGWALL] / rates[NONE], rate_names[rate],
	       cpu_rates[RINGWALL] / cpu_rates[NONE]);
}

int main(int argc, char **argv)
{
	static const unsigned int paces[RATES] = {PACE, 0};
	static uint32_t members[BENCH_MEMBERS];
	const struct rlimit files = {16384, 16384};
	int rounds = argc > 1 ? atoi(argv[1]) : 3;
	int seconds = argc > 2 ? atoi(argv[2]) : 10;
	struct rw_policy *policy;

	if (rounds < 1 || rounds > ROUNDS_MAX || seconds < 1 || seconds > 60)
		return 2;
	netns_require();
	pin(0);
	prefer();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	policy = bench_policy(DEVICE, members);
	for (int i = 0; i < SCENES; i++) {
		set_up(&scenes[i], i, policy);
		connect_all(&scenes[i]);
	}
	for (int round = 0; round < rounds; round++)
		for (int rate = 0; rate < RATES; rate++)
			for (int i = 0; i < SCENES; i++)
				scenes[i].results[rate][round] =
					run(&scenes[i], paces[rate], (unsigned int)seconds);
	printf("{\"rounds\":%d,\"seconds\":%d,\"connections\":%d,\"flow_entries\":%u", rounds, seconds,
	       KEEPERS, RW_ENFORCE_FLOW_ENTRIES_DEFAULT);
	for (int rate = 0; rate < RATES; rate++)
		print_rate(rate, rounds);
	printf("}\n");
	(void)rw_policy_unref(policy);
	return 0;
}
