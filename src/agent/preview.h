/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a policy would do to what the node does now
 * ================================================
 *
 * Pure: decides live connections by a policy, whether that is in force, monitored, saved or only offered.
 * Verdicts are the reference evaluator's (policy/evaluate.h); listeners are judged by policy/preview.h.
 */

#include "agent/connections.h"
#include "agent/link_rules.h"
#include "policy/evaluate.h"

/*
 * Whether 'connection' would be cut; then its decision is in *ret_decision, unless that is NULL.  One that
 * crosses no enforced interface is not.  'decisions' are 'count' ones of rw_link_rules_decide.
 */
bool rw_preview_is_cut(const struct rw_policy *policy, const struct rw_link_decision *decisions, size_t count,
		       const struct rw_connection *connection, struct rw_decision *ret_decision);
