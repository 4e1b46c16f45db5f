/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What one of two images lacks of the other (private to src/classify)
 *
 * Two images of one layout are kept alike by copying what was written to one of them since they were: so a change of
 * rules costs what it changes twice, and never what the image has.
 */

#include "classify/compile.h"

struct rw_classify_log;

/*
 * A log of what is written from now on that 'other', whose image is alike, will lack; nodes are added from 'first_page'
 * on.  NULL when memory runs out.
 */
struct rw_classify_log *rw_log_new(const struct rw_classify_memory *other, uint32_t first_page);
struct rw_classify_log *rw_log_free(struct rw_classify_log *log);
RW_DEFINE_CLEANUP(struct rw_classify_log *, rw_log_free)

/* Notes that bytes were written.  Cannot fail: what does not fit makes it a log of everything. */
void rw_log_note(struct rw_classify_log *log /* nullable */, size_t offset, size_t size);

/*
 * Writes to 'to' what it lacks of 'from', whose first 'page_count' pages count: everything when there is no log, or when
 * another table, which came to nothing, was written to 'to' since.
 */
void rw_log_replay(const struct rw_classify_log *log /* nullable */, const void *from,
		   const struct rw_classify_memory *to, uint32_t page_count);
