/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static uint32_t draw(unsigned int *seed, uint32_t below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % below;
}

static void *must(void *pointer)
{
	assert(pointer);
	return pointer;
}

static struct rw_prefix make_prefix(unsigned int *seed)
{
	struct rw_prefix prefix = {.address.family = draw(seed, 3) ? 4 : 6};
	unsigned int bytes = prefix.address.family == 4 ? 4 : 16;

	prefix.bits = (uint8_t)(8 * (1 + draw(seed, bytes)));
	for (unsigned int i = 0; i < prefix.bits / 8u; i++)
		prefix.address.bytes[i] = (uint8_t)(1 + draw(seed, 254));
	return prefix;
}

static struct rw_prefix *make_prefixes(unsigned int *seed, size_t count)
{
	struct rw_prefix *prefixes = must(calloc(count + 1, sizeof(*prefixes)));

	for (size_t i = 0; i < count; i++)
		prefixes[i] = make_prefix(seed);
	return prefixes;
}

static struct rw_address make_address(unsigned int *seed, size_t number)
{
	struct rw_address address = {4,
				     {10, (uint8_t)draw(seed, 250), (uint8_t)(number >> 8), (uint8_t)number}};

	return address;
}

static struct rw_rule *make_rule(unsigned int *seed, size_t number)
{
	static const uint16_t protocols[] = {RW_PROTOCOL_TCP, RW_PROTOCOL_UDP, RW_PROTOCOL_ICMP,
					     RW_PROTOCOL_ALL, 89};
	struct rw_rule *rule = must(rw_rule_new());

	snprintf(rule->id, sizeof(rule->id), "sgr-%08zu", number);
	rule->direction = draw(seed, 4) ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS;
	rule->nic_type = draw(seed, 4) ? RW_NIC_INTRANET : RW_NIC_INTERNET;
	rule->policy = draw(seed, 3) ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	rule->protocol = protocols[draw(seed, 5)];
	rule->ports = RW_PORTS_ANY;
	rule->source_ports = RW_PORTS_ANY;
	if (rw_protocol_has_ports(rule->protocol)) {
		rule->ports.first = (uint16_t)(1 + draw(seed, 30000));
		rule->ports.last = (uint16_t)(rule->ports.first + draw(seed, 1000));
		if (draw(seed, 10) == 0)
			rule->source_ports = (struct rw_ports){1024, 65535};
	}
	rule->object.kind =
		draw(seed, 5) ? RW_OBJECT_CIDR : (draw(seed, 2) ? RW_OBJECT_GROUP : RW_OBJECT_PREFIX_LIST);
	if (rule->object.kind == RW_OBJECT_CIDR)
		rule->object.cidr = make_prefix(seed);
	else
		strcpy(rule->object.id, rule->object.kind == RW_OBJECT_GROUP ? "sg-00000001" : "pl-00000001");
	if (draw(seed, 10) == 0)
		rule->local_cidr = make_prefix(seed);
	rule->priority = (uint8_t)(1 + draw(seed, 100));
	rule->description = must(strdup(""));
	rule->author = must(strdup(""));
	return rule;
}

static struct rw_policy_group *make_group(unsigned int *seed, size_t number, size_t rules)
{
	struct rw_policy_group *group = must(rw_policy_group_new());

	snprintf(group->id, sizeof(group->id), "sg-%08zu", number);
	group->inner_access = draw(seed, 2) ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	group->midstream_drop = draw(seed, 2);
	if (draw(seed, 2))
		group->timeouts = (struct rw_timeouts){1, 2, 3, 4, 5, 6, 7};
	group->rules = must(calloc(rules + 1, sizeof(struct rw_rule *)));
	group->rule_count = rules;
	for (size_t i = 0; i < rules; i++)
		group->rules[i] = make_rule(seed, number * 1000000 + i);
	return group;
}

static void make_interfaces(struct rw_policy *policy, unsigned int *seed)
{
	policy->interface_count = 2;
	policy->interfaces = must(calloc(2, sizeof(*policy->interfaces)));
	for (size_t i = 0; i < 2; i++) {
		struct rw_policy_interface *interface = &policy->interfaces[i];

		snprintf(interface->name, sizeof(interface->name), "eth%zu", i);
		interface->nic_type = i ? RW_NIC_INTERNET : RW_NIC_INTRANET;
		interface->groups = must(calloc(2, sizeof(*interface->groups)));
		interface->group_count = draw(seed, 3);
		for (uint32_t j = 0; j < interface->group_count; j++)
			interface->groups[j] = j;
	}
}

static void make_surroundings(struct rw_policy *policy, unsigned int *seed)
{
	policy->network_cidrs = make_prefixes(seed, policy->network_cidr_count = draw(seed, 3));
	policy->container_cidrs = make_prefixes(seed, policy->container_cidr_count = draw(seed, 3));
	policy->management_cidrs = make_prefixes(seed, policy->management_cidr_count = draw(seed, 3));
	policy->own_address_count = 1;
	policy->own_addresses = must(calloc(1, sizeof(*policy->own_addresses)));
	policy->own_addresses[0] = make_address(seed, 1);
	policy->ssh_port_count = 1;
	policy->ssh_ports = must(calloc(1, sizeof(*policy->ssh_ports)));
	policy->ssh_ports[0] = 22;
	policy->controller_count = draw(seed, 2);
	policy->controllers = must(calloc(1, sizeof(*policy->controllers)));
	policy->controllers[0] = (struct rw_endpoint){make_address(seed, 2), 8443};
	policy->resolver_count = draw(seed, 2);
	policy->resolvers = must(calloc(1, sizeof(*policy->resolvers)));
	policy->resolvers[0] = make_address(seed, 3);
	policy->hosted_port_count = draw(seed, 2);
	policy->hosted_ports = must(calloc(1, sizeof(*policy->hosted_ports)));
	policy->hosted_ports[0] = 8443;
}

struct rw_policy *policy_make(unsigned int seed, size_t rules, size_t members)
{
	struct rw_policy *policy = must(rw_policy_new());
	struct rw_prefix *addresses = must(calloc(members + 1, sizeof(*addresses)));

	strcpy(policy->node, "n-0123456789abcdef");
	snprintf(policy->node_name, sizeof(policy->node_name), "node \"%u\"", seed);
	policy->network_kind = draw(&seed, 2) ? RW_NETWORK_VPC : RW_NETWORK_CLASSIC;
	policy->enforcement = draw(&seed, 2) ? RW_ENFORCE : RW_MONITOR;
	policy->container_network = draw(&seed, 2) ? RW_CONTAINER_OVERLAY : RW_CONTAINER_ROUTED;
	make_interfaces(policy, &seed);
	make_surroundings(policy, &seed);
	policy->group_count = 2;
	policy->groups = must(calloc(2, sizeof(struct rw_policy_group *)));
	policy->groups[0] = make_group(&seed, 0, draw(&seed, 5));
	policy->groups[1] = make_group(&seed, 1, rules);
	for (size_t i = 0; i < members; i++) {
		struct rw_address address = {4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

		addresses[i] = rw_prefix_of_address(&address);
	}
	policy->set_count = 3;
	policy->sets = must(calloc(3, sizeof(struct rw_address_set *)));
	policy->sets[0] = must(rw_address_set_new("pl-00000001", make_prefixes(&seed, 20), 20));
	policy->sets[1] = must(rw_address_set_new("sg-00000000", make_prefixes(&seed, 0), 0));
	policy->sets[2] = must(rw_address_set_new("sg-00000001", addresses, members));
	return policy;
}
