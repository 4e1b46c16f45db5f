/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "controller/internal.h"

static struct fixture fx;
static struct rw_address somewhere;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	somewhere = world_address("10.0.0.1");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

/* Reports eth0 with these addresses, later than any limit on changes. */
static void report(const char *node, const char *addresses)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;

	rw_report_init(&report);
	report.state = RW_AGENT_STATE_OK;
	report.interfaces = calloc(2, sizeof(*report.interfaces));
	report.interface_count = 2;
	(void)strcpy(report.interfaces[0].name, "eth0");
	report.interfaces[0].enforced = true;
	world_addresses(addresses, &report.interfaces[0].addresses, &report.interfaces[0].address_count);
	(void)strcpy(report.interfaces[1].name, "docker0");
	fixture_pass(&fx, 3000);
	assert_int_equal(rw_session_report(fx.controller, node, &report, &somewhere, NULL), 0);
}

static const struct rw_interface *eth0(const char *node)
{
	const struct rw_node *found = rw_model_find_node(rw_controller_model(fx.controller), node);

	assert_int_equal(found->interface_count, 1);
	return &found->interfaces[0];
}

/* Counts refusals behind the cursor. */
static unsigned int refusals(uint64_t cursor, const char *text)
{
	const struct rw_event *event;
	unsigned int count = 0;

	while ((event = rw_event_next(fx.controller, &cursor, NULL)))
		count += event->kind == RW_EVENT_ADDRESS_REFUSED && strstr(event->text, text);
	return count;
}

static void takes_reported_addresses_over_as_a_change_by_the_agent(void **state)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};
	uint64_t revision;

	(void)state;
	report("n-1", "10.0.0.1,10.0.0.101");
	assert_int_equal(eth0("n-1")->address_count, 2);
	assert_int_equal(rw_audit_list(fx.controller, 0, 1, &page, NULL), 0);
	assert_non_null(strstr(page.records[0].json, "\"kind\":\"agent\",\"id\":\"n-1\""));
	revision = rw_controller_revision(fx.controller);
	report("n-1", "10.0.0.1,10.0.0.101");
	assert_int_equal(rw_controller_revision(fx.controller), revision);
}

static void does_not_believe_an_address_that_another_node_holds(void **state)
{
	uint64_t cursor = rw_event_newest(fx.controller);

	(void)state;
	report("n-1", "10.0.0.1,10.0.0.2");
	assert_int_equal(eth0("n-1")->address_count, 1);
	assert_int_equal(refusals(cursor, "10.0.0.2 on eth0 is held by node n-2"), 1);
	report("n-1", "10.0.0.1,10.0.0.2");
	assert_int_equal(refusals(cursor, "10.0.0.2"), 1); /* told once */
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-2"});
	report("n-1", "10.0.0.1,10.0.0.2");
	assert_int_equal(eth0("n-1")->address_count, 2); /* its holder has let go */
}

static void tells_of_addresses_outside_the_network(void **state)
{
	uint64_t cursor = rw_event_newest(fx.controller);
	struct agent agent;

	(void)state;
	agent_init(&agent, &fx, "n-2");
	fixture_add_rule(&fx, "sg-free", "- in accept tcp 80/80 sg-c1");
	assert_int_equal(agent_connect(&agent), 0);
	report("n-1", "10.0.0.1,192.0.2.1");
	assert_int_equal(refusals(cursor, "192.0.2.1"), 1);
	assert_true(agent_is_current(&agent));
	/* It makes no member: inner access does not let it in. */
	assert_false(rw_address_set_contains(rw_policy_find_set(agent.policy, "sg-c1"),
					     &(struct rw_address){4, {192, 0, 2, 1}}));
	agent_done(&agent);
}

static void first_of_two_claimants_keeps_the_address_until_it_lets_go(void **state)
{
	uint64_t cursor = rw_event_newest(fx.controller);

	(void)state;
	report("n-1", "10.0.0.1,10.0.0.77");
	report("n-2", "10.0.0.2,10.0.0.77");
	assert_int_equal(eth0("n-1")->address_count, 2);
	assert_int_equal(eth0("n-2")->address_count, 1);
	assert_int_equal(refusals(cursor, "10.0.0.77 on eth0 is held by node n-1"), 1);
	report("n-1", "10.0.0.1");
	report("n-2", "10.0.0.2,10.0.0.77");
	assert_int_equal(eth0("n-2")->address_count, 2);
}

