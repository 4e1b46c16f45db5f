/* SPDX-License-Identifier: Apache-2.0 */

/* Signing in, and what a browser may do by its cookie. */

#include "test.h"

#include <string.h>

#include "controller/audit.h"
#include "fixture.h"

#define NETWORK "{\"name\":\"net\",\"cidrs\":[\"10.0.0.0/16\"]}"

/* A browser with its cookie. */
struct browser {
	char cookie[128]; /* "ringwall=..." */
	char csrf[64];
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct api_fixture));
	api_fixture_init(*state);
	return 0;
}

static int teardown(void **state)
{
	api_fixture_done(*state);
	free(*state);
	return 0;
}

static const char *key_of(const struct api_fixture *fx, enum rw_role role)
{
	return fx->keys[role] + strlen("Bearer ");
}

static const char *id_of(const struct api_fixture *fx, enum rw_role role)
{
	static char id[RW_ID_SIZE];

	(void)snprintf(id, sizeof(id), "%s", key_of(fx, role));
	id[strcspn(id, ".")] = '\0';
	return id;
}

static unsigned int post_session(struct api_fixture *fx, const char *body, const char *header,
				 const char *value, struct answer *ret_answer)
{
	struct request request = {
		.method = "POST", .target = "/v1/session", .body = body, .header = header, .value = value};

	fixture_send(fx, &request, ret_answer);
	return ret_answer->status;
}

/* Takes the answer. */
static void become_signed_in(struct browser *browser, struct answer *answer)
{
	const char *set = answer_header(answer, "Set-Cookie");

	assert_int_equal(answer->status, 200);
	(void)snprintf(browser->cookie, sizeof(browser->cookie), "%.*s", (int)strcspn(set, ";"), set);
	(void)snprintf(browser->csrf, sizeof(browser->csrf), "%s", answer_text(answer, "csrf"));
	answer_done(answer);
}

static void sign_in(struct api_fixture *fx, enum rw_role role, struct browser *browser)
{
	struct answer answer;
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"key\":\"%s\"}", key_of(fx, role));
	(void)post_session(fx, body, NULL, NULL, &answer);
	become_signed_in(browser, &answer);
}

struct header_pair {
	const char *name;
	const char *value;
};

/* Sends with the browser's cookie and up to two more headers. */
static void browse(struct api_fixture *fx, const struct browser *browser, const char *method,
		   const char *target, const char *body, const struct header_pair *more,
		   struct answer *ret_answer)
{
	struct rw_http_header headers[4] = {{"Cookie", browser->cookie}};
	struct request request = {
		.method = method, .target = target, .body = body, .headers = headers, .header_count = 1};

	for (size_t i = 0; more && more[i].name; i++)
		headers[request.header_count++] = (struct rw_http_header){more[i].name, more[i].value};
	fixture_send(fx, &request, ret_answer);
}

static unsigned int try_browse(struct api_fixture *fx, const struct browser *browser, const char *method,
			       const char *target, const char *body, const struct header_pair *more)
{
	struct answer answer;
	unsigned int status;

	browse(fx, browser, method, target, body, more, &answer);
	status = answer.status;
	answer_done(&answer);
	return status;
}

static void signing_in_sets_a_cookie_that_no_script_and_no_other_site_uses(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;
	char body[256];
	const char *cookie;

	(void)snprintf(body, sizeof(body), "{\"key\":\"%s\"}", key_of(fx, RW_ROLE_OPERATOR));
	assert_int_equal(post_session(fx, body, NULL, NULL, &answer), 200);
	assert_string_equal(answer_text(&answer, "name"), "worker");
	assert_string_equal(answer_text(&answer, "role"), "operator");
	assert_string_equal(answer_text(&answer, "key"), id_of(fx, RW_ROLE_OPERATOR));
	assert_int_equal(strlen(answer_text(&answer, "csrf")), 43);
	assert_string_not_equal(answer_text(&answer, "expires"), "");
	assert_string_equal(answer_header(&answer, "Cache-Control"), "no-store");
	/* Over TLS the name has a prefix and "Secure" is there: tests/cluster/test_console_session.py. */
	cookie = answer_header(&answer, "Set-Cookie");
	assert_int_equal(strncmp(cookie, "ringwall=", 9), 0);
	assert_int_equal(strcspn(cookie + 9, ";"), 43);
	assert_string_equal(cookie + 9 + 43, "; Path=/; HttpOnly; SameSite=Strict");
	answer_done(&answer);
}

