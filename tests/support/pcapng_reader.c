/* SPDX-License-Identifier: Apache-2.0 */
#include "pcapng_reader.h"

#include <stdbool.h>
#include <string.h>

#include "test.h"

/* What is left of a block's body, or of the file. */
struct span {
	const uint8_t *at;
	size_t size;
};

static const uint8_t *take(struct span *span, size_t size)
{
	const uint8_t *bytes = span->at;

	assert_true(size <= span->size);
	span->at += size;
	span->size -= size;
	return bytes;
}

static uint32_t take32(struct span *span)
{
	uint32_t value;

	memcpy(&value, take(span, sizeof(value)), sizeof(value));
	return value;
}

static uint16_t take16(struct span *span)
{
	uint16_t value;

	memcpy(&value, take(span, sizeof(value)), sizeof(value));
	return value;
}

static const uint8_t *take_padded(struct span *span, size_t size)
{
	const uint8_t *bytes = take(span, size), *padding = take(span, -size & 3);

	for (size_t i = 0; i < (-size & 3); i++)
		assert_int_equal(padding[i], 0);
	return bytes;
}

/* The next option; false at the end of options, which must be the end of the block. */
static bool take_option(struct span *body, uint16_t *ret_code, struct span *ret_value)
{
	*ret_code = take16(body);
	ret_value->size = take16(body);
	if (*ret_code == 0) {
		assert_int_equal(ret_value->size, 0);
		assert_int_equal(body->size, 0);
		return false;
	}
	ret_value->at = take_padded(body, ret_value->size);
	return true;
}

static void copy_text(struct span value, char *text, size_t size)
{
	assert_true(value.size < size);
	memcpy(text, value.at, value.size);
	text[value.size] = '\0';
}

static void read_section(struct span body, struct pcapng_file *file)
{
	struct span value;
	uint16_t code;

	assert_int_equal(take32(&body), 0x1a2b3c4d);
	assert_int_equal(take16(&body), 1);
	assert_int_equal(take16(&body), 0);
	(void)take(&body, 8);
	while (take_option(&body, &code, &value)) {
		assert_int_equal(code, 4);
		copy_text(value, file->application, sizeof(file->application));
	}
}

static void read_interface(struct span body, struct pcapng_file *file)
{
	bool nanoseconds = false;
	struct span value;
	uint16_t code;

	assert_true(file->interface_count < 256);
	file->interfaces[file->interface_count].link = take16(&body);
	assert_int_equal(take16(&body), 0);
	(void)take32(&body);
	while (take_option(&body, &code, &value)) {
		if (code == 9) {
			assert_int_equal(value.size, 1);
			nanoseconds = value.at[0] == 9;
		} else {
			assert_int_equal(code, 2);
			copy_text(value, file->interfaces[file->interface_count].name, 32);
		}
	}
	assert_true(nanoseconds);
	file->interface_count++;
}

static void read_packet_option(uint16_t code, struct span value, struct pcapng_packet *packet)
{
	switch (code) {
	case 1:
		copy_text(value, packet->comment, sizeof(packet->comment));
		return;
	case 2:
		packet->flags = take32(&value);
		break;
	case 4:
		memcpy(&packet->lost, take(&value, 8), 8);
		break;
	default:
		fail_msg("option %u of a packet", code);
	}
	assert_int_equal(value.size, 0);
}

static void read_packet(struct span body, struct pcapng_file *file)
{
	struct pcapng_packet *packet = &file->packets[file->packet_count++];
	struct span value;
	uint32_t interface;
	uint16_t code;

	assert_true(file->packet_count <= PCAPNG_PACKETS_MAX);
	*packet = (struct pcapng_packet){0};
	interface = take32(&body);
	assert_true(interface < file->interface_count);
	memcpy(packet->interface, file->interfaces[interface].name, sizeof(packet->interface));
	packet->link = file->interfaces[interface].link;
	packet->time_ns = (uint64_t)take32(&body) << 32;
	packet->time_ns |= take32(&body);
	packet->captured = take32(&body);
	packet->length = take32(&body);
	assert_true(packet->captured <= packet->length);
	packet->bytes = take_padded(&body, packet->captured);
	while (take_option(&body, &code, &value))
		read_packet_option(code, value, packet);
}

void pcapng_read(const void *content, size_t size, struct pcapng_file *ret_file)
{
	struct span file = {content, size};
	bool first = true;

	memset(ret_file, 0, sizeof(*ret_file));
	while (file.size) {
		uint32_t type = take32(&file), length = take32(&file);
		struct span body;

		assert_true(length >= 12 && length % 4 == 0);
		body.size = length - 12;
		body.at = take(&file, body.size);
		assert_int_equal(take32(&file), length);
		assert_int_equal(first, type == 0x0a0d0d0a);
		first = false;
		if (type == 0x0a0d0d0a)
			read_section(body, ret_file);
		else if (type == 1)
			read_interface(body, ret_file);
		else if (type == 6)
			read_packet(body, ret_file);
		else
			fail_msg("block of type %u", type);
	}
}
