/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out in an analysis: it says so, and whoever asked can ask again. */

#include "model.h"

#include "analyze/compare.h"
#include "analyze/lint_model.h"
#include "analyze/path.h"
#include "analyze/reach.h"
#include "oom.h"
#include "random_policy.h"

struct scene {
	struct rw_policy *policy;
	struct rw_policy *other;
	struct rw_packet packet;
};

static int expose(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	const struct rw_view view = {.policy = scene->policy};
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	RW_CLEANUP(rw_boxes_done) struct rw_boxes boxes = {0};
	RW_CLEANUP(rw_deciders_done) struct rw_deciders deciders = {0};
	rw_set open, decisions;
	int r = rw_sets_new(0, &sets, err);

	if (!r)
		r = rw_exposure(sets, &view, NULL, &open, err);
	if (!r)
		r = rw_set_boxes(sets, open, &boxes, err);
	if (!r)
		r = rw_decisions(sets, &view, NULL, &decisions, &deciders, err);
	return r;
}

static int trace(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	RW_CLEANUP(rw_trace_done) struct rw_trace trace = {0};

	return rw_trace(scene->policy, 0, &scene->packet, &trace, err);
}

static int diff(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	const struct rw_view before = {.policy = scene->policy}, after = {.policy = scene->other};
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	RW_CLEANUP(rw_diff_done) struct rw_diff found = {0};
	int r = rw_sets_new(0, &sets, err);

	return r < 0 ? r : rw_diff_views(sets, &before, &after, &found, err);
}

static int lint(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	const struct rw_view view = {.policy = scene->policy};
	RW_CLEANUP(rw_lint_report_done) struct rw_lint_report report = {0};

	return rw_lint(&(struct rw_lint_input){.views = &view, .view_count = 1}, &report, err);
}

static void with_policy(uint64_t seed, int (*run)(void *userdata, struct rw_error *err), unsigned long least,
			unsigned long stride)
{
	struct rw_dice dice = {.state = seed};
	struct scene scene = {.policy = rw_random_policy(&dice, RW_RANDOM_ALL)};

	scene.other = rw_random_policy(&dice, RW_RANDOM_ALL);
	/* A packet that some rule matches: nothing is allocated for one that none does. */
	do {
		RW_CLEANUP(rw_trace_done) struct rw_trace found = {0};

		scene.packet = rw_random_packet(&dice, scene.policy, 0, 0);
		assert_int_equal(rw_trace(scene.policy, 0, &scene.packet, &found, NULL), 0);
		if (found.match_count)
			break;
	} while (true);
	oom_each(&(struct oom_work){.run = run, .userdata = &scene, .least = least, .stride = stride});
	scene.policy = rw_policy_unref(scene.policy);
	scene.other = rw_policy_unref(scene.other);
}

static void an_exposure_is_given_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		with_policy(seed, expose, 20, 1);
}

static void a_trace_is_given_or_not(void **state)
{
	(void)state;
	with_policy(1, trace, 1, 1);
}

static void a_diff_is_given_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++)
		with_policy(seed, diff, 5, 29);
}

static void a_lint_is_given_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		with_policy(seed, lint, 10, 1);
}

/* ---- of a model ---- */

static int ask_path(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_path_done) struct rw_path path = {0};

	return rw_path(userdata, &(struct rw_path_question){.from = "n-w1", .to = "n-free:5432"}, &path, err);
}

static int ask_reach(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_reach_done) struct rw_reach reach = {0};

	return rw_reach(userdata, &(struct rw_reach_question){.from = "group:sg-web"}, &reach, err);
}

static int ask_because(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_reach_done) struct rw_reach reach = {0};

	return rw_reach(userdata, &(struct rw_reach_question){.from = "internet-4", .because = true}, &reach,
			err);
}

static int ask_matrix(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_reach_matrix_done) struct rw_reach_matrix matrix = {0};

	return rw_reach_matrix(userdata, NULL, &matrix, err);
}

static int ask_lint(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_model_lint_done) struct rw_model_lint lint = {0};

	return rw_lint_model(userdata, &(struct rw_scope){0}, NULL, 0, &lint, err);
}

struct two_sources {
	struct rw_source before, after;
};

static int ask_compare(void *userdata, struct rw_error *err)
{
	const struct two_sources *two = userdata;
	RW_CLEANUP(rw_comparison_done) struct rw_comparison comparison = {0};

	return rw_compare(&two->before, &two->after, &comparison, err);
}

static void a_question_about_a_model_is_answered_or_not(void **state)
{
	int (*const asks[])(void *userdata, struct rw_error *err) = {ask_path, ask_reach, ask_because,
								     ask_matrix, ask_lint};
	/* Sets allocate often: some failures of each are enough. */
	static const unsigned long strides[] = {1, 5, 5, 31, 11};
	struct rw_draft *draft = model_world();
	struct rw_source source;

	(void)state;
	world_create(draft, RW_KIND_GROUP, world_group("sg-lonely", "vpc-1"));
	world_add_rule(draft, "sg-lonely", "sgr-lonely in accept tcp 80/80 0.0.0.0/0");
	source = model_source(draft);
	for (size_t i = 0; i < RW_ARRAY_COUNT(asks); i++)
		oom_each(&(struct oom_work){
			.run = asks[i], .userdata = &source, .least = 5, .stride = strides[i]});
	(void)rw_draft_free(draft);
}

static void two_models_are_compared_or_not(void **state)
{
	struct rw_draft *draft = model_world();
	struct rw_model *old = rw_model_dup(rw_draft_model(draft));
	struct two_sources two = {.before.model = old};

	(void)state;
	world_add_rule(draft, "sg-web", "sgr-redis in accept tcp 6379/6379 0.0.0.0/0");
	world_create(draft, RW_KIND_NODE, world_node("n-3", "vpc-1", "", "sg-web", "10.0.0.3"));
	two.after = model_source(draft);
	oom_each(&(struct oom_work){.run = ask_compare, .userdata = &two, .least = 10, .stride = 3});
	(void)rw_model_free(old);
	(void)rw_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exposure_is_given_or_not),
		cmocka_unit_test(a_trace_is_given_or_not),
		cmocka_unit_test(a_diff_is_given_or_not),
		cmocka_unit_test(a_lint_is_given_or_not),
		cmocka_unit_test(a_question_about_a_model_is_answered_or_not),
		cmocka_unit_test(two_models_are_compared_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
