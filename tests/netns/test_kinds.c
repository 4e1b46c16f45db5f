/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Kinds of packets that sockets seldom send, as real ones: VLAN tags, IPv4 options, IPv6 extension headers,
 * fragments in every order, ICMP errors, headers that do not lie in one piece, devices without a link layer.
 */

#include "test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/pkt_cls.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define UDP_53     "sgr-1 in accept udp 53/53 0.0.0.0/0", "sgr-2 in accept udp 53/53 ::/0"

static const char *const peers[2] = {"10.0.0.1", "fd00::1"}, *const nodes[2] = {"10.0.0.2", "fd00::2"};

static int node, peer;
static struct rw_enforcer *enforcer;

static int set_up(void **state)
{
	(void)state;
	netns_pair(&node, &peer);
	enforcer = filter_open(node, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enforcer = rw_enforcer_close(enforcer);
	(void)close(node);
	(void)close(peer);
	return 0;
}

static void rule(const char *const rules[])
{
	filter_apply(enforcer, node, "eth0", rules);
	filter_enforce(enforcer, node);
}

static struct rw_enforcer_status status(void)
{
	struct rw_enforcer_status now;

	assert_int_equal(enforcer->ops->status(enforcer, &now, NULL), 0);
	return now;
}

/* A packet of the peer to a UDP port of the node. */
static struct rw_packet datagram(size_t family, uint16_t port)
{
	return (struct rw_packet){.direction = RW_DIRECTION_INGRESS,
				  .protocol = RW_PROTOCOL_UDP,
				  .hop_limit = 64,
				  .remote = world_address(peers[family]),
				  .local = world_address(nodes[family]),
				  .remote_port = 4000,
				  .local_port = port};
}

/* ---- tags ---- */

/* Sends the datagram behind 'count' tags of those ids. */
static void send_tagged(int frames, size_t family, uint16_t port, const uint16_t *ids, size_t count)
{
	struct rw_packet packet = datagram(family, port);
	uint8_t frame[FRAME_MAX + 8];
	size_t size = frame_put_tags(frame, frame_build(&packet, 0, 1, frame), 0x88a8, ids, count);

	assert_int_equal(send(frames, frame, size, 0), size);
}

/* The counts change at once: the frame has been through when send returns, or soon. */
static void expect_counts(uint64_t passed, uint64_t dropped)
{
	time_t end = time(NULL) + FILTER_YES_MS / 1000;

	while ((status().passed != passed || filter_dropped(enforcer, RW_CAUSE_DEFAULT) != dropped) &&
	       time(NULL) < end)
		;
	assert_int_equal(status().passed, passed);
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), dropped);
}

