/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What stands behind the rule indexes of a table (private to src/classify)
 *
 * Blocks of RW_CLASSIFY_ORIGIN_BLOCK indexes, immutable and counted: a table that differs from another one in some
 * rules copies only the blocks of those.
 */

#include "classify/compile.h"

/*
 * Gives 'table' the 'count' (> 0) origins of 'list'.  'before' (nullable) had them, but for blocks that are marked in
 * 'stale' and those that it did not have.  -ENOMEM.
 */
RW_NODISCARD int rw_origins_make(struct rw_classify_table *table, const struct rw_classify_origin *list,
				 uint32_t count, const struct rw_classify_table *before, const bool *stale);

void rw_origins_done(struct rw_classify_table *table);
