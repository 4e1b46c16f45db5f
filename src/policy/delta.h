/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What changed between two policies of a node
 * ===========================================
 *
 * A delta is a list of changes in the order in which they are applied; its size is proportional to what
 * differs, never to the policy: one rule added is one rule, one member gone is one prefix, whoever else uses
 * them.  Comparing is cheap too: parts that the two policies share by pointer are skipped.
 *
 *     RW_CLEANUP(rw_policy_delta_free) struct rw_policy_delta *delta = NULL;
 *     r = rw_policy_diff(old, new, &delta, &err);          controller
 *     r = rw_policy_apply_delta(old, delta, &new, &err);   agent
 *
 * After applying, the agent compares rw_policy_digest with the one sent along; on a mismatch it asks for a
 * snapshot and keeps the policy in force.  What decides no packet (a rule's description, author and time)
 * makes no difference and is not sent: after apply it is what it was.
 */

#include "policy/policy.h"

enum rw_policy_change_kind {
	RW_POLICY_PUT_GROUP,      /* group: a new one, or one whose settings changed, with all its rules */
	RW_POLICY_REMOVE_GROUP,   /* id */
	RW_POLICY_PUT_RULES,      /* id (group), rules: new ones and ones in place of those with their ids */
	RW_POLICY_REMOVE_RULES,   /* id (group), rule_ids */
	RW_POLICY_PUT_SET,        /* set */
	RW_POLICY_REMOVE_SET,     /* id */
	RW_POLICY_ADD_MEMBERS,    /* id (set), prefixes */
	RW_POLICY_REMOVE_MEMBERS, /* id (set), prefixes */
	RW_POLICY_PUT_SYSTEM,     /* system: interfaces and every setting, groups and sets apart */
};

/* One change; the fields its kind names are set and owned, the others zero. */
struct rw_policy_change {
	enum rw_policy_change_kind kind;
	char id[RW_ID_SIZE];
	struct rw_policy_group *group;
	struct rw_address_set *set;
	struct rw_rule **rules;
	size_t rule_count;
	char (*rule_ids)[RW_ID_SIZE];
	size_t rule_id_count;
	struct rw_prefix *prefixes;
	size_t prefix_count;
	/*
	 * A policy without groups and sets.  The group indexes of its interfaces are those of the resulting
	 * policy, whose groups are sorted by id; it is sent whenever the list of groups changes.
	 */
	struct rw_policy *system;
};

struct rw_policy_delta {
	struct rw_policy_change *changes;
	size_t count;
	size_t capacity;
};

struct rw_policy_delta *rw_policy_delta_new(void);
struct rw_policy_delta *rw_policy_delta_free(struct rw_policy_delta *delta);
RW_DEFINE_CLEANUP(struct rw_policy_delta *, rw_policy_delta_free)

/*
 * Appends a zeroed change of 'kind' and lends it to be filled; NULL when memory runs out.  Valid until the
 * next.
 */
struct rw_policy_change *rw_policy_delta_add(struct rw_policy_delta *delta, enum rw_policy_change_kind kind);

/* Gives what leads from 'from' to 'to'; no changes when they are equal.  0 or -ENOMEM. */
RW_NODISCARD int rw_policy_diff(const struct rw_policy *from, const struct rw_policy *to,
				struct rw_policy_delta **ret_delta, struct rw_error *err);

/*
 * Gives a new policy, 'from' with all changes made; parts that did not change are shared with it.  -EINVAL
 * when the delta does not fit 'from' (it names a group, rule, set or member that is not there, or adds a
 * member that is): it was made for another policy.  -ENOMEM.  O(size of the groups and sets changed).
 */
RW_NODISCARD int rw_policy_apply_delta(const struct rw_policy *from, const struct rw_policy_delta *delta,
				       struct rw_policy **ret_policy, struct rw_error *err);
