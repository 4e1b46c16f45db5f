/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/seen.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "convert/documents.h"
#include "wire/text.h"

#define LINE_MAX 4096

/* Fields of a record that matter here. */
enum field {
	FIELD_SOURCE,
	FIELD_DESTINATION,
	FIELD_SOURCE_PORT,
	FIELD_DESTINATION_PORT,
	FIELD_PROTOCOL,
	FIELD_ACTION,
	FIELD_PACKETS,
	FIELD_START,
	FIELD_END,
	FIELD_COUNT_,
};

static const char *const field_names[FIELD_COUNT_] = {
	[FIELD_SOURCE] = "srcaddr",
	[FIELD_DESTINATION] = "dstaddr",
	[FIELD_SOURCE_PORT] = "srcport",
	[FIELD_DESTINATION_PORT] = "dstport",
	[FIELD_PROTOCOL] = "protocol",
	[FIELD_ACTION] = "action",
	[FIELD_PACKETS] = "packets",
	[FIELD_START] = "start",
	[FIELD_END] = "end",
};

/* Where each stands in AWS's default format. */
static const int aws_columns[FIELD_COUNT_] = {
	[FIELD_SOURCE] = 3,           [FIELD_DESTINATION] = 4, [FIELD_SOURCE_PORT] = 5,
	[FIELD_DESTINATION_PORT] = 6, [FIELD_PROTOCOL] = 7,    [FIELD_PACKETS] = 8,
	[FIELD_START] = 10,           [FIELD_END] = 11,        [FIELD_ACTION] = 12,
};

struct record {
	struct rw_address source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol;
	bool accepted;
	int64_t start_ms, end_ms;
};

struct reading {
	const struct rw_convert_input *input;
	const struct rw_model *model;
	struct rw_evidence *evidence;
	struct rw_map owners;      /* address as text -> struct owner * */
	struct rw_map flows;       /* flow as text -> index + 1 in its node's flows */
	int columns[FIELD_COUNT_]; /* of a text format */
	unsigned int line;
	size_t strangers;
	struct rw_error *err;
};

struct owner {
	char node[RW_ID_SIZE];
	char interface[16];
};

static int refuse(const struct reading *reading, const char *what, const char *word)
{
	char quoted[64];

	rw_json_quote(word, quoted, sizeof(quoted));
	(void)rw_error_set(reading->err, -EINVAL, "%s: line %u: %s%s%s%s", reading->input->name,
			   reading->line, what, word[0] ? " '" : "", quoted, word[0] ? "'" : "");
	return rw_error_hint(reading->err,
			     "Give VPC flow logs of AWS (text) or Alibaba Cloud (JSON lines), or the "
			     "output of 'ringwall flows -o json'.");
}

/* ---- whose flow it is ---- */

static int add_owner(struct reading *reading, const struct rw_node *node,
		     const struct rw_interface *interface, const struct rw_address *address)
{
	char text[RW_ADDRESS_TEXT_SIZE];
	struct owner *owner;

	rw_address_format(address, text);
	if (rw_map_find(&reading->owners, text))
		return 0;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return -ENOMEM;
	memcpy(owner->node, node->id, RW_ID_SIZE);
	(void)snprintf(owner->interface, sizeof(owner->interface), "%s", interface->name);
	if (rw_map_set(&reading->owners, text, owner) < 0) {
		free(owner);
		return -ENOMEM;
	}
	return 0;
}

static int index_owners(struct reading *reading)
{
	for (size_t i = 0; i < rw_model_count(reading->model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(reading->model, RW_KIND_NODE, i);
		struct rw_evidence_node *seen;

		if (rw_evidence_add_node(reading->evidence, node->id, &seen) < 0)
			return -ENOMEM;
		seen->flows_known = true;
		for (size_t j = 0; j < node->interface_count; j++) {
			const struct rw_interface *interface = &node->interfaces[j];

			for (size_t k = 0; k < interface->address_count; k++)
				if (add_owner(reading, node, interface, &interface->addresses[k]) < 0)
					return -ENOMEM;
			for (size_t k = 0; k < interface->elastic_ip_count; k++)
				if (add_owner(reading, node, interface, &interface->elastic_ips[k]) < 0)
					return -ENOMEM;
		}
	}
	return 0;
}

static const struct owner *find_owner(const struct reading *reading, const struct rw_address *address)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_address_format(address, text);
	return rw_map_find(&reading->owners, text);
}

