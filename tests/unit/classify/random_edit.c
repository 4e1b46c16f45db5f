/* SPDX-License-Identifier: Apache-2.0 */
#include "random_edit.h"

#include <stdio.h>
#include <string.h>

#include "policy/copy.h"
#include "test.h"

enum { MANY_MEMBERS = 300, MANY_RULES = 150 };

struct rw_policy *edit_apply(const struct rw_policy *policy, struct rw_policy_delta *delta)
{
	struct rw_policy *result = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_policy_apply_delta(policy, delta, &result, &err) < 0)
		fail_msg("%s", err.text);
	(void)rw_policy_delta_free(delta);
	return result;
}

/* A delta of one change. */
static struct rw_policy_change *make_change(enum rw_policy_change_kind kind, const char *id,
					    struct rw_policy_delta **ret_delta)
{
	struct rw_policy_change *change;

	*ret_delta = rw_policy_delta_new();
	change = rw_policy_delta_add(*ret_delta, kind);
	strcpy(change->id, id);
	return change;
}

static const struct rw_address_set *pick_set(struct rw_dice *dice, const struct rw_policy *policy)
{
	return policy->set_count ? policy->sets[rw_dice_below(dice, (uint32_t)policy->set_count)] : NULL;
}

static const struct rw_policy_group *pick_group(struct rw_dice *dice, const struct rw_policy *policy)
{
	return policy->group_count ? policy->groups[rw_dice_below(dice, (uint32_t)policy->group_count)]
				   : NULL;
}

/* ---- members ---- */

struct rw_policy *edit_change_member(const struct rw_policy *policy, const char *set,
				     const struct rw_prefix *prefix, bool add)
{
	struct rw_policy_delta *delta;
	struct rw_policy_change *change =
		make_change(add ? RW_POLICY_ADD_MEMBERS : RW_POLICY_REMOVE_MEMBERS, set, &delta);

	change->prefixes = malloc(sizeof(*prefix));
	change->prefixes[0] = *prefix;
	change->prefix_count = 1;
	return edit_apply(policy, delta);
}

bool edit_has(const struct rw_address_set *set, const struct rw_prefix *prefix)
{
	for (size_t i = 0; i < set->count; i++)
		if (rw_prefix_compare(&set->prefixes[i], prefix) == 0)
			return true;
	return false;
}

