/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "audit/tighten.h"
#include "base/clock.h"
#include "convert/alibaba_write.h"
#include "wire/tighten.h"

#define ANSWER_MAX (256u << 20)

/* Services that people name: "tcp/443,8080-8090". */
struct services {
	struct rw_tighten_service list[RW_TIGHTEN_SERVICES_MAX];
	size_t count;
};

static int read_services(const struct rw_cli *cli, const char *name, struct services *services,
			 struct rw_error *err)
{
	unsigned int cursor = 0;
	const char *text;
	char option[32];
	int r = 0;

	(void)snprintf(option, sizeof(option), "--%s", name);
	while (r == 0 && rw_cli_next_value(cli, name, &cursor, &text))
		r = rw_tighten_services_parse(text, option, services->list, &services->count, err);
	return r;
}

/* ---- what is shown ---- */

static const struct rw_column row_columns[] = {
	{"STEP", "step", RW_COLUMN_TEXT, NULL},
	{"CHANGE", "change", RW_COLUMN_WORD, NULL},
	{"WHAT", "what", RW_COLUMN_TEXT, NULL},
	{"WHY", "why", RW_COLUMN_LONG, "-"},
};

static void put_row(struct rw_json_writer *json, const char *step, const char *change, const char *what,
		    const char *why)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "step", step);
	rw_json_put_text(json, "change", change);
	rw_json_put_text(json, "what", what);
	if (why[0])
		rw_json_put_text(json, "why", why);
	rw_json_end_object(json);
}

static void put_refusal_row(struct rw_cli *cli, struct rw_json_writer *json, const char *step,
			    const struct rw_json *refusal)
{
	static const struct rw_column port_column = {"", "port", RW_COLUMN_TEXT, NULL};
	RW_CLEANUP(rw_buf_done) struct rw_buf port = {0};
	const char *remote = rw_cli_text(refusal, "remote");
	char what[256];

	rw_buf_init(&port, 64);
	rw_cli_append_cell(cli, &port, refusal, &port_column);
	(void)snprintf(what, sizeof(what), "%s %s from %s to %s (%s)", rw_cli_text(refusal, "protocol"),
		       port.data, remote[0] ? remote : "many clients", rw_cli_text(refusal, "name"),
		       rw_cli_text(refusal, "count"));
	put_row(json, step, "refuses", what, rw_cli_text(refusal, "why"));
}

static void put_step_rows(struct rw_cli *cli, struct rw_json_writer *json, const struct rw_json *step)
{
	static const char *const lists[][2] = {{"add", "adds"}, {"revoke", "deletes"}, {"refusals", ""}};
	const char *name = rw_cli_text(step, "step");

	for (size_t i = 0; i < RW_ARRAY_COUNT(lists); i++) {
		struct rw_json list;

		if (!rw_json_find(step, lists[i][0], &list))
			continue;
		for (size_t j = 0; j < rw_json_count(&list); j++) {
			struct rw_json one = rw_json_at(&list, j);

			if (lists[i][1][0])
				put_row(json, name, lists[i][1], rw_cli_text(&one, "text"),
					rw_cli_text(&one, "why"));
			else
				put_refusal_row(cli, json, name, &one);
		}
	}
}

/* A table with a line for each rule and each flow that a step refuses. */
static int print_steps(struct rw_cli *cli, const struct rw_json *steps)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json_writer json;
	struct rw_json rows;
	int r;

	rw_buf_init(&text, ANSWER_MAX);
	rw_json_writer_init(&json, &text, false);
	rw_json_begin_array(&json);
	for (size_t i = 0; i < rw_json_count(steps); i++) {
		struct rw_json step = rw_json_at(steps, i);

		put_step_rows(cli, &json, &step);
	}
	rw_json_end_array(&json);
	r = rw_buf_check(&text, &err);
	if (r == 0)
		r = rw_json_parse(text.data, text.size, ANSWER_MAX, &document, &err);
	if (r < 0)
		return rw_cli_fail(&err);
	rows = rw_json_root(document);
	return rw_cli_print_table(cli, &rows, row_columns, RW_ARRAY_COUNT(row_columns));
}

