/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rules a cluster's group is born with (semantics section 7): the reinforced rules of profile 'standard',
 * and the other profiles.  All accept, priority 1, ingress; no egress rule is set.
 */

#include "base/clock.h"
#include "group/model.h"

struct rw_default_rules {
	const struct rw_network *network;
	const struct rw_cluster *cluster; /* profile, container and management CIDRs */
	bool ipv6;                        /* twins from ::/0 even when the network has no IPv6 CIDR */
	bool ipv4_only;                   /* no twins from ::/0 whatever CIDRs the network has */
	bool no_web;                      /* leave out 80 and 443 from everywhere */
	int64_t now_ms;
	const char *author;
	const struct rw_random *random; /* makes the rules' ids */
};

/*
 * Gives the rules, sorted by id, each with one reference, in *ret_rules (array and references to the caller).
 * Management CIDRs, where given, stand in place of 0.0.0.0/0 and ::/0 for SSH and the API server's 6443.
 * 0 or -ENOMEM.
 */
RW_NODISCARD int rw_default_rules_make(const struct rw_default_rules *wanted, struct rw_rule ***ret_rules,
				       size_t *ret_count, struct rw_error *err);

/* The inner access policy of a new cluster's group: accept, but drop in a public network and for
 * kubernetes-strict. */
enum rw_verdict rw_default_inner_access(const struct rw_network *network, enum rw_profile profile);
