/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Log lines of the programs: one line an event, a short sentence and key=value pairs:
 *
 *     warning: agent stream lost  node=n1 reason="connection reset" retry_ms=1000
 *
 * Only controller, api, agent, cli and main log above debug, once, at the place that handles the
 * matter; lower layers return errors.  Never log a secret.
 */

#include "base/cleanup.h"

enum rw_log_level {
	RW_LOG_ERROR,
	RW_LOG_WARNING,
	RW_LOG_INFO,
	RW_LOG_DEBUG,
};

/* Lines above 'level' are dropped; the default is RW_LOG_INFO.  Process-wide; set in main before threads. */
void rw_log_set_level(enum rw_log_level level);

/* Writes one line to standard error with a single write(2).  Format as printf, without newline. */
void rw_log(enum rw_log_level level, const char *format, ...) RW_PRINTF(2, 3);

#define rw_log_error(...)   rw_log(RW_LOG_ERROR, __VA_ARGS__)
#define rw_log_warning(...) rw_log(RW_LOG_WARNING, __VA_ARGS__)
#define rw_log_info(...)    rw_log(RW_LOG_INFO, __VA_ARGS__)
#define rw_log_debug(...)   rw_log(RW_LOG_DEBUG, __VA_ARGS__)
