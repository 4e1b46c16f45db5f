/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/clock.h"

static void formats_timestamps_in_utc_with_milliseconds(void **state)
{
	char text[RW_TIMESTAMP_SIZE];

	(void)state;
	rw_timestamp_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	rw_timestamp_format(951782400123, text);
	assert_string_equal(text, "2000-02-29T00:00:00.123Z");
	rw_timestamp_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void makes_ids_of_the_asked_length(void **state)
{
	char first[32];
	char second[32];

	(void)state;
	rw_random_id(rw_random_system(), "sg-", 16, first, sizeof(first));
	rw_random_id(rw_random_system(), "sg-", 16, second, sizeof(second));
	assert_int_equal(strlen(first), 19);
	assert_memory_equal(first, "sg-", 3);
	assert_string_not_equal(first, second);
}

static void monotonic_time_does_not_go_back(void **state)
{
	uint64_t first = rw_clock_monotonic_ns(rw_clock_system());

	(void)state;
	assert_true(rw_clock_monotonic_ns(rw_clock_system()) >= first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_timestamps_in_utc_with_milliseconds),
		cmocka_unit_test(makes_ids_of_the_asked_length),
		cmocka_unit_test(monotonic_time_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
