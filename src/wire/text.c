/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/text.h"

#include <string.h>

/*
 * Decodes one character; gives its size in bytes, or 0 when the bytes are no UTF-8 (RFC 3629: no overlong
 * forms, no surrogates, nothing beyond U+10FFFF).
 */
static size_t decode_character(const unsigned char *bytes, uint32_t *ret_character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t character;
	size_t size;

	if (bytes[0] < 0x80) {
		*ret_character = bytes[0];
		return 1;
	}
	if (bytes[0] >= 0xc2 && bytes[0] < 0xe0) {
		size = 2;
		character = bytes[0] & 0x1f;
	} else if ((bytes[0] & 0xf0) == 0xe0) {
		size = 3;
		character = bytes[0] & 0x0f;
	} else if (bytes[0] >= 0xf0 && bytes[0] < 0xf5) {
		size = 4;
		character = bytes[0] & 0x07;
	} else {
		return 0;
	}
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (bytes[i] & 0x3f);
	}
	if (character < smallest[size] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
		return 0;
	*ret_character = character;
	return size;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x61c ||
	       character == 0x200e || character == 0x200f || (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

bool rw_text_has_controls(const char *text, bool lines)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		uint32_t character;
		size_t size;

		/* Most text is printable ASCII. */
		if (*at >= 0x20 && *at < 0x7f) {
			at++;
			continue;
		}
		size = decode_character(at, &character);
		if (size == 0)
			return true;
		if (is_control(character) && !(lines && (character == '\n' || character == '\t')))
			return true;
		at += size;
	}
	return false;
}

size_t rw_utf8_length(const char *text)
{
	size_t length = 0;

	for (; *text; text++)
		length += ((unsigned char)*text & 0xc0) != 0x80;
	return length;
}

void rw_json_quote(const char *text, char *quoted, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used = 0;

	while (*at) {
		uint32_t character;
		size_t step = decode_character(at, &character);
		bool shown = step > 0 && !is_control(character);
		size_t need = shown ? step : 1;

		if (used + need + sizeof("...") > size && strlen((const char *)at) + used >= size) {
			memcpy(quoted + used, "...", sizeof("..."));
			return;
		}
		if (shown)
			memcpy(quoted + used, at, step);
		else
			quoted[used] = '?';
		used += need;
		at += step ? step : 1;
	}
	quoted[used] = '\0';
}

bool rw_revision_parse(const char *text, uint64_t *ret_revision)
{
	uint64_t revision = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(revision, 10u, &revision) ||
		    __builtin_add_overflow(revision, (uint64_t)(*text - '0'), &revision))
			return false;
	}
	*ret_revision = revision;
	return true;
}

/* Reads 'count' digits at '*text' and what must follow them, and steps over both. */
static bool take_digits(const char **text, size_t count, char after, int *ret_number)
{
	int number = 0;

	for (size_t i = 0; i < count; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		number = number * 10 + (**text - '0');
	}
	if (after) {
		if (**text != after)
			return false;
		(*text)++;
	}
	*ret_number = number;
	return true;
}

/* Days from 1970-01-01 in the Gregorian calendar: years counted from March, so that a leap day comes last. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool is_date(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leap);
}

bool rw_timestamp_parse(const char *text, int64_t *ret_unix_ms)
{
	int year, month, day, hour, minute, second;
	int64_t milliseconds = 0;

	if (!take_digits(&text, 4, '-', &year) || !take_digits(&text, 2, '-', &month) ||
	    !take_digits(&text, 2, 'T', &day) || !take_digits(&text, 2, ':', &hour) ||
	    !take_digits(&text, 2, ':', &minute) || !take_digits(&text, 2, '\0', &second))
		return false;
	if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59)
		return false;
	if (*text == '.') {
		int scale = 100;
		size_t digits = 0;

		for (text++; *text >= '0' && *text <= '9'; text++, digits++, scale /= 10)
			milliseconds += (*text - '0') * scale;
		if (digits == 0 || digits > 9)
			return false;
	}
	if (strcmp(text, "Z") != 0)
		return false;
	*ret_unix_ms =
		(((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 +
		milliseconds;
	return true;
}

/* The number of the first word of 'words', each of three letters, that 'text' begins with; -1. */
static int take_word(const char **text, const char *words)
{
	for (int i = 0; words[3 * i]; i++) {
		if (strncmp(*text, words + 3 * i, 3) != 0)
			continue;
		*text += 3;
		return i;
	}
	return -1;
}

static bool take_text(const char **text, const char *expected)
{
	size_t length = strlen(expected);

	if (strncmp(*text, expected, length) != 0)
		return false;
	*text += length;
	return true;
}

bool rw_http_date_parse(const char *text, int64_t *ret_unix_ms)
{
	int year, month, day, hour, minute, second, weekday;
	int64_t days;

	weekday = take_word(&text, "ThuFriSatSunMonTueWed");
	if (weekday < 0 || !take_text(&text, ", ") || !take_digits(&text, 2, ' ', &day))
		return false;
	month = take_word(&text, "JanFebMarAprMayJunJulAugSepOctNovDec") + 1;
	if (month < 1 || !take_text(&text, " ") || !take_digits(&text, 4, ' ', &year) ||
	    !take_digits(&text, 2, ':', &hour) || !take_digits(&text, 2, ':', &minute) ||
	    !take_digits(&text, 2, ' ', &second) || strcmp(text, "GMT") != 0)
		return false;
	if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59)
		return false;
	days = days_from_civil(year, month, day);
	/* Day 0 was a Thursday. */
	if (days % 7 != weekday)
		return false;
	*ret_unix_ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
	return true;
}
