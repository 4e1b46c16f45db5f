/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/evaluate.h"

#include <stdio.h>
#include <string.h>

#include "wire/object.h"

/* A value of a query line: text that lies in the line, or a number. */
struct value {
	const char *text; /* NULL = a number */
	size_t size;
	int64_t number;
};

enum member {
	NODE,
	INTERFACE,
	DIRECTION,
	PROTOCOL,
	REMOTE,
	REMOTE_PORT,
	LOCAL,
	LOCAL_PORT,
	TCP_FLAGS,
	HOP_LIMIT,
	ICMP_TYPE,
	MEMBER_COUNT_,
};

#define NAME(text)                                                                                           \
	{                                                                                                    \
		(text), sizeof(text) - 1                                                                     \
	}

static const struct {
	const char *name;
	size_t size;
} names[MEMBER_COUNT_] = {
	[NODE] = NAME("node"),           [INTERFACE] = NAME("interface"),
	[DIRECTION] = NAME("direction"), [PROTOCOL] = NAME("protocol"),
	[REMOTE] = NAME("remote"),       [REMOTE_PORT] = NAME("remote_port"),
	[LOCAL] = NAME("local"),         [LOCAL_PORT] = NAME("local_port"),
	[TCP_FLAGS] = NAME("tcp_flags"), [HOP_LIMIT] = NAME("hop_limit"),
	[ICMP_TYPE] = NAME("icmp_type"),
};

struct parser {
	struct rw_query *query;
	uint32_t seen; /* bits of enum member */
};

static int refuse(enum member member, struct rw_error *err, const char *text)
{
	return rw_error_field(err, names[member].name, "%s", text);
}

static bool is_text(const struct value *value, const char *text)
{
	return value->size == strlen(text) && memcmp(value->text, text, value->size) == 0;
}

static int set_text(enum member member, const struct value *value, char *slot, size_t size,
		    struct rw_error *err)
{
	if (!value->text)
		return refuse(member, err, "must be text, not a number");
	if (value->size == 0)
		return refuse(member, err, "must not be empty");
	if (value->size >= size)
		return refuse(member, err, "is too long");
	memcpy(slot, value->text, value->size);
	slot[value->size] = '\0';
	return 0;
}

static int set_direction(const struct value *value, struct rw_packet *packet, struct rw_error *err)
{
	if (value->text && is_text(value, "ingress"))
		packet->direction = RW_DIRECTION_INGRESS;
	else if (value->text && is_text(value, "egress"))
		packet->direction = RW_DIRECTION_EGRESS;
	else
		return refuse(DIRECTION, err, "must be one of \"ingress\", \"egress\"");
	return 0;
}

static int set_protocol(const struct value *value, struct rw_packet *packet, struct rw_error *err)
{
	char text[16];
	uint16_t protocol;

	if (!value->text) {
		if (value->number < 0 || value->number > 255)
			return refuse(PROTOCOL, err, "must be between 0 and 255");
		packet->protocol = (uint8_t)value->number;
		return 0;
	}
	if (is_text(value, "tcp")) {
		packet->protocol = RW_PROTOCOL_TCP;
		return 0;
	}
	if (is_text(value, "udp")) {
		packet->protocol = RW_PROTOCOL_UDP;
		return 0;
	}
	if (set_text(PROTOCOL, value, text, sizeof(text), err) < 0)
		return -EINVAL;
	if (rw_protocol_parse(text, &protocol, err) < 0)
		return rw_error_field_prefix(err, "%s", names[PROTOCOL].name);
	if (protocol == RW_PROTOCOL_ALL)
		return refuse(PROTOCOL, err, "must be one protocol, not \"all\"");
	packet->protocol = (uint8_t)protocol;
	return 0;
}

