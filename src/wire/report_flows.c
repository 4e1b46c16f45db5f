/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/object.h"
#include "wire/report_parts.h"

const struct rw_word rw_words_flow_verdict[] = {
	{"accepted", RW_FLOW_ACCEPTED},
	{"refused", RW_FLOW_REFUSED},
	{"would-drop", RW_FLOW_WOULD_DROP},
	{NULL, 0},
};

const struct rw_word rw_words_flow_served[] = {
	{"unknown", RW_FLOW_SERVED_UNKNOWN},
	{"listener", RW_FLOW_SERVED_LISTENER},
	{"published", RW_FLOW_SERVED_PUBLISHED},
	{"forwarded", RW_FLOW_SERVED_FORWARDED},
	{NULL, 0},
};

static const struct rw_json_field flow_fields[] = {
	RW_JSON_FIELD("verdict", struct rw_report_flow, verdict, rw_json_decode_word,
		      .words = rw_words_flow_verdict, .required = true),
	RW_JSON_FIELD("direction", struct rw_report_flow, direction, rw_json_decode_word,
		      .words = rw_words_direction, .required = true),
	RW_JSON_FIELD("interface", struct rw_report_flow, interface, rw_json_decode_chars),
	RW_JSON_FIELD("protocol", struct rw_report_flow, protocol, rw_json_decode_protocol),
	RW_JSON_FIELD("port", struct rw_report_flow, port, rw_json_decode_integer, .min = 0, .max = 65535),
	RW_JSON_FIELD("remote", struct rw_report_flow, remote, rw_json_decode_address),
	RW_JSON_FIELD("others", struct rw_report_flow, is_others, rw_json_decode_bool),
	RW_JSON_FIELD("cause", struct rw_report_flow, cause, rw_json_decode_chars),
	RW_JSON_FIELD("count", struct rw_report_flow, count, rw_json_decode_revision, .required = true),
	RW_JSON_FIELD("answered", struct rw_report_flow, answered, rw_json_decode_revision),
	RW_JSON_FIELD("served", struct rw_report_flow, served, rw_json_decode_word,
		      .words = rw_words_flow_served),
	RW_JSON_FIELD("first", struct rw_report_flow, first_ms, rw_json_decode_time, .required = true),
	RW_JSON_FIELD("last", struct rw_report_flow, last_ms, rw_json_decode_time, .required = true),
};

int rw_wire_decode_flows(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(flow_fields), sizeof(struct rw_report_flow)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

void rw_report_put_flow(struct rw_json_writer *json, const struct rw_report_flow *flow)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_put_text(json, "verdict", rw_word_of(rw_words_flow_verdict, (int)flow->verdict));
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)flow->direction));
	if (flow->is_others) {
		rw_json_put_bool(json, "others", true);
	} else {
		if (flow->interface[0])
			rw_json_put_text(json, "interface", flow->interface);
		rw_protocol_format(flow->protocol, text);
		rw_json_put_text(json, "protocol", text);
		if (rw_protocol_has_ports(flow->protocol))
			rw_json_put_integer(json, "port", flow->port);
	}
	if (flow->remote.family) {
		rw_address_format(&flow->remote, text);
		rw_json_put_text(json, "remote", text);
	}
	if (flow->cause[0])
		rw_json_put_text(json, "cause", flow->cause);
	rw_json_put_revision(json, "count", flow->count);
	if (flow->verdict == RW_FLOW_ACCEPTED)
		rw_json_put_revision(json, "answered", flow->answered);
	if (flow->served != RW_FLOW_SERVED_UNKNOWN)
		rw_json_put_text(json, "served", rw_word_of(rw_words_flow_served, (int)flow->served));
	rw_json_put_time(json, "first", flow->first_ms);
	rw_json_put_time(json, "last", flow->last_ms);
}

void rw_wire_put_flows(struct rw_json_writer *json, const struct rw_report *report)
{
	rw_json_key(json, "flows");
	rw_json_begin_array(json);
	for (size_t i = 0; i < report->flow_count; i++) {
		rw_json_begin_object(json);
		rw_report_put_flow(json, &report->flows[i]);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}
