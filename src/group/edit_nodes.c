/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "group/draft.h"
#include "group/fail.h"
#include "group/members.h"

typedef char group_id[RW_ID_SIZE];

/* The list of groups that a join or leave changes: the node's, or one interface's. */
struct group_list {
	group_id **ids;
	size_t *count;
};

static int find_list(struct rw_node *node, const char *interface, struct group_list *ret_list,
		     struct rw_error *err)
{
	if (!interface) {
		*ret_list = (struct group_list){&node->security_groups, &node->security_group_count};
		return 0;
	}
	for (size_t i = 0; i < node->interface_count; i++) {
		struct rw_interface *found = &node->interfaces[i];

		if (strcmp(found->name, interface) != 0)
			continue;
		*ret_list = (struct group_list){&found->security_groups, &found->security_group_count};
		return 0;
	}
	return rw_group_fail(err, -ENOENT, "", "List the node's interfaces.",
			     "node %s has no interface \"%.15s\"", node->name, interface);
}

static size_t place_of(const struct group_list *list, const char *id)
{
	size_t i = 0;

	while (i < *list->count && strcmp((*list->ids)[i], id) != 0)
		i++;
	return i;
}

/* What join and leave begin with: a private copy of the node, the group and the list to change. */
struct membership {
	struct rw_node *node;
	const struct rw_group *group;
	struct group_list list;
};

static int open_membership(struct rw_draft *draft, const char *node, const char *interface, const char *group,
			   struct membership *ret_membership, struct rw_error *err)
{
	const struct rw_node *current = rw_model_find_node(draft->model, node);
	struct membership membership = {.group = rw_model_find_group(draft->model, group)};
	int r;

	if (!current)
		return rw_draft_no_such(RW_KIND_NODE, node, err);
	if (!membership.group)
		return rw_draft_no_such(RW_KIND_GROUP, group, err);
	membership.node = rw_node_dup(current);
	if (!membership.node)
		return rw_error_oom(err);
	r = find_list(membership.node, interface, &membership.list, err);
	if (r < 0) {
		(void)rw_node_unref(membership.node);
		return r;
	}
	*ret_membership = membership;
	return 0;
}

int rw_edit_join(struct rw_draft *draft, const char *node, const char *interface, const char *group,
		 struct rw_error *err)
{
	struct membership m;
	group_id *ids;
	int r = open_membership(draft, node, interface, group, &m, err);

	if (r < 0)
		return r;
	if (strcmp(m.group->managed_by, m.node->cluster) == 0 && m.node->cluster[0]) {
		/* A cluster's node is in the cluster's group already. */
		(void)rw_node_unref(m.node);
		return 0;
	}
	if (place_of(&m.list, m.group->id) == *m.list.count) {
		ids = reallocarray(*m.list.ids, *m.list.count + 1, sizeof(*ids));
		if (!ids) {
			(void)rw_node_unref(m.node);
			return rw_error_oom(err);
		}
		memcpy(ids[*m.list.count], m.group->id, RW_ID_SIZE);
		*m.list.ids = ids;
		++*m.list.count;
	}
	return rw_edit_update(draft, RW_KIND_NODE, m.node, NULL, err);
}

static bool has_no_group(const struct rw_node *node)
{
	size_t count = node->security_group_count;

	for (size_t i = 0; i < node->interface_count; i++)
		count += node->interfaces[i].security_group_count;
	return !node->cluster[0] && count == 0;
}

int rw_edit_leave(struct rw_draft *draft, const char *node, const char *interface, const char *group,
		  struct rw_error *err)
{
	struct membership m;
	size_t place;
	int r = open_membership(draft, node, interface, group, &m, err);

