/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Long random histories of policies of every shape, in memories that are too small now and then, and with allocations
 * that fail: after every step the table decides as the evaluator does by the policy that is in force.
 *
 * RW_SEED=n begins with world n, RW_WORLDS=n takes so many of them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify/lookup.h"
#include "follower.h"
#include "oom.h"
#include "random_edit.h"
#include "test.h"

enum { WORLDS = 12, STEPS = 400, PACKETS = 48, FORMER = 6 };

struct world {
	uint64_t seed;
	struct rw_dice dice;
	struct follower follower;
	struct rw_policy *former[FORMER]; /* policies that were in force; NULL = not yet */
	bool fails;                       /* allocations do, at times */
	bool is_calm; /* one change at a time, of those that seldom take a compilation: so that they add up */
};

static unsigned long number_from(const char *variable, unsigned long usual)
{
	const char *given = getenv(variable);

	return given ? strtoul(given, NULL, 10) : usual;
}

/* Half of the packets come from where the next change is likely to be. */
static void look(struct world *world, int step, const char *after)
{
	const struct rw_policy *policy = world->follower.policy;
	char story[128];

	(void)snprintf(story, sizeof(story), "world %llu, step %d, %s", (unsigned long long)world->seed, step,
		       after);
	for (int i = 0; i < PACKETS; i++) {
		size_t interface = rw_dice_below(&world->dice, (uint32_t)policy->interface_count);
		struct rw_packet packet = rw_random_packet(&world->dice, policy, interface, RW_RANDOM_ALL);
		struct rw_prefix near = edit_pick_prefix(&world->dice, policy);

		if (near.address.family == packet.remote.family && i % 2)
			packet.remote = near.address;
		follower_expect(&world->follower, interface, &packet, story);
	}
}

/* A policy that was in force before, or what a change makes of this one. */
static struct rw_policy *choose_next(struct world *world)
{
	uint32_t place = rw_dice_below(&world->dice, FORMER);

	if (world->is_calm)
		return rw_dice_chance(&world->dice, 30) ? edit_member(&world->dice, world->follower.policy)
							: edit_rule(&world->dice, world->follower.policy);
	if (rw_dice_chance(&world->dice, 12) && world->former[place])
		return rw_policy_ref(world->former[place]);
	return edit_anything(&world->dice, world->follower.policy,
			     rw_dice_chance(&world->dice, world->follower.pages ? 12 : 3));
}

static void remember(struct world *world)
{
	uint32_t place = rw_dice_below(&world->dice, FORMER);

	(void)rw_policy_unref(world->former[place]);
	world->former[place] = rw_policy_ref(world->follower.policy);
}

/* The same change comes again, or another one in its place. */
static struct rw_policy *fail_and_choose(struct world *world, int step, struct rw_policy *next)
{
	int r;

	oom_arm(1 + rw_dice_below(&world->dice, rw_dice_chance(&world->dice, 60) ? 12 : 200));
	r = follower_follow(&world->follower, rw_policy_ref(next));
	oom_arm(0);
	look(world, step, r == -ENOMEM ? "no memory" : "some memory");
	if (rw_dice_chance(&world->dice, 50))
		return next;
	(void)rw_policy_unref(next);
	return choose_next(world);
}

static void take_step(struct world *world, int step)
{
	struct rw_policy *next = choose_next(world);
	int r;

	if (rw_dice_chance(&world->dice, 25))
		remember(world);
	if (world->fails && rw_dice_chance(&world->dice, 30))
		next = fail_and_choose(world, step, next);
	r = follower_follow(&world->follower, next);
	assert_true(r == 0 || r == -E2BIG);
	look(world, step, r ? "refused" : "taken");
}

/* How many pages a policy takes where there is little room to spare. */
static uint32_t measure(const struct rw_policy *policy)
{
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = NULL;

	rw_classify_memory_init(&memory);
	assert_int_equal(rw_classify_compile(policy, NULL, NULL, &memory, &table, NULL), 0);
	return table->page_count;
}

/* In half of the worlds, memory and budget are soon used up. */
static void init_world(struct world *world, uint64_t seed)
{
	struct rw_classify_options options = {.spacious = true, .compressed = seed % 2};
	struct rw_policy *policy = edit_make_world(seed);
	uint32_t pages = 0;

	*world = (struct world){
		.seed = seed, .dice = {.state = seed * 77}, .fails = seed % 3 == 0, .is_calm = seed % 5 == 0};
	if (seed % 4 >= 2 && !world->is_calm) {
		options.page_limit = measure(policy) + rw_dice_below(&world->dice, 16);
		pages = options.page_limit - rw_dice_below(&world->dice, 6);
	}
	follower_init(&world->follower, policy, &options, pages);
}

static void done_world(struct world *world)
{
	for (size_t i = 0; i < FORMER; i++)
		(void)rw_policy_unref(world->former[i]);
	follower_done(&world->follower);
}

static void every_change_leads_where_its_policy_does(void **state)
{
	unsigned long first = number_from("RW_SEED", 1), worlds = number_from("RW_WORLDS", WORLDS);
	size_t in_place = 0, revised = 0, beside = 0, starved = 0, refused = 0, grown = 0;

	(void)state;
	for (unsigned long seed = first; seed < first + worlds; seed++) {
		struct world world;

		init_world(&world, seed);
		for (int step = 0; step < STEPS * (1 + world.is_calm); step++)
			take_step(&world, step);
		in_place += world.follower.in_place;
		revised += world.follower.revised;
		beside += world.follower.beside;
		starved += world.follower.starved;
		refused += world.follower.refused;
		grown += world.follower.grown;
		done_world(&world);
	}
	print_message("%zu in place, %zu revised, %zu compiled, %zu starved, %zu refused, %zu times grown\n",
		      in_place, revised, beside, starved, refused, grown);
	if (worlds < WORLDS)
		return;
	assert_true(in_place > worlds && revised > worlds && beside > worlds && refused > worlds);
	assert_true(grown > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_leads_where_its_policy_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
