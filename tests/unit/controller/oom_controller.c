/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out in the controller: a change is made wholly or not at all, in the store as in the
 * inventory, nobody is told a policy that is not the model's, and with memory again everything goes on.
 */

#include "fixture.h"
#include "oom.h"

#include "controller/cuts.h"
#include "controller/preview.h"
#include "controller/shared_authority.h"
#include "scratch.h"
#include "wire/report.h"

/* One operation and what it needs; made anew for every run. */
struct scene {
	int (*run)(struct scene *scene, struct rw_error *err);
	bool connected; /* n-1 has a stream from the start */
	bool dry;       /* the change is only tried */
	enum rw_established established;
	unsigned int answers; /* of n-1 to dry runs */
	struct fixture fx;
	struct agent agent;
	void *object; /* of the change; reference held */
	enum rw_kind kind;
	struct rw_rule *rule;
	char *before; /* the model as text */
};

static int open_session(struct scene *scene, struct rw_error *err)
{
	int r = agent_connect(&scene->agent);

	return r < 0 ? rw_error_set(err, r, "no session") : 0;
}

static int edit(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;
	struct rw_rule *rule = scene->rule;

	if (rule) {
		(void)rw_rule_ref(rule);
		return rw_edit_add_rules(draft, "sg-c1", &rule, 1, NULL, err);
	}
	if (scene->object)
		return rw_edit_create(draft, scene->kind, rw_object_ref(scene->kind, scene->object), NULL,
				      err);
	return rw_edit_delete(draft, RW_KIND_NODE, "n-2", false, err);
}

static int change(struct scene *scene, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct rw_change_request request = {.actor = &scene->fx.alice,
					    .action = "test",
					    .edit = edit,
					    .userdata = scene,
					    .force = {.bits = ~0u},
					    .established = scene->established,
					    .idempotency_key = "once"};
	int r = rw_change_run(scene->fx.controller, &request, &result, err);

	return r == RW_CHANGE_REPLAYED ? 0 : r;
}

static int add_rule(struct scene *scene, struct rw_error *err)
{
	oom_pause();
	scene->rule = world_rule("sgr-x in accept tcp 6379/6379 sg-free");
	oom_resume();
	return change(scene, err);
}

/* Another controller was first; its change is not folded yet. */
static int add_rule_second(struct scene *scene, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct step step = {STEP_ADD_RULE, .reference = "sg-c1",
			    .text = "sgr-first in accept tcp 6000/6000 sg-free"};
	struct rw_controller *first;

	oom_pause();
	assert_int_equal(rw_controller_new(&scene->fx.options, &first, NULL), 0);
	assert_int_equal(fixture_run(first, &scene->fx.alice, step, 0, &result, NULL), 0);
	free(scene->before);
	scene->before = fixture_text(rw_controller_model(first));
	(void)rw_controller_free(first);
	oom_resume();
	return add_rule(scene, err);
}

/* Both nodes of the cluster are told of: what they say, or why nothing is known. */
static void assert_told(struct scene *scene, const struct rw_cuts *cuts)
{
	assert_int_equal(cuts->count, 2);
	assert_string_equal(cuts->nodes[0].id, "n-1");
	scene->answers += cuts->nodes[0].is_known;
	assert_int_equal(cuts->flows, cuts->nodes[0].is_known ? scene->agent.refused : 0);
	for (size_t i = 0; i < 2; i++)
		assert_true(cuts->nodes[i].is_known || cuts->nodes[i].reason[0]);
}

static void forget(void *userdata, const struct rw_cuts *cuts)
{
	(void)userdata;
	(void)cuts;
}

/* Tries the rule, and asks the nodes which live flows it would cut. */
static int ask_cuts(struct scene *scene, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct rw_change_request request = {.actor = &scene->fx.alice,
					    .action = "test",
					    .edit = edit,
					    .userdata = scene,
					    .force = {.bits = ~0u},
					    .dry_run = true};
	struct rw_cuts_ask *ask = NULL;
	int r;

	oom_pause();
	scene->rule = world_rule("sgr-x in accept tcp 6379/6379 sg-free");
	scene->agent.refused = 3;
	oom_resume();
	r = rw_change_run(scene->fx.controller, &request, &result, err);
	if (r == 0)
		r = rw_cuts_ask(scene->fx.controller, result.policies, result.policy_count, forget, NULL,
				&ask, err);
	if (r < 0)
		return r;
	oom_pause();
	agent_report(&scene->agent, RW_AGENT_STATE_OK);
	fixture_pass(&scene->fx, RW_CUTS_TIMEOUT_MS + 1);
	assert_told(scene, rw_cuts_get(ask));
	rw_cuts_free(ask);
	oom_resume();
	return 0;
}

