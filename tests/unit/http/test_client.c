/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void answer_count(struct rw_http_exchange *exchange, void *userdata)
{
	struct fixture *fixture = userdata;
	char text[32];

	fixture->count++;
	snprintf(text, sizeof(text), "%u", fixture->count);
	rw_http_answer(exchange, 200, "text/plain", text, strlen(text));
}

static void uses_one_connection_for_many_calls(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};

	fixture_start(fixture, answer_count);
	call.url = fixture_url(fixture, "/");
	for (int i = 0; i < 20; i++) {
		RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

		assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
		assert_int_equal(result.status, 200);
		assert_int_equal(rw_http_server_counts(fixture->server).connections, 1);
	}
	assert_int_equal(fixture->count, 20);
	fixture_stop(fixture);
}

static void finds_hosts_by_name(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};
	char url[64];

	fixture_start(fixture, answer_count);
	snprintf(url, sizeof(url), "https://localhost:%u", rw_http_server_port(fixture->server));
	call.url = url;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_int_equal(result.status, 200);
	fixture_stop(fixture);
}

static void says_where_it_cannot_connect(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};
	struct rw_error err = RW_ERROR_NONE;
	char url[64];

	fixture_start(fixture, answer_count);
	snprintf(url, sizeof(url), "https://127.0.0.2:%u", rw_http_server_port(fixture->server));
	call.url = url;
	/* The listener is bound to 127.0.0.1 alone. */
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "cannot connect to 127.0.0.2"));
	assert_true(result.unsent);
	fixture_stop(fixture);
}

static void refuses_a_server_by_another_name(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};
	struct rw_error err = RW_ERROR_NONE;
	char url[64];

	fixture_start(fixture, answer_count);
	/* The same address, written in a way that the certificate does not name. */
	snprintf(url, sizeof(url), "https://127.1:%u", rw_http_server_port(fixture->server));
	call.url = url;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, "not for \"127.1\""));
	assert_true(result.unsent);
	assert_int_equal(fixture->count, 0);
	fixture_stop(fixture);
}

static void refuses_a_server_of_another_authority(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_client_options options;
	RW_CLEANUP(rw_http_client_free) struct rw_http_client *client = NULL;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};
	struct rw_error err = RW_ERROR_NONE;

	fixture_start(fixture, answer_count);
	/* The agent's certificate is none of an authority that could have signed the server's. */
	options = (struct rw_http_client_options){
		.loop = fixture->loop, .clock = &fixture->clock.clock, .ca_file = fixture->foreign_cert_file};
	assert_int_equal(rw_http_client_new(&options, &client, NULL), 0);
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(client, &call, &result, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, "trusted authority"));
	assert_int_equal(fixture->count, 0);
	client = rw_http_client_free(client);
	fixture_stop(fixture);
}

static void trusts_the_authority_of_a_fingerprint_and_no_other(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_cert_info info;
	char fingerprint[65];

	fixture_start(fixture, answer_count);
	assert_int_equal(rw_cert_read(fixture->ca_pem, &info, NULL), 0);
	strcpy(fingerprint, info.fingerprint);
	call.url = fixture_url(fixture, "/");
	for (int i = 0; i < 2; i++) {
		struct rw_http_client_options options = {
			.loop = fixture->loop, .clock = &fixture->clock.clock, .ca_fingerprint = fingerprint};
		RW_CLEANUP(rw_http_client_free) struct rw_http_client *client = NULL;
		RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

		assert_int_equal(rw_http_client_new(&options, &client, NULL), 0);
		assert_int_equal(rw_http_client_wait(client, &call, &result, NULL),
				 i == 0 ? 0 : -EKEYREJECTED);
		fingerprint[0] = fingerprint[0] == '0' ? '1' : '0';
	}
	assert_int_equal(fixture->count, 1);
	fixture_stop(fixture);
}

static void refuses_an_expired_server(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};
	struct rw_error err = RW_ERROR_NONE;

	fixture_start(fixture, answer_count);
	fixture->clock.realtime_ms += INT64_C(366) * 86400 * 1000;
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, &err), -EKEYEXPIRED);
	assert_non_null(strstr(err.text, "has expired"));
	fixture_stop(fixture);
}

