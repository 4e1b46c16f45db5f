/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a test leaves on the machine
 * =================================
 *
 * A folder of a test is named after its process: /tmp/rwt-<pid>-XXXXXX.  It goes with scratch_remove, at the latest when
 * the process ends.  A process that was killed leaves it; the first scratch_make of any other test removes the
 * folders of processes that are gone.  tests/support/scratch.py does the same for tests in Python.
 *
 * An agent has a run folder below /run that is named after its state folder.  So a state folder in a folder of
 * ours has a path of scratch_state, and the run folder goes in the same way.
 */

#include <stdbool.h>
#include <stddef.h>

#define SCRATCH_SIZE 48 /* room that a path of scratch_make takes */

/* Makes an empty folder that only this user enters; that it cannot ends the test. */
void scratch_make(char path[SCRATCH_SIZE]);

/*
 * Removes the folder with all that is in it, and the run folders of all agents of this process.  0, or -1 when something
 * is left: so it may be the end of a teardown.
 */
int scratch_remove(const char *path);

/* The path of an agent's state folder in 'folder', which it does not make. */
void scratch_state(char *path, size_t size, const char *folder, const char *name);

/*
 * Calls 'remove' for each entry of a folder whose name is 'prefix' and then the number of a process that is gone, or with
 * 'own' of this one; the number is followed by nothing or by a minus.
 */
typedef void scratch_remove_fn(const char *path);
void scratch_sweep(const char *folder, const char *prefix, bool own, scratch_remove_fn *remove);

/* Removes a file, or a folder with all that is in it; -1 when something is left. */
int scratch_remove_tree(const char *path);
