/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "revisions stand in the place of pointers");

void inventory_set_revision(struct inventory *inventory, enum rw_kind kind, const char *id, uint64_t revision)
{
	struct rw_map *map = &inventory->revisions[kind];

	if (revision == 0)
		(void)rw_map_remove(map, id);
	else if (rw_map_set(map, id, (void *)(uintptr_t)revision) < 0)
		(void)rw_map_remove(map,
				    id); /* Without memory the object has no ETag: If-Match then fails. */
}

void inventory_done(struct inventory *inventory)
{
	inventory->model = rw_model_free(inventory->model);
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++)
		rw_map_done(&inventory->revisions[kind]);
}

/* Makes 'model' the present one and tells everybody. */
static void publish(struct rw_controller *controller, struct rw_model *model,
		    const struct fold_outcome *outcome, struct rw_vec *impacts,
		    enum rw_established established, uint64_t revision)
{
	(void)rw_model_free(controller->inventory.model);
	controller->inventory.model = model;
	controller->inventory.revision = revision;
	if (nodes_sync(controller, outcome) < 0)
		controller->nodes_missing = true;
	impact_publish(controller, impacts, established, revision);
}

/* Our own change comes back: what it makes of the model is known already. */
static void adopt(struct rw_controller *controller, struct plan *plan, uint64_t revision)
{
	struct inventory *inventory = &controller->inventory;

	inventory->audit_sequence++;
	inventory->sequence_revision = revision;
	if (plan->staged[0]) {
		inventory->staged_revision = revision;
		(void)memcpy(inventory->staged_id, plan->staged, RW_ID_SIZE);
	}
	if (!plan->model) {
		inventory->revision = revision;
		return;
	}
	for (size_t i = 0; i < plan->outcome.touched.count; i++) {
		const struct rw_touched *touched = rw_vec_at(&plan->outcome.touched, i);

		inventory_set_revision(inventory, touched->kind, touched->id, touched->after ? revision : 0);
	}
	publish(controller, RW_TAKE_PTR(plan->model), &plan->outcome, &plan->impacts, plan->established,
		revision);
}