static int create_node(struct scene *scene, struct rw_error *err)
{
	struct rw_node *node;

	oom_pause();
	node = world_node("n-3", "vpc-1", "c1", "", "10.0.0.3");
	scene->object = node;
	scene->kind = RW_KIND_NODE;
	oom_resume();
	return change(scene, err);
}

static int delete_node(struct scene *scene, struct rw_error *err)
{
	return change(scene, err);
}

static int report(struct scene *scene, struct rw_error *err)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	struct rw_address address;
	int r;

	oom_pause();
	rw_report_init(&report);
	address = world_address("10.0.0.1");
	report.state = RW_AGENT_STATE_FAILED;
	(void)strcpy(report.reason, "table too large");
	report.applied = scene->agent.applied;
	report.wanted = scene->agent.position;
	report.interfaces = calloc(1, sizeof(*report.interfaces));
	report.interface_count = 1;
	(void)strcpy(report.interfaces[0].name, "eth0");
	world_addresses("10.0.0.1,10.0.0.77", &report.interfaces[0].addresses,
			&report.interfaces[0].address_count);
	report.ssh_ports = calloc(1, sizeof(*report.ssh_ports));
	report.ssh_port_count = 1;
	report.ssh_ports[0] = 2222;
	report.connections = calloc(1, sizeof(*report.connections));
	report.connection_count = 1;
	(void)strcpy(report.connections[0].interface, "eth0");
	oom_resume();
	r = rw_session_report(scene->fx.controller, "n-1", &report, &address, err);
	oom_pause();
	rw_report_done(&report);
	rw_report_init(&report);
	oom_resume();
	return r;
}

/* What enforcing the node would do, and what joining another one would. */
static int preview(struct scene *scene, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result tried = {0};
	RW_CLEANUP(rw_node_preview_done) struct rw_node_preview seen = {0};
	int r = rw_preview_guards(scene->fx.controller, &scene->fx.alice, RW_KIND_NODE, "n-1", &tried, err);

	return r < 0 ? r : rw_node_preview_get(scene->fx.controller, "n-1", &seen, err);
}

static int preview_join(struct scene *scene, struct rw_error *err)
{
	const struct rw_join_grant grant = {.cluster = "c1"};
	const struct rw_address address = world_address("198.51.100.9");
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_report_interface interface = {.name = "eth0", .enforced = true};
	char token[RW_TOKEN_SIZE], name[] = "n-new", csr[] = "not looked at";
	struct rw_join_request request = {.token = token,
					  .machine_id = name,
					  .name = name,
					  .csr = csr,
					  .interfaces = &interface,
					  .interface_count = 1};
	struct rw_position position;
	int64_t expires_ms;

	oom_pause();
	assert_int_equal(rw_join_token_create(scene->fx.controller, &scene->fx.alice, &grant, token,
					      &expires_ms, NULL),
			 0);
	oom_resume();
	return rw_join_preview(scene->fx.controller, &request, &address, &policy, &position, err);
}

static int tick(struct scene *scene, struct rw_error *err)
{
	(void)err;
	scene->fx.clock.now_ms += 120000;
	rw_controller_tick(scene->fx.controller);
	return 0;
}

static int run(void *userdata, struct rw_error *err)
{
	struct scene *scene = userdata;

	oom_pause();
	fixture_init(&scene->fx);
	fixture_vpc(&scene->fx);
	agent_init(&scene->agent, &scene->fx, "n-1");
	if (scene->connected)
		assert_int_equal(open_session(scene, NULL), 0);
	scene->before = fixture_text(rw_controller_model(scene->fx.controller));
	oom_resume();
	return scene->run(scene, err);
}

static void free_scene(struct scene *scene)
{
	agent_done(&scene->agent);
	fixture_done(&scene->fx);
	if (scene->object)
		(void)rw_object_unref(scene->kind, scene->object);
	scene->object = NULL;
	scene->rule = scene->rule ? rw_rule_unref(scene->rule) : NULL;
	free(scene->before);
	scene->before = NULL;
}