static void tags_without_a_device_here_are_looked_through(void **state)
{
	static const uint16_t ids[][2] = {{100}, {0}, {200, 100}, {0, 0}, {100, 0}};
	static const size_t counts[] = {1, 1, 2, 2, 2};
	int frames = netns_frames(peer, "p0");
	uint64_t passed, dropped = 0;

	(void)state;
	/* Nothing but what is sent here. */
	netns_run(peer, "ip addr flush dev p0; echo 1 > /proc/sys/net/ipv6/conf/p0/disable_ipv6");
	netns_run(node, "ip addr flush dev eth0; echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
	rule(RULES(UDP_53));
	passed = status().passed;
	for (size_t family = 0; family < 2; family++) {
		for (size_t i = 0; i < RW_ARRAY_COUNT(ids); i++) {
			send_tagged(frames, family, 53, ids[i], counts[i]);
			expect_counts(++passed, dropped);
			send_tagged(frames, family, 54, ids[i], counts[i]);
			expect_counts(passed, ++dropped);
		}
	}
	(void)close(frames);
}

static void tags_of_a_device_here_are_left_to_it(void **state)
{
	static const uint16_t own[] = {100}, other[] = {101}, inner[] = {200, 100}, outer[] = {100, 200};
	struct rw_enforcer_device device = {.name = "eth0",
					    .interface = "eth0",
					    .vlans = (const uint64_t[64]){[100 / 64] = 1ull << 100 % 64}};
	int frames = netns_frames(peer, "p0");
	uint64_t passed;

	(void)state;
	netns_run(peer, "ip addr flush dev p0; echo 1 > /proc/sys/net/ipv6/conf/p0/disable_ipv6");
	netns_run(node, "ip addr flush dev eth0; echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
	rule(RULES(UDP_53));
	filter_attach_as(enforcer, node, device);
	passed = status().passed;
	for (size_t family = 0; family < 2; family++) {
		/* Passed on, undecided: by neither count. */
		send_tagged(frames, family, 54, own, 1);
		send_tagged(frames, family, 54, outer, 2);
		expect_counts(passed, 2 * family);
		send_tagged(frames, family, 54, other, 1);
		send_tagged(frames, family, 54, inner, 2);
		expect_counts(passed, 2 * family + 2);
	}
	(void)close(frames);
}

/* ---- frames that say they are something else ---- */

/* A packet of the node to port 'port' of the peer, as a frame behind 'count' tags of those ids. */
static size_t build_leaving(size_t family, uint16_t port, const uint16_t *ids, size_t count, uint8_t *frame)
{
	struct rw_packet packet = {.direction = RW_DIRECTION_EGRESS,
				   .protocol = RW_PROTOCOL_UDP,
				   .hop_limit = 64,
				   .remote = world_address(peers[family]),
				   .local = world_address(nodes[family]),
				   .remote_port = port,
				   .local_port = 4000};

	return frame_put_tags(frame, frame_build(&packet, 0, 1, frame), 0x88a8, ids, count);
}

/* Sends a frame by a packet socket of the node's that calls it a packet of 'protocol'. */
static void send_as(const char *device, uint16_t protocol, const uint8_t *bytes, size_t size)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(protocol),
				 .sll_ifindex = (int)netns_ifindex(node, device)};
	int fd = netns_socket(node, AF_PACKET, SOCK_RAW, 0);

	/* Where our program drops at egress, the kernel may say so to the sender. */
	assert_true(sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)size ||
		    errno == ENOBUFS);
	(void)close(fd);
}

static const uint16_t claims[] = {ETH_P_IP,     ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q,
				  ETH_P_8021AD, ETH_P_LLDP, 0x88b5};

static void frames_leave_as_what_they_are_whatever_their_sender_says(void **state)
{
	static const uint16_t ids[][2] = {{0}, {100}, {0, 0}, {200, 100}};
	static const size_t counts[] = {0, 1, 2, 2};
	uint64_t passed, dropped = 0;

	(void)state;
	netns_run(peer, "ip addr flush dev p0; echo 1 > /proc/sys/net/ipv6/conf/p0/disable_ipv6");
	netns_run(node, "ip addr flush dev eth0; echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
	rule(RULES("sgr-1 out drop udp 99/99 0.0.0.0/0", "sgr-2 out drop udp 99/99 ::/0"));
	passed = status().passed;
	for (size_t family = 0; family < 2; family++) {
		for (size_t i = 0; i < RW_ARRAY_COUNT(claims) * RW_ARRAY_COUNT(counts); i++) {
			size_t tags = i / RW_ARRAY_COUNT(claims);
			uint8_t frame[FRAME_MAX + 8];
			size_t size = build_leaving(family, 99, ids[tags], counts[tags], frame);

			send_as("eth0", claims[i % RW_ARRAY_COUNT(claims)], frame, size);
			assert_int_equal(filter_dropped(enforcer, RW_CAUSE_RULE), ++dropped);
			size = build_leaving(family, 98, ids[tags], counts[tags], frame);
			send_as("eth0", claims[i % RW_ARRAY_COUNT(claims)], frame, size);
			assert_int_equal(status().passed, ++passed);
		}
	}
}

static void tags_that_no_device_here_has_put_in_lead_to_none(void **state)
{
	static const uint16_t own[] = {100};
	struct rw_enforcer_device device = {.name = "eth0",
					    .interface = "eth0",
					    .vlans = (const uint64_t[64]){[100 / 64] = 1ull << 100 % 64}};
	uint64_t dropped = 0;

	(void)state;
	rule(RULES("sgr-1 out drop udp 99/99 0.0.0.0/0", "sgr-2 out drop udp 99/99 ::/0"));
	for (size_t family = 0; family < 2; family++) {
		uint8_t frame[FRAME_MAX + 8];
		size_t size = build_leaving(family, 99, own, 1, frame);

		/* A VLAN device has its tag put in behind our programs, unless it keeps it in its frames. */
		device.vlans_keep_tags = false;
		filter_attach_as(enforcer, node, device);
		send_as("eth0", ETH_P_8021Q, frame, size);
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_RULE), ++dropped);
		device.vlans_keep_tags = true;
		filter_attach_as(enforcer, node, device);
		send_as("eth0", ETH_P_8021Q, frame, size);
		assert_int_equal(filter_dropped(enforcer, RW_CAUSE_RULE), dropped);
	}
}

