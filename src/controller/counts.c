/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/counts.h"

#include "controller/internal.h"

const struct rw_word rw_words_change_outcome[] = {
	{"made", RW_CHANGE_MADE},       {"unchanged", RW_CHANGE_UNCHANGED},
	{"checked", RW_CHANGE_CHECKED}, {"repeated", RW_CHANGE_REPEATED},
	{"refused", RW_CHANGE_REFUSED}, {"guarded", RW_CHANGE_STOPPED},
	{"failed", RW_CHANGE_FAILED},   {NULL, 0},
};

const struct rw_controller_counts *rw_controller_counts(const struct rw_controller *controller)
{
	return &controller->counts;
}

void rw_controller_load(const struct rw_controller *controller, struct rw_controller_load *ret_load)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	struct rw_controller_load load = {.sessions = controller->session_count,
					  .snapshots = controller->snapshot_count,
					  .waits = wait_count(controller),
					  .events = controller->events.newest};

	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_record *record = controller->nodes.records[i];
		uint64_t lag_ns = node_lag_ns(record, now_ns);

		load.behind += record->applied < record->wanted;
		if (node_is_connected(record) && lag_ns > load.lag_ns)
			load.lag_ns = lag_ns;
		for (int class = 0; class < RW_FLOW_CLASS_COUNT_; class ++)
			load.flows[class] += record->kernel.flows[class];
		load.flow_capacity += 2 * (uint64_t)record->kernel.flow_capacity;
	}
	*ret_load = load;
}

static enum rw_change_outcome outcome_of(int r, bool dry_run, bool changed)
{
	switch (r) {
	case 0:
		return dry_run ? RW_CHANGE_CHECKED : changed ? RW_CHANGE_MADE : RW_CHANGE_UNCHANGED;
	case RW_CHANGE_GUARDED:
		return dry_run ? RW_CHANGE_CHECKED : RW_CHANGE_STOPPED;
	case RW_CHANGE_REPLAYED:
		return RW_CHANGE_REPEATED;
	case -EIO:
	case -ESHUTDOWN:
	case -EHOSTDOWN:
	case -ENOSPC:
	case -EROFS:
	case -EUCLEAN:
	case -ENOMEM:
		return RW_CHANGE_FAILED;
	default:
		return RW_CHANGE_REFUSED;
	}
}

void counts_add_change(struct rw_controller *controller, int r, bool dry_run,
		       const struct rw_change_result *result)
{
	struct rw_controller_counts *counts = &controller->counts;
	enum rw_change_outcome outcome = outcome_of(r, dry_run, result->changed);
	unsigned int guards = 0;

	counts->changes[outcome]++;
	for (size_t i = 0; outcome == RW_CHANGE_STOPPED && i < result->finding_count; i++)
		guards |= RW_GUARD_BIT(result->findings[i].guard);
	for (unsigned int guard = 0; guard < RW_GUARD_COUNT_; guard++)
		counts->guarded[guard] += guards >> guard & 1;
}

static void add_growth(uint64_t *sum, uint64_t before, uint64_t now)
{
	*sum += now >= before ? now - before : now;
}

void counts_add_report(struct rw_controller *controller, const struct node_record *record,
		       const struct rw_report *report)
{
	struct rw_controller_counts *counts = &controller->counts;

	counts->reports++;
	if (!record->last_report_ms || report->brief)
		return;
	for (int i = 0; i < RW_CAUSE_COUNT_; i++) {
		add_growth(&counts->dropped[i], record->drops[i], report->drops[i]);
		add_growth(&counts->would_drop[i], record->would_drops[i], report->would_drops[i]);
	}
	add_growth(&counts->flows_refused, record->kernel.flows_refused, report->kernel.flows_refused);
}
