/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

void rw_change_policies_free(struct rw_change_policy *policies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)rw_policy_unref(policies[i].before);
		(void)rw_policy_unref(policies[i].after);
	}
	free(policies);
}

void rw_change_result_done(struct rw_change_result *result)
{
	rw_change_policies_free(result->policies, result->policy_count);
	(void)rw_model_free(result->after);
	for (size_t i = 0; i < result->item_count; i++) {
		free(result->items[i].before);
		free(result->items[i].after);
	}
	free(result->items);
	free(result->findings);
	*result = (struct rw_change_result){0};
}

/* ---- idempotency ---- */

static int replay(struct rw_controller *controller, const struct idempotency_entry *entry,
		  const struct rw_change_request *request, struct rw_change_result *result,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry stored = {0};
	char key[RW_LAYOUT_KEY_SIZE];
	int r;

	if (memcmp(entry->request, request->request_digest, RW_SHA256_SIZE) != 0) {
		(void)rw_error_set(err, -EEXIST, "this Idempotency-Key was used for another request");
		(void)rw_error_hint(err,
				    "Use a new key for each request, and the same key only to repeat one.");
		return -EEXIST;
	}
	rw_layout_audit_key(entry->sequence, key);
	r = rw_store_get(controller->store, key, 0, &stored, err);
	if (r < 0)
		return r;
	if (r != 0)
		return rw_error_set(err, -ESTALE, "the log no longer has what this Idempotency-Key did");
	result->revision = stored.mod_revision;
	result->changed = true;
	r = audit_items(stored.value, stored.value_size, result, err);
	return r < 0 ? r : RW_CHANGE_REPLAYED;
}

static int check_idempotency(struct rw_controller *controller, const struct rw_change_request *request,
			     char hex[65], struct rw_change_result *result, struct rw_error *err)
{
	const struct idempotency_entry *entry;
	size_t size = strlen(request->idempotency_key);

	if (size < 1 || size > RW_CHANGE_IDEMPOTENCY_MAX)
		return rw_error_field(err, "Idempotency-Key", "a key has 1 to %d bytes",
				      RW_CHANGE_IDEMPOTENCY_MAX);
	idempotency_key_digest(request->actor->id, request->idempotency_key, hex);
	entry = idempotency_find(controller, hex);
	return entry ? replay(controller, entry, request, result, err) : 0;
}

/* ---- one try ---- */

static int check_matches(const struct rw_controller *controller, const struct rw_change_request *request,
			 struct rw_error *err)
{
	for (size_t i = 0; i < request->match_count; i++) {
		const struct rw_change_match *match = &request->matches[i];
		const void *object =
			rw_model_find(controller->inventory.model, match->kind, match->reference);
		uint64_t revision;

		if (!object)
			return rw_error_set(err, -ENOENT, "there is no %s \"%s\"", rw_kind_name(match->kind),
					    match->reference);
		revision = rw_controller_object_revision(controller, match->kind,
							 rw_object_id(match->kind, object));
		if (revision == match->revision)
			continue;
		(void)rw_error_set(err, -ESTALE, "%s \"%s\" was changed: it is at revision %" PRIu64,
				   rw_kind_name(match->kind), match->reference, revision);
		(void)rw_error_hint(err, "Read it again and decide anew.");
		return -ESTALE;
	}
	return 0;
}

/* A node that goes takes its agent's record along: its certificate ends with it. */
static int plan_agent_of(struct rw_controller *controller, struct plan *plan,
			 const struct rw_touched *touched, struct rw_error *err)
{
	const struct rw_node *after = touched->after;
	char key[RW_LAYOUT_KEY_SIZE];

	if (touched->kind != RW_KIND_NODE || !node_find(controller, touched->id) ||
	    (after && after->agent == RW_AGENT_MANAGED))
		return 0;
	(void)strcpy(key, RW_LAYOUT_AGENTS);
	(void)strcat(key, touched->id);
	return plan_delete(plan, key, err);
}

static int plan_touched(struct rw_controller *controller, struct plan *plan, const struct rw_touched *touched,
			struct rw_error *err)
{
	int r = plan_object(plan, touched, err);

	if (r == 0 && touched->kind == RW_KIND_GROUP && !touched->after)
		r = tightening_forget(plan, touched->id, err);
	if (r == 0)
		r = plan_agent_of(controller, plan, touched, err);
	if (r == 0 && fold_outcome_add(&plan->outcome, touched) < 0)
		r = rw_error_oom(err);
	return r;
}

