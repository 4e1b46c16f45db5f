/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* gnutls's objects in the shape of base/cleanup.h, and what the files of this folder share. */

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "crypto/cert.h"

static inline gnutls_x509_crt_t crt_free(gnutls_x509_crt_t crt)
{
	gnutls_x509_crt_deinit(crt);
	return NULL;
}
RW_DEFINE_CLEANUP(gnutls_x509_crt_t, crt_free)

static inline gnutls_x509_crq_t request_free(gnutls_x509_crq_t request)
{
	gnutls_x509_crq_deinit(request);
	return NULL;
}
RW_DEFINE_CLEANUP(gnutls_x509_crq_t, request_free)

static inline gnutls_x509_privkey_t private_key_free(gnutls_x509_privkey_t key)
{
	gnutls_x509_privkey_deinit(key);
	return NULL;
}
RW_DEFINE_CLEANUP(gnutls_x509_privkey_t, private_key_free)

static inline gnutls_pubkey_t public_key_free(gnutls_pubkey_t key)
{
	gnutls_pubkey_deinit(key);
	return NULL;
}
RW_DEFINE_CLEANUP(gnutls_pubkey_t, public_key_free)

/* Translates a failure of gnutls: -ENOMEM, or 'code' with "what: gnutls's words". */
int crypto_failed(struct rw_error *err, int code, int gnutls_code, const char *what);

/* Imports PEM text; -EINVAL with 'what' in the text. */
int crypto_import_cert(const char *pem, const char *what, gnutls_x509_crt_t *ret_crt, struct rw_error *err);
int crypto_import_key(const char *pem, gnutls_x509_privkey_t *ret_key, struct rw_error *err);

/* Copies the library's output into NUL-terminated text and wipes and frees the output. */
int crypto_take_text(gnutls_datum_t *output, char **ret_text, struct rw_error *err);

/* The authorities of a bundle; zeroed = empty. */
struct crypto_bundle {
	gnutls_x509_crt_t certs[RW_CERT_BUNDLE_MAX];
	unsigned int count;
};
void crypto_bundle_done(struct crypto_bundle *bundle);
RW_DEFINE_DONE(struct crypto_bundle, crypto_bundle_done)
int crypto_import_bundle(const char *pem, struct crypto_bundle *ret_bundle, struct rw_error *err);

/* Judges like rw_cert_verify. */
int crypto_verify_cert(gnutls_x509_crt_t crt, const struct crypto_bundle *bundle, int64_t now_s,
		       struct rw_cert_info *ret_info, struct rw_error *err);

/* -EKEYEXPIRED unless first <= now <= last. */
int crypto_check_period(const char *what, int64_t not_before_s, int64_t not_after_s, int64_t now_s,
			struct rw_error *err);
