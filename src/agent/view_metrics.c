/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/view.h"

#include <string.h>

#include "base/file.h"
#include "crypto/cert.h"
#include "wire/metrics.h"

static void add_state(struct rw_buf *buf, const struct rw_agent_view *view,
		      const struct rw_agent_facts *facts)
{
	rw_metrics_family(buf, "ringwall_node_info", RW_METRICS_GAUGE,
			  "Always 1; the label tells what runs.");
	rw_metrics_put_labelled(buf, "ringwall_node_info", "version", RW_VERSION, 1);
	rw_metrics_family(buf, "ringwall_node_state", RW_METRICS_GAUGE,
			  "1 for the agent's state, 0 for others.");
	for (const struct rw_word *word = rw_words_agent_state; word->word; word++)
		rw_metrics_put_labelled(buf, "ringwall_node_state", "state", word->word,
					word->value == (int)facts->keeper.state);
	rw_metrics_one(buf, "ringwall_node_connected", RW_METRICS_GAUGE, "1 while the controller is reached.",
		       view->controllers && facts->session.connected);
	rw_metrics_one(buf, "ringwall_node_controllers", RW_METRICS_GAUGE,
		       "URLs of controllers that the agent knows.",
		       view->controllers ? view->controllers->count : 0);
	rw_metrics_one(buf, "ringwall_node_applied_revision", RW_METRICS_GAUGE, "Policy in force.",
		       facts->keeper.applied.revision);
	rw_metrics_one(buf, "ringwall_node_wanted_revision", RW_METRICS_GAUGE, "Policy received last.",
		       facts->keeper.wanted.revision);
}

/* Moments as Unix time; nothing without a certificate. */
static void add_certificate(struct rw_buf *buf, const struct rw_agent_view *view)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf pem;
	char path[RW_AGENT_PATH_SIZE];
	struct rw_cert_info info;

	rw_metrics_family(buf, "ringwall_node_certificate_expiry_timestamp_seconds", RW_METRICS_GAUGE,
			  "When the agent's certificate expires.");
	rw_buf_init(&pem, RW_CERT_MAX_SIZE);
	rw_agent_state_path(view->place, "cert.pem", path);
	if (view->controllers && rw_file_read(path, &pem, NULL) == 0 &&
	    rw_cert_read(pem.data, &info, NULL) == 0)
		rw_metrics_put(buf, "ringwall_node_certificate_expiry_timestamp_seconds",
			       (uint64_t)info.not_after_s);
}

/* How devices do, as rw_agent_hold_word says it. */
static const char *const hold_words[] = {"enforced", "pending", "shared", "lost"};

enum { HOLD_COUNT = RW_ARRAY_COUNT(hold_words) };

/* What is known with or without an agent. */
static void add_common(struct rw_buf *buf, bool is_running, bool is_enforcing,
		       const uint64_t counts[HOLD_COUNT])
{
	rw_metrics_one(buf, "ringwall_node_agent_running", RW_METRICS_GAUGE, "1 while an agent runs.",
		       is_running);
	rw_metrics_one(buf, "ringwall_node_enforcing", RW_METRICS_GAUGE,
		       "1 when packets are dropped, 0 while monitoring, learning or detached.", is_enforcing);
	rw_metrics_family(buf, "ringwall_node_interfaces", RW_METRICS_GAUGE,
			  "Devices with our programs, by how those do.");
	for (int i = 0; i < HOLD_COUNT; i++)
		rw_metrics_put_labelled(buf, "ringwall_node_interfaces", "state", hold_words[i], counts[i]);
}

void rw_agent_view_write_orphan_metrics(bool is_enforcing, uint64_t held, uint64_t lost, struct rw_buf *buf)
{
	const uint64_t counts[HOLD_COUNT] = {held, 0, 0, lost};

	add_common(buf, false, is_enforcing, counts);
}

static void count_devices(const struct rw_agent_facts *facts, uint64_t counts[HOLD_COUNT])
{
	for (size_t i = 0; i < facts->device_count; i++)
		for (int k = 0; k < HOLD_COUNT; k++)
			counts[k] += strcmp(rw_agent_hold_word(&facts->devices[i]), hold_words[k]) == 0;
}

