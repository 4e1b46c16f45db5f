/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/object.h"

#include <string.h>

static void put_word(struct rw_json_writer *json, const char *key, const struct rw_word *words, int value)
{
	rw_json_put_text(json, key, rw_word_of(words, value));
}

static void put_prefix(struct rw_json_writer *json, const char *key, const struct rw_prefix *prefix)
{
	char text[RW_PREFIX_TEXT_SIZE];

	rw_prefix_format(prefix, text);
	rw_json_put_text(json, key, text);
}

static void put_prefixes(struct rw_json_writer *json, const char *key, const struct rw_prefix *prefixes,
			 size_t count)
{
	char text[RW_PREFIX_TEXT_SIZE];

	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		rw_prefix_format(&prefixes[i], text);
		rw_json_write_text(json, text);
	}
	rw_json_end_array(json);
}

static void put_addresses(struct rw_json_writer *json, const char *key, const struct rw_address *addresses,
			  size_t count)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		rw_address_format(&addresses[i], text);
		rw_json_write_text(json, text);
	}
	rw_json_end_array(json);
}

static void put_ids(struct rw_json_writer *json, const char *key, char (*ids)[RW_ID_SIZE], size_t count)
{
	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_text(json, ids[i]);
	rw_json_end_array(json);
}

static void put_ports(struct rw_json_writer *json, const char *key, struct rw_ports ports)
{
	char text[RW_PORTS_TEXT_SIZE];

	rw_ports_format(ports, text);
	rw_json_put_text(json, key, text);
}

static void put_protocol(struct rw_json_writer *json, uint16_t protocol)
{
	char text[RW_PROTOCOL_TEXT_SIZE];

	rw_protocol_format(protocol, text);
	rw_json_put_text(json, "protocol", text);
}

/* Left out when there are none. */
static void put_pairs(struct rw_json_writer *json, const char *key, const struct rw_tags *pairs)
{
	if (pairs->count == 0)
		return;
	rw_json_key(json, key);
	rw_json_begin_object(json);
	for (size_t i = 0; i < pairs->count; i++)
		rw_json_put_text(json, pairs->list[i].key, pairs->list[i].value);
	rw_json_end_object(json);
}

static void put_tags(struct rw_json_writer *json, const struct rw_tags *tags)
{
	put_pairs(json, "tags", tags);
}

/* Left out where it is not known. */
static void put_created(struct rw_json_writer *json, int64_t created_ms)
{
	if (created_ms)
		rw_json_put_time(json, "created", created_ms);
}

void rw_network_encode(struct rw_json_writer *json, const struct rw_network *object)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", object->id);
	rw_json_put_text(json, "name", object->name);
	put_word(json, "kind", rw_words_network_kind, (int)object->kind);
	put_prefixes(json, "cidrs", object->cidrs, object->cidr_count);
	rw_json_put_bool(json, "public", object->is_public);
	put_created(json, object->created_ms);
	rw_json_end_object(json);
}

void rw_cluster_encode(struct rw_json_writer *json, const struct rw_cluster *object)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", object->id);
	rw_json_put_text(json, "name", object->name);
	rw_json_put_text(json, "network", object->network);
	put_word(json, "type", rw_words_cluster_type, (int)object->type);
	put_word(json, "profile", rw_words_profile, (int)object->profile);
	put_prefixes(json, "container_cidrs", object->container_cidrs, object->container_cidr_count);
	put_word(json, "container_network", rw_words_container_network, (int)object->container_network);
	put_prefixes(json, "management_cidrs", object->management_cidrs, object->management_cidr_count);
	put_word(json, "enforcement", rw_words_enforcement, (int)object->enforcement);
	rw_json_put_text(json, "security_group", object->security_group);
	put_tags(json, &object->tags);
	put_created(json, object->created_ms);
	rw_json_end_object(json);
}

static void encode_interface(struct rw_json_writer *json, const struct rw_interface *interface)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "name", interface->name);
	put_word(json, "nic_type", rw_words_nic_type, (int)interface->nic_type);
	put_addresses(json, "addresses", interface->addresses, interface->address_count);
	put_addresses(json, "elastic_ips", interface->elastic_ips, interface->elastic_ip_count);
	put_addresses(json, "shared_addresses", interface->shared_addresses, interface->shared_address_count);
	if (interface->security_group_count)
		put_ids(json, "security_groups", interface->security_groups, interface->security_group_count);
	rw_json_end_object(json);
}

