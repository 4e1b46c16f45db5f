/* SPDX-License-Identifier: Apache-2.0 */

/* Questions that take long, computed on pool threads while the loop goes on. */

#include "api/internal.h"

#include "loop/loop.h"

struct rw_api_work {
	struct rw_api *api; /* NULL = it is gone */
	struct rw_api_work *next;
	struct rw_api_question question;
	rw_api_work_fn *done; /* NULL = nobody wants the answer */
	void *userdata;
	struct rw_buf buf;
	struct rw_error err;
	int result;
};

static void compute(void *job)
{
	struct rw_api_work *work = job;

	work->result = work->question.compute(work->question.data, &work->buf, &work->err);
	if (work->result == 0)
		work->result = rw_buf_check(&work->buf, &work->err);
}

static void unlink_work(struct rw_api_work *work)
{
	for (struct rw_api_work **at = &work->api->works; *at; at = &(*at)->next) {
		if (*at == work) {
			*at = work->next;
			break;
		}
	}
	work->api->work_count--;
}

static void computed(void *job, int status)
{
	struct rw_api_work *work = job;

	if (work->api)
		unlink_work(work);
	if (work->done && work->api)
		work->done(work->userdata, status < 0 ? status : work->result, &work->buf, &work->err);
	work->question.forget(work->question.data);
	rw_buf_done(&work->buf);
	free(work);
}

static int too_busy(struct rw_error *err)
{
	(void)rw_error_set(err, -EAGAIN, "too many questions are being computed");
	return rw_error_hint(err, "Ask again in a few seconds.");
}

int rw_api_work_start(struct rw_api *api, const struct rw_api_question *question, size_t answer_max,
		      rw_api_work_fn *done, void *userdata, struct rw_api_work **ret_work,
		      struct rw_error *err)
{
	struct rw_api_work *work = api->work_count < RW_API_WORKS_MAX ? calloc(1, sizeof(*work)) : NULL;
	int r;

	if (!work) {
		question->forget(question->data);
		return api->work_count < RW_API_WORKS_MAX ? rw_error_oom(err) : too_busy(err);
	}
	work->api = api;
	work->question = *question;
	work->done = done;
	work->userdata = userdata;
	rw_buf_init(&work->buf, answer_max);
	r = rw_loop_work(api->loop, compute, computed, work);
	if (r < 0) {
		question->forget(question->data);
		free(work);
		return r == -EAGAIN ? too_busy(err) : rw_error_oom(err);
	}
	work->next = api->works;
	api->works = work;
	api->work_count++;
	*ret_work = work;
	return 0;
}

void rw_api_work_abandon(struct rw_api_work *work)
{
	work->done = NULL;
}

void rw_api_works_forget(struct rw_api *api)
{
	for (struct rw_api_work *work = api->works; work; work = work->next)
		work->api = NULL;
	api->works = NULL;
}

/* ---- answers that are nothing but what was computed ---- */

struct computing {
	struct rw_api *api;
	struct rw_http_exchange *exchange;
	struct rw_api_work *work;
};

void rw_api_answer_computed(struct rw_api *api, struct rw_http_exchange *exchange, int result,
			    struct rw_buf *buf, const struct rw_error *err)
{
	struct rw_api_call call = {.api = api, .exchange = exchange, .retry_after_s = 2};
	struct rw_error failure = *err;

	if (result == 0) {
		rw_api_send(api, exchange, 200, buf);
		return;
	}
	if (failure.code >= 0) /* the loop was ended before it began */
		(void)rw_error_set(&failure, result, "the question was not computed");
	rw_api_answer_problem(&call, &failure);
}

static void answer_computed(void *userdata, int result, struct rw_buf *buf, const struct rw_error *err)
{
	struct computing *computing = userdata;

	rw_api_answer_computed(computing->api, computing->exchange, result, buf, err);
	free(computing);
}

static void client_is_gone(struct rw_http_exchange *exchange, void *userdata)
{
	struct computing *computing = userdata;

	(void)exchange;
	rw_api_work_abandon(computing->work);
	free(computing);
}

int rw_api_defer(struct rw_api_call *call, struct rw_http_exchange *exchange,
		 void (*gone)(struct rw_http_exchange *exchange, void *userdata), void *userdata,
		 struct rw_error *err)
{
	int r = rw_http_exchange_defer(exchange, gone, userdata);

	return r < 0 ? rw_api_no_place(call, r, err) : 0;
}

int rw_api_compute(struct rw_api_call *call, const struct rw_api_question *question, struct rw_error *err)
{
	struct computing *computing = calloc(1, sizeof(*computing));
	int r;

	if (!computing) {
		question->forget(question->data);
		return rw_error_oom(err);
	}
	computing->api = call->api;
	computing->exchange = call->exchange;
	r = rw_api_work_start(call->api, question, RW_API_ANSWER_MAX, answer_computed, computing,
			      &computing->work, err);
	if (r == 0) {
		r = rw_api_defer(call, call->exchange, client_is_gone, computing, err);
		if (r < 0)
			rw_api_work_abandon(computing->work);
	}
	if (r < 0) {
		free(computing);
		return r;
	}
	call->exchange = NULL;
	return 0;
}
