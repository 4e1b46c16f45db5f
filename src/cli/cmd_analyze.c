/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Questions about rules: trace, reach, diff, lint.  With --file they are answered here from a model file, else
 * by the server; the JSON is the same, and tables are made from it.
 */

#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "wire/analysis.h"

/* Bytes of an answer, and of a drop event in a file. */
#define ANSWER_MAX (64u << 20)
#define EVENT_MAX  (1u << 16)

/* Answers from a model; the rest of the question is in 'cli'. */
typedef int local_fn(struct rw_cli *cli, const struct rw_source *source, struct rw_buf *buf,
		     struct rw_error *err);

static int read_answer(struct rw_buf *buf, struct rw_cli_answer *answer, struct rw_error *err)
{
	int r = rw_json_parse(buf->data, buf->size, ANSWER_MAX, &answer->document, err);

	if (r < 0)
		return r;
	answer->root = rw_json_root(answer->document);
	answer->size = buf->size;
	answer->text = rw_buf_take_text(buf);
	return answer->text ? 0 : rw_error_oom(err);
}

static int answer_locally(struct rw_cli *cli, const char *file, local_fn *local, struct rw_cli_answer *answer)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	RW_CLEANUP(rw_policy_cache_free) struct rw_policy_cache *cache = rw_policy_cache_new();
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_cli_read_model(file, &model, &err);

	rw_buf_init(&buf, ANSWER_MAX);
	if (!r)
		r = local(cli, &(struct rw_source){.model = model, .cache = cache}, &buf, &err);
	if (!r)
		r = read_answer(&buf, answer, &err);
	return r < 0 ? rw_cli_fail(&err) : 0;
}

/* The group of a rule; only a server can tell whose managed one it is. */
static struct rw_column group_column(const struct rw_cli *cli)
{
	return rw_cli_value(cli, "file") ? (struct rw_column){"GROUP", "group_name", RW_COLUMN_LONG, NULL}
					 : (struct rw_column){"GROUP", "group", RW_COLUMN_REFERENCE, NULL};
}

/* From the file when there is --file, else from the server. */
static int answer(struct rw_cli *cli, const char *method, const struct rw_buf *path,
		  const struct rw_buf *body, local_fn *local, struct rw_cli_answer *ret_answer)
{
	const char *file = rw_cli_value(cli, "file");

	if (file)
		return answer_locally(cli, file, local, ret_answer);
	return rw_cli_call(cli, method, path->data, body, ret_answer);
}

static int print_json(const struct rw_cli_answer *answer)
{
	return rw_cli_print_text(answer->text, answer->size);
}

static int print_items(struct rw_cli *cli, const struct rw_json *object, const char *key,
		       const struct rw_column *columns, size_t count)
{
	struct rw_json items;

	if (!rw_json_find(object, key, &items))
		return 0;
	return rw_cli_print_table(cli, &items, columns, count);
}

/* ---- trace ---- */

static int trace_locally(struct rw_cli *cli, const struct rw_source *source, struct rw_buf *buf,
			 struct rw_error *err)
{
	const struct rw_path_question question = {
		.from = rw_cli_value(cli, "from"),
		.to = rw_cli_value(cli, "to"),
		.interface = rw_cli_value(cli, "interface"),
	};

	return rw_analysis_trace(source, &question, buf, err);
}

/* The text of --drop: JSON itself, or '-' or a file with it. */
static int read_event(struct rw_cli *cli, struct rw_buf *text, struct rw_error *err)
{
	const char *event = rw_cli_value(cli, "drop");

	rw_buf_init(text, EVENT_MAX);
	if (event[0] == '{')
		return rw_buf_append_text(text, event);
	return rw_file_read(strcmp(event, "-") == 0 ? "/dev/stdin" : event, text, err);
}

static int trace_event_locally(struct rw_cli *cli, const struct rw_source *source, struct rw_buf *buf,
			       struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	int r = read_event(cli, &text, err);

	return r < 0 ? r : rw_analysis_trace_event(source, rw_cli_value(cli, "node"), text.data, buf, err);
}

