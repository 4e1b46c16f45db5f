/* SPDX-License-Identifier: Apache-2.0 */

/* The tightening of a cluster: the plan, what came since it was made, its steps, and the way back. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "audit/tighten.h"
#include "controller/audit.h"
#include "controller/evidence.h"
#include "wire/rule_text.h"
#include "wire/tighten.h"

/* Actions of the change log begin so; the step's name follows. */
#define ACTION      "tighten: "
#define ACTION_UNDO ACTION "undo"

/* How far back the way back is looked for. */
#define RECORDS_MAX 10000

/* What one request is about. */
struct question {
	const struct rw_api_call *call;
	char cluster[RW_ID_SIZE];
	char group[RW_ID_SIZE];
	int64_t since_ms, stage_ms;
	struct rw_tighten_service declared[RW_TIGHTEN_SERVICES_MAX], closed[RW_TIGHTEN_SERVICES_MAX];
	size_t declared_count, closed_count;
	bool without_flows, without_listeners;
	struct rw_evidence evidence, staged;
};

static void question_done(struct question *question)
{
	rw_evidence_done(&question->evidence);
	rw_evidence_done(&question->staged);
}
RW_DEFINE_DONE(struct question, question_done)

/* ---- what is asked ---- */

static int get_time(const struct rw_api_call *call, const char *name, int64_t *ret_ms, struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	if (!text || rw_timestamp_parse(text, ret_ms))
		return 0;
	(void)rw_error_field(err, name, "'%.40s' is no time", text);
	return rw_error_hint(err, "Write it as 2026-11-24T02:28:29Z.");
}

static int get_services(const struct rw_api_call *call, const char *name,
			struct rw_tighten_service services[RW_TIGHTEN_SERVICES_MAX], size_t *ret_count,
			struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	*ret_count = 0;
	return text ? rw_tighten_services_parse(text, name, services, ret_count, err) : 0;
}

static int find_cluster(struct question *question, struct rw_error *err)
{
	const struct rw_cluster *cluster;
	const void *object = NULL;
	int r = rw_api_find(rw_controller_model(question->call->controller), RW_KIND_CLUSTER,
			    question->call->names[0], &object, err);

	if (r < 0)
		return r;
	cluster = object;
	memcpy(question->cluster, cluster->id, RW_ID_SIZE);
	memcpy(question->group, cluster->security_group, RW_ID_SIZE);
	return 0;
}

/* Listeners and flows; flows up to the moment from which others are judged. */
static int gather(struct question *question, struct rw_error *err)
{
	struct rw_controller *controller = question->call->controller;
	int r = rw_controller_evidence(controller, &question->evidence, err);

	if (r == 0)
		r = rw_controller_flow_evidence(controller, question->cluster, question->since_ms,
						question->stage_ms, &question->evidence, err);
	if (r == 0 && question->stage_ms)
		r = rw_controller_flow_evidence(controller, question->cluster, question->stage_ms, 0,
						&question->staged, err);
	/* Without a history flows are not known, and the plan says so. */
	return r == -ENOENT ? 0 : r;
}

static int question_init(struct question *question, const struct rw_api_call *call, struct rw_error *err)
{
	int r;

	*question = (struct question){.call = call};
	rw_evidence_init(&question->evidence);
	rw_evidence_init(&question->staged);
	r = find_cluster(question, err);
	if (r == 0)
		r = get_time(call, "since", &question->since_ms, err);
	if (r == 0)
		r = get_time(call, "stage", &question->stage_ms, err);
	if (r == 0)
		r = get_services(call, "need", question->declared, &question->declared_count, err);
	if (r == 0)
		r = get_services(call, "close", question->closed, &question->closed_count, err);
	if (r == 0)
		r = rw_api_flag(call, "without_flows", &question->without_flows, err);
	if (r == 0)
		r = rw_api_flag(call, "without_listeners", &question->without_listeners, err);
	return r < 0 ? r : gather(question, err);
}

/* Author and time are filled in by the change that adds the rules. */
static int make_plan(const struct question *question, const struct rw_model *model,
		     struct rw_tighten_plan *ret_plan, struct rw_error *err)
{
	const struct rw_edit_context context = {.random = rw_random_system()};
	const struct rw_tighten_input input = {
		.model = model,
		.cluster = question->cluster,
		.evidence = &question->evidence,
		.staged = question->stage_ms ? &question->staged : NULL,
		.declared = question->declared,
		.declared_count = question->declared_count,
		.closed = question->closed,
		.closed_count = question->closed_count,
		.without_listeners = question->without_listeners,
		.without_flows = question->without_flows,
		.context = &context,
	};

