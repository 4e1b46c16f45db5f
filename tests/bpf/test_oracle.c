/* SPDX-License-Identifier: Apache-2.0 */

/* The programs in the kernel, run by BPF_PROG_TEST_RUN, against the evaluator. */

#include "test.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <unistd.h>

#include "frame.h"
#include "netns.h"
#include "oracle.h"

static bool run(struct oracle *oracle, const struct rw_packet *packet, size_t interface)
{
	unsigned int options = oracle->cases % 16 == 0 ? FRAME_TAGGED : 0;
	struct __sk_buff context = {.ifindex = oracle->ifindexes[interface]};
	uint8_t frame[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, run_options, .data_in = frame,
		    .data_size_in = (uint32_t)frame_build(packet, options, 7, frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(oracle->bpf->programs[packet->direction], &run_options), 0);
	assert_true((int)run_options.retval == TC_ACT_UNSPEC || run_options.retval == TC_ACT_SHOT);
	return (int)run_options.retval == TC_ACT_UNSPEC;
}

/* The same with the early stage before it, as the kernel asks it. */
static bool run_early(struct oracle *oracle, const struct rw_packet *packet, size_t interface)
{
	unsigned int options = oracle->cases % 16 == 0 ? FRAME_TAGGED : 0;
	uint8_t frame[FRAME_MAX];
	uint32_t size = (uint32_t)frame_build(packet, options, 7, frame);
	struct xdp_md context = {.data_end = size, .ingress_ifindex = oracle->ifindexes[interface]};
	LIBBPF_OPTS(bpf_test_run_opts, run_options, .data_in = frame, .data_size_in = size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);

	if (packet->direction == RW_DIRECTION_EGRESS)
		return run(oracle, packet, interface);
	assert_int_equal(bpf_prog_test_run_opts(oracle->bpf->programs[RW_BPF_PROGRAM_EARLY], &run_options),
			 0);
	assert_true(run_options.retval == XDP_PASS || run_options.retval == XDP_DROP);
	return run_options.retval == XDP_PASS && run(oracle, packet, interface);
}

static void compare(struct oracle *oracle, size_t policies, size_t packets)
{
	struct rw_enforce_bpf_options options = {.table_memory = 16 << 20,
						 .flow_entries = RW_ENFORCE_FLOW_ENTRIES_MIN};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_enforcer *enforcer;
	int ns = netns_new();
	char name[16];

	for (unsigned int i = 0; i < ORACLE_DEVICES; i++) {
		netns_run(ns, "ip link add d%u type veth peer name p%u", i, i);
		(void)snprintf(name, sizeof(name), "d%u", i);
		oracle->ifindexes[i] = netns_ifindex(ns, name);
	}
	netns_enter(ns);
	if (rw_enforce_bpf_open(&options, &enforcer, &err) < 0)
		fail_msg("%s", err.text);
	oracle->bpf = rw_bpf_of(enforcer);
	oracle_compare(oracle, policies, packets);
	if (oracle->early != RW_ENFORCER_EARLY_NONE)
		assert_true(oracle_early(oracle) > (oracle->cases - oracle->accepted) / 10);
	rw_enforcer_close(enforcer);
	netns_leave();
	(void)close(ns);
}

static void programs_decide_as_the_evaluator(void **state)
{
	struct oracle oracle = {.run = run};

	(void)state;
	compare(&oracle, 500, 40);
	assert_int_equal(oracle.cases, 20000);
}

static void early_program_refuses_as_the_evaluator(void **state)
{
	struct oracle oracle = {.run = run_early, .early = RW_ENFORCER_EARLY_GENERIC};

	(void)state;
	compare(&oracle, 250, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_decide_as_the_evaluator),
		cmocka_unit_test(early_program_refuses_as_the_evaluator),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
