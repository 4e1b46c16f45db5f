/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/session.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/delta.h"

enum stage {
	STAGE_IDLE,    /* no stream; the next try is due at 'deadline_ms' */
	STAGE_OPENING, /* asked for; nothing has come yet */
	STAGE_STREAMING,
	STAGE_GIVEN_UP, /* the controller does not want us */
};

/* What is due before the heartbeat. */
enum urgency {
	URGENCY_NONE,
	URGENCY_BRIEF, /* a report of the policy */
	URGENCY_WHOLE,
};

struct rw_agent_session {
	struct rw_agent_transport transport;
	struct rw_controllers *controllers; /* borrowed */
	struct rw_agent_host host;
	const struct rw_random *random;

	enum stage stage;
	uint64_t deadline_ms; /* IDLE: of the next try; OPENING, STREAMING: of the next line */
	uint64_t retry_ms;    /* length of the next wait, before jitter */
	bool stands_by;       /* one of the controllers tried in this round */
	char reason[256];
	struct rw_stream_reader *reader; /* of this stream; NULL without one */

	struct rw_policy *policy; /* newest received; NULL = none */
	struct rw_position position;
	bool needs_snapshot; /* what is held cannot be built on */

	uint64_t heartbeat_ms; /* when the next whole report is due */
	enum urgency urgency;
	bool report_under_way;
	unsigned int reports_failed;
};

/* ---- life ---- */

int rw_agent_session_new(const struct rw_agent_transport *transport, struct rw_controllers *controllers,
			 const struct rw_agent_host *host, const struct rw_random *random,
			 struct rw_agent_session **ret_session)
{
	struct rw_agent_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->transport = *transport;
	session->controllers = controllers;
	session->host = *host;
	session->random = random;
	session->retry_ms = RW_AGENT_RETRY_MIN_MS;
	*ret_session = session;
	return 0;
}

struct rw_agent_session *rw_agent_session_free(struct rw_agent_session *session)
{
	if (!session)
		return NULL;
	if (session->reader)
		session->transport.close(session->transport.context);
	(void)rw_stream_reader_free(session->reader);
	(void)rw_policy_unref(session->policy);
	free(session);
	return NULL;
}

static void hold(struct rw_agent_session *session, const struct rw_position *position,
		 const struct rw_policy *policy)
{
	struct rw_policy *reference = rw_policy_ref(policy);

	(void)rw_policy_unref(session->policy);
	session->policy = reference;
	session->position = *position;
}

void rw_agent_session_hold(struct rw_agent_session *session, const struct rw_position *position,
			   const struct rw_policy *policy)
{
	hold(session, position, policy);
}

static void notice(struct rw_agent_session *session, bool is_warning, const char *format, ...)
	RW_PRINTF(3, 4);

static void notice(struct rw_agent_session *session, bool is_warning, const char *format, ...)
{
	char text[768];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	session->host.notice(session->host.context, is_warning, text);
}

/* ---- the stream's life ---- */

/* A wait of 'min_ms' to 'max_ms'. */
static uint64_t jittered(const struct rw_agent_session *session, uint64_t min_ms, uint64_t max_ms)
{
	uint64_t random;

	session->random->fill(session->random, &random, sizeof(random));
	return max_ms - random % (max_ms - min_ms + 1);
}

/* The current controller could not be followed: how long to wait before the next one is tried. */
static uint64_t wait_for_next(struct rw_agent_session *session)
{
	uint64_t retry_ms = session->retry_ms;

	if (rw_controllers_failed(session->controllers))
		return jittered(session, RW_AGENT_SWITCH_MIN_MS, RW_AGENT_SWITCH_MAX_MS);
	if (session->stands_by && retry_ms > RW_AGENT_TAKEOVER_MS)
		retry_ms = RW_AGENT_TAKEOVER_MS;
	session->stands_by = false;
	session->retry_ms = retry_ms < RW_AGENT_RETRY_MAX_MS / 2 ? 2 * retry_ms : RW_AGENT_RETRY_MAX_MS;
	return jittered(session, retry_ms - retry_ms / 2, retry_ms);
}

/* Ends the stream, if any, and plans the next try: of the next controller, or after 'retry_ms' of the same one. */
static void end_stream(struct rw_agent_session *session, uint64_t now_ms, uint64_t retry_ms,
		       const char *reason)
{
	bool is_news = rw_controllers_complain(session->controllers, reason);
	uint64_t wait_ms =
		retry_ms ? jittered(session, retry_ms - retry_ms / 2, retry_ms) : wait_for_next(session);

	if (session->reader)
		session->transport.close(session->transport.context);
	session->reader = rw_stream_reader_free(session->reader);
	/* Once a stream is lost is news; that it is still lost is not. */
	if (session->stage == STAGE_STREAMING || is_news)
		notice(session, true,
		       "controller not connected; enforcement goes on  server=%s reason=\"%s\" retry_ms=%llu",
		       session->controllers->current, reason, (unsigned long long)wait_ms);
	(void)snprintf(session->reason, sizeof(session->reason), "%s", reason);
	session->stage = STAGE_IDLE;
	session->deadline_ms = now_ms + wait_ms;
	session->reports_failed = 0;
	session->host.wake(session->host.context);
}

