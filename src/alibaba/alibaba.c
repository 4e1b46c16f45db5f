/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

static bool is_region(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length > 0 && length < ZONE_ID_SIZE - 4 && !text[length];
}

int rw_alibaba_new(const struct rw_alibaba_options *options, struct rw_alibaba **ret_alibaba,
		   struct rw_error *err)
{
	RW_CLEANUP(rw_alibaba_free) struct rw_alibaba *self = calloc(1, sizeof(*self));
	uint64_t seed;

	if (!self)
		return rw_error_oom(err);
	if (!is_region(options->region)) {
		(void)rw_error_field(err, "region", "'%.80s' is no name of a region", options->region);
		return rw_error_hint(err, "Use lower-case letters, digits and '-', such as local.");
	}
	self->controller = options->controller;
	self->clock = options->clock;
	self->random = options->random;
	self->region = strdup(options->region);
	self->network = options->network ? strdup(options->network) : NULL;
	self->random->fill(self->random, &seed, sizeof(seed));
	self->nonces = rw_alibaba_nonces_new(RW_ALIBABA_NONCES_MAX, rw_clock_realtime_ms(self->clock), seed);
	if (!self->region || (options->network && !self->network) || !self->nonces)
		return rw_error_oom(err);
	*ret_alibaba = RW_TAKE_PTR(self);
	return 0;
}

struct rw_alibaba *rw_alibaba_free(struct rw_alibaba *self)
{
	if (!self)
		return NULL;
	free(self->region);
	free(self->network);
	(void)rw_alibaba_nonces_free(self->nonces);
	free(self);
	return NULL;
}

/* ---- answers ---- */

