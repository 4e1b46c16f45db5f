/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "group/draft.h"
#include "group/fail.h"

/* Appends; a full vector is no failure. */
static int push(struct rw_vec *referrers, enum rw_kind kind, const char *id, const char *rule)
{
	struct rw_referrer *referrer;
	int r = rw_vec_push(referrers, &referrer);

	if (r == -E2BIG)
		return 0;
	if (r < 0)
		return r;
	referrer->kind = kind;
	memcpy(referrer->id, id, RW_ID_SIZE);
	if (rule)
		memcpy(referrer->rule, rule, RW_ID_SIZE);
	return 0;
}

static bool names(const struct rw_object *object, enum rw_kind kind, const char *id)
{
	enum rw_object_kind wanted = kind == RW_KIND_GROUP ? RW_OBJECT_GROUP : RW_OBJECT_PREFIX_LIST;

	return (kind == RW_KIND_GROUP || kind == RW_KIND_PREFIX_LIST) && object->kind == wanted &&
	       strcmp(object->id, id) == 0;
}

static bool is_listed(char (*const groups)[RW_ID_SIZE], size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(groups[i], id) == 0)
			return true;
	return false;
}

static bool node_refers(const struct rw_node *node, enum rw_kind kind, const char *id)
{
	if (kind == RW_KIND_NETWORK)
		return strcmp(node->network, id) == 0;
	if (kind == RW_KIND_CLUSTER)
		return strcmp(node->cluster, id) == 0;
	if (kind != RW_KIND_GROUP)
		return false;
	for (size_t i = 0; i < node->interface_count; i++)
		if (is_listed(node->interfaces[i].security_groups, node->interfaces[i].security_group_count,
			      id))
			return true;
	return is_listed(node->security_groups, node->security_group_count, id);
}

static bool cluster_refers(const struct rw_cluster *cluster, enum rw_kind kind, const char *id)
{
	return (kind == RW_KIND_NETWORK && strcmp(cluster->network, id) == 0) ||
	       (kind == RW_KIND_GROUP && strcmp(cluster->security_group, id) == 0);
}

static bool balancer_refers(const struct rw_load_balancer *balancer, enum rw_kind kind, const char *id)
{
	return (kind == RW_KIND_CLUSTER && strcmp(balancer->cluster, id) == 0) ||
	       (kind == RW_KIND_GROUP && strcmp(balancer->source_group, id) == 0);
}

static bool promise_refers(const struct rw_promise *promise, enum rw_kind kind, const char *id)
{
	return (kind == RW_KIND_NETWORK && strcmp(promise->network, id) == 0) ||
	       names(&promise->from, kind, id) || names(&promise->to, kind, id);
}

static bool object_refers(enum rw_kind from, const void *object, enum rw_kind kind, const char *id)
{
	switch (from) {
	case RW_KIND_CLUSTER:
		return cluster_refers(object, kind, id);
	case RW_KIND_NODE:
		return node_refers(object, kind, id);
	case RW_KIND_GROUP:
		return kind == RW_KIND_NETWORK && strcmp(((const struct rw_group *)object)->network, id) == 0;
	case RW_KIND_LOAD_BALANCER:
		return balancer_refers(object, kind, id);
	case RW_KIND_PROMISE:
		return promise_refers(object, kind, id);
	case RW_KIND_NETWORK:
	case RW_KIND_PREFIX_LIST:
	case RW_KIND_COUNT_:
		break;
	}
	return false;
}

static int list_rules(const struct rw_group *group, enum rw_kind kind, const char *id,
		      struct rw_vec *ret_referrers)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (names(&group->rules[i]->object, kind, id) &&
		    push(ret_referrers, RW_KIND_GROUP, group->id, group->rules[i]->id) < 0)
			return -ENOMEM;
	return 0;
}

int rw_model_referrers(const struct rw_model *model, enum rw_kind kind, const char *id,
		       struct rw_vec *ret_referrers)
{
	for (enum rw_kind from = 0; from < RW_KIND_COUNT_; from++) {
		for (size_t i = 0; i < rw_model_count(model, from); i++) {
			const void *object = rw_model_at(model, from, i);

			if (object_refers(from, object, kind, id) &&
			    push(ret_referrers, from, rw_object_id(from, object), NULL) < 0)
				return -ENOMEM;
			if (from == RW_KIND_GROUP && list_rules(object, kind, id, ret_referrers) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* A cluster's own group is no stranger to it, nor the other way round. */
static bool is_own(const struct rw_draft *draft, enum rw_kind kind, const char *id,
		   const struct rw_referrer *referrer)
{
	const struct rw_group *group = kind == RW_KIND_GROUP ? rw_model_find_group(draft->model, id) : NULL;

	return group && referrer->kind == RW_KIND_CLUSTER && strcmp(group->managed_by, referrer->id) == 0;
}

int rw_draft_check_unused(const struct rw_draft *draft, enum rw_kind kind, const char *id,
			  struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec referrers;
	char list[400] = "";
	size_t count = 0;
	size_t at = 0;

	rw_vec_init(&referrers, sizeof(struct rw_referrer), 10000);
	if (rw_model_referrers(draft->model, kind, id, &referrers) < 0)
		return rw_error_oom(err);
	for (size_t i = 0; i < referrers.count; i++) {
		const struct rw_referrer *referrer = rw_vec_at(&referrers, i);
		const void *object = rw_model_find(draft->model, referrer->kind, referrer->id);
		const char *name = rw_object_name(referrer->kind, object);

		if (is_own(draft, kind, id, referrer))
			continue;
		count++;
		if (count > 5)
			continue;
		at += (size_t)snprintf(
			list + at, sizeof(list) - at, "%s%s%s%s %.48s", count > 1 ? ", " : "",
			referrer->rule[0] ? "rule " : "", referrer->rule[0] ? referrer->rule : "",
			referrer->rule[0] ? " of" : rw_kind_name(referrer->kind), name ? name : referrer->id);
		at = at < sizeof(list) ? at : sizeof(list) - 1;
	}
	if (count == 0)
		return 0;
	return rw_group_fail(err, -EBUSY, "", "Change or delete these first.", "%s %s is in use by %zu: %s%s",
			     rw_kind_name(kind), id, count, list, count > 5 ? ", ..." : "");
}
