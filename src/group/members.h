/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Members: which addresses a group means as object
 * ================================================
 *
 * Semantics section 1.  A member's addresses are those of its interfaces (in a classic network: of its
 * intranet ones) that lie in the network's CIDRs and outside its cluster's container CIDRs, or were declared.
 * Declared are the shared addresses (VIPs) of any node, every address of a node without agent, and every
 * address in a public network (an agent's report adds none there).  Special addresses (rw_address_is_global)
 * and elastic IPs never count.
 *
 * An address that several nodes of a network hold counts for one only: a declared one before a reported one,
 * then the node with the bytewise smallest id.  Shared addresses count for everybody who declares them.
 */

#include "group/model.h"

/* Who holds which address, for one state of the model.  Immutable. */
struct rw_members;

/* Builds the index, O(a log a) in addresses.  Keeps its own (cheap) copy of the model.  NULL: no memory. */
struct rw_members *rw_members_new(const struct rw_model *model);
struct rw_members *rw_members_free(struct rw_members *members);
RW_DEFINE_CLEANUP(struct rw_members *, rw_members_free)

/* True when the index still says what holds in 'model', in O(1). */
bool rw_members_fits(const struct rw_members *members, const struct rw_model *model);

/*
 * Gives the addresses of a group's members as prefixes, in no order, maybe twice; NULL and 0 when none.  O(its
 * members).  -ENOMEM.
 */
RW_NODISCARD int rw_members_addresses(const struct rw_members *members, const char *group,
				      struct rw_prefix **ret_prefixes, size_t *ret_count);

/* The node that an address in a network counts for (not its shared holders), or NULL. */
const struct rw_node *rw_members_holder(const struct rw_members *members, const char *network,
					const struct rw_address *address);

/* True when interface 'interface' of 'node' is in the group: by its cluster, the node or itself. */
bool rw_node_is_member(const struct rw_model *model, const struct rw_node *node,
		       const struct rw_interface *interface, const char *group);

/* How many nodes have an interface in the group.  O(nodes of the group's network). */
size_t rw_group_member_count(const struct rw_model *model, const struct rw_group *group);

/* True when the address lies in the network and outside the container CIDRs of the node's cluster. */
bool rw_node_address_is_inside(const struct rw_model *model, const struct rw_node *node,
			       const struct rw_address *address);
