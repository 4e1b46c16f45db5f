/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tables that are changed where they stand, or beside: after every step of random histories they decide as a table
 * compiled afresh, and as the evaluator.
 */

#include <stdio.h>
#include <string.h>

#include "classify/lookup.h"
#include "follower.h"
#include "random_edit.h"
#include "test.h"

enum { STEPS = 1000, WORLDS = 12, PACKETS = 32, LARGE_SETS = 8, LARGE_MEMBERS = 2000, LARGE_RULES = 400 };

static void start(struct follower *follower, struct rw_policy *policy, bool compressed)
{
	follower_init(follower, policy,
		      &(struct rw_classify_options){.spacious = true, .compressed = compressed}, 0);
}

/* Packets whose remote end is on an edge of what has just changed are the likeliest to show a mistake. */
static struct rw_packet make_packet(struct rw_dice *dice, const struct rw_policy *policy, size_t interface,
				    unsigned int contains)
{
	struct rw_packet packet = rw_random_packet(dice, policy, interface, contains);
	struct rw_prefix near = edit_pick_prefix(dice, policy);

	if (near.address.family == packet.remote.family && rw_dice_chance(dice, 50))
		packet.remote = near.address;
	return packet;
}

static void compare(struct follower *follower, struct rw_dice *dice, uint64_t seed, int step)
{
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *fresh = NULL;
	const struct rw_policy *policy = follower->policy;
	char story[64];

	(void)snprintf(story, sizeof(story), "world %llu, step %d", (unsigned long long)seed, step);
	rw_classify_memory_init(&memory);
	assert_int_equal(rw_classify_compile(policy, NULL, NULL, &memory, &fresh, NULL), 0);
	for (int i = 0; i < PACKETS; i++) {
		size_t interface = rw_dice_below(dice, (uint32_t)policy->interface_count);
		struct rw_packet packet = make_packet(dice, policy, interface, RW_RANDOM_ALL);
		struct rw_decision wanted = rw_classify_decide(fresh, interface, &packet);
		struct rw_decision given = rw_classify_decide(follower->table, interface, &packet);

		follower_expect(follower, interface, &packet, story);
		assert_true(same_decision(&given, &wanted));
	}
}

static void histories_lead_where_a_fresh_compilation_does(void **state)
{
	size_t in_place = 0, revised = 0, beside = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct rw_dice dice = {.state = seed * 77};
		struct follower follower;

		start(&follower, edit_make_world(seed), seed % 2);
		for (int step = 0; step < STEPS; step++) {
			struct rw_policy *next = rw_dice_chance(&dice, 60)
							 ? edit_member(&dice, follower.policy)
							 : edit_rule(&dice, follower.policy);

			assert_int_equal(follower_follow(&follower, next), 0);
			compare(&follower, &dice, seed, step);
		}
		in_place += follower.in_place;
		revised += follower.revised;
		beside += follower.beside;
		follower_done(&follower);
	}
	print_message("%zu in place, %zu revised, %zu compiled\n", in_place, revised, beside);
	assert_int_equal(in_place + revised + beside, WORLDS * STEPS);
	assert_true(in_place > beside);
	assert_true(revised > beside);
}

/* ---- a large world ---- */

static struct rw_prefix large_member(struct rw_dice *dice, bool is6)
{
	struct rw_prefix prefix = {.address.family = is6 ? 6 : 4, .bits = is6 ? 128 : 32};
	uint32_t number = rw_dice_below(dice, 1 << 16);
	unsigned int at = is6 ? 12 : 0;

	/* 10.0.0.0/14 and fd00::/112, so that sets overlap. */
	prefix.address.bytes[0] = is6 ? 0xfd : 10;
	prefix.address.bytes[at + 1] |= (uint8_t)(is6 ? 0 : number >> 14);
	prefix.address.bytes[at + 2] = (uint8_t)(number >> 8);
	prefix.address.bytes[at + 3] = (uint8_t)number;
	return prefix;
}

static struct rw_rule *large_rule(struct rw_dice *dice, uint32_t number, const struct rw_policy *policy)
{
	struct rw_rule *rule = rw_rule_new();
	uint16_t port = (uint16_t)(1 + rw_dice_below(dice, 3000));

