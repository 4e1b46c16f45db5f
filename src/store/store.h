/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Store
 * =====
 *
 * Where the controller's state is durable.  A store maps keys to values and remembers, at every
 * revision, what it held: the model of etcd, so that one interface has three back ends: memory (tests),
 * SQLite (one controller, the default) and etcd (several controllers).
 *
 *     key        text of 1..RW_STORE_MAX_KEY bytes, ordered bytewise; by custom a path, "/v1/groups/sg-1"
 *     value      0..RW_STORE_MAX_TXN_BYTES bytes, meaningless to the store
 *     revision   a number of the whole store.  Each transaction that changes something gets a new one,
 *                greater than all before: revisions are ordered, not dense.  A new store is at revision 1.
 *     mod_revision  of a key: the revision of the transaction that wrote it last; 0 = the key is absent
 *
 * **Writing** is one kind of call, the transaction: *if* every compare holds, *then* do all operations, else
 * nothing.  Compare what the decision was based on with the mod_revision that was read, and two writers
 * cannot break together what each of them checked alone:
 *
 *     RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
 *
 *     rw_store_txn_init(&txn);
 *     rw_store_txn_expect(&txn, "/v1/groups/sg-1", group->mod_revision);    // 0 = must not exist
 *     rw_store_txn_put(&txn, "/v1/groups/sg-1", text, strlen(text));
 *     rw_store_txn_delete_prefix(&txn, "/v1/rules/sg-1/");
 *     r = rw_store_commit(store, &txn, &revision, err);    // 0, RW_STORE_CONFLICT, or -errno
 *
 * A success is reported only after the change is on disk.  A crash at any moment leaves all or nothing of a
 * transaction.
 *
 * **Reading** is for starting up: read everything once, at one revision, then follow the changes from the
 * next one.  Nothing is missed or seen twice, whoever writes in the meantime:
 *
 *     struct rw_store_query query = {.prefix = ""};
 *     RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
 *
 *     do {
 *             r = rw_store_list(store, &query, &page, err);
 *             if (r)
 *                     return r;    // < 0, or RW_STORE_COMPACTED: start over
 *             for (size_t i = 0; i < page.count; i++)
 *                     load(&page.entries[i]);
 *     } while (rw_store_query_advance(&query, &page));
 *     r = rw_store_watch_new(store, "", page.revision + 1, on_ready, controller, &watch, err);
 *
 * **Watching** gives batches.  A batch is everything that one transaction changed under the watched prefix,
 * so folding a batch takes the reader from one consistent state to the next.  A watch keeps a position and
 * no queue: a reader that lags costs nothing, and is told RW_STORE_COMPACTED when what it still needs is
 * gone; it then reads everything again.
 *
 * **Compaction** forgets history: what was overwritten or deleted at or before a revision.  Reads at, and
 * watches from, earlier revisions then answer RW_STORE_COMPACTED.  Who owns the store calls it from time to
 * time; without it the file grows with every write.
 *
 * **Incarnation**: 32 hex digits, random, made with the store.  A revision means something only together
 * with it: whoever restores a backup renews it, and readers of an earlier life start over instead of
 * taking old revision numbers for new ones.
 *
 * Outcomes: 0, one of the positive ones below, or a negative errno with 'err' filled.  The latter:
 *     -EINVAL      bad key, or two operations of a transaction write the same key
 *     -E2BIG       more than a transaction may hold (limits below)
 *     -ENOMEM      out of memory
 *     -ESHUTDOWN   the store across the network is not ours any more; the change may turn out to be durable
 *     -EHOSTDOWN   the store across the network does not answer; nothing was changed, try again
 *     -ENOSPC      disk full, or the store reached its size limit; nothing changed, try again later
 *     -EIO         the disk failed.  The change is not visible now, but may turn out to be durable after a
 *                  restart.  After a failed flush all later transactions fail so (see sqlite.h); reads go on.
 *     -EROFS, -EACCES  the file cannot be written
 *     -EUCLEAN     the file is damaged
 *     -EBUSY       another process has the store open (at open only)
 *     -EPROTO      the store was written by a newer version of ringwall, or is no such store (at open only)
 *
 * Threads: all calls from one.  Callbacks run on it, from inside calls of this header or, for a back end
 * across the network, from the event loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/vec.h"

/*
 * etcd's limits, kept on every back end so that what works on one works on all: of its 128 compares, 128 operations
 * and 1.5 MiB a transaction, the store in etcd needs one, one and 2 KiB itself.  The overhead has room for the prefix
 * that its keys have there, and for their framing.
 */
#define RW_STORE_MAX_KEY        512           /* bytes of a key, without the NUL */
#define RW_STORE_MAX_COMPARES   127           /* a transaction */
#define RW_STORE_MAX_OPERATIONS 127           /* a transaction */
#define RW_STORE_MAX_TXN_BYTES  (1534 * 1024) /* a transaction: keys, values and the overhead below */
#define RW_STORE_TXN_OVERHEAD   160           /* bytes counted for each compare and operation besides */

