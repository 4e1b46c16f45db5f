/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "wire/writer.h"

static void write_sample(struct rw_json_writer *json)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "name", "n\"1\"\n\x1b\\");
	rw_json_put_integer(json, "least", INT64_MIN);
	rw_json_put_revision(json, "revision", UINT64_MAX);
	rw_json_put_bool(json, "yes", true);
	rw_json_key(json, "none");
	rw_json_write_null(json);
	rw_json_key(json, "list");
	rw_json_begin_array(json);
	rw_json_write_integer(json, 0);
	rw_json_begin_object(json);
	rw_json_end_object(json);
	rw_json_begin_array(json);
	rw_json_end_array(json);
	rw_json_write_bool(json, false);
	rw_json_end_array(json);
	rw_json_put_time(json, "time", 0);
	rw_json_key(json, "raw");
	rw_json_write_raw(json, "[1]", 3);
	rw_json_end_object(json);
}

static void writes_compact_json(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;

	(void)state;
	rw_buf_init(&buf, 4096);
	rw_json_writer_init(&json, &buf, false);
	write_sample(&json);
	assert_string_equal(buf.data,
			    "{\"name\":\"n\\\"1\\\"\\n\\u001b\\\\\",\"least\":-9223372036854775808,"
			    "\"revision\":\"18446744073709551615\",\"yes\":true,\"none\":null,"
			    "\"list\":[0,{},[],false],\"time\":\"1970-01-01T00:00:00.000Z\",\"raw\":[1]}");
}

static void writes_one_member_a_line_when_pretty(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;

	(void)state;
	rw_buf_init(&buf, 4096);
	rw_json_writer_init(&json, &buf, true);
	rw_json_begin_object(&json);
	rw_json_key(&json, "a");
	rw_json_begin_array(&json);
	rw_json_write_integer(&json, 1);
	rw_json_write_integer(&json, 2);
	rw_json_end_array(&json);
	rw_json_key(&json, "b");
	rw_json_begin_array(&json);
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	assert_string_equal(buf.data, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}");
}

static void leaves_the_failure_to_the_buffer(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;

	(void)state;
	rw_buf_init(&buf, 10);
	rw_json_writer_init(&json, &buf, false);
	write_sample(&json);
	assert_int_equal(rw_buf_check(&buf, NULL), -E2BIG);
}

static void inserts_members_that_stand_ready(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;

	(void)state;
	rw_buf_init(&buf, 1000);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_write_members(&json, "\"a\":1,\"b\":\"\"", 12);
	rw_json_put_text(&json, "c", "d");
	rw_json_write_members(&json, "\"e\":2", 5);
	rw_json_end_object(&json);
	assert_string_equal(buf.data, "{\"a\":1,\"b\":\"\",\"c\":\"d\",\"e\":2}");
}

static void writes_an_address_and_nothing_for_none(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	struct rw_address address = {.family = 4, .bytes = {192, 0, 2, 1}}, none = {0};

	(void)state;
	rw_buf_init(&buf, 100);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_address(&json, "local", &none);
	rw_json_put_address(&json, "remote", &address);
	rw_json_end_object(&json);
	assert_string_equal(buf.data, "{\"remote\":\"192.0.2.1\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inserts_members_that_stand_ready),
		cmocka_unit_test(writes_compact_json),
		cmocka_unit_test(writes_one_member_a_line_when_pretty),
		cmocka_unit_test(leaves_the_failure_to_the_buffer),
		cmocka_unit_test(writes_an_address_and_nothing_for_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
