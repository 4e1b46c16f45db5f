/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Records of flows as packets that policies judge.  A record does not tell everything of the packet that opened the
 * flow: source ports are not kept, and agents do not tell the node's own address.  Where rules ask for these, every
 * packet that may have been the one is judged.
 */

#include <string.h>

#include "audit/tighten_internal.h"
#include "policy/evaluate.h"

/* Most rules with a five-tuple part that one flow is judged by; in practice there are none or a few. */
#define CLOSE_RULES_MAX 32

/* An ephemeral port, for what no rule asks for. */
#define USUAL_SOURCE_PORT 40000

enum rw_nic_type tighten_table(const struct tightening *t, const struct rw_interface *interface)
{
	return t->network->kind == RW_NETWORK_VPC ? RW_NIC_INTRANET : interface->nic_type;
}

bool tighten_holds(const struct rw_interface *interface, const struct rw_address *address)
{
	for (size_t i = 0; i < interface->address_count; i++)
		if (rw_address_equal(&interface->addresses[i], address))
			return true;
	for (size_t i = 0; i < interface->shared_address_count; i++)
		if (rw_address_equal(&interface->shared_addresses[i], address))
			return true;
	for (size_t i = 0; i < interface->elastic_ip_count; i++)
		if (rw_address_equal(&interface->elastic_ips[i], address))
			return true;
	return false;
}

bool tighten_comes_by(const struct rw_node *node, const struct rw_interface *interface,
		      const struct rw_evidence_flow *flow)
{
	if (flow->interface[0])
		return strcmp(flow->interface, interface->name) == 0;
	if (!flow->local.family || tighten_holds(interface, &flow->local))
		return true;
	for (size_t i = 0; i < node->interface_count; i++)
		if (tighten_holds(&node->interfaces[i], &flow->local))
			return false;
	return true;
}

/* The opening packet of the flow, as far as it is known: the rest is usual. */
static struct rw_packet usual_packet(const struct rw_evidence_flow *flow)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS,
				   .protocol = flow->protocol,
				   .hop_limit = 64,
				   .remote = flow->remote,
				   .local = flow->local};

	if (packet.local.family != packet.remote.family)
		packet.local = (struct rw_address){.family = packet.remote.family};
	if (rw_protocol_has_ports(packet.protocol)) {
		packet.local_port = flow->port;
		packet.remote_port = USUAL_SOURCE_PORT;
	}
	if (packet.protocol == RW_PROTOCOL_TCP)
		packet.tcp_flags = RW_TCP_SYN;
	else if (packet.protocol == RW_PROTOCOL_ICMP)
		packet.icmp_type = 8;
	else if (packet.protocol == RW_PROTOCOL_ICMPV6)
		packet.icmp_type = 128;
	return packet;
}

/* One flow at one interface: what its packets may have been, and who judges them. */
struct guess {
	const struct rw_policy *was, *is; /* 'is' is nullable: it accepts nothing */
	int was_at, is_at;
	const struct rw_interface *interface;
	struct rw_packet packet;
	const struct rw_rule *close[CLOSE_RULES_MAX]; /* rules with a five-tuple part that match the rest */
	size_t close_count;
	bool local_known;
};

static bool accepts(const struct rw_policy *policy, int at, const struct rw_packet *packet)
{
	return policy && at >= 0 && rw_evaluate(policy, (size_t)at, packet).verdict == RW_VERDICT_ACCEPT;
}

static bool is_cut(const struct guess *guess)
{
	return accepts(guess->was, guess->was_at, &guess->packet) &&
	       !accepts(guess->is, guess->is_at, &guess->packet);
}

/* Finds the rules that look closer at the flow than its record does.  A plan neither adds nor deletes such rules. */
static void find_close_rules(struct guess *guess)
{
	const struct rw_policy_interface *interface = &guess->was->interfaces[guess->was_at];

	for (size_t i = 0; i < interface->group_count; i++) {
		const struct rw_policy_group *group = guess->was->groups[interface->groups[i]];

		for (size_t j = 0; j < group->rule_count && guess->close_count < CLOSE_RULES_MAX; j++) {
			struct rw_rule rest = *group->rules[j];

			if (rest.local_cidr.address.family == 0 && rw_ports_is_any(rest.source_ports))
				continue;
			rest.local_cidr = (struct rw_prefix){0};
			rest.source_ports = RW_PORTS_ANY;
			if (rw_rule_matches(guess->was, interface, &rest, &guess->packet))
				guess->close[guess->close_count++] = group->rules[j];
		}
	}
}

/* With every source port at which a rule begins or ends to match. */
static bool is_cut_by_port(struct guess *guess)
{
	bool cut = is_cut(guess);

	for (size_t i = 0; !cut && i < guess->close_count; i++) {
		const struct rw_ports ports = guess->close[i]->source_ports;
		const uint16_t edges[] = {1, ports.first, ports.last == UINT16_MAX ? 1 : ports.last + 1};

		for (size_t j = 0; !cut && !rw_ports_is_any(ports) && j < RW_ARRAY_COUNT(edges); j++) {
			guess->packet.remote_port = edges[j];
			cut = is_cut(guess);
		}
	}
	guess->packet.remote_port = rw_protocol_has_ports(guess->packet.protocol) ? USUAL_SOURCE_PORT : 0;
	return cut;
}

static bool is_cut_at(struct guess *guess, const struct rw_address *local)
{
	if (local->family != guess->packet.remote.family)
		return false;
	guess->packet.local = *local;
	return is_cut_by_port(guess);
}

/* At each address of the interface, and at what rules name: packets to multicast addresses or routed on, too. */
static bool is_cut_somewhere(struct guess *guess)
{
	const struct rw_interface *interface = guess->interface;
	bool cut = is_cut_by_port(guess);

	for (size_t i = 0; !cut && !guess->local_known && i < interface->address_count; i++)
		cut = is_cut_at(guess, &interface->addresses[i]);
	for (size_t i = 0; !cut && !guess->local_known && i < interface->shared_address_count; i++)
		cut = is_cut_at(guess, &interface->shared_addresses[i]);
	for (size_t i = 0; !cut && !guess->local_known && i < guess->close_count; i++)
		cut = is_cut_at(guess, &guess->close[i]->local_cidr.address);
	return cut;
}

bool tighten_cuts(const struct rw_policy *was, const struct rw_policy *is,
		  const struct rw_interface *interface, const struct rw_evidence_flow *flow)
{
	struct guess guess = {.was = was,
			      .is = is,
			      .was_at = rw_policy_find_interface(was, interface->name),
			      .is_at = is ? rw_policy_find_interface(is, interface->name) : -1,
			      .interface = interface,
			      .packet = usual_packet(flow),
			      .local_known = flow->local.family == flow->remote.family};

	if (guess.was_at < 0)
		return false;
	find_close_rules(&guess);
	return guess.close_count ? is_cut_somewhere(&guess) : is_cut(&guess);
}

bool tighten_accepts(const struct rw_policy *policy, const struct rw_interface *interface,
		     const struct rw_evidence_flow *flow)
{
	return tighten_cuts(policy, NULL, interface, flow);
}
