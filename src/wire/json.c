/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX_DEFAULT 255

static void *slot_of(const struct rw_json_field *field, void *object)
{
	return (char *)object + field->offset;
}

static int refuse_unknown(const struct rw_json *member, const struct rw_json_field *fields, size_t count,
			  struct rw_error *err)
{
	char names[sizeof(((struct rw_error *)NULL)->hint) - 32];
	size_t used = 0;

	names[0] = '\0';
	for (size_t i = 0; i < count && used < sizeof(names); i++) {
		int length =
			snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "", fields[i].name);

		used += length > 0 ? (size_t)length : 0;
	}
	(void)rw_json_refuse(member, err, "unknown field");
	(void)rw_error_hint(err, "The fields are: %s.", names);
	return -EINVAL;
}

static size_t find_field(const struct rw_json_field *fields, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(fields[i].name, name) != 0)
		i++;
	return i;
}

int rw_json_decode(const struct rw_json *value, const struct rw_json_field *fields, size_t count, void *into,
		   const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_json member;
	void *cursor = NULL;
	uint64_t seen = 0;
	int r;

	assert(count <= 64);
	r = rw_json_expect_object(value, err);
	if (r < 0)
		return r;
	while (rw_json_next(value, &cursor, &member)) {
		size_t i = find_field(fields, count, member.key);

		if (i == count)
			return refuse_unknown(&member, fields, count, err);
		r = fields[i].decode(&member, &fields[i], into, resolver, err);
		if (r < 0)
			return r;
		seen |= UINT64_C(1) << i;
	}
	for (size_t i = 0; i < count; i++) {
		if (fields[i].required && !(seen & (UINT64_C(1) << i))) {
			member = (struct rw_json){.parent = value, .key = fields[i].name};
			return rw_json_refuse(&member, err, "is missing");
		}
	}
	return 0;
}

/* 'read' is rw_json_text or rw_json_prose. */
static int decode_copy(const struct rw_json *value, const struct rw_json_field *field, void *object,
		       int (*read)(const struct rw_json *value, size_t max_length, const char **ret_text,
				   struct rw_error *err),
		       struct rw_error *err)
{
	char **slot = slot_of(field, object);
	const char *text;
	char *copy;
	int r;

	assert(field->size == sizeof(char *));
	r = read(value, field->max ? (size_t)field->max : TEXT_MAX_DEFAULT, &text, err);
	if (r < 0)
		return r;
	if (rw_utf8_length(text) < (size_t)field->min)
		return field->min == 1
			       ? rw_json_refuse(value, err, "must not be empty")
			       : rw_json_refuse(value, err, "is shorter than %d characters", (int)field->min);
	copy = strdup(text);
	if (!copy)
		return rw_error_oom(err);
	free(*slot);
	*slot = copy;
	return 0;
}

int rw_json_decode_text(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	return decode_copy(value, field, object, rw_json_text, err);
}

int rw_json_decode_prose(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	return decode_copy(value, field, object, rw_json_prose, err);
}

int rw_json_decode_chars(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	const char *text;
	size_t size;
	int r;

	(void)resolver;
	r = rw_json_text(value, field->size - 1, &text, err);
	if (r < 0)
		return r;
	size = strlen(text) + 1;
	if (size > field->size)
		return rw_json_refuse(value, err, "is longer than %zu bytes", field->size - 1);
	if (size - 1 < (size_t)field->min)
		return rw_json_refuse(value, err, "must not be empty");
	memcpy(slot_of(field, object), text, size);
	return 0;
}

int rw_json_decode_bool(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	assert(field->size == sizeof(bool));
	return rw_json_bool(value, slot_of(field, object), err);
}

int rw_json_decode_integer(const struct rw_json *value, const struct rw_json_field *field, void *object,
			   const struct rw_resolver *resolver, struct rw_error *err)
{
	void *slot = slot_of(field, object);
	int64_t integer;
	int r;

	(void)resolver;
	r = rw_json_integer(value, field->min, field->max, &integer, err);
	if (r < 0)
		return r;
	switch (field->size) {
	case 1:
		*(uint8_t *)slot = (uint8_t)integer;
		return 0;
	case 2:
		*(uint16_t *)slot = (uint16_t)integer;
		return 0;
	case 4:
		*(uint32_t *)slot = (uint32_t)integer;
		return 0;
	default:
		assert(field->size == 8);
		*(int64_t *)slot = integer;
		return 0;
	}
}

int rw_json_decode_revision(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	assert(field->size == sizeof(uint64_t));
	return rw_json_revision(value, slot_of(field, object), err);
}

int rw_json_decode_time(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	assert(field->size == sizeof(int64_t));
	return rw_json_time(value, slot_of(field, object), err);
}

const char *rw_word_of(const struct rw_word *words, int value)
{
	for (; words->word; words++)
		if (words->value == value)
			return words->word;
	return NULL;
}

int rw_word_find(const struct rw_word *words, const char *word)
{
	for (; words->word; words++)
		if (strcmp(words->word, word) == 0)
			return words->value;
	return -1;
}

int rw_json_decode_word(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	char list[160] = "";
	size_t used = 0;
	const char *text;
	int found;
	int r;

	(void)resolver;
	assert(field->size == sizeof(int));
	r = rw_json_text(value, 64, &text, err);
	if (r < 0)
		return r;
	found = rw_word_find(field->words, text);
	if (found >= 0) {
		memcpy(slot_of(field, object), &found, sizeof(found));
		return 0;
	}
	for (const struct rw_word *word = field->words; word->word && used < sizeof(list); word++) {
		int length =
			snprintf(list + used, sizeof(list) - used, "%s\"%s\"", used ? ", " : "", word->word);

		used += length > 0 ? (size_t)length : 0;
	}
	return rw_json_refuse(value, err, "must be one of %s", list);
}

int rw_json_check_version(const struct rw_json *root, const char *what, int64_t known, struct rw_error *err)
{
	struct rw_json member;
	int64_t version;
	int r;

	if (!rw_json_find(root, "version", &member))
		return rw_error_field(err, "version", "is missing");
	r = rw_json_integer(&member, 1, INT64_MAX, &version, err);
	if (r < 0)
		return r;
	if (version > known) {
		(void)rw_json_refuse(&member, err,
				     "%s has version %" PRId64 ", newer than %" PRId64
				     ", the newest this program knows",
				     what, version, known);
		(void)rw_error_hint(err, "Upgrade this program.");
		if (err)
			err->code = -EPROTONOSUPPORT;
		return -EPROTONOSUPPORT;
	}
	return 0;
}
