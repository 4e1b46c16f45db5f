/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct fixture fx;
static struct agent first;
static struct agent second;
static int done;
static bool timed_out;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	agent_init(&first, &fx, "n-1");
	agent_init(&second, &fx, "n-2");
	done = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	agent_done(&first);
	agent_done(&second);
	fixture_done(&fx);
	return 0;
}

static void on_done(void *userdata, uint64_t revision, bool late)
{
	(void)userdata;
	(void)revision;
	done++;
	timed_out = late;
}

static int start(uint64_t revision, bool all, struct rw_wait **wait)
{
	return rw_wait_start(fx.controller, revision, 30000, all, on_done, NULL, wait, NULL);
}

static uint64_t change(void)
{
	return fixture_add_rule(&fx, "sg-c1", "- in accept tcp 6379/6379 198.51.100.0/24");
}

static void assert_counts(uint64_t revision, size_t applied, size_t pending, size_t offline, size_t failed)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};

	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), 0);
	assert_int_equal(progress.counts[RW_APPLY_APPLIED], applied);
	assert_int_equal(progress.counts[RW_APPLY_PENDING], pending);
	assert_int_equal(progress.counts[RW_APPLY_OFFLINE], offline);
	assert_int_equal(progress.counts[RW_APPLY_FAILED], failed);
}

static void waits_for_all_connected_nodes(void **state)
{
	struct rw_wait *wait;
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	assert_int_equal(agent_connect(&second), 0);
	revision = change();
	assert_int_equal(start(revision, false, &wait), 0);
	assert_counts(revision, 0, 2, 0, 0);
	agent_report(&first, RW_AGENT_STATE_OK);
	assert_int_equal(done, 0);
	agent_report(&second, RW_AGENT_STATE_OK);
	assert_int_equal(done, 1);
	assert_false(timed_out);
	assert_counts(revision, 2, 0, 0, 0);
	assert_int_equal(start(revision, true, &wait), RW_WAIT_OVER);
}

static void does_not_wait_for_offline_nodes_unless_asked(void **state)
{
	struct rw_wait *wait;
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	revision = change();
	agent_report(&first, RW_AGENT_STATE_OK);
	assert_int_equal(start(revision, false, &wait), RW_WAIT_OVER);
	assert_counts(revision, 1, 0, 1, 0);
	assert_int_equal(start(revision, true, &wait), 0);
	assert_int_equal(agent_connect(&second), 0);
	agent_report(&second, RW_AGENT_STATE_OK);
	assert_int_equal(done, 1);
}

static void ends_at_the_time_out(void **state)
{
	struct rw_wait *wait;
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	first.refuse = true;
	revision = change();
	assert_int_equal(start(revision, false, &wait), 0);
	fixture_pass(&fx, 10000);
	agent_report(&first, RW_AGENT_STATE_PENDING);
	fixture_pass(&fx, 10000);
	agent_report(&first, RW_AGENT_STATE_PENDING);
	fixture_pass(&fx, 9999);
	assert_int_equal(done, 0);
	fixture_pass(&fx, 1);
	assert_int_equal(done, 1);
	assert_true(timed_out);
	assert_counts(revision, 0, 1, 1, 0);
}

static void a_failure_ends_the_wait_with_its_reason(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	struct rw_wait *wait;
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	agent_report(&first, RW_AGENT_STATE_OK);
	first.refuse = true;
	revision = change();
	assert_int_equal(start(revision, false, &wait), 0);
	agent_report(&first, RW_AGENT_STATE_FAILED);
	assert_int_equal(done, 1);
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), 0);
	assert_string_equal(progress.nodes[0].id, "n-1");
	assert_int_equal(progress.nodes[0].state, RW_APPLY_FAILED);
	assert_string_equal(progress.nodes[0].reason, "table too large");
}

