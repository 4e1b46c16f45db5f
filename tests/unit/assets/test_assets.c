/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "http/client.h"
#include "site.h"

#define SCRIPT "/assets/index-0aB_c-D1.js"

static struct rw_loop *loop;
static struct rw_http_server *server;
static struct rw_http_client *client;
static struct rw_http_result result;
static const struct rw_assets *served = &site;

static void handle(struct rw_http_exchange *exchange, void *userdata)
{
	(void)userdata;
	if (!rw_assets_answer(served, rw_random_system(), exchange))
		rw_http_answer(exchange, 404, NULL, NULL, 0);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	assert_int_equal(rw_http_server_new(&(struct rw_http_server_options){.loop = loop,
									     .clock = rw_clock_system(),
									     .address = "127.0.0.1",
									     .plain = true,
									     .handler = handle},
					    &server, NULL),
			 0);
	assert_int_equal(
		rw_http_client_new(&(struct rw_http_client_options){.loop = loop, .clock = rw_clock_system()},
				   &client, NULL),
		0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rw_http_result_done(&result);
	(void)rw_http_client_free(client);
	(void)rw_http_server_free(server);
	(void)rw_loop_free(loop);
	return 0;
}

/* Asks with up to two headers; the answer is in 'result'. */
static unsigned int ask(const char *method, const char *path, const char *name, const char *value,
			const char *second, const char *second_value)
{
	struct rw_http_header headers[] = {{name, value}, {second, second_value}};
	struct rw_error err = RW_ERROR_NONE;
	char url[256];

	rw_http_result_done(&result);
	memset(&result, 0, sizeof(result));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", rw_http_server_port(server), path);
	if (rw_http_client_wait(client,
				&(struct rw_http_call_options){.method = method,
							       .url = url,
							       .headers = headers,
							       .header_count = second ? 2
									       : name ? 1
										      : 0},
				&result, &err) < 0)
		fail_msg("%s %s: %s", method, path, err.text);
	return result.status;
}

static unsigned int get(const char *path)
{
	return ask("GET", path, NULL, NULL, NULL, NULL);
}

/* The header's value, "" when there is none; valid until the next call but one. */
static const char *header(const char *name)
{
	static char values[2][1024];
	static unsigned int turn;
	char *value = values[turn++ % 2];
	char start[64];
	const char *at;

	(void)snprintf(start, sizeof(start), "\n%s: ", name);
	at = strstr(result.headers, start);
	if (!at && strncmp(result.headers, start + 1, strlen(start) - 1) == 0)
		at = result.headers - 1;
	(void)snprintf(value, sizeof(values[0]), "%.*s", at ? (int)strcspn(at + strlen(start), "\n") : 0,
		       at ? at + strlen(start) : "");
	return value;
}

static const struct rw_asset *file_of(const char *path)
{
	for (size_t i = 0; i < site.count; i++)
		if (strcmp(site.files[i].path, path) == 0)
			return &site.files[i];
	fail_msg("%s is not embedded", path);
	return NULL;
}

static void embeds_every_file_with_its_type_and_a_smaller_form(void **state)
{
	(void)state;
	assert_int_equal(site.count, 3);
	assert_string_equal(file_of("/index.html")->type, "text/html; charset=utf-8");
	assert_string_equal(file_of("/mark.svg")->type, "image/svg+xml");
	assert_string_equal(file_of(SCRIPT)->type, "text/javascript; charset=utf-8");
	assert_true(file_of(SCRIPT)->is_hashed);
	assert_false(file_of("/mark.svg")->is_hashed);
	assert_non_null(file_of(SCRIPT)->gzip);
	assert_true(file_of(SCRIPT)->gzip_size < file_of(SCRIPT)->size);
	/* It would be larger. */
	assert_null(file_of("/mark.svg")->gzip);
	for (size_t i = 1; i < site.count; i++)
		assert_true(strcmp(site.files[i - 1].path, site.files[i].path) < 0);
}

static void serves_a_file_as_it_is_to_who_knows_no_gzip(void **state)
{
	const struct rw_asset *script = file_of(SCRIPT);

	(void)state;
	assert_int_equal(get(SCRIPT), 200);
	assert_int_equal(result.body_size, script->size);
	assert_memory_equal(result.body, script->bytes, script->size);
	assert_string_equal(header("Content-Type"), script->type);
	assert_string_equal(header("Content-Encoding"), "");
	assert_string_equal(header("Vary"), "Accept-Encoding");
	assert_string_equal(header("X-Content-Type-Options"), "nosniff");
	assert_string_equal(header("Cache-Control"), "public, max-age=31536000, immutable");
	assert_int_equal(get("/mark.svg"), 200);
	assert_string_equal(header("Cache-Control"), "no-cache");
	assert_string_equal(header("Vary"), "");
}

static void serves_the_packed_form_to_who_knows_it(void **state)
{
	const struct rw_asset *script = file_of(SCRIPT);
	char plain_etag[128];

	(void)state;
	(void)get(SCRIPT);
	(void)strcpy(plain_etag, header("ETag"));
	assert_int_equal(ask("GET", SCRIPT, "Accept-Encoding", "gzip, deflate, br, zstd", NULL, NULL), 200);
	assert_string_equal(header("Content-Encoding"), "gzip");
	assert_int_equal(result.body_size, script->gzip_size);
	assert_memory_equal(result.body, script->gzip, script->gzip_size);
	/* Other bytes, another strong ETag. */
	assert_string_not_equal(header("ETag"), plain_etag);
	assert_int_equal(ask("GET", "/mark.svg", "Accept-Encoding", "gzip", NULL, NULL), 200);
	assert_string_equal(header("Content-Encoding"), "");
}

static void answers_304_to_who_has_that_very_form(void **state)
{
	char plain[128], packed[128];

	(void)state;
	(void)ask("GET", SCRIPT, "Accept-Encoding", "gzip", NULL, NULL);
	(void)strcpy(packed, header("ETag"));
	(void)get(SCRIPT);
	(void)strcpy(plain, header("ETag"));
	assert_int_equal(ask("GET", SCRIPT, "If-None-Match", plain, NULL, NULL), 304);
	assert_int_equal(result.body_size, 0);
	assert_string_equal(header("ETag"), plain);
	assert_int_equal(ask("GET", SCRIPT, "If-None-Match", packed, NULL, NULL), 200);
	assert_int_equal(ask("GET", SCRIPT, "If-None-Match", packed, "Accept-Encoding", "gzip"), 304);
	assert_int_equal(ask("GET", SCRIPT, "If-None-Match", plain, "Accept-Encoding", "gzip"), 200);
}

static void knows_which_encodings_are_accepted(void **state)
{
	static const struct {
		const char *header;
		bool gzip;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"gzip", true},
		{"GZIP", true},
		{"br, gzip", true},
		{"gzip;q=0", false},
		{"gzip; q=0.000", false},
		{"gzip;q=0.001", true},
		{"br,gzip;q=1.0", true},
		{"*", true},
		{"*;q=0", false},
		{"gzip;q=0, *", false},
		{"*, gzip;q=0", false},
		{"identity", false},
		{"gzipped", false},
		{"x-gzip", false},
		{", ,", false},
		{"deflate;q=0,gzip", true},
		{";,=,gzip", true},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++)
		if (rw_assets_accepts_gzip(cases[i].header) != cases[i].gzip)
			fail_msg("\"%s\"", cases[i].header ? cases[i].header : "(none)");
}

