/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <assert.h>
#include <string.h>

void rw_vec_init(struct rw_vec *vec, size_t element_size, size_t max_count)
{
	*vec = (struct rw_vec){.element_size = element_size, .max_count = max_count};
}

void rw_vec_done(struct rw_vec *vec)
{
	free(vec->data);
	rw_vec_init(vec, vec->element_size, vec->max_count);
}

int rw_vec_reserve(struct rw_vec *vec, size_t count)
{
	size_t bytes;
	void *data;

	if (count > vec->max_count)
		return -E2BIG;
	if (count <= vec->capacity)
		return 0;
	if (__builtin_mul_overflow(count, vec->element_size, &bytes))
		return -ENOMEM;
	data = realloc(vec->data, bytes);
	if (!data)
		return -ENOMEM;
	vec->data = data;
	vec->capacity = count;
	return 0;
}

int rw_vec_push(struct rw_vec *vec, void *ret_element)
{
	void *element;

	if (vec->count == vec->capacity) {
		size_t wanted = vec->capacity ? vec->capacity * 2 : 8;
		int r;

		if (vec->count >= vec->max_count)
			return -E2BIG;
		r = rw_vec_reserve(vec, wanted < vec->max_count ? wanted : vec->max_count);
		if (r < 0)
			return r;
	}
	element = (char *)vec->data + vec->count * vec->element_size;
	memset(element, 0, vec->element_size);
	vec->count++;
	*(void **)ret_element = element;
	return 0;
}

void *rw_vec_at(const struct rw_vec *vec, size_t index)
{
	assert(index < vec->count);
	return (char *)vec->data + index * vec->element_size;
}

void rw_vec_remove(struct rw_vec *vec, size_t index)
{
	char *element = rw_vec_at(vec, index);

	memmove(element, element + vec->element_size, (vec->count - index - 1) * vec->element_size);
	vec->count--;
}
