/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What listens on this node
 * =========================
 *
 * TCP ports in state LISTEN and unconnected UDP ports that are bound to more than loopback, in the caller's
 * network namespace, by sock_diag(7); and on which of them sshd listens, so that the guards and the failsafe
 * know the way by which people come in.  Names of processes come from /proc as far as the caller may read it.
 * Facts for reports; nothing here decides packets by itself.
 */

#include "wire/report.h"

#define RW_LISTENERS_MAX 1024

struct rw_listeners {
	struct rw_report_listener *items; /* sorted by protocol and port, unique */
	size_t count;
	uint16_t ssh_ports[16]; /* where a process called sshd listens; none seen = none */
	size_t ssh_port_count;
};
void rw_listeners_done(struct rw_listeners *listeners);
RW_DEFINE_DONE(struct rw_listeners, rw_listeners_done)

/* Costs a dump of the listening sockets and one pass over /proc: call it seldom.  -errno of the socket. */
RW_NODISCARD int rw_listeners_read(struct rw_listeners *ret_listeners, struct rw_error *err);