	(void)snprintf(rule->id, sizeof(rule->id), "sgr-%08x", (unsigned int)number);
	rule->direction = (enum rw_direction)rw_dice_below(dice, 2);
	rule->policy = (enum rw_verdict)rw_dice_below(dice, 2);
	rule->priority = (uint8_t)(1 + rw_dice_below(dice, 20));
	rule->protocol = rw_dice_chance(dice, 80) ? RW_PROTOCOL_TCP : RW_PROTOCOL_UDP;
	rule->ports = (struct rw_ports){port, (uint16_t)(port + rw_dice_below(dice, 50))};
	rule->source_ports =
		rw_dice_chance(dice, 2) ? (struct rw_ports){1000, 40000} : (struct rw_ports)RW_PORTS_ANY;
	rule->object.kind = RW_OBJECT_GROUP;
	strcpy(rule->object.id, policy->sets[rw_dice_below(dice, LARGE_SETS)]->id);
	return rule;
}

/* Two interfaces with different groups, hundreds of rules about sets of thousands of both families. */
static struct rw_policy *make_large(struct rw_dice *dice)
{
	struct rw_policy *policy = rw_policy_new();

	policy->sets = calloc(LARGE_SETS, sizeof(struct rw_address_set *));
	for (uint32_t i = 0; i < LARGE_SETS; i++) {
		struct rw_prefix *prefixes = calloc(LARGE_MEMBERS, sizeof(*prefixes));
		char id[RW_ID_SIZE];

		for (uint32_t j = 0; j < LARGE_MEMBERS; j++)
			prefixes[j] = large_member(dice, j % 4 == 0);
		(void)snprintf(id, sizeof(id), "sg-m%u", (unsigned int)i);
		policy->sets[policy->set_count++] = rw_address_set_new(id, prefixes, LARGE_MEMBERS);
	}
	policy->groups = calloc(2, sizeof(struct rw_policy_group *));
	policy->interfaces = calloc(2, sizeof(*policy->interfaces));
	for (uint32_t i = 0; i < 2; i++) {
		struct rw_policy_group *group = rw_policy_group_new();

		(void)snprintf(group->id, sizeof(group->id), "sg-g%u", (unsigned int)i);
		group->inner_access = RW_VERDICT_DROP;
		group->rules = calloc(LARGE_RULES, sizeof(*group->rules));
		for (uint32_t j = 0; j < LARGE_RULES; j++)
			group->rules[group->rule_count++] = large_rule(dice, i * LARGE_RULES + j, policy);
		policy->groups[policy->group_count++] = group;
		(void)snprintf(policy->interfaces[i].name, sizeof(policy->interfaces[i].name), "eth%u",
			       (unsigned int)i);
		policy->interfaces[i].groups = calloc(2, sizeof(uint32_t));
		policy->interfaces[i].group_count = i + 1;
		policy->interfaces[i].groups[i] = i;
		policy->interface_count++;
	}
	return policy;
}

static void compare_large(struct follower *follower, struct rw_dice *dice, const struct rw_prefix *changed,
			  int step)
{
	char story[64];

	(void)snprintf(story, sizeof(story), "large world, step %d", step);
	for (int i = 0; i < 6; i++) {
		size_t interface = rw_dice_below(dice, 2);
		struct rw_prefix other = large_member(dice, i % 2);
		struct rw_packet packet = {
			.direction = (enum rw_direction)rw_dice_below(dice, 2),
			.protocol = rw_dice_chance(dice, 80) ? RW_PROTOCOL_TCP : RW_PROTOCOL_UDP,
			.tcp_flags = RW_TCP_SYN,
			.hop_limit = 64,
			.local_port = (uint16_t)(1 + rw_dice_below(dice, 3100)),
			.remote_port = (uint16_t)(1 + rw_dice_below(dice, 3100)),
			.remote = i < 4 ? changed->address : other.address,
		};

		packet.local.family = packet.remote.family;
		follower_expect(follower, interface, &packet, story);
	}
}

static void large_table_is_changed_in_place(void **state)
{
	(void)state;
	for (int form = 0; form < 2; form++) {
		struct rw_dice dice = {.state = 9 + (uint64_t)form};
		struct follower follower;

		start(&follower, make_large(&dice), form);
		for (int step = 0; step < STEPS; step++) {
			const struct rw_address_set *set =
				follower.policy->sets[rw_dice_below(&dice, LARGE_SETS)];
			struct rw_prefix prefix = large_member(&dice, rw_dice_chance(&dice, 30));

			if (rw_dice_chance(&dice, 50))
				prefix = set->prefixes[rw_dice_below(&dice, (uint32_t)set->count)];
			assert_int_equal(follower_follow(&follower,
							 edit_change_member(follower.policy, set->id, &prefix,
									    !edit_has(set, &prefix))),
					 0);
			compare_large(&follower, &dice, &prefix, step);
		}
		print_message("large: %zu in place, %zu beside\n", follower.in_place, follower.beside);
		assert_true(follower.in_place > STEPS * 9 / 10);
		follower_done(&follower);
	}
}

