/* SPDX-License-Identifier: Apache-2.0 */

/* What semantics section 4 says of flows, with real sockets and packets. */

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"
#include "filter.h"
#include "frame.h"
#include "world.h"

#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_RULES   ((const char *const[]){NULL})

#define ANY_TCP  "sgr-tcp in accept tcp 1/65535 0.0.0.0/0"
#define ANY_TCP6 "sgr-tcp6 in accept tcp 1/65535 ::/0"
#define ANY_UDP  "sgr-udp in accept udp 1/65535 0.0.0.0/0"
#define ANY_UDP6 "sgr-udp6 in accept udp 1/65535 ::/0"
#define ANY_ICMP "sgr-icmp in accept icmp -1/-1 0.0.0.0/0"

/* peer (10.0.0.1, fd00::1) -- eth0 of node (10.0.0.2, fd00::2). */
struct scene {
	int node;
	int peer;
	struct rw_enforcer *enforcer;
};

static struct scene scene;

static int set_up(void **state)
{
	(void)state;
	scene = (struct scene){0};
	netns_pair(&scene.node, &scene.peer);
	scene.enforcer = filter_open(scene.node, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scene.enforcer = rw_enforcer_close(scene.enforcer);
	(void)close(scene.node);
	(void)close(scene.peer);
	return 0;
}

/* Puts rules in force on eth0 and enforces. */
static void rule(const char *const rules[])
{
	filter_apply(scene.enforcer, scene.node, "eth0", rules);
	filter_enforce(scene.enforcer, scene.node);
}

/* A TCP connection from the peer to port 80 of the node: [0] at the peer, [1] at the node. */
static void connect_tcp(const char *from, const char *to, int ends[2])
{
	filter_join(scene.peer, from, scene.node, to, 80, ends);
}

static void rules_open_and_close_ports(void **state)
{
	static const char *const ends[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};

	(void)state;
	rule(RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0", "sgr-2 in accept tcp 80/80 ::/0",
		   "sgr-3 in accept udp 53/53 10.0.0.0/24", "sgr-4 in accept udp 53/53 fd00::/64"));
	for (size_t i = 0; i < 2; i++) {
		int open = filter_listen(scene.node, ends[i][1], 80);
		int shut = filter_listen(scene.node, ends[i][1], 81);
		int client = filter_udp(scene.peer, ends[i][0], 5000);
		int served = filter_udp(scene.node, ends[i][1], 53),
		    other = filter_udp(scene.node, ends[i][1], 54);

		assert_true(filter_connect(scene.peer, ends[i][0], ends[i][1], 80) >= 0);
		assert_int_equal(filter_connect(scene.peer, ends[i][0], ends[i][1], 81), -1);
		assert_true(filter_tells(client, served, ends[i][1], 53));
		assert_true(filter_tells(served, client, ends[i][0], 5000));
		assert_false(filter_tells(client, other, ends[i][1], 54));
		(void)open;
		(void)shut;
	}
	assert_true(filter_dropped(scene.enforcer, RW_CAUSE_DEFAULT) >= 4);
}

static void removed_rule_cuts_tcp_both_ways(void **state)
{
	static const char *const ends[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
	int tcp[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		rule(RULES(ANY_TCP, ANY_TCP6));
		connect_tcp(ends[i][0], ends[i][1], tcp);
		assert_true(filter_says(tcp[0], tcp[1]) && filter_says(tcp[1], tcp[0]));
		rule(RULES(ANY_UDP));
		assert_false(filter_says(tcp[1], tcp[0]));
		assert_false(filter_says(tcp[0], tcp[1]));
		assert_true(filter_dropped(scene.enforcer, RW_CAUSE_CUT) > 0);
	}
}

static void other_changes_leave_flows_alone(void **state)
{
	int tcp[2];

	(void)state;
	rule(RULES(ANY_TCP));
	connect_tcp("10.0.0.1", "10.0.0.2", tcp);
	for (int i = 0; i < 20; i++) {
		rule(i % 2 ? RULES(ANY_TCP) : RULES(ANY_TCP, ANY_UDP));
		assert_true(filter_says(tcp[0], tcp[1]) && filter_says(tcp[1], tcp[0]));
	}
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_CUT), 0);
}

