/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include <stdbool.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/internal.h"

int crypto_failed(struct rw_error *err, int code, int gnutls_code, const char *what)
{
	if (gnutls_code == GNUTLS_E_MEMORY_ERROR)
		return rw_error_oom(err);
	return rw_error_set(err, code, "%s: %s", what, gnutls_strerror(gnutls_code));
}

static int check_size(const char *pem, const char *what, struct rw_error *err)
{
	if (strnlen(pem, RW_CERT_MAX_SIZE + 1) > RW_CERT_MAX_SIZE)
		return rw_error_set(err, -EINVAL, "%s: longer than %d bytes", what, RW_CERT_MAX_SIZE);
	return 0;
}

/* The library takes a non-const pointer and does not write through it. */
static gnutls_datum_t borrow_text(const char *text)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text, .size = (unsigned int)strlen(text)};
}

int crypto_import_cert(const char *pem, const char *what, gnutls_x509_crt_t *ret_crt, struct rw_error *err)
{
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t text;
	int r;

	r = check_size(pem, what, err);
	if (r < 0)
		return r;
	text = borrow_text(pem);
	r = gnutls_x509_crt_init(&crt);
	if (r < 0)
		return crypto_failed(err, -EIO, r, what);
	r = gnutls_x509_crt_import(crt, &text, GNUTLS_X509_FMT_PEM);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, what);
	*ret_crt = RW_TAKE_PTR(crt);
	return 0;
}

void crypto_bundle_done(struct crypto_bundle *bundle)
{
	for (unsigned int i = 0; i < bundle->count; i++)
		gnutls_x509_crt_deinit(bundle->certs[i]);
	bundle->count = 0;
}

int crypto_import_bundle(const char *pem, struct crypto_bundle *ret_bundle, struct rw_error *err)
{
	struct crypto_bundle bundle = {.count = RW_CERT_BUNDLE_MAX};
	gnutls_datum_t text;
	int r = check_size(pem, "certificates of authorities", err);

	if (r < 0)
		return r;
	text = borrow_text(pem);
	r = gnutls_x509_crt_list_import(bundle.certs, &bundle.count, &text, GNUTLS_X509_FMT_PEM,
					GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
		return rw_error_set(err, -EINVAL, "more than %d certificates of authorities",
				    RW_CERT_BUNDLE_MAX);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "certificates of authorities");
	*ret_bundle = bundle;
	return 0;
}

int crypto_import_key(const char *pem, gnutls_x509_privkey_t *ret_key, struct rw_error *err)
{
	RW_CLEANUP(private_key_free) gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t text;
	int r;

	r = check_size(pem, "private key", err);
	if (r < 0)
		return r;
	text = borrow_text(pem);
	r = gnutls_x509_privkey_init(&key);
	if (r < 0)
		return crypto_failed(err, -EIO, r, "private key");
	r = gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "private key");
	*ret_key = RW_TAKE_PTR(key);
	return 0;
}

int crypto_take_text(gnutls_datum_t *output, char **ret_text, struct rw_error *err)
{
	char *text = strndup((const char *)output->data, output->size);

	rw_secret_wipe(output->data, output->size);
	gnutls_free(output->data);
	output->data = NULL;
	if (!text)
		return rw_error_oom(err);
	*ret_text = text;
	return 0;
}

struct rw_cert_period rw_cert_period_days(int64_t now_s, unsigned int days)
{
	return (struct rw_cert_period){
		.not_before_s = now_s - 3600,
		.not_after_s = now_s + (int64_t)days * 86400,
	};
}

int rw_cert_make_key(char **ret_key_pem, struct rw_error *err)
{
	RW_CLEANUP(private_key_free) gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t output = {0};
	int r;

	r = gnutls_x509_privkey_init(&key);
	if (r >= 0)
		r = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
						 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (r >= 0)
		r = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
						      &output);
	if (r < 0)
		return crypto_failed(err, -EIO, r, "cannot make a private key");
	return crypto_take_text(&output, ret_key_pem, err);
}

int rw_cert_make_request(const char *key_pem, const char *common_name, char **ret_request_pem,
			 struct rw_error *err)
{
	RW_CLEANUP(private_key_free) gnutls_x509_privkey_t key = NULL;
	RW_CLEANUP(request_free) gnutls_x509_crq_t request = NULL;
	gnutls_datum_t output = {0};
	int r;

