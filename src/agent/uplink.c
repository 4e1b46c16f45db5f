/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uplink.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "wire/problem.h"
#include "wire/stream.h"

#define REPORT_TIMEOUT_MS 10000u
#define RENEW_TIMEOUT_MS  30000u

struct rw_uplink {
	struct rw_loop *loop;
	struct rw_http_client *client;
	struct rw_agent_session *session; /* borrowed */
	char server[RW_AGENT_SERVER_SIZE];
	int (*make_report)(void *context, bool brief, struct rw_buf *buf, struct rw_error *err);
	void *context;
	struct rw_http_call *stream; /* NULL = none under way */
	struct rw_http_call *report;
	struct rw_http_call *renew;
	const struct rw_clock *clock;
	const struct rw_random *random;
	const struct rw_agent_place *place;
	struct rw_renewal renewal;
};

int rw_uplink_new(const struct rw_uplink_options *options, struct rw_uplink **ret_uplink,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_uplink_free) struct rw_uplink *uplink = calloc(1, sizeof(*uplink));
	char ca[RW_AGENT_PATH_SIZE], cert[RW_AGENT_PATH_SIZE], key[RW_AGENT_PATH_SIZE];
	const struct rw_http_client_options client = {
		.loop = options->loop,
		.clock = options->clock,
		.ca_file = ca,
		.cert_file = cert,
		.key_file = key,
	};
	int r;

	if (!uplink)
		return rw_error_oom(err);
	uplink->loop = options->loop;
	uplink->make_report = options->make_report;
	uplink->context = options->context;
	uplink->clock = options->clock;
	uplink->random = options->random;
	uplink->place = options->place;
	memcpy(uplink->server, options->identity->server, sizeof(uplink->server));
	rw_agent_state_path(options->place, "ca.pem", ca);
	rw_agent_state_path(options->place, "cert.pem", cert);
	rw_agent_state_path(options->place, "key.pem", key);
	r = rw_http_client_new(&client, &uplink->client, err);
	if (r == 0)
		r = rw_renewal_load(&uplink->renewal, options->place, err);
	if (r < 0) {
		(void)rw_error_hint(err, "Join again: ringwall-agent join --server ... --token ...");
		return r;
	}
	*ret_uplink = RW_TAKE_PTR(uplink);
	return 0;
}

static void abort_call(struct rw_http_call **call)
{
	struct rw_http_call *aborted = RW_TAKE_PTR(*call);

	if (aborted)
		rw_http_call_abort(aborted);
}

struct rw_uplink *rw_uplink_free(struct rw_uplink *uplink)
{
	if (!uplink)
		return NULL;
	abort_call(&uplink->stream);
	abort_call(&uplink->report);
	abort_call(&uplink->renew);
	(void)rw_http_client_free(uplink->client);
	free(uplink);
	return NULL;
}

void rw_uplink_set_session(struct rw_uplink *uplink, struct rw_agent_session *session)
{
	uplink->session = session;
}

/* ---- the stream ---- */

static void on_line(struct rw_http_call *call, const char *line, size_t length, void *userdata)
{
	struct rw_uplink *uplink = userdata;

	(void)call;
	rw_agent_session_line(uplink->session, rw_loop_now_ms(uplink->loop), line, length);
}

static int64_t now_s(const struct rw_uplink *uplink)
{
	return rw_clock_realtime_ms(uplink->clock) / 1000;
}

const struct rw_renewal *rw_uplink_renewal(const struct rw_uplink *uplink)
{
	return &uplink->renewal;
}

/* What went wrong, in one line: the call's own failure, or the status and the problem's words. */
static void describe(const struct rw_uplink *uplink, int result, const struct rw_http_response *response,
		     const struct rw_error *err, char *text, size_t size)
{
	struct rw_error problem = RW_ERROR_NONE;
	char expired[RW_TIMESTAMP_SIZE];

	if (result == 0 && response->status == 403 &&
	    rw_renewal_is_expired(&uplink->renewal, now_s(uplink))) {
		rw_timestamp_format(uplink->renewal.certificate.not_after_s * 1000, expired);
		(void)snprintf(text, size,
			       "this node's certificate has expired at %s: make a token and join again with "
			       "--replace",
			       expired);
	} else if (result < 0) {
		(void)snprintf(text, size, "%.150s", err->text);
	} else if (response->status == 200) {
		(void)snprintf(text, size, "the controller has ended the stream");
	} else {
		rw_problem_decode(response->body, response->body_size, (int)response->status, &problem);
		(void)snprintf(text, size, "HTTP status %u: %.150s", response->status, problem.text);
	}
}

static void on_stream_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
			   const struct rw_error *err, void *userdata)
{
	struct rw_uplink *uplink = userdata;
	char text[200];

	(void)call;
	uplink->stream = NULL;
	describe(uplink, result, response, err, text, sizeof(text));
	rw_agent_session_cut(uplink->session, rw_loop_now_ms(uplink->loop), text, 0);
}

static int open_stream(void *context, const struct rw_position *have, const struct rw_policy_digest *digest,
		       struct rw_error *err)
{
	struct rw_uplink *uplink = context;
	char digest_text[RW_DIGEST_TEXT_SIZE];
	char url[RW_AGENT_SERVER_SIZE + 160];
	char versions[RW_STREAM_VERSIONS_SIZE];
	const struct rw_http_header header = {RW_STREAM_VERSIONS_HEADER, versions};
	const struct rw_http_call_options options = {
		.method = "GET",
		.url = url,
		.headers = &header,
		.header_count = 1,
		.idle_ms = RW_AGENT_SILENCE_MS,
		.max_line_bytes = RW_STREAM_LINE_MAX,
		.line = on_line,
		.done = on_stream_done,
		.userdata = uplink,
	};

