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
