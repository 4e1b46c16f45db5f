/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "controller/join.h"
#include "exposition.h"
#include "fixture.h"

struct world {
	struct api_fixture api;
	struct agent agent;
	struct answer answer;
	struct exposition metrics;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	api_fixture_init(&world->api);
	fixture_vpc(&world->api.fx);
	agent_init(&world->agent, &world->api.fx, "n-free");
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	answer_done(&world->answer);
	agent_done(&world->agent);
	api_fixture_done(&world->api);
	free(world);
	return 0;
}

static const struct exposition *scrape(struct world *world)
{
	struct request request = {
		.method = "GET", .target = "/metrics", .key = world->api.keys[RW_ROLE_VIEWER]};

	answer_done(&world->answer);
	fixture_send(&world->api, &request, &world->answer);
	assert_int_equal(world->answer.status, 200);
	exposition_read(&world->metrics, world->answer.result.body);
	return &world->metrics;
}

static void assert_value(struct world *world, const char *sample, double expected)
{
	double value = exposition_value(scrape(world), sample);

	if (value != expected)
		fail_msg("%s is %f, not %f", sample, value, expected);
}

static void has_exactly_the_families_that_the_page_lists(void **state)
{
	struct world *world = *state;

	exposition_expect_documented(scrape(world), RW_SOURCE_ROOT "/docs/metrics.md", "## Controller");
}

static void tells_nothing_but_numbers_and_words(void **state)
{
	struct world *world = *state;
	struct answer *answer = &world->answer;

	(void)scrape(world);
	assert_null(strstr(answer->result.body, "n-free"));
	assert_null(strstr(answer->result.body, "10.0.0."));
	for (enum rw_role role = RW_ROLE_VIEWER; role <= RW_ROLE_ADMIN; role++)
		assert_null(strstr(answer->result.body, world->api.keys[role] + strlen("Bearer ")));
	assert_string_equal(answer_header(answer, "Content-Type"),
			    "text/plain; version=0.0.4; charset=utf-8");
}

static void counts_nodes_and_their_lag(void **state)
{
	struct world *world = *state;

	assert_value(world, "ringwall_nodes{state=\"offline\"}", 3);
	assert_int_equal(agent_connect(&world->agent), 0);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	assert_value(world, "ringwall_nodes{state=\"connected\"}", 1);
	assert_value(world, "ringwall_agent_streams", 1);
	assert_value(world, "ringwall_applied_lag_seconds", 0);
	world->agent.refuse = true;
	fixture_add_rule(&world->api.fx, "sg-free", "- in accept tcp 80/80 0.0.0.0/0");
	fixture_pass(&world->api.fx, 6500);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	assert_value(world, "ringwall_nodes{state=\"lagging\"}", 1);
	assert_value(world, "ringwall_applied_lag_seconds", 6.5);
	world->agent.applied = world->agent.position;
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	assert_value(world, "ringwall_applied_lag_seconds", 0);
	assert_value(world, "ringwall_apply_seconds_bucket{le=\"5\"}", 0);
	assert_value(world, "ringwall_apply_seconds_bucket{le=\"10\"}", 1);
}

/* A report that says so many drops. */
static void report_drops(struct world *world, uint64_t dropped, uint64_t would)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	struct rw_address address = {0};

	rw_report_init(&report);
	report.state = RW_AGENT_STATE_OK;
	report.drops[RW_CAUSE_RULE] = dropped;
	report.would_drops[RW_CAUSE_DEFAULT] = would;
	assert_int_equal(rw_session_report(world->api.fx.controller, "n-free", &report, &address, NULL), 0);
}

static void adds_what_the_nodes_counters_grow_by(void **state)
{
	struct world *world = *state;

	report_drops(world, 1000, 50);
	assert_value(world, "ringwall_dropped_packets_total{cause=\"rule\"}", 0);
	report_drops(world, 1007, 53);
	assert_value(world, "ringwall_dropped_packets_total{cause=\"rule\"}", 7);
	assert_value(world, "ringwall_would_drop_packets_total{cause=\"default\"}", 3);
	/* The node began anew. */
	report_drops(world, 2, 0);
	assert_value(world, "ringwall_dropped_packets_total{cause=\"rule\"}", 9);
	assert_value(world, "ringwall_agent_reports_total", 3);
}

