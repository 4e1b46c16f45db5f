/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

#define DAY_MS INT64_C(86400000)

int flows_init(struct rw_controller *controller)
{
	struct flows *flows = &controller->flows;

	rw_vec_init(&flows->pending, sizeof(struct rw_flow_row), RW_FLOWS_PENDING_MAX);
	flows->ring = calloc(RW_FLOWS_RING, sizeof(*flows->ring));
	return flows->ring ? 0 : -ENOMEM;
}

void flows_done(struct rw_controller *controller)
{
	free(controller->flows.ring);
	rw_vec_done(&controller->flows.pending);
}

/* ---- what agents report ---- */

static void fill_row(const struct rw_flow_seen *seen, struct rw_flow_row *row)
{
	const struct rw_report_flow *flow = &seen->flow;

	_Static_assert(sizeof(row->node) == RW_ID_SIZE, "ids of the history are those of the model");
	*row = (struct rw_flow_row){
		.verdict = (uint8_t)flow->verdict,
		.direction = (uint8_t)flow->direction,
		.is_others = flow->is_others,
		.protocol = flow->protocol,
		.port = flow->port,
		.served = (uint8_t)flow->served,
		.count = flow->count,
		.answered = flow->answered,
		.first_ms = flow->first_ms,
		.last_ms = flow->last_ms,
	};
	memcpy(row->scope, seen->scope, sizeof(row->scope));
	memcpy(row->node, seen->node, sizeof(row->node));
	memcpy(row->interface, flow->interface, sizeof(row->interface));
	memcpy(row->cause, flow->cause, sizeof(row->cause));
	if (flow->remote.family) {
		row->remote_size = flow->remote.family == 4 ? 4 : 16;
		memcpy(row->remote, flow->remote.bytes, row->remote_size);
	}
}

void rw_flows_of_row(const struct rw_flow_row *row, struct rw_flow_seen *ret_seen)
{
	*ret_seen = (struct rw_flow_seen){
		.flow = {.verdict = (enum rw_flow_verdict)row->verdict,
			 .direction = (enum rw_direction)row->direction,
			 .is_others = row->is_others,
			 .protocol = row->protocol,
			 .port = row->port,
			 .served = (enum rw_flow_served)row->served,
			 .count = row->count,
			 .answered = row->answered,
			 .first_ms = row->first_ms,
			 .last_ms = row->last_ms},
	};
	memcpy(ret_seen->scope, row->scope, sizeof(ret_seen->scope));
	memcpy(ret_seen->node, row->node, sizeof(ret_seen->node));
	memcpy(ret_seen->flow.interface, row->interface, sizeof(ret_seen->flow.interface));
	memcpy(ret_seen->flow.cause, row->cause, sizeof(ret_seen->flow.cause));
	if (row->remote_size)
		ret_seen->flow.remote = rw_address_from_bytes(row->remote_size == 4 ? 4 : 6, row->remote);
}

/* The node's clock may be wrong: what it says happened lately did so at the latest now. */
static void bound_times(struct rw_report_flow *flow, int64_t now_ms)
{
	if (flow->last_ms > now_ms || flow->last_ms < now_ms - DAY_MS)
		flow->last_ms = now_ms;
	if (flow->first_ms > flow->last_ms || flow->first_ms < flow->last_ms - DAY_MS)
		flow->first_ms = flow->last_ms;
}

static void take(struct rw_controller *controller, const struct node_record *record, const char *scope,
		 const struct rw_report_flow *flow)
{
	struct flows *flows = &controller->flows;
	struct rw_flow_seen *seen = &flows->ring[++flows->newest % RW_FLOWS_RING];
	struct rw_flow_row *row;

	*seen = (struct rw_flow_seen){.number = flows->newest, .flow = *flow};
	memcpy(seen->node, record->id, sizeof(seen->node));
	(void)snprintf(seen->scope, sizeof(seen->scope), "%s", scope);
	bound_times(&seen->flow, rw_clock_realtime_ms(controller->clock));
	if (!flows->history)
		return;
	if (rw_vec_push(&flows->pending, &row) < 0)
		controller->counts.flow_records_lost++;
	else
		fill_row(seen, row);
}

void flows_take(struct rw_controller *controller, const struct node_record *record,
		const struct rw_report *report)
{
	const struct rw_node *node = rw_model_find_node(controller->inventory.model, record->id);
	struct flows *flows = &controller->flows;

	for (size_t i = 0; i < report->flow_count; i++)
		take(controller, record, node && node->cluster[0] ? node->cluster : record->id,
		     &report->flows[i]);
	controller->counts.flow_records += report->flow_count;
	if (report->flow_count && flows->listener)
		flows->listener(flows->userdata);
}

