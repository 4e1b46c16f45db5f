/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "http/client_internal.h"

enum transport_stage {
	TRANSPORT_LOOKING_UP,
	TRANSPORT_CONNECTING,
	TRANSPORT_HANDSHAKING,
	TRANSPORT_OPEN,
};

/* A look-up outlives its transport when that is freed meanwhile: getaddrinfo() cannot be stopped. */
struct look_up {
	struct transport *transport; /* NULL = nobody waits any more */
	char host[RW_HTTP_MAX_HOST + 1];
	char port[6];
	struct addrinfo *addresses; /* owned */
	int result;                 /* of getaddrinfo */
};

struct transport {
	struct rw_loop *loop;
	struct rw_tls_client *tls; /* a reference; NULL = plain */
	struct rw_tls_session *session;
	struct rw_http_url url; /* 'target' is not used */
	int64_t now_s;
	struct transport_events events;
	void *userdata;
	enum transport_stage stage;
	struct look_up *look_up;    /* while looking up */
	struct addrinfo *addresses; /* owned */
	struct addrinfo *next_address;
	struct rw_loop_deferred *begin;
	struct rw_loop_watch *watch;
	int fd;
	struct rw_error last_error; /* of the address tried last */
};

static void try_addresses(struct transport *transport);

/* ---- connecting ---- */

static void close_socket(struct transport *transport)
{
	transport->session = rw_tls_session_free(transport->session);
	transport->watch = rw_loop_watch_free(transport->watch);
	transport->fd = rw_close(transport->fd);
}

static void handshake(struct transport *transport)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = 0;

	if (transport->session)
		r = rw_tls_session_handshake(transport->session, &err);
	if (r == -EAGAIN) {
		rw_loop_watch_set(transport->watch, rw_tls_session_wants_write(transport->session)
							    ? RW_LOOP_WRITABLE
							    : RW_LOOP_READABLE);
		return;
	}
	if (r < 0) {
		rw_error_wrap(&err, "%s port %u", transport->url.host, (unsigned int)transport->url.port);
		transport->events.failed(&err, transport->userdata);
		return;
	}
	transport->stage = TRANSPORT_OPEN;
	rw_loop_watch_set(transport->watch, RW_LOOP_READABLE);
	transport->events.connected(transport->userdata);
}

static void note_failure(struct transport *transport, int code)
{
	rw_error_set(&transport->last_error, -code, "cannot connect to %s port %u: %s", transport->url.host,
		     (unsigned int)transport->url.port, strerror(code));
}

