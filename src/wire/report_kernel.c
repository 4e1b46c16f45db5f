/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "wire/object.h"
#include "wire/report_parts.h"

const struct rw_word rw_words_flow_class[] = {
	{"half-open", RW_FLOW_HALF_OPEN},
	{"picked-up", RW_FLOW_PICKED_UP},
	{"exchange", RW_FLOW_EXCHANGE},
	{"tombstone", RW_FLOW_TOMBSTONE},
	{"closing", RW_FLOW_CLOSING},
	{"one-way", RW_FLOW_ONE_WAY},
	{"assured", RW_FLOW_ASSURED},
	{"established", RW_FLOW_ESTABLISHED},
	{NULL, 0},
};

static const struct rw_json_field hook_fields[] = {
	RW_JSON_FIELD("interface", struct rw_report_hook, interface, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("device", struct rw_report_hook, device, rw_json_decode_chars, .min = 1,
		      .required = true),
	RW_JSON_FIELD("hook", struct rw_report_hook, hook, rw_json_decode_chars, .min = 1, .required = true),
	RW_JSON_FIELD("state", struct rw_report_hook, state, rw_json_decode_chars, .min = 1,
		      .required = true),
	RW_JSON_FIELD("detail", struct rw_report_hook, detail, rw_json_decode_chars),
};

static int decode_hooks(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	static const struct rw_wire_list list = {RW_JSON_FIELDS(hook_fields), sizeof(struct rw_report_hook)};

	(void)resolver;
	return rw_wire_decode_list(value, field, object, &list, err);
}

/* {"established":12}: classes without flows may be left out. */
static int decode_flows(const struct rw_json *value, const struct rw_json_field *field, void *object,
			const struct rw_resolver *resolver, struct rw_error *err)
{
	uint64_t *flows = (uint64_t *)(void *)((char *)object + field->offset);
	struct rw_json member;
	void *cursor = NULL;
	int r;

	(void)resolver;
	r = rw_json_expect_object(value, err);
	while (r == 0 && rw_json_next(value, &cursor, &member)) {
		int64_t count = 0;
		int class = 0;

		while (class < RW_FLOW_CLASS_COUNT_ &&
		       strcmp(rw_word_of(rw_words_flow_class, class), member.key) != 0)
			class ++;
		if (class == RW_FLOW_CLASS_COUNT_)
			return rw_json_refuse(&member, err, "is no class of flows");
		r = rw_json_integer(&member, 0, INT64_MAX, &count, err);
		flows[class] = (uint64_t)count;
	}
	return r;
}

static const struct rw_json_field kernel_fields[] = {
	RW_JSON_FIELD("generation", struct rw_report_kernel, generation, rw_json_decode_integer, .min = 0,
		      .max = UINT32_MAX),
	RW_JSON_FIELD("flow_capacity", struct rw_report_kernel, flow_capacity, rw_json_decode_integer,
		      .min = 0, .max = UINT32_MAX),
	RW_JSON_FIELD("flows", struct rw_report_kernel, flows, decode_flows),
	RW_JSON_FIELD("table_bytes", struct rw_report_kernel, table_bytes, rw_json_decode_integer, .min = 0,
		      .max = UINT32_MAX),
	RW_JSON_FIELD("table_limit_bytes", struct rw_report_kernel, table_limit_bytes, rw_json_decode_integer,
		      .min = 0, .max = UINT32_MAX),
	RW_JSON_FIELD("table_memory_bytes", struct rw_report_kernel, table_memory_bytes,
		      rw_json_decode_integer, .min = 0, .max = UINT32_MAX),
	RW_JSON_FIELD("full_pairs_ppm", struct rw_report_kernel, full_pairs_ppm, rw_json_decode_integer,
		      .min = 0, .max = 1000000),
	RW_JSON_FIELD("flows_refused", struct rw_report_kernel, flows_refused, rw_json_decode_revision),
	RW_JSON_FIELD("passed", struct rw_report_kernel, passed, rw_json_decode_revision),
	RW_JSON_FIELD("hooks_restored", struct rw_report_kernel, hooks_restored, rw_json_decode_revision),
	RW_JSON_FIELD("hooks", struct rw_report_kernel, hooks, decode_hooks, .max = RW_REPORT_HOOKS_MAX,
		      .count_offset = offsetof(struct rw_report_kernel, hook_count)),
};

int rw_wire_decode_kernel(const struct rw_json *value, const struct rw_json_field *field, void *object,
			  const struct rw_resolver *resolver, struct rw_error *err)
{
	return rw_json_decode(value, RW_JSON_FIELDS(kernel_fields), (char *)object + field->offset, resolver,
			      err);
}

static void write_hook(struct rw_json_writer *json, const struct rw_report_hook *hook)
{
	char detail[sizeof(hook->detail)];

	rw_json_begin_object(json);
	rw_json_put_text(json, "interface", hook->interface);
	rw_json_put_text(json, "device", hook->device);
	rw_json_put_text(json, "hook", hook->hook);
	rw_json_put_text(json, "state", hook->state);
	/* Names of others' programs: any bytes. */
	rw_json_quote(hook->detail, detail, sizeof(detail));
	rw_json_put_text(json, "detail", detail);
	rw_json_end_object(json);
}

void rw_report_put_kernel(struct rw_json_writer *json, const struct rw_report_kernel *kernel, bool tables)
{
	rw_json_key(json, "kernel");
	rw_json_begin_object(json);
	rw_json_put_integer(json, "generation", kernel->generation);
	rw_json_put_integer(json, "flow_capacity", kernel->flow_capacity);
	rw_json_key(json, "flows");
	rw_json_begin_object(json);
	for (int class = 0; class < RW_FLOW_CLASS_COUNT_; class ++)
		rw_json_put_integer(json, rw_word_of(rw_words_flow_class, class),
				    (int64_t)kernel->flows[class]);
	rw_json_end_object(json);
	if (tables) {
		rw_json_put_integer(json, "table_bytes", kernel->table_bytes);
		rw_json_put_integer(json, "table_limit_bytes", kernel->table_limit_bytes);
		rw_json_put_integer(json, "table_memory_bytes", kernel->table_memory_bytes);
	}
	rw_json_put_integer(json, "full_pairs_ppm", kernel->full_pairs_ppm);
	rw_json_put_revision(json, "flows_refused", kernel->flows_refused);
	rw_json_put_revision(json, "passed", kernel->passed);
	rw_json_put_revision(json, "hooks_restored", kernel->hooks_restored);
	rw_json_key(json, "hooks");
	rw_json_begin_array(json);
	for (size_t i = 0; i < kernel->hook_count; i++)
		write_hook(json, &kernel->hooks[i]);
	rw_json_end_array(json);
	rw_json_end_object(json);
}
