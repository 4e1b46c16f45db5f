/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/array.h"
#include "policy/copy.h"
#include "policy/delta.h"
#include "policy/digest.h"

static int misfit(const char *what, const char *id, struct rw_error *err)
{
	(void)rw_error_set(err, -EINVAL, "the delta was made for another policy: %s %.47s", what, id);
	(void)rw_error_hint(err, "Ask for a snapshot.");
	return -EINVAL;
}

/* ---- Sorted arrays of groups and of sets ---- */

static int compare_group(const void *id, const void *element)
{
	const struct rw_policy_group *const *group = element;

	return strcmp(id, (*group)->id);
}

static int compare_set(const void *id, const void *element)
{
	const struct rw_address_set *const *set = element;

	return strcmp(id, (*set)->id);
}

/* Where the group 'id' stands, or belongs. */
static size_t place_of_group(const struct rw_policy *policy, const char *id)
{
	return rw_array_place(policy->groups, policy->group_count, sizeof(*policy->groups), id,
			      compare_group);
}

static size_t place_of_set(const struct rw_policy *policy, const char *id)
{
	return rw_array_place(policy->sets, policy->set_count, sizeof(*policy->sets), id, compare_set);
}

static bool has_group(const struct rw_policy *policy, size_t place, const char *id)
{
	return place < policy->group_count && strcmp(policy->groups[place]->id, id) == 0;
}

static bool has_set(const struct rw_policy *policy, size_t place, const char *id)
{
	return place < policy->set_count && strcmp(policy->sets[place]->id, id) == 0;
}

/* Puts a group (taken, also on failure) in its place. */
static int put_group(struct rw_policy *policy, struct rw_policy_group *group)
{
	size_t place = place_of_group(policy, group->id);
	struct rw_policy_group **groups;

	if (has_group(policy, place, group->id)) {
		(void)rw_policy_group_unref(policy->groups[place]);
		policy->groups[place] = group;
		return 0;
	}
	groups = reallocarray(policy->groups, policy->group_count + 1, sizeof(struct rw_policy_group *));
	if (!groups) {
		(void)rw_policy_group_unref(group);
		return -ENOMEM;
	}
	policy->groups = groups;
	memmove(groups + place + 1, groups + place,
		(policy->group_count - place) * sizeof(struct rw_policy_group *));
	groups[place] = group;
	policy->group_count++;
	return 0;
}

/* Puts a set (taken, also on failure) in its place. */
static int put_set(struct rw_policy *policy, struct rw_address_set *set)
{
	size_t place = place_of_set(policy, set->id);
	struct rw_address_set **sets;

	if (has_set(policy, place, set->id)) {
		(void)rw_address_set_unref(policy->sets[place]);
		policy->sets[place] = set;
		return 0;
	}
	sets = reallocarray(policy->sets, policy->set_count + 1, sizeof(struct rw_address_set *));
	if (!sets) {
		(void)rw_address_set_unref(set);
		return -ENOMEM;
	}
	policy->sets = sets;
	memmove(sets + place + 1, sets + place,
		(policy->set_count - place) * sizeof(struct rw_address_set *));
	sets[place] = set;
	policy->set_count++;
	return 0;
}

static int remove_group(struct rw_policy *policy, const char *id, struct rw_error *err)
{
	size_t place = place_of_group(policy, id);

	if (!has_group(policy, place, id))
		return misfit("there is no group", id, err);
	(void)rw_policy_group_unref(policy->groups[place]);
	policy->group_count--;
	memmove(policy->groups + place, policy->groups + place + 1,
		(policy->group_count - place) * sizeof(struct rw_policy_group *));
	return 0;
}

static int remove_set(struct rw_policy *policy, const char *id, struct rw_error *err)
{
	size_t place = place_of_set(policy, id);

	if (!has_set(policy, place, id))
		return misfit("there is no set", id, err);
	(void)rw_address_set_unref(policy->sets[place]);
	policy->set_count--;
	memmove(policy->sets + place, policy->sets + place + 1,
		(policy->set_count - place) * sizeof(struct rw_address_set *));
	return 0;
}

/* ---- Rules ---- */

/* A private copy of a group with room for 'more' further rules. */
static struct rw_policy_group *open_group(const struct rw_policy_group *group, size_t more)
{
	RW_CLEANUP(rw_policy_group_unref) struct rw_policy_group *copy = rw_policy_group_new();

