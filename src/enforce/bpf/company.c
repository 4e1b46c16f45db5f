/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Company at the hooks: whether our programs hang where they were put, and who else decides there.
 *
 * A packet comes in by XDP, then the tcx programs in their order, then the filters of clsact; it leaves by tcx
 * and clsact in the same order.  Whoever does not say "next" ends the way, so that nobody behind is asked:
 *
 *     ingress   somebody before ours may take packets in, or send them on, without us
 *     egress    somebody before ours may let packets out unseen; behind ours, change what we have decided
 *
 * Such a stranger is told by name and left alone.  Behind ours at ingress nobody can undo a drop, and what we
 * accept goes on to him.
 */

#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "enforce/bpf/bpf_internal.h"
#include "net/netlink.h"

#define TCX_MAX 64 /* the kernel's limit for programs at one hook */

static const char *const side_names[2] = {"ingress", "egress"};

/* ---- names ---- */

void rw_enforce_bpf_program_name(uint32_t id, char name[RW_ENFORCE_BPF_NAME_SIZE])
{
	RW_CLEANUP(rw_close) int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	name[0] = '\0';
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		(void)snprintf(name, RW_ENFORCE_BPF_NAME_SIZE, "%s", info.name);
}

/* The name of a program, or "" when it has none or we may not know.  Asked for once. */
static const char *find_name(struct rw_bpf *bpf, uint32_t id)
{
	struct rw_bpf_known *known;

	for (size_t i = 0; i < RW_ARRAY_COUNT(bpf->known); i++)
		if (bpf->known[i].id == id)
			return bpf->known[i].name;
	known = &bpf->known[bpf->known_next++ % RW_ARRAY_COUNT(bpf->known)];
	*known = (struct rw_bpf_known){.id = id};
	if (bpf->name_program)
		bpf->name_program(bpf->name_context, id, known->name);
	else
		rw_enforce_bpf_program_name(id, known->name);
	return known->name;
}

/* ---- strangers ---- */

/* Cilium's programs; its masquerading rewrites packets at the hooks where ours decide. */
static bool is_cilium(const char *name)
{
	return strncmp(name, "cil_", 4) == 0;
}

/* Notes one who may bypass ours; the first is told, the others are counted. */
static void add_stranger(struct rw_bpf_company *company, const char *kind, const char *name, uint32_t id,
			 const char *where, int side)
{
	char number[32] = "";

	if (company->strangers++)
		return;
	if (id)
		(void)snprintf(number, sizeof(number), " (id %u)", id);
	(void)snprintf(company->text, sizeof(company->text), "%s %s%s runs %s ours at %s%s", kind,
		       name[0] ? name : "without a name", number, where, side_names[side],
		       is_cilium(name) ? "; Cilium with BPF masquerade is not supported" : "");
}

/* ---- tcx ---- */

static void look_at_tcx(struct rw_bpf *bpf, const struct rw_bpf_device *device, int side,
			struct rw_bpf_company *company)
{
	enum bpf_attach_type type = (enum bpf_attach_type)(side ? RW_BPF_TCX_EGRESS : RW_BPF_TCX_INGRESS);
	uint32_t ids[TCX_MAX] = {0}, count = TCX_MAX, own = TCX_MAX;

	/* A kernel without tcx has no programs there. */
	if (bpf_prog_query((int)device->ifindex, type, 0, NULL, ids, &count) < 0)
		return;
	for (uint32_t i = 0; i < count && bpf->tcx; i++)
		if (ids[i] == bpf->program_ids[side])
			own = i;
	if (bpf->tcx)
		company->present[side] = own < count;
	for (uint32_t i = 0; i < count; i++)
		if (i != own && (side || i < own))
			add_stranger(company, "program", find_name(bpf, ids[i]), ids[i],
				     i < own ? "before" : "behind", side);
}

/* ---- filters ---- */

struct filter {
	uint32_t priority;
	uint32_t handle;
	uint32_t program; /* of a BPF filter */
	char name[32];    /* what it is called by whoever made it, or its kind */
};

/* The name of a BPF filter.  libbpf appends the program's number, which is told anyway. */
static void read_bpf_name(const struct nlattr *options, uint32_t program, char *name, size_t size)
{
	char suffix[16];
	size_t length, tail;

	netlink_text(netlink_nested(options, TCA_BPF_NAME), name, size);
	(void)snprintf(suffix, sizeof(suffix), ":[%u]", program);
	length = strlen(name);
	tail = strlen(suffix);
	if (length > tail && strcmp(name + length - tail, suffix) == 0)
		name[length - tail] = '\0';
}

