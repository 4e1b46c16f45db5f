/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "net/address.h"
#include "wire/promises.h"

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},
	{"POLICY", "policy", RW_COLUMN_WORD, NULL},
	{"FROM", "from.*", RW_COLUMN_REFERENCE, NULL},
	{"TO", "to.*", RW_COLUMN_REFERENCE, NULL},
	{"PROTOCOL", "protocol", RW_COLUMN_TEXT, NULL},
	{"PORTS", "ports", RW_COLUMN_PORTS, NULL},
	{"REASON", "reason", RW_COLUMN_LONG, NULL},
};

static const struct rw_column check_columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},         {"STATE", "state", RW_COLUMN_WORD, NULL},
	{"POLICY", "policy", RW_COLUMN_TEXT, NULL}, {"NODE", "node_name", RW_COLUMN_TEXT, "-"},
	{"CAUSE", "cause", RW_COLUMN_TEXT, "-"},    {"WITNESS", "witness.remote", RW_COLUMN_TEXT, "-"},
	{"REASON", "reason", RW_COLUMN_LONG, NULL},
};

/* "group:web", "prefix-list:office", a CIDR, or a bare name, which is a group's or a cluster's, as in "reach --to demo". */
static void put_object(struct rw_json_writer *json, const char *key, const char *text)
{
	static const struct {
		const char *prefix, *key;
	} kinds[] = {{"group:", "group"}, {"prefix-list:", "prefix_list"}};
	struct rw_prefix prefix;
	bool is_cidr;

	rw_json_key(json, key);
	rw_json_begin_object(json);
	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++) {
		if (strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
			continue;
		rw_json_put_text(json, kinds[i].key, text + strlen(kinds[i].prefix));
		rw_json_end_object(json);
		return;
	}
	is_cidr = strpbrk(text, "/:") || rw_prefix_parse(text, &prefix, NULL) == 0;
	rw_json_put_text(json, is_cidr ? "cidr" : "group", text);
	rw_json_end_object(json);
}

/* "443" or "8000-8100" as the API's "443/443" or "8000/8100". */
static void put_ports(struct rw_json_writer *json, const char *text)
{
	size_t first = strcspn(text, "-/");
	const char *last = text[first] ? text + first + 1 : text;
	char ports[64];

	(void)snprintf(ports, sizeof(ports), "%.*s/%.20s", first > 20 ? 20 : (int)first, text, last);
	rw_json_put_text(json, "ports", strcmp(text, "-1/-1") == 0 ? text : ports);
}

static int add(struct rw_cli *cli)
{
	static const char *const needed[] = {"network", "from", "to"};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;

	for (size_t i = 0; i < RW_ARRAY_COUNT(needed); i++)
		if (!rw_cli_given(cli, needed[i]))
			return rw_cli_usage_error(cli, "--%s is missing", needed[i]);
	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_cli_put_value(cli, &json, "network", "network");
	rw_json_put_text(&json, "policy", cli->arguments[0]);
	put_object(&json, "from", rw_cli_value(cli, "from"));
	put_object(&json, "to", rw_cli_value(cli, "to"));
	rw_json_put_text(&json, "protocol", cli->arguments[1]);
	if (cli->argument_count > 2)
		put_ports(&json, cli->arguments[2]);
	rw_cli_put_value(cli, &json, "reason", "reason");
	rw_json_end_object(&json);
	return rw_cli_send(cli, "POST", "promises", NULL, &body, "promise added");
}

static int list(struct rw_cli *cli)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, "promises", NULL, NULL);
	rw_cli_put_filter(cli, &path, "network");
	return rw_cli_print_collection(cli, path.data, columns, RW_ARRAY_COUNT(columns));
}

static int delete_promise(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "promises", cli->arguments[0], NULL, "promise deleted");
}

/* ---- check ---- */

