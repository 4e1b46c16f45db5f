/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growable byte buffer
 * ====================
 *
 * Invariants: 'data' is always NUL-terminated behind 'size' bytes (also when empty: ""); 'size' never
 * exceeds 'max_bytes'.  A failed append leaves the buffer as it was and is remembered, so a long row of
 * appends can be checked once at its end (rw_buf_check).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct rw_buf {
	char *data;      /* owned; never NULL after init */
	size_t size;     /* bytes in use, without the NUL */
	size_t capacity; /* bytes allocated, 0 = none yet */
	size_t max_bytes;
	int failed; /* why the first append failed: -E2BIG, -ENOMEM, -EINVAL; 0 = none did */
};

void rw_buf_init(struct rw_buf *buf, size_t max_bytes);
void rw_buf_done(struct rw_buf *buf);
RW_DEFINE_DONE(struct rw_buf, rw_buf_done)

/* Forgets the content and the failure, keeps the memory. */
void rw_buf_clear(struct rw_buf *buf);

/* Appends; 0, -ENOMEM, or -E2BIG beyond max_bytes. */
int rw_buf_append(struct rw_buf *buf, const void *bytes, size_t size);
int rw_buf_append_text(struct rw_buf *buf, const char *text);
int rw_buf_append_format(struct rw_buf *buf, const char *format, ...) RW_PRINTF(2, 3);

/*
 * Appends 'size' bytes that the caller writes at the place given, all of them and before anything else is done with the
 * buffer.  NULL as an append that failed.
 */
char *rw_buf_extend(struct rw_buf *buf, size_t size);

/*
 * For who appends from elsewhere and could not: as if an append had failed with 'code' (negative; 0 =
 * nothing).
 */
void rw_buf_fail(struct rw_buf *buf, int code);

/* Drops the first 'size' bytes (at most all). */
void rw_buf_consume(struct rw_buf *buf, size_t size);

/* 0 when every append so far succeeded; else the code of the first that failed, with 'err' filled. */
RW_NODISCARD int rw_buf_check(const struct rw_buf *buf, struct rw_error *err);

/* Gives the text (NUL-terminated, to be freed) and leaves the buffer empty; NULL on OOM. */
char *rw_buf_take_text(struct rw_buf *buf);
