/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct fixture fx;
static struct rw_address somewhere;
static char *csr;

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_vpc(&fx);
	somewhere = world_address("198.51.100.9");
	if (!csr) {
		char *key = NULL;

		assert_int_equal(rw_cert_make_key(&key, NULL), 0);
		assert_int_equal(rw_cert_make_request(key, "me", &csr, NULL), 0);
		free(key);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static void make_token(char token[RW_TOKEN_SIZE])
{
	struct rw_join_grant grant = {.cluster = "c1", .name = "rack 7"};
	struct rw_error err = RW_ERROR_NONE;
	int64_t expires_ms;

	if (rw_join_token_create(fx.controller, &fx.alice, &grant, token, &expires_ms, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(expires_ms, rw_clock_realtime_ms(&fx.clock.clock) + 3600 * 1000);
}

static int join(const char *token, const char *name, const char *machine, bool replace, const char *address,
		struct rw_join_answer *answer, struct rw_error *err)
{
	struct rw_address addresses[1];
	struct rw_report_interface interface = {.name = "eth0", .enforced = true, .addresses = addresses};
	struct rw_join_request request = {.token = (char *)(uintptr_t)token,
					  .machine_id = (char *)(uintptr_t)machine,
					  .name = (char *)(uintptr_t)name,
					  .csr = csr,
					  .replace = replace,
					  .interfaces = &interface,
					  .interface_count = 1};

	if (address)
		addresses[interface.address_count++] = world_address(address);
	return rw_join(fx.controller, &request, &somewhere, answer, err);
}

static struct rw_cert_info read_cert(const struct rw_join_answer *answer)
{
	struct rw_cert_info info;

	assert_int_equal(rw_cert_verify(answer->certificate, answer->ca,
					rw_clock_realtime_ms(&fx.clock.clock) / 1000, &info, NULL),
			 0);
	return info;
}

static void makes_a_node_with_a_certificate(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_cert_info info;
	const struct rw_node *node;
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make_token(token);
	if (join(token, "web-1", "m1", false, "10.0.0.77", &answer, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	node = rw_model_find_node(rw_controller_model(fx.controller), "web-1");
	assert_string_equal(node->id, answer.node);
	assert_string_equal(node->cluster, "c1");
	assert_int_equal(node->interface_count, 1);
	assert_int_equal(node->interfaces[0].address_count, 1);
	info = read_cert(&answer);
	assert_string_equal(info.common_name, node->id);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rw_join_authenticate(fx.controller, &info, &somewhere, &actor, NULL), 0);
		assert_int_equal(actor.kind, RW_ACTOR_AGENT);
		assert_string_equal(actor.id, answer.node);
		fixture_restart(&fx);
	}
}

static size_t expiring(void)
{
	struct rw_certificates certificates;

	rw_controller_certificates(fx.controller, &certificates);
	return certificates.agents_expiring;
}

static void tells_of_agents_whose_certificate_expires_soon(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	const uint64_t day_ms = UINT64_C(24) * 3600 * 1000;
	struct rw_node_status status;
	char token[RW_TOKEN_SIZE];
	struct rw_cert_info info;
	struct rw_actor actor;

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &answer, NULL), 0);
	info = read_cert(&answer);
	assert_int_equal(rw_join_authenticate(fx.controller, &info, &somewhere, &actor, NULL), 0);
	assert_int_equal(rw_node_status_find(fx.controller, "web-1", &status), 0);
	assert_int_equal(status.certificate_expires_ms, info.not_after_s * 1000);
	fixture_pass(&fx, (RW_CERT_AGENT_DAYS - RW_CERTIFICATE_EXPIRING_DAYS - 1) * day_ms);
	assert_int_equal(expiring(), 0);
	fixture_pass(&fx, 2 * day_ms);
	assert_int_equal(expiring(), 1);
	fixture_pass(&fx, 90 * day_ms);
	assert_int_equal(expiring(), 1);
}

/* A machine whose sshd listens on 2222, as it asks for the policy or joins. */
static struct rw_join_request request_of(char *token, struct rw_report_interface *interface)
{
	static struct rw_address address;
	static uint16_t ssh_port = 2222;

	address = world_address("10.0.0.77");
	*interface = (struct rw_report_interface){
		.name = "eth0", .enforced = true, .addresses = &address, .address_count = 1};
	return (struct rw_join_request){.token = token,
					.machine_id = (char *)(uintptr_t) "m1",
					.name = (char *)(uintptr_t) "web-1",
					.csr = csr,
					.interfaces = interface,
					.interface_count = 1,
					.ssh_ports = &ssh_port,
					.ssh_port_count = 1};
}

static void tells_the_policy_before_joining_and_changes_nothing(void **state)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	struct rw_report_interface interface;
	struct rw_position position;
	struct rw_join_request request;
	char token[RW_TOKEN_SIZE];
	uint64_t revision;

	(void)state;
	make_token(token);
	request = request_of(token, &interface);
	revision = rw_controller_revision(fx.controller);
	for (int i = 0; i < 2; i++) { /* The token is not used up. */
		policy = rw_policy_unref(policy);
		assert_int_equal(
			rw_join_preview(fx.controller, &request, &somewhere, &policy, &position, NULL), 0);
	}
	assert_int_equal(rw_controller_revision(fx.controller), revision);
	assert_int_equal(position.revision, revision);
	assert_null(rw_model_find_node(rw_controller_model(fx.controller), "web-1"));
	assert_string_equal(policy->node_name, "web-1");
	assert_string_equal(policy->interfaces[0].name, "eth0");
	assert_string_equal(policy->groups[0]->id, "sg-c1");
	assert_int_equal(policy->ssh_ports[0], 2222);
	request.token = (char *)(uintptr_t) "j-0000000000000000.x";
	assert_int_equal(rw_join_preview(fx.controller, &request, &somewhere, &policy, &position, NULL),
			 -ENOKEY);
}

