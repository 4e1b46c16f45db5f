/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/encoding.h"

#include <stdbool.h>

static const char alphabet_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const uint8_t *bytes, size_t size, const char *alphabet, bool padded, char *text)
{
	while (size > 0) {
		size_t taken = size < 3 ? size : 3;
		uint32_t group = (uint32_t)bytes[0] << 16;

		if (taken > 1)
			group |= (uint32_t)bytes[1] << 8;
		if (taken > 2)
			group |= bytes[2];
		for (size_t i = 0; i < 4; i++) {
			if (i <= taken)
				*text++ = alphabet[group >> (18 - 6 * i) & 63];
			else if (padded)
				*text++ = '=';
		}
		bytes += taken;
		size -= taken;
	}
	*text = '\0';
}

static int digit_value(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

/* Decodes digits without padding. */
static int decode(const char *text, size_t length, bool url, uint8_t *bytes, size_t capacity,
		  size_t *ret_size)
{
	size_t size = length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0);
	uint32_t group = 0;
	unsigned int bits = 0;
	size_t written = 0;

	if (length % 4 == 1)
		return -EINVAL;
	if (size > capacity)
		return -ENOBUFS;
	for (size_t i = 0; i < length; i++) {
		int value = digit_value(text[i], url);

		if (value < 0)
			return -EINVAL;
		group = (group << 6 | (uint32_t)value) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[written++] = (uint8_t)(group >> bits);
		}
	}
	if (group & ((1u << bits) - 1))
		return -EINVAL;
	*ret_size = written;
	return 0;
}

void rw_base64_encode(const void *bytes, size_t size, char *text)
{
	encode(bytes, size, alphabet_standard, true, text);
}

void rw_base64url_encode(const void *bytes, size_t size, char *text)
{
	encode(bytes, size, alphabet_url, false, text);
}

int rw_base64_decode(const char *text, size_t length, void *bytes, size_t capacity, size_t *ret_size)
{
	if (length % 4 != 0)
		return -EINVAL;
	if (length > 0 && text[length - 1] == '=')
		length -= text[length - 2] == '=' ? 2 : 1;
	return decode(text, length, false, bytes, capacity, ret_size);
}

int rw_base64url_decode(const char *text, size_t length, void *bytes, size_t capacity, size_t *ret_size)
{
	return decode(text, length, true, bytes, capacity, ret_size);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int rw_hex_decode(const char *text, void *bytes, size_t size)
{
	uint8_t *out = bytes;

	for (size_t i = 0; i < size; i++) {
		int high = hex_value(text[2 * i]);
		int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * size] == '\0' ? 0 : -EINVAL;
}
