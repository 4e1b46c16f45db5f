/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct fixture fx;
static struct agent agent;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	agent_init(&agent, &fx, "n-1");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	agent_done(&agent);
	fixture_done(&fx);
	return 0;
}

static enum rw_node_state state_of(const char *node)
{
	struct rw_node_status status;

	assert_int_equal(rw_node_status_find(fx.controller, node, &status), 0);
	return status.state;
}

static void sends_a_snapshot_first_and_deltas_then(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 1);
	assert_true(agent_is_current(&agent));
	fixture_add_rule(&fx, "sg-c1", "sgr-x in accept tcp 6379/6379 198.51.100.0/24");
	assert_int_equal(agent.deltas, 1);
	assert_int_equal(agent.snapshots, 1);
	assert_true(agent_is_current(&agent));
	assert_int_equal(agent.position.revision, rw_controller_revision(fx.controller));
}

static void tells_nothing_to_nodes_not_concerned(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	fixture_add_rule(&fx, "sg-free", "sgr-x in accept tcp 6379/6379 198.51.100.0/24");
	fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24"));
	assert_int_equal(agent.deltas, 0);
}

static void tells_of_members_that_a_rule_refers_to(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	fixture_add_rule(&fx, "sg-c1", "sgr-x in accept tcp 6379/6379 sg-free");
	fixture_create(&fx, RW_KIND_NODE, world_node("n-3", "vpc-1", "", "sg-free", "10.0.0.33"));
	assert_int_equal(agent.deltas, 2);
	assert_true(agent_is_current(&agent));
}

static void resumes_without_a_snapshot_when_nothing_changed(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent_disconnect(&agent);
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 1);
	assert_int_equal(agent.bookmarks, 1);
	fixture_restart(&fx);
	agent.session = NULL;
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 1);
	assert_int_equal(agent.bookmarks, 2);
	fixture_add_rule(&fx, "sg-c1", "sgr-x in accept tcp 6379/6379 198.51.100.0/24");
	assert_int_equal(agent.deltas, 1);
	assert_true(agent_is_current(&agent));
}

/* As when the active controller dies and a standby opens its store. */
static void another_controller_goes_on_where_the_first_one_was(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	fixture_add_rule(&fx, "sg-c1", "sgr-x in accept tcp 6379/6379 198.51.100.0/24");
	agent_report(&agent, RW_AGENT_STATE_OK);
	(void)rw_controller_free(fx.controller);
	fx.controller = NULL;
	fx.controller = fixture_second(&fx);
	fx.second = NULL;
	assert_true(agent.ended);
	agent.session = NULL;
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.bookmarks, 1);
	assert_true(agent_is_current(&agent));
	fixture_add_rule(&fx, "sg-c1", "sgr-y in accept tcp 6380/6380 198.51.100.0/24");
	assert_int_equal(agent.snapshots, 1);
	assert_int_equal(agent.deltas, 2);
	assert_int_equal(agent.mismatches, 0);
	assert_true(agent_is_current(&agent));
}

static void knows_where_controllers_are_found(void **state)
{
	char first[] = "https://a:8443";
	const char *const urls[] = {first, "https://b:8443"};
	const char *const *told;

	(void)state;
	assert_int_equal(rw_controller_urls(fx.controller, &told), 0);
	fx.options.urls = urls;
	fx.options.url_count = 2;
	fixture_restart(&fx);
	first[8] = 'x';
	assert_int_equal(rw_controller_urls(fx.controller, &told), 2);
	assert_string_equal(told[0], "https://a:8443");
	assert_string_equal(told[1], "https://b:8443");
}

static void follows_an_agent_of_the_version_before(void **state)
{
	(void)state;
	agent.version = 1;
	resumes_without_a_snapshot_when_nothing_changed(state);
	assert_int_equal(agent.mismatches, 0);
	/* After its upgrade it speaks the newest and takes up where it was: by one snapshot. */
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent_disconnect(&agent);
	agent.version = 0;
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 2);
	assert_true(agent_is_current(&agent));
}

static void sends_a_snapshot_after_changes_missed(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_disconnect(&agent);
	fixture_add_rule(&fx, "sg-c1", "sgr-x in accept tcp 6379/6379 198.51.100.0/24");
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 2);
	assert_true(agent_is_current(&agent));
}

static void sends_a_snapshot_to_an_agent_of_another_incarnation(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_disconnect(&agent);
	agent.position.incarnation[0] ^= 1;
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 2);
}

