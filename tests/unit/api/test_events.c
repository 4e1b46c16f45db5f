/* SPDX-License-Identifier: Apache-2.0 */

/* The event stream: following, resuming, being cut. */

#include "test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "fixture.h"

/* A follower and the lines that it has got. */
struct follower {
	struct api_fixture *fx;
	struct rw_http_call *call; /* NULL when it has ended */
	struct rw_buf lines;
	char last_id[64];
	size_t events;
	unsigned int status;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct api_fixture));
	api_fixture_init(*state);
	return 0;
}

static int teardown(void **state)
{
	api_fixture_done(*state);
	free(*state);
	return 0;
}

static void take_line(struct rw_http_call *call, const char *line, size_t length, void *userdata)
{
	struct follower *follower = userdata;

	(void)call;
	(void)length;
	(void)rw_buf_append_format(&follower->lines, "%s\n", line);
	if (strncmp(line, "id: ", 4) == 0)
		(void)snprintf(follower->last_id, sizeof(follower->last_id), "%s", line + 4);
	follower->events += strncmp(line, "data: ", 6) == 0;
}

static void ended(struct rw_http_call *call, int result, const struct rw_http_response *response,
		  const struct rw_error *err, void *userdata)
{
	struct follower *follower = userdata;

	(void)call;
	(void)result;
	(void)err;
	follower->call = NULL;
	follower->status = response->status;
}

static void follow_as(struct follower *follower, struct api_fixture *fx, const char *path,
		      const struct rw_http_header *who, const char *last_id)
{
	struct rw_http_header headers[] = {*who, {"Last-Event-ID", last_id}};
	char url[128];

	memset(follower, 0, sizeof(*follower));
	follower->fx = fx;
	rw_buf_init(&follower->lines, 1 << 20);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", rw_http_server_port(fx->server), path);
	assert_int_equal(rw_http_client_call(fx->client,
					     &(struct rw_http_call_options){.method = "GET",
									    .url = url,
									    .headers = headers,
									    .header_count = last_id ? 2 : 1,
									    .line = take_line,
									    .done = ended,
									    .userdata = follower},
					     &follower->call, NULL),
			 0);
}

static void follow(struct follower *follower, struct api_fixture *fx, enum rw_role role, const char *last_id)
{
	follow_as(follower, fx, "/v1/events", &(struct rw_http_header){"Authorization", fx->keys[role]},
		  last_id);
}

static void leave(struct follower *follower)
{
	if (follower->call)
		rw_http_call_abort(follower->call);
	rw_buf_done(&follower->lines);
}

/* Turns the loop until the follower has had its first lines and 'events' events. */
static void turn(struct follower *follower, size_t events)
{
	for (int i = 0; i < 2000000; i++) {
		rw_loop_turn(follower->fx->loop);
		if (follower->last_id[0] && follower->events >= events)
			return;
	}
	fail_msg("%zu of %zu events", follower->events, events);
}

static void turn_until_ended(struct follower *follower)
{
	for (int i = 0; i < 2000000 && follower->call; i++)
		rw_loop_turn(follower->fx->loop);
	assert_null(follower->call);
}

static void make_network(struct api_fixture *fx, int number)
{
	char id[RW_ID_SIZE], cidr[32];

	(void)snprintf(id, sizeof(id), "vpc-%d", number);
	(void)snprintf(cidr, sizeof(cidr), "10.%d.0.0/16", number);
	fixture_create(&fx->fx, RW_KIND_NETWORK, world_network(id, RW_NETWORK_VPC, cidr));
}

static void tells_changes_as_they_happen(void **state)
{
	struct api_fixture *fx = *state;
	struct follower follower;

	make_network(fx, 1);
	follow(&follower, fx, RW_ROLE_VIEWER, NULL);
	turn(&follower, 0);
	assert_int_equal(follower.events, 0);
	make_network(fx, 2);
	turn(&follower, 1);
	assert_non_null(strstr(follower.lines.data, "event: change\n"));
	assert_non_null(strstr(follower.lines.data, "alice"));
	leave(&follower);
}

