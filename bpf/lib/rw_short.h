/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The short way
 * =============
 *
 * What most packets are, decided with as few steps as can be: TCP and UDP, whole, without IP options or
 * extension headers, headers in the linear part; that belong to a flow in good standing, or open one where
 * rules are enforced.  rw_short_decide answers with the cell that rw_hook_decide would give, having done
 * the same to the flow table, or with RW_SHORT_NOT, having done nothing: then the packet goes the long way.
 *
 * In good standing: decided by the present generation, not buried, the opening of this hook taken, its
 * source known to be genuine where it enters.
 */

#include "lib/rw_hook.h"

#define RW_SHORT_NOT   0xffffffffu
#define RW_SHORT_ENTER 0xfffffffeu

/* What is read of the packet; all of it lives in registers. */
struct rw_short {
	struct rw_ends ends;
	__u8 tcp_flags;
};

/* DHCP is for the long way (rw_system_passes). */
RW_INLINE bool rw_short_is_dhcp(__u8 family, const struct rw_ends *ends)
{
	__u16 client = family == 4 ? 68 : 546;

	return ends->protocol == RW_IP_UDP &&
	       (ends->source_port == client || ends->destination_port == client);
}

/* Reads the upper header; 'size' bytes of it are in the packet. */
RW_INLINE bool rw_short_read_upper(const struct rw_reader *reader, __u32 offset, __u32 size,
				   struct rw_short *packet)
{
	const __be16 *words;

	if (packet->ends.protocol == RW_IP_TCP) {
		__u32 header;

		words = rw_reader_view(reader, offset, 14); /* as far as the flags */
		if (!words)
			return false;
		packet->tcp_flags = (__u8)rw_be16_to_host(words[6]);
		header = (__u32)(rw_be16_to_host(words[6]) >> 12) * 4;
		if (header < 20 || size < header)
			return false;
	} else if (packet->ends.protocol == RW_IP_UDP) {
		words = rw_reader_view(reader, offset, 8);
		if (!words || size < 8)
			return false;
	} else {
		return false;
	}
	packet->ends.source_port = rw_be16_to_host(words[0]);
	packet->ends.destination_port = rw_be16_to_host(words[1]);
	return true;
}

/* Reads the IP header; gives the size of what is behind it. */
RW_INLINE bool rw_short_read4_head(const struct rw_reader *reader, __u32 offset, struct rw_short *packet,
				   __u32 *ret_size)
{
	const struct rw_ipv4_header *header = rw_reader_view(reader, offset, sizeof(*header));
	__u32 length;

	if (!header || header->version_length != 0x45 || (rw_be16_to_host(header->fragment) & 0x3fff))
		return false;
	length = rw_be16_to_host(header->length);
	if (length < sizeof(*header) || length > reader->length - offset)
		return false;
	packet->ends.source[0] = header->source;
	packet->ends.destination[0] = header->destination;
	packet->ends.protocol = header->protocol;
	*ret_size = length - (__u32)sizeof(*header);
	return true;
}

RW_INLINE bool rw_short_read6_head(const struct rw_reader *reader, __u32 offset, struct rw_short *packet,
				   __u32 *ret_size)
{
	const struct rw_ipv6_header *header = rw_reader_view(reader, offset, sizeof(*header));
	__u32 size;

	if (!header || rw_be32_to_host(header->version_class_flow) >> 28 != 6)
		return false;
	size = rw_be16_to_host(header->payload_length);
	if (sizeof(*header) + size > reader->length - offset)
		return false;
	for (int i = 0; i < 4; i++) {
		packet->ends.source[i] = header->source[i];
		packet->ends.destination[i] = header->destination[i];
	}
	packet->ends.protocol = header->next;
	*ret_size = size;
	return true;
}

RW_INLINE bool rw_short_read4(const struct rw_reader *reader, __u32 offset, struct rw_short *packet)
{
	__u32 size;

	return rw_short_read4_head(reader, offset, packet, &size) &&
	       rw_short_read_upper(reader, offset + (__u32)sizeof(struct rw_ipv4_header), size, packet);
}

