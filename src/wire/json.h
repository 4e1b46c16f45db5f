/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Objects by tables
 * =================
 *
 * What a JSON object may hold is a table of fields, and reading one into a struct is one call:
 *
 *     struct key_request {
 *             char *name;
 *             enum role role;
 *     };
 *     static const struct rw_json_field key_request_fields[] = {
 *             RW_JSON_FIELD("name", struct key_request, name, rw_json_decode_text, .max = 63,
 *                           .required = true),
 *             RW_JSON_FIELD("role", struct key_request, role, rw_json_decode_word, .words = role_words),
 *     };
 *     r = rw_json_decode(&root, RW_JSON_FIELDS(key_request_fields), &request, NULL, err);
 *
 * The struct is initialised by the caller, to the defaults of absent fields.  A field that is not in the
 * table is an error that lists those that are; a field of the wrong type, out of range or missing though
 * required is an error at its path.  After a failure the struct holds what was read so far; its owner frees
 * it as usual.
 */

#include "wire/reader.h"

/* Turns an id or a name into the id; see rw_resolver in wire/object.h. */
struct rw_resolver;

struct rw_json_field;

/* Reads 'value' into the slot of 'field' in 'object'. */
typedef int rw_json_decoder(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err);

/* One word of a closed list. */
struct rw_word {
	const char *word; /* NULL ends the list */
	int value;
};

struct rw_json_field {
	const char *name;
	rw_json_decoder *decode;
	size_t offset;               /* of the slot in the struct */
	size_t size;                 /* of the slot */
	size_t count_offset;         /* arrays: where the number of elements (size_t) goes */
	int64_t min, max;            /* integers: range; text: most characters; arrays: most elements */
	const struct rw_word *words; /* for rw_json_decode_word */
	bool required;
};

#define RW_JSON_FIELD(json_name, type, member, decoder, ...)                                                 \
	{                                                                                                    \
		.name = (json_name), .decode = (decoder), .offset = offsetof(type, member),                  \
		.size = sizeof(((type *)NULL)->member), ##__VA_ARGS__                                        \
	}
#define RW_JSON_FIELDS(table) (table), RW_ARRAY_COUNT(table)

/* Reads the members of 'value' by 'fields' into 'into'.  'resolver' is handed to the decoders; nullable. */
RW_NODISCARD int rw_json_decode(const struct rw_json *value, const struct rw_json_field *fields, size_t count,
				void *into, const struct rw_resolver *resolver, struct rw_error *err);

/* Decoders for common slots; 'max' 0 means the default given here. */
rw_json_decoder rw_json_decode_text;     /* char *, owned copy, the old one freed; 255 characters */
rw_json_decoder rw_json_decode_prose;    /* the same with line ends */
rw_json_decoder rw_json_decode_chars;    /* char[size]; as many bytes as fit */
rw_json_decoder rw_json_decode_bool;     /* bool */
rw_json_decoder rw_json_decode_integer;  /* 1, 2, 4 or 8 byte integer, min..max */
rw_json_decoder rw_json_decode_revision; /* uint64_t from decimal text */
rw_json_decoder rw_json_decode_time;     /* int64_t Unix milliseconds from RFC 3339 text */
rw_json_decoder rw_json_decode_word;     /* an enum, from 'words' */

/*
 * Checks the member "version" of a document before anything else of it is read: -EPROTONOSUPPORT, naming
 * both, when it is newer than 'known'; 'what' is the format's name for the error ("the model file").
 */
RW_NODISCARD int rw_json_check_version(const struct rw_json *root, const char *what, int64_t known,
				       struct rw_error *err);

/* The word of 'value', or NULL; the value of 'word', or -1. */
const char *rw_word_of(const struct rw_word *words, int value);
int rw_word_find(const struct rw_word *words, const char *word);
