/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The control socket of a running agent
 * =====================================
 *
 * A Unix stream socket RUN/control.sock, mode 0600 in a folder of mode 0700, so for root alone.  A client
 * sends one line -- "status", "status json", "metrics", "capture", "detach", "attach", "early-drop on eth0" -- and reads to the end: a
 * first line "ok", or "error" and what went wrong, then the answer.  At most RW_CONTROL_CLIENTS are served at a
 * time; the oldest makes way for the next.
 *
 * "capture" has no end: after "ok" comes a line for every refused packet (agent/drop_line.h).  At most
 * RW_CONTROL_FOLLOWERS follow at a time, and they make way for nobody.  A follower that does not read loses
 * lines, and is told how many with the next that it gets; the agent never waits for one.
 */

#include "agent/state.h"
#include "base/buf.h"
#include "loop/loop.h"

#define RW_CONTROL_CLIENTS    4
#define RW_CONTROL_FOLLOWERS  2            /* less than clients */
#define RW_CONTROL_QUEUE_MAX  (128u << 10) /* bytes that wait for one follower */
#define RW_CONTROL_LINE_MAX   64
#define RW_CONTROL_ANSWER_MAX (1u << 20)

struct rw_control;

#define RW_CONTROL_FOLLOW 1 /* the client is to get what rw_control_tell says */

/*
 * Answers 'command': appends to 'answer' and returns 0, or RW_CONTROL_FOLLOW, or a negative errno and 'err'.
 */
typedef int rw_control_fn(void *context, const char *command, struct rw_buf *answer, struct rw_error *err);

/* Listens; an old socket file is replaced (the caller holds the instance's lock). */
RW_NODISCARD int rw_control_new(struct rw_loop *loop, const struct rw_agent_place *place, rw_control_fn *fn,
				void *context, struct rw_control **ret_control, struct rw_error *err);
struct rw_control *rw_control_free(struct rw_control *control);
RW_DEFINE_CLEANUP(struct rw_control *, rw_control_free)

/* Whether anybody follows; cheap. */
bool rw_control_is_followed(const struct rw_control *control);

/* Hands a line (with its end) to all followers, as far as they keep up. */
void rw_control_tell(struct rw_control *control, const char *line, size_t size);

#define RW_CONTROL_ABSENT 1 /* outcome: no agent is running */

/*
 * The client's side: sends 'command' and waits at most 'timeout_ms' for the answer, appended to 'answer'.
 * 0; RW_CONTROL_ABSENT; -ETIMEDOUT; -EIO with the agent's words when it says "error".
 */
RW_NODISCARD int rw_control_call(const struct rw_agent_place *place, const char *command,
				 unsigned int timeout_ms, struct rw_buf *answer, struct rw_error *err);

/*
 * Asks for what has no end: sends 'command', waits at most 'timeout_ms' for "ok" and gives the connection, of which
 * the caller reads lines and which it closes.  The outcomes of rw_control_call.
 */
RW_NODISCARD int rw_control_follow(const struct rw_agent_place *place, const char *command,
				   unsigned int timeout_ms, int *ret_fd, struct rw_error *err);
