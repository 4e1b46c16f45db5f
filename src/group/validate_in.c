/* SPDX-License-Identifier: Apache-2.0 */
#include "group/validate.h"

#include <string.h>

#include "base/vec.h"
#include "group/draft.h"
#include "group/fail.h"
#include "group/members.h"
#include "group/parts.h"

static int no_such(enum rw_kind kind, const char *id, const char *field, struct rw_error *err)
{
	return rw_group_fail(err, -EINVAL, field, "Create it first, or name another.", "there is no %s %s",
			     rw_kind_name(kind), id);
}

static int check_exists(const struct rw_model *model, enum rw_kind kind, const char *id, const char *field,
			struct rw_error *err)
{
	return rw_draft_find_id(model, kind, id) ? 0 : no_such(kind, id, field, err);
}

/* A name serves as reference, so it is no other object's name or id. */
static int check_name_free(const struct rw_model *model, enum rw_kind kind, const void *object,
			   struct rw_error *err)
{
	const char *name = rw_object_name(kind, object);
	const void *namesake = name ? rw_model_find(model, kind, name) : NULL;

	if (!namesake || strcmp(rw_object_id(kind, namesake), rw_object_id(kind, object)) == 0)
		return 0;
	return rw_group_fail(err, -EEXIST, "name", "Choose another name.", "\"%s\" is taken by %s %s", name,
			     rw_kind_name(kind), rw_object_id(kind, namesake));
}

static int overlap(const struct rw_prefix *mine, size_t index, const struct rw_prefix *theirs,
		   const char *whose, const char *name, struct rw_error *err)
{
	char text[RW_PREFIX_TEXT_SIZE];
	char other[RW_PREFIX_TEXT_SIZE];

	rw_prefix_format(mine, text);
	rw_prefix_format(theirs, other);
	(void)rw_group_fail(err, -EINVAL, "", "Choose a CIDR that nobody uses.", "%s overlaps %s of %s %s",
			    text, other, whose, name);
	return rw_error_field_prefix(err, "[%zu]", index);
}

/* Fails when one of 'mine' overlaps one of 'theirs'; the field is "[i]". */
static int check_disjoint(const struct rw_prefix *mine, size_t count, const struct rw_prefix *theirs,
			  size_t their_count, const char *whose, const char *name, struct rw_error *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < their_count; j++)
			if (rw_prefix_overlaps(&mine[i], &theirs[j]))
				return overlap(&mine[i], i, &theirs[j], whose, name, err);
	return 0;
}

/* Container addresses are no addresses of nodes: one would decide for the other. */
static int check_node_outside(const struct rw_node *node, const struct rw_cluster *cluster,
			      struct rw_error *err)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];

		for (size_t j = 0; j < interface->address_count; j++) {
			struct rw_prefix address = rw_prefix_of_address(&interface->addresses[j]);
			int r = check_disjoint(cluster->container_cidrs, cluster->container_cidr_count,
					       &address, 1, "node", node->name, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int check_container_cidrs(const struct rw_model *model, const struct rw_cluster *cluster,
				 const struct rw_network *network, struct rw_error *err)
{
	int r = check_disjoint(cluster->container_cidrs, cluster->container_cidr_count, network->cidrs,
			       network->cidr_count, "network", network->name, err);

	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *other = rw_model_at(model, RW_KIND_CLUSTER, i);

		if (strcmp(other->id, cluster->id) != 0 && strcmp(other->network, cluster->network) == 0)
			r = check_disjoint(cluster->container_cidrs, cluster->container_cidr_count,
					   other->container_cidrs, other->container_cidr_count, "cluster",
					   other->name, err);
	}
	for (size_t i = 0;
	     r == 0 && cluster->container_cidr_count > 0 && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (strcmp(node->network, cluster->network) == 0)
			r = check_node_outside(node, cluster, err);
	}
	return r < 0 ? rw_error_field_prefix(err, "container_cidrs") : 0;
}

static int check_network(const struct rw_model *model, const struct rw_network *network, struct rw_error *err)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);
		int r = 0;

		if (strcmp(cluster->network, network->id) == 0)
			r = check_disjoint(network->cidrs, network->cidr_count, cluster->container_cidrs,
					   cluster->container_cidr_count, "cluster", cluster->name, err);
		if (r < 0)
			return rw_error_field_prefix(err, "cidrs");
	}
	return 0;
}

