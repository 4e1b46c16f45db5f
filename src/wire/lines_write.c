/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/lines.h"

#include <string.h>

#include "base/map.h"

void rw_line_writer_init(struct rw_line_writer *lines, struct rw_buf *buf)
{
	*lines = (struct rw_line_writer){.buf = buf};
}

struct rw_json_writer *rw_line_begin(struct rw_line_writer *lines)
{
	lines->start = lines->buf->size;
	rw_json_writer_init(&lines->json, lines->buf, false);
	rw_json_begin_object(&lines->json);
	return &lines->json;
}

void rw_line_end(struct rw_line_writer *lines)
{
	size_t size;

	rw_json_end_object(&lines->json);
	/* A buffer that has failed may hold less than it did. */
	if (lines->buf->failed)
		return;
	size = lines->buf->size - lines->start;
	if (size > RW_STREAM_LINE_MAX)
		lines->too_long = true;
	lines->check = rw_line_check(lines->check, lines->buf->data + lines->start, size);
	(void)rw_buf_append(lines->buf, "\n", 1);
	if (lines->buf->size >= RW_STREAM_PIECE)
		rw_line_writer_flush(lines);
}

void rw_line_writer_flush(struct rw_line_writer *lines)
{
	struct rw_buf *buf = lines->buf;

	if (!lines->sink || buf->failed || !buf->size)
		return;
	lines->sunk = lines->sink(lines->sink_context, buf->data, buf->size, lines->sink_err);
	rw_buf_clear(buf);
	rw_buf_fail(buf, lines->sunk); /* nothing more need be written */
}

int rw_line_writer_check(const struct rw_line_writer *lines, struct rw_error *err)
{
	if (lines->sunk < 0)
		return lines->sunk;
	if (lines->too_long)
		return rw_error_set(err, -E2BIG, "a line of the agent stream would be longer than %u bytes",
				    RW_STREAM_LINE_MAX);
	return rw_buf_check(lines->buf, err);
}

uint64_t rw_line_check(uint64_t check, const char *line, size_t size)
{
	return rw_hash_bytes(line, size, check);
}

static void write_prefixes(struct rw_json_writer *json, const struct rw_prefix *prefixes, size_t count)
{
	char text[RW_LINE_PREFIXES * RW_PREFIX_TEXT_SIZE / 4];
	char one[RW_PREFIX_TEXT_SIZE];
	RW_CLEANUP(rw_buf_done) struct rw_buf whole;
	size_t used = 0;

	/* The usual line fits on the stack; a line of long IPv6 prefixes or a long list goes by the heap. */
	rw_buf_init(&whole, RW_STREAM_LINE_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t length;

		if (prefixes[i].bits == (prefixes[i].address.family == 4 ? 32 : 128))
			rw_address_format(&prefixes[i].address, one);
		else
			rw_prefix_format(&prefixes[i], one);
		length = strlen(one);
		if (used + length + 1 > sizeof(text)) {
			(void)rw_buf_append(&whole, text, used);
			used = 0;
		}
		if (i > 0)
			text[used++] = ' ';
		memcpy(text + used, one, length);
		used += length;
	}
	if (whole.size == 0 && !whole.failed) {
		rw_json_write_bytes(json, text, used);
		return;
	}
	(void)rw_buf_append(&whole, text, used);
	rw_buf_fail(json->buf, whole.failed);
	rw_json_write_bytes(json, whole.data, whole.size);
}

void rw_set_lines_write(struct rw_line_writer *lines, const char *key, const char *id,
			const struct rw_prefix *prefixes, size_t count)
{
	size_t written = 0;

	do {
		size_t some = count - written < RW_LINE_PREFIXES ? count - written : RW_LINE_PREFIXES;
		struct rw_json_writer *json = rw_line_begin(lines);

		rw_json_key(json, key);
		rw_json_begin_object(json);
		rw_json_put_text(json, "id", id);
		rw_json_key(json, "prefixes");
		write_prefixes(json, prefixes + written, some);
		rw_json_end_object(json);
		rw_line_end(lines);
		written += some;
	} while (written < count);
}

