/* SPDX-License-Identifier: Apache-2.0 */

/* Waits and guards over HTTP, with agents that apply, fail, are away or late. */

#include "test.h"

#include <string.h>

#include "fixture.h"

#define SSH  "{\"rules\":[\"allow tcp 22 from 0.0.0.0/0\"]}"
#define RULE "{\"rules\":[\"allow tcp 6379 from 10.0.0.0/16\"]}"

struct world {
	struct api_fixture api;
	struct agent agent;
};

/* The free-standing node n-free has an agent; the cluster's nodes have none that is connected. */
static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	api_fixture_init(&world->api);
	fixture_vpc(&world->api.fx);
	agent_init(&world->agent, &world->api.fx, "n-free");
	assert_int_equal(agent_connect(&world->agent), 0);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	agent_done(&world->agent);
	api_fixture_done(&world->api);
	free(world);
	return 0;
}

/* A call that is under way. */
struct waiting {
	bool done;
	unsigned int status;
	struct rw_json_document *document;
	struct rw_json root;
};

static void call_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
		      const struct rw_error *err, void *userdata)
{
	struct waiting *waiting = userdata;

	(void)call;
	(void)err;
	assert_int_equal(result, 0);
	waiting->done = true;
	waiting->status = response->status;
	assert_int_equal(rw_json_parse(response->body, response->body_size, RW_JSON_BODY_MAX,
				       &waiting->document, NULL),
			 0);
	waiting->root = rw_json_root(waiting->document);
}

static struct rw_http_call *begin(struct world *world, const char *target, const char *body,
				  struct waiting *waiting)
{
	struct rw_http_header header = {"Authorization", world->api.keys[RW_ROLE_OPERATOR]};
	struct rw_http_call *call = NULL;
	char url[256];

	*waiting = (struct waiting){0};
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", rw_http_server_port(world->api.server),
		       target);
	assert_int_equal(
		rw_http_client_call(world->api.client,
				    &(struct rw_http_call_options){.method = "POST",
								   .url = url,
								   .headers = &header,
								   .header_count = 1,
								   .body = body,
								   .body_size = strlen(body),
								   .content_type = "application/json",
								   .done = call_done,
								   .userdata = waiting},
				    &call, NULL),
		0);
	return call;
}

/* Turns the loop until the answer is there, or until the server holds 'streams' waiting ones. */
static void turn(struct world *world, const struct waiting *waiting, unsigned int streams)
{
	for (int i = 0; i < 2000000; i++) {
		rw_loop_turn(world->api.loop);
		if (waiting ? waiting->done : rw_http_server_counts(world->api.server).streams == streams)
			return;
	}
	fail_msg("nothing happened");
}

static const char *node_state(const struct waiting *waiting, const char *member)
{
	struct rw_json nodes, node, value;
	const char *text = "";

	assert_true(rw_json_find(&waiting->root, "nodes", &nodes));
	assert_int_equal(rw_json_count(&nodes), 1);
	node = rw_json_at(&nodes, 0);
	assert_true(rw_json_find(&node, member, &value));
	assert_int_equal(rw_json_text(&value, 200, &text, NULL), 0);
	return text;
}

static void answers_when_the_agent_has_applied(void **state)
{
	struct world *world = *state;
	struct waiting waiting;

	begin(world, "/v1/security-groups/sg-free/rules?wait=30s", RULE, &waiting);
	turn(world, NULL, 1);
	assert_false(waiting.done);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	turn(world, &waiting, 0);
	assert_int_equal(waiting.status, 201);
	assert_string_equal(node_state(&waiting, "state"), "applied");
	assert_string_equal(node_state(&waiting, "name"), "n-free");
	(void)rw_json_document_free(waiting.document);
}

static void tells_why_an_agent_failed(void **state)
{
	struct world *world = *state;
	struct waiting waiting;

	world->agent.refuse = true;
	begin(world, "/v1/security-groups/sg-free/rules?wait=30s", RULE, &waiting);
	turn(world, NULL, 1);
	agent_report(&world->agent, RW_AGENT_STATE_FAILED);
	turn(world, &waiting, 0);
	assert_int_equal(waiting.status, 202);
	assert_string_equal(node_state(&waiting, "state"), "failed");
	assert_string_equal(node_state(&waiting, "reason"), "table too large");
	(void)rw_json_document_free(waiting.document);
}

