/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The early stage with real packets: attached when asked for, in the driver and in the kernel; what it drops, what it
 * leaves alone, how it is switched, who else may be there, how it ends.  That it decides as the evaluator does is
 * in test_oracle.c.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPEN                                                                                                 \
	RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept udp 80/80 0.0.0.0/0",                  \
	      "sgr-3 in accept icmp -1/-1 0.0.0.0/0", "sgr-4 in accept udp 80/80 ::/0")

#define PATIENCE_S 60

static int node, peer;
static const char *pins;
static struct rw_enforcer *enforcer;

static int set_up(void **state)
{
	(void)state;
	netns_pair(&node, &peer);
	pins = netns_pin_dir();
	enforcer = NULL;
	return 0;
}

static void leave(void)
{
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
}

static int tear_down(void **state)
{
	(void)state;
	leave();
	(void)close(node);
	(void)close(peer);
	return 0;
}

/* Attaches eth0 with that early stage, or changes it. */
static void want(enum rw_enforcer_early early, bool idle, const uint16_t *vlan_id)
{
	uint64_t vlans[RW_ENFORCER_VLAN_WORDS] = {0};
	struct rw_enforcer_device device = {
		.name = "eth0", .interface = "eth0", .vlans = vlans, .early = early, .early_idle = idle};

	if (vlan_id)
		vlans[*vlan_id / 64] = 1ull << *vlan_id % 64;
	filter_attach_as(enforcer, node, device);
}

static void start(enum rw_enforcer_early early, const char *const rules[])
{
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", rules);
	want(early, false, NULL);
	filter_enforce(enforcer, node);
}

static struct rw_enforcer_device_status look(void)
{
	struct rw_enforcer_device_status device;

	assert_int_equal(enforcer->ops->devices(enforcer, &device, 1), 1);
	return device;
}

static struct rw_enforcer_status status(void)
{
	struct rw_enforcer_status now;

	assert_int_equal(enforcer->ops->status(enforcer, &now, NULL), 0);
	return now;
}

/* The id of the XDP program at eth0, 0 = none. */
static uint32_t attached_id(void)
{
	uint32_t id = 0;
	int ifindex = (int)netns_ifindex(node, "eth0");

	netns_enter(node);
	assert_int_equal(bpf_xdp_query_id(ifindex, 0, &id), 0);
	netns_leave();
	return id;
}

/* Refused datagrams until the early stage has dropped one, as tc is given those of which an event is due. */
static void flood(const char *from, const char *to)
{
	int client = filter_udp(peer, from, 0);
	uint64_t before = status().early;
	time_t end = time(NULL) + PATIENCE_S;

	while (status().early == before) {
		assert_true(time(NULL) < end);
		for (int i = 0; i < 500; i++)
			(void)filter_send_to(client, to, 99, 8);
	}
	(void)close(client);
}

/* Refused datagrams, all of which come to tc.  Those that were sent before must be through. */
static void flood_in_vain(void)
{
	int client = filter_udp(peer, "10.0.0.1", 0);
	time_t end = time(NULL) + PATIENCE_S;
	uint64_t dropped = filter_dropped(enforcer, RW_CAUSE_DEFAULT), early;

	(void)filter_send_to(client, "10.0.0.2", 99, 8);
	while (filter_dropped(enforcer, RW_CAUSE_DEFAULT) == dropped)
		assert_true(time(NULL) < end);
	early = status().early;
	dropped = filter_dropped(enforcer, RW_CAUSE_DEFAULT);
	while (filter_dropped(enforcer, RW_CAUSE_DEFAULT) < dropped + 1000) {
		assert_true(time(NULL) < end);
		(void)filter_send_to(client, "10.0.0.2", 99, 8);
	}
	assert_int_equal(status().early, early);
	(void)close(client);
}

