/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "audit/check.h"
#include "controller/internal.h"
#include "policy/openings.h"

/*
 * Where a change can add findings that refuse it.  An audit of a subject before and after costs milliseconds, and
 * nearly all changes of rules speak of nothing that a serious finding is about; so what changed is looked at rule
 * by rule first.  This finds too much rather than too little.
 */

/* What decides whether a rule matters. */
struct scope {
	const struct rw_controller *controller;
	const struct rw_model *before;
	const struct rw_model *after;
	const struct plan *plan;
	struct rw_vec *subjects; /* char[RW_ID_SIZE] */
	bool *all;
};

/* Above so many ports that are open in one piece the audit calls the range wide. */
#define WIDE 1000

static int add_subject(struct scope *scope, const char *id)
{
	char(*slot)[RW_ID_SIZE];
	int r;

	for (size_t i = 0; i < scope->subjects->count; i++)
		if (strcmp(rw_vec_at(scope->subjects, i), id) == 0)
			return 0;
	r = rw_vec_push(scope->subjects, &slot);
	if (r == -E2BIG) {
		*scope->all = false;
		return 0;
	}
	if (r == 0)
		(void)strncpy(*slot, id, RW_ID_SIZE - 1);
	return r;
}

/* A cluster's creation adds nothing; one that goes has nothing. */
static int add_cluster(struct scope *scope, const char *id)
{
	return rw_model_find(scope->before, RW_KIND_CLUSTER, id) &&
			       rw_model_find(scope->after, RW_KIND_CLUSTER, id)
		       ? add_subject(scope, id)
		       : 0;
}

/* Where a node is judged: at its cluster, or at the group that it names first. */
static int add_home(struct scope *scope, const struct rw_node *node)
{
	if (node->cluster[0])
		return add_cluster(scope, node->cluster);
	return node->security_group_count ? add_subject(scope, node->security_groups[0]) : 0;
}

static bool is_listed(char (*const groups)[RW_ID_SIZE], size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(groups[i], id) == 0)
			return true;
	return false;
}

static bool names_group(const struct rw_node *node, const char *group)
{
	if (is_listed(node->security_groups, node->security_group_count, group))
		return true;
	for (size_t i = 0; i < node->interface_count; i++)
		if (is_listed(node->interfaces[i].security_groups, node->interfaces[i].security_group_count,
			      group))
			return true;
	return false;
}