/* "open to the internet before: all; after: tcp 22/22 (ssh), tcp 443/443 (https)" */
static void print_open(const char *when, const struct rw_json *holder)
{
	struct rw_json exposure, open;

	if (!rw_json_find(holder, "exposure", &exposure) || !rw_json_find(&exposure, "to_internet", &open))
		return;
	(void)printf("open to the internet %s: %s", when, rw_json_count(&open) ? "" : "nothing");
	for (size_t i = 0; i < rw_json_count(&open); i++) {
		struct rw_json one = rw_json_at(&open, i);
		const char *service = rw_cli_text(&one, "service"), *ports = rw_cli_text(&one, "ports");

		(void)printf("%s%s", i ? ", " : "", rw_cli_text(&one, "protocol"));
		if (strcmp(ports, "-1/-1") != 0)
			(void)printf(" %s", ports);
		if (service[0])
			(void)printf(" (%s)", service);
	}
	(void)printf("\n");
}

/* A plan of this morning does not know of what runs at night. */
static void print_since(struct rw_cli *cli, const struct rw_json *root)
{
	static const struct rw_column column = {"", "observed_since", RW_COLUMN_TIME, NULL};
	RW_CLEANUP(rw_buf_done) struct rw_buf since = {0};
	struct rw_json member;

	if (!rw_json_find(root, "observed_since", &member))
		return;
	rw_buf_init(&since, 64);
	rw_cli_append_cell(cli, &since, root, &column);
	(void)printf(
		"flows of every node are known since %s; what has not come since then is not in the plan\n",
		since.data);
}

static int print_needs(const struct rw_json *root)
{
	struct rw_json needs;

	if (!rw_json_find(root, "needs", &needs))
		return RW_EXIT_REFUSED;
	(void)fprintf(stderr, "there is no plan yet: it would be a guess\n");
	for (size_t i = 0; i < rw_json_count(&needs); i++) {
		struct rw_json need = rw_json_at(&needs, i);
		const char *name = rw_cli_text(&need, "name");

		(void)fprintf(stderr, "needs %s%s%s: %s\n", rw_cli_text(&need, "needs"),
			      name[0] ? " of " : "", name, rw_cli_text(&need, "text"));
	}
	return RW_EXIT_REFUSED;
}

/* RW_EXIT_DIFFERENT when there is something to do. */
static int print_plan(struct rw_cli *cli, const struct rw_json *root, const char *text, size_t size)
{
	const char *state = rw_cli_text(root, "state");
	bool is_blocked = strcmp(state, "blocked") == 0;
	struct rw_json steps, last;
	int r = 0;

	if (!rw_json_find(root, "steps", &steps))
		return RW_EXIT_REFUSED;
	if (cli->json)
		r = rw_cli_print_text(text, size);
	if (is_blocked)
		return cli->json ? (r ? r : RW_EXIT_REFUSED) : print_needs(root);
	if (rw_json_count(&steps) == 0) {
		static const char nothing[] = "nothing to do: no rule opens everything";

		return cli->json ? r : rw_cli_print_text(nothing, sizeof(nothing) - 1);
	}
	if (!cli->json) {
		r = print_steps(cli, &steps);
		last = rw_json_at(&steps, rw_json_count(&steps) - 1);
		print_open("now", root);
		print_open("then", &last);
		print_since(cli, root);
		if (!rw_cli_given(cli, "file")) {
			struct rw_json first = rw_json_at(&steps, 0);

			(void)printf("next: step %s, digest %s\n", rw_cli_text(&first, "step"),
				     rw_cli_text(&first, "digest"));
		}
		if (r == 0)
			r = rw_cli_print_text("", 0);
	}
	return r ? r : RW_EXIT_DIFFERENT;
}

/* ---- offline ---- */

struct offline {
	struct rw_model *model;
	struct rw_evidence evidence;
	struct services declared, closed;
	struct rw_tighten_plan plan;
	struct rw_buf answer; /* the plan, in the form that is asked for */
};

static void offline_done(struct offline *offline)
{
	rw_tighten_plan_done(&offline->plan);
	rw_evidence_done(&offline->evidence);
	offline->model = rw_model_free(offline->model);
	rw_buf_done(&offline->answer);
}
RW_DEFINE_DONE(struct offline, offline_done)

