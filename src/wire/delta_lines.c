/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/delta_lines.h"

#include <string.h>

/* ---- writing ---- */

static void write_id(struct rw_line_writer *lines, const char *key, const char *id)
{
	struct rw_json_writer *json = rw_line_begin(lines);

	rw_json_key(json, key);
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", id);
	rw_json_end_object(json);
	rw_line_end(lines);
}

static void write_put_rules(struct rw_line_writer *lines, const struct rw_policy_change *change)
{
	for (size_t written = 0; written < change->rule_count;) {
		struct rw_json_writer *json = rw_line_begin(lines);

		rw_json_key(json, "put_rules");
		rw_json_begin_object(json);
		rw_json_put_text(json, "group", change->id);
		rw_json_key(json, "rules");
		rw_json_begin_array(json);
		for (size_t i = 0; i < RW_LINE_RULES && written < change->rule_count; i++)
			rw_rule_encode_core(json, change->rules[written++]);
		rw_json_end_array(json);
		rw_json_end_object(json);
		rw_line_end(lines);
	}
}

static void write_remove_rules(struct rw_line_writer *lines, const struct rw_policy_change *change)
{
	for (size_t written = 0; written < change->rule_id_count;) {
		struct rw_json_writer *json = rw_line_begin(lines);

		rw_json_key(json, "remove_rules");
		rw_json_begin_object(json);
		rw_json_put_text(json, "group", change->id);
		rw_json_key(json, "ids");
		rw_json_begin_array(json);
		for (size_t i = 0; i < RW_LINE_PREFIXES && written < change->rule_id_count; i++)
			rw_json_write_text(json, change->rule_ids[written++]);
		rw_json_end_array(json);
		rw_json_end_object(json);
		rw_line_end(lines);
	}
}

static void write_change(struct rw_line_writer *lines, const struct rw_policy_change *change)
{
	switch (change->kind) {
	case RW_POLICY_PUT_GROUP:
		rw_group_lines_write(lines, change->group);
		break;
	case RW_POLICY_REMOVE_GROUP:
		write_id(lines, "remove_group", change->id);
		break;
	case RW_POLICY_PUT_RULES:
		write_put_rules(lines, change);
		break;
	case RW_POLICY_REMOVE_RULES:
		write_remove_rules(lines, change);
		break;
	case RW_POLICY_PUT_SET:
		rw_set_lines_write(lines, "set", change->set->id, change->set->prefixes, change->set->count);
		break;
	case RW_POLICY_REMOVE_SET:
		write_id(lines, "remove_set", change->id);
		break;
	case RW_POLICY_ADD_MEMBERS:
		rw_set_lines_write(lines, "add_members", change->id, change->prefixes, change->prefix_count);
		break;
	case RW_POLICY_REMOVE_MEMBERS:
		rw_set_lines_write(lines, "remove_members", change->id, change->prefixes,
				   change->prefix_count);
		break;
	case RW_POLICY_PUT_SYSTEM:
		rw_node_line_write(lines, change->system);
		break;
	}
}

void rw_delta_lines_write(struct rw_line_writer *lines, const struct rw_policy_delta *delta)
{
	for (size_t i = 0; i < delta->count; i++)
		write_change(lines, &delta->changes[i]);
}

/* ---- reading ---- */

void rw_delta_builder_init(struct rw_delta_builder *builder)
{
	builder->delta = NULL;
	rw_policy_builder_init(&builder->part);
}

void rw_delta_builder_done(struct rw_delta_builder *builder)
{
	builder->delta = rw_policy_delta_free(builder->delta);
	rw_policy_builder_done(&builder->part);
}

static int check_room(const struct rw_delta_builder *builder, struct rw_error *err)
{
	if (builder->delta->count >= RW_DELTA_CHANGES_MAX)
		return rw_error_set(err, -E2BIG, "the delta has more than %d changes", RW_DELTA_CHANGES_MAX);
	return 0;
}

/* Makes changes of the group, set or node that was being read; there is at most one of each. */
static int flush(struct rw_delta_builder *builder, struct rw_error *err)
{
	struct rw_policy_builder *part = &builder->part;
	struct rw_policy_change *change;
	int r;

	r = rw_policy_builder_flush(part, err);
	if (r == 0)
		r = check_room(builder, err);
	if (r < 0)
		return r;
	if (part->policy) {
		change = rw_policy_delta_add(builder->delta, RW_POLICY_PUT_SYSTEM);
		if (!change)
			return rw_error_oom(err);
		change->system = RW_TAKE_PTR(part->policy);
	}
	if (part->groups.count) {
		change = rw_policy_delta_add(builder->delta, RW_POLICY_PUT_GROUP);
		if (!change)
			return rw_error_oom(err);
		change->group = *(struct rw_policy_group **)rw_vec_at(&part->groups, 0);
		part->groups.count = 0;
	}
	if (part->sets.count) {
		change = rw_policy_delta_add(builder->delta, RW_POLICY_PUT_SET);
		if (!change)
			return rw_error_oom(err);
		change->set = *(struct rw_address_set **)rw_vec_at(&part->sets, 0);
		part->sets.count = 0;
	}
	return 0;
}

/* True when the line goes on with what the line before began. */
static bool goes_on(const struct rw_policy_builder *part, const struct rw_json *item)
{
	struct rw_json id;
	const char *text;

	if (strcmp(item->key, "rules") == 0)
		return part->groups.count > 0;
	return strcmp(item->key, "set") == 0 && part->set_id[0] && rw_json_find(item, "id", &id) &&
	       rw_json_text(&id, RW_ID_SIZE, &text, NULL) == 0 && strcmp(text, part->set_id) == 0;
}

