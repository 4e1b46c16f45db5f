/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP client
 * ===========
 *
 * HTTP/1.1 over TLS (or plain) inside our loop: one call = one request, answered by callbacks on the loop
 * thread.
 *
 * It is our own, over src/crypto's TLS: a process that does one request with Debian's libcurl-gnutls has 10.9
 * MB resident (32 shared libraries), with this 5.7 MB, and the whole agent must stay below 8 MB.  It does
 * what ringwall needs and refuses the rest: no redirects, cookies, proxies, compression, HTTP/2.
 *
 * Connections are kept alive and used again by the next call to the same origin; idle ones (at most
 * RW_HTTP_CLIENT_MAX_IDLE) are watched, so one that the server closed is not tried.  After RW_HTTP_CLIENT_MAX_AGE_S a new
 * one is made, so that the ticket by which connections begin (crypto/tls.h) never gets too old.  A call whose kept
 * connection turns out dead before a byte of the answer came is repeated once on a new one if its method is
 * idempotent.  Host names are looked up on a pool thread; numeric addresses and the use of a kept connection need no
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "loop/loop.h"

#define RW_HTTP_CLIENT_MAX_IDLE    4
#define RW_HTTP_CLIENT_MAX_AGE_S   (6 * 3600) /* of a connection that is used again */
#define RW_HTTP_CLIENT_MAX_HEADERS 64         /* of an answer */
#define RW_HTTP_CLIENT_HEAD_BYTES  16384      /* of status line and headers of an answer */

struct rw_http_client;
struct rw_http_call;

struct rw_http_client_options {
	struct rw_loop *loop;
	const struct rw_clock *clock; /* its real time judges certificates */
	const char *ca_file;          /* PEM; NULL = the system's authorities */
	const char *cert_file;        /* PEM; NULL = no client certificate */
	const char *key_file;
	const char *ca_fingerprint; /* SHA-256 (hex) of the only authority to trust; NULL = see ca_file */
};

/* Reads the files now; see _reload for when they change.  -errno of reading, -EINVAL for unfit content. */
RW_NODISCARD int rw_http_client_new(const struct rw_http_client_options *options,
				    struct rw_http_client **ret_client, struct rw_error *err);

/*
 * Reads the files again, for calls made from now on; calls under way end as they began.  Not for a client with
 * a 'ca_fingerprint'.  On failure (as of _new) all stays as it was.
 */
RW_NODISCARD int rw_http_client_reload(struct rw_http_client *client, struct rw_error *err);

/* Closes idle connections; asserts that no call is under way. */
struct rw_http_client *rw_http_client_free(struct rw_http_client *client);
RW_DEFINE_CLEANUP(struct rw_http_client *, rw_http_client_free)

struct rw_http_header {
	const char *name;
	const char *value;
};

/* An answer; all texts live during the callback only. */
struct rw_http_response {
	unsigned int status;
	const struct rw_http_header *headers;
	size_t header_count;
	const char *body; /* NUL-terminated behind 'body_size'; empty when it was streamed to 'line' */
	size_t body_size;
	bool unsent; /* after a failure: nothing of the request has left, so another server may be asked as well */
};

struct rw_http_call_options {
	const char *method; /* "GET", "POST", ... */
	const char *url; /* http://host[:port]/path?query or https://...; IPv6 in brackets; already encoded */
	const struct rw_http_header *headers; /* besides Host, Content-Length; no line breaks */
	size_t header_count;
	const void *body; /* copied, as all texts are */
	size_t body_size;
	const char *content_type; /* of the body; NULL = none */

	/* 0 = the default in brackets. */
	unsigned int connect_ms; /* look-up, TCP and TLS together [10 s] */
	unsigned int total_ms;   /* from start to the end of the answer [30 s; none with 'line'] */
	unsigned int idle_ms;    /* longest silence while an answer is awaited or arrives [30 s] */
	size_t max_body_bytes;   /* [4 MiB] */
	size_t max_line_bytes;   /* of one line with 'line' [1 MiB] */

	/*
	 * Nullable.  With it, an answer of status 200 is a stream: it is not collected, but given line by
	 * line, without line end, as the lines arrive.  'line' is NUL-terminated and may be changed by
	 * nobody.  Answers of another status are collected.
	 */
	void (*line)(struct rw_http_call *call, const char *line, size_t length, void *userdata);

	/* Nullable.  Runs once when status and headers have come ('body' is still empty). */
	void (*head)(struct rw_http_call *call, const struct rw_http_response *response, void *userdata);

	/*
	 * Runs once unless the call is aborted; the call is dead when it returns.  'result' 0: *response is
	 * the answer, of whatever status.  Negative: no complete answer came and 'err' says why:
	 * -EKEYREJECTED, -EKEYEXPIRED the server's certificate; -ETIMEDOUT; -ECONNREFUSED, -EHOSTUNREACH, ...
	 * no connection; -ECONNRESET it ended early; -EPROTO not HTTP, or TLS failed; -EMSGSIZE a limit
	 * above; -ENOENT unknown host.  *response then holds status and headers if they had come (status 0:
	 * not).
	 */
	void (*done)(struct rw_http_call *call, int result, const struct rw_http_response *response,
		     const struct rw_error *err, void *userdata);
	void *userdata;
};

/*
 * Starts a call.  No callback runs before this returns.  -EINVAL for a URL or header that is malformed,
 * -ENOMEM: then there is no call and 'done' does not run.
 */
RW_NODISCARD int rw_http_client_call(struct rw_http_client *client,
				     const struct rw_http_call_options *options,
				     struct rw_http_call **ret_call, struct rw_error *err);

/* Ends a call without any further callback; also from inside its own callbacks, 'done' excepted. */
void rw_http_call_abort(struct rw_http_call *call);

struct rw_http_result {
	unsigned int status; /* 0 = no answer */
	char *body;          /* owned, NUL-terminated; NULL = none */
	size_t body_size;
	char *headers; /* owned: "Name: value\n" lines; NULL = none */
	bool unsent;   /* as above; all else is empty then */
};

/*
 * For command lines and tests: makes the call, running the client's loop until it is done (so not from inside
 * a callback), and gives the answer.  'options->line' and 'head' are called as usual; 'done' is replaced.
 * Returns what 'done' would have got as 'result', and of a failed call ret_result->unsent alone; -EINTR when somebody
 * else stopped the loop, the call then being aborted.  Do not abort it yourself.
 */
RW_NODISCARD int rw_http_client_wait(struct rw_http_client *client,
				     const struct rw_http_call_options *options,
				     struct rw_http_result *ret_result, struct rw_error *err);
void rw_http_result_done(struct rw_http_result *result);
RW_DEFINE_DONE(struct rw_http_result, rw_http_result_done)
