/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/plan_internal.h"

#include <assert.h>
#include <string.h>

#include "base/array.h"
enum {
	INGRESS = 1 << RW_DIRECTION_INGRESS,
	EGRESS = 1 << RW_DIRECTION_EGRESS,
	INTRANET = 1 << RW_NIC_INTRANET,
	INTERNET = 1 << RW_NIC_INTERNET,
	PORT_DNS = 53,
};

/* A rule of the policy and its group, to be sorted. */
struct candidate {
	const struct rw_rule *rule;
	uint32_t group;
	uint32_t rank; /* priority and policy: decides most comparisons without a look at the rule */
};

void rw_plan_done(struct rw_plan *plan)
{
	free(plan->rules);
	free(plan->order);
	free(plan->fives);
	free(plan->policies);
	free(plan->policy_of);
	free(plan->origins);
	free(plan->ranks);
	free(plan->atom_flags);
	*plan = (struct rw_plan){0};
}

/* ---- interface policies ---- */

static uint32_t longest(uint32_t so_far, uint32_t wanted, uint32_t standard)
{
	uint32_t value = wanted ? wanted : standard;

	return value > so_far ? value : so_far;
}

/* Semantics section 4. */
static void raise_timeouts(struct rw_table_timeouts *timeouts, const struct rw_timeouts *wanted)
{
	timeouts->tcp_half_open = longest(timeouts->tcp_half_open, wanted->tcp_half_open, 30);
	timeouts->tcp_established = longest(timeouts->tcp_established, wanted->tcp_established, 8000);
	timeouts->tcp_closing = longest(timeouts->tcp_closing, wanted->tcp_closing, 60);
	timeouts->tcp_reset = longest(timeouts->tcp_reset, wanted->tcp_reset, 10);
	timeouts->udp = longest(timeouts->udp, wanted->udp, 30);
	timeouts->udp_assured = longest(timeouts->udp_assured, wanted->udp_assured, 180);
	timeouts->other = longest(timeouts->other, wanted->other, 30);
}

static void describe_policy(const struct rw_policy *policy, struct rw_plan_policy *described)
{
	static const struct rw_timeouts standard;

	if (described->nic_type == RW_NIC_INTERNET)
		described->view_flags |= RW_VIEW_INTERNET;
	if (!described->group_count) {
		described->view_flags |= RW_VIEW_NO_GROUP;
		described->drop_egress = true;
		raise_timeouts(&described->timeouts, &standard);
	}
	for (size_t i = 0; i < described->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[described->groups[i]];

		if (group->midstream_drop)
			described->view_flags |= RW_VIEW_MIDSTREAM_DROP;
		if (group->kind != RW_GROUP_BASIC)
			described->drop_egress = true;
		raise_timeouts(&described->timeouts, &group->timeouts);
	}
}

static uint32_t find_policy(const struct rw_plan *plan, const struct rw_policy_interface *interface)
{
	uint32_t i;

	for (i = 0; i < plan->policy_count; i++) {
		const struct rw_plan_policy *other = &plan->policies[i];

		if (other->nic_type == interface->nic_type && other->group_count == interface->group_count &&
		    (!other->group_count || memcmp(other->groups, interface->groups,
						   other->group_count * sizeof(*other->groups)) == 0))
			break;
	}
	return i;
}

static int make_policies(struct rw_plan *plan, struct rw_error *err)
{
	const struct rw_policy *policy = plan->policy;

	plan->policies = calloc(policy->interface_count + 1, sizeof(*plan->policies));
	plan->policy_of = calloc(policy->interface_count + 1, sizeof(*plan->policy_of));
	if (!plan->policies || !plan->policy_of)
		return rw_error_oom(err);
	describe_policy(policy, &plan->policies[plan->policy_count++]);
	for (size_t i = 0; i < policy->interface_count; i++) {
		const struct rw_policy_interface *interface = &policy->interfaces[i];
		uint32_t number = find_policy(plan, interface);

		if (number == RW_TABLE_POLICY_MAX)
			return rw_error_set(err, -E2BIG,
					    "more than %d different sets of groups on one node's interfaces",
					    RW_TABLE_POLICY_MAX - 1);
		if (number == plan->policy_count) {
			plan->policies[number] = (struct rw_plan_policy){
				.nic_type = interface->nic_type,
				.groups = interface->groups,
				.group_count = interface->group_count,
			};
			describe_policy(policy, &plan->policies[plan->policy_count++]);
		}
		plan->policy_of[i] = (uint8_t)number;
	}
	return 0;
}

