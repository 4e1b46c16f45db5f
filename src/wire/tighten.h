/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A plan to tighten a cluster as JSON: the answer of GET /v1/clusters/{ref}/tighten and of 'ringwall tighten -o
 * json' (docs/tighten.md).
 */

#include "audit/tighten.h"
#include "base/buf.h"

/* The digest of a step as plans show it and requests give it back. */
#define RW_TIGHTEN_DIGEST_SIZE 17
void rw_tighten_format_digest(uint64_t digest, char text[RW_TIGHTEN_DIGEST_SIZE]);

/*
 * Appends one object.  'model' (the plan's input) gives names; 'since_ms' is from when on flows were judged beside
 * the plan, 0 = they were not.  -ENOMEM; -E2BIG when 'buf' is full.
 */
RW_NODISCARD int rw_tighten_encode(struct rw_buf *buf, const struct rw_model *model,
				   const struct rw_tighten_plan *plan, int64_t since_ms,
				   struct rw_error *err);
