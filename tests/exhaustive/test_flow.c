/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every short row of packets of one tuple, through the host-compiled programs and beside them through a plain
 * model (flow_model.h) of docs/semantics.md section 4 and docs/dataplane.md "Flows".  After every packet both must agree on
 * the verdict, its cause, and of the flow on who opened it, its class and the second at which it ends.  Rows
 * branch in time too: a packet comes at once, or just before the flow's end, or at it.  Rules may change
 * between packets.
 */

#include <stdio.h>

#include "test.h"

#include "filter.h"
#include "flow_model.h"
#include "frame.h"
#include "host_plane.h"
#include "packet.h"

#include "classify/compile.h"
#include "enforce/bpf/bpf_internal.h"

enum { START = 1000 /* second */, EVENTS_MAX = 12 };

/* The shared memory of the programs. */
struct memory {
	__u64 tags[HOST_BUCKETS];
	union {
		struct rw_flow_bucket4 buckets4[HOST_BUCKETS];
		struct rw_flow_bucket6 buckets6[HOST_BUCKETS];
	};
};

/* Where a row stands, in the model and in the programs. */
struct stand {
	struct place place;
	struct memory memory;
};

static struct event events[EVENTS_MAX];
static unsigned int event_count;
static __u8 family;
static bool in_time;
static bool long_way;
static unsigned int row[16];
static unsigned long cases;

/* The programs. */

static struct rw_policy *policies[RULES_COUNT];
static struct rw_classify_memory memories[RULES_COUNT];
static struct rw_classify_table *tables[RULES_COUNT];

/* In, what no rule accepts drops by default; out, a rule drops it. */
static void compile(unsigned int rules)
{
	static const char *const in[] = {"sgr-in4 in accept all -1/-1 0.0.0.0/0",
					 "sgr-in6 in accept all -1/-1 ::/0"};
	static const char *const out[] = {"sgr-out4 out drop all -1/-1 0.0.0.0/0",
					  "sgr-out6 out drop all -1/-1 ::/0"};
	const char *texts[5] = {NULL};
	struct rw_error err = RW_ERROR_NONE;
	unsigned int count = 0;

	for (unsigned int i = 0; i < 2; i++) {
		if (rules & ACCEPT_IN)
			texts[count++] = in[i];
		if (!(rules & ACCEPT_OUT))
			texts[count++] = out[i];
	}
	policies[rules] = filter_policy("eth0", texts);
	policies[rules]->groups[0]->midstream_drop = rules & STRICT;
	policies[rules]->groups[0]->timeouts = (struct rw_timeouts){
		.tcp_half_open = HALF_OPEN,
		.tcp_established = ESTABLISHED,
		.tcp_closing = CLOSING,
		.tcp_reset = RESET,
		.udp = UDP,
		.udp_assured = UDP_ASSURED,
		.other = OTHER,
	};
	rw_classify_memory_init(&memories[rules]);
	assert_int_equal(
		rw_classify_compile(policies[rules], NULL, NULL, &memories[rules], &tables[rules], &err), 0);
}

static int set_up(void **state)
{
	(void)state;
	for (unsigned int rules = 0; rules < RULES_COUNT; rules++)
		compile(rules);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned int rules = 0; rules < RULES_COUNT; rules++) {
		tables[rules] = rw_classify_table_free(tables[rules]);
		rw_classify_memory_done(&memories[rules]);
		rw_policy_unref(policies[rules]);
	}
	return 0;
}

static void plane_load(const struct place *place, const struct memory *memory)
{
	host.pages = tables[place->rules]->pages;
	host.control.keep_generation = place->keep_generation;
	memcpy(family == 4 ? host.tags4 : host.tags6, memory->tags, sizeof(memory->tags));
	if (family == 4)
		memcpy(host.flows4, memory->buckets4, sizeof(host.flows4));
	else
		memcpy(host.flows6, memory->buckets6, sizeof(host.flows6));
}

