/* SPDX-License-Identifier: Apache-2.0 */
#include "random_internal.h"

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

/* ---- addresses ---- */

/* Few neighbourhoods: what two random choices name is often the same, or side by side. */
struct rw_address rw_random_pick_address(struct rw_dice *dice, uint8_t family)
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

uint8_t rw_random_pick_family(struct rw_dice *dice)
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
	struct rw_prefix prefix = {.address = rw_random_pick_address(dice, family)};

	prefix.bits = family == 4 ? PICK(dice, bits4) : PICK(dice, bits6);
	if (rw_dice_chance(dice, 10))
		prefix.bits = (uint8_t)rw_dice_below(dice, family == 4 ? 33 : 129);
	cut_bits(&prefix);
	return prefix;
}

/* Fewer of the kind that swallows everything. */
static struct rw_prefix pick_narrow_prefix(struct rw_dice *dice)
{
	struct rw_prefix prefix = pick_prefix(dice, rw_random_pick_family(dice));

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

/* ---- rules ---- */

static const uint16_t known_ports[] = {1,   22,  53,  67,  68,   80,   255,  256,  443,   546,
				       547, 511, 512, 999, 1000, 6379, 8080, 8443, 32768, 65535};

uint16_t rw_random_pick_port(struct rw_dice *dice)
{
	uint16_t port = PICK(dice, known_ports);

	if (rw_dice_chance(dice, 10))
		port = (uint16_t)rw_dice_next(dice);
	return port ? port : 1;
}

static struct rw_ports pick_ports(struct rw_dice *dice)
{
	struct rw_ports ports = {rw_random_pick_port(dice), 0};

	ports.last = rw_dice_chance(dice, 60) ? ports.first : rw_random_pick_port(dice);
	if (rw_dice_chance(dice, 10))
		return (struct rw_ports){1, 65535};
	return ports.first <= ports.last ? ports : (struct rw_ports){ports.last, ports.first};
}

uint16_t rw_random_pick_protocol(struct rw_dice *dice)
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
		rule->local_cidr = pick_prefix(dice, rw_random_pick_family(dice));
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
	rule->protocol = rw_random_pick_protocol(dice);
	rule->ports = rw_protocol_has_ports(rule->protocol) ? pick_ports(dice) : RW_PORTS_ANY;
	rule->source_ports = RW_PORTS_ANY;
	rule->priority = PICK(dice, priorities);
	rule->description = must(strdup(""));
	rule->author = must(strdup(""));
	if (rw_dice_chance(dice, 60)) {
		rule->object.kind = RW_OBJECT_CIDR;
		rule->object.cidr = pick_prefix(dice, rw_random_pick_family(dice));
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
		uint8_t family = rw_random_pick_family(dice);
		struct rw_address address = rw_random_pick_address(dice, family);

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
		struct rw_address address = rw_random_pick_address(dice, rw_random_pick_family(dice));
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
		(*ret_ports)[i] = rw_random_pick_port(dice);
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
		policy->controllers[i].address = rw_random_pick_address(dice, rw_random_pick_family(dice));
		policy->controllers[i].port = rw_random_pick_port(dice);
	}
	policy->resolver_count = rw_dice_below(dice, 2);
	policy->resolvers = must(calloc(policy->resolver_count + 1, sizeof(*policy->resolvers)));
	for (size_t i = 0; i < policy->resolver_count; i++)
		policy->resolvers[i] = rw_random_pick_address(dice, rw_random_pick_family(dice));
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
