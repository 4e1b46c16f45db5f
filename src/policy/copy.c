/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/copy.h"

#include <string.h>

#include "base/array.h"

#define COPY(to, from, array, count_field)                                                                   \
	rw_array_dup(&(to)->array, &(to)->count_field, (from)->array, (from)->count_field,                   \
		     sizeof(*(from)->array))

static bool copy_interfaces(struct rw_policy *copy, const struct rw_policy *policy)
{
	if (policy->interface_count == 0)
		return true;
	copy->interfaces = calloc(policy->interface_count, sizeof(*copy->interfaces));
	if (!copy->interfaces)
		return false;
	for (; copy->interface_count < policy->interface_count; copy->interface_count++) {
		const struct rw_policy_interface *from = &policy->interfaces[copy->interface_count];
		struct rw_policy_interface *to = &copy->interfaces[copy->interface_count];

		memcpy(to->name, from->name, sizeof(to->name));
		to->nic_type = from->nic_type;
		if (!COPY(to, from, groups, group_count))
			return false;
	}
	return true;
}

struct rw_policy *rw_policy_copy_system(const struct rw_policy *policy)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *copy = rw_policy_new();

	if (!copy)
		return NULL;
	memcpy(copy->node, policy->node, sizeof(copy->node));
	memcpy(copy->node_name, policy->node_name, sizeof(copy->node_name));
	copy->network_kind = policy->network_kind;
	copy->enforcement = policy->enforcement;
	copy->container_network = policy->container_network;
	if (!copy_interfaces(copy, policy) || !COPY(copy, policy, network_cidrs, network_cidr_count) ||
	    !COPY(copy, policy, container_cidrs, container_cidr_count) ||
	    !COPY(copy, policy, own_addresses, own_address_count) ||
	    !COPY(copy, policy, management_cidrs, management_cidr_count) ||
	    !COPY(copy, policy, ssh_ports, ssh_port_count) ||
	    !COPY(copy, policy, controllers, controller_count) ||
	    !COPY(copy, policy, resolvers, resolver_count) ||
	    !COPY(copy, policy, hosted_ports, hosted_port_count))
		return NULL;
	return RW_TAKE_PTR(copy);
}

static bool same_ports(const uint16_t *a, size_t a_count, const uint16_t *b, size_t b_count)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof(*a)) == 0);
}

static bool same_interfaces(const struct rw_policy *a, const struct rw_policy *b)
{
	if (a->interface_count != b->interface_count)
		return false;
	for (size_t i = 0; i < a->interface_count; i++) {
		const struct rw_policy_interface *one = &a->interfaces[i];
		const struct rw_policy_interface *other = &b->interfaces[i];

		if (strcmp(one->name, other->name) != 0 || one->nic_type != other->nic_type ||
		    one->group_count != other->group_count)
			return false;
		for (size_t j = 0; j < one->group_count; j++)
			if (one->groups[j] != other->groups[j])
				return false;
	}
	return true;
}

static bool same_controllers(const struct rw_policy *a, const struct rw_policy *b)
{
	if (a->controller_count != b->controller_count)
		return false;
	for (size_t i = 0; i < a->controller_count; i++)
		if (a->controllers[i].port != b->controllers[i].port ||
		    !rw_address_equal(&a->controllers[i].address, &b->controllers[i].address))
			return false;
	return true;
}

bool rw_policy_group_same_settings(const struct rw_policy_group *a, const struct rw_policy_group *b)
{
	return a->kind == b->kind && a->inner_access == b->inner_access &&
	       a->midstream_drop == b->midstream_drop &&
	       memcmp(&a->timeouts, &b->timeouts, sizeof(a->timeouts)) == 0;
}

bool rw_policy_same_system(const struct rw_policy *a, const struct rw_policy *b)
{
	return strcmp(a->node, b->node) == 0 && strcmp(a->node_name, b->node_name) == 0 &&
	       a->network_kind == b->network_kind && a->enforcement == b->enforcement &&
	       a->container_network == b->container_network && same_interfaces(a, b) &&
	       rw_prefixes_equal(a->network_cidrs, a->network_cidr_count, b->network_cidrs,
				 b->network_cidr_count) &&
	       rw_prefixes_equal(a->container_cidrs, a->container_cidr_count, b->container_cidrs,
				 b->container_cidr_count) &&
	       rw_addresses_equal(a->own_addresses, a->own_address_count, b->own_addresses,
				  b->own_address_count) &&
	       rw_prefixes_equal(a->management_cidrs, a->management_cidr_count, b->management_cidrs,
				 b->management_cidr_count) &&
	       same_ports(a->ssh_ports, a->ssh_port_count, b->ssh_ports, b->ssh_port_count) &&
	       same_controllers(a, b) &&
	       rw_addresses_equal(a->resolvers, a->resolver_count, b->resolvers, b->resolver_count) &&
	       same_ports(a->hosted_ports, a->hosted_port_count, b->hosted_ports, b->hosted_port_count);
}