static void plane_save(struct memory *memory)
{
	memcpy(memory->tags, family == 4 ? host.tags4 : host.tags6, sizeof(memory->tags));
	if (family == 4)
		memcpy(memory->buckets4, host.flows4, sizeof(host.flows4));
	else
		memcpy(memory->buckets6, host.flows6, sizeof(host.flows6));
}

/* What user space does to the table when the rules of 'place' become 'rules'. */
static void plane_change(const struct place *place, enum change change, unsigned int rules)
{
	static struct rw_bpf bpf; /* it is large */

	bpf.maps[RW_BPF_MAP_FLOWS4].entries = bpf.maps[RW_BPF_MAP_FLOWS6].entries = HOST_BUCKETS;
	bpf.maps[RW_BPF_MAP_FLOWS4].memory = host.flows4;
	bpf.maps[RW_BPF_MAP_FLOWS6].memory = host.flows6;
	if (change == KEEP)
		rw_bpf_keep_refused(&bpf, place->now, place->generation, tables[place->rules], tables[rules]);
	if (change == CUT_KEPT)
		rw_bpf_keep_none(&bpf, place->now);
}

static struct rw_frame frame_of(const struct event *event)
{
	struct rw_reader reader = {.bytes = event->bytes, .length = event->size};
	struct rw_frame frame = {0};

	if (rw_parse(&reader, 0, family, false, &frame) != RW_PARSE_IP)
		fail_msg("a packet of this test is no packet");
	return frame;
}

static struct outcome plane_step(const struct place *place, const struct event *event)
{
	struct rw_reader reader = {.bytes = event->bytes, .length = event->size};
	struct rw_run run = {
		.generation = place->generation,
		.mode = RW_MODE_ENFORCE,
		.now = place->now,
		.egress = !event->from_remote,
	};
	struct rw_short_room room = {.run = run};
	__u32 cell = RW_SHORT_NOT;

	if (!long_way)
		cell = rw_short_decide(family, &run, run.egress, rw_hook_control(), &reader, 0, &room,
				       &host.memo);
	if (cell == RW_SHORT_ENTER)
		cell = rw_short_enter(family, &room) ? room.cell : RW_SHORT_NOT;
	if (cell == RW_SHORT_NOT) {
		struct rw_frame frame = frame_of(event);

		cell = rw_hook_decide(&run, &frame, RW_PARSE_IP, &room.query);
	}
	return (struct outcome){
		.accepted = rw_cell_accepts(cell),
		.cause = rw_cell_accepts(cell) ? 0 : (enum rw_cause)RW_CELL_CAUSE(cell),
	};
}

/* The flow that a packet of 'event' would find, as the model says it. */
static struct flow plane_flow(const struct place *place, const struct event *event)
{
	struct rw_run run = {.generation = place->generation, .now = place->now};
	struct rw_frame frame = frame_of(event);
	struct rw_flow_found found = {0};
	struct rw_flow_query query;

	rw_hook_query(&run, &frame.ends, family, &query);
	if (!rw_flow_find(family, &query, &found))
		return (struct flow){0};
	return (struct flow){
		.exists = true,
		.from_remote = !rw_flow_reversed(&query.key, &found) == event->from_remote,
		.class = RW_FLOW_CLASS(found.control),
		.ends = RW_FLOW_DEADLINE(found.control),
	};
}

/* Rows. */

static const char *row_text(unsigned int length)
{
	static const char *const changes[] = {"", "cut", "keep", "keeping", "cut-kept"};
	static char text[512];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < length; i++) {
		const struct event *event = &events[row[i] & 0xff];

		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s+%u %s%s%s%s%s%s", i ? ", " : "", row[i] >> 8,
			event->change        ? changes[event->change]
			: event->from_remote ? "in"
					     : "out",
			event->is_stray ? " stray" : "", event->tcp_flags & RW_FLAG_SYN ? " S" : "",
			event->tcp_flags & RW_FLAG_ACK ? " A" : "",
			event->tcp_flags & RW_FLAG_FIN ? " F" : "",
			event->tcp_flags & RW_FLAG_RST ? " R" : "");
	}
	return text;
}

