/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out in the agent's keeper and the enforcer under it: what was in force stays in force,
 * nothing is said to be applied that is not, and with memory again the keeper gets there by itself.  What was said
 * of live flows, and what the controller asked about them, is not lost on the way.
 */

#include "test.h"

#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "agent/keeper.h"
#include "agent/report.h"
#include "agent/saver.h"
#include "enforce/dry/dry.h"
#include "fake_enforcer.h"
#include "oom.h"
#include "scratch.h"

struct scene {
	int (*run)(struct scene *scene, struct rw_error *err);
	enum rw_established established; /* of the change */
	struct rw_keeper *keeper;
	struct rw_policy *old;
	struct rw_policy *new;
};

/* What was said of live flows with the policy put in force last. */
static enum rw_established said;
static const struct rw_enforcer_ops *dry_ops;

static int apply(struct rw_enforcer *enforcer, const struct rw_policy *policy,
		 enum rw_established established, struct rw_error *err)
{
	int r = dry_ops->apply(enforcer, policy, established, err);

	if (r == 0)
		said = established;
	return r;
}

/* A dry enforcer that remembers what is said. */
static int open_dry(void *context, struct rw_enforcer **ret_enforcer, struct rw_error *err)
{
	static struct rw_enforcer_ops ops;
	int r = rw_enforce_dry_open(NULL, ret_enforcer, err);

	(void)context;
	if (r < 0)
		return r;
	if (!dry_ops)
		dry_ops = (*ret_enforcer)->ops;
	ops = *dry_ops;
	ops.apply = apply;
	(*ret_enforcer)->ops = &ops;
	return 0;
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

	return rw_keeper_set_policy(scene->keeper, &position, policy,
				    revision == 8 ? scene->established : RW_ESTABLISHED_CUT, err);
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
			assert_int_equal(said,
					 scene->run == change ? scene->established : RW_ESTABLISHED_CUT);
			assert_int_equal(status.state, RW_AGENT_STATE_OK);
			assert_int_equal(status.decisions[0].ifindex, scene->run == change ? 2 : 9);
		}
	}
	scene->keeper = rw_keeper_free(scene->keeper);
	scene->old = rw_policy_unref(scene->old);
	scene->new = rw_policy_unref(scene->new);
}

static void try_change(enum rw_established established)
{
	struct scene scene = {.run = change, .established = established};

	oom_each(&(struct oom_work){.run = run, .after = look, .userdata = &scene, .least = 10});
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
	try_change(RW_ESTABLISHED_CUT);
}

static void what_was_said_of_live_flows_holds_until_it_is(void **state)
{
	(void)state;
	try_change(RW_ESTABLISHED_KEEP);
	try_change(RW_ESTABLISHED_CUT_KEPT);
}

/* ---- what the controller asked ---- */

struct answer {
	struct fake_enforcer fake;
	struct rw_keeper *keeper;
	struct rw_reporter reporter;
};

static int encode(void *userdata, struct rw_error *err)
{
	struct answer *answer = userdata;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	RW_CLEANUP(rw_report_done) struct rw_report report;
	int r;

	rw_report_init(&report);
	rw_buf_init(&buf, RW_REPORT_SIZE_MAX);
	r = rw_reporter_encode(&answer->reporter, answer->keeper, false, &buf, err);
	assert_int_equal(answer->reporter.judgement_count, r < 0 ? 1 : 0);
	if (r < 0)
		return r;
	oom_pause();
	assert_int_equal(rw_report_decode(buf.data, buf.size, &report, NULL), 0);
	assert_int_equal(report.judgement_count, 1);
	assert_int_equal(report.judgements[0].question, 5);
	assert_int_equal(report.judgements[0].flows, 1);
	assert_int_equal(report.judgements[0].example_count, 1);
	oom_resume();
	return 0;
}

static void judge_again(void *userdata, int result)
{
	struct answer *answer = userdata;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(23);

	if (result >= 0)
		rw_reporter_judge(&answer->reporter, answer->keeper, 5, policy);
}