static void print_end(const struct rw_json *packet, const char *address, const char *port)
{
	struct rw_json value;
	int64_t number;

	(void)printf("%s", rw_cli_text(packet, address));
	if (rw_json_find(packet, port, &value) && rw_json_integer(&value, 0, 65535, &number, NULL) == 0)
		(void)printf(" port %lld", (long long)number);
}

/* "drop at node-1 eth0 ingress: tcp 203.0.113.9 port 40000 -> 10.0.0.5 port 6379, by default" */
static void print_step(const struct rw_cli *cli, const struct rw_json *step)
{
	const char *verdict = rw_cli_text(step, "verdict"), *direction = rw_cli_text(step, "direction");
	bool ingress = strcmp(direction, "ingress") == 0;
	struct rw_json packet;

	if (!rw_json_find(step, "packet", &packet))
		return;
	rw_cli_print_coloured(cli, rw_cli_colour_of(verdict), verdict);
	(void)printf(" at %s %s %s: %s ", rw_cli_text(step, "node"), rw_cli_text(step, "interface"),
		     direction, rw_cli_text(&packet, "protocol"));
	if (ingress)
		print_end(&packet, "remote", "remote_port");
	else
		print_end(&packet, "local", "local_port");
	(void)fputs(" -> ", stdout);
	if (ingress)
		print_end(&packet, "local", "local_port");
	else
		print_end(&packet, "remote", "remote_port");
	(void)printf(", by %s", rw_cli_text(step, "cause"));
	if (rw_cli_text(step, "group_name")[0])
		(void)printf(" of %s", rw_cli_text(step, "group_name"));
	(void)putchar('\n');
}

static int print_trace(struct rw_cli *cli, const struct rw_cli_answer *answer)
{
	const struct rw_column columns[] = {
		{"OUTCOME", "outcome", RW_COLUMN_TEXT, NULL},
		{"RULE", "rule", RW_COLUMN_TEXT, NULL},
		group_column(cli),
		{"PRIORITY", "priority", RW_COLUMN_NUMBER, NULL},
		{"POLICY", "policy", RW_COLUMN_WORD, NULL},
		{"SAYS", "text", RW_COLUMN_LONG, NULL},
		{"OTHER GROUP", "other_group", RW_COLUMN_TEXT, "-"},
	};
	struct rw_json steps, matches;
	int r = 0;

	if (cli->json)
		return print_json(answer);
	if (!rw_json_find(&answer->root, "steps", &steps))
		return RW_EXIT_REFUSED;
	for (size_t i = 0; !r && i < rw_json_count(&steps); i++) {
		struct rw_json step = rw_json_at(&steps, i);

		print_step(cli, &step);
		if (!rw_json_find(&step, "matches", &matches))
			continue;
		if (rw_json_count(&matches))
			r = rw_cli_print_table(cli, &matches, columns, RW_ARRAY_COUNT(columns));
		else
			(void)puts("no rule matches");
	}
	if (rw_cli_text(&answer->root, "reported_cause")[0])
		(void)printf("reported cause: %s\n", rw_cli_text(&answer->root, "reported_cause"));
	return r;
}

static int trace_event(struct rw_cli *cli, struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_cli_value(cli, "file"))
		return answer_locally(cli, rw_cli_value(cli, "file"), trace_event_locally, ret_answer);
	if (read_event(cli, &text, &err) < 0)
		return rw_cli_fail(&err);
	rw_buf_init(&path, 4096);
	(void)rw_buf_append_text(&path, "/v1/trace");
	rw_cli_put_filter(cli, &path, "node");
	return rw_cli_call(cli, "POST", path.data, &text, ret_answer);
}

static int trace(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer found = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	if (rw_cli_given(cli, "drop")) {
		r = trace_event(cli, &found);
		return r ? r : print_trace(cli, &found);
	}
	if (!rw_cli_given(cli, "from") || !rw_cli_given(cli, "to"))
		return rw_cli_usage_error(cli, "trace needs --from and --to, or --drop");
	rw_buf_init(&path, 8192);
	(void)rw_buf_append_text(&path, "/v1/trace");
	rw_cli_put_filter(cli, &path, "from");
	rw_cli_put_filter(cli, &path, "to");
	rw_cli_put_filter(cli, &path, "interface");
	r = answer(cli, "GET", &path, NULL, trace_locally, &found);
	return r ? r : print_trace(cli, &found);
}

