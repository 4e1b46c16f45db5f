/* SPDX-License-Identifier: Apache-2.0 */

/* What happens to packets in a row (bpf/lib/rw_hook.h), on the host. */

#include "test.h"

#include "filter.h"
#include "frame.h"
#include "host_plane.h"
#include "packet.h"

#include "classify/compile.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Interfaces eth0 and eth1 are slots 0 and 1. */
static struct rw_policy *policy;
static struct rw_classify_memory memory;
static struct rw_classify_table *table;
static struct rw_run now_run;

static void compile(const char *const rules[])
{
	struct rw_error err = RW_ERROR_NONE;

	policy = filter_policy("eth0,eth1", rules);
	rw_classify_memory_init(&memory);
	assert_int_equal(rw_classify_compile(policy, NULL, NULL, &memory, &table, &err), 0);
}

static void put_in_force(const char *const rules[])
{
	compile(rules);
	host_reset(table->pages);
	now_run = (struct rw_run){.generation = 1, .mode = RW_MODE_ENFORCE, .now = 1000};
}

static int tear_down(void **state)
{
	(void)state;
	table = rw_classify_table_free(table);
	rw_classify_memory_done(&memory);
	rw_policy_unref(policy);
	return 0;
}

/* Other rules for the flows that there are. */
static void change(const char *const rules[])
{
	(void)tear_down(NULL);
	compile(rules);
	host.pages = table->pages;
	now_run.generation++;
}

static struct rw_reader reader_of(const struct rw_packet *packet, __u8 bytes[FRAME_MAX])
{
	return (struct rw_reader){.bytes = bytes,
				  .length = (__u32)frame_build(packet, FRAME_NO_LINK, 7, bytes)};
}

static struct rw_frame frame_of(const char *text)
{
	struct rw_packet packet = world_packet(text);
	_Alignas(8) __u8 bytes[FRAME_MAX];
	struct rw_reader reader = reader_of(&packet, bytes);
	struct rw_frame frame = {0};

	assert_int_equal(rw_parse(&reader, 0, packet.remote.family, false, &frame), RW_PARSE_IP);
	return frame;
}

/*
 * Decides a packet at 'slot' as the programs do, by the short way where it goes that way; the cell.  What the early
 * stage would refuse must be refused for the same.
 */
static __u32 decide(__u16 slot, const char *text)
{
	struct rw_packet packet = world_packet(text);
	_Alignas(8) __u8 bytes[FRAME_MAX];
	struct rw_reader reader = reader_of(&packet, bytes);
	struct rw_short_room room;
	struct rw_frame frame;
	__u32 cell, early = RW_SHORT_NOT;

	now_run.slot = slot;
	now_run.egress = text[0] == 'o';
	if (!now_run.egress && now_run.mode == RW_MODE_ENFORCE)
		early = rw_early_decide(packet.remote.family, &now_run, rw_hook_control(), &reader, 0);
	room.run = now_run;
	cell = rw_short_decide(packet.remote.family, &now_run, now_run.egress, rw_hook_control(), &reader, 0,
			       &room, &host.memo);
	if (cell == RW_SHORT_ENTER) {
		cell = RW_SHORT_NOT;
		if (rw_short_enter(packet.remote.family, &room)) {
			cell = room.cell;
			rw_hook_hit(&now_run, cell);
		}
	}
	if (cell == RW_SHORT_NOT) {
		frame = frame_of(text);
		cell = rw_hook_decide(&now_run, &frame, RW_PARSE_IP, &room.query);
	} else if (!rw_cell_accepts(cell)) {
		rw_hook_hit(&now_run, cell);
	}
	assert_true(early == RW_SHORT_NOT || (early == cell && !rw_cell_accepts(cell)));
	return cell;
}

static bool passes(__u16 slot, const char *text)
{
	return rw_cell_accepts(decide(slot, text));
}

