/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The start on a live node: connections that are there already are decided and entered before anything is
 * dropped.  They are read from the sockets of this network namespace and, where the kernel tracks
 * connections, from conntrack, which knows who opened them and is read last.
 *
 * A socket's opener is the remote end when a socket here listens on the local port, else the local end.
 * Connected UDP sockets tell neither: both directions must accept.
 *
 * A connection belongs to the device that has its local address.  One of an address that a device has which is not
 * enforced, as a service's at lo, belongs to the device by which the kernel sends to its remote end, and is left
 * out when that is not enforced either.  What is forwarded without NAT is left to be picked up by its packets.
 */

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <ifaddrs.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "enforce/bpf/bpf_internal.h"
#include "net/netlink.h"

enum {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_FIN_WAIT1 = 4,
	TCP_STATE_FIN_WAIT2 = 5,
	TCP_STATE_CLOSE = 7,
	TCP_STATE_CLOSE_WAIT = 8,
	TCP_STATE_LAST_ACK = 9,
	TCP_STATE_LISTEN = 10,
	TCP_STATE_CLOSING = 11,
	CONNTRACK_TCP_ESTABLISHED = 3, /* then FIN_WAIT, CLOSE_WAIT: the FIN of one end was seen */
	CONNTRACK_TCP_LAST_ACK = 6,
	CONNTRACK_SEEN_REPLY = 1 << 1,
	ANSWER_SIZE = 32768,
	OWN_MAX = 256,
};

/* Every state in which data may still flow.  In the last two that is what the kernel has left to send for who has closed. */
#define TCP_LIVE_STATES                                                                                      \
	(1u << TCP_STATE_ESTABLISHED | 1u << TCP_STATE_FIN_WAIT1 | 1u << TCP_STATE_FIN_WAIT2 |               \
	 1u << TCP_STATE_CLOSE_WAIT | 1u << TCP_STATE_LAST_ACK | 1u << TCP_STATE_CLOSING)

struct own_address {
	uint8_t family;
	uint8_t bytes[16];
	uint16_t mark; /* slot + 1 of the device that has it; 0 = another than ours has it */
};

struct seeder {
	struct rw_bpf *bpf;
	struct own_address own[OWN_MAX];
	size_t own_count;
	int routes;                      /* socket that asks the kernel for ways; -1 = none */
	uint32_t flags;                  /* RW_SEED_* of every record */
	uint8_t listening[2][65536 / 8]; /* by port: TCP, UDP */
	struct rw_enforcer_seeded result;
};

typedef void message_fn(struct seeder *seeder, const struct nlmsghdr *message);

/* What stands behind the header, or NULL when that is less than 'least' bytes. */
static const void *payload(const struct nlmsghdr *message, size_t least)
{
	return message->nlmsg_len < NLMSG_LENGTH(least) ? NULL : (const char *)message + NLMSG_HDRLEN;
}

/* 1 at the end of a dump, or why there is none. */
static int end_of(const struct nlmsghdr *message)
{
	if (message->nlmsg_type == NLMSG_DONE)
		return 1;
	return message->nlmsg_type == NLMSG_ERROR ? netlink_failure(message) : 0;
}

/* Sends a dump request and hands over each message of the answer. */
static int dump(struct seeder *seeder, int protocol, const void *request, size_t size, message_fn *each)
{
	RW_CLEANUP(rw_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	RW_CLEANUP(rw_free) char *answer = malloc(ANSWER_SIZE);
	struct timeval timeout = {.tv_sec = 2};

	if (!answer)
		return -ENOMEM;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    send(fd, request, size, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t got = recv(fd, answer, ANSWER_SIZE, 0);
		size_t step;
		int r;

		if (got <= 0)
			return got < 0 ? -errno : -EPROTO;
		for (size_t at = 0; at + sizeof(struct nlmsghdr) <= (size_t)got; at += step) {
			const struct nlmsghdr *message = (const void *)(answer + at);

			step = NLMSG_ALIGN(message->nlmsg_len);
			if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > (size_t)got - at)
				return -EBADMSG;
			r = end_of(message);
			if (r != 0)
				return r < 0 ? r : 0;
			each(seeder, message);
		}
	}
}

