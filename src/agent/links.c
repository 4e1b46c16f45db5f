/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/links.h"

#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/vec.h"
#include "net/netlink.h"

/* The kernel sends dumps in messages of up to 32 KiB when the reader offers that much. */
#define NETLINK_BUFFER_SIZE 32768

struct reading {
	struct rw_vec links;     /* struct rw_link */
	struct rw_vec addresses; /* struct rw_link_address */
	int result;              /* first failure while taking messages */
};

void rw_links_done(struct rw_links *links)
{
	free(links->links);
	free(links->addresses);
	*links = (struct rw_links){0};
}

const struct rw_link *rw_links_find(const struct rw_links *links, unsigned int ifindex)
{
	for (size_t i = 0; ifindex && i < links->count; i++)
		if (links->links[i].ifindex == ifindex)
			return &links->links[i];
	return NULL;
}

const struct rw_link *rw_links_find_name(const struct rw_links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (strcmp(links->links[i].name, name) == 0)
			return &links->links[i];
	return NULL;
}

const struct rw_link_address *rw_links_addresses(const struct rw_links *links, unsigned int ifindex,
						 size_t *ret_count)
{
	size_t first = 0, count = 0;

	while (first < links->address_count && links->addresses[first].ifindex != ifindex)
		first++;
	while (first + count < links->address_count && links->addresses[first + count].ifindex == ifindex)
		count++;
	*ret_count = count;
	return links->addresses ? links->addresses + first : NULL;
}

bool rw_links_equal(const struct rw_links *a, const struct rw_links *b)
{
	/* Both were zeroed before they were filled, so padding compares equal. */
	if (a->count != b->count || a->address_count != b->address_count)
		return false;
	if (a->count && memcmp(a->links, b->links, a->count * sizeof(*a->links)) != 0)
		return false;
	return !a->address_count ||
	       memcmp(a->addresses, b->addresses, a->address_count * sizeof(*a->addresses)) == 0;
}

/* ---- attributes ---- */

/* Fills 'table' (max + 1 places) with the attributes in 'size' bytes at 'first'; the last of a type wins. */
static void attributes_index(const struct rtattr *first, size_t size, const struct rtattr **table, size_t max)
{
	const char *at = (const char *)first;

	memset(table, 0, (max + 1) * sizeof(*table));
	while (size >= sizeof(struct rtattr)) {
		const struct rtattr *attribute = (const struct rtattr *)(const void *)at;
		size_t step = RTA_ALIGN(attribute->rta_len);

		if (attribute->rta_len < sizeof(struct rtattr) || attribute->rta_len > size)
			return;
		if ((attribute->rta_type & NLA_TYPE_MASK) <= max)
			table[attribute->rta_type & NLA_TYPE_MASK] = attribute;
		if (step >= size)
			return;
		at += step;
		size -= step;
	}
}

static size_t attribute_size(const struct rtattr *attribute)
{
	return attribute->rta_len - RTA_LENGTH(0);
}

static const void *attribute_data(const struct rtattr *attribute)
{
	return (const char *)attribute + RTA_LENGTH(0);
}

static void attributes_nested(const struct rtattr *outer, const struct rtattr **table, size_t max)
{
	attributes_index(attribute_data(outer), attribute_size(outer), table, max);
}

static uint32_t attribute_u32(const struct rtattr *attribute)
{
	uint32_t value = 0;

	if (attribute && attribute_size(attribute) >= sizeof(value))
		memcpy(&value, attribute_data(attribute), sizeof(value));
	return value;
}

static uint16_t attribute_u16(const struct rtattr *attribute)
{
	uint16_t value = 0;

	if (attribute && attribute_size(attribute) >= sizeof(value))
		memcpy(&value, attribute_data(attribute), sizeof(value));
	return value;
}

static void attribute_text(const struct rtattr *attribute, char *text, size_t size)
{
	size_t length;

	if (!attribute)
		return;
	length = strnlen(attribute_data(attribute), attribute_size(attribute));
	if (length > size - 1)
		length = size - 1;
	memcpy(text, attribute_data(attribute), length);
}

