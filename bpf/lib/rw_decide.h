/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Look-up in the decision table (abi/rw_table.h), for BPF and for the host.
 *
 * The includer says first how pages are reached:
 *
 *     struct rw_table { ... };      which image: the number of its first page, or a pointer
 *     static __always_inline const void *rw_table_page(const struct rw_table *table, __u32 number);
 *
 * rw_table_page gives RW_TABLE_PAGE_SIZE readable bytes, or NULL for a number out of range.  Every index
 * into a page is masked on the spot, so that neither the verifier nor a broken image needs trust: on one,
 * look-ups end in a drop, never outside the page.
 *
 * Steps: rw_table_view() and rw_table_class() once a packet, then rw_table_decide() for each
 * direction that is to be decided.  The result is a cell: RW_CELL_VERDICT, RW_CELL_CAUSE,
 * RW_CELL_INDEX.
 */

#include "abi/rw_table.h"

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

/* The page that a reference (or any entry) lies in. */
RW_TABLE_INLINE const void *rw_table_at(const struct rw_table *table, __u32 entry)
{
	return rw_table_page(table, (entry & RW_ENTRY_VALUE) >> (RW_TABLE_PAGE_SHIFT - 3));
}

RW_TABLE_INLINE __u32 rw_table_word(__u32 entry)
{
	return entry & (RW_TABLE_PAGE_WORDS - 1);
}

RW_TABLE_INLINE __u64 rw_table_get64(const void *page, __u32 word)
{
	return ((const __u64 *)page)[word & (RW_TABLE_PAGE_WORDS - 1)];
}

RW_TABLE_INLINE __u32 rw_table_get32(const void *page, __u32 cell)
{
	return ((const __u32 *)page)[cell & (RW_TABLE_PAGE_CELLS - 1)];
}

/* Entry 'slot' (0..255) of the span that 'entry' refers to. */
RW_TABLE_INLINE __u32 rw_table_span_get(const struct rw_table *table, __u32 entry, __u32 slot)
{
	const void *page = rw_table_at(table, entry);
	if (!page)
		return RW_CELL_BROKEN;

	__u32 word = rw_table_word(entry);
	__u32 chunk = (slot >> 6) & 3;
	__u64 bits = rw_table_get64(page, word + chunk);
	__u32 before = ((const __u16 *)page)[((word + 4) * 4 + chunk) & (RW_TABLE_PAGE_SIZE / 2 - 1)];
	__u32 rank = rw_table_bits_set(bits << (63 - (slot & 63))) - 1;
	return rw_table_get32(page, (word + 5) * 2 + before + rank);
}

/* The view of a device's slot in a direction (0 ingress, 1 egress), as its number; feed to the others. */
RW_TABLE_INLINE __u32 rw_table_view_number(const struct rw_table_header *header, __u32 slot, __u32 direction)
{
	return (__u32)header->slot[slot & (RW_TABLE_SLOT_MAX - 1)] * 2 + (direction & 1);
}

RW_TABLE_INLINE const struct rw_table_header *rw_table_header(const struct rw_table *table)
{
	return rw_table_page(table, 0);
}

RW_TABLE_INLINE const struct rw_table_view *rw_table_view(const struct rw_table *table,
							  const struct rw_table_header *header, __u32 view)
{
	return rw_table_page(table, header->views + view);
}

RW_TABLE_INLINE __u32 rw_table_class4(const struct rw_table *table, const struct rw_table_header *header,
				      __u32 address)
{
	const void *page = rw_table_page(table, header->root4 + (address >> 26));
	if (!page)
		return RW_CELL_BROKEN;

	__u32 entry = rw_table_get32(page, address >> 16);
	if (entry & RW_ENTRY_SPAN)
		entry = rw_table_span_get(table, entry, (address >> 8) & 255);
	if (entry & RW_ENTRY_SPAN)
		entry = rw_table_span_get(table, entry, address & 255);
	return entry;
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
			const void *page = rw_table_at(table, entry);
			if (!page)
				return RW_CELL_BROKEN;

			__u32 word = rw_table_word(entry);
			__u64 difference = rest.high ^ rw_table_get64(page, word);
			if (difference & rw_table_get64(page, word + 1))
				return rw_table_get32(page, word * 2 + 5);
			entry = rw_table_get32(page, word * 2 + 4);
			bytes = rw_table_get32(page, word * 2 + 6) & 7;
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
	const void *page = rw_table_at(table, class);
	return page ? rw_table_get32(page, rw_table_word(class) * 2) : 0;
}

RW_TABLE_INLINE __u32 rw_table_column(const struct rw_table *table, const struct rw_table_view *view,
				      const struct rw_table_key *key)
{
	__u32 entry = view->protocol[key->is6 & 1][key->protocol];
	if (entry & RW_ENTRY_SPAN)
		entry = rw_table_span_get(table, entry, key->destination_port >> 8);
	if (entry & RW_ENTRY_SPAN)
		entry = rw_table_span_get(table, entry, key->destination_port & 255);
	return entry & RW_ENTRY_VALUE;
}

/* The first five-tuple rule of the list that matches, or the cell behind them. */
RW_TABLE_INLINE __u32 rw_table_list_get(const struct rw_table *table, __u32 entry,
					const struct rw_table_key *key)
{
	const void *list = rw_table_at(table, entry);
	if (!list)
		return RW_CELL_BROKEN;

	__u32 start = rw_table_word(entry) * 2;
	__u32 count = rw_table_get32(list, start);
	__u8 family = key->is6 ? 6 : 4;
	for (__u32 i = 0; i < RW_TABLE_LIST_MAX; i++) {
		if (i >= count)
			break;

		__u32 reference = rw_table_get32(list, start + 2 + i);
		const void *page = rw_table_at(table, reference);
		if (!page)
			return RW_CELL_BROKEN;
		__u32 word = rw_table_word(reference);
		__u64 part = rw_table_get64(page, word + 4);
		__u64 wanted = rw_table_get64(page, word + 5) & 255;
		__u64 first = (part >> 32) & 0xffff, last = part >> 48;
		if (((key->local.high & rw_table_get64(page, word + 2)) ^ rw_table_get64(page, word)) |
		    ((key->local.low & rw_table_get64(page, word + 3)) ^ rw_table_get64(page, word + 1)))
			continue;
		if (key->source_port < first || key->source_port > last || (wanted && wanted != family))
			continue;
		return (__u32)part;
	}
	return rw_table_get32(list, start + 1);
}

/* Decides a packet that opens a flow: 'class' is that of the remote address, 'view' the number of the
 * interface's policy and the direction (rw_table_view_number). */
RW_TABLE_INLINE __u32 rw_table_decide(const struct rw_table *table, const struct rw_table_header *header,
				      __u32 view, __u32 class, const struct rw_table_key *key)
{
	const struct rw_table_view *page = rw_table_view(table, header, view);
	const void *record = rw_table_at(table, class);
	if (!page || !record)
		return RW_CELL_BROKEN;

	__u32 column = rw_table_column(table, page, key);
	__u32 entry = rw_table_get32(record, rw_table_word(class) * 2 + 1 + view);
	if ((entry & RW_ENTRY_KIND) == RW_ENTRY_SKIP)
		entry = rw_table_span_get(table, entry, (column >> 8) & 255);
	if ((entry & RW_ENTRY_KIND) == RW_ENTRY_SPAN)
		entry = rw_table_span_get(table, entry, column & 255);
	if ((entry & RW_ENTRY_KIND) == RW_ENTRY_LIST)
		entry = rw_table_list_get(table, entry, key);
	return entry & RW_ENTRY_VALUE;
}
