/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Another version of the maps takes over, with the flow table of the version before: flows go on that neither sockets nor
 * conntrack know of, and are decided by the new rules.  What another version would have pinned is ours under another
 * number.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "steps.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TCP_80     RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0")
#define TCP_81     RULES("sgr-1 in accept tcp 81/81 0.0.0.0/0")
#define NO_RULES   ((const char *const[]){NULL})

#define PORT 6000 /* of the peer, whose answers no rule accepts */

static int node, peer;
static const char *pins;
static struct rw_enforcer *enforcer;

/* A question from the node by a socket that is not connected; nobody but the flow table knows of it. */
static int asker, answerer;
static int talk[2];

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, "eth0");
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(node, "ip addr add 10.0.0.2/24 dev eth0");
	pins = netns_pin_dir();
	enforcer = NULL;
	asker = filter_udp(node, "10.0.0.2", 5000);
	answerer = filter_udp(peer, "10.0.0.1", PORT);
	talk[0] = talk[1] = -1;
	return 0;
}

static void leave(void)
{
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	assert_int_equal(access(pins, F_OK), -1);
	(void)close(talk[0]);
	(void)close(talk[1]);
	talk[0] = talk[1] = -1;
}

static int tear_down(void **state)
{
	(void)state;
	leave();
	(void)close(asker);
	(void)close(answerer);
	(void)close(node);
	(void)close(peer);
	return 0;
}

static void assert_answered(void)
{
	char bytes[64];

	assert_true(filter_send_to(answerer, "10.0.0.2", 5000, 8));
	assert_true(netns_readable(asker, FILTER_YES_MS));
	assert_true(recv(asker, bytes, sizeof(bytes), 0) > 0);
}

static void assert_decides(uint16_t open_port, uint16_t closed_port)
{
	filter_assert_talks(peer, "10.0.0.1", "10.0.0.2", open_port, node, "10.0.0.2", open_port);
	filter_assert_silent(peer, "10.0.0.1", "10.0.0.2", closed_port, node, "10.0.0.2", closed_port);
}

static void connect_talk(void)
{
	filter_join(peer, "10.0.0.1", node, "10.0.0.2", 80, talk);
}

static void assert_talks(void)
{
	filter_assert_says(talk[0], talk[1]);
	filter_assert_says(talk[1], talk[0]);
}

static void rename_pin(const char *from, const char *to)
{
	char before[256], after[256];

	(void)snprintf(before, sizeof(before), "%s/%s", pins, from);
	(void)snprintf(after, sizeof(after), "%s/%s", pins, to);
	assert_int_equal(rename(before, after), 0);
}

/* What is pinned becomes that of another version, of the maps or also of the flow table. */
static void make_other(bool flows)
{
	char own[32], other[32];

	(void)snprintf(own, sizeof(own), "version-%d", RW_BPF_ABI_VERSION);
	(void)snprintf(other, sizeof(other), "version-%d", RW_BPF_ABI_VERSION + 1);
	rename_pin(own, other);
	(void)snprintf(own, sizeof(own), "flows-%d", RW_FLOW_ABI_VERSION);
	(void)snprintf(other, sizeof(other), "flows-%d", RW_FLOW_ABI_VERSION + 1);
	if (flows)
		rename_pin(own, other);
}

/* Enforcement with live flows, of another version, and nobody who cares for it. */
static void leave_other(bool flows)
{
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", NO_RULES);
	filter_apply(enforcer, node, "eth0", TCP_80);
	filter_enforce(enforcer, node);
	assert_true(filter_send_to(asker, "10.0.0.1", PORT, 8));
	assert_true(netns_readable(answerer, FILTER_YES_MS));
	assert_answered();
	connect_talk();
	enforcer = rw_enforcer_close(enforcer);
	make_other(flows);
}

static void flows_are_kept_that_nobody_else_knows(void **state)
{
	(void)state;
	leave_other(false);
	enforcer = filter_open(node, pins);
	assert_false(rw_bpf_of(enforcer)->adopted);
	assert_true(rw_bpf_of(enforcer)->flows_kept);
	/* The old programs decide. */
	assert_answered();
	assert_decides(80, 81);
	filter_apply(enforcer, node, "eth0", TCP_80);
	assert_answered();
	assert_decides(80, 81);
	assert_talks();
	/* And once more by the next process, which finds its own version. */
	enforcer = rw_enforcer_close(enforcer);
	enforcer = filter_open(node, pins);
	assert_true(rw_bpf_of(enforcer)->adopted);
	filter_apply(enforcer, node, "eth0", TCP_80);
	assert_answered();
	assert_decides(80, 81);
	assert_talks();
}

