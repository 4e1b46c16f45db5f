/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changing rules beside the table in force
 * ========================================
 *
 * When a few rules are all that a policy differs in, and sets that only these name, its image is made of that of the
 * table in force: the other memory is brought up to date with what changed since the two were alike, and then changed
 * where the rules say something else.  Nobody reads it meanwhile, so a switch of images puts the change in force, as
 * after a compilation.
 *
 * What a rule touches: the cells of its ports in the rows of the classes that lie in its object.  Ports that
 * so far were part of a wider range get a spare column (columns.h), a CIDR that no rule named before becomes
 * an atom, whose addresses get classes of their own.  Rule indexes stay: a new rule has a new one, and that
 * of a rule that is gone means nothing until the next compilation.
 *
 * The result decides as what rw_classify_compile makes of the policy.
 *
 * Cost: what is changed and what was changed the time before; for the rest one pass over the classes and over a few
 * bytes of each rule (plan.h, rows.h).  The first time after a compilation copies the image.
 */

#include "classify/update.h"

/* After so many changes of rules a table is to be compiled: what is gone makes the image grow. */
#define RW_REVISE_CHANGES_MAX 1024

/*
 * Makes *ret_table, that of 'policy' (a reference is kept), in 'to', out of 'table', which is in 'from' and
 * stays as it is, but cannot be changed any more when another one was made of it.  Both memories have
 * served the compilations of this table, of those before it and of such as came to nothing, and nothing else.
 *
 * 0; RW_CLASSIFY_BESIDE when more than some rules differ, or more room would be needed: compile; -ENOMEM.
 * After a failure the content of 'to' is undefined.
 */
RW_NODISCARD int rw_classify_revise(struct rw_classify_table *table, const struct rw_policy *policy,
				    struct rw_classify_memory *from, struct rw_classify_memory *to,
				    struct rw_classify_table **ret_table, struct rw_error *err);
