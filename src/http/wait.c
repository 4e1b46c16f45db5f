/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "http/client_internal.h"

struct waiting {
	struct rw_http_call_options options; /* the caller's */
	struct rw_loop *loop;
	struct rw_http_result *result;
	struct rw_error *err;
	int outcome;
	bool done;
};

static void wait_line(struct rw_http_call *call, const char *line, size_t length, void *userdata)
{
	struct waiting *waiting = userdata;

	waiting->options.line(call, line, length, waiting->options.userdata);
}

static void wait_head(struct rw_http_call *call, const struct rw_http_response *response, void *userdata)
{
	struct waiting *waiting = userdata;

	waiting->options.head(call, response, waiting->options.userdata);
}

static int copy_answer(const struct rw_http_response *response, struct rw_http_result *result)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf headers;

	rw_buf_init(&headers, 2 * RW_HTTP_CLIENT_HEAD_BYTES);
	for (size_t i = 0; i < response->header_count; i++)
		(void)rw_buf_append_format(&headers, "%s: %s\n", response->headers[i].name,
					   response->headers[i].value);
	result->status = response->status;
	result->headers = rw_buf_take_text(&headers);
	result->body = malloc(response->body_size + 1);
	if (!result->headers || !result->body) {
		rw_http_result_done(result);
		return -ENOMEM;
	}
	memcpy(result->body, response->body, response->body_size);
	result->body[response->body_size] = '\0';
	result->body_size = response->body_size;
	return 0;
}

static void wait_done(struct rw_http_call *call, int result, const struct rw_http_response *response,
		      const struct rw_error *err, void *userdata)
{
	struct waiting *waiting = userdata;

	(void)call;
	waiting->outcome = result;
	waiting->result->unsent = result < 0 && response->unsent;
	if (result == 0 && copy_answer(response, waiting->result) < 0)
		waiting->outcome = rw_error_oom(waiting->err);
	else if (result < 0 && waiting->err)
		*waiting->err = *err;
	waiting->done = true;
	rw_loop_stop(waiting->loop);
}

int rw_http_client_wait(struct rw_http_client *client, const struct rw_http_call_options *options,
			struct rw_http_result *ret_result, struct rw_error *err)
{
	struct rw_http_call_options own = *options;
	struct rw_http_result result = {0};
	struct waiting waiting = {
		.options = *options,
		.loop = client->loop,
		.result = &result,
		.err = err,
	};
	struct rw_http_call *call = NULL;
	int r;

	own.line = options->line ? wait_line : NULL;
	own.head = options->head ? wait_head : NULL;
	own.done = wait_done;
	own.userdata = &waiting;
	r = rw_http_client_call(client, &own, &call, err);
	if (r < 0)
		return r;
	rw_loop_run(waiting.loop);
	if (!waiting.done) {
		/* Somebody else has stopped the loop: a signal, say. */
		rw_http_call_abort(call);
		return rw_error_set(err, -EINTR, "interrupted");
	}
	*ret_result = result;
	return waiting.outcome;
}

void rw_http_result_done(struct rw_http_result *result)
{
	free(result->body);
	free(result->headers);
	*result = (struct rw_http_result){0};
}