/* Moves items out of the plan. */
static void give_items(struct plan *plan, struct rw_change_result *result)
{
	result->items = plan->items.data;
	result->item_count = plan->items.count;
	plan->items.data = NULL;
	plan->items.count = plan->items.capacity = 0;
}

/* Judges; RW_CHANGE_GUARDED when a guard that is not forced refuses. */
static int judge(struct rw_controller *controller, const struct rw_model *after, const struct plan *plan,
		 const struct rw_change_request *request, struct rw_change_result *result,
		 struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec findings;
	bool refused = false;
	int r;

	rw_vec_init(&findings, sizeof(struct rw_guard_finding), RW_GUARD_FINDINGS_LIMIT);
	if (request->actor->kind == RW_ACTOR_AGENT || request->actor->kind == RW_ACTOR_TOKEN)
		return 0;
	/* No finding is lost for want of memory. */
	if (rw_vec_reserve(&findings, RW_GUARD_FINDINGS_LIMIT) < 0)
		return rw_error_oom(err);
	r = guard_judge(controller, after, plan, &findings, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < findings.count; i++) {
		const struct rw_guard_finding *finding = rw_vec_at(&findings, i);

		refused |= !finding->is_warning && !rw_guard_is_forced(&request->force, finding);
	}
	result->findings = findings.data;
	result->finding_count = findings.count;
	findings.data = NULL;
	findings.count = findings.capacity = 0;
	return refused ? RW_CHANGE_GUARDED : 0;
}

/* Which guards were in the way and forced: only those go to the log. */
static struct rw_guard_force forced_guards(const struct rw_change_result *result)
{
	struct rw_guard_force forced = {0};

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct rw_guard_finding *finding = &result->findings[i];

		if (finding->is_warning)
			continue;
		if (!strchr(finding->name, ':'))
			forced.bits |= RW_GUARD_BIT(finding->guard);
		else if (forced.name_count < RW_GUARD_FORCED_MAX && !rw_guard_is_forced(&forced, finding))
			memcpy(forced.names[forced.name_count++], finding->name, sizeof(finding->name));
	}
	return forced;
}

/* What a dry run found: the model after, and the policies that are others in it. */
static int give_after(struct rw_draft *draft, const struct plan *plan, struct rw_change_result *result)
{
	result->after = rw_draft_dup_model(draft);
	result->policies = calloc(plan->impacts.count + 1, sizeof(*result->policies));
	if (!result->after || !result->policies)
		return -ENOMEM;
	for (size_t i = 0; i < plan->impacts.count; i++) {
		const struct impact *impact = rw_vec_at(&plan->impacts, i);
		struct rw_change_policy *policy = &result->policies[result->policy_count++];

		(void)memcpy(policy->id, impact->record->id, sizeof(policy->id));
		policy->before = rw_policy_ref(impact->before);
		policy->after = rw_policy_ref(impact->after);
	}
	return 0;
}

static int attempt(struct rw_controller *controller, const struct rw_change_request *request,
		   const char *idempotency_key, struct rw_change_result *result, struct rw_error *err)
{
	struct rw_edit_context context = {
		.now_ms = rw_clock_realtime_ms(controller->clock),
		.author = request->actor->name,
		.random = controller->random,
		.limits = &controller->model_limits,
	};
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = NULL;
	RW_CLEANUP(plan_done) struct plan plan;
	int r;

	plan_init(&plan, request->actor, request->action);
	r = check_matches(controller, request, err);
	if (r < 0)
		return r;
	draft = rw_draft_new(controller->inventory.model, &context);
	if (!draft)
		return rw_error_oom(err);
	r = request->edit(draft, request->userdata, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rw_draft_count(draft); i++) {
		r = plan_touched(controller, &plan, rw_draft_at(draft, i), err);
		if (r < 0)
			return r;
	}
	result->revision = controller->inventory.revision;
	/* A way back on which nothing is left to do has been gone. */
	if (request->loosens)
		r = tightening_forget(&plan, request->loosens, err);
	if (r < 0)
		return r;
	result->changed = plan.operations.count > 0;
	if (!result->changed)
		return 0;
	if (request->tightens)
		r = tightening_note(controller, &plan, request->tightens, err);
	if (r < 0)
		return r;
	r = impact_find(controller, rw_draft_model(draft), &plan.outcome, &plan.impacts, err);
	if (r == 0)
		r = judge(controller, rw_draft_model(draft), &plan, request, result, err);
	result->concerned = plan.impacts.count;
	if (r == 0 && request->dry_run && give_after(draft, &plan, result) < 0)
		return rw_error_oom(err);
	if (r == 0 && !request->dry_run) {
		plan.forced = forced_guards(result);
		plan.established = request->established;
		plan.idempotency_key = idempotency_key;
		plan.request_digest = request->request_digest;
		plan.model = rw_draft_dup_model(draft);
		r = plan.model ? plan_commit(controller, &plan, &result->revision, err) : rw_error_oom(err);
		if (r == RW_STORE_CONFLICT)
			return -EAGAIN;
	}
	if (r >= 0)
		give_items(&plan, result);
	if (r != 0)
		result->changed = false;
	return r;
}

