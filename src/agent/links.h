/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The links of a node
 * ===================
 *
 * What the kernel says of the network interfaces in the caller's network namespace: links with their
 * kind, master and parent, their addresses, and which of them carry a default route.  All of it comes by
 * rtnetlink, nothing from /sys: a process that entered a namespace with setns(2) sees the /sys of another
 * one.
 *
 * rw_links_read takes a whole picture; rw_links_watch_* tells when to take the next.  The watch is only a
 * bell: what a message says is not folded into the old picture, so a lost message loses nothing.
 *
 * Source: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h; IFLA_PARENT_DEV_NAME is in Linux 5.14 and newer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/address.h"

#define RW_LINKS_MAX           8192 /* hosts with thousands of container interfaces exist */
#define RW_LINKS_ADDRESSES_MAX 65536

struct rw_link {
	unsigned int ifindex;
	char name[16];
	char kind[16];       /* "bond", "veth", ...; "" for plain devices */
	char slave_kind[16]; /* kind of its master ("bond", "team", "bridge", ...); "" without */
	uint16_t type;       /* ARPHRD_* of linux/if_arp.h */
	unsigned int flags;  /* IFF_* of linux/if.h */
	unsigned int master; /* ifindex, 0 = none */
	unsigned int parent; /* ifindex of the device below (VLAN, macvlan), 0 = none in this namespace */
	uint16_t vlan_id;    /* of a VLAN device */
	bool keeps_tag;      /* ... which leaves its tag in the frame (reorder_hdr off) */
	bool has_device;     /* stands for a device on a bus (PCI, virtio, usb) */
	bool has_default_route;
	unsigned int virtual_functions; /* SR-IOV functions of this device in use */
	uint8_t mac[6];
	bool has_mac;
};

struct rw_link_address {
	unsigned int ifindex;
	struct rw_address address;
};

struct rw_links {
	struct rw_link *links; /* sorted by ifindex */
	size_t count;
	struct rw_link_address *addresses; /* sorted by ifindex, then address */
	size_t address_count;
};

void rw_links_done(struct rw_links *links);
RW_DEFINE_DONE(struct rw_links, rw_links_done)

/* The link, or NULL.  Lent. */
const struct rw_link *rw_links_find(const struct rw_links *links, unsigned int ifindex);
const struct rw_link *rw_links_find_name(const struct rw_links *links, const char *name);

/* First address of the link in 'links->addresses', and how many follow each other there. */
const struct rw_link_address *rw_links_addresses(const struct rw_links *links, unsigned int ifindex,
						 size_t *ret_count);

/* Whether the two pictures are the same in all that is kept. */
bool rw_links_equal(const struct rw_links *a, const struct rw_links *b);

/*
 * Asks the kernel for links, addresses and routes; waits at most a second for each answer.  Needs no
 * privilege.  -ETIMEDOUT, -E2BIG beyond the limits above, or the errno of the socket.
 */
RW_NODISCARD int rw_links_read(struct rw_links *ret_links, struct rw_error *err);

/* A non-blocking descriptor (the caller's to close) that becomes readable when links, addresses or routes
 * change. */
RW_NODISCARD int rw_links_watch_open(int *ret_fd, struct rw_error *err);

/* Empties the watch; true when something was said that can change the picture (of routes: default routes
 * only). */
bool rw_links_watch_drain(int fd);
