/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The saver on a disk that fails, does not answer, or whose machine is gone at any step.  What touches the disk goes
 * through the wraps below; they are called from a pool thread.
 */

#include "test.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/saver.h"
#include "fake_enforcer.h"
#include "policy/delta.h"
#include "random_policy.h"
#include "scratch.h"

/* ---- the disk ---- */

int __real_fsync(int fd);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __wrap_fsync(int fd);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_link(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_rename(const char *from, const char *to);

/* Set while no save is under way. */
static struct {
	unsigned int steps; /* so far */
	unsigned int fail;  /* the step that fails, 0 = none */
	unsigned int kill;  /* the step before which the process is gone, 0 = none */
	bool full;          /* nothing can be written */
	bool hold;          /* the next fsync waits for 'release' and says so by 'held' */
	sem_t held;
	sem_t release;
} disk;

static bool disk_fails(void)
{
	unsigned int step = ++disk.steps;

	if (step == disk.kill)
		_exit(77);
	if (step == disk.fail)
		errno = ENOSPC;
	return step == disk.fail;
}

int __wrap_fsync(int fd)
{
	if (disk.hold) {
		disk.hold = false;
		(void)sem_post(&disk.held);
		while (sem_wait(&disk.release) < 0)
			;
	}
	return disk_fails() ? -1 : __real_fsync(fd);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	if (disk.full) {
		errno = ENOSPC;
		return -1;
	}
	return disk_fails() ? -1 : __real_write(fd, bytes, size);
}

int __wrap_link(const char *from, const char *to)
{
	return disk_fails() ? -1 : __real_link(from, to);
}

int __wrap_unlink(const char *path)
{
	return disk_fails() ? -1 : __real_unlink(path);
}

int __wrap_rename(const char *from, const char *to)
{
	return disk_fails() ? -1 : __real_rename(from, to);
}

/* ---- the world ---- */

struct world {
	char folder[SCRATCH_SIZE];
	struct rw_agent_place place;
	struct rw_loop *loop;
	struct rw_saver *saver;
	struct rw_policy *policy;
	unsigned int saved, failed;
	char reason[512]; /* of the last failure */
};

static void note(void *context, const struct rw_error *err)
{
	struct world *world = context;

	if (!err) {
		world->saved++;
		return;
	}
	world->failed++;
	(void)snprintf(world->reason, sizeof(world->reason), "%s", err->text);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	disk.fail = disk.kill = 0;
	disk.full = disk.hold = false;
	assert_int_equal(sem_init(&disk.held, 0, 0), 0);
	assert_int_equal(sem_init(&disk.release, 0, 0), 0);
	scratch_make(world->folder);
	(void)snprintf(world->place.state, sizeof(world->place.state), "%s/state", world->folder);
	(void)snprintf(world->place.run, sizeof(world->place.run), "%s/run", world->folder);
	assert_int_equal(rw_agent_run_make(&world->place, NULL), 0);
	assert_int_equal(rw_loop_new(&world->loop, NULL), 0);
	assert_int_equal(rw_saver_new(world->loop, &world->place, note, world, &world->saver), 0);
	world->policy = fake_policy(22);
	*state = world;
	return 0;
}

static int free_world(void **state)
{
	struct world *world = *state;
	int r;

	world->saver = rw_saver_free(world->saver);
	world->loop = rw_loop_free(world->loop);
	(void)rw_policy_unref(world->policy);
	r = scratch_remove(world->folder);
	free(world);
	(void)sem_destroy(&disk.held);
	(void)sem_destroy(&disk.release);
	return r;
}

static struct rw_position at(uint64_t revision)
{
	return (struct rw_position){.incarnation = "a1", .revision = revision};
}

/* As the agent does when a policy comes. */
static void put_in_force(struct world *world)
{
	rw_agent_policy_set_stale(&world->place);
	rw_saver_want(world->saver);
}

static bool tick(struct world *world, uint64_t now_ms, uint64_t revision)
{
	const struct rw_position position = at(revision);

	return rw_saver_tick(world->saver, now_ms, &position, world->policy);
}

/* The loop has no other source: it runs until the save has ended. */
static void save(struct world *world, uint64_t now_ms, uint64_t revision)
{
	put_in_force(world);
	assert_true(tick(world, now_ms, revision));
	rw_loop_run(world->loop);
}

/* The revision that a start would find; the file must be whole. */
static uint64_t found(const struct world *world)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_position position;

	if (rw_agent_policy_load(&world->place, &position, &policy, &err) != 0)
		fail_msg("%s", err.text);
	return position.revision;
}

