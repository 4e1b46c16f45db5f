/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "http/server_internal.h"

/*
 * A stream has three holders: its owner above (until 'closed' has run, or finish), its exchange (until that
 * ends) and the response in MHD (until its free callback).  It is freed when all have let go, in whatever
 * order.
 *
 * While the queue is empty the connection is suspended; sending resumes it.
 */

enum {
	CHUNK_SIZE = 4096, /* MHD asks for at most this and what its pool has */
	BEATS_GRID = 32,   /* see plan_beat */
};

struct rw_http_stream {
	struct rw_http_exchange *exchange; /* NULL when the connection has ended */
	struct rw_loop *loop;
	struct rw_http_stream_options options;
	struct rw_buf queue;
	size_t read_offset;   /* bytes of the queue that MHD has */
	uint64_t progress_ms; /* when the client last took something */
	struct rw_loop_timer *heartbeat;
	enum rw_http_stream_end end;
	bool finishing; /* the owner has said all */
	bool cut;
	unsigned int holders;
};

static void release(struct rw_http_stream *stream, unsigned int holders)
{
	assert(stream->holders >= holders);
	stream->holders -= holders;
	if (stream->holders > 0)
		return;
	assert(!stream->heartbeat);
	rw_buf_done(&stream->queue);
	free(stream);
}

static void release_by_response(void *userdata)
{
	release(userdata, 1);
}

/* Drops what was read, seldom enough that a large queue is not moved at each chunk. */
static void trim(struct rw_http_stream *stream)
{
	if (stream->read_offset == stream->queue.size) {
		/*
		 * Given back, not only cleared: thousands of idle streams must not keep their largest burst.
		 */
		rw_buf_done(&stream->queue);
		rw_buf_init(&stream->queue, stream->options.queue_bytes);
		stream->read_offset = 0;
	} else if (stream->read_offset > stream->queue.size / 2) {
		rw_buf_consume(&stream->queue, stream->read_offset);
		stream->read_offset = 0;
	}
}

static ssize_t read_queue(void *userdata, uint64_t position, char *bytes, size_t capacity)
{
	struct rw_http_stream *stream = userdata;
	struct rw_http_exchange *exchange = stream->exchange;
	size_t size = stream->queue.size - stream->read_offset;

	(void)position;
	if (!exchange || exchange->abandoned || stream->cut || exchange->connection->server->stopping)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	stream->progress_ms = rw_loop_now_ms(stream->loop);
	if (size == 0) {
		if (stream->finishing)
			return MHD_CONTENT_READER_END_OF_STREAM;
		connection_hold(exchange->connection);
		return 0;
	}
	if (size > capacity)
		size = capacity;
	memcpy(bytes, stream->queue.data + stream->read_offset, size);
	stream->read_offset += size;
	trim(stream);
	return (ssize_t)size;
}

/*
 * Beats of all streams fall together, on some moments in each of their periods: MHD looks at every suspended connection
 * whenever one is resumed.
 */
static void plan_beat(struct rw_http_stream *stream)
{
	uint64_t now_ms = rw_loop_now_ms(stream->loop);
	uint64_t grid_ms = stream->options.heartbeat_ms / BEATS_GRID + 1;
	uint64_t late_ms = (now_ms + stream->options.heartbeat_ms) % grid_ms;

	rw_loop_timer_start(stream->heartbeat, stream->options.heartbeat_ms - late_ms, 0);
}

static void beat(void *userdata)
{
	struct rw_http_stream *stream = userdata;

	/* When it fails the stream has been cut and its owner will be told. */
	int r = rw_http_stream_send(stream, stream->options.heartbeat, strlen(stream->options.heartbeat));

	(void)r;
}

static int make_response(struct rw_http_exchange *exchange, struct rw_http_stream *stream,
			 struct MHD_Response **ret_response)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, CHUNK_SIZE, read_queue, stream, release_by_response);

	if (!response)
		return -ENOMEM;
	stream->holders++;
	if (exchange_add_headers(exchange, response, stream->options.content_type) < 0) {
		MHD_destroy_response(response);
		return -ENOMEM;
	}
	*ret_response = response;
	return 0;
}

static int start_heartbeat(struct rw_http_stream *stream)
{
	int r;

	if (stream->options.heartbeat_ms == 0)
		return 0;
	r = rw_loop_timer_new(stream->loop, beat, stream, &stream->heartbeat);
	if (r < 0)
		return r;
	plan_beat(stream);
	return 0;
}

