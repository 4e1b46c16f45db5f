/* SPDX-License-Identifier: Apache-2.0 */
#include "store/copy.h"

#include <string.h>

/* Well within what a transaction may hold; a larger value goes alone. */
#define CHUNK_OPERATIONS 100u
#define CHUNK_BYTES      (1024u * 1024)

static bool is_key(const char *key, const char *name)
{
	return name && strcmp(key, name) == 0;
}

static int commit(struct rw_store *store, struct rw_store_txn *txn, struct rw_error *err)
{
	int r = rw_store_txn_check(txn, err);

	if (r == 0 && txn->operations.count)
		r = rw_store_commit(store, txn, NULL, err);
	rw_store_txn_done(txn);
	rw_store_txn_init(txn);
	/* It compares nothing. */
	return r > 0 ? rw_error_set(err, -EIO, "the store refuses a transaction without conditions") : r;
}

static int put(struct rw_store *store, struct rw_store_txn *txn, const struct rw_store_entry *entry,
	       struct rw_error *err)
{
	int r = 0;

	if (txn->operations.count == CHUNK_OPERATIONS || txn->size_bytes + entry->value_size > CHUNK_BYTES)
		r = commit(store, txn, err);
	if (r == 0)
		rw_store_txn_put(txn, entry->key, entry->value, entry->value_size);
	return r;
}

static int put_all(struct rw_store *from, struct rw_store *to, const char *except, const char *unfinished,
		   struct rw_error *err)
{
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	struct rw_store_query query = {.prefix = ""};
	int r = 0;

	rw_store_txn_init(&txn);
	if (unfinished) {
		rw_store_txn_put(&txn, unfinished, "{\"version\":1}", strlen("{\"version\":1}"));
		r = commit(to, &txn, err);
	}
	if (r < 0)
		return r;
	do {
		r = rw_store_list(from, &query, &page, err);
		if (r > 0)
			return rw_error_set(err, -EAGAIN,
					    "the store was compacted while it was copied; try again");
		for (size_t i = 0; r == 0 && i < page.count; i++)
			if (!is_key(page.entries[i].key, except))
				r = put(to, &txn, &page.entries[i], err);
		if (r < 0)
			return r;
	} while (rw_store_query_advance(&query, &page));
	return commit(to, &txn, err);
}

/* So that nobody reads a state of which a part was copied. */
static int forget_history(struct rw_store *store, struct rw_error *err)
{
	uint64_t revision = rw_store_revision(store);
	int r;

	do {
		r = rw_store_compact(store, revision, err);
	} while (r == RW_STORE_MORE);
	return r;
}

static int refuse_content(struct rw_store *store, struct rw_error *err)
{
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	int r = rw_store_list(store, &(struct rw_store_query){.prefix = "", .limit = 1}, &page, err);

	if (r == 0 && page.count)
		return rw_error_set(err, -ENOTEMPTY, "the store to copy to is not empty: it holds %.200s",
				    page.entries[0].key);
	return r > 0 ? rw_error_set(err, -EAGAIN, "the store is being compacted; try again") : r;
}

int rw_store_copy(struct rw_store *from, struct rw_store *to, const char *except, const char *unfinished,
		  struct rw_error *err)
{
	int r = refuse_content(to, err);

	if (r < 0)
		return r;
	r = put_all(from, to, except, unfinished, err);
	if (r == 0)
		r = forget_history(to, err);
	/* What stays shows by 'unfinished' what it is. */
	if (r < 0 && rw_store_clear(to, unfinished, NULL) < 0)
		(void)rw_error_hint(err, "The store holds a part now: empty it before you try again.");
	return r;
}

int rw_store_clear(struct rw_store *store, const char *last, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	struct rw_store_query query = {.prefix = "", .limit = CHUNK_OPERATIONS};
	int r;

	rw_store_txn_init(&txn);
	do {
		r = rw_store_list(store, &query, &page, err);
		for (size_t i = 0; r == 0 && i < page.count; i++)
			if (!is_key(page.entries[i].key, last))
				rw_store_txn_delete(&txn, page.entries[i].key);
		if (r == 0)
			r = commit(store, &txn, err);
		if (r != 0)
			return r > 0 ? rw_error_set(err, -EAGAIN, "the store is being compacted; try again")
				     : r;
	} while (rw_store_query_advance(&query, &page));
	if (last)
		rw_store_txn_delete(&txn, last);
	return commit(store, &txn, err);
}
