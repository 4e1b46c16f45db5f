/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "cli/context.h"

static void put_login(struct rw_json_writer *json, const char *name, const struct rw_cli_login *login)
{
	rw_json_key(json, name);
	rw_json_begin_object(json);
	rw_json_put_text(json, "server", login->server);
	if (login->key_file)
		rw_json_put_text(json, "key_file", login->key_file);
	if (login->ca)
		rw_json_put_text(json, "ca", login->ca);
	rw_json_end_object(json);
}

/* Writes all contexts but 'name', then 'login' under that name when given; 'current' is the chosen one. */
static int save(const struct rw_contexts *contexts, const char *name, const struct rw_cli_login *login,
		const char *current, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json_writer json;
	struct rw_json context;
	void *cursor = NULL;
	int r;

	rw_buf_init(&path, PATH_MAX);
	rw_buf_init(&text, 1 << 20);
	rw_json_writer_init(&json, &text, true);
	rw_json_begin_object(&json);
	if (current)
		rw_json_put_text(&json, "current", current);
	rw_json_key(&json, "contexts");
	rw_json_begin_object(&json);
	while (contexts->found && rw_json_next(&contexts->all, &cursor, &context)) {
		RW_CLEANUP(rw_cli_login_done) struct rw_cli_login other = {0};

		if (strcmp(context.key, name) == 0)
			continue;
		r = rw_contexts_find(contexts, context.key, &other, err);
		if (r < 0)
			return r;
		put_login(&json, context.key, &other);
	}
	if (login)
		put_login(&json, name, login);
	rw_json_end_object(&json);
	rw_json_end_object(&json);
	(void)rw_buf_append_text(&text, "\n");
	r = rw_buf_check(&text, err);
	if (r == 0)
		r = rw_contexts_path(&path, err);
	if (r < 0)
		return r;
	*strrchr(path.data, '/') = '\0';
	r = rw_file_make_folder(path.data, 0700, err);
	path.data[strlen(path.data)] = '/';
	return r < 0 ? r : rw_file_write(path.data, text.data, text.size, 0600, err);
}

/* The absolute form, so that the context works from any folder; NULL stays NULL. */
static int absolute(const char *path, char **ret_path, struct rw_error *err)
{
	if (!path)
		return 0;
	*ret_path = realpath(path, NULL);
	if (!*ret_path) {
		int code = -errno;

		return rw_error_set(err, code, "%s: %s", path, strerror(-code));
	}
	return 0;
}

static int add(struct rw_cli *cli)
{
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	RW_CLEANUP(rw_servers_done) struct rw_servers servers = {0};
	const char *server = rw_cli_value(cli, "server");
	struct rw_error err = RW_ERROR_NONE;

	if (!server)
		return rw_cli_usage_error(cli, "a context needs --server");
	if (rw_servers_parse(server, &servers, &err) < 0) {
		(void)rw_cli_fail(&err);
		return RW_EXIT_USAGE;
	}
	login.server = strdup(server);
	if (!login.server || absolute(rw_cli_value(cli, "key-file"), &login.key_file, &err) < 0 ||
	    absolute(rw_cli_value(cli, "ca"), &login.ca, &err) < 0 || rw_contexts_load(&contexts, &err) < 0 ||
	    save(&contexts, cli->arguments[0], &login,
		 contexts.current ? contexts.current : cli->arguments[0], &err) < 0)
		return rw_cli_fail(&err);
	(void)printf("context %s kept\n", cli->arguments[0]);
	return RW_EXIT_DONE;
}

static int use(struct rw_cli *cli)
{
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_contexts_load(&contexts, &err) < 0 ||
	    rw_contexts_find(&contexts, cli->arguments[0], &login, &err) < 0 ||
	    save(&contexts, cli->arguments[0], &login, cli->arguments[0], &err) < 0)
		return rw_cli_fail(&err);
	(void)printf("context %s is used from now on\n", cli->arguments[0]);
	return RW_EXIT_DONE;
}

