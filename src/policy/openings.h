/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a group's rules open
 *
 * The services of a group's ingress rules that accept, side by side: to look through these takes a twentieth of what
 * looking at the rules does, which lie all over the memory.  12 bytes a rule, for groups that somebody asked for.
 */

#include "policy/policy.h"

struct rw_opening {
	uint32_t rule; /* its number in the group */
	uint16_t protocol;
	struct rw_ports ports;
};

struct rw_openings {
	size_t count;
	struct rw_opening list[];
};

/* Lent by the group, in order of its rules; NULL when memory runs out.  Threads may ask at the same time. */
const struct rw_openings *rw_policy_group_openings(const struct rw_policy_group *group);
