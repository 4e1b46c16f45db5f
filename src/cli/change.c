/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

/* While people watch, the server is asked again this often, so that progress can be shown. */
#define PROGRESS_STEP "500ms"

/* Nodes that are not there yet, and rules that were made, shown one by one at most. */
#define NODES_SHOWN 20
#define ITEMS_SHOWN 4

/* What the nodes of a change say. */
struct progress {
	size_t applied;
	size_t monitored; /* of these: they pass what they would drop */
	size_t bypassed;  /* of these: somebody at the same hooks may bypass them */
	size_t pending;
	size_t offline;
	size_t failed;
	size_t count;
};

/* An applied node has a reason when it does not enforce all the same. */
static bool is_monitored(const struct rw_json *node)
{
	return strcmp(rw_cli_text(node, "reason"), "monitored") == 0;
}

static bool is_bypassed(const struct rw_json *node)
{
	return strcmp(rw_cli_text(node, "state"), "applied") == 0 && rw_cli_text(node, "reason")[0] &&
	       !is_monitored(node);
}

/* The nodes as they were seen last; false when the answer has none. */
static bool find_nodes(const struct rw_cli_answer *answer, struct rw_json *ret_nodes)
{
	return rw_json_find(answer->later ? &answer->later_root : &answer->root, "nodes", ret_nodes);
}

static struct progress count_nodes(const struct rw_cli_answer *answer)
{
	struct progress progress = {0};
	struct rw_json nodes;

	if (!find_nodes(answer, &nodes))
		return progress;
	progress.count = rw_json_count(&nodes);
	for (size_t i = 0; i < progress.count; i++) {
		struct rw_json node = rw_json_at(&nodes, i);
		const char *state = rw_cli_text(&node, "state");

		progress.applied += strcmp(state, "applied") == 0;
		progress.monitored += strcmp(state, "applied") == 0 && is_monitored(&node);
		progress.bypassed += is_bypassed(&node);
		progress.pending += strcmp(state, "pending") == 0;
		progress.offline += strcmp(state, "offline") == 0;
		progress.failed += strcmp(state, "failed") == 0;
	}
	return progress;
}

