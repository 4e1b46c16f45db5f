/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "policy/evaluate.h"
#include "random_policy.h"
#include "test.h"

enum {
	POLICIES = 1500,
	PACKETS = 80,
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
};

static void run_world(uint64_t seed, struct tally *tally)
{
	struct rw_random random = {.state = seed};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&random, RW_RANDOM_ALL);
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	struct rw_error err = RW_ERROR_NONE;

	rw_classify_memory_init(&memory);
	if (rw_classify_compile(policy, NULL, NULL, &memory, &table, &err) < 0)
		fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
	for (size_t i = 0; i < PACKETS; i++) {
		size_t interface = rw_random_below(&random, (uint32_t)policy->interface_count);
		struct rw_packet packet = rw_random_packet(&random, policy, interface, RW_RANDOM_ALL);
		struct rw_decision decision = rw_evaluate(policy, interface, &packet);

		compare(table, interface, &packet, seed);
		tally->cases++;
		tally->by_cause[decision.cause]++;
		tally->by_family[packet.remote.family == 6]++;
		tally->accepted[packet.direction] += decision.verdict == RW_VERDICT_ACCEPT;
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
	assert_true(tally.cases >= 100000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets_are_decided_as_the_evaluator_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
