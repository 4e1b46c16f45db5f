/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <assert.h>

#include "store/backend.h"

struct rw_store_watch {
	struct rw_store *store;      /* borrowed */
	struct rw_store_watch *next; /* borrowed: the store's list */
	char *prefix;                /* owned */
	uint64_t next_revision;      /* the first one that was not given yet */
	struct rw_store_changes changes;
	void (*on_ready)(void *context); /* nullable */
	void *context;
};

struct rw_store *rw_store_free(struct rw_store *store)
{
	if (!store)
		return NULL;
	assert(!store->watches);
	store->ops->free(store);
	return NULL;
}

uint64_t rw_store_revision(const struct rw_store *store)
{
	return store->revision;
}

uint64_t rw_store_compacted_revision(const struct rw_store *store)
{
	return store->compacted;
}

const char *rw_store_incarnation(const struct rw_store *store)
{
	return store->incarnation;
}

int rw_store_renew_incarnation(struct rw_store *store, const struct rw_random *random, struct rw_error *err)
{
	char incarnation[RW_STORE_INCARNATION_SIZE];
	int r;

	rw_store_incarnation_make(random, incarnation);
	r = store->ops->set_incarnation(store, incarnation, err);
	if (r < 0)
		return r;
	memcpy(store->incarnation, incarnation, sizeof(incarnation));
	return 0;
}

void rw_store_entry_done(struct rw_store_entry *entry)
{
	free(entry->key);
	*entry = (struct rw_store_entry){0};
}

/* Turns 0 into the current revision.  0, RW_STORE_COMPACTED, -EINVAL. */
static int resolve_revision(const struct rw_store *store, uint64_t *revision, struct rw_error *err)
{
	if (*revision > store->revision)
		return rw_error_set(err, -EINVAL, "store revision %llu is in the future: the newest is %llu",
				    (unsigned long long)*revision, (unsigned long long)store->revision);
	if (!*revision)
		*revision = store->revision;
	return *revision < store->compacted ? RW_STORE_COMPACTED : 0;
}

int rw_store_get(struct rw_store *store, const char *key, uint64_t revision, struct rw_store_entry *ret_entry,
		 struct rw_error *err)
{
	size_t length = strnlen(key, RW_STORE_MAX_KEY + 1);
	uint64_t mod_revision;
	int r = resolve_revision(store, &revision, err);

	if (r)
		return r;
	if (!length || length > RW_STORE_MAX_KEY)
		return rw_error_set(err, -EINVAL, "store key has not between 1 and %d bytes",
				    RW_STORE_MAX_KEY);
	return store->ops->find(store, key, revision, &mod_revision, ret_entry, err);
}

void rw_store_page_done(struct rw_store_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		rw_store_entry_done(&page->entries[i]);
	free(page->entries);
	*page = (struct rw_store_page){0};
}

int rw_store_list(struct rw_store *store, const struct rw_store_query *query, struct rw_store_page *page,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_store_listing_done) struct rw_store_listing listing;
	uint64_t revision = query->revision;
	char start[RW_STORE_MAX_KEY + 2];
	int r = resolve_revision(store, &revision, err);

	rw_store_page_done(page);
	rw_store_listing_init(&listing, query->limit ? query->limit : RW_STORE_MAX_PAGE);
	if (r)
		return r;
	if (strnlen(query->prefix, RW_STORE_MAX_KEY + 1) > RW_STORE_MAX_KEY ||
	    query->limit > RW_STORE_MAX_PAGE)
		return rw_error_set(err, -EINVAL,
				    "store query has a prefix of more than %d bytes or a limit above %d",
				    RW_STORE_MAX_KEY, RW_STORE_MAX_PAGE);
	if (query->after[0] && strcmp(query->after, query->prefix) >= 0)
		rw_store_key_behind(query->after, start);
	else
		memcpy(start, query->prefix, strlen(query->prefix) + 1);
	r = store->ops->list(store, query->prefix, start, revision, &listing, err);
	if (r < 0)
		return r;
	page->revision = revision;
	page->more = r == RW_STORE_MORE;
	page->count = listing.entries.count;
	page->entries = RW_TAKE_PTR(listing.entries.data);
	listing.entries.count = 0;
	return 0;
}

bool rw_store_query_advance(struct rw_store_query *query, const struct rw_store_page *page)
{
	const char *last;

	if (!page->more || !page->count)
		return false;
	last = page->entries[page->count - 1].key;
	memcpy(query->after, last, strlen(last) + 1);
	query->revision = page->revision;
	return true;
}

