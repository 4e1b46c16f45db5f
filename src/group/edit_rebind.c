/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "group/draft.h"
#include "group/edit.h"
#include "group/fail.h"
#include "group/validate.h"

/* From the old group to the new one. */
struct rebinding {
	struct rw_draft *draft;
	char from[RW_ID_SIZE];
	char to[RW_ID_SIZE];
	struct rw_error *err;
};

static bool means(const struct rebinding *rebinding, const struct rw_object *object)
{
	return object->kind == RW_OBJECT_GROUP && strcmp(object->id, rebinding->from) == 0;
}

static bool names_old(const struct rebinding *rebinding, const struct rw_group *group)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (means(rebinding, &group->rules[i]->object))
			return true;
	return false;
}

/* The rules keep their ids; only whom they mean changes its id. */
static int rename_in_group(const struct rebinding *rebinding, const struct rw_group *group)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *changed = NULL;

	if (strcmp(group->id, rebinding->from) == 0 || !names_old(rebinding, group))
		return 0;
	changed = rw_group_dup(group);
	if (!changed)
		return rw_error_oom(rebinding->err);
	for (size_t i = 0; i < changed->rule_count; i++) {
		struct rw_rule *rule;

		if (!means(rebinding, &changed->rules[i]->object))
			continue;
		rule = rw_rule_dup(changed->rules[i]);
		if (!rule)
			return rw_error_oom(rebinding->err);
		memcpy(rule->object.id, rebinding->to, RW_ID_SIZE);
		rw_rule_unref(changed->rules[i]);
		changed->rules[i] = rule;
	}
	return rw_draft_put(rebinding->draft, RW_KIND_GROUP, RW_TAKE_PTR(changed), rebinding->err);
}

static int rename_in_balancer(const struct rebinding *rebinding, const struct rw_load_balancer *balancer)
{
	struct rw_load_balancer *changed;

	if (strcmp(balancer->source_group, rebinding->from) != 0)
		return 0;
	changed = rw_load_balancer_dup(balancer);
	if (!changed)
		return rw_error_oom(rebinding->err);
	memcpy(changed->source_group, rebinding->to, RW_ID_SIZE);
	return rw_draft_put(rebinding->draft, RW_KIND_LOAD_BALANCER, changed, rebinding->err);
}

static int rename_in_promise(const struct rebinding *rebinding, const struct rw_promise *promise)
{
	struct rw_promise *changed;

	if (!means(rebinding, &promise->from) && !means(rebinding, &promise->to))
		return 0;
	changed = rw_promise_dup(promise);
	if (!changed)
		return rw_error_oom(rebinding->err);
	if (means(rebinding, &changed->from))
		memcpy(changed->from.id, rebinding->to, RW_ID_SIZE);
	if (means(rebinding, &changed->to))
		memcpy(changed->to.id, rebinding->to, RW_ID_SIZE);
	return rw_draft_put(rebinding->draft, RW_KIND_PROMISE, changed, rebinding->err);
}

/* Puts keep ids, so that each table can be walked by index meanwhile. */
static int rename_everywhere(const struct rebinding *rebinding)
{
	const struct rw_draft *draft = rebinding->draft;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(draft->model, RW_KIND_GROUP); i++)
		r = rename_in_group(rebinding, rw_model_at(draft->model, RW_KIND_GROUP, i));
	for (size_t i = 0; r == 0 && i < rw_model_count(draft->model, RW_KIND_LOAD_BALANCER); i++)
		r = rename_in_balancer(rebinding, rw_model_at(draft->model, RW_KIND_LOAD_BALANCER, i));
	for (size_t i = 0; r == 0 && i < rw_model_count(draft->model, RW_KIND_PROMISE); i++)
		r = rename_in_promise(rebinding, rw_model_at(draft->model, RW_KIND_PROMISE, i));
	return r;
}

