/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/drop_line.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "policy/evaluate.h"
#include "wire/object.h"
#include "wire/writer.h"

/* ---- between the agent and its readers ---- */

static void write_packet(struct rw_json_writer *json, const struct rw_packet *packet)
{
	char protocol[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(packet->protocol, protocol);
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)packet->direction));
	rw_json_put_text(json, "protocol", protocol);
	rw_json_put_address(json, "local", &packet->local);
	rw_json_put_address(json, "remote", &packet->remote);
	rw_json_put_integer(json, "local_port", packet->local_port);
	rw_json_put_integer(json, "remote_port", packet->remote_port);
	rw_json_put_integer(json, "tcp_flags", packet->tcp_flags);
	rw_json_put_integer(json, "icmp_type", packet->icmp_type);
	rw_json_put_integer(json, "hop_limit", packet->hop_limit);
	rw_json_put_bool(json, "malformed", packet->malformed);
	rw_json_put_bool(json, "fragment", packet->fragment);
}

void rw_drop_line_write(const struct rw_enforcer_drop *drop, struct rw_buf *buf)
{
	char hex[2 * RW_ENFORCER_DROP_BYTES + 1];
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_revision(&json, "monotonic_ns", drop->monotonic_ns);
	rw_json_put_integer(&json, "cause", (int64_t)drop->cause);
	rw_json_put_text(&json, "rule", drop->rule);
	rw_json_put_bool(&json, "would", drop->would_drop);
	rw_json_put_integer(&json, "ifindex", drop->ifindex);
	rw_json_put_text(&json, "interface", drop->interface);
	rw_json_put_integer(&json, "suppressed", drop->suppressed);
	write_packet(&json, &drop->packet);
	rw_json_put_bool(&json, "layer3", drop->layer3);
	rw_json_put_integer(&json, "length", drop->length);
	rw_hex_format(drop->bytes, drop->captured, hex);
	rw_json_put_text(&json, "bytes", hex);
	rw_json_end_object(&json);
	(void)rw_buf_append_text(buf, "\n");
}

void rw_drop_line_write_lost(uint64_t lost, struct rw_buf *buf)
{
	(void)rw_buf_append_format(buf, "{\"lost\":\"%llu\"}\n", (unsigned long long)lost);
}

/* What the fields are read into. */
struct line_document {
	struct rw_enforcer_drop drop;
	uint64_t lost;
	char bytes[2 * RW_ENFORCER_DROP_BYTES + 1];
};