/* Slot + 1 of a device by its index and name, or 0. */
static uint16_t mark_of(const struct seeder *seeder, unsigned int ifindex, const char *name)
{
	const struct rw_device *records = seeder->bpf->maps[RW_BPF_MAP_DEVICES].memory;

	for (size_t i = 0; ifindex && i < RW_ENFORCER_DEVICE_MAX; i++) {
		const struct rw_bpf_device *device = &seeder->bpf->devices[i];

		/* A bridge has the addresses, its ports are the devices. */
		if (device->ifindex && (device->ifindex == ifindex || strcmp(device->interface, name) == 0))
			return (uint16_t)(records[device->place].slot + 1);
	}
	return 0;
}

/* Adds the addresses of our devices ('ours') or those of the others. */
static void add_addresses(struct seeder *seeder, const struct ifaddrs *list, bool ours)
{
	for (const struct ifaddrs *at = list; at && seeder->own_count < OWN_MAX; at = at->ifa_next) {
		struct own_address *own = &seeder->own[seeder->own_count];
		int family = at->ifa_addr ? at->ifa_addr->sa_family : AF_UNSPEC;
		uint16_t mark = mark_of(seeder, if_nametoindex(at->ifa_name), at->ifa_name);
		struct rw_address address;

		if ((family != AF_INET && family != AF_INET6) || !mark == ours)
			continue;
		own->family = family == AF_INET ? 4 : 6;
		if (family == AF_INET)
			memcpy(own->bytes,
			       &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr, 4);
		else
			memcpy(own->bytes,
			       &((const struct sockaddr_in6 *)(const void *)at->ifa_addr)->sin6_addr, 16);
		own->mark = mark;
		address = rw_address_from_bytes(own->family, own->bytes);
		if (ours || rw_address_is_global(&address))
			seeder->own_count++;
	}
}

static void read_own_addresses(struct seeder *seeder)
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) < 0)
		return;
	/* Ours first: the others may be thousands. */
	add_addresses(seeder, list, true);
	add_addresses(seeder, list, false);
	freeifaddrs(list);
}

/* A socket for find_way, or -1: then connections of others' addresses are left out. */
static int open_routes(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct timeval timeout = {.tv_sec = 2};

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		fd = rw_close(fd);
	return fd;
}

/* The index of the device by which the kernel sends to 'remote', or 0. */
static unsigned int find_way(const struct seeder *seeder, uint8_t family, const void *remote)
{
	uint32_t size = family == 4 ? 4 : 16, device = 0;
	struct {
		struct nlmsghdr header;
		struct rtmsg body;
		struct rtattr attribute;
		uint8_t address[16];
	} request = {
		.header = {.nlmsg_len = (uint32_t)offsetof(__typeof__(request), address) + size,
			   .nlmsg_type = RTM_GETROUTE,
			   .nlmsg_flags = NLM_F_REQUEST},
		.body = {.rtm_family = family == 4 ? AF_INET : AF_INET6, .rtm_dst_len = (uint8_t)(size * 8)},
		.attribute = {.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = RTA_DST},
	};
	const struct nlmsghdr *message;
	_Alignas(8) char answer[1024];
	ssize_t got;

	memcpy(request.address, remote, size);
	if (seeder->routes < 0 || send(seeder->routes, &request, request.header.nlmsg_len, 0) < 0)
		return 0;
	got = recv(seeder->routes, answer, sizeof(answer), 0);
	message = got > 0 ? netlink_first(answer, (size_t)got) : NULL;
	if (!message || message->nlmsg_type != RTM_NEWROUTE ||
	    !netlink_value(netlink_message_attribute(message, sizeof(struct rtmsg), RTA_OIF), &device,
			   sizeof(device)))
		return 0;
	return device;
}