static void resumes_without_a_gap(void **state)
{
	struct api_fixture *fx = *state;
	struct follower first, second;

	follow(&first, fx, RW_ROLE_VIEWER, NULL);
	turn(&first, 0);
	make_network(fx, 1);
	turn(&first, 1);
	leave(&first);
	make_network(fx, 2);
	make_network(fx, 3);
	follow(&second, fx, RW_ROLE_VIEWER, first.last_id);
	turn(&second, 2);
	assert_int_equal(second.events, 2);
	assert_null(strstr(second.lines.data, "event: lost"));
	leave(&second);
}

static void resumes_before_the_first_event(void **state)
{
	struct api_fixture *fx = *state;
	struct follower first, second;

	follow(&first, fx, RW_ROLE_VIEWER, NULL);
	turn(&first, 0);
	leave(&first);
	make_network(fx, 1);
	follow(&second, fx, RW_ROLE_VIEWER, first.last_id);
	turn(&second, 1);
	leave(&second);
}

static void says_when_events_are_lost(void **state)
{
	struct api_fixture *fx = *state;
	struct follower follower;

	make_network(fx, 1);
	follow(&follower, fx, RW_ROLE_VIEWER, "0123456789abcdef.1");
	turn(&follower, 1);
	assert_non_null(strstr(follower.lines.data, "event: lost\n"));
	leave(&follower);
}

static void ends_when_the_key_is_revoked(void **state)
{
	struct api_fixture *fx = *state;
	char target[64], id[RW_ID_SIZE];
	struct follower follower;

	(void)snprintf(id, sizeof(id), "%s", fx->keys[RW_ROLE_VIEWER] + strlen("Bearer "));
	id[strcspn(id, ".")] = '\0';
	follow(&follower, fx, RW_ROLE_VIEWER, NULL);
	turn(&follower, 0);
	(void)snprintf(target, sizeof(target), "/v1/keys/%s", id);
	fixture_expect(fx, "DELETE", target, NULL, 200);
	turn_until_ended(&follower);
	leave(&follower);
}

static void a_key_holds_no_more_streams_than_its_own(void **state)
{
	struct api_fixture *fx = *state;
	struct request request = {
		.method = "GET", .target = "/v1/flows/follow", .key = fx->keys[RW_ROLE_VIEWER]};
	struct follower followers[FIXTURE_OWN_STREAMS + 1], other;
	struct answer answer;

	for (size_t i = 0; i < FIXTURE_OWN_STREAMS; i++) {
		follow(&followers[i], fx, RW_ROLE_VIEWER, NULL);
		turn(&followers[i], 0);
	}
	follow(&followers[FIXTURE_OWN_STREAMS], fx, RW_ROLE_VIEWER, NULL);
	turn_until_ended(&followers[FIXTURE_OWN_STREAMS]);
	assert_int_equal(followers[FIXTURE_OWN_STREAMS].status, 429);
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 429);
	assert_string_equal(answer_text(&answer, "type"), "urn:ringwall:problem:too-many");
	assert_non_null(strstr(answer_text(&answer, "detail"), "'reader'"));
	assert_string_equal(answer_text(&answer, "hint"), "End some of them, or use another key.");
	assert_string_equal(answer_header(&answer, "Retry-After"), "5");
	answer_done(&answer);

	/* It reads on, and others follow. */
	request.target = "/v1/status";
	fixture_send(fx, &request, &answer);
	assert_int_equal(answer.status, 200);
	answer_done(&answer);
	follow(&other, fx, RW_ROLE_ADMIN, NULL);
	turn(&other, 0);
	leave(&other);
	for (size_t i = 0; i < RW_ARRAY_COUNT(followers); i++)
		leave(&followers[i]);
}

