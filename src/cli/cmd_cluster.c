/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"NAME", "name", RW_COLUMN_LONG, NULL},
	{"TYPE", "type", RW_COLUMN_TEXT, NULL},
	{"NETWORK", "network", RW_COLUMN_REFERENCE, NULL},
	{"ENFORCEMENT", "enforcement", RW_COLUMN_WORD, NULL},
};

static const struct rw_column record[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},
	{"name", "name", RW_COLUMN_TEXT, NULL},
	{"type", "type", RW_COLUMN_TEXT, NULL},
	{"profile", "profile", RW_COLUMN_TEXT, NULL},
	{"network", "network", RW_COLUMN_REFERENCE, NULL},
	{"security group", "security_group", RW_COLUMN_TEXT, NULL},
	{"container network", "container_network", RW_COLUMN_TEXT, NULL},
	{"container CIDRs", "container_cidrs", RW_COLUMN_TEXT, NULL},
	{"management CIDRs", "management_cidrs", RW_COLUMN_TEXT, NULL},
	{"enforcement", "enforcement", RW_COLUMN_WORD, NULL},
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
	rw_cli_put_value(cli, &json, "type", "type");
	rw_cli_put_value(cli, &json, "profile", "profile");
	rw_cli_put_value(cli, &json, "container-network", "container_network");
	rw_cli_put_list(cli, &json, "container-cidr", "container_cidrs");
	rw_cli_put_list(cli, &json, "management-cidr", "management_cidrs");
	rw_cli_put_value(cli, &json, "enforcement", "enforcement");
	if (rw_cli_given(cli, "no-web"))
		rw_json_put_bool(&json, "no_web", true);
	if (rw_cli_given(cli, "ipv6"))
		rw_json_put_bool(&json, "ipv6", true);
	rw_json_end_object(&json);
	return rw_cli_send(cli, "POST", "clusters", NULL, &body, "cluster created");
}

static int update(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_cli_put_value(cli, &json, "name", "name");
	rw_cli_put_value(cli, &json, "enforcement", "enforcement");
	rw_cli_put_value(cli, &json, "container-network", "container_network");
	rw_cli_put_list(cli, &json, "container-cidr", "container_cidrs");
	rw_cli_put_list(cli, &json, "management-cidr", "management_cidrs");
	rw_json_end_object(&json);
	return rw_cli_send(cli, "PATCH", "clusters", cli->arguments[0], &body, "cluster updated");
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "clusters", NULL, NULL);
	rw_cli_put_filter(cli, &path, "network");
	return rw_cli_print_collection(cli, path.data, columns, RW_ARRAY_COUNT(columns));
}

static int show(struct rw_cli *cli)
{
	return rw_cli_show(cli, "clusters", record, RW_ARRAY_COUNT(record));
}

static int delete_cluster(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "clusters", cli->arguments[0], NULL);
	if (rw_cli_given(cli, "with-nodes"))
		(void)rw_buf_append_text(&path, "?with_nodes=true");
	return rw_cli_send_path(cli, "DELETE", &path, NULL,
				"cluster deleted, and its security group with it");
}

static int join_token(struct rw_cli *cli)
{
	return rw_cli_make_token(cli, "cluster");
}

static const struct rw_usage_option create_options[] = {
	{"network", 0, "NETWORK", "the network of its nodes"},
	{"type", 0, "TYPE", "generic (default), swarm or kubernetes"},
	{"profile", 0, "PROFILE", "standard (default), kubernetes, kubernetes-strict or loose"},
	{"container-cidr", 0, "CIDR", "addresses of its containers; may be repeated"},
	{"container-network", 0, "KIND", "overlay (default) or routed"},
	{"management-cidr", 0, "CIDR", "where SSH comes from; may be repeated; without it, from anywhere"},
	{"enforcement", 0, "MODE", "enforce (default) or monitor: count what would be dropped, pass it"},
	{"no-web", 0, NULL, "leave 80 and 443 out of the default rules"},
	{"ipv6", 0, NULL, "default rules for IPv6 too"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option list_options[] = {
	{"network", 0, "NETWORK", "only the clusters of this network"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"name", 0, "NAME", "new name"},
	{"container-cidr", 0, "CIDR", "all container CIDRs it shall have; may be repeated"},
	{"container-network", 0, "KIND", "overlay or routed"},
	{"management-cidr", 0, "CIDR", "all management CIDRs it shall have; may be repeated"},
	{"enforcement", 0, "MODE", "enforce or monitor: count what would be dropped, pass it"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option delete_options[] = {
	{"with-nodes", 0, NULL, "delete its nodes first"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_cluster_commands[] = {
	{"cluster create", "NAME --network NETWORK", "make a cluster and its managed security group",
	 "The group is born with the reinforced rules: ICMP, 22, 80 and 443 from anywhere, everything\n"
	 "from the container CIDRs, nothing else.\n\n"
	 "examples:\n"
	 "  ringwall cluster create demo --network prod --container-cidr 172.18.0.0/16\n"
	 "  ringwall cluster create k --network prod --type kubernetes --profile kubernetes \\\n"
	 "    --management-cidr 198.51.100.0/24 --no-web\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, create_options, 1, 1, create},
	{"cluster list", "", "show all clusters",
	 "examples:\n"
	 "  ringwall cluster list\n"
	 "  ringwall cluster list --network prod\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 0, 0, list},
	{"cluster show", "CLUSTER", "show one cluster",
	 "example:\n"
	 "  ringwall cluster show demo\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show},
	{"cluster update", "CLUSTER", "change a cluster",
	 "Its rules stay as they are: 'ringwall rule' changes those.\n"
	 "\n"
	 "example:\n"
	 "  ringwall cluster update demo --management-cidr 198.51.100.0/24\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 1, 1, update},
	{"cluster enforce", "CLUSTER", "enforce a monitored cluster, after showing what that would cut",
	 "As 'ringwall node enforce', for all nodes that have no enforcement of their own.\n"
	 "\n"
	 "example:\n"
	 "  ringwall cluster enforce demo\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, rw_cli_enforce_options, 1, 1, rw_cli_enforce_cluster},
	{"cluster delete", "CLUSTER", "delete a cluster and its managed group",
	 "example:\n"
	 "  ringwall cluster delete demo --with-nodes --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, delete_options, 1, 1, delete_cluster},
	{"cluster join-token", "CLUSTER", "make a one-time token with which a node joins",
	 "The answer holds the command to run on the node.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall cluster join-token demo\n"
	 "  ringwall cluster join-token demo --name web-1 --ttl 600\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, rw_cli_token_options, 1, 1, join_token},
	{0},
};
