/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/delta.h"

static uint64_t random_state = 1;

uint32_t below(uint32_t bound)
{
	uint64_t value = random_state += 0x9e3779b97f4a7c15ull;

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)((value >> 32) * bound >> 32);
}

void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

struct rw_prefix prefix4(uint32_t address, uint8_t bits)
{
	struct rw_prefix prefix = {.address.family = 4, .bits = bits};

	if (bits < 32)
		address &= ~(0xffffffffu >> bits);
	for (unsigned int i = 0; i < 4; i++)
		prefix.address.bytes[i] = (uint8_t)(address >> (24 - 8 * i));
	return prefix;
}

uint32_t member_address(bool sparse)
{
	return sparse ? 0x0a000000u | below(1u << 24) : 0x0a000000u | below(64) << 14 | below(1u << 12);
}

static struct rw_address_set *make_set(uint32_t number, uint32_t count, bool sparse)
{
	struct rw_prefix *prefixes = must(malloc((count + 1) * sizeof(*prefixes)));
	char id[RW_ID_SIZE];

	for (uint32_t i = 0; i < count; i++)
		prefixes[i] = prefix4(member_address(sparse), 32);
	snprintf(id, sizeof(id), "sg-%016x", number);
	return must(rw_address_set_new(id, prefixes, count));
}

static struct rw_rule *make_rule(const struct shape *shape, uint32_t number)
{
	static const uint8_t bits[] = {32, 32, 32, 24, 24, 24, 24, 16, 16, 20, 28, 8};
	struct rw_rule *rule = must(rw_rule_new());
	uint32_t kind = below(100);

	snprintf(rule->id, sizeof(rule->id), "sgr-%016x", number);
	rule->direction = RW_DIRECTION_INGRESS;
	rule->policy = below(100) < 70 ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP;
	rule->priority = (uint8_t)(1 + below(100));
	rule->protocol = kind < 70   ? RW_PROTOCOL_TCP
			 : kind < 90 ? RW_PROTOCOL_UDP
			 : kind < 95 ? RW_PROTOCOL_ICMP
			 : kind < 96 ? RW_PROTOCOL_GRE
				     : RW_PROTOCOL_ALL;
	rule->ports = rule->source_ports = RW_PORTS_ANY;
	if (rw_protocol_has_ports(rule->protocol)) {
		rule->ports.first = (uint16_t)(1 + below(60000));
		rule->ports.last = (uint16_t)(rule->ports.first + (below(100) < 80 ? 0 : below(2000)));
	}
	if (below(2)) {
		rule->object.kind = RW_OBJECT_CIDR;
		rule->object.cidr = prefix4(below(4) ? member_address(shape->sparse) : below(UINT32_MAX),
					    bits[below(RW_ARRAY_COUNT(bits))]);
	} else {
		rule->object.kind = RW_OBJECT_GROUP;
		snprintf(rule->object.id, sizeof(rule->object.id), "sg-%016x", 1 + below(shape->groups));
	}
	return rule;
}

struct rw_policy *make_policy(const struct shape *shape)
{
	struct rw_policy *policy = must(rw_policy_new());
	struct rw_policy_group *group = must(rw_policy_group_new());

	snprintf(group->id, sizeof(group->id), "sg-%016x", 0);
	group->rules = must(calloc(shape->rules, sizeof(*group->rules)));
	for (uint32_t i = 0; i < shape->rules; i++)
		group->rules[group->rule_count++] = make_rule(shape, i * 2);
	policy->groups = must(calloc(1, sizeof(struct rw_policy_group *)));
	policy->groups[policy->group_count++] = group;
	policy->sets = must(calloc(shape->groups, sizeof(struct rw_address_set *)));
	for (uint32_t i = 0; i < shape->groups; i++)
		policy->sets[policy->set_count++] =
			make_set(i + 1, shape->members / shape->groups, shape->sparse);
	policy->interfaces = must(calloc(1, sizeof(*policy->interfaces)));
	policy->interface_count = 1;
	snprintf(policy->interfaces[0].name, sizeof(policy->interfaces[0].name), "eth0");
	policy->interfaces[0].groups = must(calloc(1, sizeof(uint32_t)));
	policy->interfaces[0].group_count = 1;
	return policy;
}

