/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static void every_command_has_a_summary_and_sane_bounds(void **state)
{
	unsigned int count = 0;

	(void)state;
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++, count++) {
		assert_non_null(command->run);
		assert_true(strlen(command->summary) > 5 && strlen(command->summary) < 90);
		assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
		assert_true(command->min_arguments <= command->max_arguments);
		assert_true(command->max_arguments < RW_CLI_MAX_WORDS);
	}
	assert_true(count > 40);
}

static void no_two_commands_have_the_same_words(void **state)
{
	(void)state;
	for (const struct rw_cli_command *a = rw_cli_commands(); a->path; a++)
		for (const struct rw_cli_command *b = a + 1; b->path; b++)
			assert_string_not_equal(a->path, b->path);
}

static void check_lines(const char *text)
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		if (length > 80)
			fail_msg("help line of %zu characters: %.*s", length, (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static void help_fits_a_terminal(void **state)
{
	(void)state;
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		rw_cli_print_help(out, command);
		(void)fclose(out);
		assert_non_null(strstr(text, "usage: ringwall "));
		check_lines(text);
		free(text);
	}
}

static void every_noun_of_a_command_is_in_the_overview(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	rw_cli_print_overview(out);
	(void)fclose(out);
	for (const struct rw_cli_command *command = rw_cli_commands(); command->path; command++) {
		char noun[64];

		(void)snprintf(noun, sizeof(noun), "  %.*s ", (int)strcspn(command->path, " "),
			       command->path);
		if (!strstr(text, noun))
			fail_msg("the overview lacks '%s'", command->path);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_has_a_summary_and_sane_bounds),
		cmocka_unit_test(no_two_commands_have_the_same_words),
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(every_noun_of_a_command_is_in_the_overview),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
