/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"
#include "policy/evaluate.h"

/*
 * Exact reachability of one TCP port.  For a fixed local address, the evaluator sees of a source only in
 * which prefixes it lies, so its verdict is constant between two neighbouring prefix boundaries.  The first
 * address of every such interval is the beginning of a prefix or the one behind its end: trying those decides
 * the question for all 2^32 or 2^128 sources.  Rules that cannot match this port are left out first, which
 * changes no verdict and leaves a handful.
 */

struct search {
	const struct reach_query *query;
	struct rw_policy policy; /* the query's, with fewer rules */
	size_t interface;
	struct rw_packet packet; /* all but the source */
	uint16_t *source_ports;  /* to be tried: boundaries of the rules' source ports */
	size_t source_port_count;
};

static bool can_match(const struct rw_rule *rule, uint16_t port)
{
	return rule->direction == RW_DIRECTION_INGRESS &&
	       (rule->protocol == RW_PROTOCOL_ALL || rule->protocol == RW_PROTOCOL_TCP) &&
	       (rule->protocol == RW_PROTOCOL_ALL || rw_ports_contains(rule->ports, port));
}

static void search_done(struct search *search)
{
	for (size_t i = 0; search->policy.groups && i < search->policy.group_count; i++) {
		if (search->policy.groups[i])
			free(search->policy.groups[i]->rules);
		free(search->policy.groups[i]);
	}
	free(search->policy.groups);
	free(search->source_ports);
}
RW_DEFINE_DONE(struct search, search_done)

/* A copy of 'group' with the rules that can match; borrows them. */
static struct rw_policy_group *filter_group(const struct rw_policy_group *group, uint16_t port)
{
	RW_CLEANUP(rw_free) struct rw_policy_group *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *group;
	copy->rule_count = 0;
	copy->rules = calloc(group->rule_count + 1, sizeof(struct rw_rule *));
	if (!copy->rules)
		return NULL;
	for (size_t i = 0; i < group->rule_count; i++) {
		if (can_match(group->rules[i], port))
			copy->rules[copy->rule_count++] = group->rules[i];
	}
	return RW_TAKE_PTR(copy);
}

static int search_init(struct search *search, const struct reach_query *query)
{
	size_t rule_count = 0;

	search->query = query;
	search->policy = *query->policy;
	search->policy.groups = calloc(query->policy->group_count + 1, sizeof(struct rw_policy_group *));
	if (!search->policy.groups)
		return -ENOMEM;
	for (size_t i = 0; i < query->policy->group_count; i++) {
		search->policy.groups[i] = filter_group(query->policy->groups[i], query->port);
		if (!search->policy.groups[i])
			return -ENOMEM;
		rule_count += search->policy.groups[i]->rule_count;
	}
	search->source_ports = calloc(2 * rule_count + 1, sizeof(uint16_t));
	if (!search->source_ports)
		return -ENOMEM;
	search->source_ports[search->source_port_count++] = 40000;
	for (size_t i = 0; i < query->policy->group_count; i++) {
		const struct rw_policy_group *group = search->policy.groups[i];

		for (size_t k = 0; k < group->rule_count; k++) {
			struct rw_ports ports = group->rules[k]->source_ports;

			if (rw_ports_is_any(ports))
				continue;
			search->source_ports[search->source_port_count++] = ports.first;
			if (ports.last < 65535)
				search->source_ports[search->source_port_count++] =
					(uint16_t)(ports.last + 1);
		}
	}
	return 0;
}

static bool is_source(const struct reach_query *query, const struct rw_address *address)
{
	if (!rw_address_is_global(address))
		return false;
	/* Where nobody said where management sits, it is anywhere but in this cluster's own containers. */
	if (query->source_count == 0) {
		for (size_t i = 0; i < query->policy->container_cidr_count; i++)
			if (rw_prefix_contains(&query->policy->container_cidrs[i], address))
				return false;
		return true;
	}
	for (size_t i = 0; i < query->source_count; i++) {
		if (rw_prefix_contains(&query->sources[i], address))
			return true;
	}
	return false;
}

/*
 * Inner access is no way in for people, unless management CIDRs say that members are where they sit: else a
 * cluster of two nodes could be closed to everybody, because its nodes reach each other.
 */
static bool is_way_in(const struct search *search, const struct rw_decision *decision)
{
	return decision->verdict == RW_VERDICT_ACCEPT &&
	       (decision->cause != RW_CAUSE_INNER_ACCESS || search->query->source_count > 0);
}

static bool try_address(struct search *search, const struct rw_address *address)
{
	if (!is_source(search->query, address))
		return false;
	search->packet.remote = *address;
	for (size_t i = 0; i < search->source_port_count; i++) {
		search->packet.remote_port = search->source_ports[i];
		struct rw_decision decision =
			rw_evaluate(&search->policy, search->interface, &search->packet);

		if (is_way_in(search, &decision))
			return true;
	}
	return false;
}

/* The address behind the last one of 'prefix'; false when there is none. */
static bool address_behind(const struct rw_prefix *prefix, struct rw_address *ret_address)
{
	struct rw_address address = prefix->address;
	int at = (int)prefix->bits - 1; /* the last bit that counts */

	for (; at >= 0; at--) {
		uint8_t mask = (uint8_t)(0x80u >> (at % 8));

		address.bytes[at / 8] = (uint8_t)(address.bytes[at / 8] ^ mask);
		if (address.bytes[at / 8] & mask) {
			*ret_address = address;
			return true;
		}
	}
	return false;
}