static void open_stream(struct rw_agent_session *session, uint64_t now_ms)
{
	static const struct rw_position nothing = {.revision = 0};
	bool resumes = session->policy && !session->needs_snapshot;
	struct rw_policy_digest digest = {{0, 0}};
	struct rw_error err = RW_ERROR_NONE;
	bool moved;
	const char *server = rw_controllers_next(session->controllers, &moved);

	if (moved)
		session->report_under_way = false;
	if (resumes)
		digest = rw_policy_digest(session->policy);
	session->reader = rw_stream_reader_new();
	if (!session->reader) {
		end_stream(session, now_ms, 0, "out of memory");
		return;
	}
	session->stage = STAGE_OPENING;
	session->deadline_ms = now_ms + RW_AGENT_SILENCE_MS;
	if (session->transport.open(session->transport.context, server, moved,
				    resumes ? &session->position : &nothing, &digest, &err) < 0)
		end_stream(session, now_ms, 0, err.text);
	else
		session->heartbeat_ms = now_ms;
}

void rw_agent_session_cut(struct rw_agent_session *session, uint64_t now_ms, const char *reason,
			  bool stands_by)
{
	if (!session->reader)
		return;
	session->stands_by |= stands_by;
	end_stream(session, now_ms, 0, reason);
}

/* ---- frames ---- */

/* What is held and what the controller says have parted: starts over by a snapshot. */
static void out_of_step(struct rw_agent_session *session, uint64_t now_ms, const char *reason)
{
	session->needs_snapshot = true;
	end_stream(session, now_ms, RW_AGENT_RETRY_MIN_MS, reason);
}

static void report_within(struct rw_agent_session *session, enum urgency urgency)
{
	if (session->urgency < urgency)
		session->urgency = urgency;
	session->host.wake(session->host.context);
}

static void take_policy(struct rw_agent_session *session, const struct rw_position *position,
			const struct rw_policy *policy, enum rw_established established, enum urgency urgency)
{
	session->needs_snapshot = false;
	hold(session, position, policy);
	session->host.apply(session->host.context, position, policy, established);
	report_within(session, urgency);
}

static bool same_digest(const struct rw_policy_digest *a, const struct rw_policy_digest *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

/* Makes the policy that a frame's delta leads to; what is wrong with it is in 'err'. */
static int apply_delta(const struct rw_agent_session *session, const struct rw_frame *frame,
		       struct rw_policy **ret_policy, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *result = NULL;
	struct rw_policy_digest digest;
	int r;

	if (!session->policy || session->needs_snapshot ||
	    strcmp(frame->position.incarnation, session->position.incarnation) != 0 ||
	    frame->from != session->position.revision)
		return rw_error_set(err, -EINVAL, "the delta starts from another revision than the one held");
	r = rw_policy_apply_delta(session->policy, frame->delta, &result, err);
	if (r < 0)
		return r;
	digest = rw_policy_digest_as(result, frame->version);
	if (!same_digest(&digest, &frame->digest))
		return rw_error_set(err, -EINVAL, "the result of the delta has another digest");
	*ret_policy = RW_TAKE_PTR(result);
	return 0;
}

static void take_delta(struct rw_agent_session *session, uint64_t now_ms, const struct rw_frame *frame)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *result = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (apply_delta(session, frame, &result, &err) < 0)
		out_of_step(session, now_ms, err.text);
	else
		take_policy(session, &frame->position, result, frame->established, URGENCY_BRIEF);
}

/* A question that does not fit what is held is not answered: who asked does not wait for ever. */
static void take_question(struct rw_agent_session *session, const struct rw_frame *frame)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *result = NULL;
	struct rw_error err = RW_ERROR_NONE;

	if (apply_delta(session, frame, &result, &err) < 0) {
		notice(session, true, "a question of the controller is not answered: %s", err.text);
		return;
	}
	session->host.judge(session->host.context, frame->question, result);
	rw_agent_session_report_soon(session);
}

static void take_bookmark(struct rw_agent_session *session, uint64_t now_ms, const struct rw_frame *frame)
{
	if (!session->policy || strcmp(frame->position.incarnation, session->position.incarnation) != 0 ||
	    frame->position.revision < session->position.revision) {
		out_of_step(session, now_ms, "the controller's position does not follow the one held");
		return;
	}
	session->position = frame->position;
	session->host.confirm(session->host.context, &frame->position);
}

