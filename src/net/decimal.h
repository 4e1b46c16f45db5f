/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers as decimal text, for answers that hold thousands of them: snprintf reads its format each time. */

/* Writes 'number' without NUL and gives the place behind it: at most 10 characters. */
static inline char *rw_decimal_put(char *place, unsigned int number)
{
	char digits[10];
	unsigned int count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (count)
		*place++ = digits[--count];
	return place;
}