void rw_group_lines_write(struct rw_line_writer *lines, const struct rw_policy_group *group)
{
	static const struct rw_timeouts none;
	struct rw_json_writer *json = rw_line_begin(lines);

	rw_json_key(json, "group");
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", group->id);
	rw_json_put_text(json, "kind", rw_word_of(rw_words_group_kind, (int)group->kind));
	rw_json_put_text(json, "inner_access", rw_word_of(rw_words_verdict, (int)group->inner_access));
	if (group->midstream_drop)
		rw_json_put_text(json, "midstream", "drop");
	if (memcmp(&group->timeouts, &none, sizeof(none)) != 0) {
		rw_json_key(json, "timeouts");
		rw_timeouts_encode(json, &group->timeouts);
	}
	rw_json_end_object(json);
	rw_line_end(lines);
	for (size_t written = 0; written < group->rule_count;) {
		json = rw_line_begin(lines);
		rw_json_key(json, "rules");
		rw_json_begin_array(json);
		for (size_t i = 0; i < RW_LINE_RULES && written < group->rule_count; i++)
			rw_rule_encode_core(json, group->rules[written++]);
		rw_json_end_array(json);
		rw_line_end(lines);
	}
}

static void put_prefixes(struct rw_json_writer *json, const char *key, const struct rw_prefix *prefixes,
			 size_t count)
{
	if (count == 0)
		return;
	rw_json_key(json, key);
	write_prefixes(json, prefixes, count);
}

static void put_addresses(struct rw_json_writer *json, const char *key, const struct rw_address *addresses,
			  size_t count)
{
	char text[RW_ADDRESS_TEXT_SIZE];

	if (count == 0)
		return;
	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		rw_address_format(&addresses[i], text);
		rw_json_write_text(json, text);
	}
	rw_json_end_array(json);
}

static void put_ports(struct rw_json_writer *json, const char *key, const uint16_t *ports, size_t count)
{
	if (count == 0)
		return;
	rw_json_key(json, key);
	rw_json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		rw_json_write_integer(json, ports[i]);
	rw_json_end_array(json);
}

static void put_interfaces(struct rw_json_writer *json, const struct rw_policy *policy)
{
	rw_json_key(json, "interfaces");
	rw_json_begin_array(json);
	for (size_t i = 0; i < policy->interface_count; i++) {
		const struct rw_policy_interface *interface = &policy->interfaces[i];

		rw_json_begin_object(json);
		rw_json_put_text(json, "name", interface->name);
		rw_json_put_text(json, "nic_type", rw_word_of(rw_words_nic_type, (int)interface->nic_type));
		rw_json_key(json, "groups");
		rw_json_begin_array(json);
		for (size_t j = 0; j < interface->group_count; j++)
			rw_json_write_integer(json, interface->groups[j]);
		rw_json_end_array(json);
		rw_json_end_object(json);
	}
	rw_json_end_array(json);
}

void rw_node_line_write(struct rw_line_writer *lines, const struct rw_policy *policy)
{
	struct rw_json_writer *json = rw_line_begin(lines);
	char name[sizeof(policy->node_name)];
	char text[RW_ADDRESS_TEXT_SIZE];

	/* The name may have been cut to fit the policy, also inside a character. */
	rw_json_quote(policy->node_name, name, sizeof(name));
	rw_json_key(json, "node");
	rw_json_begin_object(json);
	rw_json_put_text(json, "id", policy->node);
	rw_json_put_text(json, "name", name);
	rw_json_put_text(json, "network_kind", rw_word_of(rw_words_network_kind, (int)policy->network_kind));
	rw_json_put_text(json, "enforcement", rw_word_of(rw_words_enforcement, (int)policy->enforcement));
	rw_json_put_text(json, "container_network",
			 rw_word_of(rw_words_container_network, (int)policy->container_network));
	put_interfaces(json, policy);
	put_prefixes(json, "network_cidrs", policy->network_cidrs, policy->network_cidr_count);
	put_prefixes(json, "container_cidrs", policy->container_cidrs, policy->container_cidr_count);
	put_addresses(json, "own_addresses", policy->own_addresses, policy->own_address_count);
	put_prefixes(json, "management_cidrs", policy->management_cidrs, policy->management_cidr_count);
	put_ports(json, "ssh_ports", policy->ssh_ports, policy->ssh_port_count);
	if (policy->controller_count) {
		rw_json_key(json, "controllers");
		rw_json_begin_array(json);
		for (size_t i = 0; i < policy->controller_count; i++) {
			rw_address_format(&policy->controllers[i].address, text);
			rw_json_begin_object(json);
			rw_json_put_text(json, "address", text);
			rw_json_put_integer(json, "port", policy->controllers[i].port);
			rw_json_end_object(json);
		}
		rw_json_end_array(json);
	}
	put_addresses(json, "resolvers", policy->resolvers, policy->resolver_count);
	put_ports(json, "hosted_ports", policy->hosted_ports, policy->hosted_port_count);
	rw_json_end_object(json);
	rw_line_end(lines);
}
