/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/trace.h"

#include <assert.h>
#include <string.h>

void rw_trace_done(struct rw_trace *trace)
{
	free(trace->matches);
	*trace = (struct rw_trace){0};
}

const char *rw_trace_outcome_name(enum rw_trace_outcome outcome)
{
	static const char *const names[RW_TRACE_OUTCOME_COUNT_] = {
		[RW_TRACE_DECIDED] = "decided",           [RW_TRACE_SYSTEM] = "system",
		[RW_TRACE_INNER_ACCESS] = "inner-access", [RW_TRACE_PRIORITY] = "priority",
		[RW_TRACE_DROP_WINS] = "drop-wins",       [RW_TRACE_SMALLER_ID] = "smaller-id",
	};

	assert(outcome < RW_TRACE_OUTCOME_COUNT_);
	return names[outcome];
}

static int compare_matches(const void *a, const void *b)
{
	const struct rw_rule *left = ((const struct rw_trace_match *)a)->rule;
	const struct rw_rule *right = ((const struct rw_trace_match *)b)->rule;

	if (left == right)
		return 0;
	return rw_rule_decides_before(left, right) ? -1 : 1;
}

static int find_matches(const struct rw_policy *policy, const struct rw_policy_interface *interface,
			struct rw_trace *trace)
{
	size_t capacity = 0;

	for (size_t i = 0; i < interface->group_count; i++) {
		const struct rw_policy_group *group = policy->groups[interface->groups[i]];

		for (size_t j = 0; j < group->rule_count; j++) {
			if (!rw_rule_matches(policy, interface, group->rules[j], &trace->asked))
				continue;
			if (trace->match_count == capacity) {
				struct rw_trace_match *bigger;

				capacity = capacity * 2 + 16;
				bigger = realloc(trace->matches, capacity * sizeof(*bigger));
				if (!bigger)
					return -ENOMEM;
				trace->matches = bigger;
			}
			trace->matches[trace->match_count++] =
				(struct rw_trace_match){.rule = group->rules[j], .group = group};
		}
	}
	if (trace->match_count)
		qsort(trace->matches, trace->match_count, sizeof(*trace->matches), compare_matches);
	return 0;
}

/* Why 'match' is not 'decider', which is a rule. */
static enum rw_trace_outcome outcome_of(const struct rw_rule *match, const struct rw_rule *decider)
{
	if (match->priority != decider->priority)
		return RW_TRACE_PRIORITY;
	return match->policy != decider->policy ? RW_TRACE_DROP_WINS : RW_TRACE_SMALLER_ID;
}

static void explain_matches(struct rw_trace *trace)
{
	const struct rw_trace_match *decider = trace->matches;

	for (size_t i = 0; i < trace->match_count; i++) {
		struct rw_trace_match *match = &trace->matches[i];

		if (trace->decision.cause == RW_CAUSE_INNER_ACCESS) {
			match->outcome = RW_TRACE_INNER_ACCESS;
		} else if (trace->decision.cause != RW_CAUSE_RULE) {
			match->outcome = RW_TRACE_SYSTEM;
		} else if (match == decider) {
			trace->group = match->group;
		} else {
			match->outcome = outcome_of(match->rule, decider->rule);
			match->other_group = match->group != decider->group;
		}
	}
}

static const struct rw_policy_group *find_group(const struct rw_policy *policy,
						const struct rw_policy_interface *interface, const char *id)
{
	for (size_t i = 0; i < interface->group_count; i++)
		if (strcmp(policy->groups[interface->groups[i]]->id, id) == 0)
			return policy->groups[interface->groups[i]];
	return NULL;
}

int rw_trace(const struct rw_policy *policy, size_t number, const struct rw_packet *packet,
	     struct rw_trace *ret_trace, struct rw_error *err)
{
	const struct rw_policy_interface *interface = &policy->interfaces[number];
	RW_CLEANUP(rw_trace_done)
	struct rw_trace trace = {.decision = rw_evaluate(policy, number, packet), .asked = *packet};

	if (!rw_packet_opens(packet)) {
		trace.asked.direction = RW_DIRECTION_INGRESS;
		trace.asked.tcp_flags = RW_TCP_SYN;
	}
	if (find_matches(policy, interface, &trace) < 0)
		return rw_error_oom(err);
	explain_matches(&trace);
	if (trace.decision.cause == RW_CAUSE_INNER_ACCESS)
		trace.group = find_group(policy, interface, trace.decision.detail);
	*ret_trace = trace;
	trace = (struct rw_trace){0};
	return 0;
}
