/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sets as boxes
 * =============
 *
 * A header set as people read it: boxes "these sources x this protocol x these ports", disjoint, together
 * exactly the set.  Either sources that may do the same are one box, or services with the same sources are
 * (those that may do everything apart), whichever gives fewer boxes; sources are the fewest CIDRs that name them exactly, ports the fewest ranges.
 * The order is fixed: by protocol, first port, first remote.
 *
 *     0.0.0.0/0, ::/0      tcp    80, 443
 *     203.0.113.0/24       tcp    22
 *     10.0.0.0/16          all
 */

#include "analyze/set.h"

/* Most boxes that one set may have, and most CIDRs of them all together. */
#define RW_BOXES_MAX          100000
#define RW_BOXES_PREFIXES_MAX (4u << 20)

struct rw_box {
	struct rw_prefix *remotes; /* sorted, disjoint, as few as possible */
	size_t remote_count;
	uint16_t protocol_first; /* equal for one protocol; 0..255 for all */
	uint16_t protocol_last;
	struct rw_ports
		*ports; /* of TCP or UDP: ascending, as few as possible; one that is any = all ports */
	size_t port_count;
	struct rw_prefix *locals; /* none = any local address */
	size_t local_count;
	struct rw_ports *source_ports; /* none = any */
	size_t source_port_count;
	rw_set set; /* exactly the box */
};

struct rw_boxes {
	struct rw_box *list;
	size_t count;
};

void rw_boxes_done(struct rw_boxes *boxes);
RW_DEFINE_DONE(struct rw_boxes, rw_boxes_done)

/*
 * Gives the boxes of 'set'; none for the empty set.  -ENOMEM; -E2BIG beyond the limits above or the budget of
 * the arena.
 */
RW_NODISCARD int rw_set_boxes(struct rw_sets *sets, rw_set set, struct rw_boxes *ret_boxes,
			      struct rw_error *err);

/*
 * The same addresses as "these CIDRs except those", where that is shorter: "0.0.0.0/0 except 10.0.0.0/8" and
 * not eight CIDRs.  'list' is sorted and disjoint as in a box.  Each exception lies in one of the CIDRs, and
 * there is at most one CIDR with exceptions for each family.  -ENOMEM.  Both results are to be freed.
 */
RW_NODISCARD int rw_prefixes_shorten(const struct rw_prefix *list, size_t count, struct rw_prefix **ret_list,
				     size_t *ret_count, struct rw_prefix **ret_except,
				     size_t *ret_except_count);

/*
 * Appends to *list (malloc'ed, of *count) the fewest prefixes that are exactly the addresses first..last of a
 * family.  -ENOMEM; -E2BIG beyond RW_BOXES_PREFIXES_MAX.
 */
RW_NODISCARD int rw_prefixes_of_range(uint8_t family, rw_set_key first, rw_set_key last,
				      struct rw_prefix **list, size_t *count);
