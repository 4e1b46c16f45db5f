/* SPDX-License-Identifier: Apache-2.0 */

/* The nodes of a cluster as the Container Service shows them, and how they leave. */

#include "alibaba/internal.h"

#include <string.h>

#include "controller/session.h"

#define NODES_MAX 100 /* removed by one request */

static const size_t page_size_max = 100;

/* ---- showing ---- */

/* Whether 'text' is one of a list parted by commas; true for no list. */
static bool list_has(const char *list, const char *text)
{
	size_t length = strlen(text);

	while (list) {
		size_t piece = strcspn(list, ",");

		if (piece == length && strncmp(list, text, length) == 0)
			return true;
		if (!list[piece])
			return false;
		list += piece + 1;
	}
	return true;
}

static bool has_address(const struct rw_node *node, const char *list)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].address_count; j++) {
			rw_address_format(&node->interfaces[i].addresses[j], text);
			if (list_has(list, text))
				return true;
		}
	return !list;
}

/* Of a node without an agent nothing is known. */
static const char *state_of(const struct call *call, const struct rw_node *node)
{
	struct rw_node_status status;

	if (rw_node_status_find(call->self->controller, node->id, &status) < 0)
		return "Unknown";
	return status.state == RW_NODE_OFFLINE || status.state == RW_NODE_DETACHED ? "NotReady" : "Ready";
}

static bool node_fits(const struct call *call, const struct rw_node *node, const struct rw_cluster *cluster)
{
	const char *state = call_text(call, "state");

	return strcmp(node->cluster, cluster->id) == 0 &&
	       list_has(call_text(call, "instanceIds"), node->id) &&
	       list_has(call_text(call, "nodeNames"), node->name) &&
	       has_address(node, call_text(call, "nodeIps")) && call_fits(call, "nodepool_id", "") &&
	       (!state || strcmp(state, "all") == 0 || strcmp(state, "running") == 0);
}

static void put_addresses(struct rw_json_writer *json, const struct rw_node *node)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_key(json, "ip_address");
	rw_json_begin_array(json);
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].address_count; j++) {
			rw_address_format(&node->interfaces[i].addresses[j], text);
			rw_json_write_text(json, text);
		}
	rw_json_end_array(json);
}

static void put_node(struct call *call, const struct rw_node *node)
{
	static const char *const unknown[] = {"error_message",        "expired_time",  "image_id",
					      "instance_charge_type", "instance_type", "instance_type_family",
					      "nodepool_id",          "spot_strategy"};
	struct rw_json_writer *json = &call->json;

	rw_json_begin_object(json);
	rw_json_put_text(json, "instance_id", node->id);
	put_time(call, "creation_time", node->created_ms);
	rw_json_put_text(json, "instance_name", node->name);
	rw_json_put_text(json, "host_name", node->name);
	rw_json_put_text(json, "node_name", node->name);
	rw_json_put_text(json, "instance_role", "Worker");
	rw_json_put_text(json, "instance_status", "Running");
	rw_json_put_text(json, "node_status", state_of(call, node));
	rw_json_put_text(json, "state", "running");
	rw_json_put_text(json, "source", "manual");
	rw_json_put_bool(json, "is_aliyun_node", false);
	put_addresses(json, node);
	for (size_t i = 0; i < RW_ARRAY_COUNT(unknown); i++)
		rw_json_put_text(json, unknown[i], "");
	rw_json_end_object(json);
}

static int find_nodes(struct call *call, const struct rw_cluster *cluster, struct rw_vec *items)
{
	const struct rw_model *model = call_model(call);
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (node_fits(call, node, cluster))
			r = items_add(call, items, node->id, node);
	}
	return r;
}

