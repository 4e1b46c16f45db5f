/* SPDX-License-Identifier: Apache-2.0 */
#include "group/members.h"

#include <string.h>

#include "base/map.h"
#include "base/vec.h"

struct holding {
	const struct rw_node *node; /* lent by the index's model */
	struct rw_address address;
	bool declared;
};

/* One interface in one group; those of a group are a list, in the order of nodes. */
struct membership {
	const struct rw_node *node; /* lent by the index's model */
	size_t interface;
	struct membership *next; /* NULL = the last */
};

struct rw_members {
	struct rw_model *model;
	struct holding *holdings; /* by (network, address), the one that counts first */
	size_t count;
	struct rw_map groups; /* group id -> struct group_list *, owned */
};

struct group_list {
	struct membership *first, *last; /* owned */
};

static bool any_contains(const struct rw_prefix *prefixes, size_t count, const struct rw_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (rw_prefix_contains(&prefixes[i], address))
			return true;
	return false;
}

static bool is_listed(char (*const groups)[RW_ID_SIZE], size_t count, const char *group)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(groups[i], group) == 0)
			return true;
	return false;
}

bool rw_node_is_member(const struct rw_model *model, const struct rw_node *node,
		       const struct rw_interface *interface, const char *group)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(model, node->cluster) : NULL;

	return (cluster && strcmp(cluster->security_group, group) == 0) ||
	       is_listed(node->security_groups, node->security_group_count, group) ||
	       is_listed(interface->security_groups, interface->security_group_count, group);
}

bool rw_node_address_is_inside(const struct rw_model *model, const struct rw_node *node,
			       const struct rw_address *address)
{
	const struct rw_network *network = rw_model_find_network(model, node->network);
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(model, node->cluster) : NULL;

	if (!network || !any_contains(network->cidrs, network->cidr_count, address))
		return false;
	return !cluster || !any_contains(cluster->container_cidrs, cluster->container_cidr_count, address);
}

static bool interface_counts(const struct rw_network *network, const struct rw_interface *interface)
{
	return network->kind == RW_NETWORK_VPC || interface->nic_type == RW_NIC_INTRANET;
}

static bool is_declared(const struct rw_network *network, const struct rw_node *node)
{
	return network->is_public || node->agent == RW_AGENT_NONE;
}

static int compare_place(const struct holding *a, const struct holding *b)
{
	int order = strcmp(a->node->network, b->node->network);

	return order ? order : rw_address_compare(&a->address, &b->address);
}

static int compare_holdings(const void *a, const void *b)
{
	const struct holding *one = a;
	const struct holding *other = b;
	int order = compare_place(one, other);

	if (order)
		return order;
	if (one->declared != other->declared)
		return one->declared ? -1 : 1;
	return strcmp(one->node->id, other->node->id);
}

/* Adds what 'node' holds, shared addresses apart, to an array with room for it. */
static size_t collect(const struct rw_model *model, const struct rw_node *node, struct holding *to)
{
	const struct rw_network *network = rw_model_find_network(model, node->network);
	size_t count = 0;

	for (size_t i = 0; network && i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];
		bool declared = is_declared(network, node);

		if (!interface_counts(network, interface))
			continue;
		for (size_t j = 0; j < interface->address_count; j++) {
			const struct rw_address *address = &interface->addresses[j];

			if (rw_address_is_global(address) &&
			    (declared || rw_node_address_is_inside(model, node, address)))
				to[count++] = (struct holding){node, *address, declared};
		}
	}
	return count;
}

static size_t count_addresses(const struct rw_model *model)
{
	size_t count = 0;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		for (size_t j = 0; j < node->interface_count; j++)
			count += node->interfaces[j].address_count;
	}
	return count;
}

static void free_group_list(void *value)
{
	struct group_list *list = value;

	while (list->first) {
		struct membership *next = list->first->next;

		free(list->first);
		list->first = next;
	}
	free(list);
}

/* Puts an interface into a group's list, behind those of the nodes before; once, however often it is in. */
static int enter(struct rw_members *members, const char *group, const struct rw_node *node, size_t interface)
{
	struct group_list *list = rw_map_find(&members->groups, group);
	struct membership *membership;

	if (list && list->last->node == node && list->last->interface == interface)
		return 0;
	membership = malloc(sizeof(*membership));
	if (!membership)
		return -ENOMEM;
	*membership = (struct membership){.node = node, .interface = interface};
	if (list) {
		list->last->next = membership;
		list->last = membership;
		return 0;
	}
	list = malloc(sizeof(*list));
	if (!list || rw_map_set(&members->groups, group, list) < 0) {
		free(list);
		free(membership);
		return -ENOMEM;
	}
	*list = (struct group_list){membership, membership};
	return 0;
}

