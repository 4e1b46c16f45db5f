/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every packet of a small world against every policy of a small world, decided by the evaluator and by a
 * second formulation written from semantics section 3 alone: sort all rules of all groups by (priority, drop
 * first, id) and take the first that matches.  The two share no code but the types.
 */

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "policy/evaluate.h"

#define RULES_MOST 4

/*
 * The universe: two addresses of each family and three ports, enough to be inside and outside of everything.
 */
static const char *const remotes[] = {"192.0.2.1", "198.51.100.1", "10.0.0.2", "2001:db8::1", "2001:db9::1"};
static const uint16_t ports[] = {0, 22, 23, 80};
static const uint8_t protocols[] = {RW_PROTOCOL_TCP, RW_PROTOCOL_UDP, RW_PROTOCOL_ICMP, RW_PROTOCOL_ICMPV6,
				    47};
static const uint8_t flags[] = {RW_TCP_SYN, RW_TCP_ACK, RW_TCP_RST, RW_TCP_SYN | RW_TCP_ACK};

struct shape {
	enum rw_direction direction;
	uint16_t protocol;
	struct rw_ports ports;
	const char *object; /* CIDR, or the set "sg-x" */
};

static const struct shape shapes[] = {
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_ALL, {0, 65535}, "0.0.0.0/0"},
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_ALL, {0, 65535}, "::/0"},
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_TCP, {22, 23}, "192.0.2.0/24"},
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_TCP, {22, 22}, "sg-x"},
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_ICMP, {0, 65535}, "sg-x"},
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_ICMPV6, {0, 65535}, "2001:db8::/32"},
	{RW_DIRECTION_INGRESS, RW_PROTOCOL_UDP, {1, 65535}, "sg-x"},
	{RW_DIRECTION_EGRESS, RW_PROTOCOL_ALL, {0, 65535}, "0.0.0.0/0"},
	{RW_DIRECTION_EGRESS, RW_PROTOCOL_TCP, {80, 80}, "sg-x"},
	{RW_DIRECTION_EGRESS, RW_PROTOCOL_GRE, {0, 65535}, "198.51.100.0/24"},
};

static size_t cases;

static struct rw_prefix prefix(const char *text)
{
	struct rw_prefix parsed;

	assert_int_equal(rw_prefix_parse(text, &parsed, NULL), 0);
	return parsed;
}

static struct rw_address address(const char *text)
{
	struct rw_address parsed;

	assert_int_equal(rw_address_parse(text, &parsed, NULL), 0);
	return parsed;
}

/* ---- The second formulation ---- */

/* Bit by bit, so that not even the prefix comparison is shared. */
static bool inside(const struct rw_prefix *outer, const struct rw_address *inner)
{
	if (outer->address.family != inner->family)
		return false;
	for (unsigned int bit = 0; bit < outer->bits; bit++) {
		unsigned int mask = 0x80u >> (bit % 8);

		if ((outer->address.bytes[bit / 8] & mask) != (inner->bytes[bit / 8] & mask))
			return false;
	}
	return true;
}

static bool in_set(const struct rw_policy *policy, const char *id, const struct rw_address *wanted)
{
	for (size_t i = 0; i < policy->set_count; i++)
		for (size_t j = 0; strcmp(policy->sets[i]->id, id) == 0 && j < policy->sets[i]->count; j++)
			if (inside(&policy->sets[i]->prefixes[j], wanted))
				return true;
	return false;
}

static bool applies(const struct rw_policy *policy, const struct rw_rule *rule,
		    const struct rw_packet *packet)
{
	uint16_t port = packet->direction == RW_DIRECTION_INGRESS ? packet->local_port : packet->remote_port;
	bool four = packet->remote.family == 4;

	if (rule->direction != packet->direction)
		return false;
	if (rule->protocol != RW_PROTOCOL_ALL && rule->protocol != packet->protocol)
		return false;
	if ((rule->protocol == RW_PROTOCOL_ICMP && !four) || (rule->protocol == RW_PROTOCOL_ICMPV6 && four))
		return false;
	if (port < rule->ports.first || port > rule->ports.last)
		return false;
	if (rule->object.kind == RW_OBJECT_CIDR)
		return inside(&rule->object.cidr, &packet->remote);
	return in_set(policy, rule->object.id, &packet->remote);
}

static int strongest_first(const void *a, const void *b)
{
	const struct rw_rule *one = *(const struct rw_rule *const *)a;
	const struct rw_rule *other = *(const struct rw_rule *const *)b;

	if (one->priority != other->priority)
		return one->priority - other->priority;
	if (one->policy != other->policy)
		return one->policy == RW_VERDICT_DROP ? -1 : 1;
	return strcmp(one->id, other->id);
}

