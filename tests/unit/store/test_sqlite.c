/* SPDX-License-Identifier: Apache-2.0 */

/* What only a store in a file has: opening, refusing to open, and a disk that fails. */

#include "fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "faulty.h"
#include "store/sqlite/sqlite.h"

static int open_again(const struct fixture *fixture, struct rw_error *err)
{
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;

	return rw_store_sqlite_open(fixture->path, 0, rw_random_system(), &store, err);
}

/* Runs SQL on the closed file by hand and gives the first integer of its answer, or 0. */
static int64_t by_hand(const struct fixture *fixture, const char *text)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t answer = 0;

	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		answer = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return answer;
}

static void close_store(struct fixture *fixture)
{
	fixture->store = rw_store_free(fixture->store);
}

static void makes_a_file_that_only_its_user_can_read(void **state)
{
	struct fixture *fixture = *state;
	char wal[96];
	struct stat info;

	(void)fixture_put(fixture, "/a", "x");
	assert_int_equal(stat(fixture->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	(void)snprintf(wal, sizeof(wal), "%s-wal", fixture->path);
	assert_int_equal(stat(wal, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void refuses_a_file_that_is_open_already(void **state)
{
	struct fixture *fixture = *state;
	struct rw_error err = RW_ERROR_NONE;
	int status = 0;
	pid_t child;

	assert_int_equal(open_again(fixture, &err), -EBUSY);
	assert_non_null(strstr(err.text, fixture->path));
	assert_string_not_equal(err.hint, "");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(open_again(fixture, NULL) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)fixture_put(fixture, "/a", "still writable");
	close_store(fixture);
	assert_int_equal(open_again(fixture, NULL), 0);
}

static void refuses_a_newer_schema_and_leaves_it_alone(void **state)
{
	struct fixture *fixture = *state;
	struct rw_error err = RW_ERROR_NONE;

	close_store(fixture);
	(void)by_hand(fixture, "PRAGMA user_version = 99");
	assert_int_equal(open_again(fixture, &err), -EPROTO);
	assert_non_null(strstr(err.text, "99"));
	assert_string_not_equal(err.hint, "");
	assert_int_equal(by_hand(fixture, "PRAGMA user_version"), 99);
}

static void refuses_a_database_of_another_program(void **state)
{
	struct fixture *fixture = *state;

	close_store(fixture);
	assert_int_equal(unlink(fixture->path), 0);
	(void)by_hand(fixture, "CREATE TABLE t (x)");
	assert_int_equal(open_again(fixture, NULL), -EPROTO);
	assert_int_equal(by_hand(fixture, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void takes_up_an_empty_file(void **state)
{
	struct fixture *fixture = *state;

	close_store(fixture);
	assert_int_equal(truncate(fixture->path, 0), 0);
	fixture_reopen(fixture);
	assert_int_equal(rw_store_revision(fixture->store), 1);
	(void)fixture_put(fixture, "/a", "x");
}

static void refuses_a_file_that_is_no_database(void **state)
{
	struct fixture *fixture = *state;
	struct rw_error err = RW_ERROR_NONE;
	static const char text[8192] = "this is a text";
	int fd;

	close_store(fixture);
	fd = open(fixture->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	(void)close(fd);
	assert_int_equal(open_again(fixture, &err), -EUCLEAN);
	assert_string_not_equal(err.hint, "");
}

static void refuses_paths_that_cannot_hold_a_store(void **state)
{
	struct fixture *fixture = *state;
	struct rw_store *store = NULL;
	const struct rw_random *random = rw_random_system();
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/absent/store.db", fixture->folder);
	assert_int_equal(rw_store_sqlite_open(path, 0, random, &store, NULL), -ENOENT);
	assert_int_equal(rw_store_sqlite_open(fixture->folder, 0, random, &store, NULL), -EISDIR);
	assert_int_equal(rw_store_sqlite_open("", 0, random, &store, NULL), -ENOENT);
	assert_null(store);
}

static void says_that_it_may_not_write(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		mode_t mode;
		int expected;
	} cases[] = {{0444, -EROFS}, {0000, -EACCES}};

	close_store(fixture);
	assert_int_equal(chmod(fixture->folder, 0755), 0);
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		int status = 0;
		pid_t child;

		assert_int_equal(chmod(fixture->path, cases[i].mode), 0);
		child = fork();
		assert_true(child >= 0);
		/* The superuser may write everything, so the child becomes nobody. */
		if (child == 0)
			_exit((geteuid() == 0 && setuid(65534) != 0) ||
			      open_again(fixture, NULL) != cases[i].expected);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

static void reports_damage_found_while_reading(void **state)
{
	struct fixture *fixture = *state;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query = {.prefix = ""};
	struct rw_error err = RW_ERROR_NONE;
	static char garbage[4096];
	struct stat info;
	int fd;
	int r;

	for (int i = 0; i < 300; i++) {
		char key[128];

		(void)snprintf(key, sizeof(key), "/damage/%0100d", i);
		(void)fixture_put(fixture, key, key);
	}
	close_store(fixture);
	memset(garbage, 0xa5, sizeof(garbage));
	fd = open(fixture->path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &info), 0);
	for (off_t offset = 4 * 4096; offset < info.st_size - 4096; offset += 4096)
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), offset), sizeof(garbage));
	(void)close(fd);
	r = fixture->open(fixture, &fixture->store, &err);
	if (r == 0)
		r = rw_store_list(fixture->store, &query, &page, &err);
	assert_int_equal(r, -EUCLEAN);
	assert_non_null(strstr(err.text, fixture->path));
	assert_int_equal(page.count, 0);
}

static int put_pair(struct fixture *fixture, const char *text, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, "/pair/1", text, strlen(text));
	rw_store_txn_put(&txn, "/pair/2", text, strlen(text));
	return rw_store_commit(fixture->store, &txn, NULL, err);
}

static void flushes_once_before_each_acknowledgement(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(put_pair(fixture, "warm", NULL), 0);
	for (int i = 0; i < 10; i++) {
		faulty_reset();
		assert_int_equal(put_pair(fixture, "x", NULL), 0);
		assert_int_equal(faulty.syncs, 1);
	}
}

static void loses_nothing_when_the_disk_is_full(void **state)
{
	static char large[300 * 1024];
	struct fixture *fixture = *state;
	bool failed = true;
	int failures = 0;

	memset(large, 'L', sizeof(large) - 1);
	assert_int_equal(put_pair(fixture, "before", NULL), 0);
	for (int n = 0; failed; n++) {
		uint64_t revision = rw_store_revision(fixture->store);
		struct rw_error err = RW_ERROR_NONE;

		faulty_reset();
		faulty.writes_left = n;
		failed = put_pair(fixture, large, &err) < 0;
		faulty_reset();
		if (!failed)
			break;
		failures++;
		assert_int_equal(err.code, -ENOSPC);
		assert_string_not_equal(err.hint, "");
		assert_int_equal(rw_store_revision(fixture->store), revision);
		fixture_expect(fixture, "/pair/1", 0, "before");
		if (n % 5 == 0)
			fixture_reopen(fixture);
		fixture_expect(fixture, "/pair/2", 0, "before");
		assert_int_equal(put_pair(fixture, "before", NULL), 0);
	}
	assert_in_range(failures, 100, 1000);
	fixture_expect(fixture, "/pair/2", 0, large);
	fixture_reopen(fixture);
	fixture_expect(fixture, "/pair/1", 0, large);
}

static void stops_writing_for_good_after_a_failed_flush(void **state)
{
	struct fixture *fixture = *state;
	struct rw_error err = RW_ERROR_NONE;
	uint64_t revision;

	assert_int_equal(put_pair(fixture, "before", NULL), 0);
	revision = rw_store_revision(fixture->store);
	faulty.syncs_left = 0;
	assert_int_equal(put_pair(fixture, "lost", &err), -EIO);
	faulty_reset();
	assert_int_equal(put_pair(fixture, "later", &err), -EIO);
	assert_non_null(strstr(err.text, "flush"));
	assert_int_equal(rw_store_compact(fixture->store, revision, NULL), -EIO);
	assert_int_equal(rw_store_renew_incarnation(fixture->store, rw_random_system(), NULL), -EIO);
	assert_int_equal(rw_store_revision(fixture->store), revision);
	fixture_expect(fixture, "/pair/1", 0, "before");
	fixture_reopen(fixture);
	assert_int_equal(put_pair(fixture, "after", NULL), 0);
	fixture_expect(fixture, "/pair/1", 0, "after");
}

/* The change is safe in the log, so it is acknowledged, but moving it to the file failed to flush. */
static void stops_writing_after_a_failed_flush_of_a_checkpoint(void **state)
{
	static char large[700 * 1024];
	struct fixture *fixture = *state;
	int commits = 0;

	memset(large, 'L', sizeof(large) - 1);
	while (commits < 20) {
		faulty_reset();
		faulty.syncs_left = 1;
		if (put_pair(fixture, large, NULL) < 0)
			break;
		commits++;
	}
	faulty_reset();
	assert_in_range(commits, 2, 10);
	assert_int_equal(put_pair(fixture, "later", NULL), -EIO);
	fixture_expect(fixture, "/pair/1", 0, large);
	fixture_reopen(fixture);
	fixture_expect(fixture, "/pair/2", 0, large);
	assert_int_equal(put_pair(fixture, "after", NULL), 0);
}

static void compacts_in_slices_and_goes_on_after_reopening(void **state)
{
	struct fixture *fixture = *state;
	uint64_t revision = 0;
	int calls = 0;
	int r;

	for (int i = 0; i < 16; i++) {
		RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

		rw_store_txn_init(&txn);
		for (int j = 0; j < 100; j++) {
			char key[16];

			(void)snprintf(key, sizeof(key), "/s/%d", j);
			if (i == 15 && j < 50)
				rw_store_txn_delete(&txn, key);
			else
				rw_store_txn_put(&txn, key, "x", 1);
		}
		assert_int_equal(rw_store_commit(fixture->store, &txn, &revision, NULL), 0);
	}
	while ((r = rw_store_compact(fixture->store, revision, NULL)) == RW_STORE_MORE) {
		fixture_reopen(fixture);
		assert_int_equal(rw_store_compacted_revision(fixture->store), revision);
		fixture_expect(fixture, "/s/0", 0, NULL);
		fixture_expect(fixture, "/s/99", 0, "x");
		calls++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(calls, 3);
	close_store(fixture);
	assert_int_equal(by_hand(fixture, "SELECT count(*) FROM entry"), 50);
}

int main(void)
{
#define TEST(name)                                                                                           \
	cmocka_unit_test_prestate_setup_teardown(name, fixture_setup, fixture_teardown, &fixture_sqlite)
	const struct CMUnitTest tests[] = {
		TEST(makes_a_file_that_only_its_user_can_read),
		TEST(refuses_a_file_that_is_open_already),
		TEST(refuses_a_newer_schema_and_leaves_it_alone),
		TEST(refuses_a_database_of_another_program),
		TEST(takes_up_an_empty_file),
		TEST(refuses_a_file_that_is_no_database),
		TEST(refuses_paths_that_cannot_hold_a_store),
		TEST(says_that_it_may_not_write),
		TEST(reports_damage_found_while_reading),
		TEST(flushes_once_before_each_acknowledgement),
		TEST(loses_nothing_when_the_disk_is_full),
		TEST(stops_writing_for_good_after_a_failed_flush),
		TEST(stops_writing_after_a_failed_flush_of_a_checkpoint),
		TEST(compacts_in_slices_and_goes_on_after_reopening),
	};

	faulty_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