static void does_not_wait_for_nodes_that_are_away(void **state)
{
	struct world *world = *state;
	struct answer answer;

	agent_disconnect(&world->agent);
	fixture_pass(&world->api.fx, RW_SESSION_OFFLINE_MS + 1000);
	fixture_ask(&world->api, "POST", "/v1/security-groups/sg-free/rules?wait=30s", RULE, &answer);
	assert_int_equal(answer.status, 202);
	assert_string_equal(answer_element(&answer, "nodes", 0, "state"), "offline");
	answer_done(&answer);
}

static void waits_for_all_when_asked(void **state)
{
	struct world *world = *state;
	struct waiting waiting;

	agent_disconnect(&world->agent);
	fixture_pass(&world->api.fx, RW_SESSION_OFFLINE_MS + 1000);
	begin(world, "/v1/security-groups/sg-free/rules?wait=30s&wait_all=true", RULE, &waiting);
	turn(world, NULL, 1);
	assert_int_equal(agent_connect(&world->agent), 0);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	turn(world, &waiting, 0);
	assert_int_equal(waiting.status, 201);
	assert_string_equal(node_state(&waiting, "state"), "applied");
	(void)rw_json_document_free(waiting.document);
}

static void a_timeout_leaves_the_change_in_place(void **state)
{
	struct world *world = *state;
	struct waiting waiting;

	world->agent.refuse = true;
	begin(world, "/v1/security-groups/sg-free/rules?wait=2s", RULE, &waiting);
	turn(world, NULL, 1);
	fixture_pass(&world->api.fx, 2500);
	turn(world, &waiting, 0);
	assert_int_equal(waiting.status, 202);
	assert_string_equal(node_state(&waiting, "state"), "pending");
	(void)rw_json_document_free(waiting.document);
	assert_int_equal(
		rw_model_find_group(rw_controller_model(world->api.fx.controller), "sg-free")->rule_count, 1);
}

static void forgets_a_client_that_went_away(void **state)
{
	struct world *world = *state;
	struct waiting waiting;
	struct rw_http_call *call =
		begin(world, "/v1/security-groups/sg-free/rules?wait=30s", RULE, &waiting);

	turn(world, NULL, 1);
	rw_http_call_abort(call);
	turn(world, NULL, 0);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	assert_false(waiting.done);
}

static void the_server_may_end_while_somebody_waits(void **state)
{
	struct world *world = *state;
	struct waiting waiting;
	struct rw_http_call *call =
		begin(world, "/v1/security-groups/sg-free/rules?wait=30s", RULE, &waiting);

	turn(world, NULL, 1);
	rw_http_call_abort(call);
}

static void without_wait_it_tells_how_it_is_now(void **state)
{
	struct world *world = *state;
	char target[64];
	struct answer answer;

	fixture_ask(&world->api, "POST", "/v1/security-groups/sg-free/rules", RULE, &answer);
	assert_int_equal(answer.status, 201);
	assert_string_equal(answer_element(&answer, "nodes", 0, "state"), "pending");
	(void)snprintf(target, sizeof(target), "/v1/changes/%s", answer_text(&answer, "revision"));
	answer_done(&answer);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	fixture_ask(&world->api, "GET", target, NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer_element(&answer, "nodes", 0, "state"), "applied");
	answer_done(&answer);
}

static void a_guard_refuses_until_it_is_forced(void **state)
{
	struct world *world = *state;
	struct answer answer;

	fixture_expect(&world->api, "PATCH", "/v1/security-groups/sg-free", "{\"inner_access\":\"drop\"}",
		       200);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules?force=finding:open-ssh", SSH,
		       201);
	fixture_ask(&world->api, "POST", "/v1/security-groups/sg-free/rules/revoke", SSH, &answer);
	assert_int_equal(answer.status, 409);
	assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:guard");
	assert_string_equal(answer_element(&answer, "guards", 0, "id"), "management-ssh");
	assert_non_null(strstr(answer_element(&answer, "guards", 0, "detail"), "n-free"));
	answer_done(&answer);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules/revoke?force=caller-path", SSH,
		       409);
	fixture_expect(&world->api, "POST",
		       "/v1/security-groups/sg-free/rules/revoke?force=caller-path&force=management-ssh", SSH,
		       200);
	fixture_ask(&world->api, "GET", "/v1/log?limit=1", NULL, &answer);
	assert_non_null(strstr(answer.result.body, "\"forced\":[\"management-ssh\"]"));
	answer_done(&answer);
}

