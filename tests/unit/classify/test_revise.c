/* SPDX-License-Identifier: Apache-2.0 */

/* Changes of rules beside the table in force, where what came before matters. */

#include <stdio.h>
#include <string.h>

#include "follower.h"
#include "random_edit.h"
#include "test.h"

static struct rw_prefix prefix_of(const char *text)
{
	struct rw_prefix prefix;

	assert_int_equal(rw_prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

/* A rule of ingress that accepts TCP to one port from a set. */
static struct rw_rule *make_rule(const char *id, const char *set, uint16_t port)
{
	struct rw_rule *rule = rw_rule_new();

	strcpy(rule->id, id);
	rule->direction = RW_DIRECTION_INGRESS;
	rule->policy = RW_VERDICT_ACCEPT;
	rule->priority = 1;
	rule->protocol = RW_PROTOCOL_TCP;
	rule->ports = (struct rw_ports){port, port};
	rule->source_ports = RW_PORTS_ANY;
	rule->object.kind = RW_OBJECT_PREFIX_LIST;
	strcpy(rule->object.id, set);
	return rule;
}

static struct rw_address_set *make_set(const char *id, const char *const *members, size_t count)
{
	struct rw_prefix *prefixes = calloc(count + 1, sizeof(*prefixes));

	for (size_t i = 0; i < count; i++)
		prefixes[i] = prefix_of(members[i]);
	return rw_address_set_new(id, prefixes, count);
}

/* One interface in group sg-a, which has no rules yet. */
static struct rw_policy *make_policy(void)
{
	struct rw_policy *policy = rw_policy_new();
	struct rw_policy_group *group = rw_policy_group_new();

	strcpy(group->id, "sg-a");
	group->inner_access = RW_VERDICT_DROP;
	policy->groups = calloc(1, sizeof(struct rw_policy_group *));
	policy->groups[policy->group_count++] = group;
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	strcpy(policy->interfaces[0].name, "eth0");
	policy->interfaces[0].groups = calloc(1, sizeof(uint32_t));
	policy->interfaces[0].group_count = 1;
	return policy;
}

static void put_set(struct rw_policy_delta *delta, struct rw_address_set *set)
{
	struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_PUT_SET);

	strcpy(change->id, set->id);
	change->set = set;
}

static void remove_set(struct rw_policy_delta *delta, const char *id)
{
	strcpy(rw_policy_delta_add(delta, RW_POLICY_REMOVE_SET)->id, id);
}

static void put_rule(struct rw_policy_delta *delta, struct rw_rule *rule)
{
	struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_PUT_RULES);

	strcpy(change->id, "sg-a");
	change->rules = calloc(1, sizeof(struct rw_rule *));
	change->rules[change->rule_count++] = rule;
}

static void remove_rule(struct rw_policy_delta *delta, const char *id)
{
	struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_RULES);

	strcpy(change->id, "sg-a");
	change->rule_ids = calloc(1, RW_ID_SIZE);
	strcpy(change->rule_ids[change->rule_id_count++], id);
}

/* Has 'delta' (taken) followed; gives what following said. */
static int follow(struct follower *follower, struct rw_policy_delta *delta)
{
	return follower_follow(follower, edit_apply(follower->policy, delta));
}

static void change_member(struct follower *follower, const char *set, const char *member, bool add)
{
	struct rw_prefix prefix = prefix_of(member);

	assert_int_equal(follower_follow(follower, edit_change_member(follower->policy, set, &prefix, add)),
			 0);
}

static void expect(const struct follower *follower, const char *remote, uint16_t port,
		   enum rw_verdict verdict)
{
	struct rw_packet packet = {
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local_port = port,
		.remote_port = 4711,
	};

	assert_int_equal(rw_address_parse(remote, &packet.remote, NULL), 0);
	packet.local.family = packet.remote.family;
	assert_int_equal(rw_evaluate(follower->policy, 0, &packet).verdict, verdict);
	follower_expect(follower, 0, &packet, remote);
}

