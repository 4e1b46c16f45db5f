/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/control.h"
#include "scratch.h"

struct world {
	struct rw_agent_place place;
	struct rw_loop *loop;
	struct rw_control *control;
	char asked[RW_CONTROL_LINE_MAX];
};

static int answer(void *context, const char *command, struct rw_buf *answer, struct rw_error *err)
{
	struct world *world = context;

	(void)snprintf(world->asked, sizeof(world->asked), "%s", command);
	if (strcmp(command, "large") == 0) {
		for (unsigned int i = 0; i < 50000; i++)
			(void)rw_buf_append_text(answer, "0123456789");
		return 0;
	}
	if (strcmp(command, "capture") == 0)
		return RW_CONTROL_FOLLOW;
	if (strcmp(command, "status") == 0)
		return rw_buf_append_text(answer, "all is well\n");
	(void)rw_error_set(err, -EINVAL, "unknown command");
	return rw_error_hint(err, "say status");
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	scratch_make(world->place.run);
	assert_int_equal(rw_loop_new(&world->loop, NULL), 0);
	assert_int_equal(rw_control_new(world->loop, &world->place, answer, world, &world->control, NULL), 0);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;

	world->control = rw_control_free(world->control);
	world->loop = rw_loop_free(world->loop);
	assert_int_equal(rmdir(world->place.run), 0);
	free(world);
	return 0;
}

/* The client's side blocks, so it runs beside the loop. */
struct call {
	struct world *world;
	const char *command;
	struct rw_buf answer;
	struct rw_error err;
	struct rw_loop_wakeup *done;
	int result;
};

static void *run_call(void *userdata)
{
	struct call *call = userdata;

	call->result = rw_control_call(&call->world->place, call->command, 5000, &call->answer, &call->err);
	rw_loop_wakeup_send(call->done);
	return NULL;
}

static void stop_loop(void *userdata)
{
	rw_loop_stop(userdata);
}

static void make_call(struct world *world, const char *command, struct call *call)
{
	pthread_t thread;

	*call = (struct call){.world = world, .command = command};
	rw_buf_init(&call->answer, RW_CONTROL_ANSWER_MAX);
	assert_int_equal(rw_loop_wakeup_new(world->loop, stop_loop, world->loop, &call->done), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_call, call), 0);
	rw_loop_run(world->loop);
	assert_int_equal(pthread_join(thread, NULL), 0);
	call->done = rw_loop_wakeup_free(call->done);
}

static int connect_to(const struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/control.sock", world->place.run);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void answers_a_command(void **state)
{
	struct world *world = *state;
	struct call call;

	make_call(world, "status", &call);
	assert_int_equal(call.result, 0);
	assert_string_equal(call.answer.data, "all is well\n");
	rw_buf_done(&call.answer);
}

static void hands_errors_over_with_their_hint(void **state)
{
	struct world *world = *state;
	struct call call;

	make_call(world, "dance", &call);
	assert_int_equal(call.result, -EIO);
	assert_string_equal(call.err.text, "unknown command");
	assert_string_equal(call.err.hint, "say status");
	rw_buf_done(&call.answer);
}

static void sends_answers_larger_than_the_sockets_buffer(void **state)
{
	struct world *world = *state;
	struct call call;

	make_call(world, "large", &call);
	assert_int_equal(call.result, 0);
	assert_int_equal(call.answer.size, 500000);
	rw_buf_done(&call.answer);
}

static void serves_others_beside_clients_that_say_nothing(void **state)
{
	struct world *world = *state;
	struct call call;
	int idle[RW_CONTROL_CLIENTS + 2];

	for (size_t i = 0; i < RW_ARRAY_COUNT(idle); i++) {
		idle[i] = connect_to(world);
		for (unsigned int turn = 0; turn < 4; turn++)
			rw_loop_turn(world->loop);
	}
	make_call(world, "status", &call);
	assert_int_equal(call.result, 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(idle); i++)
		(void)rw_close(idle[i]);
	rw_buf_done(&call.answer);
}

static void drops_clients_whose_line_does_not_end(void **state)
{
	char line[2 * RW_CONTROL_LINE_MAX], byte;
	struct world *world = *state;
	int fd = connect_to(world);

	memset(line, 'x', sizeof(line));
	assert_int_equal(send(fd, line, sizeof(line), 0), sizeof(line));
	for (unsigned int turn = 0; turn < 8; turn++)
		rw_loop_turn(world->loop);
	assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) <= 0);
	assert_string_equal(world->asked, "");
	(void)rw_close(fd);
}

static void says_when_no_agent_is_there(void **state)
{
	struct rw_agent_place place = {.run = "/tmp/ringwall-no-such-folder"};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	(void)state;
	rw_buf_init(&buf, 100);
	assert_int_equal(rw_control_call(&place, "status", 100, &buf, NULL), RW_CONTROL_ABSENT);
}

