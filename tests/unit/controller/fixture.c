/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static uint64_t clock_ns(const struct rw_clock *clock)
{
	return ((const struct fixture_clock *)clock)->now_ms * UINT64_C(1000000);
}

static int64_t clock_ms(const struct rw_clock *clock)
{
	return INT64_C(1790000000000) + (int64_t)((const struct fixture_clock *)clock)->now_ms;
}

/* One authority for all tests of a program: making a key pair is the dearest thing here. */
static char *ca_cert;
static char *ca_key;

void (*fixture_begin)(void);
void (*fixture_end)(void);

static void begin(void)
{
	if (fixture_begin)
		fixture_begin();
}

static void end(void)
{
	if (fixture_end)
		fixture_end();
}

static struct rw_controller *start(struct fixture *fx)
{
	struct rw_controller *controller = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_controller_new(&fx->options, &controller, &err) < 0)
		fail_msg("%s", err.text);
	return controller;
}

void fixture_init(struct fixture *fx)
{
	struct rw_error err = RW_ERROR_NONE;

	*fx = (struct fixture){.clock = {.clock = {clock_ns, clock_ms}, .now_ms = 1000000}};
	if (!ca_cert)
		assert_int_equal(
			rw_cert_make_authority("test", rw_random_system(),
					       rw_cert_period_days(clock_ms(&fx->clock.clock) / 1000, 3650),
					       &ca_cert, &ca_key, &err),
			0);
	rw_random_system()->fill(rw_random_system(), &fx->master_key, sizeof(fx->master_key));
	assert_int_equal(rw_store_memory_new(0, rw_random_system(), &fx->store, &err), 0);
	fx->options = (struct rw_controller_options){
		.store = fx->store,
		.clock = &fx->clock.clock,
		.random = rw_random_system(),
		.master_key = &fx->master_key,
		.ca_cert_pem = ca_cert,
		.ca_key_pem = ca_key,
	};
	fx->alice = (struct rw_actor){.kind = RW_ACTOR_KEY,
				      .id = "k-1",
				      .name = "alice",
				      .role = RW_ROLE_ADMIN,
				      .address = world_address("203.0.113.1")};
	fx->controller = start(fx);
}

void fixture_done(struct fixture *fx)
{
	fx->controller = rw_controller_free(fx->controller);
	fx->second = rw_controller_free(fx->second);
	fx->store = rw_store_free(fx->store);
}

struct rw_controller *fixture_second(struct fixture *fx)
{
	assert_null(fx->second);
	return fx->second = start(fx);
}

void fixture_restart(struct fixture *fx)
{
	fx->controller = rw_controller_free(fx->controller);
	fx->controller = start(fx);
}

void fixture_pass(struct fixture *fx, uint64_t ms)
{
	fx->clock.now_ms += ms;
	rw_controller_tick(fx->controller);
}

int fixture_edit(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	const struct step *step = userdata;
	struct rw_rule *rule;

	if (step->between)
		step->between(step->userdata);
	switch (step->step) {
	case STEP_CREATE:
		return rw_edit_create(draft, step->kind, rw_object_ref(step->kind, step->object), NULL, err);
	case STEP_UPDATE:
		return rw_edit_update(draft, step->kind, rw_object_ref(step->kind, step->object), NULL, err);
	case STEP_DELETE:
		return rw_edit_delete(draft, step->kind, step->reference, true, err);
	case STEP_ADD_RULE:
		begin();
		rule = world_rule(step->text);
		end();
		return rw_edit_add_rules(draft, step->reference, &rule, 1, NULL, err);
	case STEP_REVOKE:
		return rw_edit_revoke_rules(draft, step->reference, &step->text, 1, NULL, err);
	case STEP_JOIN:
		return rw_edit_join(draft, step->text, NULL, step->reference, err);
	}
	return -EINVAL;
}

int fixture_run(struct rw_controller *controller, const struct rw_actor *actor, struct step step,
		unsigned int force, struct rw_change_result *result, struct rw_error *err)
{
	struct rw_change_request request = {.actor = actor,
					    .action = "test",
					    .edit = fixture_edit,
					    .userdata = &step,
					    .force = {.bits = force},
					    .established = step.established,
					    .dry_run = step.dry_run};

	return rw_change_run(controller, &request, result, err);
}

uint64_t fixture_do(struct fixture *fx, struct step step)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result;
	struct rw_error err = RW_ERROR_NONE;
	int r = fixture_run(fx->controller, &fx->alice, step, ~0u, &result, &err);

	if (r != 0)
		fail_msg("%d %s: %s", r, err.field, err.text);
	return result.revision;
}

