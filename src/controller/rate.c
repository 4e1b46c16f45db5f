/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/internal.h"

/*
 * Attempts by address and minute, in a table of fixed size: two addresses that share a slot push each other
 * out, so a flood from many addresses may raise what one of them gets, but never takes memory or locks out an
 * address that did nothing.
 */

static struct rw_address whose(const struct rw_address *address)
{
	struct rw_address who = *address;

	/* One customer usually has a whole /64 (RFC 6177). */
	if (who.family == 6)
		(void)memset(who.bytes + 8, 0, 8);
	return who;
}

static size_t slot_of(const struct rw_address *who)
{
	return rw_hash_bytes(who, sizeof(*who), 0) % RATE_SLOTS;
}

bool rate_is_exceeded(const struct rate *rate, const struct rw_address *address, uint64_t now_ns,
		      unsigned int limit)
{
	struct rw_address who = whose(address);
	const struct rate_slot *slot = &rate->slots[slot_of(&who)];

	return slot->count >= limit && slot->minute == now_ns / UINT64_C(60000000000) &&
	       rw_address_equal(&slot->address, &who);
}

void rate_count(struct rate *rate, const struct rw_address *address, uint64_t now_ns)
{
	struct rw_address who = whose(address);
	struct rate_slot *slot = &rate->slots[slot_of(&who)];
	uint64_t minute = now_ns / UINT64_C(60000000000);

	if (slot->minute != minute || !rw_address_equal(&slot->address, &who))
		*slot = (struct rate_slot){.address = who, .minute = minute};
	slot->count++;
}
