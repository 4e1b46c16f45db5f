/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto/tls.h"
#include "http/server_internal.h"

enum {
	SWEEP_MS = 500,
	ACCEPT_BATCH = 64, /* connections accepted before others get their turn */
	BACKLOG = 4096,
	YOUNG_MS = 2000, /* see connection_settle */
};

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage storage;
};

/* ---- running libmicrohttpd ---- */

static void run_daemon(struct rw_http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	assert(!server->running);
	server->running = true;
	(void)MHD_run(server->daemon);
	server->running = false;
	/* MHD has no times of its own here: the only one it can want is "again, now", for bytes that TLS has
	 * decrypted already. */
	if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES)
		rw_loop_deferred_arm(server->kick);
}

static void daemon_ready(unsigned int events, void *userdata)
{
	(void)events;
	run_daemon(userdata);
}

static void kicked(void *userdata)
{
	run_daemon(userdata);
}

/* ---- connections ---- */

static bool has_room(const struct rw_http_server *server)
{
	return room_is_there(server) && server->young < server->limits.young;
}

static void update_accepting(struct rw_http_server *server)
{
	if (server->listen_watch)
		rw_loop_watch_set(server->listen_watch, has_room(server) ? RW_LOOP_READABLE : 0);
}

/*
 * When ten thousand agents call in one moment, their handshakes take longer than any of them waits.  Done all at once
 * they would all come too late, and begin anew; so only some are begun, and the others wait unanswered in the kernel.
 * A connection counts as young until its first request was handled, but not for long; and those of an address that has
 * many do not count at all (room.c): who says nothing keeps nobody out.
 */
static void begin_young(struct http_connection *connection)
{
	connection->young = !room_is_crowded(connection);
	connection->server->young += connection->young;
}

void connection_settle(struct http_connection *connection)
{
	if (!connection->young)
		return;
	connection->young = false;
	if (connection->server->young-- == connection->server->limits.young)
		update_accepting(connection->server);
}

static void connection_started(struct rw_http_server *server, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *session;
	struct http_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return; /* its requests are refused in exchange_begin */
	if (server->secure) {
		session = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
		/* MHD's own are those of the start: without memory for ours the connection is of no use. */
		if (rw_tls_server_attach(server->tls, session->tls_session) < 0) {
			free(connection);
			return;
		}
	}
	*connection = (struct http_connection){
		.server = server,
		.mhd = mhd,
		.fd = info->connect_fd,
		.tls = server->secure ? rw_tls_server_ref(server->tls) : NULL,
		.since_ms = rw_loop_now_ms(server->loop),
		.deadline_ms = rw_loop_now_ms(server->loop) + server->limits.request_seconds * UINT64_C(1000),
		.next = server->connections,
	};
	if (server->connections)
		server->connections->previous = connection;
	server->connections = connection;
	if (server->counts.connections++ == 0)
		rw_loop_timer_start(server->sweep, SWEEP_MS, SWEEP_MS);
	room_enter(connection);
	begin_young(connection);
	*context = connection;
}

static void connection_closed(struct http_connection *connection)
{
	struct rw_http_server *server = connection->server;

	assert(!connection->hangup_watch);
	if (connection->exchange)
		exchange_end(connection->exchange);
	connection_settle(connection);
	room_leave(connection);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	if (--server->counts.connections == 0)
		rw_loop_timer_stop(server->sweep);
	update_accepting(server);
	(void)rw_tls_server_unref(connection->tls);
	free(connection);
}

static void connection_notified(void *userdata, struct MHD_Connection *mhd, void **context,
				enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_started(userdata, mhd, context);
	else if (*context)
		connection_closed(*context);
}

/*
 * A connection whose content reader has failed MHD closes, but looks at it no more, and so never lets it go; only those
 * with a time-out of their own it looks at in every run.
 */
