/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out in the compiler: it says so, and the table in force goes on to decide as before. */

#include "test.h"

#include <string.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "classify/revise.h"
#include "oom.h"
#include "policy/delta.h"
#include "random_policy.h"

struct scene {
	struct rw_policy *old;
	struct rw_policy *new; /* another policy, or 'old' again: its addresses can then be taken over */
	struct rw_classify_memory memory;       /* of the table in force */
	struct rw_classify_table *table;        /* in force: 'old' */
	struct rw_classify_memory other_memory; /* where the next one is written */
	uint64_t hash;                          /* of the image in force */
};

static uint64_t hash_of(const struct rw_classify_table *table)
{
	const uint8_t *bytes = table->pages;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < (size_t)table->page_count * RW_TABLE_PAGE_SIZE; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static int compile_alone(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	int r;

	rw_classify_memory_init(&memory);
	r = rw_classify_compile(scene->old, NULL, NULL, &memory, &table, err);
	assert_int_equal(table != NULL, r == 0);
	if (r == 0)
		assert_true(hash_of(table) == scene->hash);
	return r;
}

static int compile_next(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	int r = rw_classify_compile(scene->new, NULL, scene->table, &scene->other_memory, &table, err);

	assert_int_equal(table != NULL, r == 0);
	assert_true(hash_of(scene->table) == scene->hash);
	return r;
}

/* The memory that a failure left behind serves for the next compilation all the same. */
static void compile_again(void *userdata, int result)
{
	struct scene *scene = userdata;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	struct rw_dice dice = {.state = 5};

	(void)result;
	assert_int_equal(
		rw_classify_compile(scene->new, NULL, scene->table, &scene->other_memory, &table, NULL), 0);
	for (size_t i = 0; i < 20; i++) {
		struct rw_packet packet = rw_random_packet(&dice, scene->new, 0, RW_RANDOM_ALL);
		struct rw_decision given = rw_classify_decide(table, 0, &packet);
		struct rw_decision wanted = rw_evaluate(scene->new, 0, &packet);

		assert_int_equal(given.verdict, wanted.verdict);
		assert_int_equal(given.cause, wanted.cause);
	}
}

static void with_policies(uint64_t seed, bool same, void (*test)(struct scene *scene))
{
	struct rw_dice dice = {.state = seed};
	struct scene scene = {.old = rw_random_policy(&dice, RW_RANDOM_ALL)};

	scene.new = same ? rw_policy_ref(scene.old) : rw_random_policy(&dice, RW_RANDOM_ALL);
	rw_classify_memory_init(&scene.memory);
	rw_classify_memory_init(&scene.other_memory);
	assert_int_equal(rw_classify_compile(scene.old, NULL, NULL, &scene.memory, &scene.table, NULL), 0);
	scene.hash = hash_of(scene.table);
	test(&scene);
	scene.table = rw_classify_table_free(scene.table);
	rw_classify_memory_done(&scene.memory);
	rw_classify_memory_done(&scene.other_memory);
	scene.old = rw_policy_unref(scene.old);
	scene.new = rw_policy_unref(scene.new);
}

static void alone(struct scene *scene)
{
	oom_each(&(struct oom_work){.run = compile_alone, .userdata = scene, .least = 10});
}

static void next(struct scene *scene)
{
	oom_each(&(struct oom_work){
		.run = compile_next, .after = compile_again, .userdata = scene, .least = 5});
}

static void a_table_is_compiled_or_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		with_policies(seed, false, alone);
}

static void the_table_in_force_stays_what_it_is(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		with_policies(seed, false, next);
		with_policies(seed, true, next);
	}
}

/* ---- changes where the table stands ---- */

struct history {
	struct rw_policy *before, *after; /* one member or one rule more */
};

static void expect_decisions(const struct rw_classify_table *table, const struct rw_policy *wanted,
			     const struct rw_policy *packets)
{
	struct rw_dice dice = {.state = 6};

	assert_ptr_equal(table->policy, wanted);
	for (size_t i = 0; i < 20; i++) {
		struct rw_packet packet = rw_random_packet(&dice, packets, 0, 0);
		struct rw_decision given = rw_classify_decide(table, 0, &packet);
		struct rw_decision defined = rw_evaluate(wanted, 0, &packet);

		assert_int_equal(given.verdict, defined.verdict);
		assert_int_equal(given.cause, defined.cause);
	}
}