static int too_busy(struct rw_error *err)
{
	(void)rw_error_set(err, -EAGAIN, "other changes kept coming in between");
	(void)rw_error_hint(err, "Nothing was changed; try again.");
	return -EAGAIN;
}

static int run(struct rw_controller *controller, const struct rw_change_request *request,
	       struct rw_change_result *ret_result, struct rw_error *err)
{
	char hex[65] = "";
	int r;

	assert(strlen(request->action) <= RW_CHANGE_ACTION_MAX);
	*ret_result = (struct rw_change_result){0};
	inventory_pump(controller);
	for (int i = 0; i < RW_CHANGE_TRIES; i++) {
		rw_change_result_done(ret_result);
		/* Each time: the other writer may have been another controller, asked for the same. */
		if (request->idempotency_key && !request->dry_run) {
			r = check_idempotency(controller, request, hex, ret_result, err);
			if (r != 0)
				return r;
		}
		r = attempt(controller, request, hex[0] ? hex : NULL, ret_result, err);
		if (r != -EAGAIN)
			return r;
	}
	rw_change_result_done(ret_result);
	return too_busy(err);
}

int rw_change_run(struct rw_controller *controller, const struct rw_change_request *request,
		  struct rw_change_result *ret_result, struct rw_error *err)
{
	int r = run(controller, request, ret_result, err);

	counts_add_change(controller, r, request->dry_run, ret_result);
	return r;
}

/* ---- import ---- */

static int plan_model(struct rw_controller *controller, struct plan *plan, const struct rw_model *model,
		      struct rw_error *err)
{
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++) {
		for (size_t i = 0; i < rw_model_count(model, kind); i++) {
			struct rw_touched touched = {.kind = kind, .after = rw_model_at(model, kind, i)};
			int r;

			(void)strcpy(touched.id, rw_object_id(kind, touched.after));
			r = plan_touched(controller, plan, &touched, err);
			if (r < 0)
				return r;
		}
	}
	plan->model = rw_model_dup(model);
	return plan->model ? 0 : rw_error_oom(err);
}

static bool is_empty(const struct rw_model *model)
{
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++) {
		if (rw_model_count(model, kind))
			return false;
	}
	return true;
}

static int import(struct rw_controller *controller, const struct rw_actor *actor,
		  const struct rw_model *model, struct rw_change_result *ret_result, struct rw_error *err)
{
	int r;

	*ret_result = (struct rw_change_result){0};
	inventory_pump(controller);
	r = rw_validate_model(model, &controller->model_limits, NULL, err);
	if (r < 0)
		return r;
	for (int i = 0; i < RW_CHANGE_TRIES; i++) {
		RW_CLEANUP(plan_done) struct plan plan;

		plan_init(&plan, actor, "import");
		if (!is_empty(controller->inventory.model)) {
			(void)rw_error_set(err, -EBUSY, "the model is not empty");
			(void)rw_error_hint(
				err, "Import fills an empty store; use apply to change what is there.");
			return -EBUSY;
		}
		ret_result->revision = controller->inventory.revision;
		if (is_empty(model))
			return 0;
		r = plan_model(controller, &plan, model, err);
		if (r == 0)
			r = plan_commit(controller, &plan, &ret_result->revision, err);
		if (r == 0) {
			give_items(&plan, ret_result);
			ret_result->changed = true;
		}
		if (r != RW_STORE_CONFLICT)
			return r;
	}
	return too_busy(err);
}

int rw_change_import(struct rw_controller *controller, const struct rw_actor *actor,
		     const struct rw_model *model, struct rw_change_result *ret_result, struct rw_error *err)
{
	int r = import(controller, actor, model, ret_result, err);

	counts_add_change(controller, r, false, ret_result);
	return r;
}
