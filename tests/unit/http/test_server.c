/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/file.h"

/* Answers with what it has understood of the request. */
static void echo(struct rw_http_exchange *exchange, void *userdata)
{
	const struct rw_http_request *request = rw_http_exchange_request(exchange);
	const char *flavour = rw_http_exchange_header(exchange, "x-flavour");
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)userdata;
	rw_buf_init(&buf, 1 << 22);
	(void)rw_buf_append_format(&buf, "%s %s|%zu|%s|%s|%s|%s|", request->method, request->path,
				   request->segment_count, flavour ? flavour : "-", request->peer_address,
				   request->secure ? "tls" : "plain",
				   request->certificate ? request->certificate->common_name : "-");
	(void)rw_buf_append(&buf, request->body, request->body_size);
	assert_int_equal(rw_http_answer_header(exchange, "X-Answer", "yes"), 0);
	rw_http_answer(exchange, 200, "text/plain", buf.data, buf.size);
}

static void start_plain(struct fixture *fixture, rw_http_handler_fn handler)
{
	fixture->plain = true;
	fixture_start(fixture, handler);
}

static void gives_handlers_the_whole_request(void **state)
{
	static const struct rw_http_header headers[] = {{"X-Flavour", "mint"}};
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {
		.method = "POST", .headers = headers, .header_count = 1, .body = "hello", .body_size = 5};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	fixture_start(fixture, echo);
	call.url = fixture_url(fixture, "/v1/groups/a%2Fb?limit=3");
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_int_equal(result.status, 200);
	assert_string_equal(result.body, "POST /v1/groups/a%2Fb|3|mint|127.0.0.1|tls|-|hello");
	assert_non_null(strstr(result.headers, "X-Answer: yes\n"));
	assert_non_null(strstr(result.headers, "Content-Type: text/plain\n"));
	fixture_stop(fixture);
}

/* Appends what it is told, and wants no more than two of the names that begin with "X-". */
struct seen {
	struct rw_buf buf;
	int count;
};

static bool see_header(void *userdata, const char *name, const char *value)
{
	struct seen *seen = userdata;

	if (strncasecmp(name, "x-", 2) != 0)
		return true;
	(void)rw_buf_append_format(&seen->buf, "%s=%s;", name, value);
	return ++seen->count < 2;
}

static void echo_headers(struct rw_http_exchange *exchange, void *userdata)
{
	struct seen seen = {.count = 0};

	(void)userdata;
	rw_buf_init(&seen.buf, 1000);
	rw_http_exchange_headers(exchange, see_header, &seen);
	rw_http_answer(exchange, 200, "text/plain", seen.buf.data, seen.buf.size);
	rw_buf_done(&seen.buf);
}

static void gives_handlers_every_header_until_they_have_enough(void **state)
{
	static const struct rw_http_header headers[] = {{"X-One", "a"}, {"X-One", "b"}, {"X-Two", "c"}};
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET", .headers = headers, .header_count = 3};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	fixture_start(fixture, echo_headers);
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_string_equal(result.body, "X-One=a;X-One=b;");
	fixture_stop(fixture);
}

static void tells_handlers_who_the_client_has_proved_to_be(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	fixture_start(fixture, echo);
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->agent, &call, &result, NULL), 0);
	assert_string_equal(result.body, "GET /|0|-|127.0.0.1|tls|n-1|");
	fixture_stop(fixture);
}

static void refuses_a_certificate_of_a_foreign_authority(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_client_options options;
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *foreign = NULL;
	struct rw_http_call_options call = {.method = "GET"};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	fixture_start(fixture, echo);
	options = (struct rw_http_client_options){.loop = fixture->loop,
						  .clock = &fixture->clock.clock,
						  .ca_file = fixture->ca_file,
						  .cert_file = fixture->foreign_cert_file,
						  .key_file = fixture->key_file};
	assert_int_equal(rw_http_client_new(&options, &foreign, NULL), 0);
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(foreign, &call, &result, NULL), 0);
	assert_int_equal(result.status, 403);
	assert_non_null(strstr(result.body, "not issued by this authority"));
	assert_non_null(strstr(result.headers, "application/problem+json"));
	assert_int_equal(rw_http_server_counts(fixture->server).requests, 0);
	foreign = rw_http_client_free(foreign);
	fixture_stop(fixture);
}