static void tells_what_a_change_would_open(void **state)
{
	struct world *world = *state;
	struct answer answer;

	fixture_ask(&world->api, "POST", "/v1/security-groups/sg-free/rules?dry_run=true", SSH, &answer);
	assert_int_equal(answer.status, 409);
	assert_string_equal(answer_element(&answer, "guards", 0, "id"), "finding:open-ssh");
	assert_string_equal(answer_element(&answer, "guards", 0, "subject"), "sg-free");
	assert_non_null(strstr(answer.result.body,
			       "\"witness\":{\"interface\":\"eth0\",\"direction\":\"ingress\","
			       "\"protocol\":\"tcp\",\"remote\":\"203.0.113.9\""));
	answer_done(&answer);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules?force=open-telnet", SSH, 409);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules?force=open-ssh", SSH, 201);
	fixture_ask(&world->api, "GET", "/v1/log?limit=1", NULL, &answer);
	assert_non_null(strstr(answer.result.body, "\"forced\":[\"finding:open-ssh\"]"));
	answer_done(&answer);
}

static void a_change_says_what_becomes_of_live_flows(void **state)
{
	struct world *world = *state;
	struct answer answer;

	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules?established=keep", RULE, 201);
	assert_int_equal(world->agent.said[0], RW_ESTABLISHED_KEEP);
	fixture_ask(&world->api, "GET", "/v1/log?limit=1", NULL, &answer);
	assert_non_null(strstr(answer.result.body, "\"established\":\"keep\""));
	answer_done(&answer);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules/revoke?established=cut-kept",
		       RULE, 200);
	assert_int_equal(world->agent.said[0], RW_ESTABLISHED_CUT_KEPT);
	fixture_ask(&world->api, "POST", "/v1/security-groups/sg-free/rules?established=maybe", RULE,
		    &answer);
	assert_int_equal(answer.status, 400);
	assert_string_equal(answer_text(&answer, "field"), "established");
	answer_done(&answer);
}

#define DRY "/v1/security-groups/sg-free/rules?dry_run=true"

/* Begins a dry run and turns until the agent is asked which live flows it would cut. */
static void begin_dry(struct world *world, struct waiting *waiting)
{
	begin(world, DRY, RULE, waiting);
	for (int i = 0; i < 2000000 && !world->agent.question; i++)
		rw_loop_turn(world->api.loop);
	assert_true(world->agent.question);
}

static void assert_cuts(const struct waiting *waiting, const char *expected)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	struct rw_json cuts;

	rw_buf_init(&text, 1 << 20);
	assert_true(rw_json_find(&waiting->root, "cuts", &cuts));
	assert_int_equal(rw_json_dump(&cuts, &text, NULL), 0);
	assert_string_equal(text.data, expected);
}

static void a_dry_run_tells_which_live_flows_it_would_cut(void **state)
{
	struct world *world = *state;
	struct waiting waiting;

	world->agent.refused = 1;
	world->agent.kept = 3;
	begin_dry(world, &waiting);
	assert_false(waiting.done);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	turn(world, &waiting, 0);
	assert_int_equal(waiting.status, 200);
	assert_cuts(&waiting,
		    "{\"flows\":\"1\",\"kept\":\"3\",\"nodes\":[{\"node\":\"n-free\",\"name\":"
		    "\"n-free\",\"flows\":\"1\",\"kept\":\"3\",\"examples\":[{\"interface\":\"eth0\","
		    "\"direction\":\"ingress\",\"protocol\":\"tcp\",\"class\":\"established\","
		    "\"local\":\"10.0.0.9\",\"local_port\":6379,\"remote\":\"198.51.100.7\","
		    "\"remote_port\":40001,\"cause\":\"default\"}]}],\"unknown\":[]}");
	(void)rw_json_document_free(waiting.document);
	/* Nothing was changed: the agent was asked about a policy that is nobody's. */
	assert_int_equal(world->agent.deltas, 0);
}

