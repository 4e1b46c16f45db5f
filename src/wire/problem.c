/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/problem.h"

#include <stdio.h>
#include <string.h>

#include "wire/reader.h"

#define TYPE_PREFIX "urn:ringwall:problem:"

struct problem_type {
	int code; /* errno */
	int status;
	const char *type; /* behind TYPE_PREFIX */
	const char *title;
};

/* For a status without type (an answer of somebody else's), the first with that status counts. */
static const struct problem_type types[] = {
	{EINVAL, 400, "invalid", "Invalid input"},
	{ENOKEY, 401, "unauthenticated", "No valid key or certificate"},
	{EACCES, 403, "forbidden", "Not allowed"},
	{EPERM, 403, "refused", "Refused by a check"},
	{EXDEV, 403, "csrf", "Not from a page of the console"},
	{ENOENT, 404, "not-found", "Not found"},
	{ENOSYS, 405, "not-supported", "Not supported"},
	{EBUSY, 409, "in-use", "In use"},
	{EEXIST, 409, "exists", "Exists already"},
	{EALREADY, 409, "wrong-time", "Not at this time"},
	{ECANCELED, 409, "guard", "Refused by a guard"},
	{EDQUOT, 409, "limit", "A limit of the model is reached"},
	{ESTALE, 412, "stale", "Changed meanwhile"},
	{E2BIG, 413, "too-large", "Too large"},
	{EPROTONOSUPPORT, 400, "newer-version", "Version not supported"},
	{EAGAIN, 429, "too-many", "Too many requests"},
	{ENOMEM, 503, "out-of-memory", "Out of memory"},
	{ENOSPC, 503, "no-space", "No space left"},
	{EROFS, 503, "read-only", "Storage cannot be written"},
	{EREMOTE, 503, "standby", "Another controller serves"},
	{ESHUTDOWN, 503, "store-lost", "The store is not open here any more"},
	{EHOSTDOWN, 503, "store-unavailable", "The store does not answer"},
	{ETIMEDOUT, 504, "timeout", "Timed out"},
	{EIO, 500, "internal", "Internal error"},
};

static const struct problem_type *type_of_error(const struct rw_error *err)
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(types); i++)
		if (types[i].code == -err->code)
			return &types[i];
	return &types[RW_ARRAY_COUNT(types) - 1];
}

int rw_problem_status(const struct rw_error *err)
{
	return type_of_error(err)->status;
}

void rw_problem_write(struct rw_json_writer *json, int status, const struct rw_error *err)
{
	const struct problem_type *type = type_of_error(err);
	char text[sizeof(err->text)];
	char name[64];

	(void)snprintf(name, sizeof(name), TYPE_PREFIX "%s", type->type);
	rw_json_put_text(json, "type", name);
	rw_json_put_text(json, "title", type->title);
	rw_json_put_integer(json, "status", status ? status : type->status);
	/* Error texts may have been cut in the middle of a character. */
	rw_json_quote(err->text, text, sizeof(text));
	rw_json_put_text(json, "detail", text);
	if (err->field[0]) {
		rw_json_quote(err->field, text, sizeof(text));
		rw_json_put_text(json, "field", text);
	}
	if (err->hint[0]) {
		rw_json_quote(err->hint, text, sizeof(text));
		rw_json_put_text(json, "hint", text);
	}
}

int rw_problem_encode(struct rw_buf *buf, int status, const struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_problem_write(&json, status, err);
	rw_json_end_object(&json);
	return rw_buf_check(buf, NULL);
}

static int code_of(const char *type, int status)
{
	size_t prefix = strlen(TYPE_PREFIX);

	for (size_t i = 0; type && strncmp(type, TYPE_PREFIX, prefix) == 0 && i < RW_ARRAY_COUNT(types); i++)
		if (strcmp(types[i].type, type + prefix) == 0)
			return -types[i].code;
	for (size_t i = 0; i < RW_ARRAY_COUNT(types); i++)
		if (types[i].status == status)
			return -types[i].code;
	return -EIO;
}

/* Text of a member, or NULL when it is absent or no text. */
static const char *member_text(const struct rw_json *problem, const char *key)
{
	struct rw_json member;
	const char *text;

	if (!rw_json_find(problem, key, &member) || rw_json_prose(&member, 4096, &text, NULL) < 0)
		return NULL;
	return text;
}

static void decode_foreign(const char *text, size_t size, int status, struct rw_error *ret_error)
{
	char start[200];
	char quoted[160];
	size_t length = size < sizeof(start) - 1 ? size : sizeof(start) - 1;

	memcpy(start, text, length);
	start[length] = '\0';
	rw_json_quote(start, quoted, sizeof(quoted));
	(void)rw_error_set(ret_error, code_of(NULL, status), "the server answered with status %d%s%s", status,
			   size ? ": " : "", quoted);
}

void rw_problem_decode(const char *text, size_t size, int status, struct rw_error *ret_error)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	const char *detail;
	const char *field;
	const char *hint;
	int code;

	if (rw_json_parse(text, size, RW_JSON_BODY_MAX, &document, NULL) < 0) {
		decode_foreign(text, size, status, ret_error);
		return;
	}
	root = rw_json_root(document);
	detail = member_text(&root, "detail");
	if (!detail)
		detail = member_text(&root, "title");
	if (!detail) {
		decode_foreign(text, size, status, ret_error);
		return;
	}
	code = code_of(member_text(&root, "type"), status);
	field = member_text(&root, "field");
	hint = member_text(&root, "hint");
	(void)rw_error_field(ret_error, field ? field : "", "%s", detail);
	ret_error->code = code;
	if (hint)
		(void)rw_error_hint(ret_error, "%s", hint);
}