/* The subjects at which a group has a say. */
static int add_group(struct scope *scope, const struct rw_group *group)
{
	int r;

	if (group->managed_by[0])
		return add_cluster(scope, group->managed_by);
	r = add_subject(scope, group->id);
	for (size_t i = 0; r == 0 && i < rw_model_count(scope->after, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(scope->after, RW_KIND_NODE, i);

		if (names_group(node, group->id))
			r = add_home(scope, node);
	}
	return r;
}

/* ---- rules ---- */

static bool has_service(const struct rw_rule *rule, uint16_t protocol, uint32_t first, uint32_t last)
{
	if (rule->protocol == RW_PROTOCOL_ALL)
		return true;
	return rule->protocol == protocol && rule->ports.first <= last && rule->ports.last >= first;
}

static size_t count_ports(const struct rw_rule *rule)
{
	return rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
			       rw_protocol_has_ports(rule->protocol) && rule->object.kind != RW_OBJECT_GROUP
		       ? (size_t)rule->ports.last - rule->ports.first + 1
		       : 0;
}

/* Whether the rules of all groups of some interface could together open a wide range. */
static bool may_be_wide(const struct scope *scope, const struct rw_group *group)
{
	size_t ports = 0;

	for (size_t i = 0; i < group->rule_count; i++)
		ports += count_ports(group->rules[i]);
	for (size_t i = 0; ports <= WIDE && i < scope->plan->impacts.count; i++) {
		const struct rw_policy *policy =
			((const struct impact *)rw_vec_at(&scope->plan->impacts, i))->after;

		if (policy->group_count < 2)
			continue;
		ports = 0;
		for (size_t k = 0; ports <= WIDE && k < policy->group_count; k++)
			for (size_t n = 0; n < policy->groups[k]->rule_count; n++)
				ports += count_ports(policy->groups[k]->rules[n]);
	}
	return ports > WIDE;
}

/* Addresses, as parts of what counts as the internet (audit/audit.h): a /8 of IPv4, a /16 of IPv6. */
struct reach {
	double v4, v6;
};

static void add_prefix(struct reach *reach, const struct rw_prefix *prefix)
{
	unsigned int enough = prefix->address.family == 4 ? 8 : 16;
	double part = 1;

	for (unsigned int bits = enough; bits < prefix->bits; bits++)
		part /= 2;
	*(prefix->address.family == 4 ? &reach->v4 : &reach->v6) += part;
}

/* Those that a rule accepts. */
static void add_source(const struct scope *scope, const struct rw_rule *rule, struct reach *reach)
{
	const struct rw_prefix_list *list;

	if (rule->object.kind == RW_OBJECT_CIDR)
		add_prefix(reach, &rule->object.cidr);
	if (rule->object.kind != RW_OBJECT_PREFIX_LIST)
		return;
	list = rw_model_find_prefix_list(scope->after, rule->object.id);
	for (size_t i = 0; list && i < list->cidr_count; i++)
		add_prefix(reach, &list->cidrs[i]);
}

/* Whether 'rule' speaks of some of these ports. */
static bool meets(const struct rw_rule *rule, uint16_t protocol, struct rw_ports ports)
{
	return protocol == RW_PROTOCOL_ALL || has_service(rule, protocol, ports.first, ports.last);
}

/* Who is accepted by the rules that have a say where 'rule' has; counted twice where two rules say it. */
static void add_sources(const struct scope *scope, const struct rw_group *group, const struct rw_rule *rule,
			struct reach *reach)
{
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *other = group->rules[i];

		if (other->direction == RW_DIRECTION_INGRESS && other->policy == RW_VERDICT_ACCEPT &&
		    meets(rule, other->protocol, other->ports))
			add_source(scope, other, reach);
	}
}

/* The same of another group of a node; everybody when memory runs out. */
static void add_other_sources(const struct scope *scope, const struct rw_policy_group *group,
			      const struct rw_rule *rule, struct reach *reach)
{
	const struct rw_openings *openings = rw_policy_group_openings(group);

	if (!openings)
		*reach = (struct reach){1, 1};
	for (size_t i = 0; openings && i < openings->count; i++) {
		const struct rw_opening *opening = &openings->list[i];

		if (meets(rule, opening->protocol, opening->ports))
			add_source(scope, group->rules[opening->rule], reach);
	}
}

static bool is_internet(const struct reach *reach)
{
	return reach->v4 >= 0.99 || reach->v6 >= 0.99;
}

/* Whether what a rule speaks of can be open to the internet at all, by it and others together. */
static bool may_reach_internet(const struct scope *scope, const struct rw_group *group,
			       const struct rw_rule *rule)
{
	struct reach own = {0}, reach;

	add_sources(scope, group, rule, &own);
	reach = own;
	for (size_t i = 0; !is_internet(&reach) && i < scope->plan->impacts.count; i++) {
		const struct rw_policy *policy =
			((const struct impact *)rw_vec_at(&scope->plan->impacts, i))->after;

		if (policy->group_count < 2)
			continue;
		reach = own;
		for (size_t k = 0; k < policy->group_count; k++)
			if (strcmp(policy->groups[k]->id, group->id) != 0)
				add_other_sources(scope, policy->groups[k], rule, &reach);
	}
	return is_internet(&reach);
}

static bool speaks_of_service(const struct rw_rule *rule)
{
	for (size_t i = 0; i < rw_service_count(); i++) {
		struct rw_service service = rw_service_at(i);

		if (service.check->severity >= RW_SEVERITY_HIGH &&
		    has_service(rule, service.protocol, service.ports.first, service.ports.last))
			return true;
	}
	return false;
}

