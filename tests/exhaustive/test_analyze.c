/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every pair of rules of a small universe, and many triples, on every kind of packet that it tells apart:
 * exposure, diff and lint against brute force with the reference evaluator.  The packets hit every class of
 * addresses, services, local ends and source ports that rules of the universe distinguish, so what holds for
 * them holds for all.
 */

#include <stdio.h>
#include <string.h>

#include "analyze/diff.h"
#include "analyze/lint.h"
#include "analyze/map.h"
#include "random_policy.h"
#include "test.h"

enum {
	OBJECTS = 5,
	STRENGTHS = 4,
	SERVICES = 13, /* with their five-tuple parts */
	KINDS = OBJECTS * STRENGTHS * SERVICES,
	REMOTES = 6,
	LOCALS = 2,
	TRANSPORTS = 13,
	PACKETS = REMOTES * LOCALS * TRANSPORTS,
	RULES_MOST = 3,
};

static struct rw_packet packets[PACKETS];
static size_t cases;

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
		strcpy(rule->object.id, "sg-x");
	}
}

/* Source ports only where there are ports, as validation demands. */
static void set_service(struct rw_rule *rule, unsigned int choice)
{
	static const struct {
		uint16_t protocol;
		struct rw_ports ports;
		int five; /* 1 = local, 2 = source ports */
	} services[SERVICES] = {
		{RW_PROTOCOL_ALL, {0, 65535}, 0},    {RW_PROTOCOL_ALL, {0, 65535}, 1},
		{RW_PROTOCOL_TCP, {80, 80}, 0},      {RW_PROTOCOL_TCP, {80, 80}, 1},
		{RW_PROTOCOL_TCP, {80, 80}, 2},      {RW_PROTOCOL_TCP, {80, 81}, 0},
		{RW_PROTOCOL_TCP, {80, 81}, 1},      {RW_PROTOCOL_TCP, {80, 81}, 2},
		{RW_PROTOCOL_UDP, {80, 80}, 0},      {RW_PROTOCOL_UDP, {80, 80}, 1},
		{RW_PROTOCOL_UDP, {80, 80}, 2},      {RW_PROTOCOL_ICMPV6, {0, 65535}, 0},
		{RW_PROTOCOL_ICMPV6, {0, 65535}, 1},
	};

	rule->protocol = services[choice].protocol;
	rule->ports = services[choice].ports;
	rule->source_ports = RW_PORTS_ANY;
	if (services[choice].five == 1)
		rule->local_cidr = prefix_of("10.0.0.9/32");
	else if (services[choice].five == 2)
		rule->source_ports = (struct rw_ports){1000, 1000};
}

static void set_rule(struct rw_rule *rule, unsigned int number, const char *id)
{
	unsigned int strength = number / OBJECTS % STRENGTHS;

	memset(&rule->object, 0, sizeof(rule->object));
	memset(&rule->local_cidr, 0, sizeof(rule->local_cidr));
	strcpy(rule->id, id);
	set_object(rule, number % OBJECTS);
	rule->policy = strength & 1 ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	rule->priority = strength & 2 ? 2 : 1;
	set_service(rule, number / OBJECTS / STRENGTHS);
}

static struct rw_packet make_packet(unsigned int number)
{
	static const char *const remotes[REMOTES] = {"10.0.0.0",    "10.0.0.1",    "10.0.0.2",
						     "2001:db8::1", "2001:db8::2", "2001:db8:0:1::"};
	static const struct {
		uint8_t protocol;
		uint16_t port;
		uint16_t source_port;
	} transports[TRANSPORTS] = {
		{RW_PROTOCOL_TCP, 79, 1000}, {RW_PROTOCOL_TCP, 79, 1001}, {RW_PROTOCOL_TCP, 80, 1000},
		{RW_PROTOCOL_TCP, 80, 1001}, {RW_PROTOCOL_TCP, 81, 1000}, {RW_PROTOCOL_TCP, 81, 1001},
		{RW_PROTOCOL_UDP, 80, 1000}, {RW_PROTOCOL_UDP, 80, 1001}, {RW_PROTOCOL_UDP, 81, 1000},
		{RW_PROTOCOL_UDP, 81, 1001}, {RW_PROTOCOL_ICMPV6, 0, 0},  {RW_PROTOCOL_GRE, 0, 0},
		{RW_PROTOCOL_ICMP, 0, 0},
	};
	const unsigned int transport = number / REMOTES / LOCALS;
	bool away = number / REMOTES % LOCALS;
	struct rw_packet packet = {
		.remote = address_of(remotes[number % REMOTES]),
		.protocol = transports[transport].protocol,
		.local_port = transports[transport].port,
		.remote_port = transports[transport].source_port,
		.tcp_flags = transports[transport].protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
		.hop_limit = 64,
	};