/* Puts the new pair in place of the old one.  Takes both. */
static int put_pair(const struct rebinding *rebinding, struct rw_cluster *cluster, struct rw_group *group)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *taken_cluster = cluster;
	RW_CLEANUP(rw_group_unref) struct rw_group *taken_group = group;
	struct rw_draft *draft = rebinding->draft;
	/* Its name becomes the new one's. */
	int r = rw_draft_remove(draft, RW_KIND_GROUP, rebinding->from, rebinding->err);

	if (r == 0)
		r = rw_draft_put(draft, RW_KIND_GROUP, RW_TAKE_PTR(taken_group), rebinding->err);
	if (r == 0)
		r = rw_draft_put(draft, RW_KIND_CLUSTER, RW_TAKE_PTR(taken_cluster), rebinding->err);
	return r;
}

static int validate(const struct rebinding *rebinding)
{
	const struct rw_model *model = rebinding->draft->model;
	const struct rw_limits *limits = rw_draft_limits(rebinding->draft);
	const struct rw_group *group = rw_draft_find_id(model, RW_KIND_GROUP, rebinding->to);
	int r = rw_validate_object(RW_KIND_GROUP, group, limits, rebinding->err);

	return r < 0 ? r : rw_validate_in(model, RW_KIND_GROUP, group, limits, rebinding->err);
}

/* A loose cluster, too, gets the reinforced rules. */
static int make_pair(const struct rebinding *rebinding, const struct rw_cluster *cluster,
		     const struct rw_cluster_options *options, struct rw_cluster **ret_cluster,
		     struct rw_group **ret_group)
{
	const struct rw_network *network =
		rw_draft_find_id(rebinding->draft->model, RW_KIND_NETWORK, cluster->network);
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *changed = rw_cluster_dup(cluster);
	const struct rw_group *old =
		rw_draft_find_id(rebinding->draft->model, RW_KIND_GROUP, cluster->security_group);
	enum rw_profile profile = cluster->profile;

	if (!changed)
		return rw_error_oom(rebinding->err);
	memcpy(changed->security_group, rebinding->to, RW_ID_SIZE);
	if (profile == RW_PROFILE_LOOSE)
		changed->profile = RW_PROFILE_STANDARD;
	*ret_group = rw_draft_make_managed_group(rebinding->draft, changed, network, options);
	if (!*ret_group)
		return rw_error_oom(rebinding->err);
	/* Tags say what the group is for, which stays. */
	if (!rw_tags_copy(&(*ret_group)->tags, &old->tags)) {
		*ret_group = rw_group_unref(*ret_group);
		return rw_error_oom(rebinding->err);
	}
	changed->profile = profile;
	*ret_cluster = RW_TAKE_PTR(changed);
	return 0;
}

int rw_edit_rebind_cluster(struct rw_draft *draft, const char *reference,
			   const struct rw_cluster_options *options, struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(draft->model, reference);
	struct rebinding rebinding = {.draft = draft, .err = err};
	struct rw_cluster *changed = NULL;
	struct rw_group *group = NULL;
	struct rw_draft_mark mark;
	int r;

	if (!cluster)
		return rw_draft_no_such(RW_KIND_CLUSTER, reference, err);
	memcpy(rebinding.from, cluster->security_group, RW_ID_SIZE);
	rw_draft_make_id(draft, RW_KIND_GROUP, rebinding.to);
	r = make_pair(&rebinding, cluster, options, &changed, &group);
	if (r < 0)
		return r;
	r = rw_draft_mark(draft, &mark, err);
	if (r < 0) {
		rw_cluster_unref(changed);
		rw_group_unref(group);
		return r;
	}
	r = rename_everywhere(&rebinding);
	if (r == 0) {
		r = put_pair(&rebinding, changed, group);
	} else {
		rw_cluster_unref(changed);
		rw_group_unref(group);
	}
	if (r == 0)
		r = validate(&rebinding);
	return rw_draft_settle(draft, &mark, r);
}

/* ---- a group that is there already ---- */

static bool holds(char (*const groups)[RW_ID_SIZE], size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(groups[i], id) == 0)
			return true;
	return false;
}

