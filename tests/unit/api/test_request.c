/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "api/internal.h"

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"0", 0}, {"30", 30000}, {"500ms", 500}, {"30s", 30000}, {"2m", 120000}, {"10m", 600000}};
	static const char *const bad[] = {"", "s", "-1s", "1h", "11m", "1.5s", "30 s", "30S", "9999999999ms"};
	struct rw_error err = RW_ERROR_NONE;
	uint64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		assert_int_equal(rw_api_duration("wait", bad[i], &ms, &err), -EINVAL);
		assert_string_equal(err.field, "wait");
		assert_int_equal(ms, 7);
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(good); i++) {
		assert_int_equal(rw_api_duration("wait", good[i].text, &ms, &err), 0);
		assert_int_equal(ms, good[i].ms);
	}
}

static struct rw_api_call call_with(struct rw_http_request *request, const char *name, const char *value)
{
	request->parameters[request->parameter_count++] = (struct rw_http_parameter){name, value};
	return (struct rw_api_call){.request = request};
}

static void waits_only_when_asked(void **state)
{
	struct rw_http_request none = {0}, zero = {0}, empty = {0}, all = {0};
	struct rw_api_call call = {.request = &none};
	struct rw_api_wait wait;

	(void)state;
	assert_int_equal(rw_api_wait_get(&call, &wait, NULL), 0);
	assert_false(wait.wanted);
	call = call_with(&zero, "wait", "0");
	assert_int_equal(rw_api_wait_get(&call, &wait, NULL), 0);
	assert_false(wait.wanted);
	call = call_with(&empty, "wait", "");
	assert_int_equal(rw_api_wait_get(&call, &wait, NULL), 0);
	assert_true(wait.wanted);
	assert_false(wait.all);
	assert_int_equal(wait.timeout_ms, RW_API_WAIT_DEFAULT_MS);
	call = call_with(&all, "wait_all", "true");
	assert_int_equal(rw_api_wait_get(&call, &wait, NULL), 0);
	assert_true(wait.wanted);
	assert_true(wait.all);
}

static void bounds_the_size_of_pages(void **state)
{
	static const char *const bad[] = {"0", "1001", "-1", "x", "", "18446744073709551616"};
	struct rw_http_request none = {0};
	struct rw_api_call call = {.request = &none};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_api_page page;

	(void)state;
	assert_int_equal(rw_api_page_get(&call, &page, &err), 0);
	assert_int_equal(page.limit, RW_API_PAGE_DEFAULT);
	assert_null(page.after);
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct rw_http_request request = {0};

		call = call_with(&request, "limit", bad[i]);
		assert_int_equal(rw_api_page_get(&call, &page, &err), -EINVAL);
		assert_string_equal(err.field, "limit");
	}
}

static void takes_flags_as_true_or_false_only(void **state)
{
	struct rw_http_request request = {0}, bad = {0};
	struct rw_api_call call = call_with(&request, "dry_run", "true");
	struct rw_error err = RW_ERROR_NONE;
	bool flag = false;

	(void)state;
	assert_int_equal(rw_api_flag(&call, "dry_run", &flag, &err), 0);
	assert_true(flag);
	call = call_with(&bad, "dry_run", "yes");
	assert_int_equal(rw_api_flag(&call, "dry_run", &flag, &err), -EINVAL);
	assert_string_equal(err.field, "dry_run");
}

/* Merges two texts and compares the result as text. */
static void expect_merged(const char *current, const char *patch, const char *const *skip,
			  const char *expected)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *merged = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	struct rw_json root;

	rw_buf_init(&text, 4096);
	assert_int_equal(rw_json_parse(patch, strlen(patch), 4096, &document, NULL), 0);
	root = rw_json_root(document);
	assert_int_equal(rw_api_merge(current, &root, skip, &merged, NULL), 0);
	root = rw_json_root(merged);
	assert_int_equal(rw_json_dump(&root, &text, NULL), 0);
	assert_string_equal(text.data, expected);
}

static void merges_members_over_the_object(void **state)
{
	(void)state;
	expect_merged("{\"a\":1,\"b\":[1,2]}", "{\"b\":[3]}", NULL, "{\"a\":1,\"b\":[3]}");
	expect_merged("{\"a\":1}", "{\"c\":\"x\"}", NULL, "{\"a\":1,\"c\":\"x\"}");
	expect_merged("{\"a\":1}", "{}", NULL, "{\"a\":1}");
}

static void null_takes_a_member_away(void **state)
{
	(void)state;
	expect_merged("{\"a\":1,\"b\":2}", "{\"b\":null}", NULL, "{\"a\":1}");
	expect_merged(NULL, "{\"a\":null,\"b\":2}", NULL, "{\"b\":2}");
}

static void a_member_comes_whole_and_is_not_merged_itself(void **state)
{
	(void)state;
	expect_merged("{\"object\":{\"cidr\":\"10.0.0.0/8\"}}", "{\"object\":{\"group\":\"sg-1\"}}", NULL,
		      "{\"object\":{\"group\":\"sg-1\"}}");
}

static void leaves_out_what_is_skipped(void **state)
{
	static const char *const skip[] = {"no_web", NULL};

	(void)state;
	expect_merged(NULL, "{\"name\":\"x\",\"no_web\":true}", skip, "{\"name\":\"x\"}");
}

static void names_members_that_are_not_known(void **state)
{
	static const char *const names[] = {"rules", NULL};
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	const char *text = "{\"rules\":[],\"rule\":1}";
	struct rw_error err = RW_ERROR_NONE;
	struct rw_json root;

	(void)state;
	assert_int_equal(rw_json_parse(text, strlen(text), 4096, &document, NULL), 0);
	root = rw_json_root(document);
	assert_int_equal(rw_api_check_members(&root, names, &err), -EINVAL);
	assert_string_equal(err.field, "rule");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(waits_only_when_asked),
		cmocka_unit_test(bounds_the_size_of_pages),
		cmocka_unit_test(takes_flags_as_true_or_false_only),
		cmocka_unit_test(merges_members_over_the_object),
		cmocka_unit_test(null_takes_a_member_away),
		cmocka_unit_test(a_member_comes_whole_and_is_not_merged_itself),
		cmocka_unit_test(leaves_out_what_is_skipped),
		cmocka_unit_test(names_members_that_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
