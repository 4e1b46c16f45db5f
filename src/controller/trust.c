/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How much of what an agent says is believed
 * ==========================================
 *
 * Whoever is root on a node can have its agent say anything.  Of itself it can lie as it likes: nobody can
 * check whether a policy is in force where the kernel is not to be trusted.  What is limited here is what its
 * lies do to others: to the model (addresses, see group/edit.h), to the change log, which grows with every
 * change, and to the event stream, whose ring is shared by all nodes.
 *
 *     changes by reports    10 at once, then one each half minute; at most one in two seconds
 *     changes of the state  20 at once, then one each ten seconds; past that only for the worse
 *     events about lies     5 at once, then one a minute; and as many about hooks that were restored
 *     event applied         once for each revision
 *     revisions             none that are newer than the store's
 */

#include <stdio.h>
#include <string.h>

#include "controller/internal.h"

#define SECOND_NS UINT64_C(1000000000)

#define CHANGES_INTERVAL_NS (30 * SECOND_NS)
#define CHANGES_BURST       10
#define STATES_INTERVAL_NS  (10 * SECOND_NS)
#define STATES_BURST        20
#define LIES_INTERVAL_NS    (60 * SECOND_NS)
#define LIES_BURST          5

bool budget_has(const struct budget *budget, uint64_t interval_ns, unsigned int burst, uint64_t now_ns)
{
	return budget->full_ns <= now_ns || budget->full_ns - now_ns <= interval_ns * (burst - 1);
}

bool budget_take(struct budget *budget, uint64_t interval_ns, unsigned int burst, uint64_t now_ns)
{
	if (!budget_has(budget, interval_ns, burst, now_ns))
		return false;
	budget->full_ns = (budget->full_ns > now_ns ? budget->full_ns : now_ns) + interval_ns;
	return true;
}

static void tell(struct rw_controller *controller, struct node_record *record, const char *reason)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);

	if (budget_take(&record->lie_budget, LIES_INTERVAL_NS, LIES_BURST, now_ns))
		event_add(
			controller,
			&(struct rw_event){.kind = RW_EVENT_CLAIM_REFUSED, .text = (char *)(uintptr_t)reason},
			record->id);
}

static bool is_ours(const struct rw_controller *controller, const struct rw_position *position)
{
	return strcmp(position->incarnation, rw_store_incarnation(controller->store)) == 0;
}

uint64_t trust_applied(struct rw_controller *controller, struct node_record *record,
		       const struct rw_report *report)
{
	uint64_t newest = rw_controller_revision(controller);
	char reason[128];

	/* Positions of another incarnation mean nothing here. */
	if (!is_ours(controller, &report->applied))
		return 0;
	if (report->applied.revision <= newest)
		return report->applied.revision;
	(void)snprintf(reason, sizeof(reason), "revision %llu cannot be in force: the newest is %llu",
		       (unsigned long long)report->applied.revision, (unsigned long long)newest);
	tell(controller, record, reason);
	return record->applied;
}

uint64_t trust_failed(const struct rw_controller *controller, const struct node_record *record,
		      const struct rw_report *report)
{
	uint64_t revision = report->wanted.revision;

	if (report->state != RW_AGENT_STATE_FAILED || !is_ours(controller, &report->wanted) ||
	    revision > rw_controller_revision(controller) || revision <= record->failed)
		return 0;
	return revision;
}

enum rw_agent_state trust_state(struct rw_controller *controller, struct node_record *record,
				enum rw_agent_state reported)
{
	enum rw_agent_state now = record->agent_state;

	if (reported == now || budget_take(&record->state_budget, STATES_INTERVAL_NS, STATES_BURST,
					   rw_clock_monotonic_ns(controller->clock)))
		return reported;
	tell(controller, record, "its state changes too often; it is taken to be the worse one");
	return now == RW_AGENT_STATE_OK ? reported : now;
}

void trust_tell_restored(struct rw_controller *controller, struct node_record *record,
			 const struct rw_report *report)
{
	uint64_t before = record->kernel.hooks_restored, now = report->kernel.hooks_restored;
	char text[96];

	/* An agent that started anew counts from the beginning. */
	record->restored_untold += now >= before ? now - before : now;
	if (!record->restored_untold || !budget_take(&record->repair_budget, LIES_INTERVAL_NS, LIES_BURST,
						     rw_clock_monotonic_ns(controller->clock)))
		return;
	(void)snprintf(text, sizeof(text), "somebody had detached our programs; put back: %llu",
		       (unsigned long long)record->restored_untold);
	record->restored_untold = 0;
	event_add(controller, &(struct rw_event){.kind = RW_EVENT_HOOK_RESTORED, .text = text}, record->id);
}

bool trust_may_change(const struct node_record *record, uint64_t now_ns)
{
	return budget_has(&record->change_budget, CHANGES_INTERVAL_NS, CHANGES_BURST, now_ns);
}

void trust_count_change(struct node_record *record, uint64_t now_ns)
{
	(void)budget_take(&record->change_budget, CHANGES_INTERVAL_NS, CHANGES_BURST, now_ns);
}
