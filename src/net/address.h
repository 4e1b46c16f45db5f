/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * IP addresses and prefixes
 * =========================
 *
 * An address is its family (4 or 6, never AF_INET) and 16 bytes in network order; an IPv4 address uses
 * the first four, the rest are zero, so that two equal addresses are equal byte by byte.  A prefix is an
 * address whose bits behind 'bits' are zero; an address alone is written as its /32 or /128.
 *
 * Order: IPv4 before IPv6, then bytewise, then shorter prefixes first.  Text forms are those of
 * RFC 4632 and RFC 5952; an IPv4-mapped IPv6 address (::ffff:0:0/96) is refused in policy because no such
 * packet is ever on the wire.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rw_address {
	uint8_t family;    /* 4 or 6; 0 = no address */
	uint8_t bytes[16]; /* network order; unused ones zero */
};

struct rw_prefix {
	struct rw_address address;
	uint8_t bits; /* 0..32 or 0..128 */
};

/* Room for any formatted address or prefix and its NUL. */
#define RW_ADDRESS_TEXT_SIZE 48
#define RW_PREFIX_TEXT_SIZE  56

/* Parses "203.0.113.9" or "2001:db8::1" exactly (no zone, no leading zeros, no spaces).  0 or -EINVAL. */
RW_NODISCARD int rw_address_parse(const char *text, struct rw_address *ret_address, struct rw_error *err);
void rw_address_format(const struct rw_address *address, char text[RW_ADDRESS_TEXT_SIZE]);
int rw_address_compare(const struct rw_address *a, const struct rw_address *b);
static inline bool rw_address_equal(const struct rw_address *a, const struct rw_address *b)
{
	return rw_address_compare(a, b) == 0;
}

/* True for the same addresses in the same order. */
bool rw_addresses_equal(const struct rw_address *a, size_t a_count, const struct rw_address *b,
			size_t b_count);

/* Makes an address from wire bytes: 4 or 16 of them as 'family' says. */
struct rw_address rw_address_from_bytes(uint8_t family, const void *bytes);

/*
 * True for addresses that can be a member's: not unspecified, loopback, link-local, multicast or broadcast.
 */
bool rw_address_is_global(const struct rw_address *address);
bool rw_address_is_loopback(const struct rw_address *address);
bool rw_address_is_link_local(const struct rw_address *address);

/*
 * Parses "10.0.0.0/8", "2001:db8::/32" or a bare address (its /32 or /128).  -EINVAL with a hint that
 * names the prefix meant ("did you mean 10.0.0.0/8?") when bits behind the prefix are set.
 */
RW_NODISCARD int rw_prefix_parse(const char *text, struct rw_prefix *ret_prefix, struct rw_error *err);

/* Always with its length: "10.0.0.5/32". */
void rw_prefix_format(const struct rw_prefix *prefix, char text[RW_PREFIX_TEXT_SIZE]);
int rw_prefix_compare(const struct rw_prefix *a, const struct rw_prefix *b);

/* True for the same prefixes in the same order. */
bool rw_prefixes_equal(const struct rw_prefix *a, size_t a_count, const struct rw_prefix *b, size_t b_count);

bool rw_prefix_contains(const struct rw_prefix *prefix, const struct rw_address *address);

/* True when every address of 'inner' is in 'outer'. */
bool rw_prefix_covers(const struct rw_prefix *outer, const struct rw_prefix *inner);
bool rw_prefix_overlaps(const struct rw_prefix *a, const struct rw_prefix *b);

/* The /32 or /128 of 'address'. */
struct rw_prefix rw_prefix_of_address(const struct rw_address *address);
