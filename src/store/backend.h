/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For authors of store back ends
 * ==============================
 *
 * store.c checks arguments, keeps the watches and their positions, and turns revision 0 into the current one;
 * a back end answers what is left, the functions of struct rw_store_ops.  It embeds struct rw_store as its
 * first member and keeps 'revision' and 'compacted' there up to date.
 *
 * Memory and SQLite both keep one log of changes and an index over it by key; what they share about carrying
 * out a transaction is rw_store_plan.  The one in etcd has the compares and the writing done there, and keeps a log
 * of what it wrote for the watches.
 */

#include <string.h>

#include "store/store.h"

struct rw_store_compare {
	char *key;             /* owned */
	uint64_t mod_revision; /* 0 = the key is absent */
	bool any;              /* the key exists, whatever its mod_revision */
};

enum rw_store_operation_kind {
	RW_STORE_PUT,
	RW_STORE_DELETE,
	RW_STORE_DELETE_PREFIX,
};

struct rw_store_operation {
	enum rw_store_operation_kind kind;
	char *key;         /* owned, or the prefix; the block of memory that holds the value, too */
	const void *value; /* inside 'key's block */
	size_t value_size; /* bytes */
};

/* Entries of a page while it is filled. */
struct rw_store_listing {
	struct rw_vec entries; /* of struct rw_store_entry */
	size_t size_bytes;     /* keys and values so far */
	size_t limit;          /* entries */
};

/* What one transaction changes or changed. */
struct rw_store_changes {
	struct rw_vec events; /* of struct rw_store_event; each owns the block at 'key' */
	uint64_t revision;
};

struct rw_store_ops {
	/* Frees everything, the store itself too. */
	void (*free)(struct rw_store *store);

	/*
	 * Finds what 'key' held at 'revision'; fills *ret_entry if that is not NULL.  0, RW_STORE_NOT_FOUND,
	 * -errno.
	 */
	int (*find)(struct rw_store *store, const char *key, uint64_t revision, uint64_t *ret_mod_revision,
		    struct rw_store_entry *ret_entry, struct rw_error *err);

	/*
	 * Adds the keys at or behind 'start' that begin with 'prefix', in order, as they were at 'revision'.
	 * 0 at the end, RW_STORE_MORE when rw_store_listing_add said so, -errno.
	 */
	int (*list)(struct rw_store *store, const char *prefix, const char *start, uint64_t revision,
		    struct rw_store_listing *listing, struct rw_error *err);

	/* Carries out a transaction that rw_store_txn_check has accepted.  As rw_store_commit. */
	int (*commit)(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
		      struct rw_error *err);

	/*
	 * Gives the changes under 'prefix' of the first transaction at or after 'from_revision' that has
	 * some. 'changes' comes empty.  0, RW_STORE_NOT_FOUND when there is none yet, RW_STORE_COMPACTED when
	 * there may have been some that are forgotten, -errno.
	 */
	int (*watch_read)(struct rw_store *store, const char *prefix, uint64_t from_revision,
			  struct rw_store_changes *changes, struct rw_error *err);

	/* As rw_store_compact; 'revision' is not of the future, but may be compacted already. */
	int (*compact)(struct rw_store *store, uint64_t revision, struct rw_error *err);

	/* Keeps 'incarnation' durably; the caller then sets it in struct rw_store. */
	int (*set_incarnation)(struct rw_store *store, const char *incarnation, struct rw_error *err);
};

struct rw_store {
	const struct rw_store_ops *ops;
	uint64_t revision;  /* newest; >= 1 */
	uint64_t compacted; /* 0 = never */
	char incarnation[RW_STORE_INCARNATION_SIZE];
	struct rw_store_watch *watches; /* borrowed, linked by 'next' */
	bool notifying;                 /* on_ready callbacks are running */
};

/* A new random incarnation. */
void rw_store_incarnation_make(const struct rw_random *random, char text[RW_STORE_INCARNATION_SIZE]);

static inline bool rw_store_key_has_prefix(const char *key, const char *prefix)
{
	while (*prefix)
		if (*key++ != *prefix++)
			return false;
	return true;
}

/* Writes the smallest key greater than 'key': as keys hold no NUL, that is the key and a byte of 1. */
static inline void rw_store_key_behind(const char *key, char ret_key[RW_STORE_MAX_KEY + 2])
{
	size_t length = strnlen(key, RW_STORE_MAX_KEY);

	memcpy(ret_key, key, length);
	ret_key[length] = 1;
	ret_key[length + 1] = '\0';
}

/*
 * One block with a copy of the key, a NUL, a copy of the value, a NUL; *ret_value points at the value.  NULL
 * when memory runs out.
 */
char *rw_store_block_new(const char *key, size_t key_length, const void *value, size_t value_size,
			 const void **ret_value);

/* Fills an entry with copies.  0, -ENOMEM. */
int rw_store_entry_fill(struct rw_store_entry *entry, const char *key, size_t key_length, const void *value,
			size_t value_size, uint64_t mod_revision);

/* Adds copies.  0; RW_STORE_MORE when the page is full, then nothing was added; -ENOMEM. */
int rw_store_listing_add(struct rw_store_listing *listing, const char *key, size_t key_length,
			 const void *value, size_t value_size, uint64_t mod_revision);
void rw_store_listing_init(struct rw_store_listing *listing, size_t limit);
void rw_store_listing_done(struct rw_store_listing *listing);
RW_DEFINE_DONE(struct rw_store_listing, rw_store_listing_done)

void rw_store_changes_init(struct rw_store_changes *changes);
void rw_store_changes_done(struct rw_store_changes *changes);
RW_DEFINE_DONE(struct rw_store_changes, rw_store_changes_done)

/* Adds copies; 'value' NULL = deleted.  0, -ENOMEM, -E2BIG beyond RW_STORE_MAX_CHANGES. */
int rw_store_changes_add(struct rw_store_changes *changes, const char *key, size_t key_length,
			 const void *value, size_t value_size);

/* Sorts by key; of a key that several deletes named, the first stays. */
void rw_store_changes_sort(struct rw_store_changes *changes);

/*
 * Tells what 'txn' would do to 'store' now: evaluates the compares and gives the puts and the deletes of
 * keys that exist, sorted by key, each key once; 'changes' comes empty.  0, RW_STORE_CONFLICT, -E2BIG,
 * -errno.
 */
int rw_store_plan(struct rw_store *store, const struct rw_store_txn *txn, struct rw_store_changes *changes,
		  struct rw_error *err);