uint64_t fixture_create(struct fixture *fx, enum rw_kind kind, void *object)
{
	uint64_t revision = fixture_do(fx, (struct step){STEP_CREATE, kind, .object = object});

	(void)rw_object_unref(kind, object);
	return revision;
}

uint64_t fixture_add_rule(struct fixture *fx, const char *group, const char *text)
{
	return fixture_do(fx, (struct step){STEP_ADD_RULE, .reference = group, .text = text});
}

uint64_t fixture_revoke(struct fixture *fx, const char *group, const char *rule)
{
	return fixture_do(fx, (struct step){STEP_REVOKE, .reference = group, .text = rule});
}

void fixture_vpc(struct fixture *fx)
{
	struct rw_cluster *cluster = world_cluster("c1", "vpc-1", "172.16.0.0/16");

	world_id(cluster->security_group, "sg-c1");
	fixture_create(fx, RW_KIND_NETWORK, world_network("vpc-1", RW_NETWORK_VPC, "10.0.0.0/16"));
	fixture_create(fx, RW_KIND_CLUSTER, cluster);
	fixture_create(fx, RW_KIND_GROUP, world_group("sg-free", "vpc-1"));
	fixture_create(fx, RW_KIND_NODE, world_node("n-1", "vpc-1", "c1", "", "10.0.0.1"));
	fixture_create(fx, RW_KIND_NODE, world_node("n-2", "vpc-1", "c1", "", "10.0.0.2"));
	fixture_create(fx, RW_KIND_NODE, world_node("n-free", "vpc-1", "", "sg-free", "10.0.0.9"));
}

char *fixture_text(const struct rw_model *model)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;

	rw_buf_init(&buf, 64u << 20);
	if (rw_model_file_encode(&buf, model, &err) < 0)
		fail_msg("%s", err.text);
	return rw_buf_take_text(&buf);
}

void fixture_assert_same_model(const struct rw_controller *a, const struct rw_controller *b)
{
	RW_CLEANUP(rw_free) char *left = fixture_text(rw_controller_model(a));
	RW_CLEANUP(rw_free) char *right = fixture_text(rw_controller_model(b));

	assert_string_equal(left, right);
}

/* ---- agents ---- */

void agent_init(struct agent *agent, struct fixture *fx, const char *node)
{
	*agent = (struct agent){.fx = fx};
	world_id(agent->node, node);
	agent->reader = rw_stream_reader_new();
	rw_buf_init(&agent->line, 4u << 20);
}

void agent_done(struct agent *agent)
{
	agent_disconnect(agent);
	agent->reader = rw_stream_reader_free(agent->reader);
	rw_buf_done(&agent->line);
	agent->policy = rw_policy_unref(agent->policy);
}

static void take_policy(struct agent *agent, struct rw_policy *policy, const struct rw_frame *frame)
{
	struct rw_policy_digest digest = rw_policy_digest_as(policy, frame->version);

	assert_int_equal(frame->version, agent->version ? agent->version : RW_STREAM_VERSION);
	if (digest.words[0] != frame->digest.words[0] || digest.words[1] != frame->digest.words[1])
		agent->mismatches++;
	(void)rw_policy_unref(agent->policy);
	agent->policy = policy;
	agent->digest = digest;
	agent->applied = frame->position;
}

static void take_question(struct agent *agent, const struct rw_frame *frame)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

	assert_int_equal(frame->from, agent->position.revision);
	assert_int_equal(rw_policy_apply_delta(agent->policy, frame->delta, &policy, NULL), 0);
	agent->question_digest = rw_policy_digest_as(policy, frame->version);
	assert_memory_equal(&agent->question_digest, &frame->digest, sizeof(frame->digest));
	agent->question = frame->question;
}

