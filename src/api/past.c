/* SPDX-License-Identifier: Apache-2.0 */

/* A security group as it was at a revision. */

#include "api/internal.h"

#include <inttypes.h>
#include <string.h>

#include "controller/history.h"
#include "loop/loop.h"

/* History is read step by step, with everybody else in between. */
struct looking {
	struct rw_api *api;
	struct rw_http_exchange *exchange;
	struct rw_loop_deferred *step;
	struct rw_history *history;
	uint64_t revision;
	char *reference;
};

static struct looking *looking_free(struct looking *looking)
{
	if (!looking)
		return NULL;
	(void)rw_loop_deferred_free(looking->step);
	(void)rw_history_free(looking->history);
	free(looking->reference);
	free(looking);
	return NULL;
}
RW_DEFINE_CLEANUP(struct looking *, looking_free)

static void client_is_gone(struct rw_http_exchange *exchange, void *userdata)
{
	(void)exchange;
	(void)looking_free(userdata);
}

static int show(struct looking *looking, struct rw_buf *buf, struct rw_error *err)
{
	RW_CLEANUP(rw_model_free) struct rw_model *past = rw_history_take_model(looking->history);
	struct rw_json_writer json;
	const void *group;
	int r = rw_api_find(past, RW_KIND_GROUP, looking->reference, &group, err);

	if (r < 0)
		return rw_error_wrap(err, "at revision %" PRIu64, looking->revision);
	rw_json_writer_init(&json, buf, false);
	rw_api_write_past_group(&json, past, group);
	return rw_buf_check(buf, err);
}

static void step(void *userdata)
{
	struct looking *looking = userdata;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_buf buf;
	int r = rw_history_step(looking->history, &err);

	if (r == RW_HISTORY_MORE) {
		rw_loop_deferred_arm(looking->step);
		return;
	}
	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	if (r == 0)
		r = show(looking, &buf, &err);
	rw_api_answer_computed(looking->api, looking->exchange, r, &buf, &err);
	rw_buf_done(&buf);
	(void)looking_free(looking);
}

/* Whom the reference means now it meant then, too: names may have changed. */
static char *identify(const struct rw_api_call *call)
{
	const void *group;

	return strdup(rw_api_find(rw_controller_model(call->controller), RW_KIND_GROUP, call->names[0],
				  &group, NULL) < 0
			      ? call->names[0]
			      : rw_object_id(RW_KIND_GROUP, group));
}

int rw_api_get_past_group(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(looking_free) struct looking *looking = calloc(1, sizeof(*looking));
	int r;

	if (!looking)
		return rw_error_oom(err);
	looking->api = call->api;
	looking->exchange = call->exchange;
	looking->reference = identify(call);
	if (!looking->reference)
		return rw_error_oom(err);
	if (!rw_revision_parse(call->names[1], &looking->revision)) {
		(void)rw_error_set(err, -ENOENT, "'%.40s' is not a revision", call->names[1]);
		return rw_error_hint(err, "A revision is a number, as 'ringwall log' shows it.");
	}
	r = rw_history_new(call->controller, "revision", looking->revision, &looking->history, err);
	if (r == 0 && rw_loop_deferred_new(call->api->loop, step, looking, &looking->step) < 0)
		r = rw_error_oom(err);
	if (r == 0)
		r = rw_api_defer(call, call->exchange, client_is_gone, looking, err);
	if (r < 0)
		return r;
	call->exchange = NULL;
	rw_loop_deferred_arm(RW_TAKE_PTR(looking)->step);
	return 0;
}
