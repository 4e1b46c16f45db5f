/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "enforce/bpf/bpf_internal.h"

#define LIVE 1000000000u /* seconds: later than any uptime */

static void enter4(struct rw_flow_bucket4 *bucket, int way, uint64_t class, uint32_t deadline)
{
	bucket->signature[way] = 7;
	bucket->entry[way].control = class << RW_FLOW_CLASS_SHIFT | deadline;
}

static void counts_flows_by_class_and_full_pairs(void **state)
{
	static struct rw_flow_bucket4 buckets4[4];
	static struct rw_flow_bucket6 buckets6[4];
	const struct rw_bpf_flow_table table = {buckets4, buckets6, 4, 4};
	uint64_t counts[RW_FLOW_CLASS_COUNT_] = {0};

	(void)state;
	for (int way = 0; way < RW_FLOW_WAYS; way++) {
		enter4(&buckets4[0], way, RW_FLOW_ABI_ESTABLISHED, LIVE);
		enter4(&buckets4[3], way, RW_FLOW_ABI_HALF_OPEN, LIVE);
	}
	/* Nearly full, and full of what is dead: there is room in both. */
	for (int way = 1; way < RW_FLOW_WAYS; way++)
		enter4(&buckets4[1], way, RW_FLOW_ABI_ASSURED, LIVE);
	for (int way = 0; way < RW_FLOW_WAYS; way++)
		enter4(&buckets4[2], way, RW_FLOW_ABI_ASSURED, 0);
	/* Two of four buckets are full: of the pairs (first, second) 4 of 16. */
	assert_int_equal(rw_bpf_count_flows(&table, counts), 250000);
	assert_int_equal(counts[RW_FLOW_ESTABLISHED], 8);
	assert_int_equal(counts[RW_FLOW_HALF_OPEN], 8);
	assert_int_equal(counts[RW_FLOW_ASSURED], 7);
}

static void skips_an_entry_that_is_being_exchanged(void **state)
{
	struct rw_flow_bucket4 bucket = {0};
	struct rw_bpf_entry entry;

	(void)state;
	assert_false(rw_bpf_entry_read(4, &bucket.signature[0], &bucket.entry[0].control, 5, &entry));
	enter4(&bucket, 0, RW_FLOW_ABI_ONE_WAY, 6);
	bucket.entry[0].key[1] = 77;
	assert_true(rw_bpf_entry_read(4, &bucket.signature[0], &bucket.entry[0].control, 5, &entry));
	assert_int_equal(entry.key[1], 77);
	assert_false(rw_bpf_entry_read(4, &bucket.signature[0], &bucket.entry[0].control, 6, &entry));
	bucket.signature[0] = RW_FLOW_SIGNATURE_BUSY;
	assert_false(rw_bpf_entry_read(4, &bucket.signature[0], &bucket.entry[0].control, 5, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_flows_by_class_and_full_pairs),
		cmocka_unit_test(skips_an_entry_that_is_being_exchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
