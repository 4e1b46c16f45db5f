/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hooks in company, with real packets: others at the hooks of our devices, before and after we came, by tcx
 * and by clsact.  Nothing of theirs may stop, and what may bypass us must be told by name.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define UDP_80     RULES("sgr-1 in accept udp 80/80 0.0.0.0/0")
#define NO_RULES   ((const char *const[]){NULL})

#define NEXT 0xffffffffu /* TC_ACT_UNSPEC, TCX_NEXT */
#define OK   0u          /* TC_ACT_OK: ends the way, the packet passes */
#define XDP  2u          /* XDP_PASS */

static int node, peer;
static const char *pins;
static struct rw_enforcer *enforcer;

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, "eth0");
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(node, "ip addr add 10.0.0.2/24 dev eth0");
	/* Nothing but what the tests send is to be counted. */
	netns_run(peer, "echo 1 > /proc/sys/net/ipv6/conf/p0/disable_ipv6; "
			"ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev p0 nud permanent");
	netns_run(node, "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; "
			"ip neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
	pins = netns_pin_dir();
	enforcer = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
	(void)close(node);
	(void)close(peer);
	return 0;
}

static void start(bool without_tcx, const char *const rules[])
{
	struct rw_enforce_bpf_options options = {.pin_dir = pins,
						 .table_memory = 8 << 20,
						 .flow_entries = 1 << 12,
						 .without_tcx = without_tcx};
	struct rw_error err = RW_ERROR_NONE;

	netns_enter(node);
	if (rw_enforce_bpf_open(&options, &enforcer, &err) < 0)
		fail_msg("%s", err.text);
	netns_leave();
	if (!without_tcx && !rw_bpf_of(enforcer)->tcx)
		skip();
	filter_apply(enforcer, node, "eth0", rules);
	filter_enforce(enforcer, node);
}

static void leave(void)
{
	netns_enter(node);
	enforcer = rw_enforcer_close(enforcer);
	assert_int_equal(rw_enforce_bpf_detach_all(pins, NULL, NULL), 0);
	netns_leave();
}

/* ---- strangers ---- */

/* A program of somebody else that counts the packets it sees. */
struct stranger {
	int program;
	int map;
	int link;
};

static struct stranger load(enum bpf_prog_type type, const char *name, uint32_t verdict)
{
	struct stranger stranger = {.map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "seen", 4, 8, 1, NULL),
				    .link = -1};
	const struct bpf_insn instructions[] = {
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4, .imm = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = 1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = stranger.map},
		{0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 2},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 1},
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 0, .src_reg = 1, .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = (int)verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};

	stranger.program = bpf_prog_load(type, name, "GPL", instructions, RW_ARRAY_COUNT(instructions), NULL);
	assert_true(stranger.map >= 0 && stranger.program >= 0);
	return stranger;
}

static struct stranger stranger_by_tcx(const char *name, int side, uint32_t flags, uint32_t verdict)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	struct stranger stranger = load(BPF_PROG_TYPE_SCHED_CLS, name, verdict);
	enum bpf_attach_type type = (enum bpf_attach_type)(side ? RW_BPF_TCX_EGRESS : RW_BPF_TCX_INGRESS);
	int ifindex = (int)netns_ifindex(node, "eth0");

	netns_enter(node);
	stranger.link = bpf_link_create(stranger.program, ifindex, type, &options);
	netns_leave();
	if (stranger.link < 0)
		skip();
	return stranger;
}

static struct stranger stranger_by_clsact(const char *name, int side, uint32_t priority, uint32_t verdict)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)netns_ifindex(node, "eth0"),
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	struct stranger stranger = load(BPF_PROG_TYPE_SCHED_CLS, name, verdict);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 1, .priority = priority, .prog_fd = stranger.program);
	int r;

	netns_enter(node);
	r = bpf_tc_hook_create(&hook);
	hook.attach_point = side ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	if (r == 0 || r == -EEXIST)
		r = bpf_tc_attach(&hook, &filter);
	netns_leave();
	assert_int_equal(r, 0);
	return stranger;
}

static uint64_t seen(const struct stranger *stranger)
{
	uint32_t key = 0;
	uint64_t count = 0;

	assert_int_equal(bpf_map_lookup_elem(stranger->map, &key, &count), 0);
	return count;
}

static void let_go(struct stranger *stranger)
{
	(void)close(stranger->link);
	(void)close(stranger->program);
	(void)close(stranger->map);
}

/* ---- looks and packets ---- */