static void start(struct follower *follower, uint32_t page_limit)
{
	follower_init(follower, make_policy(),
		      &(struct rw_classify_options){.spacious = true, .page_limit = page_limit}, page_limit);
}

/* ---- tests ---- */

/* What a rule names may be missing, and come without it. */
static void rule_stays_while_its_set_comes_and_goes(void **state)
{
	static const char *const members[] = {"10.0.0.1/32", "2001:db8::1/128"};
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct follower follower;

	(void)state;
	start(&follower, 0);
	put_rule(delta, make_rule("sgr-1", "pl-x", 80));
	assert_int_equal(follow(&follower, delta), 0);
	expect(&follower, "10.0.0.1", 80, RW_VERDICT_DROP);
	delta = rw_policy_delta_new();
	put_set(delta, make_set("pl-x", members, RW_ARRAY_COUNT(members)));
	assert_int_equal(follow(&follower, delta), 0);
	expect(&follower, "10.0.0.1", 80, RW_VERDICT_ACCEPT);
	expect(&follower, "2001:db8::1", 80, RW_VERDICT_ACCEPT);
	delta = rw_policy_delta_new();
	remove_set(delta, "pl-x");
	assert_int_equal(follow(&follower, delta), 0);
	expect(&follower, "10.0.0.1", 80, RW_VERDICT_DROP);
	expect(&follower, "2001:db8::1", 80, RW_VERDICT_DROP);
	follower_done(&follower);
}

/*
 * The last rule about a list goes, and the list with it; when both come again, the list has other members.  Then these
 * become what they were at first: what is said about the list goes on to be about the rule's.
 */
static void list_that_comes_again_is_followed_past_what_it_was(void **state)
{
	static const char *const first[] = {"10.0.0.1/32"}, *const then[] = {"10.0.0.1/32", "10.0.0.2/32"};
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct follower follower;

	(void)state;
	start(&follower, 0);
	put_set(delta, make_set("pl-x", first, RW_ARRAY_COUNT(first)));
	put_rule(delta, make_rule("sgr-1", "pl-x", 80));
	put_rule(delta, make_rule("sgr-2", "pl-none", 81));
	assert_int_equal(follow(&follower, delta), 0);
	delta = rw_policy_delta_new();
	remove_rule(delta, "sgr-1");
	remove_set(delta, "pl-x");
	assert_int_equal(follow(&follower, delta), 0);
	expect(&follower, "10.0.0.1", 80, RW_VERDICT_DROP);
	delta = rw_policy_delta_new();
	put_set(delta, make_set("pl-x", then, RW_ARRAY_COUNT(then)));
	put_rule(delta, make_rule("sgr-3", "pl-x", 80));
	assert_int_equal(follow(&follower, delta), 0);
	expect(&follower, "10.0.0.2", 80, RW_VERDICT_ACCEPT);
	change_member(&follower, "pl-x", "10.0.0.2/32", false);
	expect(&follower, "10.0.0.2", 80, RW_VERDICT_DROP);
	for (int i = 3; i < 10; i++) {
		char member[32], address[32];

		(void)snprintf(member, sizeof(member), "10.0.0.%d/32", i);
		(void)snprintf(address, sizeof(address), "10.0.0.%d", i);
		change_member(&follower, "pl-x", member, true);
		expect(&follower, address, 80, RW_VERDICT_ACCEPT);
		expect(&follower, "10.0.0.1", 80, RW_VERDICT_ACCEPT);
		change_member(&follower, "pl-x", member, false);
		expect(&follower, address, 80, RW_VERDICT_DROP);
	}
	follower_done(&follower);
}

enum { TOO_MANY = 60000, ROUNDS = 8 };

static struct rw_address_set *make_huge_set(const char *id)
{
	struct rw_prefix *prefixes = calloc(TOO_MANY, sizeof(*prefixes));
	struct rw_dice dice = {.state = 1};

	for (uint32_t i = 0; i < TOO_MANY; i++) {
		prefixes[i] = prefix_of("20.0.0.0/32");
		prefixes[i].address.bytes[1] = (uint8_t)(i >> 10);
		prefixes[i].address.bytes[2] = (uint8_t)(i >> 2);
		prefixes[i].address.bytes[3] = (uint8_t)rw_dice_next(&dice);
	}
	return rw_address_set_new(id, prefixes, TOO_MANY);
}

