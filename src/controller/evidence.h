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
