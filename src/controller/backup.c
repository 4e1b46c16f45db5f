/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/backup.h"

#include <dirent.h>
#include <limits.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "controller/shared_authority.h"
#include "controller/state_files.h"
#include "controller/store_layout.h"
#include "crypto/digest.h"
#include "store/copy.h"
#include "store/sqlite/sqlite.h"

#define WORD "ringwall-backup "

/* The store's own limit, and room for the rest. */
#define STORE_BYTES_MAX  (UINT64_C(2) << 30)
#define OTHER_BYTES_MAX  65536
#define BACKUP_BYTES_MAX (STORE_BYTES_MAX + 5 * OTHER_BYTES_MAX)

/* The store until it has its new incarnation. */
#define UNFINISHED_STORE "store.restoring"

/* Where a store that is not SQLite's becomes one. */
#define COPY_FOLDER "backup.partial"

static const struct {
	const char *name;
	mode_t mode;
	bool secret;
	bool optional;
} parts[] = {
	[RW_BACKUP_STORE] = {"store.db", 0600, false, false},
	[RW_BACKUP_CA_CERT] = {"ca.pem", 0644, false, false},
	[RW_BACKUP_CA_KEY] = {"ca-key.pem", 0600, true, false},
	[RW_BACKUP_CA_NEXT_KEY] = {"ca-next-key.pem", 0600, true, true},
	[RW_BACKUP_MASTER_KEY] = {"master-key", 0600, true, false},
};

static int format_path(const char *folder, const char *name, char ret_path[PATH_MAX], struct rw_error *err)
{
	int length = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);

	if (length < 0 || length >= PATH_MAX)
		return rw_error_set(err, -ENAMETOOLONG, "%s: the path is too long", folder);
	return 0;
}

static void wipe(struct rw_buf *buf)
{
	if (buf->capacity)
		rw_secret_wipe(buf->data, buf->capacity);
	rw_buf_done(buf);
}
RW_DEFINE_DONE(struct rw_buf, wipe)

void rw_backup_done(struct rw_backup *backup)
{
	wipe(&backup->bytes);
	(void)memset(backup->parts, 0, sizeof(backup->parts));
}

/* ---- a store that is not SQLite's ---- */

/*
 * Pages of a large change are read as they stood when it became valid (store_layout.h), so in a copy, which has them in
 * another order, that comes last.
 */
static int put_staged_last(struct rw_store *store, struct rw_error *err)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	int r = rw_store_get(store, RW_LAYOUT_STAGED, 0, &entry, err);

	rw_store_txn_init(&txn);
	if (r != 0)
		return r == RW_STORE_NOT_FOUND ? 0 : r;
	rw_store_txn_expect(&txn, RW_LAYOUT_STAGED, entry.mod_revision);
	rw_store_txn_put(&txn, RW_LAYOUT_STAGED, entry.value, entry.value_size);
	r = rw_store_commit(store, &txn, NULL, err);
	return r > 0 ? rw_error_set(err, -EAGAIN, "somebody else writes into the store") : r;
}

static int dump_copy(struct rw_store *store, const char *path, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_store_free) struct rw_store *copy = NULL;
	/* Its incarnation means nothing: a restore renews it. */
	int r = rw_store_sqlite_open(path, 0, rw_random_system(), &copy, err);

	if (r == 0)
		r = rw_store_copy(store, copy, RW_LAYOUT_AUTHORITY, NULL, err);
	if (r == 0)
		r = put_staged_last(copy, err);
	return r < 0 ? r : rw_store_sqlite_dump(copy, buf, err);
}

/* The folder of the copy with what SQLite makes in it. */
static int remove_copy(const char *state, struct rw_error *err)
{
	static const char *const names[] = {COPY_FOLDER "/store.db", COPY_FOLDER "/store.db-wal",
					    COPY_FOLDER "/store.db-shm", COPY_FOLDER "/store.db-journal"};
	char path[PATH_MAX];
	int r;

	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		r = format_path(state, names[i], path, err);
		if (r < 0)
			return r;
		(void)unlink(path);
	}
	r = format_path(state, COPY_FOLDER, path, err);
	if (r == 0 && rmdir(path) < 0 && errno != ENOENT) {
		r = -errno;
		return rw_error_set(err, r, "%s: %s", path, strerror(-r));
	}
	return r;
}

