/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include <stdio.h>
#include <string.h>

#include "policy/evaluate.h"
#include "wire/object.h"
#include "wire/report_parts.h"

const struct rw_word rw_words_agent_state[] = {
	{"pending", RW_AGENT_STATE_PENDING},
	{"ok", RW_AGENT_STATE_OK},
	{"failed", RW_AGENT_STATE_FAILED},
	{"degraded", RW_AGENT_STATE_DEGRADED},
	{"monitored", RW_AGENT_STATE_MONITORED},
	{"detached", RW_AGENT_STATE_DETACHED},
	{NULL, 0},
};

static void *slot_of(const struct rw_json_field *field, void *object)
{
	return (char *)object + field->offset;
}

static size_t *count_of(const struct rw_json_field *field, void *object)
{
	return (size_t *)(void *)((char *)object + field->count_offset);
}

int rw_wire_decode_list(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_wire_list *list, struct rw_error *err)
{
	size_t *count = count_of(field, object);
	size_t total;
	char *elements;
	int r;

	r = rw_json_expect_array(value, (size_t)field->max, err);
	if (r < 0)
		return r;
	total = rw_json_count(value);
	if (total == 0)
		return 0;
	elements = calloc(total, list->element_size);
	if (!elements)
		return rw_error_oom(err);
	*(void **)slot_of(field, object) = elements;
	for (size_t i = 0; i < total; i++) {
		struct rw_json element = rw_json_at(value, i);

		(*count)++;
		r = rw_json_decode(&element, list->fields, list->field_count,
				   elements + i * list->element_size, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- interfaces ---- */

static const struct rw_json_field interface_fields[] = {
	RW_JSON_FIELD("name", struct rw_report_interface, name, rw_json_decode_chars, .min = 1,
		      .required = true),
	RW_JSON_FIELD("kind", struct rw_report_interface, kind, rw_json_decode_chars),
	RW_JSON_FIELD("mac", struct rw_report_interface, mac, rw_json_decode_chars),
	RW_JSON_FIELD("default_route", struct rw_report_interface, default_route, rw_json_decode_bool),
	RW_JSON_FIELD("enforced", struct rw_report_interface, enforced, rw_json_decode_bool),
	RW_JSON_FIELD("addresses", struct rw_report_interface, addresses, rw_json_decode_addresses,
		      .max = RW_REPORT_ADDRESSES_MAX,
		      .count_offset = offsetof(struct rw_report_interface, address_count)),
	RW_JSON_FIELD("reason", struct rw_report_interface, reason, rw_json_decode_chars),
};

int rw_wire_decode_interfaces(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(interface_fields),
						 sizeof(struct rw_report_interface)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

void rw_wire_interfaces_free(struct rw_report_interface *interfaces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(interfaces[i].addresses);
	free(interfaces);
}

void rw_wire_put_interfaces(struct rw_json_writer *json, const struct rw_report_interface *interfaces,
			    size_t count)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		rw_json_begin_object(json);
		rw_json_put_text(json, "name", interfaces[i].name);
		rw_json_put_text(json, "kind", interfaces[i].kind);
		if (interfaces[i].mac[0])
			rw_json_put_text(json, "mac", interfaces[i].mac);
		rw_json_put_bool(json, "default_route", interfaces[i].default_route);
		rw_json_put_bool(json, "enforced", interfaces[i].enforced);
		if (interfaces[i].reason[0])
			rw_json_put_text(json, "reason", interfaces[i].reason);
		rw_json_key(json, "addresses");
		rw_json_begin_array(json);
		for (size_t j = 0; j < interfaces[i].address_count; j++) {
			rw_address_format(&interfaces[i].addresses[j], text);
			rw_json_write_text(json, text);
		}
		rw_json_end_array(json);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* ---- parts of a report ---- */

static const struct rw_json_field position_fields[] = {
	RW_JSON_FIELD("incarnation", struct rw_position, incarnation, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("revision", struct rw_position, revision, rw_json_decode_revision, .required = true),
};

int rw_wire_decode_position(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	return rw_json_decode(value, RW_JSON_FIELDS(position_fields), slot_of(field, object), resolver, err);
}

void rw_wire_put_position(struct rw_json_writer *json, const char *key, const struct rw_position *position)
{
	rw_json_key(json, key);
	rw_json_begin_object(json);
	rw_json_put_text(json, "incarnation", position->incarnation);
	rw_json_put_revision(json, "revision", position->revision);
	rw_json_end_object(json);
}

int rw_wire_decode_digest(const struct rw_json *value, const struct rw_json_field *field, void *object,
			  const struct rw_resolver *resolver, struct rw_error *err)
{
	const char *text;
	int r;

	(void)resolver;
	r = rw_json_text(value, RW_DIGEST_TEXT_SIZE, &text, err);
	if (r < 0)
		return r;
	if (!rw_policy_digest_parse(text, slot_of(field, object)))
		return rw_json_refuse(value, err, "must be 32 hex digits");
	return 0;
}

int rw_wire_decode_ports(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	size_t total;
	uint16_t *ports;
	int r;

	(void)resolver;
	r = rw_json_expect_array(value, RW_REPORT_PORTS_MAX, err);
	if (r < 0)
		return r;
	total = rw_json_count(value);
	ports = calloc(total ? total : 1, sizeof(*ports));
	if (!ports)
		return rw_error_oom(err);
	*(uint16_t **)slot_of(field, object) = ports;
	*count_of(field, object) = total;
	for (size_t i = 0; i < total; i++) {
		struct rw_json element = rw_json_at(value, i);
		int64_t port;

		r = rw_json_integer(&element, 1, 65535, &port, err);
		if (r < 0)
			return r;
		ports[i] = (uint16_t)port;
	}
	return 0;
}

static const struct rw_json_field listener_fields[] = {
	RW_JSON_FIELD("protocol", struct rw_report_listener, protocol, rw_json_decode_protocol,
		      .required = true),
	RW_JSON_FIELD("port", struct rw_report_listener, port, rw_json_decode_integer, .min = 1, .max = 65535,
		      .required = true),
	RW_JSON_FIELD("process", struct rw_report_listener, process, rw_json_decode_chars),
};

static int decode_listeners(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(listener_fields),
						 sizeof(struct rw_report_listener)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

static const struct rw_json_field hit_fields[] = {
	RW_JSON_FIELD("rule", struct rw_report_hit, rule, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("packets", struct rw_report_hit, packets, rw_json_decode_revision, .required = true),
	RW_JSON_FIELD("last_hit", struct rw_report_hit, last_hit_ms, rw_json_decode_time),
};

static int decode_hits(const struct rw_json *value, const struct rw_json_field *field, void *object,
		       const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(hit_fields), sizeof(struct rw_report_hit)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

const char *rw_report_cause_word(unsigned int cause)
{
	return cause == RW_CAUSE_RULE ? "rule" : rw_cause_name((enum rw_cause)cause);
}

static int decode_drops(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	uint64_t *drops = slot_of(field, object);
	struct rw_json member;
	void *cursor = NULL;
	int r;

	(void)resolver;
	r = rw_json_expect_object(value, err);
	while (r == 0 && rw_json_next(value, &cursor, &member)) {
		unsigned int cause = 0;

		while (cause < RW_CAUSE_COUNT_ && strcmp(rw_report_cause_word(cause), member.key) != 0)
			cause++;
		if (cause == RW_CAUSE_COUNT_)
			return rw_json_refuse(&member, err, "is no cause");
		r = rw_json_revision(&member, &drops[cause], err);
	}
	return r;
}

static const struct rw_json_field drop_event_fields[] = {
	RW_JSON_FIELD("time", struct rw_report_drop, time_ms, rw_json_decode_time, .required = true),
	RW_JSON_FIELD("interface", struct rw_report_drop, interface, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("direction", struct rw_report_drop, direction, rw_json_decode_word,
		      .words = rw_words_direction, .required = true),
	RW_JSON_FIELD("protocol", struct rw_report_drop, protocol, rw_json_decode_protocol, .required = true),
	RW_JSON_FIELD("local", struct rw_report_drop, local, rw_json_decode_address),
	RW_JSON_FIELD("remote", struct rw_report_drop, remote, rw_json_decode_address),
	RW_JSON_FIELD("local_port", struct rw_report_drop, local_port, rw_json_decode_integer, .min = 0,
		      .max = 65535),
	RW_JSON_FIELD("remote_port", struct rw_report_drop, remote_port, rw_json_decode_integer, .min = 0,
		      .max = 65535),
	RW_JSON_FIELD("would", struct rw_report_drop, would, rw_json_decode_bool),
	RW_JSON_FIELD("cause", struct rw_report_drop, cause, rw_json_decode_chars, .min = 1,
		      .required = true),
};

static int decode_drop_events(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(drop_event_fields),
						 sizeof(struct rw_report_drop)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

void rw_report_write_drop(struct rw_json_writer *json, const struct rw_report_drop *drop)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_begin_object(json);
	rw_json_put_time(json, "time", drop->time_ms);
	rw_json_put_text(json, "interface", drop->interface);
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)drop->direction));
	rw_protocol_format(drop->protocol, text);
	rw_json_put_text(json, "protocol", text);
	if (drop->local.family) {
		rw_address_format(&drop->local, text);
		rw_json_put_text(json, "local", text);
	}
	if (drop->remote.family) {
		rw_address_format(&drop->remote, text);
		rw_json_put_text(json, "remote", text);
	}
	if (rw_protocol_has_ports(drop->protocol)) {
		rw_json_put_integer(json, "local_port", drop->local_port);
		rw_json_put_integer(json, "remote_port", drop->remote_port);
	}
	if (drop->would)
		rw_json_put_bool(json, "would", true);
	rw_json_put_text(json, "cause", drop->cause);
	rw_json_end_object(json);
}

/* ---- authorities ---- */

typedef char fingerprint[65];

/* Copies 'text' into a slot of the list, or says what it must be. */
typedef const char *take_text_fn(char *slot, const char *text);

/* A list of at most 'most' texts, each of a slot of 'size' bytes. */
static int decode_texts(const struct rw_json *value, const struct rw_json_field *field, void *object,
			size_t most, size_t size, take_text_fn *take, struct rw_error *err)
{
	char *slots = slot_of(field, object);
	size_t count;
	int r = rw_json_expect_array(value, most, err);

	if (r < 0)
		return r;
	count = rw_json_count(value);
	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(value, i);
		const char *text, *refusal;

		r = rw_json_text(&element, size - 1, &text, err);
		if (r < 0)
			return r;
		refusal = take(slots + i * size, text);
		if (refusal)
			return rw_json_refuse(&element, err, "%s", refusal);
	}
	*count_of(field, object) = count;
	return 0;
}

static const char *take_fingerprint(char *slot, const char *text)
{
	if (strspn(text, "0123456789abcdef") != sizeof(fingerprint) - 1 || text[sizeof(fingerprint) - 1])
		return "must be 64 hex digits";
	memcpy(slot, text, sizeof(fingerprint));
	return NULL;
}

static int decode_authorities(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	return decode_texts(value, field, object, RW_REPORT_AUTHORITIES, sizeof(fingerprint),
			    take_fingerprint, err);
}

static void put_authorities(struct rw_json_writer *json, const fingerprint *authorities, size_t count)
{
	rw_json_key(json, "authorities");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_text(json, authorities[i]);
	rw_json_end_array(json);
}

/* ---- the answer ---- */

typedef char url[RW_REPORT_URL_SIZE];

/* The limit of the list is in characters, this one in bytes. */
static const char *take_url(char *slot, const char *text)
{
	return snprintf(slot, sizeof(url), "%s", text) < (int)sizeof(url) ? NULL : "is too long";
}

static int decode_controllers(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	return decode_texts(value, field, object, RW_REPORT_CONTROLLERS, sizeof(url), take_url, err);
}

static void put_controllers(struct rw_json_writer *json, const url *controllers, size_t count)
{
	rw_json_key(json, "controllers");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_text(json, controllers[i]);
	rw_json_end_array(json);
}

struct report_answer_document {
	struct rw_report_answer answer;
	uint32_t version;
};

static const struct rw_json_field answer_fields[] = {
	RW_JSON_FIELD("version", struct report_answer_document, version, rw_json_decode_integer, .min = 1,
		      .max = 1, .required = true),
	RW_JSON_FIELD("reports", struct report_answer_document, answer.reports, rw_json_decode_integer,
		      .min = 1, .max = INT32_MAX, .required = true),
	RW_JSON_FIELD("authorities", struct report_answer_document, answer.authorities, decode_authorities,
		      .max = RW_REPORT_AUTHORITIES,
		      .count_offset = offsetof(struct report_answer_document, answer.authority_count)),
	RW_JSON_FIELD("controllers", struct report_answer_document, answer.controllers, decode_controllers,
		      .count_offset = offsetof(struct report_answer_document, answer.controller_count)),
};

int rw_report_answer_encode(struct rw_buf *buf, const struct rw_report_answer *answer, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", 1);
	rw_json_put_integer(&json, "reports", answer->reports);
	put_authorities(&json, answer->authorities, answer->authority_count);
	if (answer->controller_count)
		put_controllers(&json, answer->controllers, answer->controller_count);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

int rw_report_answer_decode(const char *text, size_t size, struct rw_report_answer *ret_answer,
			    struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *json = NULL;
	struct report_answer_document document = {.answer = {.reports = 1}};
	struct rw_json root;
	int r = 0;

	if (size > 0) {
		r = rw_json_parse(text, size, RW_JSON_BODY_MAX, &json, err);
		if (r < 0)
			return r;
		root = rw_json_root(json);
		r = rw_json_expect_object(&root, err);
		if (r == 0)
			r = rw_json_check_version(&root, "the answer to a report", 1, err);
		if (r == 0)
			r = rw_json_decode(&root, RW_JSON_FIELDS(answer_fields), &document, NULL, err);
	}
	if (r == 0)
		*ret_answer = document.answer;
	return r;
}

/* ---- the report ---- */

/* A report together with what only its document has. */
struct report_document {
	struct rw_report report;
	uint32_t version;
};

#define FIELD(json_name, member, decoder, ...)                                                               \
	RW_JSON_FIELD(json_name, struct report_document, report.member, decoder, ##__VA_ARGS__)
#define FIELD_LIST(json_name, member, count, decoder, most)                                                  \
	FIELD(json_name, member, decoder, .max = (most),                                                     \
	      .count_offset = offsetof(struct report_document, report.count))

static const struct rw_json_field report_fields[] = {
	RW_JSON_FIELD("version", struct report_document, version, rw_json_decode_integer, .min = 1,
		      .max = RW_REPORT_VERSION, .required = true),
	FIELD("brief", brief, rw_json_decode_bool),
	FIELD("applied", applied, rw_wire_decode_position, .required = true),
	FIELD("wanted", wanted, rw_wire_decode_position),
	FIELD("digest", digest, rw_wire_decode_digest),
	FIELD("state", state, rw_json_decode_word, .words = rw_words_agent_state, .required = true),
	FIELD("reason", reason, rw_json_decode_chars),
	FIELD("agent_version", agent_version, rw_json_decode_chars),
	FIELD("started", started_ms, rw_json_decode_time),
	FIELD("persistent", persistent, rw_json_decode_bool),
	FIELD_LIST("interfaces", interfaces, interface_count, rw_wire_decode_interfaces,
		   RW_REPORT_INTERFACES_MAX),
	FIELD_LIST("ssh_ports", ssh_ports, ssh_port_count, rw_wire_decode_ports, RW_REPORT_PORTS_MAX),
	FIELD_LIST("listeners", listeners, listener_count, decode_listeners, RW_REPORT_PORTS_MAX),
	FIELD_LIST("hits", hits, hit_count, decode_hits, RW_REPORT_HITS_MAX),
	FIELD("drops", drops, decode_drops),
	FIELD("would_drops", would_drops, decode_drops),
	FIELD("kernel", kernel, rw_wire_decode_kernel),
	FIELD_LIST("flows", flows, flow_count, rw_wire_decode_flows, RW_REPORT_FLOWS_MAX),
	FIELD_LIST("drop_events", drop_events, drop_event_count, decode_drop_events, RW_REPORT_DROPS_MAX),
	FIELD("drop_events_lost", drop_events_lost, rw_json_decode_revision),
	FIELD_LIST("connections", connections, connection_count, rw_wire_decode_connections,
		   RW_REPORT_LIVE_MAX),
	FIELD("connections_cut", connections_cut, rw_json_decode_revision),
	FIELD_LIST("judgements", judgements, judgement_count, rw_wire_decode_judgements,
		   RW_REPORT_JUDGEMENTS_MAX),
	FIELD_LIST("authorities", authorities, authority_count, decode_authorities, RW_REPORT_AUTHORITIES),
};

void rw_report_init(struct rw_report *report)
{
	*report = (struct rw_report){.state = RW_AGENT_STATE_PENDING};
}

void rw_report_done(struct rw_report *report)
{
	rw_wire_interfaces_free(report->interfaces, report->interface_count);
	free(report->ssh_ports);
	free(report->listeners);
	free(report->hits);
	free(report->drop_events);
	free(report->kernel.hooks);
	free(report->flows);
	free(report->connections);
	free(report->judgements);
	rw_report_init(report);
}

void rw_report_put_causes(struct rw_json_writer *json, const char *key,
			  const uint64_t counts[RW_CAUSE_COUNT_])
{
	rw_json_key(json, key);
	rw_json_begin_object(json);
	for (unsigned int cause = 0; cause < RW_CAUSE_COUNT_; cause++)
		if (counts[cause])
			rw_json_put_revision(json, rw_report_cause_word(cause), counts[cause]);
	rw_json_end_object(json);
}

static void put_drops(struct rw_json_writer *json, const struct rw_report *report)
{
	rw_report_put_causes(json, "drops", report->drops);
	rw_report_put_causes(json, "would_drops", report->would_drops);
	rw_json_key(json, "drop_events");
	rw_json_begin_array(json);
	for (size_t i = 0; i < report->drop_event_count; i++)
		rw_report_write_drop(json, &report->drop_events[i]);
	rw_json_end_array(json);
	if (report->drop_events_lost)
		rw_json_put_revision(json, "drop_events_lost", report->drop_events_lost);
}

void rw_wire_put_ports(struct rw_json_writer *json, const char *key, const uint16_t *ports, size_t count)
{
	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_integer(json, ports[i]);
	rw_json_end_array(json);
}

static void put_counters(struct rw_json_writer *json, const struct rw_report *report)
{
	rw_wire_put_ports(json, "ssh_ports", report->ssh_ports, report->ssh_port_count);
	rw_json_key(json, "listeners");
	rw_json_begin_array(json);
	for (size_t i = 0; i < report->listener_count; i++) {
		char protocol[RW_PROTOCOL_TEXT_SIZE];

		rw_protocol_format(report->listeners[i].protocol, protocol);
		rw_json_begin_object(json);
		rw_json_put_text(json, "protocol", protocol);
		rw_json_put_integer(json, "port", report->listeners[i].port);
		if (report->listeners[i].process[0])
			rw_json_put_text(json, "process", report->listeners[i].process);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	rw_json_key(json, "hits");
	rw_json_begin_array(json);
	for (size_t i = 0; i < report->hit_count; i++) {
		rw_json_begin_object(json);
		rw_json_put_text(json, "rule", report->hits[i].rule);
		rw_json_put_revision(json, "packets", report->hits[i].packets);
		if (report->hits[i].last_hit_ms)
			rw_json_put_time(json, "last_hit", report->hits[i].last_hit_ms);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* What a brief report leaves out. */
static void put_rest(struct rw_json_writer *json, const struct rw_report *report)
{
	rw_json_put_bool(json, "persistent", report->persistent);
	rw_wire_put_interfaces(json, report->interfaces, report->interface_count);
	put_counters(json, report);
	rw_report_put_kernel(json, &report->kernel, report->version >= 3);
	rw_wire_put_flows(json, report);
	put_drops(json, report);
	rw_wire_put_connections(json, report);
	rw_wire_put_judgements(json, report);
	if (report->version >= 2)
		put_authorities(json, report->authorities, report->authority_count);
}

int rw_report_encode(struct rw_buf *buf, const struct rw_report *report, struct rw_error *err)
{
	char digest[RW_DIGEST_TEXT_SIZE];
	char reason[sizeof(report->reason)];
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "version", report->version ? report->version : 1);
	if (report->brief)
		rw_json_put_bool(&json, "brief", true);
	rw_wire_put_position(&json, "applied", &report->applied);
	rw_wire_put_position(&json, "wanted", &report->wanted);
	rw_policy_digest_format(&report->digest, digest);
	rw_json_put_text(&json, "digest", digest);
	rw_json_put_text(&json, "state", rw_word_of(rw_words_agent_state, (int)report->state));
	/* Made from error texts, which may have been cut inside a character. */
	rw_json_quote(report->reason, reason, sizeof(reason));
	rw_json_put_text(&json, "reason", reason);
	rw_json_put_text(&json, "agent_version", report->agent_version);
	if (report->started_ms)
		rw_json_put_time(&json, "started", report->started_ms);
	if (!report->brief)
		put_rest(&json, report);
	rw_json_end_object(&json);
	(void)rw_buf_append(buf, "\n", 1);
	return rw_buf_check(buf, err);
}

int rw_report_decode(const char *text, size_t size, struct rw_report *ret_report, struct rw_error *err)
{
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *json = NULL;
	struct report_document document = {0};
	struct rw_json root;
	int r;

	r = rw_json_parse(text, size, RW_REPORT_SIZE_MAX, &json, err);
	if (r < 0)
		return r;
	root = rw_json_root(json);
	r = rw_json_expect_object(&root, err);
	if (r == 0)
		r = rw_json_check_version(&root, "the agent's report", RW_REPORT_VERSION, err);
	if (r < 0)
		return r;
	r = rw_json_decode(&root, RW_JSON_FIELDS(report_fields), &document, NULL, err);
	if (r < 0) {
		rw_report_done(&document.report);
		return r;
	}
	document.report.version = document.version;
	*ret_report = document.report;
	return 0;
}