void rw_node_encode(struct rw_json_writer *json, const struct rw_node *object)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", object->id);
	rw_json_put_text(json, "name", object->name);
	if (object->cluster[0])
		rw_json_put_text(json, "cluster", object->cluster);
	rw_json_put_text(json, "network", object->network);
	put_word(json, "agent", rw_words_agent, (int)object->agent);
	if (object->enforcement != RW_ENFORCEMENT_INHERIT)
		put_word(json, "enforcement", rw_words_enforcement, (int)object->enforcement);
	if (object->machine_id)
		rw_json_put_text(json, "machine_id", object->machine_id);
	put_ids(json, "security_groups", object->security_groups, object->security_group_count);
	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	for (size_t i = 0; i < object->interface_count; i++)
		encode_interface(json, &object->interfaces[i]);
	rw_json_end_array(json);
	put_tags(json, &object->tags);
	put_created(json, object->created_ms);
	rw_json_end_object(json);
}

/* {"cidr":...}, {"group":...} or {"prefix_list":...}. */
static void encode_rule_object(struct rw_json_writer *json, const struct rw_object *object)
{
	rw_json_begin_object(json);
	switch (object->kind) {
	case RW_OBJECT_CIDR:
		put_prefix(json, "cidr", &object->cidr);
		break;
	case RW_OBJECT_GROUP:
		rw_json_put_text(json, "group", object->id);
		break;
	case RW_OBJECT_PREFIX_LIST:
		rw_json_put_text(json, "prefix_list", object->id);
		break;
	}
	rw_json_end_object(json);
}

static void put_five_tuple_part(struct rw_json_writer *json, const struct rw_rule *rule)
{
	if (rule->local_cidr.address.family)
		put_prefix(json, "local_cidr", &rule->local_cidr);
	if (!rw_ports_is_any(rule->source_ports))
		put_ports(json, "source_ports", rule->source_ports);
}

void rw_rule_encode(struct rw_json_writer *json, const struct rw_rule *object)
{
	rw_json_begin_object(json);
	if (object->id[0])
		rw_json_put_text(json, "id", object->id);
	put_word(json, "direction", rw_words_direction, (int)object->direction);
	put_word(json, "nic_type", rw_words_nic_type, (int)object->nic_type);
	put_word(json, "policy", rw_words_verdict, (int)object->policy);
	put_protocol(json, object->protocol);
	put_ports(json, "ports", object->ports);
	rw_json_key(json, "object");
	encode_rule_object(json, &object->object);
	put_five_tuple_part(json, object);
	rw_json_put_integer(json, "priority", object->priority);
	rw_json_put_text(json, "description", object->description ? object->description : "");
	put_created(json, object->created_ms);
	rw_json_put_text(json, "author", object->author ? object->author : "");
	rw_json_end_object(json);
}

void rw_rule_encode_core(struct rw_json_writer *json, const struct rw_rule *rule)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", rule->id);
	put_word(json, "direction", rw_words_direction, (int)rule->direction);
	if (rule->nic_type != RW_NIC_INTRANET)
		put_word(json, "nic_type", rw_words_nic_type, (int)rule->nic_type);
	put_word(json, "policy", rw_words_verdict, (int)rule->policy);
	put_protocol(json, rule->protocol);
	if (!rw_ports_is_any(rule->ports))
		put_ports(json, "ports", rule->ports);
	rw_json_key(json, "object");
	encode_rule_object(json, &rule->object);
	put_five_tuple_part(json, rule);
	if (rule->priority != 1)
		rw_json_put_integer(json, "priority", rule->priority);
	rw_json_end_object(json);
}

void rw_timeouts_encode(struct rw_json_writer *json, const struct rw_timeouts *timeouts)
{
	const struct {
		const char *key;
		uint32_t seconds;
	} members[] = {
		{"tcp_half_open", timeouts->tcp_half_open},
		{"tcp_established", timeouts->tcp_established},
		{"tcp_closing", timeouts->tcp_closing},
		{"tcp_reset", timeouts->tcp_reset},
		{"udp", timeouts->udp},
		{"udp_assured", timeouts->udp_assured},
		{"other", timeouts->other},
	};

	rw_json_begin_object(json);
	for (size_t i = 0; i < RW_ARRAY_COUNT(members); i++)
		if (members[i].seconds)
			rw_json_put_integer(json, members[i].key, members[i].seconds);
	rw_json_end_object(json);
}

