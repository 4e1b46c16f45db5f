/* SPDX-License-Identifier: Apache-2.0 */
#include "store/etcd/etcd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/etcd/connection.h"
#include "store/etcd/transaction.h"

/* Entries asked for at a time: values may be large, and etcd counts keys only. */
#define LIST_STEP 64

/* Batches kept for the watches: the newest, as long as they take less. */
#define LOG_MAX_BYTES (16u << 20)
#define LOG_MAX_COUNT (1u << 20)

struct etcd_store {
	struct rw_store base;
	struct rw_etcd *etcd;
	uint64_t log_from; /* every batch behind this revision is in the log */
	struct rw_vec log; /* of struct rw_store_changes */
	size_t log_bytes;
};

static struct etcd_store *to_etcd(struct rw_store *store)
{
	return (struct etcd_store *)store;
}

/* ---- reading ---- */

/* Nobody else writes, so the newest revision of the store is what etcd has now, whoever compacted it. */
static uint64_t asked_revision(const struct rw_store *store, uint64_t revision)
{
	return revision == store->revision ? 0 : revision;
}

/*
 * 0, RW_STORE_COMPACTED, -errno.  What is read is of this store only while the claim is held; and whoever reads for long
 * does not run the loop that keeps it alive.
 */
static int read_range(struct rw_store *store, const struct etcd_range *range, struct etcd_answer *answer,
		      struct rw_error *err)
{
	struct rw_etcd *etcd = to_etcd(store)->etcd;
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_json_writer json;
	int r;

	etcd_begin_body(&body, &json);
	etcd_write_range(&json, range);
	r = etcd_end_body(&body, &json, err);
	if (r == 0)
		r = etcd_claim_check(etcd, err);
	if (r < 0)
		return r;
	r = etcd_call(etcd, ETCD_REPEATABLE, "kv/range", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS), answer,
		      NULL, err);
	/* Somebody else compacted, further than we know. */
	if (r == RW_STORE_COMPACTED && range->revision && store->compacted <= range->revision)
		store->compacted = range->revision + 1;
	return r;
}

struct finding {
	size_t prefix_size; /* before the store's key */
	uint64_t mod_revision;
	struct rw_store_entry *entry; /* nullable */
};

static int take_found(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	struct finding *finding = context;

	finding->mod_revision = kv->mod_revision;
	if (finding->entry && rw_store_entry_fill(finding->entry, kv->key + finding->prefix_size,
						  kv->key_size - finding->prefix_size, kv->value,
						  kv->value_size, kv->mod_revision) < 0)
		return rw_error_oom(err);
	return RW_STORE_EVENTS;
}

static int etcd_find(struct rw_store *store, const char *key, uint64_t revision, uint64_t *ret_mod_revision,
		     struct rw_store_entry *ret_entry, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	char whole[ETCD_KEY_MAX];
	const struct etcd_range range = {
		.key = whole,
		.revision = asked_revision(store, revision),
		.keys_only = !ret_entry,
	};
	struct finding finding = {.prefix_size = etcd_data_prefix(to_etcd(store)->etcd), .entry = ret_entry};
	int r;

	etcd_data_key(to_etcd(store)->etcd, key, whole);
	r = read_range(store, &range, &answer, err);
	if (r == 0)
		r = etcd_read_range(&answer.root, take_found, &finding, NULL, err);
	*ret_mod_revision = finding.mod_revision;
	if (r == 0)
		return RW_STORE_NOT_FOUND;
	return r == RW_STORE_EVENTS ? 0 : r;
}

struct listing_step {
	size_t prefix_size;
	struct rw_store_listing *listing;
	char *last; /* the store's key that was added last */
};

static int add_listed(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	struct listing_step *step = context;
	const char *key = kv->key + step->prefix_size;
	int r;

	if (kv->key_size <= step->prefix_size || kv->key_size - step->prefix_size > RW_STORE_MAX_KEY)
		return rw_error_set(err, -EUCLEAN, "etcd holds a key that is not ours: %s", kv->key);
	r = rw_store_listing_add(step->listing, key, kv->key_size - step->prefix_size, kv->value,
				 kv->value_size, kv->mod_revision);
	if (r == 0)
		(void)strcpy(step->last, key);
	return r < 0 ? rw_error_oom(err) : r;
}

static int etcd_list(struct rw_store *store, const char *prefix, const char *start, uint64_t revision,
		     struct rw_store_listing *listing, struct rw_error *err)
{
	char from[RW_STORE_MAX_KEY + 2];
	char last[RW_STORE_MAX_KEY + 1];
	char key[ETCD_KEY_MAX], under[ETCD_KEY_MAX];
	const struct etcd_range range = {
		.key = key,
		.under = under,
		.revision = asked_revision(store, revision),
		.limit = LIST_STEP,
	};
	struct listing_step step = {
		.prefix_size = etcd_data_prefix(to_etcd(store)->etcd),
		.listing = listing,
		.last = last,
	};
	bool more = true;
	int r = 0;