/* Counts a flow of a node, together with those alike. */
static int add_flow(struct reading *reading, const struct owner *owner, const struct rw_evidence_flow *flow)
{
	struct rw_evidence_node *seen;
	struct rw_evidence_flow *slot;
	char remote[RW_ADDRESS_TEXT_SIZE] = "many", key[192];
	void *index;
	int r;

	if (flow->remote.family)
		rw_address_format(&flow->remote, remote);
	(void)snprintf(key, sizeof(key), "%s %s %d %d %u %u %s", owner->node, owner->interface,
		       (int)flow->direction, flow->accepted, flow->protocol, flow->port, remote);
	if (rw_evidence_add_node(reading->evidence, owner->node, &seen) < 0)
		return rw_error_oom(reading->err);
	index = rw_map_find(&reading->flows, key);
	if (index) {
		slot = rw_vec_at(&seen->flows, (size_t)(uintptr_t)index - 1);
		slot->count += flow->count;
		slot->answered |= flow->answered;
		if (flow->first_ms && (!slot->first_ms || flow->first_ms < slot->first_ms))
			slot->first_ms = flow->first_ms;
		if (flow->last_ms > slot->last_ms)
			slot->last_ms = flow->last_ms;
		return 0;
	}
	r = rw_vec_push(&seen->flows, &slot);
	if (r < 0)
		return r == -ENOMEM
			       ? rw_error_oom(reading->err)
			       : rw_error_set(reading->err, r, "%s: more than %d different flows of a node",
					      reading->input->name, RW_EVIDENCE_FLOWS_MAX);
	*slot = *flow;
	memcpy(slot->interface, owner->interface, sizeof(slot->interface));
	r = rw_map_set(&reading->flows, key, (void *)(uintptr_t)seen->flows.count);
	return r < 0 ? rw_error_oom(reading->err) : 0;
}

/* The record as it would stand if its opener had sent it. */
static void turn_to_opener(struct record *record)
{
	struct rw_address address = record->source;
	uint16_t port = record->source_port;

	if (!rw_protocol_has_ports(record->protocol) || record->source_port >= 32768 ||
	    record->destination_port < 32768 || record->source_port == 0)
		return;
	record->source = record->destination;
	record->destination = address;
	record->source_port = record->destination_port;
	record->destination_port = port;
}

static int add_record(struct reading *reading, struct record *record)
{
	const struct owner *to, *from;
	struct rw_evidence_flow flow = {.accepted = record->accepted,
					.protocol = record->protocol,
					.count = 1,
					.first_ms = record->start_ms,
					.last_ms = record->end_ms};
	int r = 0;

	if (record->source.family != record->destination.family)
		return refuse(reading, "its addresses are of different families", "");
	turn_to_opener(record);
	flow.port = record->destination_port;
	to = find_owner(reading, &record->destination);
	from = find_owner(reading, &record->source);
	if (!to && !from)
		reading->strangers++;
	if (to) {
		flow.direction = RW_DIRECTION_INGRESS;
		flow.remote = record->source;
		flow.local = record->destination;
		r = add_flow(reading, to, &flow);
	}
	if (r == 0 && from) {
		flow.direction = RW_DIRECTION_EGRESS;
		flow.remote = record->destination;
		flow.local = record->source;
		r = add_flow(reading, from, &flow);
	}
	return r;
}

/* ---- fields ---- */

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	*ret_number = strtoull(text, &end, 10);
	return !*end && *ret_number <= max;
}

/* Fills a record from the texts of its fields; NULL = absent.  1 for one that tells of no packets. */
static int fill_record(const struct reading *reading, const char *const texts[FIELD_COUNT_],
		       struct record *record)
{
	uint64_t number;
	uint16_t protocol;