static int copy_and_dump(struct rw_store *store, const char *state, struct rw_buf *buf, struct rw_error *err)
{
	struct rw_error removal = RW_ERROR_NONE;
	char path[PATH_MAX];
	int r = remove_copy(state, err);

	if (r == 0)
		r = format_path(state, COPY_FOLDER, path, err);
	if (r == 0 && mkdir(path, 0700) < 0) {
		r = -errno;
		return rw_error_set(err, r, "%s: %s", path, strerror(-r));
	}
	if (r == 0)
		r = format_path(state, COPY_FOLDER "/store.db", path, err);
	if (r < 0)
		return r;
	r = dump_copy(store, path, buf, err);
	if (remove_copy(state, &removal) < 0)
		rw_log_warning("a copy of the store is left  reason=\"%s\"", removal.text);
	return r;
}

/* What the other controllers agreed on is what the folder's parts must say. */
static int take_shared_authority(struct rw_store *store, const char *state, struct rw_error *err)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	int r = rw_store_get(store, RW_LAYOUT_AUTHORITY, 0, &entry, err);

	if (r != 0)
		return r == RW_STORE_NOT_FOUND ? 0 : r;
	return rw_shared_authority_pull(state, entry.value, entry.value_size, rw_random_system(), err);
}

/* ---- writing ---- */

static int dump_store(struct rw_store *store, const char *state, struct rw_buf *buf, struct rw_error *err)
{
	int r;

	if (rw_store_is_sqlite(store))
		return rw_store_sqlite_dump(store, buf, err);
	r = take_shared_authority(store, state, err);
	return r < 0 ? r : copy_and_dump(store, state, buf, err);
}

static int read_parts(struct rw_buf contents[RW_BACKUP_PART_COUNT_], struct rw_store *store,
		      const char *state, bool with_keys, struct rw_error *err)
{
	char path[PATH_MAX];
	int r = dump_store(store, state, &contents[RW_BACKUP_STORE], err);

	for (size_t i = RW_BACKUP_STORE + 1; r == 0 && i < RW_ARRAY_COUNT(parts); i++) {
		if (parts[i].secret && !with_keys)
			continue;
		r = format_path(state, parts[i].name, path, err);
		if (r == 0)
			r = rw_file_read(path, &contents[i], err);
		if (r == -ENOENT && parts[i].optional)
			r = 0;
	}
	return r;
}

/* Which of the two keys fits is known once a controller has looked. */
static int refuse_rotation(const char *state, struct rw_error *err)
{
	char path[PATH_MAX];
	int r = format_path(state, "master-key-next", path, err);

	if (r < 0 || access(path, F_OK) < 0)
		return r;
	(void)rw_error_set(err, -EBUSY, "a rotation of the master key was cut off");
	(void)rw_error_hint(err, "Start ringwalld once: it brings the rotation to its end.");
	return -EBUSY;
}

static int join_parts(struct rw_buf *file, const struct rw_buf contents[RW_BACKUP_PART_COUNT_],
		      struct rw_error *err)
{
	uint8_t digest[RW_SHA256_SIZE];

	(void)rw_buf_append_format(file, WORD "%d\n", RW_BACKUP_VERSION);
	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++)
		if (contents[i].size)
			(void)rw_buf_append_format(file, "%s %zu\n", parts[i].name, contents[i].size);
	(void)rw_buf_append_text(file, "\n");
	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++)
		(void)rw_buf_append(file, contents[i].data, contents[i].size);
	rw_sha256(file->data, file->size, digest);
	(void)rw_buf_append(file, digest, sizeof(digest));
	return rw_buf_check(file, err);
}

int rw_backup_write(const char *path, struct rw_store *store, const char *state, bool with_keys,
		    struct rw_error *err)
{
	struct rw_buf contents[RW_BACKUP_PART_COUNT_];
	RW_CLEANUP(wipe) struct rw_buf file;
	int r;

	rw_buf_init(&file, BACKUP_BYTES_MAX);
	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++)
		rw_buf_init(&contents[i], i == RW_BACKUP_STORE ? STORE_BYTES_MAX : OTHER_BYTES_MAX);
	r = refuse_rotation(state, err);
	if (r == 0)
		r = read_parts(contents, store, state, with_keys, err);
	if (r == 0)
		r = join_parts(&file, contents, err);
	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++)
		wipe(&contents[i]);
	return r < 0 ? r : rw_file_write(path, file.data, file.size, 0600, err);
}

/* ---- reading ---- */

static int damaged(const char *path, struct rw_error *err)
{
	return rw_error_set(err, -EBADMSG, "%s is damaged, or no backup of ringwall", path);
}