static uint64_t found_before(const struct world *world)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_position position;

	assert_int_equal(rw_agent_policy_load_previous(&world->place, &position, &policy, NULL), 0);
	return position.revision;
}

/* ---- tests ---- */

static void saves_what_is_wanted_and_nothing_else(void **state)
{
	struct world *world = *state;

	assert_false(tick(world, 1000, 5));
	save(world, 2000, 5);
	assert_int_equal(world->saved, 1);
	assert_int_equal(found(world), 5);
	assert_false(rw_agent_policy_is_stale(&world->place));
	assert_false(tick(world, 3000, 6));
	assert_int_equal(found(world), 5);
}

static void saves_nothing_while_nothing_is_in_force(void **state)
{
	const struct rw_position position = at(5);
	struct world *world = *state;

	rw_saver_want(world->saver);
	assert_false(rw_saver_tick(world->saver, 1000, &position, NULL));
	rw_saver_want(world->saver);
	rw_saver_finish(world->saver, &position, NULL);
	assert_int_equal(world->saved + world->failed, 0);
}

static void on_timer(void *userdata)
{
	*(bool *)userdata = true;
}

/* The loop goes on; what comes meanwhile is saved afterwards, and the file is stale until then. */
static void holds_nothing_up_when_the_disk_does_not_answer(void **state)
{
	struct world *world = *state;
	struct rw_loop_timer *timer = NULL;
	bool fired = false;

	save(world, 1000, 5);
	disk.hold = true;
	put_in_force(world);
	assert_true(tick(world, 2000, 6));
	assert_int_equal(sem_wait(&disk.held), 0);

	assert_int_equal(rw_loop_timer_new(world->loop, on_timer, &fired, &timer), 0);
	rw_loop_timer_start(timer, 0, 0);
	while (!fired)
		rw_loop_turn(world->loop);
	assert_null(rw_loop_timer_free(timer));
	assert_int_equal(found(world), 5);
	assert_true(rw_agent_policy_is_stale(&world->place));
	put_in_force(world);
	assert_false(tick(world, 3000, 7));
	assert_false(tick(world, 1999 + RW_SAVER_RETRY_MS, 7));
	assert_int_equal(world->failed, 0);
	assert_false(tick(world, 2000 + RW_SAVER_RETRY_MS, 7));
	assert_false(tick(world, 3000 + RW_SAVER_RETRY_MS, 7));
	assert_int_equal(world->failed, 1); /* told once */
	assert_non_null(strstr(world->reason, "/state: the disk has not answered for 30 s"));
	assert_int_equal(world->saved, 1);

	assert_int_equal(sem_post(&disk.release), 0);
	rw_loop_run(world->loop);
	assert_int_equal(world->saved, 2);
	assert_int_equal(found(world), 6);
	assert_true(rw_agent_policy_is_stale(&world->place)); /* 7 is in force */
	assert_true(tick(world, 3001 + RW_SAVER_RETRY_MS, 7));
	rw_loop_run(world->loop);
	assert_int_equal(found(world), 7);
	assert_int_equal(found_before(world), 6);
	assert_false(rw_agent_policy_is_stale(&world->place));
}

