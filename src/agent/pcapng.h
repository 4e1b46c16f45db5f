/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packets as a pcapng file (draft-ietf-opsawg-pcapng), which tcpdump and wireshark read
 * =====================================================================================
 *
 * A section header, an interface description when the first packet of an interface comes, and an enhanced packet
 * block a packet, with its direction, a comment, and how many packets were lost before it.  Times are in
 * nanoseconds, numbers in the order of this machine, as the format allows.  Everything is appended to a buffer of
 * the caller's, block by block; what was appended is whole.
 */

#include <stdbool.h>

#include "base/buf.h"

/* As many as there may be devices, each with and without a link layer. */
#define RW_PCAPNG_INTERFACES_MAX 128
#define RW_PCAPNG_COMMENT_MAX    512

struct rw_pcapng {
	struct {
		char name[16];
		bool layer3;
	} interfaces[RW_PCAPNG_INTERFACES_MAX];
	size_t interface_count;
};

/* All borrowed for the call. */
struct rw_pcapng_packet {
	const char *interface;
	bool layer3; /* begins with the IP header, else with Ethernet's */
	bool outbound;
	uint64_t time_ns; /* Unix time */
	const uint8_t *bytes;
	uint32_t captured;   /* of them */
	uint32_t length;     /* of the packet on the wire; at least 'captured' */
	uint64_t lost;       /* packets between the last one and this */
	const char *comment; /* UTF-8; cut at RW_PCAPNG_COMMENT_MAX bytes */
};

/* Begins a file: appends the section header.  'program' is what wrote it. */
void rw_pcapng_begin(struct rw_pcapng *pcapng, const char *program, struct rw_buf *buf);

/* Appends a packet.  -E2BIG when it is of one interface too many; nothing is appended then. */
RW_NODISCARD int rw_pcapng_append(struct rw_pcapng *pcapng, const struct rw_pcapng_packet *packet,
				  struct rw_buf *buf);
