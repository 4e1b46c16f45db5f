/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include <stdio.h>
#include <string.h>

void rw_api_header(struct rw_http_exchange *exchange, const char *name, const char *value)
{
	if (rw_http_answer_header(exchange, name, value) < 0)
		return;
}

void rw_api_prepare(struct rw_http_exchange *exchange)
{
	rw_api_header(exchange, "Cache-Control", "no-store");
	rw_api_header(exchange, "X-Content-Type-Options", "nosniff");
	rw_api_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
}

/* Headers of every answer; counts it. */
static void prepare(struct rw_api *api, struct rw_http_exchange *exchange, unsigned int status)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s.%llu", rw_controller_incarnation(api->controller),
		       (unsigned long long)rw_controller_revision(api->controller));
	rw_api_header(exchange, "Ringwall-Position", text);
	rw_api_prepare(exchange);
	api->answers[status / 100 < 6 ? status / 100 : 0]++;
}

void rw_api_etag_header(struct rw_http_exchange *exchange, uint64_t revision)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "\"%llu\"", (unsigned long long)revision);
	rw_api_header(exchange, "ETag", text);
}

void rw_api_send(struct rw_api *api, struct rw_http_exchange *exchange, unsigned int status,
		 struct rw_buf *json)
{
	size_t size = json->size;
	char *text = json->failed ? NULL : rw_buf_take_text(json);

	prepare(api, exchange, text ? status : 503);
	if (text)
		rw_http_answer_take(exchange, status, "application/json", text, size);
	else
		rw_http_answer(exchange, 503, NULL, NULL, 0);
	rw_buf_done(json);
}

void rw_api_answer(struct rw_api_call *call, unsigned int status, struct rw_buf *json)
{
	rw_api_send(call->api, RW_TAKE_PTR(call->exchange), status, json);
}

void rw_api_answer_text(struct rw_api_call *call, unsigned int status, const char *type, const char *text)
{
	prepare(call->api, call->exchange, status);
	rw_http_answer(RW_TAKE_PTR(call->exchange), status, type, text, strlen(text));
}

void rw_api_answer_empty(struct rw_api_call *call, unsigned int status)
{
	prepare(call->api, call->exchange, status);
	rw_http_answer(RW_TAKE_PTR(call->exchange), status, NULL, NULL, 0);
}

void rw_api_answer_problem_with(struct rw_api_call *call, const struct rw_error *err,
				void (*write)(struct rw_json_writer *json, const void *data),
				const void *data)
{
	struct rw_http_exchange *exchange = RW_TAKE_PTR(call->exchange);
	unsigned int status = (unsigned int)rw_problem_status(err);
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_json_writer json;
	char seconds[16];

	prepare(call->api, exchange, status);
	if (status == 429) {
		(void)snprintf(seconds, sizeof(seconds), "%u", call->retry_after_s);
		rw_api_header(exchange, "Retry-After", seconds);
	}
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_problem_write(&json, (int)status, err);
	if (write)
		write(&json, data);
	rw_json_end_object(&json);
	if (rw_buf_check(&buf, NULL) == 0)
		rw_http_answer(exchange, status, RW_PROBLEM_TYPE, buf.data, buf.size);
	else
		rw_http_answer(exchange, status, NULL, NULL, 0);
}

void rw_api_answer_problem(struct rw_api_call *call, const struct rw_error *err)
{
	rw_api_answer_problem_with(call, err, NULL, NULL);
}

void rw_api_list_begin(struct rw_api_list *list)
{
	rw_buf_init(&list->buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&list->json, &list->buf, false);
	rw_json_begin_object(&list->json);
	rw_json_key(&list->json, "items");
	rw_json_begin_array(&list->json);
}

void rw_api_list_answer(struct rw_api_call *call, struct rw_api_list *list, const char *next)
{
	rw_json_end_array(&list->json);
	rw_json_key(&list->json, "next");
	if (next)
		rw_json_write_text(&list->json, next);
	else
		rw_json_write_null(&list->json);
	rw_json_end_object(&list->json);
	rw_api_answer(call, 200, &list->buf);
}
