/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/view.h"

#include <stdio.h>
#include <string.h>

#include "policy/evaluate.h"
#include "wire/json.h"
#include "wire/writer.h"

const char *rw_agent_hold_word(const struct rw_enforcer_device_status *device)
{
	switch (device->hold) {
	case RW_ENFORCER_HELD:
		return device->pending ? "pending" : "enforced";
	case RW_ENFORCER_SHARED:
		return "shared";
	case RW_ENFORCER_LOST:
		return "lost";
	}
	return "";
}

static const char *mode_word(enum rw_enforcer_mode mode)
{
	switch (mode) {
	case RW_ENFORCER_LEARN:
		return "learning";
	case RW_ENFORCER_ENFORCE:
		return "enforcing";
	case RW_ENFORCER_MONITOR:
		return "monitoring";
	}
	return "";
}

void rw_agent_view_gather(const struct rw_agent_view *view, struct rw_agent_facts *facts)
{
	struct rw_enforcer *enforcer;

	memset(facts, 0, sizeof(*facts));
	rw_keeper_status(view->keeper, &facts->keeper);
	if (view->session)
		rw_agent_session_status(view->session, &facts->session);
	enforcer = facts->keeper.enforcer;
	if (!enforcer)
		return;
	facts->has_counters = enforcer->ops->status(enforcer, &facts->counters, NULL) == 0;
	facts->device_count = enforcer->ops->devices(enforcer, facts->devices, RW_ENFORCER_DEVICE_MAX);
	if (facts->device_count > RW_ENFORCER_DEVICE_MAX)
		facts->device_count = RW_ENFORCER_DEVICE_MAX;
}

/* The controller of the stream, or that is tried. */
static const char *server_of(const struct rw_agent_view *view)
{
	return view->controllers->current[0] ? view->controllers->current : view->controllers->entries[0].url;
}

/* The one line that says how it is. */
static void summarise(const struct rw_agent_facts *facts, char *text, size_t size)
{
	bool in_force =
		facts->has_counters && facts->counters.mode != RW_ENFORCER_LEARN && facts->device_count;

	if (in_force && facts->keeper.sealed)
		(void)snprintf(text, size, "%s", facts->keeper.reason);
	else if (facts->keeper.state == RW_AGENT_STATE_DETACHED)
		(void)snprintf(text, size, "detached: everything passes until 'ringwall-agent attach'");
	else if (!in_force)
		(void)snprintf(text, size, "not enforcing: %s", facts->keeper.reason);
	else
		(void)snprintf(text, size, "%s%s%s", mode_word(facts->counters.mode),
			       facts->keeper.reason[0] ? ", but " : "", facts->keeper.reason);
}

/* ---- JSON ---- */

static void write_counts(struct rw_json_writer *json, const char *key, const uint64_t *counts)
{
	rw_json_key(json, key);
	rw_json_begin_object(json);
	for (size_t i = 0; i < RW_CAUSE_COUNT_; i++)
		if (counts[i])
			rw_json_put_integer(json, rw_report_cause_word((unsigned int)i), (int64_t)counts[i]);
	rw_json_end_object(json);
}

static void write_enforcement(struct rw_json_writer *json, const struct rw_agent_facts *facts)
{
	const struct rw_enforcer_status *counters = &facts->counters;

	rw_json_put_text(json, "mode", mode_word(counters->mode));
	rw_json_put_bool(json, "persistent", counters->persistent);
	rw_json_put_integer(json, "generation", counters->generation);
	rw_json_put_integer(json, "table_bytes", (int64_t)counters->table_bytes);
	rw_json_put_integer(json, "table_limit_bytes", (int64_t)counters->table_limit_bytes);
	rw_json_put_integer(json, "table_memory_bytes", (int64_t)counters->table_memory_bytes);
	rw_json_put_integer(json, "flow_capacity", counters->flow_capacity);
	rw_json_put_integer(json, "full_pairs_ppm", counters->full_pairs_ppm);
	rw_json_put_integer(json, "flow_refused", (int64_t)counters->flow_refused);
	rw_json_put_integer(json, "passed", (int64_t)counters->passed);
	rw_json_put_integer(json, "dropped_early", (int64_t)counters->early);
	write_counts(json, "dropped", counters->dropped);
	write_counts(json, "would_drop", counters->would_drop);
	rw_json_key(json, "flows");
	rw_json_begin_object(json);
	for (size_t i = 0; i < RW_FLOW_CLASS_COUNT_; i++)
		rw_json_put_integer(json, rw_word_of(rw_words_flow_class, (int)i),
				    (int64_t)counters->flows[i]);
	rw_json_end_object(json);
}

static void write_position(struct rw_json_writer *json, const char *key, const struct rw_position *position)
{
	rw_json_key(json, key);
	rw_json_begin_object(json);
	rw_json_put_text(json, "incarnation", position->incarnation);
	rw_json_put_revision(json, "revision", position->revision);
	rw_json_end_object(json);
}

