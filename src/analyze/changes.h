/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which deciders of two views differ (inside src/analyze)
 *
 * What decides a header depends only on which deciders match it.  So where no decider matches that only one
 * view has, both decide alike, and a comparison need not look: a change of ten rules among ten thousand costs
 * what those ten speak of.
 */

#include "analyze/view.h"

struct rw_service_range {
	uint32_t first, last;
};

struct rw_changes {
	bool *changed[2];                 /* by view and rank: the other view has no such decider */
	bool everything;                  /* the defaults differ */
	struct rw_service_range *touched; /* services of changed deciders, ascending and disjoint */
	size_t touched_count;
};

void rw_changes_done(struct rw_changes *changes);
RW_DEFINE_DONE(struct rw_changes, rw_changes_done)

/* Compares deciders whose atoms are named alike.  0 or -ENOMEM. */
RW_NODISCARD int rw_changes_find(const struct rw_deciders *before, const struct rw_deciders *after,
				 struct rw_changes *ret_changes);

/* True when some changed decider speaks of a service within first..last. */
bool rw_changes_touch(const struct rw_changes *changes, uint32_t first, uint32_t last);

/* Takes away the deciders of view 'view' that say nothing of touched services; changed[view] follows. */
void rw_changes_filter(struct rw_changes *changes, uint32_t view, struct rw_deciders *deciders);
