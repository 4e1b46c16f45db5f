/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is done with plain arrays: elements of one size behind each other, and their count beside. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Gives a bytewise copy of 'count' elements in the pointer at 'slot' (of any object type) and their count in
 * '*ret_count'; NULL and 0 when there are none.  False when memory runs out: then NULL and 0, too.
 */
RW_NODISCARD bool rw_array_dup(void *slot, size_t *ret_count, const void *elements, size_t count,
			       size_t element_size);

/*
 * Sees to it that there is room for one more in the array that the pointer at 'slot' points to (of any object type;
 * NULL when empty), which has 'count' elements of 'element_size' and room for *capacity: if need be it is made twice as large,
 * 64 at the least, and moves.  False when memory runs out: then all is as before.
 */
RW_NODISCARD bool rw_array_make_room(void *slot, uint32_t count, uint32_t *capacity, size_t element_size);

/*
 * Where the element with 'key' stands in a sorted array, or where it belongs when there is none: the index of
 * the first element that is not less.  'compare' is called as by bsearch(3), with the key first.  O(log n).
 */
size_t rw_array_place(const void *elements, size_t count, size_t element_size, const void *key,
		      int (*compare)(const void *key, const void *element));

/* Order of two uint32_t, for qsort(3) and bsearch(3). */
int rw_array_compare_u32(const void *a, const void *b);
