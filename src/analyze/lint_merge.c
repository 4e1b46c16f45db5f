/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules that can be written as one: of one group, equal but for their ports, which touch or overlap; or equal
 * but for their CIDRs, which are the halves of a larger one.  Both match together exactly what the one rule
 * matches, with the same strength and policy, so no verdict changes.
 */

#include <string.h>

#include "analyze/lint_internal.h"

/* A rule, or several merged already: a prefix that they cover together. */
struct piece {
	struct rw_prefix prefix;
	uint32_t first; /* in the sorted list */
	uint32_t count;
};

/* Orders by everything but ports and object. */
static int compare_frame(const struct rw_lint_rule *a, const struct rw_lint_rule *b)
{
	struct rw_rule left = *a->rule, right = *b->rule;
	int order = strcmp(a->group, b->group);

	if (order)
		return order;
	if (left.priority != right.priority)
		return left.priority < right.priority ? -1 : 1;
	left.ports = right.ports = RW_PORTS_ANY;
	left.object = right.object = (struct rw_object){0};
	return rw_lint_compare_content(&left, &right);
}

static int compare_objects(const struct rw_object *a, const struct rw_object *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->kind == RW_OBJECT_CIDR ? rw_prefix_compare(&a->cidr, &b->cidr) : strcmp(a->id, b->id);
}

static int compare_ports(struct rw_ports a, struct rw_ports b)
{
	if (a.first != b.first)
		return a.first < b.first ? -1 : 1;
	return (a.last > b.last) - (a.last < b.last);
}

static int by_object_then_ports(const void *a, const void *b)
{
	const struct rw_lint_rule *left = *(const struct rw_lint_rule *const *)a;
	const struct rw_lint_rule *right = *(const struct rw_lint_rule *const *)b;
	int order = compare_frame(left, right);

	if (!order)
		order = compare_objects(&left->rule->object, &right->rule->object);
	if (!order)
		order = compare_ports(left->rule->ports, right->rule->ports);
	return order ? order : strcmp(left->rule->id, right->rule->id);
}

static int by_ports_then_object(const void *a, const void *b)
{
	const struct rw_lint_rule *left = *(const struct rw_lint_rule *const *)a;
	const struct rw_lint_rule *right = *(const struct rw_lint_rule *const *)b;
	int order = compare_frame(left, right);

	if (!order)
		order = compare_ports(left->rule->ports, right->rule->ports);
	if (!order)
		order = compare_objects(&left->rule->object, &right->rule->object);
	return order ? order : strcmp(left->rule->id, right->rule->id);
}

/* Reports sorted[0..count) as one rule: the one with the smallest id gets 'ports' and 'object'. */
static int add_merge(struct rw_lint_rule **sorted, uint32_t count, struct rw_ports ports,
		     const struct rw_object *object, struct rw_lint_report *report)
{
	struct rw_lint_finding *finding;
	uint32_t kept = 0;

	for (uint32_t i = 1; i < count; i++)
		if (strcmp(sorted[i]->rule->id, sorted[kept]->rule->id) < 0)
			kept = i;
	finding = rw_lint_report_add(report, RW_LINT_MERGEABLE, sorted[kept]);
	if (!finding)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		sorted[i]->merged = true;
		if (i != kept)
			finding->causes[finding->cause_count++] =
				(struct rw_lint_cause){RW_CAUSE_RULE, sorted[i]->rule, sorted[i]->group};
	}
	finding->mend = (struct rw_lint_mend){
		.action = RW_LINT_MERGE,
		.keeps_meaning = true,
		.together = true,
		.ports = ports,
		.object = *object,
	};
	return 0;
}

static bool touch(struct rw_ports a, struct rw_ports b)
{
	return b.first <= a.last || b.first == a.last + 1u;
}