	if (!copy)
		return NULL;
	memcpy(copy->id, group->id, sizeof(copy->id));
	copy->kind = group->kind;
	copy->inner_access = group->inner_access;
	copy->midstream_drop = group->midstream_drop;
	copy->timeouts = group->timeouts;
	copy->rules = calloc(group->rule_count + more + 1, sizeof(struct rw_rule *));
	if (!copy->rules)
		return NULL;
	for (; copy->rule_count < group->rule_count; copy->rule_count++)
		copy->rules[copy->rule_count] = rw_rule_ref(group->rules[copy->rule_count]);
	return RW_TAKE_PTR(copy);
}

static int compare_rule(const void *id, const void *element)
{
	const struct rw_rule *const *rule = element;

	return strcmp(id, (*rule)->id);
}

static size_t place_of_rule(const struct rw_policy_group *group, const char *id, bool *ret_found)
{
	size_t place =
		rw_array_place(group->rules, group->rule_count, sizeof(*group->rules), id, compare_rule);

	*ret_found = place < group->rule_count && strcmp(group->rules[place]->id, id) == 0;
	return place;
}

static void put_rule(struct rw_policy_group *group, const struct rw_rule *rule)
{
	bool found;
	size_t place = place_of_rule(group, rule->id, &found);

	if (found) {
		(void)rw_rule_unref(group->rules[place]);
	} else {
		memmove(group->rules + place + 1, group->rules + place,
			(group->rule_count - place) * sizeof(struct rw_rule *));
		group->rule_count++;
	}
	group->rules[place] = rw_rule_ref(rule);
}

static int remove_rule(struct rw_policy_group *group, const char *id, struct rw_error *err)
{
	bool found;
	size_t place = place_of_rule(group, id, &found);

	if (!found)
		return misfit("there is no rule", id, err);
	(void)rw_rule_unref(group->rules[place]);
	group->rule_count--;
	memmove(group->rules + place, group->rules + place + 1,
		(group->rule_count - place) * sizeof(struct rw_rule *));
	return 0;
}

static int change_rules(struct rw_policy *policy, const struct rw_policy_change *change, struct rw_error *err)
{
	size_t place = place_of_group(policy, change->id);
	RW_CLEANUP(rw_policy_group_unref) struct rw_policy_group *group = NULL;

	if (!has_group(policy, place, change->id))
		return misfit("there is no group", change->id, err);
	group = open_group(policy->groups[place], change->rule_count);
	if (!group)
		return rw_error_oom(err);
	for (size_t i = 0; i < change->rule_id_count; i++) {
		int r = remove_rule(group, change->rule_ids[i], err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < change->rule_count; i++)
		put_rule(group, change->rules[i]);
	rw_digest_follow_rules(policy->groups[place], group);
	return put_group(policy, RW_TAKE_PTR(group)) < 0 ? rw_error_oom(err) : 0;
}

/* ---- Members ---- */

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

/*
 * Merges two sorted lists into 'to': 'old' with 'changed' added, or without it.  Returns the count, or
 * SIZE_MAX when one to be added is there already (or named twice), or one to be removed is not.
 */
static size_t merge(const struct rw_address_set *old, const struct rw_prefix *changed, size_t changed_count,
		    bool add, struct rw_prefix *to)
{
	size_t count = 0;
	size_t i = 0;
	size_t j = 0;

	while (i < old->count || j < changed_count) {
		int order = i == old->count      ? 1
			    : j == changed_count ? -1
						 : rw_prefix_compare(&old->prefixes[i], &changed[j]);

		if (order < 0)
			to[count++] = old->prefixes[i];
		else if ((order == 0) == add ||
			 (add && count && rw_prefix_compare(&to[count - 1], &changed[j]) == 0))
			return SIZE_MAX;
		else if (add)
			to[count++] = changed[j];
		i += order <= 0;
		j += order >= 0;
	}
	return count;
}

static int change_members(struct rw_policy *policy, const struct rw_policy_change *change,
			  struct rw_error *err)
{
	bool add = change->kind == RW_POLICY_ADD_MEMBERS;
	size_t place = place_of_set(policy, change->id);
	RW_CLEANUP(rw_free) struct rw_prefix *sorted = NULL;
	RW_CLEANUP(rw_free) struct rw_prefix *merged = NULL;
	const struct rw_address_set *old;
	struct rw_address_set *set;
	size_t count;

	if (!has_set(policy, place, change->id))
		return misfit("there is no set", change->id, err);
	old = policy->sets[place];
	sorted = calloc(change->prefix_count + 1, sizeof(*sorted));
	merged = calloc(old->count + change->prefix_count + 1, sizeof(*merged));
	if (!sorted || !merged)
		return rw_error_oom(err);
	if (change->prefix_count > 0)
		memcpy(sorted, change->prefixes, change->prefix_count * sizeof(*sorted));
	qsort(sorted, change->prefix_count, sizeof(*sorted), compare_prefixes);
	count = merge(old, sorted, change->prefix_count, add, merged);
	if (count == SIZE_MAX)
		return misfit("other members are in set", change->id, err);
	set = rw_address_set_new(change->id, RW_TAKE_PTR(merged), count);
	if (!set)
		return rw_error_oom(err);
	rw_digest_follow_prefixes(old, sorted, change->prefix_count, add, set);
	return put_set(policy, set) < 0 ? rw_error_oom(err) : 0;
}

/* ---- The whole ---- */

/* A policy with the system part of 'system' and the groups and sets of 'shared'. */
static struct rw_policy *combine(const struct rw_policy *system, const struct rw_policy *shared)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_policy_copy_system(system);

	if (!policy)
		return NULL;
	policy->groups = calloc(shared->group_count + 1, sizeof(struct rw_policy_group *));
	policy->sets = calloc(shared->set_count + 1, sizeof(struct rw_address_set *));
	if (!policy->groups || !policy->sets)
		return NULL;
	for (; policy->group_count < shared->group_count; policy->group_count++)
		policy->groups[policy->group_count] =
			rw_policy_group_ref(shared->groups[policy->group_count]);
	for (; policy->set_count < shared->set_count; policy->set_count++)
		policy->sets[policy->set_count] = rw_address_set_ref(shared->sets[policy->set_count]);
	return RW_TAKE_PTR(policy);
}