	r = crypto_import_key(key_pem, &key, err);
	if (r < 0)
		return r;
	r = gnutls_x509_crq_init(&request);
	if (r >= 0)
		r = gnutls_x509_crq_set_version(request, 1);
	if (r >= 0)
		r = gnutls_x509_crq_set_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
						  (unsigned int)strlen(common_name));
	if (r >= 0)
		r = gnutls_x509_crq_set_key(request, key);
	if (r >= 0)
		r = gnutls_x509_crq_sign2(request, key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crq_export2(request, GNUTLS_X509_FMT_PEM, &output);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "cannot make a certificate request");
	return crypto_take_text(&output, ret_request_pem, err);
}

/* ---- reading ---- */

static bool has_purpose(gnutls_x509_crt_t crt, const char *wanted)
{
	for (unsigned int i = 0; i < 8; i++) {
		char oid[64];
		size_t size = sizeof(oid);

		if (gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &size, NULL) < 0)
			return false;
		if (strcmp(oid, wanted) == 0)
			return true;
	}
	return false;
}

/* A role is what the subject says, if usage agrees; else none. */
static enum rw_cert_role find_role(gnutls_x509_crt_t crt)
{
	bool is_authority = gnutls_x509_crt_get_ca_status(crt, NULL) > 0;
	bool is_server = has_purpose(crt, GNUTLS_KP_TLS_WWW_SERVER);
	bool is_client = has_purpose(crt, GNUTLS_KP_TLS_WWW_CLIENT);
	char unit[32] = "";
	size_t size = sizeof(unit);

	if (is_authority)
		return is_server || is_client ? RW_CERT_ROLE_NONE : RW_CERT_ROLE_AUTHORITY;
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, 0, 0, unit, &size) <
	    0)
		return RW_CERT_ROLE_NONE;
	if (strcmp(unit, "agent") == 0 && is_client && !is_server)
		return RW_CERT_ROLE_AGENT;
	if (strcmp(unit, "controller") == 0 && is_server && !is_client)
		return RW_CERT_ROLE_CONTROLLER;
	return RW_CERT_ROLE_NONE;
}

static int read_info(gnutls_x509_crt_t crt, struct rw_cert_info *ret_info, struct rw_error *err)
{
	struct rw_cert_info info = {.role = find_role(crt)};
	uint8_t fingerprint[RW_SHA256_SIZE];
	uint8_t serial[20];
	size_t size;
	int r;

	size = sizeof(info.common_name);
	r = gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, info.common_name, &size);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		info.common_name[0] = '\0';
	else if (r < 0)
		return crypto_failed(err, -EINVAL, r, "common name");
	else if (strlen(info.common_name) != size)
		return rw_error_set(err, -EINVAL, "common name: contains a NUL character");
	size = sizeof(serial);
	r = gnutls_x509_crt_get_serial(crt, serial, &size);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "serial number");
	rw_hex_format(serial, size, info.serial);
	size = sizeof(fingerprint);
	r = gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, fingerprint, &size);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "fingerprint");
	rw_hex_format(fingerprint, size, info.fingerprint);
	info.not_before_s = gnutls_x509_crt_get_activation_time(crt);
	info.not_after_s = gnutls_x509_crt_get_expiration_time(crt);
	if (info.not_before_s == -1 || info.not_after_s == -1)
		return rw_error_set(err, -EINVAL, "period of validity: malformed");
	*ret_info = info;
	return 0;
}

int rw_cert_read(const char *cert_pem, struct rw_cert_info *ret_info, struct rw_error *err)
{
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	int r = crypto_import_cert(cert_pem, "certificate", &crt, err);

	return r < 0 ? r : read_info(crt, ret_info, err);
}

int64_t rw_cert_renewal_s(const struct rw_cert_info *info)
{
	return info->not_after_s - (info->not_after_s - info->not_before_s) / 3;
}

int rw_cert_bundle_split(const char *bundle_pem, char *ret_certs[RW_CERT_BUNDLE_MAX], size_t *ret_count,
			 struct rw_error *err)
{
	RW_CLEANUP(crypto_bundle_done) struct crypto_bundle bundle = {0};
	char *certs[RW_CERT_BUNDLE_MAX] = {NULL};
	int r = crypto_import_bundle(bundle_pem, &bundle, err);

