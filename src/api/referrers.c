/* SPDX-License-Identifier: Apache-2.0 */

/* Who refers to an object: rules, members, load balancers, promises. */

#include "api/internal.h"

/* Told of one object; more are left out, as more could not be read anyway. */
#define REFERRERS_MAX 1000

void rw_api_write_referrers(struct rw_json_writer *json, const struct rw_model *model,
			    const struct rw_vec *referrers)
{
	rw_json_begin_array(json);
	for (size_t i = 0; i < referrers->count; i++) {
		const struct rw_referrer *referrer = rw_vec_at(referrers, i);
		const void *object = rw_model_find(model, referrer->kind, referrer->id);
		const char *name = object ? rw_object_name(referrer->kind, object) : NULL;

		rw_json_begin_object(json);
		rw_json_put_text(json, "kind", rw_word_of(rw_words_kind, (int)referrer->kind));
		rw_json_put_text(json, "id", referrer->id);
		rw_json_put_text(json, "name", name ? name : "");
		if (referrer->rule[0])
			rw_json_put_text(json, "rule", referrer->rule);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

int rw_api_list_referrers(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_model *model = rw_controller_model(call->controller);
	RW_CLEANUP(rw_vec_done) struct rw_vec referrers;
	struct rw_json_writer json;
	const void *object;
	struct rw_buf buf;
	int r = rw_api_find(model, call->route->kind, call->names[0], &object, err);

	rw_vec_init(&referrers, sizeof(struct rw_referrer), REFERRERS_MAX);
	if (r < 0)
		return r;
	if (rw_model_referrers(model, call->route->kind, rw_object_id(call->route->kind, object),
			       &referrers) < 0)
		return rw_error_oom(err);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "items");
	rw_api_write_referrers(&json, model, &referrers);
	rw_json_put_bool(&json, "complete", referrers.count < REFERRERS_MAX);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
	return 0;
}
