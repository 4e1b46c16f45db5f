/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The console's sessions: signing in and out, and requests that are authenticated by a cookie.
 *
 * The cookie is HttpOnly and SameSite=Strict, and by TLS has the prefix "__Host-": it comes from this host alone and
 * no script reads it.  What changes something needs more: the session's own secret in a header, and not a word of the
 * browser that another site is behind it (Sec-Fetch-Site, Origin).
 */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "controller/key.h"

#define CSRF_HEADER "Ringwall-Csrf"

/* A request to sign in is a key or a link, and nothing more. */
#define SIGN_IN_BYTES_MAX 4096

static const char *cookie_name(const struct rw_api_call *call)
{
	return call->request->secure ? "__Host-ringwall" : "ringwall";
}

bool rw_api_cookie(const struct rw_api_call *call, char ret_cookie[RW_TOKEN_SECRET_SIZE])
{
	const char *at = rw_http_exchange_header(call->exchange, "Cookie");
	const char *name = cookie_name(call);
	size_t length = strlen(name);

	while (at && *at) {
		size_t pair;

		at += strspn(at, "; \t");
		pair = strcspn(at, ";");
		if (pair > length && strncmp(at, name, length) == 0 && at[length] == '=') {
			size_t value = pair - length - 1;

			/* What is no cookie of ours is a wrong one. */
			(void)snprintf(ret_cookie, RW_TOKEN_SECRET_SIZE, "%.*s",
				       value < RW_TOKEN_SECRET_SIZE ? (int)value : 0, at + length + 1);
			return true;
		}
		at += pair;
	}
	return false;
}

/* 'value' NULL = the browser is to forget it. */
static void set_cookie(const struct rw_api_call *call, const char *value)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "%s=%s; Path=/;%s HttpOnly; SameSite=Strict%s", cookie_name(call),
		       value ? value : "", call->request->secure ? " Secure;" : "",
		       value ? "" : "; Max-Age=0");
	rw_api_header(call->exchange, "Set-Cookie", text);
	rw_secret_wipe(text, sizeof(text));
}

/* ---- who is behind a request ---- */

static int refuse_foreign(struct rw_error *err, const char *what)
{
	(void)rw_error_set(err, -EXDEV, "%s", what);
	return rw_error_hint(err,
			     "Load the console again and repeat it there; programs send a key, no cookie.");
}

/* By plain HTTP there may be a proxy in front that speaks TLS. */
static bool is_own_origin(const struct rw_api_call *call, const char *origin)
{
	const char *host = rw_http_exchange_header(call->exchange, "Host");
	bool is_https = strncmp(origin, "https://", 8) == 0;
	bool is_http = strncmp(origin, "http://", 7) == 0;

	if (!host || !(is_https || (is_http && !call->request->secure)))
		return false;
	return strcasecmp(origin + (is_https ? 8 : 7), host) == 0;
}

/* Browsers tell who made them send a request; programs say nothing. */
static int check_site(const struct rw_api_call *call, struct rw_error *err)
{
	const char *site = rw_http_exchange_header(call->exchange, "Sec-Fetch-Site");
	const char *origin = rw_http_exchange_header(call->exchange, "Origin");

	if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return refuse_foreign(err, "the request comes from another site");
	if (origin && !is_own_origin(call, origin))
		return refuse_foreign(err, "the request comes from another origin");
	return 0;
}

static int check_csrf(const struct rw_api_call *call, struct rw_error *err)
{
	const char *given = rw_http_exchange_header(call->exchange, CSRF_HEADER);
	char padded[RW_TOKEN_SECRET_SIZE] = "";
	int r = check_site(call, err);

	if (r < 0)
		return r;
	(void)snprintf(padded, sizeof(padded), "%s", given ? given : "");
	if (given && strlen(given) == sizeof(padded) - 1 &&
	    rw_secret_equal(padded, call->session.csrf, sizeof(padded)))
		return 0;
	return refuse_foreign(err, given ? "'" CSRF_HEADER "' is not that of the session"
					 : "a change by a session needs its '" CSRF_HEADER "'");
}

int rw_api_authenticate_cookie(struct rw_api_call *call, const char *cookie, struct rw_error *err)
{
	const char *method = call->request->method;
	int r = rw_console_authenticate(call->controller, cookie, &call->peer, &call->actor, &call->session,
					err);

	if (r < 0)
		set_cookie(call, NULL);
	else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		r = check_csrf(call, err);
	return r;
}

/* ---- the routes ---- */

