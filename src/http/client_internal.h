/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of the client
 * ====================
 *
 * transport.c   one connection: look-up, TCP, TLS, bytes in and out; knows nothing of HTTP
 * response.c    reads answers
 * client.c      calls: request text, times, events to callbacks, kept connections
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

/* Begins to connect to the host and port of 'url'.  'tls' NULL = plain.  'connected' or 'failed' runs later. */
RW_NODISCARD int transport_new(struct rw_loop *loop, struct rw_tls_client *tls, const struct rw_http_url *url,
			       int64_t now_s, const struct transport_events *events, void *userdata,
			       struct transport **ret_transport, struct rw_error *err);
struct transport *transport_free(struct transport *transport);
RW_DEFINE_CLEANUP(struct transport *, transport_free)

/* Another holder takes over what it tells. */
void transport_set_owner(struct transport *transport, const struct transport_events *events, void *userdata);

/* Whether it is connected to that origin. */
bool transport_fits(const struct transport *transport, const struct rw_http_url *url);

/* As rw_tls_session_read and _write, for either kind; -EAGAIN arranges for 'ready'. */
RW_NODISCARD ssize_t transport_read(struct transport *transport, void *bytes, size_t size,
				    struct rw_error *err);
RW_NODISCARD ssize_t transport_write(struct transport *transport, const void *bytes, size_t size,
				     struct rw_error *err);

/* Whether a read would give bytes that no event will announce. */
bool transport_has_pending(const struct transport *transport);

/* client.c, for wait.c */
struct rw_loop *http_client_loop(const struct rw_http_client *client);