/* 'sorted' by object, then ports. */
static int merge_ports(struct rw_lint_rule **sorted, uint32_t count, struct rw_lint_report *report)
{
	for (uint32_t i = 0, end; i < count; i = end) {
		const struct rw_rule *rule = sorted[i]->rule;
		struct rw_ports ports = rule->ports;

		for (end = i + 1; end < count && end - i <= RW_LINT_CAUSES_MAX; end++) {
			if (compare_frame(sorted[i], sorted[end]) != 0 ||
			    compare_objects(&rule->object, &sorted[end]->rule->object) != 0 ||
			    !rw_protocol_has_ports(rule->protocol) || !touch(ports, sorted[end]->rule->ports))
				break;
			if (sorted[end]->rule->ports.last > ports.last)
				ports.last = sorted[end]->rule->ports.last;
		}
		if (end - i > 1 && add_merge(sorted + i, end - i, ports, &rule->object, report) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* True for the halves of one prefix, the lower first. */
static bool are_halves(const struct rw_prefix *low, const struct rw_prefix *high)
{
	struct rw_prefix whole = *low;

	if (low->bits != high->bits || low->bits == 0 || rw_prefix_compare(low, high) >= 0)
		return false;
	whole.bits--;
	return (low->address.bytes[whole.bits / 8] & 0x80u >> (whole.bits % 8)) == 0 &&
	       rw_prefix_contains(&whole, &high->address);
}

/* Rules sorted[0..count) are equal but for their CIDRs, which ascend. */
static int merge_run(struct rw_lint_rule **sorted, uint32_t count, struct piece *stack,
		     struct rw_lint_report *report)
{
	uint32_t depth = 0;

	for (uint32_t i = 0; i < count; i++) {
		stack[depth++] = (struct piece){sorted[i]->rule->object.cidr, i, 1};
		while (depth > 1 && are_halves(&stack[depth - 2].prefix, &stack[depth - 1].prefix) &&
		       stack[depth - 2].count + stack[depth - 1].count <= RW_LINT_CAUSES_MAX + 1) {
			depth--;
			stack[depth - 1].prefix.bits--;
			stack[depth - 1].count += stack[depth].count;
		}
	}
	for (uint32_t i = 0; i < depth; i++) {
		const struct rw_object object = {.cidr = stack[i].prefix};

		if (stack[i].count > 1 && add_merge(sorted + stack[i].first, stack[i].count,
						    sorted[0]->rule->ports, &object, report) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* 'sorted' by ports, then object. */
static int merge_cidrs(struct rw_lint_rule **sorted, uint32_t count, struct rw_lint_report *report)
{
	RW_CLEANUP(rw_free) struct piece *stack = malloc((count + 1) * sizeof(*stack));

	if (!stack)
		return -ENOMEM;
	for (uint32_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (compare_frame(sorted[i], sorted[end]) != 0 ||
			    compare_ports(sorted[i]->rule->ports, sorted[end]->rule->ports) != 0 ||
			    sorted[end]->rule->object.kind != sorted[i]->rule->object.kind)
				break;
		if (sorted[i]->rule->object.kind == RW_OBJECT_CIDR &&
		    merge_run(sorted + i, end - i, stack, report) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Lists the rules that stay and are in no merge yet. */
static uint32_t list_free(struct rw_lint_facts *facts, struct rw_lint_rule **list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < facts->count; i++)
		if (!facts->rules[i].removed && !facts->rules[i].merged)
			list[count++] = &facts->rules[i];
	return count;
}

int rw_lint_merges(struct rw_lint_facts *facts, struct rw_lint_report *report)
{
	RW_CLEANUP(rw_free)
	struct rw_lint_rule **list = malloc((facts->count + 1) * sizeof(struct rw_lint_rule *));
	uint32_t count;
	int r;

	if (!list)
		return -ENOMEM;
	count = list_free(facts, list);
	qsort(list, count, sizeof(*list), by_object_then_ports);
	r = merge_ports(list, count, report);
	if (r < 0)
		return r;
	count = list_free(facts, list);
	qsort(list, count, sizeof(*list), by_ports_then_object);
	return merge_cidrs(list, count, report);
}