/* Dotted decimal in its canonical form, the usual case; false leaves the matter to rw_address_parse. */
static bool parse_ipv4(const struct value *value, struct rw_address *ret_address)
{
	struct rw_address address = {.family = 4};
	const char *at = value->text;
	const char *end = at + value->size;

	for (int i = 0; i < 4; i++) {
		unsigned int octet = 0;
		const char *start = at;

		for (; at < end && *at >= '0' && *at <= '9' && at - start < 3; at++)
			octet = octet * 10 + (unsigned int)(*at - '0');
		if (at == start || octet > 255 || (*start == '0' && at - start > 1))
			return false;
		address.bytes[i] = (uint8_t)octet;
		if (i < 3 && (at == end || *at++ != '.'))
			return false;
	}
	if (at != end)
		return false;
	*ret_address = address;
	return true;
}

static int set_address(enum member member, const struct value *value, struct rw_address *slot,
		       struct rw_error *err)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	if (value->text && parse_ipv4(value, slot))
		return 0;
	if (set_text(member, value, text, sizeof(text), err) < 0)
		return -EINVAL;
	if (rw_address_parse(text, slot, err) < 0)
		return rw_error_field_prefix(err, "%s", names[member].name);
	return 0;
}

static int set_number(enum member member, const struct value *value, int64_t max, int64_t *ret_number,
		      struct rw_error *err)
{
	if (value->text)
		return refuse(member, err, "must be a whole number, not text");
	if (value->number < 0 || value->number > max)
		return rw_error_field(err, names[member].name, "must be between 0 and %d", (int)max);
	*ret_number = value->number;
	return 0;
}

static int set_port(enum member member, const struct value *value, uint16_t *slot, struct rw_error *err)
{
	int64_t number = 0;

	if (set_number(member, value, 65535, &number, err) < 0)
		return -EINVAL;
	*slot = (uint16_t)number;
	return 0;
}

static int set_octet(enum member member, const struct value *value, uint8_t *slot, struct rw_error *err)
{
	int64_t number = 0;

	if (set_number(member, value, 255, &number, err) < 0)
		return -EINVAL;
	*slot = (uint8_t)number;
	return 0;
}

/* A number, or names joined by '+' or ',': "syn+ack". */
static int set_tcp_flags(const struct value *value, uint8_t *slot, struct rw_error *err)
{
	static const struct {
		const char *name;
		uint8_t bits;
	} flags[] = {{"fin", 0x01}, {"syn", 0x02}, {"rst", 0x04}, {"psh", 0x08},
		     {"ack", 0x10}, {"urg", 0x20}, {"ece", 0x40}, {"cwr", 0x80}};
	uint8_t bits = 0;

	if (!value->text)
		return set_octet(TCP_FLAGS, value, slot, err);
	for (size_t at = 0; at < value->size; at += 4) {
		size_t i = 0;

		while (i < RW_ARRAY_COUNT(flags) &&
		       (value->size - at < 3 || strncasecmp(value->text + at, flags[i].name, 3) != 0))
			i++;
		if (i == RW_ARRAY_COUNT(flags) ||
		    (value->size - at > 3 && value->text[at + 3] != '+' && value->text[at + 3] != ',') ||
		    value->size - at == 4)
			return refuse(TCP_FLAGS, err, "must be a number or flags such as \"syn+ack\"");
		bits |= flags[i].bits;
	}
	*slot = bits;
	return 0;
}

static int set_member(struct parser *parser, enum member member, const struct value *value,
		      struct rw_error *err)
{
	struct rw_query *query = parser->query;
	struct rw_packet *packet = &query->packet;

	parser->seen |= 1u << member;
	switch (member) {
	case NODE:
		return set_text(member, value, query->node, sizeof(query->node), err);
	case INTERFACE:
		return set_text(member, value, query->interface, sizeof(query->interface), err);
	case DIRECTION:
		return set_direction(value, packet, err);
	case PROTOCOL:
		return set_protocol(value, packet, err);
	case REMOTE:
		return set_address(member, value, &packet->remote, err);
	case REMOTE_PORT:
		return set_port(member, value, &packet->remote_port, err);
	case LOCAL:
		return set_address(member, value, &packet->local, err);
	case LOCAL_PORT:
		return set_port(member, value, &packet->local_port, err);
	case TCP_FLAGS:
		return set_tcp_flags(value, &packet->tcp_flags, err);
	case HOP_LIMIT:
		return set_octet(member, value, &packet->hop_limit, err);
	case ICMP_TYPE:
		return set_octet(member, value, &packet->icmp_type, err);
	case MEMBER_COUNT_:
		break;
	}
	return -EINVAL;
}

