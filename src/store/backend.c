/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backend.h"

void rw_store_incarnation_make(const struct rw_random *random, char text[RW_STORE_INCARNATION_SIZE])
{
	unsigned char bytes[(RW_STORE_INCARNATION_SIZE - 1) / 2];

	random->fill(random, bytes, sizeof(bytes));
	rw_hex_format(bytes, sizeof(bytes), text);
}

char *rw_store_block_new(const char *key, size_t key_length, const void *value, size_t value_size,
			 const void **ret_value)
{
	char *block = malloc(key_length + value_size + 2);

	if (!block)
		return NULL;
	memcpy(block, key, key_length);
	block[key_length] = '\0';
	if (value_size)
		memcpy(block + key_length + 1, value, value_size);
	block[key_length + 1 + value_size] = '\0';
	*ret_value = block + key_length + 1;
	return block;
}

int rw_store_entry_fill(struct rw_store_entry *entry, const char *key, size_t key_length, const void *value,
			size_t value_size, uint64_t mod_revision)
{
	const void *copy = NULL;
	char *block = rw_store_block_new(key, key_length, value, value_size, &copy);

	if (!block)
		return -ENOMEM;
	*entry = (struct rw_store_entry){
		.key = block, .value = copy, .value_size = value_size, .mod_revision = mod_revision};
	return 0;
}

void rw_store_listing_init(struct rw_store_listing *listing, size_t limit)
{
	*listing = (struct rw_store_listing){.limit = limit};
	rw_vec_init(&listing->entries, sizeof(struct rw_store_entry), RW_STORE_MAX_PAGE);
}

void rw_store_listing_done(struct rw_store_listing *listing)
{
	for (size_t i = 0; i < listing->entries.count; i++)
		rw_store_entry_done(rw_vec_at(&listing->entries, i));
	rw_vec_done(&listing->entries);
	rw_store_listing_init(listing, listing->limit);
}

int rw_store_listing_add(struct rw_store_listing *listing, const char *key, size_t key_length,
			 const void *value, size_t value_size, uint64_t mod_revision)
{
	struct rw_store_entry *entry = NULL;
	int r;

	if (listing->entries.count == listing->limit || listing->size_bytes >= RW_STORE_MAX_PAGE_BYTES)
		return RW_STORE_MORE;
	r = rw_vec_push(&listing->entries, &entry);
	if (r < 0)
		return r;
	r = rw_store_entry_fill(entry, key, key_length, value, value_size, mod_revision);
	if (r < 0)
		return r;
	listing->size_bytes += key_length + value_size;
	return 0;
}

void rw_store_changes_init(struct rw_store_changes *changes)
{
	*changes = (struct rw_store_changes){0};
	rw_vec_init(&changes->events, sizeof(struct rw_store_event), RW_STORE_MAX_CHANGES);
}

static void free_event(const struct rw_store_event *event)
{
	free((char *)(uintptr_t)event->key);
}

void rw_store_changes_done(struct rw_store_changes *changes)
{
	for (size_t i = 0; i < changes->events.count; i++)
		free_event(rw_vec_at(&changes->events, i));
	rw_vec_done(&changes->events);
	rw_store_changes_init(changes);
}

int rw_store_changes_add(struct rw_store_changes *changes, const char *key, size_t key_length,
			 const void *value, size_t value_size)
{
	struct rw_store_event *event = NULL;
	const void *copy = NULL;
	int r = rw_vec_push(&changes->events, &event);

	if (r < 0)
		return r;
	event->key = rw_store_block_new(key, key_length, value, value_size, &copy);
	if (!event->key)
		return -ENOMEM;
	event->value = value ? copy : NULL;
	event->value_size = value_size;
	return 0;
}

static int check_compares(struct rw_store *store, const struct rw_store_txn *txn, struct rw_error *err)
{
	for (size_t i = 0; i < txn->compares.count; i++) {
		const struct rw_store_compare *compare = rw_vec_at(&txn->compares, i);
		uint64_t mod_revision = 0;
		int r = store->ops->find(store, compare->key, store->revision, &mod_revision, NULL, err);

		if (r < 0)
			return r;
		if (compare->any ? mod_revision == 0 : mod_revision != compare->mod_revision)
			return RW_STORE_CONFLICT;
	}
	return 0;
}

/* Forwards what rw_store_changes_add returned, explained. */
static int explain(int r, struct rw_error *err)
{
	if (r == -E2BIG)
		return rw_error_set(err, r, "store transaction changes more than %d keys",
				    RW_STORE_MAX_CHANGES);
	return r == -ENOMEM ? rw_error_oom(err) : r;
}

static int plan_delete_prefix(struct rw_store *store, const char *prefix, struct rw_store_changes *changes,
			      struct rw_error *err)
{
	char start[RW_STORE_MAX_KEY + 2];
	int more;

	(void)memcpy(start, prefix, strlen(prefix) + 1);
	do {
		RW_CLEANUP(rw_store_listing_done) struct rw_store_listing listing;

		rw_store_listing_init(&listing, RW_STORE_MAX_PAGE);
		more = store->ops->list(store, prefix, start, store->revision, &listing, err);
		if (more < 0)
			return more;
		for (size_t i = 0; i < listing.entries.count; i++) {
			const struct rw_store_entry *entry = rw_vec_at(&listing.entries, i);
			int r = rw_store_changes_add(changes, entry->key, strlen(entry->key), NULL, 0);

			if (r < 0)
				return explain(r, err);
			rw_store_key_behind(entry->key, start);
		}
	} while (more == RW_STORE_MORE);
	return 0;
}

static int plan_operation(struct rw_store *store, const struct rw_store_operation *operation,
			  struct rw_store_changes *changes, struct rw_error *err)
{
	const char *key = operation->key;
	uint64_t mod_revision;
	int r;

	switch (operation->kind) {
	case RW_STORE_PUT:
		return explain(rw_store_changes_add(changes, key, strlen(key), operation->value,
						    operation->value_size),
			       err);
	case RW_STORE_DELETE:
		r = store->ops->find(store, key, store->revision, &mod_revision, NULL, err);
		if (r == RW_STORE_NOT_FOUND)
			return 0;
		return r < 0 ? r : explain(rw_store_changes_add(changes, key, strlen(key), NULL, 0), err);
	case RW_STORE_DELETE_PREFIX:
		return plan_delete_prefix(store, key, changes, err);
	}
	return -EINVAL;
}

static int compare_events(const void *a, const void *b)
{
	return strcmp(((const struct rw_store_event *)a)->key, ((const struct rw_store_event *)b)->key);
}

void rw_store_changes_sort(struct rw_store_changes *changes)
{
	struct rw_vec *events = &changes->events;
	struct rw_store_event *event = events->data;
	size_t kept = 0;

	if (!events->count)
		return;
	qsort(event, events->count, sizeof(*event), compare_events);
	for (size_t i = 1; i < events->count; i++) {
		if (strcmp(event[i].key, event[kept].key) == 0)
			free_event(&event[i]);
		else
			event[++kept] = event[i];
	}
	events->count = kept + 1;
}

int rw_store_plan(struct rw_store *store, const struct rw_store_txn *txn, struct rw_store_changes *changes,
		  struct rw_error *err)
{
	int r = check_compares(store, txn, err);

	if (r)
		return r;
	for (size_t i = 0; i < txn->operations.count; i++) {
		r = plan_operation(store, rw_vec_at(&txn->operations, i), changes, err);
		if (r < 0)
			return r;
	}
	rw_store_changes_sort(changes);
	return 0;
}