static void node_shows_which_addresses_are_not_believed(void **state)
{
	struct rw_node_status status;
	char text[256];

	(void)state;
	report("n-1", "10.0.0.1,10.0.0.2");
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.refusal_count, 1);
	rw_node_status_refusal(fx.controller, &status, 0, text, sizeof(text));
	assert_string_equal(text, "10.0.0.2 on eth0 is held by node n-2");
	report("n-1", "10.0.0.1");
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.refusal_count, 0);
}

static void takes_64_addresses_of_an_interface_and_tells_of_the_next(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report many;
	uint64_t cursor = rw_event_newest(fx.controller);

	(void)state;
	rw_report_init(&many);
	many.interfaces = calloc(1, sizeof(*many.interfaces));
	many.interface_count = 1;
	(void)strcpy(many.interfaces[0].name, "eth0");
	many.interfaces[0].enforced = true;
	many.interfaces[0].addresses = calloc(70, sizeof(struct rw_address));
	for (uint8_t i = 0; i < 70; i++)
		many.interfaces[0].addresses[many.interfaces[0].address_count++] =
			(struct rw_address){4, {10, 0, 1, i}};
	fixture_pass(&fx, 3000);
	assert_int_equal(rw_session_report(fx.controller, "n-1", &many, &somewhere, NULL), 0);
	assert_int_equal(eth0("n-1")->address_count, 64);
	assert_int_equal(refusals(cursor, "is one of more than 64 addresses"), 1);
}

static void does_not_believe_in_revisions_that_do_not_exist(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report lie;
	struct rw_node_status status;
	uint64_t cursor = rw_event_newest(fx.controller);
	const struct rw_event *event;
	bool told = false;

	(void)state;
	rw_report_init(&lie);
	lie.state = RW_AGENT_STATE_OK;
	strcpy(lie.applied.incarnation, rw_store_incarnation(fx.controller->store));
	lie.applied.revision = rw_controller_revision(fx.controller) + 1;
	assert_int_equal(rw_session_report(fx.controller, "n-1", &lie, &somewhere, NULL), 0);
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.applied, 0);
	while ((event = rw_event_next(fx.controller, &cursor, NULL))) {
		assert_int_not_equal(event->kind, RW_EVENT_APPLIED);
		told |= event->kind == RW_EVENT_CLAIM_REFUSED && strstr(event->text, "cannot be in force");
	}
	assert_true(told);
	/* Nor that one failed which was never made. */
	lie.applied.revision = 0;
	lie.state = RW_AGENT_STATE_FAILED;
	lie.wanted = lie.applied;
	lie.wanted.revision = UINT64_MAX;
	assert_int_equal(rw_session_report(fx.controller, "n-1", &lie, &somewhere, NULL), 0);
	while ((event = rw_event_next(fx.controller, &cursor, NULL)))
		assert_int_not_equal(event->kind, RW_EVENT_FAILED);
}

static void state_that_flaps_fills_no_event_stream_and_ends_at_the_worse(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report flapping;
	uint64_t cursor = rw_event_newest(fx.controller);
	struct rw_node_status status;
	unsigned int count = 0;

	(void)state;
	rw_report_init(&flapping);
	for (int i = 0; i <= 1000; i++) {
		flapping.state = i % 2 ? RW_AGENT_STATE_DEGRADED : RW_AGENT_STATE_OK;
		assert_int_equal(rw_session_report(fx.controller, "n-1", &flapping, &somewhere, NULL), 0);
	}
	while (rw_event_next(fx.controller, &cursor, NULL))
		count++;
	assert_in_range(count, 3, 50);
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.state, RW_NODE_DEGRADED);
	fixture_pass(&fx, 10000);
	assert_int_equal(rw_session_report(fx.controller, "n-1", &flapping, &somewhere, NULL), 0);
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_not_equal(status.state, RW_NODE_DEGRADED);
}

static void addresses_that_flap_fill_no_change_log(void **state)
{
	uint64_t revision = rw_controller_revision(fx.controller);
	unsigned int changes = 0;

	(void)state;
	/* Ten minutes, a report every three seconds. */
	for (int i = 0; i < 200; i++) {
		report("n-1", i % 2 ? "10.0.0.1,10.0.0.101" : "10.0.0.1,10.0.0.102");
		changes += rw_controller_revision(fx.controller) != revision;
		revision = rw_controller_revision(fx.controller);
	}
	assert_in_range(changes, 20, 31);
}

static void changes_at_most_every_two_seconds(void **state)
{
	uint64_t revision;

	(void)state;
	report("n-1", "10.0.0.1,10.0.0.101");
	revision = rw_controller_revision(fx.controller);
	fx.clock.now_ms -= 2000; /* the next report comes a second later */
	report("n-1", "10.0.0.1,10.0.0.102");
	assert_int_equal(rw_controller_revision(fx.controller), revision);
	report("n-1", "10.0.0.1,10.0.0.102");
	assert_true(rw_controller_revision(fx.controller) > revision);
}

