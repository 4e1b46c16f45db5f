/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/series.h"

#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

struct rule_hours {
	uint64_t rule; /* hash of its id, as in struct node_hit */
	uint32_t packets[RW_SERIES_HOURS];
};

/* What one node told.  The newest step and hour stand last. */
struct node_series {
	int64_t step; /* number of the newest, since 1970 */
	uint32_t flows[RW_FLOW_VERDICT_COUNT_][RW_SERIES_STEPS];
	int64_t hour;
	int64_t started_ms; /* of the agent's run whose hits grow */
	bool is_growing;    /* the hits of the record are a report's of that run, with a policy in force */
	struct rule_hours *rules; /* sorted by rule */
	size_t rule_count;
	size_t rule_room;
};

void series_free(struct node_series *series)
{
	if (!series)
		return;
	free(series->rules);
	free(series);
}

int64_t rw_series_since(const struct rw_controller *controller)
{
	return controller->series_since_ms;
}

/* ---- as time passes ---- */

/*
 * Makes 'now' the newest of 'count' places; gives for how many places everything moved, at most all.  A clock that
 * was set back a little counts in the newest one; by a day or more, everything begins anew.
 */
static size_t pass(int64_t *newest, int64_t now, size_t count)
{
	int64_t moved = now - *newest;

	if (moved <= 0 && moved > -(int64_t)count)
		return 0;
	*newest = now;
	return moved < 0 || moved > (int64_t)count ? count : (size_t)moved;
}

static void shift(uint32_t *values, size_t count, size_t moved)
{
	memmove(values, values + moved, (count - moved) * sizeof(*values));
	memset(values + (count - moved), 0, moved * sizeof(*values));
}

static bool is_idle(const struct rule_hours *rule)
{
	for (size_t i = 0; i < RW_SERIES_HOURS; i++)
		if (rule->packets[i])
			return false;
	return true;
}

static void pass_hours(struct node_series *series, int64_t now_ms)
{
	size_t moved = pass(&series->hour, now_ms / RW_SERIES_HOUR_MS, RW_SERIES_HOURS);
	size_t kept = 0;

	if (!moved)
		return;
	for (size_t i = 0; i < series->rule_count; i++) {
		shift(series->rules[i].packets, RW_SERIES_HOURS, moved);
		if (!is_idle(&series->rules[i]))
			series->rules[kept++] = series->rules[i];
	}
	series->rule_count = kept;
}

static void pass_steps(struct node_series *series, int64_t now_ms)
{
	size_t moved = pass(&series->step, now_ms / RW_SERIES_STEP_MS, RW_SERIES_STEPS);

	for (int verdict = 0; moved && verdict < RW_FLOW_VERDICT_COUNT_; verdict++)
		shift(series->flows[verdict], RW_SERIES_STEPS, moved);
}

/* ---- what reports bring ---- */

static void add(uint32_t *sum, uint64_t count)
{
	*sum = count > UINT32_MAX - *sum ? UINT32_MAX : *sum + (uint32_t)count;
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule_hours *left = a;
	const struct rule_hours *right = b;

	return left->rule < right->rule ? -1 : left->rule > right->rule;
}

static struct rule_hours *find_rule(const struct node_series *series, size_t count, uint64_t rule)
{
	const struct rule_hours wanted = {.rule = rule};

	return count ? bsearch(&wanted, series->rules, count, sizeof(wanted), compare_rules) : NULL;
}

/* A place behind those that are sorted; NULL when there is no room. */
static struct rule_hours *append_rule(struct node_series *series, uint64_t rule)
{
	if (series->rule_count == RW_SERIES_RULES_MAX)
		return NULL;
	if (series->rule_count == series->rule_room) {
		size_t room = series->rule_room ? 2 * series->rule_room : 16;
		struct rule_hours *rules = realloc(series->rules, room * sizeof(*rules));

		if (!rules)
			return NULL;
		series->rules = rules;
		series->rule_room = room;
	}
	series->rules[series->rule_count] = (struct rule_hours){.rule = rule};
	return &series->rules[series->rule_count++];
}