	if (packet.remote.family == 4)
		packet.local = address_of(away ? "10.0.0.9" : "10.0.0.8");
	else
		packet.local = address_of(away ? "2001:db8::9" : "2001:db8::8");
	return packet;
}

/* An interface in sg-a and sg-b; sg-x is an object whose members are one address of each family. */
static struct rw_policy *make_policy(bool inner_access)
{
	struct rw_policy *policy = rw_policy_new();
	struct rw_prefix *members = calloc(2, sizeof(*members));
	struct rw_prefix *own_members = calloc(1, sizeof(*own_members));

	policy->groups = calloc(2, sizeof(struct rw_policy_group *));
	for (size_t i = 0; i < 2; i++) {
		policy->groups[i] = rw_policy_group_new();
		strcpy(policy->groups[i]->id, i ? "sg-b" : "sg-a");
		policy->groups[i]->inner_access = inner_access && !i ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
		policy->groups[i]->rules = calloc(RULES_MOST, sizeof(struct rw_rule *));
	}
	policy->group_count = 2;
	own_members[0] = prefix_of("10.0.0.1/32");
	members[0] = prefix_of("10.0.0.0/32");
	members[1] = prefix_of("2001:db8::1/128");
	policy->sets = calloc(2, sizeof(struct rw_address_set *));
	policy->sets[policy->set_count++] = rw_address_set_new("sg-a", own_members, 1);
	policy->sets[policy->set_count++] = rw_address_set_new("sg-x", members, 2);
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	strcpy(policy->interfaces[0].name, "eth0");
	policy->interfaces[0].groups = calloc(2, sizeof(uint32_t));
	policy->interfaces[0].groups[1] = 1;
	policy->interfaces[0].group_count = 2;
	return policy;
}

/* Rules as a case has them: up to three, each in a group. */
struct ruleset {
	struct rw_rule rules[RULES_MOST];
	unsigned int group[RULES_MOST];
	bool present[RULES_MOST];
	size_t count;
};

/* The policy with the rules of the set that are present; the rules are lent. */
static void put_rules(struct rw_policy *policy, struct ruleset *set)
{
	policy->groups[0]->rule_count = policy->groups[1]->rule_count = 0;
	for (size_t i = 0; i < set->count; i++) {
		struct rw_policy_group *group = policy->groups[set->group[i]];

		if (set->present[i])
			group->rules[group->rule_count++] = &set->rules[i];
	}
}

static void take_rules(struct rw_policy *policy)
{
	policy->groups[0]->rule_count = policy->groups[1]->rule_count = 0;
}

static struct ruleset make_set(const unsigned int *numbers, size_t count, unsigned int spread)
{
	static const char *const ids[RULES_MOST] = {"sgr-1", "sgr-2", "sgr-3"};
	struct ruleset set = {.count = count};

	for (size_t i = 0; i < count; i++) {
		set_rule(&set.rules[i], numbers[i], ids[i]);
		set.group[i] = spread >> i & 1;
		set.present[i] = true;
	}
	return set;
}

static void decide_all(struct rw_policy *policy, struct ruleset *set, struct rw_decision *decisions)
{
	put_rules(policy, set);
	for (unsigned int i = 0; i < PACKETS; i++)
		decisions[i] = rw_evaluate(policy, 0, &packets[i]);
}

static bool same_verdicts(const struct rw_decision *a, const struct rw_decision *b)
{
	for (unsigned int i = 0; i < PACKETS; i++)
		if (a[i].verdict != b[i].verdict)
			return false;
	return true;
}

/* ---- lint ---- */

static const struct rw_lint_finding *find(const struct rw_lint_report *report, const char *rule,
					  bool (*wanted)(enum rw_lint_kind kind))
{
	for (size_t i = 0; i < report->count; i++)
		if (wanted(report->list[i].kind) && strcmp(report->list[i].rule->id, rule) == 0)
			return &report->list[i];
	return NULL;
}