static void holds_the_stream_of_an_agent_that_is_ahead(void **state)
{
	uint64_t revision;

	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_disconnect(&agent);
	agent.position.revision += 2;
	assert_int_equal(agent_connect(&agent), 0);
	revision = rw_controller_revision(fx.controller);
	assert_int_equal(agent.snapshots, 1);
	assert_int_equal(agent.bookmarks, 0);
	while (rw_controller_revision(fx.controller) < revision + 2)
		fixture_add_rule(&fx, "sg-free",
				 rw_controller_revision(fx.controller) % 2 ? "- in accept tcp 1/1 0.0.0.0/0"
									   : "- in accept tcp 2/2 0.0.0.0/0");
	rw_controller_tick(fx.controller);
	assert_int_equal(agent.snapshots, 2);
}

static void sums_changes_up_while_the_window_is_full(void **state)
{
	char text[80];

	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	for (int i = 1; i <= 20; i++) {
		(void)snprintf(text, sizeof(text), "- in accept tcp %d/%d 0.0.0.0/0", i, i);
		fixture_add_rule(&fx, "sg-c1", text);
	}
	assert_int_equal(agent.snapshots + agent.deltas, RW_SESSION_WINDOW);
	assert_false(agent_is_current(&agent));
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_int_equal(agent.snapshots + agent.deltas, RW_SESSION_WINDOW + 1);
	assert_true(agent_is_current(&agent));
	assert_int_equal(agent.mismatches, 0);
}

/* Adds a rule for 'port' by a change that says 'established'. */
static void add_port(struct rw_controller *controller, int port, enum rw_established established)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	char text[80];

	(void)snprintf(text, sizeof(text), "- in accept tcp %d/%d 0.0.0.0/0", port, port);
	assert_int_equal(fixture_run(controller, &fx.alice,
				     (struct step){STEP_ADD_RULE, .reference = "sg-c1", .text = text,
						   .established = established},
				     ~0u, &result, NULL),
			 0);
}

static void says_with_a_change_what_becomes_of_live_flows(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.said[0], RW_ESTABLISHED_CUT);
	for (int i = 0; i < 6; i++) {
		add_port(fx.controller, 1 + i, (enum rw_established)(i % 3));
		assert_int_equal(agent.said[0], i % 3);
		agent_report(&agent, RW_AGENT_STATE_OK);
	}
}

static void another_controllers_change_says_it_too(void **state)
{
	struct rw_controller *second = fixture_second(&fx);

	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	add_port(second, 1, RW_ESTABLISHED_KEEP);
	rw_controller_tick(fx.controller);
	assert_int_equal(agent.said[0], RW_ESTABLISHED_KEEP);
	assert_true(agent_is_current(&agent));
	add_port(second, 2, RW_ESTABLISHED_CUT);
	rw_controller_tick(fx.controller);
	assert_int_equal(agent.said[0], RW_ESTABLISHED_CUT);
}

static void changes_that_say_different_things_are_not_summed_up(void **state)
{
	static const enum rw_established said[] = {
		RW_ESTABLISHED_CUT,  RW_ESTABLISHED_CUT,      RW_ESTABLISHED_KEEP,
		RW_ESTABLISHED_KEEP, RW_ESTABLISHED_CUT_KEPT, RW_ESTABLISHED_CUT,
	};

	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	for (int i = 1; i < RW_SESSION_WINDOW; i++)
		add_port(fx.controller, i, RW_ESTABLISHED_CUT);
	for (size_t i = 0; i < RW_ARRAY_COUNT(said); i++)
		add_port(fx.controller, 100 + (int)i, said[i]);
	assert_int_equal(agent.snapshots + agent.deltas, RW_SESSION_WINDOW);
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_int_equal(agent.snapshots + agent.deltas, RW_SESSION_WINDOW + 4);
	assert_int_equal(agent.said[3], RW_ESTABLISHED_CUT);
	assert_int_equal(agent.said[2], RW_ESTABLISHED_KEEP);
	assert_int_equal(agent.said[1], RW_ESTABLISHED_CUT_KEPT);
	assert_int_equal(agent.said[0], RW_ESTABLISHED_CUT);
	assert_true(agent_is_current(&agent));
	assert_int_equal(agent.mismatches, 0);
}

