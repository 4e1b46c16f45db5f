/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "controller/series.h"
#include "fixture.h"

#define MINUTE_MS UINT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

static struct fixture fx;
static struct rw_flow_series series;
static uint64_t hours[RW_SERIES_HOURS];

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static void send(const char *node, const struct rw_report *report)
{
	struct rw_address address = {0};

	assert_int_equal(rw_session_report(fx.controller, node, report, &address, NULL), 0);
}

static void report_flows(const char *node, enum rw_flow_verdict verdict, uint64_t count)
{
	struct rw_report_flow flow = {.verdict = verdict, .count = count};
	struct rw_report report;

	rw_report_init(&report);
	report.state = RW_AGENT_STATE_OK;
	report.flows = &flow;
	report.flow_count = 1;
	send(node, &report);
}

static void report_hits_of(const char *node, const char *rule, uint64_t packets, int64_t started_ms,
			   enum rw_agent_state state)
{
	struct rw_report_hit hit = {.packets = packets};
	struct rw_report report;

	(void)snprintf(hit.rule, sizeof(hit.rule), "%s", rule);
	rw_report_init(&report);
	report.state = state;
	report.started_ms = started_ms;
	report.hits = &hit;
	report.hit_count = packets ? 1 : 0;
	send(node, &report);
}

static void report_hits(const char *node, uint64_t packets)
{
	report_hits_of(node, "sgr-1", packets, 1, RW_AGENT_STATE_OK);
}

/* Counts of a verdict, 'age' steps before the one under way. */
static uint64_t count_at(enum rw_flow_verdict verdict, size_t age)
{
	return series.counts[verdict][RW_SERIES_STEPS - 1 - age];
}

/* Hits of sgr-1, 'age' hours before the one under way. */
static uint64_t hits_at(size_t age)
{
	(void)rw_series_rule(fx.controller, "sgr-1", hours);
	return hours[RW_SERIES_HOURS - 1 - age];
}

static void flows_count_in_the_step_in_which_they_are_told(void **state)
{
	(void)state;
	report_flows("n-1", RW_FLOW_ACCEPTED, 3);
	report_flows("n-1", RW_FLOW_ACCEPTED, 4);
	report_flows("n-2", RW_FLOW_REFUSED, 5);
	fixture_pass(&fx, 10 * MINUTE_MS);
	report_flows("n-1", RW_FLOW_ACCEPTED, 6);
	rw_series_flows(fx.controller, NULL, NULL, &series);
	assert_int_equal(series.begin_ms % RW_SERIES_STEP_MS, 0);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 6);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 1), 0);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 2), 7);
	/* A node that has told nothing since is moved along all the same. */
	assert_int_equal(count_at(RW_FLOW_REFUSED, 2), 5);
}

static void flows_are_asked_for_by_cluster_and_node(void **state)
{
	(void)state;
	report_flows("n-1", RW_FLOW_ACCEPTED, 1);
	report_flows("n-2", RW_FLOW_ACCEPTED, 2);
	report_flows("n-free", RW_FLOW_ACCEPTED, 4);
	rw_series_flows(fx.controller, "c1", NULL, &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 3);
	rw_series_flows(fx.controller, NULL, "n-free", &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 4);
	rw_series_flows(fx.controller, "c1", "n-free", &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 0);
}

static void flows_of_yesterday_are_forgotten(void **state)
{
	(void)state;
	report_flows("n-1", RW_FLOW_ACCEPTED, 1);
	fixture_pass(&fx, 24 * HOUR_MS);
	rw_series_flows(fx.controller, NULL, NULL, &series);
	for (size_t i = 0; i < RW_SERIES_STEPS; i++)
		assert_int_equal(count_at(RW_FLOW_ACCEPTED, i), 0);
	report_flows("n-1", RW_FLOW_ACCEPTED, 2);
	rw_series_flows(fx.controller, NULL, NULL, &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 2);
}

static void forgets_a_node_that_is_deleted(void **state)
{
	(void)state;
	report_flows("n-1", RW_FLOW_ACCEPTED, 1);
	report_hits("n-1", 1);
	report_hits("n-1", 9);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-1"});
	rw_series_flows(fx.controller, NULL, NULL, &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 0);
	assert_false(rw_series_rule(fx.controller, "sgr-1", hours));
}

