/* SPDX-License-Identifier: Apache-2.0 */
#include "random_internal.h"

#include <stdio.h>
#include <string.h>

/* First or last address of the prefix, the one before or behind it, or one inside. */
static struct rw_address near_prefix(struct rw_dice *dice, const struct rw_prefix *prefix)
{
	struct rw_address address = prefix->address;
	unsigned int size = address.family == 4 ? 4 : 16;
	uint32_t where = rw_dice_below(dice, 10);
	int step = where == 1 ? -1 : where == 3 ? 1 : 0;

	for (unsigned int i = 0; where >= 2 && i < size; i++) {
		unsigned int kept = prefix->bits > i * 8 ? prefix->bits - i * 8 : 0;
		uint8_t fill = where >= 4 ? (uint8_t)rw_dice_next(dice) : 0xff;

		if (kept < 8)
			address.bytes[i] |= (uint8_t)(fill & 0xffu >> kept);
	}
	for (unsigned int i = size; step != 0 && i-- > 0;) {
		address.bytes[i] = (uint8_t)(address.bytes[i] + step);
		if (address.bytes[i] != (step < 0 ? 0xff : 0))
			break;
	}
	return address;
}

/* A rule of the interface's groups or (seldom) of any other, or NULL. */
static const struct rw_rule *pick_rule(struct rw_dice *dice, const struct rw_policy *policy,
				       const struct rw_policy_interface *interface)
{
	const struct rw_policy_group *group;

	if (!policy->group_count)
		return NULL;
	group = policy->groups[rw_dice_below(dice, (uint32_t)policy->group_count)];
	if (interface->group_count && rw_dice_chance(dice, 95))
		group = policy->groups[interface->groups[rw_dice_below(dice,
								       (uint32_t)interface->group_count)]];
	return group->rule_count ? group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)] : NULL;
}

static bool pick_from_set(struct rw_dice *dice, const struct rw_policy *policy, const char *id,
			  struct rw_address *ret_address)
{
	const struct rw_address_set *set = rw_policy_find_set(policy, id);

	if (!set || !set->count)
		return false;
	*ret_address = near_prefix(dice, &set->prefixes[rw_dice_below(dice, (uint32_t)set->count)]);
	return true;
}

/* An address that the policy's system part speaks of; false when it has none of the kind drawn. */
static bool pick_system_address(struct rw_dice *dice, const struct rw_policy *policy,
				struct rw_address *ret_address)
{
	switch (rw_dice_below(dice, 6)) {
	case 0:
		if (policy->own_address_count)
			*ret_address = policy->own_addresses[rw_dice_below(
				dice, (uint32_t)policy->own_address_count)];
		return policy->own_address_count > 0;
	case 1:
		if (policy->network_cidr_count)
			*ret_address = near_prefix(dice, &policy->network_cidrs[0]);
		return policy->network_cidr_count > 0;
	case 2:
		if (policy->container_cidr_count)
			*ret_address = near_prefix(dice, &policy->container_cidrs[0]);
		return policy->container_cidr_count > 0;
	case 3:
		if (policy->management_cidr_count)
			*ret_address = near_prefix(dice, &policy->management_cidrs[0]);
		return policy->management_cidr_count > 0;
	case 4:
		if (policy->controller_count)
			*ret_address = policy->controllers[0].address;
		return policy->controller_count > 0;
	default:
		if (policy->resolver_count)
			*ret_address = policy->resolvers[0];
		return policy->resolver_count > 0;
	}
}

static struct rw_address pick_remote(struct rw_dice *dice, const struct rw_policy *policy,
				     const struct rw_rule *rule)
{
	struct rw_address address;

	if (rule && rw_dice_chance(dice, 85)) {
		if (rule->object.kind == RW_OBJECT_CIDR)
			return near_prefix(dice, &rule->object.cidr);
		if (pick_from_set(dice, policy, rule->object.id, &address))
			return address;
	}
	if (policy->group_count && rw_dice_chance(dice, 30) &&
	    pick_from_set(dice, policy,
			  policy->groups[rw_dice_below(dice, (uint32_t)policy->group_count)]->id, &address))
		return address;
	if (rw_dice_chance(dice, 60) && pick_system_address(dice, policy, &address))
		return address;
	return rw_random_pick_address(dice, rw_random_pick_family(dice));
}

static struct rw_address pick_local(struct rw_dice *dice, const struct rw_policy *policy,
				    const struct rw_rule *rule, uint8_t family)
{
	if (rule && rule->local_cidr.address.family == family && rw_dice_chance(dice, 70))
		return near_prefix(dice, &rule->local_cidr);
	for (size_t i = 0; i < policy->own_address_count && rw_dice_chance(dice, 70); i++)
		if (policy->own_addresses[i].family == family)
			return policy->own_addresses[i];
	return rw_random_pick_address(dice, family);
}