/* ---- options and extension headers ---- */

static void add_option(int fd, size_t family)
{
	static const uint8_t options[] = {1, 1, 1, 0}, header[8] = {0, 0, 1, 4};

	if (family == 0)
		assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, sizeof(options)), 0);
	else
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, header, sizeof(header)), 0);
}

static void options_and_extension_headers_hide_no_port(void **state)
{
	(void)state;
	rule(RULES(UDP_53, "sgr-3 in accept tcp 80/80 0.0.0.0/0", "sgr-4 in accept tcp 80/80 ::/0"));
	for (size_t i = 0; i < 2; i++) {
		int client = filter_udp(peer, peers[i], 0), good = filter_udp(node, nodes[i], 53);
		int bad = filter_udp(node, nodes[i], 54);

		add_option(client, i);
		add_option(good, i);
		assert_true(filter_send_to(client, nodes[i], 53, 8));
		assert_true(netns_readable(good, FILTER_YES_MS));
		assert_true(filter_send_to(client, nodes[i], 54, 8));
		assert_false(netns_readable(bad, FILTER_NO_MS));
		(void)close(client);
		(void)close(good);
		(void)close(bad);
	}
	assert_true(filter_dropped(enforcer, RW_CAUSE_DEFAULT) >= 2);
}

/* ---- fragments ---- */

struct fragment {
	uint8_t bytes[160];
	size_t size;
};

static uint32_t add_up(uint32_t total, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		total += (uint32_t)at[i] << (i % 2 ? 0 : 8);
	return total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

/* A UDP datagram of 48 bytes, its header among them. */
static void build_udp(size_t family, uint16_t port, uint8_t udp[48])
{
	uint16_t words[4] = {htons(4000), htons(port), htons(48), 0};
	uint8_t address[16];
	uint32_t total = 17 + 48;

	memset(udp, 'r', 48);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			inet_pton(family ? AF_INET6 : AF_INET, i ? nodes[family] : peers[family], address),
			1);
		total = add_up(total, address, family ? 16 : 4);
	}
	memcpy(udp, words, 8);
	words[3] = fold(add_up(total, udp, 48));
	memcpy(udp, words, 8);
}

/* The part of the datagram from 'offset' on, as a frame. */
static struct fragment cut(size_t family, const uint8_t udp[48], size_t offset, size_t size, uint16_t id)
{
	static const uint8_t link[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	bool more = offset + size < 48;
	struct fragment fragment = {0};
	uint8_t *at = fragment.bytes;

	memcpy(at, link, 12);
	at[12] = family ? 0x86 : 0x08;
	at[13] = family ? 0xdd : 0x00;
	at += 14;
	if (family == 0) {
		const uint16_t head[6] = {
			htons(0x4500),       htons((uint16_t)(20 + size)),
			htons(id),           htons((uint16_t)(offset / 8 | (more ? 0x2000 : 0))),
			htons(64 << 8 | 17), 0};
		uint16_t sum;

		memcpy(at, head, 12);
		(void)inet_pton(AF_INET, peers[0], at + 12);
		(void)inet_pton(AF_INET, nodes[0], at + 16);
		sum = fold(add_up(0, at, 20));
		memcpy(at + 10, &sum, 2);
		at += 20;
	} else {
		const uint16_t head[4] = {htons(0x6000), 0, htons((uint16_t)(8 + size)), htons(44 << 8 | 64)};
		const uint16_t extension[4] = {htons(17 << 8), htons((uint16_t)(offset | more)), 0,
					       htons(id)};

		memcpy(at, head, 8);
		(void)inet_pton(AF_INET6, peers[1], at + 8);
		(void)inet_pton(AF_INET6, nodes[1], at + 24);
		memcpy(at + 40, extension, 8);
		at += 48;
	}
	memcpy(at, udp + offset, size);
	fragment.size = (size_t)(at - fragment.bytes) + size;
	return fragment;
}

static bool arrives(int fd, int timeout_ms)
{
	char bytes[64];

	return netns_readable(fd, timeout_ms) && recv(fd, bytes, sizeof(bytes), 0) == 40;
}

/*
 * Those before the first are dropped: it has not been decided yet.  Sent again, as whoever waits for an answer
 * does, they complete the datagram.
 */
static void try_order(int frames, int server, const struct fragment parts[3], const unsigned int order[3])
{
	uint64_t before = filter_dropped(enforcer, RW_CAUSE_FRAGMENT), early = 0;

	while (order[early] != 0)
		early++;
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(frames, parts[order[i]].bytes, parts[order[i]].size, 0),
				 parts[order[i]].size);
	assert_int_equal(arrives(server, early ? FILTER_NO_MS : FILTER_YES_MS), early == 0);
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_FRAGMENT), before + early);
	for (uint64_t i = 0; i < early; i++)
		assert_int_equal(send(frames, parts[order[i]].bytes, parts[order[i]].size, 0),
				 parts[order[i]].size);
	if (early)
		assert_true(arrives(server, FILTER_YES_MS));
}

