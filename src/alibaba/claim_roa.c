/* SPDX-License-Identifier: Apache-2.0 */

/* The way of signing that older clients of the Container Service have. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alibaba/claim_parts.h"
#include "base/vec.h"
#include "crypto/encoding.h"
#include "wire/text.h"

#define HEADERS_MAX 64 /* whose names begin with x-acs- */

struct header {
	char name[64]; /* lower case */
	const char *value;
};

struct headers {
	struct header list[HEADERS_MAX];
	size_t count;
	bool failed; /* there are too many, or a name is too long */
};

static bool take_header(void *context, const char *name, const char *value)
{
	struct headers *headers = context;
	struct header *header;

	if (strncasecmp(name, "x-acs-", 6) != 0)
		return true;
	headers->failed |= headers->count == HEADERS_MAX || strlen(name) >= sizeof(header->name);
	if (headers->failed)
		return false;
	header = &headers->list[headers->count++];
	for (size_t i = 0; name[i]; i++)
		header->name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 'a' - 'A' : name[i]);
	header->value = value;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct header *one = a;
	const struct header *other = b;

	return strcmp(one->name, other->name);
}

/* name:value lines, sorted.  A name that is there twice could be read in two ways. */
static int append_headers(const struct rw_alibaba_request *request, struct rw_buf *text,
			  struct rw_alibaba_fault *fault)
{
	struct headers headers = {.count = 0};

	request->headers(request->userdata, take_header, &headers);
	if (headers.failed)
		return rw_alibaba_refuse(fault, 400, "InvalidParameter",
					 "There are too many headers x-acs-..., or a name is too long.");
	qsort(headers.list, headers.count, sizeof(headers.list[0]), by_name);
	for (size_t i = 0; i < headers.count; i++) {
		const char *value = headers.list[i].value + strspn(headers.list[i].value, " \t");
		size_t length = strlen(value);

		if (i > 0 && by_name(&headers.list[i - 1], &headers.list[i]) == 0)
			return rw_alibaba_refuse(fault, 400, "InvalidParameter",
						 "The header %s is sent twice.", headers.list[i].name);
		while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
			length--;
		(void)rw_buf_append_format(text, "%s:", headers.list[i].name);
		(void)rw_buf_append(text, value, length);
		(void)rw_buf_append_text(text, "\n");
	}
	return 0;
}

/* ?name=value&name=value, sorted and as it reads; a value of "" leaves its "=" out. */
static int append_query(const struct rw_alibaba_request *request, struct rw_buf *text,
			struct rw_alibaba_fault *fault)
{
	bool first = true;

	for (size_t i = 0; i < request->parameters->list.count; i++) {
		const struct rw_alibaba_parameter *parameter = rw_vec_at(&request->parameters->list, i);

		if (parameter->in_form)
			continue;
		if (strpbrk(parameter->name, "&=") || strchr(parameter->value, '&'))
			return rw_alibaba_refuse(
				fault, 400, "InvalidParameter",
				"%.60s: this way of signing takes no '&' in a query; sign by "
				"ACS3-HMAC-SHA256.",
				parameter->name);
		(void)rw_buf_append_format(text, "%s%s", first ? "?" : "&", parameter->name);
		if (parameter->value[0])
			(void)rw_buf_append_format(text, "=%s", parameter->value);
		first = false;
	}
	return 0;
}

/* A body is covered by its digest alone. */
static int check_body(const struct rw_alibaba_request *request, const char *told,
		      struct rw_alibaba_fault *fault)
{
	uint8_t digest[RW_MD5_SIZE];
	char text[RW_BASE64_SIZE(RW_MD5_SIZE)];

	if (!told)
		return request->body_size == 0
			       ? 0
			       : rw_alibaba_refuse(fault, 400, "IncompleteSignature",
						   "Content-MD5 is missing: the body must be signed.");
	rw_md5(request->body, request->body_size, digest);
	rw_base64_encode(digest, sizeof(digest), text);
	if (strcmp(text, told) == 0)
		return 0;
	return rw_alibaba_refuse(fault, 400, "SignatureDoesNotMatch",
				 "The body's MD5 is %s, and not what Content-MD5 tells.", text);
}

static int read_credential(const char *credential, struct rw_alibaba_claim *claim,
			   struct rw_alibaba_fault *fault)
{
	const char *colon = strchr(credential, ':');

	if (!colon || colon == credential || (size_t)(colon - credential) >= sizeof(claim->key))
		return rw_alibaba_refuse(fault, 400, "IncompleteSignature",
					 "Authorization must be: acs <access key id>:<signature>.");
	(void)memcpy(claim->key, credential, (size_t)(colon - credential));
	return claim_read_digest(colon + 1, claim, fault);
}

/* Reads the time, the nonce, and what says how it was signed. */
static int read_headers(const struct rw_alibaba_request *request, struct rw_alibaba_claim *claim,
			struct rw_alibaba_fault *fault)
{
	const char *date = request->header(request->userdata, "date");
	const char *nonce = request->header(request->userdata, "x-acs-signature-nonce");
	const char *method = request->header(request->userdata, "x-acs-signature-method");
	const char *version = request->header(request->userdata, "x-acs-signature-version");
	int r = claim_need(date, "The header Date", fault);

	if (r == 0)
		r = claim_need(nonce, "x-acs-signature-nonce", fault);
	if (r < 0)
		return r;
	if ((method && strcmp(method, "HMAC-SHA1") != 0) || (version && strcmp(version, "1.0") != 0))
		return rw_alibaba_refuse(
			fault, 400, "InvalidParameter",
			"x-acs-signature-method must be HMAC-SHA1 and x-acs-signature-version 1.0.");
	if (!rw_http_date_parse(date, &claim->time_ms))
		return rw_alibaba_refuse(fault, 400, "IllegalTimestamp",
					 "Date must be written as Mon, 23 Nov 2026 23:04:24 GMT.");
	claim->version = request->header(request->userdata, "x-acs-version");
	return claim_read_nonce(nonce, claim, fault);
}

static void append_header(const struct rw_alibaba_request *request, const char *name, struct rw_buf *text)
{
	const char *value = request->header(request->userdata, name);

	(void)rw_buf_append_format(text, "%s\n", value ? value : "");
}

int claim_read_roa(const struct rw_alibaba_request *request, const char *credential,
		   struct rw_alibaba_claim *claim, struct rw_alibaba_fault *fault)
{
	struct rw_buf *text = &claim->text;
	size_t head;
	int r = read_credential(credential, claim, fault);

	claim->scheme = RW_ALIBABA_ROA;
	if (r == 0)
		r = read_headers(request, claim, fault);
	if (r == 0)
		r = check_body(request, request->header(request->userdata, "content-md5"), fault);
	if (r < 0)
		return r;
	(void)rw_buf_append_format(text, "%s\n", request->method);
	append_header(request, "accept", text);
	append_header(request, "content-md5", text);
	append_header(request, "content-type", text);
	append_header(request, "date", text);
	r = append_headers(request, text, fault);
	if (r < 0)
		return r;
	(void)rw_buf_append_text(text, request->path);
	head = text->size;
	r = append_query(request, text, fault);
	if (r < 0 || claim_check_texts(claim, fault) < 0)
		return -EINVAL;
	if (request->query && (text->size == head || strcmp(text->data + head + 1, request->query) != 0)) {
		(void)rw_buf_append(&claim->other, text->data, head);
		(void)rw_buf_append_format(&claim->other, "?%s", request->query);
	}
	return claim_check_texts(claim, fault);
}
