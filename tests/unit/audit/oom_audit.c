/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out at any allocation of an audit, or of a plan to tighten, is -ENOMEM and leaves nothing behind. */

#include "test.h"

#include <string.h>

#include "audit/audit.h"
#include "audit/tighten.h"
#include "oom.h"
#include "world.h"
#include "wire/model_file.h"

static const char text[] =
	"{\"version\":1,\"networks\":[{\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/16\"]}],"
	"\"clusters\":[{\"name\":\"demo\",\"network\":\"main\",\"security_group\":\"demo\",\"container_"
	"cidrs\":["
	"\"172.18.0.0/16\"]},{\"name\":\"empty\",\"network\":\"main\",\"security_group\":\"empty\"}],"
	"\"nodes\":[{\"name\":\"n1\",\"cluster\":\"demo\",\"interfaces\":[{\"name\":\"eth0\",\"addresses\":["
	"\"10.0.0.1\"]}]}],"
	"\"security_groups\":[{\"name\":\"demo\",\"network\":\"main\",\"inner_access\":\"drop\",\"managed_"
	"by\":"
	"\"demo\",\"rules\":[{\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":"
	"\"6379/6379\",\"object\":{\"cidr\":\"0.0.0.0/0\"}},{\"direction\":\"ingress\",\"policy\":\"accept\","
	"\"protocol\":\"tcp\",\"ports\":\"80/99\",\"object\":{\"cidr\":\"::/0\"}}]},"
	"{\"name\":\"empty\",\"network\":\"main\",\"managed_by\":\"empty\",\"rules\":[]},"
	"{\"name\":\"spare\",\"network\":\"main\",\"rules\":[]}],"
	"\"load_balancers\":[{\"name\":\"lb\",\"cluster\":\"demo\",\"sources\":{\"cidrs\":[\"100.64.0.0/"
	"10\"]},"
	"\"listeners\":[{\"protocol\":\"tcp\",\"port\":80,\"backend_port\":80}]}]}";

static int run_audit(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	const struct rw_audit_input input = {.model = userdata};

	return rw_audit_run(&input, &audit, err);
}

static void an_audit_survives_it(void **state)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	struct rw_error err = RW_ERROR_NONE;

	(void)state;
	if (rw_model_file_decode(text, sizeof(text) - 1, &model, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	oom_each(&(struct oom_work){.run = run_audit, .userdata = model, .least = 60, .stride = 3});
}

/* ---- a plan to tighten ---- */

static void add_evidence(struct rw_evidence *evidence)
{
	static const uint8_t protocols[] = {RW_PROTOCOL_TCP, RW_PROTOCOL_UDP, RW_PROTOCOL_GRE};
	static const char *const remotes[] = {"198.51.100.7", "10.0.0.9", "192.168.1.1"};
	struct rw_evidence_listener *listener;
	struct rw_evidence_flow *flow;
	struct rw_evidence_node *seen;

	assert_int_equal(rw_evidence_add_node(evidence, "n-1", &seen), 0);
	assert_int_equal(rw_evidence_add_node(evidence, "n-2", &seen), 0);
	seen->listeners_known = true;
	seen->flows_known = true;
	seen = rw_vec_at(&evidence->nodes, 0);
	seen->listeners_known = true;
	seen->flows_known = true;
	assert_int_equal(rw_vec_push(&seen->listeners, &listener), 0);
	*listener = (struct rw_evidence_listener){.protocol = RW_PROTOCOL_TCP, .port = 80};
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(rw_vec_push(&seen->flows, &flow), 0);
		*flow = (struct rw_evidence_flow){.accepted = true,
						  .protocol = protocols[i % 3],
						  .port = i % 3 < 2 ? 80 : 0,
						  .remote = world_address(remotes[i / 3])};
	}
}

static int make_plan(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_tighten_plan_done) struct rw_tighten_plan plan = {0};

	return rw_tighten_make(userdata, &plan, err);
}

static void a_plan_to_tighten_survives_it(void **state)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = world_vpc();
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_tighten_input input = {.cluster = "c1", .evidence = &evidence, .context = &world_context};

	(void)state;
	world_add_rule(draft, "sg-c1", "- in accept all -1/-1 0.0.0.0/0");
	rw_evidence_init(&evidence);
	add_evidence(&evidence);
	input.model = rw_draft_model(draft);
	oom_each(&(struct oom_work){.run = make_plan, .userdata = &input, .least = 60, .stride = 3});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_audit_survives_it),
		cmocka_unit_test(a_plan_to_tighten_survives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
