/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A plan to tighten a cluster as JSON: the answer of 'ringwall tighten -o json'.  docs/tighten.md tells its members.
 */

#include "audit/tighten.h"
#include "base/buf.h"

/* Appends one object.  'model' (the plan's input) gives names.  -ENOMEM; -E2BIG when 'buf' is full. */
RW_NODISCARD int rw_tighten_encode(struct rw_buf *buf, const struct rw_model *model,
				   const struct rw_tighten_plan *plan, struct rw_error *err);