static void removed_rule_cuts_talking_udp_server(void **state)
{
	int client = filter_udp(scene.peer, "10.0.0.1", 5000),
	    other = filter_udp(scene.peer, "10.0.0.1", 5001);
	int server = filter_udp(scene.node, "10.0.0.2", 53);

	(void)state;
	rule(RULES(ANY_UDP));
	assert_true(filter_tells(client, server, "10.0.0.2", 53));
	assert_true(filter_tells(server, client, "10.0.0.1", 5000));
	rule(NO_RULES);
	/* Egress accepts by default, but the tuple is buried: the server cannot bring it back. */
	assert_false(filter_tells(server, client, "10.0.0.1", 5000));
	assert_false(filter_tells(client, server, "10.0.0.2", 53));
	assert_false(filter_tells(server, client, "10.0.0.1", 5000));
	assert_true(filter_tells(server, other, "10.0.0.1", 5001));
	/* Allowed again, it lives again. */
	rule(RULES(ANY_UDP));
	assert_true(filter_tells(client, server, "10.0.0.2", 53));
	assert_true(filter_tells(server, client, "10.0.0.1", 5000));
}

static struct rw_packet ping(void)
{
	return (struct rw_packet){.direction = RW_DIRECTION_INGRESS,
				  .protocol = RW_PROTOCOL_ICMP,
				  .icmp_type = 8,
				  .hop_limit = 64,
				  .remote = world_address("10.0.0.1"),
				  .local = world_address("10.0.0.2")};
}

/* Sends a frame by a device.  Where our program drops it, the kernel says so to the sender. */
static void inject(int frames, const struct rw_packet *packet, unsigned int options, uint16_t id)
{
	uint8_t frame[FRAME_MAX];
	size_t size = frame_build(packet, options, id, frame);

	assert_true(send(frames, frame, size, 0) == (ssize_t)size || errno == ENOBUFS);
}