/* Takes a filter from a message of a dump; false when it is none, or waits in a chain for a "goto". */
static bool read_filter(const struct nlmsghdr *message, struct filter *ret_filter)
{
	const struct tcmsg *body = netlink_data(message);
	const struct nlattr *options = netlink_message_attribute(message, sizeof(*body), TCA_OPTIONS);
	struct filter filter = {0};
	uint32_t chain = 0;
	char kind[16];

	/* A filter's head is told as well, with the handle 0. */
	if (message->nlmsg_type != RTM_NEWTFILTER || message->nlmsg_len < NLMSG_LENGTH(sizeof(*body)) ||
	    !body->tcm_handle)
		return false;
	(void)netlink_value(netlink_message_attribute(message, sizeof(*body), TCA_CHAIN), &chain,
			    sizeof(chain));
	netlink_text(netlink_message_attribute(message, sizeof(*body), TCA_KIND), kind, sizeof(kind));
	filter.priority = body->tcm_info >> 16;
	filter.handle = body->tcm_handle;
	if (strcmp(kind, "bpf") == 0) {
		(void)netlink_value(netlink_nested(options, TCA_BPF_ID), &filter.program,
				    sizeof(filter.program));
		read_bpf_name(options, filter.program, filter.name, sizeof(filter.name));
	}
	/* The tables in which u32 keeps its filters are told like them. */
	if (strcmp(kind, "u32") == 0 && !TC_U32_NODE(filter.handle))
		return false;
	if (!filter.name[0])
		memcpy(filter.name, kind, sizeof(kind));
	for (char *at = filter.name; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?'; /* Anybody may choose it. */
	*ret_filter = filter;
	return chain == 0;
}

static void take_filter(struct rw_bpf *bpf, const struct filter *filter, int side,
			struct rw_bpf_company *company)
{
	uint32_t own = rw_bpf_clsact_priorities[side];

	if (!bpf->tcx && filter->priority == own && filter->handle == RW_BPF_CLSACT_HANDLE &&
	    filter->program == bpf->program_ids[side])
		company->present[side] = true;
	else if (bpf->tcx && side)
		add_stranger(company, "filter", filter->name, filter->program, "behind", side);
	else if (!bpf->tcx && filter->priority == own)
		add_stranger(company, "filter", filter->name, filter->program, "beside", side);
	else if (!bpf->tcx && filter->priority < own)
		add_stranger(company, "filter", filter->name, filter->program, "before", side);
}

/* Sends a request on a new socket that answers within a second. */
static int ask(const void *request, size_t size)
{
	RW_CLEANUP(rw_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct timeval patience = {.tv_sec = 1};

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    send(fd, request, size, 0) < 0)
		return -errno;
	return RW_TAKE_FD(fd);
}

static void look_at_filters(struct rw_bpf *bpf, const struct rw_bpf_device *device, int side,
			    struct rw_bpf_company *company)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETTFILTER,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.tcm_ifindex = (int)device->ifindex,
			 .tcm_parent = TC_H_MAKE(TC_H_CLSACT, side ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)},
	};
	_Alignas(struct nlmsghdr) char answer[8192];
	RW_CLEANUP(rw_close) int fd = -EBADF;

	/* tcx programs come before every filter. */
	if (bpf->tcx && !side)
		return;
	fd = ask(&request, sizeof(request));
	while (fd >= 0) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);
		size_t size = got > 0 ? (size_t)got : 0;

		if (got <= 0)
			return;
		for (const struct nlmsghdr *message = netlink_first(answer, size); message;
		     message = netlink_next(message, &size)) {
			struct filter filter;

			if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
				return;
			if (read_filter(message, &filter))
				take_filter(bpf, &filter, side, company);
		}
	}
}

/* ---- XDP ---- */

static void look_at_xdp(struct rw_bpf *bpf, const struct rw_bpf_device *device,
			struct rw_bpf_company *company)
{
	static const uint16_t kinds[] = {IFLA_XDP_SKB_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_HW_PROG_ID,
					 IFLA_XDP_PROG_ID};
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.body = {.ifi_index = (int)device->ifindex},
	};
	_Alignas(struct nlmsghdr) char answer[8192];
	RW_CLEANUP(rw_close) int fd = ask(&request, sizeof(request));
	ssize_t got = fd < 0 ? -1 : recv(fd, answer, sizeof(answer), 0);
	const struct nlmsghdr *message = got > 0 ? netlink_first(answer, (size_t)got) : NULL;
	const struct nlattr *xdp;
	uint32_t last = 0, id;

	if (!message || message->nlmsg_type != RTM_NEWLINK)
		return;
	xdp = netlink_message_attribute(message, sizeof(struct ifinfomsg), IFLA_XDP);
	for (size_t i = 0; i < RW_ARRAY_COUNT(kinds); i++) {
		/* A single program is told twice: by its kind and by itself. */
		if (!netlink_value(netlink_nested(xdp, kinds[i]), &id, sizeof(id)) || !id || id == last)
			continue;
		last = id;
		if (id == bpf->program_ids[RW_BPF_PROGRAM_EARLY])
			company->early = true;
		else
			add_stranger(company, "XDP program", find_name(bpf, id), id, "before", 0);
	}
}

/* ---- all of it ---- */

void rw_bpf_company_look(struct rw_bpf *bpf, const struct rw_bpf_device *device,
			 struct rw_bpf_company *ret_company)
{
	struct rw_bpf_company company = {0};

	for (int side = 0; side < 2; side++) {
		look_at_tcx(bpf, device, side, &company);
		look_at_filters(bpf, device, side, &company);
	}
	look_at_xdp(bpf, device, &company);
	if (company.strangers > 1) {
		size_t length = strlen(company.text);

		(void)snprintf(company.text + length, sizeof(company.text) - length, ", and %u more",
			       company.strangers - 1);
	}
	*ret_company = company;
}

/* ---- changes ---- */

int rw_bpf_company_watch(void)
{
	static const int group = RTNLGRP_TC;
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	RW_CLEANUP(rw_close)
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return RW_TAKE_FD(fd);
}

void rw_bpf_company_drain(int fd)
{
	char bytes[4096];

	/* What the messages say does not matter: whoever drains looks at everything.  Nor does a lost one. */
	while (fd >= 0 && (recv(fd, bytes, sizeof(bytes), 0) > 0 || errno == ENOBUFS || errno == EINTR))
		;
}
