/* SPDX-License-Identifier: Apache-2.0 */

/* Requests as official clients sent them (captures/), signed with the secret "testsecret". */

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "alibaba/claim.h"
#include "base/file.h"
#include "crypto/encoding.h"

static const char *const captures[] = {
	"cs-acs3-createcluster",
	"cs-acs3-describeclustersv1",
	"cs-acs3-detail",
	"ecs-acs3-authorize",
	"ecs-acs3-describe",
	"ecs-acs3-revoke-ruleid",
	"ecs-error",
	"popcore-rpc-get",
	"popcore-rpc-post",
	"popcore-roa-get",
	"popcore-roa-post",
};

/* A request cut out of a text, which it changes. */
struct message {
	char *method;
	char *path;
	char *query;
	char *headers[32][2];
	size_t header_count;
	char *body;
};

static bool cut_message(char *text, struct message *message)
{
	char *body = strstr(text, "\n\n");
	char *line;

	*message = (struct message){0};
	if (!body)
		return false;
	*body = '\0';
	message->body = body + 2;
	/* Captures end with empty lines. */
	while (message->body[0] && message->body[strlen(message->body) - 1] == '\n')
		message->body[strlen(message->body) - 1] = '\0';
	line = strsep(&text, "\n");
	message->method = strsep(&line, " ");
	message->query = line ? strsep(&line, " ") : NULL;
	message->path = strsep(&message->query, "?");
	while ((line = strsep(&text, "\n")) != NULL && message->header_count < 32) {
		char *value = strchr(line, ':');

		if (!value)
			return false;
		*value = '\0';
		message->headers[message->header_count][0] = line;
		message->headers[message->header_count++][1] = value + 2;
	}
	return message->method && message->path;
}

static const char *find_header(const void *userdata, const char *name)
{
	const struct message *message = userdata;

	for (size_t i = 0; i < message->header_count; i++)
		if (strcasecmp(message->headers[i][0], name) == 0)
			return message->headers[i][1];
	return NULL;
}

static void walk_headers(const void *userdata, rw_alibaba_header_fn *each, void *context)
{
	const struct message *message = userdata;

	for (size_t i = 0; i < message->header_count; i++)
		if (!each(context, message->headers[i][0], message->headers[i][1]))
			return;
}

static bool is_mac_of(const struct rw_alibaba_claim *claim, const char *key, const struct rw_buf *text)
{
	bool acs3 = claim->scheme == RW_ALIBABA_ACS3;
	uint8_t digest[RW_SHA256_SIZE];

	if (acs3)
		rw_hmac_sha256(key, strlen(key), text->data, text->size, digest);
	else
		rw_hmac_sha1(key, strlen(key), text->data, text->size, digest);
	return claim->signature_size == (acs3 ? RW_SHA256_SIZE : RW_SHA1_SIZE) &&
	       memcmp(digest, claim->signature, claim->signature_size) == 0;
}

/* Whether the message's signature is that of 'secret'. */
static bool holds(const struct message *message, const char *secret, struct rw_alibaba_fault *fault)
{
	RW_CLEANUP(rw_alibaba_parameters_done) struct rw_alibaba_parameters parameters;
	RW_CLEANUP(rw_alibaba_claim_done) struct rw_alibaba_claim claim = {0};
	const char *type = find_header(message, "content-type");
	bool form = type && strcmp(type, "application/x-www-form-urlencoded") == 0;
	struct rw_alibaba_request request = {.method = message->method,
					     .path = message->path,
					     .query = message->query,
					     .parameters = &parameters,
					     .header = find_header,
					     .headers = walk_headers,
					     .userdata = message,
					     .body = message->body,
					     .body_size = strlen(message->body)};
	char key[128];

	*fault = (struct rw_alibaba_fault){0};
	if (rw_alibaba_parameters_read(message->query, form ? message->body : NULL, &parameters, NULL) < 0)
		return false;
	if (rw_alibaba_claim_read(&request, &claim, fault) < 0) {
		assert_non_null(fault->code);
		return false;
	}
	(void)snprintf(key, sizeof(key), "%s%s", secret, claim.scheme == RW_ALIBABA_RPC ? "&" : "");
	return is_mac_of(&claim, key, &claim.text) ||
	       (claim.other.size && is_mac_of(&claim, key, &claim.other));
}

static bool text_holds(const char *text, const char *secret, struct rw_alibaba_fault *fault)
{
	RW_CLEANUP(rw_free) char *copy = strdup(text);
	struct message message;

	assert_non_null(copy);
	return cut_message(copy, &message) && holds(&message, secret, fault);
}

static char *read_capture(const char *name)
{
	char path[512];
	char *text;
	FILE *file;
	size_t size;

	(void)snprintf(path, sizeof(path), RW_CAPTURES "/%s.txt", name);
	file = fopen(path, "r");
	assert_non_null(file);
	text = calloc(1, 8192);
	assert_non_null(text);
	size = fread(text, 1, 8191, file);
	assert_true(size > 0 && size < 8191);
	(void)fclose(file);
	return text;
}

