/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "policy/evaluate.h"
#include "random_policy.h"
#include "test.h"

enum {
	POLICIES = 2500,
	PACKETS = 80,
	HISTORIES = 300,
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const char *verdict_name(enum rw_verdict verdict)
{
	return verdict == RW_VERDICT_ACCEPT ? "accept" : "drop";
}

/* Compares one packet on one interface.  Tells the seed that gives the world again. */
static void compare(const struct rw_classify_table *table, size_t interface, const struct rw_packet *packet,
		    uint64_t seed)
{
	struct rw_decision wanted = rw_evaluate(table->policy, interface, packet);
	struct rw_decision given = rw_classify_decide(table, interface, packet);
	char text[RW_RANDOM_PACKET_TEXT_SIZE];

	if (wanted.verdict == given.verdict && wanted.cause == given.cause &&
	    same_text(wanted.detail, given.detail))
		return;
	rw_random_format_packet(packet, text);
	rw_random_print_policy(table->policy);
	fail_msg("seed %llu, interface %zu: %s\n  evaluator: %s %s %s\n  table:     %s %s %s",
		 (unsigned long long)seed, interface, text, verdict_name(wanted.verdict),
		 rw_cause_name(wanted.cause), wanted.detail ? wanted.detail : "", verdict_name(given.verdict),
		 rw_cause_name(given.cause), given.detail ? given.detail : "");
}

struct tally {
	size_t cases;
	size_t by_cause[RW_CAUSE_COUNT_];
	size_t accepted[2];
	size_t by_family[2];
	size_t reused;
};

static struct rw_classify_table *compile(const struct rw_policy *policy,
					 const struct rw_classify_table *previous,
					 struct rw_classify_memory *memory, uint64_t seed)
{
	/* Both forms of the IPv4 trie in turn. */
	const struct rw_classify_options options = {.compressed = seed % 2};
	struct rw_classify_table *table = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_classify_compile(policy, &options, previous, memory, &table, &err) < 0)
		fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
	return table;
}

static void compare_packets(struct rw_dice *dice, const struct rw_classify_table *table, size_t count,
			    uint64_t seed, struct tally *tally)
{
	const struct rw_policy *policy = table->policy;

	for (size_t i = 0; i < count; i++) {
		size_t interface = rw_dice_below(dice, (uint32_t)policy->interface_count);
		struct rw_packet packet = rw_random_packet(dice, policy, interface, RW_RANDOM_ALL);
		struct rw_decision decision = rw_evaluate(policy, interface, &packet);

		compare(table, interface, &packet, seed);
		tally->cases++;
		tally->by_cause[decision.cause]++;
		tally->by_family[packet.remote.family == 6]++;
		tally->accepted[packet.direction] += decision.verdict == RW_VERDICT_ACCEPT;
	}
}

static void run_world(uint64_t seed, struct tally *tally)
{
	struct rw_dice dice = {.state = seed};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;

	rw_classify_memory_init(&memory);
	table = compile(policy, NULL, &memory, seed);
	compare_packets(&dice, table, PACKETS, seed, tally);
}

/* The world of a seed with some of its rules changed, but (mostly) no address that was not there before. */
static struct rw_policy *make_changed(uint64_t seed, struct rw_dice *dice)
{
	struct rw_dice again = {.state = seed};
	struct rw_policy *policy = rw_random_policy(&again, RW_RANDOM_ALL);

	for (size_t i = 0; i < policy->group_count; i++) {
		struct rw_policy_group *group = policy->groups[i];

		for (size_t j = 0; j < group->rule_count; j++) {
			struct rw_rule *rule = group->rules[j];
			const struct rw_rule *other =
				group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];

			if (rw_dice_chance(dice, 30))
				rule->priority = other->priority;
			if (rw_dice_chance(dice, 30))
				rule->policy = other->policy;
			if (rw_dice_chance(dice, 3))
				rule->object = other->object;
			if (rw_dice_chance(dice, 30) && rw_protocol_has_ports(rule->protocol) &&
			    rw_protocol_has_ports(other->protocol))
				rule->ports = other->ports;
			if (rw_dice_chance(dice, 10))
				rule->direction = other->direction;
		}
		group->inner_access ^= rw_dice_chance(dice, 20);
	}
	return policy;
}

