/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pcapng.h"

#include <stdio.h>
#include <string.h>

/* Section and names as in the draft. */
enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
};
enum {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_IF_TIME_RESOLUTION = 9,
	OPTION_EPB_FLAGS = 2,
	OPTION_EPB_DROP_COUNT = 4,
	OPTION_SHB_APPLICATION = 4,
};
enum {
	LINK_ETHERNET = 1,
	LINK_RAW = 101, /* IPv4 or IPv6, by its version */
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define NANOSECONDS      9 /* 10^-9 */

static void put16(struct rw_buf *buf, uint16_t value)
{
	(void)rw_buf_append(buf, &value, sizeof(value));
}

static void put32(struct rw_buf *buf, uint32_t value)
{
	(void)rw_buf_append(buf, &value, sizeof(value));
}

/* Bytes and what fills them up to a multiple of four. */
static void put_padded(struct rw_buf *buf, const void *bytes, size_t size)
{
	(void)rw_buf_append(buf, bytes, size);
	(void)rw_buf_append(buf, "\0\0\0", -size & 3);
}

static void put_option(struct rw_buf *buf, uint16_t code, const void *value, size_t size)
{
	put16(buf, code);
	put16(buf, (uint16_t)size);
	put_padded(buf, value, size);
}

/* Begins a block; its length is filled in by the end. */
static size_t begin_block(struct rw_buf *buf, uint32_t type)
{
	size_t start = buf->size;

	put32(buf, type);
	put32(buf, 0);
	return start;
}

static void end_block(struct rw_buf *buf, size_t start)
{
	uint32_t length;

	put_option(buf, OPTION_END, "", 0);
	length = (uint32_t)(buf->size - start) + (uint32_t)sizeof(length);
	put32(buf, length);
	if (!buf->failed)
		memcpy(buf->data + start + 4, &length, sizeof(length));
}

void rw_pcapng_begin(struct rw_pcapng *pcapng, const char *program, struct rw_buf *buf)
{
	size_t start = begin_block(buf, BLOCK_SECTION);
	const uint64_t unknown_length = UINT64_MAX;

	*pcapng = (struct rw_pcapng){0};
	put32(buf, BYTE_ORDER_MAGIC);
	put16(buf, 1); /* version 1.0 */
	put16(buf, 0);
	(void)rw_buf_append(buf, &unknown_length, sizeof(unknown_length));
	put_option(buf, OPTION_SHB_APPLICATION, program, strlen(program));
	end_block(buf, start);
}

static void append_interface(const char *name, bool layer3, struct rw_buf *buf)
{
	size_t start = begin_block(buf, BLOCK_INTERFACE);
	const uint8_t resolution = NANOSECONDS;

	put16(buf, layer3 ? LINK_RAW : LINK_ETHERNET);
	put16(buf, 0);
	put32(buf, 0); /* no limit is told: each packet has its own */
	put_option(buf, OPTION_IF_NAME, name, strlen(name));
	put_option(buf, OPTION_IF_TIME_RESOLUTION, &resolution, sizeof(resolution));
	end_block(buf, start);
}

/* The number of the packet's interface, described now if it was not; -E2BIG. */
static int find_interface(struct rw_pcapng *pcapng, const struct rw_pcapng_packet *packet, struct rw_buf *buf)
{
	size_t at = 0;

	while (at < pcapng->interface_count && (strcmp(pcapng->interfaces[at].name, packet->interface) != 0 ||
						pcapng->interfaces[at].layer3 != packet->layer3))
		at++;
	if (at == RW_PCAPNG_INTERFACES_MAX)
		return -E2BIG;
	if (at == pcapng->interface_count) {
		(void)snprintf(pcapng->interfaces[at].name, sizeof(pcapng->interfaces[at].name), "%s",
			       packet->interface);
		pcapng->interfaces[at].layer3 = packet->layer3;
		pcapng->interface_count++;
		append_interface(pcapng->interfaces[at].name, packet->layer3, buf);
	}
	return (int)at;
}

int rw_pcapng_append(struct rw_pcapng *pcapng, const struct rw_pcapng_packet *packet, struct rw_buf *buf)
{
	const uint32_t flags = packet->outbound ? 2 : 1; /* direction, in the two lowest bits */
	int interface = find_interface(pcapng, packet, buf);
	size_t start;

	if (interface < 0)
		return interface;
	start = begin_block(buf, BLOCK_PACKET);
	put32(buf, (uint32_t)interface);
	put32(buf, (uint32_t)(packet->time_ns >> 32));
	put32(buf, (uint32_t)packet->time_ns);
	put32(buf, packet->captured);
	put32(buf, packet->length);
	put_padded(buf, packet->bytes, packet->captured);
	put_option(buf, OPTION_EPB_FLAGS, &flags, sizeof(flags));
	if (packet->lost)
		put_option(buf, OPTION_EPB_DROP_COUNT, &packet->lost, sizeof(packet->lost));
	put_option(buf, OPTION_COMMENT, packet->comment, strnlen(packet->comment, RW_PCAPNG_COMMENT_MAX));
	end_block(buf, start);
	return 0;
}