/* Whether a rule that now accepts, or drops no more, can open what a serious finding is about. */
static bool can_open(const struct scope *scope, const struct rw_group *group, const struct rw_rule *rule)
{
	if (rule->object.kind == RW_OBJECT_GROUP) /* members are not the internet */
		return false;
	/* All rules of a node are asked last: that takes longest and is seldom needed. */
	return (speaks_of_service(rule) ||
		(rw_protocol_has_ports(rule->protocol) && may_be_wide(scope, group))) &&
	       may_reach_internet(scope, group, rule);
}

static bool meets_containers(const struct scope *scope, const struct rw_rule *rule)
{
	for (size_t i = 0; i < rw_model_count(scope->after, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(scope->after, RW_KIND_CLUSTER, i);

		if (cluster->container_network != RW_CONTAINER_ROUTED)
			continue;
		for (size_t k = 0; k < cluster->container_cidr_count; k++)
			if (rule->object.kind != RW_OBJECT_CIDR ||
			    rw_prefix_covers(&rule->object.cidr, &cluster->container_cidrs[k]) ||
			    rw_prefix_covers(&cluster->container_cidrs[k], &rule->object.cidr))
				return true;
	}
	return false;
}

static bool is_balanced(const struct scope *scope, const struct rw_rule *rule)
{
	for (size_t i = 0; i < rw_model_count(scope->after, RW_KIND_LOAD_BALANCER); i++) {
		const struct rw_load_balancer *balancer = rw_model_at(scope->after, RW_KIND_LOAD_BALANCER, i);

		for (size_t k = 0; k < balancer->listener_count; k++)
			if (has_service(rule, balancer->listeners[k].protocol,
					balancer->listeners[k].backend_port,
					balancer->listeners[k].backend_port))
				return true;
	}
	return false;
}

static bool is_ssh(const struct scope *scope, const struct rw_rule *rule)
{
	if (has_service(rule, RW_PROTOCOL_TCP, 22, 22))
		return true;
	for (size_t i = 0; i < scope->plan->impacts.count; i++) {
		const struct rw_policy *policy =
			((const struct impact *)rw_vec_at(&scope->plan->impacts, i))->after;

		for (size_t k = 0; k < policy->ssh_port_count; k++)
			if (has_service(rule, RW_PROTOCOL_TCP, policy->ssh_ports[k], policy->ssh_ports[k]))
				return true;
	}
	return false;
}

/* Whether a rule that now drops, or accepts no more, can close what must stay open. */
static bool can_close(const struct scope *scope, const struct rw_rule *rule)
{
	static const uint16_t overlays[] = {4789, 8472, 51820};

	for (size_t i = 0; i < RW_ARRAY_COUNT(overlays); i++)
		if (has_service(rule, RW_PROTOCOL_UDP, overlays[i], overlays[i]))
			return true;
	return rule->protocol == RW_PROTOCOL_ICMP || is_ssh(scope, rule) || is_balanced(scope, rule) ||
	       meets_containers(scope, rule);
}

static bool matters(const struct scope *scope, const struct rw_group *group, const struct rw_rule *rule,
		    bool is_added)
{
	bool opens = (rule->policy == RW_VERDICT_ACCEPT) == is_added;

	if (rule->direction != RW_DIRECTION_INGRESS)
		return false;
	return opens ? can_open(scope, group, rule) : can_close(scope, rule);
}

/* Rules are sorted by id and shared where unchanged: one walk over both finds what differs. */
static bool any_rule_matters(const struct scope *scope, const struct rw_group *before,
			     const struct rw_group *after)
{
	size_t old_count = before ? before->rule_count : 0;
	size_t i = 0, k = 0;

	while (i < old_count || k < after->rule_count) {
		const struct rw_rule *old = i < old_count ? before->rules[i] : NULL;
		const struct rw_rule *new = k < after->rule_count ? after->rules[k] : NULL;
		int order = !old ? 1 : !new ? -1 : old == new ? 0 : strcmp(old->id, new->id);

		i += order <= 0;
		k += order >= 0;
		if (old == new)
			continue;
		if ((order <= 0 && matters(scope, after, old, false)) ||
		    (order >= 0 && matters(scope, after, new, true)))
			return true;
	}
	return false;
}

/* ---- objects ---- */

static int scope_group(struct scope *scope, const struct rw_group *before, const struct rw_group *after)
{
	bool closes_inside = before && before->inner_access == RW_VERDICT_ACCEPT && after &&
			     after->inner_access != RW_VERDICT_ACCEPT;

	if (!after || !(closes_inside || any_rule_matters(scope, before, after)))
		return 0;
	return add_group(scope, after);
}

static int scope_prefix_list(struct scope *scope, const char *id)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(scope->after, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(scope->after, RW_KIND_GROUP, i);

		for (size_t k = 0; k < group->rule_count; k++) {
			if (strcmp(group->rules[k]->object.id, id) != 0)
				continue;
			r = add_group(scope, group);
			break;
		}
	}
	return r;
}

