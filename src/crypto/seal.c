/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <assert.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"

enum {
	SEAL_VERSION = 1,
	NONCE_SIZE = 12,
	TAG_SIZE = 16,
	KEY_FILE_SIZE = 2 * RW_SEAL_KEY_SIZE + 1, /* hex and line end */
};
static_assert(1 + NONCE_SIZE + TAG_SIZE == RW_SEAL_OVERHEAD, "sealed layout");

void rw_seal_key_done(struct rw_seal_key *key)
{
	rw_secret_wipe(key, sizeof(*key));
}

int rw_seal_key_replace(const char *path, const struct rw_seal_key *key, struct rw_error *err)
{
	char text[KEY_FILE_SIZE + 1];
	int r;

	rw_hex_format(key->bytes, sizeof(key->bytes), text);
	text[KEY_FILE_SIZE - 1] = '\n';
	r = rw_file_write(path, text, KEY_FILE_SIZE, 0600, err);
	rw_secret_wipe(text, sizeof(text));
	return r;
}

int rw_seal_key_create(const char *path, const struct rw_random *random, struct rw_seal_key *ret_key,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_seal_key_done) struct rw_seal_key key = {0};
	int r;

	if (access(path, F_OK) == 0)
		return rw_error_set(err, -EEXIST, "%s: there is a master key already", path);
	random->fill(random, key.bytes, sizeof(key.bytes));
	r = rw_seal_key_replace(path, &key, err);
	if (r < 0)
		return r;
	*ret_key = key;
	return 0;
}

int rw_seal_key_load(const char *path, struct rw_seal_key *ret_key, struct rw_error *err)
{
	RW_CLEANUP(rw_seal_key_done) struct rw_seal_key key = {0};
	char text[KEY_FILE_SIZE + 2];
	size_t length;
	int r;

	r = rw_file_read_secret(path, "the master key", text, sizeof(text), err);
	if (r < 0)
		return r;
	length = strlen(text);
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	r = strlen(text) == KEY_FILE_SIZE - 1 ? rw_hex_decode(text, key.bytes, sizeof(key.bytes)) : -EINVAL;
	rw_secret_wipe(text, sizeof(text));
	if (r < 0)
		return rw_error_set(err, r, "%s holds no master key (%d hex digits)", path,
				    KEY_FILE_SIZE - 1);
	*ret_key = key;
	return 0;
}

static int open_cipher(const struct rw_seal_key *key, gnutls_aead_cipher_hd_t *ret_cipher)
{
	uint8_t copy[RW_SEAL_KEY_SIZE]; /* the library wants it writable */
	gnutls_datum_t datum = {.data = copy, .size = sizeof(copy)};
	int r;

	memcpy(copy, key->bytes, sizeof(copy));
	r = gnutls_aead_cipher_init(ret_cipher, GNUTLS_CIPHER_AES_256_GCM, &datum);
	rw_secret_wipe(copy, sizeof(copy));
	return r < 0 ? -EIO : 0;
}

int rw_seal(const struct rw_seal_key *key, const struct rw_random *random, const char *label,
	    const void *bytes, size_t size, uint8_t *sealed)
{
	gnutls_aead_cipher_hd_t cipher;
	size_t cipher_size = size + TAG_SIZE;
	int r;

	r = open_cipher(key, &cipher);
	if (r < 0)
		return r;
	sealed[0] = SEAL_VERSION;
	random->fill(random, sealed + 1, NONCE_SIZE);
	r = gnutls_aead_cipher_encrypt(cipher, sealed + 1, NONCE_SIZE, label, strlen(label), TAG_SIZE, bytes,
				       size, sealed + 1 + NONCE_SIZE, &cipher_size);
	gnutls_aead_cipher_deinit(cipher);
	return r < 0 ? -EIO : 0;
}

int rw_seal_open(const struct rw_seal_key *key, const char *label, const uint8_t *sealed, size_t size,
		 void *bytes, size_t *ret_size)
{
	gnutls_aead_cipher_hd_t cipher;
	size_t plain_size;
	int r;

	if (size < RW_SEAL_OVERHEAD)
		return -EBADMSG;
	if (sealed[0] != SEAL_VERSION)
		return -EPROTONOSUPPORT;
	r = open_cipher(key, &cipher);
	if (r < 0)
		return r;
	plain_size = size - RW_SEAL_OVERHEAD;
	r = gnutls_aead_cipher_decrypt(cipher, sealed + 1, NONCE_SIZE, label, strlen(label), TAG_SIZE,
				       sealed + 1 + NONCE_SIZE, size - 1 - NONCE_SIZE, bytes, &plain_size);
	gnutls_aead_cipher_deinit(cipher);
	if (r < 0)
		return -EBADMSG;
	*ret_size = plain_size;
	return 0;
}
