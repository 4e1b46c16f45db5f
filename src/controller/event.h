/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Events
 * ======
 *
 * What happened, in one order: changes and what agents' states did.  The newest limits.events are kept, so
 * that a follower that lost its connection resumes without a gap; one that was away for longer, or since
 * before a restart of the controller, is told so and begins from a snapshot (the collections of the API).
 *
 *     cursor     how far a follower is: number of the last event it has seen
 *     position   the same as text, for Last-Event-ID: "<16 hex of this process>.<number>"
 *
 *     r = rw_event_resume(controller, last_event_id, &cursor);     // RW_EVENT_LOST: say so, begin anew
 *     while ((event = rw_event_next(controller, &cursor)))
 *             send(event);
 */

#include "controller/controller.h"
#include "controller/session.h"
#include "wire/writer.h"

enum rw_event_kind {
	RW_EVENT_CHANGE,          /* revision, actor, action */
	RW_EVENT_NODE_STATE,      /* node, state before and after, reason */
	RW_EVENT_APPLIED,         /* node, revision in force */
	RW_EVENT_FAILED,          /* node, revision, reason */
	RW_EVENT_ADDRESS_REFUSED, /* node, address in 'text' with the reason */
	RW_EVENT_CLAIM_REFUSED,   /* node, what else of its report is not believed */
	RW_EVENT_HOOK_RESTORED,   /* node; somebody had detached our programs, how often in 'text' */
};
extern const struct rw_word rw_words_event[];

struct rw_event {
	uint64_t number; /* 1, 2, ... in this process */
	int64_t time_ms;
	enum rw_event_kind kind;
	uint64_t revision; /* 0 where there is none */
	char node[RW_ID_SIZE];
	enum rw_node_state from, to; /* NODE_STATE */
	char *text;                  /* action or reason; owned by the ring; never NULL */
	char *actor;                 /* CHANGE: name of who; never NULL */
};

#define RW_EVENT_POSITION_SIZE 40
#define RW_EVENT_LOST          1

/* The cursor behind the newest event: follow from now on. */
uint64_t rw_event_newest(const struct rw_controller *controller);

/* The cursor of a position.  0; RW_EVENT_LOST (of another process, or too old); -EINVAL for other text. */
RW_NODISCARD int rw_event_resume(const struct rw_controller *controller, const char *position,
				 uint64_t *ret_cursor, struct rw_error *err);

/* The event behind the cursor, which moves; NULL when there is none yet.  A cursor that fell out of the ring
 * is told by *ret_lost (nullable) and moves to the oldest event kept.  Lent until the next event. */
const struct rw_event *rw_event_next(const struct rw_controller *controller, uint64_t *cursor,
				     bool *ret_lost);

void rw_event_position_format(const struct rw_controller *controller, uint64_t number,
			      char text[RW_EVENT_POSITION_SIZE]);

/* The event as a JSON object. */
void rw_event_write(struct rw_json_writer *json, const struct rw_event *event);

/* 'fn' runs after every event; it may call rw_event_next.  One listener; NULL = none. */
void rw_event_listen(struct rw_controller *controller, void (*fn)(void *userdata), void *userdata);