	return rw_tighten_make(&input, ret_plan, err);
}

int rw_api_get_tighten(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan = {0};
	const struct rw_model *model = rw_controller_model(call->controller);
	RW_CLEANUP(question_done) struct question question;
	struct rw_buf buf;
	int r = question_init(&question, call, err);

	if (r == 0)
		r = make_plan(&question, model, &plan, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_tighten_encode(&buf, model, &plan, question.stage_ms, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 200, &buf);
	return 0;
}

/* ---- a step ---- */

static int get_step(const struct rw_api_call *call, enum rw_tighten_step_kind *ret_kind, struct rw_error *err)
{
	static const char *const members[] = {"step", NULL};
	struct rw_json member;
	const char *name;
	int r = rw_api_check_members(&call->body, members, err);

	if (r < 0)
		return r;
	if (!rw_json_find(&call->body, "step", &member))
		return rw_error_field(err, "step", "it is missing: the name of the plan's first step");
	r = rw_json_text(&member, 40, &name, err);
	if (r < 0)
		return r;
	for (int kind = 0; kind < RW_TIGHTEN_STEP_COUNT_; kind++)
		if (strcmp(rw_tighten_step_name((enum rw_tighten_step_kind)kind), name) == 0) {
			*ret_kind = (enum rw_tighten_step_kind)kind;
			return 0;
		}
	(void)rw_error_field(err, "step", "there is no step '%.40s'", name);
	return rw_error_hint(err, "GET /v1/clusters/{ref}/tighten gives the steps.");
}

struct step_change {
	const struct question *question;
	enum rw_tighten_step_kind kind;
};

/* The first step of the plan for the model of now: it must be the one that the caller has seen. */
static int edit_step(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan = {0};
	const struct step_change *change = userdata;
	const struct rw_tighten_step *first;
	int r = make_plan(change->question, rw_draft_model(draft), &plan, err);

	if (r < 0)
		return r;
	if (plan.state == RW_TIGHTEN_BLOCKED) {
		(void)rw_error_set(err, -EBUSY, "there is no plan: evidence is missing");
		return rw_error_hint(err, "The plan says what it needs.");
	}
	first = plan.steps.count ? rw_vec_at(&plan.steps, 0) : NULL;
	if (!first || first->kind != change->kind) {
		(void)rw_error_set(err, -ESTALE, "the plan begins with %s now, not with step %s",
				   first ? rw_tighten_step_name(first->kind) : "nothing to do",
				   rw_tighten_step_name(change->kind));
		return rw_error_hint(err, "Look at the plan again.");
	}
	return rw_tighten_apply(draft, change->question->group, first, err);
}

int rw_api_apply_tighten(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(question_done) struct question question;
	struct step_change step = {.question = &question};
	struct rw_api_change change = {.edit = edit_step,
				       .userdata = &step,
				       .items_are_rules = true,
				       .kind = RW_KIND_GROUP,
				       .reference = question.group};
	char action[RW_CHANGE_ACTION_MAX + 1];
	int r = question_init(&question, call, err);

	if (r == 0)
		r = get_step(call, &step.kind, err);
	if (r < 0)
		return r;
	(void)snprintf(action, sizeof(action), ACTION "%s", rw_tighten_step_name(step.kind));
	change.action = action;
	return rw_api_run_change(call, &change, err);
}

/* ---- the way back ---- */

/* What the steps did that were not undone yet: out of the change log, newest first. */
struct way_back {
	char group[RW_ID_SIZE];
	struct rw_vec rules; /* struct rw_rule *: deleted by the steps */
	struct rw_vec ids;   /* char[RW_ID_SIZE]: of rules that they added */
	bool is_complete;    /* an earlier undo, or the beginning, was reached */
};

static void way_back_done(struct way_back *back)
{
	rw_rules_done(&back->rules);
	rw_vec_done(&back->ids);
}
RW_DEFINE_DONE(struct way_back, way_back_done)

static bool is_text(const struct rw_json *object, const char *key, const char *expected)
{
	struct rw_json member;
	const char *text;

	return rw_json_find(object, key, &member) && rw_json_prose(&member, 4096, &text, NULL) == 0 &&
	       strcmp(text, expected) == 0;
}

static int note_item(struct way_back *back, const struct rw_json *item, struct rw_error *err)
{
	struct rw_json before, id;
	char(*slot)[RW_ID_SIZE];
	struct rw_rule **rule;
	const char *text;
	int r;

	if (rw_json_find(item, "before", &before) && rw_json_type(&before) == RW_JSON_OBJECT) {
		r = rw_vec_push(&back->rules, &rule);
		if (r == 0) {
			r = rw_rule_decode(&before, NULL, rule, err);
			back->rules.count -= r < 0;
		}
		return r;
	}
	if (!rw_json_find(item, "id", &id))
		return 0;
	r = rw_json_text(&id, RW_ID_SIZE - 1, &text, err);
	if (r == 0)
		r = rw_vec_push(&back->ids, &slot);
	if (r == 0)
		(void)snprintf(*slot, RW_ID_SIZE, "%s", text);
	return r;
}

/* One record of the log: the rules of our group in it, if a step made it. */
static int note_record(struct way_back *back, const char *json, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root, changes, action;
	const char *name;
	bool is_ours = false;
	int r;

	if (!strstr(json, "\"" ACTION))
		return 0;
	r = rw_json_parse(json, strlen(json), RW_API_ANSWER_MAX, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	if (!rw_json_find(&root, "action", &action) || rw_json_text(&action, 64, &name, NULL) < 0 ||
	    strncmp(name, ACTION, strlen(ACTION)) != 0 || !rw_json_find(&root, "changes", &changes))
		return 0;
	for (size_t i = 0; r == 0 && i < rw_json_count(&changes); i++) {
		struct rw_json item = rw_json_at(&changes, i);

		if (!is_text(&item, "kind", "rule") || !is_text(&item, "security_group", back->group))
			continue;
		is_ours = true;
		if (strcmp(name, ACTION_UNDO) != 0)
			r = note_item(back, &item, err);
	}
	back->is_complete = is_ours && strcmp(name, ACTION_UNDO) == 0;
	return r;
}

static int find_way_back(struct rw_controller *controller, struct way_back *back, struct rw_error *err)
{
	uint64_t before = 0;
	size_t looked_at = 0;
	int r = 0;

	while (r == 0 && !back->is_complete && looked_at < RECORDS_MAX) {
		RW_CLEANUP(rw_audit_page_done) struct rw_audit_page page = {0};

		r = rw_audit_list(controller, before, RW_AUDIT_PAGE_MAX, &page, err);
		for (size_t i = 0; r == 0 && !back->is_complete && i < page.count; i++)
			r = note_record(back, page.records[i].json, err);
		looked_at += page.count;
		before = page.next;
		if (r == 0 && before == 0)
			back->is_complete = true;
	}
	if (r == 0 && back->rules.count == 0 && back->ids.count == 0) {
		(void)rw_error_set(err, -EBUSY, "no step was applied that is not undone");
		return rw_error_hint(err, "Only the newest %d changes are looked at.", RECORDS_MAX);
	}
	return r;
}

/* What was deleted comes back first, so that nobody is cut off in between. */
static int edit_undo(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct way_back *back = userdata;
	int r = 0;

	for (size_t i = 0; r == 0 && i < back->rules.count; i++) {
		struct rw_rule *rule = rw_rule_ref(*(struct rw_rule **)rw_vec_at(&back->rules, i));

		r = rw_edit_add_rules(draft, back->group, &rule, 1, NULL, err);
	}
	for (size_t i = 0; r == 0 && i < back->ids.count; i++) {
		const char *id = rw_vec_at(&back->ids, i);

		r = rw_edit_revoke_rules(draft, back->group, &id, 1, NULL, err);
	}
	return r;
}

int rw_api_undo_tighten(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(way_back_done) struct way_back back = {0};
	struct question question = {.call = call};
	const struct rw_api_change change = {.action = ACTION_UNDO,
					     .edit = edit_undo,
					     .userdata = &back,
					     .items_are_rules = true,
					     .kind = RW_KIND_GROUP,
					     .reference = back.group};
	int r = find_cluster(&question, err);

	if (r < 0)
		return r;
	memcpy(back.group, question.group, RW_ID_SIZE);
	rw_vec_init(&back.rules, sizeof(struct rw_rule *), RW_WIRE_RULES_MAX);
	rw_vec_init(&back.ids, RW_ID_SIZE, RW_WIRE_RULES_MAX);
	r = find_way_back(call->controller, &back, err);
	return r < 0 ? r : rw_api_run_change(call, &change, err);
}
