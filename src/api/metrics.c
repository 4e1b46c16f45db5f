/* SPDX-License-Identifier: Apache-2.0 */

/*
 * GET /metrics.  docs/metrics.md lists the families; a test holds the two together.  Only numbers and words of
 * ours leave here: no name, no address, no secret.  What there is for every node is added up, so that the
 * answer does not grow with the nodes.
 */

#include "api/internal.h"

#include <stdio.h>

#include "controller/counts.h"
#include "wire/metrics.h"

static const char *const latency_words[RW_API_LATENCY_COUNT_] = {
	[RW_API_LATENCY_READ] = "read",
	[RW_API_LATENCY_CHANGE] = "change",
	[RW_API_LATENCY_AGENT] = "agent",
};

static void family(struct rw_buf *buf, const char *name, enum rw_metrics_kind kind, const char *help)
{
	rw_metrics_family(buf, name, kind, help);
}

static void add_build(struct rw_buf *buf)
{
	family(buf, "ringwall_info", RW_METRICS_GAUGE, "Always 1; the label tells what runs.");
	rw_metrics_put_labelled(buf, "ringwall_info", "version", RW_VERSION, 1);
	rw_metrics_one(buf, "ringwall_controller_active", RW_METRICS_GAUGE,
		       "1 on the active controller, 0 on one that stands by.", 1);
}

static void add_model(struct rw_buf *buf, const struct rw_controller *controller)
{
	const struct rw_model *model = rw_controller_model(controller);
	size_t rules = 0;

	family(buf, "ringwall_objects", RW_METRICS_GAUGE, "Objects of the model.");
	for (int kind = 0; kind < RW_KIND_COUNT_; kind++)
		rw_metrics_put_labelled(buf, "ringwall_objects", "kind", rw_word_of(rw_words_kind, kind),
					rw_model_count(model, (enum rw_kind)kind));
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++)
		rules += ((const struct rw_group *)rw_model_at(model, RW_KIND_GROUP, i))->rule_count;
	rw_metrics_one(buf, "ringwall_rules", RW_METRICS_GAUGE, "Rules of all security groups.", rules);
}

static void add_store(struct rw_buf *buf, const struct rw_controller *controller)
{
	const struct rw_controller_counts *counts = rw_controller_counts(controller);

	rw_metrics_one(buf, "ringwall_revision", RW_METRICS_GAUGE, "Newest revision of the store.",
		       rw_controller_revision(controller));
	rw_metrics_one(buf, "ringwall_writable", RW_METRICS_GAUGE, "1 while changes can be written.",
		       rw_controller_ready(controller, NULL) == 0);
	family(buf, "ringwall_store_commit_seconds", RW_METRICS_HISTOGRAM,
	       "How long a transaction took until it was durable.");
	rw_metrics_put_histogram(buf, "ringwall_store_commit_seconds", NULL, NULL, &counts->commits);
	rw_metrics_one(buf, "ringwall_store_commit_failures_total", RW_METRICS_COUNTER,
		       "Transactions that the store could not make durable.", counts->commits_failed);
}

static void add_changes(struct rw_buf *buf, const struct rw_controller *controller)
{
	const struct rw_controller_counts *counts = rw_controller_counts(controller);

	family(buf, "ringwall_changes_total", RW_METRICS_COUNTER, "Changes asked for, by how that ended.");
	for (int i = 0; i < RW_CHANGE_OUTCOME_COUNT_; i++)
		rw_metrics_put_labelled(buf, "ringwall_changes_total", "outcome",
					rw_word_of(rw_words_change_outcome, i), counts->changes[i]);
	family(buf, "ringwall_changes_guarded_total", RW_METRICS_COUNTER, "Changes that a guard refused.");
	for (int i = 0; i < RW_GUARD_COUNT_; i++)
		rw_metrics_put_labelled(buf, "ringwall_changes_guarded_total", "guard",
					rw_word_of(rw_words_guard, i), counts->guarded[i]);
}