/* ---- the history ---- */

static void note_failure(struct flows *flows, const struct rw_error *err)
{
	if (!flows->is_failing)
		rw_log_warning("cannot keep the history of flows; it is tried again  reason=\"%s\"",
			       err->text);
	flows->is_failing = true;
}

/* Writes the oldest rows that wait; false when that failed. */
static bool write_some(struct rw_controller *controller)
{
	struct flows *flows = &controller->flows;
	size_t count = flows->pending.count;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_flow_row *rows = flows->pending.data;
	int r;

	if (count == 0)
		return true;
	if (count > RW_FLOWS_TICK_ROWS)
		count = RW_FLOWS_TICK_ROWS;
	r = rw_flow_history_add(flows->history, rw_clock_realtime_ms(controller->clock), rows, count, &err);
	if (r < 0) {
		note_failure(flows, &err);
		controller->counts.flow_records_lost += count;
	} else if (flows->is_failing) {
		rw_log_info("the history of flows is kept again");
		flows->is_failing = false;
	}
	flows->pending.count -= count;
	memmove(rows, rows + count, flows->pending.count * sizeof(*rows));
	return r == 0;
}

void flows_tick(struct rw_controller *controller)
{
	struct flows *flows = &controller->flows;
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	struct rw_error err = RW_ERROR_NONE;

	if (!flows->history)
		return;
	(void)write_some(controller);
	/* Given back: a burst of reports must not be held for good. */
	if (flows->pending.count == 0 && flows->pending.capacity > RW_FLOWS_TICK_ROWS) {
		rw_vec_done(&flows->pending);
		rw_vec_init(&flows->pending, sizeof(struct rw_flow_row), RW_FLOWS_PENDING_MAX);
	}
	if (flows->pruned_ns && now_ns - flows->pruned_ns < FLOWS_PRUNE_NS)
		return;
	flows->pruned_ns = now_ns;
	if (rw_flow_history_prune(flows->history, rw_clock_realtime_ms(controller->clock), &err) < 0)
		note_failure(flows, &err);
}

void flows_forget(struct rw_controller *controller, const char *node)
{
	struct flows *flows = &controller->flows;
	struct rw_flow_row *rows = flows->pending.data;
	struct rw_error err = RW_ERROR_NONE;
	size_t kept = 0;

	for (size_t i = 0; i < flows->pending.count; i++)
		if (strcmp(rows[i].node, node) != 0)
			rows[kept++] = rows[i];
	flows->pending.count = kept;
	if (flows->history && rw_flow_history_forget(flows->history, node, &err) < 0)
		note_failure(flows, &err);
}

/* Makes the history ready to be asked: with what waits for it. */
static int open_history(struct rw_controller *controller, struct rw_error *err)
{
	struct flows *flows = &controller->flows;

	if (!flows->history) {
		(void)rw_error_set(err, -ENOENT, "this controller keeps no history of flows");
		(void)rw_error_hint(err, "Start ringwalld without '--flow-days 0'; following works without.");
		return -ENOENT;
	}
	while (flows->pending.count && write_some(controller))
		;
	return 0;
}

int rw_flows_query(struct rw_controller *controller, const struct rw_flow_query *query, rw_flow_row_fn *each,
		   void *context, bool *ret_more, struct rw_error *err)
{
	int r = open_history(controller, err);

	return r < 0 ? r
		     : rw_flow_history_query(controller->flows.history, query, each, context, ret_more, err);
}

int rw_flows_days(struct rw_controller *controller, const struct rw_flow_query *query, rw_flow_day_fn *each,
		  void *context, struct rw_error *err)
{
	int r = open_history(controller, err);

	return r < 0 ? r : rw_flow_history_days(controller->flows.history, query, each, context, err);
}

/* ---- following ---- */

uint64_t rw_flows_newest(const struct rw_controller *controller)
{
	return controller->flows.newest;
}

const struct rw_flow_seen *rw_flows_next(const struct rw_controller *controller, uint64_t *cursor,
					 bool *ret_lost)
{
	const struct flows *flows = &controller->flows;

	*ret_lost = false;
	if (*cursor >= flows->newest)
		return NULL;
	if (flows->newest - *cursor > RW_FLOWS_RING) {
		*cursor = flows->newest - RW_FLOWS_RING;
		*ret_lost = true;
	}
	return &flows->ring[++*cursor % RW_FLOWS_RING];
}

void rw_flows_listen(struct rw_controller *controller, void (*fn)(void *userdata), void *userdata)
{
	controller->flows.listener = fn;
	controller->flows.userdata = userdata;
}
