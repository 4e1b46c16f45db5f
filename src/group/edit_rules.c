/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "group/draft.h"
#include "group/fail.h"
#include "group/validate.h"

static int check_call(const struct rw_draft *draft, size_t count, const char *field, struct rw_error *err)
{
	size_t most = rw_draft_limits(draft)->rules_per_call;

	if (count == 0)
		return rw_group_fail(err, -EINVAL, field, "Give at least one.", "nothing to do");
	if (count > most)
		return rw_group_fail(err, -ENOSPC, field, "Split the request.", "more than %zu at once",
				     most);
	return 0;
}

static void unref_rules(struct rw_rule **rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)rw_rule_unref(rules[i]);
}

static struct rw_rule *find_meaning(const struct rw_group *group, const struct rw_rule *rule)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (rw_rule_compare_meaning(group->rules[i], rule) == 0)
			return group->rules[i];
	return NULL;
}

static int compare_id(const void *key, const void *element)
{
	const struct rw_rule *const *rule = element;

	return strcmp(key, (*rule)->id);
}

/* Where a rule of that id stands in the group, or belongs. */
static size_t place_of(const struct rw_group *group, const char *id)
{
	return rw_array_place(group->rules, group->rule_count, sizeof(struct rw_rule *), id, compare_id);
}

/* The index of the rule of that id; rule_count when there is none. */
static size_t find_id(const struct rw_group *group, const char *id)
{
	size_t place = place_of(group, id);

	return place < group->rule_count && strcmp(group->rules[place]->id, id) == 0 ? place
										     : group->rule_count;
}

/* Puts a rule (taken) where it belongs; the group has room. */
static void insert(struct rw_group *group, struct rw_rule *rule)
{
	size_t place = place_of(group, rule->id);

	memmove(group->rules + place + 1, group->rules + place,
		(group->rule_count - place) * sizeof(struct rw_rule *));
	group->rules[place] = rule;
	group->rule_count++;
}

/* Takes the rule at 'index' out. */
static void drop(struct rw_group *group, size_t index)
{
	(void)rw_rule_unref(group->rules[index]);
	group->rule_count--;
	memmove(group->rules + index, group->rules + index + 1,
		(group->rule_count - index) * sizeof(struct rw_rule *));
}

