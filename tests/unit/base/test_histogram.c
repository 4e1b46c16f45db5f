/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/histogram.h"

static void counts_a_duration_at_its_bound_below_it(void **state)
{
	struct rw_histogram histogram = {0};

	(void)state;
	rw_histogram_observe(&histogram, 0);
	rw_histogram_observe(&histogram, rw_histogram_bounds_ns[0]);
	rw_histogram_observe(&histogram, rw_histogram_bounds_ns[0] + 1);
	assert_int_equal(histogram.counts[0], 2);
	assert_int_equal(histogram.counts[1], 1);
	assert_int_equal(histogram.sum_ns, 2 * rw_histogram_bounds_ns[0] + 1);
}

static void counts_what_is_beyond_all_bounds(void **state)
{
	struct rw_histogram histogram = {0};

	(void)state;
	rw_histogram_observe(&histogram, rw_histogram_bounds_ns[RW_HISTOGRAM_BOUNDS - 1] + 1);
	rw_histogram_observe(&histogram, 5);
	assert_int_equal(histogram.counts[RW_HISTOGRAM_BOUNDS], 1);
	assert_int_equal(rw_histogram_count(&histogram), 2);
}

static void has_ascending_bounds(void **state)
{
	(void)state;
	for (int i = 1; i < RW_HISTOGRAM_BOUNDS; i++)
		assert_true(rw_histogram_bounds_ns[i] > rw_histogram_bounds_ns[i - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_a_duration_at_its_bound_below_it),
		cmocka_unit_test(counts_what_is_beyond_all_bounds),
		cmocka_unit_test(has_ascending_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