static int delete_context(struct rw_cli *cli)
{
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_error err = RW_ERROR_NONE;
	const char *current;

	if (rw_contexts_load(&contexts, &err) < 0 ||
	    rw_contexts_find(&contexts, cli->arguments[0], &login, &err) < 0)
		return rw_cli_fail(&err);
	current = contexts.current && strcmp(contexts.current, cli->arguments[0]) != 0 ? contexts.current
										       : NULL;
	if (save(&contexts, cli->arguments[0], NULL, current, &err) < 0)
		return rw_cli_fail(&err);
	(void)printf("context %s forgotten\n", cli->arguments[0]);
	return RW_EXIT_DONE;
}

static int list(struct rw_cli *cli)
{
	static const struct rw_column columns[] = {
		{"NAME", "name", RW_COLUMN_LONG, NULL, 1},
		{"CURRENT", "current", RW_COLUMN_TEXT, NULL},
		{"SERVER", "server", RW_COLUMN_LONG, NULL},
		{"KEY FILE", "key_file", RW_COLUMN_LONG, NULL},
	};
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json_writer json;
	struct rw_json context;
	struct rw_json items;
	void *cursor = NULL;

	rw_buf_init(&text, 1 << 20);
	if (rw_contexts_load(&contexts, &err) < 0)
		return rw_cli_fail(&err);
	rw_json_writer_init(&json, &text, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	while (contexts.found && rw_json_next(&contexts.all, &cursor, &context)) {
		RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};

		if (rw_contexts_find(&contexts, context.key, &login, &err) < 0)
			return rw_cli_fail(&err);
		rw_json_begin_object(&json);
		rw_json_put_text(&json, "name", context.key);
		rw_json_put_bool(&json, "current",
				 contexts.current && strcmp(contexts.current, context.key) == 0);
		rw_json_put_text(&json, "server", login.server);
		if (login.key_file)
			rw_json_put_text(&json, "key_file", login.key_file);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	if (cli->json)
		return rw_cli_print_text(text.data, text.size);
	if (rw_json_parse(text.data, text.size, RW_JSON_BODY_MAX, &document, &err) < 0)
		return rw_cli_fail(&err);
	items = rw_json_root(document);
	if (!rw_json_find(&items, "items", &items))
		return RW_EXIT_DONE;
	return rw_cli_print_table(cli, &items, columns, RW_ARRAY_COUNT(columns));
}

static int completion(struct rw_cli *cli)
{
	if (strcmp(cli->arguments[0], "bash") != 0)
		return rw_cli_usage_error(cli, "completion is there for bash, not for '%s'",
					  cli->arguments[0]);
	rw_usage_print_bash_completion(stdout, rw_cli_program());
	return RW_EXIT_DONE;
}

const struct rw_cli_command rw_cli_context_commands[] = {
	{"context add", "NAME --server URL", "keep a server, key file and authority under a name",
	 "example:\n"
	 "  ringwall context add demo --server https://10.0.0.5:8443 \\\n"
	 "    --key-file key --ca ca.pem\n",
	 RW_CLI_SERVER, NULL, 1, 1, add},
	{"context use", "NAME", "choose the context that is used without --context",
	 "example:\n"
	 "  ringwall context use prod\n",
	 0, NULL, 1, 1, use},
	{"context list", "", "show the kept contexts",
	 "example:\n"
	 "  ringwall context list\n",
	 RW_CLI_OUTPUT, NULL, 0, 0, list},
	{"context delete", "NAME", "forget a context",
	 "example:\n"
	 "  ringwall context delete prod\n",
	 0, NULL, 1, 1, delete_context},
	{"completion", "bash", "print a completion script for the shell",
	 "example:\n  source <(ringwall completion bash)\n", 0, NULL, 1, 1, completion},
	{0},
};