#define FIELD(name, member, decoder, ...)                                                                    \
	RW_JSON_FIELD(name, struct line_document, member, decoder, ##__VA_ARGS__)

static const struct rw_json_field fields[] = {
	FIELD("lost", lost, rw_json_decode_revision),
	FIELD("monotonic_ns", drop.monotonic_ns, rw_json_decode_revision),
	FIELD("cause", drop.cause, rw_json_decode_integer, .min = 0, .max = RW_CAUSE_COUNT_ - 1),
	FIELD("rule", drop.rule, rw_json_decode_chars),
	FIELD("would", drop.would_drop, rw_json_decode_bool),
	FIELD("ifindex", drop.ifindex, rw_json_decode_integer, .min = 0, .max = UINT32_MAX),
	FIELD("interface", drop.interface, rw_json_decode_chars),
	FIELD("suppressed", drop.suppressed, rw_json_decode_integer, .min = 0, .max = UINT32_MAX),
	FIELD("direction", drop.packet.direction, rw_json_decode_word, .words = rw_words_direction),
	FIELD("protocol", drop.packet.protocol, rw_json_decode_protocol),
	FIELD("local", drop.packet.local, rw_json_decode_address),
	FIELD("remote", drop.packet.remote, rw_json_decode_address),
	FIELD("local_port", drop.packet.local_port, rw_json_decode_integer, .min = 0, .max = 65535),
	FIELD("remote_port", drop.packet.remote_port, rw_json_decode_integer, .min = 0, .max = 65535),
	FIELD("tcp_flags", drop.packet.tcp_flags, rw_json_decode_integer, .min = 0, .max = 255),
	FIELD("icmp_type", drop.packet.icmp_type, rw_json_decode_integer, .min = 0, .max = 255),
	FIELD("hop_limit", drop.packet.hop_limit, rw_json_decode_integer, .min = 0, .max = 255),
	FIELD("malformed", drop.packet.malformed, rw_json_decode_bool),
	FIELD("fragment", drop.packet.fragment, rw_json_decode_bool),
	FIELD("layer3", drop.layer3, rw_json_decode_bool),
	FIELD("length", drop.length, rw_json_decode_integer, .min = 0, .max = UINT32_MAX),
	FIELD("bytes", bytes, rw_json_decode_chars),
};

static int digit_of(char letter)
{
	return letter >= '0' && letter <= '9'   ? letter - '0'
	       : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
						: -1;
}

static int read_bytes(const char *hex, struct rw_enforcer_drop *drop, struct rw_error *err)
{
	size_t count = strlen(hex) / 2;

	for (size_t i = 0; i < count; i++) {
		int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return rw_error_field(err, "bytes", "are no hexadecimal digits");
		drop->bytes[i] = (uint8_t)(high << 4 | low);
	}
	drop->captured = (uint16_t)count;
	return 0;
}

int rw_drop_line_read(const char *line, size_t size, struct rw_drop_line *ret_line, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *parsed = NULL;
	struct line_document document = {0};
	struct rw_json root;
	int r = rw_json_parse(line, size, RW_DROP_LINE_MAX, &parsed, err);

	if (r < 0)
		return r;
	root = rw_json_root(parsed);
	r = rw_json_decode(&root, RW_JSON_FIELDS(fields), &document, NULL, err);
	if (r == 0)
		r = read_bytes(document.bytes, &document.drop, err);
	if (r == 0 && document.drop.length < document.drop.captured)
		r = rw_error_field(err, "length", "is less than that of the bytes");
	if (r == 0)
		*ret_line = (struct rw_drop_line){.drop = document.drop, .lost = document.lost};
	return r;
}

/* ---- for people ---- */

const char *rw_drop_cause(const struct rw_enforcer_drop *drop)
{
	if (drop->rule[0])
		return drop->rule;
	return drop->cause == RW_CAUSE_RULE ? "rule" : rw_cause_name(drop->cause);
}

void rw_drop_append_verdict(const struct rw_enforcer_drop *drop, struct rw_buf *buf)
{
	(void)rw_buf_append_format(buf, "%srefused by %s", drop->would_drop ? "would be " : "",
				   rw_drop_cause(drop));
}

void rw_drop_append_end(const struct rw_address *address, uint16_t port, bool with_port, struct rw_buf *buf)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_address_format(address, text);
	if (!with_port)
		(void)rw_buf_append_text(buf, text);
	else
		(void)rw_buf_append_format(buf, address->family == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

/* As tcpdump writes them: "." is ACK. */
static void append_flags(uint8_t flags, struct rw_buf *buf)
{
	static const char letters[] = "FSRP.UEW";

	(void)rw_buf_append_text(buf, " [");
	for (int bit = 0; bit < 8; bit++)
		if (flags >> bit & 1)
			(void)rw_buf_append(buf, &letters[bit], 1);
	(void)rw_buf_append_text(buf, flags ? "]" : "none]");
}

static void append_packet(const struct rw_packet *packet, struct rw_buf *buf)
{
	bool out = packet->direction == RW_DIRECTION_EGRESS;
	bool with_ports = rw_protocol_has_ports(packet->protocol) && !packet->fragment;
	char protocol[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(packet->protocol, protocol);
	(void)rw_buf_append_format(buf, "%s ", protocol);
	rw_drop_append_end(out ? &packet->local : &packet->remote,
			   out ? packet->local_port : packet->remote_port, with_ports, buf);
	(void)rw_buf_append_text(buf, " > ");
	rw_drop_append_end(out ? &packet->remote : &packet->local,
			   out ? packet->remote_port : packet->local_port, with_ports, buf);
	if (packet->fragment)
		(void)rw_buf_append_text(buf, " later fragment");
	else if (packet->protocol == RW_PROTOCOL_TCP)
		append_flags(packet->tcp_flags, buf);
	else if (packet->protocol == RW_PROTOCOL_ICMP || packet->protocol == RW_PROTOCOL_ICMPV6)
		(void)rw_buf_append_format(buf, " type %u", packet->icmp_type);
}

void rw_drop_append_text(const struct rw_enforcer_drop *drop, struct rw_buf *buf)
{
	(void)rw_buf_append_format(buf, "%s %s ", drop->interface,
				   drop->packet.direction == RW_DIRECTION_EGRESS ? "out" : "in");
	if (drop->packet.local.family && drop->packet.remote.family)
		append_packet(&drop->packet, buf);
	else
		(void)rw_buf_append_text(buf, "packet without a readable header");
	(void)rw_buf_append_format(buf, " length %u: ", drop->length);
	rw_drop_append_verdict(drop, buf);
}

/* ---- for reports ---- */

struct rw_report_drop rw_drop_to_report(const struct rw_enforcer_drop *drop, int64_t time_ms)
{
	struct rw_report_drop told = {
		.time_ms = time_ms,
		.direction = drop->packet.direction,
		.protocol = drop->packet.protocol,
		.local = drop->packet.local,
		.remote = drop->packet.remote,
		.local_port = drop->packet.local_port,
		.remote_port = drop->packet.remote_port,
		.would = drop->would_drop,
	};

	memcpy(told.interface, drop->interface, sizeof(told.interface));
	(void)snprintf(told.cause, sizeof(told.cause), "%s", rw_drop_cause(drop));
	return told;
}
