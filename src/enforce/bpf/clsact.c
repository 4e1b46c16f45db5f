/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The way into kernels without tcx: filters of the clsact qdisc, with the first priority at ingress and the
 * last at egress.  A filter needs no process; a pin named after the device remembers that it is ours.  For the
 * qdisc itself see qdisc.c.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "enforce/bpf/bpf_internal.h"
#include "net/netlink.h"

#define FILTER_HANDLE 0x7277 /* "rw" */

static const uint32_t priorities[2] = {1, 0xffff};
static const enum bpf_tc_attach_point points[2] = {BPF_TC_INGRESS, BPF_TC_EGRESS};

int rw_bpf_clsact_attach(struct rw_bpf *bpf, struct rw_bpf_device *device, struct rw_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)device->ifindex);
	char path[256];
	int r = rw_bpf_qdisc_make(bpf, device, err);

	if (r < 0)
		return r;
	for (int side = 1; side >= 0; side--) {
		LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = priorities[side],
			    .prog_fd = bpf->programs[side], .flags = BPF_TC_F_REPLACE);

		hook.attach_point = points[side];
		r = bpf_tc_attach(&hook, &filter);
		if (r < 0)
			return rw_bpf_refused(err, r, "a clsact filter");
	}
	if (!bpf->pin_dir[0])
		return 0;
	rw_bpf_pin_path(path, sizeof(path), bpf->pin_dir, "clsact", device->ifindex);
	if (bpf_obj_pin(bpf->programs[0], path) < 0 && errno != EEXIST)
		return rw_error_set(err, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

bool rw_bpf_clsact_present(const struct rw_bpf *bpf, const struct rw_bpf_device *device)
{
	for (int side = 0; side < 2; side++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)device->ifindex, .attach_point = points[side]);
		LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = priorities[side]);

		if (bpf_tc_query(&hook, &filter) < 0 || filter.prog_id != bpf->program_ids[side])
			return false;
	}
	return true;
}

void rw_bpf_clsact_remove(unsigned int ifindex)
{
	for (int side = 0; side < 2; side++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = points[side]);
		LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = priorities[side]);

		(void)bpf_tc_detach(&hook, &filter);
	}
}

/* Whether a message of a dump is a filter that is not ours. */
static bool is_foreign(const struct nlmsghdr *message, unsigned int ifindex, int side, bool all)
{
	const struct tcmsg *filter = netlink_data(message);
	uint32_t priority;

	if (message->nlmsg_type != RTM_NEWTFILTER || message->nlmsg_len < NLMSG_LENGTH(sizeof(*filter)) ||
	    filter->tcm_ifindex != (int)ifindex || !filter->tcm_handle)
		return false;
	priority = filter->tcm_info >> 16;
	if (priority == priorities[side])
		return filter->tcm_handle != FILTER_HANDLE;
	return all;
}

/*
 * Looks for filters of others that run before ours at ingress, or at egress anywhere: those behind ours may
 * change what we have decided, those before it may let a packet out that we never see.
 */
bool rw_bpf_clsact_shared(const struct rw_bpf *bpf, unsigned int ifindex, int side, char text[128])
{
	struct {
		struct nlmsghdr header;
		struct tcmsg body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETTFILTER,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.tcm_ifindex = (int)ifindex,
			 .tcm_parent = TC_H_MAKE(TC_H_CLSACT, side ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)},
	};
	RW_CLEANUP(rw_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct timeval timeout = {.tv_sec = 1};
	_Alignas(struct nlmsghdr) char answer[8192];
	bool foreign = false;

	/* tcx programs come before every filter. */
	if ((bpf->tcx && !side) || fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    send(fd, &request, sizeof(request), 0) < 0)
		return false;
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);
		size_t size = got > 0 ? (size_t)got : 0;

		if (got <= 0)
			break;
		for (const struct nlmsghdr *message = netlink_first(answer, size); message;
		     message = netlink_next(message, &size)) {
			if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
				goto out;
			foreign |= is_foreign(message, ifindex, side, side == 1);
		}
	}
out:
	if (foreign)
		(void)snprintf(text, 128, "a tc filter at %s decides besides ours",
			       side ? "egress" : "ingress");
	return foreign;
}
