/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The event stream (server-sent events, WHATWG HTML "Server-sent events").
 *
 * Each stream has a cursor in the controller's ring of events and no queue of its own but the connection's;
 * one that does not read in time is cut by the server, and resumes by Last-Event-ID.
 */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "controller/event.h"
#include "controller/key.h"

#define HEARTBEAT_MS 15000

static void unlink_stream(struct rw_api_event_stream *stream)
{
	struct rw_api_event_stream **at = &stream->api->event_streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	free(stream);
}

static void stream_closed(struct rw_http_stream *http_stream, enum rw_http_stream_end end, void *userdata)
{
	(void)http_stream;
	(void)end;
	unlink_stream(userdata);
}

/* Adds "id", "event" and the beginning of "data". */
static void begin_event(const struct rw_api *api, struct rw_buf *buf, uint64_t number, const char *word)
{
	char position[RW_EVENT_POSITION_SIZE];

	rw_event_position_format(api->controller, number, position);
	(void)rw_buf_append_format(buf, "id: %s\n", position);
	if (word)
		(void)rw_buf_append_format(buf, "event: %s\ndata: ", word);
	else
		(void)rw_buf_append_text(buf, "\n");
}

/* Tells the follower that events are missing: it has to read the collections again. */
static void add_lost(const struct rw_api *api, struct rw_buf *buf, uint64_t number)
{
	begin_event(api, buf, number, "lost");
	(void)rw_buf_append_text(buf, "{\"detail\":\"events before this one are no longer known; read the "
				      "collections again\"}\n\n");
}

static void add_event(const struct rw_api *api, struct rw_buf *buf, const struct rw_event *event)
{
	struct rw_json_writer json;

	begin_event(api, buf, event->number, rw_word_of(rw_words_event, (int)event->kind));
	rw_json_writer_init(&json, buf, false);
	rw_event_write(&json, event);
	(void)rw_buf_append_text(buf, "\n\n");
}

static bool may_follow(const struct rw_api *api, const struct rw_api_event_stream *stream)
{
	const struct rw_key *key = rw_key_find(api->controller, stream->key);

	if (stream->session && !rw_console_is_open(api->controller, stream->session))
		return false;
	return key && !(key->expires_ms && key->expires_ms <= rw_clock_realtime_ms(api->clock));
}

/* Sends what the stream has not seen.  A stream that is cut stays in the list until it is closed. */
static void pump(struct rw_api_event_stream *stream)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const struct rw_event *event;
	bool lost = false;

	rw_buf_init(&buf, RW_API_EVENTS_QUEUE);
	while ((event = rw_event_next(stream->api->controller, &stream->cursor, &lost))) {
		rw_buf_clear(&buf);
		if (lost)
			add_lost(stream->api, &buf, event->number - 1);
		lost = false;
		add_event(stream->api, &buf, event);
		if (rw_buf_check(&buf, NULL) == 0 &&
		    rw_http_stream_send(stream->stream, buf.data, buf.size) < 0)
			return;
	}
}

void rw_api_end_streams(struct rw_api *api)
{
	struct rw_api_event_stream *next;

	for (struct rw_api_event_stream *stream = api->event_streams; stream; stream = next) {
		next = stream->next;
		if (may_follow(api, stream))
			continue;
		rw_http_stream_finish(stream->stream);
		unlink_stream(stream);
	}
}

void rw_api_pump_streams(struct rw_api *api, void (*fn)(struct rw_api_event_stream *stream))
{
	rw_api_end_streams(api);
	for (struct rw_api_event_stream *stream = api->event_streams; stream; stream = stream->next)
		if (stream->pump == fn)
			fn(stream);
}

void rw_api_pump_events(void *api)
{
	rw_api_pump_streams(api, pump);
}

void rw_api_events_load(const struct rw_api *api, size_t *ret_streams, size_t *ret_bytes)
{
	*ret_streams = *ret_bytes = 0;
	for (const struct rw_api_event_stream *stream = api->event_streams; stream; stream = stream->next) {
		(*ret_streams)++;
		*ret_bytes += rw_http_stream_queued(stream->stream);
	}
}

/* Where the follower begins, told at once so that it can resume before its first event. */
static int begin(struct rw_api_event_stream *stream, const char *position, struct rw_buf *buf,
		 struct rw_error *err)
{
	struct rw_controller *controller = stream->api->controller;
	int r = 0;

	stream->cursor = rw_event_newest(controller);
	if (position && position[0])
		r = rw_event_resume(controller, position, &stream->cursor, err);
	if (r < 0)
		return r;
	(void)rw_buf_append_text(buf, "retry: 2000\n");
	if (r == RW_EVENT_LOST) {
		stream->cursor = rw_event_newest(controller);
		add_lost(stream->api, buf, stream->cursor);
	} else {
		begin_event(stream->api, buf, stream->cursor, NULL);
	}
	return rw_buf_check(buf, err);
}

int rw_api_start_events(struct rw_api_call *call, struct rw_api_event_stream *stream,
			const struct rw_buf *first, struct rw_error *err)
{
	struct rw_http_stream_options options = {.content_type = "text/event-stream",
						 .queue_bytes = RW_API_EVENTS_QUEUE,
						 .heartbeat_ms = HEARTBEAT_MS,
						 .heartbeat = ": \n\n",
						 .closed = stream_closed,
						 .userdata = stream};
	int r;

	stream->api = call->api;
	(void)snprintf(stream->key, sizeof(stream->key), "%s", call->actor.id);
	stream->session = call->session.number;
	rw_api_prepare(call->exchange);
	r = rw_http_stream_start(call->exchange, &options, &stream->stream);
	if (r < 0) {
		free(stream);
		return rw_api_no_place(call, r, err);
	}
	call->exchange = NULL;
	call->api->answers[2]++;
	stream->next = call->api->event_streams;
	call->api->event_streams = stream;
	if (rw_http_stream_send(stream->stream, first->data, first->size) == 0)
		stream->pump(stream);
	return 0;
}

int rw_api_follow_events(struct rw_api_call *call, struct rw_error *err)
{
	const char *position = rw_http_exchange_header(call->exchange, "Last-Event-ID");
	struct rw_api_event_stream *stream = calloc(1, sizeof(*stream));
	RW_CLEANUP(rw_buf_done) struct rw_buf first;
	int r;

	rw_buf_init(&first, 4096);
	if (!stream)
		return rw_error_oom(err);
	stream->api = call->api;
	stream->pump = pump;
	r = begin(stream, position ? position : rw_api_parameter(call, "since"), &first, err);
	if (r < 0) {
		free(stream);
		return err ? err->code : r;
	}
	return rw_api_start_events(call, stream, &first, err);
}
