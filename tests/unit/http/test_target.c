/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "http/target.h"

static void splits_and_decodes_path_and_query(void **state)
{
	struct rw_http_request request = {0};
	RW_CLEANUP(rw_free) char *storage = NULL;

	(void)state;
	assert_int_equal(rw_http_target_parse("/v1/a%2Fb/c+d?limit=10&name=x+y%26z&flag&&limit=11&e=",
					      &request, &storage, NULL),
			 0);
	assert_string_equal(request.path, "/v1/a%2Fb/c+d");
	assert_int_equal(request.segment_count, 3);
	assert_string_equal(request.segments[0], "v1");
	assert_string_equal(request.segments[1], "a/b");
	assert_string_equal(request.segments[2], "c+d");
	assert_int_equal(request.parameter_count, 5);
	assert_string_equal(rw_http_request_parameter(&request, "limit"), "10");
	assert_string_equal(rw_http_request_parameter(&request, "name"), "x y&z");
	assert_string_equal(rw_http_request_parameter(&request, "flag"), "");
	assert_string_equal(rw_http_request_parameter(&request, "e"), "");
	assert_string_equal(request.parameters[3].value, "11");
	assert_null(rw_http_request_parameter(&request, "Limit"));
}

static void counts_segments_of_the_root_and_of_trailing_slashes(void **state)
{
	static const struct {
		const char *target;
		size_t count;
	} cases[] = {{"/", 0}, {"/?a=b", 0}, {"/a", 1}, {"/a/", 2}, {"/a/b", 2}, {"/a?", 1}};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_http_request request = {0};
		RW_CLEANUP(rw_free) char *storage = NULL;

		assert_int_equal(rw_http_target_parse(cases[i].target, &request, &storage, NULL), 0);
		assert_int_equal(request.segment_count, cases[i].count);
	}
}

static void leaves_the_query_to_who_asks_for_it_raw(void **state)
{
	struct rw_http_request request = {0};
	RW_CLEANUP(rw_free) char *storage = NULL;
	char *too_long = NULL;

	(void)state;
	assert_int_equal(rw_http_target_parse_path("/a?b=%&=c%00", 20, &request, &storage, NULL), 0);
	assert_string_equal(request.path, "/a");
	assert_string_equal(request.target, "/a?b=%&=c%00");
	assert_int_equal(request.segment_count, 1);
	assert_int_equal(request.parameter_count, 0);
	assert_int_equal(rw_http_target_parse_path("/a?23456789", 10, &request, &too_long, NULL), -E2BIG);
	assert_int_equal(rw_http_target_parse_path("/a//b", 10, &request, &too_long, NULL), -EINVAL);
	assert_null(too_long);
}

static void refuses_what_could_be_read_in_two_ways(void **state)
{
	static const char *const bad[] = {"",          "*",        "a",     "http://a/", "//",
					  "/a//b",     "//a",      "/.",    "/..",       "/a/../b",
					  "/%2e%2e/b", "/a%",      "/a%2",  "/a%zz",     "/a%00b",
					  "/a%0ab",    "/a?b=%7f", "/a?=b", "/a\x01",    "/a?b=%"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct rw_http_request request = {0};
		char *storage = NULL;

		assert_int_equal(rw_http_target_parse(bad[i], &request, &storage, NULL), -EINVAL);
		assert_null(storage);
	}
}

static void bounds_length_parts_and_parameters(void **state)
{
	struct rw_http_request request = {0};
	char target[RW_HTTP_MAX_TARGET + 2];
	char *storage = NULL;

	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[RW_HTTP_MAX_TARGET + 1] = '\0';
	assert_int_equal(rw_http_target_parse(target, &request, &storage, NULL), -E2BIG);
	target[RW_HTTP_MAX_TARGET] = '\0';
	assert_int_equal(rw_http_target_parse(target, &request, &storage, NULL), 0);
	free(storage);
	storage = NULL;
	for (size_t i = 0; i <= RW_HTTP_MAX_SEGMENTS; i++)
		memcpy(target + 2 * i, "/a", 3);
	assert_int_equal(rw_http_target_parse(target, &request, &storage, NULL), -E2BIG);
	target[1] = '?';
	for (size_t i = 0; i <= RW_HTTP_MAX_PARAMETERS; i++)
		memcpy(target + 2 + 2 * i, "a&", 3);
	assert_int_equal(rw_http_target_parse(target, &request, &storage, NULL), -E2BIG);
	assert_null(storage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_and_decodes_path_and_query),
		cmocka_unit_test(counts_segments_of_the_root_and_of_trailing_slashes),
		cmocka_unit_test(leaves_the_query_to_who_asks_for_it_raw),
		cmocka_unit_test(refuses_what_could_be_read_in_two_ways),
		cmocka_unit_test(bounds_length_parts_and_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
