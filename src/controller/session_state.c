/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "controller/internal.h"

#define MS(ms) ((uint64_t)(ms)*UINT64_C(1000000))

const struct rw_word rw_words_node_state[] = {
	{"connected", RW_NODE_CONNECTED},
	{"lagging", RW_NODE_LAGGING},
	{"offline", RW_NODE_OFFLINE},
	{"degraded", RW_NODE_DEGRADED},
	{"monitored", RW_NODE_MONITORED},
	{"detached", RW_NODE_DETACHED},
	{NULL, 0},
};

#define TO(state) (1u << RW_NODE_##state)

/*
 * Allowed transitions, from row to bit.  An offline node comes back through connected, so that followers of
 * events always see the connection before what is wrong with it.
 */
static const unsigned int allowed[RW_NODE_STATE_COUNT_] = {
	[RW_NODE_CONNECTED] = TO(LAGGING) | TO(OFFLINE) | TO(DEGRADED) | TO(MONITORED) | TO(DETACHED),
	[RW_NODE_LAGGING] = TO(CONNECTED) | TO(OFFLINE) | TO(DEGRADED) | TO(MONITORED) | TO(DETACHED),
	[RW_NODE_OFFLINE] = TO(CONNECTED),
	[RW_NODE_DEGRADED] = TO(CONNECTED) | TO(LAGGING) | TO(OFFLINE) | TO(MONITORED) | TO(DETACHED),
	[RW_NODE_MONITORED] = TO(CONNECTED) | TO(LAGGING) | TO(OFFLINE) | TO(DEGRADED) | TO(DETACHED),
	[RW_NODE_DETACHED] = TO(CONNECTED) | TO(LAGGING) | TO(OFFLINE) | TO(DEGRADED) | TO(MONITORED),
};

/* The state that the facts call for. */
static enum rw_node_state target(const struct rw_controller *controller, const struct node_record *record)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);

	if (!record->last_frame_ns || now_ns - record->last_frame_ns >= MS(RW_SESSION_OFFLINE_MS))
		return RW_NODE_OFFLINE;
	if (record->agent_state == RW_AGENT_STATE_DETACHED)
		return RW_NODE_DETACHED;
	if (record->behind_since_ns && now_ns - record->behind_since_ns >= MS(RW_SESSION_LAGGING_MS))
		return RW_NODE_LAGGING;
	if (node_may_be_bypassed(record))
		return RW_NODE_DEGRADED;
	/* Also before it says so itself: nobody shall take it for enforced meanwhile. */
	if (record->agent_state == RW_AGENT_STATE_MONITORED ||
	    (record->policy && record->policy->enforcement == RW_MONITOR))
		return RW_NODE_MONITORED;
	return RW_NODE_CONNECTED;
}

static void enter(struct rw_controller *controller, struct node_record *record, enum rw_node_state state)
{
	enum rw_node_state from = record->state;

	assert(allowed[from] & (1u << state));
	record->state = state;
	record->since_ms = rw_clock_realtime_ms(controller->clock);
	event_add(controller,
		  &(struct rw_event){
			  .kind = RW_EVENT_NODE_STATE, .from = from, .to = state, .text = record->reason},
		  record->id);
}

void node_judge(struct rw_controller *controller, struct node_record *record)
{
	enum rw_node_state state = target(controller, record);

	if (state == record->state)
		return;
	if (!(allowed[record->state] & (1u << state)))
		enter(controller, record, RW_NODE_CONNECTED);
	if (state != record->state)
		enter(controller, record, state);
}

/* A failure with the newest policy in force is one of the devices: an interface slipped away. */
bool node_may_be_bypassed(const struct node_record *record)
{
	return record->agent_state == RW_AGENT_STATE_DEGRADED ||
	       (record->agent_state == RW_AGENT_STATE_FAILED && !record->behind_since_ns);
}

bool node_is_connected(const struct node_record *record)
{
	return record->state != RW_NODE_OFFLINE;
}

uint64_t node_lag_ns(const struct node_record *record, uint64_t now_ns)
{
	return record->behind_since_ns ? now_ns - record->behind_since_ns : 0;
}
