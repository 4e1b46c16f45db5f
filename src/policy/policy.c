/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <string.h>

#define DEFINE_COUNTED(type, release)                                                                        \
	struct type *type##_ref(const struct type *object)                                                   \
	{                                                                                                    \
		struct type *counted = (struct type *)(uintptr_t)object;                                     \
                                                                                                             \
		(void)__atomic_add_fetch(&counted->references, 1, __ATOMIC_RELAXED);                         \
		return counted;                                                                              \
	}                                                                                                    \
	struct type *type##_unref(struct type *object)                                                       \
	{                                                                                                    \
		if (object && __atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) == 0) {           \
			release(object);                                                                     \
			free(object);                                                                        \
		}                                                                                            \
		return NULL;                                                                                 \
	}

static void release_set(struct rw_address_set *set)
{
	free(set->prefixes);
}
DEFINE_COUNTED(rw_address_set, release_set)

static void release_group(struct rw_policy_group *group)
{
	for (size_t i = 0; i < group->rule_count; i++)
		(void)rw_rule_unref(group->rules[i]);
	free(group->rules);
	free(group->openings);
}
DEFINE_COUNTED(rw_policy_group, release_group)

static void release_policy(struct rw_policy *policy)
{
	for (size_t i = 0; i < policy->interface_count; i++)
		free(policy->interfaces[i].groups);
	free(policy->interfaces);
	for (size_t i = 0; i < policy->group_count; i++)
		(void)rw_policy_group_unref(policy->groups[i]);
	free(policy->groups);
	for (size_t i = 0; i < policy->set_count; i++)
		(void)rw_address_set_unref(policy->sets[i]);
	free(policy->sets);
	free(policy->network_cidrs);
	free(policy->container_cidrs);
	free(policy->own_addresses);
	free(policy->management_cidrs);
	free(policy->ssh_ports);
	free(policy->controllers);
	free(policy->resolvers);
	free(policy->hosted_ports);
}
DEFINE_COUNTED(rw_policy, release_policy)

struct rw_policy *rw_policy_new(void)
{
	struct rw_policy *policy = calloc(1, sizeof(*policy));

	if (policy)
		policy->references = 1;
	return policy;
}

struct rw_policy_group *rw_policy_group_new(void)
{
	struct rw_policy_group *group = calloc(1, sizeof(*group));

	if (group)
		group->references = 1;
	return group;
}

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

struct rw_address_set *rw_address_set_new(const char *id, struct rw_prefix *prefixes, size_t count)
{
	struct rw_address_set *set = calloc(1, sizeof(*set));
	size_t kept = 0;

	if (!set) {
		free(prefixes);
		return NULL;
	}
	if (count > 1)
		qsort(prefixes, count, sizeof(*prefixes), compare_prefixes);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || rw_prefix_compare(&prefixes[i], &prefixes[kept - 1]) != 0)
			prefixes[kept++] = prefixes[i];
	set->references = 1;
	memcpy(set->id, id, strnlen(id, sizeof(set->id) - 1));
	set->prefixes = prefixes;
	set->count = kept;
	return set;
}

bool rw_address_set_contains(const struct rw_address_set *set, const struct rw_address *address)
{
	struct rw_prefix wanted = rw_prefix_of_address(address);

	if (set->count == 0)
		return false;
	/* Most sets are single addresses, so the longest prefix comes first. */
	for (;;) {
		if (bsearch(&wanted, set->prefixes, set->count, sizeof(wanted), compare_prefixes))
			return true;
		if (wanted.bits == 0)
			return false;
		wanted.bits--;
		wanted.address.bytes[wanted.bits / 8] &= (uint8_t) ~(0x80u >> (wanted.bits % 8));
	}
}

static int compare_set_id(const void *id, const void *element)
{
	const struct rw_address_set *const *set = element;

	return strcmp(id, (*set)->id);
}

const struct rw_address_set *rw_policy_find_set(const struct rw_policy *policy, const char *id)
{
	struct rw_address_set **found = NULL;

	if (policy->set_count > 0)
		found = bsearch(id, policy->sets, policy->set_count, sizeof(struct rw_address_set *),
				compare_set_id);
	return found ? *found : NULL;
}

int rw_policy_find_interface(const struct rw_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->interface_count; i++)
		if (strcmp(policy->interfaces[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}