struct rw_prefix edit_pick_prefix(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_address_set *set = pick_set(dice, policy);
	struct rw_prefix prefix = {.address.family = rw_dice_chance(dice, 50) ? 4 : 6};
	uint8_t most, bits;

	if (set && set->count)
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

struct rw_policy *edit_member(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_address_set *set = pick_set(dice, policy);
	struct rw_prefix prefix = edit_pick_prefix(dice, policy);

	if (!set)
		return rw_policy_ref(policy);
	if (set->count && rw_dice_chance(dice, 50))
		prefix = set->prefixes[rw_dice_below(dice, (uint32_t)set->count)];
	return edit_change_member(policy, set->id, &prefix, !edit_has(set, &prefix));
}

/* ---- rules ---- */

/* Another object, other ports: of another rule, or such as no rule has. */
static void change_match(struct rw_dice *dice, const struct rw_policy *policy, struct rw_rule *rule,
			 const struct rw_rule *other)
{
	if (rw_dice_chance(dice, 30))
		rule->object = other->object;
	if (rw_dice_chance(dice, 30)) {
		rule->object.kind = RW_OBJECT_CIDR;
		rule->object.cidr = edit_pick_prefix(dice, policy);
	}
	if (rw_dice_chance(dice, 30)) {
		rule->protocol = other->protocol;
		rule->ports = other->ports;
	}
	if (rule->protocol == RW_PROTOCOL_ALL && rw_dice_chance(dice, 50))
		rule->protocol = (uint16_t)rw_dice_below(dice, 256);
	if (rw_protocol_has_ports(rule->protocol) && rw_dice_chance(dice, 40)) {
		uint16_t port = (uint16_t)rw_dice_below(dice, rw_dice_chance(dice, 50) ? 100 : 65536);

		rule->ports.first = port;
		rule->ports.last =
			(uint16_t)(port + rw_dice_below(dice, rw_dice_chance(dice, 50) ? 2 : 65536u - port));
	}
	if (!rw_protocol_has_ports(rule->protocol))
		rule->ports = rule->source_ports = RW_PORTS_ANY;
}

/* A copy, which counts as another rule. */
static struct rw_rule *copy_rule(const struct rw_rule *old)
{
	struct rw_rule *rule = rw_rule_new();

	*rule = *old;
	rule->references = 1;
	rule->description = rule->author = NULL;
	return rule;
}

static struct rw_rule *make_rule(struct rw_dice *dice, const struct rw_policy *policy,
				 const struct rw_rule *old, const struct rw_rule *other)
{
	struct rw_rule *rule = copy_rule(old);

	rule->priority = other->priority;
	rule->policy = (enum rw_verdict)rw_dice_below(dice, 2);
	change_match(dice, policy, rule, other);
	if (rw_dice_chance(dice, 50))
		(void)snprintf(rule->id, sizeof(rule->id), "sgr-%08x",
			       (unsigned int)rw_dice_below(dice, 100000));
	return rule;
}

static struct rw_policy *put_rule(const struct rw_policy *policy, const struct rw_policy_group *group,
				  struct rw_rule *rule)
{
	struct rw_policy_delta *delta;
	struct rw_policy_change *change = make_change(RW_POLICY_PUT_RULES, group->id, &delta);

	change->rules = calloc(1, sizeof(struct rw_rule *));
	change->rules[0] = rule;
	change->rule_count = 1;
	return edit_apply(policy, delta);
}

static struct rw_policy *remove_rule(const struct rw_policy *policy, const struct rw_policy_group *group,
				     const struct rw_rule *rule)
{
	struct rw_policy_delta *delta;
	struct rw_policy_change *change = make_change(RW_POLICY_REMOVE_RULES, group->id, &delta);

	change->rule_ids = calloc(1, RW_ID_SIZE);
	strcpy(change->rule_ids[0], rule->id);
	change->rule_id_count = 1;
	return edit_apply(policy, delta);
}

struct rw_policy *edit_rule(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *group = pick_group(dice, policy);
	const struct rw_rule *old, *other;

	if (!group || !group->rule_count)
		return edit_member(dice, policy);
	old = group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];
	other = group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)];
	if (rw_dice_chance(dice, 30))
		return remove_rule(policy, group, old);
	return put_rule(policy, group, make_rule(dice, policy, old, other));
}

/* A rule that says what one says already: in its place, or beside it. */
static struct rw_policy *repeat_rule(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *group = pick_group(dice, policy);
	const struct rw_policy_group *other = pick_group(dice, policy);
	struct rw_rule *rule;

	if (!group || !group->rule_count)
		return edit_member(dice, policy);
	rule = copy_rule(group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)]);
	if (rw_dice_chance(dice, 50))
		(void)snprintf(rule->id, sizeof(rule->id), "sgr-%08x",
			       (unsigned int)rw_dice_below(dice, 100000));
	/* Ids are unique, but nothing in a policy says so. */
	return put_rule(policy, rw_dice_chance(dice, 70) ? group : other, rule);
}

/* A five-tuple part comes or goes. */
static struct rw_policy *edit_five(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *group = pick_group(dice, policy);
	struct rw_rule *rule;

	if (!group || !group->rule_count)
		return edit_member(dice, policy);
	rule = copy_rule(group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)]);
	if (rule->local_cidr.address.family || !rw_ports_is_any(rule->source_ports)) {
		rule->local_cidr = (struct rw_prefix){0};
		rule->source_ports = RW_PORTS_ANY;
	} else if (rw_protocol_has_ports(rule->protocol) && rw_dice_chance(dice, 50)) {
		rule->source_ports.first = (uint16_t)(1 + rw_dice_below(dice, 60000));
		rule->source_ports.last = (uint16_t)(rule->source_ports.first + rw_dice_below(dice, 5000));
	} else {
		rule->local_cidr = edit_pick_prefix(dice, policy);
	}
	return put_rule(policy, group, rule);
}

