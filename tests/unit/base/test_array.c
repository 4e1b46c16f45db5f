/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "base/array.h"

static void copies_elements(void **state)
{
	static const int numbers[] = {3, 1, 2};
	RW_CLEANUP(rw_free) int *copy = NULL;
	size_t count = 0;

	(void)state;
	assert_true(rw_array_dup(&copy, &count, numbers, 3, sizeof(numbers[0])));
	assert_int_equal(count, 3);
	assert_memory_equal(copy, numbers, sizeof(numbers));
}

static void copies_nothing_as_null(void **state)
{
	int other = 0;
	int *copy = &other;
	size_t count = 9;

	(void)state;
	assert_true(rw_array_dup(&copy, &count, NULL, 0, sizeof(int)));
	assert_null(copy);
	assert_int_equal(count, 0);
}

static int compare_int(const void *key, const void *element)
{
	return *(const int *)key - *(const int *)element;
}

static void finds_where_an_element_stands_or_belongs(void **state)
{
	static const int sorted[] = {10, 20, 20, 30};
	static const struct {
		int key;
		size_t place;
	} cases[] = {{5, 0}, {10, 0}, {15, 1}, {20, 1}, {25, 3}, {30, 3}, {31, 4}};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++)
		assert_int_equal(rw_array_place(sorted, 4, sizeof(int), &cases[i].key, compare_int),
				 cases[i].place);
	assert_int_equal(rw_array_place(NULL, 0, sizeof(int), &cases[0].key, compare_int), 0);
}

static void makes_room_for_one_more(void **state)
{
	RW_CLEANUP(rw_free) int *list = NULL;
	uint32_t count = 0, capacity = 0;

	(void)state;
	while (count < 1000) {
		assert_true(rw_array_make_room(&list, count, &capacity, sizeof(*list)));
		assert_true(count < capacity);
		list[count] = (int)count;
		count++;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	/* More than can be counted. */
	capacity = 1u << 31;
	assert_false(rw_array_make_room(&list, capacity, &capacity, sizeof(*list)));
	assert_int_equal(capacity, 1u << 31);
	assert_int_equal(list[999], 999);
}

static void sorts_the_largest_numbers_right(void **state)
{
	uint32_t numbers[] = {UINT32_MAX, 1, 0x80000000u, 0, 1};
	const uint32_t sorted[] = {0, 1, 1, 0x80000000u, UINT32_MAX};

	(void)state;
	qsort(numbers, 5, sizeof(numbers[0]), rw_array_compare_u32);
	assert_memory_equal(numbers, sorted, sizeof(sorted));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_elements),
		cmocka_unit_test(copies_nothing_as_null),
		cmocka_unit_test(makes_room_for_one_more),
		cmocka_unit_test(sorts_the_largest_numbers_right),
		cmocka_unit_test(finds_where_an_element_stands_or_belongs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