RW_INLINE bool rw_short_read6(const struct rw_reader *reader, __u32 offset, struct rw_short *packet)
{
	__u32 size;

	return rw_short_read6_head(reader, offset, packet, &size) &&
	       rw_short_read_upper(reader, offset + (__u32)sizeof(struct rw_ipv6_header), size, packet);
}

/* The source of a packet of a flow need not be looked up, or not again. */
RW_INLINE bool rw_short_is_genuine(const struct rw_run *run, bool egress, __u64 decision, bool from_opener)
{
	__u32 mark = run->slot + 1u;

	if (egress)
		return !from_opener || RW_FLOW_DECISION_OUT(decision);
	if (from_opener)
		return RW_FLOW_DECISION_IN(decision) == mark && (decision & RW_FLOW_GENUINE_OPENER);
	return RW_FLOW_DECISION_OUT(decision) == mark && (decision & RW_FLOW_GENUINE_RESPONDER);
}

/* Looks up time-outs that 'memo' does not have. */
RW_INLINE bool rw_short_note(const struct rw_run *run, __u64 decision, struct rw_memo *memo)
{
	struct rw_table table;

	if (!rw_hook_table(run, &table))
		return false;
	memo->timeouts = rw_hook_view_in(&table, rw_decision_slot(decision))->timeouts;
	memo->decision = RW_MEMO_OF(decision);
	return true;
}

/* A packet of a flow in the table. */
RW_INLINE __u32 rw_short_known(const struct rw_run *run, bool egress, const struct rw_flow_query *query,
			       const struct rw_short *packet, struct rw_flow_found *found,
			       struct rw_memo *memo)
{
	struct rw_flow_packet step = {
		.protocol = packet->ends.protocol,
		.tcp_flags = packet->tcp_flags,
		.from_opener = !rw_flow_reversed(&query->key, found),
	};
	__u32 class = RW_FLOW_CLASS(found->control);
	__u64 control;

	if (rw_unlikely(RW_FLOW_DECISION_GENERATION(found->decision) != run->generation) ||
	    rw_unlikely(!rw_short_is_genuine(run, egress, found->decision, step.from_opener)) ||
	    (rw_unlikely(memo->decision != RW_MEMO_OF(found->decision)) &&
	     !rw_short_note(run, found->decision, memo)))
		return RW_SHORT_NOT;
	if (step.protocol == RW_IP_TCP && rw_likely(rw_flow_is_settled(found->control, &step))) {
		control = (found->control & ~(__u64)0xffffffff) | (run->now + memo->timeouts.tcp_established);
	} else {
		if (class == RW_FLOW_ABI_TOMBSTONE ||
		    (rw_tcp_is_opening(packet->tcp_flags) && rw_flow_opens_anew(found->control)))
			return RW_SHORT_NOT;
		control = rw_flow_step_inline(found->control, &step, &memo->timeouts, run->now);
	}
	if (rw_unlikely(control != found->control) && !rw_flow_change_control(found, control))
		return RW_SHORT_NOT;
	return RW_CELL_SYSTEM(RW_CAUSE_RULE, RW_VERDICT_ACCEPT);
}

/*
 * Room for what functions are told: of the run, and of a packet.  A packet that is accepted and opens a flow is
 * described by 'opener'; 'cell' has accepted it.
 */
struct rw_short_room {
	struct rw_run run;
	struct rw_flow_query query;
	__u32 opener; /* RW_SHORT_OPENER */
	__u32 cell;
};

#define RW_SHORT_OPENER(protocol, tcp_flags) ((protocol) | (__u32)(tcp_flags) << 8)

