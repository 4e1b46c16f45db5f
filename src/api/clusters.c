/* SPDX-License-Identifier: Apache-2.0 */

/* Check, fix and rebind: what Container Service does with the group of a cluster. */

#include "api/internal.h"

#include <string.h>

#include "audit/mend.h"
#include "controller/evidence.h"
#include "group/validate.h"
#include "wire/findings.h"

int rw_api_check_cluster(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	const struct rw_model *model = rw_controller_model(call->controller);
	struct rw_audit_input input = {.model = model, .evidence = &evidence};
	const void *cluster;
	struct rw_buf buf;
	int r;

	rw_evidence_init(&evidence);
	r = rw_api_find(model, RW_KIND_CLUSTER, call->names[0], &cluster, err);
	if (r == 0)
		r = rw_controller_evidence(call->controller, &evidence, err);
	if (r < 0)
		return r;
	input.subject = rw_object_id(RW_KIND_CLUSTER, cluster);
	r = rw_audit_run(&input, &audit, err);
	if (r < 0)
		return r;
	rw_mend_keep_rules(&audit);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_findings_encode(&buf, &audit, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 200, &buf);
	return 0;
}

/* ---- changes ---- */

/* A change of a cluster's group, and the rules that come and go by it. */
struct mending {
	struct rw_api_call *call;
	struct rw_buf diff;
	int (*edit)(struct rw_draft *draft, const struct rw_api_call *call, struct rw_error *err);
};

static bool has_meaning(const struct rw_group *group, const struct rw_rule *rule)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (rw_rule_compare_meaning(group->rules[i], rule) == 0)
			return true;
	return false;
}

/* The rules of 'group' that 'other' has not, by meaning. */
static void put_missing(struct rw_json_writer *json, const struct rw_model *model,
			const struct rw_group *group, const struct rw_group *other, const char *change)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (!has_meaning(other, group->rules[i]))
			rw_api_put_difference(json, model, group, group->rules[i], change);
}

static const struct rw_group *group_of(const struct rw_model *model, const char *cluster)
{
	return rw_model_find_group(model, rw_model_find_cluster(model, cluster)->security_group);
}

static int edit_group(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct mending *mending = userdata;
	const char *cluster = mending->call->names[0];
	RW_CLEANUP(rw_group_unref) struct rw_group *before = NULL;
	struct rw_json_writer json;
	int r;

	if (!rw_model_find_cluster(rw_draft_model(draft), cluster))
		return rw_error_set(err, -ENOENT, "there is no cluster \"%s\"", cluster);
	before = rw_group_ref(group_of(rw_draft_model(draft), cluster));
	r = mending->edit(draft, mending->call, err);
	if (r < 0)
		return r;
	rw_buf_clear(&mending->diff);
	rw_json_writer_init(&json, &mending->diff, false);
	rw_json_begin_array(&json);
	put_missing(&json, rw_draft_model(draft), before, group_of(rw_draft_model(draft), cluster), "remove");
	put_missing(&json, rw_draft_model(draft), group_of(rw_draft_model(draft), cluster), before, "add");
	rw_json_end_array(&json);
	return rw_buf_check(&mending->diff, err);
}

static int fix(struct rw_draft *draft, const struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	int r;

	rw_evidence_init(&evidence);
	r = rw_controller_evidence(call->controller, &evidence, err);
	return r < 0 ? r : rw_mend_cluster(draft, call->names[0], &evidence, err);
}

static int rebind(struct rw_draft *draft, const struct rw_api_call *call, struct rw_error *err)
{
	const char *group = rw_api_parameter(call, "group");
	struct rw_cluster_options options = {0};
	int r = rw_api_flag(call, "no_web", &options.no_web, err);

	if (r == 0)
		r = rw_api_flag(call, "ipv6", &options.ipv6, err);
	if (r == 0 && group && (options.no_web || options.ipv6)) {
		(void)rw_error_field(err, "group", "this group keeps the rules it has");
		return rw_error_hint(err, "Leave no_web and ipv6 out: they are about default rules.");
	}
	if (r == 0 && group)
		return rw_edit_adopt_group(draft, call->names[0], group, err);
	return r < 0 ? r : rw_edit_rebind_cluster(draft, call->names[0], &options, err);
}

static void write_diff(struct rw_json_writer *json, const struct rw_change_result *result, bool replayed,
		       void *userdata)
{
	const struct mending *mending = userdata;

	(void)result;
	if (replayed)
		return;
	rw_json_key(json, "diff");
	rw_json_write_raw(json, mending->diff.data, mending->diff.size);
}

static int run_on_cluster(struct mending *mending, struct rw_api_change *change, struct rw_error *err)
{
	struct rw_api_call *call = mending->call;
	const void *cluster;
	char id[RW_ID_SIZE];
	int r = rw_api_find(rw_controller_model(call->controller), RW_KIND_CLUSTER, call->names[0], &cluster,
			    err);

	if (r < 0)
		return r;
	memcpy(id, rw_object_id(RW_KIND_CLUSTER, cluster), sizeof(id));
	call->names[0] = id;
	change->reference = id;
	change->kind = RW_KIND_CLUSTER;
	change->edit = edit_group;
	change->userdata = mending;
	change->write = write_diff;
	rw_buf_init(&mending->diff, RW_API_ANSWER_MAX);
	r = rw_api_run_change(call, change, err);
	rw_buf_done(&mending->diff);
	return r;
}

int rw_api_fix_cluster(struct rw_api_call *call, struct rw_error *err)
{
	struct mending mending = {.call = call, .edit = fix};

	return run_on_cluster(&mending,
			      &(struct rw_api_change){.action = "fix cluster", .items_are_rules = true}, err);
}

int rw_api_rebind_cluster(struct rw_api_call *call, struct rw_error *err)
{
	struct mending mending = {.call = call, .edit = rebind};

	return run_on_cluster(&mending, &(struct rw_api_change){.action = "rebind cluster"}, err);
}
