/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "agent/observer.h"

#define NOW INT64_C(1790000000000)

static struct rw_observer *observer;
static struct rw_report_flow told[RW_REPORT_FLOWS_MAX];

static int setup(void **state)
{
	(void)state;
	return rw_observer_new(&observer);
}

static int teardown(void **state)
{
	(void)state;
	observer = rw_observer_free(observer);
	return 0;
}

static struct rw_address address(uint32_t number)
{
	uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return rw_address_from_bytes(4, bytes);
}

/* A new flow from remote 'number' to a port here. */
static struct rw_enforcer_observed make_flow(uint16_t port, uint32_t number)
{
	return (struct rw_enforcer_observed){.opener = {.direction = RW_DIRECTION_INGRESS,
							.protocol = RW_PROTOCOL_TCP,
							.local = address(1),
							.remote = address(number),
							.local_port = port,
							.remote_port = 40000},
					     .interface = "eth0",
					     .is_new = true,
					     .cause = RW_CAUSE_RULE,
					     .rule = "sgr-1"};
}

static void see(struct rw_enforcer_observed flow)
{
	rw_observer_flow(observer, NOW, &flow, true);
}

static void drop(uint16_t port, uint32_t number, bool would)
{
	const struct rw_report_drop dropped = {.time_ms = NOW,
					       .interface = "eth0",
					       .direction = RW_DIRECTION_INGRESS,
					       .protocol = RW_PROTOCOL_TCP,
					       .local = address(1),
					       .remote = address(number),
					       .local_port = port,
					       .would = would,
					       .cause = "default"};

	rw_observer_drop(observer, &dropped);
}

static size_t take(int64_t now_ms)
{
	static const struct rw_report_listener listeners[] = {{RW_PROTOCOL_TCP, 22, "sshd"}};

	return rw_observer_take(observer, now_ms, listeners, 1, told);
}

/* All counts of a verdict that are still to be told, and which records there were. */
static uint64_t drain(enum rw_flow_verdict verdict, size_t *ret_records)
{
	uint64_t sum = 0;
	size_t count;

	*ret_records = 0;
	while ((count = take(NOW)))
		for (size_t i = 0; i < count; i++) {
			*ret_records += told[i].verdict == verdict;
			sum += told[i].verdict == verdict ? told[i].count : 0;
		}
	return sum;
}

static void sums_up_flows_of_one_remote_to_one_service(void **state)
{
	struct rw_enforcer_observed flow = make_flow(22, 9);

	(void)state;
	for (int i = 0; i < 3; i++)
		see(flow);
	flow.is_new = false;
	flow.is_answered = flow.answer_is_new = true;
	see(flow);
	assert_int_equal(take(NOW + 5), 1);
	assert_int_equal(told[0].verdict, RW_FLOW_ACCEPTED);
	assert_int_equal(told[0].count, 3);
	assert_int_equal(told[0].answered, 1);
	assert_int_equal(told[0].port, 22);
	assert_string_equal(told[0].cause, "sgr-1");
	assert_string_equal(told[0].interface, "eth0");
	assert_int_equal(told[0].remote.bytes[3], 9);
	assert_int_equal(told[0].first_ms, NOW);
	/* Told once. */
	assert_int_equal(take(NOW + 6), 0);
}

static void says_who_serves_a_port(void **state)
{
	struct rw_enforcer_observed flow = make_flow(8080, 9);

	(void)state;
	see(make_flow(22, 9));
	(void)take(NOW);
	assert_int_equal(told[0].served, RW_FLOW_SERVED_LISTENER);
	/* Nobody has answered yet. */
	see(flow);
	(void)take(NOW);
	assert_int_equal(told[0].served, RW_FLOW_SERVED_UNKNOWN);
	flow.answer_is_new = true;
	see(flow);
	(void)take(NOW);
	assert_int_equal(told[0].served, RW_FLOW_SERVED_PUBLISHED);
	rw_observer_flow(observer, NOW, &flow, false);
	(void)take(NOW);
	assert_int_equal(told[0].served, RW_FLOW_SERVED_FORWARDED);
	flow.is_forwarded = true;
	rw_observer_flow(observer, NOW, &flow, true);
	(void)take(NOW);
	assert_int_equal(told[0].served, RW_FLOW_SERVED_FORWARDED);
	flow.opener.direction = RW_DIRECTION_EGRESS;
	see(flow);
	(void)take(NOW);
	assert_int_equal(told[0].served, RW_FLOW_SERVED_UNKNOWN);
	assert_int_equal(told[0].port, 40000);
}

