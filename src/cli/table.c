/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <libsmartcols/libsmartcols.h>
#include <string.h>

/* libsmartcols is used here only: it knows the width of wide characters and of the terminal. */

static int cleanup_table(struct libscols_table **table)
{
	scols_unref_table(*table);
	return 0;
}

int rw_cli_print_text(const char *text, size_t size)
{
	if (fwrite(text, 1, size, stdout) != size ||
	    (size && text[size - 1] != '\n' && putchar('\n') == EOF) || fflush(stdout) != 0) {
		(void)fputs("ringwall: standard output cannot be written\n", stderr);
		return RW_EXIT_REFUSED;
	}
	return RW_EXIT_DONE;
}

void rw_cli_print_coloured(const struct rw_cli *cli, const char *code, const char *text)
{
	if (cli->colour)
		(void)printf("\033[%sm%s\033[0m", code, text);
	else
		(void)fputs(text, stdout);
}

/* Words that carry a judgement, and its colour. */
static const char *colour_of(const char *word)
{
	static const char *const good[] = {"accept", "connected", "applied", "active", "yes", "added"};
	static const char *const bad[] = {"drop", "offline", "failed", "degraded", "revoked", "refused"};
	static const char *const odd[] = {"lagging", "monitored", "detached", "pending", "monitor"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(good); i++)
		if (strcmp(word, good[i]) == 0)
			return "green";
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		if (strcmp(word, bad[i]) == 0)
			return "red";
	for (size_t i = 0; i < RW_ARRAY_COUNT(odd); i++)
		if (strcmp(word, odd[i]) == 0)
			return "yellow";
	return NULL;
}

static void append_value(struct rw_buf *buf, const struct rw_json *value)
{
	const char *text;
	int64_t integer;
	bool flag;

	switch (rw_json_type(value)) {
	case RW_JSON_TEXT:
		if (rw_json_prose(value, 65536, &text, NULL) == 0)
			(void)rw_buf_append_text(buf, text);
		break;
	case RW_JSON_INTEGER:
		if (rw_json_integer(value, INT64_MIN, INT64_MAX, &integer, NULL) == 0)
			(void)rw_buf_append_format(buf, "%lld", (long long)integer);
		break;
	case RW_JSON_BOOL:
		if (rw_json_bool(value, &flag, NULL) == 0)
			(void)rw_buf_append_text(buf, flag ? "yes" : "no");
		break;
	case RW_JSON_ARRAY:
		for (size_t i = 0; i < rw_json_count(value); i++) {
			struct rw_json element = rw_json_at(value, i);
			struct rw_json name;

			if (i)
				(void)rw_buf_append_text(buf, ", ");
			if (rw_json_type(&element) != RW_JSON_OBJECT)
				append_value(buf, &element);
			else if (rw_json_find(&element, "name", &name) || rw_json_find(&element, "id", &name))
				append_value(buf, &name);
		}
		break;
	case RW_JSON_OBJECT:
	case RW_JSON_REAL:
	case RW_JSON_NULL:
		break;
	}
}

/* Appends what 'path' leads to: "a", "a.b", "a.*". */
static void append_path(struct rw_buf *buf, const struct rw_json *object, const char *path)
{
	const char *dot = strchr(path, '.');
	struct rw_json member;
	struct rw_json first;
	char key[64];
	void *cursor = NULL;

	(void)snprintf(key, sizeof(key), "%.*s", dot ? (int)(dot - path) : (int)strlen(path), path);
	if (!rw_json_find(object, key, &member))
		return;
	if (!dot)
		append_value(buf, &member);
	else if (strcmp(dot + 1, "*") != 0)
		append_path(buf, &member, dot + 1);
	else if (rw_json_next(&member, &cursor, &first))
		append_value(buf, &first);
}

static int fill_line(struct libscols_line *line, const struct rw_cli *cli, const struct rw_json *item,
		     const struct rw_column *columns, size_t count)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		const char *colour;

		rw_buf_clear(&buf);
		append_path(&buf, item, columns[i].path);
		if (scols_line_set_data(line, i, buf.size ? buf.data : "-") != 0)
			return -ENOMEM;
		colour = columns[i].kind == RW_COLUMN_WORD && cli->colour ? colour_of(buf.data) : NULL;
		if (colour && scols_cell_set_color(scols_line_get_cell(line, i), colour) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int no_memory(void)
{
	struct rw_error err;

	(void)rw_error_oom(&err);
	return rw_cli_fail(&err);
}

int rw_cli_print_table(const struct rw_cli *cli, const struct rw_json *items, const struct rw_column *columns,
		       size_t count)
{
	__attribute__((cleanup(cleanup_table))) struct libscols_table *table = scols_new_table();

	if (!table)
		return no_memory();
	if (rw_json_count(items) == 0) {
		(void)fputs("(none)\n", stderr);
		return RW_EXIT_DONE;
	}
	(void)scols_table_enable_colors(table, cli->colour);
	(void)scols_table_enable_maxout(table, 0);
	(void)scols_table_set_termforce(table,
					cli->terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < count; i++) {
		int flags = columns[i].kind == RW_COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0;

		if (columns[i].kind == RW_COLUMN_LONG)
			flags |= SCOLS_FL_TRUNC;
		if (!scols_table_new_column(table, columns[i].title, 0, flags))
			return no_memory();
	}
	for (size_t i = 0; i < rw_json_count(items); i++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);
		struct rw_json item = rw_json_at(items, i);

		if (!line || fill_line(line, cli, &item, columns, count) < 0)
			return no_memory();
	}
	if (scols_print_table(table) != 0)
		return no_memory();
	return rw_cli_print_text("", 0);
}

