/* SPDX-License-Identifier: Apache-2.0 */
#include "group/edit.h"

#include <stdio.h>
#include <string.h>

#include "group/default_rules.h"
#include "group/draft.h"
#include "group/fail.h"
#include "group/parts.h"
#include "group/validate.h"

/* ---- Bringing objects to their stored form ---- */

static int fill_text(char **text)
{
	if (!*text)
		*text = strdup("");
	return *text ? 0 : -ENOMEM;
}

static int normalise_network(struct rw_network *network)
{
	static const struct rw_prefix ten = {.address = {.family = 4, .bytes = {10}}, .bits = 8};

	if (network->kind == RW_NETWORK_CLASSIC && network->cidr_count == 0 && !network->is_public) {
		free(network->cidrs);
		network->cidrs = malloc(sizeof(ten));
		if (!network->cidrs)
			return -ENOMEM;
		network->cidrs[0] = ten;
		network->cidr_count = 1;
	}
	return fill_text(&network->name);
}

static int normalise_node(const struct rw_draft *draft, struct rw_node *node)
{
	const struct rw_network *network = rw_model_find_network(draft->model, node->network);

	for (size_t i = 0; network && network->kind == RW_NETWORK_VPC && i < node->interface_count; i++)
		node->interfaces[i].nic_type = RW_NIC_INTRANET;
	return fill_text(&node->name);
}

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

static int normalise_list(struct rw_prefix_list *list)
{
	size_t kept = 0;

	if (list->cidr_count > 1)
		qsort(list->cidrs, list->cidr_count, sizeof(*list->cidrs), compare_prefixes);
	for (size_t i = 0; i < list->cidr_count; i++)
		if (i == 0 || rw_prefix_compare(&list->cidrs[i], &list->cidrs[kept - 1]) != 0)
			list->cidrs[kept++] = list->cidrs[i];
	list->cidr_count = kept;
	return fill_text(&list->name) < 0 ? -ENOMEM : fill_text(&list->description);
}

static int normalise_group(struct rw_group *group)
{
	return fill_text(&group->name) < 0 ? -ENOMEM : fill_text(&group->description);
}

static int normalise(const struct rw_draft *draft, enum rw_kind kind, void *object, struct rw_error *err)
{
	int r = 0;

	switch (kind) {
	case RW_KIND_NETWORK:
		r = normalise_network(object);
		break;
	case RW_KIND_CLUSTER:
		r = fill_text(&((struct rw_cluster *)object)->name);
		break;
	case RW_KIND_NODE:
		r = normalise_node(draft, object);
		break;
	case RW_KIND_GROUP:
		r = normalise_group(object);
		break;
	case RW_KIND_PREFIX_LIST:
		r = normalise_list(object);
		break;
	case RW_KIND_LOAD_BALANCER:
		r = fill_text(&((struct rw_load_balancer *)object)->name);
		break;
	case RW_KIND_PROMISE:
		r = fill_text(&((struct rw_promise *)object)->reason);
		break;
	case RW_KIND_COUNT_:
		break;
	}
	return r < 0 ? rw_error_oom(err) : 0;
}

/* ---- Create ---- */

/* Now, unless whoever makes it knows better. */
static void stamp(const struct rw_draft *draft, enum rw_kind kind, void *object)
{
	if (rw_object_created(kind, object) == 0)
		rw_object_set_created(kind, object, draft->context.now_ms);
}

/* Gives the object an id, or checks that the one it has is free. */
static int settle_id(const struct rw_draft *draft, enum rw_kind kind, char id[RW_ID_SIZE],
		     struct rw_error *err)
{
	if (!id[0]) {
		rw_draft_make_id(draft, kind, id);
		return 0;
	}
	if (!rw_draft_find_id(draft->model, kind, id))
		return 0;
	return rw_group_fail(err, -EEXIST, "id", "Leave the id out to have one made.",
			     "%s %.47s exists already", rw_kind_name(kind), id);
}