static void sums_the_hits_of_rules_over_nodes(void **state)
{
	static const char *const nodes[] = {"n-1", "n-2"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		RW_CLEANUP(rw_report_done) struct rw_report with_hits;

		rw_report_init(&with_hits);
		with_hits.hits = calloc(1, sizeof(*with_hits.hits));
		with_hits.hit_count = 1;
		(void)strcpy(with_hits.hits[0].rule, "sgr-1");
		with_hits.hits[0].packets = 5 + i;
		with_hits.hits[0].last_hit_ms = (int64_t)(100 - i);
		assert_int_equal(rw_session_report(fx.controller, nodes[i], &with_hits, &somewhere, NULL), 0);
	}
	assert_int_equal(rw_session_rule_hits(fx.controller, "sgr-1").packets, 11);
	assert_int_equal(rw_session_rule_hits(fx.controller, "sgr-1").last_hit_ms, 100);
	assert_int_equal(rw_session_rule_hits(fx.controller, "sgr-2").packets, 0);
}

static void brief_report_leaves_what_the_last_one_told(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report whole, brief;
	struct rw_node_status status;

	(void)state;
	rw_report_init(&whole);
	whole.state = RW_AGENT_STATE_OK;
	whole.persistent = true;
	whole.hits = calloc(1, sizeof(*whole.hits));
	whole.hit_count = 1;
	(void)strcpy(whole.hits[0].rule, "sgr-1");
	whole.hits[0].packets = 5;
	whole.listeners = calloc(1, sizeof(*whole.listeners));
	whole.listener_count = 1;
	whole.drops[RW_CAUSE_DEFAULT] = 7;
	whole.kernel.flow_capacity = 4096;
	assert_int_equal(rw_session_report(fx.controller, "n-1", &whole, &somewhere, NULL), 0);
	rw_report_init(&brief);
	brief.brief = true;
	brief.state = RW_AGENT_STATE_FAILED;
	(void)strcpy(brief.reason, "table too large");
	(void)snprintf(brief.applied.incarnation, sizeof(brief.applied.incarnation), "%s",
		       rw_controller_incarnation(fx.controller));
	brief.applied.revision = rw_controller_revision(fx.controller);
	assert_int_equal(rw_session_report(fx.controller, "n-1", &brief, &somewhere, NULL), 0);
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.applied, brief.applied.revision);
	assert_string_equal(status.reason, "table too large");
	assert_true(status.persistent);
	assert_int_equal(status.listener_count, 1);
	assert_int_equal(status.drops[RW_CAUSE_DEFAULT], 7);
	assert_int_equal(status.kernel->flow_capacity, 4096);
	assert_int_equal(rw_session_rule_hits(fx.controller, "sgr-1").packets, 5);
}

static void keeps_the_newest_drops(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		RW_CLEANUP(rw_report_done) struct rw_report with_drop;

		rw_report_init(&with_drop);
		with_drop.drop_events = calloc(1, sizeof(*with_drop.drop_events));
		with_drop.drop_event_count = 1;
		with_drop.drop_events[0].time_ms = i;
		with_drop.drops[RW_CAUSE_DEFAULT] = (uint64_t)i;
		assert_int_equal(rw_session_report(fx.controller, "n-1", &with_drop, &somewhere, NULL), 0);
	}
	assert_int_equal(rw_session_drop_count(fx.controller), RW_SESSION_DROPS_MAX);
	assert_int_equal(rw_session_drop_at(fx.controller, 0)->drop.time_ms, 299);
	assert_int_equal(rw_session_drop_at(fx.controller, RW_SESSION_DROPS_MAX - 1)->drop.time_ms, 44);
	assert_string_equal(rw_session_drop_at(fx.controller, 0)->node, "n-1");
}

/* Reports that detaches were repaired so often; gives the text of the event that tells of it, or "". */
static const char *report_repairs(uint64_t count)
{
	RW_CLEANUP(rw_report_done) struct rw_report repaired;
	uint64_t cursor = rw_event_newest(fx.controller);
	const struct rw_event *event;

	rw_report_init(&repaired);
	repaired.kernel.hooks_restored = count;
	assert_int_equal(rw_session_report(fx.controller, "n-1", &repaired, &somewhere, NULL), 0);
	while ((event = rw_event_next(fx.controller, &cursor, NULL)))
		if (event->kind == RW_EVENT_HOOK_RESTORED)
			return event->text;
	return "";
}

