/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory/memory.h"

#include "store/backend.h"

#define DEFAULT_MAX_BYTES (256ULL * 1024 * 1024)
#define MAX_VERSIONS      (16U * 1024 * 1024)

/* One key's value, or its absence, from one revision on. */
struct version {
	uint64_t revision;
	struct rw_store_event event; /* owns the block at 'key'; value NULL = deleted */
};

struct memory_store {
	struct rw_store base;
	struct rw_vec log;   /* of struct version *, owned; by (revision, key) */
	struct rw_vec index; /* of struct version *, borrowed; by (key, revision) */
	uint64_t size_bytes; /* what the versions take */
	uint64_t max_bytes;
};

static struct memory_store *to_memory(struct rw_store *store)
{
	return (struct memory_store *)store;
}

static struct version *version_at(const struct rw_vec *vec, size_t index)
{
	return *(struct version **)rw_vec_at(vec, index);
}

static struct version *version_free(struct version *version)
{
	free((char *)(uintptr_t)version->event.key);
	free(version);
	return NULL;
}

static uint64_t version_size(const struct rw_store_event *event)
{
	return sizeof(struct version) + 2 * sizeof(struct version *) + strlen(event->key) +
	       event->value_size + 2;
}

static void memory_free(struct rw_store *store)
{
	struct memory_store *memory = to_memory(store);

	for (size_t i = 0; i < memory->log.count; i++)
		(void)version_free(version_at(&memory->log, i));
	rw_vec_done(&memory->log);
	rw_vec_done(&memory->index);
	free(memory);
}

static int compare(const struct version *version, const char *key, uint64_t revision)
{
	int order = strcmp(version->event.key, key);

	return order ? order : (version->revision > revision) - (version->revision < revision);
}

