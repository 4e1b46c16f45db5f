/* SPDX-License-Identifier: Apache-2.0 */

/* What is too open, or too closed. */

#include "api/internal.h"

#include "audit/audit.h"
#include "controller/evidence.h"
#include "controller/suppression.h"
#include "wire/findings.h"

/* The subject of a query: a cluster, by itself or by its group, or a free-standing group. */
static int find_subject(const struct rw_model *model, const char *reference, const char **ret_id,
			struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(model, reference);
	const struct rw_group *group = cluster ? NULL : rw_model_find_group(model, reference);

	if (!cluster && !group) {
		(void)rw_error_set(err, -ENOENT, "there is no cluster or security group by that name");
		return rw_error_hint(err, "List them by GET /v1/clusters and GET /v1/security-groups.");
	}
	*ret_id = cluster ? cluster->id : group->managed_by[0] ? group->managed_by : group->id;
	return 0;
}

int rw_api_get_audit(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	const struct rw_model *model = rw_controller_model(call->controller);
	const char *reference = rw_api_parameter(call, "cluster");
	RW_CLEANUP(rw_free) struct rw_suppression *suppressions = NULL;
	struct rw_audit_input input = {
		.model = model, .evidence = &evidence, .now_ms = rw_clock_realtime_ms(call->api->clock)};
	struct rw_buf buf;
	int r;

	rw_evidence_init(&evidence);
	r = rw_controller_evidence(call->controller, &evidence, err);
	if (r == 0)
		r = rw_suppression_list(call->controller, &suppressions, &input.suppression_count, err);
	input.suppressions = suppressions;
	if (r == 0 && reference)
		r = find_subject(model, reference, &input.subject, err);
	if (r == 0)
		r = rw_audit_run(&input, &audit, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_findings_encode(&buf, &audit, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 200, &buf);
	return 0;
}
