/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <assert.h>
#include <string.h>

#include "base/array.h"
#include "base/map.h"
#include "base/vec.h"
#include "group/members.h"
#include "policy/digest.h"

/* A set or group and what it was made from: as long as the source is the same object, so is the result. */
struct cached_set {
	struct rw_address_set *set;
	struct rw_prefix_list *list; /* source of a prefix list's set; NULL = members of a group */
	bool stale;                  /* members may have changed since */
};

struct cached_group {
	struct rw_policy_group *group;
	struct rw_group *source;
	const char **sets; /* ids of the sets that it names, sorted; lent by the group and its rules */
	size_t set_count;
};

struct rw_policy_cache {
	struct rw_map sets;   /* id -> struct cached_set */
	struct rw_map groups; /* id -> struct cached_group */
	struct rw_members *members;
};

static void free_cached_set(void *value)
{
	struct cached_set *cached = value;

	(void)rw_address_set_unref(cached->set);
	(void)rw_prefix_list_unref(cached->list);
	free(cached);
}

static void free_cached_group(void *value)
{
	struct cached_group *cached = value;

	(void)rw_policy_group_unref(cached->group);
	(void)rw_group_unref(cached->source);
	free(cached->sets);
	free(cached);
}

struct rw_policy_cache *rw_policy_cache_new(void)
{
	struct rw_policy_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	/* The keys are ids, which are made here: no seed against chosen collisions is needed. */
	rw_map_init(&cache->sets, 0, free_cached_set);
	rw_map_init(&cache->groups, 0, free_cached_group);
	return cache;
}

struct rw_policy_cache *rw_policy_cache_free(struct rw_policy_cache *cache)
{
	if (!cache)
		return NULL;
	rw_map_done(&cache->sets);
	rw_map_done(&cache->groups);
	(void)rw_members_free(cache->members);
	free(cache);
	return NULL;
}

void rw_policy_cache_forget(struct rw_policy_cache *cache, const char *group_id)
{
	struct cached_set *cached;
	size_t cursor = 0;
	void *value;

	if (!cache)
		return;
	if (group_id) {
		cached = rw_map_find(&cache->sets, group_id);
		if (cached)
			cached->stale = true;
		return;
	}
	while (rw_map_next(&cache->sets, &cursor, NULL, &value)) {
		cached = value;
		cached->stale = true;
	}
}

/* What one derivation works with. */
struct derivation {
	const struct rw_model *model;
	struct rw_policy_cache *cache; /* the caller's, or one for this derivation only */
	struct rw_policy *policy;
	struct rw_vec sets; /* of const char *: ids of the sets that the policy's groups name, sorted */
};

static int refresh_members(struct derivation *d)
{
	struct rw_members *members;

	if (d->cache->members && rw_members_fits(d->cache->members, d->model))
		return 0;
	members = rw_members_new(d->model);
	if (!members)
		return -ENOMEM;
	(void)rw_members_free(d->cache->members);
	d->cache->members = members;
	rw_policy_cache_forget(d->cache, NULL);
	return 0;
}

/* Makes the set of a group's members or of a prefix list anew. */
static struct rw_address_set *make_set(struct derivation *d, const char *id,
				       const struct rw_prefix_list *list)
{
	struct rw_prefix *prefixes = NULL;
	size_t count = 0;

	if (!list) {
		if (rw_members_addresses(d->cache->members, id, &prefixes, &count) < 0)
			return NULL;
	} else if (list->cidr_count > 0) {
		prefixes = malloc(list->cidr_count * sizeof(*prefixes));
		if (!prefixes)
			return NULL;
		count = list->cidr_count;
		memcpy(prefixes, list->cidrs, count * sizeof(*prefixes));
	}
	return rw_address_set_new(id, prefixes, count);
}

