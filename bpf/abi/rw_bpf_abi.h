/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What the programs share with the loader besides the decision table (rw_table.h) and the flow table
 * (rw_flow_abi.h).  A change of any layout here or there raises RW_BPF_ABI_VERSION; the loader takes over
 * pinned maps only of its own version, but for the flow table and what belongs to it, which have their own.
 *
 * Maps:
 *   rw_control   one struct rw_control
 *   rw_images    two images of the decision table; image (generation & 1) is active
 *   rw_devices   one array of RW_DEVICE_RECORDS struct rw_device, found by rw_device_place
 *   rw_vlans     a struct rw_vlans per record of rw_devices
 *   rw_slots     the names of the interfaces that have slots; no program reads it
 *   rw_flows4/6  the flow table
 *   rw_tags4/6   ... its tags, all in one value
 *   rw_fragments fragments whose first was accepted
 *   rw_hits      counts by rule index, some stripes of them for each of the two images
 *   rw_events    ring buffer of struct rw_drop_event
 *   rw_processors  a struct rw_processor for each
 */

#include <linux/types.h>

#include "abi/rw_cause.h"
#include "abi/rw_table.h"

#define RW_BPF_ABI_VERSION 11

enum {
	RW_MODE_LEARN = 0,   /* all pass; openers are decided and entered */
	RW_MODE_ENFORCE = 1, /* */
	RW_MODE_MONITOR = 2, /* decided, counted, passed */
};

/*
 * One store of 'state' switches generation (and with it the image) and mode together.  Generation 0 is
 * "no policy yet": every packet passes, whatever the mode.
 */
#define RW_STATE(generation, mode) ((__u64)(mode) << 32 | (__u32)(generation))
#define RW_STATE_GENERATION(state) ((__u32)(state))
#define RW_STATE_MODE(state)       ((__u32)((state) >> 32))

struct rw_control {
	__u64 state;
	/*
	 * What is wanted besides for most packets, so that they touch no other line of it: copies for IPv4
	 * (rw_flow_control_copy), and of what is counted.
	 */
	__u64 secret4[4];      /* 0, 1, 5 and 6 of 'secret' */
	__u32 mask4;           /* bucket_mask4 */
	__u32 hit_count;       /* rule indexes that are counted: 0..hit_count - 1, a stripe's length */
	__u32 hit_stripe_mask; /* stripes of an image less 1; processors share them by number */
	__u32 pad0[3];
	__u64 secret[8]; /* of the flow table's hash; fixed for the table's life */
	/*
	 * While a change keeps the flows that it refuses: the generation before it, else 0.  A flow that was
	 * accepted then is not buried but marked RW_FLOW_KEPT.
	 */
	__u32 keep_generation;
	__u32 bucket_mask4;
	__u32 bucket_mask6;
	/* Of the programs that had the flow table before these; theirs come behind it.  0 = it began with these. */
	__u32 generation_before;
	__u32 pad1[12];
};

/*
 * What belongs to the flow table, but for the rest of the line of 'state': the same for all versions with its
 * RW_FLOW_ABI_VERSION.
 */
#define RW_CONTROL_FLOW_PART __builtin_offsetof(struct rw_control, pad1)

/*
 * What the programs on one processor keep for themselves.  Nobody else writes it, so plain stores do.
 *
 * 'runs' is counted up when a program begins and when it ends: odd = one is under way.  Programs begin with
 * bottom halves off, so a processor runs one at a time.  A run counts before it loads the state.  Whoever has
 * switched the state, has let RW_RUN_SETTLE_NS pass, and then sees an even count, or another one than before,
 * knows that no run on that processor goes by the old state.
 *
 * The time is for x86, where a run's load of the state may come before others see its count: a processor
 * holds a store back for less than a microsecond, and interrupts and exits to a hypervisor empty its store
 * buffer (Intel SDM volume 3, "Store Buffer").  Elsewhere there is a full barrier between the two.
 */
#define RW_RUN_SETTLE_NS 1000000

/* The time-outs of the policy that took the flows which were decided as 'decision' says. */
struct rw_memo {
	__u64 decision; /* RW_MEMO_OF of it; 0 = of none */
	struct rw_table_timeouts timeouts;
	__u32 accepted; /* the last packet that opened a flow was */
	__u32 pad;
};

/* Generation and slots: they name the policy that took a flow. */
#define RW_MEMO_OF(decision) ((decision) & ((1ull << 52) - 1))

/* The first cache line is all that most packets of TCP touch. */
struct rw_processor {
	__u64 runs;
	__u64 tick; /* jiffies at which 'now' was read: the clock is asked once in each */
	__u32 now;  /* second */
	__u32 event_second;
	__u32 event_count;      /* sent in that second */
	__u32 event_suppressed; /* since the last one sent */
	__u64 passed;           /* accepted IP packets */
	struct rw_memo memo;    /* private to the programs */
	__u64 not_ip;
	__u64 flow_refused;
	__u64 early; /* of those dropped, by the early stage */
	__u64 pad[2];
	__u64 dropped[32]; /* by enum rw_cause */
	__u64 would_drop[32];
	__u64 scratch[32]; /* of a run, beside the 512 bytes of its stack; private to the programs */
};

/* A device of ours.  Found at the first of RW_DEVICE_PROBES places from rw_device_place on. */
#define RW_DEVICE_RECORDS 256
#define RW_DEVICE_PROBES  8

