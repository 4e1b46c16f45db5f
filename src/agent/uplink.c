/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uplink.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "wire/problem.h"
#include "wire/stream.h"

#define REPORT_TIMEOUT_MS 10000u
#define RENEW_TIMEOUT_MS  30000u
#define SAVE_RETRY_MS     30000u

/* A list of controllers on its way to the disk: the pool thread's until it is done. */
struct save {
	struct rw_uplink *uplink; /* NULL: gone meanwhile */
	char path[RW_AGENT_PATH_SIZE];
	struct rw_buf text;
	int result;
	struct rw_error err;
};

struct rw_uplink {
	struct rw_loop *loop;
	struct rw_http_client *client;
	struct rw_agent_session *session; /* borrowed */
	struct rw_controllers controllers;
	char node[RW_ID_SIZE];
	struct save *save; /* under way, or NULL */
	uint64_t save_ms;  /* not before */
	bool unread;       /* the last answer to a report */
	int (*make_report)(void *context, bool brief, struct rw_buf *buf, struct rw_error *err);
	void *context;
	struct rw_http_call *stream; /* NULL = none under way */
	struct rw_http_call *report;
	struct rw_http_call *renew;
	const struct rw_clock *clock;
	const struct rw_random *random;
	const struct rw_agent_place *place;
	struct rw_renewal renewal;
	bool shows_old; /* a renewed certificate is on the disk, but calls show the one before */
};

/* What is known of controllers is a help; the one of the identity is there in any case. */
static void load_controllers(struct rw_uplink *uplink, const struct rw_agent_identity *identity)
{
	struct rw_error err = RW_ERROR_NONE;

	(void)snprintf(uplink->node, sizeof(uplink->node), "%s", identity->node);
	if (rw_controllers_load(uplink->place, identity, &uplink->controllers, &err) < 0)
		rw_log_warning("what is known of other controllers cannot be read  reason=\"%s\"", err.text);
}

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
	load_controllers(uplink, options->identity);
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
	if (uplink->save)
		uplink->save->uplink = NULL;
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

struct rw_controllers *rw_uplink_controllers(struct rw_uplink *uplink)
{
	return &uplink->controllers;
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

static bool stands_by(const struct rw_http_response *response)
{
	struct rw_error problem = RW_ERROR_NONE;

	if (response->status != 503)
		return false;
	rw_problem_decode(response->body, response->body_size, (int)response->status, &problem);
	return problem.code == -EREMOTE;
}

static void on_stream_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
			   const struct rw_error *err, void *userdata)
{
	struct rw_uplink *uplink = userdata;
	char text[200];

	(void)call;
	uplink->stream = NULL;
	describe(uplink, result, response, err, text, sizeof(text));
	rw_agent_session_cut(uplink->session, rw_loop_now_ms(uplink->loop), text,
			     result == 0 && stands_by(response));
}

static int open_stream(void *context, const char *server, bool moved, const struct rw_position *have,
		       const struct rw_policy_digest *digest, struct rw_error *err)
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

	if (moved)
		abort_call(&uplink->report);
	rw_stream_versions_format(versions);
	rw_policy_digest_format(digest, digest_text);
	if (have->revision)
		(void)snprintf(url, sizeof(url), "%s/v1/agent/stream?incarnation=%s&revision=%llu&digest=%s",
			       server, have->incarnation, (unsigned long long)have->revision, digest_text);
	else
		(void)snprintf(url, sizeof(url), "%s/v1/agent/stream", server);
	return rw_http_client_call(uplink->client, &options, &uplink->stream, err);
}

static void close_stream(void *context)
{
	struct rw_uplink *uplink = context;

	abort_call(&uplink->stream);
}

/* ---- renewal ---- */

/* From now on calls show the certificate that is on the disk. */
static void show_renewed(struct rw_uplink *uplink)
{
	struct rw_error err = RW_ERROR_NONE;
	char expires[RW_TIMESTAMP_SIZE];

	uplink->shows_old = rw_http_client_reload(uplink->client, &err) < 0;
	if (uplink->shows_old) {
		rw_log_warning("cannot use the new certificate; tried again later  reason=\"%s\"", err.text);
		return;
	}
	rw_timestamp_format(uplink->renewal.certificate.not_after_s * 1000, expires);
	rw_log_info("certificate renewed  expires=%s", expires);
	/* The controller counts who trusts its authorities. */
	rw_agent_session_report_soon(uplink->session);
}