/* ---- reach ---- */

static int reach_locally(struct rw_cli *cli, const struct rw_source *source, struct rw_buf *buf,
			 struct rw_error *err)
{
	const struct rw_reach_question question = {
		.from = rw_cli_value(cli, "from"),
		.to = rw_cli_value(cli, "to"),
		.service = rw_cli_value(cli, "service"),
		.because = rw_cli_given(cli, "because"),
	};

	return rw_analysis_reach(source, &question, buf, err);
}

static int reach(struct rw_cli *cli)
{
	static const struct rw_column columns[] = {
		{"NODES", "nodes", RW_COLUMN_LONG, NULL},
		{"INTERFACE", "interface", RW_COLUMN_TEXT, NULL},
		{"PROTOCOL", "protocol", RW_COLUMN_TEXT, NULL},
		{"PORTS", "ports", RW_COLUMN_PORTS, NULL},
		{"FROM", "remotes", RW_COLUMN_LONG, NULL},
		{"EXCEPT", "except", RW_COLUMN_LONG, "-"},
		{"TO ADDRESS", "locals", RW_COLUMN_LONG, "-"},
		{"SOURCE PORTS", "source_ports", RW_COLUMN_PORTS, "-"},
		{"BECAUSE OF", "because.cause", RW_COLUMN_LONG, "-"},
	};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer found = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_buf_init(&path, 8192);
	(void)rw_buf_append_text(&path, "/v1/reach");
	rw_cli_put_filter(cli, &path, "from");
	rw_cli_put_filter(cli, &path, "to");
	rw_cli_put_filter(cli, &path, "service");
	if (rw_cli_given(cli, "because"))
		(void)rw_buf_append_format(&path, "%cbecause=true", strchr(path.data, '?') ? '&' : '?');
	r = answer(cli, "GET", &path, NULL, reach_locally, &found);
	if (r)
		return r;
	return cli->json ? print_json(&found)
			 : print_items(cli, &found.root, "items", columns, RW_ARRAY_COUNT(columns));
}

static int matrix_locally(struct rw_cli *cli, const struct rw_source *source, struct rw_buf *buf,
			  struct rw_error *err)
{
	return rw_analysis_reach_matrix(source, cli->argument_count ? cli->arguments[0] : NULL, buf, err);
}

/* What a zone is called: a managed group by its cluster, as everywhere, where a server can tell. */
static int name_zone(struct rw_cli *cli, const struct rw_json *zone, char **ret_title)
{
	const struct rw_column id = {"", "id", RW_COLUMN_REFERENCE, NULL};
	const struct rw_column name = {"", "name", RW_COLUMN_TEXT, NULL};
	RW_CLEANUP(rw_buf_done) struct rw_buf title = {0};

	rw_buf_init(&title, 65536);
	rw_cli_append_cell(cli, &title, zone, rw_cli_value(cli, "file") ? &name : &id);
	*ret_title = rw_buf_take_text(&title);
	return *ret_title ? 0 : -ENOMEM;
}

/* The titles of a matrix, owned. */
struct titles {
	char *texts[RW_REACH_ZONES_MAX];
};

static void titles_done(struct titles *titles)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(titles->texts); i++)
		free(titles->texts[i]);
}
RW_DEFINE_DONE(struct titles, titles_done)

