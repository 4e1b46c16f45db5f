/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The history of flows of a state folder (store/flows.h). */

#include "store/flows.h"

/*
 * Opens STATE/flows.db, kept for 'days'; 0 days: removes it.  It is no reason not to start: a damaged file is put
 * aside as flows.db-unfit, in place of an earlier one, and begins anew; what else fails is logged.  NULL = no
 * history is kept.
 */
struct rw_flow_history *rw_daemon_open_flow_history(const char *state, unsigned int days);
