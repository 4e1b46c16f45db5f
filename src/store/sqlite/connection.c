/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/connection.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/backend.h"

#define APPLICATION_ID    0x72776c31 /* "rwl1": file(1) and we tell the file by it */
#define PAGE_BYTES        4096
#define DEFAULT_MAX_BYTES (2ULL * 1024 * 1024 * 1024)
#define CHECKPOINT_PAGES  1000
#define WAL_KEPT_BYTES    "8388608"

/*
 * Migration number n brings a file from schema n to schema n + 1.  What was released is never edited: a
 * change of the schema is one more migration.
 *
 * entry: 'value' NULL = deleted.  The index puts a key's newest version first, so that one look-up finds what
 * the key, or the next key, held at a revision.
 * meta: one row.  'last_id' and 'revision' stand in for log entries that a compaction removed from the end.
 */
static const char *const migrations[] = {
	"CREATE TABLE entry ("
	" id INTEGER PRIMARY KEY,"
	" revision INTEGER NOT NULL,"
	" key BLOB NOT NULL,"
	" value BLOB"
	") STRICT;"
	"CREATE UNIQUE INDEX entry_by_key ON entry (key, revision DESC);"
	"CREATE TABLE meta ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" incarnation TEXT NOT NULL CHECK (length(incarnation) = 32),"
	" compacted INTEGER NOT NULL,"
	" swept INTEGER NOT NULL,"
	" last_id INTEGER NOT NULL,"
	" revision INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO meta VALUES (1, '00000000000000000000000000000000', 0, 0, 1, 1);",
};

