/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A disk that fails on command: an SQLite VFS in front of the real one, made the default by faulty_install.
 * A countdown of n lets n calls pass and fails all that follow, until it is set to FAULTY_NEVER again.
 */

#define FAULTY_NEVER (-1)

struct faulty {
	int writes_left; /* then writes answer 'write_result' */
	int write_result;
	int syncs_left; /* then flushes answer SQLITE_IOERR_FSYNC */
	int writes;     /* calls so far, failed ones too */
	int syncs;
};

extern struct faulty faulty;

void faulty_install(void);

/* No faults, counters at 0. */
void faulty_reset(void);