/* Keys, tokens and agents' records are small: they are decoded also when the batch is our own. */
static bool is_decoded_always(const char *key)
{
	static const char *const prefixes[] = {RW_LAYOUT_KEYS, RW_LAYOUT_TOKENS, RW_LAYOUT_SUPPRESSIONS,
					       RW_LAYOUT_AGENTS};

	for (size_t i = 0; i < RW_ARRAY_COUNT(prefixes); i++) {
		if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* What agents' records change in policies (SSH ports). */
static int publish_agents(struct rw_controller *controller, struct folding *folding, uint64_t revision,
			  struct rw_error *err)
{
	RW_CLEANUP(fold_outcome_done) struct fold_outcome outcome;
	RW_CLEANUP(impacts_done) struct rw_vec impacts;
	int r;

	fold_outcome_init(&outcome);
	rw_vec_init(&impacts, sizeof(struct impact), SIZE_MAX / 2);
	r = folding_take_agents(folding, &outcome);
	if (r < 0)
		return rw_error_oom(err);
	if (outcome.agents.count == 0)
		return 0;
	r = impact_find(controller, controller->inventory.model, &outcome, &impacts, err);
	if (r < 0)
		return r;
	impact_publish(controller, &impacts, RW_ESTABLISHED_CUT, revision);
	return 0;
}

/* Collects what of the batch is to be decoded; *folding stays NULL when that is nothing. */
static int collect(struct rw_controller *controller, const struct rw_store_batch *batch, bool own,
		   struct folding **folding, struct rw_error *err)
{
	bool settled = controller->settled_revision == batch->revision;

	for (size_t i = 0; i < batch->count; i++) {
		const struct rw_store_event *event = &batch->events[i];
		int r;

		if ((own || settled) && !is_decoded_always(event->key) &&
		    !(settled && strcmp(event->key, RW_LAYOUT_STAGED) == 0))
			continue;
		if (!*folding && !(*folding = folding_new(controller)))
			return rw_error_oom(err);
		r = folding_add(*folding, event->key, event->value, event->value_size, batch->revision, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What a fold writes to the inventory beside the model before it is complete. */
struct position {
	uint64_t audit_sequence, sequence_revision, staged_revision;
	char staged_id[RW_ID_SIZE];
};

static struct position position_of(const struct inventory *inventory)
{
	struct position position = {inventory->audit_sequence, inventory->sequence_revision,
				    inventory->staged_revision, ""};

	(void)memcpy(position.staged_id, inventory->staged_id, RW_ID_SIZE);
	return position;
}

static void restore(struct inventory *inventory, const struct position *position)
{
	inventory->audit_sequence = position->audit_sequence;
	inventory->sequence_revision = position->sequence_revision;
	inventory->staged_revision = position->staged_revision;
	(void)memcpy(inventory->staged_id, position->staged_id, RW_ID_SIZE);
}

static int fold_events(struct rw_controller *controller, const struct rw_store_batch *batch,
		       struct rw_error *err)
{
	bool own = controller->committing && controller->committing_revision == batch->revision;
	RW_CLEANUP(folding_free) struct folding *folding = NULL;
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	RW_CLEANUP(fold_outcome_done) struct fold_outcome outcome;
	RW_CLEANUP(impacts_done) struct rw_vec impacts;
	int r;

	fold_outcome_init(&outcome);
	rw_vec_init(&impacts, sizeof(struct impact), SIZE_MAX / 2);
	r = collect(controller, batch, own, &folding, err);
	if (r < 0)
		return r;
	if (own) {
		/* Needs no memory that could be missing: a change of rules is in force when it is durable. */
		adopt(controller, controller->committing, batch->revision);
		return folding ? publish_agents(controller, folding, batch->revision, err) : 0;
	}
	if (folding)
		r = folding_end(folding, &model, &outcome, err);
	if (r < 0)
		return r;
	if (outcome.touched.count == 0 && outcome.agents.count == 0) {
		controller->inventory.revision = batch->revision;
		return 0;
	}
	r = impact_find(controller, model, &outcome, &impacts, err);
	if (r < 0)
		return r;
	publish(controller, RW_TAKE_PTR(model), &outcome, &impacts, folding_established(folding),
		batch->revision);
	return 0;
}

/*
 * What is not folded leaves no trace: a change on the model of before must end in a conflict, and a large change must
 * be read again.
 */
static int fold_batch(struct rw_controller *controller, const struct rw_store_batch *batch,
		      struct rw_error *err)
{
	struct position before = position_of(&controller->inventory);
	int r = fold_events(controller, batch, err);

	if (r < 0 && controller->inventory.revision < batch->revision)
		restore(&controller->inventory, &before);
	return r;
}

/* The batch that could not be folded for want of memory or of pages, or the store's next one. */
static int next_batch(struct rw_controller *controller, struct rw_store_batch *batch, struct rw_error *err)
{
	int r = RW_STORE_EVENTS;

	if (!controller->unfolded)
		r = rw_store_watch_next(controller->watch, &controller->batch, err);
	controller->unfolded = r == RW_STORE_EVENTS;
	*batch = controller->batch;
	return r;
}

void inventory_pump(struct rw_controller *controller)
{
	struct rw_store_batch batch;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (controller->nodes_missing)
		controller->nodes_missing = nodes_load(controller) < 0;
	while (!controller->stopped && (r = next_batch(controller, &batch, &err)) != 0) {
		if (r == RW_STORE_EVENTS)
			r = fold_batch(controller, &batch, &err);
		if (r == 0) {
			controller->unfolded = false;
			continue;
		}
		if (r == -ENOMEM || r == -EHOSTDOWN) {
			/* We are behind: changes end in conflicts until it works again. */
			rw_log_warning("cannot follow the store, trying again  reason=\"%s\"", err.text);
			return;
		}
		if (r == RW_STORE_COMPACTED)
			(void)rw_error_set(&err, -ESTALE,
					   "the store's history was compacted before it was read");
		/* What is folded stays valid; what follows cannot be known.  Nothing is written any more. */
		rw_log_error("cannot follow the store  reason=\"%s\"", err.text);
		controller->broken = err;
		controller->stopped = true;
	}
}

/* The prefixes to read, in order; those beside the model only when wanted.  NULL behind the last one. */
static const char *prefix_at(size_t place, bool model_only)
{
	/* meta/ comes last: a staged change lies over what the objects' keys still hold. */
	static const char *const all[] = {RW_LAYOUT_RULES,        RW_LAYOUT_KEYS,   RW_LAYOUT_TOKENS,
					  RW_LAYOUT_SUPPRESSIONS, RW_LAYOUT_AGENTS, RW_LAYOUT_ROOT "meta/"};
	static const char *const model[] = {RW_LAYOUT_RULES, RW_LAYOUT_ROOT "meta/"};

	if (place < RW_KIND_COUNT_)
		return rw_layout_prefix((enum rw_kind)place);
	place -= RW_KIND_COUNT_;
	if (model_only)
		return place < RW_ARRAY_COUNT(model) ? model[place] : NULL;
	return place < RW_ARRAY_COUNT(all) ? all[place] : NULL;
}

int inventory_read_page(struct rw_controller *controller, struct inventory_reading *reading,
			struct rw_error *err)
{
	RW_CLEANUP(rw_store_page_done) struct rw_store_page page = {0};
	int r;

	if (!reading->query.prefix)
		reading->query = (struct rw_store_query){
			.prefix = prefix_at(reading->prefix, reading->model_only),
			.revision = reading->revision,
			.limit = reading->limit,
		};
	r = rw_store_list(controller->store, &reading->query, &page, err);
	if (r != 0)
		return r;
	reading->revision = page.revision;
	for (size_t i = 0; i < page.count; i++) {
		const struct rw_store_entry *entry = &page.entries[i];

		r = folding_add(reading->folding, entry->key, entry->value, entry->value_size,
				entry->mod_revision, err);
		if (r < 0)
			return r;
	}
	if (rw_store_query_advance(&reading->query, &page))
		return RW_STORE_MORE;
	reading->query.prefix = NULL;
	return prefix_at(++reading->prefix, reading->model_only) ? RW_STORE_MORE : 0;
}

int inventory_init(struct inventory *inventory, uint64_t map_seed)
{
	for (enum rw_kind kind = 0; kind < RW_KIND_COUNT_; kind++)
		rw_map_init(&inventory->revisions[kind], map_seed, NULL);
	inventory->model = rw_model_new();
	return inventory->model ? 0 : -ENOMEM;
}

int inventory_load(struct rw_controller *controller, struct rw_error *err)
{
	RW_CLEANUP(folding_free) struct folding *folding = folding_new(controller);
	RW_CLEANUP(fold_outcome_done) struct fold_outcome outcome;
	struct inventory *inventory = &controller->inventory;
	struct inventory_reading reading = {.folding = folding};
	struct rw_model *model = NULL;
	int r;

	fold_outcome_init(&outcome);
	if (inventory_init(inventory, controller->map_seed) < 0 || !folding)
		return rw_error_oom(err);
	do {
		r = inventory_read_page(controller, &reading, err);
	} while (r == RW_STORE_MORE);
	if (r > 0)
		return rw_error_set(err, -EAGAIN, "the store is being compacted; try again");
	if (r == 0)
		r = folding_end(folding, &model, &outcome, err);
	if (r < 0)
		return r;
	(void)rw_model_free(inventory->model);
	inventory->model = model;
	inventory->revision = reading.revision;
	r = rw_store_watch_new(controller->store, RW_LAYOUT_ROOT, reading.revision + 1, NULL, NULL,
			       &controller->watch, err);
	if (r != 0)
		return r > 0 ? rw_error_set(err, -EAGAIN, "the store is being compacted; try again") : r;
	return 0;
}