static void fragments_pass_in_any_order_behind_their_first(void **state)
{
	static const unsigned int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
						  {2, 0, 1}, {1, 2, 0}, {2, 1, 0}};
	int frames = netns_frames(peer, "p0");
	uint16_t id = 1;

	(void)state;
	rule(RULES(UDP_53));
	for (size_t family = 0; family < 2; family++) {
		int good = filter_udp(node, nodes[family], 53), bad = filter_udp(node, nodes[family], 54);
		uint8_t udp[48];

		for (size_t i = 0; i < 6; i++, id++) {
			struct fragment parts[3];

			build_udp(family, 53, udp);
			for (size_t k = 0; k < 3; k++)
				parts[k] = cut(family, udp, k * 16, 16, id);
			try_order(frames, good, parts, orders[i]);
			/* Of a first that is refused, nothing comes through in no order. */
			build_udp(family, 54, udp);
			for (size_t k = 0; k < 3; k++) {
				struct fragment part = cut(family, udp, (size_t)orders[i][k] * 16, 16,
							   (uint16_t)(id + 1000));

				assert_int_equal(send(frames, part.bytes, part.size, 0), part.size);
			}
			assert_false(netns_readable(bad, 20));
		}
		(void)close(good);
		(void)close(bad);
	}
	(void)close(frames);
}

/* ---- ICMPv6 errors ---- */

static void icmpv6_errors_pass_for_accepted_flows_only(void **state)
{
	int raw = netns_socket(node, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), frames = netns_frames(peer, "p0");
	struct rw_packet error = datagram(1, 0), quoted = datagram(1, 53);
	uint8_t frame[FRAME_MAX];
	int client, server;
	size_t size;

	(void)state;
	rule(RULES(UDP_53));
	client = filter_udp(peer, peers[1], 4000);
	server = filter_udp(node, nodes[1], 53);
	assert_true(filter_send_to(client, nodes[1], 53, 8));
	assert_true(netns_readable(server, FILTER_YES_MS));
	/* "Packet too big" about what the node answers. */
	error.protocol = RW_PROTOCOL_ICMPV6;
	error.icmp_type = 2;
	quoted.direction = RW_DIRECTION_EGRESS;
	size = frame_build_error(&error, &quoted, frame);
	assert_int_equal(send(frames, frame, size, 0), size);
	assert_true(filter_hears_icmp(raw, 2, FILTER_YES_MS));
	quoted.remote_port++;
	size = frame_build_error(&error, &quoted, frame);
	assert_int_equal(send(frames, frame, size, 0), size);
	assert_false(filter_hears_icmp(raw, 2, FILTER_NO_MS));
	(void)close(raw);
	(void)close(frames);
	(void)close(client);
	(void)close(server);
}

/* ---- tun and tap ---- */

static int open_tun(const char *name, short flags)
{
	struct ifreq request = {.ifr_flags = flags};
	int fd;

	netns_enter(node);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	strcpy(request.ifr_name, name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) < 0) {
		(void)close(fd);
		fd = -1;
	}
	netns_leave();
	if (fd < 0)
		skip();
	return fd;
}

