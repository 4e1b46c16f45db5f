/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"NAME", "name", RW_COLUMN_LONG, NULL, 1},
	{"CLUSTER", "cluster", RW_COLUMN_REFERENCE, NULL},
	{"AGENT", "agent", RW_COLUMN_TEXT, NULL},
	{"STATE", "state", RW_COLUMN_WORD, "-"},
	{"ADDRESSES", "interfaces.addresses", RW_COLUMN_LONG, NULL},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},
	{"name", "name", RW_COLUMN_TEXT, NULL},
	{"cluster", "cluster", RW_COLUMN_REFERENCE, NULL},
	{"network", "network", RW_COLUMN_REFERENCE, NULL},
	{"groups", "security_groups", RW_COLUMN_REFERENCE, NULL},
	{"agent", "agent", RW_COLUMN_TEXT, NULL},
	{"enforcement", "enforcement", RW_COLUMN_WORD, NULL},
	{"created", "created", RW_COLUMN_TIME, NULL},
	{"state", "state", RW_COLUMN_WORD, NULL},
	{"since", "since", RW_COLUMN_TIME, NULL},
	{"policy of revision", "wanted", RW_COLUMN_TEXT, NULL},
	{"applied up to", "applied", RW_COLUMN_TEXT, NULL},
	{"lag", "lag_ms", RW_COLUMN_DURATION, NULL},
	{"reason", "reason", RW_COLUMN_TEXT, NULL},
	{"agent version", "agent_version", RW_COLUMN_TEXT, NULL},
	{"last report", "last_report", RW_COLUMN_TIME, NULL},
	{"certificate expires", "certificate_expires", RW_COLUMN_TIME, NULL},
	{"refused", "refused_addresses", RW_COLUMN_TEXT, NULL},
	{"persistent", "persistent", RW_COLUMN_WORD, NULL},
	{"generation", "kernel.generation", RW_COLUMN_TEXT, NULL},
	{"passed", "kernel.passed", RW_COLUMN_TEXT, NULL},
	{"dropped", "drops", RW_COLUMN_COUNTS, NULL},
	{"would drop", "would_drops", RW_COLUMN_COUNTS, NULL},
	{"flows", "kernel.flows", RW_COLUMN_COUNTS, NULL},
	{"room for flows", "kernel.flow_capacity", RW_COLUMN_TEXT, NULL},
	{"full bucket pairs", "kernel.full_pairs_ppm", RW_COLUMN_SHARE, NULL},
	{"flows refused", "kernel.flows_refused", RW_COLUMN_TEXT, NULL},
	{"table bytes", "kernel.table_bytes", RW_COLUMN_TEXT, NULL},
	{"table bytes taken", "kernel.table_memory_bytes", RW_COLUMN_TEXT, NULL},
	{"table bytes at most", "kernel.table_limit_bytes", RW_COLUMN_TEXT, NULL},
};

static const struct rw_column hook_columns[] = {
	{"DEVICE", "device", RW_COLUMN_TEXT, NULL}, {"POLICY OF", "interface", RW_COLUMN_TEXT, NULL},
	{"HOOK", "hook", RW_COLUMN_TEXT, NULL},     {"STATE", "state", RW_COLUMN_WORD, NULL},
	{"DETAIL", "detail", RW_COLUMN_LONG, "-"},
};

static const struct rw_column interface_columns[] = {
	{"INTERFACE", "name", RW_COLUMN_TEXT, NULL, 1},
	{"NIC", "nic_type", RW_COLUMN_TEXT, NULL},
	{"ADDRESSES", "addresses", RW_COLUMN_LONG, NULL},
	{"SHARED", "shared_addresses", RW_COLUMN_LONG, "-"},
	{"ELASTIC IPS", "elastic_ips", RW_COLUMN_LONG, "-"},
	{"FURTHER GROUPS", "security_groups", RW_COLUMN_REFERENCE, "-"},
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
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
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

static int update(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;
	int r;

	rw_buf_init(&body, 1 << 20);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_cli_put_value(cli, &json, "name", "name");
	rw_cli_put_value(cli, &json, "enforcement", "enforcement");
	rw_cli_put_list(cli, &json, "group", "security_groups");
	r = put_interfaces(cli, &json);
	if (r)
		return r;
	rw_json_end_object(&json);
	return rw_cli_send(cli, "PATCH", "nodes", cli->arguments[0], &body, "node updated");
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "nodes", NULL, NULL);
	rw_cli_put_filter(cli, &path, "cluster");
	rw_cli_put_filter(cli, &path, "network");
	return rw_cli_print_collection(cli, path.data, columns, RW_ARRAY_COUNT(columns));
}