static int check_cluster(const struct rw_model *model, const struct rw_cluster *cluster, struct rw_error *err)
{
	const struct rw_network *network = rw_draft_find_id(model, RW_KIND_NETWORK, cluster->network);
	const struct rw_group *group = rw_draft_find_id(model, RW_KIND_GROUP, cluster->security_group);

	if (!network)
		return no_such(RW_KIND_NETWORK, cluster->network, "network", err);
	if (!group)
		return no_such(RW_KIND_GROUP, cluster->security_group, "security_group", err);
	if (strcmp(group->managed_by, cluster->id) != 0 || strcmp(group->network, cluster->network) != 0)
		return rw_group_fail(err, -EINVAL, "security_group",
				     "Name the group that the cluster manages.",
				     "security group %s is not this cluster's", group->id);
	return check_container_cidrs(model, cluster, network, err);
}

/* One further group of a node or interface, at "". */
static int check_further_group(const struct rw_model *model, const struct rw_node *node, const char *id,
			       struct rw_error *err)
{
	const struct rw_group *group = rw_draft_find_id(model, RW_KIND_GROUP, id);

	if (!group)
		return no_such(RW_KIND_GROUP, id, "", err);
	if (strcmp(group->network, node->network) != 0)
		return rw_group_fail(err, -EINVAL, "", "Name a group of the node's network.",
				     "security group %s is in another network", id);
	if (group->managed_by[0])
		return rw_group_fail(err, -EINVAL, "", "Name a free-standing group.",
				     "security group %s belongs to cluster %s, whose nodes are its members",
				     id, group->managed_by);
	return 0;
}

static int check_further_groups(const struct rw_model *model, const struct rw_node *node,
				char (*const groups)[RW_ID_SIZE], size_t count, struct rw_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (check_further_group(model, node, groups[i], err) < 0)
			return rw_error_field_prefix(err, "security_groups[%zu]", i);
	return 0;
}

/* Kinds and number of rules over all groups of one interface. */
struct tally {
	size_t rules;
	bool basic;
	bool enterprise;
};

static void count_group(const struct rw_model *model, const char *id, struct tally *tally)
{
	const struct rw_group *group = rw_draft_find_id(model, RW_KIND_GROUP, id);

	if (!group)
		return;
	tally->rules += group->rule_count;
	tally->basic |= group->kind == RW_GROUP_BASIC;
	tally->enterprise |= group->kind == RW_GROUP_ENTERPRISE;
}

static struct tally count_groups(const struct rw_model *model, const struct rw_node *node,
				 const struct rw_interface *interface)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_draft_find_id(model, RW_KIND_CLUSTER, node->cluster) : NULL;
	struct tally tally = {0};

	if (cluster)
		count_group(model, cluster->security_group, &tally);
	for (size_t i = 0; i < node->security_group_count; i++)
		count_group(model, node->security_groups[i], &tally);
	for (size_t i = 0; i < interface->security_group_count; i++)
		count_group(model, interface->security_groups[i], &tally);
	return tally;
}

static int check_interface_in(const struct rw_model *model, const struct rw_node *node,
			      const struct rw_interface *interface, const struct rw_limits *limits,
			      struct rw_error *err)
{
	struct tally tally;
	int r = check_further_groups(model, node, interface->security_groups, interface->security_group_count,
				     err);

	if (r < 0)
		return r;
	tally = count_groups(model, node, interface);
	if (tally.basic && tally.enterprise)
		return rw_group_fail(err, -EINVAL, "security_groups", "Use groups of one kind.",
				     "basic and enterprise groups do not mix on one interface");
	if (tally.rules > limits->rules_per_interface)
		return rw_group_fail(err, -ENOSPC, "security_groups", "Leave a group, or join rules.",
				     "its groups have %zu rules, more than %zu", tally.rules,
				     limits->rules_per_interface);
	return 0;
}

static bool holds(const struct rw_address *addresses, size_t count, const struct rw_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (rw_address_equal(&addresses[i], address))
			return true;
	return false;
}

