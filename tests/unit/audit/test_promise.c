/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdio.h>

#include "audit/promise.h"
#include "policy/evaluate.h"

static struct rw_draft *draft;
static struct rw_promise *promise;
static struct rw_promise_outcome outcome;

static void fill_count(const struct rw_random *random, void *bytes, size_t size)
{
	static uint8_t next;

	(void)random;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = next++;
}
static const struct rw_random counting = {.fill = fill_count};
static const struct rw_edit_context context = {.now_ms = 1000, .author = "test", .random = &counting};

static struct rw_group *make_group(const char *id)
{
	struct rw_group *group = rw_group_new();

	(void)snprintf(group->id, sizeof(group->id), "%s", id);
	group->name = strdup(id);
	(void)strcpy(group->network, "vpc-1");
	group->inner_access = RW_VERDICT_DROP;
	return group;
}

/* Two web nodes and a database, each tier in a group of its own without inner access. */
static int setup(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *empty = rw_model_new();
	struct rw_network *network = rw_network_new();

	(void)state;
	draft = rw_draft_new(empty, &context);
	(void)strcpy(network->id, "vpc-1");
	network->name = strdup("main");
	network->cidrs = calloc(1, sizeof(struct rw_prefix));
	network->cidr_count = 1;
	assert_int_equal(rw_prefix_parse("10.0.0.0/16", network->cidrs, NULL), 0);
	world_create(draft, RW_KIND_NETWORK, network);
	world_create(draft, RW_KIND_GROUP, make_group("sg-web"));
	world_create(draft, RW_KIND_GROUP, make_group("sg-db"));
	world_create(draft, RW_KIND_NODE, world_node("n-web1", "vpc-1", "", "sg-web", "10.0.0.1"));
	world_create(draft, RW_KIND_NODE, world_node("n-web2", "vpc-1", "", "sg-web", "10.0.0.2"));
	world_create(draft, RW_KIND_NODE, world_node("n-db", "vpc-1", "", "sg-db", "10.0.0.9"));
	promise = rw_promise_new();
	(void)strcpy(promise->id, "pr-1");
	(void)strcpy(promise->network, "vpc-1");
	promise->protocol = RW_PROTOCOL_TCP;
	promise->ports = (struct rw_ports){5432, 5432};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	promise = rw_promise_unref(promise);
	draft = rw_draft_free(draft);
	return 0;
}

static void promise_that(enum rw_verdict policy, const char *from, const char *to)
{
	promise->policy = policy;
	promise->from = world_object(from);
	promise->to = world_object(to);
}

/* Judges; what is told as broken is shown by the evaluator on the policy of that node. */
static void expect_state(enum rw_promise_state state)
{
	RW_CLEANUP(rw_promise_judge_free) struct rw_promise_judge *judge = NULL;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	const struct rw_policy_surroundings surroundings = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_decision decision;

	assert_int_equal(rw_promise_judge_new(rw_draft_model(draft), &judge, &err), 0);
	assert_int_equal(rw_promise_judge_all(judge, promise, &outcome, &err), 0);
	assert_string_equal(rw_promise_state_name(outcome.state), rw_promise_state_name(state));
	if (outcome.state != RW_PROMISE_BROKEN)
		return;
	assert_int_equal(
		rw_policy_derive(rw_draft_model(draft), outcome.node, &surroundings, NULL, &policy, &err), 0);
	decision = rw_evaluate(policy, (size_t)rw_policy_find_interface(policy, outcome.interface),
			       &outcome.witness);
	assert_int_equal(decision.verdict, outcome.verdict);
	assert_string_equal(rw_decision_cause(&decision), outcome.cause);
	assert_int_not_equal(decision.verdict, promise->policy);
}

static void an_accept_is_kept_when_all_of_it_passes(void **state)
{
	(void)state;
	promise_that(RW_VERDICT_ACCEPT, "sg-web", "sg-db");
	expect_state(RW_PROMISE_BROKEN);
	assert_string_equal(outcome.node, "n-db");
	assert_string_equal(outcome.cause, "default");
	world_add_rule(draft, "sg-db", "sgr-a in accept tcp 5432/5432 10.0.0.1/32");
	expect_state(RW_PROMISE_BROKEN);
	assert_true(rw_address_equal(&outcome.witness.remote, &(struct rw_address){4, {10, 0, 0, 2}}));
	world_add_rule(draft, "sg-db", "sgr-b in accept tcp 5432/5432 sg-web");
	expect_state(RW_PROMISE_KEPT);
	assert_int_equal(outcome.interfaces, 3);
}

static void an_accept_asks_the_sender_too(void **state)
{
	(void)state;
	promise_that(RW_VERDICT_ACCEPT, "sg-web", "sg-db");
	world_add_rule(draft, "sg-db", "sgr-b in accept tcp 5432/5432 sg-web");
	world_add_rule(draft, "sg-web", "sgr-no out drop tcp 5000/6000 10.0.0.0/16");
	expect_state(RW_PROMISE_BROKEN);
	assert_string_equal(outcome.node, "n-web1");
	assert_string_equal(outcome.cause, "sgr-no");
	assert_int_equal(outcome.witness.remote_port, 5432);
}

static void a_deny_finds_the_one_address_that_gets_in(void **state)
{
	(void)state;
	promise_that(RW_VERDICT_DROP, "0.0.0.0/0", "sg-db");
	expect_state(RW_PROMISE_KEPT);
	world_add_rule(draft, "sg-db", "sgr-one in accept tcp 5000/6000 198.51.100.7/32 9");
	expect_state(RW_PROMISE_BROKEN);
	assert_string_equal(outcome.cause, "sgr-one");
	assert_int_equal(outcome.witness.local_port, 5432);
	world_add_rule(draft, "sg-db", "sgr-no in drop tcp 5432/5432 198.51.100.0/24 1");
	expect_state(RW_PROMISE_KEPT);
}

/* That the sender would not send is no reason to trust it. */
static void a_deny_trusts_no_sender(void **state)
{
	(void)state;
	promise_that(RW_VERDICT_DROP, "sg-web", "sg-db");
	world_add_rule(draft, "sg-db", "sgr-all in accept all -1/-1 10.0.0.0/16");
	world_add_rule(draft, "sg-web", "sgr-no out drop all -1/-1 0.0.0.0/0");
	expect_state(RW_PROMISE_BROKEN);
	assert_string_equal(outcome.node, "n-db");
}

static void a_deny_to_the_outside_is_the_senders(void **state)
{
	(void)state;
	promise_that(RW_VERDICT_DROP, "sg-db", "203.0.113.0/24");
	expect_state(RW_PROMISE_BROKEN);
	assert_string_equal(outcome.node, "n-db");
	world_add_rule(draft, "sg-db", "sgr-no out drop tcp 1/65535 0.0.0.0/0");
	expect_state(RW_PROMISE_KEPT);
}

static void is_idle_where_nobody_is_meant(void **state)
{
	(void)state;
	promise_that(RW_VERDICT_ACCEPT, "192.0.2.0/24", "198.51.100.0/24");
	expect_state(RW_PROMISE_IDLE);
	promise_that(RW_VERDICT_ACCEPT, "::/0", "sg-db");
	expect_state(RW_PROMISE_IDLE);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_accept_is_kept_when_all_of_it_passes),   T(an_accept_asks_the_sender_too),
		T(a_deny_finds_the_one_address_that_gets_in), T(a_deny_trusts_no_sender),
		T(a_deny_to_the_outside_is_the_senders),      T(is_idle_where_nobody_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