/* ---- sets ---- */

/* A set with some of its prefixes and some others. */
static struct rw_address_set *vary_set(struct rw_dice *dice, const struct rw_policy *policy, const char *id,
				       const struct rw_address_set *old, uint32_t more)
{
	size_t had = old ? old->count : 0, count = 0;
	struct rw_prefix *prefixes = calloc(had + more + 1, sizeof(*prefixes));

	for (size_t i = 0; i < had; i++)
		if (rw_dice_chance(dice, 80))
			prefixes[count++] = old->prefixes[i];
	for (uint32_t i = 0; i < more; i++) {
		prefixes[count] = edit_pick_prefix(dice, policy);
		if (more > 16) {
			prefixes[count].address.bytes[2] = (uint8_t)rw_dice_next(dice);
			prefixes[count].address.bytes[3] = (uint8_t)rw_dice_next(dice);
			prefixes[count].bits = prefixes[count].address.family == 4 ? 32 : 128;
		}
		count++;
	}
	return rw_address_set_new(id, prefixes, count);
}

/* A set goes, or comes (rules may name sets that there are not), or becomes another one. */
static struct rw_policy *edit_set(struct rw_dice *dice, const struct rw_policy *policy, uint32_t more)
{
	const struct rw_address_set *old = pick_set(dice, policy);
	struct rw_policy_delta *delta;
	struct rw_policy_change *change;
	char id[RW_ID_SIZE];

	if (old && rw_dice_chance(dice, more ? 10 : 40)) {
		(void)make_change(RW_POLICY_REMOVE_SET, old->id, &delta);
		return edit_apply(policy, delta);
	}
	if (old && rw_dice_chance(dice, 40))
		strcpy(id, old->id);
	else
		(void)snprintf(id, sizeof(id), "%s-%016x", rw_dice_chance(dice, 40) ? "pl" : "sg",
			       (unsigned int)rw_dice_below(dice, 6));
	change = make_change(RW_POLICY_PUT_SET, id, &delta);
	change->set = vary_set(dice, policy, id, rw_policy_find_set(policy, id),
			       more ? more : rw_dice_below(dice, 8));
	return edit_apply(policy, delta);
}

/* A rule goes with the set that it names, where no other names it; or comes with one, as policies are derived. */
static struct rw_policy *edit_rule_with_set(struct rw_dice *dice, const struct rw_policy *policy)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *changed = edit_rule(dice, policy);
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy *result = NULL;

	for (size_t i = 0; i < changed->set_count; i++) {
		const char *id = changed->sets[i]->id;
		bool named = false;

		for (size_t j = 0; j < changed->group_count; j++) {
			const struct rw_policy_group *group = changed->groups[j];

			named |= strcmp(group->id, id) == 0;
			for (size_t k = 0; k < group->rule_count; k++)
				named |= group->rules[k]->object.kind != RW_OBJECT_CIDR &&
					 strcmp(group->rules[k]->object.id, id) == 0;
		}
		if (!named)
			strcpy(rw_policy_delta_add(delta, RW_POLICY_REMOVE_SET)->id, id);
	}
	assert_int_equal(rw_policy_apply_delta(changed, delta, &result, NULL), 0);
	return result;
}

/* ---- everything else ---- */

static bool mixes_kinds(const struct rw_policy *policy, const struct rw_policy_interface *interface,
			uint32_t group)
{
	return interface->group_count &&
	       policy->groups[interface->groups[0]]->kind != policy->groups[group]->kind;
}