static void add_nodes(struct rw_buf *buf, const struct rw_controller *controller)
{
	const struct rw_controller_counts *counts = rw_controller_counts(controller);
	size_t states[RW_NODE_STATE_COUNT_];
	struct rw_controller_load load;

	rw_node_status_counts(controller, states);
	rw_controller_load(controller, &load);
	family(buf, "ringwall_nodes", RW_METRICS_GAUGE, "Managed nodes by state.");
	for (int i = 0; i < RW_NODE_STATE_COUNT_; i++)
		rw_metrics_put_labelled(buf, "ringwall_nodes", "state", rw_word_of(rw_words_node_state, i),
					states[i]);
	rw_metrics_one(buf, "ringwall_nodes_behind", RW_METRICS_GAUGE,
		       "Managed nodes whose newest policy is not in force yet.", load.behind);
	family(buf, "ringwall_applied_lag_seconds", RW_METRICS_GAUGE,
	       "For how long the slowest node in touch has been without its newest policy.");
	rw_metrics_put_seconds(buf, "ringwall_applied_lag_seconds", load.lag_ns);
	family(buf, "ringwall_apply_seconds", RW_METRICS_HISTOGRAM,
	       "From a policy being wanted to a node's word that it is in force.");
	rw_metrics_put_histogram(buf, "ringwall_apply_seconds", NULL, NULL, &counts->applies);
	rw_metrics_one(buf, "ringwall_agent_reports_total", RW_METRICS_COUNTER, "Reports taken from agents.",
		       counts->reports);
	rw_metrics_one(buf, "ringwall_agent_streams", RW_METRICS_GAUGE, "Open streams of agents.",
		       load.sessions);
	rw_metrics_one(buf, "ringwall_agent_snapshots", RW_METRICS_GAUGE,
		       "Whole policies on their way to agents.", load.snapshots);
}

static void add_causes(struct rw_buf *buf, const char *name, const uint64_t counts[RW_CAUSE_COUNT_])
{
	for (unsigned int cause = 0; cause < RW_CAUSE_COUNT_; cause++)
		rw_metrics_put_labelled(buf, name, "cause", rw_report_cause_word(cause), counts[cause]);
}

static void add_packets(struct rw_buf *buf, const struct rw_controller *controller)
{
	const struct rw_controller_counts *counts = rw_controller_counts(controller);

	family(buf, "ringwall_dropped_packets_total", RW_METRICS_COUNTER,
	       "Packets that nodes dropped, by cause; rule is all rules together.");
	add_causes(buf, "ringwall_dropped_packets_total", counts->dropped);
	family(buf, "ringwall_would_drop_packets_total", RW_METRICS_COUNTER,
	       "Packets that monitored nodes passed and would have dropped, by cause.");
	add_causes(buf, "ringwall_would_drop_packets_total", counts->would_drop);
}

static void add_flows(struct rw_buf *buf, const struct rw_controller *controller)
{
	struct rw_controller_load load;

	rw_controller_load(controller, &load);
	family(buf, "ringwall_flows", RW_METRICS_GAUGE,
	       "Entries of the nodes' flow tables, by class, as reported last.");
	for (int class = 0; class < RW_FLOW_CLASS_COUNT_; class ++)
		rw_metrics_put_labelled(buf, "ringwall_flows", "class",
					rw_word_of(rw_words_flow_class, class), load.flows[class]);
	rw_metrics_one(buf, "ringwall_flow_capacity", RW_METRICS_GAUGE,
		       "Entries that the nodes' flow tables have room for.", load.flow_capacity);
	rw_metrics_one(buf, "ringwall_flows_refused_total", RW_METRICS_COUNTER,
		       "New flows that nodes refused because their table was full.",
		       rw_controller_counts(controller)->flows_refused);
	rw_metrics_one(buf, "ringwall_flow_records_total", RW_METRICS_COUNTER,
		       "Records of observed flows taken from agents.",
		       rw_controller_counts(controller)->flow_records);
	rw_metrics_one(buf, "ringwall_flow_records_lost_total", RW_METRICS_COUNTER,
		       "Records of observed flows that the history did not take.",
		       rw_controller_counts(controller)->flow_records_lost);
}

static void add_events(struct rw_buf *buf, const struct rw_api *api)
{
	const struct rw_controller *controller = api->controller;
	struct rw_controller_load load;
	size_t streams = 0, waiting = 0;

	rw_controller_load(controller, &load);
	rw_api_events_load(api, &streams, &waiting);
	rw_metrics_one(buf, "ringwall_events_total", RW_METRICS_COUNTER, "Events of the event stream.",
		       load.events);
	rw_metrics_one(buf, "ringwall_event_streams", RW_METRICS_GAUGE, "Open event streams.", streams);
	rw_metrics_one(buf, "ringwall_event_backlog_bytes", RW_METRICS_GAUGE,
		       "Bytes of events that wait for their followers.", waiting);
	rw_metrics_one(buf, "ringwall_console_sessions", RW_METRICS_GAUGE,
		       "Browsers that are signed in to the console.", rw_console_session_count(controller));
	rw_metrics_one(buf, "ringwall_console_sign_ins_total", RW_METRICS_COUNTER,
		       "Sessions of the console that were begun.", rw_console_sign_in_count(controller));
	rw_metrics_one(buf, "ringwall_waits", RW_METRICS_GAUGE, "Requests that wait for nodes.", load.waits);
}

