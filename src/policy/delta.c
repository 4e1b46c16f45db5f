/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/delta.h"

#include <string.h>

#include "group/validate.h"
#include "policy/copy.h"

struct rw_policy_delta *rw_policy_delta_new(void)
{
	return calloc(1, sizeof(struct rw_policy_delta));
}

static void release_change(struct rw_policy_change *change)
{
	(void)rw_policy_group_unref(change->group);
	(void)rw_address_set_unref(change->set);
	for (size_t i = 0; i < change->rule_count; i++)
		(void)rw_rule_unref(change->rules[i]);
	free(change->rules);
	free(change->rule_ids);
	free(change->prefixes);
	(void)rw_policy_unref(change->system);
}

struct rw_policy_delta *rw_policy_delta_free(struct rw_policy_delta *delta)
{
	if (!delta)
		return NULL;
	for (size_t i = 0; i < delta->count; i++)
		release_change(&delta->changes[i]);
	free(delta->changes);
	free(delta);
	return NULL;
}

struct rw_policy_change *rw_policy_delta_add(struct rw_policy_delta *delta, enum rw_policy_change_kind kind)
{
	if (delta->count == delta->capacity) {
		size_t capacity = delta->capacity * 2 + 4;
		struct rw_policy_change *changes = reallocarray(delta->changes, capacity, sizeof(*changes));

		if (!changes)
			return NULL;
		delta->changes = changes;
		delta->capacity = capacity;
	}
	delta->changes[delta->count] = (struct rw_policy_change){.kind = kind};
	return &delta->changes[delta->count++];
}

/* A change of 'kind' to the group or set 'id'. */
static struct rw_policy_change *add_for(struct rw_policy_delta *delta, enum rw_policy_change_kind kind,
					const char *id)
{
	struct rw_policy_change *change = rw_policy_delta_add(delta, kind);

	if (change)
		memcpy(change->id, id, RW_ID_SIZE);
	return change;
}

/* ---- Groups ---- */

static int put_group(struct rw_policy_delta *delta, const struct rw_policy_group *group)
{
	struct rw_policy_change *change = add_for(delta, RW_POLICY_PUT_GROUP, group->id);

	if (!change)
		return -ENOMEM;
	change->group = rw_policy_group_ref(group);
	return 0;
}

static int order_rules(const struct rw_policy_group *from, size_t i, const struct rw_policy_group *to,
		       size_t j)
{
	if (i == from->rule_count)
		return 1;
	if (j == to->rule_count)
		return -1;
	return strcmp(from->rules[i]->id, to->rules[j]->id);
}

static bool same_rule(const struct rw_rule *a, const struct rw_rule *b)
{
	return a == b || rw_rule_compare_meaning(a, b) == 0;
}

/* Collects what the walk over both sorted lists finds: rules that went, and rules new or changed. */
static void collect_rules(const struct rw_policy_group *from, const struct rw_policy_group *to,
			  struct rw_policy_change *gone, struct rw_policy_change *put)
{
	size_t i = 0;
	size_t j = 0;

