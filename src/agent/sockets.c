/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net/netlink.h"

#define DIAG_BUFFER_SIZE 32768

static int ask(int fd, uint8_t family, uint8_t protocol, uint32_t states)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = states},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* Hands over the sockets of one buffer; 1 at the end of the dump. */
static int take_answer(const char *buffer, size_t size, uint8_t protocol, rw_sockets_fn *each, void *context)
{
	int r = 0;

	for (const struct nlmsghdr *message = netlink_first(buffer, size); r == 0 && message;
	     message = netlink_next(message, &size)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR)
			return netlink_failure(message);
		if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			r = each(context, protocol, netlink_data(message));
	}
	return r;
}

int rw_sockets_dump(uint8_t protocol, uint32_t states, rw_sockets_fn *each, void *context)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	RW_CLEANUP(rw_free) char *buffer = malloc(DIAG_BUFFER_SIZE);
	RW_CLEANUP(rw_close) int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	const struct timeval patience = {.tv_sec = 1};
	int r = 0;

	if (!buffer)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (size_t i = 0; r >= 0 && i < RW_ARRAY_COUNT(families); i++) {
		r = ask(fd, families[i], protocol, states);
		while (r == 0) {
			ssize_t received = recv(fd, buffer, DIAG_BUFFER_SIZE, 0);

			if (received < 0)
				return errno == EAGAIN ? -ETIMEDOUT : -errno;
			r = take_answer(buffer, (size_t)received, protocol, each, context);
		}
	}
	return r < 0 ? r : 0;
}
