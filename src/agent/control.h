/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The control socket of a running agent
 * =====================================
 *
 * A Unix stream socket RUN/control.sock, mode 0600 in a folder of mode 0700, so for root alone.  A client
 * sends one line -- "status", "status json", "metrics", "detach", "attach" -- and reads to the end: a first line "ok",
 * or "error" and what went wrong, then the answer.  At most RW_CONTROL_CLIENTS are served at a time; the
 * oldest makes way for the next.
 */

#include "agent/state.h"
#include "base/buf.h"
#include "loop/loop.h"

#define RW_CONTROL_CLIENTS    4
#define RW_CONTROL_LINE_MAX   64
#define RW_CONTROL_ANSWER_MAX (1u << 20)

struct rw_control;

/* Answers 'command': appends to 'answer' and returns 0, or a negative errno and 'err'. */
typedef int rw_control_fn(void *context, const char *command, struct rw_buf *answer, struct rw_error *err);

/* Listens; an old socket file is replaced (the caller holds the instance's lock). */
RW_NODISCARD int rw_control_new(struct rw_loop *loop, const struct rw_agent_place *place, rw_control_fn *fn,
				void *context, struct rw_control **ret_control, struct rw_error *err);
struct rw_control *rw_control_free(struct rw_control *control);
RW_DEFINE_CLEANUP(struct rw_control *, rw_control_free)

#define RW_CONTROL_ABSENT 1 /* outcome: no agent is running */

/*
 * The client's side: sends 'command' and waits at most 'timeout_ms' for the answer, appended to 'answer'.
 * 0; RW_CONTROL_ABSENT; -ETIMEDOUT; -EIO with the agent's words when it says "error".
 */
RW_NODISCARD int rw_control_call(const struct rw_agent_place *place, const char *command,
				 unsigned int timeout_ms, struct rw_buf *answer, struct rw_error *err);