int alibaba_list_cluster_nodes(struct call *call)
{
	struct rw_json_writer *json = &call->json;
	struct page page = {.number = 1, .size = 10};
	RW_CLEANUP(rw_vec_done) struct rw_vec items;
	const struct rw_cluster *cluster;
	size_t first, count;
	int r;

	items_init(&items);
	r = call_cluster(call, call_model(call), &cluster);
	if (r == 0)
		r = call_number(call, "pageNumber", 1, 1000000, &page.number);
	if (r == 0)
		r = call_number(call, "pageSize", 1, page_size_max, &page.size);
	if (r == 0)
		r = find_nodes(call, cluster, &items);
	if (r < 0)
		return r;
	page_cut(&page, &items, &first, &count);
	rw_json_begin_object(json);
	rw_json_key(json, "nodes");
	rw_json_begin_array(json);
	for (size_t i = first; i < first + count; i++)
		put_node(call, ((const struct item *)rw_vec_at(&items, i))->object);
	rw_json_end_array(json);
	page_put_info(call, "page", &page, &items);
	rw_json_end_object(json);
	return 0;
}

/* ---- removing ---- */

static int refuse_release(struct call *call, const char *name, bool wanted)
{
	if (!wanted)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "OperationNotSupported",
				 "%s: the machine is not Ringwall's to release; leave it out.", name);
}

static int remove_node(struct call *call, struct rw_draft *draft, const struct rw_cluster *cluster,
		       const struct rw_node *node, const char *name, struct rw_error *err)
{
	if (!node || strcmp(node->cluster, cluster->id) != 0)
		return rw_alibaba_refuse(&call->fault, 404, "ErrorNodeNotFound", "%s has no node '%.80s'.",
					 cluster->id, name);
	return rw_edit_delete(draft, RW_KIND_NODE, node->id, false, err);
}

/* Nodes by name or id; 'userdata' is the array. */
static int edit_remove(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct rw_json *names = userdata;
	const struct rw_cluster *cluster;
	int r = call_cluster(call, rw_draft_model(draft), &cluster);

	for (size_t i = 0; r == 0 && i < rw_json_count(names); i++) {
		const char *name;

		r = body_element(call, names, i, &name);
		if (r == 0)
			r = remove_node(call, draft, cluster, rw_model_find_node(rw_draft_model(draft), name),
					name, err);
	}
	return r;
}

static int run_removal(struct call *call, const struct change *change)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	int r = call_change(call, change, &result);

	if (r == 0)
		put_cluster_task(call, call->names[0], &result);
	return r;
}

int alibaba_remove_cluster_nodes(struct call *call)
{
	struct rw_json names;
	struct change change = {.action = "delete nodes", .edit = edit_remove, .userdata = &names};
	bool release;
	size_t count;
	int r = body_flag(call, "release_node", &release);

	if (r == 0)
		r = refuse_release(call, "release_node", release);
	if (r == 0)
		r = body_array(call, "nodes", NODES_MAX, &names, &count);
	if (r == 0 && count == 0)
		r = rw_alibaba_refuse(&call->fault, 400, "MissingParameter", "nodes is missing.");
	return r < 0 ? r : run_removal(call, &change);
}

/* The node that has the address of the path. */
static int edit_remove_address(struct call *call, struct rw_draft *draft, void *userdata,
			       struct rw_error *err)
{
	const struct rw_model *model = rw_draft_model(draft);
	const struct rw_node *found = NULL;
	const struct rw_cluster *cluster;
	int r = call_cluster(call, model, &cluster);

	(void)userdata;
	for (size_t i = 0; r == 0 && !found && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (strcmp(node->cluster, cluster->id) == 0 && has_address(node, call->names[1]))
			found = node;
	}
	return r < 0 ? r : remove_node(call, draft, cluster, found, call->names[1], err);
}

int alibaba_remove_cluster_node(struct call *call)
{
	struct change change = {.action = "delete nodes", .edit = edit_remove_address};
	bool release;
	int r = call_flag(call, "releaseInstance", &release);

	if (r == 0)
		r = refuse_release(call, "releaseInstance", release);
	return r < 0 ? r : run_removal(call, &change);
}
