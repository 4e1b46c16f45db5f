/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify/compile.h"
#include "classify/lookup.h"
#include "filter.h"
#include "policy/evaluate.h"
#include "random_policy.h"
#include "world.h"

enum { GROUPS = 10, SUBNETS = 64 };

static struct rw_dice dice = {7};

static uint32_t pick_address(void)
{
	return 0x0b000000 + rw_dice_below(&dice, 0x60000000);
}

static void format_prefix(uint32_t address, unsigned int bits, char text[RW_PREFIX_TEXT_SIZE])
{
	address &= bits ? ~0u << (32 - bits) : 0;
	(void)snprintf(text, RW_PREFIX_TEXT_SIZE, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255,
		       address >> 8 & 255, address & 255, bits);
}

/* A prefix of mixed length, or a group. */
static void pick_object(char text[RW_PREFIX_TEXT_SIZE])
{
	uint32_t kind = rw_dice_below(&dice, 100);

	if (rw_dice_chance(&dice, 50))
		(void)snprintf(text, RW_PREFIX_TEXT_SIZE, "sg-%u", rw_dice_below(&dice, GROUPS));
	else
		format_prefix(pick_address(),
			      kind < 25   ? 32
			      : kind < 60 ? 24
			      : kind < 75 ? 16
					  : 8 + rw_dice_below(&dice, 21),
			      text);
}

static void pick_rule(int number, char text[96])
{
	static const char *const others[] = {"icmp", "icmp", "icmp", "gre", "all"};
	uint32_t kind = rw_dice_below(&dice, 100);
	uint32_t first = 1 + rw_dice_below(&dice, 40000);
	uint32_t last = first + (rw_dice_chance(&dice, 70) ? 0 : rw_dice_below(&dice, 100));
	const char *protocol = kind < 70 ? "tcp" : kind < 95 ? "udp" : others[kind - 95];
	char object[RW_PREFIX_TEXT_SIZE], ports[16] = "-1/-1";

	pick_object(object);
	if (kind < 95)
		(void)snprintf(ports, sizeof(ports), "%u/%u", first, last);
	(void)snprintf(text, 96, "sgr-%04d in %s %s %s %s %u", number,
		       rw_dice_chance(&dice, 70) ? "accept" : "drop", protocol, ports, object,
		       1 + rw_dice_below(&dice, 100));
}

/* Every address is in one group, every tenth in a further one. */
static struct rw_address_set *make_set(uint32_t number, const uint32_t *members, uint32_t member_count)
{
	struct rw_prefix *prefixes = calloc(member_count, sizeof(*prefixes));
	size_t count = 0;
	char text[RW_PREFIX_TEXT_SIZE], id[16];

	for (uint32_t i = 0; i < member_count; i++) {
		if (i % GROUPS != number && (i % 10 != 0 || i / 10 % GROUPS != number))
			continue;
		format_prefix(members[i], 32, text);
		prefixes[count++] = world_prefix(text);
	}
	(void)snprintf(id, sizeof(id), "sg-%u", number);
	return rw_address_set_new(id, prefixes, count);
}

/* The rules that the accepted flows need stand in the middle, by id and by priority. */
struct rw_policy *bench_policy_sized(const char *interface, int rules, uint32_t *members, uint32_t count)
{
	char(*texts)[96] = calloc((size_t)rules, sizeof(*texts));
	const char **list = calloc((size_t)rules + 1, sizeof(*list));
	uint32_t subnets[SUBNETS];
	struct rw_policy *policy;

	assert_true(texts && list);
	for (int i = 0; i < rules; i++) {
		pick_rule(i, texts[i]);
		list[i] = texts[i];
	}
	for (int i = 0; i < 2; i++) {
		(void)snprintf(texts[rules / 2 + i], sizeof(*texts),
			       "sgr-%04d in accept %s 80/80 10.0.0.0/8 50", rules / 2 + i, i ? "udp" : "tcp");
	}
	policy = filter_policy(interface, list);
	free(list);
	free(texts);
	for (int i = 0; i < SUBNETS; i++)
		subnets[i] = pick_address() & 0xfffff000;
	for (uint32_t i = 0; i < count; i++)
		members[i] = subnets[rw_dice_below(&dice, SUBNETS)] | rw_dice_below(&dice, 4096);
	policy->sets = calloc(GROUPS, sizeof(struct rw_address_set *));
	policy->set_count = GROUPS;
	for (uint32_t i = 0; i < GROUPS; i++)
		policy->sets[i] = make_set(i, members, count);
	return policy;
}

