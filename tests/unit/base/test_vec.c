/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/vec.h"

static void grows_up_to_its_limit(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec vec;
	int *element;

	(void)state;
	rw_vec_init(&vec, sizeof(int), 20);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(rw_vec_push(&vec, &element), 0);
		assert_int_equal(*element, 0);
		*element = i;
	}
	assert_int_equal(rw_vec_push(&vec, &element), -E2BIG);
	assert_int_equal(vec.count, 20);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(*(int *)rw_vec_at(&vec, i), i);
}

static void removes_and_keeps_the_order(void **state)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec vec;
	int *element;

	(void)state;
	rw_vec_init(&vec, sizeof(int), 10);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(rw_vec_push(&vec, &element), 0);
		*element = i;
	}
	rw_vec_remove(&vec, 1);
	rw_vec_remove(&vec, 2);
	assert_int_equal(vec.count, 2);
	assert_int_equal(*(int *)rw_vec_at(&vec, 0), 0);
	assert_int_equal(*(int *)rw_vec_at(&vec, 1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_up_to_its_limit),
		cmocka_unit_test(removes_and_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
