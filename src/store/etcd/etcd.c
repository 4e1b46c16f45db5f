/* SPDX-License-Identifier: Apache-2.0 */
#include "store/etcd/etcd.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/etcd/connection.h"

/* Entries asked for at a time: values may be large, and etcd counts keys only. */
#define LIST_STEP 64

/* Batches kept for the watches: the newest, as long as they take less. */
#define LOG_MAX_BYTES (16u << 20)
#define LOG_MAX_COUNT (1u << 20)

/* A transaction that came to nothing is tried once more when there is so much time, and again as much to settle it. */
#define AGAIN_MS 500

/* Around a compare or a put there are some 25 bytes. */
static_assert(RW_ETCD_PREFIX_MAX + sizeof("/data") + 25 <= RW_STORE_TXN_OVERHEAD,
	      "room for what etcd counts");

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

static void begin_body(struct rw_buf *body, struct rw_json_writer *json)
{
	rw_buf_init(body, 4 * RW_STORE_MAX_TXN_BYTES);
	rw_json_writer_init(json, body, false);
	rw_json_begin_object(json);
}

static int end_body(const struct rw_buf *body, struct rw_json_writer *json, struct rw_error *err)
{
	rw_json_end_object(json);
	return rw_buf_check(body, err);
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

	begin_body(&body, &json);
	etcd_write_range(&json, range);
	r = end_body(&body, &json, err);
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

/* Bytes before the store's own keys. */
static size_t data_prefix_size(const struct rw_store *store)
{
	return strlen(((const struct etcd_store *)store)->etcd->prefix) + strlen("/data");
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
	struct finding finding = {.prefix_size = data_prefix_size(store), .entry = ret_entry};
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
		.prefix_size = data_prefix_size(store),
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

/* ---- what a transaction will delete ---- */

struct deleting {
	size_t prefix_size;
	struct rw_store_changes *changes;
};

static int add_deleted(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	struct deleting *deleting = context;
	int r = rw_store_changes_add(deleting->changes, kv->key + deleting->prefix_size,
				     kv->key_size - deleting->prefix_size, NULL, 0);

	if (r == -E2BIG)
		return rw_error_set(err, r, "store transaction changes more than %d keys",
				    RW_STORE_MAX_CHANGES);
	return r < 0 ? rw_error_oom(err) : 0;
}

/* Asks in one transaction of gets; as nobody else writes, the answer holds until ours. */
static int write_deletes(struct etcd_store *store, const struct rw_store_txn *txn, struct rw_buf *body,
			 size_t *ret_count, struct rw_error *err)
{
	struct rw_json_writer json;

	*ret_count = 0;
	begin_body(body, &json);
	rw_json_key(&json, "success");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < txn->operations.count; i++) {
		const struct rw_store_operation *operation = rw_vec_at(&txn->operations, i);
		char key[ETCD_KEY_MAX];
		const struct etcd_range range = {
			.key = key,
			.under = operation->kind == RW_STORE_DELETE_PREFIX ? key : NULL,
			.limit = RW_STORE_MAX_CHANGES + 1,
			.keys_only = true,
		};

		if (operation->kind == RW_STORE_PUT)
			continue;
		etcd_data_key(store->etcd, operation->key, key);
		etcd_write_get(&json, &range);
		++*ret_count;
	}
	rw_json_end_array(&json);
	return end_body(body, &json, err);
}

static int plan_deletes(struct etcd_store *store, const struct rw_store_txn *txn,
			struct rw_store_changes *changes, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct deleting deleting = {data_prefix_size(&store->base), changes};
	size_t count;
	int r = write_deletes(store, txn, &body, &count, err);

	if (r < 0 || !count)
		return r;
	r = etcd_call(store->etcd, ETCD_REPEATABLE, "kv/txn", &body,
		      etcd_deadline(store->etcd, RW_ETCD_WAIT_MS / 2), &answer, NULL, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct etcd_got got;

		if (!etcd_find_got(&answer.root, i, &got))
			return rw_error_set(err, -EBADMSG, "etcd's answer lacks the keys to delete");
		r = etcd_read_range(&got.range, add_deleted, &deleting, NULL, err);
	}
	return r;
}

static int plan(struct etcd_store *store, const struct rw_store_txn *txn, struct rw_store_changes *changes,
		struct rw_error *err)
{
	int r = plan_deletes(store, txn, changes, err);

	for (size_t i = 0; r == 0 && i < txn->operations.count; i++) {
		const struct rw_store_operation *operation = rw_vec_at(&txn->operations, i);

		if (operation->kind == RW_STORE_PUT &&
		    rw_store_changes_add(changes, operation->key, strlen(operation->key), operation->value,
					 operation->value_size) < 0)
			r = rw_error_oom(err);
	}
	if (r == 0)
		rw_store_changes_sort(changes);
	return r;
}

/* ---- carrying it out ---- */

/* The claim's new value goes with every transaction: 'write' is its number. */
static int write_claim_put(struct etcd_store *store, uint64_t write, struct rw_json_writer *json,
			   struct rw_error *err)
{
	const struct rw_etcd *etcd = store->etcd;
	RW_CLEANUP(rw_buf_done) struct rw_buf value;
	char key[ETCD_KEY_MAX];
	int r;

	rw_buf_init(&value, 8192);
	r = etcd_write_claim(&value, etcd->holder, write, err);
	etcd_key(etcd, "claim", key);
	etcd_write_put(json, key, value.data, value.size, etcd->claim.lease);
	return r;
}

static void write_compares(struct etcd_store *store, const struct rw_store_txn *txn,
			   struct rw_json_writer *json)
{
	char key[ETCD_KEY_MAX];

	rw_json_key(json, "compare");
	rw_json_begin_array(json);
	etcd_key(store->etcd, "claim", key);
	etcd_write_compare(json, key, store->etcd->claim.mod_revision);
	for (size_t i = 0; txn && i < txn->compares.count; i++) {
		const struct rw_store_compare *compare = rw_vec_at(&txn->compares, i);

		etcd_data_key(store->etcd, compare->key, key);
		if (compare->any)
			etcd_write_compare_present(json, key);
		else
			etcd_write_compare(json, key, compare->mod_revision);
	}
	rw_json_end_array(json);
}

static void write_operation(struct etcd_store *store, const struct rw_store_operation *operation,
			    struct rw_json_writer *json)
{
	char key[ETCD_KEY_MAX];

	etcd_data_key(store->etcd, operation->key, key);
	if (operation->kind == RW_STORE_PUT)
		etcd_write_put(json, key, operation->value, operation->value_size, NULL);
	else
		etcd_write_delete(json, key, operation->kind == RW_STORE_DELETE_PREFIX);
}

/* When the compares fail, the answer has the claim as it is. */
static void write_failure(struct etcd_store *store, struct rw_json_writer *json)
{
	char key[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = key};

	etcd_key(store->etcd, "claim", key);
	rw_json_key(json, "failure");
	rw_json_begin_array(json);
	etcd_write_get(json, &range);
	rw_json_end_array(json);
}

/* 'txn' NULL: nothing but the claim.  Without 'changes' the compares alone are asked for. */
static int write_txn(struct etcd_store *store, const struct rw_store_txn *txn, bool changes, uint64_t write,
		     struct rw_buf *body, struct rw_error *err)
{
	struct rw_json_writer json;
	int r = 0;

	begin_body(body, &json);
	write_compares(store, txn, &json);
	if (changes) {
		rw_json_key(&json, "success");
		rw_json_begin_array(&json);
		for (size_t i = 0; txn && i < txn->operations.count; i++)
			write_operation(store, rw_vec_at(&txn->operations, i), &json);
		r = write_claim_put(store, write, &json, err);
		rw_json_end_array(&json);
	}
	write_failure(store, &json);
	return r < 0 ? r : end_body(body, &json, err);
}

static int lose(struct etcd_store *store, const char *reason, struct rw_error *err)
{
	struct rw_error why = RW_ERROR_NONE;

	(void)rw_error_set(&why, -EIO, "%s", reason);
	etcd_claim_lose(store->etcd, &why);
	if (err)
		*err = store->etcd->claim.why;
	return -EIO;
}

/* The claim in a failed transaction's answer: still ours as we know it, or 'ret_write' says whose number it has. */
static int read_failure(struct etcd_store *store, const struct etcd_answer *answer, bool *ret_unchanged,
			uint64_t *ret_mod_revision, uint64_t *ret_write, struct rw_error *err)
{
	struct etcd_got got;
	int r;

	if (!etcd_find_got(&answer->root, 0, &got))
		return rw_error_set(err, -EBADMSG, "etcd's answer lacks the claim");
	r = etcd_claim_read(&got.range, ret_mod_revision, ret_write, NULL, err);
	*ret_unchanged = *ret_mod_revision == store->etcd->claim.mod_revision;
	return r;
}

/* The outcome of a transaction that was answered.  0, RW_STORE_CONFLICT, -EIO (lost), -EBADMSG. */
static int read_outcome(struct etcd_store *store, const struct etcd_answer *answer, uint64_t *ret_revision,
			struct rw_error *err)
{
	uint64_t mod_revision, write;
	bool unchanged;
	int r;

	if (etcd_read_flag(&answer->root, "succeeded"))
		return etcd_read_revision(&answer->root, ret_revision, err);
	r = read_failure(store, answer, &unchanged, &mod_revision, &write, err);
	if (r < 0)
		return r;
	return unchanged ? RW_STORE_CONFLICT : lose(store, "another controller has made its claim", err);
}

/*
 * Whether the transaction of number 'write', whose answer is missing, was carried out: writes the claim anew if it
 * was not, and then it never will be.  1 = it was, *ret_revision says when; 0 = it was not and never will be;
 * -EIO: not to be known, or lost.
 */
static int settle(struct etcd_store *store, uint64_t write, unsigned int wait_ms, uint64_t *ret_revision,
		  struct rw_error *err)
{
	struct rw_etcd *etcd = store->etcd;
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_error failure = RW_ERROR_NONE;
	uint64_t fresh, found = 0, mod_revision = 0;
	bool unchanged;
	int r;

	etcd->random->fill(etcd->random, &fresh, sizeof(fresh));
	r = write_txn(store, NULL, true, fresh, &body, &failure);
	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, "kv/txn", &body, etcd_deadline(etcd, wait_ms), &answer,
			      NULL, &failure);
	if (r == 0 && etcd_read_flag(&answer.root, "succeeded")) {
		r = etcd_read_revision(&answer.root, &etcd->claim.mod_revision, &failure);
		if (r == 0)
			return 0;
	}
	if (r == 0)
		r = read_failure(store, &answer, &unchanged, &mod_revision, &found, &failure);
	if (r == 0 && mod_revision && (found == write || found == fresh)) {
		etcd->claim.mod_revision = mod_revision;
		*ret_revision = mod_revision;
		return found == write;
	}
	return lose(store,
		    r == 0 ? "another controller has made its claim"
			   : "it cannot be known what became of a change; it may turn out to be durable",
		    err);
}

