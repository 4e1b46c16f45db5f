/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "cli/context.h"
#include "wire/json.h"

void rw_cli_login_done(struct rw_cli_login *login)
{
	free(login->server);
	free(login->key_file);
	free(login->ca);
	*login = (struct rw_cli_login){0};
}

static const struct rw_json_field login_fields[] = {
	RW_JSON_FIELD("server", struct rw_cli_login, server, rw_json_decode_text, .required = true),
	RW_JSON_FIELD("key_file", struct rw_cli_login, key_file, rw_json_decode_text, .max = 4096),
	RW_JSON_FIELD("ca", struct rw_cli_login, ca, rw_json_decode_text, .max = 4096),
};

int rw_contexts_path(struct rw_buf *path, struct rw_error *err)
{
	const char *configuration = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (configuration && configuration[0])
		(void)rw_buf_append_format(path, "%s/ringwall/contexts.json", configuration);
	else if (home && home[0])
		(void)rw_buf_append_format(path, "%s/.config/ringwall/contexts.json", home);
	else
		return rw_error_set(err, -ENOENT,
				    "neither XDG_CONFIG_HOME nor HOME is set: no place for contexts");
	return rw_buf_check(path, err);
}

int rw_contexts_load(struct rw_contexts *contexts, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf path = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json current;
	struct rw_error ignored;
	int r;

	*contexts = (struct rw_contexts){0};
	rw_buf_init(&path, 4096);
	rw_buf_init(&text, 1 << 20);
	r = rw_contexts_path(&path, err);
	if (r < 0)
		return r;
	r = rw_file_read(path.data, &text, &ignored);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*err = ignored;
		return r;
	}
	r = rw_json_parse(text.data, text.size, RW_JSON_BODY_MAX, &contexts->document, err);
	if (r < 0)
		return rw_error_wrap(err, "%s", path.data);
	contexts->root = rw_json_root(contexts->document);
	if (rw_json_find(&contexts->root, "current", &current))
		r = rw_json_text(&current, 128, &contexts->current, err);
	contexts->found = rw_json_find(&contexts->root, "contexts", &contexts->all);
	return r;
}

void rw_contexts_done(struct rw_contexts *contexts)
{
	contexts->document = rw_json_document_free(contexts->document);
}

int rw_contexts_find(const struct rw_contexts *contexts, const char *name, struct rw_cli_login *ret_login,
		     struct rw_error *err)
{
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_json context;
	int r;

	if (!contexts->found || !rw_json_find(&contexts->all, name, &context)) {
		(void)rw_error_set(err, -ENOENT, "there is no context '%s'", name);
		(void)rw_error_hint(err, "'ringwall context list' shows those there are.");
		return -ENOENT;
	}
	r = rw_json_decode(&context, RW_JSON_FIELDS(login_fields), &login, NULL, err);
	if (r < 0)
		return r;
	*ret_login = login;
	login = (struct rw_cli_login){0};
	return 0;
}

/* Sets *slot to a copy of the first that is given: option, environment, what it was. */
static int prefer(char **slot, const char *option, const char *variable)
{
	const char *value = option ? option : getenv(variable);

	if (!value || !value[0])
		return 0;
	free(*slot);
	*slot = strdup(value);
	return *slot ? 0 : -ENOMEM;
}

int rw_cli_find_login(const struct rw_cli *cli, struct rw_cli_login *ret_login, struct rw_error *err)
{
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	const char *name = rw_cli_value(cli, "context");
	int r;

	if (!name)
		name = getenv("RINGWALL_CONTEXT");
	if (name || !(rw_cli_value(cli, "server") || getenv("RINGWALL_SERVER"))) {
		r = rw_contexts_load(&contexts, err);
		if (r < 0)
			return r;
		if (!name)
			name = contexts.current;
		r = name ? rw_contexts_find(&contexts, name, &login, err) : 0;
		if (r < 0)
			return r;
	}
	if (prefer(&login.server, rw_cli_value(cli, "server"), "RINGWALL_SERVER") < 0 ||
	    prefer(&login.key_file, rw_cli_value(cli, "key-file"), "RINGWALL_KEY_FILE") < 0 ||
	    prefer(&login.ca, rw_cli_value(cli, "ca"), "RINGWALL_CA") < 0)
		return rw_error_oom(err);
	if (!login.server) {
		(void)rw_error_set(err, -ENOENT, "no server is known");
		return rw_error_hint(err,
				     "Give --server https://HOST:8443, set RINGWALL_SERVER, or keep one with "
				     "'ringwall context add'.");
	}
	*ret_login = login;
	login = (struct rw_cli_login){0};
	return 0;
}