static void the_cookie_stands_for_its_key(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;
	struct answer answer;

	sign_in(fx, RW_ROLE_OPERATOR, &browser);
	browse(fx, &browser, "GET", "/v1/session", NULL, NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_text(&answer, "csrf"), browser.csrf);
	assert_string_equal(answer_text(&answer, "name"), "worker");
	answer_done(&answer);
	browse(fx, &browser, "GET", "/v1/whoami", NULL, NULL, &answer);
	assert_string_equal(answer_text(&answer, "id"), id_of(fx, RW_ROLE_OPERATOR));
	answer_done(&answer);
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/keys", NULL, NULL), 403);
	assert_int_equal(try_browse(fx, &browser, "GET", "/metrics", NULL, NULL), 200);
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/agent/stream", NULL, NULL), 401);
}

static void finds_its_cookie_among_others(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser, crowded;

	sign_in(fx, RW_ROLE_VIEWER, &browser);
	(void)snprintf(crowded.cookie, sizeof(crowded.cookie), "a=1; xringwall=2;%.60s; z=\"3\"",
		       browser.cookie);
	assert_int_equal(try_browse(fx, &crowded, "GET", "/v1/session", NULL, NULL), 200);
	(void)strcpy(crowded.cookie, "ringwall; ringwall=;; ringwallx=1; =; ");
	assert_int_equal(try_browse(fx, &crowded, "GET", "/v1/session", NULL, NULL), 401);
	/* The name that goes with TLS is not taken without it. */
	(void)snprintf(crowded.cookie, sizeof(crowded.cookie), "__Host-%.60s", browser.cookie);
	assert_int_equal(try_browse(fx, &crowded, "GET", "/v1/session", NULL, NULL), 401);
}

static void signing_in_takes_no_session_that_the_browser_brings(void **state)
{
	struct api_fixture *fx = *state;
	struct browser planted = {.cookie = "ringwall=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct browser first, second;
	struct answer answer;
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"key\":\"%s\"}", key_of(fx, RW_ROLE_OPERATOR));
	assert_int_equal(post_session(fx, body, "Cookie", planted.cookie, &answer), 200);
	become_signed_in(&first, &answer);
	assert_string_not_equal(first.cookie, planted.cookie);
	assert_int_equal(try_browse(fx, &planted, "GET", "/v1/session", NULL, NULL), 401);
	/* ... and ends the session that it comes in place of. */
	assert_int_equal(post_session(fx, body, "Cookie", first.cookie, &answer), 200);
	become_signed_in(&second, &answer);
	assert_string_not_equal(first.cookie, second.cookie);
	assert_int_equal(try_browse(fx, &first, "GET", "/v1/session", NULL, NULL), 401);
	assert_int_equal(try_browse(fx, &second, "GET", "/v1/session", NULL, NULL), 200);
}

static void refuses_bodies_that_sign_nobody_in(void **state)
{
	static const char *const bodies[] = {
		"{}", "{\"key\":1}",   "{\"key\":\"a\",\"link\":\"b\"}", "{\"name\":\"x\"}", "[]",
		"{",  "{\"key\":null}"};
	struct api_fixture *fx = *state;
	struct answer answer;

	for (size_t i = 0; i < RW_ARRAY_COUNT(bodies); i++) {
		assert_int_equal(post_session(fx, bodies[i], NULL, NULL, &answer), 400);
		assert_string_equal(answer_header(&answer, "Set-Cookie"), "");
		answer_done(&answer);
	}
	assert_int_equal(post_session(fx, NULL, NULL, NULL, &answer), 400);
	assert_string_equal(answer_text(&answer, "field"), "Content-Type");
	answer_done(&answer);
	assert_int_equal(post_session(fx, "{\"key\":\"k-1.x\"}", NULL, NULL, &answer), 401);
	answer_done(&answer);
	assert_int_equal(post_session(fx, "{\"link\":\"k-1.x\"}", NULL, NULL, &answer), 401);
	answer_done(&answer);
}

