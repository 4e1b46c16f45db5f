/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/client_internal.h"

/* The bytes of a call: its request's text, and what goes out and comes in. */

enum {
	READ_SIZE = 8192,
	READ_ROUNDS = 32, /* before other sources get their turn */
};

/* ---- the request's text ---- */

static bool is_clean(const char *text)
{
	for (; *text; text++) {
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	}
	return true;
}

static int append_headers(struct rw_buf *request, const struct rw_http_call_options *options,
			  struct rw_error *err)
{
	for (size_t i = 0; i < options->header_count; i++) {
		const struct rw_http_header *header = &options->headers[i];

		if (!*header->name || strpbrk(header->name, " :\t") || !is_clean(header->name) ||
		    !is_clean(header->value))
			return rw_error_set(err, -EINVAL,
					    "header \"%s\" holds characters that are not allowed",
					    header->name);
		(void)rw_buf_append_format(request, "%s: %s\r\n", header->name, header->value);
	}
	if (options->content_type)
		(void)rw_buf_append_format(request, "Content-Type: %s\r\n", options->content_type);
	return 0;
}

int http_call_write_request(struct rw_http_call *call, const struct rw_http_call_options *options,
			    struct rw_error *err)
{
	const struct rw_http_url *url = &call->url;
	struct rw_buf *request = &call->request;
	bool v6 = strchr(url->host, ':') != NULL;
	int r;

	if (!*options->method ||
	    strspn(options->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(options->method))
		return rw_error_set(err, -EINVAL, "\"%s\" is not a method", options->method);
	(void)rw_buf_append_format(request, "%s %s%s HTTP/1.1\r\n", options->method, *url->target ? "" : "/",
				   url->target);
	(void)rw_buf_append_format(request, "Host: %s%s%s:%u\r\nUser-Agent: ringwall/" RW_VERSION "\r\n",
				   v6 ? "[" : "", url->host, v6 ? "]" : "", (unsigned int)url->port);
	r = append_headers(request, options, err);
	if (r < 0)
		return r;
	if (options->body_size > 0 ||
	    (strcmp(options->method, "GET") != 0 && strcmp(options->method, "HEAD") != 0))
		(void)rw_buf_append_format(request, "Content-Length: %zu\r\n", options->body_size);
	(void)rw_buf_append_text(request, "\r\n");
	if (options->body_size > 0)
		(void)rw_buf_append(request, options->body, options->body_size);
	return rw_buf_check(request, err);
}

/* ---- sending and receiving ---- */

/* 0 when all is sent or the socket is full. */
static int send_request(struct rw_http_call *call, struct rw_error *err)
{
	while (call->sent < call->request.size) {
		ssize_t r = transport_write(call->transport, call->request.data + call->sent,
					    call->request.size - call->sent, err);

		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return (int)r;
		call->sent += (size_t)r;
		call->progress_ms = rw_loop_now_ms(call->client->loop);
	}
	return 0;
}

static bool streams(const struct rw_http_call *call)
{
	return call->options.line && call->reader.status == 200;
}

static void give_line(struct rw_http_call *call)
{
	size_t length = call->line.size;

	if (length > 0 && call->line.data[length - 1] == '\r')
		call->line.data[--length] = '\0';
	call->depth++;
	call->options.line(call, call->line.data, length, call->options.userdata);
	call->depth--;
	rw_buf_clear(&call->line);
}

static int take_lines(struct rw_http_call *call, const char *piece, size_t size, struct rw_error *err)
{
	while (size > 0 && !call->aborted) {
		const char *end = memchr(piece, '\n', size);
		size_t length = end ? (size_t)(end - piece) : size;
		int r = rw_buf_append(&call->line, piece, length);

		if (r == -E2BIG)
			return rw_error_set(err, -EMSGSIZE, "a line of the stream is longer than %zu bytes",
					    call->options.max_line_bytes);
		if (r < 0)
			return rw_error_oom(err);
		if (!end)
			break;
		give_line(call);
		piece += length + 1;
		size -= length + 1;
	}
	return 0;
}

static int take_piece(struct rw_http_call *call, const char *piece, size_t size, struct rw_error *err)
{
	int r;

	if (streams(call))
		return take_lines(call, piece, size, err);
	r = rw_buf_append(&call->body, piece, size);
	if (r == -E2BIG)
		return rw_error_set(err, -EMSGSIZE, "the body of the answer is longer than %zu bytes",
				    call->options.max_body_bytes);
	return r < 0 ? rw_error_oom(err) : 0;
}

static void give_head(struct rw_http_call *call)
{
	struct rw_http_response response = http_call_describe(call);

	if (!call->options.head)
		return;
	call->depth++;
	call->options.head(call, &response, call->options.userdata);
	call->depth--;
}

/* Feeds bytes to the reader; HTTP_RESPONSE_MORE, HTTP_RESPONSE_END, or negative. */
static int take_bytes(struct rw_http_call *call, const char *bytes, size_t size, struct rw_error *err)
{
	const char *piece = NULL;
	size_t piece_size = 0;
	int r;

	for (;;) {
		int event = http_response_read(&call->reader, &bytes, &size, &piece, &piece_size, err);

		if (event < 0 || event == HTTP_RESPONSE_MORE)
			return event;
		if (event == HTTP_RESPONSE_END) {
			call->reader.keep_alive = call->reader.keep_alive && size == 0;
			return event;
		}
		if (event == HTTP_RESPONSE_HEAD) {
			give_head(call);
		} else {
			r = take_piece(call, piece, piece_size, err);
			if (r < 0)
				return r;
		}
		if (call->aborted)
			return HTTP_RESPONSE_MORE;
	}
}

/*
 * HTTP_RESPONSE_MORE when the socket is empty (or it is the turn of others), HTTP_RESPONSE_END, or negative.
 */
static int receive(struct rw_http_call *call, struct rw_error *err)
{
	char bytes[READ_SIZE];

	for (int round = 0; round < READ_ROUNDS; round++) {
		ssize_t size = transport_read(call->transport, bytes, sizeof(bytes), err);
		int r;

		if (size == -EAGAIN)
			return HTTP_RESPONSE_MORE;
		if (size < 0)
			return (int)size;
		if (size == 0) {
			r = http_response_read_end(&call->reader, err);
			return r < 0 ? r : HTTP_RESPONSE_END;
		}
		call->answer_begun = true;
		call->progress_ms = rw_loop_now_ms(call->client->loop);
		r = take_bytes(call, bytes, (size_t)size, err);
		if (r != HTTP_RESPONSE_MORE || call->aborted)
			return r;
	}
	if (transport_has_pending(call->transport))
		rw_loop_deferred_arm(call->more);
	return HTTP_RESPONSE_MORE;
}

/* Moves the call on as far as the socket allows. */
void http_call_pump(struct rw_http_call *call)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_error write_err = RW_ERROR_NONE;
	int write_result;
	int r;

	write_result = send_request(call, &write_err);
	/* Read also when writing failed: a server that refuses a large body answers, then closes. */
	r = receive(call, &err);
	if (call->aborted) {
		http_call_free(call);
		return;
	}
	if (r == HTTP_RESPONSE_END) {
		if (streams(call) && call->line.size > 0)
			give_line(call);
		if (call->aborted)
			http_call_free(call);
		else
			http_call_finish(call, 0, NULL);
	} else if (r < 0) {
		http_call_fail(call, &err);
	} else if (write_result < 0) {
		http_call_fail(call, &write_err);
	}
}