static void a_dry_run_does_not_wait_for_ever_for_an_agent(void **state)
{
	struct world *world = *state;
	struct waiting waiting;

	begin_dry(world, &waiting);
	fixture_pass(&world->api.fx, 1900);
	assert_false(waiting.done);
	fixture_pass(&world->api.fx, 200);
	turn(world, &waiting, 0);
	assert_cuts(&waiting,
		    "{\"flows\":\"0\",\"kept\":\"0\",\"nodes\":[],\"unknown\":[{\"node\":\"n-free\","
		    "\"name\":\"n-free\",\"reason\":\"its agent did not answer in time\"}]}");
	(void)rw_json_document_free(waiting.document);
	/* The answer that comes too late is nobody's. */
	agent_report(&world->agent, RW_AGENT_STATE_OK);
}

static void a_dry_run_tells_of_which_nodes_nothing_is_known(void **state)
{
	struct world *world = *state;
	struct waiting waiting;
	struct answer answer;

	world->agent.failure = "the policy needs more than the node's table memory";
	begin_dry(world, &waiting);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	turn(world, &waiting, 0);
	assert_cuts(&waiting,
		    "{\"flows\":\"0\",\"kept\":\"0\",\"nodes\":[],\"unknown\":[{\"node\":\"n-free\","
		    "\"name\":\"n-free\",\"reason\":\"the policy needs more than the node's table "
		    "memory\"}]}");
	(void)rw_json_document_free(waiting.document);
	agent_disconnect(&world->agent);
	fixture_pass(&world->api.fx, RW_SESSION_OFFLINE_MS + 1000);
	fixture_ask(&world->api, "POST", DRY, RULE, &answer);
	assert_non_null(strstr(answer.result.body, "its agent is not connected"));
	answer_done(&answer);
}

static void forgets_a_dry_run_whose_client_went_away(void **state)
{
	struct world *world = *state;
	struct waiting waiting;
	struct rw_http_call *call = begin(world, DRY, RULE, &waiting);

	for (int i = 0; i < 2000000 && !world->agent.question; i++)
		rw_loop_turn(world->api.loop);
	turn(world, NULL, 1);
	rw_http_call_abort(call);
	turn(world, NULL, 0);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	assert_false(waiting.done);
}

static void shows_the_states_of_nodes(void **state)
{
	struct world *world = *state;
	struct answer answer;

	fixture_ask(&world->api, "GET", "/v1/status", NULL, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer_count(&answer, "items"), 3);
	assert_string_equal(answer_element(&answer, "items", 2, "name"), "n-free");
	assert_string_equal(answer_element(&answer, "items", 2, "state"), "connected");
	assert_string_equal(answer_element(&answer, "items", 0, "state"), "offline");
	answer_done(&answer);
	fixture_ask(&world->api, "GET", "/v1/nodes/n-free", NULL, &answer);
	assert_string_equal(answer_text(&answer, "state"), "connected");
	answer_done(&answer);
	fixture_ask(&world->api, "GET", "/v1/nodes", NULL, &answer);
	assert_null(strstr(answer.result.body, "\"kernel\""));
	answer_done(&answer);
	fixture_ask(&world->api, "GET", "/v1/nodes?details=true", NULL, &answer);
	assert_non_null(strstr(answer.result.body, "\"kernel\":{"));
	answer_done(&answer);
	fixture_ask(&world->api, "GET", "/metrics", NULL, &answer);
	assert_non_null(strstr(answer.result.body, "ringwall_nodes{state=\"connected\"} 1\n"));
	answer_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_when_the_agent_has_applied, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_why_an_agent_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(does_not_wait_for_nodes_that_are_away, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_for_all_when_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timeout_leaves_the_change_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(forgets_a_client_that_went_away, setup, teardown),
		cmocka_unit_test_setup_teardown(the_server_may_end_while_somebody_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(without_wait_it_tells_how_it_is_now, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guard_refuses_until_it_is_forced, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_what_a_change_would_open, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_says_what_becomes_of_live_flows, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dry_run_tells_which_live_flows_it_would_cut, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_dry_run_does_not_wait_for_ever_for_an_agent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_dry_run_tells_of_which_nodes_nothing_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(forgets_a_dry_run_whose_client_went_away, setup, teardown),
		cmocka_unit_test_setup_teardown(shows_the_states_of_nodes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
