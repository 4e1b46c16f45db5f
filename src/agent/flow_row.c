/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flow_row.h"

#include <string.h>

#include "agent/drop_line.h"
#include "wire/object.h"
#include "wire/report.h"
#include "wire/writer.h"

const char *rw_flow_cause(const struct rw_explainer *explainer, uint32_t generation,
			  const struct rw_enforce_bpf_flow *flow, enum rw_direction direction)
{
	const struct rw_packet opener = rw_enforce_bpf_opener(&flow->flow, direction);
	struct rw_decision decision;

	if (flow->kept)
		return "kept";
	if (flow->generation != generation)
		return "older-policy";
	if (!rw_explain(explainer, direction == RW_DIRECTION_INGRESS ? flow->in : flow->out, &opener,
			&decision))
		return "unknown";
	return rw_decision_cause(&decision);
}

static const char *opened_word(const struct rw_enforcer_flow *flow)
{
	if (flow->ingress && flow->egress)
		return "forwarded";
	return rw_word_of(rw_words_direction, flow->ingress ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS);
}

/* The opener's packet as shown: of a forwarded flow, as it entered. */
static struct rw_packet shown(const struct rw_enforcer_flow *flow)
{
	return rw_enforce_bpf_opener(flow, flow->ingress ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS);
}

/* ---- text ---- */

#define COLUMN_GAP 2

/* Fills up with spaces from 'start' to the next column. */
static void pad(struct rw_buf *buf, size_t start, size_t width)
{
	size_t used = buf->size - start;

	(void)rw_buf_append_format(buf, "%*s", used < width ? (int)(width - used) + COLUMN_GAP : COLUMN_GAP,
				   "");
}

enum {
	WIDTH_PROTOCOL = 6,
	WIDTH_CLASS = 11,
	WIDTH_OPENED = 9,
	WIDTH_END = 21,
	WIDTH_EXPIRES = 7,
	WIDTH_IN = 25
};

static void append_column(struct rw_buf *buf, const char *text, size_t width)
{
	size_t start = buf->size;

	(void)rw_buf_append_text(buf, text);
	pad(buf, start, width);
}

static void append_end_column(struct rw_buf *buf, const struct rw_address *address, uint16_t port,
			      bool with_port)
{
	size_t start = buf->size;

	rw_drop_append_end(address, port, with_port, buf);
	pad(buf, start, WIDTH_END);
}

/* Ends the first of two lines; the second begins under CLASS. */
static void break_line(struct rw_buf *buf)
{
	(void)rw_buf_append_text(buf, "\n");
	append_column(buf, "", WIDTH_PROTOCOL);
}

void rw_flow_row_append_title(struct rw_buf *buf, bool narrow)
{
	append_column(buf, "PROTO", WIDTH_PROTOCOL);
	append_column(buf, "CLASS", WIDTH_CLASS);
	if (!narrow)
		append_column(buf, "OPENED", WIDTH_OPENED);
	append_column(buf, "LOCAL", WIDTH_END);
	append_column(buf, "REMOTE", WIDTH_END);
	if (narrow) {
		(void)rw_buf_append_text(buf, "EXPIRES");
		break_line(buf);
		append_column(buf, "OPENED", WIDTH_CLASS);
	} else {
		append_column(buf, "EXPIRES", WIDTH_EXPIRES);
	}
	append_column(buf, "IN", WIDTH_IN);
	(void)rw_buf_append_text(buf, "OUT\n");
}

static void append_decision(struct rw_buf *buf, const struct rw_explainer *explainer, uint32_t generation,
			    const struct rw_enforce_bpf_flow *flow, enum rw_direction direction)
{
	bool ingress = direction == RW_DIRECTION_INGRESS;

	if (!(ingress ? flow->flow.ingress : flow->flow.egress))
		(void)rw_buf_append_text(buf, "-");
	else
		(void)rw_buf_append_format(buf, "%s=%s", ingress ? flow->in : flow->out,
					   rw_flow_cause(explainer, generation, flow, direction));
}

void rw_flow_row_append(struct rw_buf *buf, const struct rw_explainer *explainer, uint32_t generation,
			const struct rw_enforce_bpf_flow *flow, bool narrow)
{
	const struct rw_packet opener = shown(&flow->flow);
	bool with_ports = rw_protocol_has_ports(opener.protocol);
	char protocol[RW_PROTOCOL_TEXT_SIZE];
	size_t start;

	rw_protocol_format(opener.protocol, protocol);
	append_column(buf, protocol, WIDTH_PROTOCOL);
	append_column(buf, rw_word_of(rw_words_flow_class, (int)flow->flow.class), WIDTH_CLASS);
	if (!narrow)
		append_column(buf, opened_word(&flow->flow), WIDTH_OPENED);
	append_end_column(buf, &opener.local, opener.local_port, with_ports);
	append_end_column(buf, &opener.remote, opener.remote_port, with_ports);
	start = buf->size;
	(void)rw_buf_append_format(buf, "%us", flow->flow.expires_in_s);
	if (narrow) {
		break_line(buf);
		append_column(buf, opened_word(&flow->flow), WIDTH_CLASS);
	} else {
		pad(buf, start, WIDTH_EXPIRES);
	}
	start = buf->size;
	append_decision(buf, explainer, generation, flow, RW_DIRECTION_INGRESS);
	pad(buf, start, WIDTH_IN);
	append_decision(buf, explainer, generation, flow, RW_DIRECTION_EGRESS);
	(void)rw_buf_append_text(buf, "\n");
}

/* ---- JSON ---- */

static void write_decision(struct rw_json_writer *json, const struct rw_explainer *explainer,
			   uint32_t generation, const struct rw_enforce_bpf_flow *flow,
			   enum rw_direction direction)
{
	bool ingress = direction == RW_DIRECTION_INGRESS;

	if (!(ingress ? flow->flow.ingress : flow->flow.egress))
		return;
	rw_json_key(json, ingress ? "in" : "out");
	rw_json_begin_object(json);
	rw_json_put_text(json, "interface", ingress ? flow->in : flow->out);
	rw_json_put_text(json, "cause", rw_flow_cause(explainer, generation, flow, direction));
	rw_json_end_object(json);
}

void rw_flow_row_write_json(struct rw_json_writer *json, const struct rw_explainer *explainer,
			    uint32_t generation, const struct rw_enforce_bpf_flow *flow)
{
	const struct rw_packet opener = shown(&flow->flow);
	char protocol[RW_PROTOCOL_TEXT_SIZE];
	bool with_ports = rw_protocol_has_ports(opener.protocol);

	rw_protocol_format(opener.protocol, protocol);
	rw_json_begin_object(json);
	rw_json_put_text(json, "protocol", protocol);
	rw_json_put_text(json, "class", rw_word_of(rw_words_flow_class, (int)flow->flow.class));
	rw_json_put_text(json, "opened", opened_word(&flow->flow));
	rw_json_put_address(json, "local", &opener.local);
	if (with_ports)
		rw_json_put_integer(json, "local_port", opener.local_port);
	rw_json_put_address(json, "remote", &opener.remote);
	if (with_ports)
		rw_json_put_integer(json, "remote_port", opener.remote_port);
	rw_json_put_integer(json, "expires_in_s", flow->flow.expires_in_s);
	write_decision(json, explainer, generation, flow, RW_DIRECTION_INGRESS);
	write_decision(json, explainer, generation, flow, RW_DIRECTION_EGRESS);
	rw_json_end_object(json);
}