static const char *const statement_texts[RW_SQLITE_STATEMENT_COUNT_] = {
	[RW_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
	[RW_SQLITE_COMMIT] = "COMMIT",
	[RW_SQLITE_ROLLBACK] = "ROLLBACK",
	[RW_SQLITE_FIND] = "SELECT revision, value FROM entry WHERE key = ?1 AND revision <= ?2"
			   " ORDER BY revision DESC LIMIT 1",
	[RW_SQLITE_NEXT] = "SELECT key, revision, value FROM entry WHERE key >= ?1 AND revision <= ?2"
			   " ORDER BY key, revision DESC LIMIT 1",
	[RW_SQLITE_APPEND] = "INSERT INTO entry (id, revision, key, value) VALUES (?1, ?2, ?3, ?4)",
	[RW_SQLITE_CHANGES] = "SELECT id, revision, key, value FROM entry WHERE id >= ?1 ORDER BY id",
	[RW_SQLITE_FORGET_OLDER] = "DELETE FROM entry WHERE key = ?1 AND revision < ?2",
	[RW_SQLITE_FORGET] = "DELETE FROM entry WHERE id = ?1",
	[RW_SQLITE_LAST] = "SELECT id, revision FROM entry ORDER BY id DESC LIMIT 1",
	[RW_SQLITE_META] = "SELECT incarnation, compacted, swept, last_id, revision FROM meta",
	[RW_SQLITE_SET_COMPACTED] = "UPDATE meta SET compacted = ?1, swept = ?2, last_id = ?3, revision = ?4",
	[RW_SQLITE_SET_INCARNATION] = "UPDATE meta SET incarnation = ?1",
};

static int errno_of(sqlite3 *db, int result)
{
	int os = sqlite3_system_errno(db);

	if (result == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	switch (result & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_CANTOPEN:
		return os > 0 ? -os : -EIO;
	default:
		return -EIO;
	}
}

static const char *hint_of(int code)
{
	switch (code) {
	case -EBUSY:
		return "Another ringwalld, or a sqlite3 shell, has the file open; stop it first.";
	case -ENOSPC:
		return "Free space on the disk; when the disk has room, the store reached its size limit.";
	case -EROFS:
	case -EACCES:
		return "The file and its folder must be writable by the user that ringwalld runs as.";
	case -EUCLEAN:
		return "Restore a backup; keep the damaged file and its -wal for examination.";
	case -EIO:
		return "Look for disk errors in the kernel's log.";
	default:
		return "";
	}
}

int rw_sqlite_error(struct rw_sqlite *sqlite, int result, const char *what, struct rw_error *err)
{
	int code = errno_of(sqlite->db, result);

	if (result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC)
		sqlite->flush_failed = true;
	(void)rw_error_set(err, code, "store %s: %s: %s", sqlite->path, what, sqlite3_errstr(result));
	(void)rw_error_hint(err, "%s", hint_of(code));
	return code;
}

sqlite3_stmt *rw_sqlite_statement(struct rw_sqlite *sqlite, enum rw_sqlite_statement which)
{
	sqlite3_stmt *statement = sqlite->statements[which];

	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return statement;
}

/* Binding without a copy allocates nothing, so what fails is the caller's mistake. */
void rw_sqlite_bind_bytes(sqlite3_stmt *statement, int index, const void *bytes, size_t size)
{
	int result = sqlite3_bind_blob(statement, index, bytes, (int)size, SQLITE_STATIC);

	assert(result == SQLITE_OK);
	(void)result;
}

void rw_sqlite_bind_integer(sqlite3_stmt *statement, int index, uint64_t value)
{
	int result = sqlite3_bind_int64(statement, index, (int64_t)value);

	assert(result == SQLITE_OK);
	(void)result;
}

const void *rw_sqlite_column_bytes(sqlite3_stmt *statement, int column, size_t *ret_size)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	int size = sqlite3_column_bytes(statement, column);

	/* SQLite gives NULL for no bytes, too. */
	if (!bytes && size == 0 && sqlite3_column_type(statement, column) != SQLITE_NULL)
		bytes = "";
	*ret_size = (size_t)size;
	return bytes;
}

int rw_sqlite_run(struct rw_sqlite *sqlite, sqlite3_stmt *statement, const char *what, struct rw_error *err)
{
	int result = sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	return result == SQLITE_DONE ? 0 : rw_sqlite_error(sqlite, result, what, err);
}

int rw_sqlite_begin(struct rw_sqlite *sqlite, struct rw_error *err)
{
	if (sqlite->flush_failed) {
		(void)rw_error_set(err, -EIO,
				   "store %s: writing is off since the disk failed to flush a change",
				   sqlite->path);
		(void)rw_error_hint(err, "Look for disk errors in the kernel's log, then restart ringwalld.");
		return -EIO;
	}
	return rw_sqlite_run(sqlite, rw_sqlite_statement(sqlite, RW_SQLITE_BEGIN), "begin", err);
}

int rw_sqlite_end(struct rw_sqlite *sqlite, int result, struct rw_error *err)
{
	if (result == 0)
		result = rw_sqlite_run(sqlite, rw_sqlite_statement(sqlite, RW_SQLITE_COMMIT), "commit", err);
	/* Some failures end the transaction by themselves. */
	if (result < 0 && !sqlite3_get_autocommit(sqlite->db))
		(void)rw_sqlite_run(sqlite, rw_sqlite_statement(sqlite, RW_SQLITE_ROLLBACK), "roll back",
				    NULL);
	return result;
}

/*
 * Runs after each commit, which is durable by then, in place of SQLite's own automatic checkpoint, because
 * that one hides a failed flush of the database file.  Other failures are tried again at the next commit.
 */
static int checkpoint(void *context, sqlite3 *db, const char *name, int wal_pages)
{
	struct rw_sqlite *sqlite = context;
	int result;

	if (wal_pages < CHECKPOINT_PAGES || sqlite->flush_failed)
		return SQLITE_OK;
	result = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC)
		sqlite->flush_failed = true;
	return SQLITE_OK;
}

