/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent's session with its controllers
 * ========================================
 *
 * Keeps one stream open (wire/stream.h), follows it, and sends reports.  The session holds the newest policy
 * received, whether or not it could be applied, because the next delta starts from it; its host puts
 * policies in force.
 *
 * A stream is opened with the position and the digest of what is held, so that the controller sends only
 * what is new.  Whatever does not fit -- a delta from another revision or incarnation, a result with another
 * digest -- ends the stream, and the next one asks for a snapshot by naming no position.  A stream cut in
 * the middle of a frame changes nothing.
 *
 *     IDLE ---- time to try ----> OPENING ---- first line ----> STREAMING
 *       ^                            |                              |
 *       +---------- cut, refused, silent, out of step --------------+
 *
 * A stream that could not be opened, is refused by a standby, falls silent or breaks sends the session to the next
 * controller (agent/controllers.h) after RW_AGENT_SWITCH_MIN_MS to _MAX_MS.  When all were tried, it waits: 1 s,
 * doubling to 30 s, with jitter over its half, so that a thousand agents do not come back in one moment; after a
 * stream that had worked it begins anew.  Where one of them stood by it waits RW_AGENT_TAKEOVER_MS at most: that one will
 * be active within seconds of the other's end.  A controller that says when to come back, or whose stream did not fit, is
 * asked again itself.
 *
 * Reports go where the stream is open, and only then.
 *
 * A stream on which nothing comes for RW_AGENT_SILENCE_MS is dead, and so is one whose controller does not
 * answer reports.
 *
 * No clock and no socket: time comes with every call, the transport is a table of functions.
 */

#include "agent/controllers.h"
#include "base/clock.h"
#include "wire/stream.h"

#define RW_AGENT_SWITCH_MIN_MS  50u /* between two controllers */
#define RW_AGENT_SWITCH_MAX_MS  250u
#define RW_AGENT_TAKEOVER_MS    2000u
#define RW_AGENT_RETRY_MIN_MS   1000u
#define RW_AGENT_RETRY_MAX_MS   30000u
#define RW_AGENT_SILENCE_MS     20000u /* heartbeats come every 5 s */
#define RW_AGENT_HEARTBEAT_MS   5000u
#define RW_AGENT_REPORTS_FAILED 3u /* reports in a row without an answer that end the stream */

struct rw_agent_session;

/* What carries bytes.  Answers come back by rw_agent_session_line, _cut and _reported, never from inside. */
struct rw_agent_transport {
	/*
	 * Opens the stream of a controller; 'have' has revision 0 when a snapshot is asked for.  'moved': it is another
	 * controller than before, and the report that is under way there, if any, is given up without an answer.
	 */
	int (*open)(void *context, const char *server, bool moved, const struct rw_position *have,
		    const struct rw_policy_digest *digest, struct rw_error *err);
	/* Ends the stream; no line of it comes afterwards. */
	void (*close)(void *context);
	/* Makes a report, whole or brief (wire/report.h), and sends it to the controller of the stream; only one is
	 * under way at a time. */
	int (*report)(void *context, bool brief, struct rw_error *err);
	void *context;
};

/* Whom the session serves. */
struct rw_agent_host {
	/* A policy has come: puts it in force.  A report is due when this returns. */
	void (*apply)(void *context, const struct rw_position *position, const struct rw_policy *policy,
		      enum rw_established established);
	/*
	 * The controller asks which live flows 'policy' would refuse.  The answer goes with the next report, which
	 * is due when this returns.
	 */
	void (*judge)(void *context, uint64_t question, const struct rw_policy *policy);
	/* The policy that came last holds at this later position, too. */
	void (*confirm)(void *context, const struct rw_position *position);
	/* The controller lets the node go. */
	void (*detach)(void *context, const char *reason);
	/* The next tick is due earlier than the last one said: call it soon, not from inside this. */
	void (*wake)(void *context);
	/* Something for the log. */
	void (*notice)(void *context, bool is_warning, const char *text);
	void *context;
};

/* 'controllers' is borrowed and changed: which is tried, and which works.  At least one. */
RW_NODISCARD int rw_agent_session_new(const struct rw_agent_transport *transport,
				      struct rw_controllers *controllers, const struct rw_agent_host *host,
				      const struct rw_random *random, struct rw_agent_session **ret_session);
struct rw_agent_session *rw_agent_session_free(struct rw_agent_session *session);
RW_DEFINE_CLEANUP(struct rw_agent_session *, rw_agent_session_free)

/* Before the first tick: what is held already (the saved policy); kept by reference. */
void rw_agent_session_hold(struct rw_agent_session *session, const struct rw_position *position,
			   const struct rw_policy *policy);

/*
 * Does what is due at 'now_ms': opens the stream, ends a silent one, sends a report.  Returns when to call
 * again at the latest.
 */
uint64_t rw_agent_session_tick(struct rw_agent_session *session, uint64_t now_ms);

/* A line of the stream, without its end. */
void rw_agent_session_line(struct rw_agent_session *session, uint64_t now_ms, const char *line, size_t size);

/* The stream has ended or could not be opened, as from a controller that stands by; 'reason' for the log. */
void rw_agent_session_cut(struct rw_agent_session *session, uint64_t now_ms, const char *reason,
			  bool stands_by);

/* The report under way was answered, or not. */
void rw_agent_session_reported(struct rw_agent_session *session, uint64_t now_ms, bool answered);

/* Something happened that the controller should hear of at once: a whole report is due with the next tick. */
void rw_agent_session_report_soon(struct rw_agent_session *session);

struct rw_agent_session_status {
	bool connected;   /* the stream is open and something came on it */
	bool given_up;    /* the controller has said not to come back */
	char reason[256]; /* why not connected, or "" */
	struct rw_position held;
};
void rw_agent_session_status(const struct rw_agent_session *session,
			     struct rw_agent_session_status *ret_status);
