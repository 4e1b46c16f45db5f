/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The flow table
 * ==============
 *
 * A set-associative table per family in a mmapable array: a map value is a bucket of 8 signatures and 8
 * entries; a flow lives in one of two buckets that its keyed hash names.
 *
 * Signature: 0 = free, 1 = being written, else 32 bits of the hash.
 *
 * Tags: a word for each bucket, in an array of their own, with a byte for each way: a few bits of the signature,
 * or anything where the way is free.  A packet of no flow is known by two of these words, which are so few that
 * they stay in the processor's cache; signatures alone would be four times as much.  A tag is written before
 * the signature, by who has set that to 1, with an atomic exclusive-or; so whoever does not see the tag does
 * not see the flow yet.
 *
 * An entry is three parts:
 *   control   one u64 that says how the flow is; changed by compare-and-swap only, so that a change meant
 *             for an earlier owner of the entry fails
 *   decision  one u64: who decided it, at which generation; by compare-and-swap only
 *   key       both ends in canonical order; written only while the signature is 1
 *
 * Control, from the low bit: 32 deadline (second of CLOCK_MONOTONIC at which the entry is dead),
 * 4 class, 12 detail (by protocol, lib/rw_flow.h), 1 TCP, 1 high end opened, 1 kept, 13 incarnation.
 * Decision: 32 generation, 10 slot + 1 of the ingress decision or 0, 10 the same of egress, 2 genuine,
 * 2 unused, 8 incarnation.
 *
 * Kept: the flow passes although the rules may refuse it, until it ends or the mark is taken away.  It is set on
 * flows that a change keeps, by user space before and after the switch and by the programs in between (struct
 * rw_control, keep_generation), and cleared by user space alone.  A buried flow has it never.
 *
 * A flow table outlives the programs that began it, also when programs with other decision tables follow them.  So
 * it has a version of its own, RW_FLOW_ABI_VERSION, which says that these agree: this file; what lib/rw_flow.h and
 * lib/rw_table_flow.h make of it; the slots (rw_slots) to which entries refer; what is remembered of fragments; and
 * struct rw_control up to RW_CONTROL_FLOW_PART.
 *
 * A reader sees a whole entry when control, decision, key and control again agree.  User space reads the same
 * way through mmap and writes nothing but control words.
 */

#include <linux/types.h>

#define RW_FLOW_ABI_VERSION 1

#define RW_FLOW_WAYS 8

#define RW_FLOW_SIGNATURE_FREE 0u
#define RW_FLOW_SIGNATURE_BUSY 1u

/* Classes of flows; the order is that of enforce/enforcer.h. */
enum {
	RW_FLOW_ABI_HALF_OPEN = 0, /* also: never answered */
	RW_FLOW_ABI_PICKED_UP = 1,
	RW_FLOW_ABI_EXCHANGE = 2,
	RW_FLOW_ABI_TOMBSTONE = 3,
	RW_FLOW_ABI_CLOSING = 4,
	RW_FLOW_ABI_ONE_WAY = 5,
	RW_FLOW_ABI_ASSURED = 6,
	RW_FLOW_ABI_ESTABLISHED = 7,
};

#define RW_FLOW_CLASS_SHIFT       32
#define RW_FLOW_DETAIL_SHIFT      36
#define RW_FLOW_TCP               (1ull << 48)
#define RW_FLOW_HIGH_OPENED       (1ull << 49)
#define RW_FLOW_KEPT              (1ull << 50)
#define RW_FLOW_INCARNATION_SHIFT 51

#define RW_FLOW_DEADLINE(control)    ((__u32)(control))
#define RW_FLOW_CLASS(control)       ((__u32)((control) >> RW_FLOW_CLASS_SHIFT) & 0xf)
#define RW_FLOW_DETAIL(control)      ((__u32)((control) >> RW_FLOW_DETAIL_SHIFT) & 0xfff)
#define RW_FLOW_INCARNATION(control) ((__u32)((control) >> RW_FLOW_INCARNATION_SHIFT))

#define RW_FLOW_DECISION(generation, in, out, incarnation)                                                   \
	((__u64)(__u32)(generation) | (__u64)((in)&0x3ff) << 32 | (__u64)((out)&0x3ff) << 42 |               \
	 (__u64)((incarnation)&0xff) << 56)
#define RW_FLOW_DECISION_GENERATION(decision)  ((__u32)(decision))
#define RW_FLOW_DECISION_IN(decision)          ((__u32)((decision) >> 32) & 0x3ff)
#define RW_FLOW_DECISION_OUT(decision)         ((__u32)((decision) >> 42) & 0x3ff)
#define RW_FLOW_DECISION_INCARNATION(decision) ((__u32)((decision) >> 56))

/*
 * Sources found genuine by the rules of the decision's generation, so that they need not be looked up for
 * every packet: the opener's where it enters by the slot of 'in', the responder's where it enters by that of
 * 'out'.
 */
#define RW_FLOW_GENUINE_OPENER    (1ull << 52)
#define RW_FLOW_GENUINE_RESPONDER (1ull << 53)

/*
 * Key words.  The last one is ports of the low end << 48, of the high end << 32, protocol << 24, zone.
 * Before it, IPv4: one word low address << 32 | high; IPv6: two words each.  Addresses are in host order,
 * so "low" is the smaller number (with its port).
 */
#define RW_FLOW_KEY_WORDS4 2
#define RW_FLOW_KEY_WORDS6 5

struct rw_flow_entry4 {
	__u64 control;
	__u64 decision;
	__u64 key[RW_FLOW_KEY_WORDS4];
};

struct rw_flow_entry6 {
	__u64 control;
	__u64 decision;
	__u64 key[RW_FLOW_KEY_WORDS6];
	__u64 pad;
};

struct rw_flow_bucket4 {
	__u32 signature[RW_FLOW_WAYS];
	struct rw_flow_entry4 entry[RW_FLOW_WAYS];
};

/* Padded so that an entry is one cache line. */
struct rw_flow_bucket6 {
	__u32 signature[RW_FLOW_WAYS];
	__u64 pad[4];
	struct rw_flow_entry6 entry[RW_FLOW_WAYS];
};

_Static_assert(sizeof(struct rw_flow_entry4) == 32, "IPv4 entry");
_Static_assert(sizeof(struct rw_flow_entry6) == 64, "IPv6 entry");
_Static_assert(sizeof(struct rw_flow_bucket4) == 288, "IPv4 bucket");
_Static_assert(sizeof(struct rw_flow_bucket6) == 576, "IPv6 bucket");