/* Slot + 1 of the device to which a connection of that local address belongs, or 0. */
static uint16_t find_own(const struct seeder *seeder, uint8_t family, const void *local, const void *remote)
{
	for (size_t i = 0; i < seeder->own_count; i++) {
		const struct own_address *own = &seeder->own[i];
		char name[IF_NAMESIZE] = "";
		unsigned int device;

		if (own->family != family || memcmp(own->bytes, local, family == 4 ? 4 : 16) != 0)
			continue;
		if (own->mark)
			return own->mark;
		device = find_way(seeder, family, remote);
		(void)if_indextoname(device, name);
		return mark_of(seeder, device, name);
	}
	return 0;
}

static void enter(struct seeder *seeder, struct rw_seed_record *record)
{
	char data[RW_SEED_OFFSET + sizeof(*record)] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data, .data_size_in = sizeof(data), .repeat = 1);

	record->flags |= seeder->flags;
	memcpy(data + RW_SEED_OFFSET, record, sizeof(*record));
	if (bpf_prog_test_run_opts(seeder->bpf->programs[RW_BPF_PROGRAM_SEED], &options) < 0)
		return;
	if (options.retval == RW_SEED_ACCEPTED)
		seeder->result.accepted++;
	else if (options.retval != RW_SEED_KNOWN)
		seeder->result.refused++;
}

static bool is_listening(const struct seeder *seeder, uint8_t protocol, uint16_t port)
{
	return seeder->listening[protocol == IPPROTO_UDP][port / 8] >> (port % 8) & 1;
}

static void on_socket(struct seeder *seeder, const struct nlmsghdr *message, uint8_t protocol)
{
	const struct inet_diag_msg *socket = payload(message, sizeof(*socket));
	struct rw_seed_record record = {.ends.protocol = protocol};
	const uint32_t *local, *remote;
	uint16_t local_port, remote_port, mark;
	uint8_t family;
	bool opened_here;

	if (!socket)
		return;
	family = socket->idiag_family == AF_INET ? 4 : 6;
	local = socket->id.idiag_src;
	remote = socket->id.idiag_dst;
	local_port = ntohs(socket->id.idiag_sport);
	remote_port = ntohs(socket->id.idiag_dport);
	if (socket->idiag_state == TCP_STATE_LISTEN ||
	    (socket->idiag_state == TCP_STATE_CLOSE && local_port)) {
		seeder->listening[protocol == IPPROTO_UDP][local_port / 8] |=
			(uint8_t)(1u << (local_port % 8));
		return;
	}
	/* IPv4 by an IPv6 socket. */
	if (family == 6 && !local[0] && !local[1] && local[2] == htonl(0xffff)) {
		family = 4;
		local += 3;
		remote += 3;
	}
	mark = find_own(seeder, family, local, remote);
	if (!mark || !remote_port)
		return;
	opened_here = !is_listening(seeder, protocol, local_port);
	record.ends.family = family;
	memcpy(opened_here ? record.ends.source : record.ends.destination, local, family == 4 ? 4 : 16);
	memcpy(opened_here ? record.ends.destination : record.ends.source, remote, family == 4 ? 4 : 16);
	record.ends.source_port = opened_here ? local_port : remote_port;
	record.ends.destination_port = opened_here ? remote_port : local_port;
	record.in = opened_here ? 0 : mark;
	record.out = opened_here ? mark : 0;
	record.flags = protocol == IPPROTO_UDP && opened_here ? RW_SEED_UNSURE : 0;
	enter(seeder, &record);
}

static void on_tcp(struct seeder *seeder, const struct nlmsghdr *message)
{
	on_socket(seeder, message, IPPROTO_TCP);
}

