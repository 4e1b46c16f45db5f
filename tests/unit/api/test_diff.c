/* SPDX-License-Identifier: Apache-2.0 */

/* What opens and closes: between revisions, and of dry runs. */

#include "test.h"

#include <string.h>

#include "fixture.h"

#define RULE "{\"rules\":[\"allow tcp 6379 from 198.51.100.0/24\"]}"

static int setup(void **state)
{
	struct api_fixture *fx = calloc(1, sizeof(*fx));

	*state = fx;
	api_fixture_init(fx);
	fixture_vpc(&fx->fx);
	return 0;
}

static int teardown(void **state)
{
	api_fixture_done(*state);
	free(*state);
	return 0;
}

static void ask_diff(struct api_fixture *fx, uint64_t from, uint64_t to, struct answer *answer)
{
	char target[96];

	if (to)
		(void)snprintf(target, sizeof(target), "/v1/diff?from=%llu&to=%llu", (unsigned long long)from,
			       (unsigned long long)to);
	else
		(void)snprintf(target, sizeof(target), "/v1/diff?from=%llu", (unsigned long long)from);
	fixture_ask(fx, "GET", target, NULL, answer);
	assert_int_equal(answer->status, 200);
}

static void tells_what_opened_and_closed_between_revisions(void **state)
{
	struct api_fixture *fx = *state;
	uint64_t before = rw_controller_revision(fx->fx.controller), with, without;
	struct answer answer;

	with = fixture_add_rule(&fx->fx, "sg-free", "sgr-new in accept tcp 6379/6379 198.51.100.0/24");
	without = fixture_revoke(&fx->fx, "sg-free", "sgr-new");
	ask_diff(fx, before, with, &answer);
	assert_int_equal(answer_count(&answer, "items"), 1);
	assert_string_equal(answer_element(&answer, "items", 0, "change"), "opens");
	assert_non_null(strstr(answer.result.body, "\"nodes\":[\"n-free\"]"));
	assert_non_null(strstr(answer.result.body, "\"before\":\"default\",\"after\":\"sgr-new\""));
	answer_done(&answer);
	ask_diff(fx, with, without, &answer);
	assert_string_equal(answer_element(&answer, "items", 0, "change"), "closes");
	answer_done(&answer);
	ask_diff(fx, with, 0, &answer); /* to now */
	assert_string_equal(answer_element(&answer, "items", 0, "change"), "closes");
	answer_done(&answer);
	ask_diff(fx, before, without, &answer);
	assert_int_equal(answer_count(&answer, "items"), 0);
	assert_non_null(strstr(answer.result.body, "\"different\":false"));
	answer_done(&answer);
	ask_diff(fx, 1, 0, &answer); /* from nothing: nodes that came */
	assert_int_equal(answer_count(&answer, "notes"), 3);
	assert_string_equal(answer_element(&answer, "notes", 0, "note"), "node-new");
	answer_done(&answer);
}

static void refuses_revisions_that_are_not_there(void **state)
{
	static const struct {
		const char *target;
		unsigned int status;
		const char *field;
	} cases[] = {
		{"/v1/diff", 400, "from"},
		{"/v1/diff?to=3", 400, "from"},
		{"/v1/diff?from=x", 400, "from"},
		{"/v1/diff?from=0", 400, "from"},
		{"/v1/diff?from=3&to=-1", 400, "to"},
		{"/v1/diff?from=99999", 400, "from"},
		{"/v1/diff?from=6&to=99999", 400, "to"},
		{"/v1/diff?from=2", 404, "from"},
		{"/v1/diff?from=6&to=2", 404, "to"},
	};
	struct api_fixture *fx = *state;
	struct answer answer;

	while (rw_store_compact(fx->fx.store, 5, NULL) == RW_STORE_MORE)
		;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		fixture_ask(fx, "GET", cases[i].target, NULL, &answer);
		assert_int_equal(answer.status, cases[i].status);
		assert_string_equal(answer_text(&answer, "field"), cases[i].field);
		if (answer.status == 404)
			assert_non_null(strstr(answer_text(&answer, "detail"), "the oldest one is 5"));
		answer_done(&answer);
	}
}

static void a_dry_run_shows_the_traffic_it_would_open(void **state)
{
	struct api_fixture *fx = *state;
	uint64_t revision = rw_controller_revision(fx->fx.controller);
	struct answer answer;

	fixture_ask(fx, "POST", "/v1/security-groups/sg-free/rules?dry_run=true", RULE, &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.result.body, "\"concerned\":1"));
	assert_non_null(strstr(answer.result.body,
			       "\"traffic\":{\"different\":true,\"items\":[{\"change\":\"opens\","
			       "\"nodes\":[\"n-free\"]"));
	assert_non_null(strstr(answer.result.body, "\"remotes\":[\"198.51.100.0/24\"]"));
	answer_done(&answer);
	assert_int_equal(rw_controller_revision(fx->fx.controller), revision);

	fixture_expect(fx, "POST", "/v1/security-groups/sg-free/rules", RULE, 201);
	fixture_ask(fx, "POST", "/v1/security-groups/sg-free/rules/revoke?dry_run=true", RULE, &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(
		strstr(answer.result.body, "\"items\":[{\"change\":\"closes\",\"nodes\":[\"n-free\"]"));
	answer_done(&answer);
	/* The change itself does not wait for it. */
	fixture_ask(fx, "POST", "/v1/security-groups/sg-free/rules/revoke", RULE, &answer);
	assert_int_equal(answer.status, 200);
	assert_null(strstr(answer.result.body, "\"traffic"));
	answer_done(&answer);
}

