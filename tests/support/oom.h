/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory that runs out at the first, second, third ... allocation
 * ===============================================================
 *
 * A program that depends on oom_dep is linked with --wrap: every allocation of ours (not of shared libraries)
 * goes through here and can be told to fail.  oom_each() repeats a piece of work, failing one allocation more
 * each time, until none is hit any more:
 *
 *     static int add_rule(void *userdata, struct rw_error *err) { ... return r; }
 *     static void undo(void *userdata, int result) { look that all is as before; put it back }
 *
 *     oom_each(&(struct oom_work){.run = add_rule, .after = undo, .userdata = &world});
 *
 * Whatever the piece allocates it must free or 'after' must, so that the address sanitizer's build finds
 * leaks.
 */

#include <stdbool.h>

#include "base/error.h"

struct oom_work {
	/*
	 * Runs once per failing allocation; 0, -ENOMEM with 'err' filled, or more than 0 when that is a
	 * success.
	 */
	int (*run)(void *userdata, struct rw_error *err);
	/* Nullable.  Runs with memory enough after each run. */
	void (*after)(void *userdata, int result);
	void *userdata;
	bool silent;          /* the work has no words for what failed: 'err' is not looked at */
	bool may_not_fail;    /* the work has no result: what can fail in it is done again later */
	unsigned long least;  /* failures that must have been seen; 0 = 1 */
	unsigned long stride; /* only every so many-th allocation fails, where there are very many; 0 = 1 */
};

/* Fails the test when a run does not end as above, and unless the last run, with memory enough, succeeds. */
void oom_each(const struct oom_work *work);

/*
 * For allocators of libraries that can be told which one to use: counts, and says whether this one must fail.
 */
bool oom_fails(void);

/* From here on the 'nth' allocation fails (1 = the next); 0 = none.  oom_each does this for its runs. */
void oom_arm(unsigned long nth);

/* Allocations seen since oom_arm. */
unsigned long oom_seen(void);

/* Runs a part of the work (a fake's) with memory enough: pause before, resume after; they nest. */
void oom_pause(void);
void oom_resume(void);
