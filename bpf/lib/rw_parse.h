/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * From bytes to what a decision looks at
 * ======================================
 *
 * rw_parse reads one packet from its IP header on: addresses, protocol, ports or what stands for them,
 * fragment, and for an ICMP error the ends of the packet that it quotes.
 *
 * Lengths are judged by the IP header against the whole frame, never against what happens to be linear.
 * A header that claims more than there is makes the packet malformed; in a first fragment it makes the
 * fragment tiny, which is a drop of its own.
 *
 * Flows of ICMP have no ports.  So that a question and its answer are one flow and a question the other
 * way is another, a question's ends are (identifier, type of question), its answer's the same swapped;
 * any other message has (0, RW_PORT_ICMP_PLAIN + type), which nothing answers.
 */

#include "abi/rw_bpf_abi.h"
#include "lib/rw_reader.h"

enum {
	RW_IP_TCP = 6,
	RW_IP_UDP = 17,
	RW_IP_ICMP = 1,
	RW_IP_IGMP = 2,
	RW_IP_ICMPV6 = 58,
};

enum {
	RW_FLAG_FIN = 0x01,
	RW_FLAG_SYN = 0x02,
	RW_FLAG_RST = 0x04,
	RW_FLAG_ACK = 0x10,
};

enum {
	RW_PORT_ICMP_PLAIN = 0x8000,
	RW_PARSE_EXTENSIONS_MAX = 8,
};

enum rw_parse_status {
	RW_PARSE_IP,
	RW_PARSE_MALFORMED,
	RW_PARSE_TINY_FRAGMENT,
};

enum rw_parse_fragment {
	RW_FRAGMENT_NONE,
	RW_FRAGMENT_FIRST,
	RW_FRAGMENT_LATER,
};

struct rw_frame {
	struct rw_ends ends;
	struct rw_ends quoted; /* when 'is_error': the ends of the packet that the error is about */
	__u32 fragment_id;
	__u8 fragment; /* enum rw_parse_fragment */
	__u8 tcp_flags;
	__u8 icmp_type; /* of ICMP, ICMPv6 or IGMP */
	__u8 hop_limit;
	__u8 is_error; /* an ICMP error that quotes enough of a packet */
	__u8 has_fragment_header;
	__u16 fragment_offset; /* in units of 8 bytes; of IPv6 only */
	__u8 is_unrouted;      /* set by the caller: packets to the source would leave by another device */
	__u8 is_forwarded;     /* set by the caller: leaves, and has come in by another device */
};

struct rw_ipv4_header {
	__u8 version_length;
	__u8 service;
	__be16 length;
	__be16 id;
	__be16 fragment;
	__u8 hop_limit;
	__u8 protocol;
	__be16 checksum;
	__be32 source;
	__be32 destination;
};

struct rw_ipv6_header {
	__be32 version_class_flow;
	__be16 payload_length;
	__u8 next;
	__u8 hop_limit;
	__be32 source[4];
	__be32 destination[4];
};

/* Where the parser stands. */
struct rw_cursor {
	__u32 offset; /* of the next header */
	__u32 end;    /* of the IP packet */
	__u8 next;    /* protocol of the next header */
};

RW_INLINE bool rw_cursor_has(const struct rw_cursor *cursor, __u32 size)
{
	return cursor->end - cursor->offset >= size;
}

/* Messages that are answered by another of the same identifier; the answer's type is the one beside it. */
RW_INLINE bool rw_icmp_is_question(__u8 family, __u8 type)
{
	if (family == 4)
		return type == 8 || type == 13 || type == 15 || type == 17;
	return type == 128 || type == 139;
}