static void take_frame(struct agent *agent, struct rw_frame *frame)
{
	struct rw_policy *policy;

	if (frame->kind == RW_FRAME_BOOKMARK) {
		agent->bookmarks++;
		agent->position = frame->position;
		if (!agent->refuse)
			agent->applied = frame->position;
		return;
	}
	if (frame->kind == RW_FRAME_DETACH) {
		agent->detached = true;
		return;
	}
	if (frame->kind == RW_FRAME_QUESTION) {
		take_question(agent, frame);
		return;
	}
	memmove(agent->said + 1, agent->said, sizeof(agent->said) - sizeof(agent->said[0]));
	agent->said[0] = frame->established;
	agent->snapshots += frame->kind == RW_FRAME_SNAPSHOT;
	agent->deltas += frame->kind == RW_FRAME_DELTA;
	if (frame->kind == RW_FRAME_DELTA)
		assert_int_equal(frame->from, agent->position.revision);
	agent->position = frame->position;
	if (agent->refuse)
		return;
	if (frame->kind == RW_FRAME_SNAPSHOT) {
		take_policy(agent, RW_TAKE_PTR(frame->policy), frame);
	} else {
		assert_int_equal(rw_policy_apply_delta(agent->policy, frame->delta, &policy, NULL), 0);
		take_policy(agent, policy, frame);
	}
}

static int agent_send(void *userdata, const void *bytes, size_t size)
{
	struct agent *agent = userdata;
	char *stop;

	begin();
	assert_int_equal(rw_buf_append(&agent->line, bytes, size), 0);
	while ((stop = memchr(agent->line.data, '\n', agent->line.size))) {
		RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
		struct rw_error err = RW_ERROR_NONE;
		int r = rw_stream_reader_line(agent->reader, agent->line.data,
					      (size_t)(stop - agent->line.data), &frame, &err);

		if (r < 0)
			fail_msg("%s", err.text);
		if (r == RW_STREAM_FRAME)
			take_frame(agent, &frame);
		rw_buf_consume(&agent->line, (size_t)(stop - agent->line.data) + 1);
	}
	end();
	return 0;
}

static void agent_end(void *userdata)
{
	struct agent *agent = userdata;

	agent->session = NULL;
	agent->ended = true;
}

int agent_connect(struct agent *agent)
{
	struct rw_session_hello hello = {.position = agent->position,
					 .has_digest = agent->policy != NULL,
					 .digest = agent->digest,
					 .version = agent->version,
					 .address = world_address("10.0.0.1")};
	struct rw_session_sink sink = {agent_send, agent_end, agent};

	agent->ended = agent->detached = false;
	return rw_session_open(agent->fx->controller, agent->node, &hello, &sink, &agent->session, NULL);
}

void agent_disconnect(struct agent *agent)
{
	rw_session_close(agent->session);
	agent->session = NULL;
}

static void answer_question(struct agent *agent, struct rw_report *report)
{
	struct rw_report_judgement *judgement = calloc(1, sizeof(*judgement));

	assert_non_null(judgement);
	report->judgements = judgement;
	report->judgement_count = 1;
	judgement->question = agent->question;
	judgement->flows = agent->refused;
	judgement->kept = agent->kept;
	if (agent->failure)
		(void)snprintf(judgement->failure, sizeof(judgement->failure), "%s", agent->failure);
	for (size_t i = 0; i < agent->refused && i < RW_REPORT_EXAMPLES_MAX; i++) {
		judgement->examples[i] = (struct rw_report_refused){
			.interface = "eth0",
			.protocol = RW_PROTOCOL_TCP,
			.class = RW_FLOW_ESTABLISHED,
			.local = world_address("10.0.0.9"),
			.remote = world_address("198.51.100.7"),
			.local_port = 6379,
			.remote_port = 40001,
			.cause = "default",
		};
		judgement->example_count++;
	}
	agent->question = 0;
}

void agent_report(struct agent *agent, enum rw_agent_state state)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	struct rw_address address = world_address("10.0.0.1");

	rw_report_init(&report);
	report.state = state;
	report.applied = agent->applied;
	report.wanted = agent->position;
	report.digest = agent->digest;
	if (state == RW_AGENT_STATE_FAILED)
		(void)strcpy(report.reason, "table too large");
	if (agent->question)
		answer_question(agent, &report);
	assert_int_equal(rw_session_report(agent->fx->controller, agent->node, &report, &address, NULL), 0);
}

bool agent_is_current(const struct agent *agent)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_policy_digest digest;
	struct rw_controller *controller = agent->fx->controller;

	/* Derived from scratch: no cache, no previous policy. */
	struct rw_policy_cache *cache = controller->cache;
	controller->cache = NULL;
	assert_int_equal(node_derive(controller, rw_controller_model(controller),
				     node_find(controller, agent->node), &policy, NULL),
			 0);
	controller->cache = cache;
	digest = rw_policy_digest_as(policy, agent->version ? agent->version : RW_STREAM_VERSION);
	return agent->policy && memcmp(&digest, &agent->digest, sizeof(digest)) == 0;
}
