/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tags
 * ====
 *
 * Pairs of key and value that people put on objects to find them again.  They mean nothing to ringwall and decide no
 * packet.  Keys of an object are unique; pairs are sorted bytewise by key.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/cleanup.h"

#define RW_TAG_TEXT_MAX 128 /* characters of a key, and of a value */

struct rw_tag {
	char *key;
	char *value; /* may be "" */
};

struct rw_tags {
	struct rw_tag *list; /* owned */
	size_t count;
};

void rw_tags_done(struct rw_tags *tags);
RW_DEFINE_DONE(struct rw_tags, rw_tags_done)

/* False when memory runs out; 'ret_copy' is then empty. */
RW_NODISCARD bool rw_tags_copy(struct rw_tags *ret_copy, const struct rw_tags *tags);

bool rw_tags_equal(const struct rw_tags *a, const struct rw_tags *b);

/* The value of a key, or NULL. */
const char *rw_tags_find(const struct rw_tags *tags, const char *key);

/* Puts a pair (copied) in place of that with its key, or adds it.  False when memory runs out: all is as before. */
RW_NODISCARD bool rw_tags_set(struct rw_tags *tags, const char *key, const char *value);

/* Takes a pair away; true if it was there. */
bool rw_tags_remove(struct rw_tags *tags, const char *key);