static void on_renewed(struct rw_http_call *call, int result, const struct rw_http_response *response,
		       const struct rw_error *err, void *userdata)
{
	struct rw_uplink *uplink = userdata;
	struct rw_error problem = RW_ERROR_NONE;
	char text[200];

	(void)call;
	uplink->renew = NULL;
	if (result < 0 || response->status != 201) {
		describe(uplink, result, response, err, text, sizeof(text));
		rw_log_warning("cannot renew this node's certificate; tried again later  reason=\"%s\"",
			       text);
		return;
	}
	if (rw_renewal_take(&uplink->renewal, uplink->place, response->body, response->body_size,
			    now_s(uplink), &problem) < 0)
		rw_log_warning("cannot use the new certificate; tried again later  reason=\"%s\"",
			       problem.text);
	else
		show_renewed(uplink);
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
	(void)snprintf(url, sizeof(url), "%s/v1/agent/renew", uplink->controllers.current);
	return rw_http_client_call(uplink->client, &options, &uplink->renew, err);
}

static void renew_if_due(struct rw_uplink *uplink)
{
	uint64_t now_ms = rw_loop_now_ms(uplink->loop);
	struct rw_error err = RW_ERROR_NONE;

	if (uplink->shows_old)
		show_renewed(uplink);
	if (uplink->renew || !rw_renewal_is_due(&uplink->renewal, now_s(uplink)) ||
	    !rw_renewal_may_try(&uplink->renewal, now_ms, uplink->random))
		return;
	rw_renewal_delay(&uplink->renewal, now_ms);
	if (renew(uplink, &err) < 0)
		rw_log_warning("cannot ask for a new certificate; tried again later  reason=\"%s\"",
			       err.text);
}

/* ---- controllers ---- */

static void save_on_pool_thread(void *job)
{
	struct save *save = job;

	save->result = rw_file_write(save->path, save->text.data, save->text.size, 0600, &save->err);
}

static void on_saved(void *job, int status)
{
	struct save *save = job;
	struct rw_uplink *uplink = save->uplink;

	if (uplink && (status < 0 || save->result < 0)) {
		rw_log_warning("cannot save where controllers are; tried again later  reason=\"%s\"",
			       save->err.text);
		uplink->controllers.changed = true;
		uplink->save_ms = rw_loop_now_ms(uplink->loop) + SAVE_RETRY_MS;
	}
	if (uplink)
		uplink->save = NULL;
	rw_buf_done(&save->text);
	free(save);
}

static void save_controllers(struct rw_uplink *uplink)
{
	struct save *save;

	if (!uplink->controllers.changed || uplink->save || rw_loop_now_ms(uplink->loop) < uplink->save_ms)
		return;
	save = calloc(1, sizeof(*save));
	if (!save)
		return; /* with the next report */
	save->uplink = uplink;
	rw_agent_state_path(uplink->place, RW_CONTROLLERS_FILE, save->path);
	rw_buf_init(&save->text, RW_CONTROLLERS_FILE_MAX);
	if (rw_controllers_encode(&uplink->controllers, uplink->node, &save->text, NULL) < 0 ||
	    rw_loop_work(uplink->loop, save_on_pool_thread, on_saved, save) < 0) {
		rw_buf_done(&save->text);
		free(save);
		return;
	}
	uplink->save = save;
	uplink->controllers.changed = false;
}

/* The same list comes with every report: only another one is looked at. */
static void take_controllers(struct rw_uplink *uplink, const struct rw_report_answer *answer)
{
	const struct rw_report_answer *before = &uplink->renewal.answer;
	struct rw_error unfit = RW_ERROR_NONE;

	if (answer->controller_count == before->controller_count &&
	    memcmp(answer->controllers, before->controllers, sizeof(answer->controllers)) == 0)
		return;
	if (rw_controllers_tell(&uplink->controllers, answer->controllers, answer->controller_count, &unfit))
		rw_log_info("the controller has told which ones there are  controllers=%zu",
			    answer->controller_count);
	if (unfit.code)
		rw_log_warning("the controller tells of another that is none; it is left out  reason=\"%s\"",
			       unfit.text);
}

/* ---- reports ---- */

/* An answer that cannot be read says nothing. */
static void take_answer(struct rw_uplink *uplink, const struct rw_http_response *response)
{
	struct rw_report_answer answer;
	struct rw_error err = RW_ERROR_NONE;

	if (rw_report_answer_decode(response->body, response->body_size, &answer, &err) == 0) {
		take_controllers(uplink, &answer);
		uplink->renewal.answer = answer;
		uplink->unread = false;
	} else if (!uplink->unread) {
		rw_log_warning("the controller's answer to a report is left out  reason=\"%s%s%s\"",
			       err.field, err.field[0] ? ": " : "", err.text);
		uplink->unread = true;
	}
}

static void on_report_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
			   const struct rw_error *err, void *userdata)
{
	struct rw_uplink *uplink = userdata;

	(void)call;
	(void)err;
	uplink->report = NULL;
	if (result == 0 && response->status < 300) {
		take_answer(uplink, response);
		save_controllers(uplink);
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
	(void)snprintf(url, sizeof(url), "%s/v1/agent/report", uplink->controllers.current);
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
