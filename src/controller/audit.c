/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

static const struct rw_word actor_words[] = {
	{"key", RW_ACTOR_KEY},
	{"agent", RW_ACTOR_AGENT},
	{"token", RW_ACTOR_TOKEN},
	{"local", RW_ACTOR_LOCAL},
	{NULL, 0},
};

/* What an item is called in the log and in answers. */
static const struct rw_word subject_words[] = {
	{"rule", RW_SUBJECT_RULE},
	{"key", RW_SUBJECT_KEY},
	{"join_token", RW_SUBJECT_JOIN_TOKEN},
	{"suppression", RW_SUBJECT_SUPPRESSION},
	{NULL, 0},
};

static void write_actor(struct rw_json_writer *json, const struct rw_actor *actor)
{
	char address[RW_ADDRESS_TEXT_SIZE];

	rw_json_key(json, "actor");
	rw_json_begin_object(json);
	rw_json_put_text(json, "kind", rw_word_of(actor_words, (int)actor->kind));
	rw_json_put_text(json, "id", actor->id);
	rw_json_put_text(json, "name", actor->name);
	if (actor->address.family) {
		rw_address_format(&actor->address, address);
		rw_json_put_text(json, "address", address);
	}
	if (actor->via_console)
		rw_json_put_text(json, "via", "console");
	rw_json_end_object(json);
}

static void write_text(struct rw_json_writer *json, const char *key, const char *text)
{
	rw_json_key(json, key);
	if (text)
		rw_json_write_raw(json, text, strlen(text));
	else
		rw_json_write_null(json);
}

static void write_item(struct rw_json_writer *json, const struct rw_change_item *item)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "kind",
			 item->subject == RW_SUBJECT_OBJECT ? rw_word_of(rw_words_kind, (int)item->kind)
							    : rw_word_of(subject_words, (int)item->subject));
	rw_json_put_text(json, "id", item->id);
	if (item->group[0])
		rw_json_put_text(json, "security_group", item->group);
	write_text(json, "before", item->before);
	write_text(json, "after", item->after);
	rw_json_end_object(json);
}

