/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/loop.h"

struct trace {
	struct rw_loop *loop;
	char text[64];
	struct rw_loop_deferred *deferred;
	struct rw_loop_deferred *other;
	unsigned int count;
};

static struct rw_loop *make_loop(void)
{
	struct rw_loop *loop = NULL;

	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	return loop;
}

static void note_d(void *userdata)
{
	struct trace *trace = userdata;

	strcat(trace->text, "d");
}

static void note_t_and_arm(void *userdata)
{
	struct trace *trace = userdata;

	strcat(trace->text, "t");
	rw_loop_deferred_arm(trace->deferred);
	rw_loop_deferred_arm(trace->deferred);
}

static void returns_when_nothing_is_left_to_wait_for(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();

	(void)state;
	rw_loop_run(loop);
}

static void runs_a_deferred_call_once_in_the_turn_that_armed_it(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	RW_CLEANUP(rw_loop_deferred_free) struct rw_loop_deferred *deferred = NULL;
	RW_CLEANUP(rw_loop_timer_free) struct rw_loop_timer *timer = NULL;
	struct trace trace = {.loop = loop};

	(void)state;
	assert_int_equal(rw_loop_deferred_new(loop, note_d, &trace, &deferred), 0);
	assert_int_equal(rw_loop_timer_new(loop, note_t_and_arm, &trace, &timer), 0);
	trace.deferred = deferred;
	rw_loop_timer_start(timer, 0, 0);
	rw_loop_turn(loop);
	assert_string_equal(trace.text, "td");
	rw_loop_turn(loop);
	assert_string_equal(trace.text, "td");
}

static void arm_self_until_ten(void *userdata)
{
	struct trace *trace = userdata;

	if (++trace->count < 10)
		rw_loop_deferred_arm(trace->deferred);
}

static void gives_a_call_that_arms_itself_a_later_pass(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	RW_CLEANUP(rw_loop_deferred_free) struct rw_loop_deferred *deferred = NULL;
	struct trace trace = {.loop = loop};

	(void)state;
	assert_int_equal(rw_loop_deferred_new(loop, arm_self_until_ten, &trace, &deferred), 0);
	trace.deferred = deferred;
	rw_loop_deferred_arm(deferred);
	rw_loop_turn(loop);
	assert_in_range(trace.count, 1, 2); /* before and after the wait of one turn */
	rw_loop_run(loop);
	assert_int_equal(trace.count, 10);
}

static void free_both(void *userdata)
{
	struct trace *trace = userdata;

	trace->count++;
	trace->deferred = rw_loop_deferred_free(trace->deferred);
	trace->other = rw_loop_deferred_free(trace->other);
}

static void lets_a_deferred_call_free_itself_and_others(void **state)
{
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	struct trace trace = {.loop = loop};

	(void)state;
	assert_int_equal(rw_loop_deferred_new(loop, free_both, &trace, &trace.deferred), 0);
	assert_int_equal(rw_loop_deferred_new(loop, free_both, &trace, &trace.other), 0);
	rw_loop_deferred_arm(trace.deferred);
	rw_loop_deferred_arm(trace.other);
	rw_loop_run(loop);
	assert_int_equal(trace.count, 1);
}

struct sum_job {
	struct rw_loop *loop;
	const unsigned int *numbers;
	size_t count;
	unsigned int sum;
	int status;
	unsigned int done_count;
};

static void compute_sum(void *userdata)
{
	struct sum_job *job = userdata;

	for (size_t i = 0; i < job->count; i++)
		job->sum += job->numbers[i];
}

static void finish_sum(void *userdata, int status)
{
	struct sum_job *job = userdata;

	job->status = status;
	job->done_count++;
}

static void computes_on_pool_threads_and_finishes_on_its_own(void **state)
{
	static const unsigned int numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = make_loop();
	struct sum_job jobs[100];

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(jobs); i++) {
		jobs[i] = (struct sum_job){.loop = loop, .numbers = numbers, .count = 10, .status = 1};
		assert_int_equal(rw_loop_work(loop, compute_sum, finish_sum, &jobs[i]), 0);
	}
	rw_loop_run(loop);
	for (size_t i = 0; i < RW_ARRAY_COUNT(jobs); i++) {
		assert_int_equal(jobs[i].sum, 55);
		assert_int_equal(jobs[i].status, 0);
		assert_int_equal(jobs[i].done_count, 1);
	}
}

struct slow_job {
	int release; /* read end of a pipe that holds the worker */
	int status;
	unsigned int done_count;
};

static void wait_for_release(void *userdata)
{
	struct slow_job *job = userdata;
	char byte;

	while (read(job->release, &byte, 1) < 0)
		;
}

static void note_status(void *userdata, int status)
{
	struct slow_job *job = userdata;

	job->status = status;
	job->done_count++;
}

static void bounds_its_work_and_finishes_or_cancels_all_of_it_when_freed(void **state)
{
	struct rw_loop *loop = make_loop();
	struct slow_job jobs[RW_LOOP_MAX_WORKS];
	int pipe_fds[2];

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(jobs); i++) {
		jobs[i] = (struct slow_job){.release = pipe_fds[0]};
		assert_int_equal(rw_loop_work(loop, wait_for_release, note_status, &jobs[i]), 0);
	}
	assert_int_equal(rw_loop_work(loop, wait_for_release, note_status, &jobs[0]), -EAGAIN);
	close(pipe_fds[1]); /* end of file lets all workers go */
	rw_loop_free(loop);
	for (size_t i = 0; i < RW_ARRAY_COUNT(jobs); i++) {
		assert_int_equal(jobs[i].done_count, 1);
		assert_true(jobs[i].status == 0 || jobs[i].status == -ECANCELED);
	}
	close(pipe_fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_when_nothing_is_left_to_wait_for),
		cmocka_unit_test(runs_a_deferred_call_once_in_the_turn_that_armed_it),
		cmocka_unit_test(gives_a_call_that_arms_itself_a_later_pass),
		cmocka_unit_test(lets_a_deferred_call_free_itself_and_others),
		cmocka_unit_test(computes_on_pool_threads_and_finishes_on_its_own),
		cmocka_unit_test(bounds_its_work_and_finishes_or_cancels_all_of_it_when_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