static void compare(const struct place *place, const struct event *event, struct outcome outcome,
		    struct outcome expected, unsigned int length)
{
	const struct flow *wanted = &place->flows[event->flow];
	struct flow flow = plane_flow(place, event);

	if (outcome.accepted != expected.accepted || outcome.cause != expected.cause)
		fail_msg("%s: accepted %d, cause %d; the model: %d, %d", row_text(length), outcome.accepted,
			 outcome.cause, expected.accepted, expected.cause);
	if (flow.exists != wanted->exists ||
	    (flow.exists && (flow.from_remote != wanted->from_remote || flow.class != wanted->class ||
			     flow.ends != wanted->ends)))
		fail_msg("%s: flow %d, from remote %d, class %u, until %u; the model: %d, %d, %u, %u",
			 row_text(length), flow.exists, flow.from_remote, flow.class, flow.ends,
			 wanted->exists, wanted->from_remote, wanted->class, wanted->ends);
}

/* One packet or change, 'gap' seconds after what was before. */
static void step(struct stand *stand, unsigned int number, __u32 gap, unsigned int length)
{
	const struct event *event = &events[number];
	struct place *place = &stand->place;
	struct outcome outcome, expected;

	cases++;
	row[length] = number | gap << 8;
	place->now += gap;
	model_let_die(place);
	if (event->change) {
		plane_load(place, &stand->memory);
		plane_change(place, event->change, place->rules_next);
		plane_save(&stand->memory);
		model_change(place, event->change, place->rules_next);
		return;
	}
	expected = model_step(place, event);
	plane_load(place, &stand->memory);
	outcome = plane_step(place, event);
	compare(place, event, outcome, expected, length + 1);
	plane_save(&stand->memory);
}

/*
 * The seconds that may pass before the next packet: none; where time counts, also up to the flow's last second
 * and to its end, and two, which is what a conversation must last.
 */
static unsigned int gaps_of(const struct place *place, const struct event *event, __u32 gaps[4])
{
	unsigned int count = 0;
	__u32 left = UINT32_MAX;

	gaps[count++] = 0;
	for (unsigned int i = 0; i < FLOWS_MAX; i++)
		if (place->flows[i].exists && place->flows[i].ends - place->now < left)
			left = place->flows[i].ends - place->now;
	if (!in_time || event->change || left == UINT32_MAX)
		return count;
	if (event->protocol != RW_PROTOCOL_TCP && left > 3)
		gaps[count++] = 2;
	if (left > 1)
		gaps[count++] = left - 1;
	gaps[count++] = left;
	return count;
}

static void walk(const struct stand *stand, unsigned int length, unsigned int most)
{
	for (unsigned int number = 0; number < event_count; number++) {
		__u32 gaps[4];
		unsigned int count = gaps_of(&stand->place, &events[number], gaps);

		for (unsigned int i = 0; i < count; i++) {
			struct stand next = *stand;

			step(&next, number, gaps[i], length);
			if (length + 1 < most)
				walk(&next, length + 1, most);
		}
	}
}

/* All rows of up to 'most' events, under 'rules' that a change turns into 'rules_next'. */
static void walk_all(unsigned int rules, unsigned int rules_next, unsigned int most)
{
	struct stand stand = {
		.place = {.rules = rules, .rules_next = rules_next, .generation = 1, .now = START}};

	host_reset(NULL);
	walk(&stand, 0, most);
}

/* Events. */

static struct event *add(bool from_remote, const char *protocol, const char *flags)
{
	static const char *const ends[][2] = {{"203.0.113.1", "10.0.0.2"}, {"2001:db8::1", "fd00::2"}};
	struct event *event = &events[event_count++];
	struct rw_packet packet;
	char text[160];