/* ---- rules ---- */

static int add_rule(struct rw_plan *plan, struct rw_plan_rule rule)
{
	if (!rw_array_make_room(&plan->rules, plan->rule_count, &plan->rule_capacity, sizeof(*plan->rules)))
		return -ENOMEM;
	if (!rw_protocol_has_ports(rule.protocol))
		rule.ports = RW_PORTS_ANY;
	plan->rules[plan->rule_count++] = rule;
	return 0;
}

uint32_t rw_plan_add_origin(struct rw_plan *plan, enum rw_cause cause, enum rw_verdict verdict,
			    const char *detail)
{
	plan->origins[plan->origin_count] = (struct rw_classify_origin){cause, verdict, detail};
	return RW_CELL(plan->origin_count++, cause, verdict);
}

static int add_failsafe(struct rw_plan *plan, struct rw_atoms *atoms, uint32_t cell, uint8_t direction_mask,
			const struct rw_prefix *remote, uint16_t protocol, uint16_t port)
{
	return add_rule(plan, (struct rw_plan_rule){
				      .cell = cell,
				      .atom = rw_atoms_prefix(atoms, remote),
				      .group = RW_PLAN_NO_GROUP,
				      .protocol = protocol,
				      .ports = {port, port},
				      .direction_mask = direction_mask,
				      .nic_mask = INTRANET | INTERNET,
			      });
}

/* Semantics 5.6: controller link comes before management. */
static int add_controller_link(struct rw_plan *plan, struct rw_atoms *atoms)
{
	static const struct rw_prefix anywhere[] = {{.address.family = 4}, {.address.family = 6}};
	const struct rw_policy *policy = plan->policy;
	uint32_t cell = rw_plan_add_origin(plan, RW_CAUSE_CONTROLLER_LINK, RW_VERDICT_ACCEPT, NULL);
	int r = 0;

	for (size_t i = 0; !r && i < policy->controller_count; i++) {
		struct rw_prefix remote = rw_prefix_of_address(&policy->controllers[i].address);

		r = add_failsafe(plan, atoms, cell, EGRESS, &remote, RW_PROTOCOL_TCP,
				 policy->controllers[i].port);
	}
	for (size_t i = 0; !r && i < policy->resolver_count; i++) {
		struct rw_prefix remote = rw_prefix_of_address(&policy->resolvers[i]);

		r = add_failsafe(plan, atoms, cell, EGRESS, &remote, RW_PROTOCOL_UDP, PORT_DNS);
		if (!r)
			r = add_failsafe(plan, atoms, cell, EGRESS, &remote, RW_PROTOCOL_TCP, PORT_DNS);
	}
	for (size_t i = 0; !r && i < policy->hosted_port_count * 2; i++)
		r = add_failsafe(plan, atoms, cell, INGRESS, &anywhere[i % 2], RW_PROTOCOL_TCP,
				 policy->hosted_ports[i / 2]);
	return r;
}

