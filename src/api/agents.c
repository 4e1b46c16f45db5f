/* SPDX-License-Identifier: Apache-2.0 */

/* Join tokens, and what agents call. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "controller/authority.h"
#include "controller/join.h"
#include "wire/report.h"
#include "wire/stream.h"

/* Most that may wait for a slow agent: some snapshots of the largest policies. */
#define STREAM_QUEUE_BYTES (32u << 20)

/* ---- join tokens ---- */

struct token_request {
	char *name;
	char *cluster;
	char *network;
	char *group;
	char (*groups)[RW_ID_SIZE];
	size_t group_count;
	int64_t ttl_s;
};

static const struct rw_json_field token_fields[] = {
	RW_JSON_FIELD("name", struct token_request, name, rw_json_decode_text, .max = 63),
	RW_JSON_FIELD("cluster", struct token_request, cluster, rw_json_decode_text, .max = RW_WIRE_NAME_MAX),
	RW_JSON_FIELD("network", struct token_request, network, rw_json_decode_text, .max = RW_WIRE_NAME_MAX),
	RW_JSON_FIELD("security_group", struct token_request, group, rw_json_decode_text,
		      .max = RW_WIRE_NAME_MAX),
	RW_JSON_FIELD("security_groups", struct token_request, groups, rw_json_decode_references,
		      .count_offset = offsetof(struct token_request, group_count), .min = RW_KIND_GROUP,
		      .max = RW_WIRE_GROUPS_MAX),
	RW_JSON_FIELD("ttl_s", struct token_request, ttl_s, rw_json_decode_integer, .min = 1,
		      .max = RW_JOIN_TTL_MAX_S),
};

static void token_request_done(struct token_request *request)
{
	free(request->name);
	free(request->cluster);
	free(request->network);
	free(request->group);
	free(request->groups);
}
RW_DEFINE_DONE(struct token_request, token_request_done)

/* A single group stands for itself and its network. */
static int grant_of(const struct rw_model *model, const struct token_request *request, const char **groups,
		    struct rw_join_grant *grant, struct rw_error *err)
{
	const void *object;

	*grant = (struct rw_join_grant){.name = request->name,
					.cluster = request->cluster,
					.network = request->network,
					.groups = groups,
					.group_count = request->group_count,
					.ttl_s = request->ttl_s};
	for (size_t i = 0; i < request->group_count; i++)
		groups[i] = request->groups[i];
	if (!request->group)
		return 0;
	if (request->cluster || request->network || request->group_count)
		return rw_error_field(err, "security_group",
				      "it stands alone, without cluster, network and "
				      "security_groups");
	if (rw_api_find(model, RW_KIND_GROUP, request->group, &object, err) < 0)
		return rw_error_field(err, "security_group", "there is no such security group");
	groups[0] = ((const struct rw_group *)object)->id;
	grant->group_count = 1;
	grant->network = ((const struct rw_group *)object)->network;
	return 0;
}

/* Where memory does not last, the whole answer fails. */
static void put_command(struct rw_json_writer *json, struct rw_buf *answer, const struct rw_api_call *call,
			const char *token, const char *name)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf command;
	const char *const *urls;
	size_t count = rw_api_urls(call->api, &urls);

	rw_buf_init(&command, RW_API_ANSWER_MAX);
	(void)rw_buf_append_text(&command, "ringwall-agent join");
	/* Any of them may be the one that serves when the node joins, and when its agent starts. */
	for (size_t i = 0; i < count; i++)
		(void)rw_buf_append_format(&command, " --server %s", urls[i]);
	(void)rw_buf_append_format(&command, " --token %s --ca-fingerprint %s", token,
				   rw_controller_ca_fingerprint(call->controller));
	/* A name that a shell would read otherwise is left for the person to add. */
	if (name && name[0] &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0')
		(void)rw_buf_append_format(&command, " --name %s", name);
	rw_buf_fail(answer, rw_buf_check(&command, NULL));
	rw_json_put_text(json, "command", command.failed ? "" : command.data);
}