	assert_true(event_count <= EVENTS_MAX);
	(void)snprintf(text, sizeof(text), "%s %s %s 5000 %s 80 %s", from_remote ? "in" : "out", protocol,
		       ends[family == 6][0], ends[family == 6][1], flags);
	packet = world_packet(text);
	*event = (struct event){
		.from_remote = from_remote,
		.protocol = packet.protocol,
		.tcp_flags = packet.tcp_flags,
	};
	event->size = (__u32)frame_build(&packet, FRAME_NO_LINK, 7, event->bytes);
	return event;
}

static void begin(__u8 of_family)
{
	family = of_family;
	event_count = 0;
	in_time = long_way = false;
	cases = 0;
}

static void add_change(enum change change)
{
	assert_true(event_count < EVENTS_MAX);
	events[event_count++] = (struct event){.change = change};
}

static void add_tcp(void)
{
	static const char *const flags[] = {"S", "S,A", "A", "F,A", "R"};

	for (unsigned int i = 0; i < RW_ARRAY_COUNT(flags); i++) {
		(void)add(true, "tcp", flags[i]);
		(void)add(false, "tcp", flags[i]);
	}
}

/* Echoes asked by the remote end are one flow, those asked by the node another. */
static void add_ping(void)
{
	bool is6 = family == 6;
	const char *protocol = is6 ? "icmpv6" : "icmp";
	struct event *event;
	const char *question = is6 ? "type=128" : "type=8", *answer = is6 ? "type=129" : "type=0";

	(void)add(true, protocol, question);
	add(false, protocol, answer)->is_stray = true;
	add(false, protocol, question)->flow = 1;
	event = add(true, protocol, answer);
	event->flow = 1;
	event->is_stray = true;
}

/* Tests. */

static const unsigned int rules_kept[] = {ACCEPT_IN | ACCEPT_OUT, ACCEPT_IN, ACCEPT_OUT, 0,
					  ACCEPT_IN | ACCEPT_OUT | STRICT};

static void expect(const char *what, unsigned long wanted)
{
	print_message("%s: %lu packets\n", what, cases);
	assert_int_equal(cases, wanted);
}

static void tcp_rows_at_once_agree(void **state)
{
	(void)state;
	begin(4);
	add_tcp();
	for (unsigned int i = 0; i < RW_ARRAY_COUNT(rules_kept); i++)
		walk_all(rules_kept[i], rules_kept[i], 6);
	expect("tcp at once", 5 * 1111110ul);
}

static void tcp_rows_the_long_way_agree(void **state)
{
	(void)state;
	begin(4);
	add_tcp();
	long_way = true;
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 6);
	expect("tcp at once, the long way", 1111110);
}

static void tcp_rows_of_ipv6_agree(void **state)
{
	(void)state;
	begin(6);
	add_tcp();
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 6);
	expect("tcp of IPv6 at once", 1111110);
}

static void tcp_rows_in_time_agree(void **state)
{
	(void)state;
	begin(4);
	add_tcp();
	in_time = true;
	for (unsigned int i = 0; i < RW_ARRAY_COUNT(rules_kept); i++)
		walk_all(rules_kept[i], rules_kept[i], 5);
	expect("tcp in time", 8361410);
}

static void tcp_rows_under_changing_rules_agree(void **state)
{
	(void)state;
	begin(4);
	add_tcp();
	add_change(CUT);
	in_time = true;
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 5);
	walk_all(ACCEPT_IN, ACCEPT_OUT, 4);
	walk_all(ACCEPT_IN | ACCEPT_OUT | STRICT, STRICT, 4);
	in_time = false;
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 6);
	walk_all(ACCEPT_IN, ACCEPT_OUT, 5);
	expect("tcp under changing rules", 6357814);
}

