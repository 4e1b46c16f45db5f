/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/internal.h"

/* Entries read in one step: a few milliseconds even when all are full pages of rules. */
#define STEP_ENTRIES 64

struct rw_history {
	struct rw_controller *controller;
	const char *field;
	uint64_t revision;
	struct inventory inventory; /* of then; its model is empty until the fold ends */
	struct inventory_reading reading;
	struct rw_model *model; /* NULL until it is complete */
};

static int is_gone(const struct rw_history *history, struct rw_error *err)
{
	(void)rw_error_field(err, history->field,
			     "revision %" PRIu64 " is no longer kept: the oldest one is %" PRIu64,
			     history->revision, rw_store_compacted_revision(history->controller->store));
	(void)rw_error_hint(err, "'ringwall log' lists changes with their revisions.");
	if (err)
		err->code = -ENOENT;
	return -ENOENT;
}

static int check_revision(const struct rw_history *history, struct rw_error *err)
{
	uint64_t newest = history->controller->inventory.revision;

	if (history->revision < 1 || history->revision > newest)
		return rw_error_field(err, history->field,
				      "there is no revision %" PRIu64 ": the newest one is %" PRIu64,
				      history->revision, newest);
	return history->revision < rw_store_compacted_revision(history->controller->store)
		       ? is_gone(history, err)
		       : 0;
}

int rw_history_new(struct rw_controller *controller, const char *field, uint64_t revision,
		   struct rw_history **ret_history, struct rw_error *err)
{
	RW_CLEANUP(rw_history_free) struct rw_history *history = calloc(1, sizeof(*history));
	int r;

	if (!history)
		return rw_error_oom(err);
	history->controller = controller;
	history->field = field;
	history->revision = revision;
	inventory_pump(controller);
	r = check_revision(history, err);
	if (r < 0)
		return r;
	if (inventory_init(&history->inventory, controller->map_seed) < 0)
		return rw_error_oom(err);
	history->reading = (struct inventory_reading){
		.folding = folding_new_past(controller, &history->inventory, revision),
		.limit = STEP_ENTRIES,
		.revision = revision,
		.model_only = true,
	};
	if (!history->reading.folding)
		return rw_error_oom(err);
	*ret_history = RW_TAKE_PTR(history);
	return 0;
}

struct rw_history *rw_history_free(struct rw_history *history)
{
	if (!history)
		return NULL;
	(void)folding_free(history->reading.folding);
	inventory_done(&history->inventory);
	(void)rw_model_free(history->model);
	free(history);
	return NULL;
}

int rw_history_step(struct rw_history *history, struct rw_error *err)
{
	RW_CLEANUP(fold_outcome_done) struct fold_outcome outcome;
	int r = inventory_read_page(history->controller, &history->reading, err);

	fold_outcome_init(&outcome);
	if (r == RW_STORE_COMPACTED)
		return is_gone(history, err);
	if (r != 0)
		return r == RW_STORE_MORE ? RW_HISTORY_MORE : r;
	return folding_end(history->reading.folding, &history->model, &outcome, err);
}

struct rw_model *rw_history_take_model(struct rw_history *history)
{
	return RW_TAKE_PTR(history->model);
}
