/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What model-wide questions are asked of
 * ======================================
 *
 * A model and how the policy of one of its nodes comes about: from the model alone (a file), or with what the
 * controller knows beside it (where controllers and sshd listen).
 */

#include "policy/policy.h"

struct rw_source {
	const struct rw_model *model;
	/* Gives the policy of the node with that id under 'model'; NULL = rw_policy_derive without surroundings. */
	int (*derive)(void *userdata, const struct rw_model *model, const char *node,
		      struct rw_policy **ret_policy, struct rw_error *err);
	void *userdata;
	struct rw_policy_cache *cache; /* nullable; used when 'derive' is NULL */
	/* Of the source after a change; nullable: tells that a node's policy is the one before, underived. */
	bool (*is_same)(void *userdata, const char *node);
};

/* The policy of a node; a reference for the caller. */
RW_NODISCARD int rw_source_derive(const struct rw_source *source, const char *node,
				  struct rw_policy **ret_policy, struct rw_error *err);

/* True for a node whose packets its agent decides. */
static inline bool rw_source_decides(const struct rw_node *node)
{
	return node->agent == RW_AGENT_MANAGED;
}

/*
 * What a question is about: everything (all NULL), a cluster, a group or a node.  Lent by the model.
 */
struct rw_scope {
	const struct rw_cluster *cluster;
	const struct rw_group *group;
	const struct rw_node *node;
};

/*
 * Finds a node, a cluster or a group by id or name ("cluster:", "group:" or "node:" before it says which).
 * NULL text is everything.  -ENOENT with 'field'.
 */
RW_NODISCARD int rw_scope_find(const struct rw_model *model, const char *field, const char *text,
			       struct rw_scope *ret_scope, struct rw_error *err);

/* True when an interface of the node (NULL = the node as a whole) is in the scope. */
bool rw_scope_has_node(const struct rw_model *model, const struct rw_scope *scope,
		       const struct rw_node *node);

/*
 * Gives the addresses that a text names: an address, a CIDR, "any", "internet" (everything but the private and
 * special ranges of RFC 6890 and the networks of the model; "internet-4" and "internet-6" by family),
 * "management:CLUSTER" (its management CIDRs), or a group, cluster, node or prefix list by id or name.  -EINVAL,
 * -ENOENT at 'field'; -ENOMEM.  To be freed.
 */
RW_NODISCARD int rw_source_addresses(const struct rw_source *source, const char *field, const char *text,
				     struct rw_prefix **ret_prefixes, size_t *ret_count,
				     struct rw_error *err);