static bool is_superfluous(enum rw_lint_kind kind)
{
	return kind <= RW_LINT_MATCHES_NOBODY;
}

static bool is_conflict(enum rw_lint_kind kind)
{
	return kind == RW_LINT_CONFLICT;
}

static size_t index_of(const struct ruleset *set, const char *id)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->rules[i].id, id) == 0)
			return i;
	fail_msg("no rule %s", id);
	return 0;
}

static void apply_mend(struct ruleset *set, const struct rw_lint_finding *finding)
{
	size_t rule = index_of(set, finding->rule->id);

	switch (finding->mend.action) {
	case RW_LINT_NOTHING:
		break;
	case RW_LINT_REMOVE:
		set->present[rule] = false;
		break;
	case RW_LINT_WEAKEN:
		set->rules[rule].priority = finding->mend.priority;
		break;
	case RW_LINT_MERGE:
		set->rules[rule].ports = finding->mend.ports;
		set->rules[rule].object = finding->mend.object;
		for (size_t i = 0; i < finding->cause_count; i++)
			set->present[index_of(set, finding->causes[i].rule->id)] = false;
	}
}

/* Each mend alone, and all that say so together, change no verdict. */
static void check_mends(struct rw_policy *policy, const struct ruleset *set,
			const struct rw_lint_report *report, const struct rw_decision *before)
{
	struct rw_decision after[PACKETS];
	struct ruleset together = *set;

	for (size_t i = 0; i < report->count; i++) {
		const struct rw_lint_finding *finding = &report->list[i];
		struct ruleset alone = *set;

		if (!finding->mend.keeps_meaning)
			continue;
		apply_mend(&alone, finding);
		decide_all(policy, &alone, after);
		if (!same_verdicts(before, after))
			fail_msg("the mend of %s %s changes a verdict", rw_lint_kind_name(finding->kind),
				 finding->rule->id);
		if (finding->mend.together)
			apply_mend(&together, finding);
	}
	decide_all(policy, &together, after);
	if (!same_verdicts(before, after))
		fail_msg("all mends together change a verdict");
}

/* True when 'drop' decides a packet that 'accept', of its priority, would decide without it. */
static bool brute_conflict(struct rw_policy *policy, struct ruleset *set, size_t accept,
			   const struct rw_decision *before)
{
	struct rw_decision without[PACKETS];

	for (size_t drop = 0; drop < set->count; drop++) {
		if (set->rules[accept].policy != RW_VERDICT_ACCEPT ||
		    set->rules[drop].policy != RW_VERDICT_DROP ||
		    set->rules[accept].priority != set->rules[drop].priority)
			continue;
		set->present[drop] = false;
		decide_all(policy, set, without);
		set->present[drop] = true;
		for (unsigned int i = 0; i < PACKETS; i++)
			if (before[i].detail == set->rules[drop].id &&
			    without[i].detail == set->rules[accept].id)
				return true;
	}
	return false;
}

static void check_rule(struct rw_policy *policy, struct ruleset *set, size_t rule,
		       const struct rw_decision *before, const struct rw_lint_report *report)
{
	const char *id = set->rules[rule].id;
	const struct rw_lint_finding *found = find(report, id, is_superfluous);
	struct rw_decision without[PACKETS];
	bool decides = false, matches = false, redundant;

	for (unsigned int i = 0; i < PACKETS; i++) {
		decides |= before[i].detail == id;
		matches |= rw_rule_matches(policy, &policy->interfaces[0], &set->rules[rule], &packets[i]);
	}
	set->present[rule] = false;
	decide_all(policy, set, without);
	set->present[rule] = true;
	redundant = same_verdicts(before, without);
	if ((found != NULL) != redundant)
		fail_msg("%s: removing it changes %s, lint says %s", id, redundant ? "nothing" : "something",
			 found ? rw_lint_kind_name(found->kind) : "nothing");
	if (found && found->kind == RW_LINT_SHADOWED && (decides || !matches))
		fail_msg("%s: not shadowed", id);
	if (found && found->kind == RW_LINT_REDUNDANT && !decides)
		fail_msg("%s: redundant, but shadowed", id);
	if (found && found->kind == RW_LINT_MATCHES_NOBODY && matches)
		fail_msg("%s: matches somebody", id);
	if (found && found->kind != RW_LINT_MATCHES_NOBODY && !found->cause_count)
		fail_msg("%s: no cause", id);
	found = find(report, id, is_conflict);
	if ((found != NULL) != (decides && brute_conflict(policy, set, rule, before)))
		fail_msg("%s: conflict %s", id, found ? "reported" : "not reported");
}

