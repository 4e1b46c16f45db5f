/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include <string.h>

#include "controller/cuts.h"
#include "controller/wait.h"
#include "wire/findings.h"

/* An answer under way: everything but how far the nodes are is written already. */
struct answer {
	struct rw_api *api;
	struct rw_http_exchange *exchange; /* NULL until it is handed over */
	struct rw_wait *wait;
	struct rw_api_work *work; /* of a dry run: its traffic is being computed */
	struct rw_cuts_ask *ask;  /* of a dry run: what nodes say of their live flows */
	bool traffic_due;         /* 'work' is not done */
	bool cuts_due;            /* answers to 'ask' are awaited */
	struct rw_buf buf;
	struct rw_json_writer json;
	unsigned int status;
	uint64_t revision;
	bool was_made_before; /* of a change that is told once more */
};

static struct answer *answer_new(struct rw_api *api, uint64_t revision, unsigned int status)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return NULL;
	answer->api = api;
	answer->revision = revision;
	answer->status = status ? status : 200;
	rw_buf_init(&answer->buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&answer->json, &answer->buf, false);
	rw_json_begin_object(&answer->json);
	rw_json_put_revision(&answer->json, "revision", revision);
	rw_json_put_text(&answer->json, "incarnation", rw_controller_incarnation(api->controller));
	return answer;
}

static struct answer *answer_free(struct answer *answer)
{
	if (answer) {
		rw_buf_done(&answer->buf);
		rw_cuts_free(answer->ask);
	}
	free(answer);
	return NULL;
}
RW_DEFINE_CLEANUP(struct answer *, answer_free)

/* Adds the nodes and sends; frees.  A revision that is not remembered concerns nobody any more. */
static void finish(struct answer *answer, struct rw_http_exchange *exchange, bool waited)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	bool open;

	if (rw_change_progress_get(answer->api->controller, answer->revision, &progress, NULL) == -ENOMEM)
		rw_buf_fail(&answer->buf, -ENOMEM);
	open = progress.counts[RW_APPLY_APPLIED] < progress.count;
	rw_change_progress_write(&answer->json, &progress);
	rw_json_put_bool(&answer->json, "waited", waited);
	rw_json_end_object(&answer->json);
	rw_api_send(answer->api, exchange, waited && open ? 202 : answer->status, &answer->buf);
	(void)answer_free(answer);
}

static void wait_is_over(void *userdata, uint64_t revision, bool timed_out)
{
	struct answer *answer = userdata;

	(void)revision;
	(void)timed_out;
	finish(answer, answer->exchange, true);
}

static void client_is_gone(struct rw_http_exchange *exchange, void *userdata)
{
	struct answer *answer = userdata;

	(void)exchange;
	if (answer->traffic_due)
		rw_api_work_abandon(answer->work);
	rw_wait_cancel(answer->wait);
	(void)answer_free(answer);
}

/*
 * Answers at once, or when the wait is over.  The change is durable, so nothing may fail from here on: when
 * waiting is impossible, the answer says how things are now.  A controller that has taken over does not know whom
 * a change of the one before concerned: it has not waited then.
 */
static void answer_after(struct rw_api_call *call, struct answer *answer, const struct rw_api_wait *wait)
{
	struct rw_http_exchange *exchange = RW_TAKE_PTR(call->exchange);
	int r;

	if (!wait->wanted) {
		finish(answer, exchange, false);
		return;
	}
	r = rw_wait_start(call->controller, answer->revision, wait->timeout_ms, wait->all, wait_is_over,
			  answer, &answer->wait, NULL);
	if (r != 0) {
		finish(answer, exchange, r == RW_WAIT_OVER || (r == -ENOENT && !answer->was_made_before));
		return;
	}
	r = rw_http_exchange_defer(exchange, client_is_gone, answer);
	if (r < 0) {
		rw_wait_cancel(answer->wait);
		finish(answer, exchange, false);
		return;
	}
	answer->exchange = exchange;
}

int rw_api_get_change(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	struct answer *answer;
	struct rw_api_wait wait;
	uint64_t revision;
	int r;

	if (!rw_revision_parse(call->names[0], &revision))
		return rw_error_set(err, -ENOENT, "there is no change '%.40s'", call->names[0]);
	r = rw_api_wait_get(call, &wait, err);
	if (r == 0)
		r = rw_change_progress_get(call->controller, revision, &progress, err);
	if (r < 0)
		return r;
	answer = answer_new(call->api, revision, 200);
	if (!answer)
		return rw_error_oom(err);
	answer_after(call, answer, &wait);
	return 0;
}

/* ---- refusals ---- */

