/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static char printed[8192];

/* Runs 'print' with standard output in a file, and keeps what it wrote in 'printed'. */
static int capture(int (*print)(struct rw_cli *cli, const struct rw_json *items), struct rw_cli *cli,
		   const char *text)
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

static int print_rules(struct rw_cli *cli, const struct rw_json *items)
{
	static const struct rw_column columns[] = {
		{"NAME", "name", RW_COLUMN_TEXT, NULL},       {"POLICY", "policy", RW_COLUMN_WORD, NULL},
		{"OBJECT", "object.*", RW_COLUMN_TEXT, NULL}, {"N", "count", RW_COLUMN_NUMBER, NULL},
		{"TAGS", "tags", RW_COLUMN_TEXT, NULL},
	};

	return rw_cli_print_table(cli, items, columns, RW_ARRAY_COUNT(columns));
}

static const char two_rules[] =
	"[{\"name\":\"web\",\"policy\":\"accept\",\"object\":{\"cidr\":\"0.0.0.0/"
	"0\"},\"count\":7,\"tags\":[\"a\",\"b\"]},"
	"{\"name\":\"网络\",\"policy\":\"drop\",\"object\":{\"group\":\"sg-1\"},\"count\":123}]";

static void shows_nested_members_lists_and_absent_values(void **state)
{
	static struct rw_cli cli;

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
	static struct rw_cli cli;
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
	static struct rw_cli cli = {.colour = true};

	(void)state;
	assert_int_equal(capture(print_rules, &cli, two_rules), 0);
	assert_non_null(strstr(printed, "\033[32maccept"));
	assert_non_null(strstr(printed, "\033[31mdrop"));
}

static int print_as_people_write(struct rw_cli *cli, const struct rw_json *items)
{
	static const struct rw_column columns[] = {
		{"PORTS", "ports", RW_COLUMN_PORTS, NULL},
		{"FROM/TO", "", RW_COLUMN_PEER, NULL},
		{"NIC", "nic_type", RW_COLUMN_TEXT, "intranet"},
		{"PRIO", "priority", RW_COLUMN_NUMBER, "1"},
		{"TIME", "created", RW_COLUMN_TIME, NULL},
		{"ADDRESSES", "interfaces.addresses", RW_COLUMN_LONG, NULL},
	};

	return rw_cli_print_table(cli, items, columns, RW_ARRAY_COUNT(columns));
}

static void shows_rules_as_people_write_them_and_leaves_out_the_usual(void **state)
{
	static struct rw_cli cli;

	(void)state;
	assert_int_equal(
		capture(print_as_people_write, &cli,
			"[{\"ports\":\"443/443\",\"direction\":\"ingress\",\"object\":{\"cidr\":"
			"\"10.0.0.0/8\"},\"nic_type\":\"intranet\",\"priority\":1,\"created\":"
			"\"2026-11-24T03:51:02.203Z\"},{\"ports\":\"8000/8100\",\"direction\":"
			"\"egress\",\"object\":{\"group\":\"sg-1\"},\"nic_type\":\"intranet\","
			"\"priority\":7,\"created\":\"2026-11-24T03:51:02Z\",\"interfaces\":[{"
			"\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},{\"addresses\":[\"10.0.0.3\"]}]},"
			"{\"ports\":\"-1/-1\",\"direction\":\"ingress\",\"object\":{\"prefix_list\":"
			"\"pl-1\"},\"nic_type\":\"intranet\",\"priority\":1,\"created\":"
			"\"2026-11-24T03:51:02Z\"}]"),
		0);
	assert_non_null(strstr(printed, "443       from 10.0.0.0/8"));
	assert_non_null(strstr(printed, "8000-8100 to group:sg-1"));
	assert_non_null(strstr(printed, "-         from prefix-list:pl-1"));
	assert_non_null(strstr(printed, "2026-11-24T03:51:02Z 10.0.0.1, 10.0.0.2, 10.0.0.3"));
	assert_null(strstr(printed, ".203"));
	assert_null(strstr(printed, "NIC"));
	assert_non_null(strstr(printed, "PRIO"));
}

/* ---- order and width ---- */

static int print_sorted(struct rw_cli *cli, const struct rw_json *items)
{
	static const struct rw_column columns[] = {
		{"", "direction", RW_COLUMN_TEXT, NULL, -1},
		{"NAME", "name", RW_COLUMN_LONG, NULL, 2},
		{"NOTE", "note", RW_COLUMN_LONG, "-"},
	};

	return rw_cli_print_table(cli, items, columns, RW_ARRAY_COUNT(columns));
}

/* Where each line begins with its name: the first column is only sorted by. */
static void sorts_by_numbers_in_names_and_shows_no_column_without_title(void **state)
{
	static struct rw_cli cli;

	(void)state;
	assert_int_equal(capture(print_sorted, &cli,
				 "[{\"name\":\"node-10\",\"direction\":\"ingress\"},"
				 "{\"name\":\"node-1\",\"direction\":\"egress\"},"
				 "{\"name\":\"node-2\",\"direction\":\"ingress\"}]"),
			 0);
	assert_string_equal(printed, "NAME\nnode-2\nnode-10\nnode-1\n");
}

/* The narrow name is left whole, the wide note gives what is missing; wide characters count twice. */
static void cuts_the_widest_columns_to_the_terminal(void **state)
{
	static struct rw_cli cli = {.terminal = true};
	static const char long_note[] =
		"[{\"name\":\"admin\",\"note\":\"abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz\"},"
		"{\"name\":\"web\",\"note\":\"\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00"
		"\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\"}]";

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_int_equal(setenv("COLUMNS", "26", 1), 0);
	assert_int_equal(capture(print_sorted, &cli, long_note), 0);
	assert_string_equal(printed, "NAME  NOTE\n"
				     "admin abcdefghijklmnopqrs\u2026\n"
				     "web   \u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u2026\n");
	cli.terminal = false;
	assert_int_equal(capture(print_sorted, &cli, long_note), 0);
	assert_null(strstr(printed, "\u2026"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_nested_members_lists_and_absent_values),
		cmocka_unit_test(aligns_wide_characters),
		cmocka_unit_test(colours_only_where_they_are_wanted),
		cmocka_unit_test(shows_rules_as_people_write_them_and_leaves_out_the_usual),
		cmocka_unit_test(sorts_by_numbers_in_names_and_shows_no_column_without_title),
		cmocka_unit_test(cuts_the_widest_columns_to_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
