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
	put_member(json, record, "established", "established");
	put_objects(json, record);
	put_member(json, record, "changes", "changes");
	put_member(json, record, "omitted", "omitted");
	rw_json_end_object(json);
}

/* ---- which records are asked for ---- */

/* Records are read so many at a time; a search looks at no more than so many, or so many bytes, per request. */
#define BATCH        50
#define SEARCH_MAX   1000
#define SEARCH_BYTES (8u << 20)

/* Whether a side of a change, "before" or "after", has the text: an id in quotation marks. */
static bool side_names(const struct rw_json *item, const char *side, const char *quoted)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};
	struct rw_json state;

	rw_buf_init(&text, RW_API_ANSWER_MAX);
	return rw_json_find(item, side, &state) && rw_json_dump(&state, &text, NULL) == 0 &&
	       strstr(text.data, quoted);
}

/* A change of the object itself or of its rules, or of something that begins or ceases to name it. */
static bool item_concerns(const struct rw_json *item, const char *id, const char *quoted)
{
	return strcmp(text_of(item, "id"), id) == 0 || strcmp(text_of(item, "security_group"), id) == 0 ||
	       side_names(item, "before", quoted) != side_names(item, "after", quoted);
}

static bool record_concerns(const struct rw_json *record, const char *id, const char *quoted)
{
	struct rw_json changes;

	if (!rw_json_find(record, "changes", &changes))
		return false;
	for (size_t i = 0; i < rw_json_count(&changes); i++) {
		struct rw_json item = rw_json_at(&changes, i);

		if (item_concerns(&item, id, quoted))
			return true;
	}
	return false;
}

/* Whether this one acted, by name or id. */
static bool record_is_by(const struct rw_json *record, const char *who)
{
	struct rw_json actor;

	return rw_json_find(record, "actor", &actor) &&
	       (strcmp(text_of(&actor, "name"), who) == 0 || strcmp(text_of(&actor, "id"), who) == 0);
}

/* A page of the log under way. */
struct listing {
	struct rw_api_call *call;
	struct rw_api_list list;
	size_t limit;
	const char *object; /* id; NULL = of all objects */
	const char *who;    /* name or id; NULL = everybody's */
	const char *action; /* a part of it; NULL = all */
	char quoted[RW_ID_SIZE + 2];
	size_t count;   /* of the page */
	size_t looked;  /* at so many records */
	size_t bytes;   /* of them */
	uint64_t after; /* where the next page begins; 0 = there is none */
};

static bool is_search(const struct listing *listing)
{
	return listing->object || listing->who || listing->action;
}

static bool is_wanted(const struct listing *listing, const struct rw_json *record)
{
	if (listing->who && !record_is_by(record, listing->who))
		return false;
	if (listing->action && !strstr(text_of(record, "action"), listing->action))
		return false;
	return !listing->object || record_concerns(record, listing->object, listing->quoted);
}

/* Writes the record if it is wanted.  The text decides cheaply about nearly all that are not. */
static int take_record(struct listing *listing, const struct rw_audit_record *audit, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json record;
	int r;

	listing->looked++;
	listing->bytes += strlen(audit->json);
	if (listing->object && !strstr(audit->json, listing->quoted))
		return 0;
	r = rw_json_parse(audit->json, strlen(audit->json), RW_API_ANSWER_MAX, &document, err);
	if (r < 0)
		return rw_error_wrap(err, "record %" PRIu64 " of the log", audit->sequence);
	record = rw_json_root(document);
	if (!is_wanted(listing, &record))
		return 0;
	write_record(&listing->list.json, &record);
	listing->count++;
	return 0;
}

static bool is_full(const struct listing *listing)
{
	return listing->count == listing->limit ||
	       (is_search(listing) && (listing->looked >= SEARCH_MAX || listing->bytes >= SEARCH_BYTES));
}

/* Takes a batch of records; 'after' is where to go on. */
static int take_batch(struct listing *listing, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page batch = {0};
	size_t left = listing->limit - listing->count;
	int r = rw_audit_list(listing->call->controller, listing->after, left < BATCH ? left : BATCH, &batch,
			      err);

	for (size_t i = 0; r == 0 && i < batch.count; i++)
		r = take_record(listing, &batch.records[i], err);
	listing->after = batch.next;
	return r;
}

static int read_filter(struct listing *listing, struct rw_error *err)
{
	size_t size;

	listing->who = rw_api_parameter(listing->call, "who");
	listing->action = rw_api_parameter(listing->call, "action");
	listing->object = rw_api_parameter(listing->call, "object");
	if (!listing->object)
		return 0;
	size = strlen(listing->object);
	if (size == 0 || size >= RW_ID_SIZE || rw_text_has_controls(listing->object, false) ||
	    strpbrk(listing->object, "\"\\")) {
		(void)rw_error_field(err, "object", "this is not an id");
		return rw_error_hint(err, "Give the id of an object, as sg-4e0d….");
	}
	(void)snprintf(listing->quoted, sizeof(listing->quoted), "\"%s\"", listing->object);
	return 0;
}

int rw_api_list_log(struct rw_api_call *call, struct rw_error *err)
{
	struct listing listing = {.call = call};
	struct rw_api_page page;
	char next[24];
	int r = rw_api_page_get(call, &page, err);

	if (r == 0)
		r = rw_api_number(call, "after", 1, UINT64_MAX, &listing.after, err);
	if (r == 0)
		r = read_filter(&listing, err);
	if (r < 0)
		return r;
	listing.limit = page.limit;
	rw_api_list_begin(&listing.list);
	do
		r = take_batch(&listing, err);
	while (r == 0 && listing.after && !is_full(&listing));
	if (r < 0) {
		rw_buf_done(&listing.list.buf);
		return r;
	}
	(void)snprintf(next, sizeof(next), "%" PRIu64, listing.after);
	rw_api_list_answer(call, &listing.list, listing.after ? next : NULL);
	return 0;
}