/* Groups of an interface anew. */
static void regroup(struct rw_dice *dice, const struct rw_policy *policy,
		    struct rw_policy_interface *interface)
{
	free(interface->groups);
	interface->groups = calloc(policy->group_count + 1, sizeof(*interface->groups));
	interface->group_count = 0;
	for (uint32_t i = 0; i < policy->group_count; i++)
		if (rw_dice_chance(dice, 60) && !mixes_kinds(policy, interface, i))
			interface->groups[interface->group_count++] = i;
}

/* An interface comes, goes, or has other groups or another type. */
static struct rw_policy *edit_interfaces(struct rw_dice *dice, const struct rw_policy *policy)
{
	struct rw_policy_delta *delta;
	struct rw_policy_change *change = make_change(RW_POLICY_PUT_SYSTEM, "", &delta);
	struct rw_policy *system = change->system = rw_policy_copy_system(policy);
	struct rw_policy_interface *interface;

	if (system->interface_count > 1 && rw_dice_chance(dice, 35)) {
		free(system->interfaces[--system->interface_count].groups);
		return edit_apply(policy, delta);
	}
	if (system->interface_count < 6 && rw_dice_chance(dice, 60)) {
		system->interfaces = reallocarray(system->interfaces, system->interface_count + 1,
						  sizeof(*system->interfaces));
		interface = &system->interfaces[system->interface_count];
		*interface = (struct rw_policy_interface){.nic_type = RW_NIC_INTRANET};
		(void)snprintf(interface->name, sizeof(interface->name), "eth%u",
			       (unsigned int)system->interface_count++ % 100);
	} else {
		interface = &system->interfaces[rw_dice_below(dice, (uint32_t)system->interface_count)];
	}
	if (system->network_kind == RW_NETWORK_CLASSIC && rw_dice_chance(dice, 50))
		interface->nic_type = RW_NIC_INTERNET;
	regroup(dice, policy, interface);
	return edit_apply(policy, delta);
}

/* A group's settings change, with or without a rule. */
static struct rw_policy *edit_settings(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *old = pick_group(dice, policy);
	struct rw_policy_delta *delta;
	struct rw_policy_change *change;
	struct rw_policy_group *group;

	if (!old)
		return rw_policy_ref(policy);
	change = make_change(RW_POLICY_PUT_GROUP, old->id, &delta);
	change->group = group = rw_policy_group_new();
	strcpy(group->id, old->id);
	group->kind = old->kind;
	group->inner_access = (enum rw_verdict)rw_dice_below(dice, 2);
	group->midstream_drop = rw_dice_chance(dice, 20);
	group->timeouts = old->timeouts;
	group->rules = calloc(old->rule_count + 1, sizeof(*group->rules));
	for (size_t i = 0; i < old->rule_count; i++)
		if (rw_dice_chance(dice, 90))
			group->rules[group->rule_count++] = rw_rule_ref(old->rules[i]);
	return edit_apply(policy, delta);
}

/* A group goes, from every interface, too; its set stays for those who name it. */
static struct rw_policy *remove_group(struct rw_dice *dice, const struct rw_policy *policy)
{
	uint32_t gone = rw_dice_below(dice, (uint32_t)policy->group_count);
	struct rw_policy_delta *delta;
	struct rw_policy_change *change;

	(void)make_change(RW_POLICY_REMOVE_GROUP, policy->groups[gone]->id, &delta);
	change = rw_policy_delta_add(delta, RW_POLICY_PUT_SYSTEM);
	change->system = rw_policy_copy_system(policy);
	for (size_t i = 0; i < change->system->interface_count; i++) {
		struct rw_policy_interface *interface = &change->system->interfaces[i];
		size_t kept = 0;

		for (size_t j = 0; j < interface->group_count; j++)
			if (interface->groups[j] != gone)
				interface->groups[kept++] =
					interface->groups[j] - (interface->groups[j] > gone);
		interface->group_count = kept;
	}
	return edit_apply(policy, delta);
}

