/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "audit/tighten.h"
#include "base/clock.h"
#include "convert/alibaba_write.h"
#include "wire/tighten.h"

#define SERVICES_MAX 64
#define ANSWER_MAX   (256u << 20)

/* Services that people name: "tcp/443,8080-8090". */
struct services {
	struct rw_tighten_service list[SERVICES_MAX];
	size_t count;
};

static int add_services(struct services *services, const char *option, const char *text, struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	const char *slash = strchr(text, '/');
	unsigned int count = 0;
	uint16_t protocol;
	char word[16];

	(void)snprintf(word, sizeof(word), "%.*s", slash ? (int)(slash - text) : 0, text);
	if (!slash || rw_protocol_parse(word, &protocol, NULL) < 0 || !rw_protocol_has_ports(protocol) ||
	    rw_ports_parse_list(slash + 1, ranges, &count, NULL) < 0) {
		(void)rw_error_field(err, option, "'%.64s' is no service", text);
		return rw_error_hint(err, "Write it as tcp/443 or udp/5000-5010,6000.");
	}
	for (unsigned int i = 0; i < count; i++) {
		if (services->count == SERVICES_MAX)
			return rw_error_field(err, option, "there are more than %d services", SERVICES_MAX);
		services->list[services->count++] = (struct rw_tighten_service){protocol, ranges[i]};
	}
	return 0;
}

static int read_services(const struct rw_cli *cli, const char *name, struct services *services,
			 struct rw_error *err)
{
	unsigned int cursor = 0;
	const char *text;
	char option[32];
	int r = 0;

	(void)snprintf(option, sizeof(option), "--%s", name);
	while (r == 0 && rw_cli_next_value(cli, name, &cursor, &text))
		r = add_services(services, option, text, err);
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
	char what[256];

	rw_buf_init(&port, 64);
	rw_cli_append_cell(cli, &port, refusal, &port_column);
	(void)snprintf(what, sizeof(what), "%s %s from %s to %s (%s)", rw_cli_text(refusal, "protocol"),
		       port.data, rw_cli_text(refusal, "remote"), rw_cli_text(refusal, "name"),
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
	r = rw_tighten_encode(&offline.answer, offline.model, &offline.plan, &err);
	if (r == 0)
		r = rw_json_parse(offline.answer.data, offline.answer.size, offline.answer.size, &document,
				  &err);
	if (r < 0)
		return rw_cli_fail(&err);
	root = rw_json_root(document);
	return print_plan(cli, &root, offline.answer.data, offline.answer.size);
}

static int tighten(struct rw_cli *cli)
{
	const char *as = rw_cli_value(cli, "as");

	if (as && strcmp(as, "aliyun") != 0 && strcmp(as, "terraform") != 0)
		return rw_cli_usage_error(cli, "--as is aliyun or terraform");
	if (as && cli->json)
		return rw_cli_usage_error(cli, "--as does not go with -o json");
	if (!rw_cli_given(cli, "file"))
		return rw_cli_usage_error(cli, "say the model by --file");
	return show_offline(cli);
}

static const struct rw_usage_option tighten_options[] = {
	{"plan", 0, NULL, "show the plan and change nothing (as without it)"},
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
	{"tighten", "CLUSTER", "plan how to close an old cluster without cutting off who uses it",
	 "Old clusters accept everything from everywhere.  The plan adds what is needed, each rule with\n"
	 "its evidence, and only then deletes the rules that open everything.  Every flow that was seen\n"
	 "and would be refused is listed.  The exit code is 5 when there is something to do.\n"
	 "docs/tighten.md walks through it.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall tighten shop --file model.json --listening web-1=ss.txt --flows vpc-flow-logs.txt\n"
	 "  ringwall tighten shop -f model.json --listening ss.txt --without-flows --as terraform\n",
	 RW_CLI_OUTPUT, tighten_options, 1, 1, tighten},
	{0},
};
