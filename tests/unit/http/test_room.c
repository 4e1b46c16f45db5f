/* SPDX-License-Identifier: Apache-2.0 */

/* Who finds a place at a server that is full. */

#include "fixture.h"

#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Clients of a test: "/node", "/caller/NAME" and "/stranger" answer; "?hold" defers for ever. */
struct room {
	struct fixture *fixture;
	unsigned int held; /* now */
	unsigned int gone;
	int refusal; /* the last one */
};

static void note_gone(struct rw_http_exchange *exchange, void *userdata)
{
	struct room *room = userdata;

	(void)exchange;
	room->held--;
	room->gone++;
}

static void serve(struct rw_http_exchange *exchange, void *userdata)
{
	const struct rw_http_request *request = rw_http_exchange_request(exchange);
	struct room *room = userdata;
	int r;

	if (strcmp(request->segments[0], "node") == 0)
		rw_http_exchange_vouch(exchange, RW_HTTP_NODE, "n-1");
	else if (strcmp(request->segments[0], "caller") == 0)
		rw_http_exchange_vouch(exchange, RW_HTTP_CALLER, request->segments[1]);
	if (!rw_http_request_parameter(request, "hold")) {
		rw_http_answer(exchange, 200, NULL, NULL, 0);
		return;
	}
	r = rw_http_exchange_defer(exchange, note_gone, room);
	if (r < 0) {
		room->refusal = r;
		rw_http_answer(exchange, 429, NULL, NULL, 0);
		return;
	}
	room->held++;
}

static void start(struct fixture *fixture, struct room *room)
{
	room->fixture = fixture;
	fixture->userdata = room;
	fixture->plain = true;
	fixture_start(fixture, serve);
}

static void stop(struct fixture *fixture)
{
	fixture_stop(fixture);
	fixture->userdata = NULL;
}

static void turn(const struct fixture *fixture)
{
	for (int i = 0; i < 20; i++)
		rw_loop_turn(fixture->loop);
}

static struct rw_http_server_counts counts_of(const struct fixture *fixture)
{
	return rw_http_server_counts(fixture->server);
}

static void send_request(int fd, const char *target)
{
	char request[128];
	int length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);

	assert_int_equal(send(fd, request, (size_t)length, MSG_NOSIGNAL), length);
}

static bool is_closed(int fd)
{
	char bytes[512];
	ssize_t r;

	while ((r = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	return r == 0 || errno != EAGAIN;
}

/* Sends a request and turns until it is answered, and gives the status. */
static unsigned int ask(const struct fixture *fixture, int fd, const char *target)
{
	char bytes[512] = "";

	send_request(fd, target);
	for (int i = 0; i < 20000; i++) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};

		rw_loop_turn(fixture->loop);
		if (poll(&readable, 1, 1) > 0 && recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT) > 0)
			return (unsigned int)strtoul(bytes + strlen("HTTP/1.1 "), NULL, 10);
	}
	return 0;
}

/* Opens one that holds a place, and says whether it found one. */
static bool hold(const struct fixture *fixture, const struct room *room, int *ret_fd, const char *target)
{
	unsigned int before = room->held;
	uint64_t requests = counts_of(fixture).requests;

	*ret_fd = fixture_connect(fixture);
	send_request(*ret_fd, target);
	for (int i = 0; i < 100000 && counts_of(fixture).requests == requests; i++)
		rw_loop_turn(fixture->loop);
	turn(fixture);
	return room->held == before + 1;
}

