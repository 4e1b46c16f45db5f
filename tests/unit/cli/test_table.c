/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static char printed[8192];

/* Runs 'print' with standard output in a file, and keeps what it wrote in 'printed'. */
static int capture(int (*print)(const struct rw_cli *cli, const struct rw_json *items),
		   const struct rw_cli *cli, const char *text)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_error err = RW_ERROR_NONE;
	FILE *file = tmpfile();
	struct rw_json root;
	ssize_t size;
	int kept;
	int r;

	assert_non_null(file);
	assert_int_equal(rw_json_parse(text, strlen(text), RW_JSON_BODY_MAX, &document, &err), 0);
	root = rw_json_root(document);
	(void)fflush(stdout);
	kept = dup(STDOUT_FILENO);
	assert_true(kept >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
	r = print(cli, &root);
	(void)fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	(void)close(kept);
	size = pread(fileno(file), printed, sizeof(printed) - 1, 0);
	assert_true(size >= 0);
	printed[size] = '\0';
	(void)fclose(file);
	return r;
}

static int print_rules(const struct rw_cli *cli, const struct rw_json *items)
{
	static const struct rw_column columns[] = {
		{"NAME", "name", RW_COLUMN_TEXT},       {"POLICY", "policy", RW_COLUMN_WORD},
		{"OBJECT", "object.*", RW_COLUMN_TEXT}, {"N", "count", RW_COLUMN_NUMBER},
		{"TAGS", "tags", RW_COLUMN_TEXT},
	};

	return rw_cli_print_table(cli, items, columns, RW_ARRAY_COUNT(columns));
}

static const char two_rules[] =
	"[{\"name\":\"web\",\"policy\":\"accept\",\"object\":{\"cidr\":\"0.0.0.0/"
	"0\"},\"count\":7,\"tags\":[\"a\",\"b\"]},"
	"{\"name\":\"网络\",\"policy\":\"drop\",\"object\":{\"group\":\"sg-1\"},\"count\":123}]";

static void shows_nested_members_lists_and_absent_values(void **state)
{
	static const struct rw_cli cli;

	(void)state;
	assert_int_equal(capture(print_rules, &cli, two_rules), 0);
	assert_non_null(strstr(printed, "0.0.0.0/0"));
	assert_non_null(strstr(printed, "sg-1"));
	assert_non_null(strstr(printed, "a, b"));
	assert_non_null(strstr(printed, "-\n"));
	assert_null(strstr(printed, "\033"));
}

/* A wide character takes two columns: the policy of both lines begins at the same place on the screen. */
static void aligns_wide_characters(void **state)
{
	static const struct rw_cli cli;
	const char *web;
	const char *wide;

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_int_equal(capture(print_rules, &cli, two_rules), 0);
	web = strstr(printed, "web");
	wide = strstr(printed, "网络");
	assert_non_null(web);
	assert_non_null(wide);
	assert_int_equal(strstr(web, "accept") - web, strstr(wide, "drop") - wide - 2);
}

static void colours_only_where_they_are_wanted(void **state)
{
	static const struct rw_cli cli = {.colour = true};

	(void)state;
	assert_int_equal(capture(print_rules, &cli, two_rules), 0);
	assert_non_null(strstr(printed, "\033[32maccept"));
	assert_non_null(strstr(printed, "\033[31mdrop"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_nested_members_lists_and_absent_values),
		cmocka_unit_test(aligns_wide_characters),
		cmocka_unit_test(colours_only_where_they_are_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
