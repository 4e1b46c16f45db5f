/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include <string.h>

#include "group/members.h"

static const void *find(const struct rw_model *model, enum rw_kind kind, const char *reference)
{
	const void *object = rw_model_find(model, kind, reference);
	const struct rw_cluster *cluster;

	if (object || kind != RW_KIND_GROUP)
		return object;
	cluster = rw_model_find_cluster(model, reference);
	return cluster ? rw_model_find_group(model, cluster->security_group) : NULL;
}

int rw_api_find(const struct rw_model *model, enum rw_kind kind, const char *reference,
		const void **ret_object, struct rw_error *err)
{
	char quoted[160];

	*ret_object = find(model, kind, reference);
	if (*ret_object)
		return 0;
	rw_json_quote(reference, quoted, sizeof(quoted));
	return rw_error_set(err, -ENOENT, "there is no %s \"%s\"", rw_kind_name(kind), quoted);
}

static int resolve(const struct rw_resolver *resolver, enum rw_kind kind, const char *reference,
		   char ret_id[RW_ID_SIZE])
{
	const void *object = find(resolver->data, kind, reference);

	if (!object)
		return -ENOENT;
	(void)memcpy(ret_id, rw_object_id(kind, object), RW_ID_SIZE);
	return 0;
}

struct rw_resolver rw_api_resolver(const struct rw_model *model)
{
	return (struct rw_resolver){.resolve = resolve, .data = model};
}

void rw_api_put_status(struct rw_json_writer *json, const struct rw_node_status *status)
{
	rw_json_put_text(json, "state", rw_word_of(rw_words_node_state, (int)status->state));
	rw_json_put_time(json, "since", status->since_ms);
	rw_json_put_revision(json, "applied", status->applied);
	rw_json_put_revision(json, "wanted", status->wanted);
	rw_json_put_text(json, "reason", status->reason ? status->reason : "");
	rw_json_put_integer(json, "lag_ms", (int64_t)status->lag_ms);
	rw_json_put_text(json, "agent_version", status->agent_version);
	if (status->last_report_ms)
		rw_json_put_time(json, "last_report", status->last_report_ms);
	if (status->certificate_expires_ms)
		rw_json_put_time(json, "certificate_expires", status->certificate_expires_ms);
}

/* What one node's agent reports, in full. */
static void put_details(struct rw_json_writer *json, const struct rw_node_status *status)
{
	if (!status->last_report_ms)
		return;
	rw_json_put_bool(json, "persistent", status->persistent);
	rw_report_put_causes(json, "drops", status->drops);
	rw_report_put_causes(json, "would_drops", status->would_drops);
	rw_report_put_kernel(json, status->kernel, true);
}

static void put_refusals(const struct rw_controller *controller, struct rw_json_writer *json,
			 const struct rw_node_status *status)
{
	char text[256];

	if (status->refusal_count == 0)
		return;
	rw_json_key(json, "refused_addresses");
	rw_json_begin_array(json);
	for (size_t i = 0; i < status->refusal_count; i++) {
		rw_node_status_refusal(controller, status, i, text, sizeof(text));
		rw_json_write_text(json, text);
	}
	rw_json_end_array(json);
}

static void put_counts(const struct rw_model *model, struct rw_json_writer *json,
		       const struct rw_group *group)
{
	rw_json_put_integer(json, "rule_count", (int64_t)group->rule_count);
	rw_json_put_integer(json, "member_count", (int64_t)rw_group_member_count(model, group));
}

static void put_cluster(const struct rw_controller *controller, struct rw_json_writer *json,
			const struct rw_cluster *cluster, const struct rw_vec *counts)
{
	const struct rw_group *group =
		rw_model_find_group(rw_controller_model(controller), cluster->security_group);
	const struct rw_cluster_nodes *nodes = rw_cluster_nodes_find(counts, cluster->id);

	if (group)
		rw_json_put_integer(json, "rule_count", (int64_t)group->rule_count);
	if (!nodes)
		return;
	rw_json_key(json, "nodes");
	rw_json_begin_object(json);
	rw_json_put_integer(json, "total", (int64_t)nodes->total);
	for (int i = 0; i < RW_NODE_STATE_COUNT_; i++)
		rw_json_put_integer(json, rw_word_of(rw_words_node_state, i), (int64_t)nodes->states[i]);
	rw_json_end_object(json);
}

