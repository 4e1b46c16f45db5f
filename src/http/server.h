/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP server
 * ===========
 *
 * HTTP/1.1 over TLS inside our loop, by libmicrohttpd.  For each request the handler is called once, on the
 * loop thread, when the whole request has arrived and was found well-formed and within its limits.  What
 * happens then:
 *
 *   answered    the handler calls rw_http_answer() before it returns;
 *   deferred    the handler calls rw_http_exchange_defer(), returns, and keeps the exchange: somebody calls
 *               rw_http_answer() later, from the loop thread (--wait);
 *   streaming   rw_http_stream_start() turns the exchange into a stream that lives until one of its ends
 *               says otherwise (server-sent events, agents).
 *
 * An exchange ends with its answer: rw_http_answer() and rw_http_stream_start() consume it, the pointer is
 * dead after they return.  A deferred exchange may also end because the client went away or the server hangs up or is
 * freed; then the function given to rw_http_exchange_defer() runs, and only then.  The same holds for a
 * stream and its 'closed'.
 *
 * Slow, broken and hostile clients cost nothing but themselves:
 *   - header and body, connections (all and by address), streams, queued bytes of a stream: all are bounded;
 *   - a request must arrive whole in time, an answer must be taken in time: not one byte now and then;
 *   - Content-Length beside Transfer-Encoding, two lengths, bad escapes and control characters are refused;
 *   - the body of a request that is refused is not read (the connection closes after the answer);
 *   - when there is no room, the connections of strangers and idle ones go first (see rw_http_exchange_vouch);
 *   - a disconnect is noticed during a deferred answer and a stream too (who shuts down only its sending side
 *     counts as gone); a dead peer is noticed when it has not acknowledged bytes for twice
 *     limits.answer_seconds.
 *
 * A client certificate is optional.  When one is shown it is judged against the authority, here, before any
 * handler: one that is foreign or expired ends in 403, so a handler sees a certificate that holds or none.
 *
 * Refusals made here are application/problem+json (RFC 9457) as those of the API are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/cert.h"
#include "loop/loop.h"

#define RW_HTTP_MAX_SEGMENTS   16
#define RW_HTTP_MAX_PARAMETERS 32
#define RW_HTTP_MAX_TARGET     4096 /* bytes of path and query */

/* Every field: 0 = the default in brackets. */
struct rw_http_limits {
	size_t body_bytes;   /* of a request [1.5 MiB] */
	size_t target_bytes; /* of path and query, with raw_query [RW_HTTP_MAX_TARGET] */
	/* About as many for the request line and the headers [8 KiB]; also the memory of a connection. */
	size_t header_bytes;
	unsigned int connections; /* open at a time [1024] */
	/* Of them, those of the last two seconds that had no request yet, at most 8 of an address; more wait [256]. */
	unsigned int young;
	unsigned int address_connections; /* of one peer address [256] */
	unsigned int strangers;           /* of those that nobody has vouched for [as many as connections] */
	unsigned int streams;             /* exchanges deferred or streaming at a time [512] */
	unsigned int caller_streams;      /* of all callers that are no nodes [as many as streams] */
	unsigned int own_streams;         /* of one such caller [as many as caller_streams] */
	/* For a request to arrive whole, counted from connect or from the answer before [30]. */
	unsigned int request_seconds;
	unsigned int answer_seconds;   /* for a client to take a complete answer [30] */
	unsigned int stranger_seconds; /* for a stranger, while there is no room for more of them [5] */
};

struct rw_http_exchange;
struct rw_http_server;
struct rw_tls_ticket_key;

typedef void (*rw_http_handler_fn)(struct rw_http_exchange *exchange, void *userdata);

struct rw_http_server_options {
	struct rw_loop *loop;
	const struct rw_clock *clock;
	const char *address;  /* numeric, "127.0.0.1", "::1", "0.0.0.0", "::" (both families) */
	uint16_t port;        /* 0 = any, see rw_http_server_port */
	bool plain;           /* no TLS; refused unless 'address' is a loopback address */
	const char *cert_pem; /* of the server, with its chain; copied, as the next two are */
	const char *key_pem;
	const char *ca_pem; /* bundle that judges client certificates; NULL = they are not asked for */
	const struct rw_tls_ticket_key *tickets; /* for clients to come back with; NULL = none; copied */
	/* The handler reads the query in request->target itself: there are no parameters, and no limit of them. */
	bool raw_query;
	struct rw_http_limits limits;
	rw_http_handler_fn handler;
	void *userdata;
};