static struct rw_flow_found find(const char *text)
{
	struct rw_frame frame = frame_of(text);
	struct rw_flow_query query;
	struct rw_flow_found found = {0};

	rw_hook_query(&now_run, &frame.ends, 4, &query);
	if (!rw_flow_find(4, &query, &found))
		found.entry = NULL;
	return found;
}

/* 10.0.1.1 behind eth0 talks to 10.0.2.1 behind eth1, where nothing may leave
 * for port 81. */
#define FORWARD     "sgr-in in accept tcp 1/65535 0.0.0.0/0", "sgr-out out drop tcp 81/81 0.0.0.0/0"
#define OPENS_IN    "in tcp 10.0.1.1 5000 10.0.2.1 81 "
#define OPENS_OUT   "out tcp 10.0.2.1 81 10.0.1.1 5000 "
#define ANSWERS_IN  "in tcp 10.0.2.1 81 10.0.1.1 5000 "
#define ANSWERS_OUT "out tcp 10.0.1.1 5000 10.0.2.1 81 "

static void flow_refused_where_it_leaves_is_buried(void **state)
{
	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(passes(0, OPENS_IN "S"));
	assert_false(passes(1, OPENS_OUT "S"));
	assert_false(passes(1, ANSWERS_IN "S,A"));
	assert_false(passes(0, OPENS_IN "A"));
}

static void answered_flow_survives_a_refusal_elsewhere(void **state)
{
	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(passes(0, OPENS_IN "S"));
	assert_true(passes(0, ANSWERS_OUT "S,A"));
	assert_true(passes(0, OPENS_IN "A"));
	for (int i = 0; i < 2; i++) {
		assert_false(passes(1, OPENS_OUT "A"));
		assert_true(passes(0, ANSWERS_OUT "A"));
		assert_true(passes(0, OPENS_IN "A"));
	}
}

static void refusal_that_loses_a_race_is_no_consent(void **state)
{
	struct rw_frame frame;
	struct rw_flow_found found;

	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(passes(0, OPENS_IN "S"));
	frame = frame_of(OPENS_OUT "S");
	found = find(OPENS_IN "S");
	assert_non_null(found.entry);
	/* Another processor moves the deadline. */
	found.entry->control++;
	now_run.slot = 1;
	now_run.egress = 1;
	assert_false(rw_cell_accepts(rw_hook_join(&now_run, &frame.ends, &found)));
	assert_int_equal(RW_FLOW_DECISION_OUT(found.entry->decision), 0);
	assert_false(passes(1, OPENS_OUT "S"));
}

static __u32 deadline_of(const char *text)
{
	struct rw_flow_found found = find(text);

	assert_non_null(found.entry);
	return RW_FLOW_DEADLINE(found.control);
}

static void flow_lasts_as_long_as_the_present_policy_says(void **state)
{
	struct rw_table_view *view;
	struct rw_table image;

	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(rw_hook_table(&now_run, &image));
	view = (struct rw_table_view *)(uintptr_t)rw_hook_view_in(&image, 0);
	view->timeouts.tcp_established = 100;
	assert_true(passes(0, OPENS_IN "S") && passes(0, ANSWERS_OUT "S,A"));
	for (int i = 0; i < 3; i++)
		assert_true(passes(0, OPENS_IN "A") && passes(0, ANSWERS_OUT "A"));
	assert_int_equal(deadline_of(OPENS_IN "A"), now_run.now + 100);
	view->timeouts.tcp_established = 7;
	now_run.generation++;
	for (int i = 0; i < 3; i++) {
		now_run.now++;
		assert_true(passes(0, OPENS_IN "A") && passes(0, ANSWERS_OUT "A"));
		assert_int_equal(deadline_of(OPENS_IN "A"), now_run.now + 7);
	}
}

