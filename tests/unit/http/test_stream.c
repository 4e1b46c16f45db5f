/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The server's side of the streams of a test: the newest one, and how streams ended. */
struct source {
	struct rw_http_stream_options options;
	struct rw_http_stream *stream;
	unsigned int started;
	unsigned int closed;
	enum rw_http_stream_end end;
	bool has_started;
	bool has_closed;
	int start_result;
};

static void note_closed(struct rw_http_stream *stream, enum rw_http_stream_end end, void *userdata)
{
	struct source *source = userdata;

	if (source->stream == stream)
		source->stream = NULL;
	source->closed++;
	source->end = end;
	source->has_closed = true;
}

/* What is posted is answered at once. */
static void start_stream(struct rw_http_exchange *exchange, void *userdata)
{
	struct source *source = userdata;

	if (strcmp(rw_http_exchange_request(exchange)->method, "POST") == 0) {
		rw_http_answer(exchange, 200, NULL, NULL, 0);
		return;
	}
	source->options.content_type = "application/x-ndjson";
	source->options.closed = note_closed;
	source->options.userdata = source;
	if (source->options.queue_bytes == 0)
		source->options.queue_bytes = 1 << 20;
	source->start_result = rw_http_stream_start(exchange, &source->options, &source->stream);
	if (source->start_result < 0) {
		rw_http_answer(exchange, 503, NULL, NULL, 0);
		return;
	}
	source->started++;
	source->has_started = true;
}

/* The client's side: collects lines, joined by "|". */
struct sink {
	char text[512];
	unsigned int lines;
	unsigned int stop_after;
	bool enough;
	bool done;
	int result;
	unsigned int status;
	bool head;
	struct source *source;
};

static void note_line(struct rw_http_call *call, const char *line, size_t length, void *userdata)
{
	struct sink *sink = userdata;

	(void)call;
	assert_int_equal(strlen(line), length);
	if (length < 64 && strlen(sink->text) + length + 2 < sizeof(sink->text)) {
		strcat(sink->text, line);
		strcat(sink->text, "|");
	}
	if (++sink->lines == sink->stop_after)
		sink->enough = true;
}

static void note_head(struct rw_http_call *call, const struct rw_http_response *response, void *userdata)
{
	struct sink *sink = userdata;

	(void)call;
	sink->status = response->status;
	sink->head = true;
}

static void note_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
		      const struct rw_error *err, void *userdata)
{
	struct sink *sink = userdata;

	(void)call;
	(void)response;
	(void)err;
	sink->result = result;
	sink->done = true;
}

static struct rw_http_call *open_stream(struct fixture *fixture, struct sink *sink)
{
	struct rw_http_call_options options = {.method = "GET",
					       .url = fixture_url(fixture, "/stream"),
					       .line = note_line,
					       .head = note_head,
					       .done = note_done,
					       .userdata = sink};
	struct rw_http_call *call = NULL;

	assert_int_equal(rw_http_client_call(fixture->client, &options, &call, NULL), 0);
	return call;
}

static void start(struct fixture *fixture, struct source *source)
{
	fixture->userdata = source;
	fixture_start(fixture, start_stream);
}

static void stop(struct fixture *fixture)
{
	fixture_stop(fixture);
	fixture->userdata = NULL;
}

static void sends_the_head_at_once_and_lines_as_they_come(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {0};
	struct sink sink = {.stop_after = 3};

	start(fixture, &source);
	open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.head);
	assert_int_equal(sink.status, 200);
	assert_int_equal(sink.lines, 0);
	assert_int_equal(rw_http_stream_send(source.stream, "one\ntw", 6), 0);
	assert_int_equal(rw_http_stream_send(source.stream, "o\r\nthree\nfo", 11), 0);
	fixture_run_until(fixture, &sink.enough);
	assert_string_equal(sink.text, "one|two|three|");
	rw_http_stream_finish(source.stream);
	fixture_run_until(fixture, &sink.done);
	assert_int_equal(sink.result, 0);
	assert_string_equal(sink.text, "one|two|three|fo|");
	assert_int_equal(source.closed, 0);
	assert_int_equal(rw_http_server_counts(fixture->server).streams, 0);
	stop(fixture);
}