/* A column for each zone that reaches anything: its name, and where its word stands. */
static int print_matrix(struct rw_cli *cli, const struct rw_cli_answer *answer)
{
	struct rw_column columns[3 + RW_REACH_ZONES_MAX] = {
		{"CLUSTER", "cluster", RW_COLUMN_TEXT, NULL},
		{"PROTOCOL", "protocol", RW_COLUMN_TEXT, NULL},
		{"PORTS", "ports", RW_COLUMN_PORTS, NULL},
	};
	RW_CLEANUP(titles_done) struct titles titles = {0};
	char paths[RW_REACH_ZONES_MAX][RW_ID_SIZE + 8];
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json zones;
	size_t count = 3;

	if (!rw_json_find(&answer->root, "zones", &zones))
		return RW_EXIT_REFUSED;
	for (size_t i = 0; i < rw_json_count(&zones) && i < RW_REACH_ZONES_MAX; i++) {
		struct rw_json zone = rw_json_at(&zones, i);

		(void)snprintf(paths[i], sizeof(paths[i]), "reach.%s", rw_cli_text(&zone, "id"));
		if (name_zone(cli, &zone, &titles.texts[i]) < 0) {
			(void)rw_error_oom(&err);
			return rw_cli_fail(&err);
		}
		columns[count++] = (struct rw_column){titles.texts[i], paths[i], RW_COLUMN_TEXT, "none"};
	}
	return print_items(cli, &answer->root, "items", columns, count);
}

static int reach_matrix(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer found = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_buf_init(&path, 8192);
	(void)rw_buf_append_text(&path, "/v1/reach/matrix");
	if (cli->argument_count) {
		(void)rw_buf_append_text(&path, "?cluster=");
		rw_cli_append_encoded(&path, cli->arguments[0]);
	}
	r = answer(cli, "GET", &path, NULL, matrix_locally, &found);
	if (r)
		return r;
	return cli->json ? print_json(&found) : print_matrix(cli, &found);
}

/* ---- diff ---- */

static int diff_locally(struct rw_cli *cli, const struct rw_source *before, struct rw_buf *buf,
			struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	bool different;
	int r = rw_cli_read_model(cli->arguments[0], &model, err);

	return r < 0 ? r
		     : rw_analysis_diff(before, &(struct rw_source){.model = model}, buf, &different, err);
}

int rw_cli_print_traffic(struct rw_cli *cli, const struct rw_json *diff)
{
	static const struct rw_column columns[] = {
		{"CHANGE", "change", RW_COLUMN_WORD, NULL},
		{"NODES", "nodes", RW_COLUMN_LONG, NULL},
		{"INTERFACE", "interface", RW_COLUMN_TEXT, NULL},
		{"DIRECTION", "direction", RW_COLUMN_TEXT, "ingress"},
		{"PROTOCOL", "protocol", RW_COLUMN_TEXT, NULL},
		{"PORTS", "ports", RW_COLUMN_PORTS, NULL},
		{"REMOTE", "remotes", RW_COLUMN_LONG, NULL},
		{"EXCEPT", "except", RW_COLUMN_LONG, "-"},
		{"LOCAL", "locals", RW_COLUMN_LONG, "-"},
		{"SOURCE PORTS", "source_ports", RW_COLUMN_PORTS, "-"},
		{"BEFORE", "because.before", RW_COLUMN_TEXT, NULL},
		{"AFTER", "because.after", RW_COLUMN_TEXT, NULL},
	};
	static const struct rw_column notes[] = {
		{"NOTE", "note", RW_COLUMN_TEXT, NULL},
		{"NODE", "node", RW_COLUMN_TEXT, NULL},
		{"INTERFACE", "interface", RW_COLUMN_TEXT, "-"},
	};
	struct rw_json list;
	int r = 0;

	if (rw_json_find(diff, "items", &list) && rw_json_count(&list))
		r = rw_cli_print_table(cli, &list, columns, RW_ARRAY_COUNT(columns));
	if (!r && rw_json_find(diff, "notes", &list) && rw_json_count(&list))
		r = rw_cli_print_table(cli, &list, notes, RW_ARRAY_COUNT(notes));
	return r;
}

/* Asks for the difference between two revisions, or a revision and now. */
static int diff_revisions(struct rw_cli *cli, struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_buf_init(&path, 4096);
	(void)rw_buf_append_text(&path, "/v1/diff");
	rw_cli_put_filter(cli, &path, "from");
	rw_cli_put_filter(cli, &path, "to");
	return rw_cli_call(cli, "GET", path.data, NULL, ret_answer);
}