static enum member find_member(const char *name, size_t size)
{
	for (unsigned int i = 0; i < MEMBER_COUNT_; i++)
		if (names[i].size == size && memcmp(names[i].name, name, size) == 0)
			return (enum member)i;
	return MEMBER_COUNT_;
}

static bool has_member(const struct parser *parser, enum member member)
{
	return parser->seen & (1u << member);
}

/* What a query must have altogether, and the defaults of what it may lack. */
static int complete(struct parser *parser, struct rw_error *err)
{
	static const enum member required[] = {NODE, DIRECTION, PROTOCOL, REMOTE, LOCAL};
	struct rw_packet *packet = &parser->query->packet;
	bool has_ports = rw_protocol_has_ports(packet->protocol);
	enum member compared = packet->direction == RW_DIRECTION_INGRESS ? LOCAL_PORT : REMOTE_PORT;
	bool is_icmp = packet->protocol == RW_PROTOCOL_ICMP || packet->protocol == RW_PROTOCOL_ICMPV6;

	for (size_t i = 0; i < RW_ARRAY_COUNT(required); i++)
		if (!has_member(parser, required[i]))
			return refuse(required[i], err, "is missing");
	if (packet->remote.family != packet->local.family)
		return refuse(REMOTE, err, "is not of the family of \"local\"");
	if (has_ports && !has_member(parser, compared))
		return refuse(compared, err, "is missing");
	if (!has_ports && has_member(parser, LOCAL_PORT))
		return refuse(LOCAL_PORT, err, "is only for tcp and udp");
	if (!has_ports && has_member(parser, REMOTE_PORT))
		return refuse(REMOTE_PORT, err, "is only for tcp and udp");
	if (packet->protocol != RW_PROTOCOL_TCP && has_member(parser, TCP_FLAGS))
		return refuse(TCP_FLAGS, err, "is only for tcp");
	if (!is_icmp && packet->protocol != RW_PROTOCOL_IGMP && has_member(parser, ICMP_TYPE))
		return refuse(ICMP_TYPE, err, "is only for icmp, icmpv6 and igmp");
	if (packet->protocol == RW_PROTOCOL_TCP && !has_member(parser, TCP_FLAGS))
		packet->tcp_flags = RW_TCP_SYN;
	if (!has_member(parser, HOP_LIMIT))
		packet->hop_limit = 64;
	if (is_icmp && !has_member(parser, ICMP_TYPE))
		packet->icmp_type = packet->protocol == RW_PROTOCOL_ICMP ? 8 : 128;
	return 0;
}

static void begin(struct parser *parser, struct rw_query *query)
{
	query->node[0] = '\0';
	query->interface[0] = '\0';
	query->packet = (struct rw_packet){0};
	*parser = (struct parser){.query = query};
}

/* ---- the usual form, read in place ---- */

struct cursor {
	const char *at;
	const char *end;
};