/*
 * With memory again: the inventory is what the store holds, writes work, and the agent gets what it should
 * have.
 */
static void go_on(void *userdata, int result)
{
	struct scene *scene = userdata;
	struct fixture *fx = &scene->fx;
	RW_CLEANUP(rw_free) char *now = NULL;
	struct rw_error err = RW_ERROR_NONE;

	fx->clock.now_ms += 1000;
	rw_controller_tick(fx->controller);
	now = fixture_text(rw_controller_model(fx->controller));
	if (result < 0 || scene->dry)
		assert_string_equal(now, scene->before);
	else if (scene->rule || scene->object)
		assert_string_not_equal(now, scene->before);
	if (result == 0 && scene->established != RW_ESTABLISHED_CUT) {
		assert_true(agent_is_current(&scene->agent));
		assert_int_equal(scene->agent.said[0], scene->established);
	}
	if (rw_controller_ready(fx->controller, &err) < 0)
		fail_msg("not ready: %s", err.text);
	fixture_assert_same_model(fx->controller, fixture_second(fx));
	fixture_add_rule(fx, "sg-c1", "sgr-later in accept tcp 7777/7777 198.51.100.0/24");
	if (!scene->agent.session)
		assert_int_equal(open_session(scene, NULL), 0);
	scene->agent.applied = scene->agent.position;
	agent_report(&scene->agent, RW_AGENT_STATE_OK);
	rw_controller_tick(fx->controller);
	assert_int_equal(scene->agent.mismatches, 0);
	assert_true(agent_is_current(&scene->agent));
	free_scene(scene);
}

static void try_scene(struct scene scene, unsigned long least)
{
	oom_each(&(struct oom_work){.run = run, .after = go_on, .userdata = &scene, .least = least});
}

static void a_rule_is_added_or_not(void **state)
{
	(void)state;
	try_scene((struct scene){.run = add_rule, .connected = true}, 20);
}

static void no_change_is_made_on_a_model_that_is_behind(void **state)
{
	(void)state;
	try_scene((struct scene){.run = add_rule_second, .connected = true}, 20);
}

static void what_is_said_of_live_flows_comes_with_the_change(void **state)
{
	(void)state;
	try_scene((struct scene){.run = add_rule, .connected = true, .established = RW_ESTABLISHED_KEEP}, 20);
	try_scene((struct scene){.run = add_rule, .connected = true, .established = RW_ESTABLISHED_CUT_KEPT},
		  20);
}

static void a_dry_run_tells_of_every_node_or_fails(void **state)
{
	struct scene scene = {.run = ask_cuts, .connected = true, .dry = true};

	(void)state;
	oom_each(&(struct oom_work){.run = run, .after = go_on, .userdata = &scene, .least = 20});
	assert_true(scene.answers > 0);
}

static void a_node_is_created_or_not(void **state)
{
	(void)state;
	try_scene((struct scene){.run = create_node, .connected = true}, 20);
}

static void a_node_is_deleted_or_not(void **state)
{
	(void)state;
	try_scene((struct scene){.run = delete_node, .connected = true}, 20);
}

static void a_session_opens_or_not(void **state)
{
	(void)state;
	try_scene((struct scene){.run = open_session}, 1);
}

static void a_report_is_taken_or_tried_again(void **state)
{
	struct scene scene = {.run = report, .connected = true};

	(void)state;
	oom_each(&(struct oom_work){.run = run, .after = go_on, .userdata = &scene, .may_not_fail = true});
}

static void a_preview_is_told_or_not(void **state)
{
	(void)state;
	try_scene((struct scene){.run = preview, .connected = true}, 5);
	try_scene((struct scene){.run = preview_join, .connected = true}, 5);
}

static void a_tick_goes_by(void **state)
{
	struct scene scene = {.run = tick, .connected = true};

	(void)state;
	oom_each(&(struct oom_work){.run = run, .after = go_on, .userdata = &scene, .may_not_fail = true});
}

/* ---- the shared authority ---- */

struct sharing {
	struct fixture fx;
	struct rw_state_folder folder;
	char path[SCRATCH_SIZE];
	struct rw_buf record;
	bool drop; /* the record goes before each run */
};

