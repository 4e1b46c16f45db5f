/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out in an analysis: it says so, and whoever asked can ask again. */

#include "test.h"

#include "analyze/box.h"
#include "analyze/map.h"
#include "analyze/trace.h"
#include "oom.h"
#include "random_policy.h"

struct scene {
	struct rw_policy *policy;
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

static void with_policy(uint64_t seed, int (*run)(void *userdata, struct rw_error *err), unsigned long least)
{
	struct rw_dice dice = {.state = seed};
	struct scene scene = {.policy = rw_random_policy(&dice, RW_RANDOM_ALL)};

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exposure_is_given_or_not),
		cmocka_unit_test(a_trace_is_given_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
