/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/evidence.h"

#include <stdio.h>
#include <string.h>

#include "controller/flows.h"
#include "controller/internal.h"

static int add_listeners(const struct node_record *record, struct rw_evidence_node *seen)
{
	for (size_t i = 0; i < record->listener_count; i++) {
		struct rw_evidence_listener *listener;

		if (rw_vec_push(&seen->listeners, &listener) < 0)
			return -ENOMEM;
		listener->protocol = record->listeners[i].protocol;
		listener->port = record->listeners[i].port;
		memcpy(listener->process, record->listeners[i].process, sizeof(listener->process));
	}
	seen->listeners_known = true;
	return 0;
}

static int add_routes(const struct node_record *record, struct rw_evidence_node *seen)
{
	for (size_t i = 0; i < record->interface_count; i++) {
		char(*nic)[16];

		if (!record->interfaces[i].default_route)
			continue;
		if (rw_vec_push(&seen->default_route_nics, &nic) < 0)
			return -ENOMEM;
		memcpy(*nic, record->interfaces[i].name, sizeof(*nic));
	}
	seen->routes_known = record->interface_count > 0;
	return 0;
}

int rw_controller_evidence(const struct rw_controller *controller, struct rw_evidence *evidence,
			   struct rw_error *err)
{
	for (size_t i = 0; i < controller->nodes.count; i++) {
		const struct node_record *record = controller->nodes.records[i];
		struct rw_evidence_node *seen;

		if (record->last_report_ms == 0)
			continue;
		if (rw_evidence_add_node(evidence, record->id, &seen) < 0 ||
		    add_listeners(record, seen) < 0 || add_routes(record, seen) < 0)
			return rw_error_oom(err);
	}
	return 0;
}

/* ---- flows ---- */

struct gathering {
	struct rw_evidence *evidence;
	struct rw_vec
		partial; /* char[RW_ID_SIZE]: nodes of which services answered that are not known by name */
	int r;
};

static int add_flow(struct gathering *gathering, const struct rw_flow_seen *seen)
{
	const struct rw_report_flow *flow = &seen->flow;
	struct rw_evidence_flow *slot;
	struct rw_evidence_node *node;
	char(*partial)[RW_ID_SIZE];
	int r = rw_evidence_add_node(gathering->evidence, seen->node, &node);

	if (r < 0)
		return r;
	node->flows_known = true;
	if (flow->is_others) {
		if (flow->verdict != RW_FLOW_ACCEPTED || flow->direction != RW_DIRECTION_INGRESS ||
		    flow->answered == 0)
			return 0;
		r = rw_vec_push(&gathering->partial, &partial);
		if (r == 0)
			memcpy(*partial, seen->node, RW_ID_SIZE);
		return r;
	}
	if (flow->protocol > 255)
		return 0;
	r = rw_vec_push(&node->flows, &slot);
	if (r < 0)
		return r;
	*slot = (struct rw_evidence_flow){.direction = flow->direction,
					  .accepted = flow->verdict == RW_FLOW_ACCEPTED,
					  .protocol = (uint8_t)flow->protocol,
					  .port = flow->port,
					  .remote = flow->remote,
					  .answered = flow->answered > 0,
					  .count = flow->count,
					  .first_ms = flow->first_ms,
					  .last_ms = flow->last_ms};
	memcpy(slot->interface, flow->interface, sizeof(slot->interface));
	return 0;
}

static bool gather(void *context, const struct rw_flow_row *row)
{
	struct gathering *gathering = context;
	struct rw_flow_seen seen;

	rw_flows_of_row(row, &seen);
	gathering->r = add_flow(gathering, &seen);
	return gathering->r == 0;
}

int rw_controller_flow_evidence(struct rw_controller *controller, const char *cluster, int64_t since_ms,
				int64_t until_ms, struct rw_evidence *evidence, struct rw_error *err)
{
	const struct rw_flow_query query = {.scope = cluster,
					    .port = -1,
					    .protocol = -1,
					    .since_ms = since_ms,
					    .until_ms = until_ms,
					    .limit = RW_EVIDENCE_FLOWS_MAX};
	struct gathering gathering = {.evidence = evidence};
	bool more = false;
	int r;

	rw_vec_init(&gathering.partial, RW_ID_SIZE, 100000);
	r = rw_flows_query(controller, &query, gather, &gathering, &more, err);
	if (r == 0 && gathering.r == -ENOMEM)
		r = rw_error_oom(err);
	if (r == 0 && (gathering.r < 0 || more)) {
		r = rw_error_set(err, -E2BIG, "the cluster has more than %d records of flows",
				 RW_EVIDENCE_FLOWS_MAX);
		(void)rw_error_hint(err, "Look at less time: --since.");
	}
	for (size_t i = 0; r == 0 && i < gathering.partial.count; i++) {
		struct rw_evidence_node *node;

		if (rw_evidence_add_node(evidence, rw_vec_at(&gathering.partial, i), &node) < 0) {
			r = rw_error_oom(err);
		} else {
			node->flows_known = false;
			node->flows_cut = true;
		}
	}
	rw_vec_done(&gathering.partial);
	return r;
}