	rw_stream_versions_format(versions);
	rw_policy_digest_format(digest, digest_text);
	if (have->revision)
		(void)snprintf(url, sizeof(url), "%s/v1/agent/stream?incarnation=%s&revision=%llu&digest=%s",
			       uplink->server, have->incarnation, (unsigned long long)have->revision,
			       digest_text);
	else
		(void)snprintf(url, sizeof(url), "%s/v1/agent/stream", uplink->server);
	return rw_http_client_call(uplink->client, &options, &uplink->stream, err);
}

static void close_stream(void *context)
{
	struct rw_uplink *uplink = context;

	abort_call(&uplink->stream);
}

/* ---- renewal ---- */

static void on_renewed(struct rw_http_call *call, int result, const struct rw_http_response *response,
		       const struct rw_error *err, void *userdata)
{
	struct rw_uplink *uplink = userdata;
	struct rw_error problem = RW_ERROR_NONE;
	char expires[RW_TIMESTAMP_SIZE];
	char text[200];
	int r = -EINVAL;

	(void)call;
	uplink->renew = NULL;
	if (result < 0 || response->status != 201) {
		describe(uplink, result, response, err, text, sizeof(text));
		rw_log_warning("cannot renew this node's certificate; tried again later  reason=\"%s\"",
			       text);
		return;
	}
	r = rw_renewal_take(&uplink->renewal, uplink->place, response->body, response->body_size,
			    now_s(uplink), &problem);
	if (r == 0)
		r = rw_http_client_reload(uplink->client, &problem);
	if (r < 0) {
		rw_log_warning("cannot use the new certificate; tried again later  reason=\"%s\"",
			       problem.text);
		return;
	}
	rw_timestamp_format(uplink->renewal.certificate.not_after_s * 1000, expires);
	rw_log_info("certificate renewed  expires=%s", expires);
	/* The controller counts who trusts its authorities. */
	rw_agent_session_report_soon(uplink->session);
}

static int renew(struct rw_uplink *uplink, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char url[RW_AGENT_SERVER_SIZE + 32];
	struct rw_http_call_options options = {
		.method = "POST",
		.url = url,
		.content_type = "application/json",
		.total_ms = RENEW_TIMEOUT_MS,
		.done = on_renewed,
		.userdata = uplink,
	};
	int r;

	rw_buf_init(&body, 2 * RW_CERT_MAX_SIZE);
	r = rw_renewal_encode_request(&uplink->renewal, uplink->place, &body, err);
	if (r < 0)
		return r;
	options.body = body.data;
	options.body_size = body.size;
	(void)snprintf(url, sizeof(url), "%s/v1/agent/renew", uplink->server);
	return rw_http_client_call(uplink->client, &options, &uplink->renew, err);
}

static void renew_if_due(struct rw_uplink *uplink)
{
	uint64_t now_ms = rw_loop_now_ms(uplink->loop);
	struct rw_error err = RW_ERROR_NONE;

	if (uplink->renew || !rw_renewal_is_due(&uplink->renewal, now_s(uplink)) ||
	    !rw_renewal_may_try(&uplink->renewal, now_ms, uplink->random))
		return;
	rw_renewal_delay(&uplink->renewal, now_ms);
	if (renew(uplink, &err) < 0)
		rw_log_warning("cannot ask for a new certificate; tried again later  reason=\"%s\"",
			       err.text);
}

/* ---- reports ---- */

static void on_report_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
			   const struct rw_error *err, void *userdata)
{
	struct rw_uplink *uplink = userdata;

	(void)call;
	(void)err;
	uplink->report = NULL;
	if (result == 0 && response->status < 300) {
		struct rw_report_answer answer;

		if (rw_report_answer_decode(response->body, response->body_size, &answer, NULL) == 0)
			uplink->renewal.answer = answer;
		renew_if_due(uplink);
	} else if (result == 0 && response->status == 400) {
		/* An older controller than before: what every version takes. */
		uplink->renewal.answer.reports = 1;
	}
	rw_agent_session_reported(uplink->session, rw_loop_now_ms(uplink->loop),
				  result == 0 && response->status < 500);
}

static int send_report(void *context, bool brief, struct rw_error *err)
{
	struct rw_uplink *uplink = context;
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	char url[RW_AGENT_SERVER_SIZE + 32];
	struct rw_http_call_options options = {
		.method = "POST",
		.url = url,
		.content_type = "application/json",
		.total_ms = REPORT_TIMEOUT_MS,
		.done = on_report_done,
		.userdata = uplink,
	};
	int r;

	rw_buf_init(&body, RW_REPORT_SIZE_MAX);
	r = uplink->make_report(uplink->context, brief, &body, err);
	if (r < 0)
		return r;
	options.body = body.data;
	options.body_size = body.size;
	(void)snprintf(url, sizeof(url), "%s/v1/agent/report", uplink->server);
	return rw_http_client_call(uplink->client, &options, &uplink->report, err);
}

struct rw_agent_transport rw_uplink_transport(struct rw_uplink *uplink)
{
	return (struct rw_agent_transport){
		.open = open_stream,
		.close = close_stream,
		.report = send_report,
		.context = uplink,
	};
}
