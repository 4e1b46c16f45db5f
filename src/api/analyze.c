/* SPDX-License-Identifier: Apache-2.0 */

/* Questions about rules, answered from the model as it is now. */

#include "api/internal.h"

#include <string.h>

#include "base/array.h"
#include "controller/snapshot.h"
#include "wire/analysis.h"

static int derive(void *userdata, const struct rw_model *model, const char *node,
		  struct rw_policy **ret_policy, struct rw_error *err)
{
	return rw_controller_derive(userdata, model, node, ret_policy, err);
}

static struct rw_source source_of(struct rw_api_call *call, const struct rw_model *model)
{
	return (struct rw_source){.model = model, .derive = derive, .userdata = call->controller};
}

/* Answers with what was written, unless that failed. */
static int finish(struct rw_api_call *call, int r, struct rw_buf *buf)
{
	if (r < 0) {
		rw_buf_done(buf);
		return r;
	}
	rw_api_answer(call, 200, buf);
	return 0;
}

int rw_api_trace(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_source source = source_of(call, rw_controller_model(call->controller));
	const struct rw_path_question question = {
		.from = rw_api_parameter(call, "from"),
		.to = rw_api_parameter(call, "to"),
		.interface = rw_api_parameter(call, "interface"),
	};
	struct rw_buf buf;

	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	return finish(call, rw_analysis_trace(&source, &question, &buf, err), &buf);
}

int rw_api_trace_event(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_source source = source_of(call, rw_controller_model(call->controller));
	RW_CLEANUP(rw_free)
	char *text = strndup(call->request->body ? call->request->body : "", call->request->body_size);
	struct rw_buf buf;

	if (!text)
		return rw_error_oom(err);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	return finish(call, rw_analysis_trace_event(&source, rw_api_parameter(call, "node"), text, &buf, err),
		      &buf);
}

/* ---- questions about the whole model: computed on pool threads ---- */

#define TEXTS_MAX 3

struct asked {
	struct rw_snapshot *snapshot;
	char *texts[TEXTS_MAX]; /* parameters, copied; NULL = not given */
	bool because;           /* of reach */
	struct rw_vec hits;     /* of lint: struct rw_lint_hits, lent by the snapshot's model */
};

static void forget(void *data)
{
	struct asked *asked = data;

	(void)rw_snapshot_free(asked->snapshot);
	for (size_t i = 0; i < TEXTS_MAX; i++)
		free(asked->texts[i]);
	rw_vec_done(&asked->hits);
	free(asked);
}

/* Takes a snapshot and the parameters named, in order; NULL ends them. */
static int asked_new(const struct rw_api_call *call, const char *const names[TEXTS_MAX],
		     struct asked **ret_asked, struct rw_error *err)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	bool is_whole = true;
	int r;

	if (!asked)
		return rw_error_oom(err);
	rw_vec_init(&asked->hits, sizeof(struct rw_lint_hits), SIZE_MAX / sizeof(struct rw_lint_hits));
	for (size_t i = 0; i < TEXTS_MAX && names[i]; i++) {
		const char *text = rw_api_parameter(call, names[i]);

		if (text)
			asked->texts[i] = strdup(text);
		is_whole &= !text || asked->texts[i];
	}
	r = is_whole ? rw_snapshot_new(call->controller, NULL, &asked->snapshot, err) : rw_error_oom(err);
	if (r < 0) {
		forget(asked);
		return r;
	}
	*ret_asked = asked;
	return 0;
}

static int ask(struct rw_api_call *call, const char *const names[TEXTS_MAX],
	       int (*compute)(void *data, struct rw_buf *buf, struct rw_error *err), struct rw_error *err)
{
	struct rw_api_question question = {.compute = compute, .forget = forget};
	struct asked *asked;
	int r = asked_new(call, names, &asked, err);

	question.data = asked;
	return r < 0 ? r : rw_api_compute(call, &question, err);
}

static int compute_reach(void *data, struct rw_buf *buf, struct rw_error *err)
{
	const struct asked *asked = data;
	const struct rw_source source = rw_snapshot_source(asked->snapshot);
	const struct rw_reach_question question = {
		.from = asked->texts[0],
		.to = asked->texts[1],
		.service = asked->texts[2],
		.because = asked->because,
	};

	return rw_analysis_reach(&source, &question, buf, err);
}

int rw_api_reach(struct rw_api_call *call, struct rw_error *err)
{
	static const char *const names[TEXTS_MAX] = {"from", "to", "service"};
	struct rw_api_question question = {.compute = compute_reach, .forget = forget};
	struct asked *asked;
	bool because = false;
	int r = rw_api_flag(call, "because", &because, err);

	if (!r)
		r = asked_new(call, names, &asked, err);
	if (r < 0)
		return r;
	asked->because = because;
	question.data = asked;
	return rw_api_compute(call, &question, err);
}

static int compute_matrix(void *data, struct rw_buf *buf, struct rw_error *err)
{
	const struct asked *asked = data;
	const struct rw_source source = rw_snapshot_source(asked->snapshot);

	return rw_analysis_reach_matrix(&source, asked->texts[0], buf, err);
}

int rw_api_reach_matrix(struct rw_api_call *call, struct rw_error *err)
{
	static const char *const names[TEXTS_MAX] = {"cluster"};

	return ask(call, names, compute_matrix, err);
}

/* ---- lint, with what was counted ---- */

/* That a rule was never hit says something only when it had a day for it. */
#define NEVER_HIT_AFTER_MS (INT64_C(24) * 3600 * 1000)

