/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

const struct rw_usage_option rw_cli_token_options[] = {
	{"name", 0, "NAME", "the name the node shall have"},
	{"ttl", 0, "SECONDS", "how long the token is good (3600)"},
	{NULL, 0, NULL, NULL},
};

int rw_cli_send_path(struct rw_cli *cli, const char *method, const struct rw_buf *path,
		     const struct rw_buf *body, const char *what)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (rw_buf_check(path, &err) < 0)
		return rw_cli_fail(&err);
	r = rw_cli_change(cli, method, path->data, body, &answer);
	return r ? r : rw_cli_report_change(cli, &answer, what);
}

int rw_cli_send(struct rw_cli *cli, const char *method, const char *collection, const char *reference,
		const struct rw_buf *body, const char *what)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};

	rw_cli_path(&path, collection, reference, NULL);
	return rw_cli_send_path(cli, method, &path, body, what);
}

int rw_cli_show(struct rw_cli *cli, const char *collection, const struct rw_column *columns, size_t count)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	int r;

	rw_cli_path(&path, collection, cli->arguments[0], NULL);
	r = rw_cli_call(cli, "GET", path.data, NULL, &answer);
	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	return rw_cli_print_record(cli, &answer.root, columns, count);
}

int rw_cli_make_token(struct rw_cli *cli, const char *target)
{
	static const struct rw_column columns[] = {
		{"token", "token", RW_COLUMN_TEXT, NULL},
		{"expires", "expires", RW_COLUMN_TIME, NULL},
		{"CA fingerprint", "ca_fingerprint", RW_COLUMN_TEXT, NULL},
		{"run on the node", "command", RW_COLUMN_TEXT, NULL},
	};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	struct rw_json_writer json;
	int64_t ttl;
	int r;

	if (rw_cli_number(cli, "ttl", 3600, &ttl))
		return RW_EXIT_USAGE;
	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, target, cli->arguments[0]);
	rw_cli_put_value(cli, &json, "name", "name");
	rw_json_put_integer(&json, "ttl_s", ttl);
	rw_json_end_object(&json);
	r = rw_cli_call(cli, "POST", "/v1/join-tokens", &body, &answer);
	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	return rw_cli_print_record(cli, &answer.root, columns, RW_ARRAY_COUNT(columns));
}
