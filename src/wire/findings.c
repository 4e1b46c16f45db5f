/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"
#include "wire/object.h"
#include "wire/writer.h"

static void put_subject(struct rw_json_writer *json, enum rw_kind kind, const char *id, const char *name)
{
	rw_json_key(json, "subject");
	rw_json_begin_object(json);
	rw_json_put_text(json, "kind", rw_word_of(rw_words_kind, (int)kind));
	rw_json_put_text(json, "id", id);
	rw_json_put_text(json, "name", name);
	rw_json_end_object(json);
}

static void put_witness(struct rw_json_writer *json, const struct rw_finding *finding)
{
	const struct rw_packet *packet = &finding->witness;
	char protocol[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(packet->protocol, protocol);
	rw_json_key(json, "witness");
	rw_json_begin_object(json);
	rw_json_put_text(json, "node", finding->witness_node);
	rw_json_put_text(json, "interface", finding->witness_interface);
	rw_json_put_text(json, "protocol", protocol);
	rw_json_put_address(json, "remote", &packet->remote);
	if (rw_protocol_has_ports(packet->protocol))
		rw_json_put_integer(json, "local_port", packet->local_port);
	rw_json_end_object(json);
}

void rw_witness_put(struct rw_json_writer *json, const char *key, const struct rw_packet *packet,
		    const char *interface)
{
	char protocol[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(packet->protocol, protocol);
	rw_json_key(json, key);
	rw_json_begin_object(json);
	if (interface[0])
		rw_json_put_text(json, "interface", interface);
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)packet->direction));
	rw_json_put_text(json, "protocol", protocol);
	rw_json_put_address(json, "remote", &packet->remote);
	if (packet->local.family)
		rw_json_put_address(json, "local", &packet->local);
	if (rw_protocol_has_ports(packet->protocol)) {
		rw_json_put_integer(json, "remote_port", packet->remote_port);
		rw_json_put_integer(json, "local_port", packet->local_port);
	}
	rw_json_end_object(json);
}

static void put_finding(struct rw_json_writer *json, const struct rw_finding *finding)
{
	const struct rw_check *check = finding->check;

	rw_json_begin_object(json);
	rw_json_put_text(json, "check", check->id);
	rw_json_put_text(json, "severity", rw_severity_name(check->severity));
	put_subject(json, finding->subject_kind, finding->subject, finding->subject_name);
	rw_json_put_text(json, "group", finding->group);
	rw_json_put_text(json, "title", check->title);
	rw_json_put_text(json, "detail", finding->detail);
	rw_json_put_text(json, "reason", check->reason);
	rw_json_put_text(json, "mend", check->mend);
	rw_json_put_bool(json, "default", finding->is_default);
	rw_json_key(json, "rules");
	rw_json_begin_array(json);
	for (size_t i = 0; i < finding->rule_count && i < RW_FINDING_RULES_MAX; i++)
		rw_json_write_text(json, finding->rules[i]);
	rw_json_end_array(json);
	if (finding->has_witness)
		put_witness(json, finding);
	if (finding->suppressed)
		rw_json_put_text(json, "suppressed", finding->suppressed->reason);
	rw_json_end_object(json);
}

int rw_findings_encode(struct rw_buf *buf, const struct rw_audit *audit, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_put_integer(&json, "subjects", (int64_t)audit->subjects.count);
	rw_json_put_integer(&json, "suppressed", (int64_t)audit->suppressed);
	rw_json_key(&json, "findings");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < audit->findings.count; i++)
		put_finding(&json, rw_vec_at(&audit->findings, i));
	rw_json_end_array(&json);
	rw_json_key(&json, "unknown");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < audit->unknown.count; i++) {
		const struct rw_unknown *unknown = rw_vec_at(&audit->unknown, i);

		rw_json_begin_object(&json);
		rw_json_put_text(&json, "check", unknown->check->id);
		put_subject(&json, unknown->subject_kind, unknown->subject, unknown->subject_name);
		rw_json_put_text(&json, "needs", rw_check_needs_name(unknown->check->needs));
		rw_json_put_integer(&json, "nodes", (int64_t)unknown->nodes);
		rw_json_end_object(&json);
	}
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	return rw_buf_check(buf, err);
}

/* ---- the summary ---- */

