/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/lint.h"

#include <assert.h>
#include <string.h>

#include "analyze/lint_internal.h"
#include "base/array.h"

/* The view that is walked. */
struct judging {
	struct rw_lint_facts *facts;
	const struct rw_space *space;
	uint32_t *number_of; /* by rank: number of the rule, or RW_LINT_INNER, RW_LINT_DEFAULT */
	bool *muted;         /* by rank: who beats it need not be known any more */
};

void rw_lint_report_done(struct rw_lint_report *report)
{
	free(report->list);
	*report = (struct rw_lint_report){0};
}

const char *rw_lint_kind_name(enum rw_lint_kind kind)
{
	static const char *const names[RW_LINT_KIND_COUNT_] = {
		[RW_LINT_SHADOWED] = "shadowed",   [RW_LINT_REDUNDANT] = "redundant",
		[RW_LINT_DUPLICATE] = "duplicate", [RW_LINT_MATCHES_NOBODY] = "matches-nobody",
		[RW_LINT_CONFLICT] = "conflict",   [RW_LINT_MERGEABLE] = "mergeable",
		[RW_LINT_NEVER_HIT] = "never-hit",
	};

	assert(kind < RW_LINT_KIND_COUNT_);
	return names[kind];
}

void rw_lint_list_add(struct rw_lint_list *list, uint32_t item)
{
	if (list->overflow)
		return;
	/* The newest is the likeliest to come again. */
	for (uint8_t i = list->count; i > 0; i--)
		if (list->items[i - 1] == item)
			return;
	if (list->count == RW_LINT_CAUSES_MAX)
		list->overflow = true;
	else
		list->items[list->count++] = item;
}

/* ---- the rules ---- */

static int compare_rules(const void *a, const void *b)
{
	return strcmp(((const struct rw_lint_rule *)a)->rule->id, ((const struct rw_lint_rule *)b)->rule->id);
}

static int compare_id(const void *key, const void *element)
{
	return strcmp(key, ((const struct rw_lint_rule *)element)->rule->id);
}

static bool takes_part(const struct rw_view *view, const struct rw_rule *rule)
{
	return rule->direction == view->direction &&
	       (view->policy->network_kind == RW_NETWORK_VPC ||
		rule->nic_type == view->policy->interfaces[view->interface].nic_type);
}

static size_t count_rules(const struct rw_lint_input *input)
{
	size_t count = 0;

	for (size_t i = 0; i < input->view_count; i++) {
		const struct rw_policy *policy = input->views[i].policy;
		const struct rw_policy_interface *interface = &policy->interfaces[input->views[i].interface];

		for (size_t j = 0; j < interface->group_count; j++)
			count += policy->groups[interface->groups[j]]->rule_count;
	}
	return count;
}

static int list_rules(const struct rw_lint_input *input, struct rw_lint_facts *facts)
{
	uint32_t kept = 0;

	facts->rules = calloc(count_rules(input) + 1, sizeof(*facts->rules));
	if (!facts->rules)
		return -ENOMEM;
	for (size_t i = 0; i < input->view_count; i++) {
		const struct rw_view *view = &input->views[i];
		const struct rw_policy_interface *interface = &view->policy->interfaces[view->interface];

		for (size_t j = 0; j < interface->group_count; j++) {
			const struct rw_policy_group *group = view->policy->groups[interface->groups[j]];

			for (size_t k = 0; k < group->rule_count; k++)
				if (takes_part(view, group->rules[k]))
					facts->rules[facts->count++] = (struct rw_lint_rule){
						.rule = group->rules[k], .group = group->id};
		}
	}
	qsort(facts->rules, facts->count, sizeof(*facts->rules), compare_rules);
	for (uint32_t i = 0; i < facts->count; i++)
		if (!kept || compare_rules(&facts->rules[kept - 1], &facts->rules[i]) != 0)
			facts->rules[kept++] = facts->rules[i];
	facts->count = kept;
	return 0;
}

static uint32_t number_of(const struct rw_lint_facts *facts, const struct rw_decider *decider)
{
	if (decider->cause == RW_CAUSE_INNER_ACCESS)
		return RW_LINT_INNER;
	if (!decider->rule)
		return RW_LINT_DEFAULT;
	return (uint32_t)rw_array_place(facts->rules, facts->count, sizeof(*facts->rules), decider->rule->id,
					compare_id);
}