/* A member that nobody had makes a new class, with all that this needs. */
static int update(void *userdata, struct rw_error *err)
{
	struct history *history = userdata;
	const struct rw_classify_options options = {.spacious = true};
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	int r, again;

	rw_classify_memory_init(&memory);
	r = rw_classify_compile(history->before, &options, NULL, &memory, &table, err);
	if (r < 0)
		return r;
	r = rw_classify_update(table, history->after, &memory, err);
	assert_true(r == 0 || r == -ENOMEM);
	expect_decisions(table, r == 0 ? history->after : history->before, history->after);
	/* With memory enough again, it takes the change, or says that it must be compiled. */
	if (r < 0) {
		again = rw_classify_update(table, history->after, &memory, NULL);
		assert_true(again == 0 || again == RW_CLASSIFY_BESIDE);
		expect_decisions(table, again == 0 ? history->after : history->before, history->after);
	}
	return r;
}

/* A rule about a CIDR and ports that no rule named takes all that a change of rules can; then it goes again. */
static int revise(void *userdata, struct rw_error *err)
{
	struct history *history = userdata;
	const struct rw_classify_options options = {.spacious = true};
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory, other;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *after = NULL;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *again = NULL;
	int r;

	rw_classify_memory_init(&memory);
	rw_classify_memory_init(&other);
	r = rw_classify_compile(history->before, &options, NULL, &memory, &table, err);
	if (r < 0)
		return r;
	r = rw_classify_revise(table, history->after, &memory, &other, &after, err);
	assert_true(r == 0 || r == -ENOMEM);
	assert_int_equal(after != NULL, r == 0);
	expect_decisions(table, history->before, history->after);
	if (r < 0)
		return r;
	expect_decisions(after, history->after, history->after);
	r = rw_classify_revise(after, history->before, &other, &memory, &again, err);
	assert_true(r == 0 || r == -ENOMEM);
	expect_decisions(r == 0 ? again : after, r == 0 ? history->before : history->after, history->after);
	return r;
}

/* A policy with rules and members, and the one that a change makes of it. */
static void make_history(struct history *history, struct rw_policy_delta *delta, uint64_t seed)
{
	struct rw_dice dice = {.state = seed};

	do {
		(void)rw_policy_unref(history->before);
		history->before = rw_random_policy(&dice, seed % 2 ? RW_RANDOM_ALL : 0);
	} while (history->before->set_count < 2 || !history->before->groups[0]->rule_count);
	memcpy(delta->changes[0].id,
	       delta->changes[0].kind == RW_POLICY_ADD_MEMBERS ? history->before->sets[0]->id
							       : history->before->groups[0]->id,
	       sizeof(delta->changes[0].id));
	assert_int_equal(rw_policy_apply_delta(history->before, delta, &history->after, NULL), 0);
}

static void history_done(struct history *history)
{
	(void)rw_policy_unref(history->before);
	(void)rw_policy_unref(history->after);
}

static void failed_change_leaves_the_table_as_it_was(void **state)
{
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_ADD_MEMBERS);

	(void)state;
	change->prefixes = calloc(1, sizeof(*change->prefixes));
	change->prefix_count = 1;
	assert_int_equal(rw_prefix_parse("10.0.0.0/29", &change->prefixes[0], NULL), 0);
	for (uint64_t seed = 3; seed < 20; seed++) {
		struct history history = {0};

		make_history(&history, delta, seed);
		oom_each(&(struct oom_work){.run = update, .userdata = &history, .least = 10});
		history_done(&history);
	}
	(void)rw_policy_delta_free(delta);
}

static void failed_change_of_rules_leaves_the_table_as_it_was(void **state)
{
	struct history history = {0};
	struct rw_policy_delta *delta = rw_policy_delta_new();
	struct rw_policy_change *change = rw_policy_delta_add(delta, RW_POLICY_PUT_RULES);
	struct rw_rule *rule = rw_rule_new();

	(void)state;
	strcpy(rule->id, "sgr-new");
	rule->direction = RW_DIRECTION_INGRESS;
	rule->policy = RW_VERDICT_ACCEPT;
	rule->priority = 1;
	rule->protocol = RW_PROTOCOL_TCP;
	rule->ports = (struct rw_ports){8400, 8410};
	rule->source_ports = RW_PORTS_ANY;
	rule->object.kind = RW_OBJECT_CIDR;
	assert_int_equal(rw_prefix_parse("10.0.0.0/29", &rule->object.cidr, NULL), 0);
	change->rules = calloc(1, sizeof(struct rw_rule *));
	change->rules[0] = rule;
	change->rule_count = 1;
	make_history(&history, delta, 3);
	oom_each(&(struct oom_work){.run = revise, .userdata = &history, .least = 30});
	history_done(&history);
	(void)rw_policy_delta_free(delta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_compiled_or_not),
		cmocka_unit_test(the_table_in_force_stays_what_it_is),
		cmocka_unit_test(failed_change_leaves_the_table_as_it_was),
		cmocka_unit_test(failed_change_of_rules_leaves_the_table_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