static bool node_holds(const struct rw_node *node, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++)
		if (holds(node->interfaces[i].addresses, node->interfaces[i].address_count, address) &&
		    !holds(node->interfaces[i].shared_addresses, node->interfaces[i].shared_address_count,
			   address))
			return true;
	return false;
}

/* An address has one holder, unless this node declares it shared. */
static int check_holders(const struct rw_model *model, const struct rw_node *node, size_t index,
			 struct rw_error *err)
{
	const struct rw_interface *interface = &node->interfaces[index];

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *other = rw_model_at(model, RW_KIND_NODE, i);

		if (strcmp(other->id, node->id) == 0 || strcmp(other->network, node->network) != 0)
			continue;
		for (size_t j = 0; j < interface->address_count; j++) {
			const struct rw_address *address = &interface->addresses[j];
			char text[RW_ADDRESS_TEXT_SIZE];

			if (!node_holds(other, address) ||
			    holds(interface->shared_addresses, interface->shared_address_count, address))
				continue;
			rw_address_format(address, text);
			(void)rw_group_fail(err, -EINVAL, "",
					    "Declare it under shared_addresses of both nodes if it may move.",
					    "%s is held by node %s", text, other->name);
			return rw_error_field_prefix(err, "addresses[%zu]", j);
		}
	}
	return 0;
}

/* No address of the node in a container CIDR of its network. */
static int check_outside_containers(const struct rw_model *model, const struct rw_node *node,
				    struct rw_error *err)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);

		if (strcmp(cluster->network, node->network) != 0 ||
		    check_node_outside(node, cluster, err) == 0)
			continue;
		return rw_group_fail(
			err, -EINVAL, "interfaces",
			"Leave out interfaces that belong to containers, or change the cluster's CIDR.",
			"an address lies in a container CIDR of cluster %s", cluster->name);
	}
	return 0;
}

static int check_member_limits(const struct rw_model *model, const struct rw_node *node,
			       const struct rw_limits *limits, struct rw_error *err)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_draft_find_id(model, RW_KIND_CLUSTER, node->cluster) : NULL;
	size_t count = 1;

	if (!cluster)
		return 0;
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *other = rw_model_at(model, RW_KIND_NODE, i);

		count += strcmp(other->cluster, node->cluster) == 0 && strcmp(other->id, node->id) != 0;
	}
	if (count > limits->members_per_group)
		return rw_group_fail(err, -ENOSPC, "cluster", "Use a second cluster.",
				     "its group would have more than %zu members", limits->members_per_group);
	return 0;
}

static int check_node(const struct rw_model *model, const struct rw_node *node,
		      const struct rw_limits *limits, struct rw_error *err)
{
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_draft_find_id(model, RW_KIND_CLUSTER, node->cluster) : NULL;
	const struct rw_network *network = rw_draft_find_id(model, RW_KIND_NETWORK, node->network);
	int r;

	if (!network)
		return no_such(RW_KIND_NETWORK, node->network, "network", err);
	if (node->cluster[0] && !cluster)
		return no_such(RW_KIND_CLUSTER, node->cluster, "cluster", err);
	if (cluster && strcmp(cluster->network, node->network) != 0)
		return rw_group_fail(err, -EINVAL, "network", "Use the cluster's network.",
				     "cluster %s is in another network", cluster->name);
	r = check_further_groups(model, node, node->security_groups, node->security_group_count, err);
	for (size_t i = 0; r == 0 && i < node->interface_count; i++) {
		if (network->kind == RW_NETWORK_VPC && node->interfaces[i].nic_type != RW_NIC_INTRANET)
			r = rw_group_fail(err, -EINVAL, "nic_type", "Use intranet.",
					  "in a VPC every NIC is intranet");
		if (r == 0)
			r = check_interface_in(model, node, &node->interfaces[i], limits, err);
		if (r < 0)
			r = rw_error_field_prefix(err, "interfaces[%zu]", i);
	}
	return r < 0 ? r : check_outside_containers(model, node, err);
}

/* What a node must not have in common with any other. */
static int check_against_nodes(const struct rw_model *model, const struct rw_node *node,
			       const struct rw_limits *limits, struct rw_error *err)
{
	for (size_t i = 0; i < node->interface_count; i++)
		if (check_holders(model, node, i, err) < 0)
			return rw_error_field_prefix(err, "interfaces[%zu]", i);
	return check_member_limits(model, node, limits, err);
}