static void hits_are_what_totals_grew_by(void **state)
{
	(void)state;
	report_hits("n-1", 100); /* counted before this controller was there */
	report_hits("n-2", 50);
	assert_false(rw_series_rule(fx.controller, "sgr-1", hours));
	report_hits("n-1", 107);
	report_hits("n-2", 51);
	assert_true(rw_series_rule(fx.controller, "sgr-1", hours));
	assert_int_equal(hits_at(0), 8);
	fixture_pass(&fx, 2 * HOUR_MS);
	report_hits("n-1", 110);
	assert_int_equal(hits_at(0), 3);
	assert_int_equal(hits_at(1), 0);
	assert_int_equal(hits_at(2), 8);
	assert_false(rw_series_rule(fx.controller, "sgr-2", hours));
}

static void first_hit_of_a_rule_counts(void **state)
{
	(void)state;
	report_hits("n-1", 0);
	report_hits("n-1", 2);
	assert_int_equal(hits_at(0), 2);
}

static void total_that_fell_begins_anew(void **state)
{
	(void)state;
	report_hits("n-1", 100);
	report_hits("n-1", 5);
	assert_int_equal(hits_at(0), 5);
}

static void agent_that_starts_tells_no_growth(void **state)
{
	(void)state;
	report_hits("n-1", 100);
	report_hits_of("n-1", "", 0, 2, RW_AGENT_STATE_PENDING);
	report_hits_of("n-1", "sgr-1", 120, 2, RW_AGENT_STATE_OK);
	assert_int_equal(hits_at(0), 0);
	report_hits_of("n-1", "sgr-1", 121, 2, RW_AGENT_STATE_OK);
	assert_int_equal(hits_at(0), 1);
	report_hits_of("n-1", "sgr-1", 150, 3, RW_AGENT_STATE_OK);
	assert_int_equal(hits_at(0), 1);
}

static void node_has_room_for_so_many_rules(void **state)
{
	char rule[RW_ID_SIZE];

	(void)state;
	report_hits("n-1", 0);
	for (unsigned int i = 0; i < RW_SERIES_RULES_MAX + 10; i++) {
		(void)snprintf(rule, sizeof(rule), "sgr-%u", i);
		report_hits_of("n-1", rule, 1, 1, RW_AGENT_STATE_OK);
	}
	(void)snprintf(rule, sizeof(rule), "sgr-%u", RW_SERIES_RULES_MAX - 1);
	assert_true(rw_series_rule(fx.controller, rule, hours));
	(void)snprintf(rule, sizeof(rule), "sgr-%u", RW_SERIES_RULES_MAX);
	assert_false(rw_series_rule(fx.controller, rule, hours));
	/* Room comes back when rules were idle for a day. */
	fixture_pass(&fx, 25 * HOUR_MS);
	report_hits_of("n-1", rule, 2, 1, RW_AGENT_STATE_OK);
	report_hits_of("n-1", rule, 3, 1, RW_AGENT_STATE_OK);
	assert_true(rw_series_rule(fx.controller, rule, hours));
}

static void clock_that_is_set_back_loses_nothing_new(void **state)
{
	(void)state;
	fixture_pass(&fx, 48 * HOUR_MS);
	report_flows("n-1", RW_FLOW_ACCEPTED, 1);
	fx.clock.now_ms -= 10 * MINUTE_MS;
	report_flows("n-1", RW_FLOW_ACCEPTED, 2);
	rw_series_flows(fx.controller, NULL, NULL, &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 3);
	fx.clock.now_ms -= 30 * HOUR_MS;
	report_flows("n-1", RW_FLOW_ACCEPTED, 4);
	rw_series_flows(fx.controller, NULL, NULL, &series);
	assert_int_equal(count_at(RW_FLOW_ACCEPTED, 0), 4);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(flows_count_in_the_step_in_which_they_are_told),
		T(flows_are_asked_for_by_cluster_and_node),
		T(flows_of_yesterday_are_forgotten),
		T(forgets_a_node_that_is_deleted),
		T(hits_are_what_totals_grew_by),
		T(first_hit_of_a_rule_counts),
		T(total_that_fell_begins_anew),
		T(agent_that_starts_tells_no_growth),
		T(node_has_room_for_so_many_rules),
		T(clock_that_is_set_back_loses_nothing_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
