/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/internal.h"

#include <stdlib.h>
#include <string.h>

#include "controller/wait.h"
#include "wire/text.h"

/* ---- faults ---- */

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

/* The Container Service's form; the members of RPC are for older clients, which read only those. */
static void write_fault_roa(const struct call *call, const char *message, struct rw_buf *buf)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "code", call->fault.code);
	rw_json_put_text(&json, "message", message);
	rw_json_put_text(&json, "requestId", call->request_id);
	rw_json_put_integer(&json, "status", call->fault.status);
	rw_json_put_integer(&json, "statusCode", call->fault.status);
	rw_json_put_text(&json, "Code", call->fault.code);
	rw_json_put_text(&json, "Message", message);
	rw_json_put_text(&json, "RequestId", call->request_id);
	rw_json_end_object(&json);
}

void call_answer_fault(struct call *call)
{
	const char *host = rw_http_exchange_header(call->exchange, "Host");
	const char *format = call_text(call, "Format");
	bool xml = !call->roa && format && strcasecmp(format, "XML") == 0;
	char message[sizeof(call->fault.message)];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;

	/* It may quote what is no UTF-8, and was maybe cut. */
	rw_json_quote(call->fault.message, message, sizeof(message));
	rw_buf_init(&buf, 64 << 10);
	if (call->roa)
		write_fault_roa(call, message, &buf);
	else if (xml)
		write_fault_xml(call, host ? host : "", call->fault.message, &buf);
	else
		write_fault_json(call, host ? host : "", message, &buf);
	if (rw_buf_check(&buf, NULL) == 0)
		rw_http_answer(call->exchange, call->fault.status, xml ? "text/xml" : "application/json",
			       buf.data, buf.size);
	else
		rw_http_answer(call->exchange, 503, NULL, NULL, 0);
}

/* ---- answers ---- */

/* An answer that waits until nodes enforce the change, or until it has waited long enough. */
struct waiting {
	struct rw_http_exchange *exchange;
	struct rw_wait *wait;
	unsigned int status;
	char *text; /* owned */
	size_t size;
};

static void send(struct rw_http_exchange *exchange, unsigned int status, char *text, size_t size)
{
	rw_http_answer_take(exchange, status, "application/json", text, size);
}

static void wait_is_over(void *userdata, uint64_t revision, bool timed_out)
{
	struct waiting *waiting = userdata;

	(void)revision;
	(void)timed_out; /* The change is durable, which is all that the answer says. */
	send(waiting->exchange, waiting->status, waiting->text, waiting->size);
	free(waiting);
}

static void client_is_gone(struct rw_http_exchange *exchange, void *userdata)
{
	struct waiting *waiting = userdata;

	(void)exchange;
	rw_wait_cancel(waiting->wait);
	free(waiting->text);
	free(waiting);
}

/* Whether it will be answered later.  Where waiting is impossible, the answer comes at once. */
static bool answer_later(const struct call *call, char *text, size_t size)
{
	RW_CLEANUP(rw_free) struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting || rw_wait_start(call->self->controller, call->change, call->self->wait_ms, false,
				      wait_is_over, waiting, &waiting->wait, NULL) != 0)
		return false;
	if (rw_http_exchange_defer(call->exchange, client_is_gone, waiting) < 0) {
		rw_wait_cancel(waiting->wait);
		return false;
	}
	waiting->exchange = call->exchange;
	waiting->status = call->status;
	waiting->text = text;
	waiting->size = size;
	(void)RW_TAKE_PTR(waiting);
	return true;
}

void call_answer(struct call *call)
{
	size_t size;
	char *text;

	if (!call->roa) {
		rw_json_put_text(&call->json, "RequestId", call->request_id);
		rw_json_end_object(&call->json);
	}
	size = call->answer.size;
	text = call->answer.failed ? NULL : rw_buf_take_text(&call->answer);
	if (!text) {
		rw_http_answer(call->exchange, 503, NULL, NULL, 0);
		return;
	}
	if (call->change && call->self->wait_ms && answer_later(call, text, size))
		return;
	send(call->exchange, call->status, text, size);
}
