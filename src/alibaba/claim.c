/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alibaba/claim_parts.h"
#include "base/clock.h"
#include "crypto/encoding.h"
#include "wire/text.h"

#define ACS3_NAME   "ACS3-HMAC-SHA256"
#define HEADERS_MAX 64 /* that may be signed */

void rw_alibaba_encode(struct rw_buf *buf, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

	while (*text) {
		size_t length = strspn(text, plain);

		if (length > 0) {
			(void)rw_buf_append(buf, text, length);
			text += length;
		} else {
			(void)rw_buf_append_format(buf, "%%%02X", (unsigned char)*text++);
		}
	}
}

/* name=value&name=value, sorted as the list is; with 'form' the form's too, without Signature. */
static void join_parameters(struct rw_buf *buf, const struct rw_alibaba_parameters *parameters, bool form)
{
	bool first = true;

	for (size_t i = 0; i < parameters->list.count; i++) {
		const struct rw_alibaba_parameter *parameter = rw_vec_at(&parameters->list, i);

		if (form ? strcmp(parameter->name, "Signature") == 0 : parameter->in_form)
			continue;
		if (!first)
			(void)rw_buf_append_text(buf, "&");
		rw_alibaba_encode(buf, parameter->name);
		(void)rw_buf_append_text(buf, "=");
		rw_alibaba_encode(buf, parameter->value);
		first = false;
	}
}

int claim_need(const char *value, const char *name, struct rw_alibaba_fault *fault)
{
	return value && value[0] ? 0
				 : rw_alibaba_refuse(fault, 400, "IncompleteSignature",
						     "%s is missing: a request must be signed.", name);
}

static int read_time(const char *text, const char *name, int64_t *ret_ms, struct rw_alibaba_fault *fault)
{
	if (rw_timestamp_parse(text, ret_ms))
		return 0;
	return rw_alibaba_refuse(fault, 400, "IllegalTimestamp",
				 "%s must be UTC, written as 2026-11-23T23:04:24Z.", name);
}

int claim_read_nonce(const char *text, struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault)
{
	if (strlen(text) > RW_ALIBABA_NONCE_MAX)
		return rw_alibaba_refuse(fault, 400, "InvalidParameter", "The nonce is longer than %d bytes.",
					 RW_ALIBABA_NONCE_MAX);
	claim->nonce = text;
	return 0;
}

int claim_out_of_memory(struct rw_alibaba_fault *fault)
{
	(void)rw_alibaba_refuse(fault, 503, "ServiceUnavailable", "Out of memory; try again.");
	return -ENOMEM;
}

int claim_check_texts(const struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault)
{
	const int failed[] = {claim->canonical.failed, claim->text.failed, claim->other.failed};
	bool is_large = false;

	for (size_t i = 0; i < RW_ARRAY_COUNT(failed); i++) {
		if (failed[i] == -ENOMEM)
			return claim_out_of_memory(fault);
		is_large |= failed[i] != 0;
	}
	if (is_large)
		return rw_alibaba_refuse(fault, 400, "InvalidParameter", "The request is too large.");
	return 0;
}

/* ---- RPC v1 ---- */

int claim_read_digest(const char *text, struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault)
{
	if (rw_base64_decode(text, strlen(text), claim->signature, sizeof(claim->signature),
			     &claim->signature_size) == 0)
		return 0;
	return rw_alibaba_refuse(fault, 400, "IncompleteSignature", "Signature is not base64 of a digest.");
}

static int read_rpc(const struct rw_alibaba_request *request, struct rw_alibaba_claim *claim,
		    struct rw_alibaba_fault *fault)
{
	static const char *const names[] = {"Signature", "AccessKeyId", "SignatureNonce", "Timestamp"};
	const char *values[RW_ARRAY_COUNT(names)];
	const char *method = rw_alibaba_parameter(request->parameters, "SignatureMethod");
	const char *version = rw_alibaba_parameter(request->parameters, "SignatureVersion");
	RW_CLEANUP(rw_buf_done) struct rw_buf joined;
	int r = 0;

	rw_buf_init(&joined, RW_ALIBABA_SIGNED_MAX);
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(names); i++) {
		values[i] = rw_alibaba_parameter(request->parameters, names[i]);
		r = claim_need(values[i], names[i], fault);
	}
	if (r < 0)
		return r;
	if ((method && strcmp(method, "HMAC-SHA1") != 0) || (version && strcmp(version, "1.0") != 0))
		return rw_alibaba_refuse(fault, 400, "InvalidParameter",
					 "SignatureMethod must be HMAC-SHA1 and SignatureVersion 1.0.");
	claim->action = rw_alibaba_parameter(request->parameters, "Action");
	claim->version = rw_alibaba_parameter(request->parameters, "Version");
	(void)snprintf(claim->key, sizeof(claim->key), "%s", values[1]);
	r = claim_read_digest(values[0], claim, fault);
	if (r == 0)
		r = claim_read_nonce(values[2], claim, fault);
	if (r == 0)
		r = read_time(values[3], "Timestamp", &claim->time_ms, fault);
	if (r < 0)
		return r;
	join_parameters(&joined, request->parameters, true);
	(void)rw_buf_append_format(&claim->text, "%s&%%2F&", request->method);
	rw_alibaba_encode(&claim->text, joined.data);
	rw_buf_fail(&claim->text, joined.failed);
	return claim_check_texts(claim, fault);
}

