/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out at any allocation of an audit, or of a plan to tighten, is -ENOMEM and leaves nothing behind. */

#include "test.h"

#include <string.h>

#include "audit/audit.h"
#include "audit/mend.h"
#include "audit/promise.h"
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
	"\"listeners\":[{\"protocol\":\"tcp\",\"port\":80,\"backend_port\":80}]}],"
	"\"promises\":[{\"network\":\"main\",\"policy\":\"deny\",\"from\":{\"cidr\":\"192.0.2.0/24\"},"
	"\"to\":{\"group\":\"demo\"},\"protocol\":\"tcp\",\"ports\":\"6379/6379\"}]}";

static int run_audit(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	const struct rw_audit_input input = {.model = userdata};

	return rw_audit_run(&input, &audit, err);
}

static int run_added(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	RW_CLEANUP(rw_model_free) struct rw_model *before = rw_model_dup(userdata);
	const struct rw_model *model = userdata;
	const struct rw_audit_input input = {.model = model,
					     .subject = rw_model_find_cluster(model, "demo")->id};

	if (!before)
		return rw_error_oom(err);
	if (rw_model_remove(before, RW_KIND_NODE, rw_model_find_node(model, "n1")->id) < 0)
		return rw_error_oom(err);
	return rw_audit_added(&input, before, &audit, err);
}

static int run_promise(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_promise_judge_free) struct rw_promise_judge *judge = NULL;
	struct rw_promise_outcome outcome;
	int r = rw_promise_judge_new(userdata, &judge, err);

	return r < 0 ? r
		     : rw_promise_judge_all(judge, rw_model_at(userdata, RW_KIND_PROMISE, 0), &outcome, err);
}

static void fill_count(const struct rw_random *random, void *bytes, size_t size)
{
	static uint8_t next;

	(void)random;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = next++;
}

/* Fixes a cluster and gives it a new group. */
static int run_mend(void *userdata, struct rw_error *err)
{
	static const struct rw_random counting = {.fill = fill_count};
	static const struct rw_edit_context context = {.now_ms = 1000, .author = "test", .random = &counting};
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = rw_draft_new(userdata, &context);
	int r;

	if (!draft)
		return rw_error_oom(err);
	r = rw_mend_cluster(draft, "demo", NULL, err);
	return r < 0 ? r : rw_edit_rebind_cluster(draft, "demo", NULL, err);
}

static void each_survives_it(int (*run)(void *userdata, struct rw_error *err), unsigned int least)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_model_file_decode(text, sizeof(text) - 1, &model, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	oom_each(&(struct oom_work){.run = run, .userdata = model, .least = least, .stride = 3});
}

static void an_audit_survives_it(void **state)
{
	(void)state;
	each_survives_it(run_audit, 60);
}

static void what_a_change_adds_survives_it(void **state)
{
	(void)state;
	each_survives_it(run_added, 60);
}

static void a_promise_survives_it(void **state)
{
	(void)state;
	each_survives_it(run_promise, 20);
}

static void mending_survives_it(void **state)
{
	(void)state;
	each_survives_it(run_mend, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_audit_survives_it),
		cmocka_unit_test(what_a_change_adds_survives_it),
		cmocka_unit_test(a_promise_survives_it),
		cmocka_unit_test(mending_survives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
