/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backend.h"

void rw_store_txn_init(struct rw_store_txn *txn)
{
	*txn = (struct rw_store_txn){0};
	rw_vec_init(&txn->compares, sizeof(struct rw_store_compare), RW_STORE_MAX_COMPARES);
	rw_vec_init(&txn->operations, sizeof(struct rw_store_operation), RW_STORE_MAX_OPERATIONS);
}

void rw_store_txn_done(struct rw_store_txn *txn)
{
	for (size_t i = 0; i < txn->compares.count; i++)
		free(((struct rw_store_compare *)rw_vec_at(&txn->compares, i))->key);
	for (size_t i = 0; i < txn->operations.count; i++)
		free(((struct rw_store_operation *)rw_vec_at(&txn->operations, i))->key);
	rw_vec_done(&txn->compares);
	rw_vec_done(&txn->operations);
	rw_store_txn_init(txn);
}

int rw_store_txn_check(const struct rw_store_txn *txn, struct rw_error *err)
{
	if (txn->failure.code && err)
		*err = txn->failure;
	return txn->failure.code;
}

/* Counts a compare or operation against the limits; false when it does not fit or something failed before. */
static bool admit(struct rw_store_txn *txn, const char *key, size_t value_size)
{
	size_t length = strnlen(key, RW_STORE_MAX_KEY + 1);
	size_t room = RW_STORE_MAX_TXN_BYTES - txn->size_bytes;

	if (txn->failure.code)
		return false;
	if (!length || length > RW_STORE_MAX_KEY) {
		(void)rw_error_set(&txn->failure, -EINVAL, "store key has not between 1 and %d bytes",
				   RW_STORE_MAX_KEY);
		return false;
	}
	if (value_size > room || length + RW_STORE_TXN_OVERHEAD > room - value_size) {
		(void)rw_error_set(&txn->failure, -E2BIG, "store transaction exceeds %d bytes",
				   RW_STORE_MAX_TXN_BYTES);
		return false;
	}
	txn->size_bytes += value_size + length + RW_STORE_TXN_OVERHEAD;
	return true;
}

/* Pushes an element for a compare or operation; NULL, with the failure noted, when that cannot be. */
static void *push(struct rw_store_txn *txn, struct rw_vec *vec, const char *what)
{
	void *element = NULL;
	int r = rw_vec_push(vec, &element);

	if (r == -E2BIG)
		(void)rw_error_set(&txn->failure, r, "store transaction has more than %zu %s", vec->max_count,
				   what);
	else if (r < 0)
		(void)rw_error_oom(&txn->failure);
	return r < 0 ? NULL : element;
}

static void add_compare(struct rw_store_txn *txn, const char *key, uint64_t mod_revision, bool any)
{
	struct rw_store_compare *compare;

	if (!admit(txn, key, 0))
		return;
	compare = push(txn, &txn->compares, "compares");
	if (!compare)
		return;
	compare->key = strdup(key);
	compare->mod_revision = mod_revision;
	compare->any = any;
	if (!compare->key)
		(void)rw_error_oom(&txn->failure);
}

void rw_store_txn_expect(struct rw_store_txn *txn, const char *key, uint64_t mod_revision)
{
	add_compare(txn, key, mod_revision, false);
}

void rw_store_txn_expect_present(struct rw_store_txn *txn, const char *key)
{
	add_compare(txn, key, 0, true);
}

static bool covers(const struct rw_store_operation *operation, const char *key)
{
	if (operation->kind == RW_STORE_DELETE_PREFIX)
		return rw_store_key_has_prefix(key, operation->key);
	return strcmp(operation->key, key) == 0;
}

/* True when one of the two puts a key that the other one touches. */
static bool collide(const struct rw_store_operation *a, enum rw_store_operation_kind kind, const char *key)
{
	if (kind == RW_STORE_PUT)
		return covers(a, key);
	if (a->kind != RW_STORE_PUT)
		return false;
	return kind == RW_STORE_DELETE_PREFIX ? rw_store_key_has_prefix(a->key, key)
					      : strcmp(a->key, key) == 0;
}

static void add_operation(struct rw_store_txn *txn, enum rw_store_operation_kind kind, const char *key,
			  const void *value, size_t value_size)
{
	struct rw_store_operation *operation;

	if (!admit(txn, key, value_size))
		return;
	for (size_t i = 0; i < txn->operations.count; i++) {
		if (collide(rw_vec_at(&txn->operations, i), kind, key)) {
			(void)rw_error_set(&txn->failure, -EINVAL,
					   "store transaction touches key \"%s\" twice", key);
			return;
		}
	}
	operation = push(txn, &txn->operations, "operations");
	if (!operation)
		return;
	operation->kind = kind;
	operation->key = rw_store_block_new(key, strlen(key), value, value_size, &operation->value);
	operation->value_size = value_size;
	if (!operation->key)
		(void)rw_error_oom(&txn->failure);
}

void rw_store_txn_put(struct rw_store_txn *txn, const char *key, const void *bytes, size_t size)
{
	add_operation(txn, RW_STORE_PUT, key, bytes, size);
}

void rw_store_txn_delete(struct rw_store_txn *txn, const char *key)
{
	add_operation(txn, RW_STORE_DELETE, key, NULL, 0);
}

void rw_store_txn_delete_prefix(struct rw_store_txn *txn, const char *prefix)
{
	add_operation(txn, RW_STORE_DELETE_PREFIX, prefix, NULL, 0);
}