static bool has_further_groups(const struct rw_node *node)
{
	for (size_t i = 0; i < node->interface_count; i++)
		if (node->interfaces[i].security_group_count)
			return true;
	return node->security_group_count > (node->cluster[0] ? 0 : 1);
}

static bool same_groups(const struct rw_node *a, const struct rw_node *b)
{
	if (a->security_group_count != b->security_group_count || strcmp(a->cluster, b->cluster) != 0 ||
	    a->interface_count != b->interface_count)
		return false;
	for (size_t i = 0; i < a->security_group_count; i++)
		if (strcmp(a->security_groups[i], b->security_groups[i]) != 0)
			return false;
	for (size_t i = 0; i < a->interface_count; i++) {
		const struct rw_interface *left = &a->interfaces[i], *right = &b->interfaces[i];

		if (left->nic_type != right->nic_type ||
		    left->security_group_count != right->security_group_count)
			return false;
		for (size_t k = 0; k < left->security_group_count; k++)
			if (strcmp(left->security_groups[k], right->security_groups[k]) != 0)
				return false;
	}
	return true;
}

/* A new node in one group alone is exposed as a member of it is. */
static int scope_node(struct scope *scope, const struct rw_node *before, const struct rw_node *after)
{
	if (!after || (before ? same_groups(before, after) : !has_further_groups(after)))
		return 0;
	return add_home(scope, after);
}

/* Its CIDRs tell what is the internet. */
static int scope_network(struct scope *scope, const char *id)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(scope->after, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(scope->after, RW_KIND_GROUP, i);

		if (strcmp(group->network, id) != 0)
			continue;
		r = group->managed_by[0] ? add_cluster(scope, group->managed_by)
					 : add_subject(scope, group->id);
	}
	return r;
}

static int scope_touched(struct scope *scope, const struct rw_touched *touched)
{
	switch (touched->kind) {
	case RW_KIND_NETWORK:
		return touched->before && touched->after ? scope_network(scope, touched->id) : 0;
	case RW_KIND_CLUSTER:
		return add_cluster(scope, touched->id);
	case RW_KIND_NODE:
		return scope_node(scope, touched->before, touched->after);
	case RW_KIND_GROUP:
		return scope_group(scope, touched->before, touched->after);
	case RW_KIND_PREFIX_LIST:
		return scope_prefix_list(scope, touched->id);
	case RW_KIND_LOAD_BALANCER: /* declaring what is there closes and opens nothing */
	case RW_KIND_PROMISE:
	case RW_KIND_COUNT_:
		break;
	}
	return 0;
}

int guard_scope(const struct rw_controller *controller, const struct rw_model *after, const struct plan *plan,
		struct rw_vec *subjects, bool *ret_all)
{
	struct scope scope = {controller, controller->inventory.model, after, plan, subjects, ret_all};
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->outcome.touched.count; i++)
		r = scope_touched(&scope, rw_vec_at(&plan->outcome.touched, i));
	return r;
}
