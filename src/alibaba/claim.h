/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a signed request claims
 * ============================
 *
 * Reads who says to have signed a request, how, when, and for which action, and builds the text that must have been
 * signed.  Three ways:
 *
 *   RPC v1   Every parameter of query and form but Signature, sorted, encoded (RFC 3986), joined:
 *                METHOD & %2F & encode(name=value&name=value...)
 *            Base64 of HMAC-SHA1 under secret + "&".  All that is said stands in parameters, so headers count for nothing.
 *   ROA v1   The method, the headers Accept, Content-MD5, Content-Type and Date, all x-acs- headers sorted, and path and
 *            query, the latter sorted and not encoded.  Base64 of HMAC-SHA1 under the secret.  Some clients sign path and
 *            query as they send them: the other text.
 *   ACS3     A canonical request of method, path, query, the headers named in SignedHeaders and the hash of the body;
 *            its SHA-256 stands behind "ACS3-HMAC-SHA256\n".  Hex of HMAC-SHA256 under the secret.
 *
 * What is not signed is not believed: with ACS3 the headers that mean anything here must be among SignedHeaders, and the
 * body must have the hash that they tell; with ROA v1 a body must have the Content-MD5 that is told, and a query that
 * could be read in two ways, since nothing in it is encoded, is refused.
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

enum rw_alibaba_scheme { RW_ALIBABA_RPC, RW_ALIBABA_ROA, RW_ALIBABA_ACS3 };

typedef bool rw_alibaba_header_fn(void *context, const char *name, const char *value);

/* A request as it came; everything borrowed. */
struct rw_alibaba_request {
	const char *method;
	const char *path;  /* as sent */
	const char *query; /* as sent, behind the "?"; nullable */
	const struct rw_alibaba_parameters *parameters;
	const char *(*header)(const void *userdata, const char *name); /* value or NULL */
	/* Calls 'each' for every header, in any order, until it returns false. */
	void (*headers)(const void *userdata, rw_alibaba_header_fn *each, void *context);
	const void *userdata;
	const void *body;
	size_t body_size;
};

/* Lends texts of the request. */
struct rw_alibaba_claim {
	enum rw_alibaba_scheme scheme;
	char key[64];
	const char *action; /* NULL: ROA v1 tells it by method and path */
	const char *version;
	const char *nonce;
	int64_t time_ms;
	uint8_t signature[RW_SHA256_SIZE];
	size_t signature_size;
	struct rw_buf canonical; /* ACS3: what the text is the digest of */
	struct rw_buf text;      /* that was signed */
	struct rw_buf other;     /* ROA v1: or this one; empty when it is the same */
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
