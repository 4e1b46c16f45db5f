/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signed requests: lines "query", "form", "authorization" and then the values of all other headers.  What is read is
 * sorted, counted within its limits, and the same text twice gives the same text to sign.
 */

#include <assert.h>
#include <string.h>

#include "alibaba/claim.h"

struct lines {
	char *text[5];
};

static const char *find_header(const void *userdata, const char *name)
{
	const struct lines *lines = userdata;

	if (strcmp(name, "authorization") == 0)
		return lines->text[2];
	if (strcmp(name, "content-md5") == 0 || strncmp(name, "x-acs-signature-", 16) == 0)
		return strcmp(name, "x-acs-signature-nonce") == 0 ? lines->text[3] : NULL;
	return strcmp(name, "x-acs-date") == 0 || strcmp(name, "date") == 0 ? lines->text[4] : lines->text[3];
}

static void walk_headers(const void *userdata, rw_alibaba_header_fn *each, void *context)
{
	const struct lines *lines = userdata;

	if (lines->text[3] && each(context, "X-Acs-Version", lines->text[3]))
		(void)each(context, lines->text[3], lines->text[3]);
}

static void check_lists(const struct rw_alibaba_parameters *parameters)
{
	unsigned int count = 0;

	for (size_t i = 1; i < parameters->list.count; i++) {
		const struct rw_alibaba_parameter *one = rw_vec_at(&parameters->list, i - 1);
		const struct rw_alibaba_parameter *next = rw_vec_at(&parameters->list, i);

		assert(strcmp(one->name, next->name) < 0);
		assert(rw_alibaba_parameter(parameters, next->name) == next->value);
	}
	if (rw_alibaba_list_count(parameters, "Permissions", 100, &count, NULL) == 0)
		assert(count <= 100);
}

static void check_claim(const struct rw_alibaba_request *request, const struct rw_alibaba_claim *claim)
{
	RW_CLEANUP(rw_alibaba_claim_done) struct rw_alibaba_claim again = {0};
	struct rw_alibaba_fault fault = {0};

	assert(claim->text.size > 0 && claim->signature_size <= RW_SHA256_SIZE && claim->nonce);
	assert(claim->other.size == 0 || claim->scheme == RW_ALIBABA_ROA);
	assert(rw_alibaba_claim_read(request, &again, &fault) == 0);
	assert(strcmp(claim->text.data, again.text.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_free) char *text = strndup((const char *)bytes, size);
	struct rw_alibaba_fault fault = {0};
	struct rw_alibaba_parameters parameters;
	struct rw_alibaba_claim claim;
	struct lines lines = {{NULL}};
	struct rw_alibaba_request request = {.method = "POST",
					     .path = "/",
					     .parameters = &parameters,
					     .header = find_header,
					     .headers = walk_headers,
					     .userdata = &lines,
					     .body = ""};
	char *rest = text;

	if (!text)
		return 0;
	for (size_t i = 0; rest && i < RW_ARRAY_COUNT(lines.text); i++)
		lines.text[i] = strsep(&rest, "\n");
	if (rw_alibaba_parameters_read(lines.text[0], lines.text[1], &parameters, NULL) == 0) {
		check_lists(&parameters);
		request.query = lines.text[0];
		if (rw_alibaba_claim_read(&request, &claim, &fault) == 0)
			check_claim(&request, &claim);
		else
			assert(fault.code && fault.message[0]);
		rw_alibaba_claim_done(&claim);
	}
	rw_alibaba_parameters_done(&parameters);
	return 0;
}
