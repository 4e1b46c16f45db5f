/* SPDX-License-Identifier: Apache-2.0 */

/*
 * To be preloaded into a program under test: while the file that RINGWALL_TEST_TORN names is there, every dump that
 * is read from a netlink socket is one that a change has torn.
 */

#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_netlink(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	ssize_t got = syscall(SYS_recvfrom, fd, bytes, size, flags, NULL, NULL);
	const char *path = getenv("RINGWALL_TEST_TORN");
	struct nlmsghdr *first = bytes;

	if (got >= (ssize_t)sizeof(*first) && path && access(path, F_OK) == 0 && is_netlink(fd) &&
	    (first->nlmsg_flags & NLM_F_MULTI))
		first->nlmsg_flags |= NLM_F_DUMP_INTR;
	return got;
}
