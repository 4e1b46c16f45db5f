/* SPDX-License-Identifier: Apache-2.0 */

/* How things are: status, health, metrics. */

#include "api/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int rw_api_get_status(struct rw_api_call *call, struct rw_error *err)
{
	size_t counts[RW_NODE_STATE_COUNT_];
	struct rw_json_writer json;
	struct rw_buf buf;

	(void)err;
	rw_node_status_counts(call->controller, counts);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "version", RW_VERSION);
	rw_json_put_text(&json, "incarnation", rw_controller_incarnation(call->controller));
	rw_json_put_revision(&json, "revision", rw_controller_revision(call->controller));
	rw_json_key(&json, "nodes");
	rw_json_begin_object(&json);
	for (int i = 0; i < RW_NODE_STATE_COUNT_; i++)
		rw_json_put_integer(&json, rw_word_of(rw_words_node_state, i), (int64_t)counts[i]);
	rw_json_end_object(&json);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < rw_node_status_count(call->controller); i++) {
		struct rw_node_status status;

		rw_node_status_at(call->controller, i, &status);
		rw_json_begin_object(&json);
		rw_json_put_text(&json, "id", status.id);
		rw_json_put_text(&json, "name", status.name);
		rw_api_put_status(&json, &status);
		rw_json_put_text(&json, "agent_version", status.agent_version ? status.agent_version : "");
		rw_json_put_bool(&json, "persistent", status.persistent);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}

int rw_api_get_health(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	rw_api_answer_text(call, 200, "text/plain; charset=utf-8", "ok\n");
	return 0;
}

int rw_api_get_ready(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	if (rw_controller_ready(call->controller, NULL) < 0)
		rw_api_answer_text(call, 503, "text/plain; charset=utf-8", "changes cannot be written\n");
	else
		rw_api_answer_text(call, 200, "text/plain; charset=utf-8", "ready\n");
	return 0;
}

int rw_api_get_root(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	rw_api_answer_text(call, 200, "text/plain; charset=utf-8",
			   "This is ringwall " RW_VERSION
			   ".  The console is not built in; the command line is\n"
			   "'ringwall', the API is at /v1 (docs/api.md).\n");
	return 0;
}

/* ---- metrics ---- */

static void family(struct rw_buf *buf, const char *name, const char *type, const char *help)
{
	(void)rw_buf_append_format(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_model(struct rw_buf *buf, const struct rw_controller *controller)
{
	const struct rw_model *model = rw_controller_model(controller);
	size_t rules = 0;

	family(buf, "ringwall_objects", "gauge", "Objects of the model.");
	for (int kind = 0; kind < RW_KIND_COUNT_; kind++)
		(void)rw_buf_append_format(buf, "ringwall_objects{kind=\"%s\"} %zu\n",
					   rw_word_of(rw_words_kind, kind),
					   rw_model_count(model, (enum rw_kind)kind));
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++)
		rules += ((const struct rw_group *)rw_model_at(model, RW_KIND_GROUP, i))->rule_count;
	family(buf, "ringwall_rules", "gauge", "Rules of all security groups.");
	(void)rw_buf_append_format(buf, "ringwall_rules %zu\n", rules);
	family(buf, "ringwall_revision", "gauge", "Newest revision of the store.");
	(void)rw_buf_append_format(buf, "ringwall_revision %" PRIu64 "\n",
				   rw_controller_revision(controller));
	family(buf, "ringwall_writable", "gauge", "1 while changes can be written.");
	(void)rw_buf_append_format(buf, "ringwall_writable %d\n", rw_controller_ready(controller, NULL) == 0);
}

static void add_nodes(struct rw_buf *buf, const struct rw_controller *controller)
{
	size_t counts[RW_NODE_STATE_COUNT_];
	uint64_t dropped = 0;
	size_t behind = 0;

	rw_node_status_counts(controller, counts);
	family(buf, "ringwall_nodes", "gauge", "Managed nodes by state.");
	for (int i = 0; i < RW_NODE_STATE_COUNT_; i++)
		(void)rw_buf_append_format(buf, "ringwall_nodes{state=\"%s\"} %zu\n",
					   rw_word_of(rw_words_node_state, i), counts[i]);
	for (size_t i = 0; i < rw_node_status_count(controller); i++) {
		struct rw_node_status status;

		rw_node_status_at(controller, i, &status);
		behind += status.applied < status.wanted;
		for (size_t j = 0; status.drops && j < RW_CAUSE_COUNT_; j++)
			dropped += status.drops[j];
	}
	family(buf, "ringwall_nodes_behind", "gauge",
	       "Managed nodes whose newest policy is not in force yet.");
	(void)rw_buf_append_format(buf, "ringwall_nodes_behind %zu\n", behind);
	family(buf, "ringwall_dropped_packets", "gauge", "Packets dropped, as the nodes reported last.");
	(void)rw_buf_append_format(buf, "ringwall_dropped_packets %" PRIu64 "\n", dropped);
}

static void add_http(struct rw_buf *buf, const struct rw_api *api)
{
	struct rw_http_server_counts counts = {0};

	if (api->server)
		counts = rw_http_server_counts(api->server);
	family(buf, "ringwall_http_requests_total", "counter", "Requests that reached the API.");
	(void)rw_buf_append_format(buf, "ringwall_http_requests_total %" PRIu64 "\n", api->requests);
	family(buf, "ringwall_http_answers_total", "counter", "Answers by class of status.");
	for (int i = 2; i < 6; i++)
		(void)rw_buf_append_format(buf, "ringwall_http_answers_total{status=\"%dxx\"} %" PRIu64 "\n",
					   i, api->answers[i]);
	family(buf, "ringwall_http_refused_total", "counter",
	       "Requests refused before they reached the API.");
	(void)rw_buf_append_format(buf, "ringwall_http_refused_total %" PRIu64 "\n", counts.refused);
	family(buf, "ringwall_http_cut_total", "counter", "Connections cut for slowness.");
	(void)rw_buf_append_format(buf, "ringwall_http_cut_total %" PRIu64 "\n", counts.cut);
	family(buf, "ringwall_http_connections", "gauge", "Open connections.");
	(void)rw_buf_append_format(buf, "ringwall_http_connections %u\n", counts.connections);
	family(buf, "ringwall_http_streams", "gauge", "Open streams and answers that wait.");
	(void)rw_buf_append_format(buf, "ringwall_http_streams %u\n", counts.streams);
}

int rw_api_get_metrics(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	rw_buf_init(&buf, 1u << 20);
	family(&buf, "ringwall_info", "gauge", "Always 1; the labels tell what runs.");
	(void)rw_buf_append_format(&buf, "ringwall_info{version=\"%s\"} 1\n", RW_VERSION);
	add_model(&buf, call->controller);
	add_nodes(&buf, call->controller);
	add_http(&buf, call->api);
	r = rw_buf_check(&buf, err);
	if (r == 0)
		rw_api_answer_text(call, 200, "text/plain; version=0.0.4; charset=utf-8", buf.data);
	return r;
}
