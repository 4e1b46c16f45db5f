/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

/* Changes that are larger than a transaction: see store_layout.h. */

#define PAGE_BYTES       (1024u * 1024)
#define CHUNK_OPERATIONS 100u
#define CHUNK_BYTES      (1024u * 1024)

static void page_prefix(const char *id, char key[RW_LAYOUT_KEY_SIZE])
{
	(void)snprintf(key, RW_LAYOUT_KEY_SIZE, RW_LAYOUT_STAGED_PAGES "%s/", id);
}

void staged_page_key(const char *id, unsigned int number, char key[RW_LAYOUT_KEY_SIZE])
{
	(void)snprintf(key, RW_LAYOUT_KEY_SIZE, RW_LAYOUT_STAGED_PAGES "%s/%06u", id, number);
}

static int write_page(struct rw_controller *controller, const char *id, unsigned int number,
		      const struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	char key[RW_LAYOUT_KEY_SIZE];
	int r;

	staged_page_key(id, number, key);
	rw_store_txn_init(&txn);
	rw_store_txn_expect(&txn, key, 0);
	rw_store_txn_put(&txn, key, buf->data, buf->size);
	r = rw_store_commit(controller->store, &txn, NULL, err);
	return r > 0 ? rw_error_set(err, -EEXIST, "a staged page is there already") : r;
}

int staged_write(struct rw_controller *controller, struct plan *plan, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	unsigned int number = 0;
	size_t i = 0;
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	rw_random_id(controller->random, "st-", 16, plan->staged, sizeof(plan->staged));
	while (i < plan->operations.count) {
		struct rw_json_writer json;

		rw_buf_clear(&buf);
		rw_json_writer_init(&json, &buf, false);
		rw_json_begin_object(&json);
		rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
		rw_json_key(&json, "operations");
		rw_json_begin_array(&json);
		do {
			const struct operation *operation = rw_vec_at(&plan->operations, i++);

			rw_json_begin_object(&json);
			rw_json_put_text(&json, "key", operation->key);
			if (operation->value) {
				rw_json_key(&json, "value");
				rw_json_write_raw(&json, operation->value, operation->size);
			}
			rw_json_end_object(&json);
		} while (i < plan->operations.count &&
			 buf.size + ((const struct operation *)rw_vec_at(&plan->operations, i))->size <
				 PAGE_BYTES);
		rw_json_end_array(&json);
		rw_json_end_object(&json);
		r = rw_buf_check(&buf, err);
		if (r == 0)
			r = write_page(controller, plan->staged, number++, &buf, err);
		if (r < 0)
			return r;
	}
	return 0;
}

void staged_drop(struct rw_controller *controller, const char *id)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	char prefix[RW_LAYOUT_KEY_SIZE];

	page_prefix(id, prefix);
	rw_store_txn_init(&txn);
	rw_store_txn_delete_prefix(&txn, prefix);
	/* What stays goes at the next start. */
	if (rw_store_commit(controller->store, &txn, NULL, NULL) < 0)
		rw_log_debug("cannot delete the pages of a change that did not come to be  change=%s", id);
}

typedef int visit_fn(void *userdata, const char *key, const struct rw_json *value, struct rw_error *err);