/* Tells a failure by which nothing was changed. */
static int unchanged(int r, struct rw_error *err)
{
	if (r == -ENOMEM || r == -ENOSPC || r == -E2BIG)
		return r;
	(void)rw_error_wrap(err, "nothing was changed");
	if (err)
		err->code = -EHOSTDOWN;
	return -EHOSTDOWN;
}

/*
 * Makes the transaction, and settles what became of it when the answer is missing, each in 'wait_ms'.  *ret_again: it
 * has failed, and nothing speaks against trying once more.
 */
static int try_out(struct etcd_store *store, const struct rw_store_txn *txn, unsigned int wait_ms,
		   uint64_t *ret_revision, bool *ret_again, struct rw_error *err)
{
	struct rw_etcd *etcd = store->etcd;
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	bool unsure = false;
	uint64_t write;
	int r;

	etcd->random->fill(etcd->random, &write, sizeof(write));
	r = write_txn(store, txn, true, write, &body, err);
	if (r < 0)
		return r;
	r = etcd_call(etcd, ETCD_ONCE, "kv/txn", &body, etcd_deadline(etcd, wait_ms), &answer, &unsure, err);
	if (r == 0) {
		r = read_outcome(store, &answer, ret_revision, err);
		if (r == 0)
			etcd->claim.mod_revision = *ret_revision;
		if (r != -EBADMSG)
			return r;
		unsure = true;
	}
	if (unsure) {
		int failure = r;

		r = settle(store, write, wait_ms, ret_revision, err);
		if (r != 0)
			return r < 0 ? r : 0;
		*ret_again = failure != -ENOMEM;
		return failure == -ENOMEM
			       ? rw_error_oom(err)
			       : rw_error_set(err, -EHOSTDOWN, "etcd did not answer; nothing was changed");
	}
	return unchanged(r < 0 ? r : rw_error_set(err, -EBADMSG, "etcd's answer was not expected"), err);
}

