/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/path.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Where clients' ports begin and what hosts send: what a packet is unless the question says otherwise. */
enum { CLIENT_PORT = 40000, HOP_LIMIT = 64, ECHO_REQUEST = 8, ECHO_REQUEST_V6 = 128 };

enum { TEXT_SIZE = 600 };

struct end {
	const char *field;
	char who[TEXT_SIZE];
	bool has_port, has_protocol;
	uint16_t port;
	uint16_t protocol;
	struct rw_address address;  /* family 0 = not known yet */
	const struct rw_node *node; /* NULL = nobody's */
};

void rw_path_done(struct rw_path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		rw_trace_done(&path->steps[i].trace);
		(void)rw_policy_unref(path->steps[i].policy);
	}
	*path = (struct rw_path){0};
}

/* ---- reading an end ---- */

static int read_port(struct end *end, const char *text, struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	unsigned int count;

	if (rw_ports_parse_list(text, ranges, &count, NULL) < 0 || count != 1 ||
	    ranges[0].first != ranges[0].last)
		return rw_error_field(err, end->field, "'%s' is not a port from 1 to 65535", text);
	end->port = ranges[0].first;
	end->has_port = true;
	return 0;
}

static int read_end(const char *field, const char *text, struct end *end, struct rw_error *err)
{
	char *mark;

	*end = (struct end){.field = field, .protocol = RW_PROTOCOL_TCP};
	if (!text || !*text)
		return rw_error_field(err, field,
				      "is missing: write an address, or a node such as node-1:22/tcp");
	if (strlen(text) >= sizeof(end->who))
		return rw_error_field(err, field, "is longer than %zu bytes", sizeof(end->who) - 1);
	memcpy(end->who, text, strlen(text) + 1);
	mark = strrchr(end->who, '/');
	if (mark) {
		if (rw_protocol_parse(mark + 1, &end->protocol, NULL) < 0 || end->protocol == RW_PROTOCOL_ALL)
			return rw_error_field(err, field,
					      "'%s' is not a protocol: tcp, udp, icmp, icmpv6, gre "
					      "or a number",
					      mark + 1);
		end->has_protocol = true;
		*mark = '\0';
	}
	if (rw_address_parse(end->who, &end->address, NULL) == 0)
		return 0;
	end->address.family = 0;
	mark = strrchr(end->who, ':');
	if (mark) {
		*mark = '\0';
		if (read_port(end, mark + 1, err) < 0)
			return -EINVAL;
	}
	if (end->who[0] == '[' && end->who[strlen(end->who) - 1] == ']') {
		end->who[strlen(end->who) - 1] = '\0';
		return rw_address_parse(end->who + 1, &end->address, NULL) < 0
			       ? rw_error_field(err, field, "'%s' is not an address", end->who + 1)
			       : 0;
	}
	if (rw_address_parse(end->who, &end->address, NULL) < 0)
		end->address.family = 0;
	return 0;
}

static bool holds(const struct rw_node *node, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].address_count; j++)
			if (rw_address_equal(&node->interfaces[i].addresses[j], address))
				return true;
	return false;
}

static int find_node(const struct rw_model *model, struct end *end, struct rw_error *err)
{
	if (!end->address.family) {
		end->node = rw_model_find_node(model, end->who);
		if (end->node)
			return 0;
		(void)rw_error_field(err, end->field, "there is no node '%s', nor is it an address",
				     end->who);
		if (err)
			err->code = -ENOENT;
		return -ENOENT;
	}
	for (size_t i = 0; i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);

		if (!end->node && holds(node, &end->address))
			end->node = node;
	}
	return 0;
}

/* ---- addresses and interfaces ---- */

/* The first address of a family on the node, preferably of the named interface. */
static const struct rw_address *address_of(const struct rw_node *node, const char *interface, uint8_t family)
{
	for (int pass = interface ? 0 : 1; pass < 2; pass++)
		for (size_t i = 0; i < node->interface_count; i++)
			for (size_t j = 0; j < node->interfaces[i].address_count; j++)
				if (node->interfaces[i].addresses[j].family == family &&
				    (pass || strcmp(node->interfaces[i].name, interface) == 0))
					return &node->interfaces[i].addresses[j];
	return NULL;
}

static int choose_addresses(struct end *from, struct end *to, const char *interface, struct rw_error *err)
{
	struct end *ends[] = {from, to};
	uint8_t family = from->address.family ? from->address.family : to->address.family;

	if (!family)
		family = address_of(from->node, interface, 4) && address_of(to->node, interface, 4) ? 4 : 6;
	for (size_t i = 0; i < 2; i++) {
		const struct rw_address *address;

		if (!ends[i]->address.family) {
			address = address_of(ends[i]->node, interface, family);
			if (!address)
				return rw_error_field(err, ends[i]->field,
						      "node '%s' has no IPv%u address: give the address",
						      ends[i]->node->name, family);
			ends[i]->address = *address;
		}
	}
	if (from->address.family != to->address.family)
		return rw_error_field(err, to->field, "one end is IPv4, the other IPv6");
	return 0;
}

