/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "controller/internal.h"

struct snapshot_node {
	char id[RW_ID_SIZE];
	uint16_t *ssh_ports;
	size_t ssh_port_count;
};

struct rw_snapshot {
	struct rw_model *model;
	struct rw_policy_cache *cache; /* of this model alone */
	struct surroundings around;
	struct snapshot_node *nodes; /* by id; those whose SSH ports are known */
	size_t node_count;
};

static void *copy(const void *items, size_t count, size_t size)
{
	void *made = calloc(count + 1, size);

	if (made && count)
		(void)memcpy(made, items, count * size);
	return made;
}

static int copy_nodes(struct rw_snapshot *snapshot, const struct nodes *nodes)
{
	snapshot->nodes = calloc(nodes->count + 1, sizeof(*snapshot->nodes));
	if (!snapshot->nodes)
		return -ENOMEM;
	for (size_t i = 0; i < nodes->count; i++) {
		const struct node_record *record = nodes->records[i];
		struct snapshot_node *node = &snapshot->nodes[snapshot->node_count];

		if (!record->ssh_port_count)
			continue;
		node->ssh_ports = copy(record->ssh_ports, record->ssh_port_count, sizeof(uint16_t));
		if (!node->ssh_ports)
			return -ENOMEM;
		node->ssh_port_count = record->ssh_port_count;
		(void)memcpy(node->id, record->id, sizeof(node->id));
		snapshot->node_count++;
	}
	return 0;
}

int rw_snapshot_new(struct rw_controller *controller, struct rw_model *model,
		    struct rw_snapshot **ret_snapshot, struct rw_error *err)
{
	RW_CLEANUP(rw_snapshot_free) struct rw_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot) {
		(void)rw_model_free(model);
		return rw_error_oom(err);
	}
	snapshot->model = model ? model : rw_model_dup(controller->inventory.model);
	snapshot->cache = rw_policy_cache_new();
	if (!snapshot->model || !snapshot->cache ||
	    surroundings_copy(&snapshot->around, &controller->around) < 0 ||
	    copy_nodes(snapshot, &controller->nodes) < 0)
		return rw_error_oom(err);
	*ret_snapshot = RW_TAKE_PTR(snapshot);
	return 0;
}

struct rw_snapshot *rw_snapshot_free(struct rw_snapshot *snapshot)
{
	if (!snapshot)
		return NULL;
	for (size_t i = 0; i < snapshot->node_count; i++)
		free(snapshot->nodes[i].ssh_ports);
	free(snapshot->nodes);
	surroundings_done(&snapshot->around);
	(void)rw_policy_cache_free(snapshot->cache);
	(void)rw_model_free(snapshot->model);
	free(snapshot);
	return NULL;
}

static int compare_id(const void *id, const void *element)
{
	return strcmp(id, ((const struct snapshot_node *)element)->id);
}

static int derive(void *userdata, const struct rw_model *model, const char *node,
		  struct rw_policy **ret_policy, struct rw_error *err)
{
	const struct rw_snapshot *snapshot = userdata;
	size_t at = rw_array_place(snapshot->nodes, snapshot->node_count, sizeof(struct snapshot_node), node,
				   compare_id);
	const struct snapshot_node *found =
		at < snapshot->node_count && strcmp(snapshot->nodes[at].id, node) == 0 ? &snapshot->nodes[at]
										       : NULL;

	return node_derive_around(&snapshot->around, model, node, found ? found->ssh_ports : NULL,
				  found ? found->ssh_port_count : 0,
				  model == snapshot->model ? snapshot->cache : NULL, ret_policy, err);
}

struct rw_source rw_snapshot_source(struct rw_snapshot *snapshot)
{
	return (struct rw_source){.model = snapshot->model, .derive = derive, .userdata = snapshot};
}
