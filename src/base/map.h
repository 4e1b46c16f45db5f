/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hash map from text to pointers
 * ==============================
 *
 * Keys are copied; values belong to the caller unless a 'free_value' is given at init, which then runs
 * when a value is replaced, removed or the map is done.  Open addressing with linear probing, grown at
 * three quarters; look-up O(1) on average, keyed by a per-map seed so that outsiders who choose names
 * cannot choose collisions (the seed comes from the caller: pure code has no randomness).
 * Iteration order is unspecified: sort where order is seen.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct rw_map_slot {
	char *key; /* NULL = free */
	void *value;
	uint64_t hash;
};

struct rw_map {
	struct rw_map_slot *slots; /* NULL while empty */
	size_t count;
	size_t capacity; /* a power of two, or 0 */
	uint64_t seed;
	void (*free_value)(void *value); /* nullable */
};

void rw_map_init(struct rw_map *map, uint64_t seed, void (*free_value)(void *value));
void rw_map_done(struct rw_map *map);
RW_DEFINE_DONE(struct rw_map, rw_map_done)

/* The value of 'key', or NULL. */
void *rw_map_find(const struct rw_map *map, const char *key);

/* Sets 'key' to 'value' (not NULL).  0 or -ENOMEM, after which the map is as before and 'value' still the
 * caller's. */
RW_NODISCARD int rw_map_set(struct rw_map *map, const char *key, void *value);

/* Removes 'key'; true if it was there. */
bool rw_map_remove(struct rw_map *map, const char *key);

/* Walks all entries: start with *cursor = 0; false at the end.  The map must not change meanwhile. */
bool rw_map_next(const struct rw_map *map, size_t *cursor, const char **ret_key, void **ret_value);

/* 64-bit hash of bytes under 'seed'; for tables, not for secrets. */
uint64_t rw_hash_bytes(const void *bytes, size_t size, uint64_t seed);
