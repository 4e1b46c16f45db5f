/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writing an image (private to src/classify)
 *
 * Pages are handed out one after the other; small nodes are put behind each other in an open page and
 * never cross its end.  Nodes with equal content are stored once.  The first failure is remembered and
 * everything after it gives 0, so that callers check once at the end of a phase (image.failure).
 */

#include "classify/compile.h"

/*
 * For loops over many cells: made a second time for processors with wider vectors, and chosen at the start of the
 * program; sanitizers would come too late for that.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&    \
	!defined(__SANITIZE_THREAD__)
#define RW_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define RW_WIDE
#endif

/* Part of such a function. */
#define RW_WITHIN inline __attribute__((always_inline))

struct rw_image_blob {
	uint32_t reference; /* 0 = free */
	uint32_t hash;
	uint32_t words;
};

struct rw_image {
	struct rw_classify_memory *memory;
	uint32_t page_limit;
	uint32_t page_count;
	uint32_t open_page; /* where small nodes go; 0 = none yet */
	uint32_t open_word; /* first free word there */
	int failure;        /* -ENOMEM, -ENOSPC or -E2BIG; 0 = none */
	struct rw_image_blob *blobs;
	size_t blob_count;
	size_t blob_capacity;
};

void rw_image_init(struct rw_image *image, struct rw_classify_memory *memory, uint32_t page_limit);
void rw_image_done(struct rw_image *image);
RW_DEFINE_DONE(struct rw_image, rw_image_done)

/* Number of the first of 'count' new zeroed pages. */
uint32_t rw_image_add_pages(struct rw_image *image, uint32_t count);

/* The same with whatever the memory held there before. */
uint32_t rw_image_add_raw_pages(struct rw_image *image, uint32_t count);

/* No small node after this goes to a page that holds one from before. */
void rw_image_close_page(struct rw_image *image);

/* Lends a page until the next one is added. */
void *rw_image_page(const struct rw_image *image, uint32_t number);

/* Lends the node behind an entry until the next page is added. */
void *rw_image_at(const struct rw_image *image, uint32_t entry);

/* Reference of a node with that content; at most one page. */
uint32_t rw_image_add_blob(struct rw_image *image, const uint64_t *words, uint32_t count);

/* A run of a span: 'entry' from 'slot' up to the next run. */
struct rw_image_run {
	uint32_t slot;
	uint32_t entry;
};

/* Entry of a span of 'count' (1..256) runs, the first at slot 0, neighbours different; one run is no span but
 * the entry itself. */
uint32_t rw_image_add_span(struct rw_image *image, const struct rw_image_run *runs, uint32_t count);

/*
 * The same from all entries in full.  'count' (1..256) of them; what follows up to the next multiple of 64 is
 * read but does not matter.
 */
uint32_t rw_image_add_full_span(struct rw_image *image, const uint32_t *entries, uint32_t count);

/* Reference of a plain node: 'count' (1..256) entries as they are. */
uint32_t rw_image_add_plain(struct rw_image *image, const uint32_t *entries, uint32_t count);