static int make_plan(const struct rw_cli *cli, struct offline *offline, struct rw_error *err)
{
	const struct rw_edit_context context = {.now_ms = rw_clock_realtime_ms(rw_clock_system()),
						.author = "ringwall tighten",
						.random = rw_random_system()};
	struct rw_tighten_input input = {.evidence = &offline->evidence, .context = &context};
	const struct rw_cluster *cluster;
	int r = rw_cli_read_model(rw_cli_value(cli, "file"), &offline->model, err);

	if (r == 0)
		r = rw_cli_read_evidence(cli, offline->model, &offline->evidence, err);
	if (r == 0)
		r = read_services(cli, "need", &offline->declared, err);
	if (r == 0)
		r = read_services(cli, "close", &offline->closed, err);
	if (r < 0)
		return r;
	cluster = rw_model_find_cluster(offline->model, cli->arguments[0]);
	if (!cluster)
		return rw_error_set(err, -ENOENT, "there is no cluster '%s' in the model", cli->arguments[0]);
	input.model = offline->model;
	input.cluster = cluster->id;
	input.declared = offline->declared.list;
	input.declared_count = offline->declared.count;
	input.closed = offline->closed.list;
	input.closed_count = offline->closed.count;
	input.without_listeners = rw_cli_given(cli, "without-listeners");
	input.without_flows = rw_cli_given(cli, "without-flows");
	return rw_tighten_make(&input, &offline->plan, err);
}

/* The plan in the words of others, when it was asked for and there is one. */
static int write_as(const struct rw_cli *cli, struct offline *offline)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = strcmp(rw_cli_value(cli, "as"), "aliyun") == 0
			? rw_tighten_write_aliyun(&offline->plan, &offline->answer, &err)
			: rw_tighten_write_terraform(&offline->plan, &offline->answer, &err);

	if (r < 0)
		return rw_cli_fail(&err);
	r = rw_cli_print_text(offline->answer.data, offline->answer.size);
	return r ? r : offline->plan.steps.count ? RW_EXIT_DIFFERENT : RW_EXIT_DONE;
}

static int show_offline(struct rw_cli *cli)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(offline_done) struct offline offline = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;
	int r;

	rw_evidence_init(&offline.evidence);
	rw_buf_init(&offline.answer, ANSWER_MAX);
	r = make_plan(cli, &offline, &err);
	if (r < 0)
		return rw_cli_fail(&err);
	if (rw_cli_given(cli, "as") && offline.plan.state != RW_TIGHTEN_BLOCKED)
		return write_as(cli, &offline);
	r = rw_tighten_encode(&offline.answer, offline.model, &offline.plan, 0, &err);
	if (r == 0)
		r = rw_json_parse(offline.answer.data, offline.answer.size, offline.answer.size, &document,
				  &err);
	if (r < 0)
		return rw_cli_fail(&err);
	root = rw_json_root(document);
	return print_plan(cli, &root, offline.answer.data, offline.answer.size);
}

/* ---- with a controller ---- */

/* "/v1/clusters/shop/tighten[/rest]?..." with what the plan goes by. */
static int put_path(const struct rw_cli *cli, struct rw_buf *path, const char *rest)
{
	static const char *const lists[] = {"need", "close"};
	static const char *const flags[][2] = {{"without-flows", "without_flows=true"},
					       {"without-listeners", "without_listeners=true"}};
	char tail[32];

	(void)snprintf(tail, sizeof(tail), "tighten%s", rest);
	rw_cli_path(path, "clusters", cli->arguments[0], tail);
	for (size_t i = 0; i < RW_ARRAY_COUNT(lists); i++) {
		unsigned int cursor = 0;
		const char *value;
		size_t count = 0;

		while (rw_cli_next_value(cli, lists[i], &cursor, &value)) {
			if (count++)
				(void)rw_buf_append_text(path, "%20");
			else
				(void)rw_buf_append_format(path, "%c%s=", strchr(path->data, '?') ? '&' : '?',
							   lists[i]);
			rw_cli_append_encoded(path, value);
		}
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(flags); i++)
		if (rw_cli_given(cli, flags[i][0]))
			(void)rw_buf_append_format(path, "%c%s", strchr(path->data, '?') ? '&' : '?',
						   flags[i][1]);
	return rw_cli_put_time(cli, path, "since");
}

static int get_plan(struct rw_cli *cli, bool is_staged, struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r = put_path(cli, &path, "");

	if (r == 0 && is_staged)
		r = rw_cli_put_time(cli, &path, "stage");
	return r ? r : rw_cli_call(cli, "GET", path.data, NULL, ret_answer);
}

