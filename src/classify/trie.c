/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/trie.h"

#include <assert.h>

/* Walks the boundaries once, in order, whatever the depth of the node being built. */
struct walk {
	struct rw_image *image;
	const struct rw_boundary *boundaries;
	size_t count;
	size_t at; /* the boundary in effect */
	struct rw_trie_form form;
};

/* A node's entry, or (bytes > 0) a skip that is not written yet because its parent may lengthen it. */
struct node {
	uint32_t entry;
	uint32_t bytes;
	uint64_t value;
	uint32_t hit;
	uint32_t miss;
};

struct runs {
	struct rw_image_run list[256];
	uint32_t count;
	struct node pending; /* the unwritten skip of run 'pending_run' */
	uint32_t pending_run;
};

static uint32_t write_node(struct walk *walk, const struct node *node)
{
	struct rw_table_skip skip = {
		.value = node->value,
		.mask = node->bytes ? ~0ull << (64 - node->bytes * 8) : 0,
		.hit = node->hit,
		.miss = node->miss,
		.bytes = node->bytes,
	};

	if (!node->bytes)
		return node->entry;
	return RW_ENTRY_SKIP | rw_image_add_blob(walk->image, (const uint64_t *)&skip, sizeof(skip) / 8);
}

static void write_pending(struct walk *walk, struct runs *runs)
{
	if (runs->pending.bytes)
		runs->list[runs->pending_run].entry = write_node(walk, &runs->pending);
	runs->pending.bytes = 0;
}

static void add_run(struct walk *walk, struct runs *runs, uint32_t slot, const struct node *node)
{
	if (node->bytes) {
		write_pending(walk, runs);
		runs->pending = *node;
		runs->pending_run = runs->count;
	} else if (runs->count && runs->list[runs->count - 1].entry == node->entry &&
		   !(runs->pending.bytes && runs->pending_run == runs->count - 1)) {
		return;
	}
	runs->list[runs->count++] = (struct rw_image_run){slot, node->entry};
}

/* Finds the one slot that differs from all the others, which are one leaf.  Gives its run, or -1. */
static int find_single(const struct runs *runs, uint32_t *ret_slot, uint32_t *ret_miss)
{
	const struct rw_image_run *run = runs->list;
	int single = -1;
	uint32_t other = 0;

	if (runs->count == 3 && run[2].slot == run[1].slot + 1 && run[0].entry == run[2].entry)
		single = 1;
	else if (runs->count == 2 && run[1].slot == 1)
		single = 0, other = 1;
	else if (runs->count == 2 && run[1].slot == 255)
		single = 1;
	if (single < 0 || (run[other].entry & RW_ENTRY_KIND) != RW_ENTRY_LEAF ||
	    (runs->pending.bytes && runs->pending_run != (uint32_t)single))
		return -1;
	*ret_slot = run[single].slot;
	*ret_miss = run[other].entry;
	return single;
}

static uint32_t write_plain(struct walk *walk, const struct runs *runs)
{
	uint32_t entries[256];

	for (uint32_t i = 0, slot = 0; i < runs->count; i++) {
		uint32_t end = i + 1 < runs->count ? runs->list[i + 1].slot : 256;

		while (slot < end)
			entries[slot++] = runs->list[i].entry;
	}
	return RW_ENTRY_SPAN | rw_image_add_plain(walk->image, entries, 256);
}

static struct node finish(struct walk *walk, struct runs *runs, unsigned int depth)
{
	struct node *pending = &runs->pending;
	uint32_t slot, miss;
	int single = walk->form.skips ? find_single(runs, &slot, &miss) : -1;