static void joins_only_by_the_policy_that_was_looked_at(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_report_interface interface;
	struct rw_policy *policy = NULL;
	struct rw_position position;
	struct rw_join_request request;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	request = request_of(token, &interface);
	assert_int_equal(rw_join_preview(fx.controller, &request, &somewhere, &policy, &position, NULL), 0);
	request.has_digest = true;
	request.digest = rw_join_digest(policy);
	(void)rw_policy_unref(policy);
	fixture_add_rule(&fx, "sg-c1", "sgr-new in drop tcp 2222/2222 0.0.0.0/0");
	assert_int_equal(rw_join(fx.controller, &request, &somewhere, &answer, NULL), -ESTALE);
	assert_null(rw_model_find_node(rw_controller_model(fx.controller), "web-1"));
	fixture_revoke(&fx, "sg-c1", "sgr-new");
	assert_int_equal(rw_join(fx.controller, &request, &somewhere, &answer, NULL), 0);
	/* Where its sshd listens is known from the first policy on. */
	assert_int_equal(node_find(fx.controller, answer.node)->ssh_ports[0], 2222);
}

static void a_token_works_once(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_join_answer second = {0};
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &answer, NULL), 0);
	assert_int_equal(join(token, "web-2", "m2", false, "10.0.0.78", &second, NULL), -ENOKEY);
	fixture_restart(&fx);
	assert_int_equal(join(token, "web-2", "m2", false, "10.0.0.78", &second, NULL), -ENOKEY);
}

static void a_refused_join_does_not_use_the_token_up(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_error err = RW_ERROR_NONE;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "", "m1", false, NULL, &answer, &err), -EINVAL);
	assert_string_equal(err.field, "name");
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &answer, NULL), 0);
}

static void tokens_expire_and_are_kept_as_digests(void **state)
{
	struct rw_join_answer answer = {0};
	struct rw_store_query query = {.prefix = ""};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(rw_store_list(fx.store, &query, &page, NULL), 0);
	for (size_t i = 0; i < page.count; i++)
		assert_null(memmem(page.entries[i].value, page.entries[i].value_size, strchr(token, '.') + 1,
				   43));
	fixture_pass(&fx, 3600 * 1000);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &answer, NULL), -ENOKEY);
	fixture_pass(&fx, 60 * 1000);
	assert_int_equal(fx.controller->tokens.count, 0);
}

