/* SPDX-License-Identifier: Apache-2.0 */

/* The change log. */

#include "api/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/audit.h"
#include "wire/rule_text.h"

static const char *text_of(const struct rw_json *object, const char *key)
{
	struct rw_json member;
	const char *text;

	return rw_json_find(object, key, &member) && rw_json_prose(&member, 4096, &text, NULL) == 0 ? text
												    : "";
}

/* Copies a member of the record, if it is there. */
static void put_member(struct rw_json_writer *json, const struct rw_json *record, const char *from,
		       const char *key)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json member;

	if (!rw_json_find(record, from, &member))
		return;
	rw_buf_init(&text, RW_API_ANSWER_MAX);
	rw_buf_fail(json->buf, rw_json_dump(&member, &text, NULL));
	rw_json_key(json, key);
	rw_json_write_raw(json, text.data, text.size);
}

/* Writes a rule in words, which is the only name it has. */
static void put_rule_name(struct rw_json_writer *json, const struct rw_json *state)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	rw_buf_init(&text, 65536);
	if (rw_rule_decode(state, NULL, &rule, NULL) == 0)
		rw_rule_text_format(rule, NULL, &text);
	rw_json_put_text(json, "name", text.failed ? "" : text.data);
}

/* Writes the name that an object had: after the change, or before when it is gone. */
static void put_name(struct rw_json_writer *json, const struct rw_json *item)
{
	struct rw_json state;

	if ((!rw_json_find(item, "after", &state) || rw_json_type(&state) != RW_JSON_OBJECT) &&
	    (!rw_json_find(item, "before", &state) || rw_json_type(&state) != RW_JSON_OBJECT))
		rw_json_put_text(json, "name", "");
	else if (strcmp(text_of(item, "kind"), "rule") == 0)
		put_rule_name(json, &state);
	else
		rw_json_put_text(json, "name", text_of(&state, "name"));
}

static void put_objects(struct rw_json_writer *json, const struct rw_json *record)
{
	struct rw_json changes = {0};

	rw_json_key(json, "objects");
	rw_json_begin_array(json);
	for (size_t i = 0; rw_json_find(record, "changes", &changes) && i < rw_json_count(&changes); i++) {
		struct rw_json item = rw_json_at(&changes, i);

		rw_json_begin_object(json);
		rw_json_put_text(json, "kind", text_of(&item, "kind"));
		rw_json_put_text(json, "id", text_of(&item, "id"));
		put_name(json, &item);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

static void write_record(struct rw_json_writer *json, const struct rw_json *record)
{
	struct rw_json actor;
	bool has_actor = rw_json_find(record, "actor", &actor);

	rw_json_begin_object(json);
	put_member(json, record, "sequence", "sequence");
	put_member(json, record, "revision", "revision");
	put_member(json, record, "time", "time");
	rw_json_put_text(json, "who", has_actor ? text_of(&actor, "name") : "");
	rw_json_put_text(json, "who_kind", has_actor ? text_of(&actor, "kind") : "");
	rw_json_put_text(json, "who_id", has_actor ? text_of(&actor, "id") : "");
	rw_json_put_text(json, "from", has_actor ? text_of(&actor, "address") : "");
	if (has_actor)
		put_member(json, &actor, "via", "via");
	put_member(json, record, "action", "action");
	put_member(json, record, "forced", "forced");
	put_objects(json, record);
	put_member(json, record, "changes", "changes");
	put_member(json, record, "omitted", "omitted");
	rw_json_end_object(json);
}

int rw_api_list_log(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page records = {0};
	struct rw_api_list list;
	struct rw_api_page page;
	uint64_t before = 0;
	char next[24];
	int r = rw_api_page_get(call, &page, err);

	if (r == 0)
		r = rw_api_number(call, "after", 1, UINT64_MAX, &before, err);
	if (r == 0)
		r = rw_audit_list(call->controller, before, page.limit, &records, err);
	if (r < 0)
		return r;
	rw_api_list_begin(&list);
	for (size_t i = 0; i < records.count; i++) {
		RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
		const char *text = records.records[i].json;
		struct rw_json record;

		r = rw_json_parse(text, strlen(text), RW_API_ANSWER_MAX, &document, err);
		if (r < 0) {
			rw_buf_done(&list.buf);
			return rw_error_wrap(err, "record %" PRIu64 " of the log",
					     records.records[i].sequence);
		}
		record = rw_json_root(document);
		write_record(&list.json, &record);
	}
	(void)snprintf(next, sizeof(next), "%" PRIu64, records.next);
	rw_api_list_answer(call, &list, records.next ? next : NULL);
	return 0;
}