static void check_lint(struct rw_policy *policy, struct ruleset *set)
{
	const struct rw_view view = {.policy = policy};
	const struct rw_lint_input input = {.views = &view, .view_count = 1};
	RW_CLEANUP(rw_lint_report_done) struct rw_lint_report report = {0};
	struct rw_decision before[PACKETS];

	decide_all(policy, set, before);
	assert_int_equal(rw_lint(&input, &report, NULL), 0);
	assert_int_equal(report.rule_count, set->count);
	for (size_t i = 0; i < set->count; i++)
		check_rule(policy, set, i, before, &report);
	check_mends(policy, set, &report, before);
	take_rules(policy);
	cases += PACKETS;
}

/* ---- diff ---- */

struct two_policies {
	struct rw_policy *before;
	struct rw_policy *after;
};

static void check_witness(const struct two_policies *two, const struct rw_diff *diff, size_t box)
{
	const struct rw_packet *witness = &diff->changes[box].witness;
	bool opens = diff->changes[box].opens;

	if (rw_evaluate(two->before, 0, witness).verdict != (opens ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT) ||
	    rw_evaluate(two->after, 0, witness).verdict != (opens ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP))
		fail_msg("a witness is decided otherwise");
	assert_true(diff->changes[box].reason_count > 0);
}

static void check_diff(const struct two_policies *two, struct rw_sets *sets)
{
	const struct rw_view before = {.policy = two->before}, after = {.policy = two->after};
	RW_CLEANUP(rw_diff_done) struct rw_diff diff = {0};
	RW_CLEANUP(rw_diff_done) struct rw_diff mirrored = {0};
	RW_CLEANUP(rw_diff_done) struct rw_diff same = {0};

	assert_int_equal(rw_diff_views(sets, &before, &after, &diff, NULL), 0);
	assert_int_equal(rw_diff_views(sets, &after, &before, &mirrored, NULL), 0);
	assert_int_equal(rw_diff_views(sets, &before, &before, &same, NULL), 0);
	assert_int_equal(same.opens, RW_SET_EMPTY);
	assert_int_equal(same.closes, RW_SET_EMPTY);
	assert_int_equal(diff.opens, mirrored.closes);
	assert_int_equal(diff.closes, mirrored.opens);
	assert_int_equal(diff.boxes.count, mirrored.boxes.count);
	for (unsigned int i = 0; i < PACKETS; i++) {
		enum rw_verdict was = rw_evaluate(two->before, 0, &packets[i]).verdict;
		enum rw_verdict is = rw_evaluate(two->after, 0, &packets[i]).verdict;

		if (rw_set_contains(sets, diff.opens, &packets[i]) != (!was && is) ||
		    rw_set_contains(sets, diff.closes, &packets[i]) != (was && !is))
			fail_msg("packet %u differs from the diff", i);
	}
	for (size_t i = 0; i < diff.boxes.count; i++)
		check_witness(two, &diff, i);
	cases += PACKETS;
}

/* ---- exposure ---- */

static void check_exposure(const struct rw_policy *policy, struct rw_sets *sets)
{
	const struct rw_view view = {.policy = policy};
	rw_set open;

	assert_int_equal(rw_exposure(sets, &view, NULL, &open, NULL), 0);
	for (unsigned int i = 0; i < PACKETS; i++)
		if (rw_set_contains(sets, open, &packets[i]) !=
		    (rw_evaluate(policy, 0, &packets[i]).verdict == RW_VERDICT_ACCEPT))
			fail_msg("packet %u is exposed otherwise", i);
	cases += PACKETS;
}

/* ---- the universe ---- */

