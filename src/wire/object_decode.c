/* SPDX-License-Identifier: Apache-2.0 */

/* The tables of the objects' fields, in the schema's order, and what a table cannot say. */

#include <assert.h>
#include <string.h>

#include "wire/object.h"

static void *slot_of(const struct rw_json_field *field, void *object)
{
	return (char *)object + field->offset;
}

/* Texts that are "" when absent. */
static int default_text(char **slot, struct rw_error *err)
{
	if (!*slot)
		*slot = strdup("");
	return *slot ? 0 : rw_error_oom(err);
}

/* One of two words for a bool: the second of 'words' is true. */
static int decode_choice(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	struct {
		int chosen;
	} choice;
	const struct rw_json_field word =
		RW_JSON_FIELD("", __typeof__(choice), chosen, NULL, .words = field->words);
	int r;

	assert(field->size == sizeof(bool));
	r = rw_json_decode_word(value, &word, &choice, resolver, err);
	if (r < 0)
		return r;
	*(bool *)slot_of(field, object) = choice.chosen;
	return 0;
}

#define FIELD_ID(type) RW_JSON_FIELD("id", type, id, rw_json_decode_id)
#define FIELD_NAME(type)                                                                                     \
	RW_JSON_FIELD("name", type, name, rw_json_decode_text, .min = 1, .max = RW_WIRE_NAME_MAX,            \
		      .required = true)
