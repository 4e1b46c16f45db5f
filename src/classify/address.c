/* SPDX-License-Identifier: Apache-2.0 */
#include "classify/address.h"

#include <assert.h>
#include <string.h>

#include "classify/trie.h"

struct rw_classify_address *rw_classify_address_ref(struct rw_classify_address *address)
{
	(void)__atomic_add_fetch(&address->references, 1, __ATOMIC_RELAXED);
	return address;
}

struct rw_classify_address *rw_classify_address_unref(struct rw_classify_address *address)
{
	if (address && __atomic_sub_fetch(&address->references, 1, __ATOMIC_ACQ_REL) == 0) {
		rw_atoms_done(&address->atoms);
		rw_classes_done(&address->classes);
		free(address);
	}
	return NULL;
}

uint32_t rw_classify_record_words(uint32_t view_count)
{
	return (1 + view_count + 1) / 2;
}

/* From numbers of classes to references of their records. */
static void set_leaves(const struct rw_classify_address *address, struct rw_boundaries *boundaries)
{
	for (size_t i = 0; i < boundaries->count; i++)
		boundaries->list[i].leaf =
			rw_classify_record_of(address->record_words, boundaries->list[i].leaf);
}

/* Plain nodes take a KB each and half a microsecond to write: not for very many. */
#define PLAIN_NODES_MAX 8192

static bool has_room_for_plain(const struct rw_image *image, const struct rw_boundaries *v4)
{
	size_t nodes = rw_trie_count4(v4->list, v4->count);

	return nodes <= PLAIN_NODES_MAX && nodes * 1024 <= (size_t)image->page_limit * RW_TABLE_PAGE_SIZE / 4;
}

/*
 * Room for what comes later: a quarter of what there is and a bit, but never more than an eighth of what is left, so
 * that it does not decide about room.
 */
static uint32_t spare(const struct rw_image *image, uint32_t count, uint32_t least)
{
	uint32_t limit = image->page_limit, left, wanted = count / 4 + least;

	if (!image->memory->grow && image->memory->capacity < limit)
		limit = image->memory->capacity;
	left = limit > image->page_count ? (limit - image->page_count) / 8 : 0;
	return wanted < left ? wanted : left;
}

enum { SPARE_RECORD_PAGES = 4, SPARE_NODE_PAGES = 32 };

static int write_part(struct rw_classify_address *address, bool compressed, bool spacious,
		      struct rw_image *image)
{
	struct rw_boundaries *v4 = &address->classes.v4, *v6 = &address->classes.v6;
	uint32_t pages = rw_classify_record_pages(address->record_words, address->classes.count);

	set_leaves(address, v4);
	set_leaves(address, v6);
	address->record_pages = pages + (spacious ? spare(image, pages, SPARE_RECORD_PAGES) : 0);
	rw_image_add_pages(image, address->record_pages);
	address->page = image->page_count;
	address->plain4 = !compressed && has_room_for_plain(image, v4);
	address->root4 = rw_trie_build_root4(image, v4->list, v4->count, address->plain4);
	rw_image_close_page(image);
	address->root6 =
		rw_trie_build(image, v6->list, v6->count, 0, 0, (struct rw_trie_form){.skips = true});
	rw_image_close_page(image);
	address->own_page = image->page_count;
	if (spacious)
		rw_image_add_raw_pages(image,
				       spare(image, image->page_count - address->page, SPARE_NODE_PAGES));
	address->page_count = image->page_count - address->page;
	return image->failure;
}

/* The image has the boundaries now. */
static void forget_boundaries(struct rw_classes *classes)
{
	free(classes->v4.list);
	free(classes->v6.list);
	classes->v4 = classes->v6 = (struct rw_boundaries){0};
}

int rw_classify_address_build(struct rw_atoms *atoms, uint32_t record_words, bool compressed, bool spacious,
			      struct rw_image *image, struct rw_classify_address **ret_address)
{
	RW_CLEANUP(rw_classify_address_unref)
	struct rw_classify_address *address = calloc(1, sizeof(*address));
	int r;

	if (!address)
		return -ENOMEM;
	assert(image->page_count == 1);
	address->references = 1;
	address->record_words = record_words;
	/* The sets of atoms may take as much as the image may. */
	r = rw_classes_build(atoms, (size_t)image->page_limit * RW_TABLE_PAGE_CELLS, &address->classes);
	if (!r)
		r = write_part(address, compressed, spacious, image);
	if (r < 0)
		return r;
	forget_boundaries(&address->classes);
	address->atoms = *atoms;
	*atoms = (struct rw_atoms){0};
	*ret_address = RW_TAKE_PTR(address);
	return 0;
}

int rw_classify_address_reuse(const struct rw_classify_address *address, const void *pages,
			      struct rw_image *image)
{
	uint32_t first;
	size_t size = (size_t)(address->own_page - address->page) * RW_TABLE_PAGE_SIZE +
		      (size_t)address->own_words * sizeof(uint64_t);

	rw_image_add_pages(image, address->record_pages);
	first = rw_image_add_raw_pages(image, address->page_count);
	if (image->failure)
		return image->failure;
	assert(first == address->page);
	if (image->memory->holds != address || image->memory->holds_version != address->version)
		memcpy(rw_image_page(image, first), (const char *)pages + (size_t)first * RW_TABLE_PAGE_SIZE,
		       size);
	return 0;
}
