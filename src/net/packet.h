/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a decision looks at in one packet, seen from the protected node: 'local' is the node's end (or
 * that of what it forwards for), 'remote' the other.  Ports are host order and 0 for protocols without.
 */

#include "net/address.h"
#include "net/ports.h"

enum rw_direction {
	RW_DIRECTION_INGRESS,
	RW_DIRECTION_EGRESS,
};

/* TCP flag bits as on the wire (RFC 9293, octet 13). */
enum {
	RW_TCP_FIN = 0x01,
	RW_TCP_SYN = 0x02,
	RW_TCP_RST = 0x04,
	RW_TCP_ACK = 0x10,
};

struct rw_packet {
	enum rw_direction direction;
	uint8_t protocol;
	uint8_t tcp_flags; /* 0 unless TCP */
	uint8_t icmp_type; /* type octet of ICMP, ICMPv6 or IGMP, else 0 */
	uint8_t hop_limit; /* TTL or hop limit */
	bool malformed;    /* a length or header check of semantics section 5.2 failed */
	bool fragment;     /* a later fragment: no ports are known */
	uint16_t local_port;
	uint16_t remote_port;
	struct rw_address local; /* both of one family */
	struct rw_address remote;
};

/*
 * True for a packet that opens a flow by its nature: every one of a protocol other than TCP, and of TCP a
 * SYN alone (no ACK, RST or FIN with it).
 */
static inline bool rw_packet_opens(const struct rw_packet *packet)
{
	const unsigned int looked_at = RW_TCP_SYN | RW_TCP_ACK | RW_TCP_RST | RW_TCP_FIN;

	return packet->protocol != RW_PROTOCOL_TCP || (packet->tcp_flags & looked_at) == RW_TCP_SYN;
}