/* Upper case, 8-4-4-4-12. */
static void make_request_id(struct call *call)
{
	uint8_t bytes[16];
	char hex[33];

	call->self->random->fill(call->self->random, bytes, sizeof(bytes));
	rw_hex_format(bytes, sizeof(bytes), hex);
	(void)snprintf(call->request_id, sizeof(call->request_id), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		       hex + 12, hex + 16, hex + 20);
	for (char *c = call->request_id; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

static void add_header(struct call *call, const char *name, const char *value)
{
	if (rw_http_answer_header(call->exchange, name, value) < 0)
		return; /* The answer goes without. */
}

static void put_xml(struct rw_buf *buf, const char *name, const char *text)
{
	(void)rw_buf_append_format(buf, "<%s>", name);
	for (; *text; text++) {
		if (*text == '<')
			(void)rw_buf_append_text(buf, "&lt;");
		else if (*text == '>')
			(void)rw_buf_append_text(buf, "&gt;");
		else if (*text == '&')
			(void)rw_buf_append_text(buf, "&amp;");
		else if ((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t')
			(void)rw_buf_append_text(buf, "?");
		else
			(void)rw_buf_append(buf, text, 1);
	}
	(void)rw_buf_append_format(buf, "</%s>", name);
}

static void write_fault_xml(const struct call *call, const char *host, const char *message,
			    struct rw_buf *buf)
{
	(void)rw_buf_append_text(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
	put_xml(buf, "RequestId", call->request_id);
	put_xml(buf, "HostId", host);
	put_xml(buf, "Code", call->fault.code);
	put_xml(buf, "Message", message);
	put_xml(buf, "Recommend", "");
	(void)rw_buf_append_text(buf, "</Error>");
}

static void write_fault_json(const struct call *call, const char *host, const char *message,
			     struct rw_buf *buf)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "RequestId", call->request_id);
	rw_json_put_text(&json, "HostId", host);
	rw_json_put_text(&json, "Code", call->fault.code);
	rw_json_put_text(&json, "Message", message);
	rw_json_put_text(&json, "Recommend", "");
	rw_json_end_object(&json);
}

static void answer_fault(struct call *call)
{
	const char *host = rw_http_exchange_header(call->exchange, "Host");
	const char *format = call_text(call, "Format");
	bool xml = format && strcasecmp(format, "XML") == 0;
	char message[sizeof(call->fault.message)];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	/* It may quote what is no UTF-8, and was maybe cut. */
	rw_json_quote(call->fault.message, message, sizeof(message));
	rw_buf_init(&buf, 64 << 10);
	if (xml)
		write_fault_xml(call, host ? host : "", call->fault.message, &buf);
	else
		write_fault_json(call, host ? host : "", message, &buf);
	if (rw_buf_check(&buf, NULL) == 0)
		rw_http_answer(call->exchange, call->fault.status, xml ? "text/xml" : "application/json",
			       buf.data, buf.size);
	else
		rw_http_answer(call->exchange, 503, NULL, NULL, 0);
}

static void answer(struct call *call, struct rw_buf *buf)
{
	size_t size;
	char *text;

	rw_json_put_text(&call->json, "RequestId", call->request_id);
	rw_json_end_object(&call->json);
	size = buf->size;
	text = buf->failed ? NULL : rw_buf_take_text(buf);
	if (text)
		rw_http_answer_take(call->exchange, 200, "application/json", text, size);
	else
		rw_http_answer(call->exchange, 503, NULL, NULL, 0);
}

/* ---- a request's way ---- */

const char *call_query(const struct call *call)
{
	const char *query = strchr(call->request->target, '?');

	return query ? query + 1 : NULL;
}

static int read_parameters(struct call *call)
{
	const char *type = rw_http_exchange_header(call->exchange, "Content-Type");
	bool form = type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	/* What is behind a NUL would be signed as bytes, but not read. */
	if (form && strlen(call->request->body) != call->request->body_size)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidParameter", "The body holds a NUL.");
	r = rw_alibaba_parameters_read(call_query(call), form ? call->request->body : NULL, &call->parameters,
				       &err);
	if (r == -ENOMEM)
		return call_out_of_memory(call);
	return r < 0 ? rw_alibaba_refuse_error(&call->fault, 400, "InvalidParameter", &err) : 0;
}

static int find_action(struct call *call)
{
	const char *name = call->claim.action ? call->claim.action : "";
	const char *version = call->claim.version ? call->claim.version : "";
	bool known_version = false;

	if (!name[0])
		return rw_alibaba_refuse(&call->fault, 400, "MissingParameter", "Action is missing.");
	for (const struct action *action = alibaba_actions; action->name; action++) {
		known_version |= strcmp(action->version, version) == 0;
		if (strcmp(action->name, name) != 0 || strcmp(action->version, version) != 0)
			continue;
		call->action = action;
		return 0;
	}
	if (!known_version)
		return rw_alibaba_refuse(&call->fault, 400, "InvalidVersion",
					 "Version is %s (ECS) or %s (VPC), not '%.40s'.", RW_ALIBABA_ECS,
					 RW_ALIBABA_VPC, version);
	return rw_alibaba_refuse(&call->fault, 404, "InvalidAction.NotFound",
				 "Ringwall does not have the action %.80s.", name);
}

static int check_role(struct call *call)
{
	if (call->actor.role >= call->action->role)
		return 0;
	return rw_alibaba_refuse(&call->fault, 403, "Forbidden.RAM",
				 "Key '%.100s' is a %s's; %s needs an %s's.", call->actor.name,
				 rw_word_of(rw_words_role, (int)call->actor.role), call->action->name,
				 rw_word_of(rw_words_role, (int)call->action->role));
}

static int check_region(struct call *call)
{
	const char *region = call_text(call, "RegionId");

	if (!region)
		return call->action->needs_region
			       ? rw_alibaba_refuse(&call->fault, 400, "MissingParameter.RegionId",
						   "RegionId is missing; here it is '%s'.",
						   call->self->region)
			       : 0;
	if (strcmp(region, call->self->region) != 0)
		return rw_alibaba_refuse(&call->fault, 404, "InvalidRegionId.NotFound",
					 "There is no region '%.80s'; here it is '%s'.", region,
					 call->self->region);
	return 0;
}

static int dispatch(struct call *call)
{
	int r = read_parameters(call);

	if (r == 0 && strcmp(call->request->method, "GET") != 0 && strcmp(call->request->method, "POST") != 0)
		r = rw_alibaba_refuse(&call->fault, 405, "UnsupportedHTTPMethod", "Use GET or POST.");
	if (r == 0 && strcmp(call->request->path, "/") != 0)
		r = rw_alibaba_refuse(&call->fault, 404, "InvalidAction.NotFound",
				      "There is nothing at %.200s; actions are at /.", call->request->path);
	if (r == 0)
		r = call_authenticate(call);
	if (r == 0)
		r = find_action(call);
	if (r == 0)
		r = check_role(call);
	if (r == 0)
		r = check_region(call);
	return r < 0 ? r : call->action->handler(call);
}

void rw_alibaba_handle(struct rw_http_exchange *exchange, void *userdata)
{
	struct rw_alibaba *self = userdata;
	struct call call = {
		.self = self, .exchange = exchange, .request = rw_http_exchange_request(exchange)};
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	if (rw_address_parse(call.request->peer_address, &call.peer, NULL) < 0)
		call.peer = (struct rw_address){0};
	rw_buf_init(&call.claim.canonical, 0);
	rw_buf_init(&call.claim.text, 0);
	rw_buf_init(&call.claim.other, 0);
	rw_buf_init(&buf, RW_ALIBABA_ANSWER_MAX);
	rw_json_writer_init(&call.json, &buf, false);
	rw_json_begin_object(&call.json);
	make_request_id(&call);
	add_header(&call, "x-acs-request-id", call.request_id);
	add_header(&call, "Cache-Control", "no-store");
	if (dispatch(&call) < 0) {
		(void)rw_alibaba_refuse(&call.fault, 500, "InternalError", "The request failed.");
		answer_fault(&call);
	} else {
		answer(&call, &buf);
	}
	rw_alibaba_parameters_done(&call.parameters);
	rw_alibaba_claim_done(&call.claim);
}
