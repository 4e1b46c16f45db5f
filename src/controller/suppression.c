/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/suppression.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/internal.h"

/* ---- what is kept ---- */

size_t rw_suppression_count(const struct rw_controller *controller)
{
	return controller->suppressions.count;
}

const struct rw_kept_suppression *rw_suppression_at(const struct rw_controller *controller, size_t index)
{
	return rw_vec_at(&controller->suppressions, index);
}

/* Where the id stands, or would. */
static size_t place_of(const struct rw_controller *controller, const char *id, bool *ret_found)
{
	size_t i = 0;

	while (i < controller->suppressions.count && strcmp(rw_suppression_at(controller, i)->id, id) < 0)
		i++;
	*ret_found =
		i < controller->suppressions.count && strcmp(rw_suppression_at(controller, i)->id, id) == 0;
	return i;
}

int rw_suppression_list(const struct rw_controller *controller, struct rw_suppression **ret_suppressions,
			size_t *ret_count, struct rw_error *err)
{
	size_t count = controller->suppressions.count;
	struct rw_suppression *list = count ? calloc(count, sizeof(*list)) : NULL;

	if (count && !list)
		return rw_error_oom(err);
	for (size_t i = 0; i < count; i++)
		list[i] = rw_suppression_at(controller, i)->what;
	*ret_suppressions = list;
	*ret_count = count;
	return 0;
}

/* ---- folding ---- */

struct stored {
	int64_t version;
	struct rw_kept_suppression kept;
};

