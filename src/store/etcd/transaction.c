/* SPDX-License-Identifier: Apache-2.0 */
#include "store/etcd/transaction.h"

#include <assert.h>
#include <string.h>

/* A transaction that came to nothing is tried once more when there is so much time, and again as much to settle it. */
#define AGAIN_MS 500

/* Around a compare or a put there are some 25 bytes. */
static_assert(RW_ETCD_PREFIX_MAX + sizeof("/data") + 25 <= RW_STORE_TXN_OVERHEAD,
	      "room for what etcd counts");

void etcd_begin_body(struct rw_buf *body, struct rw_json_writer *json)
{
	rw_buf_init(body, 4 * RW_STORE_MAX_TXN_BYTES);
	rw_json_writer_init(json, body, false);
	rw_json_begin_object(json);
}

int etcd_end_body(const struct rw_buf *body, struct rw_json_writer *json, struct rw_error *err)
{
	rw_json_end_object(json);
	return rw_buf_check(body, err);
}

size_t etcd_data_prefix(const struct rw_etcd *etcd)
{
	return strlen(etcd->prefix) + strlen("/data");
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
static int write_deletes(struct rw_etcd *etcd, const struct rw_store_txn *txn, struct rw_buf *body,
			 size_t *ret_count, struct rw_error *err)
{
	struct rw_json_writer json;

	*ret_count = 0;
	etcd_begin_body(body, &json);
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
		etcd_data_key(etcd, operation->key, key);
		etcd_write_get(&json, &range);
		++*ret_count;
	}
	rw_json_end_array(&json);
	return etcd_end_body(body, &json, err);
}

static int plan_deletes(struct rw_etcd *etcd, const struct rw_store_txn *txn,
			struct rw_store_changes *changes, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct deleting deleting = {etcd_data_prefix(etcd), changes};
	size_t count;
	int r = write_deletes(etcd, txn, &body, &count, err);

	if (r < 0 || !count)
		return r;
	r = etcd_call(etcd, ETCD_REPEATABLE, "kv/txn", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS / 2),
		      &answer, NULL, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct etcd_got got;

		if (!etcd_find_got(&answer.root, i, &got))
			return rw_error_set(err, -EBADMSG, "etcd's answer lacks the keys to delete");
		r = etcd_read_range(&got.range, add_deleted, &deleting, NULL, err);
	}
	return r;
}

int etcd_plan(struct rw_etcd *etcd, const struct rw_store_txn *txn, struct rw_store_changes *changes,
	      struct rw_error *err)
{
	int r = plan_deletes(etcd, txn, changes, err);

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
static int write_claim_put(struct rw_etcd *etcd, uint64_t write, struct rw_json_writer *json,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf value;
	char key[ETCD_KEY_MAX];
	int r;

	rw_buf_init(&value, 8192);
	r = etcd_write_claim(&value, etcd->holder, write, err);
	etcd_key(etcd, "claim", key);
	etcd_write_put(json, key, value.data, value.size, etcd->claim.lease);
	return r;
}

static void write_compares(struct rw_etcd *etcd, const struct rw_store_txn *txn, struct rw_json_writer *json)
{
	char key[ETCD_KEY_MAX];

	rw_json_key(json, "compare");
	rw_json_begin_array(json);
	etcd_key(etcd, "claim", key);
	etcd_write_compare(json, key, etcd->claim.mod_revision);
	for (size_t i = 0; txn && i < txn->compares.count; i++) {
		const struct rw_store_compare *compare = rw_vec_at(&txn->compares, i);

		etcd_data_key(etcd, compare->key, key);
		if (compare->any)
			etcd_write_compare_present(json, key);
		else
			etcd_write_compare(json, key, compare->mod_revision);
	}
	rw_json_end_array(json);
}

static void write_operation(struct rw_etcd *etcd, const struct rw_store_operation *operation,
			    struct rw_json_writer *json)
{
	char key[ETCD_KEY_MAX];

