/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What ringwall-agent and ringwalld say of themselves: the tables that their parsers, help, manual and completion
 * are made from.  A new option is one row here and one case in the program.
 */

#include "usage/usage.h"

/* Codes of the agent's options without a letter. */
enum rw_agent_option {
	RW_AGENT_OPTION_STATE = 256,
	RW_AGENT_OPTION_PIN_DIR,
	RW_AGENT_OPTION_UNPINNED,
	RW_AGENT_OPTION_WITHOUT_TCX,
	RW_AGENT_OPTION_INTERFACE,
	RW_AGENT_OPTION_LOG_LEVEL,
	RW_AGENT_OPTION_TABLE_MEMORY,
	RW_AGENT_OPTION_FLOW_ENTRIES,
	RW_AGENT_OPTION_FILE,
	RW_AGENT_OPTION_NODE,
	RW_AGENT_OPTION_SERVER,
	RW_AGENT_OPTION_TOKEN,
	RW_AGENT_OPTION_TOKEN_FILE,
	RW_AGENT_OPTION_CA_FINGERPRINT,
	RW_AGENT_OPTION_CA,
	RW_AGENT_OPTION_NAME,
	RW_AGENT_OPTION_CLUSTER,
	RW_AGENT_OPTION_MONITOR,
	RW_AGENT_OPTION_REPLACE,
	RW_AGENT_OPTION_YES,
	RW_AGENT_OPTION_FORCE,
	RW_AGENT_OPTION_REMOTE,
	RW_AGENT_OPTION_PORT,
	RW_AGENT_OPTION_PROTOCOL,
	RW_AGENT_OPTION_CLASS,
	RW_AGENT_OPTION_HELP_OPTIONS,
	RW_AGENT_OPTION_VERSION,
};

/* Codes of the daemon's options. */
enum rw_daemon_option {
	RW_DAEMON_OPTION_STATE = 256,
	RW_DAEMON_OPTION_LISTEN,
	RW_DAEMON_OPTION_NAME,
	RW_DAEMON_OPTION_LIMIT,
	RW_DAEMON_OPTION_WITHOUT_KEYS,
	RW_DAEMON_OPTION_FLOW_DAYS,
	RW_DAEMON_OPTION_METRICS_OPEN,
	RW_DAEMON_OPTION_PLAIN_HTTP,
	RW_DAEMON_OPTION_LOG_LEVEL,
	RW_DAEMON_OPTION_HELP_OPTIONS,
	RW_DAEMON_OPTION_VERSION,
};

extern const struct rw_usage_program rw_agent_program;  /* agent_description.c */
extern const struct rw_usage_program rw_daemon_program; /* daemon_description.c */
