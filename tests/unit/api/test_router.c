/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "api/internal.h"

static struct rw_http_request request_of(const char *method, const char *path, char *room)
{
	struct rw_http_request request = {.method = method, .path = path, .target = path};

	(void)strcpy(room, path + 1);
	for (;;) {
		size_t length = strcspn(room, "/");

		if (*room || path[1])
			request.segments[request.segment_count++] = room;
		if (!room[length])
			break;
		room[length] = '\0';
		room += length + 1;
	}
	return request;
}

static int find(const char *method, const char *path, const struct rw_api_route **route, const char **names,
		char allowed[64], struct rw_error *err)
{
	static char room[256];
	struct rw_http_request request = request_of(method, path, room);

	return rw_api_find_route(&request, route, names, allowed, err);
}

static void finds_every_route_of_the_table(void **state)
{
	(void)state;
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++) {
		const char *names[RW_API_MAX_NAMES] = {NULL};
		const struct rw_api_route *found = NULL;
		char allowed[64];
		char path[256] = "/";

		(void)strcat(path, route->path);
		assert_int_equal(find(route->method, path, &found, names, allowed, NULL), 0);
		assert_ptr_equal(found, route);
		assert_non_null(route->handler);
		assert_non_null(route->parameters);
		assert_in_range(route->access, 0, RW_API_ACCESS_COUNT_ - 1);
	}
}

static void gives_the_names_in_the_path(void **state)
{
	const char *names[RW_API_MAX_NAMES] = {NULL};
	const struct rw_api_route *route;
	char allowed[64];

	(void)state;
	assert_int_equal(find("DELETE", "/v1/security-groups/web/rules/sgr-1", &route, names, allowed, NULL),
			 0);
	assert_string_equal(names[0], "web");
	assert_string_equal(names[1], "sgr-1");
	assert_null(names[2]);
}

static void prefers_a_literal_segment_to_a_name(void **state)
{
	const char *names[RW_API_MAX_NAMES] = {NULL};
	const struct rw_api_route *route;
	char allowed[64];

	(void)state;
	assert_int_equal(find("POST", "/v1/security-groups/web/rules/revoke", &route, names, allowed, NULL),
			 0);
	assert_ptr_equal(route->handler, rw_api_revoke_rules);
}

static void lists_the_methods_of_a_path(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	const char *names[RW_API_MAX_NAMES] = {NULL};
	const struct rw_api_route *route = NULL;
	char allowed[64];

	(void)state;
	assert_int_equal(find("PUT", "/v1/networks/a", &route, names, allowed, &err), -ENOSYS);
	assert_string_equal(allowed, "GET, PATCH, DELETE");
	assert_null(route);
}

static void knows_no_other_paths(void **state)
{
	static const char *const paths[] = {
		"/v1",           "/v2/networks",  "/v1/networks/a/b", "/v1/network",
		"/v1/networks/", "/v1//networks", "/v1/networks/a/",  "/healthz/x"};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(paths); i++) {
		const char *names[RW_API_MAX_NAMES] = {NULL};
		const struct rw_api_route *route;
		char allowed[64];

		assert_int_equal(find("GET", paths[i], &route, names, allowed, &err), -ENOENT);
	}
}

static int check(const char *method, const char *path, const char *first, const char *second,
		 struct rw_error *err)
{
	const char *names[RW_API_MAX_NAMES] = {NULL};
	const struct rw_api_route *route;
	struct rw_http_request request = {.method = method};
	char allowed[64];

	assert_int_equal(find(method, path, &route, names, allowed, NULL), 0);
	request.parameters[request.parameter_count++] = (struct rw_http_parameter){first, "1"};
	if (second)
		request.parameters[request.parameter_count++] = (struct rw_http_parameter){second, "2"};
	return rw_api_check_parameters(route, &request, err);
}

static void refuses_parameters_that_a_route_does_not_have(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(check("GET", "/v1/nodes", "limit", "cluster", &err), 0);
	assert_int_equal(check("GET", "/v1/networks", "cluster", NULL, &err), -EINVAL);
	assert_string_equal(err.field, "cluster");
	/* A misspelt dry_run must not make the change. */
	assert_int_equal(check("POST", "/v1/networks", "dryrun", NULL, &err), -EINVAL);
	assert_string_equal(err.field, "dryrun");
	assert_int_equal(check("GET", "/v1/status", "", NULL, &err), -EINVAL);
}

static void refuses_a_parameter_given_twice_but_force(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(check("GET", "/v1/nodes", "limit", "limit", &err), -EINVAL);
	assert_string_equal(err.field, "limit");
	assert_int_equal(check("POST", "/v1/networks", "force", "force", &err), 0);
}

static void limits_the_requests_of_one_caller(void **state)
{
	struct rw_key_rates *rates = calloc(1, sizeof(*rates));
	uint64_t now_ns = 1000;

	(void)state;
	assert_non_null(rates);
	for (int i = 0; i < RW_KEY_RATE_BURST; i++)
		assert_true(rw_key_rate_take(rates, "k-1", now_ns));
	assert_false(rw_key_rate_take(rates, "k-1", now_ns));
	assert_true(rw_key_rate_take(rates, "k-2", now_ns));
	now_ns += UINT64_C(1000000000) / RW_KEY_RATE_PER_SECOND;
	assert_true(rw_key_rate_take(rates, "k-1", now_ns));
	assert_false(rw_key_rate_take(rates, "k-1", now_ns));
	free(rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_route_of_the_table),
		cmocka_unit_test(gives_the_names_in_the_path),
		cmocka_unit_test(prefers_a_literal_segment_to_a_name),
		cmocka_unit_test(lists_the_methods_of_a_path),
		cmocka_unit_test(knows_no_other_paths),
		cmocka_unit_test(refuses_parameters_that_a_route_does_not_have),
		cmocka_unit_test(refuses_a_parameter_given_twice_but_force),
		cmocka_unit_test(limits_the_requests_of_one_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
