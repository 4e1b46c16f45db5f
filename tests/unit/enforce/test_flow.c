/* SPDX-License-Identifier: Apache-2.0 */

/* The flow state machine and the flow table of bpf/lib, with a clock that the test holds. */

#include "test.h"

#include "host_plane.h"
#include "random_policy.h"

static const struct rw_table_timeouts timeouts = {
	.tcp_half_open = 30,
	.tcp_established = 8000,
	.tcp_closing = 60,
	.tcp_reset = 10,
	.udp = 30,
	.udp_assured = 180,
	.other = 30,
};

enum { S = RW_FLAG_SYN, A = RW_FLAG_ACK, F = RW_FLAG_FIN, R = RW_FLAG_RST };

/* A conversation: the control word and the second. */
static __u64 control;
static __u32 now;

static void begin(__u8 protocol, __u8 flags)
{
	struct rw_flow_packet packet = {.protocol = protocol, .tcp_flags = flags, .from_opener = 1};

	now = 1000;
	control = rw_flow_begin(&packet, false, &timeouts, now);
}

static void step(__u8 protocol, bool from_opener, __u8 flags)
{
	struct rw_flow_packet packet = {.protocol = protocol, .tcp_flags = flags, .from_opener = from_opener};

	control = rw_flow_step(control, &packet, &timeouts, now);
}

static void expect(__u32 class, __u32 seconds)
{
	assert_int_equal(RW_FLOW_CLASS(control), class);
	assert_int_equal(RW_FLOW_DEADLINE(control), now + seconds);
}

static void handshake(void)
{
	begin(RW_IP_TCP, S);
	step(RW_IP_TCP, false, S | A);
	step(RW_IP_TCP, true, A);
}

/* The definition: the smaller address is the low end, of equal ones that with the smaller port. */
static bool is_from_low(const struct rw_ends *ends)
{
	int order = memcmp(ends->source, ends->destination, sizeof(ends->source));

	return order ? order < 0 : ends->source_port <= ends->destination_port;
}

/* Mostly near each other, so that every part of the comparison decides now and then. */
static struct rw_ends random_ends(struct rw_dice *dice)
{
	static const __be32 words[] = {0, 0x01000000, 0x00000080, 0xffffffff};
	struct rw_ends ends = {.family = rw_dice_chance(dice, 50) ? 4 : 6, .protocol = RW_IP_UDP};

	for (int i = 0; i < (ends.family == 4 ? 1 : 4); i++) {
		ends.source[i] = words[rw_dice_below(dice, 4)];
		ends.destination[i] =
			rw_dice_chance(dice, 60) ? ends.source[i] : words[rw_dice_below(dice, 4)];
	}
	ends.source_port = (__u16)(rw_dice_below(dice, 3) * 0x7fff);
	ends.destination_port = (__u16)(rw_dice_below(dice, 3) * 0x7fff);
	return ends;
}

static void key_is_the_same_from_both_ends(void **state)
{
	struct rw_dice dice = {.state = 1};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct rw_ends there = random_ends(&dice), back = there;
		struct rw_flow_key key, answer;

		memcpy(back.source, there.destination, sizeof(back.source));
		memcpy(back.destination, there.source, sizeof(back.destination));
		back.source_port = there.destination_port;
		back.destination_port = there.source_port;
		rw_flow_key_make(&there, &key);
		rw_flow_key_make(&back, &answer);
		assert_memory_equal(key.words, answer.words, sizeof(key.words));
		assert_int_equal(key.from_low, is_from_low(&there));
		assert_int_equal(answer.from_low, is_from_low(&back));
		there.source_port ^= 1;
		rw_flow_key_make(&there, &answer);
		assert_memory_not_equal(key.words, answer.words, sizeof(key.words));
	}
}

