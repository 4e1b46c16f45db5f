/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

static const struct rw_column columns[] = {
	{"ID", "id", RW_COLUMN_TEXT, NULL},          {"NAME", "name", RW_COLUMN_LONG, NULL, 1},
	{"ROLE", "role", RW_COLUMN_TEXT, NULL},      {"CREATED", "created", RW_COLUMN_TIME, NULL},
	{"EXPIRES", "expires", RW_COLUMN_TIME, "-"}, {"LAST USE", "last_use", RW_COLUMN_TIME, NULL},
};

static const struct rw_column made[] = {
	{"id", "id", RW_COLUMN_TEXT, NULL},
	{"role", "role", RW_COLUMN_TEXT, NULL},
	{"key", "key", RW_COLUMN_TEXT, NULL},
};

/* Before the key is made: a file that is there may hold another key. */
static int check_free(const char *path)
{
	struct rw_error err = RW_ERROR_NONE;

	if (access(path, F_OK) != 0)
		return 0;
	(void)rw_error_set(&err, -EEXIST, "%s exists", path);
	(void)rw_error_hint(&err, "Name a new file: the one that is there may hold a key.");
	return rw_cli_fail(&err);
}

static int save(const struct rw_cli_answer *answer, const char *path)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;

	rw_buf_init(&text, 4096);
	(void)rw_buf_append_format(&text, "%s\n", rw_cli_text(&answer->root, "key"));
	if (rw_file_write(path, text.data, text.size, 0600, &err) < 0) {
		(void)rw_error_hint(&err, "Key %s is made all the same: revoke it and make another.",
				    rw_cli_text(&answer->root, "id"));
		return rw_cli_fail(&err);
	}
	(void)printf("key %s saved to %s\n", rw_cli_text(&answer->root, "id"), path);
	return rw_cli_print_text("", 0);
}

static int create(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body = {0};
	const char *file = rw_cli_value(cli, "save");
	struct rw_json_writer json;
	int r;

	if (file && check_free(file))
		return RW_EXIT_REFUSED;
	rw_buf_init(&body, 65536);
	rw_json_writer_init(&json, &body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", cli->arguments[0]);
	rw_cli_put_value(cli, &json, "role", "role");
	rw_cli_put_value(cli, &json, "expires", "expires");
	rw_json_end_object(&json);
	r = rw_cli_call(cli, "POST", "/v1/keys", &body, &answer);
	if (r)
		return r;
	if (file)
		return save(&answer, file);
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	r = rw_cli_print_record(cli, &answer.root, made, RW_ARRAY_COUNT(made));
	(void)fputs("The key is shown this once; keep it in a file that only you can read.\n", stderr);
	return r;
}

static int list(struct rw_cli *cli)
{
	return rw_cli_print_collection(cli, "/v1/keys", columns, RW_ARRAY_COUNT(columns));
}

static int whoami(struct rw_cli *cli)
{
	static const struct rw_column self[] = {
		{"id", "id", RW_COLUMN_TEXT, NULL},
		{"name", "name", RW_COLUMN_TEXT, NULL},
		{"role", "role", RW_COLUMN_TEXT, NULL},
		{"address", "address", RW_COLUMN_TEXT, NULL},
	};
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = rw_cli_call(cli, "GET", "/v1/whoami", NULL, &answer);

	if (r)
		return r;
	return cli->json ? rw_cli_print_text(answer.text, answer.size)
			 : rw_cli_print_record(cli, &answer.root, self, RW_ARRAY_COUNT(self));
}

/* The link alone on stdout, for a browser's command line; what must be known of it beside that. */
static int make_link(struct rw_cli *cli)
{
	RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
	int r = rw_cli_call(cli, "POST", "/v1/console-links", NULL, &answer);

	if (r)
		return r;
	if (cli->json)
		return rw_cli_print_text(answer.text, answer.size);
	(void)printf("%s\n", rw_cli_text(&answer.root, "url"));
	(void)fprintf(stderr, "The link signs in once, until %s; keep it to yourself.\n",
		      rw_cli_text(&answer.root, "expires"));
	return rw_cli_print_text("", 0);
}

static int revoke_key(struct rw_cli *cli)
{
	return rw_cli_send(cli, "DELETE", "keys", cli->arguments[0], NULL, "key revoked");
}

static const struct rw_usage_option create_options[] = {
	{"role", 0, "ROLE", "admin, operator or viewer (default)"},
	{"expires", 0, "TIME", "when it ends, as 2027-01-31T00:00:00Z"},
	{"save", 0, "FILE", "write the key to a new file for you alone (0600) instead of showing it"},
	{NULL, 0, NULL, NULL},
};

const struct rw_cli_command rw_cli_key_commands[] = {
	{"key create", "NAME", "make an API key; it is shown once",
	 "example:\n  ringwall key create ci --role operator \\\n"
	 "    --expires 2027-01-31T00:00:00Z --save ci.key\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, create_options, 1, 1, create},
	{"key list", "", "show all keys, without their secrets",
	 "example:\n"
	 "  ringwall key list\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, list},
	{"key revoke", "ID", "refuse a key from now on",
	 "example:\n"
	 "  ringwall key revoke k-0123456789abcdef\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 1, 1, revoke_key},
	{"console", "", "print a link that signs a browser in to the console",
	 "The link works once, within five minutes, with the rights of the key in use.\n"
	 "\n"
	 "examples:\n"
	 "  ringwall console\n"
	 "  ringwall console -o json\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, make_link},
	{"whoami", "", "show the key in use, its role and the address the server sees",
	 "example:\n"
	 "  ringwall whoami\n",
	 RW_CLI_SERVER | RW_CLI_OUTPUT, NULL, 0, 0, whoami},
	{0},
};
