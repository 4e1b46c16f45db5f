/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/evaluate.h"

#include <assert.h>
#include <string.h>

#define ACCEPT(why) ((struct rw_decision){.verdict = RW_VERDICT_ACCEPT, .cause = (why)})
#define DROP(why)   ((struct rw_decision){.verdict = RW_VERDICT_DROP, .cause = (why)})

static const char *const cause_names[RW_CAUSE_COUNT_] = {
	[RW_CAUSE_RULE] = "rule",
	[RW_CAUSE_INNER_ACCESS] = "inner-access",
	[RW_CAUSE_DEFAULT] = "default",
	[RW_CAUSE_CONTROLLER_LINK] = "system:controller-link",
	[RW_CAUSE_MANAGEMENT] = "system:management",
	[RW_CAUSE_NEIGHBOUR_DISCOVERY] = "system:neighbour-discovery",
	[RW_CAUSE_MULTICAST_MEMBERSHIP] = "system:multicast-membership",
	[RW_CAUSE_DHCP] = "system:dhcp",
	[RW_CAUSE_NOT_IP] = "system:not-ip",
	[RW_CAUSE_MALFORMED] = "system:malformed",
	[RW_CAUSE_SPOOFED] = "system:spoofed",
	[RW_CAUSE_OWN_ADDRESS] = "system:own-address",
	[RW_CAUSE_FRAGMENT] = "system:fragment",
	[RW_CAUSE_NO_FLOW] = "system:no-flow",
	[RW_CAUSE_CUT] = "system:cut",
	[RW_CAUSE_FLOW_TABLE_FULL] = "system:flow-table-full",
	[RW_CAUSE_PENDING] = "system:pending",
};

const char *rw_cause_name(enum rw_cause cause)
{
	assert(cause < RW_CAUSE_COUNT_);
	return cause_names[cause];
}

const char *rw_decision_cause(const struct rw_decision *decision)
{
	return decision->cause == RW_CAUSE_RULE ? decision->detail : rw_cause_name(decision->cause);
}

static bool any_contains(const struct rw_prefix *prefixes, size_t count, const struct rw_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (rw_prefix_contains(&prefixes[i], address))
			return true;
	return false;
}

static bool any_equals(const struct rw_address *addresses, size_t count, const struct rw_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (rw_address_equal(&addresses[i], address))
			return true;
	return false;
}

static bool any_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static const struct rw_address *source_of(const struct rw_packet *packet)
{
	return packet->direction == RW_DIRECTION_INGRESS ? &packet->remote : &packet->local;
}