int rw_api_create_join_token(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_model *model = rw_controller_model(call->controller);
	struct rw_resolver resolver = rw_api_resolver(model);
	RW_CLEANUP(token_request_done) struct token_request request = {.ttl_s = RW_JOIN_TTL_DEFAULT_S};
	const char *groups[RW_WIRE_GROUPS_MAX];
	struct rw_join_grant grant;
	struct rw_json_writer json;
	char token[RW_TOKEN_SIZE];
	struct rw_buf buf;
	int64_t expires_ms;
	int r;

	r = rw_json_decode(&call->body, RW_JSON_FIELDS(token_fields), &request, &resolver, err);
	if (r == 0)
		r = grant_of(model, &request, groups, &grant, err);
	if (r == 0)
		r = rw_join_token_create(call->controller, &call->actor, &grant, token, &expires_ms, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "token", token);
	rw_json_put_time(&json, "expires", expires_ms);
	rw_json_put_text(&json, "ca_fingerprint", rw_controller_ca_fingerprint(call->controller));
	rw_api_put_urls(&json, call->api);
	put_command(&json, &buf, call, token, request.name);
	rw_json_end_object(&json);
	rw_api_answer(call, 201, &buf);
	return 0;
}

int rw_api_join(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_join_request_done) struct rw_join_request request = {0};
	RW_CLEANUP(rw_join_answer_done) struct rw_join_answer answer = {0};
	struct rw_buf buf;
	int r = rw_join_request_decode(call->request->body, call->request->body_size, &request, err);

	if (r == 0)
		r = rw_join(call->controller, &request, &call->peer, &answer, err);
	if (r == -EAGAIN)
		call->retry_after_s = 60;
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_join_answer_encode(&buf, &answer, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 201, &buf);
	return 0;
}

int rw_api_join_preview(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_join_request_done) struct rw_join_request request = {0};
	RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_position position;
	int r;

	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_join_request_decode(call->request->body, call->request->body_size, &request, err);
	if (r == 0)
		r = rw_join_preview(call->controller, &request, &call->peer, &policy, &position, err);
	if (r == -EAGAIN)
		call->retry_after_s = 60;
	if (r == 0)
		r = rw_stream_encode_snapshot(&buf, RW_STREAM_VERSION_OLDEST, &position, policy,
					      RW_ESTABLISHED_CUT, err);
	if (r < 0)
		return r;
	rw_api_answer_text(call, 200, "application/x-ndjson", buf.data);
	return 0;
}

/* ---- the stream ---- */

struct agent_stream {
	struct rw_http_stream *stream;
	struct rw_session *session;
};

static int send_frames(void *userdata, const void *bytes, size_t size)
{
	const struct agent_stream *agent = userdata;

	return rw_http_stream_send(agent->stream, bytes, size);
}

/* The controller has ended the session. */
static void end_stream(void *userdata)
{
	struct agent_stream *agent = userdata;

	rw_http_stream_finish(agent->stream);
	free(agent);
}

static void stream_closed(struct rw_http_stream *stream, enum rw_http_stream_end end, void *userdata)
{
	struct agent_stream *agent = userdata;

	(void)stream;
	(void)end;
	rw_session_close(agent->session);
	free(agent);
}

/* Says in the stream why there is none, and how long to stay away. */
static void refuse_stream(struct agent_stream *agent, const struct rw_error *err, uint64_t retry_ms)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf frame;

	rw_buf_init(&frame, 65536);
	if (rw_stream_encode_refused(&frame, err->text, retry_ms, NULL) < 0 ||
	    rw_http_stream_send(agent->stream, frame.data, frame.size) < 0)
		rw_log_debug("the agent is not told why  reason=\"%s\"", err->text);
	end_stream(agent);
}

static int read_hello(const struct rw_api_call *call, struct rw_session_hello *hello, struct rw_error *err)
{
	const char *incarnation = rw_api_parameter(call, "incarnation");
	const char *digest = rw_api_parameter(call, "digest");
	int r = rw_api_number(call, "revision", 0, UINT64_MAX, &hello->position.revision, err);

	hello->address = call->peer;
	if (r < 0)
		return r;
	if (incarnation && strlen(incarnation) >= sizeof(hello->position.incarnation))
		return rw_error_field(err, "incarnation", "it is too long");
	if (incarnation)
		(void)strcpy(hello->position.incarnation, incarnation);
	if (digest && digest[0]) {
		if (!rw_policy_digest_parse(digest, &hello->digest))
			return rw_error_field(err, "digest", "it is not 32 hex digits");
		hello->has_digest = true;
	}
	return 0;
}