#define FIELD_REFERENCE(json_name, type, member, kind, ...)                                                  \
	RW_JSON_FIELD(json_name, type, member, rw_json_decode_reference, .min = (kind), ##__VA_ARGS__)
#define FIELD_CREATED(type) RW_JSON_FIELD("created", type, created_ms, rw_json_decode_time)
#define FIELD_WORD(json_name, type, member, list, ...)                                                       \
	RW_JSON_FIELD(json_name, type, member, rw_json_decode_word, .words = (list), ##__VA_ARGS__)
#define FIELD_PREFIXES(json_name, type, member, count)                                                       \
	RW_JSON_FIELD(json_name, type, member, rw_json_decode_prefixes, .count_offset = offsetof(type, count))

static const struct rw_json_field network_fields[] = {
	FIELD_ID(struct rw_network),
	FIELD_NAME(struct rw_network),
	FIELD_WORD("kind", struct rw_network, kind, rw_words_network_kind, .required = true),
	FIELD_PREFIXES("cidrs", struct rw_network, cidrs, cidr_count),
	RW_JSON_FIELD("public", struct rw_network, is_public, rw_json_decode_bool),
	FIELD_CREATED(struct rw_network),
};

int rw_network_decode(const struct rw_json *value, const struct rw_resolver *resolver,
		      struct rw_network **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_network_unref) struct rw_network *network = rw_network_new();
	int r;

	if (!network)
		return rw_error_oom(err);
	r = rw_json_decode(value, RW_JSON_FIELDS(network_fields), network, resolver, err);
	if (r < 0)
		return r;
	if (network->kind == RW_NETWORK_CLASSIC && !network->is_public && network->cidr_count == 0) {
		network->cidrs = calloc(1, sizeof(*network->cidrs));
		if (!network->cidrs)
			return rw_error_oom(err);
		network->cidrs[0] = (struct rw_prefix){{4, {10}}, 8};
		network->cidr_count = 1;
	}
	*ret_object = RW_TAKE_PTR(network);
	return 0;
}

static const struct rw_json_field cluster_fields[] = {
	FIELD_ID(struct rw_cluster),
	FIELD_NAME(struct rw_cluster),
	FIELD_REFERENCE("network", struct rw_cluster, network, RW_KIND_NETWORK, .required = true),
	FIELD_WORD("type", struct rw_cluster, type, rw_words_cluster_type),
	FIELD_WORD("profile", struct rw_cluster, profile, rw_words_profile),
	FIELD_PREFIXES("container_cidrs", struct rw_cluster, container_cidrs, container_cidr_count),
	FIELD_WORD("container_network", struct rw_cluster, container_network, rw_words_container_network),
	FIELD_PREFIXES("management_cidrs", struct rw_cluster, management_cidrs, management_cidr_count),
	FIELD_WORD("enforcement", struct rw_cluster, enforcement, rw_words_enforcement),
	FIELD_REFERENCE("security_group", struct rw_cluster, security_group, RW_KIND_GROUP),
	RW_JSON_FIELD("tags", struct rw_cluster, tags, rw_json_decode_tags),
	FIELD_CREATED(struct rw_cluster),
};

int rw_cluster_decode(const struct rw_json *value, const struct rw_resolver *resolver,
		      struct rw_cluster **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *cluster = rw_cluster_new();
	int r;

	if (!cluster)
		return rw_error_oom(err);
	cluster->type = RW_CLUSTER_GENERIC;
	r = rw_json_decode(value, RW_JSON_FIELDS(cluster_fields), cluster, resolver, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(cluster);
	return 0;
}

static const struct rw_json_field node_fields[] = {
	FIELD_ID(struct rw_node),
	FIELD_NAME(struct rw_node),
	FIELD_REFERENCE("cluster", struct rw_node, cluster, RW_KIND_CLUSTER),
	FIELD_REFERENCE("network", struct rw_node, network, RW_KIND_NETWORK),
	FIELD_WORD("agent", struct rw_node, agent, rw_words_agent),
	FIELD_WORD("enforcement", struct rw_node, enforcement, rw_words_enforcement),
	RW_JSON_FIELD("machine_id", struct rw_node, machine_id, rw_json_decode_text, .min = 1, .max = 64),
	RW_JSON_FIELD("security_groups", struct rw_node, security_groups, rw_json_decode_references,
		      .min = RW_KIND_GROUP, .count_offset = offsetof(struct rw_node, security_group_count)),
	RW_JSON_FIELD("interfaces", struct rw_node, interfaces, rw_json_decode_interfaces,
		      .count_offset = offsetof(struct rw_node, interface_count)),
	RW_JSON_FIELD("tags", struct rw_node, tags, rw_json_decode_tags),
	FIELD_CREATED(struct rw_node),
};

int rw_node_decode(const struct rw_json *value, const struct rw_resolver *resolver,
		   struct rw_node **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_node_unref) struct rw_node *node = rw_node_new();
	int r;

	if (!node)
		return rw_error_oom(err);
	node->enforcement = RW_ENFORCEMENT_INHERIT;
	r = rw_json_decode(value, RW_JSON_FIELDS(node_fields), node, resolver, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(node);
	return 0;
}

static const struct rw_json_field rule_fields[] = {
	FIELD_ID(struct rw_rule),
	FIELD_WORD("direction", struct rw_rule, direction, rw_words_direction, .required = true),
	FIELD_WORD("nic_type", struct rw_rule, nic_type, rw_words_nic_type),
	FIELD_WORD("policy", struct rw_rule, policy, rw_words_verdict, .required = true),
	RW_JSON_FIELD("protocol", struct rw_rule, protocol, rw_json_decode_protocol, .required = true),
	RW_JSON_FIELD("ports", struct rw_rule, ports, rw_json_decode_ports),
	RW_JSON_FIELD("object", struct rw_rule, object, rw_json_decode_object, .required = true),
	RW_JSON_FIELD("local_cidr", struct rw_rule, local_cidr, rw_json_decode_prefix),
	RW_JSON_FIELD("source_ports", struct rw_rule, source_ports, rw_json_decode_ports),
	RW_JSON_FIELD("priority", struct rw_rule, priority, rw_json_decode_integer, .min = 1, .max = 100),
	RW_JSON_FIELD("description", struct rw_rule, description, rw_json_decode_text,
		      .max = RW_WIRE_TEXT_MAX),
	FIELD_CREATED(struct rw_rule),
	RW_JSON_FIELD("author", struct rw_rule, author, rw_json_decode_text, .max = RW_WIRE_TEXT_MAX),
};

int rw_rule_decode(const struct rw_json *value, const struct rw_resolver *resolver,
		   struct rw_rule **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_rule_unref) struct rw_rule *rule = rw_rule_new();
	struct rw_json ports;
	int r;

	if (!rule)
		return rw_error_oom(err);
	rule->ports = RW_PORTS_ANY;
	rule->source_ports = RW_PORTS_ANY;
	rule->priority = 1;
	r = rw_json_decode(value, RW_JSON_FIELDS(rule_fields), rule, resolver, err);
	if (r < 0)
		return r;
	if (rw_protocol_has_ports(rule->protocol) && !rw_json_find(value, "ports", &ports)) {
		ports = (struct rw_json){.parent = value, .key = "ports"};
		(void)rw_json_refuse(&ports, err, "is missing");
		(void)rw_error_hint(
			err, "A rule for tcp or udp names its ports, such as \"443/443\" or \"1/65535\".");
		return -EINVAL;
	}
	r = default_text(&rule->description, err);
	if (r == 0)
		r = default_text(&rule->author, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(rule);
	return 0;
}

#define FIELD_SECONDS(name)                                                                                  \
	RW_JSON_FIELD(#name, struct rw_timeouts, name, rw_json_decode_integer, .min = 1, .max = 604800)

static const struct rw_json_field timeout_fields[] = {
	FIELD_SECONDS(tcp_half_open), FIELD_SECONDS(tcp_established),
	FIELD_SECONDS(tcp_closing),   FIELD_SECONDS(tcp_reset),
	FIELD_SECONDS(udp),           FIELD_SECONDS(udp_assured),
	FIELD_SECONDS(other),
};

int rw_json_decode_timeouts(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	assert(field->size == sizeof(struct rw_timeouts));
	return rw_json_decode(value, RW_JSON_FIELDS(timeout_fields), slot_of(field, object), resolver, err);
}

static const struct rw_word midstream_words[] = {{"accept", 0}, {"drop", 1}, {NULL, 0}};

int rw_json_decode_midstream(const struct rw_json *value, const struct rw_json_field *field, void *object,
			     const struct rw_resolver *resolver, struct rw_error *err)
{
	const struct rw_json_field choice = {
		.offset = field->offset,
		.size = field->size,
		.words = midstream_words,
	};

	return decode_choice(value, &choice, object, resolver, err);
}

static const struct rw_json_field group_fields[] = {
	FIELD_ID(struct rw_group),
	FIELD_NAME(struct rw_group),
	RW_JSON_FIELD("description", struct rw_group, description, rw_json_decode_text,
		      .max = RW_WIRE_TEXT_MAX),
	FIELD_REFERENCE("network", struct rw_group, network, RW_KIND_NETWORK, .required = true),
	FIELD_WORD("kind", struct rw_group, kind, rw_words_group_kind),
	FIELD_WORD("inner_access", struct rw_group, inner_access, rw_words_verdict),
	FIELD_REFERENCE("managed_by", struct rw_group, managed_by, RW_KIND_CLUSTER),
	RW_JSON_FIELD("midstream", struct rw_group, midstream_drop, rw_json_decode_midstream),
	RW_JSON_FIELD("timeouts", struct rw_group, timeouts, rw_json_decode_timeouts),
	RW_JSON_FIELD("tags", struct rw_group, tags, rw_json_decode_tags),
	FIELD_CREATED(struct rw_group),
	RW_JSON_FIELD("rules", struct rw_group, rules, rw_json_decode_rules,
		      .count_offset = offsetof(struct rw_group, rule_count)),
};

static int compare_rules(const void *a, const void *b)
{
	return strcmp((*(struct rw_rule *const *)a)->id, (*(struct rw_rule *const *)b)->id);
}

/* Rules come in any order; two of one id are an error. */
static int sort_rules(const struct rw_json *value, struct rw_group *group, struct rw_error *err)
{
	struct rw_json rules = {.parent = value, .key = "rules"};

	if (group->rule_count)
		qsort(group->rules, group->rule_count, sizeof(struct rw_rule *), compare_rules);
	for (size_t i = 1; i < group->rule_count; i++) {
		const char *id = group->rules[i]->id;

		if (id[0] && strcmp(id, group->rules[i - 1]->id) == 0)
			return rw_json_refuse(&rules, err, "two rules have the id \"%s\"", id);
	}
	return 0;
}

int rw_group_decode(const struct rw_json *value, const struct rw_resolver *resolver,
		    struct rw_group **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_group_unref) struct rw_group *group = rw_group_new();
	int r;

	if (!group)
		return rw_error_oom(err);
	group->inner_access = RW_VERDICT_ACCEPT;
	r = rw_json_decode(value, RW_JSON_FIELDS(group_fields), group, resolver, err);
	if (r == 0)
		r = sort_rules(value, group, err);
	if (r == 0)
		r = default_text(&group->description, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(group);
	return 0;
}

static int decode_family(const struct rw_json *value, const struct rw_json_field *field, void *object,
			 const struct rw_resolver *resolver, struct rw_error *err)
{
	int64_t family;
	int r;

	(void)resolver;
	r = rw_json_integer(value, 4, 6, &family, err);
	if (r < 0)
		return r;
	if (family == 5)
		return rw_json_refuse(value, err, "must be 4 or 6");
	*(uint8_t *)slot_of(field, object) = (uint8_t)family;
	return 0;
}

/* {"10.0.0.0/8": "office"}; the keys are brought to the form that CIDRs are written in. */
static int decode_entry_descriptions(const struct rw_json *value, const struct rw_json_field *field,
				     void *object, const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_tags *descriptions = slot_of(field, object);
	struct rw_json member;
	void *cursor = NULL;
	int r = rw_json_expect_object(value, err);

	(void)resolver;
	while (r == 0 && rw_json_next(value, &cursor, &member)) {
		char cidr[RW_PREFIX_TEXT_SIZE];
		struct rw_prefix prefix;
		const char *text;

		if (rw_prefix_parse(member.key, &prefix, err) < 0)
			return rw_json_locate(value, err);
		rw_prefix_format(&prefix, cidr);
		if (rw_tags_find(descriptions, cidr))
			return rw_json_refuse(value, err, "describes %s twice", cidr);
		if (descriptions->count == RW_WIRE_DESCRIBED_MAX)
			return rw_json_refuse(value, err, "has more than %d members", RW_WIRE_DESCRIBED_MAX);
		r = rw_json_text(&member, RW_WIRE_TEXT_MAX, &text, err);
		if (r == 0 && text[0] && !rw_tags_set(descriptions, cidr, text))
			r = rw_error_oom(err);
	}
	return r;
}

static const struct rw_json_field prefix_list_fields[] = {
	FIELD_ID(struct rw_prefix_list),
	FIELD_NAME(struct rw_prefix_list),
	RW_JSON_FIELD("description", struct rw_prefix_list, description, rw_json_decode_text,
		      .max = RW_WIRE_TEXT_MAX),
	RW_JSON_FIELD("family", struct rw_prefix_list, family, decode_family, .required = true),
	RW_JSON_FIELD("max_entries", struct rw_prefix_list, max_entries, rw_json_decode_integer, .min = 1,
		      .max = RW_WIRE_CIDRS_MAX),
	FIELD_PREFIXES("cidrs", struct rw_prefix_list, cidrs, cidr_count),
	RW_JSON_FIELD("entry_descriptions", struct rw_prefix_list, entry_descriptions,
		      decode_entry_descriptions),
	RW_JSON_FIELD("tags", struct rw_prefix_list, tags, rw_json_decode_tags),
	FIELD_CREATED(struct rw_prefix_list),
};

static int compare_prefixes(const void *a, const void *b)
{
	return rw_prefix_compare(a, b);
}

int rw_prefix_list_decode(const struct rw_json *value, const struct rw_resolver *resolver,
			  struct rw_prefix_list **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_prefix_list_unref) struct rw_prefix_list *list = rw_prefix_list_new();
	size_t kept = 0;
	int r;

	if (!list)
		return rw_error_oom(err);
	r = rw_json_decode(value, RW_JSON_FIELDS(prefix_list_fields), list, resolver, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list->cidr_count; i++) {
		struct rw_json cidrs = {.parent = value, .key = "cidrs"};
		struct rw_json cidr = {.parent = &cidrs, .index = i};

		if (list->cidrs[i].address.family != list->family)
			return rw_json_refuse(&cidr, err, "is not of the list's family, IPv%d", list->family);
	}
	if (list->cidr_count)
		qsort(list->cidrs, list->cidr_count, sizeof(*list->cidrs), compare_prefixes);
	for (size_t i = 0; i < list->cidr_count; i++)
		if (i == 0 || rw_prefix_compare(&list->cidrs[i], &list->cidrs[kept - 1]) != 0)
			list->cidrs[kept++] = list->cidrs[i];
	list->cidr_count = kept;
	r = default_text(&list->description, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(list);
	return 0;
}

static const struct rw_json_field source_fields[] = {
	FIELD_PREFIXES("cidrs", struct rw_load_balancer, source_cidrs, source_cidr_count),
	FIELD_REFERENCE("group", struct rw_load_balancer, source_group, RW_KIND_GROUP),
};

static int decode_sources(const struct rw_json *value, const struct rw_json_field *field, void *object,
			  const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_load_balancer *balancer = object;
	int r;

	(void)field;
	r = rw_json_decode(value, RW_JSON_FIELDS(source_fields), balancer, resolver, err);
	if (r < 0)
		return r;
	if (balancer->source_group[0] && balancer->source_cidr_count)
		return rw_json_refuse(value, err, "must hold \"cidrs\" or \"group\", not both");
	return 0;
}

static const struct rw_json_field listener_fields[] = {
	RW_JSON_FIELD("protocol", struct rw_listener, protocol, rw_json_decode_protocol, .required = true),
	RW_JSON_FIELD("port", struct rw_listener, port, rw_json_decode_integer, .min = 1, .max = 65535,
		      .required = true),
	RW_JSON_FIELD("backend_port", struct rw_listener, backend_port, rw_json_decode_integer, .min = 1,
		      .max = 65535, .required = true),
};

static int decode_listeners(const struct rw_json *value, const struct rw_json_field *field, void *object,
			    const struct rw_resolver *resolver, struct rw_error *err)
{
	struct rw_load_balancer *balancer = object;
	size_t count;
	int r;

	(void)field;
	r = rw_json_expect_array(value, RW_WIRE_LISTENERS_MAX, err);
	if (r < 0)
		return r;
	count = rw_json_count(value);
	balancer->listeners = calloc(count ? count : 1, sizeof(*balancer->listeners));
	if (!balancer->listeners)
		return rw_error_oom(err);
	for (size_t i = 0; i < count; i++) {
		struct rw_json element = rw_json_at(value, i);
		struct rw_json protocol;

		r = rw_json_decode(&element, RW_JSON_FIELDS(listener_fields), &balancer->listeners[i],
				   resolver, err);
		if (r < 0)
			return r;
		if (!rw_protocol_has_ports(balancer->listeners[i].protocol) &&
		    rw_json_find(&element, "protocol", &protocol))
			return rw_json_refuse(&protocol, err, "must be tcp or udp");
		balancer->listener_count++;
	}
	return 0;
}

static const struct rw_word client_ip_words[] = {{"hidden", 0}, {"kept", 1}, {NULL, 0}};

static const struct rw_json_field load_balancer_fields[] = {
	FIELD_ID(struct rw_load_balancer),
	FIELD_NAME(struct rw_load_balancer),
	FIELD_REFERENCE("cluster", struct rw_load_balancer, cluster, RW_KIND_CLUSTER, .required = true),
	RW_JSON_FIELD("sources", struct rw_load_balancer, source_cidrs, decode_sources),
	RW_JSON_FIELD("client_ip", struct rw_load_balancer, client_ip_kept, decode_choice,
		      .words = client_ip_words),
	RW_JSON_FIELD("listeners", struct rw_load_balancer, listeners, decode_listeners, .required = true),
};

int rw_load_balancer_decode(const struct rw_json *value, const struct rw_resolver *resolver,
			    struct rw_load_balancer **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_load_balancer_unref) struct rw_load_balancer *balancer = rw_load_balancer_new();
	int r;

	if (!balancer)
		return rw_error_oom(err);
	r = rw_json_decode(value, RW_JSON_FIELDS(load_balancer_fields), balancer, resolver, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(balancer);
	return 0;
}

/* A promise says "deny" where a rule says "drop". */
static const struct rw_word promise_words[] = {
	{"accept", RW_VERDICT_ACCEPT},
	{"deny", RW_VERDICT_DROP},
	{NULL, 0},
};

static const struct rw_json_field promise_fields[] = {
	FIELD_ID(struct rw_promise),
	FIELD_REFERENCE("network", struct rw_promise, network, RW_KIND_NETWORK, .required = true),
	FIELD_WORD("policy", struct rw_promise, policy, promise_words, .required = true),
	RW_JSON_FIELD("from", struct rw_promise, from, rw_json_decode_object, .required = true),
	RW_JSON_FIELD("to", struct rw_promise, to, rw_json_decode_object, .required = true),
	RW_JSON_FIELD("protocol", struct rw_promise, protocol, rw_json_decode_protocol, .required = true),
	RW_JSON_FIELD("ports", struct rw_promise, ports, rw_json_decode_ports),
	RW_JSON_FIELD("reason", struct rw_promise, reason, rw_json_decode_text, .max = RW_WIRE_TEXT_MAX),
};

int rw_promise_decode(const struct rw_json *value, const struct rw_resolver *resolver,
		      struct rw_promise **ret_object, struct rw_error *err)
{
	RW_CLEANUP(rw_promise_unref) struct rw_promise *promise = rw_promise_new();
	int r;

	if (!promise)
		return rw_error_oom(err);
	promise->ports = RW_PORTS_ANY;
	r = rw_json_decode(value, RW_JSON_FIELDS(promise_fields), promise, resolver, err);
	if (r == 0)
		r = default_text(&promise->reason, err);
	if (r < 0)
		return r;
	*ret_object = RW_TAKE_PTR(promise);
	return 0;
}

/* Hands a decoder's typed result on without a type. */
#define DECODE(type)                                                                                         \
	do {                                                                                                 \
		struct type *object = NULL;                                                                  \
		int r = type##_decode(value, resolver, &object, err);                                        \
                                                                                                             \
		if (r == 0)                                                                                  \
			*ret_object = object;                                                                \
		return r;                                                                                    \
	} while (0)

int rw_object_decode(const struct rw_json *value, enum rw_kind kind, const struct rw_resolver *resolver,
		     void **ret_object, struct rw_error *err)
{
	switch (kind) {
	case RW_KIND_NETWORK:
		DECODE(rw_network);
	case RW_KIND_CLUSTER:
		DECODE(rw_cluster);
	case RW_KIND_NODE:
		DECODE(rw_node);
	case RW_KIND_GROUP:
		DECODE(rw_group);
	case RW_KIND_PREFIX_LIST:
		DECODE(rw_prefix_list);
	case RW_KIND_LOAD_BALANCER:
		DECODE(rw_load_balancer);
	case RW_KIND_PROMISE:
		DECODE(rw_promise);
	case RW_KIND_COUNT_:
		break;
	}
	return rw_error_set(err, -EINVAL, "there is no such kind of object");
}

static int resolve_in_model(const struct rw_resolver *resolver, enum rw_kind kind, const char *reference,
			    char ret_id[RW_ID_SIZE])
{
	const void *object = rw_model_find(resolver->data, kind, reference);

	if (!object)
		return -ENOENT;
	strcpy(ret_id, rw_object_id(kind, object));
	return 0;
}

struct rw_resolver rw_resolver_of_model(const struct rw_model *model)
{
	return (struct rw_resolver){.resolve = resolve_in_model, .data = model};
}