static void refuses_an_expired_certificate_also_on_an_open_connection(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};

	fixture_start(fixture, echo);
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->agent, &call, &result, NULL), 0);
	assert_int_equal(result.status, 200);
	rw_http_result_done(&result);
	fixture->clock.realtime_ms += INT64_C(91) * 86400 * 1000;
	assert_int_equal(rw_http_client_wait(fixture->agent, &call, &result, NULL), 0);
	assert_int_equal(result.status, 403);
	assert_non_null(strstr(result.body, "expired"));
	rw_http_result_done(&result);
	fixture_stop(fixture);
}

/* A second authority and a server certificate of it. */
static void make_other(char **ret_ca, char **ret_chain, char **ret_key)
{
	static const char *const names[] = {"127.0.0.1"};
	struct rw_cert_period period = rw_cert_period_days(FIXTURE_NOW_S, 365);
	RW_CLEANUP(rw_cert_authority_free) struct rw_cert_authority *authority = NULL;
	RW_CLEANUP(rw_free) char *ca_key = NULL;
	RW_CLEANUP(rw_free) char *cert = NULL;

	assert_int_equal(rw_cert_make_authority("test", rw_random_system(), period, ret_ca, &ca_key, NULL),
			 0);
	assert_int_equal(rw_cert_authority_new(*ret_ca, ca_key, rw_random_system(), &authority, NULL), 0);
	assert_int_equal(rw_cert_make_key(ret_key, NULL), 0);
	assert_int_equal(rw_cert_issue_server(authority, *ret_key, names, 1, period, &cert, NULL), 0);
	assert_true(asprintf(ret_chain, "%s%s", cert, *ret_ca) > 0);
}

static int ask(const struct fixture *fixture, struct rw_http_client *client, struct rw_error *err)
{
	struct rw_http_call_options call = {.method = "GET", .url = fixture_url(fixture, "/")};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	int r = rw_http_client_wait(client, &call, &result, err);

	return r < 0 ? r : (int)result.status;
}

static void shows_another_certificate_without_a_restart(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_free) char *ca = NULL;
	RW_CLEANUP(rw_free) char *chain = NULL;
	RW_CLEANUP(rw_free) char *key = NULL;
	RW_CLEANUP(rw_free) char *both = NULL;
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *patient = NULL;
	char both_file[128];
	struct rw_error err = RW_ERROR_NONE;
	struct rw_http_client_options options;

	fixture_start(fixture, echo);
	make_other(&ca, &chain, &key);
	assert_true(asprintf(&both, "%s%s", ca, fixture->ca_pem) > 0);
	snprintf(both_file, sizeof(both_file), "%s/both.pem", fixture->folder);
	assert_int_equal(rw_file_write(both_file, fixture->ca_pem, strlen(fixture->ca_pem), 0600, NULL), 0);
	options = (struct rw_http_client_options){.loop = fixture->loop,
						  .clock = &fixture->clock.clock,
						  .ca_file = both_file,
						  .cert_file = fixture->cert_file,
						  .key_file = fixture->key_file};
	assert_int_equal(rw_http_client_new(&options, &patient, NULL), 0);
	assert_int_equal(ask(fixture, fixture->client, NULL), 200);
	assert_int_equal(ask(fixture, patient, NULL), 200);

	/* One that does not fit changes nothing. */
	assert_int_equal(rw_http_server_renew(fixture->server, chain, fixture->server_key_pem, both, &err),
			 -EINVAL);
	assert_int_equal(ask(fixture, fixture->client, NULL), 200);
	assert_int_equal(rw_http_server_renew(fixture->server, chain, key, both, NULL), 0);

	/* Connections that are open go on; new ones must trust the new authority. */
	assert_int_equal(ask(fixture, patient, NULL), 200);
	assert_int_equal(rw_file_write(both_file, both, strlen(both), 0600, NULL), 0);
	assert_int_equal(rw_http_client_reload(patient, NULL), 0);
	/* Its own certificate is of the old authority, which still counts. */
	assert_int_equal(ask(fixture, patient, NULL), 200);
	fixture->client = rw_http_client_free(fixture->client);
	options = (struct rw_http_client_options){
		.loop = fixture->loop, .clock = &fixture->clock.clock, .ca_file = fixture->ca_file};
	assert_int_equal(rw_http_client_new(&options, &fixture->client, NULL), 0);
	assert_int_equal(ask(fixture, fixture->client, &err), -EKEYREJECTED);

	/* Retired: its certificates are foreign now. */
	assert_int_equal(rw_http_server_renew(fixture->server, chain, key, ca, NULL), 0);
	assert_int_equal(rw_http_client_reload(patient, NULL), 0);
	assert_int_equal(ask(fixture, patient, NULL), 403);
	assert_int_equal(unlink(both_file), 0);
	patient = rw_http_client_free(patient);
	fixture_stop(fixture);
}

