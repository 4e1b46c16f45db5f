/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Findings that people have accepted
 * ==================================
 *
 * Suppressions of the audit (audit/audit.h), kept in the store as keys are: each made and removed by a change with a
 * record in the log.  GET /v1/audit shows the findings apart, and a change that adds one is not refused for it.  One
 * that has expired suppresses nothing and stays until it is removed.
 */

#include "audit/audit.h"
#include "controller/controller.h"

/* Most that are kept. */
#define RW_SUPPRESSIONS_KEPT_MAX 1000

struct rw_kept_suppression {
	char id[RW_ID_SIZE]; /* "sup-" and 16 hex digits */
	struct rw_suppression what;
	int64_t created_ms;
	char author[256]; /* name of who made it */
};

/* Number of them, and the one at 'index' by id.  Lent until the next change of them. */
size_t rw_suppression_count(const struct rw_controller *controller);
const struct rw_kept_suppression *rw_suppression_at(const struct rw_controller *controller, size_t index);

/* Gives them all for an audit, in an array for the caller to free; NULL and 0 for none.  -ENOMEM. */
RW_NODISCARD int rw_suppression_list(const struct rw_controller *controller,
				     struct rw_suppression **ret_suppressions, size_t *ret_count,
				     struct rw_error *err);

/*
 * Keeps a suppression.  'what->subject' is "*", or a cluster or free-standing group by id or name.  -EINVAL (fields
 * "check", "subject", "reason", "expires"), -ENOSPC, -EAGAIN, the store's.
 */
RW_NODISCARD int rw_suppression_add(struct rw_controller *controller, const struct rw_actor *actor,
				    const struct rw_suppression *what, char ret_id[RW_ID_SIZE],
				    struct rw_error *err);

/* Forgets it.  -ENOENT. */
RW_NODISCARD int rw_suppression_remove(struct rw_controller *controller, const struct rw_actor *actor,
				       const char *id, struct rw_error *err);

/* Writes the members of the open object. */
struct rw_json_writer;
void rw_suppression_put(struct rw_json_writer *json, const struct rw_kept_suppression *suppression);