/* Puts a new set into the cache; an equal one that is there already stays, so that policies share it. */
static struct cached_set *remember_set(struct derivation *d, struct rw_address_set *set,
				       const struct rw_prefix_list *list)
{
	struct cached_set *cached = rw_map_find(&d->cache->sets, set->id);

	if (!cached) {
		cached = calloc(1, sizeof(*cached));
		if (!cached || rw_map_set(&d->cache->sets, set->id, cached) < 0) {
			free(cached);
			(void)rw_address_set_unref(set);
			return NULL;
		}
	}
	if (cached->set &&
	    rw_prefixes_equal(cached->set->prefixes, cached->set->count, set->prefixes, set->count)) {
		(void)rw_address_set_unref(set);
	} else {
		(void)rw_address_set_unref(cached->set);
		cached->set = set;
	}
	(void)rw_prefix_list_unref(cached->list);
	cached->list = list ? rw_prefix_list_ref(list) : NULL;
	cached->stale = false;
	return cached;
}

/* The set behind an id, fresh; lent by the cache.  NULL: no memory. */
static struct rw_address_set *find_set(struct derivation *d, const char *id,
				       const struct rw_prefix_list *list)
{
	struct cached_set *cached = rw_map_find(&d->cache->sets, id);
	struct rw_address_set *set;

	if (cached && !cached->stale && cached->list == list)
		return cached->set;
	set = make_set(d, id, list);
	cached = set ? remember_set(d, set, list) : NULL;
	return cached ? cached->set : NULL;
}

static struct rw_policy_group *make_group(const struct rw_group *source)
{
	RW_CLEANUP(rw_policy_group_unref) struct rw_policy_group *group = rw_policy_group_new();

	if (!group)
		return NULL;
	memcpy(group->id, source->id, sizeof(group->id));
	group->kind = source->kind;
	group->inner_access = source->inner_access;
	group->midstream_drop = source->midstream_drop;
	group->timeouts = source->timeouts;
	if (source->rule_count > 0) {
		group->rules = calloc(source->rule_count, sizeof(struct rw_rule *));
		if (!group->rules)
			return NULL;
	}
	for (; group->rule_count < source->rule_count; group->rule_count++)
		group->rules[group->rule_count] = rw_rule_ref(source->rules[group->rule_count]);
	return RW_TAKE_PTR(group);
}

static int compare_id(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

/* Adds an id (borrowed) to a sorted list, unless it is there: mostly few are different. */
static int list_id(struct rw_vec *list, const char *id)
{
	size_t place = rw_array_place(list->data, list->count, sizeof(id), id, compare_id);
	const char **ids = list->data;
	void *slot;
	int r;

	if (place < list->count && strcmp(ids[place], id) == 0)
		return 0;
	r = rw_vec_push(list, &slot);
	if (r < 0)
		return r;
	ids = list->data;
	memmove(ids + place + 1, ids + place, (list->count - 1 - place) * sizeof(*ids));
	ids[place] = id;
	return 0;
}

/* Lists the sets that a group names: objects of rules, and its members where inner access accepts. */
static int list_sets(struct cached_group *cached)
{
	const struct rw_policy_group *group = cached->group;
	RW_CLEANUP(rw_vec_done) struct rw_vec ids;

	rw_vec_init(&ids, sizeof(const char *), SIZE_MAX);
	if (group->kind == RW_GROUP_BASIC && group->inner_access == RW_VERDICT_ACCEPT &&
	    list_id(&ids, group->id) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < group->rule_count; i++)
		if (group->rules[i]->object.kind != RW_OBJECT_CIDR &&
		    list_id(&ids, group->rules[i]->object.id) < 0)
			return -ENOMEM;
	if (ids.count == 0)
		return 0;
	cached->set_count = ids.count;
	cached->sets = ids.data;
	ids.data = NULL;
	return 0;
}

static struct cached_group *cache_group(const struct rw_group *source, const struct cached_group *before)
{
	struct cached_group *cached = calloc(1, sizeof(*cached));

	if (!cached)
		return NULL;
	cached->source = rw_group_ref(source);
	cached->group = make_group(source);
	if (!cached->group || list_sets(cached) < 0) {
		free_cached_group(cached);
		return NULL;
	}
	if (before)
		rw_digest_follow_rules(before->group, cached->group);
	return cached;
}

/* The policy's form of a group and what it names; lent by the cache.  NULL: no memory. */
static struct cached_group *find_group(struct derivation *d, const struct rw_group *source)
{
	struct cached_group *cached = rw_map_find(&d->cache->groups, source->id);

	if (cached && cached->source == source)
		return cached;
	cached = cache_group(source, cached);
	if (cached && rw_map_set(&d->cache->groups, source->id, cached) < 0) {
		free_cached_group(cached);
		return NULL;
	}
	return cached;
}

/* Ids of the groups of one interface, sorted; those the model does not hold are left out. */
static int list_groups(const struct derivation *d, const struct rw_node *node,
		       const struct rw_interface *interface, struct rw_vec *ret_ids)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(d->model, node->cluster) : NULL;
	int r = 0;

	if (cluster && cluster->security_group[0])
		r = list_id(ret_ids, cluster->security_group);
	for (size_t i = 0; r == 0 && i < node->security_group_count; i++)
		r = list_id(ret_ids, node->security_groups[i]);
	for (size_t i = 0; r == 0 && i < interface->security_group_count; i++)
		r = list_id(ret_ids, interface->security_groups[i]);
	return r;
}