static void encode_group_head(struct rw_json_writer *json, const struct rw_group *group)
{
	static const struct rw_timeouts none;

	rw_json_put_text(json, "id", group->id);
	rw_json_put_text(json, "name", group->name);
	rw_json_put_text(json, "description", group->description ? group->description : "");
	rw_json_put_text(json, "network", group->network);
	put_word(json, "kind", rw_words_group_kind, (int)group->kind);
	put_word(json, "inner_access", rw_words_verdict, (int)group->inner_access);
	if (group->managed_by[0])
		rw_json_put_text(json, "managed_by", group->managed_by);
	put_word(json, "midstream", rw_words_verdict,
		 group->midstream_drop ? RW_VERDICT_DROP : RW_VERDICT_ACCEPT);
	if (memcmp(&group->timeouts, &none, sizeof(none)) != 0) {
		rw_json_key(json, "timeouts");
		rw_timeouts_encode(json, &group->timeouts);
	}
	put_tags(json, &group->tags);
	put_created(json, group->created_ms);
}

void rw_group_encode_head(struct rw_json_writer *json, const struct rw_group *group)
{
	rw_json_begin_object(json);
	encode_group_head(json, group);
	rw_json_end_object(json);
}

void rw_group_encode(struct rw_json_writer *json, const struct rw_group *object)
{
	rw_json_begin_object(json);
	encode_group_head(json, object);
	rw_json_key(json, "rules");
	rw_json_begin_array(json);
	for (size_t i = 0; i < object->rule_count; i++)
		rw_rule_encode(json, object->rules[i]);
	rw_json_end_array(json);
	rw_json_end_object(json);
}

void rw_prefix_list_encode(struct rw_json_writer *json, const struct rw_prefix_list *object)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", object->id);
	rw_json_put_text(json, "name", object->name);
	if (object->description && object->description[0])
		rw_json_put_text(json, "description", object->description);
	rw_json_put_integer(json, "family", object->family);
	if (object->max_entries)
		rw_json_put_integer(json, "max_entries", object->max_entries);
	put_prefixes(json, "cidrs", object->cidrs, object->cidr_count);
	put_pairs(json, "entry_descriptions", &object->entry_descriptions);
	put_tags(json, &object->tags);
	put_created(json, object->created_ms);
	rw_json_end_object(json);
}

void rw_load_balancer_encode(struct rw_json_writer *json, const struct rw_load_balancer *object)
{
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", object->id);
	rw_json_put_text(json, "name", object->name);
	rw_json_put_text(json, "cluster", object->cluster);
	rw_json_key(json, "sources");
	rw_json_begin_object(json);
	if (object->source_group[0])
		rw_json_put_text(json, "group", object->source_group);
	else
		put_prefixes(json, "cidrs", object->source_cidrs, object->source_cidr_count);
	rw_json_end_object(json);
	rw_json_put_text(json, "client_ip", object->client_ip_kept ? "kept" : "hidden");
	rw_json_key(json, "listeners");
	rw_json_begin_array(json);
	for (size_t i = 0; i < object->listener_count; i++) {
		rw_json_begin_object(json);
		put_protocol(json, object->listeners[i].protocol);
		rw_json_put_integer(json, "port", object->listeners[i].port);
		rw_json_put_integer(json, "backend_port", object->listeners[i].backend_port);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
	rw_json_end_object(json);
}

void rw_promise_encode(struct rw_json_writer *json, const struct rw_promise *object)
{
	rw_json_begin_object(json);
	rw_promise_put_fields(json, object);
	rw_json_end_object(json);
}

void rw_promise_put_fields(struct rw_json_writer *json, const struct rw_promise *object)
{
	rw_json_put_text(json, "id", object->id);
	rw_json_put_text(json, "network", object->network);
	rw_json_put_text(json, "policy", object->policy == RW_VERDICT_ACCEPT ? "accept" : "deny");
	rw_json_key(json, "from");
	encode_rule_object(json, &object->from);
	rw_json_key(json, "to");
	encode_rule_object(json, &object->to);
	put_protocol(json, object->protocol);
	put_ports(json, "ports", object->ports);
	rw_json_put_text(json, "reason", object->reason ? object->reason : "");
}

void rw_object_encode(struct rw_json_writer *json, enum rw_kind kind, const void *object)
{
	switch (kind) {
	case RW_KIND_NETWORK:
		rw_network_encode(json, object);
		break;
	case RW_KIND_CLUSTER:
		rw_cluster_encode(json, object);
		break;
	case RW_KIND_NODE:
		rw_node_encode(json, object);
		break;
	case RW_KIND_GROUP:
		rw_group_encode(json, object);
		break;
	case RW_KIND_PREFIX_LIST:
		rw_prefix_list_encode(json, object);
		break;
	case RW_KIND_LOAD_BALANCER:
		rw_load_balancer_encode(json, object);
		break;
	case RW_KIND_PROMISE:
		rw_promise_encode(json, object);
		break;
	case RW_KIND_COUNT_:
		break;
	}
}
