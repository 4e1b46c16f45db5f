/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a durable change costs: a transaction of the SQLite store (one compare, one put of 200 bytes) beside
 * one bare SQLite insert in WAL mode with synchronous=FULL, in the same folder, alternating, so that both see
 * the same disk at the same time.
 *
 *     store_commit FOLDER OUTPUT.json [COMMITS]
 */

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/sqlite/sqlite.h"

#define VALUE_BYTES     200
#define WARM_UP         200
#define DEFAULT_COMMITS 4000
#define MAX_COMMITS     1000000

static int fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "store_commit: %s: %s\n", what, why);
	return 1;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static double microseconds(const uint64_t *sorted_ns, size_t count, double quantile)
{
	return (double)sorted_ns[(size_t)((double)(count - 1) * quantile)] / 1000.0;
}

static int bare_open(const char *path, sqlite3 **ret_db, sqlite3_stmt **ret_insert)
{
	(void)unlink(path);
	if (sqlite3_open(path, ret_db) != SQLITE_OK ||
	    sqlite3_exec(*ret_db,
			 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			 "CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB NOT NULL)",
			 NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(*ret_db, "INSERT INTO t (value) VALUES (?1)", -1, ret_insert, NULL) !=
		    SQLITE_OK)
		return fail(path, sqlite3_errmsg(*ret_db));
	return 0;
}

static int bare_commit(sqlite3 *db, sqlite3_stmt *insert, const char *value, uint64_t *ret_ns)
{
	uint64_t start = rw_clock_monotonic_ns(rw_clock_system());

	(void)sqlite3_bind_blob(insert, 1, value, VALUE_BYTES, SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE)
		return fail("bare insert", sqlite3_errmsg(db));
	(void)sqlite3_reset(insert);
	*ret_ns = rw_clock_monotonic_ns(rw_clock_system()) - start;
	return 0;
}

/* Rewrites one of 1,000 keys, checked against the revision it was written at. */
static int store_commit(struct rw_store *store, uint64_t *mod_revision, unsigned int index, const char *value,
			uint64_t *ret_ns)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	struct rw_error err = RW_ERROR_NONE;
	uint64_t start = rw_clock_monotonic_ns(rw_clock_system());
	char key[64];
	int r;

	(void)snprintf(key, sizeof(key), "/v1/rules/sg-0123456789abcdef/%04u", index);
	rw_store_txn_init(&txn);
	rw_store_txn_expect(&txn, key, *mod_revision);
	rw_store_txn_put(&txn, key, value, VALUE_BYTES);
	r = rw_store_commit(store, &txn, mod_revision, &err);
	if (r)
		return fail("store", r < 0 ? err.text : "conflict");
	*ret_ns = rw_clock_monotonic_ns(rw_clock_system()) - start;
	return 0;
}

static int report(const char *output, uint64_t *bare, uint64_t *store, size_t count)
{
	struct rw_error err = RW_ERROR_NONE;
	double p50[2];
	double p99[2];
	char text[512];

	qsort(bare, count, sizeof(*bare), compare_u64);
	qsort(store, count, sizeof(*store), compare_u64);
	p50[0] = microseconds(bare, count, 0.5);
	p50[1] = microseconds(store, count, 0.5);
	p99[0] = microseconds(bare, count, 0.99);
	p99[1] = microseconds(store, count, 0.99);
	(void)snprintf(text, sizeof(text),
		       "{\"bench\": \"store_commit\", \"commits\": %zu, \"value_bytes\": %d,\n"
		       " \"bare_p50_us\": %.1f, \"bare_p99_us\": %.1f,\n"
		       " \"store_p50_us\": %.1f, \"store_p99_us\": %.1f,\n"
		       " \"ratio_p50\": %.3f}\n",
		       count, VALUE_BYTES, p50[0], p99[0], p50[1], p99[1], p50[1] / p50[0]);
	if (rw_file_write(output, text, strlen(text), 0644, &err) < 0)
		return fail(output, err.text);
	(void)printf("store commit p50 %.1f us, bare SQLite WAL commit p50 %.1f us, ratio %.2f\n", p50[1],
		     p50[0], p50[1] / p50[0]);
	return 0;
}

static int measure(const char *folder, size_t count, uint64_t *bare, uint64_t *stored)
{
	RW_CLEANUP(rw_store_free) struct rw_store *store = NULL;
	static uint64_t mod_revisions[1000];
	struct rw_error err = RW_ERROR_NONE;
	char bare_path[512];
	char store_path[512];
	char value[VALUE_BYTES];
	sqlite3 *db = NULL;
	sqlite3_stmt *insert = NULL;
	int failed;

	memset(value, 'v', sizeof(value));
	(void)snprintf(bare_path, sizeof(bare_path), "%s/bare.db", folder);
	(void)snprintf(store_path, sizeof(store_path), "%s/store.db", folder);
	(void)unlink(store_path);
	if (rw_store_sqlite_open(store_path, 0, rw_random_system(), &store, &err) < 0)
		return fail(store_path, err.text);
	failed = bare_open(bare_path, &db, &insert);
	for (size_t i = 0; !failed && i < count + WARM_UP; i++) {
		size_t slot = i < WARM_UP ? 0 : i - WARM_UP;

		failed = bare_commit(db, insert, value, &bare[slot]) ||
			 store_commit(store, &mod_revisions[i % 1000], (unsigned int)(i % 1000), value,
				      &stored[slot]);
	}
	(void)sqlite3_finalize(insert);
	(void)sqlite3_close(db);
	(void)unlink(bare_path);
	store = rw_store_free(store);
	(void)unlink(store_path);
	return failed;
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : DEFAULT_COMMITS;
	RW_CLEANUP(rw_free) uint64_t *bare = NULL;
	RW_CLEANUP(rw_free) uint64_t *store = NULL;

	if (argc < 3 || !count || count > MAX_COMMITS)
		return fail("usage", "store_commit FOLDER OUTPUT.json [COMMITS]");
	bare = calloc(count, sizeof(*bare));
	store = calloc(count, sizeof(*store));
	if (!bare || !store)
		return fail("memory", strerror(ENOMEM));
	return measure(argv[1], count, bare, store) || report(argv[2], bare, store, count);
}
