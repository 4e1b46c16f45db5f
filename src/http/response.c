/* SPDX-License-Identifier: Apache-2.0 */
#include "http/response.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	CHUNK_DIGITS_MAX = 12,
	CHUNK_EXTRA_MAX = 8192,
};

void http_response_reader_init(struct http_response_reader *reader, bool has_no_body)
{
	*reader = (struct http_response_reader){.has_no_body = has_no_body};
	rw_buf_init(&reader->head, RW_HTTP_CLIENT_HEAD_BYTES);
}

void http_response_reader_done(struct http_response_reader *reader)
{
	rw_buf_done(&reader->head);
}

static int not_http(struct rw_error *err, const char *what)
{
	return rw_error_set(err, -EPROTO, "the server's answer is not HTTP/1.1: %s", what);
}

/* ---- status line and headers ---- */

static int parse_status_line(struct http_response_reader *reader, const char *line, struct rw_error *err)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
		return not_http(err, "status line");
	for (size_t i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)line[i]))
			return not_http(err, "status");
	}
	if (line[12] != ' ' && line[12] != '\0')
		return not_http(err, "status");
	reader->status = (unsigned int)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
	if (reader->status < 100)
		return not_http(err, "status");
	reader->keep_alive = line[7] == '1';
	return 0;
}

static int parse_header(struct http_response_reader *reader, char *line, struct rw_error *err)
{
	char *colon = strchr(line, ':');
	char *value;
	size_t length;

	if (!colon || colon == line || strcspn(line, " \t") < (size_t)(colon - line))
		return not_http(err, "header");
	if (reader->header_count == RW_HTTP_CLIENT_MAX_HEADERS)
		return rw_error_set(err, -EMSGSIZE, "the answer has more than %d headers",
				    RW_HTTP_CLIENT_MAX_HEADERS);
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	length = strlen(value);
	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		value[--length] = '\0';
	reader->headers[reader->header_count++] = (struct rw_http_header){.name = line, .value = value};
	return 0;
}

static int parse_length(const char *text, uint64_t *ret_length)
{
	uint64_t length = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text) || length > UINT64_MAX / 100)
			return -EINVAL;
		length = length * 10 + (uint64_t)(*text - '0');
	}
	*ret_length = length;
	return 0;
}

/* RFC 9112 section 6.3. */
static int decide_framing(struct http_response_reader *reader, struct rw_error *err)
{
	unsigned int lengths = 0;
	unsigned int encodings = 0;

	for (size_t i = 0; i < reader->header_count; i++) {
		const struct rw_http_header *header = &reader->headers[i];

		if (strcasecmp(header->name, "Content-Length") == 0) {
			if (parse_length(header->value, &reader->remaining) < 0)
				return not_http(err, "Content-Length");
			lengths++;
		} else if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
			if (strcasecmp(header->value, "chunked") != 0)
				return not_http(err, "Transfer-Encoding");
			encodings++;
		} else if (strcasecmp(header->name, "Connection") == 0) {
			if (strcasestr(header->value, "close"))
				reader->keep_alive = false;
		}
	}
	if (lengths + encodings > 1)
		return not_http(err, "the length is given more than once");
	if (reader->has_no_body || reader->status == 204 || reader->status == 304) {
		reader->framing = HTTP_FRAMING_LENGTH;
		reader->remaining = 0;
	} else if (encodings) {
		reader->framing = HTTP_FRAMING_CHUNKED;
		reader->remaining = 0;
	} else if (lengths) {
		reader->framing = HTTP_FRAMING_LENGTH;
	} else {
		reader->framing = HTTP_FRAMING_UNTIL_CLOSE;
		reader->keep_alive = false;
	}
	return 0;
}

/* Splits the head into lines in place. */
static int parse_head(struct http_response_reader *reader, struct rw_error *err)
{
	char *line = reader->head.data;
	bool first = true;
	int r;

	if (memchr(line, '\0', reader->head.size))
		return not_http(err, "NUL in its head");
	for (;;) {
		char *end = strchr(line, '\n');
		char *next = end + 1;

		if (end > line && end[-1] == '\r')
			end--;
		*end = '\0';
		if (end == line)
			break;
		r = first ? parse_status_line(reader, line, err) : parse_header(reader, line, err);
		if (r < 0)
			return r;
		first = false;
		line = next;
	}
	if (first)
		return not_http(err, "empty head");
	return decide_framing(reader, err);
}

static bool ends_head(const struct rw_buf *head)
{
	return (head->size >= 4 && memcmp(head->data + head->size - 4, "\r\n\r\n", 4) == 0) ||
	       (head->size >= 2 && memcmp(head->data + head->size - 2, "\n\n", 2) == 0);
}

/* Collects lines until the empty one. */
static int read_head(struct http_response_reader *reader, const char **bytes, size_t *size,
		     struct rw_error *err)
{
	while (*size > 0) {
		const char *end = memchr(*bytes, '\n', *size);
		size_t length = end ? (size_t)(end - *bytes) + 1 : *size;
		int r = rw_buf_append(&reader->head, *bytes, length);

		if (r == -E2BIG)
			return rw_error_set(err, -EMSGSIZE, "the head of the answer is longer than %d bytes",
					    RW_HTTP_CLIENT_HEAD_BYTES);
		if (r < 0)
			return rw_error_oom(err);
		*bytes += length;
		*size -= length;
		if (!end || !ends_head(&reader->head))
			continue;
		r = parse_head(reader, err);
		if (r < 0)
			return r;
		if (reader->status >= 200) {
			reader->head_complete = true;
			return HTTP_RESPONSE_HEAD;
		}
		if (reader->status == 101)
			return not_http(err, "switches protocols");
		/* 100 Continue and the like: the real one follows. */
		rw_buf_clear(&reader->head);
		reader->header_count = 0;
	}
	return HTTP_RESPONSE_MORE;
}

