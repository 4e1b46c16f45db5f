/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/evidence.h"

#include <stdio.h>
#include <string.h>

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
