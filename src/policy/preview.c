/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/preview.h"

static bool has_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static bool stays_open(const struct rw_policy *policy, uint16_t protocol, uint16_t port)
{
	if (protocol != RW_PROTOCOL_TCP)
		return false;
	return has_port(policy->hosted_ports, policy->hosted_port_count, port) ||
	       (policy->management_cidr_count && has_port(policy->ssh_ports, policy->ssh_port_count, port));
}

/* Every cluster accepts all from its own containers; to anybody else that opens nothing. */
static bool is_for_containers(const struct rw_policy *policy, const struct rw_rule *rule)
{
	if (rule->object.kind != RW_OBJECT_CIDR)
		return false;
	for (size_t i = 0; i < policy->container_cidr_count; i++)
		if (rw_prefix_covers(&policy->container_cidrs[i], &rule->object.cidr))
			return true;
	return false;
}

static bool is_opened_by(const struct rw_policy *policy, const struct rw_policy_group *group,
			 enum rw_nic_type nic_type, uint16_t protocol, uint16_t port)
{
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];

		if (rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
		    !is_for_containers(policy, rule) &&
		    (policy->network_kind == RW_NETWORK_VPC || rule->nic_type == nic_type) &&
		    (rule->protocol == RW_PROTOCOL_ALL ||
		     (rule->protocol == protocol && rw_ports_contains(rule->ports, port))))
			return true;
	}
	return false;
}

bool rw_policy_opens(const struct rw_policy *policy, uint16_t protocol, uint16_t port)
{
	if (stays_open(policy, protocol, port))
		return true;
	for (size_t i = 0; i < policy->interface_count; i++) {
		const struct rw_policy_interface *interface = &policy->interfaces[i];

		for (size_t k = 0; k < interface->group_count; k++)
			if (is_opened_by(policy, policy->groups[interface->groups[k]], interface->nic_type,
					 protocol, port))
				return true;
	}
	return false;
}

bool rw_policy_cuts(const struct rw_policy *policy, const char *interface, const struct rw_packet *opener,
		    struct rw_decision *ret_decision)
{
	struct rw_decision decision = {.verdict = RW_VERDICT_DROP, .cause = RW_CAUSE_DEFAULT};
	int index = rw_policy_find_interface(policy, interface);

	if (index >= 0)
		decision = rw_evaluate(policy, (size_t)index, opener);
	if (decision.verdict == RW_VERDICT_ACCEPT)
		return false;
	if (ret_decision)
		*ret_decision = decision;
	return true;
}
