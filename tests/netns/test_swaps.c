/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Changes without a gap: a stream of datagrams, of which the rules accept one half and refuse the other before and
 * after every change, while 1,000 policies come in force, and while 1,000 rules and 1,000 members come and go.  All of
 * the one half arrive, none of the other; half of the packets open flows.
 */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "halves.h"
#include "policy/delta.h"
#include "world.h"

enum {
	CHANGES = 1000,
	MEMBERS = 1000,
	STEP = 4, /* packets of each kind that a change waits for, so that traffic and changes mix */
};

static int node, peer;
static struct halves halves;
static struct rw_enforcer *enforcer;

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	peer = netns_new();
	netns_veth(peer, "p0", node, "eth0");
	netns_run(peer, "ip addr add 10.0.0.1/24 dev p0");
	netns_run(node, "ip addr add 10.0.0.2/24 dev eth0");
	halves_init(&halves, node, "10.0.0.2");
	enforcer = filter_open(node, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enforcer = rw_enforcer_close(enforcer);
	halves_done(&halves);
	(void)close(node);
	(void)close(peer);
	return 0;
}

static void end_stream(const char *what)
{
	print_message("%d %s: ", CHANGES, what);
	halves_end(&halves);
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_CUT), 0);
}

static void put_in_force(const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
}

static void policies_that_change_lose_and_leak_nothing(void **state)
{
	struct rw_policy *variants[HALVES_POLICIES];

	(void)state;
	for (unsigned int i = 0; i < HALVES_POLICIES; i++)
		variants[i] = halves_policy("eth0", i);
	put_in_force(variants[0]);
	filter_attach(enforcer, node, "eth0", "eth0");
	filter_enforce(enforcer, node);
	halves_begin(&halves, peer, "10.0.0.1");
	for (unsigned int i = 1; i <= CHANGES; i++) {
		put_in_force(variants[i % HALVES_POLICIES]);
		halves_await(&halves, i * STEP);
	}
	end_stream("policies");
	for (unsigned int i = 0; i < HALVES_POLICIES; i++)
		(void)rw_policy_unref(variants[i]);
}

/* ---- rules ---- */

/* The policy with one rule more, or without one that it has. */
static struct rw_policy *with_rule(const struct rw_policy *policy, const char *text, bool added)
{
	RW_CLEANUP(rw_policy_unref)
	struct rw_policy *one = filter_policy("eth0", (const char *const[]){text, NULL});
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change =
		rw_policy_delta_add(delta, added ? RW_POLICY_PUT_RULES : RW_POLICY_REMOVE_RULES);
	struct rw_rule *rule = one->groups[0]->rules[0];
	struct rw_policy *result = NULL;

	memcpy(change->id, policy->groups[0]->id, sizeof(change->id));
	if (added) {
		change->rules = calloc(1, sizeof(struct rw_rule *));
		change->rules[0] = rw_rule_ref(rule);
		change->rule_count = 1;
	} else {
		change->rule_ids = calloc(1, sizeof(*change->rule_ids));
		memcpy(change->rule_ids[0], rule->id, sizeof(rule->id));
		change->rule_id_count = 1;
	}
	assert_int_equal(rw_policy_apply_delta(policy, delta, &result, NULL), 0);
	return result;
}

static void add_hits(void *context, const struct rw_enforcer_hits *hits)
{
	if (strncmp(hits->rule, "sgr-good", 8) == 0)
		*(uint64_t *)context += hits->count;
}

/*
 * Every second rule says of what is accepted what another one says, so that it decides for as long as it is there:
 * none of its hits is lost when it goes, nor those of the other one by the many that have nothing to do with it.
 */
static void rules_that_come_and_go_lose_and_leak_nothing(void **state)
{
	struct rw_policy *policy = halves_policy("eth0", 0), *next;
	uint64_t hits = 0, before;
	char text[96];

	(void)state;
	put_in_force(policy);
	filter_attach(enforcer, node, "eth0", "eth0");
	filter_enforce(enforcer, node);
	halves_begin(&halves, peer, "10.0.0.1");
	for (unsigned int i = 1; i <= CHANGES; i++) {
		unsigned int number = (i - 1) / 2;

		if (number % 2)
			(void)snprintf(text, sizeof(text), "sgr-good-%u in accept udp 53/53 10.0.0.0/24",
				       number);
		else
			(void)snprintf(text, sizeof(text), "sgr-new-%u in %s tcp %u/%u 10.0.%u.0/24", number,
				       number % 3 ? "drop" : "accept", 2000 + number, 2000 + number * 3,
				       number % 250);
		next = with_rule(policy, text, i % 2 == 1);
		(void)rw_policy_unref(policy);
		policy = next;
		put_in_force(policy);
		halves_await(&halves, i * STEP);
		before = hits;
		hits = 0;
		assert_int_equal(enforcer->ops->hits(enforcer, add_hits, &hits, NULL), 0);
		/* A rule that has gone takes its hits along. */
		assert_true(hits >= before || (number % 2 && i % 2 == 0));
	}
	end_stream("rules");
	assert_true(hits > 0);
	(void)rw_policy_unref(policy);
}

