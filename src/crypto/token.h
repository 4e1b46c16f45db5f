/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tokens and key secrets
 * ======================
 *
 * A token is "<id>.<secret>": the id is public (look-up, log, revocation), the secret is 32 random bytes as
 * base64url.  API keys have this form, and so have the one-time tokens with which a node joins.
 *
 * Of one-time tokens the store keeps only the SHA-256 of the secret: 256 random bits need no slow hash.
 * "One time" is the business of the store's transaction that removes the record, not of this module.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "crypto/digest.h"

#define RW_TOKEN_SECRET_BYTES 32
#define RW_TOKEN_SECRET_SIZE  44 /* 43 characters and NUL */
#define RW_TOKEN_ID_MAX       63 /* characters */
#define RW_TOKEN_SIZE         (RW_TOKEN_ID_MAX + 1 + RW_TOKEN_SECRET_SIZE)

/* Makes a secret. */
void rw_token_secret_make(const struct rw_random *random, char secret[RW_TOKEN_SECRET_SIZE]);

/* Writes "<id>.<secret>".  'id' has 1 to RW_TOKEN_ID_MAX characters and no dot (asserted). */
void rw_token_format(const char *id, const char *secret, char text[RW_TOKEN_SIZE]);

/* Splits 'text' (NUL-terminated, from outside).  -EINVAL when it has not the form of a token: one dot,
 * 1..RW_TOKEN_ID_MAX characters of [A-Za-z0-9_-] before it, 43 base64url characters behind it. */
RW_NODISCARD int rw_token_parse(const char *text, char id[RW_TOKEN_ID_MAX + 1],
				char secret[RW_TOKEN_SECRET_SIZE]);

/* What the store keeps of a one-time token. */
void rw_token_digest(const char *secret, uint8_t digest[RW_SHA256_SIZE]);

/* Whether 'secret' is the one of 'digest'; constant time. */
bool rw_token_matches(const char *secret, const uint8_t digest[RW_SHA256_SIZE]);