/* ---- ACS3 ---- */

struct authorization {
	char *storage; /* owned: a copy of the header, cut into pieces */
	char *credential;
	char *headers[HEADERS_MAX]; /* sorted as given */
	size_t header_count;
	char *signature;
};

static void authorization_done(struct authorization *authorization)
{
	free(authorization->storage);
}
RW_DEFINE_DONE(struct authorization, authorization_done)

static int malformed(struct rw_alibaba_fault *fault)
{
	return rw_alibaba_refuse(fault, 400, "IncompleteSignature",
				 "Authorization must be: %s Credential=<access key "
				 "id>,SignedHeaders=<names>,Signature=<hex>.",
				 ACS3_NAME);
}

/* Bytewise sorted without repetitions, lower case: the one way to write a set of headers. */
static int split_headers(char *list, struct authorization *authorization, struct rw_alibaba_fault *fault)
{
	while (list) {
		char *name = strsep(&list, ";");

		if (!name[0] || authorization->header_count == HEADERS_MAX)
			return malformed(fault);
		for (const char *c = name; *c; c++)
			if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_'))
				return malformed(fault);
		if (authorization->header_count > 0 &&
		    strcmp(authorization->headers[authorization->header_count - 1], name) >= 0)
			return malformed(fault);
		authorization->headers[authorization->header_count++] = name;
	}
	return 0;
}

static int read_authorization(const char *header, struct authorization *authorization,
			      struct rw_alibaba_fault *fault)
{
	char *rest = authorization->storage = strdup(header + strlen(ACS3_NAME));
	char *headers = NULL;

	if (!rest)
		return claim_out_of_memory(fault);
	while (rest) {
		char *piece = strsep(&rest, ",");
		char **slot = NULL;
		char *value;

		piece += strspn(piece, " ");
		value = strchr(piece, '=');
		if (!value)
			return malformed(fault);
		*value++ = '\0';
		if (strcmp(piece, "Credential") == 0)
			slot = &authorization->credential;
		else if (strcmp(piece, "SignedHeaders") == 0)
			slot = &headers;
		else if (strcmp(piece, "Signature") == 0)
			slot = &authorization->signature;
		if (!slot || *slot)
			return malformed(fault);
		*slot = value;
	}
	if (!authorization->credential || !headers || !authorization->signature)
		return malformed(fault);
	return split_headers(headers, authorization, fault);
}

static bool is_signed(const struct authorization *authorization, const char *name)
{
	for (size_t i = 0; i < authorization->header_count; i++)
		if (strcmp(authorization->headers[i], name) == 0)
			return true;
	return false;
}

/* The value of a header that counts: signed, or absent and "". */
static int signed_header(const struct rw_alibaba_request *request, const struct authorization *authorization,
			 const char *name, bool needed, const char **ret_value,
			 struct rw_alibaba_fault *fault)
{
	const char *value = request->header(request->userdata, name);

	if (value && !is_signed(authorization, name))
		return rw_alibaba_refuse(fault, 400, "IncompleteSignature",
					 "The header %s is not among SignedHeaders.", name);
	*ret_value = value ? value : "";
	return needed ? claim_need(value, name, fault) : 0;
}

/* The hash of the body that the header tells must be the body's. */
static int check_body(const struct rw_alibaba_request *request, const char *told,
		      struct rw_alibaba_fault *fault)
{
	uint8_t digest[RW_SHA256_SIZE];
	char hex[2 * RW_SHA256_SIZE + 1];

	rw_sha256(request->body, request->body_size, digest);
	rw_hex_format(digest, sizeof(digest), hex);
	if (strcmp(hex, told) == 0)
		return 0;
	return rw_alibaba_refuse(fault, 400, "SignatureDoesNotMatch",
				 "The body's SHA-256 is %s, and not what x-acs-content-sha256 tells.", hex);
}