static void tcp_is_established_by_the_openers_ack(void **state)
{
	(void)state;
	begin(RW_IP_TCP, S);
	expect(RW_FLOW_ABI_HALF_OPEN, 30);
	step(RW_IP_TCP, false, S | A);
	expect(RW_FLOW_ABI_HALF_OPEN, 30);
	step(RW_IP_TCP, true, A);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
}

static void tcp_is_established_when_both_open(void **state)
{
	(void)state;
	begin(RW_IP_TCP, S);
	step(RW_IP_TCP, false, S);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
}

static void tcp_seen_in_one_direction_is_weak(void **state)
{
	(void)state;
	begin(RW_IP_TCP, S);
	step(RW_IP_TCP, true, A);
	expect(RW_FLOW_ABI_ONE_WAY, 300);
	step(RW_IP_TCP, false, A);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
}

static void tcp_closes_when_both_ends_have(void **state)
{
	(void)state;
	handshake();
	step(RW_IP_TCP, true, F | A);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
	step(RW_IP_TCP, false, A);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
	step(RW_IP_TCP, false, F | A);
	expect(RW_FLOW_ABI_CLOSING, 60);
	step(RW_IP_TCP, true, A);
	expect(RW_FLOW_ABI_CLOSING, 60);
}

static void reset_is_undone_by_any_later_packet(void **state)
{
	(void)state;
	handshake();
	step(RW_IP_TCP, false, R);
	expect(RW_FLOW_ABI_CLOSING, 10);
	now += 5;
	step(RW_IP_TCP, true, A);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
}

/* Two packets that anybody may forge: nobody has answered the host's SYN-ACK. */
static void packet_that_says_nothing_establishes_nothing(void **state)
{
	(void)state;
	begin(RW_IP_TCP, S);
	step(RW_IP_TCP, false, S | A);
	step(RW_IP_TCP, true, 0);
	expect(RW_FLOW_ABI_HALF_OPEN, 30);
	step(RW_IP_TCP, true, F);
	expect(RW_FLOW_ABI_HALF_OPEN, 30);
	/* To a forged ACK the host says this, and nothing brings the connection back. */
	step(RW_IP_TCP, true, A);
	step(RW_IP_TCP, false, R);
	step(RW_IP_TCP, true, 0);
	expect(RW_FLOW_ABI_CLOSING, 10);
}

static void picked_up_flow_is_established_by_an_answer(void **state)
{
	(void)state;
	begin(RW_IP_TCP, A);
	expect(RW_FLOW_ABI_PICKED_UP, 30);
	step(RW_IP_TCP, true, A);
	expect(RW_FLOW_ABI_PICKED_UP, 30);
	step(RW_IP_TCP, false, A);
	expect(RW_FLOW_ABI_ESTABLISHED, 8000);
}

static void picked_up_flow_ends_by_the_hosts_reset(void **state)
{
	(void)state;
	begin(RW_IP_TCP, A);
	step(RW_IP_TCP, false, R);
	expect(RW_FLOW_ABI_CLOSING, 10);
}

static void udp_is_assured_by_a_lasting_conversation(void **state)
{
	(void)state;
	begin(RW_IP_UDP, 0);
	expect(RW_FLOW_ABI_HALF_OPEN, 30);
	step(RW_IP_UDP, true, 0);
	expect(RW_FLOW_ABI_HALF_OPEN, 30);
	step(RW_IP_UDP, false, 0);
	step(RW_IP_UDP, false, 0);
	expect(RW_FLOW_ABI_EXCHANGE, 30);
	now += 1;
	step(RW_IP_UDP, true, 0);
	expect(RW_FLOW_ABI_EXCHANGE, 30);
	now += 1;
	step(RW_IP_UDP, true, 0);
	expect(RW_FLOW_ABI_ASSURED, 180);
	now += 63;
	step(RW_IP_UDP, false, 0);
	expect(RW_FLOW_ABI_ASSURED, 180);
}

static void udp_server_that_talks_alone_is_not_assured(void **state)
{
	(void)state;
	begin(RW_IP_UDP, 0);
	for (int i = 0; i < 20; i++) {
		now++;
		step(RW_IP_UDP, false, 0);
	}
	expect(RW_FLOW_ABI_EXCHANGE, 30);
}