/* ---- body ---- */

static void lend_piece(struct http_response_reader *reader, const char **bytes, size_t *size,
		       const char **ret_piece, size_t *ret_piece_size)
{
	size_t length = *size;

	if (reader->framing != HTTP_FRAMING_UNTIL_CLOSE && length > reader->remaining)
		length = (size_t)reader->remaining;
	*ret_piece = *bytes;
	*ret_piece_size = length;
	*bytes += length;
	*size -= length;
	reader->remaining -= reader->framing == HTTP_FRAMING_UNTIL_CLOSE ? 0 : length;
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

static int end_size_line(struct http_response_reader *reader, struct rw_error *err)
{
	if (reader->chunk_digits == 0)
		return not_http(err, "chunk size");
	reader->chunk_digits = 0;
	reader->chunk_state = reader->remaining > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
	return 0;
}

/*
 * Takes one character of what surrounds the data of chunks.  'chunk_digits' counts, in the trailer, the
 * characters of the line so far.
 */
static int read_chunk_frame(struct http_response_reader *reader, char c, struct rw_error *err)
{
	int digit = hex_digit(c);

	if (reader->chunk_state != HTTP_CHUNK_SIZE && ++reader->chunk_extra > CHUNK_EXTRA_MAX)
		return rw_error_set(err, -EMSGSIZE, "the answer has too much around its chunks");
	switch (reader->chunk_state) {
	case HTTP_CHUNK_SIZE:
		if (digit >= 0) {
			if (++reader->chunk_digits > CHUNK_DIGITS_MAX)
				return not_http(err, "chunk size");
			reader->remaining = reader->remaining * 16 + (uint64_t)digit;
			return 0;
		}
		if (c == '\n')
			return end_size_line(reader, err);
		if (c == ';' || c == ' ' || c == '\t')
			reader->chunk_state = HTTP_CHUNK_EXTENSION;
		else if (c != '\r')
			return not_http(err, "chunk size");
		return 0;
	case HTTP_CHUNK_EXTENSION:
		return c == '\n' ? end_size_line(reader, err) : 0;
	case HTTP_CHUNK_DATA_END:
		reader->chunk_extra--; /* the frame of data is not extra */
		if (c == '\n')
			reader->chunk_state = HTTP_CHUNK_SIZE;
		else if (c != '\r')
			return not_http(err, "end of a chunk");
		return 0;
	case HTTP_CHUNK_TRAILER:
		if (c == '\n') {
			reader->complete = reader->chunk_digits == 0;
			reader->chunk_digits = 0;
		} else if (c != '\r') {
			reader->chunk_digits = 1;
		}
		return 0;
	case HTTP_CHUNK_DATA:
		break;
	}
	assert(false);
	return -EPROTO;
}

static int read_chunked(struct http_response_reader *reader, const char **bytes, size_t *size,
			const char **ret_piece, size_t *ret_piece_size, struct rw_error *err)
{
	while (*size > 0 && !reader->complete) {
		int r;

		if (reader->chunk_state == HTTP_CHUNK_DATA) {
			lend_piece(reader, bytes, size, ret_piece, ret_piece_size);
			if (reader->remaining == 0)
				reader->chunk_state = HTTP_CHUNK_DATA_END;
			return HTTP_RESPONSE_BODY;
		}
		r = read_chunk_frame(reader, **bytes, err);
		if (r < 0)
			return r;
		(*bytes)++;
		(*size)--;
	}
	return reader->complete ? HTTP_RESPONSE_END : HTTP_RESPONSE_MORE;
}

int http_response_read(struct http_response_reader *reader, const char **bytes, size_t *size,
		       const char **ret_piece, size_t *ret_piece_size, struct rw_error *err)
{
	assert(!reader->complete);
	if (!reader->head_complete)
		return read_head(reader, bytes, size, err);
	switch (reader->framing) {
	case HTTP_FRAMING_CHUNKED:
		return read_chunked(reader, bytes, size, ret_piece, ret_piece_size, err);
	case HTTP_FRAMING_LENGTH:
		if (reader->remaining == 0) {
			reader->complete = true;
			return HTTP_RESPONSE_END;
		}
		break;
	case HTTP_FRAMING_UNTIL_CLOSE:
		break;
	}
	if (*size == 0)
		return HTTP_RESPONSE_MORE;
	lend_piece(reader, bytes, size, ret_piece, ret_piece_size);
	return HTTP_RESPONSE_BODY;
}

int http_response_read_end(struct http_response_reader *reader, struct rw_error *err)
{
	if (reader->head_complete && reader->framing == HTTP_FRAMING_UNTIL_CLOSE) {
		reader->complete = true;
		return 0;
	}
	return rw_error_set(err, -ECONNRESET,
			    "the server closed the connection before its answer was complete");
}
