/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypto/tls.h"
#include "http/server_internal.h"
#include "http/target.h"

/* ---- life ---- */

static void describe_peer(struct http_connection *connection, struct rw_http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	strcpy(request->peer_address, "unknown"); /* a socket pair has no address */
	if (!info || !info->client_addr)
		return;
	if (info->client_addr->sa_family == AF_INET) {
		memcpy(&v4, info->client_addr, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, request->peer_address, sizeof(request->peer_address));
		request->peer_port = ntohs(v4.sin_port);
	} else if (info->client_addr->sa_family == AF_INET6) {
		bool mapped;

		memcpy(&v6, info->client_addr, sizeof(v6));
		mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
		(void)inet_ntop(mapped ? AF_INET : AF_INET6, v6.sin6_addr.s6_addr + (mapped ? 12 : 0),
				request->peer_address, sizeof(request->peer_address));
		request->peer_port = ntohs(v6.sin6_port);
	}
}

static void set_refusal(struct rw_http_exchange *exchange, unsigned int status, const char *text)
{
	exchange->refusal_status = status;
	rw_error_set(&exchange->refusal, -EINVAL, "%s", text);
}

static void exchange_free(struct rw_http_exchange *exchange)
{
	for (size_t i = 0; i < exchange->header_count; i++)
		free(exchange->headers[i].name);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	rw_buf_done(&exchange->body);
	free(exchange->storage);
	free(exchange);
}

void exchange_end(struct rw_http_exchange *exchange)
{
	exchange->connection->exchange = NULL;
	if (exchange->stage == EXCHANGE_DEFERRED) {
		room_give_back(exchange);
		exchange->gone(exchange, exchange->gone_userdata);
	} else if (exchange->stage == EXCHANGE_STREAM) {
		room_give_back(exchange);
		stream_connection_ended(exchange->stream);
	}
	exchange_free(exchange);
}

void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd)
{
	struct rw_http_server *self = server;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_connection *connection = info->socket_context;
	struct rw_http_exchange *exchange;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (!connection)
		return NULL;
	if (connection->exchange)
		exchange_end(connection->exchange);
	connection->deadline_ms = rw_loop_now_ms(self->loop) + self->limits.request_seconds * UINT64_C(1000);
	room_note_request(connection);
	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return NULL;
	exchange->connection = connection;
	rw_buf_init(&exchange->body, self->limits.body_bytes);
	exchange->request.secure = self->secure;
	describe_peer(connection, &exchange->request);
	if (self->raw_query)
		r = rw_http_target_parse_path(target, self->limits.target_bytes, &exchange->request,
					      &exchange->storage, &err);
	else
		r = rw_http_target_parse(target, &exchange->request, &exchange->storage, &err);
	if (r < 0)
		set_refusal(exchange, r == -E2BIG ? MHD_HTTP_URI_TOO_LONG : MHD_HTTP_BAD_REQUEST, err.text);
	connection->exchange = exchange;
	return exchange;
}

void exchange_completed(void *server, struct MHD_Connection *mhd, void **context,
			enum MHD_RequestTerminationCode code)
{
	struct rw_http_server *self = server;
	struct rw_http_exchange *exchange = *context;

	(void)mhd;
	(void)code;
	if (!exchange)
		return;
	*context = NULL;
	exchange->connection->deadline_ms =
		rw_loop_now_ms(self->loop) + self->limits.request_seconds * UINT64_C(1000);
	exchange_end(exchange);
}

/* ---- refusing ---- */

/* Writes a problem document; texts are ours, so what would need escaping is replaced. */
static int write_problem(struct rw_buf *buf, unsigned int status, const char *detail)
{
	char safe[sizeof(((struct rw_error *)0)->text)];
	size_t length = 0;

	for (; detail[length] && length < sizeof(safe) - 1; length++) {
		char c = detail[length];

		safe[length] = (char)(c == '"' || c == '\\' ? '\'' : (unsigned char)c < 0x20 ? ' ' : c);
	}
	safe[length] = '\0';
	return rw_buf_append_format(
		buf, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}\n",
		MHD_get_reason_phrase_for(status), status, safe);
}

static void answer_refusal(struct rw_http_exchange *exchange)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;

	rw_buf_init(&body, 4096);
	(void)write_problem(&body, exchange->refusal_status, exchange->refusal.text);
	exchange->connection->server->counts.refused++;
	rw_http_answer(exchange, exchange->refusal_status, "application/problem+json", body.data, body.size);
}

struct framing {
	unsigned int lengths;
	unsigned int encodings;
	const char *length;
};

static enum MHD_Result look_at_header(void *userdata, enum MHD_ValueKind kind, const char *name,
				      const char *value)
{
	struct framing *framing = userdata;

	(void)kind;
	if (strcasecmp(name, "Content-Length") == 0) {
		framing->lengths++;
		framing->length = value;
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->encodings++;
	}
	return MHD_YES;
}

