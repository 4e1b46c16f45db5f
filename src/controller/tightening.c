/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/tightening.h"

#include <stdio.h>
#include <string.h>

#include "controller/internal.h"
#include "wire/rule_text.h"

void rw_tightening_done(struct rw_tightening *tightening)
{
	rw_rules_done(&tightening->deleted);
	rw_vec_done(&tightening->added);
}

static void key_of(const char *group, char key[RW_LAYOUT_KEY_SIZE])
{
	(void)snprintf(key, RW_LAYOUT_KEY_SIZE, RW_LAYOUT_TIGHTENINGS "%.*s", RW_ID_SIZE - 1, group);
}

/* ---- reading ---- */

static int add_deleted(struct rw_tightening *tightening, const struct rw_json *value, struct rw_error *err)
{
	struct rw_rule **slot;
	int r = rw_vec_push(&tightening->deleted, &slot);

	if (r < 0)
		return rw_error_oom(err);
	r = rw_rule_decode(value, NULL, slot, err);
	tightening->deleted.count -= r < 0;
	return r;
}

static int add_added(struct rw_tightening *tightening, const char *id, struct rw_error *err)
{
	char(*slot)[RW_ID_SIZE];

	if (rw_vec_push(&tightening->added, &slot) < 0)
		return rw_error_oom(err);
	(void)snprintf(*slot, RW_ID_SIZE, "%s", id);
	return 0;
}

static int decode(struct rw_tightening *tightening, const struct rw_json *root, struct rw_error *err)
{
	struct rw_json deleted, added;
	int r = layout_check_version(root, err);

	if (r < 0)
		return r;
	if (!rw_json_find(root, "deleted", &deleted) || !rw_json_find(root, "added", &added))
		return rw_error_set(err, -EUCLEAN, "the way back of a tightening has no rules");
	for (size_t i = 0; r == 0 && i < rw_json_count(&deleted); i++) {
		struct rw_json rule = rw_json_at(&deleted, i);

		r = add_deleted(tightening, &rule, err);
	}
	for (size_t i = 0; r == 0 && i < rw_json_count(&added); i++) {
		struct rw_json id = rw_json_at(&added, i);
		const char *text;

		r = rw_json_text(&id, RW_ID_SIZE - 1, &text, err);
		if (r == 0)
			r = add_added(tightening, text, err);
	}
	return r;
}

int rw_tightening_read(struct rw_controller *controller, const char *group,
		       struct rw_tightening *ret_tightening, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_store_entry_done) struct rw_store_entry entry = {0};
	char key[RW_LAYOUT_KEY_SIZE];
	struct rw_json root;
	int r;

	rw_vec_init(&ret_tightening->deleted, sizeof(struct rw_rule *), SIZE_MAX / 2);
	rw_vec_init(&ret_tightening->added, RW_ID_SIZE, SIZE_MAX / 2);
	key_of(group, key);
	r = rw_store_get(controller->store, key, 0, &entry, err);
	if (r == RW_STORE_NOT_FOUND)
		return 0;
	if (r > 0)
		return rw_error_set(err, -EAGAIN, "the store is being compacted; try again");
	if (r == 0)
		r = rw_json_parse(entry.value, entry.value_size, RW_STORE_MAX_TXN_BYTES, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = decode(ret_tightening, &root, err);
	if (r != -EINVAL)
		return r;
	/* What stands in the store is no fault of the request's. */
	if (err)
		err->code = -EUCLEAN;
	return -EUCLEAN;
}

/* ---- writing ---- */

/* A rule that a step added is not to come back when another deletes it. */
static bool forget_added(struct rw_tightening *tightening, const char *id)
{
	for (size_t i = 0; i < tightening->added.count; i++) {
		if (strcmp(rw_vec_at(&tightening->added, i), id) != 0)
			continue;
		rw_vec_remove(&tightening->added, i);
		return true;
	}
	return false;
}

static int note_item(struct rw_tightening *tightening, const struct rw_change_item *item,
		     struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	int r;

	if (!item->before)
		return add_added(tightening, item->id, err);
	if (item->after || forget_added(tightening, item->id))
		return 0;
	r = rw_json_parse(item->before, strlen(item->before), RW_STORE_MAX_TXN_BYTES, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	return add_deleted(tightening, &root, err);
}

static int encode(const struct rw_tightening *tightening, struct rw_buf *buf, struct rw_error *err)
{
	struct rw_json_writer json;
	int r;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	rw_json_key(&json, "deleted");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < tightening->deleted.count; i++)
		rw_rule_encode(&json, *(struct rw_rule **)rw_vec_at(&tightening->deleted, i));
	rw_json_end_array(&json);
	rw_json_key(&json, "added");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < tightening->added.count; i++)
		rw_json_write_text(&json, rw_vec_at(&tightening->added, i));
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	r = rw_buf_check(buf, NULL);
	if (r == 0 || r == -ENOMEM)
		return r == 0 ? 0 : rw_error_oom(err);
	(void)rw_error_set(err, -EDQUOT, "the steps that are not undone fill the room for the way back");
	return rw_error_hint(err, "Undo them, or change the rules of the group by hand.");
}

int tightening_note(struct rw_controller *controller, struct plan *plan, const char *group,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_tightening_done) struct rw_tightening tightening;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char key[RW_LAYOUT_KEY_SIZE];
	size_t size;
	int r = rw_tightening_read(controller, group, &tightening, err);

	rw_buf_init(&buf, RW_TIGHTENING_MAX);
	for (size_t i = 0; r == 0 && i < plan->items.count; i++) {
		const struct rw_change_item *item = rw_vec_at(&plan->items, i);

		if (item->subject == RW_SUBJECT_RULE && strcmp(item->group, group) == 0)
			r = note_item(&tightening, item, err);
	}
	if (r == 0)
		r = encode(&tightening, &buf, err);
	if (r < 0)
		return r;
	key_of(group, key);
	size = buf.size;
	return plan_put(plan, key, rw_buf_take_text(&buf), size, err);
}

int tightening_forget(struct plan *plan, const char *group, struct rw_error *err)
{
	char key[RW_LAYOUT_KEY_SIZE];

	key_of(group, key);
	return plan_delete(plan, key, err);
}
