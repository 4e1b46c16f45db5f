/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as packets through the data plane on the host.  Input: rows of (how, size, bytes): bit 0 of 'how'
 * is the direction, bit 1 the family, bit 2 a new generation, bits 3..7 seconds that pass before.
 *
 * Besides not going astray: what the parser reads of a lone packet must be decided as the evaluator decides
 * it, and what the early stage refuses must be refused for the same.
 */

#include <stdio.h>
#include <stdlib.h>

#include "classify/compile.h"
#include "host_plane.h"
#include "policy/evaluate.h"

static struct rw_policy *policy;
static struct rw_classify_memory memory;
static struct rw_classify_table *table;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct rw_rule *make_rule(const char *id, enum rw_direction direction, enum rw_verdict verdict,
				 uint16_t protocol, const char *cidr)
{
	struct rw_rule *rule = rw_rule_new();

	must(rule, "memory");
	(void)snprintf(rule->id, sizeof(rule->id), "%s", id);
	rule->direction = direction;
	rule->policy = verdict;
	rule->protocol = protocol;
	rule->ports = rw_protocol_has_ports(protocol) ? (struct rw_ports){1, 1024} : RW_PORTS_ANY;
	rule->source_ports = RW_PORTS_ANY;
	rule->priority = 1;
	must(rw_prefix_parse(cidr, &rule->object.cidr, NULL) == 0, cidr);
	return rule;
}

static void set_up(void)
{
	struct rw_policy_group *group = rw_policy_group_new();
	struct rw_error err = RW_ERROR_NONE;

	policy = rw_policy_new();
	must(policy && group, "memory");
	(void)snprintf(group->id, sizeof(group->id), "sg-1");
	group->rules = calloc(6, sizeof(*group->rules));
	group->rules[group->rule_count++] =
		make_rule("sgr-1", RW_DIRECTION_INGRESS, RW_VERDICT_ACCEPT, RW_PROTOCOL_TCP, "0.0.0.0/0");
	group->rules[group->rule_count++] =
		make_rule("sgr-2", RW_DIRECTION_INGRESS, RW_VERDICT_ACCEPT, RW_PROTOCOL_UDP, "::/0");
	group->rules[group->rule_count++] =
		make_rule("sgr-3", RW_DIRECTION_INGRESS, RW_VERDICT_ACCEPT, RW_PROTOCOL_ICMP, "0.0.0.0/1");
	group->rules[group->rule_count++] =
		make_rule("sgr-4", RW_DIRECTION_INGRESS, RW_VERDICT_ACCEPT, RW_PROTOCOL_ICMPV6, "8000::/1");
	group->rules[group->rule_count++] =
		make_rule("sgr-5", RW_DIRECTION_EGRESS, RW_VERDICT_DROP, RW_PROTOCOL_ALL, "128.0.0.0/1");
	group->rules[group->rule_count++] =
		make_rule("sgr-6", RW_DIRECTION_EGRESS, RW_VERDICT_DROP, RW_PROTOCOL_GRE, "::/0");
	policy->groups = calloc(1, sizeof(*policy->groups));
	policy->groups[policy->group_count++] = group;
	policy->interfaces = calloc(1, sizeof(*policy->interfaces));
	policy->interface_count = 1;
	(void)snprintf(policy->interfaces[0].name, sizeof(policy->interfaces[0].name), "eth0");
	policy->interfaces[0].groups = calloc(1, sizeof(uint32_t));
	policy->interfaces[0].group_count = 1;
	rw_classify_memory_init(&memory);
	must(rw_classify_compile(policy, NULL, NULL, &memory, &table, &err) == 0, err.text);
}

static void compare(const uint8_t *bytes, uint32_t size, uint8_t family, bool egress)
{
	struct rw_reader reader = {.bytes = bytes, .length = size};
	struct rw_frame frame = {0};
	enum rw_parse_status status = rw_parse(&reader, 0, family, false, &frame);
	bool ports = frame.ends.protocol == RW_IP_TCP || frame.ends.protocol == RW_IP_UDP;
	struct rw_packet packet = {
		.direction = egress ? RW_DIRECTION_EGRESS : RW_DIRECTION_INGRESS,
		.protocol = frame.ends.protocol,
		.tcp_flags = frame.tcp_flags,
		.icmp_type = frame.icmp_type,
		.hop_limit = frame.hop_limit,
		.malformed = status == RW_PARSE_MALFORMED,
		.fragment = frame.fragment == RW_FRAGMENT_LATER,
		.local = rw_address_from_bytes(family, egress ? frame.ends.source : frame.ends.destination),
		.remote = rw_address_from_bytes(family, egress ? frame.ends.destination : frame.ends.source),
	};
	struct rw_decision expected;
	uint32_t cell;

	if (ports) {
		packet.local_port = egress ? frame.ends.source_port : frame.ends.destination_port;
		packet.remote_port = egress ? frame.ends.destination_port : frame.ends.source_port;
	}
	/* What the evaluator does not speak of. */
	if (status == RW_PARSE_TINY_FRAGMENT || (frame.has_fragment_header && !packet.fragment))
		return;
	expected = rw_evaluate(policy, 0, &packet);
	host_reset(table->pages);
	cell = host_decide(bytes, size, family, egress, 1, 1000);
	must(RW_CELL_VERDICT(cell) == expected.verdict && RW_CELL_CAUSE(cell) == expected.cause,
	     "the data plane decides otherwise than the evaluator");
}

static void decide(const uint8_t *bytes, uint32_t size, uint8_t how, uint32_t generation, uint32_t now)
{
	uint8_t family = how & 2 ? 6 : 4;
	uint32_t early = how & 1 ? RW_SHORT_NOT : host_early(bytes, size, family, generation, now);
	uint32_t cell = host_decide(bytes, size, family, how & 1, generation, now);

	must(RW_CELL_CAUSE(cell) < RW_CAUSE_COUNT_, "a cause that is none");
	must(early == RW_SHORT_NOT || (early == cell && !rw_cell_accepts(cell)),
	     "the early stage refuses otherwise than the programs at tc");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t generation = 1, now = 1000;

	if (!policy)
		set_up();
	for (size_t at = 0, next; at + 2 <= size; at = next) {
		next = at + 2 + data[at + 1] > size ? size : at + 2 + data[at + 1];
		compare(data + at + 2, (uint32_t)(next - at - 2), data[at] & 2 ? 6 : 4, data[at] & 1);
	}
	host_reset(table->pages);
	for (size_t at = 0, next; at + 2 <= size; at = next) {
		next = at + 2 + data[at + 1] > size ? size : at + 2 + data[at + 1];
		generation += data[at] >> 2 & 1;
		now += data[at] >> 3;
		decide(data + at + 2, (uint32_t)(next - at - 2), data[at], generation, now);
	}
	return 0;
}
