/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whole small files: read with a limit, written so that a crash leaves the old or the new content. */

#include <sys/types.h>

#include "base/buf.h"

/* Reads all of 'path' into 'buf' (appended; bounded by its maximum).  -errno, -E2BIG. */
RW_NODISCARD int rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err);

/*
 * Writes 'size' bytes to 'path' by a temporary file beside it, fsync, rename and fsync of the folder:
 * after a crash the file holds the old or the new content, never a part.  'mode' as in open(2).
 */
RW_NODISCARD int rw_file_write(const char *path, const void *bytes, size_t size, mode_t mode,
			       struct rw_error *err);

/* mkdir -p with 'mode' for what is made.  Existing folders are fine. */
RW_NODISCARD int rw_file_make_folder(const char *path, mode_t mode, struct rw_error *err);