static void more_than_a_few_such_changes_are_summed_up_after_all(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	for (int i = 1; i <= 40; i++)
		add_port(fx.controller, i, i % 2 ? RW_ESTABLISHED_KEEP : RW_ESTABLISHED_CUT);
	for (int i = 0; i < 10 && !agent_is_current(&agent); i++)
		agent_report(&agent, RW_AGENT_STATE_OK);
	assert_true(agent_is_current(&agent));
	assert_int_equal(agent.said[0], RW_ESTABLISHED_CUT);
	assert_true(agent.deltas < 20);
}

static void agent_that_was_away_is_told_what_cuts_most(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent_disconnect(&agent);
	add_port(fx.controller, 1, RW_ESTABLISHED_KEEP);
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.snapshots, 2);
	assert_int_equal(agent.said[0], RW_ESTABLISHED_KEEP);
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent_disconnect(&agent);
	add_port(fx.controller, 2, RW_ESTABLISHED_KEEP);
	add_port(fx.controller, 3, RW_ESTABLISHED_CUT);
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent.said[0], RW_ESTABLISHED_CUT);
}

static void forget_cuts(void *userdata, const struct rw_cuts *cuts)
{
	(void)userdata;
	(void)cuts;
}

static struct rw_cuts_ask *ask_about_a_rule(void)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct rw_cuts_ask *ask = NULL;

	assert_int_equal(
		fixture_run(fx.controller, &fx.alice,
			    (struct step){STEP_ADD_RULE, .reference = "sg-c1",
					  .text = "- in drop tcp 6379/6379 0.0.0.0/0", .dry_run = true},
			    ~0u, &result, NULL),
		0);
	assert_int_equal(rw_cuts_ask(fx.controller, result.policies, result.policy_count, forget_cuts, NULL,
				     &ask, NULL),
			 0);
	return ask;
}

/* Numbers of questions are not those of the controller before. */
static void an_answer_to_the_controller_before_is_none_now(void **state)
{
	struct rw_cuts_ask *ask;
	uint64_t before;

	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	rw_cuts_free(ask_about_a_rule());
	before = agent.question;
	fixture_restart(&fx);
	assert_int_equal(agent_connect(&agent), 0);
	ask = ask_about_a_rule();
	assert_int_not_equal(agent.question, before);
	agent.question = before;
	agent.refused = 3;
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_false(rw_cuts_get(ask)->nodes[0].is_known);
	rw_cuts_free(ask);
	agent.refused = 0;
}

static void sends_a_snapshot_after_a_failure(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent.refuse = true;
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 1/1 0.0.0.0/0");
	agent_report(&agent, RW_AGENT_STATE_FAILED);
	assert_int_equal(agent.snapshots, 1); /* the same policy again would fail again */
	agent.refuse = false;
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 2/2 0.0.0.0/0");
	assert_int_equal(agent.snapshots, 2);
	assert_true(agent_is_current(&agent));
}

static void a_second_stream_ends_the_first(void **state)
{
	struct agent other;

	(void)state;
	agent_init(&other, &fx, "n-1");
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent_connect(&other), 0);
	assert_true(agent.ended);
	assert_false(agent.detached);
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 2/2 0.0.0.0/0");
	assert_int_equal(other.deltas, 1);
	agent_done(&other);
}

static void ends_the_stream_of_a_deleted_node(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "n-1"});
	assert_true(agent.ended);
	assert_true(agent.detached);
	assert_int_equal(agent_connect(&agent), -ENOENT);
}

static void sends_a_bookmark_every_minute(void **state)
{
	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	fixture_add_rule(&fx, "sg-free", "- in accept tcp 2/2 0.0.0.0/0");
	fixture_pass(&fx, RW_SESSION_BOOKMARK_MS - 1);
	assert_int_equal(agent.bookmarks, 0);
	fixture_pass(&fx, 1);
	assert_int_equal(agent.bookmarks, 1);
	assert_int_equal(agent.position.revision, rw_controller_revision(fx.controller));
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 2/2 0.0.0.0/0");
	assert_int_equal(agent.deltas, 1);
	assert_true(agent_is_current(&agent));
}

static void refuses_streams_beyond_the_limit(void **state)
{
	struct agent other;

	(void)state;
	fx.controller->limits.sessions = 1;
	agent_init(&other, &fx, "n-2");
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent_connect(&other), -EAGAIN);
	agent_done(&other);
}