/* Whatever step it is that fails: the files are whole, the failure is told, and a later save makes up for it. */
static void tells_every_failure_and_tries_again_half_a_minute_later(void **state)
{
	struct world *world = *state;
	unsigned int step, told = 0;

	save(world, 0, 1);
	save(world, 0, 2);
	for (step = 1;; step++) {
		uint64_t now_ms = 100000u * step, before = found(world), next = before + 1, held;

		world->failed = 0;
		world->reason[0] = '\0';
		disk.steps = 0;
		disk.fail = step;
		save(world, now_ms, next);
		disk.fail = 0;
		if (disk.steps < step)
			break;
		if (!world->failed) /* of an unlink, which has nothing to remove or leaves what is taken later */
			continue;
		told++;
		assert_non_null(strstr(world->reason, "/state/policy"));
		assert_non_null(strstr(world->reason, "No space left"));
		assert_true(rw_agent_policy_is_stale(&world->place));
		held = found(world);
		assert_true(held == before || held == next);
		assert_true(found_before(world) == held - 1 || found_before(world) == before);

		assert_false(tick(world, now_ms + RW_SAVER_RETRY_MS - 1, next));
		assert_true(tick(world, now_ms + RW_SAVER_RETRY_MS, next));
		rw_loop_run(world->loop);
		assert_int_equal(world->failed, 1);
		assert_int_equal(found(world), next);
		assert_false(rw_agent_policy_is_stale(&world->place));
	}
	assert_true(told >= 5); /* write, fsync, link, rename, rename, fsync of the folder */
}

/* Both generations are what they were: the file that could not be written takes the place of none. */
static void takes_neither_generation_when_the_disk_is_full(void **state)
{
	struct world *world = *state;

	save(world, 0, 1);
	save(world, 0, 2);
	disk.full = true;
	for (unsigned int i = 0; i < 3; i++) {
		save(world, 1000u * i, 3 + i);
		assert_int_equal(world->failed, i + 1);
		assert_int_equal(found(world), 2);
		assert_int_equal(found_before(world), 1);
	}
}

static void tries_at_the_next_tick_when_something_else_is_in_force(void **state)
{
	struct world *world = *state;

	disk.full = true;
	save(world, 1000, 5);
	disk.full = false;
	assert_int_equal(world->failed, 1);
	assert_false(tick(world, 2000, 5));
	put_in_force(world);
	assert_true(tick(world, 2000, 6));
	rw_loop_run(world->loop);
	assert_int_equal(found(world), 6);
}

static void makes_the_folder_anew_and_says_when_it_cannot(void **state)
{
	struct world *world = *state;
	struct rw_agent_place kept = world->place;

	(void)snprintf(world->place.state, sizeof(world->place.state), "/dev/null/state");
	save(world, 1000, 5);
	assert_int_equal(world->failed, 1);
	assert_non_null(strstr(world->reason, "/dev/null"));
	world->place = kept;
	save(world, 2000, 5);
	assert_int_equal(scratch_remove_tree(world->place.state), 0);
	save(world, 3000, 6);
	assert_int_equal(found(world), 6);
}

/*
 * The loop goes on with the policy that is being saved, and the parts that the next one shares with it: for
 * ThreadSanitizer, too.
 */
static void shares_the_policy_with_what_comes_next(void **state)
{
	struct world *world = *state;
	struct rw_dice dice = {.state = 7};

	for (uint64_t revision = 1; revision <= 30; revision++) {
		RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
		RW_CLEANUP(rw_policy_unref) struct rw_policy *wanted = rw_random_policy(&dice, RW_RANDOM_ALL);
		struct rw_policy_digest one, two;
		struct rw_policy *next = NULL;

		put_in_force(world);
		assert_true(tick(world, revision, revision));
		assert_int_equal(rw_policy_diff(world->policy, wanted, &delta, NULL), 0);
		assert_int_equal(rw_policy_apply_delta(world->policy, delta, &next, NULL), 0);
		one = rw_policy_digest(wanted);
		two = rw_policy_digest(next);
		assert_memory_equal(&one, &two, sizeof(one));
		(void)rw_policy_unref(world->policy);
		world->policy = next;
		rw_loop_run(world->loop);
		assert_int_equal(found(world), revision);
	}
}