/* The ends that stand for the ports of an ICMP or ICMPv6 message; see the top. */
RW_INLINE void rw_parse_icmp_ports(struct rw_ends *ends, __u8 type, __u16 id)
{
	__u8 question = 0;
	bool answer = false;

	if (ends->protocol == RW_IP_ICMP) {
		answer = type == 0 || type == 14 || type == 16 || type == 18;
		question = type == 0 ? 8 : answer ? (__u8)(type - 1) : type;
	} else {
		answer = type == 129 || type == 140;
		question = answer ? (__u8)(type - 1) : type;
	}
	if (!rw_icmp_is_question(ends->family, question)) {
		ends->source_port = 0;
		ends->destination_port = (__u16)(RW_PORT_ICMP_PLAIN + type);
	} else if (answer) {
		ends->source_port = question;
		ends->destination_port = id;
	} else {
		ends->source_port = id;
		ends->destination_port = question;
	}
}

/* Reads the ports (or ICMP's stand-in) of the header at the cursor; 8 bytes must be there. */
RW_INLINE bool rw_parse_ports(const struct rw_reader *reader, const struct rw_cursor *cursor,
			      struct rw_ends *ends)
{
	__be16 words[4];

	if (!rw_reader_copy(reader, cursor->offset, &words))
		return false;
	if (ends->protocol == RW_IP_TCP || ends->protocol == RW_IP_UDP) {
		ends->source_port = rw_be16_to_host(words[0]);
		ends->destination_port = rw_be16_to_host(words[1]);
	} else {
		rw_parse_icmp_ports(ends, (__u8)(rw_be16_to_host(words[0]) >> 8), rw_be16_to_host(words[2]));
	}
	return true;
}

RW_INLINE bool rw_protocol_is_read(__u8 family, __u8 protocol)
{
	return protocol == RW_IP_TCP || protocol == RW_IP_UDP ||
	       protocol == (family == 4 ? RW_IP_ICMP : RW_IP_ICMPV6);
}

