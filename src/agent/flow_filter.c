/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flow_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/report.h"

static int parse_port(const char *text, uint16_t *ret_port, struct rw_error *err)
{
	unsigned long port;
	char *end;

	errno = 0;
	port = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || port < 1 || port > 65535)
		return rw_error_field(err, "--port", "is a number from 1 to 65535, not '%s'", text);
	*ret_port = (uint16_t)port;
	return 0;
}

static int parse_class(const char *text, int *ret_class, struct rw_error *err)
{
	char words[160] = "";
	size_t size = 0;

	*ret_class = rw_word_find(rw_words_flow_class, text);
	if (*ret_class >= 0)
		return 0;
	for (int i = 0; i < RW_FLOW_CLASS_COUNT_; i++)
		size += (size_t)snprintf(words + size, sizeof(words) - size, "%s%s", i ? ", " : "",
					 rw_word_of(rw_words_flow_class, i));
	return rw_error_field(err, "--class", "is one of %s, not '%s'", words, text);
}

int rw_flow_filter_parse(const struct rw_flow_filter_text *text, struct rw_flow_filter *ret_filter,
			 struct rw_error *err)
{
	struct rw_flow_filter filter = {.protocol = RW_PROTOCOL_ALL, .class = -1};
	struct rw_error why = RW_ERROR_NONE;
	int r = 0;

	if (text->remote && rw_prefix_parse(text->remote, &filter.remote, &why) < 0) {
		(void)rw_error_field(err, "--remote", "%s", why.text);
		return why.hint[0] ? rw_error_hint(err, "%s", why.hint) : -EINVAL;
	}
	if (text->protocol && rw_protocol_parse(text->protocol, &filter.protocol, &why) < 0)
		return rw_error_field(err, "--protocol", "%s", why.text);
	if (text->port)
		r = parse_port(text->port, &filter.port, err);
	if (r == 0 && text->class)
		r = parse_class(text->class, &filter.class, err);
	if (r == 0)
		*ret_filter = filter;
	return r;
}

static bool takes_ends(const struct rw_flow_filter *filter, uint8_t protocol, uint16_t port,
		       uint16_t other_port)
{
	if (filter->protocol != RW_PROTOCOL_ALL && filter->protocol != protocol)
		return false;
	return !filter->port ||
	       (rw_protocol_has_ports(protocol) && (filter->port == port || filter->port == other_port));
}

static bool takes_remote(const struct rw_flow_filter *filter, const struct rw_address *remote)
{
	return !filter->remote.address.family || rw_prefix_contains(&filter->remote, remote);
}

bool rw_flow_filter_takes(const struct rw_flow_filter *filter, const struct rw_enforce_bpf_flow *flow)
{
	const struct rw_enforcer_flow *ends = &flow->flow;

	if (filter->class >= 0 && filter->class != (int)ends->class)
		return false;
	return takes_ends(filter, ends->protocol, ends->opener_port, ends->responder_port) &&
	       ((ends->ingress && takes_remote(filter, &ends->opener)) ||
		(ends->egress && takes_remote(filter, &ends->responder)));
}

bool rw_flow_filter_takes_packet(const struct rw_flow_filter *filter, const struct rw_packet *packet)
{
	return takes_ends(filter, packet->protocol, packet->local_port, packet->remote_port) &&
	       takes_remote(filter, &packet->remote);
}
