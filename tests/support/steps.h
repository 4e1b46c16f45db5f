/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A process killed before any of its steps
 * ========================================
 *
 * Steps are what others can see of what an enforcer does: a program exchanged, an object pinned, a pin renamed or
 * removed, a message to the kernel's network tables, a map changed by a system call.  Stores to mapped memory are none.
 *
 *     for (number = 0; steps_kill_before(work, context, number); number++)
 *             look at what is left;
 */

#include <stdbool.h>

/* Runs in the child; calls steps_begin where it gets interesting. */
typedef void steps_fn(void *context);
void steps_begin(void);

/*
 * Forks, runs 'work' there and kills it before its step 'number' behind steps_begin.  False when it has ended before,
 * with everything done; a failure of its own fails the test.
 */
bool steps_kill_before(steps_fn *work, void *context, unsigned int number);
