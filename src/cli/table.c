/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <libsmartcols/libsmartcols.h>
#include <string.h>
#include <wchar.h>

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

static int no_memory(void)
{
	struct rw_error err;

	(void)rw_error_oom(&err);
	return rw_cli_fail(&err);
}

/* One line for each item, a text for each column, in the order of the table. */
struct cells {
	char **texts; /* owned, and each of them */
	size_t count;
};

static void cells_done(struct cells *cells)
{
	for (size_t i = 0; cells->texts && i < cells->count; i++)
		free(cells->texts[i]);
	free(cells->texts);
}
RW_DEFINE_DONE(struct cells, cells_done)

static int fill_cells(struct rw_cli *cli, const struct rw_json *items, const struct rw_column *columns,
		      size_t count, struct cells *cells)
{
	cells->texts = calloc(rw_json_count(items) * count, sizeof(char *));
	if (!cells->texts)
		return -ENOMEM;
	cells->count = rw_json_count(items) * count;
	for (size_t i = 0; i < cells->count; i++) {
		RW_CLEANUP(rw_buf_done) struct rw_buf buf = {0};
		struct rw_json item = rw_json_at(items, i / count);

		rw_buf_init(&buf, 1 << 20);
		rw_cli_append_cell(cli, &buf, &item, &columns[i % count]);
		if (!buf.size)
			(void)rw_buf_append_text(&buf, "-");
		cells->texts[i] = rw_buf_take_text(&buf);
		if (!cells->texts[i])
			return -ENOMEM;
	}
	return 0;
}

/* Whether a line says something other than the usual. */
static bool is_told(const struct cells *cells, const struct rw_column *columns, size_t count, size_t column)
{
	for (size_t i = column; columns[column].usual && i < cells->count; i += count)
		if (strcmp(cells->texts[i], columns[column].usual) != 0)
			return true;
	return !columns[column].usual;
}

static bool is_shown(const struct cells *cells, const struct rw_column *columns, size_t count, size_t column)
{
	return columns[column].title[0] && is_told(cells, columns, count, column);
}

/* ---- order ---- */

struct order {
	const struct rw_column *columns;
	size_t count;
	int keys; /* the last one that some column has */
};

static int compare_lines(const void *left, const void *right, void *userdata)
{
	const struct order *order = userdata;
	char *const *a = left;
	char *const *b = right;

	for (int key = 1; key <= order->keys; key++) {
		for (size_t i = 0; i < order->count; i++) {
			int difference = abs(order->columns[i].order) == key ? strverscmp(a[i], b[i]) : 0;

			if (difference)
				return order->columns[i].order > 0 ? difference : -difference;
		}
	}
	return 0;
}

static void sort_lines(struct cells *cells, const struct rw_column *columns, size_t count)
{
	struct order order = {.columns = columns, .count = count};

	for (size_t i = 0; i < count; i++)
		if (abs(columns[i].order) > order.keys)
			order.keys = abs(columns[i].order);
	if (order.keys)
		qsort_r(cells->texts, cells->count / count, count * sizeof(char *), compare_lines, &order);
}

/* ---- width ---- */

/* What is cut at the least. */
#define LEAST_WIDTH 8

static bool may_be_cut(const struct rw_column *column)
{
	switch (column->kind) {
	case RW_COLUMN_LONG:
	case RW_COLUMN_REFERENCE:
	case RW_COLUMN_GROUP:
	case RW_COLUMN_PEER:
	case RW_COLUMN_LISTENER:
	case RW_COLUMN_OPEN:
	case RW_COLUMN_COUNTS:
		return true;
	default:
		return false;
	}
}

/* The columns of a terminal that a text takes; *ret_bytes is how much of it takes no more than 'most'. */
static size_t measure(const char *text, size_t most, size_t *ret_bytes)
{
	size_t size = strlen(text);
	size_t width = 0;
	size_t at = 0;
	mbstate_t state;

	memset(&state, 0, sizeof(state));
	*ret_bytes = 0;
	while (at < size) {
		wchar_t letter;
		size_t bytes = mbrtowc(&letter, text + at, size - at, &state);
		int columns;

		if (bytes == 0 ||
		    bytes > size - at) { /* no letter of this locale: what it takes is anybody's guess */
			memset(&state, 0, sizeof(state));
			bytes = 1;
			letter = L'?';
		}
		columns = wcwidth(letter);
		width += columns > 0 ? (size_t)columns : 0;
		at += bytes;
		if (width <= most)
			*ret_bytes = at;
	}
	return width;
}

/* Cuts a text that is wider than 'most'. */
static int cut(char **text, size_t most)
{
	size_t bytes;
	char *shorter;

	if (measure(*text, most, &bytes) <= most)
		return 0;
	(void)measure(*text, most - 1, &bytes);
	if (asprintf(&shorter, "%.*s\u2026", (int)bytes, *text) < 0)
		return -ENOMEM;
	free(*text);
	*text = shorter;
	return 0;
}

