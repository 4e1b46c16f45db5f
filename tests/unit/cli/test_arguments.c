/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "cli/cli.h"

static const struct rw_cli_command *command_of(const char *path)
{
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++)
		if (strcmp(command->path, path) == 0)
			return command;
	fail_msg("there is no command '%s'", path);
	return NULL;
}

static struct rw_cli cli;

static int parse(const char *path, int count, const char *const *words)
{
	char *copies[64];
	int r;

	memset(&cli, 0, sizeof(cli));
	cli.command = command_of(path);
	for (int i = 0; i < count; i++)
		copies[i] = (char *)(uintptr_t)words[i];
	r = rw_cli_parse(&cli, count, copies);
	return r;
}

#define PARSE(path, ...)                                                                                     \
	parse(path, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                           \
	      (const char *[]){__VA_ARGS__})

static void takes_options_before_between_and_after_arguments(void **state)
{
	(void)state;
	assert_int_equal(PARSE("rule add", "--wait", "demo", "allow", "-o", "json", "tcp", "443", "from",
			       "any", "--priority=7"),
			 0);
	assert_int_equal(cli.argument_count, 6);
	assert_string_equal(cli.arguments[5], "any");
	assert_true(cli.json);
	assert_true(rw_cli_given(&cli, "wait"));
	assert_null(rw_cli_value(&cli, "wait"));
	assert_string_equal(rw_cli_value(&cli, "priority"), "7");
}

static void takes_an_optional_value_only_after_an_equals_sign(void **state)
{
	(void)state;
	assert_int_equal(PARSE("rule add", "demo", "allow", "icmp", "from", "any", "--wait=5s"), 0);
	assert_string_equal(rw_cli_value(&cli, "wait"), "5s");
	assert_int_equal(PARSE("rule revoke", "--wait", "demo", "sgr-1"), 0);
	assert_int_equal(cli.argument_count, 2);
}

static void gives_repeated_options_in_their_order(void **state)
{
	unsigned int cursor = 0;
	const char *value;

	(void)state;
	assert_int_equal(PARSE("network create", "n", "--cidr", "10.0.0.0/8", "--cidr", "2001:db8::/32"), 0);
	assert_true(rw_cli_next_value(&cli, "cidr", &cursor, &value));
	assert_string_equal(value, "10.0.0.0/8");
	assert_true(rw_cli_next_value(&cli, "cidr", &cursor, &value));
	assert_string_equal(value, "2001:db8::/32");
	assert_false(rw_cli_next_value(&cli, "cidr", &cursor, &value));
}

static void leaves_negative_numbers_and_what_follows_two_dashes_alone(void **state)
{
	(void)state;
	assert_int_equal(PARSE("rule add", "demo", "allow", "tcp", "-1/-1", "from", "any"), 0);
	assert_string_equal(cli.arguments[3], "-1/-1");
	assert_int_equal(PARSE("rule add", "demo", "allow", "--", "--wait", "from", "any"), 0);
	assert_int_equal(cli.argument_count, 5);
	assert_false(rw_cli_given(&cli, "wait"));
}

static void refuses_what_the_command_does_not_know(void **state)
{
	(void)state;
	assert_int_equal(PARSE("network list", "--colour"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("network list", "surplus"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("network show", "-o", "yaml", "x"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("network create", "n", "--cidr"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("network create", "n", "--public=yes"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("group join", "only-a-group"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("group delete", "g", "--wait=soon"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("group delete", "g", "--wait=11m"), RW_EXIT_USAGE);
	assert_int_equal(PARSE("group delete", "--wait", "5s", "g"), RW_EXIT_USAGE);
}

static void reads_durations_and_numbers(void **state)
{
	int64_t number;

	(void)state;
	assert_true(rw_cli_parse_duration("500ms", &number));
	assert_int_equal(number, 500);
	assert_true(rw_cli_parse_duration("2m", &number));
	assert_int_equal(number, 120000);
	assert_true(rw_cli_parse_duration("0", &number));
	assert_int_equal(number, 0);
	assert_false(rw_cli_parse_duration("", &number));
	assert_false(rw_cli_parse_duration("-1s", &number));
	assert_false(rw_cli_parse_duration("9999999999s", &number));
	assert_int_equal(PARSE("rule update", "g", "sgr-1", "--priority", "7"), 0);
	assert_int_equal(rw_cli_number(&cli, "priority", 0, &number), 0);
	assert_int_equal(number, 7);
	assert_int_equal(PARSE("rule update", "g", "sgr-1", "--priority", "7x"), 0);
	assert_int_equal(rw_cli_number(&cli, "priority", 0, &number), RW_EXIT_USAGE);
}

static void help_needs_no_arguments(void **state)
{
	(void)state;
	assert_int_equal(PARSE("group join", "--help"), 0);
	assert_true(rw_cli_given(&cli, "help"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_options_before_between_and_after_arguments),
		cmocka_unit_test(takes_an_optional_value_only_after_an_equals_sign),
		cmocka_unit_test(gives_repeated_options_in_their_order),
		cmocka_unit_test(leaves_negative_numbers_and_what_follows_two_dashes_alone),
		cmocka_unit_test(refuses_what_the_command_does_not_know),
		cmocka_unit_test(reads_durations_and_numbers),
		cmocka_unit_test(help_needs_no_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