/* Asks for the difference to a model file. */
static int diff_file(struct rw_cli *cli, struct rw_cli_answer *ret_answer)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_error err = RW_ERROR_NONE;

	rw_buf_init(&path, 4096);
	rw_buf_init(&body, ANSWER_MAX);
	(void)rw_buf_append_text(&path, "/v1/diff");
	if (!rw_cli_value(cli, "file") && rw_file_read(cli->arguments[0], &body, &err) < 0)
		return rw_cli_fail(&err);
	return answer(cli, "POST", &path, &body, diff_locally, ret_answer);
}

static int diff(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer found = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json value;
	bool of_revisions = rw_cli_given(cli, "from");
	bool different = false;
	int r;

	if (of_revisions && (cli->argument_count || rw_cli_given(cli, "file")))
		return rw_cli_usage_error(cli, "diff compares revisions (--from) or a file, not both");
	if (!of_revisions && (!cli->argument_count || rw_cli_given(cli, "to")))
		return rw_cli_usage_error(cli, "diff needs a model file, or --from REVISION [--to REVISION]");
	r = of_revisions ? diff_revisions(cli, &found) : diff_file(cli, &found);
	if (!r)
		r = cli->json ? print_json(&found) : rw_cli_print_traffic(cli, &found.root);
	if (r)
		return r;
	if (!rw_json_find(&found.root, "different", &value) || rw_json_bool(&value, &different, &err) < 0)
		return RW_EXIT_REFUSED;
	if (!different && !cli->json)
		(void)puts("nothing differs");
	return different ? RW_EXIT_DIFFERENT : RW_EXIT_DONE;
}

/* ---- lint ---- */

static int lint_locally(struct rw_cli *cli, const struct rw_source *source, struct rw_buf *buf,
			struct rw_error *err)
{
	return rw_analysis_lint(source, cli->argument_count ? cli->arguments[0] : NULL, NULL, 0, buf, err);
}

static int lint(struct rw_cli *cli)
{
	const struct rw_column columns[] = {
		{"FINDING", "finding", RW_COLUMN_TEXT, NULL},
		{"RULE", "rule", RW_COLUMN_TEXT, NULL},
		group_column(cli),
		{"SAYS", "text", RW_COLUMN_LONG, NULL},
		{"BECAUSE OF", "because", RW_COLUMN_LONG, NULL},
		{"MEND", "mend.action", RW_COLUMN_TEXT, NULL},
		{"TO", "mend.text", RW_COLUMN_LONG, "-"},
		{"PRIORITY", "mend.priority", RW_COLUMN_NUMBER, "-"},
		{"WATCHED S", "watched_s", RW_COLUMN_NUMBER, "-"},
	};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer found = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_buf_init(&path, 8192);
	(void)rw_buf_append_text(&path, "/v1/lint");
	if (cli->argument_count) {
		(void)rw_buf_append_text(&path, "?scope=");
		rw_cli_append_encoded(&path, cli->arguments[0]);
	}
	r = answer(cli, "GET", &path, NULL, lint_locally, &found);
	if (r)
		return r;
	return cli->json ? print_json(&found)
			 : print_items(cli, &found.root, "items", columns, RW_ARRAY_COUNT(columns));
}

/* ---- the commands ---- */

#define FILE_OPTION                                                                                          \
	{                                                                                                    \
		"file", 'f', "MODEL", "ask a model file, without any server"                                 \
	}