static void packet_that_loses_a_race_is_remembered(void **state)
{
	struct rw_flow_packet packet = {
		.protocol = RW_IP_TCP, .tcp_flags = RW_FLAG_FIN | RW_FLAG_ACK, .from_opener = 1};
	struct rw_flow_found found;

	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(passes(0, OPENS_IN "S"));
	found = find(OPENS_IN "S");
	found.entry->control += (__u64)RW_FLOW_FIN_RESPONDER << RW_FLOW_DETAIL_SHIFT;
	rw_hook_step(&now_run, rw_hook_view(&now_run, 0), &packet, &found);
	assert_int_equal(RW_FLOW_CLASS(found.entry->control), RW_FLOW_ABI_CLOSING);
}

static void packet_that_loses_a_race_revives_no_ended_entry(void **state)
{
	struct rw_flow_packet packet = {.protocol = RW_IP_TCP, .tcp_flags = RW_FLAG_ACK, .from_opener = 1};
	struct rw_flow_found found, other;

	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(passes(0, OPENS_IN "S"));
	other = found = find(OPENS_IN "S");
	assert_non_null(found.entry);
	rw_flow_kill(&other);
	rw_hook_step(&now_run, rw_hook_view(&now_run, 0), &packet, &found);
	assert_null(find(OPENS_IN "S").entry);
}

static void entry_is_ended_though_a_packet_changes_it(void **state)
{
	struct rw_flow_found found;

	(void)state;
	put_in_force(RULES(FORWARD));
	assert_true(passes(0, OPENS_IN "S"));
	found = find(OPENS_IN "S");
	assert_non_null(found.entry);
	found.entry->control++;
	rw_flow_kill(&found);
	assert_null(find(OPENS_IN "S").entry);
}

static void answer_to_nothing_opens_no_flow(void **state)
{
	(void)state;
	put_in_force(RULES("sgr-in in accept icmp -1/-1 0.0.0.0/0", "sgr-out out drop icmp -1/-1 0.0.0.0/0"));
	assert_true(passes(0, "in icmp 10.0.1.1 0 10.0.0.2 0 type=0"));
	assert_false(passes(0, "out icmp 10.0.1.1 0 10.0.0.2 0 type=8"));
	assert_true(passes(0, "in icmp 10.0.1.1 0 10.0.0.2 0 type=8"));
	assert_true(passes(0, "out icmp 10.0.1.1 0 10.0.0.2 0 type=0"));
	assert_false(passes(0, "out icmp 10.0.1.1 0 10.0.0.2 0 type=8"));
}

/* By an identifier that is also a type, a question the other way has the ends of the answer. */
static void question_the_other_way_is_no_answer(void **state)
{
	struct rw_frame frame = frame_of("in icmp 10.0.1.1 0 10.0.0.2 0 type=8");

	(void)state;
	put_in_force(RULES("sgr-out out accept icmp -1/-1 0.0.0.0/0"));
	for (__u16 id = 0; id < 32; id++) {
		struct rw_flow_query query;
		struct rw_frame question = frame, answer = frame, back = frame;

		rw_parse_icmp_ports(&question.ends, 8, id);
		question.ends.source[0] = frame.ends.destination[0];
		question.ends.destination[0] = frame.ends.source[0];
		now_run.slot = 0;
		now_run.egress = 1;
		assert_true(rw_cell_accepts(rw_hook_decide(&now_run, &question, RW_PARSE_IP, &query)));
		now_run.egress = 0;
		for (__u8 type = 8; type < 19; type++) {
			back.icmp_type = type;
			rw_parse_icmp_ports(&back.ends, type, id);
			assert_false(rw_cell_accepts(rw_hook_decide(&now_run, &back, RW_PARSE_IP, &query)));
		}
		answer.icmp_type = 0;
		rw_parse_icmp_ports(&answer.ends, 0, id);
		assert_true(rw_cell_accepts(rw_hook_decide(&now_run, &answer, RW_PARSE_IP, &query)));
	}
}