static void another_site_cannot_sign_somebody_in(void **state)
{
	static const struct header_pair foreign[] = {{"Sec-Fetch-Site", "cross-site"},
						     {"Sec-Fetch-Site", "same-site"},
						     {"Origin", "https://evil.example"},
						     {"Origin", "null"}};
	struct api_fixture *fx = *state;
	struct answer answer;
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"key\":\"%s\"}", key_of(fx, RW_ROLE_OPERATOR));
	for (size_t i = 0; i < RW_ARRAY_COUNT(foreign); i++) {
		assert_int_equal(post_session(fx, body, foreign[i].name, foreign[i].value, &answer), 403);
		assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:csrf");
		assert_string_equal(answer_header(&answer, "Set-Cookie"), "");
		answer_done(&answer);
	}
	assert_int_equal(rw_console_session_count(fx->fx.controller), 0);
}

static void a_change_by_cookie_needs_the_session_s_secret(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser, other;
	struct answer answer;
	char wrong[64];

	sign_in(fx, RW_ROLE_OPERATOR, &browser);
	sign_in(fx, RW_ROLE_OPERATOR, &other);
	browse(fx, &browser, "POST", "/v1/networks", NETWORK, NULL, &answer);
	assert_int_equal(answer.status, 403);
	assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:csrf");
	answer_done(&answer);
	(void)strcpy(wrong, browser.csrf);
	wrong[42] = wrong[42] == 'A' ? 'E' : 'A';
	for (int i = 0; i < 3; i++) {
		const char *csrf = i == 0 ? wrong : i == 1 ? other.csrf : "";

		assert_int_equal(try_browse(fx, &browser, "POST", "/v1/networks", NETWORK,
					    (struct header_pair[]){{"Ringwall-Csrf", csrf}, {NULL, NULL}}),
				 403);
	}
	assert_int_equal(try_browse(fx, &browser, "POST", "/v1/networks", NETWORK,
				    (struct header_pair[]){{"Ringwall-Csrf", browser.csrf}, {NULL, NULL}}),
			 201);
}

static void every_change_by_cookie_alone_is_refused(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;

	sign_in(fx, RW_ROLE_ADMIN, &browser);
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++) {
		char path[256] = "/";
		size_t length = 1;

		if (strcmp(route->method, "GET") == 0 || route->access == RW_API_PUBLIC ||
		    route->access == RW_API_AGENT)
			continue;
		for (const char *at = route->path; *at; at++) {
			path[length++] = *at == '{' ? 'x' : *at;
			at += *at == '{';
		}
		path[length] = '\0';
		if (try_browse(fx, &browser, route->method, path,
			       strcmp(route->method, "DELETE") == 0 ? NULL : "{", NULL) != 403)
			fail_msg("%s %s", route->method, path);
	}
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/session", NULL, NULL), 200);
}

static void another_site_cannot_use_the_cookie_even_with_the_secret(void **state)
{
	struct api_fixture *fx = *state;
	char own[64], other_port[80];
	const struct {
		struct header_pair header;
		unsigned int status;
	} cases[] = {
		{{"Sec-Fetch-Site", "cross-site"}, 403},
		{{"Sec-Fetch-Site", "same-site"}, 403},
		{{"Sec-Fetch-Site", ""}, 403},
		{{"Origin", "null"}, 403},
		{{"Origin", "http://127.0.0.1"}, 403},
		{{"Origin", other_port}, 403},
		{{"Origin", "ftp://127.0.0.1"}, 403},
		{{"Origin", own}, 404},
		{{"Sec-Fetch-Site", "same-origin"}, 404},
		{{"Sec-Fetch-Site", "none"}, 404},
	};
	struct browser browser;

	(void)snprintf(own, sizeof(own), "http://127.0.0.1:%u", rw_http_server_port(fx->server));
	(void)snprintf(other_port, sizeof(other_port), "%s0", own);
	sign_in(fx, RW_ROLE_OPERATOR, &browser);
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		unsigned int status =
			try_browse(fx, &browser, "DELETE", "/v1/networks/nothing", NULL,
				   (struct header_pair[]){
					   {"Ringwall-Csrf", browser.csrf}, cases[i].header, {NULL, NULL}});

		if (status != cases[i].status)
			fail_msg("%s: %s answers %u", cases[i].header.name, cases[i].header.value, status);
	}
}

