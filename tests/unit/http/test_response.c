/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "http/response.h"

struct outcome {
	int result; /* HTTP_RESPONSE_MORE, HTTP_RESPONSE_END or negative */
	unsigned int status;
	bool keep_alive;
	size_t left; /* bytes not used */
	char body[128];
	char header[256]; /* "X" */
};

/* Reads 'text' in pieces of 'step' bytes. */
static struct outcome read_text(const char *text, size_t step, bool has_no_body)
{
	RW_CLEANUP(http_response_reader_done) struct http_response_reader reader;
	struct outcome outcome = {.result = HTTP_RESPONSE_MORE};
	size_t length = strlen(text);
	size_t body_size = 0;

	http_response_reader_init(&reader, has_no_body);
	for (size_t offset = 0; offset < length && outcome.result == HTTP_RESPONSE_MORE; offset += step) {
		const char *bytes = text + offset;
		size_t size = length - offset < step ? length - offset : step;

		do {
			const char *piece = NULL;
			size_t piece_size = 0;

			outcome.result =
				http_response_read(&reader, &bytes, &size, &piece, &piece_size, NULL);
			if (outcome.result == HTTP_RESPONSE_BODY) {
				memcpy(outcome.body + body_size, piece, piece_size);
				body_size += piece_size;
			}
		} while (outcome.result == HTTP_RESPONSE_BODY || outcome.result == HTTP_RESPONSE_HEAD);
		outcome.left = length - offset - (step < length - offset ? step : length - offset) + size;
	}
	for (size_t i = 0; i < reader.header_count && reader.head_complete; i++) {
		if (strcmp(reader.headers[i].name, "X") == 0)
			snprintf(outcome.header, sizeof(outcome.header), "%s", reader.headers[i].value);
	}
	outcome.status = reader.status;
	outcome.keep_alive = reader.keep_alive;
	return outcome;
}

static void reads_answers_of_every_framing_in_pieces_of_every_size(void **state)
{
	static const char *const texts[] = {
		"HTTP/1.1 200 OK\r\nX:  a b \r\nContent-Length: 11\r\n\r\nhello world",
		"HTTP/1.1 200\r\nX: a b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n06;ext=1\r\n "
		"world\r\n0\r\nT: "
		"x\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nX: a b\nContent-Length: 11\n\nhello world",
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(texts); i++) {
		for (size_t step = 1; step <= strlen(texts[i]); step++) {
			struct outcome outcome = read_text(texts[i], step, false);

			/* The end of a counted body is told at the next call at the latest. */
			assert_true(outcome.result == HTTP_RESPONSE_END);
			assert_int_equal(outcome.status, 200);
			assert_true(outcome.keep_alive);
			assert_string_equal(outcome.header, "a b");
			assert_string_equal(outcome.body, "hello world");
			assert_int_equal(outcome.left, 0);
		}
	}
}

static void knows_answers_without_a_body(void **state)
{
	(void)state;
	assert_int_equal(read_text("HTTP/1.1 204 No\r\n\r\n", 100, false).result, HTTP_RESPONSE_END);
	assert_int_equal(read_text("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 100, false).result,
			 HTTP_RESPONSE_END);
	assert_int_equal(read_text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 100, true).result,
			 HTTP_RESPONSE_END);
	assert_int_equal(read_text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 100, false).result,
			 HTTP_RESPONSE_END);
}

static void does_not_keep_connections_that_will_close(void **state)
{
	(void)state;
	assert_false(read_text("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 100, false).keep_alive);
	assert_false(
		read_text("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", 100, false)
			.keep_alive);
	assert_false(read_text("HTTP/1.1 200 OK\r\n\r\nabc", 100, false).keep_alive);
}

static void reads_until_the_end_only_where_that_ends_an_answer(void **state)
{
	RW_CLEANUP(http_response_reader_done) struct http_response_reader open_ended;
	RW_CLEANUP(http_response_reader_done) struct http_response_reader counted;
	const char *text = "HTTP/1.1 200 OK\r\n\r\n";
	const char *piece;
	size_t size = strlen(text);
	size_t piece_size;

	(void)state;
	http_response_reader_init(&open_ended, false);
	assert_int_equal(http_response_read_end(&open_ended, NULL), -ECONNRESET);
	assert_int_equal(http_response_read(&open_ended, &text, &size, &piece, &piece_size, NULL),
			 HTTP_RESPONSE_HEAD);
	assert_int_equal(http_response_read_end(&open_ended, NULL), 0);

	text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
	size = strlen(text);
	http_response_reader_init(&counted, false);
	assert_int_equal(http_response_read(&counted, &text, &size, &piece, &piece_size, NULL),
			 HTTP_RESPONSE_HEAD);
	assert_int_equal(http_response_read_end(&counted, NULL), -ECONNRESET);
}

static void refuses_what_is_no_answer(void **state)
{
	static const char *const bad[] = {
		"\r\n\r\n",
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 101 Switching\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n folded: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1234567890123\r\n",
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(bad); i++)
		assert_int_equal(read_text(bad[i], 1000, false).result, -EPROTO);
}

static void bounds_head_headers_and_what_surrounds_chunks(void **state)
{
	static char text[3 * RW_HTTP_CLIENT_HEAD_BYTES];
	size_t length;

	(void)state;
	length = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nA: ");
	memset(text + length, 'x', RW_HTTP_CLIENT_HEAD_BYTES);
	assert_int_equal(read_text(text, 1000, false).result, -EMSGSIZE);

	length = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i <= RW_HTTP_CLIENT_MAX_HEADERS; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "A: b\r\n");
	snprintf(text + length, sizeof(text) - length, "\r\n");
	assert_int_equal(read_text(text, 1000, false).result, -EMSGSIZE);

	length = (size_t)snprintf(text, sizeof(text),
				  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;");
	memset(text + length, 'x', 10000);
	text[length + 10000] = '\0';
	assert_int_equal(read_text(text, 1000, false).result, -EMSGSIZE);
}

static void leaves_bytes_behind_the_answer_alone(void **state)
{
	struct outcome outcome = read_text("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", 1000, false);

	(void)state;
	assert_int_equal(outcome.result, HTTP_RESPONSE_END);
	assert_string_equal(outcome.body, "a");
	assert_int_equal(outcome.left, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_answers_of_every_framing_in_pieces_of_every_size),
		cmocka_unit_test(knows_answers_without_a_body),
		cmocka_unit_test(does_not_keep_connections_that_will_close),
		cmocka_unit_test(reads_until_the_end_only_where_that_ends_an_answer),
		cmocka_unit_test(refuses_what_is_no_answer),
		cmocka_unit_test(bounds_head_headers_and_what_surrounds_chunks),
		cmocka_unit_test(leaves_bytes_behind_the_answer_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