void series_take_hits(struct node_record *record, const struct node_hit *hits, size_t count, int64_t now_ms)
{
	struct node_series *series = record->series;
	size_t known;

	if (!series || !series->is_growing)
		return;
	pass_hours(series, now_ms);
	known = series->rule_count;
	for (size_t i = 0; i < count; i++) {
		const struct node_hit *before = node_find_hit(record, hits[i].rule);
		uint64_t packets = hits[i].packets;
		struct rule_hours *rule;

		if (before && before->packets <= packets)
			packets -= before->packets;
		if (!packets)
			continue;
		rule = find_rule(series, known, hits[i].rule);
		if (!rule)
			rule = append_rule(series, hits[i].rule);
		if (rule)
			add(&rule->packets[RW_SERIES_HOURS - 1], packets);
	}
	if (series->rule_count > known)
		qsort(series->rules, series->rule_count, sizeof(*series->rules), compare_rules);
}

void series_take(struct node_record *record, const struct rw_report *report, int64_t now_ms)
{
	struct node_series *series = record->series;

	if (!series)
		series = record->series = calloc(1, sizeof(*series));
	if (!series)
		return;
	/* An agent that has just started does not know its hits yet: their totals are no growth. */
	series->is_growing = series->is_growing && series->started_ms == report->started_ms;
	pass_steps(series, now_ms);
	for (size_t i = 0; i < report->flow_count; i++)
		add(&series->flows[report->flows[i].verdict][RW_SERIES_STEPS - 1], report->flows[i].count);
}

void series_took(struct node_record *record, const struct rw_report *report)
{
	if (!record->series)
		return;
	record->series->started_ms = report->started_ms;
	record->series->is_growing = report->state != RW_AGENT_STATE_PENDING;
}

/* ---- asking ---- */

static bool is_asked_for(const struct rw_controller *controller, const struct node_record *record,
			 const char *cluster, const char *node)
{
	const struct rw_node *known;

	if (!record->series || (node && strcmp(record->id, node) != 0))
		return false;
	if (!cluster)
		return true;
	known = rw_model_find_node(controller->inventory.model, record->id);
	return known && strcmp(known->cluster, cluster) == 0;
}

void rw_series_flows(const struct rw_controller *controller, const char *cluster, const char *node,
		     struct rw_flow_series *ret_series)
{
	int64_t newest = rw_clock_realtime_ms(controller->clock) / RW_SERIES_STEP_MS;

	*ret_series = (struct rw_flow_series){.begin_ms = (newest - RW_SERIES_STEPS + 1) * RW_SERIES_STEP_MS};
	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_record *record = controller->nodes.records[i];
		const struct node_series *series = record->series;
		int64_t age;

		if (!is_asked_for(controller, record, cluster, node))
			continue;
		age = newest > series->step ? newest - series->step : 0;
		for (int64_t k = age; k < RW_SERIES_STEPS; k++)
			for (int verdict = 0; verdict < RW_FLOW_VERDICT_COUNT_; verdict++)
				ret_series->counts[verdict][k - age] += series->flows[verdict][k];
	}
}

static int64_t newest_hour(const struct rw_controller *controller)
{
	return rw_clock_realtime_ms(controller->clock) / RW_SERIES_HOUR_MS;
}

int64_t rw_series_hours_begin(const struct rw_controller *controller)
{
	return (newest_hour(controller) - RW_SERIES_HOURS + 1) * RW_SERIES_HOUR_MS;
}

bool rw_series_rule(const struct rw_controller *controller, const char *rule,
		    uint64_t ret_packets[RW_SERIES_HOURS])
{
	int64_t newest = newest_hour(controller);
	uint64_t wanted = session_hash_rule(controller, rule);
	uint64_t sum = 0;

	memset(ret_packets, 0, RW_SERIES_HOURS * sizeof(*ret_packets));
	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_series *series = controller->nodes.records[i]->series;
		const struct rule_hours *found =
			series ? find_rule(series, series->rule_count, wanted) : NULL;
		int64_t age = found && newest > series->hour ? newest - series->hour : 0;

		for (int64_t k = age; found && k < RW_SERIES_HOURS; k++) {
			ret_packets[k - age] += found->packets[k];
			sum += found->packets[k];
		}
	}
	return sum > 0;
}
