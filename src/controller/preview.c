/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/preview.h"

#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"
#include "policy/preview.h"

/* ---- what agents tell ---- */

static void *copy(const void *items, size_t count, size_t size)
{
	void *made = count ? calloc(count, size) : NULL;

	if (made)
		(void)memcpy(made, items, count * size);
	return made;
}

void preview_take(struct node_record *record, const struct rw_report *report)
{
	free(record->connections);
	record->connections =
		copy(report->connections, report->connection_count, sizeof(*report->connections));
	record->connection_count = record->connections ? report->connection_count : 0;
	record->connections_cut = report->connections_cut;
	(void)memcpy(record->would_drops, report->would_drops, sizeof(record->would_drops));
	free(record->interfaces);
	record->interfaces = copy(report->interfaces, report->interface_count, sizeof(*report->interfaces));
	record->interface_count = record->interfaces ? report->interface_count : 0;
	for (size_t i = 0; i < record->interface_count; i++) {
		record->interfaces[i].addresses = NULL; /* the report's; the model has those that count */
		record->interfaces[i].address_count = 0;
	}
}

void preview_forget(struct node_record *record)
{
	free(RW_TAKE_PTR(record->connections));
	record->connection_count = 0;
	free(RW_TAKE_PTR(record->interfaces));
	record->interface_count = 0;
}

bool rw_node_preview_cuts(const struct rw_policy *policy, const struct rw_report_connection *connection,
			  struct rw_decision *ret_decision)
{
	const struct rw_packet opener = {
		.direction = connection->direction,
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local = connection->local,
		.remote = connection->remote,
		.local_port = connection->local_port,
		.remote_port = connection->remote_port,
	};

	return rw_policy_cuts(policy, connection->interface, &opener, ret_decision);
}

/* ---- asking ---- */

void rw_node_preview_done(struct rw_node_preview *preview)
{
	preview->policy = rw_policy_unref(preview->policy);
}

struct enforcing {
	enum rw_kind kind;
	const char *id;
};

static int edit_enforce(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct enforcing *enforcing = userdata;
	const void *object = rw_model_find(rw_draft_model(draft), enforcing->kind, enforcing->id);
	struct rw_cluster *cluster;
	struct rw_node *node;

	if (!object)
		return rw_error_set(err, -ENOENT, "it was deleted meanwhile");
	if (enforcing->kind == RW_KIND_NODE) {
		node = rw_node_dup(object);
		if (!node)
			return rw_error_oom(err);
		node->enforcement = RW_ENFORCE;
		return rw_edit_update(draft, RW_KIND_NODE, node, NULL, err);
	}
	cluster = rw_cluster_dup(object);
	if (!cluster)
		return rw_error_oom(err);
	cluster->enforcement = RW_ENFORCE;
	return rw_edit_update(draft, RW_KIND_CLUSTER, cluster, NULL, err);
}

int rw_preview_guards(struct rw_controller *controller, const struct rw_actor *actor, enum rw_kind kind,
		      const char *id, struct rw_change_result *ret_result, struct rw_error *err)
{
	struct enforcing enforcing = {.kind = kind, .id = id};
	const struct rw_change_request request = {
		.actor = actor,
		.action = "preview enforcing",
		.edit = edit_enforce,
		.userdata = &enforcing,
		.dry_run = true,
	};
	int r = rw_change_run(controller, &request, ret_result, err);

	return r < 0 ? r : 0;
}

static int fill(struct rw_controller *controller, const struct node_record *record,
		struct rw_node_preview *preview, struct rw_error *err)
{
	const struct rw_model *model = controller->inventory.model;
	const struct rw_node *node = rw_model_find_node(model, record->id);
	const struct rw_cluster *cluster =
		node && node->cluster[0] ? rw_model_find_cluster(model, node->cluster) : NULL;

	preview->cluster = cluster ? cluster->enforcement : RW_ENFORCEMENT_INHERIT;
	preview->interfaces = record->interfaces;
	preview->interface_count = record->interface_count;
	preview->connections = record->connections;
	preview->connection_count = record->connection_count;
	preview->connections_cut = record->connections_cut;
	preview->would_drops = record->would_drops;
	if (!record->policy)
		return node_derive(controller, model, record, &preview->policy, err);
	preview->policy = rw_policy_ref(record->policy);
	return 0;
}

int rw_node_preview_get(struct rw_controller *controller, const char *reference,
			struct rw_node_preview *ret_preview, struct rw_error *err)
{
	RW_CLEANUP(rw_node_preview_done) struct rw_node_preview preview = {0};
	int r = rw_node_status_find(controller, reference, &preview.status);

	if (r < 0)
		return rw_error_set(err, r, "there is no managed node %s", reference);
	r = fill(controller, node_find(controller, preview.status.id), &preview, err);
	if (r < 0)
		return r;
	*ret_preview = preview;
	preview.policy = NULL;
	return 0;
}
