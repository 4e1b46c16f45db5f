/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bytes as text: base64 (RFC 4648 section 4, with padding), base64url (section 5, without padding: fit for
 * tokens, URLs and file names) and hex.  Decoders are strict: no white space, no missing or surplus padding,
 * no set bits behind the end, so that each value has exactly one text.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Characters with NUL that 'size' bytes take. */
#define RW_BASE64_SIZE(size)    (((size) + 2) / 3 * 4 + 1)
#define RW_BASE64URL_SIZE(size) (((size)*4 + 2) / 3 + 1)

/* 'text' has room for RW_BASE64_SIZE(size) / RW_BASE64URL_SIZE(size) characters. */
void rw_base64_encode(const void *bytes, size_t size, char *text);
void rw_base64url_encode(const void *bytes, size_t size, char *text);

/*
 * Decodes 'length' characters into 'bytes' with room for 'capacity'; *ret_size says how many came.
 * 0; -EINVAL for what the encoder would not write; -ENOBUFS when it does not fit.  'bytes' may then be
 * partly written.
 */
RW_NODISCARD int rw_base64_decode(const char *text, size_t length, void *bytes, size_t capacity,
				  size_t *ret_size);
RW_NODISCARD int rw_base64url_decode(const char *text, size_t length, void *bytes, size_t capacity,
				     size_t *ret_size);

/* Decodes exactly 2*size hex digits of either case followed by NUL; 0 or -EINVAL. */
RW_NODISCARD int rw_hex_decode(const char *text, void *bytes, size_t size);
