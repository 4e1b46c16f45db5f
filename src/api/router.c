/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include "controller/authority.h"

#include <stdio.h>
#include <string.h>

/* Does the request's path fit the route's?  Fills 'names' with what stands for "{}". */
static bool path_fits(const struct rw_http_request *request, const char *path, const char **names)
{
	size_t segment = 0;
	size_t name_count = 0;

	while (*path) {
		size_t length = strcspn(path, "/");
		const char *given;

		if (segment >= request->segment_count)
			return false;
		given = request->segments[segment++];
		if (length == 2 && strncmp(path, "{}", 2) == 0) {
			if (!given[0] || name_count == RW_API_MAX_NAMES)
				return false;
			names[name_count++] = given;
		} else if (strlen(given) != length || strncmp(given, path, length) != 0) {
			return false;
		}
		path += length + (path[length] == '/');
	}
	return segment == request->segment_count;
}

static void allow(char allowed[64], const char *method)
{
	if (strstr(allowed, method) || strlen(allowed) + strlen(method) + 3 > 64)
		return;
	if (allowed[0])
		(void)strcat(allowed, ", ");
	(void)strcat(allowed, method);
}

/* Literal paths stand beside "{}" ones ("rules/revoke" and "rules/{}"): the first that fits is taken. */
int rw_api_find_route(const struct rw_http_request *request, const struct rw_api_route **ret_route,
		      const char *ret_names[RW_API_MAX_NAMES], char ret_allowed[64], struct rw_error *err)
{
	const struct rw_api_route *other = NULL;

	ret_allowed[0] = '\0';
	for (const struct rw_api_route *route = rw_api_routes; route->method; route++) {
		const char *names[RW_API_MAX_NAMES] = {NULL};

		if (!path_fits(request, route->path, names))
			continue;
		if (strcmp(route->method, request->method) == 0) {
			memcpy(ret_names, names, sizeof(names));
			*ret_route = route;
			return 0;
		}
		allow(ret_allowed, route->method);
		other = route;
	}
	if (!other)
		return rw_error_set(err, -ENOENT, "there is nothing at %.200s", request->path);
	(void)rw_error_set(err, -ENOSYS, "%.20s is not for /%s", request->method, other->path);
	return rw_error_hint(err, "Use %s.", ret_allowed);
}

static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list) {
		size_t word = strcspn(list, " ");

		if (word && word == length && strncmp(list, name, length) == 0)
			return true;
		list += word + (list[word] == ' ');
	}
	return false;
}

int rw_api_check_parameters(const struct rw_api_route *route, const struct rw_http_request *request,
			    struct rw_error *err)
{
	for (size_t i = 0; i < request->parameter_count; i++) {
		const char *name = request->parameters[i].name;

		if (!is_listed(route->parameters, name)) {
			(void)rw_error_field(err, name, "%s /%s has no such parameter", route->method,
					     route->path);
			return rw_error_hint(err, route->parameters[0] ? "It has: %s." : "It has none.%s",
					     route->parameters);
		}
		for (size_t j = 0; j < i && strcmp(name, "force") != 0; j++)
			if (strcmp(request->parameters[j].name, name) == 0)
				return rw_error_field(err, name, "the parameter is given twice");
	}
	return 0;
}

static int read_body(struct rw_api_call *call, struct rw_error *err)
{
	const struct rw_http_request *request = call->request;
	const char *type = rw_http_exchange_header(call->exchange, "Content-Type");
	int r;

	if (type && strncasecmp(type, "application/json", 16) != 0) {
		(void)rw_error_set(err, -EINVAL, "the body is %.80s", type);
		return rw_error_hint(err, "Send application/json.");
	}
	if (!request->body_size) {
		(void)rw_error_set(err, -EINVAL, "%s /%s needs a JSON body", request->method,
				   call->route->path);
		return rw_error_hint(err, "docs/openapi.yaml has its form.");
	}
	r = rw_json_parse(request->body, request->body_size, RW_JSON_MODEL_MAX, &call->document, err);
	if (r < 0)
		return r;
	call->body = rw_json_root(call->document);
	return rw_json_expect_object(&call->body, err);
}

/* While an authority is replaced, clients learn of both. */
static void tell_authorities(const struct rw_api_call *call)
{
	const rw_cert_fingerprint *authorities;
	size_t count = rw_authority_fingerprints(call->controller, &authorities);
	char text[RW_CERT_BUNDLE_MAX * sizeof(*authorities)] = "";
	size_t length = 0;

	if (count < 2 || call->route->access == RW_API_PUBLIC)
		return;
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i ? " " : "",
					   authorities[i]);
	rw_api_header(call->exchange, "Ringwall-Authorities", text);
}

/* Paths that are the API's, whether there is something at them or not. */
static bool is_of_api(const struct rw_http_request *request)
{
	static const char *const names[] = {"v1", "healthz", "readyz", "metrics"};

	for (size_t i = 0; request->segment_count && i < RW_ARRAY_COUNT(names); i++)
		if (strcmp(request->segments[0], names[i]) == 0)
			return true;
	return false;
}

/* Gives the call to the console, if that has something for it. */
static bool answer_console(struct rw_api_call *call)
{
	struct rw_api *api = call->api;
	unsigned int status;

	if (is_of_api(call->request))
		return false;
	status = rw_assets_answer(api->console, api->random, call->exchange);
	if (!status)
		return false;
	call->exchange = NULL;
	api->answers[status / 100]++;
	return true;
}

static int dispatch(struct rw_api_call *call, struct rw_error *err)
{
	char allowed[64];
	int r;

	if (answer_console(call))
		return 0;
	r = rw_api_find_route(call->request, &call->route, call->names, allowed, err);

	if (r == -ENOSYS)
		rw_api_header(call->exchange, "Allow", allowed);
	if (r == 0)
		r = rw_api_authenticate(call, err);
	if (r == 0)
		tell_authorities(call);
	if (r == 0)
		r = rw_api_check_parameters(call->route, call->request, err);
	if (r == 0 && call->route->wants_body)
		r = read_body(call, err);
	return r < 0 ? r : call->route->handler(call, err);
}

static enum rw_api_latency latency_of(const struct rw_api_call *call)
{
	if (call->route && call->route->access == RW_API_AGENT)
		return RW_API_LATENCY_AGENT;
	return strcmp(call->request->method, "GET") == 0 ? RW_API_LATENCY_READ : RW_API_LATENCY_CHANGE;
}

void rw_api_handle(struct rw_http_exchange *exchange, void *userdata)
{
	struct rw_api *api = userdata;
	uint64_t begin_ns = rw_clock_monotonic_ns(api->clock);
	struct rw_api_call call = {
		.api = api, .controller = api->controller, .exchange = exchange, .retry_after_s = 1};
	struct rw_error err = RW_ERROR_NONE;

	call.request = rw_http_exchange_request(exchange);
	if (rw_address_parse(call.request->peer_address, &call.peer, NULL) < 0)
		call.peer = (struct rw_address){0};
	api->requests++;
	if (dispatch(&call, &err) < 0)
		rw_api_answer_problem(&call, &err);
	(void)rw_json_document_free(call.document);
	rw_histogram_observe(&api->latencies[latency_of(&call)],
			     rw_clock_monotonic_ns(api->clock) - begin_ns);
}