/* What the API adds to the model's fields, as members of the open object. */
static void put_extras(const struct rw_controller *controller, struct rw_json_writer *json, enum rw_kind kind,
		       const void *object, bool whole, const struct rw_vec *counts)
{
	struct rw_node_status status;

	if (kind == RW_KIND_CLUSTER)
		put_cluster(controller, json, object, counts);
	if (kind == RW_KIND_GROUP) {
		put_counts(rw_controller_model(controller), json, object);
	} else if (kind == RW_KIND_NODE && ((const struct rw_node *)object)->agent == RW_AGENT_MANAGED &&
		   rw_node_status_find(controller, rw_object_id(kind, object), &status) == 0) {
		rw_api_put_status(json, &status);
		if (whole)
			put_details(json, &status);
		put_refusals(controller, json, &status);
	}
}

/* Writes two JSON objects as one.  Neither is empty but maybe the second. */
static void write_joined(struct rw_json_writer *json, struct rw_buf *first, const struct rw_buf *second)
{
	if (second->size > 2) {
		first->data[first->size - 1] = ',';
		(void)rw_buf_append(first, second->data + 1, second->size - 1);
	}
	rw_buf_fail(json->buf, first->failed);
	rw_buf_fail(json->buf, second->failed);
	rw_json_write_raw(json, first->data, first->size);
}

void rw_api_write_object(const struct rw_controller *controller, struct rw_json_writer *json,
			 enum rw_kind kind, const void *object, bool whole, const struct rw_vec *counts)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf fields;
	RW_CLEANUP(rw_buf_done) struct rw_buf extras;
	struct rw_json_writer writer;

	rw_buf_init(&fields, RW_API_ANSWER_MAX);
	rw_buf_init(&extras, 1u << 20);
	rw_json_writer_init(&writer, &fields, false);
	if (kind == RW_KIND_GROUP && !whole)
		rw_group_encode_head(&writer, object);
	else
		rw_object_encode(&writer, kind, object);
	rw_json_writer_init(&writer, &extras, false);
	rw_json_begin_object(&writer);
	put_extras(controller, &writer, kind, object, whole, counts);
	rw_json_end_object(&writer);
	write_joined(json, &fields, &extras);
}

void rw_api_write_past_group(struct rw_json_writer *json, const struct rw_model *past,
			     const struct rw_group *group)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf fields;
	RW_CLEANUP(rw_buf_done) struct rw_buf extras;
	struct rw_json_writer writer;

	rw_buf_init(&fields, RW_API_ANSWER_MAX);
	rw_buf_init(&extras, 1u << 20);
	rw_json_writer_init(&writer, &fields, false);
	rw_object_encode(&writer, RW_KIND_GROUP, group);
	rw_json_writer_init(&writer, &extras, false);
	rw_json_begin_object(&writer);
	put_counts(past, &writer, group);
	rw_json_end_object(&writer);
	write_joined(json, &fields, &extras);
}

void rw_api_write_rule(const struct rw_controller *controller, struct rw_json_writer *json,
		       const struct rw_rule *rule)
{
	struct rw_rule_hits hits = rw_session_rule_hits(controller, rule->id);
	RW_CLEANUP(rw_buf_done) struct rw_buf fields;
	RW_CLEANUP(rw_buf_done) struct rw_buf extras;
	struct rw_json_writer writer;

	rw_buf_init(&fields, 1u << 20);
	rw_buf_init(&extras, 1u << 20);
	rw_json_writer_init(&writer, &fields, false);
	rw_rule_encode(&writer, rule);
	rw_json_writer_init(&writer, &extras, false);
	rw_json_begin_object(&writer);
	rw_json_put_revision(&writer, "hits", hits.packets);
	if (hits.last_hit_ms)
		rw_json_put_time(&writer, "last_hit", hits.last_hit_ms);
	rw_json_end_object(&writer);
	write_joined(json, &fields, &extras);
}
