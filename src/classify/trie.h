/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tries over 128-bit keys (private to src/classify)
 *
 * A key space is given as boundaries in ascending order: from each one's key up to the next one's, the
 * answer is its leaf.  Addresses are keys of 128 bits, IPv4 in the top 32; ports take the top 16.
 */

#include "classify/classes.h"
#include "classify/image.h"

/* How a trie is written. */
struct rw_trie_form {
	unsigned int plain_depth; /* nodes less deep than that are plain, the others spans */
	bool skips;               /* with skip nodes */
};

/*
 * Entry of the trie over 'boundaries' (count >= 1; neighbours have different leaves) for the keys that have
 * 'base' as their first 'depth' bytes.  The first boundary is at or before 'base'.  0 on failure
 * (image.failure).
 */
uint32_t rw_trie_build(struct rw_image *image, const struct rw_boundary *boundaries, size_t count,
		       rw_key base, unsigned int depth, struct rw_trie_form form);

/*
 * Writes the IPv4 root, RW_TABLE_ROOT_PAGES pages, and all below; gives its first page.  All nodes are plain or
 * none.
 */
uint32_t rw_trie_build_root4(struct rw_image *image, const struct rw_boundary *boundaries, size_t count,
			     bool plain);

/* The number of nodes below the IPv4 root. */
size_t rw_trie_count4(const struct rw_boundary *boundaries, size_t count);