static void attach(const char *name, bool layer3, const char *const rules[])
{
	struct rw_enforcer_device device = {.name = name, .interface = name, .layer3 = layer3};

	filter_change(enforcer, name, rules, RW_ESTABLISHED_CUT);
	filter_attach_as(enforcer, node, device);
	filter_enforce(enforcer, node);
}

/* The port of the next datagram of a family that the kernel sends by the device; 0 = none. */
static uint16_t next_to_leave(int tun, size_t family, int timeout_ms)
{
	uint8_t bytes[2048];
	size_t header = family ? 40 : 20;

	while (netns_readable(tun, timeout_ms)) {
		ssize_t size = read(tun, bytes, sizeof(bytes));

		if (size >= (ssize_t)header + 8 && bytes[0] >> 4 == (family ? 6 : 4) &&
		    bytes[family ? 6 : 9] == IPPROTO_UDP)
			return (uint16_t)(bytes[header + 2] << 8 | bytes[header + 3]);
	}
	return 0;
}

/* Whether the kernel has sent a UDP datagram to 'port' by the device. */
static bool leaves(int tun, size_t family, uint16_t port, int timeout_ms)
{
	uint16_t next;

	do
		next = next_to_leave(tun, family, timeout_ms);
	while (next && next != port);
	return next == port;
}

/* Whatever a packet socket says that it sends. */
static void assert_leaves_as_what_it_is(int tun, size_t family, const char *own, const char *far)
{
	struct rw_packet packet = datagram(family, 4000);
	uint8_t bytes[FRAME_MAX];
	size_t size;

	packet.direction = RW_DIRECTION_EGRESS;
	packet.remote = world_address(far);
	packet.local = world_address(own);
	for (size_t i = 0; i < RW_ARRAY_COUNT(claims); i++) {
		packet.remote_port = 99;
		size = frame_build(&packet, FRAME_NO_LINK, 1, bytes);
		send_as("tun0", claims[i], bytes, size);
		packet.remote_port = 98;
		size = frame_build(&packet, FRAME_NO_LINK, 2, bytes);
		send_as("tun0", claims[i], bytes, size);
		assert_int_equal(next_to_leave(tun, family, FILTER_YES_MS), 98);
	}
}

static void devices_without_a_link_layer_are_decided(void **state)
{
	static const char *const own[2] = {"10.5.0.2", "fd05::2"}, *const far[2] = {"10.5.0.1", "fd05::1"};
	int tun = open_tun("tun0", IFF_TUN | IFF_NO_PI);

	(void)state;
	netns_run(node, "ip link set tun0 up; ip addr add 10.5.0.2/24 dev tun0; ip addr add fd05::2/64 dev "
			"tun0 nodad");
	attach("tun0", true,
	       RULES(UDP_53, "sgr-3 out drop udp 99/99 0.0.0.0/0", "sgr-4 out drop udp 99/99 ::/0"));
	for (size_t i = 0; i < 2; i++) {
		int good = filter_udp(node, own[i], 53), bad = filter_udp(node, own[i], 54);
		struct rw_packet packet = datagram(i, 53);
		uint8_t bytes[FRAME_MAX];
		size_t size;

		packet.remote = world_address(far[i]);
		packet.local = world_address(own[i]);
		size = frame_build(&packet, FRAME_NO_LINK, 1, bytes);
		assert_int_equal(write(tun, bytes, size), size);
		assert_true(netns_readable(good, FILTER_YES_MS));
		packet.local_port = 54;
		size = frame_build(&packet, FRAME_NO_LINK, 2, bytes);
		assert_int_equal(write(tun, bytes, size), size);
		assert_false(netns_readable(bad, FILTER_NO_MS));
		/* Out: an answer, what is accepted, what is not. */
		assert_true(filter_send_to(good, far[i], 4000, 8));
		assert_true(leaves(tun, i, 4000, FILTER_YES_MS));
		assert_true(filter_send_to(bad, far[i], 98, 8));
		assert_true(leaves(tun, i, 98, FILTER_YES_MS));
		(void)filter_send_to(bad, far[i], 99, 8);
		assert_false(leaves(tun, i, 99, FILTER_NO_MS));
		assert_leaves_as_what_it_is(tun, i, own[i], far[i]);
		(void)close(good);
		(void)close(bad);
	}
	(void)close(tun);
}