	for (int field = FIELD_SOURCE; field <= FIELD_ACTION; field++) {
		if (!texts[field])
			return refuse(reading, "lacks the field", field_names[field]);
		if (strcmp(texts[field], "-") == 0) /* NODATA, SKIPDATA */
			return 1;
	}
	if (rw_address_parse(texts[FIELD_SOURCE], &record->source, NULL) < 0)
		return refuse(reading, "srcaddr is no address:", texts[FIELD_SOURCE]);
	if (rw_address_parse(texts[FIELD_DESTINATION], &record->destination, NULL) < 0)
		return refuse(reading, "dstaddr is no address:", texts[FIELD_DESTINATION]);
	if (!parse_number(texts[FIELD_SOURCE_PORT], 65535, &number))
		return refuse(reading, "srcport is no port:", texts[FIELD_SOURCE_PORT]);
	record->source_port = (uint16_t)number;
	if (!parse_number(texts[FIELD_DESTINATION_PORT], 65535, &number))
		return refuse(reading, "dstport is no port:", texts[FIELD_DESTINATION_PORT]);
	record->destination_port = (uint16_t)number;
	if (rw_protocol_parse(texts[FIELD_PROTOCOL], &protocol, NULL) < 0 || protocol > 255)
		return refuse(reading, "protocol is none:", texts[FIELD_PROTOCOL]);
	record->protocol = (uint8_t)protocol;
	if (!rw_protocol_has_ports(protocol))
		record->source_port = record->destination_port = 0;
	record->accepted = strcasecmp(texts[FIELD_ACTION], "ACCEPT") == 0;
	if (!record->accepted && strcasecmp(texts[FIELD_ACTION], "REJECT") != 0 &&
	    strcasecmp(texts[FIELD_ACTION], "DROP") != 0)
		return refuse(reading, "action is neither ACCEPT nor REJECT:", texts[FIELD_ACTION]);
	if (texts[FIELD_START] && parse_number(texts[FIELD_START], UINT32_MAX, &number))
		record->start_ms = (int64_t)number * 1000;
	if (texts[FIELD_END] && parse_number(texts[FIELD_END], UINT32_MAX, &number))
		record->end_ms = (int64_t)number * 1000;
	return 0;
}

/* A header line names the columns; both clouds use these names. */
static bool read_header(struct reading *reading, char *line)
{
	char *save = NULL;
	int column = 0;
	bool found = false;

	for (int field = 0; field < FIELD_COUNT_; field++)
		reading->columns[field] = -1;
	for (char *word = strtok_r(line, " \t,", &save); word; word = strtok_r(NULL, " \t,", &save), column++)
		for (int field = 0; field < FIELD_COUNT_; field++)
			if (strcmp(word, field_names[field]) == 0) {
				reading->columns[field] = column;
				found = true;
			}
	return found;
}

static int read_text_record(struct reading *reading, char *line)
{
	const char *texts[FIELD_COUNT_] = {0};
	struct record record = {0};
	char *save = NULL;
	int column = 0;
	int r;

	for (char *word = strtok_r(line, " \t,", &save); word; word = strtok_r(NULL, " \t,", &save), column++)
		for (int field = 0; field < FIELD_COUNT_; field++)
			if (reading->columns[field] == column)
				texts[field] = word;
	r = fill_record(reading, texts, &record);
	return r ? (r < 0 ? r : 0) : add_record(reading, &record);
}

/* ---- JSON lines ---- */

/* A member as text, whether it is written as text or as a number. */
static int member_text(struct reading *reading, const struct rw_json *object, const char *key, char text[64],
		       const char **ret_text)
{
	struct rw_json member;
	const char *given;
	int64_t number;
	int r;

	*ret_text = NULL;
	if (!rw_json_find(object, key, &member) || rw_json_type(&member) == RW_JSON_NULL)
		return 0;
	if (rw_json_type(&member) == RW_JSON_INTEGER) {
		r = rw_json_integer(&member, INT64_MIN, INT64_MAX, &number, reading->err);
		(void)snprintf(text, 64, "%" PRId64, r == 0 ? number : 0);
	} else {
		r = rw_json_text(&member, 63, &given, reading->err);
		(void)snprintf(text, 64, "%s", r == 0 ? given : "");
	}
	*ret_text = text;
	return r;
}

/* {"srcaddr":...}: as Alibaba Cloud's log service exports its flow logs. */
static int read_cloud_object(struct reading *reading, const struct rw_json *object)
{
	const char *texts[FIELD_COUNT_];
	char room[FIELD_COUNT_][64];
	struct record record = {0};
	int r = 0;

	for (int field = 0; r == 0 && field < FIELD_COUNT_; field++)
		r = member_text(reading, object, field_names[field], room[field], &texts[field]);
	if (r == 0)
		r = fill_record(reading, texts, &record);
	return r ? (r < 0 ? r : 0) : add_record(reading, &record);
}

