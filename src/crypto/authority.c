/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/internal.h"

struct rw_cert_authority {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
	const struct rw_random *random;
};

enum {
	SERIAL_SIZE = 16,
	KEY_ID_MAX = 64,
};

/* Serial, period, version and the names of the subject; 'unit' NULL = none. */
static int fill_common(gnutls_x509_crt_t crt, const struct rw_random *random, struct rw_cert_period period,
		       const char *common_name, const char *unit)
{
	uint8_t serial[SERIAL_SIZE];
	int r;

	random->fill(random, serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of full length */
	r = gnutls_x509_crt_set_version(crt, 3);
	if (r >= 0)
		r = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (r >= 0)
		r = gnutls_x509_crt_set_activation_time(crt, (time_t)period.not_before_s);
	if (r >= 0)
		r = gnutls_x509_crt_set_expiration_time(crt, (time_t)period.not_after_s);
	if (r >= 0 && unit)
		r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, 0, unit,
						  (unsigned int)strlen(unit));
	if (r >= 0 && common_name)
		r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
						  (unsigned int)strlen(common_name));
	return r;
}

/* Key identifiers, signature, output. */
static int sign_and_export(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, gnutls_x509_privkey_t issuer_key,
			   char **ret_cert_pem, struct rw_error *err)
{
	uint8_t key_id[KEY_ID_MAX];
	size_t size = sizeof(key_id);
	gnutls_datum_t output = {0};
	int r;

	r = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, key_id, &size);
	if (r >= 0)
		r = gnutls_x509_crt_set_subject_key_id(crt, key_id, size);
	if (r >= 0 && issuer != crt) {
		size = sizeof(key_id);
		r = gnutls_x509_crt_get_subject_key_id(issuer, key_id, &size, NULL);
		if (r >= 0)
			r = gnutls_x509_crt_set_authority_key_id(crt, key_id, size);
	}
	if (r >= 0)
		r = gnutls_x509_crt_sign2(crt, issuer, issuer_key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &output);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "cannot sign a certificate");
	return crypto_take_text(&output, ret_cert_pem, err);
}

int rw_cert_make_authority(const char *common_name, const struct rw_random *random,
			   struct rw_cert_period period, char **ret_cert_pem, char **ret_key_pem,
			   struct rw_error *err)
{
	RW_CLEANUP(rw_free) char *key_pem = NULL;
	RW_CLEANUP(private_key_free) gnutls_x509_privkey_t key = NULL;
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	int r;

	r = rw_cert_make_key(&key_pem, err);
	if (r < 0)
		return r;
	r = crypto_import_key(key_pem, &key, err);
	if (r < 0)
		return r;
	r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = fill_common(crt, random, period, common_name, NULL);
	if (r >= 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 1, 0); /* may sign no further authority */
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "cannot make an authority");
	r = sign_and_export(crt, crt, key, ret_cert_pem, err);
	if (r < 0)
		return r;
	*ret_key_pem = RW_TAKE_PTR(key_pem);
	return 0;
}

static int check_key_belongs(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key, const char *text,
			     struct rw_error *err)
{
	uint8_t cert_id[KEY_ID_MAX];
	uint8_t key_id[KEY_ID_MAX];
	size_t cert_size = sizeof(cert_id);
	size_t key_size = sizeof(key_id);

	if (gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, cert_id, &cert_size) < 0 ||
	    gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, key_id, &key_size) < 0 ||
	    cert_size != key_size || memcmp(cert_id, key_id, key_size) != 0)
		return rw_error_set(err, -EINVAL, "%s", text);
	return 0;
}

int rw_cert_check_key(const char *cert_pem, const char *key_pem, struct rw_error *err)
{
	RW_CLEANUP(crt_free) gnutls_x509_crt_t cert = NULL;
	RW_CLEANUP(private_key_free) gnutls_x509_privkey_t key = NULL;
	int r = crypto_import_cert(cert_pem, "certificate", &cert, err);

	if (r == 0)
		r = crypto_import_key(key_pem, &key, err);
	return r < 0 ? r
		     : check_key_belongs(cert, key, "the private key is not that of the certificate", err);
}

int rw_cert_authority_new(const char *cert_pem, const char *key_pem, const struct rw_random *random,
			  struct rw_cert_authority **ret_authority, struct rw_error *err)
{
	RW_CLEANUP(rw_cert_authority_free)
	struct rw_cert_authority *authority = calloc(1, sizeof(*authority));
	int r;

	if (!authority)
		return rw_error_oom(err);
	authority->random = random;
	r = crypto_import_cert(cert_pem, "certificate of the authority", &authority->cert, err);
	if (r < 0)
		return r;
	if (gnutls_x509_crt_get_ca_status(authority->cert, NULL) <= 0)
		return rw_error_set(err, -EINVAL, "the certificate is not that of an authority");
	r = crypto_import_key(key_pem, &authority->key, err);
	if (r < 0)
		return r;
	r = check_key_belongs(authority->cert, authority->key,
			      "the private key is not that of the authority's certificate", err);
	if (r < 0)
		return r;
	*ret_authority = RW_TAKE_PTR(authority);
	return 0;
}

struct rw_cert_authority *rw_cert_authority_free(struct rw_cert_authority *authority)
{
	if (!authority)
		return NULL;
	if (authority->cert)
		gnutls_x509_crt_deinit(authority->cert);
	if (authority->key)
		gnutls_x509_privkey_deinit(authority->key);
	free(authority);
	return NULL;
}