/* What the plan would have refused of what came since: nothing is as good as it gets. */
static int print_staged(struct rw_cli *cli, const struct rw_cli_answer *answer)
{
	static const struct rw_column columns[] = {
		{"NODE", "name", RW_COLUMN_TEXT, NULL},
		{"INTERFACE", "interface", RW_COLUMN_TEXT, NULL},
		{"PROTOCOL", "protocol", RW_COLUMN_TEXT, NULL},
		{"PORT", "port", RW_COLUMN_NUMBER, "-"},
		{"REMOTE", "remote", RW_COLUMN_TEXT, "many"},
		{"COUNT", "count", RW_COLUMN_NUMBER, NULL},
		{"LAST", "last", RW_COLUMN_TIME, "-"},
		{"WHY", "why", RW_COLUMN_LONG, NULL},
	};
	static const struct rw_column judged_column = {"", "staged.judged", RW_COLUMN_TEXT, NULL};
	RW_CLEANUP(rw_buf_done) struct rw_buf judged = {0};
	struct rw_json staged, refusals;
	int r;

	if (strcmp(rw_cli_text(&answer->root, "state"), "ready") != 0 ||
	    !rw_json_find(&answer->root, "staged", &staged) || !rw_json_find(&staged, "refusals", &refusals))
		return print_plan(cli, &answer->root, answer->text, answer->size);
	rw_buf_init(&judged, 64);
	rw_cli_append_cell(cli, &judged, &answer->root, &judged_column);
	if (cli->json)
		r = rw_cli_print_text(answer->text, answer->size);
	else if (rw_json_count(&refusals))
		r = rw_cli_print_table(cli, &refusals, columns, RW_ARRAY_COUNT(columns));
	else
		r = 0;
	if (r == 0 && !cli->json)
		(void)fprintf(stderr, "%s flows since then, %zu that the plan would refuse\n", judged.data,
			      rw_json_count(&refusals));
	return r ? r : rw_json_count(&refusals) ? RW_EXIT_DIFFERENT : RW_EXIT_DONE;
}

/* A step is looked at when it is in force: it waits, unless something else was asked for. */
static void wait_for_nodes(struct rw_cli *cli)
{
	if (rw_cli_given(cli, "wait") || rw_cli_given(cli, "wait-all") || rw_cli_given(cli, "dry-run"))
		return;
	for (const struct rw_usage_option *option = rw_cli_shared_options(RW_CLI_CHANGE); option->name;
	     option++)
		if (strcmp(option->name, "wait") == 0 && cli->option_count < RW_CLI_MAX_WORDS)
			cli->options[cli->option_count++] = (struct rw_cli_word){option, NULL};
}

/* What the step refuses of what was seen is said when it is made, too; who knows its digest has seen it. */
static void tell_refused(const struct rw_cli *cli, const struct rw_json *step)
{
	struct rw_json refused;
	int64_t count = 0;

	if (rw_json_find(step, "refused", &refused) &&
	    rw_json_integer(&refused, 0, INT64_MAX, &count, NULL) == 0 && count > 0)
		(void)fprintf(stderr,
			      "step %s refuses %lld flows that were seen; 'ringwall tighten %s' lists them\n",
			      rw_cli_text(step, "step"), (long long)count, cli->arguments[0]);
}

static int send_step(struct rw_cli *cli, const char *step)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;
	char what[96];
	int r = put_path(cli, &path, "/apply");

	if (r)
		return r;
	rw_buf_init(&body, 256);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "step", step);
	if (rw_cli_given(cli, "seen"))
		rw_json_put_text(&json, "digest", rw_cli_value(cli, "seen"));
	rw_json_end_object(&json);
	(void)snprintf(what, sizeof(what), "step %.40s applied", step);
	return rw_cli_send_path(cli, "POST", &path, &body, what);
}

/* The plan's first step; with --all the others, too, each when the one before it is in force. */
static int apply_steps(struct rw_cli *cli)
{
	bool is_more = true;
	int r = 0;

	wait_for_nodes(cli);
	while (r == 0 && is_more) {
		RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
		struct rw_json steps, first;

		r = get_plan(cli, false, &answer);
		if (r)
			return r;
		if (strcmp(rw_cli_text(&answer.root, "state"), "ready") != 0 ||
		    !rw_json_find(&answer.root, "steps", &steps) || rw_json_count(&steps) == 0)
			return print_plan(cli, &answer.root, answer.text, answer.size);
		first = rw_json_at(&steps, 0);
		tell_refused(cli, &first);
		r = send_step(cli, rw_cli_text(&first, "step"));
		is_more = rw_cli_given(cli, "all") && !rw_cli_given(cli, "dry-run") &&
			  rw_json_count(&steps) > 1;
	}
	return r;
}

static int undo_steps(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	wait_for_nodes(cli);
	rw_cli_path(&path, "clusters", cli->arguments[0], "tighten/undo");
	return rw_cli_send_path(cli, "POST", &path, NULL, "rules as before the first step");
}

