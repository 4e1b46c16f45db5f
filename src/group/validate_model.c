/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/vec.h"
#include "group/draft.h"
#include "group/fail.h"
#include "group/parts.h"
#include "group/validate.h"

static const char *const tables[RW_KIND_COUNT_] = {
	[RW_KIND_NETWORK] = "networks",
	[RW_KIND_CLUSTER] = "clusters",
	[RW_KIND_NODE] = "nodes",
	[RW_KIND_GROUP] = "security_groups",
	[RW_KIND_PREFIX_LIST] = "prefix_lists",
	[RW_KIND_LOAD_BALANCER] = "load_balancers",
	[RW_KIND_PROMISE] = "promises",
};

size_t rw_limits_count(const struct rw_limits *limits, enum rw_kind kind)
{
	switch (kind) {
	case RW_KIND_NETWORK:
		return limits->networks;
	case RW_KIND_CLUSTER:
		return limits->clusters;
	case RW_KIND_NODE:
		return limits->nodes;
	case RW_KIND_GROUP:
		return limits->groups;
	case RW_KIND_PREFIX_LIST:
		return limits->prefix_lists;
	case RW_KIND_LOAD_BALANCER:
		return limits->load_balancers;
	case RW_KIND_PROMISE:
		return limits->promises;
	case RW_KIND_COUNT_:
		break;
	}
	return 0;
}

struct rule_place {
	const char *rule;
	const struct rw_group *group;
	size_t index;
};

static int compare_rule_places(const void *a, const void *b)
{
	const struct rule_place *one = a;
	const struct rule_place *other = b;

	return strcmp(one->rule, other->rule);
}

/* Events and answers name a rule by its id alone, so it is unique over all groups. */
static int check_rule_ids(const struct rw_model *model, struct rw_validate_where *ret_where,
			  struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec places;
	struct rule_place *place;

	rw_vec_init(&places, sizeof(*place), SIZE_MAX);
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		for (size_t j = 0; j < group->rule_count; j++) {
			if (rw_vec_push(&places, &place) < 0)
				return rw_error_oom(err);
			*place = (struct rule_place){group->rules[j]->id, group, j};
		}
	}
	place = places.data;
	if (places.count > 1)
		qsort(place, places.count, sizeof(*place), compare_rule_places);
	for (size_t i = 1; i < places.count; i++) {
		if (strcmp(place[i - 1].rule, place[i].rule) != 0)
			continue;
		(void)rw_group_fail(err, -EEXIST, "id", "Use each id once.", "%s is a rule of %s too",
				    place[i].rule, place[i - 1].group->id);
		ret_where->kind = RW_KIND_GROUP;
		memcpy(ret_where->id, place[i].group->id, sizeof(ret_where->id));
		(void)rw_error_field_prefix(err, "rules[%zu]", place[i].index);
		return -EEXIST;
	}
	return 0;
}

/* One address of one node. */
struct holding {
	const struct rw_node *node;
	size_t interface;
	size_t index;
};

static const struct rw_address *address_of(const struct holding *holding)
{
	return &holding->node->interfaces[holding->interface].addresses[holding->index];
}

static int compare_places(const struct holding *a, const struct holding *b)
{
	int order = strcmp(a->node->network, b->node->network);

	return order ? order : rw_address_compare(address_of(a), address_of(b));
}

static int compare_holdings(const void *a, const void *b)
{
	const struct holding *one = a;
	const struct holding *other = b;
	int order = compare_places(one, other);

	return order ? order : strcmp(one->node->id, other->node->id);
}

static bool is_shared(const struct rw_interface *interface, const struct rw_address *address)
{
	for (size_t i = 0; i < interface->shared_address_count; i++)
		if (rw_address_equal(&interface->shared_addresses[i], address))
			return true;
	return false;
}

static int list_holdings(const struct rw_node *node, struct rw_vec *ret_holdings)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		for (size_t j = 0; j < node->interfaces[i].address_count; j++) {
			struct holding *holding;

			if (is_shared(&node->interfaces[i], &node->interfaces[i].addresses[j]))
				continue;
			if (rw_vec_push(ret_holdings, &holding) < 0)
				return -ENOMEM;
			*holding = (struct holding){node, i, j};
		}
	}
	return 0;
}

