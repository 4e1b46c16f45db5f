/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite.h"

#include <assert.h>
#include <string.h>

#include "store/backend.h"
#include "store/sqlite/connection.h"

/* Log entries that one call of compaction looks at: a few milliseconds. */
#define SWEEP_COUNT 512

struct sqlite_store {
	struct rw_store base;
	struct rw_sqlite sqlite;
	uint64_t last_id; /* of the newest log entry ever made */
	uint64_t swept;   /* log entries up to this id were looked at by compaction */
	uint64_t clean;   /* up to this revision nothing is left to clean up; 0 = not known */
};

static struct sqlite_store *to_sqlite(struct rw_store *store)
{
	return (struct sqlite_store *)store;
}

static void sqlite_free(struct rw_store *store)
{
	rw_sqlite_close(&to_sqlite(store)->sqlite);
	free(store);
}

static int sqlite_find(struct rw_store *store, const char *key, uint64_t revision, uint64_t *ret_mod_revision,
		       struct rw_store_entry *ret_entry, struct rw_error *err)
{
	struct rw_sqlite *sqlite = &to_sqlite(store)->sqlite;
	RW_CLEANUP(rw_sqlite_reset) sqlite3_stmt *statement = rw_sqlite_statement(sqlite, RW_SQLITE_FIND);
	const void *value;
	size_t value_size;
	uint64_t mod_revision;
	int result;

	rw_sqlite_bind_bytes(statement, 1, key, strlen(key));
	rw_sqlite_bind_integer(statement, 2, revision);
	result = sqlite3_step(statement);
	if (result == SQLITE_DONE ||
	    (result == SQLITE_ROW && sqlite3_column_type(statement, 1) == SQLITE_NULL))
		return RW_STORE_NOT_FOUND;
	if (result != SQLITE_ROW)
		return rw_sqlite_error(sqlite, result, "read", err);
	mod_revision = rw_sqlite_column_integer(statement, 0);
	if (ret_entry) {
		value = rw_sqlite_column_bytes(statement, 1, &value_size);
		if (!value ||
		    rw_store_entry_fill(ret_entry, key, strlen(key), value, value_size, mod_revision) < 0)
			return rw_error_oom(err);
	}
	*ret_mod_revision = mod_revision;
	return 0;
}

/*
 * Reads the first key at or behind 'start' that had an entry at 'revision', adds it to the listing if it was
 * not deleted, and writes its successor to 'start'.  0; RW_STORE_NOT_FOUND at the end; RW_STORE_MORE; -errno.
 */
static int list_step(struct rw_sqlite *sqlite, const char *prefix, char start[RW_STORE_MAX_KEY + 2],
		     uint64_t revision, struct rw_store_listing *listing, struct rw_error *err)
{
	RW_CLEANUP(rw_sqlite_reset) sqlite3_stmt *statement = rw_sqlite_statement(sqlite, RW_SQLITE_NEXT);
	char key[RW_STORE_MAX_KEY + 1];
	const void *bytes;
	size_t size;
	int result;
	int r;

	rw_sqlite_bind_bytes(statement, 1, start, strlen(start));
	rw_sqlite_bind_integer(statement, 2, revision);
	result = sqlite3_step(statement);
	if (result == SQLITE_DONE)
		return RW_STORE_NOT_FOUND;
	if (result != SQLITE_ROW)
		return rw_sqlite_error(sqlite, result, "list", err);
	bytes = rw_sqlite_column_bytes(statement, 0, &size);
	if (!bytes || size > RW_STORE_MAX_KEY)
		return rw_sqlite_error(sqlite, bytes ? SQLITE_CORRUPT : SQLITE_NOMEM, "list", err);
	memcpy(key, bytes, size);
	key[size] = '\0';
	if (!rw_store_key_has_prefix(key, prefix))
		return RW_STORE_NOT_FOUND;
	if (sqlite3_column_type(statement, 2) != SQLITE_NULL) {
		bytes = rw_sqlite_column_bytes(statement, 2, &size);
		if (!bytes)
			return rw_error_oom(err);
		r = rw_store_listing_add(listing, key, strlen(key), bytes, size,
					 rw_sqlite_column_integer(statement, 1));
		if (r)
			return r < 0 ? rw_error_oom(err) : r;
	}
	rw_store_key_behind(key, start);
	return 0;
}

