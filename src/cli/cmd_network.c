/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},       {"NAME", "name", RW_COLUMN_LONG, NULL, 1},
	{"KIND", "kind", RW_COLUMN_TEXT, NULL},   {"PUBLIC", "public", RW_COLUMN_TEXT, "no"},
	{"CIDRS", "cidrs", RW_COLUMN_LONG, NULL},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},       {"name", "name", RW_COLUMN_TEXT, NULL},
	{"kind", "kind", RW_COLUMN_TEXT, NULL},   {"public", "public", RW_COLUMN_TEXT, NULL},
	{"CIDRs", "cidrs", RW_COLUMN_TEXT, NULL}, {"created", "created", RW_COLUMN_TIME, NULL},
};

static int create(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", cli->arguments[0]);
	rw_json_put_text(&json, "kind", rw_cli_given(cli, "kind") ? rw_cli_value(cli, "kind") : "vpc");
	rw_cli_put_list(cli, &json, "cidr", "cidrs");
	if (rw_cli_given(cli, "public"))
		rw_json_put_bool(&json, "public", true);
	rw_json_end_object(&json);
	return rw_cli_send(cli, "POST", "networks", NULL, &body, "network created");
}

static int update(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_cli_put_value(cli, &json, "name", "name");
	rw_cli_put_list(cli, &json, "cidr", "cidrs");
	rw_json_end_object(&json);
	return rw_cli_send(cli, "PATCH", "networks", cli->arguments[0], &body, "network updated");
}

static int list(struct rw_cli *cli)
{
	return rw_cli_print_collection(cli, "/v1/networks", columns, RW_ARRAY_COUNT(columns));
}

static int show(struct rw_cli *cli)
{
	return rw_cli_show(cli, "networks", record, RW_ARRAY_COUNT(record));
}

static int delete_network(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "networks", cli->arguments[0], NULL, "network deleted");
}

static const struct rw_usage_option create_options[] = {
	{"kind", 0, "KIND", "vpc (default) or classic"},
	{"cidr", 0, "CIDR", "address space, IPv4 or IPv6; may be repeated"},
	{"public", 0, NULL, "no address space of its own: its nodes' declared addresses are the network"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"name", 0, "NAME", "new name"},
	{"cidr", 0, "CIDR", "all CIDRs it shall have; may be repeated"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_network_commands[] = {
	{"network create", "NAME", "make a network",
	 "examples:\n"
	 "  ringwall network create prod --cidr 10.0.0.0/16 --cidr 2001:db8::/56\n"
	 "  ringwall network create old --kind classic\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"network list", "", "show all networks",
	 "example:\n"
	 "  ringwall network list\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, list},
	{"network show", "NETWORK", "show one network",
	 "examples:\n"
	 "  ringwall network show prod\n"
	 "  ringwall network show prod -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"network update", "NETWORK", "rename it or change its CIDRs",
	 "example:\n"
	 "  ringwall network update prod --cidr 10.0.0.0/16 --cidr 10.1.0.0/16\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 1, 1, update},
	{"network delete", "NETWORK", "delete a network that nobody uses",
	 "example:\n"
	 "  ringwall network delete old\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_network},
	{0},
};