/* Reads a decimal number that 'end' follows and moves *at behind it. */
static bool take_number(const char **at, char end, size_t *ret_number)
{
	char *behind;
	unsigned long long number;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	number = strtoull(*at, &behind, 10);
	if (errno || number > BACKUP_BYTES_MAX || *behind != end)
		return false;
	*at = behind + 1;
	*ret_number = (size_t)number;
	return true;
}

/* Parts come in the order of the enum, each at most once; the store and ca.pem must be there. */
static bool find_parts(struct rw_backup *backup, const char *at)
{
	const char *end = backup->bytes.data + backup->bytes.size - RW_SHA256_SIZE;

	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++) {
		size_t length = strlen(parts[i].name);

		if (strncmp(at, parts[i].name, length) != 0 || at[length] != ' ')
			continue;
		at += length + 1;
		if (!take_number(&at, '\n', &backup->parts[i].size) || !backup->parts[i].size)
			return false;
	}
	if (*at++ != '\n')
		return false;
	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++) {
		if (!backup->parts[i].size)
			continue;
		if (at > end || backup->parts[i].size > (size_t)(end - at))
			return false;
		backup->parts[i].bytes = at;
		at += backup->parts[i].size;
	}
	return at == end && backup->parts[RW_BACKUP_STORE].size && backup->parts[RW_BACKUP_CA_CERT].size;
}

static int check(const char *path, struct rw_backup *backup, struct rw_error *err)
{
	uint8_t digest[RW_SHA256_SIZE];
	const char *at = backup->bytes.data + strlen(WORD);
	size_t size = backup->bytes.size;
	size_t version;

	if (size < strlen(WORD) || strncmp(backup->bytes.data, WORD, strlen(WORD)) != 0 ||
	    !take_number(&at, '\n', &version))
		return damaged(path, err);
	/* Before the digest: what a newer format puts where is not known here. */
	if (version > RW_BACKUP_VERSION) {
		(void)rw_error_set(err, -EPROTO, "%s has version %zu of the format, this ringwalld reads %d",
				   path, version, RW_BACKUP_VERSION);
		(void)rw_error_hint(err, "Restore it with the ringwalld that wrote it, or a newer one.");
		return -EPROTO;
	}
	if (version == 0 || size < (size_t)(at - backup->bytes.data) + RW_SHA256_SIZE)
		return damaged(path, err);
	rw_sha256(backup->bytes.data, size - RW_SHA256_SIZE, digest);
	if (memcmp(digest, backup->bytes.data + size - RW_SHA256_SIZE, sizeof(digest)) != 0 ||
	    !find_parts(backup, at))
		return damaged(path, err);
	return 0;
}

int rw_backup_read(const char *path, struct rw_backup *ret_backup, struct rw_error *err)
{
	RW_CLEANUP(rw_backup_done) struct rw_backup backup = {0};
	int r;

	rw_buf_init(&backup.bytes, BACKUP_BYTES_MAX);
	r = rw_file_read(path, &backup.bytes, err);
	if (r == 0)
		r = check(path, &backup, err);
	if (r < 0)
		return r;
	*ret_backup = backup;
	(void)memset(&backup, 0, sizeof(backup));
	rw_buf_init(&backup.bytes, 0);
	return 0;
}

/* ---- restoring ---- */

static int refuse_content(const char *state, struct rw_error *err)
{
	const struct dirent *entry;
	DIR *folder = opendir(state);
	int code = -errno;
	int r = 0;

	if (!folder)
		return rw_error_set(err, code, "%s: %s", state, strerror(-code));
	while (r == 0 && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = rw_error_set(err, -ENOTEMPTY, "%s is not empty: it holds %.80s", state,
					 entry->d_name);
	(void)closedir(folder);
	return r < 0 ? rw_error_hint(err, "Move the old state folder away, or name another with --state.")
		     : 0;
}

/* The backup's store under another name. */
static int open_unfinished(const struct rw_backup *backup, const char *state, const struct rw_random *random,
			   struct rw_store **ret_store, struct rw_error *err)
{
	char path[PATH_MAX];
	int r = format_path(state, UNFINISHED_STORE, path, err);

	if (r == 0)
		r = rw_file_write(path, backup->parts[RW_BACKUP_STORE].bytes,
				  backup->parts[RW_BACKUP_STORE].size, parts[RW_BACKUP_STORE].mode, err);
	return r < 0 ? r : rw_store_sqlite_open(path, 0, random, ret_store, err);
}

/* Writes the store, renews its incarnation, then gives it its name. */
static int restore_store(const struct rw_backup *backup, const char *state, const struct rw_random *random,
			 struct rw_error *err)
{
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	RW_CLEANUP(rw_free) char *unfinished = NULL;
	RW_CLEANUP(rw_free) char *log = NULL;
	RW_CLEANUP(rw_free) char *path = NULL;
	int r = state_path(state, UNFINISHED_STORE, &unfinished, err);

	if (r == 0)
		r = state_path(state, UNFINISHED_STORE "-wal", &log, err);
	if (r == 0)
		r = state_path(state, parts[RW_BACKUP_STORE].name, &path, err);
	if (r == 0)
		r = open_unfinished(backup, state, random, &store, err);
	if (r == 0)
		r = rw_store_renew_incarnation(store, random, err);
	if (r < 0)
		return r;
	store = rw_store_free(store);
	/* Closing moves the log into the file; a log that stays did not fit, and the rename would lose it. */
	if (access(log, F_OK) == 0)
		return rw_error_set(err, -EIO, "%s: the store could not be closed cleanly", unfinished);
	if (rename(unfinished, path) < 0) {
		r = -errno;
		return rw_error_set(err, r, "%s: %s", path, strerror(-r));
	}
	return 0;
}

static void remove_unfinished(const char *state)
{
	static const char *const names[] = {UNFINISHED_STORE, UNFINISHED_STORE "-wal"};
	char path[PATH_MAX];

	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++)
		if (format_path(state, names[i], path, NULL) == 0)
			(void)unlink(path);
}

