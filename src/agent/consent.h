/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether to enforce here
 * =======================
 *
 * Shows what enforcing would do on this machine, and finds out whether that is wanted: from the options, or
 * from the person at the terminal.
 *
 *     the policy is monitored anyway, --monitor       no question
 *     neither terminal nor --yes nor --force          monitor, and says so
 *     the caller's SSH session would be cut           only by --force; at a terminal, monitor is offered
 *     --yes, --force                                  enforce
 *     at a terminal                                   asks: yes, no or monitor
 */

#include "agent/commands.h"
#include "agent/survey.h"

enum rw_consent {
	RW_CONSENT_ENFORCE, /* as the policy says, which may be to monitor */
	RW_CONSENT_MONITOR, /* monitor this node, whatever its cluster does */
};

/*
 * Prints the preview to standard output and asks on standard error.  0 with *ret_consent; -ECANCELED when
 * the person wants nothing of it, or the session would be cut and nobody forces that.
 */
RW_NODISCARD int rw_consent_get(const struct rw_join_options *options, const struct rw_survey *survey,
				enum rw_consent *ret_consent, struct rw_error *err);