/* Also when nothing happens that would be told. */
static void ends_when_the_key_expires(void **state)
{
	static const char *const paths[] = {"/v1/events", "/v1/flows/follow"};
	struct api_fixture *fx = *state;
	char token[RW_TOKEN_SIZE], key[RW_TOKEN_SIZE + 8];
	struct follower followers[2];

	assert_int_equal(rw_key_create(fx->fx.controller, &fx->fx.alice, "brief", RW_ROLE_VIEWER,
				       rw_clock_realtime_ms(&fx->fx.clock.clock) + 1000, token, NULL),
			 0);
	(void)snprintf(key, sizeof(key), "Bearer %s", token);
	for (int i = 0; i < 2; i++) {
		follow_as(&followers[i], fx, paths[i], &(struct rw_http_header){"Authorization", key}, NULL);
		while (rw_http_server_counts(fx->server).streams <= (unsigned int)i)
			rw_loop_turn(fx->loop);
	}
	rw_api_tick(fx->api);
	assert_non_null(fx->api->event_streams);
	fixture_pass(&fx->fx, 1000);
	rw_api_tick(fx->api);
	for (int i = 0; i < 2; i++) {
		turn_until_ended(&followers[i]);
		leave(&followers[i]);
	}
}

/* Signs in; follows by the cookie. */
static void follow_as_browser(struct follower *follower, struct api_fixture *fx, char cookie[64],
			      struct rw_console_session *session)
{
	struct rw_actor actor;
	char secret[RW_TOKEN_SECRET_SIZE];

	assert_int_equal(rw_key_authenticate(fx->fx.controller, fx->keys[RW_ROLE_VIEWER] + strlen("Bearer "),
					     &(struct rw_address){0}, &actor, NULL),
			 0);
	rw_console_sign_in(fx->fx.controller, &actor, secret, session);
	(void)snprintf(cookie, 64, "ringwall=%s", secret);
	follow_as(follower, fx, "/v1/events", &(struct rw_http_header){"Cookie", cookie}, NULL);
	turn(follower, 0);
}

static void ends_when_the_session_ends(void **state)
{
	struct api_fixture *fx = *state;
	struct rw_console_session session, other_session;
	struct follower follower, other;
	char cookie[64], other_cookie[64];

	follow_as_browser(&follower, fx, cookie, &session);
	follow_as_browser(&other, fx, other_cookie, &other_session);
	make_network(fx, 1);
	turn(&follower, 1);
	turn(&other, 1);
	rw_console_sign_out(fx->fx.controller, session.number);
	rw_api_tick(fx->api);
	turn_until_ended(&follower);
	leave(&follower);
	/* The other session of the same key goes on, until it was idle too long. */
	assert_non_null(other.call);
	fixture_pass(&fx->fx, RW_CONSOLE_IDLE_MS);
	rw_api_tick(fx->api);
	turn_until_ended(&other);
	leave(&other);
}

/* A client that asks and then never reads costs its own queue and nothing else. */
static void cuts_a_follower_that_does_not_read(void **state)
{
	struct api_fixture *fx = *state;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(rw_http_server_port(fx->server))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int small = 4096;
	char request[512];
	int length;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	length = snprintf(request, sizeof(request),
			  "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n",
			  fx->keys[RW_ROLE_VIEWER]);
	assert_int_equal(write(fd, request, (size_t)length), length);
	for (int i = 0; i < 200000 && rw_http_server_counts(fx->server).streams == 0; i++)
		rw_loop_turn(fx->loop);
	assert_int_equal(rw_http_server_counts(fx->server).streams, 1);
	for (int i = 0; i < 100000 && rw_http_server_counts(fx->server).streams; i++) {
		struct rw_event event = {.kind = RW_EVENT_APPLIED};
		char text[2000];

		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		event.text = text;
		event.actor = text;
		event_add(fx->fx.controller, &event, NULL);
		rw_loop_turn(fx->loop);
	}
	assert_int_equal(rw_http_server_counts(fx->server).streams, 0);
	(void)close(fd);
	fixture_expect(fx, "GET", "/v1/whoami", NULL, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_changes_as_they_happen, setup, teardown),
		cmocka_unit_test_setup_teardown(resumes_without_a_gap, setup, teardown),
		cmocka_unit_test_setup_teardown(resumes_before_the_first_event, setup, teardown),
		cmocka_unit_test_setup_teardown(says_when_events_are_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_when_the_key_is_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_holds_no_more_streams_than_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_when_the_key_expires, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_when_the_session_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_a_follower_that_does_not_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