static int execute(struct rw_sqlite *sqlite, const char *text, struct rw_error *err)
{
	int result = sqlite3_exec(sqlite->db, text, NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : rw_sqlite_error(sqlite, result, "open", err);
}

/* Gives the one integer that a statement answers. */
static int query_integer(struct rw_sqlite *sqlite, const char *text, int64_t *ret_value, struct rw_error *err)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(sqlite->db, text, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : rw_sqlite_error(sqlite, result, "open", err);
}

/* Refuses what is not ours or newer than we are; *ret_version 0 = an empty file.  Changes nothing. */
static int check_version(struct rw_sqlite *sqlite, int64_t *ret_version, struct rw_error *err)
{
	int64_t objects = 0;
	int64_t application = 0;
	int64_t version = 0;
	int r = query_integer(sqlite, "SELECT count(*) FROM sqlite_schema", &objects, err);

	if (r == 0)
		r = query_integer(sqlite, "PRAGMA application_id", &application, err);
	if (r == 0)
		r = query_integer(sqlite, "PRAGMA user_version", &version, err);
	if (r < 0)
		return r;
	if (!objects && !application) {
		*ret_version = 0;
		return 0;
	}
	if (application != APPLICATION_ID || version < 1)
		return rw_error_set(err, -EPROTO, "store %s: the file is a database of another program",
				    sqlite->path);
	if (version > (int64_t)RW_ARRAY_COUNT(migrations)) {
		(void)rw_error_set(err, -EPROTO,
				   "store %s: the file has schema %" PRId64 ", this program knows up to %zu",
				   sqlite->path, version, RW_ARRAY_COUNT(migrations));
		(void)rw_error_hint(err, "Run the version of ringwalld that wrote it, or a newer one.");
		return -EPROTO;
	}
	*ret_version = version;
	return 0;
}

static int set_incarnation(struct rw_sqlite *sqlite, const struct rw_random *random, struct rw_error *err)
{
	char text[128];
	char incarnation[RW_STORE_INCARNATION_SIZE];

	rw_store_incarnation_make(random, incarnation);
	(void)snprintf(text, sizeof(text), "UPDATE meta SET incarnation = '%s'", incarnation);
	return execute(sqlite, text, err);
}

/* Brings the schema from 'version' up to date, all in one transaction. */
static int migrate(struct rw_sqlite *sqlite, int64_t version, const struct rw_random *random,
		   struct rw_error *err)
{
	char text[128];
	int r;

	if (version == (int64_t)RW_ARRAY_COUNT(migrations))
		return 0;
	r = execute(sqlite, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	for (size_t i = (size_t)version; r == 0 && i < RW_ARRAY_COUNT(migrations); i++)
		r = execute(sqlite, migrations[i], err);
	(void)snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %zu",
		       APPLICATION_ID, RW_ARRAY_COUNT(migrations));
	if (r == 0)
		r = execute(sqlite, text, err);
	if (r == 0 && version == 0)
		r = set_incarnation(sqlite, random, err);
	return r == 0 ? execute(sqlite, "COMMIT", err) : r;
}

static int configure(struct rw_sqlite *sqlite, uint64_t max_bytes, struct rw_error *err)
{
	char text[64];
	int result = SQLITE_OK;
	int r;
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	};

	(void)sqlite3_extended_result_codes(sqlite->db, 1);
	for (size_t i = 0; result == SQLITE_OK && i < RW_ARRAY_COUNT(options); i++)
		result = sqlite3_db_config(sqlite->db, options[i].option, options[i].value, NULL);
	if (result != SQLITE_OK)
		return rw_sqlite_error(sqlite, result, "open", err);
	(void)sqlite3_wal_hook(sqlite->db, checkpoint, sqlite);
	(void)snprintf(text, sizeof(text), "PRAGMA max_page_count = %llu",
		       (max_bytes ? max_bytes : DEFAULT_MAX_BYTES) / PAGE_BYTES);
	/*
	 * Exclusive before the first access: the lock is then held until the file is closed, and the index of
	 * the WAL lives in our memory instead of a shared file.
	 */
	r = execute(sqlite,
		    "PRAGMA locking_mode = EXCLUSIVE;"
		    "PRAGMA synchronous = FULL;"
		    "PRAGMA cell_size_check = ON;"
		    "PRAGMA journal_size_limit = " WAL_KEPT_BYTES,
		    err);
	return r < 0 ? r : execute(sqlite, text, err);
}