static unsigned int events[RW_ENFORCER_EVENT_EARLY + 1];

static void count_event(void *context, const struct rw_enforcer_event *event)
{
	(void)context;
	events[event->kind]++;
}

/* Checks once, and gives the only device as it is then. */
static struct rw_enforcer_device_status check(void)
{
	struct rw_enforcer_device_status status;

	memset(events, 0, sizeof(events));
	netns_enter(node);
	assert_int_equal(enforcer->ops->check(enforcer, count_event, NULL, NULL), 0);
	netns_leave();
	assert_int_equal(enforcer->ops->devices(enforcer, &status, 1), 1);
	return status;
}

static void assert_shared(const char *name, const char *where)
{
	struct rw_enforcer_device_status status = check();

	assert_int_equal(status.hold, RW_ENFORCER_SHARED);
	if (!strstr(status.text, name) || !strstr(status.text, where))
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", status.text, name, where);
}

static void assert_held(void)
{
	struct rw_enforcer_device_status status = check();

	if (status.hold != RW_ENFORCER_HELD)
		fail_msg("%s", status.text);
}

/* One datagram inwards. */
static bool hears(uint16_t port)
{
	int server = filter_udp(node, "10.0.0.2", port), client = filter_udp(peer, "10.0.0.1", 0);
	bool heard = filter_tells(client, server, "10.0.0.2", port);

	(void)close(server);
	(void)close(client);
	return heard;
}

/* One datagram outwards. */
static bool speaks(uint16_t port)
{
	int server = filter_udp(peer, "10.0.0.1", port), client = filter_udp(node, "10.0.0.2", 0);
	bool heard = filter_tells(client, server, "10.0.0.1", port);

	(void)close(server);
	(void)close(client);
	return heard;
}

/* ---- tcx ---- */

static void those_behind_ours_at_ingress_run_on(void **state)
{
	struct stranger first = stranger_by_tcx("first", 0, 0, NEXT), later;
	uint64_t before;

	(void)state;
	assert_true(hears(80));
	assert_true(seen(&first) > 0);
	start(false, UDP_80);
	later = stranger_by_tcx("later", 0, RW_BPF_F_AFTER, NEXT);
	assert_held();
	before = seen(&first);
	assert_true(hears(80));
	assert_true(seen(&first) > before);
	assert_true(seen(&later) > 0);
	/* What we drop comes to nobody. */
	before = seen(&later);
	assert_false(hears(81));
	assert_int_equal(seen(&later), before);
	leave();
	before = seen(&first);
	assert_true(hears(81));
	assert_true(seen(&first) > before);
	let_go(&first);
	let_go(&later);
}

static void one_before_ours_at_ingress_is_told_by_name(void **state)
{
	struct stranger stranger;

	(void)state;
	start(false, NO_RULES);
	assert_held();
	assert_false(hears(80));
	stranger = stranger_by_tcx("intruder", 0, RW_BPF_F_BEFORE, OK);
	/* It takes packets in without us: that is why. */
	assert_true(hears(80));
	assert_shared("program intruder (id ", "before ours at ingress");
	assert_int_equal(events[RW_ENFORCER_EVENT_SHARED], 1);
	assert_shared("intruder", "ingress");
	assert_int_equal(events[RW_ENFORCER_EVENT_SHARED], 0);
	assert_true(seen(&stranger) > 0);
	let_go(&stranger);
	assert_held();
	assert_int_equal(events[RW_ENFORCER_EVENT_HELD], 1);
	assert_false(hears(80));
}

static void anybody_at_egress_is_told_by_name(void **state)
{
	struct stranger before = stranger_by_tcx("early", 1, 0, NEXT), behind;

	(void)state;
	start(false, UDP_80);
	assert_shared("program early (id ", "before ours at egress");
	behind = stranger_by_tcx("late", 1, RW_BPF_F_AFTER, NEXT);
	assert_shared("early", ", and 1 more");
	assert_int_equal(events[RW_ENFORCER_EVENT_SHARED], 1);
	assert_true(speaks(90));
	assert_true(seen(&before) > 0 && seen(&behind) > 0);
	let_go(&before);
	assert_shared("program late (id ", "behind ours at egress");
	leave();
	assert_true(speaks(91));
	assert_true(seen(&behind) > 1);
	let_go(&behind);
}