	for (unsigned int i = 0; r == 0 && i < bundle.count; i++) {
		gnutls_datum_t output = {0};
		int exported = gnutls_x509_crt_export2(bundle.certs[i], GNUTLS_X509_FMT_PEM, &output);

		r = exported < 0 ? crypto_failed(err, -EINVAL, exported, "certificate of an authority")
				 : crypto_take_text(&output, &certs[i], err);
	}
	if (r < 0) {
		for (size_t i = 0; i < RW_CERT_BUNDLE_MAX; i++)
			free(certs[i]);
		return r;
	}
	(void)memcpy(ret_certs, certs, sizeof(certs));
	*ret_count = bundle.count;
	return 0;
}

int rw_cert_bundle_fingerprints(const char *bundle_pem,
				rw_cert_fingerprint ret_fingerprints[RW_CERT_BUNDLE_MAX], size_t *ret_count,
				struct rw_error *err)
{
	RW_CLEANUP(crypto_bundle_done) struct crypto_bundle bundle = {0};
	int r = crypto_import_bundle(bundle_pem, &bundle, err);

	for (unsigned int i = 0; r == 0 && i < bundle.count; i++) {
		struct rw_cert_info info;

		r = read_info(bundle.certs[i], &info, err);
		if (r == 0)
			(void)memcpy(ret_fingerprints[i], info.fingerprint, sizeof(rw_cert_fingerprint));
	}
	if (r == 0)
		*ret_count = bundle.count;
	return r;
}

/* ---- judging ---- */

int crypto_check_period(const char *what, int64_t not_before_s, int64_t not_after_s, int64_t now_s,
			struct rw_error *err)
{
	char text[RW_TIMESTAMP_SIZE];

	if (now_s < not_before_s) {
		rw_timestamp_format(not_before_s * 1000, text);
		rw_error_set(err, -EKEYEXPIRED, "%s is not valid before %s", what, text);
		rw_error_hint(err, "Check the clocks of both machines.");
		return -EKEYEXPIRED;
	}
	if (now_s > not_after_s) {
		rw_timestamp_format(not_after_s * 1000, text);
		return rw_error_set(err, -EKEYEXPIRED, "%s has expired at %s", what, text);
	}
	return 0;
}

/* The authority of the bundle that has issued 'crt'. */
static int find_issuer(gnutls_x509_crt_t crt, const struct crypto_bundle *bundle,
		       gnutls_x509_crt_t *ret_issuer, struct rw_error *err)
{
	for (unsigned int i = 0; i < bundle->count; i++) {
		unsigned int status = 0;
		int r;

		if (gnutls_x509_crt_get_ca_status(bundle->certs[i], NULL) <= 0)
			return rw_error_set(err, -EKEYREJECTED,
					    "the certificate trusted is not that of an authority");
		/* Times are checked by the caller against its own clock. */
		r = gnutls_x509_crt_verify(crt, &bundle->certs[i], 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS,
					   &status);
		if (r < 0)
			return crypto_failed(err, -EKEYREJECTED, r, "certificate");
		if (status == 0) {
			*ret_issuer = bundle->certs[i];
			return 0;
		}
	}
	return rw_error_set(err, -EKEYREJECTED, "certificate was not issued by this authority");
}

int crypto_verify_cert(gnutls_x509_crt_t crt, const struct crypto_bundle *bundle, int64_t now_s,
		       struct rw_cert_info *ret_info, struct rw_error *err)
{
	gnutls_x509_crt_t ca = NULL;
	struct rw_cert_info info;
	int r = find_issuer(crt, bundle, &ca, err);

	if (r == 0)
		r = read_info(crt, &info, err);
	if (r < 0)
		return r;
	if (info.role == RW_CERT_ROLE_NONE)
		return rw_error_set(err, -EKEYREJECTED,
				    "usage of the certificate does not agree with its subject");
	r = crypto_check_period("the certificate", info.not_before_s, info.not_after_s, now_s, err);
	if (r < 0)
		return r;
	r = crypto_check_period("the authority's certificate", gnutls_x509_crt_get_activation_time(ca),
				gnutls_x509_crt_get_expiration_time(ca), now_s, err);
	if (r < 0)
		return r;
	*ret_info = info;
	return 0;
}

int rw_cert_verify(const char *cert_pem, const char *ca_pem, int64_t now_s, struct rw_cert_info *ret_info,
		   struct rw_error *err)
{
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	RW_CLEANUP(crypto_bundle_done) struct crypto_bundle bundle = {0};
	int r;

	r = crypto_import_cert(cert_pem, "certificate", &crt, err);
	if (r == 0)
		r = crypto_import_bundle(ca_pem, &bundle, err);
	return r < 0 ? r : crypto_verify_cert(crt, &bundle, now_s, ret_info, err);
}
