/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/buf.h"
#include "wire/reader.h"

static struct rw_json_document *parse(const char *text)
{
	struct rw_json_document *document = NULL;

	assert_int_equal(rw_json_parse(text, strlen(text), RW_JSON_BODY_MAX, &document, NULL), 0);
	return document;
}

static void refuses_what_is_not_one_json_value(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"{}{}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,}",
		"{'a':1}",
		"[1 2]",
		"nul",
		"\"a",
		"\"\xff\"",
		"\"\\u0000\"",
		"[1e999]",
		"123456789012345678901",
		"// x\n1",
		"[\"\\ud800\"]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rw_json_document *document = NULL;
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(rw_json_parse(bad[i], strlen(bad[i]), RW_JSON_BODY_MAX, &document, &err),
				 -EINVAL);
		assert_null(document);
		assert_non_null(strstr(err.text, "not valid JSON at line 1"));
	}
}

static void refuses_depth_size_and_swarms_of_values(void **state)
{
	struct rw_json_document *document = NULL;
	char deep[64];
	static char swarm[20001];

	(void)state;
	memset(deep, '[', 17);
	memset(deep + 17, ']', 17);
	assert_int_equal(rw_json_parse(deep, 34, RW_JSON_BODY_MAX, &document, NULL), -EINVAL);
	assert_int_equal(rw_json_parse(deep + 1, 32, RW_JSON_BODY_MAX, &document, NULL), 0);
	document = rw_json_document_free(document);
	assert_int_equal(rw_json_parse("[1,2]", 5, 4, &document, NULL), -E2BIG);
	swarm[0] = '[';
	for (size_t i = 1; i < sizeof(swarm) - 1; i += 2)
		memcpy(swarm + i, "1,", 2);
	memcpy(swarm + sizeof(swarm) - 3, "1]", 2);
	assert_int_equal(rw_json_parse(swarm, sizeof(swarm) - 1, RW_JSON_BODY_MAX, &document, NULL), -E2BIG);
	assert_null(document);
}

static void gives_the_path_of_what_it_refuses(void **state)
{
	RW_CLEANUP(rw_json_document_free)
	struct rw_json_document *document = parse("{\"rules\":[{},{\"ports\":22}]}");
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root = rw_json_root(document);
	struct rw_json rules;
	struct rw_json rule;
	struct rw_json ports;
	const char *text;

	(void)state;
	assert_true(rw_json_find(&root, "rules", &rules));
	assert_int_equal(rw_json_count(&rules), 2);
	rule = rw_json_at(&rules, 1);
	assert_true(rw_json_find(&rule, "ports", &ports));
	assert_int_equal(rw_json_text(&ports, 10, &text, &err), -EINVAL);
	assert_string_equal(err.field, "rules[1].ports");
	assert_string_equal(err.text, "must be text, not a number");
	assert_false(rw_json_find(&rule, "nothing", &ports));
}

static void shows_hostile_names_harmlessly_in_paths(void **state)
{
	RW_CLEANUP(rw_json_document_free)
	struct rw_json_document *document = parse("{\"\\u001b[2J\\u202e\":1}");
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root = rw_json_root(document);
	struct rw_json member;
	void *cursor = NULL;
	bool flag;

	(void)state;
	assert_true(rw_json_next(&root, &cursor, &member));
	assert_int_equal(rw_json_bool(&member, &flag, &err), -EINVAL);
	assert_string_equal(err.field, "?[2J?");
	assert_false(rw_json_next(&root, &cursor, &member));
}

