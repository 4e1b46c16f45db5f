/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What becomes of the live flows that a change refuses.  Every change says it; what is not concerned by the
 * change, or is still accepted, is never touched.
 */

enum rw_established {
	RW_ESTABLISHED_CUT,      /* they are cut at their next packet */
	RW_ESTABLISHED_KEEP,     /* they go on until they end, or a change says CUT_KEPT */
	RW_ESTABLISHED_CUT_KEPT, /* they are cut, and so are those that earlier changes kept */
};

/* What holds for two changes that are put in force as one: what cuts more. */
static inline enum rw_established rw_established_both(enum rw_established a, enum rw_established b)
{
	if (a == RW_ESTABLISHED_KEEP)
		return b;
	return b == RW_ESTABLISHED_CUT_KEPT ? b : a;
}
