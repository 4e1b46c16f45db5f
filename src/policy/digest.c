/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/digest.h"

#include <string.h>

/*
 * Two independent streams of 64-bit words, each mixed by an odd multiplier and a shift or a rotation.  Every
 * variable part is preceded by its length, so that no two different policies feed the same words.
 */
struct hasher {
	uint64_t a;
	uint64_t b;
};

static const struct hasher fresh = {.a = 0x8a5cd789635d2dffULL, .b = 0x121fd2155c472f96ULL};

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

/* ---- Sums ---- */

/* Spreads every bit over the word: sums are taken of these. */
static uint64_t spread(uint64_t word)
{
	word = (word ^ word >> 33) * 0xff51afd7ed558ccdULL;
	word = (word ^ word >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return word ^ word >> 33;
}

static void add_hash(struct rw_digest_sum *sum, const struct hasher *hasher, bool add)
{
	uint64_t a = spread(hasher->a + (hasher->b << 32 | hasher->b >> 32));
	uint64_t b = spread(hasher->b ^ hasher->a);

	sum->words[0] += add ? a : -a;
	sum->words[1] += add ? b : -b;
}

static void add_rule(struct rw_digest_sum *sum, const struct rw_rule *rule, bool add)
{
	struct hasher hasher = fresh;

	feed_rule(&hasher, rule);
	add_hash(sum, &hasher, add);
}

static void add_prefix(struct rw_digest_sum *sum, const struct rw_prefix *prefix, bool add)
{
	struct hasher hasher = fresh;

	feed_prefix(&hasher, prefix);
	add_hash(sum, &hasher, add);
}

/* Threads that share an object may find its sum at the same time, and find the same. */
static bool load_sum(const struct rw_digest_sum *sum, struct rw_digest_sum *ret_sum)
{
	if (!__atomic_load_n(&sum->known, __ATOMIC_ACQUIRE))
		return false;
	ret_sum->words[0] = __atomic_load_n(&sum->words[0], __ATOMIC_RELAXED);
	ret_sum->words[1] = __atomic_load_n(&sum->words[1], __ATOMIC_RELAXED);
	return true;
}

static void keep_sum(const struct rw_digest_sum *place, const struct rw_digest_sum *sum)
{
	struct rw_digest_sum *to = (struct rw_digest_sum *)(uintptr_t)place;

	__atomic_store_n(&to->words[0], sum->words[0], __ATOMIC_RELAXED);
	__atomic_store_n(&to->words[1], sum->words[1], __ATOMIC_RELAXED);
	__atomic_store_n(&to->known, true, __ATOMIC_RELEASE);
}

static struct rw_digest_sum sum_of_rules(const struct rw_policy_group *group)
{
	struct rw_digest_sum sum = {0};

	if (load_sum(&group->sum, &sum))
		return sum;
	for (size_t i = 0; i < group->rule_count; i++)
		add_rule(&sum, group->rules[i], true);
	keep_sum(&group->sum, &sum);
	return sum;
}

static struct rw_digest_sum sum_of_prefixes(const struct rw_address_set *set)
{
	struct rw_digest_sum sum = {0};

	if (load_sum(&set->sum, &sum))
		return sum;
	for (size_t i = 0; i < set->count; i++)
		add_prefix(&sum, &set->prefixes[i], true);
	keep_sum(&set->sum, &sum);
	return sum;
}

void rw_digest_follow_rules(const struct rw_policy_group *from, struct rw_policy_group *to)
{
	struct rw_digest_sum sum;
	size_t i = 0;
	size_t j = 0;

	if (!load_sum(&from->sum, &sum))
		return;
	while (i < from->rule_count || j < to->rule_count) {
		const struct rw_rule *old = i < from->rule_count ? from->rules[i] : NULL;
		const struct rw_rule *new = j < to->rule_count ? to->rules[j] : NULL;
		int order = !old ? 1 : !new ? -1 : old == new ? 0 : strcmp(old->id, new->id);

		i += order <= 0;
		j += order >= 0;
		if (old == new)
			continue;
		if (order <= 0)
			add_rule(&sum, old, false);
		if (order >= 0)
			add_rule(&sum, new, true);
	}
	keep_sum(&to->sum, &sum);
}

void rw_digest_follow_prefixes(const struct rw_address_set *from, const struct rw_prefix *prefixes,
			       size_t count, bool add, struct rw_address_set *to)
{
	struct rw_digest_sum sum;

	if (!load_sum(&from->sum, &sum))
		return;
	for (size_t i = 0; i < count; i++)
		add_prefix(&sum, &prefixes[i], add);
	keep_sum(&to->sum, &sum);
}

/* ---- The whole ---- */

static void feed_sum(struct hasher *hasher, size_t count, const struct rw_digest_sum *sum)
{
	feed(hasher, count);
	feed(hasher, sum->words[0]);
	feed(hasher, sum->words[1]);
}

static void feed_group(struct hasher *hasher, const struct rw_policy_group *group, uint32_t version)
{
	const struct rw_timeouts *t = &group->timeouts;

	feed_text(hasher, group->id);
	feed(hasher, (uint64_t)group->kind | (uint64_t)group->inner_access << 8 |
			     (uint64_t)group->midstream_drop << 16);
	feed(hasher, (uint64_t)t->tcp_half_open | (uint64_t)t->tcp_established << 32);
	feed(hasher, (uint64_t)t->tcp_closing | (uint64_t)t->tcp_reset << 32);
	feed(hasher, (uint64_t)t->udp | (uint64_t)t->udp_assured << 32);
	feed(hasher, t->other);
	if (version > 1) {
		struct rw_digest_sum sum = sum_of_rules(group);

		feed_sum(hasher, group->rule_count, &sum);
		return;
	}
	feed(hasher, group->rule_count);
	for (size_t i = 0; i < group->rule_count; i++)
		feed_rule(hasher, group->rules[i]);
}

static void feed_set(struct hasher *hasher, const struct rw_address_set *set, uint32_t version)
{
	feed_text(hasher, set->id);
	if (version > 1) {
		struct rw_digest_sum sum = sum_of_prefixes(set);

		feed_sum(hasher, set->count, &sum);
		return;
	}
	feed_prefixes(hasher, set->prefixes, set->count);
}

static void feed_interface(struct hasher *hasher, const struct rw_policy_interface *interface)
{
	feed_text(hasher, interface->name);
	feed(hasher, interface->nic_type);
	feed(hasher, interface->group_count);
	for (size_t i = 0; i < interface->group_count; i++)
		feed(hasher, interface->groups[i]);
}

struct rw_policy_digest rw_policy_digest_as(const struct rw_policy *policy, uint32_t version)
{
	struct hasher hasher = fresh;

	feed_text(&hasher, policy->node);
	feed(&hasher, (uint64_t)policy->network_kind | (uint64_t)policy->enforcement << 8 |
			      (uint64_t)policy->container_network << 16);
	feed(&hasher, policy->interface_count);
	for (size_t i = 0; i < policy->interface_count; i++)
		feed_interface(&hasher, &policy->interfaces[i]);
	feed(&hasher, policy->group_count);
	for (size_t i = 0; i < policy->group_count; i++)
		feed_group(&hasher, policy->groups[i], version);
	feed(&hasher, policy->set_count);
	for (size_t i = 0; i < policy->set_count; i++)
		feed_set(&hasher, policy->sets[i], version);
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

struct rw_policy_digest rw_policy_digest(const struct rw_policy *policy)
{
	return rw_policy_digest_as(policy, RW_POLICY_DIGEST_VERSION);
}