static void refuses_a_known_machine_without_replace(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer first = {0};
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer second = {0};
	struct rw_cert_info old;
	struct rw_cert_info new;
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &first, NULL), 0);
	make_token(token);
	assert_int_equal(join(token, "web-2", "m1", false, "10.0.0.77", &second, NULL), -EEXIST);
	assert_int_equal(join(token, "web-2", "m1", true, "10.0.0.77", &second, NULL), 0);
	assert_string_equal(first.node, second.node);
	old = read_cert(&first);
	new = read_cert(&second);
	assert_int_equal(rw_join_authenticate(fx.controller, &old, &somewhere, &actor, NULL), -EACCES);
	assert_int_equal(rw_join_authenticate(fx.controller, &new, &somewhere, &actor, NULL), 0);
}

static void takes_over_a_record_that_waits(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_join_answer second = {0};
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "n-1", "m1", false, "10.0.0.1", &answer, NULL), 0);
	assert_string_equal(answer.node, "n-1");
	make_token(token);
	assert_int_equal(join(token, "n-1", "m2", false, "10.0.0.1", &second, NULL), -EEXIST);
	assert_int_equal(join(token, "n-free", "m2", false, "10.0.0.9", &second, NULL), -EEXIST);
}

static void a_deleted_node_has_no_certificate(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_cert_info info;
	char token[RW_TOKEN_SIZE];
	struct rw_actor actor;

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &answer, NULL), 0);
	info = read_cert(&answer);
	fixture_do(&fx, (struct step){STEP_DELETE, RW_KIND_NODE, .reference = "web-1"});
	assert_int_equal(rw_join_authenticate(fx.controller, &info, &somewhere, &actor, NULL), -EACCES);
	fixture_restart(&fx);
	assert_int_equal(rw_join_authenticate(fx.controller, &info, &somewhere, &actor, NULL), -EACCES);
	info.role = RW_CERT_ROLE_CONTROLLER;
	assert_int_equal(rw_join_authenticate(fx.controller, &info, &somewhere, &actor, NULL), -EACCES);
}

/* Refused for a node that is offline, done when that is forced. */
static void assert_goes_only_by_force(struct step step)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};

	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), RW_CHANGE_GUARDED);
	assert_int_equal(result.findings[0].guard, RW_GUARD_OFFLINE_NODE);
	rw_change_result_done(&result);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, RW_GUARD_BIT(RW_GUARD_OFFLINE_NODE),
				     &result, NULL),
			 0);
}

static void an_offline_node_goes_only_by_force(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct step step = {STEP_DELETE, RW_KIND_NODE, .reference = "web-1"};
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &answer, NULL), 0);
	assert_goes_only_by_force(step);
}

/* Between two streams nobody can tell an agent, however lately it reported. */
static void a_node_without_a_stream_goes_only_by_force(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	struct step step = {STEP_DELETE, RW_KIND_NODE};
	char token[RW_TOKEN_SIZE];
	struct agent agent;

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &answer, NULL), 0);
	agent_init(&agent, &fx, answer.node);
	assert_int_equal(agent_connect(&agent), 0);
	agent_report(&agent, RW_AGENT_STATE_OK);
	agent_disconnect(&agent);
	step.reference = answer.node;
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), RW_CHANGE_GUARDED);
	assert_int_equal(result.findings[0].guard, RW_GUARD_OFFLINE_NODE);
	rw_change_result_done(&result);
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(fixture_run(fx.controller, &fx.alice, step, 0, &result, NULL), 0);
	assert_true(agent.detached);
	agent_done(&agent);
}

/* Its certificate ends with its agent's record, as if it were deleted. */
static void an_offline_node_becomes_an_address_record_only_by_force(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct step step = {STEP_UPDATE, RW_KIND_NODE};
	struct rw_node *node;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, "10.0.0.77", &answer, NULL), 0);
	node = rw_node_dup(rw_model_find_node(rw_controller_model(fx.controller), answer.node));
	node->agent = RW_AGENT_NONE;
	step.object = node;
	assert_goes_only_by_force(step);
	(void)rw_node_unref(node);
}

