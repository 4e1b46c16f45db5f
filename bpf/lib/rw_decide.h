/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Look-up in the decision table (abi/rw_table.h), for BPF and for the host.
 *
 * The includer says first how the image is reached:
 *
 *     struct rw_table { ... };
 *     static __always_inline const void *rw_table_bytes(const struct rw_table *table, __u64 offset);
 *
 * rw_table_bytes gives RW_TABLE_REACH readable bytes from 'offset' (a multiple of 4) on, and for an offset
 * outside the image those of some other place in it.  So neither the verifier nor a broken image needs trust:
 * on one, look-ups give any cell, but never leave the image.
 *
 * No step branches on what was read where it need not: how deep an address or a port goes cannot be foretold,
 * and a processor that guessed wrong has waited for memory in vain.
 *
 * Steps: rw_table_view() and rw_table_class() once a packet, then rw_table_decide() for each
 * direction that is to be decided.  The result is a cell: RW_CELL_VERDICT, RW_CELL_CAUSE,
 * RW_CELL_INDEX.
 */

#include "abi/rw_table.h"
#include "lib/rw_platform.h"

#ifndef RW_TABLE_INLINE
#define RW_TABLE_INLINE static inline __attribute__((always_inline, unused))
#endif

/* 128 bits in host order; an IPv4 address is in the top 32 bits of 'high', the rest zero. */
struct rw_table_address {
	__u64 high, low;
};

RW_TABLE_INLINE struct rw_table_address rw_table_address4(__u32 address_host_order)
{
	return (struct rw_table_address){(__u64)address_host_order << 32, 0};
}

/* What decides, from the protected node's point of view; destination port and source port as on the
 * wire for a packet that opens in this direction, 0 for protocols without ports. */
struct rw_table_key {
	struct rw_table_address local; /* used only by five-tuple rules */
	__u16 destination_port;
	__u16 source_port;
	__u8 protocol;
	__u8 is6;
};

RW_TABLE_INLINE __u32 rw_table_bits_set(__u64 word)
{
	word -= (word >> 1) & 0x5555555555555555ull;
	word = (word & 0x3333333333333333ull) + ((word >> 2) & 0x3333333333333333ull);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (__u32)((word * 0x0101010101010101ull) >> 56);
}

/* The node that a reference (or any entry) names. */
RW_TABLE_INLINE const void *rw_table_at(const struct rw_table *table, __u32 entry)
{
	return rw_table_bytes(table, (__u64)(entry & RW_ENTRY_VALUE) << 3);
}

/* Entry 'number' of those at 'offset'. */
RW_TABLE_INLINE __u32 rw_table_entry(const struct rw_table *table, __u64 offset, __u32 number)
{
	return *(const __u32 *)rw_table_bytes(table, offset + (__u64)number * 4);
}

/* Entry 'slot' (0..255) of the span that 'entry' refers to. */
RW_TABLE_INLINE __u32 rw_table_span_get(const struct rw_table *table, __u32 entry, __u32 slot)
{
	const struct rw_table_span *span = rw_table_at(table, entry);
	__u32 chunk = (slot >> 6) & 3;
	__u32 rank = rw_table_bits_set(span->bits[chunk] << (63 - (slot & 63))) - 1;

	return rw_table_entry(table, ((__u64)(entry & RW_ENTRY_VALUE) << 3) + sizeof(*span),
			      span->before[chunk] + rank);
}

/* All ones when 'entry' is of 'kind' (SPAN or SKIP, which is a SPAN too), else 0; without a branch. */
RW_TABLE_INLINE __u32 rw_table_goes(__u32 entry, __u32 kind)
{
	__u32 goes = 0 - (entry >> 31 & (kind == RW_ENTRY_SKIP ? entry >> 30 : 1) & 1);

	rw_opaque(goes);
	return goes;
}

/*
 * Goes one step into the span 'entry' where it is one, and keeps it where not, without a branch: a step that is
 * none reads the header, which is at hand.
 */
RW_TABLE_INLINE __u32 rw_table_step(const struct rw_table *table, __u32 entry, __u32 slot)
{
	__u32 goes = rw_table_goes(entry, RW_ENTRY_SPAN);

	return (rw_table_span_get(table, entry & goes, slot) & goes) | (entry & ~goes);
}

/* The same for a plain node of 'kind'. */
RW_TABLE_INLINE __u32 rw_table_step_plain(const struct rw_table *table, __u32 entry, __u32 kind, __u32 slot)
{
	__u32 goes = rw_table_goes(entry, kind);
	__u32 next = rw_table_entry(table, (__u64)(entry & goes & RW_ENTRY_VALUE) << 3, slot);

	return (next & goes) | (entry & ~goes);
}

/* The view of a device's slot in a direction (0 ingress, 1 egress), as its number; feed to the others. */
RW_TABLE_INLINE __u32 rw_table_view_number(const struct rw_table_header *header, __u32 slot, __u32 direction)
{
	return (__u32)header->slot[slot & (RW_TABLE_SLOT_MAX - 1)] * 2 + (direction & 1);
}

RW_TABLE_INLINE const struct rw_table_header *rw_table_header(const struct rw_table *table)
{
	return rw_table_bytes(table, 0);
}

