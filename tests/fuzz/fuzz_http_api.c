/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Requests into the API, without a network: this file stands in for the HTTP server.  An input is
 * "METHOD target\n", lines of headers that the API reads, and the body.  With a cookie it comes without a key.  Each request must be answered once, deferred, or become a stream; then its
 * client goes away.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "controller/console_session.h"
#include "controller/key.h"
#include "site.h"
#include "store/memory/memory.h"

/* The controller keeps what requests make; it begins anew now and then so that inputs do not add up. */
#define RUNS_PER_LIFE 500

static const char *const header_names[] = {"Accept", "Accept-Encoding", "Content-Type",  "Cookie",
					   "Host",   "If-None-Match",   "If-Match",      "Idempotency-Key",
					   "Origin", "Ringwall-Csrf",   "Sec-Fetch-Site"};
#define HEADER_COUNT  (sizeof(header_names) / sizeof(header_names[0]))
#define HEADER_COOKIE 3

struct rw_http_exchange {
	struct rw_http_request request;
	char *text; /* owned; method, path, parameters and body point into it */
	unsigned int ends;
	void (*gone)(struct rw_http_exchange *exchange, void *userdata);
	void *userdata;
	struct rw_http_stream *stream;
	const char *headers[HEADER_COUNT];
};

struct rw_http_stream {
	struct rw_http_stream_options options;
	struct rw_http_exchange *exchange;
};

static char authorization[RW_TOKEN_SIZE + 16];

/* Of a session that is open; inputs say "session" and "csrf" in their place. */
static char session_cookie[RW_TOKEN_SECRET_SIZE + 16];
static struct rw_console_session session;

/* ---- in place of src/http ---- */

const struct rw_http_request *rw_http_exchange_request(const struct rw_http_exchange *exchange)
{
	return &exchange->request;
}

const char *rw_http_exchange_header(const struct rw_http_exchange *exchange, const char *name)
{
	const char *given = NULL;

	if (strcasecmp(name, "Authorization") == 0)
		return exchange->headers[HEADER_COOKIE] ? NULL : authorization;
	for (size_t i = 0; i < HEADER_COUNT; i++)
		if (strcasecmp(name, header_names[i]) == 0)
			given = exchange->headers[i];
	if (given && strcmp(given, "session") == 0)
		return session_cookie;
	return given && strcmp(given, "csrf") == 0 ? session.csrf : given;
}

const char *rw_http_request_parameter(const struct rw_http_request *request, const char *name)
{
	for (size_t i = 0; i < request->parameter_count; i++)
		if (strcmp(request->parameters[i].name, name) == 0)
			return request->parameters[i].value;
	return NULL;
}

int rw_http_answer_header(struct rw_http_exchange *exchange, const char *name, const char *value)
{
	assert((exchange->ends == 0 || exchange->gone) && !strpbrk(name, "\r\n:") && !strpbrk(value, "\r\n"));
	return 0;
}

void rw_http_answer(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
		    const void *body, size_t size)
{
	(void)content_type;
	(void)body;
	(void)size;
	assert(status >= 200 && status < 600 && status != 500);
	if (exchange->gone) /* it was deferred, which counted as its end */
		exchange->gone = NULL;
	else
		exchange->ends++;
}

void rw_http_answer_lend(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			 const void *body, size_t size)
{
	rw_http_answer(exchange, status, content_type, body, size);
}

void rw_http_answer_take(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			 char *body, size_t size)
{
	rw_http_answer(exchange, status, content_type, body, size);
	free(body);
}

void rw_http_exchange_vouch(struct rw_http_exchange *exchange, enum rw_http_standing standing, const char *id)
{
	assert(exchange->ends == 0 && standing != RW_HTTP_STRANGER && id[0]);
}

int rw_http_exchange_defer(struct rw_http_exchange *exchange,
			   void (*gone)(struct rw_http_exchange *exchange, void *userdata), void *userdata)
{
	exchange->gone = gone;
	exchange->userdata = userdata;
	exchange->ends++;
	return 0;
}

