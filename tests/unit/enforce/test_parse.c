/* SPDX-License-Identifier: Apache-2.0 */

/* The packet parser of bpf/lib, on the host. */

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "lib/rw_parse.h"

static const struct rw_packet udp4 = {
	.direction = RW_DIRECTION_INGRESS,
	.protocol = RW_PROTOCOL_UDP,
	.hop_limit = 64,
	.local = {4, {10, 0, 0, 2}},
	.remote = {4, {192, 0, 2, 1}},
	.local_port = 53,
	.remote_port = 40000,
};

static struct rw_packet udp6(void)
{
	struct rw_packet packet = udp4;

	packet.local = (struct rw_address){6, {0xfd, 0, [15] = 2}};
	packet.remote = (struct rw_address){6, {0x20, 1, 0x0d, 0xb8, [15] = 1}};
	return packet;
}

static struct rw_frame parsed;

/* Parses from memory of exactly that size, so that a sanitizer sees the first byte behind it. */
static enum rw_parse_status parse_bytes(const uint8_t *bytes, size_t size, uint8_t family, bool merged)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct rw_reader reader = {.bytes = exact, .length = (uint32_t)size};
	enum rw_parse_status status;

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	memset(&parsed, 0, sizeof(parsed));
	status = rw_parse(&reader, 0, family, merged, &parsed);
	free(exact);
	return status;
}

static enum rw_parse_status parse(const struct rw_packet *packet, unsigned int options)
{
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(packet, options | FRAME_NO_LINK, 7, frame);

	return parse_bytes(frame, size, packet->local.family, false);
}

static void reads_both_families(void **state)
{
	struct rw_packet packets[] = {udp4, udp6()};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t size = packets[i].local.family == 4 ? 4 : 16;

		assert_int_equal(parse(&packets[i], 0), RW_PARSE_IP);
		assert_memory_equal(parsed.ends.source, packets[i].remote.bytes, size);
		assert_memory_equal(parsed.ends.destination, packets[i].local.bytes, size);
		assert_int_equal(parsed.ends.source_port, 40000);
		assert_int_equal(parsed.ends.destination_port, 53);
		assert_int_equal(parsed.ends.protocol, RW_PROTOCOL_UDP);
		assert_int_equal(parsed.hop_limit, 64);
		assert_int_equal(parsed.fragment, RW_FRAGMENT_NONE);
	}
}

static void refuses_every_packet_that_is_cut(void **state)
{
	static const uint8_t protocols[] = {RW_PROTOCOL_TCP,    RW_PROTOCOL_UDP,  RW_PROTOCOL_ICMP,
					    RW_PROTOCOL_ICMPV6, RW_PROTOCOL_IGMP, RW_PROTOCOL_GRE};
	uint8_t frame[FRAME_MAX];
	size_t cuts = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		struct rw_packet packets[] = {udp4, udp6()};

		for (size_t family = 0; family < 2; family++) {
			size_t size;

			packets[family].protocol = protocols[i];
			size = frame_build(&packets[family], FRAME_NO_LINK, 7, frame);
			for (size_t cut = 0; cut < size; cut++)
				assert_int_equal(parse_bytes(frame, cut, packets[family].local.family, false),
						 RW_PARSE_MALFORMED);
			cuts += size;
			assert_int_equal(parse_bytes(frame, size, packets[family].local.family, false),
					 RW_PARSE_IP);
		}
	}
	assert_int_equal(cuts, 624);
}

static void accepts_bytes_behind_the_packet(void **state)
{
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(&udp4, FRAME_NO_LINK, 7, frame);

	(void)state;
	assert_int_equal(parse_bytes(frame, size + 18, 4, false), RW_PARSE_IP);
}

static void takes_length_zero_only_of_merged_packets(void **state)
{
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(&udp4, FRAME_NO_LINK, 7, frame);

	(void)state;
	frame[2] = frame[3] = 0;
	assert_int_equal(parse_bytes(frame, size, 4, false), RW_PARSE_MALFORMED);
	assert_int_equal(parse_bytes(frame, size, 4, true), RW_PARSE_IP);
}

