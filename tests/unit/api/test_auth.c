/* SPDX-License-Identifier: Apache-2.0 */

/* Every route of the table, tried by everybody who must not. */

#include "test.h"

#include <string.h>

#include "fixture.h"

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

/* The route's path with a name that nothing has. */
static void path_of(const struct rw_api_route *route, char path[256])
{
	const char *at = route->path;
	size_t length = 1;

	path[0] = '/';
	for (; *at; at++) {
		path[length++] = *at == '{' ? 'x' : *at;
		at += *at == '{';
	}
	path[length] = '\0';
}

static unsigned int try_route(struct api_fixture *fx, const struct rw_api_route *route, const char *key)
{
	bool has_body = strcmp(route->method, "POST") == 0 || strcmp(route->method, "PATCH") == 0;
	struct request request = {.method = route->method, .key = key, .body = has_body ? "{" : NULL};
	struct answer answer;
	unsigned int status;
	char path[256];

	path_of(route, path);
	request.target = path;
	fixture_send(fx, &request, &answer);
	status = answer.status;
	if (status >= 400)
		assert_string_equal(answer_header(&answer, "Content-Type"), "application/problem+json");
	if (status == 401 && route->access != RW_API_AGENT)
		assert_string_equal(answer_header(&answer, "WWW-Authenticate"), "Bearer realm=\"ringwall\"");
	answer_done(&answer);
	/* So that wrong keys are never too many in one minute. */
	fixture_pass(&fx->fx, 10000);
	return status;
}

static bool is_public(const struct rw_api_route *route)
{
	return route->access == RW_API_PUBLIC;
}

static void refuses_every_route_without_a_key(void **state)
{
	struct api_fixture *fx = *state;

	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		if (!is_public(route))
			assert_int_equal(try_route(fx, route, NULL), 401);
}

static void opens_metrics_to_its_own_host_when_told_to(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {.method = "GET", .target = "/metrics"};
	struct answer answer;

	fx->api->metrics_open = true;
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 200);
	answer_done(&answer);
	/* A key that is shown must be good all the same. */
	request.key = "Bearer k-0000000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 401);
	answer_done(&answer);
	request.target = "/v1/status";
	request.key = NULL;
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 401);
	answer_done(&answer);
}

static void refuses_every_route_with_a_wrong_secret(void **state)
{
	struct api_fixture *fx = *state;
	char key[sizeof(fx->keys[0])];

	(void)strcpy(key, fx->keys[RW_ROLE_ADMIN]);
	key[strlen(key) - 5] = key[strlen(key) - 5] == 'A' ? 'B' : 'A';
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		if (!is_public(route))
			assert_int_equal(try_route(fx, route, key), 401);
}