static void filters_of_clsact_run_behind_ours(void **state)
{
	struct stranger in = stranger_by_clsact("watcher", 0, 10, OK), out;

	(void)state;
	start(false, UDP_80);
	assert_held();
	assert_true(hears(80));
	assert_true(seen(&in) > 0);
	out = stranger_by_clsact("shaper", 1, 10, OK);
	assert_shared("filter shaper (id ", "behind ours at egress");
	assert_true(speaks(90));
	assert_true(seen(&out) > 0);
	leave();
	assert_true(hears(81));
	assert_true(seen(&in) > 1);
	let_go(&in);
	let_go(&out);
}

static void qdisc_that_goes_takes_nothing_of_ours(void **state)
{
	(void)state;
	netns_run(node, "tc qdisc add dev eth0 clsact");
	start(false, NO_RULES);
	netns_run(node, "tc qdisc del dev eth0 clsact");
	assert_false(hears(80));
	assert_held();
	assert_int_equal(events[RW_ENFORCER_EVENT_RESTORED], 0);
}

static uint32_t link_number(const char *kind)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	char path[256];
	int link;

	rw_bpf_pin_path(path, sizeof(path), pins, kind, netns_ifindex(node, "eth0"));
	link = bpf_obj_get(path);
	assert_true(link >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(link, &info, &size), 0);
	(void)close(link);
	return info.id;
}

static void detach(const char *kind)
{
	char path[256];
	int link;

	rw_bpf_pin_path(path, sizeof(path), pins, kind, netns_ifindex(node, "eth0"));
	link = bpf_obj_get(path);
	assert_true(link >= 0);
	assert_int_equal(bpf_link_detach(link), 0);
	(void)close(link);
}

static void side_that_was_not_detached_is_left_in_place(void **state)
{
	uint32_t egress;

	(void)state;
	start(false, NO_RULES);
	egress = link_number("link-egress");
	detach("link-ingress");
	assert_true(hears(80));
	assert_held();
	assert_int_equal(events[RW_ENFORCER_EVENT_RESTORED], 1);
	assert_false(hears(80));
	/* Never taken off, so there was no moment in which packets left undecided. */
	assert_int_equal(link_number("link-egress"), egress);
}

static void both_sides_come_back_before_others(void **state)
{
	struct stranger stranger;

	(void)state;
	start(false, NO_RULES);
	detach("link-ingress");
	detach("link-egress");
	stranger = stranger_by_tcx("other", 0, 0, OK);
	assert_held();
	assert_int_equal(events[RW_ENFORCER_EVENT_RESTORED], 1);
	assert_false(hears(80));
	let_go(&stranger);
}

static void cilium_is_named_as_unsupported(void **state)
{
	struct stranger stranger = stranger_by_tcx("cil_to_netdev", 1, 0, NEXT);

	(void)state;
	start(false, UDP_80);
	assert_shared("cil_to_netdev", "Cilium with BPF masquerade is not supported");
	let_go(&stranger);
}

/* ---- XDP ---- */

static void foreign_xdp_program_is_told_and_left_alone(void **state)
{
	struct stranger stranger = load(BPF_PROG_TYPE_XDP, "shield", XDP);
	int ifindex = (int)netns_ifindex(node, "eth0");
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info), id = 0;

	(void)state;
	assert_int_equal(bpf_obj_get_info_by_fd(stranger.program, &info, &size), 0);
	netns_enter(node);
	assert_int_equal(bpf_xdp_attach(ifindex, stranger.program, XDP_FLAGS_SKB_MODE, NULL), 0);
	netns_leave();
	start(false, UDP_80);
	assert_shared("XDP program shield (id ", "before ours at ingress");
	assert_true(hears(80));
	assert_false(hears(81));
	assert_true(seen(&stranger) > 0);
	leave();
	netns_enter(node);
	assert_int_equal(bpf_xdp_query_id(ifindex, XDP_FLAGS_SKB_MODE, &id), 0);
	netns_leave();
	assert_int_equal(id, info.id);
	let_go(&stranger);
}

/* ---- clsact ---- */

static void clsact_lets_those_behind_ours_run(void **state)
{
	struct stranger stranger = stranger_by_clsact("watcher", 0, 10, OK);
	uint64_t before;

	(void)state;
	start(true, UDP_80);
	assert_held();
	assert_true(hears(80));
	before = seen(&stranger);
	assert_true(before > 0);
	assert_false(hears(81));
	assert_int_equal(seen(&stranger), before);
	leave();
	assert_true(hears(81));
	assert_true(seen(&stranger) > before);
	let_go(&stranger);
}