static void flows_are_decided_by_the_new_rules(void **state)
{
	(void)state;
	/* Its flow was accepted at a generation that the new programs would come to, did they begin with 1. */
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", TCP_80);
	filter_enforce(enforcer, node);
	connect_talk();
	filter_apply(enforcer, node, "eth0", NO_RULES);
	enforcer = rw_enforcer_close(enforcer);
	make_other(false);
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", TCP_81);
	assert_false(filter_says(talk[0], talk[1]));
	assert_decides(81, 80);
}

static void flows_of_another_layout_are_found_by_their_sockets(void **state)
{
	(void)state;
	leave_other(true);
	enforcer = filter_open(node, pins);
	assert_false(rw_bpf_of(enforcer)->flows_kept);
	filter_apply(enforcer, node, "eth0", TCP_80);
	assert_talks();
	assert_false(filter_tells(answerer, asker, "10.0.0.2", 5000));
	assert_decides(80, 81);
}

static void attach_early(void)
{
	struct rw_enforcer_device device = {.ifindex = netns_ifindex(node, "eth0"),
					    .name = "eth0",
					    .interface = "eth0",
					    .early = RW_ENFORCER_EARLY_NATIVE};

	netns_enter(node);
	assert_int_equal(rw_enforcer_attach(enforcer, &device, NULL), 0);
	netns_leave();
}

/* The number of the link that is pinned for the early stage of eth0. */
static uint32_t early_link(void)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	char path[256];
	int link;

	rw_bpf_pin_path(path, sizeof(path), pins, "link-early", netns_ifindex(node, "eth0"));
	link = bpf_obj_get(path);
	assert_true(link >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(link, &info, &size), 0);
	assert_int_equal(info.xdp.ifindex, netns_ifindex(node, "eth0"));
	(void)close(link);
	return info.id;
}

/* Attaching it anew would lose packets in many drivers. */
static void early_stage_stays_attached(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", TCP_80);
	uint32_t link;

	(void)state;
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", TCP_80);
	attach_early();
	filter_enforce(enforcer, node);
	link = early_link();
	connect_talk();
	enforcer = rw_enforcer_close(enforcer);
	make_other(false);
	enforcer = filter_open(node, pins);
	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, NULL), 0);
	attach_early();
	assert_int_equal(early_link(), link);
	assert_talks();
	assert_decides(80, 81);
}

static void kept_flows_outlive_a_change_that_keeps(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", TCP_81);

	(void)state;
	leave_other(false);
	enforcer = filter_open(node, pins);
	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_KEEP, NULL), 0);
	filter_attach(enforcer, node, "eth0", "eth0");
	assert_talks();
	assert_decides(81, 80);
}

static void take_over(void *context)
{
	(void)context;
	steps_begin();
	enforcer = filter_open(node, pins);
	filter_apply(enforcer, node, "eth0", TCP_80);
}

/* Of the steps, which are many and mostly alike: a map's old pin removed, its new one made, renamed. */
#define STRIDE 4

static void killed_before_any_step_it_loses_no_flow(void **state)
{
	unsigned int number = 0;
	bool killed = true;

	(void)state;
	for (; killed; number += STRIDE) {
		leave_other(false);
		killed = steps_kill_before(take_over, NULL, number);
		assert_answered();
		assert_decides(80, 81);
		enforcer = filter_open(node, pins);
		filter_apply(enforcer, node, "eth0", TCP_80);
		assert_answered();
		assert_decides(80, 81);
		assert_talks();
		leave();
	}
	/* Each map is pinned, each side of the device goes over. */
	assert_true(number > RW_BPF_MAP_COUNT_ + 2 + STRIDE);
	print_message("killed before each %dth of %u steps\n", STRIDE, number - STRIDE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flows_are_kept_that_nobody_else_knows),
		TEST(flows_are_decided_by_the_new_rules),
		TEST(flows_of_another_layout_are_found_by_their_sockets),
		TEST(early_stage_stays_attached),
		TEST(kept_flows_outlive_a_change_that_keeps),
		TEST(killed_before_any_step_it_loses_no_flow),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