/* Our own: memory that one answer may take. */
#define RW_STORE_MAX_CHANGES    16384 /* keys that one transaction may change (by delete_prefix) */
#define RW_STORE_MAX_PAGE       1000  /* entries of a page */
#define RW_STORE_MAX_PAGE_BYTES (4 * 1024 * 1024) /* a page ends with the entry that reaches this */

#define RW_STORE_INCARNATION_SIZE 33 /* 32 hex digits and NUL */

/* Positive outcomes; each function says which of them it has. */
enum {
	RW_STORE_NOT_FOUND = 1, /* the key is absent at that revision */
	RW_STORE_CONFLICT,      /* a compare did not hold; nothing was changed */
	RW_STORE_COMPACTED,     /* that revision's history is gone: list again */
	RW_STORE_EVENTS,        /* a batch was given */
	RW_STORE_MORE,          /* a part is done, call again */
};

struct rw_store;

/* Closes the store.  All its watches must be freed before.  Accepts NULL, returns NULL. */
struct rw_store *rw_store_free(struct rw_store *store);
RW_DEFINE_CLEANUP(struct rw_store *, rw_store_free)

/* The revision of the newest transaction known here.  Not a round trip on any back end. */
uint64_t rw_store_revision(const struct rw_store *store);

/* Revisions before this one cannot be read, events at or before it cannot be watched; 0 = never compacted. */
uint64_t rw_store_compacted_revision(const struct rw_store *store);

/* Borrowed; valid until the store is freed or the incarnation renewed. */
const char *rw_store_incarnation(const struct rw_store *store);

/* Gives the store a new random incarnation, durably.  For restoring a backup, before anybody reads it. */
RW_NODISCARD int rw_store_renew_incarnation(struct rw_store *store, const struct rw_random *random,
					    struct rw_error *err);

/* ---- Reading ---- */

struct rw_store_entry {
	char *key;             /* owned, NUL-terminated; the block of memory that holds the value, too */
	const void *value;     /* inside 'key's block; a NUL that is not counted follows the bytes */
	size_t value_size;     /* bytes */
	uint64_t mod_revision; /* never 0 */
};

/* Frees what the entry holds and zeroes it. */
void rw_store_entry_done(struct rw_store_entry *entry);
RW_DEFINE_DONE(struct rw_store_entry, rw_store_entry_done)

/*
 * Gives what 'key' held at 'revision' (0 = now).  *ret_entry need not be initialised; it is filled on 0 only.
 *
 * Returns 0, RW_STORE_NOT_FOUND, RW_STORE_COMPACTED; -EINVAL for a bad key or a revision of the future.
 * Waits for the disk, or the network: for start-up and tests; requests are answered from memory.
 */
RW_NODISCARD int rw_store_get(struct rw_store *store, const char *key, uint64_t revision,
			      struct rw_store_entry *ret_entry, struct rw_error *err);

/* What to list.  Zeroed but for the prefix it means: from the start, now, pages of RW_STORE_MAX_PAGE. */
struct rw_store_query {
	const char *prefix;               /* borrowed; "" = every key */
	uint64_t revision;                /* list what was there then; 0 = now */
	size_t limit;                     /* entries a page, at most RW_STORE_MAX_PAGE; 0 = that */
	char after[RW_STORE_MAX_KEY + 1]; /* only keys behind this one; "" = from the first */
};

struct rw_store_page {
	struct rw_store_entry *entries; /* owned; by key in byte order */
	size_t count;
	uint64_t revision; /* at which the page was read, never 0 */
	bool more;         /* further keys follow behind the last one */
};

void rw_store_page_done(struct rw_store_page *page);
RW_DEFINE_DONE(struct rw_store_page, rw_store_page_done)

/*
 * Lists the keys under a prefix, a page at a time.  Frees what *page held and fills it anew (start with a
 * zeroed one); on failure it is left empty.
 *
 * Returns 0; RW_STORE_COMPACTED when the revision was compacted between two pages: start over with a fresh
 * query.  Waits as rw_store_get does.
 */
RW_NODISCARD int rw_store_list(struct rw_store *store, const struct rw_store_query *query,
			       struct rw_store_page *page, struct rw_error *err);

/* Moves 'query' behind 'page', pinned to its revision.  False when there is no further page. */
bool rw_store_query_advance(struct rw_store_query *query, const struct rw_store_page *page);

/* ---- Writing ---- */

struct rw_store_txn {
	struct rw_vec compares;   /* of struct rw_store_compare, see backend.h */
	struct rw_vec operations; /* of struct rw_store_operation, see backend.h */
	size_t size_bytes;        /* counted against RW_STORE_MAX_TXN_BYTES */
	struct rw_error failure;  /* the first thing that could not be added; code 0 = none */
};

void rw_store_txn_init(struct rw_store_txn *txn);
void rw_store_txn_done(struct rw_store_txn *txn);
RW_DEFINE_DONE(struct rw_store_txn, rw_store_txn_done)