	(void)strcpy(from, start);
	etcd_data_key(to_etcd(store)->etcd, prefix, under);
	while (r == 0 && more) {
		RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};

		etcd_data_key(to_etcd(store)->etcd, from, key);
		r = read_range(store, &range, &answer, err);
		if (r == 0)
			r = etcd_read_range(&answer.root, add_listed, &step, &more, err);
		if (r == 0 && more)
			rw_store_key_behind(last, from);
	}
	return r;
}

/* ---- writing ---- */

static size_t bytes_of(const struct rw_store_changes *changes)
{
	size_t bytes = 0;

	for (size_t i = 0; i < changes->events.count; i++) {
		const struct rw_store_event *event = rw_vec_at(&changes->events, i);

		bytes += sizeof(*event) + strlen(event->key) + event->value_size + 2;
	}
	return bytes;
}

/* Drops the older half of the log. */
static void trim_log(struct etcd_store *store)
{
	size_t gone = store->log.count / 2;
	struct rw_store_changes *changes = store->log.data;

	for (size_t i = 0; i < gone; i++) {
		store->log_bytes -= bytes_of(&changes[i]);
		store->log_from = changes[i].revision;
		rw_store_changes_done(&changes[i]);
	}
	store->log.count -= gone;
	memmove(changes, changes + gone, store->log.count * sizeof(*changes));
}

static int etcd_commit(struct rw_store *base, const struct rw_store_txn *txn, uint64_t *ret_revision,
		       struct rw_error *err)
{
	struct etcd_store *store = to_etcd(base);
	RW_CLEANUP(rw_store_changes_done) struct rw_store_changes changes;
	struct rw_store_changes *slot;
	int r;

	rw_store_changes_init(&changes);
	r = etcd_claim_check(store->etcd, err);
	if (r < 0)
		return r;
	r = etcd_plan(store->etcd, txn, &changes, err);
	if (r != 0)
		return etcd_unchanged(r < 0 ? r : -EBADMSG, err);
	*ret_revision = base->revision;
	if (!changes.events.count)
		return etcd_compare_only(store->etcd, txn, err);
	/* What could fail comes first. */
	if (rw_vec_reserve(&store->log, store->log.count + 1) < 0)
		return rw_error_oom(err);
	r = etcd_carry_out(store->etcd, txn, &changes.revision, err);
	if (r != 0)
		return r;
	if (rw_vec_push(&store->log, &slot) < 0)
		return rw_error_oom(err); /* not after reserving */
	base->revision = *ret_revision = changes.revision;
	store->log_bytes += bytes_of(&changes);
	*slot = changes;
	rw_store_changes_init(&changes);
	while (store->log.count > 1 &&
	       (store->log_bytes > LOG_MAX_BYTES || store->log.count == LOG_MAX_COUNT))
		trim_log(store);
	return 0;
}

/* ---- watching ---- */

static int etcd_watch_read(struct rw_store *base, const char *prefix, uint64_t from_revision,
			   struct rw_store_changes *changes, struct rw_error *err)
{
	struct etcd_store *store = to_etcd(base);
	size_t first = 0, last = store->log.count;

	if (from_revision <= store->log_from)
		return RW_STORE_COMPACTED;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		const struct rw_store_changes *batch = rw_vec_at(&store->log, middle);

		if (batch->revision < from_revision)
			first = middle + 1;
		else
			last = middle;
	}
	for (; first < store->log.count && !changes->events.count; first++) {
		const struct rw_store_changes *batch = rw_vec_at(&store->log, first);

		changes->revision = batch->revision;
		for (size_t i = 0; i < batch->events.count; i++) {
			const struct rw_store_event *event = rw_vec_at(&batch->events, i);

			if (rw_store_key_has_prefix(event->key, prefix) &&
			    rw_store_changes_add(changes, event->key, strlen(event->key), event->value,
						 event->value_size) < 0)
				return rw_error_oom(err);
		}
	}
	return changes->events.count ? 0 : RW_STORE_NOT_FOUND;
}

/* ---- compaction ---- */

static int etcd_compact(struct rw_store *store, uint64_t revision, struct rw_error *err)
{
	struct rw_etcd *etcd = to_etcd(store)->etcd;
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	int r;

	rw_buf_init(&body, 64);
	if (revision <= store->compacted)
		return 0;
	r = etcd_claim_check(etcd, err);
	if (r < 0)
		return r;
	(void)rw_buf_append_format(&body, "{\"revision\":\"%llu\"}", (unsigned long long)revision);
	r = etcd_call(etcd, ETCD_REPEATABLE, "kv/compaction", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS / 2),
		      &answer, NULL, err);
	/* Somebody else was further already. */
	if (r == 0 || r == RW_STORE_COMPACTED)
		store->compacted = revision;
	return r < 0 ? r : 0;
}

/* Whether what was there at 'revision' can be read.  1, 0, -errno. */
static int is_readable(struct rw_store *store, uint64_t revision, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	char key[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = key, .revision = revision, .count_only = true};
	int r;

	etcd_key(to_etcd(store)->etcd, "claim", key);
	r = read_range(store, &range, &answer, err);
	return r < 0 ? r : r == 0;
}