/* True when an ICMP message of 'type' arrives at the raw socket. */
static void removed_rule_cuts_ping(void **state)
{
	int raw = netns_socket(scene.peer, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int frames = netns_frames(scene.peer, "p0");
	struct rw_packet question = ping();

	(void)state;
	netns_run(scene.node, "ip neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0");
	rule(RULES(ANY_ICMP));
	inject(frames, &question, 0, 77);
	assert_true(filter_hears_icmp(raw, 0, FILTER_YES_MS));
	rule(NO_RULES);
	inject(frames, &question, 0, 77);
	assert_false(filter_hears_icmp(raw, 0, FILTER_NO_MS));
	assert_true(filter_dropped(scene.enforcer, RW_CAUSE_CUT) > 0);
}

static void known_connection_is_picked_up_midstream(void **state)
{
	struct rw_bpf_map *table = &rw_bpf_of(scene.enforcer)->maps[RW_BPF_MAP_FLOWS4];
	int tcp[2];

	(void)state;
	rule(RULES(ANY_TCP));
	connect_tcp("10.0.0.1", "10.0.0.2", tcp);
	/* As after a reboot of whatever kept the flow. */
	memset(table->memory, 0, table->memory_size);
	assert_false(filter_says(tcp[1], tcp[0]));
	assert_true(filter_says(tcp[0], tcp[1]) && filter_says(tcp[1], tcp[0]));
	rule(NO_RULES);
	assert_false(filter_says(tcp[0], tcp[1]));
}

static void live_connections_are_entered_as_the_rules_decide(void **state)
{
	struct rw_enforcer_seeded seeded = {0};
	int allowed[2], refused[2], out_listener, out;

	(void)state;
	connect_tcp("10.0.0.1", "10.0.0.2", allowed);
	out_listener = filter_listen(scene.peer, "10.0.0.1", 443);
	out = filter_connect(scene.node, "10.0.0.2", "10.0.0.1", 443);
	assert_true(out >= 0);
	refused[1] = filter_accept(out_listener);
	refused[0] = out;
	filter_apply(scene.enforcer, scene.node, "eth0",
		     RULES(ANY_TCP, "sgr-9 out drop tcp 443/443 0.0.0.0/0"));
	netns_enter(scene.node);
	assert_int_equal(rw_enforcer_enforce(scene.enforcer, &seeded, NULL), 0);
	netns_leave();
	assert_true(seeded.sockets_read);
	assert_true(seeded.accepted >= 1 && seeded.refused >= 1);
	assert_true(filter_says(allowed[1], allowed[0]) && filter_says(allowed[0], allowed[1]));
	assert_false(filter_says(refused[0], refused[1]));
	assert_false(filter_says(refused[1], refused[0]));
}

/* Reads to the end; how much that was. */
static size_t read_all(int fd)
{
	static char bytes[65536];
	size_t total = 0;
	ssize_t got;

	while (netns_readable(fd, FILTER_YES_MS) && (got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		total += (size_t)got;
	return total;
}

/* Both programs have closed, and the kernel still sends what the node's has left to it, when enforcement begins. */
static void data_of_a_closed_socket_goes_out(void **state)
{
	static const char bytes[4096];
	int ends[2];
	size_t written = 0;
	ssize_t done;
	char byte;

	(void)state;
	filter_join(scene.node, "10.0.0.2", scene.peer, "10.0.0.1", 443, ends);
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	assert_true(netns_readable(ends[0], FILTER_YES_MS));
	assert_int_equal(recv(ends[0], &byte, 1, 0), 0);
	while ((done = send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		written += (size_t)done;
	assert_int_equal(errno, EAGAIN);
	(void)close(ends[0]);
	rule(NO_RULES);
	assert_int_equal(read_all(ends[1]), written);
	(void)close(ends[1]);
}

/* A third namespace behind eth1 of the node, which forwards. */
static int add_inside(const char *const rules[])
{
	int inside = netns_new();

	netns_veth(inside, "c0", scene.node, "eth1");
	netns_run(inside, "ip addr add 10.0.1.1/24 dev c0; ip route add default via 10.0.1.2");
	netns_run(scene.node, "ip addr add 10.0.1.2/24 dev eth1; echo 1 > /proc/sys/net/ipv4/ip_forward; "
			      "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	netns_run(scene.peer, "ip route add 10.0.1.0/24 via 10.0.0.2");
	filter_apply(scene.enforcer, scene.node, "eth0,eth1", rules);
	filter_enforce(scene.enforcer, scene.node);
	return inside;
}

static void forwarded_traffic_needs_both_decisions(void **state)
{
	int inside = add_inside(RULES(ANY_UDP, "sgr-2 out drop udp 54/54 0.0.0.0/0"));
	int client = filter_udp(scene.peer, "10.0.0.1", 5000);
	int good = filter_udp(inside, "10.0.1.1", 53), bad = filter_udp(inside, "10.0.1.1", 54);

	(void)state;
	assert_true(filter_tells(client, good, "10.0.1.1", 53));
	assert_true(filter_tells(good, client, "10.0.0.1", 5000));
	assert_false(filter_tells(client, bad, "10.0.1.1", 54));
	assert_false(filter_tells(bad, client, "10.0.0.1", 5000));
	/* The egress rule alone, later, cuts what both had accepted. */
	filter_apply(scene.enforcer, scene.node, "eth0,eth1",
		     RULES(ANY_UDP, "sgr-2 out drop udp 53/53 0.0.0.0/0"));
	assert_false(filter_tells(good, client, "10.0.0.1", 5000));
	assert_false(filter_tells(client, good, "10.0.1.1", 53));
	(void)close(inside);
}

static void answers_may_leave_by_another_nic(void **state)
{
	int second = netns_new(), listener, client;

	(void)state;
	/* The peer has both links; the node answers by eth1 what came in by eth0. */
	netns_veth(scene.peer, "p1", scene.node, "eth1");
	netns_run(scene.peer, "ip addr add 10.0.1.1/24 dev p1; "
			      "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	netns_run(scene.node,
		  "ip addr add 10.0.1.2/24 dev eth1; ip route add 10.0.0.1/32 via 10.0.1.1 dev eth1; "
		  "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
	filter_apply(scene.enforcer, scene.node, "eth0,eth1", RULES(ANY_TCP));
	filter_enforce(scene.enforcer, scene.node);
	listener = filter_listen(scene.node, "10.0.0.2", 80);
	client = filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 80);
	assert_true(client >= 0);
	assert_true(filter_says(filter_accept(listener), client));
	(void)close(second);
}

static void fragments_follow_their_first(void **state)
{
	static const char *const ends[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};

	(void)state;
	rule(RULES("sgr-1 in accept udp 53/53 0.0.0.0/0", "sgr-2 in accept udp 53/53 ::/0"));
	for (size_t i = 0; i < 2; i++) {
		int client = filter_udp(scene.peer, ends[i][0], 5000);
		int good = filter_udp(scene.node, ends[i][1], 53),
		    bad = filter_udp(scene.node, ends[i][1], 54);

		assert_true(filter_send_to(client, ends[i][1], 53, 5000));
		assert_true(netns_readable(good, 2000));
		assert_true(filter_send_to(good, ends[i][0], 5000, 5000));
		assert_true(netns_readable(client, 2000));
		assert_true(filter_send_to(client, ends[i][1], 54, 5000));
		assert_false(netns_readable(bad, 120));
	}
	assert_true(filter_dropped(scene.enforcer, RW_CAUSE_FRAGMENT) >= 2);
}

static void icmp_errors_pass_for_accepted_flows_only(void **state)
{
	int raw = netns_socket(scene.node, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int frames = netns_frames(scene.peer, "p0"), tcp[2];
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	struct rw_packet error = ping(), quoted = ping();
	uint8_t frame[FRAME_MAX];
	size_t length;

	(void)state;
	rule(RULES(ANY_TCP));
	connect_tcp("10.0.0.1", "10.0.0.2", tcp);
	assert_int_equal(getsockname(tcp[0], (struct sockaddr *)&address, &size), 0);
	/* "Fragmentation needed" about what the node sent on that connection. */
	error.icmp_type = 3;
	quoted.direction = RW_DIRECTION_EGRESS;
	quoted.protocol = RW_PROTOCOL_TCP;
	quoted.local_port = 80;
	quoted.remote_port = ntohs(address.sin_port);
	length = frame_build_error(&error, &quoted, frame);
	assert_int_equal(send(frames, frame, length, 0), length);
	assert_true(filter_hears_icmp(raw, 3, FILTER_YES_MS));
	quoted.remote_port++;
	length = frame_build_error(&error, &quoted, frame);
	assert_int_equal(send(frames, frame, length, 0), length);
	assert_false(filter_hears_icmp(raw, 3, FILTER_NO_MS));
	/* An error about a cut connection does not pass either. */
	quoted.remote_port--;
	rule(NO_RULES);
	length = frame_build_error(&error, &quoted, frame);
	assert_int_equal(send(frames, frame, length, 0), length);
	assert_false(filter_hears_icmp(raw, 3, FILTER_NO_MS));
}

static void published_port_is_decided_by_the_clients_port(void **state)
{
	int inside = netns_new(), listener, client;

	(void)state;
	netns_veth(inside, "c0", scene.node, "docker0");
	netns_run(inside, "ip addr add 172.17.0.2/16 dev c0; ip route add default via 172.17.0.1");
	netns_run(scene.node,
		  "ip addr add 172.17.0.1/16 dev docker0; echo 1 > /proc/sys/net/ipv4/ip_forward; "
		  "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80");
	listener = filter_listen(inside, "172.17.0.2", 80);
	rule(RULES("sgr-1 in accept tcp 8080/8080 0.0.0.0/0"));
	client = filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 8080);
	assert_true(client >= 0);
	assert_true(filter_says(client, filter_accept(listener)));
	rule(RULES("sgr-1 in accept tcp 80/80 0.0.0.0/0"));
	assert_int_equal(filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 8080), -1);
	(void)close(inside);
}

static void only_openers_open(void **state)
{
	int frames = netns_frames(scene.node, "eth0"), peer = netns_frames(scene.peer, "p0");
	struct rw_packet packet = {.direction = RW_DIRECTION_EGRESS,
				   .protocol = RW_PROTOCOL_TCP,
				   .tcp_flags = RW_TCP_ACK,
				   .hop_limit = 64,
				   .remote = world_address("10.0.0.1"),
				   .local = world_address("10.0.0.2"),
				   .remote_port = 4000,
				   .local_port = 4001};

	(void)state;
	(void)peer;
	rule(NO_RULES);
	inject(frames, &packet, 0, 1);
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_NO_FLOW), 1);
	packet.tcp_flags = RW_TCP_SYN;
	inject(frames, &packet, 0, 1);
	packet.tcp_flags = RW_TCP_ACK;
	inject(frames, &packet, 0, 1);
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_NO_FLOW), 1);
}

static void remember_hits(void *context, const struct rw_enforcer_hits *hits)
{
	if (strcmp(hits->rule, "sgr-udp") == 0)
		*(struct rw_enforcer_hits *)context = *hits;
}

static void remember_drop(void *context, const struct rw_enforcer_drop *drop)
{
	if (drop->packet.protocol == RW_PROTOCOL_UDP)
		*(struct rw_enforcer_drop *)context = *drop;
}

static void hits_and_drops_are_told(void **state)
{
	int client = filter_udp(scene.peer, "10.0.0.1", 5000),
	    server = filter_udp(scene.node, "10.0.0.2", 53);
	struct rw_enforcer_hits hits = {0};
	struct rw_enforcer_drop drop = {0};

	(void)state;
	rule(RULES(ANY_UDP, "sgr-no in drop udp 54/54 0.0.0.0/0"));
	for (int i = 0; i < 3; i++)
		assert_true(filter_tells(client, server, "10.0.0.2", 53));
	/* A change of policy keeps the counts. */
	rule(RULES(ANY_UDP, ANY_TCP, "sgr-no in drop udp 54/54 0.0.0.0/0"));
	assert_int_equal(scene.enforcer->ops->hits(scene.enforcer, remember_hits, &hits, NULL), 0);
	assert_int_equal(hits.count, 1);
	assert_true(hits.last_ns > 0);
	assert_true(filter_send_to(client, "10.0.0.2", 54, 8));
	assert_true(netns_readable(scene.enforcer->ops->drops_fd(scene.enforcer), 1000));
	assert_true(scene.enforcer->ops->drops_read(scene.enforcer, remember_drop, &drop) >= 1);
	assert_int_equal(drop.cause, RW_CAUSE_RULE);
	assert_string_equal(drop.rule, "sgr-no");
	assert_string_equal(drop.interface, "eth0");
	assert_int_equal(drop.packet.local_port, 54);
	assert_int_equal(drop.packet.remote_port, 5000);
	assert_int_equal(drop.packet.direction, RW_DIRECTION_INGRESS);
}

/* What one round of the table tells of TCP port 80. */
struct observed {
	size_t told, news, answers;
	struct rw_enforcer_observed last;
};

static void count_observed(void *context, const struct rw_enforcer_observed *flow)
{
	struct observed *observed = context;

	if (flow->opener.protocol != RW_PROTOCOL_TCP || flow->opener.local_port != 80)
		return;
	observed->told++;
	observed->news += flow->is_new;
	observed->answers += flow->answer_is_new;
	observed->last = *flow;
}

static struct observed observe(bool all)
{
	struct observed observed = {0};
	int r;

	do {
		r = scene.enforcer->ops->observe(scene.enforcer, 1000, all, count_observed, &observed);
		assert_true(r >= 0);
	} while (r != RW_ENFORCER_ROUND);
	return observed;
}

static void each_new_flow_is_observed_once(void **state)
{
	static const char *const ends[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
	struct observed observed;
	int tcp[2];

	(void)state;
	rule(RULES("sgr-web in accept tcp 80/80 0.0.0.0/0", "sgr-web6 in accept tcp 80/80 ::/0"));
	(void)observe(false);
	for (size_t i = 0; i < 2; i++) {
		struct rw_address peer = world_address(ends[i][0]);

		connect_tcp(ends[i][0], ends[i][1], tcp);
		assert_true(filter_says(tcp[0], tcp[1]));
		observed = observe(false);
		assert_int_equal(observed.news, 1);
		assert_int_equal(observed.answers, 1);
		assert_true(rw_address_equal(&observed.last.opener.remote, &peer));
		assert_int_equal(observed.last.opener.direction, RW_DIRECTION_INGRESS);
		assert_int_equal(observed.last.cause, RW_CAUSE_RULE);
		assert_string_equal(observed.last.rule, i ? "sgr-web6" : "sgr-web");
		assert_string_equal(observed.last.interface, "eth0");
		assert_false(observed.last.is_forwarded);
		assert_int_equal(observe(false).told, 0);
	}
	/* Both live, both told again when all are asked for, and none as new. */
	observed = observe(true);
	assert_int_equal(observed.told, 2);
	assert_int_equal(observed.news, 0);
	connect_tcp("10.0.0.1", "10.0.0.2", tcp);
	assert_int_equal(observe(false).news, 1);
}

static void what_is_refused_or_not_answered_is_not_observed_as_used(void **state)
{
	struct observed observed;

	(void)state;
	rule(RULES("sgr-web in accept tcp 80/80 0.0.0.0/0"));
	(void)observe(false);
	/* Nobody listens on 80: a reset is an answer, but not of a service. */
	assert_int_equal(filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 80), -1);
	observed = observe(false);
	assert_int_equal(observed.news, 1);
	assert_int_equal(observed.answers, 0);
	rule(RULES("sgr-no in drop tcp 80/80 0.0.0.0/0"));
	assert_int_equal(filter_connect(scene.peer, "10.0.0.1", "10.0.0.2", 80), -1);
	assert_int_equal(observe(false).news, 0);
}

static bool find_flow(void *context, const struct rw_enforcer_flow *flow)
{
	if (flow->protocol == RW_PROTOCOL_TCP && flow->responder_port == 80)
		*(struct rw_enforcer_flow *)context = *flow;
	return true;
}

static void live_flows_are_listed(void **state)
{
	struct rw_address peer = world_address("10.0.0.1");
	struct rw_enforcer_status status;
	struct rw_enforcer_flow flow = {0};
	int tcp[2];

	(void)state;
	rule(RULES(ANY_TCP));
	connect_tcp("10.0.0.1", "10.0.0.2", tcp);
	assert_true(filter_says(tcp[0], tcp[1]));
	assert_int_equal(scene.enforcer->ops->flows(scene.enforcer, find_flow, &flow, NULL), 0);
	assert_int_equal(flow.class, RW_FLOW_ESTABLISHED);
	assert_true(rw_address_equal(&flow.opener, &peer));
	assert_true(flow.ingress && !flow.egress);
	assert_in_range(flow.expires_in_s, 7990, 8000);
	assert_int_equal(scene.enforcer->ops->status(scene.enforcer, &status, NULL), 0);
	assert_int_equal(status.flows[RW_FLOW_ESTABLISHED], 1);
}

enum { STREAM_SOCKETS = 64, STREAM_PACKETS = 128 * 160 };

/* Sends to ports 53 and 54 of the node by turns, from many ports, until all is sent. */
static void stream(void)
{
	int sockets[STREAM_SOCKETS];

	for (int i = 0; i < STREAM_SOCKETS; i++)
		sockets[i] = filter_udp(scene.peer, "10.0.0.1", 0);
	for (int i = 0; i < STREAM_PACKETS; i++)
		(void)filter_send_to(sockets[i % STREAM_SOCKETS], "10.0.0.2", (uint16_t)(53 + (i / 64 & 1)),
				     8);
}

static size_t drain(int fd)
{
	size_t count = 0;
	char bytes[64];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		count++;
	return count;
}

/* Every change writes the whole table anew and decides every flow anew. */
static void changes_under_traffic_lose_and_leak_nothing(void **state)
{
	int good = filter_udp(scene.node, "10.0.0.2", 53), bad = filter_udp(scene.node, "10.0.0.2", 54);
	int size = 64 << 20, status, changes = 0;
	size_t received = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(setsockopt(good, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	rule(RULES("sgr-1 in accept udp 53/53 0.0.0.0/0"));
	pid = fork();
	if (pid == 0) {
		stream();
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		rule(changes++ % 2 ? RULES("sgr-1 in accept udp 53/53 0.0.0.0/0", ANY_ICMP)
				   : RULES("sgr-1 in accept udp 1/53 10.0.0.0/8", ANY_TCP));
		received += drain(good);
	}
	received += drain(good);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	printf("%d changes\n", changes);
	assert_true(changes >= 20);
	assert_int_equal(drain(bad), 0);
	assert_int_equal(received, STREAM_PACKETS / 2);
	assert_int_equal(filter_dropped(scene.enforcer, RW_CAUSE_CUT), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_open_and_close_ports),
		TEST(removed_rule_cuts_tcp_both_ways),
		TEST(other_changes_leave_flows_alone),
		TEST(removed_rule_cuts_talking_udp_server),
		TEST(removed_rule_cuts_ping),
		TEST(known_connection_is_picked_up_midstream),
		TEST(live_connections_are_entered_as_the_rules_decide),
		TEST(data_of_a_closed_socket_goes_out),
		TEST(forwarded_traffic_needs_both_decisions),
		TEST(answers_may_leave_by_another_nic),
		TEST(fragments_follow_their_first),
		TEST(icmp_errors_pass_for_accepted_flows_only),
		TEST(published_port_is_decided_by_the_clients_port),
		TEST(only_openers_open),
		TEST(hits_and_drops_are_told),
		TEST(each_new_flow_is_observed_once),
		TEST(what_is_refused_or_not_answered_is_not_observed_as_used),
		TEST(live_flows_are_listed),
		TEST(changes_under_traffic_lose_and_leak_nothing),
	};

	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
