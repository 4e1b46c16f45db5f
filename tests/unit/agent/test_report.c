/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <linux/if_arp.h>
#include <string.h>

#include "agent/report.h"
#include "fake_enforcer.h"

struct fake_clock {
	struct rw_clock clock;
	uint64_t monotonic_ns;
	int64_t realtime_ms;
};

struct world {
	struct fake_clock clock;
	struct fake_enforcer fake;
	struct rw_keeper *keeper;
	struct rw_reporter reporter;
	struct rw_report report; /* decoded */
};

static uint64_t clock_monotonic(const struct rw_clock *clock)
{
	return ((const struct fake_clock *)clock)->monotonic_ns;
}

static int64_t clock_realtime(const struct rw_clock *clock)
{
	return ((const struct fake_clock *)clock)->realtime_ms;
}

static struct rw_links make_links(void)
{
	struct rw_links links = {.count = 3, .address_count = 2};

	links.links = calloc(3, sizeof(*links.links));
	links.addresses = calloc(2, sizeof(*links.addresses));
	for (unsigned int i = 0; i < 3; i++) {
		links.links[i].ifindex = i + 1;
		links.links[i].type = ARPHRD_ETHER;
	}
	strcpy(links.links[0].name, "eth0");
	links.links[0].has_device = true;
	links.links[0].has_mac = true;
	memcpy(links.links[0].mac, "\x02\0\0\0\0\x1f", 6);
	strcpy(links.links[1].name, "br0");
	strcpy(links.links[1].kind, "bridge");
	links.links[1].has_default_route = true;
	strcpy(links.links[2].name, "eth1");
	links.links[2].has_device = true;
	links.links[2].master = 2;
	links.addresses[0].ifindex = 1;
	links.addresses[1].ifindex = 2;
	assert_int_equal(rw_address_parse("10.0.0.1", &links.addresses[0].address, NULL), 0);
	assert_int_equal(rw_address_parse("192.0.2.7", &links.addresses[1].address, NULL), 0);
	return links;
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	const struct rw_position position = {.incarnation = "i", .revision = 7};
	struct rw_links links = make_links();
	struct rw_keeper_options options = {.backend = {.open = fake_enforcer_open,
							.remove_all = fake_enforcer_remove_all,
							.list_held = fake_enforcer_list_held}};

	assert_non_null(world);
	world->clock = (struct fake_clock){.clock = {clock_monotonic, clock_realtime},
					   .monotonic_ns = 90000000000,
					   .realtime_ms = 1800000000000};
	fake_enforcer_init(&world->fake);
	options.backend.context = &world->fake;
	assert_int_equal(rw_keeper_new(&options, &world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_start(world->keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(world->keeper, &links, NULL), 0);
	assert_int_equal(rw_keeper_set_policy(world->keeper, &position, policy, RW_ESTABLISHED_CUT, NULL), 0);
	rw_reporter_init(&world->reporter, &world->clock.clock);
	rw_report_init(&world->report);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	rw_report_done(&world->report);
	rw_reporter_done(&world->reporter);
	(void)rw_keeper_free(world->keeper);
	fake_enforcer_done(&world->fake);
	free(world);
	return 0;
}

static const struct rw_report *encoded_as(struct world *world, bool brief)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, RW_REPORT_SIZE_MAX);
	assert_int_equal(rw_reporter_encode(&world->reporter, world->keeper, brief, &buf, NULL), 0);
	rw_report_done(&world->report);
	rw_report_init(&world->report);
	assert_int_equal(rw_report_decode(buf.data, buf.size, &world->report, NULL), 0);
	return &world->report;
}

static const struct rw_report *encoded(struct world *world)
{
	return encoded_as(world, false);
}

static struct rw_enforcer_drop make_drop(void)
{
	struct rw_enforcer_drop drop = {
		.monotonic_ns = 88000000000,
		.cause = RW_CAUSE_DEFAULT,
		.interface = "eth0",
		.packet = {.protocol = RW_PROTOCOL_TCP, .local_port = 22, .remote_port = 40000},
	};

	assert_int_equal(rw_address_parse("10.0.0.1", &drop.packet.local, NULL), 0);
	assert_int_equal(rw_address_parse("203.0.113.9", &drop.packet.remote, NULL), 0);
	return drop;
}