	etcd_data_key(etcd, operation->key, key);
	if (operation->kind == RW_STORE_PUT)
		etcd_write_put(json, key, operation->value, operation->value_size, NULL);
	else
		etcd_write_delete(json, key, operation->kind == RW_STORE_DELETE_PREFIX);
}

/* When the compares fail, the answer has the claim as it is. */
static void write_failure(struct rw_etcd *etcd, struct rw_json_writer *json)
{
	char key[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = key};

	etcd_key(etcd, "claim", key);
	rw_json_key(json, "failure");
	rw_json_begin_array(json);
	etcd_write_get(json, &range);
	rw_json_end_array(json);
}

/* 'txn' NULL: nothing but the claim.  Without 'changes' the compares alone are asked for. */
static int write_txn(struct rw_etcd *etcd, const struct rw_store_txn *txn, bool changes, uint64_t write,
		     struct rw_buf *body, struct rw_error *err)
{
	struct rw_json_writer json;
	int r = 0;

	etcd_begin_body(body, &json);
	write_compares(etcd, txn, &json);
	if (changes) {
		rw_json_key(&json, "success");
		rw_json_begin_array(&json);
		for (size_t i = 0; txn && i < txn->operations.count; i++)
			write_operation(etcd, rw_vec_at(&txn->operations, i), &json);
		r = write_claim_put(etcd, write, &json, err);
		rw_json_end_array(&json);
	}
	write_failure(etcd, &json);
	return r < 0 ? r : etcd_end_body(body, &json, err);
}

static int lose(struct rw_etcd *etcd, const char *reason, struct rw_error *err)
{
	struct rw_error why = RW_ERROR_NONE;

	(void)rw_error_set(&why, -ESHUTDOWN, "%s", reason);
	etcd_claim_lose(etcd, &why);
	if (err)
		*err = etcd->claim.why;
	return -ESHUTDOWN;
}

/* The claim in a failed transaction's answer: still ours as we know it, or 'ret_write' says whose number it has. */
static int read_failure(struct rw_etcd *etcd, const struct etcd_answer *answer, bool *ret_unchanged,
			uint64_t *ret_mod_revision, uint64_t *ret_write, struct rw_error *err)
{
	struct etcd_got got;
	int r;

	if (!etcd_find_got(&answer->root, 0, &got))
		return rw_error_set(err, -EBADMSG, "etcd's answer lacks the claim");
	r = etcd_claim_read(&got.range, ret_mod_revision, ret_write, NULL, err);
	*ret_unchanged = *ret_mod_revision == etcd->claim.mod_revision;
	return r;
}

/* The outcome of a transaction that was answered.  0, RW_STORE_CONFLICT, -ESHUTDOWN (lost), -EBADMSG. */
static int read_outcome(struct rw_etcd *etcd, const struct etcd_answer *answer, uint64_t *ret_revision,
			struct rw_error *err)
{
	uint64_t mod_revision, write;
	bool unchanged = false;
	int r;

	if (etcd_read_flag(&answer->root, "succeeded"))
		return etcd_read_revision(&answer->root, ret_revision, err);
	r = read_failure(etcd, answer, &unchanged, &mod_revision, &write, err);
	if (r < 0)
		return r;
	return unchanged ? RW_STORE_CONFLICT : lose(etcd, "another controller has made its claim", err);
}

/*
 * Whether the transaction of number 'write', whose answer is missing, was carried out: writes the claim anew if it
 * was not, and then it never will be.  1 = it was, *ret_revision says when; 0 = it was not and never will be;
 * -ESHUTDOWN: not to be known, or lost.
 */
static int settle(struct rw_etcd *etcd, uint64_t write, unsigned int wait_ms, uint64_t *ret_revision,
		  struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_error failure = RW_ERROR_NONE;
	uint64_t fresh, found = 0, mod_revision = 0;
	bool unchanged;
	int r;

	etcd->random->fill(etcd->random, &fresh, sizeof(fresh));
	r = write_txn(etcd, NULL, true, fresh, &body, &failure);
	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, "kv/txn", &body, etcd_deadline(etcd, wait_ms), &answer,
			      NULL, &failure);
	if (r == 0 && etcd_read_flag(&answer.root, "succeeded")) {
		r = etcd_read_revision(&answer.root, &etcd->claim.mod_revision, &failure);
		if (r == 0)
			return 0;
	}
	if (r == 0)
		r = read_failure(etcd, &answer, &unchanged, &mod_revision, &found, &failure);
	if (r == 0 && mod_revision && (found == write || found == fresh)) {
		etcd->claim.mod_revision = mod_revision;
		*ret_revision = mod_revision;
		return found == write;
	}
	return lose(etcd,
		    r == 0 ? "another controller has made its claim"
			   : "it cannot be known what became of a change; it may turn out to be durable",
		    err);
}

