/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "controller/evidence.h"
#include "controller/flows.h"
#include "fixture.h"

static struct fixture fx;
static struct rw_flow_history *history;

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

static void report(const char *node, struct rw_report_flow flow)
{
	struct rw_address address = {0};
	struct rw_report sent;

	rw_report_init(&sent);
	sent.state = RW_AGENT_STATE_OK;
	sent.flows = &flow;
	sent.flow_count = 1;
	flow.first_ms = flow.last_ms = now_ms();
	flow.count = 3;
	assert_int_equal(rw_session_report(fx.controller, node, &sent, &address, NULL), 0);
}

static const struct rw_report_flow used = {.interface = "eth0",
					   .protocol = RW_PROTOCOL_TCP,
					   .port = 443,
					   .remote = {.family = 4, .bytes = {198, 51, 100, 7}},
					   .answered = 3};

static void a_node_is_known_when_it_told_of_flows(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_report_flow many = used, refused = used;
	const struct rw_evidence_flow *flow;
	const struct rw_evidence_node *node;

	(void)state;
	many.remote = (struct rw_address){0};
	many.port = 80;
	many.answered = 0;
	refused.verdict = RW_FLOW_REFUSED;
	refused.port = 23;
	report("n-1", used);
	report("n-1", many);
	report("n-1", refused);
	report("n-free", used);
	rw_evidence_init(&evidence);
	assert_int_equal(rw_controller_flow_evidence(fx.controller, "c1", 0, 0, &evidence, NULL), 0);
	assert_null(rw_evidence_find(&evidence, "n-2"));
	assert_null(rw_evidence_find(&evidence, "n-free"));
	node = rw_evidence_find(&evidence, "n-1");
	assert_non_null(node);
	assert_true(node->flows_known && node->flows.count == 3);
	for (size_t i = 0; i < 3; i++) {
		flow = rw_vec_at(&node->flows, i);
		assert_true(flow->accepted == (flow->port != 23));
		assert_true(flow->remote.family == (flow->port == 80 ? 0 : 4));
		assert_true(flow->answered == (flow->port != 80));
		assert_string_equal(flow->interface, "eth0");
	}
}

static void time_bounds_what_counts(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence early;
	RW_CLEANUP(rw_evidence_done) struct rw_evidence late;
	struct rw_report_flow later = used;
	int64_t stage;

	(void)state;
	report("n-1", used);
	fixture_pass(&fx, 5000);
	stage = now_ms();
	fixture_pass(&fx, 5000);
	later.port = 8443;
	report("n-1", later);
	rw_evidence_init(&early);
	rw_evidence_init(&late);
	assert_int_equal(rw_controller_flow_evidence(fx.controller, "c1", 0, stage, &early, NULL), 0);
	assert_int_equal(rw_controller_flow_evidence(fx.controller, "c1", stage, 0, &late, NULL), 0);
	assert_int_equal(rw_evidence_find(&early, "n-1")->flows.count, 1);
	assert_int_equal(((struct rw_evidence_flow *)rw_evidence_find(&early, "n-1")->flows.data)->port, 443);
	assert_int_equal(rw_evidence_find(&late, "n-1")->flows.count, 1);
	assert_int_equal(((struct rw_evidence_flow *)rw_evidence_find(&late, "n-1")->flows.data)->port, 8443);
}

/* A service that answered and is not known by name would be cut off by a plan. */
static void a_service_without_a_name_leaves_flows_unknown(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_report_flow others = {.is_others = true};

	(void)state;
	report("n-1", used);
	report("n-1", others);
	rw_evidence_init(&evidence);
	assert_int_equal(rw_controller_flow_evidence(fx.controller, "c1", 0, 0, &evidence, NULL), 0);
	assert_true(rw_evidence_find(&evidence, "n-1")->flows_known);
	others.answered = 1;
	report("n-1", others);
	assert_int_equal(rw_controller_flow_evidence(fx.controller, "c1", 0, 0, &evidence, NULL), 0);
	assert_false(rw_evidence_find(&evidence, "n-1")->flows_known);
}

static void without_a_history_nothing_is_known(void **state)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;

	(void)state;
	fx.options.flow_history = NULL;
	fixture_restart(&fx);
	rw_evidence_init(&evidence);
	assert_int_equal(rw_controller_flow_evidence(fx.controller, "c1", 0, 0, &evidence, NULL), -ENOENT);
	assert_int_equal(evidence.nodes.count, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_node_is_known_when_it_told_of_flows),
		T(time_bounds_what_counts),
		T(a_service_without_a_name_leaves_flows_unknown),
		T(without_a_history_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
