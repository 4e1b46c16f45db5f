/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A look at this machine before anything is enforced
 * ==================================================
 *
 * Its links and which of them are enforced, what listens, what is connected, and which connection carries the
 * caller -- and, by a policy that is saved or offered, what of that would be cut.  For the commands that a
 * person runs: 'probe' and 'join'.
 */

#include "agent/connections.h"
#include "agent/link_rules.h"
#include "policy/evaluate.h"

struct rw_survey {
	struct rw_policy *policy; /* reference; NULL = nobody knows: nothing would be cut */
	struct rw_links links;
	struct rw_link_decision *decisions; /* one per link */
	struct rw_listeners listeners;
	struct rw_connections connections; /* read with a policy only */
	bool has_session;                  /* the caller came by SSH */
};
void rw_survey_done(struct rw_survey *survey);
RW_DEFINE_DONE(struct rw_survey, rw_survey_done)

/* Looks.  'policy' may be NULL; 'named' are interfaces named by the operator. */
RW_NODISCARD int rw_survey_take(const struct rw_policy *policy, const char *const *named, size_t named_count,
				struct rw_survey *ret_survey, struct rw_error *err);

/* Whether a connection of the survey would be cut, and by what. */
bool rw_survey_cuts(const struct rw_survey *survey, const struct rw_connection *connection,
		    struct rw_decision *ret_decision);

/* What would become of the SSH session in which the caller runs. */
enum rw_session_fate {
	RW_SESSION_NONE, /* there is none */
	RW_SESSION_KEPT,
	RW_SESSION_CUT,
	RW_SESSION_UNKNOWN, /* there is one, but it was not found among the connections */
};
enum rw_session_fate rw_survey_session(const struct rw_survey *survey);

const char *rw_link_role_word(enum rw_link_role role); /* "yes", "pending", "candidate", "no" */

/* For people, on standard output. */
void rw_survey_print_interfaces(const struct rw_survey *survey);
/* All, or only those that no rule opens. */
void rw_survey_print_listeners(const struct rw_survey *survey, bool closed_only);
void rw_survey_print_cuts(const struct rw_survey *survey);