static void counts_many_remotes_of_a_service_together(void **state)
{
	size_t records, with_remote = 0, count;
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		see(make_flow(443, i));
	while ((count = take(NOW)))
		for (size_t i = 0; i < count; i++) {
			with_remote += told[i].remote.family != 0;
			sum += told[i].count;
			assert_int_equal(told[i].port, 443);
		}
	assert_int_equal(with_remote, RW_OBSERVER_REMOTES);
	assert_int_equal(sum, 10000);
	/* The port of another service is still told with its remotes. */
	see(make_flow(22, 9));
	assert_int_equal(drain(RW_FLOW_ACCEPTED, &records), 1);
	assert_int_equal(records, 1);
	assert_int_equal(told[0].remote.family, 4);
}

static void a_scan_of_all_ports_fills_nothing_and_is_counted(void **state)
{
	size_t records;

	(void)state;
	for (uint32_t port = 1; port < 65536; port++) {
		drop((uint16_t)port, port, false);
		drop((uint16_t)port, port, true);
	}
	/* What is accepted has room of its own. */
	see(make_flow(443, 9));
	assert_int_equal(take(NOW), RW_REPORT_FLOWS_MAX);
	assert_true(told[0].is_others && told[1].is_others);
	assert_true(told[0].count > 60000);
	assert_int_equal(told[0].port, 0);
	assert_int_equal(drain(RW_FLOW_ACCEPTED, &records), 1);
	assert_int_equal(records, 1);
}

static void counts_every_packet_however_it_is_told(void **state)
{
	size_t records;

	(void)state;
	for (uint32_t i = 0; i < 50000; i++)
		drop((uint16_t)(i * 7919), i % 1000, false);
	assert_int_equal(drain(RW_FLOW_REFUSED, &records), 50000);
	assert_true(records <= RW_OBSERVER_RECORDS_REFUSED);
}

static void a_report_takes_the_largest_and_leaves_the_rest(void **state)
{
	uint64_t last = UINT64_MAX;
	size_t count;

	(void)state;
	for (uint16_t port = 1; port <= 300; port++)
		for (uint32_t i = 0; i < port; i++)
			see(make_flow(port, 9));
	while ((count = take(NOW)))
		for (size_t i = 0; i < count; i++) {
			assert_true(told[i].count <= last);
			last = told[i].count;
		}
	assert_int_equal(last, 1);
}

static void tells_of_a_long_flow_once_an_hour(void **state)
{
	struct rw_enforcer_observed flow = make_flow(22, 9);

	(void)state;
	see(flow);
	assert_int_equal(take(NOW), 1);
	for (int census = 1; census <= 6; census++) {
		flow.is_new = false;
		see(flow);
		rw_observer_end_census(observer, NOW + census * RW_OBSERVER_IDLE_MS);
		assert_int_equal(take(NOW + census * RW_OBSERVER_IDLE_MS), census == 6);
	}
	assert_int_equal(told[0].count, 0);
	assert_int_equal(told[0].last_ms, NOW + RW_OBSERVER_STILL_MS);
	assert_string_equal(told[0].cause, "sgr-1");
	/* It has ended. */
	rw_observer_end_census(observer, NOW + 7 * RW_OBSERVER_IDLE_MS);
	assert_int_equal(take(NOW + 20 * RW_OBSERVER_IDLE_MS), 0);
}

static void makes_room_when_records_are_idle(void **state)
{
	size_t records;

	(void)state;
	for (uint32_t port = 1; port < 3000; port++)
		drop((uint16_t)port, port, false);
	(void)drain(RW_FLOW_REFUSED, &records);
	drop(5000, 1, false);
	assert_int_equal(take(NOW), 1);
	assert_true(told[0].is_others);
	/* Remotes first, then the services that they belonged to. */
	rw_observer_end_census(observer, NOW + RW_OBSERVER_IDLE_MS);
	rw_observer_end_census(observer, NOW + 2 * RW_OBSERVER_IDLE_MS);
	drop(5000, 1, false);
	assert_int_equal(take(NOW), 1);
	assert_false(told[0].is_others);
	assert_int_equal(told[0].port, 5000);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(sums_up_flows_of_one_remote_to_one_service),
		T(says_who_serves_a_port),
		T(counts_many_remotes_of_a_service_together),
		T(a_scan_of_all_ports_fills_nothing_and_is_counted),
		T(counts_every_packet_however_it_is_told),
		T(a_report_takes_the_largest_and_leaves_the_rest),
		T(tells_of_a_long_flow_once_an_hour),
		T(makes_room_when_records_are_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
