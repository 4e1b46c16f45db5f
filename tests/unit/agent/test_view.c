/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "agent/view.h"
#include "exposition.h"
#include "fake_enforcer.h"

struct world {
	struct fake_enforcer fake;
	struct rw_keeper *keeper;
	struct rw_agent_place place;
	struct rw_agent_view view;
	struct rw_buf text;
	struct exposition metrics;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct rw_keeper_options options = {.backend = {.open = fake_enforcer_open,
							.remove_all = fake_enforcer_remove_all,
							.list_held = fake_enforcer_list_held}};

	assert_non_null(world);
	fake_enforcer_init(&world->fake);
	world->fake.was_pinned = true;
	world->fake.attached[0] = 7;
	world->fake.attached_count = 1;
	world->fake.counters = (struct rw_enforcer_status){.generation = 3,
							   .flow_capacity = 4096,
							   .flow_refused = 2,
							   .full_pairs_ppm = 2500,
							   .passed = 100,
							   .dropped = {[RW_CAUSE_RULE] = 4},
							   .would_drop = {[RW_CAUSE_DEFAULT] = 6},
							   .flows = {[RW_FLOW_ESTABLISHED] = 12}};
	options.backend.context = &world->fake;
	assert_int_equal(rw_keeper_new(&options, &world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	world->view = (struct rw_agent_view){
		.place = &world->place, .keeper = world->keeper, .node = "web-1", .file_problem = ""};
	rw_buf_init(&world->text, 1u << 20);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	rw_buf_done(&world->text);
	(void)rw_keeper_free(world->keeper);
	fake_enforcer_done(&world->fake);
	free(world);
	return 0;
}

static const struct exposition *metrics(struct world *world)
{
	rw_buf_clear(&world->text);
	rw_agent_view_write_metrics(&world->view, &world->text);
	assert_int_equal(rw_buf_check(&world->text, NULL), 0);
	exposition_read(&world->metrics, world->text.data);
	return &world->metrics;
}

static void has_exactly_the_metrics_that_the_page_lists(void **state)
{
	exposition_expect_documented(metrics(*state), RW_SOURCE_ROOT "/docs/metrics.md", "## Node");
}

static void counts_in_metrics_what_the_kernel_does(void **state)
{
	struct world *world = *state;
	const struct exposition *seen;

	world->fake.hold = RW_ENFORCER_SHARED;
	seen = metrics(world);
	assert_true(exposition_value(seen, "ringwall_node_agent_running") == 1);
	assert_true(exposition_value(seen, "ringwall_node_enforcing") == 1);
	assert_true(exposition_value(seen, "ringwall_node_interfaces{state=\"shared\"}") == 1);
	assert_true(exposition_value(seen, "ringwall_node_interfaces{state=\"enforced\"}") == 0);
	assert_true(exposition_value(seen, "ringwall_node_dropped_packets_total{cause=\"rule\"}") == 4);
	assert_true(exposition_value(seen, "ringwall_node_would_drop_packets_total{cause=\"default\"}") == 6);
	assert_true(exposition_value(seen, "ringwall_node_flows{class=\"established\"}") == 12);
	assert_true(exposition_value(seen, "ringwall_node_flows_refused_total") == 2);
	assert_true(exposition_value(seen, "ringwall_node_flow_full_pairs_ppm") == 2500);
	assert_true(exposition_value(seen, "ringwall_node_connected") == 0);
}

static void shows_how_full_the_flow_table_is(void **state)
{
	struct world *world = *state;

	rw_agent_view_write_text(&world->view, &world->text);
	assert_non_null(strstr(world->text.data, "\n              12 established\n"));
	assert_non_null(strstr(world->text.data, "full          0.2500 % of all pairs of buckets\n"));
	assert_non_null(strstr(world->text.data, ", generation 3\n"));
	rw_buf_clear(&world->text);
	rw_agent_view_write_json(&world->view, &world->text);
	assert_non_null(strstr(world->text.data, "\"full_pairs_ppm\": 2500"));
}

static void shows_the_controller_that_is_followed_and_the_others(void **state)
{
	struct rw_controllers controllers = {.count = 0};
	struct world *world = *state;
	bool moved;

	assert_int_equal(rw_controllers_add_joined(&controllers, "https://a:8443", NULL), 0);
	world->view.controllers = &controllers;
	rw_agent_view_write_text(&world->view, &world->text);
	assert_non_null(strstr(world->text.data, "\ncontroller    https://a:8443: connecting\n"));
	assert_null(strstr(world->text.data, "\nothers "));
	assert_int_equal(rw_controllers_add_joined(&controllers, "https://b:8443", NULL), 0);
	assert_int_equal(rw_controllers_add_joined(&controllers, "https://c:8443", NULL), 0);
	(void)strcpy(controllers.last, "https://b:8443");
	(void)rw_controllers_next(&controllers, &moved);
	rw_buf_clear(&world->text);
	rw_agent_view_write_text(&world->view, &world->text);
	assert_non_null(strstr(world->text.data, "\ncontroller    https://b:8443: connecting\n"
						 "others        https://a:8443\n"
						 "              https://c:8443\n"));
	rw_buf_clear(&world->text);
	rw_agent_view_write_json(&world->view, &world->text);
	assert_non_null(strstr(world->text.data, "\"server\": \"https://b:8443\""));
	assert_non_null(strstr(world->text.data, "\"controllers\": ["));
	assert_non_null(strstr(world->text.data, "\"https://c:8443\"\n"));
	assert_true(exposition_value(metrics(world), "ringwall_node_controllers") == 3);
}

static void never_says_of_a_detached_node_that_it_enforces(void **state)
{
	struct world *world = *state;
	const struct exposition *seen;

	assert_int_equal(rw_keeper_detach(world->keeper, NULL), 0);
	seen = metrics(world);
	assert_true(exposition_value(seen, "ringwall_node_enforcing") == 0);
	assert_true(exposition_value(seen, "ringwall_node_state{state=\"detached\"}") == 1);
	assert_true(exposition_value(seen, "ringwall_node_state{state=\"ok\"}") == 0);
	rw_buf_clear(&world->text);
	rw_agent_view_write_text(&world->view, &world->text);
	assert_non_null(strstr(world->text.data, "detached: everything passes"));
}

static void tells_of_enforcement_without_an_agent(void **state)
{
	struct world *world = *state;
	struct exposition seen;

	rw_agent_view_write_orphan_metrics(true, 2, 1, &world->text);
	exposition_read(&seen, world->text.data);
	assert_true(exposition_value(&seen, "ringwall_node_agent_running") == 0);
	assert_true(exposition_value(&seen, "ringwall_node_enforcing") == 1);
	assert_true(exposition_value(&seen, "ringwall_node_interfaces{state=\"enforced\"}") == 2);
	assert_true(exposition_value(&seen, "ringwall_node_interfaces{state=\"lost\"}") == 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(has_exactly_the_metrics_that_the_page_lists),
		TEST(counts_in_metrics_what_the_kernel_does),
		TEST(shows_how_full_the_flow_table_is),
		TEST(shows_the_controller_that_is_followed_and_the_others),
		TEST(never_says_of_a_detached_node_that_it_enforces),
		TEST(tells_of_enforcement_without_an_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
