/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/writer.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"

void rw_json_writer_init(struct rw_json_writer *json, struct rw_buf *buf, bool pretty)
{
	*json = (struct rw_json_writer){.buf = buf, .pretty = pretty};
}

static void append(struct rw_json_writer *json, const char *text, size_t size)
{
	(void)rw_buf_append(json->buf, text, size);
}

static void new_line(struct rw_json_writer *json)
{
	static const char spaces[2 * RW_JSON_WRITER_DEPTH_MAX + 1] =
		"                                                                ";

	append(json, "\n", 1);
	append(json, spaces, 2 * (size_t)json->depth);
}

/* What stands before a key, an element or the document: a comma, and in pretty text the line. */
static void separate(struct rw_json_writer *json)
{
	uint32_t bit;

	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->depth == 0)
		return;
	bit = UINT32_C(1) << (json->depth - 1);
	if (json->nonempty & bit)
		append(json, ", ", json->pretty && json->depth > RW_JSON_PRETTY_DEPTH ? 2 : 1);
	json->nonempty |= bit;
	if (json->pretty && json->depth <= RW_JSON_PRETTY_DEPTH)
		new_line(json);
}

static void begin(struct rw_json_writer *json, const char *bracket)
{
	assert(json->depth < RW_JSON_WRITER_DEPTH_MAX);
	separate(json);
	append(json, bracket, 1);
	json->nonempty &= ~(UINT32_C(1) << json->depth);
	json->depth++;
}

static void end(struct rw_json_writer *json, const char *bracket)
{
	assert(json->depth > 0 && !json->after_key);
	json->depth--;
	if (json->pretty && json->depth < RW_JSON_PRETTY_DEPTH &&
	    (json->nonempty & (UINT32_C(1) << json->depth)))
		new_line(json);
	append(json, bracket, 1);
}

void rw_json_begin_object(struct rw_json_writer *json)
{
	begin(json, "{");
}

void rw_json_end_object(struct rw_json_writer *json)
{
	end(json, "}");
}

void rw_json_begin_array(struct rw_json_writer *json)
{
	begin(json, "[");
}

void rw_json_end_array(struct rw_json_writer *json)
{
	end(json, "]");
}

/* A table, because every byte that is written asks. */
static const bool needs_escape[256] = {[0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x7f] = true};

static void append_escape(struct rw_json_writer *json, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char escape[] = "\\u0000";

	switch (byte) {
	case '"':
		append(json, "\\\"", 2);
		return;
	case '\\':
		append(json, "\\\\", 2);
		return;
	case '\n':
		append(json, "\\n", 2);
		return;
	case '\t':
		append(json, "\\t", 2);
		return;
	default:
		escape[4] = digits[byte >> 4];
		escape[5] = digits[byte & 15];
		append(json, escape, sizeof(escape) - 1);
	}
}

static void append_quoted(struct rw_json_writer *json, const char *text, size_t size)
{
	size_t clean = 0;
	size_t start = 0;

	while (clean < size && !needs_escape[(unsigned char)text[clean]])
		clean++;
	/* Nearly every text: in one piece. */
	if (clean == size) {
		char *place = rw_buf_extend(json->buf, size + 2);

		if (!place)
			return;
		*place++ = '"';
		if (size)
			memcpy(place, text, size);
		place[size] = '"';
		return;
	}
	append(json, "\"", 1);
	for (size_t i = clean; i < size; i++) {
		if (!needs_escape[(unsigned char)text[i]])
			continue;
		append(json, text + start, i - start);
		append_escape(json, (unsigned char)text[i]);
		start = i + 1;
	}
	append(json, text + start, size - start);
	append(json, "\"", 1);
}

void rw_json_key(struct rw_json_writer *json, const char *key)
{
	assert(json->depth > 0 && !json->after_key);
	separate(json);
	append_quoted(json, key, strlen(key));
	append(json, ": ", json->pretty ? 2 : 1);
	json->after_key = true;
}

void rw_json_write_bytes(struct rw_json_writer *json, const char *text, size_t size)
{
	separate(json);
	append_quoted(json, text, size);
}

void rw_json_write_text(struct rw_json_writer *json, const char *text)
{
	rw_json_write_bytes(json, text, strlen(text));
}

/* Writes the decimal digits of 'value' so that they end before 'end'; gives their start. */
static char *format_decimal(uint64_t value, char *end)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return end;
}

void rw_json_write_integer(struct rw_json_writer *json, int64_t value)
{
	char digits[24];
	char *end = digits + sizeof(digits);
	char *start = format_decimal(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, end);

	if (value < 0)
		*--start = '-';
	separate(json);
	append(json, start, (size_t)(end - start));
}

void rw_json_write_revision(struct rw_json_writer *json, uint64_t revision)
{
	char digits[24];
	char *end = digits + sizeof(digits);
	char *start = format_decimal(revision, end);

	rw_json_write_bytes(json, start, (size_t)(end - start));
}

void rw_json_write_bool(struct rw_json_writer *json, bool value)
{
	separate(json);
	append(json, value ? "true" : "false", value ? 4 : 5);
}

void rw_json_write_null(struct rw_json_writer *json)
{
	separate(json);
	append(json, "null", 4);
}

void rw_json_write_time(struct rw_json_writer *json, int64_t unix_ms)
{
	char text[RW_TIMESTAMP_SIZE];

	rw_timestamp_format(unix_ms, text);
	rw_json_write_text(json, text);
}

void rw_json_write_members(struct rw_json_writer *json, const char *members, size_t size)
{
	assert(!json->pretty && json->depth > 0 && !json->after_key);
	separate(json);
	append(json, members, size);
}

void rw_json_write_raw(struct rw_json_writer *json, const char *text, size_t size)
{
	separate(json);
	append(json, text, size);
}

void rw_json_put_text(struct rw_json_writer *json, const char *key, const char *value)
{
	rw_json_key(json, key);
	rw_json_write_text(json, value);
}

void rw_json_put_integer(struct rw_json_writer *json, const char *key, int64_t value)
{
	rw_json_key(json, key);
	rw_json_write_integer(json, value);
}

void rw_json_put_bool(struct rw_json_writer *json, const char *key, bool value)
{
	rw_json_key(json, key);
	rw_json_write_bool(json, value);
}

void rw_json_put_revision(struct rw_json_writer *json, const char *key, uint64_t revision)
{
	rw_json_key(json, key);
	rw_json_write_revision(json, revision);
}

void rw_json_put_time(struct rw_json_writer *json, const char *key, int64_t unix_ms)
{
	rw_json_key(json, key);
	rw_json_write_time(json, unix_ms);
}

void rw_json_put_address(struct rw_json_writer *json, const char *key, const struct rw_address *address)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	if (!address->family)
		return;
	rw_address_format(address, text);
	rw_json_put_text(json, key, text);
}
