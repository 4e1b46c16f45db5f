/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sums that follow a change; see struct rw_digest_sum.  Private to this folder. */

#include "policy/policy.h"

/*
 * Gives 'to', which nobody else has yet, its sum by that of 'from', another state of the same group.  Does nothing
 * when nobody has asked for that one.  Rules that the two share cost a comparison of pointers, others a hash.
 */
void rw_digest_follow_rules(const struct rw_policy_group *from, struct rw_policy_group *to);

/* The same for a set, which is 'from' with these prefixes (each once) more, or less.  O(count). */
void rw_digest_follow_prefixes(const struct rw_address_set *from, const struct rw_prefix *prefixes,
			       size_t count, bool add, struct rw_address_set *to);