static void says_which_file_it_cannot_use(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_client_options options = {.clock = &fixture->clock.clock,
						 .ca_file = "/nonexistent/ca.pem"};
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	struct rw_http_client *client = NULL;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	options.loop = loop;
	assert_int_equal(rw_http_client_new(&options, &client, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/ca.pem"));
	options.ca_file = fixture->key_file;
	assert_true(rw_http_client_new(&options, &client, &err) < 0);
	options.ca_file = fixture->ca_file;
	options.cert_file = fixture->ca_file;
	options.key_file = fixture->key_file;
	assert_int_equal(rw_http_client_new(&options, &client, &err), -EINVAL);
	assert_null(client);
}

static void refuses_malformed_calls_before_they_start(void **state)
{
	static const struct rw_http_header evil[] = {{"X", "a\r\nY: b"}};
	struct fixture *fixture = *state;
	struct rw_http_call_options calls[] = {
		{.method = "GET", .url = "gopher://a/"},
		{.method = "G T", .url = "https://a/"},
		{.method = "", .url = "https://a/"},
		{.method = "GET", .url = "https://a/", .headers = evil, .header_count = 1},
	};
	struct rw_http_call *call = NULL;

	fixture_start(fixture, answer_count);
	for (size_t i = 0; i < RW_ARRAY_COUNT(calls); i++)
		assert_int_equal(rw_http_client_call(fixture->client, &calls[i], &call, NULL), -EINVAL);
	assert_null(call);
	fixture_stop(fixture);
}

static void answer_large(struct rw_http_exchange *exchange, void *userdata)
{
	size_t size = 300000;
	char *body = malloc(size);

	(void)userdata;
	memset(body, 'x', size);
	rw_http_answer_take(exchange, 200, "text/plain", body, size);
}

static void bounds_the_body_it_collects(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};

	fixture_start(fixture, answer_large);
	call.url = fixture_url(fixture, "/");
	call.max_body_bytes = 299999;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), -EMSGSIZE);
	call.max_body_bytes = 300000;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_int_equal(result.body_size, 300000);
	rw_http_result_done(&result);
	fixture_stop(fixture);
}

static void note_gone(struct rw_http_exchange *exchange, void *userdata)
{
	(void)exchange;
	(void)userdata;
}

static void never_answer(struct rw_http_exchange *exchange, void *userdata)
{
	assert_int_equal(rw_http_exchange_defer(exchange, note_gone, userdata), 0);
}

static void gives_up_after_its_times(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};
	struct rw_error err = RW_ERROR_NONE;

	fixture_start(fixture, never_answer);
	call.url = fixture_url(fixture, "/");
	call.total_ms = 50;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no complete answer within 50 ms"));
	call.total_ms = 0;
	call.idle_ms = 40;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "silent for 40 ms"));
	assert_false(result.unsent);
	fixture_stop(fixture);
}

/* ---- a server that is not ours, written by hand on a thread ---- */

struct script {
	int listener;
	uint16_t port;
	const char *const *answers; /* one a connection */
	size_t count;
	pthread_t thread;
};

static void *play(void *userdata)
{
	struct script *script = userdata;

	for (size_t i = 0; i < script->count; i++) {
		int fd = accept(script->listener, NULL, NULL);
		char request[4096];

		if (fd < 0)
			break;
		if (recv(fd, request, sizeof(request), 0) > 0 && script->answers[i])
			(void)!send(fd, script->answers[i], strlen(script->answers[i]), MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static void script_start(struct script *script, const char *const *answers, size_t count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	script->answers = answers;
	script->count = count;
	script->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(script->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(script->listener, 10), 0);
	assert_int_equal(getsockname(script->listener, (struct sockaddr *)&address, &size), 0);
	script->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
}

static void script_stop(struct script *script)
{
	shutdown(script->listener, SHUT_RDWR);
	pthread_join(script->thread, NULL);
	close(script->listener);
}

static void tells_broken_answers_apart(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n",
		NULL,
		"HTTP/1.1 200 OK\r\n\r\nuntil the end",
	};
	static const int results[] = {-ECONNRESET, -EPROTO, -ECONNRESET, 0};
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "POST"};
	struct script script;
	char url[64];

	fixture_start(fixture, answer_count);
	script_start(&script, answers, RW_ARRAY_COUNT(answers));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", script.port);
	call.url = url;
	for (size_t i = 0; i < RW_ARRAY_COUNT(answers); i++) {
		RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

		assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), results[i]);
		assert_false(result.unsent);
		if (results[i] == 0)
			assert_string_equal(result.body, "until the end");
	}
	script_stop(&script);
	fixture_stop(fixture);
}