static void adds_the_flow_tables_of_nodes(void **state)
{
	static const char *const nodes[] = {"n-free", "n-1"};
	struct world *world = *state;
	struct rw_address address = {0};

	for (uint64_t i = 0; i < 4; i++) {
		RW_CLEANUP(rw_report_done) struct rw_report report;

		rw_report_init(&report);
		report.state = RW_AGENT_STATE_OK;
		report.kernel = (struct rw_report_kernel){
			.flow_capacity = 1024, .flows = {[RW_FLOW_ASSURED] = 10 + i}, .flows_refused = i};
		assert_int_equal(
			rw_session_report(world->api.fx.controller, nodes[i % 2], &report, &address, NULL),
			0);
	}
	assert_value(world, "ringwall_flows{class=\"assured\"}", 25);
	assert_value(world, "ringwall_flows{class=\"established\"}", 0);
	assert_value(world, "ringwall_flow_capacity", 4096);
	assert_value(world, "ringwall_flows_refused_total", 4);
}

static void counts_changes_by_how_they_end(void **state)
{
	struct world *world = *state;
	const char *rules = "/v1/security-groups/sg-free/rules";

	(void)scrape(world);
	/* Nobody is there whose live flows could be asked for. */
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules?dry_run=true",
		       "{\"rules\":[\"allow tcp 80 from any\"]}", 200);
	assert_int_equal(agent_connect(&world->agent), 0);
	agent_report(&world->agent, RW_AGENT_STATE_OK);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules?force=open-ssh",
		       "{\"rules\":[\"allow tcp 22 from any\"]}", 201);
	fixture_expect(&world->api, "POST", rules, "{\"rules\":[\"allow tcp 22 from any\"]}", 200);
	fixture_expect(&world->api, "POST", "/v1/security-groups/sg-free/rules/revoke",
		       "{\"rules\":[\"allow tcp 22 from 0.0.0.0/0\"]}", 409);
	fixture_expect(&world->api, "POST", "/v1/networks", "{\"name\":\"x\",\"cidrs\":[\"300.0.0.0/8\"]}",
		       400);
	assert_value(world, "ringwall_changes_total{outcome=\"unchanged\"}", 1);
	assert_value(world, "ringwall_changes_total{outcome=\"checked\"}", 1);
	assert_value(world, "ringwall_changes_total{outcome=\"guarded\"}", 1);
	assert_value(world, "ringwall_changes_guarded_total{guard=\"management-ssh\"}", 1);
	assert_value(world, "ringwall_changes_guarded_total{guard=\"offline-node\"}", 0);
	assert_true(exposition_value(scrape(world), "ringwall_changes_total{outcome=\"made\"}") >= 1);
	assert_true(exposition_value(&world->metrics, "ringwall_store_commit_seconds_count") >=
		    exposition_value(&world->metrics, "ringwall_changes_total{outcome=\"made\"}"));
	assert_value(world, "ringwall_http_request_seconds_count{kind=\"change\"}", 5);
}

static void tells_when_certificates_expire(void **state)
{
	struct world *world = *state;
	struct rw_cert_info certificate = {.role = RW_CERT_ROLE_AGENT};
	struct rw_controller *controller = world->api.fx.controller;
	const int64_t day_s = 24 * 3600;
	struct rw_address address = {0};
	struct rw_actor actor;

	rw_api_set_server_expiry(world->api.api, 1800000000000);
	assert_value(world, "ringwall_certificate_expiry_timestamp_seconds{certificate=\"server\"}",
		     1800000000);
	assert_true(exposition_value(&world->metrics, "ringwall_certificate_expiry_timestamp_seconds{"
						      "certificate=\"authority\"}") > 1790000000);
	assert_value(world, "ringwall_agent_certificates_expiring", 0);

	(void)strcpy(certificate.common_name, "n-free");
	(void)strcpy(certificate.fingerprint, "f");
	certificate.not_after_s = rw_clock_realtime_ms(&world->api.fx.clock.clock) / 1000 + 22 * day_s;
	/* A certificate that is not the node's says nothing. */
	assert_int_equal(rw_join_authenticate(controller, &certificate, &address, &actor, NULL), -EACCES);
	assert_value(world, "ringwall_agent_certificates_expiring", 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(has_exactly_the_families_that_the_page_lists),
		T(tells_nothing_but_numbers_and_words),
		T(counts_nodes_and_their_lag),
		T(adds_what_the_nodes_counters_grow_by),
		T(adds_the_flow_tables_of_nodes),
		T(counts_changes_by_how_they_end),
		T(tells_when_certificates_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