/* How wide each column is; gives how wide a line is, with a space between two. */
static size_t measure_columns(const struct cells *cells, const struct rw_column *columns, size_t count,
			      size_t *widths)
{
	size_t line = 0;
	size_t bytes;

	for (size_t i = 0; i < count; i++) {
		widths[i] = 0;
		if (!is_shown(cells, columns, count, i))
			continue;
		widths[i] = strlen(columns[i].title);
		for (size_t j = i; j < cells->count; j += count) {
			size_t width = measure(cells->texts[j], 0, &bytes);

			widths[i] = width > widths[i] ? width : widths[i];
		}
		line += widths[i] + (line != 0);
	}
	return line;
}

/* Narrows the widest column that may be; false when none can give more. */
static bool narrow(const struct rw_column *columns, size_t count, size_t *widths)
{
	size_t widest = count;

	for (size_t i = 0; i < count; i++) {
		size_t title = strlen(columns[i].title);

		if (may_be_cut(&columns[i]) && widths[i] > LEAST_WIDTH && widths[i] > title &&
		    (widest == count || widths[i] >= widths[widest]))
			widest = i;
	}
	if (widest < count)
		widths[widest]--;
	return widest < count;
}

/* Cuts what can be cut until a line takes no more than 'most'. */
static int fit(struct cells *cells, const struct rw_column *columns, size_t count, size_t most)
{
	RW_CLEANUP(rw_free) size_t *widths = calloc(count, sizeof(*widths));
	size_t line;
	int r = 0;

	if (!widths)
		return -ENOMEM;
	line = measure_columns(cells, columns, count, widths);
	if (line <= most)
		return 0;
	while (line > most && narrow(columns, count, widths))
		line--;
	for (size_t i = 0; r == 0 && i < cells->count; i++)
		if (may_be_cut(&columns[i % count]) && widths[i % count])
			r = cut(&cells->texts[i], widths[i % count]);
	return r;
}

/* ---- the table ---- */

static int add_columns(struct libscols_table *table, const struct cells *cells,
		       const struct rw_column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int flags = columns[i].kind == RW_COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0;

		if (!is_shown(cells, columns, count, i))
			flags |= SCOLS_FL_HIDDEN;
		if (!scols_table_new_column(table, columns[i].title, 0, flags))
			return -ENOMEM;
	}
	return 0;
}

static int add_lines(struct libscols_table *table, const struct rw_cli *cli, const struct cells *cells,
		     const struct rw_column *columns, size_t count)
{
	for (size_t i = 0; i < cells->count; i += count) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		if (!line)
			return -ENOMEM;
		for (size_t j = 0; j < count; j++) {
			const char *text = cells->texts[i + j];
			const char *colour = columns[j].kind == RW_COLUMN_WORD && cli->colour
						     ? rw_cli_colour_of(text)
						     : NULL;
			char sequence[16];

			if (scols_line_set_data(line, j, text) != 0)
				return -ENOMEM;
			(void)snprintf(sequence, sizeof(sequence), "\033[%sm", colour ? colour : "0");
			if (colour && scols_cell_set_color(scols_line_get_cell(line, j), sequence) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

int rw_cli_print_table(struct rw_cli *cli, const struct rw_json *items, const struct rw_column *columns,
		       size_t count)
{
	__attribute__((cleanup(cleanup_table))) struct libscols_table *table = scols_new_table();
	RW_CLEANUP(cells_done) struct cells cells = {0};

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
	if (fill_cells(cli, items, columns, count, &cells) < 0)
		return no_memory();
	sort_lines(&cells, columns, count);
	if ((cli->terminal && fit(&cells, columns, count, scols_table_get_termwidth(table)) < 0) ||
	    add_columns(table, &cells, columns, count) < 0 ||
	    add_lines(table, cli, &cells, columns, count) < 0 || scols_print_table(table) != 0)
		return no_memory();
	return rw_cli_print_text("", 0);
}

int rw_cli_print_record(struct rw_cli *cli, const struct rw_json *object, const struct rw_column *columns,
			size_t count)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf = {0};
	int width = 0;

	rw_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < count; i++)
		if ((int)strlen(columns[i].title) > width)
			width = (int)strlen(columns[i].title);
	for (size_t i = 0; i < count; i++) {
		const char *colour;

		rw_buf_clear(&buf);
		rw_cli_append_cell(cli, &buf, object, &columns[i]);
		if (!buf.size)
			continue;
		colour = columns[i].kind == RW_COLUMN_WORD ? rw_cli_colour_of(buf.data) : NULL;
		(void)printf("%-*s  ", width, columns[i].title);
		if (colour)
			rw_cli_print_coloured(cli, colour, buf.data);
		else
			(void)fputs(buf.data, stdout);
		(void)putchar('\n');
	}
	return rw_cli_print_text("", 0);
}

/* Appends the elements of one page to a JSON array that is being written. */
static int append_items(struct rw_json_writer *json, const struct rw_json *page, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
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
		RW_CLEANUP(rw_buf_done) struct rw_buf url = {0};
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
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
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
