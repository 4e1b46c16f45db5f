/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file_policy.h"

#include <string.h>

#include "base/file.h"
#include "group/members.h"
#include "wire/model_file.h"

int rw_file_model_load(const char *path, const char *node, struct rw_model **ret_model, struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const struct rw_node *found;
	int r;

	rw_buf_init(&buf, RW_FILE_POLICY_SIZE_MAX);
	r = rw_file_read(path, &buf, err);
	if (r < 0)
		return r;
	r = rw_model_file_decode(buf.data, buf.size, &model, err);
	if (r < 0) {
		(void)rw_error_wrap(err, "%s", path);
		return r;
	}
	found = rw_model_find_node(model, node);
	if (!found) {
		(void)rw_error_set(err, -ENOENT, "%s: there is no node \"%s\" in it", path, node);
		(void)rw_error_hint(err, "Give the id or the name of this machine's node by --node.");
		return -ENOENT;
	}
	if (found->agent == RW_AGENT_NONE)
		return rw_error_set(err, -EINVAL,
				    "%s: node \"%s\" says agent: none, so nothing is enforced on it", path,
				    node);
	*ret_model = RW_TAKE_PTR(model);
	return 0;
}

/* ---- what this machine knows of itself ---- */

struct merge {
	const struct rw_file_machine *machine;
	const struct rw_network *network;
	const struct rw_members *members;
	struct rw_node *node; /* a private copy */
};

static struct rw_interface *find_interface(const struct rw_node *node, const char *name)
{
	for (size_t i = 0; i < node->interface_count; i++)
		if (strcmp(node->interfaces[i].name, name) == 0)
			return &node->interfaces[i];
	return NULL;
}

static struct rw_interface *add_interface(struct rw_node *node, const char *name)
{
	struct rw_interface *interfaces =
		realloc(node->interfaces, (node->interface_count + 1) * sizeof(*interfaces));

	if (!interfaces)
		return NULL;
	node->interfaces = interfaces;
	interfaces[node->interface_count] = (struct rw_interface){.name = strdup(name)};
	if (!interfaces[node->interface_count].name)
		return NULL;
	return &interfaces[node->interface_count++];
}

static bool holds(const struct rw_node *node, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		const struct rw_interface *interface = &node->interfaces[i];

		for (size_t j = 0; j < interface->address_count; j++)
			if (rw_address_equal(&interface->addresses[j], address))
				return true;
		for (size_t j = 0; j < interface->shared_address_count; j++)
			if (rw_address_equal(&interface->shared_addresses[j], address))
				return true;
	}
	return false;
}

/* Whether the address, seen on this machine, is the node's to claim. */
static bool may_claim(const struct merge *merge, const struct rw_address *address)
{
	const struct rw_node *holder = rw_members_holder(merge->members, merge->node->network, address);

	return rw_address_is_global(address) && !merge->network->is_public && !holder &&
	       !holds(merge->node, address);
}

static int add_address(struct rw_interface *interface, const struct rw_address *address)
{
	struct rw_address *addresses =
		realloc(interface->addresses, (interface->address_count + 1) * sizeof(*addresses));

	if (!addresses)
		return -ENOMEM;
	interface->addresses = addresses;
	addresses[interface->address_count++] = *address;
	return 0;
}

static bool lies_in_network(const struct rw_network *network, const struct rw_link_address *addresses,
			    size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < network->cidr_count; j++)
			if (rw_prefix_contains(&network->cidrs[j], &addresses[i].address))
				return true;
	return false;
}

/* Adds an enforced interface and its addresses to the node's copy. */
static int merge_interface(const struct merge *merge, const struct rw_link_decision *decision)
{
	const struct rw_link *link = rw_links_find_name(merge->machine->links, decision->interface);
	struct rw_interface *interface = find_interface(merge->node, decision->interface);
	const struct rw_link_address *addresses;
	size_t count = 0;

	addresses =
		rw_links_addresses(merge->machine->links, link ? link->ifindex : decision->ifindex, &count);
	if (!interface) {
		interface = add_interface(merge->node, decision->interface);
		if (!interface)
			return -ENOMEM;
		if (merge->network->kind == RW_NETWORK_CLASSIC &&
		    !lies_in_network(merge->network, addresses, count))
			interface->nic_type = RW_NIC_INTERNET;
	}
	for (size_t i = 0; i < count; i++)
		if (may_claim(merge, &addresses[i].address) &&
		    add_address(interface, &addresses[i].address) < 0)
			return -ENOMEM;
	return 0;
}

static int merge_links(const struct merge *merge)
{
	RW_CLEANUP(rw_free) struct rw_link_decision *decisions = NULL;
	RW_CLEANUP(rw_free) const char **names = NULL;
	struct rw_link_wish wish = {.network_cidrs = merge->network->cidrs,
				    .network_cidr_count = merge->network->cidr_count};
	int r;

	names = calloc(merge->machine->named_count + merge->node->interface_count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < merge->machine->named_count; i++)
		names[wish.named_count++] = merge->machine->named[i];
	for (size_t i = 0; i < merge->node->interface_count; i++)
		names[wish.named_count++] = merge->node->interfaces[i].name;
	wish.named = names;
	r = rw_link_rules_decide(merge->machine->links, &wish, &decisions);
	for (size_t i = 0; r == 0 && i < merge->machine->links->count; i++)
		if (decisions[i].role == RW_LINK_ENFORCED)
			r = merge_interface(merge, &decisions[i]);
	return r;
}

/* Puts what this machine knows into a copy of the model. */
static int make_merged(const struct rw_model *model, const struct rw_node *record, struct merge *merge,
		       struct rw_model **ret_merged)
{
	RW_CLEANUP(rw_model_free) struct rw_model *merged = rw_model_dup(model);
	int r;

	if (!merged)
		return -ENOMEM;
	merge->node = rw_node_dup(record);
	if (!merge->node)
		return -ENOMEM;
	r = merge_links(merge);
	if (r < 0) {
		merge->node = rw_node_unref(merge->node);
		return r;
	}
	r = rw_model_put(merged, RW_KIND_NODE, RW_TAKE_PTR(merge->node), NULL);
	if (r < 0)
		return r;
	*ret_merged = RW_TAKE_PTR(merged);
	return 0;
}

int rw_file_policy_derive(const struct rw_model *model, const char *node,
			  const struct rw_file_machine *machine, struct rw_policy **ret_policy,
			  struct rw_error *err)
{
	RW_CLEANUP(rw_members_free) struct rw_members *members = rw_members_new(model);
	RW_CLEANUP(rw_model_free) struct rw_model *merged = NULL;
	const struct rw_node *record = rw_model_find_node(model, node);
	const struct rw_policy_surroundings surroundings = {.ssh_ports = machine->ssh_ports,
							    .ssh_port_count = machine->ssh_port_count};
	struct merge merge = {.machine = machine, .members = members};

	if (!record)
		return rw_error_set(err, -ENOENT, "there is no node \"%s\"", node);
	merge.network = rw_model_find_network(model, record->network);
	if (!merge.network)
		return rw_error_set(err, -ENOENT, "node \"%s\" is in no network", node);
	if (!members || make_merged(model, record, &merge, &merged) < 0)
		return rw_error_oom(err);
	return rw_policy_derive(merged, record->id, &surroundings, NULL, ret_policy, err);
}
