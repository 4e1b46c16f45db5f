/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Diff
 * ====
 *
 * Exactly the traffic that a change opens and closes at an interface, in one direction, as boxes -- sources x
 * protocol x ports -- each with what decides it before and after, and a packet that shows it.
 *
 *     RW_CLEANUP(rw_diff_done) struct rw_diff diff = {0};
 *     r = rw_diff_views(sets, &before, &after, &diff, err);
 *     diff.opens, diff.closes              header sets
 *     diff.boxes.list[i]                   a box; diff.changes[i] tells whether it opens, why, and a witness
 *
 * Outside the boxes no header's verdict differs (other rules may decide it).  diff(a, a) is empty, and
 * diff(b, a) has the boxes of diff(a, b) with opens and closes exchanged.
 */

#include "analyze/box.h"
#include "analyze/map.h"

/* What decides some headers of a box before and after. */
struct rw_diff_reason {
	struct rw_decision before;
	struct rw_decision after;
};

/* Most reasons that are listed for one box. */
#define RW_DIFF_REASONS_MAX 32

struct rw_diff_change {
	bool opens;                     /* dropped before, accepted after; else the other way round */
	struct rw_diff_reason *reasons; /* by rank before, then after */
	size_t reason_count;
	size_t reasons_omitted;
	struct rw_packet witness; /* a packet of the box; never from an own address of the node */
};

struct rw_diff {
	rw_set opens;
	rw_set closes;
	struct rw_boxes boxes;          /* those that open, then those that close */
	struct rw_diff_change *changes; /* by box */
};

void rw_diff_done(struct rw_diff *diff);
RW_DEFINE_DONE(struct rw_diff, rw_diff_done)

/*
 * Compares two views of one direction.  Details of the reasons are lent by the policies.  -ENOMEM; -E2BIG as
 * rw_space_new, rw_map_of_space and rw_set_boxes.
 */
RW_NODISCARD int rw_diff_views(struct rw_sets *sets, const struct rw_view *before,
			       const struct rw_view *after, struct rw_diff *ret_diff, struct rw_error *err);

/*
 * A packet with the header of some packet of 'set' (not empty), as it would meet the view: from another
 * address than the node's own if there is one, to an own address if that fits.
 */
RW_NODISCARD int rw_view_witness(struct rw_sets *sets, const struct rw_view *view, rw_set set,
				 struct rw_packet *ret_packet, struct rw_error *err);