/*
 * A member that dies, and with it perhaps the leader, takes the answer along; once the others have settled that nothing
 * was changed, they also take the transaction.
 */
static int carry_out(struct etcd_store *store, const struct rw_store_txn *txn, uint64_t *ret_revision,
		     struct rw_error *err)
{
	uint64_t deadline_ns = etcd_deadline(store->etcd, RW_ETCD_WAIT_MS);
	unsigned int wait_ms = RW_ETCD_WAIT_MS / 2;
	uint64_t now_ns;
	bool again;
	int r;

	do {
		again = false;
		r = try_out(store, txn, wait_ms, ret_revision, &again, err);
		now_ns = rw_clock_monotonic_ns(store->etcd->clock);
		wait_ms =
			now_ns < deadline_ns ? (unsigned int)((deadline_ns - now_ns) / ETCD_NS_OF_MS(2)) : 0;
	} while (again && wait_ms >= AGAIN_MS);
	return r;
}

/* A transaction that would change nothing: only whether its compares hold. */
static int compare_only(struct etcd_store *store, const struct rw_store_txn *txn, struct rw_error *err)
{
	struct rw_etcd *etcd = store->etcd;
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	uint64_t revision;
	int r = write_txn(store, txn, false, 0, &body, err);

	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, "kv/txn", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS),
			      &answer, NULL, err);
	if (r != 0)
		return unchanged(r < 0 ? r : -EBADMSG, err);
	return read_outcome(store, &answer, &revision, err);
}

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
	r = plan(store, txn, &changes, err);
	if (r != 0)
		return unchanged(r < 0 ? r : -EBADMSG, err);
	*ret_revision = base->revision;
	if (!changes.events.count)
		return compare_only(store, txn, err);
	/* What could fail comes first. */
	if (rw_vec_reserve(&store->log, store->log.count + 1) < 0)
		return rw_error_oom(err);
	r = carry_out(store, txn, &changes.revision, err);
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

