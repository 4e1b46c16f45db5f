/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/edit.h"

#include <stddef.h>
#include <string.h>

enum { SLOTS = 256, PLAIN_WORDS = SLOTS / 2, SPAN_WORDS = 5, LINE_WORDS = 8 };

/* ---- nodes ---- */

static void *node_at(const struct rw_edit *edit, uint32_t entry)
{
	return (char *)edit->memory->pages + (size_t)(entry & RW_ENTRY_VALUE) * sizeof(uint64_t);
}

static uint32_t kind_of(uint32_t entry)
{
	return entry & RW_ENTRY_KIND;
}

/* Referred to from one place only. */
static bool is_own(const struct rw_edit *edit, uint32_t entry)
{
	return (entry & RW_ENTRY_VALUE) / RW_TABLE_PAGE_WORDS >= edit->address->own_page;
}

/* IPv4 nodes of the quick form are plain. */
static bool is_plain(const struct rw_edit *edit)
{
	return edit->family == 4 && edit->address->plain4;
}

/* Room for a node in the spare pages: its reference, 0 when there is none. */
static uint32_t take_words(struct rw_edit *edit, uint32_t count)
{
	struct rw_classify_address *address = edit->address;
	uint32_t at = address->own_words;
	uint32_t room = (address->page + address->page_count - address->own_page) * RW_TABLE_PAGE_WORDS;

	/* As in image.c: what fits into a cache line lies in one, and nothing crosses a page. */
	if (at % LINE_WORDS + count > LINE_WORDS)
		at = (at + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
	if (at % RW_TABLE_PAGE_WORDS + count > RW_TABLE_PAGE_WORDS)
		at = (at + RW_TABLE_PAGE_WORDS - 1) / RW_TABLE_PAGE_WORDS * RW_TABLE_PAGE_WORDS;
	if (at + count > room)
		return 0;
	address->own_words = at + count;
	return address->own_page * RW_TABLE_PAGE_WORDS + at;
}

static int write_words(struct rw_edit *edit, const void *words, uint32_t count, uint32_t kind,
		       uint32_t *ret_entry)
{
	uint32_t reference = take_words(edit, count);

	if (!reference)
		return RW_EDIT_NO_ROOM;
	memcpy(node_at(edit, reference), words, count * sizeof(uint64_t));
	*ret_entry = kind | reference;
	return 0;
}

static int write_span(struct rw_edit *edit, const uint32_t entries[SLOTS], uint32_t *ret_entry)
{
	uint64_t words[SPAN_WORDS + SLOTS / 2] = {0};
	struct rw_table_span *span = (struct rw_table_span *)words;
	uint16_t count = 0;

	for (uint32_t i = 0; i < SLOTS; i++) {
		if (i % 64 == 0)
			span->before[i / 64] = count;
		if (i && entries[i] == entries[i - 1])
			continue;
		span->bits[i / 64] |= 1ull << (i % 64);
		span->entries[count++] = entries[i];
	}
	*ret_entry = entries[0];
	return count == 1 ? 0
			  : write_words(edit, words, SPAN_WORDS + (count + 1u) / 2, RW_ENTRY_SPAN, ret_entry);
}

/*
 * One slot that differs from all others, which are one leaf, is a skip; with the skip behind it, if that misses to
 * the same leaf.  False when it is not so.
 */
static bool find_skip(const struct rw_edit *edit, const uint32_t entries[SLOTS],
		      struct rw_table_skip *ret_skip)
{
	uint32_t miss = entries[0] == entries[1] || entries[0] == entries[2] ? entries[0] : entries[1];
	uint32_t single = SLOTS;
	const struct rw_table_skip *behind;

	for (uint32_t i = 0; i < SLOTS; i++) {
		if (entries[i] == miss)
			continue;
		if (single < SLOTS)
			return false;
		single = i;
	}
	if (single == SLOTS || kind_of(miss) != RW_ENTRY_LEAF)
		return false;
	*ret_skip = (struct rw_table_skip){
		.value = (uint64_t)single << 56, .hit = entries[single], .miss = miss, .bytes = 1};
	if (kind_of(entries[single]) == RW_ENTRY_SKIP) {
		behind = node_at(edit, entries[single]);
		if (behind->miss == miss && behind->bytes < RW_TABLE_SKIP_MAX) {
			ret_skip->value |= behind->value >> 8;
			ret_skip->hit = behind->hit;
			ret_skip->bytes = behind->bytes + 1;
		}
	}
	ret_skip->mask = ~0ull << (64 - ret_skip->bytes * 8);
	return true;
}

static int write_node(struct rw_edit *edit, const uint32_t entries[SLOTS], uint32_t *ret_entry)
{
	struct rw_table_skip skip;
	bool is_uniform = true;

	for (uint32_t i = 1; is_uniform && i < SLOTS; i++)
		is_uniform = entries[i] == entries[0];
	if (is_uniform) {
		*ret_entry = entries[0];
		return 0;
	}
	if (is_plain(edit))
		return write_words(edit, entries, PLAIN_WORDS, RW_ENTRY_SPAN, ret_entry);
	if (edit->family == 6 && find_skip(edit, entries, &skip))
		return write_words(edit, &skip, sizeof(skip) / sizeof(uint64_t), RW_ENTRY_SKIP, ret_entry);
	return write_span(edit, entries, ret_entry);
}

/* ---- reading nodes ---- */

static int read_skip(struct rw_edit *edit, uint32_t entry, uint32_t entries[SLOTS])
{
	const struct rw_table_skip *skip = node_at(edit, entry);
	uint32_t slot = (uint32_t)(skip->value >> 56);
	struct rw_table_skip rest = {
		.value = skip->value << 8,
		.mask = skip->mask << 8,
		.hit = skip->hit,
		.miss = skip->miss,
		.bytes = skip->bytes - 1,
	};

	for (uint32_t i = 0; i < SLOTS; i++)
		entries[i] = skip->miss;
	entries[slot] = skip->hit;
	if (!rest.bytes)
		return 0;
	return write_words(edit, &rest, sizeof(rest) / sizeof(uint64_t), RW_ENTRY_SKIP, &entries[slot]);
}

/* All 256 entries of what 'entry' stands for. */
static int read_node(struct rw_edit *edit, uint32_t entry, uint32_t entries[SLOTS])
{
	const struct rw_table_span *span;
	const uint32_t *run;

	if (kind_of(entry) == RW_ENTRY_SKIP)
		return read_skip(edit, entry, entries);
	if (kind_of(entry) != RW_ENTRY_SPAN) {
		for (uint32_t i = 0; i < SLOTS; i++)
			entries[i] = entry;
		return 0;
	}
	span = node_at(edit, entry);
	if (is_plain(edit)) {
		memcpy(entries, span, SLOTS * sizeof(*entries));
		return 0;
	}
	run = span->entries;
	for (uint32_t i = 0; i < SLOTS; i++) {
		run += i && span->bits[i / 64] >> (i % 64) & 1;
		entries[i] = *run;
	}
	return 0;
}

/* ---- the change ---- */

/* The slots of the node at 'base' and 'depth' in which addresses of the prefix lie. */
static void find_slots(const struct rw_edit *edit, rw_key base, unsigned int depth, uint32_t *ret_first,
		       uint32_t *ret_last)
{
	rw_key end = base | ~(rw_key)0 >> (8 * depth);
	unsigned int shift = 120 - 8 * depth;

	*ret_first = edit->first <= base ? 0 : (uint32_t)(edit->first >> shift) & 255;
	*ret_last = edit->last >= end ? 255 : (uint32_t)(edit->last >> shift) & 255;
}

static bool covers(const struct rw_edit *edit, rw_key base, unsigned int depth)
{
	rw_key end = depth == 16 ? base : base | ~(rw_key)0 >> (8 * depth);

	return edit->first <= base && edit->last >= end;
}

/* Gives the entry in place of 'entry', which stands for the addresses that begin with 'depth' bytes of 'base'. */
static int rebuild(struct rw_edit *edit, uint32_t entry, rw_key base, unsigned int depth, uint32_t *ret_entry)
{
	unsigned int shift = 120 - 8 * depth;
	uint32_t entries[SLOTS], first, last;
	bool changed = false;
	int r;

	if (kind_of(entry) == RW_ENTRY_LEAF && covers(edit, base, depth))
		return edit->map(edit->context, entry, ret_entry);
	r = read_node(edit, entry, entries);
	if (r)
		return r;
	find_slots(edit, base, depth, &first, &last);
	for (uint32_t slot = first; slot <= last; slot++) {
		uint32_t before = entries[slot];

		r = rebuild(edit, before, base | (rw_key)slot << shift, depth + 1, &entries[slot]);
		if (r)
			return r;
		changed |= entries[slot] != before;
	}
	*ret_entry = entry;
	return changed ? write_node(edit, entries, ret_entry) : 0;
}

#define NOWHERE SIZE_MAX

/* Where the entry of a slot in an own node is, when it is that slot's alone; else NOWHERE. */
static size_t find_own_entry(const struct rw_edit *edit, uint32_t entry, uint32_t slot)
{
	const struct rw_table_span *span = node_at(edit, entry);
	size_t node = (size_t)(entry & RW_ENTRY_VALUE) * sizeof(uint64_t);
	uint32_t rank;

	if (is_plain(edit))
		return node + slot * sizeof(uint32_t);
	if (!(span->bits[slot / 64] >> (slot % 64) & 1) ||
	    (slot < 255 && !(span->bits[(slot + 1) / 64] >> ((slot + 1) % 64) & 1)))
		return NOWHERE;
	rank = span->before[slot / 64] +
	       (uint32_t)__builtin_popcountll(span->bits[slot / 64] << (63 - slot % 64)) - 1;
	return node + sizeof(*span) + rank * sizeof(uint32_t);
}

static uint32_t entry_at(const struct rw_edit *edit, size_t where)
{
	return *(const uint32_t *)(const void *)((const char *)edit->memory->pages + where);
}

int rw_edit_prepare(struct rw_edit *edit)
{
	uint32_t taken = edit->address->own_words, value, first, last;
	size_t where = offsetof(struct rw_table_header, root6);
	unsigned int depth = 0;
	rw_key base = 0;
	int r;

	edit->changes = false;
	if (edit->family == 4) {
		if (edit->first >> 112 != edit->last >> 112)
			return RW_EDIT_NO_ROOM;
		base = edit->first >> 112 << 112;
		depth = 2;
		where = (size_t)edit->address->root4 * RW_TABLE_PAGE_SIZE +
			(size_t)(base >> 112) * sizeof(uint32_t);
	}
	while (kind_of(entry_at(edit, where)) == RW_ENTRY_SPAN && is_own(edit, entry_at(edit, where))) {
		size_t next;

		find_slots(edit, base, depth, &first, &last);
		next = first == last ? find_own_entry(edit, entry_at(edit, where), first) : NOWHERE;
		if (next == NOWHERE)
			break;
		base |= (rw_key)first << (120 - 8 * depth);
		depth++;
		where = next;
	}
	r = rebuild(edit, entry_at(edit, where), base, depth, &value);
	if (r) {
		edit->address->own_words = taken;
		return r;
	}
	edit->changes = value != entry_at(edit, where);
	edit->where = where;
	edit->value = value;
	return 0;
}
