/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The store in memory: gone with the process.  For tests and for showing things; it keeps the contract of
 * store.h to the letter, durability excepted.
 */

#include "store/store.h"

/*
 * Gives an empty store.  'max_bytes' bounds keys and values, history included (0 = 256 MiB); what goes
 * beyond fails with -ENOSPC.  'random' makes the incarnation and is not kept.  -ENOMEM.
 */
RW_NODISCARD int rw_store_memory_new(uint64_t max_bytes, const struct rw_random *random,
				     struct rw_store **ret_store, struct rw_error *err);
