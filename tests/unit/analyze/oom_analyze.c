/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out in an analysis: it says so, and whoever asked can ask again. */

#include "test.h"

#include "analyze/diff.h"
#include "analyze/lint.h"
#include "analyze/trace.h"
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

static void with_policy(uint64_t seed, int (*run)(void *userdata, struct rw_error *err), unsigned long least)
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
	oom_each(&(struct oom_work){.run = run, .userdata = &scene, .least = least});
	scene.policy = rw_policy_unref(scene.policy);
	scene.other = rw_policy_unref(scene.other);
}

static void an_exposure_is_given_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		with_policy(seed, expose, 20);
}

static void a_trace_is_given_or_not(void **state)
{
	(void)state;
	with_policy(1, trace, 1);
}

static void a_diff_is_given_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++)
		with_policy(seed, diff, 20);
}

static void a_lint_is_given_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		with_policy(seed, lint, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exposure_is_given_or_not),
		cmocka_unit_test(a_trace_is_given_or_not),
		cmocka_unit_test(a_diff_is_given_or_not),
		cmocka_unit_test(a_lint_is_given_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
