/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"

static void finds_what_was_set_and_nothing_else(void **state)
{
	RW_CLEANUP(rw_map_done) struct rw_map map;
	int one = 1;
	int two = 2;

	(void)state;
	rw_map_init(&map, 1, NULL);
	assert_null(rw_map_find(&map, "a"));
	assert_false(rw_map_remove(&map, "a"));
	assert_int_equal(rw_map_set(&map, "a", &one), 0);
	assert_int_equal(rw_map_set(&map, "a", &two), 0);
	assert_ptr_equal(rw_map_find(&map, "a"), &two);
	assert_int_equal(map.count, 1);
}

/* Compared with a plain array over many random steps, so that removal's gap closing is covered. */
static void behaves_like_an_array_over_random_steps(void **state)
{
	RW_CLEANUP(rw_map_done) struct rw_map map;
	static int values[64];
	int *model[64] = {NULL};
	uint32_t random_state = 12345;
	size_t steps = 0;

	(void)state;
	rw_map_init(&map, 99, NULL);
	for (; steps < 20000; steps++) {
		char key[16];
		uint32_t index;
		size_t count = 0;

		random_state = random_state * 1664525 + 1013904223;
		index = (random_state >> 8) % 64;
		(void)snprintf(key, sizeof(key), "key-%u", index);
		if (random_state >> 31) {
			assert_int_equal(rw_map_set(&map, key, &values[index]), 0);
			model[index] = &values[index];
		} else {
			assert_int_equal(rw_map_remove(&map, key), model[index] != NULL);
			model[index] = NULL;
		}
		for (uint32_t i = 0; i < 64; i++) {
			(void)snprintf(key, sizeof(key), "key-%u", i);
			assert_ptr_equal(rw_map_find(&map, key), model[i]);
			count += model[i] != NULL;
		}
		assert_int_equal(map.count, count);
	}
	assert_int_equal(steps, 20000);
}

static void visits_every_entry_once(void **state)
{
	RW_CLEANUP(rw_map_done) struct rw_map map;
	static int values[100];
	size_t cursor = 0;
	void *value;
	int visits = 0;

	(void)state;
	rw_map_init(&map, 7, NULL);
	for (int i = 0; i < 100; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(rw_map_set(&map, key, &values[i]), 0);
	}
	while (rw_map_next(&map, &cursor, NULL, &value)) {
		assert_int_equal(*(int *)value, 0);
		*(int *)value = 1;
		visits++;
	}
	assert_int_equal(visits, 100);
}

static int freed;

static void count_free(void *value)
{
	(void)value;
	freed++;
}

static void frees_values_that_are_replaced_removed_or_left(void **state)
{
	struct rw_map map;
	int a;
	int b;
	int c;

	(void)state;
	freed = 0;
	rw_map_init(&map, 7, count_free);
	assert_int_equal(rw_map_set(&map, "x", &a), 0);
	assert_int_equal(rw_map_set(&map, "x", &b), 0);
	assert_int_equal(freed, 1);
	assert_int_equal(rw_map_set(&map, "y", &c), 0);
	assert_true(rw_map_remove(&map, "x"));
	assert_int_equal(freed, 2);
	rw_map_done(&map);
	assert_int_equal(freed, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_set_and_nothing_else),
		cmocka_unit_test(behaves_like_an_array_over_random_steps),
		cmocka_unit_test(visits_every_entry_once),
		cmocka_unit_test(frees_values_that_are_replaced_removed_or_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
