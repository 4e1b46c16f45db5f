/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

void rw_sha256(const void *bytes, size_t size, uint8_t digest[RW_SHA256_SIZE])
{
	/* Fails only when the library has no SHA-256, that is, when its self-test failed. */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size, digest) < 0)
		abort();
}

void rw_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
		    uint8_t digest[RW_SHA256_SIZE])
{
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_size, bytes, size, digest) < 0)
		abort();
}

void rw_hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size,
		  uint8_t digest[RW_SHA1_SIZE])
{
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA1, key, key_size, bytes, size, digest) < 0)
		abort();
}

void rw_md5(const void *bytes, size_t size, uint8_t digest[RW_MD5_SIZE])
{
	if (gnutls_hash_fast(GNUTLS_DIG_MD5, bytes, size, digest) < 0)
		abort();
}

bool rw_secret_equal(const void *a, const void *b, size_t size)
{
	return size == 0 || gnutls_memcmp(a, b, size) == 0;
}

void rw_secret_wipe(void *bytes, size_t size)
{
	if (size > 0)
		gnutls_memset(bytes, 0, size);
}
