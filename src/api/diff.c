/* SPDX-License-Identifier: Apache-2.0 */

/* What opens and closes between two states of the model. */

#include "api/internal.h"

#include <string.h>

#include "base/array.h"
#include "controller/history.h"
#include "controller/snapshot.h"
#include "loop/loop.h"
#include "wire/analysis.h"
#include "wire/model_file.h"

/* Two states, compared on a pool thread. */
struct comparing {
	struct rw_snapshot *before;
	struct rw_snapshot *after;
};

static int compare(void *data, struct rw_buf *buf, struct rw_error *err)
{
	const struct comparing *comparing = data;
	const struct rw_source before = rw_snapshot_source(comparing->before);
	const struct rw_source after = rw_snapshot_source(comparing->after);
	bool different;

	return rw_analysis_diff(&before, &after, buf, &different, err);
}

static void forget(void *data)
{
	struct comparing *comparing = data;

	(void)rw_snapshot_free(comparing->before);
	(void)rw_snapshot_free(comparing->after);
	free(comparing);
}

/* The question; takes both, also on failure. */
static int ask(struct rw_snapshot *before, struct rw_snapshot *after, struct rw_api_question *ret_question,
	       struct rw_error *err)
{
	struct comparing *comparing = calloc(1, sizeof(*comparing));

	if (!comparing) {
		(void)rw_snapshot_free(before);
		(void)rw_snapshot_free(after);
		return rw_error_oom(err);
	}
	*comparing = (struct comparing){.before = before, .after = after};
	*ret_question = (struct rw_api_question){.compute = compare, .forget = forget, .data = comparing};
	return 0;
}

int rw_api_diff(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_snapshot_free) struct rw_snapshot *before = NULL;
	RW_CLEANUP(rw_snapshot_free) struct rw_snapshot *after = NULL;
	struct rw_api_question question;
	struct rw_model *model = NULL;
	int r = rw_api_read_model(call, &model, err);

	if (r == 0)
		r = rw_snapshot_new(call->controller, model, &after, err);
	if (r == 0)
		r = rw_snapshot_new(call->controller, NULL, &before, err);
	if (r == 0)
		r = ask(RW_TAKE_PTR(before), RW_TAKE_PTR(after), &question, err);
	return r < 0 ? r : rw_api_compute(call, &question, err);
}

/* ---- revisions ---- */

/* Two revisions: first read step by step, with everybody else in between, then compared. */
struct reading {
	struct rw_api *api;
	struct rw_http_exchange *exchange;
	struct rw_loop_deferred *step;
	struct rw_history *histories[2];  /* NULL = read, or never to be read */
	struct rw_snapshot *snapshots[2]; /* before and after */
	struct rw_api_work *work;
};

static struct reading *reading_free(struct reading *reading)
{
	if (!reading)
		return NULL;
	(void)rw_loop_deferred_free(reading->step);
	for (int i = 0; i < 2; i++) {
		(void)rw_history_free(reading->histories[i]);
		(void)rw_snapshot_free(reading->snapshots[i]);
	}
	free(reading);
	return NULL;
}
RW_DEFINE_CLEANUP(struct reading *, reading_free)

static void compared(void *userdata, int result, struct rw_buf *buf, const struct rw_error *err)
{
	struct reading *reading = userdata;

	rw_api_answer_computed(reading->api, reading->exchange, result, buf, err);
	(void)reading_free(reading);
}

static void client_is_gone(struct rw_http_exchange *exchange, void *userdata)
{
	struct reading *reading = userdata;

	(void)exchange;
	if (reading->work)
		rw_api_work_abandon(reading->work);
	(void)reading_free(reading);
}

/* A step of the first history that is not read yet: 1 = there is more to do, 0 = both states are there. */
static int read_step(struct reading *reading, struct rw_error *err)
{
	int i = reading->histories[0] ? 0 : 1;
	int r;

	if (!reading->histories[i])
		return 0;
	r = rw_history_step(reading->histories[i], err);
	if (r != 0)
		return r;
	r = rw_snapshot_new(reading->api->controller, rw_history_take_model(reading->histories[i]),
			    &reading->snapshots[i], err);
	reading->histories[i] = rw_history_free(reading->histories[i]);
	return r < 0 ? r : 1;
}

static void step(void *userdata)
{
	struct reading *reading = userdata;
	struct rw_api_question question;
	struct rw_error err = RW_ERROR_NONE;
	int r = read_step(reading, &err);

	if (r > 0) {
		rw_loop_deferred_arm(reading->step);
		return;
	}
	if (r == 0)
		r = ask(RW_TAKE_PTR(reading->snapshots[0]), RW_TAKE_PTR(reading->snapshots[1]), &question,
			&err);
	if (r == 0)
		r = rw_api_work_start(reading->api, &question, RW_API_ANSWER_MAX, compared, reading,
				      &reading->work, &err);
	if (r < 0)
		compared(reading, r, NULL, &err);
}

