/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which flows and packets the commands 'table' and 'capture' show. */

#include "enforce/bpf/bpf.h"

/* As written on the command line; NULL = not given. */
struct rw_flow_filter_text {
	const char *remote;   /* CIDR or address of the remote end */
	const char *port;     /* of either end */
	const char *protocol; /* name or number */
	const char *class;    /* word of a class of flows */
};

struct rw_flow_filter {
	struct rw_prefix remote; /* family 0 = any */
	uint16_t port;           /* 0 = any */
	uint16_t protocol;       /* RW_PROTOCOL_ALL = any */
	int class;               /* enum rw_flow_class; -1 = any */
};

/* -EINVAL naming the option, what is wrong and what it takes. */
RW_NODISCARD int rw_flow_filter_parse(const struct rw_flow_filter_text *text,
				      struct rw_flow_filter *ret_filter, struct rw_error *err);

/* A forwarded flow has two remote ends: either may match. */
bool rw_flow_filter_takes(const struct rw_flow_filter *filter, const struct rw_enforce_bpf_flow *flow);

/* By everything but the class. */
bool rw_flow_filter_takes_packet(const struct rw_flow_filter *filter, const struct rw_packet *packet);