/* Every group that an interface is in. */
static int enter_groups(struct rw_members *members, const struct rw_node *node, size_t index)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(members->model, node->cluster) : NULL;
	const struct rw_interface *interface = &node->interfaces[index];
	int r = cluster ? enter(members, cluster->security_group, node, index) : 0;

	for (size_t i = 0; r == 0 && i < node->security_group_count; i++)
		r = enter(members, node->security_groups[i], node, index);
	for (size_t i = 0; r == 0 && i < interface->security_group_count; i++)
		r = enter(members, interface->security_groups[i], node, index);
	return r;
}

static int enter_node(struct rw_members *members, const struct rw_node *node)
{
	const struct rw_network *network = rw_model_find_network(members->model, node->network);
	int r = 0;

	for (size_t i = 0; r == 0 && network && i < node->interface_count; i++)
		if (interface_counts(network, &node->interfaces[i]))
			r = enter_groups(members, node, i);
	return r;
}

struct rw_members *rw_members_new(const struct rw_model *model)
{
	RW_CLEANUP(rw_members_free) struct rw_members *members = calloc(1, sizeof(*members));
	size_t room = count_addresses(model);

	if (!members)
		return NULL;
	rw_map_init(&members->groups, 0, free_group_list);
	members->model = rw_model_dup(model);
	members->holdings = calloc(room ? room : 1, sizeof(*members->holdings));
	if (!members->model || !members->holdings)
		return NULL;
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(members->model, RW_KIND_NODE, i);

		members->count += collect(members->model, node, members->holdings + members->count);
		if (enter_node(members, node) < 0)
			return NULL;
	}
	qsort(members->holdings, members->count, sizeof(*members->holdings), compare_holdings);
	return RW_TAKE_PTR(members);
}

struct rw_members *rw_members_free(struct rw_members *members)
{
	if (!members)
		return NULL;
	rw_map_done(&members->groups);
	(void)rw_model_free(members->model);
	free(members->holdings);
	free(members);
	return NULL;
}

bool rw_members_fits(const struct rw_members *members, const struct rw_model *model)
{
	return rw_model_shares(members->model, model, RW_KIND_NODE) &&
	       rw_model_shares(members->model, model, RW_KIND_CLUSTER) &&
	       rw_model_shares(members->model, model, RW_KIND_NETWORK);
}

const struct rw_node *rw_members_holder(const struct rw_members *members, const char *network,
					const struct rw_address *address)
{
	size_t low = 0;
	size_t high = members->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct holding *holding = &members->holdings[middle];
		int order = strcmp(holding->node->network, network);

		if (order == 0)
			order = rw_address_compare(&holding->address, address);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == members->count || strcmp(members->holdings[low].node->network, network) != 0 ||
	    !rw_address_equal(&members->holdings[low].address, address))
		return NULL;
	return members->holdings[low].node;
}

static int push(struct rw_vec *vec, const struct rw_address *address)
{
	struct rw_prefix *prefix;
	int r = rw_vec_push(vec, &prefix);

	if (r < 0)
		return r;
	*prefix = rw_prefix_of_address(address);
	return 0;
}

static int add_interface(const struct rw_members *members, const struct rw_network *network,
			 const struct rw_node *node, const struct rw_interface *interface, struct rw_vec *vec)
{
	for (size_t i = 0; i < interface->address_count; i++) {
		const struct rw_address *address = &interface->addresses[i];

		if (!rw_address_is_global(address) ||
		    !(is_declared(network, node) || rw_node_address_is_inside(members->model, node, address)))
			continue;
		if (rw_members_holder(members, node->network, address) == node && push(vec, address) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < interface->shared_address_count; i++)
		if (rw_address_is_global(&interface->shared_addresses[i]) &&
		    push(vec, &interface->shared_addresses[i]) < 0)
			return -ENOMEM;
	return 0;
}

int rw_members_addresses(const struct rw_members *members, const char *group, struct rw_prefix **ret_prefixes,
			 size_t *ret_count)
{
	const struct group_list *list = rw_map_find(&members->groups, group);
	const struct rw_model *model = members->model;
	RW_CLEANUP(rw_vec_done) struct rw_vec vec;

	rw_vec_init(&vec, sizeof(struct rw_prefix), SIZE_MAX / sizeof(struct rw_prefix));
	for (const struct membership *member = list ? list->first : NULL; member; member = member->next)
		if (add_interface(members, rw_model_find_network(model, member->node->network), member->node,
				  &member->node->interfaces[member->interface], &vec) < 0)
			return -ENOMEM;
	*ret_prefixes = vec.data;
	*ret_count = vec.count;
	vec.data = NULL;
	return 0;
}

size_t rw_group_member_count(const struct rw_model *model, const struct rw_group *group)
{
	size_t count = 0;

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);
		bool is_member = false;

		/* Cheap questions first: a list asks for every group and node. */
		if (group->managed_by[0] ? strcmp(node->cluster, group->managed_by) != 0
					 : strcmp(node->network, group->network) != 0)
			continue;
		for (size_t j = 0; !is_member && j < node->interface_count; j++)
			is_member = rw_node_is_member(model, node, &node->interfaces[j], group->id);
		count += is_member;
	}
	return count;
}
