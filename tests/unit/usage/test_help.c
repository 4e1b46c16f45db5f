/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static void print_command(const struct rw_usage_command *command)
{
	FILE *out = example_open();

	rw_usage_print_command(out, &example, command);
	(void)fclose(out);
}

static void shows_commands_and_examples_first(void **state)
{
	FILE *out = example_open();

	(void)state;
	rw_usage_print_overview(out, &example);
	(void)fclose(out);
	assert_true(example_says("my-program - shows things\n\nusage: my-program COMMAND [OPTION...]\n"
				 "       my-program --state DIR\n"));
	assert_true(example_says("\n  rule add GROUP  add a rule\n"));
	assert_true(example_says("\nexamples:\n  my-program stop\n\nexit codes:\n  0  done\n"));
	assert_true(example_longest_line() <= 80);
}

static void shows_a_commands_options_within_80_columns(void **state)
{
	(void)state;
	print_command(&example_commands[0]);
	assert_true(example_says("usage: my-program rule add GROUP [OPTIONS]\n\nAdd a rule.\n"));
	assert_true(example_says("\n  -f, --fast                 without waiting\n"));
	assert_true(example_says(
		"\n  --wait[=TIME]              this help is so long that it does not fit on one\n"
		"                             line of eighty columns at all\n"));
	assert_true(
		example_says("\n  --a-name-that-is-rather-long VALUE\n                             below\n"));
	assert_true(example_says("\noutput:\n  -o, --output FORMAT        table or json\n"));
	assert_true(example_says("\n  --state DIR                where\n"));
	assert_true(example_longest_line() <= 80);
}

static void shows_of_two_options_of_a_name_the_first(void **state)
{
	(void)state;
	print_command(&example_commands[0]);
	assert_false(example_says("hidden where"));
	print_command(&example_commands[1]);
	assert_true(example_says("hidden where"));
}

static void keeps_examples_as_they_stand(void **state)
{
	(void)state;
	print_command(&example_commands[0]);
	assert_true(example_says("\n\nexample:\n  .literal 'x' -y\n"));
}

static void shows_all_options_without_a_command(void **state)
{
	(void)state;
	print_command(NULL);
	assert_true(example_says("\noptions of rule add:\n  -f, --fast "));
	assert_true(example_says("\noptions of rule add, rule list:\n  -o, --output FORMAT "));
	assert_true(example_says("--fast") && example_says("--wait") && example_says("--output") &&
		    example_says("--state") && example_says("exit codes:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_commands_and_examples_first),
		cmocka_unit_test(shows_a_commands_options_within_80_columns),
		cmocka_unit_test(shows_of_two_options_of_a_name_the_first),
		cmocka_unit_test(keeps_examples_as_they_stand),
		cmocka_unit_test(shows_all_options_without_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