int rw_cli_print_record(const struct rw_cli *cli, const struct rw_json *object,
			const struct rw_column *columns, size_t count)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int width = 0;

	rw_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < count; i++)
		if ((int)strlen(columns[i].title) > width)
			width = (int)strlen(columns[i].title);
	for (size_t i = 0; i < count; i++) {
		const char *colour;

		rw_buf_clear(&buf);
		append_path(&buf, object, columns[i].path);
		if (!buf.size)
			continue;
		colour = columns[i].kind == RW_COLUMN_WORD ? colour_of(buf.data) : NULL;
		(void)printf("%-*s  ", width, columns[i].title);
		if (colour)
			rw_cli_print_coloured(cli,
					      colour[0] == 'g'   ? "32"
					      : colour[0] == 'r' ? "31"
								 : "33",
					      buf.data);
		else
			(void)fputs(buf.data, stdout);
		(void)putchar('\n');
	}
	return rw_cli_print_text("", 0);
}

/* Appends the elements of one page to a JSON array that is being written. */
static int append_items(struct rw_json_writer *json, const struct rw_json *page, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	struct rw_json items;
	int r = 0;

	if (!rw_json_find(page, "items", &items))
		return rw_error_set(err, -EPROTO, "the server's answer has no items");
	rw_buf_init(&text, 64u << 20);
	for (size_t i = 0; r == 0 && i < rw_json_count(&items); i++) {
		struct rw_json item = rw_json_at(&items, i);

		rw_buf_clear(&text);
		r = rw_json_dump(&item, &text, err);
		if (r == 0)
			rw_json_write_raw(json, text.data, text.size);
	}
	return r;
}

/* Where the next page begins, copied; NULL at the last. */
static char *next_page(const struct rw_json *page)
{
	struct rw_json next;
	const char *text;

	if (!rw_json_find(page, "next", &next) || rw_json_type(&next) != RW_JSON_TEXT ||
	    rw_json_text(&next, 4096, &text, NULL) < 0 || !text[0])
		return NULL;
	return strdup(text);
}

static int collect(struct rw_cli *cli, const char *path, struct rw_json_writer *json)
{
	RW_CLEANUP(rw_free) char *after = NULL;
	struct rw_error err = RW_ERROR_NONE;

	do {
		RW_CLEANUP(rw_cli_answer_done) struct rw_cli_answer answer = {0};
		RW_CLEANUP(rw_buf_done) struct rw_buf url;
		int r;

		rw_buf_init(&url, 65536);
		(void)rw_buf_append_format(&url, "%s%climit=1000", path, strchr(path, '?') ? '&' : '?');
		if (after) {
			(void)rw_buf_append_text(&url, "&after=");
			rw_cli_append_encoded(&url, after);
		}
		r = rw_cli_call(cli, "GET", url.data, NULL, &answer);
		if (r)
			return r;
		if (append_items(json, &answer.root, &err) < 0)
			return rw_cli_fail(&err);
		free(after);
		after = next_page(&answer.root);
	} while (after);
	return 0;
}

int rw_cli_print_collection(struct rw_cli *cli, const char *path, const struct rw_column *columns,
			    size_t count)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json_writer json;
	struct rw_json root;
	struct rw_json items;
	int r;

	rw_buf_init(&text, 64u << 20);
	rw_json_writer_init(&json, &text, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	r = collect(cli, path, &json);
	if (r)
		return r;
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	if (rw_buf_check(&text, &err) < 0)
		return rw_cli_fail(&err);
	if (cli->json)
		return rw_cli_print_text(text.data, text.size);
	if (rw_json_parse(text.data, text.size, RW_JSON_MODEL_MAX, &document, &err) < 0)
		return rw_cli_fail(&err);
	root = rw_json_root(document);
	if (!rw_json_find(&root, "items", &items))
		return RW_EXIT_DONE;
	return rw_cli_print_table(cli, &items, columns, count);
}