/* Whether the rules of a group, as it now is, fit on every interface that is in it. */
static int check_rules_fit(const struct rw_model *model, const struct rw_group *group,
			   const struct rw_limits *limits, struct rw_error *err)
{
	const struct rw_group *old = rw_draft_find_id(model, RW_KIND_GROUP, group->id);
	size_t all = group->rule_count;

	/* Nearly always the rules of all groups together are few enough, and no member need be asked. */
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *other = rw_model_at(model, RW_KIND_GROUP, i);

		if (other != old && strcmp(other->network, group->network) == 0)
			all += other->rule_count;
	}
	if (all <= limits->rules_per_interface)
		return 0;
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		for (size_t j = 0; j < node->interface_count; j++) {
			struct tally tally;

			if (!rw_node_is_member(model, node, &node->interfaces[j], group->id))
				continue;
			tally = count_groups(model, node, &node->interfaces[j]);
			if (tally.rules - (old ? old->rule_count : 0) + group->rule_count <=
			    limits->rules_per_interface)
				continue;
			return rw_group_fail(
				err, -ENOSPC, "rules", "Join rules by wider ranges or prefix lists.",
				"interface %s of node %s would have more than %zu rules",
				node->interfaces[j].name, node->name, limits->rules_per_interface);
		}
	}
	return 0;
}

int rw_validate_rule_counts(const struct rw_model *model, const struct rw_group *group,
			    const struct rw_limits *limits, struct rw_error *err)
{
	size_t with_groups = 0;

	if (group->rule_count > limits->rules_per_group)
		return rw_group_fail(err, -ENOSPC, "rules", "Join rules by wider ranges or prefix lists.",
				     "more than %zu rules in one group", limits->rules_per_group);
	for (size_t i = 0; i < group->rule_count; i++)
		with_groups += group->rules[i]->object.kind == RW_OBJECT_GROUP;
	if (with_groups > limits->group_rules_per_group)
		return rw_group_fail(err, -ENOSPC, "rules", "Use prefix lists or CIDRs.",
				     "more than %zu rules with a group as object",
				     limits->group_rules_per_group);
	return check_rules_fit(model, group, limits, err);
}

static int check_group(const struct rw_model *model, const struct rw_group *group,
		       const struct rw_limits *limits, struct rw_error *err)
{
	const struct rw_network *network = rw_draft_find_id(model, RW_KIND_NETWORK, group->network);

	if (!network)
		return no_such(RW_KIND_NETWORK, group->network, "network", err);
	if (group->kind == RW_GROUP_ENTERPRISE && network->kind != RW_NETWORK_VPC)
		return rw_group_fail(err, -EINVAL, "kind", "Use basic.",
				     "enterprise groups are for VPCs only");
	if (group->managed_by[0]) {
		const struct rw_cluster *cluster =
			rw_draft_find_id(model, RW_KIND_CLUSTER, group->managed_by);

		if (!cluster)
			return no_such(RW_KIND_CLUSTER, group->managed_by, "managed_by", err);
		if (strcmp(cluster->security_group, group->id) != 0)
			return rw_group_fail(err, -EINVAL, "managed_by", "Leave it out.",
					     "cluster %s already has its one group, %s", cluster->name,
					     cluster->security_group);
	}
	for (size_t i = 0; i < group->rule_count; i++)
		if (rw_validate_rule_in(model, group, group->rules[i], err) < 0)
			return rw_error_field_prefix(err, "rules[%zu]", i);
	return rw_validate_rule_counts(model, group, limits, err);
}

/* A group of 'network' that others may mean as object. */
static int check_group_reference(const struct rw_model *model, const char *network, const char *id,
				 const char *field, struct rw_error *err)
{
	const struct rw_group *group = rw_draft_find_id(model, RW_KIND_GROUP, id);

	if (!group)
		return no_such(RW_KIND_GROUP, id, field, err);
	if (strcmp(group->network, network) != 0)
		return rw_group_fail(err, -EINVAL, field, "Use CIDRs for another network.",
				     "security group %s is in another network", id);
	if (group->kind != RW_GROUP_BASIC)
		return rw_group_fail(err, -EINVAL, field, "Use CIDRs.", "security group %s is not basic", id);
	return 0;
}