static void clsact_tells_of_filters_beside_ours_at_ingress(void **state)
{
	struct stranger stranger;

	(void)state;
	start(true, NO_RULES);
	stranger = stranger_by_clsact("intruder", 0, 1, OK);
	assert_shared("filter intruder (id ", "beside ours at ingress");
	let_go(&stranger);
}

static void clsact_tells_of_filters_at_egress(void **state)
{
	struct stranger stranger;

	(void)state;
	start(true, UDP_80);
	stranger = stranger_by_clsact("shaper", 1, 10, NEXT);
	assert_shared("filter shaper (id ", "before ours at egress");
	assert_true(speaks(90));
	assert_true(seen(&stranger) > 0);
	netns_run(node, "tc filter del dev eth0 egress prio 10");
	assert_held();
	netns_run(node, "tc filter add dev eth0 egress prio 20 u32 match u32 0 0 classid 1:1");
	assert_shared("filter u32 runs", "before ours at egress");
	let_go(&stranger);
}

static void clsact_tells_of_tcx_programs(void **state)
{
	struct stranger stranger;

	(void)state;
	start(true, NO_RULES);
	stranger = stranger_by_tcx("intruder", 0, 0, OK);
	assert_true(hears(80));
	assert_shared("program intruder (id ", "before ours at ingress");
	let_go(&stranger);
	assert_held();
}

static void clsact_says_who_has_its_place_and_leaves_him_there(void **state)
{
	struct rw_enforce_bpf_options options = {
		.pin_dir = pins, .table_memory = 8 << 20, .flow_entries = 1 << 12, .without_tcx = true};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = filter_policy("eth0", NO_RULES);
	struct rw_enforcer_device wanted = {.name = "eth0", .interface = "eth0"};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	wanted.ifindex = netns_ifindex(node, "eth0");
	netns_run(node, "tc qdisc add dev eth0 clsact; "
			"tc filter add dev eth0 ingress prio 1 u32 match u32 0 0 classid 1:1");
	netns_enter(node);
	assert_int_equal(rw_enforce_bpf_open(&options, &enforcer, &err), 0);
	assert_int_equal(rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err), 0);
	assert_int_equal(rw_enforcer_attach(enforcer, &wanted, &err), -EBUSY);
	netns_leave();
	assert_non_null(strstr(err.text, "taken: filter u32 runs beside ours at ingress"));
	assert_int_equal(enforcer->ops->devices(enforcer, NULL, 0), 0);
	netns_run(node, "tc filter show dev eth0 ingress | grep -q u32 && "
			"! tc filter show dev eth0 egress | grep -q rw_egress");
	assert_true(hears(80));
}

static void kernel_rings_when_a_filter_is_detached(void **state)
{
	int bell;

	(void)state;
	start(true, NO_RULES);
	bell = enforcer->ops->hooks_fd(enforcer);
	assert_true(bell >= 0);
	assert_held();
	assert_false(netns_readable(bell, 0));
	netns_run(node, "tc filter del dev eth0 ingress");
	assert_true(netns_readable(bell, 5000));
	assert_true(hears(80));
	assert_held();
	assert_int_equal(events[RW_ENFORCER_EVENT_RESTORED], 1);
	assert_false(hears(80));
}

static void filters_come_back_with_their_qdisc(void **state)
{
	(void)state;
	start(true, NO_RULES);
	netns_run(node, "tc qdisc del dev eth0 clsact");
	assert_true(hears(80));
	assert_held();
	assert_int_equal(events[RW_ENFORCER_EVENT_RESTORED], 1);
	assert_false(hears(80));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_behind_ours_at_ingress_run_on),
		TEST(one_before_ours_at_ingress_is_told_by_name),
		TEST(anybody_at_egress_is_told_by_name),
		TEST(filters_of_clsact_run_behind_ours),
		TEST(qdisc_that_goes_takes_nothing_of_ours),
		TEST(side_that_was_not_detached_is_left_in_place),
		TEST(both_sides_come_back_before_others),
		TEST(cilium_is_named_as_unsupported),
		TEST(foreign_xdp_program_is_told_and_left_alone),
		TEST(clsact_lets_those_behind_ours_run),
		TEST(clsact_tells_of_filters_beside_ours_at_ingress),
		TEST(clsact_tells_of_filters_at_egress),
		TEST(clsact_tells_of_tcx_programs),
		TEST(clsact_says_who_has_its_place_and_leaves_him_there),
		TEST(kernel_rings_when_a_filter_is_detached),
		TEST(filters_come_back_with_their_qdisc),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
