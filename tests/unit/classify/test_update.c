/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tables that are changed where they stand: after every step of random histories they decide as a table compiled
 * afresh, and as the evaluator.
 */

#include <stdio.h>
#include <string.h>

#include "classify/lookup.h"
#include "classify/update.h"
#include "policy/delta.h"
#include "policy/evaluate.h"
#include "random_policy.h"
#include "test.h"

enum { STEPS = 1000, WORLDS = 12, PACKETS = 24 };

/* A table that follows policies: in place, or by turns in two memories. */
struct follower {
	struct rw_classify_options options;
	struct rw_classify_memory memories[2];
	unsigned int active;
	struct rw_classify_table *table;
	struct rw_policy *policy;
	size_t in_place, beside;
};

static void compile(const struct rw_policy *policy, const struct rw_classify_options *options,
		    const struct rw_classify_table *previous, struct rw_classify_memory *memory,
		    struct rw_classify_table **ret_table)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_classify_compile(policy, options, previous, memory, ret_table, &err) < 0)
		fail_msg("%s", err.text);
}

static void follower_init(struct follower *follower, struct rw_policy *policy, bool compressed)
{
	*follower =
		(struct follower){.policy = policy, .options = {.spacious = true, .compressed = compressed}};
	rw_classify_memory_init(&follower->memories[0]);
	rw_classify_memory_init(&follower->memories[1]);
	compile(policy, &follower->options, NULL, &follower->memories[0], &follower->table);
}

static void follower_done(struct follower *follower)
{
	(void)rw_classify_table_free(follower->table);
	rw_classify_memory_done(&follower->memories[0]);
	rw_classify_memory_done(&follower->memories[1]);
	(void)rw_policy_unref(follower->policy);
}

/* Takes 'policy'. */
static void follow(struct follower *follower, struct rw_policy *policy)
{
	struct rw_classify_table *table;
	int r = rw_classify_update(follower->table, policy, &follower->memories[follower->active], NULL);

	assert_true(r == 0 || r == RW_CLASSIFY_BESIDE);
	if (r == RW_CLASSIFY_BESIDE) {
		follower->active = !follower->active;
		compile(policy, &follower->options, follower->table, &follower->memories[follower->active],
			&table);
		(void)rw_classify_table_free(follower->table);
		follower->table = table;
		follower->beside++;
	} else {
		follower->in_place++;
	}
	assert_ptr_equal(follower->table->policy, policy);
	(void)rw_policy_unref(follower->policy);
	follower->policy = policy;
}

/* ---- edits ---- */

static struct rw_policy *apply(const struct rw_policy *policy, struct rw_policy_delta *delta)
{
	struct rw_policy *result = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_policy_apply_delta(policy, delta, &result, &err) < 0)
		fail_msg("%s", err.text);
	(void)rw_policy_delta_free(delta);
	return result;
}

static struct rw_policy *change_member(const struct rw_policy *policy, const char *set,
				       const struct rw_prefix *prefix, bool add)
{
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change =
		rw_policy_delta_add(delta, add ? RW_POLICY_ADD_MEMBERS : RW_POLICY_REMOVE_MEMBERS);

	strcpy(change->id, set);
	change->prefixes = malloc(sizeof(*prefix));
	change->prefixes[0] = *prefix;
	change->prefix_count = 1;
	return apply(policy, delta);
}

static bool has(const struct rw_address_set *set, const struct rw_prefix *prefix)
{
	for (size_t i = 0; i < set->count; i++)
		if (rw_prefix_compare(&set->prefixes[i], prefix) == 0)
			return true;
	return false;
}

/* Some prefix: of the set or another one, a neighbour of it, or part of it; mostly single addresses. */
static struct rw_prefix make_prefix(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_address_set *set = policy->sets[rw_dice_below(dice, (uint32_t)policy->set_count)];
	struct rw_prefix prefix = {.address.family = rw_dice_chance(dice, 50) ? 4 : 6};
	uint8_t most, bits;

	if (set->count)
		prefix = set->prefixes[rw_dice_below(dice, (uint32_t)set->count)];
	most = prefix.address.family == 4 ? 32 : 128;
	bits = rw_dice_chance(dice, 70) ? most : (uint8_t)(most - rw_dice_below(dice, most));
	for (uint8_t i = prefix.bits < bits && rw_dice_chance(dice, 80) ? prefix.bits
									: bits - (bits > 4 ? 4 : bits);
	     i < bits; i++)
		if (rw_dice_chance(dice, 30))
			prefix.address.bytes[i / 8] ^= (uint8_t)(0x80u >> (i % 8));
	for (uint8_t i = bits; i < most; i++)
		prefix.address.bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	prefix.bits = bits;
	return prefix;
}

