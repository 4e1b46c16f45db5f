/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"NAME", "name", RW_COLUMN_GROUP, NULL},
	{"NETWORK", "network", RW_COLUMN_REFERENCE, NULL},
	{"KIND", "kind", RW_COLUMN_TEXT, NULL},
	{"INNER", "inner_access", RW_COLUMN_WORD, NULL},
	{"RULES", "rule_count", RW_COLUMN_NUMBER, NULL},
	{"MEMBERS", "member_count", RW_COLUMN_NUMBER, NULL},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},
	{"name", "name", RW_COLUMN_TEXT, NULL},
	{"description", "description", RW_COLUMN_TEXT, NULL},
	{"network", "network", RW_COLUMN_REFERENCE, NULL},
	{"kind", "kind", RW_COLUMN_TEXT, NULL},
	{"inner access", "inner_access", RW_COLUMN_WORD, NULL},
	{"managed by cluster", "managed_by", RW_COLUMN_REFERENCE, NULL},
	{"midstream", "midstream", RW_COLUMN_WORD, NULL},
	{"rules", "rule_count", RW_COLUMN_NUMBER, NULL},
	{"members", "member_count", RW_COLUMN_NUMBER, NULL},
	{"tags", "tags", RW_COLUMN_TEXT, NULL},
	{"created", "created", RW_COLUMN_TIME, NULL},
};

static int create(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", cli->arguments[0]);
	rw_cli_put_value(cli, &json, "network", "network");
	rw_cli_put_value(cli, &json, "kind", "kind");
	rw_cli_put_value(cli, &json, "description", "description");
	rw_cli_put_value(cli, &json, "inner-access", "inner_access");
	rw_cli_put_value(cli, &json, "midstream", "midstream");
	if (rw_cli_put_tags(cli, &json))
		return RW_EXIT_USAGE;
	rw_json_end_object(&json);
	return rw_cli_send(cli, "POST", "security-groups", NULL, &body, "security group created");
}

static int update(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_cli_put_value(cli, &json, "name", "name");
	rw_cli_put_value(cli, &json, "description", "description");
	rw_cli_put_value(cli, &json, "inner-access", "inner_access");
	rw_cli_put_value(cli, &json, "midstream", "midstream");
	if (rw_cli_put_tags(cli, &json))
		return RW_EXIT_USAGE;
	rw_json_end_object(&json);
	return rw_cli_send(cli, "PATCH", "security-groups", cli->arguments[0], &body,
			   "security group updated");
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "security-groups", NULL, NULL);
	rw_cli_put_filter(cli, &path, "network");
	return rw_cli_print_collection(cli, path.data, columns, RW_ARRAY_COUNT(columns));
}

static int show(struct rw_cli *cli)
{
	return rw_cli_show(cli, "security-groups", record, RW_ARRAY_COUNT(record));
}

static int list_referrers(struct rw_cli *cli)
{
	static const struct rw_column referrer_columns[] = {
		{"KIND", "kind", RW_COLUMN_TEXT, NULL},
		{"ID", "id", RW_COLUMN_TEXT, NULL},
		{"NAME", "name", RW_COLUMN_LONG, NULL},
		{"RULE", "rule", RW_COLUMN_TEXT, "-"},
	};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	struct rw_json items;
	int r;

	rw_cli_path(&path, "security-groups", cli->arguments[0], "referrers");
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	if (cli->json || !rw_json_find(&answer.root, "items", &items))
		return rw_cli_print_text(answer.text, answer.size);
	return rw_cli_print_table(cli, &items, referrer_columns, RW_ARRAY_COUNT(referrer_columns));
}

static int delete_group(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "security-groups", cli->arguments[0], NULL,
			   "security group deleted");
}

static int join(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "nodes");
	rw_json_begin_array(&json);
	rw_json_write_text(&json, cli->arguments[1]);
	rw_json_end_array(&json);
	rw_cli_put_value(cli, &json, "interface", "interface");
	rw_json_end_object(&json);
	rw_cli_path(&path, "security-groups", cli->arguments[0], "members");
	return rw_cli_send_path(cli, "POST", &path, &body, "node joined the group");
}

static int leave(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	const char *interface = rw_cli_value(cli, "interface");

	rw_cli_path(&path, "security-groups", cli->arguments[0], "members/");
	rw_cli_append_encoded(&path, cli->arguments[1]);
	if (interface) {
		(void)rw_buf_append_text(&path, "?interface=");
		rw_cli_append_encoded(&path, interface);
	}
	return rw_cli_send_path(cli, "DELETE", &path, NULL, "node left the group");
}

static int join_token(struct rw_cli *cli)
{
	return rw_cli_make_token(cli, "security_group");
}

static const struct rw_usage_option create_options[] = {
	{"network", 0, "NETWORK", "the network of its members"},
	{"kind", 0, "KIND", "basic (default) or enterprise"},
	{"inner-access", 0, "POLICY", "accept (default) or drop: may members reach each other?"},
	{"midstream", 0, "POLICY", "accept or drop: TCP packets of unknown flows that rules would open"},
	{"description", 0, "TEXT", "what it is for"},
	{"tag", 0, "KEY=VALUE", "a tag; repeat it for more"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"name", 0, "NAME", "new name"},
	{"inner-access", 0, "POLICY", "accept or drop: may members reach each other?"},
	{"midstream", 0, "POLICY", "accept or drop: TCP packets of unknown flows that rules would open"},
	{"description", 0, "TEXT", "what it is for"},
	{"tag", 0, "KEY=VALUE", "the tags from then on; repeat it, '' for none"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option list_options[] = {
	{"network", 0, "NETWORK", "only the groups of this network"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option member_options[] = {
	{"interface", 0, "NAME", "only this interface of the node"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_group_commands[] = {
	{"group create", "NAME --network NETWORK", "make a free-standing security group",
	 "example:\n  ringwall group create office --network prod --description 'the office'\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"group list", "", "show all security groups",
	 "example:\n"
	 "  ringwall group list --network prod\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 0, 0, list},
	{"group show", "GROUP", "show one security group",
	 "GROUP may be a cluster: its managed group is meant.\n"
	 "\n"
	 "example:\n"
	 "  ringwall group show database\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"group update", "GROUP", "change its name, description, tags or inner access",
	 "example:\n"
	 "  ringwall group update demo --inner-access drop --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 1, 1, update},
	{"group referrers", "GROUP", "show who refers to a group: rules, members, load balancers, promises",
	 "GROUP may be a cluster: its managed group is meant.  What is listed keeps\n"
	 "a group from being deleted.\n"
	 "\n"
	 "example:\n"
	 "  ringwall group referrers database\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, list_referrers},
	{"group delete", "GROUP", "delete a group that nobody uses",
	 "example:\n"
	 "  ringwall group delete database\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_group},
	{"group join", "GROUP NODE", "put a node into a free-standing group",
	 "example:\n"
	 "  ringwall group join database db-1 --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, member_options, 2, 2, join},
	{"group leave", "GROUP NODE", "take a node out of a free-standing group",
	 "example:\n"
	 "  ringwall group leave database db-1 --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, member_options, 2, 2, leave},
	{"group join-token", "GROUP", "make a one-time token with which a free-standing node joins",
	 "example:\n"
	 "  ringwall group join-token database --name db-1\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, rw_cli_token_options, 1, 1, join_token},
	{0},
};
