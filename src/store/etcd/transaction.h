/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Transactions in etcd
 * ====================
 *
 * Each compares the claim and writes it anew with a number of its own (etcd.h says why).  First it is asked which keys
 * will be deleted; then it is carried out; and when the answer is missing, it is settled what became of it.
 */

#include "store/etcd/connection.h"

/* A request: an open JSON object in 'body', which this inits; the second closes it and checks the buffer. */
void etcd_begin_body(struct rw_buf *body, struct rw_json_writer *json);
RW_NODISCARD int etcd_end_body(const struct rw_buf *body, struct rw_json_writer *json, struct rw_error *err);

/* Bytes of a whole key before the store's own. */
size_t etcd_data_prefix(const struct rw_etcd *etcd);

/*
 * Tells what 'txn' will change: its puts, and the deletes of keys that exist, sorted by key, each key once; 'changes' comes
 * empty.  -E2BIG; failures of calls.
 */
RW_NODISCARD int etcd_plan(struct rw_etcd *etcd, const struct rw_store_txn *txn,
			   struct rw_store_changes *changes, struct rw_error *err);

/*
 * Carries 'txn' out, which must change something.  0 and the revision; RW_STORE_CONFLICT; -ESHUTDOWN: the claim is lost, or it
 * cannot be known what became of 'txn', and it is given up; others, by which nothing was changed.
 */
RW_NODISCARD int etcd_carry_out(struct rw_etcd *etcd, const struct rw_store_txn *txn, uint64_t *ret_revision,
				struct rw_error *err);

/* Whether the compares of a transaction hold that would change nothing.  As etcd_carry_out. */
RW_NODISCARD int etcd_compare_only(struct rw_etcd *etcd, const struct rw_store_txn *txn,
				   struct rw_error *err);

/* Writes the store's incarnation.  As etcd_carry_out. */
RW_NODISCARD int etcd_write_incarnation(struct rw_etcd *etcd, const char *incarnation, uint64_t *ret_revision,
					struct rw_error *err);

/* Makes of a failure one that says that nothing was changed: -ENOMEM, -ENOSPC and -E2BIG stay, others are -EHOSTDOWN. */
int etcd_unchanged(int r, struct rw_error *err);
