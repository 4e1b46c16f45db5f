/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The data plane against the evaluator: random packets under random policies; verdict, cause and rule must be
 * the same.  The flow table is emptied before each packet, since the evaluator knows no flows.  A mismatch
 * fails the test and prints the seed, the packet and the policy; RW_SEED=n repeats from there.
 *
 * With an early stage every other packet comes when no event is due, so that it drops what it can.
 */

#include "enforce/bpf/bpf_internal.h"
#include "policy/policy.h"

#define ORACLE_DEVICES 8

struct oracle {
	struct rw_bpf *bpf;
	unsigned int ifindexes[ORACLE_DEVICES]; /* of the devices that serve as the policy's interfaces */
	/* Sends a packet through the data plane; true when it passes. */
	bool (*run)(struct oracle *oracle, const struct rw_packet *packet, size_t interface);
	enum rw_enforcer_early early; /* stage that the devices have */
	size_t cases;
	size_t accepted;
};

/* Packets that the early stage dropped so far. */
uint64_t oracle_early(const struct oracle *oracle);

/* Decides 'packets' packets under each of 'policies' policies. */
void oracle_compare(struct oracle *oracle, size_t policies, size_t packets);
