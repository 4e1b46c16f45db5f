/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The median of what was measured; of an even number of values the upper one.  Sorts 'values'; count > 0. */

#include <stdlib.h>

static inline int median_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static inline double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), median_compare);
	return values[count / 2];
}
