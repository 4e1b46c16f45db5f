/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/evidence.h"

#include <string.h>

#include "base/array.h"

#define NODES_MAX 1000000

static void node_done(struct rw_evidence_node *node)
{
	rw_vec_done(&node->listeners);
	rw_vec_done(&node->flows);
	rw_vec_done(&node->default_route_nics);
}

void rw_evidence_init(struct rw_evidence *evidence)
{
	rw_vec_init(&evidence->nodes, sizeof(struct rw_evidence_node), NODES_MAX);
}

void rw_evidence_done(struct rw_evidence *evidence)
{
	for (size_t i = 0; i < evidence->nodes.count; i++)
		node_done(rw_vec_at(&evidence->nodes, i));
	rw_vec_done(&evidence->nodes);
}

static int compare_id(const void *key, const void *element)
{
	return strcmp(key, ((const struct rw_evidence_node *)element)->node);
}

const struct rw_evidence_node *rw_evidence_find(const struct rw_evidence *evidence, const char *node)
{
	if (!evidence || evidence->nodes.count == 0)
		return NULL;
	return bsearch(node, evidence->nodes.data, evidence->nodes.count, sizeof(struct rw_evidence_node),
		       compare_id);
}

int rw_evidence_add_node(struct rw_evidence *evidence, const char *node, struct rw_evidence_node **ret_node)
{
	size_t place = rw_array_place(evidence->nodes.data, evidence->nodes.count,
				      sizeof(struct rw_evidence_node), node, compare_id);
	struct rw_evidence_node *all, *added;

	if (place < evidence->nodes.count && compare_id(node, rw_vec_at(&evidence->nodes, place)) == 0) {
		*ret_node = rw_vec_at(&evidence->nodes, place);
		return 0;
	}
	if (rw_vec_push(&evidence->nodes, &added) < 0)
		return -ENOMEM;
	all = evidence->nodes.data;
	memmove(&all[place + 1], &all[place], (evidence->nodes.count - 1 - place) * sizeof(*all));
	all[place] = (struct rw_evidence_node){0};
	memcpy(all[place].node, node, strnlen(node, RW_ID_SIZE - 1));
	rw_vec_init(&all[place].listeners, sizeof(struct rw_evidence_listener), RW_EVIDENCE_LISTENERS_MAX);
	rw_vec_init(&all[place].flows, sizeof(struct rw_evidence_flow), RW_EVIDENCE_FLOWS_MAX);
	rw_vec_init(&all[place].default_route_nics, 16, 64);
	*ret_node = &all[place];
	return 0;
}

bool rw_evidence_listens(const struct rw_evidence_node *node, uint16_t protocol, uint16_t port)
{
	for (size_t i = 0; i < node->listeners.count; i++) {
		const struct rw_evidence_listener *listener = rw_vec_at(&node->listeners, i);

		if (listener->protocol == protocol && listener->port == port)
			return true;
	}
	return false;
}