/* Attributes behind the fixed header of 'header_size' bytes. */
static void message_attributes(const struct nlmsghdr *message, size_t header_size,
			       const struct rtattr **table, size_t max)
{
	size_t offset = NLMSG_LENGTH(NLMSG_ALIGN(header_size));

	if (message->nlmsg_len < offset)
		attributes_index(NULL, 0, table, max);
	else
		attributes_index((const struct rtattr *)(const void *)((const char *)message + offset),
				 message->nlmsg_len - offset, table, max);
}

/* ---- messages ---- */

static void take_link_info(struct rw_link *link, const struct rtattr *info)
{
	const struct rtattr *kinds[IFLA_INFO_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];

	attributes_nested(info, kinds, IFLA_INFO_MAX);
	attribute_text(kinds[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	attribute_text(kinds[IFLA_INFO_SLAVE_KIND], link->slave_kind, sizeof(link->slave_kind));
	if (strcmp(link->kind, "vlan") == 0 && kinds[IFLA_INFO_DATA]) {
		attributes_nested(kinds[IFLA_INFO_DATA], vlan, IFLA_VLAN_MAX);
		link->vlan_id = attribute_u16(vlan[IFLA_VLAN_ID]);
		/* The first word of struct ifla_vlan_flags, which the kernel tells of unless no flag is set. */
		link->keeps_tag = !(attribute_u32(vlan[IFLA_VLAN_FLAGS]) & VLAN_FLAG_REORDER_HDR);
	}
}

/* Whoever may make a device may call it nearly anything; we show and report names as text. */
static void make_printable(char *name)
{
	for (char *at = name; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
			*at = '?';
}

static int take_link(struct reading *reading, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = netlink_data(message);
	const struct rtattr *table[IFLA_MAX + 1];
	struct rw_link *link;
	int r;

	/* AF_BRIDGE messages tell of ports, not of links. */
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_family != AF_UNSPEC)
		return 0;
	r = rw_vec_push(&reading->links, &link);
	if (r < 0)
		return r;
	message_attributes(message, sizeof(*info), table, IFLA_MAX);
	link->ifindex = (unsigned int)info->ifi_index;
	link->type = info->ifi_type;
	link->flags = info->ifi_flags;
	attribute_text(table[IFLA_IFNAME], link->name, sizeof(link->name));
	make_printable(link->name);
	link->master = attribute_u32(table[IFLA_MASTER]);
	/*
	 * With IFLA_LINK_NETNSID the device below is in another namespace and its number means nothing here.
	 */
	if (!table[IFLA_LINK_NETNSID] && attribute_u32(table[IFLA_LINK]) != link->ifindex)
		link->parent = attribute_u32(table[IFLA_LINK]);
	link->has_device = table[IFLA_PARENT_DEV_NAME] != NULL;
	link->virtual_functions = attribute_u32(table[IFLA_NUM_VF]);
	if (table[IFLA_ADDRESS] && attribute_size(table[IFLA_ADDRESS]) == sizeof(link->mac)) {
		memcpy(link->mac, attribute_data(table[IFLA_ADDRESS]), sizeof(link->mac));
		link->has_mac = true;
	}
	if (table[IFLA_LINKINFO])
		take_link_info(link, table[IFLA_LINKINFO]);
	return 0;
}

static int take_address(struct reading *reading, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = netlink_data(message);
	const struct rtattr *table[IFA_MAX + 1], *address;
	struct rw_link_address *entry;
	size_t size;
	int r;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return 0;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	message_attributes(message, sizeof(*info), table, IFA_MAX);
	/* On point-to-point links IFA_ADDRESS is the other end; IFA_LOCAL, where there is one, is ours. */
	address = table[IFA_LOCAL] ? table[IFA_LOCAL] : table[IFA_ADDRESS];
	size = info->ifa_family == AF_INET ? 4 : 16;
	if (!address || attribute_size(address) != size)
		return 0;
	r = rw_vec_push(&reading->addresses, &entry);
	if (r < 0)
		return r;
	entry->ifindex = info->ifa_index;
	entry->address = rw_address_from_bytes(info->ifa_family == AF_INET ? 4 : 6, attribute_data(address));
	return 0;
}

static void mark_default_route(struct reading *reading, uint32_t ifindex)
{
	for (size_t i = 0; i < reading->links.count; i++) {
		struct rw_link *link = rw_vec_at(&reading->links, i);

		if (link->ifindex == ifindex)
			link->has_default_route = true;
	}
}

static void take_route(struct reading *reading, const struct nlmsghdr *message)
{
	const struct rtmsg *info = netlink_data(message);
	const struct rtattr *table[RTA_MAX + 1];
	size_t size;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->rtm_dst_len != 0 ||
	    info->rtm_type != RTN_UNICAST)
		return;
	message_attributes(message, sizeof(*info), table, RTA_MAX);
	if (table[RTA_OIF])
		mark_default_route(reading, attribute_u32(table[RTA_OIF]));
	if (!table[RTA_MULTIPATH])
		return;
	size = attribute_size(table[RTA_MULTIPATH]);
	for (const char *at = attribute_data(table[RTA_MULTIPATH]); size >= sizeof(struct rtnexthop);) {
		const struct rtnexthop *hop = (const struct rtnexthop *)(const void *)at;
		size_t step = RTNH_ALIGN(hop->rtnh_len);

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > size)
			return;
		mark_default_route(reading, (uint32_t)hop->rtnh_ifindex);
		if (step >= size)
			return;
		at += step;
		size -= step;
	}
}