/* Members of our own flow records (docs/flows.md). */
enum own_member {
	OWN_NODE,
	OWN_VERDICT,
	OWN_DIRECTION,
	OWN_INTERFACE,
	OWN_PROTOCOL,
	OWN_PORT,
	OWN_REMOTE,
	OWN_COUNT,
	OWN_ANSWERED,
	OWN_FIRST,
	OWN_LAST,
	OWN_MEMBER_COUNT_,
};

static const char *const own_members[OWN_MEMBER_COUNT_] = {
	"node",   "verdict", "direction", "interface", "protocol", "port",
	"remote", "count",   "answered",  "first",     "last",
};

/* Numbers, addresses and times of one of our own records. */
static int fill_own_flow(const struct reading *reading, const char *const texts[OWN_MEMBER_COUNT_],
			 struct rw_evidence_flow *flow)
{
	uint64_t number = 0;
	uint16_t protocol;

	if (texts[OWN_REMOTE] && rw_address_parse(texts[OWN_REMOTE], &flow->remote, NULL) < 0)
		return refuse(reading, "remote is no address:", texts[OWN_REMOTE]);
	if (rw_protocol_parse(texts[OWN_PROTOCOL], &protocol, NULL) < 0 || protocol > 255)
		return refuse(reading, "protocol is none:", texts[OWN_PROTOCOL]);
	if (texts[OWN_PORT] && !parse_number(texts[OWN_PORT], 65535, &number))
		return refuse(reading, "port is none:", texts[OWN_PORT]);
	flow->protocol = (uint8_t)protocol;
	flow->port = (uint16_t)number;
	flow->count = 1;
	if (texts[OWN_COUNT] && !parse_number(texts[OWN_COUNT], UINT64_MAX, &flow->count))
		return refuse(reading, "count is no number:", texts[OWN_COUNT]);
	number = 0;
	if (texts[OWN_ANSWERED] && !parse_number(texts[OWN_ANSWERED], UINT64_MAX, &number))
		return refuse(reading, "answered is no number:", texts[OWN_ANSWERED]);
	flow->answered = number > 0;
	flow->accepted = strcmp(texts[OWN_VERDICT], "accepted") == 0;
	flow->direction =
		strcmp(texts[OWN_DIRECTION], "egress") == 0 ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS;
	if (texts[OWN_FIRST] && !rw_timestamp_parse(texts[OWN_FIRST], &flow->first_ms))
		return refuse(reading, "first is no time:", texts[OWN_FIRST]);
	if (texts[OWN_LAST] && !rw_timestamp_parse(texts[OWN_LAST], &flow->last_ms))
		return refuse(reading, "last is no time:", texts[OWN_LAST]);
	return 0;
}

/* {"node":...,"direction":...,"remote":...}: our own flow records. */
static int read_own_object(struct reading *reading, const struct rw_json *object)
{
	const char *texts[OWN_MEMBER_COUNT_];
	char room[OWN_MEMBER_COUNT_][64];
	struct rw_evidence_flow flow = {0};
	const struct rw_node *found;
	struct owner owner = {0};
	struct rw_json others;
	int r = 0;

	for (int member = 0; r == 0 && member < OWN_MEMBER_COUNT_; member++)
		r = member_text(reading, object, own_members[member], room[member], &texts[member]);
	if (r < 0)
		return r;
	if (!texts[OWN_NODE] || !texts[OWN_DIRECTION] || !texts[OWN_VERDICT])
		return refuse(reading, "lacks one of node, direction, verdict", "");
	if (rw_json_find(object, "others", &others)) /* of services that had no room: no single one */
		return 0;
	if (!texts[OWN_PROTOCOL])
		return refuse(reading, "lacks protocol", "");
	found = rw_model_find_node(reading->model, texts[OWN_NODE]);
	if (!found) {
		reading->strangers++;
		return 0;
	}
	r = fill_own_flow(reading, texts, &flow);
	if (r < 0)
		return r;
	memcpy(owner.node, found->id, RW_ID_SIZE);
	if (texts[OWN_INTERFACE])
		(void)snprintf(owner.interface, sizeof(owner.interface), "%.15s", texts[OWN_INTERFACE]);
	return add_flow(reading, &owner, &flow);
}

