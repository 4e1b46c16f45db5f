/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/token.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "crypto/encoding.h"

static const char id_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

static_assert(RW_BASE64URL_SIZE(RW_TOKEN_SECRET_BYTES) == RW_TOKEN_SECRET_SIZE, "size of a secret");

void rw_token_secret_make(const struct rw_random *random, char secret[RW_TOKEN_SECRET_SIZE])
{
	uint8_t bytes[RW_TOKEN_SECRET_BYTES];

	random->fill(random, bytes, sizeof(bytes));
	rw_base64url_encode(bytes, sizeof(bytes), secret);
	rw_secret_wipe(bytes, sizeof(bytes));
}

void rw_token_format(const char *id, const char *secret, char text[RW_TOKEN_SIZE])
{
	size_t length = strlen(id);

	assert(length > 0 && length <= RW_TOKEN_ID_MAX && !strchr(id, '.'));
	assert(strlen(secret) == RW_TOKEN_SECRET_SIZE - 1);
	memcpy(text, id, length);
	text[length] = '.';
	memcpy(text + length + 1, secret, RW_TOKEN_SECRET_SIZE);
}

int rw_token_parse(const char *text, char id[RW_TOKEN_ID_MAX + 1], char secret[RW_TOKEN_SECRET_SIZE])
{
	uint8_t bytes[RW_TOKEN_SECRET_BYTES];
	size_t id_length = strspn(text, id_characters);
	size_t size = 0;
	int r;

	if (id_length == 0 || id_length > RW_TOKEN_ID_MAX || text[id_length] != '.')
		return -EINVAL;
	if (strnlen(text + id_length + 1, RW_TOKEN_SECRET_SIZE) != RW_TOKEN_SECRET_SIZE - 1)
		return -EINVAL;
	r = rw_base64url_decode(text + id_length + 1, RW_TOKEN_SECRET_SIZE - 1, bytes, sizeof(bytes), &size);
	rw_secret_wipe(bytes, sizeof(bytes));
	if (r < 0)
		return -EINVAL;
	memcpy(id, text, id_length);
	id[id_length] = '\0';
	memcpy(secret, text + id_length + 1, RW_TOKEN_SECRET_SIZE);
	return 0;
}

void rw_token_digest(const char *secret, uint8_t digest[RW_SHA256_SIZE])
{
	rw_sha256(secret, strlen(secret), digest);
}

bool rw_token_matches(const char *secret, const uint8_t digest[RW_SHA256_SIZE])
{
	uint8_t own[RW_SHA256_SIZE];

	rw_token_digest(secret, own);
	return rw_secret_equal(own, digest, sizeof(own));
}
