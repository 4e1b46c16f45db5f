/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every kind of packet cut at every byte, through the programs in the kernel (BPF_PROG_TEST_RUN): each is dropped as
 * malformed, both ways and behind tags; the early stage leaves them to tc; the whole one is not malformed.
 */

#include "test.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "packet.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPEN       RULES("sgr-1 in accept all -1/-1 0.0.0.0/0", "sgr-2 in accept all -1/-1 ::/0")

#define TAG_SIZE 4

struct frame {
	uint8_t bytes[FRAME_MAX + 64];
	size_t size;
};

static struct rw_enforcer *enforcer;
static int node;
static unsigned int ifindex;
static size_t cuts;

static int set_up(void **state)
{
	(void)state;
	node = netns_new();
	netns_run(node, "ip link add eth0 type veth peer name p0; ip link set eth0 up");
	ifindex = netns_ifindex(node, "eth0");
	enforcer = filter_open(node, NULL);
	filter_apply(enforcer, node, "eth0", OPEN);
	filter_attach_as(enforcer, node,
			 (struct rw_enforcer_device){
				 .name = "eth0", .interface = "eth0", .early = RW_ENFORCER_EARLY_GENERIC});
	filter_enforce(enforcer, node);
	netns_enter(node);
	cuts = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enforcer = rw_enforcer_close(enforcer);
	netns_leave();
	(void)close(node);
	return 0;
}

/* ---- frames ---- */

static void insert(struct frame *frame, size_t at, const uint8_t *bytes, size_t size)
{
	memmove(frame->bytes + at + size, frame->bytes + at, frame->size - at);
	memcpy(frame->bytes + at, bytes, size);
	frame->size += size;
}

static bool is_ipv6(const struct frame *frame)
{
	return frame->bytes[12] == 0x86;
}

/* The length that the IP header tells; frames are shorter than 256 bytes. */
static void lengthen(struct frame *frame, size_t by)
{
	frame->bytes[FRAME_LINK_SIZE + (is_ipv6(frame) ? 5 : 3)] += (uint8_t)by;
}

/* IPv4 options, or an extension header of that kind. */
static void add_options(struct frame *frame, uint8_t kind)
{
	static const uint8_t options[4] = {1, 1, 1, 0};
	uint8_t header[8] = {frame->bytes[FRAME_LINK_SIZE + 6], 0, 1, 4};

	if (is_ipv6(frame)) {
		insert(frame, FRAME_LINK_SIZE + 40, header, sizeof(header));
		frame->bytes[FRAME_LINK_SIZE + 6] = kind;
		lengthen(frame, sizeof(header));
	} else {
		insert(frame, FRAME_LINK_SIZE + 20, options, sizeof(options));
		frame->bytes[FRAME_LINK_SIZE]++;
		lengthen(frame, sizeof(options));
	}
}

static void add_tcp_options(struct frame *frame)
{
	static const uint8_t options[4] = {2, 4, 5, 0xb4};
	size_t tcp = FRAME_LINK_SIZE + (is_ipv6(frame) ? 40 : 20);

	insert(frame, tcp + 20, options, sizeof(options));
	frame->bytes[tcp + 12] += 1 << 4;
	lengthen(frame, sizeof(options));
}

static struct frame build(const char *words, unsigned int options)
{
	struct rw_packet packet = world_packet(words);
	struct frame frame = {.size = 0};

	frame.size = frame_build(&packet, options, 7, frame.bytes);
	return frame;
}

/* ---- runs ---- */

static bool passes(size_t program, const struct frame *frame, size_t size)
{
	struct __sk_buff context = {.ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes, .data_size_in = (uint32_t)size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(rw_bpf_of(enforcer)->programs[program], &options), 0);
	return (int)options.retval == TC_ACT_UNSPEC;
}

static bool passes_early(const struct frame *frame, size_t size)
{
	struct xdp_md context = {.data_end = (uint32_t)size, .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes, .data_size_in = (uint32_t)size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);

	assert_int_equal(
		bpf_prog_test_run_opts(rw_bpf_of(enforcer)->programs[RW_BPF_PROGRAM_EARLY], &options), 0);
	return options.retval == XDP_PASS;
}

/*
 * The kernel runs no frame that ends with the link header, and newer ones none that ends in the IP header which the
 * link header tells of: cuts there come behind tags.
 */