static void refuses_headers_that_lie(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct rw_packet tcp = udp4;
	size_t size;

	(void)state;
	size = frame_build(&udp4, FRAME_NO_LINK, 7, frame);
	frame[0] = 0x44; /* header of 16 bytes */
	assert_int_equal(parse_bytes(frame, size, 4, false), RW_PARSE_MALFORMED);
	frame[0] = 0x65; /* not IPv4 */
	assert_int_equal(parse_bytes(frame, size, 4, false), RW_PARSE_MALFORMED);
	tcp.protocol = RW_PROTOCOL_TCP;
	size = frame_build(&tcp, FRAME_NO_LINK, 7, frame);
	frame[32] = 4 << 4; /* TCP header of 16 bytes */
	assert_int_equal(parse_bytes(frame, size, 4, false), RW_PARSE_MALFORMED);
	frame[32] = 15 << 4; /* ... of more than there is */
	assert_int_equal(parse_bytes(frame, size, 4, false), RW_PARSE_MALFORMED);
}

static void tells_fragments_apart(void **state)
{
	struct rw_packet packets[] = {udp4, udp6()};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(parse(&packets[i], FRAME_FIRST_FRAGMENT), RW_PARSE_IP);
		assert_int_equal(parsed.fragment, RW_FRAGMENT_FIRST);
		assert_int_equal(parsed.fragment_id, 7);
		assert_int_equal(parsed.ends.destination_port, 53);
		packets[i].fragment = true;
		assert_int_equal(parse(&packets[i], 0), RW_PARSE_IP);
		assert_int_equal(parsed.fragment, RW_FRAGMENT_LATER);
		assert_int_equal(parsed.ends.destination_port, 0);
	}
}

static void refuses_tiny_fragments(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct rw_packet tcp = udp4;

	(void)state;
	tcp.protocol = RW_PROTOCOL_TCP;
	(void)frame_build(&tcp, FRAME_NO_LINK | FRAME_FIRST_FRAGMENT, 7, frame);
	frame[3] = 36; /* 16 bytes of TCP */
	assert_int_equal(parse_bytes(frame, 36, 4, false), RW_PARSE_TINY_FRAGMENT);
	tcp.fragment = true;
	(void)frame_build(&tcp, FRAME_NO_LINK, 7, frame);
	frame[6] = 0;
	frame[7] = 1; /* a fragment that begins in the TCP header */
	assert_int_equal(parse_bytes(frame, 52, 4, false), RW_PARSE_TINY_FRAGMENT);
	frame[7] = 2;
	assert_int_equal(parse_bytes(frame, 52, 4, false), RW_PARSE_IP);
}

/* A UDP packet behind 'count' destination options; its size. */
static size_t build_extensions(unsigned int count, uint8_t bytes[FRAME_MAX + 80])
{
	struct rw_packet packet = udp6();
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(&packet, FRAME_NO_LINK, 7, frame);

	memcpy(bytes, frame, 40);
	memset(bytes + 40, 0, (size_t)count * 8);
	for (unsigned int i = 0; i < count; i++)
		bytes[40 + i * 8] = i + 1 < count ? 60 : 17;
	memcpy(bytes + 40 + count * 8, frame + 40, size - 40);
	if (count)
		bytes[6] = 60;
	bytes[5] = (uint8_t)(size - 40 + count * 8);
	return size + count * 8;
}

static enum rw_parse_status parse_extensions(unsigned int count)
{
	uint8_t bytes[FRAME_MAX + 80];
	size_t size = build_extensions(count, bytes);

	return parse_bytes(bytes, size, 6, false);
}

/* Every cut of a packet that is whole; how many there are. */
static size_t refuse_cuts(const uint8_t *bytes, size_t size, uint8_t family)
{
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(parse_bytes(bytes, cut, family, false), RW_PARSE_MALFORMED);
	assert_int_equal(parse_bytes(bytes, size, family, false), RW_PARSE_IP);
	return size;
}