/* A port at or beside the edges of 'ports', or any other. */
static uint16_t near_ports(struct rw_dice *dice, struct rw_ports ports, unsigned int contains)
{
	uint32_t port;

	switch (rw_dice_below(dice, 9)) {
	case 0:
		port = rw_random_pick_port(dice);
		break;
	case 1:
		port = ports.first - 1u;
		break;
	case 2:
		port = ports.last;
		break;
	case 3:
		port = ports.last + 1u;
		break;
	case 4:
	case 5:
		port = ports.first + rw_dice_below(dice, ports.last - ports.first + 1u);
		break;
	default:
		port = ports.first;
	}
	port &= 0xffff;
	return port || contains & RW_RANDOM_WEIRD ? (uint16_t)port : 1;
}

static bool is_extension_header(uint8_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 50 || protocol == 51 ||
	       protocol == 59 || protocol == 60 || protocol == 135 || protocol == 139 || protocol == 140 ||
	       protocol == 253 || protocol == 254;
}

static uint8_t pick_packet_protocol(struct rw_dice *dice, const struct rw_rule *rule, uint8_t family,
				    unsigned int contains)
{
	uint16_t protocol = rule && rw_dice_chance(dice, 93) ? rule->protocol : rw_random_pick_protocol(dice);

	while (protocol == RW_PROTOCOL_ALL ||
	       (family == 6 && !(contains & RW_RANDOM_WEIRD) && is_extension_header((uint8_t)protocol)))
		protocol = rw_random_pick_protocol(dice);
	return (uint8_t)protocol;
}

static uint8_t pick_tcp_flags(struct rw_dice *dice)
{
	static const uint8_t flags[] = {RW_TCP_ACK,
					RW_TCP_RST,
					RW_TCP_SYN | RW_TCP_ACK,
					RW_TCP_FIN | RW_TCP_ACK,
					0,
					RW_TCP_RST | RW_TCP_ACK,
					RW_TCP_SYN | 0x08,
					RW_TCP_SYN | RW_TCP_RST,
					RW_TCP_SYN | RW_TCP_FIN};

	return PICK(dice, flags);
}

/* Failsafe tuples are too rare to be met by chance. */
static void aim_at_failsafe(struct rw_dice *dice, const struct rw_policy *policy, struct rw_packet *packet)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	struct rw_address remote = packet->remote;

	if (ingress && policy->ssh_port_count && rw_dice_chance(dice, 70)) {
		packet->local_port = policy->ssh_ports[0];
		if (policy->management_cidr_count)
			remote = near_prefix(dice, &policy->management_cidrs[0]);
	} else if (ingress && policy->hosted_port_count) {
		packet->local_port = policy->hosted_ports[0];
	} else if (!ingress && policy->controller_count && rw_dice_chance(dice, 50)) {
		packet->remote_port = policy->controllers[0].port;
		remote = policy->controllers[0].address;
	} else if (!ingress) {
		packet->remote_port = 53;
		if (policy->resolver_count)
			remote = policy->resolvers[0];
	}
	if (remote.family == packet->remote.family)
		packet->remote = remote;
}

