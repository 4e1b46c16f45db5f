/* SPDX-License-Identifier: Apache-2.0 */

/* Listeners and flow logs from any bytes; the first byte says which. */

#include <assert.h>

#include "convert/seen.h"
#include "wire/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char model_text[] =
	"{\"version\":1,\"networks\":[{\"name\":\"main\",\"kind\":\"vpc\",\"cidrs\":[\"10.0.0.0/16\"]}],"
	"\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"g\",\"network\":\"main\",\"rules\":[]}],"
	"\"nodes\":[{\"id\":\"n-1\",\"name\":\"web\",\"network\":\"main\",\"security_groups\":[\"g\"],"
	"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.5\"]}]}]}";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct rw_model *model; /* lives as long as the fuzzer */
	RW_CLEANUP(rw_evidence_done) struct rw_evidence evidence;
	struct rw_convert_input input = {.name = "input"};
	struct rw_error err = RW_ERROR_NONE;
	size_t strangers;
	int r;

	if (!model && rw_model_file_decode(model_text, sizeof(model_text) - 1, &model, NULL) < 0)
		return 0;
	rw_evidence_init(&evidence);
	if (size == 0)
		return 0;
	input.text = (const char *)bytes + 1;
	input.size = size - 1;
	if (bytes[0] % 2)
		r = rw_convert_listening(&input, "n-1", &evidence, &err);
	else
		r = rw_convert_flow_log(&input, model, &evidence, &strangers, &err);
	assert(r == 0 || (r == err.code && err.text[0]));
	return 0;
}
