/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <assert.h>
#include <string.h>

#include "http/client_internal.h"

enum {
	DEFAULT_CONNECT_MS = 10000,
	DEFAULT_TOTAL_MS = 30000,
	DEFAULT_IDLE_MS = 30000,
	DEFAULT_BODY_BYTES = 4 * 1024 * 1024,
	DEFAULT_LINE_BYTES = 1024 * 1024,
	REQUEST_EXTRA_BYTES = 64 * 1024, /* of a request besides its body */
};

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
	/*
	 * Files that were named are read at once, so that a mistake shows at once; the system's authorities
	 * are large and are read when they are needed.
	 */
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
	http_pool_clear(client);
	rw_tls_client_free(client->tls);
	free(client->ca_file);
	free(client->cert_file);
	free(client->key_file);
	free(client);
	return NULL;
}

int rw_http_client_reload(struct rw_http_client *client, struct rw_error *err)
{
	struct rw_tls_client *tls;
	int r = rw_tls_client_new(client->ca_file, client->cert_file, client->key_file, &tls, err);

	if (r < 0)
		return r;
	(void)rw_tls_client_free(client->tls);
	client->tls = tls;
	http_pool_clear(client);
	return 0;
}

/* ---- the end of a call ---- */

void http_call_free(struct rw_http_call *call)
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

struct rw_http_response http_call_describe(const struct rw_http_call *call)
{
	return (struct rw_http_response){
		.status = call->reader.head_complete ? call->reader.status : 0,
		.headers = call->reader.headers,
		.header_count = call->reader.head_complete ? call->reader.header_count : 0,
		.body = call->body.data,
		.body_size = call->body.size,
		.unsent = !call->may_have_left,
	};
}

void http_call_finish(struct rw_http_call *call, int result, const struct rw_error *err)
{
	struct rw_http_response response = http_call_describe(call);
	bool reusable = result == 0 && call->reader.keep_alive && call->sent == call->request.size;

	if (reusable && !transport_has_pending(call->transport))
		http_pool_keep(call->client, RW_TAKE_PTR(call->transport));
	call->transport = transport_free(call->transport);
	rw_loop_timer_stop(call->timer);
	call->depth++; /* abort inside 'done' is a mistake, but a harmless one */
	call->options.done(call, result, &response, err, call->options.userdata);
	http_call_free(call);
}

void rw_http_call_abort(struct rw_http_call *call)
{
	if (call->depth > 0)
		call->aborted = true; /* freed when the callback has returned */
	else
		http_call_free(call);
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

void http_call_fail(struct rw_http_call *call, const struct rw_error *err)
{
	if (!try_again(call))
		http_call_finish(call, err->code, err);
}

static void call_failed(const struct rw_error *err, void *userdata)
{
	struct rw_error copy = *err; /* 'err' may lie in the transport, which is freed */

	http_call_fail(userdata, &copy);
}

static void call_connected(void *userdata)
{
	struct rw_http_call *call = userdata;

	call->connected = true;
	call->may_have_left = true;
	call->progress_ms = rw_loop_now_ms(call->client->loop);
	http_call_pump(call);
}

static void call_ready(unsigned int events, void *userdata)
{
	(void)events;
	http_call_pump(userdata);
}

static void call_more(void *userdata)
{
	http_call_pump(userdata);
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
		http_call_finish(call, err.code, &err);
	else
		timer_set(call);
}

/* ---- starting ---- */

static void begin_on_kept(struct rw_http_call *call)
{
	call->connected = true;
	call->may_have_left = true;
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
	r = http_call_write_request(call, options, err);
	if (r < 0)
		return r;
	call->idempotent = strcmp(options->method, "POST") != 0 && strcmp(options->method, "PATCH") != 0;
	call->reader.has_no_body = strcmp(options->method, "HEAD") == 0;
	call->transport = http_pool_take(call->client, &call->url);
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
		http_call_free(call);
		return r;
	}
	timer_set(call);
	*ret_call = call;
	return 0;
}