/* The packets of a connection that matter for what becomes of it. */
static void add_connection(void)
{
	(void)add(true, "tcp", "S");
	(void)add(false, "tcp", "S,A");
	(void)add(true, "tcp", "A");
	(void)add(false, "tcp", "R");
}

/* Packets that belong to no connection, between those that do. */
static void tcp_rows_with_packets_that_say_nothing_agree(void **state)
{
	(void)state;
	begin(4);
	add_connection();
	(void)add(true, "tcp", "");
	(void)add(false, "tcp", "");
	(void)add(true, "tcp", "F");
	in_time = true;
	for (unsigned int i = 0; i < RW_ARRAY_COUNT(rules_kept); i++)
		walk_all(rules_kept[i], rules_kept[i], 5);
	expect("tcp that says nothing", 2320283);
}

static void add_keeping(void)
{
	for (enum change change = CUT; change <= CUT_KEPT; change++)
		add_change(change);
}

static void tcp_rows_that_changes_keep_agree(void **state)
{
	(void)state;
	begin(4);
	add_connection();
	add_keeping();
	in_time = true;
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 5);
	walk_all(ACCEPT_IN, ACCEPT_OUT, 5);
	in_time = false;
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 6);
	walk_all(ACCEPT_IN | ACCEPT_OUT, ACCEPT_OUT, 6);
	walk_all(ACCEPT_IN | ACCEPT_OUT | STRICT, STRICT, 6);
	expect("tcp that changes keep", 1205824);
}

static void udp_rows_that_changes_keep_agree(void **state)
{
	(void)state;
	for (__u8 of_family = 4; of_family <= 6; of_family += 2) {
		begin(of_family);
		(void)add(true, "udp", "");
		(void)add(false, "udp", "");
		add_keeping();
		in_time = true;
		for (unsigned int i = 0; i < RW_ARRAY_COUNT(rules_kept); i++)
			walk_all(rules_kept[i], rules_kept[i] ^ (ACCEPT_IN | ACCEPT_OUT), 6);
		expect("udp that changes keep", 2197326);
	}
}

static void udp_rows_agree(void **state)
{
	(void)state;
	begin(4);
	(void)add(true, "udp", "");
	(void)add(false, "udp", "");
	add_change(CUT);
	in_time = true;
	for (unsigned int i = 0; i < RW_ARRAY_COUNT(rules_kept); i++)
		walk_all(rules_kept[i], rules_kept[i] ^ (ACCEPT_IN | ACCEPT_OUT), 7);
	expect("udp in time", 3181875);
}

static void tunnel_rows_agree(void **state)
{
	(void)state;
	begin(4);
	(void)add(true, "gre", "");
	(void)add(false, "gre", "");
	in_time = true;
	walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 8);
	expect("gre in time", 4793490);
}

static void ping_rows_agree(void **state)
{
	(void)state;
	for (__u8 of_family = 4; of_family <= 6; of_family += 2) {
		begin(of_family);
		add_ping();
		add_change(CUT);
		in_time = true;
		walk_all(ACCEPT_IN | ACCEPT_OUT, 0, 5);
		walk_all(ACCEPT_IN, ACCEPT_OUT, 5);
		expect("ping in time", 191426);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_rows_at_once_agree),
		cmocka_unit_test(tcp_rows_the_long_way_agree),
		cmocka_unit_test(tcp_rows_of_ipv6_agree),
		cmocka_unit_test(tcp_rows_in_time_agree),
		cmocka_unit_test(tcp_rows_with_packets_that_say_nothing_agree),
		cmocka_unit_test(tcp_rows_under_changing_rules_agree),
		cmocka_unit_test(tcp_rows_that_changes_keep_agree),
		cmocka_unit_test(udp_rows_that_changes_keep_agree),
		cmocka_unit_test(udp_rows_agree),
		cmocka_unit_test(tunnel_rows_agree),
		cmocka_unit_test(ping_rows_agree),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