static int visit_page(const struct rw_store_entry *entry, visit_fn *visit, void *userdata,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct rw_json root;
	struct rw_json operations;
	int r;

	r = rw_json_parse(entry->value, entry->value_size, RW_STORE_MAX_TXN_BYTES, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = layout_check_version(&root, err);
	if (r < 0)
		return r;
	if (!rw_json_find(&root, "operations", &operations))
		return rw_error_set(err, -EUCLEAN, "%s: a staged page holds no operations", entry->key);
	for (size_t i = 0; i < rw_json_count(&operations); i++) {
		struct rw_json operation = rw_json_at(&operations, i);
		struct rw_json key;
		struct rw_json value;
		const char *text;
		bool put = rw_json_find(&operation, "value", &value);

		if (!rw_json_find(&operation, "key", &key))
			return rw_error_set(err, -EUCLEAN, "%s: an operation has no key", entry->key);
		r = rw_json_text(&key, RW_STORE_MAX_KEY, &text, err);
		if (r == 0)
			r = visit(userdata, text, put ? &value : NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Visits all operations of the staged change 'id' in their order, as they stood at a revision (0 = now). */
static int visit_all(struct rw_controller *controller, const char *id, uint64_t at, visit_fn *visit,
		     void *userdata, struct rw_error *err)
{
	char prefix[RW_LAYOUT_KEY_SIZE];
	struct rw_store_query query = {.prefix = prefix, .revision = at, .limit = 2};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	int r;

	page_prefix(id, prefix);
	do {
		r = rw_store_list(controller->store, &query, &page, err);
		if (r > 0)
			return rw_error_set(err, -EAGAIN, "the store is being compacted; try again");
		for (size_t i = 0; r == 0 && i < page.count; i++)
			r = visit_page(&page.entries[i], visit, userdata, err);
		if (r < 0)
			return r;
	} while (rw_store_query_advance(&query, &page));
	return 0;
}

struct applying {
	struct folding *folding;
	uint64_t revision;
};

static int apply(void *userdata, const char *key, const struct rw_json *value, struct rw_error *err)
{
	struct applying *applying = userdata;

	return folding_add_json(applying->folding, key, value, applying->revision, err);
}

int staged_apply(struct rw_controller *controller, struct folding *folding, const char *id, uint64_t at,
		 uint64_t revision, struct rw_error *err)
{
	struct applying applying = {.folding = folding, .revision = revision};

	return visit_all(controller, id, at, apply, &applying, err);
}

struct settling {
	struct rw_controller *controller;
	struct rw_store_txn txn;
	size_t count;
};

/* Carries out what is collected.  Somebody else having settled already is fine. */
static int flush(struct settling *settling, struct rw_error *err)
{
	struct rw_controller *controller = settling->controller;
	int r = 0;

	if (settling->count)
		r = rw_store_commit(controller->store, &settling->txn, &controller->settled_revision, err);
	if (settling->count && r == 0)
		inventory_pump(controller);
	rw_store_txn_done(&settling->txn);
	rw_store_txn_init(&settling->txn);
	rw_store_txn_expect(&settling->txn, RW_LAYOUT_STAGED, controller->inventory.staged_revision);
	settling->count = 0;
	return r > 0 ? rw_error_set(err, -EAGAIN, "another controller carries the change out") : r;
}

static int settle(void *userdata, const char *key, const struct rw_json *value, struct rw_error *err)
{
	struct settling *settling = userdata;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	if (value) {
		r = rw_json_dump(value, &buf, err);
		if (r < 0)
			return r;
	}
	if (settling->count == CHUNK_OPERATIONS ||
	    (settling->count && settling->txn.size_bytes + buf.size > CHUNK_BYTES)) {
		r = flush(settling, err);
		if (r < 0)
			return r;
	}
	if (value)
		rw_store_txn_put(&settling->txn, key, buf.data, buf.size);
	else
		rw_store_txn_delete(&settling->txn, key);
	settling->count++;
	return 0;
}

int staged_settle(struct rw_controller *controller, struct rw_error *err)
{
	struct settling settling = {.controller = controller};
	char id[RW_ID_SIZE];
	char prefix[RW_LAYOUT_KEY_SIZE];
	int r;

	(void)strcpy(id, controller->inventory.staged_id);
	page_prefix(id, prefix);
	rw_store_txn_init(&settling.txn);
	r = flush(&settling, err);
	if (r == 0)
		r = visit_all(controller, id, 0, settle, &settling, err);
	if (r == 0) {
		r = flush(&settling, err);
	}
	if (r == 0) {
		rw_store_txn_delete(&settling.txn, RW_LAYOUT_STAGED);
		rw_store_txn_delete_prefix(&settling.txn, prefix);
		settling.count = 2;
		r = flush(&settling, err);
	}
	rw_store_txn_done(&settling.txn);
	inventory_pump(controller);
	controller->trim_due = true;
	return r == -EAGAIN && controller->inventory.staged_revision == 0 ? 0 : r;
}

int staged_clean(struct rw_controller *controller, struct rw_error *err)
{
	struct rw_store_query query = {.prefix = RW_LAYOUT_STAGED_PAGES, .limit = 1};
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	int r;

	rw_store_txn_init(&txn);
	if (controller->inventory.staged_revision)
		return staged_settle(controller, err);
	r = rw_store_list(controller->store, &query, &page, err);
	if (r < 0 || page.count == 0)
		return r < 0 ? r : 0;
	/* Another controller may be writing pages just now: its change misses them and is tried again. */
	rw_store_txn_expect(&txn, RW_LAYOUT_STAGED, 0);
	rw_store_txn_delete_prefix(&txn, RW_LAYOUT_STAGED_PAGES);
	r = rw_store_commit(controller->store, &txn, NULL, err);
	return r < 0 ? r : 0;
}