/* The revision of a parameter; 0 = it was not given. */
static int read_revision(const struct rw_api_call *call, const char *name, uint64_t *ret_revision,
			 struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	*ret_revision = 0;
	if (text && (!rw_revision_parse(text, ret_revision) || !*ret_revision)) {
		(void)rw_error_field(err, name, "'%.40s' is not a revision", text);
		return rw_error_hint(err, "A revision is a number, as 'ringwall log' shows it.");
	}
	return 0;
}

static int begin(struct rw_api_call *call, struct reading *reading, struct rw_error *err)
{
	uint64_t from, to;
	int r = read_revision(call, "from", &from, err);

	if (r == 0)
		r = read_revision(call, "to", &to, err);
	if (r == 0 && !from) {
		(void)rw_error_field(err, "from", "is missing");
		return rw_error_hint(err, "Compare with now: GET /v1/diff?from=REVISION.");
	}
	if (r == 0)
		r = rw_history_new(call->controller, "from", from, &reading->histories[0], err);
	if (r < 0)
		return r;
	return to ? rw_history_new(call->controller, "to", to, &reading->histories[1], err)
		  : rw_snapshot_new(call->controller, NULL, &reading->snapshots[1], err);
}

int rw_api_diff_revisions(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(reading_free) struct reading *reading = calloc(1, sizeof(*reading));
	int r;

	if (!reading)
		return rw_error_oom(err);
	reading->api = call->api;
	reading->exchange = call->exchange;
	r = begin(call, reading, err);
	if (r == 0 && rw_loop_deferred_new(call->api->loop, step, reading, &reading->step) < 0)
		r = rw_error_oom(err);
	if (r == 0)
		r = rw_api_defer(call, call->exchange, client_is_gone, reading, err);
	if (r < 0)
		return r;
	call->exchange = NULL;
	rw_loop_deferred_arm(RW_TAKE_PTR(reading)->step);
	return 0;
}

/* ---- what a dry run would change ---- */

/* What is and what would be, with the policies that would be others. */
struct traffic {
	struct rw_model *before;
	struct rw_model *after;
	struct rw_change_policy *policies; /* by id of their node */
	size_t policy_count;
};

static int compare_id(const void *id, const void *element)
{
	return strcmp(id, ((const struct rw_change_policy *)element)->id);
}

static const struct rw_change_policy *traffic_policy(const struct traffic *traffic, const char *id)
{
	size_t at = rw_array_place(traffic->policies, traffic->policy_count, sizeof(struct rw_change_policy),
				   id, compare_id);

	return at < traffic->policy_count && strcmp(traffic->policies[at].id, id) == 0
		       ? &traffic->policies[at]
		       : NULL;
}

static bool is_same(void *userdata, const char *node)
{
	return !traffic_policy(userdata, node);
}

/* Only asked for nodes that are not the same: their policies are there. */
static int give_policy(void *userdata, const struct rw_model *model, const char *node,
		       struct rw_policy **ret_policy, struct rw_error *err)
{
	const struct traffic *traffic = userdata;
	const struct rw_change_policy *found = traffic_policy(traffic, node);

	if (!found)
		return rw_error_set(err, -ENOENT, "there is no node %s", node);
	*ret_policy = rw_policy_ref(model == traffic->before ? found->before : found->after);
	return 0;
}

static int compute_traffic(void *data, struct rw_buf *buf, struct rw_error *err)
{
	struct traffic *traffic = data;
	const struct rw_source before = {
		.model = traffic->before, .derive = give_policy, .userdata = traffic};
	const struct rw_source after = {
		.model = traffic->after, .derive = give_policy, .userdata = traffic, .is_same = is_same};
	bool different;

	return rw_analysis_diff(&before, &after, buf, &different, err);
}

static void forget_traffic(void *data)
{
	struct traffic *traffic = data;

	(void)rw_model_free(traffic->before);
	(void)rw_model_free(traffic->after);
	rw_change_policies_free(traffic->policies, traffic->policy_count);
	free(traffic);
}

int rw_api_ask_traffic(const struct rw_api_call *call, struct rw_change_result *result,
		       struct rw_api_question *ret_question, struct rw_error *err)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));

	if (!traffic)
		return rw_error_oom(err);
	traffic->before = rw_model_dup(rw_controller_model(call->controller));
	traffic->after = RW_TAKE_PTR(result->after);
	traffic->policies = RW_TAKE_PTR(result->policies);
	traffic->policy_count = result->policy_count;
	result->policy_count = 0;
	if (!traffic->before) {
		forget_traffic(traffic);
		return rw_error_oom(err);
	}
	*ret_question = (struct rw_api_question){
		.compute = compute_traffic, .forget = forget_traffic, .data = traffic};
	return 0;
}