/* A free-standing group: first the bare group, then its rules as if they were added. */
static int create_group(struct rw_draft *draft, struct rw_group *group, struct rw_error *err)
{
	struct rw_rule **rules = group->rules;
	size_t count = group->rule_count;
	struct rw_draft_mark mark;
	char id[RW_ID_SIZE];
	int r = 0;

	if (group->managed_by[0])
		r = rw_group_fail(err, -EPERM, "managed_by", "Leave it out; a cluster makes its own group.",
				  "a managed group is made with its cluster only");
	if (r == 0)
		r = rw_draft_mark(draft, &mark, err);
	if (r < 0) {
		(void)rw_group_unref(group);
		return r;
	}
	group->rules = NULL;
	group->rule_count = 0;
	memcpy(id, group->id, sizeof(id));
	r = rw_draft_check_and_put(draft, RW_KIND_GROUP, group, err);
	if (r == 0 && count > 0)
		r = rw_edit_set_rules(draft, id, rules, count, NULL, err);
	else
		for (size_t i = 0; i < count; i++)
			(void)rw_rule_unref(rules[i]);
	free(rules);
	return rw_draft_settle(draft, &mark, r);
}

int rw_edit_create(struct rw_draft *draft, enum rw_kind kind, void *object, const void **ret_object,
		   struct rw_error *err)
{
	char id[RW_ID_SIZE];
	int r;

	if (kind == RW_KIND_CLUSTER)
		return rw_edit_create_cluster(draft, object, NULL, (const struct rw_cluster **)ret_object,
					      err);
	/* The id lies at the same place in all kinds. */
	r = settle_id(draft, kind, ((struct rw_network *)object)->id, err);
	if (r == 0)
		r = normalise(draft, kind, object, err);
	if (r < 0) {
		(void)rw_object_unref(kind, object);
		return r;
	}
	stamp(draft, kind, object);
	memcpy(id, rw_object_id(kind, object), sizeof(id));
	r = kind == RW_KIND_GROUP ? create_group(draft, object, err)
				  : rw_draft_check_and_put(draft, kind, object, err);
	if (r == 0 && ret_object)
		*ret_object = rw_draft_find_id(draft->model, kind, id);
	return r;
}

/* The managed group of a cluster that has its id and group id already.  NULL: no memory, or no network. */
struct rw_group *rw_draft_make_managed_group(const struct rw_draft *draft, const struct rw_cluster *cluster,
					     const struct rw_network *network,
					     const struct rw_cluster_options *options)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = rw_group_new();
	const struct rw_default_rules wanted = {
		.network = network,
		.cluster = cluster,
		.ipv6 = options && options->ipv6,
		.ipv4_only = options && options->ipv4_only,
		.no_web = options && options->no_web,
		.now_ms = draft->context.now_ms,
		.author = draft->context.author,
		.random = draft->context.random,
	};
	char text[RW_ID_SIZE + 32];

	if (!group)
		return NULL;
	group->created_ms = draft->context.now_ms;
	memcpy(group->id, cluster->security_group, sizeof(group->id));
	memcpy(group->network, cluster->network, sizeof(group->network));
	memcpy(group->managed_by, cluster->id, sizeof(group->managed_by));
	group->kind = RW_GROUP_BASIC;
	group->inner_access = rw_default_inner_access(network, cluster->profile);
	(void)snprintf(text, sizeof(text), "cluster-%s", cluster->id);
	group->name = strdup(options && options->group_name ? options->group_name : text);
	(void)snprintf(text, sizeof(text), "security group of cluster %s", cluster->id);
	group->description =
		strdup(options && options->group_description ? options->group_description : text);
	if (!group->name || !group->description ||
	    rw_default_rules_make(&wanted, &group->rules, &group->rule_count, NULL) < 0)
		return NULL;
	return RW_TAKE_PTR(group);
}