static int check_no_members(const struct rebinding *rebinding)
{
	const struct rw_model *model = rebinding->draft->model;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);
		bool is_member = holds(node->security_groups, node->security_group_count, rebinding->to);

		for (size_t j = 0; j < node->interface_count; j++)
			is_member |= holds(node->interfaces[j].security_groups,
					   node->interfaces[j].security_group_count, rebinding->to);
		if (is_member)
			return rw_group_fail(rebinding->err, -EBUSY, "security_group",
					     "Take its nodes out, or use another group.",
					     "node %s is in security group %s by itself", node->id,
					     rebinding->to);
	}
	return 0;
}

static int check_adoptable(const struct rebinding *rebinding, const struct rw_cluster *cluster,
			   const struct rw_group *group)
{
	if (group->managed_by[0])
		return rw_group_fail(rebinding->err, -EINVAL, "security_group", "Use a free-standing group.",
				     "security group %s is cluster %s's", group->id, group->managed_by);
	if (strcmp(group->network, cluster->network) != 0)
		return rw_group_fail(rebinding->err, -EINVAL, "security_group",
				     "Use a group of the cluster's network.",
				     "security group %s is of another network", group->id);
	if (group->kind != RW_GROUP_BASIC)
		return rw_group_fail(rebinding->err, -EINVAL, "security_group", "Use a basic group.",
				     "security group %s is an enterprise group", group->id);
	if (names_old(rebinding, group))
		return rw_group_fail(rebinding->err, -EINVAL, "security_group",
				     "Revoke those rules; members reach each other by inner access.",
				     "security group %s has rules with the cluster's group as object",
				     group->id);
	return check_no_members(rebinding);
}

static int put_owner(const struct rebinding *rebinding, const char *id, const char *owner)
{
	const struct rw_group *group = rw_draft_find_id(rebinding->draft->model, RW_KIND_GROUP, id);
	struct rw_group *changed = rw_group_dup(group);

	if (!changed)
		return rw_error_oom(rebinding->err);
	memset(changed->managed_by, 0, sizeof(changed->managed_by));
	memcpy(changed->managed_by, owner, strlen(owner));
	return rw_draft_put(rebinding->draft, RW_KIND_GROUP, changed, rebinding->err);
}

static int swap_groups(const struct rebinding *rebinding, const struct rw_cluster *cluster)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *changed = rw_cluster_dup(cluster);
	int r = changed ? 0 : rw_error_oom(rebinding->err);

	if (r == 0)
		r = rename_everywhere(rebinding);
	if (r == 0)
		r = put_owner(rebinding, rebinding->from, "");
	if (r == 0)
		r = put_owner(rebinding, rebinding->to, changed->id);
	if (r < 0)
		return r;
	memcpy(changed->security_group, rebinding->to, RW_ID_SIZE);
	r = rw_draft_put(rebinding->draft, RW_KIND_CLUSTER, RW_TAKE_PTR(changed), rebinding->err);
	return r < 0 ? r : validate(rebinding);
}

int rw_edit_adopt_group(struct rw_draft *draft, const char *cluster_reference, const char *reference,
			struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(draft->model, cluster_reference);
	const struct rw_group *group = rw_model_find_group(draft->model, reference);
	struct rebinding rebinding = {.draft = draft, .err = err};
	struct rw_draft_mark mark;
	int r;

	if (!cluster)
		return rw_draft_no_such(RW_KIND_CLUSTER, cluster_reference, err);
	if (!group)
		return rw_draft_no_such(RW_KIND_GROUP, reference, err);
	if (strcmp(cluster->security_group, group->id) == 0)
		return 0;
	memcpy(rebinding.from, cluster->security_group, RW_ID_SIZE);
	memcpy(rebinding.to, group->id, RW_ID_SIZE);
	r = check_adoptable(&rebinding, cluster, group);
	if (r == 0)
		r = rw_draft_mark(draft, &mark, err);
	return r < 0 ? r : rw_draft_settle(draft, &mark, swap_groups(&rebinding, cluster));
}
