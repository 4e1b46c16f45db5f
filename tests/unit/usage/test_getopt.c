/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static const struct option *find(const struct option *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			break;
	return table; /* its end equals no option */
}

static void lists_every_option_once(void **state)
{
	struct option table[RW_USAGE_OPTIONS_MAX + 1];
	size_t count = 0;

	(void)state;
	rw_usage_getopt(&example, table);
	while (table[count].name)
		count++;
	assert_int_equal(count, 5);
	assert_int_equal(find(table, "fast")->has_arg, no_argument);
	assert_int_equal(find(table, "fast")->val, 'f');
	assert_int_equal(find(table, "wait")->has_arg, optional_argument);
	assert_int_equal(find(table, "wait")->val, 301);
	assert_int_equal(find(table, "state")->has_arg, required_argument);
	assert_int_equal(find(table, "output")->val, 'o');
}

static void finds_commands_by_their_whole_path(void **state)
{
	(void)state;
	assert_ptr_equal(rw_usage_find(&example, "rule list"), &example_commands[1]);
	assert_null(rw_usage_find(&example, "rule"));
	assert_null(rw_usage_find(&example, ""));
}

static void answers_only_what_the_build_asks(void **state)
{
	char name[] = "my-program", stop[] = "stop", page[] = "--print-man";
	char *plain[] = {name, stop};
	char *more[] = {name, page, stop};

	(void)state;
	assert_false(rw_usage_answer(&example, 1, plain));
	assert_false(rw_usage_answer(&example, 2, plain));
	assert_false(rw_usage_answer(&example, 3, more));
	assert_true(rw_usage_answer(&example, 2, more));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_every_option_once),
		cmocka_unit_test(finds_commands_by_their_whole_path),
		cmocka_unit_test(answers_only_what_the_build_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