static int add_group(struct derivation *d, const struct rw_group *source)
{
	const struct cached_group *cached = find_group(d, source);

	if (!cached)
		return -ENOMEM;
	d->policy->groups[d->policy->group_count++] = rw_policy_group_ref(cached->group);
	for (size_t i = 0; i < cached->set_count; i++)
		if (list_id(&d->sets, cached->sets[i]) < 0)
			return -ENOMEM;
	return 0;
}

static int add_groups(struct derivation *d, const struct rw_node *node)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec ids;

	rw_vec_init(&ids, sizeof(const char *), SIZE_MAX);
	for (size_t i = 0; i < node->interface_count; i++)
		if (list_groups(d, node, &node->interfaces[i], &ids) < 0)
			return -ENOMEM;
	if (ids.count == 0)
		return 0;
	d->policy->groups = calloc(ids.count, sizeof(struct rw_policy_group *));
	if (!d->policy->groups)
		return -ENOMEM;
	for (size_t i = 0; i < ids.count; i++) {
		const struct rw_group *source = rw_model_find_group(d->model, ((const char **)ids.data)[i]);

		if (source && add_group(d, source) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int fill_interface(struct derivation *d, const struct rw_node *node, const struct rw_interface *from,
			  struct rw_policy_interface *to)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec ids;

	rw_vec_init(&ids, sizeof(const char *), SIZE_MAX);
	memcpy(to->name, from->name, strnlen(from->name, sizeof(to->name) - 1));
	to->nic_type = d->policy->network_kind == RW_NETWORK_VPC ? RW_NIC_INTRANET : from->nic_type;
	if (list_groups(d, node, from, &ids) < 0)
		return -ENOMEM;
	if (ids.count == 0)
		return 0;
	to->groups = calloc(ids.count, sizeof(*to->groups));
	if (!to->groups)
		return -ENOMEM;
	for (size_t i = 0, j = 0; i < ids.count && j < d->policy->group_count; i++) {
		const char *id = ((const char **)ids.data)[i];

		while (j < d->policy->group_count && strcmp(d->policy->groups[j]->id, id) < 0)
			j++;
		if (j < d->policy->group_count && strcmp(d->policy->groups[j]->id, id) == 0)
			to->groups[to->group_count++] = (uint32_t)j;
	}
	return 0;
}

static int compare_interfaces(const void *a, const void *b)
{
	const struct rw_policy_interface *one = a;
	const struct rw_policy_interface *other = b;

	return strcmp(one->name, other->name);
}

static int add_interfaces(struct derivation *d, const struct rw_node *node)
{
	struct rw_policy *policy = d->policy;

	if (node->interface_count == 0)
		return 0;
	policy->interfaces = calloc(node->interface_count, sizeof(*policy->interfaces));
	if (!policy->interfaces)
		return -ENOMEM;
	for (; policy->interface_count < node->interface_count; policy->interface_count++)
		if (fill_interface(d, node, &node->interfaces[policy->interface_count],
				   &policy->interfaces[policy->interface_count]) < 0) {
			policy->interface_count++;
			return -ENOMEM;
		}
	qsort(policy->interfaces, policy->interface_count, sizeof(*policy->interfaces), compare_interfaces);
	return 0;
}

static int add_sets(struct derivation *d)
{
	if (d->sets.count == 0)
		return 0;
	d->policy->sets = calloc(d->sets.count, sizeof(struct rw_address_set *));
	if (!d->policy->sets)
		return -ENOMEM;
	for (size_t i = 0; i < d->sets.count; i++) {
		const char *id = ((const char **)d->sets.data)[i];
		struct rw_address_set *set = find_set(d, id, rw_model_find_prefix_list(d->model, id));

		if (!set)
			return -ENOMEM;
		d->policy->sets[d->policy->set_count++] = rw_address_set_ref(set);
	}
	return 0;
}

static int compare_addresses(const void *a, const void *b)
{
	return rw_address_compare(a, b);
}

static bool is_shared(const struct rw_node *node, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].shared_address_count; j++)
			if (rw_address_equal(&node->interfaces[i].shared_addresses[j], address))
				return true;
	return false;
}

