/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <string.h>

/*
 * Two independent streams of 64-bit words, each mixed by an odd multiplier and a shift or a rotation.  Every
 * variable part is preceded by its length, so that no two different policies feed the same words.
 */
struct hasher {
	uint64_t a;
	uint64_t b;
};

static void feed(struct hasher *hasher, uint64_t word)
{
	hasher->a = (hasher->a ^ word) * 0x9e3779b97f4a7c15ULL;
	hasher->a ^= hasher->a >> 32;
	hasher->b += word * 0xc2b2ae3d27d4eb4fULL;
	hasher->b = (hasher->b << 31 | hasher->b >> 33) * 0x165667b19e3779f9ULL;
}

/* Bytes as little-endian words, so that the digest is the same on every machine. */
static void feed_bytes(struct hasher *hasher, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;

		for (size_t j = 0; j < 8 && i + j < size; j++)
			word |= (uint64_t)byte[i + j] << (8 * j);
		feed(hasher, word);
	}
}

static void feed_text(struct hasher *hasher, const char *text)
{
	size_t length = strlen(text);

	feed(hasher, length);
	feed_bytes(hasher, text, length);
}

static void feed_address(struct hasher *hasher, const struct rw_address *address)
{
	feed(hasher, address->family);
	feed_bytes(hasher, address->bytes, sizeof(address->bytes));
}

static void feed_prefix(struct hasher *hasher, const struct rw_prefix *prefix)
{
	feed(hasher, prefix->bits);
	feed_address(hasher, &prefix->address);
}

static void feed_prefixes(struct hasher *hasher, const struct rw_prefix *prefixes, size_t count)
{
	feed(hasher, count);
	for (size_t i = 0; i < count; i++)
		feed_prefix(hasher, &prefixes[i]);
}

static void feed_addresses(struct hasher *hasher, const struct rw_address *addresses, size_t count)
{
	feed(hasher, count);
	for (size_t i = 0; i < count; i++)
		feed_address(hasher, &addresses[i]);
}

static void feed_port_numbers(struct hasher *hasher, const uint16_t *ports, size_t count)
{
	feed(hasher, count);
	for (size_t i = 0; i < count; i++)
		feed(hasher, ports[i]);
}

static void feed_rule(struct hasher *hasher, const struct rw_rule *rule)
{
	feed_text(hasher, rule->id);
	feed(hasher, (uint64_t)rule->direction | (uint64_t)rule->nic_type << 8 |
			     (uint64_t)rule->policy << 16 | (uint64_t)rule->priority << 24 |
			     (uint64_t)rule->protocol << 32 | (uint64_t)rule->object.kind << 48);
	feed(hasher, (uint64_t)rule->ports.first | (uint64_t)rule->ports.last << 16 |
			     (uint64_t)rule->source_ports.first << 32 |
			     (uint64_t)rule->source_ports.last << 48);
	if (rule->object.kind == RW_OBJECT_CIDR)
		feed_prefix(hasher, &rule->object.cidr);
	else
		feed_text(hasher, rule->object.id);
	feed_prefix(hasher, &rule->local_cidr);
}

static void feed_group(struct hasher *hasher, const struct rw_policy_group *group)
{
	const struct rw_timeouts *t = &group->timeouts;

	feed_text(hasher, group->id);
	feed(hasher, (uint64_t)group->kind | (uint64_t)group->inner_access << 8 |
			     (uint64_t)group->midstream_drop << 16);
	feed(hasher, (uint64_t)t->tcp_half_open | (uint64_t)t->tcp_established << 32);
	feed(hasher, (uint64_t)t->tcp_closing | (uint64_t)t->tcp_reset << 32);
	feed(hasher, (uint64_t)t->udp | (uint64_t)t->udp_assured << 32);
	feed(hasher, t->other);
	feed(hasher, group->rule_count);
	for (size_t i = 0; i < group->rule_count; i++)
		feed_rule(hasher, group->rules[i]);
}

static void feed_interface(struct hasher *hasher, const struct rw_policy_interface *interface)
{
	feed_text(hasher, interface->name);
	feed(hasher, interface->nic_type);
	feed(hasher, interface->group_count);
	for (size_t i = 0; i < interface->group_count; i++)
		feed(hasher, interface->groups[i]);
}

struct rw_policy_digest rw_policy_digest(const struct rw_policy *policy)
{
	struct hasher hasher = {.a = 0x8a5cd789635d2dffULL, .b = 0x121fd2155c472f96ULL};

	feed_text(&hasher, policy->node);
	feed(&hasher, (uint64_t)policy->network_kind | (uint64_t)policy->enforcement << 8 |
			      (uint64_t)policy->container_network << 16);
	feed(&hasher, policy->interface_count);
	for (size_t i = 0; i < policy->interface_count; i++)
		feed_interface(&hasher, &policy->interfaces[i]);
	feed(&hasher, policy->group_count);
	for (size_t i = 0; i < policy->group_count; i++)
		feed_group(&hasher, policy->groups[i]);
	feed(&hasher, policy->set_count);
	for (size_t i = 0; i < policy->set_count; i++) {
		feed_text(&hasher, policy->sets[i]->id);
		feed_prefixes(&hasher, policy->sets[i]->prefixes, policy->sets[i]->count);
	}
	feed_prefixes(&hasher, policy->network_cidrs, policy->network_cidr_count);
	feed_prefixes(&hasher, policy->container_cidrs, policy->container_cidr_count);
	feed_addresses(&hasher, policy->own_addresses, policy->own_address_count);
	feed_prefixes(&hasher, policy->management_cidrs, policy->management_cidr_count);
	feed_port_numbers(&hasher, policy->ssh_ports, policy->ssh_port_count);
	feed(&hasher, policy->controller_count);
	for (size_t i = 0; i < policy->controller_count; i++) {
		feed_address(&hasher, &policy->controllers[i].address);
		feed(&hasher, policy->controllers[i].port);
	}
	feed_addresses(&hasher, policy->resolvers, policy->resolver_count);
	feed_port_numbers(&hasher, policy->hosted_ports, policy->hosted_port_count);
	return (struct rw_policy_digest){{hasher.a, hasher.b}};
}
