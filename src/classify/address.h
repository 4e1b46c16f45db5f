/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The part of an image that is about addresses (private to src/classify)
 *
 * In the image the class records come first (page 1 on), since the leaves of the tries refer to them, then
 * the address part: the IPv4 root and all nodes of both tries.  It depends on the atoms, on the number of
 * classes and on the size of a record only, so tables can share it.
 *
 * Behind both there is room for what changes later (update.h): for records of new classes, and for nodes.  A node
 * there is referred to from one place only, where the others are stored once for all who need them.
 */

#include "classify/classes.h"
#include "classify/image.h"

/* Counted; shared by the tables that have it. */
struct rw_classify_address {
	unsigned int references;
	struct rw_atoms atoms;
	struct rw_classes classes; /* without boundaries: the image has them */
	uint32_t record_words;     /* size of a class record, in units of 8 bytes */
	uint32_t record_pages;
	uint32_t page; /* the address part's first */
	uint32_t page_count;
	uint32_t own_page;  /* the first with nodes that came later; up to there it is as it was built */
	uint32_t own_words; /* of these pages that are used */
	uint64_t version;   /* counted up by every change of the image's address part */
	uint32_t root4;     /* as in the header */
	uint32_t root6;
	bool plain4;
	bool is_partial; /* a change failed: the tries lack atoms that the list has */
};

struct rw_classify_address *rw_classify_address_ref(struct rw_classify_address *address);
struct rw_classify_address *rw_classify_address_unref(struct rw_classify_address *address);
RW_DEFINE_CLEANUP(struct rw_classify_address *, rw_classify_address_unref)

/* Words of a class record of 'view_count' views. */
uint32_t rw_classify_record_words(uint32_t view_count);

/* Reference of a class's record. */
static inline uint32_t rw_classify_record_of(uint32_t record_words, uint32_t class)
{
	uint32_t per_page = RW_TABLE_PAGE_WORDS / record_words;

	return (1 + class / per_page) * RW_TABLE_PAGE_WORDS + class % per_page * record_words;
}

/* The class whose record is at that reference. */
static inline uint32_t rw_classify_class_of(uint32_t record_words, uint32_t reference)
{
	uint32_t per_page = RW_TABLE_PAGE_WORDS / record_words;

	return (reference / RW_TABLE_PAGE_WORDS - 1) * per_page +
	       reference % RW_TABLE_PAGE_WORDS / record_words;
}

/* Pages that 'class_count' records take. */
static inline uint32_t rw_classify_record_pages(uint32_t record_words, uint32_t class_count)
{
	uint32_t per_page = RW_TABLE_PAGE_WORDS / record_words;

	return (class_count + per_page - 1) / per_page;
}

/*
 * Classifies the addresses of 'atoms' (taken on success) and writes records (zeroed) and address part to
 * 'image', which has one page, the header.  The IPv4 trie is plain when that takes no more than 8 MB and a
 * quarter of the budget, and not 'compressed'; 'spacious' leaves room for changes.  -ENOMEM, -ENOSPC, -E2BIG.
 */
RW_NODISCARD int rw_classify_address_build(struct rw_atoms *atoms, uint32_t record_words, bool compressed,
					   bool spacious, struct rw_image *image,
					   struct rw_classify_address **ret_address);

/* Puts the address part of 'address' at its place from the image 'pages', as build would. */
RW_NODISCARD int rw_classify_address_reuse(const struct rw_classify_address *address, const void *pages,
					   struct rw_image *image);

/* Notes whose address part 'memory' holds now; NULL = none's, as long as it is being written. */
void rw_classify_memory_hold(struct rw_classify_memory *memory, struct rw_classify_address *address);