/* Writes it and, as every transaction, the claim. */
static int write_incarnation(struct etcd_store *store, const char *incarnation, uint64_t *ret_revision,
			     struct rw_error *err)
{
	struct rw_etcd *etcd = store->etcd;
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_json_writer json;
	char key[ETCD_KEY_MAX];
	bool unsure = false;
	int r;

	begin_body(&body, &json);
	write_compares(store, NULL, &json);
	rw_json_key(&json, "success");
	rw_json_begin_array(&json);
	etcd_key(etcd, "incarnation", key);
	etcd_write_put(&json, key, incarnation, strlen(incarnation), NULL);
	r = write_claim_put(store, 0, &json, err);
	rw_json_end_array(&json);
	write_failure(store, &json);
	if (r == 0)
		r = end_body(&body, &json, err);
	if (r == 0)
		r = etcd_call(etcd, ETCD_ONCE, "kv/txn", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS), &answer,
			      &unsure, err);
	if (r == 0)
		r = read_outcome(store, &answer, ret_revision, err);
	if (r == 0)
		etcd->claim.mod_revision = *ret_revision;
	/* Without an answer it is not known how the claim stands. */
	if (unsure)
		(void)lose(store, "its incarnation could not be written", r == -ENOMEM ? NULL : err);
	return r > 0 ? lose(store, "another controller has made its claim", err) : r;
}

static int etcd_set_incarnation(struct rw_store *store, const char *incarnation, struct rw_error *err)
{
	uint64_t revision;
	int r = etcd_claim_check(to_etcd(store)->etcd, err);

	return r < 0 ? r : write_incarnation(to_etcd(store), incarnation, &revision, err);
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
	return write_incarnation(store, store->base.incarnation, &store->base.revision, err);
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
		r = find_compacted(&store->base, err);
	if (r < 0) {
		etcd_free(&store->base);
		return r;
	}
	store->log_from = store->base.revision;
	*ret_store = &store->base;
	return 0;
}
