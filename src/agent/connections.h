/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Live TCP connections of this node, and which of them carries the caller
 * =======================================================================
 *
 * Sockets only: connections that the node forwards (containers behind NAT) have none here and are not listed.
 * A connection to a port that listens was opened by the other end, any other by this node: the same guess as
 * that by which enforcement takes over live flows when it begins.
 */

#include "agent/links.h"
#include "agent/listeners.h"
#include "net/packet.h"

#define RW_CONNECTIONS_MAX 65536

struct rw_connection {
	struct rw_packet opener; /* the SYN that opened it */
	char interface[16];      /* the link that has the local address; "" = it crosses none */
	uint32_t inode;
	bool session; /* carries the SSH session in which the caller runs */
};

struct rw_connections {
	struct rw_connection *items;
	size_t count;
	bool cut; /* there are more than RW_CONNECTIONS_MAX */
};
void rw_connections_done(struct rw_connections *connections);
RW_DEFINE_DONE(struct rw_connections, rw_connections_done)

/* A dump of sockets; -ENOMEM or the errno of the socket. */
RW_NODISCARD int rw_connections_read(const struct rw_links *links, const struct rw_listeners *listeners,
				     struct rw_connections *ret_connections, struct rw_error *err);

/*
 * Marks the caller's SSH session: the connection that 'ssh_connection' names (the text of SSH_CONNECTION, or
 * NULL), and those whose socket an sshd among the ancestors of process 'pid' holds, for sudo hides the former.
 * The latter needs to be root.  Returns whether there is an sshd or a text at all: if so and nothing is
 * marked, the session comes by a way that is not seen here.
 */
bool rw_connections_mark_session(struct rw_connections *connections, const char *ssh_connection, int pid);