	if (r < 0)
		return r;
	place = place_of(&m.list, m.group->id);
	if (place < *m.list.count) {
		group_id *ids = *m.list.ids;

		memmove(ids + place, ids + place + 1, (*m.list.count - place - 1) * sizeof(*ids));
		--*m.list.count;
	}
	if (m.node->cluster[0] && strcmp(m.group->managed_by, m.node->cluster) == 0)
		r = rw_group_fail(err, -EPERM, "", "Delete the node from the cluster instead.",
				  "a cluster's nodes are in its group");
	else if (has_no_group(m.node))
		r = rw_group_fail(err, -EBUSY, "", "Join another group first, or delete the node.",
				  "node %s would be in no group", m.node->name);
	if (r < 0) {
		(void)rw_node_unref(m.node);
		return r;
	}
	return rw_edit_update(draft, RW_KIND_NODE, m.node, NULL, err);
}

/* ---- What agents report ---- */

static bool holds(const struct rw_address *addresses, size_t count, const struct rw_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (rw_address_equal(&addresses[i], address))
			return true;
	return false;
}

/* Another node of the network that holds the address and does not share it, or NULL. */
static const struct rw_node *find_holder(const struct rw_model *model, const struct rw_node *node,
					 const struct rw_address *address)
{
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *other = rw_model_at(model, RW_KIND_NODE, i);

		if (strcmp(other->id, node->id) == 0 || strcmp(other->network, node->network) != 0)
			continue;
		for (size_t j = 0; j < other->interface_count; j++) {
			const struct rw_interface *interface = &other->interfaces[j];

			if (holds(interface->addresses, interface->address_count, address) &&
			    !holds(interface->shared_addresses, interface->shared_address_count, address))
				return other;
		}
	}
	return NULL;
}

static int refuse(struct rw_vec *refused, const struct rw_interface *interface,
		  const struct rw_address *address, enum rw_refusal why, const struct rw_node *holder)
{
	struct rw_address_refusal *refusal;
	int r = refused ? rw_vec_push(refused, &refusal) : -E2BIG;

	if (r < 0)
		return r == -E2BIG ? 0 : r;
	memcpy(refusal->interface, interface->name, strnlen(interface->name, sizeof(refusal->interface) - 1));
	refusal->address = *address;
	refusal->why = why;
	if (holder)
		memcpy(refusal->holder, holder->id, sizeof(refusal->holder));
	return 0;
}

struct report {
	const struct rw_model *model;
	const struct rw_network *network;
	const struct rw_node *before;
	struct rw_vec *refused;
	size_t most; /* addresses of one interface */
};

/* Takes one reported address over, unless it is another node's. */
static int take_address(const struct report *report, const struct rw_address *address,
			struct rw_interface *to)
{
	bool shared = holds(to->shared_addresses, to->shared_address_count, address);
	bool counts = report->network->kind == RW_NETWORK_VPC || to->nic_type == RW_NIC_INTRANET;
	const struct rw_node *holder = shared ? NULL : find_holder(report->model, report->before, address);

	if (holder)
		return refuse(report->refused, to, address, RW_REFUSAL_HELD, holder);
	if (to->address_count == report->most)
		return refuse(report->refused, to, address, RW_REFUSAL_LIMIT, NULL);
	to->addresses[to->address_count++] = *address;
	if (counts && !shared && !rw_node_address_is_inside(report->model, report->before, address))
		return refuse(report->refused, to, address, RW_REFUSAL_OUTSIDE, NULL);
	return 0;
}

/* Fills 'to' with the reported addresses that are not another node's. */
static int take_addresses(const struct report *report, const struct rw_interface *from,
			  struct rw_interface *to)
{
	size_t room = from->address_count < report->most ? from->address_count : report->most;

	free(to->addresses);
	to->address_count = 0;
	to->addresses = calloc(room ? room : 1, sizeof(*to->addresses));
	if (!to->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < from->address_count; i++) {
		const struct rw_address *address = &from->addresses[i];
		bool was_full = to->address_count == report->most;

		if (!rw_address_is_global(address) || holds(to->addresses, to->address_count, address))
			continue;
		if (take_address(report, address, to) < 0)
			return -ENOMEM;
		if (was_full)
			break;
	}
	return 0;
}

