/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A strict reader of the pcapng that tests expect: one section of this machine's byte order, interfaces and packets.
 * Whatever is not as the format says -- lengths, order, padding, options, numbers of interfaces -- fails the test.
 */

#include <stddef.h>
#include <stdint.h>

#define PCAPNG_PACKETS_MAX 64

struct pcapng_packet {
	char interface[32];
	uint16_t link; /* LINKTYPE_* */
	uint64_t time_ns;
	uint32_t captured, length;
	const uint8_t *bytes; /* lent by the file's content */
	uint32_t flags;
	uint64_t lost;
	char comment[600];
};

struct pcapng_file {
	char application[64];
	size_t interface_count;
	struct {
		char name[32];
		uint16_t link;
	} interfaces[256];
	struct pcapng_packet packets[PCAPNG_PACKETS_MAX];
	size_t packet_count;
};

void pcapng_read(const void *content, size_t size, struct pcapng_file *ret_file);
