/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"NAME", "name", RW_COLUMN_LONG, NULL, 1},
	{"FAMILY", "family", RW_COLUMN_NUMBER, NULL},
	{"CIDRS", "cidrs", RW_COLUMN_LONG, NULL},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},
	{"name", "name", RW_COLUMN_TEXT, NULL},
	{"family", "family", RW_COLUMN_TEXT, NULL},
	{"CIDRs", "cidrs", RW_COLUMN_TEXT, NULL},
	{"CIDRs at most", "max_entries", RW_COLUMN_NUMBER, NULL},
	{"description", "description", RW_COLUMN_TEXT, NULL},
	{"of the CIDRs", "entry_descriptions", RW_COLUMN_TEXT, NULL},
	{"tags", "tags", RW_COLUMN_TEXT, NULL},
	{"created", "created", RW_COLUMN_TIME, NULL},
};

/* What both commands may say of a list. */
static int put_descriptions(struct rw_cli *cli, struct rw_json_writer *json)
{
	rw_cli_put_value(cli, json, "description", "description");
	rw_cli_put_list(cli, json, "cidr", "cidrs");
	return rw_cli_put_pairs(cli, json, "entry-description", "entry_descriptions", "CIDR=TEXT");
}

static int create(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;
	int64_t family;

	if (rw_cli_number(cli, "family", 4, &family))
		return RW_EXIT_USAGE;
	rw_buf_init(&body, 16u << 20);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", cli->arguments[0]);
	rw_json_put_integer(&json, "family", family);
	if (put_descriptions(cli, &json))
		return RW_EXIT_USAGE;
	rw_json_end_object(&json);
	return rw_cli_send(cli, "POST", "prefix-lists", NULL, &body, "prefix list created");
}

static int update(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 16u << 20);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_cli_put_value(cli, &json, "name", "name");
	if (put_descriptions(cli, &json))
		return RW_EXIT_USAGE;
	rw_json_end_object(&json);
	return rw_cli_send(cli, "PATCH", "prefix-lists", cli->arguments[0], &body, "prefix list updated");
}

static int list(struct rw_cli *cli)
{
	return rw_cli_print_collection(cli, "/v1/prefix-lists", columns, RW_ARRAY_COUNT(columns));
}

static int show(struct rw_cli *cli)
{
	return rw_cli_show(cli, "prefix-lists", record, RW_ARRAY_COUNT(record));
}

static int delete_prefix_list(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "prefix-lists", cli->arguments[0], NULL, "prefix list deleted");
}

static const struct rw_usage_option create_options[] = {
	{"family", 0, "4|6", "address family of all its CIDRs (4)"},
	{"cidr", 0, "CIDR", "a CIDR in it; may be repeated"},
	{"description", 0, "TEXT", "what it is for"},
	{"entry-description", 0, "CIDR=TEXT", "what a CIDR in it is; repeat it for more"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"name", 0, "NAME", "new name"},
	{"cidr", 0, "CIDR", "all CIDRs it shall have; may be repeated"},
	{"description", 0, "TEXT", "what it is for"},
	{"entry-description", 0, "CIDR=TEXT", "what its CIDRs are, from then on; repeat it, '' for none"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_prefix_list_commands[] = {
	{"prefix-list create", "NAME", "make a named set of CIDRs",
	 "example:\n  ringwall prefix-list create office --cidr 198.51.100.0/24 --cidr 203.0.113.7\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"prefix-list list", "", "show all prefix lists",
	 "example:\n"
	 "  ringwall prefix-list list\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, list},
	{"prefix-list show", "LIST", "show one prefix list",
	 "example:\n"
	 "  ringwall prefix-list show office\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"prefix-list update", "LIST", "rename it, describe it or change its CIDRs",
	 "example:\n"
	 "  ringwall prefix-list update office --cidr 198.51.100.0/24 --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 1, 1, update},
	{"prefix-list delete", "LIST", "delete a prefix list that no rule names",
	 "example:\n"
	 "  ringwall prefix-list delete office\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_prefix_list},
	{0},
};