/* How early stages do, as rw_early_state_word says it. */
static void add_early(struct rw_buf *buf, const struct rw_agent_facts *facts)
{
	static const char *const words[] = {"dropping", "idle", "absent"};

	rw_metrics_family(buf, "ringwall_node_early_interfaces", RW_METRICS_GAUGE,
			  "Devices that are to drop early, by whether they do.");
	for (size_t k = 0; k < RW_ARRAY_COUNT(words); k++) {
		uint64_t count = 0;

		for (size_t i = 0; i < facts->device_count; i++) {
			const char *word = rw_early_state_word(&facts->devices[i]);

			count += word && strcmp(word, words[k]) == 0;
		}
		rw_metrics_put_labelled(buf, "ringwall_node_early_interfaces", "state", words[k], count);
	}
}

static void add_causes(struct rw_buf *buf, const char *name, const uint64_t counts[RW_CAUSE_COUNT_])
{
	for (unsigned int cause = 0; cause < RW_CAUSE_COUNT_; cause++)
		rw_metrics_put_labelled(buf, name, "cause", rw_report_cause_word(cause), counts[cause]);
}

static void add_packets(struct rw_buf *buf, const struct rw_enforcer_status *counters)
{
	rw_metrics_one(buf, "ringwall_node_passed_packets_total", RW_METRICS_COUNTER, "Packets that passed.",
		       counters->passed);
	rw_metrics_family(buf, "ringwall_node_dropped_packets_total", RW_METRICS_COUNTER,
			  "Packets dropped, by cause; rule is all rules together.");
	add_causes(buf, "ringwall_node_dropped_packets_total", counters->dropped);
	rw_metrics_one(buf, "ringwall_node_dropped_early_packets_total", RW_METRICS_COUNTER,
		       "Packets of those dropped that were dropped early, at XDP.", counters->early);
	rw_metrics_family(buf, "ringwall_node_would_drop_packets_total", RW_METRICS_COUNTER,
			  "Packets that monitoring passed and would have dropped, by cause.");
	add_causes(buf, "ringwall_node_would_drop_packets_total", counters->would_drop);
}

static void add_tables(struct rw_buf *buf, const struct rw_enforcer_status *counters)
{
	rw_metrics_one(buf, "ringwall_node_generation", RW_METRICS_GAUGE, "Of the policy in the kernel.",
		       counters->generation);
	rw_metrics_one(buf, "ringwall_node_table_bytes", RW_METRICS_GAUGE,
		       "Decision table of the policy in force.", counters->table_bytes);
	rw_metrics_one(buf, "ringwall_node_table_limit_bytes", RW_METRICS_GAUGE,
		       "Largest decision table that a policy may have.", counters->table_limit_bytes);
	rw_metrics_one(buf, "ringwall_node_table_memory_bytes", RW_METRICS_GAUGE,
		       "Memory taken for decision tables now.", counters->table_memory_bytes);
	rw_metrics_family(buf, "ringwall_node_flows", RW_METRICS_GAUGE,
			  "Entries of the flow table, by class.");
	for (int class = 0; class < RW_FLOW_CLASS_COUNT_; class ++)
		rw_metrics_put_labelled(buf, "ringwall_node_flows", "class",
					rw_word_of(rw_words_flow_class, class), counters->flows[class]);
	rw_metrics_one(buf, "ringwall_node_flow_capacity", RW_METRICS_GAUGE,
		       "Entries that the flow table has room for, per family.", counters->flow_capacity);
	rw_metrics_one(buf, "ringwall_node_flow_full_pairs_ppm", RW_METRICS_GAUGE,
		       "Pairs of buckets of the flow table without a free place, of a million.",
		       counters->full_pairs_ppm);
	rw_metrics_one(buf, "ringwall_node_flows_refused_total", RW_METRICS_COUNTER,
		       "New flows refused because the table was full.", counters->flow_refused);
}

void rw_agent_view_write_metrics(const struct rw_agent_view *view, struct rw_buf *buf)
{
	static const struct rw_enforcer_status nothing;
	struct rw_agent_facts facts;
	uint64_t counts[HOLD_COUNT] = {0};
	const struct rw_enforcer_status *counters;

	rw_agent_view_gather(view, &facts);
	counters = facts.has_counters ? &facts.counters : &nothing;
	count_devices(&facts, counts);
	add_common(buf, true, counters->mode == RW_ENFORCER_ENFORCE && facts.device_count, counts);
	add_state(buf, view, &facts);
	add_certificate(buf, view);
	add_tables(buf, counters);
	add_packets(buf, counters);
	add_early(buf, &facts);
}