static const struct rw_json_field stored_fields[] = {
	RW_JSON_FIELD("version", struct stored, version, rw_json_decode_integer, .min = 1, .max = INT32_MAX),
	RW_JSON_FIELD("check", struct stored, kept.what.check, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("subject", struct stored, kept.what.subject, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("reason", struct stored, kept.what.reason, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("expires", struct stored, kept.what.expires_ms, rw_json_decode_time),
	RW_JSON_FIELD("created", struct stored, kept.created_ms, rw_json_decode_time),
	RW_JSON_FIELD("author", struct stored, kept.author, rw_json_decode_chars),
};

int suppression_fold(struct rw_controller *controller, const char *id, const struct rw_json *value,
		     struct rw_error *err)
{
	struct rw_vec *kept = &controller->suppressions;
	struct stored stored = {0};
	struct rw_kept_suppression *slot;
	bool found;
	size_t place = place_of(controller, id, &found);
	int r;

	if (!value) {
		if (!found)
			return 0;
		slot = rw_vec_at(kept, place);
		(void)memmove(slot, slot + 1, (kept->count - place - 1) * sizeof(*slot));
		kept->count--;
		return 0;
	}
	r = rw_json_decode(value, RW_JSON_FIELDS(stored_fields), &stored, NULL, err);
	if (r < 0)
		return r;
	(void)snprintf(stored.kept.id, sizeof(stored.kept.id), "%s", id);
	if (!found) {
		if (rw_vec_push(kept, &slot) < 0)
			return rw_error_oom(err);
		slot = rw_vec_at(kept, place);
		(void)memmove(slot + 1, slot, (kept->count - place - 1) * sizeof(*slot));
	}
	*(struct rw_kept_suppression *)rw_vec_at(kept, place) = stored.kept;
	return 0;
}

/* ---- changing ---- */

void rw_suppression_put(struct rw_json_writer *json, const struct rw_kept_suppression *suppression)
{
	rw_json_put_text(json, "check", suppression->what.check);
	rw_json_put_text(json, "subject", suppression->what.subject);
	rw_json_put_text(json, "reason", suppression->what.reason);
	if (suppression->what.expires_ms)
		rw_json_put_time(json, "expires", suppression->what.expires_ms);
	rw_json_put_time(json, "created", suppression->created_ms);
	rw_json_put_text(json, "author", suppression->author);
}

/* The stored form, or what the log shows. */
static int text_of(const struct rw_kept_suppression *suppression, bool is_log, char **ret_text,
		   size_t *ret_size, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	int r;

	rw_buf_init(&buf, 16384);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	if (is_log)
		rw_json_put_text(&json, "id", suppression->id);
	else
		rw_json_put_integer(&json, "version", RW_LAYOUT_VERSION);
	rw_suppression_put(&json, suppression);
	rw_json_end_object(&json);
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	*ret_size = buf.size;
	*ret_text = rw_buf_take_text(&buf);
	return *ret_text ? 0 : rw_error_oom(err);
}

static int resolve_subject(const struct rw_model *model, char subject[RW_ID_SIZE], struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(model, subject);
	const struct rw_group *group = cluster ? NULL : rw_model_find_group(model, subject);

	if (strcmp(subject, "*") == 0)
		return 0;
	if (!cluster && !group) {
		(void)rw_error_field(err, "subject", "there is no cluster or security group \"%s\"", subject);
		return rw_error_hint(err, "Name one by id or name, or \"*\" for all.");
	}
	(void)snprintf(subject, RW_ID_SIZE, "%s",
		       cluster                ? cluster->id
		       : group->managed_by[0] ? group->managed_by
					      : group->id);
	return 0;
}

static int check_new(struct rw_controller *controller, struct rw_kept_suppression *made, struct rw_error *err)
{
	struct rw_suppression *what = &made->what;

	if (strcmp(what->check, "*") != 0 && !rw_check_find(what->check)) {
		(void)rw_error_field(err, "check", "there is no check \"%s\"", what->check);
		return rw_error_hint(err, "Name a check of docs/audit.md, or \"*\" for all.");
	}
	if (rw_validate_text(what->reason, "reason", 1, sizeof(what->reason) - 1, err) < 0)
		return -EINVAL;
	if (what->expires_ms && what->expires_ms <= made->created_ms) {
		(void)rw_error_field(err, "expires", "this time is over");
		return rw_error_hint(err, "Give a time to come, or none.");
	}
	if (controller->suppressions.count >= RW_SUPPRESSIONS_KEPT_MAX) {
		(void)rw_error_set(err, -ENOSPC, "there are %d suppressions already",
				   RW_SUPPRESSIONS_KEPT_MAX);
		return rw_error_hint(err, "Remove those that have expired.");
	}
	return resolve_subject(controller->inventory.model, what->subject, err);
}

static int try_add(struct rw_controller *controller, const struct rw_actor *actor,
		   struct rw_kept_suppression *made, struct rw_error *err)
{
	RW_CLEANUP(plan_done) struct plan plan;
	char key[RW_LAYOUT_KEY_SIZE];
	uint64_t revision;
	char *text = NULL;
	size_t size = 0;
	int r;

	plan_init(&plan, actor, "suppress finding");
	inventory_pump(controller);
	made->created_ms = rw_clock_realtime_ms(controller->clock);
	(void)snprintf(made->author, sizeof(made->author), "%.255s", actor->name);
	r = check_new(controller, made, err);
	if (r < 0)
		return r;
	rw_random_id(controller->random, "sup-", 16, made->id, sizeof(made->id));
	(void)snprintf(key, sizeof(key), RW_LAYOUT_SUPPRESSIONS "%s", made->id);
	r = text_of(made, false, &text, &size, err);
	if (r == 0)
		r = plan_put(&plan, key, text, size, err);
	if (r == 0)
		r = text_of(made, true, &text, &size, err);
	if (r == 0)
		r = plan_item(&plan, RW_SUBJECT_SUPPRESSION, RW_KIND_CLUSTER, made->id, NULL, NULL, text,
			      err);
	return r < 0 ? r : plan_commit(controller, &plan, &revision, err);
}

static int settle(int r, struct rw_error *err)
{
	return r > 0 ? rw_error_set(err, -EAGAIN, "other changes kept coming in between; try again") : r;
}

int rw_suppression_add(struct rw_controller *controller, const struct rw_actor *actor,
		       const struct rw_suppression *what, char ret_id[RW_ID_SIZE], struct rw_error *err)
{
	struct rw_kept_suppression made = {.what = *what};
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++)
		r = try_add(controller, actor, &made, err);
	if (r == 0)
		memcpy(ret_id, made.id, RW_ID_SIZE);
	return settle(r, err);
}

static int try_remove(struct rw_controller *controller, const struct rw_actor *actor, const char *id,
		      struct rw_error *err)
{
	RW_CLEANUP(plan_done) struct plan plan;
	char key[RW_LAYOUT_KEY_SIZE];
	uint64_t revision;
	char *text = NULL;
	size_t size = 0, place;
	bool found;
	int r;

	plan_init(&plan, actor, "remove suppression");
	inventory_pump(controller);
	place = place_of(controller, id, &found);
	if (!found)
		return rw_error_set(err, -ENOENT, "there is no suppression %.40s", id);
	(void)snprintf(key, sizeof(key), RW_LAYOUT_SUPPRESSIONS "%.*s", RW_ID_SIZE - 1, id);
	r = plan_delete(&plan, key, err);
	if (r == 0)
		r = text_of(rw_suppression_at(controller, place), true, &text, &size, err);
	if (r == 0)
		r = plan_item(&plan, RW_SUBJECT_SUPPRESSION, RW_KIND_CLUSTER, id, NULL, text, NULL, err);
	return r < 0 ? r : plan_commit(controller, &plan, &revision, err);
}

int rw_suppression_remove(struct rw_controller *controller, const struct rw_actor *actor, const char *id,
			  struct rw_error *err)
{
	int r = RW_STORE_CONFLICT;

	for (int i = 0; i < RW_CHANGE_TRIES && r == RW_STORE_CONFLICT; i++)
		r = try_remove(controller, actor, id, err);
	return settle(r, err);
}
