/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

bool rw_alibaba_is_region(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length > 0 && length < ZONE_ID_SIZE - 4 && !text[length];
}

int rw_alibaba_new(const struct rw_alibaba_options *options, struct rw_alibaba **ret_alibaba,
		   struct rw_error *err)
{
	RW_CLEANUP(rw_alibaba_free) struct rw_alibaba *self = calloc(1, sizeof(*self));
	uint64_t seed;
	int r;

	if (!self)
		return rw_error_oom(err);
	if (!rw_alibaba_is_region(options->region))
		return rw_error_field(err, "region", "'%.80s' is no name of a region", options->region);
	self->controller = options->controller;
	self->clock = options->clock;
	self->random = options->random;
	self->region = strdup(options->region);
	self->network = options->network ? strdup(options->network) : NULL;
	self->wait_ms = options->wait_ms;
	self->random->fill(self->random, &seed, sizeof(seed));
	self->nonces = rw_alibaba_nonces_new(RW_ALIBABA_NONCES_MAX, rw_clock_realtime_ms(self->clock), seed);
	if (!self->region || (options->network && !self->network) || !self->nonces)
		return rw_error_oom(err);
	r = rw_controller_account(self->controller, self->account, err);
	if (r == 0)
		*ret_alibaba = RW_TAKE_PTR(self);
	return r;
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

/* ---- a request's way ---- */

const char *call_query(const struct call *call)
{
	const char *query = strchr(call->request->target, '?');

	return query ? query + 1 : NULL;
}

static int read_parameters(struct call *call)
{
	const char *type = rw_http_exchange_header(call->exchange, "Content-Type");
	bool form = !call->roa && type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
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

static int check_version(struct call *call, const struct action *actions)
{
	const char *version = call->claim.version ? call->claim.version : "";

	for (const struct action *action = actions; action->name; action++)
		if (strcmp(action->version, version) == 0)
			return 0;
	return rw_alibaba_refuse(&call->fault, 400, "InvalidVersion",
				 "Version is %s (ECS), %s (VPC) or %s (Container Service), not '%.40s'.",
				 RW_ALIBABA_ECS, RW_ALIBABA_VPC, RW_ALIBABA_CS, version);
}

static int find_action(struct call *call)
{
	const char *name = call->claim.action ? call->claim.action : "";
	int r;

	if (!name[0])
		return rw_alibaba_refuse(&call->fault, 400, "MissingParameter", "Action is missing.");
	r = check_version(call, alibaba_actions);
	if (r < 0)
		return r;
	for (const struct action *action = alibaba_actions; action->name; action++) {
		if (strcmp(action->name, name) != 0 || strcmp(action->version, call->claim.version) != 0)
			continue;
		call->action = action;
		return 0;
	}
	return rw_alibaba_refuse(&call->fault, 404, "InvalidAction.NotFound",
				 "Ringwall does not have the action %.80s.", name);
}

/* Whether the path is that of a route; fills the call's names. */
static bool is_route(struct call *call, const char *path)
{
	const struct rw_http_request *request = call->request;
	size_t names = 0;

	for (size_t i = 0; i < request->segment_count; i++) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "{}", 2) == 0 && names < RW_ARRAY_COUNT(call->names))
			call->names[names++] = request->segments[i];
		else if (length == 0 || strlen(request->segments[i]) != length ||
			 strncmp(request->segments[i], path, length) != 0)
			return false;
		path += length;
		path += *path == '/';
	}
	return !*path;
}