/* What a router has sent on is not the node's own business with its link. */
static void system_rules_are_for_the_nodes_own_packets(void **state)
{
	static const char *const routed[] = {
		"out udp 192.0.2.1 67 10.0.1.1 68", "out udp 2001:db8::1 547 fd00::1 546",
		"out 2 192.0.2.1 0 10.0.1.1 0 hop=1", "out 2 10.0.0.1 0 10.0.1.1 0 hop=1"};
	static const char *const of_the_link[] = {"out udp 255.255.255.255 67 0.0.0.0 68",
						  "out udp ff02::1:2 547 fe80::1 546",
						  "out 2 224.0.0.22 0 10.0.1.1 0 hop=1",
						  "out icmpv6 ff02::1:ff00:1 0 fe80::1 0 type=135,hop=255"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(routed) + RW_ARRAY_COUNT(of_the_link); i++) {
		bool is_routed = i < RW_ARRAY_COUNT(routed);
		struct rw_frame frame =
			frame_of(is_routed ? routed[i] : of_the_link[i - RW_ARRAY_COUNT(routed)]);

		assert_true(rw_cell_accepts(rw_system_passes(&frame, true)));
		frame.is_forwarded = 1;
		if (!rw_cell_accepts(rw_system_passes(&frame, true)) != is_routed)
			fail_msg("%zu", i);
	}
}

/* 10.0.1.1 has a connection to port 80 that a change has kept. */
#define KEPT_OUT "out tcp 10.0.1.1 5000 10.0.0.2 80 "
#define KEPT_IN  "in tcp 10.0.1.1 5000 10.0.0.2 80 "

/* Has the flow decided by the present generation, as by a hook that joins it. */
static void found_by_this_generation(const char *text)
{
	struct rw_flow_found found = find(text);

	assert_non_null(found.entry);
	found.entry->decision = (found.decision & ~(__u64)0xffffffff) | now_run.generation;
}

static void keep_connection(bool whole)
{
	struct rw_flow_found found;

	put_in_force(RULES("sgr-in in accept tcp 80/80 0.0.0.0/0"));
	assert_true(passes(0, KEPT_IN "S"));
	if (whole)
		assert_true(passes(0, KEPT_OUT "S,A") && passes(0, KEPT_IN "A"));
	found = find(KEPT_IN "S");
	assert_non_null(found.entry);
	assert_true(rw_flow_keep(&found, now_run.now));
	change(RULES("sgr-in in accept tcp 81/81 0.0.0.0/0"));
}

static void connection_that_is_kept_opens_no_other(void **state)
{
	(void)state;
	keep_connection(true);
	for (int i = 0; i < 2; i++) {
		assert_true(passes(0, KEPT_OUT "A") && passes(0, KEPT_IN "A"));
		assert_false(passes(0, KEPT_IN "S"));
		/* A reset of which the flow recovers does not make it another one. */
		assert_true(passes(0, KEPT_IN "R") && passes(0, KEPT_IN "A"));
		assert_false(passes(0, KEPT_IN "S"));
		/* As if decided by the present generation. */
		found_by_this_generation(KEPT_IN "A");
		assert_false(passes(0, KEPT_IN "S"));
	}
	assert_true(passes(0, KEPT_OUT "A") && passes(0, KEPT_IN "A"));
}

static void connection_that_is_kept_while_it_opens_goes_on(void **state)
{
	(void)state;
	keep_connection(false);
	assert_true(passes(0, KEPT_IN "S") && passes(0, KEPT_OUT "S,A") && passes(0, KEPT_IN "S"));
	assert_true(passes(0, KEPT_IN "A") && passes(0, KEPT_OUT "A"));
	assert_false(passes(0, KEPT_IN "S"));
}

