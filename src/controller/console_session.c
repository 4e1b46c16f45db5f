/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/console_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/internal.h"

#define MS_NS UINT64_C(1000000)

int console_init(struct rw_controller *controller)
{
	struct console *console = &controller->console;

	console->sessions = calloc(controller->limits.console_sessions, sizeof(*console->sessions));
	return console->sessions ? 0 : -ENOMEM;
}

void console_done(struct rw_controller *controller)
{
	/* What of secrets is in there goes with it. */
	if (controller->console.sessions)
		rw_secret_wipe(controller->console.sessions,
			       controller->console.session_count * sizeof(*controller->console.sessions));
	free(controller->console.sessions);
}

/* ---- sessions ---- */

/* Why it is over, or NULL while it goes on. */
static const char *end_of(const struct rw_controller *controller, const struct console_session *session)
{
	uint64_t now_ns = rw_clock_monotonic_ns(controller->clock);

	if (!key_is_good(controller, session->public.key))
		return "its key is revoked or expired";
	if (now_ns - session->used_ns >= RW_CONSOLE_IDLE_MS * MS_NS)
		return "idle";
	return now_ns - session->begun_ns >= RW_CONSOLE_LIFE_MS * MS_NS ? "too old" : NULL;
}

/* The last one takes its place. */
static void end_session(struct console *console, size_t index, const char *why)
{
	struct console_session *session = &console->sessions[index];

	rw_log_info("session of the console ended  session=%llu key=%s reason=\"%s\"",
		    (unsigned long long)session->public.number, session->public.key, why);
	*session = console->sessions[--console->session_count];
	rw_secret_wipe(&console->sessions[console->session_count], sizeof(*session));
}

void console_tick(struct rw_controller *controller)
{
	struct console *console = &controller->console;

	for (size_t i = console->session_count; i-- > 0;) {
		const char *why = end_of(controller, &console->sessions[i]);

		if (why)
			end_session(console, i, why);
	}
}

/* The session of 'key' (NULL = of any) that was idle longest, and how many there are. */
static size_t find_idlest(const struct console *console, const char *key, size_t *ret_index)
{
	size_t count = 0;

	for (size_t i = 0; i < console->session_count; i++) {
		const struct console_session *session = &console->sessions[i];

		if (key && strcmp(session->public.key, key) != 0)
			continue;
		if (count++ == 0 || session->used_ns < console->sessions[*ret_index].used_ns)
			*ret_index = i;
	}
	return count;
}

static void make_room(struct rw_controller *controller, const char *key)
{
	struct console *console = &controller->console;
	size_t index = 0;

	console_tick(controller);
	if (find_idlest(console, key, &index) >= RW_CONSOLE_KEY_SESSIONS)
		end_session(console, index, "its key began another one");
	else if (find_idlest(console, NULL, &index) >= controller->limits.console_sessions)
		end_session(console, index, "there are too many");
}

static void log_sign_in(const struct rw_console_session *session, const struct rw_actor *actor)
{
	char address[RW_ADDRESS_TEXT_SIZE] = "-";

	if (actor->address.family)
		rw_address_format(&actor->address, address);
	rw_log_info("signed in to the console  session=%llu key=%s from=%s",
		    (unsigned long long)session->number, session->key, address);
}

void rw_console_sign_in(struct rw_controller *controller, const struct rw_actor *actor,
			char ret_cookie[RW_TOKEN_SECRET_SIZE], struct rw_console_session *ret_session)
{
	struct console *console = &controller->console;
	const struct rw_key *key = rw_key_find(controller, actor->id);
	struct console_session *session;

	make_room(controller, actor->id);
	session = &console->sessions[console->session_count++];
	*session = (struct console_session){.public = {.number = ++console->newest}};
	rw_token_secret_make(controller->random, ret_cookie);
	rw_token_digest(ret_cookie, session->digest);
	rw_token_secret_make(controller->random, session->public.csrf);
	(void)snprintf(session->public.key, sizeof(session->public.key), "%s", actor->id);
	session->begun_ns = session->used_ns = rw_clock_monotonic_ns(controller->clock);
	session->public.expires_ms = rw_clock_realtime_ms(controller->clock) + (int64_t)RW_CONSOLE_LIFE_MS;
	if (key && key->expires_ms && key->expires_ms < session->public.expires_ms)
		session->public.expires_ms = key->expires_ms;
	log_sign_in(&session->public, actor);
	*ret_session = session->public;
}

/*
 * All are looked at, each in constant time.  That is some hundred comparisons of 32 bytes, less than what a key
 * costs, and what a cookie's digest begins with is not for the network to learn.
 */
static struct console_session *find_session(const struct console *console, const char *cookie)
{
	struct console_session *found = NULL;
	uint8_t digest[RW_SHA256_SIZE];

	rw_token_digest(cookie, digest);
	for (size_t i = 0; i < console->session_count; i++)
		if (rw_secret_equal(console->sessions[i].digest, digest, sizeof(digest)))
			found = &console->sessions[i];
	return found;
}

int rw_console_authenticate(struct rw_controller *controller, const char *cookie,
			    const struct rw_address *address, struct rw_actor *ret_actor,
			    struct rw_console_session *ret_session, struct rw_error *err)
{
	struct console_session *session = find_session(&controller->console, cookie);