static int sqlite_list(struct rw_store *store, const char *prefix, const char *start, uint64_t revision,
		       struct rw_store_listing *listing, struct rw_error *err)
{
	char next[RW_STORE_MAX_KEY + 2];
	int r;

	memcpy(next, start, strlen(start) + 1);
	do
		r = list_step(&to_sqlite(store)->sqlite, prefix, next, revision, listing, err);
	while (r == 0);
	return r == RW_STORE_NOT_FOUND ? 0 : r;
}

static int append(struct rw_sqlite *sqlite, uint64_t id, uint64_t revision,
		  const struct rw_store_event *event, struct rw_error *err)
{
	sqlite3_stmt *statement = rw_sqlite_statement(sqlite, RW_SQLITE_APPEND);

	rw_sqlite_bind_integer(statement, 1, id);
	rw_sqlite_bind_integer(statement, 2, revision);
	rw_sqlite_bind_bytes(statement, 3, event->key, strlen(event->key));
	if (event->value)
		rw_sqlite_bind_bytes(statement, 4, event->value, event->value_size);
	return rw_sqlite_run(sqlite, statement, "write", err);
}

static int sqlite_commit(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
			 struct rw_error *err)
{
	RW_CLEANUP(rw_store_changes_done) struct rw_store_changes changes;
	struct sqlite_store *self = to_sqlite(store);
	uint64_t revision = self->last_id + 1;
	int r;

	/* Planning outside the transaction is fine: nobody else can write to the file. */
	rw_store_changes_init(&changes);
	r = rw_store_plan(store, txn, &changes, err);
	if (r)
		return r;
	*ret_revision = store->revision;
	if (!changes.events.count)
		return 0;
	r = rw_sqlite_begin(&self->sqlite, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < changes.events.count; i++)
		r = append(&self->sqlite, revision + i, revision, rw_vec_at(&changes.events, i), err);
	r = rw_sqlite_end(&self->sqlite, r, err);
	if (r < 0)
		return r;
	self->last_id += changes.events.count;
	store->revision = revision;
	*ret_revision = store->revision;
	return 0;
}

static int add_change(sqlite3_stmt *statement, const char *prefix, struct rw_store_changes *changes,
		      struct rw_error *err)
{
	size_t key_size;
	size_t value_size;
	const void *key = rw_sqlite_column_bytes(statement, 2, &key_size);
	const void *value;
	size_t prefix_length = strlen(prefix);
	bool deleted = sqlite3_column_type(statement, 3) == SQLITE_NULL;

	if (key_size < prefix_length || !key || memcmp(key, prefix, prefix_length) != 0)
		return key ? 0 : rw_error_oom(err);
	value = rw_sqlite_column_bytes(statement, 3, &value_size);
	if ((!value && !deleted) || rw_store_changes_add(changes, key, key_size, value, value_size) < 0)
		return rw_error_oom(err);
	changes->revision = rw_sqlite_column_integer(statement, 1);
	return 0;
}

static int sqlite_watch_read(struct rw_store *store, const char *prefix, uint64_t from_revision,
			     struct rw_store_changes *changes, struct rw_error *err)
{
	struct rw_sqlite *sqlite = &to_sqlite(store)->sqlite;
	RW_CLEANUP(rw_sqlite_reset) sqlite3_stmt *statement = rw_sqlite_statement(sqlite, RW_SQLITE_CHANGES);
	int result;

	/* A transaction's first id is its revision, so no entry of a later one has a smaller id. */
	rw_sqlite_bind_integer(statement, 1, from_revision);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		uint64_t revision = rw_sqlite_column_integer(statement, 1);
		int r;

