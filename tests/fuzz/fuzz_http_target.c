/* SPDX-License-Identifier: Apache-2.0 */

/* Request targets and URLs: whatever is accepted keeps the promises of target.h and url.h. */

#include <assert.h>
#include <string.h>

#include "http/target.h"
#include "http/url.h"

static void check_text(const char *text)
{
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_free) char *text = strndup((const char *)bytes, size);
	RW_CLEANUP(rw_free) char *storage = NULL;
	struct rw_http_request request = {0};
	struct rw_http_url url;
	struct rw_error err;

	if (!text)
		return 0;
	if (rw_http_target_parse(text, &request, &storage, &err) == 0) {
		assert(strcmp(request.target, text) == 0);
		assert(request.segment_count <= RW_HTTP_MAX_SEGMENTS);
		assert(request.parameter_count <= RW_HTTP_MAX_PARAMETERS);
		for (size_t i = 0; i < request.segment_count; i++) {
			check_text(request.segments[i]);
			assert(strcmp(request.segments[i], "..") != 0);
		}
		for (size_t i = 0; i < request.parameter_count; i++) {
			check_text(request.parameters[i].name);
			check_text(request.parameters[i].value);
		}
	}
	if (rw_http_url_parse(text, &url, &err) == 0) {
		assert(url.port > 0 && *url.host);
		assert(*url.target == '\0' || *url.target == '/');
	}
	return 0;
}
