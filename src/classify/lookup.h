/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Look-up in a compiled table on the host: the same code as the kernel's (bpf/lib/rw_decide.h), with
 * the system rules round it that need no flow state.  Equals rw_evaluate for the table's policy, at a
 * cost that does not depend on its size: tens of nanoseconds a packet.
 */

#include "classify/compile.h"
#include "policy/evaluate.h"

/* Decides 'packet' on interface 'interface' (< interface_count of the policy).  Cannot fail. */
struct rw_decision rw_classify_decide(const struct rw_classify_table *table, size_t interface,
				      const struct rw_packet *packet);