static void tcp_connected(struct transport *transport)
{
	int code = 0;
	socklen_t size = sizeof(code);
	int r;

	if (getsockopt(transport->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		code = errno;
	if (code != 0) {
		note_failure(transport, code);
		close_socket(transport);
		try_addresses(transport);
		return;
	}
	if (transport->tls) {
		r = rw_tls_session_new(transport->tls, transport->fd, transport->url.host, transport->now_s,
				       &transport->session, &transport->last_error);
		if (r < 0) {
			transport->events.failed(&transport->last_error, transport->userdata);
			return;
		}
	}
	transport->stage = TRANSPORT_HANDSHAKING;
	handshake(transport);
}

static void socket_ready(unsigned int events, void *userdata)
{
	struct transport *transport = userdata;

	switch (transport->stage) {
	case TRANSPORT_CONNECTING:
		tcp_connected(transport);
		break;
	case TRANSPORT_HANDSHAKING:
		handshake(transport);
		break;
	case TRANSPORT_OPEN:
		transport->events.ready(events, transport->userdata);
		break;
	case TRANSPORT_LOOKING_UP:
		assert(false);
		break;
	}
}

/* 0 when the attempt is under way. */
static int try_address(struct transport *transport, const struct addrinfo *address)
{
	int yes = 1;
	int r;

	transport->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (transport->fd < 0)
		return -errno;
	(void)setsockopt(transport->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)setsockopt(transport->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	if (connect(transport->fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
		return -errno;
	r = rw_loop_watch_new(transport->loop, transport->fd, socket_ready, transport, &transport->watch);
	if (r < 0)
		return r;
	rw_loop_watch_set(transport->watch, RW_LOOP_WRITABLE);
	return 0;
}

/* Tries the addresses left, in turn; tells of failure when none is. */
static void try_addresses(struct transport *transport)
{
	transport->stage = TRANSPORT_CONNECTING;
	while (transport->next_address) {
		const struct addrinfo *address = transport->next_address;
		int r;

		transport->next_address = address->ai_next;
		r = try_address(transport, address);
		if (r == 0)
			return;
		note_failure(transport, -r);
		close_socket(transport);
	}
	transport->events.failed(&transport->last_error, transport->userdata);
}

/* ---- looking up ---- */

static int resolve(struct look_up *look_up, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};

	return getaddrinfo(look_up->host, look_up->port, &hints, &look_up->addresses);
}

static void look_up_free(struct look_up *look_up)
{
	if (look_up->addresses)
		freeaddrinfo(look_up->addresses);
	free(look_up);
}

static void look_up_on_pool_thread(void *job)
{
	struct look_up *look_up = job;

	look_up->result = resolve(look_up, AI_ADDRCONFIG);
}

static void look_up_done(void *job, int status)
{
	struct look_up *look_up = job;
	struct transport *transport = look_up->transport;

	if (!transport) {
		look_up_free(look_up);
		return;
	}
	transport->look_up = NULL;
	if (status < 0 || look_up->result != 0) {
		rw_error_set(&transport->last_error, -ENOENT, "cannot find the address of \"%s\": %s",
			     transport->url.host, status < 0 ? "cancelled" : gai_strerror(look_up->result));
	} else {
		transport->addresses = transport->next_address = RW_TAKE_PTR(look_up->addresses);
	}
	look_up_free(look_up);
	try_addresses(transport);
}

static void begin(void *userdata)
{
	struct transport *transport = userdata;
	struct look_up *look_up = calloc(1, sizeof(*look_up));
	int r;

	if (!look_up) {
		rw_error_oom(&transport->last_error);
		try_addresses(transport);
		return;
	}
	strcpy(look_up->host, transport->url.host);
	(void)snprintf(look_up->port, sizeof(look_up->port), "%u", (unsigned int)transport->url.port);
	look_up->transport = transport;
	if (resolve(look_up, AI_NUMERICHOST) == 0) {
		look_up_done(look_up, 0);
		return;
	}
	transport->look_up = look_up;
	r = rw_loop_work(transport->loop, look_up_on_pool_thread, look_up_done, look_up);
	if (r < 0) {
		transport->look_up = NULL;
		look_up_free(look_up);
		rw_error_set(&transport->last_error, r, "cannot look up \"%s\": %s", transport->url.host,
			     strerror(-r));
		try_addresses(transport);
	}
}

/* ---- life ---- */

int transport_new(struct rw_loop *loop, struct rw_tls_client *tls, const struct rw_http_url *url,
		  int64_t now_s, const struct transport_events *events, void *userdata,
		  struct transport **ret_transport, struct rw_error *err)
{
	RW_CLEANUP(transport_free) struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return rw_error_oom(err);
	*transport = (struct transport){
		.loop = loop,
		.tls = rw_tls_client_ref(tls),
		.url = *url,
		.now_s = now_s,
		.events = *events,
		.userdata = userdata,
		.fd = -EBADF,
	};
	transport->url.target = NULL;
	if (rw_loop_deferred_new(loop, begin, transport, &transport->begin) < 0)
		return rw_error_oom(err);
	rw_loop_deferred_arm(transport->begin);
	*ret_transport = RW_TAKE_PTR(transport);
	return 0;
}

struct transport *transport_free(struct transport *transport)
{
	if (!transport)
		return NULL;
	if (transport->stage == TRANSPORT_OPEN && transport->session)
		rw_tls_session_close(transport->session);
	close_socket(transport);
	if (transport->look_up)
		transport->look_up->transport = NULL;
	if (transport->addresses)
		freeaddrinfo(transport->addresses);
	rw_loop_deferred_free(transport->begin);
	(void)rw_tls_client_free(transport->tls);
	free(transport);
	return NULL;
}

void transport_set_owner(struct transport *transport, const struct transport_events *events, void *userdata)
{
	assert(transport->stage == TRANSPORT_OPEN);
	transport->events = *events;
	transport->userdata = userdata;
	rw_loop_watch_set(transport->watch, RW_LOOP_READABLE);
}

bool transport_fits(const struct transport *transport, const struct rw_http_url *url)
{
	return transport->url.secure == url->secure && transport->url.port == url->port &&
	       strcmp(transport->url.host, url->host) == 0;
}

int64_t transport_age_s(const struct transport *transport, int64_t now_s)
{
	return now_s - transport->now_s;
}

bool transport_uses(const struct transport *transport, const struct rw_tls_client *tls)
{
	return !transport->tls || transport->tls == tls;
}

/* ---- bytes ---- */

ssize_t transport_read(struct transport *transport, void *bytes, size_t size, struct rw_error *err)
{
	ssize_t r;

	if (transport->session)
		return rw_tls_session_read(transport->session, bytes, size, err);
	r = recv(transport->fd, bytes, size, 0);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (r < 0)
		return rw_error_set(err, -errno, "the connection was cut: %s", strerror(errno));
	return r;
}

ssize_t transport_write(struct transport *transport, const void *bytes, size_t size, struct rw_error *err)
{
	ssize_t r;

	if (transport->session) {
		r = rw_tls_session_write(transport->session, bytes, size, err);
	} else {
		r = send(transport->fd, bytes, size, MSG_NOSIGNAL);
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return rw_error_set(err, -errno, "the connection was cut: %s", strerror(errno));
		if (r < 0)
			r = -EAGAIN;
	}
	/* While something is left to write the answer may come already: a refusal, say. */
	rw_loop_watch_set(transport->watch, r == -EAGAIN || (r > 0 && (size_t)r < size)
						    ? RW_LOOP_READABLE | RW_LOOP_WRITABLE
						    : RW_LOOP_READABLE);
	return r;
}

bool transport_has_pending(const struct transport *transport)
{
	return transport->session && rw_tls_session_has_pending(transport->session);
}