static void keep_in_sight(struct http_connection *connection)
{
	(void)MHD_set_connection_option(connection->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
}

static void hung_up(unsigned int events, void *userdata)
{
	struct http_connection *connection = userdata;

	(void)events;
	connection->exchange->abandoned = true;
	keep_in_sight(connection);
	connection_resume(connection);
}

void connection_hold(struct http_connection *connection)
{
	assert(!connection->suspended);
	MHD_suspend_connection(connection->mhd);
	connection->suspended = true;
	/* Without memory for the watch the disconnect is noticed late: at the next bytes sent. */
	if (rw_loop_watch_new(connection->server->loop, connection->fd, hung_up, connection,
			      &connection->hangup_watch) == 0)
		rw_loop_watch_set(connection->hangup_watch, RW_LOOP_HANGUP);
}

void connection_resume(struct http_connection *connection)
{
	if (!connection->suspended)
		return;
	connection->suspended = false;
	connection->hangup_watch = rw_loop_watch_free(connection->hangup_watch);
	MHD_resume_connection(connection->mhd);
	rw_loop_deferred_arm(connection->server->kick);
}

void connection_cut(struct http_connection *connection)
{
	if (connection->exchange || !connection->served)
		connection->server->counts.cut++;
	connection_end(connection);
}

void connection_end(struct http_connection *connection)
{
	room_leave(connection);
	connection->ended = true;
	connection->deadline_ms = 0;
	if (connection->exchange)
		connection->exchange->abandoned = true;
	/* MHD reads the end of file and closes; the descriptor stays its own. */
	(void)shutdown(connection->fd, SHUT_RDWR);
	keep_in_sight(connection);
	connection_resume(connection);
	rw_loop_deferred_arm(connection->server->kick);
}

/* Cuts whoever has not sent its request, or not taken its answer, in time. */
static void sweep(void *userdata)
{
	struct rw_http_server *server = userdata;
	uint64_t now_ms = rw_loop_now_ms(server->loop);

	for (struct http_connection *connection = server->connections; connection;
	     connection = connection->next) {
		struct rw_http_stream *stream = connection->exchange ? connection->exchange->stream : NULL;

		if (now_ms - connection->since_ms > YOUNG_MS)
			connection_settle(connection);
		if (connection->deadline_ms != 0 && now_ms > connection->deadline_ms) {
			connection_cut(connection);
		} else if (stream && stream_is_stalled(stream, now_ms,
						       server->limits.answer_seconds * UINT64_C(1000))) {
			stream_mark_slow(stream);
			connection_cut(connection);
		}
	}
	room_make(server);
	update_accepting(server);
}

static void connection_waiting(unsigned int events, void *userdata)
{
	struct rw_http_server *server = userdata;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH && has_room(server); i++) {
		union socket_address peer;
		socklen_t size = sizeof(peer);
		int fd = accept4(server->listen_fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			break;
		(void)MHD_add_connection(server->daemon, fd, &peer.any, size); /* closes it when it fails */
		room_make(server);
	}
	update_accepting(server);
	run_daemon(server);
}

/* ---- making a server ---- */

static bool is_loopback(const union socket_address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static int parse_address(const struct rw_http_server_options *options, union socket_address *ret_address,
			 socklen_t *ret_size, struct rw_error *err)
{
	union socket_address address = {0};

	if (inet_pton(AF_INET, options->address, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons(options->port);
		*ret_size = sizeof(address.v4);
	} else if (inet_pton(AF_INET6, options->address, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons(options->port);
		*ret_size = sizeof(address.v6);
	} else {
		return rw_error_set(err, -EINVAL, "\"%s\" is not an address to listen on", options->address);
	}
	if (options->plain && !is_loopback(&address)) {
		rw_error_set(err, -EINVAL, "plain HTTP on %s is refused: it is for loopback addresses only",
			     options->address);
		rw_error_hint(err, "Use TLS, or listen on 127.0.0.1 or ::1.");
		return -EINVAL;
	}
	*ret_address = address;
	return 0;
}

static int open_listener(struct rw_http_server *server, const struct rw_http_server_options *options,
			 struct rw_error *err)
{
	union socket_address address;
	socklen_t size;
	unsigned int user_timeout_ms = server->limits.answer_seconds * 2000; /* the sweep comes first */
	int yes = 1;
	int no = 0;
	int r;

	r = parse_address(options, &address, &size, err);
	if (r < 0)
		return r;
	server->listen_fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server->listen_fd < 0)
		return rw_error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	(void)setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address.any.sa_family == AF_INET6)
		(void)setsockopt(server->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	/*
	 * Accepted connections inherit both.  The second ends connections whose peer has died without a word.
	 */
	(void)setsockopt(server->listen_fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)setsockopt(server->listen_fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
			 sizeof(user_timeout_ms));
	if (bind(server->listen_fd, &address.any, size) < 0 || listen(server->listen_fd, BACKLOG) < 0)
		return rw_error_set(err, -errno, "cannot listen on %s port %u: %s", options->address,
				    (unsigned int)options->port, strerror(errno));
	size = sizeof(address);
	if (getsockname(server->listen_fd, &address.any, &size) < 0)
		return rw_error_set(err, -errno, "cannot listen on %s: %s", options->address,
				    strerror(errno));
	server->port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
	return 0;
}

static struct rw_http_limits with_defaults(struct rw_http_limits limits)
{
	limits.body_bytes = limits.body_bytes ? limits.body_bytes : 3 * 512 * 1024;
	limits.target_bytes = limits.target_bytes ? limits.target_bytes : RW_HTTP_MAX_TARGET;
	limits.header_bytes = limits.header_bytes ? limits.header_bytes : 8192;
	limits.connections = limits.connections ? limits.connections : 1024;
	limits.young = limits.young ? limits.young : 256;
	limits.address_connections = limits.address_connections ? limits.address_connections : 256;
	limits.strangers = limits.strangers ? limits.strangers : limits.connections;
	limits.streams = limits.streams ? limits.streams : 512;
	limits.caller_streams = limits.caller_streams ? limits.caller_streams : limits.streams;
	limits.own_streams = limits.own_streams ? limits.own_streams : limits.caller_streams;
	limits.request_seconds = limits.request_seconds ? limits.request_seconds : 30;
	limits.answer_seconds = limits.answer_seconds ? limits.answer_seconds : 30;
	limits.stranger_seconds = limits.stranger_seconds ? limits.stranger_seconds : 5;
	return limits;
}

static int start_daemon(struct rw_http_server *server, const struct rw_http_server_options *options,
			struct rw_error *err)
{
	const struct rw_http_limits *limits = &server->limits;
	/* MHD reads these as void pointers and does not write through them. */
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->cert_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key_pem},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)RW_TLS_PRIORITY},
		{options->ca_pem ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		 (void *)(uintptr_t)options->ca_pem},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			(server->secure ? MHD_USE_TLS : 0u),
		0, NULL, NULL, exchange_continue, server, MHD_OPTION_CONNECTION_LIMIT, limits->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits->address_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->header_bytes, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, connection_notified, server,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, server, MHD_OPTION_URI_LOG_CALLBACK,
		exchange_begin, server, MHD_OPTION_ARRAY, server->secure ? tls : none, MHD_OPTION_END);
	if (!server->daemon)
		return rw_error_set(err, -EINVAL, "cannot start the HTTP server%s",
				    server->secure ? ": its certificate and key do not fit" : "");
	return 0;
}