/* What was tried has been written over the image that is not in force. */
static void policy_that_is_too_large_leaves_nothing_behind(void **state)
{
	static const char *const members[] = {"10.0.0.1/32", "10.0.0.2/32", "2001:db8::1/128"};
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct follower follower;
	char id[32];

	(void)state;
	start(&follower, 256);
	put_set(delta, make_set("pl-x", members, RW_ARRAY_COUNT(members)));
	put_rule(delta, make_rule("sgr-0", "pl-x", 80));
	put_set(delta, make_set("pl-y", NULL, 0));
	put_rule(delta, make_rule("sgr-y", "pl-y", 90));
	assert_int_equal(follow(&follower, delta), 0);
	for (uint16_t i = 1; i < ROUNDS; i++) {
		delta = rw_policy_delta_new();
		(void)snprintf(id, sizeof(id), "sgr-%u", i);
		put_rule(delta, make_rule(id, "pl-x", (uint16_t)(80 + i)));
		assert_int_equal(follow(&follower, delta), 0);
		for (uint16_t j = 0; j < ROUNDS; j++) {
			enum rw_verdict verdict = j <= i ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;

			expect(&follower, "10.0.0.2", (uint16_t)(80 + j), verdict);
			expect(&follower, "2001:db8::1", (uint16_t)(80 + j), verdict);
			expect(&follower, "10.0.0.3", (uint16_t)(80 + j), RW_VERDICT_DROP);
			expect(&follower, "20.0.1.7", (uint16_t)(80 + j), RW_VERDICT_DROP);
		}
		delta = rw_policy_delta_new();
		put_set(delta, make_huge_set("pl-y"));
		assert_int_equal(follow(&follower, delta), -E2BIG);
	}
	assert_int_equal(follower.refused, ROUNDS - 1);
	assert_true(follower.revised >= ROUNDS - 2);
	follower_done(&follower);
}

/* From one source port only, or behind another rule. */
static void put_five(struct rw_policy_delta *delta, const char *id, uint8_t priority, uint16_t source_port)
{
	struct rw_rule *rule = make_rule(id, "pl-x", 80);

	rule->priority = priority;
	if (source_port)
		rule->source_ports = (struct rw_ports){source_port, source_port};
	rule->policy = priority % 2 ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	put_rule(delta, rule);
}

/* Lists of five-tuple rules are made anew where a rule goes that stood in them, behind them or before. */
static void rules_that_meet_five_tuple_rules_come_and_go_without_compiling(void **state)
{
	static const char *const members[] = {"10.0.0.1/32", "10.0.0.2/32"};
	/* Of the packets, which come from port 4711, other ones than these tell of none. */
	static const struct {
		const char *id;
		uint8_t priority;
		uint16_t source_port;
	} rules[] = {{"sgr-1", 1, 0},    {"sgr-2", 2, 4711}, {"sgr-3", 3, 4711},
		     {"sgr-4", 4, 4712}, {"sgr-5", 5, 0},    {"sgr-6", 6, 4711}};
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_dice dice = {.state = 8};
	bool has[RW_ARRAY_COUNT(rules)] = {false};
	struct follower follower;
	size_t compiled;

	(void)state;
	start(&follower, 0);
	put_set(delta, make_set("pl-x", members, RW_ARRAY_COUNT(members)));
	put_rule(delta, make_rule("sgr-0", "pl-x", 81));
	assert_int_equal(follow(&follower, delta), 0);
	compiled = follower.beside;
	for (int i = 0; i < 300; i++) {
		size_t number = rw_dice_below(&dice, RW_ARRAY_COUNT(rules)), first = 0;
		enum rw_verdict verdict = RW_VERDICT_DROP;

		delta = rw_policy_delta_new();
		if (has[number])
			remove_rule(delta, rules[number].id);
		else
			put_five(delta, rules[number].id, rules[number].priority, rules[number].source_port);
		has[number] = !has[number];
		assert_int_equal(follow(&follower, delta), 0);
		while (first < RW_ARRAY_COUNT(rules) && (!has[first] || rules[first].source_port == 4712))
			first++;
		if (first < RW_ARRAY_COUNT(rules) && rules[first].priority % 2)
			verdict = RW_VERDICT_ACCEPT;
		expect(&follower, "10.0.0.1", 80, verdict);
		expect(&follower, "10.0.0.3", 80, RW_VERDICT_DROP);
		expect(&follower, "10.0.0.2", 81, RW_VERDICT_ACCEPT);
	}
	assert_int_equal(follower.beside, compiled);
	follower_done(&follower);
}

