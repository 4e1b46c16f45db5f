/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "wire/text.h"

struct rw_json_document {
	json_t *root;
};

/* An allocation of jansson's failed since the flag was cleared: it then often speaks of wrong syntax. */
static _Thread_local bool memory_failed;

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		memory_failed = true;
	return memory;
}

void rw_json_init(uint64_t seed)
{
	json_set_alloc_funcs(allocate, free);
	/* Zero would make jansson read a seed of its own. */
	json_object_seed((size_t)seed ? (size_t)seed : 1);
}

/*
 * Looks at brackets and commas only: depth beyond the limit, and documents that are nearly nothing but tiny
 * values, each of which costs a hundred bytes as a tree, are refused before the tree is built.
 */
static int check_shape(const char *text, size_t size, struct rw_error *err)
{
	size_t values = 0;
	unsigned int depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (in_text) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_text = false;
		} else if (c == '"') {
			in_text = true;
		} else if (c == '{' || c == '[') {
			values++;
			if (++depth > RW_JSON_DEPTH_MAX)
				return rw_error_set(err, -EINVAL, "JSON is nested deeper than %d levels",
						    RW_JSON_DEPTH_MAX);
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else if (c == ',') {
			values++;
		}
	}
	if (values > 4096 + size / 8)
		return rw_error_set(err, -E2BIG, "JSON of %zu bytes has too many values (%zu)", size, values);
	return 0;
}

static int parse_error(const json_error_t *error, struct rw_error *err)
{
	char text[JSON_ERROR_TEXT_LENGTH];

	if (memory_failed || json_error_code(error) == json_error_out_of_memory)
		return rw_error_oom(err);
	rw_json_quote(error->text, text, sizeof(text));
	(void)rw_error_set(err, -EINVAL, "not valid JSON at line %d, column %d: %s", error->line,
			   error->column, text);
	return -EINVAL;
}

int rw_json_parse(const char *text, size_t size, size_t max_size, struct rw_json_document **ret_document,
		  struct rw_error *err)
{
	struct rw_json_document *document;
	json_error_t error;
	int r;

	if (size > max_size)
		return rw_error_set(err, -E2BIG, "JSON of %zu bytes is larger than %zu", size, max_size);
	r = check_shape(text, size, err);
	if (r < 0)
		return r;
	document = malloc(sizeof(*document));
	if (!document)
		return rw_error_oom(err);
	memory_failed = false;
	document->root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!document->root) {
		free(document);
		return parse_error(&error, err);
	}
	*ret_document = document;
	return 0;
}

struct rw_json_document *rw_json_document_free(struct rw_json_document *document)
{
	if (document) {
		json_decref(document->root);
		free(document);
	}
	return NULL;
}

/* jansson's getters take pointers to mutable values, but do not change them. */
static json_t *node_of(const struct rw_json *value)
{
	return (json_t *)(uintptr_t)value->node;
}

struct rw_json rw_json_root(const struct rw_json_document *document)
{
	return (struct rw_json){.node = document->root};
}

enum rw_json_type rw_json_type(const struct rw_json *value)
{
	switch (json_typeof(node_of(value))) {
	case JSON_OBJECT:
		return RW_JSON_OBJECT;
	case JSON_ARRAY:
		return RW_JSON_ARRAY;
	case JSON_STRING:
		return RW_JSON_TEXT;
	case JSON_INTEGER:
		return RW_JSON_INTEGER;
	case JSON_REAL:
		return RW_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return RW_JSON_BOOL;
	case JSON_NULL:
		break;
	}
	return RW_JSON_NULL;
}

static const char *type_name(const struct rw_json *value)
{
	static const char *const names[] = {
		[RW_JSON_OBJECT] = "an object", [RW_JSON_ARRAY] = "an array",
		[RW_JSON_TEXT] = "text",        [RW_JSON_INTEGER] = "a number",
		[RW_JSON_REAL] = "a fraction",  [RW_JSON_BOOL] = "true or false",
		[RW_JSON_NULL] = "null",
	};

	return names[rw_json_type(value)];
}

static int dump_chunk(const char *bytes, size_t size, void *data)
{
	return rw_buf_append(data, bytes, size) < 0 ? -1 : 0;
}

int rw_json_dump(const struct rw_json *value, struct rw_buf *buf, struct rw_error *err)
{
	if (json_dump_callback(node_of(value), dump_chunk, buf, JSON_COMPACT | JSON_ENCODE_ANY) < 0 &&
	    !buf->failed)
		return rw_error_oom(err);
	return rw_buf_check(buf, err);
}

bool rw_json_find(const struct rw_json *value, const char *key, struct rw_json *ret_member)
{
	const json_t *node = json_object_get(value->node, key);

	if (!node)
		return false;
	*ret_member = (struct rw_json){.node = node, .parent = value, .key = key};
	return true;
}

bool rw_json_next(const struct rw_json *value, void **cursor, struct rw_json *ret_member)
{
	json_t *object = node_of(value);

	*cursor = *cursor ? json_object_iter_next(object, *cursor) : json_object_iter(object);
	if (!*cursor)
		return false;
	*ret_member = (struct rw_json){
		.node = json_object_iter_value(*cursor),
		.parent = value,
		.key = json_object_iter_key(*cursor),
	};
	return true;
}