static void drops_a_kept_connection_that_the_server_closed(void **state)
{
	/* Both say that the connection may be used again, and close it. */
	static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
					      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"};
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "GET"};
	struct rw_http_result result = {0};
	struct script script;
	char url[64];

	fixture_start(fixture, answer_count);
	script_start(&script, answers, 2);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", script.port);
	call.url = url;
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_string_equal(result.body, "one");
	rw_http_result_done(&result);
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_string_equal(result.body, "two");
	rw_http_result_done(&result);
	script_stop(&script);
	fixture_stop(fixture);
}

static void gives_no_body_for_a_head_request(void **state)
{
	struct fixture *fixture = *state;
	struct rw_http_call_options call = {.method = "HEAD"};
	RW_CLEANUP(rw_http_result_done) struct rw_http_result result = {0};

	fixture_start(fixture, answer_count);
	call.url = fixture_url(fixture, "/");
	assert_int_equal(rw_http_client_wait(fixture->client, &call, &result, NULL), 0);
	assert_int_equal(result.status, 200);
	assert_int_equal(result.body_size, 0);
	assert_non_null(strstr(result.headers, "Content-Length: 1\n"));
	fixture_stop(fixture);
}

/* ---- many at once ---- */

struct crowd {
	unsigned int done;
	unsigned int good;
	unsigned int wanted;
	bool all_done;
};

static void count_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
		       const struct rw_error *err, void *userdata)
{
	struct crowd *crowd = userdata;

	(void)call;
	(void)err;
	crowd->good += result == 0 && response->status == 200;
	crowd->all_done = ++crowd->done == crowd->wanted;
}

static void serves_hundreds_of_connections_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct crowd crowd = {.wanted = 200};
	struct rw_http_call_options options = {.method = "GET", .done = count_done, .userdata = &crowd};
	struct rw_http_call *call;

	fixture_start(fixture, answer_count);
	options.url = fixture_url(fixture, "/");
	for (unsigned int i = 0; i < crowd.wanted; i++)
		assert_int_equal(rw_http_client_call(fixture->client, &options, &call, NULL), 0);
	fixture_run_until(fixture, &crowd.all_done);
	assert_int_equal(crowd.good, crowd.wanted);
	fixture_stop(fixture);
}

static void aborts_calls_at_any_stage(void **state)
{
	struct fixture *fixture = *state;
	struct crowd crowd = {.wanted = 1};
	struct rw_http_call_options options = {.method = "GET", .done = count_done, .userdata = &crowd};
	struct rw_http_call *call;
	char url[64];

	fixture_start(fixture, answer_count);
	snprintf(url, sizeof(url), "https://localhost:%u/", rw_http_server_port(fixture->server));
	for (int turns = 0; turns < 12; turns++) {
		options.url = turns % 2 ? url : fixture_url(fixture, "/");
		assert_int_equal(rw_http_client_call(fixture->client, &options, &call, NULL), 0);
		crowd = (struct crowd){.wanted = 1};
		for (int i = 0; i < turns && !crowd.all_done; i++)
			rw_loop_turn(fixture->loop);
		if (!crowd.all_done)
			rw_http_call_abort(call);
	}
	fixture_stop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uses_one_connection_for_many_calls),
		cmocka_unit_test(finds_hosts_by_name),
		cmocka_unit_test(says_where_it_cannot_connect),
		cmocka_unit_test(refuses_a_server_by_another_name),
		cmocka_unit_test(refuses_a_server_of_another_authority),
		cmocka_unit_test(trusts_the_authority_of_a_fingerprint_and_no_other),
		cmocka_unit_test(refuses_an_expired_server),
		cmocka_unit_test(says_which_file_it_cannot_use),
		cmocka_unit_test(refuses_malformed_calls_before_they_start),
		cmocka_unit_test(bounds_the_body_it_collects),
		cmocka_unit_test(gives_up_after_its_times),
		cmocka_unit_test(tells_broken_answers_apart),
		cmocka_unit_test(drops_a_kept_connection_that_the_server_closed),
		cmocka_unit_test(gives_no_body_for_a_head_request),
		cmocka_unit_test(serves_hundreds_of_connections_at_once),
		cmocka_unit_test(aborts_calls_at_any_stage),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
