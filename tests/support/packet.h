/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packets from words: "<in|out> <protocol> <remote> <remote port> <local> <local port> [flags]".  Flags,
 * joined by commas: S A R F for TCP (SYN when none is given), type=N, hop=N, malformed, fragment.
 */

#include "world.h"

#include "net/packet.h"

static inline void world_packet_flag(struct rw_packet *packet, const char *flag)
{
	unsigned int value;

	if (strcmp(flag, "malformed") == 0)
		packet->malformed = true;
	else if (strcmp(flag, "fragment") == 0)
		packet->fragment = true;
	else if (sscanf(flag, "type=%u", &value) == 1)
		packet->icmp_type = (uint8_t)value;
	else if (sscanf(flag, "hop=%u", &value) == 1)
		packet->hop_limit = (uint8_t)value;
	else if (strcmp(flag, "S") == 0)
		packet->tcp_flags |= RW_TCP_SYN;
	else if (strcmp(flag, "A") == 0)
		packet->tcp_flags |= RW_TCP_ACK;
	else if (strcmp(flag, "R") == 0)
		packet->tcp_flags |= RW_TCP_RST;
	else if (strcmp(flag, "F") == 0)
		packet->tcp_flags |= RW_TCP_FIN;
	else
		fail_msg("no flag of a packet: %s", flag);
}

static inline struct rw_packet world_packet(const char *text)
{
	char direction[8], protocol[8], remote[48], local[48], flags[64] = "";
	struct rw_packet packet = {.hop_limit = 64};
	unsigned int remote_port, local_port;
	char items[8][64];
	uint16_t number;
	size_t count;

	if (sscanf(text, "%7s %7s %47s %u %47s %u %63s", direction, protocol, remote, &remote_port, local,
		   &local_port, flags) < 6)
		fail_msg("not a packet: %s", text);
	packet.direction = strcmp(direction, "in") == 0 ? RW_DIRECTION_INGRESS : RW_DIRECTION_EGRESS;
	assert_int_equal(rw_protocol_parse(protocol, &number, NULL), 0);
	packet.protocol = (uint8_t)number;
	packet.remote = world_address(remote);
	packet.local = world_address(local);
	packet.remote_port = (uint16_t)remote_port;
	packet.local_port = (uint16_t)local_port;
	count = world_split(flags, items, 8);
	for (size_t i = 0; i < count; i++)
		world_packet_flag(&packet, items[i]);
	if (packet.protocol == RW_PROTOCOL_TCP && packet.tcp_flags == 0 && !packet.fragment)
		packet.tcp_flags = RW_TCP_SYN;
	return packet;
}
