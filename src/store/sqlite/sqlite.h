/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The store in one SQLite file
 * ============================
 *
 * For a single controller.  The file is in WAL mode with synchronous=FULL: a commit is one flush of the
 * log.  It stays locked exclusively while it is open, so a second daemon on the same file is refused at once,
 * and so is the sqlite3 shell; the lock dies with the process.
 *
 * Files: PATH, PATH-wal while open or after a crash (part of the store: a copy without it loses changes).
 * Made with mode 0600.
 *
 * Schema: one table, the log of everything that was put and deleted.  A transaction's rows have consecutive
 * ids, and its revision is the id of the first, so the table read in its own order is the watch, and its
 * index by (key, revision) finds what a key held at any time.  Nothing is kept twice, so nothing can
 * disagree. Versions of the schema are numbered (PRAGMA user_version); an older file is brought up to date in
 * one transaction when it is opened, a newer one is refused and not touched.
 *
 * A failed flush (fsync) is final: the kernel may have dropped the data and would report the next flush as
 * good (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).  All later
 * transactions answer -EIO until the file is opened anew; reads go on.
 */

#include "base/buf.h"
#include "store/store.h"

/*
 * Opens the store in 'path' and makes it if there is no such file; its folder must exist.  'max_bytes' bounds
 * the file (0 = 2 GiB, as etcd's default); what goes beyond fails with -ENOSPC.  'random' makes a new store's
 * incarnation and is not kept.
 *
 * Returns 0; -EBUSY when another process has it open; -EPROTO when it is from a newer version or from
 * another program; -EUCLEAN when it is damaged; -EROFS, -EACCES, -ENOENT, -ENOSPC, -EIO, -ENOMEM.
 */
RW_NODISCARD int rw_store_sqlite_open(const char *path, uint64_t max_bytes, const struct rw_random *random,
				      struct rw_store **ret_store, struct rw_error *err);

/* Whether 'store' is one of rw_store_sqlite_open. */
bool rw_store_is_sqlite(const struct rw_store *store);

/*
 * Appends the whole store to 'buf' as the bytes of a file that rw_store_sqlite_open takes: everything
 * committed so far, whether it is in the file or in its log.  'store' is one of rw_store_sqlite_open.
 * 0; -E2BIG beyond the buffer's limit; -ENOMEM; -EIO, -EUCLEAN when the file cannot be read.
 */
RW_NODISCARD int rw_store_sqlite_dump(struct rw_store *store, struct rw_buf *buf, struct rw_error *err);
