/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/lines.h"

#include <assert.h>
#include <string.h>

#define NODE_LIST_MAX 4096 /* elements of one list in the node line */

static int parse_prefix(const char *text, size_t length, struct rw_prefix *ret_prefix, struct rw_error *err)
{
	char one[RW_PREFIX_TEXT_SIZE];

	if (length >= sizeof(one))
		return rw_error_set(err, -EINVAL, "is no list of addresses and prefixes");
	memcpy(one, text, length);
	one[length] = '\0';
	return rw_prefix_parse(one, ret_prefix, err);
}

/* Appends the prefixes of 'size' bytes of text. */
static int read_prefixes(const char *text, size_t size, struct rw_vec *prefixes, struct rw_error *err)
{
	const char *end = text + size;

	while (text < end) {
		const char *space = memchr(text, ' ', (size_t)(end - text));
		size_t length = (size_t)((space ? space : end) - text);
		struct rw_prefix prefix;
		struct rw_prefix *slot;
		int r;

		r = parse_prefix(text, length, &prefix, err);
		if (r < 0)
			return r;
		r = rw_vec_push(prefixes, &slot);
		if (r < 0)
			return rw_error_set(err, r, "too many prefixes, or out of memory");
		*slot = prefix;
		text += length + (space ? 1 : 0);
	}
	return 0;
}

int rw_prefixes_read(const struct rw_json *value, struct rw_vec *prefixes, struct rw_error *err)
{
	const char *text;
	int r;

	r = rw_json_text(value, RW_STREAM_LINE_MAX, &text, err);
	if (r < 0)
		return r;
	r = read_prefixes(text, strlen(text), prefixes, err);
	if (r < 0)
		(void)rw_json_locate(value, err);
	return r;
}

/* Shrinks the vector's array to what is used and hands it over; NULL for an empty one. */
static void *take_array(struct rw_vec *vec)
{
	void *array = vec->data;

	if (vec->count == 0) {
		rw_vec_done(vec);
		return NULL;
	}
	if (vec->count < vec->capacity) {
		/* A failure to shrink leaves the larger array. */
		void *smaller = realloc(array, vec->count * vec->element_size);

		if (smaller)
			array = smaller;
	}
	rw_vec_init(vec, vec->element_size, vec->max_count);
	return array;
}

/* Decoder of the node line's prefix lists: one text. */
static int decode_prefix_text(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	RW_CLEANUP(rw_vec_done) struct rw_vec prefixes;
	size_t count;
	int r;

	(void)resolver;
	rw_vec_init(&prefixes, sizeof(struct rw_prefix), NODE_LIST_MAX);
	r = rw_prefixes_read(value, &prefixes, err);
	if (r < 0)
		return r;
	count = prefixes.count;
	if (count == 0)
		return 0;
	*(struct rw_prefix **)(void *)((char *)object + field->offset) = take_array(&prefixes);
	*(size_t *)(void *)((char *)object + field->count_offset) = count;
	return 0;
}

/*
 * Reads numbers into a new array of uint16_t or uint32_t elements, as 'element_size' says; owned by
 * *ret_array at once.
 */
static int read_numbers(const struct rw_json *value, size_t element_size, int64_t min, void *ret_array,
			size_t *ret_count, struct rw_error *err)
{
	size_t count;
	char *array;
	int r;

	r = rw_json_expect_array(value, NODE_LIST_MAX, err);
	if (r < 0)
		return r;
	count = rw_json_count(value);
	if (count == 0)
		return 0;
	array = calloc(count, element_size);
	if (!array)
		return rw_error_oom(err);
	*(void **)ret_array = array;
	*ret_count = count;
	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(value, i);
		int64_t number;

		r = rw_json_integer(&element, min, UINT16_MAX, &number, err);
		if (r < 0)
			return r;
		if (element_size == sizeof(uint16_t))
			((uint16_t *)(void *)array)[i] = (uint16_t)number;
		else
			((uint32_t *)(void *)array)[i] = (uint32_t)number;
	}
	return 0;
}