static const struct rw_usage_option trace_options[] = {
	{"from", 0, "END", "where the packet comes from: an address or a node"},
	{"to", 0, "END", "where it goes: WHO:PORT/PROTOCOL or WHO/PROTOCOL"},
	{"interface", 0, "NAME", "the node's interface, where the addresses do not tell it"},
	{"drop", 0, "EVENT", "explain a drop event: its JSON, a file with it, or '-'"},
	{"node", 0, "NODE", "the node that the event is of, when it does not say so"},
	FILE_OPTION,
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option reach_options[] = {
	{"from", 0, "WHO",
	 "only from an address, CIDR, group, cluster, node, prefix list, 'any', 'internet', 'internet-4', "
	 "'internet-6' or 'management:CLUSTER'"},
	{"to", 0, "WHO", "only to a node, a cluster or a group"},
	{"service", 0, "SERVICE", "only a service: tcp/22, udp/53, tcp/8000-8100, icmp, protocol/2-5"},
	{"because", 0, NULL, "tell what accepts each line: rules, inner access"},
	FILE_OPTION,
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option file_options[] = {
	FILE_OPTION,
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option diff_options[] = {
	{"from", 0, "REVISION", "compare the model as it was at this revision with now"},
	{"to", 0, "REVISION", "with --from: compare with this revision, and not with now"},
	{"file", 'f', "MODEL", "compare with this model file, and not with what the server has now"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_analyze_commands[] = {
	{"trace", "--from END --to END", "whether a packet passes, and why",
	 "An END is an address or a node, with :PORT and /PROTOCOL (tcp unless said) behind the one that "
	 "the\n"
	 "packet goes to; an IPv6 address with a port stands in brackets.  Between two nodes both decide.\n"
	 "What happened to each rule that matched:\n"
	 "  decided        it is the cause\n"
	 "  priority       a rule with a smaller priority number decided\n"
	 "  drop-wins      at equal priority drop beats accept\n"
	 "  smaller-id     it says the same with the same priority; the smallest id wins\n"
	 "  inner-access   the remote end is a member of a common group\n"
	 "  system         a system rule decided before any rule was asked\n"
	 "\n"
	 "examples:\n"
	 "  ringwall trace --from 203.0.113.9 --to node-1:6379/tcp\n"
	 "  ringwall trace --from node-1 --to node-2/icmp --file model.json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, trace_options, 0, 0, trace},
	{"reach", "", "who can reach what, exactly",
	 "Nodes of which the same holds share a line.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall reach --to demo --service tcp/22  all sources for a port of a cluster\n"
	 "  ringwall reach --from 203.0.113.9          all open ports for a source\n"
	 "  ringwall reach --from internet --because    which rules let the internet in\n"
	 "  ringwall reach --from internet --file model.json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, reach_options, 0, 0, reach},
	{"matrix", "[CLUSTER]", "which services the internet and groups reach",
	 "'all' and 'some' are of the addresses of the zone; what nobody reaches is left out.\n"
	 "\n"
	 "example:\n"
	 "  ringwall matrix demo\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, file_options, 0, 1, reach_matrix},
	{"diff", "[MODEL]", "what traffic opens and closes between two states",
	 "Compares a model file with what the server has now, or with another file; or, with --from, two\n"
	 "revisions of the server ('ringwall log' shows them).  Each line is a box: all of these\n"
	 "remotes, this protocol, these ports, with what decides it before and after; -o json adds a packet\n"
	 "that shows it.  Outside the boxes nothing changes.  The exit code is 5 when anything differs.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall diff proposed.json\n"
	 "  ringwall diff --file now.json proposed.json\n"
	 "  ringwall diff --from 1207                  what opened and closed since\n"
	 "  ringwall diff --from 1207 --to 1210\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, diff_options, 0, 1, diff},
	{"lint", "[WHO]", "rules that decide nothing or contradict others",
	 "Of a group, a cluster, a node's groups, or all.  Findings:\n"
	 "  shadowed        never decides: stronger rules or inner access always do\n"
	 "  redundant       without it every verdict is the same\n"
	 "  duplicate       the same, and a rule of another group says it\n"
	 "  matches-nobody  its object has no address, or its parts contradict each other\n"
	 "  conflict        a drop rule of the same priority takes packets from it\n"
	 "  mergeable       it and others can be one rule\n"
	 "  never-hit       no packet was counted for it in a day or more (server only)\n"
	 "Each mend but that of never-hit rules keeps every verdict; in the JSON, those marked 'together' do "
	 "so\n"
	 "also when all of them are made.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall lint demo\n"
	 "  ringwall lint --file model.json -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, file_options, 0, 1, lint},
	{0},
};
