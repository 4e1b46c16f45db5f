/* SPDX-License-Identifier: Apache-2.0 */

/* What flows nodes see: the history, and a stream of what comes. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "controller/flows.h"
#include "controller/series.h"
#include "net/ports.h"
#include "wire/rule_text.h"

#define HOUR_MS    INT64_C(3600000)
#define OFFSET_MAX 1000000
#define DAY_MS     (24 * HOUR_MS)
#define DAYS_MAX   366 /* of one answer: as many as are kept at most */

/* ---- parameters ---- */

static int get_word(const struct rw_api_call *call, const char *name, const struct rw_word *words,
		    unsigned int *ret_bits, struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	*ret_bits = 0;
	for (const struct rw_word *word = words; text && word->word; word++)
		if (strcmp(word->word, text) == 0)
			*ret_bits = 1u << word->value;
	if (!text || *ret_bits)
		return 0;
	(void)rw_error_field(err, name, "there is no %s '%.40s'", name, text);
	return rw_error_hint(err, "It is one of: %s, %s%s%s.", words[0].word, words[1].word,
			     words[2].word ? ", " : "", words[2].word ? words[2].word : "");
}

/* The id that a reference to an object means; "" when the parameter is absent. */
static int get_object(const struct rw_api_call *call, const char *name, enum rw_kind kind,
		      char ret_id[RW_ID_SIZE], struct rw_error *err)
{
	const char *reference = rw_api_parameter(call, name);
	const void *object;
	int r;

	ret_id[0] = '\0';
	if (!reference)
		return 0;
	r = rw_api_find(rw_controller_model(call->controller), kind, reference, &object, err);
	if (r == 0)
		(void)snprintf(ret_id, RW_ID_SIZE, "%s", rw_object_id(kind, object));
	return r;
}

/* Which flows of which nodes. */
struct selection {
	char scope[RW_ID_SIZE];
	char node[RW_ID_SIZE];
	unsigned int verdicts;
};

static int get_selection(const struct rw_api_call *call, struct selection *selection, struct rw_error *err)
{
	int r = get_object(call, "cluster", RW_KIND_CLUSTER, selection->scope, err);

	if (r == 0)
		r = get_object(call, "node", RW_KIND_NODE, selection->node, err);
	if (r == 0)
		r = get_word(call, "verdict", rw_words_flow_verdict, &selection->verdicts, err);
	return r;
}

static int get_service(const struct rw_api_call *call, struct rw_flow_query *query, struct rw_error *err)
{
	const char *protocol = rw_api_parameter(call, "protocol");
	uint64_t port = UINT64_MAX;
	uint16_t number;
	int r = rw_api_number(call, "port", 0, 65535, &port, err);

	query->port = port == UINT64_MAX ? -1 : (int)port;
	query->protocol = -1;
	if (r == 0 && protocol) {
		r = rw_protocol_parse(protocol, &number, err);
		if (r < 0)
			return rw_error_field(err, "protocol", "there is no protocol '%.40s'", protocol);
		query->protocol = number;
	}
	return r;
}

/* Which rows; 'since_ms' unless the call says otherwise. */
static int get_query(const struct rw_api_call *call, const struct selection *selection, int64_t since_ms,
		     struct rw_flow_query *query, struct rw_error *err)
{
	int r;

	*query = (struct rw_flow_query){
		.scope = selection->scope[0] ? selection->scope : NULL,
		.node = selection->node[0] ? selection->node : NULL,
		.verdicts = selection->verdicts,
		.since_ms = since_ms,
	};
	r = get_word(call, "direction", rw_words_direction, &query->directions, err);
	if (r == 0)
		r = get_service(call, query, err);
	if (r == 0)
		r = rw_api_time(call, "since", &query->since_ms, err);
	if (r == 0)
		r = rw_api_time(call, "until", &query->until_ms, err);
	return r;
}

static int get_place(const struct rw_api_call *call, struct rw_flow_query *query, struct rw_error *err)
{
	struct rw_api_page page;
	uint64_t offset = 0;
	int r = rw_api_page_get(call, &page, err);

	if (r == 0)
		r = rw_api_number(call, "after", 0, OFFSET_MAX, &offset, err);
	if (r == 0) {
		query->limit = page.limit;
		query->offset = (size_t)offset;
	}
	return r;
}

/* ---- one flow ---- */

static int compare_rule(const void *id, const void *rule)
{
	return strcmp(id, (*(struct rw_rule *const *)rule)->id);
}

/* Writes the rule and its group, if one of the node's network has it: rules go, and records of them stay. */
static void put_rule(struct rw_json_writer *json, const struct rw_model *model, const struct rw_node *node,
		     const char *rule)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;

	rw_buf_init(&text, 65536);
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		struct rw_rule *const *found = NULL;

		if (group->rule_count && strcmp(group->network, node->network) == 0)
			found = bsearch(rule, group->rules, group->rule_count, sizeof(*found), compare_rule);
		if (!found)
			continue;
		rw_rule_text_format(*found, rw_api_object_name(model, &(*found)->object), &text);
		rw_json_put_text(json, "group", group->id);
		rw_json_put_text(json, "rule", text.failed ? "" : text.data);
		return;
	}
}

