/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

/* What a direct transaction may hold, with room for the audit record and meta/sequence. */
#define DIRECT_OPERATIONS (RW_STORE_MAX_OPERATIONS - 8)
#define DIRECT_BYTES      (RW_STORE_MAX_TXN_BYTES - RW_AUDIT_CHANGES_MAX - 64u * 1024)

/* Between tries to write while the store takes no changes. */
#define PROBE_NS UINT64_C(10000000000)

void plan_init(struct plan *plan, const struct rw_actor *actor, const char *action)
{
	(void)memset(plan, 0, sizeof(*plan));
	plan->actor = actor;
	plan->action = action;
	rw_vec_init(&plan->operations, sizeof(struct operation), SIZE_MAX / 2);
	rw_vec_init(&plan->items, sizeof(struct rw_change_item), SIZE_MAX / 2);
	rw_vec_init(&plan->impacts, sizeof(struct impact), SIZE_MAX / 2);
	fold_outcome_init(&plan->outcome);
}

static void item_done(struct rw_change_item *item)
{
	free(item->before);
	free(item->after);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->operations.count; i++) {
		struct operation *operation = rw_vec_at(&plan->operations, i);

		free(operation->key);
		free(operation->value);
	}
	for (size_t i = 0; i < plan->items.count; i++)
		item_done(rw_vec_at(&plan->items, i));
	rw_vec_done(&plan->operations);
	rw_vec_done(&plan->items);
	impacts_done(&plan->impacts);
	fold_outcome_done(&plan->outcome);
	plan->model = rw_model_free(plan->model);
}

int plan_put(struct plan *plan, const char *key, char *value, size_t size, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *taken = value;
	RW_CLEANUP(rw_free) char *copy = strdup(key);
	struct operation *operation;

	/* A text that could not be made must not turn into a deletion. */
	if (!copy || (size && !taken) || rw_vec_push(&plan->operations, &operation) < 0)
		return rw_error_oom(err);
	operation->key = RW_TAKE_PTR(copy);
	operation->value = RW_TAKE_PTR(taken);
	operation->size = size;
	return 0;
}

int plan_delete(struct plan *plan, const char *key, struct rw_error *err)
{
	return plan_put(plan, key, NULL, 0, err);
}

int plan_item(struct plan *plan, enum rw_change_subject subject, enum rw_kind kind, const char *id,
	      const char *group, char *before, char *after, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *before_taken = before;
	RW_CLEANUP(rw_free) char *after_taken = after;
	struct rw_change_item *item;

	if (rw_vec_push(&plan->items, &item) < 0)
		return rw_error_oom(err);
	item->subject = subject;
	item->kind = kind;
	(void)strncpy(item->id, id, RW_ID_SIZE - 1);
	if (group)
		(void)strncpy(item->group, group, RW_ID_SIZE - 1);
	item->before = RW_TAKE_PTR(before_taken);
	item->after = RW_TAKE_PTR(after_taken);
	return 0;
}