RW_TABLE_INLINE const struct rw_table_view *rw_table_view(const struct rw_table *table,
							  const struct rw_table_header *header, __u32 view)
{
	return rw_table_bytes(table, (__u64)(header->views + view) << RW_TABLE_PAGE_SHIFT);
}

RW_TABLE_INLINE __u32 rw_table_class4(const struct rw_table *table, const struct rw_table_header *header,
				      __u32 address)
{
	__u32 entry = rw_table_entry(table, (__u64)header->root4 << RW_TABLE_PAGE_SHIFT, address >> 16);

	if (header->flags & RW_TABLE_PLAIN4) {
		entry = rw_table_step_plain(table, entry, RW_ENTRY_SPAN, (address >> 8) & 255);
		return rw_table_step_plain(table, entry, RW_ENTRY_SPAN, address & 255);
	}
	entry = rw_table_step(table, entry, (address >> 8) & 255);
	return rw_table_step(table, entry, address & 255);
}

RW_TABLE_INLINE __u32 rw_table_class6(const struct rw_table *table, const struct rw_table_header *header,
				      struct rw_table_address rest)
{
	__u32 entry = header->root6;

	for (int depth = 0; depth < RW_TABLE_DEPTH_MAX; depth++) {
		__u32 bytes = 1;

		if ((entry & RW_ENTRY_KIND) == RW_ENTRY_SPAN) {
			entry = rw_table_span_get(table, entry, (__u32)(rest.high >> 56));
		} else if ((entry & RW_ENTRY_KIND) == RW_ENTRY_SKIP) {
			const struct rw_table_skip *skip = rw_table_at(table, entry);

			if ((rest.high ^ skip->value) & skip->mask)
				return skip->miss;
			entry = skip->hit;
			bytes = skip->bytes & 7;
		} else {
			break;
		}
		rest.high = rest.high << (bytes * 8) | (rest.low >> 1) >> (63 - bytes * 8);
		rest.low <<= bytes * 8;
	}
	return entry;
}

/* Classifies the remote address: a leaf whose value refers to its struct rw_table_class. */
RW_TABLE_INLINE __u32 rw_table_class(const struct rw_table *table, const struct rw_table_header *header,
				     __u8 is6, struct rw_table_address remote)
{
	if (is6)
		return rw_table_class6(table, header, remote);
	return rw_table_class4(table, header, (__u32)(remote.high >> 32));
}

/* RW_CLASS_* of a class. */
RW_TABLE_INLINE __u32 rw_table_class_flags(const struct rw_table *table, __u32 class)
{
	const struct rw_table_class *record = rw_table_at(table, class);

	return record->flags;
}

RW_TABLE_INLINE __u32 rw_table_column(const struct rw_table *table, const struct rw_table_view *view,
				      const struct rw_table_key *key)
{
	__u32 entry = view->protocol[key->is6 & 1][key->protocol];

	entry = rw_table_step_plain(table, entry, RW_ENTRY_SPAN, key->destination_port >> 8);
	entry = rw_table_step(table, entry, key->destination_port & 255);
	return entry & RW_ENTRY_VALUE;
}

/* The first five-tuple rule of the list that matches, or the cell behind them. */
RW_TABLE_INLINE __u32 rw_table_list_get(const struct rw_table *table, __u32 entry,
					const struct rw_table_key *key)
{
	const struct rw_table_list *list = rw_table_at(table, entry);
	__u64 rules = ((__u64)(entry & RW_ENTRY_VALUE) << 3) + sizeof(*list);
	__u32 count = list->count;
	__u8 family = key->is6 ? 6 : 4;

	for (__u32 i = 0; i < RW_TABLE_LIST_MAX; i++) {
		const struct rw_table_five *five;

		if (i >= count)
			break;
		five = rw_table_at(table, rw_table_entry(table, rules, i));
		if (((key->local.high & five->mask_high) ^ five->local_high) |
		    ((key->local.low & five->mask_low) ^ five->local_low))
			continue;
		if (key->source_port < five->source_first || key->source_port > five->source_last ||
		    (five->family && five->family != family))
			continue;
		return five->cell;
	}
	return list->otherwise;
}

/* Decides a packet that opens a flow: 'class' is that of the remote address, 'view' the number of the
 * interface's policy and the direction (rw_table_view_number). */
RW_TABLE_INLINE __u32 rw_table_decide(const struct rw_table *table, const struct rw_table_header *header,
				      __u32 view, __u32 class, const struct rw_table_key *key)
{
	const struct rw_table_view *page = rw_table_view(table, header, view);
	__u32 column = rw_table_column(table, page, key);
	__u32 entry = rw_table_entry(
		table, ((__u64)(class & RW_ENTRY_VALUE) << 3) + sizeof(struct rw_table_class), view);

	/* Whether rows have two levels is the same for all packets. */
	if (page->columns > 256)
		entry = rw_table_step_plain(table, entry, RW_ENTRY_SKIP, (column >> 8) & 255);
	if (page->flags & RW_VIEW_PLAIN_ROWS)
		entry = rw_table_step_plain(table, entry, RW_ENTRY_SPAN, column & 255);
	else
		entry = rw_table_step(table, entry, column & 255);
	if ((entry & RW_ENTRY_KIND) == RW_ENTRY_LIST)
		entry = rw_table_list_get(table, entry, key);
	return entry & RW_ENTRY_VALUE;
}