static void write_flow(const struct rw_api *api, struct rw_json_writer *json, const struct rw_flow_seen *seen)
{
	const struct rw_model *model = rw_controller_model(api->controller);
	const struct rw_node *node = rw_model_find_node(model, seen->node);

	rw_json_begin_object(json);
	rw_json_put_text(json, "node", seen->node);
	rw_json_put_text(json, "name", node ? node->name : seen->node);
	if (strcmp(seen->scope, seen->node) != 0)
		rw_json_put_text(json, "cluster", seen->scope);
	rw_report_put_flow(json, &seen->flow);
	if (node && seen->flow.cause[0])
		put_rule(json, model, node, seen->flow.cause);
	rw_json_end_object(json);
}

/* ---- the history ---- */

struct listing {
	const struct rw_api *api;
	struct rw_api_list list;
};

static bool list_row(void *context, const struct rw_flow_row *row)
{
	struct listing *listing = context;
	struct rw_flow_seen seen;

	rw_flows_of_row(row, &seen);
	write_flow(listing->api, &listing->list.json, &seen);
	return !listing->list.buf.failed;
}

int rw_api_list_flows(struct rw_api_call *call, struct rw_error *err)
{
	struct listing listing = {.api = call->api};
	struct selection selection;
	struct rw_flow_query query;
	char next[24];
	bool more;
	int r = get_selection(call, &selection, err);

	if (r == 0)
		r = get_query(call, &selection, rw_clock_realtime_ms(call->api->clock) - DAY_MS, &query, err);
	if (r == 0)
		r = get_place(call, &query, err);
	if (r < 0)
		return r;
	rw_api_list_begin(&listing.list);
	r = rw_flows_query(call->controller, &query, list_row, &listing, &more, err);
	if (r < 0) {
		rw_buf_done(&listing.list.buf);
		return r;
	}
	(void)snprintf(next, sizeof(next), "%zu", query.offset + query.limit);
	rw_api_list_answer(call, &listing.list,
			   more && query.offset + query.limit <= OFFSET_MAX ? next : NULL);
	return 0;
}

/* ---- over time ---- */

/* Counts by verdict, one place a step. */
struct over_time {
	int64_t begin_ms;
	int64_t step_ms;
	size_t steps;
	uint64_t counts[RW_FLOW_VERDICT_COUNT_][DAYS_MAX];
};

_Static_assert(DAYS_MAX >= RW_SERIES_STEPS, "steps of the last day have room where days have");

static void answer_over_time(struct rw_api_call *call, const struct over_time *over, int64_t since_ms)
{
	struct rw_json_writer json;
	struct rw_buf buf;

	rw_buf_init(&buf, RW_API_ANSWER_MAX);
	rw_json_writer_init(&json, &buf, false);
	rw_json_begin_object(&json);
	rw_json_put_time(&json, "begin", over->begin_ms);
	rw_json_put_time(&json, "since", since_ms > over->begin_ms ? since_ms : over->begin_ms);
	rw_json_put_integer(&json, "step", over->step_ms / 1000);
	for (int verdict = 0; verdict < RW_FLOW_VERDICT_COUNT_; verdict++) {
		rw_json_key(&json, rw_word_of(rw_words_flow_verdict, verdict));
		rw_json_begin_array(&json);
		for (size_t i = 0; i < over->steps; i++)
			rw_json_write_integer(&json, (int64_t)over->counts[verdict][i]);
		rw_json_end_array(&json);
	}
	rw_json_end_object(&json);
	rw_api_answer(call, 200, &buf);
}

/* The last day in steps of five minutes: known by cluster and node alone. */
static int tell_day(struct rw_api_call *call, const struct selection *selection, struct over_time *over,
		    struct rw_error *err)
{
	static const char *const of_days[] = {"direction", "protocol", "port", "since"};
	struct rw_flow_series series;

	for (size_t i = 0; i < RW_ARRAY_COUNT(of_days); i++) {
		if (!rw_api_parameter(call, of_days[i]))
			continue;
		(void)rw_error_field(err, of_days[i], "steps of five minutes are not known by %s",
				     of_days[i]);
		return rw_error_hint(err, "Ask for days with 'step=day', or leave it out.");
	}
	rw_series_flows(call->controller, selection->scope[0] ? selection->scope : NULL,
			selection->node[0] ? selection->node : NULL, &series);
	over->begin_ms = series.begin_ms;
	over->step_ms = RW_SERIES_STEP_MS;
	over->steps = RW_SERIES_STEPS;
	for (int verdict = 0; verdict < RW_FLOW_VERDICT_COUNT_; verdict++)
		if (!selection->verdicts || selection->verdicts >> verdict & 1)
			memcpy(over->counts[verdict], series.counts[verdict], sizeof(series.counts[verdict]));
	answer_over_time(call, over, rw_series_since(call->controller));
	return 0;
}

