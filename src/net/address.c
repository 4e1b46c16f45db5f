/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <stdio.h>
#include <string.h>

#include "net/decimal.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

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

/* Four decimal octets without leading zeros that fill 'text' to its end. */
static bool parse_dotted(const char *text, uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned int value = 0;
		int digits = 0;

		while (*text >= '0' && *text <= '9' && digits < 4) {
			value = value * 10 + (unsigned int)(*text++ - '0');
			digits++;
		}
		if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && text[-digits] == '0'))
			return false;
		if (*text != (i < 3 ? '.' : '\0'))
			return false;
		bytes[i] = (uint8_t)value;
		text += i < 3;
	}
	return true;
}

/* One group of one to four hex digits; moves *text behind it. */
static bool parse_group(const char **text, uint8_t bytes[2])
{
	unsigned int value = 0;
	int digits = 0;

	while (digits < 5 && hex_value(**text) >= 0) {
		value = value * 16 + (unsigned int)hex_value(**text);
		(*text)++;
		digits++;
	}
	if (digits == 0 || digits > 4)
		return false;
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
	return true;
}

/* True when the next group is the dotted tail of RFC 4291 section 2.2 form 3. */
static bool is_dotted_next(const char *text)
{
	size_t length = strcspn(text, ":");

	return memchr(text, '.', length) != NULL;
}

static bool parse_colons(const char *text, uint8_t bytes[16])
{
	size_t used = 0;
	size_t gap = 17; /* where "::" stood; 17 = nowhere */

	memset(bytes, 0, 16);
	if (text[0] == ':' && text[1] == ':') {
		gap = 0;
		text += 2;
	}
	while (*text) {
		if (used <= 12 && is_dotted_next(text)) {
			if (!parse_dotted(text, bytes + used))
				return false;
			used += 4;
			break;
		}
		if (used == 16 || !parse_group(&text, bytes + used))
			return false;
		used += 2;
		if (!*text)
			break;
		if (*text++ != ':')
			return false;
		if (*text == ':') {
			if (gap != 17)
				return false;
			gap = used;
			text++;
		} else if (!*text) {
			return false;
		}
	}
	if (gap == 17)
		return used == 16;
	if (used > 14)
		return false;
	memmove(bytes + 16 - (used - gap), bytes + gap, used - gap);
	memset(bytes + gap, 0, 16 - used);
	return true;
}

int rw_address_parse(const char *text, struct rw_address *ret_address, struct rw_error *err)
{
	struct rw_address address = {0};

	if (strchr(text, ':')) {
		address.family = 6;
		if (!parse_colons(text, address.bytes))
			return rw_error_set(err, -EINVAL, "\"%.60s\" is not an IPv6 address", text);
		if (memcmp(address.bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
			(void)rw_error_set(err, -EINVAL, "\"%.60s\" is an IPv4-mapped address", text);
			(void)rw_error_hint(err, "Write the IPv4 address itself: %u.%u.%u.%u.",
					    address.bytes[12], address.bytes[13], address.bytes[14],
					    address.bytes[15]);
			return -EINVAL;
		}
	} else {
		address.family = 4;
		if (!parse_dotted(text, address.bytes)) {
			(void)rw_error_set(err, -EINVAL, "\"%.60s\" is not an IP address", text);
			(void)rw_error_hint(err,
					    "Write it like 203.0.113.9 (no leading zeros) or 2001:db8::1.");
			return -EINVAL;
		}
	}
	*ret_address = address;
	return 0;
}

/* Finds the longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2). */
static void find_zeros(const uint16_t groups[8], int *ret_start, int *ret_length)
{
	*ret_start = -1;
	*ret_length = 1;
	for (int i = 0; i < 8; i++) {
		int end = i;

		while (end < 8 && groups[end] == 0)
			end++;
		if (end - i > *ret_length) {
			*ret_start = i;
			*ret_length = end - i;
		}
	}
}

void rw_address_format(const struct rw_address *address, char text[RW_ADDRESS_TEXT_SIZE])
{
	const uint8_t *b = address->bytes;
	uint16_t groups[8];
	int start;
	int length;
	int at = 0;

	if (address->family != 6) {
		for (int i = 0; i < 4; i++) {
			text = rw_decimal_put(text, b[i]);
			*text++ = i < 3 ? '.' : '\0';
		}
		return;
	}
	for (int i = 0; i < 8; i++)
		groups[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
	find_zeros(groups, &start, &length);
	text[0] = '\0';
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			at += snprintf(text + at, RW_ADDRESS_TEXT_SIZE - (size_t)at, "::");
			i += length - 1;
			continue;
		}
		at += snprintf(text + at, RW_ADDRESS_TEXT_SIZE - (size_t)at, "%s%x",
			       at > 0 && text[at - 1] != ':' ? ":" : "", groups[i]);
	}
}

