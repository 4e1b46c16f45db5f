/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"

struct counter {
	struct rw_loop *loop;
	unsigned int count;
	unsigned int stop_at;
	unsigned int events;
	struct rw_loop_timer *timer;
	struct rw_loop_watch *watch;
};

static struct rw_loop *make_loop(void)
{
	struct rw_loop *loop = NULL;

	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	return loop;
}

static void count_up(void *userdata)
{
	struct counter *counter = userdata;

	if (++counter->count == counter->stop_at)
		rw_loop_stop(counter->loop);
}

static void repeats_a_timer_until_stopped(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	RW_CLEANUP(rw_loop_timer_free) struct rw_loop_timer *timer = NULL;
	struct counter counter = {.loop = loop, .stop_at = 3};
	uint64_t start = rw_loop_now_ms(loop);

	(void)state;
	assert_int_equal(rw_loop_timer_new(loop, count_up, &counter, &timer), 0);
	rw_loop_timer_start(timer, 1, 1);
	rw_loop_run(loop);
	assert_int_equal(counter.count, 3);
	assert_true(rw_loop_now_ms(loop) - start >= 3);
	rw_loop_timer_stop(timer);
	rw_loop_run(loop);
	assert_int_equal(counter.count, 3);
}

static void free_own_timer(void *userdata)
{
	struct counter *counter = userdata;

	counter->count++;
	counter->timer = rw_loop_timer_free(counter->timer);
}

static void lets_a_timer_free_itself(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	struct counter counter = {.loop = loop};

	(void)state;
	assert_int_equal(rw_loop_timer_new(loop, free_own_timer, &counter, &counter.timer), 0);
	rw_loop_timer_start(counter.timer, 0, 1);
	rw_loop_run(loop);
	assert_int_equal(counter.count, 1);
}

static void note_events(unsigned int events, void *userdata)
{
	struct counter *counter = userdata;

	counter->count++;
	counter->events = events;
}

static void tells_readable_writable_and_hangup_apart(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	RW_CLEANUP(rw_loop_watch_free) struct rw_loop_watch *watch = NULL;
	struct counter counter = {.loop = loop};
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(rw_loop_watch_new(loop, fds[0], note_events, &counter, &watch), 0);
	rw_loop_turn(loop);
	assert_int_equal(counter.count, 0);
	rw_loop_watch_set(watch, RW_LOOP_WRITABLE);
	rw_loop_turn(loop);
	assert_int_equal(counter.events, RW_LOOP_WRITABLE);
	rw_loop_watch_set(watch, RW_LOOP_READABLE);
	counter.events = 0;
	rw_loop_turn(loop);
	assert_int_equal(counter.events, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	rw_loop_turn(loop);
	assert_int_equal(counter.events, RW_LOOP_READABLE);
	rw_loop_watch_set(watch, RW_LOOP_HANGUP);
	counter.events = 0;
	rw_loop_turn(loop);
	assert_int_equal(counter.events, 0);
	close(fds[1]);
	rw_loop_turn(loop);
	assert_int_equal(counter.events, RW_LOOP_HANGUP);
	watch = rw_loop_watch_free(watch);
	close(fds[0]);
}

static void free_own_watch(unsigned int events, void *userdata)
{
	struct counter *counter = userdata;

	(void)events;
	counter->count++;
	counter->watch = rw_loop_watch_free(counter->watch);
}

static void lets_a_watch_free_itself(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	struct counter counter = {.loop = loop};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rw_loop_watch_new(loop, fds[1], free_own_watch, &counter, &counter.watch), 0);
	rw_loop_watch_set(counter.watch, RW_LOOP_WRITABLE);
	rw_loop_run(loop);
	assert_int_equal(counter.count, 1);
	close(fds[0]);
	close(fds[1]);
}

static void refuses_to_watch_what_is_no_open_descriptor(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	struct rw_loop_watch *watch = NULL;

	(void)state;
	assert_int_equal(rw_loop_watch_new(loop, 9999, note_events, NULL, &watch), -EBADF);
	assert_null(watch);
}

static void delivers_signals_on_the_loop_thread(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	RW_CLEANUP(rw_loop_signal_free) struct rw_loop_signal *signal_source = NULL;
	struct counter counter = {.loop = loop, .stop_at = 1};

	(void)state;
	assert_int_equal(rw_loop_signal_new(loop, SIGUSR1, count_up, &counter, &signal_source), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	rw_loop_run(loop);
	assert_int_equal(counter.count, 1);
}

static void refuses_a_signal_that_cannot_be_caught(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	struct rw_loop_signal *signal_source = NULL;

	(void)state;
	assert_int_equal(rw_loop_signal_new(loop, SIGKILL, count_up, NULL, &signal_source), -EINVAL);
	assert_null(signal_source);
}

static void *send_from_thread(void *userdata)
{
	rw_loop_wakeup_send(userdata);
	return NULL;
}

static void is_woken_by_another_thread(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	RW_CLEANUP(rw_loop_wakeup_free) struct rw_loop_wakeup *wakeup = NULL;
	struct counter counter = {.loop = loop, .stop_at = 1};
	pthread_t thread;

	(void)state;
	assert_int_equal(rw_loop_wakeup_new(loop, count_up, &counter, &wakeup), 0);
	assert_int_equal(pthread_create(&thread, NULL, send_from_thread, wakeup), 0);
	rw_loop_run(loop);
	assert_int_equal(counter.count, 1);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_a_timer_until_stopped),
		cmocka_unit_test(lets_a_timer_free_itself),
		cmocka_unit_test(tells_readable_writable_and_hangup_apart),
		cmocka_unit_test(lets_a_watch_free_itself),
		cmocka_unit_test(refuses_to_watch_what_is_no_open_descriptor),
		cmocka_unit_test(delivers_signals_on_the_loop_thread),
		cmocka_unit_test(refuses_a_signal_that_cannot_be_caught),
		cmocka_unit_test(is_woken_by_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
