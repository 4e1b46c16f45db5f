/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sessions of the console
 * =======================
 *
 * A browser signs in once, with an API key or a one-time link, and then shows a cookie: 32 random bytes that stand
 * for the key and carry nothing of it.  A session may what its key may, and ends
 *   - when its key is revoked or expires, from that moment on;
 *   - when nothing was asked by it for RW_CONSOLE_IDLE_MS, and after RW_CONSOLE_LIFE_MS in any case;
 *   - when it is signed out, or has to make room: a key has at most RW_CONSOLE_KEY_SESSIONS, all have at most
 *     limits.console_sessions, and the one that was idle longest goes;
 *   - with the process: sessions are soft state.
 *
 * A **link** is a token that gives one session of the key it was made with.  It works once, within
 * RW_CONSOLE_LINK_MS; a key has at most RW_CONSOLE_KEY_LINKS, the oldest goes.
 *
 * Of cookies and links only digests are kept; they are compared in constant time.  Each session has a second
 * secret, 'csrf', that the pages send beside the cookie with what changes something: another site can make a
 * browser send the cookie, but cannot read this.
 *
 * Threads: the controller's.
 */

#include "controller/controller.h"

#define RW_CONSOLE_IDLE_MS      (UINT64_C(12) * 3600 * 1000)
#define RW_CONSOLE_LIFE_MS      (UINT64_C(7) * 24 * 3600 * 1000)
#define RW_CONSOLE_LINK_MS      (UINT64_C(5) * 60 * 1000)
#define RW_CONSOLE_KEY_SESSIONS 32
#define RW_CONSOLE_KEY_LINKS    8
#define RW_CONSOLE_LINKS        64 /* of all keys */

struct rw_console_session {
	uint64_t number; /* from 1, never used again */
	char key[RW_TOKEN_ID_MAX + 1];
	char csrf[RW_TOKEN_SECRET_SIZE];
	int64_t expires_ms; /* Unix time of its end, if it is not idle too long before */
};

/*
 * Begins a session of the key that 'actor' was authenticated by.  'ret_cookie' is always a fresh one, never one
 * that the browser brought.  Wipe it after use.  Cannot fail: somebody else's idle session makes room.
 */
void rw_console_sign_in(struct rw_controller *controller, const struct rw_actor *actor,
			char ret_cookie[RW_TOKEN_SECRET_SIZE], struct rw_console_session *ret_session);

/*
 * Whose session the cookie is of: ret_actor->via_console is set.  Counts as use of the session and of its key.
 * -ENOKEY: no such session (any more).  Wrong cookies are not counted as guesses: a browser that was left open
 * sends them by the dozen, and 256 random bits are not guessed.
 */
RW_NODISCARD int rw_console_authenticate(struct rw_controller *controller, const char *cookie,
					 const struct rw_address *address, struct rw_actor *ret_actor,
					 struct rw_console_session *ret_session, struct rw_error *err);

/* Ends a session; one that has ended already is fine. */
void rw_console_sign_out(struct rw_controller *controller, uint64_t number);

/* Whether the session goes on.  Is no use of it. */
bool rw_console_is_open(const struct rw_controller *controller, uint64_t number);

/*
 * Makes a link for the key that 'actor' was authenticated by.  -EACCES for who came by a session: links would
 * prolong it past its end.
 */
RW_NODISCARD int rw_console_link_create(struct rw_controller *controller, const struct rw_actor *actor,
					char ret_token[RW_TOKEN_SIZE], int64_t *ret_expires_ms,
					struct rw_error *err);

/*
 * Uses a link up: *ret_actor is whose key it was made with.  -ENOKEY: unknown, used, too old, or its key is
 * gone (nothing tells which); -EAGAIN: too many wrong keys and links from 'address', as rw_key_authenticate.
 */
RW_NODISCARD int rw_console_link_use(struct rw_controller *controller, const char *token,
				     const struct rw_address *address, struct rw_actor *ret_actor,
				     struct rw_error *err);

/* Open sessions, and how often somebody signed in since the process began. */
size_t rw_console_session_count(const struct rw_controller *controller);
uint64_t rw_console_sign_in_count(const struct rw_controller *controller);
