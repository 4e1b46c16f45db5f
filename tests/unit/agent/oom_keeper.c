/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out in the agent's keeper and the enforcer under it: what was in force stays in force,
 * nothing is said to be applied that is not, and with memory again the keeper gets there by itself.
 */

#include "test.h"

#include <linux/if_arp.h>
#include <string.h>

#include "agent/keeper.h"
#include "enforce/dry/dry.h"
#include "fake_enforcer.h"
#include "oom.h"

struct scene {
	int (*run)(struct scene *scene, struct rw_error *err);
	struct rw_keeper *keeper;
	struct rw_policy *old;
	struct rw_policy *new;
};

static int open_dry(void *context, struct rw_enforcer **ret_enforcer, struct rw_error *err)
{
	(void)context;
	return rw_enforce_dry_open(NULL, ret_enforcer, err);
}

static int remove_all(void *context, struct rw_error *err)
{
	(void)context;
	(void)err;
	return 0;
}

static size_t list_held(void *context, unsigned int *ret_ifindexes, size_t capacity)
{
	(void)context;
	(void)ret_ifindexes;
	(void)capacity;
	return 0;
}

static int make_keeper(struct scene *scene, struct rw_error *err)
{
	const struct rw_keeper_options options = {
		.backend = {.open = open_dry, .remove_all = remove_all, .list_held = list_held}};

	return rw_keeper_new(&options, &scene->keeper, err);
}

/* A picture with the device eth0, which has an address of the network. */
static struct rw_links make_links(void)
{
	struct rw_links links = {.count = 1, .address_count = 1};

	links.links = calloc(1, sizeof(*links.links));
	links.addresses = calloc(1, sizeof(*links.addresses));
	links.links[0].ifindex = links.addresses[0].ifindex = 2;
	links.links[0].type = ARPHRD_ETHER;
	links.links[0].has_device = true;
	strcpy(links.links[0].name, "eth0");
	assert_int_equal(rw_address_parse("10.0.0.1", &links.addresses[0].address, NULL), 0);
	return links;
}

static int set_policy(struct scene *scene, uint64_t revision, const struct rw_policy *policy,
		      struct rw_error *err)
{
	const struct rw_position position = {.incarnation = "i", .revision = revision};

	return rw_keeper_set_policy(scene->keeper, &position, policy, RW_ESTABLISHED_CUT, err);
}

static int start(struct scene *scene, struct rw_error *err)
{
	struct rw_links links;
	int r = make_keeper(scene, err);

	if (r == 0)
		r = rw_keeper_start(scene->keeper, err);
	if (r < 0)
		return r;
	oom_pause();
	links = make_links();
	oom_resume();
	r = rw_keeper_set_links(scene->keeper, &links, err);
	return r == 0 ? set_policy(scene, 7, scene->old, err) : r;
}

static int change(struct scene *scene, struct rw_error *err)
{
	oom_pause();
	assert_int_equal(start(scene, NULL), 0);
	oom_resume();
	return set_policy(scene, 8, scene->new, err);
}

static int follow_links(struct scene *scene, struct rw_error *err)
{
	struct rw_links links;

	oom_pause();
	assert_int_equal(start(scene, NULL), 0);
	links = make_links();
	links.links[0].ifindex = links.addresses[0].ifindex = 9;
	oom_resume();
	return rw_keeper_set_links(scene->keeper, &links, err);
}

static int run(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;

	oom_pause();
	scene->old = fake_policy(22);
	scene->new = fake_policy(23);
	oom_resume();
	return scene->run(scene, err);
}

/* What the keeper says is what the enforcer does: the policy in force is one of the two, wholly. */
static void look(void *userdata, int result)
{
	struct scene *scene = userdata;
	struct rw_keeper_status status;

	if (scene->keeper) {
		rw_keeper_status(scene->keeper, &status);
		if (scene->run == change) {
			assert_ptr_equal(status.policy,
					 status.in_force.revision == 8 ? scene->new : scene->old);
			assert_int_equal(status.applied.revision, result == 0 ? 8 : 7);
		}
		if (result < 0)
			assert_int_not_equal(status.state, RW_AGENT_STATE_OK);
		else
			assert_int_equal(status.state, RW_AGENT_STATE_OK);
		for (int i = 0; i < 60; i++)
			(void)rw_keeper_check(scene->keeper);
		rw_keeper_status(scene->keeper, &status);
		if (scene->run != start) {
			assert_int_equal(status.applied.revision, scene->run == change ? 8 : 7);
			assert_int_equal(status.state, RW_AGENT_STATE_OK);
			assert_int_equal(status.decisions[0].ifindex, scene->run == change ? 2 : 9);
		}
	}
	scene->keeper = rw_keeper_free(scene->keeper);
	scene->old = rw_policy_unref(scene->old);
	scene->new = rw_policy_unref(scene->new);
}

static void try_scene(int (*work)(struct scene *scene, struct rw_error *err), unsigned long least)
{
	struct scene scene = {.run = work};

	oom_each(&(struct oom_work){.run = run, .after = look, .userdata = &scene, .least = least});
}

static void a_keeper_starts_or_not(void **state)
{
	(void)state;
	try_scene(start, 10);
}

static void the_policy_in_force_stays_until_the_next_one_is(void **state)
{
	(void)state;
	try_scene(change, 10);
}

static void links_are_followed_or_the_state_says_not(void **state)
{
	(void)state;
	try_scene(follow_links, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keeper_starts_or_not),
		cmocka_unit_test(the_policy_in_force_stays_until_the_next_one_is),
		cmocka_unit_test(links_are_followed_or_the_state_says_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
