/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What lookup.c and its programs share. */

#include <linux/types.h>

#define LOOKUP_SAMPLES   65536
#define LOOKUP_ADDRESSES 100000

/* As an LPM trie wants it. */
struct lookup_prefix {
	__u32 bits;
	__be32 address;
};
