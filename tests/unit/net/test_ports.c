/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "net/ports.h"

static void formats_what_it_parses(void **state)
{
	static const char *const cases[] = {"22/22", "1/200", "1/65535", "65535/65535", "-1/-1"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_ports ports;
		char text[RW_PORTS_TEXT_SIZE];

		assert_int_equal(rw_ports_parse(cases[i], &ports, NULL), 0);
		rw_ports_format(ports, text);
		assert_string_equal(text, cases[i]);
	}
}

static void tells_no_ports_from_all_ports(void **state)
{
	struct rw_ports ports;

	(void)state;
	assert_int_equal(rw_ports_parse("-1/-1", &ports, NULL), 0);
	assert_true(rw_ports_is_any(ports));
	assert_int_equal(rw_ports_parse("1/65535", &ports, NULL), 0);
	assert_false(rw_ports_is_any(ports));
}

static void refuses_bad_ranges(void **state)
{
	static const char *const cases[] = {"",       "22",    "200/1", "0/1",           "1/65536",
					    "22/",    "/22",   "22-23", "a/b",           "22/22x",
					    "022/22", "-1/22", "-1",    "22/-1",         "1/2/3",
					    " 1/2",   "1/ 2",  "+1/2",  "100000/100001", "0/0"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_ports ports = {7, 7};
		struct rw_error err = RW_ERROR_NONE;

		if (rw_ports_parse(cases[i], &ports, &err) != -EINVAL)
			fail_msg("accepted \"%s\"", cases[i]);
		assert_int_equal(ports.first, 7);
		assert_int_not_equal(err.hint[0], '\0');
	}
}

static void splits_the_lists_people_write(void **state)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	unsigned int count;

	(void)state;
	assert_int_equal(rw_ports_parse_list("80,443,8000-8100,22/23", ranges, &count, NULL), 0);
	assert_int_equal(count, 4);
	assert_int_equal(ranges[0].last, 80);
	assert_int_equal(ranges[2].first, 8000);
	assert_int_equal(ranges[2].last, 8100);
	assert_int_equal(ranges[3].last, 23);
	assert_int_equal(rw_ports_parse_list("-1/-1", ranges, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_true(rw_ports_is_any(ranges[0]));
}

static void refuses_bad_lists(void **state)
{
	static const char *const cases[] = {"",        ",",      "80,", ",80", "80 443",
					    "80,,443", "80;443", "9-8", "80-"};
	char long_list[2 * RW_PORTS_LIST_MAX + 3] = "";
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	unsigned int count;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++)
		if (rw_ports_parse_list(cases[i], ranges, &count, NULL) != -EINVAL)
			fail_msg("accepted \"%s\"", cases[i]);
	for (int i = 0; i < RW_PORTS_LIST_MAX; i++)
		strcat(long_list, i ? ",1" : "1");
	assert_int_equal(rw_ports_parse_list(long_list, ranges, &count, NULL), 0);
	strcat(long_list, ",1");
	assert_int_equal(rw_ports_parse_list(long_list, ranges, &count, NULL), -EINVAL);
}

static void knows_protocols_by_name_and_number(void **state)
{
	static const struct {
		const char *text;
		uint16_t number;
		const char *name;
	} cases[] = {
		{"tcp", 6, "tcp"},   {"TCP", 6, "tcp"},        {"6", 6, "tcp"},     {"udp", 17, "udp"},
		{"icmp", 1, "icmp"}, {"ICMPv6", 58, "icmpv6"}, {"gre", 47, "gre"},  {"all", 256, "all"},
		{"0", 0, "0"},       {"255", 255, "255"},      {"132", 132, "132"},
	};
	static const char *const bad[] = {"", "256", "-1", "tcpx", "tc", "6x", "06", "any"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		char text[RW_PROTOCOL_TEXT_SIZE];
		uint16_t number;

		assert_int_equal(rw_protocol_parse(cases[i].text, &number, NULL), 0);
		assert_int_equal(number, cases[i].number);
		rw_protocol_format(number, text);
		assert_string_equal(text, cases[i].name);
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++) {
		uint16_t number = 999;

		if (rw_protocol_parse(bad[i], &number, NULL) != -EINVAL)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(number, 999);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_what_it_parses),
		cmocka_unit_test(tells_no_ports_from_all_ports),
		cmocka_unit_test(refuses_bad_ranges),
		cmocka_unit_test(splits_the_lists_people_write),
		cmocka_unit_test(refuses_bad_lists),
		cmocka_unit_test(knows_protocols_by_name_and_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
