/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "controller/counts.h"
#include "controller/flows.h"
#include "fixture.h"

static struct fixture fx;
static struct rw_flow_history *history;
static struct rw_flow_seen seen[8]; /* of the last question */

static int setup(void **state)
{
	(void)state;
	assert_int_equal(rw_flow_history_open(NULL, &(struct rw_flow_history_limits){0}, &history, NULL), 0);
	fixture_init(&fx);
	fx.options.flow_history = history;
	fixture_restart(&fx);
	fixture_vpc(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	history = rw_flow_history_free(history);
	return 0;
}

static int64_t now_ms(void)
{
	return rw_clock_realtime_ms(&fx.clock.clock);
}

static void report(const char *node, const struct rw_report_flow *flows, size_t count)
{
	struct rw_address address = {0};
	struct rw_report sent;

	rw_report_init(&sent);
	sent.state = RW_AGENT_STATE_OK;
	sent.flows = (struct rw_report_flow *)(uintptr_t)flows;
	sent.flow_count = count;
	assert_int_equal(rw_session_report(fx.controller, node, &sent, &address, NULL), 0);
}

static struct rw_report_flow make_flow(uint16_t port, int64_t when)
{
	return (struct rw_report_flow){.direction = RW_DIRECTION_INGRESS,
				       .interface = "eth0",
				       .protocol = RW_PROTOCOL_TCP,
				       .port = port,
				       .remote = world_address("2001:db8::9"),
				       .cause = "sgr-1",
				       .count = 3,
				       .answered = 2,
				       .served = RW_FLOW_SERVED_PUBLISHED,
				       .first_ms = when,
				       .last_ms = when};
}

static bool keep(void *context, const struct rw_flow_row *row)
{
	size_t *count = context;

	assert_true(*count < RW_ARRAY_COUNT(seen));
	rw_flows_of_row(row, &seen[(*count)++]);
	return true;
}

static size_t ask(const char *node)
{
	const struct rw_flow_query query = {.node = node, .port = -1, .protocol = -1, .limit = 8};
	size_t count = 0;

	assert_int_equal(rw_flows_query(fx.controller, &query, keep, &count, NULL, NULL), 0);
	return count;
}

static void keeps_what_nodes_report(void **state)
{
	struct rw_report_flow flow = make_flow(443, now_ms());

	(void)state;
	report("n-1", &flow, 1);
	report("n-1", &flow, 1);
	report("n-free", &flow, 1);
	assert_int_equal(ask("n-1"), 1);
	assert_string_equal(seen[0].scope, "c1");
	assert_int_equal(seen[0].flow.count, 6);
	assert_int_equal(seen[0].flow.served, RW_FLOW_SERVED_PUBLISHED);
	assert_true(rw_address_equal(&seen[0].flow.remote, &flow.remote));
	assert_string_equal(seen[0].flow.cause, "sgr-1");
	/* A node in no cluster is its own scope. */
	assert_int_equal(ask("n-free"), 1);
	assert_string_equal(seen[0].scope, "n-free");
	assert_int_equal(rw_controller_counts(fx.controller)->flow_records, 3);
}

static void does_not_believe_a_clock_that_is_wrong(void **state)
{
	const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
	struct rw_report_flow flows[] = {make_flow(1, now_ms() + year_ms), make_flow(2, now_ms() - year_ms)};

	(void)state;
	flows[1].last_ms = now_ms();
	report("n-1", flows, 2);
	assert_int_equal(ask(NULL), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(seen[i].flow.last_ms, now_ms());
		assert_int_equal(seen[i].flow.first_ms, now_ms());
	}
}

static void forgets_a_node_that_is_deleted(void **state)
{
	struct rw_report_flow flow = make_flow(443, now_ms());

	(void)state;
	report("n-1", &flow, 1);
	assert_int_equal(ask(NULL), 1);
	report("n-1", &flow, 1); /* this one still waits */
	report("n-2", &flow, 1);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-1"});
	assert_int_equal(ask(NULL), 1);
	assert_string_equal(seen[0].node, "n-2");
}

static void forgets_days_as_they_pass(void **state)
{
	struct rw_report_flow flow = make_flow(443, now_ms());

	(void)state;
	report("n-1", &flow, 1);
	assert_int_equal(ask(NULL), 1);
	fixture_pass(&fx, UINT64_C(31) * 24 * 3600 * 1000);
	assert_int_equal(ask(NULL), 0);
}

static void bounds_what_waits_for_the_history(void **state)
{
	static struct rw_report_flow flows[RW_REPORT_FLOWS_MAX];
	const size_t reports = RW_FLOWS_PENDING_MAX / RW_REPORT_FLOWS_MAX + 2;

	(void)state;
	for (size_t i = 0; i < RW_REPORT_FLOWS_MAX; i++)
		flows[i] = make_flow(443, now_ms());
	for (size_t i = 0; i < reports; i++)
		report("n-1", flows, RW_REPORT_FLOWS_MAX);
	assert_int_equal(rw_controller_counts(fx.controller)->flow_records_lost,
			 reports * RW_REPORT_FLOWS_MAX - RW_FLOWS_PENDING_MAX);
	assert_int_equal(ask(NULL), 1);
	assert_int_equal(seen[0].flow.count, 3 * RW_FLOWS_PENDING_MAX);
}

static void tells_followers_the_newest_and_what_they_missed(void **state)
{
	static struct rw_report_flow flows[RW_REPORT_FLOWS_MAX];
	const struct rw_flow_seen *next;
	uint64_t cursor = rw_flows_newest(fx.controller);
	bool lost;

	(void)state;
	assert_null(rw_flows_next(fx.controller, &cursor, &lost));
	for (uint16_t i = 0; i < RW_REPORT_FLOWS_MAX; i++)
		flows[i] = make_flow(i + 1, now_ms());
	report("n-1", flows, 2);
	next = rw_flows_next(fx.controller, &cursor, &lost);
	assert_int_equal(next->flow.port, 1);
	assert_false(lost);
	next = rw_flows_next(fx.controller, &cursor, &lost);
	assert_int_equal(next->flow.port, 2);
	assert_null(rw_flows_next(fx.controller, &cursor, &lost));
	for (size_t i = 0; i <= RW_FLOWS_RING / RW_REPORT_FLOWS_MAX; i++)
		report("n-1", flows, RW_REPORT_FLOWS_MAX);
	next = rw_flows_next(fx.controller, &cursor, &lost);
	assert_true(lost);
	assert_int_equal(next->number, rw_flows_newest(fx.controller) - RW_FLOWS_RING + 1);
	(void)rw_flows_next(fx.controller, &cursor, &lost);
	assert_false(lost);
}

static void goes_on_without_a_history(void **state)
{
	struct rw_report_flow flow = make_flow(443, now_ms());
	const struct rw_flow_query query = {.port = -1, .protocol = -1, .limit = 1};
	uint64_t cursor = 0;
	size_t count = 0;
	bool lost;

	(void)state;
	fx.options.flow_history = NULL;
	fixture_restart(&fx);
	report("n-1", &flow, 1);
	fixture_pass(&fx, 500);
	assert_int_equal(rw_flows_query(fx.controller, &query, keep, &count, NULL, NULL), -ENOENT);
	assert_non_null(rw_flows_next(fx.controller, &cursor, &lost));
}

static void a_full_history_stops_nothing_else(void **state)
{
	static struct rw_report_flow flows[RW_REPORT_FLOWS_MAX];
	const struct rw_controller_counts *counts;

	(void)state;
	history = rw_flow_history_free(history);
	assert_int_equal(rw_flow_history_open(NULL, &(struct rw_flow_history_limits){.bytes = 64 * 1024},
					      &history, NULL),
			 0);
	fx.options.flow_history = history;
	fixture_restart(&fx);
	counts = rw_controller_counts(fx.controller);
	for (uint16_t round = 0; round < 50 && !counts->flow_records_lost; round++) {
		for (uint16_t i = 0; i < RW_REPORT_FLOWS_MAX; i++)
			flows[i] = make_flow((uint16_t)(round * RW_REPORT_FLOWS_MAX + i), now_ms());
		report("n-1", flows, RW_REPORT_FLOWS_MAX);
		fixture_pass(&fx, 500);
	}
	assert_true(counts->flow_records_lost > 0);
	(void)fixture_add_rule(&fx, "sg-free", "- in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_controller_ready(fx.controller, NULL), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(keeps_what_nodes_report),           T(does_not_believe_a_clock_that_is_wrong),
		T(forgets_a_node_that_is_deleted),    T(forgets_days_as_they_pass),
		T(bounds_what_waits_for_the_history), T(tells_followers_the_newest_and_what_they_missed),
		T(goes_on_without_a_history),         T(a_full_history_stops_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