/* ---- members ---- */

static struct rw_prefix member(unsigned int number)
{
	struct rw_prefix prefix = {.bits = 32};
	char text[32];

	(void)snprintf(text, sizeof(text), "10.%u.%u.%u", number / 250 / 250 % 250 + 1, number / 250 % 250,
		       number % 250 + 1);
	prefix.address = world_address(text);
	return prefix;
}

/* Members of sg-m, of which the peer is one, may send to the port that accepts. */
static struct rw_policy *make_members(void)
{
	struct rw_policy *policy =
		filter_policy("eth0", (const char *const[]){"sgr-m in accept udp 53/53 sg-m", NULL});
	struct rw_prefix *prefixes = calloc(MEMBERS + 1, sizeof(*prefixes));

	for (unsigned int i = 0; i < MEMBERS; i++)
		prefixes[i] = member(i * 2);
	prefixes[MEMBERS] = (struct rw_prefix){world_address("10.0.0.1"), 32};
	policy->sets = calloc(1, sizeof(struct rw_address_set *));
	policy->sets[0] = rw_address_set_new(policy->groups[0]->rules[0]->object.id, prefixes, MEMBERS + 1);
	policy->set_count = 1;
	return policy;
}

static struct rw_policy *with_member(const struct rw_policy *policy, const struct rw_prefix *prefix,
				     bool added)
{
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change =
		rw_policy_delta_add(delta, added ? RW_POLICY_ADD_MEMBERS : RW_POLICY_REMOVE_MEMBERS);
	struct rw_policy *result = NULL;

	memcpy(change->id, policy->sets[0]->id, sizeof(change->id));
	change->prefixes = calloc(1, sizeof(*prefix));
	change->prefixes[0] = *prefix;
	change->prefix_count = 1;
	assert_int_equal(rw_policy_apply_delta(policy, delta, &result, NULL), 0);
	return result;
}

static void members_that_come_and_go_cut_nothing_that_they_do_not_concern(void **state)
{
	struct rw_policy *policy = make_members(), *next;
	struct rw_prefix own = {world_address("10.0.0.1"), 32}, changed;
	int talker = filter_udp(peer, "10.0.0.1", 5000);
	struct rw_enforcer_status status;
	unsigned int pair;

	(void)state;
	put_in_force(policy);
	filter_attach(enforcer, node, "eth0", "eth0");
	filter_enforce(enforcer, node);
	halves_begin(&halves, peer, "10.0.0.1");
	for (unsigned int i = 1; i <= CHANGES; i++) {
		/* Even numbers are members, odd ones are not; each goes or comes, and then comes or goes again. */
		pair = (i - 1) / 2;
		changed = member(pair);
		next = with_member(policy, &changed, (pair % 2 == 1) == (i % 2 == 1));
		(void)rw_policy_unref(policy);
		policy = next;
		put_in_force(policy);
		halves_await(&halves, i * STEP);
	}
	end_stream("members");
	/* A change where the table stands is two generations on, one beside it one. */
	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	assert_true(status.generation > CHANGES * 2 * 9 / 10);
	/* The one whom it concerns is cut, and may come again. */
	assert_true(filter_tells(talker, halves.good, "10.0.0.2", HALVES_GOOD));
	next = with_member(policy, &own, false);
	put_in_force(next);
	assert_false(filter_tells(talker, halves.good, "10.0.0.2", HALVES_GOOD));
	put_in_force(policy);
	assert_true(filter_tells(talker, halves.good, "10.0.0.2", HALVES_GOOD));
	(void)rw_policy_unref(next);
	(void)rw_policy_unref(policy);
	(void)close(talker);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(policies_that_change_lose_and_leak_nothing),
		TEST(rules_that_come_and_go_lose_and_leak_nothing),
		TEST(members_that_come_and_go_cut_nothing_that_they_do_not_concern),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
