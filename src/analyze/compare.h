/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compare
 * =======
 *
 * Two states of a model: what opens and closes on which managed nodes (analyze/diff.h).  Nodes on which the
 * same happens for the same reasons stand together, so that a change of a cluster's rule reads as one.
 */

#include "analyze/diff.h"
#include "analyze/source.h"

/* What differs at one interface and direction of some nodes. */
struct rw_comparison_part {
	char interface[16];
	enum rw_direction direction;
	struct rw_diff diff;
	const struct rw_node **nodes; /* of the model after; lent, by id */
	size_t node_count;
	struct rw_policy *before; /* of the first node; references held: reasons are lent by them */
	struct rw_policy *after;
};

/* Something that has no interface to compare with. */
enum rw_comparison_note {
	RW_COMPARISON_NODE_NEW,
	RW_COMPARISON_NODE_GONE,
	RW_COMPARISON_INTERFACE_NEW,  /* enforced now */
	RW_COMPARISON_INTERFACE_GONE, /* enforced no more: everything passes there */
	RW_COMPARISON_NOTE_COUNT_,
};

struct rw_comparison_aside {
	enum rw_comparison_note note;
	const struct rw_node *node; /* lent by the model that has it */
	char interface[16];         /* "" for nodes */
};

struct rw_comparison {
	struct rw_sets *sets;
	struct rw_comparison_part *parts;
	size_t part_count;
	struct rw_comparison_aside *asides;
	size_t aside_count;
};

void rw_comparison_done(struct rw_comparison *comparison);
RW_DEFINE_DONE(struct rw_comparison, rw_comparison_done)

/* "node-new", "node-gone", "interface-new", "interface-gone". */
const char *rw_comparison_note_name(enum rw_comparison_note note);

/*
 * Compares the managed nodes of two models; both must stay as long as the result.  Own addresses of nodes are
 * sources like any other (rw_view.ignore_own).  -ENOMEM; -E2BIG as rw_diff_views, naming the node.
 */
RW_NODISCARD int rw_compare(const struct rw_source *before, const struct rw_source *after,
			    struct rw_comparison *ret_comparison, struct rw_error *err);
