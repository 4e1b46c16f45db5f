/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whole files: read with a limit, written so that a crash leaves the old or the new content. */

#include <limits.h>
#include <sys/types.h>

#include "base/buf.h"

/* Reads all of 'path' into 'buf' (appended; bounded by its maximum).  -errno, -E2BIG. */
RW_NODISCARD int rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err);

/*
 * Reads a secret into 'text', which has room for 'size' bytes, as text: at most size - 1 bytes of it.  'what' is for the
 * errors: "the master key".  -EPERM when group or others may touch the file, or the failure of reading.
 */
RW_NODISCARD int rw_file_read_secret(const char *path, const char *what, char *text, size_t size,
				     struct rw_error *err);

/*
 * Writes 'size' bytes to 'path' by a temporary file beside it, fsync, rename and fsync of the folder:
 * after a crash the file holds the old or the new content, never a part.  'mode' as in open(2).
 */
RW_NODISCARD int rw_file_write(const char *path, const void *bytes, size_t size, mode_t mode,
			       struct rw_error *err);

/*
 * The same for what comes in pieces.  Until _put the file at 'path' is what it was:
 *
 *     RW_CLEANUP(rw_new_file_done) struct rw_new_file file;
 *
 *     r = rw_new_file_begin(&file, path, 0600, err);        the temporary file
 *     r = rw_new_file_add(&file, bytes, size, err);         as often as needed
 *     r = rw_new_file_flush(&file, err);                    fsync: nothing is left that the disk could refuse
 *     r = rw_new_file_put(&file, err);                      rename, and fsync of the folder
 *
 * 'path' is borrowed until the end.  _done removes the temporary file when it was not put; it may be called after a
 * _begin that failed.  All give -errno, with the path in 'err'; then there is nothing to do but _done.
 */
struct rw_new_file {
	const char *path;
	int fd;
	char temporary[PATH_MAX]; /* "" = there is none (any more) */
};

RW_NODISCARD int rw_new_file_begin(struct rw_new_file *file, const char *path, mode_t mode,
				   struct rw_error *err);
RW_NODISCARD int rw_new_file_add(struct rw_new_file *file, const void *bytes, size_t size,
				 struct rw_error *err);
RW_NODISCARD int rw_new_file_flush(struct rw_new_file *file, struct rw_error *err);
RW_NODISCARD int rw_new_file_put(struct rw_new_file *file, struct rw_error *err);
void rw_new_file_done(struct rw_new_file *file);
RW_DEFINE_DONE(struct rw_new_file, rw_new_file_done)

/* mkdir -p with 'mode' for what is made.  Existing folders are fine. */
RW_NODISCARD int rw_file_make_folder(const char *path, mode_t mode, struct rw_error *err);
