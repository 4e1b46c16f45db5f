/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "wire/evaluate.h"

static int decode(const char *line, struct rw_query *query, struct rw_error *err)
{
	*err = RW_ERROR_NONE;
	return rw_query_decode(line, strlen(line), query, err);
}

static void must_decode(const char *line, struct rw_query *query)
{
	struct rw_error err;

	if (decode(line, query, &err) < 0)
		fail_msg("%s: %s: %s", line, err.field, err.text);
}

static void reads_the_documented_query(void **state)
{
	struct rw_query query;

	(void)state;
	must_decode(
		"{\"node\":\"n1\",\"interface\":\"eth0\",\"direction\":\"ingress\",\"protocol\":\"tcp\","
		"\"remote\":\"203.0.113.9\",\"remote_port\":40000,\"local\":\"10.0.0.5\",\"local_port\":22}",
		&query);
	assert_string_equal(query.node, "n1");
	assert_string_equal(query.interface, "eth0");
	assert_int_equal(query.packet.direction, RW_DIRECTION_INGRESS);
	assert_int_equal(query.packet.protocol, RW_PROTOCOL_TCP);
	assert_int_equal(query.packet.tcp_flags, RW_TCP_SYN);
	assert_int_equal(query.packet.hop_limit, 64);
	assert_int_equal(query.packet.remote_port, 40000);
	assert_int_equal(query.packet.local_port, 22);
	assert_int_equal(query.packet.remote.bytes[0], 203);
	assert_int_equal(query.packet.local.bytes[3], 5);
	assert_false(query.packet.malformed);
}