static void on_udp(struct seeder *seeder, const struct nlmsghdr *message)
{
	on_socket(seeder, message, IPPROTO_UDP);
}

/* Listeners first, in a pass of their own, for they tell who opened the others. */
static int read_sockets(struct seeder *seeder)
{
	static const uint32_t passes[] = {1u << TCP_STATE_LISTEN | 1u << TCP_STATE_CLOSE, TCP_LIVE_STATES};

	for (size_t pass = 0; pass < RW_ARRAY_COUNT(passes); pass++) {
		for (int kind = 0; kind < 4; kind++) {
			struct {
				struct nlmsghdr header;
				struct inet_diag_req_v2 body;
			} request = {
				.header = {.nlmsg_len = sizeof(request),
					   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
					   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
				.body = {.sdiag_family = kind & 1 ? AF_INET6 : AF_INET,
					 .sdiag_protocol = kind & 2 ? IPPROTO_UDP : IPPROTO_TCP,
					 .idiag_states = passes[pass]},
			};
			int r = dump(seeder, NETLINK_SOCK_DIAG, &request, sizeof(request),
				     kind & 2 ? on_udp : on_tcp);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* conntrack */

static bool read_tuple(const struct nlattr *tuple, uint8_t family, struct rw_ends *ends)
{
	const struct nlattr *ip = netlink_nested(tuple, CTA_TUPLE_IP),
			    *proto = netlink_nested(tuple, CTA_TUPLE_PROTO);
	size_t size = family == 4 ? 4 : 16;
	uint16_t source_port, destination_port;

	ends->family = family;
	if (!netlink_value(netlink_nested(ip, family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC), ends->source,
			   size) ||
	    !netlink_value(netlink_nested(ip, family == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST), ends->destination,
			   size) ||
	    !netlink_value(netlink_nested(proto, CTA_PROTO_NUM), &ends->protocol, 1) ||
	    (ends->protocol != IPPROTO_TCP && ends->protocol != IPPROTO_UDP) ||
	    !netlink_value(netlink_nested(proto, CTA_PROTO_SRC_PORT), &source_port, 2) ||
	    !netlink_value(netlink_nested(proto, CTA_PROTO_DST_PORT), &destination_port, 2))
		return false;
	ends->source_port = ntohs(source_port);
	ends->destination_port = ntohs(destination_port);
	return true;
}

/* The reply's tuple the other way round: what the opener's packets look like behind our NAT. */
static struct rw_ends invert(const struct rw_ends *reply)
{
	struct rw_ends ends = *reply;

	memcpy(ends.source, reply->destination, sizeof(ends.source));
	memcpy(ends.destination, reply->source, sizeof(ends.destination));
	ends.source_port = reply->destination_port;
	ends.destination_port = reply->source_port;
	return ends;
}

static void on_conntrack(struct seeder *seeder, const struct nlmsghdr *message)
{
	const struct nfgenmsg *head = payload(message, NLMSG_ALIGN(sizeof(*head)));
	const struct nlattr *status, *tcp;
	struct rw_ends original = {0}, reply = {0};
	struct rw_seed_record record = {0};
	const char *data;
	size_t size;
	uint32_t bits = 0;
	uint8_t family, state = 0;

	if (!head)
		return;
	data = (const char *)head + NLMSG_ALIGN(sizeof(*head));
	size = message->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(sizeof(*head));
	family = head->nfgen_family == AF_INET ? 4 : 6;
	status = netlink_attribute(data, size, CTA_STATUS);
	tcp = netlink_nested(netlink_attribute(data, size, CTA_PROTOINFO), CTA_PROTOINFO_TCP);
	if (!read_tuple(netlink_attribute(data, size, CTA_TUPLE_ORIG), family, &original) ||
	    !read_tuple(netlink_attribute(data, size, CTA_TUPLE_REPLY), family, &reply))
		return;
	(void)netlink_value(status, &bits, sizeof(bits));
	if (original.protocol == IPPROTO_TCP) {
		if (!netlink_value(netlink_nested(tcp, CTA_PROTOINFO_TCP_STATE), &state, 1) ||
		    state < CONNTRACK_TCP_ESTABLISHED || state > CONNTRACK_TCP_LAST_ACK)
			return;
	} else if (!(ntohl(bits) & CONNTRACK_SEEN_REPLY)) {
		return;
	}
	/*
	 * Coming in, the opener's packets are seen as they were sent; going out, as NAT leaves them: what NAT
	 * sends back out is two flows here.
	 */
	record.ends = original;
	record.in = find_own(seeder, family, original.destination, original.source);
	if (record.in)
		enter(seeder, &record);
	record = (struct rw_seed_record){.ends = invert(&reply)};
	record.out = find_own(seeder, family, reply.destination, reply.source);
	if (record.out)
		enter(seeder, &record);
}

static int read_conntrack(struct seeder *seeder)
{
	for (int i = 0; i < 2; i++) {
		struct {
			struct nlmsghdr header;
			struct nfgenmsg body;
		} request = {
			.header = {.nlmsg_len = sizeof(request),
				   .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
				   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
			.body = {.nfgen_family = i ? AF_INET6 : AF_INET, .version = NFNETLINK_V0},
		};
		int r = dump(seeder, NETLINK_NETFILTER, &request, sizeof(request), on_conntrack);

		if (r < 0)
			return r;
	}
	return 0;
}

int rw_bpf_seed(struct rw_bpf *bpf, bool only_missing, struct rw_enforcer_seeded *ret_seeded)
{
	RW_CLEANUP(rw_free) struct seeder *seeder = calloc(1, sizeof(*seeder));
	int r;

	if (!seeder)
		return -ENOMEM;
	seeder->bpf = bpf;
	seeder->routes = open_routes();
	seeder->flags = only_missing ? RW_SEED_MISSING : 0;
	read_own_addresses(seeder);
	r = read_sockets(seeder);
	seeder->result.sockets_read = r == 0;
	if (r < 0)
		(void)snprintf(seeder->result.text, sizeof(seeder->result.text), "sockets: %s", strerror(-r));
	r = read_conntrack(seeder);
	rw_close(seeder->routes);
	seeder->result.conntrack_read = r == 0;
	if (r < 0 && !seeder->result.text[0])
		(void)snprintf(seeder->result.text, sizeof(seeder->result.text), "conntrack: %s",
			       strerror(-r));
	if (ret_seeded)
		*ret_seeded = seeder->result;
	return 0;
}

int rw_bpf_enforce(struct rw_enforcer *enforcer, struct rw_enforcer_seeded *ret_seeded, struct rw_error *err)
{
	struct rw_bpf *bpf = rw_bpf_of(enforcer);
	struct rw_control *control = rw_bpf_control(bpf);
	struct rw_enforcer_seeded seeded = {0}, late = {0};
	uint32_t mode;
	int r;

	if (!bpf->table)
		return rw_error_set(err, -EINVAL, "a policy must be applied before it is enforced");
	if (RW_STATE_MODE(control->state) == RW_MODE_LEARN) {
		r = rw_bpf_seed(bpf, false, &seeded);
		if (r < 0)
			return rw_error_oom(err);
		mode = bpf->table->policy->enforcement == RW_MONITOR ? RW_MODE_MONITOR : RW_MODE_ENFORCE;
		__atomic_store_n(&control->state, RW_STATE(RW_STATE_GENERATION(control->state), mode),
				 __ATOMIC_SEQ_CST);
		/*
		 * Connections that were half open before the hooks were there, and whole after the first
		 * look.
		 */
		if (rw_bpf_seed(bpf, true, &late) == 0) {
			seeded.accepted += late.accepted;
			seeded.refused += late.refused;
		}
	}
	if (ret_seeded)
		*ret_seeded = seeded;
	return 0;
}
