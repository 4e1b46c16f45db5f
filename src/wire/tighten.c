/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tighten.h"

#include <inttypes.h>
#include <stdio.h>

#include "wire/analysis_parts.h"
#include "wire/findings.h"
#include "wire/object.h"
#include "wire/writer.h"

static void put_name(struct rw_json_writer *json, const struct rw_model *model, enum rw_kind kind,
		     const char *id)
{
	const void *object = id[0] ? rw_model_find(model, kind, id) : NULL;

	if (object)
		rw_json_put_text(json, "name", rw_object_name(kind, object));
}

/* ---- exposure ---- */

/* Far beyond 64 bits for IPv6: a number with its first digits. */
static void put_amount(struct rw_json_writer *json, const char *key, double amount)
{
	char text[64];
	int size = snprintf(text, sizeof(text), amount < 1e15 ? "%.0f" : "%.6e", amount);

	rw_json_key(json, key);
	rw_json_write_raw(json, text, (size_t)size);
}

static void put_exposure(struct rw_json_writer *json, const struct rw_tighten_exposure *exposure)
{
	rw_json_key(json, "exposure");
	rw_json_begin_object(json);
	put_amount(json, "ipv4", exposure->v4);
	put_amount(json, "ipv6", exposure->v6);
	rw_opens_put(json, "to_internet", &exposure->to_internet);
	rw_json_end_object(json);
}

/* ---- rules ---- */

/* "rule": {...}, "text": "allow tcp 443 from any". */
static void put_rule(struct rw_json_writer *json, const struct rw_model *model, const struct rw_rule *rule)
{
	rw_json_key(json, "rule");
	rw_rule_encode(json, rule);
	rw_analysis_put_rule_text(json, model, rule);
}

static void put_added(struct rw_json_writer *json, const struct rw_model *model,
		      const struct rw_tighten_rule *added)
{
	rw_json_begin_object(json);
	put_rule(json, model, added->rule);
	rw_json_put_text(json, "reason", rw_tighten_reason_name(added->reason));
	rw_json_put_text(json, "why", added->why);
	if (added->flows) {
		rw_json_put_revision(json, "flows", added->flows);
		rw_json_put_integer(json, "clients", (int64_t)added->clients);
		rw_json_put_address(json, "last_client", &added->last_client);
		if (added->last_ms)
			rw_json_put_time(json, "last", added->last_ms);
	}
	if (added->node[0]) {
		rw_json_put_text(json, "node", added->node);
		put_name(json, model, RW_KIND_NODE, added->node);
	}
	if (added->process[0])
		rw_json_put_text(json, "process", added->process);
	rw_json_end_object(json);
}

/* ---- differences ---- */

static void put_difference(struct rw_json_writer *json, const struct rw_model *model,
			   const struct rw_tighten_difference *difference)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "nic_type", rw_word_of(rw_words_nic_type, (int)difference->nic_type));
	if (difference->node[0]) {
		rw_json_put_text(json, "node", difference->node);
		put_name(json, model, RW_KIND_NODE, difference->node);
		rw_json_put_text(json, "interface", difference->interface);
	}
	rw_json_key(json, "changes");
	rw_json_begin_array(json);
	for (size_t i = 0; i < difference->diff.boxes.count; i++) {
		rw_json_begin_object(json);
		rw_json_put_text(json, "change", difference->diff.changes[i].opens ? "opens" : "closes");
		if (rw_analysis_put_box(json, &difference->diff.boxes.list[i]) < 0)
			rw_buf_fail(json->buf, -ENOMEM);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	rw_json_end_object(json);
}

/* ---- steps ---- */