static bool interface_holds(const struct rw_node *node, const char *name, const struct rw_address *address)
{
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0;
		     strcmp(node->interfaces[i].name, name) == 0 && j < node->interfaces[i].address_count;
		     j++)
			if (rw_address_equal(&node->interfaces[i].addresses[j], address))
				return true;
	return false;
}

/* The interface by which the packet passes: the one asked for, that of the local address, else the first. */
static int choose_interface(const struct rw_policy *policy, const struct end *end, const char *name,
			    size_t *ret_interface, struct rw_error *err)
{
	int found = name ? rw_policy_find_interface(policy, name) : 0;

	if (policy->interface_count == 0)
		return rw_error_field(err, end->field, "node '%s' has no interface that is enforced",
				      end->node->name);
	if (found < 0)
		return rw_error_field(err, "interface", "node '%s' has no enforced interface '%s'",
				      end->node->name, name);
	*ret_interface = (size_t)found;
	for (size_t i = 0; !name && i < policy->interface_count; i++) {
		if (interface_holds(end->node, policy->interfaces[i].name, &end->address)) {
			*ret_interface = i;
			return 0;
		}
	}
	return 0;
}

/* ---- the steps ---- */

static struct rw_packet packet_of(const struct end *from, const struct end *to, enum rw_direction direction)
{
	bool ingress = direction == RW_DIRECTION_INGRESS;
	bool ported = rw_protocol_has_ports(to->protocol);
	uint16_t source = ported ? from->has_port ? from->port : CLIENT_PORT : 0;
	struct rw_packet packet = {
		.direction = direction,
		.protocol = (uint8_t)to->protocol,
		.tcp_flags = to->protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0,
		.hop_limit = HOP_LIMIT,
		.local = ingress ? to->address : from->address,
		.remote = ingress ? from->address : to->address,
		.local_port = ingress ? to->port : source,
		.remote_port = ingress ? source : to->port,
	};

	if (to->protocol == RW_PROTOCOL_ICMP)
		packet.icmp_type = ECHO_REQUEST;
	else if (to->protocol == RW_PROTOCOL_ICMPV6)
		packet.icmp_type = ECHO_REQUEST_V6;
	return packet;
}

static int add_step(const struct rw_source *source, const struct end *from, const struct end *to,
		    enum rw_direction direction, const char *interface, struct rw_path *path,
		    struct rw_error *err)
{
	const struct end *here = direction == RW_DIRECTION_INGRESS ? to : from;
	struct rw_path_step *step;
	int r;

	if (!here->node || !rw_source_decides(here->node))
		return 0;
	step = &path->steps[path->count];
	*step = (struct rw_path_step){.packet = packet_of(from, to, direction)};
	r = rw_source_derive(source, here->node->id, &step->policy, err);
	if (r < 0)
		return r;
	path->count++;
	r = choose_interface(step->policy, here, interface, &step->interface, err);
	if (!r)
		r = rw_trace(step->policy, step->interface, &step->packet, &step->trace, err);
	if (!r && step->trace.decision.verdict == RW_VERDICT_DROP)
		path->verdict = RW_VERDICT_DROP;
	return r;
}

static int check_service(const struct end *from, struct end *to, struct rw_error *err)
{
	if (from->has_protocol && to->has_protocol && from->protocol != to->protocol)
		return rw_error_field(err, to->field, "the two ends name different protocols");
	if (from->has_protocol && !to->has_protocol)
		to->protocol = from->protocol;
	if (rw_protocol_has_ports(to->protocol) && !to->has_port)
		return rw_error_field(err, to->field, "names no port: write for example %s:22/tcp", to->who);
	if (!rw_protocol_has_ports(to->protocol) && (to->has_port || from->has_port))
		return rw_error_field(err, to->field, "has a port, which only tcp and udp have");
	return 0;
}

int rw_path(const struct rw_source *source, const struct rw_path_question *question, struct rw_path *ret_path,
	    struct rw_error *err)
{
	RW_CLEANUP(rw_path_done) struct rw_path path = {.verdict = RW_VERDICT_ACCEPT};
	struct end from, to;
	int r = read_end("from", question->from, &from, err);

	if (!r)
		r = read_end("to", question->to, &to, err);
	if (!r)
		r = check_service(&from, &to, err);
	if (!r)
		r = find_node(source->model, &from, err);
	if (!r)
		r = find_node(source->model, &to, err);
	if (!r)
		r = choose_addresses(&from, &to, question->interface, err);
	if (!r)
		r = add_step(source, &from, &to, RW_DIRECTION_EGRESS, question->interface, &path, err);
	if (!r)
		r = add_step(source, &from, &to, RW_DIRECTION_INGRESS, question->interface, &path, err);
	if (!r && !path.count)
		return rw_error_field(err, "to",
				      "no managed node is at either end, so nothing decides this "
				      "packet");
	if (r < 0)
		return r;
	*ret_path = path;
	path = (struct rw_path){0};
	return 0;
}