static void undo(const char *state)
{
	char path[PATH_MAX];

	remove_unfinished(state);
	for (size_t i = 0; i < RW_ARRAY_COUNT(parts); i++)
		if (format_path(state, parts[i].name, path, NULL) == 0)
			(void)unlink(path);
}

static int make_empty_folder(const char *state, struct rw_error *err)
{
	int r = rw_file_make_folder(state, 0700, err);

	return r < 0 ? r : refuse_content(state, err);
}

/* All parts but the store. */
static int restore_files(const struct rw_backup *backup, const char *state, struct rw_error *err)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = RW_BACKUP_STORE + 1; r == 0 && i < RW_ARRAY_COUNT(parts); i++) {
		if (!backup->parts[i].bytes)
			continue;
		r = format_path(state, parts[i].name, path, err);
		/* Flushes the folder too, and with it the store's new name. */
		if (r == 0)
			r = rw_file_write(path, backup->parts[i].bytes, backup->parts[i].size, parts[i].mode,
					  err);
	}
	return r;
}

int rw_backup_restore(const struct rw_backup *backup, const char *state, const struct rw_random *random,
		      struct rw_error *err)
{
	int r = make_empty_folder(state, err);

	if (r < 0)
		return r;
	r = restore_store(backup, state, random, err);
	if (r == 0)
		r = restore_files(backup, state, err);
	if (r < 0)
		undo(state);
	return r;
}

/* Fills an empty store.  It holds RW_LAYOUT_RESTORING then. */
static int fill_store(const struct rw_backup *backup, struct rw_store *to, const char *state,
		      const struct rw_random *random, struct rw_error *err)
{
	RW_CLEANUP(rw_store_free) struct rw_store *from = NULL;
	int r = open_unfinished(backup, state, random, &from, err);

	if (r == 0)
		r = rw_store_copy(from, to, RW_LAYOUT_AUTHORITY, RW_LAYOUT_RESTORING, err);
	if (r == -ENOTEMPTY)
		(void)rw_error_hint(err, "Restore into an empty store: another one, or empty this one.");
	return r;
}

static int finish_store(struct rw_store *store, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	int r;

	rw_store_txn_init(&txn);
	rw_store_txn_delete(&txn, RW_LAYOUT_RESTORING);
	r = rw_store_commit(store, &txn, NULL, err);
	return r > 0 ? rw_error_set(err, -EIO, "the store refuses a transaction without conditions") : r;
}

int rw_backup_restore_into(const struct rw_backup *backup, struct rw_store *store, const char *state,
			   const struct rw_random *random, struct rw_error *err)
{
	int r = make_empty_folder(state, err);

	if (r < 0)
		return r;
	r = fill_store(backup, store, state, random, err);
	remove_unfinished(state);
	if (r < 0)
		return r;
	r = put_staged_last(store, err);
	if (r == 0)
		r = rw_store_renew_incarnation(store, random, err);
	if (r == 0)
		r = restore_files(backup, state, err);
	if (r == 0)
		r = finish_store(store, err);
	if (r == 0)
		return 0;
	undo(state);
	if (rw_store_clear(store, RW_LAYOUT_RESTORING, NULL) < 0)
		(void)rw_error_hint(err, "The store holds a part now: empty it before you try again.");
	return r;
}
