/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rights of the running agent
 * ===============================
 *
 * The agent starts as root to mount a BPF file system where there is none and to start its helper (helper.h);
 * then it keeps what enforcement needs and nothing else, for good:
 *
 *     CAP_NET_ADMIN   hooks, filters, conntrack
 *     CAP_BPF         programs, maps, pins
 *     CAP_PERFMON     programs without the verifier's restrictions for pointers and speculation
 *
 * It stays user 0, so its folders stay root's; without CAP_DAC_OVERRIDE it cannot touch files that are not.
 * Neither it nor a program it would execute can get anything back: the bounding set is cut as well, and
 * no_new_privs is set.
 *
 * Rights are a thread's: drop before the first thread is made.
 */

#include "base/error.h"

/* Sets of rights to keep. */
enum rw_privileges {
	RW_PRIVILEGES_AGENT, /* the three above */
	RW_PRIVILEGES_HELPER, /* CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH: whose sockets; CAP_SYS_ADMIN: names of programs */
};

/*
 * Gives up all rights that are not in the set; those of the set that the process does not have stay missing.
 * Where CAP_BPF or CAP_PERFMON is missing, CAP_SYS_ADMIN, which the kernel takes for both, is kept instead.
 * A negative errno when the kernel refuses, with rights as they were or fewer.
 */
RW_NODISCARD int rw_privileges_drop(enum rw_privileges kept, struct rw_error *err);
