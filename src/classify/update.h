/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changing a table where it stands
 * ================================
 *
 * When one member more or less is all that a policy differs in, its table becomes that policy's by one store, which
 * programs may see at any moment: before it they decide by the old policy, after it by the new one.  The store
 * replaces the entry of a trie that leads to the addresses of that member by one that leads to their new class;
 * a class that there was not yet gets its record and rows first.  What is new is written to the spare room of
 * rw_classify_options.spacious; nothing that a program may still read is written over, and nothing is given
 * back: when the room is used up, the next compilation makes a table with fresh one.
 *
 * A table is never the worse for it: it decides as the one that rw_classify_compile makes of the same policy.
 *
 * Cost: microseconds, whatever the size of the policy, but for finding the member that differs, which compares the
 * two sets byte by byte (0.1 ms for 100,000).  The first class that is new costs what the columns of the
 * policy cost once more, some tenths of a millisecond.
 */

#include "classify/compile.h"

/* Outcome: more than one store, or more room, would be needed.  Nothing has changed: compile. */
#define RW_CLASSIFY_BESIDE 1

/*
 * Makes 'table', whose pages are in 'memory', that of 'policy' (a reference is kept).  0, RW_CLASSIFY_BESIDE,
 * -ENOMEM; after a failure nothing has changed.
 */
RW_NODISCARD int rw_classify_update(struct rw_classify_table *table, const struct rw_policy *policy,
				    struct rw_classify_memory *memory, struct rw_error *err);