	while (i < from->rule_count || j < to->rule_count) {
		int order = order_rules(from, i, to, j);

		if (order < 0)
			memcpy(gone->rule_ids[gone->rule_id_count++], from->rules[i]->id, RW_ID_SIZE);
		else if (order > 0 || !same_rule(from->rules[i], to->rules[j]))
			put->rules[put->rule_count++] = rw_rule_ref(to->rules[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

static bool make_room(struct rw_policy_change *gone, size_t gone_most, struct rw_policy_change *put,
		      size_t put_most)
{
	gone->rule_ids = calloc(gone_most + 1, sizeof(*gone->rule_ids));
	put->rules = calloc(put_most + 1, sizeof(struct rw_rule *));
	return gone->rule_ids && put->rules;
}

/* Moves a change of one group or set into the delta, unless it is empty. */
static int keep_change(struct rw_policy_delta *delta, struct rw_policy_change *change, bool empty)
{
	struct rw_policy_change *kept;

	if (empty) {
		release_change(change);
		return 0;
	}
	kept = rw_policy_delta_add(delta, change->kind);
	if (!kept) {
		release_change(change);
		return -ENOMEM;
	}
	*kept = *change;
	return 0;
}

static int diff_group(struct rw_policy_delta *delta, const struct rw_policy_group *from,
		      const struct rw_policy_group *to)
{
	struct rw_policy_change gone = {.kind = RW_POLICY_REMOVE_RULES};
	struct rw_policy_change put = {.kind = RW_POLICY_PUT_RULES};
	int r;

	if (from == to)
		return 0;
	if (!rw_policy_group_same_settings(from, to))
		return put_group(delta, to);
	memcpy(gone.id, to->id, sizeof(gone.id));
	memcpy(put.id, to->id, sizeof(put.id));
	if (!make_room(&gone, from->rule_count, &put, to->rule_count)) {
		release_change(&gone);
		release_change(&put);
		return -ENOMEM;
	}
	collect_rules(from, to, &gone, &put);
	r = keep_change(delta, &gone, gone.rule_id_count == 0);
	if (r < 0) {
		release_change(&put);
		return r;
	}
	return keep_change(delta, &put, put.rule_count == 0);
}

static int diff_groups(struct rw_policy_delta *delta, const struct rw_policy *from,
		       const struct rw_policy *to)
{
	size_t i = 0;
	size_t j = 0;

	while (i < from->group_count || j < to->group_count) {
		int order = i == from->group_count ? 1
			    : j == to->group_count ? -1
						   : strcmp(from->groups[i]->id, to->groups[j]->id);
		int r = 0;

		if (order < 0)
			r = add_for(delta, RW_POLICY_REMOVE_GROUP, from->groups[i]->id) ? 0 : -ENOMEM;
		else if (order > 0)
			r = put_group(delta, to->groups[j]);
		else
			r = diff_group(delta, from->groups[i], to->groups[j]);
		if (r < 0)
			return r;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

/* ---- Sets ---- */

static int put_set(struct rw_policy_delta *delta, const struct rw_address_set *set)
{
	struct rw_policy_change *change = add_for(delta, RW_POLICY_PUT_SET, set->id);

	if (!change)
		return -ENOMEM;
	change->set = rw_address_set_ref(set);
	return 0;
}

static int order_prefixes(const struct rw_address_set *from, size_t i, const struct rw_address_set *to,
			  size_t j)
{
	if (i == from->count)
		return 1;
	if (j == to->count)
		return -1;
	return rw_prefix_compare(&from->prefixes[i], &to->prefixes[j]);
}

/* Counts what differs, or copies it into the two changes when they are given. */
static void walk_members(const struct rw_address_set *from, const struct rw_address_set *to,
			 struct rw_policy_change *gone, struct rw_policy_change *added)
{
	size_t i = 0;
	size_t j = 0;

	while (i < from->count || j < to->count) {
		int order = order_prefixes(from, i, to, j);

		if (order < 0) {
			if (gone->prefixes)
				gone->prefixes[gone->prefix_count] = from->prefixes[i];
			gone->prefix_count++;
		} else if (order > 0) {
			if (added->prefixes)
				added->prefixes[added->prefix_count] = to->prefixes[j];
			added->prefix_count++;
		}
		i += order <= 0;
		j += order >= 0;
	}
}

static int diff_set(struct rw_policy_delta *delta, const struct rw_address_set *from,
		    const struct rw_address_set *to)
{
	struct rw_policy_change gone = {.kind = RW_POLICY_REMOVE_MEMBERS};
	struct rw_policy_change added = {.kind = RW_POLICY_ADD_MEMBERS};
	int r;

	if (from == to)
		return 0;
	walk_members(from, to, &gone, &added);
	if (gone.prefix_count + added.prefix_count > to->count)
		return put_set(delta, to);
	gone.prefixes = calloc(gone.prefix_count + 1, sizeof(*gone.prefixes));
	added.prefixes = calloc(added.prefix_count + 1, sizeof(*added.prefixes));
	if (!gone.prefixes || !added.prefixes) {
		release_change(&gone);
		release_change(&added);
		return -ENOMEM;
	}
	gone.prefix_count = 0;
	added.prefix_count = 0;
	memcpy(gone.id, to->id, sizeof(gone.id));
	memcpy(added.id, to->id, sizeof(added.id));
	walk_members(from, to, &gone, &added);
	r = keep_change(delta, &gone, gone.prefix_count == 0);
	if (r < 0) {
		release_change(&added);
		return r;
	}
	return keep_change(delta, &added, added.prefix_count == 0);
}

static int diff_sets(struct rw_policy_delta *delta, const struct rw_policy *from, const struct rw_policy *to)
{
	size_t i = 0;
	size_t j = 0;

	while (i < from->set_count || j < to->set_count) {
		int order = i == from->set_count ? 1
			    : j == to->set_count ? -1
						 : strcmp(from->sets[i]->id, to->sets[j]->id);
		int r = 0;

		if (order < 0)
			r = add_for(delta, RW_POLICY_REMOVE_SET, from->sets[i]->id) ? 0 : -ENOMEM;
		else if (order > 0)
			r = put_set(delta, to->sets[j]);
		else
			r = diff_set(delta, from->sets[i], to->sets[j]);
		if (r < 0)
			return r;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

/* ---- Everything else ---- */

static bool same_group_ids(const struct rw_policy *a, const struct rw_policy *b)
{
	if (a->group_count != b->group_count)
		return false;
	for (size_t i = 0; i < a->group_count; i++)
		if (a->groups[i] != b->groups[i] && strcmp(a->groups[i]->id, b->groups[i]->id) != 0)
			return false;
	return true;
}

static int diff_system(struct rw_policy_delta *delta, const struct rw_policy *from,
		       const struct rw_policy *to)
{
	struct rw_policy_change *change;

	if (same_group_ids(from, to) && rw_policy_same_system(from, to))
		return 0;
	change = rw_policy_delta_add(delta, RW_POLICY_PUT_SYSTEM);
	if (!change)
		return -ENOMEM;
	change->system = rw_policy_copy_system(to);
	return change->system ? 0 : -ENOMEM;
}

int rw_policy_diff(const struct rw_policy *from, const struct rw_policy *to,
		   struct rw_policy_delta **ret_delta, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	int r = delta ? 0 : -ENOMEM;

	if (r == 0 && from != to)
		r = diff_groups(delta, from, to);
	if (r == 0 && from != to)
		r = diff_sets(delta, from, to);
	if (r == 0 && from != to)
		r = diff_system(delta, from, to);
	if (r < 0)
		return rw_error_oom(err);
	*ret_delta = RW_TAKE_PTR(delta);
	return 0;
}
