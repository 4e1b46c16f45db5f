/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/openings.h"

static bool opens(const struct rw_rule *rule)
{
	return rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT;
}

static struct rw_openings *list_openings(const struct rw_policy_group *group)
{
	struct rw_openings *openings;
	size_t count = 0;

	for (size_t i = 0; i < group->rule_count; i++)
		count += opens(group->rules[i]);
	openings = malloc(sizeof(*openings) + count * sizeof(*openings->list));
	if (!openings)
		return NULL;
	openings->count = 0;
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];

		if (opens(rule))
			openings->list[openings->count++] =
				(struct rw_opening){(uint32_t)i, rule->protocol, rule->ports};
	}
	return openings;
}

const struct rw_openings *rw_policy_group_openings(const struct rw_policy_group *group)
{
	struct rw_openings **place = (struct rw_openings **)(uintptr_t)&group->openings;
	struct rw_openings *found = __atomic_load_n(place, __ATOMIC_ACQUIRE), *made;

	if (found)
		return found;
	made = list_openings(group);
	/* Who is first at it gives them to all. */
	if (made &&
	    !__atomic_compare_exchange_n(place, &found, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		free(made);
		return found;
	}
	return made;
}