static bool id_is_taken(const struct rw_draft *draft, const struct rw_group *changed, const char *id)
{
	if (find_id(changed, id) < changed->rule_count)
		return true;
	for (size_t i = 0; i < rw_model_count(draft->model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(draft->model, RW_KIND_GROUP, i);

		if (strcmp(group->id, changed->id) != 0 && find_id(group, id) < group->rule_count)
			return true;
	}
	return false;
}

/* Gives the rule an id, or checks that the one it has is free. */
static int settle_id(const struct rw_draft *draft, const struct rw_group *group, struct rw_rule *rule,
		     struct rw_error *err)
{
	if (rule->id[0]) {
		if (!id_is_taken(draft, group, rule->id))
			return 0;
		return rw_group_fail(err, -EEXIST, "id", "Leave the id out to have one made.",
				     "%s is another rule's", rule->id);
	}
	/* Sixteen random digits: only those of this group are worth asking. */
	do
		rw_random_id(draft->context.random, "sgr-", 16, rule->id, sizeof(rule->id));
	while (find_id(group, rule->id) < group->rule_count);
	return 0;
}

/* Fills in what the request left open and checks the rule as one of 'group'. */
static int prepare(const struct rw_draft *draft, const struct rw_group *group, struct rw_rule *rule,
		   struct rw_error *err)
{
	const struct rw_network *network = rw_model_find_network(draft->model, group->network);
	int r = rw_rule_normalise(rule, network ? network->kind : RW_NETWORK_VPC, err);

	if (r == 0)
		r = rw_validate_rule(rule, rw_draft_limits(draft), err);
	if (r == 0)
		r = rw_validate_rule_in(draft->model, group, rule, err);
	return r;
}

static int stamp(const struct rw_draft *draft, struct rw_rule *rule, struct rw_error *err)
{
	if (rule->created_ms == 0)
		rule->created_ms = draft->context.now_ms;
	if (rule->author[0] || !draft->context.author)
		return 0;
	free(rule->author);
	rule->author = strdup(draft->context.author);
	return rule->author ? 0 : rw_error_oom(err);
}

static void note(struct rw_rule_outcome *outcome, enum rw_rule_fate fate, const char *id)
{
	if (!outcome)
		return;
	outcome->fate = fate;
	memset(outcome->id, 0, sizeof(outcome->id));
	memcpy(outcome->id, id, strnlen(id, sizeof(outcome->id) - 1));
}

/* Adds one rule (borrowed; a private copy is kept) unless its meaning is there; the group has room. */
static int add_one(const struct rw_draft *draft, struct rw_group *group, const struct rw_rule *wanted,
		   struct rw_rule_outcome *outcome, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_dup(wanted);
	const struct rw_rule *same;
	int r;

	if (!rule)
		return rw_error_oom(err);
	r = prepare(draft, group, rule, err);
	if (r < 0)
		return r;
	same = find_meaning(group, rule);
	if (same) {
		note(outcome, RW_RULE_EXISTED, same->id);
		return 0;
	}
	r = settle_id(draft, group, rule, err);
	if (r == 0)
		r = stamp(draft, rule, err);
	if (r < 0)
		return r;
	note(outcome, RW_RULE_ADDED, rule->id);
	insert(group, RW_TAKE_PTR(rule));
	return 0;
}

/* Puts a group whose rules changed (taken); they were checked one by one. */
static int put_rules(struct rw_draft *draft, struct rw_group *group, struct rw_error *err)
{
	const struct rw_group *current = rw_model_find_group(draft->model, group->id);
	int r;

	if (current && rw_object_equal(RW_KIND_GROUP, current, group)) {
		(void)rw_group_unref(group);
		return 0;
	}
	r = rw_validate_rule_counts(draft->model, group, rw_draft_limits(draft), err);
	if (r < 0) {
		(void)rw_group_unref(group);
		return r;
	}
	return rw_draft_put(draft, RW_KIND_GROUP, group, err);
}

/* A private copy of the group with room for 'more' further rules, or NULL with 'err' filled. */
static struct rw_group *open_group(const struct rw_draft *draft, const char *reference, size_t more,
				   int *ret_r, struct rw_error *err)
{
	const struct rw_group *current = rw_model_find_group(draft->model, reference);
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	struct rw_rule **rules;

	if (!current) {
		*ret_r = rw_draft_no_such(RW_KIND_GROUP, reference, err);
		return NULL;
	}
	*ret_r = -ENOMEM;
	group = rw_group_dup(current);
	rules = group ? reallocarray(group->rules, group->rule_count + more + 1, sizeof(struct rw_rule *))
		      : NULL;
	if (!rules) {
		(void)rw_error_oom(err);
		return NULL;
	}
	group->rules = rules;
	*ret_r = 0;
	return RW_TAKE_PTR(group);
}

int rw_edit_add_rules(struct rw_draft *draft, const char *reference, struct rw_rule **rules, size_t count,
		      struct rw_rule_outcome *ret_outcomes, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	int r = check_call(draft, count, "rules", err);

	if (r == 0)
		group = open_group(draft, reference, count, &r, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = add_one(draft, group, rules[i], ret_outcomes ? &ret_outcomes[i] : NULL, err);
		if (r < 0)
			(void)rw_error_field_prefix(err, "rules[%zu]", i);
	}
	unref_rules(rules, count);
	return r < 0 ? r : put_rules(draft, RW_TAKE_PTR(group), err);
}

int rw_edit_revoke_rules(struct rw_draft *draft, const char *reference, const char *const *ids, size_t count,
			 struct rw_rule_outcome *ret_outcomes, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	int r = check_call(draft, count, "rule_ids", err);

	if (r == 0)
		group = open_group(draft, reference, 0, &r, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		size_t index = find_id(group, ids[i]);
		bool found = index < group->rule_count;

		note(ret_outcomes ? &ret_outcomes[i] : NULL, found ? RW_RULE_REVOKED : RW_RULE_MISSING,
		     ids[i]);
		if (found)
			drop(group, index);
	}
	return put_rules(draft, RW_TAKE_PTR(group), err);
}

int rw_edit_revoke_matching(struct rw_draft *draft, const char *reference, const struct rw_rule *const *rules,
			    size_t count, struct rw_rule_outcome *ret_outcomes, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	int r = check_call(draft, count, "rules", err);

	if (r == 0)
		group = open_group(draft, reference, 0, &r, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		RW_CLEANUP(rw_rule_unref) struct rw_rule *wanted = rw_rule_dup(rules[i]);
		struct rw_rule *found;

		if (!wanted)
			return rw_error_oom(err);
		r = prepare(draft, group, wanted, err);
		if (r < 0)
			return rw_error_field_prefix(err, "rules[%zu]", i), r;
		found = find_meaning(group, wanted);
		note(ret_outcomes ? &ret_outcomes[i] : NULL, found ? RW_RULE_REVOKED : RW_RULE_MISSING,
		     found ? found->id : "");
		if (found)
			drop(group, find_id(group, found->id));
	}
	return r < 0 ? r : put_rules(draft, RW_TAKE_PTR(group), err);
}

/* Puts 'rule' (a private copy) in place of the one at 'index'. */
static int replace(struct rw_draft *draft, struct rw_group *group, size_t index, struct rw_rule *rule,
		   struct rw_error *err)
{
	const struct rw_rule *before = group->rules[index];
	const struct rw_rule *same;
	char *author = strdup(before->author ? before->author : "");
	int r;

	if (!author) {
		(void)rw_rule_unref(rule);
		return rw_error_oom(err);
	}
	free(rule->author);
	rule->author = author;
	rule->created_ms = before->created_ms;
	r = prepare(draft, group, rule, err);
	same = r == 0 ? find_meaning(group, rule) : NULL;
	if (same && same != before)
		r = rw_group_fail(err, -EEXIST, "", "Delete one of them.", "rule %s already says the same",
				  same->id);
	if (r < 0) {
		(void)rw_rule_unref(rule);
		return r;
	}
	(void)rw_rule_unref(group->rules[index]);
	group->rules[index] = rule;
	return 0;
}

int rw_edit_modify_rule(struct rw_draft *draft, const char *reference, struct rw_rule *rule,
			struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	struct rw_rule *private = NULL;
	size_t index = 0;
	int r = 0;

	group = open_group(draft, reference, 0, &r, err);
	if (group) {
		index = find_id(group, rule->id);
		if (index == group->rule_count)
			r = rw_group_fail(err, -ENOENT, "", "List the rules of the group.",
					  "security group %s has no rule %.47s", group->id, rule->id);
	}
	if (r == 0) {
		private = rw_rule_dup(rule);
		r = private ? replace(draft, group, index, private, err) : rw_error_oom(err);
	}
	(void)rw_rule_unref(rule);
	return r < 0 ? r : put_rules(draft, RW_TAKE_PTR(group), err);
}

/* Sets of rules while one takes the place of another. */
struct replacement {
	const struct rw_group *before;
	struct rw_group *group; /* private; has room */
};

/* Keeps the rule of before that means what 'wanted' means, with its id, time and author.  1 when there was one. */
static int keep_one(const struct rw_draft *draft, const struct replacement *replacement,
		    const struct rw_rule *wanted, struct rw_rule_outcome *outcome, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_dup(wanted);
	struct rw_rule *kept;
	int r;

	if (!rule)
		return rw_error_oom(err);
	r = prepare(draft, replacement->group, rule, err);
	if (r < 0)
		return r;
	kept = find_meaning(replacement->before, rule);
	if (!kept)
		return 0;
	if (find_id(replacement->group, kept->id) == replacement->group->rule_count)
		insert(replacement->group, rw_rule_ref(kept));
	note(outcome, RW_RULE_EXISTED, kept->id);
	return 1;
}

/* Whether the rule of before that has this id is kept, so that no other rule can have it. */
static bool is_kept(const struct replacement *replacement, const char *id)
{
	size_t old = find_id(replacement->before, id);
	size_t new = find_id(replacement->group, id);

	return id[0] && old < replacement->before->rule_count && new < replacement->group->rule_count &&
	       replacement->before->rules[old] == replacement->group->rules[new];
}

/* Adds what was not there before.  A rule that still means what it did keeps its id: this one gets another. */
static int add_another(const struct rw_draft *draft, const struct replacement *replacement,
		       const struct rw_rule *wanted, struct rw_rule_outcome *outcome, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_dup(wanted);

	if (!rule)
		return rw_error_oom(err);
	if (is_kept(replacement, rule->id))
		memset(rule->id, 0, sizeof(rule->id));
	return add_one(draft, replacement->group, rule, outcome, err);
}

/* First all that stays, whatever its place in the list: ids belong to meanings. */
static int replace_all(const struct rw_draft *draft, const struct replacement *replacement,
		       struct rw_rule **rules, size_t count, struct rw_rule_outcome *ret_outcomes,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_free) bool *is_done = calloc(count + 1, sizeof(*is_done));

	if (!is_done)
		return rw_error_oom(err);
	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			struct rw_rule_outcome *outcome = ret_outcomes ? &ret_outcomes[i] : NULL;
			int r = is_done[i] ? 0
				: pass     ? add_another(draft, replacement, rules[i], outcome, err)
					   : keep_one(draft, replacement, rules[i], outcome, err);

			if (r < 0)
				return rw_error_field_prefix(err, "rules[%zu]", i), r;
			is_done[i] |= r > 0;
		}
	}
	return 0;
}

int rw_edit_set_rules(struct rw_draft *draft, const char *reference, struct rw_rule **rules, size_t count,
		      struct rw_rule_outcome *ret_outcomes, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = NULL;
	RW_CLEANUP(rw_group_unref) struct rw_group *before = NULL;
	int r = 0;

	if (count > rw_draft_limits(draft)->rules_per_group)
		r = rw_group_fail(err, -ENOSPC, "rules", "Join rules by wider ranges or prefix lists.",
				  "more than %zu rules in one group",
				  rw_draft_limits(draft)->rules_per_group);
	if (r == 0)
		before = open_group(draft, reference, 0, &r, err);
	if (r == 0)
		group = open_group(draft, reference, count, &r, err);
	if (group) {
		unref_rules(group->rules, group->rule_count);
		group->rule_count = 0;
		r = replace_all(draft, &(struct replacement){before, group}, rules, count, ret_outcomes, err);
	}
	unref_rules(rules, count);
	return r < 0 ? r : put_rules(draft, RW_TAKE_PTR(group), err);
}