int rw_http_stream_start(struct rw_http_exchange *exchange, const struct rw_http_stream_options *options,
			 struct rw_http_stream **ret_stream)
{
	exchange->stream = calloc(1, sizeof(*exchange->stream));
	assert(exchange->stream);
	exchange->stream->options = *options;
	exchange->stream->exchange = exchange;
	exchange->ends++;
	*ret_stream = exchange->stream;
	return 0;
}

int rw_http_stream_send(struct rw_http_stream *stream, const void *bytes, size_t size)
{
	(void)stream;
	(void)bytes;
	(void)size;
	return 0;
}

size_t rw_http_stream_queued(const struct rw_http_stream *stream)
{
	(void)stream;
	return 0;
}

void rw_http_stream_finish(struct rw_http_stream *stream)
{
	stream->exchange->stream = NULL;
	free(stream);
}

struct rw_http_server_counts rw_http_server_counts(const struct rw_http_server *server)
{
	(void)server;
	return (struct rw_http_server_counts){0};
}

/* ---- in place of src/loop: works and deferred calls run when the request was handled ---- */

struct rw_loop_deferred {
	rw_loop_fn fn;
	void *userdata;
};

static struct rw_loop_deferred *armed;

static struct {
	void (*compute)(void *job);
	void (*done)(void *job, int status);
	void *job; /* NULL = none */
} work;

int rw_loop_deferred_new(struct rw_loop *loop, rw_loop_fn fn, void *userdata,
			 struct rw_loop_deferred **ret_deferred)
{
	(void)loop;
	*ret_deferred = calloc(1, sizeof(**ret_deferred));
	assert(*ret_deferred);
	**ret_deferred = (struct rw_loop_deferred){fn, userdata};
	return 0;
}

void rw_loop_deferred_arm(struct rw_loop_deferred *deferred)
{
	armed = deferred;
}

struct rw_loop_deferred *rw_loop_deferred_free(struct rw_loop_deferred *deferred)
{
	if (armed == deferred)
		armed = NULL;
	free(deferred);
	return NULL;
}

int rw_loop_work(struct rw_loop *loop, void (*compute)(void *job), void (*done)(void *job, int status),
		 void *job)
{
	(void)loop;
	assert(!work.job);
	work.compute = compute;
	work.done = done;
	work.job = job;
	return 0;
}

static void run_loop(void)
{
	while (armed || work.job) {
		struct rw_loop_deferred *deferred = RW_TAKE_PTR(armed);

		if (deferred) {
			deferred->fn(deferred->userdata);
		} else {
			void *job = RW_TAKE_PTR(work.job);

			work.compute(job);
			work.done(job, 0);
		}
	}
}

/* ---- the controller behind ---- */

static struct life {
	struct rw_store *store;
	struct rw_controller *controller;
	struct rw_api *api;
	unsigned int runs;
} life;

static void life_end(void)
{
	life.api = rw_api_free(life.api);
	life.controller = rw_controller_free(life.controller);
	life.store = rw_store_free(life.store);
}

static void life_begin(void)
{
	static char *ca_cert, *ca_key;
	static struct rw_seal_key master_key;
	struct rw_controller_options options = {
		.clock = rw_clock_system(), .random = rw_random_system(), .master_key = &master_key};
	char token[RW_TOKEN_SIZE];
	char cookie[RW_TOKEN_SECRET_SIZE];
	struct rw_actor actor;
	int r = 0;

	if (!ca_cert)
		r = rw_cert_make_authority(
			"fuzz", rw_random_system(),
			rw_cert_period_days(rw_clock_realtime_ms(rw_clock_system()) / 1000, 10), &ca_cert,
			&ca_key, NULL);
	assert(r == 0);
	options.ca_cert_pem = ca_cert;
	options.ca_key_pem = ca_key;
	r = rw_store_memory_new(0, rw_random_system(), &life.store, NULL);
	assert(r == 0);
	options.store = life.store;
	r = rw_controller_new(&options, &life.controller, NULL);
	assert(r == 0);
	r = rw_key_create_admin(life.controller, token, NULL);
	assert(r == 0);
	(void)snprintf(authorization, sizeof(authorization), "Bearer %s", token);
	r = rw_key_authenticate(life.controller, token, &(struct rw_address){0}, &actor, NULL);
	assert(r == 0);
	rw_console_sign_in(life.controller, &actor, cookie, &session);
	(void)snprintf(session_cookie, sizeof(session_cookie), "ringwall=%s", cookie);
	r = rw_api_new(&(struct rw_api_options){.controller = life.controller,
						.clock = rw_clock_system(),
						.random = rw_random_system(),
						.console = &site,
						.server_url = "https://controller:8443"},
		       &life.api, NULL);
	assert(r == 0);
}