static int decode_port_list(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	(void)resolver;
	return read_numbers(value, sizeof(uint16_t), 1, (char *)object + field->offset,
			    (size_t *)(void *)((char *)object + field->count_offset), err);
}

static int decode_group_indexes(const struct rw_json *value, const struct rw_json_field *field, void *object,
				const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_policy_interface *interface = object;

	(void)field;
	(void)resolver;
	return read_numbers(value, sizeof(uint32_t), 0, &interface->groups, &interface->group_count, err);
}

static const struct rw_json_field interface_fields[] = {
	RW_JSON_FIELD("name", struct rw_policy_interface, name, rw_json_decode_chars, .min = 1,
		      .required = true),
	RW_JSON_FIELD("nic_type", struct rw_policy_interface, nic_type, rw_json_decode_word,
		      .words = rw_words_nic_type, .required = true),
	RW_JSON_FIELD("groups", struct rw_policy_interface, groups, decode_group_indexes, .required = true),
};

static int decode_interfaces(const struct rw_json *value, const struct rw_json_field *field, void *object,
			     const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_policy *policy = object;
	size_t count;
	int r;

	(void)field;
	r = rw_json_expect_array(value, RW_WIRE_INTERFACES_MAX, err);
	if (r < 0)
		return r;
	count = rw_json_count(value);
	policy->interfaces = calloc(count ? count : 1, sizeof(*policy->interfaces));
	if (!policy->interfaces)
		return rw_error_oom(err);
	policy->interface_count = count;
	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(value, i);

		r = rw_json_decode(&element, RW_JSON_FIELDS(interface_fields), &policy->interfaces[i],
				   resolver, err);
		if (r < 0)
			return r;
		if (i > 0 && strcmp(policy->interfaces[i - 1].name, policy->interfaces[i].name) >= 0)
			return rw_json_refuse(&element, err, "is not in the order of names");
	}
	return 0;
}

static const struct rw_json_field endpoint_fields[] = {
	RW_JSON_FIELD("address", struct rw_endpoint, address, rw_json_decode_address, .required = true),
	RW_JSON_FIELD("port", struct rw_endpoint, port, rw_json_decode_integer, .min = 1, .max = 65535,
		      .required = true),
};

static int decode_controllers(const struct rw_json *value, const struct rw_json_field *field, void *object,
			      const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_policy *policy = object;
	size_t count;
	int r;

	(void)field;
	r = rw_json_expect_array(value, RW_POLICY_CONTROLLERS_MAX, err);
	if (r < 0)
		return r;
	count = rw_json_count(value);
	policy->controllers = calloc(count ? count : 1, sizeof(*policy->controllers));
	if (!policy->controllers)
		return rw_error_oom(err);
	policy->controller_count = count;
	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(value, i);

		r = rw_json_decode(&element, RW_JSON_FIELDS(endpoint_fields), &policy->controllers[i],
				   resolver, err);
		if (r < 0)
			return r;
	}
	return 0;
}

#define FIELD_LIST(json_name, member, count, decoder)                                                        \
	RW_JSON_FIELD(json_name, struct rw_policy, member, decoder, .max = NODE_LIST_MAX,                    \
		      .count_offset = offsetof(struct rw_policy, count))