int audit_write(struct rw_controller *controller, const struct plan *plan, uint64_t sequence,
		struct rw_buf *buf, struct rw_error *err)
{
	char request[2 * RW_SHA256_SIZE + 1];
	struct rw_json_writer json;
	size_t i = 0;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	rw_json_put_revision(&json, "sequence", sequence);
	rw_json_put_time(&json, "time", rw_clock_realtime_ms(controller->clock));
	write_actor(&json, plan->actor);
	rw_json_put_text(&json, "action", plan->action);
	rw_json_key(&json, "forced");
	rw_json_begin_array(&json);
	for (int guard = 0; guard < RW_GUARD_COUNT_; guard++) {
		if (plan->forced.bits & RW_GUARD_BIT(guard))
			rw_json_write_text(&json, rw_word_of(rw_words_guard, guard));
	}
	for (size_t k = 0; k < plan->forced.name_count; k++)
		rw_json_write_text(&json, plan->forced.names[k]);
	rw_json_end_array(&json);
	if (plan->established != RW_ESTABLISHED_CUT)
		rw_json_put_text(&json, "established",
				 rw_word_of(rw_words_established, (int)plan->established));
	if (plan->idempotency_key) {
		rw_hex_format(plan->request_digest, RW_SHA256_SIZE, request);
		rw_json_put_text(&json, "idempotency_key", plan->idempotency_key);
		rw_json_put_text(&json, "request", request);
	}
	rw_json_key(&json, "changes");
	rw_json_begin_array(&json);
	for (; i < plan->items.count; i++) {
		const struct rw_change_item *item = rw_vec_at(&plan->items, i);
		size_t size =
			(item->before ? strlen(item->before) : 0) + (item->after ? strlen(item->after) : 0);

		if (buf->size + size + 256 > RW_AUDIT_CHANGES_MAX)
			break;
		write_item(&json, item);
	}
	rw_json_end_array(&json);
	rw_json_put_integer(&json, "omitted", (int64_t)(plan->items.count - i));
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

static int take_text(const struct rw_json *item, const char *key, char **ret_text, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json member;
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	if (!rw_json_find(item, key, &member) || rw_json_type(&member) == RW_JSON_NULL)
		return 0;
	r = rw_json_dump(&member, &buf, err);
	if (r < 0)
		return r;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

static int read_item(const struct rw_json *value, struct rw_change_item *item, struct rw_error *err)
{
	struct rw_json member;
	const char *text = "";
	int word;
	int r;

	if (!rw_json_find(value, "kind", &member))
		return rw_error_set(err, -EUCLEAN, "an item of the change log has no kind");
	r = rw_json_text(&member, RW_ID_SIZE, &text, err);
	if (r < 0)
		return r;
	word = rw_word_find(subject_words, text);
	item->subject = word >= 0 ? (enum rw_change_subject)word : RW_SUBJECT_OBJECT;
	word = rw_word_find(rw_words_kind, text);
	item->kind = word >= 0 ? (enum rw_kind)word : RW_KIND_GROUP;
	if (rw_json_find(value, "id", &member) && rw_json_text(&member, RW_ID_SIZE - 1, &text, err) == 0)
		(void)strncpy(item->id, text, RW_ID_SIZE - 1);
	if (rw_json_find(value, "security_group", &member) &&
	    rw_json_text(&member, RW_ID_SIZE - 1, &text, err) == 0)
		(void)strncpy(item->group, text, RW_ID_SIZE - 1);
	r = take_text(value, "before", &item->before, err);
	if (r == 0)
		r = take_text(value, "after", &item->after, err);
	return r;
}

int audit_items(const char *json, size_t size, struct rw_change_result *result, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	struct rw_json changes;
	struct rw_json omitted;
	int64_t count = 0;
	int r;

	r = rw_json_parse(json, size, RW_STORE_MAX_TXN_BYTES, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	if (!rw_json_find(&root, "changes", &changes))
		return rw_error_set(err, -EUCLEAN, "a record of the change log has no changes");
	if (rw_json_find(&root, "omitted", &omitted) &&
	    rw_json_integer(&omitted, 0, INT64_MAX, &count, NULL) == 0)
		result->items_omitted = (size_t)count;
	result->items = calloc(rw_json_count(&changes) + 1, sizeof(*result->items));
	if (!result->items)
		return rw_error_oom(err);
	for (size_t i = 0; i < rw_json_count(&changes); i++) {
		struct rw_json item = rw_json_at(&changes, i);

		r = read_item(&item, &result->items[result->item_count++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

void rw_audit_page_done(struct rw_audit_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->records[i].json);
	free(page->records);
	*page = (struct rw_audit_page){0};
}

/* Adds the revision, which the record could not know, behind its opening brace. */
static int read_record(const struct rw_store_entry *entry, struct rw_audit_record *record,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES + 64);
	(void)rw_buf_append_format(&buf, "{\"revision\":\"%" PRIu64 "\",", entry->mod_revision);
	(void)rw_buf_append(&buf, (const char *)entry->value + 1, entry->value_size - 1);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	record->sequence = strtoull(entry->key + strlen(RW_LAYOUT_AUDIT), NULL, 10);
	record->revision = entry->mod_revision;
	record->json = rw_buf_take_text(&buf);
	return record->json ? 0 : rw_error_oom(err);
}

int rw_audit_list(struct rw_controller *controller, uint64_t before, size_t limit,
		  struct rw_audit_page *ret_page, struct rw_error *err)
{
	uint64_t newest = controller->inventory.audit_sequence;
	uint64_t last = before == 0 || before > newest ? newest : before - 1;
	uint64_t first;
	RW_CLEANUP(rw_audit_page_done) struct rw_audit_page found = {0};
	int r;

	if (limit < 1 || limit > RW_AUDIT_PAGE_MAX)
		limit = RW_AUDIT_PAGE_MAX;
	first = last >= limit ? last - limit + 1 : 1;
	found.records = calloc(limit, sizeof(*found.records));
	if (!found.records)
		return rw_error_oom(err);
	for (uint64_t sequence = last; sequence >= first && sequence > 0; sequence--) {
		RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
		char key[RW_LAYOUT_KEY_SIZE];

		rw_layout_audit_key(sequence, key);
		r = rw_store_get(controller->store, key, 0, &entry, err);
		if (r == RW_STORE_NOT_FOUND) { /* pruned, and so are all before it */
			first = 1;
			break;
		}
		if (r == 0)
			r = read_record(&entry, &found.records[found.count], err);
		if (r < 0)
			return r;
		found.count++;
	}
	found.next = first > 1 ? first : 0;
	*ret_page = found;
	found = (struct rw_audit_page){0};
	return 0;
}

int audit_find_oldest(struct rw_controller *controller, struct rw_error *err)
{
	struct rw_store_query query = {.prefix = RW_LAYOUT_AUDIT, .limit = 1};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	int r = rw_store_list(controller->store, &query, &page, err);

	if (r != 0)
		return r > 0 ? rw_error_set(err, -EAGAIN, "the store is being compacted; try again") : r;
	if (page.count)
		controller->last_audit_pruned =
			strtoull(page.entries[0].key + strlen(RW_LAYOUT_AUDIT), NULL, 10) - 1;
	return 0;
}

bool audit_prune(struct rw_controller *controller)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	uint64_t newest = controller->inventory.audit_sequence;
	uint64_t keep = controller->limits.audit_records;
	uint64_t sequence = controller->last_audit_pruned;
	struct rw_error err = RW_ERROR_NONE;
	unsigned int count = 0;

	rw_store_txn_init(&txn);
	if (newest < keep || newest - keep < sequence + 100)
		return false;
	while (count < 100) {
		char key[RW_LAYOUT_KEY_SIZE];

		rw_layout_audit_key(++sequence, key);
		rw_store_txn_delete(&txn, key);
		count++;
	}
	if (rw_store_commit(controller->store, &txn, NULL, &err) < 0) {
		rw_log_warning("cannot prune the change log  reason=\"%s\"", err.text);
		return false;
	}
	controller->last_audit_pruned = sequence;
	return true;
}