static void lint_equals_brute_force_on_every_pair(void **state)
{
	struct rw_policy *policy = make_policy(true);

	(void)state;
	cases = 0;
	for (unsigned int first = 0; first < KINDS; first++) {
		for (unsigned int second = first; second < KINDS; second++) {
			/* The ids decide ties, so the order matters: either comes first in half of the pairs. */
			bool swap = (first + second) % 2;
			const unsigned int numbers[] = {swap ? second : first, swap ? first : second};
			struct ruleset set = make_set(numbers, 2, first % 2 ? 2 : 0);

			policy->groups[0]->inner_access = second % 3 == 0;
			check_lint(policy, &set);
		}
	}
	(void)rw_policy_unref(policy);
	assert_int_equal(cases, (size_t)260 * 261 / 2 * 156);
}

static void lint_equals_brute_force_on_triples(void **state)
{
	struct rw_policy *policy = make_policy(true);
	struct rw_dice dice = {.state = 1};

	(void)state;
	cases = 0;
	for (unsigned int i = 0; i < 10000; i++) {
		const unsigned int numbers[] = {rw_dice_below(&dice, KINDS), rw_dice_below(&dice, KINDS),
						rw_dice_below(&dice, KINDS)};
		struct ruleset set = make_set(numbers, 3, rw_dice_below(&dice, 8));

		check_lint(policy, &set);
	}
	(void)rw_policy_unref(policy);
	assert_int_equal(cases, (size_t)10000 * 156);
}

static void diff_equals_brute_force_on_every_pair(void **state)
{
	struct two_policies two = {make_policy(true), make_policy(true)};

	(void)state;
	cases = 0;
	for (unsigned int first = 0; first < KINDS; first++) {
		struct rw_sets *sets = NULL;

		assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
		for (unsigned int second = first; second < KINDS; second++) {
			struct ruleset before = make_set(&first, 1, 0), after = make_set(&second, 1, 1);

			put_rules(two.before, &before);
			put_rules(two.after, &after);
			check_diff(&two, sets);
		}
		(void)rw_sets_free(sets);
	}
	take_rules(two.before);
	take_rules(two.after);
	(void)rw_policy_unref(two.before);
	(void)rw_policy_unref(two.after);
	assert_int_equal(cases, (size_t)260 * 261 / 2 * 156);
}

static void diff_equals_brute_force_on_triples(void **state)
{
	struct two_policies two = {make_policy(true), make_policy(false)};
	struct rw_dice dice = {.state = 2};
	struct rw_sets *sets = NULL;

	(void)state;
	cases = 0;
	assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
	for (unsigned int i = 0; i < 10000; i++) {
		const unsigned int numbers[] = {rw_dice_below(&dice, KINDS), rw_dice_below(&dice, KINDS),
						rw_dice_below(&dice, KINDS), rw_dice_below(&dice, KINDS)};
		struct ruleset before = make_set(numbers, 3, rw_dice_below(&dice, 8));
		struct ruleset after = make_set(numbers + 1, 3, rw_dice_below(&dice, 8));

		put_rules(two.before, &before);
		put_rules(two.after, &after);
		check_diff(&two, sets);
	}
	(void)rw_sets_free(sets);
	take_rules(two.before);
	take_rules(two.after);
	(void)rw_policy_unref(two.before);
	(void)rw_policy_unref(two.after);
	assert_int_equal(cases, (size_t)10000 * 156);
}

static void exposure_equals_brute_force_on_every_pair(void **state)
{
	struct rw_policy *policy = make_policy(true);

	(void)state;
	cases = 0;
	for (unsigned int first = 0; first < KINDS; first++) {
		struct rw_sets *sets = NULL;

		assert_int_equal(rw_sets_new(0, &sets, NULL), 0);
		for (unsigned int second = first; second < KINDS; second++) {
			const unsigned int numbers[] = {first, second};
			struct ruleset set = make_set(numbers, 2, 2);

			put_rules(policy, &set);
			check_exposure(policy, sets);
		}
		(void)rw_sets_free(sets);
	}
	take_rules(policy);
	(void)rw_policy_unref(policy);
	assert_int_equal(cases, (size_t)260 * 261 / 2 * 156);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lint_equals_brute_force_on_every_pair),
		cmocka_unit_test(lint_equals_brute_force_on_triples),
		cmocka_unit_test(diff_equals_brute_force_on_every_pair),
		cmocka_unit_test(diff_equals_brute_force_on_triples),
		cmocka_unit_test(exposure_equals_brute_force_on_every_pair),
	};

	for (unsigned int i = 0; i < PACKETS; i++)
		packets[i] = make_packet(i);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
