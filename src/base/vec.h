/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growable array of equal-sized elements, with a limit.  The vector owns its storage; what the
 * elements point to belongs to whoever filled them.  Pointers into it are valid until the next push.
 */

#include <stddef.h>

#include "base/cleanup.h"

struct rw_vec {
	void *data; /* NULL while empty */
	size_t count;
	size_t capacity;
	size_t element_size;
	size_t max_count;
};

void rw_vec_init(struct rw_vec *vec, size_t element_size, size_t max_count);
void rw_vec_done(struct rw_vec *vec);
RW_DEFINE_DONE(struct rw_vec, rw_vec_done)

/* Appends a zeroed element and lends it in *ret_element.  0, -ENOMEM, -E2BIG at max_count. */
RW_NODISCARD int rw_vec_push(struct rw_vec *vec, void *ret_element);

/* Room for 'count' elements altogether.  0, -ENOMEM, -E2BIG. */
RW_NODISCARD int rw_vec_reserve(struct rw_vec *vec, size_t count);

/* Lends element 'index' (< count). */
void *rw_vec_at(const struct rw_vec *vec, size_t index);

/* Removes element 'index', keeping the order of the others. */
void rw_vec_remove(struct rw_vec *vec, size_t index);