		if (revision < from_revision)
			continue;
		if (changes->events.count && revision != changes->revision)
			return 0;
		r = add_change(statement, prefix, changes, err);
		if (r < 0)
			return r;
	}
	if (result != SQLITE_DONE)
		return rw_sqlite_error(sqlite, result, "read changes", err);
	return changes->events.count ? 0 : RW_STORE_NOT_FOUND;
}

/* Removes what the log entry that 'statement' is at supersedes, and the entry itself if it is a deletion. */
static int sweep_entry(struct rw_sqlite *sqlite, sqlite3_stmt *statement, struct rw_error *err)
{
	sqlite3_stmt *forget = rw_sqlite_statement(sqlite, RW_SQLITE_FORGET_OLDER);
	size_t key_size;
	const void *key = rw_sqlite_column_bytes(statement, 2, &key_size);
	int r;

	if (!key)
		return rw_error_oom(err);
	rw_sqlite_bind_bytes(forget, 1, key, key_size);
	rw_sqlite_bind_integer(forget, 2, rw_sqlite_column_integer(statement, 1));
	r = rw_sqlite_run(sqlite, forget, "compact", err);
	if (r < 0 || sqlite3_column_type(statement, 3) != SQLITE_NULL)
		return r;
	forget = rw_sqlite_statement(sqlite, RW_SQLITE_FORGET);
	rw_sqlite_bind_integer(forget, 1, rw_sqlite_column_integer(statement, 0));
	return rw_sqlite_run(sqlite, forget, "compact", err);
}

/*
 * Looks at the next entries behind *swept, up to 'revision', and moves it.  Only what was written since the
 * last compaction can supersede anything, so the cost does not grow with the store.  0, RW_STORE_MORE,
 * -errno.
 */