/*
 * Listens and serves from now on.  -EINVAL for a bad address, plain HTTP beyond loopback, or key material
 * that does not fit together; -EADDRINUSE and the like from the system.
 */
RW_NODISCARD int rw_http_server_new(const struct rw_http_server_options *options,
				    struct rw_http_server **ret_server, struct rw_error *err);

/*
 * Shows new connections another certificate, and judges their clients by another bundle; connections that are
 * open go on with what they began with.  -EINVAL for texts that do not fit together: all stays as it was.
 */
RW_NODISCARD int rw_http_server_renew(struct rw_http_server *server, const char *cert_pem,
				      const char *key_pem, const char *ca_pem, struct rw_error *err);

/* The port that is listened on. */
uint16_t rw_http_server_port(const struct rw_http_server *server);

/*
 * Stops listening, ends deferred exchanges and streams (their functions run, inside this call), closes all
 * connections.  Not from inside a handler.
 */
struct rw_http_server *rw_http_server_free(struct rw_http_server *server);
RW_DEFINE_CLEANUP(struct rw_http_server *, rw_http_server_free)

/*
 * Ends deferred exchanges (their connections are cut) and streams (in order, behind what is queued); their functions
 * run inside this call.  The server goes on listening and serving.  Not from inside a handler.
 */
void rw_http_server_hang_up(struct rw_http_server *server);

struct rw_http_server_counts {
	unsigned int connections;    /* open now */
	unsigned int strangers;      /* of those, the ones that nobody has vouched for */
	unsigned int streams;        /* deferred or streaming now */
	unsigned int caller_streams; /* of those, the ones of callers that are no nodes */
	uint64_t requests;           /* that reached the handler, ever */
	uint64_t refused;            /* requests refused here, ever */
	uint64_t streams_refused;    /* that found no place, ever */
	uint64_t cut;                /* connections cut for slowness, ever */
	uint64_t displaced;          /* connections that went to make room for others, ever */
	uint64_t resumed;            /* connections that a ticket spared the certificates, ever */
};

struct rw_http_server_counts rw_http_server_counts(const struct rw_http_server *server);

/* ---- the request: all texts live as long as the exchange ---- */

struct rw_http_parameter {
	const char *name;  /* decoded */
	const char *value; /* decoded; "" when there was no "=" */
};

struct rw_http_request {
	const char *method; /* as sent: "GET", "POST", ... */
	const char *target; /* as sent: path and query */
	const char *path;   /* path alone, as sent, begins with "/" */

	/* The path split at "/" and then decoded: "/v1/groups/a%2Fb" = "v1", "groups", "a/b".  UTF-8 is not
	 * checked; there is no NUL or other control character inside.  "/" has no segment; a trailing "/"
	 * gives a last "". */
	const char *segments[RW_HTTP_MAX_SEGMENTS];
	size_t segment_count;

	/* The query, decoded ("+" is a space), in order, repeated names included. */
	struct rw_http_parameter parameters[RW_HTTP_MAX_PARAMETERS];
	size_t parameter_count;

	const char *body; /* NUL-terminated behind 'body_size'; "" when there is none */
	size_t body_size;

	char peer_address[46]; /* numeric, without port; IPv4 also when it came by an IPv6 socket */
	uint16_t peer_port;
	bool secure;                            /* by TLS */
	const struct rw_cert_info *certificate; /* of the client, verified; NULL = none shown */
};

const struct rw_http_request *rw_http_exchange_request(const struct rw_http_exchange *exchange);

/* Who asks, as far as the handler has found out. */
enum rw_http_standing {
	RW_HTTP_STRANGER, /* nobody knows yet */
	RW_HTTP_CALLER, /* shares limits.caller_streams with all of its sort, and has limits.own_streams of them at most */
	RW_HTTP_NODE, /* finds the places that callers may not take */
};

/*
 * Says that whoever is behind this connection has proved to be 'id'; for the handler, before it defers or streams.  It
 * holds for the connection, until another request on it says otherwise.
 *
 * At limits.strangers a newcomer takes the place of the newest stranger of the address (IPv6: /64) that has the most of
 * them.  Where no address has more than a few, newcomers wait, and strangers are cut after limits.stranger_seconds.  At
 * limits.connections the one goes that has been without a request for longest, of those that hold no stream and no
 * deferred answer.
 */
