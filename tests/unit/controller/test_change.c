/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct fixture fx;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static void makes_a_change_durable_and_folds_it(void **state)
{
	const struct rw_group *group;
	uint64_t revision;

	(void)state;
	fixture_vpc(&fx);
	revision = fixture_add_rule(&fx, "sg-c1", "sgr-new in accept tcp 6379/6379 198.51.100.0/24");
	assert_int_equal(revision, rw_controller_revision(fx.controller));
	group = rw_model_find_group(rw_controller_model(fx.controller), "sg-c1");
	assert_int_equal(rw_controller_object_revision(fx.controller, RW_KIND_GROUP, "sg-c1"), revision);
	assert_non_null(group);
	fixture_restart(&fx);
	group = rw_model_find_group(rw_controller_model(fx.controller), "sg-c1");
	assert_int_equal(rw_controller_object_revision(fx.controller, RW_KIND_GROUP, "sg-c1"), revision);
	assert_string_equal(group->rules[group->rule_count - 1]->id, "sgr-new");
}

static void another_controller_folds_the_same(void **state)
{
	struct rw_controller *second = fixture_second(&fx);
	uint64_t cursor;

	(void)state;
	fixture_vpc(&fx);
	fixture_add_rule(&fx, "sg-free", "sgr-1 in accept udp 53/53 10.0.0.0/8");
	fixture_revoke(&fx, "sg-free", "sgr-1");
	fixture_add_rule(&fx, "sg-free", "sgr-2 in accept udp 54/54 sg-c1");
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-2"});
	rw_controller_tick(second);
	fixture_assert_same_model(fx.controller, second);
	assert_int_equal(rw_event_newest(second), rw_event_newest(fx.controller));
	cursor = rw_event_newest(second) - 1;
	assert_string_equal(rw_event_next(second, &cursor, NULL)->actor, "alice");
	assert_int_equal(rw_controller_object_revision(second, RW_KIND_NODE, "n-2"), 0);
	assert_int_equal(rw_controller_object_revision(second, RW_KIND_GROUP, "sg-free"),
			 rw_controller_object_revision(fx.controller, RW_KIND_GROUP, "sg-free"));
}

static void tells_before_and_after_of_each_item(void **state)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free",
			    .text = "sgr-1 in accept tcp 80/80 0.0.0.0/0"};

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), 0);
	assert_true(result.changed);
	assert_int_equal(result.item_count, 1);
	assert_int_equal(result.items[0].subject, RW_SUBJECT_RULE);
	assert_string_equal(result.items[0].id, "sgr-1");
	assert_string_equal(result.items[0].group, "sg-free");
	assert_null(result.items[0].before);
	assert_non_null(strstr(result.items[0].after, "\"sgr-1\""));
	assert_int_equal(result.concerned, 1);
}

static void changes_nothing_the_second_time(void **state)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept tcp 80/80 0.0.0.0/0"};
	uint64_t revision;

	(void)state;
	fixture_vpc(&fx);
	revision = fixture_do(&fx, step);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), 0);
	assert_false(result.changed);
	assert_int_equal(result.revision, revision);
	assert_int_equal(rw_store_revision(fx.store), revision);
}

static void writes_one_small_page_for_one_rule(void **state)
{
	struct rw_store_watch *watch;
	struct rw_store_batch batch;
	char text[80];
	size_t size = 0;

	(void)state;
	fixture_vpc(&fx);
	for (int i = 0; i < 500; i++) {
		(void)snprintf(text, sizeof(text), "- in accept tcp %d/%d 0.0.0.0/0", 1000 + i, 1000 + i);
		fixture_add_rule(&fx, "sg-free", text);
	}
	assert_int_equal(rw_store_watch_new(fx.store, "", 0, NULL, NULL, &watch, NULL), 0);
	fixture_add_rule(&fx, "sg-free", "- in accept tcp 80/80 0.0.0.0/0");
	assert_int_equal(rw_store_watch_next(watch, &batch, NULL), RW_STORE_EVENTS);
	assert_int_equal(batch.count, 3); /* audit record, sequence, page */
	for (size_t i = 0; i < batch.count; i++)
		size += batch.events[i].value_size;
	assert_in_range(size, 1, 8000);
	watch = rw_store_watch_free(watch);
}

