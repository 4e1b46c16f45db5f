/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside src/convert only: JSON answers of a cloud's command line.  A file holds one answer or several behind
 * each other, as a loop over groups writes them.  All stay parsed until the conversion ends, since one answer
 * refers to another.
 *
 * Members that are missing or null count as empty, since clouds leave out what is not set; members of the
 * wrong type are errors with file and path.
 */

#include "base/vec.h"
#include "convert/builder.h"
#include "wire/reader.h"

struct rw_document {
	const char *file; /* lent by the input */
	struct rw_json_document *json;
	struct rw_json root; /* an object, or an array (a list of clusters) */
};

/* Reads all answers of all files into 'documents' (a vector of struct rw_document, initialised here). */
RW_NODISCARD int rw_documents_read(const struct rw_convert_input *inputs, size_t count,
				   struct rw_vec *documents, struct rw_error *err);
void rw_documents_done(struct rw_vec *documents);
RW_DEFINE_DONE(struct rw_vec, rw_documents_done)

/* The answers of one conversion. */
struct rw_answers {
	struct rw_builder *builder;
	struct rw_vec documents; /* struct rw_document */
};

/* Called for each element of a list that an answer holds. */
typedef int rw_answer_visitor(struct rw_answers *answers, const struct rw_json *element,
			      struct rw_error *err);

/*
 * Visits the objects of '{outer: {inner: [...]}}' in all answers; 'inner' NULL = '{outer: [...]}'.  Sets the
 * builder's file on the way, and puts it before the text of a failure.
 */
RW_NODISCARD int rw_answers_visit(struct rw_answers *answers, const char *outer, const char *inner,
				  rw_answer_visitor *visitor, struct rw_error *err);

/* Text of a member, "" when absent; a number is no text. */
RW_NODISCARD int rw_document_text(const struct rw_json *object, const char *key, const char **ret_text,
				  struct rw_error *err);

/* A whole number, given as number or as text; 'fallback' when absent or "". */
RW_NODISCARD int rw_document_integer(const struct rw_json *object, const char *key, int64_t min, int64_t max,
				     int64_t fallback, int64_t *ret_integer, struct rw_error *err);

/* An array member; node NULL (of which rw_json_count gives 0) when absent. */
RW_NODISCARD int rw_document_array(const struct rw_json *object, const char *key, struct rw_json *ret_array,
				   struct rw_error *err);

/*
 * The array in Alibaba's wrapping {"Permissions": {"Permission": [...]}}.  '*ret_outer' holds the object
 * between and must stay in place as long as the array is used.
 */
RW_NODISCARD int rw_document_list(const struct rw_json *object, const char *outer, const char *inner,
				  struct rw_json *ret_outer, struct rw_json *ret_array, struct rw_error *err);

/* The time at 'key', Unix ms; 0 when absent or in a form that is not understood: nobody decides by it. */
RW_NODISCARD int rw_document_time(const struct rw_json *object, const char *key, int64_t *ret_ms,
				  struct rw_error *err);

/* The CIDR, or the address, at 'key'; '*ret_given' false when absent or "". */
RW_NODISCARD int rw_document_prefix(const struct rw_json *object, const char *key,
				    struct rw_prefix *ret_prefix, bool *ret_given, struct rw_error *err);
RW_NODISCARD int rw_document_address(const struct rw_json *object, const char *key,
				     struct rw_address *ret_address, bool *ret_given, struct rw_error *err);

/* Adds the CIDR at 'key', if there is one, to a sorted list. */
RW_NODISCARD int rw_document_add_cidr(const struct rw_json *object, const char *key,
				      struct rw_prefix **prefixes, size_t *count, struct rw_error *err);

/*
 * Begins the network of a VPC from what the answers of both clouds call alike, VpcId and CidrBlock.  Gives it, to be
 * put into the builder by the caller; NULL when an answer has told of it already.
 */
RW_NODISCARD int rw_answers_begin_vpc(struct rw_answers *answers, const struct rw_json *vpc, const char *name,
				      struct rw_network **ret_network, struct rw_error *err);

/*
 * Makes sure that the network 'id' is there: one of which no answer has told gets all private addresses, and a
 * remark that names the 'answer' that would tell.
 */
RW_NODISCARD int rw_answers_need_network(struct rw_answers *answers, const char *id, const char *answer,
					 struct rw_error *err);

/* The path of a value, for notes: "Permissions.Permission[3]". */
void rw_document_path(const struct rw_json *value, char *text, size_t size);