static void refuses_plain_http_beyond_loopback(void **state)
{
	static const char *const addresses[] = {"0.0.0.0", "::", "192.0.2.1", "::ffff:127.0.0.1"};
	struct fixture *fixture = *state;
	struct rw_http_server_options options = {
		.plain = true, .handler = echo, .clock = &fixture->clock.clock};
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	struct rw_http_server *server = NULL;
	struct rw_error err;

	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	options.loop = loop;
	for (size_t i = 0; i < RW_ARRAY_COUNT(addresses); i++) {
		options.address = addresses[i];
		assert_int_equal(rw_http_server_new(&options, &server, &err), -EINVAL);
		assert_non_null(strstr(err.text, "loopback"));
	}
	options.address = "localhost";
	assert_int_equal(rw_http_server_new(&options, &server, &err), -EINVAL);
	assert_null(server);
}

static void refuses_key_material_that_does_not_fit(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_server_options options = {.handler = echo,
						 .clock = &fixture->clock.clock,
						 .address = "127.0.0.1",
						 .cert_pem = fixture->ca_pem,
						 .key_pem = fixture->server_key_pem};
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	struct rw_http_server *server = NULL;
	struct rw_error err;

	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	options.loop = loop;
	assert_int_equal(rw_http_server_new(&options, &server, &err), -EINVAL);
	options.cert_pem = NULL;
	assert_int_equal(rw_http_server_new(&options, &server, &err), -EINVAL);
	assert_null(server);
}

static void says_when_its_port_is_taken(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_server_options options = {
		.plain = true, .handler = echo, .clock = &fixture->clock.clock, .address = "127.0.0.1"};
	struct rw_http_server *server = NULL;
	struct rw_error err;

	start_plain(fixture, echo);
	options.loop = fixture->loop;
	options.port = rw_http_server_port(fixture->server);
	assert_int_equal(rw_http_server_new(&options, &server, &err), -EADDRINUSE);
	assert_null(server);
	fixture_stop(fixture);
}

