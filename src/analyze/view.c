/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/view.h"

#include <assert.h>

void rw_deciders_done(struct rw_deciders *deciders)
{
	free(deciders->list);
	*deciders = (struct rw_deciders){0};
}

struct rw_decision rw_decider_decision(const struct rw_decider *decider)
{
	return (struct rw_decision){decider->verdict, decider->cause, decider->detail};
}

void rw_service_range(uint16_t protocol, struct rw_ports ports, uint32_t *ret_first, uint32_t *ret_last)
{
	*ret_first = RW_SERVICE_FIRST;
	*ret_last = RW_SERVICE_LAST;
	if (protocol == RW_PROTOCOL_ALL)
		return;
	*ret_first = (uint32_t)protocol << 16;
	*ret_last = *ret_first | 0xffff;
	if (rw_protocol_has_ports(protocol)) {
		*ret_last = *ret_first | ports.last;
		*ret_first |= ports.first;
	}
}

static uint8_t families_of(uint16_t protocol)
{
	if (protocol == RW_PROTOCOL_ICMP)
		return RW_FAMILY_4;
	return protocol == RW_PROTOCOL_ICMPV6 ? RW_FAMILY_6 : RW_FAMILY_ANY;
}

static bool is_wanted(const struct rw_decider *decider, uint32_t first, uint32_t last)
{
	return decider->first <= last && decider->last >= first;
}

/* Semantics 5.4: sources that cannot be genuine, as deciders above all others. */
static void list_forged(const struct rw_view *view, struct rw_atoms *atoms, struct rw_deciders *deciders)
{
	const struct rw_policy *policy = view->policy;
	bool internet = policy->interfaces[view->interface].nic_type == RW_NIC_INTERNET;
	struct rw_decider forged = {
		.verdict = RW_VERDICT_DROP,
		.cause = RW_CAUSE_OWN_ADDRESS,
		.group = RW_PLAN_NO_GROUP,
		.families = RW_FAMILY_ANY,
		.first = RW_SERVICE_FIRST,
		.last = RW_SERVICE_LAST,
	};

	for (size_t i = 0; !view->ignore_own && i < policy->own_address_count; i++) {
		struct rw_prefix own = rw_prefix_of_address(&policy->own_addresses[i]);

		forged.atom = rw_atoms_prefix(atoms, &own);
		deciders->list[deciders->count++] = forged;
	}
	forged.cause = RW_CAUSE_SPOOFED;
	for (size_t i = 0; internet && i < policy->network_cidr_count; i++) {
		forged.atom = rw_atoms_prefix(atoms, &policy->network_cidrs[i]);
		deciders->list[deciders->count++] = forged;
	}
	if (!internet && policy->container_network != RW_CONTAINER_OVERLAY)
		return;
	for (size_t i = 0; i < policy->container_cidr_count; i++) {
		forged.atom = rw_atoms_prefix(atoms, &policy->container_cidrs[i]);
		deciders->list[deciders->count++] = forged;
	}
}

static struct rw_decider decider_of(const struct rw_plan *plan, const struct rw_plan_rule *planned)
{
	const struct rw_classify_origin *origin = &plan->origins[RW_CELL_INDEX(planned->cell)];
	struct rw_decider decider = {
		.verdict = origin->verdict,
		.cause = origin->cause,
		.detail = origin->detail,
		.rule = planned->rule,
		.group = planned->group,
		.atom = planned->atom,
		.families = families_of(planned->protocol),
	};

	rw_service_range(planned->protocol, planned->ports, &decider.first, &decider.last);
	return decider;
}

static void list_planned(const struct rw_view *view, const struct rw_plan *plan, const uint32_t *list,
			 uint32_t count, uint32_t first, uint32_t last, struct rw_deciders *deciders)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct rw_plan_rule *planned = &plan->rules[list[i]];
		struct rw_decider decider = decider_of(plan, planned);
		bool failsafe = planned->group == RW_PLAN_NO_GROUP;

		if (is_wanted(&decider, first, last) && !(view->rules_only && failsafe))
			deciders->list[deciders->count++] = decider;
	}
}

/* Semantics 3.4; atom, families and services do not matter. */
static struct rw_decider default_of(const struct rw_view *view, const struct rw_plan_policy *interface)
{
	bool accept = view->direction == RW_DIRECTION_EGRESS && !interface->drop_egress;

	return (struct rw_decider){
		.verdict = accept ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP,
		.cause = RW_CAUSE_DEFAULT,
		.group = RW_PLAN_NO_GROUP,
		.families = RW_FAMILY_ANY,
		.first = RW_SERVICE_FIRST,
		.last = RW_SERVICE_LAST,
	};
}

int rw_deciders_list(const struct rw_view *view, uint32_t service_first, uint32_t service_last,
		     struct rw_atoms *atoms, struct rw_deciders *ret_deciders, struct rw_error *err)
{
	const struct rw_policy *policy = view->policy;
	RW_CLEANUP(rw_deciders_done) struct rw_deciders deciders = {0};
	RW_CLEANUP(rw_plan_done) struct rw_plan plan = {0};
	RW_CLEANUP(rw_free) bool *has_group = malloc((policy->group_count + 1) * sizeof(*has_group));
	RW_CLEANUP(rw_free) uint32_t *list = NULL;
	const struct rw_plan_policy *interface;
	uint32_t count;
	int r = rw_plan_make(policy, atoms, &plan, err);

	assert(view->interface < policy->interface_count);
	if (r < 0)
		return r;
	list = malloc((plan.rule_count + 1) * sizeof(*list));
	deciders.list = malloc((policy->own_address_count + policy->network_cidr_count +
				policy->container_cidr_count + plan.rule_count + 1) *
			       sizeof(*deciders.list));
	if (!has_group || !list || !deciders.list)
		return rw_error_oom(err);
	interface = &plan.policies[plan.policy_of[view->interface]];
	if (view->direction == RW_DIRECTION_INGRESS && !view->rules_only)
		list_forged(view, atoms, &deciders);
	if (atoms->failed)
		return rw_error_oom(err);
	count = rw_plan_list(&plan, interface, view->direction, has_group, list);
	list_planned(view, &plan, list, count, service_first, service_last, &deciders);
	deciders.list[deciders.count++] = default_of(view, interface);
	*ret_deciders = deciders;
	deciders = (struct rw_deciders){0};
	return 0;
}