static const struct rw_json_field node_fields[] = {
	RW_JSON_FIELD("id", struct rw_policy, node, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("name", struct rw_policy, node_name, rw_json_decode_chars, .required = true),
	RW_JSON_FIELD("network_kind", struct rw_policy, network_kind, rw_json_decode_word,
		      .words = rw_words_network_kind, .required = true),
	RW_JSON_FIELD("enforcement", struct rw_policy, enforcement, rw_json_decode_word,
		      .words = rw_words_enforcement, .required = true),
	RW_JSON_FIELD("container_network", struct rw_policy, container_network, rw_json_decode_word,
		      .words = rw_words_container_network, .required = true),
	RW_JSON_FIELD("interfaces", struct rw_policy, interfaces, decode_interfaces, .required = true),
	FIELD_LIST("network_cidrs", network_cidrs, network_cidr_count, decode_prefix_text),
	FIELD_LIST("container_cidrs", container_cidrs, container_cidr_count, decode_prefix_text),
	FIELD_LIST("own_addresses", own_addresses, own_address_count, rw_json_decode_addresses),
	FIELD_LIST("management_cidrs", management_cidrs, management_cidr_count, decode_prefix_text),
	FIELD_LIST("ssh_ports", ssh_ports, ssh_port_count, decode_port_list),
	RW_JSON_FIELD("controllers", struct rw_policy, controllers, decode_controllers),
	FIELD_LIST("resolvers", resolvers, resolver_count, rw_json_decode_addresses),
	FIELD_LIST("hosted_ports", hosted_ports, hosted_port_count, decode_port_list),
};

static int take_node(struct rw_policy_builder *builder, const struct rw_json *value, struct rw_error *err)
{
	if (builder->policy)
		return rw_json_refuse(value, err, "comes twice");
	builder->policy = rw_policy_new();
	if (!builder->policy)
		return rw_error_oom(err);
	return rw_json_decode(value, RW_JSON_FIELDS(node_fields), builder->policy, NULL, err);
}

static struct rw_policy_group *last_group(const struct rw_policy_builder *builder)
{
	struct rw_policy_group **slot;

	if (builder->groups.count == 0)
		return NULL;
	slot = rw_vec_at(&builder->groups, builder->groups.count - 1);
	return *slot;
}

static int push_pointer(struct rw_vec *vec, void *pointer, struct rw_error *err)
{
	void **slot;
	int r;

	r = rw_vec_push(vec, &slot);
	if (r == -E2BIG)
		return rw_error_set(err, -E2BIG, "the policy has more than %zu groups, sets or rules",
				    vec->max_count);
	if (r < 0)
		return rw_error_oom(err);
	*slot = pointer;
	return 0;
}

int rw_policy_builder_flush(struct rw_policy_builder *builder, struct rw_error *err)
{
	struct rw_policy_group *group = last_group(builder);
	struct rw_address_set *set;
	size_t count;
	int r;

	if (builder->rules.count) {
		group->rule_count = builder->rules.count;
		group->rules = take_array(&builder->rules);
	}
	if (!builder->set_id[0])
		return 0;
	count = builder->prefixes.count;
	set = rw_address_set_new(builder->set_id, take_array(&builder->prefixes), count);
	if (!set)
		return rw_error_oom(err);
	builder->set_id[0] = '\0';
	r = push_pointer(&builder->sets, set, err);
	if (r < 0)
		(void)rw_address_set_unref(set);
	return r;
}

static const struct rw_json_field group_fields[] = {
	RW_JSON_FIELD("id", struct rw_policy_group, id, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("kind", struct rw_policy_group, kind, rw_json_decode_word, .words = rw_words_group_kind,
		      .required = true),
	RW_JSON_FIELD("inner_access", struct rw_policy_group, inner_access, rw_json_decode_word,
		      .words = rw_words_verdict, .required = true),
	RW_JSON_FIELD("midstream", struct rw_policy_group, midstream_drop, rw_json_decode_midstream),
	RW_JSON_FIELD("timeouts", struct rw_policy_group, timeouts, rw_json_decode_timeouts),
};

static int take_group(struct rw_policy_builder *builder, const struct rw_json *value, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_group_unref) struct rw_policy_group *group = NULL;
	const struct rw_policy_group *last = last_group(builder);
	int r;

	r = rw_policy_builder_flush(builder, err);
	if (r < 0)
		return r;
	group = rw_policy_group_new();
	if (!group)
		return rw_error_oom(err);
	r = rw_json_decode(value, RW_JSON_FIELDS(group_fields), group, NULL, err);
	if (r < 0)
		return r;
	if (last && strcmp(last->id, group->id) >= 0)
		return rw_json_refuse(value, err, "\"%s\" is not in the order of ids", group->id);
	r = push_pointer(&builder->groups, group, err);
	if (r == 0)
		group = NULL;
	return r;
}

static int take_rules(struct rw_policy_builder *builder, const struct rw_json *value, struct rw_error *err)
{
	size_t count = rw_json_count(value);
	int r;

	if (!last_group(builder) || builder->set_id[0])
		return rw_json_refuse(value, err, "comes without its group");
	r = rw_json_expect_array(value, RW_STREAM_RULES_MAX - builder->rule_count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = NULL;
		struct rw_json element = rw_json_at(value, i);
		const struct rw_rule *before;

		r = rw_rule_decode(&element, NULL, &rule, err);
		if (r < 0)
			break;
		before = builder->rules.count
				 ? ((struct rw_rule **)builder->rules.data)[builder->rules.count - 1]
				 : NULL;
		if (!rule->id[0] || (before && strcmp(before->id, rule->id) >= 0))
			return rw_json_refuse(&element, err, "is not in the order of ids");
		r = push_pointer(&builder->rules, rule, err);
		if (r == 0) {
			rule = NULL;
			builder->rule_count++;
		}
	}
	return r;
}

struct set_line {
	char id[RW_ID_SIZE];
	const char *prefixes; /* lent by the document */
};

static int decode_set_prefixes(const struct rw_json *value, const struct rw_json_field *field, void *object,
			       const struct rw_resolver *resolver, struct rw_error *err)
{
	struct set_line *line = object;

	(void)field;
	(void)resolver;
	return rw_json_text(value, RW_STREAM_LINE_MAX, &line->prefixes, err);
}

static const struct rw_json_field set_fields[] = {
	RW_JSON_FIELD("id", struct set_line, id, rw_json_decode_id, .required = true),
	RW_JSON_FIELD("prefixes", struct set_line, prefixes, decode_set_prefixes, .required = true),
};

/* Begins the set 'id', or goes on with it. */
static int take_prefixes(struct rw_policy_builder *builder, const char id[RW_ID_SIZE], const char *prefixes,
			 size_t size, struct rw_error *err)
{
	int r;

	if (strcmp(id, builder->set_id) != 0) {
		r = rw_policy_builder_flush(builder, err);
		if (r < 0)
			return r;
		if (builder->sets.count) {
			struct rw_address_set **last = rw_vec_at(&builder->sets, builder->sets.count - 1);

			if (strcmp((*last)->id, id) >= 0)
				return rw_error_field(err, "set", "\"%s\" is not in the order of ids", id);
		}
		memcpy(builder->set_id, id, RW_ID_SIZE);
	}
	r = read_prefixes(prefixes, size, &builder->prefixes, err);
	if (r < 0)
		(void)rw_error_field_prefix(err, "set.prefixes");
	return r;
}

static int take_set(struct rw_policy_builder *builder, const struct rw_json *value, struct rw_error *err)
{
	struct set_line line = {0};
	int r;

	r = rw_json_decode(value, RW_JSON_FIELDS(set_fields), &line, NULL, err);
	if (r < 0)
		return r;
	return take_prefixes(builder, line.id, line.prefixes, strlen(line.prefixes), err);
}

/* Steps over 'wanted' at the beginning of the 'size' bytes at '*at'. */
static bool skip(const char **at, size_t *size, const char *wanted)
{
	size_t length = strlen(wanted);

	if (*size < length || memcmp(*at, wanted, length) != 0)
		return false;
	*at += length;
	*size -= length;
	return true;
}

/* Steps over the characters up to a quote, all of which must be of an id or of prefixes. */
static size_t span(const char *at, size_t size)
{
	size_t i = 0;

	while (i < size && ((at[i] >= '-' && at[i] <= ':') || (at[i] >= 'a' && at[i] <= 'z') || at[i] == ' '))
		i++;
	return i;
}

int rw_policy_builder_take_plain_set(struct rw_policy_builder *builder, const char *line, size_t size,
				     struct rw_error *err)
{
	char id[RW_ID_SIZE] = "";
	const char *prefixes;
	size_t length;
	size_t prefixes_size;

	if (!skip(&line, &size, "{\"set\":{\"id\":\""))
		return RW_LINE_NOT_PLAIN;
	length = span(line, size);
	if (length == 0 || length >= sizeof(id) || memchr(line, ' ', length) || memchr(line, '/', length) ||
	    memchr(line, ':', length))
		return RW_LINE_NOT_PLAIN;
	memcpy(id, line, length);
	line += length;
	size -= length;
	if (!skip(&line, &size, "\",\"prefixes\":\""))
		return RW_LINE_NOT_PLAIN;
	prefixes = line;
	prefixes_size = span(line, size);
	line += prefixes_size;
	size -= prefixes_size;
	if (!skip(&line, &size, "\"}}") || size > 0)
		return RW_LINE_NOT_PLAIN;
	return take_prefixes(builder, id, prefixes, prefixes_size, err);
}

void rw_policy_builder_init(struct rw_policy_builder *builder)
{
	*builder = (struct rw_policy_builder){0};
	rw_vec_init(&builder->groups, sizeof(struct rw_policy_group *), RW_STREAM_GROUPS_MAX);
	rw_vec_init(&builder->rules, sizeof(struct rw_rule *), RW_STREAM_RULES_MAX);
	rw_vec_init(&builder->sets, sizeof(struct rw_address_set *), RW_STREAM_SETS_MAX);
	rw_vec_init(&builder->prefixes, sizeof(struct rw_prefix), RW_STREAM_PREFIXES_MAX);
}

void rw_policy_builder_done(struct rw_policy_builder *builder)
{
	for (size_t i = 0; i < builder->groups.count; i++)
		(void)rw_policy_group_unref(((struct rw_policy_group **)builder->groups.data)[i]);
	for (size_t i = 0; i < builder->rules.count; i++)
		(void)rw_rule_unref(((struct rw_rule **)builder->rules.data)[i]);
	for (size_t i = 0; i < builder->sets.count; i++)
		(void)rw_address_set_unref(((struct rw_address_set **)builder->sets.data)[i]);
	rw_vec_done(&builder->groups);
	rw_vec_done(&builder->rules);
	rw_vec_done(&builder->sets);
	rw_vec_done(&builder->prefixes);
	builder->policy = rw_policy_unref(builder->policy);
	rw_policy_builder_init(builder);
}

int rw_policy_builder_take(struct rw_policy_builder *builder, const struct rw_json *item,
			   struct rw_error *err)
{
	if (strcmp(item->key, "node") == 0)
		return take_node(builder, item, err);
	if (strcmp(item->key, "group") == 0)
		return take_group(builder, item, err);
	if (strcmp(item->key, "rules") == 0)
		return take_rules(builder, item, err);
	if (strcmp(item->key, "set") == 0)
		return take_set(builder, item, err);
	(void)rw_json_refuse(item, err, "unknown line");
	return rw_error_hint(err, "The frame is of a newer version, or damaged.");
}

/* Interfaces name groups by place, ascending. */
static int check_group_indexes(const struct rw_policy *policy, struct rw_error *err)
{
	for (size_t i = 0; i < policy->interface_count; i++) {
		const struct rw_policy_interface *interface = &policy->interfaces[i];

		for (size_t j = 0; j < interface->group_count; j++)
			if (interface->groups[j] >= policy->group_count ||
			    (j > 0 && interface->groups[j] <= interface->groups[j - 1]))
				return rw_error_set(err, -EINVAL,
						    "interface %s is in groups that do not exist",
						    interface->name);
	}
	return 0;
}

int rw_policy_builder_finish(struct rw_policy_builder *builder, struct rw_policy **ret_policy,
			     struct rw_error *err)
{
	int r;

	if (!builder->policy)
		return rw_error_set(err, -EINVAL, "the policy has no node");
	r = rw_policy_builder_flush(builder, err);
	if (r < 0)
		return r;
	builder->policy->group_count = builder->groups.count;
	builder->policy->groups = take_array(&builder->groups);
	builder->policy->set_count = builder->sets.count;
	builder->policy->sets = take_array(&builder->sets);
	r = check_group_indexes(builder->policy, err);
	if (r < 0)
		return r;
	*ret_policy = RW_TAKE_PTR(builder->policy);
	return 0;
}
