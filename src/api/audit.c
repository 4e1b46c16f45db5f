/* SPDX-License-Identifier: Apache-2.0 */

/* What is too open, or too closed. */

#include "api/internal.h"

#include <stdlib.h>
#include <string.h>

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

/* All that an audit looks at, taken on the loop thread and judged on another. */
struct auditing {
	struct rw_model *model;
	struct rw_evidence evidence;
	struct rw_suppression *suppressions;
	struct rw_audit_input input;
	char subject[RW_ID_SIZE];
};

static void forget(void *data)
{
	struct auditing *auditing = data;

	rw_model_free(auditing->model);
	rw_evidence_done(&auditing->evidence);
	free(auditing->suppressions);
	free(auditing);
}

static int compute_findings(void *data, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	const struct auditing *auditing = data;
	int r = rw_audit_run(&auditing->input, &audit, err);

	return r < 0 ? r : rw_findings_encode(buf, &audit, err);
}

static int compute_summary(void *data, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	const struct auditing *auditing = data;
	int r = rw_audit_run(&auditing->input, &audit, err);

	return r < 0 ? r : rw_summary_encode(buf, &audit, err);
}

/*
 * One subject by name, or all.  Flows are looked up for one cluster only: for all, the history would be read from
 * end to end, and their checks stay unknown.
 */
static int take_subject(struct rw_api_call *call, struct auditing *auditing, const char *reference,
			struct rw_error *err)
{
	const char *id = NULL;
	int r = find_subject(auditing->model, reference, &id, err);

	if (r < 0)
		return r;
	memcpy(auditing->subject, id, strlen(id) + 1);
	auditing->input.subject = auditing->subject;
	if (!rw_model_find_cluster(auditing->model, id))
		return 0;
	r = rw_controller_flow_evidence(call->controller, id, 0, 0, &auditing->evidence, err);
	/* No history, or more than can be looked at: flows are not known. */
	return r == -ENOENT || r == -E2BIG ? 0 : r;
}

static int audit(struct rw_api_call *call,
		 int (*compute)(void *data, struct rw_buf *buf, struct rw_error *err), struct rw_error *err)
{
	const char *reference = rw_api_parameter(call, "cluster");
	struct rw_api_question question = {.compute = compute, .forget = forget};
	struct auditing *auditing = calloc(1, sizeof(*auditing));
	int r;

	if (!auditing)
		return rw_error_oom(err);
	question.data = auditing;
	rw_evidence_init(&auditing->evidence);
	auditing->model = rw_model_dup(rw_controller_model(call->controller));
	r = auditing->model ? rw_controller_evidence(call->controller, &auditing->evidence, err)
			    : rw_error_oom(err);
	if (r == 0)
		r = rw_suppression_list(call->controller, &auditing->suppressions,
					&auditing->input.suppression_count, err);
	if (r == 0 && reference)
		r = take_subject(call, auditing, reference, err);
	if (r < 0) {
		forget(auditing);
		return r;
	}
	auditing->input.model = auditing->model;
	auditing->input.evidence = &auditing->evidence;
	auditing->input.suppressions = auditing->suppressions;
	auditing->input.now_ms = rw_clock_realtime_ms(call->api->clock);
	return rw_api_compute(call, &question, err);
}

int rw_api_get_audit(struct rw_api_call *call, struct rw_error *err)
{
	return audit(call, compute_findings, err);
}

int rw_api_get_audit_summary(struct rw_api_call *call, struct rw_error *err)
{
	return audit(call, compute_summary, err);
}
