/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/analysis.h"

#include <string.h>

#include "analyze/compare.h"
#include "wire/analysis_parts.h"
#include "wire/object.h"
#include "wire/reader.h"

/* Bytes of a drop event. */
enum { EVENT_MAX = 16384 };

static void begin(struct rw_json_writer *json, struct rw_buf *buf)
{
	rw_json_writer_init(json, buf, false);
	rw_json_begin_object(json);
}

static int end(struct rw_json_writer *json, struct rw_error *err)
{
	rw_json_end_object(json);
	return rw_buf_check(json->buf, err);
}

static const char *verdict_word(enum rw_verdict verdict)
{
	return rw_word_of(rw_words_verdict, (int)verdict);
}

/* ---- trace ---- */

static void write_match(struct rw_json_writer *json, const struct rw_model *model,
			const struct rw_trace_match *match)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "rule", match->rule->id);
	rw_json_put_text(json, "outcome", rw_trace_outcome_name(match->outcome));
	rw_json_put_text(json, "policy", verdict_word(match->rule->policy));
	rw_json_put_integer(json, "priority", match->rule->priority);
	rw_analysis_put_group(json, model, match->group->id);
	if (match->other_group)
		rw_json_put_bool(json, "other_group", true);
	rw_analysis_put_rule_text(json, model, match->rule);
	rw_json_end_object(json);
}

static void write_step(struct rw_json_writer *json, const struct rw_model *model,
		       const struct rw_policy *policy, size_t interface, const struct rw_packet *packet,
		       const struct rw_trace *trace)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "node", policy->node_name);
	rw_json_put_text(json, "interface", policy->interfaces[interface].name);
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)packet->direction));
	rw_analysis_put_packet(json, "packet", packet);
	rw_json_put_text(json, "verdict", verdict_word(trace->decision.verdict));
	rw_json_put_text(json, "cause", rw_decision_cause(&trace->decision));
	if (trace->group)
		rw_analysis_put_group(json, model, trace->group->id);
	rw_json_put_bool(json, "monitored", policy->enforcement == RW_MONITOR);
	rw_json_key(json, "matches");
	rw_json_begin_array(json);
	for (size_t i = 0; i < trace->match_count; i++)
		write_match(json, model, &trace->matches[i]);
	rw_json_end_array(json);
	rw_json_end_object(json);
}

int rw_analysis_trace(const struct rw_source *source, const struct rw_path_question *question,
		      struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_path_done) struct rw_path path = {0};
	struct rw_json_writer json;
	int r = rw_path(source, question, &path, err);

	if (r < 0)
		return r;
	begin(&json, buf);
	rw_json_put_text(&json, "verdict", verdict_word(path.verdict));
	rw_json_key(&json, "steps");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < path.count; i++)
		write_step(&json, source->model, path.steps[i].policy, path.steps[i].interface,
			   &path.steps[i].packet, &path.steps[i].trace);
	rw_json_end_array(&json);
	return end(&json, err);
}

struct event {
	char *node;
	char interface[16];
	enum rw_direction direction;
	uint8_t protocol;
	struct rw_address local, remote;
	uint16_t local_port, remote_port;
	bool would;
	char cause[RW_ID_SIZE];
	int64_t time_ms;
};

