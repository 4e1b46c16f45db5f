/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "wire/json.h"

enum colour { RED, GREEN };

struct thing {
	char *name;
	char code[4];
	bool on;
	uint8_t small;
	uint16_t port;
	uint32_t seconds;
	int64_t large;
	uint64_t revision;
	int64_t time_ms;
	enum colour colour;
};

static const struct rw_word colours[] = {{"red", RED}, {"green", GREEN}, {NULL, 0}};

static const struct rw_json_field fields[] = {
	RW_JSON_FIELD("name", struct thing, name, rw_json_decode_text, .min = 1, .max = 5, .required = true),
	RW_JSON_FIELD("code", struct thing, code, rw_json_decode_chars),
	RW_JSON_FIELD("on", struct thing, on, rw_json_decode_bool),
	RW_JSON_FIELD("small", struct thing, small, rw_json_decode_integer, .min = 0, .max = 255),
	RW_JSON_FIELD("port", struct thing, port, rw_json_decode_integer, .min = 1, .max = 65535),
	RW_JSON_FIELD("seconds", struct thing, seconds, rw_json_decode_integer, .min = 0, .max = UINT32_MAX),
	RW_JSON_FIELD("large", struct thing, large, rw_json_decode_integer, .min = INT64_MIN,
		      .max = INT64_MAX),
	RW_JSON_FIELD("revision", struct thing, revision, rw_json_decode_revision),
	RW_JSON_FIELD("time", struct thing, time_ms, rw_json_decode_time),
	RW_JSON_FIELD("colour", struct thing, colour, rw_json_decode_word, .words = colours),
};

static int decode(const char *text, struct thing *thing, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;

	*thing = (struct thing){0};
	*err = RW_ERROR_NONE;
	assert_int_equal(rw_json_parse(text, strlen(text), 4096, &document, err), 0);
	root = rw_json_root(document);
	return rw_json_decode(&root, RW_JSON_FIELDS(fields), thing, NULL, err);
}

static void fills_every_kind_of_slot(void **state)
{
	struct thing thing;
	struct rw_error err;

	(void)state;
	assert_int_equal(decode("{\"name\":\"n\",\"code\":\"abc\",\"on\":true,\"small\":255,\"port\":65535,"
				"\"seconds\":4294967295,\"large\":-9223372036854775808,\"revision\":\"9\","
				"\"time\":\"1970-01-01T00:00:00.009Z\",\"colour\":\"green\"}",
				&thing, &err),
			 0);
	assert_string_equal(thing.name, "n");
	assert_string_equal(thing.code, "abc");
	assert_true(thing.on);
	assert_int_equal(thing.small, 255);
	assert_int_equal(thing.port, 65535);
	assert_true(thing.seconds == UINT32_MAX);
	assert_true(thing.large == INT64_MIN);
	assert_int_equal(thing.revision, 9);
	assert_int_equal(thing.time_ms, 9);
	assert_int_equal(thing.colour, GREEN);
	free(thing.name);
}

static void refuses_each_wrong_field_at_its_path(void **state)
{
	static const struct {
		const char *text;
		const char *field;
		const char *message;
	} cases[] = {
		{"[]", "", "must be an object, not an array"},
		{"{}", "name", "is missing"},
		{"{\"name\":null}", "name", "must be text, not null"},
		{"{\"name\":\"\"}", "name", "must not be empty"},
		{"{\"name\":\"123456\"}", "name", "is longer than 5 characters"},
		{"{\"nam\":\"x\"}", "nam", "unknown field"},
		{"{\"name\":\"x\",\"code\":\"abcd\"}", "code", "is longer than 3 characters"},
		{"{\"name\":\"x\",\"code\":\"\xc3\xbc\xc3\xbc\"}", "code", "is longer than 3 bytes"},
		{"{\"name\":\"x\",\"on\":1}", "on", "must be true or false, not a number"},
		{"{\"name\":\"x\",\"small\":256}", "small", "must be between 0 and 255"},
		{"{\"name\":\"x\",\"port\":0}", "port", "must be between 1 and 65535"},
		{"{\"name\":\"x\",\"seconds\":-1}", "seconds", "must be between 0 and 4294967295"},
		{"{\"name\":\"x\",\"large\":\"1\"}", "large", "must be a whole number, not text"},
		{"{\"name\":\"x\",\"revision\":1}", "revision",
		 "must be a revision as text, such as \"17\", not a number"},
		{"{\"name\":\"x\",\"time\":\"now\"}", "time",
		 "must be a time in UTC such as \"2026-11-24T02:28:29Z\""},
		{"{\"name\":\"x\",\"colour\":\"blue\"}", "colour", "must be one of \"red\", \"green\""},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct thing thing;
		struct rw_error err;

		assert_int_equal(decode(cases[i].text, &thing, &err), -EINVAL);
		assert_string_equal(err.field, cases[i].field);
		assert_string_equal(err.text, cases[i].message);
		free(thing.name);
	}
}

static void lists_the_fields_when_one_is_unknown(void **state)
{
	struct thing thing;
	struct rw_error err;

	(void)state;
	assert_int_equal(decode("{\"x\":1}", &thing, &err), -EINVAL);
	assert_string_equal(
		err.hint,
		"The fields are: name, code, on, small, port, seconds, large, revision, time, colour.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_every_kind_of_slot),
		cmocka_unit_test(refuses_each_wrong_field_at_its_path),
		cmocka_unit_test(lists_the_fields_when_one_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
