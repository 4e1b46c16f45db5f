/* SPDX-License-Identifier: Apache-2.0 */
#include "random_policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	GROUPS_MAX = 5,
	LISTS_MAX = 3,
	RULES_MAX = 14,
	PREFIXES_MAX = 20,
	INTERFACES_MAX = 3,
};

uint64_t rw_dice_next(struct rw_dice *dice)
{
	uint64_t value = dice->state += 0x9e3779b97f4a7c15ull;

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

uint32_t rw_dice_below(struct rw_dice *dice, uint32_t bound)
{
	assert(bound >= 1);
	return (uint32_t)((rw_dice_next(dice) >> 32) * bound >> 32);
}

bool rw_dice_chance(struct rw_dice *dice, uint32_t percent)
{
	return rw_dice_below(dice, 100) < percent;
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

#define PICK(dice, array) ((array)[rw_dice_below((dice), RW_ARRAY_COUNT(array))])

/* ---- addresses ---- */

/* Few neighbourhoods: what two random choices name is often the same, or side by side. */
static struct rw_address pick_address(struct rw_dice *dice, uint8_t family)
{
	static const char *const bases4[] = {"10.0.0.0",     "10.0.1.0",    "10.1.255.0",   "172.17.0.0",
					     "198.51.100.0", "203.0.113.0", "255.255.255.0"};
	static const char *const bases6[] = {
		"2001:db8::", "2001:db8:0:1::", "2001:db8:0:1:ff::", "fd00:1::", "ff00::", "::", "2400::"};
	struct rw_address address;
	unsigned int last = family == 4 ? 3 : 15;

	if (rw_address_parse(family == 4 ? PICK(dice, bases4) : PICK(dice, bases6), &address, NULL) < 0)
		abort();
	address.bytes[last] = (uint8_t)rw_dice_below(dice, rw_dice_chance(dice, 50) ? 8 : 256);
	if (rw_dice_chance(dice, 20))
		address.bytes[last - 1] = (uint8_t)rw_dice_next(dice);
	if (rw_dice_chance(dice, 5))
		for (unsigned int i = 0; i <= last; i++)
			address.bytes[i] = (uint8_t)rw_dice_next(dice);
	return address;
}

static uint8_t pick_family(struct rw_dice *dice)
{
	return rw_dice_chance(dice, 55) ? 4 : 6;
}

static void cut_bits(struct rw_prefix *prefix)
{
	unsigned int size = prefix->address.family == 4 ? 4 : 16;

	for (unsigned int i = 0; i < size; i++) {
		unsigned int kept = prefix->bits > i * 8 ? prefix->bits - i * 8 : 0;

		if (kept < 8)
			prefix->address.bytes[i] &= (uint8_t)(0xff00u >> kept);
	}
}

static struct rw_prefix pick_prefix(struct rw_dice *dice, uint8_t family)
{
	static const uint8_t bits4[] = {0, 0, 8, 15, 16, 17, 23, 24, 25, 29, 30, 31, 32, 32, 32};
	static const uint8_t bits6[] = {0,   3,   32,  48,  63,  64,  65,  72, 96,
					112, 119, 120, 126, 127, 128, 128, 128};
	struct rw_prefix prefix = {.address = pick_address(dice, family)};

	prefix.bits = family == 4 ? PICK(dice, bits4) : PICK(dice, bits6);
	if (rw_dice_chance(dice, 10))
		prefix.bits = (uint8_t)rw_dice_below(dice, family == 4 ? 33 : 129);
	cut_bits(&prefix);
	return prefix;
}

/* Fewer of the kind that swallows everything. */
static struct rw_prefix pick_narrow_prefix(struct rw_dice *dice)
{
	struct rw_prefix prefix = pick_prefix(dice, pick_family(dice));

	if (prefix.bits < 8) {
		prefix = rw_prefix_of_address(&prefix.address);
		prefix.address.bytes[0] |= 8;
	}
	return prefix;
}

static size_t pick_prefixes(struct rw_dice *dice, uint32_t most, struct rw_prefix **ret_prefixes)
{
	size_t count = rw_dice_below(dice, most + 1);

	*ret_prefixes = must(calloc(count + 1, sizeof(**ret_prefixes)));
	for (size_t i = 0; i < count; i++)
		(*ret_prefixes)[i] = pick_narrow_prefix(dice);
	return count;
}

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

/* ---- rules ---- */

static const uint16_t known_ports[] = {1,   22,  53,  67,  68,   80,   255,  256,  443,   546,
				       547, 511, 512, 999, 1000, 6379, 8080, 8443, 32768, 65535};

static uint16_t pick_port(struct rw_dice *dice)
{
	uint16_t port = PICK(dice, known_ports);

	if (rw_dice_chance(dice, 10))
		port = (uint16_t)rw_dice_next(dice);
	return port ? port : 1;
}

static struct rw_ports pick_ports(struct rw_dice *dice)
{
	struct rw_ports ports = {pick_port(dice), 0};

	ports.last = rw_dice_chance(dice, 60) ? ports.first : pick_port(dice);
	if (rw_dice_chance(dice, 10))
		return (struct rw_ports){1, 65535};
	return ports.first <= ports.last ? ports : (struct rw_ports){ports.last, ports.first};
}

static uint16_t pick_protocol(struct rw_dice *dice)
{
	static const uint16_t often[] = {RW_PROTOCOL_TCP,
					 RW_PROTOCOL_TCP,
					 RW_PROTOCOL_TCP,
					 RW_PROTOCOL_UDP,
					 RW_PROTOCOL_UDP,
					 RW_PROTOCOL_ICMP,
					 RW_PROTOCOL_ICMPV6,
					 RW_PROTOCOL_GRE,
					 RW_PROTOCOL_ALL,
					 RW_PROTOCOL_ALL,
					 132,
					 2,
					 253};

	return rw_dice_chance(dice, 8) ? (uint16_t)rw_dice_below(dice, 256) : PICK(dice, often);
}

static void make_five(struct rw_dice *dice, struct rw_rule *rule)
{
	if (rw_dice_chance(dice, 70))
		rule->local_cidr = pick_prefix(dice, pick_family(dice));
	if (rw_protocol_has_ports(rule->protocol) && rw_dice_chance(dice, 60))
		rule->source_ports = pick_ports(dice);
}

static struct rw_rule *make_rule(struct rw_dice *dice, unsigned int contains)
{
	static const uint8_t priorities[] = {1, 1, 1, 1, 2, 2, 3, 50, 100};
	struct rw_rule *rule = must(rw_rule_new());

	snprintf(rule->id, sizeof(rule->id), "sgr-%016llx", (unsigned long long)rw_dice_next(dice));
	rule->direction = rw_dice_chance(dice, 65) ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS;
	rule->nic_type = rw_dice_chance(dice, 60) ? RW_NIC_INTRANET : RW_NIC_INTERNET;
	rule->policy = rw_dice_chance(dice, 65) ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	rule->protocol = pick_protocol(dice);
	rule->ports = rw_protocol_has_ports(rule->protocol) ? pick_ports(dice) : RW_PORTS_ANY;
	rule->source_ports = RW_PORTS_ANY;
	rule->priority = PICK(dice, priorities);
	rule->description = must(strdup(""));
	rule->author = must(strdup(""));
	if (rw_dice_chance(dice, 60)) {
		rule->object.kind = RW_OBJECT_CIDR;
		rule->object.cidr = pick_prefix(dice, pick_family(dice));
	} else if (rw_dice_chance(dice, 60)) {
		rule->object.kind = RW_OBJECT_GROUP;
		snprintf(rule->object.id, sizeof(rule->object.id), "sg-%016x",
			 rw_dice_below(dice, GROUPS_MAX + 1));
	} else {
		rule->object.kind = RW_OBJECT_PREFIX_LIST;
		snprintf(rule->object.id, sizeof(rule->object.id), "pl-%016x",
			 rw_dice_below(dice, LISTS_MAX + 1));
	}
	if (contains & RW_RANDOM_FIVE && rw_dice_chance(dice, 30))
		make_five(dice, rule);
	return rule;
}

static int compare_rules(const void *a, const void *b)
{
	return strcmp((*(struct rw_rule *const *)a)->id, (*(struct rw_rule *const *)b)->id);
}

/* ---- policies ---- */

static struct rw_policy_group *make_group(struct rw_dice *dice, uint32_t number, unsigned int contains)
{
	struct rw_policy_group *group = must(rw_policy_group_new());

	snprintf(group->id, sizeof(group->id), "sg-%016x", number);
	/* Odd ones are enterprise in some worlds; pick_interface keeps the kinds apart. */
	group->kind = number % 2 && rw_dice_chance(dice, 40) ? RW_GROUP_ENTERPRISE : RW_GROUP_BASIC;
	group->inner_access = rw_dice_chance(dice, 50) ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	group->midstream_drop = rw_dice_chance(dice, 15);
	if (rw_dice_chance(dice, 20))
		group->timeouts.udp = 1 + rw_dice_below(dice, 100);
	group->rule_count = rw_dice_below(dice, RULES_MAX + 1);
	group->rules = must(calloc(group->rule_count + 1, sizeof(*group->rules)));
	for (size_t i = 0; i < group->rule_count; i++)
		group->rules[i] = make_rule(dice, contains);
	qsort(group->rules, group->rule_count, sizeof(*group->rules), compare_rules);
	return group;
}

static struct rw_address_set *make_set(struct rw_dice *dice, const char *kind, uint32_t number)
{
	char id[RW_ID_SIZE];
	size_t count = rw_dice_below(dice, PREFIXES_MAX + 1);
	struct rw_prefix *prefixes = must(calloc(count + 1, sizeof(*prefixes)));
	bool members = strcmp(kind, "sg") == 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t family = pick_family(dice);
		struct rw_address address = pick_address(dice, family);

		prefixes[i] = members ? rw_prefix_of_address(&address) : pick_prefix(dice, family);
	}
	snprintf(id, sizeof(id), "%s-%016x", kind, number);
	return must(rw_address_set_new(id, prefixes, count));
}

static void make_interface(struct rw_dice *dice, const struct rw_policy *policy, size_t number,
			   struct rw_policy_interface *interface)
{
	enum rw_group_kind kind = RW_GROUP_BASIC;

	/* One interface never mixes the kinds. */
	if (policy->group_count)
		kind = policy->groups[rw_dice_below(dice, (uint32_t)policy->group_count)]->kind;

	snprintf(interface->name, sizeof(interface->name), "eth%u", (unsigned int)number % 100);
	interface->nic_type = RW_NIC_INTRANET;
	if (policy->network_kind == RW_NETWORK_CLASSIC && rw_dice_chance(dice, 50))
		interface->nic_type = RW_NIC_INTERNET;
	interface->groups = must(calloc(policy->group_count + 1, sizeof(*interface->groups)));
	for (uint32_t i = 0; i < policy->group_count; i++)
		if (policy->groups[i]->kind == kind && rw_dice_chance(dice, 75))
			interface->groups[interface->group_count++] = i;
}

static void make_groups(struct rw_dice *dice, struct rw_policy *policy, unsigned int contains)
{
	policy->groups = must(calloc(GROUPS_MAX, sizeof(struct rw_policy_group *)));
	policy->sets = must(calloc(GROUPS_MAX + LISTS_MAX, sizeof(struct rw_address_set *)));
	/* "pl-" sorts before "sg-". */
	for (uint32_t i = 0; i < LISTS_MAX; i++)
		if (rw_dice_chance(dice, 90))
			policy->sets[policy->set_count++] = make_set(dice, "pl", i);
	for (uint32_t i = 0; i < GROUPS_MAX; i++) {
		if (rw_dice_chance(dice, 85))
			policy->groups[policy->group_count++] = make_group(dice, i, contains);
		if (rw_dice_chance(dice, 90))
			policy->sets[policy->set_count++] = make_set(dice, "sg", i);
	}
}

static void make_own_addresses(struct rw_dice *dice, struct rw_policy *policy)
{
	RW_CLEANUP(rw_free) struct rw_prefix *prefixes = must(calloc(3, sizeof(*prefixes)));
	size_t count = rw_dice_below(dice, 4);

	policy->own_addresses = must(calloc(count + 1, sizeof(*policy->own_addresses)));
	for (size_t i = 0; i < count; i++) {
		struct rw_address address = pick_address(dice, pick_family(dice));
		size_t at = 0;

		while (at < policy->own_address_count &&
		       rw_address_compare(&policy->own_addresses[at], &address) < 0)
			at++;
		if (at < policy->own_address_count && rw_address_equal(&policy->own_addresses[at], &address))
			continue;
		memmove(&policy->own_addresses[at + 1], &policy->own_addresses[at],
			(policy->own_address_count - at) * sizeof(address));
		policy->own_addresses[at] = address;
		policy->own_address_count++;
	}
}

static size_t make_ports(struct rw_dice *dice, uint32_t most, uint16_t **ret_ports)
{
	size_t count = rw_dice_below(dice, most + 1);

	*ret_ports = must(calloc(count + 1, sizeof(**ret_ports)));
	for (size_t i = 0; i < count; i++)
		(*ret_ports)[i] = pick_port(dice);
	return count;
}

static void make_failsafe(struct rw_dice *dice, struct rw_policy *policy)
{
	policy->management_cidr_count = pick_prefixes(dice, 2, &policy->management_cidrs);
	policy->ssh_port_count = make_ports(dice, 2, &policy->ssh_ports);
	policy->hosted_port_count = make_ports(dice, rw_dice_chance(dice, 30) ? 2 : 0, &policy->hosted_ports);
	policy->controller_count = rw_dice_below(dice, 3);
	policy->controllers = must(calloc(policy->controller_count + 1, sizeof(*policy->controllers)));
	for (size_t i = 0; i < policy->controller_count; i++) {
		policy->controllers[i].address = pick_address(dice, pick_family(dice));
		policy->controllers[i].port = pick_port(dice);
	}
	policy->resolver_count = rw_dice_below(dice, 2);
	policy->resolvers = must(calloc(policy->resolver_count + 1, sizeof(*policy->resolvers)));
	for (size_t i = 0; i < policy->resolver_count; i++)
		policy->resolvers[i] = pick_address(dice, pick_family(dice));
}

struct rw_policy *rw_random_policy(struct rw_dice *dice, unsigned int contains)
{
	struct rw_policy *policy = must(rw_policy_new());

	snprintf(policy->node, sizeof(policy->node), "n-%016x", 1);
	snprintf(policy->node_name, sizeof(policy->node_name), "node");
	policy->network_kind = rw_dice_chance(dice, 55) ? RW_NETWORK_VPC : RW_NETWORK_CLASSIC;
	policy->enforcement = RW_ENFORCE;
	policy->container_network = rw_dice_chance(dice, 50) ? RW_CONTAINER_OVERLAY : RW_CONTAINER_ROUTED;
	make_groups(dice, policy, contains);
	policy->interface_count = 1 + rw_dice_below(dice, INTERFACES_MAX);
	policy->interfaces = must(calloc(policy->interface_count, sizeof(*policy->interfaces)));
	for (size_t i = 0; i < policy->interface_count; i++)
		make_interface(dice, policy, i, &policy->interfaces[i]);
	policy->network_cidr_count = pick_prefixes(dice, 2, &policy->network_cidrs);
	policy->container_cidr_count = pick_prefixes(dice, 1, &policy->container_cidrs);
	make_own_addresses(dice, policy);
	make_failsafe(dice, policy);
	return policy;
}

/* ---- packets ---- */

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
	return pick_address(dice, pick_family(dice));
}

static struct rw_address pick_local(struct rw_dice *dice, const struct rw_policy *policy,
				    const struct rw_rule *rule, uint8_t family)
{
	if (rule && rule->local_cidr.address.family == family && rw_dice_chance(dice, 70))
		return near_prefix(dice, &rule->local_cidr);
	for (size_t i = 0; i < policy->own_address_count && rw_dice_chance(dice, 70); i++)
		if (policy->own_addresses[i].family == family)
			return policy->own_addresses[i];
	return pick_address(dice, family);
}

/* A port at or beside the edges of 'ports', or any other. */
static uint16_t near_ports(struct rw_dice *dice, struct rw_ports ports, unsigned int contains)
{
	uint32_t port;

	switch (rw_dice_below(dice, 9)) {
	case 0:
		port = pick_port(dice);
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
	uint16_t protocol = rule && rw_dice_chance(dice, 93) ? rule->protocol : pick_protocol(dice);

	while (protocol == RW_PROTOCOL_ALL ||
	       (family == 6 && !(contains & RW_RANDOM_WEIRD) && is_extension_header((uint8_t)protocol)))
		protocol = pick_protocol(dice);
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