/* What is accepted goes on while a flood is dropped early. */
static void assert_open(void)
{
	int listener = filter_listen(node, "10.0.0.2", 80), server = filter_udp(node, "10.0.0.2", 80);
	int server6 = filter_udp(node, "fd00::2", 80), client6 = filter_udp(peer, "fd00::1", 4000);
	int client = filter_connect(peer, "10.0.0.1", "10.0.0.2", 80), served = filter_accept(listener);
	int udp = filter_udp(peer, "10.0.0.1", 4000), own, far;

	assert_true(client >= 0 && served >= 0);
	assert_true(filter_tells(udp, server, "10.0.0.2", 80));
	assert_true(filter_tells(client6, server6, "fd00::2", 80));
	/* From inside: the answers come to ports that no rule opens. */
	own = filter_udp(node, "10.0.0.2", 5000);
	far = filter_udp(peer, "10.0.0.1", 5001);
	assert_true(filter_tells(own, far, "10.0.0.1", 5001));
	flood("10.0.0.1", "10.0.0.2");
	flood("fd00::1", "fd00::2");
	assert_true(filter_tells(far, own, "10.0.0.2", 5000));
	assert_true(filter_says(client, served) && filter_says(served, client));
	/* Fragments, of which the first opens the flow. */
	assert_true(filter_send_to(udp, "10.0.0.2", 80, 4000));
	netns_run(peer, "ping -q -c 1 -W 5 -s 3000 10.0.0.2 >/dev/null");
	for (size_t i = 0; i < 9; i++)
		(void)close(((int[]){listener, server, server6, client6, client, served, udp, own, far})[i]);
}

static void drops_in_the_driver_what_no_flow_knows(void **state)
{
	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NATIVE);
	assert_false(look().early_idle);
	assert_open();
}

static void drops_in_the_kernel_what_no_flow_knows(void **state)
{
	(void)state;
	start(RW_ENFORCER_EARLY_GENERIC, OPEN);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_GENERIC);
	assert_open();
}

static void is_counted_as_at_tc(void **state)
{
	uint64_t sent = 0;
	int client;

	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, RULES("sgr-9 in drop udp 99/99 0.0.0.0/0"));
	client = filter_udp(peer, "10.0.0.1", 0);
	for (time_t end = time(NULL) + PATIENCE_S; !status().early && time(NULL) < end;)
		for (int i = 0; i < 500; i++)
			sent += filter_send_to(client, "10.0.0.2", 99, 8);
	assert_true(status().early > 0);
	/* Packets wait in the ring of the pair. */
	for (time_t end = time(NULL) + PATIENCE_S;
	     filter_dropped(enforcer, RW_CAUSE_RULE) < sent && time(NULL) < end;)
		;
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_RULE), sent);
	assert_true(status().early < sent);
	(void)close(client);
}

static void is_not_there_unless_it_is_wanted(void **state)
{
	(void)state;
	start(RW_ENFORCER_EARLY_NONE, OPEN);
	assert_int_equal(attached_id(), 0);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NONE);
}

static void is_switched_without_being_attached_anew(void **state)
{
	uint32_t id;

	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	id = attached_id();
	flood("10.0.0.1", "10.0.0.2");
	want(RW_ENFORCER_EARLY_NATIVE, true, NULL);
	assert_int_equal(attached_id(), id);
	assert_true(look().early_idle);
	flood_in_vain();
	want(RW_ENFORCER_EARLY_NATIVE, false, NULL);
	assert_int_equal(attached_id(), id);
	flood("10.0.0.1", "10.0.0.2");
	want(RW_ENFORCER_EARLY_NONE, false, NULL);
	assert_int_equal(attached_id(), 0);
}

static void lets_all_pass_where_tags_may_be_hidden(void **state)
{
	static const uint16_t tag = 100;

	(void)state;
	start(RW_ENFORCER_EARLY_GENERIC, OPEN);
	want(RW_ENFORCER_EARLY_GENERIC, false, &tag);
	assert_true(look().early_idle);
	assert_non_null(look().early_text);
	flood_in_vain();
	want(RW_ENFORCER_EARLY_GENERIC, false, NULL);
	assert_false(look().early_idle);
}

static void lives_on_with_the_pins_and_is_taken_over(void **state)
{
	uint32_t id;

	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	netns_leave();
	id = attached_id();
	assert_true(id);
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", OPEN);
	want(RW_ENFORCER_EARLY_NATIVE, false, NULL);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NATIVE);
	assert_true(attached_id() && attached_id() != id);
	flood("10.0.0.1", "10.0.0.2");
}

static void agent_that_does_not_want_it_takes_it_off(void **state)
{
	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	netns_leave();
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", OPEN);
	assert_int_equal(attached_id(), 0);
	/* The other way, which an earlier agent had. */
	want(RW_ENFORCER_EARLY_GENERIC, false, NULL);
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	netns_leave();
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", OPEN);
	want(RW_ENFORCER_EARLY_NATIVE, false, NULL);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NATIVE);
}