int rw_address_compare(const struct rw_address *a, const struct rw_address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct rw_address rw_address_from_bytes(uint8_t family, const void *bytes)
{
	struct rw_address address = {.family = family};

	memcpy(address.bytes, bytes, family == 4 ? 4 : 16);
	return address;
}

static bool is_multicast(const struct rw_address *address)
{
	if (address->family == 4)
		return address->bytes[0] >= 224 && address->bytes[0] <= 239;
	return address->bytes[0] == 0xff;
}

bool rw_address_is_link_local(const struct rw_address *address)
{
	if (address->family == 4)
		return address->bytes[0] == 169 && address->bytes[1] == 254;
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool rw_address_is_loopback(const struct rw_address *address)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (address->family == 4)
		return address->bytes[0] == 127;
	return address->family == 6 && memcmp(address->bytes, loopback6, 16) == 0;
}

bool rw_address_is_global(const struct rw_address *address)
{
	static const uint8_t zero[16];

	if (is_multicast(address) || rw_address_is_link_local(address) || rw_address_is_loopback(address))
		return false;
	if (address->family == 4)
		return address->bytes[0] != 0 && address->bytes[0] < 240;
	return address->family == 6 && memcmp(address->bytes, zero, 16) != 0 &&
	       memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) != 0;
}

static void clear_host_bits(struct rw_prefix *prefix)
{
	for (unsigned int i = prefix->bits; i < 128; i++)
		prefix->address.bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
}

static int bad_length(const char *text, unsigned int most, struct rw_error *err)
{
	(void)rw_error_set(err, -EINVAL, "\"%.60s\": the prefix length must be 0 to %u", text, most);
	(void)rw_error_hint(err, "Write it like 10.0.0.0/8 or 2001:db8::/32, without leading zeros.");
	return -EINVAL;
}

/* One to three digits without leading zeros, at most 'most'; -1 otherwise. */
static int parse_length(const char *text, unsigned int most)
{
	unsigned int value = 0;
	size_t digits = strlen(text);

	if (digits == 0 || digits > 3 || (digits > 1 && text[0] == '0'))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (unsigned int)(*text - '0');
	}
	return value <= most ? (int)value : -1;
}

int rw_prefix_parse(const char *text, struct rw_prefix *ret_prefix, struct rw_error *err)
{
	const char *slash = strchr(text, '/');
	char head[RW_ADDRESS_TEXT_SIZE];
	struct rw_prefix prefix;
	struct rw_prefix clean;
	unsigned int most;
	int length;
	int r;

	if (!slash) {
		r = rw_address_parse(text, &prefix.address, err);
		if (r < 0)
			return r;
		*ret_prefix = rw_prefix_of_address(&prefix.address);
		return 0;
	}
	if ((size_t)(slash - text) >= sizeof(head))
		return rw_error_set(err, -EINVAL, "\"%.60s\" is not a CIDR", text);
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	r = rw_address_parse(head, &prefix.address, err);
	if (r < 0)
		return r;
	most = prefix.address.family == 4 ? 32 : 128;
	length = parse_length(slash + 1, most);
	if (length < 0)
		return bad_length(text, most, err);
	prefix.bits = (uint8_t)length;
	clean = prefix;
	clear_host_bits(&clean);
	if (!rw_address_equal(&clean.address, &prefix.address)) {
		char meant[RW_PREFIX_TEXT_SIZE];

		rw_prefix_format(&clean, meant);
		(void)rw_error_set(err, -EINVAL, "\"%.60s\" has bits set behind its prefix length", text);
		(void)rw_error_hint(err, "Did you mean %s?", meant);
		return -EINVAL;
	}
	*ret_prefix = prefix;
	return 0;
}

void rw_prefix_format(const struct rw_prefix *prefix, char text[RW_PREFIX_TEXT_SIZE])
{
	rw_address_format(&prefix->address, text);
	text += strlen(text);
	*text++ = '/';
	*rw_decimal_put(text, prefix->bits) = '\0';
}

int rw_prefix_compare(const struct rw_prefix *a, const struct rw_prefix *b)
{
	int order = rw_address_compare(&a->address, &b->address);

	if (order != 0)
		return order;
	return (a->bits > b->bits) - (a->bits < b->bits);
}

bool rw_prefix_contains(const struct rw_prefix *prefix, const struct rw_address *address)
{
	unsigned int whole = prefix->bits / 8;
	unsigned int rest = prefix->bits % 8;

	if (prefix->address.family != address->family)
		return false;
	if (memcmp(prefix->address.bytes, address->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return ((prefix->address.bytes[whole] ^ address->bytes[whole]) & (0xff00u >> rest) & 0xffu) == 0;
}

bool rw_prefix_covers(const struct rw_prefix *outer, const struct rw_prefix *inner)
{
	return outer->bits <= inner->bits && rw_prefix_contains(outer, &inner->address);
}

bool rw_prefix_overlaps(const struct rw_prefix *a, const struct rw_prefix *b)
{
	return rw_prefix_covers(a, b) || rw_prefix_covers(b, a);
}

struct rw_prefix rw_prefix_of_address(const struct rw_address *address)
{
	return (struct rw_prefix){.address = *address, .bits = address->family == 4 ? 32 : 128};
}

bool rw_addresses_equal(const struct rw_address *a, size_t a_count, const struct rw_address *b,
			size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!rw_address_equal(&a[i], &b[i]))
			return false;
	return true;
}

bool rw_prefixes_equal(const struct rw_prefix *a, size_t a_count, const struct rw_prefix *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (rw_prefix_compare(&a[i], &b[i]) != 0)
			return false;
	return true;
}