static void finds_an_etag_in_a_list(void **state)
{
	static const struct {
		const char *header;
		bool has;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"\"abc\"", true},
		{"W/\"abc\"", true},
		{"\"x\", \"abc\"", true},
		{"\"x\",\"abc\"", true},
		{"*", true},
		{"\"x\" , W/\"abc\" ", true},
		{"abc", false},
		{"\"abc", false},
		{"\"abcd\"", false},
		{"\"x\"", false},
		{"\"abc\"x", false},
		{",,", false},
		{"W/", false},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++)
		if (rw_assets_has_etag(cases[i].header, "\"abc\"") != cases[i].has)
			fail_msg("%s", cases[i].header ? cases[i].header : "(none)");
}

/* What stands between 'start' and 'end' in 'text'. */
static void between(const char *text, const char *start, char end, char value[64])
{
	const char *at = strstr(text, start);
	const char *stop;

	assert_non_null(at);
	at += strlen(start);
	stop = strchr(at, end);
	assert_non_null(stop);
	assert_true(stop - at < 64);
	(void)snprintf(value, 64, "%.*s", (int)(stop - at), at);
}

static void the_page_has_another_nonce_each_time_and_the_policy_names_it(void **state)
{
	char nonces[2][64], in_page[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(get("/"), 200);
		between(header("Content-Security-Policy"), "'nonce-", '\'', nonces[i]);
		assert_int_equal(strlen(nonces[i]), 32);
		between(result.body, "<meta property=\"csp-nonce\" nonce=\"", '"', in_page);
		assert_string_equal(in_page, nonces[i]);
		between(result.body, ".js\" nonce=\"", '"', in_page);
		assert_string_equal(in_page, nonces[i]);
		assert_null(strstr(result.body, RW_ASSETS_PLACEHOLDER));
	}
	assert_string_not_equal(nonces[0], nonces[1]);
}

