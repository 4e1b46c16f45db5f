/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out at any allocation of an audit is -ENOMEM and leaves nothing behind. */

#include "test.h"

#include <string.h>

#include "audit/audit.h"
#include "oom.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_audit_survives_it)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