struct rw_policy *bench_policy(const char *interface, uint32_t members[BENCH_MEMBERS])
{
	return bench_policy_sized(interface, BENCH_RULES, members, BENCH_MEMBERS);
}

/* An address near to what the policy speaks of, or any. */
static uint32_t pick_source(const struct rw_policy *policy, const uint32_t *members, uint32_t count)
{
	const struct rw_policy_group *group = policy->groups[0];
	const struct rw_object *object =
		&group->rules[rw_dice_below(&dice, (uint32_t)group->rule_count)]->object;
	uint32_t address;

	if (rw_dice_chance(&dice, 50))
		return pick_address();
	if (object->kind == RW_OBJECT_GROUP)
		return members[rw_dice_below(&dice, count)];
	memcpy(&address, object->cidr.address.bytes, sizeof(address));
	return __builtin_bswap32(address) + rw_dice_below(&dice, 1u << (32 - object->cidr.bits) % 32);
}

/* What a policy says of packets, quickly; equal to the evaluator, as tests/unit/classify proves. */
static struct rw_classify_table *compile(const struct rw_policy *policy, struct rw_classify_memory *memory)
{
	struct rw_classify_table *table = NULL;
	struct rw_error err = RW_ERROR_NONE;

	rw_classify_memory_init(memory);
	if (rw_classify_compile(policy, NULL, NULL, memory, &table, &err) < 0)
		fail_msg("%s", err.text);
	return table;
}

void bench_samples_sized(const struct rw_policy *policy, const uint32_t *members, uint32_t member_count,
			 enum rw_verdict verdict, struct flood_sample samples[FLOOD_SAMPLES])
{
	const struct rw_policy_group *group = policy->groups[0];
	struct rw_packet packet = {.protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .local = world_address("10.0.0.2"),
				   .remote_port = 1024};
	RW_CLEANUP(rw_classify_memory_done) struct rw_classify_memory memory;
	RW_CLEANUP(rw_classify_table_free) struct rw_classify_table *table = compile(policy, &memory);

	for (unsigned int count = 0; count < FLOOD_SAMPLES;) {
		uint32_t address = pick_source(policy, members, member_count);
		uint32_t wire = __builtin_bswap32(address);

		packet.remote = rw_address_from_bytes(4, &wire);
		packet.local_port = (uint16_t)(1 + rw_dice_below(&dice, 65535));
		if (rw_dice_chance(&dice, 50))
			packet.local_port =
				group->rules[rw_dice_below(&dice, (uint32_t)group->rule_count)]->ports.last;
		if (rw_classify_decide(table, 0, &packet).verdict == verdict)
			samples[count++] = (struct flood_sample){address, packet.local_port};
	}
}

void bench_samples(const struct rw_policy *policy, const struct nftables *form,
		   const uint32_t members[BENCH_MEMBERS], enum rw_verdict verdict,
		   struct flood_sample samples[FLOOD_SAMPLES])
{
	static const uint8_t protocols[] = {RW_PROTOCOL_UDP, RW_PROTOCOL_UDP, RW_PROTOCOL_TCP,
					    RW_PROTOCOL_ICMP};
	const struct rw_policy_group *group = policy->groups[0];
	struct rw_packet packet = {.hop_limit = 64, .local = world_address("10.0.0.2"), .remote_port = 1024};

	for (unsigned int count = 0, tried = 0; count < FLOOD_SAMPLES; tried++) {
		uint32_t address = pick_source(policy, members, BENCH_MEMBERS);
		uint32_t wire = __builtin_bswap32(address);
		enum rw_verdict wanted;

		packet.protocol = protocols[tried % 4];
		packet.tcp_flags = packet.protocol == RW_PROTOCOL_TCP ? RW_TCP_SYN : 0;
		packet.remote = rw_address_from_bytes(4, &wire);
		packet.local_port = (uint16_t)(1 + rw_dice_below(&dice, 65535));
		if (rw_dice_chance(&dice, 50))
			packet.local_port = group->rules[rw_dice_below(&dice, BENCH_RULES)]->ports.last;
		if (packet.protocol == RW_PROTOCOL_ICMP)
			packet.local_port = 0;
		wanted = rw_evaluate(policy, 0, &packet).verdict;
		if ((wanted == RW_VERDICT_ACCEPT) !=
		    nftables_accepts(form, address, packet.protocol, packet.local_port))
			fail_msg("the nftables form is not the policy");
		if (wanted == verdict && packet.protocol == RW_PROTOCOL_UDP)
			samples[count++] = (struct flood_sample){address, packet.local_port};
	}
}