static int show_server(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	bool is_staged = rw_cli_given(cli, "stage");
	int r;

	if (rw_cli_given(cli, "apply"))
		return apply_steps(cli);
	if (rw_cli_given(cli, "undo"))
		return undo_steps(cli);
	r = get_plan(cli, is_staged, &answer);
	if (r)
		return r;
	return is_staged ? print_staged(cli, &answer)
			 : print_plan(cli, &answer.root, answer.text, answer.size);
}

/* One thing at a time, and only where it can be done. */
static int check_options(const struct rw_cli *cli)
{
	static const char *const modes[] = {"plan", "stage", "apply", "undo"};
	static const char *const offline[] = {"listening", "flows", "as"};
	static const char *const online[] = {"stage", "apply", "undo", "since", "all", "seen"};
	const char *as = rw_cli_value(cli, "as");
	bool is_offline = rw_cli_given(cli, "file");
	size_t count = 0;

	for (size_t i = 0; i < RW_ARRAY_COUNT(modes); i++)
		count += rw_cli_given(cli, modes[i]);
	if (count > 1)
		return rw_cli_usage_error(cli, "one of --plan, --stage, --apply and --undo");
	if ((rw_cli_given(cli, "all") || rw_cli_given(cli, "seen")) && !rw_cli_given(cli, "apply"))
		return rw_cli_usage_error(cli, "--all and --seen go with --apply");
	if (rw_cli_given(cli, "all") && rw_cli_given(cli, "seen"))
		return rw_cli_usage_error(cli, "--seen is for one step, not for --all");
	if (as && strcmp(as, "aliyun") != 0 && strcmp(as, "terraform") != 0)
		return rw_cli_usage_error(cli, "--as is aliyun or terraform");
	if (as && cli->json)
		return rw_cli_usage_error(cli, "--as does not go with -o json");
	for (size_t i = 0; !is_offline && i < RW_ARRAY_COUNT(offline); i++)
		if (rw_cli_given(cli, offline[i]))
			return rw_cli_usage_error(cli, "--%s goes with --file", offline[i]);
	for (size_t i = 0; is_offline && i < RW_ARRAY_COUNT(online); i++)
		if (rw_cli_given(cli, online[i]))
			return rw_cli_usage_error(cli, "--%s does not go with --file", online[i]);
	return 0;
}

static int tighten(struct rw_cli *cli)
{
	int r = check_options(cli);

	if (r)
		return r;
	return rw_cli_given(cli, "file") ? show_offline(cli) : show_server(cli);
}

static const struct rw_usage_option tighten_options[] = {
	{"plan", 0, NULL, "show the plan and change nothing (as without any of these)"},
	{"stage", 0, "TIME", "judge what came since (30m, 24h, 7d, or a time) by the plan of before"},
	{"apply", 0, NULL, "make the plan's next step, and wait for the nodes"},
	{"all", 0, NULL, "with --apply: and the others, each when the one before is in force"},
	{"seen", 0, "DIGEST", "with --apply: only if the step is the one that the plan has shown"},
	{"undo", 0, NULL, "bring back the rules as they were before the first step"},
	{"since", 0, "TIME", "plan by flows seen since (all that are kept)"},
	{"need", 0, "SERVICE", "a service needed directly, such as tcp/443; may be repeated"},
	{"close", 0, "SERVICE", "a service that shall not stay open though it was used"},
	{"without-flows", 0, NULL, "where flows are not known, who listens counts as used by everybody"},
	{"without-listeners", 0, NULL, "where listeners are not known, what was used counts as listened on"},
	{"file", 'f', "MODEL", "plan for a model file, without any server"},
	{"listening", 0, "FILE", "with --file: 'ss -tulpn' of a node, as NODE=FILE if it has several"},
	{"flows", 0, "FILE", "with --file: flow logs (AWS, Alibaba Cloud, ringwall); may be repeated"},
	{"as", 0, "LANGUAGE", "with --file: the plan for aliyun or terraform"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_tighten_commands[] = {
	{"tighten", "CLUSTER", "close an old cluster without cutting off who uses it",
	 "Old clusters accept everything from everywhere.  The plan adds what is needed, each rule with\n"
	 "its evidence, and only then deletes the rules that open everything.  Every flow that was seen\n"
	 "and would be refused is listed.  The exit code of a plan is 5 when there is something to do.\n"
	 "docs/tighten.md walks through it.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall tighten shop\n"
	 "  ringwall tighten shop --stage 24h\n"
	 "  ringwall tighten shop --apply\n"
	 "  ringwall tighten shop --file model.json --listening web-1=ss.txt \\\n"
	 "    --flows vpc-flow-logs.txt\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, tighten_options, 1, 1, tighten},
	{0},
};
