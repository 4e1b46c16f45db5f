/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every pair of rules of a small universe, on every packet of it, by compiled table and by evaluator: the
 * interplay of two rules is where tables go wrong -- nesting, ties, overlapping ports, five-tuple
 * rules before and behind plain ones, inner access above both.
 */

#include <stdio.h>
#include <string.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "policy/evaluate.h"
#include "test.h"

/* A rule of the universe is a number; its digits choose. */
enum {
	OBJECTS = 5,
	SERVICES = 6,
	FIVES = 3,
	STRENGTHS = 3,
	KINDS = OBJECTS * SERVICES * FIVES * STRENGTHS,
	REMOTES = 5,
	LOCALS = 2,
	TRANSPORTS = 7,
	PACKETS = REMOTES * LOCALS * TRANSPORTS,
};

static struct rw_address address_of(const char *text)
{
	struct rw_address address;

	assert_int_equal(rw_address_parse(text, &address, NULL), 0);
	return address;
}

static struct rw_prefix prefix_of(const char *text)
{
	struct rw_prefix prefix;

	assert_int_equal(rw_prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

static void set_object(struct rw_rule *rule, unsigned int choice)
{
	static const char *const cidrs[] = {"0.0.0.0/0", "10.0.0.0/31", "10.0.0.1/32", "2001:db8::/64"};

	if (choice < RW_ARRAY_COUNT(cidrs)) {
		rule->object.cidr = prefix_of(cidrs[choice]);
	} else {
		rule->object.kind = RW_OBJECT_GROUP;
		strcpy(rule->object.id, "sg-b");
	}
}

static void set_service(struct rw_rule *rule, unsigned int choice)
{
	static const struct {
		uint16_t protocol;
		struct rw_ports ports;
	} services[SERVICES] = {
		{RW_PROTOCOL_ALL, {0, 65535}},    {RW_PROTOCOL_TCP, {80, 80}},
		{RW_PROTOCOL_TCP, {80, 81}},      {RW_PROTOCOL_UDP, {80, 80}},
		{RW_PROTOCOL_ICMPV6, {0, 65535}}, {RW_PROTOCOL_GRE, {0, 65535}},
	};

	rule->protocol = services[choice].protocol;
	rule->ports = services[choice].ports;
}

static struct rw_rule *make_rule(unsigned int number, const char *id)
{
	struct rw_rule *rule = rw_rule_new();
	unsigned int strength;

	strcpy(rule->id, id);
	set_object(rule, number % OBJECTS);
	number /= OBJECTS;
	set_service(rule, number % SERVICES);
	number /= SERVICES;
	rule->source_ports = RW_PORTS_ANY;
	if (number % FIVES == 1)
		rule->local_cidr = prefix_of("10.0.0.9/32");
	else if (number % FIVES == 2)
		rule->source_ports = (struct rw_ports){1000, 1000};
	number /= FIVES;
	strength = number % STRENGTHS;
	rule->priority = strength == 2 ? 2 : 1;
	rule->policy = strength == 0 ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT;
	return rule;
}

static struct rw_packet make_packet(unsigned int number)
{
	static const char *const remotes[REMOTES] = {"10.0.0.0", "10.0.0.1", "10.0.0.2", "2001:db8::1",
						     "2001:db8:0:1::"};
	static const struct {
		uint8_t protocol;
		uint16_t port;
		uint16_t source_port;
	} transports[TRANSPORTS] = {
		{RW_PROTOCOL_TCP, 79, 1000}, {RW_PROTOCOL_TCP, 80, 1000}, {RW_PROTOCOL_TCP, 80, 1001},
		{RW_PROTOCOL_TCP, 81, 1000}, {RW_PROTOCOL_UDP, 80, 1000}, {RW_PROTOCOL_ICMPV6, 0, 0},
		{RW_PROTOCOL_GRE, 0, 0},
	};
	const unsigned int transport = number / REMOTES / LOCALS;
	struct rw_packet packet = {
		.remote = address_of(remotes[number % REMOTES]),
		.protocol = transports[transport].protocol,
		.local_port = transports[transport].port,
		.remote_port = transports[transport].source_port,
		.tcp_flags = transports[transport].protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
		.hop_limit = 64,
	};

	if (packet.remote.family == 4)
		packet.local = address_of(number / REMOTES % LOCALS ? "10.0.0.9" : "10.0.0.8");
	else
		packet.local = address_of(number / REMOTES % LOCALS ? "2001:db8::9" : "2001:db8::8");
	return packet;
}

/* Group sg-a with two rules; sg-b is an object whose members are one address of each family. */
static struct rw_policy *make_policy(unsigned int first, unsigned int second, bool inner_access)
{
	struct rw_policy *policy = rw_policy_new();
	struct rw_policy_group *group = rw_policy_group_new();
	struct rw_prefix *members = calloc(2, sizeof(*members));
	struct rw_prefix *own_members = calloc(1, sizeof(*own_members));

	strcpy(group->id, "sg-a");
	group->inner_access = inner_access ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	group->rules = calloc(2, sizeof(*group->rules));
	group->rules[group->rule_count++] = make_rule(first, "sgr-1");
	group->rules[group->rule_count++] = make_rule(second, "sgr-2");
	policy->groups = calloc(1, sizeof(struct rw_policy_group *));
	policy->groups[policy->group_count++] = group;
	own_members[0] = prefix_of("10.0.0.1/32");
	members[0] = prefix_of("10.0.0.0/32");
	members[1] = prefix_of("2001:db8::1/128");
	policy->sets = calloc(2, sizeof(struct rw_address_set *));
	policy->sets[policy->set_count++] = rw_address_set_new("sg-a", own_members, 1);
	policy->sets[policy->set_count++] = rw_address_set_new("sg-b", members, 2);
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	strcpy(policy->interfaces[0].name, "eth0");
	policy->interfaces[0].groups = calloc(1, sizeof(uint32_t));
	policy->interfaces[0].group_count = 1;
	return policy;
}

/* Two buffers in turn, each table made with the one before at hand. */
struct history {
	struct rw_classify_memory memories[2];
	struct rw_classify_table *table;
	unsigned int turn;
};

static void check(struct history *history, const struct rw_packet *packets, unsigned int first,
		  unsigned int second, bool inner_access)
{
	RW_CLEANUP(rw_policy_unref)
	struct rw_policy *policy = make_policy(first, second, inner_access);
	struct rw_classify_memory *memory = &history->memories[history->turn++ % 2];
	struct rw_classify_table *table = NULL;

	assert_int_equal(rw_classify_compile(policy, NULL, history->table, memory, &table, NULL), 0);
	(void)rw_classify_table_free(history->table);
	history->table = table;
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct rw_decision wanted = rw_evaluate(policy, 0, &packets[i]);
		struct rw_decision given = rw_classify_decide(table, 0, &packets[i]);

		if (wanted.verdict != given.verdict || wanted.cause != given.cause ||
		    wanted.detail != given.detail)
			fail_msg("rules %u and %u, inner access %d, packet %u: %s instead of %s", first,
				 second, inner_access, i, rw_decision_cause(&given),
				 rw_decision_cause(&wanted));
	}
}

static void every_pair_of_rules_is_decided_as_the_evaluator_does(void **state)
{
	struct rw_packet packets[PACKETS];
	struct history history = {0};
	size_t cases = 0;

	(void)state;
	rw_classify_memory_init(&history.memories[0]);
	rw_classify_memory_init(&history.memories[1]);
	for (unsigned int i = 0; i < PACKETS; i++)
		packets[i] = make_packet(i);
	/* The order in a group never matters, but the ids decide ties: both orders count. */
	for (unsigned int first = 0; first < KINDS; first++) {
		for (unsigned int second = 0; second < KINDS; second++) {
			check(&history, packets, first, second, (first + second) % 2);
			cases += PACKETS;
		}
	}
	assert_int_equal(cases, (size_t)270 * 270 * 70);
	(void)rw_classify_table_free(history.table);
	rw_classify_memory_done(&history.memories[0]);
	rw_classify_memory_done(&history.memories[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_rules_is_decided_as_the_evaluator_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