static int add_own_addresses(struct rw_policy *policy, const struct rw_node *node)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec own;
	struct rw_address *sorted;
	struct rw_address *slot;
	size_t kept = 0;

	rw_vec_init(&own, sizeof(*slot), SIZE_MAX);
	for (size_t i = 0; i < node->interface_count; i++) {
		for (size_t j = 0; j < node->interfaces[i].address_count; j++) {
			const struct rw_address *address = &node->interfaces[i].addresses[j];

			if (!rw_address_is_global(address) || is_shared(node, address))
				continue;
			if (rw_vec_push(&own, &slot) < 0)
				return -ENOMEM;
			*slot = *address;
		}
	}
	sorted = own.data;
	if (own.count > 1)
		qsort(sorted, own.count, sizeof(*sorted), compare_addresses);
	for (size_t i = 0; i < own.count; i++)
		if (i == 0 || !rw_address_equal(&sorted[i], &sorted[kept - 1]))
			sorted[kept++] = sorted[i];
	policy->own_addresses = sorted;
	policy->own_address_count = kept;
	own.data = NULL;
	return 0;
}

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

static bool copy_prefixes(struct rw_prefix **slot, size_t *ret_count, const struct rw_prefix *prefixes,
			  size_t count)
{
	if (!rw_array_dup(slot, ret_count, prefixes, count, sizeof(*prefixes)))
		return false;
	if (count > 1)
		qsort(*slot, count, sizeof(**slot), compare_prefixes);
	return true;
}

#define COPY(policy, from, array, count_field)                                                               \
	rw_array_dup(&(policy)->array, &(policy)->count_field, (from)->array, (from)->count_field,           \
		     sizeof(*(from)->array))

