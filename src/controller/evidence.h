/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What agents have seen, as evidence for the audit (audit/evidence.h).  Soft state, one report deep: nothing is
 * known of a node until its agent has reported.
 */

#include "audit/evidence.h"
#include "controller/controller.h"

/* Adds what is known of every managed node to 'evidence' (initialised by the caller).  Copies.  -ENOMEM. */
RW_NODISCARD int rw_controller_evidence(const struct rw_controller *controller, struct rw_evidence *evidence,
					struct rw_error *err);

/*
 * Adds the flows that the nodes of a cluster saw, out of the history: seen at or after 'since_ms' and first seen
 * before 'until_ms' (0 = no bound).  The flows of a node are known when the history has any record of it and did not
 * lose the name of a service that answered.  -ENOENT when no history is kept; -E2BIG when it holds more than can be
 * looked at; -ENOMEM; as rw_flows_query.
 */
RW_NODISCARD int rw_controller_flow_evidence(struct rw_controller *controller, const char *cluster,
					     int64_t since_ms, int64_t until_ms, struct rw_evidence *evidence,
					     struct rw_error *err);