static void take_message(struct reading *reading, const struct nlmsghdr *message)
{
	int r = 0;

	if (message->nlmsg_type == RTM_NEWLINK)
		r = take_link(reading, message);
	else if (message->nlmsg_type == RTM_NEWADDR)
		r = take_address(reading, message);
	else if (message->nlmsg_type == RTM_NEWROUTE)
		take_route(reading, message);
	if (r < 0 && reading->result == 0)
		reading->result = r;
}

/* ---- dumps ---- */

/* Takes the messages of one datagram; 1 when the dump is done, -EINTR when it was inconsistent. */
static int take_datagram(struct reading *reading, const char *datagram, size_t size, uint32_t sequence)
{
	for (const struct nlmsghdr *message = netlink_first(datagram, size); message;
	     message = netlink_next(message, &size)) {
		if (message->nlmsg_seq != sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR)
			return netlink_failure(message);
		take_message(reading, message);
	}
	return 0;
}

static int dump(int fd, struct reading *reading, uint16_t type, unsigned char family, uint32_t sequence,
		char *buffer)
{
	/*
	 * ifinfomsg, ifaddrmsg and rtmsg begin with the family and are at most this large; the rest is zero.
	 * The attribute asks for the number of virtual functions, and for no statistics.
	 */
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
		struct rtattr attribute;
		uint32_t mask;
	} request = {
		.header = {.nlmsg_len =
				   type == RTM_GETLINK ? sizeof(request) : NLMSG_LENGTH(sizeof(request.body)),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			   .nlmsg_seq = sequence},
		.body = {.ifi_family = family},
		.attribute = {.rta_len = RTA_LENGTH(sizeof(request.mask)), .rta_type = IFLA_EXT_MASK},
		.mask = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS,
	};
	int r = 0;

	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	while (r == 0) {
		ssize_t size = recv(fd, buffer, NETLINK_BUFFER_SIZE, 0);

		if (size < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (size == 0)
			return -EPROTO;
		r = take_datagram(reading, buffer, (size_t)size, sequence);
	}
	return r < 0 ? r : 0;
}

static int dump_all(int fd, struct reading *reading, char *buffer)
{
	static const struct {
		uint16_t type;
		unsigned char family;
	} dumps[] = {
		{RTM_GETLINK, AF_UNSPEC},
		{RTM_GETADDR, AF_UNSPEC},
		{RTM_GETROUTE, AF_INET},
		{RTM_GETROUTE, AF_INET6},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(dumps); i++)
		r = dump(fd, reading, dumps[i].type, dumps[i].family, (uint32_t)i + 1, buffer);
	return r == 0 ? reading->result : r;
}

