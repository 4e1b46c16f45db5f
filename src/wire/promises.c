/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/promises.h"

#include <string.h>

#include "wire/findings.h"
#include "wire/object.h"

static void put_broken(struct rw_json_writer *json, const struct rw_promise_outcome *outcome)
{
	rw_json_put_text(json, "node", outcome->node);
	rw_json_put_text(json, "node_name", outcome->node_name);
	rw_json_put_text(json, "interface", outcome->interface);
	rw_json_put_text(json, "verdict", rw_word_of(rw_words_verdict, (int)outcome->verdict));
	rw_json_put_text(json, "cause", outcome->cause);
	rw_witness_put(json, "witness", &outcome->witness, outcome->interface);
}

static int put_promise(struct rw_json_writer *json, struct rw_promise_judge *judge,
		       const struct rw_promise *promise, size_t *broken, struct rw_error *err)
{
	struct rw_promise_outcome outcome;
	struct rw_error failure = RW_ERROR_NONE;
	int r = rw_promise_judge_all(judge, promise, &outcome, &failure);

	if (r < 0 && r != -E2BIG) {
		if (err)
			*err = failure;
		return r;
	}
	rw_json_begin_object(json);
	rw_promise_put_fields(json, promise);
	rw_json_put_text(json, "state", r < 0 ? "unknown" : rw_promise_state_name(outcome.state));
	rw_json_put_integer(json, "interfaces", (int64_t)outcome.interfaces);
	if (r < 0)
		rw_json_put_text(json, "unknown_because", failure.text);
	else if (outcome.state == RW_PROMISE_BROKEN)
		put_broken(json, &outcome);
	rw_json_end_object(json);
	*broken += r == 0 && outcome.state == RW_PROMISE_BROKEN;
	return 0;
}

int rw_promises_check(struct rw_buf *buf, const struct rw_model *model, const char *network,
		      struct rw_error *err)
{
	RW_CLEANUP(rw_promise_judge_free) struct rw_promise_judge *judge = NULL;
	struct rw_json_writer json;
	size_t broken = 0;
	int r = rw_promise_judge_new(model, &judge, err);

	if (r < 0)
		return r;
	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "promises");
	rw_json_begin_array(&json);
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_PROMISE); i++) {
		const struct rw_promise *promise = rw_model_at(model, RW_KIND_PROMISE, i);

		if (!network || strcmp(promise->network, network) == 0)
			r = put_promise(&json, judge, promise, &broken, err);
	}
	rw_json_end_array(&json);
	rw_json_put_integer(&json, "broken", (int64_t)broken);
	rw_json_end_object(&json);
	return r < 0 ? r : rw_buf_check(buf, err);
}
