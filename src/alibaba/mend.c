/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CheckSecurityGroup, FixSecurityGroup and ReBindSecurityGroup: the cloud's console called them, and its documents tell
 * their names alone.  Here each is an action by RPC, with ClusterId, and a path by ROA.
 */

#include "alibaba/internal.h"

#include <string.h>

#include "audit/mend.h"
#include "controller/evidence.h"
#include "wire/findings.h"

static void begin(struct call *call)
{
	if (call->roa)
		rw_json_begin_object(&call->json);
}

static void end(struct call *call)
{
	if (call->roa)
		rw_json_end_object(&call->json);
}

/* ---- check ---- */

static int run_audit(struct call *call, const struct rw_cluster *cluster, struct rw_audit *audit,
		     struct rw_error *err)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_audit_input input = {
		.model = call_model(call), .evidence = &evidence, .subject = cluster->id};
	int r;

	rw_evidence_init(&evidence);
	r = rw_controller_evidence(call->self->controller, &evidence, err);
	if (r == 0)
		r = rw_audit_run(&input, audit, err);
	if (r == 0)
		rw_mend_keep_rules(audit);
	return r;
}

int alibaba_check_cluster(struct call *call)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf findings;
	struct rw_error err = RW_ERROR_NONE;
	const struct rw_cluster *cluster;
	int r = call_cluster(call, call_model(call), &cluster);

	rw_buf_init(&findings, RW_ALIBABA_ANSWER_MAX);
	if (r < 0)
		return r;
	r = run_audit(call, cluster, &audit, &err);
	if (r == 0)
		r = rw_findings_encode(&findings, &audit, &err);
	if (r == -ENOMEM)
		return call_out_of_memory(call);
	if (r < 0)
		return rw_alibaba_refuse_error(&call->fault, 503, "ServiceUnavailable", &err);
	begin(call);
	rw_json_put_text(&call->json, "cluster_id", cluster->id);
	rw_json_put_text(&call->json, "security_group_id", cluster->security_group);
	rw_json_put_text(&call->json, "request_id", call->request_id);
	rw_json_key(&call->json, "audit");
	rw_json_write_raw(&call->json, findings.data, findings.size);
	end(call);
	return 0;
}

/* ---- fix and rebind ---- */

static int edit_fix(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	const struct rw_cluster *cluster;
	int r = call_cluster(call, rw_draft_model(draft), &cluster);

	(void)userdata;
	rw_evidence_init(&evidence);
	if (r == 0)
		r = rw_controller_evidence(call->self->controller, &evidence, err);
	return r < 0 ? r : rw_mend_cluster(draft, cluster->id, &evidence, err);
}

static int edit_rebind(struct call *call, struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	char name[CLUSTER_TEXT_SIZE], description[CLUSTER_TEXT_SIZE];
	struct rw_cluster_options options = {.ipv4_only = true, .group_description = description};
	const struct rw_cluster *cluster;
	const struct rw_group *other;
	int r = call_cluster(call, rw_draft_model(draft), &cluster);

	(void)userdata;
	if (r < 0)
		return r;
	cluster_group_texts(cluster->id, name, description);
	/* A group that the cluster had before may still be called so. */
	other = rw_model_find_group(rw_draft_model(draft), name);
	if (!other || strcmp(other->id, cluster->security_group) == 0)
		options.group_name = name;
	return rw_edit_rebind_cluster(draft, cluster->id, &options, err);
}

/* Answers with the group that the cluster has then. */
static int run(struct call *call, const struct change *change)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	const struct rw_cluster *cluster;
	int r = call_change(call, change, &result);

	if (r == 0)
		r = call_cluster(call, call_model(call), &cluster);
	if (r < 0)
		return r;
	begin(call);
	rw_json_put_text(&call->json, "cluster_id", cluster->id);
	rw_json_put_text(&call->json, "security_group_id", cluster->security_group);
	rw_json_put_text(&call->json, "request_id", call->request_id);
	rw_json_put_bool(&call->json, "changed", result.changed);
	end(call);
	return 0;
}

int alibaba_fix_cluster(struct call *call)
{
	struct change change = {.action = "fix cluster", .edit = edit_fix};

	return run(call, &change);
}

int alibaba_rebind_cluster(struct call *call)
{
	struct change change = {.action = "rebind cluster", .edit = edit_rebind};

	return run(call, &change);
}

/* ---- what cannot be answered ---- */

int alibaba_refuse_action(struct call *call)
{
	return rw_alibaba_refuse(&call->fault, 400, "OperationNotSupported", "%s: %s", call->action->name,
				 call->action->why);
}
