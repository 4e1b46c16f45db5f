/* SPDX-License-Identifier: Apache-2.0 */
#include "group/tags.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void rw_tags_done(struct rw_tags *tags)
{
	for (size_t i = 0; i < tags->count; i++) {
		free(tags->list[i].key);
		free(tags->list[i].value);
	}
	free(tags->list);
	*tags = (struct rw_tags){0};
}

static int by_key(const void *key, const void *tag)
{
	return strcmp(key, ((const struct rw_tag *)tag)->key);
}

/* Where the key stands, or would. */
static size_t place_of(const struct rw_tags *tags, const char *key, bool *ret_found)
{
	size_t place = rw_array_place(tags->list, tags->count, sizeof(*tags->list), key, by_key);

	*ret_found = place < tags->count && strcmp(tags->list[place].key, key) == 0;
	return place;
}

const char *rw_tags_find(const struct rw_tags *tags, const char *key)
{
	bool found;
	size_t place = place_of(tags, key, &found);

	return found ? tags->list[place].value : NULL;
}

bool rw_tags_set(struct rw_tags *tags, const char *key, const char *value)
{
	RW_CLEANUP(rw_free) char *key_copy = strdup(key);
	RW_CLEANUP(rw_free) char *value_copy = strdup(value);
	bool found;
	size_t place = place_of(tags, key, &found);
	struct rw_tag *grown;

	if (!key_copy || !value_copy)
		return false;
	if (found) {
		free(tags->list[place].value);
		tags->list[place].value = RW_TAKE_PTR(value_copy);
		return true;
	}
	grown = reallocarray(tags->list, tags->count + 1, sizeof(*grown));
	if (!grown)
		return false;
	tags->list = grown;
	memmove(grown + place + 1, grown + place, (tags->count - place) * sizeof(*grown));
	grown[place] = (struct rw_tag){RW_TAKE_PTR(key_copy), RW_TAKE_PTR(value_copy)};
	tags->count++;
	return true;
}

bool rw_tags_remove(struct rw_tags *tags, const char *key)
{
	bool found;
	size_t place = place_of(tags, key, &found);

	if (!found)
		return false;
	free(tags->list[place].key);
	free(tags->list[place].value);
	tags->count--;
	memmove(tags->list + place, tags->list + place + 1, (tags->count - place) * sizeof(*tags->list));
	return true;
}

bool rw_tags_copy(struct rw_tags *ret_copy, const struct rw_tags *tags)
{
	*ret_copy = (struct rw_tags){0};
	for (size_t i = 0; i < tags->count; i++) {
		if (rw_tags_set(ret_copy, tags->list[i].key, tags->list[i].value))
			continue;
		rw_tags_done(ret_copy);
		return false;
	}
	return true;
}

bool rw_tags_equal(const struct rw_tags *a, const struct rw_tags *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].key, b->list[i].key) != 0 ||
		    strcmp(a->list[i].value, b->list[i].value) != 0)
			return false;
	return true;
}
