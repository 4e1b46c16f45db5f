/* SPDX-License-Identifier: Apache-2.0 */

/* The tightening of a cluster: the plan, what came since it was made, its steps, and the way back. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "audit/tighten.h"
#include "controller/evidence.h"
#include "controller/tightening.h"
#include "wire/tighten.h"

/* Actions of the change log begin so; the step's name follows. */
#define ACTION      "tighten: "
#define ACTION_UNDO ACTION "undo"

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
		r = rw_api_time(call, "since", &question->since_ms, err);
	if (r == 0)
		r = rw_api_time(call, "stage", &question->stage_ms, err);
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
	const struct rw_edit_context context = {.random = rw_random_system(),
						.limits = rw_controller_limits(question->call->controller)};
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
		return rw_api_model_limit(r, err);
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
	static const char *const members[] = {"step", "digest", NULL};
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
	const char *digest; /* nullable: of the step that the caller has seen */
};

static int get_digest(const struct rw_api_call *call, const char **ret_digest, struct rw_error *err)
{
	struct rw_json member;
	int r;

	if (!rw_json_find(&call->body, "digest", &member))
		return 0;
	r = rw_json_text(&member, RW_TIGHTEN_DIGEST_SIZE - 1, ret_digest, err);
	return r < 0 ? rw_json_locate(&member, err) : 0;
}

/* The plan is made anew: rules or what was seen may have changed since. */
static int check_digest(const struct step_change *change, const struct rw_tighten_step *first,
			struct rw_error *err)
{
	char digest[RW_TIGHTEN_DIGEST_SIZE];

	rw_tighten_format_digest(first->digest, digest);
	if (!change->digest || strcmp(change->digest, digest) == 0)
		return 0;
	(void)rw_error_set(err, -ESTALE, "step %s is another now: rules or what was seen have changed",
			   rw_tighten_step_name(first->kind));
	return rw_error_hint(err, "Look at the plan again.");
}

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
	r = check_digest(change, first, err);
	return r < 0 ? r : rw_tighten_apply(draft, change->question->group, first, err);
}

int rw_api_apply_tighten(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(question_done) struct question question;
	struct step_change step = {.question = &question};
	struct rw_api_change change = {.edit = edit_step,
				       .userdata = &step,
				       .tightens = question.group,
				       .items_are_rules = true,
				       .kind = RW_KIND_GROUP,
				       .reference = question.group};
	char action[RW_CHANGE_ACTION_MAX + 1];
	int r = question_init(&question, call, err);

	if (r == 0)
		r = get_step(call, &step.kind, err);
	if (r == 0)
		r = get_digest(call, &step.digest, err);
	if (r < 0)
		return r;
	(void)snprintf(action, sizeof(action), ACTION "%s", rw_tighten_step_name(step.kind));
	change.action = action;
	return rw_api_run_change(call, &change, err);
}

/* ---- the way back ---- */

/* As the steps left it: what they added goes, what they deleted comes back, in one change. */
static int edit_undo(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct question *question = userdata;
	RW_CLEANUP(rw_tightening_done) struct rw_tightening back;
	int r = rw_tightening_read(question->call->controller, question->group, &back, err);

	if (r == 0 && back.deleted.count == 0 && back.added.count == 0)
		return rw_error_set(err, -EBUSY, "no step was applied that is not undone");
	for (size_t i = 0; r == 0 && i < back.added.count; i++) {
		const char *id = rw_vec_at(&back.added, i);

		r = rw_edit_revoke_rules(draft, question->group, &id, 1, NULL, err);
	}
	for (size_t i = 0; r == 0 && i < back.deleted.count; i++) {
		struct rw_rule *rule = rw_rule_ref(*(struct rw_rule **)rw_vec_at(&back.deleted, i));

		r = rw_edit_add_rules(draft, question->group, &rule, 1, NULL, err);
	}
	return r;
}

int rw_api_undo_tighten(struct rw_api_call *call, struct rw_error *err)
{
	struct question question = {.call = call};
	const struct rw_api_change change = {.action = ACTION_UNDO,
					     .edit = edit_undo,
					     .userdata = &question,
					     .loosens = question.group,
					     .items_are_rules = true,
					     .kind = RW_KIND_GROUP,
					     .reference = question.group};
	int r = find_cluster(&question, err);

	return r < 0 ? r : rw_api_run_change(call, &change, err);
}
