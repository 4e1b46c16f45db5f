/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON writer
 * ===========
 *
 * Writes JSON text straight into a buffer, without a tree in between:
 *
 *     struct rw_json_writer json;
 *
 *     rw_json_writer_init(&json, buf, false);
 *     rw_json_begin_object(&json);
 *     rw_json_put_text(&json, "name", node->name);
 *     rw_json_key(&json, "addresses");
 *     rw_json_begin_array(&json);
 *     rw_json_write_text(&json, "10.0.0.5");
 *     rw_json_end_array(&json);
 *     rw_json_end_object(&json);
 *     r = rw_buf_check(buf, err);
 *
 * No call can fail by itself: what does not fit marks the buffer as failed, and one rw_buf_check at the
 * end tells.  Commas, quotes and escapes are the writer's business.  Text must be UTF-8; control
 * characters, quotes and backslashes are escaped, and so is DEL.  Unbalanced calls are programming errors
 * (assert).  Revisions and other 64-bit counters go out as text, because many readers of JSON hold
 * numbers as doubles.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/address.h"

/* Deepest nesting a writer keeps count of. */
#define RW_JSON_WRITER_DEPTH_MAX 32

/*
 * Pretty text has one member a line down to this depth; what is deeper (a rule of a model file) is one line.
 */
#define RW_JSON_PRETTY_DEPTH 4

struct rw_json_writer {
	struct rw_buf *buf;
	uint32_t nonempty;  /* bit d: the container at depth d has a member already */
	unsigned int depth; /* open containers */
	bool pretty;        /* for people: lines, indented by two spaces */
	bool after_key;     /* the next value belongs to the key just written */
};

/* Appends to 'buf' (borrowed as long as the writer is used). */
void rw_json_writer_init(struct rw_json_writer *json, struct rw_buf *buf, bool pretty);

void rw_json_begin_object(struct rw_json_writer *json);
void rw_json_end_object(struct rw_json_writer *json);
void rw_json_begin_array(struct rw_json_writer *json);
void rw_json_end_array(struct rw_json_writer *json);

/* Starts a member of the open object; the value or container must follow. */
void rw_json_key(struct rw_json_writer *json, const char *key);

/* Values: elements of the open array, the member begun by rw_json_key, or the whole document. */
void rw_json_write_text(struct rw_json_writer *json, const char *text);
void rw_json_write_bytes(struct rw_json_writer *json, const char *text,
			 size_t size); /* text of 'size' bytes */
void rw_json_write_integer(struct rw_json_writer *json, int64_t value);
void rw_json_write_bool(struct rw_json_writer *json, bool value);
void rw_json_write_null(struct rw_json_writer *json);
void rw_json_write_revision(struct rw_json_writer *json, uint64_t revision); /* decimal text */
void rw_json_write_time(struct rw_json_writer *json, int64_t unix_ms);       /* RFC 3339 text, UTC */

/* Inserts JSON text that is known to be well-formed (a stored document) as one value. */
void rw_json_write_raw(struct rw_json_writer *json, const char *text, size_t size);

/* Inserts members that are known to be well-formed, "a":"","b":1, into the open object of compact text. */
void rw_json_write_members(struct rw_json_writer *json, const char *members, size_t size);

/* Key and value in one. */
void rw_json_put_text(struct rw_json_writer *json, const char *key, const char *value);
void rw_json_put_integer(struct rw_json_writer *json, const char *key, int64_t value);
void rw_json_put_bool(struct rw_json_writer *json, const char *key, bool value);
void rw_json_put_revision(struct rw_json_writer *json, const char *key, uint64_t revision);
void rw_json_put_time(struct rw_json_writer *json, const char *key, int64_t unix_ms);

/* The address as text; nothing at all when it is none (its family is 0). */
void rw_json_put_address(struct rw_json_writer *json, const char *key, const struct rw_address *address);
