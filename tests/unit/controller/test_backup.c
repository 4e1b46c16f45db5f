/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "controller/backup.h"
#include "controller/shared_authority.h"
#include "controller/state_folder.h"
#include "store/copy.h"
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

/* ---- stores that are not SQLite's ---- */

static struct rw_store *memory(uint64_t max_bytes)
{
	struct rw_store *store = NULL;

	assert_int_equal(rw_store_memory_new(max_bytes, rw_random_system(), &store, NULL), 0);
	return store;
}

static void put_at(struct rw_store *store, const char *key, const char *value)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	rw_store_txn_init(&txn);
	rw_store_txn_put(&txn, key, value, strlen(value));
	assert_int_equal(rw_store_commit(store, &txn, NULL, NULL), 0);
}

static bool holds_anything(struct rw_store *store, const char *prefix)
{
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	const struct rw_store_query query = {.prefix = prefix};

	assert_int_equal(rw_store_list(store, &query, &page, NULL), 0);
	return page.count > 0;
}

static bool exists(const char *folder, const char *name)
{
	char file[192];

	(void)snprintf(file, sizeof(file), "%s/%s", folder, name);
	return access(file, F_OK) == 0;
}

static int restore_into(struct rw_store *store, struct rw_error *err)
{
	RW_CLEANUP(rw_backup_done) struct rw_backup backup;
	int r;

	rw_buf_init(&backup.bytes, 0);
	r = rw_backup_read(file_path, &backup, err);
	return r < 0 ? r : rw_backup_restore_into(&backup, store, target_path, rw_random_system(), err);
}