static void skip_space(struct cursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

static bool take(struct cursor *cursor, char wanted)
{
	skip_space(cursor);
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

/* Text of printable ASCII without escapes. */
static bool take_text(struct cursor *cursor, struct value *ret_value)
{
	const char *start;

	if (!take(cursor, '"'))
		return false;
	start = cursor->at;
	while (cursor->at < cursor->end && *cursor->at != '"') {
		if (*cursor->at < 0x20 || *cursor->at >= 0x7f || *cursor->at == '\\')
			return false;
		cursor->at++;
	}
	if (cursor->at == cursor->end)
		return false;
	*ret_value = (struct value){.text = start, .size = (size_t)(cursor->at - start)};
	cursor->at++;
	return true;
}

/* A whole number of few digits, without sign. */
static bool take_number(struct cursor *cursor, struct value *ret_value)
{
	const char *start = cursor->at;
	int64_t number = 0;

	while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9' && cursor->at - start < 9)
		number = number * 10 + (*cursor->at++ - '0');
	if (cursor->at == start || (*start == '0' && cursor->at - start > 1))
		return false;
	*ret_value = (struct value){.number = number};
	return true;
}

/* True when the line was a query in the usual form; false says nothing: the full reader decides. */
static bool decode_plain(const char *line, size_t size, struct rw_query *query)
{
	struct cursor cursor = {.at = line, .end = line + size};
	struct parser parser;

	begin(&parser, query);
	if (!take(&cursor, '{'))
		return false;
	do {
		struct value name;
		struct value value;
		enum member member;

		if (!take_text(&cursor, &name) || !take(&cursor, ':'))
			return false;
		member = find_member(name.text, name.size);
		if (member == MEMBER_COUNT_ || has_member(&parser, member))
			return false;
		skip_space(&cursor);
		if (cursor.at == cursor.end)
			return false;
		if (!(*cursor.at == '"' ? take_text(&cursor, &value) : take_number(&cursor, &value)))
			return false;
		if (set_member(&parser, member, &value, NULL) < 0)
			return false;
	} while (take(&cursor, ','));
	if (!take(&cursor, '}'))
		return false;
	skip_space(&cursor);
	return cursor.at == cursor.end && complete(&parser, NULL) == 0;
}

/* ---- any form ---- */

static int decode_any(const char *line, size_t size, struct rw_query *query, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	struct parser parser;
	struct rw_json root;
	struct rw_json json;
	void *cursor = NULL;
	int r;

	begin(&parser, query);
	r = rw_json_parse(line, size, RW_QUERY_LINE_MAX, &document, err);
	if (r < 0)
		return r;
	root = rw_json_root(document);
	r = rw_json_expect_object(&root, err);
	if (r < 0)
		return r;
	while (rw_json_next(&root, &cursor, &json)) {
		enum member member = find_member(json.key, strlen(json.key));
		struct value value = {0};

		if (member == MEMBER_COUNT_) {
			(void)rw_json_refuse(&json, err, "unknown field");
			return -EINVAL;
		}
		if (rw_json_type(&json) == RW_JSON_INTEGER)
			r = rw_json_integer(&json, INT64_MIN, INT64_MAX, &value.number, err);
		else
			r = rw_json_text(&json, RW_QUERY_LINE_MAX, &value.text, err);
		if (r < 0)
			return r;
		value.size = value.text ? strlen(value.text) : 0;
		r = set_member(&parser, member, &value, err);
		if (r < 0)
			return -EINVAL;
	}
	return complete(&parser, err);
}

int rw_query_decode(const char *line, size_t size, struct rw_query *ret_query, struct rw_error *err)
{
	if (size <= RW_QUERY_LINE_MAX && decode_plain(line, size, ret_query))
		return 0;
	return decode_any(line, size, ret_query, err);
}

void rw_answer_encode(struct rw_buf *buf, const struct rw_decision *decision)
{
	static const char accept[] = "{\"verdict\":\"accept\",\"cause\":\"";
	static const char drop[] = "{\"verdict\":\"drop\",\"cause\":\"";

	/* Causes are ids and words of a closed list: nothing in them needs an escape. */
	if (decision->verdict == RW_VERDICT_ACCEPT)
		(void)rw_buf_append(buf, accept, sizeof(accept) - 1);
	else
		(void)rw_buf_append(buf, drop, sizeof(drop) - 1);
	(void)rw_buf_append_text(buf, rw_decision_cause(decision));
	(void)rw_buf_append(buf, "\"}\n", 3);
}

void rw_answer_encode_error(struct rw_buf *buf, const struct rw_error *err, uint64_t line)
{
	struct rw_json_writer json;
	char text[sizeof(err->text)];

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "error");
	rw_json_begin_object(&json);
	rw_json_quote(err->field, text, sizeof(text));
	rw_json_put_text(&json, "field", text);
	rw_json_quote(err->text, text, sizeof(text));
	rw_json_put_text(&json, "message", text);
	rw_json_end_object(&json);
	rw_json_put_integer(&json, "line", (int64_t)line);
	rw_json_end_object(&json);
	(void)rw_buf_append(buf, "\n", 1);
}