/* Enters the flow of a packet for which rw_short_decide has said RW_SHORT_ENTER; false when that cannot be. */
RW_INLINE bool rw_short_enter(__u8 family, const struct rw_short_room *room)
{
	struct rw_flow_packet step = {
		.protocol = (__u8)room->opener, .tcp_flags = (__u8)(room->opener >> 8), .from_opener = 1};
	const struct rw_run *run = &room->run;
	const struct rw_table_view *view = rw_hook_view(run, run->slot);
	__u32 mark = run->slot + 1u;
	__u64 control, decision;

	if (!view)
		return false;
	control = rw_flow_begin(&step, !room->query.key.from_low, &view->timeouts, run->now);
	decision = run->egress ? RW_FLOW_DECISION(run->generation, 0, mark, 0)
			       : RW_FLOW_DECISION(run->generation, mark, 0, 0) | RW_FLOW_GENUINE_OPENER;
	return rw_flow_insert_quick(family, &room->query, control, decision) ||
	       rw_flow_insert(family, &room->query, control, decision);
}

RW_SUBPROGRAM int rw_short_enter4(const struct rw_short_room *room)
{
	return room && rw_short_enter(4, room);
}

RW_SUBPROGRAM int rw_short_enter6(const struct rw_short_room *room)
{
	return room && rw_short_enter(6, room);
}

/* Copies what there is of a query for IPv4, whose key is two words. */
RW_INLINE void rw_short_keep_query(const struct rw_flow_query *from, struct rw_flow_query *to)
{
	for (int i = 0; i < RW_FLOW_KEY_WORDS4; i++)
		to->key.words[i] = from->key.words[i];
	to->key.from_low = from->key.from_low;
	to->hash = from->hash;
	to->mask = from->mask;
	to->now = from->now;
}

/* The cell of a packet of no flow. */
RW_INLINE __u32 rw_short_open(__u8 family, const struct rw_run *run, bool egress,
			      const struct rw_table *table, const struct rw_ends *ends)
{
	const struct rw_table_header *header;
	struct rw_table_address source = rw_address_of(ends->source);
	struct rw_table_address destination = rw_address_of(ends->destination);
	struct rw_table_key key = {
		.local = egress ? source : destination,
		.source_port = ends->source_port,
		.destination_port = ends->destination_port,
		.protocol = ends->protocol,
		.is6 = family == 6,
	};
	const struct rw_table_view *view;
	__u32 class, cell, number;

	header = rw_table_header(table);
	number = rw_table_view_number(header, run->slot, egress);
	view = rw_table_view(table, header, number);
	class = rw_table_class(table, header, family == 6, egress ? destination : source);
	if (!egress) {
		__u32 flags = rw_table_class_flags(table, class);

		cell = rw_system_refuses(header->flags, view->flags, flags);
		if (cell)
			return cell;
		/* Of routed containers: the long way looks at the routes. */
		if (flags & RW_CLASS_CONTAINER)
			return RW_SHORT_NOT;
	}
	return rw_table_decide(table, header, number, class, &key);
}

/*
 * Looks for the flow of 'query' without a branch on where it may be: the first entry that has its tag.  Says in
 * *ret_more when others have it too, which is seldom.  False when the entry is not the flow, or there is none.
 */
RW_INLINE bool rw_short_find(__u8 family, const struct rw_flow_query *query, struct rw_flow_found *found,
			     __u64 *ret_more)
{
	__u32 first = rw_flow_bucket_first(query->hash, query->mask);
	__u32 second = rw_flow_bucket_second(query->hash, query->mask);
	__u64 *tags = rw_flow_tags(family);
	__u64 tagged_first, tagged_second, only_second, tag = rw_flow_tag(query->hash);
	void *bucket;

	*ret_more = 1;
	if (rw_unlikely(!tags))
		return false;
	tagged_first = rw_flow_tagged(rw_load(*rw_flow_tags_at(tags, first)), tag);
	tagged_second = rw_flow_tagged(rw_load(*rw_flow_tags_at(tags, second)), tag);
	*ret_more = 0;
	if (rw_unlikely(!(tagged_first | tagged_second)))
		return false;
	only_second = 0 - rw_is_zero(tagged_first >> 1);
	*ret_more = tagged_second & ~only_second;
	tagged_first |= tagged_second & only_second;
	*ret_more |= tagged_first & (tagged_first - 1);
	first ^= (first ^ second) & (__u32)only_second;
	bucket = rw_flow_bucket(family, first);
	return bucket &&
	       rw_flow_entry_read(rw_flow_entry_at(bucket, family, rw_flow_tagged_way(tagged_first)), family,
				  query, found);
}