static void put_refusal(struct rw_json_writer *json, const struct rw_model *model,
			const struct rw_tighten_refusal *refusal)
{
	const struct rw_evidence_flow *flow = &refusal->flow;
	char protocol[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(flow->protocol, protocol);
	rw_json_begin_object(json);
	rw_json_put_text(json, "node", refusal->node);
	put_name(json, model, RW_KIND_NODE, refusal->node);
	rw_json_put_text(json, "interface", refusal->interface);
	rw_json_put_text(json, "protocol", protocol);
	if (rw_protocol_has_ports(flow->protocol))
		rw_json_put_integer(json, "port", flow->port);
	rw_json_put_address(json, "remote", &flow->remote);
	rw_json_put_revision(json, "count", flow->count);
	if (flow->last_ms)
		rw_json_put_time(json, "last", flow->last_ms);
	rw_json_put_text(json, "why", refusal->why);
	rw_json_end_object(json);
}

static void put_refusals(struct rw_json_writer *json, const struct rw_model *model,
			 const struct rw_vec *refusals)
{
	rw_json_key(json, "refusals");
	rw_json_begin_array(json);
	for (size_t i = 0; i < refusals->count; i++)
		put_refusal(json, model, rw_vec_at(refusals, i));
	rw_json_end_array(json);
}

/* What came since, judged by the rules that the whole plan gives. */
static void put_staged(struct rw_json_writer *json, const struct rw_model *model,
		       const struct rw_tighten_plan *plan, int64_t since_ms)
{
	rw_json_key(json, "staged");
	rw_json_begin_object(json);
	rw_json_put_time(json, "since", since_ms);
	rw_json_put_integer(json, "judged", (int64_t)plan->judged);
	rw_json_put_integer(json, "refused", (int64_t)plan->would_drop_count);
	put_refusals(json, model, &plan->would_drop);
	rw_json_end_object(json);
}

void rw_tighten_format_digest(uint64_t digest, char text[RW_TIGHTEN_DIGEST_SIZE])
{
	(void)snprintf(text, RW_TIGHTEN_DIGEST_SIZE, "%016" PRIx64, digest);
}

static void put_step(struct rw_json_writer *json, const struct rw_model *model,
		     const struct rw_tighten_step *step)
{
	char digest[RW_TIGHTEN_DIGEST_SIZE];

	rw_tighten_format_digest(step->digest, digest);
	rw_json_begin_object(json);
	rw_json_put_text(json, "step", rw_tighten_step_name(step->kind));
	rw_json_put_text(json, "digest", digest);
	rw_json_put_text(json, "title", rw_tighten_step_title(step->kind));
	rw_json_key(json, "add");
	rw_json_begin_array(json);
	for (size_t i = 0; i < step->add.count; i++)
		put_added(json, model, rw_vec_at(&step->add, i));
	rw_json_end_array(json);
	rw_json_key(json, "revoke");
	rw_json_begin_array(json);
	for (size_t i = 0; i < step->revoke.count; i++) {
		rw_json_begin_object(json);
		put_rule(json, model, *(struct rw_rule **)rw_vec_at(&step->revoke, i));
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	rw_json_key(json, "differences");
	rw_json_begin_array(json);
	for (size_t i = 0; i < step->differences.count; i++)
		put_difference(json, model, rw_vec_at(&step->differences, i));
	rw_json_end_array(json);
	put_exposure(json, &step->exposure);
	rw_json_put_integer(json, "refused", (int64_t)step->refused);
	put_refusals(json, model, &step->refusals);
	rw_json_end_object(json);
}

static void put_need(struct rw_json_writer *json, const struct rw_tighten_need *need)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "needs", rw_tighten_need_name(need->kind));
	if (need->object[0]) {
		rw_json_put_text(json, need->kind == RW_TIGHTEN_NEEDS_SOURCES ? "load_balancer" : "node",
				 need->object);
		rw_json_put_text(json, "name", need->name);
	}
	rw_json_put_text(json, "text", need->text);
	rw_json_end_object(json);
}

int rw_tighten_encode(struct rw_buf *buf, const struct rw_model *model, const struct rw_tighten_plan *plan,
		      int64_t since_ms, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "cluster", plan->cluster);
	put_name(&json, model, RW_KIND_CLUSTER, plan->cluster);
	rw_json_put_text(&json, "group", plan->group);
	rw_json_put_text(&json, "state", rw_tighten_state_name(plan->state));
	rw_json_put_integer(&json, "observed", (int64_t)plan->observed);
	if (plan->observed_since_ms)
		rw_json_put_time(&json, "observed_since", plan->observed_since_ms);
	rw_json_key(&json, "needs");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < plan->needs.count; i++)
		put_need(&json, rw_vec_at(&plan->needs, i));
	rw_json_end_array(&json);
	if (plan->state == RW_TIGHTEN_READY)
		put_exposure(&json, &plan->exposure);
	if (since_ms)
		put_staged(&json, model, plan, since_ms);
	rw_json_key(&json, "steps");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < plan->steps.count; i++)
		put_step(&json, model, rw_vec_at(&plan->steps, i));
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}