static int compare_links(const void *a, const void *b)
{
	const struct rw_link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct rw_link_address *x = a, *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex > y->ifindex ? 1 : -1;
	return rw_address_compare(&x->address, &y->address);
}

static int open_socket(int flags, int *ret_fd, struct rw_error *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	if (fd < 0)
		return rw_error_set(err, -errno, "cannot open an rtnetlink socket: %s", strerror(errno));
	*ret_fd = fd;
	return 0;
}

static int read_once(struct rw_links *ret_links, struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *buffer = malloc(NETLINK_BUFFER_SIZE);
	RW_CLEANUP(rw_close) int fd = -EBADF;
	const struct timeval patience = {.tv_sec = 1};
	struct reading reading = {0};
	int r;

	if (!buffer)
		return rw_error_oom(err);
	r = open_socket(0, &fd, err);
	if (r < 0)
		return r;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	rw_vec_init(&reading.links, sizeof(struct rw_link), RW_LINKS_MAX);
	rw_vec_init(&reading.addresses, sizeof(struct rw_link_address), RW_LINKS_ADDRESSES_MAX);
	r = dump_all(fd, &reading, buffer);
	if (r < 0) {
		rw_vec_done(&reading.links);
		rw_vec_done(&reading.addresses);
		return rw_error_set(err, r, "cannot read the network interfaces by rtnetlink: %s",
				    strerror(-r));
	}
	*ret_links = (struct rw_links){.links = RW_TAKE_PTR(reading.links.data),
				       .count = reading.links.count,
				       .addresses = RW_TAKE_PTR(reading.addresses.data),
				       .address_count = reading.addresses.count};
	if (ret_links->count)
		qsort(ret_links->links, ret_links->count, sizeof(*ret_links->links), compare_links);
	if (ret_links->address_count)
		qsort(ret_links->addresses, ret_links->address_count, sizeof(*ret_links->addresses),
		      compare_addresses);
	return 0;
}

int rw_links_read(struct rw_links *ret_links, struct rw_error *err)
{
	int r = -EINTR;

	/* The kernel says when a dump was torn by a change; a few tries find a quiet moment. */
	for (unsigned int i = 0; r == -EINTR && i < 5; i++)
		r = read_once(ret_links, err);
	return r;
}

/* ---- watch ---- */

int rw_links_watch_open(int *ret_fd, struct rw_error *err)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	RW_CLEANUP(rw_close) int fd = -EBADF;
	int r = open_socket(SOCK_NONBLOCK, &fd, err);

	if (r < 0)
		return r;
	/* Nothing is delivered to a socket that is not bound. */
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		return rw_error_set(err, -errno, "cannot bind an rtnetlink socket: %s", strerror(errno));
	for (size_t i = 0; i < RW_ARRAY_COUNT(groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
			return rw_error_set(err, -errno, "cannot follow changes of network interfaces: %s",
					    strerror(errno));
	*ret_fd = RW_TAKE_FD(fd);
	return 0;
}

static bool matters(const struct nlmsghdr *message)
{
	if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE)
		return true;
	return message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)) &&
	       ((const struct rtmsg *)netlink_data(message))->rtm_dst_len == 0;
}

bool rw_links_watch_drain(int fd)
{
	char buffer[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool changed = false;

	for (;;) {
		ssize_t received = recv(fd, buffer, sizeof(buffer), 0);
		size_t size = received < 0 ? 0 : (size_t)received;

		if (received < 0 && errno == ENOBUFS) {
			changed = true; /* Messages were lost, so any may have mattered. */
			continue;
		}
		if (received < 0 && errno == EINTR)
			continue;
		if (received <= 0)
			return changed;
		if (size == sizeof(buffer))
			changed = true; /* A message may be cut. */
		for (const struct nlmsghdr *message = netlink_first(buffer, size); message;
		     message = netlink_next(message, &size))
			changed = changed || matters(message);
	}
}
