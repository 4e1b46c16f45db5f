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

/* ---- over time ---- */

static const struct rw_column step_columns[] = {
	{"BEGIN", "begin", RW_COLUMN_TIME, NULL},
	{"ACCEPTED", "accepted", RW_COLUMN_NUMBER, NULL},
	{"REFUSED", "refused", RW_COLUMN_NUMBER, NULL},
	{"WOULD-DROP", "would-drop", RW_COLUMN_NUMBER, NULL},
};

/* Writes one step as an object, if anything happened in it. */
static void put_step(struct rw_json_writer *json, const struct rw_json *answer, size_t place,
		     int64_t begin_ms)
{
	int64_t counts[RW_ARRAY_COUNT(step_columns)] = {0}, sum = 0;

	for (size_t i = 1; i < RW_ARRAY_COUNT(step_columns); i++) {
		struct rw_json list, count;

		if (!rw_json_find(answer, step_columns[i].path, &list) || place >= rw_json_count(&list))
			continue;
		count = rw_json_at(&list, place);
		if (rw_json_integer(&count, 0, INT64_MAX, &counts[i], NULL) == 0)
			sum |= counts[i];
	}
	if (!sum)
		return;
	rw_json_begin_object(json);
	rw_json_put_time(json, "begin", begin_ms);
	for (size_t i = 1; i < RW_ARRAY_COUNT(step_columns); i++)
		rw_json_put_integer(json, step_columns[i].path, counts[i]);
	rw_json_end_object(json);
}

/* The answer's lists side by side: [{"begin":"...","accepted":3,...}]. */
static int write_steps(const struct rw_json *answer, struct rw_buf *buf, struct rw_error *err)
{
	struct rw_json_writer json;
	struct rw_json list, step;
	int64_t begin_ms, step_s;

	if (!rw_timestamp_parse(rw_cli_text(answer, "begin"), &begin_ms) ||
	    !rw_json_find(answer, "step", &step) || rw_json_integer(&step, 1, INT32_MAX, &step_s, NULL) < 0 ||
	    !rw_json_find(answer, "accepted", &list))
		return rw_error_set(err, -EPROTO, "the server's answer has no steps");
	rw_json_writer_init(&json, buf, false);
	rw_json_begin_array(&json);
	for (size_t i = 0; i < rw_json_count(&list); i++)
		put_step(&json, answer, i, begin_ms + (int64_t)i * step_s * 1000);
	rw_json_end_array(&json);
	return rw_buf_check(buf, err);
}

static int print_over_time(struct rw_cli *cli, struct rw_buf *path)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json items;
	int r;

	(void)rw_buf_append_format(path, "%cstep=", strchr(path->data, '?') ? '&' : '?');
	rw_cli_append_encoded(path, rw_cli_value(cli, "over-time"));
	rw_cli_put_filter(cli, path, "direction");
	rw_cli_put_filter(cli, path, "protocol");
	rw_cli_put_filter(cli, path, "port");
	r = rw_cli_put_time(cli, path, "since");
	if (r == 0)
		r = rw_cli_call(cli, "GET", path->data, NULL, &answer);
	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	rw_buf_init(&text, RW_JSON_BODY_MAX);
	if (write_steps(&answer.root, &text, &err) < 0 ||
	    rw_json_parse(text.data, text.size, RW_JSON_BODY_MAX, &document, &err) < 0)
		return rw_cli_fail(&err);
	items = rw_json_root(document);
	return rw_cli_print_table(cli, &items, step_columns, RW_ARRAY_COUNT(step_columns));
}

/* ---- following ---- */

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
	static const char *const of_history[] = {"direction", "protocol", "port",
						 "since",     "limit",    "over-time"};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	bool follow = rw_cli_given(cli, "follow"), over_time = rw_cli_given(cli, "over-time");
	int r;

	for (size_t i = 0; follow && i < RW_ARRAY_COUNT(of_history); i++)
		if (rw_cli_given(cli, of_history[i]))
			return rw_cli_usage_error(cli, "--%s does not go with --follow", of_history[i]);
	if (over_time && rw_cli_given(cli, "limit"))
		return rw_cli_usage_error(cli, "--limit does not go with --over-time");
	rw_cli_path(&path, "flows", follow ? "follow" : over_time ? "series" : NULL, NULL);
	rw_cli_put_filter(cli, &path, "cluster");
	rw_cli_put_filter(cli, &path, "node");
	r = put_verdict(cli, &path);
	if (r)
		return r;
	if (follow)
		return rw_cli_stream(cli, path.data, show_line, cli);
	return over_time ? print_over_time(cli, &path) : print_history(cli, &path);
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
	{"over-time", 0, "STEP", "how many: of the last day by 5m, of 30 days (or --since) by day"},
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
	 "  ringwall flows --refused --follow\n"
	 "  ringwall flows --cluster demo --over-time day\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, flows_options, 0, 0, show_flows},
	{0},
};
