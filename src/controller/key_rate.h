/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often a key or node may ask: as many at once as the burst, and so many a second from then on.  One bucket an id,
 * in a table of fixed size: ids that fall on the same slot take it from each other, and the newcomer begins with a full
 * bucket.  Who would use that needs as many keys as there are slots.
 */

#include <stdbool.h>
#include <stdint.h>

#define RW_KEY_RATE_BURST      2000
#define RW_KEY_RATE_PER_SECOND 1000
#define RW_KEY_RATE_SLOTS      1024

/* Zeroed = nobody has asked. */
struct rw_key_rates {
	struct {
		uint64_t owner;   /* hash of the id; 0 = free */
		uint64_t full_ns; /* when the bucket will be full again */
	} slots[RW_KEY_RATE_SLOTS];
};

/* Counts one request of 'id' at 'now_ns' (monotonic); false when there were too many. */
bool rw_key_rate_take(struct rw_key_rates *rates, const char *id, uint64_t now_ns);