/* Counts, behind ours at ingress, packets of which the first 34 bytes do not lie in one piece. */
static int count_pieces(const char *device)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "pieces", 4, 8, 1, NULL);
	const struct bpf_insn instructions[] = {
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = 2,
		 .src_reg = 1,
		 .off = offsetof(struct __sk_buff, data)},
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = 3,
		 .src_reg = 1,
		 .off = offsetof(struct __sk_buff, data_end)},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = 34},
		{.code = BPF_JMP | BPF_JLE | BPF_X, .dst_reg = 2, .src_reg = 3, .off = 9},
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4, .imm = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4},
		{.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map},
		{0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 2},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 1},
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 0, .src_reg = 1, .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = TC_ACT_OK},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)netns_ifindex(node, device),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, filter, .priority = 10);

	filter.prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pieces", "GPL", instructions,
				       RW_ARRAY_COUNT(instructions), NULL);
	assert_true(filter.prog_fd >= 0);
	netns_enter(node);
	(void)bpf_tc_hook_create(&hook); /* is there where ours hang by it */
	assert_int_equal(bpf_tc_attach(&hook, &filter), 0);
	netns_leave();
	(void)close(filter.prog_fd);
	return map;
}

static void switch_gro_off(const char *device)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO};
	struct ifreq request = {.ifr_data = (void *)&value};
	int fd = netns_socket(node, AF_INET, SOCK_DGRAM, 0);

	strcpy(request.ifr_name, device);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	(void)close(fd);
}

static void headers_in_pieces_are_read(void **state)
{
	int tap = open_tun("tap0", IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS), map;
	static const uint8_t link[6] = {2, 0, 0, 0, 0, 2};
	uint64_t pieces = 0;
	uint32_t zero = 0;

	(void)state;
	netns_run(node, "ip link set eth0 down; ip addr flush dev eth0; ip link set tap0 address "
			"02:00:00:00:00:02 up; "
			"ip addr add 10.0.0.2/24 dev tap0; ip addr add fd00::2/64 dev tap0 nodad");
	switch_gro_off("tap0");
	attach("tap0", false, RULES(UDP_53));
	map = count_pieces("tap0");
	for (size_t i = 0; i < 2; i++) {
		int good = filter_udp(node, nodes[i], 53), bad = filter_udp(node, nodes[i], 54);
		size_t header = i ? 40 : 20;

		for (uint16_t port = 53; port <= 54; port++) {
			struct rw_packet packet = datagram(i, port);
			uint8_t frame[FRAME_MAX];
			size_t size = frame_build(&packet, 0, 1, frame);
			/* The link header; two halves of the IP header; the ports in two pieces; the rest. */
			const struct iovec pieces_of[] = {
				{frame, 14},
				{frame + 14, header / 2},
				{frame + 14 + header / 2, header / 2 + 2},
				{frame + 16 + header, size - 16 - header},
			};

			memcpy(frame, link, sizeof(link));
			assert_int_equal(writev(tap, pieces_of, RW_ARRAY_COUNT(pieces_of)), size);
			assert_int_equal(netns_readable(port == 53 ? good : bad,
							port == 53 ? FILTER_YES_MS : FILTER_NO_MS),
					 port == 53);
		}
		(void)close(good);
		(void)close(bad);
	}
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_DEFAULT), 2);
	assert_int_equal(filter_dropped(enforcer, RW_CAUSE_MALFORMED), 0);
	assert_int_equal(bpf_map_lookup_elem(map, &zero, &pieces), 0);
	assert_true(pieces >= 2);
	(void)close(map);
	(void)close(tap);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tags_without_a_device_here_are_looked_through),
		TEST(tags_of_a_device_here_are_left_to_it),
		TEST(frames_leave_as_what_they_are_whatever_their_sender_says),
		TEST(tags_that_no_device_here_has_put_in_lead_to_none),
		TEST(options_and_extension_headers_hide_no_port),
		TEST(fragments_pass_in_any_order_behind_their_first),
		TEST(icmpv6_errors_pass_for_accepted_flows_only),
		TEST(devices_without_a_link_layer_are_decided),
		TEST(headers_in_pieces_are_read),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