/* Moments as Unix time. */
static void add_certificates(struct rw_buf *buf, const struct rw_api *api)
{
	struct rw_certificates certificates;

	rw_controller_certificates(api->controller, &certificates);
	family(buf, "ringwall_certificate_expiry_timestamp_seconds", RW_METRICS_GAUGE,
	       "When a certificate of the controller expires.");
	rw_metrics_put_labelled(buf, "ringwall_certificate_expiry_timestamp_seconds", "certificate",
				"authority", (uint64_t)certificates.authority_expires_ms / 1000);
	if (api->server_expires_ms)
		rw_metrics_put_labelled(buf, "ringwall_certificate_expiry_timestamp_seconds", "certificate",
					"server", (uint64_t)api->server_expires_ms / 1000);
	rw_metrics_one(buf, "ringwall_agent_certificates_expiring", RW_METRICS_GAUGE,
		       "Agents whose certificate expires within three weeks, or has.",
		       certificates.agents_expiring);
}

static void add_http(struct rw_buf *buf, const struct rw_api *api)
{
	struct rw_http_server_counts counts = {0};

	if (api->server)
		counts = rw_http_server_counts(api->server);
	rw_metrics_one(buf, "ringwall_http_requests_total", RW_METRICS_COUNTER,
		       "Requests that reached the API.", api->requests);
	family(buf, "ringwall_http_answers_total", RW_METRICS_COUNTER, "Answers by class of status.");
	for (int i = 2; i < 6; i++) {
		char class[8];

		(void)snprintf(class, sizeof(class), "%dxx", i);
		rw_metrics_put_labelled(buf, "ringwall_http_answers_total", "status", class, api->answers[i]);
	}
	family(buf, "ringwall_http_request_seconds", RW_METRICS_HISTOGRAM,
	       "How long the controller worked on a request.");
	for (int i = 0; i < RW_API_LATENCY_COUNT_; i++)
		rw_metrics_put_histogram(buf, "ringwall_http_request_seconds", "kind", latency_words[i],
					 &api->latencies[i]);
	rw_metrics_one(buf, "ringwall_http_refused_total", RW_METRICS_COUNTER,
		       "Requests refused before they reached the API.", counts.refused);
	rw_metrics_one(buf, "ringwall_http_cut_total", RW_METRICS_COUNTER, "Connections cut for slowness.",
		       counts.cut);
	rw_metrics_one(buf, "ringwall_http_resumed_total", RW_METRICS_COUNTER,
		       "Connections that began with a ticket instead of certificates.", counts.resumed);
	rw_metrics_one(buf, "ringwall_http_connections", RW_METRICS_GAUGE, "Open connections.",
		       counts.connections);
	rw_metrics_one(buf, "ringwall_http_strangers", RW_METRICS_GAUGE,
		       "Open connections on which nobody has shown a key or certificate.", counts.strangers);
	rw_metrics_one(buf, "ringwall_http_displaced_total", RW_METRICS_COUNTER,
		       "Connections ended to make room for others.", counts.displaced);
	rw_metrics_one(buf, "ringwall_http_streams", RW_METRICS_GAUGE, "Open streams and answers that wait.",
		       counts.streams);
	rw_metrics_one(buf, "ringwall_http_caller_streams", RW_METRICS_GAUGE,
		       "Open streams and answers that wait, of keys and sessions.", counts.caller_streams);
	rw_metrics_one(buf, "ringwall_http_streams_refused_total", RW_METRICS_COUNTER,
		       "Streams and answers that wait for which there was no place.", counts.streams_refused);
}

int rw_api_get_metrics(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	rw_buf_init(&buf, 1u << 20);
	add_build(&buf);
	add_model(&buf, call->controller);
	add_store(&buf, call->controller);
	add_changes(&buf, call->controller);
	add_nodes(&buf, call->controller);
	add_packets(&buf, call->controller);
	add_flows(&buf, call->controller);
	add_certificates(&buf, call->api);
	add_events(&buf, call->api);
	add_http(&buf, call->api);
	r = rw_buf_check(&buf, err);
	if (r == 0)
		rw_api_answer_text(call, 200, RW_METRICS_TYPE, buf.data);
	return r;
}
