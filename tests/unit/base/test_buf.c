/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/buf.h"

static void appends_text_and_keeps_it_terminated(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 1000);
	assert_string_equal(buf.data, "");
	assert_int_equal(rw_buf_append_text(&buf, "group "), 0);
	assert_int_equal(rw_buf_append_format(&buf, "%s-%d", "sg", 7), 0);
	assert_string_equal(buf.data, "group sg-7");
	assert_int_equal(buf.size, 10);
}

static void refuses_what_exceeds_its_maximum_and_keeps_the_rest(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_buf_init(&buf, 4);
	assert_int_equal(rw_buf_append_text(&buf, "abcd"), 0);
	assert_int_equal(rw_buf_append_text(&buf, "e"), -E2BIG);
	assert_string_equal(buf.data, "abcd");
	rw_buf_fail(&buf, -ENOMEM);
	assert_int_equal(rw_buf_check(&buf, &err), -E2BIG);
	rw_buf_clear(&buf);
	assert_int_equal(rw_buf_check(&buf, &err), 0);
}

static void gives_room_to_write_in_place(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char *place;

	(void)state;
	rw_buf_init(&buf, 100);
	assert_int_equal(rw_buf_append_text(&buf, "ab"), 0);
	place = rw_buf_extend(&buf, 98);
	assert_non_null(place);
	memset(place, 'c', 98);
	assert_int_equal(buf.size, 100);
	assert_int_equal(strlen(buf.data), 100);
	assert_memory_equal(buf.data, "abccc", 5);
	assert_null(rw_buf_extend(&buf, 1));
	assert_int_equal(rw_buf_check(&buf, NULL), -E2BIG);
	assert_int_equal(buf.size, 100);
}

static void consumes_from_the_front(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 100);
	assert_int_equal(rw_buf_append_text(&buf, "line one\nrest"), 0);
	rw_buf_consume(&buf, 9);
	assert_string_equal(buf.data, "rest");
	rw_buf_consume(&buf, 50);
	assert_int_equal(buf.size, 0);
	assert_string_equal(buf.data, "");
}

static void gives_its_text_and_is_empty_afterwards(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char *text;

	(void)state;
	rw_buf_init(&buf, 100);
	assert_int_equal(rw_buf_append_text(&buf, "abc"), 0);
	text = rw_buf_take_text(&buf);
	assert_string_equal(text, "abc");
	assert_int_equal(buf.size, 0);
	free(text);
	text = rw_buf_take_text(&buf);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_text_and_keeps_it_terminated),
		cmocka_unit_test(refuses_what_exceeds_its_maximum_and_keeps_the_rest),
		cmocka_unit_test(gives_room_to_write_in_place),
		cmocka_unit_test(consumes_from_the_front),
		cmocka_unit_test(gives_its_text_and_is_empty_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
