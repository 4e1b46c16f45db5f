/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Promises as they stand: the answer of GET /v1/promises/check and of 'ringwall promise check -o json'.
 */

#include "audit/promise.h"
#include "base/buf.h"
#include "wire/writer.h"

/*
 * Appends {"promises":[{<fields of the promise>,"state":"kept","interfaces":N}, ...],"broken":N} in one line: all
 * promises of the model, or of one network (an id, NULL = all).  A broken one says "node", "interface", "verdict",
 * "cause" and "witness".  One whose rules are too entangled for analysis has the state "unknown" and says "unknown_because".
 * -ENOMEM.
 */
RW_NODISCARD int rw_promises_check(struct rw_buf *buf, const struct rw_model *model, const char *network,
				   struct rw_error *err);