static void recognises_what_official_clients_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(captures); i++) {
		RW_CLEANUP(rw_free) char *text = read_capture(captures[i]);
		struct rw_alibaba_fault fault;

		if (!text_holds(text, "testsecret", &fault))
			fail_msg("%s: %s", captures[i], fault.message);
		assert_false(text_holds(text, "testsecreT", &fault));
	}
}

/* Flips the lowest bit of each byte of 'part', a place inside 'text', and expects a refusal each time. */
static void flip_each(const char *name, const char *text, size_t first, size_t size)
{
	RW_CLEANUP(rw_free) char *copy = strdup(text);
	struct rw_alibaba_fault fault;

	assert_non_null(copy);
	assert_true(size > 0);
	for (size_t i = first; i < first + size; i++) {
		copy[i] ^= 1;
		if (text_holds(copy, "testsecret", &fault))
			fail_msg("%s holds with byte %zu ('%c' for '%c')", name, i, copy[i], text[i]);
		copy[i] ^= 1;
	}
}

static void flip_value(const char *name, const char *text, const char *before, const char *ends)
{
	const char *found = strstr(text, before);

	if (found)
		flip_each(name, text, (size_t)(found - text) + strlen(before),
			  strcspn(found + strlen(before), ends));
}

static void refuses_each_flipped_byte_of_signature_nonce_date_body_and_query(void **state)
{
	static const char *const values[] = {"Signature=", "SignatureNonce=", "Timestamp=", "AccessKeyId="};
	static const char *const headers[] = {
		"x-acs-signature-nonce: ", "x-acs-date: ", "x-acs-content-sha256: ", "host: "};
	static const char *const roa_headers[] = {"x-acs-signature-nonce: ", "x-acs-version: ", "\ndate: ",
						  "content-md5: ", "authorization: acs testid:"};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(captures); i++) {
		RW_CLEANUP(rw_free) char *text = read_capture(captures[i]);
		bool acs3 = strstr(text, "ACS3") != NULL;
		char *body = strstr(text, "\n\n") + 2;
		size_t line = strcspn(text, "\n");
		size_t query = strcspn(text, "?");

		for (size_t j = 0; j < RW_ARRAY_COUNT(values); j++)
			flip_value(captures[i], text, values[j], "& \n,");
		for (size_t j = 0; acs3 && j < RW_ARRAY_COUNT(headers); j++)
			flip_value(captures[i], text, headers[j], "\n");
		for (size_t j = 0; strstr(text, ": acs ") && j < RW_ARRAY_COUNT(roa_headers); j++)
			flip_value(captures[i], text, roa_headers[j], "\n");
		flip_each(captures[i], text, 0, strcspn(text, " "));
		/* By RPC every action is at "/", and nowhere else. */
		if (!strstr(captures[i], "rpc"))
			flip_each(captures[i], text, strcspn(text, " ") + 1,
				  strcspn(text + strcspn(text, " ") + 1, "? "));
		if (query < line)
			flip_each(captures[i], text, query + 1, line - query - 1 - strlen(" HTTP/1.1"));
		if (body[0] && body[0] != '\n')
			flip_each(captures[i], text, (size_t)(body - text), strcspn(body, "\n"));
	}
}

static void believes_no_header_that_is_not_signed(void **state)
{
	RW_CLEANUP(rw_free) char *text = read_capture("ecs-acs3-describe");
	struct rw_alibaba_fault fault;
	char changed[8192];

	(void)state;
	assert_true(text_holds(text, "testsecret", &fault));
	(void)snprintf(changed, sizeof(changed), "%.*s\ncontent-type: application/x-www-form-urlencoded%s",
		       (int)strcspn(text, "\n"), text, text + strcspn(text, "\n"));
	assert_false(text_holds(changed, "testsecret", &fault));
	assert_string_equal(fault.code, "IncompleteSignature");
}