static void dry_run_changes_nothing(void **state)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept tcp 80/80 0.0.0.0/0"};
	struct rw_change_request request = {.actor = &fx.alice,
					    .action = "test",
					    .edit = fixture_edit,
					    .userdata = &step,
					    .dry_run = true};
	uint64_t revision;

	(void)state;
	fixture_vpc(&fx);
	revision = rw_store_revision(fx.store);
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	assert_true(result.changed);
	assert_int_equal(result.item_count, 1);
	assert_int_equal(rw_store_revision(fx.store), revision);
	assert_int_equal(rw_model_find_group(rw_controller_model(fx.controller), "sg-free")->rule_count, 0);
}

static void refuses_when_if_match_does_not_hold(void **state)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept tcp 80/80 0.0.0.0/0"};
	struct rw_change_match match = {RW_KIND_GROUP, "sg-free", 0};
	struct rw_change_request request = {.actor = &fx.alice,
					    .action = "test",
					    .edit = fixture_edit,
					    .userdata = &step,
					    .matches = &match,
					    .match_count = 1};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	fixture_vpc(&fx);
	match.revision = rw_controller_object_revision(fx.controller, RW_KIND_GROUP, "sg-free") - 1;
	assert_int_equal(rw_change_run(fx.controller, &request, &result, &err), -ESTALE);
	match.revision++;
	assert_int_equal(rw_change_run(fx.controller, &request, &result, &err), 0);
}

static struct rw_change_request idempotent(struct step *step, uint8_t digest)
{
	struct rw_change_request request = {.actor = &fx.alice,
					    .action = "test",
					    .edit = fixture_edit,
					    .userdata = step,
					    .idempotency_key = "once"};

	memset(request.request_digest, digest, sizeof(request.request_digest));
	return request;
}

static void does_a_request_with_one_idempotency_key_once(void **state)
{
	struct step step = {STEP_ADD_RULE, .reference = "sg-free",
			    .text = "sgr-1 in accept tcp 80/80 0.0.0.0/0"};
	struct rw_change_request request = idempotent(&step, 1);
	struct rw_change_result result;
	uint64_t revision;

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	revision = result.revision;
	rw_change_result_done(&result);
	fixture_revoke(&fx, "sg-free", "sgr-1");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), RW_CHANGE_REPLAYED);
		assert_int_equal(result.revision, revision);
		assert_int_equal(result.item_count, 1);
		assert_string_equal(result.items[0].id, "sgr-1");
		assert_string_equal(result.items[0].group, "sg-free");
		assert_non_null(result.items[0].after);
		rw_change_result_done(&result);
		fixture_restart(&fx); /* the key survives */
	}
	assert_int_equal(rw_model_find_group(rw_controller_model(fx.controller), "sg-free")->rule_count, 0);
}

static void forgets_idempotency_keys_after_a_day(void **state)
{
	struct step step = {STEP_ADD_RULE, .reference = "sg-free",
			    .text = "sgr-1 in accept tcp 80/80 0.0.0.0/0"};
	struct rw_change_request request = idempotent(&step, 1);
	struct rw_change_result result;

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	rw_change_result_done(&result);
	fixture_revoke(&fx, "sg-free", "sgr-1");
	fx.clock.now_ms += 25 * 3600 * 1000;
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	rw_change_result_done(&result);
}

static void refuses_an_idempotency_key_for_another_request(void **state)
{
	struct step step = {STEP_ADD_RULE, .reference = "sg-free",
			    .text = "sgr-1 in accept tcp 80/80 0.0.0.0/0"};
	struct rw_change_request request = idempotent(&step, 1);
	struct rw_change_request other = idempotent(&step, 2);
	struct rw_change_result result;

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), 0);
	rw_change_result_done(&result);
	assert_int_equal(rw_change_run(fx.controller, &other, &result, NULL), -EEXIST);
}

/* A second controller that changes something whenever it is asked. */
struct rival {
	struct rw_controller *controller;
	int times;
	int done;
};

static void interfere(void *userdata)
{
	struct rival *rival = userdata;
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct rw_error err = RW_ERROR_NONE;
	char text[80];

	if (rival->done == rival->times)
		return;
	(void)snprintf(text, sizeof(text), "- in accept tcp %d/%d 0.0.0.0/0", rival->done + 1,
		       rival->done + 1);
	rival->done++;
	if (fixture_run(rival->controller, &fx.alice,
			(struct step){STEP_ADD_RULE, .reference = "sg-free", .text = text}, 0, &result,
			&err) < 0)
		fail_msg("%s", err.text);
}