static int attach_to_loop(struct rw_http_server *server)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	r = rw_loop_deferred_new(server->loop, kicked, server, &server->kick);
	if (r >= 0)
		r = rw_loop_timer_new(server->loop, sweep, server, &server->sweep);
	if (r >= 0)
		r = rw_loop_watch_new(server->loop, info->epoll_fd, daemon_ready, server,
				      &server->daemon_watch);
	if (r >= 0)
		r = rw_loop_watch_new(server->loop, server->listen_fd, connection_waiting, server,
				      &server->listen_watch);
	if (r < 0)
		return r;
	rw_loop_watch_set(server->daemon_watch, RW_LOOP_READABLE);
	update_accepting(server);
	return 0;
}

int rw_http_server_new(const struct rw_http_server_options *options, struct rw_http_server **ret_server,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_http_server_free) struct rw_http_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return rw_error_oom(err);
	server->loop = options->loop;
	server->clock = options->clock;
	server->handler = options->handler;
	server->userdata = options->userdata;
	server->limits = with_defaults(options->limits);
	server->secure = !options->plain;
	server->raw_query = options->raw_query;
	server->listen_fd = -EBADF;
	if (server->secure && (!options->cert_pem || !options->key_pem))
		return rw_error_set(err, -EINVAL, "TLS needs a certificate and its private key");
	if (server->secure) {
		server->judges_clients = options->ca_pem != NULL;
		r = rw_tls_server_new(options->cert_pem, options->key_pem, options->ca_pem, options->tickets,
				      &server->tls, err);
		if (r < 0)
			return r;
	}
	r = open_listener(server, options, err);
	if (r < 0)
		return r;
	r = start_daemon(server, options, err);
	if (r < 0)
		return r;
	r = attach_to_loop(server);
	if (r < 0)
		return rw_error_set(err, r, "cannot start the HTTP server: %s", strerror(-r));
	*ret_server = RW_TAKE_PTR(server);
	return 0;
}