	if (!session || end_of(controller, session) ||
	    key_resume(controller, session->public.key, address, ret_actor) < 0) {
		(void)rw_error_set(err, -ENOKEY, "this session is over");
		(void)rw_error_hint(err, "Sign in again.");
		return -ENOKEY;
	}
	ret_actor->via_console = true;
	session->used_ns = rw_clock_monotonic_ns(controller->clock);
	*ret_session = session->public;
	return 0;
}

void rw_console_sign_out(struct rw_controller *controller, uint64_t number)
{
	struct console *console = &controller->console;

	for (size_t i = 0; i < console->session_count; i++) {
		if (console->sessions[i].public.number != number)
			continue;
		end_session(console, i, "signed out");
		return;
	}
}

bool rw_console_is_open(const struct rw_controller *controller, uint64_t number)
{
	const struct console *console = &controller->console;

	for (size_t i = 0; i < console->session_count; i++)
		if (console->sessions[i].public.number == number)
			return !end_of(controller, &console->sessions[i]);
	return false;
}

size_t rw_console_session_count(const struct rw_controller *controller)
{
	return controller->console.session_count;
}

uint64_t rw_console_sign_in_count(const struct rw_controller *controller)
{
	return controller->console.newest;
}

/* ---- links ---- */

static bool is_link_good(const struct rw_controller *controller, const struct console_link *link)
{
	uint64_t age_ns = rw_clock_monotonic_ns(controller->clock) - link->begun_ns;

	return link->id[0] && age_ns < RW_CONSOLE_LINK_MS * MS_NS && key_is_good(controller, link->key);
}

/* Where the next link of 'key' goes: to what is free or used, else to the key's or everybody's oldest. */
static struct console_link *choose_link(struct rw_controller *controller, const char *key)
{
	struct console_link *links = controller->console.links;
	struct console_link *oldest = &links[0], *own = NULL, *spare = NULL;
	size_t count = 0;

	for (size_t i = 0; i < RW_CONSOLE_LINKS; i++) {
		struct console_link *link = &links[i];

		if (!is_link_good(controller, link)) {
			spare = link;
			continue;
		}
		if (link->begun_ns < oldest->begun_ns)
			oldest = link;
		if (strcmp(link->key, key) != 0)
			continue;
		count++;
		if (!own || link->begun_ns < own->begun_ns)
			own = link;
	}
	if (count >= RW_CONSOLE_KEY_LINKS)
		return own;
	return spare ? spare : oldest;
}

int rw_console_link_create(struct rw_controller *controller, const struct rw_actor *actor,
			   char ret_token[RW_TOKEN_SIZE], int64_t *ret_expires_ms, struct rw_error *err)
{
	char secret[RW_TOKEN_SECRET_SIZE];
	struct console_link *link;

	if (actor->via_console) {
		(void)rw_error_set(err, -EACCES, "a session of the console makes no links");
		(void)rw_error_hint(err, "Use the key itself: ringwall console");
		return -EACCES;
	}
	link = choose_link(controller, actor->id);
	*link = (struct console_link){.begun_ns = rw_clock_monotonic_ns(controller->clock)};
	rw_random_id(controller->random, "cl-", 16, link->id, sizeof(link->id));
	(void)snprintf(link->key, sizeof(link->key), "%s", actor->id);
	rw_token_secret_make(controller->random, secret);
	rw_token_digest(secret, link->digest);
	rw_token_format(link->id, secret, ret_token);
	rw_secret_wipe(secret, sizeof(secret));
	*ret_expires_ms = rw_clock_realtime_ms(controller->clock) + (int64_t)RW_CONSOLE_LINK_MS;
	rw_log_info("link to the console made  link=%s key=%s", link->id, link->key);
	return 0;
}

static int use_link(struct rw_controller *controller, const char *id, const char *secret,
		    const struct rw_address *address, struct rw_actor *ret_actor)
{
	struct console_link *links = controller->console.links;

	for (size_t i = 0; i < RW_CONSOLE_LINKS; i++) {
		struct console_link *link = &links[i];
		char key[sizeof(link->key)];

		if (strcmp(link->id, id) != 0 || !is_link_good(controller, link) ||
		    !rw_token_matches(secret, link->digest))
			continue;
		(void)strcpy(key, link->key);
		*link = (struct console_link){0};
		rw_log_info("link to the console used  link=%s key=%s", id, key);
		return key_resume(controller, key, address, ret_actor);
	}
	return -ENOKEY;
}

int rw_console_link_use(struct rw_controller *controller, const char *token, const struct rw_address *address,
			struct rw_actor *ret_actor, struct rw_error *err)
{
	char id[RW_TOKEN_ID_MAX + 1];
	char secret[RW_TOKEN_SECRET_SIZE] = "";
	int r = key_check_guessing(controller, address, err);

	if (r < 0)
		return r;
	r = rw_token_parse(token, id, secret);
	if (r == 0)
		r = use_link(controller, id, secret, address, ret_actor);
	rw_secret_wipe(secret, sizeof(secret));
	if (r == 0)
		return 0;
	(void)key_refuse(controller, address, err);
	(void)rw_error_set(err, -ENOKEY, "this link is not valid (any more)");
	(void)rw_error_hint(err, "A link works once, for %u minutes: make another by 'ringwall console'.",
			    (unsigned int)(RW_CONSOLE_LINK_MS / 60000));
	return -ENOKEY;
}