/* Three policies one after the other in two buffers, as an enforcer does it. */
static void run_history(uint64_t seed, struct tally *tally)
{
	struct rw_dice dice = {.state = ~seed};
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory even, odd;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;

	rw_classify_memory_init(&even);
	rw_classify_memory_init(&odd);
	for (size_t i = 0; i < 4; i++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_changed(seed, &dice);
		struct rw_classify_table *next = compile(policy, table, i % 2 ? &odd : &even, seed);

		(void)rw_classify_table_free(table);
		table = next;
		tally->reused += table->address_reused;
		compare_packets(&dice, table, PACKETS / 4, seed, tally);
	}
}

static void random_packets_are_decided_as_the_evaluator_does(void **state)
{
	static const enum rw_cause wanted[] = {RW_CAUSE_RULE,
					       RW_CAUSE_INNER_ACCESS,
					       RW_CAUSE_DEFAULT,
					       RW_CAUSE_CONTROLLER_LINK,
					       RW_CAUSE_MANAGEMENT,
					       RW_CAUSE_NEIGHBOUR_DISCOVERY,
					       RW_CAUSE_MULTICAST_MEMBERSHIP,
					       RW_CAUSE_DHCP,
					       RW_CAUSE_MALFORMED,
					       RW_CAUSE_SPOOFED,
					       RW_CAUSE_OWN_ADDRESS,
					       RW_CAUSE_FRAGMENT,
					       RW_CAUSE_NO_FLOW};
	struct tally tally = {0};

	(void)state;
	for (uint64_t i = 0; i < POLICIES; i++)
		run_world(i, &tally);
	assert_true(tally.cases >= 200000);
	/* The generator must not have gone quiet on any part of the meaning. */
	for (size_t i = 0; i < RW_ARRAY_COUNT(wanted); i++)
		if (tally.by_cause[wanted[i]] < 100)
			fail_msg("only %zu cases of %s", tally.by_cause[wanted[i]], rw_cause_name(wanted[i]));
	assert_true(tally.by_cause[RW_CAUSE_RULE] * 4 > tally.cases);
	for (size_t i = 0; i < 2; i++) {
		assert_true(tally.by_family[i] > 10000);
		assert_true(tally.accepted[i] > 10000);
	}
}

static void tables_that_share_their_address_part_decide_as_the_evaluator_does(void **state)
{
	struct tally tally = {0};

	(void)state;
	for (uint64_t i = 0; i < HISTORIES; i++)
		run_history(i, &tally);
	assert_int_equal(tally.cases, HISTORIES * (PACKETS / 4 * 4));
	assert_true(tally.reused >= HISTORIES);
}

/* An interface that is not in the policy is one without groups. */
static void an_unknown_interface_is_in_no_group(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct rw_dice dice = {.state = seed};
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);
		RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
		RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
		struct rw_policy_interface *interface = &policy->interfaces[0];

		interface->group_count = 0;
		interface->nic_type = RW_NIC_INTRANET;
		rw_classify_memory_init(&memory);
		table = compile(policy, NULL, &memory, seed);
		for (size_t i = 0; i < 50; i++) {
			struct rw_packet packet = rw_random_packet(&dice, policy, 0, RW_RANDOM_ALL);
			struct rw_decision wanted = rw_evaluate(policy, 0, &packet);
			struct rw_decision given =
				rw_classify_decide(table, RW_CLASSIFY_NO_INTERFACE, &packet);

			assert_int_equal(given.verdict, wanted.verdict);
			assert_int_equal(given.cause, wanted.cause);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets_are_decided_as_the_evaluator_does),
		cmocka_unit_test(tables_that_share_their_address_part_decide_as_the_evaluator_does),
		cmocka_unit_test(an_unknown_interface_is_in_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