static void a_key_that_is_shown_wins_over_the_cookie(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;
	struct answer answer;

	sign_in(fx, RW_ROLE_ADMIN, &browser);
	browse(fx, &browser, "GET", "/v1/whoami", NULL,
	       (struct header_pair[]){{"Authorization", fx->keys[RW_ROLE_VIEWER]}, {NULL, NULL}}, &answer);
	assert_string_equal(answer_text(&answer, "role"), "viewer");
	answer_done(&answer);
	/* ... and needs no more than itself. */
	assert_int_equal(try_browse(fx, &browser, "POST", "/v1/networks", NETWORK,
				    (struct header_pair[]){{"Authorization", fx->keys[RW_ROLE_OPERATOR]},
							   {NULL, NULL}}),
			 201);
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/whoami", NULL,
				    (struct header_pair[]){{"Authorization", "Bearer x"}, {NULL, NULL}}),
			 401);
	assert_int_equal(
		try_browse(fx, &browser, "GET", "/v1/session", NULL,
			   (struct header_pair[]){{"Authorization", fx->keys[RW_ROLE_ADMIN]}, {NULL, NULL}}),
		401);
}

static void signing_out_ends_the_session_and_clears_the_cookie(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;
	struct answer answer;

	sign_in(fx, RW_ROLE_VIEWER, &browser);
	assert_int_equal(try_browse(fx, &browser, "DELETE", "/v1/session", NULL, NULL), 403);
	browse(fx, &browser, "DELETE", "/v1/session", NULL,
	       (struct header_pair[]){{"Ringwall-Csrf", browser.csrf}, {NULL, NULL}}, &answer);
	assert_int_equal(answer.status, 204);
	assert_int_equal(answer.result.body_size, 0);
	assert_string_equal(answer_header(&answer, "Set-Cookie"),
			    "ringwall=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	answer_done(&answer);
	browse(fx, &browser, "GET", "/v1/session", NULL, NULL, &answer);
	assert_int_equal(answer.status, 401);
	/* A browser with a cookie of the past is told to forget it. */
	assert_non_null(strstr(answer_header(&answer, "Set-Cookie"), "Max-Age=0"));
	answer_done(&answer);
}

static void a_session_is_dead_with_its_key(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;

	sign_in(fx, RW_ROLE_OPERATOR, &browser);
	assert_int_equal(rw_key_revoke(fx->fx.controller, &fx->fx.alice, id_of(fx, RW_ROLE_OPERATOR), NULL),
			 0);
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/whoami", NULL, NULL), 401);
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/session", NULL, NULL), 401);
}

static void limits_wrong_keys_and_links_of_an_address_together(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;
	unsigned int status = 401;
	int tries = 0;

	while (status == 401 && tries++ < 100) {
		status = post_session(fx, tries % 2 ? "{\"key\":\"x\"}" : "{\"link\":\"x\"}", NULL, NULL,
				      &answer);
		if (status == 429)
			assert_string_equal(answer_header(&answer, "Retry-After"), "60");
		answer_done(&answer);
	}
	assert_int_equal(status, 429);
	assert_int_equal(tries, 31);
	fixture_expect(fx, "GET", "/v1/whoami", NULL, 429);
	fixture_pass(&fx->fx, 61000);
	fixture_expect(fx, "GET", "/v1/whoami", NULL, 200);
}

static void a_link_signs_in_once(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {
		.method = "POST", .target = "/v1/console-links", .key = fx->keys[RW_ROLE_VIEWER]};
	static const char url[] = "https://controller:8443/sign-in#";
	struct browser browser;
	struct answer answer;
	char body[256];

	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(strncmp(answer_text(&answer, "url"), url, strlen(url)), 0);
	assert_string_not_equal(answer_text(&answer, "expires"), "");
	(void)snprintf(body, sizeof(body), "{\"link\":\"%s\"}", answer_text(&answer, "url") + strlen(url));
	answer_done(&answer);
	(void)post_session(fx, body, NULL, NULL, &answer);
	become_signed_in(&browser, &answer);
	browse(fx, &browser, "GET", "/v1/whoami", NULL, NULL, &answer);
	assert_string_equal(answer_text(&answer, "id"), id_of(fx, RW_ROLE_VIEWER));
	answer_done(&answer);
	assert_int_equal(post_session(fx, body, NULL, NULL, &answer), 401);
	answer_done(&answer);
	/* A session is not prolonged by a link that it makes. */
	assert_int_equal(try_browse(fx, &browser, "POST", "/v1/console-links", NULL,
				    (struct header_pair[]){{"Ringwall-Csrf", browser.csrf}, {NULL, NULL}}),
			 403);
}

static void the_log_tells_the_key_and_that_it_came_by_the_console(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;
	struct answer answer;

	sign_in(fx, RW_ROLE_OPERATOR, &browser);
	assert_int_equal(try_browse(fx, &browser, "POST", "/v1/networks", NETWORK,
				    (struct header_pair[]){{"Ringwall-Csrf", browser.csrf}, {NULL, NULL}}),
			 201);
	fixture_expect(fx, "DELETE", "/v1/networks/net", NULL, 200);
	fixture_ask(fx, "GET", "/v1/log", NULL, &answer);
	assert_string_equal(answer_element(&answer, "items", 0, "via"), "");
	assert_string_equal(answer_element(&answer, "items", 1, "via"), "console");
	assert_string_equal(answer_element(&answer, "items", 1, "who"), "worker");
	assert_null(strstr(answer.result.body, strchr(browser.cookie, '=') + 1));
	assert_null(strstr(answer.result.body, browser.csrf));
	answer_done(&answer);
}

static void the_console_is_served_beside_the_api(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser = {.cookie = "x=y"};
	const struct header_pair accept[] = {{"Accept", "text/html,*/*"}, {NULL, NULL}};
	static const char *const of_api[] = {
		"/v1", "/v1/", "/v1/nothing", "/metrics/x", "/healthz/", "/v1/clusters/x/y", "/readyz/../"};
	uint64_t answers = fx->api->answers[2];
	struct answer answer;

	browse(fx, &browser, "GET", "/", NULL, NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_header(&answer, "Content-Type"), "text/html; charset=utf-8");
	answer_done(&answer);
	assert_int_equal(try_browse(fx, &browser, "GET", "/clusters/c-1", NULL, accept), 200);
	assert_int_equal(fx->api->answers[2], answers + 2);
	/* What is the API's is never a page. */
	for (size_t i = 0; i < RW_ARRAY_COUNT(of_api); i++) {
		browse(fx, &browser, "GET", of_api[i], NULL, accept, &answer);
		assert_true(answer.status >= 400);
		assert_string_equal(answer_header(&answer, "Content-Type"), "application/problem+json");
		answer_done(&answer);
	}
	assert_int_equal(try_browse(fx, &browser, "GET", "/nothing", NULL, NULL), 404);
	assert_int_equal(try_browse(fx, &browser, "POST", "/", NULL, NULL), 405);
}

static void without_a_console_a_text_says_so(void **state)
{
	static const struct rw_assets none;
	struct api_fixture *fx = *state;
	struct answer answer;

	fx->api->console = &none;
	fixture_ask(fx, "GET", "/", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.result.body, "The console is not built in"));
	answer_done(&answer);
	fixture_expect(fx, "GET", "/clusters", NULL, 404);
}

