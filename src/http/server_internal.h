/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of the server
 * ====================
 *
 * libmicrohttpd runs without threads and without a listening socket: the loop watches our listening socket
 * and its epoll descriptor; connections are handed over by MHD_add_connection(), and whenever one of the two
 * may have made progress, run_daemon() calls MHD_run().
 *
 * Facts about libmicrohttpd 0.9.75 that shape this code:
 *   - a suspended connection notices neither disconnect nor time-out: connection_hold() watches its socket
 *     for the hangup; times are ours alone (sweep), MHD has none;
 *   - MHD_stop_daemon() with a suspended connection aborts: rw_http_server_free() resumes all, runs once,
 *     stops;
 *   - after a content reader's failure the connection is closed inside, but let go only if it is looked at once more, which
 *     happens to those with a time-out of their own: keep_in_sight() in server.c;
 *   - a content reader that gives 0 bytes must have suspended the connection, or MHD spins;
 *   - an answer in the middle of an upload is refused: refusals happen at the first call or after the last;
 *   - Content-Length beside Transfer-Encoding is accepted: refused by us;
 *   - client certificates are requested but not judged: rw_tls_peer_verify() does, once a connection;
 *   - resuming only marks: the answer leaves at the next MHD_run(), for which resume arms 'kick'.
 *
 * Lifetimes: a connection of ours lives from MHD's "started" to its "closed" notification; an exchange from
 * the request line to "completed", or to the end of the connection if MHD never told; a stream has two
 * holders, see stream.c.
 */

#include <microhttpd.h>

#include "base/buf.h"
#include "http/server.h"

enum { SOURCES = 4096 };

struct connection_list {
	struct http_connection *first;
	struct http_connection *last;
	unsigned int count;
};

struct rw_http_server {
	struct rw_loop *loop;
	const struct rw_clock *clock;
	rw_http_handler_fn handler;
	void *userdata;
	struct rw_http_limits limits;
	bool secure;
	bool raw_query;
	bool judges_clients;
	struct rw_tls_server *tls; /* what new connections are shown; NULL = plain */
	uint16_t port;

	struct MHD_Daemon *daemon;
	int listen_fd;
	struct rw_loop_watch *listen_watch;
	struct rw_loop_watch *daemon_watch;
	struct rw_loop_deferred *kick;
	struct rw_loop_timer *sweep;

	struct http_connection *connections; /* list of all */
	struct connection_list strangers;    /* the oldest first */
	struct connection_list loose;        /* see room.c; the longest without a request first */
	uint16_t sources[SOURCES];           /* strangers by hash of their address */
	unsigned int crowds;                 /* sources with more than a few of them */
	struct rw_http_exchange *held;       /* list of those of callers */
	unsigned int young;                  /* of them */
	struct rw_http_server_counts counts;
	bool stopping;
	bool running; /* inside MHD_run */
};

struct http_connection {
	struct rw_http_server *server;
	struct MHD_Connection *mhd;
	int fd; /* borrowed from MHD */
	struct http_connection *next;
	struct http_connection *previous;

	uint64_t deadline_ms;               /* loop time; 0 = none */
	struct rw_loop_watch *hangup_watch; /* while suspended */
	bool suspended;
	bool ended;  /* is being closed by us */
	bool served; /* has had a request that was handled: silence after that is no slowness */
	bool young;  /* see connection_settle */

	enum rw_http_standing standing;
	uint64_t owner;               /* hash of who has proved to be behind it; 0 = nobody has */
	uint64_t since_ms;            /* loop time of its beginning */
	unsigned int source;          /* slot in 'sources' */
	struct connection_list *room; /* which it is in; NULL = none */
	struct http_connection *room_next;
	struct http_connection *room_previous;

	struct rw_tls_server *tls; /* a reference: what this one was shown */
	int peer_result;           /* of rw_tls_peer_verify, once 'peer_judged' */
	bool peer_judged;
	struct rw_cert_info certificate;
	struct rw_error peer_error;

	struct rw_http_exchange *exchange; /* owned; the request under way, or NULL */
};

enum exchange_stage {
	EXCHANGE_TARGET,   /* the request line has come */
	EXCHANGE_BODY,     /* headers were accepted */
	EXCHANGE_HANDLING, /* the handler is running */
	EXCHANGE_DEFERRED, /* somebody will answer */
	EXCHANGE_ANSWERED, /* 'response' is set, or queued */
	EXCHANGE_STREAM,
};

struct answer_header {
	char *name; /* owned, the value is in the same block */
	char *value;
};

struct rw_http_exchange {
	struct http_connection *connection;
	enum exchange_stage stage;
	struct rw_http_request request;
	char *storage; /* texts of the request's target */
	struct rw_buf body;
	size_t discarded; /* bytes of a body that is too large */

	unsigned int refusal_status; /* 0 = none */
	struct rw_error refusal;

	struct answer_header headers[RW_HTTP_MAX_ANSWER_HEADERS];
	size_t header_count;
	unsigned int status;           /* of the answer or stream */
	struct MHD_Response *response; /* owned; set by the answer until it is queued */
	bool queued;
	bool abandoned; /* nobody listens any more */

	enum rw_http_standing held_as; /* while it holds a place, so that giving back fits taking */
	struct rw_http_exchange *held_next;
	struct rw_http_exchange *held_previous;

	void (*gone)(struct rw_http_exchange *exchange, void *userdata);
	void *gone_userdata;
	struct rw_http_stream *stream;
};

/* exchange.c */
void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_continue(void *server, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **context);
void exchange_completed(void *server, struct MHD_Connection *mhd, void **context,
			enum MHD_RequestTerminationCode code);
/* Tells whoever waits on the exchange that it has ended, and frees it. */
void exchange_end(struct rw_http_exchange *exchange);
/* The same for one that is deferred or a stream, while its connection is open. */
void exchange_hang_up(struct rw_http_exchange *exchange);
int exchange_add_headers(struct rw_http_exchange *exchange, struct MHD_Response *response,
			 const char *content_type);

/* stream.c: the exchange of the stream has ended; tells its owner, unless that has finished it. */
void stream_connection_ended(struct rw_http_stream *stream);
/* Ends the stream in order and tells its owner, unless that has finished it. */
void stream_hang_up(struct rw_http_stream *stream);
/* The client does not take what is queued since 'limit_ms'. */
bool stream_is_stalled(const struct rw_http_stream *stream, uint64_t now_ms, uint64_t limit_ms);
void stream_mark_slow(struct rw_http_stream *stream);

/* server.c */
void connection_hold(struct http_connection *connection);
void connection_resume(struct http_connection *connection);
void connection_settle(struct http_connection *connection);
void connection_cut(struct http_connection *connection); /* for slowness */
void connection_end(struct http_connection *connection);

/* room.c */
void room_enter(struct http_connection *connection); /* a new one */
void room_leave(struct http_connection *connection);
/* Whether there are many strangers of the address of one that has entered. */
bool room_is_crowded(const struct http_connection *connection);
void room_note_request(struct http_connection *connection);
/* Whether there may be one more connection. */
bool room_is_there(const struct rw_http_server *server);
/* Ends connections in whose place others may come. */
void room_make(struct rw_http_server *server);
/* A place for a stream or a deferred answer: 0, -EBUSY, -EDQUOT; and back. */
int room_take(struct rw_http_exchange *exchange);
void room_give_back(struct rw_http_exchange *exchange);
