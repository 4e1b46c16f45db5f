/* SPDX-License-Identifier: Apache-2.0 */

/* What tests leave behind them, by processes that end in every way. */

#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"

static char folder[SCRATCH_SIZE]; /* what is swept here, lest this test remove what others are about to */

static int make_folder(void **state)
{
	(void)state;
	scratch_make(folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void make_below(const char *parent, const char *name, char path[128])
{
	(void)snprintf(path, 128, "%.100s/%s", parent, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_tree(const char *path)
{
	assert_int_equal(scratch_remove_tree(path), 0);
}

/* A child that makes a folder of its own, says which, and then does as told. */
static pid_t start_child(bool ends, char path[SCRATCH_SIZE])
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		char own[SCRATCH_SIZE] = "", file[SCRATCH_SIZE + 8];

		scratch_make(own);
		(void)snprintf(file, sizeof(file), "%s/file", own);
		(void)close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		if (write(fds[1], own, sizeof(own)) != sizeof(own))
			_exit(1);
		if (ends)
			exit(0);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(fds[0], path, SCRATCH_SIZE), SCRATCH_SIZE);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return pid;
}

static void end_child(pid_t pid, int signal)
{
	if (signal)
		assert_int_equal(kill(pid, signal), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void folder_goes_with_all_that_is_in_it(void **state)
{
	char own[SCRATCH_SIZE], path[128], deeper[160];
	struct stat status;

	(void)state;
	scratch_make(own);
	assert_int_equal(stat(own, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	make_below(own, "a", path);
	make_below(path, "b", deeper);
	assert_int_equal(symlink(folder, strcat(deeper, "/link")), 0);
	assert_int_equal(scratch_remove(own), 0);
	assert_false(is_there(own));
	/* Links are not followed. */
	assert_true(is_there(folder));
}

static void process_that_ends_leaves_nothing_and_takes_nothing_of_its_parent(void **state)
{
	char path[SCRATCH_SIZE];

	(void)state;
	end_child(start_child(true, path), 0);
	assert_false(is_there(path));
	assert_true(is_there(folder));
}

static void what_a_killed_process_left_is_removed_by_the_next(void **state)
{
	char left[SCRATCH_SIZE], next[SCRATCH_SIZE], other[SCRATCH_SIZE];
	pid_t living;

	(void)state;
	living = start_child(false, other);
	end_child(start_child(false, left), SIGKILL);
	/* Unless yet another test has come before it. */
	end_child(start_child(true, next), 0);
	assert_false(is_there(left));
	assert_true(is_there(other));
	end_child(living, SIGKILL);
}

/* A process that is gone. */
static pid_t gone(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* Makes an entry named after a process, or gives its path only. */
static void name_entry(const char *before, long number, const char *behind, bool make, char path[128])
{
	(void)snprintf(path, 128, "%s/%s%ld%s", folder, before, number, behind);
	if (make)
		assert_int_equal(mkdir(path, 0700), 0);
}

static void only_what_is_named_after_a_process_that_is_gone_is_swept(void **state)
{
	pid_t pid = gone();
	const struct {
		const char *before;
		long number;
		const char *behind;
	} kept[] = {{"x-", 0, ""},   {"x-", pid, "y"},     {"x-y", pid, ""},
		    {"y-", pid, ""}, {"x-", LONG_MAX, ""}, {"x-", 1, ""}};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		name_entry(kept[i].before, kept[i].number, kept[i].behind, true, path);
	name_entry("x-", getpid(), "", true, path);
	name_entry("x-", pid, "", true, path);
	name_entry("x-", pid, "-b", true, path);
	scratch_sweep(folder, "x-", false, remove_tree);
	assert_false(is_there(path));
	name_entry("x-", pid, "", false, path);
	assert_false(is_there(path));
	name_entry("x-", getpid(), "", false, path);
	assert_true(is_there(path));
	scratch_sweep(folder, "x-", true, remove_tree);
	assert_false(is_there(path));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		name_entry(kept[i].before, kept[i].number, kept[i].behind, false, path);
		assert_true(is_there(path));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folder_goes_with_all_that_is_in_it),
		TEST(process_that_ends_leaves_nothing_and_takes_nothing_of_its_parent),
		TEST(what_a_killed_process_left_is_removed_by_the_next),
		TEST(only_what_is_named_after_a_process_that_is_gone_is_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