static bool is_unspecified(const struct rw_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

static bool is_neighbour_discovery(const struct rw_packet *packet)
{
	if (packet->protocol != RW_PROTOCOL_ICMPV6 || packet->hop_limit != 255)
		return false;
	return (packet->icmp_type >= 133 && packet->icmp_type <= 136) ||
	       (packet->icmp_type == 137 && rw_address_is_link_local(source_of(packet)));
}

static bool is_multicast_membership(const struct rw_packet *packet)
{
	if (packet->hop_limit != 1)
		return false;
	if (packet->local.family == 4)
		return packet->protocol == RW_PROTOCOL_IGMP;
	return packet->protocol == RW_PROTOCOL_ICMPV6 &&
	       ((packet->icmp_type >= 130 && packet->icmp_type <= 132) || packet->icmp_type == 143) &&
	       (rw_address_is_link_local(source_of(packet)) || is_unspecified(source_of(packet)));
}

/* The node as DHCP client: its port is the local one in both directions. */
static bool is_dhcp(const struct rw_packet *packet)
{
	if (packet->protocol != RW_PROTOCOL_UDP)
		return false;
	if (packet->local.family == 4)
		return packet->local_port == 68 && packet->remote_port == 67;
	return packet->local_port == 546 && packet->remote_port == 547 &&
	       (packet->direction == RW_DIRECTION_EGRESS || rw_address_is_link_local(&packet->remote));
}

bool rw_evaluate_system(const struct rw_packet *packet, struct rw_decision *ret_decision)
{
	if (packet->fragment)
		return false;
	if (packet->local.family == 6 && is_neighbour_discovery(packet))
		*ret_decision = ACCEPT(RW_CAUSE_NEIGHBOUR_DISCOVERY);
	else if (is_multicast_membership(packet))
		*ret_decision = ACCEPT(RW_CAUSE_MULTICAST_MEMBERSHIP);
	else if (is_dhcp(packet))
		*ret_decision = ACCEPT(RW_CAUSE_DHCP);
	else
		return false;
	return true;
}

/* Semantics 5.4. */
static bool is_forged(const struct rw_policy *policy, const struct rw_policy_interface *interface,
		      const struct rw_packet *packet, struct rw_decision *ret_decision)
{
	const struct rw_address *source = &packet->remote;
	bool container = any_contains(policy->container_cidrs, policy->container_cidr_count, source);
	bool network = any_contains(policy->network_cidrs, policy->network_cidr_count, source);

	if (packet->direction != RW_DIRECTION_INGRESS)
		return false;
	if (any_equals(policy->own_addresses, policy->own_address_count, source))
		*ret_decision = DROP(RW_CAUSE_OWN_ADDRESS);
	else if (interface->nic_type == RW_NIC_INTERNET && (network || container))
		*ret_decision = DROP(RW_CAUSE_SPOOFED);
	else if (policy->container_network == RW_CONTAINER_OVERLAY && container)
		*ret_decision = DROP(RW_CAUSE_SPOOFED);
	else
		return false;
	return true;
}

/* Semantics 5.6. */
static bool is_failsafe(const struct rw_policy *policy, const struct rw_packet *packet,
			struct rw_decision *ret_decision)
{
	bool tcp = packet->protocol == RW_PROTOCOL_TCP;

	if (packet->direction == RW_DIRECTION_EGRESS) {
		bool link = (tcp || packet->protocol == RW_PROTOCOL_UDP) && packet->remote_port == 53 &&
			    any_equals(policy->resolvers, policy->resolver_count, &packet->remote);

		for (size_t i = 0; tcp && i < policy->controller_count; i++)
			link |= policy->controllers[i].port == packet->remote_port &&
				rw_address_equal(&policy->controllers[i].address, &packet->remote);
		*ret_decision = ACCEPT(RW_CAUSE_CONTROLLER_LINK);
		return link;
	}
	if (!tcp)
		return false;
	if (any_port(policy->hosted_ports, policy->hosted_port_count, packet->local_port)) {
		*ret_decision = ACCEPT(RW_CAUSE_CONTROLLER_LINK);
		return true;
	}
	*ret_decision = ACCEPT(RW_CAUSE_MANAGEMENT);
	return any_port(policy->ssh_ports, policy->ssh_port_count, packet->local_port) &&
	       any_contains(policy->management_cidrs, policy->management_cidr_count, &packet->remote);
}

static bool object_matches(const struct rw_policy *policy, const struct rw_object *object,
			   const struct rw_address *remote)
{
	const struct rw_address_set *set;

	if (object->kind == RW_OBJECT_CIDR)
		return rw_prefix_contains(&object->cidr, remote);
	set = rw_policy_find_set(policy, object->id);
	return set && rw_address_set_contains(set, remote);
}

static bool protocol_matches(const struct rw_rule *rule, const struct rw_packet *packet)
{
	if (rule->protocol == RW_PROTOCOL_ALL)
		return true;
	if (rule->protocol == RW_PROTOCOL_ICMP && packet->local.family != 4)
		return false;
	if (rule->protocol == RW_PROTOCOL_ICMPV6 && packet->local.family != 6)
		return false;
	return rule->protocol == packet->protocol;
}

bool rw_rule_matches(const struct rw_policy *policy, const struct rw_policy_interface *interface,
		     const struct rw_rule *rule, const struct rw_packet *packet)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	uint16_t destination_port = ingress ? packet->local_port : packet->remote_port;
	uint16_t source_port = ingress ? packet->remote_port : packet->local_port;

	return rule->direction == packet->direction &&
	       (policy->network_kind == RW_NETWORK_VPC || rule->nic_type == interface->nic_type) &&
	       protocol_matches(rule, packet) && rw_ports_contains(rule->ports, destination_port) &&
	       rw_ports_contains(rule->source_ports, source_port) &&
	       (rule->local_cidr.address.family == 0 ||
		rw_prefix_contains(&rule->local_cidr, &packet->local)) &&
	       object_matches(policy, &rule->object, &packet->remote);
}

bool rw_rule_decides_before(const struct rw_rule *a, const struct rw_rule *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	if (a->policy != b->policy)
		return a->policy == RW_VERDICT_DROP;
	return strcmp(a->id, b->id) < 0;
}

