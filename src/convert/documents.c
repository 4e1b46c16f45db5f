/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/documents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENTS_MAX 4096

void rw_documents_done(struct rw_vec *documents)
{
	for (size_t i = 0; i < documents->count; i++)
		rw_json_document_free(((struct rw_document *)rw_vec_at(documents, i))->json);
	rw_vec_done(documents);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The end of the JSON value that begins at 'start': behind the brace that closes it, or the end of the text. */
static size_t end_of_value(const char *text, size_t size, size_t start)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = start; i < size; i++) {
		char c = text[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) {
			return i + 1;
		}
	}
	return size;
}

static unsigned int count_lines(const char *text, size_t size)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines;
}

static int read_value(const struct rw_convert_input *input, size_t start, size_t end,
		      struct rw_vec *documents, struct rw_error *err)
{
	struct rw_document *document;
	int r = rw_vec_push(documents, &document);

	if (r == -E2BIG)
		return rw_error_set(err, r, "%s: more than %d answers", input->name, DOCUMENTS_MAX);
	if (r < 0)
		return rw_error_oom(err);
	document->file = input->name;
	r = rw_json_parse(input->text + start, end - start, RW_CONVERT_INPUT_MAX, &document->json, err);
	if (r < 0)
		return start ? rw_error_wrap(err, "%s: answer at line %u", input->name,
					     count_lines(input->text, start))
			     : rw_error_wrap(err, "%s", input->name);
	document->root = rw_json_root(document->json);
	if (rw_json_type(&document->root) == RW_JSON_OBJECT || rw_json_type(&document->root) == RW_JSON_ARRAY)
		return 0;
	(void)rw_error_set(err, -EINVAL, "%s: line %u: is no JSON object or array", input->name,
			   count_lines(input->text, start));
	return rw_error_hint(err, "Give answers as the cloud's command line prints them with JSON output.");
}

static int read_input(const struct rw_convert_input *input, struct rw_vec *documents, struct rw_error *err)
{
	size_t position = 0;
	bool found = false;

	for (;;) {
		size_t end;
		int r;

		while (position < input->size && is_space(input->text[position]))
			position++;
		if (position == input->size)
			break;
		end = end_of_value(input->text, input->size, position);
		r = read_value(input, position, end, documents, err);
		if (r < 0)
			return r;
		found = true;
		position = end;
	}
	if (found)
		return 0;
	(void)rw_error_set(err, -EINVAL, "%s: is empty", input->name);
	return rw_error_hint(err, "Did the command that wrote it fail?");
}