static void a_caller_takes_no_more_than_its_own_places(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	int fds[5];

	fixture->limits.streams = 10;
	fixture->limits.own_streams = 2;
	start(fixture, &room);
	assert_true(hold(fixture, &room, &fds[0], "/caller/a?hold"));
	assert_true(hold(fixture, &room, &fds[1], "/caller/a?hold"));
	assert_false(hold(fixture, &room, &fds[2], "/caller/a?hold"));
	assert_int_equal(room.refusal, -EDQUOT);
	assert_true(hold(fixture, &room, &fds[3], "/caller/b?hold"));
	assert_int_equal(counts_of(fixture).streams_refused, 1);

	/* What it gives back it may take again. */
	close(fds[0]);
	for (int i = 0; i < 100000 && room.gone == 0; i++)
		rw_loop_turn(fixture->loop);
	assert_true(hold(fixture, &room, &fds[4], "/caller/a?hold"));
	for (size_t i = 1; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	stop(fixture);
}

static void callers_leave_places_to_nodes(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	int fds[6];

	fixture->limits.streams = 4;
	fixture->limits.caller_streams = 2;
	start(fixture, &room);
	assert_true(hold(fixture, &room, &fds[0], "/caller/a?hold"));
	assert_true(hold(fixture, &room, &fds[1], "/caller/b?hold"));
	assert_false(hold(fixture, &room, &fds[2], "/caller/c?hold"));
	assert_int_equal(room.refusal, -EBUSY);
	assert_int_equal(counts_of(fixture).caller_streams, 2);
	assert_true(hold(fixture, &room, &fds[3], "/node?hold"));
	assert_true(hold(fixture, &room, &fds[4], "/node?hold"));
	assert_false(hold(fixture, &room, &fds[5], "/node?hold"));
	assert_int_equal(counts_of(fixture).streams, 4);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	stop(fixture);
	assert_int_equal(room.held, 0);
}

static void strangers_of_an_address_give_way_to_those_of_another(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	int crowd[30];
	unsigned int closed = 0;
	int fd;

	fixture->limits.strangers = 12;
	start(fixture, &room);
	for (size_t i = 0; i < RW_ARRAY_COUNT(crowd); i++) {
		crowd[i] = fixture_connect_from(fixture, "127.0.0.2");
		turn(fixture);
	}
	assert_int_equal(counts_of(fixture).strangers, 12);
	assert_int_equal(counts_of(fixture).displaced, 18);
	/* Those who came first are not in anybody's way: what they had begun, they may end. */
	for (size_t i = 0; i < 11; i++)
		assert_false(is_closed(crowd[i]));

	fd = fixture_connect(fixture);
	assert_int_equal(ask(fixture, fd, "/node"), 200);
	assert_int_equal(counts_of(fixture).strangers, 11);
	for (size_t i = 0; i < RW_ARRAY_COUNT(crowd); i++) {
		closed += is_closed(crowd[i]);
		close(crowd[i]);
	}
	assert_int_equal(closed, 19);
	assert_false(is_closed(fd));
	close(fd);
	stop(fixture);
}

static void strangers_of_many_addresses_are_cut_while_others_wait(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	char address[16];
	int many[4];
	int fd;

	fixture->limits.strangers = RW_ARRAY_COUNT(many);
	fixture->limits.stranger_seconds = 1;
	start(fixture, &room);
	for (size_t i = 0; i < RW_ARRAY_COUNT(many); i++) {
		(void)snprintf(address, sizeof(address), "127.0.1.%zu", i + 1);
		many[i] = fixture_connect_from(fixture, address);
	}
	turn(fixture);
	fd = fixture_connect(fixture);
	turn(fixture);
	assert_int_equal(counts_of(fixture).strangers, RW_ARRAY_COUNT(many));
	assert_int_equal(ask(fixture, fd, "/node"), 200);
	for (size_t i = 0; i < RW_ARRAY_COUNT(many); i++)
		close(many[i]);
	close(fd);
	stop(fixture);
}

static void the_one_without_a_request_for_longest_makes_room(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	int held, idle, busy, fd;

	fixture->limits.connections = 4;
	start(fixture, &room);
	assert_true(hold(fixture, &room, &held, "/node?hold"));
	busy = fixture_connect(fixture);
	assert_int_equal(ask(fixture, busy, "/caller/a"), 200);
	idle = fixture_connect(fixture);
	assert_int_equal(ask(fixture, idle, "/caller/a"), 200);
	assert_int_equal(ask(fixture, busy, "/caller/a"), 200);
	fd = fixture_connect(fixture);
	assert_int_equal(ask(fixture, fd, "/caller/a"), 200);
	turn(fixture);
	assert_true(is_closed(idle));
	assert_false(is_closed(busy));
	assert_false(is_closed(fd));
	assert_int_equal(room.held, 1);
	assert_int_equal(counts_of(fixture).displaced, 1);
	assert_int_equal(counts_of(fixture).cut, 0);
	close(held);
	close(idle);
	close(busy);
	close(fd);
	stop(fixture);
}

static void begins_few_handshakes_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	int fds[4];

	fixture->limits.young = 3;
	start(fixture, &room);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		fds[i] = fixture_connect(fixture);
	turn(fixture);
	assert_int_equal(counts_of(fixture).connections, 3);
	/* Who asks makes room at once. */
	assert_int_equal(ask(fixture, fds[0], "/stranger"), 200);
	turn(fixture);
	assert_int_equal(counts_of(fixture).connections, 4);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	stop(fixture);
}

static void a_silent_crowd_of_one_address_keeps_no_handshake_waiting(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {0};
	int fds[20];

	fixture->limits.young = 9;
	start(fixture, &room);
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		fds[i] = fixture_connect(fixture);
	turn(fixture);
	assert_int_equal(counts_of(fixture).connections, RW_ARRAY_COUNT(fds));
	for (size_t i = 0; i < RW_ARRAY_COUNT(fds); i++)
		close(fds[i]);
	stop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_takes_no_more_than_its_own_places),
		cmocka_unit_test(callers_leave_places_to_nodes),
		cmocka_unit_test(strangers_of_an_address_give_way_to_those_of_another),
		cmocka_unit_test(strangers_of_many_addresses_are_cut_while_others_wait),
		cmocka_unit_test(the_one_without_a_request_for_longest_makes_room),
		cmocka_unit_test(begins_few_handshakes_at_a_time),
		cmocka_unit_test(a_silent_crowd_of_one_address_keeps_no_handshake_waiting),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
