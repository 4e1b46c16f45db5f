/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bpf/lib/rw_decide.h on images that are not whole.  In the kernel every offset is masked; here the image is
 * as large as the mask says, and nothing behind it, so that a sanitizer sees a step outside.
 */

#include <string.h>

#include "classify/compile.h"
#include "random_policy.h"
#include "test.h"

struct rw_table {
	char *image;
	uint64_t mask;
};

static inline const void *rw_table_bytes(const struct rw_table *table, __u64 offset)
{
	return table->image + (offset & table->mask);
}

#include "lib/rw_decide.h"

static void table_done(struct rw_table *table)
{
	free(table->image);
	table->image = NULL;
}
RW_DEFINE_DONE(struct rw_table, table_done)

static void make_table(struct rw_dice *dice, struct rw_table *table)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(dice, RW_RANDOM_ALL);
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *whole = NULL;
	size_t size = RW_TABLE_PAGE_SIZE;

	rw_classify_memory_init(&memory);
	assert_int_equal(rw_classify_compile(policy, NULL, NULL, &memory, &whole, NULL), 0);
	while (size < (size_t)whole->page_count * RW_TABLE_PAGE_SIZE)
		size *= 2;
	table->image = calloc(1, size + RW_TABLE_REACH);
	table->mask = size - 4;
	memcpy(table->image, whole->pages, (size_t)whole->page_count * RW_TABLE_PAGE_SIZE);
}

/* A decision about anything; gives the cell. */
static uint32_t decide_anything(struct rw_dice *dice, const struct rw_table *table)
{
	const struct rw_table_header *header = rw_table_header(table);
	struct rw_table_address remote = {rw_dice_next(dice), rw_dice_next(dice)};
	struct rw_table_key key = {
		.local = {rw_dice_next(dice), rw_dice_next(dice)},
		.destination_port = (uint16_t)rw_dice_next(dice),
		.source_port = (uint16_t)rw_dice_next(dice),
		.protocol = rw_dice_chance(dice, 70) ? RW_PROTOCOL_TCP : (uint8_t)rw_dice_next(dice),
		.is6 = rw_dice_chance(dice, 50),
	};
	uint32_t view = rw_table_view_number(header, rw_dice_below(dice, 256), rw_dice_below(dice, 2));
	uint32_t class;

	/* Mostly near what the tables know. */
	if (rw_dice_chance(dice, 70))
		remote.high = key.is6 ? 0x20010db800000000ull | (uint8_t)rw_dice_next(dice)
				      : (uint64_t)(0x0a000000u | (uint8_t)rw_dice_next(dice)) << 32;
	class = rw_table_class(table, header, key.is6, remote);
	(void)rw_table_class_flags(table, class);
	return rw_table_decide(table, header, view, class, &key);
}

static void a_broken_image_leads_nowhere_outside(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct rw_dice dice = {.state = seed};
		RW_CLEANUP(table_done) struct rw_table table;
		uint32_t broken, cells;

		make_table(&dice, &table);
		broken = 1 + rw_dice_below(&dice, 2000);
		cells = (uint32_t)(table.mask / 4 + 1);
		for (uint32_t i = 0; i < broken; i++) {
			uint32_t noise = (uint32_t)rw_dice_next(&dice);

			memcpy(&table.image[4 * (size_t)rw_dice_below(&dice, cells)], &noise, sizeof(noise));
		}
		for (int i = 0; i < 300; i++)
			(void)decide_anything(&dice, &table);
	}
}

static void all_set_bits_are_counted(void **state)
{
	struct rw_dice dice = {.state = 7};

	(void)state;
	assert_int_equal(rw_table_bits_set(0), 0);
	assert_int_equal(rw_table_bits_set(~0ull), 64);
	for (int i = 0; i < 10000; i++) {
		uint64_t word = rw_dice_next(&dice) & rw_dice_next(&dice);

		assert_int_equal(rw_table_bits_set(word), __builtin_popcountll(word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_image_leads_nowhere_outside),
		cmocka_unit_test(all_set_bits_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