static void gives_up_on_an_agent_that_does_not_answer(void **state)
{
	struct world *world = *state;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	/* Nobody turns the loop. */
	rw_buf_init(&buf, 100);
	assert_int_equal(rw_control_call(&world->place, "status", 20, &buf, NULL), -ETIMEDOUT);
}

static int follow_as_client(struct world *world)
{
	int fd = connect_to(world);
	char ok[3];

	assert_int_equal(send(fd, "capture\n", 8, 0), 8);
	for (unsigned int turn = 0; turn < 8; turn++)
		rw_loop_turn(world->loop);
	assert_int_equal(recv(fd, ok, sizeof(ok), MSG_DONTWAIT), sizeof(ok));
	assert_memory_equal(ok, "ok\n", sizeof(ok));
	return fd;
}

static void hands_lines_to_all_who_follow(void **state)
{
	struct world *world = *state;
	int fds[RW_CONTROL_FOLLOWERS];
	char said[64];

	assert_false(rw_control_is_followed(world->control));
	for (size_t i = 0; i < RW_CONTROL_FOLLOWERS; i++)
		fds[i] = follow_as_client(world);
	assert_true(rw_control_is_followed(world->control));
	rw_control_tell(world->control, "one\n", 4);
	rw_control_tell(world->control, "two\n", 4);
	for (size_t i = 0; i < RW_CONTROL_FOLLOWERS; i++) {
		assert_int_equal(recv(fds[i], said, sizeof(said), MSG_DONTWAIT), 8);
		assert_memory_equal(said, "one\ntwo\n", 8);
		(void)rw_close(fds[i]);
	}
	for (unsigned int turn = 0; turn < 8; turn++)
		rw_loop_turn(world->loop);
	assert_false(rw_control_is_followed(world->control));
}

static void refuses_more_followers_and_serves_others_beside_them(void **state)
{
	struct world *world = *state;
	int fds[RW_CONTROL_FOLLOWERS], idle[RW_CONTROL_CLIENTS];
	struct call call;
	char said[64];

	for (size_t i = 0; i < RW_CONTROL_FOLLOWERS; i++)
		fds[i] = follow_as_client(world);
	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++) {
		idle[i] = connect_to(world);
		for (unsigned int turn = 0; turn < 4; turn++)
			rw_loop_turn(world->loop);
	}
	make_call(world, "capture", &call);
	assert_int_equal(call.result, -EIO);
	assert_non_null(strstr(call.err.text, "follow this agent already"));
	rw_buf_done(&call.answer);
	make_call(world, "status", &call);
	assert_int_equal(call.result, 0);
	rw_buf_done(&call.answer);
	rw_control_tell(world->control, "still\n", 6);
	for (size_t i = 0; i < RW_CONTROL_FOLLOWERS; i++) {
		assert_int_equal(recv(fds[i], said, sizeof(said), MSG_DONTWAIT), 6);
		(void)rw_close(fds[i]);
	}
	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++)
		(void)rw_close(idle[i]);
}

/* Reads what there is until nothing more comes; counts the lines and adds up what they say was lost. */
static size_t read_lines(struct world *world, int fd, uint64_t *ret_lost)
{
	static char said[1 << 20];
	size_t size = 0, lines = 0;
	ssize_t got;

	*ret_lost = 0;
	do {
		for (unsigned int turn = 0; turn < 4; turn++)
			rw_loop_turn(world->loop);
		got = recv(fd, said + size, sizeof(said) - 1 - size, MSG_DONTWAIT);
		size += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	said[size] = '\0';
	for (const char *line = said; *line; line = strchr(line, '\n') + 1) {
		unsigned long long lost;

		assert_non_null(strchr(line, '\n'));
		if (sscanf(line, "{\"lost\":\"%llu\"}", &lost) == 1)
			*ret_lost += lost;
		else
			lines++;
	}
	return lines;
}

static void tells_a_follower_that_does_not_read_how_much_it_lost(void **state)
{
	struct world *world = *state;
	const size_t sent = 20000;
	int fd = follow_as_client(world);
	size_t lines;
	uint64_t lost;
	char line[101];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	for (size_t i = 0; i < sent; i++)
		rw_control_tell(world->control, line, strlen(line));
	lines = read_lines(world, fd, &lost);
	assert_true(lines > 0 && lines < sent);
	assert_int_equal(lost, 0);
	rw_control_tell(world->control, line, strlen(line));
	assert_int_equal(read_lines(world, fd, &lost), 1);
	assert_int_equal(lines + lost, sent);
	(void)rw_close(fd);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_a_command),
		TEST(hands_errors_over_with_their_hint),
		TEST(sends_answers_larger_than_the_sockets_buffer),
		TEST(serves_others_beside_clients_that_say_nothing),
		TEST(drops_clients_whose_line_does_not_end),
		TEST(hands_lines_to_all_who_follow),
		TEST(refuses_more_followers_and_serves_others_beside_them),
		TEST(tells_a_follower_that_does_not_read_how_much_it_lost),
		TEST(says_when_no_agent_is_there),
		TEST(gives_up_on_an_agent_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