static void refuses_bodies_beyond_the_limit_by_their_length(void **state)
{
	struct fixture *fixture = *state;
	char answer[4096];

	fixture->limits.body_bytes = 100;
	start_plain(fixture, echo);
	fixture_talk(fixture, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\nxxxx", answer,
		     sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 413 "));
	assert_int_equal(rw_http_server_counts(fixture->server).requests, 0);
	assert_int_equal(rw_http_server_counts(fixture->server).refused, 1);
	fixture_stop(fixture);
}

static void takes_a_body_of_exactly_the_limit(void **state)
{
	struct fixture *fixture = *state;
	char body[3000];
	struct rw_http_call_options call = {.method = "PUT", .body = body, .body_size = sizeof(body)};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	fixture->limits.body_bytes = sizeof(body);
	fixture_start(fixture, echo);
	memset(body, 'x', sizeof(body));
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_int_equal(result.status, 200);
	assert_true(result.body_size > sizeof(body));
	fixture_stop(fixture);
}

static void refuses_chunked_bodies_beyond_the_limit(void **state)
{
	struct fixture *fixture = *state;
	char answer[4096];

	fixture->limits.body_bytes = 10;
	start_plain(fixture, echo);
	fixture_talk(fixture,
		     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n",
		     answer, sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 413 "));
	/* Who goes on sending is cut without an answer. */
	fixture_talk(fixture,
		     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "8\r\n12345678\r\n8\r\n12345678\r\n8\r\n12345678\r\n8\r\n12345678\r\n",
		     answer, sizeof(answer));
	assert_string_equal(answer, "");
	assert_int_equal(rw_http_server_counts(fixture->server).requests, 0);
	fixture_stop(fixture);
}

static void refuses_requests_that_can_be_framed_in_two_ways(void **state)
{
	static const char *const headers[] = {
		"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
		"Content-Length: 3\r\nContent-Length: 3\r\n",
		"Content-Length: 3\r\nContent-Length: 4\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: +3\r\n",
		"Content-Length: 3 3\r\n",
	};
	struct fixture *fixture = *state;
	char request[256];
	char answer[4096];

	start_plain(fixture, echo);
	for (size_t i = 0; i < RW_ARRAY_COUNT(headers); i++) {
		snprintf(request, sizeof(request),
			 "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\nabc", headers[i]);
		fixture_talk(fixture, request, answer, sizeof(answer));
		assert_null(strstr(answer, "HTTP/1.1 200"));
	}
	assert_int_equal(rw_http_server_counts(fixture->server).requests, 0);
	fixture_stop(fixture);
}

static void survives_garbage_and_answers_the_next_client(void **state)
{
	static const char *const garbage[] = {
		"\r\n\r\n\r\n\r\nrubbish\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET http://other/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"GET /a//b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"GET /../etc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"\x16\x03\x01\x02\x01\xfc\x03\x03 GET\r\n\r\n",
	};
	struct fixture *fixture = *state;
	char answer[4096];

	start_plain(fixture, echo);
	for (size_t i = 0; i < RW_ARRAY_COUNT(garbage); i++) {
		fixture_talk(fixture, garbage[i], answer, sizeof(answer));
		assert_null(strstr(answer, "HTTP/1.1 200"));
	}
	assert_int_equal(rw_http_server_counts(fixture->server).requests, 0);
	fixture_talk(fixture, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", answer,
		     sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 200"));
	fixture_stop(fixture);
}

static void refuses_headers_beyond_the_limit(void **state)
{
	struct fixture *fixture = *state;
	static char request[20000] = "GET / HTTP/1.1\r\nHost: a\r\nX-Long: ";
	char answer[4096];
	size_t length = strlen(request);

	start_plain(fixture, echo);
	memset(request + length, 'x', sizeof(request) - length - 1);
	fixture_talk(fixture, request, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 431 "));
	fixture_stop(fixture);
}

static void answers_pipelined_requests_in_order(void **state)
{
	struct fixture *fixture = *state;
	char answer[4096];
	const char *first;

	start_plain(fixture, echo);
	fixture_talk(fixture,
		     "GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
		     "POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
		     "GET /three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		     answer, sizeof(answer));
	first = strstr(answer, "GET /one|");
	assert_non_null(first);
	assert_non_null(strstr(first, "POST /two|"));
	assert_non_null(strstr(strstr(first, "POST /two|"), "GET /three|"));
	fixture_stop(fixture);
}

/* Sends one more byte every few milliseconds; the request never becomes complete. */
struct dribble {
	int fd;
	const char *text;
	size_t sent;
};

struct slow_clients {
	struct fixture *fixture;
	struct dribble dribbles[3];
	int silent; /* sends a whole request and does not take the answer */
	unsigned int ticks;
};

static void send_a_byte_each(void *userdata)
{
	struct slow_clients *clients = userdata;

	for (size_t i = 0; i < RW_ARRAY_COUNT(clients->dribbles); i++) {
		struct dribble *dribble = &clients->dribbles[i];

		if (dribble->text[dribble->sent])
			dribble->sent +=
				send(dribble->fd, dribble->text + dribble->sent, 1, MSG_NOSIGNAL) > 0;
	}
	if (rw_http_server_counts(clients->fixture->server).connections == 0 || ++clients->ticks == 300)
		rw_loop_stop(clients->fixture->loop);
}

static void answer_more_than_a_socket_holds(struct rw_http_exchange *exchange, void *userdata)
{
	(void)userdata;
	rw_http_answer_take(exchange, 200, "text/plain", calloc(1, 32 << 20), 32 << 20);
}

static void cuts_clients_that_dribble_their_requests_or_do_not_take_their_answers(void **state)
{
	static const char whole[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct slow_clients clients = {
		.fixture = fixture,
		.dribbles =
			{
				{.text = ""},
				{.text = "GET / HTTP/1.1\r\nX: "
					 "1234567890123456789012345678901234567890123456789012345678901"
					 "2345678901234567890123456789012345678901234567890123456789012345678"
					 "901234567890"},
				{.text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
					 "100\r\n\r\n123456789012345678901234567"
					 "8901234567890123456789012345678901234567890123456789012345678901234"
					 "567890123"},
			},
	};
	struct rw_loop_timer *timer = NULL;

	fixture->limits.request_seconds = 1;
	fixture->limits.answer_seconds = 1;
	start_plain(fixture, answer_more_than_a_socket_holds);
	for (size_t i = 0; i < RW_ARRAY_COUNT(clients.dribbles); i++)
		clients.dribbles[i].fd = fixture_connect(fixture);
	clients.silent = fixture_connect(fixture);
	assert_int_equal(send(clients.silent, whole, strlen(whole), 0), (ssize_t)strlen(whole));
	rw_loop_turn(fixture->loop);
	assert_int_equal(rw_loop_timer_new(fixture->loop, send_a_byte_each, &clients, &timer), 0);
	rw_loop_timer_start(timer, 10, 10);
	rw_loop_run(fixture->loop);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 0);
	assert_int_equal(rw_http_server_counts(fixture->server).cut, 4);
	rw_loop_timer_free(timer);
	for (size_t i = 0; i < RW_ARRAY_COUNT(clients.dribbles); i++)
		close(clients.dribbles[i].fd);
	close(clients.silent);
	fixture_stop(fixture);
}

static void stop_when_empty(void *userdata)
{
	struct fixture *fixture = userdata;

	if (rw_http_server_counts(fixture->server).connections == 0)
		rw_loop_stop(fixture->loop);
}

static void cuts_clients_that_do_not_finish_the_tls_handshake(void **state)
{
	struct fixture *fixture = *state;
	struct rw_loop_timer *timer = NULL;
	int silent;
	int garbled;

	fixture->limits.request_seconds = 1;
	fixture_start(fixture, echo);
	silent = fixture_connect(fixture);
	garbled = fixture_connect(fixture);
	assert_int_equal(send(garbled, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	for (int i = 0; i < 3; i++)
		rw_loop_turn(fixture->loop);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 1);
	assert_int_equal(rw_loop_timer_new(fixture->loop, stop_when_empty, fixture, &timer), 0);
	rw_loop_timer_start(timer, 10, 10);
	rw_loop_run(fixture->loop);
	assert_int_equal(rw_http_server_counts(fixture->server).cut, 1);
	rw_loop_timer_free(timer);
	close(silent);
	close(garbled);
	fixture_stop(fixture);
}

/* ---- deferred answers ---- */

struct deferral {
	struct fixture *fixture;
	struct rw_http_exchange *exchange;
	bool begun;
	bool gone;
};

static void note_gone(struct rw_http_exchange *exchange, void *userdata)
{
	struct deferral *deferral = userdata;

	assert_ptr_equal(exchange, deferral->exchange);
	deferral->gone = true;
	deferral->exchange = NULL;
}

static void defer(struct rw_http_exchange *exchange, void *userdata)
{
	struct deferral *deferral = userdata;

	if (rw_http_exchange_defer(exchange, note_gone, deferral) < 0) {
		rw_http_answer(exchange, 503, NULL, NULL, 0);
		return;
	}
	deferral->exchange = exchange;
	deferral->begun = true;
}

static void answer_later(void *userdata)
{
	struct deferral *deferral = userdata;

	if (deferral->exchange)
		rw_http_answer(RW_TAKE_PTR(deferral->exchange), 200, "text/plain", "late", 4);
}

static void sends_a_deferred_answer(void **state)
{
	struct fixture *fixture = *state;
	struct deferral deferral = {.fixture = fixture};
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_loop_timer *timer = NULL;
	struct rw_http_result result = {0};

	fixture->userdata = &deferral;
	fixture_start(fixture, defer);
	assert_int_equal(rw_loop_timer_new(fixture->loop, answer_later, &deferral, &timer), 0);
	call.url = fixture_url(fixture, "/wait");
	for (int i = 0; i < 3; i++) {
		rw_loop_timer_start(timer, 20, 0);
		assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
		assert_string_equal(result.body, "late");
		rw_http_result_done(&result);
	}
	assert_int_equal(rw_http_server_counts(fixture->server).streams, 0);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 1);
	assert_false(deferral.gone);
	rw_loop_timer_free(timer);
	fixture_stop(fixture);
	fixture->userdata = NULL;
}

static void sends_a_deferred_answer_in_the_turn_that_made_it(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct deferral deferral = {.fixture = fixture};
	char answer[1024];
	int fd;

	fixture->userdata = &deferral;
	start_plain(fixture, defer);
	fd = fixture_connect(fixture);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &deferral.begun);
	answer_later(&deferral);
	rw_loop_turn(fixture->loop);
	assert_true(recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0);
	close(fd);
	fixture_stop(fixture);
	fixture->userdata = NULL;
}

static void notices_that_the_client_of_a_deferred_answer_has_gone(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct deferral deferral = {.fixture = fixture};
	int fd;

	fixture->userdata = &deferral;
	start_plain(fixture, defer);
	fd = fixture_connect(fixture);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &deferral.begun);
	close(fd);
	fixture_run_until(fixture, &deferral.gone);
	assert_int_equal(rw_http_server_counts(fixture->server).streams, 0);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 0);
	fixture_stop(fixture);
	fixture->userdata = NULL;
}

static void bounds_what_is_deferred(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	struct fixture *fixture = *state;
	struct deferral deferral = {.fixture = fixture};
	char answer[1024];
	int fd;

	fixture->userdata = &deferral;
	fixture->limits.streams = 1;
	start_plain(fixture, defer);
	fd = fixture_connect(fixture);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &deferral.begun);
	fixture_talk(fixture, request, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 503 "));
	close(fd);
	fixture_stop(fixture);
	assert_true(deferral.gone);
	fixture->userdata = NULL;
}

static void stops_with_deferred_answers_open(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct deferral deferral = {.fixture = fixture};
	int fd;

	fixture->userdata = &deferral;
	start_plain(fixture, defer);
	fd = fixture_connect(fixture);
	assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &deferral.begun);
	fixture_stop(fixture);
	assert_true(deferral.gone);
	close(fd);
	fixture->userdata = NULL;
}

static void hangs_up_on_deferred_answers_and_serves_on(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct deferral deferral = {.fixture = fixture};
	int fds[2];

	fixture->userdata = &deferral;
	start_plain(fixture, defer);
	fds[0] = fixture_connect(fixture);
	assert_int_equal(send(fds[0], request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &deferral.begun);
	rw_http_server_hang_up(fixture->server);
	assert_true(deferral.gone);
	assert_int_equal(rw_http_server_counts(fixture->server).streams, 0);
	deferral = (struct deferral){.fixture = fixture};
	fds[1] = fixture_connect(fixture);
	assert_int_equal(send(fds[1], request, strlen(request), 0), (ssize_t)strlen(request));
	fixture_run_until(fixture, &deferral.begun);
	/* The one that was hung up on is closed, the other goes on. */
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 1);
	assert_false(deferral.gone);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	fixture_stop(fixture);
	fixture->userdata = NULL;
}

static void leave_unanswered(struct rw_http_exchange *exchange, void *userdata)
{
	(void)exchange;
	(void)userdata;
}

static void answers_500_when_a_handler_forgets(void **state)
{
	struct fixture *fixture = *state;
	char answer[1024];

	start_plain(fixture, leave_unanswered);
	fixture_talk(fixture, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", answer,
		     sizeof(answer));
	assert_non_null(strstr(answer, " 500 "));
	fixture_stop(fixture);
}

static void waits_for_room_beyond_its_limit_of_connections(void **state)
{
	struct fixture *fixture = *state;
	char answer[1024];
	int fds[4];

	fixture->limits.connections = 4;
	start_plain(fixture, echo);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		fds[i] = fixture_connect(fixture);
	for (int i = 0; i < 10; i++)
		rw_loop_turn(fixture->loop);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 4);
	close(fds[0]);
	fixture_talk(fixture, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", answer,
		     sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 200"));
	for (size_t i = 1; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	fixture_stop(fixture);
}

static void cuts_connections_beyond_the_limit_of_an_address(void **state)
{
	struct fixture *fixture = *state;
	int fds[4];
	char byte;

	fixture->limits.address_connections = 3;
	start_plain(fixture, echo);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		fds[i] = fixture_connect(fixture);
	for (int i = 0; i < 10; i++)
		rw_loop_turn(fixture->loop);
	assert_int_equal(rw_http_server_counts(fixture->server).connections, 3);
	assert_true(recv(fds[3], &byte, 1, MSG_DONTWAIT) <= 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	fixture_stop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_handlers_the_whole_request),
		cmocka_unit_test(gives_handlers_every_header_until_they_have_enough),
		cmocka_unit_test(tells_handlers_who_the_client_has_proved_to_be),
		cmocka_unit_test(refuses_a_certificate_of_a_foreign_authority),
		cmocka_unit_test(refuses_an_expired_certificate_also_on_an_open_connection),
		cmocka_unit_test(shows_another_certificate_without_a_restart),
		cmocka_unit_test(refuses_plain_http_beyond_loopback),
		cmocka_unit_test(refuses_key_material_that_does_not_fit),
		cmocka_unit_test(says_when_its_port_is_taken),
		cmocka_unit_test(refuses_bodies_beyond_the_limit_by_their_length),
		cmocka_unit_test(takes_a_body_of_exactly_the_limit),
		cmocka_unit_test(refuses_chunked_bodies_beyond_the_limit),
		cmocka_unit_test(refuses_requests_that_can_be_framed_in_two_ways),
		cmocka_unit_test(survives_garbage_and_answers_the_next_client),
		cmocka_unit_test(refuses_headers_beyond_the_limit),
		cmocka_unit_test(answers_pipelined_requests_in_order),
		cmocka_unit_test(cuts_clients_that_dribble_their_requests_or_do_not_take_their_answers),
		cmocka_unit_test(cuts_clients_that_do_not_finish_the_tls_handshake),
		cmocka_unit_test(sends_a_deferred_answer),
		cmocka_unit_test(sends_a_deferred_answer_in_the_turn_that_made_it),
		cmocka_unit_test(notices_that_the_client_of_a_deferred_answer_has_gone),
		cmocka_unit_test(bounds_what_is_deferred),
		cmocka_unit_test(stops_with_deferred_answers_open),
		cmocka_unit_test(hangs_up_on_deferred_answers_and_serves_on),
		cmocka_unit_test(answers_500_when_a_handler_forgets),
		cmocka_unit_test(waits_for_room_beyond_its_limit_of_connections),
		cmocka_unit_test(cuts_connections_beyond_the_limit_of_an_address),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