/* Any packet but one of TCP that is no SYN. */
RW_INLINE bool rw_short_may_open(const struct rw_short *packet)
{
	return packet->ends.protocol != RW_IP_TCP || rw_tcp_is_opening(packet->tcp_flags);
}

/*
 * Asks for the root's entry of the remote address, with which a decision begins, so that it is on its way while
 * the flow is looked for.
 */
RW_INLINE void rw_short_fetch(bool egress, const struct rw_table *table, const struct rw_ends *ends)
{
	__u32 entry = rw_table_entry(table, (__u64)rw_table_header(table)->root4 << RW_TABLE_PAGE_SHIFT,
				     rw_be32_to_host(egress ? ends->destination[0] : ends->source[0]) >> 16);

	rw_opaque(entry);
}

/*
 * Asks for the buckets of a flow that will be entered, so that they are on their way while the rules are asked: else
 * the first locked instruction waits for memory that nothing has touched for long.
 */
RW_INLINE void rw_short_fetch_buckets(__u8 family, const struct rw_flow_query *query)
{
	void *first = rw_flow_bucket(family, rw_flow_bucket_first(query->hash, query->mask));
	void *second = rw_flow_bucket(family, rw_flow_bucket_second(query->hash, query->mask));
	__u64 hint_first, hint_second;

	if (!first || !second)
		return;
	hint_first = rw_load(*rw_flow_hint_at(first, 0));
	hint_second = rw_load(*rw_flow_hint_at(second, 0));
	rw_opaque(hint_first);
	rw_opaque(hint_second);
}

/*
 * The cell of a packet whose IP header is at 'offset', RW_SHORT_NOT, or RW_SHORT_ENTER: it is accepted if its flow can
 * be entered (rw_short_enter), else it goes the long way.  Nothing is counted as a hit.
 * What is looked up in maps is so once.  For IPv4, run and query are in registers until a function is told of them;
 * for IPv6 they would take more of the stack than there is.
 */
RW_INLINE __u32 rw_short_decide(__u8 family, const struct rw_run *run, bool egress,
				const struct rw_control *control, const struct rw_reader *reader,
				__u32 offset, struct rw_short_room *room, struct rw_memo *memo)
{
	struct rw_short packet = {.ends.family = family};
	struct rw_flow_query registers, *query = family == 4 ? &registers : &room->query;
	struct rw_flow_found found;
	struct rw_table table;
	__u64 more;
	__u32 cell;

	if (rw_unlikely(!(family == 4 ? rw_short_read4(reader, offset, &packet)
				      : rw_short_read6(reader, offset, &packet))) ||
	    rw_unlikely(rw_short_is_dhcp(family, &packet.ends)))
		return RW_SHORT_NOT;
	if (family == 4 && rw_unlikely(rw_short_may_open(&packet)) && rw_hook_table(run, &table))
		rw_short_fetch(egress, &table, &packet.ends);
	rw_hook_query_in(control, run, &packet.ends, family, query);
	if (rw_likely(rw_short_find(family, query, &found, &more)))
		return rw_short_known(run, egress, query, &packet, &found, memo);
	if (more || run->mode != RW_MODE_ENFORCE || !rw_short_may_open(&packet) ||
	    !rw_hook_table(run, &table))
		return RW_SHORT_NOT;
	if (memo->accepted)
		rw_short_fetch_buckets(family, query);
	cell = rw_short_open(family, run, egress, &table, &packet.ends);
	if (cell == RW_SHORT_NOT)
		return cell;
	memo->accepted = rw_cell_accepts(cell);
	if (!memo->accepted)
		return cell;
	if (family == 4)
		rw_short_keep_query(query, &room->query);
	room->opener = RW_SHORT_OPENER(packet.ends.protocol, packet.tcp_flags);
	room->cell = cell;
	return RW_SHORT_ENTER;
}
