/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Puts the parts of ringwalld together: state folder, store, HTTP server, controller, API. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "crypto/token.h"
#include "group/limits.h"

#define RW_DAEMON_NAMES_MAX 16

struct rw_daemon_options {
	const char *state;
	const char *listen; /* "ADDR:PORT" */
	const char *names[RW_DAEMON_NAMES_MAX];
	size_t name_count;
	bool plain_http;
	struct rw_limits limits; /* of the model */
};

/* First thing in main: what holds for the whole process. */
void rw_daemon_prepare_process(void);

/* Runs until SIGTERM or SIGINT. */
RW_NODISCARD int rw_daemon_run(const struct rw_daemon_options *options, struct rw_error *err);

/* Makes an admin key in a state folder that no daemon uses; 'first' refuses when there is one already. */
RW_NODISCARD int rw_daemon_make_key(const struct rw_daemon_options *options, bool first,
				    char ret_token[RW_TOKEN_SIZE], struct rw_error *err);