/* ---- rules of the large world ---- */

/* A rule of a group goes, or one comes, or one becomes another: *ret_rule says where to look. */
static struct rw_policy *edit_large_rule(struct rw_dice *dice, const struct rw_policy *policy,
					 uint32_t number, struct rw_rule *ret_rule)
{
	const struct rw_policy_group *group = policy->groups[rw_dice_below(dice, 2)];
	const struct rw_rule *old = group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change;
	struct rw_rule *rule;

	*ret_rule = *old;
	if (rw_dice_chance(dice, 45) && group->rule_count > LARGE_RULES / 2) {
		change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_RULES);
		change->rule_ids = calloc(1, RW_ID_SIZE);
		strcpy(change->rule_ids[0], old->id);
		change->rule_id_count = 1;
	} else {
		change = rw_policy_delta_add(delta, RW_POLICY_PUT_RULES);
		rule = large_rule(dice, LARGE_RULES * 2 + number, policy);
		if (rw_dice_chance(dice, 20))
			strcpy(rule->id, old->id);
		if (rw_dice_chance(dice, 20)) {
			rule->object.kind = RW_OBJECT_CIDR;
			rule->object.cidr = large_member(dice, rw_dice_chance(dice, 50));
		}
		if (rw_dice_chance(dice, 10))
			rule->ports.last = (uint16_t)(rule->ports.first + 2000);
		change->rules = calloc(1, sizeof(struct rw_rule *));
		change->rules[0] = rule;
		change->rule_count = 1;
		*ret_rule = *rule;
	}
	strcpy(change->id, group->id);
	return edit_apply(policy, delta);
}

/* An address that the rule is about. */
static struct rw_prefix address_of(struct rw_dice *dice, const struct rw_policy *policy,
				   const struct rw_rule *rule)
{
	const struct rw_address_set *set;

	if (rule->object.kind == RW_OBJECT_CIDR)
		return rule->object.cidr;
	set = rw_policy_find_set(policy, rule->object.id);
	return set->prefixes[rw_dice_below(dice, (uint32_t)set->count)];
}

static void compare_rule(struct follower *follower, struct rw_dice *dice, const struct rw_rule *rule,
			 int step)
{
	char story[RW_ID_SIZE + 64];

	(void)snprintf(story, sizeof(story), "large world, step %d, rule %s", step, rule->id);
	for (int i = 0; i < 12; i++) {
		size_t interface = rw_dice_below(dice, 2);
		struct rw_prefix remote = address_of(dice, follower->policy, rule);
		/* On the edges of its ports, within and beside. */
		uint16_t port = (uint16_t)((i % 2 ? rule->ports.first : rule->ports.last) + i % 3 - 1);
		bool ingress = rule->direction == RW_DIRECTION_INGRESS;
		struct rw_packet packet = {
			.direction = rule->direction,
			.protocol = rule->protocol,
			.tcp_flags = RW_TCP_SYN,
			.hop_limit = 64,
			.local_port = ingress ? port : 5000,
			.remote_port = ingress ? 5000 : port,
			.remote = remote.address,
			.local.family = remote.address.family,
		};

		follower_expect(follower, interface, &packet, story);
	}
}

static void rules_of_a_large_table_come_and_go(void **state)
{
	(void)state;
	for (int form = 0; form < 2; form++) {
		struct rw_dice dice = {.state = 40 + (uint64_t)form};
		struct follower follower;

		start(&follower, make_large(&dice), form);
		for (int step = 0; step < STEPS; step++) {
			struct rw_rule rule;
			struct rw_prefix any = large_member(&dice, step % 2);

			assert_int_equal(follower_follow(&follower, edit_large_rule(&dice, follower.policy,
										    (uint32_t)step, &rule)),
					 0);
			compare_rule(&follower, &dice, &rule, step);
			compare_large(&follower, &dice, &any, step);
		}
		print_message("large: %zu revised, %zu compiled\n", follower.revised, follower.beside);
		assert_true(follower.revised > STEPS * 9 / 10);
		follower_done(&follower);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_lead_where_a_fresh_compilation_does),
		cmocka_unit_test(large_table_is_changed_in_place),
		cmocka_unit_test(rules_of_a_large_table_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
