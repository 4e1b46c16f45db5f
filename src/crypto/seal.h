/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Secrets at rest
 * ===============
 *
 * The store keeps the secrets of API keys sealed: encrypted and authenticated (AES-256-GCM, NIST SP 800-38D)
 * under a master key that lies in a file beside the store, mode 0600, so that a copy of the store alone
 * tells nothing.  Requests can be signed with HMAC, hence the secret itself must come back: a hash would not
 * do.
 *
 * Sealed bytes: version (1) | nonce (12, random) | ciphertext (as long as the plain text) | tag (16).
 * The *label* (the id of the key, say) is authenticated with it, so a sealed secret cannot be moved to
 * another record.  Random nonces are safe for 2^32 seals under one key; a controller makes some thousands.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

#define RW_SEAL_KEY_SIZE 32
#define RW_SEAL_OVERHEAD 29 /* bytes that sealing adds */

struct rw_seal_key {
	uint8_t bytes[RW_SEAL_KEY_SIZE];
};

/* Overwrites the key. */
void rw_seal_key_done(struct rw_seal_key *key);
RW_DEFINE_DONE(struct rw_seal_key, rw_seal_key_done)

/* Makes a key and writes it to 'path' (0600, hex).  -EEXIST when the file is there. */
RW_NODISCARD int rw_seal_key_create(const char *path, const struct rw_random *random,
				    struct rw_seal_key *ret_key, struct rw_error *err);

/* Writes the key to 'path' in place of what is there: the old one or this after a crash. */
RW_NODISCARD int rw_seal_key_replace(const char *path, const struct rw_seal_key *key, struct rw_error *err);

/* Reads the key.  -EPERM when group or others may touch the file, -EINVAL when it holds no key, or the
 * failure of reading. */
RW_NODISCARD int rw_seal_key_load(const char *path, struct rw_seal_key *ret_key, struct rw_error *err);

/* Seals 'size' bytes into 'sealed', which has room for size + RW_SEAL_OVERHEAD.  0, or -EIO when the library
 * fails. */
RW_NODISCARD int rw_seal(const struct rw_seal_key *key, const struct rw_random *random, const char *label,
			 const void *bytes, size_t size, uint8_t *sealed);

/*
 * Opens 'size' sealed bytes into 'bytes', which has room for size - RW_SEAL_OVERHEAD.
 * -EBADMSG when key, label or bytes are not those of sealing (nothing tells which), -EPROTONOSUPPORT for a
 * version this program does not know.
 */
RW_NODISCARD int rw_seal_open(const struct rw_seal_key *key, const char *label, const uint8_t *sealed,
			      size_t size, void *bytes, size_t *ret_size);
