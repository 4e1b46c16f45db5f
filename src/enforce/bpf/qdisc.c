/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The clsact qdisc in which our filters hang where the kernel has no tcx.  When we had to make it, a pin
 * named after the device says so, and it goes with us -- unless somebody else has put a filter into it
 * since: a qdisc takes all its filters along.  The look and the removal are two steps; a filter that comes
 * between them goes, too.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "enforce/bpf/bpf_internal.h"
#include "net/netlink.h"

#define BOTH_SIDES (BPF_TC_INGRESS | BPF_TC_EGRESS)

int rw_bpf_qdisc_make(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)device->ifindex, .attach_point = BOTH_SIDES);
	char path[256];
	int r = bpf_tc_hook_create(&hook);

	if (r == -EEXIST)
		return 0;
	if (r < 0)
		return rw_bpf_refused(err, r, "a clsact qdisc");
	device->made_qdisc = true;
	if (!bpf->pin_dir[0])
		return 0;
	rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, RW_BPF_QDISC_PIN, device->ifindex);
	return rw_bpf_pin(bpf->maps[RW_BPF_MAP_CONTROL].fd, path, err);
}

/* Whether a dump of the filters at one side ends without having named one; false also when it fails. */
static bool is_side_empty(int fd, unsigned int ifindex, uint32_t side)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETTFILTER,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.tcm_ifindex = (int)ifindex, .tcm_parent = TC_H_MAKE(TC_H_CLSACT, side)},
	};
	_Alignas(struct nlmsghdr) char answer[8192];

	if (send(fd, &request, sizeof(request), 0) < 0)
		return false;
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);
		size_t size = got > 0 ? (size_t)got : 0;

		if (got <= 0)
			return false;
		for (const struct nlmsghdr *message = netlink_first(answer, size); message;
		     message = netlink_next(message, &size)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return true;
			if (message->nlmsg_type == RTM_NEWTFILTER || message->nlmsg_type == NLMSG_ERROR)
				return false;
		}
	}
}

static bool is_empty(unsigned int ifindex)
{
	static const uint32_t sides[] = {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS};
	const struct timeval patience = {.tv_sec = 1};

	for (size_t i = 0; i < RW_ARRAY_COUNT(sides); i++) {
		/* One socket a dump, so that what is left of the first is not taken for the second. */
		RW_CLEANUP(rw_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
		    !is_side_empty(fd, ifindex, sides[i]))
			return false;
	}
	return true;
}

void rw_bpf_qdisc_remove(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BOTH_SIDES);

	/* With both sides named, libbpf removes the qdisc itself. */
	if (is_empty(ifindex))
		(void)bpf_tc_hook_destroy(&hook);
}