static const struct rw_json_field event_fields[] = {
	RW_JSON_FIELD("node", struct event, node, rw_json_decode_text),
	RW_JSON_FIELD("interface", struct event, interface, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("direction", struct event, direction, rw_json_decode_word, .words = rw_words_direction,
		      .required = true),
	RW_JSON_FIELD("protocol", struct event, protocol, rw_json_decode_protocol, .required = true),
	RW_JSON_FIELD("local", struct event, local, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("remote", struct event, remote, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("local_port", struct event, local_port, rw_json_decode_integer, .max = 65535),
	RW_JSON_FIELD("remote_port", struct event, remote_port, rw_json_decode_integer, .max = 65535),
	RW_JSON_FIELD("would", struct event, would, rw_json_decode_bool),
	RW_JSON_FIELD("cause", struct event, cause, rw_json_decode_chars),
	RW_JSON_FIELD("time", struct event, time_ms, rw_json_decode_time),
};

static struct rw_packet packet_of(const struct event *event)
{
	return (struct rw_packet){
		.direction = event->direction,
		.protocol = event->protocol,
		.tcp_flags = event->protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
		.hop_limit = 64,
		.local = event->local,
		.remote = event->remote,
		.local_port = event->local_port,
		.remote_port = event->remote_port,
	};
}

static int trace_event(const struct rw_source *source, const struct event *event, const char *reference,
		       struct rw_buf *buf, struct rw_error *err)
{
	const struct rw_node *node = rw_model_find_node(source->model, reference);
	const struct rw_packet packet = packet_of(event);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	RW_CLEANUP(rw_trace_done) struct rw_trace trace = {0};
	struct rw_json_writer json;
	int interface, r;

	if (!node)
		return rw_error_field(err, "node", "there is no node '%s'", reference);
	if (event->local.family != event->remote.family)
		return rw_error_field(err, "remote", "one end is IPv4, the other IPv6");
	r = rw_source_derive(source, node->id, &policy, err);
	if (r < 0)
		return r;
	interface = rw_policy_find_interface(policy, event->interface);
	if (interface < 0)
		return rw_error_field(err, "interface", "node '%s' has no enforced interface '%s'",
				      node->name, event->interface);
	r = rw_trace(policy, (size_t)interface, &packet, &trace, err);
	if (r < 0)
		return r;
	begin(&json, buf);
	rw_json_put_text(&json, "verdict", verdict_word(trace.decision.verdict));
	if (event->cause[0]) {
		/* Rules may have changed since, or a flow decided. */
		rw_json_put_text(&json, "reported_cause", event->cause);
		rw_json_put_bool(&json, "same_cause",
				 strcmp(event->cause, rw_decision_cause(&trace.decision)) == 0);
	}
	rw_json_key(&json, "steps");
	rw_json_begin_array(&json);
	write_step(&json, source->model, policy, (size_t)interface, &packet, &trace);
	rw_json_end_array(&json);
	return end(&json, err);
}

int rw_analysis_trace_event(const struct rw_source *source, const char *node, const char *text,
			    struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct event event = {0};
	struct rw_json root;
	int r = rw_json_parse(text, strlen(text), EVENT_MAX, &document, err);

	if (!r) {
		root = rw_json_root(document);
		r = rw_json_decode(&root, RW_JSON_FIELDS(event_fields), &event, NULL, err);
	}
	if (!r && !node && !event.node)
		r = rw_error_field(err, "node", "is missing: which node reported this?");
	if (!r)
		r = trace_event(source, &event, node ? node : event.node, buf, err);
	free(event.node);
	return r;
}

/* ---- reach ---- */

static void write_cause(struct rw_json_writer *json, const struct rw_model *model,
			const struct rw_reach_cause *cause)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "cause", cause->word);
	if (cause->group[0])
		rw_analysis_put_group(json, model, cause->group);
	if (cause->rule) {
		rw_json_put_integer(json, "priority", cause->rule->priority);
		rw_analysis_put_rule_text(json, model, cause->rule);
	}
	rw_json_end_object(json);
}

static void write_because(struct rw_json_writer *json, const struct rw_model *model,
			  const struct rw_reach *reach, const struct rw_reach_because *because)
{
	rw_json_key(json, "because");
	rw_json_begin_array(json);
	for (size_t i = 0; i < because->count; i++)
		write_cause(json, model, &reach->causes[because->causes[i]]);
	rw_json_end_array(json);
	if (because->omitted)
		rw_json_put_integer(json, "because_omitted", (int64_t)because->omitted);
}

int rw_analysis_reach(const struct rw_source *source, const struct rw_reach_question *question,
		      struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_reach_done) struct rw_reach reach = {0};
	struct rw_json_writer json;
	int r = rw_reach(source, question, &reach, err);

	if (r < 0)
		return r;
	begin(&json, buf);
	rw_json_put_integer(&json, "node_count", (int64_t)reach.node_count);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < reach.part_count; i++) {
		const struct rw_reach_part *part = &reach.parts[i];

		for (size_t j = 0; !r && j < part->boxes.count; j++) {
			rw_json_begin_object(&json);
			rw_analysis_put_nodes(&json, part->nodes, part->node_count);
			rw_json_put_text(&json, "interface", part->interface);
			r = rw_analysis_put_box(&json, &part->boxes.list[j]);
			if (part->because)
				write_because(&json, source->model, &reach, &part->because[j]);
			rw_json_end_object(&json);
		}
	}
	rw_json_end_array(&json);
	return r < 0 ? rw_error_oom(err) : end(&json, err);
}