/* RFC 9112 section 6.3: what two readers could frame differently is not read at all. */
static void check_framing(struct rw_http_exchange *exchange)
{
	struct framing framing = {0};
	uint64_t length = 0;

	(void)MHD_get_connection_values(exchange->connection->mhd, MHD_HEADER_KIND, look_at_header, &framing);
	if (framing.lengths + framing.encodings > 1) {
		set_refusal(exchange, MHD_HTTP_BAD_REQUEST, "the length of the body is given more than once");
		return;
	}
	if (!framing.length)
		return;
	for (const char *c = framing.length; *c; c++) {
		if (*c < '0' || *c > '9') {
			set_refusal(exchange, MHD_HTTP_BAD_REQUEST, "the Content-Length is malformed");
			return;
		}
		length = length * 10 + (uint64_t)(*c - '0');
		if (length > exchange->connection->server->limits.body_bytes) {
			set_refusal(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
			return;
		}
	}
}

/* The one place that judges a client certificate: once a connection, its period at every request. */
static void check_peer(struct rw_http_exchange *exchange)
{
	struct http_connection *connection = exchange->connection;
	struct rw_http_server *server = connection->server;
	int64_t now_s = rw_clock_realtime_ms(server->clock) / 1000;

	if (!server->judges_clients)
		return;
	if (!connection->peer_judged) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

		connection->peer_result =
			rw_tls_peer_verify(connection->tls, info->tls_session, now_s,
					   &connection->certificate, &connection->peer_error);
		connection->peer_judged = true;
		server->counts.resumed += rw_tls_peer_is_resumed(info->tls_session);
	}
	if (connection->peer_result == RW_TLS_PEER_ABSENT)
		return;
	if (connection->peer_result < 0)
		set_refusal(exchange, MHD_HTTP_FORBIDDEN, connection->peer_error.text);
	else if (now_s > connection->certificate.not_after_s)
		set_refusal(exchange, MHD_HTTP_FORBIDDEN, "the certificate has expired");
	else
		exchange->request.certificate = &connection->certificate;
}

/* ---- the way of a request ---- */

static enum MHD_Result queue(struct rw_http_exchange *exchange, unsigned int status)
{
	struct http_connection *connection = exchange->connection;
	struct rw_http_server *server = connection->server;
	struct MHD_Response *response = RW_TAKE_PTR(exchange->response);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	exchange->queued = true;
	if (exchange->stage != EXCHANGE_STREAM)
		connection->deadline_ms =
			rw_loop_now_ms(server->loop) + server->limits.answer_seconds * UINT64_C(1000);
	result = MHD_queue_response(connection->mhd, status, response);
	MHD_destroy_response(response); /* MHD holds a reference of its own */
	return result;
}

static enum MHD_Result refuse(struct rw_http_exchange *exchange)
{
	exchange->stage = EXCHANGE_HANDLING;
	answer_refusal(exchange);
	return queue(exchange, exchange->status);
}

static enum MHD_Result accept_headers(struct rw_http_exchange *exchange, const char *method)
{
	exchange->request.method = method;
	if (exchange->refusal_status == 0)
		check_framing(exchange);
	if (exchange->refusal_status == 0)
		check_peer(exchange);
	if (exchange->refusal_status != 0)
		return refuse(exchange);
	exchange->stage = EXCHANGE_BODY;
	return MHD_YES;
}

static enum MHD_Result accept_body(struct rw_http_exchange *exchange, const char *upload, size_t *upload_size)
{
	size_t size = *upload_size;
	int r = exchange->refusal_status == 0 ? rw_buf_append(&exchange->body, upload, size) : 0;

	*upload_size = 0;
	if (r == -ENOMEM)
		return MHD_NO;
	if (r == -E2BIG) {
		/*
		 * Only a chunked body gets here.  It is read on, since MHD takes no answer in its middle, but
		 * not for ever.
		 */
		set_refusal(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
		rw_buf_clear(&exchange->body);
	}
	if (exchange->refusal_status != 0) {
		exchange->discarded += size;
		if (exchange->discarded > exchange->connection->server->limits.body_bytes)
			return MHD_NO;
	}
	return MHD_YES;
}

static enum MHD_Result handle(struct rw_http_exchange *exchange)
{
	struct rw_http_server *server = exchange->connection->server;

	if (exchange->refusal_status != 0)
		return refuse(exchange);
	exchange->request.body = exchange->body.data;
	exchange->request.body_size = exchange->body.size;
	exchange->connection->deadline_ms = 0;
	exchange->stage = EXCHANGE_HANDLING;
	server->counts.requests++;
	exchange->connection->served = true;
	connection_settle(exchange->connection);
	server->handler(exchange, server->userdata);
	if (exchange->abandoned)
		return MHD_NO;
	if (exchange->stage == EXCHANGE_HANDLING) {
		set_refusal(exchange, MHD_HTTP_INTERNAL_SERVER_ERROR,
			    "the request was left without an answer");
		return refuse(exchange);
	}
	if (exchange->stage == EXCHANGE_DEFERRED) {
		connection_hold(exchange->connection);
		return MHD_YES;
	}
	return queue(exchange, exchange->status);
}

enum MHD_Result exchange_continue(void *server, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **context)
{
	struct rw_http_server *self = server;
	struct rw_http_exchange *exchange = *context;

