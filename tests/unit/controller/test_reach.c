/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include "random_policy.h"

#include "policy/delta.h"
#include "policy/evaluate.h"

/*
 * The search for a source against the evaluator: a witness is accepted under the whole policy, and whenever
 * a random packet is accepted, the search finds a source, too.
 */

#define POLICIES 1500
#define PACKETS  40

static struct rw_packet random_syn(struct rw_dice *dice, const struct rw_policy *policy, size_t interface)
{
	struct rw_packet packet = rw_random_packet(dice, policy, interface, RW_RANDOM_FIVE);

	packet.direction = RW_DIRECTION_INGRESS;
	packet.protocol = RW_PROTOCOL_TCP;
	packet.tcp_flags = RW_TCP_SYN;
	packet.icmp_type = 0;
	packet.hop_limit = 64;
	packet.malformed = packet.fragment = false;
	if (packet.local_port == 0)
		packet.local_port = 22;
	if (packet.remote_port == 0)
		packet.remote_port = 40000;
	return packet;
}

/* Without management CIDRs: from anywhere but containers, and not by inner access. */
static bool is_way_in(const struct rw_policy *policy, size_t interface, const struct rw_packet *packet)
{
	struct rw_decision decision = rw_evaluate(policy, interface, packet);

	for (size_t i = 0; i < policy->container_cidr_count; i++) {
		if (rw_prefix_contains(&policy->container_cidrs[i], &packet->remote))
			return false;
	}
	return rw_address_is_global(&packet->remote) && decision.verdict == RW_VERDICT_ACCEPT &&
	       decision.cause != RW_CAUSE_INNER_ACCESS;
}

static void agrees_with_the_evaluator_on_random_policies(void **state)
{
	struct rw_dice dice = {20261124};
	unsigned int reachable = 0;
	unsigned int closed = 0;

	(void)state;
	for (unsigned int i = 0; i < POLICIES; i++) {
		RW_CLEANUP(rw_policy_unref)
		struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_FIVE);

		for (unsigned int k = 0; k < PACKETS; k++) {
			size_t interface = rw_dice_below(&dice, (uint32_t)policy->interface_count);
			struct rw_packet packet = random_syn(&dice, policy, interface);
			struct rw_interface nic = {.name = policy->interfaces[interface].name,
						   .addresses = &packet.local,
						   .address_count = 1};
			struct rw_node node = {.interfaces = &nic, .interface_count = 1};
			struct reach_query query = {.policy = policy,
						    .node = &node,
						    .family = packet.local.family,
						    .port = packet.local_port};
			struct rw_packet witness;
			size_t where;
			int found = reach_find(&query, &where, &witness);

			if (found) {
				assert_int_equal(where, interface);
				assert_true(is_way_in(policy, where, &witness));
				reachable++;
			} else {
				assert_false(is_way_in(policy, interface, &packet));
				closed++;
			}
		}
	}
	/* Both answers were tried. */
	assert_in_range(reachable, 1000, POLICIES * PACKETS);
	assert_in_range(closed, 1000, POLICIES * PACKETS);
}

/* A state after: in a random group, one rule is gone or has become another. */
static struct rw_policy *change_a_rule(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *group =
		policy->groups[rw_dice_below(dice, (uint32_t)policy->group_count)];
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	bool goes = rw_dice_chance(dice, 50);
	struct rw_policy_change *change =
		rw_policy_delta_add(delta, goes ? RW_POLICY_REMOVE_RULES : RW_POLICY_PUT_RULES);
	const struct rw_rule *rule;
	struct rw_policy *result = NULL;

	if (group->rule_count == 0)
		return rw_policy_ref(policy);
	rule = group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];
	memcpy(change->id, group->id, sizeof(change->id));
	if (goes) {
		world_ids(rule->id, &change->rule_ids, &change->rule_id_count);
	} else {
		change->rules = calloc(1, sizeof(struct rw_rule *));
		change->rules[change->rule_count++] = rw_rule_dup(rule);
		change->rules[0]->policy =
			rule->policy == RW_VERDICT_DROP ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
		change->rules[0]->priority = (uint8_t)(1 + rw_dice_below(dice, 100));
	}
	assert_int_equal(rw_policy_apply_delta(policy, delta, &result, NULL), 0);
	return result;
}

/* Skipping the search must be as good as searching twice. */
static void finds_the_same_where_it_says_that_nothing_changes(void **state)
{
	struct rw_dice dice = {20261127};
	unsigned int same = 0, different = 0;

	(void)state;
	for (unsigned int i = 0; i < POLICIES; i++) {
		RW_CLEANUP(rw_policy_unref)
		struct rw_policy *before = rw_random_policy(&dice, RW_RANDOM_FIVE);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *after = change_a_rule(&dice, before);

		for (unsigned int k = 0; k < PACKETS; k++) {
			size_t interface = rw_dice_below(&dice, (uint32_t)before->interface_count), where;
			struct rw_packet packet = random_syn(&dice, before, interface), witness;
			struct rw_interface nic = {.name = before->interfaces[interface].name,
						   .addresses = &packet.local,
						   .address_count = 1};
			struct rw_node node = {.interfaces = &nic, .interface_count = 1};
			struct reach_query query = {.policy = before,
						    .node = &node,
						    .family = packet.local.family,
						    .port = packet.local_port};
			int found = reach_find(&query, &where, &witness);

			query.policy = after;
			if (reach_is_same(before, after, packet.local_port)) {
				assert_int_equal(reach_find(&query, &where, &witness), found);
				same++;
			} else {
				different += reach_find(&query, &where, &witness) != found;
			}
		}
	}
	/* Most changes are passed over, and some that must not be were tried. */
	assert_in_range(same, POLICIES * PACKETS / 4, POLICIES * PACKETS);
	assert_in_range(different, 100, POLICIES * PACKETS);
}

static void takes_sources_only_from_those_asked_for(void **state)
{
	struct rw_dice dice = {7};
	struct rw_prefix sources[] = {world_prefix("10.0.0.0/30"), world_prefix("2001:db8::/126")};

	(void)state;
	for (unsigned int i = 0; i < POLICIES; i++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = rw_random_policy(&dice, 0);
		struct rw_packet packet = random_syn(&dice, policy, 0);
		struct rw_interface nic = {
			.name = policy->interfaces[0].name, .addresses = &packet.local, .address_count = 1};
		struct rw_node node = {.interfaces = &nic, .interface_count = 1};
		struct reach_query query = {.policy = policy,
					    .node = &node,
					    .family = packet.local.family,
					    .port = packet.local_port,
					    .sources = sources,
					    .source_count = 2};
		const struct rw_prefix *source = &sources[packet.local.family == 6];
		struct rw_packet witness;
		bool accepted = false;
		size_t where;
		int found = reach_find(&query, &where, &witness);

		/* Four sources: all of them can be tried. */
		for (uint8_t last = 0; last < 4; last++) {
			packet.remote = source->address;
			packet.remote.bytes[packet.local.family == 4 ? 3 : 15] |= last;
			packet.remote_port = 40000;
			accepted |= rw_address_is_global(&packet.remote) &&
				    rw_evaluate(policy, 0, &packet).verdict == RW_VERDICT_ACCEPT;
		}
		assert_int_equal(found, accepted);
		if (found)
			assert_true(rw_prefix_contains(source, &witness.remote));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_evaluator_on_random_policies),
		cmocka_unit_test(finds_the_same_where_it_says_that_nothing_changes),
		cmocka_unit_test(takes_sources_only_from_those_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
