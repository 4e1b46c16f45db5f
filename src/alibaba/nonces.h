/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Nonces seen
 * ===========
 *
 * A signed request counts once.  Its time must be within RW_ALIBABA_SKEW_MS of ours, and within that window its nonce is
 * remembered.  Memory is bounded: when it is full, the one with the oldest time is forgotten, and from then on requests
 * of that time or before are refused as too old, so that none counts twice.  The same holds for the time before the
 * start: what was seen then is not known.
 *
 * No clock in here: the caller tells the time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RW_ALIBABA_SKEW_MS    (15 * 60 * INT64_C(1000))
#define RW_ALIBABA_NONCES_MAX 131072

struct rw_alibaba_nonces;

/* 'start_ms': requests of before that second are refused.  'seed' as base/map.h.  NULL: no memory. */
struct rw_alibaba_nonces *rw_alibaba_nonces_new(size_t most, int64_t start_ms, uint64_t seed);
struct rw_alibaba_nonces *rw_alibaba_nonces_free(struct rw_alibaba_nonces *nonces);
RW_DEFINE_CLEANUP(struct rw_alibaba_nonces *, rw_alibaba_nonces_free)

/* Whether a request of 'time_ms' may still count: 0, or -ETIME. */
RW_NODISCARD int rw_alibaba_nonces_judge(const struct rw_alibaba_nonces *nonces, int64_t time_ms,
					 int64_t now_ms);

/*
 * Notes that the request of 'key' with 'nonce', which was judged and whose signature holds, counts now.  -EEXIST: it has
 * before; -ENOMEM.  O(log n).
 */
RW_NODISCARD int rw_alibaba_nonces_use(struct rw_alibaba_nonces *nonces, const char *key, const char *nonce,
				       int64_t time_ms, int64_t now_ms);

/* How many are remembered. */
size_t rw_alibaba_nonces_count(const struct rw_alibaba_nonces *nonces);