static void write_matrix_row(struct rw_json_writer *json, const struct rw_reach_matrix *matrix,
			     const struct rw_reach_row *row)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "cluster", row->cluster->name);
	rw_analysis_put_service(json, row->protocol_first, row->protocol_last, &row->ports, 1);
	rw_json_key(json, "reach");
	rw_json_begin_object(json);
	for (size_t i = 0; i < matrix->zone_count; i++)
		rw_json_put_text(json,
				 matrix->zones[i].group ? matrix->zones[i].group->id : matrix->zones[i].name,
				 rw_reach_extent_names[row->extents[i]]);
	rw_json_end_object(json);
	rw_json_end_object(json);
}

int rw_analysis_reach_matrix(const struct rw_source *source, const char *cluster, struct rw_buf *buf,
			     struct rw_error *err)
{
	RW_CLEANUP(rw_reach_matrix_done) struct rw_reach_matrix matrix = {0};
	struct rw_json_writer json;
	int r = rw_reach_matrix(source, cluster, &matrix, err);

	if (r < 0)
		return r;
	begin(&json, buf);
	rw_json_key(&json, "zones");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < matrix.zone_count; i++) {
		const struct rw_reach_zone *zone = &matrix.zones[i];

		rw_json_begin_object(&json);
		rw_json_put_text(&json, "id", zone->group ? zone->group->id : zone->name);
		rw_json_put_text(&json, "name", zone->name);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_put_integer(&json, "zones_omitted", (int64_t)matrix.zones_omitted);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < matrix.row_count; i++)
		write_matrix_row(&json, &matrix, &matrix.rows[i]);
	rw_json_end_array(&json);
	return end(&json, err);
}

/* ---- diff ---- */

static void write_reasons(struct rw_json_writer *json, const struct rw_diff_change *change)
{
	rw_json_key(json, "because");
	rw_json_begin_array(json);
	for (size_t i = 0; i < change->reason_count; i++) {
		rw_json_begin_object(json);
		rw_json_put_text(json, "before", rw_decision_cause(&change->reasons[i].before));
		rw_json_put_text(json, "after", rw_decision_cause(&change->reasons[i].after));
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	if (change->reasons_omitted)
		rw_json_put_integer(json, "because_omitted", (int64_t)change->reasons_omitted);
}

static int write_part(struct rw_json_writer *json, const struct rw_comparison_part *part)
{
	int r = 0;

	for (size_t i = 0; !r && i < part->diff.boxes.count; i++) {
		const struct rw_diff_change *change = &part->diff.changes[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "change", change->opens ? "opens" : "closes");
		rw_analysis_put_nodes(json, part->nodes, part->node_count);
		rw_json_put_text(json, "interface", part->interface);
		rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)part->direction));
		r = rw_analysis_put_box(json, &part->diff.boxes.list[i]);
		write_reasons(json, change);
		rw_analysis_put_packet(json, "witness", &change->witness);
		rw_json_end_object(json);
	}
	return r;
}

