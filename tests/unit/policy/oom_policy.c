/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out while a policy is derived, compared or changed: both policies stay what they were. */

#include "oom.h"
#include "policy/delta.h"
#include "world.h"

struct scene {
	struct rw_model *old_model;
	struct rw_model *new_model;
	struct rw_policy_cache *cache;
	struct rw_policy *from;
	struct rw_policy *to;
	struct rw_policy_delta *delta;
};

static struct rw_policy *derive(const struct rw_model *model)
{
	struct rw_policy *policy = NULL;

	assert_int_equal(rw_policy_derive(model, "n-1", NULL, NULL, &policy, NULL), 0);
	return policy;
}

/* Two states of the world that differ in groups, rules, members, sets and the node itself. */
static int set_up(void **state)
{
	static struct scene scene;
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();
	static const char *const revoked[] = {"sgr-1"};

	world_create(draft, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	world_create(draft, RW_KIND_GROUP, world_group("sg-other", "vpc-1"));
	world_add_rule(draft, "sg-c1", "sgr-1 in accept tcp 80/80 sg-free");
	world_add_rule(draft, "sg-c1", "sgr-2 in accept tcp 81/81 pl-1");
	scene.old_model = rw_draft_dup_model(draft);
	assert_int_equal(rw_edit_revoke_rules(draft, "sg-c1", revoked, 1, NULL, NULL), 0);
	world_add_rule(draft, "sg-c1", "sgr-3 out drop udp 53/53 0.0.0.0/0");
	world_add_rule(draft, "sg-c1", "sgr-4 in accept tcp 82/82 sg-other");
	world_create(draft, RW_KIND_NODE, world_node("n-3", "vpc-1", "c1", "", "10.0.0.3"));
	assert_int_equal(rw_edit_join(draft, "n-1", NULL, "sg-other", NULL), 0);
	assert_int_equal(rw_edit_delete(draft, RW_KIND_NODE, "n-2", false, NULL), 0);
	scene.new_model = rw_draft_dup_model(draft);
	scene.from = derive(scene.old_model);
	scene.to = derive(scene.new_model);
	assert_int_equal(rw_policy_diff(scene.from, scene.to, &scene.delta, NULL), 0);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	scene->old_model = rw_model_free(scene->old_model);
	scene->new_model = rw_model_free(scene->new_model);
	scene->cache = rw_policy_cache_free(scene->cache);
	scene->from = rw_policy_unref(scene->from);
	scene->to = rw_policy_unref(scene->to);
	scene->delta = rw_policy_delta_free(scene->delta);
	return 0;
}

static void assert_digest(const struct rw_policy *policy, const struct rw_policy *wanted)
{
	struct rw_policy_digest a = rw_policy_digest(policy), b = rw_policy_digest(wanted);

	assert_memory_equal(&a, &b, sizeof(a));
}

static int derive_alone(void *userdata, struct rw_error *err)
{
	const struct scene *scene = userdata;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	int r = rw_policy_derive(scene->new_model, "n-1", NULL, NULL, &policy, err);

	if (r == 0)
		assert_digest(policy, scene->to);
	else
		assert_null(policy);
	return r;
}

static void a_policy_is_derived_or_not(void **state)
{
	oom_each(&(struct oom_work){.run = derive_alone, .userdata = *state, .least = 10});
}

static int derive_cached(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	oom_pause();
	(void)rw_policy_cache_free(scene->cache);
	scene->cache = rw_policy_cache_new();
	assert_non_null(scene->cache);
	assert_int_equal(rw_policy_derive(scene->old_model, "n-1", NULL, scene->cache, &policy, NULL), 0);
	policy = rw_policy_unref(policy);
	rw_policy_cache_forget(scene->cache, NULL);
	oom_resume();
	return rw_policy_derive(scene->new_model, "n-1", NULL, scene->cache, &policy, err);
}

/* Whatever the cache holds after a failure is right. */
static void derive_again(void *userdata, int result)
{
	const struct scene *scene = userdata;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	(void)result;
	assert_int_equal(rw_policy_derive(scene->new_model, "n-1", NULL, scene->cache, &policy, NULL), 0);
	assert_digest(policy, scene->to);
}

static void the_cache_stays_right(void **state)
{
	oom_each(&(struct oom_work){
		.run = derive_cached, .after = derive_again, .userdata = *state, .least = 10});
}

static int diff(void *userdata, struct rw_error *err)
{
	const struct scene *scene = userdata;
	RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
	int r = rw_policy_diff(scene->from, scene->to, &delta, err);

	assert_int_equal(delta != NULL, r == 0);
	return r;
}

static void look_at_both(void *userdata, int result)
{
	struct scene *scene = userdata;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *from = derive(scene->old_model);
	RW_CLEANUP(rw_policy_unref) struct rw_policy *to = derive(scene->new_model);

	(void)result;
	assert_digest(scene->from, from);
	assert_digest(scene->to, to);
}

static void a_difference_is_found_or_not(void **state)
{
	oom_each(&(struct oom_work){.run = diff, .after = look_at_both, .userdata = *state, .least = 10});
}

static int apply(void *userdata, struct rw_error *err)
{
	const struct scene *scene = userdata;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	int r = rw_policy_apply_delta(scene->from, scene->delta, &policy, err);

	if (r == 0)
		assert_digest(policy, scene->to);
	else
		assert_null(policy);
	return r;
}

static void a_delta_is_applied_or_not(void **state)
{
	oom_each(&(struct oom_work){.run = apply, .after = look_at_both, .userdata = *state, .least = 10});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_policy_is_derived_or_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_cache_stays_right, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_difference_is_found_or_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_delta_is_applied_or_not, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
