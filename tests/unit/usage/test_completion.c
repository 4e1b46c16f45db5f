/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

/* That bash takes the script and completes by it is shown in tests/cluster. */

static int print(void **state)
{
	FILE *out = example_open();

	(void)state;
	rw_usage_print_bash_completion(out, &example);
	(void)fclose(out);
	return 0;
}

static void names_a_function_without_dashes(void **state)
{
	(void)state;
	assert_true(example_says("\n_my_program()\n{\n"));
	assert_true(example_says("\ncomplete -F _my_program my-program\n"));
}

static void has_a_case_for_each_command(void **state)
{
	(void)state;
	assert_true(example_says(
		"\t\"rule add\") words=\"--help --fast --a-name-that-is-rather-long --wait --output\" ;;\n"));
	assert_true(example_says("\t\"stop\"\\ *) words=\"--help\" ;;\n"));
}

static void has_each_first_word_once(void **state)
{
	(void)state;
	assert_true(example_says("words=\"rule stop \"\n"));
	assert_true(example_says("\t\trule) words=\"add list \" ;;\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names_a_function_without_dashes, print),
		cmocka_unit_test_setup(has_a_case_for_each_command, print),
		cmocka_unit_test_setup(has_each_first_word_once, print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