static struct rw_decision by_rules(const struct rw_policy *policy, const struct rw_packet *packet)
{
	struct rw_rule *sorted[2 * RULES_MOST];
	size_t count = 0;
	bool all_basic = true;

	for (size_t i = 0; i < policy->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[i];

		if (group->kind == RW_GROUP_BASIC && group->inner_access == RW_VERDICT_ACCEPT &&
		    in_set(policy, group->id, &packet->remote))
			return (struct rw_decision){RW_VERDICT_ACCEPT, RW_CAUSE_INNER_ACCESS, group->id};
		all_basic &= group->kind == RW_GROUP_BASIC;
		for (size_t j = 0; j < group->rule_count; j++)
			sorted[count++] = group->rules[j];
	}
	qsort(sorted, count, sizeof(*sorted), strongest_first);
	for (size_t i = 0; i < count; i++)
		if (applies(policy, sorted[i], packet))
			return (struct rw_decision){sorted[i]->policy, RW_CAUSE_RULE, sorted[i]->id};
	return (struct rw_decision){packet->direction == RW_DIRECTION_EGRESS && all_basic ? RW_VERDICT_ACCEPT
											  : RW_VERDICT_DROP,
				    RW_CAUSE_DEFAULT, NULL};
}

static struct rw_decision second_opinion(const struct rw_policy *policy, const struct rw_packet *packet)
{
	bool opens = packet->protocol != RW_PROTOCOL_TCP || packet->tcp_flags == RW_TCP_SYN;
	struct rw_packet reverse = *packet;
	struct rw_decision decision = {RW_VERDICT_DROP, RW_CAUSE_NO_FLOW, NULL};

	if (opens)
		return by_rules(policy, packet);
	for (size_t i = 0; i < policy->group_count; i++)
		if (policy->groups[i]->midstream_drop && packet->direction == RW_DIRECTION_INGRESS)
			return decision;
	if (packet->direction == RW_DIRECTION_INGRESS)
		return by_rules(policy, packet);
	reverse.direction = RW_DIRECTION_INGRESS;
	if ((packet->tcp_flags & RW_TCP_RST) && by_rules(policy, &reverse).verdict == RW_VERDICT_ACCEPT)
		decision = by_rules(policy, &reverse);
	return decision;
}

/* ---- The world ---- */

static void fill_rule(struct rw_rule *rule, const char *id, const struct shape *shape,
		      enum rw_verdict verdict, uint8_t priority)
{
	memcpy(rule->id, id, strlen(id) + 1);
	rule->direction = shape->direction;
	rule->policy = verdict;
	rule->protocol = shape->protocol;
	rule->ports = shape->ports;
	rule->priority = priority;
	memset(&rule->object, 0, sizeof(rule->object));
	if (strncmp(shape->object, "sg-", 3) == 0) {
		rule->object.kind = RW_OBJECT_GROUP;
		memcpy(rule->object.id, shape->object, strlen(shape->object) + 1);
	} else {
		rule->object.cidr = prefix(shape->object);
	}
}

/* Two groups on one interface, each with two rules that the tests fill in. */
static struct rw_policy *make_world(void)
{
	struct rw_policy *policy = rw_policy_new();
	struct rw_prefix *members = calloc(1, sizeof(*members));
	struct rw_prefix *object = calloc(2, sizeof(*object));

	policy->groups = calloc(2, sizeof(struct rw_policy_group *));
	for (; policy->group_count < 2; policy->group_count++) {
		struct rw_policy_group *group = rw_policy_group_new();

		memcpy(group->id, policy->group_count ? "sg-b" : "sg-a", 5);
		group->rules = calloc(2, sizeof(struct rw_rule *));
		for (; group->rule_count < 2; group->rule_count++)
			group->rules[group->rule_count] = rw_rule_new();
		policy->groups[policy->group_count] = group;
	}
	members[0] = prefix("10.0.0.2");
	object[0] = prefix("198.51.100.0/24");
	object[1] = prefix("2001:db8::/32");
	policy->sets = calloc(2, sizeof(struct rw_address_set *));
	policy->sets[0] = rw_address_set_new("sg-b", members, 1);
	policy->sets[1] = rw_address_set_new("sg-x", object, 2);
	policy->set_count = 2;
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	policy->interfaces[0].groups = calloc(2, sizeof(uint32_t));
	policy->interfaces[0].groups[1] = 1;
	policy->interfaces[0].group_count = 2;
	return policy;
}