static void tells_what_is_in_force(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	struct rw_policy_digest digest = rw_policy_digest(policy);
	const struct rw_report *report = encoded(*state);

	assert_int_equal(report->state, RW_AGENT_STATE_OK);
	assert_int_equal(report->applied.revision, 7);
	assert_memory_equal(&report->digest, &digest, sizeof(digest));
}

static void tells_what_the_kernel_counts_and_where_it_is_hooked(void **state)
{
	struct world *world = *state;
	struct rw_renewal renewal = {.answer.reports = 3};
	const struct rw_report *report;

	world->fake.counters = (struct rw_enforcer_status){.generation = 3,
							   .persistent = true,
							   .flow_capacity = 4096,
							   .table_bytes = 1 << 20,
							   .table_limit_bytes = 512 << 20,
							   .table_memory_bytes = 1 << 30,
							   .flow_refused = 2,
							   .passed = UINT64_MAX,
							   .dropped = {[RW_CAUSE_SPOOFED] = 4},
							   .would_drop = {[RW_CAUSE_RULE] = 6},
							   .flows = {[RW_FLOW_ESTABLISHED] = 12}};
	world->fake.hold = RW_ENFORCER_SHARED;
	report = encoded(world);
	assert_true(report->persistent);
	assert_int_equal(report->drops[RW_CAUSE_SPOOFED], 4);
	assert_int_equal(report->would_drops[RW_CAUSE_RULE], 6);
	assert_int_equal(report->kernel.generation, 3);
	assert_int_equal(report->kernel.flow_capacity, 4096);
	assert_int_equal(report->kernel.flows_refused, 2);
	/* Tables are told to a controller that knows of them. */
	assert_int_equal(report->kernel.table_bytes, 0);
	world->reporter.renewal = &renewal;
	report = encoded(world);
	world->reporter.renewal = NULL;
	assert_int_equal(report->kernel.table_bytes, 1 << 20);
	assert_int_equal(report->kernel.table_limit_bytes, 512 << 20);
	assert_int_equal(report->kernel.table_memory_bytes, 1 << 30);
	assert_true(report->kernel.passed == UINT64_MAX);
	assert_int_equal(report->kernel.flows[RW_FLOW_ESTABLISHED], 12);
	assert_int_equal(report->kernel.hook_count, 2);
	assert_string_equal(report->kernel.hooks[0].device, "dev3");
	assert_string_equal(report->kernel.hooks[0].hook, "clsact");
	assert_string_equal(report->kernel.hooks[0].state, "shared");
	assert_string_equal(report->kernel.hooks[0].detail, "stranger");
}

static void tells_the_early_stage_as_a_hook_of_its_own(void **state)
{
	struct world *world = *state;
	const struct rw_report *report;

	world->fake.early = RW_ENFORCER_EARLY_GENERIC;
	report = encoded(world);
	assert_int_equal(report->kernel.hook_count, 4);
	assert_string_equal(report->kernel.hooks[2].device, report->kernel.hooks[0].device);
	assert_string_equal(report->kernel.hooks[2].hook, "xdp-generic");
	assert_string_equal(report->kernel.hooks[2].state, "dropping");
	world->fake.early_text = "its driver has none";
	report = encoded(world);
	assert_string_equal(report->kernel.hooks[3].hook, "xdp");
	assert_string_equal(report->kernel.hooks[3].state, "absent");
	assert_string_equal(report->kernel.hooks[3].detail, "its driver has none");
}

static void tells_interfaces_and_the_bridge_in_place_of_its_port(void **state)
{
	const struct rw_report *report = encoded(*state);

	assert_int_equal(report->interface_count, 2);
	assert_string_equal(report->interfaces[0].name, "eth0");
	assert_string_equal(report->interfaces[0].mac, "02:00:00:00:00:1f");
	assert_true(report->interfaces[0].enforced);
	assert_int_equal(report->interfaces[0].address_count, 1);
	assert_string_equal(report->interfaces[1].name, "br0");
	assert_string_equal(report->interfaces[1].kind, "bridge-port");
	assert_true(report->interfaces[1].default_route);
	assert_int_equal(report->interfaces[1].address_count, 1);
}

