/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "wire/text.h"

static void finds_controls_and_bidirectional_marks(void **state)
{
	static const char *const bad[] = {
		"a\nb",
		"a\tb",
		"\x1b[31m",
		"del\x7f",
		"\xc2\x85",
		("\xe2\x80\xae"
		 "abc"),
		"\xe2\x81\xa6",
		"\xd8\x9c",
		"\xe2\x80\xa8",
		"\xff",
		"\xc0\xaf",
		"\xed\xa0\x80",
		"\xf5\x80\x80\x80",
		"cut \xe2\x80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(rw_text_has_controls(bad[i], false));
	assert_false(rw_text_has_controls("", false));
	assert_false(rw_text_has_controls("Büro, 東京, \xf0\x9f\x8e\x89", false));
	assert_false(rw_text_has_controls("two\nlines\twide", true));
	assert_true(rw_text_has_controls("two\r\nlines", true));
}

static void counts_characters_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(rw_utf8_length(""), 0);
	assert_int_equal(rw_utf8_length("Büro"), 4);
	assert_int_equal(rw_utf8_length("東京"), 2);
}

static void quotes_whole_characters_and_shows_controls_as_question_marks(void **state)
{
	char quoted[12];

	(void)state;
	rw_json_quote("a\x1b\xff"
		      "b",
		      quoted, sizeof(quoted));
	assert_string_equal(quoted, "a??b");
	rw_json_quote("12345678901", quoted, sizeof(quoted));
	assert_string_equal(quoted, "12345678901");
	rw_json_quote("123456789012", quoted, sizeof(quoted));
	assert_string_equal(quoted, "12345678...");
	rw_json_quote("1234567東京京", quoted, sizeof(quoted));
	assert_string_equal(quoted, "1234567...");
}

static void parses_revisions_exactly(void **state)
{
	static const char *const bad[] = {"",
					  "01",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "1.0",
					  "0x1",
					  "18446744073709551616",
					  "99999999999999999999999"};
	uint64_t revision = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(rw_revision_parse(bad[i], &revision));
	assert_int_equal(revision, 7);
	assert_true(rw_revision_parse("0", &revision));
	assert_int_equal(revision, 0);
	assert_true(rw_revision_parse("18446744073709551615", &revision));
	assert_true(revision == UINT64_MAX);
}

static void reads_back_every_time_it_formats(void **state)
{
	static const int64_t times[] = {0,
					1,
					999,
					951782400000 /* 2000-02-29 */,
					1795487309123,
					4102444799999,
					253402300799999 /* 9999-12-31T23:59:59.999Z */};
	char text[RW_TIMESTAMP_SIZE];
	int64_t parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		rw_timestamp_format(times[i], text);
		assert_true(rw_timestamp_parse(text, &parsed));
		assert_true(parsed == times[i]);
	}
	assert_true(rw_timestamp_parse("2026-11-24T02:28:29Z", &parsed));
	assert_true(parsed == 1795487309000);
	assert_true(rw_timestamp_parse("2026-11-24T02:28:29.123456789Z", &parsed));
	assert_true(parsed == 1795487309123);
}

static void refuses_times_that_do_not_exist(void **state)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-11-24",
		"2026-11-24T02:28Z",
		"2026-11-24T02:28:29",
		"2026-11-24T02:28:29+01:00",
		"2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z",
		"1969-12-31T23:59:59Z",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00.1234567890Z",
		"2026-01-01T00:00:00Zx",
		"2026-1-01T00:00:00Z",
	};
	int64_t parsed = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(rw_timestamp_parse(bad[i], &parsed));
	assert_true(parsed == 5);
}

static void reads_dates_of_http(void **state)
{
	static const char *const bad[] = {
		"",
		"Mon, 23 Nov 2026 23:04:23",
		"Tue, 23 Nov 2026 23:04:23 GMT",
		"Mon, 23 nov 2026 23:04:23 GMT",
		"Mon, 31 Feb 2026 23:04:23 GMT",
		"Mon, 23 Nov 2026 24:04:23 GMT",
		"Mon, 23 Nov 2026 23:04:23 UTC",
		"Mon 23 Nov 2026 23:04:23 GMT",
		"Monday, 23-Nov-26 23:04:23 GMT",
		"Mon, 23 Nov 2026 23:04:23 GMT ",
	};
	int64_t time_ms;

	(void)state;
	assert_true(rw_http_date_parse("Mon, 23 Nov 2026 23:04:23 GMT", &time_ms));
	assert_int_equal(time_ms, INT64_C(1795475063000));
	assert_true(rw_http_date_parse("Thu, 01 Jan 1970 00:00:00 GMT", &time_ms));
	assert_int_equal(time_ms, 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_false(rw_http_date_parse(bad[i], &time_ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_dates_of_http),
		cmocka_unit_test(finds_controls_and_bidirectional_marks),
		cmocka_unit_test(counts_characters_not_bytes),
		cmocka_unit_test(quotes_whole_characters_and_shows_controls_as_question_marks),
		cmocka_unit_test(parses_revisions_exactly),
		cmocka_unit_test(reads_back_every_time_it_formats),
		cmocka_unit_test(refuses_times_that_do_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