RW_INLINE bool rw_icmp_is_error(__u8 family, __u8 type)
{
	if (family == 4)
		return type == 3 || type == 4 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

/*
 * Walks IPv6 extension headers from 'cursor' to the upper protocol.  Authentication and ESP headers count
 * as upper protocols.  False when a header is cut or there are too many.
 */
RW_INLINE bool rw_parse_extensions(const struct rw_reader *reader, struct rw_cursor *cursor,
				   struct rw_frame *frame)
{
	for (int count = 0; count <= RW_PARSE_EXTENSIONS_MAX; count++) {
		__u8 header[8];

		if (cursor->next != 0 && cursor->next != 43 && cursor->next != 44 && cursor->next != 60 &&
		    cursor->next != 135 && cursor->next != 139 && cursor->next != 140)
			return true;
		if (count == RW_PARSE_EXTENSIONS_MAX || !rw_cursor_has(cursor, sizeof(header)) ||
		    !rw_reader_copy(reader, cursor->offset, &header))
			return false;
		if (cursor->next == 44) {
			__u32 field = (__u32)header[2] << 8 | header[3];

			if (frame->has_fragment_header)
				return false;
			frame->has_fragment_header = 1;
			frame->fragment_id = (__u32)header[4] << 24 | (__u32)header[5] << 16 |
					     (__u32)header[6] << 8 | header[7];
			frame->fragment_offset = (__u16)(field >> 3);
			if (field & 0xfff8)
				frame->fragment = RW_FRAGMENT_LATER;
			else if (field & 1)
				frame->fragment = RW_FRAGMENT_FIRST;
			cursor->offset += sizeof(header);
		} else {
			cursor->offset += ((__u32)header[1] + 1) * 8;
			if (cursor->offset > cursor->end)
				return false;
		}
		cursor->next = header[0];
		if (frame->fragment == RW_FRAGMENT_LATER)
			return true;
	}
	return false;
}

/*
 * Reads the ends of the packet that an ICMP error quotes behind its own 8 bytes.  An error that quotes too
 * little is an ordinary ICMP message.
 */
RW_INLINE void rw_parse_quoted(const struct rw_reader *reader, struct rw_cursor cursor,
			       struct rw_frame *frame)
{
	struct rw_ends *quoted = &frame->quoted;

	quoted->family = frame->ends.family;
	cursor.offset += 8;
	if (quoted->family == 4) {
		struct rw_ipv4_header header;
		__u32 size;

		if (!rw_cursor_has(&cursor, sizeof(header)) ||
		    !rw_reader_copy(reader, cursor.offset, &header))
			return;
		size = (header.version_length & 15u) * 4;
		if (header.version_length >> 4 != 4 || size < sizeof(header) ||
		    rw_be16_to_host(header.fragment) & 0x1fff)
			return;
		quoted->source[0] = header.source;
		quoted->destination[0] = header.destination;
		quoted->protocol = header.protocol;
		cursor.offset += size;
	} else {
		struct rw_ipv6_header header;

		if (!rw_cursor_has(&cursor, sizeof(header)) ||
		    !rw_reader_copy(reader, cursor.offset, &header) ||
		    rw_be32_to_host(header.version_class_flow) >> 28 != 6)
			return;
		for (int i = 0; i < 4; i++) {
			quoted->source[i] = header.source[i];
			quoted->destination[i] = header.destination[i];
		}
		quoted->protocol = header.next;
		cursor.offset += sizeof(header);
		/* One extension header is common: the fragment header of what was too large. */
		if (header.next == 44) {
			__u8 extension[8];

			if (!rw_cursor_has(&cursor, sizeof(extension)) ||
			    !rw_reader_copy(reader, cursor.offset, &extension) || extension[2] ||
			    extension[3] & 0xf8)
				return;
			quoted->protocol = extension[0];
			cursor.offset += sizeof(extension);
		}
	}
	if (rw_protocol_is_read(quoted->family, quoted->protocol)) {
		if (cursor.offset > cursor.end || !rw_cursor_has(&cursor, 8) ||
		    !rw_parse_ports(reader, &cursor, quoted))
			return;
	}
	frame->is_error = 1;
}

/* Reads the upper header at 'cursor', which is not in a later fragment. */
RW_INLINE enum rw_parse_status rw_parse_upper(const struct rw_reader *reader, const struct rw_cursor *cursor,
					      struct rw_frame *frame)
{
	enum rw_parse_status cut =
		frame->fragment == RW_FRAGMENT_FIRST ? RW_PARSE_TINY_FRAGMENT : RW_PARSE_MALFORMED;
	struct rw_ends *ends = &frame->ends;
	__u32 size;

	if (ends->protocol == RW_IP_TCP) {
		__be16 words[7]; /* as far as the flags */

		if (!rw_cursor_has(cursor, 20) || !rw_reader_copy_head(reader, cursor->offset, &words))
			return cut;
		size = (__u32)(rw_be16_to_host(words[6]) >> 12) * 4;
		if (size < 20)
			return RW_PARSE_MALFORMED;
		if (!rw_cursor_has(cursor, size))
			return cut;
		ends->source_port = rw_be16_to_host(words[0]);
		ends->destination_port = rw_be16_to_host(words[1]);
		frame->tcp_flags = (__u8)rw_be16_to_host(words[6]);
		return RW_PARSE_IP;
	}
	if (ends->protocol == RW_IP_UDP) {
		__be16 words[2];

		if (!rw_cursor_has(cursor, 8) || !rw_reader_copy_head(reader, cursor->offset, &words))
			return cut;
		ends->source_port = rw_be16_to_host(words[0]);
		ends->destination_port = rw_be16_to_host(words[1]);
		return RW_PARSE_IP;
	}
	if (ends->protocol == RW_IP_IGMP && ends->family == 4) {
		if (!rw_cursor_has(cursor, 8) || !rw_reader_copy(reader, cursor->offset, &frame->icmp_type))
			return cut;
		return RW_PARSE_IP;
	}
	if (!rw_protocol_is_read(ends->family, ends->protocol))
		return RW_PARSE_IP;
	if (!rw_cursor_has(cursor, 8) || !rw_parse_ports(reader, cursor, ends))
		return cut;
	if (!rw_reader_copy(reader, cursor->offset, &frame->icmp_type))
		return cut;
	if (rw_icmp_is_error(ends->family, frame->icmp_type))
		rw_parse_quoted(reader, *cursor, frame);
	return RW_PARSE_IP;
}

/* TCP at offset 1 would let a later fragment rewrite the flags that the first was decided by. */
RW_INLINE enum rw_parse_status rw_parse_later(__u8 protocol, __u32 offset)
{
	return protocol == RW_IP_TCP && offset == 1 ? RW_PARSE_TINY_FRAGMENT : RW_PARSE_IP;
}

RW_INLINE enum rw_parse_status rw_parse_ipv4(const struct rw_reader *reader, __u32 offset, bool merged,
					     struct rw_frame *frame)
{
	struct rw_ipv4_header header;
	struct rw_cursor cursor = {.offset = offset};
	__u32 length, size, field;

	if (!rw_reader_copy_head(reader, offset, &header))
		return RW_PARSE_MALFORMED;
	size = (header.version_length & 15u) * 4;
	length = rw_be16_to_host(header.length);
	if (length == 0 && merged)
		length = reader->length - offset;
	frame->ends.source[0] = header.source;
	frame->ends.destination[0] = header.destination;
	frame->ends.protocol = header.protocol;
	frame->hop_limit = header.hop_limit;
	if (header.version_length >> 4 != 4 || size < sizeof(header) || length < size ||
	    length > reader->length - offset)
		return RW_PARSE_MALFORMED;
	cursor.end = offset + length;
	cursor.offset = offset + size;
	field = rw_be16_to_host(header.fragment);
	frame->fragment_id = rw_be16_to_host(header.id);
	if (field & 0x1fff) {
		frame->fragment = RW_FRAGMENT_LATER;
		return rw_parse_later(header.protocol, field & 0x1fff);
	}
	if (field & 0x2000)
		frame->fragment = RW_FRAGMENT_FIRST;
	return rw_parse_upper(reader, &cursor, frame);
}

RW_INLINE enum rw_parse_status rw_parse_ipv6(const struct rw_reader *reader, __u32 offset, bool merged,
					     struct rw_frame *frame)
{
	struct rw_ipv6_header header;
	struct rw_cursor cursor;
	__u32 length;

	if (!rw_reader_copy_head(reader, offset, &header))
		return RW_PARSE_MALFORMED;
	for (int i = 0; i < 4; i++) {
		frame->ends.source[i] = header.source[i];
		frame->ends.destination[i] = header.destination[i];
	}
	frame->ends.protocol = header.next;
	frame->hop_limit = header.hop_limit;
	length = sizeof(header) + rw_be16_to_host(header.payload_length);
	if (length == sizeof(header) && merged)
		length = reader->length - offset;
	if (rw_be32_to_host(header.version_class_flow) >> 28 != 6 || length > reader->length - offset)
		return RW_PARSE_MALFORMED;
	cursor.end = offset + length;
	cursor.offset = offset + sizeof(header);
	cursor.next = header.next;
	if (!rw_parse_extensions(reader, &cursor, frame))
		return frame->fragment == RW_FRAGMENT_FIRST ? RW_PARSE_TINY_FRAGMENT : RW_PARSE_MALFORMED;
	frame->ends.protocol = cursor.next;
	if (frame->fragment == RW_FRAGMENT_LATER)
		return rw_parse_later(cursor.next, frame->fragment_offset);
	return rw_parse_upper(reader, &cursor, frame);
}

/*
 * Parses the packet of 'family' (4 or 6) whose IP header is at 'offset'.  'frame' must be zeroed; it has
 * the addresses also of a malformed packet whose IP header was there.  'merged' says that the kernel
 * merged several packets into one, which may then be longer than the IP header can say.
 */
RW_INLINE enum rw_parse_status rw_parse(const struct rw_reader *reader, __u32 offset, __u8 family,
					bool merged, struct rw_frame *frame)
{
	if (offset > reader->length)
		return RW_PARSE_MALFORMED;
	frame->ends.family = family;
	if (family == 4)
		return rw_parse_ipv4(reader, offset, merged, frame);
	return rw_parse_ipv6(reader, offset, merged, frame);
}