/* The fields of the lines that change a part of a group or set. */
struct partial {
	char id[RW_ID_SIZE];
	struct rw_vec *prefixes;
	struct rw_rule **rules;
	size_t rule_count;
	char (*rule_ids)[RW_ID_SIZE];
	size_t rule_id_count;
};

static int decode_prefixes(const struct rw_json *value, const struct rw_json_field *field, void *object,
			   const struct rw_resolver *resolver, struct rw_error *err)
{
	struct partial *partial = object;

	(void)field;
	(void)resolver;
	return rw_prefixes_read(value, partial->prefixes, err);
}

static const struct rw_json_field id_fields[] = {
	RW_JSON_FIELD("id", struct partial, id, rw_json_decode_id, .required = true),
};
static const struct rw_json_field put_rules_fields[] = {
	RW_JSON_FIELD("group", struct partial, id, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("rules", struct partial, rules, rw_json_decode_rules, .required = true,
		      .count_offset = offsetof(struct partial, rule_count)),
};
static const struct rw_json_field remove_rules_fields[] = {
	RW_JSON_FIELD("group", struct partial, id, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("ids", struct partial, rule_ids, rw_json_decode_references, .required = true,
		      .max = RW_LINE_PREFIXES, .min = RW_KIND_COUNT_,
		      .count_offset = offsetof(struct partial, rule_id_count)),
};
static const struct rw_json_field members_fields[] = {
	RW_JSON_FIELD("id", struct partial, id, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("prefixes", struct partial, prefixes, decode_prefixes, .required = true),
};

static const struct {
	const char *key;
	enum rw_policy_change_kind kind;
	const struct rw_json_field *fields;
	size_t field_count;
} partials[] = {
	{"remove_group", RW_POLICY_REMOVE_GROUP, RW_JSON_FIELDS(id_fields)},
	{"put_rules", RW_POLICY_PUT_RULES, RW_JSON_FIELDS(put_rules_fields)},
	{"remove_rules", RW_POLICY_REMOVE_RULES, RW_JSON_FIELDS(remove_rules_fields)},
	{"remove_set", RW_POLICY_REMOVE_SET, RW_JSON_FIELDS(id_fields)},
	{"add_members", RW_POLICY_ADD_MEMBERS, RW_JSON_FIELDS(members_fields)},
	{"remove_members", RW_POLICY_REMOVE_MEMBERS, RW_JSON_FIELDS(members_fields)},
};

static void partial_done(struct partial *partial)
{
	for (size_t i = 0; i < partial->rule_count; i++)
		(void)rw_rule_unref(partial->rules[i]);
	free(partial->rules);
	free(partial->rule_ids);
}
RW_DEFINE_DONE(struct partial, partial_done)

static int take_partial(struct rw_delta_builder *builder, size_t which, const struct rw_json *item,
			struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec prefixes;
	RW_CLEANUP(partial_done) struct partial partial = {.prefixes = &prefixes};
	struct rw_policy_change *change;
	int r;

	rw_vec_init(&prefixes, sizeof(struct rw_prefix), RW_STREAM_PREFIXES_MAX);
	r = rw_json_decode(item, partials[which].fields, partials[which].field_count, &partial, NULL, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < partial.rule_count; i++) {
		const struct rw_rule *rule = partial.rules[i];

		if (!rule->id[0] || (i > 0 && strcmp(partial.rules[i - 1]->id, rule->id) >= 0))
			return rw_json_refuse(item, err, "the rules are not in the order of ids");
	}
	r = check_room(builder, err);
	if (r < 0)
		return r;
	change = rw_policy_delta_add(builder->delta, partials[which].kind);
	if (!change)
		return rw_error_oom(err);
	memcpy(change->id, partial.id, sizeof(partial.id));
	change->rule_count = partial.rule_count;
	change->rules = RW_TAKE_PTR(partial.rules);
	partial.rule_count = 0;
	change->rule_id_count = partial.rule_id_count;
	change->rule_ids = RW_TAKE_PTR(partial.rule_ids);
	change->prefix_count = prefixes.count;
	change->prefixes = RW_TAKE_PTR(prefixes.data);
	return 0;
}

int rw_delta_builder_take(struct rw_delta_builder *builder, const struct rw_json *item, struct rw_error *err)
{
	size_t which = 0;
	int r;

	if (!builder->delta)
		builder->delta = rw_policy_delta_new();
	if (!builder->delta)
		return rw_error_oom(err);
	if (!goes_on(&builder->part, item)) {
		r = flush(builder, err);
		if (r < 0)
			return r;
	}
	while (which < RW_ARRAY_COUNT(partials) && strcmp(item->key, partials[which].key) != 0)
		which++;
	if (which < RW_ARRAY_COUNT(partials))
		return take_partial(builder, which, item, err);
	return rw_policy_builder_take(&builder->part, item, err);
}

int rw_delta_builder_finish(struct rw_delta_builder *builder, struct rw_policy_delta **ret_delta,
			    struct rw_error *err)
{
	int r;

	if (!builder->delta)
		builder->delta = rw_policy_delta_new();
	if (!builder->delta)
		return rw_error_oom(err);
	r = flush(builder, err);
	if (r < 0)
		return r;
	*ret_delta = RW_TAKE_PTR(builder->delta);
	return 0;
}
