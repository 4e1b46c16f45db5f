/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include <string.h>

#include "crypto/encoding.h"

/*
 * Decodes 'length' characters to *cursor and moves it behind the NUL.  Decoded text is never longer than
 * encoded text, and each piece has a separator whose place its NUL takes: the storage is sized by that.
 */
static int decode_piece(const char *text, size_t length, bool plus_is_space, char **cursor,
			struct rw_error *err)
{
	char *out = *cursor;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%') {
			char digits[3] = {i + 1 < length ? text[i + 1] : '\0',
					  i + 2 < length ? text[i + 2] : '\0'};

			if (rw_hex_decode(digits, &c, 1) < 0)
				return rw_error_set(err, -EINVAL, "the address holds a malformed %%-escape");
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return rw_error_set(err, -EINVAL, "the address holds a control character");
		*out++ = c;
	}
	*out++ = '\0';
	*cursor = out;
	return 0;
}

static int split_path(const char *path, struct rw_http_request *request, char **cursor, struct rw_error *err)
{
	int r;

	while (*path == '/') {
		size_t length = strcspn(++path, "/");
		char *segment = *cursor;

		if (length == 0 && *path == '\0' && request->segment_count == 0)
			return 0; /* "/" alone */
		if (length == 0 && *path == '/')
			return rw_error_set(err, -EINVAL, "the address holds an empty part (\"//\")");
		if (request->segment_count == RW_HTTP_MAX_SEGMENTS)
			return rw_error_set(err, -E2BIG, "the address has more than %d parts",
					    RW_HTTP_MAX_SEGMENTS);
		r = decode_piece(path, length, false, cursor, err);
		if (r < 0)
			return r;
		if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
			return rw_error_set(err, -EINVAL, "the address holds \"%s\" as a part", segment);
		request->segments[request->segment_count++] = segment;
		path += length;
	}
	return 0;
}

static int split_query(const char *query, struct rw_http_request *request, char **cursor,
		       struct rw_error *err)
{
	while (*query) {
		size_t length = strcspn(query, "&");
		const char *equals = memchr(query, '=', length);
		size_t name_length = equals ? (size_t)(equals - query) : length;
		struct rw_http_parameter parameter = {.name = *cursor, .value = ""};
		int r;

		if (length > 0) {
			if (name_length == 0)
				return rw_error_set(err, -EINVAL, "the query holds a value without a name");
			if (request->parameter_count == RW_HTTP_MAX_PARAMETERS)
				return rw_error_set(err, -E2BIG, "the query has more than %d parameters",
						    RW_HTTP_MAX_PARAMETERS);
			r = decode_piece(query, name_length, true, cursor, err);
			if (r < 0)
				return r;
			if (equals) {
				parameter.value = *cursor;
				r = decode_piece(equals + 1, length - name_length - 1, true, cursor, err);
				if (r < 0)
					return r;
			}
			request->parameters[request->parameter_count++] = parameter;
		}
		query += length;
		query += *query == '&';
	}
	return 0;
}

static int parse(const char *target, size_t max_bytes, bool with_query, struct rw_http_request *request,
		 char **ret_storage, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *storage = NULL;
	size_t length = strnlen(target, max_bytes + 1);
	size_t path_length = strcspn(target, "?");
	char *path;
	char *cursor;
	int r;

	if (length > max_bytes)
		return rw_error_set(err, -E2BIG, "the address is longer than %zu bytes", max_bytes);
	if (target[0] != '/')
		return rw_error_set(err, -EINVAL, "the address does not begin with \"/\"");
	storage = malloc(3 * length + 4); /* target, path, and the decoded pieces with their NULs */
	if (!storage)
		return rw_error_oom(err);
	memcpy(storage, target, length + 1);
	path = storage + length + 1;
	memcpy(path, target, path_length);
	path[path_length] = '\0';
	cursor = path + path_length + 1;
	request->target = storage;
	request->path = path;
	request->segment_count = 0;
	request->parameter_count = 0;
	r = split_path(path, request, &cursor, err);
	if (r < 0)
		return r;
	if (with_query && target[path_length] == '?') {
		r = split_query(storage + path_length + 1, request, &cursor, err);
		if (r < 0)
			return r;
	}
	*ret_storage = RW_TAKE_PTR(storage);
	return 0;
}

int rw_http_target_parse(const char *target, struct rw_http_request *request, char **ret_storage,
			 struct rw_error *err)
{
	return parse(target, RW_HTTP_MAX_TARGET, true, request, ret_storage, err);
}

int rw_http_target_parse_path(const char *target, size_t max_bytes, struct rw_http_request *request,
			      char **ret_storage, struct rw_error *err)
{
	return parse(target, max_bytes, false, request, ret_storage, err);
}

const char *rw_http_request_parameter(const struct rw_http_request *request, const char *name)
{
	for (size_t i = 0; i < request->parameter_count; i++) {
		if (strcmp(request->parameters[i].name, name) == 0)
			return request->parameters[i].value;
	}
	return NULL;
}
