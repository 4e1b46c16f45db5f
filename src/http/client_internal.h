/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of the client
 * ====================
 *
 * transport.c   one connection: look-up, TCP, TLS, bytes in and out; knows nothing of HTTP
 * response.c    reads answers
 * client.c      calls: start, times, trying again, end
 * call.c        the bytes of a call: request text, sending, receiving, events to callbacks
 * pool.c        kept connections
 * wait.c        a call that blocks
 */

#include "crypto/tls.h"
#include "http/client.h"
#include "http/response.h"
#include "http/url.h"

struct transport;

/* What a transport tells; both run on the loop thread and may free the transport. */
struct transport_events {
	void (*connected)(void *userdata);
	void (*ready)(unsigned int events, void *userdata); /* RW_LOOP_READABLE and/or RW_LOOP_WRITABLE */
	void (*failed)(const struct rw_error *err, void *userdata);
};

/*
 * Begins to connect to the host and port of 'url'.  'tls' NULL = plain.  'connected' or 'failed' runs later.
 */
RW_NODISCARD int transport_new(struct rw_loop *loop, struct rw_tls_client *tls, const struct rw_http_url *url,
			       int64_t now_s, const struct transport_events *events, void *userdata,
			       struct transport **ret_transport, struct rw_error *err);
struct transport *transport_free(struct transport *transport);
RW_DEFINE_CLEANUP(struct transport *, transport_free)

/* Another holder takes over what it tells. */
void transport_set_owner(struct transport *transport, const struct transport_events *events, void *userdata);

/* Whether it is connected to that origin. */
bool transport_fits(const struct transport *transport, const struct rw_http_url *url);

/* For how long it has been there at 'now_s'. */
int64_t transport_age_s(const struct transport *transport, int64_t now_s);

/* Whether it is plain, or was begun with 'tls'. */
bool transport_uses(const struct transport *transport, const struct rw_tls_client *tls);

/* As rw_tls_session_read and _write, for either kind; -EAGAIN arranges for 'ready'. */
RW_NODISCARD ssize_t transport_read(struct transport *transport, void *bytes, size_t size,
				    struct rw_error *err);
RW_NODISCARD ssize_t transport_write(struct transport *transport, const void *bytes, size_t size,
				     struct rw_error *err);

/* Whether a read would give bytes that no event will announce. */
bool transport_has_pending(const struct transport *transport);

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
	struct rw_http_call_options options; /* its texts are not used after the start */
	struct rw_http_url url;
	char *url_text;
	struct rw_buf request;
	size_t sent;
	bool idempotent;

	struct transport *transport; /* owned */
	bool connected;
	bool reused; /* the transport was kept from an earlier call */
	bool retried;
	bool may_have_left; /* some of the request, on whichever connection */

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

/* client.c */
void http_call_free(struct rw_http_call *call);
/* What has come of the answer so far. */
struct rw_http_response http_call_describe(const struct rw_http_call *call);
/* Tells the end of the call ('err' NULL at success) and frees it. */
void http_call_finish(struct rw_http_call *call, int result, const struct rw_error *err);
/* The same for a failure, unless it can be tried again. */
void http_call_fail(struct rw_http_call *call, const struct rw_error *err);

/* call.c */
int http_call_write_request(struct rw_http_call *call, const struct rw_http_call_options *options,
			    struct rw_error *err);
/* Moves the call on as far as the socket allows; it may be gone afterwards. */
void http_call_pump(struct rw_http_call *call);

/* pool.c: 'transport' is taken. */
void http_pool_keep(struct rw_http_client *client, struct transport *transport);
/* Gives a kept connection to that origin, or NULL. */
struct transport *http_pool_take(struct rw_http_client *client, const struct rw_http_url *url);
void http_pool_clear(struct rw_http_client *client);
