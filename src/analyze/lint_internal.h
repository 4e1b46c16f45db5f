/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of lint share: facts about rules, gathered view by view. */

#include "analyze/lint.h"
#include "analyze/walk.h"

/* In place of a rule's number. */
#define RW_LINT_INNER   (UINT32_MAX - 1)
#define RW_LINT_DEFAULT (UINT32_MAX - 2)

/* Different numbers, as many as have room. */
struct rw_lint_list {
	uint32_t items[RW_LINT_CAUSES_MAX];
	uint8_t count;
	bool overflow; /* there were more */
};

struct rw_lint_rule {
	const struct rw_rule *rule;
	const char *group;
	bool decides;
	bool needed;         /* without it some verdict would differ */
	bool weaken_changes; /* one priority weaker, some verdict would differ */
	bool removed;        /* by a mend that is together with others */
	bool supports;       /* a rule that is removed relies on this one */
	bool merged;         /* in some merge */
	struct rw_lint_list beaten_by;
	struct rw_lint_list runners_up; /* who decides what it decides when it is gone */
	struct rw_lint_list conflicts;  /* drop rules of its priority that decide before it */
};

struct rw_lint_facts {
	struct rw_lint_rule *rules; /* by id */
	uint32_t count;
};

void rw_lint_list_add(struct rw_lint_list *list, uint32_t item);

/* Orders rules by what they match and do; 0 when they differ at most in id, priority and texts. */
int rw_lint_compare_content(const struct rw_rule *a, const struct rw_rule *b);

/* Gives an empty finding of the report, to be filled; NULL when memory runs out. */
struct rw_lint_finding *rw_lint_report_add(struct rw_lint_report *report, enum rw_lint_kind kind,
					   const struct rw_lint_rule *rule);

/* Adds the findings of kind mergeable among rules that stay, and marks those rules.  0 or -ENOMEM. */
RW_NODISCARD int rw_lint_merges(struct rw_lint_facts *facts, struct rw_lint_report *report);
