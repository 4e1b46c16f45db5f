/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out at the first, second, third ... allocation of a change: it fails and nothing happened, or it is
 * durable and folded; the controller goes on in both cases.
 */

#include "fixture.h"
#include "oom.h"

static struct fixture fx;
static struct agent agent;

static int add_rule(void *userdata, struct rw_error *err)
{
	static const char *const text = "sgr-x in accept tcp 6379/6379 198.51.100.0/24";
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct step step = {STEP_ADD_RULE, .reference = "sg-c1", .text = text};

	(void)userdata;
	return fixture_run(fx.controller, &fx.alice, step, 0, &result, err);
}

static void compare_and_undo(void *userdata, int result)
{
	const struct rw_group *group;
	bool there = false;

	(void)userdata;
	rw_controller_tick(fx.controller);
	group = rw_model_find_group(rw_controller_model(fx.controller), "sg-c1");
	for (size_t i = 0; i < group->rule_count; i++)
		there |= strcmp(group->rules[i]->id, "sgr-x") == 0;
	assert_int_equal(there, result == 0);
	assert_int_equal(rw_controller_ready(fx.controller, NULL), 0);
	fixture_second(&fx);
	fixture_assert_same_model(fx.controller, fx.second);
	fx.second = rw_controller_free(fx.second);
	if (there)
		fixture_revoke(&fx, "sg-c1", "sgr-x");
	/* A delta that could not be sent is made up for. */
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_true(agent_is_current(&agent));
}

static void a_change_happens_or_not(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	fixture_begin = oom_pause;
	fixture_end = oom_resume;
	agent_init(&agent, &fx, "n-1");
	assert_int_equal(agent_connect(&agent), 0);
	oom_each(&(struct oom_work){.run = add_rule, .after = compare_and_undo, .least = 20});
	agent_done(&agent);
	fixture_done(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_happens_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