	(void)mhd;
	(void)url;
	(void)version;
	if (!exchange || exchange->abandoned || self->stopping)
		return MHD_NO;
	switch (exchange->stage) {
	case EXCHANGE_TARGET:
		return accept_headers(exchange, method);
	case EXCHANGE_BODY:
		return *upload_size > 0 ? accept_body(exchange, upload, upload_size) : handle(exchange);
	case EXCHANGE_ANSWERED:
	case EXCHANGE_STREAM:
		return exchange->queued ? MHD_YES : queue(exchange, exchange->status);
	case EXCHANGE_HANDLING:
	case EXCHANGE_DEFERRED:
		break;
	}
	return MHD_NO;
}

/* ---- what handlers use ---- */

const struct rw_http_request *rw_http_exchange_request(const struct rw_http_exchange *exchange)
{
	return &exchange->request;
}

const char *rw_http_exchange_header(const struct rw_http_exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection->mhd, MHD_HEADER_KIND, name);
}

struct header_walk {
	bool (*each)(void *userdata, const char *name, const char *value);
	void *userdata;
};

static enum MHD_Result walk_header(void *userdata, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	const struct header_walk *walk = userdata;

	(void)kind;
	return walk->each(walk->userdata, name, value ? value : "") ? MHD_YES : MHD_NO;
}

void rw_http_exchange_headers(const struct rw_http_exchange *exchange,
			      bool (*each)(void *userdata, const char *name, const char *value),
			      void *userdata)
{
	struct header_walk walk = {each, userdata};

	(void)MHD_get_connection_values(exchange->connection->mhd, MHD_HEADER_KIND, walk_header, &walk);
}

int rw_http_answer_header(struct rw_http_exchange *exchange, const char *name, const char *value)
{
	size_t name_size = strlen(name) + 1;
	size_t value_size = strlen(value) + 1;
	char *block;

	if (name_size == 1 || strpbrk(name, " \t\r\n:") || strpbrk(value, "\r\n"))
		return -EINVAL;
	if (exchange->header_count == RW_HTTP_MAX_ANSWER_HEADERS)
		return -E2BIG;
	block = malloc(name_size + value_size);
	if (!block)
		return -ENOMEM;
	memcpy(block, name, name_size);
	memcpy(block + name_size, value, value_size);
	exchange->headers[exchange->header_count++] =
		(struct answer_header){.name = block, .value = block + name_size};
	return 0;
}

int exchange_add_headers(struct rw_http_exchange *exchange, struct MHD_Response *response,
			 const char *content_type)
{
	if (content_type &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) != MHD_YES)
		return -ENOMEM;
	for (size_t i = 0; i < exchange->header_count; i++) {
		if (MHD_add_response_header(response, exchange->headers[i].name,
					    exchange->headers[i].value) != MHD_YES)
			return -ENOMEM;
	}
	return 0;
}

/* Takes 'response' (NULL when memory ran out: the connection is then cut). */
static void answer_with(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			struct MHD_Response *response)
{
	struct http_connection *connection = exchange->connection;
	bool deferred = exchange->stage == EXCHANGE_DEFERRED;

	assert(deferred || exchange->stage == EXCHANGE_HANDLING);
	exchange->stage = EXCHANGE_ANSWERED;
	exchange->status = status;
	exchange->response = response;
	if (!response || exchange_add_headers(exchange, response, content_type) < 0)
		exchange->abandoned = true;
	if (deferred) {
		room_give_back(exchange);
		connection_resume(connection);
	}
}

void rw_http_answer(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
		    const void *body, size_t size)
{
	/* MHD copies in this mode and does not write through the pointer. */
	answer_with(exchange, status, content_type,
		    MHD_create_response_from_buffer(size, (void *)(uintptr_t)(size ? body : ""),
						    size ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT));
}

void rw_http_answer_take(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			 char *body, size_t size)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);

	if (!response)
		free(body);
	answer_with(exchange, status, content_type, response);
}

void rw_http_answer_lend(struct rw_http_exchange *exchange, unsigned int status, const char *content_type,
			 const void *body, size_t size)
{
	answer_with(exchange, status, content_type,
		    MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT));
}

void exchange_hang_up(struct rw_http_exchange *exchange)
{
	if (exchange->stage == EXCHANGE_DEFERRED) {
		exchange->gone(exchange, exchange->gone_userdata);
		answer_with(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, NULL);
	} else if (exchange->stage == EXCHANGE_STREAM) {
		stream_hang_up(exchange->stream);
	}
}

int rw_http_exchange_defer(struct rw_http_exchange *exchange,
			   void (*gone)(struct rw_http_exchange *exchange, void *userdata), void *userdata)
{
	int r;

	assert(exchange->stage == EXCHANGE_HANDLING);
	r = room_take(exchange);
	if (r < 0)
		return r;
	exchange->stage = EXCHANGE_DEFERRED;
	exchange->gone = gone;
	exchange->gone_userdata = userdata;
	return 0;
}