static void ping_stays_an_exchange(void **state)
{
	struct rw_flow_packet packet = {.protocol = RW_IP_ICMP, .from_opener = 1, .is_icmp = 1};

	(void)state;
	now = 1000;
	control = rw_flow_begin(&packet, false, &timeouts, now);
	for (int i = 0; i < 20; i++) {
		now++;
		packet.from_opener = i & 1;
		control = rw_flow_step(control, &packet, &timeouts, now);
	}
	expect(RW_FLOW_ABI_EXCHANGE, 30);
}

static void tunnel_is_assured_with_its_own_time_out(void **state)
{
	(void)state;
	begin(47, 0);
	now += 3;
	step(47, false, 0);
	step(47, false, 0);
	step(47, true, 0);
	expect(RW_FLOW_ABI_ASSURED, 30);
}

static void control_word_changes_at_most_once_a_second(void **state)
{
	__u64 before;

	(void)state;
	handshake();
	step(RW_IP_TCP, false, A);
	before = control;
	step(RW_IP_TCP, true, A);
	step(RW_IP_TCP, false, A);
	assert_true(control == before);
	now++;
	step(RW_IP_TCP, true, A);
	assert_true(control != before);
}

/* Keys. */

static struct rw_ends ends4(__u32 source, __u16 source_port, __u32 destination, __u16 destination_port)
{
	return (struct rw_ends){
		.source = {htonl(source)},
		.destination = {htonl(destination)},
		.source_port = source_port,
		.destination_port = destination_port,
		.family = 4,
		.protocol = RW_IP_TCP,
	};
}

static struct rw_flow_query query_of(const struct rw_ends *ends)
{
	struct rw_flow_query query;

	rw_flow_key_make(ends, &query.key);
	query.hash = rw_flow_hash(&query.key, host.control.secret, ends->family);
	query.mask = HOST_BUCKETS - 1;
	query.now = now;
	return query;
}

static void both_directions_have_one_key(void **state)
{
	struct rw_ends there = ends4(0x0a000001, 1000, 0x0a000002, 80);
	struct rw_ends back = ends4(0x0a000002, 80, 0x0a000001, 1000);
	struct rw_ends turned = ends4(0x0a000002, 1000, 0x0a000001, 80);
	struct rw_flow_query a, b, c;

	(void)state;
	host_reset(NULL);
	a = query_of(&there);
	b = query_of(&back);
	c = query_of(&turned);
	assert_memory_equal(a.key.words, b.key.words, sizeof(a.key.words));
	assert_int_not_equal(a.key.from_low, b.key.from_low);
	assert_true(a.hash == b.hash);
	assert_true(memcmp(a.key.words, c.key.words, sizeof(a.key.words)) != 0);
}

static void packet_of_a_settled_flow_moves_its_deadline_alone(void **state)
{
	unsigned int settled = 0;

	(void)state;
	for (__u32 i = 0; i < 256 * 64 * 2; i++) {
		struct rw_flow_packet packet = {
			.protocol = RW_IP_TCP, .tcp_flags = i >> 8 & 63, .from_opener = i >> 14 & 1};
		__u32 timeout, detail = i & 255;

		control = rw_flow_control(RW_FLOW_TCP | RW_FLOW_KEPT,
					  rw_flow_tcp_class(detail, &timeouts, &timeout), detail, now + 1);
		if (!rw_flow_is_settled(control, &packet))
			continue;
		settled++;
		assert_int_equal(rw_flow_step(control, &packet, &timeouts, now),
				 (control & ~(__u64)0xffffffff) | (now + timeouts.tcp_established));
	}
	assert_true(settled > 100);
}

