/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "audit/promise.h"
#include "controller/internal.h"

/* Judgements for one change; each is one promise at one node, after and, if need be, before. */
#define JUDGED_MAX 10000

/* What judging the promises of one change shares. */
struct judging {
	const struct rw_model *before, *after;
	struct rw_promise_judge *judge_before, *judge_after; /* made when first needed */
	struct rw_vec *findings;
	struct rw_error *err;
};

static void judging_done(struct judging *judging)
{
	judging->judge_before = rw_promise_judge_free(judging->judge_before);
	judging->judge_after = rw_promise_judge_free(judging->judge_after);
}
RW_DEFINE_DONE(struct judging, judging_done)

static const char *word_of(const struct rw_promise *promise)
{
	return promise->policy == RW_VERDICT_ACCEPT ? "accept" : "deny";
}

static void tell(const struct judging *judging, const struct rw_promise *promise,
		 const struct rw_promise_outcome *outcome, bool is_warning)
{
	struct rw_guard_finding *finding =
		guard_add(judging->findings, RW_GUARD_PROMISE, promise->id, is_warning);
	char remote[RW_ADDRESS_TEXT_SIZE];

	if (!finding)
		return;
	rw_address_format(&outcome->witness.remote, remote);
	memcpy(finding->node, outcome->node, RW_ID_SIZE);
	memcpy(finding->cause, outcome->cause, RW_ID_SIZE);
	(void)snprintf(
		finding->detail, sizeof(finding->detail),
		"node %s: the promise to %s (%.80s) %s broken: %s %s would be %s by %s", outcome->node_name,
		word_of(promise), promise->reason ? promise->reason : "", is_warning ? "is" : "would be",
		outcome->witness.direction == RW_DIRECTION_INGRESS ? "a packet from" : "a packet to", remote,
		outcome->verdict == RW_VERDICT_ACCEPT ? "accepted" : "dropped", outcome->cause);
	finding->has_witness = true;
	finding->witness = outcome->witness;
	(void)snprintf(finding->interface, sizeof(finding->interface), "%s", outcome->interface);
}

/* What cannot be analysed is said and not refused. */
static void tell_unjudged(const struct judging *judging, const struct rw_promise *promise, const char *why)
{
	struct rw_guard_finding *finding =
		guard_add(judging->findings, RW_GUARD_PROMISE, promise ? promise->id : "not-judged", true);

	if (!finding)
		return;
	(void)snprintf(finding->detail, sizeof(finding->detail), "the promise was not judged: %s", why);
}

static int settle(const struct judging *judging, int r, const struct rw_error *failure,
		  const struct rw_promise *promise)
{
	if (r == -E2BIG) {
		tell_unjudged(judging, promise, failure->text);
		return 0;
	}
	if (r < 0 && judging->err)
		*judging->err = *failure;
	return r;
}

static int ensure_judges(struct judging *judging)
{
	int r = 0;

	if (!judging->judge_after)
		r = rw_promise_judge_new(judging->after, &judging->judge_after, judging->err);
	if (r == 0 && !judging->judge_before)
		r = rw_promise_judge_new(judging->before, &judging->judge_before, judging->err);
	return r;
}

/* Whether the change breaks it at one node: 1 when it does and that is told. */
static int judge_at(struct judging *judging, const struct rw_promise *promise, const struct impact *impact)
{
	struct rw_promise_outcome outcome = {0}, was = {0};
	struct rw_error failure = RW_ERROR_NONE;
	int r = rw_promise_judge_node(judging->judge_after, promise, impact->after, &outcome, &failure);

	if (r == 0 && outcome.state == RW_PROMISE_BROKEN)
		r = rw_promise_judge_node(judging->judge_before, promise, impact->before, &was, &failure);
	if (r < 0)
		return settle(judging, r, &failure, promise);
	if (outcome.state != RW_PROMISE_BROKEN || was.state == RW_PROMISE_BROKEN)
		return 0;
	tell(judging, promise, &outcome, false);
	return 1;
}

/* One that is made or changed is judged everywhere. */
static int judge_made(struct judging *judging, const struct rw_promise *promise)
{
	struct rw_promise_outcome outcome;
	struct rw_error failure = RW_ERROR_NONE;
	int r = rw_promise_judge_all(judging->judge_after, promise, &outcome, &failure);

	if (r < 0)
		return settle(judging, r, &failure, promise);
	if (outcome.state == RW_PROMISE_BROKEN)
		tell(judging, promise, &outcome, true);
	return 0;
}

static bool is_touched(const struct plan *plan, const char *promise)
{
	for (size_t i = 0; i < plan->outcome.touched.count; i++) {
		const struct rw_touched *touched = rw_vec_at(&plan->outcome.touched, i);

		if (touched->kind == RW_KIND_PROMISE && touched->after && strcmp(touched->id, promise) == 0)
			return true;
	}
	return false;
}

int guard_judge_promises(struct rw_controller *controller, const struct rw_model *after,
			 const struct plan *plan, struct rw_vec *findings, struct rw_error *err)
{
	RW_CLEANUP(judging_done)
	struct judging judging = {
		.before = controller->inventory.model, .after = after, .findings = findings, .err = err};
	size_t judged = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < rw_model_count(after, RW_KIND_PROMISE); i++) {
		const struct rw_promise *promise = rw_model_at(after, RW_KIND_PROMISE, i);

		r = 0;
		if (is_touched(plan, promise->id)) {
			r = ensure_judges(&judging);
			r = r < 0 ? r : judge_made(&judging, promise);
			continue;
		}
		for (size_t k = 0; r == 0 && k < plan->impacts.count && judged < JUDGED_MAX; k++, judged++) {
			r = ensure_judges(&judging);
			if (r == 0)
				r = judge_at(&judging, promise, rw_vec_at(&plan->impacts, k));
		}
	}
	if (r >= 0 && judged >= JUDGED_MAX)
		tell_unjudged(&judging, NULL,
			      "the change concerns too many nodes; 'ringwall promise check' judges all");
	return r < 0 ? r : 0;
}