/* Puts the cluster and its group, which refer to each other, and checks both then.  Takes both. */
static int put_pair(struct rw_draft *draft, struct rw_cluster *cluster, struct rw_group *group,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *kept_cluster = rw_cluster_ref(cluster);
	RW_CLEANUP(rw_group_unref) struct rw_group *kept_group = rw_group_ref(group);
	const struct rw_limits *limits = rw_draft_limits(draft);
	struct rw_draft_mark mark;
	int r = rw_draft_mark(draft, &mark, err);

	if (r < 0) {
		(void)rw_cluster_unref(cluster);
		(void)rw_group_unref(group);
		return r;
	}
	if (rw_model_count(draft->model, RW_KIND_CLUSTER) >= limits->clusters)
		r = rw_group_fail(err, -ENOSPC, "", "Delete some, or raise the limit.",
				  "there are %zu clusters already", limits->clusters);
	else if (rw_model_count(draft->model, RW_KIND_GROUP) >= limits->groups)
		r = rw_group_fail(err, -ENOSPC, "", "Delete some, or raise the limit.",
				  "there are %zu security groups already", limits->groups);
	if (r < 0) {
		(void)rw_cluster_unref(cluster);
		(void)rw_group_unref(group);
		return rw_draft_settle(draft, &mark, r);
	}
	r = rw_draft_put(draft, RW_KIND_GROUP, group, err);
	if (r == 0)
		r = rw_draft_put(draft, RW_KIND_CLUSTER, cluster, err);
	else
		(void)rw_cluster_unref(cluster);
	if (r == 0)
		r = rw_validate_in(draft->model, RW_KIND_CLUSTER, kept_cluster, limits, err);
	if (r == 0)
		r = rw_validate_object(RW_KIND_GROUP, kept_group, limits, err);
	if (r == 0)
		r = rw_validate_in(draft->model, RW_KIND_GROUP, kept_group, limits, err);
	return rw_draft_settle(draft, &mark, r);
}

int rw_edit_create_cluster(struct rw_draft *draft, struct rw_cluster *taken,
			   const struct rw_cluster_options *options, const struct rw_cluster **ret_cluster,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *cluster = taken;
	const struct rw_network *network;
	struct rw_group *group;
	char id[RW_ID_SIZE];
	int r = settle_id(draft, RW_KIND_CLUSTER, cluster->id, err);

	if (r == 0)
		r = normalise(draft, RW_KIND_CLUSTER, cluster, err);
	if (r == 0 && cluster->security_group[0] &&
	    rw_draft_find_id(draft->model, RW_KIND_GROUP, cluster->security_group))
		r = rw_group_fail(err, -EEXIST, "security_group", "Leave it out to have one made.",
				  "security group %s exists already", cluster->security_group);
	if (r < 0)
		return r;
	stamp(draft, RW_KIND_CLUSTER, cluster);
	if (!cluster->security_group[0])
		rw_draft_make_id(draft, RW_KIND_GROUP, cluster->security_group);
	r = rw_validate_object(RW_KIND_CLUSTER, cluster, rw_draft_limits(draft), err);
	if (r < 0)
		return r;
	network = rw_draft_find_id(draft->model, RW_KIND_NETWORK, cluster->network);
	if (!network)
		return rw_group_fail(err, -EINVAL, "network", "Create it first, or name another.",
				     "there is no network %s", cluster->network);
	group = rw_draft_make_managed_group(draft, cluster, network, options);
	if (!group)
		return rw_error_oom(err);
	memcpy(id, cluster->id, sizeof(id));
	r = put_pair(draft, RW_TAKE_PTR(cluster), group, err);
	if (r == 0 && ret_cluster)
		*ret_cluster = rw_draft_find_id(draft->model, RW_KIND_CLUSTER, id);
	return r;
}

/* ---- Update ---- */

static int fixed(const char *field, const char *what, struct rw_error *err)
{
	return rw_group_fail(err, -EINVAL, field, "Leave it as it is, or create another.",
			     "%s does not change", what);
}