static int check_balancer(const struct rw_model *model, const struct rw_load_balancer *balancer,
			  struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_draft_find_id(model, RW_KIND_CLUSTER, balancer->cluster);

	if (!cluster)
		return no_such(RW_KIND_CLUSTER, balancer->cluster, "cluster", err);
	if (!balancer->source_group[0])
		return 0;
	return check_group_reference(model, cluster->network, balancer->source_group, "sources.group", err);
}

static int check_promise_object(const struct rw_model *model, const struct rw_promise *promise,
				const struct rw_object *object, const char *field, struct rw_error *err)
{
	int r = 0;

	if (object->kind == RW_OBJECT_GROUP) {
		const struct rw_group *group = rw_draft_find_id(model, RW_KIND_GROUP, object->id);

		if (!group)
			r = no_such(RW_KIND_GROUP, object->id, "group", err);
		else if (strcmp(group->network, promise->network) != 0)
			r = rw_group_fail(err, -EINVAL, "group", "Use a CIDR for another network.",
					  "security group %s is in another network", object->id);
	} else if (object->kind == RW_OBJECT_PREFIX_LIST) {
		r = check_exists(model, RW_KIND_PREFIX_LIST, object->id, "prefix_list", err);
	}
	return r < 0 ? rw_error_field_prefix(err, "%s", field) : 0;
}

static int check_promise(const struct rw_model *model, const struct rw_promise *promise, struct rw_error *err)
{
	int r = check_exists(model, RW_KIND_NETWORK, promise->network, "network", err);

	if (r == 0)
		r = check_promise_object(model, promise, &promise->from, "from", err);
	if (r == 0)
		r = check_promise_object(model, promise, &promise->to, "to", err);
	return r;
}

/* Rules that name the list must still be able to match. */
static int check_list(const struct rw_model *model, const struct rw_prefix_list *list, struct rw_error *err)
{
	const struct rw_prefix_list *old = rw_draft_find_id(model, RW_KIND_PREFIX_LIST, list->id);

	if (old && old->family != list->family)
		return rw_group_fail(err, -EINVAL, "family", "Create a second list.",
				     "the family of a prefix list does not change");
	return 0;
}

static int check_room(const struct rw_model *model, enum rw_kind kind, const void *object,
		      const struct rw_limits *limits, struct rw_error *err)
{
	size_t most = rw_limits_count(limits, kind);

	if (rw_draft_find_id(model, kind, rw_object_id(kind, object)) || rw_model_count(model, kind) < most)
		return 0;
	return rw_group_fail(err, -ENOSPC, "", "Delete some, or raise the limit.",
			     "there are %zu %ss already", most, rw_kind_name(kind));
}

int rw_validate_in(const struct rw_model *model, enum rw_kind kind, const void *object,
		   const struct rw_limits *limits, struct rw_error *err)
{
	struct rw_error local;
	int r;

	err = err ? err : &local;
	limits = limits ? limits : &rw_limits_default;
	r = rw_validate_among(model, kind, object, limits, err);
	return r < 0 || kind != RW_KIND_NODE ? r : check_against_nodes(model, object, limits, err);
}

int rw_validate_among(const struct rw_model *model, enum rw_kind kind, const void *object,
		      const struct rw_limits *limits, struct rw_error *err)
{
	int r = check_room(model, kind, object, limits, err);

	if (r == 0)
		r = check_name_free(model, kind, object, err);
	if (r < 0)
		return r;
	switch (kind) {
	case RW_KIND_NETWORK:
		return check_network(model, object, err);
	case RW_KIND_CLUSTER:
		return check_cluster(model, object, err);
	case RW_KIND_NODE:
		return check_node(model, object, limits, err);
	case RW_KIND_GROUP:
		return check_group(model, object, limits, err);
	case RW_KIND_PREFIX_LIST:
		return check_list(model, object, err);
	case RW_KIND_LOAD_BALANCER:
		return check_balancer(model, object, err);
	case RW_KIND_PROMISE:
		return check_promise(model, object, err);
	case RW_KIND_COUNT_:
		break;
	}
	return rw_error_set(err, -EINVAL, "unknown kind of object");
}
