/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long analysis takes on one interface, as rules grow: lint, diff of a small and of a large change,
 * exposure, trace.
 *
 * usage: bench-analyze [ROUNDS]      a JSON array on standard output
 *
 * Policies are those of policies.h.  Times are of the processor, medians of ROUNDS (5).  'diff_few' compares with a policy in
 * which ten rules differ, 'diff_many' with one in which half of them do; 'boxes' is how many boxes those have.
 * 'compile' is the compiler's time for the same policy, which every change costs anyway: the peer.
 */

#include <stdio.h>
#include <stdlib.h>

#include "analyze/diff.h"
#include "analyze/lint.h"
#include "analyze/map.h"
#include "analyze/trace.h"
#include "classify/compile.h"
#include "policies.h"

enum { LINT, DIFF_FEW, DIFF_MANY, EXPOSURE, PORT, TRACE, COMPILE, MEASURE_COUNT };

static const char *const names[MEASURE_COUNT] = {"lint",          "diff_few", "diff_many", "exposure",
						 "exposure_port", "trace",    "compile"};

struct scene {
	struct rw_policy *policy;
	struct rw_policy *few;
	struct rw_policy *many;
	size_t findings;
	size_t boxes_few;
	size_t boxes_many;
	const char *failed;
};

static void note_failure(struct scene *scene, const char *what, const struct rw_error *err)
{
	if (!scene->failed)
		fprintf(stderr, "%s: %s\n", what, err->text);
	scene->failed = what;
}

static void lint(struct scene *scene)
{
	const struct rw_view view = {.policy = scene->policy};
	const struct rw_lint_input input = {.views = &view, .view_count = 1};
	RW_CLEANUP(rw_lint_report_done) struct rw_lint_report report = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_lint(&input, &report, &err) < 0)
		note_failure(scene, "lint", &err);
	scene->findings = report.count;
}

static size_t diff(struct scene *scene, const struct rw_policy *other)
{
	const struct rw_view before = {.policy = scene->policy}, after = {.policy = other};
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	RW_CLEANUP(rw_diff_done) struct rw_diff found = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_sets_new(0, &sets, &err) < 0 || rw_diff_views(sets, &before, &after, &found, &err) < 0)
		note_failure(scene, "diff", &err);
	return found.boxes.count;
}

static void expose(struct scene *scene, const struct rw_space_options *options)
{
	const struct rw_view view = {.policy = scene->policy};
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	struct rw_error err = RW_ERROR_NONE;
	rw_set open;

	if (rw_sets_new(0, &sets, &err) < 0 || rw_exposure(sets, &view, options, &open, &err) < 0)
		note_failure(scene, "exposure", &err);
}

static void trace(struct scene *scene)
{
	const struct rw_packet packet = {
		.protocol = RW_PROTOCOL_TCP,
		.tcp_flags = RW_TCP_SYN,
		.hop_limit = 64,
		.local_port = 6379,
		.remote_port = 40000,
		.local = prefix4(0x0a000001u, 32).address,
		.remote = prefix4(member_address(true), 32).address,
	};
	RW_CLEANUP(rw_trace_done) struct rw_trace found = {0};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_trace(scene->policy, 0, &packet, &found, &err) < 0)
		note_failure(scene, "trace", &err);
}

static void compile(struct scene *scene)
{
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	struct rw_error err = RW_ERROR_NONE;

	rw_classify_memory_init(&memory);
	if (rw_classify_compile(scene->policy, NULL, NULL, &memory, &table, &err) < 0)
		note_failure(scene, "compile", &err);
}

static double measure(struct scene *scene, unsigned int what)
{
	const struct rw_space_options port = {RW_PROTOCOL_TCP << 16 | 6379, RW_PROTOCOL_TCP << 16 | 6379};
	double start = cpu_ms();

	switch (what) {
	case LINT:
		lint(scene);
		break;
	case DIFF_FEW:
		scene->boxes_few = diff(scene, scene->few);
		break;
	case DIFF_MANY:
		scene->boxes_many = diff(scene, scene->many);
		break;
	case EXPOSURE:
		expose(scene, NULL);
		break;
	case PORT:
		expose(scene, &port);
		break;
	case TRACE:
		trace(scene);
		break;
	default:
		compile(scene);
	}
	return cpu_ms() - start;
}

static void run(const struct shape *shape, size_t rounds, bool first)
{
	struct scene scene = {.policy = make_policy(shape)};
	RW_CLEANUP(rw_free) double *times = must(calloc(rounds * MEASURE_COUNT, sizeof(*times)));

	scene.few = with_changes(scene.policy, shape, shape->rules / 10);
	scene.many = with_changes(scene.policy, shape, 2);
	for (size_t i = 0; i < rounds; i++)
		for (unsigned int what = 0; what < MEASURE_COUNT; what++)
			times[what * rounds + i] = measure(&scene, what);
	printf("%s{\"rules\":%u,\"members\":%u,\"findings\":%zu,\"boxes_few\":%zu,\"boxes_many\":%zu",
	       first ? "[" : ",\n ", shape->rules, shape->members, scene.findings, scene.boxes_few,
	       scene.boxes_many);
	for (unsigned int what = 0; what < MEASURE_COUNT; what++)
		printf(",\"%s_ms\":%.3f", names[what], median(times + what * rounds, rounds));
	printf(",\"failed\":%s%s%s}", scene.failed ? "\"" : "", scene.failed ? scene.failed : "null",
	       scene.failed ? "\"" : "");
	fflush(stdout);
	(void)rw_policy_unref(scene.policy);
	(void)rw_policy_unref(scene.few);
	(void)rw_policy_unref(scene.many);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
		{100, 10, 1000, false},
		{1000, 50, 1000, false},
		{10000, 50, 1000, false},
		{10000, 50, 10000, true},
	};
	size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 5;

	if (rounds < 1)
		rounds = 1;
	for (size_t i = 0; i < RW_ARRAY_COUNT(shapes); i++)
		run(&shapes[i], rounds, i == 0);
	printf("]\n");
	return 0;
}
