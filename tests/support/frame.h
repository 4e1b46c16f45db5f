/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames for tests: the bytes of a struct rw_packet, so that what the evaluator is asked and what the data
 * plane sees are the same packet.
 */

#include "net/packet.h"

#define FRAME_MAX       256
#define FRAME_LINK_SIZE 14

/* Options. */
enum {
	FRAME_NO_LINK = 1 << 0,        /* begin with the IP header */
	FRAME_FIRST_FRAGMENT = 1 << 1, /* more fragments follow */
	FRAME_TAGGED = 1 << 2,         /* behind a VLAN tag of VID 0 */
};

/*
 * Writes the frame of 'packet', with right checksums; 'id' tells fragments of one datagram and identifies an
 * ICMP echo.  A malformed packet claims more bytes than there are.  Returns the size.
 */
size_t frame_build(const struct rw_packet *packet, unsigned int options, uint16_t id,
		   uint8_t frame[FRAME_MAX]);

/*
 * Puts VLAN tags of those ids, the outermost first, into a frame of 'size' bytes that has room for them; gives its size
 * then.  The innermost is of 802.1Q, the others of the protocol 'outer'.
 */
size_t frame_put_tags(uint8_t *frame, size_t size, uint16_t outer, const uint16_t *ids, size_t count);

/* An ICMP error (of 'packet's protocol and type) that quotes 'quoted'. */
size_t frame_build_error(const struct rw_packet *packet, const struct rw_packet *quoted,
			 uint8_t frame[FRAME_MAX]);