/* A copy that shares sets and rules, with one rule more on an object that is there already. */
static struct rw_policy *with_rule(const struct rw_policy *policy)
{
	const struct rw_policy_group *old = policy->groups[0];
	struct rw_policy *copy = must(rw_policy_new());
	struct rw_policy_group *group = must(rw_policy_group_new());
	struct rw_rule *rule = must(rw_rule_new());

	snprintf(group->id, sizeof(group->id), "%s", old->id);
	group->rules = must(calloc(old->rule_count + 1, sizeof(*group->rules)));
	for (size_t i = 0; i < old->rule_count; i++)
		group->rules[i] = rw_rule_ref(old->rules[i]);
	*rule = *old->rules[0];
	rule->references = 1;
	rule->description = rule->author = NULL;
	rule->ports = rw_protocol_has_ports(rule->protocol) ? (struct rw_ports){6379, 6379} : RW_PORTS_ANY;
	snprintf(rule->id, sizeof(rule->id), "sgr-f");
	group->rules[old->rule_count] = rule;
	group->rule_count = old->rule_count + 1;
	copy->groups = must(calloc(1, sizeof(struct rw_policy_group *)));
	copy->groups[copy->group_count++] = group;
	copy->sets = must(calloc(policy->set_count, sizeof(struct rw_address_set *)));
	for (size_t i = 0; i < policy->set_count; i++)
		copy->sets[copy->set_count++] = rw_address_set_ref(policy->sets[i]);
	copy->interfaces = must(calloc(1, sizeof(*copy->interfaces)));
	copy->interface_count = 1;
	copy->interfaces[0].groups = must(calloc(1, sizeof(uint32_t)));
	copy->interfaces[0].group_count = 1;
	return copy;
}

double cpu_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare_times(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double median(double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare_times);
	return times[count / 2];
}

struct rw_policy *with_changes(const struct rw_policy *policy, const struct shape *shape, uint32_t every)
{
	struct rw_policy *copy = with_rule(policy);
	struct rw_policy_group *group = copy->groups[0];

	for (size_t i = every / 2; i < group->rule_count; i += every) {
		struct rw_rule *rule = make_rule(shape, 0);

		memcpy(rule->id, group->rules[i]->id, sizeof(rule->id));
		(void)rw_rule_unref(group->rules[i]);
		group->rules[i] = rule;
	}
	return copy;
}

struct rw_policy *with_member_changed(const struct rw_policy *policy, const struct shape *shape)
{
	struct rw_policy *result = NULL;

	/* An address that is a member already does not fit the change: then another one is tried. */
	while (!result) {
		const struct rw_address_set *set = policy->sets[below((uint32_t)policy->set_count)];
		bool add = !set->count || below(2);
		RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = must(rw_policy_delta_new());
		struct rw_policy_change *change = must(
			rw_policy_delta_add(delta, add ? RW_POLICY_ADD_MEMBERS : RW_POLICY_REMOVE_MEMBERS));

		memcpy(change->id, set->id, sizeof(change->id));
		change->prefixes = must(malloc(sizeof(*change->prefixes)));
		change->prefixes[0] = add ? prefix4(member_address(shape->sparse), 32)
					  : set->prefixes[below((uint32_t)set->count)];
		change->prefix_count = 1;
		if (rw_policy_apply_delta(policy, delta, &result, NULL) == -ENOMEM)
			abort();
	}
	return result;
}

struct rw_policy *with_rule_changed(const struct rw_policy *policy, const struct shape *shape)
{
	static uint32_t number = 1u << 24;
	const struct rw_policy_group *group = policy->groups[0];
	bool add = group->rule_count < shape->rules;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = must(rw_policy_delta_new());
	struct rw_policy_change *change =
		must(rw_policy_delta_add(delta, add ? RW_POLICY_PUT_RULES : RW_POLICY_REMOVE_RULES));
	struct rw_policy *result = NULL;

	memcpy(change->id, group->id, sizeof(change->id));
	if (add) {
		change->rules = must(calloc(1, sizeof(*change->rules)));
		change->rules[0] = make_rule(shape, number++);
		change->rule_count = 1;
	} else {
		change->rule_ids = must(calloc(1, sizeof(*change->rule_ids)));
		memcpy(change->rule_ids[0], group->rules[below((uint32_t)group->rule_count)]->id, RW_ID_SIZE);
		change->rule_id_count = 1;
	}
	if (rw_policy_apply_delta(policy, delta, &result, NULL) < 0)
		abort();
	return result;
}
