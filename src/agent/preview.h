/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a policy would do to what the node does now
 * ================================================
 *
 * Pure: decides listeners and live connections by a policy, whether that is in force, monitored or only
 * saved.  Verdicts on connections are the reference evaluator's (policy/evaluate.h).
 */

#include "agent/connections.h"
#include "agent/link_rules.h"
#include "policy/evaluate.h"

/*
 * Whether a rule opens a listener: an ingress accept rule for its protocol and port on an interface of the
 * policy, or a way that stays open always (SSH for management, a hosted controller).  Says nothing about
 * sources: a stronger rule may still refuse some, or all; and where inner access accepts, other members reach
 * listeners that no rule opens.
 */
bool rw_preview_is_opened(const struct rw_policy *policy, const struct rw_report_listener *listener);

/*
 * Whether 'connection' would be cut; then its decision is in *ret_decision, unless that is NULL.  One that
 * crosses no enforced interface is not.  'decisions' are 'count' ones of rw_link_rules_decide.
 */
bool rw_preview_is_cut(const struct rw_policy *policy, const struct rw_link_decision *decisions, size_t count,
		       const struct rw_connection *connection, struct rw_decision *ret_decision);