static int find_route(struct call *call)
{
	bool other_method = false;
	int r = check_version(call, alibaba_routes);

	if (r < 0)
		return r;
	for (const struct action *route = alibaba_routes; route->name; route++) {
		if (!is_route(call, route->path))
			continue;
		other_method = true;
		if (strcmp(route->method, call->request->method) != 0)
			continue;
		call->action = route;
		return 0;
	}
	return rw_alibaba_refuse(&call->fault, other_method ? 405 : 404,
				 other_method ? "UnsupportedHTTPMethod" : "InvalidAction.NotFound",
				 "Ringwall does not have %.20s %.200s.", call->request->method,
				 call->request->path);
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

/* The region that a request names, which is the one there is. */
static int check_region(struct call *call)
{
	const char *region = call_text(call, call->roa ? "region_id" : "RegionId");
	int r = 0;

	if (!region && call->roa)
		region = rw_http_exchange_header(call->exchange, "x-acs-region-id");
	if (!region && call->roa)
		r = body_text(call, "region_id", &region);
	if (r < 0)
		return r;
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

/* A path is signed by the ways that belong to it alone. */
static int check_scheme(struct call *call)
{
	enum rw_alibaba_scheme other = call->roa ? RW_ALIBABA_RPC : RW_ALIBABA_ROA;

	if (call->claim.scheme != other)
		return 0;
	return rw_alibaba_refuse(&call->fault, 400, "IncompleteSignature",
				 "A request for %.200s is signed by %s or ACS3-HMAC-SHA256.",
				 call->request->path,
				 call->roa ? "the header Authorization: acs ..." : "the parameter Signature");
}

static int dispatch_rpc(struct call *call)
{
	int r = 0;

	if (strcmp(call->request->method, "GET") != 0 && strcmp(call->request->method, "POST") != 0)
		r = rw_alibaba_refuse(&call->fault, 405, "UnsupportedHTTPMethod", "Use GET or POST.");
	if (r == 0)
		r = call_authenticate(call);
	if (r == 0)
		r = check_scheme(call);
	if (r == 0)
		r = find_action(call);
	if (r == 0)
		rw_json_begin_object(&call->json);
	return r;
}

static int dispatch_roa(struct call *call)
{
	int r = call_authenticate(call);

	if (r == 0)
		r = check_scheme(call);
	if (r == 0)
		r = find_route(call);
	return r < 0 ? r : call_read_body(call);
}

static int dispatch(struct call *call)
{
	int r = read_parameters(call);

	if (r == 0)
		r = call->roa ? dispatch_roa(call) : dispatch_rpc(call);
	if (r == 0)
		r = check_role(call);
	if (r == 0)
		r = check_region(call);
	return r < 0 ? r : call->action->handler(call);
}

static void add_header(struct call *call, const char *name, const char *value)
{
	if (rw_http_answer_header(call->exchange, name, value) < 0)
		return; /* The answer goes without. */
}

void rw_alibaba_handle(struct rw_http_exchange *exchange, void *userdata)
{
	struct rw_alibaba *self = userdata;
	struct call call = {.self = self,
			    .exchange = exchange,
			    .request = rw_http_exchange_request(exchange),
			    .status = 200};

	if (rw_address_parse(call.request->peer_address, &call.peer, NULL) < 0)
		call.peer = (struct rw_address){0};
	call.roa = strcmp(call.request->path, "/") != 0;
	rw_buf_init(&call.claim.canonical, 0);
	rw_buf_init(&call.claim.text, 0);
	rw_buf_init(&call.claim.other, 0);
	rw_buf_init(&call.answer, RW_ALIBABA_ANSWER_MAX);
	rw_json_writer_init(&call.json, &call.answer, false);
	make_request_id(&call);
	add_header(&call, "x-acs-request-id", call.request_id);
	add_header(&call, "Cache-Control", "no-store");
	if (dispatch(&call) < 0) {
		(void)rw_alibaba_refuse(&call.fault, 500, "InternalError", "The request failed.");
		call_answer_fault(&call);
	} else {
		call_answer(&call);
	}
	rw_buf_done(&call.answer);
	(void)rw_json_document_free(call.document);
	rw_alibaba_parameters_done(&call.parameters);
	rw_alibaba_claim_done(&call.claim);
}