static void says_that_an_applied_node_only_monitors(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress later = {0};
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	revision = change();
	agent_report(&first, RW_AGENT_STATE_MONITORED);
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), 0);
	assert_string_equal(progress.nodes[0].id, "n-1");
	assert_int_equal(progress.nodes[0].state, RW_APPLY_APPLIED);
	assert_string_equal(progress.nodes[0].reason, "monitored");
	agent_report(&first, RW_AGENT_STATE_OK);
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &later, NULL), 0);
	assert_int_equal(later.nodes[0].state, RW_APPLY_APPLIED);
	assert_string_equal(later.nodes[0].reason, "");
}

static void says_why_an_applied_node_may_be_bypassed(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	revision = change();
	agent_report(&first, RW_AGENT_STATE_DEGRADED);
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), 0);
	assert_int_equal(progress.nodes[0].state, RW_APPLY_APPLIED);
	assert_string_not_equal(progress.nodes[0].reason, "");
}

/* Its newest policy is in force where it is enforced, but one interface slipped away from it. */
static void takes_no_node_for_enforced_that_lost_an_interface(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	struct rw_node_status status;
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	revision = change();
	agent_report(&first, RW_AGENT_STATE_FAILED);
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), 0);
	assert_int_equal(progress.nodes[0].state, RW_APPLY_APPLIED);
	assert_string_equal(progress.nodes[0].reason, "table too large");
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.state, RW_NODE_DEGRADED);
	agent_report(&first, RW_AGENT_STATE_OK);
	assert_int_equal(rw_node_status_find(fx.controller, "n-1", &status), 0);
	assert_int_equal(status.state, RW_NODE_CONNECTED);
}

static void the_set_of_nodes_is_fixed_at_commit(void **state)
{
	uint64_t revision;

	(void)state;
	revision = change();
	fixture_create(&fx, RW_KIND_NODE, world_node("n-3", "vpc-1", "c1", "", "10.0.0.3"));
	assert_counts(revision, 0, 0, 2, 0);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-1"});
	assert_counts(revision, 0, 0, 2, 0);
}

static void a_node_that_goes_offline_ends_the_wait(void **state)
{
	struct rw_wait *wait;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	assert_int_equal(start(change(), false, &wait), 0);
	agent_disconnect(&first);
	fixture_pass(&fx, RW_SESSION_OFFLINE_MS);
	assert_int_equal(done, 1);
	assert_false(timed_out);
}

static void a_cancelled_wait_never_calls(void **state)
{
	struct rw_wait *wait;

	(void)state;
	assert_int_equal(agent_connect(&first), 0);
	assert_int_equal(start(change(), false, &wait), 0);
	rw_wait_cancel(wait);
	agent_report(&first, RW_AGENT_STATE_OK);
	fixture_pass(&fx, 60000);
	assert_int_equal(done, 0);
}

static void forgets_old_changes(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	uint64_t revision;

	(void)state;
	fx.options.limits.changes = 2;
	fixture_restart(&fx);
	revision = change();
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 1/1 0.0.0.0/0");
	assert_counts(revision, 0, 0, 2, 0);
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 2/2 0.0.0.0/0");
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), -ENOENT);
}

static void remembers_fewer_changes_that_concern_many_nodes(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	uint64_t first_revision, second_revision;

	(void)state;
	fx.options.limits.change_nodes = 3; /* a change concerns two */
	fixture_restart(&fx);
	first_revision = change();
	second_revision = fixture_add_rule(&fx, "sg-c1", "- in accept tcp 1/1 0.0.0.0/0");
	assert_counts(second_revision, 0, 0, 2, 0);
	assert_int_equal(rw_change_progress_get(fx.controller, first_revision, &progress, NULL), -ENOENT);
	fx.options.limits.change_nodes = 1;
	fixture_restart(&fx);
	assert_counts(fixture_add_rule(&fx, "sg-c1", "- in accept tcp 2/2 0.0.0.0/0"), 0, 0, 2, 0);
}

static void on_done_with_all(void *userdata, uint64_t revision, bool late)
{
	on_done(userdata, revision, late);
	assert_counts(revision, 2, 0, 0, 0);
}

