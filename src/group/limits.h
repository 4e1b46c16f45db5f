/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much of everything there may be.  The defaults are Alibaba Cloud's quotas where it has one (today's,
 * see the comments), so that what fits there fits here; an operator may raise or lower each.  Passing a
 * limit is -ENOSPC with the limit's name in the error.
 */

#include <stddef.h>

#include "base/error.h"

struct rw_limits {
	size_t networks;                /* 100 */
	size_t clusters;                /* 100 */
	size_t nodes;                   /* 20,000 */
	size_t groups;                  /* 500; Alibaba: 100 or more an account and region */
	size_t prefix_lists;            /* 100 */
	size_t load_balancers;          /* 500 */
	size_t promises;                /* 500 */
	size_t cidrs_per_network;       /* 16 */
	size_t cidrs_per_cluster;       /* 16 container CIDRs, and as many management CIDRs */
	size_t interfaces_per_node;     /* 64 */
	size_t addresses_per_interface; /* 64 (semantics section 1), each kind of address by itself */
	size_t groups_per_interface;    /* 10 further ones, the cluster's not counted */
	size_t rules_per_group;         /* 1,000 */
	size_t rules_per_interface;     /* 1,000 over all groups of one interface */
	size_t group_rules_per_group;   /* 20 rules with a group as object */
	size_t rules_per_call;          /* 100 added or revoked at once */
	/*
	 * 65,536 nodes.  Alibaba: 6,000 addresses (basic), 65,536 interfaces (enterprise); the larger is
	 * taken because members cost nothing per packet.
	 */
	size_t members_per_group;
	size_t cidrs_per_prefix_list;       /* 200 */
	size_t listeners_per_load_balancer; /* 50 */
	size_t name_length;                 /* 128 characters; a cluster's 63, a node's 63 */
	size_t tags_per_object;             /* 20 */
	size_t text_length;                 /* 512 characters: descriptions, reasons */
};

/* The defaults above. */
extern const struct rw_limits rw_limits_default;

/*
 * Sets one limit from "name=number", name as above, 1..999,999,999 (ringwalld --limit).  -EINVAL with the
 * names there are in the hint; 'limits' is then as before.
 */
RW_NODISCARD int rw_limits_set(struct rw_limits *limits, const char *text, struct rw_error *err);