static int read_object(struct reading *reading, const char *line, size_t size)
{
	struct rw_json_document *document = NULL;
	struct rw_json root, member;
	int r = rw_json_parse(line, size, LINE_MAX, &document, reading->err);

	if (r == 0) {
		root = rw_json_root(document);
		r = rw_json_expect_object(&root, reading->err);
		if (r == 0)
			r = rw_json_find(&root, "srcaddr", &member) ? read_cloud_object(reading, &root)
								    : read_own_object(reading, &root);
	}
	rw_json_document_free(document);
	if (r < 0 && !strstr(reading->err->text, reading->input->name))
		return rw_error_wrap(reading->err, "%s: line %u", reading->input->name, reading->line);
	return r;
}

/* One object with all records in "items", as the API gives them. */
static int read_answer(struct reading *reading)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	const struct rw_convert_input *input = reading->input;
	struct rw_json root, items;
	int r = rw_json_parse(input->text, input->size, RW_CONVERT_INPUT_MAX, &document, reading->err);

	if (r < 0)
		return rw_error_wrap(reading->err, "%s", input->name);
	root = rw_json_root(document);
	r = rw_document_array(&root, "items", &items, reading->err);
	for (size_t i = 0; r == 0 && i < rw_json_count(&items); i++) {
		struct rw_json item = rw_json_at(&items, i);

		reading->line = (unsigned int)i + 1;
		r = rw_json_expect_object(&item, reading->err);
		if (r == 0)
			r = read_own_object(reading, &item);
	}
	if (r < 0 && !strstr(reading->err->text, input->name))
		return rw_error_wrap(reading->err, "%s", input->name);
	return r;
}

static bool is_answer(const struct rw_convert_input *input)
{
	static const char start[] = "{\"items\"";

	return input->size >= sizeof(start) && memcmp(input->text, start, sizeof(start) - 1) == 0;
}

/* ---- lines ---- */

static int read_line(struct reading *reading, char *line, size_t size)
{
	if (!line[strspn(line, " \t\r")])
		return 0;
	if (line[0] == '{')
		return read_object(reading, line, size);
	if (reading->line == 1 && !isdigit((unsigned char)line[0])) {
		char copy[LINE_MAX];

		(void)snprintf(copy, sizeof(copy), "%s", line);
		return read_header(reading, copy) ? 0 : refuse(reading, "is neither record nor header", "");
	}
	return read_text_record(reading, line);
}

static int read_lines(struct reading *reading)
{
	const struct rw_convert_input *input = reading->input;
	size_t start = 0;
	int r = 0;

	while (r == 0 && start < input->size) {
		const char *newline = memchr(input->text + start, '\n', input->size - start);
		size_t end = newline ? (size_t)(newline - input->text) : input->size;
		char line[LINE_MAX];

		reading->line++;
		if (end - start >= sizeof(line) || memchr(input->text + start, '\0', end - start))
			return refuse(reading, "is too long, or no text", "");
		memcpy(line, input->text + start, end - start);
		line[end - start] = '\0';
		line[strcspn(line, "\r")] = '\0';
		r = read_line(reading, line, strlen(line));
		start = end + 1;
	}
	return r;
}

int rw_convert_flow_log(const struct rw_convert_input *input, const struct rw_model *model,
			struct rw_evidence *evidence, size_t *ret_strangers, struct rw_error *err)
{
	struct rw_error own = RW_ERROR_NONE;
	struct reading reading = {.input = input, .model = model, .evidence = evidence, .err = &own};
	int r;

	memcpy(reading.columns, aws_columns, sizeof(aws_columns));
	rw_map_init(&reading.owners, 0, free);
	rw_map_init(&reading.flows, 0, NULL);
	r = index_owners(&reading);
	r = r < 0 ? rw_error_oom(&own) : is_answer(input) ? read_answer(&reading) : read_lines(&reading);
	rw_map_done(&reading.owners);
	rw_map_done(&reading.flows);
	if (r < 0 && err)
		*err = own;
	if (r == 0)
		*ret_strangers = reading.strangers;
	return r;
}
