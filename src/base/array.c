/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

bool rw_array_dup(void *slot, size_t *ret_count, const void *elements, size_t count, size_t element_size)
{
	void *copy = NULL;

	if (count > 0) {
		copy = reallocarray(NULL, count, element_size);
		if (copy)
			memcpy(copy, elements, count * element_size);
	}
	memcpy(slot, &copy, sizeof(copy));
	*ret_count = copy ? count : 0;
	return count == 0 || copy;
}

bool rw_array_make_room(void *slot, uint32_t count, uint32_t *capacity, size_t element_size)
{
	uint32_t wanted = *capacity ? *capacity * 2 : 64;
	void *elements;

	if (count < *capacity)
		return true;
	if (wanted < *capacity)
		return false;
	memcpy(&elements, slot, sizeof(elements));
	elements = reallocarray(elements, wanted, element_size);
	if (!elements)
		return false;
	memcpy(slot, &elements, sizeof(elements));
	*capacity = wanted;
	return true;
}

size_t rw_array_place(const void *elements, size_t count, size_t element_size, const void *key,
		      int (*compare)(const void *key, const void *element))
{
	const char *bytes = elements;
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(key, bytes + middle * element_size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int rw_array_compare_u32(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}