static void sends_snapshots_some_at_a_time(void **state)
{
	struct agent others[2];

	(void)state;
	fx.controller->snapshot_count = RW_SESSION_SNAPSHOTS - 1;
	agent_init(&others[0], &fx, "n-2");
	agent_init(&others[1], &fx, "n-free");
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent_connect(&others[0]), 0);
	assert_int_equal(agent_connect(&others[1]), 0);
	assert_int_equal(agent.snapshots, 1);
	assert_int_equal(others[0].snapshots + others[1].snapshots, 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	fixture_pass(&fx, 500);
	assert_int_equal(others[0].snapshots + others[1].snapshots, 1);
	fixture_pass(&fx, 10000); /* one that never answers does not hold the others up */
	assert_int_equal(others[0].snapshots + others[1].snapshots, 2);
	agent_done(&others[0]);
	agent_done(&others[1]);
}

static void goes_through_the_states_of_a_node(void **state)
{
	(void)state;
	assert_int_equal(state_of("n-1"), RW_NODE_OFFLINE);
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(state_of("n-1"), RW_NODE_CONNECTED);
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent.refuse = true;
	fixture_add_rule(&fx, "sg-c1", "- in accept tcp 2/2 0.0.0.0/0");
	fixture_pass(&fx, RW_SESSION_LAGGING_MS - 1);
	assert_int_equal(state_of("n-1"), RW_NODE_CONNECTED);
	fixture_pass(&fx, 1);
	assert_int_equal(state_of("n-1"), RW_NODE_LAGGING);
	agent.applied = agent.position;
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_int_equal(state_of("n-1"), RW_NODE_CONNECTED);
	agent_report(&agent, RW_AGENT_STATE_DEGRADED);
	assert_int_equal(state_of("n-1"), RW_NODE_DEGRADED);
	agent_report(&agent, RW_AGENT_STATE_MONITORED);
	assert_int_equal(state_of("n-1"), RW_NODE_MONITORED);
	agent_report(&agent, RW_AGENT_STATE_DETACHED);
	assert_int_equal(state_of("n-1"), RW_NODE_DETACHED);
	fixture_pass(&fx, RW_SESSION_OFFLINE_MS - 1);
	assert_int_equal(state_of("n-1"), RW_NODE_DETACHED);
	fixture_pass(&fx, 1);
	assert_int_equal(state_of("n-1"), RW_NODE_OFFLINE);
}

/* From the moment of the change until the agent's word that it enforces. */
static void takes_no_node_for_enforced_that_is_or_shall_be_monitored(void **state)
{
	struct rw_node *node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-1"));

	(void)state;
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	node->enforcement = RW_MONITOR;
	fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_NODE, .object = node});
	(void)rw_node_unref(node);
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_int_equal(state_of("n-1"), RW_NODE_MONITORED);
	agent_report(&agent, RW_AGENT_STATE_MONITORED);
	node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), "n-1"));
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	fixture_do(&fx, (struct step){STEP_UPDATE, RW_KIND_NODE, .object = node});
	(void)rw_node_unref(node);
	assert_int_equal(state_of("n-1"), RW_NODE_MONITORED);
	agent_report(&agent, RW_AGENT_STATE_OK);
	assert_int_equal(state_of("n-1"), RW_NODE_CONNECTED);
}

static void an_offline_node_comes_back_through_connected(void **state)
{
	uint64_t cursor = rw_event_newest(fx.controller);
	const struct rw_event *event;

	(void)state;
	agent_report(&agent, RW_AGENT_STATE_DETACHED);
	event = rw_event_next(fx.controller, &cursor, NULL);
	assert_int_equal(event->from, RW_NODE_OFFLINE);
	assert_int_equal(event->to, RW_NODE_CONNECTED);
	event = rw_event_next(fx.controller, &cursor, NULL);
	assert_int_equal(event->from, RW_NODE_CONNECTED);
	assert_int_equal(event->to, RW_NODE_DETACHED);
	assert_null(rw_event_next(fx.controller, &cursor, NULL));
}

/* ---- random edits ---- */

static uint64_t seed = 1;

static unsigned int dice(unsigned int sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(seed >> 33) % sides;
}

static const char *pick(const char *const *items, unsigned int count)
{
	return items[dice(count)];
}

