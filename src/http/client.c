/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "http/client_internal.h"

enum {
	DEFAULT_CONNECT_MS = 10000,
	DEFAULT_TOTAL_MS = 30000,
	DEFAULT_IDLE_MS = 30000,
	DEFAULT_BODY_BYTES = 4 * 1024 * 1024,
	DEFAULT_LINE_BYTES = 1024 * 1024,
	REQUEST_EXTRA_BYTES = 64 * 1024, /* of a request besides its body */
	READ_SIZE = 8192,
	READ_ROUNDS = 32, /* before other sources get their turn */
};

struct idle_transport {
	struct rw_http_client *client;
	struct transport *transport; /* owned */
	struct idle_transport *next;
};

struct rw_http_client {
	struct rw_loop *loop;
	const struct rw_clock *clock;
	struct rw_tls_client *tls; /* made at the first https call */
	char *ca_file;
	char *cert_file;
	char *key_file;
	struct idle_transport *idle;
	size_t idle_count;
	size_t call_count;
};

struct rw_http_call {
	struct rw_http_client *client;
	struct rw_http_call_options
		options; /* limits and functions; its texts are not used after the start */
	struct rw_http_url url;
	char *url_text;
	struct rw_buf request;
	size_t sent;
	bool idempotent;
	bool has_no_body;

	struct transport *transport; /* owned */
	bool connected;
	bool reused; /* the transport was kept from an earlier call */
	bool retried;

	struct http_response_reader reader;
	bool answer_begun;
	struct rw_buf body;
	struct rw_buf line;

	struct rw_loop_timer *timer;
	struct rw_loop_deferred *more; /* reads on in what TLS holds */
	uint64_t started_ms;
	uint64_t progress_ms;

	unsigned int depth; /* callbacks of ours below on the stack */
	bool aborted;
};

static void pump(struct rw_http_call *call);
static void call_connected(void *userdata);
static void call_ready(unsigned int events, void *userdata);
static void call_failed(const struct rw_error *err, void *userdata);

static const struct transport_events call_events = {
	.connected = call_connected,
	.ready = call_ready,
	.failed = call_failed,
};

/* ---- client ---- */

static int copy_name(const char *name, char **ret_copy)
{
	if (!name)
		return 0;
	*ret_copy = strdup(name);
	return *ret_copy ? 0 : -ENOMEM;
}

int rw_http_client_new(const struct rw_http_client_options *options, struct rw_http_client **ret_client,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return rw_error_oom(err);
	client->loop = options->loop;
	client->clock = options->clock;
	if (copy_name(options->ca_file, &client->ca_file) < 0 ||
	    copy_name(options->cert_file, &client->cert_file) < 0 ||
	    copy_name(options->key_file, &client->key_file) < 0)
		return rw_error_oom(err);
	/* Files that were named are read at once, so that a mistake shows at once; the system's authorities are
	 * large and are read when they are needed. */
	if (options->ca_file || options->cert_file || options->ca_fingerprint) {
		r = rw_tls_client_new(options->ca_file, options->cert_file, options->key_file, &client->tls,
				      err);
		if (r < 0)
			return r;
	}
	if (options->ca_fingerprint) {
		r = rw_tls_client_trust_fingerprint(client->tls, options->ca_fingerprint, err);
		if (r < 0)
			return r;
	}
	*ret_client = RW_TAKE_PTR(client);
	return 0;
}

struct rw_http_client *rw_http_client_free(struct rw_http_client *client)
{
	if (!client)
		return NULL;
	assert(client->call_count == 0);
	while (client->idle) {
		struct idle_transport *idle = client->idle;

		client->idle = idle->next;
		transport_free(idle->transport);
		free(idle);
	}
	rw_tls_client_free(client->tls);
	free(client->ca_file);
	free(client->cert_file);
	free(client->key_file);
	free(client);
	return NULL;
}

struct rw_loop *http_client_loop(const struct rw_http_client *client)
{
	return client->loop;
}

/* ---- kept connections ---- */

static void idle_drop(struct idle_transport *idle)
{
	struct idle_transport **slot = &idle->client->idle;

	while (*slot != idle)
		slot = &(*slot)->next;
	*slot = idle->next;
	idle->client->idle_count--;
	transport_free(idle->transport);
	free(idle);
}

/* A kept connection has no business to speak, but for TLS messages that carry no data. */
static void idle_ready(unsigned int events, void *userdata)
{
	struct idle_transport *idle = userdata;
	char byte;

	(void)events;
	if (transport_read(idle->transport, &byte, 1, NULL) != -EAGAIN)
		idle_drop(idle);
}