static void remembers_what_is_waited_for(void **state)
{
	RW_CLEANUP(rw_change_progress_done) struct rw_change_progress progress = {0};
	struct rw_wait *wait = NULL;
	uint64_t revision;

	(void)state;
	fx.options.limits.changes = 1;
	fixture_restart(&fx);
	assert_int_equal(agent_connect(&first), 0);
	assert_int_equal(agent_connect(&second), 0);
	revision = change();
	assert_int_equal(
		rw_wait_start(fx.controller, revision, 30000, false, on_done_with_all, NULL, &wait, NULL), 0);
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 1/1 0.0.0.0/0");
	assert_counts(revision, 0, 2, 0, 0);
	agent_report(&first, RW_AGENT_STATE_OK);
	fixture_pass(&fx, 0);
	assert_int_equal(done, 0);
	agent_report(&second, RW_AGENT_STATE_OK);
	fixture_pass(&fx, 0);
	assert_int_equal(done, 1);
	assert_false(timed_out);
	assert_int_equal(rw_change_progress_get(fx.controller, revision, &progress, NULL), -ENOENT);
}

/* ---- events ---- */

static void events_resume_where_a_follower_was(void **state)
{
	uint64_t cursor = rw_event_newest(fx.controller);
	char position[RW_EVENT_POSITION_SIZE];
	const struct rw_event *event;

	(void)state;
	change();
	assert_int_equal(agent_connect(&first), 0);
	event = rw_event_next(fx.controller, &cursor, NULL);
	assert_int_equal(event->kind, RW_EVENT_CHANGE);
	assert_string_equal(event->actor, "alice");
	rw_event_position_format(fx.controller, event->number, position);
	cursor = 0;
	assert_int_equal(rw_event_resume(fx.controller, position, &cursor, NULL), 0);
	event = rw_event_next(fx.controller, &cursor, NULL);
	assert_int_equal(event->kind, RW_EVENT_NODE_STATE);
	assert_string_equal(event->node, "n-1");
	assert_int_equal(event->to, RW_NODE_CONNECTED);
	assert_null(rw_event_next(fx.controller, &cursor, NULL));
}

static void events_of_another_process_are_lost(void **state)
{
	char position[RW_EVENT_POSITION_SIZE];
	uint64_t cursor;

	(void)state;
	change();
	rw_event_position_format(fx.controller, 1, position);
	fixture_restart(&fx);
	assert_int_equal(rw_event_resume(fx.controller, position, &cursor, NULL), RW_EVENT_LOST);
	assert_int_equal(rw_event_resume(fx.controller, "17", &cursor, NULL), -EINVAL);
	assert_int_equal(rw_event_resume(fx.controller, "", &cursor, NULL), -EINVAL);
}

static void followers_that_lag_too_far_are_told(void **state)
{
	uint64_t cursor = 0;
	bool lost;

	(void)state;
	fx.options.limits.events = 4;
	fixture_restart(&fx);
	for (int i = 0; i < 10; i++)
		event_add(fx.controller, &(struct rw_event){.kind = RW_EVENT_APPLIED}, "n-1");
	assert_non_null(rw_event_next(fx.controller, &cursor, &lost));
	assert_true(lost);
	assert_int_equal(cursor, 7);
	assert_non_null(rw_event_next(fx.controller, &cursor, &lost));
	assert_false(lost);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(waits_for_all_connected_nodes),
		T(does_not_wait_for_offline_nodes_unless_asked),
		T(ends_at_the_time_out),
		T(a_failure_ends_the_wait_with_its_reason),
		T(says_that_an_applied_node_only_monitors),
		T(says_why_an_applied_node_may_be_bypassed),
		T(takes_no_node_for_enforced_that_lost_an_interface),
		T(the_set_of_nodes_is_fixed_at_commit),
		T(a_node_that_goes_offline_ends_the_wait),
		T(a_cancelled_wait_never_calls),
		T(forgets_old_changes),
		T(remembers_fewer_changes_that_concern_many_nodes),
		T(remembers_what_is_waited_for),
		T(events_resume_where_a_follower_was),
		T(events_of_another_process_are_lost),
		T(followers_that_lag_too_far_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