int rw_http_stream_start(struct rw_http_exchange *exchange, const struct rw_http_stream_options *options,
			 struct rw_http_stream **ret_stream)
{
	struct rw_http_server *server = exchange->connection->server;
	bool deferred = exchange->stage == EXCHANGE_DEFERRED;
	struct MHD_Response *response = NULL;
	struct rw_http_stream *stream;
	int r;

	assert(deferred || exchange->stage == EXCHANGE_HANDLING);
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->holders = 1;
	stream->loop = server->loop;
	stream->options = *options;
	rw_buf_init(&stream->queue, options->queue_bytes);
	r = start_heartbeat(stream);
	if (r >= 0)
		r = make_response(exchange, stream, &response);
	if (r >= 0 && !deferred) {
		r = room_take(exchange);
		if (r < 0)
			MHD_destroy_response(response);
	}
	if (r < 0) {
		stream->heartbeat = rw_loop_timer_free(stream->heartbeat);
		release(stream, 1);
		return r;
	}
	stream->holders++;
	stream->exchange = exchange;
	stream->progress_ms = rw_loop_now_ms(server->loop);
	exchange->stream = stream;
	exchange->response = response;
	exchange->status = options->status ? options->status : MHD_HTTP_OK;
	exchange->stage = EXCHANGE_STREAM;
	if (deferred)
		connection_resume(exchange->connection);
	*ret_stream = stream;
	return 0;
}

static void cut(struct rw_http_stream *stream, enum rw_http_stream_end end)
{
	stream->cut = true;
	stream->end = end;
	connection_cut(stream->exchange->connection);
}

int rw_http_stream_send(struct rw_http_stream *stream, const void *bytes, size_t size)
{
	int r;

	if (stream->cut || !stream->exchange)
		return -EPIPE;
	if (size == 0)
		return 0;
	/* What MHD has already does not count against the limit. */
	if (stream->queue.size + size > stream->queue.max_bytes && stream->read_offset > 0) {
		rw_buf_consume(&stream->queue, stream->read_offset);
		stream->read_offset = 0;
	}
	r = rw_buf_append(&stream->queue, bytes, size);
	if (r < 0) {
		cut(stream, RW_HTTP_STREAM_SLOW);
		return r == -E2BIG ? -ENOBUFS : r;
	}
	if (stream->heartbeat)
		plan_beat(stream);
	if (stream->queue.size - stream->read_offset == size)
		stream->progress_ms = rw_loop_now_ms(stream->loop);
	connection_resume(stream->exchange->connection);
	return 0;
}

size_t rw_http_stream_queued(const struct rw_http_stream *stream)
{
	return stream->queue.size - stream->read_offset;
}

void rw_http_stream_finish(struct rw_http_stream *stream)
{
	stream->finishing = true;
	stream->heartbeat = rw_loop_timer_free(stream->heartbeat);
	if (stream->exchange)
		connection_resume(stream->exchange->connection);
	release(stream, 1);
}

void stream_connection_ended(struct rw_http_stream *stream)
{
	struct rw_http_server *server = stream->exchange->connection->server;
	unsigned int holders = 1; /* the exchange */

	stream->exchange = NULL;
	if (!stream->finishing) {
		stream->heartbeat = rw_loop_timer_free(stream->heartbeat);
		if (!stream->cut)
			stream->end = server->stopping ? RW_HTTP_STREAM_STOPPING : RW_HTTP_STREAM_GONE;
		stream->options.closed(stream, stream->end, stream->options.userdata);
		holders++;
	}
	release(stream, holders);
}

void stream_hang_up(struct rw_http_stream *stream)
{
	if (stream->finishing)
		return;
	if (!stream->cut)
		stream->end = RW_HTTP_STREAM_STOPPING;
	stream->options.closed(stream, stream->end, stream->options.userdata);
	rw_http_stream_finish(stream);
}

bool stream_is_stalled(const struct rw_http_stream *stream, uint64_t now_ms, uint64_t limit_ms)
{
	return !stream->cut && rw_http_stream_queued(stream) > 0 && now_ms - stream->progress_ms > limit_ms;
}

void stream_mark_slow(struct rw_http_stream *stream)
{
	stream->cut = true;
	stream->end = RW_HTTP_STREAM_SLOW;
}
