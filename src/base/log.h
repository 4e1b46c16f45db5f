/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Log lines of the programs: one line an event, a short sentence, two spaces and key=value pairs:
 *
 *     warning: agent stream lost  node=n1 reason="connection reset" retry_ms=1000
 *
 * Under systemd a line goes to journald by its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL):
 * MESSAGE is the line, PRIORITY its level, SYSLOG_IDENTIFIER the program, and each pair a field of its own,
 * RW_NODE, RW_REASON, so that `journalctl RW_NODE=n1` finds it.  Elsewhere, and whenever journald does not
 * take it, the line goes to standard error with the time and the level before it.
 *
 * The keys are those of the format, never of what is formatted: a value that came from outside can forge
 * neither a line nor a field.  A value that may hold spaces stands in quotes: key="%s"; quotes inside become
 * apostrophes.
 *
 * Only controller, api, agent, cli and main log above debug, once, at the place that handles the
 * matter; lower layers return errors.  Never log a secret.
 */

#include <stdbool.h>

#include "base/cleanup.h"

enum rw_log_level {
	RW_LOG_ERROR,
	RW_LOG_WARNING,
	RW_LOG_INFO,
	RW_LOG_DEBUG,
};

#define RW_LOG_FIELDS_MAX     16 /* pairs of a line that become fields; further ones stay in its text */
#define RW_LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Lines above 'level' are dropped; the default is RW_LOG_INFO.  Process-wide; set in main before threads. */
void rw_log_set_level(enum rw_log_level level);

/*
 * Sends lines to the journald that listens at 'path' if standard error is one of its streams, which systemd
 * tells by JOURNAL_STREAM; else changes nothing.  'identifier' (borrowed for good) names the program.
 * Process-wide, for main before threads; true when journald gets the lines.
 */
bool rw_log_open_journal(const char *path, const char *identifier);

/* Back to standard error. */
void rw_log_close_journal(void);

/* Logs one line, by one system call.  Format as printf, without newline. */
void rw_log(enum rw_log_level level, const char *format, ...) RW_PRINTF(2, 3);

#define rw_log_error(...)   rw_log(RW_LOG_ERROR, __VA_ARGS__)
#define rw_log_warning(...) rw_log(RW_LOG_WARNING, __VA_ARGS__)
#define rw_log_info(...)    rw_log(RW_LOG_INFO, __VA_ARGS__)
#define rw_log_debug(...)   rw_log(RW_LOG_DEBUG, __VA_ARGS__)