size_t rw_json_count(const struct rw_json *value)
{
	return json_array_size(value->node);
}

struct rw_json rw_json_at(const struct rw_json *value, size_t index)
{
	const json_t *node = json_array_get(value->node, index);

	assert(node);
	return (struct rw_json){.node = node, .parent = value, .index = index};
}

/* Writes the way from the root to 'value': "rules[3].object". */
static void format_path(const struct rw_json *value, char *path, size_t size)
{
	const struct rw_json *steps[RW_JSON_DEPTH_MAX + 2];
	size_t count = 0;
	size_t used = 0;

	for (; value->parent && count < RW_ARRAY_COUNT(steps); value = value->parent)
		steps[count++] = value;
	path[0] = '\0';
	while (count > 0 && used + 1 < size) {
		const struct rw_json *step = steps[--count];
		char key[48];
		int length;

		if (step->key) {
			rw_json_quote(step->key, key, sizeof(key));
			length = snprintf(path + used, size - used, "%s%s", used ? "." : "", key);
		} else {
			length = snprintf(path + used, size - used, "[%zu]", step->index);
		}
		used += length > 0 ? (size_t)length : 0;
	}
}

int rw_json_refuse(const struct rw_json *value, struct rw_error *err, const char *format, ...)
{
	va_list arguments;
	char path[sizeof(err->field)];
	char text[sizeof(err->text)];

	if (!err)
		return -EINVAL;
	format_path(value, path, sizeof(path));
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return rw_error_field(err, path, "%s", text);
}

int rw_json_locate(const struct rw_json *value, struct rw_error *err)
{
	char path[sizeof(err->field)];

	if (!err)
		return -EINVAL;
	format_path(value, path, sizeof(path));
	if (path[0])
		(void)rw_error_field_prefix(err, "%s", path);
	return err->code;
}

static int refuse_type(const struct rw_json *value, const char *expected, struct rw_error *err)
{
	(void)rw_json_refuse(value, err, "must be %s, not %s", expected, type_name(value));
	if (rw_json_type(value) == RW_JSON_NULL)
		(void)rw_error_hint(err, "Leave the field out if it shall not be set.");
	return -EINVAL;
}

static int read_text(const struct rw_json *value, size_t max_length, bool prose, const char **ret_text,
		     struct rw_error *err)
{
	const char *text = json_string_value(value->node);

	if (!text)
		return refuse_type(value, "text", err);
	if (rw_text_has_controls(text, prose))
		return rw_json_refuse(value, err, "must not hold control or bidirectional characters");
	/* A character has at least one byte, so short text need not be counted. */
	if (json_string_length(value->node) > max_length && rw_utf8_length(text) > max_length)
		return rw_json_refuse(value, err, "is longer than %zu characters", max_length);
	*ret_text = text;
	return 0;
}

int rw_json_text(const struct rw_json *value, size_t max_length, const char **ret_text, struct rw_error *err)
{
	return read_text(value, max_length, false, ret_text, err);
}

int rw_json_prose(const struct rw_json *value, size_t max_length, const char **ret_text, struct rw_error *err)
{
	return read_text(value, max_length, true, ret_text, err);
}

int rw_json_integer(const struct rw_json *value, int64_t min, int64_t max, int64_t *ret_integer,
		    struct rw_error *err)
{
	json_int_t integer;

	if (!json_is_integer((const json_t *)value->node))
		return refuse_type(value, "a whole number", err);
	integer = json_integer_value(value->node);
	if (integer < min || integer > max)
		return rw_json_refuse(value, err, "must be between %" PRId64 " and %" PRId64, min, max);
	*ret_integer = integer;
	return 0;
}

int rw_json_bool(const struct rw_json *value, bool *ret_bool, struct rw_error *err)
{
	if (!json_is_boolean((const json_t *)value->node))
		return refuse_type(value, "true or false", err);
	*ret_bool = json_is_true((const json_t *)value->node);
	return 0;
}

int rw_json_revision(const struct rw_json *value, uint64_t *ret_revision, struct rw_error *err)
{
	const char *text = json_string_value(value->node);

	if (!text)
		return refuse_type(value, "a revision as text, such as \"17\"", err);
	if (!rw_revision_parse(text, ret_revision))
		return rw_json_refuse(value, err, "must be a decimal number as text, such as \"17\"");
	return 0;
}

int rw_json_time(const struct rw_json *value, int64_t *ret_unix_ms, struct rw_error *err)
{
	const char *text = json_string_value(value->node);

	if (!text)
		return refuse_type(value, "a time as text", err);
	if (!rw_timestamp_parse(text, ret_unix_ms))
		return rw_json_refuse(value, err, "must be a time in UTC such as \"2026-11-24T02:28:29Z\"");
	return 0;
}

int rw_json_expect_object(const struct rw_json *value, struct rw_error *err)
{
	return rw_json_type(value) == RW_JSON_OBJECT ? 0 : refuse_type(value, "an object", err);
}

int rw_json_expect_array(const struct rw_json *value, size_t max_count, struct rw_error *err)
{
	if (rw_json_type(value) != RW_JSON_ARRAY)
		return refuse_type(value, "an array", err);
	if (rw_json_count(value) > max_count)
		return rw_json_refuse(value, err, "has more than %zu elements", max_count);
	return 0;
}
