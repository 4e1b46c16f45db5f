/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/preview.h"

#include <string.h>

static bool has_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static bool stays_open(const struct rw_policy *policy, const struct rw_report_listener *listener)
{
	if (listener->protocol != RW_PROTOCOL_TCP)
		return false;
	return has_port(policy->hosted_ports, policy->hosted_port_count, listener->port) ||
	       (policy->management_cidr_count &&
		has_port(policy->ssh_ports, policy->ssh_port_count, listener->port));
}

static bool is_opened_by(const struct rw_policy *policy, const struct rw_policy_group *group,
			 enum rw_nic_type nic_type, const struct rw_report_listener *listener)
{
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];

		if (rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
		    (policy->network_kind == RW_NETWORK_VPC || rule->nic_type == nic_type) &&
		    (rule->protocol == RW_PROTOCOL_ALL || (rule->protocol == listener->protocol &&
							   rw_ports_contains(rule->ports, listener->port))))
			return true;
	}
	return false;
}

bool rw_preview_is_opened(const struct rw_policy *policy, const struct rw_report_listener *listener)
{
	if (stays_open(policy, listener))
		return true;
	for (size_t i = 0; i < policy->interface_count; i++) {
		const struct rw_policy_interface *interface = &policy->interfaces[i];

		for (size_t k = 0; k < interface->group_count; k++)
			if (is_opened_by(policy, policy->groups[interface->groups[k]], interface->nic_type,
					 listener))
				return true;
	}
	return false;
}

/* A bridge is enforced by its ports, which name it. */
static bool is_enforced(const struct rw_link_decision *decisions, size_t count, const char *interface)
{
	for (size_t i = 0; i < count; i++)
		if (decisions[i].role == RW_LINK_ENFORCED && strcmp(decisions[i].interface, interface) == 0)
			return true;
	return false;
}

bool rw_preview_is_cut(const struct rw_policy *policy, const struct rw_link_decision *decisions, size_t count,
		       const struct rw_connection *connection, struct rw_decision *ret_decision)
{
	/* An interface that the policy does not know has no groups, and drops. */
	struct rw_decision decision = {.verdict = RW_VERDICT_DROP, .cause = RW_CAUSE_DEFAULT};
	int interface;

	if (!connection->interface[0] || !is_enforced(decisions, count, connection->interface))
		return false;
	interface = rw_policy_find_interface(policy, connection->interface);
	if (interface >= 0)
		decision = rw_evaluate(policy, (size_t)interface, &connection->opener);
	if (decision.verdict == RW_VERDICT_ACCEPT)
		return false;
	if (ret_decision)
		*ret_decision = decision;
	return true;
}
