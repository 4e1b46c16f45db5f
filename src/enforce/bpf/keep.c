/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Live flows against a policy: which a change would cut, and which it keeps.
 *
 * A change that keeps marks the flows that the old rules accept and the new ones refuse (RW_FLOW_KEPT), and no
 * other, so that whatever changes later decides about the rest.  It looks at the table before the switch and,
 * when no program goes by the old rules any more, once more for the flows that have come in between; until that
 * is done the programs mark what they meet themselves (struct rw_control, keep_generation).
 */

#include <string.h>

#include "classify/lookup.h"
#include "enforce/bpf/bpf_internal.h"
#include "lib/rw_flow.h"

size_t rw_bpf_interface_of(const struct rw_classify_table *table, uint32_t slot)
{
	for (size_t i = 0; i < table->policy->interface_count; i++)
		if (table->slots[i] == slot)
			return i;
	return RW_CLASSIFY_NO_INTERFACE;
}

/* Where and why a table refuses a flow. */
struct refusal {
	struct rw_packet opener;
	uint32_t slot;
	struct rw_decision decision;
};

static bool refuses_at(const struct rw_classify_table *table, const struct rw_enforcer_flow *flow,
		       enum rw_direction direction, uint32_t mark, struct refusal *ret_refusal)
{
	struct refusal refusal;

	if (!mark)
		return false;
	refusal.slot = mark - 1;
	refusal.opener = rw_enforce_bpf_opener(flow, direction);
	refusal.decision =
		rw_classify_decide(table, rw_bpf_interface_of(table, refusal.slot), &refusal.opener);
	if (refusal.decision.verdict == RW_VERDICT_ACCEPT)
		return false;
	*ret_refusal = refusal;
	return true;
}

/* True when 'table' refuses one of the openings that an entry carries; the first is in *ret_refusal. */
static bool refuses(const struct rw_classify_table *table, const struct rw_enforcer_flow *flow,
		    uint64_t decision, struct refusal *ret_refusal)
{
	return refuses_at(table, flow, RW_DIRECTION_INGRESS, RW_FLOW_DECISION_IN(decision), ret_refusal) ||
	       refuses_at(table, flow, RW_DIRECTION_EGRESS, RW_FLOW_DECISION_OUT(decision), ret_refusal);
}

/* ---- marks ---- */

struct sweep {
	const struct rw_bpf *bpf;
	uint32_t now;
	uint32_t generation;                    /* of 'before' */
	const struct rw_classify_table *before; /* NULL = an earlier agent's, which nobody here has */
	const struct rw_classify_table *after;
};

