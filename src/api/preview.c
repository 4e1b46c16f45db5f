/* SPDX-License-Identifier: Apache-2.0 */

/* What enforcing a node would do. */

#include "api/internal.h"

#include <string.h>

#include "controller/preview.h"
#include "policy/preview.h"

static void put_interfaces(struct rw_json_writer *json, const struct rw_node_preview *preview)
{
	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	for (size_t i = 0; i < preview->interface_count; i++) {
		const struct rw_report_interface *interface = &preview->interfaces[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "name", interface->name);
		rw_json_put_text(json, "kind", interface->kind);
		rw_json_put_bool(json, "enforced", interface->enforced);
		rw_json_put_text(json, "reason", interface->reason);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void put_listeners(struct rw_json_writer *json, const struct rw_node_preview *preview)
{
	rw_json_key(json, "listeners");
	rw_json_begin_array(json);
	for (size_t i = 0; i < preview->status.listener_count; i++) {
		const struct rw_report_listener *listener = &preview->status.listeners[i];
		char protocol[RW_PROTOCOL_TEXT_SIZE];

		rw_protocol_format(listener->protocol, protocol);
		rw_json_begin_object(json);
		rw_json_put_text(json, "protocol", protocol);
		rw_json_put_integer(json, "port", listener->port);
		rw_json_put_text(json, "process", listener->process);
		rw_json_put_bool(json, "opened",
				 rw_policy_opens(preview->policy, listener->protocol, listener->port));
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* Those that the newest policy would cut. */
static void put_connections(struct rw_json_writer *json, const struct rw_node_preview *preview)
{
	uint64_t listed = 0;

	rw_json_key(json, "connections");
	rw_json_begin_array(json);
	for (size_t i = 0; i < preview->connection_count; i++) {
		struct rw_decision decision;

		if (!rw_node_preview_cuts(preview->policy, &preview->connections[i], &decision))
			continue;
		listed++;
		rw_json_begin_object(json);
		rw_report_put_connection(json, &preview->connections[i]);
		rw_json_put_text(json, "cause", rw_decision_cause(&decision));
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	/* What the agent could not tell one by one, it counted by the policy in force there. */
	rw_json_put_revision(json, "connections_cut",
			     preview->connection_count == RW_REPORT_LIVE_MAX &&
					     preview->connections_cut > listed
				     ? preview->connections_cut
				     : listed);
}

static void put_would_drops(struct rw_json_writer *json, const struct rw_api_call *call,
			    const struct rw_node_preview *preview)
{
	rw_report_put_causes(json, "would_drops", preview->would_drops);
	rw_json_key(json, "would_drop_events");
	rw_json_begin_array(json);
	for (size_t i = 0; i < rw_session_drop_count(call->controller); i++) {
		const struct rw_node_drop *drop = rw_session_drop_at(call->controller, i);

		if (drop->drop.would && strcmp(drop->node, preview->status.id) == 0)
			rw_report_write_drop(json, &drop->drop);
	}
	rw_json_end_array(json);
}

/* Members of the open object. */
static void put_preview(struct rw_json_writer *json, const struct rw_api_call *call,
			const struct rw_node_preview *preview)
{
	rw_json_put_text(json, "id", preview->status.id);
	rw_json_put_text(json, "name", preview->status.name);
	rw_json_put_text(json, "enforcement",
			 rw_word_of(rw_words_enforcement, (int)preview->policy->enforcement));
	if (preview->cluster != RW_ENFORCEMENT_INHERIT)
		rw_json_put_text(json, "cluster_enforcement",
				 rw_word_of(rw_words_enforcement, (int)preview->cluster));
	rw_json_put_text(json, "state", rw_word_of(rw_words_node_state, (int)preview->status.state));
	if (preview->status.last_report_ms)
		rw_json_put_time(json, "seen", preview->status.last_report_ms);
	put_interfaces(json, preview);
	put_listeners(json, preview);
	put_connections(json, preview);
	put_would_drops(json, call, preview);
}

int rw_api_get_node_preview(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result tried = {0};
	RW_CLEANUP(rw_node_preview_done) struct rw_node_preview preview = {0};
	const struct rw_node *node;
	struct rw_json_writer json;
	const void *found;
	struct rw_buf buf;
	char id[RW_ID_SIZE];
	int r = rw_api_find(rw_controller_model(call->controller), RW_KIND_NODE, call->names[0], &found, err);

	if (r < 0)
		return r;
	node = found;
	if (node->agent != RW_AGENT_MANAGED)
		return rw_error_set(err, -EINVAL, "node \"%s\" has no agent: it is enforced nowhere",
				    node->name);
	(void)memcpy(id, node->id, sizeof(id));
	r = rw_preview_guards(call->controller, &call->actor, RW_KIND_NODE, id, &tried, err);
	if (r == 0)
		r = rw_node_preview_get(call->controller, id, &preview, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	put_preview(&json, call, &preview);
	rw_api_put_guards(&json, tried.findings, tried.finding_count);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}

/* Nodes that follow their cluster; those with a word of their own are only named. */
static int put_nodes(struct rw_json_writer *json, const struct rw_api_call *call, const char *cluster,
		     enum rw_enforcement own, struct rw_error *err)
{
	const struct rw_model *model = rw_controller_model(call->controller);

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);
		RW_CLEANUP(rw_node_preview_done) struct rw_node_preview preview = {0};
		int r;

		if (strcmp(node->cluster, cluster) != 0 || node->agent != RW_AGENT_MANAGED ||
		    node->enforcement != own)
			continue;
		if (own != RW_ENFORCEMENT_INHERIT) {
			rw_json_write_text(json, node->name);
			continue;
		}
		r = rw_node_preview_get(call->controller, node->id, &preview, err);
		if (r < 0)
			return r;
		rw_json_begin_object(json);
		put_preview(json, call, &preview);
		rw_json_end_object(json);
	}
	return 0;
}

static int write_cluster(struct rw_json_writer *json, const struct rw_api_call *call,
			 const struct rw_cluster *cluster, struct rw_error *err)
{
	int r;

	rw_json_put_text(json, "id", cluster->id);
	rw_json_put_text(json, "name", cluster->name);
	rw_json_put_text(json, "enforcement", rw_word_of(rw_words_enforcement, (int)cluster->enforcement));
	rw_json_key(json, "nodes");
	rw_json_begin_array(json);
	r = put_nodes(json, call, cluster->id, RW_ENFORCEMENT_INHERIT, err);
	rw_json_end_array(json);
	if (r < 0)
		return r;
	rw_json_key(json, "stay_monitored");
	rw_json_begin_array(json);
	r = put_nodes(json, call, cluster->id, RW_MONITOR, err);
	rw_json_end_array(json);
	return r;
}

int rw_api_get_cluster_preview(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result tried = {0};
	struct rw_json_writer json;
	const void *cluster;
	char id[RW_ID_SIZE];
	struct rw_buf buf;
	int r = rw_api_find(rw_controller_model(call->controller), RW_KIND_CLUSTER, call->names[0], &cluster,
			    err);

	if (r < 0)
		return r;
	(void)memcpy(id, rw_object_id(RW_KIND_CLUSTER, cluster), sizeof(id));
	r = rw_preview_guards(call->controller, &call->actor, RW_KIND_CLUSTER, id, &tried, err);
	if (r == 0) /* trying has folded what came in between */
		r = rw_api_find(rw_controller_model(call->controller), RW_KIND_CLUSTER, id, &cluster, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	r = write_cluster(&json, call, cluster, err);
	rw_api_put_guards(&json, tried.findings, tried.finding_count);
	rw_json_end_object(&json);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 200, &buf);
	return 0;
}
