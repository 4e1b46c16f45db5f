/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "convert/convert.h"
#include "wire/model_file.h"

#define ADDRESSES_MAX 64

/* Files read whole, as long as the conversion needs them. */
struct inputs {
	struct rw_convert_input at[RW_CONVERT_INPUTS_MAX];
	struct rw_buf texts[RW_CONVERT_INPUTS_MAX];
	size_t count;
};

static struct inputs *inputs_free(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		rw_buf_done(&inputs->texts[i]);
	free(inputs);
	return NULL;
}
RW_DEFINE_CLEANUP(struct inputs *, inputs_free)

/* The arguments behind the format; "-" is standard input. */
static int read_inputs(const struct rw_cli *cli, struct inputs *inputs, struct rw_error *err)
{
	for (unsigned int i = 1; i < cli->argument_count; i++) {
		const char *path = cli->arguments[i];
		struct rw_buf *text = &inputs->texts[inputs->count];
		int r;

		rw_buf_init(text, RW_CONVERT_INPUT_MAX);
		inputs->count++;
		r = rw_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, text, err);
		if (r < 0)
			return r;
		inputs->at[i - 1] = (struct rw_convert_input){path, text->data, text->size};
	}
	return 0;
}

static int read_addresses(const struct rw_cli *cli, struct rw_address addresses[ADDRESSES_MAX],
			  size_t *ret_count, struct rw_error *err)
{
	unsigned int cursor = 0;
	const char *text;

	*ret_count = 0;
	while (rw_cli_next_value(cli, "address", &cursor, &text)) {
		if (*ret_count == ADDRESSES_MAX)
			return rw_error_set(err, -E2BIG, "--address: more than %d", ADDRESSES_MAX);
		if (rw_address_parse(text, &addresses[*ret_count], err) < 0)
			return rw_error_wrap(err, "--address %s", text);
		(*ret_count)++;
	}
	return 0;
}

/* "left out: ufw.txt:12: 22/tcp ALLOW FWD: it is about routed packets". */
static void print_notes(const struct rw_conversion *conversion)
{
	for (size_t i = 0; i < conversion->notes.count; i++) {
		const struct rw_note *note = rw_vec_at(&conversion->notes, i);

		(void)fprintf(stderr, "%s: %s", note->left_out ? "left out" : "note", note->file);
		if (note->line)
			(void)fprintf(stderr, ":%u", note->line);
		(void)fprintf(stderr, ": %s: %s\n", note->what, note->reason);
	}
	if (conversion->left_out)
		(void)fprintf(stderr, "%zu left out: the model says less than the input\n",
			      conversion->left_out);
}

/* {"model":{...},"notes":[{"left_out":true,"file":...,"line":...,"what":...,"reason":...}]} */
static void wrap_json(struct rw_buf *out, const struct rw_buf *model, const struct rw_conversion *conversion)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, out, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "model");
	rw_json_write_raw(&json, model->data, model->size);
	rw_json_key(&json, "notes");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < conversion->notes.count; i++) {
		const struct rw_note *note = rw_vec_at(&conversion->notes, i);

		rw_json_begin_object(&json);
		rw_json_put_bool(&json, "left_out", note->left_out);
		rw_json_put_text(&json, "file", note->file);
		if (note->line)
			rw_json_put_integer(&json, "line", note->line);
		rw_json_put_text(&json, "what", note->what);
		rw_json_put_text(&json, "reason", note->reason);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
}

static int print_conversion(const struct rw_cli *cli, const struct rw_conversion *conversion)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf model = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf wrapped = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_buf_init(&model, 256u << 20);
	rw_buf_init(&wrapped, 320u << 20);
	r = rw_model_file_encode(&model, conversion->model, &err);
	if (r == 0 && cli->json) {
		wrap_json(&wrapped, &model, conversion);
		r = rw_buf_check(&wrapped, &err);
	}
	if (r < 0)
		return rw_cli_fail(&err);
	r = cli->json ? rw_cli_print_text(wrapped.data, wrapped.size)
		      : rw_cli_print_text(model.data, model.size);
	if (r == 0 && !cli->json)
		print_notes(conversion);
	return r ? r : conversion->left_out ? RW_EXIT_PENDING : RW_EXIT_DONE;
}

static int convert(struct rw_cli *cli)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {0};
	RW_CLEANUP(inputs_free) struct inputs *inputs = NULL;
	struct rw_address addresses[ADDRESSES_MAX];
	struct rw_convert_options options = {.node = rw_cli_value(cli, "node"), .addresses = addresses};
	int format = rw_convert_format_find(cli->arguments[0]);
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (format < 0)
		return rw_cli_usage_error(cli, "there is no format '%s': alibaba, aws, iptables or ufw",
					  cli->arguments[0]);
	inputs = calloc(1, sizeof(*inputs));
	r = inputs ? read_inputs(cli, inputs, &err) : rw_error_oom(&err);
	if (r == 0)
		r = read_addresses(cli, addresses, &options.address_count, &err);
	if (r == 0)
		r = rw_convert((enum rw_convert_format)format, inputs->at, inputs->count, &options,
			       &conversion, &err);
	return r < 0 ? rw_cli_fail(&err) : print_conversion(cli, &conversion);
}

static const struct rw_usage_option convert_options[] = {
	{"node", 0, "NAME", "iptables, ufw: name of the node that the files are about (node)"},
	{"address", 0, "ADDRESS", "iptables, ufw: an address of that node; may be repeated"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_convert_commands[] = {
	{"convert", "FORMAT FILE...", "write a model file from what another system says",
	 "FORMAT is\n"
	 "  alibaba   JSON of aliyun-cli: DescribeVpcs, DescribeSecurityGroups,\n"
	 "            DescribeSecurityGroupAttribute, DescribeInstances,\n"
	 "            DescribePrefixListAttributes, DescribeClusterDetail,\n"
	 "            DescribeLoadBalancerAttribute, DescribeLoadBalancerListeners;\n"
	 "            one or more a file\n"
	 "  aws       JSON of aws ec2 describe-vpcs, describe-security-groups,\n"
	 "            describe-instances\n"
	 "  iptables  iptables-save and ip6tables-save of one node\n"
	 "  ufw       'ufw status verbose', or user.rules and user6.rules, of one node\n"
	 "What has no counterpart is listed with its line and reason, and the exit code is 3; rules\n"
	 "that stood behind it in an ordered list are marked 'uncertain' in their description.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall convert alibaba vpcs.json groups.json instances.json >model.json\n"
	 "  iptables-save | ringwall convert iptables - --node web-1 >model.json\n",
	 RW_CLI_OUTPUT, convert_options, 2, RW_CONVERT_INPUTS_MAX + 1, convert},
	{0},
};
