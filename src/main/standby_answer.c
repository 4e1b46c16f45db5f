/* SPDX-License-Identifier: Apache-2.0 */
#include "main/standby_answer.h"

#include <string.h>

#include "wire/metrics.h"
#include "wire/problem.h"

/* Without memory the answer is the same, with a header less. */
static void add_header(struct rw_http_exchange *exchange, const char *name, const char *value)
{
	if (rw_http_answer_header(exchange, name, value) < 0)
		return;
}

static void add_headers(struct rw_http_exchange *exchange)
{
	add_header(exchange, "Cache-Control", "no-store");
	add_header(exchange, "X-Content-Type-Options", "nosniff");
	add_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
}

static bool is_get(const struct rw_http_request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

static bool is_path(const struct rw_http_request *request, const char *name)
{
	return request->segment_count == 1 && strcmp(request->segments[0], name) == 0;
}

/* Programs that go there find the URL in a member of its own. */
static void write_problem(struct rw_buf *buf, const struct rw_error *reason, const struct rw_standby *standby)
{
	const struct rw_registry_entry *other = standby ? rw_standby_other(standby) : NULL;
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_problem_write(&json, 0, reason);
	if (other)
		rw_json_put_text(&json, "active", other->url);
	rw_json_end_object(&json);
}

static void answer_problem(struct rw_http_exchange *exchange, const struct rw_standby *standby)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error reason = RW_ERROR_NONE;
	unsigned int status;

	rw_buf_init(&buf, 8192);
	if (standby)
		rw_standby_explain(standby, &reason);
	else
		(void)rw_error_set(&reason, -EREMOTE, "this controller is starting");
	status = (unsigned int)rw_problem_status(&reason);
	add_headers(exchange);
	add_header(exchange, "Retry-After", "1");
	write_problem(&buf, &reason, standby);
	if (rw_buf_check(&buf, NULL) < 0)
		rw_http_answer(exchange, status, NULL, NULL, 0);
	else
		rw_http_answer(exchange, status, RW_PROBLEM_TYPE, buf.data, buf.size);
}

static void answer_health(struct rw_http_exchange *exchange)
{
	static const char text[] = "ok\n";

	add_headers(exchange);
	rw_http_answer(exchange, 200, "text/plain; charset=utf-8", text, sizeof(text) - 1);
}

static void answer_metrics(struct rw_http_exchange *exchange)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	rw_buf_init(&buf, 4096);
	rw_metrics_family(&buf, "ringwall_info", RW_METRICS_GAUGE, "Always 1; the label tells what runs.");
	rw_metrics_put_labelled(&buf, "ringwall_info", "version", RW_VERSION, 1);
	rw_metrics_one(&buf, "ringwall_controller_active", RW_METRICS_GAUGE,
		       "1 on the active controller, 0 on one that stands by.", 0);
	add_headers(exchange);
	if (rw_buf_check(&buf, NULL) < 0)
		rw_http_answer(exchange, 503, NULL, NULL, 0);
	else
		rw_http_answer(exchange, 200, RW_METRICS_TYPE, buf.data, buf.size);
}

/* As of the active one: nobody shows a key, and the caller is on this host. */
static bool may_scrape(struct rw_http_exchange *exchange, const struct rw_http_request *request)
{
	struct rw_address peer;

	return rw_address_parse(request->peer_address, &peer, NULL) == 0 && rw_address_is_loopback(&peer) &&
	       !rw_http_exchange_header(exchange, "Authorization");
}

static bool wants_page(struct rw_http_exchange *exchange)
{
	const char *accept = rw_http_exchange_header(exchange, "Accept");

	return accept && strstr(accept, "text/html");
}

/* The page that is asked for, at the active controller; its name is in the registry, and thus checked. */
static bool redirect(struct rw_http_exchange *exchange, const struct rw_http_request *request,
		     const struct rw_standby *standby)
{
	const struct rw_registry_entry *other = standby ? rw_standby_other(standby) : NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf location = {0};

	if (!other || !wants_page(exchange))
		return false;
	rw_buf_init(&location, RW_REGISTRY_URL_SIZE + RW_HTTP_MAX_TARGET);
	(void)rw_buf_append_format(&location, "%s%s", other->url, request->target);
	if (rw_buf_check(&location, NULL) < 0 ||
	    rw_http_answer_header(exchange, "Location", location.data) < 0)
		return false;
	add_headers(exchange);
	add_header(exchange, "Vary", "Accept");
	rw_http_answer(exchange, 307, NULL, NULL, 0);
	return true;
}

/* Files of the console; the page itself only for browsers, so that no probe takes it for a controller that serves. */
static bool answer_console(struct rw_http_exchange *exchange, const struct rw_http_request *request,
			   const struct rw_assets *console)
{
	bool is_api = request->segment_count && strcmp(request->segments[0], "v1") == 0;
	bool is_page = request->segment_count == 0 || is_path(request, &RW_ASSETS_PAGE[1]);

	return !is_api && (!is_page || wants_page(exchange)) &&
	       rw_assets_answer(console, rw_random_system(), exchange);
}

void rw_standby_answer(struct rw_http_exchange *exchange, const struct rw_standby *standby,
		       const struct rw_assets *console, bool metrics_open)
{
	const struct rw_http_request *request = rw_http_exchange_request(exchange);

	if (is_get(request) && is_path(request, "healthz"))
		answer_health(exchange);
	else if (is_get(request) && is_path(request, "metrics") && metrics_open &&
		 may_scrape(exchange, request))
		answer_metrics(exchange);
	else if (!is_get(request) || is_path(request, "readyz") || is_path(request, "metrics"))
		answer_problem(exchange, standby);
	else if (!redirect(exchange, request, standby) && !answer_console(exchange, request, console))
		answer_problem(exchange, standby);
}