/* Only where it is wanted. */
static void write_early(struct rw_json_writer *json, const struct rw_enforcer_device_status *device)
{
	if (!rw_early_state_word(device))
		return;
	rw_json_key(json, "early_drop");
	rw_json_begin_object(json);
	rw_json_put_text(json, "hook", rw_early_hook_word(device));
	rw_json_put_text(json, "state", rw_early_state_word(device));
	rw_json_put_text(json, "detail", device->early_text ? device->early_text : "");
	rw_json_end_object(json);
}

static void write_interfaces(struct rw_json_writer *json, const struct rw_agent_facts *facts)
{
	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	for (size_t i = 0; i < facts->device_count; i++) {
		const struct rw_enforcer_device_status *device = &facts->devices[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "device", device->name);
		rw_json_put_text(json, "interface", device->interface);
		rw_json_put_text(json, "state", rw_agent_hold_word(device));
		rw_json_put_text(json, "hook", device->tcx ? "tcx" : "clsact");
		rw_json_put_text(json, "detail", device->text);
		write_early(json, device);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* All that are known, as they are tried. */
static void write_controllers(struct rw_json_writer *json, const struct rw_controllers *controllers)
{
	rw_json_key(json, "controllers");
	rw_json_begin_array(json);
	for (size_t i = 0; i < controllers->count; i++)
		rw_json_write_text(json, controllers->entries[i].url);
	rw_json_end_array(json);
}

void rw_agent_view_write_json(const struct rw_agent_view *view, struct rw_buf *buf)
{
	struct rw_json_writer json;
	struct rw_agent_facts facts;
	char summary[640];

	rw_agent_view_gather(view, &facts);
	summarise(&facts, summary, sizeof(summary));
	rw_json_writer_init(&json, buf, true);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "summary", summary);
	rw_json_put_bool(&json, "agent_running", true);
	rw_json_put_text(&json, "version", RW_VERSION);
	rw_json_put_text(&json, "node", view->node);
	rw_json_put_text(&json, "state",
			 facts.keeper.sealed ? "sealed"
					     : rw_word_of(rw_words_agent_state, (int)facts.keeper.state));
	rw_json_put_text(&json, "reason", facts.keeper.reason);
	if (view->controllers) {
		rw_json_put_text(&json, "server", server_of(view));
		rw_json_put_bool(&json, "connected", facts.session.connected);
		rw_json_put_text(&json, "connection_reason", facts.session.reason);
		write_controllers(&json, view->controllers);
	}
	if (view->renewal && view->renewal->certificate.fingerprint[0])
		rw_json_put_time(&json, "certificate_expires", view->renewal->certificate.not_after_s * 1000);
	if (!view->controllers && view->orphan) {
		rw_json_put_bool(&json, "connected", false);
		rw_json_put_text(&json, "connection_reason", view->orphan);
	}
	if (view->file) {
		rw_json_put_text(&json, "file", view->file);
		rw_json_put_text(&json, "file_problem", view->file_problem);
	}
	write_position(&json, "applied", &facts.keeper.applied);
	write_position(&json, "wanted", &facts.keeper.wanted);
	rw_json_put_text(&json, "pin_dir", view->place->pin_dir);
	write_interfaces(&json, &facts);
	if (facts.has_counters)
		write_enforcement(&json, &facts);
	rw_json_end_object(&json);
	(void)rw_buf_append_text(buf, "\n");
}

/* ---- text ---- */

static void print_counts(struct rw_buf *buf, const char *label, const uint64_t *counts)
{
	bool any = false;

	for (size_t i = 0; i < RW_CAUSE_COUNT_; i++) {
		if (!counts[i])
			continue;
		(void)rw_buf_append_format(buf, "%-12s  %llu by %s\n", any ? "" : label,
					   (unsigned long long)counts[i],
					   rw_report_cause_word((unsigned int)i));
		any = true;
	}
}

static void print_devices(struct rw_buf *buf, const struct rw_agent_facts *facts)
{
	for (size_t i = 0; i < facts->device_count; i++) {
		const struct rw_enforcer_device_status *device = &facts->devices[i];

		(void)rw_buf_append_format(buf, "%-12s  %s: %s (%s%s%s)\n", i ? "" : "interfaces",
					   device->name, rw_agent_hold_word(device),
					   device->tcx ? "tcx" : "clsact", device->text[0] ? ": " : "",
					   device->text);
		if (rw_early_state_word(device))
			(void)rw_buf_append_format(buf, "%-12s  %s: early drop is %s (%s%s%s)\n", "",
						   device->name, rw_early_state_word(device),
						   rw_early_hook_word(device), device->early_text ? ": " : "",
						   device->early_text ? device->early_text : "");
	}
	if (!facts->device_count)
		(void)rw_buf_append_format(buf, "%-12s  none under control\n", "interfaces");
}

/* "45 established, 2 assured": strongest first, as far as there are any. */
static void print_classes(struct rw_buf *buf, const struct rw_enforcer_status *counters)
{
	bool any = false;

	for (int class = RW_FLOW_CLASS_COUNT_ - 1; class >= 0; class --) {
		if (!counters->flows[class])
			continue;
		if (!any)
			(void)rw_buf_append_format(buf, "%-12s  ", "");
		(void)rw_buf_append_format(buf, "%s%llu %s", any ? ", " : "",
					   (unsigned long long)counters->flows[class],
					   rw_word_of(rw_words_flow_class, class));
		any = true;
	}
	if (any)
		(void)rw_buf_append_text(buf, "\n");
}

/* "504 KiB", "128 MiB": whole ones from 2 MiB on. */
static void print_bytes(struct rw_buf *buf, uint64_t bytes)
{
	bool large = bytes >= UINT64_C(2) << 20;

	(void)rw_buf_append_format(buf, "%llu %s", (unsigned long long)(large ? bytes >> 20 : bytes >> 10),
				   large ? "MiB" : "KiB");
}

static void print_enforcement(struct rw_buf *buf, const struct rw_agent_facts *facts)
{
	const struct rw_enforcer_status *counters = &facts->counters;
	unsigned long long flows = 0;

	for (size_t i = 0; i < RW_FLOW_CLASS_COUNT_; i++)
		if (i != RW_FLOW_TOMBSTONE)
			flows += counters->flows[i];
	(void)rw_buf_append_format(buf, "%-12s  %s\n", "persistence",
				   counters->persistent ? "pinned: goes on without the agent"
							: "not persistent: ends with the agent");
	(void)rw_buf_append_format(buf, "%-12s  %llu live, room for %u per family, %llu refused\n", "flows",
				   flows, counters->flow_capacity,
				   (unsigned long long)counters->flow_refused);
	print_classes(buf, counters);
	(void)rw_buf_append_format(buf, "%-12s  %u.%04u %% of all pairs of buckets\n", "full",
				   counters->full_pairs_ppm / 10000, counters->full_pairs_ppm % 10000);
	(void)rw_buf_append_format(buf, "%-12s  ", "tables");
	print_bytes(buf, counters->table_bytes);
	(void)rw_buf_append_text(buf, " of at most ");
	print_bytes(buf, counters->table_limit_bytes);
	(void)rw_buf_append_text(buf, ", ");
	print_bytes(buf, counters->table_memory_bytes);
	(void)rw_buf_append_format(buf, " taken from the kernel, generation %u\n", counters->generation);
	(void)rw_buf_append_format(buf, "%-12s  %llu packets\n", "passed",
				   (unsigned long long)counters->passed);
	print_counts(buf, "dropped", counters->dropped);
	if (counters->early)
		(void)rw_buf_append_format(buf, "%-12s  %llu of these early\n", "",
					   (unsigned long long)counters->early);
	print_counts(buf, "would drop", counters->would_drop);
}

/* That of the stream, and the others. */
static void print_controllers(struct rw_buf *buf, const struct rw_agent_view *view,
			      const struct rw_agent_session_status *session)
{
	const struct rw_controllers *controllers = view->controllers;
	const char *server = server_of(view), *label = "others";

	(void)rw_buf_append_format(buf, "%-12s  %s: %s\n", "controller", server,
				   session->connected   ? "connected"
				   : session->reason[0] ? session->reason
							: "connecting");
	for (size_t i = 0; i < controllers->count; i++) {
		if (strcmp(controllers->entries[i].url, server) == 0)
			continue;
		(void)rw_buf_append_format(buf, "%-12s  %s\n", label, controllers->entries[i].url);
		label = "";
	}
}

void rw_agent_view_write_text(const struct rw_agent_view *view, struct rw_buf *buf)
{
	struct rw_agent_facts facts;
	char summary[640];

	rw_agent_view_gather(view, &facts);
	summarise(&facts, summary, sizeof(summary));
	(void)rw_buf_append_format(buf, "%-12s  %s\n", "status", summary);
	if (view->node[0])
		(void)rw_buf_append_format(buf, "%-12s  %s\n", "node", view->node);
	if (view->file)
		(void)rw_buf_append_format(buf, "%-12s  %s%s%s\n", "policy", view->file,
					   view->file_problem[0] ? "; its newest form is refused: " : "",
					   view->file_problem);
	else if (facts.keeper.applied.revision)
		(void)rw_buf_append_format(buf, "%-12s  revision %llu\n", "policy",
					   (unsigned long long)facts.keeper.applied.revision);
	if (view->controllers)
		print_controllers(buf, view, &facts.session);
	else if (view->orphan)
		(void)rw_buf_append_format(buf, "%-12s  none: %s\n", "controller", view->orphan);
	if (view->renewal && view->renewal->certificate.fingerprint[0]) {
		char expires[RW_TIMESTAMP_SIZE];

		rw_timestamp_format(view->renewal->certificate.not_after_s * 1000, expires);
		(void)rw_buf_append_format(buf, "%-12s  until %s\n", "certificate", expires);
	}
	print_devices(buf, &facts);
	if (facts.has_counters)
		print_enforcement(buf, &facts);
}
