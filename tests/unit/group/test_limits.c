/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "group/limits.h"

static void sets_a_limit_by_its_name(void **state)
{
	struct rw_limits limits = rw_limits_default;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_limits_set(&limits, "rules_per_group=2000", &err), 0);
	assert_int_equal(limits.rules_per_group, 2000);
	assert_int_equal(rw_limits_set(&limits, "text_length=1", &err), 0);
	assert_int_equal(limits.text_length, 1);
	limits.rules_per_group = rw_limits_default.rules_per_group;
	limits.text_length = rw_limits_default.text_length;
	assert_memory_equal(&limits, &rw_limits_default, sizeof(limits));
}

static void refuses_unknown_names_and_says_which_there_are(void **state)
{
	struct rw_limits limits = rw_limits_default;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_limits_set(&limits, "rules=5", &err), -EINVAL);
	assert_non_null(strstr(err.text, "'rules'"));
	assert_non_null(strstr(err.hint, "networks"));
	assert_int_equal(rw_limits_set(&limits, "rules_per_groups=5", &err), -EINVAL);
}

static void refuses_what_is_no_number_in_range(void **state)
{
	static const char *const texts[] = {"nodes",    "nodes=",   "nodes=0",          "nodes=-1",
					    "nodes=1x", "nodes= 5", "nodes=1000000000", "=5"};
	struct rw_limits limits = rw_limits_default;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(texts); i++) {
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(rw_limits_set(&limits, texts[i], &err), -EINVAL);
		assert_memory_equal(&limits, &rw_limits_default, sizeof(limits));
		assert_string_equal(err.field, "limit");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_a_limit_by_its_name),
		cmocka_unit_test(refuses_unknown_names_and_says_which_there_are),
		cmocka_unit_test(refuses_what_is_no_number_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
