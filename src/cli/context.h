/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Kept contexts: {"current":"demo","contexts":{"demo":{"server":..., "key_file":..., "ca":...}}} in
 * $XDG_CONFIG_HOME/ringwall/contexts.json.  It names the file of a key, never the key.
 */

#include "cli/cli.h"

struct rw_contexts {
	struct rw_json_document *document; /* owned; NULL = no file yet */
	struct rw_json root;
	struct rw_json all; /* by name; valid when 'found' */
	bool found;
	const char *current; /* lent; NULL = none */
};

/* Appends the file's path.  -ENOENT when there is no home. */
RW_NODISCARD int rw_contexts_path(struct rw_buf *path, struct rw_error *err);

/* Reads the file; none is no failure. */
RW_NODISCARD int rw_contexts_load(struct rw_contexts *contexts, struct rw_error *err);
void rw_contexts_done(struct rw_contexts *contexts);
RW_DEFINE_DONE(struct rw_contexts, rw_contexts_done)

/* Gives the context of that name; -ENOENT. */
RW_NODISCARD int rw_contexts_find(const struct rw_contexts *contexts, const char *name,
				  struct rw_cli_login *ret_login, struct rw_error *err);