int rw_api_agent_stream(struct rw_api_call *call, struct rw_error *err)
{
	struct rw_session_hello hello = {0};
	struct agent_stream *agent;
	struct rw_session_sink sink = {.send = send_frames, .end = end_stream};
	struct rw_http_stream_options options = {.content_type = "application/x-ndjson",
						 .queue_bytes = STREAM_QUEUE_BYTES,
						 .heartbeat_ms = 5000,
						 .heartbeat = "\n",
						 .closed = stream_closed};
	struct rw_error refused = RW_ERROR_NONE;
	char versions_text[RW_STREAM_VERSIONS_SIZE];
	const char *versions = rw_http_exchange_header(call->exchange, RW_STREAM_VERSIONS_HEADER);
	int r = read_hello(call, &hello, err);

	if (r < 0)
		return r;
	/* The header is gone with the exchange. */
	if (versions) {
		(void)snprintf(versions_text, sizeof(versions_text), "%s", versions);
		versions = versions_text;
	}
	agent = calloc(1, sizeof(*agent));
	if (!agent)
		return rw_error_oom(err);
	options.userdata = agent;
	sink.userdata = agent;
	r = rw_http_stream_start(call->exchange, &options, &agent->stream);
	if (r < 0) {
		free(agent);
		return rw_api_no_place(call, r, err);
	}
	call->exchange = NULL;
	call->api->answers[2]++;
	r = rw_stream_versions_agree(versions, &hello.version, &refused);
	if (r < 0)
		refuse_stream(agent, &refused, 60000);
	else if (rw_session_open(call->controller, call->actor.id, &hello, &sink, &agent->session, &refused) <
		 0)
		refuse_stream(agent, &refused, 5000);
	return 0;
}

/* Those that fit; agents of before version 4 do not know the member. */
static void put_controllers(const struct rw_controller *controller, struct rw_report_answer *answer)
{
	const char *const *urls;
	size_t count = rw_controller_urls(controller, &urls);

	for (size_t i = 0; i < count && answer->controller_count < RW_REPORT_CONTROLLERS; i++) {
		if (strlen(urls[i]) < RW_REPORT_URL_SIZE)
			(void)strcpy(answer->controllers[answer->controller_count++], urls[i]);
	}
}

static int answer_report(struct rw_api_call *call, uint32_t version, struct rw_error *err)
{
	struct rw_report_answer answer = {.reports = RW_REPORT_VERSION};
	const rw_cert_fingerprint *authorities;
	struct rw_buf buf;
	int r;

	if (version >= 4)
		put_controllers(call->controller, &answer);
	answer.authority_count = rw_authority_fingerprints(call->controller, &authorities);
	memcpy(answer.authorities, authorities, answer.authority_count * sizeof(*authorities));
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_report_answer_encode(&buf, &answer, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 200, &buf);
	return 0;
}

int rw_api_agent_report(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_report_done) struct rw_report report;
	int r;

	rw_report_init(&report);
	r = rw_report_decode(call->request->body, call->request->body_size, &report, err);
	if (r == 0)
		r = rw_session_report(call->controller, call->actor.id, &report, &call->peer, err);
	if (r < 0)
		return r;
	return answer_report(call, report.version, err);
}

int rw_api_agent_renew(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_renew_request_done) struct rw_renew_request request = {0};
	RW_CLEANUP(rw_renew_answer_done) struct rw_renew_answer answer = {0};
	struct rw_buf buf;
	int r = rw_renew_request_decode(call->request->body, call->request->body_size, &request, err);

	if (r == 0)
		r = rw_join_renew(call->controller, &call->actor, &request, &answer, err);
	if (r < 0)
		return r;
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	r = rw_renew_answer_encode(&buf, &answer, err);
	if (r < 0) {
		rw_buf_done(&buf);
		return r;
	}
	rw_api_answer(call, 201, &buf);
	return 0;
}
