/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lint of a model
 * ===============
 *
 * The rules of groups where they are in force: on every combination of groups that managed nodes' interfaces
 * have.  A group that no interface is in is judged alone, as an interface in it would see it.
 */

#include "analyze/lint.h"
#include "analyze/source.h"

/* Most different combinations of groups that are judged at once. */
#define RW_LINT_VIEWS_MAX 4096

struct rw_model_lint {
	struct rw_lint_report report;
	struct rw_policy **policies; /* references held: the report is lent by them */
	size_t policy_count;
};

void rw_model_lint_done(struct rw_model_lint *lint);
RW_DEFINE_DONE(struct rw_model_lint, rw_model_lint_done)

/*
 * Judges the rules of the groups in 'scope' (a node: of its groups).  Findings name rules of those groups only;
 * their causes may be of others.  'hits' as rw_lint_input has them.  -ENOMEM; -E2BIG as rw_lint, or beyond
 * RW_LINT_VIEWS_MAX.
 */
RW_NODISCARD int rw_lint_model(const struct rw_source *source, const struct rw_scope *scope,
			       const struct rw_lint_hits *hits, size_t hit_count,
			       struct rw_model_lint *ret_lint, struct rw_error *err);