static int add_management(struct rw_plan *plan, struct rw_atoms *atoms)
{
	const struct rw_policy *policy = plan->policy;
	uint32_t cell = rw_plan_add_origin(plan, RW_CAUSE_MANAGEMENT, RW_VERDICT_ACCEPT, NULL);

	for (size_t i = 0; i < policy->management_cidr_count; i++) {
		for (size_t j = 0; j < policy->ssh_port_count; j++) {
			int r = add_failsafe(plan, atoms, cell, INGRESS, &policy->management_cidrs[i],
					     RW_PROTOCOL_TCP, policy->ssh_ports[j]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Groups are sorted by id, so the smallest id of several comes first. */
static int add_inner_access(struct rw_plan *plan, struct rw_atoms *atoms, const bool *used)
{
	for (size_t i = 0; i < plan->policy->group_count; i++) {
		const struct rw_policy_group *group = plan->policy->groups[i];
		const struct rw_address_set *members;
		uint32_t cell;
		int r;

		if (!used[i] || group->kind != RW_GROUP_BASIC || group->inner_access != RW_VERDICT_ACCEPT)
			continue;
		cell = rw_plan_add_origin(plan, RW_CAUSE_INNER_ACCESS, RW_VERDICT_ACCEPT, group->id);
		members = rw_policy_find_set(plan->policy, group->id);
		if (!members)
			continue;
		r = add_rule(plan, (struct rw_plan_rule){
					   .cell = cell,
					   .atom = rw_atoms_set(atoms, members),
					   .group = (uint32_t)i,
					   .protocol = RW_PROTOCOL_ALL,
					   .direction_mask = INGRESS | EGRESS,
					   .nic_mask = INTRANET,
				   });
		if (r < 0)
			return r;
	}
	return 0;
}

/* The order of rw_rule_decides_before. */
static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return strcmp(left->rule->id, right->rule->id);
}

/* Of 8 bits of priority, and the verdict. */
enum { RANKS = 512 };

/*
 * Puts candidates into deciding order: counted by rank, each rank in order of ids.  Rules come in order of ids from
 * each group, so there is little left to do within a rank.
 */
static void sort_candidates(const struct candidate *candidates, size_t count, struct candidate *sorted)
{
	size_t first_of[RANKS + 1] = {0}, next[RANKS];

	for (size_t i = 0; i < count; i++)
		first_of[candidates[i].rank + 1]++;
	for (size_t rank = 0; rank < RANKS; rank++) {
		first_of[rank + 1] += first_of[rank];
		next[rank] = first_of[rank];
	}
	for (size_t i = 0; i < count; i++)
		sorted[next[candidates[i].rank]++] = candidates[i];
	for (size_t rank = 0; rank < RANKS; rank++) {
		size_t first = first_of[rank], size = first_of[rank + 1] - first, i = 1;

		while (i < size && compare_candidates(&sorted[first + i - 1], &sorted[first + i]) < 0)
			i++;
		if (i < size)
			qsort(sorted + first, size, sizeof(*sorted), compare_candidates);
	}
}

static uint64_t big_endian(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return __builtin_bswap64(word);
}

/* Gives the number of the rule's five-tuple part, 0 when it has none. */
static int add_five(struct rw_plan *plan, const struct rw_rule *rule, uint32_t cell, uint32_t *ret_five)
{
	const struct rw_prefix *local = &rule->local_cidr;
	struct rw_table_five *five;

	*ret_five = 0;
	if (local->address.family == 0 && rw_ports_is_any(rule->source_ports))
		return 0;
	if (!rw_array_make_room(&plan->fives, plan->five_count, &plan->five_capacity, sizeof(*plan->fives)))
		return -ENOMEM;
	five = &plan->fives[plan->five_count++];
	*five = (struct rw_table_five){
		.cell = cell,
		.source_first = rule->source_ports.first,
		.source_last = rule->source_ports.last,
		.family = local->address.family,
		.local_high = big_endian(local->address.bytes),
		.local_low = big_endian(local->address.bytes + 8),
		.mask_high = local->bits >= 64 ? ~0ull : ~(~0ull >> local->bits),
		.mask_low = local->bits > 64 ? ~0ull << (128 - local->bits) : 0,
	};
	*ret_five = plan->five_count;
	return 0;
}

int rw_plan_describe_rule(struct rw_plan *plan, const struct rw_rule *rule, uint32_t group, uint32_t cell,
			  struct rw_plan_rule *ret_planned)
{
	bool vpc = plan->policy->network_kind == RW_NETWORK_VPC;

	*ret_planned = (struct rw_plan_rule){
		.rule = rule,
		.cell = cell,
		.group = group,
		.protocol = rule->protocol,
		.ports = rw_protocol_has_ports(rule->protocol) ? rule->ports : RW_PORTS_ANY,
		.direction_mask = (uint8_t)(1 << rule->direction),
		.nic_mask = (uint8_t)(vpc ? INTRANET | INTERNET : 1 << rule->nic_type),
	};
	return add_five(plan, rule, cell, &ret_planned->five);
}

static int add_policy_rule(struct rw_plan *plan, struct rw_atoms *atoms, const struct candidate *candidate)
{
	const struct rw_rule *rule = candidate->rule;
	const struct rw_address_set *set = NULL;
	uint32_t cell = rw_plan_add_origin(plan, RW_CAUSE_RULE, rule->policy, rule->id);
	struct rw_plan_rule planned;
	int r = rw_plan_describe_rule(plan, rule, candidate->group, cell, &planned);

	if (r < 0)
		return r;
	if (rule->object.kind == RW_OBJECT_CIDR) {
		planned.atom = rw_atoms_prefix(atoms, &rule->object.cidr);
	} else {
		set = rw_policy_find_set(plan->policy, rule->object.id);
		if (!set)
			return 0;
		planned.atom = rw_atoms_set(atoms, set);
	}
	return add_rule(plan, planned);
}

static int add_policy_rules(struct rw_plan *plan, struct rw_atoms *atoms, const bool *used, size_t count)
{
	RW_CLEANUP(rw_free) struct candidate *candidates = calloc(count + 1, sizeof(*candidates));
	RW_CLEANUP(rw_free) struct candidate *sorted = malloc((count + 1) * sizeof(*sorted));
	size_t filled = 0;

	if (!candidates || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < plan->policy->group_count; i++)
		for (size_t j = 0; used[i] && j < plan->policy->groups[i]->rule_count; j++) {
			const struct rw_rule *rule = plan->policy->groups[i]->rules[j];

			candidates[filled++] = (struct candidate){
				rule, (uint32_t)i, rule->priority * 2u + (rule->policy == RW_VERDICT_ACCEPT)};
		}
	assert(filled == count);
	sort_candidates(candidates, count, sorted);
	for (size_t i = 0; i < count; i++) {
		int r = add_policy_rule(plan, atoms, &sorted[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- flags ---- */

static int flag_atom(struct rw_plan *plan, uint32_t atom, uint32_t flag)
{
	while (atom >= plan->flagged_count) {
		if (!rw_array_make_room(&plan->atom_flags, plan->flagged_count, &plan->flagged_capacity,
					sizeof(*plan->atom_flags)))
			return -ENOMEM;
		plan->atom_flags[plan->flagged_count++] = 0;
	}
	plan->atom_flags[atom] |= flag;
	return 0;
}

static int flag_atoms(struct rw_plan *plan, struct rw_atoms *atoms)
{
	const struct rw_policy *policy = plan->policy;
	int r = 0;

	for (size_t i = 0; !r && i < policy->own_address_count; i++) {
		struct rw_prefix own = rw_prefix_of_address(&policy->own_addresses[i]);

		r = flag_atom(plan, rw_atoms_prefix(atoms, &own), RW_CLASS_OWN);
	}
	for (size_t i = 0; !r && i < policy->network_cidr_count; i++)
		r = flag_atom(plan, rw_atoms_prefix(atoms, &policy->network_cidrs[i]), RW_CLASS_NETWORK);
	for (size_t i = 0; !r && i < policy->container_cidr_count; i++)
		r = flag_atom(plan, rw_atoms_prefix(atoms, &policy->container_cidrs[i]), RW_CLASS_CONTAINER);
	return r;
}

int rw_plan_make(const struct rw_policy *policy, struct rw_atoms *atoms, struct rw_plan *ret_plan,
		 struct rw_error *err)
{
	RW_CLEANUP(rw_plan_done) struct rw_plan plan = {.policy = policy};
	RW_CLEANUP(rw_free) bool *used = calloc(policy->group_count + 1, sizeof(*used));
	size_t rules = 0;
	int r = make_policies(&plan, err);

	if (r < 0)
		return r;
	if (!used)
		return rw_error_oom(err);
	for (uint32_t i = 0; i < plan.policy_count; i++)
		for (size_t j = 0; j < plan.policies[i].group_count; j++)
			used[plan.policies[i].groups[j]] = true;
	for (size_t i = 0; i < policy->group_count; i++)
		rules += used[i] ? policy->groups[i]->rule_count : 0;
	if (rules + policy->group_count + 4 > RW_TABLE_INDEX_MAX)
		return rw_error_set(err, -E2BIG, "more than %u rules on one node", RW_TABLE_INDEX_MAX);
	plan.origin_capacity = (uint32_t)(rules + policy->group_count + 4);
	plan.origins = malloc(plan.origin_capacity * sizeof(*plan.origins));
	if (!plan.origins)
		return rw_error_oom(err);
	r = add_controller_link(&plan, atoms);
	if (!r)
		r = add_management(&plan, atoms);
	if (!r)
		r = add_inner_access(&plan, atoms, used);
	if (!r)
		r = add_policy_rules(&plan, atoms, used, rules);
	if (!r)
		r = flag_atoms(&plan, atoms);
	if (r < 0 || atoms->failed)
		return rw_error_oom(err);
	plan.default_drop = rw_plan_add_origin(&plan, RW_CAUSE_DEFAULT, RW_VERDICT_DROP, NULL);
	plan.default_accept = rw_plan_add_origin(&plan, RW_CAUSE_DEFAULT, RW_VERDICT_ACCEPT, NULL);
	*ret_plan = plan;
	plan = (struct rw_plan){0};
	return 0;
}

/* Whether it would take part if the interface had its group. */
static bool is_heard(const struct rw_plan_rule *rule, const struct rw_plan_policy *interface,
		     enum rw_direction direction)
{
	return rule->direction_mask & 1 << direction && rule->nic_mask & 1 << interface->nic_type;
}

uint32_t rw_plan_list(const struct rw_plan *plan, const struct rw_plan_policy *interface,
		      enum rw_direction direction, bool *has_group, uint32_t *list)
{
	uint32_t count = 0;

	memset(has_group, 0, plan->policy->group_count * sizeof(*has_group));
	for (size_t i = 0; i < interface->group_count; i++)
		has_group[interface->groups[i]] = true;
	for (uint32_t i = 0; i < plan->rule_count; i++) {
		const struct rw_plan_rule *rule = &plan->rules[i];

		if (is_heard(rule, interface, direction) &&
		    (rule->group == RW_PLAN_NO_GROUP || has_group[rule->group]))
			list[count++] = i;
	}
	return count;
}

bool rw_plan_takes_part(const struct rw_plan_rule *rule, const struct rw_plan_policy *interface,
			enum rw_direction direction)
{
	bool has_group = rule->group == RW_PLAN_NO_GROUP;

	for (size_t i = 0; !has_group && i < interface->group_count; i++)
		has_group = interface->groups[i] == rule->group;
	return has_group && is_heard(rule, interface, direction);
}

/* ---- what takes most ---- */

static size_t weight_of(const struct rw_policy *policy, const struct rw_policy_group *group)
{
	const struct rw_address_set *members = rw_policy_find_set(policy, group->id);
	size_t weight = group->rule_count + (members ? members->count : 0);

	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_object *object = &group->rules[i]->object;
		const struct rw_address_set *set =
			object->kind == RW_OBJECT_CIDR ? NULL : rw_policy_find_set(policy, object->id);

		weight += set ? set->count : 0;
	}
	return weight;
}

const char *rw_plan_largest_group(const struct rw_policy *policy)
{
	const char *largest = NULL;
	size_t most = 0;

	for (size_t i = 0; i < policy->group_count; i++) {
		size_t weight = weight_of(policy, policy->groups[i]);

		if (!largest || weight > most) {
			largest = policy->groups[i]->id;
			most = weight;
		}
	}
	return largest;
}
