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
 * the signature, by who has set that to 1; so whoever does not see the tag does not see the flow yet.
 *
 * Hints: which live entry is to be given up for a newcomer takes a look at all 16 of its two buckets, as long as it
 * takes to send three packets.  So who has looked leaves word beside the signatures, by kind of newcomer: the second in
 * which this was, the rank and the deadline of the weakest entries, and which they are.  In the same second nothing
 * weaker can have come up but connections that have ended in it, so that a flood has its places from there.  A hint
 * is no more than that: written without care for others, and believed only if the entry's control word says the same.
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

/*
 * A hint, from the low bit: 20 second and 20 deadline, both modulo 2^20 (equal = the entries are dead), 8 ways to be
 * given up, 8 ways that were and hold newcomers as weak, 4 number of live entries that are not TCP, 1 rank (0 or 1).
 */
#define RW_FLOW_HINT_TIME     0xfffffu
#define RW_FLOW_HINT_VOID     0x80000u /* turned over, the second is days away */
#define RW_FLOW_HINT_DEADLINE 20
#define RW_FLOW_HINT_WAYS     40
#define RW_FLOW_HINT_USED     48
#define RW_FLOW_HINT_OTHERS   56
#define RW_FLOW_HINT_RANK     60

/* Padded so that an entry lies in one cache line. */
struct rw_flow_bucket4 {
	__u32 signature[RW_FLOW_WAYS];
	__u64 hint[2]; /* for newcomers that are not TCP, that are TCP */
	__u64 pad[2];
	struct rw_flow_entry4 entry[RW_FLOW_WAYS];
};

struct rw_flow_bucket6 {
	__u32 signature[RW_FLOW_WAYS];
	__u64 hint[2];
	__u64 pad[2];
	struct rw_flow_entry6 entry[RW_FLOW_WAYS];
};

_Static_assert(__builtin_offsetof(struct rw_flow_bucket4, entry) ==
		       __builtin_offsetof(struct rw_flow_bucket6, entry),
	       "what stands before entries");
_Static_assert(sizeof(struct rw_flow_entry4) == 32, "IPv4 entry");
_Static_assert(sizeof(struct rw_flow_entry6) == 64, "IPv6 entry");
_Static_assert(sizeof(struct rw_flow_bucket4) == 320, "IPv4 bucket");
_Static_assert(sizeof(struct rw_flow_bucket6) == 576, "IPv6 bucket");