/* An array of the answer as a table behind an empty line; nothing when it is empty or absent. */
static int print_part(struct rw_cli *cli, const struct rw_json *object, const char *key,
		      const struct rw_column *part, size_t count)
{
	struct rw_json array;

	if (!rw_json_find(object, key, &array) || rw_json_count(&array) == 0)
		return 0;
	(void)putchar('\n');
	return rw_cli_print_table(cli, &array, part, count);
}

static int show(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	struct rw_json kernel;
	int r;

	rw_cli_path(&path, "nodes", cli->arguments[0], NULL);
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	r = rw_cli_print_record(cli, &answer.root, record, RW_ARRAY_COUNT(record));
	if (r == 0)
		r = print_part(cli, &answer.root, "interfaces", interface_columns,
			       RW_ARRAY_COUNT(interface_columns));
	if (r == 0 && rw_json_find(&answer.root, "kernel", &kernel))
		r = print_part(cli, &kernel, "hooks", hook_columns, RW_ARRAY_COUNT(hook_columns));
	return r;
}

static int delete_node(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "nodes", cli->arguments[0], NULL, "node deleted");
}

static const struct rw_usage_option create_options[] = {
	{"cluster", 0, "CLUSTER", "the cluster it belongs to"},
	{"network", 0, "NETWORK", "its network, when it is free-standing"},
	{"group", 0, "GROUP", "a free-standing group it is in; may be repeated"},
	{"interface", 0, "NAME=ADDRESSES", "an interface and its addresses, with commas; may be repeated"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option list_options[] = {
	{"cluster", 0, "CLUSTER", "only the nodes of this cluster"},
	{"network", 0, "NETWORK", "only the nodes of this network"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"name", 0, "NAME", "new name"},
	{"enforcement", 0, "MODE", "enforce or monitor, whatever its cluster says"},
	{"group", 0, "GROUP", "all free-standing groups it shall be in ('' = none); may be repeated"},
	{"interface", 0, "NAME=ADDRESSES", "all interfaces it shall have; may be repeated"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_node_commands[] = {
	{"node create", "NAME", "record the addresses of a machine without an agent",
	 "Such a node is a member wherever its groups are objects, and is enforced nowhere.  A machine with\n"
	 "an agent joins by itself: see 'ringwall cluster join-token'.\n\n"
	 "example:\n"
	 "  ringwall node create backup-1 --network prod --group backups \\\n"
	 "    --interface eth0=10.0.9.4\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"node list", "", "show all nodes",
	 "examples:\n"
	 "  ringwall node list\n"
	 "  ringwall node list --cluster demo\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 0, 0, list},
	{"node show", "NODE", "show one node, what its agent reported and its kernel counts",
	 "example:\n"
	 "  ringwall node show web-1\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"node update", "NODE", "change a node's name, groups, addresses or enforcement",
	 "What an agent reports of its node (interfaces, addresses) is not changed here.\n\n"
	 "example:\n"
	 "  ringwall node update n1 --enforcement monitor --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 1, 1, update},
	{"node preview", "NODE", "show what enforcing a monitored node would do",
	 "example:\n"
	 "  ringwall node preview web-1\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, rw_cli_preview_node},
	{"node enforce", "NODE", "enforce a monitored node, after showing what that would cut",
	 "Shown is what its agent reported: interfaces, listeners that no rule opens, live connections that\n"
	 "would be cut, packets that would have been dropped.  Refused when an SSH session or the "
	 "management\n"
	 "path would be cut.  'ringwall node update NODE --enforcement monitor' is the way back.\n\n"
	 "example:\n"
	 "  ringwall node enforce n1 --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, rw_cli_enforce_options, 1, 1, rw_cli_enforce_node},
	{"node delete", "NODE",
	 "delete a node; its agent lets go and its certificate is refused from then on",
	 "An agent that is offline cannot be told to let go: its node keeps its last policy.  Such a node "
	 "is\n"
	 "deleted with --force offline-node; on the machine, 'ringwall-agent detach' takes the policy "
	 "away.\n"
	 "\n"
	 "example:\n"
	 "  ringwall node delete web-1\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_node},
	{0},
};
