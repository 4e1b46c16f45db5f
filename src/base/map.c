/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <string.h>

uint64_t rw_hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
	const unsigned char *byte = bytes;
	uint64_t hash = 0xcbf29ce484222325ULL ^ seed;

	/* FNV-1a with the seed in the basis, finished by a mixer so that the low bits are usable as index. */
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdULL;
	hash ^= hash >> 33;
	return hash;
}

void rw_map_init(struct rw_map *map, uint64_t seed, void (*free_value)(void *value))
{
	*map = (struct rw_map){.seed = seed, .free_value = free_value};
}

static void free_value(struct rw_map *map, void *value)
{
	if (map->free_value)
		map->free_value(value);
}

void rw_map_done(struct rw_map *map)
{
	for (size_t i = 0; i < map->capacity; i++) {
		if (!map->slots[i].key)
			continue;
		free_value(map, map->slots[i].value);
		free(map->slots[i].key);
	}
	free(map->slots);
	rw_map_init(map, map->seed, map->free_value);
}

/* The slot of 'key', or the free slot where it belongs.  Capacity must not be 0. */
static struct rw_map_slot *find_slot(const struct rw_map *map, const char *key, uint64_t hash)
{
	size_t mask = map->capacity - 1;
	size_t index = hash & mask;

	while (map->slots[index].key &&
	       (map->slots[index].hash != hash || strcmp(map->slots[index].key, key) != 0))
		index = (index + 1) & mask;
	return &map->slots[index];
}

void *rw_map_find(const struct rw_map *map, const char *key)
{
	if (!map->count)
		return NULL;
	return find_slot(map, key, rw_hash_bytes(key, strlen(key), map->seed))->value;
}

static int grow(struct rw_map *map)
{
	struct rw_map bigger = *map;

	bigger.capacity = map->capacity ? map->capacity * 2 : 16;
	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].key)
			*find_slot(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int rw_map_set(struct rw_map *map, const char *key, void *value)
{
	uint64_t hash = rw_hash_bytes(key, strlen(key), map->seed);
	struct rw_map_slot *slot;

	if (map->count + 1 > map->capacity - map->capacity / 4) {
		int r = grow(map);

		if (r < 0)
			return r;
	}
	slot = find_slot(map, key, hash);
	if (slot->key) {
		if (slot->value != value)
			free_value(map, slot->value);
		slot->value = value;
		return 0;
	}
	slot->key = strdup(key);
	if (!slot->key)
		return -ENOMEM;
	slot->hash = hash;
	slot->value = value;
	map->count++;
	return 0;
}

bool rw_map_remove(struct rw_map *map, const char *key)
{
	size_t mask = map->capacity - 1;
	struct rw_map_slot *slot;
	size_t hole;
	size_t index;

	if (!map->count)
		return false;
	slot = find_slot(map, key, rw_hash_bytes(key, strlen(key), map->seed));
	if (!slot->key)
		return false;
	free_value(map, slot->value);
	free(slot->key);
	*slot = (struct rw_map_slot){0};
	map->count--;
	/* Close the gap: move back every follower that its home slot could no longer reach. */
	hole = (size_t)(slot - map->slots);
	for (index = (hole + 1) & mask; map->slots[index].key; index = (index + 1) & mask) {
		size_t home = map->slots[index].hash & mask;

		if (((index - home) & mask) < ((index - hole) & mask))
			continue;
		map->slots[hole] = map->slots[index];
		map->slots[index] = (struct rw_map_slot){0};
		hole = index;
	}
	return true;
}

bool rw_map_next(const struct rw_map *map, size_t *cursor, const char **ret_key, void **ret_value)
{
	while (*cursor < map->capacity) {
		const struct rw_map_slot *slot = &map->slots[(*cursor)++];

		if (!slot->key)
			continue;
		if (ret_key)
			*ret_key = slot->key;
		if (ret_value)
			*ret_value = slot->value;
		return true;
	}
	return false;
}
