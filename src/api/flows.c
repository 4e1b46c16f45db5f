/* SPDX-License-Identifier: Apache-2.0 */

/* What flows nodes see: the history, and a stream of what comes. */

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

#include "controller/flows.h"
#include "net/ports.h"

#define HOUR_MS    INT64_C(3600000)
#define OFFSET_MAX 1000000

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

static int get_time(const struct rw_api_call *call, const char *name, int64_t *ret_ms, struct rw_error *err)
{
	const char *text = rw_api_parameter(call, name);

	if (!text || rw_timestamp_parse(text, ret_ms))
		return 0;
	(void)rw_error_field(err, name, "'%.40s' is no time", text);
	return rw_error_hint(err, "Write it as 2026-11-24T02:28:29Z.");
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

static int get_query(const struct rw_api_call *call, const struct selection *selection,
		     struct rw_flow_query *query, struct rw_error *err)
{
	struct rw_api_page page;
	uint64_t offset = 0;
	int r = rw_api_page_get(call, &page, err);

	*query = (struct rw_flow_query){
		.scope = selection->scope[0] ? selection->scope : NULL,
		.node = selection->node[0] ? selection->node : NULL,
		.verdicts = selection->verdicts,
		.since_ms = rw_clock_realtime_ms(call->api->clock) - 24 * HOUR_MS,
	};
	if (r == 0)
		r = rw_api_number(call, "after", 0, OFFSET_MAX, &offset, err);
	if (r == 0)
		r = get_word(call, "direction", rw_words_direction, &query->directions, err);
	if (r == 0)
		r = get_service(call, query, err);
	if (r == 0)
		r = get_time(call, "since", &query->since_ms, err);
	if (r == 0)
		r = get_time(call, "until", &query->until_ms, err);
	query->limit = page.limit;
	query->offset = (size_t)offset;
	return r;
}

/* ---- one flow ---- */

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
		r = get_query(call, &selection, &query, err);
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
