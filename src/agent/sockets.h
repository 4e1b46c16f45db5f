/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The node's sockets, by sock_diag(7)
 * ===================================
 *
 * One dump of the TCP or UDP sockets of the caller's network namespace, IPv4 before IPv6.  Needs no privilege.
 */

#include <linux/inet_diag.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Gets a socket, lent; anything but 0 ends the dump and is its result. */
typedef int rw_sockets_fn(void *context, uint8_t protocol, const struct inet_diag_msg *socket);

/*
 * Hands over every socket of 'protocol' (RW_PROTOCOL_TCP or _UDP) in one of 'states', a set of 1 << state as
 * in net/tcp_states.h.  Waits at most a second for each answer: -ETIMEDOUT; else the errno of the socket.
 */
RW_NODISCARD int rw_sockets_dump(uint8_t protocol, uint32_t states, rw_sockets_fn *each, void *context);