static struct rw_policy *edit_member(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_address_set *set = policy->sets[rw_dice_below(dice, (uint32_t)policy->set_count)];
	struct rw_prefix prefix = make_prefix(dice, policy);

	if (set->count && rw_dice_chance(dice, 50))
		prefix = set->prefixes[rw_dice_below(dice, (uint32_t)set->count)];
	return change_member(policy, set->id, &prefix, !has(set, &prefix));
}

/* A rule of some group goes, or comes again as another one. */
static struct rw_policy *edit_rule(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *group =
		policy->groups[rw_dice_below(dice, (uint32_t)policy->group_count)];
	const struct rw_rule *old, *other;
	struct rw_policy_delta *delta;
	struct rw_policy_change *change;
	struct rw_rule *rule;

	if (!group->rule_count)
		return edit_member(dice, policy);
	delta = rw_policy_delta_new();
	old = group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];
	other = group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];
	if (rw_dice_chance(dice, 30)) {
		change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_RULES);
		change->rule_ids = calloc(1, RW_ID_SIZE);
		strcpy(change->rule_ids[0], old->id);
		change->rule_id_count = 1;
	} else {
		change = rw_policy_delta_add(delta, RW_POLICY_PUT_RULES);
		rule = rw_rule_new();
		*rule = *old;
		rule->references = 1;
		rule->description = rule->author = NULL;
		rule->priority = other->priority;
		rule->policy = (enum rw_verdict)rw_dice_below(dice, 2);
		if (rw_dice_chance(dice, 50))
			(void)snprintf(rule->id, sizeof(rule->id), "sgr-%08x",
				       (unsigned int)rw_dice_below(dice, 100000));
		change->rules = calloc(1, sizeof(struct rw_rule *));
		change->rules[0] = rule;
		change->rule_count = 1;
	}
	strcpy(change->id, group->id);
	return apply(policy, delta);
}

/* ---- comparing ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct rw_decision *a, const struct rw_decision *b)
{
	return a->verdict == b->verdict && a->cause == b->cause && same_text(a->detail, b->detail);
}

/* Packets whose remote end is on an edge of what has just changed are the likeliest to show a mistake. */
static struct rw_packet make_packet(struct rw_dice *dice, const struct rw_policy *policy, size_t interface,
				    unsigned int contains)
{
	struct rw_packet packet = rw_random_packet(dice, policy, interface, contains);
	struct rw_prefix near = make_prefix(dice, policy);

	if (near.address.family == packet.remote.family && rw_dice_chance(dice, 50))
		packet.remote = near.address;
	return packet;
}

static void compare(struct follower *follower, struct rw_dice *dice, uint64_t seed, int step)
{
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *fresh = NULL;
	const struct rw_policy *policy = follower->policy;

	rw_classify_memory_init(&memory);
	compile(policy, NULL, NULL, &memory, &fresh);
	for (int i = 0; i < PACKETS; i++) {
		size_t interface = rw_dice_below(dice, (uint32_t)policy->interface_count);
		struct rw_packet packet = make_packet(dice, policy, interface, RW_RANDOM_ALL);
		struct rw_decision wanted = rw_classify_decide(fresh, interface, &packet);
		struct rw_decision given = rw_classify_decide(follower->table, interface, &packet);
		struct rw_decision defined = rw_evaluate(policy, interface, &packet);
		char text[RW_RANDOM_PACKET_TEXT_SIZE];

		if (same(&wanted, &given) && same(&wanted, &defined))
			continue;
		rw_random_format_packet(&packet, text);
		rw_random_print_policy(policy);
		fail_msg("world %llu, step %d, interface %zu: %s: %s %s, fresh: %s %s",
			 (unsigned long long)seed, step, interface, text, rw_cause_name(given.cause),
			 given.detail ? given.detail : "", rw_cause_name(wanted.cause),
			 wanted.detail ? wanted.detail : "");
	}
}

static struct rw_policy *make_world(uint64_t seed)
{
	struct rw_dice dice = {.state = seed};

	for (;;) {
		struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);

		if (policy->set_count && policy->group_count)
			return policy;
		(void)rw_policy_unref(policy);
	}
}

static void histories_lead_where_a_fresh_compilation_does(void **state)
{
	size_t in_place = 0, beside = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct rw_dice dice = {.state = seed * 77};
		struct follower follower;

		follower_init(&follower, make_world(seed), seed % 2);
		for (int step = 0; step < STEPS; step++) {
			struct rw_policy *next = rw_dice_chance(&dice, 92)
							 ? edit_member(&dice, follower.policy)
							 : edit_rule(&dice, follower.policy);

			follow(&follower, next);
			compare(&follower, &dice, seed, step);
		}
		in_place += follower.in_place;
		beside += follower.beside;
		follower_done(&follower);
	}
	print_message("%zu in place, %zu beside\n", in_place, beside);
	assert_true(in_place > beside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_lead_where_a_fresh_compilation_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