static int append_headers(const struct rw_alibaba_request *request, const struct authorization *authorization,
			  struct rw_buf *buf, struct rw_alibaba_fault *fault)
{
	for (size_t i = 0; i < authorization->header_count; i++) {
		const char *name = authorization->headers[i];
		const char *value = request->header(request->userdata, name);
		size_t length;

		if (!value)
			return rw_alibaba_refuse(fault, 400, "IncompleteSignature",
						 "SignedHeaders names %.40s, which was not sent.", name);
		value += strspn(value, " \t");
		length = strlen(value);
		while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
			length--;
		(void)rw_buf_append_format(buf, "%s:", name);
		(void)rw_buf_append(buf, value, length);
		(void)rw_buf_append_text(buf, "\n");
	}
	(void)rw_buf_append_text(buf, "\n");
	for (size_t i = 0; i < authorization->header_count; i++)
		(void)rw_buf_append_format(buf, "%s%s", i ? ";" : "", authorization->headers[i]);
	return 0;
}

static int read_acs3_headers(const struct rw_alibaba_request *request,
			     const struct authorization *authorization, struct rw_alibaba_claim *claim,
			     const char **ret_body_hash, struct rw_alibaba_fault *fault)
{
	const char *host, *type, *date, *nonce;
	int r = signed_header(request, authorization, "host", true, &host, fault);

	if (r == 0)
		r = signed_header(request, authorization, "content-type", false, &type, fault);
	if (r == 0)
		r = signed_header(request, authorization, "x-acs-action", true, &claim->action, fault);
	if (r == 0)
		r = signed_header(request, authorization, "x-acs-version", true, &claim->version, fault);
	if (r == 0)
		r = signed_header(request, authorization, "x-acs-content-sha256", true, ret_body_hash, fault);
	if (r == 0)
		r = signed_header(request, authorization, "x-acs-signature-nonce", true, &nonce, fault);
	if (r == 0)
		r = signed_header(request, authorization, "x-acs-date", true, &date, fault);
	if (r == 0)
		r = claim_read_nonce(nonce, claim, fault);
	return r < 0 ? r : read_time(date, "x-acs-date", &claim->time_ms, fault);
}

static int read_acs3(const struct rw_alibaba_request *request, const char *header,
		     struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault)
{
	RW_CLEANUP(authorization_done) struct authorization authorization = {0};
	uint8_t digest[RW_SHA256_SIZE];
	char hex[2 * RW_SHA256_SIZE + 1];
	const char *body_hash;
	int r = read_authorization(header, &authorization, fault);

	claim->scheme = RW_ALIBABA_ACS3;
	if (r < 0)
		return r;
	(void)snprintf(claim->key, sizeof(claim->key), "%s", authorization.credential);
	if (rw_hex_decode(authorization.signature, claim->signature, RW_SHA256_SIZE) < 0)
		return malformed(fault);
	claim->signature_size = RW_SHA256_SIZE;
	r = read_acs3_headers(request, &authorization, claim, &body_hash, fault);
	if (r == 0)
		r = check_body(request, body_hash, fault);
	if (r < 0)
		return r;
	(void)rw_buf_append_format(&claim->canonical, "%s\n%s\n", request->method, request->path);
	join_parameters(&claim->canonical, request->parameters, false);
	(void)rw_buf_append_text(&claim->canonical, "\n");
	r = append_headers(request, &authorization, &claim->canonical, fault);
	if (r < 0)
		return r;
	(void)rw_buf_append_format(&claim->canonical, "\n%s", body_hash);
	rw_sha256(claim->canonical.data, claim->canonical.size, digest);
	rw_hex_format(digest, sizeof(digest), hex);
	(void)rw_buf_append_format(&claim->text, ACS3_NAME "\n%s", hex);
	return claim_check_texts(claim, fault);
}

int rw_alibaba_claim_read(const struct rw_alibaba_request *request, struct rw_alibaba_claim *ret_claim,
			  struct rw_alibaba_fault *fault)
{
	const char *header = request->header(request->userdata, "authorization");

	*ret_claim = (struct rw_alibaba_claim){0};
	rw_buf_init(&ret_claim->canonical, RW_ALIBABA_SIGNED_MAX);
	rw_buf_init(&ret_claim->text, RW_ALIBABA_SIGNED_MAX);
	rw_buf_init(&ret_claim->other, RW_ALIBABA_SIGNED_MAX);
	if (header && strncmp(header, "acs ", 4) == 0)
		return claim_read_roa(request, header + 4, ret_claim, fault);
	if (header && strncmp(header, ACS3_NAME " ", strlen(ACS3_NAME) + 1) == 0)
		return read_acs3(request, header, ret_claim, fault);
	return read_rpc(request, ret_claim, fault);
}

void rw_alibaba_claim_done(struct rw_alibaba_claim *claim)
{
	rw_buf_done(&claim->canonical);
	rw_buf_done(&claim->text);
	rw_buf_done(&claim->other);
}