static int check_network_change(const struct rw_network *before, const struct rw_network *after,
				struct rw_error *err)
{
	if (before->kind != after->kind)
		return fixed("kind", "the kind of a network", err);
	for (size_t i = 0; i < before->cidr_count; i++) {
		char text[RW_PREFIX_TEXT_SIZE];
		bool covered = false;

		for (size_t j = 0; j < after->cidr_count; j++)
			covered |= rw_prefix_covers(&after->cidrs[j], &before->cidrs[i]);
		if (covered)
			continue;
		rw_prefix_format(&before->cidrs[i], text);
		return rw_group_fail(err, -EINVAL, "cidrs", "Keep it, or a CIDR that covers it.",
				     "a network may grow, not lose %s", text);
	}
	return 0;
}

static int check_cluster_change(const struct rw_cluster *before, const struct rw_cluster *after,
				struct rw_error *err)
{
	if (strcmp(before->network, after->network) != 0)
		return fixed("network", "the network of a cluster", err);
	if (before->type != after->type)
		return fixed("type", "the type of a cluster", err);
	if (before->profile != after->profile)
		return fixed("profile", "the profile of a cluster", err);
	if (strcmp(before->security_group, after->security_group) != 0)
		return fixed("security_group", "the group of a cluster", err);
	return 0;
}

static int check_group_change(const struct rw_group *before, const struct rw_group *after,
			      struct rw_error *err)
{
	if (strcmp(before->network, after->network) != 0)
		return fixed("network", "the network of a group", err);
	if (before->kind != after->kind)
		return fixed("kind", "the kind of a group", err);
	if (strcmp(before->managed_by, after->managed_by) != 0)
		return fixed("managed_by", "the owner of a group", err);
	return 0;
}

static int check_change(enum rw_kind kind, const void *before, const void *after, struct rw_error *err)
{
	const struct rw_node *node = before;
	const struct rw_promise *promise = before;

	switch (kind) {
	case RW_KIND_NETWORK:
		return check_network_change(before, after, err);
	case RW_KIND_CLUSTER:
		return check_cluster_change(before, after, err);
	case RW_KIND_GROUP:
		return check_group_change(before, after, err);
	case RW_KIND_NODE:
		if (strcmp(node->network, ((const struct rw_node *)after)->network) != 0)
			return fixed("network", "the network of a node", err);
		return 0;
	case RW_KIND_PROMISE:
		if (strcmp(promise->network, ((const struct rw_promise *)after)->network) != 0)
			return fixed("network", "the network of a promise", err);
		return 0;
	case RW_KIND_PREFIX_LIST:
	case RW_KIND_LOAD_BALANCER:
	case RW_KIND_COUNT_:
		break;
	}
	return 0;
}

/* The rules of the group as it stands take the place of those in 'group'. */
static int keep_rules(struct rw_group *group, const struct rw_group *current)
{
	struct rw_rule **rules = NULL;

	if (current->rule_count > 0) {
		rules = calloc(current->rule_count, sizeof(struct rw_rule *));
		if (!rules)
			return -ENOMEM;
	}
	for (size_t i = 0; i < current->rule_count; i++)
		rules[i] = rw_rule_ref(current->rules[i]);
	for (size_t i = 0; i < group->rule_count; i++)
		(void)rw_rule_unref(group->rules[i]);
	free(group->rules);
	group->rules = rules;
	group->rule_count = current->rule_count;
	return 0;
}

/* What described an entry goes with it, so that whoever gives a list other CIDRs need not think of it. */
static void drop_descriptions(struct rw_prefix_list *list, const struct rw_prefix_list *current)
{
	for (size_t i = 0; i < current->entry_descriptions.count; i++) {
		const struct rw_tag *old = &current->entry_descriptions.list[i];
		const char *text = rw_tags_find(&list->entry_descriptions, old->key);

		if (text && strcmp(text, old->value) == 0 && !rw_prefix_list_has(list, old->key))
			(void)rw_tags_remove(&list->entry_descriptions, old->key);
	}
}

int rw_edit_update(struct rw_draft *draft, enum rw_kind kind, void *object, const void **ret_object,
		   struct rw_error *err)
{
	const void *current = rw_draft_find_id(draft->model, kind, rw_object_id(kind, object));
	char id[RW_ID_SIZE];
	int r = current ? 0 : rw_draft_no_such(kind, rw_object_id(kind, object), err);

