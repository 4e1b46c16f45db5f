/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Changes that keep live flows, while the programs run beside them (BPF_PROG_TEST_RUN): on one processor flows are
 * opened and go on, on another the rules change.  A flow that was let in once is never refused again, in whatever
 * moment it came.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "packet.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPEN       RULES("sgr-1 in accept udp 53/53 0.0.0.0/0", "sgr-2 in accept udp 53/53 ::/0")
#define SHUT       RULES("sgr-1 in accept udp 54/54 0.0.0.0/0")

enum {
	CHANGES = 400,
	FLOWS_OPEN = 16, /* that go on beside each other */
	PACKETS = 200,   /* of each */
};

struct talker {
	int ns, program;
	unsigned int ifindex;
	struct rw_packet packets[2]; /* of both families */
	atomic_bool stop;
	atomic_ulong let_in;  /* flows */
	atomic_ulong refused; /* packets of a flow that was let in */
	atomic_ulong shut;    /* openings that were refused */
};

static bool passes(const struct talker *talker, unsigned int number)
{
	struct __sk_buff context = {.ifindex = talker->ifindex};
	struct rw_packet packet = talker->packets[number & 1];
	uint8_t frame[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);

	packet.remote_port = (uint16_t)(1024 + number % 60000);
	options.data_size_in = (uint32_t)frame_build(&packet, 0, 7, frame);
	if (bpf_prog_test_run_opts(talker->program, &options) < 0)
		return false;
	return (int)options.retval == TC_ACT_UNSPEC;
}

static void *talk(void *argument)
{
	struct talker *talker = argument;
	unsigned int open[FLOWS_OPEN] = {0}, left[FLOWS_OPEN] = {0}, next = 0;

	netns_enter(talker->ns);
	while (!atomic_load(&talker->stop)) {
		for (unsigned int i = 0; i < FLOWS_OPEN; i++) {
			if (left[i]) {
				left[i]--;
				talker->refused += !passes(talker, open[i]);
			} else if (passes(talker, ++next)) {
				open[i] = next;
				left[i] = PACKETS;
				talker->let_in++;
			} else {
				talker->shut++;
			}
		}
	}
	netns_leave();
	return NULL;
}

static void await_more(atomic_ulong *count, unsigned long than)
{
	for (int i = 0; i < 100000 && atomic_load(count) <= than; i++)
		(void)usleep(50);
	assert_true(atomic_load(count) > than);
}

static void flow_that_was_let_in_is_never_refused(void **state)
{
	/* Room for all flows: none shall end because another one needs its place. */
	struct rw_enforce_bpf_options options = {.table_memory = 8 << 20, .flow_entries = 1 << 17};
	struct talker talker = {.ns = netns_new()};
	struct rw_enforcer *enforcer;
	pthread_t thread;

	(void)state;
	netns_run(talker.ns, "ip link add eth0 type veth peer name p0; ip link set eth0 up");
	talker.packets[0] = world_packet("in udp 10.0.0.1 1 10.0.0.2 53");
	talker.packets[1] = world_packet("in udp fd00::1 1 fd00::2 53");
	talker.ifindex = netns_ifindex(talker.ns, "eth0");
	netns_enter(talker.ns);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, NULL), 0);
	netns_leave();
	filter_apply(enforcer, talker.ns, "eth0", OPEN);
	filter_enforce(enforcer, talker.ns);
	talker.program = rw_bpf_of(enforcer)->programs[RW_BPF_PROGRAM_INGRESS];
	assert_int_equal(pthread_create(&thread, NULL, talk, &talker), 0);
	for (int i = 0; i < CHANGES; i++) {
		unsigned long before = atomic_load(i % 2 ? &talker.let_in : &talker.shut);

		filter_change(enforcer, "eth0", i % 2 ? OPEN : SHUT,
			      i % 2 ? RW_ESTABLISHED_CUT : RW_ESTABLISHED_KEEP);
		if (i % 8 < 2)
			await_more(i % 2 ? &talker.let_in : &talker.shut, before);
	}
	atomic_store(&talker.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("%lu flows let in, %lu refused\n", talker.let_in, talker.shut);
	assert_int_equal(talker.refused, 0);
	(void)rw_enforcer_close(enforcer);
	(void)close(talker.ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_that_was_let_in_is_never_refused),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