static void random_step(struct step *step, char text[128])
{
	static const char *const groups[] = {"sg-c1", "sg-free"};
	static const char *const nodes[] = {"n-1", "n-2", "n-free", "n-5", "n-6"};
	static const char *const objects[] = {"0.0.0.0/0", "::/0", "sg-other", "pl-1", "10.0.0.0/24"};
	const struct rw_group *group;

	switch (dice(8)) {
	case 0:
		(void)snprintf(text, 128, "10.0.%u.%u", 1 + dice(3), 1 + dice(250));
		*step = (struct step){STEP_CREATE, RW_KIND_NODE,
				      .object = world_node(pick(nodes + 3, 2), "vpc-1", dice(2) ? "c1" : "",
							   "sg-free", text)};
		return;
	case 1:
		*step = (struct step){STEP_DELETE, RW_KIND_NODE, .reference = pick(nodes + 3, 2)};
		return;
	case 2:
		*step = (struct step){STEP_JOIN, .reference = "sg-free", .text = pick(nodes, 5)};
		return;
	case 3:
	case 4:
		group = rw_model_find_group(rw_controller_model(fx.controller), pick(groups, 2));
		(void)snprintf(text, 128, "%s",
			       group->rule_count ? group->rules[dice((unsigned int)group->rule_count)]->id
						 : "sgr-0");
		*step = (struct step){STEP_REVOKE, .reference = group->id, .text = text};
		return;
	default:
		(void)snprintf(text, 128, "- %s %s tcp %u/%u %s %u", dice(2) ? "in" : "out",
			       dice(3) ? "accept" : "drop", 1 + dice(20), 30 + dice(20), pick(objects, 5),
			       1 + dice(3));
		*step = (struct step){STEP_ADD_RULE, .reference = pick(groups, 2), .text = text};
	}
}

static void deltas_lead_to_the_same_policy_as_snapshots(void **state)
{
	struct agent second;
	unsigned int made = 0;

	(void)state;
	agent_init(&second, &fx, "n-free");
	fixture_create(&fx, RW_KIND_GROUP, world_group("sg-other", "vpc-1"));
	fixture_create(&fx, RW_KIND_PREFIX_LIST, world_list("pl-1", 4, "192.0.2.0/24,198.51.100.0/24"));
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(agent_connect(&second), 0);
	while (made < 1200) {
		RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
		struct step step;
		char text[128];
		int r;

		random_step(&step, text);
		r = fixture_run(fx.controller, &fx.alice, step, ~0u, &result, NULL);
		if (step.object)
			(void)rw_object_unref(step.kind, step.object);
		made += r == 0 && result.changed;
		if (dice(3) == 0) {
			agent_report(&agent, RW_AGENT_STATE_OK);
			agent_report(&second, RW_AGENT_STATE_OK);
			assert_true(agent_is_current(&agent));
			assert_true(agent_is_current(&second));
		}
	}
	assert_int_equal(agent.mismatches + second.mismatches, 0);
	assert_int_equal(agent.snapshots, 1);
	assert_in_range(agent.deltas, 200, 5000);
	assert_in_range(second.deltas, 200, 5000);
	agent_done(&second);
	fixture_second(&fx);
	fixture_assert_same_model(fx.controller, fx.second);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(sends_a_snapshot_first_and_deltas_then),
		T(tells_nothing_to_nodes_not_concerned),
		T(tells_of_members_that_a_rule_refers_to),
		T(resumes_without_a_snapshot_when_nothing_changed),
		T(another_controller_goes_on_where_the_first_one_was),
		T(knows_where_controllers_are_found),
		T(follows_an_agent_of_the_version_before),
		T(sends_a_snapshot_after_changes_missed),
		T(sends_a_snapshot_to_an_agent_of_another_incarnation),
		T(holds_the_stream_of_an_agent_that_is_ahead),
		T(sums_changes_up_while_the_window_is_full),
		T(says_with_a_change_what_becomes_of_live_flows),
		T(another_controllers_change_says_it_too),
		T(changes_that_say_different_things_are_not_summed_up),
		T(more_than_a_few_such_changes_are_summed_up_after_all),
		T(agent_that_was_away_is_told_what_cuts_most),
		T(an_answer_to_the_controller_before_is_none_now),
		T(sends_a_snapshot_after_a_failure),
		T(a_second_stream_ends_the_first),
		T(ends_the_stream_of_a_deleted_node),
		T(sends_a_bookmark_every_minute),
		T(refuses_streams_beyond_the_limit),
		T(sends_snapshots_some_at_a_time),
		T(goes_through_the_states_of_a_node),
		T(takes_no_node_for_enforced_that_is_or_shall_be_monitored),
		T(an_offline_node_comes_back_through_connected),
		T(deltas_lead_to_the_same_policy_as_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