static void monitored_refusal_stays_refused_when_enforced(void **state)
{
	__u32 cell;

	(void)state;
	put_in_force(RULES("sgr-in in accept tcp 80/80 0.0.0.0/0"));
	now_run.mode = RW_MODE_MONITOR;
	for (int i = 0; i < 10; i++, now_run.now += 100) {
		cell = decide(0, "in udp 10.0.1.1 5000 10.0.0.2 53");
		assert_false(rw_cell_accepts(cell));
		assert_int_equal(RW_CELL_CAUSE(cell), RW_CAUSE_DEFAULT);
		assert_false(passes(0, "out udp 10.0.1.1 5000 10.0.0.2 53"));
	}
	now_run.generation = 2;
	now_run.mode = RW_MODE_ENFORCE;
	assert_false(passes(0, "out udp 10.0.1.1 5000 10.0.0.2 53"));
	assert_false(passes(0, "in udp 10.0.1.1 5000 10.0.0.2 53"));
}

static void clock_that_asks_every_minute_is_answered(void **state)
{
	(void)state;
	put_in_force(RULES("sgr-in in accept tcp 80/80 0.0.0.0/0"));
	for (int i = 0; i < 50; i++, now_run.now += 64) {
		assert_true(passes(0, "out udp 10.0.1.1 123 10.0.0.2 123"));
		assert_true(passes(0, "in udp 10.0.1.1 123 10.0.0.2 123"));
	}
}

/* An IPv6 packet of 'next' with a fragment header for 'offset' (units of 8
 * bytes). */
static enum rw_parse_status parse_fragment6(__u8 next, __u16 offset)
{
	__u8 bytes[40 + 8 + 32] = {0x60};
	struct rw_reader reader = {.bytes = bytes, .length = sizeof(bytes)};
	struct rw_frame frame = {0};

	bytes[5] = sizeof(bytes) - 40;
	bytes[6] = 44;
	bytes[7] = 64;
	bytes[40] = next;
	bytes[42] = (__u8)(offset >> 5);
	bytes[43] = (__u8)(offset << 3);
	return rw_parse(&reader, 0, 6, false, &frame);
}

static void tcp_fragments_at_offset_one_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parse_fragment6(RW_IP_TCP, 1), RW_PARSE_TINY_FRAGMENT);
	assert_int_equal(parse_fragment6(RW_IP_TCP, 2), RW_PARSE_IP);
	assert_int_equal(parse_fragment6(RW_IP_UDP, 1), RW_PARSE_IP);
}

/* ---- the early stage ---- */

/* Its word on a packet at ingress of eth0. */
static __u32 early(const char *text)
{
	struct rw_packet packet = world_packet(text);
	_Alignas(8) __u8 bytes[FRAME_MAX];
	struct rw_reader reader = reader_of(&packet, bytes);

	now_run.slot = 0;
	now_run.egress = 0;
	return rw_early_decide(packet.remote.family, &now_run, rw_hook_control(), &reader, 0);
}

static void assert_early(const char *text, enum rw_cause cause)
{
	__u32 cell = early(text);

	if (cell == RW_SHORT_NOT || rw_cell_accepts(cell) || RW_CELL_CAUSE(cell) != cause)
		fail_msg("%s: cell %08x", text, cell);
}