static int use_wal(struct rw_sqlite *sqlite, struct rw_error *err)
{
	sqlite3_stmt *statement = NULL;
	bool wal = false;
	int result = sqlite3_prepare_v2(sqlite->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		wal = sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
	(void)sqlite3_finalize(statement);
	if (result != SQLITE_ROW)
		return rw_sqlite_error(sqlite, result, "open", err);
	return wal ? 0
		   : rw_error_set(err, -EIO, "store %s: SQLite does not offer WAL mode on this file",
				  sqlite->path);
}

static int prepare(struct rw_sqlite *sqlite, struct rw_error *err)
{
	for (size_t i = 0; i < RW_SQLITE_STATEMENT_COUNT_; i++) {
		int result = sqlite3_prepare_v3(sqlite->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
						&sqlite->statements[i], NULL);

		if (result != SQLITE_OK)
			return rw_sqlite_error(sqlite, result, "open", err);
	}
	return 0;
}

/*
 * Makes the file itself if there is none, so that its mode does not depend on the umask (SQLite gives the WAL
 * the same) and its name is durable.
 */
static int create(const char *path, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	RW_CLEANUP(rw_close) int folder_fd = -EBADF;
	RW_CLEANUP(rw_free) char *folder = NULL;
	const char *slash = strrchr(path, '/');

	if (fd < 0)
		return errno == EEXIST
			       ? 0
			       : rw_error_set(err, -errno, "store %s: create: %s", path, strerror(errno));
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return rw_error_oom(err);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || fsync(folder_fd) < 0)
		return rw_error_set(err, -errno, "store %s: flush the folder: %s", path, strerror(errno));
	return 0;
}

static int open_file(struct rw_sqlite *sqlite, const char *path, uint64_t max_bytes,
		     const struct rw_random *random, struct rw_error *err)
{
	int64_t version = 0;
	int result;
	int r = create(path, err);

	if (r < 0)
		return r;
	result = sqlite3_open_v2(path, &sqlite->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!sqlite->db)
		return rw_error_oom(err);
	if (result != SQLITE_OK)
		return rw_sqlite_error(sqlite, result, "open", err);
	if (!*sqlite3_db_filename(sqlite->db, "main"))
		return rw_error_set(err, -EINVAL, "store %s: the path names no file", path);
	if (sqlite3_db_readonly(sqlite->db, "main") == 1)
		return rw_sqlite_error(sqlite, SQLITE_READONLY, "open", err);
	r = configure(sqlite, max_bytes, err);
	if (r == 0)
		r = check_version(sqlite, &version, err);
	if (r == 0)
		r = use_wal(sqlite, err);
	if (r == 0)
		r = migrate(sqlite, version, random, err);
	return r == 0 ? prepare(sqlite, err) : r;
}

int rw_sqlite_open(struct rw_sqlite *sqlite, const char *path, uint64_t max_bytes,
		   const struct rw_random *random, struct rw_error *err)
{
	int r;

	*sqlite = (struct rw_sqlite){.path = strdup(path)};
	if (!sqlite->path)
		return rw_error_oom(err);
	r = open_file(sqlite, path, max_bytes, random, err);
	if (r < 0)
		rw_sqlite_close(sqlite);
	return r;
}

void rw_sqlite_close(struct rw_sqlite *sqlite)
{
	for (size_t i = 0; i < RW_SQLITE_STATEMENT_COUNT_; i++)
		(void)sqlite3_finalize(sqlite->statements[i]);
	/* Closing moves the WAL into the file and removes it; not when the disk has lied to us before. */
	if (sqlite->flush_failed)
		(void)sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_close(sqlite->db);
	free(sqlite->path);
	*sqlite = (struct rw_sqlite){0};
}