void rw_api_put_guards(struct rw_json_writer *json, const struct rw_guard_finding *findings, size_t count)
{
	rw_json_key(json, "guards");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		const struct rw_guard_finding *finding = &findings[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "id", finding->name);
		rw_json_put_text(json, "node", finding->node);
		if (finding->subject[0])
			rw_json_put_text(json, "subject", finding->subject);
		rw_json_put_text(json, "cause", finding->cause);
		rw_json_put_text(json, "detail", finding->detail);
		if (finding->is_warning)
			rw_json_put_bool(json, "warning", true);
		if (finding->has_witness)
			rw_witness_put(json, "witness", &finding->witness, finding->interface);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_guards(struct rw_json_writer *json, const void *data)
{
	const struct rw_change_result *result = data;

	rw_api_put_guards(json, result->findings, result->finding_count);
}

static int refuse_guarded(struct rw_api_call *call, const struct rw_guard_force *force,
			  const struct rw_change_result *result)
{
	const struct rw_guard_finding *first = NULL;
	struct rw_error err = RW_ERROR_NONE;

	for (size_t i = 0; !first && i < result->finding_count; i++)
		if (!result->findings[i].is_warning && !rw_guard_is_forced(force, &result->findings[i]))
			first = &result->findings[i];
	(void)rw_error_set(&err, -ECANCELED, "%s", first ? first->detail : "a guard");
	(void)rw_error_hint(&err, "Nothing was changed.  If it is meant, name the guard in 'force': %s.",
			    first ? first->name : "");
	rw_api_answer_problem_with(call, &err, write_guards, result);
	return 0;
}

struct referrers {
	const struct rw_model *model;
	struct rw_vec list; /* struct rw_referrer */
};

static void write_referrers(struct rw_json_writer *json, const void *data)
{
	const struct referrers *referrers = data;

	rw_json_key(json, "referrers");
	rw_api_write_referrers(json, referrers->model, &referrers->list);
}

/* An object that is in use is refused with those who use it. */
static int refuse_used(struct rw_api_call *call, const struct rw_api_change *change, struct rw_error *err)
{
	struct referrers referrers = {.model = rw_controller_model(call->controller)};
	const void *object;

	if (!change->reference ||
	    rw_api_find(referrers.model, change->kind, change->reference, &object, NULL) < 0)
		return -EBUSY;
	rw_vec_init(&referrers.list, sizeof(struct rw_referrer), 100);
	if (rw_model_referrers(referrers.model, change->kind, rw_object_id(change->kind, object),
			       &referrers.list) < 0)
		return rw_error_oom(err);
	rw_api_answer_problem_with(call, err, write_referrers, &referrers);
	rw_vec_done(&referrers.list);
	return 0;
}

/* ---- the traffic of a dry run, and the live flows that it would cut ---- */

/* The change's own answer stands, whatever became of its traffic. */
static void omit_traffic(struct answer *answer, const struct rw_error *err)
{
	rw_json_put_text(&answer->json, "traffic_omitted", err->text[0] ? err->text : "it was not computed");
}

static void put_cut_nodes(struct rw_json_writer *json, const struct rw_cuts *cuts, bool known)
{
	rw_json_key(json, known ? "nodes" : "unknown");
	rw_json_begin_array(json);
	for (size_t i = 0; i < cuts->count; i++) {
		const struct rw_cuts_node *node = &cuts->nodes[i];

		/* Nodes on which nothing would be cut are not listed. */
		if (node->is_known != known || (known && !node->judgement.flows && !node->judgement.kept))
			continue;
		rw_json_begin_object(json);
		rw_json_put_text(json, "node", node->id);
		rw_json_put_text(json, "name", node->name);
		if (!known) {
			rw_json_put_text(json, "reason", node->reason);
			rw_json_end_object(json);
			continue;
		}
		rw_json_put_revision(json, "flows", node->judgement.flows);
		rw_json_put_revision(json, "kept", node->judgement.kept);
		rw_json_key(json, "examples");
		rw_json_begin_array(json);
		for (size_t k = 0; k < node->judgement.example_count; k++)
			rw_report_put_refused(json, &node->judgement.examples[k]);
		rw_json_end_array(json);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_cuts(struct rw_json_writer *json, const struct rw_cuts *cuts)
{
	rw_json_key(json, "cuts");
	rw_json_begin_object(json);
	rw_json_put_revision(json, "flows", cuts->flows);
	rw_json_put_revision(json, "kept", cuts->kept);
	put_cut_nodes(json, cuts, true);
	put_cut_nodes(json, cuts, false);
	rw_json_end_object(json);
}

/* Sends the answer of a dry run when all of it is there. */
static void finish_dry_run(struct answer *answer)
{
	if (!answer->traffic_due && !answer->cuts_due)
		finish(answer, answer->exchange, false);
}

static void traffic_is_computed(void *userdata, int result, struct rw_buf *buf, const struct rw_error *err)
{
	struct answer *answer = userdata;

	answer->traffic_due = false;
	if (result < 0) {
		omit_traffic(answer, err);
	} else {
		rw_json_key(&answer->json, "traffic");
		rw_json_write_raw(&answer->json, buf->data, buf->size);
	}
	finish_dry_run(answer);
}

static void cuts_are_known(void *userdata, const struct rw_cuts *cuts)
{
	struct answer *answer = userdata;

	answer->cuts_due = false;
	write_cuts(&answer->json, cuts);
	finish_dry_run(answer);
}

/* Asks the nodes which live flows the change would cut. */
static void ask_cuts(struct rw_api_call *call, struct answer *answer, const struct rw_change_result *result)
{
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_cuts_ask(call->controller, result->policies, result->policy_count, cuts_are_known, answer,
			    &answer->ask, &err);

	if (r < 0)
		rw_json_put_text(&answer->json, "cuts_omitted", err.text);
	else if (r == RW_CUTS_OVER)
		write_cuts(&answer->json, rw_cuts_get(answer->ask));
	answer->cuts_due = r == 0;
}

/* The answer cannot wait: what is not there is left out. */
static void abandon_dry_run(struct answer *answer, const struct rw_error *err)
{
	if (answer->traffic_due) {
		rw_api_work_abandon(answer->work);
		omit_traffic(answer, err);
	}
	if (answer->cuts_due)
		rw_json_put_text(&answer->json, "cuts_omitted", err->text);
	answer->traffic_due = answer->cuts_due = false;
	rw_cuts_free(RW_TAKE_PTR(answer->ask));
}

/* Answers when it is known what the change would open and close, and cut. */
static void answer_dry_run(struct rw_api_call *call, struct answer *answer, struct rw_change_result *result)
{
	struct rw_http_exchange *exchange = RW_TAKE_PTR(call->exchange);
	struct rw_api_question question;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	answer->exchange = exchange;
	ask_cuts(call, answer, result);
	r = rw_api_ask_traffic(call, result, &question, &err);
	if (r == 0)
		r = rw_api_work_start(call->api, &question, RW_API_TRAFFIC_MAX, traffic_is_computed, answer,
				      &answer->work, &err);
	answer->traffic_due = r == 0;
	if (r < 0)
		omit_traffic(answer, &err);
	if (answer->traffic_due || answer->cuts_due) {
		r = rw_api_defer(call, exchange, client_is_gone, answer, &err);
		if (r == 0)
			return;
		abandon_dry_run(answer, &err);
	}
	finish(answer, exchange, false);
}

/* ---- the answer of a change ---- */

static void write_items(struct rw_json_writer *json, const struct rw_api_change *change,
			const struct rw_change_result *result)
{
	enum rw_change_subject wanted = change->items_are_rules ? RW_SUBJECT_RULE : RW_SUBJECT_OBJECT;

	size_t omitted = result->items_omitted;
	size_t count = 0;

	rw_json_key(json, "items");
	rw_json_begin_array(json);
	for (size_t i = 0; i < result->item_count; i++) {
		const struct rw_change_item *item = &result->items[i];

		if (item->subject != wanted || !item->after)
			continue;
		if (count++ < RW_API_ITEMS_MAX)
			rw_json_write_raw(json, item->after, strlen(item->after));
		else
			omitted++;
	}
	rw_json_end_array(json);
	if (omitted)
		rw_json_put_integer(json, "items_omitted", (int64_t)omitted);
}

/* The ETag of the object that the request is about, as it is now. */
static void tell_etag(struct rw_api_call *call, const struct rw_api_change *change,
		      const struct rw_change_result *result)
{
	const void *object = NULL;
	const char *id = NULL;
	uint64_t revision;

	for (size_t i = 0; !change->reference && !id && i < result->item_count; i++)
		if (result->items[i].subject == RW_SUBJECT_OBJECT && result->items[i].kind == change->kind)
			id = result->items[i].id;
	if (change->reference && rw_api_find(rw_controller_model(call->controller), change->kind,
					     change->reference, &object, NULL) == 0)
		id = rw_object_id(change->kind, object);
	revision = id && change->kind < RW_KIND_COUNT_
			   ? rw_controller_object_revision(call->controller, change->kind, id)
			   : 0;
	if (revision)
		rw_api_etag_header(call->exchange, revision);
}

int rw_api_answer_result(struct rw_api_call *call, const struct rw_api_change *change,
			 struct rw_change_result *result, int outcome, struct rw_error *err)
{
	RW_CLEANUP(answer_free) struct answer *answer = NULL;
	struct rw_api_wait wait = {0};
	bool dry_run = false;
	int r = rw_api_wait_get(call, &wait, err);

	if (r == 0)
		r = rw_api_flag(call, "dry_run", &dry_run, err);
	if (r < 0)
		return r;
	answer = answer_new(call->api, result->revision, result->changed && !dry_run ? change->status : 200);
	if (!answer)
		return rw_error_oom(err);
	rw_json_put_bool(&answer->json, "changed", result->changed);
	if (dry_run) {
		rw_json_put_bool(&answer->json, "dry_run", true);
		rw_json_put_integer(&answer->json, "concerned", (int64_t)result->concerned);
		wait.wanted = false;
		answer->revision = 0;
	}
	write_items(&answer->json, change, result);
	if (result->finding_count)
		write_guards(&answer->json, result);
	if (change->write)
		change->write(&answer->json, result, outcome == RW_CHANGE_REPLAYED, change->userdata);
	tell_etag(call, change, result);
	answer->was_made_before = outcome == RW_CHANGE_REPLAYED && result->changed;
	if (outcome == RW_CHANGE_REPLAYED)
		rw_api_header(call->exchange, "Idempotent-Replayed", "true");
	if (dry_run && result->after)
		answer_dry_run(call, RW_TAKE_PTR(answer), result);
	else
		answer_after(call, RW_TAKE_PTR(answer), &wait);
	return 0;
}

int rw_api_answer_done(struct rw_api_call *call, const char *action, struct rw_error *err)
{
	struct rw_api_change change = {.action = action, .kind = RW_KIND_COUNT_};
	struct rw_change_result result = {.changed = true,
					  .revision = rw_controller_revision(call->controller)};

	rw_api_pump_events(call->api);
	return rw_api_answer_result(call, &change, &result, 0, err);
}

/* ---- making it ---- */

/* What makes two requests the same one. */
static int digest_request(const struct rw_http_request *request, uint8_t digest[RW_SHA256_SIZE],
			  struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	int r;

	rw_buf_init(&text, request->body_size + RW_HTTP_MAX_TARGET + 64);
	(void)rw_buf_append_format(&text, "%s %s\n", request->method, request->target);
	(void)rw_buf_append(&text, request->body, request->body_size);
	r = rw_buf_check(&text, err);
	if (r == 0)
		rw_sha256(text.data, text.size, digest);
	return r;
}

static int read_force(const struct rw_api_call *call, struct rw_guard_force *ret_force, struct rw_error *err)
{
	*ret_force = (struct rw_guard_force){0};
	for (size_t i = 0; i < call->request->parameter_count; i++) {
		const struct rw_http_parameter *parameter = &call->request->parameters[i];
		int r;

		if (strcmp(parameter->name, "force") != 0)
			continue;
		r = rw_guard_parse(parameter->value, ret_force, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_request(const struct rw_api_call *call, const struct rw_api_change *change,
			struct rw_change_match *match, struct rw_change_request *request,
			struct rw_error *err)
{
	struct rw_api_wait wait;
	int r = rw_api_wait_get(call, &wait, err);

	if (r == 0)
		r = rw_api_flag(call, "dry_run", &request->dry_run, err);
	if (r == 0)
		r = rw_api_established_get(call, &request->established, err);
	if (r == 0)
		r = read_force(call, &request->force, err);
	if (r == 0)
		r = rw_api_if_match(call, &match->revision, err);
	if (r < 0)
		return r;
	if (match->revision && !change->reference)
		return rw_error_field(err, "If-Match", "nothing is there yet that could match");
	if (match->revision) {
		match->kind = change->kind;
		match->reference = change->reference;
		request->matches = match;
		request->match_count = 1;
	}
	request->idempotency_key = rw_http_exchange_header(call->exchange, "Idempotency-Key");
	if (request->idempotency_key)
		r = digest_request(call->request, request->request_digest, err);
	return r;
}

/* The change's edit, and what it said: a limit of the model is not a full disk. */
struct watched_edit {
	const struct rw_api_change *change;
	int result;
};

static int edit_watched(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct watched_edit *watched = userdata;

	watched->result = watched->change->edit(draft, watched->change->userdata, err);
	return watched->result;
}

int rw_api_run_change(struct rw_api_call *call, const struct rw_api_change *change, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct watched_edit watched = {.change = change};
	struct rw_change_match match = {0};
	struct rw_change_request request = {.actor = &call->actor,
					    .action = change->action,
					    .edit = edit_watched,
					    .userdata = &watched,
					    .tightens = change->tightens,
					    .loosens = change->loosens};
	int r = read_request(call, change, &match, &request, err);

	if (r < 0)
		return r;
	r = rw_change_run(call->controller, &request, &result, err);
	if (r == -EBUSY)
		return refuse_used(call, change, err);
	if (r == -ENOSPC && watched.result == -ENOSPC)
		return err->code = -EDQUOT;
	if (r < 0)
		return r;
	if (r == RW_CHANGE_GUARDED)
		return refuse_guarded(call, &request.force, &result);
	return rw_api_answer_result(call, change, &result, r, err);
}