static void notify(struct rw_store *store)
{
	store->notifying = true;
	for (struct rw_store_watch *watch = store->watches; watch; watch = watch->next)
		if (watch->on_ready)
			watch->on_ready(watch->context);
	store->notifying = false;
}

int rw_store_commit(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
		    struct rw_error *err)
{
	uint64_t before = store->revision;
	uint64_t revision = before;
	int r = rw_store_txn_check(txn, err);

	assert(!store->notifying);
	if (r < 0)
		return r;
	r = store->ops->commit(store, txn, &revision, err);
	if (r)
		return r;
	if (store->revision != before)
		notify(store);
	if (ret_revision)
		*ret_revision = revision;
	return 0;
}

void rw_store_submit(struct rw_store *store, const struct rw_store_txn *txn, rw_store_done_fn *done,
		     void *context)
{
	struct rw_error err = RW_ERROR_NONE;
	uint64_t revision = 0;
	int r = rw_store_commit(store, txn, &revision, &err);

	done(context, r, revision, r < 0 ? &err : NULL);
}

int rw_store_compact(struct rw_store *store, uint64_t revision, struct rw_error *err)
{
	assert(!store->notifying);
	if (revision > store->revision)
		return rw_error_set(err, -EINVAL, "store revision %llu is in the future: the newest is %llu",
				    (unsigned long long)revision, (unsigned long long)store->revision);
	return store->ops->compact(store, revision, err);
}

int rw_store_watch_new(struct rw_store *store, const char *prefix, uint64_t from_revision,
		       void (*on_ready)(void *context), void *context, struct rw_store_watch **ret_watch,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_store_watch_free) struct rw_store_watch *watch = NULL;

	assert(!store->notifying);
	if (!from_revision)
		from_revision = store->revision + 1;
	if (from_revision > store->revision + 1)
		return rw_error_set(err, -EINVAL, "store revision %llu is in the future: the newest is %llu",
				    (unsigned long long)from_revision, (unsigned long long)store->revision);
	if (strnlen(prefix, RW_STORE_MAX_KEY + 1) > RW_STORE_MAX_KEY)
		return rw_error_set(err, -EINVAL, "store prefix has more than %d bytes", RW_STORE_MAX_KEY);
	if (from_revision <= store->compacted)
		return RW_STORE_COMPACTED;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return rw_error_oom(err);
	rw_store_changes_init(&watch->changes);
	watch->prefix = strdup(prefix);
	if (!watch->prefix)
		return rw_error_oom(err);
	watch->next_revision = from_revision;
	watch->on_ready = on_ready;
	watch->context = context;
	watch->store = store;
	watch->next = store->watches;
	store->watches = watch;
	*ret_watch = RW_TAKE_PTR(watch);
	return 0;
}

struct rw_store_watch *rw_store_watch_free(struct rw_store_watch *watch)
{
	if (!watch)
		return NULL;
	if (watch->store) {
		struct rw_store_watch **link = &watch->store->watches;

		assert(!watch->store->notifying);
		while (*link != watch)
			link = &(*link)->next;
		*link = watch->next;
	}
	rw_store_changes_done(&watch->changes);
	free(watch->prefix);
	free(watch);
	return NULL;
}

int rw_store_watch_next(struct rw_store_watch *watch, struct rw_store_batch *ret_batch, struct rw_error *err)
{
	struct rw_store *store = watch->store;
	int r;

	rw_store_changes_done(&watch->changes);
	if (watch->next_revision <= store->compacted)
		return RW_STORE_COMPACTED;
	if (watch->next_revision > store->revision)
		return 0;
	r = store->ops->watch_read(store, watch->prefix, watch->next_revision, &watch->changes, err);
	if (r < 0 || r == RW_STORE_COMPACTED)
		return r;
	if (r == RW_STORE_NOT_FOUND) {
		watch->next_revision = store->revision + 1;
		return 0;
	}
	watch->next_revision = watch->changes.revision + 1;
	ret_batch->revision = watch->changes.revision;
	ret_batch->events = watch->changes.events.data;
	ret_batch->count = watch->changes.events.count;
	return RW_STORE_EVENTS;
}

uint64_t rw_store_watch_position(const struct rw_store_watch *watch)
{
	return watch->next_revision - 1;
}
