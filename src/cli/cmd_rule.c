/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

/* As people read them: inbound before outbound, the strongest first, drop before accept. */
static const struct rw_column columns[] = {
	{"", "direction", RW_COLUMN_TEXT, NULL, -1},
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"POLICY", "policy", RW_COLUMN_WORD, NULL, -4},
	{"PROTO", "protocol", RW_COLUMN_TEXT, NULL, 5},
	{"PORTS", "ports", RW_COLUMN_PORTS, NULL, 6},
	{"FROM/TO", "", RW_COLUMN_PEER, NULL, 7},
	{"NIC", "nic_type", RW_COLUMN_TEXT, "intranet", -2},
	{"LOCAL", "local_cidr", RW_COLUMN_TEXT, "-"},
	{"SOURCE PORTS", "source_ports", RW_COLUMN_PORTS, "-"},
	{"PRIO", "priority", RW_COLUMN_NUMBER, "1", 3},
	{"HITS", "hits", RW_COLUMN_NUMBER, NULL},
	{"DESCRIPTION", "description", RW_COLUMN_LONG, "-"},
	{"LAST HIT", "last_hit", RW_COLUMN_TIME, NULL}, /* with --hits; the last column */
};

#define RULE_HELP                                                                                            \
	"A rule is written as\n"                                                                             \
	"  allow|drop PROTOCOL [PORTS] from|to OBJECT\n"                                                     \
	"    [priority N] [nic TYPE] [local CIDR] [source-ports A-B]\n"                                      \
	"PROTOCOL  tcp, udp, icmp, icmpv6, gre, all or a number\n"                                           \
	"PORTS     80  80,443  8000-8100  (tcp and udp)\n"                                                   \
	"OBJECT    any, a CIDR, group:NAME, prefix-list:NAME\n"                                              \
	"'from' makes an ingress rule, 'to' an egress rule; 'any' stands for both families.\n\n"

static void put_rule_text(const struct rw_cli *cli, unsigned int first, struct rw_buf *text)
{
	const char *description = rw_cli_value(cli, "description");

	for (unsigned int i = first; i < cli->argument_count; i++)
		(void)rw_buf_append_format(text, "%s%s", i > first ? " " : "", cli->arguments[i]);
	if (rw_cli_value(cli, "priority"))
		(void)rw_buf_append_format(text, " priority %s", rw_cli_value(cli, "priority"));
	if (rw_cli_value(cli, "nic"))
		(void)rw_buf_append_format(text, " nic %s", rw_cli_value(cli, "nic"));
	if (description)
		(void)rw_buf_append_format(text, " # %s", description);
}

/* {"rules":["allow tcp 443 from any"]}: the server reads the text, with names resolved. */
static void put_rules(const struct rw_cli *cli, struct rw_buf *body)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json_writer json;

	rw_buf_init(&text, 65536);
	put_rule_text(cli, 1, &text);
	rw_json_writer_init(&json, body, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "rules");
	rw_json_begin_array(&json);
	rw_json_write_text(&json, text.data);
	rw_json_end_array(&json);
	rw_json_end_object(&json);
}

/* "2 rules added", "1 rule revoked, 1 was not there": what became of each rule. */
static int report(struct rw_cli *cli, const struct rw_cli_answer *answer, const char *what)
{
	static const struct {
		const char *fate;
		const char *words;
	} fates[] = {{"added", "added"},
		     {"revoked", "revoked"},
		     {"existed", "there already"},
		     {"missing", "not there"}};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json outcomes;

	rw_buf_init(&text, 4096);
	if (!rw_json_find(&answer->root, "outcomes", &outcomes))
		return rw_cli_report_change(cli, answer, what);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fates); i++) {
		size_t count = 0;

		for (size_t j = 0; j < rw_json_count(&outcomes); j++) {
			struct rw_json outcome = rw_json_at(&outcomes, j);

			count += strcmp(rw_cli_text(&outcome, "fate"), fates[i].fate) == 0;
		}
		if (count)
			(void)rw_buf_append_format(&text, "%s%zu rule%s %s", text.size ? ", " : "", count,
						   count == 1 ? "" : "s", fates[i].words);
	}
	return rw_cli_report_change(cli, answer, text.size ? text.data : what);
}

static int send_rules(struct rw_cli *cli, const char *rest, const struct rw_buf *body, const char *what)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_cli_path(&path, "security-groups", cli->arguments[0], rest);
	r = rw_cli_change(cli, "POST", path.data, body, &answer);
	return r ? r : report(cli, &answer, what);
}

static int add(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};

	rw_buf_init(&body, 1 << 20);
	put_rules(cli, &body);
	return send_rules(cli, "rules", &body, "rule added");
}

static bool is_rule_id(const char *word)
{
	return strncmp(word, "sgr-", 4) == 0;
}

static int revoke_rules(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	rw_buf_init(&body, 1 << 20);
	if (!is_rule_id(cli->arguments[1])) {
		put_rules(cli, &body);
	} else {
		rw_json_writer_init(&json, &body, false);
		rw_json_begin_object(&json);
		rw_json_key(&json, "rules");
		rw_json_begin_array(&json);
		for (unsigned int i = 1; i < cli->argument_count; i++) {
			rw_json_begin_object(&json);
			rw_json_put_text(&json, "id", cli->arguments[i]);
			rw_json_end_object(&json);
		}
		rw_json_end_array(&json);
		rw_json_end_object(&json);
	}
	return send_rules(cli, "rules/revoke", &body, "rule revoked");
}

