/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The early stage
 * ===============
 *
 * Drops, before the kernel has made anything of a frame, what the programs at tc would drop: packets of no known
 * flow, of which floods consist, whose opening the rules refuse.  It enters nothing and changes no flow.  It
 * judges whole TCP and UDP packets and ICMP questions, without tags, IP options, extension headers and
 * fragments; whatever it is not sure of goes on to tc.
 *
 * rw_early_decide answers with the cell by which rw_hook_decide would refuse the packet at ingress, where rules are
 * enforced, or with RW_SHORT_NOT.
 */

#include "lib/rw_short.h"

/* Reads a question of ICMP; its ends stand for ports as rw_parse.h tells. */
RW_INLINE bool rw_early_read_icmp(__u8 family, const struct rw_reader *reader, __u32 offset, __u32 size,
				  struct rw_short *packet)
{
	const __be16 *words = rw_reader_view(reader, offset, 8);
	__u8 type;

	if (!words || size < 8 || packet->ends.protocol != (family == 4 ? RW_IP_ICMP : RW_IP_ICMPV6))
		return false;
	type = (__u8)(rw_be16_to_host(words[0]) >> 8);
	if (!rw_icmp_is_question(family, type))
		return false;
	rw_parse_icmp_ports(&packet->ends, type, rw_be16_to_host(words[2]));
	return true;
}

RW_INLINE bool rw_early_read(__u8 family, const struct rw_reader *reader, __u32 offset,
			     struct rw_short *packet)
{
	__u32 size;

	if (family == 4) {
		if (!rw_short_read4_head(reader, offset, packet, &size))
			return false;
		offset += (__u32)sizeof(struct rw_ipv4_header);
	} else {
		if (!rw_short_read6_head(reader, offset, packet, &size))
			return false;
		offset += (__u32)sizeof(struct rw_ipv6_header);
	}
	return rw_short_read_upper(reader, offset, size, packet) ||
	       rw_early_read_icmp(family, reader, offset, size, packet);
}

/* What refuses packets whatever the rules say comes before what a packet without a flow is refused for. */
RW_INLINE bool rw_early_is_forged(__u32 cell)
{
	return RW_CELL_CAUSE(cell) == RW_CAUSE_SPOOFED || RW_CELL_CAUSE(cell) == RW_CAUSE_OWN_ADDRESS;
}

RW_INLINE __u32 rw_early_decide(__u8 family, const struct rw_run *run, const struct rw_control *control,
				const struct rw_reader *reader, __u32 offset)
{
	struct rw_short packet = {.ends.family = family};
	struct rw_flow_query query;
	struct rw_flow_found found;
	struct rw_table table;
	__u64 more;
	__u32 cell;

	if (!rw_hook_table(run, &table) || !rw_early_read(family, reader, offset, &packet) ||
	    rw_short_is_dhcp(family, &packet.ends))
		return RW_SHORT_NOT;
	rw_hook_query_in(control, run, &packet.ends, family, &query);
	if (rw_short_find(family, &query, &found, &more) || more)
		return RW_SHORT_NOT;
	if (packet.ends.protocol != RW_IP_TCP && packet.ends.protocol != RW_IP_UDP)
		packet.ends.source_port = packet.ends.destination_port = 0;
	cell = rw_short_open(family, run, false, &table, &packet.ends);
	if (cell == RW_SHORT_NOT)
		return RW_SHORT_NOT;
	if (packet.ends.protocol == RW_IP_TCP && !rw_tcp_is_opening(packet.tcp_flags) &&
	    (rw_hook_view_in(&table, run->slot)->flags & RW_VIEW_MIDSTREAM_DROP) && !rw_early_is_forged(cell))
		return RW_CELL_SYSTEM(RW_CAUSE_NO_FLOW, RW_VERDICT_DROP);
	return rw_cell_accepts(cell) ? RW_SHORT_NOT : cell;
}
