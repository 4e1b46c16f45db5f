/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON reader
 * ===========
 *
 * Reading JSON from outside, with errors that say where.  A document is parsed as a whole, within limits;
 * then a 'struct rw_json' points to one value in it and knows the way to it from the root, so that every
 * refusal carries its path: "rules[3].object.cidr".
 *
 *     RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
 *     struct rw_json root, name;
 *
 *     r = rw_json_parse(text, size, RW_JSON_BODY_MAX, &document, err);
 *     ...
 *     root = rw_json_root(document);
 *     if (rw_json_find(&root, "name", &name))
 *             r = rw_json_text(&name, 63, &value, err);
 *
 * Values form a chain on the stack: a child points to the parent it was got from, which must live (and stay
 * in place) as long as the child is used.  Text is lent by the document.
 *
 * What is refused by the parser: anything but one JSON value (RFC 8259), duplicate keys, invalid UTF-8,
 * NUL in text, depth beyond RW_JSON_DEPTH_MAX, size beyond the given one.  Numbers with fraction or
 * exponent are refused where a whole number is asked; no format of ringwall has others.
 *
 * Trap: jansson's hash tables are keyed by a process-wide seed that it otherwise makes at first use, in a
 * race between threads.  Programs call rw_json_init first thing in main, before any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/text.h"

#define RW_JSON_DEPTH_MAX 16
#define RW_JSON_BODY_MAX  (1u << 20)  /* an API request or answer */
#define RW_JSON_MODEL_MAX (64u << 20) /* a model file */

/*
 * Keys the hash tables with 'seed' (random, from the caller).  Once, before any thread.  Without it
 * everything works, but memory that runs out inside the parser is reported as wrong syntax.
 *
 * Trap: jansson 2.14 does not notice when its token buffer cannot grow.  The size limits keep that buffer
 * small next to what a program holds anyway; a program that runs under a hard limit of address space must
 * leave room for twice its largest document.
 */
void rw_json_init(uint64_t seed);

struct rw_json_document;

/*
 * Parses 'size' bytes (no NUL needed).  -EINVAL with line and column in the text; -E2BIG beyond
 * 'max_size'; -ENOMEM.
 */
RW_NODISCARD int rw_json_parse(const char *text, size_t size, size_t max_size,
			       struct rw_json_document **ret_document, struct rw_error *err);
struct rw_json_document *rw_json_document_free(struct rw_json_document *document);
RW_DEFINE_CLEANUP(struct rw_json_document *, rw_json_document_free)

enum rw_json_type {
	RW_JSON_OBJECT,
	RW_JSON_ARRAY,
	RW_JSON_TEXT,
	RW_JSON_INTEGER,
	RW_JSON_REAL,
	RW_JSON_BOOL,
	RW_JSON_NULL,
};

struct rw_json {
	const void *node;             /* lent by the document */
	const struct rw_json *parent; /* NULL at the root */
	const char *key;              /* name in the parent object, or NULL for an element of an array */
	size_t index;
};

struct rw_json rw_json_root(const struct rw_json_document *document);
enum rw_json_type rw_json_type(const struct rw_json *value);

/* The value's text as JSON, appended compactly.  For handing parts on (audit records). */
struct rw_buf;
RW_NODISCARD int rw_json_dump(const struct rw_json *value, struct rw_buf *buf, struct rw_error *err);

/* Member 'key' of an object; false when absent or 'value' is no object. */
bool rw_json_find(const struct rw_json *value, const char *key, struct rw_json *ret_member);

/* Walks the members of an object in document order: start with cursor NULL. */
bool rw_json_next(const struct rw_json *value, void **cursor, struct rw_json *ret_member);

/* Elements of an array; 0 for anything else. */
size_t rw_json_count(const struct rw_json *value);
struct rw_json rw_json_at(const struct rw_json *value, size_t index);

/*
 * Typed readers: 0, or -EINVAL with path and what was expected.  'max_length' counts characters, not bytes.
 * rw_json_text refuses control characters, line ends included, and bidirectional controls, which make text
 * read otherwise than it is stored; rw_json_prose also lets line ends and tabs pass.
 */
RW_NODISCARD int rw_json_text(const struct rw_json *value, size_t max_length, const char **ret_text,
			      struct rw_error *err);
RW_NODISCARD int rw_json_prose(const struct rw_json *value, size_t max_length, const char **ret_text,
			       struct rw_error *err);
RW_NODISCARD int rw_json_integer(const struct rw_json *value, int64_t min, int64_t max, int64_t *ret_integer,
				 struct rw_error *err);
RW_NODISCARD int rw_json_bool(const struct rw_json *value, bool *ret_bool, struct rw_error *err);
RW_NODISCARD int rw_json_revision(const struct rw_json *value, uint64_t *ret_revision, struct rw_error *err);
RW_NODISCARD int rw_json_time(const struct rw_json *value, int64_t *ret_unix_ms, struct rw_error *err);

/* 0 when 'value' is an object, or an array of at most 'max_count' elements. */
RW_NODISCARD int rw_json_expect_object(const struct rw_json *value, struct rw_error *err);
RW_NODISCARD int rw_json_expect_array(const struct rw_json *value, size_t max_count, struct rw_error *err);

/* Refuses 'value': -EINVAL with its path. */
int rw_json_refuse(const struct rw_json *value, struct rw_error *err, const char *format, ...)
	RW_PRINTF(3, 4);

/* Puts the path of 'value' before the field that a parser below has set (or makes it the field). */
int rw_json_locate(const struct rw_json *value, struct rw_error *err);