/*
 * Compares: the transaction happens only if 'key' was last written at 'mod_revision' (0: if it is absent),
 * or, for the second, if it exists.  Adding fails silently and the commit then fails with the first
 * reason: bad key, a limit, or memory.  Keys and values are copied.
 */
void rw_store_txn_expect(struct rw_store_txn *txn, const char *key, uint64_t mod_revision);
void rw_store_txn_expect_present(struct rw_store_txn *txn, const char *key);

/*
 * Operations, failing as above.  'bytes' may be NULL when 'size' is 0.  Deleting what is absent is fine and
 * changes nothing.  A key that is put must not be touched by another operation of the transaction.
 */
void rw_store_txn_put(struct rw_store_txn *txn, const char *key, const void *bytes, size_t size);
void rw_store_txn_delete(struct rw_store_txn *txn, const char *key);
void rw_store_txn_delete_prefix(struct rw_store_txn *txn, const char *prefix); /* not "" */

/* 0, or the first failure so far, for a caller that wants to know before it commits. */
RW_NODISCARD int rw_store_txn_check(const struct rw_store_txn *txn, struct rw_error *err);

/*
 * How a submitted transaction ended: 'result' is 0 (durable, at 'revision'), RW_STORE_CONFLICT, or a negative
 * errno explained by 'err' (borrowed; not NULL then).  A transaction that changed nothing (no operations,
 * or deletes of absent keys) has the current revision and makes no new one.  May call anything but
 * rw_store_free.
 */
typedef void rw_store_done_fn(void *context, int result, uint64_t revision, const struct rw_error *err);

/*
 * Starts a transaction; borrows 'txn' during the call.  'done' runs exactly once: before this function
 * returns on memory and SQLite, which commit here and now, or later from the event loop.  Transactions are
 * carried out in the order of submission.
 *
 * On memory and SQLite the watches can give the events when 'done' runs.  Across the network they may come
 * later: a caller that needs its change folded remembers the revision and goes on once its watch is there.
 */
void rw_store_submit(struct rw_store *store, const struct rw_store_txn *txn, rw_store_done_fn *done,
		     void *context);

/*
 * Submits and waits.  Returns 0 with the revision in *ret_revision (nullable), RW_STORE_CONFLICT, or -errno.
 * On a back end across the network this holds up the thread: there, requests use rw_store_submit.
 */
RW_NODISCARD int rw_store_commit(struct rw_store *store, const struct rw_store_txn *txn,
				 uint64_t *ret_revision, struct rw_error *err);

/* ---- Watching ---- */

struct rw_store_watch;

struct rw_store_event {
	const char *key;
	const void *value; /* what was put, a NUL behind it; NULL = the key was deleted */
	size_t value_size; /* bytes */
};

/* What one transaction changed under the watch's prefix: one event or more, by key in byte order. */
struct rw_store_batch {
	uint64_t revision; /* = mod_revision of every key that was put */
	const struct rw_store_event *events;
	size_t count;
};

/*
 * Watches 'prefix' ("" = everything) from 'from_revision' on, that one included; 0 = what comes from now on.
 *
 * 'on_ready' (nullable) runs when there may be batches that were not there before: on memory and SQLite from
 * inside the commit that made them, after it is durable and before its 'done'.  It may call
 * rw_store_watch_next, on any watch, and nothing else here: other things it leaves for later.  It is not
 * called for what was already there when the watch was made, so call rw_store_watch_next until it returns 0
 * once at the start.
 *
 * Returns 0, RW_STORE_COMPACTED; -EINVAL.  The watch borrows the store.
 */
RW_NODISCARD int rw_store_watch_new(struct rw_store *store, const char *prefix, uint64_t from_revision,
				    void (*on_ready)(void *context), void *context,
				    struct rw_store_watch **ret_watch, struct rw_error *err);
struct rw_store_watch *rw_store_watch_free(struct rw_store_watch *watch);
RW_DEFINE_CLEANUP(struct rw_store_watch *, rw_store_watch_free)

/*
 * Gives the next batch, lent until the next call on this watch.
 *
 * Returns RW_STORE_EVENTS; 0 = no more for now; RW_STORE_COMPACTED = the watch fell behind a compaction, free
 * it, list again and make a new one; -errno, after which the same call may be tried again.
 */
RW_NODISCARD int rw_store_watch_next(struct rw_store_watch *watch, struct rw_store_batch *ret_batch,
				     struct rw_error *err);

/* Every change up to this revision has been given, also where none was under the prefix. */
uint64_t rw_store_watch_position(const struct rw_store_watch *watch);

/* ---- Compaction ---- */

/*
 * Forgets history at and before 'revision' (<= the current one; one already compacted is fine).  The newest
 * value of each key stays, whatever its age.  The first call makes it so; cleaning up takes more of them:
 *
 * Returns 0 when everything is clean, RW_STORE_MORE when the same call should be repeated, at leisure
 * (one takes a few milliseconds); -EINVAL for a revision of the future.
 */
RW_NODISCARD int rw_store_compact(struct rw_store *store, uint64_t revision, struct rw_error *err);