/* Position in the index of the first version at or behind (key, revision). */
static size_t lower_bound(const struct memory_store *memory, const char *key, uint64_t revision)
{
	size_t first = 0;
	size_t last = memory->index.count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (compare(version_at(&memory->index, middle), key, revision) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

static int memory_find(struct rw_store *store, const char *key, uint64_t revision, uint64_t *ret_mod_revision,
		       struct rw_store_entry *ret_entry, struct rw_error *err)
{
	const struct memory_store *memory = to_memory(store);
	size_t behind = lower_bound(memory, key, revision + 1);
	const struct version *version;

	if (!behind)
		return RW_STORE_NOT_FOUND;
	version = version_at(&memory->index, behind - 1);
	if (strcmp(version->event.key, key) != 0 || !version->event.value)
		return RW_STORE_NOT_FOUND;
	if (ret_entry && rw_store_entry_fill(ret_entry, key, strlen(key), version->event.value,
					     version->event.value_size, version->revision) < 0)
		return rw_error_oom(err);
	*ret_mod_revision = version->revision;
	return 0;
}

static int memory_list(struct rw_store *store, const char *prefix, const char *start, uint64_t revision,
		       struct rw_store_listing *listing, struct rw_error *err)
{
	const struct memory_store *memory = to_memory(store);
	const struct rw_vec *index = &memory->index;

	for (size_t i = lower_bound(memory, start, 0); i < index->count; i++) {
		const struct version *version = version_at(index, i);
		const struct version *next = i + 1 < index->count ? version_at(index, i + 1) : NULL;
		int r;

		if (!rw_store_key_has_prefix(version->event.key, prefix))
			break;
		if (version->revision > revision || !version->event.value)
			continue;
		if (next && next->revision <= revision && strcmp(next->event.key, version->event.key) == 0)
			continue;
		r = rw_store_listing_add(listing, version->event.key, strlen(version->event.key),
					 version->event.value, version->event.value_size, version->revision);
		if (r)
			return r < 0 ? rw_error_oom(err) : r;
	}
	return 0;
}

/* Room for 'count' more, at least doubling so that appending stays cheap. */
static int make_room(struct rw_vec *vec, size_t count)
{
	size_t doubled = vec->capacity * 2 < vec->max_count ? vec->capacity * 2 : vec->max_count;

	if (vec->count + count <= vec->capacity)
		return 0;
	return rw_vec_reserve(vec, vec->count + count > doubled ? vec->count + count : doubled);
}

/* Takes the events of 'changes' into the log; what can fail comes first, so that it is all or nothing. */
static int append(struct memory_store *memory, struct rw_store_changes *changes, uint64_t revision)
{
	size_t count = changes->events.count;
	size_t old = memory->log.count;
	int r = make_room(&memory->log, count);

	if (r == 0)
		r = make_room(&memory->index, count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct version **slot = NULL;
		struct version *version = malloc(sizeof(*version));

		if (!version || rw_vec_push(&memory->log, &slot) < 0) {
			free(version);
			r = -ENOMEM;
			break;
		}
		*version =
			(struct version){.revision = revision,
					 .event = *(struct rw_store_event *)rw_vec_at(&changes->events, i)};
		*slot = version;
	}
	if (r < 0) {
		for (; memory->log.count > old; memory->log.count--)
			free(version_at(&memory->log, memory->log.count - 1));
		return r;
	}
	changes->events.count = 0;
	return 0;
}

/* Merges the log's versions from 'first' on into the index, from the back. */
static void index_from(struct memory_store *memory, size_t first)
{
	struct version **index = memory->index.data;
	size_t old = memory->index.count;
	size_t write = memory->log.count;

	memory->index.count = memory->log.count;
	for (size_t i = memory->log.count; i > first; i--) {
		struct version *version = version_at(&memory->log, i - 1);

		while (old > 0 && compare(index[old - 1], version->event.key, version->revision) > 0)
			index[--write] = index[--old];
		index[--write] = version;
	}
}

static int memory_commit(struct rw_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
			 struct rw_error *err)
{
	RW_CLEANUP(rw_store_changes_done) struct rw_store_changes changes;
	struct memory_store *memory = to_memory(store);
	size_t first = memory->log.count;
	uint64_t size_bytes = memory->size_bytes;
	int r;

	rw_store_changes_init(&changes);
	r = rw_store_plan(store, txn, &changes, err);
	if (r)
		return r;
	*ret_revision = store->revision;
	if (!changes.events.count)
		return 0;
	for (size_t i = 0; i < changes.events.count; i++)
		size_bytes += version_size(rw_vec_at(&changes.events, i));
	if (size_bytes > memory->max_bytes)
		return rw_error_set(err, -ENOSPC, "store in memory is full: it may hold %llu bytes",
				    (unsigned long long)memory->max_bytes);
	r = append(memory, &changes, store->revision + 1);
	if (r < 0)
		return r == -E2BIG ? rw_error_set(err, -ENOSPC, "store in memory is full")
				   : rw_error_oom(err);
	index_from(memory, first);
	memory->size_bytes = size_bytes;
	*ret_revision = ++store->revision;
	return 0;
}

static int memory_watch_read(struct rw_store *store, const char *prefix, uint64_t from_revision,
			     struct rw_store_changes *changes, struct rw_error *err)
{
	const struct rw_vec *log = &to_memory(store)->log;
	size_t first = 0;
	size_t last = log->count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (version_at(log, middle)->revision < from_revision)
			first = middle + 1;
		else
			last = middle;
	}
	for (; first < log->count; first++) {
		const struct version *version = version_at(log, first);

		if (changes->events.count && version->revision != changes->revision)
			break;
		if (!rw_store_key_has_prefix(version->event.key, prefix))
			continue;
		changes->revision = version->revision;
		if (rw_store_changes_add(changes, version->event.key, strlen(version->event.key),
					 version->event.value, version->event.value_size) < 0)
			return rw_error_oom(err);
	}
	return changes->events.count ? 0 : RW_STORE_NOT_FOUND;
}

/* Drops from the index what is superseded at or before 'revision', and marks it for the log by revision 0. */
static void sweep_index(struct memory_store *memory, uint64_t revision)
{
	struct rw_vec *index = &memory->index;
	struct version **slots = index->data;
	size_t kept = 0;

	for (size_t i = 0; i < index->count; i++) {
		struct version *version = slots[i];
		const struct version *next = i + 1 < index->count ? slots[i + 1] : NULL;
		bool superseded = next && next->revision <= revision &&
				  strcmp(next->event.key, version->event.key) == 0;

		if (version->revision <= revision && (superseded || !version->event.value))
			version->revision = 0;
		else
			slots[kept++] = version;
	}
	index->count = kept;
}

static int memory_compact(struct rw_store *store, uint64_t revision, struct rw_error *err)
{
	struct memory_store *memory = to_memory(store);
	struct version **log = memory->log.data;
	size_t kept = 0;

	(void)err;
	if (revision <= store->compacted)
		return 0;
	sweep_index(memory, revision);
	for (size_t i = 0; i < memory->log.count; i++) {
		if (log[i]->revision) {
			log[kept++] = log[i];
			continue;
		}
		memory->size_bytes -= version_size(&log[i]->event);
		(void)version_free(log[i]);
	}
	memory->log.count = kept;
	store->compacted = revision;
	return 0;
}

static int memory_set_incarnation(struct rw_store *store, const char *incarnation, struct rw_error *err)
{
	(void)store;
	(void)incarnation;
	(void)err;
	return 0;
}

static const struct rw_store_ops memory_ops = {
	.free = memory_free,
	.find = memory_find,
	.list = memory_list,
	.commit = memory_commit,
	.watch_read = memory_watch_read,
	.compact = memory_compact,
	.set_incarnation = memory_set_incarnation,
};

int rw_store_memory_new(uint64_t max_bytes, const struct rw_random *random, struct rw_store **ret_store,
			struct rw_error *err)
{
	struct memory_store *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return rw_error_oom(err);
	memory->base.ops = &memory_ops;
	memory->base.revision = 1;
	memory->max_bytes = max_bytes ? max_bytes : DEFAULT_MAX_BYTES;
	rw_vec_init(&memory->log, sizeof(struct version *), MAX_VERSIONS);
	rw_vec_init(&memory->index, sizeof(struct version *), MAX_VERSIONS);
	rw_store_incarnation_make(random, memory->base.incarnation);
	*ret_store = &memory->base;
	return 0;
}
