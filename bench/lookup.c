/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What it costs to look an address up among 100,000 that are scattered over 10.0.0.0/8, in the decision table and
 * in the kernel's own map for that, and how large the table is.
 *
 * usage: bench-lookup [ROUNDS]      one JSON object on standard output; as root
 *
 * Half of the addresses asked for are there.  Slices are interleaved, medians told, nanoseconds over a program that does
 * nothing.
 */

#include "test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify/compile.h"
#include "filter.h"
#include "lookup.h"
#include "lookup.skel.h"
#include "median.h"
#include "random_policy.h"
#include "world.h"

enum { NOTHING, TRIE, TABLE, KINDS };
enum { ROUNDS_MAX = 1001, SLICE = 50000 };

static uint32_t pick_address(struct rw_dice *dice)
{
	return 0x0a000000 | rw_dice_below(dice, 1u << 24);
}

static struct rw_policy *make_policy(const uint32_t addresses[LOOKUP_ADDRESSES])
{
	struct rw_policy *policy =
		filter_policy("d0", (const char *const[]){"sgr-1 in accept all -1/-1 sg-9", NULL});
	struct rw_prefix *prefixes = calloc(LOOKUP_ADDRESSES, sizeof(*prefixes));

	assert_non_null(prefixes);
	for (uint32_t i = 0; i < LOOKUP_ADDRESSES; i++) {
		uint32_t wire = htonl(addresses[i]);

		prefixes[i] = (struct rw_prefix){.address = rw_address_from_bytes(4, &wire), .bits = 32};
	}
	policy->sets = calloc(1, sizeof(struct rw_address_set *));
	policy->set_count = 1;
	policy->sets[0] = rw_address_set_new("sg-9", prefixes, LOOKUP_ADDRESSES);
	return policy;
}

static uint32_t power_of_two(uint64_t bytes)
{
	uint32_t power = 1 << 16;

	while (power < bytes)
		power *= 2;
	return power;
}

/* Loads the programs with a map that holds the table. */
static struct lookup_bpf *load(const struct rw_classify_table *table, const struct rw_classify_memory *memory)
{
	uint64_t bytes = (uint64_t)table->page_count * RW_TABLE_PAGE_SIZE;
	struct lookup_bpf *skeleton = lookup_bpf__open();
	uint32_t zero = 0, size = power_of_two(bytes) + RW_TABLE_REACH;
	char *value = calloc(1, size);

	assert_true(skeleton && value);
	assert_int_equal(bpf_map__set_value_size(skeleton->maps.image_map, size), 0);
	skeleton->rodata->image_mask = size - RW_TABLE_REACH - 4;
	assert_int_equal(lookup_bpf__load(skeleton), 0);
	memcpy(value, memory->pages, bytes);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(skeleton->maps.image_map), &zero, value, BPF_ANY),
			 0);
	free(value);
	return skeleton;
}

static double run(const struct bpf_program *program)
{
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = SLICE);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
	return options.duration;
}

int main(int argc, char **argv)
{
	static uint32_t addresses[LOOKUP_ADDRESSES];
	static double figures[KINDS][ROUNDS_MAX];
	int rounds = argc > 1 ? atoi(argv[1]) : 51;
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_dice dice = {11};
	struct lookup_bpf *skeleton;
	double nothing;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	/* It tells that a map of another size than the object says has no types. */
	(void)libbpf_set_print(NULL);
	for (uint32_t i = 0; i < LOOKUP_ADDRESSES; i++)
		addresses[i] = pick_address(&dice);
	policy = make_policy(addresses);
	rw_classify_memory_init(&memory);
	if (rw_classify_compile(policy, NULL, NULL, &memory, &table, &err) < 0)
		fail_msg("%s", err.text);
	skeleton = load(table, &memory);
	for (uint32_t i = 0; i < LOOKUP_ADDRESSES; i++) {
		const struct lookup_prefix prefix = {.bits = 32, .address = htonl(addresses[i])};
		const uint32_t one = 1;

		assert_int_equal(
			bpf_map_update_elem(bpf_map__fd(skeleton->maps.trie_map), &prefix, &one, BPF_ANY), 0);
	}
	for (uint32_t i = 0; i < LOOKUP_SAMPLES; i++)
		skeleton->bss->samples[i] =
			i % 2 ? pick_address(&dice) : addresses[rw_dice_below(&dice, LOOKUP_ADDRESSES)];
	for (int round = 0; round < rounds; round++) {
		figures[NOTHING][round] = run(skeleton->progs.nothing);
		figures[TRIE][round] = run(skeleton->progs.trie);
		figures[TABLE][round] = run(skeleton->progs.table);
	}
	nothing = median(figures[NOTHING], rounds);
	printf("{\"rounds\":%d,\"addresses\":%d,\"trie_ns\":%.0f,\"table_ns\":%.0f,\"trie_to_table\":%.2f,"
	       "\"table_mb\":%.2f}\n",
	       rounds, LOOKUP_ADDRESSES, median(figures[TRIE], rounds) - nothing,
	       median(figures[TABLE], rounds) - nothing,
	       (median(figures[TRIE], rounds) - nothing) / (median(figures[TABLE], rounds) - nothing),
	       (double)table->page_count * RW_TABLE_PAGE_SIZE / (1 << 20));
	lookup_bpf__destroy(skeleton);
	return 0;
}