static void reads_each_type_within_its_range(void **state)
{
	RW_CLEANUP(rw_json_document_free)
	struct rw_json_document *document =
		parse("[\"Büro\",5,true,\"17\",\"1970-01-01T00:00:01Z\",1.5,null,\"a\\nb\"]");
	struct rw_json root = rw_json_root(document);
	struct rw_json e[8];
	struct rw_error err = RW_ERROR_NONE;
	const char *text;
	int64_t integer;
	uint64_t revision;
	bool flag;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		e[i] = rw_json_at(&root, i);
	assert_int_equal(rw_json_text(&e[0], 4, &text, NULL), 0);
	assert_string_equal(text, "Büro");
	assert_int_equal(rw_json_text(&e[0], 3, &text, NULL), -EINVAL);
	assert_int_equal(rw_json_integer(&e[1], 5, 5, &integer, NULL), 0);
	assert_int_equal(integer, 5);
	assert_int_equal(rw_json_integer(&e[1], 6, 9, &integer, &err), -EINVAL);
	assert_string_equal(err.text, "must be between 6 and 9");
	assert_string_equal(err.field, "[1]");
	assert_int_equal(rw_json_bool(&e[2], &flag, NULL), 0);
	assert_true(flag);
	assert_int_equal(rw_json_revision(&e[3], &revision, NULL), 0);
	assert_int_equal(revision, 17);
	assert_int_equal(rw_json_revision(&e[1], &revision, NULL), -EINVAL);
	assert_int_equal(rw_json_revision(&e[0], &revision, NULL), -EINVAL);
	assert_int_equal(rw_json_time(&e[4], &integer, NULL), 0);
	assert_int_equal(integer, 1000);
	assert_int_equal(rw_json_time(&e[3], &integer, NULL), -EINVAL);
	assert_int_equal(rw_json_integer(&e[5], 0, 9, &integer, &err), -EINVAL);
	assert_string_equal(err.text, "must be a whole number, not a fraction");
	assert_int_equal(rw_json_integer(&e[6], 0, 9, &integer, &err), -EINVAL);
	assert_string_not_equal(err.hint, "");
	assert_int_equal(rw_json_text(&e[7], 9, &text, NULL), -EINVAL);
	assert_int_equal(rw_json_prose(&e[7], 9, &text, NULL), 0);
	assert_int_equal(rw_json_expect_object(&root, NULL), -EINVAL);
	assert_int_equal(rw_json_expect_array(&root, 7, NULL), -EINVAL);
	assert_int_equal(rw_json_expect_array(&root, 8, NULL), 0);
}

static void puts_its_path_before_the_field_of_a_deeper_parser(void **state)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = parse("{\"a\":[1]}");
	struct rw_json root = rw_json_root(document);
	struct rw_json a;
	struct rw_json element;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_true(rw_json_find(&root, "a", &a));
	element = rw_json_at(&a, 0);
	(void)rw_error_field(&err, "bits", "too long");
	(void)rw_json_locate(&element, &err);
	assert_string_equal(err.field, "a[0].bits");
	(void)rw_error_field(&err, "bits", "too long");
	(void)rw_json_locate(&root, &err);
	assert_string_equal(err.field, "bits");
}

static void dumps_a_part(void **state)
{
	RW_CLEANUP(rw_json_document_free)
	struct rw_json_document *document = parse("{ \"a\" : [ 1, \"x\" ] }");
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json root = rw_json_root(document);
	struct rw_json a;

	(void)state;
	rw_buf_init(&buf, 100);
	assert_true(rw_json_find(&root, "a", &a));
	assert_int_equal(rw_json_dump(&a, &buf, NULL), 0);
	assert_string_equal(buf.data, "[1,\"x\"]");
	buf.max_bytes = 8;
	assert_int_equal(rw_json_dump(&a, &buf, NULL), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_json_value),
		cmocka_unit_test(refuses_depth_size_and_swarms_of_values),
		cmocka_unit_test(gives_the_path_of_what_it_refuses),
		cmocka_unit_test(shows_hostile_names_harmlessly_in_paths),
		cmocka_unit_test(reads_each_type_within_its_range),
		cmocka_unit_test(puts_its_path_before_the_field_of_a_deeper_parser),
		cmocka_unit_test(dumps_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
