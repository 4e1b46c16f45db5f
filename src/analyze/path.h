/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Path
 * ====
 *
 * A packet from one end to another, traced on every managed node that decides it: by the egress rules of the
 * node it comes from, then by the ingress rules of the node it goes to.
 *
 *     r = rw_path(&source, &(struct rw_path_question){.from = "203.0.113.9", .to = "node-1:6379/tcp"}, &path, err);
 *
 * An end is "WHO", "WHO:PORT", "WHO/PROTOCOL" or "WHO:PORT/PROTOCOL", with WHO an address (IPv6 in brackets
 * when a port follows) or a node by id or name.  An address that a node holds is that node.  Without a
 * protocol it is TCP.
 */

#include "analyze/source.h"
#include "analyze/trace.h"

struct rw_path_question {
	const char *from;
	const char *to;
	const char *interface; /* of the node where there are several; NULL = the one that fits */
};

struct rw_path_step {
	struct rw_policy *policy; /* reference held; names the node */
	size_t interface;
	struct rw_packet packet;
	struct rw_trace trace;
};

struct rw_path {
	struct rw_path_step steps[2];
	size_t count;            /* 1 or 2 */
	enum rw_verdict verdict; /* drop when any step drops */
};

void rw_path_done(struct rw_path *path);
RW_DEFINE_DONE(struct rw_path, rw_path_done)

/*
 * Traces.  -EINVAL at field "from", "to" or "interface": text that is no end, two families, no port for TCP or
 * UDP, no managed node at either end; -ENOENT for an unknown node; -ENOMEM.
 */
RW_NODISCARD int rw_path(const struct rw_source *source, const struct rw_path_question *question,
			 struct rw_path *ret_path, struct rw_error *err);
