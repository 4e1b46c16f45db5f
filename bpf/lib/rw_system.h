/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The system rules that look at single packets (semantics sections 5.3 and 5.4). */

#include "abi/rw_table.h"
#include "lib/rw_flow.h"

RW_INLINE bool rw_is_link_local6(const __be32 *address)
{
	return rw_be32_to_host(address[0]) >> 22 == 0xfe80u >> 6;
}

RW_INLINE bool rw_is_unspecified6(const __be32 *address)
{
	return (address[0] | address[1] | address[2] | address[3]) == 0;
}

RW_INLINE bool rw_is_neighbour_discovery(const struct rw_frame *frame)
{
	if (frame->ends.protocol != RW_IP_ICMPV6 || frame->hop_limit != 255 || frame->has_fragment_header)
		return false;
	return (frame->icmp_type >= 133 && frame->icmp_type <= 136) ||
	       (frame->icmp_type == 137 && rw_is_link_local6(frame->ends.source));
}

RW_INLINE bool rw_is_multicast_membership(const struct rw_frame *frame)
{
	if (frame->hop_limit != 1)
		return false;
	if (frame->ends.family == 4)
		return frame->ends.protocol == RW_IP_IGMP;
	return frame->ends.protocol == RW_IP_ICMPV6 &&
	       ((frame->icmp_type >= 130 && frame->icmp_type <= 132) || frame->icmp_type == 143) &&
	       (rw_is_link_local6(frame->ends.source) || rw_is_unspecified6(frame->ends.source));
}

/* The node as a DHCP client. */
RW_INLINE bool rw_is_dhcp(const struct rw_frame *frame, bool egress)
{
	const struct rw_ends *ends = &frame->ends;
	__u16 local = egress ? ends->source_port : ends->destination_port;
	__u16 remote = egress ? ends->destination_port : ends->source_port;

	if (ends->protocol != RW_IP_UDP)
		return false;
	if (ends->family == 4)
		return local == 68 && remote == 67;
	return local == 546 && remote == 547 && (egress || rw_is_link_local6(ends->source));
}

/* To all on the link, or to a group there, as no router sends on. */
RW_INLINE bool rw_is_for_link(const struct rw_ends *ends)
{
	__u32 first = rw_be32_to_host(ends->destination[0]);

	if (ends->family == 4)
		return first == 0xffffffff || first >> 28 == 0xe;
	return first >> 24 == 0xff;
}

/*
 * The cell of a packet that passes by section 5.3, or 0.  It is for the node's own packets, and for those that a bridge
 * has forwarded: what a router sends on, as for a container, is for the rules.
 */
RW_INLINE __u32 rw_system_passes(const struct rw_frame *frame, bool egress)
{
	__u32 cause;

	if (frame->fragment == RW_FRAGMENT_LATER || (frame->is_forwarded && !rw_is_for_link(&frame->ends)))
		return 0;
	if (frame->ends.family == 6 && rw_is_neighbour_discovery(frame))
		cause = RW_CAUSE_NEIGHBOUR_DISCOVERY;
	else if (rw_is_multicast_membership(frame))
		cause = RW_CAUSE_MULTICAST_MEMBERSHIP;
	else if (rw_is_dhcp(frame, egress))
		cause = RW_CAUSE_DHCP;
	else
		return 0;
	return RW_CELL(RW_TABLE_INDEX_MAX, cause, RW_VERDICT_ACCEPT);
}

/* The cell of an ingress packet whose source cannot be genuine (section 5.4), or 0. */
RW_INLINE __u32 rw_system_refuses(__u32 table_flags, __u32 view_flags, __u32 class_flags)
{
	if (class_flags & RW_CLASS_OWN)
		return RW_CELL(RW_TABLE_INDEX_MAX, RW_CAUSE_OWN_ADDRESS, RW_VERDICT_DROP);
	if ((view_flags & RW_VIEW_INTERNET) && (class_flags & (RW_CLASS_NETWORK | RW_CLASS_CONTAINER)))
		return RW_CELL(RW_TABLE_INDEX_MAX, RW_CAUSE_SPOOFED, RW_VERDICT_DROP);
	if (!(table_flags & RW_TABLE_ROUTED) && (class_flags & RW_CLASS_CONTAINER))
		return RW_CELL(RW_TABLE_INDEX_MAX, RW_CAUSE_SPOOFED, RW_VERDICT_DROP);
	return 0;
}
