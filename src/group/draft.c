/* SPDX-License-Identifier: Apache-2.0 */
#include "group/draft.h"

#include <string.h>

#include "group/fail.h"
#include "group/parts.h"
#include "group/validate.h"

const void *rw_draft_find_id(const struct rw_model *model, enum rw_kind kind, const char *id)
{
	const void *found = rw_model_find(model, kind, id);

	return found && strcmp(rw_object_id(kind, found), id) == 0 ? found : NULL;
}

struct rw_draft *rw_draft_new(const struct rw_model *model, const struct rw_edit_context *context)
{
	RW_CLEANUP(rw_draft_free) struct rw_draft *draft = calloc(1, sizeof(*draft));

	if (!draft)
		return NULL;
	draft->context = *context;
	rw_vec_init(&draft->touched, sizeof(struct rw_touched), SIZE_MAX / sizeof(struct rw_touched));
	draft->base = rw_model_dup(model);
	draft->model = rw_model_dup(model);
	return draft->base && draft->model ? RW_TAKE_PTR(draft) : NULL;
}

struct rw_draft *rw_draft_free(struct rw_draft *draft)
{
	if (!draft)
		return NULL;
	rw_vec_done(&draft->touched);
	(void)rw_model_free(draft->base);
	(void)rw_model_free(draft->model);
	free(draft);
	return NULL;
}

const struct rw_model *rw_draft_model(const struct rw_draft *draft)
{
	return draft->model;
}

struct rw_model *rw_draft_dup_model(const struct rw_draft *draft)
{
	return rw_model_dup(draft->model);
}

size_t rw_draft_count(const struct rw_draft *draft)
{
	return draft->touched.count;
}

const struct rw_touched *rw_draft_at(const struct rw_draft *draft, size_t index)
{
	return rw_vec_at(&draft->touched, index);
}

const struct rw_limits *rw_draft_limits(const struct rw_draft *draft)
{
	return draft->context.limits ? draft->context.limits : &rw_limits_default;
}

int rw_draft_mark(const struct rw_draft *draft, struct rw_draft_mark *ret_mark, struct rw_error *err)
{
	struct rw_draft_mark mark = {.touched_count = draft->touched.count};
	size_t bytes = draft->touched.count * sizeof(struct rw_touched);

	mark.model = rw_model_dup(draft->model);
	mark.touched = malloc(bytes ? bytes : 1);
	if (!mark.model || !mark.touched) {
		(void)rw_model_free(mark.model);
		free(mark.touched);
		return rw_error_oom(err);
	}
	if (bytes > 0)
		memcpy(mark.touched, draft->touched.data, bytes);
	*ret_mark = mark;
	return 0;
}

int rw_draft_settle(struct rw_draft *draft, struct rw_draft_mark *mark, int r)
{
	if (r < 0) {
		struct rw_model *failed = draft->model;

		/* The list only grew its room since the mark, so the old entries fit. */
		draft->model = mark->model;
		mark->model = failed;
		if (mark->touched_count > 0)
			memcpy(draft->touched.data, mark->touched,
			       mark->touched_count * sizeof(struct rw_touched));
		draft->touched.count = mark->touched_count;
	}
	(void)rw_model_free(mark->model);
	free(mark->touched);
	*mark = (struct rw_draft_mark){0};
	return r;
}

/* Where an object stands or belongs in the list of touched ones. */
static size_t place_of(const struct rw_draft *draft, enum rw_kind kind, const char *id)
{
	size_t low = 0;
	size_t high = draft->touched.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct rw_touched *touched = rw_vec_at(&draft->touched, middle);

		if (touched->kind < kind || (touched->kind == kind && strcmp(touched->id, id) < 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Brings the list up to date about one object; there is room for one more entry. */
static void touch(struct rw_draft *draft, enum rw_kind kind, const char *id)
{
	struct rw_touched entry = {.kind = kind,
				   .before = rw_draft_find_id(draft->base, kind, id),
				   .after = rw_draft_find_id(draft->model, kind, id)};
	size_t place = place_of(draft, kind, id);
	struct rw_touched *all = draft->touched.data;
	bool listed =
		place < draft->touched.count && all[place].kind == kind && strcmp(all[place].id, id) == 0;

	memcpy(entry.id, id, strnlen(id, sizeof(entry.id) - 1));
	if (!entry.before == !entry.after &&
	    (!entry.before || rw_object_equal(kind, entry.before, entry.after))) {
		if (listed)
			rw_vec_remove(&draft->touched, place);
		return;
	}
	if (!listed) {
		memmove(all + place + 1, all + place, (draft->touched.count - place) * sizeof(*all));
		draft->touched.count++;
	}
	all[place] = entry;
}

static int make_room(struct rw_draft *draft, struct rw_error *err)
{
	size_t count = draft->touched.count;

	/* Doubling, so that many edits on one draft stay linear. */
	if (count < draft->touched.capacity)
		return 0;
	return rw_vec_reserve(&draft->touched, count * 2 + 8) < 0 ? rw_error_oom(err) : 0;
}

int rw_draft_put(struct rw_draft *draft, enum rw_kind kind, void *object, struct rw_error *err)
{
	char id[RW_ID_SIZE];
	int r = make_room(draft, err);

	if (r < 0) {
		(void)rw_object_unref(kind, object);
		return r;
	}
	memcpy(id, rw_object_id(kind, object), sizeof(id));
	r = rw_model_put(draft->model, kind, object, err);
	if (r == 0)
		touch(draft, kind, id);
	return r;
}

int rw_draft_remove(struct rw_draft *draft, enum rw_kind kind, const char *id, struct rw_error *err)
{
	char copy[RW_ID_SIZE] = "";
	int r = make_room(draft, err);

	if (r < 0)
		return r;
	/* The caller's id may be the object's own, which goes. */
	memcpy(copy, id, strnlen(id, sizeof(copy) - 1));
	if (rw_model_remove(draft->model, kind, copy) < 0)
		return rw_error_oom(err);
	touch(draft, kind, copy);
	return 0;
}

int rw_draft_check_and_put(struct rw_draft *draft, enum rw_kind kind, void *object, struct rw_error *err)
{
	int r = rw_validate_object(kind, object, rw_draft_limits(draft), err);

	if (r == 0)
		r = rw_validate_in(draft->model, kind, object, rw_draft_limits(draft), err);
	if (r < 0) {
		(void)rw_object_unref(kind, object);
		return r;
	}
	return rw_draft_put(draft, kind, object, err);
}

void rw_draft_make_id(const struct rw_draft *draft, enum rw_kind kind, char id[RW_ID_SIZE])
{
	do
		rw_random_id(draft->context.random, rw_kind_id_prefix(kind),
			     kind == RW_KIND_CLUSTER ? 32 : 16, id, RW_ID_SIZE);
	while (rw_model_find(draft->model, kind, id));
}

int rw_draft_no_such(enum rw_kind kind, const char *reference, struct rw_error *err)
{
	return rw_group_fail(err, -ENOENT, "", "List what there is and name it by id or name.",
			     "there is no %s \"%.60s\"", rw_kind_name(kind), reference);
}
