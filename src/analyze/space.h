/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The space in which views are told apart
 * =======================================
 *
 * One or two views say finitely many things, so headers fall into finitely many kinds that they treat alike:
 * a *class* of remote addresses (those in the same CIDRs and sets, classify/classes.h) and a *column* of
 * everything else (an interval of services and, where rules have five-tuple parts, of local addresses and
 * source ports).  Deciding one class and column decides all headers in it; every analysis walks them
 * (analyze/walk.h).
 *
 * Two views in one space are compared cell by cell.  Size: classes + columns, never their product.
 */

#include "analyze/set.h"
#include "analyze/view.h"
#include "classify/classes.h"

#define RW_SPACE_VIEWS_MAX   2
#define RW_SPACE_COLUMNS_MAX (1u << 20)

/* What a column says beyond its services. */
struct rw_space_rest {
	bool has_local;
	uint8_t families; /* RW_FAMILY_*: of the local address */
	uint16_t source_first, source_last;
	rw_set_key local_first, local_last;
};

struct rw_space_column {
	uint32_t first, last; /* services */
	uint32_t rest;        /* in rests; 0 = any */
};

struct rw_space_view {
	struct rw_view view;
	struct rw_deciders deciders;
	uint32_t *
		run_first; /* by rank: columns it covers, run_first up to run_end, all or (five-tuple) some */
	uint32_t *run_end;
	bool *five;         /* by rank: has a five-tuple part */
	uint32_t *first_of; /* by atom: its ranks are by_atom[first_of[a] .. first_of[a + 1]), ascending */
	uint32_t *by_atom;
};

struct rw_space {
	struct rw_space_view views[RW_SPACE_VIEWS_MAX];
	uint32_t view_count;
	struct rw_atoms atoms; /* number 0 is 0.0.0.0/0, 1 is ::/0, so that no class has both families */
	struct rw_classes classes;
	uint8_t *families; /* by class: RW_FAMILY_4 or RW_FAMILY_6; 0 for class 0 */
	bool *inhabited;   /* by class: some address has it; the others only lead to those that do */
	bool *looked_at; /* by class: it or one inside it is of interest (all, unless only differences are) */
	uint32_t *first_child;
	uint32_t *next_sibling;          /* by class, 0 = none */
	struct rw_space_column *columns; /* ascending; those of one interval of services stand together */
	uint32_t column_count;
	struct rw_space_rest *rests;
	uint32_t rest_count;
};

struct rw_space_options {
	uint32_t service_first, service_last; /* only these services */
	/*
	 * Of two views, only what may differ: headers that match some decider that the other view does not
	 * have.  All others are decided alike, and columns and classes without any are left out.  A space
	 * of views that say the same has no column.
	 */
	bool differences;
};
#define RW_SPACE_OPTIONS_DEFAULT                                                                             \
	((struct rw_space_options){.service_first = RW_SERVICE_FIRST, .service_last = RW_SERVICE_LAST})

/*
 * Gives the space of 'views' (1..RW_SPACE_VIEWS_MAX; their policies are borrowed as long as it lives).
 * 'options' NULL = the whole.  -ENOMEM; -E2BIG for more than RW_SPACE_COLUMNS_MAX columns or a limit of the
 * plan.  O(p log p) in the prefixes; O(r log r) in the rules, O(r * f) with f of five-tuple form.
 */
RW_NODISCARD int rw_space_new(const struct rw_view *views, uint32_t view_count,
			      const struct rw_space_options *options, struct rw_space **ret_space,
			      struct rw_error *err);
struct rw_space *rw_space_free(struct rw_space *space);
RW_DEFINE_CLEANUP(struct rw_space *, rw_space_free)

/* True when the five-tuple part of a rule covers that rest, whole as it always is or not at all. */
bool rw_space_covers(const struct rw_space *space, const struct rw_rule *rule, uint32_t rest);