static int sweep(struct rw_sqlite *sqlite, uint64_t revision, uint64_t *swept, struct rw_error *err)
{
	RW_CLEANUP(rw_sqlite_reset) sqlite3_stmt *statement = rw_sqlite_statement(sqlite, RW_SQLITE_CHANGES);
	int result = SQLITE_DONE;

	rw_sqlite_bind_integer(statement, 1, *swept + 1);
	for (size_t i = 0; i < SWEEP_COUNT; i++) {
		int r;

		result = sqlite3_step(statement);
		if (result != SQLITE_ROW || rw_sqlite_column_integer(statement, 1) > revision)
			break;
		r = sweep_entry(sqlite, statement, err);
		if (r < 0)
			return r;
		*swept = rw_sqlite_column_integer(statement, 0);
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return rw_sqlite_error(sqlite, result, "compact", err);
	if (result == SQLITE_ROW && rw_sqlite_column_integer(statement, 1) <= revision)
		return RW_STORE_MORE;
	return 0;
}

static int sqlite_compact(struct rw_store *store, uint64_t revision, struct rw_error *err)
{
	struct sqlite_store *self = to_sqlite(store);
	uint64_t compacted = revision > store->compacted ? revision : store->compacted;
	uint64_t swept = self->swept;
	sqlite3_stmt *statement;
	int more;
	int r;

	if (compacted == self->clean)
		return 0;
	r = rw_sqlite_begin(&self->sqlite, err);
	if (r < 0)
		return r;
	more = sweep(&self->sqlite, compacted, &swept, err);
	statement = rw_sqlite_statement(&self->sqlite, RW_SQLITE_SET_COMPACTED);
	rw_sqlite_bind_integer(statement, 1, compacted);
	rw_sqlite_bind_integer(statement, 2, swept);
	rw_sqlite_bind_integer(statement, 3, self->last_id);
	rw_sqlite_bind_integer(statement, 4, store->revision);
	r = more < 0 ? more : rw_sqlite_run(&self->sqlite, statement, "compact", err);
	r = rw_sqlite_end(&self->sqlite, r, err);
	if (r < 0)
		return r;
	store->compacted = compacted;
	self->swept = swept;
	self->clean = more ? self->clean : compacted;
	return more;
}

static int sqlite_set_incarnation(struct rw_store *store, const char *incarnation, struct rw_error *err)
{
	struct rw_sqlite *sqlite = &to_sqlite(store)->sqlite;
	sqlite3_stmt *statement;
	int r = rw_sqlite_begin(sqlite, err);

	if (r < 0)
		return r;
	statement = rw_sqlite_statement(sqlite, RW_SQLITE_SET_INCARNATION);
	(void)sqlite3_bind_text(statement, 1, incarnation, -1, SQLITE_STATIC);
	return rw_sqlite_end(sqlite, rw_sqlite_run(sqlite, statement, "write", err), err);
}

static const struct rw_store_ops sqlite_ops = {
	.free = sqlite_free,
	.find = sqlite_find,
	.list = sqlite_list,
	.commit = sqlite_commit,
	.watch_read = sqlite_watch_read,
	.compact = sqlite_compact,
	.set_incarnation = sqlite_set_incarnation,
};

/* Reads where the store stood. */
static int load(struct sqlite_store *self, struct rw_error *err)
{
	struct rw_sqlite *sqlite = &self->sqlite;
	RW_CLEANUP(rw_sqlite_reset) sqlite3_stmt *meta = rw_sqlite_statement(sqlite, RW_SQLITE_META);
	RW_CLEANUP(rw_sqlite_reset) sqlite3_stmt *last = rw_sqlite_statement(sqlite, RW_SQLITE_LAST);
	const void *incarnation;
	size_t size;
	int result = sqlite3_step(meta);

	if (result != SQLITE_ROW)
		return rw_sqlite_error(sqlite, result == SQLITE_DONE ? SQLITE_CORRUPT : result, "open", err);
	incarnation = rw_sqlite_column_bytes(meta, 0, &size);
	if (!incarnation || size != sizeof(self->base.incarnation) - 1)
		return rw_sqlite_error(sqlite, incarnation ? SQLITE_CORRUPT : SQLITE_NOMEM, "open", err);
	memcpy(self->base.incarnation, incarnation, size);
	self->base.compacted = rw_sqlite_column_integer(meta, 1);
	self->swept = rw_sqlite_column_integer(meta, 2);
	self->last_id = rw_sqlite_column_integer(meta, 3);
	self->base.revision = rw_sqlite_column_integer(meta, 4);
	result = sqlite3_step(last);
	if (result == SQLITE_ROW && rw_sqlite_column_integer(last, 0) > self->last_id) {
		self->last_id = rw_sqlite_column_integer(last, 0);
		self->base.revision = rw_sqlite_column_integer(last, 1);
	}
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0
							     : rw_sqlite_error(sqlite, result, "open", err);
}

int rw_store_sqlite_open(const char *path, uint64_t max_bytes, const struct rw_random *random,
			 struct rw_store **ret_store, struct rw_error *err)
{
	RW_CLEANUP(rw_free) struct sqlite_store *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return rw_error_oom(err);
	self->base.ops = &sqlite_ops;
	r = rw_sqlite_open(&self->sqlite, path, max_bytes, random, err);
	if (r < 0)
		return r;
	r = load(self, err);
	if (r < 0) {
		rw_sqlite_close(&self->sqlite);
		return r;
	}
	*ret_store = &RW_TAKE_PTR(self)->base;
	return 0;
}

bool rw_store_is_sqlite(const struct rw_store *store)
{
	return store->ops == &sqlite_ops;
}

int rw_store_sqlite_dump(struct rw_store *store, struct rw_buf *buf, struct rw_error *err)
{
	struct rw_sqlite *sqlite = &to_sqlite(store)->sqlite;
	sqlite3_int64 size = 0;
	unsigned char *bytes;
	int result;

	assert(store->ops == &sqlite_ops);
	bytes = sqlite3_serialize(sqlite->db, "main", &size, 0);
	if (!bytes) {
		result = sqlite3_errcode(sqlite->db);
		return rw_sqlite_error(sqlite, result == SQLITE_OK ? SQLITE_NOMEM : result, "copy", err);
	}
	(void)rw_buf_append(buf, bytes, (size_t)size);
	sqlite3_free(bytes);
	return rw_buf_check(buf, err);
}