void rw_opens_put(struct rw_json_writer *json, const char *key, const struct rw_vec *opens)
{
	char text[RW_PROTOCOL_TEXT_SIZE > RW_PORTS_TEXT_SIZE ? RW_PROTOCOL_TEXT_SIZE : RW_PORTS_TEXT_SIZE];

	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < opens->count; i++) {
		const struct rw_audit_open *open = rw_vec_at(opens, i);

		rw_json_begin_object(json);
		rw_protocol_format(open->protocol, text);
		rw_json_put_text(json, "protocol", text);
		rw_ports_format(open->ports, text);
		rw_json_put_text(json, "ports", text);
		if (open->service[0])
			rw_json_put_text(json, "service", open->service);
		rw_json_put_bool(json, "ipv4", open->v4);
		rw_json_put_bool(json, "ipv6", open->v6);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

/* What was found at one subject. */
struct tally {
	size_t findings[RW_SEVERITY_COUNT_]; /* that are not suppressed */
	size_t suppressed;
	size_t unknown;
};

static int compare_subject(const void *key, const void *element)
{
	const struct rw_audit_subject *wanted = key, *subject = element;
	int order = (int)wanted->kind - (int)subject->kind;

	return order ? order : strcmp(wanted->id, subject->id);
}

/* Subjects are in order of kind and id. */
static struct tally *tally_of(const struct rw_audit *audit, struct tally *tallies, enum rw_kind kind,
			      const char *id)
{
	struct rw_audit_subject wanted = {.kind = kind};
	const struct rw_audit_subject *found;

	(void)snprintf(wanted.id, sizeof(wanted.id), "%s", id);
	found = bsearch(&wanted, audit->subjects.data, audit->subjects.count, sizeof(wanted),
			compare_subject);
	return &tallies[found - (const struct rw_audit_subject *)audit->subjects.data];
}

static void count_all(const struct rw_audit *audit, struct tally *tallies)
{
	for (size_t i = 0; i < audit->findings.count; i++) {
		const struct rw_finding *finding = rw_vec_at(&audit->findings, i);
		struct tally *tally = tally_of(audit, tallies, finding->subject_kind, finding->subject);

		if (finding->suppressed)
			tally->suppressed++;
		else
			tally->findings[finding->check->severity]++;
	}
	for (size_t i = 0; i < audit->unknown.count; i++) {
		const struct rw_unknown *unknown = rw_vec_at(&audit->unknown, i);

		tally_of(audit, tallies, unknown->subject_kind, unknown->subject)->unknown++;
	}
}

static void put_summary(struct rw_json_writer *json, const struct rw_audit_subject *subject,
			const struct tally *tally)
{
	rw_json_begin_object(json);
	put_subject(json, subject->kind, subject->id, subject->name);
	rw_json_key(json, "findings");
	rw_json_begin_object(json);
	for (int i = RW_SEVERITY_COUNT_ - 1; i >= 0; i--)
		rw_json_put_integer(json, rw_severity_name((enum rw_severity)i), (int64_t)tally->findings[i]);
	rw_json_end_object(json);
	rw_json_put_integer(json, "suppressed", (int64_t)tally->suppressed);
	rw_json_put_integer(json, "unknown", (int64_t)tally->unknown);
	rw_opens_put(json, "to_internet", &subject->to_internet);
	rw_json_end_object(json);
}

int rw_summary_encode(struct rw_buf *buf, const struct rw_audit *audit, struct rw_error *err)
{
	struct tally *tallies = calloc(audit->subjects.count + 1, sizeof(*tallies));
	struct rw_json_writer json;

	if (!tallies)
		return rw_error_oom(err);
	count_all(audit, tallies);
	rw_json_writer_init(&json, buf, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "items");
	rw_json_begin_array(&json);
	for (size_t i = 0; i < audit->subjects.count; i++)
		put_summary(&json, rw_vec_at(&audit->subjects, i), &tallies[i]);
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	free(tallies);
	return rw_buf_check(buf, err);
}

/* ---- suppressions ---- */

static const struct rw_json_field suppression_fields[] = {
	RW_JSON_FIELD("check", struct rw_suppression, check, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("subject", struct rw_suppression, subject, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("reason", struct rw_suppression, reason, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("expires", struct rw_suppression, expires_ms, rw_json_decode_time),
};

static int decode_suppression(const struct rw_json *object, struct rw_suppression *suppression,
			      struct rw_error *err)
{
	struct rw_json member;
	int r = rw_json_decode(object, RW_JSON_FIELDS(suppression_fields), suppression, NULL, err);

	if (r < 0)
		return r;
	if (strcmp(suppression->check, "*") != 0 && !rw_check_find(suppression->check) &&
	    rw_json_find(object, "check", &member)) {
		(void)rw_json_refuse(&member, err, "there is no check '%s'", suppression->check);
		return rw_error_hint(err, "Name a check of docs/audit.md, or \"*\" for all.");
	}
	if (!suppression->reason[0] && rw_json_find(object, "reason", &member))
		return rw_json_refuse(&member, err, "must say why");
	return 0;
}

int rw_suppressions_decode(const struct rw_json *array, struct rw_vec *suppressions, struct rw_error *err)
{
	int r = rw_json_expect_array(array, RW_SUPPRESSIONS_MAX, err);

	for (size_t i = 0; r == 0 && i < rw_json_count(array); i++) {
		struct rw_json element = rw_json_at(array, i);
		struct rw_suppression *suppression;

		r = rw_vec_push(suppressions, &suppression);
		if (r < 0)
			return r == -ENOMEM ? rw_error_oom(err) : r;
		r = rw_json_expect_object(&element, err);
		if (r == 0)
			r = decode_suppression(&element, suppression, err);
	}
	return r;
}
