/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>
#include <time.h>

/* While people watch, the server is asked again this often, so that progress can be shown. */
#define PROGRESS_STEP "500ms"

/* What the nodes of a change say. */
struct progress {
	size_t applied;
	size_t pending;
	size_t offline;
	size_t failed;
	size_t count;
};

static struct progress count_nodes(const struct rw_json *answer)
{
	struct progress progress = {0};
	struct rw_json nodes;

	if (!rw_json_find(answer, "nodes", &nodes))
		return progress;
	progress.count = rw_json_count(&nodes);
	for (size_t i = 0; i < progress.count; i++) {
		struct rw_json node = rw_json_at(&nodes, i);
		const char *state = rw_cli_text(&node, "state");

		progress.applied += strcmp(state, "applied") == 0;
		progress.pending += strcmp(state, "pending") == 0;
		progress.offline += strcmp(state, "offline") == 0;
		progress.failed += strcmp(state, "failed") == 0;
	}
	return progress;
}

static bool is_waiting(const struct rw_cli *cli)
{
	return rw_cli_given(cli, "wait") || rw_cli_given(cli, "wait-all");
}

/* Progress is for people: they watch standard error on a terminal. */
static bool shows_progress(const struct rw_cli *cli)
{
	return is_waiting(cli) && !cli->json && isatty(STDERR_FILENO);
}

static const char *wait_duration(const struct rw_cli *cli)
{
	const char *duration = rw_cli_value(cli, "wait");

	return duration && duration[0] ? duration : "30s";
}

/* Appends one "name=value" to the query of 'path'. */
static void add_parameter(struct rw_buf *path, const char *name, const char *value)
{
	(void)rw_buf_append_format(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
	rw_cli_append_encoded(path, value);
}

static void add_query(const struct rw_cli *cli, struct rw_buf *path)
{
	unsigned int cursor = 0;
	const char *guard;

	if (is_waiting(cli))
		add_parameter(path, "wait", shows_progress(cli) ? PROGRESS_STEP : wait_duration(cli));
	if (rw_cli_given(cli, "wait-all"))
		add_parameter(path, "wait_all", "true");
	if (rw_cli_given(cli, "dry-run"))
		add_parameter(path, "dry_run", "true");
	while (rw_cli_next_value(cli, "force", &cursor, &guard))
		add_parameter(path, "force", guard);
}

/* Milliseconds of "30s", "500ms", "2m"; 30 s for anything that the server would have refused. */
static int64_t duration_ms(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (number < 0 || number > 86400)
		return 30000;
	if (strcmp(end, "ms") == 0)
		return number;
	if (strcmp(end, "m") == 0)
		return (int64_t)number * 60000;
	return (int64_t)number * 1000;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Asks for the change's state until no connected node is pending or the time is over. */
static int follow(struct rw_cli *cli, struct rw_cli_answer *answer)
{
	int64_t deadline = now_ms() + duration_ms(wait_duration(cli));
	int r = 0;

	for (;;) {
		struct progress progress = count_nodes(&answer->root);
		size_t open = progress.pending + (rw_cli_given(cli, "wait-all") ? progress.offline : 0);
		RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer next = {0};
		RW_CLEANUP(rw_buf_done) struct rw_buf path;
		struct rw_json nodes;

		(void)fprintf(stderr, "\r\033[Kenforced on %zu of %zu nodes", progress.applied,
			      progress.count);
		if (open == 0 || now_ms() >= deadline)
			break;
		rw_cli_path(&path, "changes", rw_cli_text(&answer->root, "revision"), NULL);
		add_parameter(&path, "wait", PROGRESS_STEP);
		if (rw_cli_given(cli, "wait-all"))
			add_parameter(&path, "wait_all", "true");
		r = rw_cli_call(cli, "GET", path.data, NULL, &next);
		if (r || !rw_json_find(&next.root, "nodes", &nodes))
			break;
		rw_cli_answer_done(answer);
		*answer = next;
		next = (struct rw_cli_answer){0};
	}
	(void)fputs("\r\033[K", stderr);
	return r;
}

static void list_nodes(const struct rw_json *answer)
{
	struct rw_json nodes;

	if (!rw_json_find(answer, "nodes", &nodes))
		return;
	for (size_t i = 0; i < rw_json_count(&nodes) && i < 20; i++) {
		struct rw_json node = rw_json_at(&nodes, i);
		const char *state = rw_cli_text(&node, "state");
		const char *reason = rw_cli_text(&node, "reason");

		if (strcmp(state, "applied") != 0)
			(void)fprintf(stderr, "  %s: %s%s%s\n", rw_cli_text(&node, "name"), state,
				      reason[0] ? ": " : "", reason);
	}
}

static void print_notes(const struct rw_json *answer)
{
	struct rw_json notes;

	if (!rw_json_find(answer, "notes", &notes))
		return;
	for (size_t i = 0; i < rw_json_count(&notes); i++) {
		struct rw_json note = rw_json_at(&notes, i);
		const char *text;

		if (rw_json_text(&note, 1024, &text, NULL) == 0)
			(void)fprintf(stderr, "note: %s\n", text);
	}
}

int rw_cli_report_change(const struct rw_cli *cli, const struct rw_cli_answer *answer, const char *what)
{
	struct progress progress = count_nodes(&answer->root);
	struct rw_json member;
	bool changed = true; /* an answer to "what became of it" is one about a change */
	bool late = progress.pending + progress.offline + progress.failed > 0;

	if (rw_json_find(&answer->root, "changed", &member) && rw_json_bool(&member, &changed, NULL) < 0)
		changed = true;
	if (cli->json) {
		int r = rw_cli_print_text(answer->text, answer->size);

		if (r)
			return r;
	} else {
		print_notes(&answer->root);
		if (rw_cli_given(cli, "dry-run"))
			(void)printf("%s: possible; nothing was changed\n", what);
		else if (!changed)
			(void)printf("%s: nothing to change\n", what);
		else if (progress.count == 0)
			(void)printf("%s\n", what);
		else if (!is_waiting(cli))
			(void)printf("%s: on its way to %zu nodes\n", what, progress.count);
		else
			(void)printf("%s: enforced on %zu of %zu nodes\n", what, progress.applied,
				     progress.count);
		if (is_waiting(cli))
			list_nodes(&answer->root);
	}
	return is_waiting(cli) && late ? RW_EXIT_PENDING : RW_EXIT_DONE;
}

int rw_cli_change(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		  struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf full;
	int r;

	rw_buf_init(&full, 65536);
	(void)rw_buf_append_text(&full, path);
	add_query(cli, &full);
	r = rw_cli_call(cli, method, full.data, body, &answer);
	if (r)
		return r;
	if (shows_progress(cli) && count_nodes(&answer.root).count && !rw_cli_given(cli, "dry-run"))
		r = follow(cli, &answer);
	if (r)
		return r;
	*ret_answer = answer;
	answer = (struct rw_cli_answer){0};
	return 0;
}
