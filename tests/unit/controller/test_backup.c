/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "controller/backup.h"
#include "controller/state_folder.h"
#include "store/sqlite/sqlite.h"
#include "scratch.h"

#define KEY "/ringwall/v1/groups/sg-1"

static char path[64];
static char state_path[128];
static char file_path[128];
static char target_path[128];

static int setup(void **state)
{
	(void)state;
	scratch_make(path);
	(void)snprintf(state_path, sizeof(state_path), "%s/state", path);
	(void)snprintf(file_path, sizeof(file_path), "%s/file", path);
	(void)snprintf(target_path, sizeof(target_path), "%s/target", path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return scratch_remove(path);
}

static struct rw_store *open_store(const char *folder)
{
	struct rw_store *store = NULL;
	char name[160];

	(void)snprintf(name, sizeof(name), "%s/store.db", folder);
	assert_int_equal(rw_store_sqlite_open(name, 0, rw_random_system(), &store, NULL), 0);
	return store;
}

static void put(struct rw_store *store, const char *value)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, KEY, value, strlen(value));
	assert_int_equal(rw_store_commit(store, &txn, NULL, NULL), 0);
}

static void assert_holds(struct rw_store *store, const char *value)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};

	assert_int_equal(rw_store_get(store, KEY, 0, &entry, NULL), 0);
	assert_string_equal(entry.value, value);
}

static int open_folder(const char *folder, struct rw_state_folder *ret_folder)
{
	return rw_state_folder_open(folder, NULL, 0, rw_clock_system(), rw_random_system(), ret_folder, NULL);
}

/* A state folder with a store that holds "old", its backup, and then "new". */
static void make_backup(bool with_keys, struct rw_state_folder *folder)
{
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	struct rw_error err = RW_ERROR_NONE;

	assert_int_equal(open_folder(state_path, folder), 0);
	store = open_store(state_path);
	put(store, "old");
	if (rw_backup_write(file_path, store, state_path, with_keys, &err) < 0)
		fail_msg("%s", err.text);
	put(store, "new");
}

static void write_file(const char *bytes, size_t size)
{
	assert_int_equal(rw_file_write(file_path, bytes, size, 0600, NULL), 0);
}

static int restore(struct rw_error *err)
{
	RW_CLEANUP(rw_backup_done) struct rw_backup backup;
	int r;

	rw_buf_init(&backup.bytes, 0);
	r = rw_backup_read(file_path, &backup, err);
	return r < 0 ? r : rw_backup_restore(&backup, target_path, rw_random_system(), err);
}

