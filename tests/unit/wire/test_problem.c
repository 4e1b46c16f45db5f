/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "wire/problem.h"

static void survives_the_trip_with_field_hint_and_code(void **state)
{
	static const int codes[] = {-EINVAL,    -ENOKEY, -EACCES,          -EPERM,   -ENOENT,    -EBUSY,
				    -EEXIST,    -ESTALE, -E2BIG,           -EAGAIN,  -ENOMEM,    -ENOSPC,
				    -ETIMEDOUT, -EIO,    -EPROTONOSUPPORT, -EREMOTE, -ESHUTDOWN, -EHOSTDOWN};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(codes); i++) {
		RW_CLEANUP(rw_buf_done) struct rw_buf buf;
		struct rw_error in = RW_ERROR_NONE;
		struct rw_error out = RW_ERROR_NONE;

		rw_buf_init(&buf, 4096);
		(void)rw_error_field(&in, "rules[3].object.cidr", "10.0.0.0/33: \"too\" long");
		(void)rw_error_hint(&in, "Write 10.0.0.0/32.");
		in.code = codes[i];
		assert_int_equal(rw_problem_encode(&buf, 0, &in), 0);
		rw_problem_decode(buf.data, buf.size, rw_problem_status(&in), &out);
		assert_int_equal(out.code, in.code);
		assert_string_equal(out.field, in.field);
		assert_string_equal(out.hint, in.hint);
		assert_string_equal(out.text, in.text);
	}
}

static void writes_the_documented_form(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_buf_init(&buf, 4096);
	(void)rw_error_set(&err, -ENOENT, "there is no node \"n9\"");
	assert_int_equal(rw_problem_encode(&buf, 0, &err), 0);
	assert_string_equal(buf.data, "{\"type\":\"urn:ringwall:problem:not-found\",\"title\":\"Not found\","
				      "\"status\":404,\"detail\":\"there is no node \\\"n9\\\"\"}");
}

static void stays_valid_when_the_text_was_cut_inside_a_character(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_error out = RW_ERROR_NONE;

	(void)state;
	rw_buf_init(&buf, 4096);
	(void)rw_error_set(&err, -EINVAL, "cut \xe6\x9d");
	assert_int_equal(rw_problem_encode(&buf, 0, &err), 0);
	rw_problem_decode(buf.data, buf.size, 400, &out);
	assert_string_equal(out.text, "cut ??");
}

static void makes_an_error_of_any_answer(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_problem_decode("<html>\x1b[2J", 10, 404, &err);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "the server answered with status 404: <html>?[2J");
	rw_problem_decode("", 0, 599, &err);
	assert_int_equal(err.code, -EIO);
	rw_problem_decode("{\"title\":\"Busy\",\"status\":409,\"more\":[1]}", 40, 409, &err);
	assert_int_equal(err.code, -EBUSY);
	assert_string_equal(err.text, "Busy");
	rw_problem_decode("[]", 2, 500, &err);
	assert_int_equal(err.code, -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_the_trip_with_field_hint_and_code),
		cmocka_unit_test(writes_the_documented_form),
		cmocka_unit_test(stays_valid_when_the_text_was_cut_inside_a_character),
		cmocka_unit_test(makes_an_error_of_any_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
