/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "scratch.h"

static char folder[64];

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

static void reads_back_what_it_wrote_with_the_mode_asked_for(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	struct stat info;
	char path[128];

	(void)state;
	rw_buf_init(&buf, 100);
	(void)snprintf(path, sizeof(path), "%s/secret", folder);
	assert_int_equal(rw_file_write(path, "one", 3, 0600, &err), 0);
	assert_int_equal(rw_file_write(path, "second", 6, 0600, &err), 0);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(rw_file_read(path, &buf, &err), 0);
	assert_string_equal(buf.data, "second");
}

static void leaves_the_file_as_it_was_until_all_pieces_are_there(void **state)
{
	RW_CLEANUP(rw_new_file_done) struct rw_new_file file = {.fd = -EBADF};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[128];

	(void)state;
	rw_buf_init(&buf, 100);
	(void)snprintf(path, sizeof(path), "%s/pieces", folder);
	assert_int_equal(rw_file_write(path, "old", 3, 0600, NULL), 0);
	for (int put = 0; put < 2; put++) {
		assert_int_equal(rw_new_file_begin(&file, path, 0600, NULL), 0);
		assert_int_equal(rw_new_file_add(&file, "new", 3, NULL), 0);
		assert_int_equal(rw_new_file_add(&file, " one", 4, NULL), 0);
		assert_int_equal(rw_new_file_flush(&file, NULL), 0);
		if (put)
			assert_int_equal(rw_new_file_put(&file, NULL), 0);
		rw_new_file_done(&file);
		rw_buf_clear(&buf);
		assert_int_equal(rw_file_read(path, &buf, NULL), 0);
		assert_string_equal(buf.data, put ? "new one" : "old");
		(void)strcat(path, ".new");
		assert_int_equal(access(path, F_OK), -1);
		path[strlen(path) - 4] = '\0';
	}
}

static void names_the_file_that_it_cannot_make(void **state)
{
	RW_CLEANUP(rw_new_file_done) struct rw_new_file file = {.fd = -EBADF};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	assert_int_equal(rw_new_file_begin(&file, "/nonexistent/x", 0600, &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/x.new: No such file or directory");
}

static void refuses_a_file_that_is_larger_than_the_limit(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	char path[128];

	(void)state;
	rw_buf_init(&buf, 3);
	(void)snprintf(path, sizeof(path), "%s/large", folder);
	assert_int_equal(rw_file_write(path, "four", 4, 0600, &err), 0);
	assert_int_equal(rw_file_read(path, &buf, &err), -E2BIG);
	assert_non_null(strstr(err.text, "larger than 3 bytes"));
}

static void names_the_file_that_is_missing(void **state)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	rw_buf_init(&buf, 3);
	assert_int_equal(rw_file_read("/nonexistent/x", &buf, &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/x: No such file or directory");
}

static void makes_all_missing_folders(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct stat info;
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/a/b/c", folder);
	assert_int_equal(rw_file_make_folder(path, 0700, &err), 0);
	assert_int_equal(rw_file_make_folder(path, 0700, &err), 0);
	assert_int_equal(stat(path, &info), 0);
	assert_true(S_ISDIR(info.st_mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_it_wrote_with_the_mode_asked_for),
		cmocka_unit_test(leaves_the_file_as_it_was_until_all_pieces_are_there),
		cmocka_unit_test(names_the_file_that_it_cannot_make),
		cmocka_unit_test(refuses_a_file_that_is_larger_than_the_limit),
		cmocka_unit_test(names_the_file_that_is_missing),
		cmocka_unit_test(makes_all_missing_folders),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
