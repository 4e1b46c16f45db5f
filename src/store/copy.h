/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Copying a store
 * ===============
 *
 * From any back end to any other: what each key holds now goes over, and nothing else.  The copy has revisions of its
 * own and no history: what was put on the way is compacted.
 *
 * A copy takes many transactions, so it can be cut off.  The key 'unfinished' is there to tell: it is put before all
 * others and stays; the caller deletes it when everything is done.
 */

#include "store/store.h"

/*
 * Copies all keys that 'from' holds at one revision, but for 'except' (nullable), into the empty store 'to'.
 * 'unfinished' (nullable) is a key that 'from' does not have.
 *
 * 0; -ENOTEMPTY when 'to' holds anything: it stays as it is; -EAGAIN when 'from' was compacted meanwhile; failures of
 * both stores, after which 'to' is empty again as far as it lets itself be emptied.  Memory: a page and a transaction.
 */
RW_NODISCARD int rw_store_copy(struct rw_store *from, struct rw_store *to, const char *except,
			       const char *unfinished, struct rw_error *err);

/* Deletes all keys, 'last' (nullable) after all others.  A failure of the store leaves the rest. */
RW_NODISCARD int rw_store_clear(struct rw_store *store, const char *last, struct rw_error *err);