static void hash_depends_on_the_secret(void **state)
{
	struct rw_ends ends = ends4(0x0a000001, 1000, 0x0a000002, 80);
	struct rw_flow_query a, b;

	(void)state;
	host_reset(NULL);
	a = query_of(&ends);
	host.control.secret[1] ^= 1;
	b = query_of(&ends);
	assert_true(a.hash != b.hash);
}

/* The table. */

static __u64 tcp_control(__u32 class, __u32 deadline)
{
	return rw_flow_control(RW_FLOW_TCP, class, 0, deadline);
}

static struct rw_flow_query numbered(__u32 number)
{
	struct rw_ends ends = ends4(0x0a000001 + number, 1000, 0xc0000001, 80);

	return query_of(&ends);
}

static bool is_there(__u32 number)
{
	struct rw_flow_query query = numbered(number);
	struct rw_flow_found found;

	return rw_flow_find(4, &query, &found);
}

static bool insert(__u32 number, __u64 wanted)
{
	struct rw_flow_query query = numbered(number);

	return rw_flow_insert(4, &query, wanted, RW_FLOW_DECISION(1, 1, 0, 0));
}

/* Fills the table with flows 0.. until one is refused; their number. */
static __u32 fill(__u64 wanted)
{
	__u32 count = 0;

	for (__u32 i = 0; i < 1000; i++)
		count += insert(i, wanted);
	return count;
}

