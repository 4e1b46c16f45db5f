/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a policy would do to what a node does now
 * ==============================================
 *
 * For the agent, which asks before it enforces, and for the controller, which tells operators what enforcing a
 * monitored node would do.
 */

#include "policy/evaluate.h"

/*
 * Whether a rule opens a listener: an ingress accept rule for its protocol and port on an interface of the
 * policy, or a way that stays open always (SSH for management, a hosted controller).  A rule for the cluster's
 * own containers alone, as every cluster has one for all ports, does not count.  Says nothing else about
 * sources: a stronger rule may still refuse some, or all; and where inner access accepts, other members reach
 * listeners that no rule opens.
 */
bool rw_policy_opens(const struct rw_policy *policy, uint16_t protocol, uint16_t port);

/*
 * Whether a live connection that 'opener' opened on the interface of that name would be cut when enforcement
 * begins; then why is in *ret_decision, unless that is NULL.  An interface that the policy does not know has no
 * groups, and drops.
 */
bool rw_policy_cuts(const struct rw_policy *policy, const char *interface, const struct rw_packet *opener,
		    struct rw_decision *ret_decision);