static void a_dry_run_that_touches_no_traffic_says_so(void **state)
{
	struct api_fixture *fx = *state;
	struct answer answer;

	fixture_ask(fx, "POST", "/v1/networks?dry_run=true", "{\"name\":\"x\",\"cidrs\":[\"10.5.0.0/16\"]}",
		    &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(
		strstr(answer.result.body, "\"traffic\":{\"different\":false,\"items\":[],\"notes\":[]}"));
	answer_done(&answer);
	fixture_ask(fx, "DELETE", "/v1/nodes/n-2?dry_run=true&force=offline-node", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.result.body, "\"notes\":[{\"note\":\"node-gone\",\"node\":\"n-2\"}]"));
	answer_done(&answer);
}

/* The same question as the dry run's, asked of the model after: the answers agree. */
static void a_dry_run_tells_what_the_change_then_does(void **state)
{
	struct api_fixture *fx = *state;
	uint64_t before = rw_controller_revision(fx->fx.controller);
	const char *apply =
		"group: sg-free\n- allow tcp 443 from 192.0.2.0/24\n- drop udp 53 from 10.0.0.0/8\n"
		"- allow icmp from 10.0.0.0/16\n";
	struct answer dry, real;
	const char *traffic;

	fixture_ask(fx, "POST", "/v1/apply?dry_run=true&force=management-ssh", apply, &dry);
	assert_int_equal(dry.status, 200);
	fixture_expect(fx, "POST", "/v1/apply?force=management-ssh", apply, 200);
	ask_diff(fx, before, 0, &real);
	assert_true(answer_count(&real, "items") >= 2);
	traffic = strstr(dry.result.body, "\"traffic\":");
	assert_non_null(traffic);
	assert_int_equal(strstr(traffic, "\"notes\":[]}") - strstr(traffic, "\"items\""),
			 strstr(real.result.body, "\"notes\":[]}") - strstr(real.result.body, "\"items\""));
	answer_done(&dry);
	answer_done(&real);
}

static void never(struct rw_http_call *call, int result, const struct rw_http_response *response,
		  const struct rw_error *err, void *userdata)
{
	(void)call;
	(void)result;
	(void)response;
	(void)err;
	(void)userdata;
	fail_msg("a call that was ended was answered");
}

/* Asks, and goes away after so many turns of the loop: while it is read, computed, or not at all begun. */
static void leave_after(struct api_fixture *fx, const char *method, const char *target, const char *body,
			unsigned int turns)
{
	const struct rw_http_header header = {"Authorization", fx->keys[RW_ROLE_ADMIN]};
	struct rw_http_call *call = NULL;
	char url[256];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", rw_http_server_port(fx->server), target);
	assert_int_equal(rw_http_client_call(fx->client,
					     &(struct rw_http_call_options){
						     .method = method,
						     .url = url,
						     .headers = &header,
						     .header_count = 1,
						     .body = body,
						     .body_size = body ? strlen(body) : 0,
						     .content_type = body ? "application/json" : NULL,
						     .done = never},
					     &call, NULL),
			 0);
	for (int i = 0; i < 2000000 && !rw_http_server_counts(fx->server).streams; i++)
		rw_loop_turn(fx->loop);
	assert_int_equal(rw_http_server_counts(fx->server).streams, 1);
	for (unsigned int i = 0; i < turns && rw_http_server_counts(fx->server).streams; i++)
		rw_loop_turn(fx->loop);
	rw_http_call_abort(call);
}

static void a_client_that_goes_away_leaves_nothing_behind(void **state)
{
	struct api_fixture *fx = *state;

	for (unsigned int turns = 0; turns < 3; turns++) {
		leave_after(fx, "GET", "/v1/diff?from=3", NULL, turns);
		for (int i = 0; i < 2000000 && rw_http_server_counts(fx->server).streams; i++)
			rw_loop_turn(fx->loop);
		assert_int_equal(rw_http_server_counts(fx->server).streams, 0);
	}
	for (int i = 0; i < 2000000 && fx->api->work_count; i++)
		rw_loop_turn(fx->loop);
	assert_int_equal(fx->api->work_count, 0);
	/* The teardown ends the server in the midst of this one. */
	leave_after(fx, "GET", "/v1/diff?from=3&to=4", NULL, 1);
}

static int busy(void *data, struct rw_buf *buf, struct rw_error *err)
{
	(void)data;
	(void)buf;
	return rw_error_set(err, -EINVAL, "nothing");
}

static void forget(void *data)
{
	(void)data;
}

static void unexpected(void *userdata, int result, struct rw_buf *buf, const struct rw_error *err)
{
	(void)userdata;
	(void)result;
	(void)buf;
	(void)err;
}

static void so_many_questions_are_computed_at_a_time(void **state)
{
	const struct rw_api_question question = {.compute = busy, .forget = forget};
	struct api_fixture *fx = *state;
	struct rw_api_work *work;
	struct rw_error err;

	for (size_t i = 0; i < RW_API_WORKS_MAX; i++)
		assert_int_equal(rw_api_work_start(fx->api, &question, 100, unexpected, NULL, &work, NULL),
				 0);
	assert_int_equal(rw_api_work_start(fx->api, &question, 100, unexpected, NULL, &work, &err), -EAGAIN);
	for (int i = 0; i < 2000000 && fx->api->work_count; i++)
		rw_loop_turn(fx->loop);
	assert_int_equal(fx->api->work_count, 0);
	assert_int_equal(rw_api_work_start(fx->api, &question, 100, unexpected, NULL, &work, NULL), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(tells_what_opened_and_closed_between_revisions),
		T(refuses_revisions_that_are_not_there),
		T(a_dry_run_shows_the_traffic_it_would_open),
		T(a_dry_run_that_touches_no_traffic_says_so),
		T(a_dry_run_tells_what_the_change_then_does),
		T(a_client_that_goes_away_leaves_nothing_behind),
		T(so_many_questions_are_computed_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
