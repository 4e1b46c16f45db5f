/* SPDX-License-Identifier: Apache-2.0 */

/* The text rules of group/validate.h; the only user of libunistring. */

#include "group/validate.h"

#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#include "group/fail.h"

static bool is_ascii(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] >= 0x80)
			return false;
	return true;
}

/* Characters that a reader does not see but that change what is seen, or end the line. */
static bool is_refused(ucs4_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* 1 when in normal form C, 0 when not, -ENOMEM. */
static int is_normal(const uint8_t *text, size_t size)
{
	uint8_t *normal;
	size_t normal_size;
	int same;

	if (is_ascii(text, size))
		return 1;
	normal = u8_normalize(UNINORM_NFC, text, size, NULL, &normal_size);
	if (!normal)
		return -ENOMEM;
	same = normal_size == size && memcmp(normal, text, size) == 0;
	free(normal);
	return same;
}

int rw_validate_text(const char *text, const char *field, size_t least, size_t most, struct rw_error *err)
{
	const uint8_t *bytes = (const uint8_t *)(text ? text : "");
	size_t size = strlen((const char *)bytes);
	size_t length = 0;
	int normal;

	/* Four bytes are the longest character: longer texts need not be looked at. */
	if (size / 4 > most)
		return rw_group_fail(err, -EINVAL, field, "Shorten it.", "longer than %zu characters", most);
	if (u8_check(bytes, size))
		return rw_group_fail(err, -EINVAL, field, "Encode it as UTF-8.", "not valid UTF-8");
	for (size_t i = 0; i < size; length++) {
		ucs4_t c;

		i += (size_t)u8_mbtouc(&c, bytes + i, size - i);
		if (is_refused(c))
			return rw_group_fail(err, -EINVAL, field, "Leave it out.",
					     "character U+%04X (control or direction) is not allowed",
					     (unsigned int)c);
	}
	if (length < least)
		return rw_group_fail(err, -EINVAL, field, "Give it a text.", "shorter than %zu characters",
				     least);
	if (length > most)
		return rw_group_fail(err, -EINVAL, field, "Shorten it.", "longer than %zu characters", most);
	normal = is_normal(bytes, size);
	if (normal < 0)
		return rw_error_oom(err);
	if (!normal)
		return rw_group_fail(err, -EINVAL, field, "Write accented characters in their composed form.",
				     "not in Unicode normal form C");
	return 0;
}
