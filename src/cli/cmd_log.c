/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

/* Most that one call of the API gives. */
#define LOG_MAX 1000

static const struct rw_column log_columns[] = {
	{"TIME", "time", RW_COLUMN_TIME, NULL},       {"REV", "revision", RW_COLUMN_NUMBER, NULL},
	{"WHO", "who", RW_COLUMN_LONG, NULL},         {"FROM", "from", RW_COLUMN_TEXT, NULL},
	{"ACTION", "action", RW_COLUMN_TEXT, NULL},   {"FORCED", "forced", RW_COLUMN_TEXT, "-"},
	{"OBJECTS", "objects", RW_COLUMN_LONG, NULL},
};

/* "- {...}" and "+ {...}": an object before and after a change. */
static int print_side(const struct rw_cli *cli, const struct rw_json *change, const char *side,
		      const char *sign, const char *colour)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json object;

	rw_buf_init(&text, 64u << 20);
	if (!rw_json_find(change, side, &object) || rw_json_type(&object) == RW_JSON_NULL)
		return 0;
	if (rw_json_dump(&object, &text, &err) < 0)
		return rw_cli_fail(&err);
	(void)fputs("  ", stdout);
	rw_cli_print_coloured(cli, colour, sign);
	(void)printf(" %s ", rw_cli_text(change, "kind"));
	return rw_cli_print_text(text.data, text.size);
}

/* Each record with what its objects were before and after. */
static int print_log_changes(const struct rw_cli *cli, const struct rw_json *items)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_json_count(items); i++) {
		struct rw_json item = rw_json_at(items, i);
		struct rw_json changes;

		(void)printf("%s revision %s: %s by %s from %s\n", rw_cli_text(&item, "time"),
			     rw_cli_text(&item, "revision"), rw_cli_text(&item, "action"),
			     rw_cli_text(&item, "who"), rw_cli_text(&item, "from"));
		if (!rw_json_find(&item, "changes", &changes))
			continue;
		for (size_t j = 0; r == 0 && j < rw_json_count(&changes); j++) {
			struct rw_json change = rw_json_at(&changes, j);

			r = print_side(cli, &change, "before", "-", "31");
			if (r == 0)
				r = print_side(cli, &change, "after", "+", "32");
		}
	}
	return r;
}

static int show_log(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	struct rw_json items;
	int64_t limit;
	int r;

	if (rw_cli_number(cli, "limit", 50, &limit))
		return RW_EXIT_USAGE;
	if (limit < 1 || limit > LOG_MAX)
		return rw_cli_usage_error(cli, "--limit is from 1 to %d; go on with --before", LOG_MAX);
	rw_cli_path(&path, "log", NULL, NULL);
	(void)rw_buf_append_format(&path, "?limit=%d", (int)limit);
	if (rw_cli_given(cli, "before")) {
		(void)rw_buf_append_text(&path, "&after="); /* pages go backwards in time */
		rw_cli_append_encoded(&path, rw_cli_value(cli, "before"));
	}
	rw_cli_put_filter(cli, &path, "object");
	rw_cli_put_filter(cli, &path, "who");
	rw_cli_put_filter(cli, &path, "action");
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	if (cli->json || !rw_json_find(&answer.root, "items", &items))
		return rw_cli_print_text(answer.text, answer.size);
	if (rw_cli_given(cli, "changes"))
		return print_log_changes(cli, &items);
	r = rw_cli_print_table(cli, &items, log_columns, RW_ARRAY_COUNT(log_columns));
	if (r == 0 && rw_cli_text(&answer.root, "next")[0])
		(void)fprintf(stderr, "older ones: --before %s\n", rw_cli_text(&answer.root, "next"));
	return r;
}

struct event_reader {
	struct rw_cli *cli;
	char kind[64]; /* of the event whose data comes next */
};

/* "n1: connected -> lagging", "create cluster by admin (revision 12)". */
static void print_event(struct event_reader *reader, const struct rw_json *event)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf time = {0};
	static const struct rw_column time_column = {"", "time", RW_COLUMN_TIME, NULL};
	const char *node = rw_cli_text(event, "node");
	const char *name = node[0] ? rw_map_find(&reader->cli->names, node) : NULL;
	const char *reason = rw_cli_text(event, "reason");
	const char *detail = rw_cli_text(event, "detail");
	const char *revision = rw_cli_text(event, "revision");

	rw_buf_init(&time, 256);
	rw_cli_append_cell(reader->cli, &time, event, &time_column);
	(void)printf("%-20s %-15s", time.size ? time.data : "-", reader->kind);
	if (node[0])
		(void)printf(" %s", name ? name : node);
	if (rw_cli_text(event, "to")[0])
		(void)printf(" %s -> %s", rw_cli_text(event, "from"), rw_cli_text(event, "to"));
	if (rw_cli_text(event, "action")[0])
		(void)printf(" %s by %s", rw_cli_text(event, "action"), rw_cli_text(event, "who"));
	if (revision[0])
		(void)printf(" at revision %s", revision);
	(void)printf("%s%s%s\n", reason[0] || detail[0] ? " " : "", reason, detail);
}