static int object_text(enum rw_kind kind, const void *object, char **ret_text, size_t *ret_size,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	rw_json_writer_init(&json, &buf, false);
	if (kind == RW_KIND_GROUP)
		rw_group_encode_head(&json, object);
	else
		rw_object_encode(&json, kind, object);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	if (ret_size)
		*ret_size = buf.size;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

static int rule_text(const struct rw_rule *rule, char **ret_text, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	rw_json_writer_init(&json, &buf, false);
	rw_rule_encode(&json, rule);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

/* {"version":1,"object":TEXT} */
static int put_object(struct plan *plan, enum rw_kind kind, const char *id, const char *text, size_t size,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char key[RW_LAYOUT_KEY_SIZE];
	size_t value_size;
	int r;

	rw_layout_object_key(kind, id, key);
	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	if (!text)
		return plan_delete(plan, key, err);
	(void)rw_buf_append_text(&buf, "{\"version\":1,\"object\":");
	(void)rw_buf_append(&buf, text, size);
	(void)rw_buf_append_text(&buf, "}");
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	value_size = buf.size;
	return plan_put(plan, key, rw_buf_take_text(&buf), value_size, err);
}

static int put_page(struct plan *plan, const struct rw_group *group, const char *id, unsigned int page,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	char key[RW_LAYOUT_KEY_SIZE];
	size_t count = 0;
	size_t size;
	int r;

	rw_layout_page_key(id, page, key);
	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	rw_json_key(&json, "rules");
	rw_json_begin_array(&json);
	for (size_t i = 0; group && i < group->rule_count; i++) {
		if (rw_layout_page_of(group->rules[i]->id) != page)
			continue;
		rw_rule_encode(&json, group->rules[i]);
		count++;
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	if (count == 0)
		return plan_delete(plan, key, err);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	size = buf.size;
	return plan_put(plan, key, rw_buf_take_text(&buf), size, err);
}

static int rule_item(struct plan *plan, const char *group, const struct rw_rule *before,
		     const struct rw_rule *after, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *before_text = NULL;
	RW_CLEANUP(rw_free) char *after_text = NULL;
	int r = 0;

	if (before)
		r = rule_text(before, &before_text, err);
	if (r == 0 && after)
		r = rule_text(after, &after_text, err);
	if (r < 0)
		return r;
	return plan_item(plan, RW_SUBJECT_RULE, RW_KIND_GROUP, before ? before->id : after->id, group,
			 RW_TAKE_PTR(before_text), RW_TAKE_PTR(after_text), err);
}

/* Rules are sorted by id and shared where unchanged: one walk over both finds what differs. */
static int plan_rules(struct plan *plan, const char *id, const struct rw_group *before,
		      const struct rw_group *after, struct rw_error *err)
{
	bool pages[RW_LAYOUT_RULE_PAGES] = {false};
	size_t old_count = before ? before->rule_count : 0;
	size_t new_count = after ? after->rule_count : 0;
	size_t i = 0;
	size_t k = 0;
	int r;

	while (i < old_count || k < new_count) {
		const struct rw_rule *old = i < old_count ? before->rules[i] : NULL;
		const struct rw_rule *new = k < new_count ? after->rules[k] : NULL;
		int order = !old ? 1 : !new ? -1 : old == new ? 0 : strcmp(old->id, new->id);

		i += order <= 0;
		k += order >= 0;
		if (old == new)
			continue;
		pages[rw_layout_page_of(order <= 0 ? old->id : new->id)] = true;
		r = rule_item(plan, id, order <= 0 ? old : NULL, order >= 0 ? new : NULL, err);
		if (r < 0)
			return r;
	}
	for (unsigned int page = 0; page < RW_LAYOUT_RULE_PAGES; page++) {
		if (!pages[page])
			continue;
		r = put_page(plan, after, id, page, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int plan_object(struct plan *plan, const struct rw_touched *touched, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *before = NULL;
	RW_CLEANUP(rw_free) char *after = NULL;
	size_t size = 0;
	int r;

	if (touched->before) {
		r = object_text(touched->kind, touched->before, &before, NULL, err);
		if (r < 0)
			return r;
	}
	if (touched->after) {
		r = object_text(touched->kind, touched->after, &after, &size, err);
		if (r < 0)
			return r;
	}
	/* A group whose rules alone changed keeps its head. */
	if (!before || !after || strcmp(before, after) != 0) {
		r = put_object(plan, touched->kind, touched->id, after, size, err);
		if (r < 0)
			return r;
		r = plan_item(plan, RW_SUBJECT_OBJECT, touched->kind, touched->id, NULL, RW_TAKE_PTR(before),
			      RW_TAKE_PTR(after), err);
		if (r < 0)
			return r;
	}
	if (touched->kind == RW_KIND_GROUP)
		return plan_rules(plan, touched->id, touched->before, touched->after, err);
	return 0;
}

static size_t plan_size(const struct plan *plan)
{
	size_t size = 0;

	for (size_t i = 0; i < plan->operations.count; i++) {
		const struct operation *operation = rw_vec_at(&plan->operations, i);

		size += strlen(operation->key) + operation->size + RW_STORE_TXN_OVERHEAD;
	}
	return size;
}

static void expect(struct rw_store_txn *txn, const struct inventory *inventory)
{
	rw_store_txn_expect(txn, RW_LAYOUT_SEQUENCE, inventory->sequence_revision);
	rw_store_txn_expect(txn, RW_LAYOUT_STAGED, 0);
}

/* The operations themselves, or the pointer to their staged pages. */
static int fill_operations(struct rw_controller *controller, struct plan *plan, struct rw_store_txn *txn,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char key[RW_LAYOUT_KEY_SIZE];
	int r;

	rw_buf_init(&buf, 4096);
	if (plan->operations.count <= DIRECT_OPERATIONS && plan_size(plan) <= DIRECT_BYTES) {
		for (size_t i = 0; i < plan->operations.count; i++) {
			const struct operation *operation = rw_vec_at(&plan->operations, i);

			if (operation->value)
				rw_store_txn_put(txn, operation->key, operation->value, operation->size);
			else
				rw_store_txn_delete(txn, operation->key);
		}
		return 0;
	}
	r = staged_write(controller, plan, err);
	if (r < 0)
		return r;
	(void)rw_buf_append_format(&buf, "{\"version\":1,\"change\":\"%s\"}", plan->staged);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	rw_store_txn_put(txn, RW_LAYOUT_STAGED, buf.data, buf.size);
	staged_page_key(plan->staged, 0, key);
	rw_store_txn_expect_present(txn, key);
	return 0;
}

/* Fills 'txn' with everything: operations, sequence number, audit record. */
static int fill(struct rw_controller *controller, struct plan *plan, struct rw_store_txn *txn,
		struct rw_error *err)
{
	const struct inventory *inventory = &controller->inventory;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char key[RW_LAYOUT_KEY_SIZE];
	int r;

	rw_buf_init(&buf, RW_STORE_MAX_TXN_BYTES);
	expect(txn, inventory);
	r = fill_operations(controller, plan, txn, err);
	if (r < 0)
		return r;
	(void)rw_buf_append_format(&buf, "{\"version\":1,\"audit\":\"%" PRIu64 "\"}",
				   inventory->audit_sequence + 1);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	rw_store_txn_put(txn, RW_LAYOUT_SEQUENCE, buf.data, buf.size);
	rw_buf_clear(&buf);
	r = audit_write(controller, plan, inventory->audit_sequence + 1, &buf, err);
	if (r < 0)
		return r;
	rw_layout_audit_key(inventory->audit_sequence + 1, key);
	rw_store_txn_put(txn, key, buf.data, buf.size);
	return rw_store_txn_check(txn, err);
}

static void tell_change(struct rw_controller *controller, const struct plan *plan, uint64_t revision)
{
	event_add(controller,
		  &(struct rw_event){.kind = RW_EVENT_CHANGE,
				     .revision = revision,
				     .text = (char *)(uintptr_t)plan->action,
				     .actor = (char *)(uintptr_t)plan->actor->name},
		  NULL);
}

static int commit_timed(struct rw_controller *controller, const struct rw_store_txn *txn,
			uint64_t *ret_revision, struct rw_error *err)
{
	uint64_t begin_ns = rw_clock_monotonic_ns(controller->clock);
	int r = rw_store_commit(controller->store, txn, ret_revision, err);

	if (r == 0)
		rw_histogram_observe(&controller->counts.commits,
				     rw_clock_monotonic_ns(controller->clock) - begin_ns);
	controller->counts.commits_failed += r < 0;
	return r;
}

static void note_broken(struct rw_controller *controller, const struct rw_error *why)
{
	controller->broken = *why;
	controller->probe_ns = rw_clock_monotonic_ns(controller->clock);
}

void plan_note_written(struct rw_controller *controller)
{
	if (controller->broken.code && !controller->stopped)
		rw_log_info("the store takes changes again");
	if (!controller->stopped)
		controller->broken = RW_ERROR_NONE;
}

void plan_probe(struct rw_controller *controller)
{
	static const char text[] = "{\"version\":1}";
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);
	int why = controller->broken.code;

	rw_store_txn_init(&txn);
	if (controller->stopped || (why != -ENOSPC && why != -EROFS) ||
	    now_ns - controller->probe_ns < PROBE_NS)
		return;
	controller->probe_ns = now_ns;
	rw_store_txn_put(&txn, RW_LAYOUT_PROBE, text, sizeof(text) - 1);
	if (rw_store_commit(controller->store, &txn, NULL, NULL) != 0)
		return;
	plan_note_written(controller);
	inventory_pump(controller);
}

int plan_commit(struct rw_controller *controller, struct plan *plan, uint64_t *ret_revision,
		struct rw_error *err)
{
	RW_CLEANUP(rw_store_txn_done) struct rw_store_txn txn;
	struct rw_error failure = RW_ERROR_NONE;
	uint64_t revision;
	int r;

	rw_store_txn_init(&txn);
	if (controller->stopped) {
		if (err)
			*err = controller->broken;
		return controller->broken.code;
	}
	if (controller->inventory.staged_revision) {
		r = staged_settle(controller, err);
		return r < 0 ? r : RW_STORE_CONFLICT;
	}
	r = fill(controller, plan, &txn, &failure);
	if (r == 0)
		r = commit_timed(controller, &txn, &revision, &failure);
	/* After these it may turn out durable: then it needs its pages. */
	if (r != 0 && r != -EIO && r != -ESHUTDOWN && plan->staged[0])
		staged_drop(controller, plan->staged);
	if (r < 0) {
		if (r == -EIO || r == -ESHUTDOWN || r == -ENOSPC || r == -EROFS || r == -EUCLEAN)
			note_broken(controller, &failure);
		if (err)
			*err = failure;
		return r;
	}
	if (r == RW_STORE_CONFLICT) {
		inventory_pump(controller);
		return r;
	}
	plan_note_written(controller);
	if (plan->idempotency_key)
		idempotency_add(controller, plan->idempotency_key, plan->request_digest,
				controller->inventory.audit_sequence + 1,
				rw_clock_realtime_ms(controller->clock));
	tell_change(controller, plan, revision);
	controller->committing = plan;
	controller->committing_revision = revision;
	inventory_pump(controller);
	controller->committing = NULL;
	if (controller->inventory.staged_revision && staged_settle(controller, &failure) < 0)
		rw_log_warning("a large change is valid but not carried out yet  reason=\"%s\"",
			       failure.text);
	*ret_revision = revision;
	return 0;
}