int rw_analysis_diff(const struct rw_source *before, const struct rw_source *after, struct rw_buf *buf,
		     bool *ret_different, struct rw_error *err)
{
	RW_CLEANUP(rw_comparison_done) struct rw_comparison comparison = {0};
	struct rw_json_writer json;
	int r = rw_compare(before, after, &comparison, err);

	if (r < 0)
		return r;
	*ret_different = comparison.part_count || comparison.aside_count;
	begin(&json, buf);
	rw_json_put_bool(&json, "different", *ret_different);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; !r && i < comparison.part_count; i++)
		r = write_part(&json, &comparison.parts[i]);
	rw_json_end_array(&json);
	rw_json_key(&json, "notes");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < comparison.aside_count; i++) {
		const struct rw_comparison_aside *aside = &comparison.asides[i];

		rw_json_begin_object(&json);
		rw_json_put_text(&json, "note", rw_comparison_note_name(aside->note));
		rw_json_put_text(&json, "node", aside->node->name);
		if (aside->interface[0])
			rw_json_put_text(&json, "interface", aside->interface);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	return r < 0 ? rw_error_oom(err) : end(&json, err);
}

/* ---- lint ---- */

static void write_causes(struct rw_json_writer *json, const struct rw_lint_finding *finding)
{
	rw_json_key(json, "because");
	rw_json_begin_array(json);
	for (size_t i = 0; i < finding->cause_count; i++) {
		const struct rw_lint_cause *cause = &finding->causes[i];

		rw_json_write_text(json, cause->rule ? cause->rule->id : rw_cause_name(cause->cause));
	}
	rw_json_end_array(json);
	if (finding->causes_omitted)
		rw_json_put_bool(json, "because_omitted", true);
}

static void write_mend(struct rw_json_writer *json, const struct rw_model *model,
		       const struct rw_lint_finding *finding)
{
	static const char *const actions[] = {
		[RW_LINT_NOTHING] = "none",
		[RW_LINT_REMOVE] = "remove",
		[RW_LINT_MERGE] = "merge",
		[RW_LINT_WEAKEN] = "weaken",
	};
	const struct rw_lint_mend *mend = &finding->mend;

	rw_json_key(json, "mend");
	rw_json_begin_object(json);
	rw_json_put_text(json, "action", actions[mend->action]);
	if (mend->action != RW_LINT_NOTHING) {
		rw_json_put_bool(json, "keeps_meaning", mend->keeps_meaning);
		rw_json_put_bool(json, "together", mend->together);
	}
	if (mend->action == RW_LINT_WEAKEN)
		rw_json_put_integer(json, "priority", mend->priority);
	if (mend->action == RW_LINT_MERGE) {
		struct rw_rule merged = *finding->rule;

		merged.ports = mend->ports;
		merged.object = mend->object;
		rw_analysis_put_rule_text(json, model, &merged);
	}
	rw_json_end_object(json);
}

int rw_analysis_lint(const struct rw_source *source, const char *text, const struct rw_lint_hits *hits,
		     size_t hit_count, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_model_lint_done) struct rw_model_lint lint = {0};
	struct rw_json_writer json;
	struct rw_scope scope;
	int r = rw_scope_find(source->model, "scope", text, &scope, err);

	if (!r)
		r = rw_lint_model(source, &scope, hits, hit_count, &lint, err);
	if (r < 0)
		return r;
	begin(&json, buf);
	rw_json_put_integer(&json, "rule_count", (int64_t)lint.report.rule_count);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < lint.report.count; i++) {
		const struct rw_lint_finding *finding = &lint.report.list[i];

		rw_json_begin_object(&json);
		rw_json_put_text(&json, "finding", rw_lint_kind_name(finding->kind));
		rw_json_put_text(&json, "rule", finding->rule->id);
		rw_analysis_put_group(&json, source->model, finding->group);
		rw_analysis_put_rule_text(&json, source->model, finding->rule);
		write_causes(&json, finding);
		if (finding->kind == RW_LINT_NEVER_HIT)
			rw_json_put_integer(&json, "watched_s", finding->watched_ms / 1000);
		write_mend(&json, source->model, finding);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	return end(&json, err);
}