/* Tells a failure by which nothing was changed. */
int etcd_unchanged(int r, struct rw_error *err)
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
static int try_out(struct rw_etcd *etcd, const struct rw_store_txn *txn, unsigned int wait_ms,
		   uint64_t *ret_revision, bool *ret_again, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	bool unsure = false;
	uint64_t write;
	int r;

	etcd->random->fill(etcd->random, &write, sizeof(write));
	r = write_txn(etcd, txn, true, write, &body, err);
	if (r < 0)
		return r;
	r = etcd_call(etcd, ETCD_ONCE, "kv/txn", &body, etcd_deadline(etcd, wait_ms), &answer, &unsure, err);
	if (r == 0) {
		r = read_outcome(etcd, &answer, ret_revision, err);
		if (r == 0)
			etcd->claim.mod_revision = *ret_revision;
		if (r != -EBADMSG)
			return r;
		unsure = true;
	}
	if (unsure) {
		int failure = r;

		r = settle(etcd, write, wait_ms, ret_revision, err);
		if (r != 0)
			return r < 0 ? r : 0;
		*ret_again = failure != -ENOMEM;
		return failure == -ENOMEM
			       ? rw_error_oom(err)
			       : rw_error_set(err, -EHOSTDOWN, "etcd did not answer; nothing was changed");
	}
	return etcd_unchanged(r < 0 ? r : rw_error_set(err, -EBADMSG, "etcd's answer was not expected"), err);
}

/*
 * A member that dies, and with it perhaps the leader, takes the answer along; once the others have settled that nothing
 * was changed, they also take the transaction.
 */
int etcd_carry_out(struct rw_etcd *etcd, const struct rw_store_txn *txn, uint64_t *ret_revision,
		   struct rw_error *err)
{
	uint64_t deadline_ns = etcd_deadline(etcd, RW_ETCD_WAIT_MS);
	unsigned int wait_ms = RW_ETCD_WAIT_MS / 2;
	uint64_t now_ns;
	bool again;
	int r;

	do {
		again = false;
		r = try_out(etcd, txn, wait_ms, ret_revision, &again, err);
		now_ns = rw_clock_monotonic_ns(etcd->clock);
		wait_ms =
			now_ns < deadline_ns ? (unsigned int)((deadline_ns - now_ns) / ETCD_NS_OF_MS(2)) : 0;
	} while (again && wait_ms >= AGAIN_MS);
	return r;
}

/* A transaction that would change nothing: only whether its compares hold. */
int etcd_compare_only(struct rw_etcd *etcd, const struct rw_store_txn *txn, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	uint64_t revision;
	int r = write_txn(etcd, txn, false, 0, &body, err);

	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, "kv/txn", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS),
			      &answer, NULL, err);
	if (r != 0)
		return etcd_unchanged(r < 0 ? r : -EBADMSG, err);
	return read_outcome(etcd, &answer, &revision, err);
}

/* Writes it and, as every transaction, the claim. */
int etcd_write_incarnation(struct rw_etcd *etcd, const char *incarnation, uint64_t *ret_revision,
			   struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_json_writer json;
	char key[ETCD_KEY_MAX];
	bool unsure = false;
	int r;

	etcd_begin_body(&body, &json);
	write_compares(etcd, NULL, &json);
	rw_json_key(&json, "success");
	rw_json_begin_array(&json);
	etcd_key(etcd, "incarnation", key);
	etcd_write_put(&json, key, incarnation, strlen(incarnation), NULL);
	r = write_claim_put(etcd, 0, &json, err);
	rw_json_end_array(&json);
	write_failure(etcd, &json);
	if (r == 0)
		r = etcd_end_body(&body, &json, err);
	if (r == 0)
		r = etcd_call(etcd, ETCD_ONCE, "kv/txn", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS), &answer,
			      &unsure, err);
	if (r == 0)
		r = read_outcome(etcd, &answer, ret_revision, err);
	if (r == 0)
		etcd->claim.mod_revision = *ret_revision;
	/* Without an answer it is not known how the claim stands. */
	if (unsure)
		(void)lose(etcd, "its incarnation could not be written", r == -ENOMEM ? NULL : err);
	return r > 0 ? lose(etcd, "another controller has made its claim", err) : r;
}
