/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SHA-256, HMAC-SHA-256, HMAC-SHA-1, MD5 (FIPS 180-4, RFC 2104, RFC 1321) and what belongs to handling secrets.  All
 * are pure functions of their input; they cannot fail but for a broken library, which aborts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define RW_SHA256_SIZE 32
#define RW_SHA1_SIZE   20
#define RW_MD5_SIZE    16

void rw_sha256(const void *bytes, size_t size, uint8_t digest[RW_SHA256_SIZE]);

/* 'key' of any size, also empty. */
void rw_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		    uint8_t digest[RW_SHA256_SIZE]);

/* For request signatures of others that prescribe it (src/alibaba); nothing of our own uses SHA-1. */
void rw_hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size,
		  uint8_t digest[RW_SHA1_SIZE]);

/* For the Content-MD5 that such signatures cover; nothing of our own uses MD5. */
void rw_md5(const void *bytes, size_t size, uint8_t digest[RW_MD5_SIZE]);

/* Whether two secrets are equal, in a time that depends on 'size' alone. */
bool rw_secret_equal(const void *a, const void *b, size_t size);

/* Overwrites; is not optimised away. */
void rw_secret_wipe(void *bytes, size_t size);