static int push(void *userdata, struct rw_error *err)
{
	struct sharing *sharing = userdata;
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;

	oom_pause();
	rw_store_txn_init(&txn);
	rw_store_txn_delete(&txn, RW_LAYOUT_AUTHORITY);
	if (sharing->drop)
		assert_int_equal(rw_store_commit(sharing->fx.store, &txn, NULL, NULL), 0);
	oom_resume();
	return rw_shared_authority_push(sharing->fx.controller, err);
}

static int pull(void *userdata, struct rw_error *err)
{
	const struct sharing *sharing = userdata;

	return rw_shared_authority_pull(sharing->path, sharing->record.data, sharing->record.size,
					rw_random_system(), err);
}

static void go_on_sharing(void *userdata, int result)
{
	struct sharing *sharing = userdata;

	(void)result;
	assert_int_equal(rw_shared_authority_push(sharing->fx.controller, NULL), 0);
	assert_int_equal(rw_controller_ready(sharing->fx.controller, NULL), 0);
}

static void the_authority_is_shared_or_not(void **state)
{
	struct sharing sharing = {.drop = true};
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};

	(void)state;
	fixture_init(&sharing.fx);
	scratch_make(sharing.path);
	assert_int_equal(rw_state_folder_open(sharing.path, NULL, 0, &sharing.fx.clock.clock,
					      rw_random_system(), &sharing.folder, NULL),
			 0);
	assert_int_equal(rw_state_folder_introduce_authority(&sharing.folder, &sharing.fx.clock.clock,
							     rw_random_system(), NULL),
			 0);
	sharing.fx.options.master_key = &sharing.folder.master_key;
	sharing.fx.options.folder = &sharing.folder;
	sharing.fx.options.shared = true;
	fixture_restart(&sharing.fx);
	oom_each(&(struct oom_work){.run = push, .after = go_on_sharing, .userdata = &sharing, .least = 8});
	sharing.drop = false;
	oom_each(&(struct oom_work){.run = push, .after = go_on_sharing, .userdata = &sharing, .least = 3});
	assert_int_equal(rw_store_get(sharing.fx.store, RW_LAYOUT_AUTHORITY, 0, &entry, NULL), 0);
	rw_buf_init(&sharing.record, 1u << 20);
	assert_int_equal(rw_buf_append(&sharing.record, entry.value, entry.value_size), 0);
	oom_each(&(struct oom_work){.run = pull, .userdata = &sharing, .least = 3});
	rw_buf_done(&sharing.record);
	fixture_done(&sharing.fx);
	rw_state_folder_done(&sharing.folder);
	assert_int_equal(scratch_remove(sharing.path), 0);
}

static int start(void *userdata, struct rw_error *err)
{
	struct fixture *fx = userdata;
	RW_CLEANUP(rw_controller_free) struct rw_controller *controller = NULL;

	return rw_controller_new(&fx->options, &controller, err);
}

static void a_controller_starts_or_not(void **state)
{
	static const char *const urls[] = {"https://a:8443", "https://b:8443"};
	struct fixture fx;

	(void)state;
	fixture_init(&fx);
	fx.options.urls = urls;
	fx.options.url_count = RW_ARRAY_COUNT(urls);
	fixture_vpc(&fx);
	oom_each(&(struct oom_work){.run = start, .userdata = &fx, .least = 20});
	fixture_done(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_controller_starts_or_not),
		cmocka_unit_test(a_rule_is_added_or_not),
		cmocka_unit_test(no_change_is_made_on_a_model_that_is_behind),
		cmocka_unit_test(what_is_said_of_live_flows_comes_with_the_change),
		cmocka_unit_test(a_dry_run_tells_of_every_node_or_fails),
		cmocka_unit_test(a_node_is_created_or_not),
		cmocka_unit_test(a_node_is_deleted_or_not),
		cmocka_unit_test(a_session_opens_or_not),
		cmocka_unit_test(a_report_is_taken_or_tried_again),
		cmocka_unit_test(a_preview_is_told_or_not),
		cmocka_unit_test(a_tick_goes_by),
		cmocka_unit_test(the_authority_is_shared_or_not),
	};

	/* The agents' own memory does not run out. */
	fixture_begin = oom_pause;
	fixture_end = oom_resume;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