static void early_stage_refuses_what_no_flow_knows(void **state)
{
	(void)state;
	put_in_force(RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in drop udp 53/53 ::/0"));
	assert_early("in tcp 192.0.2.1 4000 10.0.0.1 22", RW_CAUSE_DEFAULT);
	assert_early("in tcp 192.0.2.1 4000 10.0.0.1 22 A", RW_CAUSE_DEFAULT);
	assert_early("in tcp 192.0.2.1 4000 10.0.0.1 22 R", RW_CAUSE_DEFAULT);
	assert_early("in udp 192.0.2.1 4000 10.0.0.1 53", RW_CAUSE_DEFAULT);
	assert_early("in udp 2001:db8::1 4000 fd00::1 53", RW_CAUSE_RULE);
	assert_early("in icmp 192.0.2.1 0 10.0.0.1 0 type=8", RW_CAUSE_DEFAULT);
	assert_early("in icmpv6 2001:db8::1 0 fd00::1 0 type=128", RW_CAUSE_DEFAULT);
}

static void early_stage_leaves_to_tc_what_it_is_not_sure_of(void **state)
{
	static const char *const others[] = {
		"in tcp 192.0.2.1 4000 10.0.0.1 80",
		"in tcp 192.0.2.1 4000 10.0.0.1 80 A",
		"in icmp 192.0.2.1 0 10.0.0.1 0 type=0",
		"in icmp 192.0.2.1 0 10.0.0.1 0 type=3",
		"in icmpv6 fe80::1 0 fd00::1 0 type=135",
		"in gre 192.0.2.1 0 10.0.0.1 0",
		"in udp 192.0.2.1 67 10.0.0.1 68",
		"in udp fe80::1 547 fd00::1 546",
		"in udp 192.0.2.1 4000 10.0.0.1 53 fragment",
	};

	(void)state;
	put_in_force(RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0"));
	for (size_t i = 0; i < RW_ARRAY_COUNT(others); i++)
		if (early(others[i]) != RW_SHORT_NOT)
			fail_msg("%s", others[i]);
	/* An answer, and what comes of a flow that was cut. */
	(void)decide(0, "out udp 192.0.2.1 53 10.0.0.1 4000");
	assert_int_equal(early("in udp 192.0.2.1 53 10.0.0.1 4000"), RW_SHORT_NOT);
	now_run.generation++;
	assert_int_equal(early("in udp 192.0.2.1 53 10.0.0.1 4000"), RW_SHORT_NOT);
}

static void early_stage_refuses_midstream_where_that_is_strict(void **state)
{
	(void)state;
	put_in_force(RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0"));
	policy->groups[0]->midstream_drop = true;
	table = rw_classify_table_free(table);
	assert_int_equal(rw_classify_compile(policy, NULL, NULL, &memory, &table, NULL), 0);
	host_reset(table->pages);
	assert_early("in tcp 192.0.2.1 4000 10.0.0.1 80 A", RW_CAUSE_NO_FLOW);
	assert_early("in tcp 192.0.2.1 4000 10.0.0.1 22 A", RW_CAUSE_NO_FLOW);
	assert_int_equal(early("in tcp 192.0.2.1 4000 10.0.0.1 80"), RW_SHORT_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(flow_refused_where_it_leaves_is_buried, tear_down),
		cmocka_unit_test_teardown(answered_flow_survives_a_refusal_elsewhere, tear_down),
		cmocka_unit_test_teardown(refusal_that_loses_a_race_is_no_consent, tear_down),
		cmocka_unit_test_teardown(flow_lasts_as_long_as_the_present_policy_says, tear_down),
		cmocka_unit_test_teardown(packet_that_loses_a_race_is_remembered, tear_down),
		cmocka_unit_test_teardown(packet_that_loses_a_race_revives_no_ended_entry, tear_down),
		cmocka_unit_test_teardown(entry_is_ended_though_a_packet_changes_it, tear_down),
		cmocka_unit_test_teardown(answer_to_nothing_opens_no_flow, tear_down),
		cmocka_unit_test_teardown(question_the_other_way_is_no_answer, tear_down),
		cmocka_unit_test(system_rules_are_for_the_nodes_own_packets),
		cmocka_unit_test_teardown(connection_that_is_kept_opens_no_other, tear_down),
		cmocka_unit_test_teardown(connection_that_is_kept_while_it_opens_goes_on, tear_down),
		cmocka_unit_test_teardown(monitored_refusal_stays_refused_when_enforced, tear_down),
		cmocka_unit_test_teardown(clock_that_asks_every_minute_is_answered, tear_down),
		cmocka_unit_test(tcp_fragments_at_offset_one_are_refused),
		cmocka_unit_test_teardown(early_stage_refuses_what_no_flow_knows, tear_down),
		cmocka_unit_test_teardown(early_stage_leaves_to_tc_what_it_is_not_sure_of, tear_down),
		cmocka_unit_test_teardown(early_stage_refuses_midstream_where_that_is_strict, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
