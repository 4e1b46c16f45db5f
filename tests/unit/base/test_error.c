/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/error.h"

static void wraps_outwards(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_error_field(&err, "cidr", "%s: prefix length is longer than 32", "10.0.0.0/33"),
			 -EINVAL);
	assert_int_equal(rw_error_field_prefix(&err, "rules[%d].object", 3), -EINVAL);
	assert_int_equal(rw_error_wrap(&err, "group \"%s\"", "web"), -EINVAL);
	assert_string_equal(err.field, "rules[3].object.cidr");
	assert_string_equal(err.text, "group \"web\": 10.0.0.0/33: prefix length is longer than 32");
}

static void joins_index_paths_without_a_dot(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	(void)rw_error_field(&err, "[2]", "bad");
	(void)rw_error_field_prefix(&err, "cidrs");
	assert_string_equal(err.field, "cidrs[2]");
}

static void cuts_what_does_not_fit_and_stays_terminated(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	char long_text[2000];

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	(void)rw_error_set(&err, -EIO, "%s", long_text);
	(void)rw_error_wrap(&err, "outer");
	assert_memory_equal(err.text, "outer: xxx", 10);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	(void)rw_error_wrap(&err, "%s", long_text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void works_without_a_place_for_the_text(void **state)
{
	(void)state;
	assert_int_equal(rw_error_set(NULL, -EIO, "lost"), -EIO);
	assert_int_equal(rw_error_field(NULL, "a", "lost"), -EINVAL);
	assert_int_equal(rw_error_oom(NULL), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps_outwards),
		cmocka_unit_test(joins_index_paths_without_a_dot),
		cmocka_unit_test(cuts_what_does_not_fit_and_stays_terminated),
		cmocka_unit_test(works_without_a_place_for_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
