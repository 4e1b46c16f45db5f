/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/object.h"
#include "wire/report_parts.h"
#include "wire/writer.h"

static const struct rw_json_field refused_fields[] = {
	RW_JSON_FIELD("interface", struct rw_report_refused, interface, rw_json_decode_chars,
		      .required = true),
	RW_JSON_FIELD("direction", struct rw_report_refused, direction, rw_json_decode_word,
		      .words = rw_words_direction, .required = true),
	RW_JSON_FIELD("protocol", struct rw_report_refused, protocol, rw_json_decode_protocol,
		      .required = true),
	RW_JSON_FIELD("class", struct rw_report_refused, class, rw_json_decode_word,
		      .words = rw_words_flow_class, .required = true),
	RW_JSON_FIELD("local", struct rw_report_refused, local, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("local_port", struct rw_report_refused, local_port, rw_json_decode_integer, .min = 0,
		      .max = 65535),
	RW_JSON_FIELD("remote", struct rw_report_refused, remote, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("remote_port", struct rw_report_refused, remote_port, rw_json_decode_integer, .min = 0,
		      .max = 65535),
	RW_JSON_FIELD("kept", struct rw_report_refused, kept, rw_json_decode_bool),
	RW_JSON_FIELD("cause", struct rw_report_refused, cause, rw_json_decode_chars, .min = 1,
		      .required = true),
};

/* Into an array that is there already. */
static int decode_examples(const struct rw_json *value, const struct rw_json_field *field, void *object,
			   const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_report_judgement *judgement = object;
	int r = rw_json_expect_array(value, RW_REPORT_EXAMPLES_MAX, err);

	(void)field;
	for (size_t i = 0; r == 0 && i < rw_json_count(value); i++) {
		struct rw_json element = rw_json_at(value, i);

		r = rw_json_decode(&element, RW_JSON_FIELDS(refused_fields), &judgement->examples[i],
				   resolver, err);
		judgement->example_count += r == 0;
	}
	return r;
}

static const struct rw_json_field judgement_fields[] = {
	RW_JSON_FIELD("question", struct rw_report_judgement, question, rw_json_decode_revision,
		      .required = true),
	RW_JSON_FIELD("flows", struct rw_report_judgement, flows, rw_json_decode_revision),
	RW_JSON_FIELD("kept", struct rw_report_judgement, kept, rw_json_decode_revision),
	RW_JSON_FIELD("failure", struct rw_report_judgement, failure, rw_json_decode_chars),
	RW_JSON_FIELD("examples", struct rw_report_judgement, examples, decode_examples),
};

int rw_wire_decode_judgements(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(judgement_fields),
						 sizeof(struct rw_report_judgement)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

void rw_report_put_refused(struct rw_json_writer *json, const struct rw_report_refused *flow)
{
	char protocol[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(flow->protocol, protocol);
	rw_json_begin_object(json);
	rw_json_put_text(json, "interface", flow->interface);
	rw_json_put_text(json, "direction", rw_word_of(rw_words_direction, (int)flow->direction));
	rw_json_put_text(json, "protocol", protocol);
	rw_json_put_text(json, "class", rw_word_of(rw_words_flow_class, (int)flow->class));
	rw_json_put_address(json, "local", &flow->local);
	if (flow->local_port)
		rw_json_put_integer(json, "local_port", flow->local_port);
	rw_json_put_address(json, "remote", &flow->remote);
	if (flow->remote_port)
		rw_json_put_integer(json, "remote_port", flow->remote_port);
	if (flow->kept)
		rw_json_put_bool(json, "kept", true);
	rw_json_put_text(json, "cause", flow->cause);
	rw_json_end_object(json);
}

void rw_wire_put_judgements(struct rw_json_writer *json, const struct rw_report *report)
{
	char failure[sizeof(report->judgements->failure)];

	if (!report->judgement_count)
		return;
	rw_json_key(json, "judgements");
	rw_json_begin_array(json);
	for (size_t i = 0; i < report->judgement_count; i++) {
		const struct rw_report_judgement *judgement = &report->judgements[i];

		rw_json_begin_object(json);
		rw_json_put_revision(json, "question", judgement->question);
		rw_json_put_revision(json, "flows", judgement->flows);
		rw_json_put_revision(json, "kept", judgement->kept);
		if (judgement->failure[0]) {
			/* Made from error texts, which may have been cut inside a character. */
			rw_json_quote(judgement->failure, failure, sizeof(failure));
			rw_json_put_text(json, "failure", failure);
		}
		rw_json_key(json, "examples");
		rw_json_begin_array(json);
		for (size_t k = 0; k < judgement->example_count; k++)
			rw_report_put_refused(json, &judgement->examples[k]);
		rw_json_end_array(json);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}