/* An address has one holder, unless it is declared shared; what rw_validate_in asks of one node. */
static int check_all_holders(const struct rw_model *model, struct rw_validate_where *ret_where,
			     struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec holdings;
	const struct holding *all;

	rw_vec_init(&holdings, sizeof(struct holding), SIZE_MAX);
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++)
		if (list_holdings(rw_model_at(model, RW_KIND_NODE, i), &holdings) < 0)
			return rw_error_oom(err);
	if (holdings.count > 1)
		qsort(holdings.data, holdings.count, sizeof(struct holding), compare_holdings);
	all = holdings.data;
	for (size_t i = 1; i < holdings.count; i++) {
		char text[RW_ADDRESS_TEXT_SIZE];

		if (all[i].node == all[i - 1].node || compare_places(&all[i], &all[i - 1]) != 0)
			continue;
		rw_address_format(address_of(&all[i]), text);
		ret_where->kind = RW_KIND_NODE;
		memcpy(ret_where->id, all[i].node->id, sizeof(ret_where->id));
		(void)rw_group_fail(err, -EINVAL, "",
				    "Declare it under shared_addresses of both nodes if it may move.",
				    "%s is held by node %s", text, all[i - 1].node->name);
		return rw_error_field_prefix(err, "interfaces[%zu].addresses[%zu]", all[i].interface,
					     all[i].index);
	}
	return 0;
}

static int check_member_counts(const struct rw_model *model, const struct rw_limits *limits,
			       struct rw_validate_where *ret_where, struct rw_error *err)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);
		size_t count = 0;

		for (size_t j = 0; j < rw_model_count(model, RW_KIND_NODE); j++) {
			const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, j);

			count += strcmp(node->cluster, cluster->id) == 0;
		}
		if (count <= limits->members_per_group)
			continue;
		ret_where->kind = RW_KIND_CLUSTER;
		memcpy(ret_where->id, cluster->id, sizeof(ret_where->id));
		return rw_group_fail(err, -ENOSPC, "", "Use a second cluster.",
				     "its group has more than %zu members", limits->members_per_group);
	}
	return 0;
}

static int check_table(const struct rw_model *model, enum rw_kind kind, const struct rw_limits *limits,
		       struct rw_validate_where *ret_where, struct rw_error *err)
{
	if (rw_model_count(model, kind) > rw_limits_count(limits, kind))
		return rw_group_fail(err, -ENOSPC, tables[kind], "Delete some, or raise the limit.",
				     "more than %zu %s", rw_limits_count(limits, kind), tables[kind]);
	for (size_t i = 0; i < rw_model_count(model, kind); i++) {
		const void *object = rw_model_at(model, kind, i);
		int r = rw_validate_object(kind, object, limits, err);

		if (r == 0)
			r = rw_validate_among(model, kind, object, limits, err);
		if (r == 0)
			continue;
		ret_where->kind = kind;
		memcpy(ret_where->id, rw_object_id(kind, object), sizeof(ret_where->id));
		return r;
	}
	return 0;
}

int rw_validate_model(const struct rw_model *model, const struct rw_limits *limits,
		      struct rw_validate_where *ret_where, struct rw_error *err)
{
	struct rw_validate_where where = {0};
	struct rw_error local;
	int r = 0;

	err = err ? err : &local;
	limits = limits ? limits : &rw_limits_default;
	for (enum rw_kind kind = 0; r == 0 && kind < RW_KIND_COUNT_; kind++)
		r = check_table(model, kind, limits, &where, err);
	if (r == 0)
		r = check_all_holders(model, &where, err);
	if (r == 0)
		r = check_member_counts(model, limits, &where, err);
	if (r == 0)
		r = check_rule_ids(model, &where, err);
	if (r == 0)
		return 0;
	if (ret_where)
		*ret_where = where;
	else if (where.id[0])
		(void)rw_error_field_prefix(err, "%s[%s]", tables[where.kind], where.id);
	return r;
}