	if (single < 0) {
		write_pending(walk, runs);
		if (depth < walk->form.plain_depth && runs->count > 1)
			return (struct node){.entry = write_plain(walk, runs)};
		return (struct node){.entry = rw_image_add_span(walk->image, runs->list, runs->count)};
	}
	if (pending->bytes && pending->miss == miss && pending->bytes < RW_TABLE_SKIP_MAX)
		return (struct node){.bytes = pending->bytes + 1,
				     .value = (uint64_t)slot << 56 | pending->value >> 8,
				     .hit = pending->hit,
				     .miss = miss};
	write_pending(walk, runs);
	return (struct node){
		.bytes = 1, .value = (uint64_t)slot << 56, .hit = runs->list[single].entry, .miss = miss};
}

static struct node build(struct walk *walk, rw_key base, unsigned int depth)
{
	unsigned int shift = 120 - 8 * depth;
	rw_key last = base | ~(rw_key)0 >> (8 * depth);
	struct runs runs;
	uint32_t slot = 0;

	assert(depth < 16);
	runs.count = 0;
	runs.pending.bytes = 0;
	while (slot < 256) {
		rw_key start = base | (rw_key)slot << shift;
		const struct rw_boundary *next = walk->boundaries + walk->at + 1;
		struct node node = {0};
		uint32_t next_slot;

		if (walk->at + 1 < walk->count && next->key <= start) {
			walk->at++;
			continue;
		}
		next_slot = walk->at + 1 < walk->count && next->key <= last
				    ? (uint32_t)(next->key >> shift) & 255
				    : 256;
		if (next_slot > slot) {
			node.entry = walk->boundaries[walk->at].leaf;
			add_run(walk, &runs, slot, &node);
			slot = next_slot;
		} else {
			node = build(walk, start, depth + 1);
			add_run(walk, &runs, slot++, &node);
		}
	}
	return finish(walk, &runs, depth);
}

uint32_t rw_trie_build(struct rw_image *image, const struct rw_boundary *boundaries, size_t count,
		       rw_key base, unsigned int depth, struct rw_trie_form form)
{
	struct walk walk = {image, boundaries, count, 0, form};
	struct node node = build(&walk, base, depth);

	return write_node(&walk, &node);
}

size_t rw_trie_count4(const struct rw_boundary *boundaries, size_t count)
{
	rw_key before[2] = {~(rw_key)0, ~(rw_key)0};
	size_t nodes = 0;

	/* A boundary inside of a prefix of 16 or 24 bits makes a node of it. */
	for (size_t i = 0; i < count; i++) {
		for (unsigned int level = 0; level < 2; level++) {
			unsigned int shift = 128 - 16 - 8 * level;
			rw_key prefix = boundaries[i].key >> shift;

			if (prefix << shift == boundaries[i].key || prefix == before[level])
				continue;
			before[level] = prefix;
			nodes++;
		}
	}
	return nodes;
}

uint32_t rw_trie_build_root4(struct rw_image *image, const struct rw_boundary *boundaries, size_t count,
			     bool plain)
{
	struct walk walk = {image, boundaries, count, 0, {.plain_depth = plain ? 4 : 0}};
	uint32_t first = rw_image_add_pages(image, RW_TABLE_ROOT_PAGES);
	uint32_t slot = 0;

	while (slot < 65536 && !image->failure) {
		rw_key start = (rw_key)slot << 112;
		const struct rw_boundary *next = boundaries + walk.at + 1;
		uint32_t next_slot, entry;

		if (walk.at + 1 < count && next->key <= start) {
			walk.at++;
			continue;
		}
		next_slot = walk.at + 1 < count ? (uint32_t)(next->key >> 112) : 65536;
		if (next_slot == slot) {
			entry = build(&walk, start, 2).entry;
			next_slot = slot + 1;
		} else {
			entry = boundaries[walk.at].leaf;
		}
		/* The root may have moved: look it up only when the nodes below are written. */
		for (uint32_t *root = image->failure ? NULL : rw_image_page(image, first);
		     root && slot < next_slot; slot++)
			root[slot] = entry;
	}
	return image->failure ? 0 : first;
}
