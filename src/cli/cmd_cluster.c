/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"NAME", "name", RW_COLUMN_LONG, NULL, 1},
	{"TYPE", "type", RW_COLUMN_TEXT, NULL},
	{"NETWORK", "network", RW_COLUMN_REFERENCE, NULL},
	{"NODES", "nodes.total", RW_COLUMN_NUMBER, NULL},
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
	{"tags", "tags", RW_COLUMN_TEXT, NULL},
	{"created", "created", RW_COLUMN_TIME, NULL},
	{"nodes", "nodes.total", RW_COLUMN_NUMBER, NULL},
	{"nodes enforced", "nodes.connected", RW_COLUMN_NUMBER, NULL},
	{"rules", "rule_count", RW_COLUMN_NUMBER, NULL},
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
	if (rw_cli_put_tags(cli, &json))
		return RW_EXIT_USAGE;
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
	if (rw_cli_put_tags(cli, &json))
		return RW_EXIT_USAGE;
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

/* ---- check, fix, rebind ---- */

static int check(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_cli_path(&path, "clusters", cli->arguments[0], "check");
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	return r ? r : rw_cli_print_findings(cli, &answer);
}

/* What the change would do, by a dry run: 0 and the number of rules that come and go. */
static int show_change(struct rw_cli *cli, const struct rw_buf *path, size_t *ret_count)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf dry = {0};
	int r;

	rw_buf_init(&dry, 65536);
	(void)rw_buf_append_format(&dry, "%s%cdry_run=true", path->data, strchr(path->data, '?') ? '&' : '?');
	rw_cli_put_forced(cli, &dry);
	r = rw_cli_call(cli, "POST", dry.data, NULL, &answer);
	if (r)
		return r;
	*ret_count = rw_cli_print_differences(cli, &answer.root);
	if (rw_cli_given(cli, "dry-run") && cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	return 0;
}

/* Shows the difference, asks, and does it.  Exit code 5 for a dry run that finds something to do. */
static int change_group(struct rw_cli *cli, const struct rw_buf *path, bool needs_difference,
			const char *question, const char *what)
{
	size_t count = 0;
	int r = show_change(cli, path, &count);

	if (r)
		return r;
	if (needs_difference && count == 0)
		return cli->json ? 0 : rw_cli_print_text("nothing to mend", 15);
	if (rw_cli_given(cli, "dry-run"))
		return count ? RW_EXIT_DIFFERENT : RW_EXIT_DONE;
	r = rw_cli_ask(cli, question);
	return r ? r : rw_cli_send_path(cli, "POST", path, NULL, what);
}

static int fix(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "clusters", cli->arguments[0], "fix");
	return change_group(cli, &path, true, "Mend the rules now?", "cluster fixed");
}

static int rebind(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "clusters", cli->arguments[0], "rebind");
	if (rw_cli_given(cli, "no-web"))
		(void)rw_buf_append_text(&path, "?no_web=true");
	if (rw_cli_given(cli, "ipv6"))
		(void)rw_buf_append_format(&path, "%cipv6=true", strchr(path.data, '?') ? '&' : '?');
	rw_cli_put_filter(cli, &path, "group");
	return change_group(cli, &path, false, "Rebind the cluster now?",
			    "cluster bound to a new security group");
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
	{"tag", 0, "KEY=VALUE", "a tag; repeat it for more"},
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
	{"tag", 0, "KEY=VALUE", "the tags from then on; repeat it, '' for none"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option delete_options[] = {
	{"with-nodes", 0, NULL, "delete its nodes first"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option fix_options[] = {
	{"yes", 'y', NULL, "do not ask"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option rebind_options[] = {
	{"yes", 'y', NULL, "do not ask"},
	{"no-web", 0, NULL, "leave 80 and 443 out of the default rules"},
	{"ipv6", 0, NULL, "default rules for IPv6 too"},
	{"group", 0, "GROUP", "bind it to this free-standing group instead, with its rules"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_cluster_commands[] = {
	{"cluster create", "NAME --network NETWORK", "make a cluster and its managed security group",
	 "The group is born with the reinforced rules: ICMP, 22, 80 and 443 from anywhere, everything\n"
	 "from the container CIDRs, nothing else.\n\n"
	 "examples:\n"
	 "  ringwall cluster create demo --network prod --container-cidr 172.18.0.0/16\n"
	 "  ringwall cluster create k --network prod --type kubernetes \\\n"
	 "    --profile kubernetes --management-cidr 198.51.100.0/24 --no-web\n",
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
	{"cluster check", "CLUSTER", "tell risky rules of a cluster and defaults that are missing",
	 "The findings of 'ringwall audit' that are about rules.\n"
	 "\n"
	 "example:\n"
	 "  ringwall cluster check demo\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, check},
	{"cluster fix", "CLUSTER", "add defaults that are missing, revoke risky rules",
	 "Shows the rules that would come and go, and asks.  With --dry-run it only shows them, and the "
	 "exit\n"
	 "code is 5 when there are any.  A cluster that is in use is closed with less risk by 'ringwall\n"
	 "tighten', which looks at who uses it.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall cluster fix demo --dry-run\n"
	 "  ringwall cluster fix demo --yes --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, fix_options, 1, 1, fix},
	{"cluster rebind", "CLUSTER", "give a cluster a new security group with the default rules",
	 "One change: every node goes from the old group to the new one, and is never in neither.  Rules "
	 "and\n"
	 "load balancers that name the old group name the new one; the old one is deleted with its rules.\n"
	 "With --group the old one stays, as a free-standing group.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall cluster rebind demo --wait\n"
	 "  ringwall cluster rebind demo --group web --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, rebind_options, 1, 1, rebind},
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
