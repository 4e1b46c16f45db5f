/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The programs on two processors at once (BPF_PROG_TEST_RUN repeats in the kernel, each thread on a processor of its
 * own), on the same flow and on flows that want the same places, while rules change, live flows are kept by
 * sweeps, and somebody goes round the table.  Afterwards: of each flow at most one entry, none left half written,
 * no established connection lost.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "lib/rw_flow.h"
#include "packet.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPEN       RULES("sgr-1 in accept all -1/-1 0.0.0.0/0", "sgr-2 in accept all -1/-1 ::/0")
#define OTHERS     RULES("sgr-3 in accept all -1/-1 0.0.0.0/0", "sgr-4 in accept all -1/-1 ::/0")

enum {
	THREADS = 2,
	KEYS = 40,       /* that want the same two buckets, of 16 places */
	ESTABLISHED = 6, /* of these, connections */
	ROUNDS = 1000,   /* of each thread */
	REPEAT = 24,     /* in the kernel, without leaving it */
};

struct ground {
	int ns;
	unsigned int ifindex;
	struct rw_enforcer *enforcer;
	struct rw_bpf *bpf;
};

static struct ground ground;

static int set_up(void **state)
{
	struct rw_enforce_bpf_options options = {.table_memory = 8 << 20,
						 .flow_entries = RW_ENFORCE_FLOW_ENTRIES_MIN};

	(void)state;
	ground = (struct ground){.ns = netns_new()};
	netns_run(ground.ns, "ip link add eth0 type veth peer name p0; ip link set eth0 up");
	ground.ifindex = netns_ifindex(ground.ns, "eth0");
	netns_enter(ground.ns);
	assert_int_equal(rw_enforce_bpf_open(&options, &ground.enforcer, NULL), 0);
	netns_leave();
	ground.bpf = rw_bpf_of(ground.enforcer);
	filter_apply(ground.enforcer, ground.ns, "eth0", OPEN);
	filter_enforce(ground.enforcer, ground.ns);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rw_enforcer_close(ground.enforcer);
	(void)close(ground.ns);
	return 0;
}

