/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of controller/state_folder.h share and nobody else sees. */

#include <sys/types.h>

#include "controller/state_folder.h"

/* Overwrites a text, frees it.  NULL is fine. */
void state_wipe(char *text);

/* The path of a file in 'folder'. */
RW_NODISCARD int state_path(const char *folder, const char *name, char **ret_path, struct rw_error *err);

/* Reads a file of the folder; *ret_text is NULL when there is none. */
RW_NODISCARD int state_read(const char *folder, const char *name, char **ret_text, struct rw_error *err);

/* Writes one: after a crash it holds the old text or this. */
RW_NODISCARD int state_write(const char *folder, const char *name, const char *text, mode_t mode,
			     struct rw_error *err);

/* -ENOENT: what a running controller had is made by nobody else. */
int state_refuse_gone(const char *path, const char *name, struct rw_error *err);

/* Reads the authorities into 'folder', brings a step to its end that a crash cut off; makes the first one if it may. */
RW_NODISCARD int state_open_authority(const char *path, int64_t now_s, const struct rw_random *random,
				      bool may_make, struct rw_state_folder *folder, struct rw_error *err);