enum {
	RW_DEVICE_LAYER3 = 1u << 0,      /* no link-layer header */
	RW_DEVICE_BRIDGE_PORT = 1u << 1, /* packets for others than its bridge pass; see rw_vlans */
	RW_DEVICE_VLANS = 1u << 2,       /* rw_vlans has tags to pass */
	RW_DEVICE_PENDING = 1u << 3,     /* no policy yet: what default drops is dropped as pending */
	RW_DEVICE_EARLY = 1u << 4,       /* the early stage, if attached, drops; else it passes everything */
	RW_DEVICE_OWN_TAG = 1u << 5,     /* a VLAN device whose own tag comes first in its frames */
	RW_DEVICE_VLANS_KEEP_TAGS =
		1u << 6, /* there is such a VLAN device on it: tags in frames that leave count */
};

struct rw_device {
	__u32 ifindex; /* 0 = free */
	__u16 slot;    /* of its interface in the decision table */
	__u16 flags;
};

#define rw_device_place(ifindex, probe) (((ifindex)*7u + (probe)) & (RW_DEVICE_RECORDS - 1))

struct rw_vlans {
	__u64 bits[64]; /* bit v: tag v has a device of its own here */
	/*
	 * Link address of the bridge that the device is a port of, first octet highest of the low 48 bits.
	 * The kernel calls packets for it "for another host" when the port has an address of its own.  0 =
	 * not known: every packet is decided.
	 */
	__u64 bridge;
};

#define RW_SLOT_NAMES 256

/* The interface that a slot stands for, as long as anything may refer to the slot. */
struct rw_slot_name {
	char name[16]; /* "" = free */
};

/* Up to so many processors have stripes of their own. */
#define RW_HIT_STRIPES_MAX 16

struct rw_hit {
	__u64 count;
	__u32 last; /* second */
	__u32 pad;
};

#define RW_EVENTS_PER_SECOND 100 /* and CPU */
#define RW_EVENTS_SIZE       (512u << 10)
#define RW_EVENT_PACKET_MAX  128 /* bytes of a packet that are told, from its link header on */

enum {
	RW_EVENT_WOULD_DROP = 1u << 0,
	RW_EVENT_EGRESS = 1u << 1,
	RW_EVENT_FRAGMENT = 1u << 2, /* a later fragment: no ports */
};

struct rw_drop_event {
	__u64 monotonic_ns;
	__u32 ifindex;
	__u32 generation; /* whose rule index it is */
	__u32 index;
	__u32 suppressed;
	__be32 local[4]; /* IPv4 in the first */
	__be32 remote[4];
	__u16 local_port;
	__u16 remote_port;
	__u16 slot;
	__u8 cause;
	__u8 flags;
	__u8 family;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 hop_limit;
	__u8 pad[3];
	__u32 length;         /* of the packet, with its link header if the device has one */
	__u16 captured;       /* bytes in 'packet' */
	__u16 vlan_tag;       /* that the kernel keeps beside the packet */
	__be16 vlan_protocol; /* 0 = it keeps none */
	__u8 packet[RW_EVENT_PACKET_MAX];
	__u8 pad2[6];
};

struct rw_fragment_key {
	__be32 source[4];
	__be32 destination[4];
	__u32 id;
	__u8 family;
	__u8 protocol; /* 0 for IPv6, where only the id tells datagrams apart */
	__u8 egress;
	__u8 pad;
};

/* The two ends of a packet.  Addresses in wire order, IPv4 in the first word and zeros behind it. */
struct rw_ends {
	__be32 source[4];
	__be32 destination[4];
	__u16 source_port; /* host order; ICMP as lib/rw_parse.h tells; 0 for protocols without ports */
	__u16 destination_port;
	__u8 family; /* 4 or 6 */
	__u8 protocol;
	__u16 pad;
};

/*
 * A live connection for the program rw_seed, one a run: who opened it and whose policies decide it.  It
 * stands behind RW_SEED_OFFSET bytes of frame header in the run's data.
 */
#define RW_SEED_OFFSET 14

enum {
	RW_SEED_UNSURE = 1u << 0,  /* the opener cannot be told: the other direction must accept as well */
	RW_SEED_MISSING = 1u << 1, /* only when the table does not know it */
};

enum {
	RW_SEED_ACCEPTED = 1,
	RW_SEED_REFUSED = 2, /* entered as cut */
	RW_SEED_FULL = 3,
	RW_SEED_KNOWN = 4,
};

struct rw_seed_record {
	struct rw_ends ends; /* of the opener's packets, as on the wire */
	__u16 in;            /* slot + 1 of the interface where they enter, or 0 */
	__u16 out;           /* ... where they leave */
	__u32 flags;
};

#define RW_FRAGMENT_SECONDS 30
#define RW_FRAGMENT_ENTRIES 4096

_Static_assert((RW_EVENT_PACKET_MAX & (RW_EVENT_PACKET_MAX - 1)) == 0, "a size is bounded by a mask");
_Static_assert(sizeof(struct rw_control) == 192, "control");
_Static_assert(__builtin_offsetof(struct rw_control, secret) == 64, "the first line of control");
_Static_assert(RW_CONTROL_FLOW_PART == 144, "the part of control that belongs to the flow table");
_Static_assert(sizeof(struct rw_processor) == 896, "processor");
_Static_assert(sizeof(struct rw_device) == 8, "device");
_Static_assert(sizeof(struct rw_vlans) == 520, "vlans");
_Static_assert(sizeof(struct rw_hit) == 16, "hit");
_Static_assert(sizeof(struct rw_drop_event) == 216, "event");
_Static_assert(sizeof(struct rw_seed_record) == 48, "seed");
_Static_assert(sizeof(struct rw_fragment_key) == 40, "fragment key");
