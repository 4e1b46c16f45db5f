/* SPDX-License-Identifier: Apache-2.0 */

/* Findings that people have accepted. */

#include "api/internal.h"

#include <string.h>

#include "controller/suppression.h"

int rw_api_list_suppressions(struct rw_api_call *call, struct rw_error *err)
{
	const char *last = NULL;
	struct rw_api_list list;
	struct rw_api_page page;
	size_t count = 0;
	bool more = false;
	int r = rw_api_page_get(call, &page, err);

	if (r < 0)
		return r;
	rw_api_list_begin(&list);
	for (size_t i = 0; i < rw_suppression_count(call->controller); i++) {
		const struct rw_kept_suppression *kept = rw_suppression_at(call->controller, i);

		if (page.after && strcmp(kept->id, page.after) <= 0)
			continue;
		more = count++ == page.limit;
		if (more)
			break;
		rw_json_begin_object(&list.json);
		rw_json_put_text(&list.json, "id", kept->id);
		rw_suppression_put(&list.json, kept);
		rw_json_end_object(&list.json);
		last = kept->id;
	}
	rw_api_list_answer(call, &list, more ? last : NULL);
	return 0;
}

static const struct rw_json_field suppression_fields[] = {
	RW_JSON_FIELD("check", struct rw_suppression, check, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("subject", struct rw_suppression, subject, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("reason", struct rw_suppression, reason, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("expires", struct rw_suppression, expires_ms, rw_json_decode_time),
};

int rw_api_create_suppression(struct rw_api_call *call, struct rw_error *err)
{
	struct rw_suppression what = {0};
	struct rw_json_writer json;
	char id[RW_ID_SIZE] = "";
	struct rw_buf buf;
	int r = rw_json_decode(&call->body, RW_JSON_FIELDS(suppression_fields), &what, NULL, err);

	if (r == 0)
		r = rw_suppression_add(call->controller, &call->actor, &what, id, err);
	if (r < 0)
		return rw_api_model_limit(r, err);
	rw_api_pump_events(call->api);
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "id", id);
	for (size_t i = 0; i < rw_suppression_count(call->controller); i++)
		if (strcmp(rw_suppression_at(call->controller, i)->id, id) == 0)
			rw_suppression_put(&json, rw_suppression_at(call->controller, i));
	rw_json_end_object(&json);
	rw_api_answer(call, 201, &buf);
	return 0;
}

int rw_api_delete_suppression(struct rw_api_call *call, struct rw_error *err)
{
	int r = rw_suppression_remove(call->controller, &call->actor, call->names[0], err);

	return r < 0 ? r : rw_api_answer_done(call, "remove suppression", err);
}
