/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#include "test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "policy/evaluate.h"
#include "random_policy.h"

/* IPv6 extension headers as upper protocols cannot be told from headers. */
#define CONTAINS (RW_RANDOM_ALL & ~RW_RANDOM_WEIRD)

static void clear(struct rw_bpf *bpf)
{
	static const enum rw_bpf_map_id maps[] = {RW_BPF_MAP_FLOWS4, RW_BPF_MAP_FLOWS6, RW_BPF_MAP_HITS};

	for (size_t i = 0; i < RW_ARRAY_COUNT(maps); i++)
		memset(bpf->maps[maps[i]].memory, 0,
		       maps[i] == RW_BPF_MAP_HITS ? 0 : bpf->maps[maps[i]].memory_size);
	for (uint32_t i = 0; i < bpf->table->origin_count && i < bpf->hit_count; i++)
		for (uint32_t stripe = 0; stripe < 2 * bpf->hit_stripes; stripe++)
			((struct rw_hit *)bpf->maps[RW_BPF_MAP_HITS].memory)[stripe * bpf->hit_count + i]
				.count = 0;
}

static void read_counters(struct rw_bpf *bpf, uint64_t dropped[RW_CAUSE_COUNT_])
{
	const struct rw_processor *each = bpf->maps[RW_BPF_MAP_PROCESSORS].memory;

	memset(dropped, 0, sizeof(dropped[0]) * RW_CAUSE_COUNT_);
	for (uint32_t i = 0; i < bpf->maps[RW_BPF_MAP_PROCESSORS].entries; i++)
		for (int cause = 0; cause < RW_CAUSE_COUNT_; cause++)
			dropped[cause] += each[i].dropped[cause];
}

/* Uses up the events of this second. */
static void spend_events(struct rw_bpf *bpf)
{
	struct rw_processor *each = bpf->maps[RW_BPF_MAP_PROCESSORS].memory;

	for (uint32_t i = 0; i < bpf->maps[RW_BPF_MAP_PROCESSORS].entries; i++) {
		each[i].event_second = rw_bpf_now();
		each[i].event_count = RW_EVENTS_PER_SECOND;
	}
}

uint64_t oracle_early(const struct oracle *oracle)
{
	struct rw_enforcer_status status;

	assert_int_equal(oracle->bpf->base.ops->status(&oracle->bpf->base, &status, NULL), 0);
	return status.early;
}

/* What stands behind the one rule index that was hit, or NULL. */
static const struct rw_classify_origin *find_hit(struct rw_bpf *bpf)
{
	const struct rw_hit *hits = bpf->maps[RW_BPF_MAP_HITS].memory;

	for (uint32_t i = 0; i < bpf->table->origin_count; i++)
		for (uint32_t stripe = 0; stripe < 2 * bpf->hit_stripes; stripe++)
			if (hits[stripe * bpf->hit_count + i].count)
				return rw_classify_origin(bpf->table, i);
	return NULL;
}

static void check_packet(struct oracle *oracle, const struct rw_policy *policy, uint64_t seed,
			 size_t interface, const struct rw_packet *packet)
{
	struct rw_decision expected = rw_evaluate(policy, interface, packet);
	uint64_t before[RW_CAUSE_COUNT_], after[RW_CAUSE_COUNT_];
	const struct rw_classify_origin *origin;
	char text[RW_RANDOM_PACKET_TEXT_SIZE];
	enum rw_cause cause = RW_CAUSE_COUNT_;
	struct rw_bpf *bpf = oracle->bpf;
	bool passes;

	clear(bpf);
	if (oracle->early != RW_ENFORCER_EARLY_NONE && oracle->cases % 2)
		spend_events(bpf);
	read_counters(bpf, before);
	passes = oracle->run(oracle, packet, interface);
	read_counters(bpf, after);
	origin = find_hit(bpf);
	for (int i = 0; i < RW_CAUSE_COUNT_; i++)
		if (after[i] != before[i])
			cause = (enum rw_cause)i;
	oracle->cases++;
	oracle->accepted += expected.verdict == RW_VERDICT_ACCEPT;
	if (passes == (expected.verdict == RW_VERDICT_ACCEPT) &&
	    (expected.verdict == RW_VERDICT_ACCEPT || cause == expected.cause) &&
	    (!origin || (expected.cause == origin->cause && (origin->detail == expected.detail ||
							     strcmp(origin->detail, expected.detail) == 0))))
		return;
	rw_random_print_policy(policy);
	rw_random_format_packet(packet, text);
	fail_msg("seed %llu interface %zu: %s: evaluator: %s by %s; data plane: %s, drop cause %d, rule %s",
		 (unsigned long long)seed, interface, text,
		 expected.verdict == RW_VERDICT_ACCEPT ? "accept" : "drop", rw_decision_cause(&expected),
		 passes ? "accept" : "drop", cause, origin && origin->detail ? origin->detail : "-");
}

static void check_policy(struct oracle *oracle, uint64_t seed, size_t packets)
{
	struct rw_dice dice = {seed};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, CONTAINS);
	struct rw_error err = RW_ERROR_NONE;

	policy->enforcement = RW_ENFORCE;
	if (rw_enforcer_apply(&oracle->bpf->base, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
	for (size_t i = 0; i < policy->interface_count; i++) {
		struct rw_enforcer_device device = {.ifindex = oracle->ifindexes[i],
						    .name = "device",
						    .interface = policy->interfaces[i].name,
						    .early = oracle->early};

		if (rw_enforcer_attach(&oracle->bpf->base, &device, &err) < 0)
			fail_msg("%s", err.text);
	}
	assert_int_equal(rw_enforcer_enforce(&oracle->bpf->base, NULL, &err), 0);
	for (size_t i = 0; i < packets; i++) {
		size_t interface = rw_dice_below(&dice, (uint32_t)policy->interface_count);
		struct rw_packet packet = rw_random_packet(&dice, policy, interface, CONTAINS);

		check_packet(oracle, policy, seed, interface, &packet);
	}
}

void oracle_compare(struct oracle *oracle, size_t policies, size_t packets)
{
	const char *given = getenv("RW_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 1;

	for (size_t i = 0; i < policies; i++)
		check_policy(oracle, seed + i, packets);
	printf("%zu cases, %zu accepted\n", oracle->cases, oracle->accepted);
	assert_true(oracle->cases == policies * packets);
	assert_true(oracle->accepted > oracle->cases / 10 && oracle->accepted < oracle->cases * 9 / 10);
}