/* One client signs the request line as it sends it, unsorted and encoded. */
static void takes_a_query_that_is_signed_as_it_was_sent(void **state)
{
	static const char head[] = "DELETE /clusters/c1?subCluster=x%20y&force=true HTTP/1.1\n"
				   "Date: Mon, 23 Nov 2026 23:04:23 GMT\n"
				   "X-Acs-Version: 2015-12-15\nx-acs-signature-nonce: n1\n";
	static const char text[] = "DELETE\n\n\n\nMon, 23 Nov 2026 23:04:23 GMT\n"
				   "x-acs-signature-nonce:n1\nx-acs-version:2015-12-15\n"
				   "/clusters/c1?subCluster=x%20y&force=true";
	uint8_t digest[RW_SHA1_SIZE];
	char signature[RW_BASE64_SIZE(RW_SHA1_SIZE)];
	struct rw_alibaba_fault fault;
	char request[1024];

	(void)state;
	rw_hmac_sha1("testsecret", 10, text, sizeof(text) - 1, digest);
	rw_base64_encode(digest, sizeof(digest), signature);
	(void)snprintf(request, sizeof(request), "%sAuthorization: acs testid:%s\n\n", head, signature);
	assert_true(text_holds(request, "testsecret", &fault));
	flip_each("signed as sent", request, strlen("DELETE /clusters/c1?"),
		  strlen("subCluster=x%20y&force=true"));
	(void)snprintf(request, sizeof(request), "%sContent-MD5: x\nAuthorization: acs testid:%s\n\n", head,
		       signature);
	assert_false(text_holds(request, "testsecret", &fault));
	(void)snprintf(request, sizeof(request), "%sAuthorization: acs testid:%s\n\nbody", head, signature);
	assert_false(text_holds(request, "testsecret", &fault));
	assert_string_equal(fault.code, "IncompleteSignature");
	(void)snprintf(request, sizeof(request), "%sx-acs-version: 1\nAuthorization: acs testid:%s\n\n", head,
		       signature);
	assert_false(text_holds(request, "testsecret", &fault));
	assert_non_null(strstr(fault.message, "twice"));
}

static void knows_the_published_vectors(void **state)
{
	static const char rpc[] =
		"GET /?Action=DescribeRegions&Version=2014-05-26&Format=XML&AccessKeyId=testid&"
		"SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&"
		"SignatureNonce=3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf&Timestamp=2016-02-23T12%3A46%3A24Z&"
		"Signature=OLeaidS1JvxuMvnyHOwuJ%2BuX5qY%3D HTTP/1.1\n\n";
	static const char acs3[] =
		"POST /?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai "
		"HTTP/1.1\n"
		"host: ecs.cn-shanghai.aliyuncs.com\n"
		"x-acs-action: RunInstances\n"
		"x-acs-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
		"x-acs-date: 2023-10-26T10:22:32Z\n"
		"x-acs-signature-nonce: 3156853299f313e23d1673dc12e1703d\n"
		"x-acs-version: 2014-05-26\n"
		"authorization: ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
		"x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
		"06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0\n\n";
	struct rw_alibaba_fault fault;

	(void)state;
	assert_true(text_holds(rpc, "testsecret", &fault));
	assert_true(text_holds(acs3, "YourAccessKeySecret", &fault));
}

static void names_what_is_missing(void **state)
{
	static const struct {
		const char *text;
		const char *code;
		const char *word;
	} cases[] = {
		{"GET / HTTP/1.1\n\n", "IncompleteSignature", "Signature"},
		{"GET /?Signature=AAAA HTTP/1.1\n\n", "IncompleteSignature", "AccessKeyId"},
		{"GET /?Signature=AAAA&AccessKeyId=k&SignatureNonce=n&Timestamp=yesterday HTTP/1.1\n\n",
		 "IllegalTimestamp", "Timestamp"},
		{"GET /?Signature=**&AccessKeyId=k&SignatureNonce=n&Timestamp=2016-02-23T12:46:24Z "
		 "HTTP/1.1\n\n",
		 "IncompleteSignature", "base64"},
		{"GET / HTTP/1.1\nauthorization: acs nothing\n\n", "IncompleteSignature",
		 "acs <access key id>"},
		{"GET / HTTP/1.1\nauthorization: acs k:AAAA\n\n", "IncompleteSignature", "Date"},
		{"GET / HTTP/1.1\nauthorization: acs k:AAAA\nx-acs-signature-nonce: n\ndate: today\n\n",
		 "IllegalTimestamp", "Date"},
		{"GET /?a=%26 HTTP/1.1\nauthorization: acs k:AAAA\nx-acs-signature-nonce: n\n"
		 "date: Mon, 23 Nov 2026 23:04:23 GMT\n\n",
		 "InvalidParameter", "ACS3"},
		{"GET / HTTP/1.1\nauthorization: ACS3-HMAC-SHA256 nothing\n\n", "IncompleteSignature",
		 "Credential"},
		{"GET / HTTP/1.1\nauthorization: ACS3-HMAC-SHA256 "
		 "Credential=k,SignedHeaders=b;a,Signature=00\n\n",
		 "IncompleteSignature", "Credential"},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(cases); i++) {
		struct rw_alibaba_fault fault;

		assert_false(text_holds(cases[i].text, "testsecret", &fault));
		assert_int_equal(fault.status, 400);
		assert_string_equal(fault.code, cases[i].code);
		assert_non_null(strstr(fault.message, cases[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognises_what_official_clients_sign),
		cmocka_unit_test(refuses_each_flipped_byte_of_signature_nonce_date_body_and_query),
		cmocka_unit_test(believes_no_header_that_is_not_signed),
		cmocka_unit_test(takes_a_query_that_is_signed_as_it_was_sent),
		cmocka_unit_test(knows_the_published_vectors),
		cmocka_unit_test(names_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
