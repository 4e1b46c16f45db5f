/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"

#define FILE_MAX (64u << 20)

static int export_model(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = rw_cli_call(cli, "GET", "/v1/model", NULL, &answer);

	return r ? r : rw_cli_print_text(answer.text, answer.size);
}

static int read_input(const char *path, struct rw_buf *text)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, text, &err) < 0)
		return rw_cli_fail(&err);
	return 0;
}

static int import_model(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	int r;

	rw_buf_init(&text, FILE_MAX);
	r = read_input(cli->arguments[0], &text);
	if (r)
		return r;
	r = rw_cli_call(cli, "POST", "/v1/model", &text, &answer);
	if (r)
		return r;
	return rw_cli_report_change(cli, &answer, "model imported");
}

size_t rw_cli_print_differences(const struct rw_cli *cli, const struct rw_json *answer)
{
	struct rw_json list;
	size_t count;

	if (!rw_json_find(answer, "diff", &list))
		return 0;
	count = rw_json_count(&list);
	for (size_t i = 0; !cli->json && i < count; i++) {
		struct rw_json item = rw_json_at(&list, i);
		const char *sign = rw_cli_text(&item, "change");

		rw_cli_print_coloured(cli, strcmp(sign, "add") == 0 ? "32" : "31",
				      strcmp(sign, "add") == 0 ? "+ " : "- ");
		(void)printf("%s: %s\n", rw_cli_text(&item, "target"), rw_cli_text(&item, "rule"));
	}
	return count;
}

static int apply(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	const char *file = rw_cli_value(cli, "file");
	size_t differences;
	int r;

	if (!file)
		return rw_cli_usage_error(cli, "apply needs --file FILE ('-' is standard input)");
	rw_buf_init(&text, FILE_MAX);
	r = read_input(file, &text);
	if (r)
		return r;
	r = rw_cli_change(cli, "POST", "/v1/apply", &text, &answer);
	if (r)
		return r;
	differences = rw_cli_print_differences(cli, &answer.root);
	if (rw_cli_given(cli, "dry-run")) {
		r = cli->json ? rw_cli_print_text(answer.text, answer.size)
			      : rw_cli_print_dry_run(cli, &answer.root);
		if (r)
			return r;
		if (differences == 0 && !cli->json)
			return rw_cli_print_text("nothing would change", 20);
		return differences ? RW_EXIT_DIFFERENT : RW_EXIT_DONE;
	}
	return rw_cli_report_change(cli, &answer, "applied");
}

static const struct rw_usage_option apply_options[] = {
	{"file", 'f', "FILE", "what the rules shall be; '-' is standard input"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_model_commands[] = {
	{"export", "", "write the whole model as JSON", "example:\n  ringwall export >model.json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, export_model},
	{"import", "FILE", "fill an empty controller from a model file, ids kept",
	 "example:\n"
	 "  ringwall import model.json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, import_model},
	{"apply", "-f FILE", "make the rules of clusters and groups equal to a file",
	 "The file is a model file, or a few lines:\n"
	 "  cluster: demo\n"
	 "  - allow tcp 443 from any\n"
	 "  - allow icmp from any\n"
	 "Rules are matched by meaning, so applying it again changes nothing.  With --dry-run only the\n"
	 "difference is shown, with the traffic that would open and close, and the exit code is 5 when "
	 "there\n"
	 "is one.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall apply -f rules.txt --dry-run\n"
	 "  ringwall apply -f rules.txt --wait\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT | RW_CLI_CHANGE, apply_options, 0, 0, apply},
	{0},
};
