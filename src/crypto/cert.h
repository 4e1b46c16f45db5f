/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificates
 * ============
 *
 * Ringwall has its own authority (CA), made at init: an EC P-256 key and a self-signed certificate.  It
 * issues
 *   - the server certificate of a controller: subject alternative names are host names and addresses,
 *     extended key usage serverAuth, OU "controller";
 *   - the certificate of a node's agent: CN = id of the node, OU = "agent", extended key usage clientAuth,
 *     90 days (RW_CERT_AGENT_DAYS), renewed by the agent at two thirds of that.
 * While an authority is being replaced there are two: what is trusted is a *bundle*, the PEM texts of 1 to
 * RW_CERT_BUNDLE_MAX authorities one behind the other, the one that issues first.
 * The agent makes its key itself and sends a certificate request (PKCS #10); the private key never travels.
 * Of a request only the public key and the proof that the sender holds the private one are taken: the subject
 * is set by the authority, from what the caller has authenticated (token, or the older certificate).
 *
 * Everything is PEM text: what is given is NUL-terminated and the caller's to free.  Private keys are
 * unencrypted PKCS #8; write them with mode 0600.  There is no clock in here: 'now' comes from the caller, in
 * Unix seconds, so expiry can be tested.  All functions are for one thread at a time; none keeps state.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

#define RW_CERT_AGENT_DAYS     90
#define RW_CERT_SERVER_DAYS    825
#define RW_CERT_AUTHORITY_DAYS 3650
#define RW_CERT_NAME_MAX       64    /* characters of a common name (X.520 ub-common-name) */
#define RW_CERT_MAX_NAMES      16    /* alternative names of a server certificate */
#define RW_CERT_MAX_SIZE       16384 /* bytes of any PEM text read */
#define RW_CERT_BUNDLE_MAX     4     /* authorities trusted at a time */

enum rw_cert_role {
	RW_CERT_ROLE_NONE, /* none of ours */
	RW_CERT_ROLE_AUTHORITY,
	RW_CERT_ROLE_CONTROLLER,
	RW_CERT_ROLE_AGENT,
};

struct rw_cert_info {
	char common_name[RW_CERT_NAME_MAX + 1]; /* of an agent: the id of its node */
	enum rw_cert_role role;
	char fingerprint[65]; /* SHA-256 of the DER form, lower-case hex */
	char serial[41];      /* lower-case hex */
	int64_t not_before_s; /* Unix seconds; valid from here ... */
	int64_t not_after_s;  /* ... up to and including here */
};

struct rw_cert_period {
	int64_t not_before_s;
	int64_t not_after_s;
};

/* The period of 'days' from an hour before 'now_s' (clocks of nodes differ a little). */
struct rw_cert_period rw_cert_period_days(int64_t now_s, unsigned int days);

/* Makes a private key, EC P-256. */
RW_NODISCARD int rw_cert_make_key(char **ret_key_pem, struct rw_error *err);

/* Makes an authority: its key and self-signed certificate, which can sign certificates and nothing else. */
RW_NODISCARD int rw_cert_make_authority(const char *common_name, const struct rw_random *random,
					struct rw_cert_period period, char **ret_cert_pem, char **ret_key_pem,
					struct rw_error *err);

/* Makes a certificate request for 'key_pem'.  'common_name' is only a hint to readers. */
RW_NODISCARD int rw_cert_make_request(const char *key_pem, const char *common_name, char **ret_request_pem,
				      struct rw_error *err);

/* An authority that can issue. */
struct rw_cert_authority;

/* -EINVAL when the texts are not a CA certificate and its private key. */
RW_NODISCARD int rw_cert_authority_new(const char *cert_pem, const char *key_pem,
				       const struct rw_random *random,
				       struct rw_cert_authority **ret_authority, struct rw_error *err);
struct rw_cert_authority *rw_cert_authority_free(struct rw_cert_authority *authority);
RW_DEFINE_CLEANUP(struct rw_cert_authority *, rw_cert_authority_free)

/* Whether a server certificate may be for it: labels of letters, digits and '-', parted by dots. */
bool rw_cert_is_host_name(const char *name);

/*
 * Issues a server certificate for the key 'key_pem'.  'names' are 1..RW_CERT_MAX_NAMES host names or
 * addresses ("controller.example", "192.0.2.1", "2001:db8::1"); the first is the common name.  -EINVAL for
 * others.
 */
RW_NODISCARD int rw_cert_issue_server(const struct rw_cert_authority *authority, const char *key_pem,
				      const char *const *names, size_t name_count,
				      struct rw_cert_period period, char **ret_cert_pem,
				      struct rw_error *err);

/* Issues an agent's certificate for 'node_id' (1..RW_CERT_NAME_MAX characters) and the key of the request.
 * -EINVAL when the request is none, is not signed by its own key, or its key is not EC P-256. */
RW_NODISCARD int rw_cert_issue_agent(const struct rw_cert_authority *authority, const char *request_pem,
				     const char *node_id, struct rw_cert_period period, char **ret_cert_pem,
				     struct rw_error *err);

/* -EINVAL unless 'key_pem' is the private key of the certificate 'cert_pem'. */
RW_NODISCARD int rw_cert_check_key(const char *cert_pem, const char *key_pem, struct rw_error *err);

/* Reads the first certificate of 'cert_pem', without judging it.  -EINVAL when there is none. */
RW_NODISCARD int rw_cert_read(const char *cert_pem, struct rw_cert_info *ret_info, struct rw_error *err);

/* When two thirds of its life are over: from then on it should be renewed.  Unix seconds. */
int64_t rw_cert_renewal_s(const struct rw_cert_info *info);

/*
 * Parts a bundle into its certificates, in its order; the texts are the caller's.  -EINVAL when it holds none,
 * or more than RW_CERT_BUNDLE_MAX.
 */
RW_NODISCARD int rw_cert_bundle_split(const char *bundle_pem, char *ret_certs[RW_CERT_BUNDLE_MAX],
				      size_t *ret_count, struct rw_error *err);

/* Fingerprints of a bundle's authorities, in its order.  As rw_cert_bundle_split. */
typedef char rw_cert_fingerprint[65];
RW_NODISCARD int rw_cert_bundle_fingerprints(const char *bundle_pem,
					     rw_cert_fingerprint ret_fingerprints[RW_CERT_BUNDLE_MAX],
					     size_t *ret_count, struct rw_error *err);

/*
 * Judges 'cert_pem' against the authorities of the bundle 'ca_pem' at 'now_s' and reads it.  The role in
 * *ret_info is proved: subject, key usage and signature agree. -EINVAL not a certificate; -EKEYREJECTED
 * signed by somebody else, or a certificate whose usage contradicts its subject; -EKEYEXPIRED outside its
 * period (or its authority's).  The text says which.
 */
RW_NODISCARD int rw_cert_verify(const char *cert_pem, const char *ca_pem, int64_t now_s,
				struct rw_cert_info *ret_info, struct rw_error *err);