static bool try_prefix(struct search *search, const struct rw_prefix *prefix)
{
	struct rw_address behind;

	if (prefix->address.family != search->query->family)
		return false;
	return try_address(search, &prefix->address) ||
	       (address_behind(prefix, &behind) && try_address(search, &behind));
}

static bool try_prefixes(struct search *search, const struct rw_prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (try_prefix(search, &prefixes[i]))
			return true;
	}
	return false;
}

static bool try_set(struct search *search, const char *id)
{
	const struct rw_address_set *set = rw_policy_find_set(&search->policy, id);

	return set && try_prefixes(search, set->prefixes, set->count);
}

/* Where addresses that cannot be a source begin and end: boundaries like any other. */
static bool try_special(struct search *search)
{
	static const char *const texts[] = {"0.0.0.0/8",   "127.0.0.0/8",        "169.254.0.0/16",
					    "224.0.0.0/4", "255.255.255.255/32", "::/128",
					    "::1/128",     "fe80::/10",          "ff00::/8"};

	for (size_t i = 0; i < RW_ARRAY_COUNT(texts); i++) {
		struct rw_prefix prefix;

		if (rw_prefix_parse(texts[i], &prefix, NULL) == 0 && try_prefix(search, &prefix))
			return true;
	}
	return false;
}

static bool try_rules(struct search *search)
{
	for (size_t i = 0; i < search->policy.group_count; i++) {
		const struct rw_policy_group *group = search->policy.groups[i];

		for (size_t k = 0; k < group->rule_count; k++) {
			const struct rw_object *object = &group->rules[k]->object;

			if (object->kind == RW_OBJECT_CIDR ? try_prefix(search, &object->cidr)
							   : try_set(search, object->id))
				return true;
		}
		if (group->inner_access == RW_VERDICT_ACCEPT && try_set(search, group->id))
			return true;
	}
	return false;
}

/* All boundaries that can take part, the likely ones first. */
static bool try_all(struct search *search)
{
	const struct rw_policy *policy = &search->policy;

	if (try_prefixes(search, search->query->sources, search->query->source_count) ||
	    try_special(search) || try_rules(search) ||
	    try_prefixes(search, policy->management_cidrs, policy->management_cidr_count) ||
	    try_prefixes(search, policy->network_cidrs, policy->network_cidr_count) ||
	    try_prefixes(search, policy->container_cidrs, policy->container_cidr_count))
		return true;
	for (size_t i = 0; i < policy->own_address_count; i++) {
		struct rw_prefix prefix = rw_prefix_of_address(&policy->own_addresses[i]);

		if (try_prefix(search, &prefix))
			return true;
	}
	return false;
}

int reach_find(const struct reach_query *query, size_t *ret_interface, struct rw_packet *ret_witness)
{
	RW_CLEANUP(search_done) struct search search = {0};

	if (search_init(&search, query) < 0)
		return -ENOMEM;
	search.packet = (struct rw_packet){
		.direction = RW_DIRECTION_INGRESS,
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local_port = query->port,
	};
	for (size_t i = 0; i < query->node->interface_count; i++) {
		const struct rw_interface *interface = &query->node->interfaces[i];
		int index = rw_policy_find_interface(query->policy, interface->name);

		for (size_t k = 0; index >= 0 && k < interface->address_count; k++) {
			if (interface->addresses[k].family != query->family)
				continue;
			search.interface = (size_t)index;
			search.packet.local = interface->addresses[k];
			if (!try_all(&search))
				continue;
			*ret_interface = search.interface;
			*ret_witness = search.packet;
			return 1;
		}
	}
	return 0;
}

/* Whether two states of a group have the same rules as far as they can match a packet to 'port'. */
static bool same_for_port(const struct rw_policy_group *a, const struct rw_policy_group *b, uint16_t port)
{
	size_t i = 0, k = 0;

	if (a == b)
		return true;
	if (strcmp(a->id, b->id) != 0 || a->kind != b->kind || a->inner_access != b->inner_access)
		return false;
	while (i < a->rule_count || k < b->rule_count) {
		const struct rw_rule *old = i < a->rule_count ? a->rules[i] : NULL;
		const struct rw_rule *new = k < b->rule_count ? b->rules[k] : NULL;
		int order = !old ? 1 : !new ? -1 : old == new ? 0 : strcmp(old->id, new->id);

		i += order <= 0;
		k += order >= 0;
		if (old == new)
			continue;
		if ((order <= 0 && can_match(old, port)) || (order >= 0 && can_match(new, port)))
			return false;
	}
	return true;
}

bool reach_is_same(const struct rw_policy *before, const struct rw_policy *after, uint16_t port)
{
	if (before->group_count != after->group_count || before->set_count != after->set_count ||
	    !rw_policy_same_system(before, after))
		return false;
	for (size_t i = 0; i < before->set_count; i++)
		if (before->sets[i] != after->sets[i])
			return false;
	for (size_t i = 0; i < before->group_count; i++)
		if (!same_for_port(before->groups[i], after->groups[i], port))
			return false;
	return true;
}
