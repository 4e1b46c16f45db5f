/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What observing flows costs an agent: processor time of one round of the default flow table.
 *
 * usage: bench-observe [ROUNDS]      one JSON object on standard output; as root
 *
 *   empty    nothing is in the table
 *   new      it was filled since the last round: as under a flood of new connections, all at once
 *   known    as full, and nothing is new
 *   census   as full, and every live flow is told, as once in ten minutes
 *
 * Flows are UDP from as many remotes to 64 ports, half of the entries of IPv4, which is what protocols other than
 * TCP may take.  An agent goes round once a second: milliseconds / 10 is its share of a processor in percent.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/observer.h"
#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "median.h"
#include "world.h"

enum { EMPTY, NEW, KNOWN, CENSUS, KINDS };
enum { ROUNDS_MAX = 101, FLOWS = 30000 };

static const char *const kind_names[KINDS] = {"empty", "new", "known", "census"};

static struct rw_observer *observer;
static unsigned int told;

static void tell(void *context, const struct rw_enforcer_observed *flow)
{
	(void)context;
	told++;
	rw_observer_flow(observer, 1, flow, true);
}

static double cpu_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double go_round(struct rw_enforcer *enforcer, bool all)
{
	double begin = cpu_ms();

	told = 0;
	while (enforcer->ops->observe(enforcer, 128u << 10, all, tell, NULL) != RW_ENFORCER_ROUND)
		;
	return cpu_ms() - begin;
}

/* Flows that no round before had. */
static void enter_flows(const struct rw_bpf *bpf, unsigned int ifindex, int round)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .local = world_address("10.0.0.2"),
				   .remote = world_address("11.0.0.1")};
	struct __sk_buff context = {.ifindex = ifindex};
	uint8_t frame[FRAME_MAX];

	for (unsigned int i = 0; i < FLOWS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .ctx_in = &context,
			    .ctx_size_in = sizeof(context), .repeat = 1);

		packet.remote.bytes[1] = (uint8_t)(i >> 8);
		packet.remote.bytes[2] = (uint8_t)i;
		packet.remote_port = (uint16_t)(1024 + round);
		packet.local_port = (uint16_t)(8000 + i % 64);
		options.data_size_in = (uint32_t)frame_build(&packet, 0, 7, frame);
		assert_int_equal(bpf_prog_test_run_opts(bpf->programs[RW_BPF_PROGRAM_INGRESS], &options), 0);
	}
}

int main(int argc, char **argv)
{
	static double figures[KINDS][ROUNDS_MAX];
	static const char *const rules[] = {"sgr-1 in accept udp 8000/8063 0.0.0.0/0", NULL};
	int rounds = argc > 1 ? atoi(argv[1]) : 11;
	struct rw_enforcer *enforcer;
	unsigned int ifindex, flows = 0;
	int ns;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	netns_require();
	ns = netns_new();
	netns_run(ns, "ip link add eth0 type veth peer name p0");
	ifindex = netns_ifindex(ns, "eth0");
	enforcer = filter_open_with(ns, &(struct rw_enforce_bpf_options){0});
	filter_apply(enforcer, ns, "eth0", rules);
	filter_enforce(enforcer, ns);
	assert_int_equal(rw_observer_new(&observer), 0);
	for (int round = 0; round < rounds; round++)
		figures[EMPTY][round] = go_round(enforcer, false);
	netns_enter(ns);
	for (int round = 0; round < rounds; round++) {
		enter_flows(rw_bpf_of(enforcer), ifindex, round);
		figures[NEW][round] = go_round(enforcer, false);
		/* At least so many: some give up their places for others of the same round. */
		flows = told;
		figures[KNOWN][round] = go_round(enforcer, false);
		figures[CENSUS][round] = go_round(enforcer, true);
	}
	netns_leave();
	printf("{\"rounds\":%d,\"flows\":%u", rounds, flows);
	for (int kind = 0; kind < KINDS; kind++) {
		printf(",\"%s_ms\":%.2f", kind_names[kind], median(figures[kind], rounds));
	}
	printf("}\n");
	observer = rw_observer_free(observer);
	rw_enforcer_close(enforcer);
	return 0;
}
