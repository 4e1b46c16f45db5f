/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a signed request claims
 * ============================
 *
 * Reads who says to have signed a request, how, when, and for which action, and builds the text that must have been
 * signed.  Two ways:
 *
 *   RPC v1   Every parameter of query and form but Signature, sorted, encoded (RFC 3986), joined:
 *                METHOD & %2F & encode(name=value&name=value...)
 *            Base64 of HMAC-SHA1 under secret + "&".  All that is said stands in parameters, so headers count for nothing.
 *   ACS3     A canonical request of method, path, query, the headers named in SignedHeaders and the hash of the body;
 *            its SHA-256 stands behind "ACS3-HMAC-SHA256\n".  Hex of HMAC-SHA256 under the secret.
 *
 * What is not signed is not believed: with ACS3 the headers that mean anything here must be among SignedHeaders, and the
 * body must have the hash that they tell.
 *
 * Pure: who compares the signature has the secret (controller/key.h), who judges the time has the clock (auth.c).
 */

#include <stdint.h>

#include "alibaba/fault.h"
#include "alibaba/parameters.h"
#include "base/buf.h"
#include "crypto/digest.h"

/* Most bytes of a text to be signed: each byte of a parameter may be encoded twice. */
#define RW_ALIBABA_SIGNED_MAX (8u << 20)

#define RW_ALIBABA_NONCE_MAX 256 /* bytes of a nonce */

/* A request as it came; everything borrowed. */
struct rw_alibaba_request {
	const char *method;
	const char *path; /* as sent */
	const struct rw_alibaba_parameters *parameters;
	const char *(*header)(const void *userdata, const char *name); /* value or NULL */
	const void *userdata;
	const void *body;
	size_t body_size;
};

/* Lends texts of the request. */
struct rw_alibaba_claim {
	bool acs3; /* else RPC v1 */
	char key[64];
	const char *action;
	const char *version;
	const char *nonce;
	int64_t time_ms;
	uint8_t signature[RW_SHA256_SIZE];
	size_t signature_size;
	struct rw_buf canonical; /* ACS3: what the text is the digest of */
	struct rw_buf text;      /* that was signed */
};

/*
 * Reads the claim.  'ret_claim' is filled in every case; done with by rw_alibaba_claim_done.  -EINVAL with 'fault' filled;
 * -ENOMEM likewise.
 */
RW_NODISCARD int rw_alibaba_claim_read(const struct rw_alibaba_request *request,
				       struct rw_alibaba_claim *ret_claim, struct rw_alibaba_fault *fault);
void rw_alibaba_claim_done(struct rw_alibaba_claim *claim);
RW_DEFINE_DONE(struct rw_alibaba_claim, rw_alibaba_claim_done)

/* Appends 'text' with everything but A-Z a-z 0-9 - _ . ~ as %XX. */
void rw_alibaba_encode(struct rw_buf *buf, const char *text);