/* A group and for how long the hits of its rules have been counted on all of its nodes. */
struct watch {
	const struct rw_group *group;
	int64_t watched_ms; /* -1 = on some node they are not, or it has no node */
	bool has_node;
};

static int compare_watch(const void *key, const void *element)
{
	return strcmp(key, ((const struct watch *)element)->group->id);
}

static void limit_watch(struct rw_vec *watches, const char *group, int64_t watched_ms)
{
	size_t at = rw_array_place(watches->data, watches->count, sizeof(struct watch), group, compare_watch);
	struct watch *watch;

	if (at == watches->count)
		return;
	watch = rw_vec_at(watches, at);
	if (strcmp(watch->group->id, group) != 0)
		return;
	if (!watch->has_node || watched_ms < watch->watched_ms)
		watch->watched_ms = watched_ms;
	watch->has_node = true;
}

/* Since when a node's agent has been telling hits without a break; -1 = it does not, or not of all rules. */
static int64_t watched_on(const struct rw_api_call *call, const struct rw_node *node)
{
	struct rw_node_status status;
	bool reports;

	if (node->agent != RW_AGENT_MANAGED)
		return INT64_MAX;
	if (rw_node_status_find(call->controller, node->id, &status) < 0)
		return -1;
	reports = status.state == RW_NODE_CONNECTED || status.state == RW_NODE_MONITORED;
	return reports ? rw_clock_realtime_ms(call->api->clock) - status.since_ms : -1;
}

static void watch_node(const struct rw_api_call *call, const struct rw_node *node, struct rw_vec *watches)
{
	const struct rw_model *model = rw_controller_model(call->controller);
	const struct rw_cluster *cluster =
		node->cluster[0] ? rw_model_find_cluster(model, node->cluster) : NULL;
	int64_t watched_ms = watched_on(call, node);

	if (watched_ms == INT64_MAX)
		return;
	if (cluster)
		limit_watch(watches, cluster->security_group, watched_ms);
	for (size_t i = 0; i < node->security_group_count; i++)
		limit_watch(watches, node->security_groups[i], watched_ms);
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].security_group_count; j++)
			limit_watch(watches, node->interfaces[i].security_groups[j], watched_ms);
}

static int watch_groups(const struct rw_api_call *call, struct rw_vec *watches)
{
	const struct rw_model *model = rw_controller_model(call->controller);

	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		struct watch *watch;
		int r = rw_vec_push(watches, &watch);

		if (r < 0)
			return r;
		watch->group = rw_model_at(model, RW_KIND_GROUP, i);
	}
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++)
		watch_node(call, rw_model_at(model, RW_KIND_NODE, i), watches);
	return 0;
}

static int compare_hits(const void *a, const void *b)
{
	return strcmp(((const struct rw_lint_hits *)a)->rule, ((const struct rw_lint_hits *)b)->rule);
}

/* The hits of a group's rules; a rule is watched for as long as it is there, too. */
static int add_hits(const struct rw_api_call *call, const struct watch *watch, struct rw_vec *hits)
{
	int64_t now_ms = rw_clock_realtime_ms(call->api->clock);

	/* An agent's report names so many rules at most: of larger groups some hits may be missing. */
	if (!watch->has_node || watch->watched_ms < NEVER_HIT_AFTER_MS ||
	    watch->group->rule_count > RW_SESSION_HITS_MAX)
		return 0;
	for (size_t i = 0; i < watch->group->rule_count; i++) {
		const struct rw_rule *rule = watch->group->rules[i];
		int64_t age_ms = rule->created_ms ? now_ms - rule->created_ms : watch->watched_ms;
		struct rw_lint_hits *slot;
		int r;

		if (age_ms < NEVER_HIT_AFTER_MS)
			continue;
		r = rw_vec_push(hits, &slot);
		if (r < 0)
			return r;
		*slot = (struct rw_lint_hits){
			.rule = rule->id,
			.packets = rw_session_rule_hits(call->controller, rule->id).packets,
			.watched_ms = age_ms < watch->watched_ms ? age_ms : watch->watched_ms,
		};
	}
	return 0;
}

static int list_hits(const struct rw_api_call *call, struct rw_vec *hits)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec watches;
	int r;

	rw_vec_init(&watches, sizeof(struct watch), SIZE_MAX / sizeof(struct watch));
	r = watch_groups(call, &watches);
	for (size_t i = 0; !r && i < watches.count; i++)
		r = add_hits(call, rw_vec_at(&watches, i), hits);
	if (!r && hits->count)
		qsort(hits->data, hits->count, hits->element_size, compare_hits);
	return r;
}

static int compute_lint(void *data, struct rw_buf *buf, struct rw_error *err)
{
	const struct asked *asked = data;
	const struct rw_source source = rw_snapshot_source(asked->snapshot);

	return rw_analysis_lint(&source, asked->texts[0], asked->hits.data, asked->hits.count, buf, err);
}

int rw_api_lint(struct rw_api_call *call, struct rw_error *err)
{
	static const char *const names[TEXTS_MAX] = {"scope"};
	struct rw_api_question question = {.compute = compute_lint, .forget = forget};
	struct asked *asked;
	int r = asked_new(call, names, &asked, err);

	if (r < 0)
		return r;
	if (list_hits(call, &asked->hits) < 0) {
		forget(asked);
		return rw_error_oom(err);
	}
	question.data = asked;
	return rw_api_compute(call, &question, err);
}