void rw_http_exchange_vouch(struct rw_http_exchange *exchange, enum rw_http_standing standing,
			    const char *id);

/* The first header of that name (any case), or NULL. */
const char *rw_http_exchange_header(const struct rw_http_exchange *exchange, const char *name);

/* Calls 'each' for every header, repeated names included, in the order of their arrival until it returns false. */
void rw_http_exchange_headers(const struct rw_http_exchange *exchange,
			      bool (*each)(void *userdata, const char *name, const char *value),
			      void *userdata);

/* The value of the first parameter of that name, or NULL. */
const char *rw_http_request_parameter(const struct rw_http_request *request, const char *name);

/* ---- the answer ---- */

#define RW_HTTP_MAX_ANSWER_HEADERS 12

/* Adds a header to the answer or stream to come.  Both texts are copied.  -EINVAL for characters that may not
 * be in a header, -E2BIG beyond RW_HTTP_MAX_ANSWER_HEADERS, -ENOMEM. */
RW_NODISCARD int rw_http_answer_header(struct rw_http_exchange *exchange, const char *name,
				       const char *value);

/*
 * Answers and consumes the exchange.  'status' 200..599; 'content_type' NULL = none; 'body' is copied and may
 * be NULL when 'size' is 0.  Cannot fail for the caller: without memory the connection is cut.
 */
void rw_http_answer(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
		    const void *body, size_t size);

/* The same, but takes 'body' (from malloc), also when something fails: saves the copy of large answers. */
void rw_http_answer_take(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			 char *body, size_t size);

/* The same, but 'body' is only lent: it must not change or go as long as the server lives. */
void rw_http_answer_lend(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			 const void *body, size_t size);

/*
 * Says that the exchange will be answered later.  Call it in the handler, before returning.  'gone' runs at
 * most once, when there is nobody to answer to any more; the exchange is dead when it returns and must not be
 * answered in it.
 * 0; -EDQUOT when the caller has its limits.own_streams already, -EBUSY when all places that it might take are taken.
 */
RW_NODISCARD int rw_http_exchange_defer(struct rw_http_exchange *exchange,
					void (*gone)(struct rw_http_exchange *exchange, void *userdata),
					void *userdata);

/* ---- streams ---- */

struct rw_http_stream;

enum rw_http_stream_end {
	RW_HTTP_STREAM_GONE,     /* the client went away */
	RW_HTTP_STREAM_SLOW,     /* the client did not read: its queue was full and it was cut */
	RW_HTTP_STREAM_STOPPING, /* the server is being freed, or hangs up */
};

struct rw_http_stream_options {
	unsigned int status;       /* 0 = 200 */
	const char *content_type;  /* "text/event-stream", "application/x-ndjson" */
	size_t queue_bytes;        /* most that may wait for a slow client */
	unsigned int heartbeat_ms; /* 0 = none; sent when nothing else was for this long */
	const char *heartbeat;     /* ": \n\n" or "{\"heartbeat\":true}\n"; must outlive the stream */
	/* Runs once unless rw_http_stream_finish() came first, never inside one of the functions below; the
	 * stream is dead when it returns. */
	void (*closed)(struct rw_http_stream *stream, enum rw_http_stream_end end, void *userdata);
	void *userdata;
};

/*
 * Makes a stream of the exchange and consumes it (at success only).  The header is sent at once.
 * 0; -EDQUOT, -EBUSY as rw_http_exchange_defer, -ENOMEM: the exchange is then as before and waits for its answer.
 */
RW_NODISCARD int rw_http_stream_start(struct rw_http_exchange *exchange,
				      const struct rw_http_stream_options *options,
				      struct rw_http_stream **ret_stream);

/*
 * Queues bytes (copied); all that is queued in one turn of the loop leaves together at its end.
 * 0; -ENOBUFS when the queue is full: the stream is cut and 'closed' will run soon; -EPIPE after that;
 * -ENOMEM, cut too.
 */
RW_NODISCARD int rw_http_stream_send(struct rw_http_stream *stream, const void *bytes, size_t size);

/* Bytes that wait for the client. */
size_t rw_http_stream_queued(const struct rw_http_stream *stream);

/* Ends the stream in order, after what is queued; it is dead at once and 'closed' does not run. */
void rw_http_stream_finish(struct rw_http_stream *stream);
