/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include <string.h>

#include "base/map.h"

/*
 * One bucket an id, in a table of fixed size: ids that fall on the same slot take it from each other, and the
 * newcomer begins with a full bucket.  Who would use that needs as many keys as there are slots.
 */
bool rw_api_rate_take(struct rw_api *api, const char *id)
{
	static const uint64_t cost_ns = UINT64_C(1000000000) / RW_API_RATE_PER_SECOND;
	uint64_t now = rw_clock_monotonic_ns(api->clock);
	uint64_t owner = rw_hash_bytes(id, strlen(id), 0) | 1;
	struct rw_api_rate *rate = &api->rates[(owner >> 1) % RW_API_RATE_SLOTS];

	if (rate->owner != owner)
		*rate = (struct rw_api_rate){.owner = owner};
	if (rate->full_ns < now)
		rate->full_ns = now;
	if (rate->full_ns - now > (RW_API_RATE_BURST - 1) * cost_ns)
		return false;
	rate->full_ns += cost_ns;
	return true;
}
