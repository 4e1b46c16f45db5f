/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The decision table: a node's policy as an image of pages
 * ========================================================
 *
 * src/classify compiles a policy into this image; bpf/lib/rw_decide.h looks packets up in it, in the
 * kernel and on the host.  The image is position independent: it is an array of 4 KiB pages that refer to
 * each other by number, page 0 being the header.  In the kernel one mmapable array map has two values, the
 * active and the standby image; a program reads once which is active.  So a whole policy is switched by one
 * store.  A value is the whole image: from its address on, a look-up is arithmetic, where a value a page would
 * cost a map look-up at every step.
 *
 *     slot of the device --------> header.slot[] -> policy -> view = policy * 2 + direction
 *     protocol, destination port -> view.protocol[] -> column
 *     remote address -> trie ---> class record: flags, and per view its row
 *     row, column -------------> cell: verdict, cause, index of the rule
 *
 * Cost: two loads for the column (independent of the address), one to three nodes for an IPv4 address, one or
 * two for the row; it does not depend on the number of rules or members.  One look-up of the remote address
 * gives the flags for the spoofing rules and the row of every view.
 *
 * Entries
 * -------
 * Everything hangs together by 32-bit entries; the two highest bits say what one is, the other 30 are its
 * value.  A reference is an offset into the image in units of 8 bytes: page << 9 | word.  No node crosses
 * a page boundary.
 *
 *   LEAF  the value itself: a class (reference of its record), a column, or a cell
 *   SPAN  reference of a span, 256 entries of which equal neighbours are stored once; or, in an IPv4 trie and in
 *         rows that are small enough and at a protocol with ports, of a plain node: 256 entries as they are
 *   SKIP  in the IPv6 trie: reference of a skip, which compares up to 7 bytes at once;
 *         at a row: reference of a plain node over the high byte of the column (more than 256 columns)
 *   LIST  at a cell: reference of a list of five-tuple rules that come before the cell they end with
 *
 * Addresses are 128 bits in host order, 'high' and 'low'; an IPv4 address is in the top 32 bits of 'high'.
 * IPv4 begins with an array of 65,536 entries for the first two bytes, then a span a byte; IPv6 with
 * one entry, then spans and skips.
 *
 * Order of outcomes: rule indexes are numbered so that the smallest one that matches decides: failsafe
 * (controller, management), inner access by group id, rules by (priority, drop first, id), defaults.
 * A cell holds the index above cause and verdict, so cells compare in that order.
 *
 * What the failsafe rules of semantics section 5.6 accept is part of the cells.  Flags serve section 5.4.
 */

#include <linux/types.h>

#include "abi/rw_cause.h"

#define RW_TABLE_VERSION 3
#define RW_TABLE_MAGIC   0x52575442 /* "RWTB" */

#define RW_TABLE_PAGE_SHIFT 12
#define RW_TABLE_PAGE_SIZE  (1 << RW_TABLE_PAGE_SHIFT)
#define RW_TABLE_PAGE_CELLS (RW_TABLE_PAGE_SIZE / 4)
#define RW_TABLE_PAGE_WORDS (RW_TABLE_PAGE_SIZE / 8)

/* Readable from any place of an image on, so behind its end too. */
#define RW_TABLE_REACH RW_TABLE_PAGE_SIZE

#define RW_TABLE_SLOT_MAX   256        /* devices of a node have slots 0..255 */
#define RW_TABLE_POLICY_MAX 256        /* different interface policies of a node; number 0 is "in no group" */
#define RW_TABLE_LIST_MAX   128        /* five-tuple rules that one remote address and port can meet */
#define RW_TABLE_ROOT_PAGES 64         /* of the IPv4 root: 65,536 entries */
#define RW_TABLE_SKIP_MAX   7          /* bytes of a skip */
#define RW_TABLE_DEPTH_MAX  16         /* nodes on the way to an IPv6 leaf */
#define RW_TABLE_PAGES_MAX  (1u << 21) /* as far as references reach: 8 GB */
#define RW_TABLE_INDEX_MAX  ((1u << 24) - 1)

/* Entries. */
#define RW_ENTRY_KIND  0xc0000000u
#define RW_ENTRY_LEAF  0x00000000u
#define RW_ENTRY_LIST  0x40000000u
#define RW_ENTRY_SPAN  0x80000000u
#define RW_ENTRY_SKIP  0xc0000000u
#define RW_ENTRY_VALUE 0x3fffffffu

/* Cells: index << 6 | cause << 1 | verdict. */
#define RW_CELL(index, cause, verdict) ((__u32)(index) << 6 | (__u32)(cause) << 1 | (__u32)(verdict))
#define RW_CELL_INDEX(cell)            (((cell)&RW_ENTRY_VALUE) >> 6)
#define RW_CELL_CAUSE(cell)            (((cell) >> 1) & 31)
#define RW_CELL_VERDICT(cell)          ((cell)&1)