bool rw_cert_is_host_name(const char *name)
{
	size_t label = 0;

	if (strlen(name) > 253)
		return false;
	for (const char *c = name; *c; c++) {
		if (*c == '.') {
			if (label == 0 || c[-1] == '-')
				return false;
			label = 0;
		} else if (isascii(*c) && (isalnum((unsigned char)*c) || (*c == '-' && label > 0))) {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return label > 0 && name[strlen(name) - 1] != '-';
}

static int add_name(gnutls_x509_crt_t crt, const char *name, struct rw_error *err)
{
	uint8_t address[16];
	int r;

	if (inet_pton(AF_INET, name, address) == 1)
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 4,
							 GNUTLS_FSAN_APPEND);
	else if (inet_pton(AF_INET6, name, address) == 1)
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 16,
							 GNUTLS_FSAN_APPEND);
	else if (rw_cert_is_host_name(name))
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
							 (unsigned int)strlen(name), GNUTLS_FSAN_APPEND);
	else
		return rw_error_set(err, -EINVAL, "\"%s\" is neither a host name nor an address", name);
	return r < 0 ? crypto_failed(err, -EINVAL, r, name) : 0;
}

/* Marks a certificate that is no authority's for one purpose. */
static int set_purpose(gnutls_x509_crt_t crt, const char *purpose)
{
	int r = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);

	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0);
	return r;
}

int rw_cert_issue_server(const struct rw_cert_authority *authority, const char *key_pem,
			 const char *const *names, size_t name_count, struct rw_cert_period period,
			 char **ret_cert_pem, struct rw_error *err)
{
	RW_CLEANUP(private_key_free) gnutls_x509_privkey_t key = NULL;
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	int r;

	if (name_count < 1 || name_count > RW_CERT_MAX_NAMES)
		return rw_error_set(err, -EINVAL, "a server certificate has 1 to %d names, not %zu",
				    RW_CERT_MAX_NAMES, name_count);
	r = crypto_import_key(key_pem, &key, err);
	if (r < 0)
		return r;
	r = gnutls_x509_crt_init(&crt);
	if (r < 0)
		return crypto_failed(err, -EIO, r, "cannot make a server certificate");
	for (size_t i = 0; i < name_count; i++) {
		r = add_name(crt, names[i], err);
		if (r < 0)
			return r;
	}
	r = fill_common(crt, authority->random, period,
			strlen(names[0]) <= RW_CERT_NAME_MAX ? names[0] : NULL, "controller");
	if (r >= 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r >= 0)
		r = set_purpose(crt, GNUTLS_KP_TLS_WWW_SERVER);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "cannot make a server certificate");
	return sign_and_export(crt, authority->cert, authority->key, ret_cert_pem, err);
}

/* Imports a request, checks that its sender has the private key, and gives the public one. */
static int read_request(const char *request_pem, gnutls_pubkey_t *ret_key, struct rw_error *err)
{
	RW_CLEANUP(request_free) gnutls_x509_crq_t request = NULL;
	RW_CLEANUP(public_key_free) gnutls_pubkey_t key = NULL;
	size_t length = strnlen(request_pem, RW_CERT_MAX_SIZE + 1);
	gnutls_datum_t text = {.data = (unsigned char *)(uintptr_t)request_pem, .size = (unsigned int)length};
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	int r;

	if (length > RW_CERT_MAX_SIZE)
		return rw_error_set(err, -EINVAL, "certificate request: longer than %d bytes",
				    RW_CERT_MAX_SIZE);
	r = gnutls_x509_crq_init(&request);
	if (r >= 0)
		r = gnutls_x509_crq_import(request, &text, GNUTLS_X509_FMT_PEM);
	if (r >= 0)
		r = gnutls_x509_crq_verify(request, 0);
	if (r >= 0)
		r = gnutls_pubkey_init(&key);
	if (r >= 0)
		r = gnutls_pubkey_import_x509_crq(key, request, 0);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "certificate request");
	if (gnutls_pubkey_get_pk_algorithm(key, NULL) != GNUTLS_PK_ECDSA ||
	    gnutls_pubkey_export_ecc_raw2(key, &curve, NULL, NULL, 0) < 0 ||
	    curve != GNUTLS_ECC_CURVE_SECP256R1)
		return rw_error_set(err, -EINVAL, "certificate request: the key is not EC P-256");
	*ret_key = RW_TAKE_PTR(key);
	return 0;
}

int rw_cert_issue_agent(const struct rw_cert_authority *authority, const char *request_pem,
			const char *node_id, struct rw_cert_period period, char **ret_cert_pem,
			struct rw_error *err)
{
	RW_CLEANUP(public_key_free) gnutls_pubkey_t key = NULL;
	RW_CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	size_t length = strlen(node_id);
	int r;

	if (length < 1 || length > RW_CERT_NAME_MAX)
		return rw_error_set(err, -EINVAL, "the id of a node has 1 to %d characters",
				    RW_CERT_NAME_MAX);
	r = read_request(request_pem, &key, err);
	if (r < 0)
		return r;
	r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = fill_common(crt, authority->random, period, node_id, "agent");
	if (r >= 0)
		r = gnutls_x509_crt_set_pubkey(crt, key);
	if (r >= 0)
		r = set_purpose(crt, GNUTLS_KP_TLS_WWW_CLIENT);
	if (r < 0)
		return crypto_failed(err, -EINVAL, r, "cannot make a client certificate");
	return sign_and_export(crt, authority->cert, authority->key, ret_cert_pem, err);
}