static void tells_each_drop_once_with_its_time(void **state)
{
	struct world *world = *state;
	struct rw_enforcer_drop drop = make_drop();
	const struct rw_report *report;

	world->fake.drops = &drop;
	world->fake.drop_count = 1;
	rw_reporter_take_drops(&world->reporter, &world->fake.base);
	report = encoded(world);
	assert_int_equal(report->drop_event_count, 1);
	assert_string_equal(report->drop_events[0].cause, "default");
	assert_int_equal(report->drop_events[0].time_ms, 1800000000000 - 2000);
	assert_int_equal(report->drop_events[0].local_port, 22);
	assert_int_equal(encoded(world)->drop_event_count, 0);
}

static void brief_report_tells_what_is_in_force_and_forgets_nothing(void **state)
{
	struct world *world = *state;
	struct rw_renewal renewal = {.answer.reports = 3};
	struct rw_enforcer_drop drop = make_drop();
	const struct rw_report *report;

	world->fake.drops = &drop;
	world->fake.drop_count = 1;
	rw_reporter_take_drops(&world->reporter, &world->fake.base);
	world->reporter.renewal = &renewal;
	report = encoded_as(world, true);
	assert_true(report->brief);
	assert_int_equal(report->applied.revision, 7);
	assert_int_equal(report->interface_count, 0);
	assert_int_equal(report->drop_event_count, 0);
	assert_int_equal(encoded(world)->drop_event_count, 1);
	/* A controller that does not know those gets whole ones. */
	renewal.answer.reports = 2;
	report = encoded_as(world, true);
	assert_false(report->brief);
	assert_int_equal(report->version, 2);
	assert_true(report->interface_count > 0);
	world->reporter.renewal = NULL;
}

static void counts_drops_that_do_not_fit(void **state)
{
	struct world *world = *state;
	static struct rw_enforcer_drop drops[RW_REPORT_DROPS_MAX + 5];
	const struct rw_report *report;

	for (size_t i = 0; i < RW_ARRAY_COUNT(drops); i++)
		drops[i] = make_drop();
	drops[0].suppressed = 100;
	world->fake.drops = drops;
	world->fake.drop_count = RW_ARRAY_COUNT(drops);
	rw_reporter_take_drops(&world->reporter, &world->fake.base);
	report = encoded(world);
	assert_int_equal(report->drop_event_count, RW_REPORT_DROPS_MAX);
	assert_int_equal(report->drop_events_lost, 105);
	assert_int_equal(encoded(world)->drop_events_lost, 0);
}

static void add_connection(struct rw_connection *connection, enum rw_direction direction, uint16_t local_port,
			   uint16_t remote_port)
{
	*connection = (struct rw_connection){
		.interface = "eth0",
		.opener = {.direction = direction,
			   .protocol = RW_PROTOCOL_TCP,
			   .tcp_flags = RW_TCP_SYN,
			   .hop_limit = 64,
			   .local_port = local_port,
			   .remote_port = remote_port},
	};
	assert_int_equal(rw_address_parse("10.0.0.1", &connection->opener.local, NULL), 0);
	assert_int_equal(rw_address_parse("203.0.113.9", &connection->opener.remote, NULL), 0);
}

/* The policy has no groups and drops all; sshd listens on 22 and 2222. */
static void tells_ssh_sessions_first_and_what_would_be_cut(void **state)
{
	struct world *world = *state;
	static struct rw_connection items[RW_REPORT_LIVE_MAX + 10];
	const struct rw_connections connections = {.items = items, .count = RW_ARRAY_COUNT(items)};
	const struct rw_report *report;
	struct rw_keeper_status status;

	for (size_t i = 0; i < connections.count; i++)
		add_connection(&items[i], RW_DIRECTION_INGRESS, 7000, (uint16_t)(40000 + i));
	add_connection(&items[70], RW_DIRECTION_INGRESS, 22, 50000);
	add_connection(&items[71], RW_DIRECTION_INGRESS, 2222, 50001);
	add_connection(&items[72], RW_DIRECTION_EGRESS, 2222,
		       50002); /* a way out of that port is no session */
	items[73].interface[0] = '\0';
	world->reporter.listeners.ssh_ports[0] = 22;
	world->reporter.listeners.ssh_ports[1] = 2222;
	world->reporter.listeners.ssh_port_count = 2;
	rw_keeper_status(world->keeper, &status);
	rw_reporter_take_connections(&world->reporter, status.policy, status.decisions, status.links->count,
				     &connections);
	report = encoded(world);
	assert_int_equal(report->connection_count, RW_REPORT_LIVE_MAX);
	assert_true(report->connections[0].ssh && report->connections[0].local_port == 22);
	assert_true(report->connections[1].ssh && report->connections[1].local_port == 2222);
	assert_false(report->connections[2].ssh);
	/* All but what crosses no interface. */
	assert_int_equal(report->connections_cut, connections.count - 1);
	/* An enforced node has nothing to foretell. */
	rw_reporter_read_connections(&world->reporter, world->keeper);
	assert_int_equal(encoded(world)->connection_count, 0);
}