static void refuses_every_route_with_what_is_no_key(void **state)
{
	static const char *const keys[] = {
		"Bearer",   "Bearer ",
		"Bearer x", "Basic Zm9vOmJhcg==",
		"Bearer .", "Bearer k-0000000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct api_fixture *fx = *state;

	for (size_t i = 0; i < RW_ARRAY_COUNT(keys); i++)
		for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
			if (!is_public(route))
				assert_int_equal(try_route(fx, route, keys[i]), 401);
}

static void refuses_every_route_with_a_revoked_key(void **state)
{
	struct api_fixture *fx = *state;
	const struct rw_key *key = NULL;

	for (size_t i = 0; i < rw_key_count(fx->fx.controller); i++)
		if (rw_key_at(fx->fx.controller, i)->role == RW_ROLE_OPERATOR)
			key = rw_key_at(fx->fx.controller, i);
	assert_non_null(key);
	assert_int_equal(rw_key_revoke(fx->fx.controller, &fx->fx.alice, key->id, NULL), 0);
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		if (!is_public(route))
			assert_int_equal(try_route(fx, route, fx->keys[RW_ROLE_OPERATOR]), 401);
}

static void refuses_every_route_with_an_expired_key(void **state)
{
	struct api_fixture *fx = *state;
	char token[RW_TOKEN_SIZE], key[RW_TOKEN_SIZE + 8];
	int64_t soon = rw_clock_realtime_ms(&fx->fx.clock.clock) + 1000;

	assert_int_equal(
		rw_key_create(fx->fx.controller, &fx->fx.alice, "brief", RW_ROLE_ADMIN, soon, token, NULL),
		0);
	(void)snprintf(key, sizeof(key), "Bearer %s", token);
	fixture_pass(&fx->fx, 2000);
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		if (!is_public(route))
			assert_int_equal(try_route(fx, route, key), 401);
}

static enum rw_role needed(const struct rw_api_route *route)
{
	return route->access == RW_API_ADMIN      ? RW_ROLE_ADMIN
	       : route->access == RW_API_OPERATOR ? RW_ROLE_OPERATOR
						  : RW_ROLE_VIEWER;
}

static void lets_each_role_do_what_it_may_and_nothing_more(void **state)
{
	struct api_fixture *fx = *state;

	for (const struct rw_api_route *route = rw_api_routes; route->method; route++) {
		/* Streams would not end; their roles are those of every other viewer's route. */
		if (is_public(route) || route->access == RW_API_AGENT || route->access == RW_API_SESSION ||
		    route->handler == rw_api_follow_events || route->handler == rw_api_follow_flows)
			continue;
		for (enum rw_role role = RW_ROLE_VIEWER; role <= RW_ROLE_ADMIN; role++) {
			unsigned int status = try_route(fx, route, fx->keys[role]);

			if (role < needed(route))
				assert_int_equal(status, 403);
			else
				assert_true(status != 401 && status != 403);
		}
	}
}

/* Questions that come with a body, and what changes nothing of the model. */
static bool is_question(const struct rw_api_route *route)
{
	return route->handler == rw_api_trace_event || route->handler == rw_api_diff ||
	       route->handler == rw_api_create_console_link;
}

static void viewers_only_read(void **state)
{
	(void)state;
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		if ((route->access == RW_API_VIEWER || route->access == RW_API_SCRAPE) && !is_question(route))
			assert_string_equal(route->method, "GET");
}

static void keys_are_no_use_on_the_routes_of_agents(void **state)
{
	struct api_fixture *fx = *state;

	for (const struct rw_api_route *route = rw_api_routes; route->method; route++)
		if (route->access == RW_API_AGENT || route->access == RW_API_SESSION)
			assert_int_equal(try_route(fx, route, fx->keys[RW_ROLE_ADMIN]), 401);
}

static void refuses_an_address_that_guesses_keys(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {
		.method = "GET",
		.target = "/v1/whoami",
		.key = "Bearer k-0000000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	unsigned int status = 401;
	struct answer answer;

	for (int i = 0; i < 100 && status == 401; i++) {
		fixture_send(fx, &request, &answer);
		status = answer.status;
		if (status == 429)
			assert_string_equal(answer_header(&answer, "Retry-After"), "60");
		answer_done(&answer);
	}
	assert_int_equal(status, 429);
	fixture_pass(&fx->fx, 61000);
	fixture_expect(fx, "GET", "/v1/whoami", NULL, 200);
}

static void whoami_tells_the_caller(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {.method = "GET", .target = "/v1/whoami", .key = fx->keys[RW_ROLE_OPERATOR]};
	struct answer answer;

	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_text(&answer, "name"), "worker");
	assert_string_equal(answer_text(&answer, "role"), "operator");
	assert_string_equal(answer_text(&answer, "address"), "127.0.0.1");
	answer_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_every_route_without_a_key, setup, teardown),
		cmocka_unit_test_setup_teardown(opens_metrics_to_its_own_host_when_told_to, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_every_route_with_a_wrong_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_every_route_with_what_is_no_key, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_every_route_with_a_revoked_key, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_every_route_with_an_expired_key, setup, teardown),
		cmocka_unit_test_setup_teardown(lets_each_role_do_what_it_may_and_nothing_more, setup,
						teardown),
		cmocka_unit_test(viewers_only_read),
		cmocka_unit_test_setup_teardown(keys_are_no_use_on_the_routes_of_agents, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_an_address_that_guesses_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(whoami_tells_the_caller, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