static struct rw_policy *edit_groups(struct rw_dice *dice, const struct rw_policy *policy)
{
	if (policy->group_count > 2 && rw_dice_chance(dice, 15))
		return remove_group(dice, policy);
	return rw_dice_chance(dice, 50) ? edit_settings(dice, policy) : edit_interfaces(dice, policy);
}

/* So many rules at once that there are more columns than a block of rows has. */
static struct rw_policy *flood_rules(struct rw_dice *dice, const struct rw_policy *policy)
{
	const struct rw_policy_group *group = pick_group(dice, policy);
	struct rw_policy_delta *delta;
	struct rw_policy_change *change;

	if (!group || !group->rule_count)
		return edit_member(dice, policy);
	change = make_change(RW_POLICY_PUT_RULES, group->id, &delta);
	change->rules = calloc(MANY_RULES, sizeof(struct rw_rule *));
	for (uint32_t i = 0; i < MANY_RULES; i++) {
		struct rw_rule *rule =
			copy_rule(group->rules[rw_dice_below(dice, (uint32_t)group->rule_count)]);
		uint16_t port = (uint16_t)(1 + rw_dice_below(dice, 60000));

		(void)snprintf(rule->id, sizeof(rule->id), "sgr-flood%04u", (unsigned int)i);
		rule->protocol = rw_dice_chance(dice, 60) ? RW_PROTOCOL_TCP : RW_PROTOCOL_UDP;
		rule->ports = (struct rw_ports){port, (uint16_t)(port + rw_dice_below(dice, 500))};
		change->rules[change->rule_count++] = rule;
	}
	return edit_apply(policy, delta);
}

static bool is_of_flood(const struct rw_rule *rule)
{
	return strncmp(rule->id, "sgr-flood", 9) == 0;
}

static struct rw_policy *dry_rules(const struct rw_policy *policy)
{
	struct rw_policy_delta *delta = rw_policy_delta_new();

	for (size_t i = 0; i < policy->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[i];
		struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_REMOVE_RULES);

		strcpy(change->id, group->id);
		change->rule_ids = calloc(group->rule_count + 1, RW_ID_SIZE);
		for (size_t j = 0; j < group->rule_count; j++)
			if (is_of_flood(group->rules[j]))
				strcpy(change->rule_ids[change->rule_id_count++], group->rules[j]->id);
	}
	return edit_apply(policy, delta);
}

static struct rw_policy *edit_one(struct rw_dice *dice, const struct rw_policy *policy)
{
	uint32_t kind = rw_dice_below(dice, 100);

	if (kind < 42)
		return edit_member(dice, policy);
	if (kind < 68)
		return edit_rule(dice, policy);
	if (kind < 77)
		return edit_five(dice, policy);
	if (kind < 84)
		return repeat_rule(dice, policy);
	if (kind < 91)
		return edit_rule_with_set(dice, policy);
	if (kind < 96)
		return edit_set(dice, policy, 0);
	return edit_groups(dice, policy);
}

struct rw_policy *edit_anything(struct rw_dice *dice, const struct rw_policy *policy, bool many)
{
	uint32_t more = rw_dice_chance(dice, 70) ? 0 : rw_dice_below(dice, rw_dice_chance(dice, 80) ? 5 : 20);
	struct rw_policy *edited;

	if (many && rw_dice_chance(dice, 40))
		return flood_rules(dice, policy);
	if (many)
		return rw_dice_chance(dice, 50) ? dry_rules(policy) : edit_set(dice, policy, MANY_MEMBERS);
	edited = edit_one(dice, policy);
	while (more--) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *before = edited;

		edited = edit_one(dice, before);
	}
	return edited;
}

struct rw_policy *edit_make_world(uint64_t seed)
{
	struct rw_dice dice = {.state = seed};

	for (;;) {
		struct rw_policy *policy = rw_random_policy(&dice, RW_RANDOM_ALL);

		if (policy->set_count && policy->group_count)
			return policy;
		(void)rw_policy_unref(policy);
	}
}