static size_t first_cut(const struct frame *frame)
{
	switch (frame->bytes[12]) {
	case 0x08:
		return FRAME_LINK_SIZE + 20;
	case 0x86:
		return FRAME_LINK_SIZE + 40;
	default:
		return FRAME_LINK_SIZE + 1;
	}
}

static void cut_frame(size_t program, const struct frame *frame)
{
	for (size_t size = first_cut(frame); size < frame->size; size++, cuts++) {
		uint64_t before = filter_dropped(enforcer, RW_CAUSE_MALFORMED);

		assert_true(program != RW_BPF_PROGRAM_INGRESS || passes_early(frame, size));
		assert_false(passes(program, frame, size));
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_MALFORMED), before + 1);
	}
}

/* All cuts, without a tag and behind one and two; then the whole frame. */
static void cut(size_t program, struct frame frame)
{
	static const uint8_t tag[TAG_SIZE] = {0x81, 0x00, 0x00, 0x64};

	for (int tags = 0; tags <= 2; tags++) {
		uint64_t before = filter_dropped(enforcer, RW_CAUSE_MALFORMED);

		(void)passes(program, &frame, frame.size);
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_MALFORMED), before);
		cut_frame(program, &frame);
		insert(&frame, 12, tag, sizeof(tag));
	}
}

#define PEER4 "192.0.2.1 4000 10.0.0.2 53"
#define PEER6 "2001:db8::1 4000 fd00::2 53"

static void cuts_of_plain_packets_are_malformed(void **state)
{
	static const char *const words[] = {
		"tcp " PEER4, "udp " PEER4, "icmp " PEER4 " type=8",     "2 " PEER4, "47 " PEER4,
		"tcp " PEER6, "udp " PEER6, "icmpv6 " PEER6 " type=128", "47 " PEER6};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(words); i++) {
		for (size_t program = RW_BPF_PROGRAM_INGRESS; program <= RW_BPF_PROGRAM_EGRESS; program++) {
			char text[96];

			(void)snprintf(text, sizeof(text), "%s %s",
				       program == RW_BPF_PROGRAM_INGRESS ? "in" : "out", words[i]);
			cut(program, build(text, 0));
		}
	}
	assert_int_equal(cuts, 2444);
}

static void cuts_behind_options_and_extension_headers_are_malformed(void **state)
{
	static const uint8_t kinds[] = {0, 43, 60, 135};
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++) {
		frame = build("in udp " PEER6, 0);
		add_options(&frame, kinds[i]);
		cut(RW_BPF_PROGRAM_INGRESS, frame);
	}
	frame = build("in udp " PEER4, 0);
	add_options(&frame, 0);
	cut(RW_BPF_PROGRAM_INGRESS, frame);
	frame = build("in tcp " PEER4, 0);
	add_tcp_options(&frame);
	cut(RW_BPF_PROGRAM_INGRESS, frame);
	add_options(&frame, 0);
	cut(RW_BPF_PROGRAM_INGRESS, frame);
	frame = build("in tcp " PEER6, 0);
	add_tcp_options(&frame);
	cut(RW_BPF_PROGRAM_INGRESS, frame);
	assert_int_equal(cuts, 1344);
}

static void cuts_of_fragments_and_errors_are_malformed(void **state)
{
	static const char *const words[2] = {"in udp " PEER4, "in udp " PEER6};
	static const char *const later[2] = {"in udp " PEER4 " fragment", "in udp " PEER6 " fragment"};
	static const char *const errors[2] = {"in icmp " PEER4 " type=3", "in icmpv6 " PEER6 " type=1"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rw_packet error = world_packet(errors[i]), quoted = world_packet(words[i]);
		struct frame frame = {.size = 0};

		cut(RW_BPF_PROGRAM_INGRESS, build(words[i], FRAME_FIRST_FRAGMENT));
		cut(RW_BPF_PROGRAM_INGRESS, build(later[i], 0));
		quoted.direction = RW_DIRECTION_EGRESS;
		frame.size = frame_build_error(&error, &quoted, frame.bytes);
		cut(RW_BPF_PROGRAM_INGRESS, frame);
	}
	assert_int_equal(cuts, 1056);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cuts_of_plain_packets_are_malformed),
		TEST(cuts_behind_options_and_extension_headers_are_malformed),
		TEST(cuts_of_fragments_and_errors_are_malformed),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