/* Sets and clears bits of a control word for as long as it is that of the flow that was read. */
static void mark(const struct rw_bpf *bpf, uint8_t family, const struct rw_bpf_entry *entry, uint64_t set,
		 uint64_t clear)
{
	char *memory = bpf->maps[family == 4 ? RW_BPF_MAP_FLOWS4 : RW_BPF_MAP_FLOWS6].memory;
	uint64_t *control = (void *)(memory + entry->offset);
	uint64_t seen = entry->control;

	while (RW_FLOW_INCARNATION(seen) == RW_FLOW_INCARNATION(entry->control) &&
	       RW_FLOW_CLASS(seen) != RW_FLOW_ABI_TOMBSTONE && RW_FLOW_DEADLINE(seen))
		if (__atomic_compare_exchange_n(control, &seen, (seen | set) & ~clear, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
}

static bool keep_entry(void *context, uint8_t family, const struct rw_bpf_entry *entry)
{
	const struct sweep *sweep = context;
	struct rw_enforcer_flow flow;
	struct refusal refusal;

	if (RW_FLOW_CLASS(entry->control) == RW_FLOW_ABI_TOMBSTONE || (entry->control & RW_FLOW_KEPT))
		return true;
	rw_bpf_decode_flow(family, entry, sweep->now, &flow);
	if (RW_FLOW_DECISION_GENERATION(entry->decision) != sweep->generation &&
	    (!sweep->before || refuses(sweep->before, &flow, entry->decision, &refusal)))
		return true;
	if (refuses(sweep->after, &flow, entry->decision, &refusal))
		mark(sweep->bpf, family, entry, RW_FLOW_KEPT, 0);
	return true;
}

void rw_bpf_keep_refused(const struct rw_bpf *bpf, uint32_t now, uint32_t generation,
			 const struct rw_classify_table *before, const struct rw_classify_table *after)
{
	struct sweep sweep = {
		.bpf = bpf, .now = now, .generation = generation, .before = before, .after = after};
	struct rw_bpf_flow_table table = rw_bpf_flow_table_of(bpf);

	rw_bpf_walk_flows(&table, now, keep_entry, &sweep);
}

static bool unkeep_entry(void *context, uint8_t family, const struct rw_bpf_entry *entry)
{
	const struct sweep *sweep = context;

	if (entry->control & RW_FLOW_KEPT)
		mark(sweep->bpf, family, entry, 0, RW_FLOW_KEPT);
	return true;
}

void rw_bpf_keep_none(const struct rw_bpf *bpf, uint32_t now)
{
	struct sweep sweep = {.bpf = bpf, .now = now};
	struct rw_bpf_flow_table table = rw_bpf_flow_table_of(bpf);

	rw_bpf_walk_flows(&table, now, unkeep_entry, &sweep);
}

/* ---- judging a policy that is not in force ---- */

struct trial {
	struct rw_bpf *bpf;
	const struct rw_classify_table *table; /* of the policy on trial */
	uint32_t now;
	uint32_t generation; /* in force */
	bool is_monitoring;  /* what is refused now lives on */
	rw_enforcer_refused_fn *each;
	void *context;
};

/* Whether the rules in force accept it: else it is as good as cut. */
static bool is_alive(const struct trial *trial, const struct rw_enforcer_flow *flow,
		     const struct rw_bpf_entry *entry)
{
	struct refusal refusal;

	if (trial->is_monitoring)
		return true;
	if (RW_FLOW_CLASS(entry->control) == RW_FLOW_ABI_TOMBSTONE)
		return false;
	return RW_FLOW_DECISION_GENERATION(entry->decision) == trial->generation ||
	       (entry->control & RW_FLOW_KEPT) || !trial->bpf->table ||
	       !refuses(trial->bpf->table, flow, entry->decision, &refusal);
}

static bool judge_entry(void *context, uint8_t family, const struct rw_bpf_entry *entry)
{
	const struct trial *trial = context;
	const struct rw_slot_name *names = trial->bpf->maps[RW_BPF_MAP_SLOTS].memory;
	struct rw_enforcer_flow flow;
	struct refusal refusal;
	struct rw_enforcer_refused told = {.is_kept = entry->control & RW_FLOW_KEPT};

	rw_bpf_decode_flow(family, entry, trial->now, &flow);
	if (!refuses(trial->table, &flow, entry->decision, &refusal) || !is_alive(trial, &flow, entry))
		return true;
	told.opener = refusal.opener;
	told.class = flow.class;
	told.cause = refusal.decision.cause;
	memcpy(told.interface, names[refusal.slot & (RW_SLOT_NAMES - 1)].name, sizeof(told.interface));
	told.interface[sizeof(told.interface) - 1] = '\0';
	if (told.cause == RW_CAUSE_RULE)
		memcpy(told.rule, refusal.decision.detail,
		       strnlen(refusal.decision.detail, sizeof(told.rule) - 1));
	trial->each(trial->context, &told);
	return true;
}

int rw_bpf_judge(struct rw_enforcer *enforcer, const struct rw_policy *policy, rw_enforcer_refused_fn *each,
		 void *context, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	uint64_t state = __atomic_load_n(&rw_bpf_control(bpf)->state, __ATOMIC_ACQUIRE);
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory = {0};
	struct rw_bpf_flow_table flows = rw_bpf_flow_table_of(bpf);
	uint8_t slots[RW_SLOT_NAMES];
	struct rw_classify_options options = {.slots = slots, .page_limit = bpf->image_pages_max};
	struct trial trial = {.bpf = bpf,
			      .now = rw_bpf_now(),
			      .generation = RW_STATE_GENERATION(state),
			      .is_monitoring = RW_STATE_MODE(state) != RW_MODE_ENFORCE,
			      .each = each,
			      .context = context};
	int r;

	if (policy->enforcement == RW_MONITOR)
		return 0;
	rw_classify_memory_init(&memory);
	r = rw_bpf_slots_would_be(bpf, policy, slots, err);
	if (r == 0)
		r = rw_classify_compile(policy, &options, bpf->table, &memory, &table, err);
	if (r < 0)
		return r;
	trial.table = table;
	rw_bpf_walk_flows(&flows, trial.now, judge_entry, &trial);
	return 0;
}
