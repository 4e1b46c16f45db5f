/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the programs cost a packet: nanoseconds by BPF_PROG_TEST_RUN, an empty program's taken off.
 *
 * usage: bench-packet [ROUNDS]      one JSON object on standard output; as root
 *
 * Every packet has the ends of another of 16,384 random samples, written by a program that goes on in the one
 * measured; the empty one is reached the same way.  Slices of all kinds are interleaved, medians told.
 *
 *   refused      opens a flow and is refused
 *   accepted     opens a flow, which is entered; the table is full of such flows, so another one is given up
 *   established  of one of 16,384 flows in the table
 *   same         ... always of the same one
 *   loads, place   floors: the loads that no filter can do without, and these and a place of the flow table taken
 *
 * The first two also with a policy of 10 rules and one of 10,000 rules and 100,000 members: what a decision costs must
 * not depend on that.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "flood.h"
#include "flood.skel.h"
#include "frame.h"
#include "median.h"
#include "policy.h"
#include "world.h"

enum {
	EMPTY,
	REFUSED,
	ACCEPTED,
	ESTABLISHED,
	SAME,
	REFUSED_SMALL,
	ACCEPTED_SMALL,
	REFUSED_LARGE,
	ACCEPTED_LARGE,
	LOADS,
	PLACE,
	KINDS
};
enum { NORMAL, SMALL, LARGE, SUBJECTS };
enum { ROUNDS_MAX = 1001, SLICE = 50000, MEMBERS_MAX = 100000 };

static const char *const kind_names[KINDS] = {
	"empty",          "refused",       "accepted",       "established", "same", "refused_small",
	"accepted_small", "refused_large", "accepted_large", "loads",       "place"};

/* Programs with a policy of one size. */
struct subject {
	struct rw_bpf *bpf;
	struct flood_sample samples[2][FLOOD_SAMPLES]; /* by verdict */
};

static struct flood_bpf *flood;
static struct subject subjects[SUBJECTS];
static unsigned int ifindex;

static double run(unsigned int repeat)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .local = world_address("10.0.0.2"),
				   .local_port = 9,
				   .remote = world_address("11.0.0.1"),
				   .remote_port = 1024};
	struct __sk_buff context = {.ifindex = ifindex};
	uint8_t frame[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = (uint32_t)frame_build(&packet, 0, 7, frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)repeat);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(flood->progs.vary), &options), 0);
	return options.duration;
}

static void go_on_in(int program)
{
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(flood->maps.next), &zero, &program, BPF_ANY), 0);
}

static uint64_t passed(const struct subject *subject)
{
	struct rw_enforcer_status status;

	assert_int_equal(rw_bpf_status(&subject->bpf->base, &status, NULL), 0);
	return status.passed;
}

/* One slice; says in whole nanoseconds, since the kernel does. */
static double measure(int kind)
{
	bool is_floor = kind == EMPTY || kind == LOADS || kind == PLACE;
	struct subject *subject = &subjects[is_floor                ? NORMAL
					    : kind >= REFUSED_LARGE ? LARGE
					    : kind >= REFUSED_SMALL ? SMALL
								    : NORMAL];
	bool refused = kind == REFUSED || kind == REFUSED_SMALL || kind == REFUSED_LARGE || kind == LOADS;
	bool accepted = kind == ACCEPTED || kind == ACCEPTED_SMALL || kind == ACCEPTED_LARGE || kind == PLACE;
	uint64_t before = passed(subject);
	double ns;

	flood->bss->vary_source_port = refused || accepted;
	flood->bss->vary_sample = kind != SAME;
	memcpy(flood->bss->samples, subject->samples[refused ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT],
	       sizeof(subject->samples[0]));
	go_on_in(kind == EMPTY   ? bpf_program__fd(flood->progs.nothing)
		 : kind == LOADS ? bpf_program__fd(flood->progs.loads)
		 : kind == PLACE ? bpf_program__fd(flood->progs.place)
				 : subject->bpf->programs[RW_BPF_PROGRAM_INGRESS]);
	if (kind == ESTABLISHED || kind == SAME)
		(void)run(
			FLOOD_SAMPLES); /* enters them, where the rounds of 'accepted' have taken their places */
	ns = run(SLICE);
	/* Half of the table is for protocols other than TCP, so all of these find a place. */
	before = passed(subject) - before;
	assert_int_equal(before, is_floor || refused ? 0 : accepted ? SLICE : SLICE + FLOOD_SAMPLES);
	return ns;
}

static void set_up(struct subject *subject, int ns, int rules, uint32_t member_count)
{
	static uint32_t members[MEMBERS_MAX];
	RW_CLEANUP(rw_policy_unref)
	struct rw_policy *policy = bench_policy_sized("d0", rules, members, member_count);
	struct rw_enforcer *enforcer =
		filter_open_with(ns, &(struct rw_enforce_bpf_options){.table_memory = 256 << 20});
	struct rw_error err = RW_ERROR_NONE;

	subject->bpf = rw_bpf_of(enforcer);
	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	filter_attach(enforcer, ns, "d0", "d0");
	filter_enforce(enforcer, ns);
	for (int verdict = 0; verdict < 2; verdict++)
		bench_samples_sized(policy, members, member_count, (enum rw_verdict)verdict,
				    subject->samples[verdict]);
}

static void print(double figures[KINDS][ROUNDS_MAX], int rounds)
{
	double medians[KINDS];

	for (int kind = 0; kind < KINDS; kind++)
		medians[kind] = median(figures[kind], rounds);
	printf("{\"rounds\":%d,\"rules\":%d,\"empty_ns\":%.0f", rounds, BENCH_RULES, medians[EMPTY]);
	for (int kind = REFUSED; kind < KINDS; kind++)
		printf(",\"%s_ns\":%.0f", kind_names[kind], medians[kind] - medians[EMPTY]);
	printf(",\"refused_large_to_small\":%.2f,\"accepted_large_to_small\":%.2f}\n",
	       medians[REFUSED_LARGE] / medians[REFUSED_SMALL],
	       medians[ACCEPTED_LARGE] / medians[ACCEPTED_SMALL]);
}

int main(int argc, char **argv)
{
	static double figures[KINDS][ROUNDS_MAX];
	int rounds = argc > 1 ? atoi(argv[1]) : 51;
	int ns;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	netns_require();
	ns = netns_new();
	netns_run(ns, "ip link add d0 type veth peer name p0");
	ifindex = netns_ifindex(ns, "d0");
	flood = flood_bpf__open_and_load();
	assert_non_null(flood);
	set_up(&subjects[NORMAL], ns, BENCH_RULES, BENCH_MEMBERS);
	set_up(&subjects[SMALL], ns, 10, BENCH_MEMBERS);
	set_up(&subjects[LARGE], ns, 10000, MEMBERS_MAX);
	netns_enter(ns);
	for (int round = 0; round < rounds; round++)
		for (int kind = 0; kind < KINDS; kind++)
			figures[kind][round] = measure(kind);
	netns_leave();
	print(figures, rounds);
	flood_bpf__destroy(flood);
	for (int i = 0; i < SUBJECTS; i++)
		rw_enforcer_close(&subjects[i].bpf->base);
	return 0;
}
