/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lint
 * ====
 *
 * Judges the rules of some views among themselves (semantics section 3: inner access, rules, default), exactly:
 *
 * shadowed         the rule decides no packet at all: wherever it matches, a stronger rule or inner access
 *                  decides (or names itself as the cause, of the same priority and policy).
 * redundant        it decides, but taking it away alone changes no verdict: what it decides is then decided
 *                  the same way.
 * duplicate        shadowed or redundant, and a rule of another group says the same.
 * matches-nobody   it matches no packet at all: its group has no members, its prefix list is empty, or its
 *                  families contradict each other.
 * conflict         at the same priority a drop rule decides packets that this accept rule would: it loses by
 *                  the tie, not by anybody's decision.
 * mergeable        with its causes, rules of the same group, it can be written as one rule.
 * never-hit        no packet was counted for it in the time watched.
 *
 * A rule that takes part in several views (a group on many interfaces) has a finding of the first four kinds
 * only when it holds in all of them.  Each rule has at most one of these four; the other kinds may come on top.
 *
 * *Mends* say what to change.  With 'keeps_meaning' the change alone opens and closes nothing in any of the
 * views; all mends marked 'together' keep it also when they are made at once.
 *
 * Cost: one walk for each view (analyze/walk.h), and O(r log r) in the rules.
 */

#include "analyze/view.h"

enum rw_lint_kind {
	RW_LINT_SHADOWED,
	RW_LINT_REDUNDANT,
	RW_LINT_DUPLICATE,
	RW_LINT_MATCHES_NOBODY,
	RW_LINT_CONFLICT,
	RW_LINT_MERGEABLE,
	RW_LINT_NEVER_HIT,
	RW_LINT_KIND_COUNT_,
};

enum rw_lint_action {
	RW_LINT_NOTHING,
	RW_LINT_REMOVE, /* the rule */
	RW_LINT_MERGE,  /* give the rule 'ports' and 'object', remove the rules that are its causes */
	RW_LINT_WEAKEN, /* give the rule 'priority' */
};

struct rw_lint_mend {
	enum rw_lint_action action;
	bool keeps_meaning;
	bool together;
	struct rw_ports ports;
	struct rw_object object;
	uint8_t priority;
};

/* A rule (RW_CAUSE_RULE), RW_CAUSE_INNER_ACCESS or RW_CAUSE_DEFAULT.  Lent by the policies. */
struct rw_lint_cause {
	enum rw_cause cause;
	const struct rw_rule *rule; /* NULL unless a rule */
	const char *group;          /* id of the rule's group, else NULL */
};

/* Most causes that are listed for one finding. */
#define RW_LINT_CAUSES_MAX 8

struct rw_lint_finding {
	enum rw_lint_kind kind;
	const struct rw_rule *rule;
	const char *group; /* its id */
	struct rw_lint_cause causes[RW_LINT_CAUSES_MAX];
	size_t cause_count;
	bool causes_omitted; /* there are more; none for mergeable: a merge has all */
	struct rw_lint_mend mend;
	int64_t watched_ms; /* never-hit: how long it was watched */
};

struct rw_lint_report {
	struct rw_lint_finding *list; /* by kind, then rule id */
	size_t count;
	size_t rule_count; /* that were judged */
};

void rw_lint_report_done(struct rw_lint_report *report);
RW_DEFINE_DONE(struct rw_lint_report, rw_lint_report_done)

/* What was counted for a rule; those not listed are not judged by hits. */
struct rw_lint_hits {
	const char *rule; /* id */
	uint64_t packets;
	int64_t watched_ms; /* how long this count has been going on */
};

struct rw_lint_input {
	const struct rw_view *views; /* judged with rules_only, whatever they say; each pair at most once */
	size_t view_count;
	const struct rw_lint_hits *hits; /* sorted by id */
	size_t hit_count;
};

/* The word of a kind: "shadowed", ..., "never-hit". */
const char *rw_lint_kind_name(enum rw_lint_kind kind);

/*
 * Judges.  The report lends rules and ids of the views' policies.  A rule in several policies is one rule when
 * its id is the same.  -ENOMEM; -E2BIG as rw_space_new and rw_walk.
 */
RW_NODISCARD int rw_lint(const struct rw_lint_input *input, struct rw_lint_report *ret_report,
			 struct rw_error *err);