static void an_answer_waits_until_it_is_told(void **state)
{
	const struct rw_enforcer_refused refused = {
		.opener = {.protocol = RW_PROTOCOL_TCP, .local = {.family = 4}, .remote = {.family = 4}},
		.interface = "eth0",
		.class = RW_FLOW_ESTABLISHED,
		.cause = RW_CAUSE_DEFAULT};
	static struct answer answer; /* large */
	const struct rw_keeper_options options = {.backend = {.open = fake_enforcer_open,
							      .remove_all = fake_enforcer_remove_all,
							      .list_held = fake_enforcer_list_held,
							      .context = &answer.fake}};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = fake_policy(22);
	const struct rw_position position = {.incarnation = "i", .revision = 7};
	struct rw_links links = make_links();

	(void)state;
	fake_enforcer_init(&answer.fake);
	answer.fake.refused = &refused;
	answer.fake.refused_count = 1;
	assert_int_equal(rw_keeper_new(&options, &answer.keeper, NULL), 0);
	assert_int_equal(rw_keeper_start(answer.keeper, NULL), 0);
	assert_int_equal(rw_keeper_set_links(answer.keeper, &links, NULL), 0);
	assert_int_equal(rw_keeper_set_policy(answer.keeper, &position, policy, RW_ESTABLISHED_CUT, NULL), 0);
	rw_reporter_init(&answer.reporter, rw_clock_system());
	judge_again(&answer, 0);
	oom_each(&(struct oom_work){.run = encode, .after = judge_again, .userdata = &answer, .least = 8});
	rw_reporter_done(&answer.reporter);
	(void)rw_keeper_free(answer.keeper);
	fake_enforcer_done(&answer.fake);
}

static void links_are_followed_or_the_state_says_not(void **state)
{
	(void)state;
	try_scene(follow_links, 1);
}

struct saving {
	struct rw_agent_place place;
	struct rw_saver *saver;
	struct rw_policy *policy;
	unsigned int failures;
	struct rw_error err; /* of the last save */
};

static void note_saved(void *context, const struct rw_error *err)
{
	struct saving *saving = context;

	saving->err = err ? *err : RW_ERROR_NONE;
	saving->failures += err != NULL;
}

static int save_here(void *userdata, struct rw_error *err)
{
	const struct rw_position position = {.incarnation = "a1", .revision = 1};
	struct saving *saving = userdata;

	rw_agent_policy_set_stale(&saving->place);
	rw_saver_want(saving->saver);
	rw_saver_finish(saving->saver, &position, saving->policy);
	*err = saving->err;
	return saving->err.code;
}

static void look_at_the_mark(void *userdata, int result)
{
	const struct saving *saving = userdata;

	assert_int_equal(rw_agent_policy_is_stale(&saving->place), result < 0);
}

static void a_policy_is_saved_or_that_is_told(void **state)
{
	const struct rw_position position = {.incarnation = "a1", .revision = 1};
	RW_CLEANUP(rw_loop_free) struct rw_loop *loop = NULL;
	struct saving saving = {.policy = fake_policy(22)};
	char folder[SCRATCH_SIZE];

	(void)state;
	scratch_make(folder);
	(void)snprintf(saving.place.state, sizeof(saving.place.state), "%s/state", folder);
	(void)snprintf(saving.place.run, sizeof(saving.place.run), "%s/run", folder);
	assert_int_equal(rw_agent_run_make(&saving.place, NULL), 0);
	assert_int_equal(rw_loop_new(&loop, NULL), 0);
	assert_int_equal(rw_saver_new(loop, &saving.place, note_saved, &saving, &saving.saver), 0);
	oom_each(&(struct oom_work){
		.run = save_here, .after = look_at_the_mark, .userdata = &saving, .least = 4});

	/* Not even the thread can be asked: told, and tried again half a minute later. */
	saving.failures = 0;
	rw_saver_want(saving.saver);
	oom_arm(1);
	assert_false(rw_saver_tick(saving.saver, 1000, &position, saving.policy));
	oom_arm(0);
	assert_int_equal(saving.failures, 1);
	assert_int_equal(saving.err.code, -ENOMEM);
	assert_false(rw_saver_tick(saving.saver, 1001, &position, saving.policy));
	assert_true(rw_saver_tick(saving.saver, 1000 + RW_SAVER_RETRY_MS, &position, saving.policy));
	rw_loop_run(loop);
	assert_int_equal(saving.err.code, 0);
	(void)rw_saver_free(saving.saver);
	(void)rw_policy_unref(saving.policy);
	assert_int_equal(scratch_remove(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keeper_starts_or_not),
		cmocka_unit_test(the_policy_in_force_stays_until_the_next_one_is),
		cmocka_unit_test(what_was_said_of_live_flows_holds_until_it_is),
		cmocka_unit_test(an_answer_waits_until_it_is_told),
		cmocka_unit_test(links_are_followed_or_the_state_says_not),
		cmocka_unit_test(a_policy_is_saved_or_that_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