static void inserted_flow_is_found_until_its_deadline(void **state)
{
	(void)state;
	host_reset(NULL);
	now = 1000;
	assert_false(is_there(1));
	assert_true(insert(1, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	assert_true(is_there(1));
	assert_false(is_there(2));
	now += 29;
	assert_true(is_there(1));
	now += 1;
	assert_false(is_there(1));
}

static void established_flows_are_never_evicted(void **state)
{
	__u32 count, left = 0;

	(void)state;
	host_reset(NULL);
	now = 1000;
	count = fill(tcp_control(RW_FLOW_ABI_ESTABLISHED, now + 8000));
	assert_int_equal(count, HOST_BUCKETS * RW_FLOW_WAYS);
	for (__u32 i = 2000; i < 4000; i++)
		assert_false(insert(i, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	for (__u32 i = 0; i < 1000; i++)
		left += is_there(i);
	assert_int_equal(left, count);
}

static void dead_flows_make_room(void **state)
{
	(void)state;
	host_reset(NULL);
	now = 1000;
	(void)fill(tcp_control(RW_FLOW_ABI_ESTABLISHED, now + 10));
	assert_false(insert(5000, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	now += 10;
	assert_true(insert(5000, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	assert_true(is_there(5000));
}

static void flow_that_comes_back_is_found_every_time(void **state)
{
	(void)state;
	host_reset(NULL);
	now = 1000;
	/* A clock that asks by the same ports once a minute leaves a dead entry each time. */
	for (int i = 0; i < 40; i++) {
		assert_true(insert(1, rw_flow_control(0, RW_FLOW_ABI_HALF_OPEN, 0, now + 30)));
		assert_true(is_there(1));
		now += 60;
		assert_false(is_there(1));
	}
}

static void weaker_classes_go_first(void **state)
{
	static const __u32 order[] = {RW_FLOW_ABI_CLOSING,   RW_FLOW_ABI_HALF_OPEN, RW_FLOW_ABI_EXCHANGE,
				      RW_FLOW_ABI_TOMBSTONE, RW_FLOW_ABI_ONE_WAY,   RW_FLOW_ABI_ASSURED};

	(void)state;
	now = 1000;
	for (size_t i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++) {
		struct rw_flow_bucket4 *bucket = &host.flows4[0];
		__u64 weakest;

		host_reset(NULL);
		for (__u32 way = 0; way < RW_FLOW_WAYS; way++) {
			bucket->signature[way] = 100 + way;
			/* The stronger one is nearer its end. */
			bucket->entry[way].control = way == 5 ? tcp_control(order[i], now + 1000)
							      : tcp_control(order[i + 1], now + 1);
		}
		weakest = rw_flow_weakest(4, 0, 0, now);
		assert_int_equal(weakest & 7, 5);
	}
}

/* The table of a busy server: connections that have ended, and die in a minute only. */
static void new_connections_outlive_ended_ones(void **state)
{
	const __u32 count = HOST_BUCKETS * RW_FLOW_WAYS / 2;

	(void)state;
	host_reset(NULL);
	now = 1000;
	(void)fill(tcp_control(RW_FLOW_ABI_CLOSING, now + 60));
	for (__u32 i = 0; i < count; i++)
		assert_true(insert(5000 + i, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	for (__u32 i = 0; i < count; i++)
		assert_true(is_there(5000 + i));
}

/* A reset may be forged, so a flow is not given up for it before its next packet could have come. */
static void reset_is_believed_two_seconds_later(void **state)
{
	__u64 begun = rw_flow_rank(tcp_control(RW_FLOW_ABI_HALF_OPEN, 1000), 1000);

	(void)state;
	/* Of the second four bits are kept. */
	for (__u32 second = 1000; second < 1032; second++) {
		handshake();
		now = second;
		step(RW_IP_TCP, false, R);
		expect(RW_FLOW_ABI_CLOSING, 10);
		assert_true(rw_flow_rank(control, now) > begun);
		assert_true(rw_flow_rank(control, now + 1) > begun);
		assert_true(rw_flow_rank(control, now + 2) < begun);
		/* One more says nothing new. */
		now += 2;
		step(RW_IP_TCP, false, R);
		assert_true(rw_flow_rank(control, now) < begun);
		/* The next after a packet of the flow does. */
		step(RW_IP_TCP, true, A);
		expect(RW_FLOW_ABI_ESTABLISHED, 8000);
		assert_int_equal(rw_flow_rank(control, now), RW_FLOW_RANK_NEVER);
		step(RW_IP_TCP, false, R);
		assert_true(rw_flow_rank(control, now) > begun);
	}
}

static void other_protocols_hold_at_most_half(void **state)
{
	__u32 others = 0;

	(void)state;
	host_reset(NULL);
	now = 1000;
	for (__u32 i = 0; i < 1000; i++)
		(void)insert(i, rw_flow_control(0, RW_FLOW_ABI_ASSURED, 0, now + 180));
	for (__u32 i = 0; i < 1000; i++)
		others += is_there(i);
	/* A bucket is half of two pairs of buckets, so that a single one may hold more. */
	assert_true(others <= HOST_BUCKETS * RW_FLOW_WAYS * 3 / 4);
	for (__u32 i = 2000; i < 2010; i++)
		assert_true(insert(i, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
}

/* ---- hints ---- */

/* How weak the entry in a place of 'plane' is, by what compares entries. */
static __u64 weakness_in(const struct host_plane *plane, __u32 place, __u32 wanted)
{
	struct rw_flow_bucket4 bucket = plane->flows4[place >> 4];

	return rw_flow_weakness(&bucket, 4, place & 7, wanted, now) >> 4;
}

/* The place of the first entry in which the planes differ. */
static __u32 find_difference(const struct host_plane *before)
{
	for (__u32 number = 0; number < HOST_BUCKETS; number++)
		for (__u32 way = 0; way < RW_FLOW_WAYS; way++)
			if (before->flows4[number].entry[way].control !=
			    host.flows4[number].entry[way].control)
				return number << 4 | way;
	fail_msg("nothing was entered");
	return 0;
}

/*
 * Enters a flow by hints and says whether they told; then what was given up is as weak as what a look at all
 * entries finds.
 */
static bool enter_by_hints(__u32 number, __u64 wanted_control)
{
	static struct host_plane before;
	struct rw_flow_query query = numbered(number);
	__u32 first = rw_flow_bucket_first(query.hash, query.mask);
	__u32 second = rw_flow_bucket_second(query.hash, query.mask);
	__u32 tcp = wanted_control / RW_FLOW_TCP & 1, place, wanted, others;
	__u64 taken;

	before = host;
	others = rw_flow_others(4, first, now) + rw_flow_others(4, second, now);
	place = rw_flow_choose(4, first, second, tcp, now, rw_flow_signature(query.hash));
	host = before;
	if (!rw_flow_insert_quick(4, &query, wanted_control, RW_FLOW_DECISION(1, 1, 0, 0)))
		return false;
	assert_int_not_equal(place, RW_FLOW_PLACE_NONE);
	wanted = tcp ? 0 : RW_FLOW_ONLY_OTHERS;
	taken = weakness_in(&before, find_difference(&before), wanted);
	/* Where TCP has taken of the others' places meanwhile, one of them goes all the same. */
	if (tcp || others >= RW_FLOW_WAYS)
		assert_int_equal(taken, weakness_in(&before, place, wanted));
	else
		assert_true(taken >> 32 <= RW_FLOW_RANK_BEGUN + 1);
	assert_true(is_there(number));
	return true;
}

/* One of the table's entries is used: it lives longer, or has become stronger. */
static void use_one(struct rw_dice *dice)
{
	struct rw_flow_entry4 *entry =
		&host.flows4[rw_dice_below(dice, HOST_BUCKETS)].entry[rw_dice_below(dice, RW_FLOW_WAYS)];

	if (!rw_flow_is_live(entry->control, now))
		return;
	entry->control = rw_flow_control(entry->control,
					 rw_dice_chance(dice, 50)       ? RW_FLOW_CLASS(entry->control)
					 : entry->control & RW_FLOW_TCP ? RW_FLOW_ABI_ONE_WAY
									: RW_FLOW_ABI_EXCHANGE,
					 0, now + 30);
}

/* Some connections are over.  Hints do not see that in the second in which it happens. */
static void end_some(struct rw_dice *dice)
{
	for (__u32 number = 0; number < HOST_BUCKETS; number++) {
		for (__u32 way = 0; way < RW_FLOW_WAYS; way++) {
			struct rw_flow_entry4 *entry = &host.flows4[number].entry[way];

			if ((entry->control & RW_FLOW_TCP) && rw_flow_is_live(entry->control, now) &&
			    rw_dice_chance(dice, 10))
				entry->control =
					rw_flow_control(entry->control, RW_FLOW_ABI_CLOSING, 0, now + 60);
		}
	}
}

static void hints_give_up_what_a_look_at_all_would(void **state)
{
	struct rw_dice dice = {11};
	unsigned int hinted = 0, all = 20000;

	(void)state;
	host_reset(NULL);
	now = 1000;
	for (__u32 i = 0; i < all; i++) {
		/* Floods of one kind, and of both. */
		bool tcp = i / 500 % 3 == 0 || (i / 500 % 3 == 1 && rw_dice_chance(&dice, 50));
		__u64 flow = rw_flow_control(tcp ? RW_FLOW_TCP : 0, RW_FLOW_ABI_HALF_OPEN, 0, now + 30);

		if (enter_by_hints(i, flow))
			hinted++;
		else
			(void)insert(i, flow);
		if (rw_dice_chance(&dice, 10))
			use_one(&dice);
		if (rw_dice_chance(&dice, 2)) {
			end_some(&dice);
			now += rw_dice_chance(&dice, 10) ? 31 : 1;
		}
	}
	assert_true(hinted > all / 3);
}

static void hints_never_give_up_an_established_flow(void **state)
{
	struct rw_flow_bucket4 *bucket = host.flows4;
	__u32 left = 0;

	(void)state;
	host_reset(NULL);
	now = 1000;
	(void)fill(tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30));
	/* All of them become established behind the hints. */
	for (__u32 way = 0; way < RW_FLOW_WAYS * HOST_BUCKETS; way++)
		bucket[way / RW_FLOW_WAYS].entry[way % RW_FLOW_WAYS].control =
			tcp_control(RW_FLOW_ABI_ESTABLISHED, now + 30);
	for (__u32 i = 2000; i < 3000; i++) {
		assert_false(enter_by_hints(i, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
		assert_false(insert(i, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	}
	for (__u32 i = 0; i < 1000; i++)
		left += is_there(i);
	assert_int_equal(left, HOST_BUCKETS * RW_FLOW_WAYS);
}

/* Ends a flow as its deadline does. */
static void kill_silently(const struct rw_flow_found *found)
{
	if (!found->entry)
		abort();
	found->entry->control &= ~0xffffffffull;
}

static void change_meant_for_an_earlier_owner_fails(void **state)
{
	struct rw_flow_query query;
	struct rw_flow_found found = {0};

	(void)state;
	host_reset(NULL);
	now = 1000;
	assert_true(insert(1, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	query = numbered(1);
	assert_true(rw_flow_find(4, &query, &found));
	/* The entry dies and gets another owner of the same class and deadline. */
	kill_silently(&found);
	(void)fill(tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30));
	assert_false(rw_flow_change_control(&found, tcp_control(RW_FLOW_ABI_ESTABLISHED, now + 8000)));
	assert_false(rw_flow_change_decision(&found, RW_FLOW_DECISION(2, 1, 0, 0)));
}

static void doubled_flow_lives_in_its_lower_place(void **state)
{
	struct rw_flow_query query;
	struct rw_flow_found first = {0}, again = {0};

	(void)state;
	host_reset(NULL);
	now = 1000;
	query = numbered(1);
	assert_true(insert(1, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	assert_true(rw_flow_find(4, &query, &first));
	/* Another processor that had not seen the first. */
	assert_true(insert(1, tcp_control(RW_FLOW_ABI_HALF_OPEN, now + 30)));
	assert_true(rw_flow_find(4, &query, &again));
	kill_silently(&first);
	if (again.entry == first.entry)
		assert_false(is_there(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_the_same_from_both_ends),
		cmocka_unit_test(tcp_is_established_by_the_openers_ack),
		cmocka_unit_test(tcp_is_established_when_both_open),
		cmocka_unit_test(tcp_seen_in_one_direction_is_weak),
		cmocka_unit_test(tcp_closes_when_both_ends_have),
		cmocka_unit_test(reset_is_undone_by_any_later_packet),
		cmocka_unit_test(packet_that_says_nothing_establishes_nothing),
		cmocka_unit_test(picked_up_flow_is_established_by_an_answer),
		cmocka_unit_test(picked_up_flow_ends_by_the_hosts_reset),
		cmocka_unit_test(udp_is_assured_by_a_lasting_conversation),
		cmocka_unit_test(udp_server_that_talks_alone_is_not_assured),
		cmocka_unit_test(ping_stays_an_exchange),
		cmocka_unit_test(tunnel_is_assured_with_its_own_time_out),
		cmocka_unit_test(control_word_changes_at_most_once_a_second),
		cmocka_unit_test(both_directions_have_one_key),
		cmocka_unit_test(packet_of_a_settled_flow_moves_its_deadline_alone),
		cmocka_unit_test(hash_depends_on_the_secret),
		cmocka_unit_test(inserted_flow_is_found_until_its_deadline),
		cmocka_unit_test(established_flows_are_never_evicted),
		cmocka_unit_test(dead_flows_make_room),
		cmocka_unit_test(flow_that_comes_back_is_found_every_time),
		cmocka_unit_test(weaker_classes_go_first),
		cmocka_unit_test(new_connections_outlive_ended_ones),
		cmocka_unit_test(reset_is_believed_two_seconds_later),
		cmocka_unit_test(other_protocols_hold_at_most_half),
		cmocka_unit_test(hints_give_up_what_a_look_at_all_would),
		cmocka_unit_test(hints_never_give_up_an_established_flow),
		cmocka_unit_test(change_meant_for_an_earlier_owner_fails),
		cmocka_unit_test(doubled_flow_lives_in_its_lower_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