static void let_go(void *job)
{
	(void)job;
	(void)sem_post(&disk.release);
}

static void no_more(void *job, int status)
{
	(void)job;
	(void)status;
}

static void ends_with_everything_saved(void **state)
{
	const struct rw_position newest = at(7);
	struct world *world = *state;

	save(world, 1000, 5);
	disk.hold = true;
	put_in_force(world);
	assert_true(tick(world, 2000, 6));
	assert_int_equal(sem_wait(&disk.held), 0);
	put_in_force(world);
	assert_int_equal(rw_loop_work(world->loop, let_go, no_more, NULL), 0);
	rw_saver_finish(world->saver, &newest, world->policy);
	assert_int_equal(world->saved, 3);
	assert_int_equal(found(world), 7);
	assert_int_equal(found_before(world), 6);
	assert_false(rw_agent_policy_is_stale(&world->place));
}

/* In a process of its own, which is gone before its step 'step'; false when it has ended before that. */
static bool killed_before(struct world *world, unsigned int step, uint64_t revision)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rw_position position = at(revision);

		put_in_force(world);
		disk.steps = 0;
		disk.kill = step;
		rw_saver_finish(world->saver, &position, world->policy);
		_exit(world->saved == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
	return WEXITSTATUS(status) == 77;
}

/*
 * What is found was in force; it is the older one only where the mark says so, for whom the kernel still holds the newer
 * one; and nothing that was left is in the way of the next.
 */
static void leaves_a_policy_that_was_in_force_wherever_it_is_killed(void **state)
{
	const struct rw_position first = at(1), second = at(2);
	struct world *world = *state;
	uint64_t revision = 2;
	unsigned int step;
	bool killed;

	assert_int_equal(rw_agent_state_make(&world->place, NULL), 0);
	assert_int_equal(rw_agent_policy_save(&world->place, &first, world->policy, NULL), 0);
	assert_int_equal(rw_agent_policy_save(&world->place, &second, world->policy, NULL), 0);
	for (step = 1, killed = true; killed; step++) {
		uint64_t held;

		killed = killed_before(world, step, revision + 1);
		held = found(world);
		assert_true(held == revision || (held == revision + 1));
		assert_true(held == revision + 1 || rw_agent_policy_is_stale(&world->place));
		if (!killed)
			assert_true(held == revision + 1 && !rw_agent_policy_is_stale(&world->place));
		assert_true(found_before(world) <= held);
		revision = held;
	}
	assert_true(step > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(saves_what_is_wanted_and_nothing_else, make_world,
						free_world),
		cmocka_unit_test_setup_teardown(saves_nothing_while_nothing_is_in_force, make_world,
						free_world),
		cmocka_unit_test_setup_teardown(holds_nothing_up_when_the_disk_does_not_answer, make_world,
						free_world),
		cmocka_unit_test_setup_teardown(tells_every_failure_and_tries_again_half_a_minute_later,
						make_world, free_world),
		cmocka_unit_test_setup_teardown(takes_neither_generation_when_the_disk_is_full, make_world,
						free_world),
		cmocka_unit_test_setup_teardown(tries_at_the_next_tick_when_something_else_is_in_force,
						make_world, free_world),
		cmocka_unit_test_setup_teardown(makes_the_folder_anew_and_says_when_it_cannot, make_world,
						free_world),
		cmocka_unit_test_setup_teardown(shares_the_policy_with_what_comes_next, make_world,
						free_world),
		cmocka_unit_test_setup_teardown(ends_with_everything_saved, make_world, free_world),
		cmocka_unit_test_setup_teardown(leaves_a_policy_that_was_in_force_wherever_it_is_killed,
						make_world, free_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