static void tells_when_a_foreign_detach_was_repaired(void **state)
{
	(void)state;
	assert_string_equal(report_repairs(0), "");
	assert_non_null(strstr(report_repairs(1), "put back: 1"));
	assert_string_equal(report_repairs(1), "");
	/* Anew, by an agent that started since. */
	assert_string_equal(report_repairs(0), "");
	assert_non_null(strstr(report_repairs(2), "put back: 2"));
	/* In swarms, together. */
	for (uint64_t i = 3; i <= 1000; i++)
		(void)report_repairs(i);
	assert_string_equal(report_repairs(1001), "");
	fixture_pass(&fx, 60000);
	assert_non_null(strstr(report_repairs(1002), "put back: 997"));
}

static void report_drops(const char *node, size_t count)
{
	RW_CLEANUP(rw_report_done) struct rw_report with_drops;

	rw_report_init(&with_drops);
	with_drops.drop_events = calloc(count, sizeof(*with_drops.drop_events));
	with_drops.drop_event_count = count;
	with_drops.drop_events[0].time_ms = INT64_MAX;
	assert_int_equal(rw_session_report(fx.controller, node, &with_drops, &somewhere, NULL), 0);
}

static void node_full_of_drops_leaves_those_of_others(void **state)
{
	size_t count = 0;

	(void)state;
	report_drops("n-2", 10);
	for (int i = 0; i < 100; i++)
		report_drops("n-1", RW_REPORT_DROPS_MAX);
	assert_int_equal(rw_session_drop_count(fx.controller), RW_SESSION_DROPS_MAX);
	for (size_t i = 0; i < RW_SESSION_DROPS_MAX; i++)
		count += strcmp(rw_session_drop_at(fx.controller, i)->node, "n-2") == 0;
	assert_int_equal(count, 10);
	assert_string_equal(rw_session_drop_at(fx.controller, 0)->node, "n-1");
	report_drops("n-2", 1);
	assert_string_equal(rw_session_drop_at(fx.controller, 0)->node, "n-2");
	/* Nothing was dropped later than now. */
	assert_true(rw_session_drop_at(fx.controller, 0)->drop.time_ms <=
		    rw_clock_realtime_ms(fx.controller->clock));
}

static void counts_of_liars_do_not_wrap(void **state)
{
	static const char *const nodes[] = {"n-1", "n-2"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		RW_CLEANUP(rw_report_done) struct rw_report lie;

		rw_report_init(&lie);
		lie.hits = calloc(1, sizeof(*lie.hits));
		lie.hit_count = 1;
		(void)strcpy(lie.hits[0].rule, "sgr-1");
		lie.hits[0].packets = UINT64_MAX - 1;
		lie.hits[0].last_hit_ms = INT64_MAX;
		assert_int_equal(rw_session_report(fx.controller, nodes[i], &lie, &somewhere, NULL), 0);
	}
	assert_true(rw_session_rule_hits(fx.controller, "sgr-1").packets == UINT64_MAX);
	assert_true(rw_session_rule_hits(fx.controller, "sgr-1").last_hit_ms <=
		    rw_clock_realtime_ms(fx.controller->clock));
}

static void refuses_reports_of_unknown_nodes(void **state)
{
	RW_CLEANUP(rw_report_done) struct rw_report empty;

	(void)state;
	rw_report_init(&empty);
	assert_int_equal(rw_session_report(fx.controller, "n-9", &empty, &somewhere, NULL), -ENOENT);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(takes_reported_addresses_over_as_a_change_by_the_agent),
		T(does_not_believe_an_address_that_another_node_holds),
		T(tells_of_addresses_outside_the_network),
		T(first_of_two_claimants_keeps_the_address_until_it_lets_go),
		T(node_shows_which_addresses_are_not_believed),
		T(takes_64_addresses_of_an_interface_and_tells_of_the_next),
		T(does_not_believe_in_revisions_that_do_not_exist),
		T(state_that_flaps_fills_no_event_stream_and_ends_at_the_worse),
		T(addresses_that_flap_fill_no_change_log),
		T(changes_at_most_every_two_seconds),
		T(sums_the_hits_of_rules_over_nodes),
		T(brief_report_leaves_what_the_last_one_told),
		T(keeps_the_newest_drops),
		T(tells_when_a_foreign_detach_was_repaired),
		T(node_full_of_drops_leaves_those_of_others),
		T(counts_of_liars_do_not_wrap),
		T(refuses_reports_of_unknown_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