/* For code that must say what it does where the verifier sees no image: drop. */
#define RW_CELL_BROKEN RW_CELL(RW_TABLE_INDEX_MAX, RW_CAUSE_DEFAULT, RW_VERDICT_DROP)

/* 256 entries as runs: bit i is set when entry i differs from the one before it; bit 0 is always set.
 * entry(i) = entries[before[i / 64] + bits set in bits[i / 64] up to and with i, less 1]. */
struct rw_table_span {
	__u64 bits[4];
	__u16 before[4]; /* runs begun in the words before this one */
	__u32 entries[]; /* 1..256 */
};

/* Compares the top 'bytes' bytes of what is left of the address. */
struct rw_table_skip {
	__u64 value; /* left-aligned, the rest zero */
	__u64 mask;  /* ones in the top 'bytes' bytes */
	__u32 hit;   /* entry behind those bytes */
	__u32 miss;  /* leaf */
	__u32 bytes; /* 1..RW_TABLE_SKIP_MAX */
	__u32 pad;
};

/* Class flags: what the remote address is. */
#define RW_CLASS_OWN       (1u << 0) /* this node's own, not shared: never a genuine source */
#define RW_CLASS_NETWORK   (1u << 1) /* in the network's CIDRs */
#define RW_CLASS_CONTAINER (1u << 2) /* in the container CIDRs */

struct rw_table_class {
	__u32 flags;
	__u32 row[]; /* per view: LEAF (one cell for all columns), LIST, SPAN (by column & 255) or SKIP (wide)
		      */
};

/* Candidates of one cell, strongest first; where none matches, 'otherwise' is the cell. */
struct rw_table_list {
	__u32 count; /* 1..RW_TABLE_LIST_MAX */
	__u32 otherwise;
	__u32 rules[]; /* references of struct rw_table_five */
};

/* The five-tuple part of a rule. */
struct rw_table_five {
	__u64 local_high, local_low; /* local & mask must equal this */
	__u64 mask_high, mask_low;
	__u32 cell;
	__u16 source_first, source_last; /* source port: remote's at ingress, local's at egress */
	__u8 family;                     /* 4 or 6 only, 0 = both */
	__u8 pad[7];
};

/* Seconds; the longest of the interface's groups, defaults resolved. */
struct rw_table_timeouts {
	__u32 tcp_half_open;
	__u32 tcp_established;
	__u32 tcp_closing;
	__u32 tcp_reset;
	__u32 udp;
	__u32 udp_assured;
	__u32 other;
	__u32 pad;
};

#define RW_VIEW_INTERNET       (1u << 0) /* NIC type internet: section 5.4 refuses inner sources */
#define RW_VIEW_MIDSTREAM_DROP (1u << 1) /* a group of it wants the strict form */
#define RW_VIEW_NO_GROUP       (1u << 2)
#define RW_VIEW_PLAIN_ROWS     (1u << 3) /* blocks of rows are plain nodes, not spans */

/* One page: an interface policy in one direction. */
struct rw_table_view {
	__u32 protocol
		[2]
		[256]; /* [IPv6?][protocol]: LEAF column, or SPAN: plain by port >> 8, then a span by port & 255 */
	__u32 flags;
	__u32 columns;
	struct rw_table_timeouts timeouts; /* the same in both directions of a policy */
	__u8 pad[RW_TABLE_PAGE_SIZE - 2048 - 8 - 32];
};

#define RW_TABLE_ROUTED (1u << 0) /* container network 'routed', else 'overlay' */
#define RW_TABLE_PLAIN4 (1u << 1) /* the nodes below the IPv4 root are plain ones, not spans */

struct rw_table_header {
	/* At reference 0, a span of one run: what a step reads that goes nowhere (lib/rw_decide.h). */
	__u64 none_bits[4];
	__u16 none_before[4];
	__u32 none_entry; /* 0 */
	__u32 magic;
	__u32 version;
	__u32 page_count;
	__u32 flags;
	__u32 root4; /* page: first of RW_TABLE_ROOT_PAGES */
	__u32 root6; /* entry */
	__u32 views; /* page: view v is in page views + v */
	__u32 policy_count;
	__u32 index_count;            /* rule indexes are 0..index_count - 1 */
	__u8 slot[RW_TABLE_SLOT_MAX]; /* slot of a device -> policy */
	__u8 pad[RW_TABLE_PAGE_SIZE - 80 - RW_TABLE_SLOT_MAX];
};

_Static_assert(sizeof(struct rw_table_span) == 40, "span header");
_Static_assert(sizeof(struct rw_table_skip) == 32, "skip");
_Static_assert(sizeof(struct rw_table_five) == 48, "five-tuple part");
_Static_assert(sizeof(struct rw_table_view) == RW_TABLE_PAGE_SIZE, "a view is one page");
_Static_assert(sizeof(struct rw_table_header) == RW_TABLE_PAGE_SIZE, "the header is one page");
_Static_assert(RW_CAUSE_COUNT_ <= 32, "a cause has 5 bits of a cell");
