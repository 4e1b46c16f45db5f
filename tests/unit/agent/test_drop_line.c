/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "agent/drop_line.h"

static struct rw_address address(const char *text)
{
	struct rw_address result;

	assert_int_equal(rw_address_parse(text, &result, NULL), 0);
	return result;
}

static struct rw_enforcer_drop make_drop(void)
{
	struct rw_enforcer_drop drop = {
		.monotonic_ns = 18446744073709551615ull,
		.cause = RW_CAUSE_DEFAULT,
		.ifindex = 7,
		.interface = "eth0",
		.suppressed = 4294967295u,
		.packet = {.direction = RW_DIRECTION_INGRESS,
			   .protocol = RW_PROTOCOL_TCP,
			   .tcp_flags = RW_TCP_SYN | RW_TCP_ACK,
			   .hop_limit = 64,
			   .local_port = 22,
			   .remote_port = 40001},
		.length = 1500,
		.captured = RW_ENFORCER_DROP_BYTES,
	};

	drop.packet.local = address("10.0.0.1");
	drop.packet.remote = address("10.0.0.9");
	for (size_t i = 0; i < sizeof(drop.bytes); i++)
		drop.bytes[i] = (uint8_t)(i * 37);
	return drop;
}

static struct rw_drop_line through_the_socket(const struct rw_enforcer_drop *drop)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_drop_line line = {0};

	rw_buf_init(&buf, RW_DROP_LINE_MAX);
	rw_drop_line_write(drop, &buf);
	assert_int_equal(rw_buf_check(&buf, NULL), 0);
	assert_int_equal(buf.data[buf.size - 1], '\n');
	assert_int_equal(rw_drop_line_read(buf.data, buf.size - 1, &line, NULL), 0);
	return line;
}

static void comes_back_as_it_was_sent(void **state)
{
	struct rw_enforcer_drop drop = make_drop();
	struct rw_drop_line line = through_the_socket(&drop);

	(void)state;
	assert_int_equal(line.lost, 0);
	assert_true(line.drop.monotonic_ns == drop.monotonic_ns);
	assert_int_equal(line.drop.cause, RW_CAUSE_DEFAULT);
	assert_int_equal(line.drop.ifindex, 7);
	assert_string_equal(line.drop.interface, "eth0");
	assert_int_equal(line.drop.suppressed, 4294967295u);
	assert_int_equal(line.drop.length, 1500);
	assert_int_equal(line.drop.captured, RW_ENFORCER_DROP_BYTES);
	assert_memory_equal(line.drop.bytes, drop.bytes, sizeof(drop.bytes));
	assert_int_equal(line.drop.packet.direction, RW_DIRECTION_INGRESS);
	assert_int_equal(line.drop.packet.protocol, RW_PROTOCOL_TCP);
	assert_int_equal(line.drop.packet.tcp_flags, RW_TCP_SYN | RW_TCP_ACK);
	assert_int_equal(line.drop.packet.local_port, 22);
	assert_int_equal(line.drop.packet.remote_port, 40001);
	assert_true(rw_address_equal(&line.drop.packet.local, &drop.packet.local));
	assert_true(rw_address_equal(&line.drop.packet.remote, &drop.packet.remote));
}

static void has_room_for_the_longest_packet(void **state)
{
	struct rw_enforcer_drop drop = make_drop();

	(void)state;
	memset(drop.rule, 'r', sizeof(drop.rule) - 1);
	memset(drop.interface, '"', sizeof(drop.interface) - 1);
	drop.packet.local = address("2001:db8:1111:2222:3333:4444:5555:6666");
	drop.packet.remote = drop.packet.local;
	assert_string_equal(through_the_socket(&drop).drop.rule, drop.rule);
}

static void tells_of_lost_lines(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_drop_line line;

	(void)state;
	rw_buf_init(&buf, RW_DROP_LINE_MAX);
	rw_drop_line_write_lost(77, &buf);
	assert_int_equal(rw_drop_line_read(buf.data, buf.size - 1, &line, NULL), 0);
	assert_int_equal(line.lost, 77);
}

static void refuses_what_is_no_line(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"cause\":99}",
		"{\"bytes\":\"0g\"}",
		"{\"length\":1,\"bytes\":\"0001\"}",
		"{\"colour\":1}",
	};
	struct rw_drop_line line;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		struct rw_error err = RW_ERROR_NONE;

		assert_int_equal(rw_drop_line_read(bad[i], strlen(bad[i]), &line, &err), -EINVAL);
	}
}

static void expect_text(const struct rw_enforcer_drop *drop, const char *expected)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 1024);
	rw_drop_append_text(drop, &buf);
	assert_string_equal(buf.data, expected);
}

static void reads_as_tcpdump_writes(void **state)
{
	struct rw_enforcer_drop drop = make_drop();

	(void)state;
	expect_text(&drop, "eth0 in tcp 10.0.0.9:40001 > 10.0.0.1:22 [S.] length 1500: refused by default");
	drop.packet.direction = RW_DIRECTION_EGRESS;
	drop.would_drop = true;
	drop.cause = RW_CAUSE_RULE;
	strcpy(drop.rule, "sgr-1");
	expect_text(&drop,
		    "eth0 out tcp 10.0.0.1:22 > 10.0.0.9:40001 [S.] length 1500: would be refused by sgr-1");
	drop.rule[0] = '\0';
	drop.packet.local = address("2001:db8::1");
	drop.packet.remote = address("2001:db8::9");
	drop.packet.protocol = RW_PROTOCOL_UDP;
	expect_text(&drop,
		    "eth0 out udp [2001:db8::1]:22 > [2001:db8::9]:40001 length 1500: would be refused "
		    "by rule");
	drop.packet.protocol = RW_PROTOCOL_ICMPV6;
	drop.packet.icmp_type = 128;
	expect_text(
		&drop,
		"eth0 out icmpv6 2001:db8::1 > 2001:db8::9 type 128 length 1500: would be refused by rule");
	drop.packet.fragment = true;
	expect_text(&drop, "eth0 out icmpv6 2001:db8::1 > 2001:db8::9 later fragment length 1500: would be "
			   "refused by rule");
	drop = make_drop();
	drop.cause = RW_CAUSE_MALFORMED;
	drop.packet.local.family = drop.packet.remote.family = 0;
	expect_text(&drop,
		    "eth0 in packet without a readable header length 1500: refused by system:malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was_sent),
		cmocka_unit_test(has_room_for_the_longest_packet),
		cmocka_unit_test(tells_of_lost_lines),
		cmocka_unit_test(refuses_what_is_no_line),
		cmocka_unit_test(reads_as_tcpdump_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