/* ---- requests ---- */

static void split_query(struct rw_http_request *request, char *query)
{
	while (query && *query && request->parameter_count < RW_HTTP_MAX_PARAMETERS) {
		char *next = strchr(query, '&');
		char *equals;

		if (next)
			*next++ = '\0';
		equals = strchr(query, '=');
		if (equals)
			*equals = '\0';
		request->parameters[request->parameter_count++] =
			(struct rw_http_parameter){query, equals ? equals + 1 : ""};
		query = next;
	}
}

static void split_path(struct rw_http_request *request, char *path)
{
	while (path && request->segment_count < RW_HTTP_MAX_SEGMENTS) {
		char *next = strchr(path, '/');

		if (next)
			*next++ = '\0';
		request->segments[request->segment_count++] = path;
		path = next;
	}
}

/* "METHOD /path?query"; false when it is none. */
static bool split_line(struct rw_http_exchange *exchange, char *line, char *copy)
{
	struct rw_http_request *request = &exchange->request;
	char *target = strchr(line, ' ');
	char *query;

	if (!target || target[1] != '/')
		return false;
	*target++ = '\0';
	request->method = line;
	request->target = request->path = strcpy(copy, target);
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	split_query(request, query);
	if (target[1])
		split_path(request, target + 1);
	return true;
}

/* The line's header, if it is one that is read; then what stands behind the line. */
static char *take_header(struct rw_http_exchange *exchange, char *line)
{
	char *end = strchr(line, '\n');

	for (size_t i = 0; end && i < HEADER_COUNT; i++) {
		size_t length = strlen(header_names[i]);

		if (strncmp(line, header_names[i], length) != 0 || strncmp(line + length, ": ", 2) != 0)
			continue;
		*end = '\0';
		exchange->headers[i] = line + length + 2;
		return end + 1;
	}
	return line;
}

static void drop(struct rw_http_exchange *exchange)
{
	struct rw_http_stream *stream = exchange->stream;

	if (exchange->gone)
		exchange->gone(exchange, exchange->userdata);
	if (stream)
		stream->options.closed(stream, RW_HTTP_STREAM_GONE, stream->options.userdata);
	free(stream);
	run_loop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rw_http_exchange exchange = {.text = calloc(1, 2 * size + 2)};
	char *line_end;

	assert(exchange.text);
	if (size)
		memcpy(exchange.text, data, size);
	if (life.runs++ % RUNS_PER_LIFE == 0) {
		life_end();
		life_begin();
	}
	line_end = memchr(exchange.text, '\n', size);
	if (line_end) {
		char *body = line_end + 1;

		*line_end = '\0';
		for (char *next = take_header(&exchange, body); next != body;
		     next = take_header(&exchange, body))
			body = next;
		exchange.request.body = body;
		exchange.request.body_size = size - (size_t)(body - exchange.text);
		(void)strcpy(exchange.request.peer_address, "192.0.2.1");
		if (split_line(&exchange, exchange.text, exchange.text + size + 1)) {
			rw_api_handle(&exchange, life.api);
			if (size % 2) /* else the client goes away first */
				run_loop();
			assert(exchange.ends == 1);
			drop(&exchange);
		}
	}
	free(exchange.text);
	return 0;
}
