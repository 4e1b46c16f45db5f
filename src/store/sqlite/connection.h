/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One SQLite connection as the store wants it: locked, in WAL mode, defensive, its schema up to date, its
 * statements prepared, its error codes turned into errno.  Nothing here knows what a transaction means.
 */

#include <sqlite3.h>

#include "store/store.h"

enum rw_sqlite_statement {
	RW_SQLITE_BEGIN,
	RW_SQLITE_COMMIT,
	RW_SQLITE_ROLLBACK,
	RW_SQLITE_FIND,            /* key, revision -> mod_revision, value */
	RW_SQLITE_NEXT,            /* key, revision -> key, mod_revision, value */
	RW_SQLITE_APPEND,          /* id, revision, key, value */
	RW_SQLITE_CHANGES,         /* id -> id, revision, key, value */
	RW_SQLITE_FORGET_OLDER,    /* key, revision */
	RW_SQLITE_FORGET,          /* id */
	RW_SQLITE_LAST,            /* -> id, revision */
	RW_SQLITE_META,            /* -> incarnation, compacted, swept, last_id, revision */
	RW_SQLITE_SET_COMPACTED,   /* compacted, swept, last_id, revision */
	RW_SQLITE_SET_INCARNATION, /* incarnation */
	RW_SQLITE_STATEMENT_COUNT_,
};

struct rw_sqlite {
	sqlite3 *db;
	char *path; /* owned; for errors */
	sqlite3_stmt *statements[RW_SQLITE_STATEMENT_COUNT_];
	bool flush_failed; /* an fsync failed: nothing may be written any more */
};

/* Opens 'path' as rw_store_sqlite_open says.  On failure there is nothing to close. */
int rw_sqlite_open(struct rw_sqlite *sqlite, const char *path, uint64_t max_bytes,
		   const struct rw_random *random, struct rw_error *err);
void rw_sqlite_close(struct rw_sqlite *sqlite);

/* Explains what SQLite answered, "store PATH: what: SQLite's words"; returns the negative errno. */
int rw_sqlite_error(struct rw_sqlite *sqlite, int result, const char *what, struct rw_error *err);

/* The statement, reset and with its parameters unbound. */
sqlite3_stmt *rw_sqlite_statement(struct rw_sqlite *sqlite, enum rw_sqlite_statement which);

/* Bind a parameter; the bytes are borrowed until the next use of the statement.  Cannot fail. */
void rw_sqlite_bind_bytes(sqlite3_stmt *statement, int index, const void *bytes, size_t size);
void rw_sqlite_bind_integer(sqlite3_stmt *statement, int index, uint64_t value);

/* A column of bytes, borrowed until the next step; NULL for SQL's NULL, or when memory runs out. */
const void *rw_sqlite_column_bytes(sqlite3_stmt *statement, int column, size_t *ret_size);
static inline uint64_t rw_sqlite_column_integer(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

/* Lets go of what a statement reads; its text and blob columns are gone then. */
static inline RW_UNUSED void rw_sqlite_reset_cleanup(sqlite3_stmt **statement)
{
	if (*statement)
		(void)sqlite3_reset(*statement);
}

/* Runs a statement that gives no row. */
int rw_sqlite_run(struct rw_sqlite *sqlite, sqlite3_stmt *statement, const char *what, struct rw_error *err);

/* A write transaction.  rw_sqlite_end commits when 'result' is 0, else or if that fails rolls back. */
int rw_sqlite_begin(struct rw_sqlite *sqlite, struct rw_error *err);
int rw_sqlite_end(struct rw_sqlite *sqlite, int result, struct rw_error *err);