int rw_http_server_renew(struct rw_http_server *server, const char *cert_pem, const char *key_pem,
			 const char *ca_pem, struct rw_error *err)
{
	struct rw_tls_server *tls;
	int r;

	if (!server->secure)
		return 0;
	r = rw_tls_server_new(cert_pem, key_pem, server->judges_clients ? ca_pem : NULL,
			      rw_tls_server_tickets(server->tls), &tls, err);
	if (r < 0)
		return r;
	(void)rw_tls_server_unref(server->tls);
	server->tls = tls;
	return 0;
}

uint16_t rw_http_server_port(const struct rw_http_server *server)
{
	return server->port;
}

struct rw_http_server_counts rw_http_server_counts(const struct rw_http_server *server)
{
	struct rw_http_server_counts counts = server->counts;

	counts.strangers = server->strangers.count;
	return counts;
}

void rw_http_server_hang_up(struct rw_http_server *server)
{
	assert(!server->running);
	for (struct http_connection *connection = server->connections; connection;
	     connection = connection->next)
		if (connection->exchange)
			exchange_hang_up(connection->exchange);
}

static void stop_daemon(struct rw_http_server *server)
{
	server->stopping = true;
	for (struct http_connection *connection = server->connections; connection;
	     connection = connection->next) {
		if (connection->exchange)
			connection->exchange->abandoned = true;
		connection_resume(connection);
	}
	/*
	 * Lets the resumed ones go through their handlers; what then still runs is closed by the stop itself.
	 */
	run_daemon(server);
	MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
	assert(!server->connections);
}

struct rw_http_server *rw_http_server_free(struct rw_http_server *server)
{
	if (!server)
		return NULL;
	assert(!server->running);
	server->listen_watch = rw_loop_watch_free(server->listen_watch);
	server->listen_fd = rw_close(server->listen_fd);
	server->daemon_watch = rw_loop_watch_free(server->daemon_watch);
	if (server->kick && server->daemon)
		stop_daemon(server);
	else if (server->daemon)
		MHD_stop_daemon(server->daemon);
	server->kick = rw_loop_deferred_free(server->kick);
	server->sweep = rw_loop_timer_free(server->sweep);
	(void)rw_tls_server_unref(server->tls);
	free(server);
	return NULL;
}
