/* SPDX-License-Identifier: Apache-2.0 */

/* The model as a whole: export, import, apply. */

#include "api/internal.h"

#include <string.h>

#include "wire/apply_file.h"
#include "wire/model_file.h"

int rw_api_export_model(struct rw_api_call *call, struct rw_error *err)
{
	struct rw_buf buf;
	int r;

	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_model_file_encode(&buf, rw_controller_model(call->controller), err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_etag_header(call->exchange, rw_controller_revision(call->controller));
	rw_api_answer(call, 200, &buf);
	return 0;
}

int rw_api_read_model(const struct rw_api_call *call, struct rw_model **ret_model, struct rw_error *err)
{
	int r = rw_model_file_decode_within(call->request->body, call->request->body_size,
					    rw_controller_limits(call->controller), ret_model, err);

	return rw_api_model_limit(r, err);
}

int rw_api_import_model(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_change_result_done) struct rw_change_result result = {0};
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	struct rw_api_change change = {.action = "import", .status = 201, .kind = RW_KIND_COUNT_};
	int r = rw_api_read_model(call, &model, err);

	if (r == 0)
		r = rw_change_import(call->controller, &call->actor, model, &result, err);
	return r < 0 ? r : rw_api_answer_result(call, &change, &result, r, err);
}

/* ---- apply ---- */

struct apply {
	const struct rw_api_call *call;
	struct rw_buf diff; /* a JSON array's elements, made anew each time the edit runs */
	struct rw_json_writer json;
};

static const char *target_name(const struct rw_model *model, const struct rw_group *group)
{
	const struct rw_cluster *cluster =
		group->managed_by[0] ? rw_model_find_cluster(model, group->managed_by) : NULL;

	return cluster ? cluster->name : group->name;
}

const char *rw_api_object_name(const struct rw_model *model, const struct rw_object *object)
{
	const struct rw_group *group =
		object->kind == RW_OBJECT_GROUP ? rw_model_find_group(model, object->id) : NULL;
	const struct rw_prefix_list *list =
		object->kind == RW_OBJECT_PREFIX_LIST ? rw_model_find_prefix_list(model, object->id) : NULL;

	return group ? target_name(model, group) : list ? list->name : NULL;
}

void rw_api_put_difference(struct rw_json_writer *json, const struct rw_model *model,
			   const struct rw_group *group, const struct rw_rule *rule, const char *change)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	rw_buf_init(&text, 1u << 16);
	rw_rule_text_format(rule, rw_api_object_name(model, &rule->object), &text);
	rw_json_begin_object(json);
	rw_json_put_text(json, "change", change);
	rw_json_put_text(json, "target", target_name(model, group));
	rw_json_put_text(json, "rule", text.data);
	rw_json_end_object(json);
}

/* Both groups have their rules in order of id. */
static void add_differences(struct apply *apply, const struct rw_model *model, const struct rw_group *before,
			    const struct rw_group *after)
{
	size_t i = 0;
	size_t j = 0;

	while (i < before->rule_count || j < after->rule_count) {
		int order = i == before->rule_count  ? 1
			    : j == after->rule_count ? -1
						     : strcmp(before->rules[i]->id, after->rules[j]->id);

		if (order < 0)
			rw_api_put_difference(&apply->json, model, before, before->rules[i], "remove");
		else if (order > 0)
			rw_api_put_difference(&apply->json, model, after, after->rules[j], "add");
		i += order <= 0;
		j += order >= 0;
	}
}

static int apply_target(struct rw_draft *draft, struct rw_apply_target *target, struct rw_error *err)
{
	const struct rw_model *model = rw_draft_model(draft);
	const struct rw_cluster *cluster;
	const void *group;
	char id[RW_ID_SIZE];
	size_t count;
	int r;

	if (target->is_cluster) {
		cluster = rw_model_find_cluster(model, target->reference);
		if (!cluster)
			return rw_error_field(err, "cluster", "there is no cluster \"%.100s\"",
					      target->reference);
		(void)memcpy(id, cluster->security_group, sizeof(id));
	} else {
		if (rw_api_find(model, RW_KIND_GROUP, target->reference, &group, err) < 0)
			return rw_error_field(err, "group", "there is no security group \"%.100s\"",
					      target->reference);
		(void)memcpy(id, rw_object_id(RW_KIND_GROUP, group), sizeof(id));
	}
	count = target->rules.count;
	target->rules.count = 0;
	r = rw_edit_set_rules(draft, id, target->rules.data, count, NULL, err);
	return r < 0 ? rw_error_wrap(err, "%s \"%.100s\"", target->is_cluster ? "cluster" : "group",
				     target->reference)
		     : 0;
}

static int edit_apply(struct rw_draft *draft, void *userdata, struct rw_error *err)
{
	struct apply *apply = userdata;
	const struct rw_http_request *request = apply->call->request;
	struct rw_resolver resolver = rw_api_resolver(rw_draft_model(draft));
	RW_CLEANUP(rw_apply_file_done) struct rw_apply_file file = {0};
	int r = rw_apply_file_decode(request->body, request->body_size, &resolver,
				     rw_controller_limits(apply->call->controller), &file, err);

	for (size_t i = 0; r == 0 && i < file.targets.count; i++)
		r = apply_target(draft, rw_vec_at(&file.targets, i), err);
	if (r < 0)
		return r;
	rw_buf_clear(&apply->diff);
	rw_json_writer_init(&apply->json, &apply->diff, false);
	rw_json_begin_array(&apply->json);
	for (size_t i = 0; i < rw_draft_count(draft); i++) {
		const struct rw_touched *touched = rw_draft_at(draft, i);

		if (touched->kind == RW_KIND_GROUP && touched->before && touched->after)
			add_differences(apply, rw_draft_model(draft), touched->before, touched->after);
	}
	rw_json_end_array(&apply->json);
	return rw_buf_check(&apply->diff, err);
}

static void write_diff(struct rw_json_writer *json, const struct rw_change_result *result, bool replayed,
		       void *userdata)
{
	const struct apply *apply = userdata;

	(void)result;
	if (replayed)
		return;
	rw_json_key(json, "diff");
	rw_json_write_raw(json, apply->diff.data, apply->diff.size);
}

int rw_api_apply(struct rw_api_call *call, struct rw_error *err)
{
	struct apply apply = {.call = call};
	struct rw_api_change change = {.action = "apply",
				       .edit = edit_apply,
				       .userdata = &apply,
				       .items_are_rules = true,
				       .kind = RW_KIND_COUNT_,
				       .write = write_diff};
	int r;

	rw_buf_init(&apply.diff, RW_API_ANSWER_MAX);
	r = rw_api_run_change(call, &change, err);
	rw_buf_done(&apply.diff);
	return r;
}
