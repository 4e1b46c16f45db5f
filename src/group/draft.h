/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/group only: what the files of edit.h share. */

#include "group/edit.h"

struct rw_draft {
	struct rw_edit_context context;
	struct rw_model *base; /* the model the draft began with */
	struct rw_model *model;
	struct rw_vec touched; /* struct rw_touched: what differs from the base, by (kind, id) */
};

/* Where an edit of several steps goes back to when a later step fails. */
struct rw_draft_mark {
	struct rw_model *model;
	struct rw_touched *touched;
	size_t touched_count;
};
RW_NODISCARD int rw_draft_mark(const struct rw_draft *draft, struct rw_draft_mark *ret_mark,
			       struct rw_error *err);

/* Goes back to the mark when 'r' is a failure, and releases it.  Returns 'r'. */
int rw_draft_settle(struct rw_draft *draft, struct rw_draft_mark *mark, int r);

/* The object with exactly this id, never by name; lent, or NULL. */
const void *rw_draft_find_id(const struct rw_model *model, enum rw_kind kind, const char *id);

/* Puts an object (taken, also on failure) without any check and remembers it as touched. */
RW_NODISCARD int rw_draft_put(struct rw_draft *draft, enum rw_kind kind, void *object, struct rw_error *err);

/* Removes an object and remembers it as touched. */
RW_NODISCARD int rw_draft_remove(struct rw_draft *draft, enum rw_kind kind, const char *id,
				 struct rw_error *err);

/* Validates 'object' (taken, also on failure) by itself and among the others, and puts it. */
RW_NODISCARD int rw_draft_check_and_put(struct rw_draft *draft, enum rw_kind kind, void *object,
					struct rw_error *err);

/* Makes an id that the model does not hold. */
void rw_draft_make_id(const struct rw_draft *draft, enum rw_kind kind, char id[RW_ID_SIZE]);

/*
 * Makes the managed group of a cluster, with the id that it names and the default rules of its profile; 'options' is
 * nullable.  NULL when memory runs out.
 */
struct rw_group *rw_draft_make_managed_group(const struct rw_draft *draft, const struct rw_cluster *cluster,
					     const struct rw_network *network,
					     const struct rw_cluster_options *options);

/* -ENOENT for the object of an edit that is not there. */
int rw_draft_no_such(enum rw_kind kind, const char *reference, struct rw_error *err);

/* True when two objects of a kind are alike in every field; groups with all their rules. */
bool rw_object_equal(enum rw_kind kind, const void *a, const void *b);

/*
 * rw_validate_in as a part of rw_validate_model: without what is asked there of all nodes at once, since
 * asking each about all others would be quadratic.
 */
int rw_validate_among(const struct rw_model *model, enum rw_kind kind, const void *object,
		      const struct rw_limits *limits, struct rw_error *err);

/* Counts of rules against the limits, without looking at the rules again that were checked one by one. */
int rw_validate_rule_counts(const struct rw_model *model, const struct rw_group *group,
			    const struct rw_limits *limits, struct rw_error *err);

/* -EBUSY naming the first of those who refer to an object; 0 when nobody does. */
int rw_draft_check_unused(const struct rw_draft *draft, enum rw_kind kind, const char *id,
			  struct rw_error *err);
