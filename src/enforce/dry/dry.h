/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The enforcer that touches no kernel: it compiles every policy as bpf/ does, into two buffers of which one
 * is in force, and tells what would become of a packet.  For tests of what stands above, and for looking at a
 * policy on a machine that cannot or shall not enforce.
 *
 * It keeps no flows: every packet is decided as one of an unknown flow, as rw_evaluate does.  Devices are
 * a list; any ifindex will do, and none is ever lost.
 */

#include "base/clock.h"
#include "enforce/enforcer.h"
#include "policy/evaluate.h"

struct rw_enforce_dry_options {
	/* Bytes for decision tables, both buffers together; 0 = 256 MB.  Memory is taken as needed. */
	uint64_t table_memory;
	const struct rw_clock *clock; /* for the time of hits; NULL = the system's */
};

/* 'options' may be NULL.  -ENOMEM. */
RW_NODISCARD int rw_enforce_dry_open(const struct rw_enforce_dry_options *options,
				     struct rw_enforcer **ret_enforcer, struct rw_error *err);

/* What becomes of a packet. */
enum rw_enforce_dry_fate {
	RW_ENFORCE_DRY_UNDECIDED, /* passes: no such device, or no policy yet */
	RW_ENFORCE_DRY_PASSES,
	RW_ENFORCE_DRY_DROPPED,
};

/*
 * Decides a packet at a device and counts it.  *ret_decision (unchanged when undecided) is what the policy
 * says; LEARN and MONITOR let the packet pass all the same.
 */
enum rw_enforce_dry_fate rw_enforce_dry_decide(struct rw_enforcer *enforcer, unsigned int ifindex,
					       const struct rw_packet *packet,
					       struct rw_decision *ret_decision);