	if (r == 0)
		r = check_change(kind, current, object, err);
	if (r == 0)
		r = normalise(draft, kind, object, err);
	if (r == 0)
		rw_object_set_created(kind, object, rw_object_created(kind, current));
	if (r == 0 && kind == RW_KIND_PREFIX_LIST)
		drop_descriptions(object, current);
	if (r == 0 && kind == RW_KIND_GROUP && keep_rules(object, current) < 0)
		r = rw_error_oom(err);
	if (r < 0 || rw_object_equal(kind, current, object)) {
		(void)rw_object_unref(kind, object);
		if (r == 0 && ret_object)
			*ret_object = current;
		return r;
	}
	memcpy(id, rw_object_id(kind, object), sizeof(id));
	r = rw_draft_check_and_put(draft, kind, object, err);
	if (r == 0 && ret_object)
		*ret_object = rw_draft_find_id(draft->model, kind, id);
	return r;
}

int rw_edit_set_inner_access(struct rw_draft *draft, const char *group, enum rw_verdict inner_access,
			     struct rw_error *err)
{
	const struct rw_group *current = rw_model_find_group(draft->model, group);
	struct rw_group *changed;

	if (!current)
		return rw_draft_no_such(RW_KIND_GROUP, group, err);
	changed = rw_group_dup(current);
	if (!changed)
		return rw_error_oom(err);
	changed->inner_access = inner_access;
	return rw_edit_update(draft, RW_KIND_GROUP, changed, NULL, err);
}

/* ---- Delete ---- */

static int delete_nodes(struct rw_draft *draft, const char *cluster, struct rw_error *err)
{
	for (size_t i = rw_model_count(draft->model, RW_KIND_NODE); i-- > 0;) {
		const struct rw_node *node = rw_model_at(draft->model, RW_KIND_NODE, i);
		int r = 0;

		if (strcmp(node->cluster, cluster) == 0)
			r = rw_draft_remove(draft, RW_KIND_NODE, node->id, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int delete_cluster(struct rw_draft *draft, const struct rw_cluster *cluster, bool with_nodes,
			  struct rw_error *err)
{
	struct rw_draft_mark mark;
	char group[RW_ID_SIZE];
	char id[RW_ID_SIZE];
	int r = rw_draft_mark(draft, &mark, err);

	if (r < 0)
		return r;
	memcpy(id, cluster->id, sizeof(id));
	memcpy(group, cluster->security_group, sizeof(group));
	if (with_nodes)
		r = delete_nodes(draft, id, err);
	if (r == 0)
		r = rw_draft_check_unused(draft, RW_KIND_CLUSTER, id, err);
	if (r == 0)
		r = rw_draft_check_unused(draft, RW_KIND_GROUP, group, err);
	if (r == 0)
		r = rw_draft_remove(draft, RW_KIND_CLUSTER, id, err);
	if (r == 0)
		r = rw_draft_remove(draft, RW_KIND_GROUP, group, err);
	return rw_draft_settle(draft, &mark, r);
}

int rw_edit_delete(struct rw_draft *draft, enum rw_kind kind, const char *reference, bool with_nodes,
		   struct rw_error *err)
{
	const void *object = rw_model_find(draft->model, kind, reference);
	int r;

	if (!object)
		return rw_draft_no_such(kind, reference, err);
	if (kind == RW_KIND_CLUSTER)
		return delete_cluster(draft, object, with_nodes, err);
	if (kind == RW_KIND_GROUP && ((const struct rw_group *)object)->managed_by[0])
		return rw_group_fail(err, -EPERM, "", "Delete the cluster; its group goes with it.",
				     "security group %s belongs to cluster %s", rw_object_id(kind, object),
				     ((const struct rw_group *)object)->managed_by);
	r = rw_draft_check_unused(draft, kind, rw_object_id(kind, object), err);
	return r < 0 ? r : rw_draft_remove(draft, kind, rw_object_id(kind, object), err);
}
