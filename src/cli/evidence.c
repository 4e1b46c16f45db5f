/* SPDX-License-Identifier: Apache-2.0 */

/* What was seen on nodes, from files: for commands that work on a model file. */

#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "convert/seen.h"

/* "FILE" for the only node of the model, or "NODE=FILE". */
static int read_listening(const struct rw_model *model, struct rw_evidence *evidence, const char *value,
			  struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	const char *equals = strchr(value, '=');
	const char *path = equals ? equals + 1 : value;
	struct rw_convert_input input = {.name = path};
	const struct rw_node *node = NULL;
	char name[128];
	int r;

	if (equals) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - value), value);
		node = rw_model_find_node(model, name);
		if (!node)
			return rw_error_field(err, "--listening", "there is no node '%s' in the model", name);
	} else if (rw_model_count(model, RW_KIND_NODE) == 1) {
		node = rw_model_at(model, RW_KIND_NODE, 0);
	} else {
		return rw_error_field(err, "--listening", "the model has %zu nodes: say NODE=FILE",
				      rw_model_count(model, RW_KIND_NODE));
	}
	rw_buf_init(&text, RW_CONVERT_INPUT_MAX);
	r = rw_file_read(path, &text, err);
	if (r < 0)
		return r;
	input.text = text.data;
	input.size = text.size;
	return rw_convert_listening(&input, node->id, evidence, err);
}

static int read_flows(const struct rw_model *model, struct rw_evidence *evidence, const char *path,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_convert_input input = {.name = path};
	size_t strangers = 0;
	int r;

	rw_buf_init(&text, RW_CONVERT_INPUT_MAX);
	r = rw_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &text, err);
	if (r < 0)
		return r;
	input.text = text.data;
	input.size = text.size;
	r = rw_convert_flow_log(&input, model, evidence, &strangers, err);
	if (r == 0 && strangers)
		(void)fprintf(stderr, "%s: %zu records are about no node of the model\n", path, strangers);
	return r;
}

int rw_cli_read_evidence(const struct rw_cli *cli, const struct rw_model *model, struct rw_evidence *evidence,
			 struct rw_error *err)
{
	unsigned int cursor = 0;
	const char *value;
	int r = 0;

	while (r == 0 && rw_cli_next_value(cli, "listening", &cursor, &value))
		r = read_listening(model, evidence, value, err);
	cursor = 0;
	while (r == 0 && rw_cli_next_value(cli, "flows", &cursor, &value))
		r = read_flows(model, evidence, value, err);
	return r;
}
