/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/lookup.h"

#include <assert.h>
#include <string.h>

struct rw_table {
	const char *pages;
};

static inline const void *rw_table_bytes(const struct rw_table *table, __u64 offset)
{
	return table->pages + offset;
}

#include "lib/rw_decide.h"

/* A table and the packet's class in it. */
struct lookup {
	const struct rw_classify_table *owner;
	const struct rw_table_header *header;
	struct rw_table table;
	uint32_t class;
	uint32_t view;  /* at ingress; that at egress is the next */
	uint32_t index; /* of the rule that decided */
};

static struct rw_table_address address_of(const struct rw_address *address)
{
	uint64_t words[2];

	memcpy(words, address->bytes, sizeof(words));
	return (struct rw_table_address){__builtin_bswap64(words[0]), __builtin_bswap64(words[1])};
}

static struct rw_decision drop(enum rw_cause cause)
{
	return (struct rw_decision){.verdict = RW_VERDICT_DROP, .cause = cause};
}

/* Decides the packet as one that opens a flow in 'direction'. */
static struct rw_decision decide_opener(struct lookup *lookup, enum rw_direction direction,
					const struct rw_packet *packet)
{
	bool ingress = direction == RW_DIRECTION_INGRESS;
	const struct rw_table_key key = {
		.local = address_of(&packet->local),
		.destination_port = ingress ? packet->local_port : packet->remote_port,
		.source_port = ingress ? packet->remote_port : packet->local_port,
		.protocol = packet->protocol,
		.is6 = packet->remote.family == 6,
	};
	uint32_t cell =
		rw_table_decide(&lookup->table, lookup->header, lookup->view + !ingress, lookup->class, &key);

	lookup->index = RW_CELL_INDEX(cell);
	assert(lookup->index < lookup->owner->origin_count);
	return (struct rw_decision){
		.verdict = RW_CELL_VERDICT(cell) ? RW_VERDICT_ACCEPT : RW_VERDICT_DROP,
		.cause = (enum rw_cause)RW_CELL_CAUSE(cell),
		.detail = rw_classify_origin(lookup->owner, lookup->index)->detail,
	};
}

/* Semantics 5.4.  True when the packet is refused. */
static bool is_forged(const struct lookup *lookup, uint32_t view_flags, struct rw_decision *ret_decision)
{
	uint32_t flags = rw_table_class_flags(&lookup->table, lookup->class);

	if (flags & RW_CLASS_OWN)
		*ret_decision = drop(RW_CAUSE_OWN_ADDRESS);
	else if (view_flags & RW_VIEW_INTERNET && flags & (RW_CLASS_NETWORK | RW_CLASS_CONTAINER))
		*ret_decision = drop(RW_CAUSE_SPOOFED);
	else if (!(lookup->header->flags & RW_TABLE_ROUTED) && flags & RW_CLASS_CONTAINER)
		*ret_decision = drop(RW_CAUSE_SPOOFED);
	else
		return false;
	return true;
}

/* Semantics 4: a TCP packet that opens nothing and of which no flow is known. */
static struct rw_decision decide_midstream(struct lookup *lookup, uint32_t view_flags,
					   const struct rw_packet *packet)
{
	struct rw_decision decision;

	if (packet->direction == RW_DIRECTION_INGRESS && view_flags & RW_VIEW_MIDSTREAM_DROP)
		return drop(RW_CAUSE_NO_FLOW);
	if (packet->direction == RW_DIRECTION_EGRESS && !(packet->tcp_flags & RW_TCP_RST))
		return drop(RW_CAUSE_NO_FLOW);
	decision = decide_opener(lookup, RW_DIRECTION_INGRESS, packet);
	if (packet->direction == RW_DIRECTION_EGRESS && decision.verdict == RW_VERDICT_DROP)
		return drop(RW_CAUSE_NO_FLOW);
	return decision;
}

/* The numbers of the ingress view of an interface. */
static uint32_t view_of(const struct rw_classify_table *table, size_t interface)
{
	assert(interface < table->policy->interface_count || interface == RW_CLASSIFY_NO_INTERFACE);
	if (interface == RW_CLASSIFY_NO_INTERFACE)
		return 0;
	return rw_table_view_number(table->pages, table->slots[interface], RW_DIRECTION_INGRESS);
}

struct rw_decision rw_classify_decide_index(const struct rw_classify_table *table, size_t interface,
					    const struct rw_packet *packet, uint32_t *ret_index)
{
	struct lookup lookup = {
		.owner = table,
		.header = table->pages,
		.table = {table->pages},
		.view = view_of(table, interface),
		.index = RW_CLASSIFY_NO_INDEX,
	};
	const struct rw_table_view *view = rw_table_view(&lookup.table, lookup.header, lookup.view);
	struct rw_decision decision;

	*ret_index = RW_CLASSIFY_NO_INDEX;
	if (packet->malformed)
		return drop(RW_CAUSE_MALFORMED);
	if (rw_evaluate_system(packet, &decision))
		return decision;
	lookup.class = rw_table_class(&lookup.table, lookup.header, packet->remote.family == 6,
				      address_of(&packet->remote));
	if (packet->direction == RW_DIRECTION_INGRESS && is_forged(&lookup, view->flags, &decision))
		return decision;
	if (packet->fragment)
		return drop(RW_CAUSE_FRAGMENT);
	if (rw_packet_opens(packet))
		decision = decide_opener(&lookup, packet->direction, packet);
	else
		decision = decide_midstream(&lookup, view->flags, packet);
	*ret_index = lookup.index;
	return decision;
}

struct rw_decision rw_classify_decide(const struct rw_classify_table *table, size_t interface,
				      const struct rw_packet *packet)
{
	uint32_t index;

	return rw_classify_decide_index(table, interface, packet, &index);
}
