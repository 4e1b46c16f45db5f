/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How long things take, counted by classes of duration: fixed memory however many there are.  All histograms
 * have the same bounds, from 100 us to a minute, so that they can be compared and added.
 */

#include <stdint.h>

#define RW_HISTOGRAM_BOUNDS 18

/* Upper bounds in nanoseconds, each inclusive, ascending. */
extern const uint64_t rw_histogram_bounds_ns[RW_HISTOGRAM_BOUNDS];

/* Zeroed means empty. */
struct rw_histogram {
	uint64_t counts[RW_HISTOGRAM_BOUNDS + 1]; /* not cumulative; the last is beyond all bounds */
	uint64_t sum_ns;
};

void rw_histogram_observe(struct rw_histogram *histogram, uint64_t duration_ns);

/* How many were observed. */
uint64_t rw_histogram_count(const struct rw_histogram *histogram);