/* In a public network the declared addresses are all there is; the others are refused. */
static int compare_with_declared(const struct report *report, const struct rw_interface *from,
				 const struct rw_interface *declared)
{
	for (size_t i = 0; i < from->address_count; i++) {
		const struct rw_address *address = &from->addresses[i];

		if (rw_address_is_global(address) &&
		    !holds(declared->addresses, declared->address_count, address) &&
		    !holds(declared->shared_addresses, declared->shared_address_count, address) &&
		    refuse(report->refused, declared, address, RW_REFUSAL_OUTSIDE, NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int take_interface(const struct report *report, const struct rw_interface *from,
			  struct rw_interface *to)
{
	const struct rw_interface *old = NULL;
	int r = 0;

	for (size_t i = 0; i < report->before->interface_count; i++)
		if (strcmp(report->before->interfaces[i].name, from->name) == 0)
			old = &report->before->interfaces[i];
	if (old)
		r = rw_interface_copy(old, to);
	else
		to->name = strdup(from->name);
	if (r < 0 || !to->name)
		return -ENOMEM;
	to->nic_type = from->nic_type;
	return report->network->is_public ? compare_with_declared(report, from, to)
					  : take_addresses(report, from, to);
}

static bool is_reported(const struct rw_interface *reported, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(reported[i].name, name) == 0)
			return true;
	return false;
}

static bool has_declarations(const struct rw_interface *interface)
{
	return interface->elastic_ip_count > 0 || interface->shared_address_count > 0 ||
	       interface->security_group_count > 0;
}

/*
 * The interfaces of 'node' become those reported, and those that only declarations keep, without addresses.
 */
static int take_interfaces(const struct report *report, const struct rw_interface *reported, size_t count,
			   struct rw_node *node)
{
	const struct rw_node *before = report->before;
	size_t room = count + before->interface_count + 1;

	for (size_t i = 0; i < node->interface_count; i++)
		rw_interface_done(&node->interfaces[i]);
	free(node->interfaces);
	node->interface_count = 0;
	node->interfaces = calloc(room, sizeof(*node->interfaces));
	if (!node->interfaces)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (take_interface(report, &reported[i], &node->interfaces[node->interface_count++]) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < before->interface_count; i++) {
		const struct rw_interface *old = &before->interfaces[i];
		struct rw_interface *kept = &node->interfaces[node->interface_count];

		if (is_reported(reported, count, old->name) || !has_declarations(old))
			continue;
		if (rw_interface_copy(old, kept) < 0)
			return -ENOMEM;
		node->interface_count++;
		if (!report->network->is_public)
			kept->address_count = 0;
	}
	return 0;
}

int rw_edit_report_interfaces(struct rw_draft *draft, const char *reference,
			      const struct rw_interface *reported, size_t count, struct rw_vec *ret_refused,
			      struct rw_error *err)
{
	const struct rw_node *before = rw_model_find_node(draft->model, reference);
	struct report report = {draft->model, NULL, before, ret_refused,
				rw_draft_limits(draft)->addresses_per_interface};
	RW_CLEANUP(rw_node_unref) struct rw_node *node = NULL;

	if (!before)
		return rw_draft_no_such(RW_KIND_NODE, reference, err);
	if (count > rw_draft_limits(draft)->interfaces_per_node)
		return rw_group_fail(err, -ENOSPC, "interfaces", "Report fewer.", "more than %zu interfaces",
				     rw_draft_limits(draft)->interfaces_per_node);
	report.network = rw_model_find_network(draft->model, before->network);
	node = rw_node_dup(before);
	if (!node || !report.network)
		return rw_error_oom(err);
	if (take_interfaces(&report, reported, count, node) < 0)
		return rw_error_oom(err);
	return rw_edit_update(draft, RW_KIND_NODE, RW_TAKE_PTR(node), NULL, err);
}
