/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <string.h>

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum(const uint8_t *bytes, size_t size, uint32_t start)
{
	for (size_t i = 0; i < size; i++)
		start += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	return start;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

/* Where the upper protocol has its checksum, or 0. */
static size_t checksum_offset(uint8_t protocol)
{
	switch (protocol) {
	case RW_PROTOCOL_TCP:
		return 16;
	case RW_PROTOCOL_UDP:
		return 6;
	case RW_PROTOCOL_ICMP:
	case RW_PROTOCOL_ICMPV6:
	case RW_PROTOCOL_IGMP:
		return 2;
	default:
		return 0;
	}
}

/* The upper header with 12 bytes behind it. */
static size_t build_upper(const struct rw_packet *packet, uint16_t id, uint8_t *upper)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;

	if (packet->protocol == RW_PROTOCOL_TCP || packet->protocol == RW_PROTOCOL_UDP) {
		put16(upper, ingress ? packet->remote_port : packet->local_port);
		put16(upper + 2, ingress ? packet->local_port : packet->remote_port);
	}
	if (packet->protocol == RW_PROTOCOL_TCP) {
		upper[12] = 5 << 4;
		upper[13] = packet->tcp_flags;
		put16(upper + 14, 1000);
		return 32;
	}
	if (packet->protocol == RW_PROTOCOL_UDP) {
		put16(upper + 4, 20);
		return 20;
	}
	if (checksum_offset(packet->protocol)) {
		upper[0] = packet->icmp_type;
		put16(upper + 4, id);
	}
	return 20;
}

static void finish_checksum(const struct rw_packet *packet, const uint8_t *addresses, size_t address_size,
			    uint8_t *upper, size_t size)
{
	size_t offset = checksum_offset(packet->protocol);
	uint32_t total = 0;

	if (!offset)
		return;
	put16(upper + offset, 0);
	if (packet->protocol != RW_PROTOCOL_ICMP && packet->protocol != RW_PROTOCOL_IGMP)
		total = sum(addresses, address_size, (uint32_t)size + packet->protocol);
	put16(upper + offset, fold(sum(upper, size, total)));
}

/* Puts the IP header before 'size' bytes of upper protocol; returns where the packet ends. */
static size_t build_ipv4(const struct rw_packet *packet, unsigned int options, uint16_t id, uint8_t *ip,
			 size_t size)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;

	ip[0] = 0x45;
	put16(ip + 2, (unsigned int)(20 + size) + (packet->malformed ? 100 : 0));
	put16(ip + 4, id);
	put16(ip + 6, packet->fragment ? 50 : options & FRAME_FIRST_FRAGMENT ? 0x2000 : 0);
	ip[8] = packet->hop_limit;
	ip[9] = packet->protocol;
	memcpy(ip + 12, ingress ? packet->remote.bytes : packet->local.bytes, 4);
	memcpy(ip + 16, ingress ? packet->local.bytes : packet->remote.bytes, 4);
	put16(ip + 10, fold(sum(ip, 20, 0)));
	return 20 + size;
}

static size_t build_ipv6(const struct rw_packet *packet, unsigned int options, uint16_t id, uint8_t *ip,
			 size_t size)
{
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	bool fragment = packet->fragment || options & FRAME_FIRST_FRAGMENT;
	size_t extension = fragment ? 8 : 0;

	ip[0] = 0x60;
	put16(ip + 4, (unsigned int)(size + extension) + (packet->malformed ? 100 : 0));
	ip[6] = fragment ? 44 : packet->protocol;
	ip[7] = packet->hop_limit;
	memcpy(ip + 8, ingress ? packet->remote.bytes : packet->local.bytes, 16);
	memcpy(ip + 24, ingress ? packet->local.bytes : packet->remote.bytes, 16);
	if (fragment) {
		memmove(ip + 48, ip + 40, size);
		memset(ip + 40, 0, 8);
		ip[40] = packet->protocol;
		put16(ip + 42, packet->fragment ? 50 << 3 : 1);
		put16(ip + 46, id);
	}
	return 40 + extension + size;
}

static size_t build_link(const struct rw_packet *packet, unsigned int options, uint8_t *frame)
{
	static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	bool ingress = packet->direction == RW_DIRECTION_INGRESS;
	size_t at = 12;

	memcpy(frame, addresses + (ingress ? 0 : 6), 6);
	memcpy(frame + 6, addresses + (ingress ? 6 : 0), 6);
	if (options & FRAME_TAGGED) {
		put16(frame + at, 0x8100);
		at += 4;
	}
	put16(frame + at, packet->local.family == 4 ? 0x0800 : 0x86dd);
	return at + 2;
}

static size_t build(const struct rw_packet *packet, unsigned int options, uint16_t id, const uint8_t *payload,
		    size_t payload_size, uint8_t frame[FRAME_MAX])
{
	size_t link, header = packet->local.family == 4 ? 20 : 40, size, total;
	uint8_t *ip, *upper;

	memset(frame, 0, FRAME_MAX);
	link = options & FRAME_NO_LINK ? 0 : build_link(packet, options, frame);
	ip = frame + link;
	upper = ip + header;
	size = build_upper(packet, id, upper);
	if (payload) {
		memcpy(upper + 8, payload, payload_size);
		size = 8 + payload_size;
	}
	/* Addresses first: the checksum covers them. */
	if (packet->local.family == 4) {
		(void)build_ipv4(packet, 0, id, ip, size);
		finish_checksum(packet, ip + 12, 8, upper, size);
		total = build_ipv4(packet, options, id, memset(ip, 0, 20), size);
	} else {
		struct rw_packet whole = *packet;

		whole.fragment = false;
		(void)build_ipv6(&whole, 0, id, ip, size);
		finish_checksum(packet, ip + 8, 32, upper, size);
		total = build_ipv6(packet, options, id, memset(ip, 0, 40), size);
	}
	return link + total;
}

size_t frame_build(const struct rw_packet *packet, unsigned int options, uint16_t id,
		   uint8_t frame[FRAME_MAX])
{
	return build(packet, options, id, NULL, 0, frame);
}

size_t frame_put_tags(uint8_t *frame, size_t size, uint16_t outer, const uint16_t *ids, size_t count)
{
	const size_t at = FRAME_LINK_SIZE - 2;

	memmove(frame + at + 4 * count, frame + at, size - at);
	for (size_t i = 0; i < count; i++) {
		put16(frame + at + 4 * i, i + 1 < count ? outer : 0x8100);
		put16(frame + at + 4 * i + 2, ids[i]);
	}
	return size + 4 * count;
}

size_t frame_build_error(const struct rw_packet *packet, const struct rw_packet *quoted,
			 uint8_t frame[FRAME_MAX])
{
	uint8_t inner[FRAME_MAX];
	size_t size = frame_build(quoted, FRAME_NO_LINK, 7, inner);

	return build(packet, 0, 0, inner, size, frame);
}