/* A packet of the opener, or of who answers, through the program of its direction, 'repeat' times. */
static bool passes(const struct rw_packet *packet, int repeat)
{
	struct __sk_buff context = {.ifindex = ground.ifindex};
	uint8_t frame[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = (uint32_t)frame_build(packet, 0, 7, frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = repeat);

	return bpf_prog_test_run_opts(ground.bpf->programs[packet->direction], &options) == 0 &&
	       (int)options.retval == TC_ACT_UNSPEC;
}

/* ---- what the table holds afterwards ---- */

struct tally {
	const struct rw_packet *packet;
	unsigned int entries, established;
};

static bool count_flow(void *context, const struct rw_enforcer_flow *flow)
{
	struct tally *tally = context;

	if (flow->protocol == tally->packet->protocol && flow->opener_port == tally->packet->remote_port &&
	    flow->responder_port == tally->packet->local_port &&
	    rw_address_equal(&flow->opener, &tally->packet->remote)) {
		tally->entries++;
		tally->established += flow->class == RW_FLOW_ESTABLISHED;
	}
	return true;
}

static struct tally tally_of(const struct rw_packet *packet)
{
	struct tally tally = {.packet = packet};

	assert_int_equal(ground.enforcer->ops->flows(ground.enforcer, count_flow, &tally, NULL), 0);
	return tally;
}

/* No entry is left half written, and each has the tag by which it is found. */
static void assert_settled(uint8_t family)
{
	const struct rw_bpf_map *map = &ground.bpf->maps[family == 4 ? RW_BPF_MAP_FLOWS4 : RW_BPF_MAP_FLOWS6];
	const struct rw_bpf_map *tags = &ground.bpf->maps[family == 4 ? RW_BPF_MAP_TAGS4 : RW_BPF_MAP_TAGS6];

	for (uint32_t bucket = 0; bucket < map->entries; bucket++) {
		const uint32_t *signature =
			(const void *)((const char *)map->memory + (size_t)bucket * map->value_size);
		const uint8_t *tag = (const uint8_t *)tags->memory + (size_t)bucket * RW_FLOW_WAYS;

		for (int way = 0; way < RW_FLOW_WAYS; way++) {
			assert_int_not_equal(signature[way], RW_FLOW_SIGNATURE_BUSY);
			/* A signature is the upper half of the hash, a tag its highest byte. */
			if (signature[way] > RW_FLOW_SIGNATURE_BUSY + 2)
				assert_int_equal(tag[way], signature[way] >> 24 ? signature[way] >> 24 : 1);
		}
	}
}

/* ---- two processors ---- */

struct runner {
	const struct rw_packet *packets;
	size_t count;
	int processor;
	atomic_ulong refused;
};

static void *run(void *argument)
{
	struct runner *runner = argument;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(runner->processor, &set);
	/* With one processor they take turns. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	netns_enter(ground.ns);
	for (unsigned int i = 0; i < ROUNDS; i++)
		if (!passes(&runner->packets[i % runner->count], REPEAT))
			runner->refused++;
	netns_leave();
	return NULL;
}

static void ignore(void *context, const struct rw_enforcer_observed *flow)
{
	(void)flow;
	++*(unsigned int *)context;
}

struct meddler {
	atomic_bool stop;
	unsigned int changes;
	const struct rw_packet *established;
	unsigned int lost; /* packets of these that were refused */
};

/* Changes rules, keeps flows, goes round the table, and goes on talking by what is established. */
static void meddle(struct meddler *meddler)
{
	unsigned int seen = 0;

	for (unsigned int i = 0; !atomic_load(&meddler->stop); i++) {
		filter_change(ground.enforcer, "eth0", i % 2 ? OPEN : OTHERS,
			      i % 3 ? RW_ESTABLISHED_CUT : RW_ESTABLISHED_KEEP);
		meddler->changes++;
		(void)ground.enforcer->ops->observe(ground.enforcer, 512, i % 2, ignore, &seen);
		for (unsigned int k = 0; meddler->established && k < ESTABLISHED; k++) {
			netns_enter(ground.ns);
			meddler->lost += !passes(&meddler->established[k], 1);
			netns_leave();
		}
	}
}

struct waiter {
	pthread_t threads[THREADS];
	struct meddler *meddler;
};

static void *wait_and_stop(void *argument)
{
	struct waiter *waiter = argument;

	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(waiter->threads[i], NULL);
	atomic_store(&waiter->meddler->stop, true);
	return NULL;
}

/* Both run until they are done; meanwhile the rules change.  Gives the packets refused. */
static unsigned long race(struct runner runners[THREADS], struct meddler *meddler)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct waiter waiter = {.meddler = meddler};
	unsigned long refused = 0;
	pthread_t watch;

	for (int i = 0; i < THREADS; i++) {
		runners[i].processor = (int)(i % processors);
		assert_int_equal(pthread_create(&waiter.threads[i], NULL, run, &runners[i]), 0);
	}
	assert_int_equal(pthread_create(&watch, NULL, wait_and_stop, &waiter), 0);
	meddle(meddler);
	assert_int_equal(pthread_join(watch, NULL), 0);
	assert_true(meddler->changes > 0);
	for (int i = 0; i < THREADS; i++)
		refused += runners[i].refused;
	return refused;
}

/* ---- the same flow ---- */

static void same_flow(const char *text)
{
	struct rw_packet packets[2] = {world_packet(text), world_packet(text)};
	struct runner runners[THREADS] = {{.packets = packets, .count = 2}, {.packets = packets, .count = 2}};
	struct meddler meddler = {0};

	/* The two ends, one on each processor half of the time. */
	packets[1].direction = RW_DIRECTION_EGRESS;
	assert_int_equal(race(runners, &meddler), 0);
	assert_int_equal(tally_of(&packets[0]).entries, 1);
	assert_settled(packets[0].remote.family);
}