static void goes_from_another_store_into_sqlite(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder after = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *from = memory(0);
	RW_CLEANUP(rw_store_free) struct rw_store *to = NULL;
	struct rw_error err = RW_ERROR_NONE;
	char left[160];

	(void)state;
	assert_int_equal(open_folder(state_path, &before), 0);
	put(from, "old");
	/* What a crash has left is no hindrance. */
	(void)snprintf(left, sizeof(left), "%s/backup.partial", state_path);
	assert_int_equal(mkdir(left, 0700), 0);
	(void)snprintf(left, sizeof(left), "%s/backup.partial/store.db", state_path);
	assert_int_equal(rw_file_write(left, "half", 4, 0600, NULL), 0);
	if (rw_backup_write(file_path, from, state_path, true, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(exists(state_path, "backup.partial"));
	assert_false(exists(state_path, "store.db"));
	assert_int_equal(restore(NULL), 0);
	assert_int_equal(open_folder(target_path, &after), 0);
	assert_string_equal(before.ca_key_pem, after.ca_key_pem);
	to = open_store(target_path);
	assert_holds(to, "old");
	assert_string_not_equal(rw_store_incarnation(from), rw_store_incarnation(to));
}

static void goes_from_sqlite_into_another_store(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder after = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *to = memory(0);
	char incarnation[RW_STORE_INCARNATION_SIZE];
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	make_backup(true, &before);
	(void)strcpy(incarnation, rw_store_incarnation(to));
	if (restore_into(to, &err) < 0)
		fail_msg("%s", err.text);
	assert_holds(to, "old");
	assert_false(holds_anything(to, RW_LAYOUT_RESTORING));
	assert_string_not_equal(rw_store_incarnation(to), incarnation);
	assert_false(exists(target_path, "store.db"));
	assert_false(exists(target_path, "store.restoring"));
	assert_int_equal(open_folder(target_path, &after), 0);
	assert_false(after.made);
	assert_memory_equal(&before.master_key, &after.master_key, sizeof(before.master_key));
	assert_string_equal(before.ca_key_pem, after.ca_key_pem);
}

static void without_keys_makes_none_in_their_place(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *to = memory(0);
	struct rw_state_folder after = {0};

	(void)state;
	make_backup(false, &before);
	assert_int_equal(restore_into(to, NULL), 0);
	assert_int_equal(open_folder(target_path, &after), -EUCLEAN);
	assert_false(exists(target_path, "master-key"));
}

/* What several controllers share is in the folder's parts, as it is now. */
static void takes_the_authority_that_is_shared(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder after = {0};
	struct fixture fx;
	char old[160];
	RW_CLEANUP(rw_buf_done) struct rw_buf ca;
	RW_CLEANUP(rw_store_free) struct rw_store *to = NULL;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_seal_key other;

	(void)state;
	fixture_init(&fx);
	assert_int_equal(open_folder(state_path, &before), 0);
	(void)snprintf(old, sizeof(old), "%s/ca.pem", state_path);
	rw_buf_init(&ca, 65536);
	assert_int_equal(rw_file_read(old, &ca, NULL), 0);
	assert_int_equal(
		rw_state_folder_introduce_authority(&before, rw_clock_system(), rw_random_system(), NULL), 0);
	fx.options.master_key = &before.master_key;
	fx.options.folder = &before;
	fx.options.shared = true;
	fixture_restart(&fx);
	assert_int_equal(rw_shared_authority_push(fx.controller, NULL), 0);
	/* This folder is of a controller that stood by meanwhile. */
	assert_int_equal(rw_file_write(old, ca.data, ca.size, 0644, NULL), 0);
	(void)snprintf(old, sizeof(old), "%s/ca-next-key.pem", state_path);
	assert_int_equal(unlink(old), 0);
	assert_int_equal(rw_backup_write(file_path, fx.store, state_path, true, NULL), 0);
	assert_int_equal(restore(NULL), 0);
	assert_int_equal(open_folder(target_path, &after), 0);
	assert_int_equal(after.stage, RW_AUTHORITY_INTRODUCED);
	assert_string_equal(after.trust_pem, before.trust_pem);
	to = open_store(target_path);
	assert_false(holds_anything(to, RW_LAYOUT_AUTHORITY));
	/* With another master key the backup would open nothing. */
	(void)snprintf(old, sizeof(old), "%s/master-key", state_path);
	assert_int_equal(unlink(old), 0);
	assert_int_equal(rw_seal_key_create(old, rw_random_system(), &other, NULL), 0);
	assert_int_equal(rw_backup_write(file_path, fx.store, state_path, true, &err), -EKEYREJECTED);
	fixture_done(&fx);
}

/* A large change that is valid and not carried out: its pages come in another transaction than what points at them. */
static void keeps_a_large_change_that_is_under_way(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry object = {0};
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_store_free) struct rw_store *to = memory(0);
	RW_CLEANUP(rw_controller_free) struct rw_controller *controller = NULL;
	RW_CLEANUP(rw_free) char *model = NULL;
	RW_CLEANUP(rw_free) char *copied = NULL;
	RW_CLEANUP(rw_free) char *page = NULL;
	char key[RW_LAYOUT_KEY_SIZE];
	struct fixture fx;

	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	assert_int_equal(open_folder(state_path, &before), 0);
	model = fixture_text(rw_controller_model(fx.controller));
	/* The node stands in the pages alone. */
	rw_layout_object_key(RW_KIND_NODE, "n-free", key);
	assert_int_equal(rw_store_get(fx.store, key, 0, &object, NULL), 0);
	assert_true(asprintf(&page, "{\"version\":1,\"operations\":[{\"key\":\"%s\",\"value\":%s}]}", key,
			     (const char *)object.value) > 0);
	rw_store_txn_init(&txn);
	rw_store_txn_delete(&txn, key);
	assert_int_equal(rw_store_commit(fx.store, &txn, NULL, NULL), 0);
	for (unsigned int i = 0; i < 250; i++) {
		staged_page_key("st-0123456789abcdef", i, key);
		put_at(fx.store, key, i == 249 ? page : "{\"version\":1,\"operations\":[]}");
	}
	put_at(fx.store, RW_LAYOUT_STAGED, "{\"version\":1,\"change\":\"st-0123456789abcdef\"}");
	assert_int_equal(rw_backup_write(file_path, fx.store, state_path, true, NULL), 0);
	assert_int_equal(restore_into(to, NULL), 0);
	fx.options.store = to;
	assert_int_equal(rw_controller_new(&fx.options, &controller, NULL), 0);
	copied = fixture_text(rw_controller_model(controller));
	assert_string_equal(model, copied);
	assert_false(holds_anything(to, RW_LAYOUT_STAGED_PAGES));
	fixture_done(&fx);
}

static void refuses_a_store_or_a_folder_that_holds_anything(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *to = memory(0);
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	make_backup(true, &before);
	put(to, "mine");
	assert_int_equal(restore_into(to, &err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, KEY));
	assert_non_null(strstr(err.hint, "empty store"));
	assert_holds(to, "mine");
	assert_int_equal(rw_store_clear(to, NULL, NULL), 0);
	assert_int_equal(restore_into(to, NULL), 0);
	assert_int_equal(rw_store_clear(to, NULL, NULL), 0);
	assert_int_equal(restore_into(to, &err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, target_path));
	assert_false(holds_anything(to, ""));
}

static void no_controller_opens_a_store_whose_restore_was_cut_off(void **state)
{
	struct rw_error err = RW_ERROR_NONE;
	struct rw_controller *controller = NULL;
	struct fixture fx;

	(void)state;
	fixture_init(&fx);
	put_at(fx.store, RW_LAYOUT_RESTORING, "{\"version\":1}");
	assert_int_equal(rw_controller_new(&fx.options, &controller, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "cut off"));
	assert_non_null(strstr(err.hint, "restore again"));
	assert_int_equal(rw_store_clear(fx.store, NULL, NULL), 0);
	fixture_done(&fx);
}

static void leaves_store_and_folder_empty_when_a_part_does_not_fit(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *small = memory(1);
	RW_CLEANUP(rw_store_free) struct rw_store *to = memory(0);
	RW_CLEANUP(rw_backup_done) struct rw_backup backup;
	RW_CLEANUP(rw_free) char *large = calloc(1, 1u << 20);
	struct rw_error err = RW_ERROR_NONE;
	struct rlimit whole;
	struct rlimit little;

	(void)state;
	assert_non_null(large);
	make_backup(true, &before);
	assert_int_equal(restore_into(small, &err), -ENOSPC);
	assert_int_equal(rmdir(target_path), 0);
	/* The store fits, a file behind it does not. */
	rw_buf_init(&backup.bytes, 0);
	assert_int_equal(rw_backup_read(file_path, &backup, NULL), 0);
	backup.parts[RW_BACKUP_CA_CERT].bytes = large;
	backup.parts[RW_BACKUP_CA_CERT].size = 1u << 20;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little = whole;
	little.rlim_cur = 1u << 19;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(rw_backup_restore_into(&backup, to, target_path, rw_random_system(), &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_false(holds_anything(to, ""));
	assert_int_equal(rmdir(target_path), 0);
	assert_int_equal(restore_into(to, NULL), 0);
}

static void leaves_no_copy_of_another_store_when_the_disk_takes_no_more(void **state)
{
	RW_CLEANUP(rw_state_folder_done) struct rw_state_folder before = {0};
	RW_CLEANUP(rw_store_free) struct rw_store *from = memory(0);
	struct rw_error err = RW_ERROR_NONE;
	struct rlimit whole;
	struct rlimit little;

	(void)state;
	assert_int_equal(open_folder(state_path, &before), 0);
	put(from, "old");
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little = whole;
	little.rlim_cur = 8192;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_true(rw_backup_write(file_path, from, state_path, true, &err) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_true(err.text[0]);
	assert_false(exists(state_path, "backup.partial"));
	assert_int_equal(access(file_path, F_OK), -1);
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
		T(goes_from_another_store_into_sqlite),
		T(goes_from_sqlite_into_another_store),
		T(without_keys_makes_none_in_their_place),
		T(takes_the_authority_that_is_shared),
		T(keeps_a_large_change_that_is_under_way),
		T(refuses_a_store_or_a_folder_that_holds_anything),
		T(no_controller_opens_a_store_whose_restore_was_cut_off),
		T(leaves_store_and_folder_empty_when_a_part_does_not_fit),
		T(leaves_no_copy_of_another_store_when_the_disk_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