static void take_refusal(struct rw_agent_session *session, uint64_t now_ms, const struct rw_frame *frame)
{
	char reason[sizeof(session->reason)];

	(void)snprintf(reason, sizeof(reason), "refused by the controller: %.200s", frame->reason);
	end_stream(session, now_ms, frame->retry_ms ? frame->retry_ms : RW_AGENT_RETRY_MAX_MS, reason);
	if (!frame->retry_ms)
		session->stage = STAGE_GIVEN_UP;
}

static void take_frame(struct rw_agent_session *session, uint64_t now_ms, const struct rw_frame *frame)
{
	switch (frame->kind) {
	case RW_FRAME_SNAPSHOT:
		take_policy(session, &frame->position, frame->policy, frame->established, URGENCY_WHOLE);
		break;
	case RW_FRAME_DELTA:
		take_delta(session, now_ms, frame);
		break;
	case RW_FRAME_QUESTION:
		take_question(session, frame);
		break;
	case RW_FRAME_BOOKMARK:
		take_bookmark(session, now_ms, frame);
		break;
	case RW_FRAME_DETACH:
		session->host.detach(session->host.context, frame->reason);
		end_stream(session, now_ms, 0, "let go by the controller");
		session->stage = STAGE_GIVEN_UP;
		break;
	case RW_FRAME_REFUSED:
		take_refusal(session, now_ms, frame);
		break;
	}
}

void rw_agent_session_line(struct rw_agent_session *session, uint64_t now_ms, const char *line, size_t size)
{
	RW_CLEANUP(rw_frame_done) struct rw_frame frame = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (!session->reader)
		return;
	if (session->stage == STAGE_OPENING) {
		session->stage = STAGE_STREAMING;
		session->reason[0] = '\0';
		notice(session, false, "controller connected  server=%s", session->controllers->current);
		session->host.wake(session->host.context);
	}
	session->deadline_ms = now_ms + RW_AGENT_SILENCE_MS;
	r = rw_stream_reader_line(session->reader, line, size, &frame, &err);
	if (r < 0) {
		out_of_step(session, now_ms, err.text);
		return;
	}
	if (r != RW_STREAM_FRAME)
		return;
	/* Only a stream that gives whole frames has worked. */
	session->retry_ms = RW_AGENT_RETRY_MIN_MS;
	rw_controllers_worked(session->controllers);
	take_frame(session, now_ms, &frame);
}

/* ---- reports and time ---- */

void rw_agent_session_report_soon(struct rw_agent_session *session)
{
	report_within(session, URGENCY_WHOLE);
}

void rw_agent_session_reported(struct rw_agent_session *session, uint64_t now_ms, bool answered)
{
	session->report_under_way = false;
	session->host.wake(session->host.context);
	session->reports_failed = answered ? 0 : session->reports_failed + 1;
	if (session->reports_failed >= RW_AGENT_REPORTS_FAILED && session->reader)
		end_stream(session, now_ms, 0, "the controller does not answer reports");
}

static void send_report(struct rw_agent_session *session, uint64_t now_ms)
{
	bool brief = session->urgency == URGENCY_BRIEF && now_ms < session->heartbeat_ms;
	struct rw_error err = RW_ERROR_NONE;

	if (!brief)
		session->heartbeat_ms = now_ms + RW_AGENT_HEARTBEAT_MS;
	session->urgency = URGENCY_NONE;
	session->report_under_way = true;
	if (session->transport.report(session->transport.context, brief, &err) < 0) {
		notice(session, true, "cannot report: %s", err.text);
		session->report_under_way = false;
	}
}

uint64_t rw_agent_session_tick(struct rw_agent_session *session, uint64_t now_ms)
{
	uint64_t next_ms;

	if (session->stage == STAGE_GIVEN_UP)
		return now_ms + RW_AGENT_RETRY_MAX_MS;
	if (now_ms >= session->deadline_ms) {
		if (session->stage == STAGE_IDLE)
			open_stream(session, now_ms);
		else
			end_stream(session, now_ms, 0, "nothing came from the controller for too long");
	}
	next_ms = session->deadline_ms;
	if (session->stage != STAGE_STREAMING || session->report_under_way)
		return next_ms;
	if (session->urgency != URGENCY_NONE || now_ms >= session->heartbeat_ms)
		send_report(session, now_ms);
	return session->heartbeat_ms < next_ms ? session->heartbeat_ms : next_ms;
}

void rw_agent_session_status(const struct rw_agent_session *session,
			     struct rw_agent_session_status *ret_status)
{
	struct rw_agent_session_status status = {
		.connected = session->stage == STAGE_STREAMING,
		.given_up = session->stage == STAGE_GIVEN_UP,
		.held = session->position,
	};

	memcpy(status.reason, session->reason, sizeof(status.reason));
	*ret_status = status;
}
