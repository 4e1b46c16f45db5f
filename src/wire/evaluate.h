/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lines of 'ringwall evaluate'
 * ============================
 *
 * One query a line, one answer a line, hundreds of thousands a second.  A line in the usual form -- a flat
 * object of plain texts and numbers -- is read in place, without building anything; any other line, also
 * every wrong one, goes to the full reader, which is the definition and gives the error.
 *
 *     {"node":"n1","interface":"eth0","direction":"ingress","protocol":"tcp","remote":"203.0.113.9",
 *      "remote_port":40000,"local":"10.0.0.5","local_port":22}
 *
 * "node", "direction", "protocol", "remote" and "local" are required, and for tcp and udp the port that rules
 * are compared with: "local_port" for ingress, "remote_port" for egress.  The other port defaults to 0, which
 * only rules without source ports match.  "interface" may be left out when the node has one.  Defaults:
 * tcp_flags SYN, hop_limit 64, icmp_type echo request.
 */

#include "base/buf.h"
#include "net/packet.h"
#include "policy/evaluate.h"

#define RW_QUERY_LINE_MAX  4096
#define RW_QUERY_NAME_SIZE 516 /* a name of 128 characters and its NUL */

struct rw_query {
	char node[RW_QUERY_NAME_SIZE]; /* id or name */
	char interface[16];            /* "" = not given */
	struct rw_packet packet;
};

/*
 * Reads one line of 'size' bytes, without its line end.  -EINVAL with err->field, -E2BIG, -ENOMEM; after a
 * failure '*ret_query' holds nothing of use.
 */
RW_NODISCARD int rw_query_decode(const char *line, size_t size, struct rw_query *ret_query,
				 struct rw_error *err);

/* Appends {"verdict":"accept","cause":"sgr-..."} and a line end. */
void rw_answer_encode(struct rw_buf *buf, const struct rw_decision *decision);

/* Appends {"error":{"field":...,"message":...},"line":n} and a line end. */
void rw_answer_encode_error(struct rw_buf *buf, const struct rw_error *err, uint64_t line);