/* etcd does not say how far it is compacted, but answers whether a revision is there. */
static int find_compacted(struct rw_store *store, struct rw_error *err)
{
	uint64_t first = 1, last = store->revision;
	int r;

	while (first < last) {
		uint64_t middle = first + (last - first) / 2;

		r = is_readable(store, middle, err);
		if (r < 0)
			return r;
		if (r)
			last = middle;
		else
			first = middle + 1;
	}
	store->compacted = first > 1 ? first : 0;
	return 0;
}

/* ---- life ---- */

static void etcd_free(struct rw_store *base)
{
	struct etcd_store *store = to_etcd(base);

	etcd_claim_drop(store->etcd);
	for (size_t i = 0; i < store->log.count; i++)
		rw_store_changes_done(rw_vec_at(&store->log, i));
	rw_vec_done(&store->log);
	free(store);
}

static int etcd_set_incarnation(struct rw_store *store, const char *incarnation, struct rw_error *err)
{
	uint64_t revision;
	int r = etcd_claim_check(to_etcd(store)->etcd, err);

	return r < 0 ? r : etcd_write_incarnation(to_etcd(store)->etcd, incarnation, &revision, err);
}

static const struct rw_store_ops etcd_ops = {
	.free = etcd_free,
	.find = etcd_find,
	.list = etcd_list,
	.commit = etcd_commit,
	.watch_read = etcd_watch_read,
	.compact = etcd_compact,
	.set_incarnation = etcd_set_incarnation,
};

/* Whether anything is stored. */
static int has_data(struct etcd_store *store, bool *ret_data, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	char key[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = key, .under = key, .limit = 1, .keys_only = true};
	struct finding finding = {.prefix_size = 0};
	int r;

	etcd_data_key(store->etcd, "", key);
	r = read_range(&store->base, &range, &answer, err);
	if (r == 0)
		r = etcd_read_range(&answer.root, take_found, &finding, NULL, err);
	*ret_data = r == RW_STORE_EVENTS;
	return r < 0 ? r : 0;
}

static int read_incarnation(struct etcd_store *store, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	bool data = false;
	int r;

	rw_buf_init(&buf, 256);
	r = rw_etcd_read(store->etcd, "incarnation", &buf, err);
	if (r < 0)
		return r;
	if (r == 0) {
		if (buf.size != RW_STORE_INCARNATION_SIZE - 1 ||
		    strspn(buf.data, "0123456789abcdef") != RW_STORE_INCARNATION_SIZE - 1)
			return rw_error_set(err, -EUCLEAN, "%s/incarnation in etcd is none of ringwall's",
					    store->etcd->prefix);
		(void)strcpy(store->base.incarnation, buf.data);
		return 0;
	}
	r = has_data(store, &data, err);
	if (r < 0)
		return r;
	if (data) {
		(void)rw_error_set(err, -EUCLEAN,
				   "etcd has data under %s, but no incarnation: a restore was cut off",
				   store->etcd->prefix);
		(void)rw_error_hint(err, "Delete them (etcdctl del --prefix %s/) and restore again.",
				    store->etcd->prefix);
		return -EUCLEAN;
	}
	rw_store_incarnation_make(store->etcd->random, store->base.incarnation);
	return etcd_write_incarnation(store->etcd, store->base.incarnation, &store->base.revision, err);
}

/* What remembers a revision would meet the same number with another content. */
static int renew_rewound(struct etcd_store *store, struct rw_error *err)
{
	int r;

	if (!store->etcd->rewound)
		return 0;
	rw_store_incarnation_make(store->etcd->random, store->base.incarnation);
	r = etcd_write_incarnation(store->etcd, store->base.incarnation, &store->base.revision, err);
	if (r < 0)
		return r;
	store->etcd->rewound = false;
	rw_log_warning(
		"the store has a new incarnation, because etcd was brought back to an older state: nodes "
		"and "
		"clients begin anew  incarnation=%s",
		store->base.incarnation);
	return 0;
}

int rw_store_etcd_open(struct rw_etcd *etcd, void (*lost)(void *context, const struct rw_error *err),
		       void *context, struct rw_store **ret_store, struct rw_error *err)
{
	struct etcd_store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return rw_error_oom(err);
	store->base.ops = &etcd_ops;
	store->etcd = etcd;
	rw_vec_init(&store->log, sizeof(struct rw_store_changes), LOG_MAX_COUNT);
	r = etcd_claim_make(etcd, lost, context, err);
	if (r < 0) {
		free(store);
		return r;
	}
	store->base.revision = etcd->claim.mod_revision;
	r = read_incarnation(store, err);
	if (r == 0)
		r = renew_rewound(store, err);
	if (r == 0)
		r = find_compacted(&store->base, err);
	if (r < 0) {
		etcd_free(&store->base);
		return r;
	}
	store->log_from = store->base.revision;
	*ret_store = &store->base;
	return 0;
}
