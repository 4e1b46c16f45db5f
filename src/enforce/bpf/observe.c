/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New flows, read out of the flow table from outside.  Packets pay nothing for it: an entry holds both ends, who
 * opened it and whose policies decided it, and each insertion gives its place another incarnation.  Which of
 * them was told is kept here, by place.
 */

#include <errno.h>
#include <string.h>

#include "classify/lookup.h"
#include "enforce/bpf/bpf_internal.h"
#include "lib/rw_flow.h"

/* What is remembered of a place: the incarnation that was told, and that. */
#define OBSERVED_TOLD     0x8000u
#define OBSERVED_ANSWERED 0x4000u
#define OBSERVED_FLOW     0x1fffu /* incarnation */

struct observation {
	struct rw_bpf *bpf;
	rw_enforcer_observe_fn *each;
	void *context;
	uint32_t now;
	bool all; /* also what was told before */
};

/* False when the rules refuse the flow by now: it is cut at its next packet. */
static bool find_cause(const struct rw_bpf *bpf, uint32_t slot, struct rw_enforcer_observed *observed)
{
	struct rw_decision decision;

	if (!bpf->table)
		return false;
	decision = rw_classify_decide(bpf->table, rw_bpf_interface_of(bpf->table, slot), &observed->opener);
	if (decision.verdict != RW_VERDICT_ACCEPT)
		return false;
	observed->cause = decision.cause;
	if (decision.cause == RW_CAUSE_RULE)
		memcpy(observed->rule, decision.detail, strnlen(decision.detail, sizeof(observed->rule) - 1));
	return true;
}

/* Tells the flow as the interface of 'slot' decided it. */
static void tell(const struct observation *observation, const struct rw_enforcer_flow *flow,
		 enum rw_direction direction, uint32_t slot, struct rw_enforcer_observed *observed)
{
	const struct rw_slot_name *names = observation->bpf->maps[RW_BPF_MAP_SLOTS].memory;

	observed->opener = rw_enforce_bpf_opener(flow, direction);
	memcpy(observed->interface, names[slot & (RW_SLOT_NAMES - 1)].name, sizeof(observed->interface));
	memset(observed->rule, 0, sizeof(observed->rule));
	if (!observed->is_new || find_cause(observation->bpf, slot, observed))
		observation->each(observation->context, observed);
}

/* Tells an entry read as a whole, of which 'told' was told before. */
static void tell_flow(const struct observation *observation, const struct rw_enforcer_flow *flow,
		      uint64_t control, uint64_t decision, uint16_t told)
{
	uint32_t in = RW_FLOW_DECISION_IN(decision), out = RW_FLOW_DECISION_OUT(decision);
	struct rw_enforcer_observed observed = {
		.is_new = !told,
		.is_answered = rw_flow_is_answered(control),
		.is_forwarded = in && out,
	};

	observed.answer_is_new = observed.is_answered && !(told & OBSERVED_ANSWERED);
	if (in)
		tell(observation, flow, RW_DIRECTION_INGRESS, in - 1, &observed);
	if (out)
		tell(observation, flow, RW_DIRECTION_EGRESS, out - 1, &observed);
}

/* Looks at one place, the way the programs read it. */
static void look_at(const struct observation *observation, uint8_t family, const uint32_t *signature,
		    const __u64 *entry, uint16_t *told)
{
	struct rw_enforcer_flow flow;
	struct rw_bpf_entry read;
	uint16_t before, mark;

	if (!rw_bpf_entry_read(family, signature, entry, observation->now, &read) ||
	    RW_FLOW_CLASS(read.control) == RW_FLOW_ABI_TOMBSTONE)
		return;
	mark = (uint16_t)(OBSERVED_TOLD | (rw_flow_is_answered(read.control) ? OBSERVED_ANSWERED : 0) |
			  (RW_FLOW_INCARNATION(read.control) & OBSERVED_FLOW));
	if (mark == *told && !observation->all)
		return;
	before = (*told & OBSERVED_FLOW) == (mark & OBSERVED_FLOW) ? *told : 0;
	*told = mark;
	rw_bpf_decode_flow(family, &read, observation->now, &flow);
	tell_flow(observation, &flow, read.control, read.decision, before);
}

int rw_bpf_observe(struct rw_enforcer *enforcer, size_t entries, bool all, rw_enforcer_observe_fn *each,
		   void *context)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	const struct rw_flow_bucket4 *buckets4 = bpf->maps[RW_BPF_MAP_FLOWS4].memory;
	const struct rw_flow_bucket6 *buckets6 = bpf->maps[RW_BPF_MAP_FLOWS6].memory;
	size_t count4 = (size_t)bpf->maps[RW_BPF_MAP_FLOWS4].entries * RW_FLOW_WAYS;
	size_t count = count4 + (size_t)bpf->maps[RW_BPF_MAP_FLOWS6].entries * RW_FLOW_WAYS;
	struct observation observation = {
		.bpf = bpf, .each = each, .context = context, .now = rw_bpf_now(), .all = all};
	size_t end = entries < count - bpf->observe_next ? bpf->observe_next + entries : count;

	if (!bpf->observed) {
		bpf->observed = calloc(count, sizeof(*bpf->observed));
		if (!bpf->observed)
			return -ENOMEM;
	}
	for (size_t at = bpf->observe_next; at < end; at++) {
		size_t place = at < count4 ? at : at - count4;
		size_t bucket = place / RW_FLOW_WAYS, way = place % RW_FLOW_WAYS;

		if (at < count4)
			look_at(&observation, 4, &buckets4[bucket].signature[way],
				&buckets4[bucket].entry[way].control, &bpf->observed[at]);
		else
			look_at(&observation, 6, &buckets6[bucket].signature[way],
				&buckets6[bucket].entry[way].control, &bpf->observed[at]);
	}
	bpf->observe_next = end == count ? 0 : end;
	return end == count ? RW_ENFORCER_ROUND : 0;
}