static int update(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	struct rw_json_writer json;
	int64_t priority;

	if (rw_cli_number(cli, "priority", 0, &priority))
		return RW_EXIT_USAGE;
	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	if (rw_cli_given(cli, "priority"))
		rw_json_put_integer(&json, "priority", priority);
	rw_cli_put_value(cli, &json, "policy", "policy");
	rw_cli_put_value(cli, &json, "description", "description");
	rw_json_end_object(&json);
	rw_cli_path(&path, "security-groups", cli->arguments[0], "rules/");
	rw_cli_append_encoded(&path, cli->arguments[1]);
	return rw_cli_send_path(cli, "PATCH", &path, &body, "rule updated");
}

/* {"group":"sg-...","rules":[...]}: the group's rules as they were. */
static int put_past_rules(const struct rw_cli_answer *past, struct rw_buf *body)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json_writer json;
	struct rw_json rules;

	rw_buf_init(&text, RW_JSON_BODY_MAX);
	if (!rw_json_find(&past->root, "rules", &rules)) {
		(void)rw_error_set(&err, -EPROTO, "the server tells no rules of then");
		return rw_cli_fail(&err);
	}
	if (rw_json_dump(&rules, &text, &err) < 0)
		return rw_cli_fail(&err);
	rw_json_writer_init(&json, body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "group", rw_cli_text(&past->root, "id"));
	rw_json_key(&json, "rules");
	rw_json_write_raw(&json, text.data, text.size);
	rw_json_end_object(&json);
	return 0;
}

/* Sends the rules of then as the ones that the group shall have. */
static int restore(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer past = {0};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	char what[64];
	int r;

	if (!rw_cli_given(cli, "to"))
		return rw_cli_usage_error(cli, "--to is missing: the revision, as 'ringwall log' shows it");
	rw_cli_path(&path, "security-groups", cli->arguments[0], "revisions/");
	rw_cli_append_encoded(&path, rw_cli_value(cli, "to"));
	r = rw_cli_call(cli, "GET", path.data, NULL, &past);
	if (r)
		return r;
	rw_buf_init(&body, RW_JSON_BODY_MAX);
	r = put_past_rules(&past, &body);
	if (r == 0)
		r = rw_cli_change(cli, "POST", "/v1/apply", &body, &answer);
	if (r)
		return r;
	if (!cli->json)
		(void)rw_cli_print_differences(cli, &answer.root);
	(void)snprintf(what, sizeof(what), "rules restored to revision %.20s", rw_cli_value(cli, "to"));
	return rw_cli_report_change(cli, &answer, what);
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "security-groups", cli->arguments[0], "rules");
	return rw_cli_print_collection(cli, path.data, columns,
				       RW_ARRAY_COUNT(columns) - !rw_cli_given(cli, "hits"));
}

static const struct rw_usage_option list_options[] = {
	{"hits", 0, NULL, "also show when a flow was last decided by each rule"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option add_options[] = {
	{"priority", 0, "N", "1 (strongest, default) to 100"},
	{"nic", 0, "TYPE", "intranet or internet (classic networks)"},
	{"description", 0, "TEXT", "what it is for"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option restore_options[] = {
	{"to", 0, "REVISION", "as 'ringwall log --object GROUP-ID' shows it"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option update_options[] = {
	{"priority", 0, "N", "1 (strongest) to 100"},
	{"policy", 0, "POLICY", "accept or drop"},
	{"description", 0, "TEXT", "what it is for"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_rule_commands[] = {
	{"rule add", "GROUP RULE", "add a rule to a group, or to a cluster's group",
	 RULE_HELP "examples:\n"
		   "  ringwall rule add demo allow tcp 443 from any --wait\n"
		   "  ringwall rule add demo allow tcp 5432 from group:web --description shop\n"
		   "  ringwall rule add demo 'drop udp 53 to 0.0.0.0/0 priority 5 # own resolvers'\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, add_options, 2, 200, add},
	{"rule revoke", "GROUP RULE|ID...", "take rules away",
	 "By id, or by meaning; a rule that is not there is no failure.\n\n" RULE_HELP "examples:\n"
	 "  ringwall rule revoke demo sgr-0123456789abcdef --wait\n"
	 "  ringwall rule revoke demo allow tcp 443 from any\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, add_options, 2, 200, revoke_rules},
	{"rule update", "GROUP ID", "change priority, policy or description of a rule",
	 "example:\n"
	 "  ringwall rule update demo sgr-0123456789abcdef --priority 10 --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, update_options, 2, 2, update},
	{"rule restore", "GROUP --to REVISION", "bring back the rules as they were at a revision",
	 "Rules that came since go, rules that went since come back; those that mean the\n"
	 "same as then stay as they are.  --dry-run shows the traffic that it would open\n"
	 "and close.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall rule restore demo --to 31 --dry-run\n"
	 "  ringwall rule restore demo --to 31 --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, restore_options, 1, 1, restore},
	{"rule list", "GROUP", "show the rules of a group, or of a cluster's group",
	 "HITS counts the flows that a rule decided, over all nodes and as long as their kernels have "
	 "counted.\n\n"
	 "examples:\n"
	 "  ringwall rule list demo --hits\n"
	 "  ringwall rule list demo -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 1, 1, list},
	{0},
};