static void answer_session(struct rw_api_call *call, const struct rw_actor *actor,
			   const struct rw_console_session *session)
{
	struct rw_json_writer json;
	struct rw_buf buf;

	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "name", actor->name);
	rw_json_put_text(&json, "role", rw_word_of(rw_words_role, (int)actor->role));
	rw_json_put_text(&json, "key", actor->id);
	rw_json_put_text(&json, "csrf", session->csrf);
	rw_json_put_time(&json, "expires", session->expires_ms);
	rw_api_put_urls(&json, call->api);
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
}

struct sign_in {
	char *key;
	char *link;
};

static const struct rw_json_field sign_in_fields[] = {
	RW_JSON_FIELD("key", struct sign_in, key, rw_json_decode_text, .max = 256),
	RW_JSON_FIELD("link", struct sign_in, link, rw_json_decode_text, .max = 256),
};

static void sign_in_done(struct sign_in *request)
{
	if (request->key)
		rw_secret_wipe(request->key, strlen(request->key));
	if (request->link)
		rw_secret_wipe(request->link, strlen(request->link));
	free(request->key);
	free(request->link);
}
RW_DEFINE_DONE(struct sign_in, sign_in_done)

/* Only what a page of ours can send: the form of another site cannot have this type. */
static int read_sign_in(const struct rw_api_call *call, struct sign_in *ret_request, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	const char *type = rw_http_exchange_header(call->exchange, "Content-Type");
	struct rw_json root;
	int r;

	if (!type || strncasecmp(type, "application/json", 16) != 0) {
		(void)rw_error_field(err, "Content-Type", "signing in needs a JSON body");
		return rw_error_hint(err, "Send application/json: {\"key\":\"<key id>.<secret>\"}");
	}
	r = rw_json_parse(call->request->body, call->request->body_size, SIGN_IN_BYTES_MAX, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = rw_json_decode(&root, RW_JSON_FIELDS(sign_in_fields), ret_request, NULL, err);
	if (r < 0)
		return r;
	if (!ret_request->key == !ret_request->link)
		return rw_error_field(err, "key", "give either \"key\" or \"link\"");
	return 0;
}

static int authenticate_sign_in(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(sign_in_done) struct sign_in request = {0};
	int r = read_sign_in(call, &request, err);

	if (r < 0)
		return r;
	if (request.key)
		r = rw_key_authenticate(call->controller, request.key, &call->peer, &call->actor, err);
	else
		r = rw_console_link_use(call->controller, request.link, &call->peer, &call->actor, err);
	if (r == -EAGAIN)
		call->retry_after_s = 60;
	return r < 0 ? r : rw_api_take_rate(call, err);
}

int rw_api_sign_in(struct rw_api_call *call, struct rw_error *err)
{
	char cookie[RW_TOKEN_SECRET_SIZE];
	char old[RW_TOKEN_SECRET_SIZE];
	struct rw_actor before;
	int r = check_site(call, err);

	if (r == 0)
		r = authenticate_sign_in(call, err);
	if (r < 0)
		return r;
	/* Who signs in again goes on with the new session alone. */
	if (rw_api_cookie(call, old) &&
	    rw_console_authenticate(call->controller, old, &call->peer, &before, &call->session, NULL) == 0)
		rw_console_sign_out(call->controller, call->session.number);
	rw_console_sign_in(call->controller, &call->actor, cookie, &call->session);
	set_cookie(call, cookie);
	rw_secret_wipe(cookie, sizeof(cookie));
	rw_api_end_streams(call->api);
	answer_session(call, &call->actor, &call->session);
	return 0;
}

int rw_api_get_session(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	answer_session(call, &call->actor, &call->session);
	return 0;
}

int rw_api_sign_out(struct rw_api_call *call, struct rw_error *err)
{
	(void)err;
	rw_console_sign_out(call->controller, call->session.number);
	set_cookie(call, NULL);
	rw_api_end_streams(call->api);
	rw_api_answer_empty(call, 204);
	return 0;
}

int rw_api_create_console_link(struct rw_api_call *call, struct rw_error *err)
{
	char token[RW_TOKEN_SIZE];
	struct rw_json_writer json;
	struct rw_buf buf, url;
	int64_t expires_ms;
	int r = rw_console_link_create(call->controller, &call->actor, token, &expires_ms, err);

	if (r < 0)
		return r;
	rw_buf_init(&url, 4096);
	(void)rw_buf_append_format(&url, "%s/sign-in#%s", call->api->server_url, token);
	rw_secret_wipe(token, sizeof(token));
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_buf_fail(&buf, rw_buf_check(&url, NULL));
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "url", url.failed ? "" : url.data);
	rw_json_put_time(&json, "expires", expires_ms);
	rw_json_end_object(&json);
	rw_buf_done(&url);
	rw_api_answer(call, 200, &buf);
	return 0;
}