enum { SPLITS = 600, SPLIT_RULES = 30, SPLIT_PORTS = 2000 };

/* A rule about ports that no other may have named; from one of two lists that overlap. */
static struct rw_rule *make_split(struct rw_dice *dice, const char *id)
{
	struct rw_rule *rule = make_rule(id, rw_dice_chance(dice, 50) ? "pl-x" : "pl-y", 1);

	rule->priority = (uint8_t)(1 + rw_dice_below(dice, 5));
	rule->policy = (enum rw_verdict)rw_dice_below(dice, 2);
	rule->ports.first = (uint16_t)(1 + rw_dice_below(dice, SPLIT_PORTS));
	rule->ports.last = (uint16_t)(rule->ports.first + rw_dice_below(dice, SPLIT_PORTS / 4));
	return rule;
}

static void expect_ports(const struct follower *follower, struct rw_dice *dice)
{
	static const char *const remotes[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"};

	for (int i = 0; i < 40; i++) {
		struct rw_packet packet = {
			.protocol = RW_PROTOCOL_TCP,
			.tcp_flags = RW_TCP_SYN,
			.hop_limit = 64,
			.local_port = (uint16_t)(1 + rw_dice_below(dice, SPLIT_PORTS * 5 / 4)),
		};

		assert_int_equal(rw_address_parse(remotes[i % 4], &packet.remote, NULL), 0);
		packet.local.family = packet.remote.family;
		follower_expect(follower, 0, &packet, "ports that split");
	}
}

/* Ports are led to spare columns for as long as there are some, those of others in the end. */
static void ports_split_until_no_column_is_left(void **state)
{
	static const char *const x[] = {"10.0.0.1/32", "10.0.0.2/32"}, *const y[] = {"10.0.0.2/31"};
	struct rw_policy_delta *delta = rw_policy_delta_new();
	bool has[SPLIT_RULES] = {false};
	struct rw_dice dice = {.state = 3};
	struct follower follower;

	(void)state;
	start(&follower, 0);
	put_set(delta, make_set("pl-x", x, RW_ARRAY_COUNT(x)));
	put_set(delta, make_set("pl-y", y, RW_ARRAY_COUNT(y)));
	put_rule(delta, make_rule("sgr-x", "pl-x", 80));
	put_rule(delta, make_rule("sgr-y", "pl-y", 443));
	assert_int_equal(follow(&follower, delta), 0);
	for (int i = 0; i < SPLITS; i++) {
		uint32_t number = rw_dice_below(&dice, SPLIT_RULES);
		char id[32];

		(void)snprintf(id, sizeof(id), "sgr-%02u", (unsigned int)number);
		delta = rw_policy_delta_new();
		if (has[number])
			remove_rule(delta, id);
		else
			put_rule(delta, make_split(&dice, id));
		has[number] = !has[number];
		assert_int_equal(follow(&follower, delta), 0);
		expect_ports(&follower, &dice);
	}
	assert_true(follower.revised > SPLITS * 8 / 10);
	follower_done(&follower);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_stays_while_its_set_comes_and_goes),
		cmocka_unit_test(list_that_comes_again_is_followed_past_what_it_was),
		cmocka_unit_test(policy_that_is_too_large_leaves_nothing_behind),
		cmocka_unit_test(rules_that_meet_five_tuple_rules_come_and_go_without_compiling),
		cmocka_unit_test(ports_split_until_no_column_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
