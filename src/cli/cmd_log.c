/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static const struct rw_column log_columns[] = {
	{"TIME", "time", RW_COLUMN_TEXT},     {"REVISION", "revision", RW_COLUMN_NUMBER},
	{"WHO", "who", RW_COLUMN_TEXT},       {"FROM", "from", RW_COLUMN_TEXT},
	{"ACTION", "action", RW_COLUMN_LONG}, {"OBJECTS", "objects", RW_COLUMN_LONG},
};

static const struct rw_column status_columns[] = {
	{"NODE", "name", RW_COLUMN_TEXT},       {"STATE", "state", RW_COLUMN_WORD},
	{"SINCE", "since", RW_COLUMN_TEXT},     {"APPLIED", "applied", RW_COLUMN_NUMBER},
	{"WANTED", "wanted", RW_COLUMN_NUMBER}, {"REASON", "reason", RW_COLUMN_LONG},
};

static int show_log(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path;
	const char *limit = rw_cli_value(cli, "limit");
	struct rw_json items;
	int r;

	rw_cli_path(&path, "log", NULL, NULL);
	(void)rw_buf_append_text(&path, "?limit=");
	rw_cli_append_encoded(&path, limit ? limit : "50");
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	if (cli->json || !rw_json_find(&answer.root, "items", &items))
		return rw_cli_print_text(answer.text, answer.size);
	return rw_cli_print_table(cli, &items, log_columns, RW_ARRAY_COUNT(log_columns));
}

struct event_reader {
	const struct rw_cli *cli;
	char kind[64]; /* of the event whose data comes next */
};

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
	(void)printf("%-24s %-15s %s%s", rw_cli_text(&root, "time"), reader->kind, rw_cli_text(&root, "who"),
		     rw_cli_text(&root, "node"));
	if (rw_cli_text(&root, "to")[0])
		(void)printf(" %s -> %s", rw_cli_text(&root, "from"), rw_cli_text(&root, "to"));
	(void)printf(" %s%s%s\n", rw_cli_text(&root, "action"), rw_cli_text(&root, "reason"),
		     rw_cli_text(&root, "detail"));
	return rw_cli_print_text("", 0) == 0;
}

static int show_events(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path;
	const char *since = rw_cli_value(cli, "since");
	struct event_reader reader = {.cli = cli};

	rw_cli_path(&path, "events", NULL, NULL);
	if (since) {
		(void)rw_buf_append_text(&path, "?since=");
		rw_cli_append_encoded(&path, since);
	}
	return rw_cli_stream(cli, path.data, show_event_line, &reader);
}

static int show_status(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_json items;
	int r;

	r = rw_cli_call(cli, "GET", "/v1/status", NULL, &answer);
	if (r)
		return r;
	if (cli->json || !rw_json_find(&answer.root, "items", &items))
		return rw_cli_print_text(answer.text, answer.size);
	(void)printf("ringwalld %s at revision %s\n", rw_cli_text(&answer.root, "version"),
		     rw_cli_text(&answer.root, "revision"));
	return rw_cli_print_table(cli, &items, status_columns, RW_ARRAY_COUNT(status_columns));
}

static const struct rw_cli_option log_options[] = {
	{"limit", 0, "N", "how many, newest first (50)"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_cli_option events_options[] = {
	{"since", 0, "POSITION", "begin after this position (the id of an event)"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_log_commands[] = {
	{"log", "", "who changed what, newest first", NULL, RW_CLI_SERVER | RW_CLI_OUTPUT, log_options, 0, 0,
	 show_log},
	{"events", "", "follow changes and node states as they happen (Ctrl-C ends)", NULL,
	 RW_CLI_SERVER | RW_CLI_OUTPUT, events_options, 0, 0, show_events},
	{"status", "", "the controller and the state of every node", NULL, RW_CLI_SERVER | RW_CLI_OUTPUT,
	 NULL, 0, 0, show_status},
	{0},
};
