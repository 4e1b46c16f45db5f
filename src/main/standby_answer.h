/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a controller answers that is not active
 * ============================================
 *
 *     /healthz       200, the process runs
 *     /metrics       where keys are not asked for (rw_standby_answer): what it is; else as everything
 *     a page for a browser (GET, Accept: text/html)    307 to the active controller, if one is known; else the console's
 *     files of the console    as the active one: a page that is open when this one begins to stand by goes on, and says so
 *     everything     503, the problem "standby", whose hint and "active" name the active controller; Retry-After: 1
 *
 * It has no keys and no model: who asks for more must ask the active one.
 */

#include "assets/assets.h"
#include "http/server.h"
#include "main/standby.h"

/* Answers in any state but active; 'metrics_open' as the option of ringwalld.  'standby' NULL: it has only begun. */
void rw_standby_answer(struct rw_http_exchange *exchange, const struct rw_standby *standby,
		       const struct rw_assets *console, bool metrics_open);