static void brings_back_store_and_keys_in_a_new_incarnation(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder after = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *old_store = NULL;
	RW_CLEANUP(rw_store_free) struct rw_store *new_store = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct stat status;

	(void)state;
	make_backup(true, &before);
	assert_int_equal(stat(file_path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	if (restore(&err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(open_folder(target_path, &after), 0);
	assert_false(after.made);
	assert_memory_equal(&before.master_key, &after.master_key, sizeof(before.master_key));
	assert_string_equal(before.ca_cert_pem, after.ca_cert_pem);
	assert_string_equal(before.ca_key_pem, after.ca_key_pem);
	old_store = open_store(state_path);
	new_store = open_store(target_path);
	assert_holds(old_store, "new");
	assert_holds(new_store, "old");
	assert_string_not_equal(rw_store_incarnation(old_store), rw_store_incarnation(new_store));
}

static void without_keys_holds_none_and_waits_for_them(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	struct rw_state_folder after = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf bytes;

	(void)state;
	make_backup(false, &before);
	rw_buf_init(&bytes, 1u << 24);
	assert_int_equal(rw_file_read(file_path, &bytes, NULL), 0);
	assert_null(memmem(bytes.data, bytes.size, before.ca_key_pem, strlen(before.ca_key_pem)));
	assert_null(memmem(bytes.data, bytes.size, "master-key", 10));
	assert_int_equal(restore(NULL), 0);
	assert_int_equal(open_folder(target_path, &after), -EUCLEAN);
}

static void refuses_a_folder_that_holds_anything(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	make_backup(true, &before);
	assert_int_equal(restore(NULL), 0);
	assert_int_equal(restore(&err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, target_path));
}

static void refuses_every_damaged_byte(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf bytes;

	(void)state;
	make_backup(true, &before);
	rw_buf_init(&bytes, 1u << 24);
	assert_int_equal(rw_file_read(file_path, &bytes, NULL), 0);
	for (size_t at = 0; at < bytes.size; at += at < 128 ? 1 : 997) {
		bytes.data[at] ^= 1;
		write_file(bytes.data, bytes.size);
		bytes.data[at] ^= 1;
		/* A digit of the version may become a greater one. */
		if (restore(NULL) != -EPROTO)
			assert_int_equal(restore(NULL), -EBADMSG);
	}
	for (size_t size = 0; size < bytes.size; size += size < 128 ? 1 : 997) {
		write_file(bytes.data, size);
		assert_int_equal(restore(NULL), -EBADMSG);
	}
	assert_int_equal(access(target_path, F_OK), -1);
}

static void refuses_a_newer_version_with_both_numbers(void **state)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	write_file("ringwall-backup 3\nwhatever", 26);
	assert_int_equal(restore(&err), -EPROTO);
	assert_non_null(strstr(err.text, "version 3"));
	assert_non_null(strstr(err.text, "reads 2"));
}

/* As the version before wrote it: the same parts, under its number. */
static void reads_the_version_before(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder after = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf bytes;
	char *number;

	(void)state;
	make_backup(true, &before);
	rw_buf_init(&bytes, 1 << 24);
	assert_int_equal(rw_file_read(file_path, &bytes, NULL), 0);
	number = bytes.data + strlen("ringwall-backup ");
	assert_int_equal(*number, '2');
	*number = '1';
	rw_sha256(bytes.data, bytes.size - RW_SHA256_SIZE,
		  (uint8_t *)bytes.data + bytes.size - RW_SHA256_SIZE);
	assert_int_equal(rw_file_write(file_path, bytes.data, bytes.size, 0600, NULL), 0);
	assert_int_equal(restore(NULL), 0);
	assert_int_equal(open_folder(target_path, &after), 0);
	assert_string_equal(before.ca_key_pem, after.ca_key_pem);
}

static void keeps_an_authority_that_is_being_introduced(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder after = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;

	(void)state;
	make_backup(true, &before);
	assert_int_equal(
		rw_state_folder_introduce_authority(&before, rw_clock_system(), rw_random_system(), NULL), 0);
	store = open_store(state_path);
	assert_int_equal(rw_backup_write(file_path, store, state_path, true, NULL), 0);
	assert_int_equal(restore(NULL), 0);
	assert_int_equal(open_folder(target_path, &after), 0);
	assert_int_equal(after.stage, RW_AUTHORITY_INTRODUCED);
	assert_string_equal(after.trust_pem, before.trust_pem);
	assert_int_equal(
		rw_state_folder_switch_authority(&after, rw_clock_system(), rw_random_system(), NULL), 0);
}

static void refuses_while_a_rotation_is_cut_off(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_seal_key next;
	char name[160];

	(void)state;
	make_backup(true, &before);
	(void)snprintf(name, sizeof(name), "%s/master-key-next", state_path);
	assert_int_equal(rw_seal_key_create(name, rw_random_system(), &next, NULL), 0);
	store = open_store(state_path);
	assert_int_equal(rw_backup_write(file_path, store, state_path, true, &err), -EBUSY);
	assert_non_null(strstr(err.hint, "Start ringwalld"));
}

static void leaves_the_folder_empty_when_the_disk_takes_no_more(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rlimit whole;
	struct rlimit little;

	(void)state;
	make_backup(true, &before);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little = whole;
	little.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(restore(&err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_non_null(strstr(err.text, target_path));
	assert_int_equal(rmdir(target_path), 0);
	assert_int_equal(restore(NULL), 0);
}

static void leaves_the_last_backup_when_the_next_one_does_not_fit(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	struct rlimit whole;
	struct rlimit little;

	(void)state;
	make_backup(true, &before);
	store = open_store(state_path);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little = whole;
	little.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(rw_backup_write(file_path, store, state_path, true, NULL), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_int_equal(restore(NULL), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(brings_back_store_and_keys_in_a_new_incarnation),
		T(without_keys_holds_none_and_waits_for_them),
		T(refuses_a_folder_that_holds_anything),
		T(refuses_every_damaged_byte),
		T(refuses_a_newer_version_with_both_numbers),
		T(reads_the_version_before),
		T(keeps_an_authority_that_is_being_introduced),
		T(refuses_while_a_rotation_is_cut_off),
		T(leaves_the_folder_empty_when_the_disk_takes_no_more),
		T(leaves_the_last_backup_when_the_next_one_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