static void tells_once_which_live_flows_a_policy_would_refuse(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(23);
	struct rw_enforcer_refused refused[8] = {0};
	const struct rw_report *report;

	for (size_t i = 0; i < RW_ARRAY_COUNT(refused); i++) {
		refused[i] = (struct rw_enforcer_refused){
			.opener = {.protocol = RW_PROTOCOL_TCP, .local_port = (uint16_t)(80 + i)},
			.interface = "eth0",
			.class = RW_FLOW_ESTABLISHED,
			.is_kept = i == 0,
			.cause = i % 2 ? RW_CAUSE_RULE : RW_CAUSE_DEFAULT,
			.rule = "sgr-1"};
		assert_int_equal(rw_address_parse("10.0.0.1", &refused[i].opener.local, NULL), 0);
		assert_int_equal(rw_address_parse("10.0.0.2", &refused[i].opener.remote, NULL), 0);
	}
	world->fake.refused = refused;
	world->fake.refused_count = RW_ARRAY_COUNT(refused);
	rw_reporter_judge(&world->reporter, world->keeper, 3, policy);
	assert_int_equal(world->fake.judged, 23);
	report = encoded(world);
	assert_int_equal(report->judgement_count, 1);
	assert_int_equal(report->judgements[0].question, 3);
	assert_int_equal(report->judgements[0].flows, 7);
	assert_int_equal(report->judgements[0].kept, 1);
	assert_int_equal(report->judgements[0].example_count, RW_REPORT_EXAMPLES_MAX);
	assert_int_equal(report->judgements[0].examples[0].local_port, 81);
	assert_string_equal(report->judgements[0].examples[0].cause, "sgr-1");
	assert_string_equal(report->judgements[0].examples[1].cause, "default");
	assert_int_equal(encoded(world)->judgement_count, 0);
}

static void tells_why_a_policy_cannot_be_judged(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(23);

	world->fake.apply_result = -E2BIG;
	rw_reporter_judge(&world->reporter, world->keeper, 3, policy);
	assert_string_equal(encoded(world)->judgements[0].failure, "does not fit");
	assert_int_equal(rw_keeper_detach(world->keeper, NULL), 0);
	rw_reporter_judge(&world->reporter, world->keeper, 4, policy);
	assert_string_equal(encoded(world)->judgements[0].failure, "nothing is enforced on this node");
}

static void says_that_the_node_is_detached(void **state)
{
	struct world *world = *state;
	const struct rw_report *report;

	assert_int_equal(rw_keeper_detach(world->keeper, NULL), 0);
	report = encoded(world);
	assert_int_equal(report->state, RW_AGENT_STATE_DETACHED);
	assert_int_equal(report->applied.revision, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_is_in_force),
		TEST(tells_what_the_kernel_counts_and_where_it_is_hooked),
		TEST(tells_the_early_stage_as_a_hook_of_its_own),
		TEST(tells_interfaces_and_the_bridge_in_place_of_its_port),
		TEST(tells_each_drop_once_with_its_time),
		TEST(brief_report_tells_what_is_in_force_and_forgets_nothing),
		TEST(counts_drops_that_do_not_fit),
		TEST(tells_ssh_sessions_first_and_what_would_be_cut),
		TEST(tells_once_which_live_flows_a_policy_would_refuse),
		TEST(tells_why_a_policy_cannot_be_judged),
		TEST(says_that_the_node_is_detached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
