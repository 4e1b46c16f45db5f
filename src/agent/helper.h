/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent's helper
 * ==================
 *
 * A process that is forked before the agent drops its rights, and keeps those that two questions need: which
 * processes listen (whose sockets these are is seen in /proc, with CAP_SYS_PTRACE), and what a BPF program is
 * called (with CAP_SYS_ADMIN).  It answers them and nothing else, and takes no other input than a question's
 * number and a program's id, so that whoever takes over the agent does not gain its rights.
 *
 * It ends with the agent, however that ends.  When it is gone, or does not answer in time, questions fail; the
 * agent goes on with what it knows.
 *
 * A question waits up to two seconds; a pass over /proc takes about a millisecond per 100 processes.
 */

#include "agent/listeners.h"

struct rw_helper;

#define RW_HELPER_NAME_SIZE 16

/* Finds the name of a BPF program; "" when it cannot: rw_enforce_bpf_program_name. */
typedef void rw_helper_name_fn(uint32_t id, char name[RW_HELPER_NAME_SIZE]);

/*
 * Forks it; it names programs by 'name_program'.  To be called while the process has one thread and full rights; the child keeps no descriptor but
 * its end of the wire and standard error.
 */
RW_NODISCARD int rw_helper_start(rw_helper_name_fn *name_program, struct rw_helper **ret_helper,
				 struct rw_error *err);

/* Ends it and waits for that; NULL is allowed. */
struct rw_helper *rw_helper_stop(struct rw_helper *helper);
RW_DEFINE_CLEANUP(struct rw_helper *, rw_helper_stop)

/* rw_listeners_read, done there.  Also -EPIPE and -ETIMEDOUT. */
RW_NODISCARD int rw_helper_read_listeners(struct rw_helper *helper, struct rw_listeners *ret_listeners,
					  struct rw_error *err);

/* Has 'name_program' called there; leaves 'name' as it is when that fails.  The first argument is the helper, so
 * that this is a rw_enforce_bpf_name_fn. */
void rw_helper_name_program(void *helper, uint32_t id, char name[RW_HELPER_NAME_SIZE]);
