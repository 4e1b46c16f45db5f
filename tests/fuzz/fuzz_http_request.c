/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bytes as they come to the server, over a socket pair into the real one, with handlers that answer, defer
 * and stream as the path says.  When the client has gone, nothing of it may be left.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/server_internal.h"

static struct rw_loop *loop;
static struct rw_http_server *server;

static void exchange_gone(struct rw_http_exchange *exchange, void *userdata)
{
	(void)exchange;
	(void)userdata;
}

static void stream_closed(struct rw_http_stream *stream, enum rw_http_stream_end end, void *userdata)
{
	(void)stream;
	(void)end;
	(void)userdata;
}

static void handle(struct rw_http_exchange *exchange, void *userdata)
{
	const struct rw_http_request *request = rw_http_exchange_request(exchange);
	struct rw_http_stream_options options = {
		.content_type = "text/event-stream", .queue_bytes = 4096, .closed = stream_closed};
	struct rw_http_stream *stream;

	(void)userdata;
	assert(request->body_size <= 1000 && request->body[request->body_size] == '\0');
	if (strcmp(request->path, "/wait") == 0 && rw_http_exchange_defer(exchange, exchange_gone, NULL) == 0)
		return;
	if (strcmp(request->path, "/stream") == 0 && rw_http_stream_start(exchange, &options, &stream) == 0) {
		int r = rw_http_stream_send(stream, "data: 1\n\n", 9);

		assert(r == 0);
		if (request->parameter_count > 0)
			rw_http_stream_finish(stream);
		return;
	}
	rw_http_answer(exchange, 200, "text/plain", request->body, request->body_size);
}

static void stop(void)
{
	server = rw_http_server_free(server);
	loop = rw_loop_free(loop);
}

static void start(void)
{
	struct rw_http_server_options options = {.clock = rw_clock_system(),
						 .address = "127.0.0.1",
						 .plain = true,
						 .limits = {.body_bytes = 1000, .header_bytes = 4096},
						 .handler = handle};

	if (rw_loop_new(&loop, NULL) < 0)
		abort();
	options.loop = loop;
	if (rw_http_server_new(&options, &server, NULL) < 0)
		abort();
	(void)atexit(stop);
}

static void drain(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fds[2];

	if (!server)
		start();
	if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
		return 0;
	if (MHD_add_connection(server->daemon, fds[0], (struct sockaddr *)&address, sizeof(address)) !=
	    MHD_YES)
		abort();
	for (size_t sent = 0; sent < size;) {
		ssize_t r = send(fds[1], bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0)
			break; /* closed, or full because it reads no more */
		sent += (size_t)r;
		rw_loop_deferred_arm(server->kick);
		rw_loop_turn(loop);
		drain(fds[1]);
	}
	for (int turn = 0; turn < 4; turn++) {
		rw_loop_turn(loop);
		drain(fds[1]);
	}
	close(fds[1]);
	for (int turn = 0; turn < 20 && server->counts.connections > 0; turn++)
		rw_loop_turn(loop);
	assert(server->counts.connections == 0);
	assert(server->counts.streams == 0);
	return 0;
}
