/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "classify/lookup.h"
#include "wire/evaluate.h"

/* A node that queries have asked for: its policy, compiled, for all further queries. */
struct prepared {
	struct rw_policy *policy;
	struct rw_classify_table *table;
	struct rw_classify_memory memory; /* holds the table */
};

struct evaluation {
	struct rw_model *model;
	struct rw_policy_cache *cache;
	struct rw_map by_node; /* node reference -> struct prepared *, owned */
	struct rw_buf out;
	uint64_t line;
	bool by_reference; /* the plain evaluator decides, not compiled tables */
	bool had_errors;
};

static void free_prepared(void *value)
{
	struct prepared *prepared = value;

	rw_classify_table_free(prepared->table);
	rw_classify_memory_done(&prepared->memory);
	rw_policy_unref(prepared->policy);
	free(prepared);
}

/* The node's policy, derived and compiled at its first query; NULL after a failure. */
static const struct prepared *prepare(struct evaluation *evaluation, const char *reference,
				      struct rw_error *err)
{
	const struct rw_policy_surroundings surroundings = {0};
	struct prepared *prepared = rw_map_find(&evaluation->by_node, reference);
	const struct rw_node *node;
	int r;

	if (prepared)
		return prepared;
	node = rw_model_find_node(evaluation->model, reference);
	if (!node) {
		(void)rw_error_field(err, "node", "there is no node '%s' in the model", reference);
		return NULL;
	}
	prepared = calloc(1, sizeof(*prepared));
	if (!prepared) {
		(void)rw_error_oom(err);
		return NULL;
	}
	rw_classify_memory_init(&prepared->memory);
	r = rw_policy_derive(evaluation->model, node->id, &surroundings, evaluation->cache, &prepared->policy,
			     err);
	if (r == 0)
		r = rw_classify_compile(prepared->policy, NULL, NULL, &prepared->memory, &prepared->table,
					err);
	if (r == 0)
		r = rw_map_set(&evaluation->by_node, reference, prepared);
	if (r < 0) {
		free_prepared(prepared);
		return NULL;
	}
	return prepared;
}

static int find_interface(const struct rw_policy *policy, const struct rw_query *query, struct rw_error *err)
{
	int interface;

	if (!query->interface[0]) {
		if (policy->interface_count == 1)
			return 0;
		return rw_error_field(err, "interface", "the node has %zu interfaces: say which",
				      policy->interface_count);
	}
	interface = rw_policy_find_interface(policy, query->interface);
	if (interface < 0)
		return rw_error_field(err, "interface", "node '%s' has no interface '%s'", query->node,
				      query->interface);
	return interface;
}

static void answer_line(struct evaluation *evaluation, const char *line, size_t size)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_decision decision;
	const struct prepared *prepared;
	struct rw_query query;
	int interface;

	evaluation->line++;
	if (rw_query_decode(line, size, &query, &err) < 0)
		goto failed;
	prepared = prepare(evaluation, query.node, &err);
	if (!prepared)
		goto failed;
	interface = find_interface(prepared->policy, &query, &err);
	if (interface < 0)
		goto failed;
	decision = evaluation->by_reference
			   ? rw_evaluate(prepared->policy, (size_t)interface, &query.packet)
			   : rw_classify_decide(prepared->table, (size_t)interface, &query.packet);
	rw_answer_encode(&evaluation->out, &decision);
	return;
failed:
	rw_answer_encode_error(&evaluation->out, &err, evaluation->line);
	evaluation->had_errors = true;
}

/* Reads lines of any length up to the limit of a query; what is longer is one bad line. */
static int answer_all(struct evaluation *evaluation, FILE *queries)
{
	RW_CLEANUP(rw_free) char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while ((length = getline(&line, &capacity, queries)) >= 0) {
		if (length && line[length - 1] == '\n')
			length--;
		answer_line(evaluation, line, (size_t)length);
		if (evaluation->out.size > 60000) {
			if (fwrite(evaluation->out.data, 1, evaluation->out.size, stdout) !=
			    evaluation->out.size)
				return -EIO;
			rw_buf_clear(&evaluation->out);
		}
	}
	return ferror(queries) ? -EIO : 0;
}

static int evaluate(struct rw_cli *cli)
{
	struct evaluation evaluation = {0};
	const char *model_path = rw_cli_value(cli, "file");
	const char *query_path = rw_cli_value(cli, "queries");
	struct rw_error err = RW_ERROR_NONE;
	FILE *queries = stdin;
	int r;

	if (!model_path)
		return rw_cli_usage_error(cli, "evaluate needs --file MODEL");
	if (query_path && strcmp(query_path, "-") != 0)
		queries = fopen(query_path, "re");
	if (!queries) {
		(void)rw_error_set(&err, -errno, "%s: %s", query_path, strerror(errno));
		return rw_cli_fail(&err);
	}
	if (queries == stdin && isatty(STDIN_FILENO))
		(void)fputs("reading queries from the terminal, one JSON object a line; Ctrl-D ends\n",
			    stderr);
	evaluation.by_reference = rw_cli_given(cli, "reference");
	rw_map_init(&evaluation.by_node, 0, free_prepared);
	rw_buf_init(&evaluation.out, 1 << 20);
	r = rw_cli_read_model(model_path, &evaluation.model, &err);
	if (r == 0) {
		evaluation.cache = rw_policy_cache_new();
		r = answer_all(&evaluation, queries);
		if (r < 0)
			(void)rw_error_set(&err, r, "the queries or answers could not be read or written");
	}
	if (r == 0)
		r = rw_cli_print_text(evaluation.out.data, evaluation.out.size);
	else
		r = rw_cli_fail(&err);
	if (queries != stdin)
		(void)fclose(queries);
	rw_buf_done(&evaluation.out);
	rw_map_done(&evaluation.by_node);
	rw_policy_cache_free(evaluation.cache);
	rw_model_free(evaluation.model);
	return r == 0 && evaluation.had_errors ? RW_EXIT_REFUSED : r;
}

static const struct rw_usage_option evaluate_options[] = {
	{"file", 'f', "MODEL", "the model file"},
	{"queries", 'q', "FILE", "one JSON query a line ('-', the default, is standard input)"},
	{"reference", 0, NULL, "decide by the reference evaluator, rule by rule (slow): to check the tables"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_evaluate_commands[] = {
	{"evaluate", "--file MODEL", "decide packets under a model file, without any server",
	 "Each line is a query such as\n"
	 "  {\"node\":\"n1\",\"interface\":\"eth0\",\"direction\":\"ingress\",\"protocol\":\"tcp\",\n"
	 "   \"remote\":\"203.0.113.9\",\"remote_port\":4000,\"local\":\"10.0.0.5\",\"local_port\":22}\n"
	 "and gets one line of answer: {\"verdict\":\"accept\",\"cause\":\"sgr-...\"}.  A bad line gets\n"
	 "{\"error\":...,\"line\":N}, the run goes on, and the exit code is 1.\n"
	 "\n"
	 "example:\n"
	 "  ringwall evaluate --file model.json --queries queries.jsonl\n",
	 0, evaluate_options, 0, 0, evaluate},
	{0},
};