/* Semantics 3.2: the smallest id of a group that lets its members reach each other, or NULL. */
static const char *find_inner_access(const struct rw_policy *policy,
				     const struct rw_policy_interface *interface,
				     const struct rw_packet *packet)
{
	if (interface->nic_type != RW_NIC_INTRANET)
		return NULL;
	for (size_t i = 0; i < interface->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[interface->groups[i]];
		const struct rw_address_set *members = rw_policy_find_set(policy, group->id);

		if (group->kind == RW_GROUP_BASIC && group->inner_access == RW_VERDICT_ACCEPT && members &&
		    rw_address_set_contains(members, &packet->remote))
			return group->id;
	}
	return NULL;
}

/* Semantics 3.4. */
static enum rw_verdict default_verdict(const struct rw_policy *policy,
				       const struct rw_policy_interface *interface,
				       const struct rw_packet *packet)
{
	if (packet->direction == RW_DIRECTION_INGRESS || interface->group_count == 0)
		return RW_VERDICT_DROP;
	for (size_t i = 0; i < interface->group_count; i++)
		if (policy->groups[interface->groups[i]]->kind != RW_GROUP_BASIC)
			return RW_VERDICT_DROP;
	return RW_VERDICT_ACCEPT;
}

/* Semantics 3, after the failsafe of 5.6: the packet opens a flow, or is decided as if it did. */
static struct rw_decision decide_opener(const struct rw_policy *policy,
					const struct rw_policy_interface *interface,
					const struct rw_packet *packet)
{
	const struct rw_rule *deciding = NULL;
	struct rw_decision decision;
	const char *inner;

	if (is_failsafe(policy, packet, &decision))
		return decision;
	inner = find_inner_access(policy, interface, packet);
	if (inner)
		return (struct rw_decision){RW_VERDICT_ACCEPT, RW_CAUSE_INNER_ACCESS, inner};
	for (size_t i = 0; i < interface->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[interface->groups[i]];

		for (size_t j = 0; j < group->rule_count; j++) {
			const struct rw_rule *rule = group->rules[j];

			if (rw_rule_matches(policy, interface, rule, packet) &&
			    (!deciding || rw_rule_decides_before(rule, deciding)))
				deciding = rule;
		}
	}
	if (deciding)
		return (struct rw_decision){deciding->policy, RW_CAUSE_RULE, deciding->id};
	return (struct rw_decision){default_verdict(policy, interface, packet), RW_CAUSE_DEFAULT, NULL};
}

static bool is_strict(const struct rw_policy *policy, const struct rw_policy_interface *interface)
{
	for (size_t i = 0; i < interface->group_count; i++)
		if (policy->groups[interface->groups[i]]->midstream_drop)
			return true;
	return false;
}

/* Semantics 4: a TCP packet that opens nothing and of which no flow is known. */
static struct rw_decision decide_midstream(const struct rw_policy *policy,
					   const struct rw_policy_interface *interface,
					   const struct rw_packet *packet)
{
	struct rw_packet opener = *packet;
	struct rw_decision decision;

	opener.direction = RW_DIRECTION_INGRESS;
	opener.tcp_flags = RW_TCP_SYN;
	if (packet->direction == RW_DIRECTION_INGRESS)
		return is_strict(policy, interface) ? DROP(RW_CAUSE_NO_FLOW)
						    : decide_opener(policy, interface, &opener);
	if (!(packet->tcp_flags & RW_TCP_RST))
		return DROP(RW_CAUSE_NO_FLOW);
	decision = decide_opener(policy, interface, &opener);
	return decision.verdict == RW_VERDICT_ACCEPT ? decision : DROP(RW_CAUSE_NO_FLOW);
}

struct rw_decision rw_evaluate(const struct rw_policy *policy, size_t interface_index,
			       const struct rw_packet *packet)
{
	const struct rw_policy_interface *interface = &policy->interfaces[interface_index];
	struct rw_decision decision;

	assert(interface_index < policy->interface_count);
	if (packet->malformed)
		return DROP(RW_CAUSE_MALFORMED);
	if (rw_evaluate_system(packet, &decision))
		return decision;
	if (is_forged(policy, interface, packet, &decision))
		return decision;
	if (packet->fragment)
		return DROP(RW_CAUSE_FRAGMENT);
	if (!rw_packet_opens(packet))
		return decide_midstream(policy, interface, packet);
	return decide_opener(policy, interface, packet);
}