static void idle_keep(struct rw_http_client *client, struct transport *transport)
{
	static const struct transport_events events = {.ready = idle_ready};
	struct idle_transport *idle = NULL;

	if (client->idle_count < RW_HTTP_CLIENT_MAX_IDLE)
		idle = calloc(1, sizeof(*idle));
	if (!idle) {
		transport_free(transport);
		return;
	}
	*idle = (struct idle_transport){.client = client, .transport = transport, .next = client->idle};
	client->idle = idle;
	client->idle_count++;
	transport_set_owner(transport, &events, idle);
}

static struct transport *idle_take(struct rw_http_client *client, const struct rw_http_url *url)
{
	for (struct idle_transport **slot = &client->idle; *slot; slot = &(*slot)->next) {
		struct idle_transport *idle = *slot;
		struct transport *transport = idle->transport;

		if (!transport_fits(transport, url))
			continue;
		*slot = idle->next;
		client->idle_count--;
		free(idle);
		return transport;
	}
	return NULL;
}

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

static int write_request(struct rw_http_call *call, const struct rw_http_call_options *options,
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

/* ---- the end of a call ---- */

static void call_free(struct rw_http_call *call)
{
	call->client->call_count--;
	transport_free(call->transport);
	rw_loop_timer_free(call->timer);
	rw_loop_deferred_free(call->more);
	http_response_reader_done(&call->reader);
	rw_buf_done(&call->request);
	rw_buf_done(&call->body);
	rw_buf_done(&call->line);
	free(call->url_text);
	free(call);
}

static struct rw_http_response describe(const struct rw_http_call *call)
{
	return (struct rw_http_response){
		.status = call->reader.head_complete ? call->reader.status : 0,
		.headers = call->reader.headers,
		.header_count = call->reader.head_complete ? call->reader.header_count : 0,
		.body = call->body.data,
		.body_size = call->body.size,
	};
}

static void finish(struct rw_http_call *call, int result, const struct rw_error *err)
{
	struct rw_http_response response = describe(call);
	bool reusable = result == 0 && call->reader.keep_alive && call->sent == call->request.size;

	if (reusable && !transport_has_pending(call->transport))
		idle_keep(call->client, RW_TAKE_PTR(call->transport));
	call->transport = transport_free(call->transport);
	rw_loop_timer_stop(call->timer);
	call->depth++; /* abort inside 'done' is a mistake, but a harmless one */
	call->options.done(call, result, &response, err, call->options.userdata);
	call_free(call);
}

void rw_http_call_abort(struct rw_http_call *call)
{
	if (call->depth > 0)
		call->aborted = true; /* freed when the callback has returned */
	else
		call_free(call);
}

/* ---- connecting, and trying again ---- */

static int start_transport(struct rw_http_call *call, struct rw_error *err)
{
	struct rw_http_client *client = call->client;
	struct rw_tls_client *tls = NULL;
	int r;

	call->connected = false;
	call->reused = false;
	if (call->url.secure) {
		if (!client->tls) {
			r = rw_tls_client_new(client->ca_file, client->cert_file, client->key_file,
					      &client->tls, err);
			if (r < 0)
				return r;
		}
		tls = client->tls;
	}
	return transport_new(client->loop, tls, &call->url, rw_clock_realtime_ms(client->clock) / 1000,
			     &call_events, call, &call->transport, err);
}

/* A kept connection may have died unnoticed; what can be said twice is said again. */
static bool try_again(struct rw_http_call *call)
{
	struct rw_error err;

	if (!call->reused || call->retried || call->answer_begun || !call->idempotent)
		return false;
	call->retried = true;
	call->sent = 0;
	call->transport = transport_free(call->transport);
	return start_transport(call, &err) == 0;
}

static void fail(struct rw_http_call *call, const struct rw_error *err)
{
	if (!try_again(call))
		finish(call, err->code, err);
}

static void call_failed(const struct rw_error *err, void *userdata)
{
	struct rw_error copy = *err; /* 'err' may lie in the transport, which is freed */

	fail(userdata, &copy);
}

static void call_connected(void *userdata)
{
	struct rw_http_call *call = userdata;

	call->connected = true;
	call->progress_ms = rw_loop_now_ms(call->client->loop);
	pump(call);
}

static void call_ready(unsigned int events, void *userdata)
{
	(void)events;
	pump(userdata);
}

static void call_more(void *userdata)
{
	pump(userdata);
}

/* ---- times ---- */

static void timer_set(struct rw_http_call *call)
{
	const struct rw_http_call_options *options = &call->options;
	uint64_t now_ms = rw_loop_now_ms(call->client->loop);
	uint64_t due_ms = call->connected ? call->progress_ms + options->idle_ms
					  : call->started_ms + options->connect_ms;

	if (options->total_ms && call->started_ms + options->total_ms < due_ms)
		due_ms = call->started_ms + options->total_ms;
	rw_loop_timer_start(call->timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

/* Progress does not touch the timer: it fires at the earliest time and looks again. */
static void timer_fired(void *userdata)
{
	struct rw_http_call *call = userdata;
	const struct rw_http_call_options *options = &call->options;
	uint64_t now_ms = rw_loop_now_ms(call->client->loop);
	struct rw_error err = RW_ERROR_NONE;

	if (options->total_ms && now_ms >= call->started_ms + options->total_ms)
		rw_error_set(&err, -ETIMEDOUT, "no complete answer within %u ms", options->total_ms);
	else if (!call->connected && now_ms >= call->started_ms + options->connect_ms)
		rw_error_set(&err, -ETIMEDOUT, "no connection to %s port %u within %u ms", call->url.host,
			     (unsigned int)call->url.port, options->connect_ms);
	else if (call->connected && now_ms >= call->progress_ms + options->idle_ms)
		rw_error_set(&err, -ETIMEDOUT, "%s port %u was silent for %u ms", call->url.host,
			     (unsigned int)call->url.port, options->idle_ms);
	if (err.code < 0)
		finish(call, err.code, &err);
	else
		timer_set(call);
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
	struct rw_http_response response = describe(call);

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

/* HTTP_RESPONSE_MORE when the socket is empty (or it is the turn of others), HTTP_RESPONSE_END, or negative. */
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
static void pump(struct rw_http_call *call)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_error write_err = RW_ERROR_NONE;
	int write_result;
	int r;

	write_result = send_request(call, &write_err);
	/* Read also when writing failed: a server that refuses a large body answers, then closes. */
	r = receive(call, &err);
	if (call->aborted) {
		call_free(call);
		return;
	}
	if (r == HTTP_RESPONSE_END) {
		if (streams(call) && call->line.size > 0)
			give_line(call);
		if (call->aborted)
			call_free(call);
		else
			finish(call, 0, NULL);
	} else if (r < 0) {
		fail(call, &err);
	} else if (write_result < 0) {
		fail(call, &write_err);
	}
}

/* ---- starting ---- */

static void begin_on_kept(struct rw_http_call *call)
{
	call->connected = true;
	call->reused = true;
	transport_set_owner(call->transport, &call_events, call);
	rw_loop_deferred_arm(call->more);
}

static int call_init(struct rw_http_call *call, const struct rw_http_call_options *options,
		     struct rw_error *err)
{
	int r;

	call->url_text = strdup(options->url);
	if (!call->url_text || rw_loop_timer_new(call->client->loop, timer_fired, call, &call->timer) < 0 ||
	    rw_loop_deferred_new(call->client->loop, call_more, call, &call->more) < 0)
		return rw_error_oom(err);
	r = rw_http_url_parse(call->url_text, &call->url, err);
	if (r < 0)
		return r;
	r = write_request(call, options, err);
	if (r < 0)
		return r;
	call->has_no_body = strcmp(options->method, "HEAD") == 0;
	call->idempotent = strcmp(options->method, "POST") != 0 && strcmp(options->method, "PATCH") != 0;
	call->reader.has_no_body = call->has_no_body;
	call->transport = idle_take(call->client, &call->url);
	if (!call->transport)
		return start_transport(call, err);
	begin_on_kept(call);
	return 0;
}

static struct rw_http_call_options with_defaults(const struct rw_http_call_options *options)
{
	struct rw_http_call_options copy = *options;

	copy.connect_ms = copy.connect_ms ? copy.connect_ms : DEFAULT_CONNECT_MS;
	if (!copy.total_ms && !copy.line)
		copy.total_ms = DEFAULT_TOTAL_MS;
	copy.idle_ms = copy.idle_ms ? copy.idle_ms : DEFAULT_IDLE_MS;
	copy.max_body_bytes = copy.max_body_bytes ? copy.max_body_bytes : DEFAULT_BODY_BYTES;
	copy.max_line_bytes = copy.max_line_bytes ? copy.max_line_bytes : DEFAULT_LINE_BYTES;
	return copy;
}

int rw_http_client_call(struct rw_http_client *client, const struct rw_http_call_options *options,
			struct rw_http_call **ret_call, struct rw_error *err)
{
	struct rw_http_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		return rw_error_oom(err);
	client->call_count++;
	call->client = client;
	call->options = with_defaults(options);
	rw_buf_init(&call->request, options->body_size + REQUEST_EXTRA_BYTES);
	rw_buf_init(&call->body, call->options.max_body_bytes);
	rw_buf_init(&call->line, call->options.max_line_bytes);
	http_response_reader_init(&call->reader, false);
	call->started_ms = call->progress_ms = rw_loop_now_ms(client->loop);
	r = call_init(call, options, err);
	if (r < 0) {
		call_free(call);
		return r;
	}
	timer_set(call);
	*ret_call = call;
	return 0;
}