static void tells_when_the_client_has_gone(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {0};
	struct sink sink = {0};
	struct rw_http_call *call;

	start(fixture, &source);
	call = open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.head);
	rw_http_call_abort(call);
	fixture_run_until(fixture, &source.has_closed);
	assert_int_equal(source.end, RW_HTTP_STREAM_GONE);
	assert_int_equal(rw_http_server_counts(fixture->server).streams, 0);
	assert_false(sink.done);
	stop(fixture);
}

/* libmicrohttpd comes upon closed connections by itself as long as no older one stays. */
static void lets_go_its_connection_while_an_older_one_stays(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {0};
	struct sink sink = {0};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	struct rw_http_call_options post = {.method = "POST"};
	struct rw_http_call *call;

	start(fixture, &source);
	post.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->agent, &post, &result, NULL), 0);
	call = open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.head);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 2);
	rw_http_call_abort(call);
	fixture_run_until(fixture, &source.has_closed);
	for (int i = 0; i < 5000 && rw_http_server_counts(fixture->server).connections > 1; i++)
		rw_loop_turn(fixture->loop);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 1);
	stop(fixture);
}

static void carries_lines_larger_than_any_buffer_on_the_way(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {.options = {.queue_bytes = 4 << 20}};
	struct sink sink = {.stop_after = 2};
	size_t size = 900000;
	RW_CLEANUP(rw_free) char *line = malloc(size);

	start(fixture, &source);
	open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.head);
	memset(line, 'x', size);
	line[size - 1] = '\n';
	assert_int_equal(rw_http_stream_send(source.stream, line, size), 0);
	assert_int_equal(rw_http_stream_queued(source.stream), size);
	assert_int_equal(rw_http_stream_send(source.stream, line, size), 0);
	fixture_run_until(fixture, &sink.enough);
	assert_int_equal(rw_http_stream_queued(source.stream), 0);
	rw_http_stream_finish(source.stream);
	fixture_run_until(fixture, &sink.done);
	assert_int_equal(sink.lines, 2);
	stop(fixture);
}

static void refuses_lines_beyond_the_client_limit(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {.options = {.queue_bytes = 4 << 20}};
	struct sink sink = {0};
	size_t size = 2 << 20;
	RW_CLEANUP(rw_free) char *line = malloc(size);

	start(fixture, &source);
	open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.head);
	memset(line, 'x', size);
	assert_int_equal(rw_http_stream_send(source.stream, line, size), 0);
	fixture_run_until(fixture, &sink.done);
	assert_int_equal(sink.result, -EMSGSIZE);
	fixture_run_until(fixture, &source.has_closed);
	stop(fixture);
}

static void beats_while_nothing_else_is_sent(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {.options = {.heartbeat = "beat\n", .heartbeat_ms = 5}};
	struct sink sink = {.stop_after = 3};

	start(fixture, &source);
	open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.enough);
	assert_memory_equal(sink.text, "beat|beat|beat|", 15);
	rw_http_stream_finish(source.stream);
	fixture_run_until(fixture, &sink.done);
	stop(fixture);
}

static void cuts_a_client_that_does_not_read(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	static char block[65536];
	struct fixture *fixture = *state;
	struct source source = {.options = {.queue_bytes = 1 << 20}};
	int result = 0;
	int fd;

	fixture->plain = true;
	start(fixture, &source);
	fd = fixture_connect(fixture);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &source.has_started);
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000 && result == 0; i++) {
		result = rw_http_stream_send(source.stream, block, sizeof(block));
		if (result == 0)
			rw_loop_turn(fixture->loop);
	}
	assert_int_equal(result, -ENOBUFS);
	assert_false(source.has_closed); /* not inside of send */
	assert_int_equal(rw_http_stream_send(source.stream, "x", 1), -EPIPE);
	fixture_run_until(fixture, &source.has_closed);
	assert_int_equal(source.end, RW_HTTP_STREAM_SLOW);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 0);
	close(fd);
	stop(fixture);
}