static void same_flow_has_one_entry(void **state)
{
	(void)state;
	same_flow("in udp 10.0.0.1 4000 10.0.0.2 53");
	same_flow("in udp fd00::1 4000 fd00::2 53");
	same_flow("in tcp 10.0.0.1 4000 10.0.0.2 80 S");
}

/* ---- flows that want the same places ---- */

/* Packets like 'text' whose flows live in the same two buckets as that of the first. */
static void find_colliding(const char *text, struct rw_packet packets[KEYS])
{
	const struct rw_control *control = rw_bpf_control(ground.bpf);
	uint32_t wanted[2] = {0}, found = 0;

	for (uint32_t i = 0; found < KEYS; i++) {
		struct rw_packet packet = world_packet(text);
		struct rw_ends ends = {.family = packet.remote.family, .protocol = packet.protocol};
		struct rw_flow_key key;
		uint32_t mask = ends.family == 4 ? control->bucket_mask4 : control->bucket_mask6, first,
			 second;
		uint64_t hash;

		assert_true(i < 1u << 24);
		packet.remote_port = (uint16_t)(1024 + i % 60000);
		packet.local_port = (uint16_t)(1 + i / 60000);
		memcpy(ends.source, packet.remote.bytes, sizeof(ends.source));
		memcpy(ends.destination, packet.local.bytes, sizeof(ends.destination));
		ends.source_port = packet.remote_port;
		ends.destination_port = packet.local_port;
		rw_flow_key_make(&ends, &key);
		hash = rw_flow_hash(&key, control->secret, ends.family);
		first = rw_flow_bucket_first(hash, mask);
		second = rw_flow_bucket_second(hash, mask);
		if (!found) {
			wanted[0] = first;
			wanted[1] = second;
		}
		if ((first == wanted[0] || first == wanted[1]) &&
		    (second == wanted[0] || second == wanted[1]))
			packets[found++] = packet;
	}
}

/* SYN in, SYN and ACK out, ACK in; what is left in 'packet' is data of the opener. */
static void establish(struct rw_packet *packet)
{
	netns_enter(ground.ns);
	assert_true(passes(packet, 1));
	packet->direction = RW_DIRECTION_EGRESS;
	packet->tcp_flags = RW_TCP_SYN | RW_TCP_ACK;
	assert_true(passes(packet, 1));
	packet->direction = RW_DIRECTION_INGRESS;
	packet->tcp_flags = RW_TCP_ACK;
	assert_true(passes(packet, 1));
	netns_leave();
	assert_int_equal(tally_of(packet).established, 1);
}

static void colliding(const char *text)
{
	struct rw_packet packets[KEYS];
	struct runner runners[THREADS] = {
		{.packets = packets + ESTABLISHED, .count = KEYS - ESTABLISHED},
		/* The other way round, so that they meet at other places each time. */
		{.packets = packets + ESTABLISHED + 7, .count = KEYS - ESTABLISHED - 7},
	};
	struct meddler meddler = {.established = packets};

	find_colliding(text, packets);
	for (int i = 0; i < ESTABLISHED; i++)
		establish(&packets[i]);
	/* That some are refused is right: the places are few. */
	(void)race(runners, &meddler);
	assert_int_equal(meddler.lost, 0);
	for (int i = 0; i < KEYS; i++) {
		struct tally tally = tally_of(&packets[i]);

		assert_true(tally.entries <= 1);
		assert_int_equal(tally.established, i < ESTABLISHED);
	}
	assert_settled(packets[0].remote.family);
}

static void established_connections_outlive_those_that_want_their_places(void **state)
{
	(void)state;
	colliding("in tcp 10.0.0.1 1 10.0.0.2 1 S");
	colliding("in tcp fd00::1 1 fd00::2 1 S");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(same_flow_has_one_entry),
		TEST(established_connections_outlive_those_that_want_their_places),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