int rw_documents_read(const struct rw_convert_input *inputs, size_t count, struct rw_vec *documents,
		      struct rw_error *err)
{
	rw_vec_init(documents, sizeof(struct rw_document), DOCUMENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		int r = read_input(&inputs[i], documents, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A member that is there and not null. */
static bool find_given(const struct rw_json *object, const char *key, struct rw_json *ret_member)
{
	return rw_json_find(object, key, ret_member) && rw_json_type(ret_member) != RW_JSON_NULL;
}

int rw_document_text(const struct rw_json *object, const char *key, const char **ret_text,
		     struct rw_error *err)
{
	struct rw_json member;

	*ret_text = "";
	if (!find_given(object, key, &member))
		return 0;
	return rw_json_prose(&member, 4096, ret_text, err);
}

int rw_document_integer(const struct rw_json *object, const char *key, int64_t min, int64_t max,
			int64_t fallback, int64_t *ret_integer, struct rw_error *err)
{
	struct rw_json member;
	const char *text;
	char *end;
	int r;

	*ret_integer = fallback;
	if (!find_given(object, key, &member))
		return 0;
	if (rw_json_type(&member) != RW_JSON_TEXT)
		return rw_json_integer(&member, min, max, ret_integer, err);
	r = rw_json_text(&member, 32, &text, err);
	if (r < 0 || !text[0])
		return r;
	errno = 0;
	*ret_integer = strtoll(text, &end, 10);
	if (errno || *end || *ret_integer < min || *ret_integer > max)
		return rw_json_refuse(&member, err, "is no whole number from %lld to %lld", (long long)min,
				      (long long)max);
	return 0;
}

int rw_document_time(const struct rw_json *object, const char *key, int64_t *ret_ms, struct rw_error *err)
{
	const char *text;
	int r = rw_document_text(object, key, &text, err);

	if (r < 0 || !rw_timestamp_parse(text, ret_ms) || *ret_ms < 0)
		*ret_ms = 0;
	return r;
}

int rw_document_array(const struct rw_json *object, const char *key, struct rw_json *ret_array,
		      struct rw_error *err)
{
	if (!find_given(object, key, ret_array)) {
		*ret_array = (struct rw_json){0};
		return 0;
	}
	return rw_json_expect_array(ret_array, 1000000, err);
}

int rw_document_list(const struct rw_json *object, const char *outer, const char *inner,
		     struct rw_json *ret_outer, struct rw_json *ret_array, struct rw_error *err)
{
	int r;

	*ret_array = (struct rw_json){0};
	if (!find_given(object, outer, ret_outer))
		return 0;
	r = rw_json_expect_object(ret_outer, err);
	return r < 0 ? r : rw_document_array(ret_outer, inner, ret_array, err);
}

int rw_document_prefix(const struct rw_json *object, const char *key, struct rw_prefix *ret_prefix,
		       bool *ret_given, struct rw_error *err)
{
	struct rw_json member;
	const char *text;
	int r = rw_document_text(object, key, &text, err);

	*ret_given = r == 0 && text[0];
	if (!*ret_given)
		return r;
	r = rw_prefix_parse(text, ret_prefix, err);
	if (r < 0 && rw_json_find(object, key, &member))
		(void)rw_json_locate(&member, err);
	return r;
}

int rw_document_address(const struct rw_json *object, const char *key, struct rw_address *ret_address,
			bool *ret_given, struct rw_error *err)
{
	struct rw_json member;
	const char *text;
	int r = rw_document_text(object, key, &text, err);

	*ret_given = r == 0 && text[0];
	if (!*ret_given)
		return r;
	r = rw_address_parse(text, ret_address, err);
	if (r < 0 && rw_json_find(object, key, &member))
		(void)rw_json_locate(&member, err);
	return r;
}

void rw_document_path(const struct rw_json *value, char *text, size_t size)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)rw_json_refuse(value, &err, "here");
	(void)snprintf(text, size, "%s", err.field);
}

int rw_answers_visit(struct rw_answers *answers, const char *outer, const char *inner,
		     rw_answer_visitor *visitor, struct rw_error *err)
{
	for (size_t i = 0; i < answers->documents.count; i++) {
		const struct rw_document *document = rw_vec_at(&answers->documents, i);
		struct rw_json between, list;
		int r;

		r = inner ? rw_document_list(&document->root, outer, inner, &between, &list, err)
			  : rw_document_array(&document->root, outer, &list, err);
		answers->builder->file = document->file;
		for (size_t j = 0; r == 0 && j < rw_json_count(&list); j++) {
			struct rw_json element = rw_json_at(&list, j);

			r = rw_json_expect_object(&element, err);
			if (r == 0)
				r = visitor(answers, &element, err);
		}
		if (r < 0)
			return rw_error_wrap(err, "%s", document->file);
	}
	return 0;
}

int rw_document_add_cidr(const struct rw_json *object, const char *key, struct rw_prefix **prefixes,
			 size_t *count, struct rw_error *err)
{
	struct rw_prefix prefix;
	bool given;
	int r = rw_document_prefix(object, key, &prefix, &given, err);

	return r < 0 || !given ? r : rw_builder_add_prefix(prefixes, count, &prefix, err);
}

int rw_answers_begin_vpc(struct rw_answers *answers, const struct rw_json *vpc, const char *name,
			 struct rw_network **ret_network, struct rw_error *err)
{
	RW_CLEANUP(rw_network_unref) struct rw_network *network = rw_network_new();
	const char *id;
	int r;

	*ret_network = NULL;
	if (!network)
		return rw_error_oom(err);
	network->kind = RW_NETWORK_VPC;
	r = rw_document_text(vpc, "VpcId", &id, err);
	if (r < 0)
		return r;
	rw_builder_id(RW_KIND_NETWORK, id, network->id);
	if (rw_builder_find(answers->builder, RW_KIND_NETWORK, network->id))
		return 0;
	r = rw_builder_name(answers->builder, RW_KIND_NETWORK, name, network->id, &network->name, err);
	if (r == 0)
		r = rw_document_add_cidr(vpc, "CidrBlock", &network->cidrs, &network->cidr_count, err);
	if (r == 0)
		*ret_network = RW_TAKE_PTR(network);
	return r;
}

int rw_answers_need_network(struct rw_answers *answers, const char *id, const char *answer,
			    struct rw_error *err)
{
	const struct rw_network *network;
	int r;

	if (rw_builder_find(answers->builder, RW_KIND_NETWORK, id))
		return 0;
	r = rw_builder_private_network(answers->builder, id, id, &network, err);
	return r < 0 ? r
		     : rw_builder_remark(answers->builder, 0, id, err,
					 "its CIDRs are not known: all private addresses are taken for it; "
					 "give the answer of %s",
					 answer);
}