static bool add_day(void *context, int64_t day_ms, uint8_t verdict, uint64_t count)
{
	struct over_time *over = context;
	int64_t place = (day_ms - over->begin_ms) / DAY_MS;

	if (place >= 0 && place < (int64_t)over->steps && verdict < RW_FLOW_VERDICT_COUNT_)
		over->counts[verdict][place] += count;
	return true;
}

static int tell_days(struct rw_api_call *call, const struct selection *selection, struct over_time *over,
		     struct rw_error *err)
{
	int64_t today_ms = rw_clock_realtime_ms(call->api->clock) / DAY_MS * DAY_MS;
	struct rw_flow_query query;
	int r = get_query(call, selection, today_ms - (RW_FLOW_HISTORY_DAYS - 1) * DAY_MS, &query, err);

	if (r < 0)
		return r;
	if (query.since_ms > today_ms)
		query.since_ms = today_ms;
	if (query.since_ms < today_ms - (DAYS_MAX - 1) * DAY_MS)
		query.since_ms = today_ms - (DAYS_MAX - 1) * DAY_MS;
	over->begin_ms = query.since_ms / DAY_MS * DAY_MS;
	over->step_ms = DAY_MS;
	over->steps = (size_t)((today_ms - over->begin_ms) / DAY_MS) + 1;
	r = rw_flows_days(call->controller, &query, add_day, over, err);
	if (r == 0)
		answer_over_time(call, over, over->begin_ms);
	return r;
}

int rw_api_get_flow_series(struct rw_api_call *call, struct rw_error *err)
{
	const char *step = rw_api_parameter(call, "step");
	RW_CLEANUP(rw_free) struct over_time *over = NULL;
	struct selection selection;
	int r = get_selection(call, &selection, err);

	if (r < 0)
		return r;
	if (step && strcmp(step, "5m") != 0 && strcmp(step, "day") != 0) {
		(void)rw_error_field(err, "step", "there is no step '%.40s'", step);
		return rw_error_hint(err, "It is one of: 5m, day.");
	}
	over = calloc(1, sizeof(*over));
	if (!over)
		return rw_error_oom(err);
	return step && strcmp(step, "day") == 0 ? tell_days(call, &selection, over, err)
						: tell_day(call, &selection, over, err);
}

/* ---- following ---- */

static bool is_selected(const struct rw_api_event_stream *stream, const struct rw_flow_seen *seen)
{
	return (!stream->scope[0] || strcmp(stream->scope, seen->scope) == 0) &&
	       (!stream->node[0] || strcmp(stream->node, seen->node) == 0) &&
	       (!stream->verdicts || (stream->verdicts >> seen->flow.verdict & 1));
}

static void pump(struct rw_api_event_stream *stream)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	const struct rw_flow_seen *seen;
	bool lost;

	rw_buf_init(&buf, RW_API_EVENTS_QUEUE);
	while ((seen = rw_flows_next(stream->api->controller, &stream->cursor, &lost))) {
		struct rw_json_writer json;

		rw_buf_clear(&buf);
		if (lost)
			(void)rw_buf_append_text(&buf,
						 "event: lost\ndata: {\"detail\":\"flows before this one are "
						 "missing\"}\n\n");
		if (is_selected(stream, seen)) {
			(void)rw_buf_append_text(&buf, "event: flow\ndata: ");
			rw_json_writer_init(&json, &buf, false);
			write_flow(stream->api, &json, seen);
			(void)rw_buf_append_text(&buf, "\n\n");
		}
		if (buf.size && rw_buf_check(&buf, NULL) == 0 &&
		    rw_http_stream_send(stream->stream, buf.data, buf.size) < 0)
			return;
	}
}

void rw_api_pump_flows(void *api)
{
	rw_api_pump_streams(api, pump);
}

int rw_api_follow_flows(struct rw_api_call *call, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf first = {0};
	struct rw_api_event_stream *stream;
	struct selection selection;
	int r = get_selection(call, &selection, err);

	if (r < 0)
		return r;
	rw_buf_init(&first, 256);
	stream = calloc(1, sizeof(*stream));
	if (!stream || rw_buf_append_text(&first, "retry: 2000\n\n") < 0) {
		free(stream);
		return rw_error_oom(err);
	}
	stream->pump = pump;
	stream->cursor = rw_flows_newest(call->controller);
	stream->verdicts = selection.verdicts;
	memcpy(stream->scope, selection.scope, sizeof(stream->scope));
	memcpy(stream->node, selection.node, sizeof(stream->node));
	return rw_api_start_events(call, stream, &first, err);
}
