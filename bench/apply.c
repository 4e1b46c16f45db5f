/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long a policy, a rule, a member take until they are in force: compiled, written into the mapped arrays of the
 * kernel, and switched to, by the entry that the agent calls (rw_enforcer_apply).
 *
 * usage: bench-apply [ROUNDS]      a JSON array on standard output; as root
 *
 * Policies are those of policies.h.  'full' puts a policy in force that shares nothing with the one before; 'rule' and
 * 'member' let one rule or member come, go or change, of which 'beside' tells how many of 1,000 such changes did not go
 * where the tables stand.  Medians, of the time of the processor.
 */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "filter.h"
#include "netns.h"
#include "policies.h"

enum { CHANGES = 1000 };

/* Puts it in force and says how many milliseconds that took. */
static double apply(struct rw_enforcer *enforcer, const struct rw_policy *policy)
{
	struct rw_error err = RW_ERROR_NONE;
	double start = cpu_ms();

	if (rw_enforcer_apply(enforcer, policy, RW_ESTABLISHED_CUT, &err) < 0)
		fail_msg("%s", err.text);
	return cpu_ms() - start;
}

static uint32_t generation(struct rw_enforcer *enforcer)
{
	struct rw_enforcer_status status;

	assert_int_equal(enforcer->ops->status(enforcer, &status, NULL), 0);
	return status.generation;
}

struct figures {
	double full_ms, rule_ms, member_ms;
	unsigned int rule_beside, member_beside;
};

static double measure_full(struct rw_enforcer *enforcer, const struct shape *shape, size_t rounds)
{
	double *times = must(calloc(rounds, sizeof(*times)));
	double result;

	for (size_t i = 0; i <= rounds; i++) {
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(shape);
		double time = apply(enforcer, policy);

		/* The first may have to make room in the kernel, which is done once. */
		if (i > 0)
			times[i - 1] = time;
	}
	result = median(times, rounds);
	free(times);
	return result;
}

typedef struct rw_policy *change_fn(const struct rw_policy *policy, const struct shape *shape);

/* Median of the milliseconds that changes of one sort take, one upon another. */
static double measure_changes(struct rw_enforcer *enforcer, const struct rw_policy *policy,
			      const struct shape *shape, change_fn *change, unsigned int *ret_beside)
{
	struct rw_policy *current = rw_policy_ref(policy);
	double times[CHANGES];

	(void)apply(enforcer, policy);
	*ret_beside = 0;
	for (int i = 0; i < CHANGES; i++) {
		struct rw_policy *next = change(current, shape);
		uint32_t before = generation(enforcer);

		times[i] = apply(enforcer, next);
		/* A change in place is two generations on, one beside a single one. */
		*ret_beside += generation(enforcer) - before < 2;
		(void)rw_policy_unref(current);
		current = next;
	}
	(void)rw_policy_unref(current);
	return median(times, CHANGES);
}

static struct figures measure(const struct shape *shape, size_t rounds)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = make_policy(shape);
	struct rw_enforcer *enforcer = filter_open_with(netns_new(), &(struct rw_enforce_bpf_options){0});
	struct figures figures = {.full_ms = measure_full(enforcer, shape, rounds)};

	figures.rule_ms = measure_changes(enforcer, policy, shape, with_rule_changed, &figures.rule_beside);
	figures.member_ms =
		measure_changes(enforcer, policy, shape, with_member_changed, &figures.member_beside);
	(void)rw_enforcer_close(enforcer);
	return figures;
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
		{1000, 50, 1000, false},
		{1000, 50, 10000, true},
		{1000, 50, 100000, true},
		{10000, 50, 100000, false},
	};
	size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 5;

	netns_require();
	for (size_t i = 0; i < RW_ARRAY_COUNT(shapes); i++) {
		const struct shape *shape = &shapes[i];
		struct figures figures = measure(shape, rounds ? rounds : 1);

		printf("%s{\"rules\":%u,\"members\":%u,\"groups\":%u,\"shape\":\"%s\",\"full_ms\":%.2f,"
		       "\"rule_ms\":%.4f,"
		       "\"rule_beside\":%u,\"member_us\":%.1f,\"member_beside\":%u}",
		       i ? ",\n " : "[", shape->rules, shape->members, shape->groups,
		       shape->sparse ? "sparse" : "clustered", figures.full_ms, figures.rule_ms,
		       figures.rule_beside, figures.member_ms * 1e3, figures.member_beside);
		fflush(stdout);
	}
	printf("]\n");
	return 0;
}
