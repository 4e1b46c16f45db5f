/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/key_rate.h"

#include <string.h>

#include "base/map.h"

bool rw_key_rate_take(struct rw_key_rates *rates, const char *id, uint64_t now_ns)
{
	static const uint64_t cost_ns = UINT64_C(1000000000) / RW_KEY_RATE_PER_SECOND;
	uint64_t owner = rw_hash_bytes(id, strlen(id), 0) | 1;
	size_t slot = (owner >> 1) % RW_KEY_RATE_SLOTS;

	if (rates->slots[slot].owner != owner) {
		rates->slots[slot].owner = owner;
		rates->slots[slot].full_ns = 0;
	}
	if (rates->slots[slot].full_ns < now_ns)
		rates->slots[slot].full_ns = now_ns;
	if (rates->slots[slot].full_ns - now_ns > (RW_KEY_RATE_BURST - 1) * cost_ns)
		return false;
	rates->slots[slot].full_ns += cost_ns;
	return true;
}