/* One line of the event stream: "event: change", "data: {...}", ": heartbeat". */
static bool show_event_line(const char *line, void *userdata)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct event_reader *reader = userdata;
	struct rw_json root;

	if (strncmp(line, "event:", 6) == 0)
		(void)snprintf(reader->kind, sizeof(reader->kind), "%s", line + 6 + strspn(line + 6, " "));
	if (strncmp(line, "data:", 5) != 0)
		return true;
	line += 5 + strspn(line + 5, " ");
	if (reader->cli->json || rw_json_parse(line, strlen(line), RW_JSON_BODY_MAX, &document, NULL) < 0)
		return rw_cli_print_text(line, strlen(line)) == 0;
	root = rw_json_root(document);
	print_event(reader, &root);
	return rw_cli_print_text("", 0) == 0;
}

/* Keeps the names of the nodes there are: while events come, nothing else can be asked. */
static int learn_nodes(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_json items;
	int r = rw_cli_call(cli, "GET", "/v1/nodes?limit=1000", NULL, &answer);

	if (r || !rw_json_find(&answer.root, "items", &items))
		return r;
	for (size_t i = 0; i < rw_json_count(&items); i++) {
		struct rw_json node = rw_json_at(&items, i);
		char *name = strdup(rw_cli_text(&node, "name"));

		if (!name || rw_map_set(&cli->names, rw_cli_text(&node, "id"), name) < 0)
			free(name);
	}
	return 0;
}

static int show_events(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	struct event_reader reader = {.cli = cli};
	int r = cli->json ? 0 : learn_nodes(cli);

	if (r)
		return r;
	rw_cli_path(&path, "events", NULL, NULL);
	rw_cli_put_filter(cli, &path, "since");
	return rw_cli_stream(cli, path.data, show_event_line, &reader);
}

/* How far the nodes are with a change: what --wait would have told. */
static int show_change(struct rw_cli *cli)
{
	static const struct rw_column change_columns[] = {
		{"NODE", "name", RW_COLUMN_LONG, NULL, 1},
		{"STATE", "state", RW_COLUMN_WORD, NULL},
		{"REASON", "reason", RW_COLUMN_LONG, "-"},
	};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	bool late = false;
	struct rw_json nodes;
	int r;

	rw_cli_path(&path, "changes", cli->arguments[0], NULL);
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	if (!rw_json_find(&answer.root, "nodes", &nodes))
		return rw_cli_print_text(answer.text, answer.size);
	for (size_t i = 0; i < rw_json_count(&nodes); i++) {
		struct rw_json node = rw_json_at(&nodes, i);

		late |= strcmp(rw_cli_text(&node, "state"), "applied") != 0;
	}
	r = cli->json ? rw_cli_print_text(answer.text, answer.size)
		      : rw_cli_print_table(cli, &nodes, change_columns, RW_ARRAY_COUNT(change_columns));
	return r == 0 && late ? RW_EXIT_PENDING : r;
}

static const struct rw_usage_option log_options[] = {
	{"limit", 0, "N", "how many, newest first (50; at most 1000)"},
	{"before", 0, "SEQUENCE", "go on behind an earlier page, which told this number"},
	{"object", 0, "ID", "only changes of this object, of its rules, or of who names it"},
	{"who", 0, "NAME", "only what this key, agent or user did, by name or id"},
	{"action", 0, "TEXT", "only actions with this text, as 'rules' or 'delete'"},
	{"changes", 0, NULL, "show each object before and after"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option events_options[] = {
	{"since", 0, "POSITION", "begin after this position (the id of an event)"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_log_commands[] = {
	{"log", "", "who changed what, newest first",
	 "--object, --who and --action search the newest 1,000 records; --before goes on behind them.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall log --limit 5 --changes\n"
	 "  ringwall log --object sg-0123456789abcdef --who alice\n"
	 "  ringwall log -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, log_options, 0, 0, show_log},
	{"events", "", "follow changes and node states as they happen (Ctrl-C ends)",
	 "examples:\n"
	 "  ringwall events\n"
	 "  ringwall events -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, events_options, 0, 0, show_events},
	{"change", "REVISION", "how far the nodes are with a change",
	 "Exit code 3 says that not all of them enforce it.\n"
	 "The revision is in the change's answer (-o json) and in the log.\n"
	 "\n"
	 "example:\n"
	 "  ringwall change 42\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, show_change},
	{0},
};