static void reads_plain_and_unusual_forms_alike(void **state)
{
	/* Pairs of lines that mean the same; the second of each takes the way of the full reader. */
	static const char *const pairs[][2] = {
		{"{\"node\":\"n1\",\"direction\":\"egress\",\"protocol\":\"udp\",\"remote\":\"2001:db8::1\","
		 "\"remote_port\":53,"
		 "\"local\":\"2001:db8::2\"}",
		 "{\"node\":\"n\\u0031\",\"direction\":\"egress\",\"protocol\":17,\"remote\":\"2001:db8::1\","
		 "\"remote_port\":53,"
		 "\"local\":\"2001:db8:0:0::2\"}"},
		{"{\"node\":\"n1\",\"direction\":\"ingress\",\"protocol\":\"tcp\",\"remote\":\"1.2.3.4\","
		 "\"local\":\"5.6.7.8\","
		 "\"local_port\":1,\"tcp_flags\":18,\"hop_limit\":255}",
		 " {\"hop_limit\" : 255, "
		 "\"tcp_flags\":\"SYN+ack\",\"local_port\":1,\"local\":\"5.6.7.8\",\"remote\":\"1.2.3.4\","
		 "\"protocol\":\"TC\\u0050\",\"direction\":\"ingress\",\"node\":\"n1\"}\n"},
		{"{\"node\":\"n1\",\"direction\":\"ingress\",\"protocol\":\"icmp\",\"remote\":\"1.2.3.4\","
		 "\"local\":\"5.6.7.8\"}",
		 "{\"node\":\"n1\",\"direction\":\"ingress\",\"protocol\":1,\"remote\":\"1.2.3.4\",\"local\":"
		 "\"5.6.7.8\","
		 "\"icmp_type\":8, \"hop_limit\":\n64}"},
		{"{\"node\":\"n1\",\"direction\":\"ingress\",\"protocol\":\"icmpv6\",\"remote\":\"::1\","
		 "\"local\":\"::2\"}",
		 "{\"node\":\"n1\",\"direction\":\"ingress\",\"protocol\":58,\"remote\":\"::1\",\"local\":\":"
		 ":2\","
		 "\"icmp_\\u0074ype\":128}"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(pairs); i++) {
		struct rw_query one;
		struct rw_query two;

		must_decode(pairs[i][0], &one);
		must_decode(pairs[i][1], &two);
		assert_string_equal(one.node, two.node);
		assert_memory_equal(&one.packet, &two.packet, sizeof(one.packet));
	}
}

#define HEAD "{\"node\":\"n1\",\"direction\":\"ingress\","
#define ENDS "\"remote\":\"1.2.3.4\",\"local\":\"5.6.7.8\""

static void refuses_each_wrong_field_by_name(void **state)
{
	static const struct {
		const char *line;
		const char *field;
	} cases[] = {
		{"", ""},
		{"{", ""},
		{"[]", ""},
		{"{}", "node"},
		{"{\"node\":1}", "node"},
		{"{\"node\":\"\"}", "node"},
		{"{\"node\":\"\\u0001\"}", "node"},
		{"{\"node\":\"n\",\"node\":\"n\"}", ""},
		{"{\"nod\":\"n\"}", "nod"},
		{"{\"node\":{}}", "node"},
		{"{\"node\":\"n\"}", "direction"},
		{"{\"node\":\"n\",\"direction\":\"in\"}", "direction"},
		{"{\"node\":\"n\",\"interface\":\"1234567890123456\"}", "interface"},
		{HEAD "\"protocol\":\"tcpx\"}", "protocol"},
		{HEAD "\"protocol\":\"all\"}", "protocol"},
		{HEAD "\"protocol\":256}", "protocol"},
		{HEAD "\"protocol\":-1}", "protocol"},
		{HEAD "\"protocol\":1.5}", "protocol"},
		{HEAD "\"protocol\":\"icmp\"}", "remote"},
		{HEAD "\"protocol\":\"icmp\",\"remote\":\"1.2.3\"}", "remote"},
		{HEAD "\"protocol\":\"icmp\",\"remote\":\"1.2.3.400\"}", "remote"},
		{HEAD "\"protocol\":\"icmp\",\"remote\":\"1.2.3.04\"}", "remote"},
		{HEAD "\"protocol\":\"icmp\",\"remote\":7}", "remote"},
		{HEAD "\"protocol\":\"icmp\",\"remote\":\"1.2.3.4\"}", "local"},
		{HEAD "\"protocol\":\"icmp\",\"remote\":\"1.2.3.4\",\"local\":\"::1\"}", "remote"},
		{HEAD "\"protocol\":\"tcp\"," ENDS "}", "local_port"},
		{HEAD "\"protocol\":\"tcp\",\"remote_port\":1," ENDS "}", "local_port"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":65536," ENDS "}", "local_port"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":\"22\"," ENDS "}", "local_port"},
		{HEAD "\"protocol\":\"icmp\",\"local_port\":22," ENDS "}", "local_port"},
		{HEAD "\"protocol\":\"icmp\",\"remote_port\":22," ENDS "}", "remote_port"},
		{HEAD "\"protocol\":\"icmp\",\"tcp_flags\":2," ENDS "}", "tcp_flags"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":1,\"tcp_flags\":256," ENDS "}", "tcp_flags"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":1,\"tcp_flags\":\"syn+\"," ENDS "}", "tcp_flags"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":1,\"tcp_flags\":\"sy\"," ENDS "}", "tcp_flags"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":1,\"icmp_type\":8," ENDS "}", "icmp_type"},
		{HEAD "\"protocol\":\"tcp\",\"local_port\":1,\"hop_limit\":256," ENDS "}", "hop_limit"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_query query;
		struct rw_error err;

		if (decode(cases[i].line, &query, &err) != -EINVAL)
			fail_msg("accepted %s", cases[i].line);
		if (strcmp(err.field, cases[i].field) != 0)
			fail_msg("%s: \"%s\": %s", cases[i].line, err.field, err.text);
		assert_string_not_equal(err.text, "");
	}
}

static void refuses_lines_that_are_too_long(void **state)
{
	static char line[RW_QUERY_LINE_MAX + 2];
	struct rw_query query;

	(void)state;
	memset(line, ' ', sizeof(line) - 1);
	assert_int_equal(rw_query_decode(line, RW_QUERY_LINE_MAX + 1, &query, NULL), -E2BIG);
}

static void writes_answers_and_errors(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_decision rule = {RW_VERDICT_ACCEPT, RW_CAUSE_RULE, "sgr-1"};
	struct rw_decision spoofed = {RW_VERDICT_DROP, RW_CAUSE_SPOOFED, NULL};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_buf_init(&buf, 4096);
	(void)rw_error_field(&err, "remote", "is \"bad\"");
	rw_answer_encode(&buf, &rule);
	rw_answer_encode(&buf, &spoofed);
	rw_answer_encode_error(&buf, &err, 7);
	assert_string_equal(buf.data,
			    "{\"verdict\":\"accept\",\"cause\":\"sgr-1\"}\n"
			    "{\"verdict\":\"drop\",\"cause\":\"system:spoofed\"}\n"
			    "{\"error\":{\"field\":\"remote\",\"message\":\"is \\\"bad\\\"\"},\"line\":7}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_documented_query),
		cmocka_unit_test(reads_plain_and_unusual_forms_alike),
		cmocka_unit_test(refuses_each_wrong_field_by_name),
		cmocka_unit_test(refuses_lines_that_are_too_long),
		cmocka_unit_test(writes_answers_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