static int add_surroundings(struct rw_policy *policy, const struct rw_policy_surroundings *from)
{
	static const uint16_t usual_ssh_port = 22;
	static const struct rw_policy_surroundings none;

	if (!from)
		from = &none;
	if (!COPY(policy, from, controllers, controller_count) ||
	    !COPY(policy, from, resolvers, resolver_count) ||
	    !COPY(policy, from, hosted_ports, hosted_port_count))
		return -ENOMEM;
	if (from->ssh_port_count > 0)
		return COPY(policy, from, ssh_ports, ssh_port_count) ? 0 : -ENOMEM;
	return rw_array_dup(&policy->ssh_ports, &policy->ssh_port_count, &usual_ssh_port, 1,
			    sizeof(usual_ssh_port))
		       ? 0
		       : -ENOMEM;
}

/* What the policy takes over from the node, its network and its cluster. */
static int add_settings(struct derivation *d, const struct rw_node *node)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(d->model, node->cluster) : NULL;
	const struct rw_network *network = rw_model_find_network(d->model, node->network);
	struct rw_policy *policy = d->policy;

	memcpy(policy->node, node->id, sizeof(policy->node));
	memcpy(policy->node_name, node->name, strnlen(node->name, sizeof(policy->node_name) - 1));
	policy->enforcement = node->enforcement;
	if (node->enforcement == RW_ENFORCEMENT_INHERIT)
		policy->enforcement = cluster ? cluster->enforcement : RW_ENFORCE;
	if (network) {
		policy->network_kind = network->kind;
		if (!copy_prefixes(&policy->network_cidrs, &policy->network_cidr_count, network->cidrs,
				   network->cidr_count))
			return -ENOMEM;
	}
	if (cluster) {
		policy->container_network = cluster->container_network;
		if (!copy_prefixes(&policy->container_cidrs, &policy->container_cidr_count,
				   cluster->container_cidrs, cluster->container_cidr_count) ||
		    !copy_prefixes(&policy->management_cidrs, &policy->management_cidr_count,
				   cluster->management_cidrs, cluster->management_cidr_count))
			return -ENOMEM;
	}
	return 0;
}

/* Groups and lists that are gone stay in the cache until they outnumber those that live; then all goes. */
static void trim_cache(struct rw_policy_cache *cache, const struct rw_model *model)
{
	size_t groups = rw_model_count(model, RW_KIND_GROUP);

	if (cache->groups.count > 2 * groups + 64)
		rw_map_done(&cache->groups);
	if (cache->sets.count > 2 * (groups + rw_model_count(model, RW_KIND_PREFIX_LIST)) + 64)
		rw_map_done(&cache->sets);
}

static int derive(struct derivation *d, const struct rw_node *node,
		  const struct rw_policy_surroundings *surroundings)
{
	int r = add_settings(d, node);

	if (r == 0)
		r = add_groups(d, node);
	if (r == 0)
		r = add_interfaces(d, node);
	if (r == 0)
		r = refresh_members(d);
	if (r == 0)
		r = add_sets(d);
	if (r == 0)
		r = add_own_addresses(d->policy, node);
	if (r == 0)
		r = add_surroundings(d->policy, surroundings);
	return r;
}

int rw_policy_derive(const struct rw_model *model, const char *node,
		     const struct rw_policy_surroundings *surroundings, struct rw_policy_cache *cache,
		     struct rw_policy **ret_policy, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_cache_free) struct rw_policy_cache *own_cache = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_policy_new();
	const struct rw_node *found = rw_model_find(model, RW_KIND_NODE, node);
	struct derivation d = {.model = model, .cache = cache, .policy = policy};
	int r;

	if (!found)
		return rw_error_set(err, -ENOENT, "there is no node %s", node);
	if (!cache) {
		own_cache = rw_policy_cache_new();
		d.cache = own_cache;
	}
	if (!policy || !d.cache)
		return rw_error_oom(err);
	trim_cache(d.cache, model);
	rw_vec_init(&d.sets, sizeof(const char *), SIZE_MAX);
	r = derive(&d, found, surroundings);
	rw_vec_done(&d.sets);
	if (r < 0)
		return rw_error_oom(err);
	*ret_policy = RW_TAKE_PTR(policy);
	return 0;
}