static void the_page_lets_nothing_in_but_what_is_ours(void **state)
{
	const char *policy;

	(void)state;
	assert_int_equal(get("/"), 200);
	policy = header("Content-Security-Policy");
	assert_int_equal(
		strncmp(policy, "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-", 63), 0);
	assert_null(strstr(policy, "unsafe"));
	assert_non_null(strstr(policy, "'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
				       "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"));
	assert_string_equal(header("Cache-Control"), "no-store");
	assert_string_equal(header("X-Content-Type-Options"), "nosniff");
	assert_string_equal(header("Referrer-Policy"), "no-referrer");
	assert_string_equal(header("Cross-Origin-Opener-Policy"), "same-origin");
	assert_string_not_equal(header("Permissions-Policy"), "");
	assert_string_equal(header("ETag"), "");
}

static void paths_of_the_page_s_own_are_the_page_for_browsers(void **state)
{
	static const char accept[] = "text/html,application/xhtml+xml,*/*;q=0.8";

	(void)state;
	assert_int_equal(ask("GET", "/clusters/c-1/rules?tab=inbound", "Accept", accept, NULL, NULL), 200);
	assert_non_null(strstr(result.body, "<!doctype html>"));
	assert_string_equal(header("Content-Type"), "text/html; charset=utf-8");
	assert_int_equal(get("/index.html"), 200);
	assert_string_not_equal(header("Content-Security-Policy"), "");
	/* Programs learn that there is nothing, and a script that is gone is no page. */
	assert_int_equal(ask("GET", "/clusters/c-1", "Accept", "*/*", NULL, NULL), 404);
	assert_int_equal(get("/clusters/c-1"), 404);
	assert_int_equal(ask("GET", "/assets/index-ZZZZZZZZ.js", "Accept", accept, NULL, NULL), 404);
}

static void serves_no_path_but_those_of_the_table(void **state)
{
	static const char *const paths[] = {
		"/assets",     "/assets/",   "//mark.svg", "/./mark.svg",  "/assets/../mark.svg",
		"/%6dark.svg", "/mark.svg/", "/MARK.SVG",  "/mark.svg%00", "/..%2fetc/passwd"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(paths); i++)
		if (get(paths[i]) == 200)
			fail_msg("%s", paths[i]);
}

static void head_tells_what_get_would(void **state)
{
	char etag[128];

	(void)state;
	(void)get(SCRIPT);
	(void)strcpy(etag, header("ETag"));
	assert_int_equal(ask("HEAD", SCRIPT, NULL, NULL, NULL, NULL), 200);
	assert_string_equal(header("ETag"), etag);
	assert_int_equal(result.body_size, 0);
	assert_int_equal(ask("HEAD", "/", NULL, NULL, NULL, NULL), 200);
	assert_int_equal(ask("POST", "/", NULL, NULL, NULL, NULL), 404);
	assert_int_equal(ask("DELETE", SCRIPT, NULL, NULL, NULL, NULL), 404);
}

static void without_a_console_nothing_is_answered(void **state)
{
	static const struct rw_assets none;

	(void)state;
	served = &none;
	assert_int_equal(get("/"), 404);
	assert_int_equal(ask("GET", "/clusters", "Accept", "text/html", NULL, NULL), 404);
	served = &site;
	assert_int_equal(get("/"), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(embeds_every_file_with_its_type_and_a_smaller_form),
		cmocka_unit_test(serves_a_file_as_it_is_to_who_knows_no_gzip),
		cmocka_unit_test(serves_the_packed_form_to_who_knows_it),
		cmocka_unit_test(answers_304_to_who_has_that_very_form),
		cmocka_unit_test(knows_which_encodings_are_accepted),
		cmocka_unit_test(finds_an_etag_in_a_list),
		cmocka_unit_test(the_page_has_another_nonce_each_time_and_the_policy_names_it),
		cmocka_unit_test(the_page_lets_nothing_in_but_what_is_ours),
		cmocka_unit_test(paths_of_the_page_s_own_are_the_page_for_browsers),
		cmocka_unit_test(serves_no_path_but_those_of_the_table),
		cmocka_unit_test(head_tells_what_get_would),
		cmocka_unit_test(without_a_console_nothing_is_answered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