static int stranger_new(void)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "shield", "GPL", pass, RW_ARRAY_COUNT(pass), NULL);

	assert_true(program >= 0);
	return program;
}

static void put_stranger(int program, uint32_t flags)
{
	int ifindex = (int)netns_ifindex(node, "eth0");

	netns_enter(node);
	assert_int_equal(bpf_xdp_attach(ifindex, program, flags, NULL), 0);
	netns_leave();
}

static void never_takes_the_place_of_another(void **state)
{
	int program = stranger_new();
	uint32_t id;

	(void)state;
	put_stranger(program, XDP_FLAGS_DRV_MODE);
	id = attached_id();
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NONE);
	assert_non_null(strstr(look().early_text, "another XDP program"));
	assert_int_equal(attached_id(), id);
	want(RW_ENFORCER_EARLY_GENERIC, false, NULL);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NONE);
	leave();
	assert_int_equal(attached_id(), id);
	(void)close(program);
}

static unsigned int told;

static void take_event(void *context, const struct rw_enforcer_event *event)
{
	(void)context;
	told += event->kind == RW_ENFORCER_EVENT_EARLY;
}

static void check(void)
{
	netns_enter(node);
	assert_int_equal(enforcer->ops->check(enforcer, take_event, NULL, NULL), 0);
	netns_leave();
}

static void comes_back_when_somebody_has_detached_it(void **state)
{
	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	told = 0;
	check();
	assert_int_equal(told, 0);
	assert_int_equal(look().hold, RW_ENFORCER_HELD);
	assert_int_equal(bpf_link_detach(rw_bpf_of(enforcer)->devices[0].early_link), 0);
	assert_int_equal(attached_id(), 0);
	check();
	assert_int_equal(told, 1);
	assert_true(attached_id());
	flood("10.0.0.1", "10.0.0.2");
}

static void comes_when_the_other_has_gone(void **state)
{
	int program = stranger_new();

	(void)state;
	put_stranger(program, XDP_FLAGS_DRV_MODE);
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	check();
	assert_int_equal(look().hold, RW_ENFORCER_SHARED);
	put_stranger(-1, XDP_FLAGS_DRV_MODE);
	told = 0;
	for (int i = 0; i < 60; i++)
		check();
	assert_int_equal(told, 1);
	assert_int_equal(look().early, RW_ENFORCER_EARLY_NATIVE);
	assert_int_equal(look().hold, RW_ENFORCER_HELD);
	(void)close(program);
}

static void ends_with_detach(void **state)
{
	struct rw_enforce_bpf_look held;

	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	rw_enforce_bpf_look(pins, &held);
	assert_int_equal(held.device_count, 1);
	assert_int_equal(held.devices[0].early, RW_ENFORCER_EARLY_NATIVE);
	leave();
	assert_int_equal(attached_id(), 0);
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", OPEN);
	want(RW_ENFORCER_EARLY_NATIVE, false, NULL);
	assert_true(attached_id());
	netns_enter(node);
	assert_int_equal(rw_enforcer_detach(enforcer, netns_ifindex(node, "eth0"), NULL), 0);
	netns_leave();
	assert_int_equal(attached_id(), 0);
}

static void passes_everything_while_monitored(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", OPEN);
	int server, client;

	(void)state;
	start(RW_ENFORCER_EARLY_NATIVE, OPEN);
	flood("10.0.0.1", "10.0.0.2");
	policy->enforcement = RW_MONITOR;
	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, NULL), 0);
	server = filter_udp(node, "10.0.0.2", 99);
	client = filter_udp(peer, "10.0.0.1", 0);
	for (int i = 0; i < 300; i++)
		assert_true(filter_tells(client, server, "10.0.0.2", 99));
	(void)close(server);
	(void)close(client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(drops_in_the_driver_what_no_flow_knows),
		TEST(drops_in_the_kernel_what_no_flow_knows),
		TEST(is_counted_as_at_tc),
		TEST(is_not_there_unless_it_is_wanted),
		TEST(is_switched_without_being_attached_anew),
		TEST(lets_all_pass_where_tags_may_be_hidden),
		TEST(lives_on_with_the_pins_and_is_taken_over),
		TEST(agent_that_does_not_want_it_takes_it_off),
		TEST(never_takes_the_place_of_another),
		TEST(comes_back_when_somebody_has_detached_it),
		TEST(comes_when_the_other_has_gone),
		TEST(ends_with_detach),
		TEST(passes_everything_while_monitored),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