static int change_system(struct rw_policy **policy, const struct rw_policy *system, struct rw_error *err)
{
	struct rw_policy *combined = combine(system, *policy);

	if (!combined)
		return rw_error_oom(err);
	(void)rw_policy_unref(*policy);
	*policy = combined;
	return 0;
}

static int apply(struct rw_policy **policy, const struct rw_policy_change *change, struct rw_error *err)
{
	switch (change->kind) {
	case RW_POLICY_PUT_GROUP:
		return put_group(*policy, rw_policy_group_ref(change->group)) < 0 ? rw_error_oom(err) : 0;
	case RW_POLICY_REMOVE_GROUP:
		return remove_group(*policy, change->id, err);
	case RW_POLICY_PUT_RULES:
	case RW_POLICY_REMOVE_RULES:
		return change_rules(*policy, change, err);
	case RW_POLICY_PUT_SET:
		return put_set(*policy, rw_address_set_ref(change->set)) < 0 ? rw_error_oom(err) : 0;
	case RW_POLICY_REMOVE_SET:
		return remove_set(*policy, change->id, err);
	case RW_POLICY_ADD_MEMBERS:
	case RW_POLICY_REMOVE_MEMBERS:
		return change_members(*policy, change, err);
	case RW_POLICY_PUT_SYSTEM:
		return change_system(policy, change->system, err);
	}
	return rw_error_set(err, -EINVAL, "unknown kind of change");
}

/* Interfaces point at groups by index: one out of range would be followed into nowhere. */
static int check_indexes(const struct rw_policy *policy, struct rw_error *err)
{
	for (size_t i = 0; i < policy->interface_count; i++)
		for (size_t j = 0; j < policy->interfaces[i].group_count; j++)
			if (policy->interfaces[i].groups[j] >= policy->group_count)
				return misfit("a group is missing on interface", policy->interfaces[i].name,
					      err);
	return 0;
}

int rw_policy_apply_delta(const struct rw_policy *from, const struct rw_policy_delta *delta,
			  struct rw_policy **ret_policy, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = combine(from, from);
	int r = policy ? 0 : rw_error_oom(err);

	for (size_t i = 0; r == 0 && i < delta->count; i++)
		r = apply(&policy, &delta->changes[i], err);
	if (r == 0)
		r = check_indexes(policy, err);
	if (r < 0)
		return r;
	*ret_policy = RW_TAKE_PTR(policy);
	return 0;
}