static void joins_free_standing_with_groups(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	const char *groups[] = {"sg-free"};
	struct rw_join_grant grant = {.network = "vpc-1", .groups = groups, .group_count = 1};
	const struct rw_node *node;
	char token[RW_TOKEN_SIZE];
	int64_t expires_ms;

	(void)state;
	assert_int_equal(rw_join_token_create(fx.controller, &fx.alice, &grant, token, &expires_ms, NULL), 0);
	fixture_restart(&fx);
	assert_int_equal(join(token, "db", "m1", false, "10.0.3.3", &answer, NULL), 0);
	node = rw_model_find_node(rw_controller_model(fx.controller), "db");
	assert_string_equal(node->cluster, "");
	assert_int_equal(node->security_group_count, 1);
	assert_string_equal(node->security_groups[0], "sg-free");
}

static void refuses_grants_that_make_no_sense(void **state)
{
	const char *managed[] = {"sg-c1"};
	struct rw_join_grant grants[] = {
		{.cluster = "nowhere"},
		{.cluster = "c1", .network = "vpc-1"},
		{.network = "vpc-1"},
		{.network = "vpc-1", .groups = managed, .group_count = 1},
		{.cluster = "c1", .ttl_s = RW_JOIN_TTL_MAX_S + 1},
	};
	char token[RW_TOKEN_SIZE];
	int64_t expires_ms;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(grants); i++)
		assert_int_equal(
			rw_join_token_create(fx.controller, &fx.alice, &grants[i], token, &expires_ms, NULL),
			-EINVAL);
}

static void limits_wrong_tokens_by_address(void **state)
{
	struct rw_join_answer answer = {0};
	char token[RW_TOKEN_SIZE];

	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(join("j-0.x", "web-1", "m1", false, NULL, &answer, NULL), -ENOKEY);
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &answer, NULL), -EAGAIN);
}

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

static struct rw_cert_info cert_of(const char *certificate, const char *ca)
{
	struct rw_cert_info info;

	assert_int_equal(
		rw_cert_verify(certificate, ca, rw_clock_realtime_ms(&fx.clock.clock) / 1000, &info, NULL),
		0);
	return info;
}

static int renew(const struct rw_cert_info *shown, struct rw_renew_answer *answer, struct rw_error *err)
{
	const struct rw_renew_request request = {.csr = csr};
	struct rw_actor actor;
	int r = rw_join_authenticate(fx.controller, shown, &somewhere, &actor, err);

	return r < 0 ? r : rw_join_renew(fx.controller, &actor, &request, answer, err);
}

static int authenticate(const struct rw_cert_info *info)
{
	struct rw_actor actor;

	return rw_join_authenticate(fx.controller, info, &somewhere, &actor, NULL);
}

static void renews_a_certificate_for_90_days_more(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer joined = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer renewed = {0};
	struct rw_node_status status;
	struct rw_cert_info first, second;
	char token[RW_TOKEN_SIZE];
	int64_t now_s;

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &joined, NULL), 0);
	first = cert_of(joined.certificate, joined.ca);
	assert_int_equal(rw_node_status_find(fx.controller, "web-1", &status), 0);
	assert_int_equal(status.certificate_expires_ms / 1000, first.not_after_s);
	fixture_pass(&fx, 61 * DAY_MS);
	assert_int_equal(renew(&first, &renewed, NULL), 0);
	second = cert_of(renewed.certificate, renewed.ca);
	now_s = rw_clock_realtime_ms(&fx.clock.clock) / 1000;
	assert_int_equal(second.not_after_s, now_s + INT64_C(90) * 86400);
	assert_string_equal(second.common_name, first.common_name);
	fixture_restart(&fx);
	assert_int_equal(rw_node_status_find(fx.controller, "web-1", &status), 0);
	assert_int_equal(status.certificate_expires_ms / 1000, second.not_after_s);
	assert_int_equal(authenticate(&second), 0);
}