static void cuts_a_client_that_has_stopped_reading(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct source source = {.options = {.queue_bytes = 64 << 20}};
	size_t size = 32 << 20;
	RW_CLEANUP(rw_free) char *block = calloc(1, size);
	int fd;

	fixture->plain = true;
	fixture->limits.answer_seconds = 1;
	start(fixture, &source);
	fd = fixture_connect(fixture);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &source.has_started);
	assert_int_equal(rw_http_stream_send(source.stream, block, size), 0);
	fixture_run_until(fixture, &source.has_closed);
	assert_int_equal(source.end, RW_HTTP_STREAM_SLOW);
	close(fd);
	stop(fixture);
}

static void stops_with_hundreds_of_streams_open(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct source source = {0};
	int fds[400];

	fixture->plain = true;
	fixture->limits.address_connections = 500;
	start(fixture, &source);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++) {
		fds[i] = fixture_connect(fixture);
		assert_int_equal(send(fds[i], request, strlen(request), 0), (ssize_t)strlen(request));
		rw_loop_turn(fixture->loop);
	}
	for (int i = 0; i < 100 && source.started < RW_ARRAY_COUNT(fds); i++)
		rw_loop_turn(fixture->loop);
	assert_int_equal(source.started, RW_ARRAY_COUNT(fds));
	assert_int_equal(rw_http_server_counts(fixture->server).streams, RW_ARRAY_COUNT(fds));
	stop(fixture);
	assert_int_equal(source.closed, RW_ARRAY_COUNT(fds));
	assert_int_equal(source.end, RW_HTTP_STREAM_STOPPING);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
}

static void hangs_up_in_order_and_serves_on(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {0};

	start(fixture, &source);
	for (unsigned int i = 0; i < 2; i++) {
		struct sink sink = {0};

		open_stream(fixture, &sink);
		fixture_run_until(fixture, &sink.head);
		assert_int_equal(rw_http_stream_send(source.stream, "last\n", 5), 0);
		rw_http_server_hang_up(fixture->server);
		assert_int_equal(source.closed, i + 1);
		assert_int_equal(source.end, RW_HTTP_STREAM_STOPPING);
		assert_null(source.stream);
		/* What was queued still comes, and the end is none of the network's. */
		fixture_run_until(fixture, &sink.done);
		assert_int_equal(sink.result, 0);
		assert_string_equal(sink.text, "last|");
		assert_int_equal(rw_http_server_counts(fixture->server).streams, 0);
	}
	stop(fixture);
	assert_int_equal(source.closed, 2);
}

static void bounds_the_number_of_streams(void **state)
{
	struct fixture *fixture = *state;
	struct source source = {0};
	struct sink sink = {0};
	struct sink second = {0};
	struct rw_http_call *call;

	fixture->limits.streams = 1;
	start(fixture, &source);
	call = open_stream(fixture, &sink);
	fixture_run_until(fixture, &sink.head);
	source.stream = NULL;
	open_stream(fixture, &second);
	fixture_run_until(fixture, &second.done);
	assert_int_equal(second.status, 503);
	assert_int_equal(source.start_result, -EBUSY);
	rw_http_call_abort(call);
	fixture_run_until(fixture, &source.has_closed);
	stop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_the_head_at_once_and_lines_as_they_come),
		cmocka_unit_test(tells_when_the_client_has_gone),
		cmocka_unit_test(lets_go_its_connection_while_an_older_one_stays),
		cmocka_unit_test(carries_lines_larger_than_any_buffer_on_the_way),
		cmocka_unit_test(refuses_lines_beyond_the_client_limit),
		cmocka_unit_test(beats_while_nothing_else_is_sent),
		cmocka_unit_test(cuts_a_client_that_does_not_read),
		cmocka_unit_test(cuts_a_client_that_has_stopped_reading),
		cmocka_unit_test(stops_with_hundreds_of_streams_open),
		cmocka_unit_test(hangs_up_in_order_and_serves_on),
		cmocka_unit_test(bounds_the_number_of_streams),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
