/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Look-up in a compiled table on the host: the same code as the kernel's (bpf/lib/rw_decide.h), with
 * the system rules round it that need no flow state.  Equals rw_evaluate for the table's policy, at a
 * cost that does not depend on its size: tens of nanoseconds a packet.
 */

#include "classify/compile.h"
#include "policy/evaluate.h"

/* In place of an interface: one that the policy does not name, which is in no group. */
#define RW_CLASSIFY_NO_INTERFACE SIZE_MAX

/*
 * Decides 'packet' on interface 'interface' (< interface_count of the policy, or
 * RW_CLASSIFY_NO_INTERFACE).  Cannot fail.
 */
struct rw_decision rw_classify_decide(const struct rw_classify_table *table, size_t interface,
				      const struct rw_packet *packet);

/* The same with the rule index behind the decision in *ret_index, or RW_CLASSIFY_NO_INDEX when no table was
 * asked. */
#define RW_CLASSIFY_NO_INDEX UINT32_MAX
struct rw_decision rw_classify_decide_index(const struct rw_classify_table *table, size_t interface,
					    const struct rw_packet *packet, uint32_t *ret_index);
