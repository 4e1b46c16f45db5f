/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT},           {"NAME", "name", RW_COLUMN_TEXT},
	{"CLUSTER", "cluster", RW_COLUMN_TEXT}, {"AGENT", "agent", RW_COLUMN_TEXT},
	{"STATE", "state", RW_COLUMN_WORD},     {"INTERFACES", "interfaces", RW_COLUMN_LONG},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT},
	{"name", "name", RW_COLUMN_TEXT},
	{"cluster", "cluster", RW_COLUMN_TEXT},
	{"network", "network", RW_COLUMN_TEXT},
	{"groups", "security_groups", RW_COLUMN_LONG},
	{"agent", "agent", RW_COLUMN_TEXT},
	{"state", "state", RW_COLUMN_WORD},
	{"since", "since", RW_COLUMN_TEXT},
	{"wanted", "wanted", RW_COLUMN_TEXT},
	{"applied", "applied", RW_COLUMN_TEXT},
	{"reason", "reason", RW_COLUMN_LONG},
	{"interfaces", "interfaces", RW_COLUMN_LONG},
};

/* --interface NAME=ADDRESS[,ADDRESS...] becomes one interface of the record. */
static int put_interfaces(const struct rw_cli *cli, struct rw_json_writer *json)
{
	unsigned int cursor = 0;
	const char *value;

	if (!rw_cli_given(cli, "interface"))
		return 0;
	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	while (rw_cli_next_value(cli, "interface", &cursor, &value)) {
		const char *equals = strchr(value, '=');
		char name[64];

		if (!equals || equals == value || (size_t)(equals - value) >= sizeof(name))
			return rw_cli_usage_error(
				cli, "--interface wants NAME=ADDRESS[,ADDRESS...], not '%s'", value);
		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - value), value);
		rw_json_begin_object(json);
		rw_json_put_text(json, "name", name);
		rw_json_key(json, "addresses");
		rw_json_begin_array(json);
		for (const char *at = equals + 1; *at;) {
			size_t length = strcspn(at, ",");

			rw_json_write_bytes(json, at, length);
			at += length + (at[length] == ',');
		}
		rw_json_end_array(json);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	return 0;
}

static int create(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&body, 1 << 20);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", cli->arguments[0]);
	rw_json_put_text(&json, "agent", "none");
	rw_cli_put_value(cli, &json, "cluster", "cluster");
	rw_cli_put_value(cli, &json, "network", "network");
	rw_cli_put_list(cli, &json, "group", "security_groups");
	r = put_interfaces(cli, &json);
	if (r)
		return r;
	rw_json_end_object(&json);
	return rw_cli_send(cli, "POST", "nodes", NULL, &body,
			   "node record created (no agent: enforced nowhere)");
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path;
	const char *cluster = rw_cli_value(cli, "cluster");

	rw_cli_path(&path, "nodes", NULL, NULL);
	if (cluster) {
		(void)rw_buf_append_text(&path, "?cluster=");
		rw_cli_append_encoded(&path, cluster);
	}
	return rw_cli_print_collection(cli, path.data, columns, RW_ARRAY_COUNT(columns));
}

static int show(struct rw_cli *cli)
{
	return rw_cli_show(cli, "nodes", record, RW_ARRAY_COUNT(record));
}

static int delete_node(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "nodes", cli->arguments[0], NULL, "node deleted");
}

static const struct rw_cli_option create_options[] = {
	{"cluster", 0, "CLUSTER", "the cluster it belongs to"},
	{"network", 0, "NETWORK", "its network, when it is free-standing"},
	{"group", 0, "GROUP", "a free-standing group it is in; may be repeated"},
	{"interface", 0, "NAME=ADDRESSES", "an interface and its addresses, with commas; may be repeated"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_cli_option list_options[] = {
	{"cluster", 0, "CLUSTER", "only the nodes of this cluster"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_node_commands[] = {
	{"node create", "NAME", "record the addresses of a machine without an agent",
	 "Such a node is a member wherever its groups are objects, and is enforced nowhere.  A machine with\n"
	 "an agent joins by itself: see 'ringwall cluster join-token'.\n\n"
	 "example:\n"
	 "  ringwall node create backup-1 --network prod --group backups --interface eth0=10.0.9.4\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"node list", "", "show all nodes", NULL, RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 0, 0, list},
	{"node show", "NODE", "show one node", NULL, RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"node delete", "NODE",
	 "delete a node; its agent lets go and its certificate is refused from then on", NULL,
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_node},
	{0},
};