/* ---- facts ---- */

static void beaten(const struct rw_walk *walk, uint32_t view, uint32_t loser, uint32_t winner, void *userdata)
{
	struct judging *judging = userdata;
	uint32_t number = judging->number_of[loser];

	(void)walk;
	(void)view;
	if (number < judging->facts->count) {
		struct rw_lint_list *list = &judging->facts->rules[number].beaten_by;

		rw_lint_list_add(list, judging->number_of[winner]);
		judging->muted[loser] = list->overflow;
	}
}

/* The decider 'first' of some headers is a rule, and 'second' would decide without it. */
static void note_decider(struct judging *judging, uint32_t first, uint32_t second)
{
	const struct rw_decider *deciders = judging->space->views[0].deciders.list;
	const struct rw_decider *decider = &deciders[first], *next = &deciders[second];
	struct rw_lint_facts *facts = judging->facts;
	struct rw_lint_rule *rule = &facts->rules[judging->number_of[first]];
	uint32_t next_number = judging->number_of[second];

	rule->decides = true;
	/* Who beats it is told of shadowed rules only. */
	judging->muted[first] = true;
	if (decider->verdict != next->verdict)
		rule->needed = true;
	if (!rule->needed)
		rw_lint_list_add(&rule->runners_up, next_number);
	if (!next->rule || decider->verdict == next->verdict)
		return;
	if (decider->verdict == RW_VERDICT_DROP && decider->rule->priority == next->rule->priority)
		rw_lint_list_add(&facts->rules[next_number].conflicts, judging->number_of[first]);
	/* Made one weaker, an accept rule comes behind the drop rules of that priority. */
	if (decider->verdict == RW_VERDICT_ACCEPT && decider->rule->priority + 1 == next->rule->priority)
		rule->weaken_changes = true;
}

static int visit(const struct rw_walk *walk, void *userdata)
{
	struct judging *judging = userdata;

	for (uint32_t i = 0; i < walk->touched_count; i++) {
		uint32_t column = walk->touched[i];
		uint32_t first = walk->first[0][column];

		if (judging->number_of[first] < judging->facts->count)
			note_decider(judging, first, walk->second[0][column]);
	}
	return 0;
}

static int judge_view(struct rw_lint_facts *facts, const struct rw_view *view, struct rw_error *err)
{
	struct rw_walk_hooks hooks = {.visit = visit, .beaten = beaten, .touched = true};
	RW_CLEANUP(rw_space_free) struct rw_space *space = NULL;
	RW_CLEANUP(rw_free) uint32_t *numbers = NULL;
	RW_CLEANUP(rw_free) bool *muted = NULL;
	struct rw_view rules_only = *view;
	const struct rw_deciders *deciders;
	struct judging judging;
	int r;

	rules_only.rules_only = true;
	r = rw_space_new(&rules_only, 1, NULL, &space, err);
	if (r < 0)
		return r;
	deciders = &space->views[0].deciders;
	numbers = malloc(deciders->count * sizeof(*numbers));
	muted = calloc(deciders->count, sizeof(*muted));
	if (!numbers || !muted)
		return rw_error_oom(err);
	for (uint32_t i = 0; i < deciders->count; i++) {
		numbers[i] = number_of(facts, &deciders->list[i]);
		muted[i] = numbers[i] >= facts->count || facts->rules[numbers[i]].decides;
	}
	hooks.muted = muted;
	judging = (struct judging){facts, space, numbers, muted};
	return rw_walk(space, &hooks, &judging, err);
}

/* ---- which rules can go at once ---- */

static bool is_shadowed(const struct rw_lint_rule *rule)
{
	return !rule->decides;
}

static bool is_redundant(const struct rw_lint_rule *rule)
{
	return rule->decides && !rule->needed;
}

/*
 * What never decides can always go, all at once.  A redundant rule can go with others when everybody who
 * decides in its place stays.
 */
static void choose_removed(struct rw_lint_facts *facts)
{
	for (uint32_t i = 0; i < facts->count; i++)
		facts->rules[i].removed = is_shadowed(&facts->rules[i]);
	for (uint32_t i = 0; i < facts->count; i++) {
		struct rw_lint_rule *rule = &facts->rules[i];
		bool free_to_go = is_redundant(rule) && !rule->supports && !rule->runners_up.overflow;

		for (uint8_t j = 0; free_to_go && j < rule->runners_up.count; j++) {
			uint32_t next = rule->runners_up.items[j];

			free_to_go = next >= facts->count || !facts->rules[next].removed;
		}
		if (!free_to_go)
			continue;
		rule->removed = true;
		for (uint8_t j = 0; j < rule->runners_up.count; j++)
			if (rule->runners_up.items[j] < facts->count)
				facts->rules[rule->runners_up.items[j]].supports = true;
	}
}