static void a_lost_answer_locks_nobody_out(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer joined = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer lost = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer kept = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer last = {0};
	struct rw_cert_info first, second, third;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &joined, NULL), 0);
	first = cert_of(joined.certificate, joined.ca);
	assert_int_equal(renew(&first, &lost, NULL), 0);
	fixture_restart(&fx);
	assert_int_equal(renew(&first, &kept, NULL), 0);
	second = cert_of(kept.certificate, kept.ca);
	assert_int_equal(authenticate(&first), 0);
	assert_int_equal(authenticate(&second), 0);
	/* What nobody has used is nobody's; the one before ends with the next renewal. */
	third = cert_of(lost.certificate, lost.ca);
	assert_int_equal(authenticate(&third), -EACCES);
	assert_int_equal(renew(&second, &last, NULL), 0);
	assert_int_equal(authenticate(&first), -EACCES);
	assert_int_equal(authenticate(&second), 0);
}

static void joining_again_ends_both_certificates(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer joined = {0};
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer again = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer renewed = {0};
	struct rw_cert_info first, second, third;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &joined, NULL), 0);
	first = cert_of(joined.certificate, joined.ca);
	assert_int_equal(renew(&first, &renewed, NULL), 0);
	second = cert_of(renewed.certificate, renewed.ca);
	/* Long expired: a new token brings it back. */
	fixture_pass(&fx, 200 * DAY_MS);
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", true, NULL, &again, NULL), 0);
	third = cert_of(again.certificate, again.ca);
	assert_string_equal(third.common_name, first.common_name);
	assert_int_equal(authenticate(&first), -EACCES);
	assert_int_equal(authenticate(&second), -EACCES);
	assert_int_equal(authenticate(&third), 0);
}

static void a_renewal_does_not_end_the_stream(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer joined = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer renewed = {0};
	struct rw_cert_info first;
	struct agent agent;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &joined, NULL), 0);
	first = cert_of(joined.certificate, joined.ca);
	agent_init(&agent, &fx, joined.node);
	assert_int_equal(agent_connect(&agent), 0);
	assert_int_equal(renew(&first, &renewed, NULL), 0);
	assert_false(agent.ended);
	agent_done(&agent);
}

static void refuses_to_renew_for_no_request(void **state)
{
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer joined = {0};
	struct rw_renew_answer answer = {0};
	const struct rw_renew_request empty = {0};
	const struct rw_renew_request nonsense = {.csr = (char *)(uintptr_t) "nonsense"};
	struct rw_error err = RW_ERROR_NONE;
	struct rw_cert_info first;
	struct rw_actor actor;
	char token[RW_TOKEN_SIZE];

	(void)state;
	make_token(token);
	assert_int_equal(join(token, "web-1", "m1", false, NULL, &joined, NULL), 0);
	first = cert_of(joined.certificate, joined.ca);
	assert_int_equal(rw_join_authenticate(fx.controller, &first, &somewhere, &actor, NULL), 0);
	assert_int_equal(rw_join_renew(fx.controller, &actor, &empty, &answer, &err), -EINVAL);
	assert_string_equal(err.field, "csr");
	assert_int_equal(rw_join_renew(fx.controller, &actor, &nonsense, &answer, &err), -EINVAL);
	assert_string_equal(err.field, "csr");
	assert_null(answer.certificate);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(makes_a_node_with_a_certificate),
		T(tells_of_agents_whose_certificate_expires_soon),
		T(tells_the_policy_before_joining_and_changes_nothing),
		T(joins_only_by_the_policy_that_was_looked_at),
		T(a_token_works_once),
		T(a_refused_join_does_not_use_the_token_up),
		T(tokens_expire_and_are_kept_as_digests),
		T(refuses_a_known_machine_without_replace),
		T(takes_over_a_record_that_waits),
		T(a_deleted_node_has_no_certificate),
		T(an_offline_node_goes_only_by_force),
		T(a_node_without_a_stream_goes_only_by_force),
		T(an_offline_node_becomes_an_address_record_only_by_force),
		T(joins_free_standing_with_groups),
		T(refuses_grants_that_make_no_sense),
		T(limits_wrong_tokens_by_address),
		T(renews_a_certificate_for_90_days_more),
		T(a_lost_answer_locks_nobody_out),
		T(joining_again_ends_both_certificates),
		T(a_renewal_does_not_end_the_stream),
		T(refuses_to_renew_for_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