static void a_session_has_the_rate_of_its_key(void **state)
{
	struct api_fixture *fx = *state;
	struct browser browser;
	char id[RW_ID_SIZE];

	sign_in(fx, RW_ROLE_VIEWER, &browser);
	(void)snprintf(id, sizeof(id), "%s", id_of(fx, RW_ROLE_VIEWER));
	while (rw_key_rate_take(&fx->api->rates, id, rw_clock_monotonic_ns(&fx->fx.clock.clock)))
		continue;
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/whoami", NULL, NULL), 429);
	fx->fx.clock.now_ms += 1000;
	assert_int_equal(try_browse(fx, &browser, "GET", "/v1/whoami", NULL, NULL), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			signing_in_sets_a_cookie_that_no_script_and_no_other_site_uses, setup, teardown),
		cmocka_unit_test_setup_teardown(the_cookie_stands_for_its_key, setup, teardown),
		cmocka_unit_test_setup_teardown(finds_its_cookie_among_others, setup, teardown),
		cmocka_unit_test_setup_teardown(signing_in_takes_no_session_that_the_browser_brings, setup,
						teardown),
		cmocka_unit_test_setup_teardown(refuses_bodies_that_sign_nobody_in, setup, teardown),
		cmocka_unit_test_setup_teardown(another_site_cannot_sign_somebody_in, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_by_cookie_needs_the_session_s_secret, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_change_by_cookie_alone_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(another_site_cannot_use_the_cookie_even_with_the_secret,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_that_is_shown_wins_over_the_cookie, setup, teardown),
		cmocka_unit_test_setup_teardown(signing_out_ends_the_session_and_clears_the_cookie, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_session_is_dead_with_its_key, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_wrong_keys_and_links_of_an_address_together, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_link_signs_in_once, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_tells_the_key_and_that_it_came_by_the_console, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_console_is_served_beside_the_api, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_console_a_text_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_has_the_rate_of_its_key, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