/* A node that only counts what it would drop, or may be bypassed, is never said to enforce. */
static void print_enforced(FILE *file, const struct progress *progress)
{
	(void)fprintf(file, "enforced on %zu of %zu nodes",
		      progress->applied - progress->monitored - progress->bypassed, progress->count);
	if (progress->monitored)
		(void)fprintf(file, ", applied (monitored) on %zu", progress->monitored);
	if (progress->bypassed)
		(void)fprintf(file, ", applied (may be bypassed) on %zu", progress->bypassed);
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

/* Appends one "name=value" to the query of 'path'. */
static void add_parameter(struct rw_buf *path, const char *name, const char *value)
{
	(void)rw_buf_append_format(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
	rw_cli_append_encoded(path, value);
}

static void add_query(const struct rw_cli *cli, struct rw_buf *path)
{
	char duration[32];

	(void)snprintf(duration, sizeof(duration), "%lldms", (long long)cli->wait_ms);
	if (is_waiting(cli))
		add_parameter(path, "wait", shows_progress(cli) ? PROGRESS_STEP : duration);
	if (rw_cli_given(cli, "wait-all"))
		add_parameter(path, "wait_all", "true");
	if (rw_cli_given(cli, "dry-run"))
		add_parameter(path, "dry_run", "true");
	if (rw_cli_given(cli, "established"))
		add_parameter(path, "established", rw_cli_value(cli, "established"));
	rw_cli_put_forced(cli, path);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Asks for the change's state until no connected node is pending or the time is over.  The change is durable:
 * when nobody answers any more, it has not failed, only nothing is known about the nodes.
 */
static void follow(struct rw_cli *cli, struct rw_cli_answer *answer)
{
	int64_t deadline = now_ms() + cli->wait_ms;

	for (;;) {
		struct progress progress = count_nodes(answer);
		size_t open = progress.pending + (rw_cli_given(cli, "wait-all") ? progress.offline : 0);
		RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer next = {0};
		RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

		/* Whoever stops waiting with Ctrl-C is left with the revision to ask for. */
		(void)fprintf(stderr, "\r\033[Krevision %s: ", rw_cli_text(&answer->root, "revision"));
		print_enforced(stderr, &progress);
		if (open == 0 || now_ms() >= deadline)
			break;
		rw_cli_path(&path, "changes", rw_cli_text(&answer->root, "revision"), NULL);
		add_parameter(&path, "wait", PROGRESS_STEP);
		if (rw_cli_given(cli, "wait-all"))
			add_parameter(&path, "wait_all", "true");
		if (rw_cli_look_up(cli, path.data, &next)) {
			(void)fputs("\r\033[Kthe change is made; how far the nodes are is not known\n",
				    stderr);
			return;
		}
		(void)rw_json_document_free(answer->later);
		answer->later = RW_TAKE_PTR(next.document);
		answer->later_root = next.root;
	}
	(void)fputs("\r\033[K", stderr);
}

static void list_nodes(const struct rw_cli_answer *answer)
{
	size_t shown = 0;
	size_t rest = 0;
	struct rw_json nodes;

	if (!find_nodes(answer, &nodes))
		return;
	for (size_t i = 0; i < rw_json_count(&nodes); i++) {
		struct rw_json node = rw_json_at(&nodes, i);
		const char *state = rw_cli_text(&node, "state");
		const char *reason = rw_cli_text(&node, "reason");

		if (strcmp(state, "applied") == 0 && !is_bypassed(&node))
			continue;
		if (shown++ < NODES_SHOWN)
			(void)fprintf(stderr, "  %s: %s%s%s\n", rw_cli_text(&node, "name"), state,
				      reason[0] ? ": " : "", reason);
		else
			rest++;
	}
	if (rest)
		(void)fprintf(stderr, "  and %zu more (-o json shows all)\n", rest);
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

/* What guards tell without refusing, and what was forced. */
static void print_warnings(const struct rw_json *answer)
{
	struct rw_json guards;

	if (!rw_json_find(answer, "guards", &guards))
		return;
	for (size_t i = 0; i < rw_json_count(&guards); i++) {
		struct rw_json guard = rw_json_at(&guards, i), warning;

		(void)fprintf(stderr, "%s: %s: %s\n",
			      rw_json_find(&guard, "warning", &warning) ? "warning" : "forced",
			      rw_cli_text(&guard, "id"), rw_cli_text(&guard, "detail"));
	}
}

/* Names what was made or changed: ": demo, c6d0..." or the ids of a few rules. */
static void print_items(const struct rw_json *answer)
{
	struct rw_json items;

	if (!rw_json_find(answer, "items", &items) || rw_json_count(&items) == 0)
		return;
	for (size_t i = 0; i < rw_json_count(&items) && i < ITEMS_SHOWN; i++) {
		struct rw_json item = rw_json_at(&items, i);
		const char *name = rw_cli_text(&item, "name");

		(void)printf("%s%s%s%s", i ? ", " : ": ", name, name[0] ? ", " : "",
			     rw_cli_text(&item, "id"));
		if (name[0]) /* what follows an object comes with it: a cluster's group */
			return;
	}
	if (rw_json_count(&items) > ITEMS_SHOWN)
		(void)printf(" and %zu more", rw_json_count(&items) - ITEMS_SHOWN);
}

/* How far the nodes are, and how to see it later. */
static void print_progress(const struct rw_cli *cli, const struct rw_cli_answer *answer,
			   const struct progress *progress)
{
	size_t left = progress->count - progress->applied;
	const char *revision = rw_cli_text(&answer->root, "revision");

	if (progress->count == 0)
		return;
	if (is_waiting(cli)) {
		print_enforced(stdout, progress);
		(void)putchar('\n');
		list_nodes(answer);
	}
	if (left)
		(void)fprintf(stderr, "%zu node%s to go: 'ringwall change %s' tells how far they are%s\n",
			      left, left == 1 ? "" : "s", revision,
			      is_waiting(cli) ? "" : ", --wait waits for them");
}

/* A number that JSON has as text. */
static unsigned long long number_of(const struct rw_json *object, const char *key)
{
	return strtoull(rw_cli_text(object, key), NULL, 10);
}

static void print_end(const struct rw_json *flow, const char *address, const char *port)
{
	struct rw_json member;
	const char *text = rw_cli_text(flow, address);
	int64_t number;

	if (!rw_json_find(flow, port, &member) || rw_json_integer(&member, 0, 65535, &number, NULL) < 0)
		(void)fputs(text, stdout);
	else
		(void)printf(strchr(text, ':') ? "[%s]:%d" : "%s:%d", text, (int)number);
}

/* "cuts 2 live flows on n1: tcp 10.0.0.9:40001 -> 10.0.0.1:6379" */
static void print_cut_node(const struct rw_json *node, const char *verb)
{
	unsigned long long flows = number_of(node, "flows");
	struct rw_json examples, flow;
	bool came_in;

	if (!flows)
		return;
	(void)printf("%s %llu live flow%s on %s", verb, flows, flows == 1 ? "" : "s",
		     rw_cli_text(node, "name"));
	if (rw_json_find(node, "examples", &examples) && rw_json_count(&examples)) {
		flow = rw_json_at(&examples, 0);
		came_in = strcmp(rw_cli_text(&flow, "direction"), "ingress") == 0;
		(void)printf("%s: %s ", flows == 1 ? "" : ", such as", rw_cli_text(&flow, "protocol"));
		print_end(&flow, came_in ? "remote" : "local", came_in ? "remote_port" : "local_port");
		(void)fputs(" to ", stdout);
		print_end(&flow, came_in ? "local" : "remote", came_in ? "local_port" : "remote_port");
	}
	(void)putchar('\n');
}

/* What becomes of live flows, and of which nodes that is not known. */
static void print_cuts(const struct rw_cli *cli, const struct rw_json *answer)
{
	const char *omitted = rw_cli_text(answer, "cuts_omitted"), *said = rw_cli_value(cli, "established");
	struct rw_json cuts, nodes;

	if (omitted[0])
		(void)fprintf(stderr, "which live flows it would cut is not known: %s\n", omitted);
	if (!rw_json_find(answer, "cuts", &cuts))
		return;
	for (size_t i = 0; rw_json_find(&cuts, "nodes", &nodes) && i < rw_json_count(&nodes); i++) {
		struct rw_json node = rw_json_at(&nodes, i);

		print_cut_node(&node, said && strcmp(said, "keep") == 0 ? "keeps" : "cuts");
	}
	if (number_of(&cuts, "kept"))
		(void)printf("%llu live flows that earlier changes kept %s\n", number_of(&cuts, "kept"),
			     said && strcmp(said, "cut-kept") == 0 ? "are cut" : "go on");
	for (size_t i = 0; rw_json_find(&cuts, "unknown", &nodes) && i < rw_json_count(&nodes); i++) {
		struct rw_json node = rw_json_at(&nodes, i);

		if (i == NODES_SHOWN) {
			(void)fprintf(stderr, "  and %zu more (-o json shows all)\n",
				      rw_json_count(&nodes) - i);
			break;
		}
		(void)fprintf(stderr, "live flows on %s are not known: %s\n", rw_cli_text(&node, "name"),
			      rw_cli_text(&node, "reason"));
	}
}

int rw_cli_print_dry_run(struct rw_cli *cli, const struct rw_json *answer)
{
	struct rw_json traffic, items, notes;
	const char *omitted = rw_cli_text(answer, "traffic_omitted");

	print_cuts(cli, answer);

	if (omitted[0])
		(void)fprintf(stderr, "what would open and close is not shown: %s\n", omitted);
	if (!rw_json_find(answer, "traffic", &traffic) || !rw_json_find(&traffic, "items", &items) ||
	    !rw_json_find(&traffic, "notes", &notes))
		return 0;
	if (rw_json_count(&items) == 0 && rw_json_count(&notes) == 0)
		return rw_cli_print_text("no traffic would open or close\n", 31);
	return rw_cli_print_traffic(cli, &traffic);
}

/* Another controller than the one that made it answers, which does not know whom it concerned. */
static bool is_unknown(const struct rw_cli *cli, const struct rw_cli_answer *answer, bool changed)
{
	struct rw_json member;
	bool waited = true;

	return changed && is_waiting(cli) && cli->wait_ms && !rw_cli_given(cli, "dry-run") &&
	       count_nodes(answer).count == 0 && rw_json_find(&answer->root, "waited", &member) &&
	       rw_json_bool(&member, &waited, NULL) == 0 && !waited;
}

int rw_cli_report_change(struct rw_cli *cli, const struct rw_cli_answer *answer, const char *what)
{
	struct progress progress = count_nodes(answer);
	struct rw_json member;
	bool changed = true; /* an answer to "what became of it" is one about a change */
	bool late = progress.pending + progress.offline + progress.failed + progress.bypassed > 0;
	int r;

	if (rw_json_find(&answer->root, "changed", &member) && rw_json_bool(&member, &changed, NULL) < 0)
		changed = true;
	if (is_unknown(cli, answer, changed)) {
		late = true;
		(void)fputs("how far the nodes are is not known, because another controller has taken over; "
			    "'ringwall status' tells how they are\n",
			    stderr);
	}
	if (cli->json) {
		r = rw_cli_print_text(answer->text, answer->size);
	} else {
		print_notes(&answer->root);
		print_warnings(&answer->root);
		if (!changed) {
			(void)printf("%s: nothing to change", what);
		} else if (rw_cli_given(cli, "dry-run")) {
			(void)printf("%s: possible; nothing was changed", what);
		} else {
			(void)fputs(what, stdout);
			print_items(&answer->root);
		}
		r = rw_cli_print_text("\n", 1);
		if (!r && rw_cli_given(cli, "dry-run"))
			r = rw_cli_print_dry_run(cli, &answer->root);
		if (!rw_cli_given(cli, "dry-run"))
			print_progress(cli, answer, &progress);
	}
	return r ? r : is_waiting(cli) && late ? RW_EXIT_PENDING : RW_EXIT_DONE;
}

/* With it, a change whose answer is missing may be asked of the next controller: it is done once. */
static void make_key(struct rw_cli *cli)
{
	uint8_t bytes[(sizeof(cli->change_key) - 1) / 2];

	rw_random_system()->fill(rw_random_system(), bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(cli->change_key + 2 * i, 3, "%02x", bytes[i]);
}

int rw_cli_change(struct rw_cli *cli, const char *method, const char *path, const struct rw_buf *body,
		  struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf full = {0};
	int r;

	rw_buf_init(&full, 65536);
	(void)rw_buf_append_text(&full, path);
	add_query(cli, &full);
	make_key(cli);
	r = rw_cli_call(cli, method, full.data, body, &answer);
	cli->change_key[0] = '\0';
	if (r)
		return r;
	if (shows_progress(cli) && count_nodes(&answer).count && !rw_cli_given(cli, "dry-run"))
		follow(cli, &answer);
	*ret_answer = answer;
	answer = (struct rw_cli_answer){0};
	return 0;
}