/* ---- findings ---- */

int rw_lint_compare_content(const struct rw_rule *a, const struct rw_rule *b)
{
	const int64_t left[] = {a->direction,
				a->nic_type,
				a->policy,
				a->protocol,
				a->object.kind,
				a->ports.first,
				a->ports.last,
				a->source_ports.first,
				a->source_ports.last,
				a->local_cidr.address.family};
	const int64_t right[] = {b->direction,
				 b->nic_type,
				 b->policy,
				 b->protocol,
				 b->object.kind,
				 b->ports.first,
				 b->ports.last,
				 b->source_ports.first,
				 b->source_ports.last,
				 b->local_cidr.address.family};
	int order = 0;

	for (size_t i = 0; i < RW_ARRAY_COUNT(left); i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	if (a->local_cidr.address.family)
		order = rw_prefix_compare(&a->local_cidr, &b->local_cidr);
	if (order)
		return order;
	return a->object.kind == RW_OBJECT_CIDR ? rw_prefix_compare(&a->object.cidr, &b->object.cidr)
						: strcmp(a->object.id, b->object.id);
}

struct rw_lint_finding *rw_lint_report_add(struct rw_lint_report *report, enum rw_lint_kind kind,
					   const struct rw_lint_rule *rule)
{
	/* Room grows by doubling: a count that is a power of two is a full list. */
	if ((report->count & (report->count - 1)) == 0) {
		size_t capacity = report->count ? report->count * 2 : 1;
		struct rw_lint_finding *bigger = realloc(report->list, capacity * sizeof(*bigger));

		if (!bigger)
			return NULL;
		report->list = bigger;
	}
	report->list[report->count] =
		(struct rw_lint_finding){.kind = kind, .rule = rule->rule, .group = rule->group};
	return &report->list[report->count++];
}

static struct rw_lint_cause cause_of(const struct rw_lint_facts *facts, uint32_t number)
{
	if (number == RW_LINT_INNER)
		return (struct rw_lint_cause){.cause = RW_CAUSE_INNER_ACCESS};
	if (number == RW_LINT_DEFAULT)
		return (struct rw_lint_cause){.cause = RW_CAUSE_DEFAULT};
	return (struct rw_lint_cause){RW_CAUSE_RULE, facts->rules[number].rule, facts->rules[number].group};
}

/* Rules by id, then inner access, then the default. */
static int compare_causes(const void *a, const void *b)
{
	const struct rw_lint_cause *left = a, *right = b;

	if (!left->rule || !right->rule)
		return left->rule ? -1 : right->rule ? 1 : (int)left->cause - (int)right->cause;
	return strcmp(left->rule->id, right->rule->id);
}

static void put_causes(const struct rw_lint_facts *facts, const struct rw_lint_list *list,
		       struct rw_lint_finding *finding)
{
	for (uint8_t i = 0; i < list->count; i++)
		finding->causes[finding->cause_count++] = cause_of(facts, list->items[i]);
	qsort(finding->causes, finding->cause_count, sizeof(*finding->causes), compare_causes);
	finding->causes_omitted = list->overflow;
}

/*
 * A rule of another group that says the same, or NULL.  It must be among those that make the rule superfluous:
 * two groups need not meet on an interface.
 */
static const struct rw_lint_rule *find_twin(const struct rw_lint_facts *facts,
					    const struct rw_lint_rule *rule,
					    const struct rw_lint_list *causes)
{
	for (uint8_t i = 0; i < causes->count; i++) {
		const struct rw_lint_rule *other;

		if (causes->items[i] >= facts->count)
			continue;
		other = &facts->rules[causes->items[i]];
		if (strcmp(other->group, rule->group) != 0 &&
		    rw_lint_compare_content(other->rule, rule->rule) == 0)
			return other;
	}
	return NULL;
}

static int report_superfluous(const struct rw_lint_facts *facts, const struct rw_lint_rule *rule,
			      struct rw_lint_report *report)
{
	bool shadowed = is_shadowed(rule);
	const struct rw_lint_list *causes = shadowed ? &rule->beaten_by : &rule->runners_up;
	const struct rw_lint_rule *twin = find_twin(facts, rule, causes);
	enum rw_lint_kind kind = shadowed ? RW_LINT_SHADOWED : RW_LINT_REDUNDANT;
	struct rw_lint_finding *finding;

	if (shadowed && !causes->count)
		kind = RW_LINT_MATCHES_NOBODY;
	else if (twin)
		kind = RW_LINT_DUPLICATE;
	finding = rw_lint_report_add(report, kind, rule);
	if (!finding)
		return -ENOMEM;
	if (kind == RW_LINT_DUPLICATE)
		finding->causes[finding->cause_count++] =
			(struct rw_lint_cause){RW_CAUSE_RULE, twin->rule, twin->group};
	else
		put_causes(facts, causes, finding);
	finding->mend = (struct rw_lint_mend){
		.action = RW_LINT_REMOVE, .keeps_meaning = true, .together = rule->removed};
	return 0;
}

static int report_conflict(const struct rw_lint_facts *facts, const struct rw_lint_rule *rule,
			   struct rw_lint_report *report)
{
	struct rw_lint_finding *finding = rw_lint_report_add(report, RW_LINT_CONFLICT, rule);

	if (!finding)
		return -ENOMEM;
	put_causes(facts, &rule->conflicts, finding);
	if (rule->rule->priority < 100 && !rule->weaken_changes)
		finding->mend = (struct rw_lint_mend){
			.action = RW_LINT_WEAKEN,
			.keeps_meaning = true,
			.priority = (uint8_t)(rule->rule->priority + 1),
		};
	return 0;
}

static int compare_hits(const void *key, const void *element)
{
	return strcmp(key, ((const struct rw_lint_hits *)element)->rule);
}

static int report_hits(const struct rw_lint_input *input, const struct rw_lint_rule *rule,
		       struct rw_lint_report *report)
{
	const struct rw_lint_hits *hits = input->hit_count
						  ? bsearch(rule->rule->id, input->hits, input->hit_count,
							    sizeof(*input->hits), compare_hits)
						  : NULL;
	struct rw_lint_finding *finding;

	if (!hits || hits->packets || is_shadowed(rule))
		return 0;
	finding = rw_lint_report_add(report, RW_LINT_NEVER_HIT, rule);
	if (!finding)
		return -ENOMEM;
	finding->watched_ms = hits->watched_ms;
	finding->mend = (struct rw_lint_mend){.action = RW_LINT_REMOVE, .keeps_meaning = !rule->needed};
	return 0;
}

static int compare_findings(const void *a, const void *b)
{
	const struct rw_lint_finding *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return strcmp(left->rule->id, right->rule->id);
}

static int make_report(const struct rw_lint_input *input, struct rw_lint_facts *facts,
		       struct rw_lint_report *report)
{
	int r = 0;

	report->rule_count = facts->count;
	for (uint32_t i = 0; !r && i < facts->count; i++) {
		const struct rw_lint_rule *rule = &facts->rules[i];

		if (is_shadowed(rule) || is_redundant(rule))
			r = report_superfluous(facts, rule, report);
		if (!r && rule->decides && rule->conflicts.count)
			r = report_conflict(facts, rule, report);
		if (!r)
			r = report_hits(input, rule, report);
	}
	if (!r)
		r = rw_lint_merges(facts, report);
	if (!r && report->count)
		qsort(report->list, report->count, sizeof(*report->list), compare_findings);
	return r;
}

int rw_lint(const struct rw_lint_input *input, struct rw_lint_report *ret_report, struct rw_error *err)
{
	RW_CLEANUP(rw_lint_report_done) struct rw_lint_report report = {0};
	struct rw_lint_facts facts = {0};
	int r = list_rules(input, &facts);

	if (r < 0)
		return rw_error_oom(err);
	for (size_t i = 0; !r && i < input->view_count; i++)
		r = judge_view(&facts, &input->views[i], err);
	if (!r) {
		choose_removed(&facts);
		r = make_report(input, &facts, &report);
		if (r < 0)
			(void)rw_error_oom(err);
	}
	free(facts.rules);
	if (r < 0)
		return r;
	*ret_report = report;
	report = (struct rw_lint_report){0};
	return 0;
}
