/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include <string.h>

#include "controller/join.h"
#include "controller/key.h"

static int authenticate_agent(struct rw_api_call *call, struct rw_error *err)
{
	if (!call->request->certificate) {
		(void)rw_error_set(err, -ENOKEY, "this is for agents, which show their node's certificate");
		return rw_error_hint(err, "A node gets one by 'ringwall-agent join'.");
	}
	return rw_join_authenticate(call->controller, call->request->certificate, &call->peer, &call->actor,
				    err);
}

/* A key that is shown wins over a cookie. */
static int authenticate_key(struct rw_api_call *call, struct rw_error *err)
{
	const char *header = rw_http_exchange_header(call->exchange, "Authorization");
	char cookie[RW_TOKEN_SECRET_SIZE];
	int r;

	if (!header && rw_api_cookie(call, cookie)) {
		r = rw_api_authenticate_cookie(call, cookie, err);
	} else if (!header || strncasecmp(header, "Bearer ", 7) != 0) {
		(void)rw_error_set(err, -ENOKEY, "no key was given");
		(void)rw_error_hint(err, "Send 'Authorization: Bearer <key id>.<secret>'.");
		r = -ENOKEY;
	} else {
		r = rw_key_authenticate(call->controller, header + 7 + strspn(header + 7, " "), &call->peer,
					&call->actor, err);
	}
	if (r == -EAGAIN)
		call->retry_after_s = 60;
	return r;
}

static int authenticate_session(struct rw_api_call *call, struct rw_error *err)
{
	char cookie[RW_TOKEN_SECRET_SIZE];

	if (!rw_http_exchange_header(call->exchange, "Authorization") && rw_api_cookie(call, cookie))
		return rw_api_authenticate_cookie(call, cookie, err);
	(void)rw_error_set(err, -ENOKEY, "this is for browsers that are signed in");
	return rw_error_hint(err, "POST /v1/session signs in.");
}

static int check_role(const struct rw_api_call *call, struct rw_error *err)
{
	enum rw_api_access access = call->route->access;
	enum rw_role wanted = access == RW_API_ADMIN      ? RW_ROLE_ADMIN
			      : access == RW_API_OPERATOR ? RW_ROLE_OPERATOR
							  : RW_ROLE_VIEWER;

	if (call->actor.role >= wanted)
		return 0;
	return rw_error_set(err, -EACCES, "key '%.100s' has the role %s; this needs %s", call->actor.name,
			    rw_word_of(rw_words_role, (int)call->actor.role),
			    rw_word_of(rw_words_role, (int)wanted));
}

int rw_api_take_rate(struct rw_api_call *call, struct rw_error *err)
{
	if (rw_key_rate_take(&call->api->rates, call->actor.id, rw_clock_monotonic_ns(call->api->clock)))
		return 0;
	(void)rw_error_set(err, -EAGAIN, "more than %d requests a second", RW_KEY_RATE_PER_SECOND);
	return rw_error_hint(err, "Slow down; GET /v1/events tells what happens without asking.");
}

int rw_api_authenticate(struct rw_api_call *call, struct rw_error *err)
{
	int r = 0;

	switch (call->route->access) {
	case RW_API_PUBLIC:
		return 0;
	case RW_API_SCRAPE:
		if (call->api->metrics_open && rw_address_is_loopback(&call->peer) &&
		    !rw_http_exchange_header(call->exchange, "Authorization"))
			return 0;
		r = authenticate_key(call, err);
		break;
	case RW_API_AGENT:
		r = authenticate_agent(call, err);
		break;
	case RW_API_SESSION:
		r = authenticate_session(call, err);
		break;
	case RW_API_VIEWER:
	case RW_API_OPERATOR:
	case RW_API_ADMIN:
	case RW_API_ACCESS_COUNT_:
		r = authenticate_key(call, err);
		if (r == 0)
			r = check_role(call, err);
		break;
	}
	if (r == -ENOKEY && call->route->access != RW_API_AGENT)
		rw_api_header(call->exchange, "WWW-Authenticate", "Bearer realm=\"ringwall\"");
	if (r == 0)
		rw_http_exchange_vouch(call->exchange,
				       call->route->access == RW_API_AGENT ? RW_HTTP_NODE : RW_HTTP_CALLER,
				       call->actor.id);
	return r < 0 ? r : rw_api_take_rate(call, err);
}

int rw_api_no_place(struct rw_api_call *call, int result, struct rw_error *err)
{
	if (result != -EBUSY && result != -EDQUOT)
		return rw_error_set(err, result, "the stream cannot be started: %s", strerror(-result));
	call->retry_after_s = 5;
	if (result == -EBUSY) {
		(void)rw_error_set(err, -EAGAIN, "too many streams and answers that wait are open");
		return rw_error_hint(err, "Try again when others have ended.");
	}
	(void)rw_error_set(err, -EAGAIN,
			   "key '%.100s' has as many streams and answers that wait open as one key may",
			   call->actor.name);
	return rw_error_hint(err, "End some of them, or use another key.");
}
