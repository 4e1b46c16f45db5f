/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Walking a space
 * ===============
 *
 * Visits every inhabited class of a space with the deciders of all its columns at hand: for each view the
 * first and, when asked for, the second that matches.  Classes are a tree, and a class differs from the one
 * around it only in the columns that its own atoms speak of; the walk changes those on the way in and puts
 * them back on the way out, so its cost is what is said, not classes x columns.
 *
 * Hooks see at each visit which columns may differ from the visit of the class around ("touched": at the
 * first visits of each family all of them), so that they too can work on differences only.
 *
 * Cost: the sum over classes of the columns that their own atoms' rules cover; at most RW_WALK_STEPS_MAX,
 * else -E2BIG.
 */

#include "analyze/space.h"

#define RW_WALK_STEPS_MAX 4000000000ull

#define RW_WALK_NO_CLASS UINT32_MAX

struct rw_walk {
	const struct rw_space *space;
	uint32_t *first[RW_SPACE_VIEWS_MAX];  /* rank by column */
	uint32_t *second[RW_SPACE_VIEWS_MAX]; /* the runner-up's; the default's when there is none */
	uint32_t *values;                     /* by column, where the hook 'value' is given */
	uint64_t *marked;                     /* bit by column: value not 0 */
	uint32_t marked_count;
	/* Of the visit: */
	uint32_t class;
	uint8_t family;          /* RW_FAMILY_4 or RW_FAMILY_6 */
	uint32_t above;          /* inhabited class around this one, visited before; RW_WALK_NO_CLASS */
	bool values_changed;     /* some value differs from those at 'above' */
	const uint32_t *touched; /* columns of the family, each once */
	uint32_t touched_count;
};

/* Each is nullable. */
struct rw_walk_hooks {
	/* The value of a column, from the deciders; called for columns whose deciders changed. */
	uint32_t (*value)(const struct rw_walk *walk, uint32_t column, void *userdata);
	/* Visits an inhabited class.  A negative result ends the walk with it. */
	int (*visit)(const struct rw_walk *walk, void *userdata);
	/*
	 * Somewhere in the class that is being entered (inhabited or around such) both match, in view 'view',
	 * and 'winner' is stronger.  Every rule that does not decide a header it matches is told with one
	 * that beats it there.
	 */
	void (*beaten)(const struct rw_walk *walk, uint32_t view, uint32_t loser, uint32_t winner,
		       void *userdata);
	const bool *muted; /* nullable, by rank: 'beaten' is not told of this loser (again); of view 0 */
	bool touched;      /* fill rw_walk.touched */
};

/* Gives 0, -ENOMEM, -E2BIG, or what a hook gave. */
RW_NODISCARD int rw_walk(const struct rw_space *space, const struct rw_walk_hooks *hooks, void *userdata,
			 struct rw_error *err);