/* RW_EXIT_DIFFERENT when one is broken. */
static int print_answer(struct rw_cli *cli, const struct rw_json *root, const char *text, size_t size)
{
	struct rw_json promises, broken;
	int64_t count = 0;
	int r;

	if (!rw_json_find(root, "promises", &promises) || !rw_json_find(root, "broken", &broken) ||
	    rw_json_integer(&broken, 0, INT64_MAX, &count, NULL) < 0)
		return RW_EXIT_REFUSED;
	r = cli->json ? rw_cli_print_text(text, size)
		      : rw_cli_print_table(cli, &promises, check_columns, RW_ARRAY_COUNT(check_columns));
	return r ? r : count > 0 ? RW_EXIT_DIFFERENT : RW_EXIT_DONE;
}

static int find_network(const struct rw_cli *cli, const struct rw_model *model, const char **ret_id,
			struct rw_error *err)
{
	const char *reference = rw_cli_value(cli, "network");
	const struct rw_network *network = reference ? rw_model_find_network(model, reference) : NULL;

	if (reference && !network)
		return rw_error_field(err, "--network", "there is no network '%s' in the model", reference);
	*ret_id = network ? network->id : NULL;
	return 0;
}

static int check_offline(struct rw_cli *cli)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf answer = {0};
	struct rw_error err = RW_ERROR_NONE;
	const char *network = NULL;
	struct rw_json root;
	int r = rw_cli_read_model(rw_cli_value(cli, "file"), &model, &err);

	rw_buf_init(&answer, 64u << 20);
	if (r == 0)
		r = find_network(cli, model, &network, &err);
	if (r == 0)
		r = rw_promises_check(&answer, model, network, &err);
	if (r == 0)
		r = rw_json_parse(answer.data, answer.size, answer.size, &document, &err);
	if (r < 0)
		return rw_cli_fail(&err);
	root = rw_json_root(document);
	return print_answer(cli, &root, answer.data, answer.size);
}

static int check(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	if (rw_cli_given(cli, "file"))
		return check_offline(cli);
	rw_buf_init(&path, 4096);
	(void)rw_buf_append_text(&path, "/v1/promises/check");
	rw_cli_put_filter(cli, &path, "network");
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	return r ? r : print_answer(cli, &answer.root, answer.text, answer.size);
}

static const struct rw_usage_option add_options[] = {
	{"network", 0, "NETWORK", "the network in which it holds"},
	{"from", 0, "OBJECT", "who opens: a CIDR (0.0.0.0/0), GROUP or prefix-list:NAME"},
	{"to", 0, "OBJECT", "to whom: a CIDR, GROUP or prefix-list:NAME"},
	{"reason", 0, "TEXT", "why it must be so"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option list_options[] = {
	{"network", 0, "NETWORK", "only the promises of this network"},
	{NULL, 0, NULL, NULL},
};

static const struct rw_usage_option check_options[] = {
	{"network", 0, "NETWORK", "only the promises of this network"},
	{"file", 'f', "MODEL", "check a model file, without any server"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_promise_commands[] = {
	{"promise add", "accept|deny PROTOCOL [PORTS]",
	 "promise that some traffic is always accepted, or never",
	 "Every change that would break a promise is refused, unless it is forced by --force promise:ID.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall promise add accept tcp 5432 --network prod \\\n"
	 "    --from web --to db --reason 'the shop needs its database'\n"
	 "  ringwall promise add deny tcp 5432 --network prod \\\n"
	 "    --from 0.0.0.0/0 --to 10.0.9.0/24 --reason 'audit 2027, 4.1'\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, add_options, 2, 3, add},
	{"promise list", "", "show all promises",
	 "example:\n"
	 "  ringwall promise list --network prod\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, list_options, 0, 0, list},
	{"promise delete", "PROMISE", "forget a promise",
	 "example:\n"
	 "  ringwall promise delete pr-4e12a0c37b6d9f58\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, NULL, 1, 1, delete_promise},
	{"promise check", "", "tell which promises are kept, and a packet that breaks those that are not",
	 "Exit code 5 when one is broken.  A promise that speaks of no node is idle.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall promise check\n"
	 "  ringwall promise check --file model.json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, check_options, 0, 0, check},
	{0},
};
