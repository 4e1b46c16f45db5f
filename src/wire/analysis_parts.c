/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/analysis_parts.h"

#include <stdio.h>

#include "wire/rule_text.h"

static void put_prefixes(struct rw_json_writer *json, const char *key, const struct rw_prefix *list,
			 size_t count)
{
	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		char text[RW_PREFIX_TEXT_SIZE];

		rw_prefix_format(&list[i], text);
		rw_json_write_text(json, text);
	}
	rw_json_end_array(json);
}

static void put_ports(struct rw_json_writer *json, const char *key, const struct rw_ports *list, size_t count)
{
	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		char text[RW_PORTS_TEXT_SIZE];

		rw_ports_format(list[i], text);
		rw_json_write_text(json, text);
	}
	rw_json_end_array(json);
}

void rw_analysis_put_service(struct rw_json_writer *json, uint16_t first, uint16_t last,
			     const struct rw_ports *ports, size_t port_count)
{
	const struct rw_ports any = RW_PORTS_ANY;
	char text[RW_PROTOCOL_TEXT_SIZE * 2 + 2];

	if (first == 0 && last == 255)
		rw_protocol_format(RW_PROTOCOL_ALL, text);
	else if (first == last)
		rw_protocol_format(first, text);
	else
		(void)snprintf(text, sizeof(text), "%u-%u", first, last);
	rw_json_put_text(json, "protocol", text);
	put_ports(json, "ports", port_count ? ports : &any, port_count ? port_count : 1);
}

int rw_analysis_put_box(struct rw_json_writer *json, const struct rw_box *box)
{
	RW_CLEANUP(rw_free) struct rw_prefix *sources = NULL;
	RW_CLEANUP(rw_free) struct rw_prefix *except = NULL;
	size_t source_count = 0, except_count = 0;

	if (rw_prefixes_shorten(box->remotes, box->remote_count, &sources, &source_count, &except,
				&except_count) < 0)
		return -ENOMEM;
	put_prefixes(json, "remotes", sources, source_count);
	if (except_count)
		put_prefixes(json, "except", except, except_count);
	rw_analysis_put_service(json, box->protocol_first, box->protocol_last, box->ports, box->port_count);
	if (box->local_count)
		put_prefixes(json, "locals", box->locals, box->local_count);
	if (box->source_port_count)
		put_ports(json, "source_ports", box->source_ports, box->source_port_count);
	return 0;
}

void rw_analysis_put_packet(struct rw_json_writer *json, const char *key, const struct rw_packet *packet)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	rw_json_key(json, key);
	rw_json_begin_object(json);
	rw_protocol_format(packet->protocol, text);
	rw_json_put_text(json, "protocol", text);
	rw_address_format(&packet->remote, text);
	rw_json_put_text(json, "remote", text);
	if (rw_protocol_has_ports(packet->protocol))
		rw_json_put_integer(json, "remote_port", packet->remote_port);
	rw_address_format(&packet->local, text);
	rw_json_put_text(json, "local", text);
	if (rw_protocol_has_ports(packet->protocol))
		rw_json_put_integer(json, "local_port", packet->local_port);
	rw_json_end_object(json);
}

void rw_analysis_put_nodes(struct rw_json_writer *json, const struct rw_node *const *nodes, size_t count)
{
	rw_json_key(json, "nodes");
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_text(json, nodes[i]->name);
	rw_json_end_array(json);
}

void rw_analysis_put_group(struct rw_json_writer *json, const struct rw_model *model, const char *id)
{
	const struct rw_group *group = rw_model_find_group(model, id);

	rw_json_put_text(json, "group", id);
	if (group)
		rw_json_put_text(json, "group_name", group->name);
}

void rw_analysis_put_rule_text(struct rw_json_writer *json, const struct rw_model *model,
			       const struct rw_rule *rule)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf text;
	const char *name = NULL;

	if (rule->object.kind != RW_OBJECT_CIDR) {
		enum rw_kind kind =
			rule->object.kind == RW_OBJECT_GROUP ? RW_KIND_GROUP : RW_KIND_PREFIX_LIST;
		const void *object = rw_model_find(model, kind, rule->object.id);

		name = object ? rw_object_name(kind, object) : NULL;
	}
	rw_buf_init(&text, 1u << 16);
	rw_rule_text_format(rule, name, &text);
	rw_json_put_text(json, "text", text.data);
	/* A text that could not be made leaves the answer without it: the answer fails as a whole. */
	if (text.failed)
		rw_buf_fail(json->buf, text.failed);
}
