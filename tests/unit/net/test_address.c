/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "net/address.h"

static struct rw_prefix prefix(const char *text)
{
	struct rw_prefix parsed;

	assert_int_equal(rw_prefix_parse(text, &parsed, NULL), 0);
	return parsed;
}

static struct rw_address address(const char *text)
{
	struct rw_address parsed;

	assert_int_equal(rw_address_parse(text, &parsed, NULL), 0);
	return parsed;
}

static void formats_what_it_parses_in_canonical_form(void **state)
{
	static const char *const cases[][2] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"203.0.113.9", "203.0.113.9"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"2001:DB8::0:1", "2001:db8::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_address parsed;
		char text[RW_ADDRESS_TEXT_SIZE];

		assert_int_equal(rw_address_parse(cases[i][0], &parsed, NULL), 0);
		rw_address_format(&parsed, text);
		assert_string_equal(text, cases[i][1]);
	}
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const cases[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"01.2.3.4",
		"1.2.3.04",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1..2.3",
		"1.2.3.",
		"a.b.c.d",
		"-1.2.3.4",
		"0x1.2.3.4",
		"1.2.3.0000",
		":",
		":::",
		"1:::2",
		"1::2::3",
		"1:2:3:4:5:6",
		"12345::",
		"g::",
		"1:2:3:4:5:6:7:",
		":1:2:3:4:5:6:7:8",
		"fe80::1%lo",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3",
		"::1.2.3.4:5",
		"::ffff:1.2.3.4",
		"::ffff:102:304",
		"1:2:3:4::5:6:7:8",
		"1:2:3:4:5:6:7:8::",
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_address untouched = {.family = 99};
		struct rw_error err = RW_ERROR_NONE;

		if (rw_address_parse(cases[i], &untouched, &err) != -EINVAL)
			fail_msg("accepted \"%s\"", cases[i]);
		assert_int_equal(untouched.family, 99);
		assert_int_not_equal(err.text[0], '\0');
	}
}

static void names_the_prefix_meant(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_prefix parsed;

	(void)state;
	assert_int_equal(rw_prefix_parse("10.1.2.3/8", &parsed, &err), -EINVAL);
	assert_string_equal(err.hint, "Did you mean 10.0.0.0/8?");
	assert_int_equal(rw_prefix_parse("2001:db8::1/33", &parsed, &err), -EINVAL);
	assert_string_equal(err.hint, "Did you mean 2001:db8::/33?");
	assert_int_equal(rw_prefix_parse("::ffff:1.2.3.4", &parsed, &err), -EINVAL);
	assert_string_equal(err.hint, "Write the IPv4 address itself: 1.2.3.4.");
}

static void takes_a_bare_address_as_its_longest_prefix(void **state)
{
	char text[RW_PREFIX_TEXT_SIZE];
	struct rw_prefix parsed = prefix("10.0.0.5");

	(void)state;
	rw_prefix_format(&parsed, text);
	assert_string_equal(text, "10.0.0.5/32");
	parsed = prefix("2001:db8::1");
	rw_prefix_format(&parsed, text);
	assert_string_equal(text, "2001:db8::1/128");
}

static void refuses_bad_prefix_lengths(void **state)
{
	static const char *const cases[] = {"10.0.0.0/33", "10.0.0.0/",    "10.0.0.0/08",       "10.0.0.0/-1",
					    "10.0.0.0/8 ", "::/129",       "::/1000",           "/8",
					    "10.0.0.0//8", "10.0.0.0/8/8", "0.0.0.0/4294967296"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_prefix parsed;

		if (rw_prefix_parse(cases[i], &parsed, NULL) != -EINVAL)
			fail_msg("accepted \"%s\"", cases[i]);
	}
}

static void knows_what_a_prefix_holds(void **state)
{
	struct rw_prefix ten = prefix("10.0.0.0/9");
	struct rw_prefix all = prefix("0.0.0.0/0");
	struct rw_address low = address("10.127.255.255");
	struct rw_address high = address("10.128.0.0");
	struct rw_address six = address("::a00:0");

	(void)state;
	assert_true(rw_prefix_contains(&ten, &low));
	assert_false(rw_prefix_contains(&ten, &high));
	assert_true(rw_prefix_contains(&all, &high));
	assert_false(rw_prefix_contains(&all, &six));
	assert_true(rw_prefix_covers(&all, &ten));
	assert_false(rw_prefix_covers(&ten, &all));
	assert_true(rw_prefix_overlaps(&ten, &all));
	ten = prefix("2001:db8::/32");
	all = prefix("2001:db9::/32");
	assert_false(rw_prefix_overlaps(&ten, &all));
}

static void orders_families_then_bytes_then_length(void **state)
{
	struct rw_prefix sorted[] = {prefix("0.0.0.0/0"),  prefix("10.0.0.0/8"), prefix("10.0.0.0/16"),
				     prefix("11.0.0.0/8"), prefix("::/0"),       prefix("2001:db8::/32")};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(sorted); i++)
		for (size_t j = 0; j < RW_ARRAY_COUNT(sorted); j++) {
			int order = rw_prefix_compare(&sorted[i], &sorted[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void tells_members_addresses_from_special_ones(void **state)
{
	static const char *const special[] = {"0.0.0.0",   "127.0.0.1",       "169.254.1.1", "224.0.0.1",
					      "240.0.0.1", "255.255.255.255", "::",          "::1",
					      "fe80::1",   "febf::1",         "ff02::1"};
	static const char *const global[] = {"10.0.0.1", "192.0.2.1", "fd00::1", "2001:db8::1", "fec0::1"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(special); i++) {
		struct rw_address parsed = address(special[i]);

		assert_false(rw_address_is_global(&parsed));
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(global); i++) {
		struct rw_address parsed = address(global[i]);

		assert_true(rw_address_is_global(&parsed));
	}
}

static void tells_loopback_from_other_addresses(void **state)
{
	static const char *const loopback[] = {"127.0.0.1", "127.255.0.9", "::1"};
	static const char *const others[] = {"126.0.0.1", "128.0.0.1", "::", "::2", "7f00::1"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(loopback); i++) {
		struct rw_address parsed = address(loopback[i]);

		assert_true(rw_address_is_loopback(&parsed));
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(others); i++) {
		struct rw_address parsed = address(others[i]);

		assert_false(rw_address_is_loopback(&parsed));
	}
}

static void makes_addresses_from_wire_bytes(void **state)
{
	struct rw_address made = rw_address_from_bytes(4, "\x0a\0\0\x05");
	struct rw_address same = address("10.0.0.5");

	(void)state;
	assert_true(rw_address_equal(&made, &same));
	assert_memory_equal(&made, &same, sizeof(made));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_what_it_parses_in_canonical_form),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(names_the_prefix_meant),
		cmocka_unit_test(takes_a_bare_address_as_its_longest_prefix),
		cmocka_unit_test(refuses_bad_prefix_lengths),
		cmocka_unit_test(knows_what_a_prefix_holds),
		cmocka_unit_test(orders_families_then_bytes_then_length),
		cmocka_unit_test(tells_members_addresses_from_special_ones),
		cmocka_unit_test(tells_loopback_from_other_addresses),
		cmocka_unit_test(makes_addresses_from_wire_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