static void refuses_cut_fragments_extensions_and_errors(void **state)
{
	uint8_t frame[FRAME_MAX], bytes[FRAME_MAX + 80];
	size_t cuts = 0;

	(void)state;
	for (size_t family = 0; family < 2; family++) {
		struct rw_packet packet = family ? udp6() : udp4, error = packet, quoted = packet;
		size_t size = frame_build(&packet, FRAME_NO_LINK | FRAME_FIRST_FRAGMENT, 7, frame);

		cuts += refuse_cuts(frame, size, packet.local.family);
		packet.fragment = true;
		size = frame_build(&packet, FRAME_NO_LINK, 7, frame);
		cuts += refuse_cuts(frame, size, packet.local.family);
		error.protocol = family ? RW_PROTOCOL_ICMPV6 : RW_PROTOCOL_ICMP;
		error.icmp_type = family ? 1 : 3;
		quoted.direction = RW_DIRECTION_EGRESS;
		size = frame_build_error(&error, &quoted, frame) - FRAME_LINK_SIZE;
		cuts += refuse_cuts(frame + FRAME_LINK_SIZE, size, packet.local.family);
	}
	for (unsigned int count = 1; count <= 8; count++) {
		size_t size = build_extensions(count, bytes);

		cuts += refuse_cuts(bytes, size, 6);
	}
	assert_int_equal(cuts, 1160);
}

static void reads_at_most_eight_extension_headers(void **state)
{
	(void)state;
	for (unsigned int count = 0; count <= 8; count++) {
		assert_int_equal(parse_extensions(count), RW_PARSE_IP);
		assert_int_equal(parsed.ends.protocol, RW_PROTOCOL_UDP);
		assert_int_equal(parsed.ends.destination_port, 53);
	}
	assert_int_equal(parse_extensions(9), RW_PARSE_MALFORMED);
}

static void question_and_answer_of_icmp_are_one_flow(void **state)
{
	struct rw_packet ping = udp4;
	struct rw_ends question;

	(void)state;
	ping.protocol = RW_PROTOCOL_ICMP;
	ping.icmp_type = 8;
	assert_int_equal(parse(&ping, 0), RW_PARSE_IP);
	question = parsed.ends;
	ping.direction = RW_DIRECTION_EGRESS;
	ping.icmp_type = 0;
	assert_int_equal(parse(&ping, 0), RW_PARSE_IP);
	assert_int_equal(parsed.ends.source_port, question.destination_port);
	assert_int_equal(parsed.ends.destination_port, question.source_port);
	/* A question the other way is none of it. */
	ping.icmp_type = 8;
	assert_int_equal(parse(&ping, 0), RW_PARSE_IP);
	assert_int_not_equal(parsed.ends.source_port, question.destination_port);
}

static void error_gives_the_ends_of_what_it_quotes(void **state)
{
	struct rw_packet error = udp4, quoted = udp4;
	uint8_t frame[FRAME_MAX];
	size_t size;

	(void)state;
	error.protocol = RW_PROTOCOL_ICMP;
	error.icmp_type = 3;
	quoted.direction = RW_DIRECTION_EGRESS;
	size = frame_build_error(&error, &quoted, frame) - FRAME_LINK_SIZE;
	assert_int_equal(parse_bytes(frame + FRAME_LINK_SIZE, size, 4, false), RW_PARSE_IP);
	assert_int_equal(parsed.is_error, 1);
	assert_memory_equal(parsed.quoted.source, quoted.local.bytes, 4);
	assert_int_equal(parsed.quoted.source_port, 53);
	assert_int_equal(parsed.quoted.destination_port, 40000);
	/* One that quotes too little is a message like others. */
	for (size_t left = 28; left < 28 + 28; left++) {
		frame[FRAME_LINK_SIZE + 3] = (uint8_t)left;
		assert_int_equal(parse_bytes(frame + FRAME_LINK_SIZE, left, 4, false), RW_PARSE_IP);
		assert_int_equal(parsed.is_error, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_families),
		cmocka_unit_test(refuses_every_packet_that_is_cut),
		cmocka_unit_test(accepts_bytes_behind_the_packet),
		cmocka_unit_test(takes_length_zero_only_of_merged_packets),
		cmocka_unit_test(refuses_headers_that_lie),
		cmocka_unit_test(tells_fragments_apart),
		cmocka_unit_test(refuses_tiny_fragments),
		cmocka_unit_test(refuses_cut_fragments_extensions_and_errors),
		cmocka_unit_test(reads_at_most_eight_extension_headers),
		cmocka_unit_test(question_and_answer_of_icmp_are_one_flow),
		cmocka_unit_test(error_gives_the_ends_of_what_it_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