static void tries_again_when_another_writer_was_first(void **state)
{
	struct rival rival = {fixture_second(&fx), RW_CHANGE_TRIES - 1, 0};
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept udp 80/80 0.0.0.0/0",
			    .between = interfere, .userdata = &rival};

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), 0);
	assert_int_equal(rw_model_find_group(rw_controller_model(fx.controller), "sg-free")->rule_count,
			 RW_CHANGE_TRIES);
	rw_controller_tick(rival.controller);
	fixture_assert_same_model(fx.controller, rival.controller);
}

/* The same request reaches another controller while the first one is at it. */
static void repeat_elsewhere(void *userdata)
{
	struct rival *rival = userdata;
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept tcp 80/80 0.0.0.0/0"};
	struct rw_change_request request = idempotent(&step, 1);

	if (rival->done++ == 0)
		assert_int_equal(rw_change_run(rival->controller, &request, &result, NULL), 0);
}

static void a_request_at_two_controllers_at_once_is_done_once(void **state)
{
	struct rival rival = {.controller = fixture_second(&fx)};
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept tcp 80/80 0.0.0.0/0",
			    .between = repeat_elsewhere, .userdata = &rival};
	struct rw_change_request request = idempotent(&step, 1);

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(rw_change_run(fx.controller, &request, &result, NULL), RW_CHANGE_REPLAYED);
	assert_int_equal(rival.done, 1);
	assert_int_equal(rw_model_find_group(rw_controller_model(fx.controller), "sg-free")->rule_count, 1);
}

static void gives_up_after_five_tries(void **state)
{
	struct rival rival = {fixture_second(&fx), 1000, 0};
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_ADD_RULE, .reference = "sg-free", .text = "- in accept udp 80/80 0.0.0.0/0",
			    .between = interfere, .userdata = &rival};

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), -EAGAIN);
	assert_int_equal(rival.done, RW_CHANGE_TRIES);
}

static void refuses_what_the_edit_refuses(void **state)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct step step = {STEP_DELETE, RW_KIND_GROUP, .reference = "sg-c1"};
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	fixture_vpc(&fx);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, ~0u, &result, &err), -EPERM);
	step = (struct step){STEP_DELETE, RW_KIND_NETWORK, .reference = "vpc-9"};
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, ~0u, &result, &err), -ENOENT);
}

/* A load balancer that goes by readiness sends no change that would find out. */
static void finds_out_by_itself_that_the_store_has_room_again(void **state)
{
	struct rw_store *away = fx.store;
	struct rw_store *full = NULL;
	uint64_t revision;

	(void)state;
	fixture_vpc(&fx);
	revision = rw_controller_revision(fx.controller);
	(void)rw_error_set(&fx.controller->broken, -ENOSPC, "no room");
	assert_int_equal(rw_store_memory_new(1, rw_random_system(), &full, NULL), 0);
	fx.controller->store = full;
	fixture_pass(&fx, 30000);
	assert_int_equal(rw_controller_ready(fx.controller, NULL), -ENOSPC);
	fx.controller->store = away;
	full = rw_store_free(full);
	fixture_pass(&fx, 9000);
	assert_int_equal(rw_controller_ready(fx.controller, NULL), -ENOSPC);
	fixture_pass(&fx, 2000);
	assert_int_equal(rw_controller_ready(fx.controller, NULL), 0);
	assert_int_equal(rw_controller_revision(fx.controller), revision + 1);
	fixture_pass(&fx, 60000);
	assert_int_equal(rw_controller_revision(fx.controller), revision + 1);
	fixture_restart(&fx);
	fixture_add_rule(&fx, "sg-c1", "sgr-new in accept tcp 6379/6379 198.51.100.0/24");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(makes_a_change_durable_and_folds_it),
		T(another_controller_folds_the_same),
		T(tells_before_and_after_of_each_item),
		T(changes_nothing_the_second_time),
		T(writes_one_small_page_for_one_rule),
		T(dry_run_changes_nothing),
		T(refuses_when_if_match_does_not_hold),
		T(does_a_request_with_one_idempotency_key_once),
		T(forgets_idempotency_keys_after_a_day),
		T(refuses_an_idempotency_key_for_another_request),
		T(tries_again_when_another_writer_was_first),
		T(a_request_at_two_controllers_at_once_is_done_once),
		T(gives_up_after_five_tries),
		T(finds_out_by_itself_that_the_store_has_room_again),
		T(refuses_what_the_edit_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
