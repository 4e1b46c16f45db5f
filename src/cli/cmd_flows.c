/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

/* Most that one call of the API gives. */
#define FLOWS_MAX 1000

static const struct rw_column columns[] = {
	{"NODE", "name", RW_COLUMN_TEXT, NULL},           {"VERDICT", "verdict", RW_COLUMN_WORD, NULL},
	{"DIRECTION", "direction", RW_COLUMN_TEXT, NULL}, {"PROTOCOL", "protocol", RW_COLUMN_TEXT, "-"},
	{"PORT", "port", RW_COLUMN_NUMBER, "-"},          {"REMOTE", "remote", RW_COLUMN_TEXT, "-"},
	{"CAUSE", "cause", RW_COLUMN_TEXT, "-"},          {"COUNT", "count", RW_COLUMN_NUMBER, NULL},
	{"ANSWERED", "answered", RW_COLUMN_NUMBER, "-"},  {"SERVED BY", "served", RW_COLUMN_TEXT, "-"},
	{"LAST", "last", RW_COLUMN_TIME, NULL},
};

static int put_verdict(const struct rw_cli *cli, struct rw_buf *path)
{
	bool refused = rw_cli_given(cli, "refused"), would = rw_cli_given(cli, "would-drop");
	bool accepted = rw_cli_given(cli, "accepted");

	if (refused + would + accepted > 1)
		return rw_cli_usage_error(cli, "one of --accepted, --refused and --would-drop");
	if (refused || would || accepted)
		(void)rw_buf_append_format(path, "%cverdict=%s", strchr(path->data, '?') ? '&' : '?',
					   refused ? "refused"
					   : would ? "would-drop"
						   : "accepted");
	return 0;
}

static int print_history(struct rw_cli *cli, struct rw_buf *path)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_json items;
	int64_t limit;
	int r;

	if (rw_cli_number(cli, "limit", 50, &limit))
		return RW_EXIT_USAGE;
	if (limit < 1 || limit > FLOWS_MAX)
		return rw_cli_usage_error(cli, "--limit is from 1 to %d", FLOWS_MAX);
	rw_cli_put_filter(cli, path, "direction");
	rw_cli_put_filter(cli, path, "protocol");
	rw_cli_put_filter(cli, path, "port");
	(void)rw_buf_append_format(path, "%climit=%d", strchr(path->data, '?') ? '&' : '?', (int)limit);
	r = rw_cli_put_time(cli, path, "since");
	if (r == 0)
		r = rw_cli_call(cli, "GET", path->data, NULL, &answer);
	if (r)
		return r;
	if (cli->json || !rw_json_find(&answer.root, "items", &items))
		return rw_cli_print_text(answer.text, answer.size);
	r = rw_cli_print_table(cli, &items, columns, RW_ARRAY_COUNT(columns));
	if (r == 0 && rw_cli_text(&answer.root, "next")[0])
		(void)fprintf(stderr, "there are more: narrow the question, or raise --limit\n");
	return r;
}

/* One line a record: "web-1 refused ingress tcp 6379 from 203.0.113.9 by default (3)". */
static void print_flow(struct rw_cli *cli, const struct rw_json *flow)
{
	static const struct rw_column time_column = {"", "last", RW_COLUMN_TIME, NULL};
	static const struct rw_column port_column = {"", "port", RW_COLUMN_TEXT, NULL};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	const char *verdict = rw_cli_text(flow, "verdict"), *remote = rw_cli_text(flow, "remote");
	const char *cause = rw_cli_text(flow, "cause"), *protocol = rw_cli_text(flow, "protocol");
	const char *colour = rw_cli_colour_of(verdict);
	bool ingress = strcmp(rw_cli_text(flow, "direction"), "ingress") == 0;

	rw_buf_init(&text, 4096);
	rw_cli_append_cell(cli, &text, flow, &time_column);
	(void)printf("%-20s %s ", text.data, rw_cli_text(flow, "name"));
	rw_cli_print_coloured(cli, colour ? colour : "0", verdict);
	rw_buf_clear(&text);
	rw_cli_append_cell(cli, &text, flow, &port_column);
	(void)printf(" %s %s%s%s %s %s", rw_cli_text(flow, "direction"), protocol[0] ? protocol : "others",
		     text.size ? " " : "", text.data, ingress ? "from" : "to", remote[0] ? remote : "many");
	if (cause[0])
		(void)printf(" by %s", cause);
	(void)printf(" (%s)\n", rw_cli_text(flow, "count"));
}

/* One line of the stream: "event: flow", "data: {...}", ": heartbeat". */
static bool show_line(const char *line, void *userdata)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_cli *cli = userdata;
	struct rw_json root;

	if (strncmp(line, "data:", 5) != 0)
		return true;
	line += 5 + strspn(line + 5, " ");
	if (cli->json || rw_json_parse(line, strlen(line), RW_JSON_BODY_MAX, &document, NULL) < 0)
		return rw_cli_print_text(line, strlen(line)) == 0;
	root = rw_json_root(document);
	if (rw_cli_text(&root, "detail")[0])
		(void)printf("%s\n", rw_cli_text(&root, "detail"));
	else
		print_flow(cli, &root);
	return rw_cli_print_text("", 0) == 0;
}

static int show_flows(struct rw_cli *cli)
{
	static const char *const of_history[] = {"direction", "protocol", "port", "since", "limit"};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	bool follow = rw_cli_given(cli, "follow");
	int r;

	for (size_t i = 0; follow && i < RW_ARRAY_COUNT(of_history); i++)
		if (rw_cli_given(cli, of_history[i]))
			return rw_cli_usage_error(cli, "--%s does not go with --follow", of_history[i]);
	rw_cli_path(&path, "flows", follow ? "follow" : NULL, NULL);
	rw_cli_put_filter(cli, &path, "cluster");
	rw_cli_put_filter(cli, &path, "node");
	r = put_verdict(cli, &path);
	if (r)
		return r;
	return follow ? rw_cli_stream(cli, path.data, show_line, cli) : print_history(cli, &path);
}

static const struct rw_usage_option flows_options[] = {
	{"accepted", 0, NULL, "only flows that were accepted"},
	{"refused", 0, NULL, "only what was refused"},
	{"would-drop", 0, NULL, "only what monitored nodes would have refused"},
	{"cluster", 0, "CLUSTER", "only the nodes of this cluster"},
	{"node", 0, "NODE", "only this node"},
	{"direction", 0, "DIRECTION", "ingress or egress"},
	{"protocol", 0, "PROTOCOL", "tcp, udp, icmp, ... or a number"},
	{"port", 0, "PORT", "only this port"},
	{"since", 0, "TIME", "30m, 24h, 7d before now (24h), or 2026-11-24T02:28:29Z"},
	{"limit", 0, "N", "how many, highest counts first (50; at most 1000)"},
	{"follow", 0, NULL, "what nodes report from now on, as it comes (Ctrl-C ends)"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_flows_commands[] = {
	{"flows", "", "which flows nodes saw: accepted, refused, would-be drops",
	 "Nodes sum up new flows and report them every ten seconds.  COUNT is of new flows, and of packets "
	 "for\n"
	 "what was refused; REMOTE is '-' where many remotes are counted together.\n\n"
	 "examples:\n"
	 "  ringwall flows --cluster demo --refused --since 7d\n"
	 "  ringwall flows --node web-1 --direction ingress -o json\n"
	 "  ringwall flows --refused --follow\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, flows_options, 0, 0, show_flows},
	{0},
};