/* A packet at or beside what the system passes speak of. */
static void aim_at_system(struct rw_dice *dice, struct rw_packet *packet)
{
	static const uint8_t icmp_types[] = {129, 130, 132, 133, 134, 135, 136, 137, 138, 143, 144};
	struct rw_address *source =
		packet->direction == RW_DIRECTION_INGRESS ? &packet->remote : &packet->local;
	bool dhcp = rw_dice_chance(dice, 40);
	bool four = packet->local.family == 4;

	packet->tcp_flags = 0;
	if (!four && rw_dice_chance(dice, 70)) {
		uint8_t family = 6;

		*source = (struct rw_address){.family = family};
		if (rw_dice_chance(dice, 70))
			memcpy(source->bytes, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	}
	if (dhcp) {
		packet->protocol = RW_PROTOCOL_UDP;
		packet->icmp_type = 0;
		packet->local_port = four ? 68 : 546;
		packet->remote_port = four ? 67 : 547;
		if (rw_dice_chance(dice, 20))
			packet->remote_port = packet->local_port;
		return;
	}
	packet->protocol = four ? RW_PROTOCOL_IGMP : RW_PROTOCOL_ICMPV6;
	packet->local_port = 0;
	packet->remote_port = 0;
	packet->icmp_type = four ? 0x16 : PICK(dice, icmp_types);
	packet->hop_limit =
		rw_dice_chance(dice, 70)
			? (!four && packet->icmp_type >= 133 && packet->icmp_type <= 137 ? 255 : 1)
			: 64;
}

struct rw_packet rw_random_packet(struct rw_dice *dice, const struct rw_policy *policy, size_t interface,
				  unsigned int contains)
{
	const struct rw_rule *rule = pick_rule(dice, policy, &policy->interfaces[interface]);
	struct rw_packet packet = {.hop_limit = 64};
	bool ingress;

	packet.direction = rw_dice_chance(dice, 60) ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS;
	if (rule && rw_dice_chance(dice, 93))
		packet.direction = rule->direction;
	ingress = packet.direction == RW_DIRECTION_INGRESS;
	packet.remote = pick_remote(dice, policy, rule);
	packet.local = pick_local(dice, policy, rule, packet.remote.family);
	packet.protocol = pick_packet_protocol(dice, rule, packet.remote.family, contains);
	if (rw_protocol_has_ports(packet.protocol)) {
		struct rw_ports any = RW_PORTS_ANY;
		uint16_t source = near_ports(dice, rule ? rule->source_ports : any, contains);
		uint16_t destination = near_ports(dice, rule ? rule->ports : any, contains);

		packet.local_port = ingress ? destination : source;
		packet.remote_port = ingress ? source : destination;
		if (rw_dice_chance(dice, 12))
			aim_at_failsafe(dice, policy, &packet);
	}
	if (packet.protocol == RW_PROTOCOL_TCP) {
		packet.tcp_flags = RW_TCP_SYN;
		if (contains & RW_RANDOM_MIDSTREAM && rw_dice_chance(dice, 15))
			packet.tcp_flags = pick_tcp_flags(dice);
	}
	if (packet.protocol == RW_PROTOCOL_ICMP)
		packet.icmp_type = 8;
	if (packet.protocol == RW_PROTOCOL_ICMPV6)
		packet.icmp_type = 128;
	if (contains & RW_RANDOM_SYSTEM && rw_dice_chance(dice, 7))
		aim_at_system(dice, &packet);
	if (contains & RW_RANDOM_MALFORMED && rw_dice_chance(dice, 1))
		packet.malformed = true;
	if (contains & RW_RANDOM_FRAGMENT && rw_dice_chance(dice, 2)) {
		packet.fragment = true;
		packet.local_port = packet.remote_port = 0;
		packet.tcp_flags = packet.icmp_type = 0;
	}
	return packet;
}

/* ---- text ---- */

void rw_random_format_packet(const struct rw_packet *packet, char text[RW_RANDOM_PACKET_TEXT_SIZE])
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	char local[RW_ADDRESS_TEXT_SIZE], remote[RW_ADDRESS_TEXT_SIZE];

	rw_address_format(&packet->local, local);
	rw_address_format(&packet->remote, remote);
	snprintf(text, RW_RANDOM_PACKET_TEXT_SIZE,
		 "%s protocol %u local %s port %u remote %s port %u flags %02x type %u hops %u%s%s",
		 ingress ? "ingress" : "egress", packet->protocol, local, packet->local_port, remote,
		 packet->remote_port, packet->tcp_flags, packet->icmp_type, packet->hop_limit,
		 packet->malformed ? " malformed" : "", packet->fragment ? " fragment" : "");
}

static void print_rule(const struct rw_rule *rule)
{
	char remote[RW_PREFIX_TEXT_SIZE] = "", local[RW_PREFIX_TEXT_SIZE] = "-";

	if (rule->object.kind == RW_OBJECT_CIDR)
		rw_prefix_format(&rule->object.cidr, remote);
	if (rule->local_cidr.address.family)
		rw_prefix_format(&rule->local_cidr, local);
	fprintf(stderr,
		"    %s %s nic %d %s protocol %u ports %u/%u remote %s%s local %s from %u/%u priority %u\n",
		rule->id, rule->direction == RW_DIRECTION_INGRESS ? "ingress" : "egress", (int)rule->nic_type,
		rule->policy == RW_VERDICT_ACCEPT ? "accept" : "drop", rule->protocol, rule->ports.first,
		rule->ports.last, remote, rule->object.id, local, rule->source_ports.first,
		rule->source_ports.last, rule->priority);
}

static void print_prefixes(const char *name, const struct rw_prefix *prefixes, size_t count)
{
	fprintf(stderr, "  %s:", name);
	for (size_t i = 0; i < count; i++) {
		char text[RW_PREFIX_TEXT_SIZE];

		rw_prefix_format(&prefixes[i], text);
		fprintf(stderr, " %s", text);
	}
	fprintf(stderr, "\n");
}

void rw_random_print_policy(const struct rw_policy *policy)
{
	fprintf(stderr, "policy: network kind %d, container network %d\n", (int)policy->network_kind,
		(int)policy->container_network);
	for (size_t i = 0; i < policy->interface_count; i++) {
		fprintf(stderr, "  interface %s nic %d groups", policy->interfaces[i].name,
			(int)policy->interfaces[i].nic_type);
		for (size_t j = 0; j < policy->interfaces[i].group_count; j++)
			fprintf(stderr, " %s", policy->groups[policy->interfaces[i].groups[j]]->id);
		fprintf(stderr, "\n");
	}
	for (size_t i = 0; i < policy->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[i];

		fprintf(stderr, "  group %s kind %d inner %d midstream drop %d\n", group->id,
			(int)group->kind, (int)group->inner_access, group->midstream_drop);
		for (size_t j = 0; j < group->rule_count; j++)
			print_rule(group->rules[j]);
	}
	for (size_t i = 0; i < policy->set_count; i++)
		print_prefixes(policy->sets[i]->id, policy->sets[i]->prefixes, policy->sets[i]->count);
	print_prefixes("network", policy->network_cidrs, policy->network_cidr_count);
	print_prefixes("containers", policy->container_cidrs, policy->container_cidr_count);
	print_prefixes("management", policy->management_cidrs, policy->management_cidr_count);
}