static void compare(const struct rw_policy *policy, const struct rw_packet *packet)
{
	struct rw_decision mine = rw_evaluate(policy, 0, packet);
	struct rw_decision other = second_opinion(policy, packet);

	cases++;
	if (mine.verdict != other.verdict || mine.cause != other.cause || mine.detail != other.detail)
		fail_msg("case %zu: %u by %s, not %u by %s", cases, mine.verdict, rw_decision_cause(&mine),
			 other.verdict, rw_decision_cause(&other));
}

static void compare_all_packets(const struct rw_policy *policy)
{
	static struct rw_address from[RW_ARRAY_COUNT(remotes)];
	struct rw_packet packet = {.hop_limit = 64};

	for (size_t r = 0; r < RW_ARRAY_COUNT(remotes); r++) {
		if (from[r].family == 0)
			from[r] = address(remotes[r]);
		packet.remote = from[r];
		packet.local = (struct rw_address){.family = from[r].family, .bytes = {10, 0, 0, 1}};
		for (size_t i = 0; i < RW_ARRAY_COUNT(protocols) * RW_ARRAY_COUNT(ports) * 2; i++) {
			bool ported;

			packet.direction = i & 1 ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS;
			packet.protocol = protocols[i / 2 % RW_ARRAY_COUNT(protocols)];
			ported = rw_protocol_has_ports(packet.protocol);
			packet.local_port = ports[i / 2 / RW_ARRAY_COUNT(protocols)];
			packet.remote_port = ports[(i / 2 / RW_ARRAY_COUNT(protocols) + 1) % 4];
			if (!ported && packet.local_port)
				continue;
			if (!ported)
				packet.remote_port = 0;
			for (size_t f = 0;
			     f < (packet.protocol == RW_PROTOCOL_TCP ? RW_ARRAY_COUNT(flags) : 1); f++) {
				packet.tcp_flags = packet.protocol == RW_PROTOCOL_TCP ? flags[f] : 0;
				compare(policy, &packet);
			}
		}
	}
}

/* All pairs of rules in one group and across groups, all verdicts and orders of priority. */
static void agrees_with_sorted_rules_on_every_pair(void **state)
{
	struct rw_policy *policy = make_world();
	size_t count = RW_ARRAY_COUNT(shapes);

	(void)state;
	for (size_t pair = 0; pair < count * count; pair++) {
		for (unsigned int mode = 0; mode < 4 * 3 * 2; mode++) {
			uint8_t second = (uint8_t)(1 + mode / 4 % 3);
			bool across = mode / 12;
			struct rw_policy_group *a = policy->groups[0];
			struct rw_policy_group *b = policy->groups[across];

			a->rule_count = across ? 1 : 2;
			policy->groups[1]->rule_count = across;
			fill_rule(a->rules[0], "sgr-1", &shapes[pair % count], mode & 1, 2);
			fill_rule(b->rules[across ? 0 : 1], across ? "sgr-0" : "sgr-2", &shapes[pair / count],
				  mode >> 1 & 1, second);
			compare_all_packets(policy);
		}
	}
	policy->groups[0]->rule_count = 2;
	policy->groups[1]->rule_count = 2;
	(void)rw_policy_unref(policy);
	assert_int_equal(cases, 10 * 10 * 24 * 230);
}

/* Settings of the groups: kind, inner access, midstream, under a fixed few rules. */
static void agrees_on_every_setting_of_groups(void **state)
{
	struct rw_policy *policy = make_world();

	(void)state;
	cases = 0;
	fill_rule(policy->groups[0]->rules[0], "sgr-1", &shapes[2], RW_VERDICT_ACCEPT, 1);
	fill_rule(policy->groups[0]->rules[1], "sgr-2", &shapes[0], RW_VERDICT_DROP, 2);
	fill_rule(policy->groups[1]->rules[0], "sgr-3", &shapes[3], RW_VERDICT_ACCEPT, 1);
	fill_rule(policy->groups[1]->rules[1], "sgr-4", &shapes[8], RW_VERDICT_DROP, 1);
	for (unsigned int mode = 0; mode < 64; mode++) {
		for (size_t i = 0; i < 2; i++) {
			unsigned int bits = mode >> (3 * i);

			policy->groups[i]->kind = bits & 1 ? RW_GROUP_ENTERPRISE : RW_GROUP_BASIC;
			policy->groups[i]->inner_access = bits >> 1 & 1;
			policy->groups[i]->midstream_drop = bits >> 2 & 1;
		}
		compare_all_packets(policy);
	}
	(void)rw_policy_unref(policy);
	assert_int_equal(cases, 64 * 230);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_sorted_rules_on_every_pair),
		cmocka_unit_test(agrees_on_every_setting_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
